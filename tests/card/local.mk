# SPDX-License-Identifier: LGPL-2.1-or-later
# The virtual JPKI card: the judge of the middleware, so it shares no code with it.
check_PROGRAMS += tests/card/virtual-card
tests_card_virtual_card_SOURCES = \
	%D%/bytes.c %D%/bytes.h \
	%D%/card.c %D%/card.h \
	%D%/certificate.c %D%/certificate.h \
	%D%/command.c %D%/command.h \
	%D%/control.c %D%/control.h \
	%D%/ef.c %D%/ef.h \
	%D%/fault.c %D%/fault.h \
	%D%/field.c %D%/field.h \
	%D%/main.c \
	%D%/options.c %D%/options.h \
	%D%/pins.c %D%/pins.h \
	%D%/pki.c %D%/pki.h \
	%D%/purpose.h \
	%D%/record.c %D%/record.h \
	%D%/signature.c %D%/signature.h \
	%D%/vpcd.c %D%/vpcd.h
tests_card_virtual_card_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS)
tests_card_virtual_card_LDADD = $(CRYPTO_LIBS)

TESTS += %D%/selftest.py
EXTRA_DIST += %D%/reader.py %D%/selftest.py %D%/opensc-judges-the-card
