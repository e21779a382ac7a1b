# SPDX-License-Identifier: LGPL-2.1-or-later
"""jpkictl monitor: what changes is told as it changes."""
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import unittest

import dbus

import client
import golden
import stack
from jpkictl import FILE, NO_SERVICE
from test_jpkictl_service import Impostor


class Monitor:
    """jpkictl monitor, with all that it has printed."""

    def __init__(self, *options, user="root", env=None):
        self.process = subprocess.Popen(stack.as_user(user, [stack.program("jpkictl"), "monitor", *options]),
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(env or {})})
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def wait_for(self, pattern, times=1):
        def is_there():
            self.text += (self.process.stdout.read() or b"").decode()
            return len(re.findall(pattern, self.text)) >= times
        try:
            stack.wait_until(is_there, f"{pattern} {times} times")
        except TimeoutError as error:
            raise AssertionError(self.text) from error

    def events(self):
        return [json.loads(line) for line in self.text.splitlines()]

    def end(self):
        status = self.process.wait(stack.PATIENCE)
        return status, self.process.stderr.read().decode()


class Words(golden.TestCase):
    @golden.situation
    def test_monitor_tells_what_changes(self):
        with Monitor(env=self.environment) as monitor:
            monitor.wait_for("Virtual Reader 0")
            auth = self.client.applet("auth")
            with contextlib.suppress(client.Refused):
                auth.call("VerifyPin", pin=client.WRONG_PIN["auth"])
            monitor.wait_for("2 of 3|残り2回")
            auth.call("VerifyPin", pin=client.PIN["auth"])
            monitor.wait_for("3 of 3|残り3回")
            self.change_card(0, "--not-jpki")
            monitor.wait_for("without JPKI|対応していない")
            self.pull()
            monitor.wait_for("no card|カードなし", 2)
            self.stack.pcscd.stop()
            monitor.wait_for("disconnected|取り外されました")
            self.stack.start_pcscd()
            monitor.wait_for("reader connected|接続されています", 2)
            self.stack.daemon.stop()
            monitor.wait_for("has ended|終了しました")
            self.stack.start_daemon()
            monitor.wait_for("reader connected|接続されています", 3)
        self.note("jpkictl monitor", monitor.text, 0)

    @golden.situation
    def test_monitor_where_its_output_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([stack.program("jpkictl"), "monitor"], stdout=full, stderr=subprocess.PIPE, text=True,
                                  env={**os.environ, **self.environment}, timeout=stack.PATIENCE)
        self.note("jpkictl monitor >/dev/full", done.stderr, done.returncode)
        self.assertEqual(FILE, done.returncode)


class PcscdThatRefuses(golden.TestCaseOfParts):
    @golden.situation
    def test_monitor_where_pcscd_refuses(self):
        with Impostor(GetAll=Impostor.manager(PcscAvailable=False, PcscState="refused")), \
                Monitor(env=self.environment) as monitor:
            monitor.wait_for("Reader")
        self.note("jpkictl monitor", monitor.text, 0)


