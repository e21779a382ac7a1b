# SPDX-License-Identifier: LGPL-2.1-or-later
"""No other program can spend the card's tries or use its keys, whichever way the daemon holds it."""
import time
import unittest

import client
from client import PIN, SIGN, WRONG_PIN, OtherProgram, pins_in

SELECT_JPKI = "00A4040C 0A D392F000260100000001"
SELECT_AUTH_KEY, SELECT_AUTH_PIN = "00A4020C 02 0017", "00A4020C 02 0018"
VERIFY_AUTH_PIN = "00200080 04 31323334"
SIGN_SOMETHING = "802A0080 04 01020304 00"
SECURITY_STATUS_NOT_SATISFIED = "6982"


class Exclusive(client.TestCase):
    def test_another_program_cannot_reach_the_card(self):
        for mode in (OtherProgram.SHARED, OtherProgram.EXCLUSIVE):
            with self.assertRaises(client.PcscError) as caught:
                OtherProgram(mode)
            self.assertEqual(OtherProgram.SHARING_VIOLATION, caught.exception.args[0])
        self.client.applet("auth").sign()

    def test_a_card_that_another_program_holds_makes_the_reader_busy_until_it_is_free(self):
        for mode in (OtherProgram.SHARED, OtherProgram.EXCLUSIVE):
            with self.subTest(mode=mode):
                other = self.take_card(mode)
                self.client.wait_for_state("busy")
                self.assertIsNone(self.client.card())
                self.assertEqual("9000", other.send(SELECT_JPKI))
                other.close()
                self.client.wait_for_card()
                self.client.applet("auth").sign()

    def test_what_the_other_program_left_verified_is_closed_when_the_daemon_takes_the_card(self):
        other = self.take_card(OtherProgram.SHARED)
        for command in (SELECT_JPKI, SELECT_AUTH_PIN, VERIFY_AUTH_PIN):
            self.assertEqual("9000", other.send(command))
        self.assertEqual("auth yes sign no", self.stack.card().control("verified"))
        other.close()
        self.client.wait_for_card()
        self.assertEqual("auth no sign no", self.stack.card().control("verified"))
        with self.refused("PinRequired"):
            self.client.applet("auth").call("Sign", "rsa-pkcs1-sha256", bytes(32))

    def test_a_stop_lets_the_card_go(self):
        self.client.applet("auth").sign()
        self.stack.daemon.stop()
        try:
            other = OtherProgram(OtherProgram.EXCLUSIVE)
            other.send(SELECT_JPKI)
            other.send(SELECT_AUTH_KEY)
            self.assertEqual(SECURITY_STATUS_NOT_SATISFIED, other.send(SIGN_SOMETHING))
            other.close()
        finally:
            self.stack.start_daemon()
            self.client.wait_for_card()

    def take_card(self, mode):
        """Another program was there first."""
        self.stack.daemon.stop()
        other = OtherProgram(mode)
        self.stack.start_daemon()
        return other


