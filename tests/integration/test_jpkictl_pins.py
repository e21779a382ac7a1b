# SPDX-License-Identifier: LGPL-2.1-or-later
"""How PINs come to jpkictl, and that it keeps them to itself."""
import hashlib
import os
import resource
import signal
import subprocess
import unittest

import agent
import stack
from client import PIN, VERIFY, WRONG_PIN, pki, verifies
from jpkictl import (FILE, NO_CARD, NO_PIN, NO_SERVICE, NOT_AUTHORIZED, PIN_HELD_BACK, PIN_LOCKED, PIN_WRONG, USAGE,
                     Terminal, TestCase, run)


class PinByDescriptor(TestCase):
    def test_the_right_one(self):
        for kind in PIN:
            self.assertEqual(f"The {kind} PIN is right.\n", self.jpkictl("pin", "verify", kind, pin=PIN[kind]))

    def test_one_newline_at_its_end_is_dropped(self):
        self.jpkictl("pin", "verify", "auth", pin=PIN["auth"] + b"\n")
        with self.no_try_spent():
            self.fails(NO_PIN, "pin", "verify", "auth", pin=PIN["auth"] + b"\n\n")

    def test_what_cannot_be_a_pin_is_never_sent(self):
        with self.no_try_spent():
            for pin in (b"", b"\n", b"123", b"12345", b"123a", b"1" * 17, b"1" * 4096):
                self.fails(NO_PIN, "pin", "verify", "auth", pin=pin)

    def test_without_one_and_without_a_terminal_it_says_how_to_give_it(self):
        with self.no_try_spent():
            done = run("pin", "verify", "auth")
        self.assertIn("--pin-fd", self.check_failure(NO_PIN, done.returncode, done.stderr.decode()))

    def test_where_none_is_ever_needed_it_is_left_alone(self):
        with self.no_try_spent():
            self.jpkictl("cert", "auth", "--issuer", "--allow-last-try", pin=WRONG_PIN["auth"])

    def test_a_descriptor_that_is_not_open_or_a_terminal_is_refused(self):
        self.fails(FILE, "pin", "verify", "auth", "--pin-fd=77")
        terminal = self.terminal("pin", "verify", "auth", "--pin-fd=0")
        self.assertEqual(USAGE, terminal.end())

    def test_a_number_that_only_its_own_connection_would_have_is_refused(self):
        with self.no_try_spent():
            for fd in (3, 4, 5):
                self.assertIn("Bad file descriptor", self.fails(FILE, "pin", "verify", "auth", f"--pin-fd={fd}"))

    def test_a_wrong_one_is_told_once_with_the_tries_left(self):
        self.assertIn("2 tries left", self.fails(PIN_WRONG, "pin", "verify", "auth", pin=WRONG_PIN["auth"]))
        self.assertEqual(2, self.stack.card().tries()["auth"])

    def test_it_is_never_asked_again_even_in_a_terminal(self):
        reader = stack.pipe_with(WRONG_PIN["auth"])
        self.addCleanup(os.close, reader)
        terminal = self.terminal("pin", "verify", "auth", f"--pin-fd={reader}", pass_fds=[reader])
        self.assertEqual(PIN_WRONG, terminal.end())
        self.assertNotIn("利用者証明用".encode(), terminal.screen)

    def test_the_last_try_needs_consent(self):
        self.put_card(tries={"auth": 1})
        with self.no_try_spent():
            self.assertIn("--allow-last-try", self.fails(PIN_HELD_BACK, "pin", "verify", "auth", pin=PIN["auth"]))
        self.jpkictl("pin", "verify", "auth", "--allow-last-try", pin=PIN["auth"])
        self.assertEqual(3, self.stack.card().tries()["auth"])

    def test_an_abbreviation_is_no_consent(self):
        self.put_card(tries={"auth": 1})
        with self.no_try_spent():
            for word in ("--all", "--allow-last-tr"):
                self.fails(USAGE, "pin", "verify", "auth", word, pin=PIN["auth"])

    def test_a_locked_one_is_told_with_the_way_out(self):
        self.put_card(tries={"sign": 0})
        self.assertIn("municipal window", self.fails(PIN_LOCKED, "pin", "verify", "sign", pin=PIN["sign"]))

    def test_who_may_not_use_it_is_told_so(self):
        with self.no_try_spent():
            self.fails(NOT_AUTHORIZED, "pin", "verify", "auth", pin=PIN["auth"], user="alice")

    def test_the_sign_pin_may_be_in_lower_case(self):
        self.jpkictl("pin", "verify", "sign", pin=PIN["sign"].lower())


