/* SPDX-License-Identifier: LGPL-2.1-or-later */
#undef NDEBUG
#include "daemon/certificate.h"

#include <assert.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/asn1.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/issuer.h"

#define UFFFD "\xEF\xBF\xBD"

/* A moment as "2020-04-23T14:59:59Z"; with +0900 in place of Z the clock of Japan. */
static time_t at(const char *moment)
{
	struct tm parts = { 0 };
	const char *zone = strptime(moment, "%Y-%m-%dT%H:%M:%S", &parts);

	assert(zone);
	return timegm(&parts) - (strcmp(zone, "Z") == 0 ? 0 : 9 * 60 * 60);
}

static int describe(const struct order *order, struct description *ret_description)
{
	struct der der;

	issue(order, &der);
	return certificate_describe(der.bytes, der.length, at("2024-01-01T00:00:00Z"),
				    ret_description);
}

static struct description description_of(const struct order *order)
{
	struct description description = DESCRIPTION_INIT;

	assert_int_equal(describe(order, &description), 0);
	return description;
}

static struct description description_of_holder(const struct text *holder)
{
	struct order order = order_sign;

	order.holder = holder;
	return description_of(&order);
}

/*
 * The linker puts __wrap_malloc() and its like in place of malloc(); OpenSSL is told to use the
 * same. All allocations but the first @allocations_left fail, where that is not negative.
 */
static long allocations_left = -1;

static bool allocation_fails(void)
{
	if (allocations_left > 0)
		allocations_left--;
	else if (allocations_left == 0)
		return true;
	return false;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(count, size);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
	return malloc(size);
}

static void *openssl_realloc(void *block, size_t size, const char *file, int line)
{
	return allocation_fails() ? NULL : realloc(block, size);
}

static void openssl_free(void *block, const char *file, int line)
{
	free(block);
}

/* Sees whether the block that it is told of was wiped. */
static struct {
	const void *block;
	size_t length;
	bool wiped;
} watched;

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block)
{
	static const char zeros[256];

	if (block && block == watched.block)
		watched.wiped = memcmp(block, zeros, watched.length) == 0;
	__real_free(block);
}

static void renewal_opens_the_day_after_the_day_three_months_before(void **state)
{
	static const char *const days[][2] = {
		{ "2020-04-23", "2020-01-24" }, { "2020-08-15", "2020-05-16" },
		{ "2021-01-01", "2020-10-02" }, { "2021-03-15", "2020-12-16" },
		/* the last day of a month */
		{ "2021-01-31", "2020-11-01" }, { "2021-06-30", "2021-03-31" },
		{ "2021-03-31", "2021-01-01" }, { "2021-02-28", "2020-11-29" },
		{ "2021-05-28", "2021-03-01" }, { "2024-05-28", "2024-02-29" },
		/* a month that has no such day */
		{ "2021-05-31", "2021-03-01" }, { "2024-05-31", "2024-03-01" },
		{ "2021-05-29", "2021-03-01" }, { "2024-05-29", "2024-03-01" },
		{ "2021-05-30", "2021-03-01" }, { "2021-07-31", "2021-05-01" },
		{ "2021-12-31", "2021-10-01" },
	};

	for (size_t i = 0; i < LENGTH_OF(days); i++) {
		char not_after[32], renewable_from[32];

		snprintf(not_after, sizeof(not_after), "%sT23:59:59+0900", days[i][0]);
		snprintf(renewable_from, sizeof(renewable_from), "%sT00:00:00+0900", days[i][1]);
		assert_int_equal(certificate_renewable_from(at(not_after)), at(renewable_from));
	}
}

static void the_last_day_is_that_of_japan_wherever_the_machine_is(void **state)
{
	static const char *const zones[] = { "UTC0", "JST-9", "EST5EDT", "NZST-12NZDT" };

	for (size_t i = 0; i < LENGTH_OF(zones); i++) {
		setenv("TZ", zones[i], true);
		tzset();
		assert_int_equal(certificate_renewable_from(at("2020-04-22T14:59:59Z")),
				 at("2020-01-22T15:00:00Z"));
		assert_int_equal(certificate_renewable_from(at("2020-04-22T15:00:00Z")),
				 at("2020-01-23T15:00:00Z"));
	}
	unsetenv("TZ");
	tzset();
}

