#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private system bus, pcscd, virtual cards and jpkid, for use inside tests/sandbox only.

    with Stack(readers=2) as stack:             # everything runs: a card in each reader
        stack.card(0).control("pull")
        stack.jpkictl("status")
    with Stack(start=["bus"]) as stack:         # only the bus; the rest on request
        stack.start_daemon("--hold=shared")

As a command: stack.py [--readers N] [--card-option OPTION]... [--hold MODE] -- COMMAND [ARGUMENT...]
"""
import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types
import typing
from unittest import mock

import dbus

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("JPKID_BUILDDIR", TOP))
WORK = os.environ.get("JPKID_SANDBOX")
VPCD = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
STATE_DIRECTORY = "/var/lib/jpkid"
FIRST_PORT = 35963
PATIENCE = 30       # seconds that a busy machine may need for what usually takes milliseconds

BUS_CONFIG = """<busconfig>
  <type>system</type>
  <listen>unix:path=/run/dbus/system_bus_socket</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <policy user="root">
    <allow own="org.freedesktop.PolicyKit1"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
  <policy context="default">
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  <include>{top}/dbus/org.jpkid1.conf</include>
</busconfig>
"""


class CardError(Exception):
    """The virtual card refused a control command."""


def wait_until(is_so, what, patience=PATIENCE):
    deadline = time.monotonic() + patience
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not so after {patience} s")
        time.sleep(0.01)


def connects(path):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(path) == 0


def listens(port):
    with open("/proc/net/tcp") as table:
        return any(f":{port:04X} 00000000:0000 0A" in line for line in table)


def pipe_with(content):
    """The read end of a pipe that holds these bytes and then ends; the caller closes it."""
    reader, writer = os.pipe()
    os.write(writer, content)
    os.close(writer)
    return reader


def run_with_secrets(words, env=None, **secrets):
    """Runs jpkictl, or what runs it: secrets (bytes) go by descriptor, named by last options. Text comes back."""
    descriptors = {name: pipe_with(secret) for name, secret in secrets.items() if secret is not None}
    options = [f"--{name.replace('_', '-')}-fd={descriptor}" for name, descriptor in descriptors.items()]
    try:
        return subprocess.run([*words, *options], pass_fds=descriptors.values(), stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, start_new_session=True,
                              env={**os.environ, **(env or {})})
    finally:
        for descriptor in descriptors.values():
            os.close(descriptor)


def program(name):
    """A copy of a built program, because the user who runs it need not be able to enter the build directory."""
    copy = os.path.join(WORK, "bin", name)
    if not os.path.exists(copy):
        built = [path for folder in ("daemon", "client/jpkictl", "client/jpkid-agent", "tests/card", "tests/bench", ".")
                 if os.path.isfile(path := os.path.join(BUILD, folder, name))]
        if not built:
            raise FileNotFoundError(f"{name} is not built in {BUILD}; set JPKID_BUILDDIR")
        os.makedirs(os.path.dirname(copy), exist_ok=True)
        shutil.copy2(built[0], copy)
        if name in ("jpkictl", "jpkid-agent"):
            install_messages()
    return copy


def install_messages():
    """Where a build without --prefix looks for them; the sandbox has a directory of its own there."""
    folder = "/usr/local/share/locale/ja/LC_MESSAGES"
    os.makedirs(folder, exist_ok=True)
    shutil.copy2(os.path.join(BUILD, "po/ja/jpkid.mo"), folder)


def as_user(name, words):
    return words if name == "root" else ["setpriv", f"--reuid={name}", f"--regid={name}", "--init-groups", *words]


@contextlib.contextmanager
def hanging_bus():
    """Something takes connections there, and never answers. The environment that names it."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("\0jpkid-hanging-bus")
        server.listen()
        yield {"DBUS_SYSTEM_BUS_ADDRESS": "unix:abstract=jpkid-hanging-bus"}


def bus_policy(path):
    """In this context a bus that starts has another service's policy too."""
    config = BUS_CONFIG.replace("<include>", f"<include>{path}</include>\n  <include>", 1)
    return mock.patch.object(sys.modules[__name__], "BUS_CONFIG", config)


def library(name, source, *flags):
    """Builds a shared library from a file of this folder; answers its path."""
    path = os.path.join(WORK, f"{name}.so")
    if not os.path.exists(path):
        subprocess.check_call(["cc", "-D_GNU_SOURCE", "-O2", "-shared", "-fPIC", *flags, "-o", path,
                               os.path.join(TOP, "tests/integration", source)])
    return path


