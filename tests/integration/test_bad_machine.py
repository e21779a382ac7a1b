# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine that is set up wrongly: one line in the log says what to do, and no PIN is sent where none may be."""
import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from unittest import mock

import client
import journal
import stack
from client import PIN
from test_journal import IDS

QUIET = "--log-level=warning"
PCSCD_SOCKET = "/run/pcscd/pcscd.comm"
REFUSAL_TIME = 4        # seconds in which connects are counted


def run(*arguments, user="jpkid", **environment):
    """A daemon that is to end by itself."""
    words = stack.as_user(user, [stack.program("jpkid"), *arguments])
    return subprocess.run(words, capture_output=True, text=True, timeout=stack.PATIENCE,
                          env={**os.environ, "STATE_DIRECTORY": stack.STATE_DIRECTORY, **environment})


class Base(unittest.TestCase):
    def start(self, *parts, **environment):
        with mock.patch.dict(os.environ, {"JPKID_LOGS": self.enterContext(tempfile.TemporaryDirectory())}):
            return self.enterContext(stack.Stack(start=parts, daemon_options=[QUIET], daemon_environment=environment))

    def assert_ends(self, ended, status, *words):
        lines = ended.stderr.splitlines()
        self.assertEqual((status, 1), (ended.returncode, len(lines)), ended.stderr)
        for word in words:
            self.assertIn(word, lines[0])

    def lines(self, daemon):
        return daemon.log_text().splitlines()

    def assert_one_line(self, daemon, *words):
        self.assertEqual(1, len(self.lines(daemon)), daemon.log_text())
        for word in words:
            self.assertIn(word, self.lines(daemon)[0])


