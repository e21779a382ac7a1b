/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a certificate is read: as long as its header says, in as few READs as the card allows. */
#include <string.h>

#include "apdu/jpki.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/card-commands.h"
#include "tests/unit/script.h"

/* A SEQUENCE of the length of a real auth certificate, and what fills the file behind it. */
enum {
	LENGTH = 1583,
	FILE_LENGTH = 2048,
};
static uint8_t file[FILE_LENGTH];

static int make_file(void **state)
{
	for (size_t i = 0; i < LENGTH; i++)
		file[i] = (uint8_t)(i * 7 + (i >> 8));
	memcpy(file, "\x30\x82", 2);
	file[2] = (LENGTH - 4) >> 8;
	file[3] = (LENGTH - 4) & 0xFF;
	memset(file + LENGTH, 0xFF, FILE_LENGTH - LENGTH);
	return 0;
}

static int read_on(struct script *script, enum jpki_applet applet, uint8_t **ret_der,
		   size_t *ret_length)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	const int r = jpki_read_certificate(&jpki, applet, JPKI_HOLDER_CERTIFICATE, ret_der,
					    ret_length);

	script_assert_done(script);
	return r;
}

static void assert_reads(struct script *script)
{
	CLEANUP(freep) uint8_t *der = NULL;
	size_t length;

	assert_int_equal(read_on(script, JPKI_AUTH, &der, &length), 0);
	assert_int_equal(length, LENGTH);
	assert_memory_equal(der, file, LENGTH);
}

static void assert_fails(struct script *script, int result)
{
	uint8_t *der = file;
	size_t length = 7;

	assert_int_equal(read_on(script, JPKI_AUTH, &der, &length), result);
	assert_ptr_equal(der, file);
	assert_int_equal(length, 7);
}

static void a_certificate_is_read_in_one_command_for_each_256_bytes(void **state)
{
	struct script script = SCRIPT(
		{ READ_AUTH, OK, 0, file, 256 }, { "00 B0 01 00 00", OK, 0, file + 256, 256 },
		{ "00 B0 02 00 00", OK, 0, file + 512, 256 },
		{ "00 B0 03 00 00", OK, 0, file + 768, 256 },
		{ "00 B0 04 00 00", OK, 0, file + 1024, 256 },
		{ "00 B0 05 00 00", OK, 0, file + 1280, 256 },
		{ "00 B0 06 00 2F", OK, 0, file + 1536, 47 });

	assert_int_equal(script.count, (LENGTH + 255) / 256);
	assert_reads(&script);
}

static void every_certificate_has_its_own_file(void **state)
{
	static const struct {
		enum jpki_applet applet;
		enum jpki_certificate which;
		const char *command;
	} certificates[] = {
		{ JPKI_AUTH, JPKI_HOLDER_CERTIFICATE, READ_AUTH },
		{ JPKI_AUTH, JPKI_ISSUER_CERTIFICATE, READ_AUTH_ISSUER },
		{ JPKI_SIGN, JPKI_HOLDER_CERTIFICATE, "00 B0 81 00 00" },
		{ JPKI_SIGN, JPKI_ISSUER_CERTIFICATE, "00 B0 82 00 00" },
	};

	for (size_t i = 0; i < LENGTH_OF(certificates); i++) {
		CLEANUP(freep) uint8_t *der = NULL;
		struct script script = SCRIPT({ certificates[i].command, "30 01 AA FF FF" OK });
		struct jpki jpki = JPKI_INIT(script_channel(&script));
		size_t length;

		assert_int_equal(jpki_read_certificate(&jpki, certificates[i].applet,
						       certificates[i].which, &der, &length),
				 0);
		script_assert_hex(der, length, "30 01 AA");
	}
}

static void a_card_without_short_identifiers_costs_one_refusal_and_one_select(void **state)
{
	struct script script = SCRIPT(
		{ READ_AUTH, "6A 86" }, { SELECT_EF "00 0A", OK },
		{ "00 B0 00 00 00", OK, 0, file, 256 },
		{ "00 B0 01 00 00", OK, 0, file + 256, 256 },
		{ "00 B0 02 00 00", OK, 0, file + 512, 256 },
		{ "00 B0 03 00 00", OK, 0, file + 768, 256 },
		{ "00 B0 04 00 00", OK, 0, file + 1024, 256 },
		{ "00 B0 05 00 00", OK, 0, file + 1280, 256 },
		{ "00 B0 06 00 2F", OK, 0, file + 1536, 47 });

	assert_reads(&script);
}

static void a_card_whose_short_identifier_selects_nothing_gets_one_select(void **state)
{
	struct script script = SCRIPT(
		{ READ_AUTH, OK, 0, file, 256 }, { "00 B0 01 00 00", "69 86" },
		{ SELECT_EF "00 0A", OK }, { "00 B0 01 00 00", OK, 0, file + 256, 256 },
		{ "00 B0 02 00 00", OK, 0, file + 512, 256 },
		{ "00 B0 03 00 00", OK, 0, file + 768, 256 },
		{ "00 B0 04 00 00", OK, 0, file + 1024, 256 },
		{ "00 B0 05 00 00", OK, 0, file + 1280, 256 },
		{ "00 B0 06 00 2F", OK, 0, file + 1536, 47 });

	assert_reads(&script);
}

