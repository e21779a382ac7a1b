#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures what jpkid promises about its costs, and prints one table; for use inside tests/sandbox only.

    bench.py [--quick] [NAME]...        NAME: apdus, time, attack, idle, memory, readers, fairness, start, files; without one,
                                    all

Every figure is a count, or a ratio of two things that were measured in turns in the same run. The exit status is 1 when
a limit is missed.
"""
import argparse
import contextlib
import glob
import itertools
import math
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import typing

import dbus

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../integration"))
import stack  # noqa: E402

PINS = {"auth": b"1234", "sign": b"ABC123"}
os.environ.update({f"{kind.upper()}_PIN": pin.decode() for kind, pin in PINS.items()})      # for pkcs11-tool
SELECT, JPKI_AID_LENGTH = bytes.fromhex("00A4040C"), "10"
SIGN = 0x2A
MODULE = glob.glob("/usr/lib/*/opensc-pkcs11.so")
WARM_UP = 5                     # signatures that are not counted
START_SECONDS = 1               # in which many programs have started
QUIET = 0.3                     # seconds after which nothing follows an operation


class Table:
    def __init__(self):
        self.is_missed = False

    def row(self, what, figure, limit="", is_ok=True):
        """A row without limit is there to compare with."""
        self.is_missed |= not is_ok
        verdict = "" if not limit else "ok" if is_ok else "MISSED"
        print(f"{what:<80} {figure:>24}  {limit:<7} {verdict}".rstrip(), flush=True)

    def at_most(self, what, figure, limit, shown=None):
        self.row(what, shown or str(figure), f"<= {limit}", figure <= limit)

    def exactly(self, what, figure, limit):
        self.row(what, str(figure), str(limit), figure == limit)


def helper(name, *arguments):
    return [os.path.join(stack.BUILD, "tests/bench", name), *map(str, arguments)]


def run(argv, pin=b""):
    done = subprocess.run(argv, input=pin, capture_output=True, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"{argv} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


def reader(number=0):
    return f"Virtual Reader {number} 00 00"


def applets(bed, kind):
    return [path for path, shown in bed.objects().items() if shown.get("org.jpkid1.Applet", {}).get("Kind") == kind]


def read_certificate(path):
    with contextlib.closing(dbus.SystemBus(private=True)) as bus:
        return bytes(bus.call_blocking("org.jpkid1", path, "org.jpkid1.Applet", "GetCertificate", "a{sv}", ({},)))


def sign(path, kind, count=1):
    return run(helper("bus-sign", path, count), PINS[kind])


def reinsert(bed):
    bed.card().control("pull")
    stack.wait_until(lambda: not applets(bed, "auth"), "the card has left")
    bed.card().control("insert")
    bed.wait_for_cards()
    time.sleep(QUIET)


@contextlib.contextmanager
def daemon(bed, *options):
    bed.start_daemon(*options)
    bed.wait_for_cards()
    time.sleep(QUIET)
    try:
        yield bed.daemon
    finally:
        bed.daemon.stop()
        bed.daemon = None


# ---- 1: APDUs ----

def apdus_of(bed, action):
    """How many APDUs the card got until action() was over, how many afterwards, and what action() answered."""
    before = len(bed.card().apdus())
    answer = action()
    end = time.monotonic() * 1e6
    time.sleep(QUIET)
    times = [line.time for line in bed.card().apdus()[before:]]
    return sum(t <= end for t in times), sum(t > end for t in times), answer


def chunks(bed, kind):
    with open(os.path.join(os.environ.get("JPKID_PKI", os.path.join(stack.WORK, "pki")), f"{kind}.der"), "rb") as file:
        return math.ceil(len(file.read()) / 256)


def measure_daemon_apdus(table, bed):
    before = len(bed.card().apdus())
    reinsert(bed)
    table.at_most("APDUs: probe of a card that is put in", len(bed.card().apdus()) - before, 3)
    bed.card().control("delay 20")      # a reply is over long before the APDU that follows it
    path, = applets(bed, "auth")
    reads = chunks(bed, "auth")
    for which, limit in ("first", 1 + reads), ("second", 0):
        until, after, certificate = apdus_of(bed, lambda: read_certificate(path))
        table.at_most(f"APDUs: auth GetCertificate, {which} ({len(certificate)} bytes)", until + after, limit)
    reinsert(bed)
    for kind in PINS:
        path, = applets(bed, kind)
        for which, limit in ("first after insertion, with certificate", 5 + chunks(bed, kind)), ("later", 5):
            until, after, _ = apdus_of(bed, lambda: sign(path, kind))
            table.at_most(f"APDUs: {kind} Sign, {which}, to the reply", until, limit)
            table.at_most(f"APDUs: {kind} Sign, {which}, after the reply", after, 1)
    bed.card().control("delay 0")


def opensc_sign(kind):
    slot = list(PINS).index(kind)
    run(["pkcs11-tool", "--module", *MODULE, "--slot-index", str(slot), "--login", "--pin", f"env:{kind.upper()}_PIN",
         "--id", f"0{slot + 1}", "--sign", "--mechanism", "SHA256-RSA-PKCS", "--input-file", "/etc/hostname",
         "--output-file", "/dev/null"])


def measure_opensc_apdus(table, bed):
    for what, action in (("pkcs11-tool --sign with auth", lambda: opensc_sign("auth")),
                         ("pkcs11-tool --sign with sign", lambda: opensc_sign("sign")),
                         ("pkcs15-tool --read-certificate", lambda: run(["pkcs15-tool", "--read-certificate", "01"]))):
        until, _, _ = apdus_of(bed, action)
        table.row(f"APDUs: OpenSC's {what}", str(until))


def measure_apdus(table, _quick):
    with stack.Stack(start=["bus", "pcscd", "cards"]) as bed:
        with daemon(bed):
            measure_daemon_apdus(table, bed)
        measure_opensc_apdus(table, bed)


# ---- 2: time ----

def intervals(output, left_out):
    times = list(map(int, output.split()))
    return [after - before for before, after in zip(times, times[1:])][left_out:]


def headers(bed):
    """What the card got for one of the last signatures."""
    lines = bed.card().apdus()
    last = [i for i, line in enumerate(lines) if (line.header, line.lc) == (SELECT, JPKI_AID_LENGTH)][-2]
    return [(line.header, line.lc, line.le) for line in lines[last:last + 5]]


def take_turns(bed, turns, count):
    """Times of jpkid, and of the bare program: for each turn a list of µs from one signature to the next.

    jpkid holds its card exclusively, so it ends before each turn of the bare program, which holds it so too.
    """
    by_bus, bare = [], []
    for _ in range(turns):
        with daemon(bed):
            path, = applets(bed, "auth")
            by_bus.append(intervals(sign(path, "auth", count + WARM_UP + 1), WARM_UP))
            sent = headers(bed)
        bare.append(intervals(run(helper("bare-sign", reader(), count + WARM_UP + 1), PINS["auth"]), WARM_UP))
        if sent != headers(bed):
            raise RuntimeError(f"the two did not send the same APDUs: {sent}, {headers(bed)}")
    return by_bus, bare


def measure_time(table, quick):
    turns, count = (4, 25) if quick else (16, 50)
    # The card's own time for each APDU, in ms; at 106 kbit/s, a contactless one needs more for the bytes alone.
    for delay, limit in (0, 1.25), (1, None):
        with stack.Stack(start=["bus", "pcscd", "cards"], card_options=[f"--delay={delay}"]) as bed:
            by_bus, bare = take_turns(bed, turns, count)
        ratios = [statistics.median(a) / statistics.median(b) for a, b in zip(by_bus, bare)]
        a, b = (statistics.median(itertools.chain(*times)) for times in (by_bus, bare))
        card = f"card that takes {delay} ms an APDU"
        table.row(f"time, {card}: auth Sign by the bus, µs", f"{a:.0f}")
        table.row(f"time, {card}: the same APDUs by bare PC/SC, µs", f"{b:.0f}")
        what = f"time, {card}: ratio (of single turns)"
        shown = f"{a / b:.3f} ({min(ratios):.3f} to {max(ratios):.3f})"
        if limit is None:
            table.row(what, shown)
        else:
            table.at_most(what, a / b, limit, shown)


# ---- 3: attack ----

class Attack(typing.NamedTuple):
    connections: int
    answers: int
    signatures: int


def attack(tries):
    return Attack(*map(int, run(helper("attacker", reader(), tries)).split()))


@contextlib.contextmanager
def endless_signing(bed):
    path, = applets(bed, "auth")
    signer = subprocess.Popen(helper("bus-sign", path, 10**9), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    signer.stdin.write(PINS["auth"])
    signer.stdin.close()
    before = len(bed.card().apdus(SIGN))
    stack.wait_until(lambda: len(bed.card().apdus(SIGN)) > before, "the first signature")
    try:
        yield
    finally:
        signer.terminate()
        signer.wait()


def attack_daemon(table, bed, hold, tries):
    with daemon(bed, f"--hold={hold}"):
        with endless_signing(bed):
            before = len(bed.card().apdus(SIGN))
            meanwhile = attack(tries)
            signed = [line.sw for line in bed.card().apdus(SIGN)[before:]].count("9000") - meanwhile.signatures
        attacks = [("while others sign", meanwhile), ("after they end", attack(tries))]
    attacks.append(("after jpkid ends", attack(tries)))

    table.row(f"attack, {hold} hold: Signs of others meanwhile", str(signed), ">= 1", signed >= 1)
    for when, result in attacks:
        what = f"attack, {hold} hold, {when}, {tries} tries"
        if hold == "shared" or when == "after jpkid ends":
            table.exactly(f"{what}: answers of the card", result.answers, tries)
        else:
            table.exactly(f"{what}: connections", result.connections, 0)
        table.exactly(f"{what}: signatures", result.signatures, 0)


def measure_attack(table, quick):
    tries = 200 if quick else 1000
    with stack.Stack(start=["bus", "pcscd", "cards"]) as bed:
        for hold in "shared", "exclusive":
            attack_daemon(table, bed, hold, tries)
        opensc_sign("auth")
        result = attack(tries)
        table.row(f"attack after OpenSC's pkcs11-tool, {result.answers} tries: signatures", str(result.signatures))


# ---- 4: idle ----

def switches(pid):
    """Voluntary and involuntary context switches of all threads together."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path) as status:
            total += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
    return total


