# SPDX-License-Identifier: LGPL-2.1-or-later
"""jpkictl diagnose: each thing that can be wrong between the bus and the card is named, with what mends it."""
import contextlib
import datetime
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import dbus

import client
import golden
import polkit
import stack
from test_jpkictl_service import Impostor

DIAGNOSED = 16
PCSCD, PCSCD_SOCKET = "/usr/sbin/pcscd", "/run/pcscd/pcscd.comm"
LIBCCID = "/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents"
SYS_BUS = "/sys/bus"
SERVICES = "/run/jpkid-services"
RULES = """
polkit.addRule(function(action, subject) {
    if (action.id.startsWith("org.jpkid1.") && subject.user == "bob")
        return polkit.Result.AUTH_SELF;
    if (action.id == "org.jpkid1.read" && subject.user == "jpkid")
        return polkit.Result.YES;
});
"""


@contextlib.contextmanager
def hidden(path):
    """What is there cannot be used, in this sandbox."""
    subprocess.check_call(["mount", "--bind", "/dev/null", path])
    try:
        yield
    finally:
        subprocess.check_call(["umount", path])


class Manual(unittest.TestCase):
    def test_it_has_every_situation(self):
        with open(os.path.join(stack.TOP, "man/jpkictl.1")) as page:
            known = set(re.split(r",? ", page.read().partition("The situations are\n")[2].partition(".El")[0].replace("\n", " ")))
        named = set()
        for path in glob.glob(os.path.join(stack.TOP, "client/jpkictl/diagnosis*.c")):
            with open(path) as source:
                named |= set(re.findall(r'finding_set\(\s*finding,\s*[A-Z_]+,\s*"([a-z-]+)"', source.read()))
        self.assertLess({"unreachable", "needs-pin"}, named)
        self.assertEqual(set(), named - known)


class Usb:
    """A tree of USB devices where the kernel's would be; and pcscd's drivers, which the sandbox hides."""

    def __init__(self):
        self.devices = os.path.join(SYS_BUS, "usb/devices")

    def clear(self):
        shutil.rmtree(self.devices, ignore_errors=True)
        os.makedirs(self.devices)

    def write(self, entry, **attributes):
        os.makedirs(os.path.join(self.devices, entry), exist_ok=True)
        for name, text in attributes.items():
            with open(os.path.join(self.devices, entry, name), "w") as file:
                file.write(text + "\n")

    def plug(self, vendor, product, name, interface_class, port="1-1"):
        self.write(port, idVendor=vendor, idProduct=product, product=name)
        self.write(f"{port}:1.0", bInterfaceClass=interface_class)

    def install_libccid(self, version, *readers):
        os.makedirs(LIBCCID, exist_ok=True)

        def array(key, index):
            strings = "".join(f"<string>0x{reader[index].upper()}</string>\n" for reader in readers)
            return f"<key>{key}</key>\n<array>\n{strings}</array>\n"
        with open(os.path.join(LIBCCID, "Info.plist"), "w") as file:
            file.write(f"<plist><dict>\n<key>CFBundleShortVersionString</key>\n<string>{version}</string>\n"
                       f"{array('ifdVendorID', 0)}{array('ifdProductID', 1)}</dict></plist>\n")

    def remove_libccid(self):
        shutil.rmtree(LIBCCID, ignore_errors=True)


def setUpModule():
    """No USB device of the machine is seen."""
    unittest.enterModuleContext(polkit.directory_with(SYS_BUS, {}))
    Usb().clear()


class Diagnoses:
    def diagnose(self, note, *options, **more):
        return self.shows("diagnose", *options, command=" ".join(("jpkictl diagnose", *options, f"   # {note}")), **more)

    def at(self, day):
        self.clock.set(int(datetime.datetime.combine(day, datetime.time(12), golden.JAPAN).timestamp()))


class Cards(Diagnoses, golden.TestCase):
    """A card, its PINs and certificates."""

    def try_card(self, note, *options, tries=None):
        self.change_card(0, *options, tries=tries)
        self.stack.wait_for_cards()
        self.diagnose(note)

    @golden.situation
    def test_diagnose_of_each_card(self):
        with self.no_try_spent():
            self.diagnose("nothing is wrong")
            self.diagnose("nothing is wrong", "--json")
        self.try_card("a 住基カード", "--type=juki-card")
        self.try_card("no JPKI card", "--not-jpki")
        self.try_card("a child's", "--child")
        self.try_card("without certificates", f"--certificate=0008={self.path('availability', bytes(3))}")
        self.try_card("a phone", "--type=android-phone")
        self.try_card("a phone without a sign certificate", "--type=iphone", "--child")
        self.try_card("a phone with one try of auth left", "--type=iphone", tries={"auth": 1})
        self.try_card("auth locked", tries={"auth": 0})
        self.try_card("one try of sign left", tries={"sign": 1})
        self.try_card("a damaged certificate", f"--certificate=000A={self.path('junk', bytes(64))}")

    @golden.situation
    def test_diagnose_in_the_life_of_a_certificate(self):
        self.addCleanup(self.at, self.NOW.date())
        for day in ("2024-08-15", "2030-07-01", "2030-08-17"):
            self.at(datetime.date.fromisoformat(day))
            self.diagnose(f"on {day}")

    @golden.situation
    def test_diagnose_of_a_card_that_hangs(self):
        self.stack.card().control("hang")
        self.diagnose("it has just begun to")
        self.diagnose("and still does")
        self.shows("status")
        self.stack.card().control("resume")

    @golden.situation
    def test_diagnose_where_another_program_holds_the_card(self):
        self.stack.daemon.stop()
        with contextlib.closing(client.OtherProgram(client.OtherProgram.EXCLUSIVE)):
            self.stack.start_daemon()
            self.client.wait_for_state("busy")
            self.diagnose("busy")
        self.client.wait_for_card()

    @golden.situation
    def test_diagnose_without_polkit(self):
        self.diagnose("there is no polkit", user="alice")


