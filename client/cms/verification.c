/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/verification.h"

#include "base/cleanup.h"
#include "client/failure.h"
#include "client/language.h"

enum {
	ALGORITHM_NAME_SIZE = 80,
	ONE_OF_ONE = -3, /* for CMS_signed_get0_data_by_OBJ(): one attribute, and of one value */
};

/* --- what a signer has signed ------ */

static int fail_broken(const char *file)
{
	return failure_say(FAILURE_SIGNATURE,
			   _("The signature in %s is broken: it is not what its signer made."),
			   file);
}

static bool has_attributes(const CMS_SignerInfo *signer)
{
	return CMS_signed_get_attr_count(signer) >= 0;
}

static bool has_attribute(const CMS_SignerInfo *signer, int nid)
{
	return CMS_signed_get_attr_by_NID(signer, nid, -1) >= 0;
}

/* NULL: there is none, or it is not the only one, or not of this type. */
static void *attribute(const CMS_SignerInfo *signer, int nid, int type)
{
	return CMS_signed_get0_data_by_OBJ(signer, OBJ_nid2obj(nid), ONE_OF_ONE, type);
}

/* Without attributes the content can only be plain data (RFC 5652, 5.3). */
static bool type_is_right(CMS_ContentInfo *cms, CMS_SignerInfo *signer,
			  const struct content *content)
{
	const ASN1_OBJECT *type = CMS_get0_eContentType(cms), *signed_type;

	if (!has_attributes(signer))
		return OBJ_obj2nid(type) == NID_pkcs7_data && !content_is_attributes(content);
	signed_type = attribute(signer, NID_pkcs9_contentType, V_ASN1_OBJECT);
	return signed_type && OBJ_cmp(type, signed_type) == 0;
}

static int check_digest(CMS_SignerInfo *signer, const char *file)
{
	const ASN1_OBJECT *object;
	X509_ALGOR *digest;
	char name[ALGORITHM_NAME_SIZE];

	CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&object, NULL, NULL, digest);
	if (content_digest(OBJ_obj2nid(object)))
		return 0;
	OBJ_obj2txt(name, sizeof(name), object, 0);
	return failure_say(FAILURE_SIGNATURE,
			   _("The signature in %s is made with %s, which is too weak to prove "
			     "anything, or little known; SHA-256, SHA-384 and SHA-512 are "
			     "accepted."),
			   file, name);
}

static int check_signer(CMS_ContentInfo *cms, CMS_SignerInfo *signer,
			const struct content *content, const X509 *wanted, const char *file)
{
	X509 *certificate;
	int failure;

	CMS_SignerInfo_get0_algs(signer, NULL, &certificate, NULL, NULL);
	if (!certificate)
		return failure_say(FAILURE_SIGNATURE,
				   _("%s does not contain the signer's certificate; if you have "
				     "it, give it with --certificate."),
				   file);
	if (wanted && X509_cmp(wanted, certificate) != 0)
		return failure_say(FAILURE_TRUST,
				   _("The signer of %s has another certificate than the one given "
				     "with --certificate."),
				   file);
	failure = check_digest(signer, file);
	if (failure != 0)
		return failure;
	if (!type_is_right(cms, signer, content) ||
	    (has_attributes(signer) && CMS_SignerInfo_verify(signer) != 1))
		return fail_broken(file);
	if (CMS_SignerInfo_verify_content(signer, content->digests) != 1)
		return failure_say(FAILURE_SIGNATURE,
				   _("The content does not match the signature in %s: one of the "
				     "two has been changed, or they do not belong together."),
				   file);
	return 0;
}

/* So that OpenSSL looks for signers in it too. */
static bool find_certificates(CMS_ContentInfo *cms, X509 *extra)
{
	STACK_OF(X509) *others = sk_X509_new_null();
	bool done = others && (!extra || sk_X509_push(others, extra) > 0);

	if (done)
		done = CMS_set1_signers_certs(cms, others, 0) >= 0;
	sk_X509_free(others);
	return done;
}

int verification_check(CMS_ContentInfo *cms, const struct content *content, X509 *wanted,
		       const char *file)
{
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	const int count = sk_CMS_SignerInfo_num(signers);
	int failure = 0;

	if (count <= 0)
		return failure_say(FAILURE_SIGNATURE, _("%s has no signer."), file);
	if (count > VERIFICATION_SIGNERS_MAX)
		return failure_say(FAILURE_SIGNATURE,
				   _("%s has more than %d signers, which is too many."), file,
				   VERIFICATION_SIGNERS_MAX);
	if (!find_certificates(cms, wanted))
		return fail_broken(file);
	for (int i = 0; failure == 0 && i < count; i++)
		failure = check_signer(cms, sk_CMS_SignerInfo_value(signers, i), content, wanted,
				       file);
	return failure;
}

