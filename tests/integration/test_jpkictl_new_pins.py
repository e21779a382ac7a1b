# SPDX-License-Identifier: LGPL-2.1-or-later
"""jpkictl pin change and pin reset: a mistake costs nothing, and nobody is asked for what is of no use."""
import collections
import os
import time

import stack
from client import CHANGE, CODE_TRIES, PIN, RESET, WRONG_PIN, pins_in
from jpkictl import NO_PIN, NOT_POSSIBLE, PIN_HELD_BACK, PIN_LOCKED, PIN_WRONG, TestCase

NEW_PIN = {"auth": b"5678", "sign": b"NEW456"}
NAME = {"auth": "利用者証明用", "sign": "署名用"}
FORMAT = {"auth": "auth, 4 digits", "sign": "sign, 6 to 16 letters and digits"}
TRIES = {"auth": "3 of 3 tries left", "sign": "5 of 5 tries left"}
CODE, WRONG_CODE = b"PUK-0123456789!~", b"PUK-0123456789!!"


class NewPinTestCase(TestCase):
    """Each test begins with a card that has the usual PINs, and an empty ledger."""

    def setUp(self):
        super().setUp()
        stack.clear_state()
        if not self.stack.card().pins().items() >= PIN.items():
            self.put_card()
        self.start = self.stack.card().recorded()
        self.answered = collections.Counter()

    def check_pin(self, pin, kind="auth"):
        self.assertEqual(pin, self.stack.card().pins()[kind])

    def count(self, ins):
        """The APDUs of this test."""
        return len(self.stack.card().apdus(ins, self.start))

    def answer(self, terminal, question, keys):
        """Types the line when the question is on the screen once more."""
        self.answered[terminal, question] += 1
        terminal.wait_for(question, times=self.answered[terminal, question])
        self.assertFalse(terminal.echoes())
        terminal.type(keys + b"\n")


