/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a card is found: SELECT, what kind it is, and whether it knows short identifiers. And how it is closed. */
#include <errno.h>
#include <string.h>

#include "apdu/jpki.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "tests/unit/card-commands.h"
#include "tests/unit/script.h"

#define LABEL_OF_NEXT_CARD "4A504B494150494343544F4B454E33 2020202020202020202020202020202020"
#define LABEL_OF_JUKI_CARD "4A504B494150494343544F4B454E 000000000000000000000000000000000000"
#define LABEL_OF_ANDROID "4A504B4941504750534554 4F4B454E 2020202020202020202020202020202020"
#define LABEL_OF_IPHONE "4A504B494150494F53544F4B454E 202020202020202020202020202020202020"

static int select_on(struct script *script)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	const int r = jpki_select(&jpki);

	script_assert_done(script);
	return r;
}

static int token_on(struct script *script, struct jpki_token *ret_token)
{
	struct jpki jpki = JPKI_INIT(script_channel(script));
	const int r = jpki_read_token(&jpki, ret_token);

	script_assert_done(script);
	return r;
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
	struct script script = SCRIPT({ QUERY_AUTH, "65 81" });
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
		{ READ_LABEL, NULL, ANSWER_CARD_REMOVED },
		{ QUERY_AUTH, NULL, ANSWER_PCSC_UNAVAILABLE },
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
	jpki.channel.fault = 0;
	assert_int_equal(jpki_read_token(&jpki, &token), ANSWER_CARD_REMOVED);
	jpki.channel.fault = 0;
	assert_int_equal(jpki_tries(&jpki, JPKI_AUTH, &tries), ANSWER_PCSC_UNAVAILABLE);
	jpki.channel.fault = 0;
	assert_int_equal(jpki_sign(&jpki, JPKI_AUTH, JPKI_PADDING_PKCS1, (const uint8_t[]){ 0 }, 1,
				   signature, &length),
			 ANSWER_READER_ERROR);
	jpki.channel.fault = 0;
	assert_int_equal(jpki_clear(&jpki), -EIO);
	script_assert_done(&script);
	assert_int_equal(token.type, JPKI_TYPE_JUKI_CARD);
	assert_int_equal(signature[0], 7);
	assert_int_equal(length, 7);
	assert_int_equal(tries, 7);
	assert_true(jpki.short_ef);
}

static void after_an_answer_that_did_not_come_nothing_is_sent_any_more(void **state)
{
	static const struct {
		struct script_step step;
		int fault;
	} faults[] = {
		{ { SELECT_AP, NULL, ANSWER_CARD_REMOVED }, ANSWER_CARD_REMOVED },
		{ { SELECT_AP, NULL, -ENOMEM }, -ENOMEM },
		{ { SELECT_AP, "90" }, ANSWER_READER_ERROR },
	};

	for (size_t i = 0; i < LENGTH_OF(faults); i++) {
		struct script script = { .steps = &faults[i].step, .count = 1 };
		struct jpki jpki = JPKI_INIT(script_channel_with_pad(&script));
		CLEANUP(secret_freep) struct secret *pin = secret_new(1);
		int tries;

		assert_non_null(pin);
		pin->bytes[pin->length++] = '1';
		assert_int_equal(jpki_select(&jpki), faults[i].fault);
		assert_int_equal(jpki.channel.fault, faults[i].fault);
		assert_int_equal(jpki_clear(&jpki), faults[i].fault);
		jpki.short_verify = true;
		assert_int_equal(jpki_verify(&jpki, JPKI_AUTH, pin, &tries), faults[i].fault);
		assert_int_equal(jpki_verify(&jpki, JPKI_AUTH, NULL, &tries), faults[i].fault);
		script_assert_done(&script);
	}
}

