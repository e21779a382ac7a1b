# SPDX-License-Identifier: LGPL-2.1-or-later
"""What jpkictl says when the service refuses, or is not what it should be, in both languages."""
import time

import dbus

import golden
import stack
from test_jpkictl_service import Impostor

OWN, BUS = "org.jpkid1.Error.", "org.freedesktop.DBus.Error."
ERRORS = ("NoCard", "CardRemoved", "UnsupportedCard", "CardError", "ReaderError", "PcscUnavailable", "Busy", "Timeout",
          "Cancelled", "PinRequired", "PinFormat", "PinLocked", "TriesChanged", "OutcomeUnknown", "ResetNotPossible",
          "NotAllowed", "NoCertificate", "CertificateUnreadable", "BadSignature", "UnsupportedScheme", "NotAuthorized",
          "Dismissed")
BUS_ERRORS = ("UnknownObject", "NoMemory", "LimitsExceeded", "InvalidArgs")
UNTIL = 1900000000
VERIFY = ("pin", "verify", "auth")


class Service(golden.TestCaseOfParts):
    def answers(self, *arguments, pin=None, new_pin=None, **answers):
        with Impostor(**answers):
            self.shows(*arguments, pin=pin, new_pin=new_pin)

    @golden.situation
    def test_each_refusal_of_the_service(self):
        for name in (*(OWN + error for error in ERRORS), *(BUS + error for error in BUS_ERRORS), BUS + "Failed"):
            self.notes.append(f"({name})\n")
            self.answers(*VERIFY, pin=b"1234", VerifyPin=("error", name, "The service's own words."))

    @golden.situation
    def test_refusals_that_tell_a_number(self):
        for name, value in (("PinIncorrect", dbus.UInt32(2)), ("PinIncorrect", dbus.UInt32(1)),
                            ("LastTry", dbus.UInt32(1)), ("LastTry", dbus.UInt32(2)), ("HeldOff", dbus.UInt64(UNTIL))):
            self.answers(*VERIFY, pin=b"1234", VerifyPin=("error", OWN + name, "The service's own words.", value))

    @golden.situation
    def test_a_service_that_is_not_there_leaves_or_talks_nonsense(self):
        self.shows("status")
        self.shows("status", env={"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"})
        self.answers("status", GetAll=lambda message: time.sleep(stack.PATIENCE))
        self.answers(*VERIFY, VerifyPin=("gone",))
        self.answers(*VERIFY, pin=b"1234", VerifyPin=("gone",))
        self.answers(*VERIFY, VerifyPin=("s", "x"))
        self.answers("pin", "change", "auth", pin=b"1234", new_pin=b"4321", ChangePin=("gone",))

    @golden.situation
    def test_a_reader_with_a_keypad(self):
        objects = ("a{oa{sa{sv}}}", Impostor.objects(HasPinPad=True))
        with Impostor(GetManagedObjects=objects, VerifyPin=("",), ChangePin=("",)):
            for command in ("verify", "change"):
                self.shows_screen(self.terminal("pin", command, "auth"))
            self.shows("pin", "verify", "auth", "--pin-pad")
            self.shows("pin", "verify", "auth", "--pin-pad", pin=b"1234")

    @golden.situation
    def test_a_new_pin_that_is_the_old_one_to_the_service_alone(self):
        self.answers("pin", "change", "auth", pin=b"1234", new_pin=b"1234",
                     ChangePin=("error", OWN + "InvalidInput", "The service's own words."))
