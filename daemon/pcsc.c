/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/pcsc.h"

#include <errno.h>
#include <reader.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/pin-pad.h"

enum {
	/*
	 * After a change others often follow (a hub, a multi-slot reader), and one that comes
	 * between two waits is lost.
	 */
	SETTLE_MILLISECONDS = 1000,
	/* …and what is lost all the same is found then. */
	WAIT_MILLISECONDS = 600 * 1000,
	/* pcscd looks after a card every 400 ms. */
	GONE_ATTEMPTS = 6,
	GONE_PAUSE_MILLISECONDS = 100,
};

static const char plug_and_play[] = "\\\\?PnP?\\Notification";

struct pcsc {
	SCARDCONTEXT context;
	bool watching; /* pcsc_watch() has been called */
	bool settled;  /* its last wait ended with no change */
	DWORD plug_and_play_state;
};

struct pcsc_card {
	SCARDHANDLE handle;
	DWORD share_mode;
	DWORD protocol;
	bool has_pin_pad;
	struct pin_pad pin_pad;
};

static int answer_from_pcsc(LONG result)
{
	switch (result) {
	case SCARD_S_SUCCESS:
		return 0;
	case SCARD_E_NO_MEMORY:
		return -ENOMEM;
	case SCARD_E_NO_SERVICE:
	case SCARD_E_SERVICE_STOPPED:
	case SCARD_E_INVALID_HANDLE:
	case SCARD_F_COMM_ERROR:
		return ANSWER_PCSC_UNAVAILABLE;
	case SCARD_W_SECURITY_VIOLATION:
		return ANSWER_NOT_AUTHORIZED;
	case SCARD_E_SHARING_VIOLATION:
		return ANSWER_BUSY;
	case SCARD_W_REMOVED_CARD:
	case SCARD_E_NO_SMARTCARD:
	case SCARD_E_READER_UNAVAILABLE:
	case SCARD_E_UNKNOWN_READER:
	case SCARD_E_INVALID_VALUE:
		return ANSWER_CARD_REMOVED;
	default:
		return ANSWER_READER_ERROR;
	}
}

/* pcscd refuses who comes; whom it has let in and drops then it does not refuse. */
static int answer_in_use(LONG result)
{
	int answer = answer_from_pcsc(result);

	return answer == ANSWER_NOT_AUTHORIZED ? ANSWER_PCSC_UNAVAILABLE : answer;
}

int pcsc_open(struct pcsc **ret_pcsc)
{
	CLEANUP(freep) struct pcsc *pcsc = calloc(1, sizeof(*pcsc));
	LONG result;

	if (!pcsc)
		return -ENOMEM;
	result = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &pcsc->context);
	if (result != SCARD_S_SUCCESS)
		return answer_from_pcsc(result);

	*ret_pcsc = TAKE(pcsc);
	return 0;
}

struct pcsc *pcsc_close(struct pcsc *pcsc)
{
	if (pcsc)
		SCardReleaseContext(pcsc->context);
	free(pcsc);
	return NULL;
}

void pcsc_closep(struct pcsc **pcsc)
{
	*pcsc = pcsc_close(*pcsc);
}

static void reader_set_state(struct pcsc_reader *reader, DWORD state)
{
	reader->state = (uint32_t)(state & ~(DWORD)SCARD_STATE_CHANGED);
	reader->present = state & SCARD_STATE_PRESENT;
	reader->mute = state & SCARD_STATE_MUTE;
	reader->unavailable = state & (SCARD_STATE_UNAVAILABLE | SCARD_STATE_UNKNOWN);
	reader->events = (uint16_t)(state >> 16);
}

static const struct pcsc_reader *readers_find(const struct pcsc_readers *readers, const char *name)
{
	for (size_t i = 0; i < readers->count; i++)
		if (strcmp(readers->reader[i].name, name) == 0)
			return &readers->reader[i];
	return NULL;
}

static void add_name(struct pcsc_readers *readers, const char *name)
{
	size_t size = strnlen(name, PCSC_NAME_SIZE) + 1;

	if (size <= PCSC_NAME_SIZE && readers->count < PCSC_READERS_MAX)
		memcpy(readers->reader[readers->count++].name, name, size);
	else
		log_warning("a reader is not used: there are more than %d, or its name is too long",
			    PCSC_READERS_MAX);
}