class ChangeInTerminal(NewPinTestCase):
    OLD, NEW, AGAIN = "tries left: ", "New 利用者証明用 PIN", "The same once more: "

    def change(self, kind="auth", *options, **more):
        return self.terminal("pin", "change", kind, *options, **more)

    def type_new(self, terminal, new=NEW_PIN["auth"], again=NEW_PIN["auth"]):
        self.answer(terminal, self.NEW, new)
        self.answer(terminal, self.AGAIN, again)

    def test_the_pin_that_holds_is_asked_for_first_and_then_the_new_one_twice(self):
        for kind in PIN:
            old = f"{NAME[kind]} PIN ({FORMAT[kind]}), {TRIES[kind]}: "
            new = f"New {NAME[kind]} PIN ({FORMAT[kind]}): "
            terminal = self.change(kind)
            self.answer(terminal, old, PIN[kind])
            self.answer(terminal, new, NEW_PIN[kind])
            self.answer(terminal, self.AGAIN, NEW_PIN[kind])
            self.assertEqual(0, terminal.end(), terminal.screen)
            self.assertEqual(f"{old}\r\n{new}\r\n{self.AGAIN}\r\nThe new {kind} PIN is set.\r\n",
                             terminal.screen.decode())
            self.assertTrue(terminal.is_restored())
            self.check_pin(NEW_PIN[kind], kind)

    def test_a_wrong_one_is_told_before_the_new_one_is_asked_for_and_may_be_corrected(self):
        terminal = self.change()
        self.answer(terminal, self.OLD, WRONG_PIN["auth"])
        terminal.wait_for("The auth PIN is wrong; 2 tries left.")
        self.answer(terminal, "2 of 3 tries left: ", PIN["auth"])
        self.assertNotIn(self.NEW.encode(), terminal.screen)
        self.type_new(terminal)
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.check_pin(NEW_PIN["auth"])

    def test_a_wrong_one_that_leaves_one_try_is_the_end(self):
        self.put_card(tries={"auth": 2})
        terminal = self.change()
        self.answer(terminal, self.OLD, WRONG_PIN["auth"])
        self.assertEqual(PIN_WRONG, terminal.end())
        self.assertIn(b"1 try left", terminal.screen)
        self.assertNotIn(self.NEW.encode(), terminal.screen)

    def test_the_last_try_is_used_after_a_yes_only(self):
        self.put_card(tries={"auth": 1})
        terminal = self.change()
        terminal.wait_for("Type yes to use the last try: ")
        terminal.type(b"no\n")
        self.assertEqual(PIN_HELD_BACK, terminal.end())

        terminal = self.change()
        terminal.wait_for("Type yes to use the last try: ")
        terminal.type(b"yes\n")
        self.answer(terminal, "1 of 3 tries left: ", PIN["auth"])
        self.type_new(terminal)
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.check_pin(NEW_PIN["auth"])

    def test_a_repetition_that_differs_is_asked_for_again_three_times_all_in_all(self):
        for times in (1, 2):
            terminal = self.change()
            self.answer(terminal, self.OLD, self.stack.card().pins()["auth"])
            for time in range(times):
                self.type_new(terminal, b"9876", b"9875")
                terminal.wait_for("The two are not the same", times=time + 1)
            self.type_new(terminal, b"555%d" % times, b"555%d" % times)
            self.assertEqual(0, terminal.end(), terminal.screen)
            self.check_pin(b"555%d" % times)
        terminal = self.change()
        self.answer(terminal, self.OLD, b"5552")
        for _ in range(3):
            self.type_new(terminal, b"9876", b"9875")
        self.assertEqual(NO_PIN, terminal.end(), terminal.screen)
        self.check_pin(b"5552")
        self.assertEqual(2, self.count(CHANGE))

    def test_the_old_one_is_no_new_one(self):
        terminal = self.change()
        self.answer(terminal, self.OLD, PIN["auth"])
        self.answer(terminal, self.NEW, PIN["auth"])
        terminal.wait_for("The new PIN is the same as the old one")
        self.assertNotIn(self.AGAIN.encode(), terminal.screen)
        self.type_new(terminal)
        self.assertEqual(0, terminal.end(), terminal.screen)

    def test_nor_is_it_in_lower_case(self):
        terminal = self.change("sign")
        self.answer(terminal, self.OLD, PIN["sign"])
        self.answer(terminal, "New 署名用 PIN", PIN["sign"].lower())
        self.answer(terminal, self.AGAIN, PIN["sign"].lower())
        self.assertEqual(NO_PIN, terminal.end(), terminal.screen)
        self.assertIn(b"The new PIN is the same as the old one", terminal.screen)
        self.assertEqual(0, self.count(CHANGE))

    def test_one_of_another_form_is_told_so_and_asked_for_again(self):
        terminal = self.change()
        self.answer(terminal, self.OLD, PIN["auth"])
        for time, pin in enumerate((b"123", b"12a4"), start=1):
            self.type_new(terminal, pin, pin)
            terminal.wait_for("The auth PIN is exactly 4 digits; nothing was sent to the card.", times=time)
        self.assertEqual(0, self.count(CHANGE))
        self.type_new(terminal)
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.check_pin(NEW_PIN["auth"])

    def test_whoever_types_nothing_keeps_the_old_one(self):
        for question in (self.NEW, self.AGAIN):
            terminal = self.change()
            self.answer(terminal, self.OLD, PIN["auth"])
            if question == self.AGAIN:
                self.answer(terminal, self.NEW, NEW_PIN["auth"])
            self.answer(terminal, question, b"")
            self.assertEqual(NO_PIN, terminal.end(), terminal.screen)
        self.check_pin(PIN["auth"])

    def test_ctrl_c_at_any_question_leaves_terminal_and_pin_as_they_were(self):
        for typed in ((), (PIN["auth"],), (PIN["auth"], NEW_PIN["auth"])):
            terminal = self.change()
            questions = (self.OLD, self.NEW, self.AGAIN)
            for question, answer in zip(questions, typed):
                self.answer(terminal, question, answer)
            terminal.wait_for(questions[len(typed)])
            terminal.type(b"56\x03")
            self.assertEqual(-2, terminal.end())
            self.assertTrue(terminal.is_restored())
            self.assertEqual(0, terminal.unread())
        self.check_pin(PIN["auth"])

    def test_neither_pin_is_on_the_screen_or_in_arguments_or_environment(self):
        self.slow(300)
        terminal = self.change("sign")
        self.answer(terminal, self.OLD, PIN["sign"])
        self.answer(terminal, "New 署名用 PIN", NEW_PIN["sign"])
        terminal.wait_for(self.AGAIN)
        self.wait_for_apdu(CHANGE, lambda: terminal.type(NEW_PIN["sign"] + b"\n"))
        shown = terminal.screen
        for name in ("cmdline", "environ"):
            with open(f"/proc/{terminal.process.pid}/{name}", "rb") as file:
                shown += file.read()
        self.assertEqual(0, terminal.end())
        for pin in (PIN["sign"], NEW_PIN["sign"]):
            self.assertNotIn(pin, shown + terminal.screen)

    def test_whoever_has_to_wait_is_told_so_before_anything_is_asked(self):
        for pin in (b"9991", b"9992"):
            self.fails(PIN_WRONG, "pin", "verify", "auth", pin=pin)
        self.stack.card().control("set auth 1234")
        terminal = self.change()
        self.assertEqual(PIN_HELD_BACK, terminal.end())
        self.assertRegex(terminal.screen.decode(), r"\Ajpkictl: The auth PIN was wrong several times in a row.* before \d")

    def test_when_the_cards_answer_is_lost_the_new_one_is_to_be_checked_first(self):
        self.stack.card().control(f"after {CHANGE:02X} power-loss")
        before, terminal = self.client.card(), self.change()
        self.answer(terminal, self.OLD, PIN["auth"])
        self.type_new(terminal)
        self.assertEqual(PIN_WRONG, terminal.end())
        self.assertIn(b"check the new one first, with: jpkictl pin verify auth", terminal.screen)
        stack.wait_until(lambda: self.client.card() not in (None, before), "the card is back")
        self.check_pin(NEW_PIN["auth"])

    def test_the_new_one_may_come_by_descriptor(self):
        reader = stack.pipe_with(NEW_PIN["auth"])
        self.addCleanup(os.close, reader)
        terminal = self.change("auth", f"--new-pin-fd={reader}", pass_fds=[reader])
        self.answer(terminal, self.OLD, PIN["auth"])
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.check_pin(NEW_PIN["auth"])

    def test_one_of_another_form_by_descriptor_is_told_once(self):
        reader = stack.pipe_with(b"12")
        self.addCleanup(os.close, reader)
        terminal = self.change("auth", f"--new-pin-fd={reader}", pass_fds=[reader])
        self.answer(terminal, self.OLD, PIN["auth"])
        self.assertEqual(NO_PIN, terminal.end())
        self.assertEqual(1, terminal.screen.count(b"exactly 4 digits"))

    def test_with_the_old_one_by_descriptor_nobody_is_asked(self):
        reader = stack.pipe_with(PIN["auth"])
        self.addCleanup(os.close, reader)
        with self.no_try_spent():
            terminal = self.change("auth", f"--pin-fd={reader}", pass_fds=[reader])
            self.assertEqual(NO_PIN, terminal.end())
        self.assertRegex(terminal.screen, rb"\Ajpkictl: .*--new-pin-fd\.\r\n\Z")


