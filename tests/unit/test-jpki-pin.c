/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PINs that are changed, reset with a code, or typed at the reader's pad. */
#include <errno.h>

#include "apdu/jpki.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/card-commands.h"
#include "tests/unit/script.h"

#define RESET_SHORT "00 2C 00 98 0A 4B 45 59 30 30 37 35 36 37 38"
#define RESET_PLAIN "00 2C 00 80 0A 4B 45 59 30 30 37 35 36 37 38"

static struct jpki jpki_new(bool short_verify)
{
	struct jpki jpki = JPKI_INIT((struct channel){ 0 });

	jpki.short_verify = short_verify;
	return jpki;
}

/* --- CHANGE REFERENCE DATA ------ */

static int change_on(struct script *script, struct jpki *jpki, enum jpki_applet applet,
		     const char *new_pin)
{
	CLEANUP(secret_freep) struct secret *secret = script_secret(new_pin);
	int r;

	jpki->channel = script_channel(script);
	r = jpki_change(jpki, applet, secret);
	script_assert_done(script);
	return r;
}

static void change_selects_the_pin_and_sends_the_new_one_alone(void **state)
{
	struct script auth = SCRIPT({ SELECT_AUTH_PIN, OK }, { CHANGE_TO_5678, OK });
	struct script sign = SCRIPT({ SELECT_SIGN_PIN, OK },
				    { "00 24 01 80 06 58 59 5A 37 38 39", OK });

	for (int short_verify = 0; short_verify <= 1; short_verify++) {
		struct jpki jpki = jpki_new(short_verify);

		auth.sent = sign.sent = 0;
		assert_int_equal(change_on(&auth, &jpki, JPKI_AUTH, "5678"), 0);
		assert_int_equal(change_on(&sign, &jpki, JPKI_SIGN, "XYZ789"), 0);
	}
}

static int verify_and_change(struct script *script, struct jpki *jpki)
{
	CLEANUP(secret_freep) struct secret *pin = script_secret("1234");
	int tries;

	jpki->channel = script_channel(script);
	assert_int_equal(jpki_verify(jpki, JPKI_AUTH, pin, &tries), 0);
	return change_on(script, jpki, JPKI_AUTH, "5678");
}

static void after_a_short_verify_the_pin_is_selected_for_change(void **state)
{
	struct script script = SCRIPT({ VERIFY_AUTH, OK }, { SELECT_AUTH_PIN, OK },
				      { CHANGE_TO_5678, OK });
	struct jpki jpki = jpki_new(true);

	jpki.current_ef = 0x0018;
	assert_int_equal(verify_and_change(&script, &jpki), 0);
}

static void after_a_plain_verify_the_pin_is_not_selected_again(void **state)
{
	struct script script = SCRIPT({ SELECT_AUTH_PIN, OK }, { VERIFY_PLAIN, OK },
				      { CHANGE_TO_5678, OK });
	struct jpki jpki = jpki_new(false);

	assert_int_equal(verify_and_change(&script, &jpki), 0);
}

static void another_current_ef_is_not_changed(void **state)
{
	struct script script = SCRIPT({ SELECT_AUTH_PIN, OK }, { CHANGE_TO_5678, OK });
	struct jpki jpki = jpki_new(true);

	jpki.current_ef = 0x001B;
	assert_int_equal(change_on(&script, &jpki, JPKI_AUTH, "5678"), 0);
}

static void change_is_sent_once_and_its_status_word_is_understood(void **state)
{
	static const struct {
		const char *answer;
		int result;
	} answers[] = {
		{ OK, 0 },
		{ "63 C2", ANSWER_CARD_ERROR },
		{ "63 C0", ANSWER_CARD_ERROR },
		{ "63 00", ANSWER_CARD_ERROR },
		{ "67 00", ANSWER_CARD_ERROR },
		{ "69 82", ANSWER_CARD_ERROR },
		{ "69 83", ANSWER_CARD_ERROR },
		{ "69 86", ANSWER_CARD_ERROR },
		{ "6A 80", ANSWER_CARD_ERROR },
		{ "6A 86", ANSWER_CARD_ERROR },
		{ "6C 04", ANSWER_CARD_ERROR },
		{ "6D 00", ANSWER_CARD_ERROR },
		{ "6E 00", ANSWER_CARD_ERROR },
		{ "61 04", ANSWER_OUTCOME_UNKNOWN },
		{ "62 00", ANSWER_OUTCOME_UNKNOWN },
		{ "63 81", ANSWER_OUTCOME_UNKNOWN },
		{ "64 00", ANSWER_OUTCOME_UNKNOWN },
		{ "65 81", ANSWER_OUTCOME_UNKNOWN },
		{ "66 00", ANSWER_OUTCOME_UNKNOWN },
		{ "6F 00", ANSWER_OUTCOME_UNKNOWN },
		{ "90 01", ANSWER_OUTCOME_UNKNOWN },
		{ "90", ANSWER_OUTCOME_UNKNOWN },
		{ "", ANSWER_OUTCOME_UNKNOWN },
	};

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script script = SCRIPT({ SELECT_AUTH_PIN, OK },
					      { CHANGE_TO_5678, answers[i].answer });
		struct jpki jpki = jpki_new(true);

		assert_int_equal(change_on(&script, &jpki, JPKI_AUTH, "5678"), answers[i].result);
	}
}

