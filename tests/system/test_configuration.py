# SPDX-License-Identifier: LGPL-2.1-or-later
"""jpkid.conf, and `systemctl reload jpkid`."""
import client
import machine
import stack

DROP_IN = "/etc/jpkid.conf.d/test.conf"
RELOAD = [["systemctl", "reload", "jpkid"]]


class Configuration(machine.TestCase):
    def setUp(self):
        super().setUp()
        self.start_service()
        self.pid = machine.show("jpkid", "MainPID")

    def tearDown(self):
        """A reload is no restart."""
        self.assertEqual(machine.show("jpkid", "MainPID", "NRestarts"), [self.pid, "0"])

    def level(self):
        return machine.run("systemctl", "service-log-level", "jpkid").strip()

    def test_a_reload_takes_the_level_of_the_log_from_a_drop_in_and_back(self):
        before = self.level()
        with machine.file_with(DROP_IN, "[Log]\nLevel=debug\n", RELOAD):
            self.assertEqual(self.level(), "debug")
        self.assertEqual(self.level(), before)

    def test_a_reader_that_is_ignored_is_gone_with_its_card_and_comes_back(self):
        with machine.file_with(DROP_IN, "[Readers]\nIgnore=*PCD*\n", RELOAD):
            stack.wait_until(lambda: not any("reader" in path for path in machine.objects()), "no reader is shown")
            done = machine.jpkictl("sign", "auth", "/etc/hostname", "-o", "/dev/null", pin=b"1234")
            self.assertEqual(done.returncode, 4, done.stderr)
            self.assertEqual(self.verifies(), [])
        machine.wait_for_card()

    def test_a_wrong_value_is_named_with_its_file_and_line_and_the_default_holds(self):
        with machine.file_with(DROP_IN, "[Log]\n\nLevel=loud\n", RELOAD):
            self.assertEqual(self.level(), "info")
            said = self.complaints()
            self.assertEqual(len(said), 1, said)
            self.assertIn(f"{DROP_IN}:3", said[0])
        self.assertEqual(machine.jpkictl("pin", "verify", "auth", pin=client.PIN["auth"]).returncode, 0)

    def test_systemctl_says_when_the_reload_is_done(self):
        """So that the next command already meets the new configuration."""
        for level in ("debug", "notice", "err"):
            with self.subTest(level=level), machine.file_with(DROP_IN, f"[Log]\nLevel={level}\n", RELOAD):
                self.assertEqual(self.level(), level)
