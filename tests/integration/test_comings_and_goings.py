# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cards, readers, pcscd and the daemon itself come and go, and the bus always shows what is there."""
import contextlib
import os
import signal
import time
import unittest

import client
import stack
from client import PIN, ROOT, pki

PCSCD_SOCKET = "/run/pcscd/pcscd.comm"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"


class Cards(client.TestCase):
    READERS = 2

    def test_a_card_that_is_pulled_takes_its_objects_along(self):
        path = self.client.card()
        reader = self.client.get(path, "org.jpkid1.Card", "Reader")
        with client.Signals(self.client) as signals:
            self.stack.card().control("pull")
            signals.wait_until(lambda: len(self.of_objects(signals, "InterfacesRemoved")) == 3, "three objects go")
            self.assertEqual({path, f"{path}/auth", f"{path}/sign"}, self.of_objects(signals, "InterfacesRemoved"))
            signals.wait_until(lambda: {"State": "empty", "Card": "/"} in signals.changes(reader), "it is empty")
        self.assertFalse([other for other in self.client.objects() if other.startswith(path)])
        self.insert()

    def test_a_card_that_is_put_in_brings_new_objects(self):
        self.pull()
        before = set(self.client.objects())
        with client.Signals(self.client) as signals:
            path = self.insert()
            signals.wait_until(lambda: len(self.of_objects(signals, "InterfacesAdded")) == 3, "three objects come")
            self.assertEqual({path, f"{path}/auth", f"{path}/sign"}, self.of_objects(signals, "InterfacesAdded"))
            reader = self.client.get(path, "org.jpkid1.Card", "Reader")
            signals.wait_until(lambda: {"State": "card", "Card": path} in signals.changes(reader), "the reader has it")
        self.assertEqual({path, f"{path}/auth", f"{path}/sign"}, set(self.client.objects()) - before)

    def test_no_number_is_used_twice(self):
        seen = [self.client.card(0), self.client.card(1)]
        for number in (0, 1, 0):
            self.pull(number)
            seen.append(self.insert(number))
        self.assertEqual(len(seen), len(set(seen)))
        numbers = [int(path.rsplit("/", 1)[1]) for path in seen]
        self.assertEqual(sorted(numbers[2:]), numbers[2:])

    def test_a_new_card_is_not_taken_for_the_old_one(self):
        with self.refused("PinIncorrect"):
            self.client.applet("auth").call("VerifyPin", pin=b"9999")
        self.put_card(0, f"--pki={stack.WORK}/another-pki")
        auth = self.client.applet("auth")
        self.assertEqual(-1, auth.get("TriesLeft"))
        self.assertEqual(3, auth.call("GetTries"))
        self.assertNotEqual(pki("auth.der"), auth.call("GetCertificate"))
        auth.sign()
        self.put_card()

    def test_readers_work_side_by_side(self):
        for number in (0, 1):
            self.client.applet("auth", number).sign()
            self.slow(100, number)
        started = time.monotonic()
        self.client.applet("auth", 0).sign()
        one = time.monotonic() - started
        started = time.monotonic()
        for call in [self.client.applet("auth", number).start_sign() for number in (0, 1)]:
            call.result()
        self.assertLess(time.monotonic() - started, 1.6 * one)

    def test_a_pull_in_one_reader_leaves_the_other_alone(self):
        path = self.client.card(1)
        self.pull(0)
        self.assertEqual(path, self.client.card(1))
        self.client.applet("auth", 1).sign()
        self.insert(0)

    def of_objects(self, signals, member):
        return {str(arguments[0]) for path, interface, name, arguments in signals.heard
                if (path, interface, name) == (ROOT, OBJECT_MANAGER, member)}


class Pcscd(client.TestCase):
    def pcsc_available(self):
        return self.client.get(ROOT, "org.jpkid1.Manager", "PcscAvailable")

    def wait_for_pcscd(self, available):
        stack.wait_until(lambda: self.pcsc_available() == available, f"PcscAvailable {available}")

    def test_a_pcscd_that_dies_and_comes_back_is_followed(self):
        for end in (stack.Process.kill, stack.Process.stop):
            path = self.client.card()
            with client.Signals(self.client) as signals:
                end(self.stack.pcscd)
                self.wait_for_pcscd(False)
                self.assertEqual(set(), set(self.client.objects()) - {ROOT})
                self.stack.start_pcscd()
                self.wait_for_pcscd(True)
                self.client.wait_for_card()
                signals.wait_until(lambda: {"PcscAvailable": True, "PcscState": "available"} in signals.changes(ROOT),
                                   "the news")
                self.assertIn({"PcscAvailable": False, "PcscState": "absent"}, signals.changes(ROOT))
            self.assertNotEqual(path, self.client.card())
            self.client.applet("auth").sign()

    def test_a_call_that_runs_when_pcscd_dies_is_told(self):
        self.slow(300)
        call = self.wait_for_apdu(client.SELECT, self.client.applet("auth").start_sign)
        queued = self.client.applet("auth").start_sign()
        self.client.objects()
        self.stack.pcscd.kill()
        for one in (call, queued):
            with self.refused("PcscUnavailable", "CardRemoved", "OutcomeUnknown", "ReaderError"):
                one.result()
        self.stack.card().control("delay 0")
        self.stack.start_pcscd()
        self.client.wait_for_card()
        self.client.applet("auth").sign()

    def test_readers_come_and_go_with_pcscd(self):
        for count in (0, 3, 1):
            with self.subTest(readers=count):
                self.stack.pcscd.stop()
                self.wait_for_pcscd(False)
                self.stack.readers = count
                self.stack.start_pcscd()
                for number in range(len(self.stack.cards), count):
                    self.stack.start_card(number)
                self.wait_for_pcscd(True)
                stack.wait_until(lambda: len(self.client.readers()) == count, f"{count} readers")
                for number in range(count):
                    self.client.wait_for_card(number)
                    self.client.applet("auth", number).sign()
                for number in [number for number in self.stack.cards if number >= max(count, 1)]:
                    self.stack.cards.pop(number).stop()


