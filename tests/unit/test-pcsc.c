/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/pcsc.c over a pcscd of the test's own: which calls it makes with a card, and what their answers come to. */
#include "tests/unit/context.h"

/* --- answers ------ */

static void each_code_becomes_its_answer_when_a_context_is_opened(void **state)
{
	for (size_t i = 0; i < CONTEXT_ROWS; i++) {
		struct pcsc *pcsc = NULL;

		fake_answer("EstablishContext", context_rows[i].code);
		assert_int_equal(pcsc_open(&pcsc), context_rows[i].answer);
		assert_null(pcsc);
	}
}

static void each_code_becomes_its_answer_when_a_card_is_connected(void **state)
{
	const struct context *context = *state;

	for (size_t i = 0; i < CONTEXT_ROWS; i++) {
		struct pcsc_card *card = NULL;

		fake_answer("Connect", context_rows[i].code);
		assert_int_equal(pcsc_connect(context->pcsc, "A", true, &card), context_rows[i].answer);
		assert_null(card);
	}
}

static void each_code_becomes_its_answer_with_a_card(void **state)
{
	struct pcsc_card *card = context_connect(*state, false);

	for (size_t i = 0; i < CONTEXT_ROWS; i++) {
		const uint8_t command[] = { 0x00, 0x20, 0x00, 0x80 };
		uint8_t response[16];
		size_t length = sizeof(response);
		const int answer = context_answer_in_use(&context_rows[i]);

		fake_answer("BeginTransaction", context_rows[i].code);
		assert_int_equal(pcsc_begin(card), answer);
		fake_answer("Transmit", context_rows[i].code);
		assert_int_equal(pcsc_transmit(card, command, sizeof(command), response, &length), answer);
		assert_int_equal(length, sizeof(response));
		fake_answer("EndTransaction", context_rows[i].code);
		assert_int_equal(pcsc_end(card), answer);
		fake_answer("Reconnect", context_rows[i].code);
		assert_int_equal(pcsc_power_cycle(card), answer);
	}
}

static void a_reset_in_the_middle_of_a_transaction_is_an_error_of_the_reader(void **state)
{
	struct pcsc_card *card = context_connect(*state, false);
	const uint8_t command[] = { 0x00, 0x20, 0x00, 0x80 };
	uint8_t response[16];
	size_t length = sizeof(response);

	fake_answer("Transmit", SCARD_W_RESET_CARD);
	assert_int_equal(pcsc_transmit(card, command, sizeof(command), response, &length), ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "Transmit(T1,4)");
}

/* --- cards ------ */

static void a_card_is_connected_as_chosen_and_left_or_powered_off(void **state)
{
	struct context *context = *state;
	struct pcsc_card *card = NULL;

	assert_int_equal(pcsc_connect(context->pcsc, "A", true, &card), 0);
	assert_null(pcsc_disconnect(card, false));
	assert_int_equal(pcsc_connect(context->pcsc, "B", false, &card), 0);
	assert_null(pcsc_disconnect(card, true));
	assert_null(pcsc_disconnect(NULL, true));
	context->pcsc = pcsc_close(context->pcsc);
	assert_null(context->pcsc);
	assert_null(pcsc_close(NULL));
	assert_string_equal(fake_journal(), "Connect(A,EXCLUSIVE) Control(42000D48) Disconnect(LEAVE) "
					    "Connect(B,SHARED) Control(42000D48) Disconnect(UNPOWER) ReleaseContext");
}

static void an_exclusive_card_needs_no_transactions(void **state)
{
	struct pcsc_card *card = context_connect(*state, true);

	assert_int_equal(pcsc_begin(card), 0);
	assert_int_equal(pcsc_end(card), 0);
	assert_string_equal(fake_journal(), "");
}

static void a_shared_card_is_used_in_transactions_that_leave_it_as_it_is(void **state)
{
	struct pcsc_card *card = context_connect(*state, false);

	assert_int_equal(pcsc_begin(card), 0);
	assert_int_equal(pcsc_end(card), 0);
	assert_string_equal(fake_journal(), "BeginTransaction EndTransaction(LEAVE)");
}

