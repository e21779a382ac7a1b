# SPDX-License-Identifier: LGPL-2.1-or-later
# `make bench` measures what jpkid promises about its costs, and prints one table; BENCH_FLAGS=--quick takes less time.
bench_programs = \
	tests/bench/attacker \
	tests/bench/bare-sign \
	tests/bench/bus-sign \
	tests/bench/idle-service
check_PROGRAMS += $(bench_programs)
EXTRA_DIST += tests/bench/bench.py

tests_bench_attacker_SOURCES = tests/bench/attacker.c tests/bench/plain-card.c tests/bench/plain-card.h
tests_bench_attacker_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_bench_attacker_LDADD = $(PCSC_LIBS)
tests_bench_bare_sign_SOURCES = \
	tests/bench/bare-sign.c tests/bench/plain-card.c tests/bench/plain-card.h tests/bench/signing.h
tests_bench_bare_sign_CFLAGS = $(AM_CFLAGS) $(PCSC_CFLAGS)
tests_bench_bare_sign_LDADD = $(PCSC_LIBS)
tests_bench_bus_sign_SOURCES = tests/bench/bus-sign.c tests/bench/signing.h
tests_bench_bus_sign_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS)
tests_bench_bus_sign_LDADD = $(DBUS_LIBS)
tests_bench_idle_service_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)
tests_bench_idle_service_LDADD = $(SYSTEMD_LIBS)

bench: $(bench_programs) daemon/jpkid tests/card/virtual-card
	JPKID_BUILDDIR=$(abs_builddir) $(srcdir)/tests/sandbox $(abs_srcdir)/tests/bench/bench.py $(BENCH_FLAGS)
.PHONY: bench
