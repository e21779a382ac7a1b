/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bus side of an applet: arguments in, a job, a reply out. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "daemon/admission.h"
#include "daemon/audit.h"
#include "daemon/certificate.h"
#include "daemon/error-dbus.h"
#include "daemon/lease.h"
#include "daemon/scheme.h"

enum {
	SIGN_MANY_MAX = 64,
};

/* --- replies ------ */

/* Ends the call with a body that @write makes of @data; a failure is told as one. */
static void reply(struct request *request, void (*write)(struct writer *writer, const void *data),
		  const void *data)
{
	CLEANUP(message_unrefp) DBusMessage *message = call_new_return(request->call);
	struct writer writer;
	int r = -ENOMEM;

	if (message) {
		writer_begin(&writer, message);
		write(&writer, data);
		r = writer_finish(&writer);
	}
	if (r < 0)
		call_fail_result(request->call, r, request->applet, NULL);
	else
		call_return(request->call, TAKE(message));
}

static void write_nothing(struct writer *writer, const void *data)
{
}

static void write_certificate(struct writer *writer, const void *data)
{
	const struct job *job = data;

	writer_bytes(writer, job->certificate.bytes, job->certificate.length);
}

static void write_tries(struct writer *writer, const void *data)
{
	const struct job *job = data;

	writer_int32(writer, job->tries);
}

static void write_signature(struct writer *writer, const void *data)
{
	const struct job *job = data;

	writer_bytes(writer, job->signatures[0].bytes, job->signatures[0].length);
}

static void write_signatures(struct writer *writer, const void *data)
{
	const struct job *job = data;
	struct writer array;

	writer_open(writer, &array, DBUS_TYPE_ARRAY, "ay");
	for (size_t i = 0; i < job->input_count; i++)
		writer_bytes(&array, job->signatures[i].bytes, job->signatures[i].length);
	writer_close(&array);
}

static void write_descriptor(struct writer *writer, const void *data)
{
	const int *fd = data;

	writer_fd(writer, *fd);
}

static void finish_with_nothing(struct request *request)
{
	reply(request, write_nothing, NULL);
}

static void give_lease(struct request *request, const int *fd)
{
	audit_lease(request->job);
	reply(request, write_descriptor, fd);
}

static void finish_unlock(struct request *request)
{
	CLEANUP(closep) int fd = -1;
	int answer = request->called_off;

	if (answer == 0)
		answer = lease_new(request->applet, request->call, request->job, TAKE(request->pin),
				   &fd);
	if (answer == ANSWER_LIMITS_EXCEEDED)
		call_fail(request->call, answer,
			  "You have as many leases of this card as one may have; close one first.");
	else if (answer != 0)
		call_fail_result(request->call, answer, request->applet, request->job);
	else
		give_lease(request, &fd);
}

static void finish_certificate(struct request *request)
{
	reply(request, write_certificate, request->job);
}

static void finish_tries(struct request *request)
{
	reply(request, write_tries, request->job);
}

/* --- Describe ------ */

static void write_holder(struct writer *dictionary, const struct description *description)
{
	const struct {
		const char *key, *value;
	} attributes[] = {
		{ "name", description->name },
		{ "name-substituted", description->name_substituted },
		{ "gender", description->gender },
		{ "birth-date", description->birth_date },
		{ "birth-era", description->birth_era },
		{ "address", description->address },
		{ "address-substituted", description->address_substituted },
	};
	struct writer entry, variant, holder, attribute;

	writer_open(dictionary, &entry, DBUS_TYPE_DICT_ENTRY, NULL);
	writer_string(&entry, "holder");
	writer_open(&entry, &variant, DBUS_TYPE_VARIANT, "a{ss}");
	writer_open(&variant, &holder, DBUS_TYPE_ARRAY, "{ss}");
	for (size_t i = 0; i < LENGTH_OF(attributes); i++) {
		if (!attributes[i].value)
			continue;
		writer_open(&holder, &attribute, DBUS_TYPE_DICT_ENTRY, NULL);
		writer_string(&attribute, attributes[i].key);
		writer_string(&attribute, attributes[i].value);
		writer_close(&attribute);
	}
	writer_close(&holder);
	writer_close(&variant);
	writer_close(&entry);
}