def pcsc_flags():
    return subprocess.check_output(["pkg-config", "--cflags", "libpcsclite"], text=True).split()


def one_slot_driver(number):
    """Builds reader.c for the reader of this number; answers the path of its driver."""
    vpcd = os.path.join(WORK, f"libifdvpcd-{number}.so")
    if not os.path.exists(vpcd):
        shutil.copy(VPCD, vpcd)
    return library(f"reader-{number}", "reader.c", *pcsc_flags(), f'-DLIBIFDVPCD="{vpcd}"')


def reset_code_option(code):
    """The virtual card's, for a card with this reset code."""
    path = os.path.join(WORK, "reset-code")
    with open(path, "wb") as file:
        file.write(code)
    return f"--reset-code-file={path}"


def clear_state():
    """The daemon remembers nothing."""
    for left_over in os.scandir(STATE_DIRECTORY):
        (shutil.rmtree if left_over.is_dir() else os.unlink)(left_over.path)


def config_directories():
    """Where the built daemon looks for its configuration: the administrator's directory, and the system's."""
    with open(os.path.join(BUILD, "Makefile")) as makefile:
        values = dict(re.findall(r"^(prefix|sysconfdir) = (.*)$", makefile.read(), re.MULTILINE))
    return values["sysconfdir"].replace("${prefix}", values["prefix"]), values["prefix"] + "/lib"


class Config:
    """The daemon's configuration, in files that only this sandbox has."""

    def __init__(self):
        self.etc, self.lib = config_directories()
        with open("/proc/self/mounts") as table:
            mounts = table.read()
        self.is_own = all(f"jpkid-sandbox {directory} overlay" in mounts for directory in (self.etc, self.lib))

    def clear(self):
        for directory in (self.etc, self.lib) if self.is_own else ():
            shutil.rmtree(os.path.join(directory, "jpkid.conf.d"), ignore_errors=True)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(directory, "jpkid.conf"))

    def path(self, drop_in=None, directory=None):
        """Of the main file, or of a drop-in, whose directory is made."""
        if not self.is_own:
            raise RuntimeError(f"tests/sandbox does not know {self.etc} and {self.lib}; configure with another --prefix")
        if drop_in is None:
            return os.path.join(directory or self.etc, "jpkid.conf")
        os.makedirs(os.path.join(directory or self.etc, "jpkid.conf.d"), exist_ok=True)
        return os.path.join(directory or self.etc, "jpkid.conf.d", drop_in)

    def write(self, text, drop_in=None, directory=None):
        with open(self.path(drop_in, directory), "w") as file:
            file.write(text)


