# SPDX-License-Identifier: LGPL-2.1-or-later
# The parts of the daemon one by one. An archive gives only what is missing: what a fake defines is not taken from it.
if HAVE_CMOCKA
daemon_tests = \
	tests/unit/test-agents \
	tests/unit/test-audit \
	tests/unit/test-config \
	tests/unit/test-config-file \
	tests/unit/test-digest \
	tests/unit/test-guard \
	tests/unit/test-job \
	tests/unit/test-journal \
	tests/unit/test-ledger \
	tests/unit/test-ledger-file \
	tests/unit/test-mailbox \
	tests/unit/test-options \
	tests/unit/test-pcsc \
	tests/unit/test-pin-pad \
	tests/unit/test-scheme \
	tests/unit/test-watcher \
	tests/unit/test-worker
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)

daemon_test_cflags = $(AM_CFLAGS) $(DBUS_CFLAGS) $(SYSTEMD_CFLAGS) $(PCSC_CFLAGS) $(CMOCKA_CFLAGS)
daemon_test_libs = daemon/libdaemon.a apdu/libapdu.a dbus/libdbus-jpkid.a base/libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
fake_main = tests/unit/fake-main.c tests/unit/fake-main.h
fake_pcsc = tests/unit/fake-pcsc.c tests/unit/fake-pcsc.h tests/unit/fake-steps.c tests/unit/fake-steps.h
state = tests/unit/state.c tests/unit/state.h
fake_winscard = tests/unit/fake-winscard.c tests/unit/fake-winscard.h tests/unit/fake-steps.c tests/unit/fake-steps.h

tests_unit_test_agents_SOURCES = tests/unit/test-agents.c tests/unit/count-fds.h
tests_unit_test_agents_CFLAGS = $(daemon_test_cflags)
tests_unit_test_agents_LDADD = tests/unit/libprivate-bus.a daemon/libdaemon.a apdu/libapdu.a dbus/libdbus-jpkid.a \
	base/libbase.a $(DBUS_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

tests_unit_test_audit_CFLAGS = $(daemon_test_cflags)
tests_unit_test_audit_LDADD = tests/unit/libscript.a $(daemon_test_libs)

tests_unit_test_config_CFLAGS = $(daemon_test_cflags)
tests_unit_test_config_LDADD = $(daemon_test_libs)

tests_unit_test_config_file_CFLAGS = $(daemon_test_cflags)
tests_unit_test_config_file_LDADD = $(daemon_test_libs) $(INIH_LIBS)

tests_unit_test_digest_CFLAGS = $(daemon_test_cflags)
tests_unit_test_digest_LDADD = tests/unit/libscript.a $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_guard_SOURCES = tests/unit/test-guard.c $(state)
tests_unit_test_guard_CFLAGS = $(daemon_test_cflags)
tests_unit_test_guard_LDADD = tests/unit/libscript.a $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_job_CFLAGS = $(daemon_test_cflags)
tests_unit_test_job_LDADD = tests/unit/libscript.a $(daemon_test_libs)

tests_unit_test_journal_CFLAGS = $(daemon_test_cflags)
tests_unit_test_journal_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sd_journal_sendv
tests_unit_test_journal_LDADD = tests/unit/libscript.a systemd/libsystemd-jpkid.a $(daemon_test_libs)

tests_unit_test_ledger_SOURCES = tests/unit/test-ledger.c $(state)
tests_unit_test_ledger_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ledger_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_ledger_file_SOURCES = tests/unit/test-ledger-file.c $(state)
tests_unit_test_ledger_file_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ledger_file_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=openat,--wrap=write,--wrap=fsync,--wrap=renameat,--wrap=renameat2,--wrap=unlinkat
tests_unit_test_ledger_file_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_mailbox_SOURCES = tests/unit/test-mailbox.c $(fake_main)
tests_unit_test_mailbox_CFLAGS = $(daemon_test_cflags)
tests_unit_test_mailbox_LDADD = $(daemon_test_libs)

tests_unit_test_options_SOURCES = tests/unit/test-options.c tests/unit/count-fds.h
tests_unit_test_options_CFLAGS = $(daemon_test_cflags)
tests_unit_test_options_LDADD = daemon/libdaemon.a dbus/libdbus-jpkid.a base/libbase.a \
	$(DBUS_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

tests_unit_test_pcsc_SOURCES = tests/unit/test-pcsc.c $(fake_winscard)
tests_unit_test_pcsc_CFLAGS = $(daemon_test_cflags)
tests_unit_test_pcsc_LDADD = $(daemon_test_libs)

tests_unit_test_pin_pad_CFLAGS = $(daemon_test_cflags)
tests_unit_test_pin_pad_LDADD = tests/unit/libscript.a $(daemon_test_libs)

tests_unit_test_scheme_CFLAGS = $(daemon_test_cflags)
tests_unit_test_scheme_LDADD = tests/unit/libscript.a $(daemon_test_libs)

tests_unit_test_watcher_SOURCES = tests/unit/test-watcher.c $(fake_main) $(fake_pcsc)
tests_unit_test_watcher_CFLAGS = $(daemon_test_cflags)
tests_unit_test_watcher_LDADD = $(daemon_test_libs)

tests_unit_test_worker_SOURCES = tests/unit/test-worker.c $(fake_main) $(fake_pcsc) $(state)
tests_unit_test_worker_CFLAGS = $(daemon_test_cflags)
tests_unit_test_worker_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)
endif
