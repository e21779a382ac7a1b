# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an administrator writes holds, at the start and after a reload, and no mistake in it stops the daemon."""
import os
import re
import select
import time

import client
import stack
from client import OtherProgram, PIN, SIGN
from test_pins import PinTestCase

LOG_CONTROL = "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1", "LogLevel"


class ConfigTestCase(client.TestCase):
    """Each test begins with CONFIG alone, and ends so."""

    def setUp(self):
        super().setUp()
        self.config = self.stack.config
        self.addCleanup(self.go_back)

    def go_back(self):
        self.config.clear()
        self.config.write(self.CONFIG)
        self.stack.daemon.reload()
        for number in self.stack.cards:
            self.client.wait_for_card(number)

    def reload(self, text=None, **place):
        """With this text in the main file, or as it is; answers what the log said."""
        if text is not None:
            self.config.write(text, **place)
        return self.stack.daemon.reload()

    def level(self):
        return self.client.get(*LOG_CONTROL)

    def set_level(self, level):
        self.client.call(LOG_CONTROL[0], "org.freedesktop.DBus.Properties", "Set", "ssv", *LOG_CONTROL[1:], level)


class Files(ConfigTestCase):
    CONFIG = "[Log]\nLevel=notice\n"

    def test_the_main_file_holds_from_the_start(self):
        self.assertEqual("notice", self.level())

    def test_drop_ins_of_both_directories_come_by_name_and_those_of_etc_mask(self):
        for drop_in, directory, level, expected in (
                (None, self.config.lib, "debug", "notice"),
                ("20-a.conf", self.config.lib, "debug", "debug"),
                ("10-b.conf", self.config.etc, "err", "debug"),
                ("30-c.conf", self.config.etc, "warning", "warning"),
                ("40-d.conf", self.config.lib, "err", "err")):
            self.reload(f"[Log]\nLevel={level}\n", drop_in=drop_in, directory=directory)
            self.assertEqual(expected, self.level(), drop_in)
        os.symlink("/dev/null", self.config.path("40-d.conf"))
        self.assertNotIn("jpkid.conf", self.reload())
        self.assertEqual("warning", self.level())

    def test_what_is_wrong_is_named_and_the_rest_holds(self):
        said = self.reload("[Pin]\nReserve=9\nTries=1\nnonsense\n\n[Log]\nLevel=debug\n")
        for line, what in ((2, "Reserve= must be a number from 1 to 4; its default is used: 1"),
                           (3, "no Tries= in [Pin]"), (4, "neither")):
            self.assertRegex(said, f"(?m)^{self.config.etc}/jpkid.conf:{line}: .*{re.escape(what)}")
        self.assertEqual(3, said.count("jpkid.conf"))
        self.assertEqual("debug", self.level())

    def test_no_level_keeps_a_mistake_from_the_log(self):
        self.reload("[Log]\nLevel=err\n")
        said = self.reload("[Log]\nLevel=err\n[Pin]\nReserve=9\n")
        self.assertIn("/jpkid.conf:4: Reserve= must be", said)

    def test_what_is_no_file_of_ours_is_passed_over(self):
        os.mkfifo(self.config.path("fifo.conf"))
        os.symlink("/dev/zero", self.config.path("zero.conf"))
        os.mkdir(self.config.path("directory.conf"))
        with open(self.config.path("program.conf"), "wb") as file, open("/bin/true", "rb") as program:
            file.write(program.read(30000))
        self.config.write("[Log]\nLevel=debug\n", "secret.conf")
        os.chmod(self.config.path("secret.conf"), 0)
        said = self.reload("[Log]\nLevel=warning\n")
        for name in ("fifo", "zero", "directory", "program", "secret"):
            self.assertEqual(1, said.count(f"/{name}.conf"), said)
        self.assertIn("stays as it was", said)
        self.assertEqual("notice", self.level())
        self.config.write(self.CONFIG)
        self.stack.daemon.stop()
        self.stack.start_daemon()
        self.client.wait_for_card()
        self.assertEqual("notice", self.level())

    def test_a_reload_is_told_to_the_service_manager(self):
        told = self.stack.daemon.notifications
        before, clock = len(told), time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.reload()
        said = [line for line in told[before:] if not line.startswith(("STATUS=", "WATCHDOG="))]
        self.assertEqual(["RELOADING=1", "READY=1"], [said[0], said[2]])
        self.assertLess(abs(int(said[1].removeprefix("MONOTONIC_USEC=")) - clock), 10 ** 7)

    def test_a_level_that_was_set_over_the_bus_stays_until_another_is_configured(self):
        self.set_level("debug")
        self.reload()
        self.assertEqual("debug", self.level())
        self.reload("[Log]\nLevel=err\n")
        self.assertEqual("err", self.level())

    def test_a_reload_that_changes_nothing_leaves_cards_and_calls_alone(self):
        path = self.client.card()
        self.slow(50)
        call = self.wait_for_apdu(client.SELECT, self.client.applet("auth").start_sign)
        self.reload()
        call.result()
        self.assertEqual(path, self.client.card())


