# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long a start takes, beside that of a service which does nothing (idle-service.c), on the same machine."""
import statistics
import time

import dbus

import machine

ROUNDS = 20
FACTOR, ALLOWANCE = 1.3, 0.020      # seconds
IDLE, IDLE_NAME = "jpkid-tests-idle", "org.jpkid1.tests.Idle"
UNIT = """[Service]
Type=notify
ExecStart=/mnt/idle-service {name}
"""
ACTIVATION = f"""[D-BUS Service]
Name={IDLE_NAME}
Exec=/bin/false
User=root
SystemdService={IDLE}.service
"""
POLICY = f"""<busconfig><policy user="root"><allow own="{IDLE_NAME}"/></policy>
<policy context="default"><allow send_destination="{IDLE_NAME}"/></policy></busconfig>
"""


def start(unit):
    machine.run("systemctl", "start", unit)


class Times(machine.TestCase):
    def setUp(self):
        super().setUp()
        self.start_service()

    def idle_service(self, name=""):
        self.enterContext(machine.file_with(f"/run/systemd/system/{IDLE}.service", UNIT.format(name=name),
                                            [["systemctl", "daemon-reload"]]))
        self.addCleanup(machine.run, "systemctl", "stop", IDLE)

    def compare(self, what, do, idle_do):
        """In turns."""
        times = {"jpkid": [], IDLE: []}
        for _ in range(ROUNDS):
            for unit, begin in (("jpkid", do), (IDLE, idle_do)):
                machine.run("systemctl", "stop", unit)
                machine.run("systemctl", "reset-failed")
                before = time.monotonic()
                begin()
                times[unit].append(time.monotonic() - before)
        own, idle = (statistics.median(times[unit]) for unit in ("jpkid", IDLE))
        limit = FACTOR * idle + ALLOWANCE
        print(f"{what}: median {1000 * own:.0f} ms; of a service that does nothing {1000 * idle:.0f} ms; "
              f"limit {1000 * limit:.0f} ms")
        self.assertLessEqual(own, limit, f"{what}; all times: {times}")

    def test_a_start_takes_little_longer_than_that_of_a_service_that_does_nothing(self):
        self.idle_service()
        self.compare("from start to READY", lambda: start("jpkid"), lambda: start(IDLE))

    def test_a_first_call_is_answered_little_later_than_by_a_service_that_does_nothing(self):
        self.idle_service(IDLE_NAME)
        reload_bus = [["systemctl", "reload", "dbus"]]
        self.enterContext(machine.file_with("/etc/dbus-1/system.d/jpkid-tests.conf", POLICY))
        self.enterContext(machine.file_with(f"/usr/local/share/dbus-1/system-services/{IDLE_NAME}.service", ACTIVATION,
                                            reload_bus))
        bus = dbus.SystemBus(private=True)
        self.addCleanup(bus.close)

        def ping(name):
            bus.call_blocking(name, "/", "org.freedesktop.DBus.Peer", "Ping", "", ())

        def first_call():
            shown = bus.call_blocking(machine.NAME, machine.ROOT, "org.freedesktop.DBus.ObjectManager",
                                      "GetManagedObjects", "", ())
            self.assertTrue(machine.has_card(shown))
        self.compare("from the first call to its reply, with the card", first_call, lambda: ping(IDLE_NAME))