class Events(client.TestCase):
    READERS = 2

    def monitor(self, *options, **more):
        monitor = self.enterContext(Monitor(*options, **more))
        monitor.wait_for("Virtual Reader")
        return monitor

    def test_the_beginning_is_told_first_and_marked_to_programs(self):
        monitor = self.monitor("--json")
        monitor.wait_for('"card-inserted"', 2)
        self.assertEqual(["service-running", "pcscd", "reader-added", "card-inserted", "reader-added", "card-inserted"],
                         [event["event"] for event in monitor.events()][:6])
        self.assertEqual({True}, {event["initial"] for event in monitor.events()})

    def test_what_all_events_have_for_programs(self):
        monitor = self.monitor("--json")
        self.client.applet("auth").call("GetTries")
        monitor.wait_for('"tries"')
        self.pull()
        monitor.wait_for('"card-removed"')
        for event in monitor.events():
            self.assertRegex(event["time"], r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\Z")
            self.assertLessEqual({"time", "event", "initial", "path"}, set(event))
        events = {event["event"]: event for event in monitor.events()}
        self.assertEqual("empty", events["card-removed"]["state"])
        self.assertEqual(events["card-removed"]["path"], events["tries"]["card"])
        self.assertEqual((3, 3, False), tuple(events["tries"][key] for key in ("tries-left", "tries-max", "locked")))

    def test_each_try_and_the_lock_are_told_at_once(self):
        monitor = self.monitor("--json")
        auth = self.client.applet("auth")
        for left, pin in ((2, b"1111"), (1, b"2222")):
            with contextlib.suppress(client.Refused):
                auth.call("VerifyPin", pin=pin)
            monitor.wait_for(f'"tries-left":{left}')
        stack.clear_state()
        with contextlib.suppress(client.Refused):
            auth.call("VerifyPin", pin=b"3333", allow_last_try=True)
        monitor.wait_for('"tries-left":0,"tries-max":3,"locked":true')

    def test_a_reader_can_be_chosen(self):
        monitor = self.monitor("--json", "--reader=Reader 1")
        self.pull(0)
        self.pull(1)
        monitor.wait_for('"card-removed"')
        self.assertEqual({None, "Virtual Reader 1 00 00"}, {event.get("name") for event in monitor.events()})

    def test_everybody_may_watch(self):
        monitor = self.monitor(user="alice")
        self.pull()
        monitor.wait_for("no card")

    def test_it_does_not_poll(self):
        monitor = self.monitor()
        calls = subprocess.run(["timeout", "2", "strace", "-f", "-q", "-p", str(monitor.process.pid)],
                               capture_output=True, text=True).stderr
        self.assertLessEqual(len([line for line in calls.splitlines() if "(" in line]), 2, calls)

    def test_a_signal_of_another_program_is_not_believed(self):
        monitor = self.monitor("--json")
        liar = self.new_client("alice")
        names = self.client.connection.call_blocking("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ListNames",
                                                     "", ())
        for name in names:
            if not name.startswith(":"):
                continue
            signal_message = dbus.lowlevel.SignalMessage(client.ROOT, "org.freedesktop.DBus.Properties",
                                                         "PropertiesChanged")
            signal_message.append("org.jpkid1.Manager", {"PcscState": "lie"}, [], signature="sa{sv}as")
            signal_message.set_destination(name)
            liar.connection.send_message(signal_message)
        liar.connection.flush()
        self.pull()
        monitor.wait_for('"card-removed"')
        self.assertNotIn("lie", monitor.text)

    def test_ctrl_c_ends_it(self):
        monitor = self.monitor()
        monitor.process.send_signal(signal.SIGINT)
        self.assertEqual((-signal.SIGINT, ""), monitor.end())

    def test_it_ends_when_nobody_reads_any_more(self):
        monitor = self.monitor()
        monitor.process.stdout.close()
        self.assertEqual((0, ""), monitor.end())
        monitor.process.stdout = open(os.devnull)

    def test_it_ends_when_nobody_reads_its_socket_any_more(self):
        ours, its = socket.socketpair()
        with subprocess.Popen([stack.program("jpkictl"), "monitor"], stdout=its, stdin=subprocess.DEVNULL) as process:
            its.close()
            shown = b""
            while b"Virtual Reader 1" not in shown:
                shown += ours.recv(4096)
            ours.close()
            try:
                self.assertEqual(0, process.wait(stack.PATIENCE))
            finally:
                process.kill()


class Bus(unittest.TestCase):
    def test_a_bus_that_leaves_ends_it(self):
        with stack.Stack(start=["bus"]) as started, Impostor(), Monitor() as monitor:
            monitor.wait_for("is running")
            started.bus.kill()
            status, errors = monitor.end()
        self.assertEqual(NO_SERVICE, status)
        self.assertRegex(errors, r"\Ajpkictl: [^\n]+\n\Z")

    def test_a_service_that_is_not_there_ends_it(self):
        with stack.Stack(start=["bus"]), Monitor() as monitor:
            self.assertEqual(NO_SERVICE, monitor.end()[0])

    def test_odd_signals_end_it_with_a_sentence(self):
        objects = ("a{oa{sa{sv}}}", Impostor.objects(Name=dbus.UInt64(3)))
        with stack.Stack(start=["bus"]), Impostor(GetManagedObjects=objects), Monitor() as monitor:
            status, errors = monitor.end()
        self.assertEqual(1, status)
        self.assertIn("form", errors)


if __name__ == "__main__":
    unittest.main()
