# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks for secrets in a process."""
import re

RUN, STEP = 6, 3        # runs of so many bytes, from every so many on: of 8 in a row one is found
SHADOW = 1 << 30        # a larger mapping is AddressSanitizer's, and holds no bytes of the program


def mappings(pid):
    """The content of each mapping that the process can write to."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end, access = re.match("([0-9a-f]+)-([0-9a-f]+) (....)", line).groups()
            start, size = int(start, 16), int(end, 16) - int(start, 16)
            if access[:2] != "rw" or size > SHADOW:
                continue
            memory.seek(start)
            yield memory.read(size)


def runs(secret):
    """What of a secret is looked for; all of an auth PIN."""
    return {secret[start:start + RUN] for start in range(0, max(1, len(secret) - RUN + 1), STEP)}


def has(pid, secret):
    """Whether any part of the secret is there."""
    return any(run in content for content in mappings(pid) for run in runs(secret))
