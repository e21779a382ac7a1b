# SPDX-License-Identifier: LGPL-2.1-or-later
# What jpkictl and jpkid-agent have that needs no service, each compiled from its own sources.
if HAVE_CMOCKA
client_tests = \
	tests/unit/test-birth \
	tests/unit/test-calendar \
	tests/unit/test-notice \
	tests/unit/test-openssh \
	tests/unit/test-substitute \
	tests/unit/test-text \
	tests/unit/test-write-behind
check_PROGRAMS += $(client_tests)
TESTS += $(client_tests)

tests_unit_test_birth_SOURCES = tests/unit/test-birth.c client/jpkictl/birth.c client/jpkictl/birth.h
tests_unit_test_birth_LDADD = base/libbase.a $(CMOCKA_LIBS)

tests_unit_test_calendar_SOURCES = tests/unit/test-calendar.c client/calendar.c client/calendar.h
tests_unit_test_calendar_LDADD = $(CMOCKA_LIBS)

tests_unit_test_notice_SOURCES = tests/unit/test-notice.c \
	client/calendar.c client/calendar.h client/jpkid-agent/notice.c client/jpkid-agent/notice.h \
	client/jpkid-agent/notice-book.c client/jpkid-agent/notice-book.h
tests_unit_test_notice_LDADD = $(CMOCKA_LIBS)

tests_unit_test_openssh_SOURCES = \
	tests/unit/test-openssh.c $(certificate_issuer) client/jpkictl/certificate.c client/jpkictl/certificate.h
tests_unit_test_openssh_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_openssh_LDADD = $(CRYPTO_LIBS) $(CMOCKA_LIBS)

tests_unit_test_substitute_SOURCES = \
	tests/unit/test-substitute.c client/jpkictl/substitute.c client/jpkictl/substitute.h
tests_unit_test_substitute_LDADD = base/libbase.a $(CMOCKA_LIBS)

tests_unit_test_text_SOURCES = tests/unit/test-text.c client/text.c client/text.h
tests_unit_test_text_LDADD = base/libbase.a $(CMOCKA_LIBS)

tests_unit_test_write_behind_SOURCES = \
	tests/unit/test-write-behind.c client/write-behind.c client/write-behind.h
tests_unit_test_write_behind_LDADD = $(CMOCKA_LIBS)
endif
