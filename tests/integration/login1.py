# SPDX-License-Identifier: LGPL-2.1-or-later
"""As much of logind as the sleep of a machine takes. It answers from a thread of its connection's.

    with stack.bus_policy(login1.BUS_POLICY), stack.Stack() as started:
        login = login1.Login1()
        inhibitor = login.wait_for_inhibitor()
        login.prepare_for_sleep(True)
        inhibitor.wait_until_released()
"""
import os
import select

from gi.repository import Gio, GLib

import agent
import stack

NAME = "org.freedesktop.login1"
PATH = "/org/freedesktop/login1"
INTERFACE = "org.freedesktop.login1.Manager"
BUS_POLICY = f"/usr/share/dbus-1/system.d/{NAME}.conf"      # systemd's own
REFUSED = "org.freedesktop.login1.OperationInProgress"


class Inhibitor:
    """The end that logind keeps of what it gave to somebody."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.kept, self.given = os.pipe()

    def is_released(self, within=0):
        """Waits so many seconds for that."""
        poll = select.poll()
        poll.register(self.kept, 0)
        return bool(poll.poll(within * 1000))

    def wait_until_released(self):
        assert self.is_released(stack.PATIENCE), "the machine may not sleep"


class Login1:
    def __init__(self, refuses=False):
        self.refuses = refuses
        self.inhibitors = []
        self.refusals = 0
        self.connection = agent.connect("root")
        self.connection.add_filter(self._take)
        self._call_bus("RequestName", GLib.Variant("(su)", (NAME, 0)))

    def close(self):
        """As if it had ended."""
        if not self.connection.is_closed():
            self.connection.close_sync()
        while self.inhibitors:
            os.close(self.inhibitors.pop().kept)

    def wait_for_inhibitor(self, count=1):
        stack.wait_until(lambda: len(self.inhibitors) >= count, f"{count} inhibitors")
        return self.inhibitors[count - 1]

    def prepare_for_sleep(self, sleeps):
        self.connection.emit_signal(None, PATH, INTERFACE, "PrepareForSleep", GLib.Variant("(b)", (sleeps,)))
        self.connection.flush_sync()

    def _call_bus(self, member, arguments):
        self.connection.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", member, arguments, None,
                                  Gio.DBusCallFlags.NONE, stack.PATIENCE * 1000)

    def _take(self, connection, message, incoming):
        if not incoming or (message.get_interface(), message.get_member()) != (INTERFACE, "Inhibit"):
            return message
        connection.send_message(self._answer(message), Gio.DBusSendMessageFlags.NONE)
        return None

    def _answer(self, message):
        if self.refuses:
            self.refusals += 1
            return Gio.DBusMessage.new_method_error_literal(message, REFUSED, "Not now")
        inhibitor = Inhibitor(message.get_body().unpack())
        reply = Gio.DBusMessage.new_method_reply(message)
        reply.set_body(GLib.Variant("(h)", (0,)))
        reply.set_unix_fd_list(Gio.UnixFDList.new_from_array([inhibitor.given]))     # which owns it now
        self.inhibitors.append(inhibitor)
        return reply
