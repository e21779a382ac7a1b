/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a card is asked for the tries of a PIN, and given one: by its short identifier, or as the current EF. */
#include <errno.h>

#include "apdu/jpki.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/card-commands.h"
#include "tests/unit/script.h"

static int tries_on(struct script *script, struct jpki *jpki, enum jpki_applet applet,
		    int *ret_tries)
{
	int r;

	jpki->channel = script_channel(script);
	r = jpki_tries(jpki, applet, ret_tries);
	script_assert_done(script);
	return r;
}

static int verify_on(struct script *script, struct jpki *jpki, int *ret_tries)
{
	CLEANUP(secret_freep) struct secret *pin = script_secret("1234");
	int r;

	jpki->channel = script_channel(script);
	r = jpki_verify(jpki, JPKI_AUTH, pin, ret_tries);
	script_assert_done(script);
	return r;
}

static void tries_are_told_by_every_status_word_that_is_about_them(void **state)
{
	static const struct {
		const char *answer;
		int tries;
	} answers[] = {
		{ "63 C3", 3 },	 { "63 C1", 1 },  { "63 C0", 0 },
		{ "69 83", 0 },	 { "69 84", 0 },  { "63 C2", 2 },
		{ "63 00", JPKI_TRIES_UNKNOWN },  { OK, JPKI_TRIES_UNKNOWN },
	};

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script auth = SCRIPT({ QUERY_AUTH, answers[i].answer });
		struct script sign = SCRIPT({ QUERY_SIGN, answers[i].answer });
		struct jpki jpki = JPKI_INIT(script_channel(NULL));
		int tries = 7;

		assert_int_equal(tries_on(&auth, &jpki, JPKI_AUTH, &tries), 0);
		assert_int_equal(tries, answers[i].tries);
		assert_true(jpki.short_verify);
		assert_int_equal(tries_on(&sign, &jpki, JPKI_SIGN, &tries), 0);
		assert_int_equal(tries, answers[i].tries);
	}
}

