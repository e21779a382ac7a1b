# SPDX-License-Identifier: LGPL-2.1-or-later
"""jpkictl with a service that says odd things, or goes away."""
import json
import multiprocessing
import os
import unittest

import dbus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

import stack
from client import APPLET, NAME, PIN
from jpkictl import BUSY, NO_CARD, NO_SERVICE, NOT_AUTHORIZED, OTHER, PIN_HELD_BACK, PIN_WRONG


class Impostor:
    """A program that has taken the name org.jpkid1, and answers by member as it is told: (signature, values…)."""

    READER, CARD = "/org/jpkid1/reader/x", "/org/jpkid1/card/7"

    def __init__(self, **answers):
        variant = {"Version": "1", "PcscAvailable": True}
        self.answers = {"GetAll": ("a{sv}", dbus.Dictionary(variant, signature="sv")),
                        "GetManagedObjects": ("a{oa{sa{sv}}}", self.objects()), "GetTries": ("i", 3), **answers}
        ready, done = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.get_context("fork").Process(target=self.serve, args=(done,), daemon=True)
        self.process.start()
        ready.recv()

    @classmethod
    def objects(cls, **changes):
        properties = {"Name": "Reader", "State": "card", "Card": dbus.ObjectPath(cls.CARD), "Type": "mynumber-card",
                      "HasCertificate": True, "TriesLeft": dbus.Int32(3), "TriesMax": dbus.Byte(3), **changes}
        properties = {name: value for name, value in properties.items() if value is not None}

        def shown(interface, *names, **more):
            chosen = {name: properties[name] for name in names if name in properties}
            return dbus.Dictionary({interface: dbus.Dictionary({**chosen, **more}, signature="sv")}, signature="sa{sv}")
        objects = {cls.READER: shown("org.jpkid1.Reader", "Name", "State", "Card"),
                   cls.CARD: shown("org.jpkid1.Card", "Type"),
                   **{f"{cls.CARD}/{kind}": shown(APPLET, "HasCertificate", "TriesLeft", "TriesMax", Kind=kind)
                      for kind in PIN}}
        return dbus.Dictionary({dbus.ObjectPath(path): value for path, value in objects.items()},
                               signature="oa{sa{sv}}")

    def serve(self, ready):
        connection = dbus.SystemBus(private=True, mainloop=DBusGMainLoop())
        connection.add_message_filter(self.answer)
        connection.request_name(NAME)
        ready.send(True)
        GLib.MainLoop().run()

    def answer(self, connection, message):
        if message.get_type() != dbus.lowlevel.MESSAGE_TYPE_METHOD_CALL:
            return dbus.lowlevel.HANDLER_RESULT_NOT_YET_HANDLED
        signature, *values = self.answers[message.get_member()]
        if signature == "gone":
            os._exit(0)
        reply = dbus.lowlevel.ErrorMessage(message, *values) if signature == "error" else \
            dbus.lowlevel.MethodReturnMessage(message)
        if signature != "error":
            reply.append(*values, signature=signature)
        connection.send_message(reply)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.join()


