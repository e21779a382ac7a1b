# SPDX-License-Identifier: LGPL-2.1-or-later
"""What jpkid-agent tells unasked: certificates that end, with a service whose cards are what a test says; and with the
real one."""
import datetime
import os
import signal
import socket
import stat
import subprocess
import time
from unittest import mock

import dbus
import dbus.lowlevel

import client
import notifications
import preload
import stack
import test_agent_program
from test_agent_program import handle_messages, wait_until

JAPAN = datetime.timezone(datetime.timedelta(hours=9))
CARD, APPLET = "org.jpkid1.Card", "org.jpkid1.Applet"


def seconds(*moment):
    """Since 1970, of a moment in Japan."""
    return int(datetime.datetime(*moment, tzinfo=JAPAN).timestamp())


def dates(year, month, day):
    """What Describe says of a certificate whose last day is this one; it can be renewed for about three months."""
    end = seconds(year, month, day, 23, 59, 59)
    return {"not-after": end, "renewable-from": end + 1 - 92 * 24 * 3600}


class Cards(test_agent_program.Service):
    """jpkid, as far as an agent sees it, with cards that come and go as a test says."""

    def __init__(self, refusal=None):
        self.objects, self.described, self.asked = {}, {}, []
        self.number = 0
        super().__init__(refusal)

    def put(self, serial="01", issuer="CN=Authority,C=JP", type="mynumber-card", tries=-1, reset=False, **moments):
        """A card whose auth certificate is described so, or not to be had without a PIN; answers its path."""
        path = f"/org/jpkid1/card/{self.number}"
        self.number += 1
        self.objects[path] = {CARD: {"Reader": dbus.ObjectPath("/org/jpkid1/reader/x"), "Type": type}}
        for kind, tries_max in client.TRIES_MAX.items():
            self.objects[f"{path}/{kind}"] = {APPLET: {
                "Kind": kind, "HasCertificate": True, "TriesLeft": dbus.Int32(tries), "TriesMax": dbus.Byte(tries_max),
                "Locked": tries == 0, "CanResetPin": reset}}
        if moments:
            self.described[f"{path}/auth"] = {
                "issuer": issuer, "serial": serial, "subject": "CN=Subject",
                **{key.replace("_", "-"): dbus.UInt64(value) for key, value in moments.items()}}
        self._tell("InterfacesAdded", dbus.ObjectPath(f"{path}/auth"), {}, signature="oa{sa{sv}}")
        return path

    def remove(self, path):
        for child in ("", "/auth", "/sign"):
            self.objects.pop(path + child)
        self._tell("InterfacesRemoved", dbus.ObjectPath(path), [], signature="oas")

    def tries(self, path, kind, left, sender=None, destination=None):
        """The card's counter is this now."""
        changed = {"TriesLeft": dbus.Int32(left), "Locked": left == 0}
        self.objects[f"{path}/{kind}"][APPLET].update(changed)
        signal = dbus.lowlevel.SignalMessage(f"{path}/{kind}", "org.freedesktop.DBus.Properties", "PropertiesChanged")
        signal.append(APPLET, changed, [], signature="sa{sv}as")
        if destination:
            signal.set_destination(destination)
        (sender or self).connection.send_message(signal)

    def _tell(self, member, *arguments, signature):
        signal = dbus.lowlevel.SignalMessage(client.ROOT, "org.freedesktop.DBus.ObjectManager", member)
        signal.append(*arguments, signature=signature)
        self.connection.send_message(signal)

    def _take(self, connection, message):
        member = message.get_member() if message.get_type() == 1 else None
        if member not in ("GetManagedObjects", "Describe"):
            return super()._take(connection, message)
        self.asked.append((member, message))
        path = message.get_path()
        reply = dbus.lowlevel.MethodReturnMessage(message)
        if member == "GetManagedObjects":
            reply.append({dbus.ObjectPath(path): shown for path, shown in self.objects.items()},
                         signature="a{oa{sa{sv}}}")
        elif path in self.described:
            reply.append(self.described[path], signature="a{sv}")
        else:
            reply = dbus.lowlevel.ErrorMessage(message, "org.jpkid1.Error.PinRequired", "This needs the PIN")
        self.connection.send_message(reply)
        return dbus.lowlevel.HANDLER_RESULT_HANDLED

    def count(self, member):
        return sum(asked == member for asked, _ in self.asked)


