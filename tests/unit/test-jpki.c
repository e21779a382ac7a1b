/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said to a card to find it, ask its tries, verify, sign and clear, in both forms. */
#include <errno.h>
#include <string.h>

#include "apdu/digest-info.h"
#include "apdu/jpki.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/script.h"

#define OK "90 00"
#define SELECT_AP "00 A4 04 0C 0A D3 92 F0 00 26 01 00 00 00 01"
#define SELECT_ISD "00 A4 04 0C 07 A0 00 00 01 51 00 00"
#define SELECT_TEXT_AP "00 A4 04 0C 0A D3 92 10 00 31 00 01 01 04 08"
#define SELECT_EF "00 A4 02 0C 02 "
#define LABEL_OF_CARD "4A504B494150494343544F4B454E32 2020202020202020202020202020202020"
#define LABEL_OF_NEXT_CARD "4A504B494150494343544F4B454E33 2020202020202020202020202020202020"
#define LABEL_OF_JUKI_CARD "4A504B494150494343544F4B454E 000000000000000000000000000000000000"
#define LABEL_OF_ANDROID "4A504B4941504750534554 4F4B454E 2020202020202020202020202020202020"
#define LABEL_OF_IPHONE "4A504B494150494F53544F4B454E 202020202020202020202020202020202020"
#define QUERY_AUTH_SHORT "00 20 00 98"
#define QUERY_SIGN_SHORT "00 20 00 9B"
#define QUERY_PLAIN "00 20 00 80"
#define VERIFY_AUTH_SHORT "00 20 00 98 04 31 32 33 34"
#define VERIFY_PLAIN "00 20 00 80 04 31 32 33 34"

static int select_on(struct script *script)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	const int r = jpki_select(&jpki);

	script_assert_done(script);
	return r;
}

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

static struct jpki jpki_new(void)
{
	return JPKI_INIT((struct channel){ 0 });
}

static void names_and_limits_are_those_of_the_contract(void **state)
{
	assert_string_equal(jpki_type_name(JPKI_TYPE_UNKNOWN), "unknown");
	assert_string_equal(jpki_type_name(JPKI_TYPE_MYNUMBER_CARD), "mynumber-card");
	assert_string_equal(jpki_type_name(JPKI_TYPE_ANDROID_PHONE), "android-phone");
	assert_string_equal(jpki_type_name(JPKI_TYPE_IPHONE), "iphone");
	assert_string_equal(jpki_type_name(JPKI_TYPE_JUKI_CARD), "juki-card");
	assert_string_equal(jpki_applet_name(JPKI_AUTH), "auth");
	assert_string_equal(jpki_applet_name(JPKI_SIGN), "sign");
	assert_int_equal(jpki_tries_max(JPKI_AUTH), 3);
	assert_int_equal(jpki_tries_max(JPKI_SIGN), 5);
}

static void the_sign_certificate_needs_its_pin_and_on_phones_the_auth_one_too(void **state)
{
	static const enum jpki_type cards[] = { JPKI_TYPE_MYNUMBER_CARD, JPKI_TYPE_UNKNOWN,
						JPKI_TYPE_JUKI_CARD };
	static const enum jpki_type phones[] = { JPKI_TYPE_ANDROID_PHONE, JPKI_TYPE_IPHONE };
	const enum jpki_certificate holder = JPKI_HOLDER_CERTIFICATE;
	const enum jpki_certificate issuer = JPKI_ISSUER_CERTIFICATE;

	for (size_t i = 0; i < LENGTH_OF(cards); i++) {
		assert_false(jpki_certificate_needs_pin(cards[i], JPKI_AUTH, holder));
		assert_true(jpki_certificate_needs_pin(cards[i], JPKI_SIGN, holder));
		assert_false(jpki_certificate_needs_pin(cards[i], JPKI_SIGN, issuer));
	}
	for (size_t i = 0; i < LENGTH_OF(phones); i++) {
		assert_true(jpki_certificate_needs_pin(phones[i], JPKI_AUTH, holder));
		assert_true(jpki_certificate_needs_pin(phones[i], JPKI_SIGN, holder));
		assert_false(jpki_certificate_needs_pin(phones[i], JPKI_AUTH, issuer));
	}
}

static void select_is_one_command(void **state)
{
	struct script script = SCRIPT({ SELECT_AP, OK });

	assert_int_equal(select_on(&script), 0);
}