static void validity_changes_at_the_exact_second(void **state)
{
	static const struct {
		const char *now, *validity;
	} moments[] = {
		{ "1970-01-01T00:00:00Z", "not-yet-valid" },
		{ "2022-11-04T03:14:59Z", "not-yet-valid" },
		{ "2022-11-04T03:15:00Z", "valid" },
		{ "2027-06-15T23:59:59+0900", "valid" },
		{ "2027-06-16T00:00:00+0900", "renewable" },
		{ "2027-09-15T23:59:59+0900", "renewable" },
		{ "2027-09-16T00:00:00+0900", "expired" },
	};
	struct description description;
	struct der der;

	issue(&order_auth, &der);
	for (size_t i = 0; i < LENGTH_OF(moments); i++) {
		assert_int_equal(certificate_describe(der.bytes, der.length, at(moments[i].now),
						      &description), 0);
		assert_string_equal(validity_name(description.validity), moments[i].validity);
		description_clear(&description);
	}
}

static void an_auth_certificate_is_described_and_has_no_holder(void **state)
{
	struct description description = description_of(&order_auth);

	assert_string_equal(description.subject, "C=JP, CN=0123456789ABCDEFGHIJKLA");
	assert_string_equal(description.issuer,
			    "C=JP, O=JPKI, OU=JPKI for user authentication, "
			    "OU=Japan Agency for Local Authority Information Systems");
	assert_string_equal(description.serial, "0133C349");
	assert_string_equal(description.key, "RSA-2048");
	assert_int_equal(description.not_before, at("2022-11-04T03:15:00Z"));
	assert_int_equal(description.not_after, at("2027-09-15T23:59:59+0900"));
	assert_int_equal(description.renewable_from, at("2027-06-16T00:00:00+0900"));
	assert_null(description.name);
	assert_null(description.name_substituted);
	assert_null(description.gender);
	assert_null(description.birth_date);
	assert_null(description.birth_era);
	assert_null(description.address);
	assert_null(description.address_substituted);
	description_clear(&description);
}

static void a_sign_certificate_names_its_holder_in_whatever_order(void **state)
{
	struct description description = description_of(&order_sign);

	assert_string_equal(description.subject,
			    "C=JP, L=Tokyo-to, L=Chiyoda-ku, CN=0123456789ABCDEFGHIJKLS");
	assert_string_equal(description.serial, "FF01");
	assert_string_equal(description.name, "山田　花子");
	assert_string_equal(description.name_substituted, "00010");
	assert_string_equal(description.gender, "2");
	assert_string_equal(description.birth_date, "2000-04-01");
	assert_string_equal(description.birth_era, "showa");
	assert_string_equal(description.address, "東京都千代田区霞が関二丁目１番");
	assert_string_equal(description.address_substituted, "000000000000000");
	description_clear(&description);
}

static void a_sign_certificate_without_attributes_has_no_holder(void **state)
{
	struct order order = order_sign;
	struct description description;

	order.holder = NULL;
	description = description_of(&order);
	assert_null(description.name);
	assert_null(description.address);
	description_clear(&description);
}

static void the_key_usage_says_what_the_key_is_for(void **state)
{
	static const char *const purposes[][2] = {
		{ "critical,digitalSignature", "user-authentication" },
		{ "digitalSignature,keyEncipherment", "user-authentication" },
		{ "critical,digitalSignature,nonRepudiation", "digital-signature" },
		{ "critical,keyCertSign,cRLSign", "certificate-authority" },
		{ "critical,keyEncipherment", "unknown" },
		{ NULL, "unknown" },
	};

	for (size_t i = 0; i < LENGTH_OF(purposes); i++) {
		struct order order = order_auth;
		struct description description;

		order.key_usage = purposes[i][0];
		description = description_of(&order);
		assert_string_equal(purpose_name(description.purpose), purposes[i][1]);
		description_clear(&description);
	}
}

static void an_authority_s_certificate_is_never_renewable(void **state)
{
	struct order order = order_auth;
	struct description description;
	struct der der;

	order.key_usage = "critical,keyCertSign,cRLSign";
	issue(&order, &der);
	assert_int_equal(certificate_describe(der.bytes, der.length, at("2027-09-15T12:00:00Z"),
					      &description), 0);
	assert_int_equal(description.renewable_from, 0);
	assert_string_equal(validity_name(description.validity), "valid");
	description_clear(&description);
}

