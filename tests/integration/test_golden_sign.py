# SPDX-License-Identifier: LGPL-2.1-or-later
"""What jpkictl says when it signs and verifies, in both languages."""
import os
import shutil
import subprocess

import golden
import signatures
import stack
from client import PIN

CONTENT = b"I agree to the contract.\n"


class Signatures(golden.TestCase):
    def setUp(self):
        super().setUp()
        self.file = self.path("contract.txt", CONTENT)
        self.out = self.path("contract.p7s")
        self.make = signatures.Maker(self.pki, self.folder)

    def sign(self, name="contract.p7s", *options, kind="auth", **others):
        return self.make.sign(name, CONTENT, *options, kind=kind, **others)

    def verify(self, *arguments, **options):
        return self.shows("verify", *arguments, "--ca-dir", self.make.cas, **options)

    @golden.situation
    def test_a_file_is_signed_and_the_signature_verified(self):
        self.shows("sign", "auth", self.file, "-o", self.out, pin=PIN["auth"])
        self.shows("verify", self.out, self.file)
        self.verify(self.out, self.file)
        self.verify(self.out, self.file, "--json")
        screen = self.terminal("sign", "sign", self.file, "--attached", "--pem", "-o", self.path("contract.pem"))
        screen.answer(PIN["sign"] + b"\n")
        self.shows_screen(screen)
        self.shows("verify", self.path("contract.pem"), "-o", self.path("content"))
        self.shows("verify", self.path("contract.pem"), "--json")

    @golden.situation
    def test_a_raw_signature_is_made_and_verified(self):
        certificate = self.path("auth.pem")
        self.shows("sign", "auth", self.file, "--raw", "-o", self.out, pin=PIN["auth"])
        self.shows("verify", "--raw", self.out, self.file, "--certificate", certificate)
        self.shows("verify", "--raw", self.out, self.make.write("other", b"x"), "--certificate", certificate)
        self.shows("sign", "auth", self.file, "--raw", "--scheme=rsa-pkcs1-sha1", "-o", self.out, pin=PIN["auth"])
        self.shows("verify", "--raw", self.out, self.file, "--certificate", certificate, "--scheme=rsa-pkcs1-sha1")
        self.shows("sign", "auth", os.devnull, "--raw", "--scheme=rsa-pkcs1", "-o", self.out, pin=PIN["auth"])
        self.shows("sign", "auth", self.file, "--raw", "--scheme=md5", "-o", self.out, pin=PIN["auth"])

    @golden.situation
    def test_options_of_signatures_that_do_not_go_together(self):
        self.shows("sign", "auth", self.file, "--raw", "--attached", "-o", self.out)
        self.shows("sign", "auth", self.file, "--scheme", "rsa-pss-sha256", "-o", self.out)
        self.shows_screen(self.terminal("sign", "auth", self.file))
        self.shows("sign", "auth", self.file, "-o", self.file)
        self.shows("verify")
        self.shows("verify", "-", "-")
        self.shows("verify", "--raw", self.out, self.file)
        self.shows("verify", "--scheme", "rsa-pss-sha256", self.out, self.file)
        self.shows("verify", self.out, self.file, "-o", self.path("content"))
        self.shows("verify", self.sign(), "--ca-dir", self.make.cas)
        self.shows("verify", self.sign("contract.p7m", "-nodetach"), self.file)

    @golden.situation
    def test_files_of_signatures_that_cannot_be_used(self):
        self.shows("sign", "auth", self.path("missing"), "-o", self.out)
        self.shows("sign", "auth", self.file, "-o", self.path("missing/contract.p7s"))
        self.shows("sign", "sign", self.file, "-o", self.out, "--certificate", self.file)
        self.shows("sign", "auth", self.file, "-o", self.out, "--certificate", self.path("sign.pem"), pin=PIN["auth"])
        config = self.make.write("openssl.cnf", b"openssl_conf = all\n[all]\nalg_section = algorithms\n"
                                 b"[algorithms]\ndefault_properties = provider=none\n")
        self.shows("sign", "auth", self.file, "--raw", "-o", self.out, env={"OPENSSL_CONF": config})
        self.verify(self.sign(), self.file, env={"OPENSSL_CONF": config})
        empty = self.path("empty")
        os.makedirs(empty, exist_ok=True)
        self.shows("verify", self.sign(), self.file, "--ca-dir", empty)
        self.shows("verify", self.sign(), self.file, "--ca-dir", self.path("missing"))
        self.shows_full()

    def shows_full(self):
        for words in (["verify", self.sign(), self.file, "--ca-dir", self.make.cas], ["verify", "-"]):
            folder = os.open(self.folder, os.O_RDONLY)
            self.addCleanup(os.close, folder)
            with open("/dev/full", "wb") as full:
                done = subprocess.run([stack.program("jpkictl"), *words], stdin=folder, stdout=full,
                                      stderr=subprocess.PIPE, text=True, env={**os.environ, **self.environment})
            self.note(" ".join(("jpkictl", *words, "<{FOLDER} >/dev/full")), done.stderr, done.returncode)

    @golden.situation
    def test_what_is_no_signature(self):
        pem = self.make.read("auth.pem")
        good = self.make.read(os.path.basename(self.sign()))
        for name, content in {"nothing": b"", "rubbish": b"rubbish", "certificate.pem": pem,
                              "certificate.der": self.der(pem), "truncated": good[:-100], "longer": good + b"x",
                              "large": signatures.TOO_LARGE}.items():
            self.verify(self.make.write(name, content), self.file)
        subprocess.check_call(["openssl", "cms", "-data_create", "-in", self.file, "-outform", "DER", "-out",
                               self.path("data")])
        self.verify(self.path("data"))
        subprocess.check_call(["openssl", "crl2pkcs7", "-nocrl", "-certfile", self.path("auth.pem"), "-out",
                               self.path("certificates.p7b")])
        self.verify(self.path("certificates.p7b"), self.file)

    @staticmethod
    def der(pem):
        return subprocess.run(["openssl", "x509", "-outform", "DER"], input=pem, capture_output=True,
                              check=True).stdout

    @golden.situation
    def test_signatures_that_are_not_good(self):
        good = bytearray(self.make.read(os.path.basename(self.sign())))
        self.verify(self.sign(), self.make.write("changed.txt", CONTENT + b"Or not.\n"))
        good[-1] ^= 1
        self.verify(self.make.write("broken", good), self.file)
        self.verify(self.sign("nocerts", "-nocerts"), self.file)
        self.verify(self.sign("sha1", "-md", "sha1"), self.file)
        several = [word for _ in range(16) for word in ("-signer", self.path("auth.pem"), "-inkey",
                                                        self.make.of_card("auth.key"))]
        self.verify(self.sign("several", "-nocerts", *several), self.file)
        self.verify(self.another_certificate(), self.file, "--certificate", self.path("twin.pem"))
        self.verify(self.make.sign("made", CONTENT), self.file, "--certificate", self.path("sign.pem"))

    def another_certificate(self):
        """The attributes name one, and another with the same key, issuer and number is at hand."""
        key = self.make.of_card("auth.key")
        self.make.certificate("twin", key=key, subject="/CN=Twin")
        return self.sign("twin.p7s", "-cades", "-nocerts", key=key,
                         certificate=self.make.certificate("named", key=key, subject="/CN=Named"))

    @golden.situation
    def test_signers_who_cannot_be_trusted(self):
        for name, options in {"foreign": {"issuer": None}, "weak": {"options": ["-sha1"]},
                              "keys": {"extensions": "keyUsage = critical, keyEncipherment\n"},
                              "critical": {"extensions": "1.2.3.4 = critical, ASN1:NULL\n"}}.items():
            certificate = self.make.certificate(name, **options)
            self.verify(self.sign(name, certificate=certificate, key=self.path(f"{name}.key")), self.file)
            if name == "foreign":
                self.shows("verify", self.path(name), self.file)
        self.verify(self.changed_certificate(), self.file)
        self.verify(self.issued_by_a_holder(), self.file)
        self.clock.set(int(self.NOW.replace(year=2031).timestamp()))
        self.addCleanup(self.clock.set, int(self.NOW.timestamp()))
        self.verify(self.sign(), self.file)
        self.clock.set(int(self.NOW.timestamp()))

    def changed_certificate(self):
        """The last byte of what its issuer made of it is another."""
        changed = bytearray(self.der(self.make.read("auth.pem")))
        changed[-1] ^= 1
        pem = subprocess.run(["openssl", "x509", "-inform", "DER"], input=changed, capture_output=True, check=True)
        return self.sign("changed", certificate=self.make.write("changed.pem", pem.stdout))

    def issued_by_a_holder(self):
        """With the auth key of the card, which is no authority's."""
        certificate = self.make.certificate("sub", issuer="auth")
        return self.sign("sub", "-certfile", self.path("auth.pem"), certificate=certificate, key=self.path("sub.key"))

    @golden.situation
    def test_a_signer_of_another_authority(self):
        certificate = self.make.certificate("other", issuer=None, extensions="basicConstraints = CA:TRUE\n")
        shutil.copy(certificate, self.make.cas)
        name = self.sign("other.p7s", certificate=certificate, key=self.path("other.key"))
        done = self.stack.jpkictl("verify", name, self.file, "--ca-dir", self.make.cas, env=self.environment)
        purpose = [line for line in done.stdout.splitlines() if "JPKI" in line or "公的個人認証" in line][0]
        self.note("jpkictl verify other.p7s contract.txt", purpose, done.returncode)
