# SPDX-License-Identifier: LGPL-2.1-or-later
"""jpkictl cert: certificates in a person's words, and in the forms that other programs take."""
import hashlib
import json
import os
import re
import subprocess

import stack
from client import PIN, openssl, pki
from jpkictl import NOT_AUTHORIZED, NOT_POSSIBLE, USAGE, TestCase, run

SUBJECT_NAMES = "esc_2253,esc_ctrl,utf8,dump_nostr,dump_der,sep_comma_plus_space,sname"
HOLDER = "1.2.392.200149.8.5.5"


def ssh_keygen(*arguments, **options):
    return subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True, text=True, **options).stdout


class Cards:
    """Makes cards with other certificates."""

    def make(self, *key, extensions=(), more=""):
        """The DER of a self-signed certificate with such a key ("rsa:2048", "ec", "-pkeyopt", …)."""
        config = "\n".join(["[req]", "distinguished_name = name", "x509_extensions = extensions", "[name]", "[extensions]",
                            *extensions, more])
        return openssl("req", "-config", self.path("openssl.cnf", config.encode()), "-utf8", "-new", "-x509", "-newkey",
                       *key, "-nodes", "-keyout", "/dev/null", "-subj", "/C=JP/CN=0123456789ABCDEFGHIJKLM", "-outform",
                       "DER")

    def make_holder(self, **attributes):
        """Of the sign certificate of somebody with these attributes: _1="name", _2="00100", …"""
        names = (f"otherName{number.replace('_', '.')} = {HOLDER}{number.replace('_', '.')};FORMAT:UTF8,UTF8:{value}\n"
                 for number, value in attributes.items())
        return self.make("rsa:2048", extensions=("keyUsage = critical, digitalSignature, nonRepudiation",
                                                 "subjectAltName = @holder"), more="[holder]\n" + "".join(names))

    def put(self, file, content):
        path = os.path.join(stack.WORK, f"{file}.der")
        with open(path, "wb") as out:
            out.write(content)
        self.put_card(0, f"--certificate={file}={path}")


