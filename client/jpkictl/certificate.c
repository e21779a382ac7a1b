/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/certificate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "client/openssl.h"

int certificate_print_pem(const uint8_t *der, size_t length, FILE *stream)
{
	if (length > LONG_MAX || !PEM_write(stream, PEM_STRING_X509, "", der, (long)length))
		return -ENOMEM;
	return 0;
}

/* --- an OpenSSH key ------ */

/* Made of strings and numbers that have their length before them (RFC 4251, 5). */
struct blob {
	FILE *stream;
	char *bytes;
	size_t length;
};

static void blob_clear(struct blob *blob)
{
	if (blob->stream)
		fclose(blob->stream);
	free(blob->bytes);
}

static void put_string(struct blob *blob, const void *bytes, size_t length)
{
	const uint32_t prefix = htonl((uint32_t)length);

	fwrite(&prefix, 1, sizeof(prefix), blob->stream);
	fwrite(bytes, 1, length, blob->stream);
}

/* A positive number in two's complement. 0 or -ENOMEM. */
static int put_number(struct blob *blob, const EVP_PKEY *pkey, const char *parameter)
{
	CLEANUP(BN_freep) BIGNUM *number = NULL;
	CLEANUP(freep) uint8_t *bytes = NULL;
	int length;

	if (!EVP_PKEY_get_bn_param(pkey, parameter, &number))
		return -ENOMEM;
	length = BN_num_bits(number) / CHAR_BIT + 1;
	bytes = malloc((size_t)length);
	if (!bytes || BN_bn2binpad(number, bytes, length) != length)
		return -ENOMEM;
	put_string(blob, bytes, (size_t)length);
	return 0;
}

static int put_rsa(struct blob *blob, const EVP_PKEY *pkey)
{
	int r;

	put_string(blob, "ssh-rsa", strlen("ssh-rsa"));
	r = put_number(blob, pkey, OSSL_PKEY_PARAM_RSA_E);
	return r == 0 ? put_number(blob, pkey, OSSL_PKEY_PARAM_RSA_N) : r;
}

enum {
	FIELD_MAX = 66, /* bytes of a coordinate of P-521 */
	UNCOMPRESSED = 4, /* SEC 1, 2.3.3 */
	GROUP_NAME_SIZE = 64,
};

static const struct curve {
	const char *group, *name, *type;
	int field;
} curves[] = {
	{ SN_X9_62_prime256v1, "nistp256", "ecdsa-sha2-nistp256", 32 },
	{ SN_secp384r1, "nistp384", "ecdsa-sha2-nistp384", 48 },
	{ SN_secp521r1, "nistp521", "ecdsa-sha2-nistp521", FIELD_MAX },
};

static const struct curve *curve_find(const EVP_PKEY *pkey)
{
	char group[GROUP_NAME_SIZE];

	if (!EVP_PKEY_is_a(pkey, "EC") ||
	    !EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL))
		return NULL;
	for (size_t i = 0; i < LENGTH_OF(curves); i++)
		if (strcmp(curves[i].group, group) == 0)
			return &curves[i];
	return NULL;
}

static int put_ecdsa(struct blob *blob, const EVP_PKEY *pkey, const struct curve *curve)
{
	CLEANUP(BN_freep) BIGNUM *x = NULL, *y = NULL;
	uint8_t point[1 + 2 * FIELD_MAX] = { UNCOMPRESSED };

	if (!EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) ||
	    !EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) ||
	    BN_bn2binpad(x, point + 1, curve->field) < 0 ||
	    BN_bn2binpad(y, point + 1 + curve->field, curve->field) < 0)
		return -ENOMEM;
	put_string(blob, curve->type, strlen(curve->type));
	put_string(blob, curve->name, strlen(curve->name));
	put_string(blob, point, 1 + 2 * (size_t)curve->field);
	return 0;
}

static int print_base64(const struct blob *blob, const char *type, const char *comment,
			FILE *stream)
{
	CLEANUP(freep) char *text = malloc(blob->length / 3 * 4 + sizeof("AAAA"));

	if (!text)
		return -ENOMEM;
	EVP_EncodeBlock((uint8_t *)text, (const uint8_t *)blob->bytes, (int)blob->length);
	fprintf(stream, "%s %s %s\n", type, text, comment);
	return 0;
}

static int print_key(const EVP_PKEY *pkey, const char *comment, FILE *stream)
{
	CLEANUP(blob_clear) struct blob blob = { 0 };
	const struct curve *curve = curve_find(pkey);
	int r;

	if (!curve && !EVP_PKEY_is_a(pkey, "RSA"))
		return -EOPNOTSUPP;
	blob.stream = open_memstream(&blob.bytes, &blob.length);
	if (!blob.stream)
		return -ENOMEM;
	r = curve ? put_ecdsa(&blob, pkey, curve) : put_rsa(&blob, pkey);
	if (r < 0)
		return r;
	if (fflush(blob.stream) != 0)
		return -ENOMEM;
	return print_base64(&blob, curve ? curve->type : "ssh-rsa", comment, stream);
}

int certificate_print_openssh(const uint8_t *der, size_t length, const char *comment, FILE *stream)
{
	CLEANUP(X509_freep) X509 *x509 = NULL;
	const EVP_PKEY *pkey;

	if (length <= LONG_MAX)
		x509 = d2i_X509(NULL, &der, (long)length);
	if (!x509)
		return -EBADMSG;
	pkey = X509_get0_pubkey(x509);
	return pkey ? print_key(pkey, comment, stream) : -EOPNOTSUPP;
}
