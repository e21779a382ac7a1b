# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of README.md do what they say, and README.ja.md has the same."""
import os
import re
import subprocess
import unittest

import client
import stack


def read(name):
    with open(os.path.join(stack.TOP, name)) as readme:
        return readme.read()


def examples(language):
    return re.findall(rf"^```{language}\n(.*?)^```", read("README.md"), re.DOTALL | re.MULTILINE)


def skeleton(text):
    """The depths of the headings, and the code but for the comments in commands."""
    return re.findall(r"^#+ |^```.*?^```|^    .*?(?=\s*(?:# |$))|^[|]", text, re.DOTALL | re.MULTILINE)


class Examples(client.TestCase):
    def write(self, name, text):
        path = os.path.join(self.stack.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_the_python_example_makes_a_signature_with_the_pin_that_is_typed(self):
        script = self.write("example.py", examples("python")[0] + "print(len(signature))\n")
        ran = subprocess.run(["/usr/bin/python3", "-W", "ignore", script], input="1234\n", capture_output=True, text=True,
                             start_new_session=True, timeout=stack.PATIENCE)
        self.assertEqual(0, ran.returncode, ran.stderr)
        self.assertIn("残り3回", ran.stdout + ran.stderr)
        self.assertEqual("256", ran.stdout.splitlines()[-1].split()[-1])

    def test_the_c_example_prints_the_certificate(self):
        source = self.write("example.c", examples("c")[0])
        program = os.path.join(self.stack.folder, "example")
        subprocess.check_call(["cc", "-Wall", "-Werror", source, "-o", program, "-lsystemd"])
        printed = subprocess.check_output([program], timeout=stack.PATIENCE)
        self.assertEqual(self.client.applet("auth").call("GetCertificate"), printed)


class Translation(unittest.TestCase):
    def test_the_japanese_page_has_the_same_sections_code_and_rows_of_tables(self):
        english, japanese = skeleton(read("README.md")), skeleton(read("README.ja.md"))
        self.assertIn("    jpkictl status", english)
        self.assertEqual(english, japanese)

    def test_each_page_begins_with_a_link_to_the_other(self):
        for name, other in (("README.md", "README.ja.md"), ("README.ja.md", "README.md")):
            self.assertIn(f"]({other})", "".join(read(name).splitlines()[:5]))


if __name__ == "__main__":
    unittest.main()
