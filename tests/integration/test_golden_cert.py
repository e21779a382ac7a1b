# SPDX-License-Identifier: LGPL-2.1-or-later
"""What jpkictl says of certificates, in both languages."""
import datetime
import re

import dbus

import golden
from client import PIN
from golden import JAPAN
from test_jpkictl_cert import Cards
from test_jpkictl_service import Impostor


class Base(Cards, golden.TestCase):
    WORDS = ((r"(?:[0-9A-F]{2}:){15}[0-9A-F]{2}", "{16 BYTES}"),
             (r"\b(?:AAAA[BE])[A-Za-z0-9+/]{100,}=*", "{KEY}"))

    def shows_both(self, *arguments):
        for kind in PIN:
            self.shows("cert", kind, *arguments, pin=PIN[kind])


class Certificates(Base):
    @golden.situation
    def test_certificates_in_words(self):
        self.shows_both("--text")

    @golden.situation
    def test_issuers_certificates_in_words(self):
        for kind in PIN:
            self.shows("cert", kind, "--issuer", "--text")

    @golden.situation
    def test_certificates_as_json(self):
        self.shows("cert", "sign", "--json", pin=PIN["sign"])
        self.shows("cert", "auth", "--issuer", "--json")

    @golden.situation
    def test_certificates_for_openssh(self):
        self.shows_both("--openssh")
        self.put("000A", self.make("ed448"))
        self.shows("cert", "auth", "--openssh")

    @golden.situation
    def test_certificates_in_forms_that_do_not_go_together(self):
        self.shows("cert", "auth", "--pem", "--der")
        self.shows("cert", "auth", "--issuer", "--openssh")
        self.shows_screen(self.terminal("cert", "auth", "--der"))


class Holders(Base):
    def shows_holder(self, **attributes):
        """Only what is said of the person."""
        self.put("0001", self.make_holder(**attributes))
        done = self.stack.jpkictl("cert", "sign", "--text", pin=PIN["sign"], env=self.environment)
        self.note(f"jpkictl cert sign --text    # {' '.join(attributes.values())}",
                  re.split("^(?:State|状態)", done.stdout, flags=re.M)[0], done.returncode)

    @golden.situation
    def test_holders(self):
        self.shows_holder(_1="山田　太郎", _2="10001", _3="1", _4="119001231", _5="東京都", _6="010")
        self.shows_holder(_1="山田", _2="0100", _3="2", _4="219120730", _5="東京都", _6="0001")
        self.shows_holder(_3="9", _4="319890108")
        self.shows_holder(_4="520200229")

    @golden.situation
    def test_a_certificate_for_tests_and_one_for_nothing(self):
        for extension in ("certificatePolicies=1.2.392.200149.8.5.1.0.20", "certificatePolicies=1.2.3.4"):
            self.put("000A", self.make("rsa:2048", extensions=("keyUsage=keyAgreement", extension)))
            done = self.stack.jpkictl("cert", "auth", "--text", env=self.environment)
            lines = done.stdout.splitlines(True)
            self.note(f"jpkictl cert auth --text    # {extension}",
                      lines[0] + "".join(line for line in lines if "1.2.3" in line), done.returncode)


class Years(Base):
    def on(self, *day, issuer=False):
        moment = datetime.datetime(*day, 12, tzinfo=JAPAN)
        self.clock.set(int(moment.timestamp()))
        self.notes.append(f"# on {moment:%Y-%m-%d}\n")
        self.shows("cert", "auth", *(["--issuer"] if issuer else []), "--text")

    @golden.situation
    def test_a_certificate_through_the_years(self):
        self.addCleanup(self.clock.set, int(self.NOW.timestamp()))
        self.on(2025, 8, 14)
        self.on(2030, 5, 15)
        self.on(2030, 5, 16)
        self.on(2030, 8, 15)
        self.on(2030, 8, 16)
        self.on(2024, 8, 14, issuer=True)
        self.on(2035, 8, 1, issuer=True)
        self.on(2035, 8, 16, issuer=True)


class Nonsense(golden.TestCaseOfParts):
    """Of an impostor, who has the service's name."""

    @golden.situation
    def test_certificates_of_a_service_that_answers_nonsense(self):
        for form, answers in (("--pem", {"GetCertificate": ("ay", b"")}),
                              ("--openssh", {"GetCertificate": ("ay", b"none")}),
                              ("--text", {"Describe": ("a{sv}", dbus.Dictionary({"serial": 1}, signature="sv"))})):
            with Impostor(**answers):
                self.shows("cert", "auth", form)
