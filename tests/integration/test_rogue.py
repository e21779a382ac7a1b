# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that tries PINs as fast as it can gets hardly anywhere, and is in nobody else's way."""
import collections
import random
import time

import client
import polkit
from client import PIN, TRIES_MAX

SECONDS = 60
CONNECTIONS = 4
PATIENCE = 2            # wrong PINs in a row after which a user waits for a minute
SHORT_EF, KINDS = 0x1F, {0x18: "auth", 0x1B: "sign"}      # P2 of VERIFY


class Rogue(polkit.Mixin, client.TestCase):
    RULES = """
polkit.addRule(function(action, subject) {
    if (subject.user == "bob" || subject.user == "alice" && action.id != "org.jpkid1.last-try")
        return polkit.Result.YES;
});
"""

    def random_pin(self, kind):
        pin = b"%04d" % random.randrange(10000) if kind == "auth" else b"GUESS%06d" % random.randrange(10**6)
        return pin if pin != PIN[kind] else self.random_pin(kind)

    def guess(self, applets):
        calls = [(applet, applet.start("VerifyPin", pin=self.random_pin(applet.kind))) for applet in applets]
        for applet, call in calls:
            with self.assertRaises(client.Refused) as caught:
                call.result()
            yield applet.kind, caught.exception.name

    def spent(self, until):
        """How many wrong PINs the card was sent before this time, which is not that of the last answer:

        polkitd (122), which runs its rules in a thread, now and then misses its end and waits for 15 s.
        """
        wrong = [apdu for apdu in client.pins_in(self.stack.card().apdus()) if apdu.time < until * 1e6]
        return collections.Counter(KINDS[apdu.header[3] & SHORT_EF] for apdu in wrong)

    def test_a_minute_of_guessing_spends_two_tries_and_holds_up_nobody_else(self):
        card = self.stack.card()
        programs = [self.new_client("alice") for _ in range(CONNECTIONS)]
        applets = [program.applet(kind) for program in programs for kind in PIN for _ in range(2)]
        answers = collections.Counter()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            answers.update(self.guess(applets))
        print(f"{answers.total()} guesses in {SECONDS} s: {dict(answers)}")

        self.assertEqual(dict.fromkeys(PIN, PATIENCE), self.spent(end))
        self.assertLessEqual({name for _, name in answers}, {"PinIncorrect", "HeldOff", "LastTry"})
        self.assertEqual(1, card.tries()["auth"])
        bob = self.new_client("bob")
        with self.refused("LastTry"):
            bob.applet("auth").call("VerifyPin", pin=PIN["auth"])
        for kind in PIN:
            bob.applet(kind).call("VerifyPin", pin=PIN[kind], allow_last_try=True)
        self.assertLessEqual(TRIES_MAX.items(), card.tries().items())
