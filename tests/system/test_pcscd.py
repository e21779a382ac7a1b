# SPDX-License-Identifier: LGPL-2.1-or-later
"""pcscd goes and comes, as with an upgrade of its package."""
import time

import machine
import stack

LIMIT = 2.0     # seconds from the moment that pcscd is started until jpkid serves again


class Pcscd(machine.TestCase):
    def test_when_pcscd_is_restarted_jpkid_serves_again_within_two_seconds(self):
        self.start_service()
        pid = machine.show("jpkid", "MainPID")
        one = machine.Client()
        self.addCleanup(one.close)
        times = []
        for _ in range(5):
            old = one.card()
            machine.run("systemctl", "restart", "pcscd")
            start = time.monotonic()
            stack.wait_until(lambda: one.card() not in (None, old), "another card object")
            one.applet("auth").sign()
            times.append(time.monotonic() - start)
        print(f"pcscd restarted: jpkid signs after {max(times):.2f} s at most")
        self.assertLess(max(times), LIMIT)
        self.assertEqual(machine.show("jpkid", "MainPID", "NRestarts"), [pid, "0"])
