# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the D-Bus contract share: a program on the bus, another program on pcscd, and their test case.

    client = Client()                           # or Client("alice")
    auth = client.applet("auth")
    auth.call("Sign", "rsa-pkcs1-sha256", digest, pin=b"1234", timeout=1000)
    waiting = auth.start("VerifyPin", pin=b"1234")
    waiting.result()                            # raises Refused, as call() does
"""
import contextlib
import ctypes
import os
import pwd
import re
import subprocess
import tempfile
import unittest

import dbus
import dbus.lowlevel
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

import stack

NAME = "org.jpkid1"
ROOT = "/org/jpkid1"
APPLET = "org.jpkid1.Applet"
PIN = {"auth": b"1234", "sign": b"ABC123"}
WRONG_PIN = {"auth": b"4321", "sign": b"XYZ987"}
SECRETS = {"pin", "new-pin", "reset-code"}
TRIES_MAX = {"auth": 3, "sign": 5}
CODE_TRIES = 10
SELECT, READ_BINARY, VERIFY, CHANGE, RESET, SIGN = 0xA4, 0xB0, 0x20, 0x24, 0x2C, 0x2A
SELECT_ANOTHER = bytes.fromhex("00A4040C"), "7"
REPLY_PATIENCE = 100        # seconds; a card that never answers is waited for 60


class Key(str):
    """A key that a dictionary can have twice."""
    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


class Refused(Exception):
    """An error reply; `name` is short where it is one of jpkid's own."""

    def __init__(self, reply):
        self.name = reply.get_error_name().removeprefix("org.jpkid1.Error.")
        self.body = reply.get_args_list()
        super().__init__(self.name, *self.body)


class Call:
    def __init__(self, connection, message):
        self.reply = None
        self._pending = connection.send_message_with_reply(message, self._take, REPLY_PATIENCE)
        connection.flush()

    def _take(self, reply):
        self.reply = reply

    def result(self):
        self._pending.block()
        if isinstance(self.reply, dbus.lowlevel.ErrorMessage):
            raise Refused(self.reply)
        arguments = self.reply.get_args_list(byte_arrays=True)
        return arguments[0] if arguments else None


@contextlib.contextmanager
def effective_user(name):
    """Who connects to the bus is whoever it is at that moment."""
    os.seteuid(pwd.getpwnam(name).pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)


class Client:
    """A program on the bus."""

    def __init__(self, user="root"):
        with effective_user(user):
            self.connection = dbus.SystemBus(private=True, mainloop=DBusGMainLoop())
        self.connection.set_exit_on_disconnect(False)

    def close(self):
        self.connection.close()

    def message(self, path, interface, member, signature="", *arguments):
        message = dbus.lowlevel.MethodCallMessage(NAME, path, interface, member)
        message.append(*arguments, signature=signature)
        return message

    def start(self, *call):
        return Call(self.connection, self.message(*call))

    def call(self, *call):
        return self.start(*call).result()

    def objects(self):
        return self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")

    def get(self, path, interface, name):
        return self.call(path, "org.freedesktop.DBus.Properties", "Get", "ss", interface, name)

    def readers(self):
        """The properties of each reader, by its name in the Stack: 0, 1, …"""
        shown = [interfaces["org.jpkid1.Reader"] for interfaces in self.objects().values()
                 if "org.jpkid1.Reader" in interfaces]
        return {int(reader["Name"].split()[2]): reader for reader in shown}

    def card(self, number=0):
        """The path of the card that is in this reader; None: no JPKI card is."""
        path = self.readers().get(number, {}).get("Card", "/")
        return None if path == "/" else str(path)

    def wait_for_card(self, number=0):
        """Answers its path."""
        stack.wait_until(lambda: self.card(number), f"a card object for reader {number}")
        return self.card(number)

    def wait_for_state(self, state, number=0):
        def is_so():
            return self.readers().get(number, {}).get("State") == state
        stack.wait_until(is_so, f"reader {number} {state}")

    def applet(self, kind, number=0):
        return Applet(self, f"{self.card(number)}/{kind}", kind)