class TestCase(test_agent_program.TestCase):
    LANG = "C.UTF-8"
    CLOCK = True

    def setUp(self):
        super().setUp()
        self.service = Cards()
        self.addCleanup(self.service.close)
        self.desktop = notifications.Desktop()
        self.addCleanup(self.desktop.stop)
        self.server = self.desktop.start_server()
        self.clock = preload.Clock(seconds(2040, 6, 1))
        self.state = self.path("state")

    def start(self, *options, **environment):
        """The agent; answers its name when it has looked at the cards and told what there is to tell."""
        self.service.registered.clear()
        asked = self.service.count("GetManagedObjects")
        clock = self.clock.environment if self.CLOCK else {}
        environment = {"LANG": self.LANG, "XDG_STATE_HOME": self.state, **self.desktop.environment, **clock,
                       **environment}
        environment = {key: value for key, value in environment.items() if value is not None}
        name = self.start_agent(f"--pinentry={self.pinentry}", *options, **environment)
        wait_until(lambda: self.service.count("GetManagedObjects") > asked, "the agent asks for cards")
        self.settle(name)
        return name

    def settle(self, name):
        """What there is to tell by now has been told: the agent has answered a call that came later."""
        for _ in range(3):      # GetManagedObjects, Describe, and what follows
            self.service.cancel(name, 0)
            handle_messages()
        if self.count_sockets() > 1:        # one is the system bus's
            self.server.meet(self.agent.pid)
        self.server.settle()

    def count_sockets(self):
        found = subprocess.run(["find", f"/proc/{self.agent.pid}/fd", "-lname", "socket:*"], capture_output=True)
        return len(found.stdout.splitlines())

    def start_at(self, *moment, **environment):
        """The agent anew on that day, without what it said before."""
        if hasattr(self, "agent"):
            self.agent.stop()
        self.clock.set(seconds(*moment))
        self.server.shown.clear()
        return self.start(**environment)

    def summaries(self):
        return [shown.summary.replace("The certificate of a My Number Card ", "") for shown in self.server.shown]

    def content(self):
        with open(os.path.join(self.state, "jpkid/notices")) as file:
            return file.read()