static void a_change_without_an_answer_is_sent_once_and_its_outcome_unknown(void **state)
{
	static const int results[] = { ANSWER_CARD_REMOVED, ANSWER_READER_ERROR,
				       ANSWER_PCSC_UNAVAILABLE, -EIO };

	for (size_t i = 0; i < LENGTH_OF(results); i++) {
		struct script script = SCRIPT({ SELECT_AUTH_PIN, OK },
					      { CHANGE_TO_5678, NULL, results[i] });
		struct jpki jpki = jpki_new(true);

		assert_int_equal(change_on(&script, &jpki, JPKI_AUTH, "5678"),
				 ANSWER_OUTCOME_UNKNOWN);
		assert_int_equal(jpki.channel.fault, results[i]);
	}
}

static void a_pin_that_cannot_be_selected_is_not_changed(void **state)
{
	struct script refused = SCRIPT({ SELECT_AUTH_PIN, "6A 82" });
	struct script lost = SCRIPT({ SELECT_AUTH_PIN, NULL, ANSWER_CARD_REMOVED });
	struct jpki jpki = jpki_new(true);

	assert_int_equal(change_on(&refused, &jpki, JPKI_AUTH, "5678"), ANSWER_CARD_ERROR);
	assert_int_equal(change_on(&lost, &jpki, JPKI_AUTH, "5678"), ANSWER_CARD_REMOVED);
}

static void an_empty_new_pin_is_never_sent(void **state)
{
	struct script nothing = { 0 };
	struct jpki jpki = jpki_new(true);

	assert_int_equal(change_on(&nothing, &jpki, JPKI_AUTH, ""), -EINVAL);
}

/* --- the tries of the reset code ------ */

static int reset_tries_on(struct script *script, struct jpki *jpki, enum jpki_applet applet,
			  int *ret_tries)
{
	int r;

	jpki->channel = script_channel(script);
	r = jpki_reset_tries(jpki, applet, ret_tries);
	script_assert_done(script);
	return r;
}

static void the_reset_codes_tries_are_told_by_a_reset_without_a_body(void **state)
{
	static const struct {
		const char *answer;
		int result, tries;
	} answers[] = {
		{ "63 CF", 0, 15 },
		{ "63 CA", 0, 10 },
		{ "63 C1", 0, 1 },
		{ "63 C0", 0, 0 },
		{ "69 83", 0, 0 },
		{ "69 84", 0, 0 },
		{ "63 00", 0, JPKI_TRIES_UNKNOWN },
		{ OK, 0, JPKI_TRIES_UNKNOWN },
		{ "69 82", ANSWER_CARD_ERROR, 7 },
		{ "6F 00", ANSWER_CARD_ERROR, 7 },
		{ "64 00", ANSWER_CARD_ERROR, 7 },
	};

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script auth = SCRIPT({ "00 2C 00 98", answers[i].answer });
		struct script sign = SCRIPT({ "00 2C 00 9B", answers[i].answer });
		struct jpki jpki = jpki_new(false);
		int tries = 7;

		assert_int_equal(reset_tries_on(&auth, &jpki, JPKI_AUTH, &tries), answers[i].result);
		assert_int_equal(tries, answers[i].tries);
		tries = 7;
		assert_int_equal(reset_tries_on(&sign, &jpki, JPKI_SIGN, &tries), answers[i].result);
		assert_int_equal(tries, answers[i].tries);
	}
}

