# SPDX-License-Identifier: LGPL-2.1-or-later
"""Plays libifdvpcd: a reader with a virtual card in it, and the commands that a JPKI card knows."""
import os
import socket
import struct
import subprocess

PROGRAM = os.environ.get("VIRTUAL_CARD") or os.path.join(
    os.environ.get("builddir", "."), "tests/card/virtual-card")
PATIENCE = 20  # seconds until something that must happen counts as missing

JPKI_AID = "D392F000260100000001"
AUTH_PIN_EF, AUTH_KEY_EF, SIGN_PIN_EF, SIGN_KEY_EF = "0018", "0017", "001B", "001A"
POWER_OFF, POWER_ON, RESET, GET_ATR = 0, 1, 2, 4


class CardGone(Exception):
    """The card has closed the connection."""


class Reader:
    """A card in a reader: one virtual-card process and the connection that it made."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.control_path = folder / "control"
        self.record_path = folder / "record"
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(PATIENCE)
        self.connection = None
        self.control = None
        self.process = subprocess.Popen([
            PROGRAM, "--port", str(self.server.getsockname()[1]), "--pki", folder.parent / "pki",
            "--state", folder / "state", "--record", self.record_path,
            "--control", self.control_path, *options])
        try:
            self.accept()
            self.power_on()
        except BaseException:
            self.close()
            raise

    def accept(self):
        if self.connection:
            self.connection.close()
        self.connection = self.server.accept()[0]
        self.connection.settimeout(PATIENCE)

    def close(self):
        """Ends the card, kindly first. What it returned."""
        self.process.terminate()
        try:
            code = self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            for each in (self.control, self.connection, self.server):
                if each:
                    each.close()
        return code

    def send(self, body):
        try:
            # Length and body apart, as libifdvpcd does it.
            self.connection.sendall(struct.pack(">H", len(body)))
            self.connection.sendall(body)
        except ConnectionError as error:
            raise CardGone from error

    def receive_bytes(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.connection.recv(count - len(data))
            except ConnectionError as error:
                raise CardGone from error
            if not more:
                raise CardGone
            data += more
        return data

    def receive(self):
        return self.receive_bytes(struct.unpack(">H", self.receive_bytes(2))[0])

    def atr(self):
        self.send(bytes([GET_ATR]))
        return self.receive()

    def power_on(self):
        self.send(bytes([POWER_ON]))

    def power_off(self):
        self.send(bytes([POWER_OFF]))

    def reset(self):
        self.send(bytes([RESET]))

    def answer(self, command):
        """Data and status word of a command in hexadecimal."""
        self.send(bytes.fromhex(command))
        body = self.receive()
        return body[:-2], body[-2:].hex().upper()

    def sw(self, command):
        return self.answer(command)[1]

    def answers_within(self, seconds):
        self.connection.settimeout(seconds)
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK))
        except TimeoutError:
            return False
        finally:
            self.connection.settimeout(PATIENCE)

    def ask(self, line):
        """One line of control, and the card's line on it."""
        if not self.control:
            self.control = socket.socket(socket.AF_UNIX)
            self.control.settimeout(PATIENCE)
            self.control.connect(str(self.control_path))
        self.control.sendall(line.encode() + b"\n")
        reply = b""
        while not reply.endswith(b"\n"):
            reply += self.control.recv(1024)
        return reply.decode().strip()

    def record(self):
        """The lines of the record without their times."""
        return [line.split(" ", 1)[1] for line in self.record_path.read_text().splitlines()]


def command(header, data=b"", le=None):
    body = bytes.fromhex(data) if isinstance(data, str) else data
    tail = bytes([len(body)]) + body if body else b""
    return header + tail.hex() + ("" if le is None else f"{le & 0xff:02X}")


def select_ap(aid=JPKI_AID):
    return command("00A4040C", aid)


def select_ef(ef):
    return command("00A4020C", ef)


def verify(pin, p2="80"):
    return command("002000" + p2, pin.encode())


def change(pin, p2="80"):
    return command("002401" + p2, pin.encode())


def reset_pin(code, pin, p2="80"):
    return command("002C00" + p2, (code + pin).encode())


def sign(data, p1="00", p2="80"):
    return command("802A" + p1 + p2, data, 256)


def read_all(reader, ef):
    """The whole EF in reads of 256 bytes."""
    if reader.sw(select_ef(ef)) != "9000":
        raise AssertionError(f"EF {ef} cannot be selected")
    content = b""
    while True:
        data, sw = reader.answer(f"00B0{len(content):04X}00")
        content += data
        if sw != "9000" or len(data) < 256:
            return content