static void policy_and_practice_statement_are_the_first_policy_s(void **state)
{
	struct order order = order_auth;
	struct description description = description_of(&order);

	assert_string_equal(description.policy, "1.2.392.200149.8.5.1.3.30");
	assert_string_equal(description.cps, "http://www.jpki.go.jp/cps.html");
	description_clear(&description);

	order.cps = "http://\x1B\xE5x";
	order.policy = "1.2.3.4";
	description = description_of(&order);
	assert_string_equal(description.policy, "1.2.3.4");
	assert_string_equal(description.cps, "http://" UFFFD UFFFD "x");
	description_clear(&description);

	order.policy = "1.2.392.200149.8.5.1.3.30.99999999999999999999999999999999999999999999999";
	description = description_of(&order);
	assert_null(description.policy);
	assert_null(description.cps);
	description_clear(&description);
}

static void names_in_japanese_are_the_first_directory_names(void **state)
{
	static const struct text subject[] = { UTF8("O", "公的\x1B" "個人"), { 0 } };
	struct order order = order_sign;
	struct description description = description_of(&order_auth);

	assert_string_equal(description.issuer_alternative,
			    "C=JP, O=公的個人認証サービス, OU=公的個人認証サービス利用者証明用");
	assert_null(description.subject_alternative);
	description_clear(&description);

	order.subject_alternative = subject;
	description = description_of(&order);
	assert_string_equal(description.subject_alternative, "O=公的" UFFFD "個人");
	assert_null(description.issuer_alternative);
	assert_string_equal(description.name, "山田　花子");
	description_clear(&description);
}

static void the_fingerprint_is_that_of_all_bytes(void **state)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	char expected[2 * EVP_MAX_MD_SIZE + 1];
	struct description description;
	unsigned int length;
	struct der der;

	issue(&order_auth, &der);
	assert_int_equal(certificate_describe(der.bytes, der.length, 0, &description), 0);
	assert_true(EVP_Digest(der.bytes, der.length, digest, &length, EVP_sha256(), NULL));
	for (size_t i = 0; i < length; i++)
		snprintf(expected + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(description.fingerprint, expected);
	description_clear(&description);
}

static void a_key_of_another_type_is_described_too(void **state)
{
	struct order order = order_auth;
	struct description description;

	order.key = EVP_EC_gen("P-384");
	description = description_of(&order);
	assert_string_equal(description.key, "EC-384");
	description_clear(&description);
	EVP_PKEY_free(order.key);
}

static void names_are_escaped_where_rfc_4514_needs_it_and_nowhere_else(void **state)
{
	static const struct text subject[] = {
		TEXT("C", V_ASN1_PRINTABLESTRING, "JP"),
		UTF8("O", "一,二+三=四"),
		UTF8("OU", " # \\\"<>; "),
		TEXT("L", V_ASN1_BMPSTRING, "\x67\x71\x4E\xAC"),
		TEXT("CN", V_ASN1_T61STRING, "caf\xE9"),
		TEXT("1.2.392.200149.1", V_ASN1_UTF8STRING, "x"),
		{ 0 },
	};
	struct order order = order_auth;
	struct description description;

	order.subject = subject;
	description = description_of(&order);
	assert_string_equal(description.subject,
			    "C=JP, O=一\\,二\\+三=四, OU=\\ # \\\\\\\"\\<\\>\\;\\ , L=東京, CN=café, "
			    "1.2.392.200149.1=#0C0178");
	description_clear(&description);
}

