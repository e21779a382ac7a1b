# SPDX-License-Identifier: LGPL-2.1-or-later
"""jpkictl as a person and a script use it: what it prints, what it writes, and its exit statuses."""
import datetime
import hashlib
import json
import os
import pwd
import re
import signal
import subprocess
import unicodedata
import unittest

import client
import golden
import stack
from client import PIN, SIGN, VERIFY, WRONG_PIN, OtherProgram, openssl, pki, verifies
from jpkictl import (BUSY, DIAGNOSED, FILE, NO_CARD, NO_CERTIFICATE, NO_PIN, NO_SERVICE, NOT_AUTHORIZED,
                     NOT_POSSIBLE, OTHER, PIN_WRONG, USAGE, TestCase, run)

SCHEMES = {"rsa-pkcs1-sha1": "sha1", "rsa-pkcs1-sha256": "sha256", "rsa-pkcs1-sha384": "sha384",
           "rsa-pkcs1-sha512": "sha512", "rsa-pss-sha256": "sha256"}
PSS = ("rsa_padding_mode:pss", "rsa_pss_saltlen:32")
MEBIBYTE = 1 << 20
JAPAN = datetime.timezone(datetime.timedelta(hours=9))


class Status(TestCase):
    def test_it_shows_reader_card_certificates_and_tries(self):
        shown = self.jpkictl("status").splitlines()
        self.assertEqual("Virtual Reader 0 00 00: My Number Card", shown[0])
        self.assertEqual("  auth (利用者証明用)", shown[1])
        self.assertRegex(shown[2], r"    Certificate  +valid by its dates$")
        self.assertRegex(shown[3], r"    Valid until  +\d{4}-\d\d-\d\d \(\d+ days left\)$")
        self.assertRegex(shown[4], r"    Renewal  +possible from \d{4}-\d\d-\d\d at ")
        self.assertRegex(shown[5], r"    PIN  +3 of 3 tries left$")
        self.assertEqual("  sign (署名用)", shown[6])
        self.assertRegex(shown[7], r"    Certificate  +present \(.*jpkictl cert sign --text\)$")
        self.assertRegex(shown[8], r"    PIN  +5 of 5 tries left$")

    def test_as_json_it_says_the_same(self):
        shown = json.loads(self.jpkictl("status", "--json"))
        reader, = shown["readers"]
        self.assertTrue(shown["pcsc-available"])
        self.assertEqual(("Virtual Reader 0 00 00", "card"), (reader["name"], reader["state"]))
        self.assertEqual((self.client.card(), "mynumber-card"), (reader["card"]["path"], reader["card"]["type"]))
        unknown = dict.fromkeys(("state", "not-before", "not-after", "renewable-from", "days-left"))
        self.assertEqual({"path": self.client.card() + "/sign", "certificate": True, **unknown, "tries-left": 5,
                          "tries-max": 5, "locked": False}, reader["card"]["sign"])
        auth, described = reader["card"]["auth"], json.loads(self.jpkictl("cert", "auth", "--json"))
        self.assertEqual("valid", auth["state"])
        for key in ("state", "not-before", "not-after", "renewable-from"):
            self.assertEqual(described[key], auth[key])
        last = datetime.date.fromisoformat(auth["not-after"][:10])
        self.assertEqual((last - datetime.datetime.now(JAPAN).date()).days, auth["days-left"])

    def test_as_json_what_a_card_does_not_tell_is_null(self):
        self.put_card(0, "--type=juki-card")
        self.addCleanup(self.put_card)
        reader, = json.loads(self.stack.jpkictl("status", "--json").stdout)["readers"]
        for kind in ("auth", "sign"):
            shown = reader["card"][kind]
            self.assertEqual((None, None, None), (shown["state"], shown["tries-left"], shown["locked"]))

    def test_the_tries_are_what_the_card_says_now(self):
        self.put_card(tries={"sign": 2})
        self.assertIn("2 of 5 tries left", self.jpkictl("status"))
        self.assertEqual(2, json.loads(self.jpkictl("pin", "status", "--json"))["sign"]["tries-left"])

    def test_a_locked_pin_is_shown_with_the_way_to_unlock_it(self):
        self.put_card(tries={"auth": 0})
        for command in (["status"], ["pin", "status"]):
            shown = self.jpkictl(*command)
            self.assertRegex(shown, r"(?s)auth .*PIN +locked.*municipal window.*Seven-Eleven.*sign PIN.*\n  sign ")
            self.assertIn("5 of 5", shown)
        self.assertIs(True, json.loads(self.jpkictl("pin", "status", "--json"))["auth"]["locked"])

    def test_everyone_sees_it_but_who_may_not_ask_the_card_sees_no_tries_before_others_have(self):
        self.put_card()
        self.assertRegex(self.jpkictl("status", user="alice"), r"(?s)My Number Card\n.*auth .*may not read.*tries not known")
        self.jpkictl("status")
        self.assertIn("3 of 3 tries left", self.jpkictl("status", user="alice"))

    def test_a_damaged_certificate_hides_nothing_else(self):
        self.put_card(0, f"--certificate=000A={self.path('junk', bytes(64))}")
        self.addCleanup(self.put_card)
        self.assertRegex(self.jpkictl("status"), r"(?s)Certificate +damaged.*3 of 3.*Certificate +present.*5 of 5")
        shown = json.loads(self.jpkictl("pin", "status", "--json"))
        self.assertEqual(("unreadable", None, 3), tuple(shown["auth"][key] for key in
                                                        ("state", "days-left", "tries-left")))

    def test_it_asks_nobody_for_a_pin(self):
        self.put_card(0, "--type=android-phone")
        self.addCleanup(self.put_card)
        self.client.call(client.ROOT, "org.jpkid1.Manager", "RegisterAgent", "oa{sv}", "/agent", {})
        with self.no_try_spent():
            self.assertEqual(2, self.jpkictl("status").count("only be read with the PIN"))

    def test_pin_status_asks_the_card_and_spends_nothing(self):
        with self.no_try_spent():
            shown = self.jpkictl("pin", "status")
        self.assertIn("3 of 3 tries left", shown)
        self.assertIn("5 of 5 tries left", shown)

    def test_pin_status_needs_the_right_to_ask(self):
        self.fails(NOT_AUTHORIZED, "pin", "status", user="alice")


