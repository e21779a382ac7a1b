/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a CMS file, in DER, BER or PEM: refused with one sentence, or read to a structure
 * that OpenSSL can write.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/cms/cms-file.h"
#include "client/cms/content.h"
#include "client/failure.h"
#include "tests/fuzz/fuzz.h"

static unsigned int said;

/* In place of client/failure.c's, which would print each. */
int failure_say(enum failure failure, const char *format, ...)
{
	said++;
	return (int)failure;
}

int failure_no_memory(void)
{
	return failure_say(FAILURE_OTHER, "%s", "");
}

static void fuzz_file(const char *file)
{
	struct content content = { 0 };
	const struct cms_taker taker = { content_begin, content_take, &content };
	CLEANUP(CMS_ContentInfo_freep) CMS_ContentInfo *cms = NULL;
	bool has_content;
	int failure;

	said = 0;
	failure = cms_file_read(file, &taker, &has_content, &cms);
	HOLDS(said == (failure != 0));
	HOLDS(!cms == (failure != 0));
	HOLDS(!cms || i2d_CMS_ContentInfo(cms, NULL) > 0);
	content_clear(&content);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	CLEANUP(closep) int fd = memfd_create("cms", MFD_CLOEXEC);
	char file[32];

	HOLDS(fd >= 0 && write(fd, bytes, length) == (ssize_t)length);
	snprintf(file, sizeof(file), "/proc/self/fd/%d", fd);
	fuzz_file(file);
	return 0;
}
