# SPDX-License-Identifier: LGPL-2.1-or-later
"""jpkictl with a service that says odd things, or goes away."""
import contextlib
import json
import multiprocessing
import os
import tempfile
import unittest

import dbus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

import jpkictl
import stack
from client import APPLET, NAME, PIN, openssl
from jpkictl import BUSY, NO_CARD, NO_PIN, NO_SERVICE, NOT_AUTHORIZED, OTHER, PIN_HELD_BACK, PIN_WRONG, USAGE


REQUEST = ["-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Somebody"]


def signed_by_somebody(folder):
    """The paths of a good signature and of what it is of."""
    key, certificate, made, file = (os.path.join(folder, name) for name in ("key", "certificate", "made", "file"))
    openssl("req", *REQUEST, "-keyout", key, "-out", certificate)
    with open(file, "wb") as content:
        content.write(b"content")
    openssl("cms", "-sign", "-binary", "-in", file, "-signer", certificate, "-inkey", key, "-outform", "DER", "-out", made)
    return made, file


class Impostor:
    """A program that has taken the name org.jpkid1, and answers by member as it is told: (signature, values…), or a
    function that makes that of the message."""

    READER, CARD = "/org/jpkid1/reader/x", "/org/jpkid1/card/7"

    def __init__(self, **answers):
        self.answers = {"GetAll": self.manager(),
                        "GetManagedObjects": ("a{oa{sa{sv}}}", self.objects()), "GetTries": ("i", 3),
                        "Describe": ("a{sv}", dbus.Dictionary({}, signature="sv")), **answers}
        ready, done = multiprocessing.Pipe(duplex=False)
        self.process = multiprocessing.get_context("fork").Process(target=self.serve, args=(done,), daemon=True)
        self.process.start()
        ready.recv()

    @staticmethod
    def manager(**changes):
        return "a{sv}", dbus.Dictionary({"Version": "1", "PcscAvailable": True, "PcscState": "available",
                                         "Reserve": dbus.UInt32(1), **changes}, signature="sv")

    @classmethod
    def objects(cls, **changes):
        properties = {"Name": "Reader", "State": "card", "Card": dbus.ObjectPath(cls.CARD), "Type": "mynumber-card",
                      "HasPinPad": False, "HasCertificate": True, "TriesLeft": dbus.Int32(3), "TriesMax": dbus.Byte(3),
                      "CanResetPin": False, **changes}
        properties = {name: value for name, value in properties.items() if value is not None}

        def shown(interface, *names, **more):
            chosen = {name: properties[name] for name in names if name in properties}
            return dbus.Dictionary({interface: dbus.Dictionary({**chosen, **more}, signature="sv")}, signature="sa{sv}")
        objects = {cls.READER: shown("org.jpkid1.Reader", "Name", "State", "Card", "HasPinPad"),
                   cls.CARD: shown("org.jpkid1.Card", "Type"),
                   **{f"{cls.CARD}/{kind}": shown(APPLET, "HasCertificate", "TriesLeft", "TriesMax", "CanResetPin",
                                                  Kind=kind) for kind in PIN}}
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
        answer = self.answers[message.get_member()]
        signature, *values = answer(message) if callable(answer) else answer
        if signature == "gone":
            os._exit(0)
        if signature == "error":
            reply = dbus.lowlevel.ErrorMessage(message, *values[:2])
            reply.append(*values[2:])
        else:
            reply = dbus.lowlevel.MethodReturnMessage(message)
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

    def test_a_certificate_that_is_none_is_told(self):
        made, file = signed_by_somebody(self.enterContext(tempfile.TemporaryDirectory()))
        for answer in b"", b"x" * 1000, b"\x30\x84\x7f\xff\xff\xff":
            answer = ("ay", dbus.ByteArray(answer))
            self.fails(OTHER, "sign", "auth", "/etc/hostname", "-o", "/dev/null", pin=b"1234", says="cannot be read",
                       GetCertificate=answer)
            self.fails(OTHER, "verify", made, file, says="cannot be read", GetIssuerCertificate=answer)

    def test_the_impostor_is_believed_where_it_says_nothing_odd(self):
        with Impostor():
            self.assertEqual(0, self.stack.jpkictl("status").returncode)

    def test_objects_of_other_types_are_refused(self):
        for name in ("Name", "State", "Card", "Type", "HasPinPad", "HasCertificate", "TriesLeft", "TriesMax",
                     "CanResetPin"):
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
        reader = {"org.jpkid1.Reader": dbus.Dictionary({"Name": "x", "State": "empty", "Card": dbus.ObjectPath("/"),
                                                        "HasPinPad": False}, signature="sv")}
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

    def test_what_is_no_text_can_be_told_to_programs_too(self):
        with Impostor():
            shown = self.stack.jpkictl("diagnose", "--json", "--reader=\udcff").stdout
        self.assertIn("'?'", shown)
        for length in (509, 510, 511):      # where words are cut
            words = "x" * length + "日本"
            with Impostor(GetTries=("error", "org.jpkid1.Error.CardError", words)):
                shown = json.loads(self.stack.jpkictl("diagnose", "--json").stdout)
            self.assertEqual(["refused"] * 2, [step["situation"] for step in shown["steps"]
                                               if step["name"] in ("auth-pin", "sign-pin")])

    def test_times_that_no_calendar_has_are_left_out(self):
        for seconds in (0, 2 ** 63, 2 ** 64 - 1):
            with Impostor(Describe=("a{sv}", dbus.Dictionary({"not-after": dbus.UInt64(seconds)}, signature="sv"))):
                self.assertEqual("", self.stack.jpkictl("cert", "auth", "--text").stdout)
                self.assertIsNone(json.loads(self.stack.jpkictl("cert", "auth", "--json").stdout)["not-after"])

    def test_status_makes_no_dates_of_such_times_either(self):
        for seconds in (0, 2 ** 63, 2 ** 64 - 1):
            told = {"state": "valid", **dict.fromkeys(("not-before", "not-after", "renewable-from"),
                                                      dbus.UInt64(seconds))}
            with Impostor(Describe=("a{sv}", dbus.Dictionary(told, signature="sv"))):
                self.assertNotIn("Valid until", self.stack.jpkictl("status").stdout)
                shown = json.loads(self.stack.jpkictl("pin", "status", "--json").stdout)["auth"]
            self.assertEqual(["valid", None, None, None, None], [shown[key] for key in (
                "state", "not-before", "not-after", "renewable-from", "days-left")])

    def test_what_is_no_certificate_has_no_key_for_openssh(self):
        for answer in (b"no certificate", b""):
            self.fails(OTHER, "cert", "auth", "--openssh", GetCertificate=("ay", answer))

    def test_only_pin_status_lets_polkit_ask_the_user(self):
        def tries(message):
            if message.get_allow_interactive_authorization():
                return "i", 2
            return "error", "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", "Somebody must be asked."
        with Impostor(GetTries=tries):
            self.assertEqual(2, self.stack.jpkictl("pin", "status").stdout.count("2 of 3 tries left"))
            done = self.stack.jpkictl("status")
        self.assertEqual((0, 2), (done.returncode, done.stdout.count("you may not read it")))

    def test_a_service_that_goes_is_no_card_that_hangs(self):
        with Impostor(GetTries=("gone",)):
            done = self.stack.jpkictl("status")
        self.assertEqual(NO_SERVICE, done.returncode, done.stderr)

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

    def test_a_wait_until_a_time_that_no_calendar_has_is_told_in_the_services_words(self):
        for until in (dbus.UInt64(2 ** 64 - 1), dbus.UInt64(2 ** 62), dbus.UInt32(1), dbus.String("soon")):
            with self.subTest(until):
                self.fails(PIN_HELD_BACK, "cert", "auth", says="Wait.", GetCertificate=(
                    "error", "org.jpkid1.Error.HeldOff", "Wait.", until))

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