def measure_idle(table, quick):
    seconds = 10 if quick else 30
    with stack.Stack() as bed:
        bed.wait_for_cards()
        path, = applets(bed, "auth")
        sign(path, "auth")
        time.sleep(5)           # what follows a change of the readers is over
        before = switches(bed.daemon.pid)
        time.sleep(seconds)
        table.exactly(f"idle: context switches in {seconds} s with a card in", switches(bed.daemon.pid) - before, 0)


# ---- 5: memory ----

def memory(pid):
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in rollup if line.endswith("kB\n")}
    return sizes["Anonymous"], sizes["Private_Dirty"]


def measure_memory(table, _quick):
    few, many = 200, 1000
    with stack.Stack() as bed:
        bed.wait_for_cards()
        path, = applets(bed, "auth")
        sizes = []
        for more in few, many - few:
            sign(path, "auth", more)
            sizes.append(memory(bed.daemon.pid))
    for count, (anonymous, dirty) in zip((few, many), sizes):
        table.at_most(f"memory: Anonymous after {count} signatures, KiB (Private_Dirty)", anonymous, 3 * 1024 - 1,
                      f"{anonymous} ({dirty})")
    # malloc's smallest block lost with each signature would be more.
    table.at_most("memory: growth of Anonymous between them, KiB", sizes[1][0] - sizes[0][0], 16)


