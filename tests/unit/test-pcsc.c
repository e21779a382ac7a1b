/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* daemon/pcsc.c over a pcscd of the test's own: which calls it makes, and what their answers come to. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "apdu/exchange.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/pcsc.h"
#include "tests/unit/fake-steps.h"
#include "tests/unit/fake-winscard.h"

enum {
	EMPTY = SCARD_STATE_EMPTY,
	PRESENT = SCARD_STATE_PRESENT,
	ONE_EVENT = 1 << 16,
};

static int setup(void **state)
{
	fake_winscard_reset();
	return 0;
}

static void nothing_happens(void)
{
}

static struct pcsc *open_context(void)
{
	struct pcsc *pcsc = NULL;

	assert_int_equal(pcsc_open(&pcsc), 0);
	fake_reset();
	return pcsc;
}

/* A watch that has seen what there is; the journal begins behind that. */
static struct pcsc *open_watch(struct pcsc_readers *readers)
{
	struct pcsc *pcsc = open_context();

	*readers = (struct pcsc_readers){ 0 };
	assert_int_equal(pcsc_watch(pcsc, readers), 0);
	fake_reset();
	return pcsc;
}

static struct pcsc_card *connect_card(struct pcsc *pcsc, bool exclusive)
{
	struct pcsc_card *card = NULL;

	assert_int_equal(pcsc_connect(pcsc, "A", exclusive, &card), 0);
	fake_reset();
	return card;
}

/* --- answers ---------------------------------------------------------------------------------------------------- */

/* The error map of pcsc-lite. */
static const struct row {
	LONG code;
	int answer;
} rows[] = {
	{ SCARD_F_COMM_ERROR, ANSWER_PCSC_UNAVAILABLE },
	{ SCARD_E_NO_SERVICE, ANSWER_PCSC_UNAVAILABLE },
	{ SCARD_E_SERVICE_STOPPED, ANSWER_PCSC_UNAVAILABLE },
	{ SCARD_E_INVALID_HANDLE, ANSWER_PCSC_UNAVAILABLE },
	{ SCARD_W_SECURITY_VIOLATION, ANSWER_NOT_AUTHORIZED },
	{ SCARD_E_SHARING_VIOLATION, ANSWER_BUSY },
	{ SCARD_W_REMOVED_CARD, ANSWER_CARD_REMOVED },
	{ SCARD_E_NO_SMARTCARD, ANSWER_CARD_REMOVED },
	{ SCARD_E_READER_UNAVAILABLE, ANSWER_CARD_REMOVED },
	{ SCARD_E_INVALID_VALUE, ANSWER_CARD_REMOVED },
	{ SCARD_E_UNKNOWN_READER, ANSWER_CARD_REMOVED },
	{ SCARD_F_INTERNAL_ERROR, ANSWER_READER_ERROR },
	{ SCARD_E_NOT_TRANSACTED, ANSWER_READER_ERROR },
	{ SCARD_E_PROTO_MISMATCH, ANSWER_READER_ERROR },
	{ SCARD_E_INSUFFICIENT_BUFFER, ANSWER_READER_ERROR },
	{ SCARD_W_UNPOWERED_CARD, ANSWER_READER_ERROR },
	{ SCARD_W_UNRESPONSIVE_CARD, ANSWER_READER_ERROR },
	{ SCARD_W_UNSUPPORTED_CARD, ANSWER_READER_ERROR },
	{ SCARD_E_NO_MEMORY, -ENOMEM },
};

static void each_code_becomes_its_answer_when_a_context_is_opened(void **state)
{
	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		struct pcsc *pcsc = NULL;

		fake_answer("EstablishContext", rows[i].code);
		assert_int_equal(pcsc_open(&pcsc), rows[i].answer);
		assert_null(pcsc);
	}
}

static void each_code_becomes_its_answer_when_readers_are_watched(void **state)
{
	struct pcsc_readers readers;
	struct pcsc *pcsc;

	fake_plug("A", EMPTY);
	pcsc = open_watch(&readers);
	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		fake_answer("ListReaders", rows[i].code);
		assert_int_equal(pcsc_watch(pcsc, &readers), rows[i].answer);
		if (rows[i].code == SCARD_E_UNKNOWN_READER)
			continue; /* it has a test of its own */
		fake_answer("GetStatusChange", rows[i].code);
		assert_int_equal(pcsc_watch(pcsc, &readers), rows[i].answer);
	}
	assert_int_equal(readers.count, 1);
	pcsc_close(pcsc);
}

