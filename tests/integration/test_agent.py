# SPDX-License-Identifier: LGPL-2.1-or-later
"""PIN agents: who may be one, who may ask it, and what becomes of its answers."""
import os
import time
import unittest

import dbus
from gi.repository import Gio, GLib

import agent
import client
import stack
from agent import DISMISSED, INTERFACE, MANAGER, PATH
from client import PIN, ROOT, WRONG_PIN, pins_in

AGENTS_PER_USER = 16
DESCRIPTOR_DEADLINE = 2     # seconds


class TestCase(client.TestCase):
    def new_agent(self, user="root", answer=lambda question: None):
        """One that is not registered yet."""
        one = agent.Agent(user, answer)
        self.addCleanup(one.close)
        return one


class Registration(TestCase):
    def test_everyone_may_register_and_unregister(self):
        for user in ("root", "alice", "jpkid"):
            one = self.new_agent(user)
            for _ in range(2):
                one.register()
                one.unregister()

    def test_a_connection_has_one_agent(self):
        one = self.new_agent("alice")
        one.register()
        for path in (PATH, "/another"):
            with self.refused("NotAllowed"):
                one.register(path)
        one.unregister()
        one.register("/another")

    def test_what_is_not_registered_cannot_be_unregistered(self):
        one, other = self.new_agent("alice"), self.new_agent("alice")
        one.register()
        for who, path in ((one, "/another"), (other, PATH)):
            with self.refused("InvalidInput"):
                who.unregister(path)
        one.unregister()
        with self.refused("InvalidInput"):
            one.unregister()

    def test_options_that_it_does_not_take_are_refused(self):
        alice = self.new_client("alice")
        for options in ({"own_calls": True}, {"": True}, {"own-calls": "true"}, {"own-calls": dbus.UInt32(1)},
                        {"own-calls": dbus.Boolean(True, variant_level=2)}, {"timeout": dbus.UInt32(1)},
                        {"own-calls": True, "reason": "x"}, {str(number): True for number in range(5000)},
                        {client.Key("own-calls"): True, client.Key("own-calls"): True}):
            with self.subTest(str(options)[:60]), self.refused("InvalidInput") as caught:
                alice.call(ROOT, MANAGER, "RegisterAgent", "oa{sv}", PATH, dbus.Dictionary(options, signature="sv"))
            self.assertIn("option", caught.exception.body[0])
        with self.refused("InvalidInput"):
            alice.call(ROOT, MANAGER, "UnregisterAgent", "o", PATH)

    def test_arguments_of_other_types_are_refused(self):
        for member, signature, arguments in (("RegisterAgent", "o", (PATH,)), ("RegisterAgent", "sa{sv}", (PATH, {})),
                                             ("UnregisterAgent", "s", (PATH,)), ("UnregisterAgent", "", ())):
            with self.refused("org.freedesktop.DBus.Error.InvalidArgs"):
                self.client.call(ROOT, MANAGER, member, signature, *arguments)

    def test_a_user_has_at_most_16_agents_and_those_that_leave_make_room(self):
        for _ in range(2):
            agents = [self.new_agent("alice") for _ in range(AGENTS_PER_USER + 1)]
            for one in agents[:-1]:
                one.register()
            with self.refused("org.freedesktop.DBus.Error.LimitsExceeded"):
                agents[-1].register()
            self.new_agent("bob").register()
            for one in agents:
                one.close()
            stack.wait_until(lambda: not any(self.client.connection.name_has_owner(one.name) for one in agents),
                             "all have left")

    def test_nothing_is_left_of_agents_that_come_and_go(self):
        def open_descriptors():
            return len(os.listdir(f"/proc/{self.stack.daemon.pid}/fd"))
        before = open_descriptors()
        for _ in range(100):
            one = self.new_agent("alice")
            one.register()
            one.close()
        self.client.objects()
        self.assertEqual(before, open_descriptors())


class Policy(TestCase):
    """Who may call an agent."""

    def ask(self, asker, asked):
        message = Gio.DBusMessage.new_method_call(asked.name, PATH, INTERFACE, "RequestPin")
        message.set_body(GLib.Variant("(ta{sv})", (1, {})))
        reply, _ = asker.connection.send_message_with_reply_sync(message, Gio.DBusSendMessageFlags.NONE, 5000)
        return reply.get_error_name()

    def test_the_service_and_root_may(self):
        alice = self.new_agent("alice", lambda question: b"1234")
        for user in ("jpkid", "root"):
            self.assertIsNone(self.ask(self.new_agent(user), alice))
        self.assertEqual(2, len(alice.questions))

    def test_nobody_else_may(self):
        alice = self.new_agent("alice", lambda question: b"1234")
        for user in ("alice", "bob"):
            self.assertEqual("org.freedesktop.DBus.Error.AccessDenied", self.ask(self.new_agent(user), alice))
        self.assertEqual([], alice.questions)


