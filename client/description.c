/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/description.h"

#define FIELD(key, type, member) { key, type, offsetof(struct description, member) }

const struct field description_fields[] = {
	FIELD("purpose", DBUS_TYPE_STRING, purpose),
	FIELD("subject", DBUS_TYPE_STRING, subject),
	FIELD("subject-alternative", DBUS_TYPE_STRING, subject_alternative),
	FIELD("issuer", DBUS_TYPE_STRING, issuer),
	FIELD("issuer-alternative", DBUS_TYPE_STRING, issuer_alternative),
	FIELD("serial", DBUS_TYPE_STRING, serial),
	FIELD("key", DBUS_TYPE_STRING, key),
	FIELD("fingerprint-sha256", DBUS_TYPE_STRING, fingerprint),
	FIELD("policy", DBUS_TYPE_STRING, policy),
	FIELD("cps", DBUS_TYPE_STRING, cps),
	FIELD("not-before", DBUS_TYPE_UINT64, not_before),
	FIELD("not-after", DBUS_TYPE_UINT64, not_after),
	FIELD("renewable-from", DBUS_TYPE_UINT64, renewable_from),
	FIELD("state", DBUS_TYPE_STRING, state),
	FIELD("revocation", DBUS_TYPE_STRING, revocation),
	{ 0 },
};

const struct field description_holder_fields[] = {
	FIELD("name", DBUS_TYPE_STRING, name),
	FIELD("name-substituted", DBUS_TYPE_STRING, name_substituted),
	FIELD("gender", DBUS_TYPE_STRING, gender),
	FIELD("birth-date", DBUS_TYPE_STRING, birth_date),
	FIELD("birth-era", DBUS_TYPE_STRING, birth_era),
	FIELD("address", DBUS_TYPE_STRING, address),
	FIELD("address-substituted", DBUS_TYPE_STRING, address_substituted),
	{ 0 },
};

int description_read(struct description *description, DBusMessage *reply)
{
	DBusMessageIter dictionary, holder;
	int r;

	dbus_message_iter_init(reply, &dictionary);
	r = dictionary_read(&dictionary, description_fields, false, description);
	if (r < 0 || !dictionary_find(&dictionary, "holder", &holder))
		return r;
	description->has_holder = true;
	return dictionary_read(&holder, description_holder_fields, false, description);
}

void description_clear(struct description *description)
{
	dictionary_clear(description_fields, description);
	dictionary_clear(description_holder_fields, description);
}
