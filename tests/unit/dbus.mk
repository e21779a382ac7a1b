# SPDX-License-Identifier: LGPL-2.1-or-later
# dbus/, against a dbus-daemon that the tests start themselves.
if HAVE_CMOCKA
check_LIBRARIES += tests/unit/libprivate-bus.a
tests_unit_libprivate_bus_a_SOURCES = \
	tests/unit/private-bus.c tests/unit/private-bus.h \
	tests/unit/thing.c tests/unit/thing.h
tests_unit_libprivate_bus_a_CFLAGS = $(dbus_test_cflags)

dbus_tests = \
	tests/unit/test-authority \
	tests/unit/test-bus \
	tests/unit/test-descriptor \
	tests/unit/test-error \
	tests/unit/test-message \
	tests/unit/test-object \
	tests/unit/test-peer \
	tests/unit/test-properties
check_PROGRAMS += $(dbus_tests)
TESTS += $(dbus_tests)

dbus_test_cflags = $(AM_CFLAGS) $(DBUS_CFLAGS) $(SYSTEMD_CFLAGS)
tests_unit_test_authority_CFLAGS = $(dbus_test_cflags)
tests_unit_test_bus_CFLAGS = $(dbus_test_cflags)
tests_unit_test_descriptor_CFLAGS = $(dbus_test_cflags)
tests_unit_test_error_CFLAGS = $(dbus_test_cflags)
tests_unit_test_message_CFLAGS = $(dbus_test_cflags)
tests_unit_test_object_CFLAGS = $(dbus_test_cflags)
tests_unit_test_peer_CFLAGS = $(dbus_test_cflags)
tests_unit_test_properties_CFLAGS = $(dbus_test_cflags)

dbus_test_libs = tests/unit/libprivate-bus.a dbus/libdbus-jpkid.a base/libbase.a \
	$(DBUS_LIBS) $(SYSTEMD_LIBS) $(CMOCKA_LIBS)
tests_unit_test_authority_LDADD = $(dbus_test_libs)
tests_unit_test_bus_LDADD = $(dbus_test_libs)
tests_unit_test_descriptor_LDADD = $(dbus_test_libs)
tests_unit_test_error_LDADD = $(dbus_test_libs)
tests_unit_test_message_LDADD = $(dbus_test_libs)
tests_unit_test_object_LDADD = $(dbus_test_libs)
tests_unit_test_peer_LDADD = $(dbus_test_libs)
tests_unit_test_properties_LDADD = $(dbus_test_libs)
endif
