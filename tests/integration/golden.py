# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people are shown, word for word: a test runs a situation in English and in Japanese, and the file
golden/NAME.txt has what jpkictl said. NAME is the test's name without test_.

    class Status(golden.TestCase):
        @golden.situation
        def test_status_of_a_card(self):
            self.shows("status")                            # runs it, and notes command, output and exit status
            self.shows("cert", "sign", pin=b"ABC123")       # a secret goes by descriptor
            screen = self.terminal("pin", "verify", "auth") # …or is typed
            screen.answer(b"1234\\n")                        # waits for a question, and types
            self.shows_screen(screen)                       # waits for the end, and notes the screen

The test runs twice, with a new card and an empty ledger each time. The day is NOW, the certificates end on LAST_DAY, and what
differs from run to run (serial numbers, keys, paths) is noted as a word in braces. JPKID_GOLDEN=update writes the files;
read what has changed before you commit it. test_messages.py finds messages that no situation has shown.
"""
import datetime
import difflib
import functools
import os
import re
import tempfile
import unittest

import jpkictl
import preload
import stack

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden")
LANGUAGES = {"en": "C.UTF-8", "ja": "ja_JP.UTF-8"}
JAPAN = datetime.timezone(datetime.timedelta(hours=9))
UPDATE = os.environ.get("JPKID_GOLDEN") == "update"

# What differs from run to run, and the word for it. A test may add to its class's WORDS.
WORDS = (
    (r"/org/jpkid1/card/\d+", "/org/jpkid1/card/{N}"),
    (r"\b[0-9A-Fa-f]{64}\b|\b(?:[0-9A-F]{2}:){31}[0-9A-F]{2}\b", "{SHA-256}"),
    (r"\b[0-9A-F]{2}(?::[0-9A-F]{2}){3}\b|\b[4-7][0-9A-F]{7}\b", "{SERIAL}"),
    (r"\b[0-9A-Z]{22,23}\b", "{NAME}"),
)


def situation(method):
    name = method.__name__.removeprefix("test_")

    @functools.wraps(method)
    def both(self):
        notes = []
        for self.language in LANGUAGES:
            self.notes = [f"===== {self.language} =====\n"]
            method(self)
            notes += self.notes
            self.renew()
        self.compare(name, self.in_words("".join(notes)))
    return both


def commands(help_text):
    """The words of each command that `jpkictl --help` has shown."""
    return [line.split() for line in re.findall(r"(?m)^  ((?:pin )?[a-z]+)(?: [^ -]+)* {2,}", help_text)]


class Screen(jpkictl.Terminal):
    answered = 0        # so much of the screen

    def answer(self, keys):
        """To the next question, which ends in a colon."""
        def is_asked():
            self._look()
            return self.screen[self.answered:].endswith(b": ")
        stack.wait_until(is_asked, "a question")
        self.answered = len(self.screen)
        self.type(keys)


class Notes:
    """What a TestCase needs for situations; it has a stack, a folder, and renew() for what a situation has used up."""
    NOW = datetime.datetime(2029, 11, 22, 12, tzinfo=JAPAN)
    WORDS = ()
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.clock = preload.Clock(int(cls.NOW.timestamp()))
        cls.DAEMON_ENVIRONMENT = cls.clock.environment
        super().setUpClass()

    @property
    def environment(self):
        return {**self.clock.environment, "LANG": LANGUAGES[self.language], "TZ": "Asia/Tokyo", "TERM": "xterm"}

    def note(self, command, output, status):
        ending = "" if not output or output.endswith("\n") else "\n"
        self.notes.append(f"$ {command}\n{output}{ending}" + (f"[{status}]\n" if status else "") + "\n")

    def shows(self, *arguments, command=None, env=None, **options):
        """Answers the CompletedProcess."""
        done = self.stack.jpkictl(*arguments, env={**self.environment, **(env or {})}, **options)
        self.note(command or " ".join(("jpkictl", *arguments)), done.stdout + done.stderr, done.returncode)
        return done

    def terminal(self, *arguments, env=None, **options):
        screen = Screen(stack.program("jpkictl"), *arguments, env={**os.environ, **self.environment, **(env or {})},
                        **options)
        screen.command = " ".join(("jpkictl", *arguments))
        self.addCleanup(screen.close)
        return screen

    def shows_screen(self, screen):
        status = screen.end()
        self.note(screen.command, screen.screen.decode().replace("\r\n", "\n"), status)

    def in_words(self, text):
        text = text.replace(self.folder, "{FOLDER}")
        for pattern, word in (*self.WORDS, *WORDS):
            text = re.sub(pattern, word, text)
        return text

    def compare(self, name, text):
        path = os.path.join(FOLDER, f"{name}.txt")
        if UPDATE:
            os.makedirs(FOLDER, exist_ok=True)
            with open(path, "w") as file:
                file.write(text)
            return
        with open(path) as file:
            golden = file.read()
        if golden != text:
            self.fail("\n".join(difflib.unified_diff(golden.splitlines(), text.splitlines(), f"golden/{name}.txt",
                                                     "what is shown now", lineterm="")))


class TestCase(Notes, jpkictl.TestCase):
    LAST_DAY = "2030-08-15"

    @classmethod
    def setUpClass(cls):
        cls.pki = os.path.join(stack.WORK, f"pki-{cls.LAST_DAY}")
        cls.CARD_OPTIONS = (*cls.CARD_OPTIONS, f"--pki={cls.pki}", f"--not-after={cls.LAST_DAY}")
        super().setUpClass()

    def renew(self):
        for number in self.stack.cards:
            self.forgive(number)


class TestCaseOfParts(Notes, unittest.TestCase):
    """Without a card: these parts run, and a test starts what else there is."""
    PARTS = ("bus",)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack = cls.enterClassContext(stack.Stack(start=cls.PARTS))

    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def renew(self):
        """Nothing is used up."""