static void bytes_that_are_no_clean_text_are_replaced(void **state)
{
	static const struct text holder[] = {
		HOLDER(1, "a\0b\x01" "c\x1B" "d\x7F" "e\xC2\x80" "f\xC2\x9F" "g\xC2\xA0" "h\n" "i\u202E" "j\u200D"),
		HOLDER(3, "\xC0\xAF" "x" "\xED\xA0\x80" "y" "\xF4\x90\x80\x80" "z" "\xF8"),
		HOLDER(5, "\x80" "\xE5\xB1" "," "\xF0\x9F\x98\x80" "\xE5"),
		{ 0 },
	};
	static const struct text subject[] = { UTF8("CN", "\0a,\x07"), { 0 } };
	struct order order = order_sign;
	struct description description;

	order.holder = holder;
	order.subject = subject;
	description = description_of(&order);
	assert_string_equal(description.name, "a" UFFFD "b" UFFFD "c" UFFFD "d" UFFFD "e" UFFFD "f"
			    UFFFD "g\xC2\xA0" "h" UFFFD "i" UFFFD "j\u200D");
	assert_string_equal(description.gender, UFFFD UFFFD "x" UFFFD UFFFD UFFFD "y"
			    UFFFD UFFFD UFFFD UFFFD "z" UFFFD);
	assert_string_equal(description.address, UFFFD UFFFD UFFFD ",\xF0\x9F\x98\x80" UFFFD);
	assert_string_equal(description.subject, "CN=" UFFFD "a\\," UFFFD);
	description_clear(&description);
}

static void attributes_of_other_oids_are_ignored(void **state)
{
	static const struct text holder[] = {
		HOLDER(0, "zero"),
		HOLDER(7, "seven"),
		HOLDER(1.1, "longer"),
		UTF8("1.2.392.200149.8.5.5", "shorter"),
		UTF8("1.2.392.200149.8.5.4.1", "sister"),
		UTF8("1.3.392.200149.8.5.5.1", "stranger"),
		UTF8("1.2.392.200149.8.5.5.1.99999999999999999999999999999999999999999999999999",
		     "very long"),
		{ 0 },
	};
	struct description description = description_of_holder(holder);

	assert_null(description.name);
	description_clear(&description);
}

static void an_attribute_that_is_not_utf8string_is_ignored(void **state)
{
	static const int encodings[] = {
		V_ASN1_PRINTABLESTRING, V_ASN1_IA5STRING, V_ASN1_OCTET_STRING,
		V_ASN1_INTEGER, V_ASN1_BIT_STRING, V_ASN1_BMPSTRING,
	};

	for (size_t i = 0; i < LENGTH_OF(encodings); i++) {
		struct text holder[] = { HOLDER(1, "name"), HOLDER(5, "address"), { 0 } };
		struct description description;

		holder[0].encoding = encodings[i];
		description = description_of_holder(holder);
		assert_null(description.name);
		assert_string_equal(description.address, "address");
		description_clear(&description);
	}
}

static void the_first_of_two_attributes_counts(void **state)
{
	static const struct text holder[] = {
		HOLDER(1, "first"),
		HOLDER(4, "320000401"),
		HOLDER(1, "second"),
		HOLDER(4, "320000402"),
		{ 0 },
	};
	struct description description = description_of_holder(holder);

	assert_string_equal(description.name, "first");
	assert_string_equal(description.birth_date, "2000-04-01");
	description_clear(&description);
}

static void substitution_flags_are_only_zero_and_one(void **state)
{
	static const struct text holder[] = {
		HOLDER(2, "0102"),
		HOLDER(6, "0101\n"),
		{ 0 },
	};
	struct description description = description_of_holder(holder);

	assert_null(description.name_substituted);
	assert_null(description.address_substituted);
	description_clear(&description);
}

static void a_birth_date_is_gregorian_in_every_era(void **state)
{
	static const char *const dates[][3] = {
		{ "019500131", "1950-01-31", "unknown" }, { "119001231", "1900-12-31", "meiji" },
		{ "219120730", "1912-07-30", "taisho" },  { "319890107", "1989-01-07", "showa" },
		{ "419890108", "1989-01-08", "heisei" },  { "520190501", "2019-05-01", "reiwa" },
	};

	for (size_t i = 0; i < LENGTH_OF(dates); i++) {
		const struct text holder[] = {
			{ "1.2.392.200149.8.5.5.4", V_ASN1_UTF8STRING, dates[i][0], 9 },
			{ 0 },
		};
		struct description description = description_of_holder(holder);

		assert_string_equal(description.birth_date, dates[i][1]);
		assert_string_equal(description.birth_era, dates[i][2]);
		description_clear(&description);
	}
}

