# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever a caller or a card does wrong: the right error, no try but those really sent, and the next is served."""
import fcntl
import hashlib
import os
import socket
import time
import unittest

import dbus

import agent
import client
import journal
import stack
from client import Key, PIN, READ_BINARY, SELECT, SIGN, VERIFY, WRONG_PIN, pki, pins_in, verifies
from test_journal import IDS

DESCRIPTOR_DEADLINE = 2     # seconds
OPEN_CALLS_OF_ONE_CALLER, OPEN_CALLS = 16, 128


class Arguments(client.TestCase):
    def setUp(self):
        super().setUp()
        self.auth, self.sign = self.client.applet("auth"), self.client.applet("sign")

    def test_an_option_that_the_method_does_not_have_is_refused(self):
        for member, option in (("VerifyPin", {"PIN": "1234"}), ("VerifyPin", {"allow-last-tries": True}),
                               ("VerifyPin", {"": ""}), ("GetTries", {"expected-tries": 3}),
                               ("GetIssuerCertificate", {"reason": "x"}), ("VerifyPin", {"new-pin": 1})):
            with self.subTest(member, option=option), self.no_try_spent(), self.refused("InvalidInput") as caught:
                self.auth.call(member, **option)
            self.assertIn(next(iter(option)), caught.exception.body[0])

    def test_an_option_of_another_type_is_refused(self):
        for option in ({"timeout": dbus.Int32(5)}, {"timeout": dbus.UInt64(5)}, {"timeout": "5"},
                       {"expected-tries": dbus.Byte(3)}, {"allow-last-try": dbus.UInt32(1)}, {"allow-last-try": "true"},
                       {"reason": dbus.ByteArray(b"x")}, {"pin": "1234"}, {"pin": dbus.ByteArray(b"1234")},
                       {"pin": dbus.UInt32(0)}, {"reason": dbus.ObjectPath("/")}):
            with self.subTest(option=option), self.no_try_spent(), self.refused("InvalidInput"):
                self.call_with(option)

    def test_an_option_that_comes_twice_is_refused(self):
        for values in ((dbus.UInt32(1), dbus.UInt32(1)), (dbus.UInt32(1), dbus.UInt32(2))):
            with self.no_try_spent(), self.refused("InvalidInput"):
                self.call_with({Key("timeout"): values[0], Key("timeout"): values[1]})

    def test_a_pin_that_comes_twice_is_refused_unread(self):
        ends = [stack.pipe_with(PIN["auth"]) for _ in range(2)]
        with self.no_try_spent(), self.refused("InvalidInput"):
            self.call_with({Key("pin"): dbus.types.UnixFd(ends[0]), Key("pin"): dbus.types.UnixFd(ends[1])})
        for end in ends:
            self.assertEqual(PIN["auth"], os.read(end, 10))
            os.close(end)

    def call_with(self, options):
        message = self.auth.raw_message("VerifyPin", dbus.Dictionary(options, signature="sv"))
        return client.Call(self.client.connection, message).result()


