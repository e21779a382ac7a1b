# SPDX-License-Identifier: LGPL-2.1-or-later
"""What jpkictl status says of cards and readers, in both languages."""
import datetime
import time

import dbus

import golden
import stack
from test_jpkictl_service import Impostor

DAY = datetime.timedelta(days=1)
LAST_DAY = datetime.datetime.combine(datetime.date.fromisoformat(golden.TestCase.LAST_DAY), datetime.time(12),
                                     golden.JAPAN)
RENEWABLE_FROM = LAST_DAY.replace(month=5, day=16)


class Status(golden.TestCase):
    def at(self, moment):
        self.clock.set(int(moment.timestamp()))

    def setUp(self):
        super().setUp()
        self.addCleanup(self.at, self.NOW)

    @golden.situation
    def test_status_in_the_life_of_a_certificate(self):
        self.put_card()
        self.shows("status", user="alice", command="jpkictl status    # by another user")
        self.shows("pin", "status", user="alice", command="jpkictl pin status    # by another user")
        self.shows("status")
        for moment in (RENEWABLE_FROM - DAY, RENEWABLE_FROM, LAST_DAY - DAY, LAST_DAY, LAST_DAY + DAY, LAST_DAY + 2 * DAY,
                     LAST_DAY.replace(year=2024)):
            self.at(moment)
            self.shows("status", command=f"jpkictl status    # on {moment.date()}")
        self.shows("status", "--json", command="jpkictl status --json    # on that day")
        self.at(self.NOW)
        self.shows("status", "--json")
        self.shows("pin", "status")
        self.shows("pin", "status", "--json")
        self.shows("pin", "change", "auth", pin=b"1234", new_pin=b"4567")

    def status_of(self, *options, note, tries=None):
        self.change_card(0, *options, tries=tries)
        self.stack.wait_for_cards()
        self.shows("status", command=f"jpkictl status    # {note}")

    @golden.situation
    def test_status_of_locked_pins(self):
        self.status_of(note="auth locked", tries={"auth": 0})
        self.status_of(note="sign locked, one try of auth", tries={"auth": 1, "sign": 0})
        self.status_of(note="both locked", tries={"auth": 0, "sign": 0})
        self.status_of("--type=android-phone", note="a phone, sign locked", tries={"sign": 0})
        self.status_of(stack.reset_code_option(b"12345678"), note="with a reset code, auth locked", tries={"auth": 0})

    @golden.situation
    def test_status_of_each_card(self):
        none = self.path("availability", bytes(3))
        junk = self.path("junk", bytes(64))
        label = self.path("label", b"JPKIAPNEXTTOKEN".ljust(160))
        self.status_of("--child", note="a child's")
        self.status_of(f"--certificate=0008={none}", note="without certificates")
        self.status_of("--type=iphone", "--child", note="an iPhone without a sign certificate")
        self.status_of(f"--certificate=000A={junk}", note="with a damaged certificate")
        self.status_of(f"--certificate=0006={label}", note="of an unknown kind")
        self.status_of("--type=juki-card", note="a 住基カード")
        self.status_of("--not-jpki", note="a foreign one")
        self.pull()
        self.shows("status", command="jpkictl status    # none")

    @golden.situation
    def test_status_of_a_card_that_hangs(self):
        self.stack.card().control("hang")
        begin = time.monotonic()
        self.shows("status")
        self.assertLess(time.monotonic() - begin, 6)
        self.stack.card().control("resume")


class Readers(golden.TestCaseOfParts):
    """The service says what readers it has."""
    STATES = ("busy", "mute", "unavailable", "card", "empty")

    @staticmethod
    def objects(*states, card=False):
        objects = Impostor.objects() if card else dbus.Dictionary(signature="oa{sa{sv}}")
        for state in states:
            reader = {"Name": f"Reader {state}", "State": state, "Card": dbus.ObjectPath("/"), "HasPinPad": False}
            objects[dbus.ObjectPath(f"/org/jpkid1/reader/{state}")] = dbus.Dictionary(
                {"org.jpkid1.Reader": dbus.Dictionary(reader, signature="sv")}, signature="sa{sv}")
        return "a{oa{sa{sv}}}", objects

    def status_with(self, note, **answers):
        with Impostor(Describe=("error", "org.jpkid1.Error.PinRequired", "It needs the PIN."), **answers):
            self.shows("status", command=f"jpkictl status    # {note}")

    @golden.situation
    def test_status_of_each_state_of_a_reader(self):
        for state in self.STATES:
            self.status_with(f"one reader, {state}", GetManagedObjects=self.objects(state))
        self.status_with("several readers", GetManagedObjects=self.objects(*self.STATES))
        self.status_with("several readers, a card in one", GetManagedObjects=self.objects(*self.STATES, card=True))
        self.status_with("no reader", GetManagedObjects=self.objects())
        self.status_with("no pcscd", GetManagedObjects=self.objects(),
                         GetAll=Impostor.manager(PcscAvailable=False, PcscState="absent"))
