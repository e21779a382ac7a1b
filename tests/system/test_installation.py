# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an administrator finds after `apt install`."""
import glob
import json
import os
import pathlib
import pwd
import re
import unittest

import machine
import stack

ACTIONS = ("read", "use", "change-pin", "last-try", "reset-pin")
EXPOSURE_MAX = 0.2


class Isolation(unittest.TestCase):
    """These tests cost a real card nothing, and the machine under the container does not see them."""

    def test_there_is_no_usb_device_and_no_network_but_loopback(self):
        self.assertFalse(os.path.exists("/dev/bus/usb"))
        self.assertEqual(os.listdir("/sys/class/net"), ["lo"])

    def test_no_disk_is_mounted_that_could_be_written_to(self):
        mounts = [[part.split() for part in line.split(" - ")]
                  for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
        kinds = {where[4]: what[0] for where, what in mounts}
        self.assertEqual((kinds["/"], kinds["/mnt"]), ("overlay", "tmpfs"))
        self.assertEqual([(where[4], what) for where, what in mounts
                          if what[1].startswith("/") and "rw" in where[5].split(",")], [])


class Installation(machine.TestCase):
    def test_the_package_is_installed(self):
        self.assertIn("Status: install ok installed", machine.run("dpkg", "--status", "jpkid"))

    def test_the_service_has_a_user_of_its_own_which_nobody_can_log_in_as(self):
        user = pwd.getpwnam("jpkid")
        self.assertLess(user.pw_uid, 1000)
        self.assertRegex(user.pw_shell, "nologin$")

    def test_the_service_is_enabled(self):
        self.assertEqual(machine.run("systemctl", "is-enabled", "jpkid").strip(), "enabled")

    def test_systemd_finds_nothing_wrong_with_the_units(self):
        self.assertEqual(machine.run("systemd-analyze", "verify", "--man=yes", "jpkid.service"), "")
        self.assertEqual(machine.run("systemd-analyze", "verify", "--user", "--man=yes", "jpkid-agent.service",
                                     env={**os.environ, "XDG_RUNTIME_DIR": stack.WORK}), "")

    def test_the_running_service_is_hardly_exposed(self):
        self.start_service()
        found = machine.run("systemd-analyze", "security", "--no-pager", "jpkid")
        exposure = float(re.search(r"Overall exposure level for jpkid.service: ([0-9.]+)", found).group(1))
        print(f"systemd-analyze security: {exposure}")
        self.assertLessEqual(exposure, EXPOSURE_MAX, found)

    def test_the_service_runs_as_its_user_and_its_state_is_its_own(self):
        self.start_service()
        uid = pwd.getpwnam("jpkid").pw_uid
        self.assertEqual(os.stat(f"/proc/{machine.show('jpkid', 'MainPID')}").st_uid, uid)
        state = machine.STATE.stat()
        self.assertEqual((state.st_uid, state.st_mode & 0o7777), (uid, 0o700))

    def test_polkit_knows_each_action_and_who_owns_it(self):
        for action in ACTIONS:
            with self.subTest(action=action):
                shown = machine.run("pkaction", "--verbose", f"--action-id=org.jpkid1.{action}")
                self.assertIn("org.freedesktop.policykit.owner -> unix-user:jpkid", shown)

    def texts(self, action, language):
        """What polkit shows of it; pkaction always asks for English."""
        actions = json.loads(machine.run(
            "busctl", "--json=short", "call", "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
            "org.freedesktop.PolicyKit1.Authority", "EnumerateActions", "s", language))["data"][0]
        return next(shown[1:3] for shown in actions if shown[0] == f"org.jpkid1.{action}")

    def test_polkit_asks_in_japanese_where_the_language_is_japanese(self):
        for action in ACTIONS:
            with self.subTest(action=action):
                description, message = self.texts(action, "ja_JP.UTF-8")
                self.assertIn("マイナンバーカード", description)
                self.assertRegex(message, "認証が必要です$")

    def test_the_manual_pages_are_there(self):
        for page in ("man1/jpkictl.1", "man5/jpkid.conf.5", "man5/org.jpkid1.5", "man8/jpkid.8", "man8/jpkid-agent.8"):
            for folder in ("", "ja/"):
                with self.subTest(page=folder + page):
                    self.assertEqual(len(glob.glob(f"/usr/share/man/{folder}{page}*")), 1)

    def test_jpkictl_speaks_japanese_where_the_language_is_japanese(self):
        """Also where that locale is not installed."""
        self.assertRegex(machine.run("jpkictl", "--help", env={**os.environ, "LC_ALL": "ja_JP.UTF-8"}), r"\A使い方: ")
        self.assertRegex(machine.run("jpkictl", "--help", env={**os.environ, "LC_ALL": "C.UTF-8"}), r"\AUsage: ")

    def test_the_shells_find_what_completes_it(self):
        for path in ("/usr/share/bash-completion/completions/jpkictl", "/usr/share/zsh/vendor-completions/_jpkictl"):
            self.assertIn("--complete", pathlib.Path(path).read_text())

    def test_the_agent_starts_in_the_session_of_a_user(self):
        """It waits for a graphical session, which there is none of here."""
        done = machine.as_user("sh", "-ec", """
            systemctl --user is-enabled jpkid-agent
            systemctl --user start jpkid-agent
            systemctl --user is-active jpkid-agent""")
        self.assertEqual((done.stdout.split(), done.returncode), (["enabled", "active"], 0), done.stderr)
