# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs of the service's users, over D-Bus only.
bin_PROGRAMS += client/jpkictl
client_jpkictl_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
client_jpkictl_LDADD = dbus/libdbus-jpkid.a base/libbase.a $(DBUS_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS)
client_jpkictl_SOURCES = \
	client/advice.c client/advice.h \
	client/agent.c client/agent.h \
	client/anchors.c client/anchors.h \
	client/applet.c client/applet.h \
	client/applet-call.c client/applet-call.h \
	client/ber.c client/ber.h \
	client/birth.c client/birth.h \
	client/calendar.c client/calendar.h \
	client/certificate.c client/certificate.h \
	client/certificate-file.c client/certificate-file.h \
	client/cms-draft.c client/cms-draft.h \
	client/cms-file.c client/cms-file.h \
	client/command.h \
	client/command-cert.c \
	client/command-diagnose.c \
	client/command-line.c client/command-line.h \
	client/command-monitor.c \
	client/command-pin.c \
	client/command-sign.c \
	client/command-status.c \
	client/command-verify.c \
	client/commands.c \
	client/completion.c client/completion.h \
	client/content.c client/content.h \
	client/description.c client/description.h \
	client/diagnosis.c client/diagnosis-card.c client/diagnosis-machine.c \
	client/diagnosis.h client/diagnosis-steps.h \
	client/dictionary.c client/dictionary.h \
	client/envelope.c client/envelope.h \
	client/event.c client/event.h \
	client/explanation.c client/explanation.h \
	client/failure.c client/failure.h \
	client/help.c client/help.h \
	client/inventory.c client/inventory.h \
	client/jpkictl.c \
	client/json.h \
	client/json-description.c \
	client/json-diagnosis.c \
	client/json-event.c \
	client/json-status.c \
	client/json-value.c client/json-value.h \
	client/json-verification.c \
	client/label.c client/label.h \
	client/language.c client/language.h \
	client/new-pin.c client/new-pin.h \
	client/openssl.h \
	client/output.c client/output.h \
	client/permission.c client/permission.h \
	client/pin.c client/pin.h \
	client/reader.c client/reader.h \
	client/refusal.c client/refusal.h \
	client/scheme.c client/scheme.h \
	client/service.c client/service.h \
	client/session.c client/session.h \
	client/sheet.c client/sheet.h \
	client/signer.c client/signer.h \
	client/source.c client/source.h \
	client/spool.c client/spool.h \
	client/stream.c client/stream.h \
	client/style.c client/style.h \
	client/substitute.c client/substitute.h \
	client/terminal.c client/terminal.h \
	client/terminal-agent.c client/terminal-agent.h \
	client/text.c client/text.h \
	client/usb.c client/usb.h \
	client/verification.c client/verification.h

# Both ask jpkictl for what can be typed.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = client/completions/jpkictl
dist_zshcompletion_DATA = client/completions/_jpkictl

libexec_PROGRAMS += client/jpkid-agent
client_jpkid_agent_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(SYSTEMD_CFLAGS) $(ASSUAN_CFLAGS) $(CRYPTO_CFLAGS)
client_jpkid_agent_LDADD = dbus/libdbus-jpkid.a base/libbase.a $(DBUS_LIBS) $(SYSTEMD_LIBS) $(ASSUAN_LIBS) $(CRYPTO_LIBS)
client_jpkid_agent_SOURCES = \
	client/advice.c client/advice.h \
	client/agent.c client/agent.h \
	client/calendar.c client/calendar.h \
	client/caller.c client/caller.h \
	client/cards.c client/cards.h \
	client/description.c client/description.h \
	client/dictionary.c client/dictionary.h \
	client/failure.c client/failure.h \
	client/inquiry.c client/inquiry.h \
	client/inventory.c client/inventory.h \
	client/jpkid-agent.c \
	client/label.c client/label.h \
	client/language.c client/language.h \
	client/notice.c client/notice.h \
	client/notice-book.c client/notice-book.h \
	client/notice-store.c client/notice-store.h \
	client/notices.c client/notices.h \
	client/notifications.c client/notifications.h \
	client/openssl.h \
	client/pinentry.c client/pinentry.h \
	client/prompt.c client/prompt.h \
	client/refusal.c client/refusal.h \
	client/service.c client/service.h \
	client/text.c client/text.h
