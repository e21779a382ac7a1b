/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a reader hands over is a response of exactly these bytes, or none; two join or do not. */
#include <string.h>

#include "apdu/response.h"
#include "apdu/status.h"
#include "tests/fuzz/fuzz.h"

static void check_status(uint16_t sw)
{
	size_t le = 1;
	int tries = 0;

	status_has_more(sw, &le);
	HOLDS(le >= 1 && le <= RESPONSE_DATA_MAX);
	status_has_right_le(sw, &le);
	HOLDS(le >= 1 && le <= RESPONSE_DATA_MAX);
	status_tries(sw, &tries);
	HOLDS(tries >= 0 && tries <= 15);
	HOLDS(status_is_success(sw) + status_is_blocked(sw) + status_refuses_reference(sw) <= 1);
	HOLDS(!status_lacks_current_ef(sw) || status_refuses_reference(sw));
	HOLDS(!status_refuses_reference(sw) || status_is_refusal(sw));
}

static void check_append(const struct response *response)
{
	struct response twice = *response;

	if (!response_append(&twice, response)) {
		HOLDS(2 * response->length > RESPONSE_DATA_MAX);
		HOLDS(twice.length == response->length);
		return;
	}
	HOLDS(twice.length == 2 * response->length);
	HOLDS(memcmp(twice.data + response->length, response->data, response->length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct response response;

	if (response_parse(bytes, length, &response) != 0) {
		HOLDS(length < RESPONSE_SW_LENGTH || length > RESPONSE_LENGTH_MAX);
		return 0;
	}
	HOLDS(response.length == length - RESPONSE_SW_LENGTH);
	HOLDS(memcmp(response.data, bytes, response.length) == 0);
	HOLDS(response.sw == (bytes[length - 2] << 8 | bytes[length - 1]));
	check_status(response.sw);
	check_append(&response);
	return 0;
}
