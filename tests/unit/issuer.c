/* SPDX-License-Identifier: LGPL-2.1-or-later */
#undef NDEBUG
#include "tests/unit/issuer.h"

#include <assert.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/cleanup.h"

static const struct text auth_issuer[] = {
	TEXT("C", V_ASN1_PRINTABLESTRING, "JP"),
	UTF8("O", "JPKI"),
	UTF8("OU", "JPKI for user authentication"),
	UTF8("OU", "Japan Agency for Local Authority Information Systems"),
	{ 0 },
};

static const struct text auth_subject[] = {
	TEXT("C", V_ASN1_PRINTABLESTRING, "JP"),
	UTF8("CN", "0123456789ABCDEFGHIJKLA"),
	{ 0 },
};

static const struct text sign_issuer[] = {
	TEXT("C", V_ASN1_PRINTABLESTRING, "JP"),
	UTF8("O", "JPKI"),
	UTF8("OU", "JPKI for digital signature"),
	UTF8("OU", "Japan Agency for Local Authority Information Systems"),
	{ 0 },
};

static const struct text sign_subject[] = {
	TEXT("C", V_ASN1_PRINTABLESTRING, "JP"),
	UTF8("L", "Tokyo-to"),
	UTF8("L", "Chiyoda-ku"),
	UTF8("CN", "0123456789ABCDEFGHIJKLS"),
	{ 0 },
};

static const struct text sign_holder[] = {
	HOLDER(1, "山田　花子"),
	HOLDER(4, "320000401"),
	HOLDER(3, "2"),
	HOLDER(5, "東京都千代田区霞が関二丁目１番"),
	HOLDER(2, "00010"),
	HOLDER(6, "000000000000000"),
	{ 0 },
};

static const struct text auth_issuer_in_japanese[] = {
	TEXT("C", V_ASN1_PRINTABLESTRING, "JP"),
	UTF8("O", "公的個人認証サービス"),
	UTF8("OU", "公的個人認証サービス利用者証明用"),
	{ 0 },
};

const struct order order_auth = {
	.subject = auth_subject,
	.issuer = auth_issuer,
	.issuer_alternative = auth_issuer_in_japanese,
	.key_usage = "critical,digitalSignature",
	.policy = "1.2.392.200149.8.5.1.3.30",
	.cps = "http://www.jpki.go.jp/cps.html",
	.serial = "0133C349",
	.not_before = "20221104031500Z",
	.not_after = "20270915145959Z",
};

const struct order order_sign = {
	.subject = sign_subject,
	.issuer = sign_issuer,
	.holder = sign_holder,
	.key_usage = "critical,digitalSignature,nonRepudiation",
	.serial = "00FF01",
	.not_before = "20221104031500Z",
	.not_after = "20270915145959Z",
};

EVP_PKEY *rsa_key(unsigned int bits)
{
	static EVP_PKEY *keys[8];
	EVP_PKEY **key = &keys[bits / 1024];

	assert(bits % 1024 == 0 && bits / 1024 < LENGTH_OF(keys));
	if (!*key)
		*key = EVP_RSA_gen(bits);
	assert(*key);
	return *key;
}

EVP_PKEY *rsa_public_key(unsigned int bits)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	BIGNUM *modulus = BN_new();
	OSSL_PARAM *parameters;
	EVP_PKEY *key = NULL;

	assert(builder && context && modulus);
	assert(BN_rand(modulus, (int)bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD));
	assert(OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus));
	assert(OSSL_PARAM_BLD_push_ulong(builder, OSSL_PKEY_PARAM_RSA_E, RSA_F4));
	parameters = OSSL_PARAM_BLD_to_param(builder);
	assert(parameters && EVP_PKEY_fromdata_init(context) > 0);
	assert(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) > 0);

	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	BN_free(modulus);
	return key;
}

static void name_fill(X509_NAME *name, const struct text *texts)
{
	for (; texts->type; texts++)
		assert(X509_NAME_add_entry_by_txt(name, texts->type, texts->encoding,
						  (const unsigned char *)texts->bytes,
						  (int)texts->length, -1, 0));
}