static void short_answers_are_joined_with_9000_and_with_6282(void **state)
{
	struct script script = SCRIPT(
		{ READ_AUTH, OK, 0, file, 4 }, { "00 B0 00 04 00", "62 82", 0, file + 4, 200 },
		{ "00 B0 00 CC 00", "6C 80" }, { "00 B0 00 CC 80", OK, 0, file + 204, 128 },
		{ "00 B0 01 4C 00", OK, 0, file + 332, 256 },
		{ "00 B0 02 4C 00", OK, 0, file + 588, 256 },
		{ "00 B0 03 4C 00", OK, 0, file + 844, 256 },
		{ "00 B0 04 4C 00", OK, 0, file + 1100, 256 },
		{ "00 B0 05 4C E3", "61 63", 0, file + 1356, 128 },
		{ "00 C0 00 00 63", OK, 0, file + 1484, 99 });

	assert_reads(&script);
}

static void more_bytes_than_asked_are_cut(void **state)
{
	struct script script = SCRIPT({ READ_AUTH, "30 04 01 02" OK },
				      { "00 B0 00 04 02", "03 04 05 06" OK });
	CLEANUP(freep) uint8_t *der = NULL;
	size_t length;

	assert_int_equal(read_on(&script, JPKI_AUTH, &der, &length), 0);
	script_assert_hex(der, length, "30 04 01 02 03 04");
}

static void every_definite_length_is_read(void **state)
{
	static const struct {
		const char *header;
		size_t length;
	} files[] = {
		{ "30 00", 2 },
		{ "30 10", 18 },
		{ "30 81 80", 131 },
		{ "30 82 00 80", 132 },
		{ "30 83 00 00 80", 133 },
	};

	for (size_t i = 0; i < LENGTH_OF(files); i++) {
		CLEANUP(freep) uint8_t *der = NULL;
		uint8_t body[256] = { 0 };
		struct script script = SCRIPT({ READ_AUTH, OK, 0, body, sizeof(body) });
		size_t length;

		script_bytes(files[i].header, body, sizeof(body));
		assert_int_equal(read_on(&script, JPKI_AUTH, &der, &length), 0);
		assert_int_equal(length, files[i].length);
		assert_memory_equal(der, body, length);
	}
}

static void an_empty_erased_or_absent_file_is_no_certificate(void **state)
{
	struct script empty = SCRIPT({ READ_AUTH, OK });
	struct script ends = SCRIPT({ READ_AUTH, "62 82" });
	struct script erased = SCRIPT({ READ_AUTH, "FF FF FF FF" OK });
	struct script absent = SCRIPT({ READ_AUTH, "6A 82" }, { SELECT_EF "00 0A", "6A 82" });
	struct script strange = SCRIPT({ READ_AUTH, "30 00 6A 86" },
				       { SELECT_EF "00 0A", "62 82" });
	struct script zero_length = SCRIPT({ READ_AUTH, "6B 00" }, { SELECT_EF "00 0A", OK },
					   { "00 B0 00 00 00", "6B 00" });

	assert_fails(&empty, ANSWER_NO_CERTIFICATE);
	assert_fails(&ends, ANSWER_NO_CERTIFICATE);
	assert_fails(&erased, ANSWER_NO_CERTIFICATE);
	assert_fails(&absent, ANSWER_NO_CERTIFICATE);
	assert_fails(&strange, ANSWER_NO_CERTIFICATE);
	assert_fails(&zero_length, ANSWER_NO_CERTIFICATE);
}

static void what_is_no_certificate_of_a_sane_length_is_unreadable(void **state)
{
	static const char *const files[] = {
		"31 82 06 2B" OK,	   "00 00 00 00" OK,	"30" OK,	"30 82 06" OK,
		"30 80 00 00" OK,	   "30 82 1F FD" OK,	"30 82 FF FF" OK,
		"30 84 FF FF FF FF" OK, "30 85 00 00 00 06 2B" OK,
	};

	for (size_t i = 0; i < LENGTH_OF(files); i++) {
		struct script script = SCRIPT({ READ_AUTH, files[i] });

		assert_fails(&script, ANSWER_CERTIFICATE_UNREADABLE);
	}
}

static void a_card_that_stops_giving_bytes_is_unreadable(void **state)
{
	struct script silent = SCRIPT({ READ_AUTH, OK, 0, file, 256 }, { "00 B0 01 00 00", OK });
	struct script at_end = SCRIPT({ READ_AUTH, OK, 0, file, 256 },
				      { "00 B0 01 00 00", "62 82" });
	struct script strange = SCRIPT({ READ_AUTH, OK, 0, file, 256 },
				       { "00 B0 01 00 00", "AA BB 69 86" },
				       { SELECT_EF "00 0A", "62 82" });
	struct script over = SCRIPT({ READ_AUTH, OK, 0, file, 256 }, { "00 B0 01 00 00", "6B 00" });

	assert_fails(&silent, ANSWER_CERTIFICATE_UNREADABLE);
	assert_fails(&at_end, ANSWER_CERTIFICATE_UNREADABLE);
	assert_fails(&strange, ANSWER_CERTIFICATE_UNREADABLE);
	assert_fails(&over, ANSWER_CERTIFICATE_UNREADABLE);
}

