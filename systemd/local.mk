# SPDX-License-Identifier: LGPL-2.1-or-later
# The service manager and the journal.
noinst_LIBRARIES += systemd/libsystemd-jpkid.a
systemd_libsystemd_jpkid_a_SOURCES = \
	systemd/journal.c systemd/journal.h \
	systemd/notify.c systemd/notify.h
systemd_libsystemd_jpkid_a_CFLAGS = $(AM_CFLAGS) $(SYSTEMD_CFLAGS)

systemdsystemunit_DATA = systemd/jpkid.service
systemduserunit_DATA = systemd/jpkid-agent.service
systemd/jpkid.service: systemd/jpkid.service.in Makefile
systemd/jpkid-agent.service: systemd/jpkid-agent.service.in Makefile
$(systemdsystemunit_DATA) $(systemduserunit_DATA):
	$(AM_V_GEN)$(MKDIR_P) systemd && $(SED) -e 's|@libexecdir[@]|$(libexecdir)|g' -e 's|@service_type[@]|$(service_type)|' $(srcdir)/$@.in > $@
CLEANFILES += $(systemdsystemunit_DATA) $(systemduserunit_DATA)

dist_catalog_DATA = systemd/jpkid.catalog systemd/jpkid.ja.catalog

sysusersdir = @sysusersdir@
install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(sysusersdir)"
	$(INSTALL_DATA) $(srcdir)/systemd/jpkid-sysusers.conf "$(DESTDIR)$(sysusersdir)/jpkid.conf"
uninstall-local:
	rm -f "$(DESTDIR)$(sysusersdir)/jpkid.conf"

EXTRA_DIST += systemd/jpkid.service.in systemd/jpkid-agent.service.in systemd/jpkid-sysusers.conf
