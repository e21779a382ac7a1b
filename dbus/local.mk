# SPDX-License-Identifier: LGPL-2.1-or-later
# libdbus in an sd-event loop, objects from tables, authorisation; and what other packages read of the service.
noinst_LIBRARIES += dbus/libdbus-jpkid.a
dbus_libdbus_jpkid_a_CFLAGS = $(AM_CFLAGS) $(DBUS_CFLAGS) $(SYSTEMD_CFLAGS)
dbus_libdbus_jpkid_a_SOURCES = \
	dbus/authority.c dbus/authority.h \
	dbus/bus.c dbus/bus.h \
	dbus/call.c dbus/call.h \
	dbus/connection.c dbus/connection.h \
	dbus/descriptor.c dbus/descriptor.h \
	dbus/error.c dbus/error.h \
	dbus/interface.h \
	dbus/introspect.c \
	dbus/logind.c dbus/logind.h \
	dbus/loop.c dbus/loop.h \
	dbus/message.c dbus/message.h \
	dbus/object-manager.c \
	dbus/object-tree.h \
	dbus/object.c dbus/object.h \
	dbus/path.c dbus/path.h \
	dbus/peer.c dbus/peer.h \
	dbus/polkit.c dbus/polkit.h \
	dbus/properties.c

dbusinterfacesdir = $(datadir)/dbus-1/interfaces
dist_dbusinterfaces_DATA = dbus/org.jpkid1.xml

dbussystempolicydir = $(datadir)/dbus-1/system.d
dist_dbussystempolicy_DATA = dbus/org.jpkid1.conf

dbussystemservicesdir = $(datadir)/dbus-1/system-services
dist_dbussystemservices_DATA = dbus/org.jpkid1.service

polkitactionsdir = $(datadir)/polkit-1/actions
dist_polkitactions_DATA = dbus/org.jpkid1.policy

polkitrulesdir = $(datadir)/polkit-1/rules.d
dist_polkitrules_DATA = dbus/60-jpkid.rules