static void each_code_becomes_its_answer_when_a_card_is_connected(void **state)
{
	struct pcsc *pcsc = open_context();

	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		struct pcsc_card *card = NULL;

		fake_answer("Connect", rows[i].code);
		assert_int_equal(pcsc_connect(pcsc, "A", true, &card), rows[i].answer);
		assert_null(card);
	}
	pcsc_close(pcsc);
}

/* Whom pcscd has let in it does not refuse any more: it drops him. */
static int answer_in_use(int answer)
{
	return answer == ANSWER_NOT_AUTHORIZED ? ANSWER_PCSC_UNAVAILABLE : answer;
}

static void each_code_becomes_its_answer_with_a_card(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card = connect_card(pcsc, false);

	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		const uint8_t command[] = { 0x00, 0x20, 0x00, 0x80 };
		uint8_t response[16];
		size_t length = sizeof(response);
		const int answer = answer_in_use(rows[i].answer);

		fake_answer("BeginTransaction", rows[i].code);
		assert_int_equal(pcsc_begin(card), answer);
		fake_answer("Transmit", rows[i].code);
		assert_int_equal(pcsc_transmit(card, command, sizeof(command), response, &length), answer);
		assert_int_equal(length, sizeof(response));
		fake_answer("EndTransaction", rows[i].code);
		assert_int_equal(pcsc_end(card), answer);
		fake_answer("Reconnect", rows[i].code);
		assert_int_equal(pcsc_power_cycle(card), answer);
	}
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

static void a_reset_in_the_middle_of_a_transaction_is_an_error_of_the_reader(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card = connect_card(pcsc, false);
	const uint8_t command[] = { 0x00, 0x20, 0x00, 0x80 };
	uint8_t response[16];
	size_t length = sizeof(response);

	fake_answer("Transmit", SCARD_W_RESET_CARD);
	assert_int_equal(pcsc_transmit(card, command, sizeof(command), response, &length), ANSWER_READER_ERROR);
	assert_string_equal(fake_journal(), "Transmit(T1,4)");
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

/* --- watching --------------------------------------------------------------------------------------------------- */

static void the_first_watch_tells_what_there_is_without_waiting(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_readers readers = { 0 };

	fake_plug("A", EMPTY);
	fake_plug("B", PRESENT | 3 * ONE_EVENT);
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_string_equal(fake_journal(), "ListReaders GetStatusChange(1000:A=0,B=0,PnP=0)");
	assert_int_equal(readers.count, 2);
	assert_string_equal(readers.reader[0].name, "A");
	assert_false(readers.reader[0].present);
	assert_string_equal(readers.reader[1].name, "B");
	assert_true(readers.reader[1].present);
	assert_int_equal(readers.reader[1].events, 3);
	pcsc_close(pcsc);
	assert_non_null(strstr(fake_journal(), "ReleaseContext"));
}

static void what_is_seen_of_a_reader_is_what_pcscd_says(void **state)
{
	static const struct {
		DWORD word;
		bool present, mute, unavailable;
	} cases[] = {
		{ SCARD_STATE_EMPTY, false, false, false },
		{ SCARD_STATE_PRESENT, true, false, false },
		{ SCARD_STATE_PRESENT | SCARD_STATE_INUSE, true, false, false },
		{ SCARD_STATE_PRESENT | SCARD_STATE_UNPOWERED, true, false, false },
		{ SCARD_STATE_PRESENT | SCARD_STATE_MUTE, true, true, false },
		{ SCARD_STATE_UNAVAILABLE, false, false, true },
		{ SCARD_STATE_UNKNOWN, false, false, true },
	};

	for (size_t i = 0; i < LENGTH_OF(cases); i++) {
		struct pcsc_readers readers;

		setup(state);
		fake_plug("A", cases[i].word);
		pcsc_close(open_watch(&readers));
		assert_int_equal(readers.reader[0].present, cases[i].present);
		assert_int_equal(readers.reader[0].mute, cases[i].mute);
		assert_int_equal(readers.reader[0].unavailable, cases[i].unavailable);
	}
}

static void plug_a(void)
{
	fake_plug("A", EMPTY);
}

static void plug_b(void)
{
	fake_plug("B", PRESENT | ONE_EVENT);
}

static void unplug_a(void)
{
	fake_unplug("A");
}

static void unplug_b(void)
{
	fake_unplug("B");
}

static void no_reader_at_the_start_is_told_once_and_then_waited_for(void **state)
{
	static void (*const waits[])(void) = { nothing_happens, nothing_happens, plug_a, NULL };
	struct pcsc *pcsc = open_context();
	struct pcsc_readers readers = { .count = 5 };

	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 0);
	assert_string_equal(fake_journal(), "ListReaders");

	fake_reset();
	fake_pcscd.waits = waits;
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 1);
	assert_string_equal(fake_journal(), "ListReaders GetStatusChange(1000:PnP=0) "
					    "ListReaders GetStatusChange(600000:PnP=0) "
					    "ListReaders GetStatusChange(600000:PnP=0) "
					    "ListReaders GetStatusChange(1000:A=0,PnP=0)");
	pcsc_close(pcsc);
}

