# SPDX-License-Identifier: LGPL-2.1-or-later
# The agent of a session: asks for PINs through pinentry, and tells of certificates that end.
libexec_PROGRAMS += client/jpkid-agent/jpkid-agent
client_jpkid_agent_jpkid_agent_CFLAGS = \
	$(AM_CFLAGS) $(DBUS_CFLAGS) $(SYSTEMD_CFLAGS) $(ASSUAN_CFLAGS) $(CRYPTO_CFLAGS)
client_jpkid_agent_jpkid_agent_LDADD = \
	$(client_libs) $(DBUS_LIBS) $(SYSTEMD_LIBS) $(ASSUAN_LIBS) $(CRYPTO_LIBS)
client_jpkid_agent_jpkid_agent_SOURCES = \
	client/jpkid-agent/caller.c client/jpkid-agent/caller.h \
	client/jpkid-agent/cards.c client/jpkid-agent/cards.h \
	client/jpkid-agent/inquiry.c client/jpkid-agent/inquiry.h \
	client/jpkid-agent/jpkid-agent.c \
	client/jpkid-agent/notice.c client/jpkid-agent/notice.h \
	client/jpkid-agent/notice-book.c client/jpkid-agent/notice-book.h \
	client/jpkid-agent/notice-store.c client/jpkid-agent/notice-store.h \
	client/jpkid-agent/notices.c client/jpkid-agent/notices.h \
	client/jpkid-agent/notifications.c client/jpkid-agent/notifications.h \
	client/jpkid-agent/pinentry.c client/jpkid-agent/pinentry.h \
	client/jpkid-agent/prompt.c client/jpkid-agent/prompt.h \
	client/jpkid-agent/questions.c client/jpkid-agent/questions.h
