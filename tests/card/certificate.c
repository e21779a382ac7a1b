/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/certificate.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/conf.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "tests/card/bytes.h"

enum {
	SERIAL_LEN = 4,
	OPAQUE_NAME_LEN = 23,
	RDN_MAX = 4,
};

#define MUNICIPALITY_CODE "13101"	/* Tokyo, Chiyoda-ku */
#define HOLDER_ADDRESS "東京都千代田区平河町一丁目２番３号　試験ビル４０５号"
#define CRL_NAME(ou) \
	"[crl]\n" \
	"fullname = dirName:crl_name\n" \
	"[crl_name]\n" \
	"C = JP\n" \
	"O = JPKI-TEST\n" \
	"1.OU = " ou "\n" \
	"2.OU = CRL Distribution Points\n" \
	"3.OU = Tokyo-to\n" \
	"CN = Chiyoda-ku CRLDP\n"
#define POLICY(oid) \
	"[policy]\n" \
	"policyIdentifier = " oid "\n" \
	"CPS = http://www.jpki.go.jp/cps.html\n"

struct rdn {
	const char *type;
	const char *value;	/* NULL = an opaque name is made up */
};

static const char ca_extensions[] =
	"keyUsage = critical, keyCertSign, cRLSign\n"
	"basicConstraints = critical, CA:TRUE\n"
	"subjectKeyIdentifier = hash\n";

static const char auth_extensions[] =
	"keyUsage = critical, digitalSignature\n"
	"extendedKeyUsage = clientAuth\n"
	"certificatePolicies = critical, @policy\n"
	"crlDistributionPoints = crl\n"
	"authorityInfoAccess = OCSP;URI:http://ocspauthnorm.jpki.example\n"
	"authorityKeyIdentifier = keyid:always, issuer:always\n"
	"subjectKeyIdentifier = hash\n"
	POLICY("1.2.392.200149.8.5.1.3.30")
	CRL_NAME("JPKI for user authentication");

static const char sign_extensions[] =
	"keyUsage = critical, digitalSignature, nonRepudiation\n"
	"certificatePolicies = critical, @policy\n"
	"subjectAltName = @holder\n"
	"crlDistributionPoints = crl\n"
	"authorityInfoAccess = OCSP;URI:http://ocspsignnorm.jpki.example\n"
	"authorityKeyIdentifier = keyid:always, issuer:always\n"
	"subjectKeyIdentifier = hash\n"
	"[holder]\n"
	"otherName.1 = 1.2.392.200149.8.5.5.1;FORMAT:UTF8,UTF8:公的　花子\n"
	"otherName.2 = 1.2.392.200149.8.5.5.4;FORMAT:UTF8,UTF8:419901231\n"
	"otherName.3 = 1.2.392.200149.8.5.5.3;FORMAT:UTF8,UTF8:2\n"
	"otherName.4 = 1.2.392.200149.8.5.5.5;FORMAT:UTF8,UTF8:" HOLDER_ADDRESS "\n"
	"otherName.5 = 1.2.392.200149.8.5.5.2;FORMAT:UTF8,UTF8:00010\n"
	"otherName.6 = 1.2.392.200149.8.5.5.6;FORMAT:UTF8,UTF8:00000000000000000000000000\n"
	POLICY("1.2.392.200149.8.5.1.1.20")
	CRL_NAME("JPKI for digital signature");

static const struct profile {
	const char *extensions;
	struct rdn ca_name[RDN_MAX];
	struct rdn ca_name_in_japanese[RDN_MAX];
	struct rdn subject[RDN_MAX];
} profiles[PURPOSE_COUNT] = {
	[PURPOSE_AUTH] = {
		.extensions = auth_extensions,
		.ca_name = {
			{"C", "JP"},
			{"O", "JPKI-TEST"},
			{"OU", "JPKI for user authentication"},
			{"OU", "Japan Agency for Local Authority Information Systems"},
		},
		.ca_name_in_japanese = {
			{"C", "JP"},
			{"O", "公的個人認証サービス"},
			{"OU", "公的個人認証サービス利用者証明用"},
			{"OU", "地方公共団体情報システム機構"},
		},
		.subject = {{"C", "JP"}, {"CN", NULL}},
	},
	[PURPOSE_SIGN] = {
		.extensions = sign_extensions,
		.ca_name = {
			{"C", "JP"},
			{"O", "JPKI-TEST"},
			{"OU", "JPKI for digital signature"},
			{"OU", "Japan Agency for Local Authority Information Systems"},
		},
		.ca_name_in_japanese = {
			{"C", "JP"},
			{"O", "公的個人認証サービス"},
			{"OU", "公的個人認証サービス署名用"},
			{"OU", "地方公共団体情報システム機構"},
		},
		.subject = {{"C", "JP"}, {"L", "Tokyo-to"}, {"L", "Chiyoda-ku"}, {"CN", NULL}},
	},
};