/* The names of the readers that pcscd has now, in the order that it gives. */
static int list_readers(struct pcsc *pcsc, struct pcsc_readers *ret_readers)
{
	DWORD length = SCARD_AUTOALLOCATE;
	char *names = NULL;
	LONG result = SCardListReaders(pcsc->context, NULL, (LPSTR)&names, &length);

	ret_readers->count = 0;
	if (result == SCARD_E_NO_READERS_AVAILABLE)
		return 0;
	if (result != SCARD_S_SUCCESS)
		return answer_from_pcsc(result);

	for (const char *name = names; *name; name += strlen(name) + 1)
		add_name(ret_readers, name);
	SCardFreeMemory(pcsc->context, names);
	return 0;
}

/*
 * One SCardGetStatusChange over the readers and the plug-and-play entry. The states of readers that
 * @before does not have are asked for, so the call returns at once.
 */
static LONG wait_for_change(struct pcsc *pcsc, const struct pcsc_readers *before,
			    struct pcsc_readers *now)
{
	SCARD_READERSTATE states[PCSC_READERS_MAX + 1] = { 0 };
	size_t count = now->count;
	DWORD timeout = pcsc->settled ? WAIT_MILLISECONDS : SETTLE_MILLISECONDS;
	LONG result;

	for (size_t i = 0; i < count; i++) {
		const struct pcsc_reader *known = readers_find(before, now->reader[i].name);

		states[i].szReader = now->reader[i].name;
		states[i].dwCurrentState = known ? known->state : SCARD_STATE_UNAWARE;
	}
	/* pcscd before 2.5 takes 16 entries and no more. */
	if (count < PCSC_READERS_MAX) {
		states[count].szReader = plug_and_play;
		states[count++].dwCurrentState = pcsc->plug_and_play_state;
	}

	result = SCardGetStatusChange(pcsc->context, timeout, states, (DWORD)count);
	if (result != SCARD_S_SUCCESS && result != SCARD_E_TIMEOUT)
		return result;

	for (size_t i = 0; i < now->count; i++)
		reader_set_state(&now->reader[i], states[i].dwEventState);
	if (count > now->count)
		pcsc->plug_and_play_state = states[now->count].dwEventState & 0xFFFF0000U;
	pcsc->settled = result == SCARD_E_TIMEOUT;
	return SCARD_S_SUCCESS;
}

static bool readers_equal(const struct pcsc_readers *a, const struct pcsc_readers *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->reader[i].name, b->reader[i].name) != 0 ||
		    a->reader[i].state != b->reader[i].state)
			return false;
	return true;
}

int pcsc_watch(struct pcsc *pcsc, struct pcsc_readers *readers)
{
	const bool first = !pcsc->watching;

	for (;;) {
		struct pcsc_readers now = { 0 };
		int answer = list_readers(pcsc, &now);
		LONG result;

		if (answer != 0)
			return answer;
		pcsc->watching = true;
		/*
		 * No reader at the start is news too; waiting would hide it until the first one
		 * comes.
		 */
		if (first && now.count == 0) {
			*readers = now;
			return 0;
		}

		result = wait_for_change(pcsc, readers, &now);
		if (result == SCARD_E_UNKNOWN_READER)
			continue;
		if (result != SCARD_S_SUCCESS)
			return answer_from_pcsc(result);
		if (first || !readers_equal(readers, &now)) {
			*readers = now;
			return 0;
		}
	}
}

/* Most readers and drivers know no features, and none is a reason to do without the card. */
static void find_pin_pad(struct pcsc_card *card)
{
	uint8_t features[PIN_PAD_FEATURES_LENGTH_MAX];
	DWORD length = 0;
	LONG result = SCardControl(card->handle, CM_IOCTL_GET_FEATURE_REQUEST, NULL, 0, features,
				   sizeof(features), &length);

	card->has_pin_pad = result == SCARD_S_SUCCESS && length <= sizeof(features) &&
			    pin_pad_parse(features, length, &card->pin_pad);
}