class Prompt(TestCase):
    def ask(self, kind="auth", *options):
        """jpkictl pin verify in a terminal."""
        return self.terminal("pin", "verify", kind, *options)

    def test_it_names_the_pin_and_the_tries_left_and_shows_nothing_of_what_is_typed(self):
        for kind, prompt in (("auth", "利用者証明用 PIN (auth, 4 digits), 3 of 3 tries left: "),
                             ("sign", "署名用 PIN (sign, 6 to 16 letters and digits), 5 of 5 tries left: ")):
            terminal = self.ask(kind)
            terminal.wait_for(prompt)
            self.assertFalse(terminal.echoes())
            terminal.type(PIN[kind] + b"\n")
            self.assertEqual(0, terminal.end())
            self.assertEqual(f"{prompt}\r\nThe {kind} PIN is right.\r\n".encode(), terminal.screen)
            self.assertTrue(terminal.is_restored())

    def test_it_speaks_to_the_terminal_wherever_the_streams_go(self):
        terminal = self.terminal("sign", "auth", "-", "--raw", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        terminal.wait_for("tries left: ")
        terminal.type(PIN["auth"] + b"\n")
        signature = terminal.process.stdout.read()
        terminal.process.stdout.close()
        self.assertEqual(0, terminal.end())
        self.assertTrue(verifies(pki("auth.der"), signature, hashlib.sha256().digest(), "digest:sha256"))

    def test_any_signal_that_ends_it_finds_the_terminal_restored(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            terminal = self.ask()
            terminal.wait_for("tries left: ")
            self.assertFalse(terminal.echoes())
            if number == signal.SIGINT:
                terminal.type(b"12\x03")
            else:
                terminal.process.send_signal(number)
            self.assertEqual(-number, terminal.end())
            self.assertTrue(terminal.is_restored())
            self.assertEqual(0, terminal.unread())

    def test_stopped_it_leaves_the_terminal_restored_and_asks_anew_when_it_goes_on(self):
        terminal = self.in_shell('set -m; "$0" pin verify auth; echo stopped; read _; fg')
        terminal.wait_for("tries left: ")
        terminal.type(b"12\x1a")
        terminal.wait_for("stopped")
        self.assertTrue(terminal.echoes())
        terminal.type(b"\n")
        terminal.wait_for("tries left: ", times=2)
        self.assertFalse(terminal.echoes())
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.assertTrue(terminal.is_restored())

    def in_shell(self, script):
        terminal = Terminal("bash", "-c", script, stack.program("jpkictl"))
        self.addCleanup(terminal.close)
        return terminal

    def test_after_a_stop_that_it_cannot_see_it_still_hides_what_is_typed(self):
        terminal = self.in_shell(
            'set -m; "$0" pin verify auth; echo stopped; stty echo icanon; read _; fg')
        terminal.wait_for("tries left: ")
        with open(f"/proc/{terminal.process.pid}/task/{terminal.process.pid}/children") as file:
            child, = map(int, file.read().split())
        os.kill(child, signal.SIGSTOP)
        terminal.wait_for("stopped")
        stack.wait_until(terminal.echoes, "the shell's own attributes")
        terminal.type(b"\n")
        terminal.wait_for("tries left: ", times=2)
        self.assertFalse(terminal.echoes())
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminal.end(), terminal.screen)

    def test_started_in_the_background_it_takes_no_attributes_of_the_shells_editor_for_its_own(self):
        terminal = self.in_shell(
            'set -m; stty -icrnl -icanon -echo; "$0" pin verify auth & until [ -n "$(jobs -s)" ]; do sleep 0.05; done; '
            'stty icrnl icanon echo; fg; stty -a')
        terminal.wait_for("tries left: ")
        terminal.type(PIN["auth"] + b"\r")
        terminal.wait_for("The auth PIN is right.")
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.assertTrue(terminal.is_restored())

    def test_enter_ends_the_line_where_another_program_has_left_the_terminal_raw(self):
        terminal = Terminal("sh", "-c", 'stty raw -echo; exec "$0" pin verify auth', stack.program("jpkictl"))
        self.addCleanup(terminal.close)
        terminal.wait_for("tries left: ")
        terminal.type(PIN["auth"] + b"\r")
        self.assertEqual(0, terminal.end(), terminal.screen)

    def test_a_wrong_pin_may_be_corrected(self):
        terminal = self.ask()
        terminal.wait_for("3 of 3 tries left: ")
        terminal.type(WRONG_PIN["auth"] + b"\n")
        terminal.wait_for("The auth PIN is wrong; 2 tries left.")
        terminal.wait_for("2 of 3 tries left: ")
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminal.end())

    def test_a_wrong_pin_that_leaves_one_try_is_not_asked_for_again(self):
        self.put_card(tries={"auth": 2})
        terminal = self.ask()
        terminal.wait_for("2 of 3 tries left: ")
        terminal.type(WRONG_PIN["auth"] + b"\n")
        self.assertEqual(PIN_WRONG, terminal.end())
        self.assertIn(b"1 try left", terminal.screen)
        self.assertEqual(1, self.stack.card().tries()["auth"])

    def test_it_asks_three_times_and_no_more(self):
        terminal = self.ask()
        with self.no_try_spent():
            for time in (1, 2, 3):
                terminal.wait_for("3 of 3 tries left: ", times=time)
                terminal.type(b"no\n")
            self.assertEqual(NO_PIN, terminal.end())

    def test_the_last_try_is_used_after_a_yes_only(self):
        self.put_card(tries={"auth": 1})
        for answer in (b"y\n", b"\n", b"\x04", b"yes yes yes yes\n"):
            terminal = self.ask()
            terminal.wait_for("Type yes to use the last try: ")
            self.assertTrue(terminal.echoes())
            terminal.type(answer)
            self.assertEqual(PIN_HELD_BACK, terminal.end())
            self.assertNotIn(b"4 digits", terminal.screen)
        self.assertEqual(1, self.stack.card().tries()["auth"])

        terminal = self.ask()
        terminal.wait_for("Type yes to use the last try: ")
        terminal.type(b"yes\n")
        terminal.wait_for("1 of 3 tries left: ")
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminal.end())

    def test_allow_last_try_is_that_consent(self):
        self.put_card(tries={"auth": 1})
        terminal = self.ask("auth", "--allow-last-try")
        terminal.wait_for("1 of 3 tries left: ")
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminal.end())

    def test_a_locked_pin_is_not_asked_for(self):
        self.put_card(tries={"auth": 0})
        terminal = self.ask()
        self.assertEqual(PIN_LOCKED, terminal.end())
        self.assertNotIn(b"4 digits", terminal.screen)

    def test_tries_that_went_while_it_was_typed_hold_it_back(self):
        terminal = self.ask()
        terminal.wait_for("3 of 3 tries left: ")
        self.fails(PIN_WRONG, "pin", "verify", "auth", pin=WRONG_PIN["auth"])
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(PIN_HELD_BACK, terminal.end())
        self.assertEqual(2, self.stack.card().tries()["auth"])

    def test_it_ends_when_the_card_is_taken_out(self):
        terminal = self.ask()
        terminal.wait_for("tries left: ")
        terminal.type(b"12")
        self.pull()
        self.assertEqual(NO_CARD, terminal.end())
        self.assertRegex(terminal.screen, rb"tries left: \r\njpkictl: [^\n]*\r\n\Z")
        self.assertTrue(terminal.is_restored())
        self.assertEqual(0, terminal.unread())

    def test_it_ends_when_the_service_does(self):
        terminal = self.ask()
        terminal.wait_for("tries left: ")
        self.stack.daemon.kill()
        self.addCleanup(self.client.wait_for_card)
        self.addCleanup(self.stack.start_daemon)
        self.assertEqual(NO_SERVICE, terminal.end())
        self.assertTrue(terminal.is_restored())

    def test_each_of_several_gets_the_answer_to_its_own(self):
        terminals = {kind: self.ask(kind) for kind in PIN}
        for kind, terminal in terminals.items():
            terminal.wait_for(f"PIN ({kind}, ")
        terminals["sign"].type(WRONG_PIN["sign"] + b"\n")
        terminals["sign"].wait_for("4 of 5 tries left: ")
        terminals["auth"].type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminals["auth"].end())
        terminals["sign"].type(PIN["sign"] + b"\n")
        self.assertEqual(0, terminals["sign"].end())
        self.assertEqual([1, 2], [terminals[kind].screen.count("PIN (".encode()) for kind in ("auth", "sign")])

    def session_agent(self, pin):
        one = agent.Agent("root", answer=lambda question: pin)
        self.addCleanup(one.close)
        one.register()
        return one

    def test_the_sessions_agent_is_not_asked_where_there_is_a_terminal(self):
        one = self.session_agent(WRONG_PIN["auth"])
        terminal = self.ask()
        terminal.wait_for("tries left: ")
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminal.end())
        self.assertEqual([], one.questions)

    def test_without_a_terminal_it_is_asked(self):
        one = self.session_agent(PIN["auth"])
        self.assertEqual(0, run("pin", "verify", "auth").returncode)
        self.assertEqual(["auth"], [question.details["applet"] for question in one.questions])

    def test_nothing_typed_and_the_end_of_input_are_no_pin(self):
        for keys in (b"\n", b"\x04"):
            terminal = self.ask()
            terminal.wait_for("tries left: ")
            with self.no_try_spent():
                terminal.type(keys)
                self.assertEqual(NO_PIN, terminal.end())

    def test_a_line_that_is_too_long_goes_to_nobody(self):
        for length in (17, 18, 19, 100):
            terminal = self.ask()
            terminal.wait_for("tries left: ")
            with self.no_try_spent():
                terminal.type(b"1" * length + b"\nrest\n")
                self.assertEqual(NO_PIN, terminal.end())
            self.assertEqual(0, terminal.unread())

    def test_the_pin_is_in_no_argument_and_no_variable_of_the_process(self):
        self.slow(300)
        terminal = self.ask("sign")
        terminal.wait_for("tries left: ")
        self.wait_for_apdu(VERIFY, lambda: terminal.type(PIN["sign"] + b"\n"))
        for name in ("cmdline", "environ"):
            with open(f"/proc/{terminal.process.pid}/{name}", "rb") as file:
                self.assertNotIn(PIN["sign"], file.read())
        self.assertEqual(0, terminal.end())

    @staticmethod
    def leaves_a_core(process):
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -os.WTERMSIG(status)
        return os.WCOREDUMP(status)

    def test_the_process_leaves_no_core(self):
        if not self.leaves_a_core(subprocess.Popen(["sleep", "100"], cwd=stack.WORK)):
            self.skipTest("no process leaves one here")
        terminal = self.ask()
        terminal.wait_for("tries left: ")
        self.assertFalse(self.leaves_a_core(terminal.process))