class Shared(client.TestCase):
    DAEMON_OPTIONS = ["--hold=shared"]

    def setUp(self):
        super().setUp()
        self.auth = self.client.applet("auth")
        self.other = OtherProgram()
        self.addCleanup(lambda: self.other.close())
        self.signed_before = len(self.stack.card().apdus(SIGN))

    def sign_as_other(self):
        for command in (SELECT_JPKI, SELECT_AUTH_KEY):
            self.assertEqual("9000", self.other.send(command))
        return self.other.send(SIGN_SOMETHING)

    def verify_as_other(self):
        for command in (SELECT_JPKI, SELECT_AUTH_PIN, VERIFY_AUTH_PIN):
            self.assertEqual("9000", self.other.send(command))

    def test_both_can_use_the_card(self):
        for _ in range(3):
            self.auth.sign()
            self.assertEqual("9000", self.other.send(SELECT_JPKI))

    def test_another_programs_transaction_is_waited_for(self):
        self.other.begin()
        with self.sent() as apdus:
            call = self.auth.start_sign()
            time.sleep(0.5)
            self.assertIsNone(call.reply)
        self.assertEqual([], apdus)
        self.other.end()
        call.result()

    def test_an_operation_is_one_transaction(self):
        self.slow(20)
        call = self.wait_for_apdu(client.SELECT, self.auth.start_sign)
        self.other.begin()
        self.assertEqual("auth no sign no", self.stack.card().control("verified"))
        self.assertEqual(SECURITY_STATUS_NOT_SATISFIED, self.sign_as_other())
        self.other.end()
        call.result()

    def test_an_endless_transaction_is_busy_after_the_callers_time_and_no_longer_than_it_lasts(self):
        self.other.begin()
        started = time.monotonic()
        with self.sent() as apdus:
            calls = [self.auth.start_sign(timeout=500) for _ in range(3)]
            for call in calls:
                with self.refused("Busy"):
                    call.result()
        self.assertEqual([], apdus)
        self.assertAlmostEqual(0.5, time.monotonic() - started, delta=0.4)
        self.other.end()
        self.auth.sign()

    def test_after_every_end_of_an_operation_the_key_is_closed_to_others(self):
        def cut_off():
            caller = client.Client()
            self.wait_for_apdu(client.SELECT, caller.applet("auth").start_sign)
            caller.close()

        def refused_by_card():
            self.stack.card().control(f"at {SIGN:02X} sw 6985")
            with self.refused("CardError"):
                self.auth.sign()

        def not_enough_tries():
            with self.refused("TriesChanged"):
                self.auth.sign(expected_tries=1)

        def wrong():
            with self.refused("PinIncorrect"):
                self.auth.sign(pin=WRONG_PIN["auth"])
            self.auth.call("VerifyPin", pin=PIN["auth"])

        for path in (self.auth.sign, lambda: self.auth.call("VerifyPin", pin=PIN["auth"]), wrong, refused_by_card,
                     not_enough_tries, cut_off):
            with self.subTest(path):
                path()
                self.auth.call("GetTries")
                self.assertEqual("auth no sign no", self.stack.card().control("verified"))
                self.assertEqual(SECURITY_STATUS_NOT_SATISFIED, self.sign_as_other())

    def test_a_key_that_another_program_left_open_is_not_used_without_a_pin(self):
        self.verify_as_other()
        with self.refused("PinRequired"):
            self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        self.assertEqual([], self.stack.card().apdus(SIGN)[self.signed_before:])

    def test_a_wrong_pin_is_wrong_though_another_program_left_the_card_verified(self):
        self.verify_as_other()
        with self.refused("PinIncorrect"):
            self.auth.sign(pin=WRONG_PIN["auth"])

    def test_a_counter_that_another_programs_state_hides_is_found(self):
        self.other.close()
        self.put_card(0, "--query-9000")
        self.other = OtherProgram()
        self.auth = self.client.applet("auth")
        self.verify_as_other()
        self.assertEqual(3, self.auth.call("GetTries"))
        self.verify_as_other()
        self.auth.sign()

    def test_tries_that_another_program_has_spent_are_seen_before_a_pin_is_sent(self):
        for command in (SELECT_JPKI, SELECT_AUTH_PIN):
            self.other.send(command)
        for left in (2, 1):
            self.assertEqual(f"63C{left}", self.other.send("00200080 04 39393939"))
        with self.no_try_spent(), self.refused("LastTry"):
            self.auth.sign()
        self.assertEqual(1, self.auth.get("TriesLeft"))
        self.other.close()

    def test_who_repeats_a_wrong_pin_is_told_what_another_program_has_left(self):
        with self.refused("PinIncorrect"):
            self.auth.sign(pin=WRONG_PIN["auth"])
        self.wait_for_quiet()
        for command, answer in ((SELECT_JPKI, "9000"), (SELECT_AUTH_PIN, "9000"), ("00200080 04 39393939", "63C1")):
            self.assertEqual(answer, self.other.send(command))
        with self.no_try_spent(), self.refused("PinIncorrect") as caught:
            self.auth.sign(pin=WRONG_PIN["auth"])
        self.assertEqual(1, caught.exception.body[1])
        self.assertEqual(1, self.auth.get("TriesLeft"))
        self.other.close()

    def test_a_card_that_another_program_has_reset_is_taken_up_again(self):
        self.auth.sign()
        for disposition in (1, 2):      # SCARD_RESET_CARD, SCARD_UNPOWER_CARD
            self.other.close(disposition)
            self.client.wait_for_card()
            self.client.applet("auth").sign()
            self.other = OtherProgram()

    def test_another_program_that_selects_something_else_does_not_mislead_the_daemon(self):
        self.auth.sign()
        for command in ("00A4040C 07 A0000001510000", SELECT_JPKI, "00A4020C 02 001B"):
            self.other.send(command)
            self.assertEqual(3, self.auth.call("GetTries"))
            with self.sent() as apdus:
                self.auth.sign()
            self.assertEqual(1, len(pins_in(apdus)))

    def test_a_card_that_another_program_holds_for_itself_makes_the_reader_busy(self):
        self.other.close()
        self.stack.daemon.stop()
        self.other = OtherProgram(OtherProgram.EXCLUSIVE)
        self.stack.start_daemon()
        self.client.wait_for_state("busy")
        self.other.close()
        self.client.wait_for_card()
        self.client.applet("auth").sign()


if __name__ == "__main__":
    unittest.main()