class ChangeByDescriptor(NewPinTestCase):
    def test_the_new_one_holds(self):
        for kind in PIN:
            self.assertEqual(f"The new {kind} PIN is set.\n",
                             self.jpkictl("pin", "change", kind, pin=PIN[kind], new_pin=NEW_PIN[kind] + b"\n"))
            self.check_pin(NEW_PIN[kind], kind)

    def test_a_wrong_one_is_told_once_with_the_tries_left(self):
        self.assertIn("2 tries left", self.fails(PIN_WRONG, "pin", "change", "auth", pin=WRONG_PIN["auth"],
                                                 new_pin=NEW_PIN["auth"]))
        self.check_pin(PIN["auth"])

    def test_what_cannot_be_is_refused_and_nothing_is_sent(self):
        with self.sent() as apdus:
            for kind, old, new in (("auth", b"1234", b"1234"), ("sign", b"ABC123", b"abc123"),
                                   ("auth", b"1234", b"12345"), ("auth", b"1234", "１２３４".encode()),
                                   ("auth", b"1234", b""), ("auth", b"", b"5678"),
                                   ("auth", b"123", b"5678"), ("sign", b"ABC123", b"ABCDEF"),
                                   ("sign", b"ABC123", b"123456"), ("sign", b"ABC123", b"A1B2C"),
                                   ("sign", b"ABC123", b"ABCDEF7890123456" + b"7"), ("sign", b"ABC123", b"ABC-123")):
                with self.subTest(kind, old=old, new=new):
                    self.fails(NO_PIN, "pin", "change", kind, pin=old, new_pin=new)
        self.assertEqual([], pins_in(apdus))

    def test_without_a_new_one_it_says_how_to_give_it(self):
        with self.sent() as apdus:
            self.assertIn("--new-pin-fd", self.fails(NO_PIN, "pin", "change", "auth", pin=PIN["auth"]))
        self.assertEqual([], pins_in(apdus))

    def test_without_the_old_one_it_says_how_to_give_it(self):
        self.assertIn("--pin-fd", self.fails(NO_PIN, "pin", "change", "auth", new_pin=NEW_PIN["auth"]))
        self.check_pin(PIN["auth"])

    def test_the_last_try_needs_consent(self):
        self.put_card(tries={"auth": 1})
        self.assertIn("--allow-last-try", self.fails(PIN_HELD_BACK, "pin", "change", "auth", pin=PIN["auth"],
                                                     new_pin=NEW_PIN["auth"]))
        self.jpkictl("pin", "change", "auth", "--allow-last-try", pin=PIN["auth"], new_pin=NEW_PIN["auth"])
        self.check_pin(NEW_PIN["auth"])

    def test_a_locked_one_cannot_be_changed(self):
        self.put_card(tries={"auth": 0})
        self.assertIn("municipal window", self.fails(PIN_LOCKED, "pin", "change", "auth", pin=PIN["auth"],
                                                     new_pin=NEW_PIN["auth"]))

    def test_whoever_has_to_wait_is_told_until_when_on_the_callers_own_clock(self):
        for pin in (b"9991", b"9992"):
            self.fails(PIN_WRONG, "pin", "verify", "auth", pin=pin)
        before = time.time()
        self.stack.card().control("set auth 1234")
        for zone, hours in (("UTC0", 0), ("JST-9", 9)):
            with self.no_try_spent():
                said = self.fails(PIN_HELD_BACK, "pin", "change", "auth", pin=PIN["auth"], new_pin=NEW_PIN["auth"],
                                  env={"TZ": zone})
            until = [time.strftime("%F %T", time.gmtime(before + 60 + late + 3600 * hours)) for late in range(-5, 6)]
            self.assertTrue(any(moment in said for moment in until), (said, until))


