# SPDX-License-Identifier: LGPL-2.1-or-later
"""The guard over the bus, and what changes a PIN: ChangePin, ResetPin and Unlock."""
import contextlib
import os
import select
import time

import dbus

import client
import preload
import stack
from client import CHANGE

NEW_PIN = {"auth": b"5678", "sign": b"NEW456"}
CODE = b"PUK-0123456789AB"
LEASES_OF_A_USER = 16


class PinTestCase(client.TestCase):
    """Each test begins with a new card and no wrong PIN in the ledger."""

    def setUp(self):
        super().setUp()
        stack.clear_state()
        if not self.stack.card().pins().items() >= client.PIN.items():
            self.put_card()
        self.auth, self.sign = self.client.applet("auth"), self.client.applet("sign")

    def spend(self, applet, *pins):
        for pin in pins:
            with self.refused("PinIncorrect"):
                applet.call("VerifyPin", pin=pin)

    def assert_pin_is(self, applet, pin):
        self.assertEqual(pin, self.stack.card().pins()[applet.kind])


class Guard(PinTestCase):
    def test_after_two_wrong_pins_in_a_row_the_user_waits_a_minute(self):
        for applet, wrong in ((self.auth, (b"9991", b"9992")), (self.sign, (b"WRONG1", b"WRONG2"))):
            self.spend(applet, *wrong)
            before = time.time()
            with self.subTest(applet.kind), self.no_try_spent(), self.refused("HeldOff") as caught:
                applet.call("VerifyPin", pin=applet.pin)
            text, until = caught.exception.body
            self.assertIsInstance(until, dbus.UInt64)
            self.assertAlmostEqual(before + 60, until, delta=3)
            self.assertIn(time.strftime("%H:%M:%S", time.localtime(until)), text)

    def test_killing_the_daemon_does_not_end_the_wait(self):
        self.spend(self.auth, b"9991", b"9992")
        self.stack.daemon.kill()
        self.stack.start_daemon()
        self.client.wait_for_card()
        with self.no_try_spent(), self.refused("HeldOff"):
            self.client.applet("auth").call("VerifyPin", pin=b"1234")

    def test_the_same_wrong_pin_again_costs_nothing_and_tells_what_is_left(self):
        self.spend(self.auth, b"9991")
        for pin in (b"9991", b"9991"):
            with self.no_try_spent(), self.refused("PinIncorrect") as caught:
                self.auth.sign(pin=pin)
            self.assertEqual(2, caught.exception.body[1])
        self.auth.call("VerifyPin", pin=b"1234")

    def test_a_right_pin_ends_what_was_wrong(self):
        for wrong in (b"9991", b"9992", b"9993"):
            self.spend(self.auth, wrong)
            self.auth.call("VerifyPin", pin=b"1234")

    def test_another_user_need_not_wait(self):
        self.spend(self.auth, b"9991", b"9992")
        for kind, user in (("auth", "alice"), ("sign", "root")):
            applet = self.new_client(user).applet(kind)
            with contextlib.suppress(client.Refused):       # alice has no polkit here; what matters is the name
                applet.call("VerifyPin", pin=applet.pin)
        with self.refused("HeldOff"):
            self.auth.call("VerifyPin", pin=b"1234", allow_last_try=True)

    def test_a_damaged_ledger_makes_everybody_wait_and_is_set_aside(self):
        self.spend(self.auth, b"9991")
        self.stack.daemon.kill()
        [name] = os.listdir(stack.STATE_DIRECTORY)
        with open(os.path.join(stack.STATE_DIRECTORY, name), "a") as ledger:
            ledger.write("auth-pin is right\n")
        self.stack.start_daemon()
        self.client.wait_for_card()
        for kind in client.PIN:
            with self.no_try_spent(), self.refused("HeldOff") as caught:
                self.client.applet(kind).call("VerifyPin", pin=client.PIN[kind])
            self.assertAlmostEqual(time.time() + 3600, caught.exception.body[1], delta=5)
        self.assertIn(f"{name}.set-aside", os.listdir(stack.STATE_DIRECTORY))
        self.assertIn("set-aside", self.stack.daemon.log_text())

    def test_nothing_is_kept_of_a_card_whose_pins_were_right(self):
        self.auth.sign()
        self.sign.sign()
        self.wait_for_quiet()
        self.assertEqual([], os.listdir(stack.STATE_DIRECTORY))


