# SPDX-License-Identifier: LGPL-2.1-or-later
"""jpkid-agent, with a service and a pinentry that do what a test says; and with real pinentries in a terminal."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
import urllib.parse

import dbus
import dbus.lowlevel
from gi.repository import GLib

import client
import stack
from jpkictl import Terminal

AGENT = "org.jpkid1.Agent"
GONE = "org.freedesktop.DBus.Error."


class Caller(client.Client):
    """Somebody on the bus who calls an agent."""

    def close(self):
        super().close()
        handle_messages()       # the last ones, while there is somebody to tell

    def request(self, agent, number=1, caller_pid=None, reason=None, signature="ta{sv}", **details):
        """RequestPin, with the details of the auth PIN where no other are given; None leaves one out."""
        details = {"applet": "auth", "card": dbus.ObjectPath("/org/jpkid1/card/0"), "tries_left": 3,
                   "min": dbus.UInt32(4), "max": dbus.UInt32(4), "reason": reason,
                   "caller_pid": None if caller_pid is None else dbus.UInt32(caller_pid), **details}
        details = {key.replace("_", "-"): value for key, value in details.items() if value is not None}
        return self._start(agent, "RequestPin", signature, dbus.UInt64(number),
                           dbus.Dictionary(details, signature="sv"))

    def request_sign(self, agent, **details):
        return self.request(agent, **{"applet": "sign", "tries_left": 5, "min": dbus.UInt32(6), "max": dbus.UInt32(16),
                                      **details})

    def cancel(self, agent, number):
        return self._start(agent, "Cancel", "t", dbus.UInt64(number)).result()

    def _start(self, agent, member, signature, *arguments):
        message = dbus.lowlevel.MethodCallMessage(agent, "/org/jpkid1/agent", AGENT, member)
        message.append(*arguments, signature=signature)
        return client.Call(self.connection, message)


class Service(Caller):
    """What agents see of jpkid: it has its name and user, and lets everybody register."""

    def __init__(self, refusal=None):
        super().__init__("jpkid")
        self.registered, self.refusal = [], refusal
        self.connection.add_message_filter(self._take)
        self.connection.request_name(client.NAME, dbus.bus.NAME_FLAG_DO_NOT_QUEUE)

    def _take(self, _, message):
        if message.get_type() != 1 or message.get_member() != "RegisterAgent":
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        if self.refusal:
            reply = dbus.lowlevel.ErrorMessage(message, self.refusal, "No.")
        else:
            reply = dbus.lowlevel.MethodReturnMessage(message)
            self.registered.append((message.get_sender(), *message.get_args_list()))
        self.connection.send_message(reply)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def wait_for_agent(self):
        wait_until(lambda: self.registered, "an agent")
        return self.registered[-1][0]


def handle_messages():
    while GLib.MainContext.default().iteration(False):
        pass


def wait_until(is_so, what):
    """As stack's, while what comes from the bus is handled."""
    def is_so_now():
        handle_messages()
        return is_so()
    stack.wait_until(is_so_now, what)


def content_of(descriptor):
    with os.fdopen(descriptor.take(), "rb") as file:
        return file.read()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(word) for word in file.read().split()]


def memory(pid, locked=None):
    """The content of the process's memory: all, or only what is locked, or only what is not."""
    found = b""
    with open(f"/proc/{pid}/smaps") as maps, open(f"/proc/{pid}/mem", "rb") as file:
        for line in maps:
            if match := re.match("([0-9a-f]+)-([0-9a-f]+) ", line):
                start, end = (int(word, 16) for word in match.groups())
            if not line.startswith("VmFlags:") or (locked is not None and (" lo" in line) != locked):
                continue
            if end - start > 1 << 30:       # AddressSanitizer's, of 16 TiB
                continue
            with contextlib.suppress(OSError, ValueError):      # what the kernel keeps to itself
                file.seek(start)
                found += file.read(end - start)
    return found


