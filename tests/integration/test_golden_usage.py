# SPDX-License-Identifier: LGPL-2.1-or-later
"""What jpkictl says of its command line, in both languages; nothing else runs."""
import golden


class Usage(golden.TestCaseOfParts):
    WORDS = ((r"(?m)^jpkictl \d+\.\d+(\.\d+)*$", "jpkictl {VERSION}"),)
    PARTS = ()

    @golden.situation
    def test_help(self):
        done = self.shows("--help")
        for command in golden.commands(done.stdout):
            self.shows(*command, "--help")
        self.shows("--version")

    @golden.situation
    def test_command_lines_that_are_not_right(self):
        for line in ("", "nonsense", "pin", "status more", "cert", "cert both", "sign auth", "status --pem",
                     "cert auth -o", "status --nonsense", "status -x", "status --json=yes", "pin verify auth --pin-fd=x",
                     "pin verify auth --pin-fd=99", "sign auth f --scheme=x"):
            self.shows(*line.split())

    @golden.situation
    def test_what_completion_offers(self):
        for line in ((), ("pin",), ("cert",), ("sign", "auth", "f", "--scheme")):
            self.shows("--complete", *line, "")
        self.shows("--complete", "cert", "--")