class Dates(TestCase):
    def test_each_stage_is_told_once_while_the_card_is_in_a_drawer(self):
        path = self.service.put(**dates(2040, 8, 15))
        self.start_at(2040, 5, 15, 23, 59, 59)
        self.assertEqual([], self.summaries())
        self.service.remove(path)
        for moment, told in (((2040, 5, 16), ["can be renewed"]), ((2040, 7, 15), []),
                             ((2040, 7, 16), ["expires in 30 days"]), ((2040, 8, 7), []),
                             ((2040, 8, 8), ["expires in 7 days"]), ((2040, 8, 13, 23, 59, 59), []),
                             ((2040, 8, 14), ["expires tomorrow"]), ((2040, 8, 15, 23, 59, 59), []),
                             ((2040, 8, 16), ["has expired"]), ((2045, 8, 1), [])):
            self.start_at(*moment)
            self.assertEqual(told, self.summaries(), moment)
            for shown in self.server.shown:
                self.assertIn("2040-08-15", shown.body)
                self.assertIn("put the card into the reader once", shown.body)

    def test_who_comes_late_is_told_the_last_stage_only(self):
        path = self.service.put(**dates(2040, 8, 15))
        self.start_at(2040, 5, 1)
        self.service.remove(path)
        self.start_at(2040, 8, 12)
        self.assertEqual(["expires in 3 days"], self.summaries())
        self.start_at(2040, 8, 15)
        self.assertEqual(["expires today"], self.summaries())

    def test_a_card_that_is_in_is_told_of_at_once_and_need_not_be_put_in(self):
        name = self.start_at(2040, 8, 20)
        self.assertEqual([], self.summaries())
        self.service.put(**dates(2040, 8, 15))
        wait_until(lambda: self.server.shown, "a notice")
        self.assertEqual(["has expired"], self.summaries())
        self.assertNotIn("put the card", self.server.shown[0].body)
        self.service.put(**dates(2040, 8, 15))
        self.settle(name)
        self.assertEqual(["has expired"], self.summaries())

    def test_a_renewed_certificate_takes_the_place_of_the_old_one(self):
        self.service.put(**dates(2040, 8, 15))
        self.start_at(2040, 5, 20)
        self.assertEqual(["can be renewed"], self.summaries())
        self.service.put(serial="02", **dates(2045, 8, 15))
        self.start_at(2040, 8, 14)
        self.assertEqual([], self.summaries())
        self.assertEqual(1, len(self.content().splitlines()))
        self.start_at(2045, 8, 14)
        self.assertEqual(["expires tomorrow"], self.summaries())

    def test_several_people_are_told_each(self):
        for day in (14, 15, 16):
            self.service.put(serial=f"{day}", **dates(2040, 8, day))
        self.start_at(2040, 8, 15)
        self.server.wait_for(3)
        self.assertEqual({"has expired", "expires today", "expires tomorrow"}, set(self.summaries()))
        self.start_at(2040, 8, 15)
        self.assertEqual([], self.summaries())

    def test_what_others_can_read_on_the_screen_says_nothing_of_the_holder(self):
        self.service.put(serial="0A0B0C0D", **dates(2040, 8, 15))
        self.start_at(2040, 8, 1)
        shown, = self.server.shown
        self.assertEqual(("jpkid", 0, [], -1), (shown.program, shown.replaces, shown.actions, shown.expires))
        self.assertEqual({"urgency": 1}, shown.hints)
        for words in ("Subject", "Authority", "0A0B0C0D", "<", "&"):
            self.assertNotIn(words, shown.summary + shown.body)

    def test_a_phone_or_an_inactive_session_is_not_asked_for_anything(self):
        self.service.put(type="android-phone")
        self.service.put(type="juki-card", **dates(2040, 5, 15))
        self.start_at(2040, 8, 16)
        self.assertEqual(([], [], 1), (self.summaries(), self.record(), self.service.count("Describe")))
        for _, message in self.service.asked:
            self.assertFalse(message.get_auto_start())

    def test_dates_that_no_certificate_has_are_no_dates(self):
        end = seconds(2040, 8, 15)
        for number, moments in enumerate((
                {"not-after": end}, {"not-after": end, "renewable-from": end + 1}, {"not-after": 1, "renewable-from": 0},
                {"not-after": 2 ** 64 - 1, "renewable-from": end}, {"not-after": end, "renewable-from": 0})):
            self.service.put(serial=f"{number}", **moments)
        self.start_at(2040, 8, 16)
        self.assertEqual([], self.summaries())
        self.assertEqual(5, self.agent.log_text().count("is not known"))

    def test_without_notices_nothing_is_looked_at_or_told(self):
        self.service.put(**dates(2040, 8, 15))
        self.clock.set(seconds(2040, 8, 16))
        self.start("--no-notices")
        self.assertEqual(([], 0, False), (self.summaries(), self.service.count("Describe"), os.path.exists(self.state)))

    def test_in_japanese(self):
        self.service.put(**dates(2040, 8, 15))
        self.start_at(2040, 8, 1, LANG="ja_JP.UTF-8")
        self.assertEqual(["マイナンバーカードの電子証明書の有効期限まで、あと14日です"], self.summaries())
        self.assertIn("2040年8月15日", self.server.shown[0].body)


class Timer(TestCase):
    CLOCK = False

    def test_the_next_stage_is_told_when_it_begins(self):
        end = int(time.time()) + 2
        self.service.put(not_after=end, renewable_from=end - 100)
        self.start()
        self.assertEqual(1, len(self.server.shown))
        wait_until(lambda: len(self.server.shown) == 2, "another notice")
        self.assertGreater(time.time(), end)
        self.assertEqual("has expired", self.summaries()[1])


