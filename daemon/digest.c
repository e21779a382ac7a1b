/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * OpenSSL looks for an algorithm with an error queue for the thread, which is lost where a thread
 * and the process end together, and crashes where the process is ending. With algorithms that have
 * been found before it does neither.
 */
#include "daemon/digest.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "daemon/openssl.h"

static struct {
	pthread_mutex_t mutex;
	bool found;
	EVP_MD *sha256;
	EVP_MAC_CTX *hmac; /* has an empty key, and is copied for each use */
} algorithms = { .mutex = PTHREAD_MUTEX_INITIALIZER };

static EVP_MAC_CTX *find_hmac(void)
{
	char name[] = "SHA256";
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
		OSSL_PARAM_construct_end(),
	};
	CLEANUP(EVP_MAC_freep) EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	CLEANUP(EVP_MAC_CTX_freep) EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;

	if (!context || !EVP_MAC_init(context, (const uint8_t *)"", 0, parameters))
		return NULL;
	return TAKE(context);
}

static int find_algorithms(void)
{
	int r;

	if (!algorithms.sha256)
		algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!algorithms.hmac)
		algorithms.hmac = find_hmac();
	algorithms.found = algorithms.sha256 && algorithms.hmac;
	r = algorithms.found ? 0 : openssl_failure(-EIO);
	OPENSSL_thread_stop();
	return r;
}

static int require_algorithms(void)
{
	int r;

	pthread_mutex_lock(&algorithms.mutex);
	r = algorithms.found ? 0 : find_algorithms();
	pthread_mutex_unlock(&algorithms.mutex);
	return r;
}

int digest_sha256(const void *bytes, size_t length, uint8_t ret_digest[DIGEST_LENGTH])
{
	int r = require_algorithms();

	if (r < 0)
		return r;
	if (!EVP_Digest(bytes, length, ret_digest, NULL, algorithms.sha256, NULL))
		return openssl_failure(-EIO);
	return 0;
}

int digest_keyed(const struct secret *key, const struct secret *message,
		 struct secret **ret_digest)
{
	CLEANUP(secret_freep) struct secret *digest = secret_new(DIGEST_LENGTH);
	CLEANUP(EVP_MAC_CTX_freep) EVP_MAC_CTX *context = NULL;
	int r = require_algorithms();

	if (r < 0)
		return r;
	if (!digest)
		return -ENOMEM;
	context = EVP_MAC_CTX_dup(algorithms.hmac);
	if (!context || !EVP_MAC_init(context, key->bytes, key->length, NULL) ||
	    !EVP_MAC_update(context, message->bytes, message->length) ||
	    !EVP_MAC_final(context, digest->bytes, &digest->length, digest->capacity))
		return openssl_failure(-EIO);
	*ret_digest = TAKE(digest);
	return 0;
}

void digest_to_hex(const uint8_t digest[DIGEST_LENGTH], char ret_hex[DIGEST_HEX_SIZE])
{
	for (size_t i = 0; i < DIGEST_LENGTH; i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", digest[i]);
}