# ---- 6: two readers ----

def start_signing(path, *limits):
    program = subprocess.Popen(helper("bus-sign", path, *limits), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    program.stdin.write(PINS["auth"])
    program.stdin.close()
    return program


def end_signing(programs):
    """The times of their replies, in µs."""
    times = [list(map(int, program.stdout.read().split())) for program in programs]
    if any(program.wait() for program in programs):
        raise RuntimeError("bus-sign failed")
    return times


def throughput(paths, count):
    """Signatures in a second, from the first reply to the last one."""
    times = end_signing([start_signing(path, count) for path in paths])
    first, last = min(t[0] for t in times), max(t[-1] for t in times)
    return sum(len(t) - 1 for t in times) / (last - first) * 1e6


def measure_readers(table, quick):
    count, rounds = (10, 2) if quick else (20, 5)
    with stack.Stack(readers=2, card_options=["--delay=20"]) as bed:
        bed.wait_for_cards()
        paths = applets(bed, "auth")
        throughput(paths, 1 + 1)        # reads the certificates
        ratios = [throughput(paths, count) / throughput(paths[:1], count) for _ in range(rounds)]
    ratio = statistics.median(ratios)
    table.row(f"readers: throughput of two against one (lowest and highest of {rounds})",
              f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})", ">= 1.8", ratio >= 1.8)


# ---- 7: many callers ----

def shares(bed, callers, seconds):
    """How many replies a second each caller gets, once all of them have had one."""
    path, = applets(bed, "auth")
    until = time.monotonic_ns() // 1000 + (seconds + START_SECONDS) * 10**6
    times = end_signing([start_signing(path, 10**9, until) for _ in range(callers)])
    start = max(t[0] for t in times)
    return [sum(start < one < until for one in t) / (until - start) * 1e6 for t in times]