class Looks(TestCase):
    """Colour and width, which are for terminals."""
    GREEN = b"\x1b[32mvalid by its dates\x1b[0m"

    def screen_of(self, *arguments, columns=0, **environment):
        environment = {**os.environ, "TERM": "xterm", **environment}
        terminal = self.terminal(*arguments, columns=columns, env={key: value for key, value in environment.items()
                                                                   if value is not None})
        self.assertEqual(0, terminal.end(), terminal.screen)
        return terminal.screen

    def test_a_terminal_shows_colours(self):
        self.assertIn(self.GREEN, self.screen_of("status"))
        self.assertIn(self.GREEN, self.screen_of("pin", "status"))
        self.assertIn(self.GREEN, self.screen_of("status", NO_COLOR=""))

    def test_nobody_else_does(self):
        for environment in {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": ""}, {"TERM": None}:
            self.assertNotIn(b"\x1b", self.screen_of("status", **environment))
        self.assertNotIn(b"\x1b", self.screen_of("status", "--json"))
        self.assertNotIn("\x1b", self.jpkictl("status", env={"TERM": "xterm"}))

    def test_lines_stay_within_the_terminal_and_below_where_they_begin(self):
        self.put_card(tries={"auth": 0})
        for language, indent in (("C.UTF-8", 17), ("ja_JP.UTF-8", 16)):
            lines = self.screen_of("status", columns=72, LANG=language, NO_COLOR="1").decode().splitlines()
            for line in lines:
                self.assertLessEqual(sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line), 72)
            self.assertGreater(sum(line.startswith(" " * indent) and line[indent] != " " for line in lines), 2)


