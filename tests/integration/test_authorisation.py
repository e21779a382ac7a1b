# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may do what: root all, others what polkit says, and nobody but the caller reads a PIN that is refused."""
import os
import re
import signal
import time
import unittest

import client
import polkit
import stack
from client import PIN, ROOT, pki

CALLS = {"GetCertificate": (), "GetIssuerCertificate": (), "Describe": (), "DescribeIssuer": (), "GetTries": (),
         "VerifyPin": (), "Sign": ("rsa-pkcs1-sha256", bytes(32)), "SignMany": ("rsa-pkcs1-sha256", [bytes(32)])}
LIBDBUS_PATIENCE = 25       # seconds that it waits for a reply unless told otherwise
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
        self.freeze_polkit()
        waiting = self.new_client("alice").applet("auth").start("GetTries")
        self.assertEqual(pki("auth.der"), self.call("root", "GetCertificate"))
        self.assertIsNone(waiting.reply)
        self.polkit.signal(signal.SIGCONT)
        self.assertEqual(3, waiting.result())

    def test_a_caller_that_leaves_while_polkit_thinks_takes_its_question_along(self):
        self.freeze_polkit()
        leaving = self.new_client("alice")
        leaving.applet("auth").start("VerifyPin", pin=client.PIN["auth"])
        leaving.objects()       # the call before it has arrived
        leaving.close()
        with self.sent() as apdus:
            self.polkit.signal(signal.SIGCONT)
            self.call("root", "GetCertificate")
            self.call("root", "Describe")
        self.assertNotIn(client.VERIFY, [apdu.header[1] for apdu in apdus])

    def test_what_a_caller_that_leaves_has_asked_is_taken_back_at_polkit(self):
        monitor = stack.Process("dbus-monitor", ["dbus-monitor", "--system", "type='method_call',interface='"
                                                 "org.freedesktop.PolicyKit1.Authority'"])
        self.addCleanup(monitor.kill)
        monitor.wait_until(lambda: "NameLost" in monitor.log_text(), "listens")
        self.freeze_polkit()
        for number in range(2):
            leaving = self.new_client("alice")
            leaving.applet("auth").start("GetTries")
            monitor.wait_until(lambda: monitor.log_text().count("member=CheckAuthorization") > number, "a question")
            leaving.close()
            monitor.wait_until(lambda: monitor.log_text().count("member=CancelCheckAuthorization") > number, "its end")
        # Each question and what takes it back have a name of their own.
        names = re.findall('string "(jpkid-[0-9]+)"', monitor.log_text())
        self.assertEqual([1, 1], [names.count(name) - 1 for name in sorted(set(names))])

    def freeze_polkit(self):
        self.polkit.signal(signal.SIGSTOP)
        self.addCleanup(self.polkit.signal, signal.SIGCONT)

    def ask_frozen(self, member="VerifyPin", **options):
        """A call of alice's that polkit has not answered; polkit thinks until it is let go."""
        self.freeze_polkit()
        alice = self.new_client("alice")
        call = alice.applet("auth").start(member, *CALLS[member], **options)
        alice.objects()
        return call

    def test_a_card_that_goes_while_polkit_thinks_ends_the_call_and_the_next_card_is_not_touched(self):
        call = self.ask_frozen(pin=PIN["auth"])
        card = self.put_card()
        with self.refused("CardRemoved"):
            call.result()
        self.polkit.signal(signal.SIGCONT)
        self.call("alice", "GetTries")
        self.assertEqual([], client.pins_in(card.apdus()))

    def test_a_pin_that_is_locked_while_polkit_thinks_is_told_and_nothing_is_sent(self):
        self.put_card(tries={"auth": 1})
        call = self.ask_frozen(pin=PIN["auth"], allow_last_try=False)
        with self.refused("PinLocked"):
            self.call("root", "VerifyPin", pin=client.WRONG_PIN["auth"], allow_last_try=True)
        with self.no_try_spent():
            self.polkit.signal(signal.SIGCONT)
            with self.refused("PinLocked"):
                call.result()

    def test_tries_that_have_changed_while_polkit_thinks_are_told_and_nothing_is_sent(self):
        call = self.ask_frozen(pin=PIN["auth"], expected_tries=3)
        with self.refused("PinIncorrect"):
            self.call("root", "VerifyPin", pin=client.WRONG_PIN["auth"])
        with self.no_try_spent():
            self.polkit.signal(signal.SIGCONT)
            with self.refused("TriesChanged"):
                call.result()

    @unittest.skipIf("ASAN_OPTIONS" in os.environ, "once is enough: it takes its time")
    def test_polkit_may_think_longer_than_calls_take_as_a_rule(self):
        call = self.ask_frozen("GetTries")
        time.sleep(LIBDBUS_PATIENCE + 1)
        self.assertIsNone(call.reply)
        self.polkit.signal(signal.SIGCONT)
        self.assertEqual(3, call.result())


if __name__ == "__main__":
    unittest.main()
