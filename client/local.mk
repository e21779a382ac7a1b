# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs of the service's users, over D-Bus only.
bin_PROGRAMS += client/jpkictl
client_jpkictl_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
client_jpkictl_LDADD = dbus/libdbus-jpkid.a base/libbase.a $(DBUS_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS)
client_jpkictl_SOURCES = \
	client/applet-call.c client/applet-call.h \
	client/certificate.c client/certificate.h \
	client/command.c client/command.h \
	client/dictionary.c client/dictionary.h \
	client/failure.c client/failure.h \
	client/inventory.c client/inventory.h \
	client/jpkictl.c \
	client/json.c client/json.h \
	client/openssl.h \
	client/output.c client/output.h \
	client/pin.c client/pin.h \
	client/scheme.c client/scheme.h \
	client/service.c client/service.h \
	client/session.c client/session.h \
	client/terminal.c client/terminal.h \
	client/text.c client/text.h
