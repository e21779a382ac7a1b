# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the journal tells of each use of a card, and what `journalctl -x` explains of it."""
import os
import pwd
import re

import client
import machine
import stack

USED = "d5fa036e30804cdba3a52736d30a41db"
WRONG = "31d45cfff4e749a19b08e6c6a9e9cc69"
JAPANESE = re.compile("[ぁ-ん]")


def explained(message_id, language):
    """Of the last such entry: what journalctl -x prints."""
    return machine.run("journalctl", "--catalog", "--no-pager", "--unit=jpkid", "--lines=1", f"MESSAGE_ID={message_id}",
                       env={**os.environ, "LC_ALL": language})


class Journal(machine.TestCase):
    def setUp(self):
        super().setUp()
        self.start_service()

    def one_entry(self, message_id):
        def entries():
            return machine.journal(self.cursor, MESSAGE_ID=message_id)
        stack.wait_until(entries, "an entry in the journal")
        self.assertEqual(len(entries()), 1, entries())
        return entries()[0]

    def assert_fields(self, entry, **fields):
        self.assertEqual({name: entry.get(f"JPKID_{name}") for name in fields}, fields)

    def test_a_signature_tells_who_made_it_with_which_key_in_which_reader(self):
        done = machine.as_user("sh", "-c", 'echo $$ >&2; exec jpkictl sign auth /etc/hostname -o /dev/null --pin-fd=0',
                               pin=b"1234")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assert_fields(self.one_entry(USED), OPERATION="Sign", READER="Virtual PCD 00 00", APPLET="auth",
                           CALLER_UID=str(pwd.getpwnam(machine.USER).pw_uid), CALLER_PID=done.stderr.split()[0],
                           ERROR=None)

    def test_a_wrong_pin_tells_the_status_word_and_the_tries_that_are_left(self):
        self.assertEqual(machine.jpkictl("pin", "verify", "sign", pin=client.WRONG_PIN["sign"]).returncode, 5)
        self.assert_fields(self.one_entry(WRONG), OPERATION="VerifyPin", READER="Virtual PCD 00 00", APPLET="sign",
                           CALLER_UID="0", SW="63C4", TRIES_LEFT="4", ERROR="org.jpkid1.Error.PinIncorrect")

    def test_the_catalog_explains_both_in_english_and_in_japanese(self):
        machine.jpkictl("sign", "auth", "/etc/hostname", "-o", "/dev/null", pin=b"1234")
        machine.jpkictl("pin", "verify", "auth", pin=client.WRONG_PIN["auth"])
        for message_id in (USED, WRONG):
            with self.subTest(message_id=message_id):
                self.one_entry(message_id)
                english, japanese = (explained(message_id, language) for language in ("C.UTF-8", "ja_JP.UTF-8"))
                self.assertIn("Defined-By: jpkid", english)
                self.assertIn("Virtual PCD 00 00", english)
                self.assertNotRegex(english, JAPANESE)
                self.assertIn("Virtual PCD 00 00", japanese)
                self.assertRegex(japanese, JAPANESE)

    def test_every_message_of_the_manual_is_in_the_catalog(self):
        manual = machine.run("man", "8", "jpkid", env={**os.environ, "MANPAGER": "cat"})
        told = set(re.findall(r"\b[0-9a-f]{32}\b", manual))
        self.assertGreater(len(told), 1)
        catalog = machine.run("journalctl", "--list-catalog", "--no-pager")
        self.assertEqual(set(re.findall(r"(?m)^([0-9a-f]{32}) jpkid:", catalog)), told)

    def test_no_pin_is_in_the_journal_not_even_with_the_level_debug(self):
        machine.run("systemctl", "service-log-level", "jpkid", "debug")
        pins = [b"WK55210B", b"QX73091Z"]
        for pin in pins:
            self.assertEqual(machine.jpkictl("pin", "verify", "sign", pin=pin).returncode, 5)
        written = [str(value) for entry in machine.journal(self.cursor) for value in entry.values()]
        self.assertEqual(len([line for line in written if "INS 20" in line and "63C" in line]), 2 * len(pins), written)
        for pin in pins:
            self.assertNotIn(pin.decode(), "".join(written))
            self.assertNotIn(pin.hex(), re.sub("[ :]", "", "".join(written)).lower())