static bool opaque_name_make(char name[OPAQUE_NAME_LEN + 1])
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint8_t random[OPAQUE_NAME_LEN];
	size_t code_at = OPAQUE_NAME_LEN / 2;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	for (size_t i = 0; i < OPAQUE_NAME_LEN; i++)
		name[i] = alphabet[random[i] % (sizeof(alphabet) - 1)];
	memcpy(name + code_at, MUNICIPALITY_CODE, sizeof(MUNICIPALITY_CODE) - 1);
	name[OPAQUE_NAME_LEN] = '\0';
	return true;
}

static X509_NAME *name_make(const struct rdn rdns[RDN_MAX])
{
	X509_NAME *name = X509_NAME_new();
	char opaque[OPAQUE_NAME_LEN + 1];
	bool done = name && opaque_name_make(opaque);

	for (size_t i = 0; done && i < RDN_MAX && rdns[i].type; i++) {
		const char *value = rdns[i].value ? rdns[i].value : opaque;

		done = X509_NAME_add_entry_by_txt(name, rdns[i].type, MBSTRING_UTF8,
						  (const unsigned char *)value, -1, -1, 0) == 1;
	}
	if (done)
		return name;
	X509_NAME_free(name);
	return NULL;
}

static bool add_directory_name(X509 *certificate, int extension, const struct rdn rdns[RDN_MAX])
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	X509_NAME *directory_name = name_make(rdns);
	bool done = false;

	if (names && name && directory_name) {
		GENERAL_NAME_set0_value(name, GEN_DIRNAME, directory_name);
		directory_name = NULL;
		if (sk_GENERAL_NAME_push(names, name) > 0) {
			name = NULL;
			done = X509_add1_ext_i2d(certificate, extension, names, 0,
						 X509V3_ADD_DEFAULT) == 1;
		}
	}
	X509_NAME_free(directory_name);
	GENERAL_NAME_free(name);
	GENERAL_NAMES_free(names);
	return done;
}

static bool add_extensions(X509 *certificate, X509 *issuer, const char *text)
{
	BIO *bio = BIO_new_mem_buf(text, -1);
	CONF *conf = NCONF_new(NULL);
	X509V3_CTX context;
	bool done = bio && conf && NCONF_load_bio(conf, bio, NULL) == 1;

	if (done) {
		X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
		X509V3_set_nconf(&context, conf);
		done = X509V3_EXT_add_nconf(conf, &context, "default", certificate) == 1;
	}
	NCONF_free(conf);
	BIO_free(bio);
	return done;
}

static bool set_serial(X509 *certificate)
{
	uint8_t serial[SERIAL_LEN];
	BIGNUM *number = NULL;
	bool done;

	if (RAND_bytes(serial, sizeof(serial)) != 1)
		return false;
	serial[0] = (serial[0] & 0x7f) | 0x40;	/* always four bytes and positive */
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
	return done;
}

static bool set_basics(X509 *certificate, EVP_PKEY *key, const struct rdn *subject,
		       const struct rdn *issuer, const struct validity *validity)
{
	X509_NAME *subject_name = name_make(subject);
	X509_NAME *issuer_name = name_make(issuer);
	bool done = certificate && subject_name && issuer_name &&
		    X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
		    X509_set_subject_name(certificate, subject_name) == 1 &&
		    X509_set_issuer_name(certificate, issuer_name) == 1 &&
		    ASN1_TIME_set(X509_getm_notBefore(certificate), validity->not_before) &&
		    ASN1_TIME_set(X509_getm_notAfter(certificate), validity->not_after) &&
		    X509_set_pubkey(certificate, key) == 1;

	X509_NAME_free(subject_name);
	X509_NAME_free(issuer_name);
	return done;
}

X509 *certificate_make_ca(enum purpose purpose, EVP_PKEY *ca_key, const struct validity *validity)
{
	const struct profile *profile = &profiles[purpose];
	X509 *ca = X509_new();

	if (set_basics(ca, ca_key, profile->ca_name, profile->ca_name, validity) &&
	    add_extensions(ca, ca, ca_extensions) &&
	    add_directory_name(ca, NID_subject_alt_name, profile->ca_name_in_japanese) &&
	    X509_sign(ca, ca_key, EVP_sha256()) > 0)
		return ca;
	X509_free(ca);
	return NULL;
}

X509 *certificate_make(enum purpose purpose, EVP_PKEY *key, X509 *ca, EVP_PKEY *ca_key,
		       const struct validity *validity)
{
	const struct profile *profile = &profiles[purpose];
	X509 *certificate = X509_new();

	if (set_basics(certificate, key, profile->subject, profile->ca_name, validity) &&
	    add_extensions(certificate, ca, profile->extensions) &&
	    add_directory_name(certificate, NID_issuer_alt_name, profile->ca_name_in_japanese) &&
	    X509_sign(certificate, ca_key, EVP_sha256()) > 0)
		return certificate;
	X509_free(certificate);
	return NULL;
}