class Asking(TestCase):
    """The caller and the agent are root's, whom the service lets pass without polkit."""

    def setUp(self):
        super().setUp()
        self.auth, self.sign = self.client.applet("auth"), self.client.applet("sign")

    def registered(self, answer=lambda question: None, user="root", **options):
        one = self.new_agent(user, answer)
        one.register(**options)
        return one

    def start(self, applet, member, *arguments, interactive=True, **options):
        return applet.start(member, *arguments, interactive=interactive, **options)

    def call(self, *arguments, **options):
        return self.start(*arguments, **options).result()


class Questions(Asking):
    def test_the_pin_of_an_agent_is_as_good_as_the_callers(self):
        for applet in (self.auth, self.sign):
            one = self.registered(lambda question, applet=applet: PIN[applet.kind])
            with self.sent() as apdus:
                self.call(applet, "VerifyPin")
            self.assertEqual(1, len(pins_in(apdus)))
            digest = os.urandom(32)
            signature = self.call(applet, "Sign", "rsa-pkcs1-sha256", digest)
            certificate = applet.call("GetCertificate", pin=PIN[applet.kind])
            self.assertTrue(client.verifies(certificate, signature, digest, "digest:sha256"))
            self.assertEqual(2, len(one.questions))
            one.close()

    def test_the_agent_is_told_what_the_person_must_know(self):
        one = self.registered(lambda question: DISMISSED)
        for applet, lengths in ((self.auth, (4, 4)), (self.sign, (6, 16))):
            with self.refused("Dismissed"):
                self.call(applet, "VerifyPin", reason="example.jp へのログイン")
            self.assertEqual({"applet": applet.kind, "card": self.client.card(), "min": lengths[0], "max": lengths[1],
                              "tries-left": client.TRIES_MAX[applet.kind], "reason": "example.jp へのログイン",
                              "caller-pid": os.getpid()}, one.questions[-1].details)
        with self.refused("Dismissed"):
            self.call(self.auth, "VerifyPin")
        self.assertNotIn("reason", one.questions[-1].details)

    def test_the_counter_is_asked_for_before_the_person_is(self):
        self.put_card(tries={"auth": 2})
        one = self.registered(lambda question: DISMISSED)
        with self.no_try_spent(), self.refused("Dismissed"):
            self.call(self.client.applet("auth"), "VerifyPin")
        self.assertEqual(2, one.questions[0].details["tries-left"])

    def test_a_wrong_pin_costs_one_try(self):
        self.registered(lambda question: WRONG_PIN["auth"])
        with self.sent() as apdus, self.refused("PinIncorrect"):
            self.call(self.auth, "VerifyPin")
        self.assertEqual(1, len(pins_in(apdus)))
        self.assertEqual(2, self.auth.get("TriesLeft"))

    def test_a_try_that_was_spent_meanwhile_is_not_followed_by_another(self):
        one = self.registered()
        waiting = self.start(self.auth, "VerifyPin")
        question = one.wait_for_question()
        with self.refused("PinIncorrect"):
            self.new_client().applet("auth").call("VerifyPin", pin=WRONG_PIN["auth"])
        with self.no_try_spent():
            one.give(question, PIN["auth"])
            with self.refused("TriesChanged"):
                waiting.result()

    def test_who_gives_a_pin_or_allows_no_interaction_asks_nobody(self):
        one = self.registered(lambda question: PIN["auth"])
        self.call(self.auth, "VerifyPin", pin=PIN["auth"])
        with self.refused("PinRequired"), self.no_try_spent():
            self.call(self.auth, "VerifyPin", interactive=False)
        self.assertEqual([], one.questions)

    def test_a_call_that_nobody_waits_for_asks_nobody(self):
        one = self.registered(lambda question: PIN["auth"])
        message = self.auth.message("VerifyPin")
        message.set_allow_interactive_authorization(True)
        message.set_no_reply(True)
        with self.no_try_spent():
            self.client.connection.send_message(message)
            self.client.objects()
        self.assertEqual([], one.questions)

    def test_a_caller_whom_polkit_refuses_asks_nobody(self):
        one = self.registered(lambda question: PIN["auth"], user="alice")
        with self.no_try_spent(), self.refused("NotAuthorized"):
            self.call(self.new_client("alice").applet("auth"), "VerifyPin")
        self.assertEqual([], one.questions)

    def test_for_a_caller_that_leaves_while_the_card_is_asked_nobody_is_asked(self):
        one, caller = self.registered(), self.new_client()
        self.slow(100)
        self.wait_for_apdu(client.SELECT, lambda: self.start(caller.applet("auth"), "VerifyPin"))
        caller.close()
        self.auth.call("GetTries")      # comes after it
        self.assertEqual([], one.questions)

    def test_of_a_card_that_goes_while_it_is_asked_nobody_is_asked(self):
        one = self.registered()
        self.slow(100)
        waiting = self.wait_for_apdu(client.SELECT, lambda: self.start(self.auth, "VerifyPin"))
        self.pull()
        with self.refused("CardRemoved", "ReaderError"):
            waiting.result()
        self.assertEqual([], one.questions)
        self.insert()

    def test_a_stop_while_the_card_is_asked_ends_the_call(self):
        one = self.registered()
        self.slow(100)
        waiting = self.wait_for_apdu(client.SELECT, lambda: self.start(self.auth, "VerifyPin"))
        try:
            self.stack.daemon.stop()
            with self.refused("Cancelled"):
                waiting.result()
            self.assertEqual([], one.questions)
        finally:
            self.stack.start_daemon()
            self.client.wait_for_card()

    def test_the_agent_of_another_user_is_not_asked(self):
        one = self.registered(lambda question: PIN["auth"], user="alice")
        with self.no_try_spent(), self.refused("PinRequired"):
            self.call(self.auth, "VerifyPin")
        self.assertEqual([], one.questions)

    def test_the_newest_agent_that_is_not_for_its_own_calls_is_asked(self):
        oldest, newest, own = (self.registered(lambda question: PIN["auth"], **options)
                               for options in ({}, {}, {"own_calls": True}))
        self.call(self.auth, "VerifyPin")
        self.assertEqual([0, 1, 0], [len(one.questions) for one in (oldest, newest, own)])
        own.call(self.auth.path, client.APPLET, "VerifyPin", "(a{sv})", {})
        self.assertEqual([0, 1, 1], [len(one.questions) for one in (oldest, newest, own)])


