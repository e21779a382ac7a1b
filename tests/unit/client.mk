# SPDX-License-Identifier: LGPL-2.1-or-later
# What jpkictl and jpkid-agent have that needs no service, each compiled from its own sources.
if HAVE_CMOCKA
client_tests = \
	tests/unit/test-birth \
	tests/unit/test-calendar \
	tests/unit/test-notice \
	tests/unit/test-openssh \
	tests/unit/test-substitute \
	tests/unit/test-text
check_PROGRAMS += $(client_tests)
TESTS += $(client_tests)

tests_unit_test_birth_SOURCES = tests/unit/test-birth.c client/birth.c client/birth.h
tests_unit_test_birth_LDADD = $(CMOCKA_LIBS)

tests_unit_test_calendar_SOURCES = tests/unit/test-calendar.c client/calendar.c client/calendar.h
tests_unit_test_calendar_LDADD = $(CMOCKA_LIBS)

tests_unit_test_notice_SOURCES = tests/unit/test-notice.c \
	client/calendar.c client/calendar.h client/notice.c client/notice.h \
	client/notice-book.c client/notice-book.h
tests_unit_test_notice_LDADD = $(CMOCKA_LIBS)

tests_unit_test_openssh_SOURCES = \
	tests/unit/test-openssh.c $(certificate_issuer) client/certificate.c client/certificate.h
tests_unit_test_openssh_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_openssh_LDADD = $(CRYPTO_LIBS) $(CMOCKA_LIBS)

tests_unit_test_substitute_SOURCES = \
	tests/unit/test-substitute.c client/substitute.c client/substitute.h
tests_unit_test_substitute_LDADD = $(CMOCKA_LIBS)

tests_unit_test_text_SOURCES = tests/unit/test-text.c client/text.c client/text.h
tests_unit_test_text_LDADD = $(CMOCKA_LIBS)
endif
