# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may use a card: whoever sits in front of the machine, and root."""
import client
import machine


class Sessions(machine.TestCase):
    def setUp(self):
        super().setUp()
        self.start_service()
        self.start = self.card.recorded()

    def test_the_session_of_these_tests_is_active_on_the_seat(self):
        done = machine.as_user("sh", "-c", 'loginctl show-session "$XDG_SESSION_ID" -p Active -p Seat -p Remote')
        self.assertEqual(set(done.stdout.split()), {"Active=yes", "Seat=seat0", "Remote=no"})

    def test_a_user_at_the_seat_reads_and_signs_with_both_keys(self):
        for kind, pin in client.PIN.items():
            with self.subTest(kind=kind):
                self.assert_signs(kind, lambda *words, pin=pin: machine.as_user(
                    "jpkictl", *words, "--pin-fd=0", pin=pin))

    def test_root_needs_no_session(self):
        for kind, pin in client.PIN.items():
            with self.subTest(kind=kind):
                self.assert_signs(kind, lambda *words, pin=pin: machine.jpkictl(*words, pin=pin))

    def test_a_user_without_a_session_is_refused_and_no_pin_goes_out(self):
        for words in (["sign", "auth", "/etc/hostname"], ["sign", "sign", "/etc/hostname"], ["pin", "verify", "auth"]):
            with self.subTest(words=words):
                done = machine.as_user("jpkictl", *words, "--pin-fd=0", pin=b"1234", session=False,
                                       user=machine.OTHER_USER)
                self.assertEqual(done.returncode, 8, done.stderr)
        self.assertEqual(self.verifies(), [])

    def test_a_user_without_a_session_reads_no_certificate(self):
        done = machine.as_user("jpkictl", "cert", "auth", session=False, user=machine.OTHER_USER)
        self.assertEqual(done.returncode, 8, done.stderr)
        self.assertEqual(self.card.apdus(start=self.start), [])

    def test_the_pin_of_a_user_whose_session_has_just_ended_is_refused(self):
        first = machine.as_user("jpkictl", "pin", "verify", "auth", "--pin-fd=0", pin=b"1234")
        self.assertEqual(first.returncode, 0, first.stderr)
        sent = len(self.verifies())
        after = machine.as_user("jpkictl", "pin", "verify", "auth", "--pin-fd=0", pin=b"1234", session=False)
        self.assertEqual(after.returncode, 8, after.stderr)
        self.assertEqual(len(self.verifies()), sent)