class OtherCards(TestCase):
    def check_status(self, shows, advises, status=NO_CARD):
        for form in ([], ["--json"]):
            done = self.stack.jpkictl("status", *form)
            self.assertIn(advises, self.check_failure(status, done.returncode, done.stderr))
            if not form:
                self.assertIn(shows, done.stdout)
            else:
                json.loads(done.stdout)
        self.assertIn(advises, self.fails(status, "cert", "auth"))

    def test_no_card(self):
        self.pull()
        self.addCleanup(self.insert)
        self.check_status("Virtual Reader 0 00 00: no card", "put a My Number Card in")

    def test_a_card_without_jpki(self):
        self.change_card(0, "--not-jpki")
        self.addCleanup(self.put_card)
        self.client.wait_for_state("card")
        self.check_status("card without JPKI", "has no JPKI")

    def test_a_juki_card(self):
        self.put_card(0, "--type=juki-card")
        self.addCleanup(self.put_card)
        self.check_status("住基カード", "put a My Number Card in")

    def test_a_card_that_another_program_holds(self):
        self.pull()
        self.stack.daemon.signal(signal.SIGSTOP)
        self.stack.card().control("insert")
        stack.wait_until(self.other_program_holds, "another program holds the card")
        self.stack.daemon.signal(signal.SIGCONT)
        self.client.wait_for_state("busy")
        self.check_status("held by another program", "end that program", BUSY)
        self.other.close()
        self.client.wait_for_card()

    def other_program_holds(self):
        try:
            self.other = OtherProgram(OtherProgram.EXCLUSIVE)
        except client.PcscError:
            return False
        return True

    def test_a_childs_card_has_no_sign_certificate_and_nobody_is_asked_for_its_pin(self):
        self.put_card(0, "--child")
        self.addCleanup(self.put_card)
        self.assertRegex(self.jpkictl("status"), r"sign .*\n    Certificate +none .*under 15")
        self.assertIn("under 15", self.fails(NO_CERTIFICATE, "cert", "sign"))
        terminal = self.terminal("sign", "sign", self.path("f", b"x"), "-o", self.path("sig"))
        self.assertEqual(NO_CERTIFICATE, terminal.end())
        self.assertNotIn("署名用".encode(), terminal.screen)

    def test_a_phone_gives_no_certificate_without_its_pin(self):
        self.put_card(0, "--type=android-phone")
        self.addCleanup(self.put_card)
        self.fails(NO_PIN, "cert", "auth")
        self.assertEqual(pki("auth.der"), openssl("x509", "-outform", "DER", input=self.jpkictl(
            "cert", "auth", pin=PIN["auth"]).encode()))
        terminal = self.terminal("cert", "auth", "-o", self.path("auth.pem"))
        terminal.wait_for("3 of 3 tries left: ")
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminal.end())

    def test_a_signature_that_the_certificate_does_not_verify_is_not_written(self):
        self.put_card(0, "--corrupt-signature")
        self.addCleanup(self.put_card)
        self.fails(OTHER, "sign", "auth", self.path("f", b"x"), "-o", self.path("sig"), pin=PIN["auth"])
        self.assertEqual(["f"], os.listdir(self.folder))

    def test_a_card_that_goes_while_it_signs(self):
        self.addCleanup(self.insert)
        with self.going_out():
            self.stack.card().control(f"at {SIGN:X} pull")
            self.fails(NO_CARD, "sign", "auth", self.path("f", b"x"), "-o", self.path("sig"), pin=PIN["auth"])
        self.assertEqual(["f"], os.listdir(self.folder))

    def test_a_lost_answer_to_the_pin_is_told_as_one(self):
        self.addCleanup(self.insert)
        with self.going_out():
            self.stack.card().control(f"after {VERIFY:X} pull skip 1")
            self.assertIn("may have cost a try", self.fails(PIN_WRONG, "pin", "verify", "auth", pin=PIN["auth"]))