static void more_tries_than_a_pin_can_have_are_not_believed(void **state)
{
	struct script auth = SCRIPT({ QUERY_AUTH, "63 C4" });
	struct script sign = SCRIPT({ QUERY_SIGN, "63 C6" });
	struct jpki jpki = JPKI_INIT(script_channel(NULL));
	int tries = 7;

	assert_int_equal(tries_on(&auth, &jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(tries_on(&sign, &jpki, JPKI_SIGN, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(tries, 7);
}

static void other_status_words_are_card_errors_and_no_tries(void **state)
{
	static const char *const answers[] = { "6F 00", "69 82", "6C 03",
					     "62 00", "6E 00", "69 85" };

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script script = SCRIPT({ QUERY_AUTH, answers[i] });
		struct jpki jpki = JPKI_INIT(script_channel(NULL));
		int tries = 7;

		assert_int_equal(tries_on(&script, &jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
		assert_int_equal(tries, 7);
		assert_int_equal(jpki.ins, 0x20);
		assert_false(jpki.short_verify);
	}
}

static void the_query_falls_back_on_select_and_proves_nothing_then(void **state)
{
	struct script script = SCRIPT({ QUERY_AUTH, "6A 88" }, { SELECT_AUTH_PIN, OK },
				      { QUERY_PLAIN, "63 C3" });
	struct script absent = SCRIPT({ QUERY_AUTH, "6A 88" },
				      { SELECT_AUTH_PIN, "6A 82" });
	struct script liar = SCRIPT({ QUERY_AUTH, "6A 88" }, { SELECT_AUTH_PIN, "63 C3" });
	struct script refused = SCRIPT({ QUERY_AUTH, "6A 88" }, { SELECT_AUTH_PIN, OK },
				       { QUERY_PLAIN, "6A 88" });
	struct jpki jpki = JPKI_INIT(script_channel(NULL));
	int tries = 7;

	assert_int_equal(tries_on(&absent, &jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(jpki.ins, 0xA4);
	assert_int_equal(jpki.sw, 0x6A82);
	assert_int_equal(tries_on(&liar, &jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(tries_on(&refused, &jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(tries, 7);
	assert_true(jpki.short_ef);

	jpki = JPKI_INIT(script_channel(NULL));
	assert_int_equal(tries_on(&script, &jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(tries, 3);
	assert_false(jpki.short_ef);
	assert_false(jpki.short_verify);
}

static void verify_takes_the_short_form_only_after_a_query_did(void **state)
{
	struct script unproven = SCRIPT({ SELECT_AUTH_PIN, OK }, { VERIFY_PLAIN, OK });
	struct script query = SCRIPT({ QUERY_AUTH, "63 C3" });
	struct script proven = SCRIPT({ VERIFY_AUTH, OK });
	struct jpki jpki = JPKI_INIT(script_channel(NULL));
	int tries = 7;

	assert_int_equal(verify_on(&unproven, &jpki, &tries), 0);
	assert_int_equal(tries_on(&query, &jpki, JPKI_AUTH, &tries), 0);
	tries = 7;
	assert_int_equal(verify_on(&proven, &jpki, &tries), 0);
	assert_int_equal(tries, 7);
}

static void a_read_by_short_identifier_is_no_proof_for_verify(void **state)
{
	struct script read = SCRIPT({ READ_LABEL, LABEL_OF_CARD OK },
				    { READ_AVAILABILITY, "8F 8F" OK });
	struct script verify = SCRIPT({ SELECT_AUTH_PIN, OK }, { VERIFY_PLAIN, OK });
	struct jpki jpki = JPKI_INIT(script_channel(&read));
	struct jpki_token token;
	int tries;

	assert_int_equal(jpki_read_token(&jpki, &token), 0);
	assert_int_equal(verify_on(&verify, &jpki, &tries), 0);
}

static void a_pin_ef_that_cannot_be_selected_gets_no_verify(void **state)
{
	static const char *const answers[] = { "6A 82", "69 82", "6F 00", "62 83", "63 C3" };

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script script = SCRIPT({ SELECT_AUTH_PIN, answers[i] });
		struct jpki jpki = JPKI_INIT(script_channel(NULL));
		int tries = 7;

		assert_int_equal(verify_on(&script, &jpki, &tries), ANSWER_CARD_ERROR);
		assert_int_equal(tries, 7);
	}
}

static void a_lost_answer_to_the_select_before_verify_is_passed_on(void **state)
{
	struct script script = SCRIPT({ SELECT_AUTH_PIN, NULL, ANSWER_CARD_REMOVED });
	struct jpki jpki = JPKI_INIT(script_channel(NULL));
	int tries;

	assert_int_equal(verify_on(&script, &jpki, &tries), ANSWER_CARD_REMOVED);
}

/* Each in both forms, and the script fails on a second VERIFY. */
static void verify_is_sent_once_and_its_status_word_is_understood(void **state)
{
	static const struct {
		const char *answer;
		int result, tries;
	} answers[] = {
		{ OK, 0, 7 },
		{ "63 C2", ANSWER_PIN_INCORRECT, 2 },
		{ "63 C1", ANSWER_PIN_INCORRECT, 1 },
		{ "63 00", ANSWER_PIN_INCORRECT, JPKI_TRIES_UNKNOWN },
		{ "63 C0", ANSWER_PIN_LOCKED, 0 },
		{ "69 83", ANSWER_PIN_LOCKED, 0 },
		{ "69 84", ANSWER_PIN_LOCKED, 0 },
		{ "67 00", ANSWER_CARD_ERROR, 7 },
		{ "69 82", ANSWER_CARD_ERROR, 7 },
		{ "69 85", ANSWER_CARD_ERROR, 7 },
		{ "69 86", ANSWER_CARD_ERROR, 7 },
		{ "6A 80", ANSWER_CARD_ERROR, 7 },
		{ "6A 86", ANSWER_CARD_ERROR, 7 },
		{ "6A 88", ANSWER_CARD_ERROR, 7 },
		{ "6B 00", ANSWER_CARD_ERROR, 7 },
		{ "6C 04", ANSWER_CARD_ERROR, 7 },
		{ "6D 00", ANSWER_CARD_ERROR, 7 },
		{ "61 04", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "62 00", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "63 81", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "64 00", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "65 81", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "6F 00", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "00 00", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "90", ANSWER_OUTCOME_UNKNOWN, 7 },
		{ "", ANSWER_OUTCOME_UNKNOWN, 7 },
	};

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script by_select = SCRIPT({ SELECT_AUTH_PIN, OK },
						 { VERIFY_PLAIN, answers[i].answer });
		struct script by_short = SCRIPT({ VERIFY_AUTH, answers[i].answer });
		struct jpki jpki = JPKI_INIT(script_channel(NULL));
		int tries = 7;

		assert_int_equal(verify_on(&by_select, &jpki, &tries), answers[i].result);
		assert_int_equal(tries, answers[i].tries);
		assert_true(jpki.short_ef);

		jpki.short_verify = true;
		tries = 7;
		assert_int_equal(verify_on(&by_short, &jpki, &tries), answers[i].result);
		assert_int_equal(tries, answers[i].tries);
	}
}

static void a_verify_without_an_answer_is_sent_once_and_its_outcome_unknown(void **state)
{
	static const int results[] = { ANSWER_CARD_REMOVED, ANSWER_READER_ERROR,
				       ANSWER_PCSC_UNAVAILABLE, ANSWER_TIMEOUT, -EIO };

	for (size_t i = 0; i < LENGTH_OF(results); i++) {
		struct script by_select = SCRIPT({ SELECT_AUTH_PIN, OK },
						 { VERIFY_PLAIN, NULL, results[i] });
		struct script by_short = SCRIPT({ VERIFY_AUTH, NULL, results[i] });
		struct jpki jpki = JPKI_INIT(script_channel(NULL));
		int tries = 7;

		assert_int_equal(verify_on(&by_select, &jpki, &tries), ANSWER_OUTCOME_UNKNOWN);
		jpki.short_verify = true;
		assert_int_equal(verify_on(&by_short, &jpki, &tries), ANSWER_OUTCOME_UNKNOWN);
		assert_int_equal(tries, 7);
	}
}

static void after_a_refused_short_verify_the_next_one_goes_by_select(void **state)
{
	struct script refused = SCRIPT({ VERIFY_AUTH, "6A 86" });
	struct script next = SCRIPT({ SELECT_AUTH_PIN, OK }, { QUERY_PLAIN, "63 C3" });
	struct script verify = SCRIPT({ VERIFY_PLAIN, OK });
	struct jpki jpki = JPKI_INIT(script_channel(NULL));
	int tries;

	jpki.short_verify = true;
	assert_int_equal(verify_on(&refused, &jpki, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(tries_on(&next, &jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(verify_on(&verify, &jpki, &tries), 0);
}

static void an_empty_pin_is_never_sent(void **state)
{
	CLEANUP(secret_freep) struct secret *empty = script_secret("");
	struct script nothing = { 0 };
	struct jpki jpki = JPKI_INIT(script_channel(&nothing));
	int tries = 7;

	assert_int_equal(jpki_verify(&jpki, JPKI_AUTH, empty, &tries), -EINVAL);
	jpki.short_verify = true;
	assert_int_equal(jpki_verify(&jpki, JPKI_SIGN, empty, &tries), -EINVAL);
	assert_int_equal(tries, 7);
}

static void a_new_select_of_the_application_forgets_the_current_ef(void **state)
{
	struct script script = SCRIPT({ SELECT_AUTH_PIN, OK }, { QUERY_PLAIN, "63 C3" },
				      { SELECT_AP, OK }, { SELECT_AUTH_PIN, OK },
				      { QUERY_PLAIN, "63 C3" });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	int tries;

	jpki.short_ef = false;
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(jpki_select(&jpki), 0);
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
	script_assert_done(&script);
}

static void a_short_verify_forgets_the_current_ef(void **state)
{
	struct script first = SCRIPT({ SELECT_AUTH_PIN, OK }, { QUERY_PLAIN, "63 C3" });
	struct script moved = SCRIPT({ VERIFY_AUTH, OK });
	struct script again = SCRIPT({ SELECT_AUTH_PIN, OK }, { QUERY_PLAIN, "63 C3" });
	struct jpki jpki = JPKI_INIT(script_channel(&first));
	int tries;

	jpki.short_ef = false;
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
	script_assert_done(&first);

	jpki.short_verify = true;
	assert_int_equal(verify_on(&moved, &jpki, &tries), 0);
	assert_int_equal(tries_on(&again, &jpki, JPKI_AUTH, &tries), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_are_told_by_every_status_word_that_is_about_them),
		cmocka_unit_test(more_tries_than_a_pin_can_have_are_not_believed),
		cmocka_unit_test(other_status_words_are_card_errors_and_no_tries),
		cmocka_unit_test(the_query_falls_back_on_select_and_proves_nothing_then),
		cmocka_unit_test(verify_takes_the_short_form_only_after_a_query_did),
		cmocka_unit_test(a_read_by_short_identifier_is_no_proof_for_verify),
		cmocka_unit_test(a_pin_ef_that_cannot_be_selected_gets_no_verify),
		cmocka_unit_test(a_lost_answer_to_the_select_before_verify_is_passed_on),
		cmocka_unit_test(verify_is_sent_once_and_its_status_word_is_understood),
		cmocka_unit_test(a_verify_without_an_answer_is_sent_once_and_its_outcome_unknown),
		cmocka_unit_test(after_a_refused_short_verify_the_next_one_goes_by_select),
		cmocka_unit_test(an_empty_pin_is_never_sent),
		cmocka_unit_test(a_new_select_of_the_application_forgets_the_current_ef),
		cmocka_unit_test(a_short_verify_forgets_the_current_ef),
	};

	return cmocka_run_group_tests_name("jpki-verify", tests, NULL, NULL);
}