class NoLedger(client.TestCase):
    DAEMON_ENVIRONMENT = {"STATE_DIRECTORY": "/nowhere/jpkid"}

    def test_without_a_state_directory_no_pin_is_sent_but_all_else_works(self):
        auth = self.client.applet("auth")
        self.assertEqual(client.pki("auth.der"), auth.call("GetCertificate"))
        with self.no_try_spent(), self.refused("org.freedesktop.DBus.Error.Failed"):
            auth.call("VerifyPin", pin=b"1234")
        self.assertIn("/nowhere/jpkid", self.stack.daemon.log_text())


class Change(PinTestCase):
    def test_a_change_verifies_the_old_pin_and_sends_the_new_one_alone(self):
        for applet in (self.auth, self.sign):
            applet.call("VerifyPin", pin=applet.pin)
            with self.subTest(applet.kind), self.sent() as apdus:
                applet.call("ChangePin", pin=applet.pin, new_pin=NEW_PIN[applet.kind])
            [change] = [apdu for apdu in apdus if apdu.header[1] == CHANGE]
            self.assertEqual("00240180", change.header.hex())
            self.assertEqual(str(len(NEW_PIN[applet.kind])), change.lc)
            self.assertEqual(1, len(client.pins_in(apdus)))
            self.assert_pin_is(applet, NEW_PIN[applet.kind])
            self.assertEqual(applet.get("TriesMax"), applet.get("TriesLeft"))
            applet.sign(pin=NEW_PIN[applet.kind])
            with self.refused("PinIncorrect"):
                applet.sign()

    def test_lower_case_letters_of_a_new_sign_pin_become_upper_case(self):
        self.sign.call("ChangePin", pin=b"abc123", new_pin=b"new456")
        self.assert_pin_is(self.sign, b"NEW456")

    def test_a_wrong_old_pin_changes_nothing_and_costs_one_try(self):
        with self.refused("PinIncorrect") as caught:
            self.auth.call("ChangePin", pin=b"9991", new_pin=b"5678")
        self.assertEqual(2, caught.exception.body[1])
        self.assertEqual(2, self.auth.get("TriesLeft"))
        self.assert_pin_is(self.auth, b"1234")

    def test_new_pins_that_cannot_be_are_refused_before_anything_is_sent(self):
        bad = {self.auth: (b"", b"123", b"12345", b"12a4", bytes(17), "\uff11\uff12\uff13\uff14".encode()),
               self.sign: (b"ABCDEF", b"123456", b"AB12", b"A" * 16 + b"1", b"ABC-123", "\uff21BC123".encode())}
        for applet, new_pins in bad.items():
            for new_pin in new_pins:
                with self.subTest(new_pin), self.no_try_spent(), self.refused("PinFormat"):
                    applet.call("ChangePin", pin=applet.pin, new_pin=new_pin)

    def test_the_same_pin_again_is_refused_also_in_lower_case(self):
        for new_pin in (b"ABC123", b"abc123"):
            with self.no_try_spent(), self.refused("InvalidInput") as caught:
                self.sign.call("ChangePin", pin=b"ABC123", new_pin=new_pin)
            self.assertIn("old one", caught.exception.body[0])

    def test_both_pins_are_needed(self):
        with self.no_try_spent(), self.refused("PinRequired"):
            self.auth.call("ChangePin", pin=b"1234")
        with self.no_try_spent(), self.refused("PinRequired"):
            self.auth.call("ChangePin", new_pin=b"5678")

    def test_where_the_card_refuses_the_new_pin_the_old_one_holds(self):
        self.stack.card().control("at 24 sw 6A80")
        with self.refused("CardError") as caught:
            self.auth.call("ChangePin", pin=b"1234", new_pin=b"5678")
        self.assertIn("old one still holds", caught.exception.body[0])
        self.wait_for_quiet()
        self.auth.call("VerifyPin", pin=b"1234")

    def assert_not_known_after(self, control, pin):
        self.stack.card().control(control)
        before, path = len(self.stack.card().apdus(CHANGE)), self.client.card()
        with self.refused("OutcomeUnknown") as caught:
            self.auth.call("ChangePin", pin=b"1234", new_pin=b"5678")
        self.assertIn("new one first", caught.exception.body[0])
        self.assertEqual(before + 1, len(self.stack.card().apdus(CHANGE)))
        self.assert_pin_is(self.auth, pin)
        stack.wait_until(lambda: self.client.card() not in (None, path), "the card is back")

    def test_where_the_new_pin_did_not_arrive_the_error_says_what_to_do(self):
        self.assert_not_known_after("at 24 power-loss", b"1234")

    def test_where_the_answer_to_the_new_pin_is_lost_the_error_says_what_to_do(self):
        self.assert_not_known_after("after 24 power-loss", b"5678")

    def test_the_card_is_closed_afterwards(self):
        self.auth.call("ChangePin", pin=b"1234", new_pin=b"5678")
        self.wait_for_quiet()
        self.assertEqual("auth no sign no", self.stack.card().control("verified"))


