# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the card is asked: as little as can be, and in the forms that it knows."""
import math
import unittest

import client
import stack
from client import PIN, READ_BINARY, SELECT, SIGN, VERIFY, WRONG_PIN, pki, pins_in, verifies

LARGEST_READ = 256
JPKI_AID = "D392F000260100000001"


def reads_of(name):
    return math.ceil(len(pki(name)) / LARGEST_READ)


def instructions(apdus):
    return [apdu.header[1] for apdu in apdus]


class Counts(client.TestCase):
    def setUp(self):
        super().setUp()
        self.put_card()
        self.auth, self.sign = self.client.applet("auth"), self.client.applet("sign")

    def assert_sent(self, expected, apdus):
        self.assertEqual([f"{ins:02X}" for ins in expected], [f"{ins:02X}" for ins in instructions(apdus)])

    def test_a_card_that_is_put_in_is_asked_three_times(self):
        apdus = self.stack.card().apdus()
        last = max(number for number, event in enumerate(self.stack.card().record()) if event.event == "insert")
        apdus = [event for event in self.stack.card().record()[last:] if event.event == "apdu"]
        self.assert_sent([SELECT, READ_BINARY, READ_BINARY], apdus)
        self.assertEqual(JPKI_AID, apdus[0].body)
        self.assertLessEqual(int(apdus[1].le) + int(apdus[2].le), 35)

    def test_the_first_certificate_takes_one_read_for_256_bytes_and_the_next_none(self):
        for member, name in (("GetCertificate", "auth.der"), ("GetIssuerCertificate", "auth-ca.der")):
            with self.subTest(member), self.sent() as apdus:
                self.auth.call(member)
            self.assert_sent([SELECT] + [READ_BINARY] * reads_of(name), apdus)
            with self.subTest(member), self.sent() as apdus:
                self.auth.call(member)
                self.auth.call("Describe")
            self.assert_sent([], apdus)

    def test_a_sign_takes_four_apdus_and_one_to_close_the_card(self):
        for applet in (self.auth, self.sign):
            applet.call("GetCertificate", pin=applet.pin)
            self.wait_for_quiet()
            with self.subTest(applet.kind), self.sent() as apdus:
                applet.sign()
            self.assert_sent([SELECT, VERIFY, VERIFY, SIGN, SELECT], apdus)
            self.assertNotEqual(JPKI_AID, apdus[4].body)

    def test_the_reply_does_not_wait_for_the_card_to_be_closed(self):
        for applet in (self.auth, self.sign):
            applet.sign()
            self.wait_for_quiet()
            self.stack.card().control("clear-count")
            self.stack.card().control("at A4 hang skip 1")
            signature = applet.sign()
            stack.wait_until(lambda: self.stack.card().control("count") == "5", "the last APDU has come")
            self.stack.card().control("resume")
            self.assertTrue(verifies(pki(f"{applet.kind}.der"), signature, bytes(32), "digest:sha256"))

    def test_the_first_pin_waits_until_the_card_is_told_by_its_auth_certificate(self):
        told = [READ_BINARY] * reads_of("auth.der")
        with self.sent() as apdus:
            self.auth.sign()
        self.assert_sent([SELECT, *told, VERIFY, VERIFY, SIGN, SELECT], apdus)
        with self.sent() as apdus:
            self.sign.sign()
        self.assert_sent([SELECT, VERIFY, VERIFY, SIGN] + [READ_BINARY] * reads_of("sign.der") + [SELECT], apdus)

    def test_each_further_signature_of_sign_many_takes_one(self):
        self.auth.sign()
        self.wait_for_quiet()
        with self.sent() as apdus:
            self.auth.call("SignMany", "rsa-pkcs1-sha256", [bytes(32)] * 10, pin=PIN["auth"])
        self.assert_sent([SELECT, VERIFY, VERIFY] + [SIGN] * 10 + [SELECT], apdus)

    def test_get_tries_takes_two(self):
        with self.sent() as apdus:
            self.auth.call("GetTries")
        self.assert_sent([SELECT, VERIFY], apdus)

    def test_one_call_sends_one_pin_at_most(self):
        certificate = {"pin": PIN["sign"]}
        for member, *arguments in (("VerifyPin",), ("GetCertificate",), ("Describe",),
                                   ("Sign", "rsa-pkcs1-sha256", bytes(32)),
                                   ("SignMany", "rsa-pkcs1-sha256", [bytes(32)] * 5)):
            with self.subTest(member), self.sent() as apdus:
                self.sign.call(member, *arguments, **certificate)
            self.assertEqual(1, len(pins_in(apdus)))

    def test_a_pin_whose_answer_is_strange_is_not_sent_again(self):
        for number, sw in enumerate(("6C06", "6106", "6A86", "6700", "6D00", "6F00", "6300", "6581", "6985", "63CF")):
            with self.subTest(sw):
                self.stack.card().control(f"at 20 sw {sw} skip 1")
                with self.sent() as apdus:
                    with self.refused("CardError", "OutcomeUnknown", "PinIncorrect"):
                        self.sign.call("VerifyPin", pin=PIN["sign"])
                self.assertEqual(1, len(pins_in(apdus)))
                self.put_card()
                self.sign = self.client.applet("sign")
                self.sign.call("VerifyPin", pin=PIN["sign"])


