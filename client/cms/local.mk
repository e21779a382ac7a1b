# SPDX-License-Identifier: LGPL-2.1-or-later
# Signatures in files, made and verified: nothing of the service, of cards or of a command line.
noinst_LIBRARIES += client/cms/libcms.a
client_cms_libcms_a_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
client_cms_libcms_a_SOURCES = \
	client/cms/anchors.c client/cms/anchors.h \
	client/cms/ber.c client/cms/ber.h \
	client/cms/certificate-file.c client/cms/certificate-file.h \
	client/cms/cms-draft.c client/cms/cms-draft.h \
	client/cms/cms-file.c client/cms/cms-file.h \
	client/cms/content.c client/cms/content.h \
	client/cms/envelope.c client/cms/envelope.h \
	client/cms/scheme.c client/cms/scheme.h \
	client/cms/signer.c client/cms/signer.h \
	client/cms/stream.c client/cms/stream.h \
	client/cms/verification.c client/cms/verification.h