class NoReset(PinTestCase):
    def test_on_todays_cards_nothing_is_sent_and_the_error_tells_the_way(self):
        for applet, store, other in ((self.auth, "AEON", "sign PIN"), (self.sign, "convenience store", "auth PIN")):
            self.assertFalse(applet.get("CanResetPin"))
            with self.sent() as apdus, self.refused("ResetNotPossible") as caught:
                applet.call("ResetPin", reset_code=CODE, new_pin=NEW_PIN[applet.kind])
            self.assertEqual([], apdus)
            for word in ("municipal window", "JPKI暗証番号リセット", "24 hours", store, other):
                self.assertIn(word, caught.exception.body[0])
            with self.refused("ResetNotPossible"):
                applet.call("ResetPin")


class Reset(PinTestCase):
    @classmethod
    def setUpClass(cls):
        cls.CARD_OPTIONS = [stack.reset_code_option(CODE)]
        super().setUpClass()

    def change_card(self, number=0, *options, **keywords):
        card = super().change_card(number, *self.CARD_OPTIONS, *options, **keywords)
        return card

    def lock(self):
        card = self.stack.card()
        self.change_card(tries={"auth": 0})
        self.client.wait_for_card()
        self.auth = self.client.applet("auth")
        self.assertIsNot(card, self.stack.card())

    def test_a_right_code_unlocks_the_pin_and_sets_a_new_one(self):
        self.lock()
        with self.refused("PinLocked") as caught:
            self.auth.call("VerifyPin", pin=b"1234")
        self.assertIn("reset code", caught.exception.body[0])
        self.assertTrue(self.auth.get("Locked"))
        self.assertTrue(self.auth.get("CanResetPin"))
        self.auth.call("ResetPin", reset_code=CODE, new_pin=b"5678")
        self.assertFalse(self.auth.get("Locked"))
        self.assertEqual(3, self.auth.get("TriesLeft"))
        self.auth.sign(pin=b"5678")

    def test_a_wrong_code_costs_one_of_its_own_tries_and_none_of_the_pins(self):
        tries = self.stack.card().tries()
        with self.refused("PinIncorrect") as caught:
            self.auth.call("ResetPin", reset_code=b"wrong", new_pin=b"5678")
        self.assertEqual(tries["reset"] - 1, caught.exception.body[1])
        self.assertIn("reset code", caught.exception.body[0])
        self.assertEqual({**tries, "reset": tries["reset"] - 1}, self.stack.card().tries())
        self.assert_pin_is(self.auth, b"1234")
        self.auth.call("ResetPin", reset_code=CODE, new_pin=b"5678")

    def test_after_two_wrong_codes_the_user_waits_but_not_for_the_pin(self):
        for code in (b"wrong1", b"wrong2"):
            with self.refused("PinIncorrect"):
                self.auth.call("ResetPin", reset_code=code, new_pin=b"5678")
        with self.refused("HeldOff"):
            self.auth.call("ResetPin", reset_code=CODE, new_pin=b"5678")
        self.auth.call("VerifyPin", pin=b"1234")

    def test_what_cannot_be_right_is_refused_before_anything_is_sent(self):
        before = self.stack.card().tries()
        for code, new_pin, name in ((b"", b"5678", "PinFormat"), (b"a" * 17, b"5678", "PinFormat"),
                                    (b"a b", b"5678", "PinFormat"), ("番号".encode(), b"5678", "PinFormat"),
                                    (CODE, b"567", "PinFormat"), (None, b"5678", "PinRequired"),
                                    (CODE, None, "PinRequired")):
            with self.subTest(code=code, new_pin=new_pin), self.sent() as apdus, self.refused(name):
                self.auth.call("ResetPin", reset_code=code, new_pin=new_pin)
            self.assertEqual([], apdus)
        self.assertEqual(before, self.stack.card().tries())

    def test_expected_tries_are_those_of_the_code(self):
        left = self.stack.card().tries()["reset"]
        with self.refused("TriesChanged"):
            self.auth.call("ResetPin", reset_code=CODE, new_pin=b"5678", expected_tries=left - 1)
        self.auth.call("ResetPin", reset_code=CODE, new_pin=b"5678", expected_tries=left)