class MissingParts(unittest.TestCase):
    def check(self, status, says, *arguments):
        for words in (arguments,) if arguments else (["status"], ["cert", "auth"], ["pin", "status"]):
            done = run(*words)
            self.assertEqual(status, done.returncode, done.stderr)
            self.assertRegex(done.stderr.decode(), rf"\Ajpkictl: [^\n]*{says}[^\n]*\n\Z")

    def test_no_bus(self):
        self.check(NO_SERVICE, "system bus")

    def test_no_service(self):
        with stack.Stack(start=["bus"]):
            self.check(NO_SERVICE, "systemctl status jpkid")

    def test_no_pcscd(self):
        with stack.Stack(start=["bus", "daemon"]):
            self.check(NO_SERVICE, "systemctl start pcscd")

    def test_no_reader(self):
        with stack.Stack(readers=0):
            self.check(NO_CARD, "connect one")
            self.assertEqual([], json.loads(run("status", "--json").stdout)["readers"])


class Signatures(TestCase):
    def sign(self, kind, file, *arguments, **options):
        self.jpkictl("sign", kind, file, "--raw", "-o", self.path("sig"), *arguments, pin=PIN[kind], **options)
        return self.content("sig")

    def test_openssl_verifies_every_scheme_with_each_key(self):
        content = os.urandom(3 * 64 * 1024 + 1)
        file = self.path("document", content)
        for kind in PIN:
            for scheme, digest in SCHEMES.items():
                options = (f"digest:{digest}", *(PSS if "pss" in scheme else ()))
                with self.subTest(kind, scheme=scheme):
                    self.assertTrue(verifies(pki(f"{kind}.der"), self.sign(kind, file, "--scheme", scheme),
                                             hashlib.new(digest, content).digest(), *options))

    def test_the_default_scheme_is_rsa_pkcs1_sha256(self):
        file = self.path("document", b"")
        self.assertEqual(self.sign("auth", file, "--scheme=rsa-pkcs1-sha256"), self.sign("auth", file))

    def test_rsa_pkcs1_signs_the_1_to_245_bytes_themselves(self):
        for length in (1, 245):
            content = os.urandom(length)
            signature = self.sign("auth", self.path("bytes", content), "--scheme", "rsa-pkcs1")
            self.assertTrue(verifies(pki("auth.der"), signature, content))
        for length in (0, 246, 100000):
            with self.no_try_spent():
                self.fails(USAGE, "sign", "auth", self.path("bytes", bytes(length)), "--raw", "--scheme", "rsa-pkcs1",
                           "-o", self.path("none"), pin=PIN["auth"])

    def test_a_dash_is_standard_input_and_the_signature_goes_to_standard_output(self):
        reader = stack.pipe_with(PIN["auth"])
        self.addCleanup(os.close, reader)
        done = run("sign", "auth", "-", "--raw", f"--pin-fd={reader}", pass_fds=[reader], stdin=None, input=b"content")
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        self.assertTrue(verifies(pki("auth.der"), done.stdout, hashlib.sha256(b"content").digest(), "digest:sha256"))

    def test_a_signature_never_goes_to_a_terminal_and_no_pin_is_asked_for_one(self):
        terminal = self.terminal("sign", "auth", self.path("f", b"x"))
        self.assertEqual(USAGE, terminal.end())
        self.assertNotIn("PIN".encode(), terminal.screen)

    def test_a_file_that_cannot_be_read_costs_no_pin(self):
        with self.no_try_spent():
            for name in ("missing", "."):
                self.assertIn(name, self.fails(FILE, "sign", "auth", self.path(name), "-o", self.path("sig"),
                                               pin=WRONG_PIN["auth"]))

    def test_an_unknown_scheme_is_refused(self):
        self.fails(USAGE, "sign", "auth", self.path("f", b"x"), "--raw", "--scheme=md5", "-o", self.path("sig"),
                   pin=PIN["auth"])

    def memory_at_the_prompt(self, size):
        path = self.path("large", b"")
        os.truncate(path, size)
        terminal = self.terminal("sign", "auth", path, "--raw", "-o", self.path("sig"))
        terminal.wait_for("tries left: ")
        with open(f"/proc/{terminal.process.pid}/status") as file:
            peak = int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) * 1024
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminal.end(), terminal.screen)
        return peak

    def test_100_mebibytes_are_signed_in_the_memory_of_one(self):
        one = self.memory_at_the_prompt(MEBIBYTE)
        self.assertLess(self.memory_at_the_prompt(100 * MEBIBYTE), one + 4 * MEBIBYTE)
        digest = hashlib.sha256(bytes(100 * MEBIBYTE)).digest()
        self.assertTrue(verifies(pki("auth.der"), self.content("sig"), digest, "digest:sha256"))