class Bus(Base):
    def with_policy(self, policy):
        """Only this in place of dbus/org.jpkid1.conf, where buses look for policies."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        os.chmod(folder, 0o755)
        if policy is not None:
            with open(os.path.join(folder, "org.jpkid1.conf"), "w") as file:
                file.write(policy)
        config = stack.BUS_CONFIG.replace("<include>{top}/dbus/org.jpkid1.conf</include>",
                                          f"<includedir>{folder}</includedir>")
        self.enterContext(mock.patch.object(stack, "BUS_CONFIG", config))

    def policy(self):
        with open(os.path.join(stack.TOP, "dbus/org.jpkid1.conf")) as file:
            return file.read()

    def test_no_bus(self):
        self.assert_ends(run(), 1, "system bus", "dbus.service")

    def test_an_address_that_is_none(self):
        for address in ("rubbish", "unix:", "tcp:host", "=:;"):
            with self.subTest(address):
                self.assert_ends(run(DBUS_SYSTEM_BUS_ADDRESS=address), os.EX_CONFIG, "DBUS_SYSTEM_BUS_ADDRESS")

    def test_an_address_where_nobody_is(self):
        self.assert_ends(run(DBUS_SYSTEM_BUS_ADDRESS="unix:path=/nowhere"), 1, "system bus")

    def answer(self, server):
        with server.accept()[0] as connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    def test_something_else_listens_where_the_bus_should(self):
        path = os.path.join(stack.WORK, "no-bus")
        with socket.socket(socket.AF_UNIX) as server:
            self.addCleanup(os.unlink, path)
            server.bind(path)
            os.chmod(path, 0o666)
            server.listen()
            threading.Thread(target=self.answer, args=(server,)).start()
            self.assert_ends(run(DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={path}"), 1, "system bus", "reset by peer")

    def test_what_listens_there_does_not_answer(self):
        with stack.hanging_bus() as environment:
            self.assert_ends(run(**environment), 1, "system bus", "timed out")

    def test_the_name_is_taken(self):
        self.start("bus", "daemon")
        self.assert_ends(run(), os.EX_UNAVAILABLE, "org.jpkid1", "another jpkid")

    def test_another_user(self):
        self.start("bus")
        folder = self.enterContext(tempfile.TemporaryDirectory())
        for user in ("alice", "bob"):
            shutil.chown(folder, user)
            self.assert_ends(run(user=user, STATE_DIRECTORY=folder), os.EX_NOPERM, "org.jpkid1.conf", "user jpkid")

    def test_no_bus_policy(self):
        self.with_policy(None)
        self.start("bus")
        self.assert_ends(run(), os.EX_NOPERM, "org.jpkid1.conf")

    def test_a_bus_policy_that_does_not_parse(self):
        self.with_policy(self.policy().replace("</policy>", "", 1))
        self.start("bus")
        self.assert_ends(run(), os.EX_NOPERM, "org.jpkid1.conf", "damaged")

    def test_a_bus_policy_for_a_user_that_does_not_exist(self):
        self.with_policy(self.policy().replace('user="jpkid"', 'user="no-such-user"'))
        self.start("bus")
        self.assert_ends(run(), os.EX_NOPERM, "user jpkid")

    def test_a_bus_that_goes_away_is_a_failure_that_a_restart_may_mend(self):
        started = self.start("bus", "pcscd", "cards", "daemon")
        one = client.Client()
        self.addCleanup(one.close)
        one.wait_for_card()
        lease = one.applet("auth").call("Unlock", pin=PIN["auth"]).take()
        self.addCleanup(os.close, lease)
        started.bus.kill()
        self.assertEqual(1, started.daemon.popen.wait(5))
        started.daemon.was_killed = True
        self.assert_one_line(started.daemon, "bus has gone away")
        self.assertEqual("auth no sign no", started.card().control("verified"))


class Surroundings(Base):
    def test_arguments_that_do_not_exist(self):
        self.assertEqual(os.EX_USAGE, run("--hold=often").returncode)
        self.assertEqual(os.EX_USAGE, run("argument").returncode)

    def test_a_service_manager_that_cannot_be_told(self):
        self.start("bus")
        for number, address in enumerate(("rubbish", "/nowhere/at/all", "@nobody-listens")):
            with self.subTest(address):
                words = stack.as_user("jpkid", ["env", f"NOTIFY_SOCKET={address}", stack.program("jpkid"), QUIET])
                daemon = stack.Process(f"jpkid-{number}", words)
                self.addCleanup(daemon.stop)
                one = client.Client()
                daemon.wait_until(lambda: one.connection.name_has_owner(client.NAME), "has its name")
                one.close()
                daemon.wait_until(lambda: "NOTIFY_SOCKET" in daemon.log_text(), "says what is wrong")
                daemon.stop()
                self.assertEqual(1, daemon.log_text().count("NOTIFY_SOCKET"), daemon.log_text())


class Polkit(Base):
    def test_no_polkit_is_logged_once_and_refuses_all_but_root(self):
        started = self.start("bus", "pcscd", "cards", "daemon")
        root, alice = client.Client(), client.Client("alice")
        for one in (root, alice):
            self.addCleanup(one.close)
            one.wait_for_card()
        for _ in range(3):
            with self.assertRaisesRegex(client.Refused, "NotAuthorized"):
                alice.applet("auth").sign()
        self.assert_one_line(started.daemon, "polkit", "org.jpkid1.policy")
        root.applet("auth").sign()


class Pcscd(Base):
    """Something that listens where pcscd should."""
    def listen(self, serve):
        self.connects = 0
        self.remove_socket()
        server = self.enterContext(socket.socket(socket.AF_UNIX))
        self.addCleanup(server.shutdown, socket.SHUT_RDWR)
        server.bind(PCSCD_SOCKET)
        self.addCleanup(self.remove_socket)
        os.chmod(PCSCD_SOCKET, 0o666)
        server.listen(100)
        threading.Thread(target=self.accept, args=(server, serve), daemon=True).start()

    def accept(self, server, serve):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = server.accept()
                self.connects += 1
                with connection:
                    serve(connection)

    def remove_socket(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(PCSCD_SOCKET)

    def count_connects(self):
        before = self.connects
        time.sleep(REFUSAL_TIME)
        return self.connects - before

    def test_one_that_refuses_is_left_in_peace(self):
        self.listen(lambda connection: time.sleep(0.02))      # as pcscd closes, with the caller's words unread
        daemon = self.start("bus", "daemon").daemon
        stack.wait_until(lambda: self.lines(daemon), "a line")
        self.assert_one_line(daemon, "polkit", "org.debian.pcsc-lite.access_pcsc")
        one = client.Client()
        self.addCleanup(one.close)
        stack.wait_until(lambda: one.get(client.ROOT, "org.jpkid1.Manager", "PcscState") == "refused", "it is told")
        self.assertEqual(0, self.count_connects())
        self.assert_one_line(daemon, "polkit")

    def test_the_journal_knows_a_refusal_by_its_number(self):
        self.listen(lambda connection: time.sleep(0.02))
        self.enterContext(journal.running())
        self.start("bus", "daemon", JOURNAL_STREAM="8:1")

        def told():
            journal.journalctl("--sync")
            return [line for line in journal.journalctl("--output=json").stdout.splitlines()
                    if IDS["PCSC_REFUSED"] in line]
        stack.wait_until(told, "the line about polkit")
        self.assertIn("org.debian.pcsc-lite.access_card", told()[0])

    def test_one_that_hangs_up_is_tried_once_a_second_in_the_end(self):
        self.listen(lambda connection: connection.recv(4096))
        daemon = self.start("bus", "daemon").daemon
        stack.wait_until(lambda: self.connects >= 30, "it has been tried")
        self.assertLessEqual(self.count_connects(), REFUSAL_TIME + 1)
        self.assert_one_line(daemon, "pcscd is not there")

    def test_one_that_never_answers_holds_up_neither_the_start_nor_the_end(self):
        self.listen(lambda connection: time.sleep(stack.PATIENCE))
        daemon = self.start("bus", "daemon").daemon
        one = client.Client()
        self.addCleanup(one.close)
        self.assertEqual({}, one.readers())
        started = time.monotonic()
        daemon.stop()
        self.assertLess(time.monotonic() - started, 5)


class StateDirectory(Base):
    """Where wrong PINs cannot be remembered, no PIN is sent; all else works."""

    def setUp(self):
        self.folder = os.path.join(stack.WORK, "state")
        os.mkdir(self.folder)
        self.addCleanup(shutil.rmtree, self.folder)
        self.path = os.path.join(self.folder, "jpkid")

    def start_with(self, path):
        self.started = self.start("bus", "pcscd", "cards", "daemon", STATE_DIRECTORY=path)
        self.client = client.Client()
        self.addCleanup(self.client.close)
        self.client.wait_for_card()
        return self.started.daemon

    def assert_no_pin_is_sent(self):
        card = self.started.card()
        for kind in PIN:
            with self.assertRaisesRegex(client.Refused, "Failed"):
                self.client.applet(kind).call("VerifyPin", pin=PIN[kind])
            with self.assertRaisesRegex(client.Refused, "Failed"):
                self.client.applet(kind).call("Sign", "rsa-pkcs1-sha256", bytes(32), pin=client.WRONG_PIN[kind])
        self.assertEqual([], client.pins_in(card.apdus()))
        self.assertEqual(client.pki("auth.der"), self.client.applet("auth").call("GetCertificate"))
        self.assertEqual(3, self.client.applet("auth").call("GetTries"))

    def assert_unusable(self, *words, path=None):
        daemon = self.start_with(path or self.path)
        self.assert_one_line(daemon, "Wrong PINs cannot be remembered", path or self.path, *words)
        self.assert_no_pin_is_sent()

    def make(self, user="jpkid", mode=0o700):
        os.mkdir(self.path, mode)
        os.chmod(self.path, mode)
        shutil.chown(self.path, user, user)

    def mount(self, *options):
        self.make()
        subprocess.check_call(["mount", "-t", "tmpfs", "-o", ",".join(["uid=jpkid", "mode=0700", *options]),
                               "jpkid-test", self.path])
        self.addCleanup(subprocess.check_call, ["umount", "--lazy", self.path])

    def test_missing(self):
        self.assert_unusable("No such file")

    def test_not_a_directory(self):
        with open(self.path, "w"):
            pass
        self.assert_unusable("Not a directory")

    def test_a_relative_path(self):
        self.assert_unusable(path="jpkid")

    def test_of_another_user(self):
        for user in ("alice", "root"):
            with self.subTest(user):
                self.make(user, 0o755)
                self.assert_unusable("only jpkid's user")
                self.doCleanups()
                self.setUp()

    def test_others_can_write_there(self):
        self.make(mode=0o777)
        self.assert_unusable("only jpkid's user")

    def test_a_link(self):
        self.make()
        os.symlink(self.path, self.path + "-link")
        self.assert_unusable(path=self.path + "-link")

    def test_not_to_be_entered(self):
        self.make(mode=0o000)
        self.assert_unusable("Permission denied")

    def test_read_only_until_it_is_mended(self):
        self.mount("ro")
        daemon = self.start_with(self.path)
        self.assert_one_line(daemon, "Wrong PINs cannot be remembered", self.path, "Read-only")
        self.assert_no_pin_is_sent()
        subprocess.check_call(["mount", "-o", "remount,rw", self.path])
        self.client.applet("auth").sign()

    def test_full_until_it_is_mended(self):
        self.mount("size=4k")
        filler = os.path.join(self.path, "filler")
        with open(filler, "wb") as file:
            file.write(bytes(4096))
        daemon = self.start_with(self.path)
        self.assertEqual([], self.lines(daemon))
        with self.assertRaisesRegex(client.Refused, "Failed"):
            self.client.applet("auth").sign()
        self.assert_one_line(daemon, "No space left", "state directory")
        self.assert_no_pin_is_sent()
        os.unlink(filler)
        self.client.applet("auth").sign()

    def test_it_becomes_full_while_a_pin_is_on_its_way(self):
        """What was begun is remembered as wrong, since nobody could write down that it was right."""
        self.mount("size=8k")
        self.start_with(self.path)
        with self.assertRaisesRegex(client.Refused, "PinIncorrect"):
            self.client.applet("sign").call("VerifyPin", pin=client.WRONG_PIN["sign"])      # stays in the ledger
        card = self.started.card()
        before = card.recorded()
        card.control(f"at {client.VERIFY:02X} hang skip 1")       # after the query of the counter
        call = self.client.applet("auth").start("VerifyPin", pin=PIN["auth"])
        stack.wait_until(lambda: card.apdus(client.VERIFY, before), "the query")
        time.sleep(0.3)             # the intent is written, and VERIFY is at the card
        with contextlib.suppress(OSError), open(os.path.join(self.path, "filler"), "wb", buffering=0) as file:
            file.write(bytes(8192))
        card.control("resume")
        call.result()
        with self.assertRaisesRegex(client.Refused, "Failed|HeldOff"):
            self.client.applet("auth").sign()


if __name__ == "__main__":
    unittest.main()
