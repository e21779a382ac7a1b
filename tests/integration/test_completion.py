# SPDX-License-Identifier: LGPL-2.1-or-later
"""bash and zsh complete jpkictl's command line with the words that jpkictl takes."""
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import golden
import jpkictl
import stack

SCRIPTS = os.path.join(stack.TOP, "client/jpkictl/completions")


def candidates(*words):
    done = jpkictl.run("--complete", *words)
    assert (done.returncode, done.stderr) == (0, b""), done
    return [line.split("\t")[0] for line in done.stdout.decode().splitlines()]


def help_options(*words):
    return set(re.findall(r"(?m)^  (?:-\w, )?(--[a-z-]+)", jpkictl.run(*words, "--help").stdout.decode()))


class Words(unittest.TestCase):
    def test_commands_come_first_and_then_what_they_take(self):
        self.assertLessEqual({"status", "cert", "sign", "pin"}, set(candidates("")))
        self.assertEqual(["status", "verify", "change", "reset"], candidates("pin", ""))
        self.assertEqual(["verify"], candidates("pin", "v"))
        self.assertEqual(["auth", "sign"], candidates("pin", "verify", ""))
        self.assertEqual(["sign"], candidates("cert", "s"))
        self.assertEqual(["<file>"], candidates("sign", "auth", ""))
        self.assertEqual([], candidates("pin", "verify", "auth", ""))
        self.assertEqual([], candidates("nonsense", ""))

    def test_each_command_offers_the_options_that_its_help_has(self):
        for command in golden.commands(jpkictl.run("--help").stdout.decode()):
            with self.subTest(command):
                self.assertEqual(help_options(*command), set(candidates(*command, "--")))

    def test_options_take_what_they_want(self):
        self.assertEqual(["<file>"], candidates("cert", "auth", "-o", ""))
        self.assertEqual(["<file>"], candidates("cert", "auth", "--output=x"))
        self.assertEqual(["rsa-pss-sha256"], candidates("sign", "auth", "f", "--scheme", "rsa-ps"))
        self.assertEqual(["rsa-pss-sha256"], candidates("sign", "auth", "f", "--scheme=rsa-ps"))
        self.assertEqual([], candidates("status", "--reader", ""))
        self.assertEqual(["auth", "sign"], candidates("--reader", "x", "cert", "--json", ""))

    def test_behind_two_dashes_nothing_is_an_option(self):
        self.assertEqual(["<file>"], candidates("sign", "auth", "--", "--"))


class Shell(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        for name in ("contract one.txt", "other.txt"):
            with open(os.path.join(self.folder, name), "w"):
                pass
        self.environment = {**os.environ, "PATH": os.path.dirname(stack.program("jpkictl")) + ":" + os.environ["PATH"]}


class Bash(Shell):
    def complete(self, *words):
        done = subprocess.run(
            ["bash", "-c", 'compopt() { :; }; . "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _jpkictl; '
             'printf "%s\\n" "${COMPREPLY[@]}"', os.path.join(SCRIPTS, "jpkictl"), "jpkictl", *words],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True)
        self.assertEqual("", done.stderr)
        return done.stdout.splitlines()

    def test_words_files_and_values(self):
        self.assertEqual(["status"], self.complete("sta"))
        self.assertEqual(["verify"], self.complete("pin", "v"))
        self.assertEqual(["contract one.txt"], self.complete("sign", "auth", "con"))
        self.assertEqual(["other.txt"], self.complete("cert", "auth", "--output", "=", "oth"))
        self.assertEqual({"contract one.txt", "other.txt"}, set(self.complete("cert", "auth", "--output", "=")))
        self.assertEqual(["rsa-pss-sha256"], self.complete("sign", "auth", "f", "--scheme", "=", "rsa-ps"))
        self.assertEqual(["other.txt"], self.complete("cert", "auth", "--reader", "=", "Virtual Reader", "-o", "oth"))

    def test_an_equals_sign_that_belongs_to_no_option_is_a_word(self):
        self.assertEqual([], list(filter(None, self.complete("=", ""))))
        self.assertEqual([], list(filter(None, self.complete("="))))
        self.assertEqual(["other.txt"], self.complete("verify", "=", "oth"))


class Zsh(Shell):
    """In a terminal, as zsh completes only there."""

    def setUp(self):
        super().setUp()
        with open(os.path.join(self.folder, ".zshrc"), "w") as file:
            file.write(f"fpath=({SCRIPTS} $fpath)\nPS1='ready> '\nautoload -Uz compinit\ncompinit -u -D\ncd {self.folder}\n")
        self.shell = jpkictl.Terminal(shutil.which("zsh"), "-i", env={**self.environment, "ZDOTDIR": self.folder,
                                                                   "TERM": "dumb"})
        self.addCleanup(self.shell.close)
        self.shell.wait_for("ready> ")

    def check(self, typed, completed):
        self.shell.type(typed.encode() + b"\t")
        self.shell.wait_for(completed)
        self.shell.type(b"\x15")

    def test_words_files_and_values(self):
        self.check("jpkictl stat", "jpkictl status ")
        self.check("jpkictl pin ver", "jpkictl pin verify ")
        self.check("jpkictl sign auth cont", "sign auth contract\\ one.txt ")
        self.check("jpkictl cert auth --output=oth", "--output=other.txt ")
        self.check("jpkictl sign auth f --scheme rsa-ps", "--scheme rsa-pss-sha256 ")
