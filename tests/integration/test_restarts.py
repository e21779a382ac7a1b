# SPDX-License-Identifier: LGPL-2.1-or-later
"""pcscd and the daemon go and come back, again and again, while programs sign: each time all is as it was at once."""
import os
import random
import statistics
import time
import unittest

import client
import stack
from client import TRIES_MAX

PCSCD_RESTARTS, DAEMON_RESTARTS = 100, 60
SIGNERS = 3
# Seconds until all have signed again: after pcscd's socket accepts, and after jpkid is ready.
LIMIT = 2
# Seconds, at most: of signing between two restarts, and of a pcscd that is not there.
SIGNING, ABSENCE = 0.1, 0.3
BUS_ERROR = "org.freedesktop.DBus.Error."
# What a caller may be told when pcscd or jpkid goes in the middle of a call.
PCSCD_WENT = {"PcscUnavailable", "CardRemoved", "OutcomeUnknown", "ReaderError", f"{BUS_ERROR}UnknownObject"}
DAEMON_WENT = {f"{BUS_ERROR}NoReply", f"{BUS_ERROR}ServiceUnknown", f"{BUS_ERROR}UnknownObject"}


class Signer:
    """A program that signs all the time, with whatever card is there."""

    def __init__(self, one):
        self.client, self.call, self.signed, self.refusals, self.is_tired = one, None, 0, set(), False

    def rests(self):
        """It makes no more calls; True when there is none under way."""
        self.is_tired = True
        return self.call is None

    def turn(self):
        """Takes a reply that has come; sees to it that another one will."""
        try:
            if self.call and self.call.reply:
                self.call.result()
                self.signed += 1
            elif self.call:
                return
            path = None if self.is_tired else self.client.card()
            self.call = client.Applet(self.client, f"{path}/auth", "auth").start_sign() if path else None
        except client.Refused as refused:
            self.refusals.add(refused.name)
            self.call = None


class Base(client.TestCase):
    def setUp(self):
        super().setUp()
        self.signers = [Signer(self.new_client()) for _ in range(SIGNERS)]
        self.times, self.chance = [], random.Random(1)

    def sign_until(self, is_so, what):
        def is_so_now():
            while client.GLib.MainContext.default().iteration(False):
                pass
            for signer in self.signers:
                signer.turn()
            return is_so()
        stack.wait_until(is_so_now, what)

    def sign_for(self, seconds):
        end = time.monotonic() + self.chance.uniform(0, seconds)
        self.sign_until(lambda: time.monotonic() >= end, "time passes")

    def sign_again(self):
        """Notes how long it takes from now until each has signed."""
        ready, before = time.monotonic(), [signer.signed for signer in self.signers]
        try:
            self.sign_until(lambda: all(signer.signed > count for signer, count in zip(self.signers, before)), "")
        except TimeoutError:
            self.fail(f"They do not sign any more, but are told {self.refusals()}:\n{self.client.objects()}\n"
                      f"{self.stack.daemon.log_text()[-2000:]}\n{self.stack.pcscd.log_text()[-2000:]}")
        self.times.append(time.monotonic() - ready)

    def refusals(self):
        return set.union(*(signer.refusals for signer in self.signers))

    def check(self, what, passing):
        self.sign_until(lambda: all(signer.rests() for signer in self.signers), "the last replies")
        print(f"{len(self.times)} restarts of {what}: worst {max(self.times):.2f} s, "
              f"median {statistics.median(self.times):.2f} s; {sum(signer.signed for signer in self.signers)} signatures")
        self.assertLess(max(self.times), LIMIT)
        self.assertLessEqual(self.refusals(), passing)


class Pcscd(Base):
    def test_each_time_that_pcscd_is_back_all_sign_again_within_two_seconds(self):
        for _ in range(PCSCD_RESTARTS):
            self.sign_for(SIGNING)
            self.chance.choice([stack.Process.kill, stack.Process.stop])(self.stack.pcscd)
            self.sign_for(ABSENCE)
            self.stack.start_pcscd()
            self.sign_again()
        self.check("pcscd", PCSCD_WENT)
        self.assertEqual(TRIES_MAX, {kind: self.stack.card().tries()[kind] for kind in TRIES_MAX})


class Daemon(Base):
    def ledger(self):
        pages = [name for name in os.listdir(stack.STATE_DIRECTORY) if name.endswith(".ledger")]
        self.assertEqual(1, len(pages))
        with open(os.path.join(stack.STATE_DIRECTORY, pages[0])) as page:
            return page.read()

    def shown(self):
        return sorted((str(interface), str(shown[interface].get("Kind", "")))
                      for shown in self.client.objects().values() for interface in shown if "jpkid1" in interface)

    def test_a_daemon_that_is_killed_is_back_with_all_objects_and_has_forgotten_nothing(self):
        with self.refused("PinIncorrect"):
            self.client.applet("sign").call("VerifyPin", pin=client.WRONG_PIN["sign"])
        shown = self.shown()
        for _ in range(DAEMON_RESTARTS):
            self.sign_for(SIGNING)
            self.stack.daemon.kill()
            self.assertIn("wrong sign-pin 0 1 ", self.ledger())
            self.stack.start_daemon()
            self.sign_again()
            self.assertEqual(shown, self.shown())
        self.check("jpkid", DAEMON_WENT)
        self.assertEqual({**TRIES_MAX, "sign": TRIES_MAX["sign"] - 1},
                         {kind: self.stack.card().tries()[kind] for kind in TRIES_MAX})


if __name__ == "__main__":
    unittest.main()
