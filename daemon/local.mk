# SPDX-License-Identifier: LGPL-2.1-or-later
# The objects and what ties all together. All but main() is a library, so that tests can link it.
libexec_PROGRAMS += daemon/jpkid
noinst_LIBRARIES += daemon/libdaemon.a

daemon_libdaemon_a_SOURCES = \
	daemon/admission.c daemon/admission.h \
	daemon/agents.c daemon/agents.h \
	daemon/applet-dbus.c \
	daemon/audit.c daemon/audit.h \
	daemon/card.c daemon/card.h \
	daemon/card-dbus.c \
	daemon/certificate.c daemon/certificate.h \
	daemon/config.c daemon/config.h \
	daemon/config-file.c daemon/config-file.h \
	daemon/daemon.c daemon/daemon.h \
	daemon/digest.c daemon/digest.h \
	daemon/drain.c daemon/drain.h \
	daemon/error-dbus.c daemon/error-dbus.h \
	daemon/guard.c daemon/guard.h \
	daemon/job.c daemon/job.h \
	daemon/lease.c daemon/lease.h \
	daemon/ledger.c daemon/ledger.h \
	daemon/ledger-file.c daemon/ledger-file.h \
	daemon/ledger-page.c daemon/ledger-page.h \
	daemon/log-control-dbus.c \
	daemon/mailbox.c daemon/mailbox.h \
	daemon/manager.c daemon/manager.h \
	daemon/manager-dbus.c \
	daemon/openssl.c daemon/openssl.h \
	daemon/options.c daemon/options.h \
	daemon/pcsc.c daemon/pcsc.h \
	daemon/pin-pad.c daemon/pin-pad.h \
	daemon/pin-source.c daemon/pin-source.h \
	daemon/public-key.c daemon/public-key.h \
	daemon/reader.c daemon/reader.h \
	daemon/reader-dbus.c \
	daemon/request.c daemon/request.h \
	daemon/rules.h \
	daemon/scheme.c daemon/scheme.h \
	daemon/session.c daemon/session.h \
	daemon/sleep.c daemon/sleep.h \
	daemon/thread.c daemon/thread.h \
	daemon/watcher.c daemon/watcher.h \
	daemon/worker.c daemon/worker.h
daemon_libdaemon_a_CPPFLAGS = $(AM_CPPFLAGS) -DSYSCONFDIR='"$(sysconfdir)"' -DPREFIX='"$(prefix)"'
daemon_libdaemon_a_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(SYSTEMD_CFLAGS) $(PCSC_CFLAGS) $(CRYPTO_CFLAGS) \
	$(INIH_CFLAGS)

daemon_jpkid_SOURCES = daemon/main.c
daemon_jpkid_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(SYSTEMD_CFLAGS)
daemon_jpkid_LDADD = $(daemon_archives)

daemon_archives = \
	daemon/libdaemon.a apdu/libapdu.a dbus/libdbus-jpkid.a systemd/libsystemd-jpkid.a base/libbase.a \
	$(DBUS_LIBS) $(SYSTEMD_LIBS) $(PCSC_LIBS) $(CRYPTO_LIBS) $(INIH_LIBS)

# An administrator's own is never written over, nor taken away.
install-data-hook:
	$(MKDIR_P) "$(DESTDIR)$(sysconfdir)"
	test -e "$(DESTDIR)$(sysconfdir)/jpkid.conf" || \
		$(INSTALL_DATA) $(srcdir)/daemon/jpkid.conf "$(DESTDIR)$(sysconfdir)"
uninstall-hook:
	! cmp -s $(srcdir)/daemon/jpkid.conf "$(DESTDIR)$(sysconfdir)/jpkid.conf" || \
		rm -f "$(DESTDIR)$(sysconfdir)/jpkid.conf"
EXTRA_DIST += daemon/jpkid.conf
