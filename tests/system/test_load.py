# SPDX-License-Identifier: LGPL-2.1-or-later
"""The service is killed and pcscd restarted while many programs use a card: all is back, and nothing is forgotten."""
import contextlib
import itertools
import multiprocessing
import random
import re
import statistics
import time

import client
import machine
import stack

KILLS, PCSCD_RESTARTS = 500, 10
RULE = """polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.jpkid1.") == 0 && subject.user.indexOf("load") == 0)
        return polkit.Result.YES;
});
"""
FIRST_UID = 62000
USERS = 120         # of each kind; a ledger has room for 256
OFTEN = "[Unit]\nStartLimitIntervalSec=0\n"
AT_ONCE = "[Service]\nRestartSec=50ms\n"


def load_user(number):
    return f"load{number}"


class Worker(multiprocessing.Process):
    """A program that calls without end, each time that it is told to wait as the next of its users.

    For jpkid makes those wait whose PINs were wrong, and those whose calls ended with it.
    """

    def __init__(self, kind, users, pin):
        super().__init__(daemon=True)
        self.kind, self.users, self.pin = kind, users, pin
        self.done = multiprocessing.Value("i", 0)
        self.told = multiprocessing.Manager().dict()

    def run(self):
        for user in itertools.cycle(self.users):
            one = machine.Client(load_user(user))
            while self.goes_on(one):
                pass
            one.close()

    def goes_on(self, one):
        try:
            card = one.card()
            if card is None:
                time.sleep(0.01)
                return True
            client.Applet(one, f"{card}/{self.kind}", self.kind).sign(pin=self.pin())
            self.done.value += 1
        except client.Refused as refused:
            self.told[refused.name] = self.told.get(refused.name, 0) + 1
            return refused.name not in ("HeldOff", "LastTry")
        return True


class JpkictlWorker(Worker):
    """The same with jpkictl, as root."""

    def __init__(self):
        super().__init__("auth", [], lambda: client.PIN["auth"])

    def run(self):
        while True:
            done = machine.jpkictl("sign", self.kind, "/etc/hostname", "-o", "/dev/null", pin=self.pin())
            self.done.value += not done.returncode
            self.told[done.returncode] = self.told.get(done.returncode, 0) + 1


def wrong_pin():
    """One that has not been tried yet, most likely."""
    return b"X%05d" % random.randrange(10 ** 5)


@contextlib.contextmanager
def load():
    """Workers that sign with each key, guess, and run jpkictl."""
    workers = [Worker("auth", range(0, USERS, 2), lambda: client.PIN["auth"]),
               Worker("sign", range(1, USERS, 2), lambda: client.PIN["sign"]),
               Worker("sign", range(USERS, 2 * USERS), wrong_pin),
               JpkictlWorker()]
    for worker in workers:
        worker.start()
    try:
        yield workers
        dead = [worker for worker in workers if not worker.is_alive()]
        if dead:
            raise AssertionError(f"{len(dead)} programs of the load have ended")
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def wrong_of_guessers():
    """How many wrong PINs the ledger holds against them; the service may have ended before it knew of the last."""
    uids = {str(FIRST_UID + number) for number in range(USERS, 2 * USERS)}
    lines = [line.split() for path in machine.STATE.glob("*.ledger") for line in path.read_text().splitlines()]
    return (sum(int(words[3]) for words in lines if words[0] == "wrong" and words[2] in uids)
            + sum(words[0] == "intent" and words[2] in uids for words in lines))


class UnderLoad(machine.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open("/etc/passwd", "a") as users:
            for number in range(2 * USERS):
                users.write(f"{load_user(number)}:x:{FIRST_UID + number}:65534::/nonexistent:/usr/sbin/nologin\n")
        cls.enterClassContext(machine.file_with("/etc/polkit-1/rules.d/10-jpkid-tests.rules", RULE,
                                                [["systemctl", "restart", "polkit"]]))

    def setUp(self):
        super().setUp()
        self.enterContext(machine.drop_in(OFTEN, "pcscd"))
        self.enterContext(machine.drop_in(AT_ONCE))
        self.start_service()
        self.client = machine.Client()
        self.addCleanup(self.client.close)
        self.shape = self.shown()

    def shown(self):
        """The paths of all objects, without the numbers that grow."""
        return sorted(re.sub("[0-9]+", "N", path) for path in self.client.objects())

    def pass_some_time(self):
        """And lets nobody lock the card for the others."""
        time.sleep(random.uniform(0, 0.05))
        for kind, tries in self.card.tries().items():
            if kind in client.PIN and tries < 3:
                self.card.control(f"set {kind} {client.PIN[kind].decode()}")

    def assert_all_is_well(self, workers):
        """After the load: no wrong PIN was forgotten, and the service shows and does what it did at the start."""
        told = {}
        for worker in workers:
            for name, count in worker.told.items():
                told[name] = told.get(name, 0) + count
        print(f"    {[worker.done.value for worker in workers]} signatures; refusals: {told}")
        for worker in workers:
            self.assertEqual(worker.done.value > 0, worker.pin is not wrong_pin)
        refused = [line for line in self.verifies() if line.sw.startswith("63C")]
        self.assertGreater(len(refused), 0)
        self.assertGreaterEqual(wrong_of_guessers(), len(refused))
        self.assertEqual([line for line in self.verifies() if line.sw in ("63C0", "6984")], [])

        machine.wait_for_card()
        self.assertEqual(self.shown(), self.shape)
        stack.clear_state()
        self.client.applet("auth").sign()
        self.client.applet("sign").sign()
        self.assertEqual(len(machine.run("pgrep", "-x", "jpkid").split()), 1)


class Kills(UnderLoad):
    def test_a_service_killed_500_times_is_back_each_time_and_forgets_no_wrong_pin(self):
        times = []
        with load() as workers:
            for _ in range(KILLS):
                self.pass_some_time()
                pid = machine.show("jpkid", "MainPID")
                start = time.monotonic()
                machine.run("systemctl", "kill", "--signal=KILL", "jpkid")
                stack.wait_until(lambda: machine.show("jpkid", "MainPID") not in ("0", pid), "another process")
                machine.wait_for_card()
                times.append(time.monotonic() - start)
        print(f"{KILLS} kills: the card is back after {statistics.median(times):.2f} s, {max(times):.2f} s at most")
        self.assert_all_is_well(workers)


class Pcscd(UnderLoad):
    def test_pcscd_restarted_10_times_under_load_leaves_all_as_it_was(self):
        pid = machine.show("jpkid", "MainPID")
        with load() as workers:
            for _ in range(PCSCD_RESTARTS):
                self.pass_some_time()
                machine.run("systemctl", "restart", "pcscd")
                machine.wait_for_card()
        self.assert_all_is_well(workers)
        self.assertEqual(machine.show("jpkid", "MainPID"), pid)
