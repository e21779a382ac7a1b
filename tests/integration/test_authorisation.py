# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may do what: root all, others what polkit says, and nobody but the caller reads a PIN that is refused."""
import os
import signal
import unittest

import client
import polkit
import stack
from client import PIN, ROOT, pki

CALLS = {"GetCertificate": (), "GetIssuerCertificate": (), "Describe": (), "GetTries": (), "VerifyPin": (),
         "Sign": ("rsa-pkcs1-sha256", bytes(32)), "SignMany": ("rsa-pkcs1-sha256", [bytes(32)])}
NEED_PIN = {"VerifyPin", "Sign", "SignMany"}


class Base(client.TestCase):
    def call(self, user, member, kind="auth", pin=None, **options):
        applet = self.new_client(user).applet(kind)
        needs_pin = member in NEED_PIN or (kind == "sign" and member in ("GetCertificate", "Describe"))
        if needs_pin:
            options["pin"] = pin or PIN[kind]
        return applet.call(member, *CALLS[member], **options)

    def assert_refused(self, user, members, kind="auth"):
        for member in members:
            with self.subTest(user, member=member), self.no_try_spent(), self.refused("NotAuthorized"):
                self.call(user, member, kind)

    def assert_allowed(self, user, members, kind="auth"):
        for member in members:
            with self.subTest(user, member=member):
                self.call(user, member, kind)


class WithoutPolkit(Base):
    def test_root_passes(self):
        for kind in PIN:
            self.assert_allowed("root", CALLS, kind)

    def test_nobody_else_does(self):
        for user in ("alice", "jpkid"):
            for kind in PIN:
                self.assert_refused(user, CALLS, kind)

    def test_the_pin_of_a_refused_caller_is_never_read(self):
        alice = self.new_client("alice").applet("auth")
        for member in NEED_PIN:
            pin = stack.pipe_with(PIN["auth"])
            with self.refused("NotAuthorized"):
                alice.call(member, *CALLS[member], pin=pin)
            self.assertEqual(PIN["auth"], os.read(pin, 100))
            os.close(pin)

    def test_everyone_can_look(self):
        alice = self.new_client("alice")
        self.assertEqual(self.client.objects(), alice.objects())
        self.assertFalse(alice.applet("auth").get("Locked"))
        self.assertTrue(alice.get(ROOT, "org.jpkid1.Manager", "PcscAvailable"))
        self.assertIn("org.jpkid1.Manager", alice.call(ROOT, "org.freedesktop.DBus.Introspectable", "Introspect"))

    def test_nobody_but_the_daemon_may_have_its_name(self):
        for user in ("alice", "bob"):
            with self.assertRaisesRegex(Exception, "AccessDenied"):
                self.new_client(user).connection.request_name(client.NAME)


class WithPolkit(polkit.Mixin, Base):
    RULES = """
polkit.addRule(function(action, subject) {
    if (action.id == "org.jpkid1.read" && subject.user == "bob")
        return polkit.Result.YES;
    if (action.id != "org.jpkid1.last-try" && subject.user == "alice")
        return polkit.Result.YES;
});
"""

    def test_root_passes(self):
        self.assert_allowed("root", CALLS)

    def test_a_user_that_the_rules_allow_passes(self):
        for kind in PIN:
            self.assert_allowed("alice", CALLS, kind)

    def test_a_user_that_may_read_may_not_sign(self):
        self.assert_allowed("bob", CALLS.keys() - NEED_PIN)
        self.assert_refused("bob", NEED_PIN)

    def test_a_user_that_no_rule_allows_and_has_no_session_is_refused(self):
        self.assert_refused("jpkid", CALLS)

    def test_the_pin_of_a_refused_caller_is_never_read(self):
        pin = stack.pipe_with(PIN["auth"])
        with self.refused("NotAuthorized"):
            self.new_client("bob").applet("auth").call("VerifyPin", pin=pin)
        self.assertEqual(PIN["auth"], os.read(pin, 100))
        os.close(pin)

    def test_the_last_try_needs_an_action_of_its_own(self):
        self.put_card(tries={"auth": 1})
        with self.no_try_spent(), self.refused("LastTry"):
            self.call("alice", "VerifyPin")
        with self.no_try_spent(), self.refused("NotAuthorized"):
            self.call("alice", "VerifyPin", allow_last_try=True)
        self.call("root", "VerifyPin", allow_last_try=True)

    def test_a_wrong_pin_of_an_allowed_user_is_told(self):
        with self.refused("PinIncorrect"):
            self.call("alice", "VerifyPin", pin=client.WRONG_PIN["auth"])
        self.call("alice", "VerifyPin")

    def test_polkit_that_does_not_answer_holds_up_nobody_else(self):
        self.polkit.signal(signal.SIGSTOP)
        self.addCleanup(self.polkit.signal, signal.SIGCONT)
        waiting = self.new_client("alice").applet("auth").start("GetTries")
        self.assertEqual(pki("auth.der"), self.call("root", "GetCertificate"))
        self.assertIsNone(waiting.reply)
        self.polkit.signal(signal.SIGCONT)
        self.assertEqual(3, waiting.result())

    def test_a_caller_that_leaves_while_polkit_thinks_takes_its_question_along(self):
        self.polkit.signal(signal.SIGSTOP)
        self.addCleanup(self.polkit.signal, signal.SIGCONT)
        leaving = self.new_client("alice")
        leaving.applet("auth").start("VerifyPin", pin=client.PIN["auth"])
        leaving.objects()       # the call before it has arrived
        leaving.close()
        with self.sent() as apdus:
            self.polkit.signal(signal.SIGCONT)
            self.call("root", "GetCertificate")
            self.call("root", "Describe")
        self.assertNotIn(client.VERIFY, [apdu.header[1] for apdu in apdus])


if __name__ == "__main__":
    unittest.main()
