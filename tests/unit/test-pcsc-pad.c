/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readers on which a PIN can be typed: how one is known, what it is asked, and what it answers. */
#include "apdu/exchange.h"
#include "tests/unit/context.h"

#define LIST(bytes) bytes, sizeof(bytes) - 1

static const struct pin_entry auth = { 4, 4, false };
static const struct command verify = { .ins = INS_VERIFY, .p2 = 0x98 };
static const struct command change = { .ins = INS_CHANGE_REFERENCE_DATA, .p1 = 0x01, .p2 = 0x80 };

static struct pcsc_card *connect_pad(void **state)
{
	fake_plug_pad();
	return context_connect(*state, true);
}

static bool has_pad(void **state, const void *features, size_t length, bool (*is_so)(const struct pcsc_card *card))
{
	bool has;

	fake_pcscd.features = features;
	fake_pcscd.features_length = length;
	has = is_so(context_connect(*state, true));
	context_disconnect(*state);
	return has;
}

static void a_reader_has_the_pad_that_it_lists(void **state)
{
	static const char many[1024] = "\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07";

	assert_true(has_pad(state, LIST("\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07"), pcsc_has_pin_pad));
	assert_true(has_pad(state, LIST("\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07"), pcsc_takes_new_pins));
	assert_true(has_pad(state, LIST("\x06\x04\x42\x33\x00\x06"), pcsc_has_pin_pad));
	assert_false(has_pad(state, LIST("\x06\x04\x42\x33\x00\x06"), pcsc_takes_new_pins));
	assert_false(has_pad(state, LIST("\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00"), pcsc_has_pin_pad));
	assert_false(has_pad(state, LIST(""), pcsc_has_pin_pad));
	assert_false(has_pad(state, NULL, 0, pcsc_has_pin_pad));
	assert_false(has_pad(state, NULL, 0, pcsc_takes_new_pins));
	/* The driver claims more than there was room for. */
	assert_false(has_pad(state, many, sizeof(many), pcsc_has_pin_pad));
}

static void a_reader_that_cannot_be_asked_for_features_has_no_pad_and_a_card(void **state)
{
	const struct context *context = *state;

	fake_plug_pad();
	for (size_t i = 0; i < CONTEXT_ROWS; i++) {
		struct pcsc_card *card = NULL;

		fake_answer("Control", context_rows[i].code);
		assert_int_equal(pcsc_connect(context->pcsc, "A", false, &card), 0);
		assert_false(pcsc_has_pin_pad(card));
		pcsc_disconnect(card, false);
	}
}

/* As the layer above uses it: what is sent, and what the answer comes to. */
static int ask_pad(struct pcsc_card *card, const struct command *command, const struct pin_entry *entry,
		   struct response *ret_response)
{
	struct channel channel = { .transmit_from_pad = pcsc_transmit_from_pad, .reader = card };

	return exchange_send_from_pad(&channel, command, entry, ret_response);
}

static void assert_request(const void *bytes, size_t length)
{
	assert_int_equal(fake_pcscd.request_length, length);
	assert_memory_equal(fake_pcscd.request, bytes, length);
}

static void the_pad_is_asked_as_part_10_has_it(void **state)
{
	static const struct pin_entry new_sign = { 6, 16, true };
	struct pcsc_card *card = connect_pad(state);
	struct response response;

	fake_pcscd.control_answer = (const uint8_t *)"\x90\x00";
	fake_pcscd.control_answer_length = 2;
	assert_int_equal(ask_pad(card, &verify, &auth, &response), 0);
	assert_string_equal(fake_journal(), "Control(42330006)");
	assert_request(LIST("\x1E\x1E\x82\x00\x00\x04\x04\x02\x01\x11\x04\x00\x00\x00\x00\x05\x00\x00\x00"
			    "\x00\x20\x00\x98\x00"));

	fake_reset();
	assert_int_equal(ask_pad(card, &change, &new_sign, &response), 0);
	assert_string_equal(fake_journal(), "Control(42330007)");
	assert_request(LIST("\x1E\x1E\x82\x00\x00\x00\x00\x10\x06\x01\x02\x02\x11\x04\x01\x02\x00\x00\x00\x00"
			    "\x05\x00\x00\x00\x00\x24\x01\x80\x00"));
}

static void what_a_pad_answers_is_understood(void **state)
{
	static const uint8_t much[1024] = { 0 };
	static const struct {
		const void *bytes;
		size_t length;
		int answer;
		uint16_t sw;
	} answers[] = {
		{ LIST("\x90\x00"), 0, 0x9000 },
		{ LIST("\x63\xC2"), 0, 0x63C2 },
		{ LIST("\x69\x83"), 0, 0x6983 },
		{ LIST("\x6B\x80"), 0, 0x6B80 },
		{ LIST("\x64\x00"), ANSWER_TIMEOUT, 7 },
		{ LIST("\x64\x01"), ANSWER_DISMISSED, 7 },
		{ LIST("\x64\x02"), ANSWER_PIN_FORMAT, 7 },
		{ LIST("\x64\x03"), ANSWER_PIN_FORMAT, 7 },
		{ LIST(""), ANSWER_OUTCOME_UNKNOWN, 7 },
		{ LIST("\x90"), ANSWER_OUTCOME_UNKNOWN, 7 },
		{ much, RESPONSE_LENGTH_MAX + 1, ANSWER_OUTCOME_UNKNOWN, 7 },
		{ much, sizeof(much), ANSWER_OUTCOME_UNKNOWN, 7 },
	};
	struct pcsc_card *card = connect_pad(state);

	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct response response = { .sw = 7 };

		fake_pcscd.control_answer = answers[i].bytes;
		fake_pcscd.control_answer_length = answers[i].length;
		assert_int_equal(ask_pad(card, &verify, &auth, &response), answers[i].answer);
		assert_int_equal(response.sw, answers[i].sw);
	}
}

static void each_code_becomes_its_answer_with_a_pad(void **state)
{
	static const uint8_t header[] = { 0x00, 0x20, 0x00, 0x98 };
	struct pcsc_card *card = connect_pad(state);

	for (size_t i = 0; i < CONTEXT_ROWS; i++) {
		uint8_t response[RESPONSE_LENGTH_MAX];
		size_t length = sizeof(response);

		fake_answer("Control", context_rows[i].code);
		assert_int_equal(pcsc_transmit_from_pad(card, header, &auth, response, &length),
				 context_answer_in_use(&context_rows[i]));
		assert_int_equal(length, sizeof(response));
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, context_set_up, context_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_reader_has_the_pad_that_it_lists),
		TEST(a_reader_that_cannot_be_asked_for_features_has_no_pad_and_a_card),
		TEST(the_pad_is_asked_as_part_10_has_it),
		TEST(what_a_pad_answers_is_understood),
		TEST(each_code_becomes_its_answer_with_a_pad),
	};

	return cmocka_run_group_tests_name("pcsc-pad", tests, NULL, NULL);
}