class CommandLine(ConfigTestCase):
    DAEMON_OPTIONS = ["--hold=exclusive", "--log-level=warning"]
    CONFIG = "[Card]\nHold=shared\n[Log]\nLevel=debug\n"

    def test_it_wins_at_the_start_and_after_a_reload(self):
        path = self.client.card()
        for again in (False, True):
            if again:
                self.reload(self.CONFIG + "\n")
            self.assertEqual("warning", self.level())
            with self.assertRaises(client.PcscError):
                OtherProgram()
        self.assertEqual(path, self.client.card())


class Readers(ConfigTestCase):
    READERS = 2

    def test_a_reader_that_is_ignored_goes_with_a_reload_and_comes_back_with_another(self):
        kept = self.client.card(0)
        self.reload("[Readers]\nIgnore=* Reader 1 *\n")
        self.assertEqual({0}, set(self.client.readers()))
        before = self.stack.card(1).recorded()
        self.wait_until_another_can_hold_it()
        self.reload("")
        self.client.wait_for_card(1)
        self.assertTrue(self.stack.card(1).apdus(start=before))
        self.client.applet("auth", 1).sign()
        self.assertEqual(kept, self.client.card(0))

    def test_only_readers_that_are_to_be_used_are(self):
        self.reload("[Readers]\nUse=*Reader 1*\nUse=nothing\n")
        self.assertEqual({1}, set(self.client.readers()))
        self.reload("[Readers]\nUse=*Reader 1*\nUse=\n")
        self.client.wait_for_card(0)

    def test_no_command_reaches_a_card_in_an_ignored_reader(self):
        self.reload("[Readers]\nIgnore=*Reader 1*\n")
        self.stack.card(1).control("pull")
        before = self.stack.card(1).recorded()
        time.sleep(1)       # pcscd looks every 400 ms
        self.stack.card(1).control("insert")
        time.sleep(1)
        self.reload()
        self.assertEqual([], self.stack.card(1).apdus(start=before))

    def test_a_call_whose_reader_goes_is_told(self):
        self.slow(200, 1)
        applet = self.client.applet("auth", 1)
        running = self.wait_for_apdu(client.SELECT, applet.start_sign, 1)
        waiting = applet.start_sign()
        self.client.objects()
        self.reload("[Readers]\nIgnore=*Reader 1*\n")
        with self.refused("CardRemoved"):
            waiting.result()
        running.result()

    def wait_until_another_can_hold_it(self):
        def can_hold():
            try:
                OtherProgram(OtherProgram.EXCLUSIVE, 1).close()
            except client.PcscError:
                return False
            return True
        stack.wait_until(can_hold, "another program can have the card")


class Hold(ConfigTestCase):
    def test_cards_are_taken_anew_when_it_changes(self):
        path = self.client.card()
        with self.assertRaises(client.PcscError):
            OtherProgram()
        self.reload("[Card]\nHold=shared\n")
        stack.wait_until(lambda: self.client.card() not in (None, path), "another card object")
        OtherProgram().close()
        self.client.applet("auth").sign()
        path = self.client.card()
        self.reload("[Card]\nHold=exclusive\n")
        stack.wait_until(lambda: self.client.card() not in (None, path), "another card object")
        with self.assertRaises(client.PcscError):
            OtherProgram()
        self.client.applet("auth").sign()

    def test_no_state_but_empty_is_seen_in_between(self):
        reader = self.client.get(self.client.card(), "org.jpkid1.Card", "Reader")
        with client.Signals(self.client) as signals:
            self.reload("[Card]\nHold=shared\n")
            signals.wait_until(lambda: "card" in [change.get("State") for change in signals.changes(reader)], "again")
            self.assertEqual(["empty", "card"], [change["State"] for change in signals.changes(reader)])

    def test_what_has_begun_ends_and_what_waits_is_told(self):
        self.slow(200)
        applet = self.client.applet("auth")
        running = self.wait_for_apdu(client.SELECT, applet.start_sign)
        waiting = applet.start_sign()
        self.client.objects()
        signed = len(self.stack.card().apdus(SIGN))
        self.reload("[Card]\nHold=shared\n")
        with self.refused("Cancelled"):
            waiting.result()
        running.result()
        self.client.wait_for_card()
        self.assertEqual(signed + 1, len(self.stack.card().apdus(SIGN)))
        self.assertEqual("auth no sign no", self.stack.card().control("verified"))

    def test_a_card_that_another_program_keeps_makes_its_reader_busy_until_it_is_let_go(self):
        self.reload("[Card]\nHold=shared\n")
        self.client.wait_for_card()
        other = OtherProgram()
        other.begin()
        waiting = self.client.applet("auth").start_sign()
        self.client.objects()
        self.reload("[Card]\nHold=exclusive\n")
        with self.refused("Cancelled"):
            waiting.result()
        self.client.wait_for_state("busy")
        other.end()
        other.close()
        self.client.wait_for_card()