class HostileService(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = stack.Stack(start=["bus"])
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.stop)

    def fails(self, status, *arguments, says="", pin=None, **answers):
        with Impostor(**answers):
            done = self.stack.jpkictl(*arguments, pin=pin)
        self.assertRegex(done.stderr, r"\Ajpkictl: [^\n]+\n\Z")
        self.assertIn(says, done.stderr)
        self.assertEqual((status, ""), (done.returncode, done.stdout), done.stderr)

    def test_the_impostor_is_believed_where_it_says_nothing_odd(self):
        with Impostor():
            self.assertEqual(0, self.stack.jpkictl("status").returncode)

    def test_objects_of_other_types_are_refused(self):
        for name in ("Name", "State", "Card", "Type", "HasCertificate", "TriesLeft", "TriesMax"):
            for value in (dbus.UInt64(1), dbus.Array([], signature="ay"), dbus.Double(1)):
                with self.subTest(name, value=value):
                    self.fails(OTHER, "status", GetManagedObjects=("a{oa{sa{sv}}}", Impostor.objects(**{name: value})))

    def test_text_that_is_missing_is_refused(self):
        for name in ("Name", "State", "Card", "Type"):
            with self.subTest(name):
                self.fails(OTHER, "status", GetManagedObjects=("a{oa{sa{sv}}}", Impostor.objects(**{name: None})))
        self.fails(OTHER, "status", GetAll=("a{sv}", dbus.Dictionary({}, signature="sv")))

    def test_replies_of_other_types_are_refused(self):
        for member, command in (("GetManagedObjects", "status"), ("GetAll", "status"), ("GetTries", "pin status"),
                                ("GetCertificate", "cert auth"), ("Describe", "cert auth --text")):
            for answer in (("",), ("s", "x"), ("u", 3), ("ai", [1, 2]), ("ayay", b"a", b"b")):
                with self.subTest(member, answer=answer):
                    self.fails(OTHER, *command.split(), **{member: answer})

    def test_more_objects_than_there_can_be_are_refused(self):
        reader = {"org.jpkid1.Reader": dbus.Dictionary({"Name": "x", "State": "empty", "Card": dbus.ObjectPath("/")},
                                                       signature="sv")}
        objects = {dbus.ObjectPath(f"/org/jpkid1/reader/{number}"): dbus.Dictionary(reader, signature="sa{sv}")
                   for number in range(65)}
        self.fails(OTHER, "status", GetManagedObjects=("a{oa{sa{sv}}}", dbus.Dictionary(objects,
                                                                                        signature="oa{sa{sv}}")))

    def test_control_characters_reach_no_terminal(self):
        name = "\x1b]0;owned\x07\nVirtual\x7f\u009b31m"
        with Impostor(GetManagedObjects=("a{oa{sa{sv}}}", Impostor.objects(Name=name, Type=name)),
                      Describe=("a{sv}", dbus.Dictionary({"subject": name}, signature="sv"))):
            for command in (["status"], ["status", "--json"], ["cert", "auth", "--text"], ["cert", "auth", "--json"]):
                shown = self.stack.jpkictl(*command).stdout
                self.assertIn("owned", shown)
                self.assertNotRegex(shown, "[\x00-\x09\x0b-\x1f\x7f-\x9f]")
                self.assertNotIn("\nVirtual", shown)
        self.fails(OTHER, "cert", "auth", says="owned", GetCertificate=(
            "error", "org.jpkid1.Error.CardError", name))

    def test_times_that_no_calendar_has_are_left_out(self):
        for seconds in (0, 2 ** 63, 2 ** 64 - 1):
            with Impostor(Describe=("a{sv}", dbus.Dictionary({"not-after": dbus.UInt64(seconds)}, signature="sv"))):
                self.assertEqual("", self.stack.jpkictl("cert", "auth", "--text").stdout)
                self.assertIsNone(json.loads(self.stack.jpkictl("cert", "auth", "--json").stdout)["not-after"])

    def test_what_is_no_certificate_has_no_text(self):
        self.fails(OTHER, "cert", "auth", "--issuer", "--text", GetIssuerCertificate=("ay", b"no certificate"))
        self.fails(OTHER, "cert", "auth", "--issuer", "--text", GetIssuerCertificate=("ay", b""))

    def test_a_count_of_tries_that_cannot_be_is_refused(self):
        self.fails(OTHER, "pin", "status", GetTries=("i", -1))

    def test_an_answer_without_a_byte_is_refused(self):
        for command in ("cert auth", "cert auth --der", "cert sign --issuer"):
            self.fails(OTHER, *command.split(), GetCertificate=("ay", b""), GetIssuerCertificate=("ay", b""))

    def test_errors_with_any_body_are_told(self):
        for text in ("", "x" * 100000):
            with self.subTest(text[:1]):
                self.fails(PIN_WRONG, "pin", "verify", "auth", pin=b"1234",
                           VerifyPin=("error", "org.jpkid1.Error.PinIncorrect", text))

    def test_every_error_has_its_exit_status(self):
        own, bus, said = "org.jpkid1.Error.", "org.freedesktop.DBus.Error.", "It cannot be done; do another thing."
        for name, status in {own + "HeldOff": PIN_HELD_BACK, own + "TriesChanged": PIN_HELD_BACK, own + "Busy": BUSY,
                             own + "Timeout": BUSY, own + "Dismissed": NOT_AUTHORIZED, own + "Unheard": NO_SERVICE,
                             bus + "UnknownObject": NO_CARD, bus + "AccessDenied": NOT_AUTHORIZED,
                             bus + "Failed": OTHER}.items():
            with self.subTest(name):
                self.fails(status, "cert", "auth", GetCertificate=("error", name, said))

    def test_a_service_that_goes_with_the_pin_may_have_used_it(self):
        self.fails(PIN_WRONG, "pin", "verify", "auth", pin=b"1234", says="may have cost a try", VerifyPin=("gone",))
        self.fails(NO_SERVICE, "cert", "auth", GetCertificate=("gone",))
        self.fails(PIN_WRONG, "pin", "verify", "auth", pin=b"1234", says="may have cost a try", VerifyPin=("s", "x"))