class Agent:
    """What tests of an agent do; for a TestCase."""

    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(dir=stack.WORK)
        os.chmod(self.folder, 0o777)
        self.pinentry = self.path("pinentry")
        shutil.copy(os.path.join(stack.TOP, "tests/integration/pinentry.py"), self.pinentry)
        os.chmod(self.pinentry, 0o755)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start_program(self, *options, user="alice", **environment):
        environment = {"PATH": "/usr/bin:/bin", "LANG": "ja_JP.UTF-8", **{
            key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}, **environment}
        self.agent = stack.Process(self.id().rpartition(".")[2], stack.as_user(user, [
            stack.program("jpkid-agent"), *(options or [f"--pinentry={self.pinentry}"])]), env=environment)
        self.addCleanup(self.agent.stop)

    def will_answer(self, *answers):
        with open(self.path("answers"), "w") as file:
            file.write("".join(answer + "\n" for answer in answers))
        os.chmod(self.path("answers"), 0o666)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path("record"))

    def record(self):
        """What pinentry was asked, in order: (command, text)."""
        with contextlib.suppress(FileNotFoundError):
            with open(self.path("record"), "rb") as file:
                return [(words[0].decode(), words[-1] if len(words) > 1 else b"")
                        for words in (line.split(b" ", 1) for line in file.read().split(b"\n")[:-1])]
        return []

    def asked(self):
        return [command for command, _ in self.record() if command in ("CONFIRM", "GETPIN")]

    def shown(self, command="SETDESC"):
        """The texts of this command, in order."""
        return [urllib.parse.unquote_to_bytes(text).decode() for was, text in self.record() if was == command]

    def wait_for_dialog(self):
        """Until pinentry waits; answers its process."""
        stack.wait_until(lambda: ("asleep", b"") in self.record(), "a dialogue")
        return next(int(text) for command, text in reversed(self.record()) if command == "start")

    def wait_for_end(self, pid):
        def has_ended():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                with open(f"/proc/{pid}/stat") as file:
                    return " Z " in file.read()
            return True
        stack.wait_until(has_ended, f"{pid} ends")

    def check_refused(self, call, *names):
        with self.assertRaises(client.Refused) as caught:
            call.result()
        self.assertIn(caught.exception.name, names, caught.exception)
        return str(caught.exception.body[0])


class TestCase(Agent, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = stack.Stack(start=["bus"])
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.stop)

    def start_service(self, **options):
        service = Service(**options)
        self.addCleanup(service.close)
        return service

    def start_agent(self, *options, wait=True, **environment):
        """…as alice; with a service there, until it has registered: answers its name on the bus."""
        self.start_program(*options, **environment)
        return self.service.wait_for_agent() if wait else None


class WithService(TestCase):
    def setUp(self):
        super().setUp()
        self.service = self.start_service()


