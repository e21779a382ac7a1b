# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each method and property of org.jpkid1.Applet does what the contract says, on both applets."""
import calendar
import datetime
import hashlib
import time
import unittest

import dbus

import client
import stack
from client import PIN, WRONG_PIN, pki, pins_in, verifies

JAPAN = datetime.timezone(datetime.timedelta(hours=9))
SCHEMES = {     # name: input, and how openssl is told to verify it
    "rsa-pkcs1-sha1": (hashlib.sha1(b"text").digest(), ["digest:sha1"]),
    "rsa-pkcs1-sha256": (hashlib.sha256(b"text").digest(), ["digest:sha256"]),
    "rsa-pkcs1-sha384": (hashlib.sha384(b"text").digest(), ["digest:sha384"]),
    "rsa-pkcs1-sha512": (hashlib.sha512(b"text").digest(), ["digest:sha512"]),
    "rsa-pkcs1": (b"\0 any bytes that the card pads", []),
    "rsa-pss-sha256": (hashlib.sha256(b"text").digest(),
                       ["digest:sha256", "rsa_padding_mode:pss", "rsa_pss_saltlen:auto"]),
}


class Applets(client.TestCase):
    def setUp(self):
        super().setUp()
        self.applets = {kind: self.client.applet(kind) for kind in PIN}

    def each(self):
        for kind, applet in self.applets.items():
            with self.subTest(kind):
                yield applet


class Certificates(Applets):
    def test_get_certificate_gives_exactly_the_der_on_the_card(self):
        for applet in self.each():
            self.assertEqual(pki(f"{applet.kind}.der"), applet.call("GetCertificate", pin=applet.pin))

    def test_the_auth_certificate_needs_no_pin(self):
        self.assertEqual(pki("auth.der"), self.applets["auth"].call("GetCertificate"))

    def test_the_sign_certificate_needs_the_pin(self):
        for member in ("GetCertificate", "Describe"):
            with self.subTest(member), self.no_try_spent(), self.refused("PinRequired"):
                self.applets["sign"].call(member)

    def test_the_sign_certificate_needs_the_pin_each_time(self):
        self.applets["sign"].call("GetCertificate", pin=PIN["sign"])
        with self.refused("PinRequired"):
            self.applets["sign"].call("GetCertificate")

    def test_get_issuer_certificate_gives_exactly_the_der_on_the_card_without_a_pin(self):
        for applet in self.each():
            for _ in range(2):
                self.assertEqual(pki(f"{applet.kind}-ca.der"), applet.call("GetIssuerCertificate"))

    def test_describe_says_what_openssl_says(self):
        names = "esc_2253,esc_ctrl,utf8,dump_nostr,dump_der,sep_comma_plus_space,sname"
        for applet in self.each():
            shown = applet.call("Describe", pin=applet.pin)
            lines = client.openssl("x509", "-inform", "DER", "-noout", "-subject", "-issuer", "-serial", "-dates",
                                   "-dateopt", "iso_8601", "-nameopt", names, input=pki(f"{applet.kind}.der"))
            openssl = dict(line.split("=", 1) for line in lines.decode().splitlines())
            moments = {name: int(datetime.datetime.fromisoformat(openssl[name].replace("Z", "+00:00")).timestamp())
                       for name in ("notBefore", "notAfter")}
            self.assertEqual(openssl["subject"], shown["subject"])
            self.assertEqual(openssl["issuer"], shown["issuer"])
            self.assertEqual(openssl["serial"], shown["serial"])
            self.assertEqual(moments, {"notBefore": shown["not-before"], "notAfter": shown["not-after"]})
            self.assertEqual("RSA-2048", shown["key"])

    def test_describe_says_valid_and_never_says_whether_it_is_revoked(self):
        for applet in self.each():
            shown = applet.call("Describe", pin=applet.pin)
            self.assertEqual(("valid", "unknown"), (shown["state"], shown["revocation"]))

    def test_describe_has_the_types_of_the_contract(self):
        shown = self.applets["sign"].call("Describe", pin=PIN["sign"])
        strings = {"purpose", "subject", "issuer", "issuer-alternative", "serial", "key", "fingerprint-sha256",
                   "policy", "cps", "state", "revocation"}
        moments = {"not-before", "not-after", "renewable-from"}
        self.assertEqual(strings | moments | {"holder"}, set(shown))
        self.assertEqual({dbus.String}, {type(shown[key]) for key in strings})
        self.assertEqual({dbus.UInt64}, {type(shown[key]) for key in moments})
        self.assertEqual("ss", shown["holder"].signature)

    def test_describe_tells_who_the_holder_of_the_sign_certificate_is(self):
        self.assertEqual({"name": "公的　花子", "name-substituted": "00010", "gender": "2", "birth-date": "1990-12-31",
                          "birth-era": "heisei", "address": "東京都千代田区平河町一丁目２番３号　試験ビル４０５号",
                          "address-substituted": "0" * 26},
                         self.applets["sign"].call("Describe", pin=PIN["sign"])["holder"])

    def test_describe_tells_what_the_key_is_for_and_under_which_policy(self):
        for kind, purpose, policy in (("auth", "user-authentication", "1.2.392.200149.8.5.1.3.30"),
                                      ("sign", "digital-signature", "1.2.392.200149.8.5.1.1.20")):
            shown = self.applets[kind].call("Describe", pin=PIN[kind])
            self.assertEqual((purpose, policy, "http://www.jpki.go.jp/cps.html"),
                             (shown["purpose"], shown["policy"], shown["cps"]))
            self.assertEqual(hashlib.sha256(pki(f"{kind}.der")).hexdigest(), shown["fingerprint-sha256"])

    def test_describe_issuer_describes_the_authority_without_a_pin(self):
        for applet in self.each():
            holder, shown = applet.call("Describe", pin=applet.pin), applet.call("DescribeIssuer")
            self.assertEqual(holder["issuer"], shown["subject"])
            self.assertEqual(holder["issuer"], shown["issuer"])
            self.assertEqual(holder["issuer-alternative"], shown["subject-alternative"])
            self.assertEqual(("certificate-authority", "valid"), (shown["purpose"], shown["state"]))
            self.assertEqual(hashlib.sha256(pki(f"{applet.kind}-ca.der")).hexdigest(), shown["fingerprint-sha256"])
            self.assertFalse({"holder", "renewable-from"} & shown.keys())

    def test_describe_of_the_auth_certificate_has_no_holder(self):
        self.assertNotIn("holder", self.applets["auth"].call("Describe"))