static void a_probe_is_select_and_two_reads(void **state)
{
	struct script script = SCRIPT({ SELECT_AP, OK }, { READ_LABEL, LABEL_OF_CARD OK },
				      { READ_AVAILABILITY, "8F 8F" OK });
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
		struct script script = SCRIPT({ READ_LABEL, labels[i].answer }, { READ_AVAILABILITY, "8F 00" OK });
		struct jpki_token token;

		memset(&token, 0xA5, sizeof(token));
		assert_int_equal(token_on(&script, &token), 0);
		assert_int_equal(token.type, labels[i].type);
		assert_int_equal(token.has_reset_code, labels[i].has_reset_code);
		assert_true(token.has_certificate[JPKI_SIGN]);
		assert_false(token.has_certificate[JPKI_AUTH]);
	}
}

/* The card of a child under 15. */
static void a_card_may_have_an_auth_certificate_alone(void **state)
{
	struct script script = SCRIPT({ READ_LABEL, LABEL_OF_CARD OK }, { READ_AVAILABILITY, "00 8F" OK });
	struct jpki_token token;

	assert_int_equal(token_on(&script, &token), 0);
	assert_false(token.has_certificate[JPKI_SIGN]);
	assert_true(token.has_certificate[JPKI_AUTH]);
}

static void what_the_card_does_not_say_is_unknown_and_taken_as_present(void **state)
{
	struct script absent = SCRIPT({ READ_LABEL, "6A 82" }, { SELECT_EF "00 06", "6A 82" },
				      { READ_AVAILABILITY, "6A 82" },
				      { SELECT_EF "00 08", "6A 82" });
	struct script closed = SCRIPT({ READ_LABEL, LABEL_OF_CARD "69 82" },
				      { READ_AVAILABILITY, "00 00 69 82" });
	struct script empty = SCRIPT({ READ_LABEL, "6B 00" }, { SELECT_EF "00 06", OK },
				     { "00 B0 00 00 20", "6B 00" }, { READ_AVAILABILITY, OK });
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
	struct script script = SCRIPT({ READ_LABEL, LABEL_OF_CARD OK }, { READ_AVAILABILITY, "65 81" });
	struct jpki_token token = { .type = JPKI_TYPE_JUKI_CARD };

	assert_int_equal(token_on(&script, &token), ANSWER_CARD_ERROR);
	assert_int_equal(token.type, JPKI_TYPE_JUKI_CARD);
}

static void a_card_that_refuses_short_identifiers_gets_selects_from_then_on(void **state)
{
	static const char *const refusals[] = { "67 00", "69 81", "69 86", "6A 81", "6A 82",
						"6A 86", "6A 88", "6B 00", "6D 00" };

	for (size_t i = 0; i < LENGTH_OF(refusals); i++) {
		struct script script = SCRIPT(
			{ READ_LABEL, refusals[i] }, { SELECT_EF "00 06", OK },
			{ "00 B0 00 00 20", LABEL_OF_CARD OK }, { SELECT_EF "00 08", OK },
			{ "00 B0 00 00 02", "8F 8F" OK }, { SELECT_AUTH_PIN, OK },
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
		cmocka_unit_test(select_is_sent_once_more_after_6F00_and_no_more),
		cmocka_unit_test(a_card_that_refuses_select_is_not_supported),
		cmocka_unit_test(a_card_error_leaves_the_command_and_its_status_word),
		cmocka_unit_test(the_answers_of_the_channel_are_passed_on_by_every_call),
		cmocka_unit_test(after_an_answer_that_did_not_come_nothing_is_sent_any_more),
		cmocka_unit_test(a_probe_is_select_and_two_reads),
		cmocka_unit_test(labels_tell_the_type_with_spaces_or_zeros_behind_them),
		cmocka_unit_test(a_card_may_have_an_auth_certificate_alone),
		cmocka_unit_test(what_the_card_does_not_say_is_unknown_and_taken_as_present),
		cmocka_unit_test(a_fault_while_the_token_is_read_is_a_card_error),
		cmocka_unit_test(a_card_that_refuses_short_identifiers_gets_selects_from_then_on),
		cmocka_unit_test(clear_selects_another_application_or_says_that_there_is_none),
	};

	return cmocka_run_group_tests_name("jpki", tests, NULL, NULL);
}
