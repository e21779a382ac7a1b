# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMS signatures: OpenSSL takes what jpkictl makes, jpkictl what OpenSSL makes, and neither takes anything else."""
import functools
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import threading
import time
import unittest

import client
import signatures
import stack
from client import PIN, WRONG_PIN, pins_in
from jpkictl import FILE, NOT_AUTHORIZED, PIN_WRONG, SIGNATURE, TRUST, USAGE, TestCase, run

CONTENT = b"I agree to the contract.\r\n\x00\xff" * 5000
MEBIBYTE = 1 << 20
PSS = ("-keyopt", "rsa_padding_mode:pss")


class SigningTestCase(TestCase):
    def setUp(self):
        super().setUp()
        self.make = signatures.Maker(os.environ.get("JPKID_PKI", os.path.join(stack.WORK, "pki")), self.folder)
        self.file = self.path("document", CONTENT)

    def sign(self, kind, *options, name="signature", **more):
        self.jpkictl("sign", kind, self.file, "-o", self.path(name), *options, pin=PIN[kind], **more)
        return self.path(name)

    def verify(self, *arguments):
        return self.jpkictl("verify", *arguments, "--ca-dir", self.make.cas)

    def refuses(self, status, *arguments):
        return self.fails(status, "verify", *arguments, "--ca-dir", self.make.cas)

    def mount_small(self, size):
        small = self.path("small")
        os.mkdir(small)
        subprocess.check_call(["mount", "-t", "tmpfs", "-o", f"size={size}", "small", small])
        self.addCleanup(subprocess.check_call, ["umount", small])
        return small


