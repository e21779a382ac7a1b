# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemctl stop, whatever is going on: the daemon ends within five seconds and leaves no card open."""
import os
import time
import unittest

import agent
import client
import polkit
import stack
from client import PIN, SIGN, VERIFY

LIMIT = 5               # seconds
AT_ONCE = 1             # seconds, where no card has to be waited for


class Base(client.TestCase):
    def setUp(self):
        if not self.stack.daemon.is_running():
            self.stack.start_daemon()
        super().setUp()
        self.card = self.stack.card()
        self.sign()
        self.addCleanup(self.start_again)

    def sign(self):
        """The card is closed after the reply."""
        self.client.applet("auth").sign()
        self.wait_for_quiet()

    def start_again(self):
        self.card.control("delay 0")
        if not self.stack.daemon.is_running():
            self.stack.start_daemon()
        self.client.wait_for_card()
        self.assert_closed()
        self.forgive()
        self.card = self.stack.card()
        self.sign()

    def stop(self, limit=LIMIT):
        """…with status 0, or Process.stop() raises."""
        before = time.monotonic()
        self.stack.daemon.stop()
        self.assertLess(time.monotonic() - before, limit)

    def assert_closed(self):
        self.assertEqual("auth no sign no", self.card.control("verified"))

    def assert_cancelled(self, calls):
        for call in calls:
            with self.refused("Cancelled"):
                call.result()


class Cards(Base):
    def test_a_sign_with_a_slow_card_ends_as_it_would_have(self):
        for ins in (client.SELECT, VERIFY, SIGN):
            self.slow(250)
            call = self.wait_for_apdu(ins, self.client.applet("auth").start_sign)
            with self.subTest(ins=ins):
                self.stop()
                self.assertEqual(256, len(call.result()))
                self.assert_closed()
                self.start_again()

    def test_a_card_that_hangs_is_left_behind_and_its_caller_told(self):
        self.card.control(f"at {SIGN:02X} hang")
        call = self.wait_for_verified(self.client.applet("auth").start_sign)
        queued = [self.new_client().applet("auth").start_sign() for _ in range(3)]
        self.client.objects()
        self.stop()
        self.assertIn("does not let go of its card", self.stack.daemon.log_text())
        self.assert_cancelled(queued)
        with self.refused("ReaderError"):
            call.result()
        self.card.control("resume")
        self.wait_for_quiet()       # pcscd takes the power from a card that nobody holds

    def test_a_card_that_hangs_at_the_pin_is_not_sent_it_again_by_the_next_daemon(self):
        self.card.control(f"at {VERIFY:02X} hang skip 1")       # after the query of the counter
        call = self.wait_for_apdu(client.SELECT, self.client.applet("auth").start_sign)
        stack.wait_until(lambda: os.listdir(stack.STATE_DIRECTORY), "an intent")
        self.stop()
        with self.refused("OutcomeUnknown"):
            call.result()
        before = len(client.pins_in(self.card.apdus()))
        self.card.control("resume")
        self.stack.start_daemon()
        self.client.wait_for_card()
        self.assert_closed()
        self.assertLessEqual(len(client.pins_in(self.card.apdus())), before + 1)
        self.stack.daemon.stop()

    def test_a_hundred_calls_that_wait_are_told(self):
        self.slow(200)
        running = self.wait_for_apdu(client.SELECT, self.client.applet("auth").start_sign)
        calls = [one.applet("auth").start_sign() for one in [self.new_client() for _ in range(10)] for _ in range(10)]
        self.client.objects()
        self.stop()
        self.assert_cancelled(calls)
        running.result()
        self.assert_closed()


class Questions(Base):
    def test_an_agents_question_is_taken_back(self):
        one = agent.Agent()
        self.addCleanup(one.close)
        one.register()
        call = self.client.applet("auth").start("VerifyPin", interactive=True)
        question = one.wait_for_question()
        self.wait_for_quiet()
        with self.no_try_spent():
            self.stop(AT_ONCE)
            self.assert_cancelled([call])
            one.wait_for_cancel(question)
        self.assert_closed()

    def test_a_descriptor_that_never_ends_is_not_waited_for(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        os.write(writer, PIN["auth"])
        call = self.client.applet("auth").start_sign(pin=reader)
        os.close(reader)
        self.client.objects()
        with self.no_try_spent():
            self.stop(AT_ONCE)
            self.assert_cancelled([call])

    def test_a_lease_does_not_keep_it(self):
        lease = self.client.applet("auth").call("Unlock", pin=PIN["auth"]).take()
        self.addCleanup(os.close, lease)
        self.stop(AT_ONCE)
        self.assert_closed()


class PolkitsQuestions(polkit.Mixin, Base):
    RULES = """
polkit.addRule(function(action, subject) {
    if (subject.user == "alice")
        return polkit.Result.YES;
});
"""

    def test_a_question_to_polkit_is_taken_back(self):
        alice = self.new_client("alice")
        self.polkit.signal(stack.signal.SIGSTOP)
        self.addCleanup(self.polkit.signal, stack.signal.SIGCONT)
        call = alice.applet("auth").start_sign()
        alice.objects()
        with self.no_try_spent():
            self.stop(AT_ONCE)
            self.assert_cancelled([call])


if __name__ == "__main__":
    unittest.main()