static void the_query_of_the_code_falls_back_on_select(void **state)
{
	struct script script = SCRIPT({ "00 2C 00 98", "6A 86" }, { SELECT_AUTH_PIN, OK },
				      { "00 2C 00 80", "63 CA" });
	struct script unknown = SCRIPT({ "00 2C 00 98", "6D 00" }, { SELECT_AUTH_PIN, OK },
				       { "00 2C 00 80", "6D 00" });
	struct script no_pin = SCRIPT({ "00 2C 00 98", "6A 82" }, { SELECT_AUTH_PIN, "6A 82" });
	struct jpki jpki = jpki_new(false), other = jpki_new(false), third = jpki_new(false);
	int tries = 7;

	assert_int_equal(reset_tries_on(&unknown, &other, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(reset_tries_on(&no_pin, &third, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(tries, 7);
	assert_int_equal(reset_tries_on(&script, &jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(tries, 10);
	assert_false(jpki.short_verify);
}

/* --- RESET RETRY COUNTER ------ */

static int reset_with(struct script *script, struct jpki *jpki, const char *code, const char *pin,
		      int *ret_tries)
{
	CLEANUP(secret_freep) struct secret *first = script_secret(code);
	CLEANUP(secret_freep) struct secret *second = script_secret(pin);
	int r;

	jpki->channel = script_channel(script);
	r = jpki_reset(jpki, JPKI_AUTH, first, second, ret_tries);
	script_assert_done(script);
	return r;
}

static int reset_on(struct script *script, struct jpki *jpki, int *ret_tries)
{
	return reset_with(script, jpki, "KEY007", "5678", ret_tries);
}

static void reset_takes_the_short_form_only_after_a_query_did(void **state)
{
	struct script query = SCRIPT({ "00 2C 00 98", "63 CA" });
	struct script by_short = SCRIPT({ RESET_SHORT, OK });
	struct script by_select = SCRIPT({ SELECT_AUTH_PIN, OK }, { RESET_PLAIN, OK });
	struct jpki asked = jpki_new(false), not_asked = jpki_new(false);
	int tries = 7;

	assert_int_equal(reset_tries_on(&query, &asked, JPKI_AUTH, &tries), 0);
	assert_int_equal(reset_on(&by_short, &asked, &tries), 0);
	assert_int_equal(reset_on(&by_select, &not_asked, &tries), 0);
	assert_int_equal(tries, 10);
}

/* Each in both forms, and the script fails on a second RESET RETRY COUNTER. */
static void reset_is_sent_once_and_its_status_word_is_understood(void **state)
{
	static const struct {
		const char *answer;
		int result, tries;
	} answers[] = {
		{ OK, 0, 7 },
		{ "63 CF", ANSWER_PIN_INCORRECT, 15 },
		{ "63 C9", ANSWER_PIN_INCORRECT, 9 },
		{ "63 C1", ANSWER_PIN_INCORRECT, 1 },
		{ "63 00", ANSWER_PIN_INCORRECT, JPKI_TRIES_UNKNOWN },
		{ "63 C0", ANSWER_PIN_LOCKED, 0 },
		{ "69 83", ANSWER_PIN_LOCKED, 0 },
		{ "69 84", ANSWER_PIN_LOCKED, 0 },
		{ "67 00", ANSWER_CARD_ERROR, 7 },
		{ "69 82", ANSWER_CARD_ERROR, 7 },
		{ "69 86", ANSWER_CARD_ERROR, 7 },
		{ "6A 80", ANSWER_CARD_ERROR, 7 },
		{ "6C 04", ANSWER_CARD_ERROR, 7 },
		{ "6D 00", ANSWER_CARD_ERROR, 7 },
		{ "61 04", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "62 00", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "63 81", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "64 00", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "65 81", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "6F 00", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "90", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "", ANSWER_OUTCOME_UNKNOWN, 7 },
	};

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script by_select = SCRIPT({ SELECT_AUTH_PIN, OK },
						 { RESET_PLAIN, answers[i].answer });
		struct script by_short = SCRIPT({ RESET_SHORT, answers[i].answer });
		struct jpki plain = jpki_new(false), brief = jpki_new(true);
		int tries = 7;

		assert_int_equal(reset_on(&by_select, &plain, &tries), answers[i].result);
		assert_int_equal(tries, answers[i].tries);
		tries = 7;
		assert_int_equal(reset_on(&by_short, &brief, &tries), answers[i].result);
		assert_int_equal(tries, answers[i].tries);
	}
}

static void a_reset_without_an_answer_is_sent_once_and_its_outcome_unknown(void **state)
{
	static const int results[] = { ANSWER_CARD_REMOVED, ANSWER_READER_ERROR, -EIO };

	for (size_t i = 0; i < LENGTH_OF(results); i++) {
		struct script script = SCRIPT({ RESET_SHORT, NULL, results[i] });
		struct jpki jpki = jpki_new(true);
		int tries = 7;

		assert_int_equal(reset_on(&script, &jpki, &tries), ANSWER_OUTCOME_UNKNOWN);
		assert_int_equal(tries, 7);
	}
}

static void a_pin_that_cannot_be_selected_is_not_reset(void **state)
{
	struct script refused = SCRIPT({ SELECT_AUTH_PIN, "6A 82" });
	struct script lost = SCRIPT({ SELECT_AUTH_PIN, NULL, ANSWER_CARD_REMOVED });
	struct jpki jpki = jpki_new(false);
	int tries = 7;

	assert_int_equal(reset_on(&refused, &jpki, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(reset_on(&lost, &jpki, &tries), ANSWER_CARD_REMOVED);
	assert_int_equal(tries, 7);
}

static void after_a_refused_short_reset_the_next_one_goes_by_select(void **state)
{
	struct script refused = SCRIPT({ RESET_SHORT, "6A 86" });
	struct script next = SCRIPT({ SELECT_AUTH_PIN, OK }, { RESET_PLAIN, OK });
	struct jpki jpki = jpki_new(true);
	int tries;

	assert_int_equal(reset_on(&refused, &jpki, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(reset_on(&next, &jpki, &tries), 0);
}

static void neither_code_nor_new_pin_of_a_reset_may_be_empty(void **state)
{
	struct script nothing = { 0 };
	struct jpki jpki = jpki_new(true);
	int tries;

	assert_int_equal(reset_with(&nothing, &jpki, "", "5678", &tries), -EINVAL);
	assert_int_equal(reset_with(&nothing, &jpki, "KEY007", "", &tries), -EINVAL);
}

static void the_longest_code_and_pin_fit(void **state)
{
	struct script script = SCRIPT({ "00 2C 00 98 20 "
					"30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 "
					"41 41 41 41 41 41 41 41 41 41 41 41 41 41 41 41", OK });
	struct jpki jpki = jpki_new(true);
	int tries;

	assert_int_equal(reset_with(&script, &jpki, "0000000000000000", "AAAAAAAAAAAAAAAA", &tries),
			 0);
}

/* --- the pad ------ */

static int verify_from_pad_on(struct script *script, struct jpki *jpki, enum jpki_applet applet,
			      int *ret_tries)
{
	int r;

	jpki->channel = script_channel_with_pad(script);
	r = jpki_verify(jpki, applet, NULL, ret_tries);
	script_assert_done(script);
	return r;
}

static int change_from_pad_on(struct script *script, struct jpki *jpki, enum jpki_applet applet)
{
	int r;

	jpki->channel = script_channel_with_pad(script);
	r = jpki_change(jpki, applet, NULL);
	script_assert_done(script);
	return r;
}

static void a_pin_from_the_pad_is_asked_for_in_the_length_of_its_format(void **state)
{
	struct script auth = SCRIPT({ VERIFY_AUTH_AT_PAD, OK, .pad = "4-4" });
	struct script sign = SCRIPT({ VERIFY_SIGN_AT_PAD, OK, .pad = "6-16" });
	struct script by_select = SCRIPT({ SELECT_AUTH_PIN, OK },
					 { "00 20 00 80", OK, .pad = "4-4" });
	struct jpki jpki = jpki_new(true), plain = jpki_new(false);
	int tries = 7;

	assert_int_equal(verify_from_pad_on(&auth, &jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(verify_from_pad_on(&sign, &jpki, JPKI_SIGN, &tries), 0);
	assert_int_equal(verify_from_pad_on(&by_select, &plain, JPKI_AUTH, &tries), 0);
	assert_int_equal(tries, 7);
}

static void a_new_pin_from_the_pad_is_asked_for_twice(void **state)
{
	struct script auth = SCRIPT({ SELECT_AUTH_PIN, OK },
				    { "00 24 01 80", OK, .pad = "4-4 twice" });
	struct script sign = SCRIPT({ SELECT_SIGN_PIN, OK },
				    { "00 24 01 80", OK, .pad = "6-16 twice" });
	struct jpki jpki = jpki_new(true);

	assert_int_equal(change_from_pad_on(&auth, &jpki, JPKI_AUTH), 0);
	assert_int_equal(change_from_pad_on(&sign, &jpki, JPKI_SIGN), 0);
}

static void a_command_from_the_pad_is_sent_once_and_its_answer_understood(void **state)
{
	static const struct {
		const char *answer;
		int of_verify, tries, of_change;
	} answers[] = {
		{ OK, 0, 7, 0 },
		{ "63 C2", ANSWER_PIN_INCORRECT, 2, ANSWER_CARD_ERROR },
		{ "63 C0", ANSWER_PIN_LOCKED, 0, ANSWER_CARD_ERROR },
		{ "69 83", ANSWER_PIN_LOCKED, 0, ANSWER_CARD_ERROR },
		{ "64 00", ANSWER_TIMEOUT, 7, ANSWER_TIMEOUT },
		{ "64 01", ANSWER_DISMISSED, 7, ANSWER_DISMISSED },
		{ "64 02", ANSWER_PIN_FORMAT, 7, ANSWER_PIN_FORMAT },
		{ "64 03", ANSWER_PIN_FORMAT, 7, ANSWER_PIN_FORMAT },
		{ "6B 80", ANSWER_CARD_ERROR, 7, ANSWER_CARD_ERROR },
		{ "61 04", ANSWER_OUTCOME_UNKNOWN, 7, ANSWER_OUTCOME_UNKNOWN },
		{ "65 81", ANSWER_OUTCOME_UNKNOWN, 7, ANSWER_OUTCOME_UNKNOWN },
		{ "6F 00", ANSWER_OUTCOME_UNKNOWN, 7, ANSWER_OUTCOME_UNKNOWN },
		{ "90", ANSWER_OUTCOME_UNKNOWN, 7, ANSWER_OUTCOME_UNKNOWN },
		{ NULL, ANSWER_OUTCOME_UNKNOWN, 7, ANSWER_OUTCOME_UNKNOWN },
	};

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script verify = SCRIPT(
			{ VERIFY_AUTH_AT_PAD, answers[i].answer, ANSWER_READER_ERROR, .pad = "4-4" });
		struct script change = SCRIPT(
			{ SELECT_AUTH_PIN, OK },
			{ "00 24 01 80", answers[i].answer, ANSWER_READER_ERROR, .pad = "4-4 twice" });
		struct jpki jpki = jpki_new(true), other = jpki_new(true);
		int tries = 7;

		assert_int_equal(verify_from_pad_on(&verify, &jpki, JPKI_AUTH, &tries),
				 answers[i].of_verify);
		assert_int_equal(tries, answers[i].tries);
		assert_int_equal(change_from_pad_on(&change, &other, JPKI_AUTH),
				 answers[i].of_change);
	}
}

static void without_a_pad_nothing_is_sent_from_it(void **state)
{
	struct script nothing = { 0 };
	struct jpki jpki = JPKI_INIT(script_channel(&nothing));
	int tries = 7;

	assert_int_equal(jpki_verify(&jpki, JPKI_AUTH, NULL, &tries), -EINVAL);
	assert_int_equal(jpki_change(&jpki, JPKI_AUTH, NULL), -EINVAL);
	assert_int_equal(tries, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(change_selects_the_pin_and_sends_the_new_one_alone),
		cmocka_unit_test(after_a_short_verify_the_pin_is_selected_for_change),
		cmocka_unit_test(after_a_plain_verify_the_pin_is_not_selected_again),
		cmocka_unit_test(another_current_ef_is_not_changed),
		cmocka_unit_test(change_is_sent_once_and_its_status_word_is_understood),
		cmocka_unit_test(a_change_without_an_answer_is_sent_once_and_its_outcome_unknown),
		cmocka_unit_test(a_pin_that_cannot_be_selected_is_not_changed),
		cmocka_unit_test(an_empty_new_pin_is_never_sent),
		cmocka_unit_test(the_reset_codes_tries_are_told_by_a_reset_without_a_body),
		cmocka_unit_test(the_query_of_the_code_falls_back_on_select),
		cmocka_unit_test(reset_takes_the_short_form_only_after_a_query_did),
		cmocka_unit_test(reset_is_sent_once_and_its_status_word_is_understood),
		cmocka_unit_test(a_reset_without_an_answer_is_sent_once_and_its_outcome_unknown),
		cmocka_unit_test(a_pin_that_cannot_be_selected_is_not_reset),
		cmocka_unit_test(after_a_refused_short_reset_the_next_one_goes_by_select),
		cmocka_unit_test(neither_code_nor_new_pin_of_a_reset_may_be_empty),
		cmocka_unit_test(the_longest_code_and_pin_fit),
		cmocka_unit_test(a_pin_from_the_pad_is_asked_for_in_the_length_of_its_format),
		cmocka_unit_test(a_new_pin_from_the_pad_is_asked_for_twice),
		cmocka_unit_test(a_command_from_the_pad_is_sent_once_and_its_answer_understood),
		cmocka_unit_test(without_a_pad_nothing_is_sent_from_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