class Signing(SigningTestCase):
    def test_openssl_takes_every_form_with_each_key(self):
        for kind in PIN:
            for form in "DER", "PEM":
                pem = ["--pem"] if form == "PEM" else []
                with self.subTest(kind, form=form):
                    self.assertEqual(CONTENT, self.make.verifies(self.sign(kind, *pem), kind, form, self.file))
                    self.assertEqual(CONTENT, self.make.verifies(self.sign(kind, "--attached", *pem), kind, form))

    def test_it_has_the_attributes_of_cades_bes_and_the_signers_certificate_only(self):
        shown = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in",
                                self.sign("auth")], capture_output=True, text=True, check=True).stdout
        signed = shown.partition("signedAttrs:")[2].partition("signatureAlgorithm:")[0]
        self.assertEqual({"contentType", "messageDigest", "signingTime", "id-smime-aa-signingCertificateV2"},
                         set(re.findall(r"object: (\S+)", signed)))
        self.assertEqual(1, shown.count("d.certificate:"))

    def test_content_of_any_length_is_signed_as_it_is(self):
        for length in 0, 1, 65535, 65536, 65537:
            self.file = self.path("document", os.urandom(length))
            for options in ["--attached"], ["--attached", "--pem"]:
                form = "PEM" if "--pem" in options else "DER"
                self.assertEqual(self.content("document"),
                                 self.make.verifies(self.sign("auth", *options), "auth", form), (length, form))
                self.verify(self.path("signature"), "-o", self.path("content"))
                self.assertEqual(self.content("document"), self.content("content"))

    def test_a_pipe_goes_in_and_a_pipe_comes_out(self):
        reader = stack.pipe_with(PIN["auth"])
        self.addCleanup(os.close, reader)
        made = run("sign", "auth", "-", "--attached", f"--pin-fd={reader}", pass_fds=[reader], stdin=None, input=CONTENT)
        self.assertEqual((0, b""), (made.returncode, made.stderr))
        taken = run("verify", "-", "--ca-dir", self.make.cas, "-o", "/dev/stderr", stdin=None, input=made.stdout)
        self.assertEqual((0, CONTENT), (taken.returncode, taken.stderr))
        reader = stack.pipe_with(PIN["auth"])
        self.addCleanup(os.close, reader)
        made = run("sign", "auth", "-", f"--pin-fd={reader}", pass_fds=[reader], stdin=None, input=CONTENT)
        for words, read in ([self.path("sig", made.stdout), "-"], CONTENT), (["-", self.file], made.stdout):
            self.assertEqual(0, run("verify", *words, "--ca-dir", self.make.cas, stdin=None, input=read).returncode)

    def test_output_to_a_hyphen_goes_to_standard_output(self):
        folder = self.path("empty")
        os.mkdir(folder)
        made = self.sign("auth", "--attached")
        done = run("verify", made, "--ca-dir", self.make.cas, "-o", "-", cwd=folder)
        self.assertEqual((0, CONTENT), (done.returncode, done.stdout), done.stderr)
        self.assertIn(b"\n", done.stderr)
        done = run("verify", made, "--ca-dir", self.make.cas, "--output=-", "--json", cwd=folder)
        self.assertEqual((CONTENT, "attached"), (done.stdout, json.loads(done.stderr)["form"]))
        done = run("verify", made, self.file, "-o", "-", cwd=folder)
        self.assertEqual((USAGE, b""), (done.returncode, done.stdout))
        for words in (["cert", "auth"], ["sign", "auth", self.file, "--pem"],
                      ["sign", "auth", self.file, "--pem", "--attached"]):
            reader = stack.pipe_with(PIN["auth"])
            self.addCleanup(os.close, reader)
            done = run(*words, f"--pin-fd={reader}", "-o", "-", pass_fds=[reader], cwd=folder)
            self.assertEqual((0, b"-----BEGIN"), (done.returncode, done.stdout[:10]), done.stderr)
        self.assertEqual([], os.listdir(folder))

    def test_the_sign_pin_is_asked_for_once(self):
        with self.sent() as apdus:
            terminal = self.terminal("sign", "sign", self.file, "-o", self.path("signature"))
            terminal.wait_for("5 of 5 tries left: ")
            terminal.type(PIN["sign"] + b"\n")
            self.assertEqual(0, terminal.end(), terminal.screen)
        self.assertEqual(1, terminal.screen.count(b"tries left"))
        self.assertEqual(2, len(pins_in(apdus)))
        self.assertEqual(CONTENT, self.make.verifies(self.path("signature"), "sign", content=self.file))

    def test_with_the_certificate_at_hand_the_pin_is_used_once(self):
        with self.sent() as apdus:
            self.sign("sign", "--certificate", self.path("sign.pem"))
        self.assertEqual(1, len(pins_in(apdus)))
        self.assertEqual(CONTENT, self.make.verifies(self.path("signature"), "sign", content=self.file))

    def test_a_wrong_pin_is_typed_again_and_the_right_one_kept(self):
        terminal = self.terminal("sign", "sign", self.file, "-o", self.path("signature"))
        terminal.wait_for("5 of 5 tries left: ")
        terminal.type(WRONG_PIN["sign"] + b"\n")
        terminal.wait_for("4 of 5 tries left: ")
        terminal.type(PIN["sign"] + b"\n")
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.assertEqual(CONTENT, self.make.verifies(self.path("signature"), "sign", content=self.file))

    def test_a_wrong_pin_by_descriptor_costs_one_try_and_leaves_nothing(self):
        before = sorted(os.listdir(self.folder))
        for options in [], ["--attached"]:
            self.fails(PIN_WRONG, "sign", "sign", self.file, *options, "-o", self.path("signature"),
                       pin=WRONG_PIN["sign"])
            self.assertEqual(4, self.stack.card().tries()["sign"])
            self.forgive()
        self.assertEqual(before, sorted(os.listdir(self.folder)))

    def test_a_phone_gives_certificate_and_signature_for_one_pin(self):
        self.put_card(0, "--type=android-phone")
        self.addCleanup(self.put_card)
        terminal = self.terminal("sign", "auth", self.file, "-o", self.path("signature"))
        terminal.wait_for("3 of 3 tries left: ")
        terminal.type(PIN["auth"] + b"\n")
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.assertEqual(CONTENT, self.make.verifies(self.path("signature"), "auth", content=self.file))

    def test_what_cannot_be_read_or_written_is_told_before_a_pin_is_needed(self):
        read_only = self.path("read-only", b"old")
        subprocess.check_call(["mount", "--bind", "-o", "ro", read_only, read_only])
        self.addCleanup(subprocess.check_call, ["umount", read_only])
        with self.no_try_spent():
            for options in [], ["--attached"], ["--raw"]:
                for file, output in ((self.path("missing"), self.path("signature")), (self.folder, self.path("signature")),
                                     (self.file, self.path("missing/signature")), (self.file, read_only),
                                     (self.file, self.folder), (self.file, self.path("missing/")), (self.file, "")):
                    with self.subTest(options, file=file, output=output):
                        self.fails(FILE, "sign", "sign", file, *options, "-o", output, pin=PIN["sign"])
        self.assertEqual(b"old", self.content("read-only"))

    def test_standard_input_is_not_two_files_at_once(self):
        certificate = self.make.read("auth.pem")
        for words in (["sign", "auth", "-", "--certificate", "-", "-o", self.path("signature")],
                      ["verify", "-", self.file, "--certificate", "-"],
                      ["verify", self.file, "-", "--certificate", "-"]):
            done = run(*words, stdin=None, input=certificate)
            self.check_failure(USAGE, done.returncode, done.stderr.decode())

    def test_what_is_read_is_not_overwritten(self):
        attached = self.sign("auth", "--attached", name="attached")
        before = self.content("attached")
        os.link(self.file, self.path("link"))
        with self.no_try_spent():
            for options in [], ["--attached"], ["--raw"]:
                for output in self.file, self.path("link"):
                    self.fails(USAGE, "sign", "auth", self.file, *options, "-o", output, pin=PIN["auth"])
        self.refuses(USAGE, attached, "-o", attached)
        with open(attached, "rb") as file:
            done = run("verify", "-", "-o", attached, "--ca-dir", self.make.cas, stdin=file)
        self.check_failure(USAGE, done.returncode, done.stderr.decode())
        self.assertEqual((CONTENT, before), (self.content("document"), self.content("attached")))

    def test_a_signal_while_the_pin_is_asked_for_leaves_nothing(self):
        before = sorted(os.listdir(self.folder))
        for number in signal.SIGINT, signal.SIGKILL:
            terminal = self.terminal("sign", "auth", self.file, "--attached", "-o", self.path("signature"))
            terminal.wait_for("tries left: ")
            terminal.process.send_signal(number)
            self.assertEqual(-number, terminal.end())
            self.assertEqual(before, sorted(os.listdir(self.folder)))


