/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake-winscard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <reader.h>

#include "tests/unit/fake-steps.h"

enum {
	STATES_MAX = 16, /* of pcscd before 2.5 */
	CONTEXT = 7,
	HANDLE = 9,
};

#define PLUG_AND_PLAY "\\\\?PnP?\\Notification"

const SCARD_IO_REQUEST g_rgSCardT0Pci = { SCARD_PROTOCOL_T0, sizeof(SCARD_IO_REQUEST) };
const SCARD_IO_REQUEST g_rgSCardT1Pci = { SCARD_PROTOCOL_T1, sizeof(SCARD_IO_REQUEST) };

struct fake_pcscd fake_pcscd;

/* --- what a test does ------ */

void fake_winscard_reset(void)
{
	fake_reset();
	fake_pcscd = (struct fake_pcscd){ .protocol = SCARD_PROTOCOL_T1 };
}

void fake_plug_pad(void)
{
	static const uint8_t features[] = {
		FEATURE_VERIFY_PIN_DIRECT, 4, 0x42, 0x33, 0x00, 0x06,
		FEATURE_MODIFY_PIN_DIRECT, 4, 0x42, 0x33, 0x00, 0x07,
		FEATURE_IFD_PIN_PROPERTIES, 4, 0x42, 0x33, 0x00, 0x0A,
	};

	fake_pcscd.features = features;
	fake_pcscd.features_length = sizeof(features);
}

static size_t find(const char *name)
{
	size_t i = 0;

	while (i < fake_pcscd.count && strcmp(fake_pcscd.readers[i].name, name) != 0)
		i++;
	return i;
}

void fake_plug(const char *name, DWORD state)
{
	const size_t i = fake_pcscd.count++;

	assert_true(i < FAKE_READERS_MAX && strlen(name) < FAKE_NAME_SIZE);
	strcpy(fake_pcscd.readers[i].name, name);
	fake_pcscd.readers[i].state = state;
	fake_pcscd.plugs++;
}

void fake_unplug(const char *name)
{
	const size_t i = find(name);

	assert_true(i < fake_pcscd.count);
	fake_pcscd.count--;
	memmove(&fake_pcscd.readers[i], &fake_pcscd.readers[i + 1],
		(fake_pcscd.count - i) * sizeof(fake_pcscd.readers[0]));
	fake_pcscd.plugs++;
}

void fake_set_state(const char *name, DWORD state)
{
	const size_t i = find(name);

	assert_true(i < fake_pcscd.count);
	fake_pcscd.readers[i].state = state;
}

/* --- readers ------ */

LONG SCardEstablishContext(DWORD scope, LPCVOID reserved1, LPCVOID reserved2, LPSCARDCONTEXT context)
{
	const LONG told = fake_step("EstablishContext");

	assert_int_equal(scope, SCARD_SCOPE_SYSTEM);
	if (told == SCARD_S_SUCCESS)
		*context = CONTEXT;
	return told;
}

LONG SCardReleaseContext(SCARDCONTEXT context)
{
	assert_int_equal(context, CONTEXT);
	return fake_step("ReleaseContext");
}

static void happen(void (**event)(void))
{
	void (*const function)(void) = *event;

	*event = NULL;
	if (function)
		function();
}

/* Only with SCARD_AUTOALLOCATE. */
LONG SCardListReaders(SCARDCONTEXT context, LPCSTR groups, LPSTR names, LPDWORD length)
{
	const LONG told = fake_step("ListReaders");
	char *end;

	assert_int_equal(context, CONTEXT);
	assert_int_equal(*length, SCARD_AUTOALLOCATE);
	if (told != SCARD_S_SUCCESS)
		return told;
	*length = 1;
	for (size_t i = 0; i < fake_pcscd.count; i++)
		*length += strlen(fake_pcscd.readers[i].name) + 1;
	if (fake_pcscd.count > 0) {
		end = *(char **)(void *)names = test_calloc(1, *length);
		for (size_t i = 0; i < fake_pcscd.count; i++)
			end = stpcpy(end, fake_pcscd.readers[i].name) + 1;
	}
	happen(&fake_pcscd.race);
	return *length > 1 ? SCARD_S_SUCCESS : SCARD_E_NO_READERS_AVAILABLE;
}

LONG SCardFreeMemory(SCARDCONTEXT context, LPCVOID memory)
{
	assert_int_equal(context, CONTEXT);
	test_free((void *)(uintptr_t)memory);
	return SCARD_S_SUCCESS;
}

static void write_down_states(DWORD timeout, const SCARD_READERSTATE *states, size_t count, char *text, size_t room)
{
	size_t length = (size_t)snprintf(text, room, "%lu:", timeout);

	for (size_t i = 0; i < count && length < room; i++)
		length += (size_t)snprintf(text + length, room - length, "%s%s=%lX", i > 0 ? "," : "",
					   strcmp(states[i].szReader, PLUG_AND_PLAY) == 0 ? "PnP" : states[i].szReader,
					   states[i].dwCurrentState);
}

static bool plug_and_play_changed(SCARD_READERSTATE *state, size_t count_before)
{
	if (!fake_pcscd.counts_plugs) {
		state->dwEventState = 0;
		return count_before != fake_pcscd.count;
	}
	state->dwEventState = fake_pcscd.plugs << 16;
	return state->dwEventState != (state->dwCurrentState & 0xFFFF0000U);
}

static bool reader_changed(SCARD_READERSTATE *state)
{
	const size_t i = find(state->szReader);

	state->dwEventState = i < fake_pcscd.count ? fake_pcscd.readers[i].state :
						     SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE;
	return state->dwEventState != state->dwCurrentState;
}