static unsigned int byte_count;

static int transmit_one_byte(void *reader, const uint8_t *command, size_t command_length,
			     uint8_t *response, size_t *response_length)
{
	const size_t length = byte_count++ == 0 ? 4 : 1;

	memcpy(response, "\x30\x82\x1F\xFC", length);
	memcpy(response + length, "\x90", 2);
	*response_length = length + 2;
	return 0;
}

static void a_card_that_drips_bytes_is_given_up(void **state)
{
	struct jpki jpki = JPKI_INIT(((struct channel){ .transmit = transmit_one_byte }));
	uint8_t *der = NULL;
	size_t length;

	byte_count = 0;
	assert_int_equal(jpki_read_certificate(&jpki, JPKI_AUTH, JPKI_HOLDER_CERTIFICATE, &der,
					       &length),
			 ANSWER_CERTIFICATE_UNREADABLE);
	assert_in_range(byte_count, JPKI_CERTIFICATE_LENGTH_MAX / 256, 200);
	assert_null(der);
}

static void a_closed_file_wants_its_pin_and_faults_are_card_errors(void **state)
{
	struct script closed = SCRIPT({ READ_AUTH, "69 82" });
	struct script closes = SCRIPT({ READ_AUTH, OK, 0, file, 256 },
				      { "00 B0 01 00 00", "69 82" });
	struct script closed_by_select = SCRIPT({ READ_AUTH, "6A 86" }, { SELECT_EF "00 0A", OK },
						{ "00 B0 00 00 00", "69 82" });
	struct script broken = SCRIPT({ READ_AUTH, "65 81" });
	struct script breaks = SCRIPT({ READ_AUTH, OK, 0, file, 256 },
				      { "00 B0 01 00 00", "6F 00" });
	struct script still = SCRIPT({ READ_AUTH, "6A 86" }, { SELECT_EF "00 0A", OK },
				     { "00 B0 00 00 00", OK, 0, file, 256 },
				     { "00 B0 01 00 00", "69 86" });
	struct script loses = SCRIPT({ READ_AUTH, OK, 0, file, 256 }, { "00 B0 01 00 00", "69 86" },
				     { SELECT_EF "00 0A", "6A 82" });

	assert_fails(&closed, ANSWER_PIN_REQUIRED);
	assert_fails(&closes, ANSWER_PIN_REQUIRED);
	assert_fails(&closed_by_select, ANSWER_PIN_REQUIRED);
	assert_fails(&broken, ANSWER_CARD_ERROR);
	assert_fails(&breaks, ANSWER_CARD_ERROR);
	assert_fails(&still, ANSWER_CARD_ERROR);
	assert_fails(&loses, ANSWER_CARD_ERROR);
}

static void the_answers_of_the_channel_are_passed_on(void **state)
{
	struct script first = SCRIPT({ READ_AUTH, NULL, ANSWER_CARD_REMOVED });
	struct script second = SCRIPT({ READ_AUTH, OK, 0, file, 256 },
				      { "00 B0 01 00 00", NULL, ANSWER_READER_ERROR });
	struct script third = SCRIPT({ READ_AUTH, OK, 0, file, 256 }, { "00 B0 01 00 00", "69 86" },
				     { SELECT_EF "00 0A", NULL, ANSWER_CARD_REMOVED });
	struct script malformed = SCRIPT({ READ_AUTH, OK, 0, file, 256 },
					 { "00 B0 01 00 00", "90" });

	assert_fails(&first, ANSWER_CARD_REMOVED);
	assert_fails(&second, ANSWER_READER_ERROR);
	assert_fails(&third, ANSWER_CARD_REMOVED);
	assert_fails(&malformed, ANSWER_READER_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_read_in_one_command_for_each_256_bytes),
		cmocka_unit_test(every_certificate_has_its_own_file),
		cmocka_unit_test(a_card_without_short_identifiers_costs_one_refusal_and_one_select),
		cmocka_unit_test(a_card_whose_short_identifier_selects_nothing_gets_one_select),
		cmocka_unit_test(short_answers_are_joined_with_9000_and_with_6282),
		cmocka_unit_test(more_bytes_than_asked_are_cut),
		cmocka_unit_test(every_definite_length_is_read),
		cmocka_unit_test(an_empty_erased_or_absent_file_is_no_certificate),
		cmocka_unit_test(what_is_no_certificate_of_a_sane_length_is_unreadable),
		cmocka_unit_test(a_card_that_stops_giving_bytes_is_unreadable),
		cmocka_unit_test(a_card_that_drips_bytes_is_given_up),
		cmocka_unit_test(a_closed_file_wants_its_pin_and_faults_are_card_errors),
		cmocka_unit_test(the_answers_of_the_channel_are_passed_on),
	};

	return cmocka_run_group_tests(tests, make_file, NULL);
}