class Files(SigningTestCase):
    def test_what_has_no_room_leaves_nothing_and_keeps_the_old(self):
        attached = self.sign("auth", "--attached")
        small = self.mount_small("100k")
        self.path("small/out", b"old")
        with self.no_try_spent():
            self.assertIn("No space left", self.fails(FILE, "sign", "auth", self.file, "--attached", "-o",
                                                      self.path("small/out"), pin=PIN["auth"]))
        self.assertIn("No space left", self.refuses(FILE, attached, "-o", self.path("small/out")))
        self.assertEqual((["out"], b"old"), (os.listdir(small), self.content("small/out")))

    def test_a_name_may_be_as_long_as_names_can_be(self):
        for environment in {}, self.without_unnamed_files():
            for options in [], ["--attached"]:
                self.sign("auth", *options, name="字" * 85, env=environment)
                self.assertEqual(["字" * 85], [name for name in os.listdir(self.folder) if len(name) > 80])

    @staticmethod
    def without_unnamed_files():
        environment = {"LD_PRELOAD": stack.library("tmpfile", "tmpfile.c")}
        if "ASAN_OPTIONS" in os.environ:        # which wants to be loaded first
            environment["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"] + ":verify_asan_link_order=0"
        return environment

    def test_a_file_system_without_unnamed_files_does_as_well(self):
        environment = self.without_unnamed_files()
        small = self.mount_small("300k")
        self.path("small/out", b"old")
        os.chmod(self.path("small/out"), 0o640)
        self.assertEqual(CONTENT, self.make.verifies(
            self.sign("auth", "--attached", name="small/out", env=environment), "auth"))
        self.assertEqual(0o640, os.stat(self.path("small/out")).st_mode & 0o777)
        good = self.content("small/out")
        with open(self.file, "ab") as file:
            file.write(bytes(400 * 1024))
        self.fails(FILE, "sign", "auth", self.file, "--attached", "-o", self.path("small/out"), pin=PIN["auth"],
                   env=environment)
        self.assertEqual((["out"], good), (os.listdir(small), self.content("small/out")))

    def test_a_link_to_nothing_stays_a_link(self):
        os.symlink("missing", self.path("link"))
        self.refuses(FILE, self.sign("auth", "--attached"), "-o", self.path("link"))
        self.assertTrue(os.path.islink(self.path("link")))

    def test_another_user_may_sign_into_a_folder_of_their_own(self):
        os.chmod(self.folder, 0o777)
        self.fails(NOT_AUTHORIZED, "sign", "auth", self.file, "--attached", "-o", self.path("out"), user="alice",
                   pin=PIN["auth"])
        self.assertFalse(os.path.exists(self.path("out")))
        done = self.stack.jpkictl("verify", self.sign("auth", "--attached"), "--ca-dir", self.make.cas, "-o",
                                  self.path("out"), user="alice")
        self.assertEqual((0, CONTENT), (done.returncode, self.content("out")), done.stderr)

    def test_a_group_gets_no_permissions_that_another_had(self):
        attached = self.sign("auth", "--attached")
        os.chmod(self.folder, 0o777)
        alice, bob = (pwd.getpwnam(name) for name in ("alice", "bob"))
        for mode, group, expected in (0o664, bob.pw_gid, 0o604), (0o664, alice.pw_gid, 0o664):
            out = self.path("out", b"old")
            os.chown(out, alice.pw_uid, group)
            os.chmod(out, mode)
            done = self.stack.jpkictl("verify", attached, "--ca-dir", self.make.cas, "-o", out, user="alice")
            self.assertEqual((0, CONTENT), (done.returncode, self.content("out")), done.stderr)
            there = os.stat(out)
            self.assertEqual((alice.pw_gid, expected), (there.st_gid, there.st_mode & 0o777))

    def test_content_is_written_only_when_the_signature_is_good(self):
        bad = bytearray(self.make.read(os.path.basename(self.sign("auth", "--attached"))))
        bad[bad.index(b"contract")] ^= 1
        foreign = self.make.sign("foreign", CONTENT, "-nodetach", key=self.path("foreign.key"),
                                 certificate=self.make.certificate("foreign", issuer=None))
        self.path("content", b"old")
        self.refuses(SIGNATURE, self.make.write("bad", bad), "-o", self.path("content"))
        self.refuses(TRUST, foreign, "-o", self.path("content"))
        self.refuses(TRUST, foreign, "-o", "/dev/stdout")
        self.assertEqual(b"old", self.content("content"))

    def test_a_file_that_shrinks_or_a_pipe_that_ends_early_is_a_bad_signature(self):
        made = self.make.read(os.path.basename(self.sign("auth", "--attached")))
        fifo = self.path("fifo")
        os.mkfifo(fifo)

        def write():
            with open(fifo, "wb") as file:
                file.write(made[:50000])
        writer = threading.Thread(target=write)
        writer.start()
        self.assertIn("too early", self.refuses(SIGNATURE, fifo))
        writer.join()

    def test_files_that_cannot_be_read(self):
        made = self.sign("auth")
        for words in ([self.path("missing"), self.file], [self.folder, self.file], [made, self.path("missing")],
                      [made, self.folder], [made, self.file, "--certificate", self.path("missing")]):
            self.refuses(FILE, *words)


