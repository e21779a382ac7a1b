# SPDX-License-Identifier: LGPL-2.1-or-later
"""The package's life: upgraded, removed, installed again, purged."""
import re
import tempfile

import client
import machine


def package_of_a_higher_version(folder):
    machine.run("dpkg-deb", "--raw-extract", machine.PACKAGE, f"{folder}/tree")
    with open(f"{folder}/tree/DEBIAN/control", "r+") as control:
        text = re.sub(r"(?m)^Version: (.*)$", r"Version: \1+higher", control.read())
        control.seek(0)
        control.write(text)
    machine.run("dpkg-deb", "--root-owner-group", "--build", f"{folder}/tree", f"{folder}/jpkid.deb")
    return f"{folder}/jpkid.deb"


def version():
    return machine.run("dpkg-query", "-W", "-f", "${Version}", "jpkid")


def ledger():
    return {path.name: path.read_bytes() for path in machine.STATE.iterdir()} if machine.STATE.exists() else None


class Package(machine.TestCase):
    def setUp(self):
        machine.install()
        super().setUp()
        self.start_service()
        self.assertEqual(machine.jpkictl("pin", "verify", "auth", pin=client.WRONG_PIN["auth"]).returncode, 5)
        self.wrong = ledger()
        self.assertEqual(len(self.wrong), 1)

    def test_an_upgrade_restarts_the_service_and_keeps_the_ledger(self):
        pid, before = machine.show("jpkid", "MainPID"), version()
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            machine.apt("install", package_of_a_higher_version(folder))
        self.addCleanup(machine.apt, "purge", "jpkid")
        self.assertEqual(version(), f"{before}+higher")
        self.assertNotIn(machine.show("jpkid", "MainPID"), ("0", pid))
        self.assertEqual(ledger(), self.wrong)
        self.assertEqual(machine.run("systemctl", "is-enabled", "jpkid").strip(), "enabled")

    def test_removal_keeps_the_ledger_and_the_package_can_be_installed_again(self):
        machine.apt("remove", "jpkid")
        self.assertFalse(machine.is_active())
        machine.run("busctl", "call", machine.NAME, machine.ROOT, "org.freedesktop.DBus.Peer", "Ping", fails=True)
        self.assertEqual(ledger(), self.wrong)
        machine.install()
        self.assertEqual(ledger(), self.wrong)
        machine.wait_for_card()
        self.assert_signs("auth", lambda *words: machine.jpkictl(*words, pin=b"1234"))

    def test_a_purge_takes_the_ledger_along(self):
        machine.apt("purge", "jpkid")
        self.assertFalse(machine.STATE.exists())
        machine.install()
        machine.wait_for_card()
        self.assertEqual(ledger(), {})
