/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/pins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/card/bytes.h"

enum {
	RESET_CODE_TRIES = 10,
	STATE_LEN_MAX = 256,
};

static const struct pin_rule {
	const char *name;
	const char *initial;
	unsigned tries;
	size_t len_min, len_max;
	bool letters;	/* A-Z are allowed, and one letter and one digit at least are needed */
} rules[PURPOSE_COUNT] = {
	[PURPOSE_AUTH] = {"auth", "1234", 3, 4, 4, false},
	[PURPOSE_SIGN] = {"sign", "ABC123", 5, 6, PIN_LEN_MAX, true},
};

static bool pin_fits(const struct pin_rule *rule, const uint8_t *data, size_t len)
{
	size_t digits = 0, letters = 0;

	if (len < rule->len_min || len > rule->len_max)
		return false;
	for (size_t i = 0; i < len; i++) {
		digits += data[i] >= '0' && data[i] <= '9';
		letters += data[i] >= 'A' && data[i] <= 'Z';
	}
	if (!rule->letters)
		return digits == len;
	return digits && letters && digits + letters == len;
}

static int pins_save(const struct pins *pins)
{
	const struct pin *auth = &pins->of[PURPOSE_AUTH], *sign = &pins->of[PURPOSE_SIGN];
	char text[STATE_LEN_MAX];
	int len;

	if (!pins->path)
		return 0;
	len = snprintf(text, sizeof(text), "auth %u %s\nsign %u %s\nreset %u\n", auth->tries,
		       auth->value, sign->tries, sign->value, pins->reset_tries);
	return bytes_write_file(text, (size_t)len, pins->path, 0600);
}

static int pins_load(struct pins *pins)
{
	struct pin *auth = &pins->of[PURPOSE_AUTH], *sign = &pins->of[PURPOSE_SIGN];
	_cleanup_(bytes_clear) struct bytes file = {0};
	char text[STATE_LEN_MAX + 1];
	int r = bytes_read_file(&file, pins->path, STATE_LEN_MAX);

	if (r < 0)
		return r;
	memcpy(text, file.data, file.len);
	text[file.len] = '\0';
	if (sscanf(text, "auth %u %16s\nsign %u %16s\nreset %u\n", &auth->tries, auth->value,
		   &sign->tries, sign->value, &pins->reset_tries) != 5)
		return -EBADMSG;

	for (int i = 0; i < PURPOSE_COUNT; i++) {
		const char *value = pins->of[i].value;

		if (pins->of[i].tries > rules[i].tries ||
		    !pin_fits(&rules[i], (const uint8_t *)value, strlen(value)))
			return -EBADMSG;
	}
	return pins->reset_tries > RESET_CODE_TRIES ? -EBADMSG : 0;
}

static int pin_set(struct pin *pin, const struct pin_rule *rule, const uint8_t *data, size_t len)
{
	if (!pin_fits(rule, data, len))
		return PINS_REFUSED;

	memcpy(pin->value, data, len);
	pin->value[len] = '\0';
	pin->tries = rule->tries;
	return PINS_OK;
}

static int pin_make(struct pin *pin, const struct pin_rule *rule, const char *path)
{
	char value[PIN_LEN_MAX + 1];

	if (!path)
		return pin_set(pin, rule, (const uint8_t *)rule->initial, strlen(rule->initial));

	int r = bytes_read_line(value, sizeof(value), path);

	if (r < 0)
		return r;
	return pin_set(pin, rule, (const uint8_t *)value, strlen(value)) == PINS_OK ? 0 : -EBADMSG;
}

int pins_open(struct pins *pins, const struct pins_files *files)
{
	int r = 0;

	*pins = (struct pins){.path = files->state, .reset_tries = RESET_CODE_TRIES};
	if (files->reset_code)
		r = bytes_read_line(pins->reset_code, sizeof(pins->reset_code), files->reset_code);
	if (r < 0)
		return r;

	r = files->state ? pins_load(pins) : -ENOENT;
	if (r != -ENOENT)
		return r;

	r = pin_make(&pins->of[PURPOSE_AUTH], &rules[PURPOSE_AUTH], files->auth_pin);
	if (r < 0)
		return r;
	r = pin_make(&pins->of[PURPOSE_SIGN], &rules[PURPOSE_SIGN], files->sign_pin);
	if (r < 0)
		return r;
	return pins_save(pins);
}

static bool value_matches(const char *value, const uint8_t *data, size_t len)
{
	return strlen(value) == len && memcmp(value, data, len) == 0;
}

int pins_verify(struct pins *pins, enum purpose purpose, const uint8_t *data, size_t len)
{
	struct pin *pin = &pins->of[purpose];
	int r;

	pin->verified = false;
	if (pin->tries == 0)
		return PINS_BLOCKED;
	pin->tries--;
	r = pins_save(pins);
	if (r < 0)
		return r;
	if (!value_matches(pin->value, data, len))
		return PINS_WRONG;

	pin->tries = rules[purpose].tries;
	r = pins_save(pins);
	if (r < 0)
		return r;
	pin->verified = true;
	return PINS_OK;
}

int pins_change(struct pins *pins, enum purpose purpose, const uint8_t *data, size_t len)
{
	int r = pin_set(&pins->of[purpose], &rules[purpose], data, len);

	return r == PINS_OK ? pins_save(pins) : r;
}

int pins_reset(struct pins *pins, enum purpose purpose, const uint8_t *data, size_t len)
{
	size_t code_len = strlen(pins->reset_code);
	int r;

	if (pins->reset_tries == 0)
		return PINS_BLOCKED;
	pins->reset_tries--;
	r = pins_save(pins);
	if (r < 0)
		return r;
	if (len < code_len || !value_matches(pins->reset_code, data, code_len))
		return PINS_WRONG;

	pins->reset_tries = RESET_CODE_TRIES;
	r = pins_save(pins);
	if (r < 0)
		return r;
	pins->of[purpose].verified = false;
	return pins_change(pins, purpose, data + code_len, len - code_len);
}

void pins_forget(struct pins *pins)
{
	for (int i = 0; i < PURPOSE_COUNT; i++)
		pins->of[i].verified = false;
}