class LeaseTestCase(PinTestCase):
    def unlock(self, applet=None):
        lease = os.fdopen((applet or self.auth).call("Unlock", pin=b"1234").take(), "rb", buffering=0)
        self.addCleanup(lease.close)
        return lease

    def has_ended(self, lease):
        return bool(select.select([lease], [], [], 5)[0]) and lease.read(1) == b""


class Unlock(LeaseTestCase):
    def test_until_the_lease_is_closed_the_caller_needs_no_pin_to_sign(self):
        lease = self.unlock()
        for _ in range(3):
            with self.sent() as apdus:
                self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
            self.assertEqual(1, len(client.pins_in(apdus)))
        lease.close()

        def is_over():
            try:
                self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
            except client.Refused as refused:
                return refused.name == "PinRequired"
        stack.wait_until(is_over, "the lease has ended")

    def test_nobody_else_has_it(self):
        self.unlock()
        other = self.new_client().applet("auth")
        with self.no_try_spent(), self.refused("PinRequired"):
            other.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        with self.no_try_spent(), self.refused("PinRequired"):
            self.sign.call("Sign", "rsa-pkcs1-sha256", bytes(32))

    def test_it_is_no_answer_where_the_pin_itself_is_asked_for(self):
        self.unlock()
        for member, options in (("VerifyPin", {}), ("ChangePin", {"new_pin": b"5678"}), ("Unlock", {})):
            with self.subTest(member), self.no_try_spent(), self.refused("PinRequired"):
                self.auth.call(member, **options)

    def test_between_its_uses_the_card_is_closed(self):
        self.unlock()
        self.wait_for_quiet()
        self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        self.wait_for_quiet()

    def test_a_wrong_pin_gives_none(self):
        with self.refused("PinIncorrect"):
            self.auth.call("Unlock", pin=b"9991")
        with self.no_try_spent(), self.refused("PinRequired"):
            self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))

    def test_there_is_none_for_sign(self):
        with self.no_try_spent(), self.refused("NotAllowed"):
            self.sign.call("Unlock", pin=b"ABC123")

    def test_its_use_buys_nobody_guesses(self):
        self.unlock()
        guesser = self.new_client().applet("auth")
        for pin in (b"9991", b"9992"):
            with self.refused("PinIncorrect"):
                guesser.call("VerifyPin", pin=pin)
            with contextlib.suppress(client.Refused):
                self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        with self.no_try_spent(), self.refused("HeldOff"):
            guesser.call("VerifyPin", pin=b"9993")

    def test_a_refusal_by_the_card_ends_it_and_is_never_repeated(self):
        lease = self.unlock()
        self.stack.card().control("set auth 5678")          # as another program would have
        with self.refused("PinIncorrect"):
            self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        self.assertTrue(self.has_ended(lease))
        with self.no_try_spent(), self.refused("PinRequired"):
            self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))

    def test_nor_is_a_refusal_that_is_not_about_tries(self):
        self.addCleanup(stack.clear_state)      # it counts as wrong
        lease = self.unlock()
        self.wait_for_quiet()
        self.stack.card().control("at 20 sw 6982 skip 1")   # the first one asks for the counter
        with self.refused("CardError"):
            self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        self.assertTrue(self.has_ended(lease))
        with self.no_try_spent(), self.refused("PinRequired"):
            self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))

    def test_of_many_signatures_that_wait_only_one_asks_with_a_refused_pin(self):
        self.unlock()
        self.wait_for_quiet()
        self.stack.card().control("set auth 5678")
        self.slow(30)
        with self.sent() as apdus:
            waiting = [self.auth.start("Sign", "rsa-pkcs1-sha256", bytes(32)) for _ in range(8)]
            with self.refused("PinIncorrect"):
                waiting[0].result()
            for call in waiting[1:]:
                with self.refused("PinRequired"):
                    call.result()
        self.assertEqual(1, len(client.pins_in(apdus)))

    def test_after_a_change_the_old_pin_is_sent_for_nobody(self):
        lease = self.unlock()
        self.wait_for_quiet()
        self.slow(30)
        with self.sent() as apdus:
            other = self.new_client().applet("auth")
            change = self.wait_for_apdu(client.VERIFY, lambda: other.start("ChangePin", pin=b"1234", new_pin=b"5678"))
            waiting = [self.auth.start("Sign", "rsa-pkcs1-sha256", bytes(32)) for _ in range(8)]
            change.result()
            for call in waiting:
                with self.refused("PinRequired", "PinIncorrect"):
                    call.result()
            with self.refused("PinIncorrect"):
                self.auth.call("VerifyPin", pin=b"1234")
        self.assertTrue(self.has_ended(lease))
        self.assertEqual(1, len(client.pins_in(apdus)))
        self.assertEqual(3, self.stack.card().tries()["auth"])
        self.auth.call("VerifyPin", pin=b"5678")

    def test_it_ends_with_the_card(self):
        lease = self.unlock()
        self.pull()
        self.assertTrue(self.has_ended(lease))
        self.insert()

    def test_it_ends_with_its_caller_even_if_the_descriptor_lives_on(self):
        other = client.Client()
        lease = self.unlock(other.applet("auth"))
        other.close()
        self.assertTrue(self.has_ended(lease))

    def test_a_second_one_ends_the_first(self):
        first, second = self.unlock(), self.unlock()
        self.assertTrue(self.has_ended(first))
        self.assertFalse(select.select([second], [], [], 0)[0])
        self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))

    def test_a_user_has_at_most_16_and_one_that_ends_makes_room(self):
        leases = [self.unlock(self.new_client().applet("auth")) for _ in range(LEASES_OF_A_USER)]
        with self.refused("org.freedesktop.DBus.Error.LimitsExceeded") as caught:
            self.unlock()
        self.assertIn("leases", caught.exception.body[0])
        leases[0].close()
        self.client.objects()
        self.unlock()

    def test_the_last_try_is_not_for_it(self):
        lease = self.unlock()
        self.stack.card().control("at 20 sw 63C1")          # the counter, as another program would have left it
        with self.no_try_spent(), self.refused("LastTry"):
            self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        lease.close()


class Sleep(LeaseTestCase):
    @classmethod
    def setUpClass(cls):
        cls.clock = preload.Clock(int(time.time()))
        cls.DAEMON_ENVIRONMENT = cls.clock.environment
        super().setUpClass()

    def test_a_lease_ends_when_the_machine_has_slept(self):
        lease = self.unlock()
        self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        self.clock.sleep(2)
        with self.no_try_spent(), self.refused("PinRequired"):
            self.auth.call("Sign", "rsa-pkcs1-sha256", bytes(32))
        self.assertTrue(self.has_ended(lease))