class Habits(client.TestCase):
    """Cards that are known, or thought, to be different."""

    def work(self, *options):
        """All that a card is used for."""
        self.put_card(0, *options)
        for kind, pin in PIN.items():
            applet = self.client.applet(kind)
            self.assertEqual(client.TRIES_MAX[kind], applet.call("GetTries"))
            self.assertEqual(pki(f"{kind}-ca.der"), applet.call("GetIssuerCertificate"))
            self.assertEqual(pki(f"{kind}.der"), applet.call("GetCertificate", pin=pin))
            self.assertTrue(verifies(pki(f"{kind}.der"), applet.sign(), bytes(32), "digest:sha256"))
            with self.sent() as apdus, self.refused("PinIncorrect") as caught:
                applet.call("VerifyPin", pin=WRONG_PIN[kind])
            self.assertEqual(client.TRIES_MAX[kind] - 1, caught.exception.body[1])
            self.assertEqual(1, len(pins_in(apdus)))
            for member, *arguments in (("Sign", "rsa-pss-sha256", bytes(32)),
                                       ("SignMany", "rsa-pkcs1-sha256", [bytes(32)] * 3)):
                with self.sent() as apdus:
                    applet.call(member, *arguments, pin=pin)
                self.assertEqual(1, len(pins_in(apdus)))
            self.assertEqual(client.TRIES_MAX[kind], applet.get("TriesLeft"))

    def test_a_card_without_short_ef_identifiers(self):
        self.work("--no-short-ef")

    def test_a_card_without_short_ef_identifiers_is_asked_for_one_only_once(self):
        self.put_card(0, "--no-short-ef")
        auth = self.client.applet("auth")
        auth.sign()
        with self.sent() as apdus:
            auth.sign()
        self.assertEqual({"9000", "63C3"}, {apdu.sw for apdu in apdus})
        self.assertLessEqual(len(apdus), 7)

    def test_a_card_with_get_response(self):
        self.work("--get-response")

    def test_a_card_that_wants_the_right_le(self):
        self.work("--le-6cxx")

    def test_a_card_with_all_habits_of_t0(self):
        self.work("--get-response", "--le-6cxx", "--no-short-ef", "--end-6282")

    def test_a_card_that_gives_less_than_was_asked_for(self):
        self.work("--short-answers=100")

    def test_a_card_that_tells_the_end_of_a_file(self):
        self.work("--end-6282", "--filler=0")

    def test_a_card_whose_first_answer_is_6f00(self):
        self.work("--first-6f00")

    def test_a_card_that_hides_its_counter_while_verified(self):
        self.work("--query-9000")

    def test_files_with_any_filler(self):
        for filler in (0, 1, 2000):
            self.put_card(0, f"--filler={filler}")
            self.assertEqual(pki("auth.der"), self.client.applet("auth").call("GetCertificate"))

    def test_a_blocked_pin_is_told_by_any_of_three_status_words(self):
        for sw in ("6984", "6983", "63C0"):
            with self.subTest(sw):
                self.put_card(0, f"--blocked-sw={sw}", tries={"auth": 0, "sign": 1})
                auth, sign = self.client.applet("auth"), self.client.applet("sign")
                self.assertEqual(0, auth.call("GetTries"))
                with self.no_try_spent(), self.refused("PinLocked"):
                    auth.sign()
                self.assertTrue(auth.get("Locked"))
                with self.refused("PinIncorrect", "PinLocked"):
                    sign.call("VerifyPin", pin=WRONG_PIN["sign"], allow_last_try=True)
                self.assertTrue(sign.get("Locked"))
                self.forgive()

    def test_a_card_that_gives_no_bytes_at_all_is_not_read_for_ever(self):
        self.change_card(0, "--short-answers=0")
        self.client.wait_for_state("card")
        with self.sent() as apdus, self.refused("NoCertificate", "CertificateUnreadable"):
            self.client.applet("auth").call("GetCertificate")
        self.assertLess(len(apdus), 20)
        self.put_card()

    def test_a_card_that_gives_16_bytes_at_a_time(self):
        self.put_card(0, "--short-answers=16")
        with self.sent() as apdus:
            self.assertEqual(pki("auth.der"), self.client.applet("auth").call("GetCertificate"))
        self.assertLess(len(apdus), 200)


if __name__ == "__main__":
    unittest.main()