static void select_is_sent_once_more_after_6F00_and_no_more(void **state)
{
	struct script wakes = SCRIPT({ SELECT_AP, "6F 00" }, { SELECT_AP, OK });
	struct script broken = SCRIPT({ SELECT_AP, "6F 00" }, { SELECT_AP, "6F 00" });
	struct script other = SCRIPT({ SELECT_AP, "6F 00" }, { SELECT_AP, "6A 82" });

	assert_int_equal(select_on(&wakes), 0);
	assert_int_equal(select_on(&broken), ANSWER_UNSUPPORTED_CARD);
	assert_int_equal(select_on(&other), ANSWER_UNSUPPORTED_CARD);
}

static void a_card_that_refuses_select_is_not_supported(void **state)
{
	static const char *const refusals[] = { "6A 82", "6A 81", "6A 86", "6D 00",
						"6E 00", "67 00", "69 85", "69 99",
						"62 83", "91 7E" };

	for (size_t i = 0; i < LENGTH_OF(refusals); i++) {
		struct script script = SCRIPT({ SELECT_AP, refusals[i] });

		assert_int_equal(select_on(&script), ANSWER_UNSUPPORTED_CARD);
	}
}

static void a_card_error_leaves_the_command_and_its_status_word(void **state)
{
	struct script script = SCRIPT({ "00 20 00 98", "65 81" });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	int tries;

	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(jpki.ins, 0x20);
	assert_int_equal(jpki.sw, 0x6581);
}

static void the_answers_of_the_channel_are_passed_on_by_every_call(void **state)
{
	static const struct script_step removed[] = {
		{ SELECT_AP, NULL, ANSWER_CARD_REMOVED },
		{ "00 B0 86 00 20", NULL, ANSWER_CARD_REMOVED },
		{ QUERY_AUTH_SHORT, NULL, ANSWER_PCSC_UNAVAILABLE },
		{ "80 2A 00 97 01 00 00", NULL, ANSWER_READER_ERROR },
		{ SELECT_ISD, NULL, -EIO },
	};
	struct script script = { .steps = removed, .count = LENGTH_OF(removed) };
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	struct jpki_token token = { .type = JPKI_TYPE_JUKI_CARD };
	uint8_t signature[JPKI_SIGNATURE_LENGTH_MAX] = { 7 };
	size_t length = 7;
	int tries = 7;

	assert_int_equal(jpki_select(&jpki), ANSWER_CARD_REMOVED);
	assert_int_equal(jpki_read_token(&jpki, &token), ANSWER_CARD_REMOVED);
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), ANSWER_PCSC_UNAVAILABLE);
	assert_int_equal(jpki_sign(&jpki, JPKI_AUTH, JPKI_PADDING_PKCS1, (const uint8_t[]){ 0 }, 1,
				   signature, &length),
			 ANSWER_READER_ERROR);
	assert_int_equal(jpki_clear(&jpki), -EIO);
	script_assert_done(&script);
	assert_int_equal(token.type, JPKI_TYPE_JUKI_CARD);
	assert_int_equal(signature[0], 7);
	assert_int_equal(length, 7);
	assert_int_equal(tries, 7);
	assert_true(jpki.short_ef);
}

static void a_probe_is_select_and_two_reads(void **state)
{
	struct script script = SCRIPT({ SELECT_AP, OK }, { "00 B0 86 00 20", LABEL_OF_CARD OK },
				      { "00 B0 88 00 02", "8F 8F" OK });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	struct jpki_token token;

	assert_int_equal(jpki_select(&jpki), 0);
	assert_int_equal(jpki_read_token(&jpki, &token), 0);
	script_assert_done(&script);
	assert_int_equal(token.type, JPKI_TYPE_MYNUMBER_CARD);
	assert_true(token.has_certificate[JPKI_AUTH]);
	assert_true(token.has_certificate[JPKI_SIGN]);
}