class Process:
    """A program under test, with its output in a log file."""

    def __init__(self, name, argv, **options):
        self.name = name
        self.log = os.path.join(os.environ.get("JPKID_LOGS", WORK), f"{name}.log")
        with open(self.log, "ab") as log:
            self.log_start = log.tell()     # behind what others of this name have said
            self.popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          start_new_session=True, **options)
        self.pid = self.popen.pid
        self.was_killed = False

    def is_running(self):
        return self.popen.poll() is None

    def wait_until(self, is_so, what):
        """Like the function, but a program that ends will never be ready."""
        def is_so_or_dead():
            if not self.is_running():
                raise RuntimeError(f"{self.name} ended with {self.popen.returncode}:\n{self.log_text()}")
            return is_so()
        wait_until(is_so_or_dead, f"{self.name}: {what}")

    def log_text(self):
        """What it has said itself."""
        with open(self.log, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def signal(self, number):
        self.popen.send_signal(number)

    def kill(self):
        """As if it had crashed."""
        self.popen.kill()
        self.popen.wait()
        self.was_killed = True

    def stop(self):
        """Ends it kindly. That it ended badly, now or before, is an error (so is what a sanitizer reports)."""
        if self.is_running():
            self.popen.send_signal(signal.SIGCONT)
            self.popen.terminate()
        try:
            status = self.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        if status not in (0, -signal.SIGTERM) and not self.was_killed:
            raise RuntimeError(f"{self.name} ended with {status}:\n{self.log_text()}")


class Record(typing.NamedTuple):
    """A line of the card's record (tests/card/record.h); what an event does not have is None."""
    time: int                   # µs
    event: str                  # power-on, power-off, reset, insert, pull or apdu
    header: bytes = None
    lc: str = None
    le: str = None
    sw: str = None
    length: str = None
    body: str = None

    @classmethod
    def parse(cls, line):
        time, event, *rest = line.split()
        return cls(int(time), event, *(bytes.fromhex(rest[0]), *rest[1:]) if rest else ())


class Card(Process):
    """A virtual card (tests/card) in the reader of this number. What it keeps outlives it, as a card's memory does."""

    def __init__(self, number, folder, options):
        self.files = {what: os.path.join(folder, f"card-{number}.{what}") for what in ("state", "record", "control")}
        arguments = {"port": FIRST_PORT + number, "pki": os.environ.get("JPKID_PKI", os.path.join(WORK, "pki")),
                     **self.files}
        super().__init__(f"card-{number}", [
            program("virtual-card"), *(f"--{name}={value}" for name, value in arguments.items()), *options])
        self.wait_until(lambda: connects(self.files["control"]), "answers control commands")

    def control(self, command):
        """Sends a line (tests/card/control.h); answers the card's, or raises CardError."""
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(self.files["control"])
            client.sendall(command.encode() + b"\n")
            answer = client.makefile().readline().strip()
        if answer.startswith("error") or not answer:
            raise CardError(f"{command}: {answer}")
        return answer

    def tries(self):
        """Such as {"auth": 3, "sign": 5, "reset": 0}."""
        words = self.control("tries").split()
        return dict(zip(words[::2], map(int, words[1::2])))

    def pins(self):
        """Such as {"auth": b"1234", "sign": b"ABC123"}."""
        with open(self.files["state"], "rb") as state:
            return {kind.decode(): pin[0] for kind, _, *pin in map(bytes.split, state) if pin}

    def recorded(self):
        """How far the record has come: where to read it from later."""
        return len(self._whole_lines())

    def record(self, start=0):
        return [Record.parse(line.decode()) for line in self._whole_lines(start).splitlines()]

    def _whole_lines(self, start=0):
        """What is being written may be there by half."""
        with open(self.files["record"], "rb") as record:
            record.seek(start)
            lines = record.read()
        return lines[:lines.rfind(b"\n") + 1]

    def wait_for_power(self):
        """Until pcscd has seen it."""
        wait_until(lambda: any(line.event == "power-on" for line in self.record()), "pcscd has seen the card")

    def apdus(self, ins=None, start=0):
        return [line for line in self.record(start) if line.event == "apdu" and ins in (None, line.header[1])]


class Daemon(Process):
    """jpkid as its unit runs it: its own user, Type=notify, a state and a runtime directory."""

    def __init__(self, options, own_environment):
        self.notifications = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("")        # a name of the kernel's choice in this network namespace
        threading.Thread(target=self._listen, daemon=True).start()
        environment = {**os.environ, "NOTIFY_SOCKET": "@" + self.socket.getsockname()[1:].decode(),
                       "STATE_DIRECTORY": STATE_DIRECTORY, "RUNTIME_DIRECTORY": "/run/jpkid"}
        own = [f"{name}={value}" for name, value in own_environment.items()]
        super().__init__("jpkid", as_user("jpkid", ["env", *own, program("jpkid"), *options]), env=environment)
        self.wait_until(lambda: "READY=1" in self.notifications, "says READY=1")

    def _listen(self):
        with self.socket:
            while told := self.socket.recv(4096):
                self.notifications += told.decode().splitlines()

    def kill(self):
        super().kill()
        self._hang_up()

    def stop(self):
        try:
            super().stop()
        finally:
            self._hang_up()

    def _hang_up(self):
        with contextlib.suppress(OSError):      # it has been done
            self.socket.shutdown(socket.SHUT_RDWR)

    def reload(self):
        """As systemd does it; answers what the daemon said meanwhile in its log."""
        readies, said = self.notifications.count("READY=1"), len(self.log_text())
        self.signal(signal.SIGHUP)
        self.wait_until(lambda: self.notifications.count("READY=1") > readies, "has reloaded")
        return self.log_text()[said:]

    def status_lines(self):
        return [line.removeprefix("STATUS=") for line in self.notifications if line.startswith("STATUS=")]


class Stack:
    """Starts the parts that are asked for; stops all that run at the end."""

    pipe_with = staticmethod(pipe_with)

    def __init__(self, readers=1, card_options=(), daemon_options=(), start=("bus", "pcscd", "daemon", "cards"),
                 daemon_environment=types.MappingProxyType({}), config=""):
        if WORK is None:
            raise RuntimeError("this must run inside tests/sandbox")
        self.readers, self.card_options, self.daemon_options = readers, card_options, daemon_options
        self.parts_to_start, self.daemon_environment = start, daemon_environment
        self.config, self.config_at_start = Config(), config
        self.folder = tempfile.mkdtemp(prefix="stack-", dir=WORK)
        self.bus = self.pcscd = self.daemon = None
        self.cards = {}

    def __enter__(self):
        clear_state()
        self.config.clear()
        if self.config_at_start:
            self.config.write(self.config_at_start)
        with contextlib.ExitStack() as cleanup:
            cleanup.callback(self.stop)
            for part in self.parts_to_start:
                getattr(self, f"start_{part}")()
            cleanup.pop_all()
        return self

    def __exit__(self, *exception):
        self.stop()

    def stop(self):
        with contextlib.ExitStack() as parts:       # stops the others too when one of them ended badly
            for part in (self.bus, self.pcscd, *self.cards.values(), self.daemon):
                if part is not None:
                    parts.callback(part.stop)
        self.bus = self.pcscd = self.daemon = None
        self.cards = {}

    def start_bus(self):
        config = os.path.join(WORK, "bus.conf")
        with open(config, "w") as file:
            file.write(BUS_CONFIG.format(top=TOP))
        self.bus = Process("bus", ["dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile"])
        self.bus.wait_until(lambda: connects("/run/dbus/system_bus_socket"), "listens")

    def start_pcscd(self):
        ports = range(FIRST_PORT, FIRST_PORT + self.readers)
        config = os.path.join(WORK, "readers")
        os.makedirs(config, exist_ok=True)
        with open(os.path.join(config, "virtual"), "w") as file:
            for number, port in enumerate(ports):
                file.write(f"FRIENDLYNAME \"Virtual Reader {number}\"\nDEVICENAME /dev/null:0x{port:X}\n"
                           f"LIBPATH {one_slot_driver(number)}\nCHANNELID 0x{port:X}\n")
        for stale in ("pcscd.pid", "pcscd.comm"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join("/run/pcscd", stale))
        self.pcscd = Process("pcscd", ["/usr/sbin/pcscd", "--foreground", "--info", "--config", config])
        self.pcscd.wait_until(lambda: connects("/run/pcscd/pcscd.comm") and all(map(listens, ports)), "serves")

    def start_cards(self):
        for number in range(self.readers):
            self.start_card(number)

    def start_card(self, number, *options):
        self.cards[number] = Card(number, self.folder, [*self.card_options, *options])
        return self.cards[number]

    def card(self, number=0):
        return self.cards[number]

    def start_daemon(self, *options):
        self.daemon = Daemon([*self.daemon_options, *options], self.daemon_environment)
        return self.daemon

    def objects(self):
        """What jpkid shows on the bus now: {path: {interface: {property: value}}}."""
        bus = dbus.SystemBus(private=True)
        try:
            return bus.call_blocking("org.jpkid1", "/org/jpkid1", "org.freedesktop.DBus.ObjectManager",
                                     "GetManagedObjects", "", ())
        finally:
            bus.close()

    def wait_for_cards(self):
        """Until jpkid has seen what is in each reader."""
        def are_seen():
            states = [shown["org.jpkid1.Reader"]["State"] for shown in self.objects().values()
                      if "org.jpkid1.Reader" in shown]
            return len(states) == self.readers and not {"empty", "busy"} & set(states)
        wait_until(are_seen, "a card in each reader")

    def jpkictl(self, *arguments, user="root", env=None, **secrets):
        """Runs jpkictl; secrets (pin, new_pin, reset_code: bytes) go by descriptor. A CompletedProcess with text."""
        return run_with_secrets(as_user(user, [program("jpkictl"), *arguments]), env, **secrets)


def main():
    parser = argparse.ArgumentParser(description="Runs COMMAND with everything running.")
    parser.add_argument("--readers", type=int, default=1, metavar="N")
    parser.add_argument("--card-option", action="append", default=[], metavar="OPTION")
    parser.add_argument("--hold", choices=["exclusive", "shared"])
    parser.add_argument("command", nargs="+", metavar="COMMAND")
    wanted = parser.parse_args()
    hold = [f"--hold={wanted.hold}"] if wanted.hold else []
    with Stack(wanted.readers, wanted.card_option, hold) as stack:
        stack.wait_for_cards()
        path = os.path.dirname(program("jpkictl")) + os.pathsep + os.environ["PATH"]
        signal.signal(signal.SIGINT, lambda *_: None)       # Ctrl-C is for COMMAND
        sys.exit(subprocess.call(wanted.command, env={**os.environ, "PATH": path}))


if __name__ == "__main__":
    main()
