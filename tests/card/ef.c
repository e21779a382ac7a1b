/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/ef.h"

#include <string.h>

#include "tests/card/card.h"

enum {
	CONTENT_LEN_MAX = 0x8000,
	TOKEN_INFO_LEN = 160,
	TOKEN_LABEL_LEN = 32,
	CERTIFICATE_PRESENT = 0x8f,
};

enum ef_id {
	EF_SIGN_CERTIFICATE = 0x0001,
	EF_SIGN_CA_CERTIFICATE = 0x0002,
	EF_TOKEN_INFO = 0x0006,
	EF_AVAILABILITY = 0x0008,
	EF_AUTH_CERTIFICATE = 0x000a,
	EF_AUTH_CA_CERTIFICATE = 0x000b,
	EF_AUTH_KEY = 0x0017,
	EF_AUTH_PIN = 0x0018,
	EF_SIGN_KEY = 0x001a,
	EF_SIGN_PIN = 0x001b,
};

static const struct ef efs[EF_COUNT] = {
	{EF_SIGN_CERTIFICATE, EF_DATA, READ_WITH_PIN, PURPOSE_SIGN},
	{EF_SIGN_CA_CERTIFICATE, EF_DATA, READ_ALWAYS, PURPOSE_SIGN},
	{.id = 0x0005, .kind = EF_CLOSED},
	{.id = EF_TOKEN_INFO, .kind = EF_DATA},
	{.id = EF_AVAILABILITY, .kind = EF_DATA},
	{.id = 0x0009, .kind = EF_CLOSED},
	{EF_AUTH_CERTIFICATE, EF_DATA, READ_WITH_PIN_ON_PHONE, PURPOSE_AUTH},
	{EF_AUTH_CA_CERTIFICATE, EF_DATA, READ_ALWAYS, PURPOSE_AUTH},
	{.id = 0x0010, .kind = EF_CLOSED},
	{.id = 0x0016, .kind = EF_CLOSED},
	{.id = EF_AUTH_KEY, .kind = EF_KEY, .purpose = PURPOSE_AUTH},
	{.id = EF_AUTH_PIN, .kind = EF_PIN, .purpose = PURPOSE_AUTH},
	{.id = 0x0019, .kind = EF_CLOSED},
	{.id = EF_SIGN_KEY, .kind = EF_KEY, .purpose = PURPOSE_SIGN},
	{.id = EF_SIGN_PIN, .kind = EF_PIN, .purpose = PURPOSE_SIGN},
	{.id = 0x001c, .kind = EF_CLOSED},
	{.id = 0x001e, .kind = EF_CLOSED},
};

const struct ef *ef_find(uint16_t id)
{
	for (size_t i = 0; i < EF_COUNT; i++) {
		if (efs[i].id == id)
			return &efs[i];
	}
	return NULL;
}

struct bytes *ef_content(struct bytes content[EF_COUNT], const struct ef *ef)
{
	return &content[ef - efs];
}

/* PKCS #11 CK_TOKEN_INFO with ulongs of four bytes, big-endian. */
static int token_info_make(struct bytes *content, const char *label)
{
	enum { AT_MODEL = 64, AT_SERIAL = 80, AT_FLAGS = 96, AT_PIN_MAX = 116, AT_PIN_MIN = 120 };
	uint8_t info[TOKEN_INFO_LEN] = {0};

	memset(info, ' ', AT_FLAGS);
	memcpy(info, label, strlen(label));
	memcpy(info + TOKEN_LABEL_LEN, "JPKI", 4);
	memcpy(info + AT_MODEL, "E16R01NJ", 8);
	memcpy(info + AT_SERIAL, "0000000000000000", 16);
	info[AT_FLAGS + 2] = 0x04;
	info[AT_FLAGS + 3] = 0x0d;
	info[AT_PIN_MAX + 3] = 16;
	info[AT_PIN_MIN + 3] = 6;
	return bytes_set(content, info, sizeof(info), 0);
}

static int fill(struct bytes *content, enum ef_id id, const struct bytes *data, size_t filler)
{
	return bytes_set(ef_content(content, ef_find(id)), data->data, data->len, filler);
}

static int replace(struct bytes *content, const struct card_traits *traits)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < traits->replaced_count; i++)
		r = bytes_read_file(ef_content(content, ef_find(traits->replaced[i].ef)),
				    traits->replaced[i].path, CONTENT_LEN_MAX);
	return r;
}

int ef_fill(struct bytes content[EF_COUNT], const struct card_traits *traits, const char *label,
	    const struct pki *pki)
{
	const struct key_pair *auth = &pki->of[PURPOSE_AUTH], *sign = &pki->of[PURPOSE_SIGN];
	uint8_t present[] = {traits->child ? 0 : CERTIFICATE_PRESENT, CERTIFICATE_PRESENT, 0};
	const struct bytes availability = {present, sizeof(present)}, none = {0};
	int r = token_info_make(ef_content(content, ef_find(EF_TOKEN_INFO)), label);

	if (r == 0)
		r = fill(content, EF_AVAILABILITY, &availability, 0);
	if (r == 0)
		r = fill(content, EF_AUTH_CERTIFICATE, &auth->certificate, traits->filler);
	if (r == 0)
		r = fill(content, EF_AUTH_CA_CERTIFICATE, &auth->ca_certificate, traits->filler);
	if (r == 0)
		r = fill(content, EF_SIGN_CERTIFICATE, traits->child ? &none : &sign->certificate,
			 traits->filler);
	if (r == 0)
		r = fill(content, EF_SIGN_CA_CERTIFICATE, &sign->ca_certificate, traits->filler);
	return r == 0 ? replace(content, traits) : r;
}