class Forms(Cards, TestCase):
    def test_pem_is_the_default_and_der_what_the_card_has(self):
        for kind in PIN:
            pem = self.jpkictl("cert", kind, pin=PIN[kind])
            self.assertEqual(pem, self.jpkictl("cert", kind, "--pem", pin=PIN[kind]))
            self.assertEqual(pki(f"{kind}.der"), openssl("x509", "-outform", "DER", input=pem.encode()))
            self.jpkictl("cert", kind, "--der", "-o", self.path("der"), pin=PIN[kind])
            self.assertEqual(pki(f"{kind}.der"), self.content("der"))

    def test_the_issuers(self):
        for kind in PIN:
            self.jpkictl("cert", kind, "--issuer", "--der", "-o", self.path("der"))
            self.assertEqual(pki(f"{kind}-ca.der"), self.content("der"))
            pem = self.jpkictl("cert", kind, "--issuer").encode()
            self.assertEqual(pki(f"{kind}-ca.der"), openssl("x509", "-outform", "DER", input=pem))

    def check_openssh(self, der, line):
        """It is the key that ssh-keygen makes of the certificate's own, and it takes the line."""
        key = self.path("key.pem", openssl("x509", "-inform", "DER", "-noout", "-pubkey", input=der))
        self.assertEqual(ssh_keygen("-i", "-m", "PKCS8", "-f", key).split(), line.split()[:2])
        self.assertIn(line.split()[2], ssh_keygen("-l", "-f", self.path("key.pub", line.encode())))

    def test_openssh_takes_the_key(self):
        for kind in PIN:
            line = self.jpkictl("cert", kind, "--openssh", pin=PIN[kind])
            self.assertRegex(line, rf"\Assh-rsa [A-Za-z0-9+/]+=* jpki-{kind}\n\Z")
            self.check_openssh(pki(f"{kind}.der"), line)

    def test_openssh_takes_the_keys_of_the_next_cards(self):
        self.addCleanup(self.put_card)
        for curve, name in (("P-256", "nistp256"), ("P-384", "nistp384"), ("P-521", "nistp521")):
            with self.subTest(curve):
                certificate = self.make("ec", "-pkeyopt", f"ec_paramgen_curve:{curve}")
                self.put("000A", certificate)
                line = self.jpkictl("cert", "auth", "--openssh")
                self.assertRegex(line, rf"\Aecdsa-sha2-{name} [A-Za-z0-9+/]+=* jpki-auth\n\Z")
                self.check_openssh(certificate, line)

    def test_of_a_key_that_openssh_does_not_take_there_is_no_line(self):
        self.addCleanup(self.put_card)
        for key in (["ed448"], ["ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]):
            with self.subTest(key):
                self.put("000A", self.make(*key))
                self.assertIn("OpenSSH", self.fails(NOT_POSSIBLE, "cert", "auth", "--openssh"))

    def test_der_never_goes_to_a_terminal(self):
        terminal = self.terminal("cert", "auth", "--der")
        self.assertEqual(USAGE, terminal.end())
        self.assertIn(b"-o FILE", terminal.screen)
        self.assertEqual(pki("auth.der"), run("cert", "auth", "--der").stdout)

    def test_only_one_form_at_a_time(self):
        for forms in (["--pem", "--der"], ["--der", "--text"], ["--pem", "--json"], ["--openssh", "--text"],
                      ["--openssh", "--pem"], ["--issuer", "--openssh"]):
            self.fails(USAGE, "cert", "auth", *forms)

    def test_who_may_not_read_it_is_told_so(self):
        for form in ("--pem", "--text", "--json", "--openssh"):
            self.fails(NOT_AUTHORIZED, "cert", "auth", form, user="alice")


class Words(Cards, TestCase):
    def value(self, shown, label):
        """What stands at a label; None: it is not there."""
        return next((line[20:] for line in shown.splitlines() if line.startswith(label)), None)

    def fingerprint(self, shown):
        return "".join(re.findall(r"(?:[0-9A-F]{2}:){15}[0-9A-F]{2}", shown)).replace(":", "").lower()

    def test_text_says_what_openssl_says(self):
        for name, arguments in (("auth", ["auth"]), ("auth-ca", ["auth", "--issuer"]), ("sign-ca", ["sign", "--issuer"])):
            shown = self.jpkictl("cert", *arguments, "--text")
            lines = openssl("x509", "-inform", "DER", "-noout", "-serial", "-subject", "-issuer", "-nameopt",
                            SUBJECT_NAMES, input=pki(f"{name}.der")).decode().splitlines()
            for line in lines:
                key, value = line.split("=", 1)
                self.assertEqual(value, self.value(shown, key.capitalize()))
            self.assertEqual(hashlib.sha256(pki(f"{name}.der")).hexdigest(), self.fingerprint(shown))

    def test_text_of_the_sign_certificate_tells_who_the_holder_is(self):
        shown = self.jpkictl("cert", "sign", "--text", pin=PIN["sign"])
        holder = json.loads(self.jpkictl("cert", "sign", "--json", pin=PIN["sign"]))["holder"]
        self.assertEqual("公的　[花]子", self.value(shown, "Name"))
        self.assertEqual(holder["address"], self.value(shown, "Address"))
        self.assertEqual("1990-12-31 (Heisei 2)", self.value(shown, "Birth date"))
        self.assertEqual(("1990-12-31", "heisei"), (holder["birth-date"], holder["birth-era"]))

    def test_text_of_the_auth_certificate_has_no_holder(self):
        self.assertNotIn("Birth", self.jpkictl("cert", "auth", "--text"))

    def test_a_holder_whose_certificate_contradicts_itself_is_shown_as_it_is(self):
        self.addCleanup(self.put_card)
        self.put("0001", self.make_holder(_1="山田", _2="0101", _4="320000401", _3="9", _5="東京都", _6="1"))
        shown = self.jpkictl("cert", "sign", "--text", pin=PIN["sign"])
        self.assertEqual("山[田]", self.value(shown, "Name"))
        self.assertEqual("[東]京都", self.value(shown, "Address"))
        self.assertEqual("9", self.value(shown, "Gender"))
        self.assertRegex(self.value(shown, "Birth date"), r"\A2000-04-01 \(.*Showa")
        self.assertRegex(shown, "4 marks for 2 characters")
        self.assertRegex(shown, "1 marks for 3 characters")

    def test_control_characters_of_a_certificate_reach_no_terminal(self):
        self.addCleanup(self.put_card)
        self.put("0001", self.make_holder(_1="a\u202e\x1b]0;owned\x07", _5="\u202eb\u0085\u2028"))
        for form in ("--text", "--json"):
            shown = self.jpkictl("cert", "sign", form, pin=PIN["sign"])
            self.assertNotRegex(shown, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]")

    def test_json_has_times_that_programs_can_read(self):
        shown = json.loads(self.jpkictl("cert", "auth", "--json"))
        self.assertRegex(shown["not-after"], r"^\d{4}-\d\d-\d\dT23:59:59\+09:00$")
        self.assertEqual(("valid", "unknown", None), (shown["state"], shown["revocation"], shown["holder"]))
        self.assertEqual(shown, json.loads(self.jpkictl("cert", "auth", "--text", "--json")))

    def test_json_says_what_text_says(self):
        shown = json.loads(self.jpkictl("cert", "sign", "--json", pin=PIN["sign"]))
        self.assertEqual(("digital-signature", "1.2.392.200149.8.5.1.1.20", "http://www.jpki.go.jp/cps.html"),
                         (shown["purpose"], shown["policy"], shown["cps"]))
        self.assertEqual(hashlib.sha256(pki("sign.der")).hexdigest(), shown["fingerprint-sha256"])

    def test_json_of_the_issuer(self):
        shown = json.loads(self.jpkictl("cert", "auth", "--issuer", "--json"))
        self.assertEqual(("certificate-authority", None, None),
                         (shown["purpose"], shown["renewable-from"], shown["holder"]))
        self.assertIn("公的個人認証サービス", shown["subject-alternative"])