class Questions(WithService):
    def setUp(self):
        super().setUp()
        self.name = self.start_agent()

    def test_the_pin_arrives_byte_for_byte_and_then_the_end(self):
        self.will_answer("pin 1234", "pin ABC123def", "pin 0123456789abcdeF")
        self.assertEqual(b"1234", content_of(self.service.request(self.name).result()))
        for pin in (b"ABC123def", b"0123456789abcdeF"):
            self.assertEqual(pin, content_of(self.service.request_sign(self.name).result()))
        self.assertEqual(["GETPIN"] * 3, self.asked())

    def test_a_person_is_told_what_for_and_how_many_tries_are_left(self):
        self.will_answer("pin 1234", "pin ABC123")
        self.service.request(self.name, tries_left=2).result()
        self.service.request_sign(self.name).result()
        auth, sign = self.shown()
        for text, password, tries in ((auth, "利用者証明用電子証明書のパスワード(数字4桁)", 2),
                                      (sign, "署名用電子証明書のパスワード(英数字6〜16文字)", 5)):
            first, second, *_ = text.splitlines()
            self.assertTrue(first.startswith(password), text)
            self.assertEqual(f"あと{tries}回間違えるとロックされます。", second)
        self.assertEqual(["パスワード:"] * 2, self.shown("SETPROMPT"))

    def test_who_says_no_gives_no_pin(self):
        for answer in ("cancel", "not-confirmed", "timeout"):
            self.will_answer(answer)
            self.check_refused(self.service.request(self.name), "Dismissed")

    def test_the_dialogue_ends_before_the_service_stops_waiting(self):
        self.will_answer("cancel")
        self.check_refused(self.service.request(self.name), "Dismissed")
        self.assertIn(int(self.shown("SETTIMEOUT")[0]), range(100, 111))

    def test_the_last_try_is_asked_for_before_the_pin(self):
        self.will_answer("ok", "pin 1234")
        self.assertEqual(b"1234", content_of(self.service.request(self.name, tries_left=1).result()))
        self.assertEqual(["CONFIRM", "GETPIN"], self.asked())
        consent, request = self.shown()
        for words in ("利用者証明用", "残り1回", "ロックされます", "市区町村の窓口", "「JPKI暗証番号リセット」",
                      "端末"):
            self.assertIn(words, consent)
        self.assertIn("残り1回", request)
        self.assertEqual(["最後の1回を使う", "OK"], self.shown("SETOK"))
        self.assertEqual(["使わない", "キャンセル"], self.shown("SETCANCEL"))

    def test_without_consent_to_the_last_try_no_pin_is_asked_for(self):
        for answer in ("cancel", "not-confirmed", "timeout", "die", "garbage"):
            self.will_answer(answer, "pin 1234")
            self.check_refused(self.service.request(self.name, tries_left=1), "Dismissed", GONE + "Failed")
            self.assertEqual(["CONFIRM"], self.asked())

    def test_only_the_last_try_needs_consent(self):
        self.will_answer("pin 1234")
        self.service.request(self.name, tries_left=2).result()
        self.assertEqual(["GETPIN"], self.asked())

    def test_what_cannot_be_a_pin_is_asked_again_with_what_it_should_be(self):
        bad = ["pin", "pin 123", "pin 12345", "pin 12a4"]
        self.will_answer(*bad, "pin 1234")
        self.assertEqual(b"1234", content_of(self.service.request(self.name).result()))
        errors = self.shown("SETERROR")
        self.assertEqual(len(bad), len(errors))
        for error in errors:
            self.assertIn("数字4桁", error)
        bad = ["pin ABC12", "pin ABCDEFGH123456789", "pin ABC-123", "pin ABC123あ"]
        self.will_answer(*bad, "pin ABC123")
        self.assertEqual(b"ABC123", content_of(self.service.request_sign(self.name).result()))
        self.assertEqual(len(bad), len(self.shown("SETERROR")))

    def test_a_pinentry_that_answers_by_itself_is_not_asked_for_ever(self):
        self.will_answer(*["pin x"] * 50)
        self.check_refused(self.service.request(self.name), "Dismissed")
        self.assertLess(len(self.asked()), 10)

    def test_cancel_closes_the_dialogue(self):
        for answer in ("wait", "hang"):
            self.will_answer(answer)
            question = self.service.request(self.name, number=7)
            pid = self.wait_for_dialog()
            self.service.cancel(self.name, 8)
            self.assertTrue(os.path.exists(f"/proc/{pid}"))
            self.service.cancel(self.name, 7)
            self.check_refused(question, "Dismissed")
            self.wait_for_end(pid)
        stack.wait_until(lambda: not children(self.agent.pid), "no question is asked")

    def test_the_questions_of_a_service_that_leaves_are_closed(self):
        self.will_answer("wait")
        self.service.request(self.name)
        self.service.request(self.name, number=2)
        pid = self.wait_for_dialog()
        self.service.close()
        self.wait_for_end(pid)
        stack.wait_until(lambda: not children(self.agent.pid), "no question is asked")
        self.assertEqual(["GETPIN"], self.asked())

    def test_two_questions_are_asked_one_after_the_other(self):
        self.will_answer("wait", "pin 1234")
        first, second = (self.service.request(self.name, number=number) for number in (1, 2))
        self.wait_for_dialog()
        self.assertEqual(1, len(children(self.agent.pid)))
        self.service.cancel(self.name, 1)
        self.check_refused(first, "Dismissed")
        self.assertEqual(b"1234", content_of(second.result()))

    def test_a_question_that_waits_can_be_cancelled(self):
        self.will_answer("wait")
        first, second = (self.service.request(self.name, number=number) for number in (1, 2))
        self.wait_for_dialog()
        self.service.cancel(self.name, 2)
        self.check_refused(second, "Dismissed")
        self.assertIsNone(first.reply)

    def test_a_pinentry_that_fails_is_no_refusal_and_is_logged(self):
        for answer in ("die", "garbage"):
            self.will_answer(answer)
            self.assertIn("jpkid-agent", self.check_refused(self.service.request(self.name), GONE + "Failed"))
        self.assertIn("pinentry: ", self.agent.log_text())

    def test_an_endless_answer_does_no_harm(self):
        self.will_answer("endless")
        question = self.service.request(self.name)
        stack.wait_until(self.asked, "a dialogue")
        self.service.cancel(self.name, 1)
        self.check_refused(question, "Dismissed")

    def test_details_that_lack_what_a_person_must_be_told_are_refused(self):
        wrong = [{"applet": None}, {"applet": "other"}, {"tries_left": None}, {"tries_left": 0}, {"tries_left": -1},
                 {"tries_left": "3"}, {"card": None}, {"min": None}, {"max": None}, {"max": dbus.UInt32(3)}]
        for details in wrong:
            self.check_refused(self.service.request(self.name, **details), GONE + "InvalidArgs")
        self.check_refused(self.service.request(self.name, signature="ia{sv}"), GONE + "InvalidArgs")
        self.assertEqual([], self.record())

    def test_details_that_it_does_not_know_are_passed_over(self):
        self.will_answer("pin 1234")
        self.service.request(self.name, **{"new": "something"}).result()


