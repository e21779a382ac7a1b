/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps that are about this computer: bus, service, polkit and pcscd. */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "client/jpkictl/diagnosis-steps.h"
#include "client/jpkictl/permission.h"
#include "client/language.h"

/* --- the bus and the service ------ */

void check_bus(struct diagnosis *diagnosis, const struct step *step, struct finding *finding)
{
	struct refusal refusal;

	if (service_connect(&diagnosis->session.service, &refusal))
		finding_set(finding, VERDICT_ALL_RIGHT, "reached", NULL, "%s", _("can be reached"));
	else if (refusal.result == -ETIMEDOUT)
		finding_set(
			finding, VERDICT_WRONG, "no-answer",
			_("If DBUS_SYSTEM_BUS_ADDRESS is set, unset it. Otherwise restart the "
			  "computer: most programs need the bus, and end when it alone is "
			  "restarted."),
			"%s", _("does not answer"));
	else
		finding_set(finding, VERDICT_WRONG, "unreachable",
			    _("A container needs its host's /run/dbus. Otherwise start it with: "
			      "systemctl start dbus.socket"),
			    _("cannot be reached: %s"), refusal.words);
}

/* NULL: *error says why not, unless memory is missing. */
static DBusMessage *start_service(DBusConnection *bus, DBusError *error)
{
	CLEANUP(message_unrefp) DBusMessage *message = dbus_message_new_method_call(
		DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, "StartServiceByName");
	struct writer writer;

	if (!message)
		return NULL;
	writer_begin(&writer, message);
	writer_string(&writer, SERVICE_NAME);
	writer_uint32(&writer, 0);
	if (writer_finish(&writer) < 0)
		return NULL;
	return dbus_connection_send_with_reply_and_block(bus, message, SERVICE_START_PATIENCE,
							 error);
}

static bool service_is_started(DBusConnection *bus, struct finding *finding)
{
	DBusError error = DBUS_ERROR_INIT;
	CLEANUP(message_unrefp) DBusMessage *reply = NULL;

	if (dbus_bus_name_has_owner(bus, SERVICE_NAME, NULL))
		return true;
	reply = start_service(bus, &error);
	if (reply)
		return true;
	if (dbus_error_has_name(&error, DBUS_ERROR_SERVICE_UNKNOWN))
		finding_set(finding, VERDICT_WRONG, "not-installed",
			    _("Install it with: apt install jpkid"), "%s", _("is not installed"));
	else
		finding_set(
			finding, VERDICT_WRONG, "fails-to-start",
			_("To see the reason: systemctl status jpkid, and: journalctl -u jpkid"),
			_("does not start: %s"), error.message ? error.message : "");
	dbus_error_free(&error);
	return false;
}

void check_service(struct diagnosis *diagnosis, const struct step *step, struct finding *finding)
{
	DBusConnection *bus = diagnosis->session.service;
	struct refusal refusal;

	if (!service_is_started(bus, finding))
		return;
	if (inventory_load(&diagnosis->session.inventory, bus, SERVICE_ANSWER_PATIENCE, &refusal)) {
		diagnosis->reader = session_nearest_reader(&diagnosis->session);
		finding_set(finding, VERDICT_ALL_RIGHT, "running", NULL, "%s", _("is running"));
	} else if (refusal.result == -ETIMEDOUT || refusal.result == -ENOTCONN) {
		finding_set(finding, VERDICT_WRONG, "no-answer",
			    _("Restart it with: systemctl restart jpkid"), "%s",
			    _("runs, but does not answer"));
	} else {
		finding_set_refused(finding, &refusal);
	}
}

void check_version(struct diagnosis *diagnosis, const struct step *step, struct finding *finding)
{
	const char *version = diagnosis->session.inventory.manager.version;

	if (strcmp(version, PACKAGE_VERSION) == 0)
		finding_set(finding, VERDICT_ALL_RIGHT, "same", NULL, "%s", version);
	else
		finding_set(finding, VERDICT_WRONG, "different",
			    _("Restart the service with: systemctl restart jpkid"),
			    _("the service has version %s, jpkictl has version %s"), version,
			    PACKAGE_VERSION);
}

/* --- polkit and pcscd ------ */

void check_permission(struct diagnosis *diagnosis, const struct step *step, struct finding *finding)
{
	DBusConnection *bus = diagnosis->session.service;
	const enum permission to_read = permission_ask(bus, "org.jpkid1.read");
	const enum permission to_use = permission_ask(bus, "org.jpkid1.use");

	diagnosis->may_read = to_read == PERMISSION_GIVEN;
	switch (to_read > to_use ? to_read : to_use) {
	case PERMISSION_GIVEN:
		return finding_set(finding, VERDICT_ALL_RIGHT, "given", NULL, "%s",
				   _("you may read certificates and sign"));
	case PERMISSION_ON_REQUEST:
		return finding_set(
			finding, VERDICT_ALL_RIGHT, "on-request", NULL, "%s",
			_("you may read certificates and sign after polkit has asked you"));
	case PERMISSION_DENIED:
		return finding_set(
			finding, VERDICT_WRONG, "denied",
			_("Cards may be used by a user who is logged in at this computer's own "
			  "screen, not over ssh, by cron or by services. Log in there, use "
			  "sudo, or have the administrator allow you the actions "
			  "org.jpkid1.read and org.jpkid1.use by a rule in "
			  "/etc/polkit-1/rules.d."),
			"%s",
			diagnosis->may_read ? _("polkit allows you to read certificates in this "
						"session, but not to sign") :
					      _("polkit does not allow you to use cards in this "
						"session"));
	case PERMISSION_NOT_KNOWN:
		return finding_set(finding, VERDICT_WRONG, "not-known",
				   _("Install the service again: apt install --reinstall jpkid"),
				   "%s",
				   _("polkit does not know the actions of the service jpkid"));
	case PERMISSION_NO_POLKIT:
		return finding_set(
			finding, VERDICT_WRONG, "no-polkit",
			_("Until polkit answers, only root may use cards. If it is not "
			  "installed: apt install polkitd"),
			"%s", _("polkit does not answer"));
	}
}

void check_pcscd(struct diagnosis *diagnosis, const struct step *step, struct finding *finding)
{
	const char *state = diagnosis->session.inventory.manager.pcsc_state;

	if (strcmp(state, "available") == 0)
		finding_set(finding, VERDICT_ALL_RIGHT, "available", NULL, "%s", _("answers"));
	else if (strcmp(state, "refused") == 0)
		finding_set(
			finding, VERDICT_WRONG, "refused",
			_("The polkit rule for it is missing. Install it with: apt install "
			  "--reinstall jpkid, and then: systemctl restart polkit jpkid"),
			"%s", _("does not let the service jpkid use it"));
	else if (access("/usr/sbin/pcscd", X_OK) == 0)
		finding_set(finding, VERDICT_WRONG, "absent",
			    _("Start it with: systemctl start pcscd.socket"), "%s",
			    _("is not running"));
	else
		finding_set(finding, VERDICT_WRONG, "not-installed",
			    _("Install it with: apt install pcscd"), "%s", _("is not installed"));
}