/* --- whether the signers can be trusted ------ */

/* Which certificate the signer meant, in the form of RFC 5035 or that of RFC 2634. */
static bool means_certificate(const CMS_SignerInfo *signer, STACK_OF(X509) *chain)
{
	const ASN1_STRING *old = attribute(signer, NID_id_smime_aa_signingCertificate,
					   V_ASN1_SEQUENCE);
	const ASN1_STRING *new = attribute(signer, NID_id_smime_aa_signingCertificateV2,
					   V_ASN1_SEQUENCE);
	CLEANUP(ESS_SIGNING_CERT_freep) ESS_SIGNING_CERT *of_old = NULL;
	CLEANUP(ESS_SIGNING_CERT_V2_freep) ESS_SIGNING_CERT_V2 *of_new = NULL;
	const uint8_t *at;

	if (old) {
		at = ASN1_STRING_get0_data(old);
		of_old = d2i_ESS_SIGNING_CERT(NULL, &at, ASN1_STRING_length(old));
	}
	if (new) {
		at = ASN1_STRING_get0_data(new);
		of_new = d2i_ESS_SIGNING_CERT_V2(NULL, &at, ASN1_STRING_length(new));
	}
	if (has_attribute(signer, NID_id_smime_aa_signingCertificate) != (of_old != NULL) ||
	    has_attribute(signer, NID_id_smime_aa_signingCertificateV2) != (of_new != NULL))
		return false;
	return (!of_old && !of_new) || OSSL_ESS_check_signing_certs(of_old, of_new, chain, 1) > 0;
}

static int describe(struct signer *ret_signer, CMS_SignerInfo *signer, X509 *certificate)
{
	X509_ALGOR *digest;
	const ASN1_OBJECT *object;
	const ASN1_TIME *time = attribute(signer, NID_pkcs9_signingTime, V_ASN1_UTCTIME);

	if (!time)
		time = attribute(signer, NID_pkcs9_signingTime, V_ASN1_GENERALIZEDTIME);
	ret_signer->claimed_time = signer_time(time);
	CMS_SignerInfo_get0_algs(signer, NULL, NULL, &digest, NULL);
	X509_ALGOR_get0(&object, NULL, NULL, digest);
	ret_signer->digest = OBJ_nid2ln(OBJ_obj2nid(object));
	return signer_describe(ret_signer, certificate);
}

static int trust_signer(struct verification *verification, CMS_SignerInfo *signer,
			STACK_OF(X509) *others)
{
	CLEANUP(x509_stack_freep) STACK_OF(X509) *chain = NULL;
	X509 *certificate;
	int failure;

	CMS_SignerInfo_get0_algs(signer, NULL, &certificate, NULL, NULL);
	failure = anchors_check(verification->anchors, certificate, others, &chain);
	if (failure != 0)
		return failure;
	if (!means_certificate(signer, chain))
		return failure_say(FAILURE_SIGNATURE,
				   _("The signature names another certificate of its signer than "
				     "the one found here."));
	return describe(&verification->signers[verification->count++], signer, certificate);
}

int verification_trust(struct verification *verification, CMS_ContentInfo *cms)
{
	CLEANUP(x509_stack_freep) STACK_OF(X509) *others = CMS_get1_certs(cms);
	STACK_OF(CMS_SignerInfo) *signers = CMS_get0_SignerInfos(cms);
	int failure = 0;

	for (int i = 0; failure == 0 && i < sk_CMS_SignerInfo_num(signers); i++)
		failure = trust_signer(verification, sk_CMS_SignerInfo_value(signers, i), others);
	return failure;
}

int verification_trust_certificate(struct verification *verification, X509 *certificate)
{
	CLEANUP(x509_stack_freep) STACK_OF(X509) *chain = NULL;
	int failure = anchors_check(verification->anchors, certificate, NULL, &chain);

	return failure != 0 ? failure :
			      signer_describe(&verification->signers[verification->count++],
					      certificate);
}

void verification_clear(struct verification *verification)
{
	for (size_t i = 0; i < verification->count; i++)
		signer_clear(&verification->signers[i]);
	verification->count = 0;
}

/* --- for a person ------ */

void verification_print(const struct verification *verification, FILE *stream)
{
	fputs(_("The signature is good.\n"), stream);
	for (size_t i = 0; i < verification->count; i++)
		signer_print(&verification->signers[i], stream);
	if (verification->anchors->directory)
		fprintf(stream, _("Trusted because of: the CA certificates in %s\n"),
			verification->anchors->directory);
	else
		fputs(_("Trusted because of: the CA certificates on the card in the reader, as far "
			"as you trust that card (to use others: --ca-dir)\n"),
		      stream);
	fprintf(stream, "%s: %s\n", _("Revocation"),
		_("unknown: JPKI tells that only to verifiers who have a contract with it"));
}
