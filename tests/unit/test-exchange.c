/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "apdu/exchange.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/secret.h"
#include "tests/unit/script.h"

static const struct command read_16 = { .ins = INS_READ_BINARY, .le = 16 };
static const struct command query = { .ins = INS_VERIFY, .p2 = 0x98 };
static const struct command verify = {
	.ins = INS_VERIFY, .p2 = 0x98, .data = (const uint8_t *)"1234", .length = 4,
};

static int play(struct script *script, const struct command *command, struct response *response)
{
	struct channel channel = script_channel(script);
	const int r = exchange_send(&channel, command, response);

	script_assert_done(script);
	return r;
}

static void an_answer_is_given_as_it_is(void **state)
{
	struct script script = SCRIPT({ "00 B0 00 00 10", "01 02 03 62 82" });
	struct response response;

	assert_int_equal(play(&script, &read_16, &response), 0);
	script_assert_hex(response.data, response.length, "01 02 03");
	assert_int_equal(response.sw, 0x6282);
}

static void after_6Cxx_the_command_is_sent_once_more_with_that_le(void **state)
{
	struct script script = SCRIPT({ "00 B0 00 00 10", "6C 03" },
				      { "00 B0 00 00 03", "01 02 03 90 00" });
	struct script again = SCRIPT({ "00 B0 00 00 10", "6C 00" }, { "00 B0 00 00 00", "6C 03" });
	struct response response;

	assert_int_equal(play(&script, &read_16, &response), 0);
	script_assert_hex(response.data, response.length, "01 02 03");
	assert_int_equal(response.sw, 0x9000);

	assert_int_equal(play(&again, &read_16, &response), 0);
	assert_int_equal(response.sw, 0x6C03);
}

static void after_6Cxx_a_command_without_le_is_not_sent_again(void **state)
{
	struct script script = SCRIPT({ "00 20 00 98", "6C 03" });
	struct response response;

	assert_int_equal(play(&script, &query, &response), 0);
	assert_int_equal(response.sw, 0x6C03);
}

static void after_61xx_the_rest_is_got_and_joined(void **state)
{
	struct script script = SCRIPT({ "00 B0 00 00 10", "01 61 02" },
				      { "00 C0 00 00 02", "02 61 00" },
				      { "00 C0 00 00 00", "6C 02" },
				      { "00 C0 00 00 02", "03 04 90 00" });
	struct response response;

	assert_int_equal(play(&script, &read_16, &response), 0);
	script_assert_hex(response.data, response.length, "01 02 03 04");
	assert_int_equal(response.sw, 0x9000);
}

static void what_get_response_says_is_the_answer(void **state)
{
	struct script script = SCRIPT({ "00 B0 00 00 10", "61 02" }, { "00 C0 00 00 02", "6F 00" });
	struct response response;

	assert_int_equal(play(&script, &read_16, &response), 0);
	assert_int_equal(response.length, 0);
	assert_int_equal(response.sw, 0x6F00);
}

static void an_answer_without_end_is_given_up_and_stays_61xx(void **state)
{
	const uint8_t body[200] = { 0 };
	struct script grows = SCRIPT({ "00 B0 00 00 10", "61 C8", 0, body, 200 },
				     { "00 C0 00 00 C8", "61 C8", 0, body, 200 });
	struct script stands = SCRIPT({ "00 B0 00 00 10", "61 02" }, { "00 C0 00 00 02", "61 02" });
	struct response response;

	assert_int_equal(play(&grows, &read_16, &response), 0);
	assert_int_equal(response.sw, 0x61C8);
	assert_int_equal(response.length, 200);
	assert_int_equal(play(&stands, &read_16, &response), 0);
	assert_int_equal(response.sw, 0x6102);
}

