# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random sequences of calls, pulls, kills and passing time: the daemon and the card do what model.py says, always.

JPKID_SEED=N repeats what was seen with this seed; JPKID_SEQUENCES=N sets how many sequences there are.
"""
import collections
import os
import random
import time

import client
import model
import polkit
import preload
import stack
from client import PIN
from model import Answer

SEED = int(os.environ.get("JPKID_SEED", time.time_ns() % 10**9))
SEQUENCES = int(os.environ.get("JPKID_SEQUENCES", 1000))
LENGTH_MIN, LENGTH_MAX = 3, 12
CODE = b"PUK-0123456789AB"
START = 1900000000                      # seconds since 1970
USERS = ("root", "alice", "bob")
POOL = {"auth": [b"1234", b"2222", b"3333", b"4444"], "sign": [b"ABC123", b"abc124", b"ABC125", b"ABC126"],
        "code": [CODE, b"PUK-1111111111", b"PUK-2222222222"]}
BAD = {"auth": [b"123", b"12a4"], "sign": [b"ABCDEF", b"AB12"]}
JUMPS = [1, 59, 60, 61, 62, 599, 600, 601, 602, 3600, 3601, 3602, -30, -3600]
STEPS = {"call": 85, "jump": 12, "close_lease": 4, "kill": 4, "pull": 1}
CALLS = {"VerifyPin": 8, "Sign": 5, "Unlock": 3, "ChangePin": 3, "ResetPin": 2, "GetTries": 1}


class Random(polkit.Mixin, client.TestCase):
    RULES = """
polkit.addRule(function(action, subject) {
    if (subject.user == "alice" || subject.user == "bob" && action.id != "org.jpkid1.last-try")
        return polkit.Result.YES;
});
"""

    @classmethod
    def setUpClass(cls):
        cls.clock = preload.Clock(START)
        cls.DAEMON_ENVIRONMENT = cls.clock.environment
        cls.CARD_OPTIONS = [stack.reset_code_option(CODE)]
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.clients = {user: self.new_client(user) for user in USERS}
        self.leases = {}
        self.chance = random.Random(SEED)
        self.said = []
        self.seen = collections.Counter()

    # ---- steps: each does something to the daemon and the same to the model ----

    def secret(self, kind):
        """Mostly the right one."""
        secret = self.model.secrets[kind]
        return secret.value if self.chance.random() < 0.5 else self.chance.choice(POOL[kind])

    def pin(self, kind):
        return self.secret(kind) if self.chance.random() < 0.95 else self.chance.choice(BAD[kind])

    def random_options(self, member, kind):
        options = {}
        if self.chance.random() < 0.25:
            counted = self.model.secrets["code" if member == "ResetPin" else kind].tries
            options["expected_tries"] = counted if self.chance.random() < 0.6 else self.chance.randrange(6)
        if self.chance.random() < 0.25:
            options["allow_last_try"] = True
        if member in ("ChangePin", "ResetPin"):
            options["new_pin"] = self.chance.choice(POOL[kind] if self.chance.random() < 0.9 else BAD[kind])
        if member == "ResetPin":
            options["reset_code"] = self.secret("code")
        elif member != "Sign" or self.chance.random() < 0.6:
            options["pin"] = self.pin(kind)
        return options

    def step_call(self):
        member, = self.chance.choices(list(CALLS), CALLS.values())
        user, kind = self.chance.choice(USERS), self.chance.choice(list(PIN))
        options = {} if member == "GetTries" else self.random_options(member, kind)
        expected = self.model.call(member, kind, user, **options)
        answer = self.call(member, kind, user, options)
        self.said.append(f"{user}: {kind} {member} {options} -> {answer}")
        self.seen[answer.error] += 1
        self.assertEqual(expected, answer)

    def call(self, member, kind, user, options):
        arguments = ("rsa-pkcs1-sha256", bytes(32)) if member == "Sign" else ()
        try:
            result = self.clients[user].applet(kind).call(member, *arguments, **options)
        except client.Refused as refused:
            value = refused.body[1:] if refused.name in ("PinIncorrect", "HeldOff") else [None]
            return Answer(refused.name, *value)
        if member == "Unlock":
            self.leases[user] = result
        return Answer(None, result if member == "GetTries" else None)

    def step_jump(self):
        self.model.now += self.chance.choice(JUMPS)
        self.clock.set(self.model.now)
        self.said.append(f"it is {self.model.now}")

    def step_close_lease(self):
        if not self.leases:
            return
        user = self.chance.choice(sorted(self.leases))
        os.close(self.leases.pop(user).take())
        self.model.leases.pop(user, None)
        self.clients[user].objects()        # the daemon has seen it
        self.said.append(f"{user} closes the lease")

    def step_kill(self):
        self.restart()
        self.said.append("the daemon is killed")

    def step_pull(self):
        self.pull()
        self.insert()
        self.model.daemon_or_card_is_new()
        self.said.append("the card is pulled out and put in again")

    # ---- sequences ----

    def restart(self):
        self.stack.daemon.kill()
        self.stack.start_daemon()
        self.client.wait_for_card()
        self.model.daemon_or_card_is_new()

    def renew(self):
        """Another card (of the same holder, as far as the ledger knows) in place of a locked one."""
        self.model.secrets = {**model.Model(PIN, CODE, 0).secrets}
        stack.clear_state()
        self.put_card()
        self.model.daemon_or_card_is_new()
        self.said = []

    def check(self):
        card, secrets = self.stack.card(), self.model.secrets
        self.assertEqual({name: secret.tries for name, secret in secrets.items()},
                         {{"reset": "code"}.get(name, name): tries for name, tries in card.tries().items()})
        self.assertEqual({kind: secrets[kind].value for kind in PIN}, card.pins())
        for kind in PIN:
            applet = self.client.applet(kind)
            if applet.get("TriesLeft") != -1:
                self.assertEqual(secrets[kind].tries, applet.get("TriesLeft"))
                self.assertEqual(secrets[kind].tries == 0, applet.get("Locked"))

    def test_sequences(self):
        print(f"JPKID_SEED={SEED} JPKID_SEQUENCES={SEQUENCES}", flush=True)
        self.model = model.Model(PIN, CODE, START)
        for sequence in range(SEQUENCES):
            if any(secret.tries == 0 for secret in self.model.secrets.values()):
                self.renew()
            begun = len(self.said)
            for _ in range(self.chance.randint(LENGTH_MIN, LENGTH_MAX)):
                step, = self.chance.choices(list(STEPS), STEPS.values())
                try:
                    getattr(self, f"step_{step}")()
                    self.check()
                except (AssertionError, client.Refused) as error:
                    story = "\n".join(self.said[max(0, begun - 40):])
                    raise AssertionError(f"JPKID_SEED={SEED}, sequence {sequence}\n{story}") from error
        print(f"{self.seen.total()} calls: {dict(self.seen)}")
