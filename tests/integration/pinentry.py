#!/usr/bin/python3 -SE
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A pinentry that does what a test wrote down. In the folder of this file, where it is to be copied:

answers   a line for each CONFIRM or GETPIN: ok, cancel, not-confirmed, timeout, hang (even at SIGTERM), wait (for
          SIGTERM), garbage, endless, die, or pin and what is typed; each is used once
record    what was asked: each line that came, as it came; "start PID" at the start
"""
import os
import signal
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
ERRORS = {"cancel": "83886179 Operation cancelled", "not-confirmed": "83886194 Not confirmed",
          "timeout": "83886142 Timeout"}


def note(line):
    with open(os.path.join(FOLDER, "record"), "ab") as record:
        record.write(line + b"\n")


def say(text):
    sys.stdout.buffer.write(text.encode() + b"\n")
    sys.stdout.buffer.flush()


def next_answer():
    with open(os.path.join(FOLDER, "answers"), "r+") as file:
        first, *rest = file.read().splitlines() or ["cancel"]
        file.seek(0)
        file.truncate()
        file.write("".join(line + "\n" for line in rest))
    return first.split(" ", 1)


def answer():
    kind, *typed = next_answer()
    if kind == "pin":
        if typed:
            say("D " + typed[0].replace("%", "%25"))
        say("OK")
    elif kind in ERRORS:
        say("ERR " + ERRORS[kind])
    elif kind in ("hang", "wait"):
        if kind == "hang":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        note(b"asleep")
        while True:
            time.sleep(100)
    elif kind == "endless":
        while True:
            say("D " + "9" * 900)
    elif kind == "die":
        sys.exit(1)
    else:
        say("OK" if kind == "ok" else "\x1b[31m garbage")


note(b"start %d" % os.getpid())
say("OK Pleased to meet you")
for line in sys.stdin.buffer:
    note(line.rstrip(b"\n"))
    if line.startswith((b"CONFIRM", b"GETPIN")):
        answer()
    else:
        say("OK")
