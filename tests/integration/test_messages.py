# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every message has its Japanese, and a golden file shows it in both languages: the situation was run that gives it."""
import gettext
import glob
import os
import re
import subprocess
import unittest

import golden
import stack

PO = os.path.join(stack.TOP, "po/ja.po")
DIRECTIVE = re.compile(r"%(?:\d+\$)?[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z|j)?([diuxXsc])")
PRINTED = {"s": r"[^\n]+?", "c": "."} | dict.fromkeys("diu", r"(?:\d+|{N})") | dict.fromkeys("xX", "[0-9a-fA-F]+")
NOT_IN_A_WORD = "(?!(?<=[A-Za-z])[A-Za-z])"

# Messages of situations that cannot be run, and why.
EXCEPTIONS = {
    "This process cannot be protected: %s": "the kernel does not refuse that",
    "No memory is left.": "a test cannot take all memory away without taking the loader's",
    "No memory is left to hear of cards.": "likewise, and libdbus would wait for more",
}


def words(message):
    """What is always the same in a message: (words, letter of a directive, words, …)."""
    parts = DIRECTIVE.split(message.strip("\n").replace("%%", "\0"))
    return [part.replace("\0", "%") for part in parts]


def pattern(parts):
    """What matches a message that has been printed, but no part of a word; its groups are the words."""
    text = "".join(PRINTED[part] if place % 2 else f"({re.escape(part)})" for place, part in enumerate(parts))
    return NOT_IN_A_WORD + text + NOT_IN_A_WORD


def take_away(shown):
    """The text of a match without the words of its message: another message may stand between them."""
    text = list(shown.group())
    for start, end in map(shown.span, range(1, shown.re.groups + 1)):
        text[start - shown.start():end - shown.start()] = "\0" * (end - start)
    return "".join(text)


def not_shown(messages, shown):
    """Those that are not in this text. The longest come first, so that none is found in the words of another."""
    missing = set()
    for parts in sorted({tuple(words(message)) for message in messages}, key=lambda parts: -len("".join(parts[::2]))):
        shown, count = re.subn(pattern(parts), take_away, shown)
        if count == 0:
            missing.add(parts)
    return [message for message in messages if tuple(words(message)) in missing]


class Messages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(os.path.join(stack.BUILD, "po/ja/jpkid.mo"), "rb") as file:
            # Of plurals the first form is enough: (message, 0) has the Japanese, which has one form.
            cls.translations = {key[0] if isinstance(key, tuple) else key: text
                                for key, text in gettext.GNUTranslations(file)._catalog.items() if key}
        cls.shown = dict.fromkeys(golden.LANGUAGES, "")
        for path in sorted(glob.glob(os.path.join(golden.FOLDER, "*.txt"))):
            with open(path) as file:
                for language, text in re.findall(r"===== (\w+) =====\n(.*?)(?=^=====|\Z)", file.read(), re.M | re.S):
                    cls.shown[language] += re.sub(r"^[$#] .*", "", text, flags=re.M)     # not what the test itself says

    def test_the_japanese_of_each_message_is_in_the_catalog_and_of_no_other(self):
        subprocess.run(["make", "-s", "-C", stack.BUILD, "po/jpkid.pot"], check=True, capture_output=True)
        pot = os.path.join(stack.BUILD, "po/jpkid.pot")
        for command in (["msgcmp", PO, pot], ["msgcmp", "--use-untranslated", pot, PO]):
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_each_message_is_shown_in_both_languages_by_a_golden_file(self):
        messages = {message: japanese for message, japanese in self.translations.items() if message not in EXCEPTIONS}
        self.assertEqual([], not_shown(messages.keys(), self.shown["en"]))
        self.assertEqual([], not_shown(messages.values(), self.shown["ja"]))

    def test_exceptions_are_messages(self):
        self.assertLessEqual(set(EXCEPTIONS), set(self.translations))