class Applet:
    TYPES = {"expected-tries": dbus.UInt32, "timeout": dbus.UInt32, "allow-last-try": dbus.Boolean,
             "reason": dbus.String}
    ARGUMENTS = {"Sign": "say", "SignMany": "saay"}

    def __init__(self, client, path, kind):
        self.client, self.path, self.kind = client, path, kind
        self.pin = PIN[kind]

    def message(self, member, *arguments, **options):
        """Secrets are bytes, or a descriptor to hand on as it is."""
        options = {key.replace("_", "-"): value for key, value in options.items() if value is not None}
        options = {key: self.TYPES.get(key, lambda same: same)(value) for key, value in options.items()}
        with contextlib.ExitStack() as cleanup:
            for key in SECRETS & options.keys():
                if isinstance(options[key], bytes):
                    options[key] = stack.pipe_with(options[key])
                    cleanup.callback(os.close, options[key])
                options[key] = dbus.types.UnixFd(options[key])
            return self.raw_message(member, *arguments, dbus.Dictionary(options, signature="sv"))

    def raw_message(self, member, *arguments):
        return self.client.message(self.path, APPLET, member, self.ARGUMENTS.get(member, "") + "a{sv}", *arguments)

    def start(self, member, *arguments, interactive=False, **options):
        message = self.message(member, *arguments, **options)
        message.set_allow_interactive_authorization(interactive)
        return Call(self.client.connection, message)

    def call(self, member, *arguments, **options):
        return self.start(member, *arguments, **options).result()

    def sign(self, digest=bytes(32), **options):
        return self.call("Sign", "rsa-pkcs1-sha256", digest, **{"pin": self.pin, **options})

    def start_sign(self, digest=bytes(32), **options):
        return self.start("Sign", "rsa-pkcs1-sha256", digest, **{"pin": self.pin, **options})

    def get(self, name):
        return self.client.get(self.path, APPLET, name)


class Signals:
    """What a client hears from jpkid while this is open: (path, interface, member, arguments), in order."""

    def __init__(self, client):
        self.heard = []
        self._match = client.connection.add_signal_receiver(
            self._hear, path_keyword="path", interface_keyword="interface", member_keyword="member",
            bus_name=NAME)

    def _hear(self, *arguments, path, interface, member):
        self.heard.append((str(path), str(interface), str(member), arguments))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._match.remove()

    def wait_until(self, is_so, what):
        def is_so_now():
            while GLib.MainContext.default().iteration(False):
                pass
            return is_so()
        stack.wait_until(is_so_now, what)

    def changes(self, path):
        """All that PropertiesChanged told of this object."""
        return [dict(arguments[1]) for where, _, member, arguments in self.heard
                if where == path and member == "PropertiesChanged"]


class PcscError(Exception):
    pass


class OtherProgram:
    """Another program that uses a card through pcscd."""
    SHARED, EXCLUSIVE = 2, 1
    LEAVE, UNPOWER = 0, 2
    SHARING_VIOLATION = 0x8010000B

    class Request(ctypes.Structure):
        _fields_ = [("protocol", ctypes.c_ulong), ("length", ctypes.c_ulong)]

    def __init__(self, mode=SHARED, number=0):
        self.library = ctypes.CDLL("libpcsclite.so.1")
        self.context, self.handle = ctypes.c_long(), ctypes.c_long()
        protocol = ctypes.c_ulong()
        self._do("SCardEstablishContext", ctypes.c_ulong(2), None, None, ctypes.byref(self.context))
        try:
            self._do("SCardConnect", self.context, f"Virtual Reader {number} 00 00".encode(), ctypes.c_ulong(mode),
                     ctypes.c_ulong(3), ctypes.byref(self.handle), ctypes.byref(protocol))
        except PcscError:
            self.library.SCardReleaseContext(self.context)
            raise
        self.protocol = protocol.value

    def _do(self, name, *arguments):
        status = getattr(self.library, name)(*arguments) & 0xFFFFFFFF
        if status:
            raise PcscError(status)

    def begin(self):
        self._do("SCardBeginTransaction", self.handle)

    def end(self):
        self._do("SCardEndTransaction", self.handle, ctypes.c_ulong(self.LEAVE))

    def send(self, command):
        """A command APDU in hexadecimal; answers data and status word likewise."""
        command = bytes.fromhex(command)
        answer, length = ctypes.create_string_buffer(258), ctypes.c_ulong(258)
        self._do("SCardTransmit", self.handle, ctypes.byref(self.Request(self.protocol, ctypes.sizeof(self.Request))),
                 command, ctypes.c_ulong(len(command)), None, answer, ctypes.byref(length))
        return answer.raw[:length.value].hex().upper()

    def close(self, disposition=LEAVE):
        self.library.SCardDisconnect(self.handle, ctypes.c_ulong(disposition))
        self.library.SCardReleaseContext(self.context)