static void a_new_reader_is_told_with_its_card(void **state)
{
	static void (*const waits[])(void) = { plug_b, NULL };
	struct pcsc_readers readers;
	struct pcsc *pcsc;

	fake_plug("A", EMPTY);
	pcsc = open_watch(&readers);
	fake_pcscd.waits = waits;
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 2);
	assert_string_equal(readers.reader[1].name, "B");
	assert_true(readers.reader[1].present);
	pcsc_close(pcsc);
}

static void a_reader_that_is_unplugged_becomes_unavailable_and_is_then_gone(void **state)
{
	static void (*const waits[])(void) = { unplug_a, nothing_happens, NULL };
	struct pcsc_readers readers;
	struct pcsc *pcsc;

	fake_plug("A", EMPTY);
	fake_plug("B", EMPTY);
	pcsc = open_watch(&readers);
	fake_pcscd.waits = waits;
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 2);
	assert_true(readers.reader[0].unavailable);
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 1);
	assert_string_equal(readers.reader[0].name, "B");
	pcsc_close(pcsc);
}

static void a_reader_that_was_swapped_unseen_is_found_when_the_wait_ends(void **state)
{
	static void (*const waits[])(void) = { nothing_happens, NULL };
	struct pcsc_readers readers;
	struct pcsc *pcsc;

	fake_plug("A", EMPTY);
	pcsc = open_watch(&readers);
	unplug_a();
	plug_b();
	fake_pcscd.waits = waits;
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 1);
	assert_string_equal(readers.reader[0].name, "B");
	pcsc_close(pcsc);
}

static void the_count_of_plug_events_is_fed_back(void **state)
{
	static void (*const waits[])(void) = { plug_b, nothing_happens, plug_a, NULL };
	struct pcsc_readers readers = { 0 };
	struct pcsc *pcsc = open_context();

	fake_pcscd.counts_plugs = true;
	fake_pcscd.waits = waits;
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 1);
	assert_string_equal(fake_journal(), "ListReaders ListReaders GetStatusChange(1000:PnP=0) "
					    "ListReaders GetStatusChange(1000:B=0,PnP=10000)");
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 2);
	pcsc_close(pcsc);
}

static void a_reader_that_goes_between_list_and_wait_makes_it_list_again(void **state)
{
	struct pcsc_readers readers;
	struct pcsc *pcsc;

	fake_plug("A", EMPTY);
	fake_plug("B", EMPTY);
	pcsc = open_watch(&readers);
	fake_pcscd.race = unplug_b;
	fake_pcscd.waits = (void (*const[])(void)){ nothing_happens, NULL };
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 1);
	assert_string_equal(readers.reader[0].name, "A");
	assert_string_equal(fake_journal(), "ListReaders GetStatusChange(1000:A=10,B=10,PnP=0) "
					    "ListReaders GetStatusChange(1000:A=10,PnP=0)");
	pcsc_close(pcsc);
}

static void the_only_reader_going_in_the_first_watch_leaves_none_and_that_is_told_at_once(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_readers readers = { 0 };

	fake_plug("A", EMPTY);
	fake_pcscd.race = unplug_a;
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_int_equal(readers.count, 0);
	pcsc_close(pcsc);
}