struct described {
	bool has_holder;
	struct description description;
};

static void described_clear(struct described *described)
{
	description_clear(&described->description);
}

static void write_optional_string(struct writer *dictionary, const char *key, const char *value)
{
	if (value)
		writer_entry_string(dictionary, key, value);
}

static void write_description(struct writer *writer, const void *data)
{
	const struct described *described = data;
	const struct description *description = &described->description;
	struct writer dictionary;

	writer_open(writer, &dictionary, DBUS_TYPE_ARRAY, "{sv}");
	writer_entry_string(&dictionary, "purpose", purpose_name(description->purpose));
	writer_entry_string(&dictionary, "subject", description->subject);
	write_optional_string(&dictionary, "subject-alternative", description->subject_alternative);
	writer_entry_string(&dictionary, "issuer", description->issuer);
	write_optional_string(&dictionary, "issuer-alternative", description->issuer_alternative);
	writer_entry_string(&dictionary, "serial", description->serial);
	writer_entry_string(&dictionary, "key", description->key);
	writer_entry_string(&dictionary, "fingerprint-sha256", description->fingerprint);
	write_optional_string(&dictionary, "policy", description->policy);
	write_optional_string(&dictionary, "cps", description->cps);
	writer_entry_uint64(&dictionary, "not-before", (uint64_t)description->not_before);
	writer_entry_uint64(&dictionary, "not-after", (uint64_t)description->not_after);
	if (description->renewable_from != 0)
		writer_entry_uint64(&dictionary, "renewable-from",
				    (uint64_t)description->renewable_from);
	writer_entry_string(&dictionary, "state", validity_name(description->validity));
	/* JPKI tells contracted verifiers only whether a certificate has been revoked. */
	writer_entry_string(&dictionary, "revocation", "unknown");
	if (described->has_holder)
		write_holder(&dictionary, description);
	writer_close(&dictionary);
}

static void finish_describe(struct request *request)
{
	const struct job *job = request->job;
	CLEANUP(described_clear)
	struct described described = {
		.has_holder = request->applet->kind == JPKI_SIGN &&
			      job->which == JPKI_HOLDER_CERTIFICATE,
	};
	int answer = certificate_describe(job->certificate.bytes, job->certificate.length,
					  time(NULL), &described.description);

	if (answer != 0)
		call_fail_result(request->call, answer, request->applet, NULL);
	else
		reply(request, write_description, &described);
}

/* --- Sign and SignMany ------ */

/* Nothing that the certificate does not verify leaves the daemon. */
static int check_signatures(const struct request *request)
{
	const struct job *job = request->job;

	if (!request->applet->key)
		return ANSWER_CERTIFICATE_UNREADABLE;
	for (size_t i = 0; i < job->input_count; i++) {
		int answer = public_key_verify(request->applet->key, job->padding,
					       job->inputs[i].bytes, job->inputs[i].length,
					       job->signatures[i].bytes, job->signatures[i].length);

		if (answer != 0)
			return answer;
	}
	return 0;
}

static void finish_sign_with(struct request *request,
			     void (*write)(struct writer *writer, const void *data))
{
	int answer = check_signatures(request);

	if (answer != 0)
		call_fail_result(request->call, answer, request->applet, request->job);
	else
		reply(request, write, request->job);
}

static void finish_sign(struct request *request)
{
	finish_sign_with(request, write_signature);
}

static void finish_sign_many(struct request *request)
{
	finish_sign_with(request, write_signatures);
}

/* Reads @count inputs (ay) from @iter on into the job. */
static int read_inputs(struct job *job, const char *name, DBusMessageIter *iter, size_t count)
{
	const struct scheme *scheme = scheme_find(name);

	if (!scheme)
		return ANSWER_UNSUPPORTED_SCHEME;
	job->scheme = scheme_name(scheme);
	job->padding = scheme_padding(scheme);
	job->inputs = calloc(count, sizeof(*job->inputs));
	if (!job->inputs)
		return -ENOMEM;

	for (; job->input_count < count; job->input_count++) {
		const uint8_t *bytes;
		size_t length;
		int answer;

		message_read_bytes(iter, &bytes, &length);
		answer = scheme_prepare(scheme, bytes, length, &job->inputs[job->input_count]);
		if (answer != 0)
			return answer;
		dbus_message_iter_next(iter);
	}
	return 0;
}