class Display(WithService):
    def setUp(self):
        super().setUp()
        self.name = self.start_agent()

    def described(self, **details):
        self.will_answer("pin 1234")
        self.service.request(self.name, **details).result()
        return self.shown()[0]

    def program(self, name, *arguments):
        """A process of alice's that has this name."""
        process = subprocess.Popen(stack.as_user("alice", [os.path.join(os.fsencode(self.folder), name), *arguments]))
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.wait_for_name(process, name[:15])
        return process.pid

    @staticmethod
    def wait_for_name(process, name):
        def has_it():
            with open(f"/proc/{process.pid}/comm", "rb") as file:
                return file.read() == name + b"\n"
        stack.wait_until(has_it, "it runs")

    def test_the_program_that_asks_is_named(self):
        shutil.copy("/bin/sleep", self.path("my-browser"))
        self.assertIn("プログラム(参考): my-browser", self.described(caller_pid=self.program(b"my-browser", "100")))

    def test_a_script_is_named_with_what_runs_it(self):
        with open(self.path("login"), "w") as file:
            file.write("#!/bin/bash\nread\n")
        os.chmod(self.path("login"), 0o755)
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        process = subprocess.Popen(stack.as_user("alice", [self.path("login")]), stdin=reader)
        os.close(reader)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.wait_for_name(process, b"login")
        self.assertIn("(参考): login (bash)", self.described(caller_pid=process.pid))

    def test_a_program_that_is_not_known_is_said_to_be_so(self):
        self.assertIn("(参考): 不明", self.described())
        self.assertIn("(参考): 不明", self.described(caller_pid=4000000000))

    def test_a_hostile_name_is_harmless(self):
        name = b"a\x1b[31m%0A\n\xff<b>\xe2\x80\xaex"
        shutil.copy("/bin/sleep", os.path.join(os.fsencode(self.folder), name))
        text = self.described(caller_pid=self.program(name, "100"))
        self.assertIn("(参考): a?[31m%0A??‹b›???x", text)
        self.assertIn("あと3回", text)

    def test_the_reason_is_shown_as_the_programs_own_words(self):
        self.assertTrue(self.described(reason="Log in to example.jp").endswith(
            "\n理由(プログラムの申告): Log in to example.jp"))

    def test_a_hostile_reason_is_harmless(self):
        text = self.described(reason="100%25 \x1b]0;x\x07\r\nOK\nGETPIN\n<b>\u202e\u2028\u0085\u200b'\"$(id)`id`")
        self.assertTrue(text.endswith("100%25 ?]0;x???OK?GETPIN?‹b›???????????'\"$(id)`id`"), text)
        self.assertEqual(["GETPIN"], self.asked())

    def test_a_reason_without_end_is_cut_and_all_else_is_shown(self):
        for reason in ("%" * 2000, "あ" * 2000, "a" * 5000):
            text = self.described(reason=reason)
            self.assertIn("あと3回間違えるとロックされます。", text)
            self.assertTrue(reason.startswith(text[text.index("の申告): ") + 6:]))

    def test_lines_are_never_longer_than_the_protocol_has(self):
        self.described(reason="%" * 2000)
        self.assertLessEqual(max(len(command) + 1 + len(text) for command, text in self.record()), 1000)


