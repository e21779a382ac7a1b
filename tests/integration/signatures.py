# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signatures and certificates that OpenSSL makes with the virtual card's own keys, and with others."""
import os
import subprocess

from client import openssl

DAYS = "3650"
OID_SIGNED_DATA = bytes.fromhex("06092A864886F70D010702")
# ContentInfo and SignedData up to the digest algorithms, whose length is 2 MiB.
TOO_LARGE = b"\x30\x80" + OID_SIGNED_DATA + bytes.fromhex("A080 3080 020101 3183200000")
# The same with lengths that nothing has.
HUGE = b"\x30\x88\x7F" + b"\xFF" * 7 + OID_SIGNED_DATA + bytes.fromhex("A0887EFFFFFFFFFFFFFF3084FFFFFFFF020101")

# DER of the signed attributes content-type and message-digest, as a signature is made of them.
ATTRIBUTES = bytes.fromhex("314B 3018 06092A864886F70D010903 310B 06092A864886F70D010701"
                           "302F 06092A864886F70D010904 3122 0420") + bytes(32)


class Maker:
    """In a folder of its own; `pki` is that of the virtual card."""

    def __init__(self, pki, folder):
        self.pki, self.folder = pki, folder
        self.cas = self.path("cas")
        os.makedirs(self.cas, exist_ok=True)
        for kind in "auth", "sign":
            for name in kind, f"{kind}-ca":
                self.write(f"{name}.pem", openssl("x509", "-inform", "DER", "-in", self.of_card(f"{name}.der")))
            self.write(f"cas/{kind}.pem", self.read(f"{kind}-ca.pem"))

    def path(self, name):
        return os.path.join(self.folder, name)

    def of_card(self, name):
        return os.path.join(self.pki, name)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def write(self, name, content):
        with open(self.path(name), "wb") as file:
            file.write(content)
        return self.path(name)

    def certificate(self, name, key=None, issuer="auth-ca", subject="/CN=Somebody", extensions="", options=()):
        """Makes NAME.pem, for the key in this file or a new one NAME.key; issuer None: self-signed."""
        if key is None:
            key = self.path(f"{name}.key")
            openssl("genrsa", "-out", key, "2048")
        request = self.write("request", openssl("req", "-new", "-key", key, "-subj", subject))
        by = (["-signkey", key] if issuer is None else
              ["-CA", self.path(f"{issuer}.pem"), "-CAkey", self.of_card(f"{issuer}.key")])
        openssl("x509", "-req", "-in", request, *by, "-set_serial", "0x41424344", "-days", DAYS, "-extfile",
                self.write("extensions", extensions.encode()), "-out", self.path(f"{name}.pem"), *options)
        return self.path(f"{name}.pem")

    def sign(self, name, content, *options, kind="auth", certificate=None, key=None):
        """Signs as `openssl cms -sign -binary` does; answers the path of the signature."""
        openssl("cms", "-sign", "-binary", "-nosmimecap", "-in", self.write("content", content), "-signer",
                certificate or self.path(f"{kind}.pem"), "-inkey", key or self.of_card(f"{kind}.key"), "-outform",
                "DER", *options, "-out", self.path(name))
        return self.path(name)

    def verifies(self, path, kind, form="DER", content=None):
        """Whether openssl takes it as CAdES, and which content it finds."""
        done = subprocess.run(["openssl", "cms", "-verify", "-cades", "-binary", "-purpose", "any", "-inform", form,
                               "-CAfile", self.path(f"{kind}-ca.pem"), "-in", path,
                               *(["-content", content] if content else [])], capture_output=True)
        return done.stdout if done.returncode == 0 else done.stderr.decode()
