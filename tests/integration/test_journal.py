# SPDX-License-Identifier: LGPL-2.1-or-later
"""What administrators read: who used which key, what to act on, and nothing that a hostile program could drown it in."""
import collections
import os
import pwd
import re
import struct
import tempfile
import unittest

import dbus

import client
import journal
import polkit
import stack
from client import PIN, SIGN, WRONG_PIN

CODE = b"RESET-1234"
FOLDER = os.path.join(stack.TOP, "systemd")
CATALOGS = {"": "jpkid.catalog", "ja": "jpkid.ja.catalog"}
LOG_CONTROL = ("/org/freedesktop/LogControl1", "org.freedesktop.LogControl1")
NOTICE, DEBUG = 5, 7
VERIFY_CHANGE_RESET = "20|24|2C"
APDU = re.compile(rf"Virtual Reader 0 00 00: CLA [0-9A-F]{{2}} INS (?:(?:{VERIFY_CHANGE_RESET}) P1 .. P2 ..|"
                  r"(?:..) P1 .. P2 .., \d+ bytes out, \d+ in), SW [0-9A-F]{4}")


def read(*path):
    with open(os.path.join(*path)) as file:
        return file.read()


def message_ids():
    """{"PIN_LOCKED": "8b09…"}: what the daemon's source has."""
    return dict(re.findall(r'\[EVENT_(\w+)\] = "([0-9a-f]{32})"', read(FOLDER, "journal.c")))


IDS = message_ids()
EVENTS = {number: name for name, number in IDS.items()}


def facts(entry):
    """The fields that are ours, but for the process and the message."""
    return {name.removeprefix("JPKID_"): value for name, value in entry.items()
            if name.startswith("JPKID_") and name != "JPKID_CALLER_PID"}


def event(entry):
    return EVENTS.get(entry.get("MESSAGE_ID"))


class Catalog(unittest.TestCase):
    def in_root(self, names):
        """Has journald's own program read files: {name in the catalog's folder: file of ours}."""
        root = self.enterContext(tempfile.TemporaryDirectory())
        for folder in ("usr/lib/systemd/catalog", "var/lib/systemd/catalog"):
            os.makedirs(os.path.join(root, folder))
        for name, source in names.items():
            os.symlink(os.path.join(FOLDER, source), os.path.join(root, "usr/lib/systemd/catalog", name))
        self.assertEqual("", journal.journalctl("--update-catalog", f"--root={root}").stderr)
        return root

    def test_code_and_catalog_have_the_same_messages_in_both_languages(self):
        self.assertEqual(set(re.findall(r"\bEVENT_(\w+),", read(stack.TOP, "base/log.h"))) - {"NONE", "COUNT"},
                         IDS.keys())
        root = self.in_root({name: name for name in CATALOGS.values()})
        with open(os.path.join(root, "var/lib/systemd/catalog/database"), "rb") as file:
            database = file.read()
        header_size, count, item_size = struct.unpack_from("<QQQ", database, 16)
        items = {struct.unpack_from("16s32s", database, header_size + i * item_size) for i in range(count)}
        self.assertEqual({(bytes.fromhex(number), language) for number in EVENTS for language in CATALOGS},
                         {(number, language.rstrip(b"\0").decode()) for number, language in items})

    def test_the_manual_page_has_each_message(self):
        self.assertEqual(EVENTS.keys(), set(re.findall(r"(?m)^\.It Li (\w{32})$", read(stack.TOP, "man/jpkid.8"))))

    def test_each_message_has_a_subject_and_a_text_in_each_language(self):
        for source in CATALOGS.values():
            root = self.in_root({"jpkid.catalog": source})
            for number, name in EVENTS.items():
                with self.subTest(source, event=name):
                    shown = journal.journalctl("--dump-catalog", f"--root={root}", number).stdout
                    header, _, text = shown.partition("\n\n")
                    self.assertRegex(header, r"(?m)^Subject: \S.*\n(.*\n)*Defined-By: jpkid$")
                    self.assertGreater(len(text.splitlines()), 4)

    def test_texts_speak_of_fields_that_there_are_and_of_the_same_in_both_languages(self):
        fields = re.findall(r'"(JPKID_\w+)[="]', read(FOLDER, "journal.c"))
        used = [{number: set(re.findall("@(.*?)@", text))
                 for number, text in re.findall(r"(?ms)^-- (\w{32})$(.*?)(?=^-- |\Z)", read(FOLDER, source))}
                for source in CATALOGS.values()]
        self.assertEqual(*used)
        self.assertLessEqual(set().union(*used[0].values()), set(fields))
        self.assertEqual(EVENTS.keys(), used[0].keys())

    def test_texts_tell_which_key_of_the_configuration_changes_what_they_say(self):
        for source in CATALOGS.values():
            texts = dict(re.findall(r"(?ms)^-- (\w{32})$(.*?)(?=^-- |\Z)", read(FOLDER, source)))
            for name, key in (("LEASE_GIVEN", "UnlockTime="), ("HELD_OFF", "HoldOff="), ("LEDGER_SET_ASIDE", "HoldOff=")):
                with self.subTest(source, event=name):
                    self.assertIn(key, texts[IDS[name]])


