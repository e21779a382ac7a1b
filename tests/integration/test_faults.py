# SPDX-License-Identifier: LGPL-2.1-or-later
"""Something breaks at the worst moment: no PIN goes astray, no card stays open, and the daemon goes on or ends cleanly."""
import os
import subprocess
import time
import unittest
from unittest import mock

import client
import stack


class AnotherCard(client.TestCase):
    OTHER_PIN = b"5678"

    def other_card(self):
        """A card of another holder, which is in as soon as the reader is free."""
        folder = os.path.join(self.stack.folder, "other")
        os.makedirs(folder)
        with open(os.path.join(folder, "pin"), "wb") as file:
            file.write(self.OTHER_PIN)
        card = stack.Card(0, folder, [f"--auth-pin-file={file.name}"])
        self.addCleanup(card.stop)
        return card

    def test_a_pin_does_not_reach_the_card_that_is_put_in_while_an_answer_is_lost(self):
        other = self.other_card()
        applet = self.client.applet("auth")
        self.stack.card().control(f"at {client.VERIFY:02X} pull skip 1")      # after the query of the counter
        calls = [self.new_client().start(applet.path, client.APPLET, "VerifyPin", "a{sv}", self.pin_option())
                 for _ in range(2)]
        for call in calls:
            with self.assertRaises(client.Refused):
                call.result()
        stack.wait_until(lambda: other.apdus(), "the other card is looked at")
        self.assertNotEqual(applet.path, self.client.applet("auth").path)
        self.assertEqual(3, other.tries()["auth"])

    def pin_option(self):
        reader = stack.pipe_with(client.PIN["auth"])
        try:
            return client.dbus.Dictionary({"pin": client.dbus.types.UnixFd(reader)}, signature="sv")
        finally:
            os.close(reader)

    def tearDown(self):
        # The next test's card finds the reader free.
        for card in self.stack.cards.values():
            card.stop()
        self.stack.cards.clear()


class SlowToAnswer(client.TestCase):
    def test_a_card_that_failed_once_when_it_was_put_in_is_taken_up_after_all(self):
        self.pull()
        self.stack.card().control("at B0 sw 6F00")
        self.insert()
        self.client.applet("auth").sign()


    def test_a_card_that_is_slow_when_it_is_put_in_is_not_called_busy(self):
        states = set()
        self.pull()
        self.slow(700)
        self.stack.card().control("insert")

        def is_there():
            states.add(str(self.client.readers()[0]["State"]))
            return self.client.card()
        stack.wait_until(is_there, "the card")
        self.assertNotIn("busy", states)


class NoBus(unittest.TestCase):
    def test_a_daemon_whose_bus_goes_away_closes_its_card_and_ends(self):
        with stack.Stack(card_options=["--delay=20"]) as broken:
            broken.wait_for_cards()
            caller = client.Client()
            path = caller.wait_for_card()
            reader = stack.pipe_with(client.PIN["auth"])
            options = client.dbus.Dictionary({"pin": client.dbus.types.UnixFd(reader)}, signature="sv")
            inputs = client.dbus.Array([client.dbus.ByteArray(bytes(32))] * 64, signature="ay")
            caller.start(f"{path}/auth", client.APPLET, "SignMany", "saaya{sv}", "rsa-pkcs1-sha256", inputs, options)
            os.close(reader)
            stack.wait_until(lambda: "yes" in broken.card().control("verified"), "the PIN is verified")
            broken.bus.kill()
            self.assertEqual(1, broken.daemon.popen.wait(5))
            broken.daemon.was_killed = True
            self.assertEqual("auth no sign no", broken.card().control("verified"))
            self.assertIn("bus has gone away", broken.daemon.log_text())


class AtTheStart(unittest.TestCase):
    def test_the_service_manager_is_told_what_is_there_that_the_loop_turns_and_that_the_end_comes(self):
        with mock.patch.dict(os.environ, WATCHDOG_USEC="400000"), stack.Stack() as started:
            started.wait_for_cards()
            told = started.daemon
            stack.wait_until(lambda: told.status_lines()[-1:] == ["pcscd is there, readers: 1, JPKI cards: 1"], "STATUS")
            stack.wait_until(lambda: told.notifications.count("WATCHDOG=1") > 2, "WATCHDOG")
            self.assertNotIn("STOPPING=1", told.notifications)
            told.stop()
            stack.wait_until(lambda: "STOPPING=1" in told.notifications, "STOPPING")

    def test_a_daemon_without_standard_descriptors_serves_all_the_same(self):
        with stack.Stack(start=["bus", "pcscd", "cards"]) as started:
            closed = subprocess.Popen(["bash", "-c", 'exec "$0" <&- >&- 2>&-', stack.program("jpkid")])
            self.addCleanup(closed.wait)
            self.addCleanup(closed.terminate)
            stack.wait_until(lambda: client.Client().connection.name_has_owner(client.NAME), "jpkid has its name")
            started.wait_for_cards()

    @unittest.skipIf("ASAN_OPTIONS" in os.environ, "AddressSanitizer makes mlock do nothing")
    def test_a_daemon_that_cannot_lock_memory_says_so_and_ends(self):
        with stack.Stack(start=["bus", "pcscd"]):
            ended = subprocess.run(["bash", "-c", 'ulimit -l 0; exec "$@"', "-",
                                    *stack.as_user("jpkid", [stack.program("jpkid")])],
                                   capture_output=True, text=True, timeout=stack.PATIENCE)
            self.assertEqual(os.EX_NOPERM, ended.returncode)
            self.assertEqual(1, len(ended.stderr.splitlines()))
            self.assertIn("LimitMEMLOCK", ended.stderr)

    def test_who_finds_the_daemon_finds_the_card_that_is_in(self):
        with stack.Stack(readers=2, start=["bus", "pcscd"]) as started:
            started.start_card(1)
            started.card(1).wait_for_power()
            started.start_daemon()
            self.assertEqual(1, sum("org.jpkid1.Card" in shown for shown in started.objects().values()))

    def test_a_slow_card_behind_an_empty_reader_holds_up_the_first_callers_but_not_the_start(self):
        with stack.Stack(readers=2, start=["bus", "pcscd"]) as started:
            started.start_card(1, "--delay=40")
            started.card(1).wait_for_power()
            daemon = started.start_daemon()
            self.assertNotIn("JPKI cards: 1", daemon.status_lines()[-1])
            self.assertEqual(1, sum("org.jpkid1.Card" in shown for shown in started.objects().values()))

    def test_a_card_that_does_not_answer_holds_up_the_first_callers_for_a_second(self):
        with stack.Stack(start=["bus", "pcscd", "cards"]) as started:
            started.card().wait_for_power()
            started.card().control("hang")
            began = time.monotonic()
            started.start_daemon()
            self.assertEqual(0, sum("org.jpkid1.Card" in shown for shown in started.objects().values()))
            self.assertLess(time.monotonic() - began, 2)
            started.card().control("resume")
            started.wait_for_cards()


if __name__ == "__main__":
    unittest.main()