class Validity(client.TestCase):
    def describe(self, not_after):
        self.put_card(0, f"--pki={stack.WORK}/pki-{not_after}", f"--not-after={not_after}")
        return self.client.applet("auth").call("Describe")

    def test_an_expired_certificate_is_shown_as_expired_and_was_renewable_three_months_before(self):
        shown = self.describe("2020-04-23")
        self.assertEqual("expired", shown["state"])
        self.assertEqual(datetime.datetime(2020, 1, 24, tzinfo=JAPAN).timestamp(), shown["renewable-from"])

    def test_a_certificate_that_ends_within_three_months_is_renewable(self):
        day = datetime.datetime.now(JAPAN).date() + datetime.timedelta(days=30)
        shown = self.describe(day.isoformat())
        self.assertEqual("renewable", shown["state"])
        self.assertLess(shown["renewable-from"], time.time())
        self.assertGreater(shown["not-after"], time.time())

    def test_in_a_month_without_such_a_day_its_last_day_counts(self):
        year = datetime.date.today().year + 2
        shown = self.describe(f"{year}-05-31")
        self.assertEqual("valid", shown["state"])
        self.assertEqual(datetime.datetime(year, 3, 1, tzinfo=JAPAN).timestamp(), shown["renewable-from"])
        self.assertIn(calendar.monthrange(year, 2)[1], (28, 29))


