/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/response.h"

#include <string.h>

#include "base/error.h"

int response_parse(const uint8_t *bytes, size_t length, struct response *ret_response)
{
	if (length < RESPONSE_SW_LENGTH || length > RESPONSE_LENGTH_MAX)
		return ANSWER_READER_ERROR;

	ret_response->length = length - RESPONSE_SW_LENGTH;
	memcpy(ret_response->data, bytes, ret_response->length);
	ret_response->sw = (uint16_t)(bytes[length - 2] << 8 | bytes[length - 1]);
	return 0;
}

bool response_append(struct response *response, const struct response *more)
{
	if (more->length > sizeof(response->data) - response->length)
		return false;

	memcpy(response->data + response->length, more->data, more->length);
	response->length += more->length;
	response->sw = more->sw;
	return true;
}

void response_wipe(struct response *response)
{
	explicit_bzero(response, sizeof(*response));
}