def pki(name):
    """The content of a file of the cards' PKI, such as auth.der."""
    with open(os.path.join(os.environ.get("JPKID_PKI", os.path.join(stack.WORK, "pki")), name), "rb") as file:
        return file.read()


def openssl(*words, **options):
    return subprocess.run(["openssl", *words], capture_output=True, check=True, **options).stdout


def verifies(certificate, signature, content, *options):
    """Whether openssl takes the signature: of a digest where `options` (-pkeyopt) name one, else of padded bytes."""
    with contextlib.ExitStack() as cleanup:
        def file_with(data):
            file = cleanup.enter_context(tempfile.NamedTemporaryFile())
            file.write(data)
            file.flush()
            return file.name
        key = file_with(openssl("x509", "-inform", "DER", "-noout", "-pubkey", input=certificate))
        words = ["-pubin", "-inkey", key, *(word for option in options for word in ("-pkeyopt", option))]
        if not options:
            return content == openssl("pkeyutl", "-verifyrecover", *words, "-in", file_with(signature))
        return subprocess.run(["openssl", "pkeyutl", "-verify", *words, "-in", file_with(content),
                               "-sigfile", file_with(signature)], capture_output=True).returncode == 0


class TestCase(unittest.TestCase):
    """A Stack for all tests of a class, and a client for each test."""
    READERS = 1
    CARD_OPTIONS = ()
    DAEMON_OPTIONS = ()
    DAEMON_ENVIRONMENT = {}
    CONFIG = ""

    @classmethod
    def setUpClass(cls):
        cls.stack = stack.Stack(cls.READERS, cls.CARD_OPTIONS, cls.DAEMON_OPTIONS,
                                daemon_environment=cls.DAEMON_ENVIRONMENT, config=cls.CONFIG)
        cls.stack.__enter__()
        cls.addClassCleanup(cls.stack.stop)
        client = Client()
        cls.addClassCleanup(client.close)
        for number in cls.stack.cards:
            client.wait_for_card(number)

    def setUp(self):
        self.client = self.new_client()
        self.addCleanup(self.check_daemon)
        for number in self.stack.cards:
            if not self.client.card(number):
                self.put_card(number)

    def new_client(self, user="root"):
        client = Client(user)
        self.addCleanup(client.close)
        return client

    def check_daemon(self):
        """It lives, answers and has nothing to complain of; a card that a test has used up is changed for a new one."""
        self.client.objects()
        self.assertIsNone(re.search("Sanitizer|runtime error:", self.stack.daemon.log_text()))
        for number, card in self.stack.cards.items():
            if not card.tries().items() >= TRIES_MAX.items():
                self.forgive(number)

    def forgive(self, number=0):
        """A new card and an empty ledger: what went before does not count against the next caller."""
        stack.clear_state()
        self.put_card(number)

    def put_card(self, number=0, *options, tries=None):
        """Another card in place of the one that is in, when jpkid has found it to be a JPKI card."""
        card = self.change_card(number, *options, tries=tries)
        self.client.wait_for_card(number)
        return card

    @contextlib.contextmanager
    def going_out(self, number=0):
        """In here the card is taken out. pcscd does not see what is shorter than a look (reader.c)."""
        def removals():
            return self.stack.pcscd.log_text().count(f"Card Removed From Virtual Reader {number} ")
        before = removals()
        yield
        stack.wait_until(lambda: removals() > before, "pcscd sees that the card is out")
        self.client.wait_for_state("empty", number)

    def pull(self, number=0):
        with self.going_out(number):
            self.stack.card(number).control("pull")

    def insert(self, number=0):
        """…and waits for its object."""
        self.stack.card(number).control("insert")
        return self.client.wait_for_card(number)

    def change_card(self, number=0, *options, tries=None):
        """Another card in place of the one that is in, whatever jpkid thinks of it."""
        card = self.stack.card(number)
        moves = [line.event for line in card.record() if line.event in ("insert", "pull")]
        with self.going_out(number) if moves[-1:] == ["insert"] else contextlib.nullcontext():
            card.stop()
        with open(card.files["state"], "w") as file:
            tries = {"reset": CODE_TRIES, **TRIES_MAX, **(tries or {})}
            file.write("".join(f"{kind} {tries[kind]} {PIN[kind].decode()}\n" for kind in PIN))
            file.write(f"reset {tries['reset']}\n")
        return self.stack.start_card(number, *options)

    @contextlib.contextmanager
    def refused(self, *names):
        """What is in here is refused with one of these errors."""
        with self.assertRaises(Refused) as caught:
            yield caught
        self.assertIn(caught.exception.name, names, caught.exception)

    def wait_for_apdu(self, ins, call, number=0):
        """Makes the call and waits until the card has run an APDU with this INS, but not to close what was before."""
        card = self.stack.card(number)

        def count():
            return sum(not is_closing(apdu) for apdu in card.apdus(ins))
        before, started = count(), call()
        stack.wait_until(lambda: count() > before, f"INS {ins:02X}")
        return started

    def wait_for_verified(self, call, number=0):
        """Makes the call and waits until the card has found its PIN to be right."""
        self.wait_for_quiet(number)
        started = call()
        stack.wait_until(lambda: "yes" in self.stack.card(number).control("verified"), "the PIN is verified")
        return started

    def slow(self, milliseconds, number=0):
        """From now until the end of the test the card takes as long for each APDU."""
        self.stack.card(number).control(f"delay {milliseconds}")
        self.addCleanup(lambda: self.stack.card(number).control("delay 0"))

    def wait_for_quiet(self, number=0):
        """Until the card has been closed after what was done with it."""
        card = self.stack.card(number)
        stack.wait_until(lambda: is_closed(card.record()) and card.control("verified") == "auth no sign no", "closed")

    @contextlib.contextmanager
    def sent(self, number=0):
        """The APDUs that the card gets in here: a list that is filled at the end."""
        card = self.stack.card(number)
        self.wait_for_quiet(number)
        before, apdus = len(card.apdus()), []
        yield apdus
        self.wait_for_quiet(number)
        apdus += card.apdus()[before:]

    @contextlib.contextmanager
    def no_try_spent(self, number=0):
        """In here the card gets no VERIFY with a PIN in it."""
        before = self.stack.card(number).tries()
        with self.sent(number) as apdus:
            yield
        self.assertEqual([], pins_in(apdus))
        self.assertEqual(before, self.stack.card(number).tries())


def is_closing(apdu):
    return (apdu.header, apdu.lc) == SELECT_ANOTHER


def is_closed(record):
    """Whether another application was selected, or the power went, after the last PIN or code that was right."""
    for line in reversed(record):
        if line.event != "apdu" or is_closing(line):
            return True
        if line.header[1] in (VERIFY, CHANGE, RESET) and line.lc != "-" and line.sw == "9000":
            return False
    return True


def pins_in(apdus):
    return [apdu for apdu in apdus if apdu.header[1] == VERIFY and apdu.lc != "-"]
