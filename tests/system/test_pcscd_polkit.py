# SPDX-License-Identifier: LGPL-2.1-or-later
"""pcscd asks polkit who may use it (Debian 13), and the package's rule lets jpkid in."""
import os
import pathlib
import time

import machine

RULE = "/usr/share/polkit-1/rules.d/60-jpkid.rules"
SECURITY_VIOLATION = 0x8010006A     # SCARD_W_SECURITY_VIOLATION
QUIET = 6               # seconds that the refused service is watched
WAKEUPS_MAX = 5         # in each of them
BACK_OFF_MAX = 30       # seconds, the longest that jpkid waits before it tries again


def wakeups(pid):
    """How often all threads of a process have slept and woken."""
    return sum(int(line.split()[1]) for status in pathlib.Path(f"/proc/{pid}/task").glob("*/status")
               for line in status.read_text().splitlines() if line.startswith("voluntary_ctxt_switches"))


class PcscdPolkit(machine.TestCase):
    def test_jpkid_is_let_in_by_its_rule(self):
        self.start_service()
        self.assertEqual(machine.jpkictl("pin", "verify", "auth", pin=b"1234").returncode, 0)

    def test_pcscd_lets_nobody_in_without_a_session(self):
        """So what lets jpkid in is the rule."""
        done = machine.as_user("env", f"PYTHONPATH={os.environ['PYTHONPATH']}",
                               "python3", "-c", "import client; client.OtherProgram()", session=False)
        self.assertIn(f"client.PcscError: {SECURITY_VIOLATION}", done.stderr)

    def test_refused_jpkid_says_so_once_and_rests_and_is_back_when_it_is_let_in(self):
        self.addCleanup(self.restore)
        os.rename(RULE, f"{RULE}.away")
        machine.run("systemctl", "restart", "polkit", "pcscd")
        machine.run("systemctl", "start", "jpkid")
        machine.objects()
        pid = machine.show("jpkid", "MainPID")
        time.sleep(1)
        before = wakeups(pid)
        time.sleep(QUIET)
        woken = wakeups(pid) - before
        print(f"refused by pcscd: {woken / QUIET:.1f} wakeups a second")
        self.assertLessEqual(woken, WAKEUPS_MAX * QUIET)
        said = self.complaints()
        self.assertEqual(len(said), 1, said)
        self.assertIn("polkit", said[0])

        self.restore()
        start = time.monotonic()
        machine.wait_for_card()
        self.assertLess(time.monotonic() - start, BACK_OFF_MAX)
        self.assertEqual(machine.show("jpkid", "MainPID", "NRestarts"), [pid, "0"])

    def restore(self):
        if os.path.exists(f"{RULE}.away"):
            os.rename(f"{RULE}.away", RULE)
            machine.run("systemctl", "restart", "polkit")