static void what_is_no_birth_date_gives_none(void **state)
{
	static const char *const dates[] = {
		"", "3", "32000040", "3200004011", "620000401", "3200A0401", "320000001",
		"320001301", "320000400", "320000432", "3-0000401", "3２０", " 20000401",
	};

	for (size_t i = 0; i < LENGTH_OF(dates); i++) {
		const struct text holder[] = {
			{ "1.2.392.200149.8.5.5.4", V_ASN1_UTF8STRING, dates[i], strlen(dates[i]) },
			{ 0 },
		};
		struct description description = description_of_holder(holder);

		assert_null(description.birth_date);
		assert_null(description.birth_era);
		description_clear(&description);
	}
}

static void a_huge_attribute_is_whole_or_the_certificate_too_long(void **state)
{
	static char address[JPKI_CERTIFICATE_LENGTH_MAX];
	struct text holder[] = {
		{ "1.2.392.200149.8.5.5.5", V_ASN1_UTF8STRING, address, sizeof(address) - 1500 },
		{ 0 },
	};
	struct order order = order_sign;
	struct description description;

	memset(address, 0xFF, sizeof(address));
	description = description_of_holder(holder);
	assert_int_equal(strlen(description.address), strlen(UFFFD) * holder[0].length);
	description_clear(&description);

	holder[0].length = sizeof(address);
	order.holder = holder;
	assert_int_equal(describe(&order, &description), ANSWER_CERTIFICATE_UNREADABLE);
}

static void every_byte_of_the_certificate_counts(void **state)
{
	struct description description = { .validity = VALIDITY_EXPIRED };
	struct der der;

	issue(&order_sign, &der);
	for (size_t length = 0; length <= der.length + 1; length++)
		if (length != der.length)
			assert_int_equal(certificate_describe(der.bytes, length, 0, &description),
					 ANSWER_CERTIFICATE_UNREADABLE);
	assert_null(description.subject);
	assert_int_equal(description.validity, VALIDITY_EXPIRED);
}

static void a_damaged_certificate_is_unreadable(void **state)
{
	static const char *const damages[][2] = {
		{ "221104031500Z", "221304031500Z" },               /* a month 13 */
		{ "270915145959Z", "27091514595\xFFZ" },            /* a second that is none */
		{ "\x55\x1D\x0F", "\x55\x1D\x11" },                 /* two subjectAltName */
		{ "\xA0\x03\x0C\x01" "2", "\xA0\x02\x0C\x01" "2" }, /* one too short inside */
		{ "\xF7\x0D\x01\x01\x01", "\xF7\x0D\x01\x01\x7F" }, /* a key of no known type */
		{ "Tokyo-to", "Tokyo-t\xE9" },                      /* a name that is not UTF-8 */
		{ "\x55\x1D\x0F", "\x55\x1D\x20" },                 /* no policies in there */
	};
	struct description description;
	struct der der;

	for (size_t i = 0; i < LENGTH_OF(damages); i++) {
		issue(&order_sign, &der);
		der_replace(&der, damages[i][0], damages[i][1]);
		assert_int_equal(certificate_describe(der.bytes, der.length, 0, &description),
				 ANSWER_CERTIFICATE_UNREADABLE);
	}
}

static void a_certificate_from_before_1970_is_unreadable(void **state)
{
	struct order order = order_auth;
	struct description description;

	order.not_before = "19691231235959Z";
	assert_int_equal(describe(&order, &description), ANSWER_CERTIFICATE_UNREADABLE);
	order.not_before = "19700101000000Z";
	order.not_after = "19700331145959Z";
	assert_int_equal(describe(&order, &description), ANSWER_CERTIFICATE_UNREADABLE);
	order.not_after = "19700401145959Z";
	assert_int_equal(describe(&order, &description), 0);
	description_clear(&description);
}

static void years_after_2050_are_read(void **state)
{
	struct order order = order_auth;
	struct description description;

	order.not_after = "99991231235959Z";
	description = description_of(&order);
	assert_int_equal(description.not_after, at("9999-12-31T23:59:59Z"));
	assert_int_equal(description.renewable_from, at("9999-10-02T00:00:00+0900"));
	description_clear(&description);
}

