# SPDX-License-Identifier: LGPL-2.1-or-later
"""What jpkictl says about PINs, in both languages."""
import os
import resource
import subprocess
import unittest

import golden
import jpkictl
import stack


class Pins(golden.TestCase):
    @golden.situation
    def test_a_pin_is_verified(self):
        self.shows("pin", "verify", "auth", pin=b"1234")
        screen = self.terminal("pin", "verify", "sign")
        screen.answer(b"abc123\n")
        self.shows_screen(screen)

    @golden.situation
    def test_a_wrong_pin_is_asked_for_again_until_one_try_is_left(self):
        screen = self.terminal("pin", "verify", "auth")
        for wrong in (b"12345\n", b"1111\n", b"2222\n"):
            screen.answer(wrong)
        self.shows_screen(screen)
        self.shows("pin", "verify", "auth", pin=b"3333")

    @golden.situation
    def test_the_last_try_needs_consent(self):
        self.put_card(tries={"auth": 1})
        for consent in (b"no\n", b"yes\n"):
            screen = self.terminal("pin", "verify", "auth")
            screen.answer(consent)
            if consent == b"yes\n":
                screen.answer(b"1111\n")
            self.shows_screen(screen)
        self.shows("pin", "verify", "auth", pin=b"1234")

    @golden.situation
    def test_locked_pins_and_the_ways_out(self):
        self.put_card(tries={"auth": 0})
        self.shows("pin", "verify", "auth", pin=b"1234")
        self.put_card(tries={"sign": 0})
        self.shows("pin", "verify", "sign", pin=b"ABC123")
        self.put_card(tries={"auth": 0, "sign": 0})
        self.shows("pin", "verify", "auth", pin=b"1234")
        self.put_card(0, "--type=android-phone", tries={"auth": 0})
        self.shows("pin", "verify", "auth", pin=b"1234")
        self.shows("pin", "reset", "auth")

    @golden.situation
    def test_a_pin_is_changed(self):
        screen = self.terminal("pin", "change", "auth")
        for answer in (b"1234\n", b"1234\n", b"5678\n", b"5679\n", b"4321\n", b"4321\n"):
            screen.answer(answer)
        self.shows_screen(screen)
        self.shows("pin", "change", "auth", pin=b"4321")
        self.shows("pin", "change", "auth", pin=b"4321", new_pin=b"432")
        self.shows("pin", "change", "sign", pin=b"ABC123", new_pin=b"ABCDEF")
        screen = self.terminal("pin", "change", "sign")
        for answer in (b"ABC123\n", b"DEF456\n", b"DEF456\n"):
            screen.answer(answer)
        self.shows_screen(screen)

    @golden.situation
    def test_a_pin_is_reset_with_a_code(self):
        code = self.path("code", b"RESET123")
        os.chmod(code, 0o644)
        self.put_card(0, f"--reset-code-file={code}", tries={"auth": 0})
        self.shows("pin", "verify", "auth", pin=b"1234")
        screen = self.terminal("pin", "reset", "auth")
        for answer in ("ＰＵＫ\n".encode(), b"432\n", b"432\n", b"RESET123\n", b"4321\n", b"4321\n"):
            screen.answer(answer)
        self.shows_screen(screen)
        self.shows("pin", "reset", "auth")
        self.shows("pin", "reset", "auth", reset_code=b"", new_pin=b"4321")

    @golden.situation
    def test_pins_that_cannot_be_read(self):
        self.shows("pin", "verify", "auth", pin=b"")
        self.shows("pin", "verify", "auth", pin=b"x" * 20)
        self.shows("pin", "change", "auth", pin=b"1234", new_pin=b"x" * 20)
        self.shows("pin", "verify", "auth")
        self.shows("pin", "verify", "auth", "--pin-pad")
        self.shows("pin", "verify", "auth", "--pin-pad", pin=b"1234")
        self.shows("pin", "change", "auth", "--pin-pad", new_pin=b"4321")
        with open("/proc/self/mem", "rb") as unreadable:
            number = str(unreadable.fileno())
            done = jpkictl.run("pin", "verify", "auth", "--pin-fd", number, pass_fds=[unreadable.fileno()],
                               env={**os.environ, **self.environment})
        self.note("jpkictl pin verify auth --pin-fd {N}", done.stderr.decode().replace(f" {number}", " {N}"),
                  done.returncode)
        self.shows_screen(self.terminal("pin", "verify", "auth", "--pin-fd=0"))

    @unittest.skipIf("ASAN_OPTIONS" in os.environ, "AddressSanitizer locks no memory, and wants descriptors at the end")
    @golden.situation
    def test_pins_that_the_system_has_no_room_for(self):
        self.note("jpkictl pin verify auth --pin-fd 0    # no memory may be locked", *self.limited(
            "--memlock=0", "pin", "verify", "auth", "--pin-fd=0", user="alice"))
        # The last one that is free goes to the file of messages, and then there are none for the pipe.
        self.note("jpkictl pin verify auth --pin-fd 0    # no more descriptors", *self.limited(
            "--nofile=5", "pin", "verify", "auth", "--pin-fd=0"))
        screen = self.terminal("pin", "verify", "auth")
        screen.wait_for(": ")
        resource.prlimit(screen.process.pid, resource.RLIMIT_NOFILE, (3, 3))
        screen.answer(b"1234\n")
        screen.command += "    # no more descriptors"
        self.shows_screen(screen)

    def limited(self, limit, *arguments, user="root"):
        """The output and the exit status, where the PIN comes by standard input."""
        words = stack.as_user(user, ["prlimit", limit, stack.program("jpkictl"), *arguments])
        done = subprocess.run(words, input="1234", capture_output=True, text=True, start_new_session=True,
                              env={**os.environ, **self.environment})
        return done.stdout + done.stderr, done.returncode

    @golden.situation
    def test_a_terminal_that_cannot_be_read(self):
        """That of a program in the background that nobody can bring to the front: the shell that began it has ended."""
        script = 'exit $( (set -m; { "$0" pin verify auth >/dev/tty 2>&1; echo $?; } & ) )'
        screen = golden.Screen("bash", "-c", script, stack.program("jpkictl"), env={**os.environ, **self.environment})
        self.addCleanup(screen.close)
        screen.command = "jpkictl pin verify auth    # in the background"
        self.shows_screen(screen)


class NotAllowed(golden.TestCase):
    @golden.situation
    def test_who_is_not_at_the_machine_may_not_use_the_card(self):
        self.shows("pin", "verify", "auth", user="alice", pin=b"1234")


class Reserved(golden.TestCase):
    CONFIG = "[Pin]\nReserve=2\n"

    @golden.situation
    def test_tries_that_the_machine_holds_back(self):
        self.put_card(tries={"auth": 2})
        self.shows("pin", "verify", "auth", pin=b"1234")
        screen = self.terminal("pin", "verify", "auth")
        screen.answer(b"no\n")
        self.shows_screen(screen)


class Several(golden.TestCase):
    READERS = 2

    @golden.situation
    def test_one_of_several_cards_must_be_chosen(self):
        self.shows("pin", "verify", "auth", pin=b"1234")
        self.shows("pin", "verify", "auth", "--reader=Nowhere", pin=b"1234")
        self.shows("pin", "verify", "auth", "--card=/nowhere", pin=b"1234")
        self.shows("pin", "verify", "auth", "--card=/nowhere", "--reader=Virtual Reader 0", pin=b"1234")