def measure_fairness(table, quick):
    callers, seconds = 64, 3 if quick else 10
    with stack.Stack() as bed:
        bed.wait_for_cards()
        alone = shares(bed, 1, seconds)
        many = shares(bed, callers, seconds)
        alone = statistics.mean(alone + shares(bed, 1, seconds))
    ratio, total = max(many) / min(many), sum(many) / alone
    table.at_most(f"fairness: the busiest of {callers} callers against the least busy", ratio, 1.2, f"{ratio:.3f}")
    limit = 0.6 if quick else 0.95      # a short run also measures what else the machine does
    table.row(f"fairness: signatures of {callers} callers against those of one alone",
              f"{total:.2f} ({sum(many):.0f} a second)", f">= {limit}", total >= limit)


# ---- 8: start ----

def time_to_ready(program):
    """Milliseconds from before it is started to READY=1."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("")        # a name of the kernel's choice
        address = "@" + manager.getsockname()[1:].decode()
        words = stack.as_user("jpkid", ["env", f"STATE_DIRECTORY={stack.STATE_DIRECTORY}", f"NOTIFY_SOCKET={address}",
                                        stack.program(program)])
        started = time.monotonic()
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as service:
            while b"READY=1" not in manager.recv(4096):
                pass
            needed = time.monotonic() - started
            service.terminate()
    return needed * 1e3


def measure_start(table, quick):
    rounds = 15 if quick else 50
    with stack.Stack(start=["bus"]) as bed:
        def compare(what):
            nothing, ready = zip(*((time_to_ready("idle-service"), time_to_ready("jpkid")) for _ in range(rounds)))
            nothing, ready = statistics.median(nothing), statistics.median(ready)
            table.at_most(f"start: ms to READY {what} (a service that does nothing: {nothing:.1f})", round(ready, 1),
                          round(1.3 * nothing + 20, 1))
        compare("without pcscd")
        bed.start_pcscd()
        bed.start_cards()
        bed.card().wait_for_power()
        compare("with a card")
        bed.card().control("delay 20")
        compare("with a slow card")
        bed.card().control("delay 0")


# ---- 9: large files ----

def timed(words, pin=None):
    """Seconds until it has ended well."""
    with contextlib.ExitStack() as cleanup:
        descriptors = [stack.pipe_with(pin)] if pin else []
        for descriptor in descriptors:
            cleanup.callback(os.close, descriptor)
        options = [f"--pin-fd={descriptor}" for descriptor in descriptors]
        started = time.monotonic()
        subprocess.run([*words, *options], pass_fds=descriptors, stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - started


def peak_of_signing(words):
    """VmHWM in KiB when all has been read and the PIN is waited for."""
    reader, writer = os.pipe()
    with subprocess.Popen([*words, f"--pin-fd={reader}"], pass_fds=[reader]) as process:
        os.close(reader)
        path = f"/proc/{process.pid}"

        def waits_for_pin():
            with open(f"{path}/syscall") as syscall:
                return syscall.read().split()[1:2] == [hex(reader)]
        stack.wait_until(waits_for_pin, "the PIN is wanted", patience=600)
        with open(f"{path}/status") as status:
            peak = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
        os.write(writer, PINS["auth"])
        os.close(writer)
    if process.returncode != 0:
        raise RuntimeError(f"{words} ended with {process.returncode}")
    return peak[0]


def measure_files(table, quick):
    size, rounds = (256, 5) if quick else (1024, 7)
    with stack.Stack() as bed, tempfile.TemporaryDirectory(dir=stack.WORK) as folder:
        bed.wait_for_cards()
        file, out = os.path.join(folder, "file"), os.path.join(folder, "out")
        with open(file, "wb") as content:
            for _ in range(size):
                content.write(os.urandom(1 << 20))
        detached = [stack.program("jpkictl"), "sign", "auth", file, "-o", out]
        both = ("detached", detached), ("attached", [*detached, "--attached"])
        for what, words in both:
            ratios = [timed(["openssl", "dgst", "-sha256", file]) / timed(words, PINS["auth"]) for _ in range(rounds)]
            ratio = statistics.median(ratios)
            table.row(f"files: speed of signing {size} MiB, {what}, against openssl dgst",
                      f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})", ">= 0.9", ratio >= 0.9)
        for what, words in both:
            table.at_most(f"files: peak memory of signing {size} MiB, {what}, KiB", peak_of_signing(words), 16 * 1024)


MEASUREMENTS = {name.removeprefix("measure_"): globals()[name] for name in (
    "measure_apdus", "measure_time", "measure_attack", "measure_idle", "measure_memory", "measure_readers",
    "measure_fairness", "measure_start", "measure_files")}


def main():
    parser = argparse.ArgumentParser(description="Measures what jpkid promises about its costs.")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    wanted = parser.parse_args()
    table = Table()
    for name in wanted.names or MEASUREMENTS:
        MEASUREMENTS[name](table, wanted.quick)
    sys.exit(table.is_missed)


if __name__ == "__main__":
    main()