class Descriptors(client.TestCase):
    """Only a pipe, a stream socket or a sealed memfd that comes to its end in time is a PIN."""

    def setUp(self):
        super().setUp()
        self.auth = self.client.applet("auth")

    def open(self, path, flags=os.O_RDONLY):
        descriptor = os.open(path, flags)
        self.addCleanup(os.close, descriptor)
        return descriptor

    def pipe(self):
        ends = os.pipe()
        for end in ends:
            self.addCleanup(os.close, end)
        return ends

    def memfd(self, content, seals):
        descriptor = os.memfd_create("pin", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        self.addCleanup(os.close, descriptor)
        os.write(descriptor, content)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
        return descriptor

    def test_a_socket_and_a_sealed_memfd_are_read_too(self):
        ours, theirs = socket.socketpair()
        ours.sendall(PIN["auth"])
        ours.close()
        with theirs:
            self.auth.call("VerifyPin", pin=theirs.fileno())
        self.auth.call("VerifyPin", pin=self.memfd(PIN["auth"], fcntl.F_SEAL_WRITE))

    def test_a_pin_may_come_in_pieces(self):
        reader, writer = os.pipe()
        call = self.auth.start("VerifyPin", pin=reader)
        os.close(reader)
        for byte in PIN["auth"]:
            os.write(writer, bytes([byte]))
            time.sleep(0.05)
        self.assertIsNone(call.reply)
        os.close(writer)
        call.result()

    def test_what_never_ends_is_given_up_after_two_seconds(self):
        reader, writer = self.pipe()
        ours, theirs = socket.socketpair()
        os.write(writer, PIN["auth"])
        ours.sendall(PIN["auth"])
        started = time.monotonic()
        with ours, theirs, self.no_try_spent():
            for call in [self.auth.start("VerifyPin", pin=end) for end in (reader, theirs.fileno())]:
                with self.refused("InvalidInput"):
                    call.result()
        self.assertAlmostEqual(DESCRIPTOR_DEADLINE, time.monotonic() - started, delta=1)

    def test_others_are_served_while_a_pin_does_not_come(self):
        reader, writer = self.pipe()
        waiting = self.auth.start("VerifyPin", pin=reader)
        self.auth.sign()
        self.assertIsNone(waiting.reply)
        with self.refused("InvalidInput"):
            waiting.result()

    def test_what_is_no_pipe_is_refused(self):
        folder = os.path.join(stack.WORK, "folder")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "pin"), "wb") as file:
            file.write(PIN["auth"])
        datagrams = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        fifo = os.path.join(folder, "fifo")
        os.path.exists(fifo) or os.mkfifo(fifo)
        descriptors = {
            "a directory": self.open(folder), "/dev/zero": self.open("/dev/zero"), "/dev/null": self.open("/dev/null"),
            "a file": self.open(os.path.join(folder, "pin")), "a path": self.open("/dev/zero", os.O_PATH),
            "the write end": self.pipe()[1], "a datagram socket": datagrams[0].fileno(),
            "a memfd without a seal": self.memfd(PIN["auth"], 0), "both ends of a pipe": self.open(fifo, os.O_RDWR)}
        for name, descriptor in descriptors.items():
            with self.subTest(name), self.no_try_spent(), self.refused("InvalidInput"):
                self.auth.call("VerifyPin", pin=descriptor)
        for end in datagrams:
            end.close()

    def test_a_socket_that_listens_is_refused(self):
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind("\0" + os.urandom(8).hex())
            listening.listen()
            with self.no_try_spent(), self.refused("InvalidInput"):
                self.auth.call("VerifyPin", pin=listening.fileno())

    def test_nothing_and_too_much_are_no_pin(self):
        ours, theirs = socket.socketpair()
        ours.close()
        for content in (b"", b"1" * 17, b"1" * 4096):
            with self.subTest(length=len(content)), self.no_try_spent(), self.refused("PinFormat"):
                self.auth.call("VerifyPin", pin=content)
        for descriptor in (theirs.fileno(), *(self.memfd(content, fcntl.F_SEAL_WRITE) for content in (b"", b"1" * 17))):
            with self.no_try_spent(), self.refused("PinFormat"):
                self.auth.call("VerifyPin", pin=descriptor)
        theirs.close()

    def test_a_megabyte_is_not_read_to_its_end(self):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with ours, theirs, self.no_try_spent(), self.refused("PinFormat"):
            call = self.auth.start("VerifyPin", pin=theirs.fileno())
            sent = 0
            while sent < 1 << 20 and call.reply is None:
                try:
                    sent += ours.send(b"1" * 4096)
                except (BlockingIOError, BrokenPipeError):
                    break
            call.result()
        self.assertLess(sent, 1 << 20)

    def test_no_descriptor_is_left_open(self):
        def open_descriptors():
            return len(os.listdir(f"/proc/{self.stack.daemon.pid}/fd"))
        self.auth.sign()
        self.wait_for_quiet()
        before = open_descriptors()
        for _ in range(20):
            self.auth.call("VerifyPin", pin=PIN["auth"])
            for refusal in ({"pin": b"12"}, {"pin": PIN["auth"], "no-such": 1}, {"pin": self.open("/dev/zero")}):
                with self.refused("PinFormat", "InvalidInput"):
                    self.auth.call("VerifyPin", **refusal)
        # A reply goes out before what the call brought is closed.
        stack.wait_until(lambda: open_descriptors() <= before, "what was opened is closed")

    def test_a_pin_without_a_reply_is_refused_unread(self):
        reader, writer = self.pipe()
        os.write(writer, WRONG_PIN["auth"])
        for member, *arguments in (("VerifyPin",), ("Sign", "rsa-pkcs1-sha256", bytes(32))):
            message = self.auth.message(member, *arguments, pin=reader)
            message.set_no_reply(True)
            with self.no_try_spent():
                self.client.connection.send_message(message)
                self.client.objects()
        self.assertEqual(WRONG_PIN["auth"], os.read(reader, 10))