class Readers(Diagnoses, golden.TestCase):
    READERS = 2

    @golden.situation
    def test_diagnose_of_several_readers(self):
        self.diagnose("two cards")
        self.pull()
        self.diagnose("the second reader has a card")
        self.diagnose("the first reader", "--reader=Reader 0")
        self.diagnose("there is no such reader", "--reader=Reader 7")
        self.pull(1)
        self.diagnose("both are empty")


class Polkit(polkit.Mixin, Diagnoses, golden.TestCase):
    RULES = RULES

    @golden.situation
    def test_diagnose_asks_polkit(self):
        self.diagnose("polkit denies", user="alice")
        self.diagnose("polkit would ask", user="bob")
        self.diagnose("polkit lets read, but not sign", user="jpkid")
        with self.no_try_spent():
            self.diagnose("root", user="root")

    def restart_polkit(self):
        self.polkit.stop()
        self.polkit.__init__("polkitd", [polkit.PROGRAM, "--no-debug"])
        self.polkit.wait_until(lambda: self.client.connection.name_has_owner(polkit.NAME), "has its name")

    @contextlib.contextmanager
    def actions_not_known(self):
        policy = os.path.join(polkit.ACTIONS, "org.jpkid1.policy")
        os.rename(policy, policy + ".away")
        try:
            self.restart_polkit()
            yield
        finally:
            os.rename(policy + ".away", policy)
            self.restart_polkit()

    @golden.situation
    def test_diagnose_where_polkit_does_not_know_the_actions(self):
        with self.actions_not_known():
            self.diagnose("polkit does not know the actions", user="alice")