class Reset(NewPinTestCase):
    """With a card of a kind that nobody has yet."""
    ASKS_CODE, NEW, AGAIN = "Reset code (1 to 16 characters): ", ChangeInTerminal.NEW, ChangeInTerminal.AGAIN

    def setUp(self):
        super().setUp()
        self.put()

    def put(self, **tries):
        self.put_card(0, stack.reset_code_option(CODE), tries=tries)

    def reset(self, kind="auth", *options):
        return self.terminal("pin", "reset", kind, *options)

    def code_tries(self):
        return self.stack.card().tries()["reset"]

    def test_the_code_is_asked_for_and_the_new_pin_twice(self):
        self.put(auth=0, sign=0)
        for kind in PIN:
            new = f"New {NAME[kind]} PIN ({FORMAT[kind]}): "
            terminal = self.reset(kind)
            self.answer(terminal, self.ASKS_CODE, CODE)
            self.answer(terminal, new, NEW_PIN[kind])
            self.answer(terminal, self.AGAIN, NEW_PIN[kind])
            self.assertEqual(0, terminal.end(), terminal.screen)
            self.assertEqual(f"{self.ASKS_CODE}\r\n{new}\r\n{self.AGAIN}\r\nThe new {kind} PIN is set.\r\n".encode(),
                             terminal.screen)
            self.check_pin(NEW_PIN[kind], kind)
        self.assertEqual({"auth": 3, "sign": 5, "reset": CODE_TRIES}, self.stack.card().tries())

    def test_a_wrong_code_is_told_with_its_tries_and_only_the_code_asked_for_again(self):
        terminal = self.reset()
        self.answer(terminal, self.ASKS_CODE, WRONG_CODE)
        self.answer(terminal, self.NEW, NEW_PIN["auth"])
        self.answer(terminal, self.AGAIN, NEW_PIN["auth"])
        terminal.wait_for(f"The reset code is wrong; {CODE_TRIES - 1} tries left.")
        self.answer(terminal, self.ASKS_CODE, CODE)
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.assertEqual(1, terminal.screen.count(self.NEW.encode()))
        self.check_pin(NEW_PIN["auth"])

    def test_the_codes_last_try_is_used_after_a_yes_only(self):
        self.put(reset=1)
        for answer, status in ((b"no", PIN_HELD_BACK), (b"yes", 0)):
            self.check_pin(PIN["auth"])
            terminal = self.reset()
            self.answer(terminal, self.ASKS_CODE, CODE)
            self.answer(terminal, self.NEW, NEW_PIN["auth"])
            self.answer(terminal, self.AGAIN, NEW_PIN["auth"])
            terminal.wait_for("One try of the reset code is left. A wrong one locks it.")
            terminal.wait_for("Type yes to use the last try: ")
            terminal.type(answer + b"\n")
            self.assertEqual(status, terminal.end(), terminal.screen)
        self.check_pin(NEW_PIN["auth"])

    def test_what_cannot_be_a_code_or_a_pin_is_asked_for_again_and_not_sent(self):
        terminal = self.reset()
        for code, new in (("ＰＵＫ".encode(), NEW_PIN["auth"]), (CODE, b"567")):
            self.answer(terminal, self.ASKS_CODE, code)
            self.answer(terminal, self.NEW, new)
            self.answer(terminal, self.AGAIN, new)
        terminal.wait_for("nothing was sent to the card", times=2)
        self.assertEqual(0, self.count(RESET))
        self.answer(terminal, self.ASKS_CODE, CODE)
        self.answer(terminal, self.NEW, NEW_PIN["auth"])
        self.answer(terminal, self.AGAIN, NEW_PIN["auth"])
        self.assertEqual(0, terminal.end(), terminal.screen)

    def test_by_descriptors(self):
        self.assertEqual("The new sign PIN is set.\n", self.jpkictl("pin", "reset", "sign", reset_code=CODE + b"\n",
                                                                   new_pin=b"new456"))
        self.check_pin(b"NEW456", "sign")

    def test_a_wrong_code_by_descriptor_is_told_once(self):
        said = self.fails(PIN_WRONG, "pin", "reset", "auth", reset_code=WRONG_CODE, new_pin=NEW_PIN["auth"])
        self.assertIn(f"{CODE_TRIES - 1} tries left", said)
        self.assertEqual(CODE_TRIES - 1, self.code_tries())
        self.check_pin(PIN["auth"])

    def test_what_is_missing_is_named_and_nothing_is_sent(self):
        self.assertIn("--reset-code-fd", self.fails(NO_PIN, "pin", "reset", "auth", new_pin=NEW_PIN["auth"]))
        self.assertIn("--new-pin-fd", self.fails(NO_PIN, "pin", "reset", "auth", reset_code=CODE))
        self.assertEqual(0, self.count(RESET))

    def test_a_locked_code_is_told_with_the_way_out(self):
        self.put(reset=0)
        said = self.fails(PIN_LOCKED, "pin", "reset", "auth", reset_code=CODE, new_pin=NEW_PIN["auth"])
        self.assertRegex(said, "reset code is locked.*municipal window")

    def test_a_locked_pin_is_shown_with_this_way_to_unlock_it(self):
        self.put(sign=0)
        self.assertIn("jpkictl pin reset sign", self.jpkictl("pin", "status"))
        self.assertIn("jpkictl pin reset", self.fails(PIN_LOCKED, "pin", "verify", "sign", pin=PIN["sign"]))


class CardsWithoutCode(NewPinTestCase):
    def check_refused(self, kind, words):
        with self.sent() as apdus:
            said = self.fails(NOT_POSSIBLE, "pin", "reset", kind)
            self.assertEqual(said, self.fails(NOT_POSSIBLE, "pin", "reset", kind, reset_code=CODE,
                                              new_pin=NEW_PIN[kind]))
            terminal = self.terminal("pin", "reset", kind)
            self.assertEqual(NOT_POSSIBLE, terminal.end())
        self.assertEqual(said.replace("\n", "\r\n").encode(), terminal.screen)
        self.assertEqual([], apdus)
        self.assertRegex(said, words)

    def test_on_todays_cards_nobody_is_asked_and_the_ways_that_there_are_are_told(self):
        self.check_refused("auth", r"municipal window.*「JPKI暗証番号リセット」.*Seven-Eleven.*needs the sign PIN")
        self.check_refused("sign", r"municipal window.*「JPKI暗証番号リセット」.*convenience store.*auth PIN")

    def test_on_a_phone_likewise(self):
        self.put_card(0, "--type=android-phone")
        self.addCleanup(self.put_card)
        for kind in PIN:
            self.check_refused(kind, "マイナポータル")
