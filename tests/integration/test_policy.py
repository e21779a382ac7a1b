# SPDX-License-Identifier: LGPL-2.1-or-later
"""What polkit reads: dbus/org.jpkid1.policy and dbus/60-jpkid.rules."""
import json
import os
import re
import subprocess
import unittest
import xml.etree.ElementTree

import client
import polkit
import stack

ACTIONS = os.path.join(stack.TOP, "dbus/org.jpkid1.policy")
RULES = os.path.join(stack.TOP, "dbus/60-jpkid.rules")
DTD = "/usr/share/polkit-1/policyconfig-1.dtd"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
PCSC_ACTIONS = {"org.debian.pcsc-lite.access_pcsc", "org.debian.pcsc-lite.access_card"}
# Any, inactive, active session.
DEFAULTS = {"org.jpkid1.read": ("no", "no", "yes"), "org.jpkid1.use": ("no", "no", "yes"),
            "org.jpkid1.change-pin": ("no", "no", "yes"), "org.jpkid1.last-try": ("no", "no", "auth_self"),
            "org.jpkid1.reset-pin": ("no", "no", "auth_self")}


def actions():
    return xml.etree.ElementTree.parse(ACTIONS).getroot().findall("action")


class Actions(unittest.TestCase):
    def test_they_are_as_polkit_wants_them(self):
        subprocess.check_call(["xmllint", "--noout", "--nonet", "--dtdvalid", DTD, ACTIONS])

    def test_each_has_its_defaults(self):
        found = {action.get("id"): tuple(action.findtext(f"defaults/allow_{who}")
                                         for who in ("any", "inactive", "active")) for action in actions()}
        self.assertEqual(DEFAULTS, found)

    def test_the_daemon_asks_for_these_and_no_others(self):
        found = set()
        for folder in ("daemon", "dbus"):
            for name in os.listdir(os.path.join(stack.TOP, folder)):
                if name.endswith(".c"):
                    with open(os.path.join(stack.TOP, folder, name)) as file:
                        found.update(re.findall(r'"(org\.jpkid1\.[a-z-]+)"', file.read()))
        self.assertEqual(set(DEFAULTS), found)

    def test_the_daemons_user_may_ask_for_each(self):
        for action in actions():
            owners = [note.text for note in action.findall("annotate")
                      if note.get("key") == "org.freedesktop.policykit.owner"]
            self.assertEqual(["unix-user:jpkid"], owners, action.get("id"))

    def test_each_text_is_there_in_english_and_japanese(self):
        for action in actions():
            for kind in ("description", "message"):
                texts = {text.get(LANGUAGE): text.text for text in action.findall(kind)}
                with self.subTest(action.get("id"), kind=kind):
                    self.assertEqual({None, "ja"}, set(texts))
                    self.assertTrue(texts[None].isascii())
                    self.assertRegex(texts["ja"], "[\u3041-\u3096]")

    def test_consent_to_the_last_try_does_not_tell_how_many_are_left(self):
        """polkit asks before the card is asked, and for all tries of a Reserve= as well."""
        [action] = [one for one in actions() if one.get("id") == "org.jpkid1.last-try"]
        for text in action.findall("message"):
            self.assertNotRegex(text.text, "(?i)one try .*left|あと *1")


class Polkit(polkit.Mixin, client.TestCase):
    def test_polkit_knows_them(self):
        listed = subprocess.check_output(["pkaction"], text=True).split()
        self.assertEqual(set(DEFAULTS), set(listed))
        for action, (any_, inactive, active) in DEFAULTS.items():
            told = subprocess.check_output(["pkaction", "--verbose", f"--action-id={action}"], text=True)
            for what, value in (("any", any_), ("inactive", inactive), ("active", active)):
                self.assertRegex(told, rf"implicit {what}: +{value}\n")
            self.assertIn("org.freedesktop.policykit.owner -> unix-user:jpkid", told)


class Rules(unittest.TestCase):
    """In polkit's JavaScript engine."""
    SCRIPT = """
var rule;
var polkit = { Result: { NO: "no", YES: "yes" }, addRule: function(given) { if (rule) throw "two"; rule = given; } };
%s
print(JSON.stringify(%s.map(function(one) { return String(rule({ id: one[0] }, { user: one[1] })); })));
"""
    USERS = ("jpkid", "root", "alice", "pcscd", "jpkid2", "JPKID", "", "xjpkid")

    def results(self, questions):
        with open(RULES) as file:
            script = self.SCRIPT % (file.read(), json.dumps(questions))
        path = os.path.join(stack.WORK, "rules.js")
        with open(path, "w") as file:
            file.write(script)
        return json.loads(subprocess.check_output(["duk", path], text=True))

    def test_only_the_daemons_user_may_only_use_pcscd(self):
        others = [*DEFAULTS, "org.debian.pcsc-lite.access", "org.debian.pcsc-lite.access_pcsc2",
                  "org.freedesktop.systemd1.manage-units", "", "toString"]
        questions = [(action, user) for action in [*PCSC_ACTIONS, *others] for user in self.USERS]
        expected = ["yes" if action in PCSC_ACTIONS and user == "jpkid" else "undefined" for action, user in questions]
        self.assertEqual(expected, self.results(questions))


if __name__ == "__main__":
    unittest.main()