class Memory(TestCase):
    def setUp(self):
        super().setUp()
        self.service.put(serial="0A0B0C0D", **dates(2040, 8, 15))

    def test_only_its_user_can_read_it_and_it_says_nothing_of_the_person(self):
        self.start_at(2040, 8, 1)
        for name, mode in (("", 0o700), ("/jpkid", 0o700), ("/jpkid/notices", 0o600)):
            self.assertEqual(mode, stat.S_IMODE(os.stat(self.state + name).st_mode), name)
        self.assertEqual(["notices"], os.listdir(os.path.join(self.state, "jpkid")))
        self.assertRegex(self.content(), r"\A[0-9a-f]{64} \d+ \d+ month\n\Z")

    def test_it_is_where_the_specification_says(self):
        os.mkdir(self.path("home"), 0o777)
        os.chmod(self.path("home"), 0o777)
        for state in (None, "relative"):
            self.start_at(2040, 8, 1, XDG_STATE_HOME=state, HOME=self.path("home"))
        self.assertEqual([], self.summaries())
        self.assertTrue(os.path.exists(self.path("home/.local/state/jpkid/notices")))

    def write(self, text):
        os.makedirs(os.path.join(self.state, "jpkid"), exist_ok=True)
        with open(os.path.join(self.state, "jpkid/notices"), "w") as file:
            file.write(text)
        for folder in (self.state, os.path.join(self.state, "jpkid")):
            os.chmod(folder, 0o777)

    def test_a_damaged_one_is_made_anew_and_what_it_said_told_again(self):
        line = f"{'0' * 64} 2233400000 2232000000 month\n"
        for text in ("x", "\0", line[:-1], line[1:], line.replace("month", "moon"),
                     line.replace("2233400000", "-1"), line * 33, "y" * 10000, line + "\n", line.replace("\n", " \n")):
            self.write(text)
            self.start_at(2040, 8, 1)
            self.assertEqual((1, 1), (len(self.server.shown), self.agent.log_text().count("is damaged")), text)
            self.assertRegex(self.content(), r"\A[0-9a-f]{64} \d+ \d+ month\n\Z")

    def test_what_is_not_a_file_of_ours_does_not_stop_it(self):
        os.makedirs(os.path.join(self.state, "jpkid"))
        os.mkfifo(os.path.join(self.state, "jpkid/notices"))
        self.write_protect()
        self.start_at(2040, 8, 1)
        self.assertEqual(1, len(self.server.shown))

    def write_protect(self):
        os.makedirs(os.path.join(self.state, "jpkid"), exist_ok=True)
        os.chmod(os.path.join(self.state, "jpkid"), 0o555)

    def test_where_it_cannot_be_written_nothing_is_told_twice_in_a_run(self):
        self.write_protect()
        name = self.start_at(2040, 8, 1)
        self.assertEqual(1, len(self.server.shown))
        for _ in range(3):
            self.service.put(serial="0A0B0C0D", **dates(2040, 8, 15))
            self.settle(name)
        self.assertEqual((1, 1), (len(self.server.shown), self.agent.log_text().count("cannot be recorded")))
        self.start_at(2040, 8, 1)
        self.assertEqual(1, len(self.server.shown))

    def test_what_ended_years_ago_is_forgotten(self):
        self.write("".join(f"{n:064x} {seconds(2030 + n, 3, 1 + n)} {seconds(2030 + n, 2, 1)} expired\n"
                           for n in range(8)))
        self.start_at(2040, 8, 1)
        self.assertEqual({"0" * 63 + "6", "0" * 63 + "7", self.content().splitlines()[-1][:64]},
                         {line[:64] for line in self.content().splitlines()})