class Crowds(client.TestCase):
    def test_of_300_calls_at_once_of_one_program_16_run_and_the_others_are_told(self):
        auth, other = self.client.applet("auth"), self.new_client()
        self.slow(10)
        calls = [auth.start("GetTries") for _ in range(300)]
        self.assertEqual(pki("auth-ca.der"), other.applet("auth").call("GetIssuerCertificate"))
        served = 0
        for call in calls:
            try:
                self.assertEqual(3, call.result())
                served += 1
            except client.Refused as refusal:
                self.assertEqual("org.freedesktop.DBus.Error.LimitsExceeded", refusal.name)
        self.assertGreaterEqual(served, OPEN_CALLS_OF_ONE_CALLER)
        self.assertLess(served, 100)
        self.assertEqual(3, auth.call("GetTries"))

    def test_exactly_16_calls_of_one_program_are_open(self):
        auth = self.client.applet("auth")
        self.slow(100)
        self.wait_for_apdu(SELECT, lambda: auth.start("GetTries"))
        calls = [auth.start("GetTries") for _ in range(OPEN_CALLS_OF_ONE_CALLER)]
        results = []
        for call in calls:
            try:
                results.append(call.result())
            except client.Refused as refusal:
                results.append(refusal.name)
        self.assertEqual(["org.freedesktop.DBus.Error.LimitsExceeded"],
                         [result for result in results if result != 3])

    def test_all_callers_together_have_128_open_calls(self):
        hog = agent.Agent()
        self.addCleanup(hog.close)
        hog.register()
        programs = [self.new_client() for _ in range(OPEN_CALLS // OPEN_CALLS_OF_ONE_CALLER)]
        calls = []
        for one in programs:
            for _ in range(OPEN_CALLS_OF_ONE_CALLER):
                calls.append(one.applet("auth").start("VerifyPin", interactive=True))
        stack.wait_until(lambda: len(hog.questions) == OPEN_CALLS, "all of them wait for the agent")
        with self.refused("org.freedesktop.DBus.Error.LimitsExceeded"):
            self.client.applet("auth").call("GetTries")
        hog.close()
        for call in calls:
            with self.refused("PinRequired"):
                call.result()
        self.client.applet("auth").call("GetTries")

    def test_many_programs_are_served_at_once(self):
        clients = [self.new_client() for _ in range(20)]
        calls = [(digest := hashlib.sha256(bytes([number])).digest(), one.applet("auth").start_sign(digest))
                 for number, one in enumerate(clients)]
        for digest, call in calls:
            self.assertTrue(verifies(pki("auth.der"), call.result(), digest, "digest:sha256"))


class Leavers(client.TestCase):
    """A caller that goes takes along what has not begun; what has begun ends by itself."""

    def setUp(self):
        super().setUp()
        self.caller = self.new_client()
        self.auth = self.caller.applet("auth")

    def leave(self, caller):
        """…and until the daemon knows."""
        caller.objects()
        name = caller.connection.get_unique_name()
        caller.close()
        stack.wait_until(lambda: not self.client.connection.name_has_owner(name), "the caller is gone")
        self.client.objects()

    def test_before_its_pin_has_come(self):
        reader, writer = os.pipe()
        with self.no_try_spent():
            self.auth.start("VerifyPin", pin=reader)
            self.leave(self.caller)
            os.write(writer, PIN["auth"])
            os.close(writer)
            os.close(reader)
            self.client.applet("auth").call("GetTries")

    def test_while_its_call_waits_for_its_turn(self):
        self.slow(50)
        with self.sent() as apdus:
            running = self.wait_for_apdu(SELECT, self.client.applet("auth").start_sign)
            for _ in range(3):
                self.auth.start_sign()
            self.leave(self.caller)
            running.result()
            self.client.applet("auth").call("GetTries")
        self.assertEqual(1, len(pins_in(apdus)))

    def test_while_the_card_works_for_it(self):
        self.slow(50)
        for ins in (SELECT, VERIFY, SIGN):
            with self.subTest(ins), self.sent() as apdus:
                caller = client.Client()
                self.wait_for_apdu(ins, caller.applet("auth").start_sign)
                self.leave(caller)
                self.client.applet("auth").call("GetTries")
            self.assertEqual(1, len(pins_in(apdus)))
            self.assertEqual("auth no sign no", self.stack.card().control("verified"))


class Gone(client.TestCase):
    def test_the_object_of_a_card_that_is_out_is_unknown(self):
        auth = self.client.applet("auth")
        self.pull()
        self.assertRaises(client.Refused, auth.call, "GetCertificate")
        with self.refused("org.freedesktop.DBus.Error.UnknownObject"):
            auth.call("VerifyPin", pin=PIN["auth"])
        self.insert()
        with self.refused("org.freedesktop.DBus.Error.UnknownObject"), self.no_try_spent():
            auth.call("VerifyPin", pin=PIN["auth"])

    def test_a_pin_that_was_on_its_way_does_not_reach_the_next_card(self):
        auth = self.client.applet("auth")
        reader, writer = os.pipe()
        call = auth.start("VerifyPin", pin=reader)
        self.pull()
        self.insert()
        with self.no_try_spent():
            os.write(writer, PIN["auth"])
            os.close(writer)
            with self.refused("CardRemoved", "InvalidInput"):
                call.result()
        os.close(reader)

    def test_calls_that_wait_are_told_when_the_card_goes(self):
        auth = self.client.applet("auth")
        self.slow(100)
        calls = [self.wait_for_apdu(SELECT, auth.start_sign)] + [auth.start_sign() for _ in range(3)]
        self.client.objects()
        self.pull()
        for call in calls:
            with self.refused("CardRemoved", "ReaderError", "OutcomeUnknown"):
                call.result()
        self.stack.card().control("delay 0")
        self.insert()
        self.client.applet("auth").sign()


class Pulls(client.TestCase):
    """The card goes in the middle of an operation."""

    def setUp(self):
        super().setUp()
        self.put_card()

    def lose(self, fault, errors, call, spent=0):
        """A call of the auth applet that the fault hits; then the same card again, and it works."""
        card = self.stack.card()
        with self.subTest(fault):
            with self.going_out():
                card.control(fault)
                with self.refused(*errors):
                    call(self.client.applet("auth"))
            self.assertEqual((3 - spent, 5), (card.tries()["auth"], card.tries()["sign"]))
            if "pull" in fault:
                card.control("insert")
            self.client.wait_for_card()
            self.assertTrue(verifies(pki("sign.der"), self.client.applet("sign").sign(), bytes(32), "digest:sha256"))
            self.client.applet("auth").call("VerifyPin", pin=PIN["auth"])
            self.wait_for_quiet()

    def sign(self, auth):
        auth.sign()

    def verify_wrong(self, auth):
        auth.call("VerifyPin", pin=WRONG_PIN["auth"])

    def test_at_each_command_that_costs_nothing(self):
        for when in ("at", "after"):
            for what in ("A4 pull", "20 pull", "2A pull", "B0 pull", "B0 pull skip 1"):
                self.lose(f"{when} {what}", ("CardRemoved", "ReaderError"), self.sign)
            self.lose(f"{when} B0 pull skip 1", ("CardRemoved", "ReaderError"),
                      lambda auth: auth.call("GetCertificate"))

    def test_before_the_pin_has_arrived(self):
        self.lose("at 20 pull skip 1", ("OutcomeUnknown",), self.verify_wrong)

    def test_after_a_wrong_pin_has_been_counted(self):
        self.lose("after 20 pull skip 1", ("OutcomeUnknown",), self.verify_wrong, spent=1)

    def test_after_a_right_pin(self):
        self.lose("after 20 pull skip 1", ("OutcomeUnknown",), self.sign)

    def test_while_the_card_is_being_closed(self):
        with self.going_out():
            self.stack.card().control("at A4 pull skip 1")
            self.client.applet("auth").sign()
        self.insert()
        self.client.applet("auth").sign()

    def test_a_short_loss_of_contact(self):
        lost = ("CardRemoved", "ReaderError", "OutcomeUnknown")
        for what in ("A4 power-loss", "20 power-loss", "20 power-loss skip 1", "2A power-loss"):
            self.lose(f"at {what}", lost, self.sign)


class HostileCards(client.TestCase):
    def put_certificate(self, content, *options):
        path = os.path.join(stack.WORK, "certificate")
        with open(path, "wb") as file:
            file.write(content)
        self.put_card(0, f"--certificate=000A={path}", f"--certificate=0001={path}", *options)

    def test_what_is_no_certificate_is_unreadable_or_not_there(self):
        real = pki("auth.der")
        for name, content, error in (
                ("text", b"this is not a certificate" * 100, "CertificateUnreadable"),
                ("noughts", bytes(2000), "CertificateUnreadable"),
                ("erased", b"\xFF" * 2000, "NoCertificate"),
                ("empty", b"", "NoCertificate"),
                ("one byte", b"\x30", "CertificateUnreadable"),
                ("cut off", real[:len(real) // 2], "CertificateUnreadable"),
                ("longer than the file", b"\x30\x82\x40\x00" + bytes(500), "CertificateUnreadable"),
                ("of 4 GB", b"\x30\x84\xFF\xFF\xFF\xFF" + bytes(500), "CertificateUnreadable"),
                ("of no definite length", b"\x30\x80" + bytes(500), "CertificateUnreadable"),
                ("another tag", b"\x31" + real[1:], "CertificateUnreadable")):
            with self.subTest(name):
                self.put_certificate(content)
                auth, sign = self.client.applet("auth"), self.client.applet("sign")
                for member in ("GetCertificate", "Describe"):
                    with self.refused(error):
                        auth.call(member)
                    with self.refused(error):
                        sign.call(member, pin=PIN["sign"])
                with self.refused(error):
                    auth.sign()
                self.assertEqual(3, auth.call("GetTries"))

    def test_a_sequence_that_is_no_certificate_is_not_handed_out_nor_signed_with(self):
        for content in (b"\x30\x03\x02\x01\x05" + bytes(300), b"\x30\x00" + bytes(300),
                        b"\x30\x82\x01\x00" + os.urandom(256)):
            with self.subTest(content[:8].hex()):
                self.put_certificate(content)
                auth = self.client.applet("auth")
                for member in ("GetCertificate", "GetCertificate", "Describe"):
                    with self.refused("CertificateUnreadable"):
                        auth.call(member)
                with self.refused("CertificateUnreadable"):
                    auth.sign()

    def test_a_damaged_certificate_never_hurts_the_daemon(self):
        real = bytearray(pki("sign.der"))
        for position in range(4, len(real), len(real) // 8):
            damaged = bytearray(real)
            damaged[position] ^= 0x7F
            self.put_certificate(damaged)
            for kind in PIN:
                for member in ("GetCertificate", "Describe"):
                    try:
                        self.client.applet(kind).call(member, **{"pin": PIN[kind]})
                    except client.Refused as refusal:
                        self.assertEqual("CertificateUnreadable", refusal.name)

    def test_a_faulty_signature_is_never_released(self):
        for option in ("--corrupt-signature", "--wrong-key"):
            self.put_card(0, option)
            for kind in PIN:
                applet = self.client.applet(kind)
                for scheme in ("rsa-pkcs1", "rsa-pkcs1-sha256", "rsa-pss-sha256"):
                    with self.subTest(option, scheme=scheme), self.refused("BadSignature"):
                        applet.call("Sign", scheme, bytes(32), pin=PIN[kind])
                with self.subTest(option), self.refused("BadSignature"):
                    applet.call("SignMany", "rsa-pkcs1-sha256", [bytes(32)] * 2, pin=PIN[kind])
                applet.call("VerifyPin", pin=PIN[kind])

    def test_a_strange_status_word_is_told_with_its_instruction(self):
        for ins, skip, call in ((SIGN, 0, lambda auth: auth.sign()), (READ_BINARY, 1, lambda auth: auth.sign()),
                                (VERIFY, 0, lambda auth: auth.call("GetTries"))):
            self.put_card()
            self.stack.card().control(f"at {ins:02X} sw 6581 skip {skip}")
            with self.subTest(ins), self.refused("CardError") as caught:
                call(self.client.applet("auth"))
            self.assertIn(f"{ins:02X}", caught.exception.body[0])
            self.assertIn("6581", caught.exception.body[0])


class Hangs(journal.Mixin, client.TestCase):
    READERS = 6

    def test_a_card_that_never_answers_puts_only_its_own_reader_out_of_service(self):
        cases = {0: (f"at {SELECT:02X} hang", ("ReaderError",)), 1: (f"at {READ_BINARY:02X} hang", ("ReaderError",)),
                 2: (f"at {VERIFY:02X} hang skip 1", ("OutcomeUnknown",)), 3: (f"at {SIGN:02X} hang", ("ReaderError",)),
                 4: (f"at {SELECT:02X} hang skip 1", None)}       # the card is closed after the reply
        for number, (fault, _) in cases.items():
            self.stack.card(number).control(fault)
        started, calls = time.monotonic(), {}

        def start(number):
            calls[number] = self.client.applet("auth", number).start_sign()
        # One after the other: these cards have one certificate, and so one ledger, to which they are one card.
        start(0)
        start(1)
        start(4)
        calls[4].result()
        self.wait_for_apdu(VERIFY, lambda: start(3), number=3)
        stack.wait_until(lambda: not os.listdir(stack.STATE_DIRECTORY), "its PIN is settled")
        start(2)
        stack.wait_until(lambda: os.listdir(stack.STATE_DIRECTORY), "its PIN is on its way")
        stack.clear_state()
        waiting = self.client.applet("auth", 0).start("GetTries", timeout=90000)
        in_time = self.client.applet("auth", 0).start("GetTries", timeout=500)
        with self.refused("Timeout"):
            in_time.result()
        self.client.applet("auth", 5).sign()

        for number in (0, 1, 2, 3):
            with self.subTest(cases[number][0]), self.refused(*cases[number][1]):
                calls[number].result()
        self.assertAlmostEqual(60, time.monotonic() - started, delta=5)
        with self.refused("ReaderError"):
            waiting.result()
        for number in cases:
            self.client.wait_for_state("unavailable", number)
            self.assertIsNone(self.client.card(number))
        self.client.applet("auth", 5).sign()
        self.assertEqual(3, self.stack.card(2).tries()["auth"])
        told = "\n".join(entry["MESSAGE"] for entry in self.entries())
        self.assertEqual([f"Virtual Reader {number} 00 00" for number in cases],
                         sorted(entry["JPKID_READER"] for entry in self.entries(MESSAGE_ID=IDS["CARD_STUCK"])))
        for number in cases:
            with self.subTest("the log", reader=number):
                self.assertIn(f"Virtual Reader {number} 00 00: the card has not answered for 60 s", told)
                self.assertEqual(number in (2, 3), f"Virtual Reader {number} 00 00: the card has not answered, so "
                                 "what became of the auth PIN is not known (Sign by user 0, " in told)

        for number in cases:
            self.pull(number)
            self.stack.card(number).control("resume")
            self.insert(number)
            with self.subTest(recovered=number):
                self.client.applet("auth", number).sign()


if __name__ == "__main__":
    unittest.main()