static bool any_changed(SCARD_READERSTATE *states, size_t count, size_t count_before)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const bool changed = strcmp(states[i].szReader, PLUG_AND_PLAY) == 0 ?
					     plug_and_play_changed(&states[i], count_before) :
					     reader_changed(&states[i]);

		if (changed)
			states[i].dwEventState |= SCARD_STATE_CHANGED;
		any |= changed;
	}
	return any;
}

LONG SCardGetStatusChange(SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE *states, DWORD count)
{
	const size_t count_before = fake_pcscd.count;
	char text[512];
	LONG told;

	assert_int_equal(context, CONTEXT);
	write_down_states(timeout, states, count, text, sizeof(text));
	told = fake_step_with("GetStatusChange", "%s", text);
	if (told != SCARD_S_SUCCESS || count == 0)
		return told;
	if (count > STATES_MAX)
		return SCARD_E_INVALID_PARAMETER;
	for (size_t i = 0; i < count; i++)
		if (find(states[i].szReader) == fake_pcscd.count && strcmp(states[i].szReader, PLUG_AND_PLAY) != 0)
			return SCARD_E_UNKNOWN_READER;

	if (any_changed(states, count, count_before))
		return SCARD_S_SUCCESS;
	if (!fake_pcscd.waits || !*fake_pcscd.waits)
		fail_msg("waits for ever: %s", fake_journal());
	(*fake_pcscd.waits++)();
	return any_changed(states, count, count_before) ? SCARD_S_SUCCESS : SCARD_E_TIMEOUT;
}

/* --- cards ------ */

static const char *share_name(DWORD share)
{
	return share == SCARD_SHARE_EXCLUSIVE ? "EXCLUSIVE" : share == SCARD_SHARE_SHARED ? "SHARED" : "DIRECT";
}

static const char *disposition_name(DWORD disposition)
{
	static const char *const names[] = {
		[SCARD_LEAVE_CARD] = "LEAVE",
		[SCARD_RESET_CARD] = "RESET",
		[SCARD_UNPOWER_CARD] = "UNPOWER",
		[SCARD_EJECT_CARD] = "EJECT",
	};

	assert_true(disposition <= SCARD_EJECT_CARD);
	return names[disposition];
}

LONG SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD share, DWORD protocols, LPSCARDHANDLE handle,
		  LPDWORD protocol)
{
	const LONG told = fake_step_with("Connect", "%s,%s", reader, share_name(share));

	assert_int_equal(context, CONTEXT);
	assert_int_equal(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
	if (told == SCARD_S_SUCCESS) {
		*handle = HANDLE;
		*protocol = fake_pcscd.protocol;
	}
	return told;
}

LONG SCardReconnect(SCARDHANDLE handle, DWORD share, DWORD protocols, DWORD disposition, LPDWORD protocol)
{
	const LONG told = fake_step_with("Reconnect", "%s,%s", share_name(share), disposition_name(disposition));

	assert_int_equal(handle, HANDLE);
	assert_int_equal(protocols, SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1);
	if (told == SCARD_S_SUCCESS)
		*protocol = fake_pcscd.protocol;
	return told;
}

LONG SCardDisconnect(SCARDHANDLE handle, DWORD disposition)
{
	assert_int_equal(handle, HANDLE);
	return fake_step_with("Disconnect", "%s", disposition_name(disposition));
}

LONG SCardBeginTransaction(SCARDHANDLE handle)
{
	assert_int_equal(handle, HANDLE);
	return fake_step("BeginTransaction");
}

LONG SCardEndTransaction(SCARDHANDLE handle, DWORD disposition)
{
	assert_int_equal(handle, HANDLE);
	return fake_step_with("EndTransaction", "%s", disposition_name(disposition));
}

/* The card's answer is the command backwards. */
LONG SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *protocol, LPCBYTE command, DWORD length,
		   SCARD_IO_REQUEST *received, LPBYTE response, LPDWORD response_length)
{
	const LONG told = fake_step_with("Transmit", "T%d,%lu", protocol->dwProtocol == SCARD_PROTOCOL_T0 ? 0 : 1, length);

	assert_int_equal(handle, HANDLE);
	assert_true(length <= *response_length);
	if (told != SCARD_S_SUCCESS)
		return told;
	for (DWORD i = 0; i < length; i++)
		response[i] = command[length - 1 - i];
	*response_length = length;
	return told;
}

static LONG give(const uint8_t *bytes, size_t length, LPVOID room, DWORD room_length, LPDWORD ret_length)
{
	if (length > 0)
		memcpy(room, bytes, length < room_length ? length : room_length);
	*ret_length = length;
	return SCARD_S_SUCCESS;
}

LONG SCardControl(SCARDHANDLE handle, DWORD code, LPCVOID request, DWORD request_length, LPVOID response,
		  DWORD response_size, LPDWORD response_length)
{
	const LONG told = fake_step_with("Control", "%lX", code);

	assert_int_equal(handle, HANDLE);
	assert_true(request_length <= FAKE_REQUEST_SIZE);
	if (told != SCARD_S_SUCCESS)
		return told;
	if (code == CM_IOCTL_GET_FEATURE_REQUEST) {
		assert_int_equal(request_length, 0);
		return fake_pcscd.features ? give(fake_pcscd.features, fake_pcscd.features_length, response,
						  response_size, response_length) :
					     SCARD_E_UNSUPPORTED_FEATURE;
	}
	memcpy(fake_pcscd.request, request, request_length);
	fake_pcscd.request_length = request_length;
	return give(fake_pcscd.control_answer, fake_pcscd.control_answer_length, response, response_size,
		    response_length);
}