class Starts(unittest.TestCase):
    """The daemon may be the first to come."""

    def daemon_without_pcscd(self):
        started = self.enterContext(stack.Stack(start=["bus", "daemon"]))
        one = client.Client()
        self.addCleanup(one.close)
        self.assertFalse(one.get(ROOT, "org.jpkid1.Manager", "PcscAvailable"))
        self.assertEqual({}, one.readers())
        return started, one

    def test_a_daemon_that_holds_no_card_stops_at_once(self):
        started, _ = self.daemon_without_pcscd()
        time.sleep(1.5)     # what a start still brings is over, and nothing happens any more
        before = time.monotonic()
        started.daemon.stop()
        self.assertLess(time.monotonic() - before, 2)

    def test_pcscd_may_come_later_and_the_card_after_that(self):
        started, one = self.daemon_without_pcscd()
        started.start_pcscd()
        stack.wait_until(lambda: len(one.readers()) == 1, "a reader")
        self.assertEqual("empty", one.readers()[0]["State"])
        started.start_cards()
        one.wait_for_card()
        one.applet("auth").sign()

    def test_where_systemd_listens_for_pcscd_the_daemon_starts_it_and_starts_it_again(self):
        started = self.enterContext(stack.Stack())
        one = client.Client()
        self.addCleanup(one.close)
        path = one.wait_for_card()
        number = os.path.join(stack.WORK, "pcscd-number")
        started.pcscd.stop()        # its configuration stays
        self.addCleanup(self.stop_group, stack.Process("systemd", ["sh", "-c", f"""
            while rm -f {PCSCD_SOCKET} /run/pcscd/pcscd.pid; do
                systemd-socket-activate --listen={PCSCD_SOCKET} \
                    /usr/sbin/pcscd --foreground --auto-exit --config={stack.WORK}/readers &
                echo $! >{number}
                until chmod 0666 {PCSCD_SOCKET}; do sleep 0.05; done
                wait
            done"""]))
        for _ in range(2):
            stack.wait_until(lambda: one.card() not in (None, path), "a card through a pcscd that was started again")
            path = one.card()
            one.applet("auth").sign()
            with open(number) as file:
                os.kill(int(file.read()), signal.SIGKILL)

    def stop_group(self, process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()


class Restarts(client.TestCase):
    def restart(self):
        self.stack.start_daemon()
        self.client.wait_for_card()

    def sign_many(self, count):
        return self.client.applet("auth").start("SignMany", "rsa-pkcs1-sha256", [bytes(32)] * count, pin=PIN["auth"])

    def test_a_daemon_that_is_killed_in_the_middle_leaves_a_card_that_the_next_one_closes(self):
        for mode in ("exclusive", "shared"):
            with self.subTest(mode):
                self.stack.daemon.stop()
                self.stack.start_daemon(f"--hold={mode}")
                self.client.wait_for_card()
                card = self.stack.card()
                card.control("delay 100")
                self.wait_for_verified(lambda: self.sign_many(50))
                self.stack.daemon.kill()
                card.control("delay 0")
                self.stack.start_daemon(f"--hold={mode}")
                self.client.wait_for_card()
                self.assertEqual("auth no sign no", card.control("verified"))
                self.client.applet("auth").sign()

    def test_a_daemon_that_is_stopped_while_it_works_ends_in_time_and_leaves_the_card_closed(self):
        card = self.stack.card()
        card.control("delay 100")
        self.wait_for_verified(lambda: self.sign_many(64))
        started = time.monotonic()
        self.stack.daemon.stop()
        self.assertLess(time.monotonic() - started, 5)
        card.control("delay 0")
        self.restart()
        self.assertEqual("auth no sign no", card.control("verified"))

    def test_a_stop_cancels_the_calls_that_wait_and_lets_the_one_that_has_begun_end(self):
        self.slow(50)
        calls = [self.wait_for_apdu(client.SELECT, self.client.applet("auth").start_sign)]
        calls += [self.client.applet("auth").start_sign() for _ in range(3)]
        self.client.objects()
        self.addCleanup(self.restart)
        self.stack.daemon.stop()
        for call in calls[1:]:
            with self.refused("Cancelled"):
                call.result()
        calls[0].result()


if __name__ == "__main__":
    unittest.main()