class Output(TestCase):
    def test_a_file_is_replaced_whole_and_keeps_its_permissions(self):
        path = self.path("out", b"old" * 1000)
        os.chmod(path, 0o640)
        inode = os.stat(path).st_ino
        self.jpkictl("cert", "auth", "-o", path)
        self.assertEqual(self.jpkictl("cert", "auth").encode(), self.content("out"))
        self.assertEqual(0o640, os.stat(path).st_mode & 0o777)
        self.assertNotEqual(inode, os.stat(path).st_ino)

    def test_a_file_that_is_replaced_stays_with_its_owner_and_group(self):
        path = self.path("out", b"old")
        alice, bob = (pwd.getpwnam(name) for name in ("alice", "bob"))
        os.chown(path, alice.pw_uid, bob.pw_gid)
        os.chmod(path, 0o660)
        self.jpkictl("cert", "auth", "-o", path)
        there = os.stat(path)
        self.assertEqual((alice.pw_uid, bob.pw_gid, 0o660), (there.st_uid, there.st_gid, there.st_mode & 0o777))

    def test_a_new_file_has_the_permissions_that_the_umask_leaves(self):
        before = os.umask(0o027)
        try:
            self.jpkictl("cert", "auth", "-o", self.path("out"))
        finally:
            os.umask(before)
        self.assertEqual(0o640, os.stat(self.path("out")).st_mode & 0o777)

    def test_a_symbolic_link_stays_one(self):
        self.path("target", b"old")
        os.symlink("target", self.path("link"))
        self.jpkictl("cert", "auth", "-o", self.path("link"))
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertIn(b"BEGIN CERTIFICATE", self.content("target"))

    def test_a_device_is_written_to_and_stays_one(self):
        self.jpkictl("cert", "auth", "-o", "/dev/null")
        self.assertFalse(os.path.isfile("/dev/null"))
        self.fails(FILE, "cert", "auth", "-o", "/dev/full")

    def test_what_has_no_room_leaves_nothing_and_keeps_the_old(self):
        small = self.path("small")
        os.mkdir(small)
        subprocess.check_call(["mount", "-t", "tmpfs", "-o", "size=8k", "small", small])
        self.addCleanup(subprocess.check_call, ["umount", small])
        with open(os.path.join(small, "filler"), "wb") as file:
            file.write(bytes(4096))
        with open(os.path.join(small, "sig"), "wb") as file:
            file.write(b"old")
        self.assertIn("No space left", self.fails(FILE, "sign", "auth", self.path("f", b"x"), "-o",
                                                  os.path.join(small, "sig"), pin=PIN["auth"]))
        self.assertEqual(["filler", "sig"], sorted(os.listdir(small)))
        self.assertEqual(b"old", self.content("small/sig"))

    def test_a_folder_that_is_not_there_is_told(self):
        self.fails(FILE, "cert", "auth", "-o", self.path("missing/out"))

    def test_standard_output_that_takes_nothing_is_a_failure(self):
        for command in ("status", "status --json", "pin status", "cert auth", "cert auth --text", "--help",
                        "--version"):
            with self.subTest(command), open("/dev/full", "wb") as full:
                done = run(*command.split(), stdout=full)
                self.assertIn("No space left", self.check_failure(FILE, done.returncode, done.stderr.decode()))

    def test_standard_output_that_is_closed_is_a_failure(self):
        words = ["sh", "-c", 'exec "$@" >&- 2>"$0"', self.path("errors"), stack.program("jpkictl"), "status"]
        self.assertEqual(FILE, subprocess.run(words).returncode)
        self.assertIn(b"Standard output", self.content("errors"))


