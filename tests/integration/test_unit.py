# SPDX-License-Identifier: LGPL-2.1-or-later
"""systemd/jpkid.service: systemd takes it, its sandbox is tight, and its limits are enough for what it runs."""
import array
import configparser
import os
import re
import resource
import socket
import struct
import subprocess
import unittest

import client
import stack
from client import PIN

UNIT = os.path.join(stack.BUILD, "systemd/jpkid.service")
EXPOSURE = 2            # tenths
CALLERS, CALLS_EACH, LEASES = 8, 16, 16
DESCRIPTORS = 16        # that one message may carry on the system's bus
UNITS = {"K": 1024, "M": 1024 ** 2}


def settings():
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNIT)
    return {**parser["Unit"], **parser["Service"]}


def locked_memory_limit():
    number, unit = re.fullmatch(r"(\d+)([KM])", settings()["LimitMEMLOCK"]).groups()
    return int(number) * UNITS[unit]


def limit(test_class, which, value):
    before = resource.getrlimit(which)
    resource.setrlimit(which, (value, before[1]))
    test_class.addClassCleanup(resource.setrlimit, which, before)


class Unit(unittest.TestCase):
    def setUp(self):
        """The unit as it would be where the daemon is installed."""
        self.path = os.path.join(stack.WORK, "jpkid.service")
        with open(UNIT) as unit, open(self.path, "w") as file:
            file.write(re.sub("^ExecStart=.*", f"ExecStart={stack.program('jpkid')}", unit.read(), flags=re.MULTILINE))

    def analyze(self, *words):
        return subprocess.run(["systemd-analyze", "--no-pager", *words, self.path], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def test_systemd_finds_nothing_to_complain_of(self):
        told = self.analyze("--man=no", "verify")
        self.assertEqual((0, ""), (told.returncode, told.stdout))

    def test_its_exposure_is_as_low_as_we_say(self):
        told = self.analyze("security", "--offline=true", f"--threshold={EXPOSURE}")
        self.assertEqual(0, told.returncode, told.stdout)

    def test_no_count_of_starts_keeps_it_down(self):
        self.assertEqual(("on-failure", "0"), (settings()["Restart"], settings()["StartLimitIntervalSec"]))

    def test_each_status_that_asks_for_an_administrator_ends_the_restarts(self):
        prevented = settings()["RestartPreventExitStatus"].split()
        known = dict(line.split()[:2] for line in subprocess.check_output(
            ["systemd-analyze", "exit-status", *prevented], text=True).splitlines()[1:])
        with open(os.path.join(stack.TOP, "daemon/main.c")) as file:
            used = {name: getattr(os, f"EX_{name}") for name in re.findall(r"\bEX_([A-Z]+)", file.read())}
        self.assertTrue(used)
        for name, status in used.items():
            self.assertEqual(str(status), known[name])


@unittest.skipIf("ASAN_OPTIONS" in os.environ, "AddressSanitizer makes mlock do nothing")
class LockedMemory(client.TestCase):
    """As many secrets as one card can bring are held in what the unit lets the daemon lock."""

    @classmethod
    def setUpClass(cls):
        limit(cls, resource.RLIMIT_MEMLOCK, locked_memory_limit())
        super().setUpClass()

    def locked(self):
        with open(f"/proc/{self.stack.daemon.pid}/status") as file:
            return int(re.search(r"VmLck:\s+(\d+) kB", file.read()).group(1)) * 1024

    def test_it_is_enough_for_all_the_calls_and_leases_that_there_can_be(self):
        callers = [self.new_client() for _ in range(LEASES)]
        for caller in callers:
            lease = caller.applet("auth").call("Unlock", pin=PIN["auth"]).take()
            self.addCleanup(os.close, lease)
        self.slow(300)
        calls = [caller.applet("auth").start("ChangePin", pin=PIN["auth"], new_pin=b"8642", expected_tries=1,
                                             timeout=3000)
                 for caller in callers[:CALLERS] for _ in range(CALLS_EACH)]
        for call in calls:
            with self.refused("TriesChanged", "Timeout"):
                call.result()
        self.assertLessEqual(self.locked(), locked_memory_limit())
        self.assertGreater(self.locked(), 0)


class RawCaller:
    """A program whose messages carry descriptors that no argument speaks of; libraries send none."""

    def __init__(self):
        self.serial = 0
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect("/run/dbus/system_bus_socket")
        for line in (f"\0AUTH EXTERNAL {str(os.geteuid()).encode().hex()}", "NEGOTIATE_UNIX_FD"):
            self.socket.sendall(f"{line}\r\n".encode())
            self.socket.recv(1024)
        self.socket.sendall(b"BEGIN\r\n")
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")
        self.socket.recv(1024)

    def call(self, service, path, interface, member, signature="", body=b"", descriptors=()):
        def field(code, kind, value):
            return align(fields, 8) + struct.pack("<BBcB", code, 1, kind.encode(), 0) + value

        def align(data, to):
            return data + bytes(-len(data) % to)
        fields = b""
        self.serial += 1
        for code, kind, text in (1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", service):
            fields = field(code, kind, struct.pack("<I", len(text)) + text.encode() + b"\0")
        fields = field(8, "g", bytes([len(signature)]) + signature.encode() + b"\0")
        fields = field(9, "u", struct.pack("<I", len(descriptors)))
        head = struct.pack("<cBBBIII", b"l", 1, 0, 1, len(body), self.serial, len(fields)) + fields
        self.socket.sendmsg([align(head, 8) + body],
                            [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))])


class Descriptors(client.TestCase):
    @classmethod
    def setUpClass(cls):
        limit(cls, resource.RLIMIT_NOFILE, int(settings()["LimitNOFILE"]))
        super().setUpClass()

    def opened(self):
        return len(os.listdir(f"/proc/{self.stack.daemon.pid}/fd"))

    def test_they_are_enough_for_calls_that_bring_as_many_as_the_bus_lets_through(self):
        path, before = f"{self.client.card()}/auth", self.opened()
        self.slow(300)
        with open(os.devnull) as file:
            for number in range(CALLERS):
                caller = RawCaller()
                self.addCleanup(caller.socket.close)
                for _ in range(CALLS_EACH):
                    caller.call(client.NAME, path, client.APPLET, "GetTries", "a{sv}", bytes(8),
                                [file.fileno()] * DESCRIPTORS)
                open_calls = (number + 1) * CALLS_EACH - 3      # some have had their turn
                stack.wait_until(lambda: self.opened() >= before + open_calls * DESCRIPTORS, "the calls")
        self.client.objects()


if __name__ == "__main__":
    unittest.main()