static void what_is_no_response_is_a_reader_error_and_nothing_is_written(void **state)
{
	const uint8_t body[RESPONSE_LENGTH_MAX - 1] = { 0 };
	struct script nothing = SCRIPT({ "00 B0 00 00 10", "" });
	struct script one = SCRIPT({ "00 B0 00 00 10", "90" });
	struct script longest = SCRIPT({ "00 B0 00 00 10", "00", 0, body, sizeof(body) });
	struct response response = { .length = 7, .sw = 0x1234 };

	assert_int_equal(play(&nothing, &read_16, &response), ANSWER_READER_ERROR);
	assert_int_equal(play(&one, &read_16, &response), ANSWER_READER_ERROR);
	assert_int_equal(response.length, 7);
	assert_int_equal(response.sw, 0x1234);
	assert_int_equal(play(&longest, &read_16, &response), 0);
	assert_int_equal(response.length, RESPONSE_LENGTH_MAX - 2);
}

static int transmit_claims_too_much(void *reader, const uint8_t *command, size_t command_length,
				    uint8_t *response, size_t *response_length)
{
	*response_length += *(size_t *)reader;
	return 0;
}

static void a_reader_that_claims_more_than_the_room_is_not_believed(void **state)
{
	size_t more = 1;
	struct channel channel = { .transmit = transmit_claims_too_much, .reader = &more };
	struct response response;

	assert_int_equal(exchange_send(&channel, &read_16, &response), ANSWER_READER_ERROR);
	more = 1 << 20;
	assert_int_equal(exchange_send(&channel, &read_16, &response), ANSWER_READER_ERROR);
}

static void what_the_channel_says_is_passed_on_and_nothing_is_written(void **state)
{
	static const int results[] = { ANSWER_CARD_REMOVED, ANSWER_READER_ERROR,
				       ANSWER_PCSC_UNAVAILABLE, -EIO };
	struct response response = { .length = 7, .sw = 0x1234 };

	for (size_t i = 0; i < LENGTH_OF(results); i++) {
		struct script first = SCRIPT({ "00 B0 00 00 10", NULL, results[i] });
		struct script second = SCRIPT({ "00 B0 00 00 10", "6C 02" },
					      { "00 B0 00 00 02", NULL, results[i] });
		struct script third = SCRIPT({ "00 B0 00 00 10", "61 02" },
					     { "00 C0 00 00 02", NULL, results[i] });
		struct script of_query = SCRIPT({ "00 20 00 98", NULL, results[i] });

		assert_int_equal(play(&first, &read_16, &response), results[i]);
		assert_int_equal(play(&second, &read_16, &response), results[i]);
		assert_int_equal(play(&third, &read_16, &response), results[i]);
		assert_int_equal(play(&of_query, &query, &response), results[i]);
	}
	assert_int_equal(response.length, 7);
	assert_int_equal(response.sw, 0x1234);
}

static void a_command_that_may_spend_a_try_is_sent_once_whatever_is_said(void **state)
{
	static const char *const answers[] = { "6C 10", "61 10", "6F 00",
					     "67 00", "90 00", "63 C2" };
	struct command change = verify, reset = verify;
	struct response response;

	change.ins = INS_CHANGE_REFERENCE_DATA;
	change.le = 1;
	reset.ins = INS_RESET_RETRY_COUNTER;
	reset.le = 1;
	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script of_verify = SCRIPT({ "00 20 00 98 04 31 32 33 34", answers[i] });
		struct script of_change = SCRIPT({ "00 24 00 98 04 31 32 33 34 01", answers[i] });
		struct script of_reset = SCRIPT({ "00 2C 00 98 04 31 32 33 34 01", answers[i] });
		uint8_t sw[2];

		script_bytes(answers[i], sw, sizeof(sw));
		assert_int_equal(play(&of_verify, &verify, &response), 0);
		assert_int_equal(response.sw, sw[0] << 8 | sw[1]);
		assert_int_equal(play(&of_change, &change, &response), 0);
		assert_int_equal(response.sw, sw[0] << 8 | sw[1]);
		assert_int_equal(play(&of_reset, &reset, &response), 0);
		assert_int_equal(response.sw, sw[0] << 8 | sw[1]);
	}
}