static void labels_tell_the_type_with_spaces_or_zeros_behind_them(void **state)
{
	static const struct {
		const char *answer;
		enum jpki_type type;
		bool has_reset_code;
	} labels[] = {
		{ LABEL_OF_CARD OK, JPKI_TYPE_MYNUMBER_CARD },
		{ LABEL_OF_NEXT_CARD OK, JPKI_TYPE_MYNUMBER_CARD, true },
		{ LABEL_OF_JUKI_CARD OK, JPKI_TYPE_JUKI_CARD },
		{ LABEL_OF_ANDROID OK, JPKI_TYPE_ANDROID_PHONE },
		{ LABEL_OF_IPHONE OK, JPKI_TYPE_IPHONE },
		{ "58" LABEL_OF_CARD OK, JPKI_TYPE_UNKNOWN },
		{ "4A504B494150494343544F4B454E" OK, JPKI_TYPE_UNKNOWN },
		{ OK, JPKI_TYPE_UNKNOWN },
	};

	for (size_t i = 0; i < LENGTH_OF(labels); i++) {
		struct script script = SCRIPT({ "00 B0 86 00 20", labels[i].answer },
					      { "00 B0 88 00 02", "8F 00" OK });
		struct jpki jpki = JPKI_INIT(script_channel(&script));
		struct jpki_token token;

		memset(&token, 0xA5, sizeof(token));
		assert_int_equal(jpki_read_token(&jpki, &token), 0);
		assert_int_equal(token.type, labels[i].type);
		assert_int_equal(token.has_reset_code, labels[i].has_reset_code);
		assert_true(token.has_certificate[JPKI_SIGN]);
		assert_false(token.has_certificate[JPKI_AUTH]);
	}
}

/* The card of a child under 15. */
static void a_card_may_have_an_auth_certificate_alone(void **state)
{
	struct script script = SCRIPT({ "00 B0 86 00 20", LABEL_OF_CARD OK },
				      { "00 B0 88 00 02", "00 8F" OK });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	struct jpki_token token;

	assert_int_equal(jpki_read_token(&jpki, &token), 0);
	assert_false(token.has_certificate[JPKI_SIGN]);
	assert_true(token.has_certificate[JPKI_AUTH]);
}

static void what_the_card_does_not_say_is_unknown_and_taken_as_present(void **state)
{
	struct script absent = SCRIPT({ "00 B0 86 00 20", "6A 82" }, { SELECT_EF "00 06", "6A 82" },
				      { "00 B0 88 00 02", "6A 82" },
				      { SELECT_EF "00 08", "6A 82" });
	struct script closed = SCRIPT({ "00 B0 86 00 20", LABEL_OF_CARD "69 82" },
				      { "00 B0 88 00 02", "00 00 69 82" });
	struct script empty = SCRIPT({ "00 B0 86 00 20", "6B 00" }, { SELECT_EF "00 06", OK },
				     { "00 B0 00 00 20", "6B 00" }, { "00 B0 88 00 02", OK });
	struct script *const scripts[] = { &absent, &closed, &empty };

	for (size_t i = 0; i < LENGTH_OF(scripts); i++) {
		struct jpki jpki = JPKI_INIT(script_channel(scripts[i]));
		struct jpki_token token;

		assert_int_equal(jpki_read_token(&jpki, &token), 0);
		script_assert_done(scripts[i]);
		assert_int_equal(token.type, JPKI_TYPE_UNKNOWN);
		assert_true(token.has_certificate[JPKI_SIGN]);
		assert_true(token.has_certificate[JPKI_AUTH]);
		assert_true(jpki.short_ef);
	}
}

static void a_fault_while_the_token_is_read_is_a_card_error(void **state)
{
	struct script script = SCRIPT({ "00 B0 86 00 20", LABEL_OF_CARD OK },
				      { "00 B0 88 00 02", "65 81" });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	struct jpki_token token = { .type = JPKI_TYPE_JUKI_CARD };

	assert_int_equal(jpki_read_token(&jpki, &token), ANSWER_CARD_ERROR);
	assert_int_equal(token.type, JPKI_TYPE_JUKI_CARD);
}

static void a_card_that_refuses_short_identifiers_gets_selects_from_then_on(void **state)
{
	static const char *const refusals[] = { "67 00", "69 81", "69 86", "6A 81", "6A 82",
						"6A 86", "6A 88", "6B 00", "6D 00" };

	for (size_t i = 0; i < LENGTH_OF(refusals); i++) {
		struct script script = SCRIPT(
			{ "00 B0 86 00 20", refusals[i] }, { SELECT_EF "00 06", OK },
			{ "00 B0 00 00 20", LABEL_OF_CARD OK }, { SELECT_EF "00 08", OK },
			{ "00 B0 00 00 02", "8F 8F" OK }, { SELECT_EF "00 18", OK },
			{ QUERY_PLAIN, "63 C3" }, { QUERY_PLAIN, "63 C3" });
		struct jpki jpki = JPKI_INIT(script_channel(&script));
		struct jpki_token token;
		int tries;

		assert_int_equal(jpki_read_token(&jpki, &token), 0);
		assert_int_equal(token.type, JPKI_TYPE_MYNUMBER_CARD);
		assert_false(jpki.short_ef);
		assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
		assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
		script_assert_done(&script);
	}
}

