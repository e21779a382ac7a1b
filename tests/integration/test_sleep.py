# SPDX-License-Identifier: LGPL-2.1-or-later
"""When the machine goes to sleep, it waits until all cards are closed and let go; then they are taken up anew."""
import os
import random
import select
import string
import time
import unittest

import dbus

import agent
import client
import login1
import memory
import stack
from client import PIN, SELECT, SIGN, VERIFY

SIGN_INPUT = ("rsa-pkcs1-sha256", bytes(32))
MANY = (SIGN_INPUT[0], [SIGN_INPUT[1]] * 64)
NOT_VERIFIED = "auth no sign no"
LONGEST = 4         # seconds for which the daemon keeps the machine awake


class SleepTestCase(client.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.enterClassContext(stack.bus_policy(login1.BUS_POLICY))
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.start_login()

    def start_login(self, **options):
        self.login = login1.Login1(**options)
        self.addCleanup(self.wake_after, self.login)

    def wake_after(self, login):
        """That logind ends is the end of a sleep too."""
        login.close()
        for number in self.stack.cards:
            self.client.wait_for_card(number)

    def states(self):
        return [str(reader["State"]) for _, reader in sorted(self.client.readers().items())]

    def paths(self):
        return [self.client.card(number) for number in self.stack.cards]

    def wait_for_new_cards(self, before):
        stack.wait_until(lambda: None not in self.paths() and not set(before) & set(self.paths()), "other card objects")

    def fall_asleep(self):
        inhibitor = self.login.wait_for_inhibitor(max(1, len(self.login.inhibitors)))
        self.login.prepare_for_sleep(True)
        inhibitor.wait_until_released()

    def start_many(self, milliseconds=100, **options):
        """A SignMany that would take long; answers when it is under way."""
        self.slow(milliseconds)
        return self.wait_for_apdu(SIGN, lambda: self.client.applet("auth").start("SignMany", *MANY, **options))


class Sleep(SleepTestCase):
    READERS = 2

    def test_logind_is_asked_for_a_delay_when_it_comes_and_when_it_comes_again(self):
        for _ in range(2):
            what, who, why, mode = self.login.wait_for_inhibitor().arguments
            self.assertEqual(("sleep", "jpkid", "delay"), (what, who, mode))
            self.assertIn("cards", why)
            self.assertFalse(self.login.inhibitors[0].is_released(within=0.3))
            self.assertEqual(1, len(self.login.inhibitors))
            self.login.close()
            self.start_login()

    def test_logind_that_was_there_first_is_asked_too(self):
        inhibitor = self.login.wait_for_inhibitor()
        self.stack.daemon.stop()
        self.stack.start_daemon()
        self.assertTrue(inhibitor.is_released())
        self.login.wait_for_inhibitor(2)

    def test_the_machine_waits_until_what_has_begun_has_ended_and_the_cards_are_closed(self):
        inhibitor, card = self.login.wait_for_inhibitor(), self.stack.card()
        running = self.start_many(pin=PIN["auth"])
        queued = self.new_client().applet("auth").start("VerifyPin", pin=client.WRONG_PIN["auth"])
        self.client.objects()
        before = card.tries()
        self.login.prepare_for_sleep(True)
        inhibitor.wait_until_released()
        apdus = card.apdus()
        self.assertEqual(NOT_VERIFIED, card.control("verified"))
        self.assertEqual(SELECT, apdus[-1].header[1])
        self.assertLess(len(card.apdus(SIGN)), len(MANY[1]))
        for call in (running, queued):
            with self.refused("Cancelled"):
                call.result()
        time.sleep(0.5)
        self.assertEqual(apdus, card.apdus())
        self.assertEqual(before, card.tries())

    def test_a_card_is_closed_as_ever_although_its_reader_is_heard_of_meanwhile(self):
        inhibitor, card = self.login.wait_for_inhibitor(), self.stack.card()
        running = self.start_many(300, pin=PIN["auth"])
        self.login.prepare_for_sleep(True)
        stack.wait_until(lambda: self.paths() == [None, None], "no cards")
        self.stack.card(1).control("pull")
        self.addCleanup(self.stack.card(1).control, "insert")
        inhibitor.wait_until_released()
        last = card.record()[-1]
        self.assertEqual(client.SELECT_ANOTHER, (last.header, last.lc))
        with self.refused("Cancelled"):
            running.result()

    def test_while_it_sleeps_there_are_readers_but_no_cards(self):
        path = self.client.card()
        self.fall_asleep()
        self.assertEqual(["unavailable"] * 2, self.states())
        self.assertEqual([None] * 2, self.paths())
        with self.refused("org.freedesktop.DBus.Error.UnknownObject"):
            client.Applet(self.client, f"{path}/auth", "auth").sign()

    def test_other_programs_can_use_the_cards_while_it_sleeps_and_they_are_closed_after_that(self):
        self.fall_asleep()
        other = client.OtherProgram()
        for command in ("00A4040C0AD392F000260100000001", "00A4020C020018", "0020008004" + PIN["auth"].hex()):
            self.assertEqual("9000", other.send(command))
        self.assertNotEqual(NOT_VERIFIED, self.stack.card().control("verified"))
        other.close()
        self.login.prepare_for_sleep(False)
        self.client.wait_for_card()
        self.assertEqual(NOT_VERIFIED, self.stack.card().control("verified"))

    def test_when_it_is_awake_the_cards_are_taken_up_anew_and_the_next_sleep_waits_again(self):
        before = self.paths()
        for sleeps in (1, 2):
            self.fall_asleep()
            self.login.prepare_for_sleep(False)
            self.wait_for_new_cards(before)
            self.assertEqual([3, 3], [self.client.applet("auth", number).get("TriesLeft") for number in (0, 1)])
            self.client.applet("auth", 1).sign()
            self.assertFalse(self.login.wait_for_inhibitor(sleeps + 1).is_released())

    def test_what_waits_for_a_person_or_a_caller_is_cancelled(self):
        asked = agent.Agent()
        self.addCleanup(asked.close)
        asked.register()
        asking = self.client.applet("auth").start("VerifyPin", interactive=True)
        question = asked.wait_for_question()
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        reading = self.client.applet("auth", 1).start("VerifyPin", pin=reader)
        os.close(reader)
        self.fall_asleep()
        asked.wait_for_cancel(question)
        for call in (asking, reading):
            with self.refused("Cancelled"):
                call.result()

    def test_a_sleep_that_is_called_off_at_once_is_followed_too(self):
        before, inhibitor, states = self.paths(), self.login.wait_for_inhibitor(), set()
        running = self.start_many(400, pin=PIN["auth"])     # longer than a new worker would wait for the old one
        self.login.prepare_for_sleep(True)
        self.login.prepare_for_sleep(False)
        with self.refused("Cancelled"):
            running.result()

        def are_back():
            states.update(self.states())
            return None not in self.paths() and not set(before) & set(self.paths())
        stack.wait_until(are_back, "other card objects")
        self.assertNotIn("busy", states)
        self.assertFalse(inhibitor.is_released())
        self.assertEqual(1, len(self.login.inhibitors))
        self.fall_asleep()

    def test_a_sleep_that_is_called_off_and_begun_again_at_once_is_one(self):
        inhibitor = self.login.wait_for_inhibitor()
        self.start_many(pin=PIN["auth"])
        for sleeps in (True, False, True):
            self.login.prepare_for_sleep(sleeps)
        inhibitor.wait_until_released()
        self.assertEqual(NOT_VERIFIED, self.stack.card().control("verified"))
        self.assertEqual(["unavailable"] * 2, self.states())

    def test_only_its_end_may_be_heard(self):
        before = self.paths()
        lease = self.client.applet("auth").call("Unlock", pin=PIN["auth"]).take()
        self.addCleanup(os.close, lease)
        self.login.wait_for_inhibitor()
        self.login.prepare_for_sleep(False)
        self.wait_for_new_cards(before)
        self.assertTrue(select.select([lease], [], [], 0)[0])

    def test_logind_that_ends_in_between_wakes_the_daemon(self):
        before = self.paths()
        self.fall_asleep()
        self.login.close()
        self.wait_for_new_cards(before)

    def test_logind_that_refuses_is_done_without_and_asked_again(self):
        self.login.close()
        self.start_login(refuses=True)
        stack.wait_until(lambda: self.login.refusals == 1, "the question")
        stack.wait_until(lambda: "org.freedesktop.login1.inhibit-delay-sleep" in self.stack.daemon.log_text(), "a line")
        self.login.prepare_for_sleep(True)
        self.client.wait_for_state("unavailable")
        self.login.refuses = False
        self.login.prepare_for_sleep(False)
        self.login.wait_for_inhibitor()
        self.client.wait_for_card()

    def test_a_card_that_comes_while_it_sleeps_waits_for_the_end(self):
        self.fall_asleep()
        card = self.stack.card()
        with self.going_out():
            card.control("pull")
        start = card.recorded()
        card.control("insert")
        self.client.wait_for_state("unavailable")
        time.sleep(0.3)
        self.assertEqual([], card.apdus(start=start))
        self.assertEqual([None] * 2, self.paths())
        self.login.prepare_for_sleep(False)
        self.client.wait_for_card(0)
        self.client.wait_for_card(1)

    def test_readers_that_come_while_it_sleeps_wait_for_the_end(self):
        self.fall_asleep()
        self.stack.pcscd.stop()
        stack.wait_until(lambda: self.states() == [], "no readers")
        start = [card.recorded() for card in self.stack.cards.values()]
        self.stack.start_pcscd()
        stack.wait_until(lambda: self.states() == ["unavailable"] * 2, "readers")
        time.sleep(0.3)
        self.assertEqual([[], []], [self.stack.card(number).apdus(start=start[number]) for number in (0, 1)])
        self.login.prepare_for_sleep(False)
        self.client.wait_for_card(0)
        self.client.wait_for_card(1)

    def test_nobody_but_logind_is_heard(self):
        before, inhibitor = self.paths(), self.login.wait_for_inhibitor()
        for user in ("root", "alice"):
            forger = self.new_client(user)
            for destination in (None, self.client.connection.get_name_owner(client.NAME)):
                for path, interface, member, arguments in (
                        ("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged",
                         [login1.NAME, "", forger.connection.get_unique_name()]),
                        (login1.PATH, login1.INTERFACE, "PrepareForSleep", [True])):
                    forged = dbus.lowlevel.SignalMessage(path, interface, member)
                    forged.append(*arguments)
                    if destination:
                        forged.set_destination(destination)
                    forger.connection.send_message(forged)
            forger.objects()        # after the daemon has had them all
        self.assertEqual(before, self.paths())
        self.assertFalse(inhibitor.is_released())
        self.assertEqual(1, len(self.login.inhibitors))

    def test_the_daemon_stops_and_starts_while_it_sleeps(self):
        self.fall_asleep()
        started = time.monotonic()
        self.stack.daemon.stop()
        self.assertLess(time.monotonic() - started, 2)
        self.stack.start_daemon()


class Secrets(SleepTestCase):
    def has(self, *pins):
        return [pin for pin in pins if memory.has(self.stack.daemon.pid, pin)]

    def new_pin(self, length, *alphabets):
        while True:
            pin = "".join(random.choice(alphabets[place % len(alphabets)]) for place in range(length)).encode()
            if not self.has(pin):
                return pin

    def left_by_a_sleep(self):
        """Which PINs that were in memory still are."""
        lease_pin = self.new_pin(4, string.digits)
        queued_pin = self.new_pin(16, string.ascii_uppercase, string.digits)
        self.stack.card().control(f"set auth {lease_pin.decode()}")
        lease = self.client.applet("auth").call("Unlock", pin=lease_pin).take()
        self.start_many()
        queued = self.new_client().applet("sign").start("VerifyPin", pin=queued_pin)
        self.client.objects()
        self.assertEqual([lease_pin, queued_pin], self.has(lease_pin, queued_pin))
        self.fall_asleep()
        left = self.has(lease_pin, queued_pin)
        with self.refused("Cancelled"):
            queued.result()
        self.assertTrue(select.select([lease], [], [], 0)[0])
        self.assertEqual(b"", os.read(lease, 1))
        os.close(lease)
        self.assertEqual(5, self.stack.card().tries()["sign"])
        self.login.prepare_for_sleep(False)
        self.client.wait_for_card()
        return left

    def test_leases_have_ended_and_no_pin_is_in_memory_when_it_sleeps(self):
        left = self.left_by_a_sleep()
        if left and len(left[0]) == 4:      # which may be there by chance, but not again
            left = self.left_by_a_sleep()
        self.assertEqual([], left)


class Stuck(SleepTestCase):
    READERS = 2

    @staticmethod
    def is_free(number):
        try:
            client.OtherProgram(client.OtherProgram.EXCLUSIVE, number).close()
        except client.PcscError:
            return False
        return True

    def test_a_card_that_does_not_answer_keeps_it_awake_for_4_seconds_and_the_other_card_is_let_go(self):
        inhibitor, before = self.login.wait_for_inhibitor(), self.paths()
        self.stack.card().control(f"at {SIGN:02X} hang")
        self.addCleanup(self.stack.card().control, "resume")
        stuck = self.wait_for_apdu(VERIFY, self.client.applet("auth").start_sign)
        started = time.monotonic()
        self.login.prepare_for_sleep(True)
        stack.wait_until(lambda: self.is_free(1), "the other card is let go")
        inhibitor.wait_until_released()
        self.assertAlmostEqual(LONGEST, time.monotonic() - started, delta=0.7)
        self.assertEqual(["unavailable"] * 2, self.states())
        self.login.prepare_for_sleep(False)
        self.client.wait_for_card(1)
        self.stack.card().control("resume")
        stuck.result()
        self.wait_for_new_cards(before)
        self.login.wait_for_inhibitor(2)


if __name__ == "__main__":
    unittest.main()
