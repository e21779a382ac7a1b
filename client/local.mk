# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs of the service's users, over D-Bus only.
bin_PROGRAMS += client/jpkictl
client_jpkictl_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
client_jpkictl_LDADD = dbus/libdbus-jpkid.a base/libbase.a $(DBUS_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS)
client_jpkictl_SOURCES = \
	client/agent.c client/agent.h \
	client/applet-call.c client/applet-call.h \
	client/certificate.c client/certificate.h \
	client/command.c client/command.h \
	client/dictionary.c client/dictionary.h \
	client/failure.c client/failure.h \
	client/inventory.c client/inventory.h \
	client/jpkictl.c \
	client/json.c client/json.h \
	client/new-pin.c client/new-pin.h \
	client/openssl.h \
	client/output.c client/output.h \
	client/pin.c client/pin.h \
	client/scheme.c client/scheme.h \
	client/service.c client/service.h \
	client/session.c client/session.h \
	client/terminal.c client/terminal.h \
	client/terminal-agent.c client/terminal-agent.h \
	client/text.c client/text.h

libexec_PROGRAMS += client/jpkid-agent
client_jpkid_agent_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(SYSTEMD_CFLAGS) $(ASSUAN_CFLAGS)
client_jpkid_agent_LDADD = dbus/libdbus-jpkid.a base/libbase.a $(DBUS_LIBS) $(SYSTEMD_LIBS) $(ASSUAN_LIBS)
client_jpkid_agent_SOURCES = \
	client/agent.c client/agent.h \
	client/caller.c client/caller.h \
	client/dictionary.c client/dictionary.h \
	client/failure.c client/failure.h \
	client/inquiry.c client/inquiry.h \
	client/jpkid-agent.c \
	client/pinentry.c client/pinentry.h \
	client/prompt.c client/prompt.h \
	client/service.c client/service.h \
	client/text.c client/text.h