TOLD = ("jpkictl: The card has refused that; put it in again and repeat the command. If it refuses again, have it "
        "checked at the municipal window. Details: ")


def tell_options(message):
    """An error whose words are the options of the call."""
    return "error", "org.jpkid1.Error.CardError", str({str(key): int(value) for key, value in
                                                       sorted(message.get_args_list()[-1].items())})


class PinPad(unittest.TestCase):
    """The service says that the reader has one."""
    OBJECTS = ("a{oa{sa{sv}}}", Impostor.objects(HasPinPad=True))

    @classmethod
    def setUpClass(cls):
        cls.stack = stack.Stack(start=["bus"])
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.stop)

    @contextlib.contextmanager
    def terminal(self, *arguments, **answers):
        with Impostor(**{"GetManagedObjects": self.OBJECTS, "RegisterAgent": ("",), **answers}):
            terminal = jpkictl.Terminal(stack.program("jpkictl"), *arguments)
            self.addCleanup(terminal.close)
            yield terminal

    def check_pad(self, *arguments, shows, options, **answers):
        with self.terminal(*arguments, **answers) as terminal:
            self.assertEqual(OTHER, terminal.end(), terminal.screen)
        self.assertEqual(f"{shows}\r\n{TOLD}{options}\r\n", terminal.screen.decode())

    def test_the_auth_pin_is_typed_there_by_whoever_was_told_the_tries(self):
        shown = "利用者証明用 PIN (auth, 4 digits), 3 of 3 tries left: type it on the reader's keypad"
        told = {"expected-tries": 3}
        self.check_pad("pin", "verify", "auth", shows=f"{shown}.", options=told, VerifyPin=tell_options)
        self.check_pad("pin", "change", "auth", shows=f"{shown}, then the new one twice.", options=told,
                       ChangePin=tell_options)
        self.check_pad("cert", "auth", "--pin-pad", shows=f"{shown}.", options={**told, "pin-pad": 1},
                       GetCertificate=tell_options)

    def test_the_sign_pin_only_by_whoever_wants_that(self):
        self.check_pad("pin", "verify", "sign", "--pin-pad", options={"expected-tries": 3, "pin-pad": 1},
                       shows="署名用 PIN (sign, 6 to 16 letters and digits), 3 of 3 tries left: type it on the reader's keypad.",
                       VerifyPin=tell_options)
        with self.terminal("pin", "verify", "sign", VerifyPin=tell_options) as terminal:
            self.assertEqual(OTHER, terminal.end())
        self.assertEqual(f"{TOLD}{{}}\r\n", terminal.screen.decode())

    def test_a_signature_needs_it_there_once_where_the_certificate_needs_none(self):
        certificate = openssl("req", *REQUEST, "-keyout", "/dev/null", "-outform", "DER")
        for kind, times, options in ("auth", 1, []), ("sign", 2, ["--pin-pad"]):
            with self.terminal("sign", kind, "/etc/hostname", *options, "-o", "/dev/null", Sign=tell_options,
                               GetCertificate=("ay", dbus.ByteArray(certificate))) as terminal:
                self.assertEqual(OTHER, terminal.end())
            self.assertEqual(times, terminal.screen.count(b"type it on the reader's keypad"), terminal.screen)

    def test_a_wrong_one_may_be_corrected_while_more_than_one_try_is_left(self):
        wrong = ("error", "org.jpkid1.Error.PinIncorrect", "It is wrong.", dbus.UInt32(2))
        with self.terminal("pin", "verify", "auth", VerifyPin=wrong) as terminal:
            self.assertEqual(PIN_WRONG, terminal.end())
        self.assertEqual(3, terminal.screen.count(b"type it on the reader's keypad"))

    def test_nobody_is_sent_there_with_a_locked_pin_which_the_service_can_tell(self):
        with self.terminal("pin", "verify", "auth", GetTries=("i", 0), VerifyPin=tell_options) as terminal:
            self.assertEqual(OTHER, terminal.end())
        self.assertEqual(f"{TOLD}{{'expected-tries': 0}}\r\n", terminal.screen.decode())

    def test_nobody_is_sent_there_before_consent_to_the_last_try(self):
        refused = ("error", "org.jpkid1.Error.LastTry", "")
        with self.terminal("pin", "verify", "auth", GetTries=("i", 1), VerifyPin=refused) as terminal:
            terminal.wait_for("Type yes to use the last try: ")
            self.assertNotIn(b"keypad", terminal.screen)
            terminal.type(b"yes\n")
            self.assertEqual(PIN_HELD_BACK, terminal.end())
        self.assertEqual(1, terminal.screen.count(b"keypad"))

    def test_nobody_is_sent_there_before_consent_to_a_try_that_the_machine_holds_back(self):
        def verify(message):
            if "allow-last-try" in message.get_args_list()[-1]:
                return tell_options(message)
            return "error", "org.jpkid1.Error.LastTry", "", dbus.UInt32(2)
        with self.terminal("pin", "verify", "auth", GetTries=("i", 2), VerifyPin=verify,
                           GetAll=Impostor.manager(Reserve=dbus.UInt32(2))) as terminal:
            terminal.wait_for("Type yes to use one: ")
            self.assertNotIn(b"keypad", terminal.screen)
            terminal.type(b"yes\n")
            self.assertEqual(OTHER, terminal.end())
        self.assertEqual(1, terminal.screen.count(b"keypad"))
        self.assertIn(b"{'allow-last-try': 1, 'expected-tries': 2}", terminal.screen)

    def test_it_needs_a_reader_that_has_one_a_terminal_and_no_other_pin(self):
        without = ("a{oa{sa{sv}}}", Impostor.objects())
        with self.terminal("pin", "verify", "auth", "--pin-pad", GetManagedObjects=without) as terminal:
            self.assertEqual(USAGE, terminal.end())
        self.assertIn(b"has no keypad", terminal.screen)
        with Impostor(GetManagedObjects=self.OBJECTS):
            self.assertEqual(NO_PIN, self.stack.jpkictl("pin", "verify", "auth", "--pin-pad").returncode)
            self.assertEqual(USAGE, self.stack.jpkictl("pin", "verify", "auth", "--pin-pad", pin=b"1234").returncode)
            done = self.stack.jpkictl("pin", "change", "auth", "--pin-pad", new_pin=b"4321")
            self.assertEqual((USAGE, True), (done.returncode, "--new-pin-fd" in done.stderr))