class Verifying(SigningTestCase):
    def test_it_takes_what_openssl_makes(self):
        for kind in PIN:
            for options in ([], ["-noattr"], ["-md", "sha384"], ["-md", "sha512"], ["-keyid"], ["-cades"], PSS,
                            ["-noattr", *PSS], ["-md", "sha512", *PSS], ["-outform", "PEM"]):
                with self.subTest(kind, options=options):
                    self.verify(self.make.sign("detached", CONTENT, *options, kind=kind), self.file)
                    self.verify(self.make.sign("attached", CONTENT, "-nodetach", *options, kind=kind), "-o",
                                self.path("content"))
                    self.assertEqual(CONTENT, self.content("content"))

    def test_it_takes_what_openssl_streams(self):
        for form in "DER", "PEM":
            self.verify(self.make.sign("attached", CONTENT, "-nodetach", "-stream", "-outform", form), "-o",
                        self.path("content"))
            self.assertEqual(CONTENT, self.content("content"))

    def test_text_before_pem_is_passed_over(self):
        made = self.content(self.sign("auth", "--pem"))
        for text in b"0", b"0. The signature\n", "0署名\n".encode(), b"A signature\n":
            with self.subTest(text):
                self.verify(self.path("with-text", text + b"\n" + made), self.file)

    def test_it_says_who_has_signed_and_what_is_only_claimed(self):
        shown = json.loads(self.verify(self.sign("sign"), self.file, "--json"))
        signer, = shown["signers"]
        self.assertEqual((True, "detached", "directory", "unknown"),
                         (shown["good"], shown["form"], shown["trust"], shown["revocation"]))
        self.assertEqual(("公的　花子", "sign", "sha256"), (signer["name"], signer["purpose"], signer["digest"]))
        claimed = time.mktime(time.strptime(signer["claimed-time"], "%Y-%m-%dT%H:%M:%S%z"))
        self.assertLess(abs(time.mktime(time.gmtime()) - claimed), 14 * 3600)

    def test_without_a_directory_the_cards_own_issuers_are_trusted_and_no_pin_is_needed(self):
        made = {kind: self.sign(kind, name=kind) for kind in PIN}
        with self.no_try_spent():
            for kind, path in made.items():
                self.assertIn("on the card in the reader", self.jpkictl("verify", path, self.file))

    def test_a_signature_is_found_bad_without_any_card(self):
        made = self.sign("auth")
        self.pull()
        self.addCleanup(self.insert)
        self.fails(SIGNATURE, "verify", made, self.make.write("other", b"other"))
        self.verify(made, self.file)

    def test_all_signers_must_be_good(self):
        both = self.make.sign("both", CONTENT, "-signer", self.path("sign.pem"), "-inkey",
                              self.make.of_card("sign.key"))
        self.assertEqual(2, len(json.loads(self.verify(both, self.file, "--json"))["signers"]))
        foreign = self.make.certificate("foreign", issuer=None)
        self.refuses(TRUST, self.make.sign("one", CONTENT, "-signer", foreign, "-inkey", self.path("foreign.key")),
                     self.file)

    def test_of_another_signer_than_the_one_who_is_named_nothing_is_good(self):
        made = self.make.sign("made", CONTENT)
        self.verify(made, self.file, "--certificate", self.path("auth.pem"))
        self.refuses(TRUST, made, self.file, "--certificate", self.path("sign.pem"))

    def test_a_missing_certificate_can_be_given(self):
        made = self.make.sign("nocerts", CONTENT, "-nocerts")
        self.refuses(SIGNATURE, made, self.file)
        self.refuses(SIGNATURE, made, self.file, "--certificate", self.path("sign.pem"))
        self.verify(made, self.file, "--certificate", self.path("auth.pem"))

    def test_signed_attributes_are_not_taken_for_content(self):
        """A signature of attributes is one of that content for who leaves them away: nobody has signed that."""
        for content, good in (signatures.ATTRIBUTES, False), (b"1\n0\n" * 3, True), (b"1", True), (b"", True):
            made = self.make.sign("noattr", content, "-noattr")
            attached = self.make.sign("attached", content, "-noattr", "-nodetach")
            for words in [made, self.make.write("file", content)], [attached]:
                (self.verify if good else functools.partial(self.refuses, SIGNATURE))(*words)

    def test_keys_for_other_uses_sign_nothing(self):
        for name, extensions in {"encryption": "keyUsage = keyEncipherment\n", "ca": "keyUsage = keyCertSign\n",
                                 "server": "extendedKeyUsage = serverAuth\n",
                                 "ocsp": "keyUsage = digitalSignature\nextendedKeyUsage = OCSPSigning\n"}.items():
            certificate = self.make.certificate(name, extensions=extensions)
            made = self.make.sign("made", CONTENT, certificate=certificate, key=self.path(f"{name}.key"))
            self.refuses(TRUST, made, self.file)
        for uses in "clientAuth", "emailProtection,serverAuth", "anyExtendedKeyUsage", "1.3.6.1.5.5.7.3.36":
            certificate = self.make.certificate("good", extensions=f"extendedKeyUsage = {uses}\n")
            self.verify(self.make.sign("made", CONTENT, certificate=certificate, key=self.path("good.key")), self.file)

    def test_what_is_no_certificate_in_the_directory_is_passed_over(self):
        made = self.sign("auth")
        cas = functools.partial(os.path.join, self.make.cas)
        os.mkfifo(cas("fifo"))
        os.mkdir(cas("folder"))
        for name, target in ("loop", "loop"), ("dangling", "missing"), ("to-fifo", "fifo"):
            os.symlink(target, cas(name))
        self.make.write("cas/random", os.urandom(1000))
        os.truncate(self.make.write("cas/large", b""), 1 << 31)
        self.verify(made, self.file)

    def test_what_cannot_be_read_hides_no_certificate_behind_it(self):
        made = self.sign("auth")
        bundle = self.path("bundle")
        os.mkdir(bundle)
        for text in b"AAAA\n", b"!\n", b"":
            self.path("bundle/pem", b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n" +
                      self.make.read("auth-ca.pem"))
            self.jpkictl("verify", made, self.file, "--ca-dir", bundle)

    def test_the_name_of_the_directory_is_shown_without_control_characters(self):
        odd = self.path("\x1b[31m\n")
        shutil.copytree(self.make.cas, odd)
        self.assertNotRegex(self.jpkictl("verify", self.sign("auth"), self.file, "--ca-dir", odd), r"\x1b|\n\n")

    def test_no_passphrase_is_asked_for(self):
        made = self.sign("auth")
        begin = b"-----BEGIN CERTIFICATE-----\n"
        self.make.write("cas/encrypted.pem", self.make.read("auth-ca.pem").replace(
            begin, begin + b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC," + b"00" * 16 + b"\n\n"))
        terminal = self.terminal("verify", made, self.file, "--ca-dir", self.make.cas)
        self.assertEqual(0, terminal.end(), terminal.screen)
        self.assertNotIn(b"PEM", terminal.screen)

    def test_der_is_one_certificate_whatever_is_in_it(self):
        foreign = self.make.certificate("foreign", issuer=None, extensions="basicConstraints = CA:TRUE\n")
        made = self.make.sign("made", CONTENT, certificate=foreign, key=self.path("foreign.key"))
        der = client.openssl("x509", "-in", self.path("auth.pem"), "-outform", "DER")
        self.make.write("cas/auth.der", der + b"\n" + self.make.read("foreign.pem"))
        self.refuses(TRUST, made, self.file)

    def test_a_ca_in_the_directory_is_trusted_without_the_one_above_it(self):
        self.make.certificate("below-ca", extensions="basicConstraints = CA:TRUE\n", subject="/CN=Below")
        shutil.move(self.path("below-ca.key"), self.make.of_card("below-ca.key"))
        self.addCleanup(os.unlink, self.make.of_card("below-ca.key"))
        certificate = self.make.certificate("leaf", issuer="below-ca")
        made = self.make.sign("made", CONTENT, certificate=certificate, key=self.path("leaf.key"))
        self.refuses(TRUST, made, self.file)
        with_it = self.make.sign("with-it", CONTENT, "-certfile", self.path("below-ca.pem"), certificate=certificate,
                                 key=self.path("leaf.key"))
        self.verify(with_it, self.file)
        os.unlink(self.path("cas/auth.pem"))
        self.refuses(TRUST, with_it, self.file)
        os.rename(self.path("below-ca.pem"), self.path("cas/below.pem"))
        self.verify(made, self.file)

    def test_a_name_is_shown_to_its_end_whatever_is_in_it(self):
        pem = self.make.certificate("foreign", issuer=None, subject="/CN=Some_body/O=Other")
        der = client.openssl("x509", "-in", pem, "-outform", "DER").replace(b"Some_body", b"Some\0body")
        self.make.write("foreign.pem", client.openssl("x509", "-inform", "DER", input=der))
        made = self.make.sign("made", CONTENT, certificate=pem, key=self.path("foreign.key"))
        self.assertIn("CN=Some\\00body, O=Other comes from", self.refuses(TRUST, made, self.file))

    def test_other_digests_are_refused(self):
        for digest in "md5", "sha1", "sha224", "sha3-256":
            self.refuses(SIGNATURE, self.make.sign(digest, CONTENT, "-md", digest), self.file)

    def test_a_changed_byte_is_noticed_or_means_nothing_to_openssl_either(self):
        """A sample of all places."""
        good = self.make.read(os.path.basename(self.sign("auth")))
        for place in range(0, len(good), 29):
            bad = bytearray(good)
            bad[place] ^= 0x55
            path = self.make.write("bad", bad)
            done = self.stack.jpkictl("verify", path, self.file, "--ca-dir", self.make.cas)
            if done.returncode == 0:
                self.assertEqual(CONTENT, self.make.verifies(path, "auth", content=self.file), place)
                continue
            self.check_failure(done.returncode, done.returncode, done.stderr)
            self.assertIn(done.returncode, (SIGNATURE, TRUST, USAGE), done.stderr)

    def test_no_beginning_of_a_signature_is_one(self):
        good = self.make.read(os.path.basename(self.sign("auth", "--attached")))
        for length in [*range(0, 80, 3), len(good) - 2000, *range(len(good) - 40, len(good), 3)]:
            self.refuses(SIGNATURE, self.make.write("bad", good[:length]))

    def test_rubbish_is_refused(self):
        deep = b"\x30\x80" + signatures.OID_SIGNED_DATA + bytes.fromhex("A080 3080 020101 3180") + b"\x30\x80" * 100000
        octets = (b"\x30\x80" + signatures.OID_SIGNED_DATA + bytes.fromhex("A080 3080 020101 3100 3080") +
                  bytes.fromhex("06092A864886F70D010701 A080") + b"\x24\x80" * 100000)
        for name, content in {"empty": b"", "zeros": bytes(1000), "random": os.urandom(100000), "deep": deep,
                              "octets": octets, "huge": signatures.HUGE, "large": signatures.TOO_LARGE,
                              "pem": b"-----BEGIN CMS-----\n!!!!\n-----END CMS-----\n", "dashes": b"-----BEGIN ",
                              "cut": b"-----BEGIN CMS-----\nMIAGCSqGSIb3DQEHAqCAMIACAQEx\n"}.items():
            with self.subTest(name):
                self.refuses(SIGNATURE, self.make.write("bad", content), self.file)

    def test_raw_signatures_of_every_scheme(self):
        for scheme in "rsa-pkcs1-sha256", "rsa-pkcs1-sha384", "rsa-pkcs1-sha512", "rsa-pss-sha256":
            words = ["--raw", self.sign("auth", "--raw", "--scheme", scheme), self.file, "--scheme", scheme,
                     "--certificate"]
            self.verify(*words, self.path("auth.pem"))
            self.refuses(SIGNATURE, *words, self.path("sign.pem"))
        foreign = self.make.certificate("foreign", key=self.make.of_card("auth.key"), issuer=None)
        self.sign("auth", "--raw")
        self.refuses(TRUST, "--raw", self.path("signature"), self.file, "--certificate", foreign)


@unittest.skipIf("ASAN_OPTIONS" in os.environ, "a sanitizer's own memory is not ours")
class Memory(SigningTestCase):
    SIZE, LIMIT = 64 * MEBIBYTE, 16 * MEBIBYTE

    def peak(self, process):
        with open(f"/proc/{process.pid}/status") as file:
            return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) * 1024

    def test_64_mebibytes_are_signed_and_verified_in_16(self):
        os.truncate(self.file, self.SIZE)
        for name, options in {"detached": [], "attached": ["--attached"], "pem": ["--attached", "--pem"]}.items():
            terminal = self.terminal("sign", "auth", self.file, *options, "-o", self.path(name))
            terminal.wait_for("tries left: ")
            self.assertLess(self.peak(terminal.process), self.LIMIT, name)
            terminal.type(PIN["auth"] + b"\n")
            self.assertEqual(0, terminal.end(), terminal.screen)
        for words, read in ([self.path("detached"), "-"], "document"), (["-"], "attached"), (["-"], "pem"):
            process = subprocess.Popen([stack.program("jpkictl"), "verify", *words, "--ca-dir", self.make.cas],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            with open(self.path(read), "rb") as file:
                content = file.read()
            process.stdin.write(content[:-1])
            process.stdin.flush()
            self.assertLess(self.peak(process), self.LIMIT, words)
            self.assertIn(b"good", process.communicate(content[-1:])[0])
            self.assertEqual(0, process.returncode)
