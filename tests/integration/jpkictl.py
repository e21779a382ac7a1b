# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of jpkictl share: its exit statuses, a terminal, and their test case."""
import array
import contextlib
import fcntl
import os
import pty
import subprocess
import tempfile
import termios

import client
import stack

(OTHER, USAGE, NO_SERVICE, NO_CARD, PIN_WRONG, PIN_LOCKED, PIN_HELD_BACK, NOT_AUTHORIZED, NO_CERTIFICATE, NO_PIN, BUSY,
 FILE, NOT_POSSIBLE, SIGNATURE, TRUST, DIAGNOSED) = range(1, 17)


def run(*arguments, **options):
    """jpkictl with no terminal; answers a CompletedProcess with bytes."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, **options}
    return subprocess.run([stack.program("jpkictl"), *arguments], stderr=subprocess.PIPE, start_new_session=True,
                          timeout=stack.PATIENCE, **options)


class Terminal:
    """A program in a terminal of its own, with the keyboard and the screen here."""

    def __init__(self, *words, columns=0, **options):
        self.screen = b""
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (0, columns))
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(words, start_new_session=True, **{
            **dict.fromkeys(("stdin", "stdout", "stderr"), self.slave), **options},
            preexec_fn=lambda: fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0))

    def wait_for(self, text, times=1):
        def is_shown():
            self._look()
            return self.screen.count(text.encode()) >= times
        stack.wait_until(is_shown, f"{text!r} on the screen")

    def _look(self):
        os.set_blocking(self.master, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.screen += os.read(self.master, 4096)

    def type(self, keys):
        os.set_blocking(self.master, True)
        os.write(self.master, keys)

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def is_restored(self):
        return termios.tcgetattr(self.slave) == self.before

    def unread(self):
        """Bytes that were typed and that the next program in this terminal would read."""
        count = array.array("i", [0])
        fcntl.ioctl(self.slave, termios.FIONREAD, count)
        return count[0]

    def end(self):
        """The exit status; the screen is complete then."""
        status = self.process.wait(stack.PATIENCE)
        self._look()
        return status

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)


class TestCase(client.TestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def content(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def jpkictl(self, *arguments, **options):
        """Must succeed; answers what it prints."""
        done = self.stack.jpkictl(*arguments, **options)
        self.assertEqual((0, ""), (done.returncode, done.stderr), arguments)
        return done.stdout

    def fails(self, status, *arguments, **options):
        """Must fail so, with one sentence and no output; answers the sentence."""
        done = self.stack.jpkictl(*arguments, **options)
        self.assertEqual("", done.stdout)
        return self.check_failure(status, done.returncode, done.stderr)

    def check_failure(self, expected, status, errors):
        self.assertRegex(errors, r"\Ajpkictl: [^\n]{10,}\n\Z")
        self.assertEqual(expected, status, errors)
        return errors

    def terminal(self, *arguments, **options):
        terminal = Terminal(stack.program("jpkictl"), *arguments, **options)
        self.addCleanup(terminal.close)
        return terminal