class Signatures(Applets):
    def test_openssl_verifies_a_signature_of_every_scheme_with_each_key(self):
        for applet in self.each():
            for scheme, (content, how) in SCHEMES.items():
                with self.subTest(scheme):
                    signature = applet.call("Sign", scheme, content, pin=applet.pin)
                    self.assertTrue(verifies(pki(f"{applet.kind}.der"), signature, content, *how))

    def test_rsa_pkcs1_takes_from_1_to_245_bytes(self):
        for length in (1, 245):
            signature = self.applets["auth"].call("Sign", "rsa-pkcs1", b"x" * length, pin=PIN["auth"])
            self.assertTrue(verifies(pki("auth.der"), signature, b"x" * length))
        for length in (0, 246, 256):
            with self.subTest(length=length), self.no_try_spent(), self.refused("InvalidInput"):
                self.applets["auth"].call("Sign", "rsa-pkcs1", b"x" * length, pin=PIN["auth"])

    def test_a_digest_of_another_length_is_refused(self):
        for scheme in SCHEMES.keys() - {"rsa-pkcs1"}:
            for length in (0, len(SCHEMES[scheme][0]) - 1, len(SCHEMES[scheme][0]) + 1):
                with self.subTest(scheme, length=length), self.no_try_spent(), self.refused("InvalidInput"):
                    self.applets["auth"].call("Sign", scheme, bytes(length), pin=PIN["auth"])

    def test_an_unknown_scheme_is_unsupported(self):
        for scheme in ("", "rsa", "RSA-PKCS1", "rsa-pkcs1-md5", "rsa-pss-sha512", "rsa-pkcs1-sha256 "):
            with self.subTest(scheme), self.no_try_spent(), self.refused("UnsupportedScheme"):
                self.applets["auth"].call("Sign", scheme, bytes(32), pin=PIN["auth"])

    def test_sign_needs_a_pin(self):
        for applet in self.each():
            with self.no_try_spent(), self.refused("PinRequired"):
                applet.call("Sign", "rsa-pkcs1-sha256", bytes(32))

    def test_sign_many_signs_each_input_in_order_with_one_verify(self):
        for applet in self.each():
            for count in (1, 3, 64):
                inputs = [hashlib.sha256(bytes([n])).digest() for n in range(count)]
                with self.sent() as apdus:
                    signatures = applet.call("SignMany", "rsa-pkcs1-sha256", inputs, pin=applet.pin)
                self.assertEqual(count, len(signatures))
                self.assertEqual(1, len(pins_in(apdus)))
                for number in {0, count // 2, count - 1}:
                    self.assertTrue(verifies(pki(f"{applet.kind}.der"), signatures[number], inputs[number],
                                             "digest:sha256"))

    def test_sign_many_takes_no_less_than_1_input_and_no_more_than_64(self):
        for count in (0, 65, 1000):
            inputs = dbus.Array([dbus.ByteArray(32)] * count, signature="ay")
            with self.subTest(count=count), self.no_try_spent(), self.refused("InvalidInput"):
                self.applets["auth"].call("SignMany", "rsa-pkcs1-sha256", inputs, pin=PIN["auth"])

    def test_sign_many_is_refused_as_a_whole_for_one_bad_input(self):
        with self.no_try_spent(), self.refused("InvalidInput"):
            self.applets["auth"].call("SignMany", "rsa-pkcs1-sha256", [bytes(32), bytes(31)], pin=PIN["auth"])

    def test_sign_many_gives_nothing_when_the_card_refuses_one(self):
        self.stack.card().control("at 2A sw 6985 skip 2")
        with self.sent() as apdus, self.refused("CardError") as caught:
            self.applets["auth"].call("SignMany", "rsa-pkcs1-sha256", [bytes(32)] * 4, pin=PIN["auth"])
        self.assertIn("2A", caught.exception.body[0])
        self.assertIn("6985", caught.exception.body[0])
        self.assertEqual(3, len([apdu for apdu in apdus if apdu.header[1] == client.SIGN]))


class Pins(Applets):
    def wrong(self, applet, pin=None, **options):
        return applet.call("VerifyPin", pin=pin or WRONG_PIN[applet.kind], **options)

    def test_verify_pin_says_yes_to_the_right_pin(self):
        for applet in self.each():
            self.assertIsNone(applet.call("VerifyPin", pin=applet.pin))

    def test_a_wrong_pin_is_told_with_the_tries_that_are_left(self):
        for applet in self.each():
            with self.refused("PinIncorrect") as caught:
                self.wrong(applet)
            text, left = caught.exception.body
            self.assertEqual(client.TRIES_MAX[applet.kind] - 1, left)
            self.assertIs(dbus.UInt32, type(left))
            self.assertIn(str(left), text)
            self.assertEqual(left, self.stack.card().tries()[applet.kind])

    def test_every_method_with_a_pin_tells_a_wrong_one(self):
        calls = {"Sign": ("rsa-pkcs1-sha256", bytes(32)), "SignMany": ("rsa-pkcs1-sha256", [bytes(32)]),
                 "GetCertificate": (), "Describe": (), "VerifyPin": ()}
        for member, arguments in calls.items():
            with self.subTest(member), self.sent() as apdus, self.refused("PinIncorrect"):
                self.applets["sign"].call(member, *arguments, pin=WRONG_PIN["sign"])
            self.assertEqual(1, len(pins_in(apdus)))
            self.applets["sign"].call("VerifyPin", pin=PIN["sign"])

    def test_the_sign_pin_may_be_in_lower_case(self):
        self.applets["sign"].call("VerifyPin", pin=b"abc123")
        self.applets["sign"].call("VerifyPin", pin=b"aBc123")

    def test_a_pin_that_cannot_be_one_never_reaches_the_card(self):
        bad = {"auth": [b"123", b"12345", b"12a4", b"1234\n", b" 1234", "１２３４".encode(), b"\0\0\0\0", b"-123"],
               "sign": [b"ABC12", b"ABCDEF", b"123456", b"ABC123\n", "ＡＢＣ１２３".encode(), b"ABC 123", b"ABC-123",
                        b"A1" * 8 + b"A", "ABC12３".encode(), b"abc12\0"]}
        for applet in self.each():
            for pin in bad[applet.kind]:
                with self.subTest(pin=pin), self.no_try_spent(), self.refused("PinFormat"):
                    applet.call("VerifyPin", pin=pin)

    def test_a_sign_pin_has_up_to_16_characters(self):
        with self.refused("PinIncorrect"):
            self.applets["sign"].call("VerifyPin", pin=b"A1" * 8)

    def test_get_tries_asks_the_card_and_costs_none(self):
        for applet in self.each():
            with self.no_try_spent():
                self.assertEqual(client.TRIES_MAX[applet.kind], applet.call("GetTries"))

    def test_each_applet_has_a_counter_of_its_own(self):
        with self.refused("PinIncorrect"):
            self.wrong(self.applets["auth"])
        self.assertEqual(2, self.applets["auth"].call("GetTries"))
        self.assertEqual(5, self.applets["sign"].call("GetTries"))

    def test_a_right_pin_gives_all_tries_back(self):
        for applet in self.each():
            with self.refused("PinIncorrect"):
                self.wrong(applet)
            applet.call("VerifyPin", pin=applet.pin)
            self.assertEqual(client.TRIES_MAX[applet.kind], applet.get("TriesLeft"))
            self.assertEqual(client.TRIES_MAX[applet.kind], applet.call("GetTries"))

    def test_the_properties_are_signalled_before_the_reply_and_true_after_it(self):
        for applet in self.each():
            applet.call("GetTries")
            with client.Signals(self.client) as signals:
                call = applet.start("VerifyPin", pin=WRONG_PIN[applet.kind])
                signals.wait_until(lambda: call.reply is not None, "a reply")
                self.assertEqual([{"TriesLeft": client.TRIES_MAX[applet.kind] - 1, "Locked": False}],
                                 signals.changes(applet.path))
            self.assertEqual(client.TRIES_MAX[applet.kind] - 1, applet.get("TriesLeft"))
            self.assertFalse(applet.get("Locked"))

    def test_expected_tries_refuses_when_the_counter_is_another(self):
        for applet in self.each():
            for expected in (0, 1, client.TRIES_MAX[applet.kind] - 1, client.TRIES_MAX[applet.kind] + 1, 2**32 - 1):
                with self.no_try_spent(), self.refused("TriesChanged"):
                    applet.call("VerifyPin", pin=applet.pin, expected_tries=expected)
            applet.call("VerifyPin", pin=applet.pin, expected_tries=client.TRIES_MAX[applet.kind])

    def test_the_properties_are_true_after_tries_changed_too(self):
        self.put_card(tries={"auth": 2})
        auth = self.client.applet("auth")
        with self.refused("TriesChanged"):
            auth.call("VerifyPin", pin=PIN["auth"], expected_tries=3)
        self.assertEqual(2, auth.get("TriesLeft"))

    def test_a_reason_is_one_short_line(self):
        auth = self.applets["auth"]
        for reason in ("Log in to example.jp", "", "x" * 200, "ログイン"):
            auth.call("VerifyPin", pin=PIN["auth"], reason=reason)
        for reason in ("x" * 201, "あ" * 67, "two\nlines", "\x1b[31m", "\x7f", "\x85", "\t"):
            with self.subTest(reason), self.no_try_spent(), self.refused("InvalidInput"):
                auth.call("VerifyPin", pin=PIN["auth"], reason=reason)


class LastTry(client.TestCase):
    """Without consent the last try is never spent."""

    def applet(self, kind, tries):
        self.put_card(tries={kind: tries})
        return self.client.applet(kind)

    def test_with_one_try_left_not_even_the_right_pin_is_sent(self):
        for kind in PIN:
            with self.subTest(kind):
                applet = self.applet(kind, 1)
                for pin in (PIN[kind], WRONG_PIN[kind]):
                    with self.no_try_spent(), self.refused("LastTry"):
                        applet.call("VerifyPin", pin=pin)
                with self.no_try_spent(), self.refused("LastTry"):
                    applet.sign()
                self.assertEqual(1, applet.get("TriesLeft"))

    def test_wrong_pins_stop_before_the_last_try(self):
        for kind in PIN:
            with self.subTest(kind):
                applet = self.applet(kind, 2)
                with self.refused("PinIncorrect"):
                    applet.call("VerifyPin", pin=WRONG_PIN[kind])
                for _ in range(3):
                    with self.no_try_spent(), self.refused("LastTry"):
                        applet.call("VerifyPin", pin=PIN[kind])
                self.forgive()

    def test_allow_last_try_lets_the_right_pin_through(self):
        for kind in PIN:
            with self.subTest(kind):
                applet = self.applet(kind, 1)
                applet.call("VerifyPin", pin=PIN[kind], allow_last_try=True)
                self.assertEqual(client.TRIES_MAX[kind], applet.get("TriesLeft"))

    def test_allow_last_try_that_is_false_allows_nothing(self):
        applet = self.applet("auth", 1)
        with self.no_try_spent(), self.refused("LastTry"):
            applet.call("VerifyPin", pin=PIN["auth"], allow_last_try=False)

    def test_the_last_try_with_a_wrong_pin_locks_and_is_told_and_signalled(self):
        for kind in PIN:
            with self.subTest(kind):
                applet = self.applet(kind, 1)
                self.assertFalse(applet.get("Locked"))
                with client.Signals(self.client) as signals:
                    call = applet.start("VerifyPin", pin=WRONG_PIN[kind], allow_last_try=True)
                    signals.wait_until(lambda: call.reply is not None, "a reply")
                    self.assertEqual({"TriesLeft": 0, "Locked": True}, signals.changes(applet.path)[-1])
                with self.refused("PinLocked", "PinIncorrect"):
                    call.result()
                self.assertEqual((0, True), (applet.get("TriesLeft"), applet.get("Locked")))
                self.forgive()

    def test_a_locked_pin_is_never_sent(self):
        for kind in PIN:
            with self.subTest(kind):
                applet = self.applet(kind, 0)
                for options in ({}, {"allow_last_try": True}, {"expected_tries": 0}):
                    with self.no_try_spent(), self.refused("PinLocked"):
                        applet.call("VerifyPin", pin=PIN[kind], **options)
                self.assertEqual((0, True), (applet.get("TriesLeft"), applet.get("Locked")))
                self.assertEqual(0, applet.call("GetTries"))


class Turns(client.TestCase):
    """Calls wait for their turn no longer than they want to."""

    def test_a_call_whose_time_is_up_is_told_and_nothing_was_sent_for_it(self):
        auth = self.client.applet("auth")
        self.slow(150)
        with self.sent() as apdus:
            first = self.wait_for_apdu(client.SELECT, auth.start_sign)
            with self.refused("Timeout"):
                auth.call("VerifyPin", pin=PIN["auth"], timeout=100)
            first.result()
        self.assertEqual(1, len(pins_in(apdus)))

    def test_callers_take_turns(self):
        many, one = self.new_client(), self.new_client()
        auth = self.client.applet("auth")
        self.slow(20)
        digests = [bytes([number]) * 32 for number in range(6)]
        calls = [client.Applet(many, auth.path, "auth").start_sign(digest) for digest in digests[:5]]
        calls.append(client.Applet(one, auth.path, "auth").start_sign(digests[5]))
        with self.sent() as apdus:
            for call in calls:
                call.result()
        bodies = [apdu.body for apdu in apdus if apdu.header[1] == client.SIGN]
        order = [body.endswith(digests[5].hex().upper()) for body in bodies]
        self.assertEqual(6, len(order))
        self.assertLess(order.index(True), 3)


class Refusals(Applets):
    PROPERTIES = "org.freedesktop.DBus.Properties"
    BUS_ERROR = "org.freedesktop.DBus.Error."

    def refused_by_the_bus_rules(self, name):
        return self.refused(self.BUS_ERROR + name)

    def test_what_does_not_exist_is_named_by_its_error(self):
        path = self.applets["auth"].path
        for name, call in {
                "UnknownMethod": (path, client.APPLET, "NoSuchMethod"),
                "UnknownInterface": (path, "org.jpkid1.Manager", "Sign"),
                "UnknownObject": ("/org/jpkid1/card/4711/auth", client.APPLET, "GetCertificate", "a{sv}", {}),
                "UnknownProperty": (path, self.PROPERTIES, "Get", "ss", client.APPLET, "NoSuchProperty")}.items():
            with self.subTest(name), self.refused_by_the_bus_rules(name):
                self.client.call(*call)

    def test_arguments_of_other_types_are_invalid(self):
        for member, signature, *arguments in (
                ("GetCertificate", ""), ("GetCertificate", "a{ss}", {}), ("GetCertificate", "a{sv}s", {}, "more"),
                ("Sign", "a{sv}", {}), ("Sign", "ssa{sv}", "rsa-pkcs1", "text", {}), ("Sign", "saiay", "", [1], b""),
                ("SignMany", "saya{sv}", "rsa-pkcs1", b"text", {}), ("VerifyPin", "h", dbus.types.UnixFd(0))):
            with self.subTest(member, signature=signature), self.refused_by_the_bus_rules("InvalidArgs"):
                self.client.call(self.applets["auth"].path, client.APPLET, member, signature, *arguments)

    def test_no_property_can_be_set(self):
        values = {"Kind": "sign", "HasCertificate": False, "TriesLeft": dbus.Int32(3), "TriesMax": dbus.Byte(9),
                  "Locked": False, "CanResetPin": True}
        for name, value in values.items():
            before = self.applets["auth"].get(name)
            with self.subTest(name), self.refused_by_the_bus_rules("PropertyReadOnly"):
                self.client.call(self.applets["auth"].path, self.PROPERTIES, "Set", "ssv", client.APPLET, name, value)
            self.assertEqual(before, self.applets["auth"].get(name))

    def test_every_refusal_is_a_sentence(self):
        with self.refused("PinRequired") as caught:
            self.applets["auth"].call("VerifyPin")
        self.assertRegex(caught.exception.body[0], r"^[A-Z].*[.]$")


class Properties(Applets):
    def test_the_applets_say_what_they_are(self):
        for applet in self.each():
            self.assertEqual(applet.kind, applet.get("Kind"))
            self.assertEqual(client.TRIES_MAX[applet.kind], applet.get("TriesMax"))
            self.assertTrue(applet.get("HasCertificate"))
            self.assertFalse(applet.get("CanResetPin"))

    def test_nothing_of_the_holder_is_in_a_property_or_a_signal(self):
        with client.Signals(self.client) as signals:
            self.applets["sign"].call("Describe", pin=PIN["sign"])
            self.applets["auth"].call("Describe")
            signals.wait_until(lambda: signals.changes(self.applets["auth"].path) is not None, "the signals")
            told = str(signals.heard) + str(self.client.objects())
        for secret in ("公的", "千代田", "1990", self.applets["auth"].call("Describe")["serial"]):
            self.assertNotIn(secret, told)

    def test_the_pin_is_not_in_the_log(self):
        for applet in self.each():
            applet.call("VerifyPin", pin=applet.pin)
        log = self.stack.daemon.log_text()
        self.assertNotIn(PIN["sign"].decode(), log)
        self.assertNotIn("公的", log)


if __name__ == "__main__":
    unittest.main()
