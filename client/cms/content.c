/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/content.h"

#include <string.h>

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/language.h"
#include "client/output.h"

const EVP_MD *content_digest(int nid)
{
	switch (nid) {
	case NID_sha256:
		return EVP_sha256();
	case NID_sha384:
		return EVP_sha384();
	case NID_sha512:
		return EVP_sha512();
	default:
		return NULL;
	}
}

static bool has_digest(BIO *digests, const EVP_MD *digest)
{
	EVP_MD_CTX *context;

	for (BIO *bio = BIO_find_type(digests, BIO_TYPE_MD); bio;
	     bio = BIO_find_type(BIO_next(bio), BIO_TYPE_MD))
		if (BIO_get_md_ctx(bio, &context) &&
		    EVP_MD_CTX_get_type(context) == EVP_MD_get_type(digest))
			return true;
	return false;
}

/* In front of the others. */
static bool add_digest(struct content *content, const EVP_MD *digest)
{
	BIO *bio;

	if (has_digest(content->digests, digest))
		return true;
	bio = BIO_new(BIO_f_md());
	if (!bio || !BIO_set_md(bio, digest)) {
		BIO_free(bio);
		return false;
	}
	content->digests = BIO_push(bio, content->digests);
	return true;
}

static bool add_digests(struct content *content, const X509_ALGORS *algorithms)
{
	const ASN1_OBJECT *object;

	for (int i = 0; i < sk_X509_ALGOR_num(algorithms); i++) {
		const EVP_MD *digest;

		X509_ALGOR_get0(&object, NULL, NULL, sk_X509_ALGOR_value(algorithms, i));
		digest = content_digest(OBJ_obj2nid(object));
		if (digest && !add_digest(content, digest))
			return false;
	}
	return true;
}

/* What OpenSSL reads is a SEQUENCE OF, and ours a SET OF. */
static X509_ALGORS *read_algorithms(const uint8_t *bytes, size_t length)
{
	CLEANUP(freep) uint8_t *sequence = malloc(length);
	const uint8_t *at = sequence;

	if (!sequence)
		return NULL;
	memcpy(sequence, bytes, length);
	*sequence = TAG_SEQUENCE;
	return d2i_X509_ALGORS(NULL, &at, (long)length);
}

int content_begin(const uint8_t *algorithms, size_t length, void *userdata)
{
	struct content *content = userdata;
	X509_ALGORS *found = read_algorithms(algorithms, length);
	bool done = true;
	int r;

	content->digests = BIO_new(BIO_s_null());
	/* What cannot be read names no digest, and then no signer has one. */
	if (found)
		done = content->digests && add_digests(content, found);
	sk_X509_ALGOR_pop_free(found, X509_ALGOR_free);
	if (!content->digests)
		return failure_no_memory();
	if (!done)
		return failure_say(FAILURE_OTHER,
				   _("OpenSSL on this computer refuses this hash function."));
	if (!content->is_copied)
		return 0;
	r = spool_open(&content->spool, content->output);
	return r < 0 ? output_fail(content->output, r) : 0;
}

int content_take(const uint8_t *bytes, size_t length, void *userdata)
{
	struct content *content = userdata;
	int r;

	if (length == 0)
		return 0;
	for (size_t i = 0; i < length && content->head_length < CONTENT_HEAD_SIZE; i++)
		content->head[content->head_length++] = bytes[i];
	if (BIO_write(content->digests, bytes, (int)length) != (int)length)
		return failure_no_memory();
	r = content->is_copied ? spool_write(&content->spool, bytes, length) : 0;
	return r < 0 ? output_fail(content->output, r) : 0;
}

bool content_is_attributes(const struct content *content)
{
	static const int tags[] = { V_ASN1_SET, V_ASN1_SEQUENCE, V_ASN1_OBJECT };
	const uint8_t *at = content->head;
	int tag = -1, class;
	long length;

	/* All of these are longer than the head: that failure is none. */
	for (size_t i = 0; i < LENGTH_OF(tags) && tag != V_ASN1_EOC; i++) {
		ASN1_get_object(&at, &length, &tag, &class,
				content->head + content->head_length - at);
		tag = tag == tags[i] ? tag : V_ASN1_EOC;
	}
	ERR_clear_error();
	return tag != V_ASN1_EOC;
}

void content_clear(struct content *content)
{
	BIO_free_all(content->digests);
	spool_clear(&content->spool);
	*content = CONTENT_INIT;
}

int content_commit(struct content *content)
{
	const int r = content->is_copied ? spool_commit(&content->spool) : 0;

	return r < 0 ? output_fail(content->output, r) : 0;
}