class Languages(WithService):
    def described(self, **environment):
        name = self.start_agent(**{"LANG": "", **environment})
        self.will_answer("pin 1234")
        self.service.request(name, tries_left=3).result()
        return self.shown()[0]

    def test_a_japanese_session_reads_japanese(self):
        self.assertIn("あと3回", self.described(LANG="C.UTF-8", LC_MESSAGES="ja_JP.UTF-8"))

    def test_an_empty_list_of_languages_is_none(self):
        self.assertIn("あと3回", self.described(LANG="ja_JP.eucJP", LANGUAGE=""))

    def test_a_list_of_languages_comes_first(self):
        self.assertIn("3 wrong entries", self.described(LANG="ja_JP.eucJP", LANGUAGE="en"))

    def test_any_other_reads_english(self):
        text = self.described(LANG="ja_JP.UTF-8", LC_ALL="de_DE.UTF-8")
        self.assertRegex(text, r"\AEnter the auth PIN .*4 digits.*\n"
                               r"3 wrong entries will lock it")

    def test_pinentry_is_told_where_and_in_which_locale_to_show(self):
        self.described(LANG="ja_JP.UTF-8", GPG_TTY="/dev/pts/77", TERM="vt100", DISPLAY=":7")
        options = {bytes(text) for command, text in self.record() if command == "OPTION"}
        self.assertLessEqual({b"ttyname=/dev/pts/77", b"ttytype=vt100", b"display=:7", b"lc-ctype=ja_JP.UTF-8",
                              b"lc-messages=ja_JP.UTF-8"}, options)


class Secrecy(WithService):
    TYPED = "pin Q7X9W2K4M8"

    def start(self):
        return self.start_agent(f"--pinentry={self.pinentry}", ASSUAN_DEBUG="255", ASSUAN_FULL_LOGGING="1")

    def test_the_agent_never_has_the_pin(self):
        name = self.start()
        self.will_answer(self.TYPED)
        answer = self.service.request_sign(name).result()
        everything = memory(self.agent.pid)
        self.assertEqual((True, False), (b"org.jpkid1.Agent" in everything, b"Q7X9W2K4M8" in everything))
        self.assertEqual(b"Q7X9W2K4M8", content_of(answer))
        self.assertNotIn("Q7X9W2K4M8", self.agent.log_text())

    @unittest.skipIf("ASAN_OPTIONS" in os.environ, "AddressSanitizer lets nobody lock memory")
    def test_what_was_typed_is_in_locked_memory_only(self):
        name = self.start()
        self.will_answer("pin not-a-pin-Q7X9W2K4M8", "wait")
        self.service.request_sign(name)
        self.wait_for_dialog()
        child, = children(self.agent.pid)
        locked, unlocked = memory(child, locked=True), memory(child, locked=False)
        self.assertEqual((True, True, False), (b"Q7X9W2K4M8" in locked, b"org.jpkid1.Agent" in unlocked,
                                               b"Q7X9W2K4M8" in unlocked))
        for process in (child, self.agent.pid):
            for name in ("cmdline", "environ"):
                with open(f"/proc/{process}/{name}", "rb") as file:
                    self.assertNotIn(b"Q7X9W2K4M8", file.read())

    def test_no_other_program_of_its_user_can_look_into_it(self):
        name = self.start()
        self.will_answer("wait")
        self.service.request(name)
        self.wait_for_dialog()
        for process in (self.agent.pid, *children(self.agent.pid)):
            self.assertEqual(0, os.stat(f"/proc/{process}/mem").st_uid)

    def test_pinentry_gets_no_descriptor_but_its_own(self):
        name = self.start()
        self.will_answer("wait")
        self.service.request(name)
        pid = self.wait_for_dialog()
        self.assertEqual({"0", "1", "2"}, set(os.listdir(f"/proc/{pid}/fd")))

    def test_the_process_that_asks_has_no_connection_to_the_bus(self):
        name = self.start()
        self.will_answer("wait")
        self.service.request(name)
        self.wait_for_dialog()
        child, = children(self.agent.pid)
        self.assertEqual([], [link for fd in os.listdir(f"/proc/{child}/fd")
                              if (link := os.readlink(f"/proc/{child}/fd/{fd}")).startswith(("anon_inode", "socket:"))])


