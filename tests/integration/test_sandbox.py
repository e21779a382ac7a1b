# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test bed itself: what runs in it can harm no card in a real reader, and sees what it asked for."""
import ctypes
import os
import subprocess
import unittest

import stack

SANDBOX = os.path.join(stack.TOP, "tests/sandbox")
SCARD_SCOPE_SYSTEM = 2
SCARD_E_NO_SERVICE = 0x8010001D
SCARD_E_NO_READERS_AVAILABLE = 0x8010002E


def list_readers():
    """The answer of SCardListReaders, or the first error code."""
    pcsc = ctypes.CDLL("libpcsclite.so.1")
    context, size, names = ctypes.c_long(), ctypes.c_ulong(4096), ctypes.create_string_buffer(4096)
    status = pcsc.SCardEstablishContext(SCARD_SCOPE_SYSTEM, None, None, ctypes.byref(context))
    if status == 0:
        status = pcsc.SCardListReaders(context, None, names, ctypes.byref(size))
        pcsc.SCardReleaseContext(context)
    return status & 0xFFFFFFFF if status else names.raw[:size.value].decode().split("\0")[:-2]


def mounts():
    with open("/proc/self/mounts") as table:
        return table.read()


def sandbox(script, **options):
    return subprocess.run([SANDBOX, "sh", "-c", script], text=True, capture_output=True, **options)


class Sandbox(unittest.TestCase):
    def test_no_reader_and_no_bus_of_the_machine_is_reachable(self):
        look = "import os, test_sandbox; print(test_sandbox.list_readers(), os.listdir('/run/dbus'))"
        with stack.Stack(start=["bus", "pcscd"]):       # they stand for the machine's
            self.assertEqual(["Virtual Reader 0 00 00"], list_readers())
            self.assertEqual(f"{SCARD_E_NO_SERVICE} []\n", sandbox(f'/usr/bin/python3 -B -c "{look}"').stdout)

    def test_only_loopback_is_there(self):
        with open("/proc/net/dev") as table:
            self.assertEqual(["lo"], [line.split(":")[0].strip() for line in table.readlines()[2:]])

    def test_the_environment_names_no_bus_and_no_pcscd(self):
        named = sandbox("env", env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/real/bus",
                                    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/real/bus",
                                    "PCSCLITE_CSOCK_NAME": "/real/pcscd"}).stdout
        self.assertNotIn("/real/", named)

    def test_the_exit_status_is_passed_on(self):
        self.assertEqual(7, sandbox("exit 7").returncode)

    def test_nothing_outlives_the_command(self):
        before = mounts()
        started = sandbox("setsid sleep 1000 & touch $JPKID_SANDBOX/left; echo started").stdout
        self.assertEqual("started\n", started)
        self.assertNotIn("sleep", subprocess.check_output(["ps", "-eo", "comm"], text=True))
        self.assertEqual(before, mounts())
        self.assertFalse(os.path.exists(os.path.join(stack.WORK, "left")))

    def test_two_run_side_by_side(self):
        script = "import stack; stack.Stack(start=['bus', 'pcscd']).__enter__(); print('up', flush=True); input()"
        both = [subprocess.Popen([SANDBOX, "/usr/bin/python3", "-c", script], text=True, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE) for _ in range(2)]
        for one in both:
            self.assertEqual("up\n", one.stdout.readline())
        for one in both:
            one.communicate("\n")
            self.assertEqual(0, one.returncode)


class Readers(unittest.TestCase):
    def test_a_line_that_the_record_of_a_card_holds_by_half_is_not_read_yet(self):
        with stack.Stack(start=["pcscd", "cards"]) as running:
            card = running.card()
            card.wait_for_power()
            lines, end = card.record(), card.recorded()
            with open(card.files["record"], "a") as record:
                record.write("1234")
            self.assertEqual((lines, end, []), (card.record(), card.recorded(), card.record(end)))

    def test_there_are_exactly_as_many_as_asked_for(self):
        for count in range(5):
            with self.subTest(count=count), stack.Stack(readers=count, start=["pcscd"]):
                names = [f"Virtual Reader {number} 00 00" for number in range(count)]
                self.assertEqual(names or SCARD_E_NO_READERS_AVAILABLE, list_readers())

    def test_each_card_is_in_the_reader_of_its_number(self):
        with stack.Stack(readers=4, start=["pcscd", "cards"]) as running:
            for number in range(4):
                stack.wait_until(lambda: subprocess.run(["opensc-tool", f"--reader={number}", "--send-apdu=00A40002"],
                                                        capture_output=True).returncode == 0, "the card answers")
                self.assertEqual(list(range(number + 1)), [n for n in range(4) if running.card(n).apdus()])
