# SPDX-License-Identifier: LGPL-2.1-or-later
"""After any call, however it ends, nothing of its PINs is in the daemon, the bus daemon, the log or a core file."""
import contextlib
import os
import random
import resource
import signal
import string
import subprocess
import unittest

import agent
import client
import memory
import stack
from client import SIGN, TRIES_MAX, VERIFY

CODE = "".join(random.choices(string.ascii_uppercase, k=16)).encode()
SIGN_INPUT = ("rsa-pkcs1-sha256", bytes(32))


def contents(path):
    with open(path, "rb") as file:
        return file.read()


class Traces(client.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.CARD_OPTIONS = [stack.reset_code_option(CODE)]
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.card = self.stack.card()

    # ---- where to look ----

    def places(self):
        for process in (self.stack.daemon, self.stack.bus):
            if process.is_running():
                for name in ("cmdline", "environ"):
                    yield f"{process.name}'s {name}", contents(f"/proc/{process.pid}/{name}")
                for content in memory.mappings(process.pid):
                    yield f"{process.name}'s memory", content
            yield f"{process.name}'s log", contents(process.log)

    def traces(self, *secrets):
        wanted = [run for secret in secrets for run in memory.runs(secret)]
        return sorted({(place, run) for place, content in self.places() for run in wanted if run in content})

    def new_pin(self, kind):
        """One that is nowhere yet."""
        while True:
            pin = "".join(random.choices(string.digits, k=4)) if kind == "auth" else \
                "".join(random.choices(string.ascii_uppercase, k=13) + random.choices(string.digits, k=3))
            if not self.traces(pin.encode()):
                return pin.encode()

    # ---- each of these uses self.pin (right), self.wrong or self.new, and leaves the card in ----

    def call(self, member, *arguments, errors=(), **options):
        applet = self.client.applet(self.kind)
        if not errors:
            return applet.call(member, *arguments, **options)
        with self.refused(*errors):
            applet.call(member, *arguments, **options)
        return None

    def path_right(self):
        self.call("VerifyPin", pin=self.pin)

    def path_right_in_lower_case(self):
        self.call("VerifyPin", pin=self.pin.lower())

    def path_wrong(self):
        self.call("VerifyPin", pin=self.wrong, errors=["PinIncorrect"])

    def path_the_same_again(self):
        for _ in range(2):
            self.call("VerifyPin", pin=self.wrong, errors=["PinIncorrect"])

    def path_sign(self):
        self.call("Sign", *SIGN_INPUT, pin=self.pin)

    def path_sign_many(self):
        self.call("SignMany", SIGN_INPUT[0], [SIGN_INPUT[1]] * 3, pin=self.pin)

    def path_certificate(self):
        self.call("GetCertificate", pin=self.pin)

    def path_held_off(self):
        for pin in (self.wrong, self.new):
            self.call("VerifyPin", pin=pin, errors=["PinIncorrect"])
        self.call("VerifyPin", pin=self.pin, errors=["HeldOff"])

    def path_locked(self):
        for left in reversed(range(TRIES_MAX[self.kind])):
            stack.clear_state()
            pin = self.wrong if left % 2 else self.new
            self.call("VerifyPin", pin=pin, allow_last_try=True, errors=["PinIncorrect" if left else "PinLocked"])
        stack.clear_state()
        self.call("VerifyPin", pin=self.pin, errors=["PinLocked"])

    def path_bad_format(self):
        for pin in (self.pin[:-1] + b"!", self.pin + b"!", b" " + self.pin, self.pin * 2, self.pin * 1000):
            self.call("VerifyPin", pin=pin, errors=["PinFormat", "InvalidInput"])

    def path_a_descriptor_without_end(self):
        reader, writer = os.pipe()
        os.write(writer, self.pin)
        self.call("VerifyPin", pin=reader, errors=["InvalidInput"])
        os.close(reader)
        os.close(writer)

    def path_tries_changed(self):
        self.call("VerifyPin", pin=self.pin, expected_tries=1, errors=["TriesChanged"])

    def path_not_authorised(self):
        with self.refused("NotAuthorized"):
            self.new_client("alice").applet(self.kind).call("VerifyPin", pin=self.pin)

    def path_the_card_refuses(self):
        self.card.control(f"at {VERIFY:02X} sw 6700 skip 1")
        self.call("VerifyPin", pin=self.pin, errors=["CardError"])

    def path_lost_answer(self):
        with self.going_out():
            self.card.control(f"after {VERIFY:02X} pull skip 1")
            self.call("Sign", *SIGN_INPUT, pin=self.pin, errors=["OutcomeUnknown"])
        self.insert()

    def path_lost_before_it_was_sent(self):
        with self.going_out():
            self.card.control(f"at {VERIFY:02X} pull")
            self.call("Sign", *SIGN_INPUT, pin=self.pin, errors=["CardRemoved", "ReaderError"])
        self.insert()

    def path_signing_fails(self):
        self.card.control(f"at {SIGN:02X} sw 6985")
        self.call("Sign", *SIGN_INPUT, pin=self.pin, errors=["CardError"])

    def path_change(self):
        self.call("ChangePin", pin=self.pin, new_pin=self.new)

    def path_change_with_a_wrong_pin(self):
        self.call("ChangePin", pin=self.wrong, new_pin=self.new, errors=["PinIncorrect"])

    def path_change_to_a_bad_one(self):
        self.call("ChangePin", pin=self.pin, new_pin=self.new[:-1] + b"!", errors=["PinFormat"])

    def path_reset(self):
        self.call("ResetPin", reset_code=CODE, new_pin=self.new)

    def path_reset_with_a_wrong_code(self):
        self.call("ResetPin", reset_code=self.wrong * (1 if self.kind == "sign" else 2), new_pin=self.new,
                  errors=["PinIncorrect"])

    def path_lease(self):
        if self.kind == "sign":
            return
        lease = self.call("Unlock", pin=self.pin)
        self.call("Sign", *SIGN_INPUT)
        self.assertTrue(self.traces(self.pin), "the lease holds it, and the scan must find it")
        os.close(lease.take())
        self.client.objects()

    def path_lease_of_a_caller_who_leaves(self):
        if self.kind == "sign":
            return
        leaving = self.new_client()
        leaving.applet("auth").call("Unlock", pin=self.pin)
        leaving.close()
        self.client.objects()

    def path_agent(self):
        asked = agent.Agent(answer=lambda question: self.pin)
        asked.register()
        self.client.applet(self.kind).call("VerifyPin", interactive=True)
        asked.close()

    @contextlib.contextmanager
    def while_another_signs(self):
        """In here the card is busy."""
        self.card.control(f"at {SIGN:02X} hang")
        other = self.new_client().applet(self.kind)
        call = self.wait_for_apdu(VERIFY, lambda: other.start("Sign", *SIGN_INPUT, pin=self.pin))
        yield
        self.card.control("resume")
        call.result()

    def path_timeout(self):
        with self.while_another_signs():
            waiting = self.client.applet(self.kind).start("VerifyPin", pin=self.wrong, timeout=2000)
            self.client.objects()
            self.assertTrue(self.traces(self.wrong), "it waits, and the scan must find it")
            with self.refused("Timeout"):
                waiting.result()
            self.assertEqual([], self.traces(self.wrong))

    def path_a_caller_leaves_while_it_waits(self):
        leaving = self.new_client()
        with self.while_another_signs():
            leaving.applet(self.kind).start("VerifyPin", pin=self.wrong)
            leaving.objects()
            leaving.close()
            self.client.objects()
            self.assertEqual([], self.traces(self.wrong))

    def path_a_caller_leaves_in_the_middle(self):
        self.slow(50)
        leaving = self.new_client()
        self.wait_for_apdu(VERIFY, lambda: leaving.applet(self.kind).start("VerifyPin", pin=self.wrong))
        leaving.close()
        self.call("GetTries")
        self.card.control("delay 0")

    def path_a_stop(self):
        self.slow(100)
        self.addCleanup(self.card.control, "delay 0")
        running, waiting = (self.new_client().applet(self.kind) for _ in range(2))
        self.wait_for_apdu(SIGN, lambda: running.start("SignMany", SIGN_INPUT[0], [SIGN_INPUT[1]] * 64, pin=self.pin))
        call = waiting.start("VerifyPin", pin=self.wrong)
        self.client.objects()
        self.stack.daemon.signal(signal.SIGTERM)
        with self.refused("Cancelled"):
            call.result()
        self.assertEqual([], self.traces(self.wrong))
        self.stack.daemon.stop()
        self.card.control("delay 0")
        self.stack.start_daemon()
        self.client.wait_for_card()

    # ---- and afterwards ----

    def renew(self, kind):
        self.kind = kind
        self.pin, self.wrong, self.new = (self.new_pin(kind) for _ in range(3))
        stack.clear_state()
        self.card.control(f"set {kind} {self.pin.decode()}")

    def found_after(self, path, kind):
        self.renew(kind)
        getattr(self, path)()
        self.wait_for_quiet()
        return self.traces(self.pin, self.pin.lower(), self.wrong, self.new, CODE)

    def test_no_path_leaves_a_trace(self):
        for path in (name for name in dir(self) if name.startswith("path_")):
            for kind in client.PIN:
                with self.subTest(path, kind=kind):
                    found = self.found_after(path, kind)
                    if found and kind == "auth":
                        found = self.found_after(path, kind)        # four digits may be there by chance, but not again
                    self.assertEqual([], found)

    @staticmethod
    def leaves_a_core(process):
        process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -os.WTERMSIG(status)
        return os.WCOREDUMP(status)

    def test_the_daemon_leaves_no_core(self):
        _, most = before = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, before)
        if not self.leaves_a_core(subprocess.Popen(["sleep", "100"], cwd=stack.WORK)):
            self.skipTest("no process leaves one here")
        with contextlib.chdir(stack.WORK):
            self.stack.daemon.stop()
            self.stack.start_daemon()
        self.client.wait_for_card()
        # proc(5): root owns what is about a process that is not dumpable.
        self.assertEqual(0, os.stat(f"/proc/{self.stack.daemon.pid}/mem").st_uid)
        self.assertFalse(self.leaves_a_core(self.stack.daemon.popen))
        self.stack.daemon.was_killed = True
        self.stack.start_daemon()
        self.client.wait_for_card()


if __name__ == "__main__":
    unittest.main()