static void a_query_of_the_reset_code_may_be_sent_twice(void **state)
{
	const struct command reset_query = { .ins = INS_RESET_RETRY_COUNTER, .p2 = 0x98, .le = 1 };
	struct script script = SCRIPT({ "00 2C 00 98 01", "6C 02" }, { "00 2C 00 98 02", "63 CA" });
	struct script lost = SCRIPT({ "00 2C 00 98 01", NULL, ANSWER_CARD_REMOVED });
	struct response response;

	assert_int_equal(play(&script, &reset_query, &response), 0);
	assert_int_equal(response.sw, 0x63CA);
	assert_int_equal(play(&lost, &reset_query, &response), ANSWER_CARD_REMOVED);
}

static int play_from_pad(struct script *script, struct response *response)
{
	struct channel channel = script_channel_with_pad(script);
	const struct command header = { .ins = INS_VERIFY, .p2 = 0x98 };
	const struct pin_entry entry = { 4, 16, false };
	const int r = exchange_send_from_pad(&channel, &header, &entry, response);

	script_assert_done(script);
	return r;
}

static void what_the_card_answers_to_the_pad_is_given_as_it_is(void **state)
{
	static const char *const answers[] = { "90 00", "63 C2", "69 83", "61 10", "6C 10", "6F 00",
					       "64 04", "64 81", "63 00", "65 01" };

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script script = SCRIPT({ "00 20 00 98", answers[i], .pad = "4-16" });
		struct response response;
		uint8_t sw[2];

		script_bytes(answers[i], sw, sizeof(sw));
		assert_int_equal(play_from_pad(&script, &response), 0);
		assert_int_equal(response.sw, sw[0] << 8 | sw[1]);
	}
}

static void what_the_pad_says_itself_is_no_word_of_the_card(void **state)
{
	static const struct {
		const char *answer;
		int result;
	} answers[] = {
		{ "64 00", ANSWER_TIMEOUT },
		{ "64 01", ANSWER_DISMISSED },
		{ "64 02", ANSWER_PIN_FORMAT },
		{ "64 03", ANSWER_PIN_FORMAT },
	};
	struct response response = { .length = 7, .sw = 0x1234 };

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script script = SCRIPT({ "00 20 00 98", answers[i].answer, .pad = "4-16" });

		assert_int_equal(play_from_pad(&script, &response), answers[i].result);
	}
	assert_int_equal(response.length, 7);
	assert_int_equal(response.sw, 0x1234);
}

static void without_an_answer_from_the_pad_the_outcome_is_unknown(void **state)
{
	static const int results[] = { ANSWER_CARD_REMOVED, ANSWER_READER_ERROR, ANSWER_BUSY,
				       ANSWER_TIMEOUT, -ENOMEM };
	const uint8_t body[RESPONSE_LENGTH_MAX - 1] = { 0 };
	struct script nothing = SCRIPT({ "00 20 00 98", "", .pad = "4-16" });
	struct script one = SCRIPT({ "00 20 00 98", "64", .pad = "4-16" });
	struct script longest = SCRIPT({ "00 20 00 98", "00", 0, body, sizeof(body), "4-16" });
	struct response response = { .sw = 0x1234 };

	for (size_t i = 0; i < LENGTH_OF(results); i++) {
		struct script script = SCRIPT({ "00 20 00 98", NULL, results[i], .pad = "4-16" });

		assert_int_equal(play_from_pad(&script, &response), ANSWER_OUTCOME_UNKNOWN);
	}
	assert_int_equal(play_from_pad(&nothing, &response), ANSWER_OUTCOME_UNKNOWN);
	assert_int_equal(play_from_pad(&one, &response), ANSWER_OUTCOME_UNKNOWN);
	assert_int_equal(response.sw, 0x1234);
	assert_int_equal(play_from_pad(&longest, &response), 0);
	assert_int_equal(response.length, RESPONSE_LENGTH_MAX - 2);
}