class SeveralCards(TestCase):
    READERS = 2

    def test_which_one_is_meant_must_be_said(self):
        said = self.fails(USAGE, "cert", "auth")
        for number in (0, 1):
            self.assertIn(f"{self.client.card(number)} ('Virtual Reader {number} 00 00')", said)
        self.fails(USAGE, "pin", "status")

    def test_one_is_chosen_by_reader_or_by_object_path(self):
        readers = {number: path for path, shown in self.client.objects().items() if "org.jpkid1.Reader" in shown
                   for number in (0, 1) if f"Reader {number}" in shown["org.jpkid1.Reader"]["Name"]}
        for number in (0, 1):
            for choice in ("--reader", f"Virtual Reader {number} 00 00"), ("--reader", f"Reader {number}"), \
                    ("--reader", readers[number]), ("--card", self.client.card(number)):
                with self.subTest(choice), self.sent(number) as apdus, self.no_try_spent(1 - number):
                    self.jpkictl("pin", "verify", "auth", *choice, pin=PIN["auth"])
                self.assertEqual(1, len(client.pins_in(apdus)))

    def test_a_choice_that_fits_nothing_is_told(self):
        for choice in ("--reader=Other", "--card=/org/jpkid1/card/999", "--card=Virtual Reader 0 00 00"):
            self.fails(NO_CARD, "cert", "auth", choice)
        self.fails(NO_CARD, "cert", "auth", "--reader=Reader 0", "--card", self.client.card(1))

    def test_status_shows_all_or_the_chosen(self):
        self.assertEqual(2, self.jpkictl("status").count("My Number Card"))
        self.assertEqual(1, self.jpkictl("status", "--reader=Reader 1").count("My Number Card"))
        self.assertEqual(1, len(json.loads(self.jpkictl("status", "--json", "--reader=Reader 1"))["readers"]))

    def test_the_only_usable_card_needs_no_choice(self):
        self.put_card(0, "--type=juki-card")
        self.addCleanup(self.put_card, 0)
        self.jpkictl("cert", "auth")
        self.assertEqual(2, len(self.jpkictl("status").split("Virtual Reader")) - 1)


