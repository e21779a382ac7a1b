/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/cms/anchors.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/format.h"
#include "base/utf8.h"
#include "client/calendar.h"
#include "client/cms/certificate-file.h"
#include "client/cms/signer.h"
#include "client/failure.h"
#include "client/language.h"

enum {
	AUTH_LEVEL = 2, /* 112 bits: RSA with 2048, SHA-256 */
};

/* --- where they come from ------ */

static int read_entry(const char *directory, const struct dirent *entry, STACK_OF(X509) *found)
{
	CLEANUP(freep) char *path = NULL;

	if (*entry->d_name == '.')
		return 0;
	path = format("%s/%s", directory, entry->d_name);
	return path ? certificate_file_read_cas(path, found) : failure_no_memory();
}

static int read_directory(const char *directory, STACK_OF(X509) *found)
{
	DIR *stream = opendir(directory);
	const struct dirent *entry;
	int failure = 0;

	if (!stream)
		return failure_say(FAILURE_FILE, _("%s cannot be read: %s"), directory,
				   strerror(errno));
	while (failure == 0 && (entry = readdir(stream)))
		failure = read_entry(directory, entry, found);
	closedir(stream);
	if (failure == 0 && sk_X509_num(found) == 0)
		return failure_say(FAILURE_FILE,
				   _("There is no CA certificate in %s; put those there that you "
				     "trust, as PEM or DER."),
				   directory);
	return failure;
}

int anchors_trust(struct anchors *anchors, STACK_OF(X509) *certificates)
{
	int failure = 0;

	anchors->store = X509_STORE_new();
	if (!anchors->store)
		return failure_no_memory();
	for (int i = 0; failure == 0 && i < sk_X509_num(certificates); i++)
		if (!X509_STORE_add_cert(anchors->store, sk_X509_value(certificates, i)))
			failure = failure_no_memory();
	return failure;
}

int anchors_trust_directory(struct anchors *anchors, const char *directory)
{
	CLEANUP(x509_stack_freep) STACK_OF(X509) *found = sk_X509_new_null();
	int failure;

	anchors->directory = strdup(directory);
	if (!found || !anchors->directory)
		return failure_no_memory();
	utf8_clean(anchors->directory);
	failure = read_directory(directory, found);
	return failure != 0 ? failure : anchors_trust(anchors, found);
}

void anchors_clear(struct anchors *anchors)
{
	X509_STORE_free(anchors->store);
	free(anchors->directory);
	*anchors = ANCHORS_INIT;
}

/* --- the check ------ */

static int fail_dates(X509 *certificate)
{
	CLEANUP(signer_clear) struct signer of = SIGNER_INIT;
	char begin[CALENDAR_DAY_SIZE], end[CALENDAR_DAY_SIZE];
	int failure = signer_describe(&of, certificate);

	if (failure != 0)
		return failure;
	return failure_say(FAILURE_TRUST,
			   _("The certificate of %s is valid from %s to %s, and not now; a claimed "
			     "time of signing proves nothing."),
			   of.subject, calendar_day(of.not_before, begin),
			   calendar_day(of.not_after, end));
}

static int fail_issuer(const struct anchors *anchors, X509 *certificate)
{
	CLEANUP(signer_clear) struct signer of = SIGNER_INIT;
	int failure = signer_describe(&of, certificate);

	if (failure != 0)
		return failure;
	if (!anchors->directory)
		return failure_say(FAILURE_TRUST,
				   _("The certificate of %s comes from an issuer (%s) whose "
				     "certificate is not on the card; if you trust it, give the "
				     "directory of that certificate with --ca-dir."),
				   of.subject, of.issuer);
	return failure_say(FAILURE_TRUST,
			   _("The certificate of %s comes from an issuer (%s) whose certificate is "
			     "not in %s; put it there if you trust it."),
			   of.subject, of.issuer, anchors->directory);
}

/* NULL: OpenSSL's own words must do. */
static const char *chain_sentence(int error)
{
	switch (error) {
	case X509_V_ERR_EE_KEY_TOO_SMALL:
	case X509_V_ERR_CA_KEY_TOO_SMALL:
	case X509_V_ERR_CA_MD_TOO_WEAK:
		return N_("The certificate of the signer or of its issuer has a key or a hash "
			  "function that is too weak to prove anything.");
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return N_("The certificate of the signer or of its issuer is broken: it is not "
			  "what was issued.");
	case X509_V_ERR_INVALID_CA:
	case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
	case X509_V_ERR_PATH_LENGTH_EXCEEDED:
		return N_("The signer's certificate comes from somebody who may not issue "
			  "certificates.");
	default:
		return NULL;
	}
}

static int fail_chain(const struct anchors *anchors, X509_STORE_CTX *context, X509 *certificate)
{
	const int error = X509_STORE_CTX_get_error(context);
	X509 *current = X509_STORE_CTX_get_current_cert(context);
	const char *sentence = chain_sentence(error);

	if (sentence)
		return failure_say(FAILURE_TRUST, "%s", _(sentence));
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return fail_dates(current ? current : certificate);
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return fail_issuer(anchors, certificate);
	default:
		return failure_say(FAILURE_TRUST,
				   _("The signer's certificate cannot be trusted: %s"),
				   X509_verify_cert_error_string(error));
	}
}

/* A certificate without these extensions may be used for all; JPKI's auth has clientAuth. */
static int check_usage(X509 *certificate)
{
	const uint32_t key = X509_get_key_usage(certificate);
	const uint32_t extended = X509_get_extended_key_usage(certificate);

	if ((key & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) &&
	    /* 0: all of it is unknown to OpenSSL, as the signing of documents (RFC 9336) is */
	    (extended == 0 || extended & (XKU_SSL_CLIENT | XKU_SMIME | XKU_ANYEKU)))
		return 0;
	return failure_say(FAILURE_TRUST, _("The signer's certificate is not for signatures: its "
					    "keyUsage or extendedKeyUsage says so."));
}

int anchors_check(const struct anchors *anchors, X509 *certificate, STACK_OF(X509) *others,
		  STACK_OF(X509) **ret_chain)
{
	CLEANUP(X509_STORE_CTX_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *parameters;
	int failure;

	if (!context || !X509_STORE_CTX_init(context, anchors->store, certificate, others))
		return failure_no_memory();
	parameters = X509_STORE_CTX_get0_param(context);
	/* OpenSSL's purpose of e-mail would refuse auth certificates; check_usage() comes after. */
	X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY);
	X509_VERIFY_PARAM_set_auth_level(parameters, AUTH_LEVEL);
	/* Up to the first that is trusted: it need not have signed itself. */
	X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN);
	if (X509_verify_cert(context) != 1)
		return fail_chain(anchors, context, certificate);
	failure = check_usage(certificate);
	if (failure == 0)
		*ret_chain = X509_STORE_CTX_get1_chain(context);
	return failure;
}