class Pins(ConfigTestCase, PinTestCase):
    CONFIG = "[Pin]\nReserve=2\nHoldOff=600 600 3600\nUnlockTime=10\n"

    def test_the_reserve_is_kept_without_consent(self):
        self.spend(self.auth, b"9991")
        with self.no_try_spent(), self.refused("LastTry") as caught:
            self.auth.sign()
        self.assertIn("2 tries", caught.exception.body[0])
        self.assertEqual(2, caught.exception.body[1])
        self.auth.sign(allow_last_try=True)
        self.auth.sign()

    def test_with_one_try_left_the_text_says_one(self):
        self.put_card(tries={"sign": 1})
        with self.no_try_spent(), self.refused("LastTry") as caught:
            self.client.applet("sign").sign()
        self.assertIn("One try", caught.exception.body[0])

    def test_jpkictl_tells_what_is_left_and_how_to_use_it(self):
        self.spend(self.auth, b"9991")
        with self.no_try_spent():
            held_back = self.stack.jpkictl("pin", "verify", "auth", pin=b"1234")
        self.assertIn("2 tries of the auth PIN are left", held_back.stderr)
        self.assertEqual(0, self.stack.jpkictl("pin", "verify", "auth", "--allow-last-try", pin=b"1234").returncode)

    def test_the_reserve_follows_a_reload(self):
        self.spend(self.auth, b"9991")
        with client.Signals(self.client) as signals:
            self.reload("[Pin]\nReserve=1\n")
            signals.wait_until(lambda: {"Reserve": 1} in signals.changes(client.ROOT), "the reserve")
        self.auth.sign()

    def test_the_reserve_is_told(self):
        self.assertEqual(2, self.client.get(client.ROOT, "org.jpkid1.Manager", "Reserve"))

    def test_the_wait_is_the_configured_one(self):
        self.spend(self.sign, b"WRONG1", b"WRONG2")
        with self.no_try_spent(), self.refused("HeldOff") as caught:
            self.sign.sign()
        self.assertAlmostEqual(time.time() + 600, caught.exception.body[1], delta=5)

    def test_no_configuration_makes_the_wait_shorter(self):
        said = self.reload("[Pin]\nHoldOff=1 2 3\n")
        self.assertIn("HoldOff= must be", said)
        self.spend(self.sign, b"WRONG1", b"WRONG2")
        with self.no_try_spent(), self.refused("HeldOff") as caught:
            self.sign.sign()
        self.assertAlmostEqual(time.time() + 60, caught.exception.body[1], delta=5)

    def test_a_lease_ends_after_its_time(self):
        lease = self.auth.call("Unlock", pin=b"1234").take()
        self.addCleanup(os.close, lease)
        waiting = select.poll()
        waiting.register(lease, 0)
        started = time.monotonic()
        self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        self.assertTrue(waiting.poll(stack.PATIENCE * 1000))
        self.assertAlmostEqual(10, time.monotonic() - started, delta=2)
        with self.refused("PinRequired"):
            self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))


class Leases(ConfigTestCase):
    def test_a_reload_does_not_change_those_that_there_are(self):
        other = self.new_client()
        before = self.client.applet("auth").call("Unlock", pin=PIN["auth"]).take()
        self.addCleanup(os.close, before)
        self.reload("[Pin]\nUnlockTime=10\n")
        after = other.applet("auth").call("Unlock", pin=PIN["auth"]).take()
        self.addCleanup(os.close, after)
        waiting = select.poll()
        for lease in before, after:
            waiting.register(lease, 0)
        self.assertEqual([after], [lease for lease, _ in waiting.poll(stack.PATIENCE * 1000)])
        self.client.applet("auth").call("Sign", "rsa-pkcs1-sha256", bytes(32))
        with self.refused("PinRequired"):
            other.applet("auth").call("Sign", "rsa-pkcs1-sha256", bytes(32))


class Limits(ConfigTestCase):
    CONFIG = "[Limits]\nCalls=3\nCallsPerCaller=2\nUnlocksPerUser=1\n"

    def test_a_caller_and_all_of_them_have_so_many_calls(self):
        self.slow(200)
        clients = [self.client, self.new_client()]
        calls = [one.applet("auth").start_sign() for one in clients for _ in range(3)]
        refusals = 0
        for call in calls:
            try:
                call.result()
            except client.Refused as refused:
                self.assertEqual("org.freedesktop.DBus.Error.LimitsExceeded", refused.name)
                refusals += 1
        self.assertEqual(3, refusals)

    def test_a_user_has_so_many_leases(self):
        os.close(self.client.applet("auth").call("Unlock", pin=b"1234").take())
        kept = self.client.applet("auth").call("Unlock", pin=b"1234").take()
        self.addCleanup(os.close, kept)
        other = self.new_client()
        with self.refused("org.freedesktop.DBus.Error.LimitsExceeded"):
            other.applet("auth").call("Unlock", pin=b"1234")
        self.reload("")
        os.close(other.applet("auth").call("Unlock", pin=b"1234").take())