static void clearing_wipes_every_string_before_it_is_freed(void **state)
{
	static const struct text japanese[] = { UTF8("O", "公的個人認証サービス"), { 0 } };
	static const size_t fields[] = {
		offsetof(struct description, subject), offsetof(struct description, issuer),
		offsetof(struct description, subject_alternative),
		offsetof(struct description, issuer_alternative),
		offsetof(struct description, serial), offsetof(struct description, key),
		offsetof(struct description, fingerprint), offsetof(struct description, policy),
		offsetof(struct description, cps), offsetof(struct description, birth_era),
		offsetof(struct description, name), offsetof(struct description, name_substituted),
		offsetof(struct description, gender), offsetof(struct description, birth_date),
		offsetof(struct description, address),
		offsetof(struct description, address_substituted),
	};

	struct order order = order_auth;

	order.holder = order_sign.holder;
	order.subject_alternative = japanese;
	for (size_t i = 0; i < LENGTH_OF(fields); i++) {
		struct description description = description_of(&order);
		char **field = (char **)(void *)((char *)&description + fields[i]);

		watched.block = *field;
		watched.length = strlen(*field);
		watched.wiped = false;
		description_clear(&description);
		watched.block = NULL;
		assert_true(watched.wiped);
		assert_null(*field);
		description_clear(&description);
	}
}

/* Leaks and wild accesses on the way are the sanitizers' to find. */
static void without_memory_a_certificate_is_not_half_described(void **state)
{
	struct order order = order_auth;
	struct description description = DESCRIPTION_INIT;
	struct der der;
	int r = -ENOMEM;

	order.holder = order_sign.holder;
	issue(&order, &der);
	for (long allocations = 0; r != 0; allocations++) {
		allocations_left = allocations;
		r = certificate_describe(der.bytes, der.length, 0, &description);
		allocations_left = -1;
		/* OpenSSL does not always say that it was memory. */
		assert_true(r == 0 || r == -ENOMEM || r == -EIO ||
			    r == ANSWER_CERTIFICATE_UNREADABLE);
		assert_true(r == 0 || !description.subject);
	}
	assert_string_equal(description.address_substituted, "000000000000000");
	description_clear(&description);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renewal_opens_the_day_after_the_day_three_months_before),
		cmocka_unit_test(the_last_day_is_that_of_japan_wherever_the_machine_is),
		cmocka_unit_test(validity_changes_at_the_exact_second),
		cmocka_unit_test(an_auth_certificate_is_described_and_has_no_holder),
		cmocka_unit_test(a_sign_certificate_names_its_holder_in_whatever_order),
		cmocka_unit_test(a_sign_certificate_without_attributes_has_no_holder),
		cmocka_unit_test(the_key_usage_says_what_the_key_is_for),
		cmocka_unit_test(an_authority_s_certificate_is_never_renewable),
		cmocka_unit_test(policy_and_practice_statement_are_the_first_policy_s),
		cmocka_unit_test(names_in_japanese_are_the_first_directory_names),
		cmocka_unit_test(the_fingerprint_is_that_of_all_bytes),
		cmocka_unit_test(a_key_of_another_type_is_described_too),
		cmocka_unit_test(names_are_escaped_where_rfc_4514_needs_it_and_nowhere_else),
		cmocka_unit_test(bytes_that_are_no_clean_text_are_replaced),
		cmocka_unit_test(attributes_of_other_oids_are_ignored),
		cmocka_unit_test(an_attribute_that_is_not_utf8string_is_ignored),
		cmocka_unit_test(the_first_of_two_attributes_counts),
		cmocka_unit_test(substitution_flags_are_only_zero_and_one),
		cmocka_unit_test(a_birth_date_is_gregorian_in_every_era),
		cmocka_unit_test(what_is_no_birth_date_gives_none),
		cmocka_unit_test(a_huge_attribute_is_whole_or_the_certificate_too_long),
		cmocka_unit_test(every_byte_of_the_certificate_counts),
		cmocka_unit_test(a_damaged_certificate_is_unreadable),
		cmocka_unit_test(a_certificate_from_before_1970_is_unreadable),
		cmocka_unit_test(years_after_2050_are_read),
		cmocka_unit_test(clearing_wipes_every_string_before_it_is_freed),
		cmocka_unit_test(without_memory_a_certificate_is_not_half_described),
	};

	/* Refused once OpenSSL has allocated anything. */
	assert(CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