static GENERAL_NAME *other_name_new(const struct text *text)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_OBJECT *type = OBJ_txt2obj(text->type, 1);
	ASN1_STRING *string = ASN1_STRING_type_new(text->encoding);
	ASN1_TYPE *value = ASN1_TYPE_new();

	assert(name && type && string && value);
	assert(ASN1_STRING_set(string, text->bytes, (int)text->length));
	ASN1_TYPE_set(value, text->encoding, string);
	assert(GENERAL_NAME_set0_othername(name, type, value));
	return name;
}

static GENERAL_NAME *directory_name_new(const struct text *texts)
{
	GENERAL_NAME *name = GENERAL_NAME_new();
	X509_NAME *directory_name = X509_NAME_new();

	assert(name && directory_name);
	name_fill(directory_name, texts);
	GENERAL_NAME_set0_value(name, GEN_DIRNAME, directory_name);
	return name;
}

/* Either may be NULL. */
static void add_names(X509 *x509, int nid, const struct text *texts,
		      const struct text *directory_name)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	assert(names);
	for (; texts && texts->type; texts++)
		assert(sk_GENERAL_NAME_push(names, other_name_new(texts)));
	if (directory_name)
		assert(sk_GENERAL_NAME_push(names, directory_name_new(directory_name)));
	assert(X509_add1_ext_i2d(x509, nid, names, 0, X509V3_ADD_APPEND) == 1);
	GENERAL_NAMES_free(names);
}

static void add_policy(X509 *x509, const struct order *order)
{
	CERTIFICATEPOLICIES *policies = sk_POLICYINFO_new_null();
	POLICYQUALINFO *qualifier = POLICYQUALINFO_new();
	POLICYINFO *policy = POLICYINFO_new();

	assert(policies && policy && qualifier);
	policy->policyid = OBJ_txt2obj(order->policy, 1);
	assert(policy->policyid && sk_POLICYINFO_push(policies, policy));
	qualifier->pqualid = OBJ_nid2obj(NID_id_qt_cps);
	qualifier->d.cpsuri = ASN1_STRING_type_new(V_ASN1_IA5STRING);
	policy->qualifiers = sk_POLICYQUALINFO_new_null();
	assert(policy->qualifiers && sk_POLICYQUALINFO_push(policy->qualifiers, qualifier));
	assert(qualifier->d.cpsuri && ASN1_STRING_set(qualifier->d.cpsuri, order->cps, -1));
	assert(X509_add1_ext_i2d(x509, NID_certificate_policies, policies, 1, X509V3_ADD_APPEND));
	CERTIFICATEPOLICIES_free(policies);
}

static void add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	assert(extension && X509_add_ext(x509, extension, -1));
	X509_EXTENSION_free(extension);
}

static void set_serial(X509 *x509, const char *hexadecimal)
{
	BIGNUM *number = NULL;

	assert(BN_hex2bn(&number, hexadecimal));
	assert(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)));
	BN_free(number);
}

void issue(const struct order *order, struct der *ret_der)
{
	X509 *x509 = X509_new();
	uint8_t *end = ret_der->bytes;
	int length;

	assert(x509 && X509_set_version(x509, X509_VERSION_3));
	set_serial(x509, order->serial);
	name_fill(X509_get_subject_name(x509), order->subject);
	name_fill(X509_get_issuer_name(x509), order->issuer);
	assert(ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), order->not_before));
	assert(ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), order->not_after));
	assert(X509_set_pubkey(x509, order->key ? order->key : rsa_key(2048)));
	if (order->key_usage)
		add_extension(x509, NID_key_usage, order->key_usage);
	if (order->holder || order->subject_alternative)
		add_names(x509, NID_subject_alt_name, order->holder, order->subject_alternative);
	if (order->issuer_alternative)
		add_names(x509, NID_issuer_alt_name, NULL, order->issuer_alternative);
	if (order->policy)
		add_policy(x509, order);
	assert(X509_sign(x509, rsa_key(2048), EVP_sha256()));

	length = i2d_X509(x509, NULL);
	assert(length > 0 && (size_t)length <= sizeof(ret_der->bytes));
	ret_der->length = (size_t)i2d_X509(x509, &end);
	X509_free(x509);
}

void der_replace(struct der *der, const char *old, const char *new)
{
	char *place = memmem(der->bytes, der->length, old, strlen(old));

	assert(place && strlen(old) == strlen(new));
	memcpy(place, new, strlen(new));
}
