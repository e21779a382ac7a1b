/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/pin.h"

#include "base/error.h"

enum {
	AUTH_PIN_LENGTH = 4,
	SIGN_PIN_LENGTH_MIN = 6,
};

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static bool is_lower(uint8_t byte)
{
	return byte >= 'a' && byte <= 'z';
}

static bool is_letter(uint8_t byte)
{
	return is_lower(byte) || (byte >= 'A' && byte <= 'Z');
}

static size_t count_if(const struct secret *pin, bool (*predicate)(uint8_t byte))
{
	size_t count = 0;

	for (size_t i = 0; i < pin->length; i++)
		count += predicate(pin->bytes[i]);
	return count;
}

static int normalise_auth(const struct secret *pin)
{
	if (pin->length != AUTH_PIN_LENGTH || count_if(pin, is_digit) != pin->length)
		return ANSWER_PIN_FORMAT;
	return 0;
}

static int normalise_sign(struct secret *pin)
{
	const size_t digits = count_if(pin, is_digit), letters = count_if(pin, is_letter);

	if (pin->length < SIGN_PIN_LENGTH_MIN || pin->length > PIN_LENGTH_MAX)
		return ANSWER_PIN_FORMAT;
	if (digits == 0 || letters == 0 || digits + letters != pin->length)
		return ANSWER_PIN_FORMAT;

	for (size_t i = 0; i < pin->length; i++)
		if (is_lower(pin->bytes[i]))
			pin->bytes[i] = (uint8_t)(pin->bytes[i] - 'a' + 'A');
	return 0;
}

int pin_normalise(enum jpki_applet applet, struct secret *pin)
{
	return applet == JPKI_AUTH ? normalise_auth(pin) : normalise_sign(pin);
}
