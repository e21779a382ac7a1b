/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a certificate: refused, or described in clean UTF-8, and no forgery fits its key. */
#include <locale.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "base/cleanup.h"
#include "daemon/certificate.h"
#include "tests/fuzz/fuzz.h"

/* Judged by the C library, because the code under test has a reader of its own. */
static void require_clean(const char *text)
{
	mbstate_t state = { 0 };
	wchar_t character;
	size_t used;

	for (; text && *text; text += used) {
		used = mbrtowc(&character, text, MB_CUR_MAX, &state);
		HOLDS(used <= MB_CUR_MAX && !iswcntrl((wint_t)character));
	}
}

static void fuzz_describe(const uint8_t *der, size_t length)
{
	const time_t now = 1704067200; /* 2024-01-01 */
	struct description description = DESCRIPTION_INIT;

	if (certificate_describe(der, length, now, &description) != 0)
		return;
	HOLDS(description.subject && description.issuer && description.serial && description.key);
	HOLDS(description.fingerprint && strlen(description.fingerprint) == 2 * 256 / 8);
	HOLDS(description.renewable_from >= 0);
	HOLDS(description.renewable_from <= description.not_after);
	require_clean(description.subject);
	require_clean(description.issuer);
	require_clean(description.subject_alternative);
	require_clean(description.issuer_alternative);
	require_clean(description.policy);
	require_clean(description.cps);
	require_clean(description.serial);
	require_clean(description.key);
	require_clean(description.name);
	require_clean(description.name_substituted);
	require_clean(description.gender);
	require_clean(description.birth_date);
	require_clean(description.address);
	require_clean(description.address_substituted);
	description_clear(&description);
}

static void fuzz_key(const uint8_t *der, size_t length)
{
	static const enum jpki_padding paddings[] = { JPKI_PADDING_PKCS1, JPKI_PADDING_PSS_SHA256 };
	static const uint8_t zeros[512];
	struct public_key *key = NULL;
	size_t signature_length;

	if (public_key_from_certificate(der, length, &key) != 0)
		return;
	signature_length = public_key_signature_length(key);
	HOLDS(signature_length >= 2048 / 8 && signature_length <= sizeof(zeros));
	for (size_t i = 0; i < LENGTH_OF(paddings); i++)
		HOLDS(public_key_verify(key, paddings[i], zeros, 32, zeros, signature_length) != 0);
	public_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	HOLDS(setlocale(LC_CTYPE, "C.UTF-8"));
	fuzz_describe(bytes, length);
	fuzz_key(bytes, length);
	return 0;
}
