# SPDX-License-Identifier: LGPL-2.1-or-later
"""The desktop of a user: a session bus, and a program that shows notifications. It answers from a thread of its
connection's.

    desktop = notifications.Desktop()
    server = desktop.start_server()
    … start a program with desktop.environment …
    server.wait_for(1)
    server.shown[0].summary
"""
import contextlib
import os
import tempfile
import typing

from gi.repository import Gio, GLib

import stack

NAME = "org.freedesktop.Notifications"
REFUSED = "org.freedesktop.DBus.Error.LimitsExceeded"
CONFIG = """<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow eavesdrop="false"/>
  </policy>
</busconfig>
"""


class Shown(typing.NamedTuple):
    program: str
    replaces: int
    icon: str
    summary: str
    body: str
    actions: list
    hints: dict
    expires: int


class Server:
    def __init__(self, address, refuses=False):
        self.shown, self.refuses = [], refuses
        self.sender = None      # of the last one
        self.connection = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        self.connection.set_exit_on_close(False)
        self.connection.add_filter(self._take)
        self._call_bus("RequestName", GLib.Variant("(su)", (NAME, 0)))

    def close(self):
        if not self.connection.is_closed():
            self.connection.close_sync()

    def wait_for(self, count):
        stack.wait_until(lambda: len(self.shown) >= count, f"{count} notices")
        return self.shown[count - 1]

    def settle(self):
        """Until all that was sent before has arrived, and its sender has read the answers and shows nothing more."""
        count = -1
        while count < len(self.shown):
            count = len(self.shown)
            self._call_bus("GetId", None)
            with contextlib.suppress(GLib.Error):       # it has ended
                if self.sender:
                    self._call(self.sender, "org.freedesktop.DBus.Peer", "Ping", None)
            self._call_bus("GetId", None)

    def meet(self, pid):
        """Until this process, which is about to, has a connection to the bus."""
        stack.wait_until(lambda: pid in map(self._pid_of, self._call_bus("ListNames", None)[0]), f"{pid} connects")

    def _pid_of(self, name):
        with contextlib.suppress(GLib.Error):       # it has left
            return self._call_bus("GetConnectionUnixProcessID", GLib.Variant("(s)", (name,)))[0]
        return None

    def _call_bus(self, member, arguments):
        return self._call("org.freedesktop.DBus", "org.freedesktop.DBus", member, arguments)

    def _call(self, name, interface, member, arguments):
        return self.connection.call_sync(name, "/", interface, member, arguments, None, Gio.DBusCallFlags.NONE,
                                         stack.PATIENCE * 1000).unpack()

    def _take(self, connection, message, incoming):
        if not incoming or message.get_interface() != NAME:
            return message
        self.sender = message.get_sender()
        self.shown.append(Shown(*message.get_body().unpack()))
        if self.refuses:
            reply = Gio.DBusMessage.new_method_error_literal(message, REFUSED, "Too many")
        else:
            reply = Gio.DBusMessage.new_method_reply(message)
            reply.set_body(GLib.Variant("(u)", (len(self.shown),)))
        connection.send_message(reply, Gio.DBusSendMessageFlags.NONE)
        return None


class Desktop:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="desktop-", dir=stack.WORK)
        os.chmod(self.folder, 0o777)
        self.socket = os.path.join(self.folder, "bus")
        self.address = f"unix:path={self.socket}"
        self.environment = {"DBUS_SESSION_BUS_ADDRESS": self.address}
        self.servers = []
        self.start_bus()

    def start_bus(self):
        config = os.path.join(self.folder, "bus.conf")
        with open(config, "w") as file:
            file.write(CONFIG.format(path=self.socket))
        self.bus = stack.Process("session-bus", ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"])
        self.bus.wait_until(lambda: stack.connects(self.socket), "listens")

    def start_server(self, **options):
        self.servers.append(Server(self.address, **options))
        return self.servers[-1]

    def stop(self):
        for server in self.servers:
            server.close()
        self.bus.stop()