static void insert_card(void)
{
	fake_set_state("A", PRESENT | ONE_EVENT);
}

static void remove_card(void)
{
	fake_set_state("A", EMPTY | 2 * ONE_EVENT);
}

static void take_exclusively(void)
{
	fake_set_state("A", PRESENT | ONE_EVENT | SCARD_STATE_INUSE | SCARD_STATE_EXCLUSIVE);
}

static void cards_coming_and_going_are_told(void **state)
{
	static void (*const waits[])(void) = { insert_card, remove_card, NULL };
	struct pcsc_readers readers;
	struct pcsc *pcsc;

	fake_plug("A", EMPTY);
	pcsc = open_watch(&readers);
	fake_pcscd.waits = waits;
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_true(readers.reader[0].present);
	assert_int_equal(readers.reader[0].events, 1);
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_false(readers.reader[0].present);
	assert_int_equal(readers.reader[0].events, 2);
	pcsc_close(pcsc);
}

static void another_card_put_in_between_two_watches_shows_in_the_events(void **state)
{
	struct pcsc_readers readers;
	struct pcsc *pcsc;

	fake_plug("A", PRESENT | ONE_EVENT);
	pcsc = open_watch(&readers);
	fake_set_state("A", PRESENT | 3 * ONE_EVENT);
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_true(readers.reader[0].present);
	assert_int_equal(readers.reader[0].events, 3);
	pcsc_close(pcsc);
}

static void another_program_taking_the_card_is_told_once_and_the_next_watch_waits(void **state)
{
	static void (*const waits[])(void) = { take_exclusively, nothing_happens, nothing_happens, insert_card, NULL };
	struct pcsc_readers readers;
	struct pcsc *pcsc;

	fake_plug("A", PRESENT | ONE_EVENT);
	pcsc = open_watch(&readers);
	fake_pcscd.waits = waits;
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_true(readers.reader[0].present);
	assert_int_equal(pcsc_watch(pcsc, &readers), 0);
	assert_string_equal(fake_journal(), "ListReaders GetStatusChange(1000:A=10020,PnP=0) "
					    "ListReaders GetStatusChange(1000:A=101A0,PnP=0) "
					    "ListReaders GetStatusChange(600000:A=101A0,PnP=0) "
					    "ListReaders GetStatusChange(600000:A=101A0,PnP=0)");
	pcsc_close(pcsc);
}

static void plug_many(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char name[FAKE_NAME_SIZE];

		snprintf(name, sizeof(name), "R%02zu", i);
		fake_plug(name, EMPTY);
	}
}

static void sixteen_readers_are_watched_without_the_plug_and_play_entry(void **state)
{
	struct pcsc_readers readers;

	plug_many(PCSC_READERS_MAX - 1);
	pcsc_close(open_watch(&readers));
	assert_int_equal(readers.count, PCSC_READERS_MAX - 1);

	setup(state);
	plug_many(PCSC_READERS_MAX);
	pcsc_close(open_watch(&readers));
	assert_int_equal(readers.count, PCSC_READERS_MAX);
	assert_string_equal(readers.reader[PCSC_READERS_MAX - 1].name, "R15");
}

static void of_more_readers_the_first_sixteen_are_used(void **state)
{
	struct pcsc_readers readers;

	plug_many(PCSC_READERS_MAX + 1);
	pcsc_close(open_watch(&readers));
	assert_int_equal(readers.count, PCSC_READERS_MAX);
	assert_string_equal(readers.reader[PCSC_READERS_MAX - 1].name, "R15");
}

static void a_name_as_long_as_pcsc_allows_is_used_and_a_longer_one_is_not(void **state)
{
	struct pcsc_readers readers;
	char name[PCSC_NAME_SIZE + 1];

	memset(name, 'x', sizeof(name));
	name[PCSC_NAME_SIZE] = '\0';
	fake_plug("A", EMPTY);
	fake_plug(name + 1, EMPTY);
	fake_plug(name, EMPTY);
	pcsc_close(open_watch(&readers));
	assert_int_equal(readers.count, 2);
	assert_string_equal(readers.reader[0].name, "A");
	assert_string_equal(readers.reader[1].name, name + 1);
}

/* --- cards ------------------------------------------------------------------------------------------------------ */