class Machine(Diagnoses, golden.TestCaseOfParts):
    """No card, and less and less of the rest."""
    PARTS = ()

    def running(self, *parts, readers=1):
        self.stack = stack.Stack(readers, start=parts, daemon_environment=self.clock.environment)
        return self.stack

    def wait_for_pcsc_state(self, state):
        with contextlib.closing(client.Client()) as one:
            stack.wait_until(lambda: one.get(client.ROOT, "org.jpkid1.Manager", "PcscState") == state, state)

    @golden.situation
    def test_diagnose_where_there_is_no_bus(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink("/run/dbus/system_bus_socket")
        self.diagnose("no bus")

    @golden.situation
    def test_diagnose_where_the_bus_does_not_answer(self):
        with stack.hanging_bus() as bus, ThreadPoolExecutor() as threads:
            command = threads.submit(self.stack.jpkictl, "status", env={**self.environment, **bus})
            self.diagnose("a bus that does not answer", env=bus)
            self.note("jpkictl status", command.result().stderr, command.result().returncode)

    @contextlib.contextmanager
    def service_that_fails(self):
        os.makedirs(SERVICES, exist_ok=True)
        with open(os.path.join(SERVICES, "org.jpkid1.service"), "w") as file:
            file.write("[D-BUS Service]\nName=org.jpkid1\nExec=/bin/false\nUser=root\n")
        config = stack.BUS_CONFIG.replace("</busconfig>", f"<servicedir>{SERVICES}</servicedir>\n</busconfig>")
        with mock.patch.object(stack, "BUS_CONFIG", config):
            yield

    @golden.situation
    def test_diagnose_where_the_service_is_not_right(self):
        with self.running("bus"):
            self.diagnose("not installed")
        with self.service_that_fails(), self.running("bus"):
            self.diagnose("it does not start")
        with self.running("bus"):
            with Impostor():
                self.diagnose("another version")
            with Impostor(GetManagedObjects=("s", "x")):
                self.diagnose("odd answers")
            with Impostor(GetManagedObjects=("a{oa{sa{sv}}}", self.objects_without_applets())):
                self.diagnose("the card goes in between")

    @staticmethod
    def objects_without_applets():
        objects = Impostor.objects()
        return dbus.Dictionary({path: objects[path] for path in (Impostor.READER, Impostor.CARD)},
                               signature="oa{sa{sv}}")

    @golden.situation
    def test_diagnose_where_the_service_does_not_answer(self):
        with self.running("bus"), Impostor(GetAll=lambda message: time.sleep(stack.PATIENCE)):
            self.diagnose("no answer")

    @golden.situation
    def test_diagnose_of_states_that_readers_can_have(self):
        with self.running("bus"):
            for state in ("mute", "unavailable"):
                with Impostor(GetManagedObjects=("a{oa{sa{sv}}}", Impostor.objects(
                        State=state, Card=dbus.ObjectPath("/")))):
                    self.diagnose(state)

    @contextlib.contextmanager
    def pcscd_that_refuses(self):
        """As pcscd closes, with the caller's words unread."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(PCSCD_SOCKET)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(PCSCD_SOCKET)
            os.chmod(PCSCD_SOCKET, 0o666)
            server.listen(100)

            def serve():
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = server.accept()
                        time.sleep(0.02)
                        connection.close()
            threading.Thread(target=serve, daemon=True).start()
            try:
                yield
            finally:
                server.shutdown(socket.SHUT_RDWR)
                os.unlink(PCSCD_SOCKET)

    @golden.situation
    def test_diagnose_where_pcscd_is_not_right(self):
        with self.running("bus", "daemon"):
            self.diagnose("pcscd does not run")
            with hidden(PCSCD):
                self.diagnose("pcscd is not installed")
        with self.pcscd_that_refuses(), self.running("bus", "daemon"):
            self.wait_for_pcsc_state("refused")
            self.diagnose("pcscd refuses")

    @contextlib.contextmanager
    def usb(self):
        usb = Usb()
        self.addCleanup(usb.clear)
        self.addCleanup(usb.remove_libccid)
        with self.running("bus", "pcscd", "daemon", readers=0):
            self.wait_for_pcsc_state("available")
            usb.clear()
            usb.remove_libccid()
            yield usb

    @golden.situation
    def test_diagnose_where_there_is_no_reader(self):
        with self.usb() as usb:
            usb.plug("046d", "c077", "USB Optical Mouse", "03", "1-3")
            self.diagnose("only a mouse")
            usb.plug("054c", "06c1", "RC-S380/S", "ff")
            self.diagnose("RC-S380")
            usb.plug("054c", "0dc8", "RC-S300/S", "0b", "1-2")
            self.diagnose("RC-S300 beside it, no libccid")
            usb.install_libccid("1.4.34", ("072f", "90cc"))
            self.diagnose("an old libccid")
            usb.install_libccid("1.5.2", ("072f", "90cc"), ("054c", "0dc8"))
            self.diagnose("libccid knows it")
            os.unlink(os.path.join(usb.devices, "1-2/product"))
            self.diagnose("it has no name")

    def reader_step(self):
        done = self.stack.jpkictl("diagnose", "--json")
        found = json.loads(done.stdout)
        self.assertEqual((DIAGNOSED, "", "reader"), (done.returncode, done.stderr, found["first-wrong"]))
        return next(step for step in found["steps"] if step["name"] == "reader")

    def test_files_of_the_machine_that_are_not_as_they_should_be_are_passed_over(self):
        with self.usb() as usb:
            usb.plug("054c", "0dc8", "x" * 5000, "0b")
            usb.write("2-1", idVendor="054c")
            os.mkfifo(os.path.join(usb.devices, "2-1/idProduct"))
            usb.write("2-2:1.0", bInterfaceClass="0b")
            os.symlink("2-3", os.path.join(usb.devices, "2-3"))
            usb.install_libccid("")
            with open(os.path.join(LIBCCID, "Info.plist"), "w") as file:
                file.truncate(2 ** 30)
            step = self.reader_step()
            self.assertEqual("usb-driver-missing", step["situation"])
            self.assertIn("054c:0dc8", step["detail"])
            self.assertNotIn("xxx", step["detail"])
            for text in ("", "<key>ifdVendorID</key>", "<key>ifdVendorID</key><array><string>0x054C</string>",
                         "<key>CFBundleShortVersionString</key><string>" + "1" * 100):
                with open(os.path.join(LIBCCID, "Info.plist"), "w") as file:
                    file.write(text)
                self.assertEqual("usb-driver-too-old", self.reader_step()["situation"])

    def test_the_name_of_a_usb_device_brings_nothing_odd_to_the_terminal(self):
        with self.usb() as usb:
            usb.plug("054c", "06c3", "\x1b[31mRC", "ff")
            self.assertIn("?[31mRC (054c:06c3)", self.stack.jpkictl("diagnose").stdout)
            with open(os.path.join(usb.devices, "1-1/product"), "wb") as file:
                file.write(b"\xff\xfe\n")
            self.assertIn("?? (054c:06c3)", self.stack.jpkictl("diagnose").stdout)


if __name__ == "__main__":
    unittest.main()
