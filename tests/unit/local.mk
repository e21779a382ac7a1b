# SPDX-License-Identifier: LGPL-2.1-or-later
# One program for each module; script.c is a card that plays a script.
AM_CPPFLAGS += $(CMOCKA_CFLAGS)

if HAVE_CMOCKA
check_LIBRARIES += tests/unit/libscript.a
tests_unit_libscript_a_SOURCES = tests/unit/script.c tests/unit/script.h tests/unit/card-commands.h

unit_tests = \
	tests/unit/test-command \
	tests/unit/test-digest-info \
	tests/unit/test-exchange \
	tests/unit/test-jpki \
	tests/unit/test-jpki-certificate \
	tests/unit/test-jpki-pin \
	tests/unit/test-jpki-sign \
	tests/unit/test-jpki-verify \
	tests/unit/test-log \
	tests/unit/test-pin \
	tests/unit/test-response \
	tests/unit/test-secret \
	tests/unit/test-status \
	tests/unit/test-tlv \
	tests/unit/test-utf8
check_PROGRAMS += $(unit_tests)
TESTS += $(unit_tests)

unit_libs = tests/unit/libscript.a apdu/libapdu.a base/libbase.a $(CMOCKA_LIBS)
tests_unit_test_command_LDADD = $(unit_libs)
tests_unit_test_digest_info_LDADD = $(unit_libs)
tests_unit_test_exchange_LDADD = $(unit_libs)
tests_unit_test_jpki_LDADD = $(unit_libs)
tests_unit_test_jpki_certificate_LDADD = $(unit_libs)
tests_unit_test_jpki_pin_LDADD = $(unit_libs)
tests_unit_test_jpki_sign_LDADD = $(unit_libs)
tests_unit_test_jpki_verify_LDADD = $(unit_libs)
tests_unit_test_log_LDADD = $(unit_libs)
tests_unit_test_log_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=clock_gettime
tests_unit_test_pin_LDADD = $(unit_libs)
tests_unit_test_response_LDADD = $(unit_libs)
tests_unit_test_secret_LDADD = $(unit_libs)
tests_unit_test_status_LDADD = $(unit_libs)
tests_unit_test_tlv_LDADD = $(unit_libs)
tests_unit_test_utf8_LDADD = $(unit_libs)
endif