static void a_shared_card_that_was_reset_gets_its_power_again(void **state)
{
	struct pcsc_card *card = context_connect(*state, false);

	fake_answer("BeginTransaction", SCARD_W_RESET_CARD);
	fake_answer("BeginTransaction", SCARD_W_RESET_CARD);
	assert_int_equal(pcsc_begin(card), 0);
	assert_string_equal(fake_journal(), "BeginTransaction Reconnect(SHARED,UNPOWER) "
					    "BeginTransaction Reconnect(SHARED,UNPOWER) BeginTransaction");

	fake_reset();
	fake_answer("BeginTransaction", SCARD_W_RESET_CARD);
	fake_answer("Reconnect", SCARD_E_NO_SMARTCARD);
	assert_int_equal(pcsc_begin(card), ANSWER_CARD_REMOVED);
	assert_string_equal(fake_journal(), "BeginTransaction Reconnect(SHARED,UNPOWER)");
}

static void a_card_is_gone_when_pcscd_has_noticed_it(void **state)
{
	struct pcsc_card *card = context_connect(*state, true);

	fake_answer("BeginTransaction", SCARD_S_SUCCESS);
	fake_answer("BeginTransaction", SCARD_W_REMOVED_CARD);
	assert_true(pcsc_is_gone(card));
	assert_string_equal(fake_journal(), "BeginTransaction EndTransaction(LEAVE) BeginTransaction");

	assert_false(pcsc_is_gone(card));
	fake_answer("BeginTransaction", SCARD_E_NO_SERVICE);
	assert_false(pcsc_is_gone(card));
}

static void a_power_cycle_keeps_the_connection_as_it_was_chosen(void **state)
{
	struct context *context = *state;

	assert_int_equal(pcsc_power_cycle(context_connect(context, true)), 0);
	assert_string_equal(fake_journal(), "Reconnect(EXCLUSIVE,UNPOWER)");
	context_disconnect(context);
	assert_int_equal(pcsc_power_cycle(context_connect(context, false)), 0);
	assert_string_equal(fake_journal(), "Reconnect(SHARED,UNPOWER)");
}

static void commands_go_over_the_protocol_that_the_card_speaks_now(void **state)
{
	const uint8_t command[] = { 1, 2, 3, 4 }, backwards[] = { 4, 3, 2, 1 };
	uint8_t response[16];
	size_t length = sizeof(response);
	struct pcsc_card *card;

	fake_pcscd.protocol = SCARD_PROTOCOL_T0;
	card = context_connect(*state, true);
	assert_int_equal(pcsc_transmit(card, command, sizeof(command), response, &length), 0);
	assert_int_equal(length, sizeof(backwards));
	assert_memory_equal(response, backwards, sizeof(backwards));

	fake_pcscd.protocol = SCARD_PROTOCOL_T1;
	assert_int_equal(pcsc_power_cycle(card), 0);
	length = sizeof(response);
	assert_int_equal(pcsc_transmit(card, command, sizeof(command), response, &length), 0);
	assert_string_equal(fake_journal(), "Transmit(T0,4) Reconnect(EXCLUSIVE,UNPOWER) Transmit(T1,4)");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, context_set_up, context_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_code_becomes_its_answer_when_a_context_is_opened),
		TEST(each_code_becomes_its_answer_when_a_card_is_connected),
		TEST(each_code_becomes_its_answer_with_a_card),
		TEST(a_reset_in_the_middle_of_a_transaction_is_an_error_of_the_reader),
		TEST(a_card_is_connected_as_chosen_and_left_or_powered_off),
		TEST(an_exclusive_card_needs_no_transactions),
		TEST(a_shared_card_is_used_in_transactions_that_leave_it_as_it_is),
		TEST(a_shared_card_that_was_reset_gets_its_power_again),
		TEST(a_card_is_gone_when_pcscd_has_noticed_it),
		TEST(a_power_cycle_keeps_the_connection_as_it_was_chosen),
		TEST(commands_go_over_the_protocol_that_the_card_speaks_now),
	};

	return cmocka_run_group_tests_name("pcsc", tests, NULL, NULL);
}