static int pad_claims_too_much(void *reader, const uint8_t header[4], const struct pin_entry *entry,
			       uint8_t *response, size_t *response_length)
{
	*response_length += 1;
	return 0;
}

static void a_pad_that_claims_more_than_the_room_is_not_believed(void **state)
{
	struct channel channel = { .transmit_from_pad = pad_claims_too_much };
	const struct pin_entry entry = { 4, 4, false };
	struct response response;

	assert_int_equal(exchange_send_from_pad(&channel, &query, &entry, &response),
			 ANSWER_OUTCOME_UNKNOWN);
}

static void its_missing_answer_leaves_the_outcome_unknown(void **state)
{
	static const int results[] = { ANSWER_CARD_REMOVED, ANSWER_READER_ERROR, -EIO };
	struct script short_answer = SCRIPT({ "00 20 00 98 04 31 32 33 34", "90" });
	struct response response = { .sw = 0x1234 };

	for (size_t i = 0; i < LENGTH_OF(results); i++) {
		struct script script = SCRIPT({ "00 20 00 98 04 31 32 33 34", NULL, results[i] });

		assert_int_equal(play(&script, &verify, &response), ANSWER_OUTCOME_UNKNOWN);
	}
	assert_int_equal(play(&short_answer, &verify, &response), ANSWER_OUTCOME_UNKNOWN);
	assert_int_equal(response.sw, 0x1234);
}

static void a_command_that_cannot_be_encoded_is_not_sent(void **state)
{
	struct script script = { 0 };
	struct command command = verify;
	struct response response;

	command.length = 256;
	assert_int_equal(play(&script, &command, &response), -EINVAL);
}

static void without_locked_memory_nothing_is_sent(void **state)
{
	struct secret *secrets[1000];
	struct script script = { 0 };
	struct response response;
	size_t count = 0;

	while (count < LENGTH_OF(secrets) && (secrets[count] = secret_new(64)))
		count++;
	assert_int_equal(play(&script, &verify, &response), -ENOMEM);
	while (count > 0)
		secret_free(secrets[--count]);
}

static const uint8_t *seen_command;

static int transmit_looks(void *reader, const uint8_t *command, size_t command_length,
			  uint8_t *response, size_t *response_length)
{
	assert_int_equal(command_length, 9);
	assert_memory_equal(command + 5, "1234", 4);
	seen_command = command;
	memcpy(response, "\x90", 2);
	*response_length = 2;
	return *(int *)reader;
}

/* The pool of secrets stays mapped, so that the slot can be looked at. */
static void the_encoded_command_is_wiped_whether_sending_works_or_not(void **state)
{
	static const int results[] = { 0, ANSWER_CARD_REMOVED, -EIO };

	for (size_t i = 0; i < LENGTH_OF(results); i++) {
		int result = results[i];
		struct channel channel = { .transmit = transmit_looks, .reader = &result };
		struct response response;

		exchange_send(&channel, &verify, &response);
		for (size_t j = 0; j < COMMAND_LENGTH_MAX; j++)
			assert_int_equal(seen_command[j], 0);
	}
}

static char log_lines[4096];

static struct log_fields log_fields;

static void keep_log(int level, const struct log_fields *fields, const char *line)
{
	log_fields = *fields;
	strncat(log_lines, line, sizeof(log_lines) - strlen(log_lines) - 1);
}

static void assert_logged(const struct command *command, const char *sent, const char *line)
{
	struct script script = SCRIPT({ sent, "AB CD EF 63 C2" });
	struct response response;

	*log_lines = '\0';
	log_set_sink(keep_log);
	log_set_level(LOG_DEBUG);
	play(&script, command, &response);
	log_set_level(LOG_INFO);
	log_set_sink(NULL);
	assert_string_equal(log_lines, line);
}

