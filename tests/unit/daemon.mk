# SPDX-License-Identifier: LGPL-2.1-or-later
# The parts of the daemon one by one. An archive gives only what is missing: what a fake defines is not taken from it.
if HAVE_CMOCKA
check_LIBRARIES += tests/unit/libdaemon-fakes.a
tests_unit_libdaemon_fakes_a_SOURCES = \
	tests/unit/agency.c tests/unit/agency.h tests/unit/count-fds.h \
	tests/unit/attempt.c tests/unit/attempt.h \
	tests/unit/fake-main.c tests/unit/fake-main.h \
	tests/unit/fake-pcsc.c tests/unit/fake-pcsc.h \
	tests/unit/fake-steps.c tests/unit/fake-steps.h \
	tests/unit/shop.c tests/unit/shop.h \
	tests/unit/state.c tests/unit/state.h
tests_unit_libdaemon_fakes_a_CFLAGS = $(daemon_test_cflags)

# Beside the other, since daemon/pcsc.c is what is tested here.
check_LIBRARIES += tests/unit/libfake-winscard.a
tests_unit_libfake_winscard_a_SOURCES = \
	tests/unit/context.c tests/unit/context.h \
	tests/unit/fake-steps.c tests/unit/fake-steps.h \
	tests/unit/fake-winscard.c tests/unit/fake-winscard.h
tests_unit_libfake_winscard_a_CFLAGS = $(daemon_test_cflags)

daemon_tests = \
	tests/unit/test-agent-question \
	tests/unit/test-agents \
	tests/unit/test-audit \
	tests/unit/test-config \
	tests/unit/test-config-file \
	tests/unit/test-digest \
	tests/unit/test-guard \
	tests/unit/test-guard-ledger \
	tests/unit/test-guard-pin \
	tests/unit/test-job \
	tests/unit/test-journal \
	tests/unit/test-ledger \
	tests/unit/test-ledger-file \
	tests/unit/test-mailbox \
	tests/unit/test-options \
	tests/unit/test-pcsc \
	tests/unit/test-pcsc-pad \
	tests/unit/test-pcsc-watch \
	tests/unit/test-pin-pad \
	tests/unit/test-scheme \
	tests/unit/test-watcher \
	tests/unit/test-worker \
	tests/unit/test-worker-faults \
	tests/unit/test-worker-jobs \
	tests/unit/test-worker-stuck
check_PROGRAMS += $(daemon_tests)
TESTS += $(daemon_tests)

daemon_test_cflags = $(AM_CFLAGS) $(DBUS_CFLAGS) $(SYSTEMD_CFLAGS) $(PCSC_CFLAGS) $(CMOCKA_CFLAGS)
daemon_test_libs = tests/unit/libdaemon-fakes.a tests/unit/libscript.a daemon/libdaemon.a apdu/libapdu.a \
	dbus/libdbus-jpkid.a base/libbase.a $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

agents_test_libs = tests/unit/libdaemon-fakes.a tests/unit/libprivate-bus.a daemon/libdaemon.a apdu/libapdu.a \
	dbus/libdbus-jpkid.a base/libbase.a $(DBUS_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

tests_unit_test_agent_question_CFLAGS = $(daemon_test_cflags)
tests_unit_test_agent_question_LDADD = $(agents_test_libs)

tests_unit_test_agents_CFLAGS = $(daemon_test_cflags)
tests_unit_test_agents_LDADD = $(agents_test_libs)

tests_unit_test_audit_CFLAGS = $(daemon_test_cflags)
tests_unit_test_audit_LDADD = $(daemon_test_libs)

tests_unit_test_config_CFLAGS = $(daemon_test_cflags)
tests_unit_test_config_LDADD = $(daemon_test_libs)

tests_unit_test_config_file_CFLAGS = $(daemon_test_cflags)
tests_unit_test_config_file_LDADD = $(daemon_test_libs) $(INIH_LIBS)

tests_unit_test_digest_CFLAGS = $(daemon_test_cflags)
tests_unit_test_digest_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_guard_CFLAGS = $(daemon_test_cflags)
tests_unit_test_guard_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_guard_ledger_CFLAGS = $(daemon_test_cflags)
tests_unit_test_guard_ledger_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_guard_pin_CFLAGS = $(daemon_test_cflags)
tests_unit_test_guard_pin_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_job_CFLAGS = $(daemon_test_cflags)
tests_unit_test_job_LDADD = $(daemon_test_libs)

tests_unit_test_journal_CFLAGS = $(daemon_test_cflags)
tests_unit_test_journal_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=sd_journal_sendv
tests_unit_test_journal_LDADD = systemd/libsystemd-jpkid.a $(daemon_test_libs)

tests_unit_test_ledger_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ledger_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_ledger_file_CFLAGS = $(daemon_test_cflags)
tests_unit_test_ledger_file_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=openat,--wrap=write,--wrap=fsync,--wrap=renameat,--wrap=renameat2,--wrap=unlinkat
tests_unit_test_ledger_file_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_mailbox_CFLAGS = $(daemon_test_cflags)
tests_unit_test_mailbox_LDADD = $(daemon_test_libs)

tests_unit_test_options_CFLAGS = $(daemon_test_cflags)
tests_unit_test_options_LDADD = daemon/libdaemon.a dbus/libdbus-jpkid.a base/libbase.a \
	$(DBUS_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)

pcsc_test_libs = tests/unit/libfake-winscard.a daemon/libdaemon.a apdu/libapdu.a base/libbase.a \
	$(SYSTEMD_LIBS) $(CMOCKA_LIBS)

tests_unit_test_pcsc_CFLAGS = $(daemon_test_cflags)
tests_unit_test_pcsc_LDADD = $(pcsc_test_libs)

tests_unit_test_pcsc_pad_CFLAGS = $(daemon_test_cflags)
tests_unit_test_pcsc_pad_LDADD = $(pcsc_test_libs)

tests_unit_test_pcsc_watch_CFLAGS = $(daemon_test_cflags)
tests_unit_test_pcsc_watch_LDADD = $(pcsc_test_libs)

tests_unit_test_pin_pad_CFLAGS = $(daemon_test_cflags)
tests_unit_test_pin_pad_LDADD = $(daemon_test_libs)

tests_unit_test_scheme_CFLAGS = $(daemon_test_cflags)
tests_unit_test_scheme_LDADD = $(daemon_test_libs)

tests_unit_test_watcher_CFLAGS = $(daemon_test_cflags)
tests_unit_test_watcher_LDADD = $(daemon_test_libs)

tests_unit_test_worker_CFLAGS = $(daemon_test_cflags)
tests_unit_test_worker_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_worker_faults_CFLAGS = $(daemon_test_cflags)
tests_unit_test_worker_faults_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_worker_jobs_CFLAGS = $(daemon_test_cflags)
tests_unit_test_worker_jobs_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)

tests_unit_test_worker_stuck_CFLAGS = $(daemon_test_cflags)
tests_unit_test_worker_stuck_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime \
	-Wl,--wrap=sd_event_add_time_relative,--wrap=sd_event_source_set_time,--wrap=sd_event_source_set_time_relative
tests_unit_test_worker_stuck_LDADD = $(daemon_test_libs) $(CRYPTO_LIBS)
endif
