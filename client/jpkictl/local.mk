# SPDX-License-Identifier: LGPL-2.1-or-later
# The command-line tool.
bin_PROGRAMS += client/jpkictl/jpkictl
client_jpkictl_jpkictl_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(CRYPTO_CFLAGS) $(JANSSON_CFLAGS)
client_jpkictl_jpkictl_LDADD = client/cms/libcms.a $(client_libs) $(DBUS_LIBS) $(CRYPTO_LIBS) $(JANSSON_LIBS)
client_jpkictl_jpkictl_SOURCES = \
	client/jpkictl/applet.c client/jpkictl/applet.h \
	client/jpkictl/applet-call.c client/jpkictl/applet-call.h \
	client/jpkictl/birth.c client/jpkictl/birth.h \
	client/jpkictl/certificate.c client/jpkictl/certificate.h \
	client/jpkictl/command.h \
	client/jpkictl/command-cert.c \
	client/jpkictl/command-diagnose.c \
	client/jpkictl/command-line.c client/jpkictl/command-line.h \
	client/jpkictl/command-monitor.c \
	client/jpkictl/command-pin.c \
	client/jpkictl/command-sign.c \
	client/jpkictl/command-status.c \
	client/jpkictl/command-verify.c \
	client/jpkictl/commands.c \
	client/jpkictl/completion.c client/jpkictl/completion.h \
	client/jpkictl/diagnosis.c client/jpkictl/diagnosis.h \
	client/jpkictl/diagnosis-card.c \
	client/jpkictl/diagnosis-machine.c \
	client/jpkictl/diagnosis-steps.h \
	client/jpkictl/event.c client/jpkictl/event.h \
	client/jpkictl/explanation.c client/jpkictl/explanation.h \
	client/jpkictl/follower.c client/jpkictl/follower.h \
	client/jpkictl/help.c client/jpkictl/help.h \
	client/jpkictl/jpkictl.c \
	client/jpkictl/issuers.c client/jpkictl/issuers.h \
	client/jpkictl/json.h \
	client/jpkictl/json-description.c \
	client/jpkictl/json-diagnosis.c \
	client/jpkictl/json-event.c \
	client/jpkictl/json-status.c \
	client/jpkictl/json-value.c client/jpkictl/json-value.h \
	client/jpkictl/json-verification.c \
	client/jpkictl/new-pin.c client/jpkictl/new-pin.h \
	client/jpkictl/permission.c client/jpkictl/permission.h \
	client/jpkictl/pin.c client/jpkictl/pin.h \
	client/jpkictl/reader.c client/jpkictl/reader.h \
	client/jpkictl/session.c client/jpkictl/session.h \
	client/jpkictl/sheet.c client/jpkictl/sheet.h \
	client/jpkictl/style.c client/jpkictl/style.h \
	client/jpkictl/substitute.c client/jpkictl/substitute.h \
	client/jpkictl/terminal.c client/jpkictl/terminal.h \
	client/jpkictl/terminal-agent.c client/jpkictl/terminal-agent.h \
	client/jpkictl/usb.c client/jpkictl/usb.h

# Both ask jpkictl for what can be typed.
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = client/jpkictl/completions/jpkictl
dist_zshcompletion_DATA = client/jpkictl/completions/_jpkictl
