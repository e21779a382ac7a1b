# SPDX-License-Identifier: LGPL-2.1-or-later
# What is said to the card: nothing of PC/SC, D-Bus or systemd.
noinst_LIBRARIES += apdu/libapdu.a
apdu_libapdu_a_SOURCES = \
	apdu/channel.h \
	apdu/command.c apdu/command.h \
	apdu/digest-info.c apdu/digest-info.h \
	apdu/exchange.c apdu/exchange.h \
	apdu/jpki.c apdu/jpki.h \
	apdu/jpki-certificate.c \
	apdu/jpki-file.c apdu/jpki-file.h \
	apdu/jpki-object.c apdu/jpki-object.h \
	apdu/jpki-pin.c \
	apdu/pin.c apdu/pin.h \
	apdu/response.c apdu/response.h \
	apdu/status.c apdu/status.h \
	apdu/tlv.c apdu/tlv.h
