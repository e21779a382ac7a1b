# SPDX-License-Identifier: LGPL-2.1-or-later
"""dbus-broker in place of dbus-daemon, and a jpkid that was there when the machine booted."""
import unittest

import machine


class Booted(unittest.TestCase):
    """Before anything else has touched the service."""

    def test_the_bus_is_dbus_broker(self):
        self.assertEqual(machine.show("dbus.service", "Id"), "dbus-broker.service")
        self.assertTrue(machine.is_active("dbus-broker"))

    def test_the_service_was_started_with_the_machine(self):
        self.assertTrue(machine.is_active())
        self.assertEqual(machine.show("jpkid", "NRestarts"), "0")

    def test_nothing_failed(self):
        self.assertEqual(machine.run("systemctl", "--failed", "--quiet", "--no-legend"), "")