int pcsc_connect(struct pcsc *pcsc, const char *reader, bool exclusive, struct pcsc_card **ret_card)
{
	CLEANUP(freep) struct pcsc_card *card = calloc(1, sizeof(*card));
	LONG result;

	if (!card)
		return -ENOMEM;
	card->share_mode = exclusive ? SCARD_SHARE_EXCLUSIVE : SCARD_SHARE_SHARED;
	result = SCardConnect(pcsc->context, reader, card->share_mode,
			      SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card->handle,
			      &card->protocol);
	if (result != SCARD_S_SUCCESS)
		return answer_from_pcsc(result);

	find_pin_pad(card);
	*ret_card = TAKE(card);
	return 0;
}

struct pcsc_card *pcsc_disconnect(struct pcsc_card *card, bool power_off)
{
	if (card)
		SCardDisconnect(card->handle, power_off ? SCARD_UNPOWER_CARD : SCARD_LEAVE_CARD);
	free(card);
	return NULL;
}

static int reconnect(struct pcsc_card *card, DWORD initialization)
{
	return answer_in_use(SCardReconnect(card->handle, card->share_mode,
					    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, initialization,
					    &card->protocol));
}

int pcsc_begin(struct pcsc_card *card)
{
	LONG result;

	if (card->share_mode == SCARD_SHARE_EXCLUSIVE)
		return 0;

	while ((result = SCardBeginTransaction(card->handle)) == SCARD_W_RESET_CARD) {
		/*
		 * It may have been left without power, which SCARD_LEAVE_CARD would not give it
		 * back.
		 */
		int answer = reconnect(card, SCARD_UNPOWER_CARD);

		if (answer != 0)
			return answer;
	}
	return answer_in_use(result);
}

int pcsc_end(struct pcsc_card *card)
{
	if (card->share_mode == SCARD_SHARE_EXCLUSIVE)
		return 0;
	return answer_in_use(SCardEndTransaction(card->handle, SCARD_LEAVE_CARD));
}

int pcsc_power_cycle(struct pcsc_card *card)
{
	return reconnect(card, SCARD_UNPOWER_CARD);
}

bool pcsc_has_pin_pad(const struct pcsc_card *card)
{
	return card->has_pin_pad;
}

bool pcsc_takes_new_pins(const struct pcsc_card *card)
{
	return card->has_pin_pad && card->pin_pad.modify_pin_direct != 0;
}

bool pcsc_is_gone(struct pcsc_card *card)
{
	static const struct timespec pause = { 0, GONE_PAUSE_MILLISECONDS * 1000000L };

	for (int attempt = 0; attempt < GONE_ATTEMPTS; attempt++) {
		LONG result = SCardBeginTransaction(card->handle);

		if (result != SCARD_S_SUCCESS)
			return answer_in_use(result) == ANSWER_CARD_REMOVED;
		SCardEndTransaction(card->handle, SCARD_LEAVE_CARD);
		nanosleep(&pause, NULL);
	}
	return false;
}

int pcsc_transmit(void *userdata, const uint8_t *command, size_t command_length, uint8_t *response,
		  size_t *response_length)
{
	const struct pcsc_card *card = userdata;
	const SCARD_IO_REQUEST *protocol = card->protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 :
										 SCARD_PCI_T1;
	DWORD length = (DWORD)*response_length;
	int answer = answer_in_use(SCardTransmit(card->handle, protocol, command, command_length,
						 NULL, response, &length));

	if (answer == 0)
		*response_length = length;
	return answer;
}

int pcsc_transmit_from_pad(void *userdata, const uint8_t header[4], const struct pin_entry *entry,
			   uint8_t *response, size_t *response_length)
{
	const struct pcsc_card *card = userdata;
	const DWORD code = pin_pad_control_code(&card->pin_pad, entry);
	uint8_t request[PIN_PAD_REQUEST_LENGTH_MAX];
	const size_t request_length = pin_pad_request(header, entry, request);
	DWORD length = 0;
	int answer = answer_in_use(SCardControl(card->handle, code, request, request_length,
						response, *response_length, &length));

	if (answer == 0)
		*response_length = length;
	return answer;
}
