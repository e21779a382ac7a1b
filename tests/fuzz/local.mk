# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzzers. `make check` replays their corpora; `make fuzz` builds them for looking further, see replay.c.
check_PROGRAMS += $(fuzzers)
TESTS += $(fuzzers)
EXTRA_DIST += tests/fuzz/corpus

fuzzers = \
	tests/fuzz/fuzz-cms \
	tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-jpki \
	tests/fuzz/fuzz-ledger \
	tests/fuzz/fuzz-response \
	tests/fuzz/fuzz-tlv

fuzz_replay = tests/fuzz/fuzz.h tests/fuzz/replay.c
fuzz_libs = apdu/libapdu.a base/libbase.a

fuzz_cms_sources = client/cms/ber.c client/cms/cms-file.c client/cms/content.c client/output.c \
	client/source.c client/spool.c client/write-behind.c client/cms/stream.c
tests_fuzz_fuzz_cms_SOURCES = tests/fuzz/fuzz-cms.c $(fuzz_cms_sources) $(fuzz_replay)
tests_fuzz_fuzz_cms_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
tests_fuzz_fuzz_cms_LDADD = base/libbase.a $(CRYPTO_LIBS)
tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c $(fuzz_replay)
tests_fuzz_fuzz_config_LDADD = daemon/libdaemon.a base/libbase.a $(INIH_LIBS)
tests_fuzz_fuzz_jpki_SOURCES = tests/fuzz/fuzz-jpki.c $(fuzz_replay)
tests_fuzz_fuzz_jpki_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_ledger_SOURCES = tests/fuzz/fuzz-ledger.c $(fuzz_replay)
tests_fuzz_fuzz_ledger_LDADD = daemon/libdaemon.a base/libbase.a $(CRYPTO_LIBS)
tests_fuzz_fuzz_response_SOURCES = tests/fuzz/fuzz-response.c $(fuzz_replay)
tests_fuzz_fuzz_response_LDADD = $(fuzz_libs)
tests_fuzz_fuzz_tlv_SOURCES = tests/fuzz/fuzz-tlv.c $(fuzz_replay)
tests_fuzz_fuzz_tlv_LDADD = $(fuzz_libs)

FUZZ_CC = clang
FUZZ_CFLAGS = -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
libfuzzers = \
	tests/fuzz/libfuzzer-cms \
	tests/fuzz/libfuzzer-config \
	tests/fuzz/libfuzzer-jpki \
	tests/fuzz/libfuzzer-ledger \
	tests/fuzz/libfuzzer-response \
	tests/fuzz/libfuzzer-tlv
fuzz_sources = $(apdu_libapdu_a_SOURCES) $(base_libbase_a_SOURCES)

fuzz: $(libfuzzers)
tests/fuzz/libfuzzer-cms: tests/fuzz/fuzz-cms.c $(fuzz_cms_sources) $(base_libbase_a_SOURCES)
tests/fuzz/libfuzzer-cms: FUZZ_LIBS = $(CRYPTO_LIBS)
tests/fuzz/libfuzzer-config: tests/fuzz/fuzz-config.c daemon/config.c daemon/config-file.c $(base_libbase_a_SOURCES)
tests/fuzz/libfuzzer-config: FUZZ_LIBS = $(DEFAULT_INCLUDES) $(INIH_LIBS)
tests/fuzz/libfuzzer-jpki: tests/fuzz/fuzz-jpki.c $(fuzz_sources)
tests/fuzz/libfuzzer-ledger: tests/fuzz/fuzz-ledger.c daemon/ledger-page.c daemon/digest.c daemon/openssl.c $(base_libbase_a_SOURCES)
tests/fuzz/libfuzzer-response: tests/fuzz/fuzz-response.c $(fuzz_sources)
tests/fuzz/libfuzzer-tlv: tests/fuzz/fuzz-tlv.c $(fuzz_sources)
tests/fuzz/libfuzzer-ledger: FUZZ_LIBS = $(CRYPTO_LIBS)
$(libfuzzers):
	$(MKDIR_P) $(@D)
	$(FUZZ_CC) $(AM_CPPFLAGS) -std=c17 -pthread $(FUZZ_CFLAGS) $(filter %.c,$^) $(FUZZ_LIBS) -o $@
.PHONY: fuzz
CLEANFILES += $(libfuzzers)
