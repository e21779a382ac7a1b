/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/cms-draft.h"

#include <limits.h>

#include "base/cleanup.h"
#include "client/failure.h"

static bool add_signing_time(CMS_SignerInfo *signer, time_t now)
{
	ASN1_TIME *time = ASN1_TIME_set(NULL, now);
	const bool done = time && CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_signingTime,
							      time->type, time, -1);

	ASN1_TIME_free(time);
	return done;
}

static bool add_attributes(CMS_SignerInfo *signer, const uint8_t *digest, size_t length, time_t now)
{
	return CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_contentType, V_ASN1_OBJECT,
					   OBJ_nid2obj(NID_pkcs7_data), -1) &&
	       CMS_signed_add1_attr_by_NID(signer, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING,
					   digest, (int)length) &&
	       add_signing_time(signer, now);
}

int cms_draft_begin(struct cms_draft *draft, X509 *certificate, const uint8_t *digest,
		    size_t length, time_t now)
{
	const unsigned int flags = CMS_PARTIAL | CMS_DETACHED | CMS_BINARY | CMS_NOSMIMECAP;

	/* The key stays in the card: OpenSSL gets its public half, and is never told to sign. */
	draft->cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
	if (draft->cms)
		draft->signer = CMS_add1_signer(draft->cms, certificate,
						X509_get0_pubkey(certificate), EVP_sha256(),
						flags | CMS_CADES);
	if (!draft->signer || !add_attributes(draft->signer, digest, length, now))
		return failure_no_memory();
	return 0;
}

void cms_draft_clear(struct cms_draft *draft)
{
	CMS_ContentInfo_free(draft->cms);
	*draft = CMS_DRAFT_INIT;
}

/* The DER of the attributes as a SET OF, which is what is signed (RFC 5652, 5.4). */
static int encode_attributes(CMS_SignerInfo *signer, uint8_t **ret_der)
{
	STACK_OF(X509_ATTRIBUTE) *attributes = sk_X509_ATTRIBUTE_new_null();
	int length = -1, count = CMS_signed_get_attr_count(signer);

	for (int i = 0; attributes && i < count; i++) {
		if (sk_X509_ATTRIBUTE_push(attributes, CMS_signed_get_attr(signer, i)) <= 0) {
			sk_X509_ATTRIBUTE_free(attributes);
			return -1;
		}
	}
	if (attributes)
		length = ASN1_item_i2d((ASN1_VALUE *)attributes, ret_der,
				       ASN1_ITEM_rptr(PKCS7_ATTR_SIGN));
	sk_X509_ATTRIBUTE_free(attributes);
	return length;
}

int cms_draft_input(const struct cms_draft *draft, struct scheme_input *ret_input)
{
	uint8_t *der = NULL;
	const int length = encode_attributes(draft->signer, &der);
	unsigned int digest_length = 0;
	const bool done = length > 0 && EVP_Digest(der, (size_t)length, ret_input->bytes,
						   &digest_length, EVP_sha256(), NULL);

	OPENSSL_free(der);
	ret_input->scheme = "rsa-pkcs1-sha256";
	ret_input->length = digest_length;
	return done ? 0 : failure_no_memory();
}

int cms_draft_finish(struct cms_draft *draft, const uint8_t *signature, size_t length)
{
	ASN1_OCTET_STRING *place = CMS_SignerInfo_get0_signature(draft->signer);

	if (length > INT_MAX || !ASN1_OCTET_STRING_set(place, signature, (int)length))
		return failure_no_memory();
	return 0;
}

int cms_draft_encode(const struct cms_draft *draft, uint8_t **ret_der, size_t *ret_length)
{
	const int length = i2d_CMS_ContentInfo(draft->cms, NULL);
	CLEANUP(freep) uint8_t *der = length > 0 ? malloc((size_t)length) : NULL;
	uint8_t *at = der;

	if (!der || i2d_CMS_ContentInfo(draft->cms, &at) != length)
		return failure_no_memory();
	*ret_der = TAKE(der);
	*ret_length = (size_t)length;
	return 0;
}

int cms_draft_print(const struct cms_draft *draft, bool as_pem, FILE *stream)
{
	CLEANUP(freep) uint8_t *der = NULL;
	size_t length;
	int failure = cms_draft_encode(draft, &der, &length);

	if (failure != 0)
		return failure;
	if (!as_pem)
		fwrite(der, 1, length, stream);
	else if (!PEM_write(stream, PEM_STRING_CMS, "", der, (long)length))
		return failure_no_memory();
	return 0;
}
