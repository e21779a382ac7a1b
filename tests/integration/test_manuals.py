# SPDX-License-Identifier: LGPL-2.1-or-later
"""The manual pages are clean, and the Japanese ones say what the English ones do, as far as a program can tell.

A page is taken as its skeleton: the lines that make its structure, and between them the words that are no language but
names of things, such as those of .Fl, .Cm and .Xr. A Japanese page names the digest of the English one that it
translates, so that no change of that is forgotten.
"""
import functools
import glob
import hashlib
import os
import re
import subprocess
import unittest

import stack

ENGLISH = sorted(glob.glob(os.path.join(stack.TOP, "man/*.[1-9]")))
STRUCTURE = re.compile(r"\.(Dd|Dt|Os|Sh|Bl|It|El|Bd|Ed|Pp|br)\b")
LITERAL = set("Ar Cm Dq Dv Em Er Ev Fa Fl Fn Ic Li Nm Pa Ql Sq Va Xr".split())
MACROS = LITERAL | set("Dc Do No Ns Op Pc Po Pq".split())
DELIMITERS = set(". , : ; ( ) [ ] ? ! |".split())
JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def read(path):
    with open(path) as file:
        return file.read()


def translation(path):
    return os.path.join(os.path.dirname(path), "ja", os.path.basename(path))


def installed(path):
    """What the build makes of a Japanese page."""
    return os.path.join(stack.BUILD, "man/ja", f"man{path[-1]}", os.path.basename(path))


def literals(line):
    """The (macro, words) of a line. What .Ar has of several words is a description."""
    found, macro = [], None
    for word in re.findall(r'"[^"]*"|\S+', line[1:] if line.startswith(".") else ""):
        if word in MACROS:
            macro = word
            found.append((macro, []))
        elif word in DELIMITERS or not word.isascii():
            found.append((macro, []))
        elif macro in LITERAL:
            found[-1][1].append(word)
    return {(macro, " ".join(words)) for macro, words in found if words and (macro != "Ar" or len(words) == 1)}


def skeleton(text):
    """[[a line of the structure, the literals up to the next]…]; in a synopsis and in a display each line counts."""
    page, section, is_display = [], "", False
    for line in text.splitlines():
        if line.startswith(".Sh "):
            section = line
        if is_display or STRUCTURE.match(line):
            page.append([line, set()])
        elif line.startswith(".Ss "):
            page.append([".Ss", set()])
        elif section == ".Sh SYNOPSIS":
            page.append(["", literals(line)])
        elif page:
            page[-1][1].update(literals(line))
        is_display = line.startswith(".Bd ") or is_display and line != ".Ed"
    return [[line, sorted(words)] for line, words in page]


def of_each_page(test):
    @functools.wraps(test)
    def run(self):
        self.assertGreaterEqual(len(ENGLISH), 5)
        for path in ENGLISH:
            with self.subTest(page=os.path.basename(path)):
                test(self, path)
    return run


class Manuals(unittest.TestCase):
    maxDiff = None

    @of_each_page
    def test_mandoc_finds_no_fault_with_any_page(self, path):
        for page in (path, translation(path)):
            done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True)
            self.assertEqual((0, ""), (done.returncode, done.stdout))

    @of_each_page
    def test_each_page_has_the_same_parts_and_names_in_japanese(self, path):
        self.assertEqual(skeleton(read(path)), skeleton(read(translation(path))))

    @of_each_page
    def test_no_change_of_a_page_is_forgotten_in_japanese(self, path):
        name = os.path.relpath(path, stack.TOP)
        line = f'.\\" Translation of {name} as of sha256 {hashlib.sha256(read(path).encode()).hexdigest()}'
        self.assertIn(line, read(translation(path)).splitlines(),
                      f"{name} has changed. Translate what is new in it, and then write that line.")

    @of_each_page
    def test_the_sections_that_are_installed_have_japanese_names(self, path):
        sections = re.findall(r"(?m)^\.Sh (.*)", read(installed(path)))
        self.assertEqual([], [section for section in sections if not JAPANESE.search(section)])

    @of_each_page
    def test_whatis_finds_what_is_installed(self, path):
        found = subprocess.check_output(["lexgrog", installed(path)], text=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
        self.assertRegex(found, rf'"{re.escape(os.path.basename(path)[:-2])} - .*{JAPANESE.pattern}')

    @of_each_page
    def test_each_page_is_shown_without_warnings_and_laid_out_alike(self, path):
        """What groff does with a page's name, header and synopsis hangs on the names of sections."""
        english, japanese = self.shown(path), self.shown(installed(path))
        self.assertEqual(english.splitlines()[0], japanese.splitlines()[0])
        self.assertEqual(*([re.findall(r"(?m)^ +([/\w.-]+ \S+)", synopsis)
                            for synopsis in re.findall(rf"(?ms)^{name}\n(.*?)^\S", page)]
                           for name, page in (("SYNOPSIS", english), ("書式", japanese))))

    def test_the_keys_and_words_of_json_are_those_of_the_manual(self):
        section = re.search(r"(?s)^\.Sh JSON$(.*?)^\.Sh ", read(os.path.join(stack.TOP, "man/jpkictl.1")), re.M)[1]
        keys = {word for line in re.findall(r"(?m)^\.Cm (.*)", section) for word in re.findall(r"[a-z\d-]+", line)}
        commands = set(re.findall(r"(?m)^\.It Cm (.*)", section))
        printed = {key for path in glob.glob(os.path.join(stack.TOP, "tests/integration/golden/*"))
                   for key in re.findall(r'(?m)^ +"([a-z\d-]+)":', read(path))}
        written = {word for path in glob.glob(os.path.join(stack.TOP, "client/jpkictl/json*.c"))
                   for word in re.findall(r'"([a-z][a-z-]*)"', read(path))}
        self.assertLessEqual({"status", "cert", "verify", "diagnose", "monitor"}, commands)
        self.assertEqual(set(), printed - keys)
        self.assertEqual(set(), keys - printed - written - {"null"})
        self.assertEqual(set(), written - set(re.findall(r"[a-z\d-]+", section)))

    def shown(self, page):
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", page], capture_output=True, text=True,
                              env=os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "100"}, timeout=stack.PATIENCE)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout


if __name__ == "__main__":
    unittest.main()
