# SPDX-License-Identifier: LGPL-2.1-or-later
# What programs of the service's users share: the service over D-Bus, words, files.
noinst_LIBRARIES += client/libclient.a
client_libclient_a_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(CRYPTO_CFLAGS)
client_libclient_a_SOURCES = \
	client/advice.c client/advice.h \
	client/agent.c client/agent.h \
	client/calendar.c client/calendar.h \
	client/description.c client/description.h \
	client/dictionary.c client/dictionary.h \
	client/failure.c client/failure.h \
	client/inventory.c client/inventory.h \
	client/label.c client/label.h \
	client/language.c client/language.h \
	client/openssl.h \
	client/output.c client/output.h \
	client/refusal.c client/refusal.h \
	client/service.c client/service.h \
	client/source.c client/source.h \
	client/spool.c client/spool.h \
	client/text.c client/text.h \
	client/write-behind.c client/write-behind.h

client_libs = client/libclient.a dbus/libdbus-jpkid.a base/libbase.a
