# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real polkitd, with the project's actions and the rules of a machine."""
import contextlib
import os
import subprocess
import unittest

import client
import stack

PROGRAM = "/usr/lib/polkit-1/polkitd"
NAME = "org.freedesktop.PolicyKit1"
BUS_POLICY = f"/usr/share/dbus-1/system.d/{NAME}.conf"
ACTIONS, RULES = "/usr/share/polkit-1/actions", "/etc/polkit-1/rules.d"


@contextlib.contextmanager
def directory_with(path, content):
    """In the sandbox only: what is there is hidden."""
    os.makedirs(path, exist_ok=True)
    subprocess.check_call(["mount", "-t", "tmpfs", "-o", "mode=0755", "jpkid-test", path])
    try:
        for name, text in content.items():
            with open(os.path.join(path, name), "w") as file:
                file.write(text)
            os.chmod(file.name, 0o644)
        yield
    finally:
        subprocess.check_call(["umount", path])


class Mixin:
    """For a client.TestCase."""
    RULES = ""

    @classmethod
    def setUpClass(cls):
        if not os.path.exists(PROGRAM):
            raise unittest.SkipTest("polkitd is not installed")
        with open(os.path.join(stack.TOP, "dbus/org.jpkid1.policy")) as file:
            policy = file.read()
        cls.enterClassContext(directory_with(ACTIONS, {"org.jpkid1.policy": policy}))
        cls.enterClassContext(directory_with(RULES, {"50-test.rules": cls.RULES}))
        cls.enterClassContext(stack.bus_policy(BUS_POLICY))
        super().setUpClass()
        cls.polkit = stack.Process("polkitd", [PROGRAM, "--no-debug"])
        cls.addClassCleanup(cls.polkit.stop)
        one = client.Client()
        cls.addClassCleanup(one.close)
        cls.polkit.wait_until(lambda: one.connection.name_has_owner(NAME), "has its name")
