# SPDX-License-Identifier: LGPL-2.1-or-later
"""The booted machine as its administrator has it, with jpkid installed and a virtual card in the reader.

For use inside of tests/system/boot only.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import syslog
import tempfile
import time
import unittest

import client
import stack

PACKAGE = "/mnt/jpkid.deb"
NAME, ROOT = "org.jpkid1", "/org/jpkid1"
STATE = pathlib.Path(stack.STATE_DIRECTORY)
USER, OTHER_USER = "alice", "bob"


def run(*words, fails=False, **options):
    """Runs a command; answers what it printed. That it ends badly is an error, or what is expected if it fails."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=4 * stack.PATIENCE, **options)
    if bool(done.returncode) != fails:
        raise AssertionError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def show(unit, *properties):
    """What systemd knows of a unit: one value, or a list of several."""
    shown = dict(line.split("=", 1) for line in run("systemctl", "show", unit).splitlines() if "=" in line)
    values = [shown[name] for name in properties]
    return values[0] if len(values) == 1 else values


def is_active(unit="jpkid"):
    return show(unit, "ActiveState") == "active"


def apt(*words):
    return run("apt-get", "-q", "-y", "--no-install-recommends", *words,
               env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def is_installed():
    return subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", "jpkid"],
                          capture_output=True, text=True).stdout == "installed"


def install():
    if not is_installed():
        apt("install", PACKAGE)


def objects():
    """What jpkid, which this call starts if need be, shows on the bus: {path: {interface: {property: value}}}."""
    answer = json.loads(run("busctl", "--json=short", "call", NAME, ROOT, "org.freedesktop.DBus.ObjectManager",
                            "GetManagedObjects"))
    return {path: {interface: {name: value["data"] for name, value in properties.items()}
                   for interface, properties in interfaces.items()}
            for path, interfaces in answer["data"][0].items()}


def has_card(shown):
    return any("org.jpkid1.Card" in interfaces for interfaces in shown.values())


def wait_for_card():
    stack.wait_until(lambda: has_card(objects()), "the card is shown")


def jpkictl(*arguments, **secrets):
    """As root."""
    return stack.run_with_secrets(["jpkictl", *arguments], **secrets)


def as_user(*words, user=USER, pin=None, session=True):
    """Runs words as a user in an active session on the seat (or in no session) with pin on standard input."""
    properties = [f"User={user}", *(["PAMName=login"] if session else [])]
    seat = ["XDG_SEAT=seat0", "XDG_SESSION_TYPE=wayland", "XDG_SESSION_CLASS=user"] if session else []
    return subprocess.run(
        ["systemd-run", "--quiet", "--wait", "--collect", "--pipe", *(f"--property={line}" for line in properties),
         *(f"--setenv={line}" for line in seat), *(word.replace("$", "$$") for word in words)],
        input=(pin or b"").decode(), capture_output=True, text=True, timeout=stack.PATIENCE)


def journal(since, unit="jpkid", **fields):
    """The unit's entries after a cursor that have these fields, oldest first, as dictionaries.

    Not by matches of journalctl, which with a cursor that does not match passes over the first entry that does.
    """
    run("journalctl", "--sync")
    lines = run("journalctl", "--output=json", "--all", "--quiet", f"--after-cursor={since}").splitlines()
    wanted = {"_SYSTEMD_UNIT": f"{unit}.service", **fields}
    return [entry for entry in map(json.loads, lines) if wanted.items() <= entry.items()]


def cursor():
    """Where the journal ends now."""
    run("journalctl", "--sync")
    return run("journalctl", "--lines=0", "--show-cursor", "--quiet").split("cursor: ")[-1].strip()


@contextlib.contextmanager
def file_with(path, text, changed=()):
    """A file as long as the context lasts; before it and after it, the commands changed are run."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    try:
        for words in changed:
            run(*words)
        yield
    finally:
        path.unlink()
        for words in changed:
            run(*words)


def drop_in(text, unit="jpkid"):
    """The unit with these lines, which hold from its next start."""
    return file_with(f"/run/systemd/system/{unit}.service.d/test.conf", text, [["systemctl", "daemon-reload"]])


class Client(client.Client):
    """A program on the bus that uses the one card that is there."""

    def card(self, number=0):
        return next((path for path, interfaces in self.objects().items() if "org.jpkid1.Card" in interfaces), None)


class TestCase(unittest.TestCase):
    """With the package installed, a card in the reader, and a service that has forgotten every wrong PIN."""
    CARD_OPTIONS = ()

    @classmethod
    def setUpClass(cls):
        install()
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(dir=stack.WORK))
        run("systemctl", "start", "pcscd.socket")
        cls.card = stack.Card(0, folder, cls.CARD_OPTIONS)
        cls.addClassCleanup(cls.card.stop)

    def setUp(self):
        run("systemctl", "stop", "jpkid")
        run("systemctl", "reset-failed")    # and how often units were started
        if STATE.exists():
            stack.clear_state()
        for kind, pin in client.PIN.items():
            self.card.control(f"set {kind} {pin.decode()}")
        self.start = self.card.recorded()
        self.cursor = cursor()

    def start_service(self):
        run("systemctl", "start", "jpkid")
        wait_for_card()

    def complaints(self):
        """Warnings and errors of the service since the test began."""
        return [entry["MESSAGE"] for entry in journal(self.cursor) if int(entry["PRIORITY"]) <= syslog.LOG_WARNING]

    def verifies(self):
        """Of PINs, which the card was sent since the test began."""
        return [line for line in self.card.apdus(0x20, self.start) if line.lc not in ("-", "00")]

    def assert_signs(self, kind, do):
        """do(*words) runs jpkictl with a PIN; openssl finds its signature right."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(dir="/var/tmp")))
        folder.chmod(0o777)
        (folder / "file").write_text(f"{time.time()}\n")
        for words in (["sign", kind, folder / "file", "--raw", "-o", folder / "signature"],
                      ["cert", kind, "--pem", "-o", folder / "certificate"]):
            done = do(*map(str, words))
            self.assertEqual(done.returncode, 0, done.stderr)
        key = run("openssl", "x509", "-in", str(folder / "certificate"), "-noout", "-pubkey")
        (folder / "key").write_text(key)
        run("openssl", "dgst", "-sha256", "-verify", str(folder / "key"), "-signature", str(folder / "signature"),
            str(folder / "file"))