static void a_new_select_of_the_application_forgets_the_current_ef(void **state)
{
	struct script script = SCRIPT({ SELECT_EF "00 18", OK }, { QUERY_PLAIN, "63 C3" },
				      { SELECT_AP, OK }, { SELECT_EF "00 18", OK },
				      { QUERY_PLAIN, "63 C3" });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	int tries;

	jpki.short_ef = false;
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(jpki_select(&jpki), 0);
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
	script_assert_done(&script);
}

static void a_lost_answer_and_a_short_verify_forget_the_current_ef(void **state)
{
	struct script lost = SCRIPT({ SELECT_EF "00 18", OK }, { QUERY_PLAIN, "63 C3" },
				    { QUERY_PLAIN, NULL, ANSWER_READER_ERROR },
				    { SELECT_EF "00 18", OK }, { QUERY_PLAIN, "63 C3" });
	struct script moved = SCRIPT({ VERIFY_AUTH_SHORT, OK });
	struct script again = SCRIPT({ SELECT_EF "00 18", OK }, { QUERY_PLAIN, "63 C3" });
	struct jpki jpki = JPKI_INIT(script_channel(&lost));
	int tries;

	jpki.short_ef = false;
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), ANSWER_READER_ERROR);
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
	script_assert_done(&lost);

	jpki.short_verify = true;
	assert_int_equal(verify_on(&moved, &jpki, &tries), 0);
	assert_int_equal(tries_on(&again, &jpki, JPKI_AUTH, &tries), 0);
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
		struct script auth = SCRIPT({ QUERY_AUTH_SHORT, answers[i].answer });
		struct script sign = SCRIPT({ QUERY_SIGN_SHORT, answers[i].answer });
		struct jpki jpki = jpki_new();
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
	struct script auth = SCRIPT({ QUERY_AUTH_SHORT, "63 C4" });
	struct script sign = SCRIPT({ QUERY_SIGN_SHORT, "63 C6" });
	struct jpki jpki = jpki_new();
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
		struct script script = SCRIPT({ QUERY_AUTH_SHORT, answers[i] });
		struct jpki jpki = jpki_new();
		int tries = 7;

		assert_int_equal(tries_on(&script, &jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
		assert_int_equal(tries, 7);
		assert_int_equal(jpki.ins, 0x20);
		assert_false(jpki.short_verify);
	}
}

