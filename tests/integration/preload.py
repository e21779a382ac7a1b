# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a test can do to a daemon from inside: kill it at a chosen call (places.c), set its time of day (clock.c),
refuse it cards (refusal.c)."""
import mmap
import os
import struct

import stack


class Library:
    """Builds the library; the daemon that is started with `environment` shares these bytes."""

    def __init__(self, name, size, *flags):
        path = os.path.join(stack.WORK, f"{name}.shared")
        with open(path, "w+b") as file:
            file.truncate(size)
            os.chmod(path, 0o666)
            self.shared = mmap.mmap(file.fileno(), 0)
        self.environment = {"LD_PRELOAD": stack.library(name, f"{name}.c", *flags), name.upper(): path}
        if "ASAN_OPTIONS" in os.environ:        # which wants to be loaded first
            self.environment["ASAN_OPTIONS"] = os.environ["ASAN_OPTIONS"] + ":verify_asan_link_order=0"


class Places(Library):
    """The calls by which the daemon talks to pcscd or to its state directory."""
    CALLS, NAME_SIZE = 1000, 16
    HEADER = struct.Struct("II")

    def __init__(self):
        super().__init__("places", self.HEADER.size + self.CALLS * self.NAME_SIZE)

    def arm(self, place):
        """The first call is 1. From now on they are counted."""
        self.HEADER.pack_into(self.shared, 0, place, 0)

    def disarm(self):
        self.HEADER.pack_into(self.shared, 0, 0, self.count())

    def count(self):
        return self.HEADER.unpack_from(self.shared)[1]

    def names(self):
        """Of the calls that came, the one included at which it was killed."""
        def name(number):
            start = self.HEADER.size + number * self.NAME_SIZE
            return self.shared[start:start + self.NAME_SIZE].split(b"\0")[0].decode()
        return [name(number) for number in range(min(self.count(), self.CALLS))]


class Clock(Library):
    """The time of day, in seconds since 1970, which stands still; and sleep of the machine."""
    SECONDS = struct.Struct("qq")

    def __init__(self, now):
        super().__init__("clock", self.SECONDS.size)
        self.slept = 0
        self.set(now)

    def set(self, now):
        self.now = now
        self.SECONDS.pack_into(self.shared, 0, now, self.slept)

    def sleep(self, seconds):
        self.slept += seconds
        self.set(self.now)


class Refusal(Library):
    """Where pcscd does not let the daemon have cards: at first in no reader."""
    SIZE = 128      # MAX_READERNAME

    def __init__(self):
        super().__init__("refusal", self.SIZE, *stack.pcsc_flags())

    def refuse(self, readers):
        """Those whose names begin so; "": none."""
        self.shared[:] = readers.encode().ljust(self.SIZE, b"\0")