class CommandLine(unittest.TestCase):
    def test_what_is_not_right_is_told_before_anything_is_done(self):
        for words in ("", "nonsense", "pin", "pin nonsense", "status more", "cert", "cert both", "sign", "sign auth",
                      "sign auth a b", "verify", "verify a b c", "verify a --pem", "status --pem", "cert auth -o", "sign auth f --json", "status --nonsense",
                      "status -x", "status --json=yes", "pin verify auth --pin-fd=x", "pin verify auth --pin-fd=-1",
                      "pin verify auth --pin-fd=99999999999", "pin verify auth --new-pin-fd=0", "pin change both",
                      "pin change auth --reset-code-fd=0", "pin reset auth --pin-fd=0", "pin reset auth --pin-pad",
                      "pin reset auth --reset-code-fd=x"):
            with self.subTest(words):
                done = run(*words.split())
                self.assertRegex(done.stderr.decode(), r"\Ajpkictl: [^\n]+\n\Z")
                self.assertEqual((USAGE, b""), (done.returncode, done.stdout))

    GROUPS = {"card options": {"reader", "card"},
              "card and PIN options": {"reader", "card", "pin-fd", "pin-pad", "allow-last-try"}}

    @classmethod
    def setUpClass(cls):
        cls.help = cls.shown("--help")
        cls.commands = [" ".join(words) for words in golden.commands(cls.help)]
        with open(os.path.join(stack.TOP, "man/jpkictl.1")) as page:
            cls.page = page.read()

    @classmethod
    def shown(cls, *words):
        done = run(*words)
        assert (done.returncode, done.stderr) == (0, b""), done
        return done.stdout.decode()

    @staticmethod
    def options(text):
        return set(re.findall(r"(?m)^  (?:-\w, )?--([a-z-]+)", text))

    def test_help_names_every_command_and_exit_status(self):
        self.assertLess({"status", "cert", "sign", "verify", "diagnose", "monitor", "pin change"}, set(self.commands))
        self.assertEqual(list(map(str, range(DIAGNOSED + 1))), re.findall(r"(?m)^ +(\d+)  \w", self.help))
        self.assertEqual(self.help, self.shown("-h"))

    def test_each_commands_own_help_explains_it_and_its_options(self):
        for command in self.commands:
            with self.subTest(command):
                shown = self.shown(*command.split(), "--help")
                self.assertTrue(shown.startswith(f"Usage: jpkictl {command}"))
                self.assertEqual(shown, self.shown("--help", *command.split()))
                self.assertIn(shown.splitlines()[1], self.help)
                self.assertLessEqual(max(map(len, shown.splitlines())), 100)
        self.assertLess(set(SCHEMES), set(re.findall(r"(?m)^  (rsa\S+) ", self.shown("sign", "--help"))))

    def test_the_synopsis_of_the_manual_has_each_command_with_the_options_of_its_help(self):
        synopsis = self.page.partition(".Sh SYNOPSIS\n")[2].partition(".Sh ")[0]
        forms = {}
        for form in synopsis.split(".Nm\n")[1:]:
            name = re.match(r"\.Cm ((?:pin )?[a-z]+)", form).group(1)
            groups = set().union(*(self.GROUPS[group] for group in re.findall(r"^\.Op Ar (.* options)$", form, re.M)))
            forms[name] = groups | set(re.findall(r"Fl Fl ([a-z-]+)", form)) | set({"output"} if "Fl o " in form else ())
        self.assertEqual({command: self.options(self.shown(*command.split(), "--help")) - {"help", "version"}
                          for command in self.commands}, forms)

    def test_the_manual_explains_each_command_and_option(self):
        explained = set(re.findall(r"Fl Fl ([a-z-]+)", "".join(re.findall(r"(?m)^\.It Fl .*$", self.page))))
        self.assertEqual(set().union(*(self.options(self.shown(*command.split(), "--help"))
                                       for command in self.commands)), explained)
        for command in self.commands:
            self.assertRegex(self.page, rf"(?m)^\.It Cm {command}$")

    def test_the_manual_has_the_exit_statuses_of_the_help_in_both_languages(self):
        for page, language, end in (("man/jpkictl.1", "C.UTF-8", r"\."), ("man/ja/jpkictl.1", "ja_JP.UTF-8", "。")):
            shown = run("--help", env={**os.environ, "LANG": language}).stdout.decode()
            with open(os.path.join(stack.TOP, page)) as page:
                page = page.read()
            self.assertEqual(re.findall(r"(?m)^ +(\d+)  (.+)$", shown), re.findall(rf"(?m)^\.It (\d+)\n(.+){end}$", page))

    def test_version_is_one_line(self):
        self.assertRegex(run("--version").stdout, rb"\Ajpkictl [0-9.]+\n\Z")

    def test_of_several_letters_the_one_that_is_no_option_is_named(self):
        for words, named in (("status -xy", "-x"), ("-xy", "-x"), ("status -hxy", "-x"), ("status -yo out", "-y"),
                             ("-h --nonsense", "--nonsense"), ("status --js", "--js")):
            self.assertIn(f"'{named}'", run(*words.split()).stderr.decode())

    def test_what_is_shown_of_arguments_has_no_control_characters(self):
        said = run("\x1b[31m\nred\x7f\u009b").stderr.decode()
        self.assertRegex(said, r"\A[^\x00-\x09\x0b-\x1f\x7f-\x9f\n]+\n\Z")
