# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real journald, inside tests/sandbox, and the daemon as it writes to it."""
import contextlib
import json
import os
import subprocess
import uuid

import stack

PROGRAM = "/lib/systemd/systemd-journald"
CONFIG = "/run/systemd/journald.conf.d/test.conf"
# Nothing is read of the machine's kernel, and nothing is dropped that a test would count.
SETTINGS = "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=\nRateLimitIntervalSec=0\n"


def journalctl(*words, **options):
    return subprocess.run(["journalctl", "--no-pager", *words], capture_output=True, text=True, check=True, **options)


@contextlib.contextmanager
def running():
    for folder in ("/run/systemd/journal", "/run/log/journal", os.path.dirname(CONFIG)):
        os.makedirs(folder, exist_ok=True)
    with open(CONFIG, "w") as file:
        file.write(SETTINGS)
    with open("/etc/machine-id", "w") as file:      # the sandbox has an /etc of its own
        file.write(uuid.uuid4().hex + "\n")
    if not os.path.ismount("/sys/fs/cgroup"):       # as in a chroot, where journald would end
        subprocess.check_call(["mount", "-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"])
    journald = stack.Process("journald", [PROGRAM])
    try:
        journald.wait_until(lambda: os.path.exists("/run/systemd/journal/io.systemd.journal"), "listens")
        yield
    finally:
        journald.stop()


class Mixin:
    """For a client.TestCase."""
    DAEMON_ENVIRONMENT = {"JOURNAL_STREAM": "8:1"}

    @classmethod
    def setUpClass(cls):
        cls.enterClassContext(running())
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.cursor = self.sync().splitlines()[-1].removeprefix("-- cursor: ")

    @staticmethod
    def sync():
        journalctl("--sync")
        return journalctl("--lines=1", "--show-cursor", "--output=cat").stdout

    def entries(self, **fields):
        """What the daemon has written since the test began with these fields, oldest first: dictionaries."""
        self.sync()
        # journalctl (252) leaves one entry out where it is given a cursor and a match.
        written = journalctl("--output=json", f"--after-cursor={self.cursor}").stdout
        wanted = {"_COMM": "jpkid", **fields}.items()
        return [entry for line in written.splitlines() if (entry := json.loads(line)).items() >= wanted]
