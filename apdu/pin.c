/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apdu/pin.h"

#include "base/error.h"

static const struct {
	size_t length_min, length_max;
	bool has_letters; /* and then one of each is needed */
} formats[JPKI_APPLET_COUNT] = {
	[JPKI_AUTH] = { 4, 4, false },
	[JPKI_SIGN] = { 6, PIN_LENGTH_MAX, true },
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

static bool is_visible(uint8_t byte)
{
	return byte >= '!' && byte <= '~';
}

static size_t count_if(const struct secret *pin, bool (*predicate)(uint8_t byte))
{
	size_t count = 0;

	for (size_t i = 0; i < pin->length; i++)
		count += predicate(pin->bytes[i]);
	return count;
}

static bool kinds_fit(const struct secret *pin, bool has_letters)
{
	const size_t digits = count_if(pin, is_digit), letters = count_if(pin, is_letter);

	if (digits + letters != pin->length)
		return false;
	return has_letters ? digits > 0 && letters > 0 : letters == 0;
}

int pin_normalise(enum jpki_applet applet, struct secret *pin)
{
	if (pin->length < formats[applet].length_min || pin->length > formats[applet].length_max)
		return ANSWER_PIN_FORMAT;
	if (!kinds_fit(pin, formats[applet].has_letters))
		return ANSWER_PIN_FORMAT;

	for (size_t i = 0; i < pin->length; i++)
		if (is_lower(pin->bytes[i]))
			pin->bytes[i] = (uint8_t)(pin->bytes[i] - 'a' + 'A');
	return 0;
}

void pin_lengths(enum jpki_applet applet, size_t *ret_min, size_t *ret_max)
{
	*ret_min = formats[applet].length_min;
	*ret_max = formats[applet].length_max;
}

int pin_check_reset_code(const struct secret *code)
{
	if (code->length == 0 || code->length > PIN_RESET_CODE_LENGTH_MAX)
		return ANSWER_PIN_FORMAT;
	return count_if(code, is_visible) == code->length ? 0 : ANSWER_PIN_FORMAT;
}