static void handle_sign_call(struct call *call, bool many, void (*finish)(struct request *request))
{
	DBusMessageIter iter, inputs, options;
	struct request *request;
	const char *scheme;
	size_t count = 1;
	int answer;

	dbus_message_iter_init(call_message(call), &iter);
	dbus_message_iter_get_basic(&iter, &scheme);
	dbus_message_iter_next(&iter);
	inputs = options = iter;
	if (many) {
		count = (size_t)dbus_message_iter_get_element_count(&iter);
		dbus_message_iter_recurse(&iter, &inputs);
	}
	dbus_message_iter_next(&options);

	request = request_new(call, &options, JOB_SIGN, finish);
	if (!request)
		return;
	if (count < 1 || count > SIGN_MANY_MAX)
		return request_fail(request, ANSWER_INVALID_INPUT,
				    "SignMany takes 1 to 64 inputs.");
	answer = read_inputs(request->job, scheme, &inputs, count);
	if (answer == ANSWER_INVALID_INPUT)
		request_fail(request, answer,
			     "An input has another length than the scheme takes: that of its "
			     "digest, or 1 to 245 bytes for rsa-pkcs1.");
	else if (answer != 0)
		request_fail(request, answer, NULL);
	else
		admission_run(request);
}

static void handle_sign(struct call *call)
{
	handle_sign_call(call, false, finish_sign);
}

static void handle_sign_many(struct call *call)
{
	handle_sign_call(call, true, finish_sign_many);
}

/* --- methods that have options only ------ */

static struct request *request_of_options(struct call *call, enum job_kind kind,
					  void (*finish)(struct request *request))
{
	DBusMessageIter iter;

	dbus_message_iter_init(call_message(call), &iter);
	return request_new(call, &iter, kind, finish);
}

static void handle_certificate_call(struct call *call, enum jpki_certificate which,
				    void (*finish)(struct request *request))
{
	struct request *request = request_of_options(call, JOB_READ_CERTIFICATE, finish);

	if (!request)
		return;
	request->job->which = which;
	admission_run(request);
}

static void handle_get_certificate(struct call *call)
{
	handle_certificate_call(call, JPKI_HOLDER_CERTIFICATE, finish_certificate);
}

static void handle_get_issuer_certificate(struct call *call)
{
	handle_certificate_call(call, JPKI_ISSUER_CERTIFICATE, finish_certificate);
}

static void handle_describe(struct call *call)
{
	handle_certificate_call(call, JPKI_HOLDER_CERTIFICATE, finish_describe);
}

static void handle_describe_issuer(struct call *call)
{
	handle_certificate_call(call, JPKI_ISSUER_CERTIFICATE, finish_describe);
}

static void handle_plain_call(struct call *call, enum job_kind kind,
			      void (*finish)(struct request *request))
{
	struct request *request = request_of_options(call, kind, finish);

	if (request)
		admission_run(request);
}

static void handle_verify_pin(struct call *call)
{
	handle_plain_call(call, JOB_VERIFY_PIN, finish_with_nothing);
}

static void handle_change_pin(struct call *call)
{
	handle_plain_call(call, JOB_CHANGE_PIN, finish_with_nothing);
}

static void handle_reset_pin(struct call *call)
{
	handle_plain_call(call, JOB_RESET_PIN, finish_with_nothing);
}

static void handle_get_tries(struct call *call)
{
	handle_plain_call(call, JOB_READ_TRIES, finish_tries);
}

static void handle_unlock(struct call *call)
{
	struct request *request = request_of_options(call, JOB_VERIFY_PIN, finish_unlock);

	if (!request)
		return;
	request->wants_lease = true;
	admission_run(request);
}

/* --- properties and the table ------ */