class Desktops(TestCase):
    def setUp(self):
        super().setUp()
        self.service.put(**dates(2040, 8, 15))

    def test_what_nobody_can_show_is_told_when_somebody_can(self):
        self.server.close()
        self.server = other = notifications.Server(self.desktop.address)
        self.addCleanup(other.close)
        other._call_bus("ReleaseName", notifications.GLib.Variant("(s)", (notifications.NAME,)))
        self.start_at(2040, 8, 1)
        stack.wait_until(lambda: "cannot be shown" in self.agent.log_text(), "the agent says so")
        self.assertRegex(self.content(), " none\n")
        self.server = self.desktop.start_server()
        self.server.wait_for(1)
        stack.wait_until(lambda: " month\n" in self.content(), "it is written down")
        self.assertEqual(["expires in 14 days"], self.summaries())

    def test_what_is_refused_is_told_another_time(self):
        self.server.refuses = True
        self.start_at(2040, 8, 1)
        self.assertEqual(1, len(self.server.shown))
        self.server.refuses = False
        self.start_at(2040, 8, 1)
        self.assertEqual(1, len(self.server.shown))
        self.start_at(2040, 8, 1)
        self.assertEqual([], self.server.shown)

    def test_without_a_session_bus_pins_are_asked_for_and_the_notice_waits(self):
        for address in (None, "unix:path=/nowhere", "nonsense"):
            name = self.start_at(2040, 8, 1, DBUS_SESSION_BUS_ADDRESS=address)
            self.assertIn("cannot be shown", self.agent.log_text())
            self.will_answer("pin 1234")
            self.assertEqual(b"1234", test_agent_program.content_of(self.service.request(name).result()))
        self.start_at(2040, 8, 1)
        self.assertEqual(1, len(self.server.shown))

    def test_a_session_bus_that_hangs_holds_up_no_question(self):
        self.server.close()
        self.desktop.bus.signal(signal.SIGSTOP)
        with mock.patch.object(self, "settle"):
            name = self.start_at(2040, 8, 1)
        wait_until(lambda: self.count_sockets() > 1, "the agent connects")
        begin = time.monotonic()
        self.will_answer("pin 1234")
        self.assertEqual(b"1234", test_agent_program.content_of(self.service.request(name).result()))
        self.assertLess(time.monotonic() - begin, 10)
        self.desktop.bus.signal(signal.SIGCONT)
        self.server = self.desktop.start_server()
        self.server.wait_for(1)
        self.assertEqual(["expires in 14 days"], self.summaries())

    def test_a_bus_that_libdbus_would_start_or_wait_for_is_none(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            for address in (f"tcp:host=127.0.0.1,port={silent.getsockname()[1]}", "unixexec:path=/bin/cat", "autolaunch:",
                            f"unix:path=/nowhere;tcp:host=127.0.0.1,port={silent.getsockname()[1]}"):
                self.start_at(2040, 8, 1, DBUS_SESSION_BUS_ADDRESS=address)
                self.assertIn("cannot be shown", self.agent.log_text())
                self.assertEqual((1, []), (self.count_sockets(), test_agent_program.children(self.agent.pid)))

    def test_a_session_bus_that_is_restarted_is_found_again(self):
        name = self.start_at(2040, 8, 1)
        self.server.wait_for(1)
        self.server.close()
        self.desktop.bus.stop()
        self.service.cancel(name, 0)
        self.desktop.start_bus()
        self.server = self.desktop.start_server()
        self.service.put(serial="02", **dates(2040, 8, 2))
        wait_until(lambda: self.server.shown, "a notice")
        self.assertEqual(["expires tomorrow"], self.summaries())


class Locked(TestCase):
    def setUp(self):
        super().setUp()
        self.name = self.start()

    def lock(self, kind="auth", **card):
        """Answers the notice."""
        self.server.shown.clear()
        path = self.service.put(**{"tries": 1, **card})
        self.settle(self.name)
        self.service.tries(path, kind, 0)
        wait_until(lambda: self.server.shown, "a notice")
        return self.server.shown[-1]

    def test_a_pin_that_becomes_locked_is_told_with_what_can_be_done(self):
        for kind, card, words in (
                ("auth", {}, "Seven-Eleven"), ("sign", {}, "convenience store"),
                ("auth", {"type": "iphone"}, "マイナポータル"), ("sign", {"type": "android-phone"}, "マイナポータル"),
                ("auth", {"reset": True}, "jpkictl pin reset auth"), ("sign", {"reset": True}, "jpkictl pin reset sign")):
            shown = self.lock(kind, **card)
            self.assertIn({"auth": "利用者証明用", "sign": "署名用"}[kind], shown.summary)
            self.assertIn("locked", shown.summary)
            self.assertIn(words, shown.body)

    def test_with_both_locked_there_is_the_window_only(self):
        path = self.service.put(tries=1)
        self.settle(self.name)
        for kind in ("auth", "sign"):
            self.service.tries(path, kind, 0)
        wait_until(lambda: len(self.server.shown) == 2, "two notices")
        self.assertTrue(self.server.shown[1].body.endswith("reset at the municipal window."))

    def test_what_was_locked_before_or_is_not_yet_is_not_told(self):
        was_locked, not_known, tried = (self.service.put(tries=tries) for tries in (0, -1, 3))
        self.settle(self.name)
        self.service.tries(was_locked, "auth", 0)
        self.service.tries(not_known, "auth", 0)
        for left in (2, 1):
            self.service.tries(tried, "auth", left)
        self.settle(self.name)
        self.assertEqual([], self.server.shown)

    def test_it_is_told_once(self):
        path = self.service.put(tries=1)
        self.settle(self.name)
        for _ in range(3):
            self.service.tries(path, "auth", 0)
        self.settle(self.name)
        self.assertEqual(1, len(self.server.shown))

    def test_only_the_service_is_believed(self):
        path = self.service.put(tries=1)
        self.settle(self.name)
        stranger = client.Client()
        self.addCleanup(stranger.close)
        self.service.tries(path, "auth", 0, sender=stranger, destination=self.name)
        stranger.connection.flush()
        self.settle(self.name)
        self.assertEqual([], self.server.shown)

    def test_the_last_try_is_asked_for_with_what_could_be_done(self):
        for card, words in (({}, "Seven-Eleven"), ({"type": "iphone"}, "マイナポータル"),
                            ({"reset": True}, "jpkictl pin reset auth")):
            path = self.service.put(**card)
            self.settle(self.name)
            self.will_answer("cancel")
            with self.assertRaises(client.Refused):
                self.service.request(self.name, tries_left=1, card=dbus.ObjectPath(path)).result()
            self.assertIn(words, self.shown()[0])


class WithDaemon(test_agent_program.Agent, client.TestCase):
    """The real service and cards; the agent is root's, who needs no polkit."""

    def setUp(self):
        super().setUp()
        self.desktop = notifications.Desktop()
        self.addCleanup(self.desktop.stop)
        self.server = self.desktop.start_server()
        self.clock = preload.Clock(seconds(2040, 8, 14, 12))
        self.start_program(f"--pinentry={self.pinentry}", user="root", LANG="C.UTF-8", XDG_STATE_HOME=self.path("state"),
                           **self.desktop.environment, **self.clock.environment)
        stack.wait_until(lambda: "Registered" in self.agent.log_text(), "the agent has registered")

    def test_a_card_that_is_put_in_is_told_of(self):
        self.put_card(0, f"--pki={stack.WORK}/pki-2040-08-15", "--not-after=2040-08-15")
        # The one before ended in the eyes of the agent.
        stack.wait_until(lambda: [shown for shown in self.server.shown if "tomorrow" in shown.summary], "a notice")

    def test_a_phone_costs_no_try_and_no_question(self):
        self.put_card(0, "--type=android-phone", f"--pki={stack.WORK}/pki-2040-08-15", "--not-after=2040-08-15")
        self.server.shown.clear()
        with self.no_try_spent():
            self.wait_for_quiet()
            with self.refused("PinRequired"):
                self.client.applet("auth").call("Describe")
        self.assertEqual(([], []), (self.server.shown, self.record()))

    def test_a_pin_that_is_locked_by_a_wrong_one_is_told(self):
        self.put_card(0, tries={"auth": 1})
        auth = self.client.applet("auth")
        self.assertEqual(1, auth.call("GetTries"))
        with self.refused("PinIncorrect", "PinLocked"):
            auth.call("VerifyPin", pin=client.WRONG_PIN["auth"], allow_last_try=True)
        stack.wait_until(lambda: [shown for shown in self.server.shown if "is locked" in shown.summary], "a notice")
