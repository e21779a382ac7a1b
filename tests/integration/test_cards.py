# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each kind of card gets what it can do, and no PIN goes to one that is not known."""
import os
import unittest

import client
import preload
import stack
from client import PIN, pki, pins_in, verifies


class Types(client.TestCase):
    def put_type(self, name, *options):
        self.put_card(0, f"--type={name}", *options)
        path = self.client.card()
        self.assertEqual(name, self.client.get(path, "org.jpkid1.Card", "Type"))
        self.assertEqual(self.client.get(path, "org.jpkid1.Card", "Reader"),
                         next(path for path, shown in self.client.objects().items() if "org.jpkid1.Reader" in shown))

    def test_a_my_number_card_is_shown_as_one(self):
        self.put_type("mynumber-card")

    def test_phones_do_all_that_a_card_does_but_show_no_certificate_without_a_pin(self):
        for name in ("android-phone", "iphone"):
            with self.subTest(name):
                self.put_type(name)
                for kind in PIN:
                    applet = self.client.applet(kind)
                    for member in ("GetCertificate", "Describe"):
                        with self.no_try_spent(), self.refused("PinRequired"):
                            applet.call(member)
                    for _ in range(2):
                        self.assertEqual(pki(f"{kind}.der"), applet.call("GetCertificate", pin=applet.pin))
                    self.assertEqual(pki(f"{kind}-ca.der"), applet.call("GetIssuerCertificate"))
                    self.assertTrue(verifies(pki(f"{kind}.der"), applet.sign(), bytes(32), "digest:sha256"))
                    applet.call("VerifyPin", pin=applet.pin)

    def test_a_phone_that_has_shown_its_certificate_does_not_show_it_to_the_next_caller(self):
        self.put_type("android-phone")
        self.client.applet("auth").call("GetCertificate", pin=PIN["auth"])
        self.client.applet("auth").sign()
        with self.refused("PinRequired"):
            self.new_client().applet("auth").call("GetCertificate")

    def test_a_juki_card_gets_no_pin(self):
        self.put_type("juki-card")
        for kind, pin in PIN.items():
            applet = self.client.applet(kind)
            for member, *arguments in (("VerifyPin",), ("Sign", "rsa-pkcs1-sha256", bytes(32)), ("GetCertificate",)):
                with self.subTest(kind, member=member), self.no_try_spent(), self.refused("UnsupportedCard"):
                    applet.call(member, *arguments, pin=pin)

    def test_a_card_of_an_unknown_make_gets_no_pin(self):
        for number, token in enumerate((b"JPKIAPNEXTTOKEN".ljust(160), b"", bytes(160), b"\xFF" * 160)):
            path = os.path.join(stack.WORK, f"token-{number}")
            with open(path, "wb") as file:
                file.write(token)
            self.put_card(0, f"--certificate=0006={path}")
            self.assertEqual("unknown", self.client.get(self.client.card(), "org.jpkid1.Card", "Type"))
            for kind, pin in PIN.items():
                with self.no_try_spent(), self.refused("UnsupportedCard"):
                    self.client.applet(kind).call("VerifyPin", pin=pin)
            self.assertEqual(pki("auth.der"), self.client.applet("auth").call("GetCertificate"))

    def test_a_childs_card_has_no_sign_certificate(self):
        self.put_type("mynumber-card", "--child")
        auth, sign = self.client.applet("auth"), self.client.applet("sign")
        self.assertEqual((True, False), (auth.get("HasCertificate"), sign.get("HasCertificate")))
        for member, *arguments in (("GetCertificate",), ("Describe",), ("Sign", "rsa-pkcs1-sha256", bytes(32)),
                                   ("VerifyPin",)):
            with self.subTest(member), self.no_try_spent(), self.refused("NoCertificate"):
                sign.call(member, *arguments, pin=PIN["sign"])
        auth.sign()


class NotOurs(client.TestCase):
    def put_stranger(self):
        self.change_card(0, "--not-jpki")
        self.client.wait_for_state("card")
        self.assertIsNone(self.client.card())

    def test_a_card_without_jpki_has_no_object_and_is_never_sent_a_pin(self):
        self.put_stranger()
        self.assertFalse([path for path in self.client.objects() if "/card/" in path])
        self.assertEqual([], pins_in(self.stack.card().apdus()))

    def test_other_programs_can_use_a_card_without_jpki(self):
        self.put_stranger()
        for mode in (client.OtherProgram.SHARED, client.OtherProgram.EXCLUSIVE):
            other = client.OtherProgram(mode)
            self.assertEqual("9000", other.send("00A4040C 07 A0000001510000"))
            other.close()

    def test_a_card_without_jpki_is_not_asked_again(self):
        self.put_stranger()
        before = len(self.stack.card().apdus())
        other = client.OtherProgram()
        other.send("00A4040C 07 A0000001510000")
        other.close()
        self.client.objects()
        self.assertLessEqual(len(self.stack.card().apdus()), before + 1)

    def test_the_jpki_card_that_comes_next_is_served(self):
        self.put_stranger()
        self.put_card()
        self.client.applet("auth").sign()


class Refused(client.TestCase):
    """pcscd answers, but does not let the daemon have the cards."""
    READERS = 2

    @classmethod
    def setUpClass(cls):
        cls.refusal = preload.Refusal()
        cls.DAEMON_ENVIRONMENT = cls.refusal.environment
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.addCleanup(self.put_card, 0)
        self.addCleanup(self.refusal.refuse, "")

    def pcsc_state(self):
        return self.client.get(client.ROOT, "org.jpkid1.Manager", "PcscState")

    def wait_for_pcsc_state(self, state):
        stack.wait_until(lambda: self.pcsc_state() == state, state)

    def refuse(self, readers):
        self.refusal.refuse(readers)
        self.change_card()
        self.client.wait_for_state("unavailable")
        self.wait_for_pcsc_state("refused")

    def test_any_card_that_it_gets_again_shows_that_it_is_let_in(self):
        for options in ["--not-jpki"], []:
            with self.subTest(options):
                self.refuse("Virtual Reader")
                self.refusal.refuse("")
                self.change_card(0, *options)
                self.client.wait_for_state("card")
                self.assertEqual("available", self.pcsc_state())

    def test_a_card_that_another_program_holds_shows_it_too(self):
        self.refuse("Virtual Reader 0")
        other = client.OtherProgram(client.OtherProgram.EXCLUSIVE)
        self.addCleanup(other.close)
        self.refusal.refuse("")
        self.client.wait_for_state("busy")
        self.assertEqual("available", self.pcsc_state())

    def test_that_it_gets_another_card_does_not_hide_one_that_it_does_not_get(self):
        self.refuse("Virtual Reader 0")
        self.put_card(1)
        self.assertEqual("refused", self.pcsc_state())
        self.pull(0)
        self.assertEqual("refused", self.pcsc_state())


class Mute(client.TestCase):
    def test_a_card_that_answers_another_program_after_all_is_taken_up(self):
        card = self.stack.card()
        self.pull()
        card.control("mute")
        card.control("insert")
        self.client.wait_for_state("mute")
        card.control("resume")
        client.OtherProgram().close()
        self.client.wait_for_card()


if __name__ == "__main__":
    unittest.main()
