# SPDX-License-Identifier: LGPL-2.1-or-later
"""What jpkid-agent asks, tells and logs, in both languages, with a service whose cards are what a test says."""
import contextlib
import os
import subprocess
import unittest
import urllib.parse

import dbus

import client
import golden
import stack
import test_notices
from test_agent_program import content_of, wait_until
from test_notices import dates


class Agent(test_notices.TestCase):
    WORDS = (
        (r"No such file or directory|そのようなファイルやディレクトリはありません", "{NOT THERE}"),
        (r"Permission denied|許可がありません", "{NOT ALLOWED}"),
        (r"Protocol error|プロトコルエラー", "{NO SUCH TIME}"),
    )
    maxDiff = None

    compare = golden.TestCase.compare
    note = golden.TestCase.note
    in_words = golden.TestCase.in_words

    @property
    def LANG(self):
        return golden.LANGUAGES[self.language]

    def dialogs(self):
        """What pinentry was given to show, in order."""
        names = {"SETTITLE": "title", "SETDESC": "description", "SETERROR": "error", "SETPROMPT": "prompt",
                 "SETOK": "ok", "SETCANCEL": "cancel"}
        return "".join(f"{names[command]}: {urllib.parse.unquote_to_bytes(text).decode()}\n"
                       for command, text in self.record() if command in names)

    def asks(self, command, *answers, method="request", **details):
        self.will_answer(*answers)
        with contextlib.suppress(client.Refused):
            content_of(getattr(self.service, method)(self.name, **details).result())
        self.note(command, self.dialogs(), 0)

    def begins(self, *moment, **environment):
        """The agent anew, as if it had told nothing and said nothing."""
        subprocess.run(["rm", "-rf", self.state], check=True)
        self.name = self.start_at(*(moment or (2040, 6, 1)), **environment)

    def notes_notices(self, command):
        self.note(command, "".join(f"{shown.summary}\n{shown.body}\n" for shown in self.server.shown), 0)

    def said(self):
        text = self.agent.log_text()
        self.agent.log_start += len(text.encode())
        return text

    def renew(self):
        """After each language."""
        self.service.objects.clear()
        if hasattr(self, "agent"):
            self.agent.stop()
            self.said()

    @golden.situation
    def test_the_agent_asks_for_a_pin(self):
        self.begins()
        self.asks("an auth PIN", "pin 12", "pin 1234", tries_left=3, reason="Log in to example.jp")
        self.asks("a sign PIN", "pin ABC", "pin ABC123", method="request_sign", tries_left=2)

    @golden.situation
    def test_the_agent_asks_for_the_last_try(self):
        self.begins()
        both = self.service.put()
        phone, code = self.service.put(type="iphone"), self.service.put(reset=True)
        other_locked = self.service.put(tries=0)
        self.settle(self.name)
        for command, path in (("of a card", both), ("of a phone", phone), ("of a card with a reset code", code),
                              ("of a card whose other PIN is locked", other_locked)):
            self.asks(f"the last try of auth, {command}", "ok", "pin 1234", tries_left=1, card=dbus.ObjectPath(path))
        self.asks("the last try of sign, of a card", "ok", "pin ABC123", method="request_sign", tries_left=1,
                  card=dbus.ObjectPath(both))

    @golden.situation
    def test_the_agent_tells_of_certificates(self):
        for command, moment in (("on the first day of renewal", (2040, 5, 16)), ("a month before the end", (2040, 7, 16)),
                                ("the day before", (2040, 8, 14)), ("on the last day", (2040, 8, 15)),
                                ("after the end", (2040, 8, 16))):
            self.service.objects.clear()
            self.service.put(**dates(2040, 8, 15))
            self.begins(*moment)
            self.notes_notices(f"{command}, with the card in")
        self.service.objects.clear()
        path = self.service.put(**dates(2040, 8, 15))
        self.begins(2040, 1, 1)
        self.service.remove(path)
        self.start_at(2040, 8, 8)
        self.notes_notices("a week before the end, from memory")

    @golden.situation
    def test_the_agent_tells_of_locked_pins(self):
        self.begins()
        for kind in ("auth", "sign"):
            path = self.service.put(tries=1)
            self.settle(self.name)
            self.server.shown.clear()
            self.service.tries(path, kind, 0)
            wait_until(lambda: self.server.shown, "a notice")
            self.notes_notices(f"the {kind} PIN becomes locked")

    @golden.situation
    def test_the_agent_explains_itself(self):
        for words in (["--help"], ["--other"]):
            done = subprocess.run([stack.program("jpkid-agent"), *words], capture_output=True, text=True,
                                  env={**os.environ, "LANG": self.LANG})
            self.note(" ".join(("jpkid-agent", *words)), done.stdout + done.stderr, done.returncode)

    @golden.situation
    def test_the_agent_logs(self):
        self.begins()
        self.service.connection.release_name(client.NAME)
        stack.wait_until(lambda: self.agent.log_text().count("\n") == 2, "the agent knows")
        self.agent.stop()
        self.note("the service comes and goes", self.said(), 0)
        self.start_agent(wait=False, LANG=self.LANG)
        stack.wait_until(self.agent.log_text, "the agent waits")
        self.agent.stop()
        self.note("the service is not there", self.said(), 0)
        self.service.connection.request_name(client.NAME, dbus.bus.NAME_FLAG_DO_NOT_QUEUE)
        self.service.refusal = "org.freedesktop.DBus.Error.LimitsExceeded"
        self.ends("the service refuses it")
        self.service.refusal = None
        self.ends("there is no bus", DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere")
        self.begins()
        self.said()
        self.stack.bus.stop()
        self.note_end("the bus goes")
        self.stack.start_bus()
        self.service = test_notices.Cards()
        self.addCleanup(self.service.close)

    def ends(self, command, **environment):
        self.start_agent(wait=False, LANG=self.LANG, **environment)
        self.note_end(command)

    def note_end(self, command):
        wait_until(lambda: not self.agent.is_running(), "the agent ends")
        self.agent.was_killed = True        # so that this is no error of the test
        self.note(command, self.said(), self.agent.popen.returncode)

    @golden.situation
    def test_the_agent_complains_of_pinentry(self):
        self.begins()
        self.said()
        self.will_answer("die")
        with self.assertRaises(client.Refused):
            self.service.request(self.name).result()
        self.note("pinentry dies", self.said(), 0)
        os.rename(self.pinentry, self.pinentry + ".away")
        with self.assertRaises(client.Refused):
            self.service.request(self.name).result()
        os.rename(self.pinentry + ".away", self.pinentry)
        self.note("there is no pinentry", self.said(), 0)

    def requests_in_vain(self, command, limit):
        """A PIN, from an agent that has no more of something from now on."""
        subprocess.check_call(stack.as_user("alice", ["prlimit", f"--pid={self.agent.pid}", f"--{limit}=0:"]))
        with self.assertRaises(client.Refused):
            self.service.request(self.name).result()
        self.note(command, self.said(), 0)

    @unittest.skipIf("ASAN_OPTIONS" in os.environ, "AddressSanitizer locks no memory, and wants descriptors at the end")
    @golden.situation
    def test_the_agent_gets_no_more_of_the_system(self):
        self.begins()
        self.said()
        self.requests_in_vain("no memory may be locked", "memlock")
        self.requests_in_vain("no process may be started", "nproc")
        self.agent.stop()
        # Of so many descriptors all but one are taken by the system bus; that one is for the timer of notices.
        done = subprocess.run(stack.as_user("alice", ["prlimit", "--nofile=6", stack.program("jpkid-agent")]), text=True,
                              capture_output=True, env={"LANG": self.LANG, "HOME": "/nowhere"}, timeout=stack.PATIENCE)
        self.note("no descriptors are left", done.stderr, done.returncode)

    @golden.situation
    def test_the_agent_complains_of_notices(self):
        self.service.put(**dates(2040, 8, 15))
        self.begins(2040, 8, 1, DBUS_SESSION_BUS_ADDRESS="unix:path=/nowhere")
        self.note("there is no session bus", self.said(), 0)

        folder = os.path.join(self.state, "jpkid")
        with open(os.path.join(folder, "notices"), "w") as file:
            file.write("x")
        self.start_at(2040, 8, 1)
        self.agent.stop()
        self.note("its file is damaged", self.said(), 0)
        os.unlink(os.path.join(folder, "notices"))
        with open(os.path.join(folder, "notices"), "w") as file:
            os.chmod(file.fileno(), 0)
        os.chmod(folder, 0o555)
        self.start_at(2040, 8, 1)
        self.agent.stop()
        self.note("its file can be neither read nor written", self.said(), 0)
        os.chmod(folder, 0o777)
        os.unlink(os.path.join(folder, "notices"))
        self.service.put(not_after=1, renewable_from=2)
        self.start_at(2040, 8, 1)
        self.agent.stop()
        self.note("a certificate has no dates", self.said(), 0)
