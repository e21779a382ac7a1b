# SPDX-License-Identifier: LGPL-2.1-or-later
"""dbus/org.jpkid1.conf: all that is served can be called, and nothing else gets through the bus."""
import os
import unittest
import xml.etree.ElementTree

import dbus
from gi.repository import GLib

import agent
import client
import stack
from client import ROOT

BUS = "org.freedesktop.DBus"
ACCESS_DENIED = f"{BUS}.Error.AccessDenied"
LOG_CONTROL = "/org/freedesktop/LogControl1"
POLICY = os.path.join(stack.TOP, "dbus/org.jpkid1.conf")


class File(unittest.TestCase):
    def test_nothing_is_allowed_by_halves(self):
        """Each rule for everybody names our service and one interface; only ours may have the name and ask agents."""
        for policy in xml.etree.ElementTree.parse(POLICY).getroot().findall("policy"):
            for rule in policy:
                with self.subTest(policy.attrib, rule=rule.attrib):
                    self.assertEqual("allow", rule.tag)
                    if policy.get("context"):
                        self.assertEqual({"send_destination", "send_interface"}, set(rule.attrib))
                        self.assertEqual(client.NAME, rule.get("send_destination"))
                    else:
                        self.assertIn(policy.get("user"), ("jpkid", "root"))
                        self.assertIn(rule.attrib, [{"own": client.NAME}, {"send_interface": agent.INTERFACE,
                                                                           "send_type": "method_call"}])


class Base(client.TestCase):
    def answer(self, who, message):
        """The error's name and who it is from; None for a return."""
        reply = client.Call(who.connection, message)
        try:
            reply.result()
        except client.Refused as refused:
            return refused.name, reply.reply.get_sender()
        return None

    def assert_denied(self, who, message):
        """By the bus: it never came to the daemon."""
        self.assertEqual((ACCESS_DENIED, BUS), self.answer(who, message))


class Calls(Base):
    def served(self):
        """(path, interface, method) of all there is."""
        for path in (ROOT, LOG_CONTROL, *self.client.objects()):
            node = xml.etree.ElementTree.fromstring(self.client.call(path, f"{BUS}.Introspectable", "Introspect"))
            for interface in node.findall("interface"):
                for method in interface.findall("method"):
                    yield path, interface.get("name"), method.get("name")
                if interface.find("property") is not None:
                    yield path, interface.get("name"), None

    def test_every_member_that_is_served_is_let_through(self):
        alice, served = self.new_client("alice"), list(self.served())
        for path, interface, method in served:
            with self.subTest(path, interface=interface, method=method):
                if method:      # with arguments that it cannot take, so that nothing is done
                    name, _ = self.answer(alice, alice.message(path, interface, method, "aaay", [])) or (None, None)
                    self.assertIn(name, (None, f"{BUS}.Error.InvalidArgs"))
                else:
                    self.assertTrue(alice.call(path, f"{BUS}.Properties", "GetAll", "s", interface))
        self.assertGreaterEqual(len({(interface, method) for _, interface, method in served}), 20)

    def test_what_is_not_served_is_refused_by_the_bus(self):
        alice = self.new_client("alice")
        for one in (self.client, alice):
            for interface in ("org.jpkid1.Invented", "org.jpkid1", f"{BUS}.Debug.Stats", f"{BUS}.Monitoring",
                              "org.freedesktop.systemd1.Manager"):
                for path in (ROOT, f"{self.client.card()}/auth"):
                    with self.subTest(interface, path=path):
                        self.assert_denied(one, one.message(path, interface, "Do"))
        for interface in ("org.jpkid1.Reader", "org.jpkid1.Card", agent.INTERFACE):
            self.assert_denied(alice, alice.message(ROOT, interface, "RequestPin"))

    def test_a_call_without_an_interface_is_refused_by_the_bus(self):
        alice = self.new_client("alice")
        self.assert_denied(alice, alice.message(f"{self.client.card()}/auth", None, "GetTries", "a{sv}",
                                                dbus.Dictionary({}, signature="sv")))

    def test_the_daemons_unique_name_is_no_way_round(self):
        alice = self.new_client("alice")
        name = alice.connection.get_name_owner(client.NAME)
        message = dbus.lowlevel.MethodCallMessage(name, ROOT, "org.jpkid1.Invented", "Do")
        self.assert_denied(alice, message)


class Others(Base):
    def test_nobody_else_can_ask_an_agent(self):
        one = agent.Agent("bob")
        self.addCleanup(one.close)
        one.register()
        for user in ("alice", "bob"):
            who = self.new_client(user)
            for member in ("RequestPin", "Cancel"):
                self.assert_denied(who, dbus.lowlevel.MethodCallMessage(one.name, agent.PATH, agent.INTERFACE, member))
        self.assertEqual([], one.questions)

    def test_nobody_else_has_the_name(self):
        for user in ("alice", "bob"):
            with self.assertRaisesRegex(dbus.DBusException, "AccessDenied"):
                self.new_client(user).connection.request_name(client.NAME)

    def test_nobody_hears_the_calls_of_others(self):
        alice = self.new_client("alice").connection
        for rule in ("eavesdrop='true'", "eavesdrop='true',type='method_call'"):
            with self.assertRaisesRegex(dbus.DBusException, "AccessDenied"):
                alice.add_match_string(rule)
        with self.assertRaisesRegex(dbus.DBusException, "AccessDenied"):
            alice.call_blocking(BUS, "/org/freedesktop/DBus", f"{BUS}.Monitoring", "BecomeMonitor", "asu", ([], 0))
        heard = []
        alice.add_message_filter(lambda _, message: heard.append(message.get_member()))
        alice.add_match_string("type='method_call'")
        self.client.applet("auth").call("GetCertificate")
        alice.get_name_owner(client.NAME)
        while GLib.MainContext.default().iteration(False):
            pass
        self.assertNotIn("GetCertificate", heard)

    def test_a_forged_word_of_the_bus_ends_nobodys_call(self):
        """Anyone can send the daemon signals; that somebody has left the bus is believed of the bus alone."""
        self.slow(50)
        call = self.wait_for_apdu(client.SELECT, self.client.applet("auth").start_sign)
        queued = self.client.applet("auth").start_sign()
        alice = self.new_client("alice")
        name = self.client.connection.get_unique_name()
        for member in ("NameOwnerChanged", "NameLost"):
            signal = dbus.lowlevel.SignalMessage("/org/freedesktop/DBus", BUS, member)
            signal.set_destination(client.NAME)
            signal.append(name, name, "", signature="sss")
            alice.connection.send_message(signal)
        alice.objects()
        for one in (call, queued):
            self.assertEqual(256, len(one.result()))


if __name__ == "__main__":
    unittest.main()