class Answers(Asking):
    """Whatever an agent does, the caller is told, and the card gets no PIN that nobody typed."""

    def setUp(self):
        super().setUp()
        self.agent = self.registered()
        self.waiting = self.start(self.auth, "VerifyPin")
        self.question = self.agent.wait_for_question()

    def assert_refused(self, *names):
        with self.no_try_spent(), self.refused(*names):
            self.waiting.result()

    def test_a_question_that_is_dismissed_ends_the_call(self):
        self.agent.give(self.question, DISMISSED)
        self.assert_refused("Dismissed")

    def test_any_other_error_is_no_pin(self):
        self.agent.give(self.question, "org.jpkid1.Error.PinIncorrect")
        self.assert_refused("PinRequired")

    def test_a_reply_without_a_descriptor_is_no_pin(self):
        reply = Gio.DBusMessage.new_method_reply(self.question.message)
        reply.set_body(GLib.Variant("(s)", ("1234",)))
        self.agent.send(reply)
        self.assert_refused("PinRequired")

    def test_an_agent_that_leaves_gives_no_pin(self):
        self.agent.close()
        self.assert_refused("PinRequired")

    def test_an_agent_that_unregisters_gives_no_pin(self):
        self.agent.unregister()
        self.assert_refused("PinRequired")
        self.agent.wait_for_cancel(self.question)

    def test_what_cannot_be_a_pin_costs_nothing(self):
        self.agent.give(self.question, b"12345")
        self.assert_refused("PinFormat")

    def test_a_descriptor_that_does_not_end_is_given_up(self):
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        started = time.monotonic()
        self.agent.give(self.question, reader)
        self.assert_refused("InvalidInput")
        self.assertAlmostEqual(DESCRIPTOR_DEADLINE, time.monotonic() - started, delta=1)

    def test_a_descriptor_that_is_no_pipe_is_refused(self):
        self.agent.give(self.question, os.open("/dev/zero", os.O_RDONLY))
        self.assert_refused("PinRequired")

    def test_a_second_answer_goes_nowhere(self):
        with self.sent() as apdus:
            self.agent.give(self.question, PIN["auth"])
            self.agent.give(self.question, WRONG_PIN["auth"])
            self.waiting.result()
            self.auth.call("GetTries")
        self.assertEqual(1, len(pins_in(apdus)))

    def test_a_caller_that_leaves_takes_the_question_back(self):
        caller = self.new_client()
        self.start(caller.applet("auth"), "VerifyPin")
        question = self.agent.wait_for_question(2)
        with self.no_try_spent():
            caller.close()
            self.agent.wait_for_cancel(question)
            self.agent.give(question, PIN["auth"])
            self.agent.give(self.question, DISMISSED)
            with self.refused("Dismissed"):
                self.waiting.result()
        self.assertEqual([question.number], self.agent.cancelled)

    def test_a_card_that_goes_takes_the_question_back(self):
        self.pull()
        self.agent.wait_for_cancel(self.question)
        with self.refused("CardRemoved"):
            self.waiting.result()
        self.insert()
        with self.no_try_spent():
            self.agent.give(self.question, PIN["auth"])
            self.client.applet("auth").call("GetTries")

    def test_others_are_served_while_a_person_thinks(self):
        self.client.applet("auth").sign()
        self.assertIsNone(self.waiting.reply)
        self.agent.give(self.question, PIN["auth"])
        self.waiting.result()

    def test_no_descriptor_is_left_open(self):
        def open_descriptors():
            return len(os.listdir(f"/proc/{self.stack.daemon.pid}/fd"))
        self.agent.give(self.question, PIN["auth"])
        self.waiting.result()
        self.wait_for_quiet()
        before = open_descriptors()
        answers = [b"12", PIN["auth"], DISMISSED]
        self.agent.answer = lambda question: answers[question.number % 3]
        for _ in range(12):
            try:
                self.call(self.auth, "VerifyPin")
            except client.Refused:
                pass
        stack.wait_until(lambda: open_descriptors() <= before, "what was opened is closed")


if __name__ == "__main__":
    unittest.main()