static void get_kind(const void *userdata, struct writer *writer)
{
	const struct applet *applet = userdata;

	writer_string(writer, jpki_applet_name(applet->kind));
}

static void get_has_certificate(const void *userdata, struct writer *writer)
{
	const struct applet *applet = userdata;

	writer_boolean(writer, applet->has_certificate);
}

static void get_tries_left(const void *userdata, struct writer *writer)
{
	const struct applet *applet = userdata;

	writer_int32(writer, applet->tries);
}

static void get_tries_max(const void *userdata, struct writer *writer)
{
	const struct applet *applet = userdata;

	writer_byte(writer, (uint8_t)jpki_tries_max(applet->kind));
}

static void get_locked(const void *userdata, struct writer *writer)
{
	const struct applet *applet = userdata;

	writer_boolean(writer, applet->tries == 0);
}

static void get_can_reset_pin(const void *userdata, struct writer *writer)
{
	const struct applet *applet = userdata;

	writer_boolean(writer, applet->card->has_reset_code);
}

static const struct argument options_in[] = { { "options", "a{sv}" }, { 0 } };
static const struct argument certificate_out[] = { { "certificate", "ay" }, { 0 } };
static const struct argument description_out[] = { { "description", "a{sv}" }, { 0 } };
static const struct argument tries_out[] = { { "tries", "i" }, { 0 } };
static const struct argument lease_out[] = { { "lease", "h" }, { 0 } };
static const struct argument sign_in[] = {
	{ "scheme", "s" }, { "input", "ay" }, { "options", "a{sv}" }, { 0 }
};
static const struct argument signature_out[] = { { "signature", "ay" }, { 0 } };
static const struct argument sign_many_in[] = {
	{ "scheme", "s" }, { "inputs", "aay" }, { "options", "a{sv}" }, { 0 }
};
static const struct argument signatures_out[] = { { "signatures", "aay" }, { 0 } };

static const char action_read[] = "org.jpkid1.read";
static const char action_use[] = "org.jpkid1.use";

static const struct method methods[] = {
	{ "GetCertificate", options_in, certificate_out, action_read, OPTIONS_WITH_PIN,
	  handle_get_certificate },
	{ "GetIssuerCertificate", options_in, certificate_out, action_read, OPTION_TIMEOUT,
	  handle_get_issuer_certificate },
	{ "Describe", options_in, description_out, action_read, OPTIONS_WITH_PIN, handle_describe },
	{ "DescribeIssuer", options_in, description_out, action_read, OPTION_TIMEOUT,
	  handle_describe_issuer },
	{ "GetTries", options_in, tries_out, action_read, OPTION_TIMEOUT, handle_get_tries },
	{ "Sign", sign_in, signature_out, action_use, OPTIONS_WITH_PIN, handle_sign },
	{ "SignMany", sign_many_in, signatures_out, action_use, OPTIONS_WITH_PIN,
	  handle_sign_many },
	{ "VerifyPin", options_in, NULL, action_use, OPTIONS_WITH_PIN, handle_verify_pin },
	{ "Unlock", options_in, lease_out, action_use, OPTIONS_WITH_PIN, handle_unlock },
	{ "ChangePin", options_in, NULL, "org.jpkid1.change-pin", OPTIONS_OF_CHANGE,
	  handle_change_pin },
	{ "ResetPin", options_in, NULL, "org.jpkid1.reset-pin", OPTIONS_OF_RESET,
	  handle_reset_pin },
	{ 0 },
};

static const struct property properties[] = {
	{ "Kind", "s", .get = get_kind, .constant = true },
	{ "HasCertificate", "b", .get = get_has_certificate },
	{ "TriesLeft", "i", .get = get_tries_left },
	{ "TriesMax", "y", .get = get_tries_max, .constant = true },
	{ "Locked", "b", .get = get_locked },
	{ "CanResetPin", "b", .get = get_can_reset_pin },
	{ 0 },
};

const struct interface applet_interface = {
	.name = "org.jpkid1.Applet",
	.methods = methods,
	.properties = properties,
};

const struct interface *const applet_interfaces[] = { &applet_interface, NULL };