class Journal(journal.Mixin, client.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.CARD_OPTIONS = [stack.reset_code_option(CODE)]
        catalog = {name: read(FOLDER, name) for name in CATALOGS.values()}
        cls.enterClassContext(polkit.directory_with("/usr/lib/systemd/catalog", catalog))
        journal.journalctl("--update-catalog")
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.card = self.stack.card()
        self.addCleanup(self.stack.jpkictl, "--version")
        self.auth, self.sign = (self.client.applet(kind) for kind in ("auth", "sign"))

    def expected(self, name, operation, applet, **others):
        return (name, {"OPERATION": operation, "READER": "Virtual Reader 0 00 00", "APPLET": applet,
                       "CALLER_UID": "0", **others})

    def assert_told(self, *told):
        """These events and no others. They are told before their caller is."""
        entries = self.entries(JPKID_READER="Virtual Reader 0 00 00")
        entries = [entry for entry in entries if int(entry["PRIORITY"]) < DEBUG]
        self.assertEqual(list(told), [(event(entry), facts(entry)) for entry in entries])
        for entry in entries:
            self.assertEqual(str(os.getpid()), entry["JPKID_CALLER_PID"])
        return [entry["MESSAGE"] for entry in entries]

    def test_each_use_of_a_key_says_who_which_and_how_many(self):
        self.auth.sign()
        self.sign.call("SignMany", "rsa-pss-sha256", [bytes(32)] * 3, pin=PIN["sign"])
        messages = self.assert_told(self.expected("KEY_USED", "Sign", "auth", TRIES_LEFT="3"),
                                    self.expected("KEY_USED", "SignMany", "sign", TRIES_LEFT="5"))
        self.assertIn(": 1 of 1 signatures with the auth key, rsa-pkcs1-sha256 (Sign by user 0, process ", messages[0])
        self.assertIn(": 3 of 3 signatures with the sign key, rsa-pss-sha256 (SignMany by user 0, ", messages[1])

    def test_a_use_is_told_where_the_card_is_pulled_after_the_verify(self):
        with self.going_out():
            self.card.control(f"at {SIGN:02X} pull")
            with self.refused("CardRemoved", "ReaderError") as caught:
                self.auth.sign()
        error = f"org.jpkid1.Error.{caught.exception.name}"
        messages = self.assert_told(self.expected("KEY_USED", "Sign", "auth", TRIES_LEFT="3", ERROR=error))
        self.assertIn(": 0 of 1 signatures with the auth key", messages[0])
        self.insert()

    def test_a_use_is_told_where_the_caller_has_left(self):
        self.slow(50)
        leaving = self.new_client()
        self.wait_for_apdu(client.VERIFY, lambda: leaving.applet("auth").start_sign())
        leaving.close()
        self.client.objects()
        self.auth.call("GetTries")
        self.assert_told(self.expected("KEY_USED", "Sign", "auth", TRIES_LEFT="3"))

    def test_what_is_done_with_a_right_pin_is_told(self):
        self.auth.call("VerifyPin", pin=PIN["auth"])
        self.sign.call("GetCertificate", pin=PIN["sign"])
        lease = self.auth.call("Unlock", pin=PIN["auth"])
        self.auth.sign(pin=None)
        os.close(lease.take())
        self.auth.call("ChangePin", pin=PIN["auth"], new_pin=b"9876")
        self.auth.call("ResetPin", reset_code=CODE, new_pin=PIN["auth"])
        self.auth.call("GetCertificate")
        full = {"TRIES_LEFT": "3"}
        self.assert_told(self.expected("PIN_VERIFIED", "VerifyPin", "auth", **full),
                         self.expected("PIN_VERIFIED", "GetCertificate", "sign", TRIES_LEFT="5"),
                         self.expected("PIN_VERIFIED", "Unlock", "auth", **full),
                         self.expected("LEASE_GIVEN", "Unlock", "auth"),
                         self.expected("KEY_USED", "Sign", "auth", **full),
                         self.expected("PIN_CHANGED", "ChangePin", "auth", **full),
                         self.expected("PIN_RESET", "ResetPin", "auth", **full))

    def wrong(self, left, error="PinIncorrect", **options):
        with self.refused(error):
            self.auth.call("VerifyPin", pin=b"%04d" % (left + 5000), **options)

    def test_wrong_pins_up_to_the_lock_are_told(self):
        self.wrong(2)
        self.wrong(2)               # the same again costs nothing
        self.wrong(1)
        self.wrong(0, "HeldOff")
        stack.clear_state()
        self.wrong(0, "LastTry")
        self.wrong(0, "PinLocked", allow_last_try=True)
        stack.clear_state()
        self.wrong(0, "PinLocked", allow_last_try=True)
        incorrect, locked = ({"ERROR": f"org.jpkid1.Error.{name}"} for name in ("PinIncorrect", "PinLocked"))
        self.assert_told(
            self.expected("PIN_INCORRECT", "VerifyPin", "auth", TRIES_LEFT="2", SW="63C2", **incorrect),
            self.expected("PIN_INCORRECT", "VerifyPin", "auth", TRIES_LEFT="1", SW="63C1", **incorrect),
            self.expected("HELD_OFF", "VerifyPin", "auth", ERROR="org.jpkid1.Error.HeldOff"),
            self.expected("PIN_LOCKED", "VerifyPin", "auth", TRIES_LEFT="0", SW="63C0", **locked),
            self.expected("PIN_LOCKED", "VerifyPin", "auth", TRIES_LEFT="0", SW="6984", **locked))
        explained = journal.journalctl("--catalog", f"--after-cursor={self.cursor}").stdout
        self.assertNotIn("@JPKID", explained)
        for subject in ("A PIN was wrong", "A user has to wait", "A PIN is locked", "municipal office"):
            self.assertIn(subject, explained)

    def test_a_wrong_reset_code_is_told_with_its_own_tries(self):
        with self.refused("PinIncorrect"):
            self.auth.call("ResetPin", reset_code=b"WRONG-CODE", new_pin=b"9876")
        self.assert_told(self.expected("PIN_INCORRECT", "ResetPin", "auth", TRIES_LEFT="9",
                                       ERROR="org.jpkid1.Error.PinIncorrect"))
        self.forgive()

    def test_a_lost_answer_is_told(self):
        with self.going_out():
            self.card.control(f"after {client.VERIFY:02X} pull skip 1")
            with self.refused("OutcomeUnknown"):
                self.auth.sign()
        self.assert_told(self.expected("OUTCOME_UNKNOWN", "Sign", "auth", ERROR="org.jpkid1.Error.OutcomeUnknown"))
        self.insert()
        self.forgive()

    def test_a_damaged_ledger_is_told(self):
        self.wrong(2)
        [ledger] = os.listdir(stack.STATE_DIRECTORY)
        with open(os.path.join(stack.STATE_DIRECTORY, ledger), "a") as file:
            file.write("something else")
        self.wrong(1, "HeldOff")
        [told] = self.entries(MESSAGE_ID=IDS["LEDGER_SET_ASIDE"])
        self.assertIn(f"{ledger}.set-aside", told["MESSAGE"])

    def test_a_ledger_that_cannot_be_written_is_told_once(self):
        os.chmod(stack.STATE_DIRECTORY, 0o500)
        self.addCleanup(os.chmod, stack.STATE_DIRECTORY, 0o755)
        for _ in range(20):
            with self.refused("org.freedesktop.DBus.Error.Failed"):
                self.auth.sign()
        [told] = self.entries(MESSAGE_ID=IDS["LEDGER_UNUSABLE"])
        self.assertIn("Permission denied", told["MESSAGE"])
        self.assertEqual("3", told["PRIORITY"])

    def test_the_end_of_pcscd_is_told(self):
        self.stack.pcscd.stop()
        stack.wait_until(lambda: self.entries(MESSAGE_ID=IDS["PCSC_GONE"]), "the line about pcscd")
        self.stack.start_pcscd()
        self.card.stop()
        self.stack.start_card(0, *self.CARD_OPTIONS)
        self.client.wait_for_card()

    def set_level(self, level):
        self.client.call(LOG_CONTROL[0], "org.freedesktop.DBus.Properties", "Set", "ssv", LOG_CONTROL[1], "LogLevel",
                         dbus.String(level, variant_level=1))
        self.assertEqual(level, self.client.get(*LOG_CONTROL, "LogLevel"))

    def apdu_lines(self):
        return [entry["MESSAGE"] for entry in self.entries(PRIORITY=str(DEBUG)) if " CLA " in entry["MESSAGE"]]

    def test_debugging_shows_each_apdu_but_no_body_and_ends_again(self):
        self.addCleanup(self.set_level, "info")
        self.assertEqual("journal", self.client.get(*LOG_CONTROL, "LogTarget"))
        with self.sent() as apdus:
            self.set_level("debug")
            self.sign.call("GetCertificate", pin=PIN["sign"])
            self.auth.sign()
            self.auth.call("ChangePin", pin=PIN["auth"], new_pin=b"9876")
            self.auth.call("ResetPin", reset_code=CODE, new_pin=PIN["auth"])
        lines = self.apdu_lines()
        for line in lines:
            self.assertRegex(line, APDU)
            self.assertEqual(line, APDU.match(line).group())
        sent = ["CLA {:02X} INS {:02X} P1 {:02X} P2 {:02X}".format(*apdu.header) for apdu in apdus]
        self.assertEqual(sent, [re.search("CLA .. INS .. P1 .. P2 ..", line).group() for line in lines])
        [one, *_] = self.entries(PRIORITY=str(DEBUG), JPKID_SW="9000")
        self.assertEqual("Virtual Reader 0 00 00", one["JPKID_READER"])

        ours = "\n".join(value for entry in self.entries() for name, value in entry.items() if name[0] != "_")
        certificate = client.pki("sign.der")
        for secret in (PIN["sign"], CODE):
            self.assertNotIn(secret.decode(), ours)
        for secret in (PIN["sign"], CODE, *(certificate[i:i + 8] for i in range(0, len(certificate) - 8, 8))):
            self.assertNotIn(secret.hex(), ours.lower())

        self.set_level("info")
        self.auth.sign()
        self.assertEqual(len(lines), len(self.apdu_lines()))

    def test_debugging_shows_why_a_call_failed_that_never_came_to_the_card(self):
        self.addCleanup(self.set_level, "info")
        self.set_level("debug")
        with self.refused("PinFormat"):
            self.auth.sign(pin=b"12345")
        [failure] = self.entries(JPKID_ERROR="org.jpkid1.Error.PinFormat")
        self.assertEqual({"OPERATION": "Sign", "ERROR": "org.jpkid1.Error.PinFormat", "CALLER_UID": "0"},
                         facts(failure))
        self.assertNotIn("12345", failure["MESSAGE"])


class Flood(polkit.Mixin, journal.Mixin, client.TestCase):
    RULES = "polkit.addRule(function() { return polkit.Result.YES; });"
    USERS, CONNECTIONS, ROUNDS = ("alice", "bob"), 3, 20

    def test_two_users_who_try_pins_from_many_connections_are_told_of_a_few_times(self):
        applets = [self.new_client(user).applet(kind)
                   for user in self.USERS for _ in range(self.CONNECTIONS) for kind in PIN]
        answers = collections.Counter()
        for number in range(self.ROUNDS):
            pins = {"auth": b"%04d" % (5000 + number), "sign": b"GUESS%03d" % number}
            for call in [applet.start("VerifyPin", pin=pins[applet.kind]) for applet in applets for _ in range(2)]:
                with self.assertRaises(client.Refused) as caught:
                    call.result()
                answers[caught.exception.name] += 1
        self.assertGreater(answers.total(), 200)
        self.assertGreater(answers["HeldOff"], 100)

        told = [entry for entry in self.entries() if int(entry["PRIORITY"]) <= NOTICE]
        spent = sum(before - left for before, left in
                    ((client.TRIES_MAX[kind], self.stack.card().tries()[kind]) for kind in PIN))
        held_off = [(entry["JPKID_CALLER_UID"], entry["JPKID_APPLET"]) for entry in told if event(entry) == "HELD_OFF"]
        self.assertEqual(len(set(held_off)), len(held_off))
        self.assertLessEqual({uid for uid, _ in held_off}, {str(pwd.getpwnam(user).pw_uid) for user in self.USERS})
        self.assertEqual(collections.Counter(PIN_INCORRECT=spent, HELD_OFF=len(held_off)),
                         collections.Counter(map(event, told)))


class StandardError(client.TestCase):
    def test_without_a_journal_the_lines_are_plain(self):
        self.client.applet("auth").sign()
        with self.refused("PinIncorrect"):
            self.client.applet("auth").call("VerifyPin", pin=WRONG_PIN["auth"])
        lines = self.stack.daemon.log_text().splitlines()
        self.assertRegex(lines[-2], r"^Virtual Reader 0 00 00: 1 of 1 signatures with the auth key, .* \(Sign by user 0, ")
        self.assertRegex(lines[-1], r"^Virtual Reader 0 00 00: the auth PIN was wrong, tries left: 2; .* \(VerifyPin by ")
        self.assertNotIn("JPKID_", "\n".join(lines))

    def test_a_stop_that_does_not_wait_for_a_card_says_whose_pin_it_has(self):
        card = self.stack.card()
        card.control(f"at {SIGN:02X} hang")
        call = self.wait_for_apdu(client.VERIFY, self.client.applet("auth").start_sign)
        self.stack.daemon.stop()
        with self.refused("ReaderError"):
            call.result()
        self.assertRegex(self.stack.daemon.log_text().splitlines()[-1], r"^Virtual Reader 0 00 00: the card has not "
                         r"answered, so what became of the auth PIN is not known \(Sign by user 0, process \d+\)$")
        card.control("resume")
        self.stack.start_daemon()
        self.client.wait_for_card()


if __name__ == "__main__":
    unittest.main()
