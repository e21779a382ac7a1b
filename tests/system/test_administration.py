# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an administrator does with the running service."""
import re
import time

import client
import machine
import stack

STOP_LIMIT = 5.0    # seconds
KILLS = 8           # in a row: more than the 5 in 10 seconds that systemd allows a unit which says nothing


class Administration(machine.TestCase):
    def setUp(self):
        super().setUp()
        self.start_service()

    def test_the_log_level_changes_without_a_restart_and_back(self):
        pid = machine.show("jpkid", "MainPID")
        before = machine.run("systemctl", "service-log-level", "jpkid").strip()
        machine.run("systemctl", "service-log-level", "jpkid", "debug")
        self.assertEqual(machine.run("systemctl", "service-log-level", "jpkid").strip(), "debug")
        since = machine.cursor()
        machine.jpkictl("pin", "status")
        self.assertNotEqual(machine.journal(since, PRIORITY="7"), [])

        machine.run("systemctl", "service-log-level", "jpkid", before)
        since = machine.cursor()
        machine.jpkictl("pin", "status")
        self.assertEqual(machine.journal(since, PRIORITY="7"), [])
        self.assertEqual(machine.show("jpkid", "MainPID"), pid)

    def test_systemctl_status_says_what_is_in_the_readers(self):
        status = machine.run("systemctl", "status", "--no-pager", "jpkid")
        self.assertRegex(status, r"Active: active \(running\)")
        self.assertRegex(status, r"Status: .*JPKI cards: 1")

    def test_busctl_shows_the_reader_the_card_and_its_applets(self):
        tree = machine.run("busctl", "--list", "tree", machine.NAME)
        for path in ("/org/jpkid1", "/org/jpkid1/card/0", "/org/jpkid1/card/0/auth", "/org/jpkid1/card/0/sign"):
            self.assertIn(path, tree.split())

    def test_the_machine_waits_for_jpkid_before_it_sleeps(self):
        stack.wait_until(lambda: re.search(r"(?m)^jpkid\s.*\ssleep\s.*\sdelay\s*$", machine.run(
            "systemd-inhibit", "--list", "--no-legend", "--no-pager")), "jpkid's lock in the list")

    def test_the_watchdog_ends_a_service_that_hangs_and_systemd_starts_it_anew(self):
        with machine.drop_in("[Service]\nWatchdogSec=2\n"):
            machine.run("systemctl", "restart", "jpkid")
            pid = machine.show("jpkid", "MainPID")
            machine.run("systemctl", "kill", "--signal=STOP", "jpkid")
            stack.wait_until(lambda: machine.show("jpkid", "MainPID") not in ("0", pid), "another process")
            machine.wait_for_card()
            self.assertEqual(machine.show("jpkid", "NRestarts"), "1")

    def test_a_service_that_is_killed_comes_back_by_itself_however_often(self):
        for _ in range(KILLS):
            pid = machine.show("jpkid", "MainPID")
            machine.run("systemctl", "kill", "--signal=KILL", "jpkid")
            stack.wait_until(lambda: machine.show("jpkid", "MainPID") not in ("0", pid), "another process")
        machine.wait_for_card()
        self.assertEqual(machine.show("jpkid", "NRestarts"), str(KILLS))

    def test_a_service_with_the_watchdog_on_is_not_ended_while_it_works(self):
        with machine.drop_in("[Service]\nWatchdogSec=1\n"):
            machine.run("systemctl", "restart", "jpkid")
            machine.wait_for_card()
            pid = machine.show("jpkid", "MainPID")
            self.card.control("delay 300")
            self.addCleanup(self.card.control, "delay 0")
            self.assertEqual(machine.jpkictl("pin", "verify", "auth", pin=b"1234").returncode, 0)
            self.assertEqual(machine.show("jpkid", "MainPID", "NRestarts"), [pid, "0"])


class Stop(machine.TestCase):
    def setUp(self):
        super().setUp()
        self.start_service()
        self.client = machine.Client()
        self.addCleanup(self.client.close)

    def stop_during_sign(self, hinder):
        """Seconds that `systemctl stop` takes while the card is at work."""
        self.client.applet("auth").sign()
        start = self.card.recorded()
        self.card.control(hinder)
        self.client.applet("auth").start_sign()
        stack.wait_until(lambda: self.card.apdus(client.VERIFY, start), "the PIN is at the card")
        begin = time.monotonic()
        machine.run("systemctl", "stop", "jpkid")
        return time.monotonic() - begin

    def test_a_stop_in_the_middle_of_a_sign_is_quick_and_closes_the_card(self):
        self.addCleanup(self.card.control, "delay 0")
        seconds = self.stop_during_sign("delay 400")
        print(f"stop in the middle of a Sign: {seconds:.2f} s")
        self.assertLess(seconds, STOP_LIMIT)
        self.assertEqual(self.card.control("verified"), "auth no sign no")
        self.assertEqual(machine.show("jpkid", "Result"), "success")

    def test_a_stop_does_not_wait_for_a_card_that_hangs_in_a_sign(self):
        self.addCleanup(self.card.control, "resume")
        seconds = self.stop_during_sign(f"at {client.SIGN:x} hang")
        print(f"stop with a card that hangs: {seconds:.2f} s")
        self.assertLess(seconds, STOP_LIMIT)
        self.assertEqual(machine.show("jpkid", "Result"), "success")
