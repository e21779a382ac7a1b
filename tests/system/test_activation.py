# SPDX-License-Identifier: LGPL-2.1-or-later
"""The first call of org.jpkid1 starts the service, whatever state pcscd is in."""
import machine


class Activation(machine.TestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(machine.run, "systemctl", "start", "pcscd.socket", "pcscd")

    def test_a_first_call_starts_the_service_and_its_reply_has_the_card(self):
        self.assertFalse(machine.is_active())
        self.assertTrue(machine.has_card(machine.objects()))
        self.assertTrue(machine.is_active())

    def test_a_first_call_starts_pcscd_too_through_its_socket(self):
        machine.run("systemctl", "stop", "pcscd.service")
        machine.run("systemctl", "start", "pcscd.socket")
        machine.objects()
        self.assertTrue(machine.is_active("pcscd"))
        machine.wait_for_card()

    def test_without_pcscd_a_first_call_is_answered_and_the_card_comes_when_pcscd_does(self):
        machine.run("systemctl", "stop", "pcscd.socket", "pcscd.service")
        machine.run("systemctl", "mask", "--runtime", "pcscd.socket")
        self.addCleanup(machine.run, "systemctl", "unmask", "--runtime", "pcscd.socket")
        self.assertFalse(machine.has_card(machine.objects()))
        self.assertEqual(machine.jpkictl("status").returncode, 3)
        machine.run("systemctl", "unmask", "--runtime", "pcscd.socket")
        machine.run("systemctl", "start", "pcscd.socket")
        machine.wait_for_card()

    def test_a_service_that_was_stopped_is_started_by_the_next_call(self):
        self.start_service()
        machine.run("systemctl", "stop", "jpkid")
        machine.wait_for_card()
        self.assertTrue(machine.is_active())

    def test_jpkictl_starts_the_service(self):
        done = machine.jpkictl("status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(machine.is_active())