class Reserved(TestCase):
    CONFIG = "[Pin]\nReserve=4\n"

    def test_each_try_that_is_held_back_needs_a_consent_of_its_own(self):
        self.put_card(tries={"sign": 4})
        terminal = self.terminal("pin", "verify", "sign")
        terminal.wait_for("4 tries of the sign PIN are left.")
        terminal.type(b"yes\n")
        terminal.wait_for("4 of 5 tries left: ")
        terminal.type(WRONG_PIN["sign"] + b"\n")
        terminal.wait_for("3 tries of the sign PIN are left.")
        terminal.type(b"no\n")
        self.assertEqual(PIN_HELD_BACK, terminal.end())
        self.assertEqual(3, self.stack.card().tries()["sign"])


class NoBus(unittest.TestCase):
    def test_a_prompt_ends_when_the_bus_does(self):
        with stack.Stack() as broken:
            broken.wait_for_cards()
            terminal = Terminal(stack.program("jpkictl"), "pin", "verify", "auth")
            self.addCleanup(terminal.close)
            terminal.wait_for("tries left: ")
            broken.bus.kill()
            self.assertEqual(NO_SERVICE, terminal.end())
            self.assertTrue(terminal.is_restored())
            broken.daemon.popen.wait(stack.PATIENCE)
            broken.daemon.was_killed = True