static void the_query_falls_back_on_select_and_proves_nothing_then(void **state)
{
	struct script script = SCRIPT({ QUERY_AUTH_SHORT, "6A 88" }, { SELECT_EF "00 18", OK },
				      { QUERY_PLAIN, "63 C3" });
	struct script absent = SCRIPT({ QUERY_AUTH_SHORT, "6A 88" },
				      { SELECT_EF "00 18", "6A 82" });
	struct script liar = SCRIPT({ QUERY_AUTH_SHORT, "6A 88" }, { SELECT_EF "00 18", "63 C3" });
	struct script refused = SCRIPT({ QUERY_AUTH_SHORT, "6A 88" }, { SELECT_EF "00 18", OK },
				       { QUERY_PLAIN, "6A 88" });
	struct jpki jpki = jpki_new();
	int tries = 7;

	assert_int_equal(tries_on(&absent, &jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(jpki.ins, 0xA4);
	assert_int_equal(jpki.sw, 0x6A82);
	assert_int_equal(tries_on(&liar, &jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(tries_on(&refused, &jpki, JPKI_AUTH, &tries), ANSWER_CARD_ERROR);
	assert_int_equal(tries, 7);
	assert_true(jpki.short_ef);

	jpki = jpki_new();
	assert_int_equal(tries_on(&script, &jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(tries, 3);
	assert_false(jpki.short_ef);
	assert_false(jpki.short_verify);
}

static void verify_takes_the_short_form_only_after_a_query_did(void **state)
{
	struct script unproven = SCRIPT({ SELECT_EF "00 18", OK }, { VERIFY_PLAIN, OK });
	struct script query = SCRIPT({ QUERY_AUTH_SHORT, "63 C3" });
	struct script proven = SCRIPT({ VERIFY_AUTH_SHORT, OK });
	struct jpki jpki = jpki_new();
	int tries = 7;

	assert_int_equal(verify_on(&unproven, &jpki, &tries), 0);
	assert_int_equal(tries_on(&query, &jpki, JPKI_AUTH, &tries), 0);
	tries = 7;
	assert_int_equal(verify_on(&proven, &jpki, &tries), 0);
	assert_int_equal(tries, 7);
}

static void a_read_by_short_identifier_is_no_proof_for_verify(void **state)
{
	struct script read = SCRIPT({ "00 B0 86 00 20", LABEL_OF_CARD OK },
				    { "00 B0 88 00 02", "8F 8F" OK });
	struct script verify = SCRIPT({ SELECT_EF "00 18", OK }, { VERIFY_PLAIN, OK });
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
		struct script script = SCRIPT({ SELECT_EF "00 18", answers[i] });
		struct jpki jpki = jpki_new();
		int tries = 7;

		assert_int_equal(verify_on(&script, &jpki, &tries), ANSWER_CARD_ERROR);
		assert_int_equal(tries, 7);
	}
}

static void a_lost_answer_to_the_select_before_verify_is_passed_on(void **state)
{
	struct script script = SCRIPT({ SELECT_EF "00 18", NULL, ANSWER_CARD_REMOVED });
	struct jpki jpki = jpki_new();
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
		struct script by_select = SCRIPT({ SELECT_EF "00 18", OK },
						 { VERIFY_PLAIN, answers[i].answer });
		struct script by_short = SCRIPT({ VERIFY_AUTH_SHORT, answers[i].answer });
		struct jpki jpki = jpki_new();
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
		struct script by_select = SCRIPT({ SELECT_EF "00 18", OK },
						 { VERIFY_PLAIN, NULL, results[i] });
		struct script by_short = SCRIPT({ VERIFY_AUTH_SHORT, NULL, results[i] });
		struct jpki jpki = jpki_new();
		int tries = 7;

		assert_int_equal(verify_on(&by_select, &jpki, &tries), ANSWER_OUTCOME_UNKNOWN);
		jpki.short_verify = true;
		assert_int_equal(verify_on(&by_short, &jpki, &tries), ANSWER_OUTCOME_UNKNOWN);
		assert_int_equal(tries, 7);
	}
}

static void after_a_refused_short_verify_the_next_one_goes_by_select(void **state)
{
	struct script refused = SCRIPT({ VERIFY_AUTH_SHORT, "6A 86" });
	struct script next = SCRIPT({ SELECT_EF "00 18", OK }, { QUERY_PLAIN, "63 C3" });
	struct script verify = SCRIPT({ VERIFY_PLAIN, OK });
	struct jpki jpki = jpki_new();
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

/* SHA-256 of the empty message, RFC 8017, 9.2. */
#define DIGEST "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
#define DIGEST_INFO "3031300D060960864801650304020105000420" DIGEST

static int sign_on(struct script *script, struct jpki *jpki, enum jpki_applet applet,
		   uint8_t *ret_signature, size_t *ret_length)
{
	uint8_t input[64];
	const size_t length = script_bytes(DIGEST_INFO, input, sizeof(input));
	int r;

	jpki->channel = script_channel(script);
	r = jpki_sign(jpki, applet, JPKI_PADDING_PKCS1, input, length, ret_signature, ret_length);
	script_assert_done(script);
	return r;
}

static void an_auth_signature_is_four_commands_and_one_to_clear(void **state)
{
	CLEANUP(secret_freep) struct secret *pin = script_secret("1234");
	uint8_t body[256], input[64], signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct script script = SCRIPT(
		{ SELECT_AP, OK }, { QUERY_AUTH_SHORT, "63 C3" }, { VERIFY_AUTH_SHORT, OK },
		{ "80 2A 00 97 33" DIGEST_INFO "00", OK, 0, body, sizeof(body) },
		{ SELECT_ISD, OK });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	size_t input_length, length;
	int tries;

	memset(body, 0xA5, sizeof(body));
	assert_int_equal(jpki_select(&jpki), 0);
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), 0);
	assert_int_equal(jpki_verify(&jpki, JPKI_AUTH, pin, &tries), 0);
	input_length = script_bytes(DIGEST_INFO, input, sizeof(input));
	assert_int_equal(jpki_sign(&jpki, JPKI_AUTH, JPKI_PADDING_PKCS1, input, input_length,
				   signature, &length),
			 0);
	assert_int_equal(jpki_clear(&jpki), 0);
	script_assert_done(&script);
	assert_int_equal(length, sizeof(body));
	assert_memory_equal(signature, body, sizeof(body));
}

static void a_sign_signature_by_select_names_each_ef_once(void **state)
{
	CLEANUP(secret_freep) struct secret *pin = script_secret("ABC123");
	uint8_t input[64], signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct script script = SCRIPT(
		{ SELECT_AP, OK }, { QUERY_SIGN_SHORT, "6A 86" }, { SELECT_EF "00 1B", OK },
		{ QUERY_PLAIN, "63 C5" }, { "00 20 00 80 06 41 42 43 31 32 33", OK },
		{ SELECT_EF "00 1A", OK }, { "80 2A 00 80 33" DIGEST_INFO "00", "A5" OK },
		{ "80 2A 00 80 33" DIGEST_INFO "00", "A5" OK });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	size_t input_length, length;
	int tries;

	assert_int_equal(jpki_select(&jpki), 0);
	assert_int_equal(jpki_tries(&jpki, JPKI_SIGN, &tries), 0);
	assert_int_equal(jpki_verify(&jpki, JPKI_SIGN, pin, &tries), 0);
	input_length = script_bytes(DIGEST_INFO, input, sizeof(input));
	for (int i = 0; i < 2; i++)
		assert_int_equal(jpki_sign(&jpki, JPKI_SIGN, JPKI_PADDING_PKCS1, input,
					   input_length, signature, &length),
				 0);
	script_assert_done(&script);
}

static void pss_has_its_own_p1_and_takes_the_digest_alone(void **state)
{
	uint8_t input[64], signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct script script = SCRIPT({ "80 2A 04 9A 20" DIGEST "00", "A5" OK });
	struct jpki jpki = JPKI_INIT(script_channel(&script));
	size_t length;

	assert_int_equal(jpki_sign(&jpki, JPKI_SIGN, JPKI_PADDING_PSS_SHA256, input,
				   script_bytes(DIGEST, input, sizeof(input)), signature, &length),
			 0);
	script_assert_done(&script);
	assert_int_equal(length, 1);
}

static void an_input_that_cannot_fit_is_not_sent(void **state)
{
	const uint8_t input[JPKI_SIGN_INPUT_MAX + 1] = { 0 };
	struct script nothing = { 0 };
	struct jpki jpki = JPKI_INIT(script_channel(&nothing));
	uint8_t signature[JPKI_SIGNATURE_LENGTH_MAX];
	size_t length;
	static const struct {
		enum jpki_padding padding;
		size_t length;
	} inputs[] = {
		{ JPKI_PADDING_PKCS1, 0 },	 { JPKI_PADDING_PKCS1, sizeof(input) },
		{ JPKI_PADDING_PSS_SHA256, 31 }, { JPKI_PADDING_PSS_SHA256, 33 },
		{ (enum jpki_padding)2, 32 },
	};

	for (size_t i = 0; i < LENGTH_OF(inputs); i++)
		assert_int_equal(jpki_sign(&jpki, JPKI_AUTH, inputs[i].padding, input,
					   inputs[i].length, signature, &length),
				 -EINVAL);
}

static void sign_falls_back_on_select_and_remembers_only_what_helped(void **state)
{
	struct script helps = SCRIPT({ "80 2A 00 97 33" DIGEST_INFO "00", "69 86" },
				     { SELECT_EF "00 17", OK },
				     { "80 2A 00 80 33" DIGEST_INFO "00", "A5" OK });
	struct script refused = SCRIPT({ "80 2A 00 97 33" DIGEST_INFO "00", "6A 86" },
				       { SELECT_EF "00 17", OK },
				       { "80 2A 00 80 33" DIGEST_INFO "00", "6A 86" });
	uint8_t signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct jpki jpki = jpki_new();
	size_t length = 7;

	assert_int_equal(sign_on(&refused, &jpki, JPKI_AUTH, signature, &length),
			 ANSWER_CARD_ERROR);
	assert_int_equal(jpki.ins, 0x2A);
	assert_int_equal(jpki.sw, 0x6A86);
	assert_int_equal(length, 7);
	assert_true(jpki.short_ef);
	assert_int_equal(sign_on(&helps, &jpki, JPKI_AUTH, signature, &length), 0);
	assert_int_equal(length, 1);
	assert_false(jpki.short_ef);
}

static void a_refused_sign_writes_nothing(void **state)
{
	static const struct {
		const char *answer;
		int result;
	} answers[] = {
		{ "69 82", ANSWER_PIN_REQUIRED }, { "69 85", ANSWER_CARD_ERROR },
		{ "6F 00", ANSWER_CARD_ERROR },	  { OK, ANSWER_CARD_ERROR },
		{ "A5 62 82", ANSWER_CARD_ERROR },
	};

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct script script =
			SCRIPT({ "80 2A 00 97 33" DIGEST_INFO "00", answers[i].answer });
		uint8_t signature[JPKI_SIGNATURE_LENGTH_MAX] = { 7 };
		struct jpki jpki = jpki_new();
		size_t length = 7;

		assert_int_equal(sign_on(&script, &jpki, JPKI_AUTH, signature, &length),
				 answers[i].result);
		assert_int_equal(signature[0], 7);
		assert_int_equal(length, 7);
	}
}

static void a_signature_may_come_through_get_response(void **state)
{
	uint8_t body[256], signature[JPKI_SIGNATURE_LENGTH_MAX];
	struct script script = SCRIPT({ "80 2A 00 97 33" DIGEST_INFO "00", "61 00" },
				      { "00 C0 00 00 00", OK, 0, body, sizeof(body) });
	struct jpki jpki = jpki_new();
	size_t length;

	memset(body, 0xA5, sizeof(body));
	assert_int_equal(sign_on(&script, &jpki, JPKI_AUTH, signature, &length), 0);
	assert_int_equal(length, 256);
	assert_memory_equal(signature, body, 256);
}

static void clear_selects_another_application_or_says_that_there_is_none(void **state)
{
	struct script second = SCRIPT({ SELECT_ISD, "6A 82" }, { SELECT_TEXT_AP, OK });
	struct script none = SCRIPT({ SELECT_ISD, "6A 82" }, { SELECT_TEXT_AP, "6A 82" });
	struct jpki jpki = JPKI_INIT(script_channel(&second));

	assert_int_equal(jpki_clear(&jpki), 0);
	script_assert_done(&second);
	jpki.channel = script_channel(&none);
	assert_int_equal(jpki_clear(&jpki), ANSWER_CARD_ERROR);
	script_assert_done(&none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_limits_are_those_of_the_contract),
		cmocka_unit_test(the_sign_certificate_needs_its_pin_and_on_phones_the_auth_one_too),
		cmocka_unit_test(select_is_one_command),
		cmocka_unit_test(select_is_sent_once_more_after_6F00_and_no_more),
		cmocka_unit_test(a_card_that_refuses_select_is_not_supported),
		cmocka_unit_test(a_card_error_leaves_the_command_and_its_status_word),
		cmocka_unit_test(the_answers_of_the_channel_are_passed_on_by_every_call),
		cmocka_unit_test(a_probe_is_select_and_two_reads),
		cmocka_unit_test(labels_tell_the_type_with_spaces_or_zeros_behind_them),
		cmocka_unit_test(a_card_may_have_an_auth_certificate_alone),
		cmocka_unit_test(what_the_card_does_not_say_is_unknown_and_taken_as_present),
		cmocka_unit_test(a_fault_while_the_token_is_read_is_a_card_error),
		cmocka_unit_test(a_card_that_refuses_short_identifiers_gets_selects_from_then_on),
		cmocka_unit_test(a_new_select_of_the_application_forgets_the_current_ef),
		cmocka_unit_test(a_lost_answer_and_a_short_verify_forget_the_current_ef),
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
		cmocka_unit_test(an_auth_signature_is_four_commands_and_one_to_clear),
		cmocka_unit_test(a_sign_signature_by_select_names_each_ef_once),
		cmocka_unit_test(pss_has_its_own_p1_and_takes_the_digest_alone),
		cmocka_unit_test(an_input_that_cannot_fit_is_not_sent),
		cmocka_unit_test(sign_falls_back_on_select_and_remembers_only_what_helped),
		cmocka_unit_test(a_refused_sign_writes_nothing),
		cmocka_unit_test(a_signature_may_come_through_get_response),
		cmocka_unit_test(clear_selects_another_application_or_says_that_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
