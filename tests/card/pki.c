/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/pki.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "tests/card/certificate.h"

enum {
	RSA_BITS = 2048,
	FILE_LEN_MAX = 0x8000,
	VALID_YEARS = 5,
	CA_YEARS_BEFORE = 1,
	CA_YEARS_AFTER = 5,
	JST_OFFSET = 9 * 60 * 60,
};

static const struct part_names {
	const char *key, *certificate, *ca_key, *ca_certificate;
} names[PURPOSE_COUNT] = {
	[PURPOSE_AUTH] = {"auth.key", "auth.der", "auth-ca.key", "auth-ca.der"},
	[PURPOSE_SIGN] = {"sign.key", "sign.der", "sign-ca.key", "sign-ca.der"},
};

static time_t years_after(time_t moment, int years)
{
	struct tm tm;

	gmtime_r(&moment, &tm);
	tm.tm_year += years;
	return timegm(&tm);
}

int pki_last_second(const char *day, time_t *ret_time)
{
	time_t now_in_japan = time(NULL) + JST_OFFSET;
	struct tm tm = {0};

	if (day) {
		const char *end = strptime(day, "%Y-%m-%d", &tm);

		if (!end || *end)
			return -EINVAL;
	} else {
		gmtime_r(&now_in_japan, &tm);
		tm.tm_year += VALID_YEARS;
	}
	tm.tm_hour = 23;
	tm.tm_min = 59;
	tm.tm_sec = 59;
	*ret_time = timegm(&tm) - JST_OFFSET;
	return 0;
}

static int key_save(int folder, const char *name, EVP_PKEY *key)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int done;

	if (!file)
		return -errno;
	done = PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
	return fclose(file) == 0 && done == 1 ? 0 : -EIO;
}

static int certificate_save(int folder, const char *name, X509 *certificate)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int done;

	if (!file)
		return -errno;
	done = i2d_X509_fp(file, certificate);
	return fclose(file) == 0 && done == 1 ? 0 : -EIO;
}

static int pair_make(enum purpose purpose, int folder, time_t not_after)
{
	const struct part_names *name = &names[purpose];
	time_t now = time(NULL), issued = years_after(not_after, -VALID_YEARS);
	struct validity validity = {issued < now ? issued : now, not_after};
	struct validity ca_validity = {
		years_after(validity.not_before, -CA_YEARS_BEFORE),
		years_after(not_after, CA_YEARS_AFTER),
	};
	EVP_PKEY *key = EVP_RSA_gen(RSA_BITS), *ca_key = EVP_RSA_gen(RSA_BITS);
	X509 *ca = key && ca_key ? certificate_make_ca(purpose, ca_key, &ca_validity) : NULL;
	X509 *certificate = ca ? certificate_make(purpose, key, ca, ca_key, &validity) : NULL;
	int r = certificate ? 0 : -EIO;

	if (r == 0)
		r = key_save(folder, name->key, key);
	if (r == 0)
		r = key_save(folder, name->ca_key, ca_key);
	if (r == 0)
		r = certificate_save(folder, name->ca_certificate, ca);
	if (r == 0)
		r = certificate_save(folder, name->certificate, certificate);
	X509_free(certificate);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	return r;
}

static void folder_remove(const char *path, int folder)
{
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		unlinkat(folder, names[i].key, 0);
		unlinkat(folder, names[i].certificate, 0);
		unlinkat(folder, names[i].ca_key, 0);
		unlinkat(folder, names[i].ca_certificate, 0);
	}
	rmdir(path);
}

static int pki_make(const char *path, time_t not_after)
{
	_cleanup_(bytes_close_fd) int folder = -1;
	char temporary[PATH_MAX];
	int len = (int)strlen(path), r = 0;

	while (len > 1 && path[len - 1] == '/')
		len--;
	if (snprintf(temporary, PATH_MAX, "%.*s.XXXXXX", len, path) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (!mkdtemp(temporary))
		return -errno;
	folder = open(temporary, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	if (folder < 0 || fchmod(folder, 0755) < 0)
		r = -errno;

	for (int i = 0; r == 0 && i < PURPOSE_COUNT; i++)
		r = pair_make((enum purpose)i, folder, not_after);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0)
		folder_remove(temporary, folder);
	return r == -EEXIST ? -ENOTEMPTY : r;
}

static int part_read(struct bytes *part, const char *folder, const char *name)
{
	char path[PATH_MAX];

	if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	return bytes_read_file(part, path, FILE_LEN_MAX);
}

static int pair_load(struct key_pair *pair, const struct part_names *name, const char *folder)
{
	_cleanup_(bytes_clear) struct bytes pem = {0};
	int r = part_read(&pem, folder, name->key);

	if (r == 0)
		r = part_read(&pair->certificate, folder, name->certificate);
	if (r == 0)
		r = part_read(&pair->ca_certificate, folder, name->ca_certificate);
	if (r < 0)
		return r;

	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);

	pair->key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return pair->key && EVP_PKEY_get_bits(pair->key) == RSA_BITS ? 0 : -EIO;
}

static int pki_load(struct pki *pki, const char *folder)
{
	int r = 0;

	*pki = (struct pki){0};
	for (int i = 0; r == 0 && i < PURPOSE_COUNT; i++)
		r = pair_load(&pki->of[i], &names[i], folder);
	if (r < 0)
		pki_clear(pki);
	return r;
}

int pki_open(struct pki *pki, const char *folder, time_t not_after)
{
	int made, r = pki_load(pki, folder);

	if (r != -ENOENT)
		return r;
	made = pki_make(folder, not_after);
	if (made < 0 && made != -ENOTEMPTY)
		return made;

	/* When the folder was not empty another card may have made it since. */
	r = pki_load(pki, folder);
	return r == -ENOENT ? -ENOTEMPTY : r;
}

void pki_clear(struct pki *pki)
{
	for (int i = 0; i < PURPOSE_COUNT; i++) {
		EVP_PKEY_free(pki->of[i].key);
		bytes_clear(&pki->of[i].certificate);
		bytes_clear(&pki->of[i].ca_certificate);
	}
	*pki = (struct pki){0};
}