static void a_card_is_connected_as_chosen_and_left_or_powered_off(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card = NULL;

	assert_int_equal(pcsc_connect(pcsc, "A", true, &card), 0);
	assert_null(pcsc_disconnect(card, false));
	assert_int_equal(pcsc_connect(pcsc, "B", false, &card), 0);
	assert_null(pcsc_disconnect(card, true));
	assert_null(pcsc_disconnect(NULL, true));
	assert_null(pcsc_close(pcsc));
	assert_null(pcsc_close(NULL));
	assert_string_equal(fake_journal(), "Connect(A,EXCLUSIVE) Control(42000D48) Disconnect(LEAVE) "
					    "Connect(B,SHARED) Control(42000D48) Disconnect(UNPOWER) ReleaseContext");
}

static void an_exclusive_card_needs_no_transactions(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card = connect_card(pcsc, true);

	assert_int_equal(pcsc_begin(card), 0);
	assert_int_equal(pcsc_end(card), 0);
	assert_string_equal(fake_journal(), "");
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

static void a_shared_card_is_used_in_transactions_that_leave_it_as_it_is(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card = connect_card(pcsc, false);

	assert_int_equal(pcsc_begin(card), 0);
	assert_int_equal(pcsc_end(card), 0);
	assert_string_equal(fake_journal(), "BeginTransaction EndTransaction(LEAVE)");
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

static void a_shared_card_that_was_reset_gets_its_power_again(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card = connect_card(pcsc, false);

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
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

static void a_card_is_gone_when_pcscd_has_noticed_it(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card = connect_card(pcsc, true);

	fake_answer("BeginTransaction", SCARD_S_SUCCESS);
	fake_answer("BeginTransaction", SCARD_W_REMOVED_CARD);
	assert_true(pcsc_is_gone(card));
	assert_string_equal(fake_journal(), "BeginTransaction EndTransaction(LEAVE) BeginTransaction");

	assert_false(pcsc_is_gone(card));
	fake_answer("BeginTransaction", SCARD_E_NO_SERVICE);
	assert_false(pcsc_is_gone(card));
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

static void a_power_cycle_keeps_the_connection_as_it_was_chosen(void **state)
{
	struct pcsc *pcsc = open_context();
	struct pcsc_card *exclusive = connect_card(pcsc, true);
	struct pcsc_card *shared = connect_card(pcsc, false);

	assert_int_equal(pcsc_power_cycle(exclusive), 0);
	assert_int_equal(pcsc_power_cycle(shared), 0);
	assert_string_equal(fake_journal(), "Reconnect(EXCLUSIVE,UNPOWER) Reconnect(SHARED,UNPOWER)");
	pcsc_disconnect(exclusive, false);
	pcsc_disconnect(shared, false);
	pcsc_close(pcsc);
}

static void commands_go_over_the_protocol_that_the_card_speaks_now(void **state)
{
	struct pcsc *pcsc = open_context();
	const uint8_t command[] = { 1, 2, 3, 4 }, backwards[] = { 4, 3, 2, 1 };
	uint8_t response[16];
	size_t length = sizeof(response);
	struct pcsc_card *card;

	fake_pcscd.protocol = SCARD_PROTOCOL_T0;
	card = connect_card(pcsc, true);
	assert_int_equal(pcsc_transmit(card, command, sizeof(command), response, &length), 0);
	assert_int_equal(length, sizeof(backwards));
	assert_memory_equal(response, backwards, sizeof(backwards));

	fake_pcscd.protocol = SCARD_PROTOCOL_T1;
	assert_int_equal(pcsc_power_cycle(card), 0);
	length = sizeof(response);
	assert_int_equal(pcsc_transmit(card, command, sizeof(command), response, &length), 0);
	assert_string_equal(fake_journal(), "Transmit(T0,4) Reconnect(EXCLUSIVE,UNPOWER) Transmit(T1,4)");
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

/* --- pads ------------------------------------------------------------------------------------------------------- */

static bool has_pad(const void *features, size_t length, bool (*is_so)(const struct pcsc_card *card))
{
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card;
	bool has;

	fake_pcscd.features = features;
	fake_pcscd.features_length = length;
	card = connect_card(pcsc, true);
	has = is_so(card);
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
	return has;
}

#define LIST(bytes) bytes, sizeof(bytes) - 1

static void a_reader_has_the_pad_that_it_lists(void **state)
{
	static const char many[1024] = "\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07";

	assert_true(has_pad(LIST("\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07"), pcsc_has_pin_pad));
	assert_true(has_pad(LIST("\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00\x07"), pcsc_takes_new_pins));
	assert_true(has_pad(LIST("\x06\x04\x42\x33\x00\x06"), pcsc_has_pin_pad));
	assert_false(has_pad(LIST("\x06\x04\x42\x33\x00\x06"), pcsc_takes_new_pins));
	assert_false(has_pad(LIST("\x06\x04\x42\x33\x00\x06\x07\x04\x42\x33\x00"), pcsc_has_pin_pad));
	assert_false(has_pad(LIST(""), pcsc_has_pin_pad));
	assert_false(has_pad(NULL, 0, pcsc_has_pin_pad));
	assert_false(has_pad(NULL, 0, pcsc_takes_new_pins));
	/* The driver claims more than there was room for. */
	assert_false(has_pad(many, sizeof(many), pcsc_has_pin_pad));
}

static void a_reader_that_cannot_be_asked_for_features_has_no_pad_and_a_card(void **state)
{
	struct pcsc *pcsc = open_context();

	fake_plug_pad();
	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		struct pcsc_card *card = NULL;

		fake_answer("Control", rows[i].code);
		assert_int_equal(pcsc_connect(pcsc, "A", false, &card), 0);
		assert_false(pcsc_has_pin_pad(card));
		pcsc_disconnect(card, false);
	}
	pcsc_close(pcsc);
}

static const struct command verify = { .ins = INS_VERIFY, .p2 = 0x98 };
static const struct command change = { .ins = INS_CHANGE_REFERENCE_DATA, .p1 = 0x01, .p2 = 0x80 };

/* As the layer above uses it: what is sent, and what the answer comes to. */
static int ask_pad(struct pcsc_card *card, const struct command *command, const struct pin_entry *entry,
		   struct response *ret_response)
{
	const struct channel channel = { .transmit_from_pad = pcsc_transmit_from_pad, .reader = card };

	return exchange_send_from_pad(&channel, command, entry, ret_response);
}

static void assert_request(const void *bytes, size_t length)
{
	assert_int_equal(fake_pcscd.request_length, length);
	assert_memory_equal(fake_pcscd.request, bytes, length);
}

static void the_pad_is_asked_as_part_10_has_it(void **state)
{
	static const struct pin_entry auth = { 4, 4, false }, new_sign = { 6, 16, true };
	struct pcsc *pcsc = open_context();
	struct response response;
	struct pcsc_card *card;

	fake_plug_pad();
	fake_pcscd.control_answer = (const uint8_t *)"\x90\x00";
	fake_pcscd.control_answer_length = 2;
	card = connect_card(pcsc, true);

	assert_int_equal(ask_pad(card, &verify, &auth, &response), 0);
	assert_string_equal(fake_journal(), "Control(42330006)");
	assert_request(LIST("\x1E\x1E\x82\x00\x00\x04\x04\x02\x01\x11\x04\x00\x00\x00\x00\x05\x00\x00\x00"
			    "\x00\x20\x00\x98\x00"));

	fake_reset();
	assert_int_equal(ask_pad(card, &change, &new_sign, &response), 0);
	assert_string_equal(fake_journal(), "Control(42330007)");
	assert_request(LIST("\x1E\x1E\x82\x00\x00\x00\x00\x10\x06\x01\x02\x02\x11\x04\x01\x02\x00\x00\x00\x00"
			    "\x05\x00\x00\x00\x00\x24\x01\x80\x00"));
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

static void what_a_pad_answers_is_understood(void **state)
{
	static const struct pin_entry auth = { 4, 4, false };
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
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card;

	fake_plug_pad();
	card = connect_card(pcsc, true);
	for (size_t i = 0; i < LENGTH_OF(answers); i++) {
		struct response response = { .sw = 7 };

		fake_pcscd.control_answer = answers[i].bytes;
		fake_pcscd.control_answer_length = answers[i].length;
		assert_int_equal(ask_pad(card, &verify, &auth, &response), answers[i].answer);
		assert_int_equal(response.sw, answers[i].sw);
	}
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

static void each_code_becomes_its_answer_with_a_pad(void **state)
{
	static const struct pin_entry auth = { 4, 4, false };
	static const uint8_t header[] = { 0x00, 0x20, 0x00, 0x98 };
	struct pcsc *pcsc = open_context();
	struct pcsc_card *card;

	fake_plug_pad();
	card = connect_card(pcsc, true);
	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		uint8_t response[RESPONSE_LENGTH_MAX];
		size_t length = sizeof(response);

		fake_answer("Control", rows[i].code);
		assert_int_equal(pcsc_transmit_from_pad(card, header, &auth, response, &length),
				 answer_in_use(rows[i].answer));
		assert_int_equal(length, sizeof(response));
	}
	pcsc_disconnect(card, false);
	pcsc_close(pcsc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_code_becomes_its_answer_when_a_context_is_opened, setup),
		cmocka_unit_test_setup(each_code_becomes_its_answer_when_readers_are_watched, setup),
		cmocka_unit_test_setup(each_code_becomes_its_answer_when_a_card_is_connected, setup),
		cmocka_unit_test_setup(each_code_becomes_its_answer_with_a_card, setup),
		cmocka_unit_test_setup(a_reset_in_the_middle_of_a_transaction_is_an_error_of_the_reader, setup),
		cmocka_unit_test_setup(the_first_watch_tells_what_there_is_without_waiting, setup),
		cmocka_unit_test_setup(what_is_seen_of_a_reader_is_what_pcscd_says, setup),
		cmocka_unit_test_setup(no_reader_at_the_start_is_told_once_and_then_waited_for, setup),
		cmocka_unit_test_setup(a_new_reader_is_told_with_its_card, setup),
		cmocka_unit_test_setup(a_reader_that_is_unplugged_becomes_unavailable_and_is_then_gone, setup),
		cmocka_unit_test_setup(a_reader_that_was_swapped_unseen_is_found_when_the_wait_ends, setup),
		cmocka_unit_test_setup(the_count_of_plug_events_is_fed_back, setup),
		cmocka_unit_test_setup(a_reader_that_goes_between_list_and_wait_makes_it_list_again, setup),
		cmocka_unit_test_setup(the_only_reader_going_in_the_first_watch_leaves_none_and_that_is_told_at_once, setup),
		cmocka_unit_test_setup(cards_coming_and_going_are_told, setup),
		cmocka_unit_test_setup(another_card_put_in_between_two_watches_shows_in_the_events, setup),
		cmocka_unit_test_setup(another_program_taking_the_card_is_told_once_and_the_next_watch_waits, setup),
		cmocka_unit_test_setup(sixteen_readers_are_watched_without_the_plug_and_play_entry, setup),
		cmocka_unit_test_setup(of_more_readers_the_first_sixteen_are_used, setup),
		cmocka_unit_test_setup(a_name_as_long_as_pcsc_allows_is_used_and_a_longer_one_is_not, setup),
		cmocka_unit_test_setup(a_card_is_connected_as_chosen_and_left_or_powered_off, setup),
		cmocka_unit_test_setup(an_exclusive_card_needs_no_transactions, setup),
		cmocka_unit_test_setup(a_shared_card_is_used_in_transactions_that_leave_it_as_it_is, setup),
		cmocka_unit_test_setup(a_shared_card_that_was_reset_gets_its_power_again, setup),
		cmocka_unit_test_setup(a_card_is_gone_when_pcscd_has_noticed_it, setup),
		cmocka_unit_test_setup(a_power_cycle_keeps_the_connection_as_it_was_chosen, setup),
		cmocka_unit_test_setup(commands_go_over_the_protocol_that_the_card_speaks_now, setup),
		cmocka_unit_test_setup(a_reader_has_the_pad_that_it_lists, setup),
		cmocka_unit_test_setup(a_reader_that_cannot_be_asked_for_features_has_no_pad_and_a_card, setup),
		cmocka_unit_test_setup(the_pad_is_asked_as_part_10_has_it, setup),
		cmocka_unit_test_setup(what_a_pad_answers_is_understood, setup),
		cmocka_unit_test_setup(each_code_becomes_its_answer_with_a_pad, setup),
	};

	return cmocka_run_group_tests_name("pcsc", tests, NULL, NULL);
}