class Strangers(WithService):
    def setUp(self):
        super().setUp()
        self.name = self.start_agent()
        self.stranger = Caller()       # root, whom the bus lets through
        self.addCleanup(self.stranger.close)

    def test_only_the_service_may_ask(self):
        refusal = self.check_refused(self.stranger.request(self.name), GONE + "AccessDenied")
        self.assertIn("Only the service", refusal)
        self.assertEqual([], self.record())

    def test_only_the_service_may_cancel(self):
        self.will_answer("wait")
        self.service.request(self.name, number=7)
        pid = self.wait_for_dialog()
        with self.assertRaises(client.Refused):
            self.stranger.cancel(self.name, 7)
        self.assertTrue(os.path.exists(f"/proc/{pid}"))

    def test_who_says_to_be_the_service_is_not_believed(self):
        forged = dbus.lowlevel.SignalMessage("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged")
        forged.append(client.NAME, self.service.connection.get_unique_name(),
                      self.stranger.connection.get_unique_name(), signature="sss")
        forged.set_destination(self.name)
        self.stranger.connection.send_message(forged)
        self.check_refused(self.stranger.request(self.name), GONE + "AccessDenied")
        self.will_answer("pin 1234")
        self.service.request(self.name).result()

    def test_a_service_that_has_left_is_a_stranger(self):
        self.service.connection.release_name(client.NAME)
        stack.wait_until(lambda: "終了しました" in self.agent.log_text(), "the agent knows")
        self.check_refused(self.service.request(self.name), GONE + "AccessDenied")


