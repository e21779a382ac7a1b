# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ending the daemon by force, wherever it is just then, buys nobody a try and leaves nobody a key."""
import collections
import itertools
import os
import random
import time
import unittest

import client
import preload
import stack
from client import PIN, SELECT_ANOTHER, TRIES_MAX

NEW_PIN = {"auth": b"8642", "sign": b"NEW456"}
WRONG_PINS = {"auth": itertools.cycle(b"%04d" % n for n in range(2000, 8000)),
              "sign": (b"WRONG%04d" % n for n in itertools.count())}
PATIENCE = 2            # wrong PINs in a row that a user may send before having to wait
SETTLED = 0.01          # seconds after which a daemon that has closed its card does nothing any more
LEAST_PLACES = 200
CHAINS = 100
NO_REPLY = "org.freedesktop.DBus.Error.NoReply"


class Base(client.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.places = preload.Places()
        cls.DAEMON_ENVIRONMENT = cls.places.environment
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.card = self.stack.card()

    def renew(self, kind):
        """A full counter, and nothing behind us."""
        stack.clear_state()
        self.card.control(f"set {kind} {PIN[kind].decode()}")
        self.begun = self.card.recorded()

    def attempt(self, member, kind, **secrets):
        """Answers the error's name, or None."""
        arguments = ("rsa-pkcs1-sha256", bytes(32)) if member == "Sign" else ()
        try:
            self.client.applet(kind).call(member, *arguments, **secrets)
        except client.Refused as refused:
            return refused.name
        return None

    def apdus(self):
        return self.card.apdus(start=self.begun)

    def wrong_pins_sent(self):
        return [apdu.sw[:3] for apdu in client.pins_in(self.apdus())].count("63C")

    def is_dead(self):
        return not self.stack.daemon.is_running()

    def has_closed_card(self):
        apdus = self.apdus()
        return bool(apdus) and (apdus[-1].header, apdus[-1].lc) == SELECT_ANOTHER

    def attempt_and_die(self, place, *operation, **secrets):
        """Whether the operation came to this place, where the daemon is killed, and what the caller was told."""
        self.places.arm(place)
        answer = self.attempt(*operation, **secrets)
        if answer != "HeldOff":
            stack.wait_until(lambda: self.is_dead() or answer != NO_REPLY and self.has_closed_card(), "the end")
        time.sleep(SETTLED)
        self.places.disarm()
        return self.is_dead(), answer

    def restart(self):
        self.stack.daemon.kill()
        self.stack.start_daemon()
        self.client.wait_for_card()
        self.assertEqual("auth no sign no", self.card.control("verified"))

    def check_ledger(self):
        self.assertEqual([], [name for name in os.listdir(stack.STATE_DIRECTORY) if "set-aside" in name])


class Everywhere(Base):
    """Each place in turn: the calls before which the daemon can end are all that it makes until the card is closed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.found = collections.Counter()

    @classmethod
    def tearDownClass(cls):
        print(f"killed at {cls.found.total()} places: {dict(cls.found)}")

    def guess(self, kind):
        """Wrong PINs until the daemon has enough of it."""
        for _ in range(PATIENCE + 1):
            answer = self.attempt("VerifyPin", kind, pin=next(WRONG_PINS[kind]))
            if answer == "HeldOff":
                return
            self.assertEqual("PinIncorrect", answer)
        self.fail("nobody is held off")

    def check_killed(self, kind, member, pin, answer):
        is_right = pin == PIN[kind]
        self.assertLessEqual(self.wrong_pins_sent(), 0 if is_right else 1)
        self.assertEqual(TRIES_MAX[kind] - self.wrong_pins_sent(), self.card.tries()[kind])
        holds = self.card.pins()[kind]
        self.assertIn(holds, {PIN[kind], NEW_PIN[kind]} if member == "ChangePin" and is_right else {PIN[kind]})
        if answer is None and member == "ChangePin":
            self.assertEqual(NEW_PIN[kind], holds)
        if is_right:
            self.assertIsNone(self.attempt("VerifyPin", kind, pin=holds))
            self.assertEqual(TRIES_MAX[kind], self.card.tries()[kind])

    def kill_at(self, place, member, kind, is_right):
        """False: the operation has come to its end."""
        self.renew(kind)
        pin = PIN[kind] if is_right else next(WRONG_PINS[kind])
        new_pin = {"new_pin": NEW_PIN[kind]} if member == "ChangePin" else {}
        is_killed, answer = self.attempt_and_die(place, member, kind, pin=pin, **new_pin)
        if not is_killed:
            self.assertEqual(None if is_right else "PinIncorrect", answer)
            return False
        self.found[self.places.names()[-1]] += 1
        self.restart()
        self.check_killed(kind, member, pin, answer)
        self.guess(kind)
        self.assertLessEqual(self.wrong_pins_sent(), PATIENCE)
        self.check_ledger()
        return True

    def kill_everywhere(self, member):
        for kind, is_right in itertools.product(PIN, (True, False)):
            place, goes_on = 0, True
            while goes_on:
                place, goes_on = place + 1, False
                with self.subTest(kind=kind, is_right=is_right, place=place):
                    goes_on = self.kill_at(place, member, kind, is_right)

    def test_verify_pin(self):
        self.kill_everywhere("VerifyPin")

    def test_sign(self):
        self.kill_everywhere("Sign")

    def test_change_pin(self):
        self.kill_everywhere("ChangePin")

    def test_what_may_be_spent_is_on_the_disk_before_the_pin_is_sent(self):
        self.renew("auth")
        self.attempt_and_die(preload.Places.CALLS, "VerifyPin", "auth", pin=PIN["auth"])
        calls = self.places.names()
        before = calls[:calls.index("send", calls.index("write"))]
        self.assertEqual(["write", "fsync", "renameat", "fsync"],
                         [name for name in before if name in ("write", "fsync", "renameat")])

    def test_z_these_were_enough_places(self):
        self.assertGreaterEqual(self.found.total(), LEAST_PLACES)
        for name in ("send", "read", "fsync"):
            self.assertIn(name, self.found)


class Chains(Base):
    def start_and_die(self, place):
        """Starts the daemon; it may be killed while it takes up the card."""
        self.places.arm(place)
        try:
            self.stack.start_daemon()
            self.client.wait_for_card()
        except (RuntimeError, client.Refused):
            stack.wait_until(self.is_dead, "the daemon is dead")
        self.places.disarm()

    def test_who_kills_the_daemon_again_and_again_gets_no_more_tries(self):
        for chain in range(CHAINS):
            seed = f"{os.environ.get('JPKID_SEED', time.time_ns())}-{chain}"
            with self.subTest(seed=seed):
                self.chain(random.Random(seed))

    def chain(self, chance):
        kind = chance.choice(list(PIN))
        self.renew(kind)
        answer = None
        while answer != "HeldOff":
            pin = next(WRONG_PINS[kind])
            is_killed, answer = self.attempt_and_die(chance.randint(1, 150), "VerifyPin", kind, pin=pin)
            if is_killed:
                self.stack.daemon.kill()
                self.start_and_die(chance.randint(1, 100))
            if self.is_dead():
                self.restart()
            self.assertLessEqual(self.wrong_pins_sent(), PATIENCE)
        self.check_ledger()


if __name__ == "__main__":
    unittest.main()