static void the_log_tells_header_lengths_and_status_but_no_body(void **state)
{
	static const uint8_t ef[] = { 0x00, 0x18 };
	const struct command select = {
		.ins = 0xA4,
		.p1 = 0x02,
		.p2 = 0x0C,
		.data = ef,
		.length = sizeof(ef),
	};

	assert_logged(&select, "00 A4 02 0C 02 00 18",
		      "Script: CLA 00 INS A4 P1 02 P2 0C, 2 bytes out, 3 in, SW 63C2");
	assert_string_equal(log_fields.reader, "Script");
	assert_int_equal(log_fields.sw, 0x63C2);
}

static void the_log_tells_what_was_not_answered(void **state)
{
	struct script script = SCRIPT({ "00 20 00 98 04 31 32 33 34", NULL, ANSWER_CARD_REMOVED });
	struct response response;

	*log_lines = '\0';
	log_set_sink(keep_log);
	log_set_level(LOG_DEBUG);
	play(&script, &verify, &response);
	log_set_level(LOG_INFO);
	log_set_sink(NULL);
	assert_string_equal(log_lines, "Script: CLA 00 INS 20 P1 00 P2 98, no answer");
	assert_int_equal(log_fields.sw, 0);
}

static void the_log_does_not_tell_the_length_of_a_pin(void **state)
{
	assert_logged(&verify, "00 20 00 98 04 31 32 33 34",
		      "Script: CLA 00 INS 20 P1 00 P2 98, SW 63C2");
}

static void the_log_tells_of_the_pad_no_more_than_header_and_status(void **state)
{
	struct script script = SCRIPT({ "00 20 00 98", "63 C2", .pad = "4-16" });
	struct response response;

	*log_lines = '\0';
	log_set_sink(keep_log);
	log_set_level(LOG_DEBUG);
	play_from_pad(&script, &response);
	log_set_level(LOG_INFO);
	log_set_sink(NULL);
	assert_string_equal(log_lines, "Script: CLA 00 INS 20 P1 00 P2 98, SW 63C2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_given_as_it_is),
		cmocka_unit_test(after_6Cxx_the_command_is_sent_once_more_with_that_le),
		cmocka_unit_test(after_6Cxx_a_command_without_le_is_not_sent_again),
		cmocka_unit_test(after_61xx_the_rest_is_got_and_joined),
		cmocka_unit_test(what_get_response_says_is_the_answer),
		cmocka_unit_test(an_answer_without_end_is_given_up_and_stays_61xx),
		cmocka_unit_test(what_is_no_response_is_a_reader_error_and_nothing_is_written),
		cmocka_unit_test(a_reader_that_claims_more_than_the_room_is_not_believed),
		cmocka_unit_test(what_the_channel_says_is_passed_on_and_nothing_is_written),
		cmocka_unit_test(a_command_that_may_spend_a_try_is_sent_once_whatever_is_said),
		cmocka_unit_test(a_query_of_the_reset_code_may_be_sent_twice),
		cmocka_unit_test(what_the_card_answers_to_the_pad_is_given_as_it_is),
		cmocka_unit_test(what_the_pad_says_itself_is_no_word_of_the_card),
		cmocka_unit_test(without_an_answer_from_the_pad_the_outcome_is_unknown),
		cmocka_unit_test(a_pad_that_claims_more_than_the_room_is_not_believed),
		cmocka_unit_test(its_missing_answer_leaves_the_outcome_unknown),
		cmocka_unit_test(a_command_that_cannot_be_encoded_is_not_sent),
		cmocka_unit_test(without_locked_memory_nothing_is_sent),
		cmocka_unit_test(the_encoded_command_is_wiped_whether_sending_works_or_not),
		cmocka_unit_test(the_log_tells_header_lengths_and_status_but_no_body),
		cmocka_unit_test(the_log_tells_what_was_not_answered),
		cmocka_unit_test(the_log_does_not_tell_the_length_of_a_pin),
		cmocka_unit_test(the_log_tells_of_the_pad_no_more_than_header_and_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