class ComingsAndGoings(TestCase):
    def test_it_waits_for_a_service_that_is_not_there(self):
        self.start_agent(wait=False)
        stack.wait_until(lambda: "動作していません" in self.agent.log_text(), "the agent waits")
        self.service = self.start_service()
        self.will_answer("pin 1234")
        self.service.request(self.service.wait_for_agent()).result()

    def test_it_registers_again_when_the_service_is_restarted(self):
        self.service = self.start_service()
        name = self.start_agent()
        self.service.close()
        again = self.start_service()
        self.assertEqual(name, again.wait_for_agent())
        self.will_answer("pin 1234")
        again.request(name).result()
        self.assertEqual([(name, "/org/jpkid1/agent", {})], again.registered)

    def ends_badly(self):
        stack.wait_until(lambda: not self.agent.is_running(), "the agent ends")
        self.agent.was_killed = True        # so that this is no error of the test
        self.assertEqual(1, self.agent.popen.returncode)

    def test_a_service_that_refuses_it_ends_it_with_failure(self):
        self.service = self.start_service(refusal="org.freedesktop.DBus.Error.LimitsExceeded")
        self.start_agent(wait=False)
        wait_until(lambda: not self.agent.is_running(), "the agent ends")
        self.ends_badly()
        self.assertIn("拒否しました: ", self.agent.log_text())

    def test_without_a_bus_it_ends_with_failure(self):
        bus = self.stack.bus
        self.service = self.start_service()
        name = self.start_agent()
        self.will_answer("wait")
        self.service.request(name)
        pid = self.wait_for_dialog()
        bus.stop()
        self.stack.start_bus()
        self.ends_badly()
        self.wait_for_end(pid)
        self.start_agent(wait=False, DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere")
        self.ends_badly()
        self.assertIn("接続できません", self.agent.log_text())

    def test_stopped_it_closes_the_dialogue_and_ends_well(self):
        self.service = self.start_service()
        name = self.start_agent()
        for answer in ("wait", "hang"):
            self.will_answer(answer)
            question = self.service.request(name)
            pid = self.wait_for_dialog()
            self.agent.stop()
            self.check_refused(question, "Dismissed")
            self.wait_for_end(pid)
            self.assertEqual(0, self.agent.popen.returncode)
            self.service.registered.clear()
            name = self.start_agent()

    def test_killed_it_takes_the_dialogue_along(self):
        self.service = self.start_service()
        name = self.start_agent()
        self.will_answer("wait")
        self.service.request(name)
        pid = self.wait_for_dialog()
        self.agent.kill()
        self.wait_for_end(pid)


class Programs(WithService):
    def test_pinentry_is_looked_for_in_the_path_at_each_question(self):
        bin_folder = self.path("bin")
        os.mkdir(bin_folder)
        name = self.start_agent("--pinentry=my-pinentry", PATH=f".::{bin_folder}:/usr/bin:/bin")
        self.check_refused(self.service.request(name), GONE + "Failed")
        self.assertIn("「my-pinentry」を実行できません", self.agent.log_text())
        os.symlink(self.pinentry, os.path.join(bin_folder, "my-pinentry"))
        self.will_answer("pin 1234")
        # The record is beside the link's name.
        os.rename(self.path("answers"), os.path.join(bin_folder, "answers"))
        os.chmod(bin_folder, 0o777)
        self.assertEqual(b"1234", content_of(self.service.request(name).result()))

    def test_what_is_no_pinentry_fails(self):
        for path in ("/bin/true", "/bin/date", "/nonexistent", "/"):
            self.service.registered.clear()
            name = self.start_agent(f"--pinentry={path}")
            self.check_refused(self.service.request(name), GONE + "Failed")

    def run_agent(self, *words, **environment):
        return subprocess.run([stack.program("jpkid-agent"), *words], capture_output=True, text=True,
                              timeout=stack.PATIENCE, env={**os.environ, **environment})

    def test_a_bus_that_does_not_answer_ends_it(self):
        with stack.hanging_bus() as environment:
            done = self.run_agent(**environment)
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stderr, r"\A[^\n]*system bus cannot be reached: Connection timed out\n\Z")

    def test_help_and_version_are_printed(self):
        self.assertIn("--pinentry=PATH", self.run_agent("--help").stdout)
        self.assertRegex(self.run_agent("--version").stdout, r"\Ajpkid-agent \d")

    def test_help_that_cannot_be_printed_is_told(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([stack.program("jpkid-agent"), "--help"], stdout=full, stderr=subprocess.PIPE, text=True)
        self.assertEqual(1, done.returncode)
        self.assertIn("Standard output cannot be written: No space left on device", done.stderr)

    def test_options_are_not_abbreviated_nor_guessed(self):
        for words in (["--pin=x"], ["--vers"], ["--other"], ["word"], ["--pinentry"], ["--pinentry="], ["-p", "x"]):
            done = self.run_agent(*words)
            self.assertEqual((1, ""), (done.returncode, done.stdout), words)
            self.assertIn("--help", done.stderr)


class RealPinentry(WithService):
    """In the terminal that GPG_TTY names; what they look like is theirs."""

    def ask(self, program, script='GPG_TTY=$(tty) exec "$0" "$@"', **details):
        terminal = Terminal("bash", "-c", script, stack.program("jpkid-agent"),
                            f"--pinentry={program}", env={**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8"})
        self.addCleanup(terminal.close)
        question = self.service.request(self.service.wait_for_agent(), **details)
        return terminal, question

    def test_curses(self):
        terminal, question = self.ask("pinentry-curses", reason="Log in")
        terminal.wait_for("3 wrong entries will lock it")
        terminal.wait_for("Log in")
        terminal.type(b"12\r")
        terminal.wait_for("Nothing was sent")
        self.assertNotIn(b"1234", terminal.screen)
        terminal.type(b"1234\r")
        self.assertEqual(b"1234", content_of(question.result()))

    def test_curses_where_the_agent_is_a_shells_job_in_the_background(self):
        terminal, question = self.ask("pinentry-curses", script='set -m; GPG_TTY=$(tty) "$0" "$@" & wait')
        agent, = children(terminal.process.pid)
        self.addCleanup(self.wait_for_end, agent)
        self.addCleanup(os.kill, agent, signal.SIGTERM)
        terminal.wait_for("PIN:")
        terminal.type(b"1234\r")
        self.assertEqual(b"1234", content_of(question.result()))

    def test_curses_restores_the_terminal_when_the_question_is_cancelled(self):
        terminal, question = self.ask("pinentry-curses", number=5)
        terminal.wait_for("PIN:")
        self.assertFalse(terminal.is_restored())
        self.service.cancel(self.service.wait_for_agent(), 5)
        self.check_refused(question, "Dismissed")
        self.assertTrue(terminal.is_restored())

    def test_tty(self):
        terminal, question = self.ask("pinentry-tty")
        terminal.wait_for("3 wrong entries will lock it")
        terminal.wait_for("PIN:")
        terminal.type(b"1234\r")
        self.assertEqual(b"1234", content_of(question.result()))

    def test_the_last_try_in_curses(self):
        terminal, question = self.ask("pinentry-curses", tries_left=1)
        terminal.wait_for("Use the last try?")
        terminal.type(b"\t\r")
        self.check_refused(question, "Dismissed")


class WithDaemon(Agent, client.TestCase):
    """The real service and a card; agent and caller are root's, who needs no polkit."""

    def setUp(self):
        super().setUp()
        self.start_program(user="root")
        stack.wait_until(lambda: "登録しました" in self.agent.log_text(), "the agent has registered")

    def sign(self, kind="auth", caller=None, **options):
        caller = caller or self.client
        return caller.applet(kind).start("Sign", "rsa-pkcs1-sha256", bytes(32), interactive=True, **options)

    def test_a_signature_by_a_pin_that_a_person_types(self):
        for kind, pin in client.PIN.items():
            self.will_answer(f"pin {pin.decode()}")
            signature = self.sign(kind, reason="Log in to example.jp").result()
            self.assertTrue(client.verifies(client.pki(f"{kind}.der"), signature, bytes(32), "digest:sha256"))
            self.assertIn(f"あと{client.TRIES_MAX[kind]}回", self.shown()[0])
            self.assertIn("Log in to example.jp", self.shown()[0])

    def test_a_person_who_says_no_spends_no_try(self):
        self.will_answer("cancel")
        with self.no_try_spent(), self.refused("Dismissed"):
            self.sign().result()

    def test_a_wrong_pin_is_not_asked_for_again(self):
        self.will_answer(f"pin {client.WRONG_PIN['auth'].decode()}", "pin 1234")
        with self.refused("PinIncorrect"):
            self.sign().result()
        self.assertEqual(["GETPIN"], self.asked())

    def test_when_the_card_goes_the_dialogue_closes(self):
        self.will_answer("wait")
        question = self.sign()
        pid = self.wait_for_dialog()
        self.pull()
        self.wait_for_end(pid)
        with self.refused("CardRemoved"):
            question.result()
        self.insert()

    def test_when_the_caller_goes_the_dialogue_closes(self):
        self.will_answer("wait")
        caller = self.new_client()
        self.sign(caller=caller)
        pid = self.wait_for_dialog()
        caller.close()
        self.wait_for_end(pid)
