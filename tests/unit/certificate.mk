# SPDX-License-Identifier: LGPL-2.1-or-later
# All that the daemon uses OpenSSL for, compiled from its own sources: it needs no other part but base/.
certificate_sources = daemon/certificate.c daemon/digest.c daemon/openssl.c daemon/public-key.c
certificate_issuer = tests/unit/issuer.c tests/unit/issuer.h

if HAVE_CMOCKA
certificate_tests = tests/unit/test-certificate tests/unit/test-public-key
check_PROGRAMS += $(certificate_tests)
TESTS += $(certificate_tests)

tests_unit_test_certificate_SOURCES = \
	tests/unit/test-certificate.c $(certificate_issuer) $(certificate_sources)
tests_unit_test_certificate_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_certificate_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=free
tests_unit_test_certificate_LDADD = base/libbase.a $(CRYPTO_LIBS) $(CMOCKA_LIBS)

tests_unit_test_public_key_SOURCES = \
	tests/unit/test-public-key.c $(certificate_issuer) $(certificate_sources)
tests_unit_test_public_key_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_public_key_LDADD = base/libbase.a $(CRYPTO_LIBS) $(CMOCKA_LIBS)
endif

check_PROGRAMS += tests/fuzz/fuzz-certificate
TESTS += tests/fuzz/fuzz-certificate
tests_fuzz_fuzz_certificate_SOURCES = \
	tests/fuzz/fuzz-certificate.c $(fuzz_replay) $(certificate_sources)
tests_fuzz_fuzz_certificate_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_fuzz_certificate_LDADD = base/libbase.a $(CRYPTO_LIBS)

fuzz: tests/fuzz/libfuzzer-certificate
tests/fuzz/libfuzzer-certificate: tests/fuzz/fuzz-certificate.c $(certificate_sources) $(base_libbase_a_SOURCES)
	$(MKDIR_P) $(@D)
	$(FUZZ_CC) $(AM_CPPFLAGS) $(CRYPTO_CFLAGS) -std=c17 -pthread $(FUZZ_CFLAGS) \
		$(filter %.c,$^) $(CRYPTO_LIBS) -o $@
CLEANFILES += tests/fuzz/libfuzzer-certificate
