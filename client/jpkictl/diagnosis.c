/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/diagnosis.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/format.h"
#include "base/utf8.h"
#include "client/jpkictl/diagnosis-steps.h"
#include "client/language.h"

/* --- findings ------ */

void finding_set(struct finding *finding, enum verdict verdict, const char *situation,
		 const char *advice, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	finding->detail = format_list(format, arguments);
	va_end(arguments);
	finding->advice = advice ? strdup(advice) : NULL;
	if (advice && !finding->advice)
		free(TAKE(finding->detail));
	if (!finding->detail)
		return;
	utf8_clean(finding->detail);
	finding->verdict = verdict;
	finding->situation = situation;
}

void finding_set_refused(struct finding *finding, const struct refusal *refusal)
{
	const bool waited = refusal->result == -ETIMEDOUT || refusal->result == -EBUSY;
	char sentence[REFUSAL_SENTENCE_SIZE];

	finding_set(finding, VERDICT_WRONG, waited ? "unresponsive" : "refused", NULL, "%s",
		    refusal_sentence(refusal, NULL, sentence));
}

/* --- the walk ------ */

enum {
	READ = 1 << STEP_APPLICATION,
};

const struct step steps[STEP_COUNT] = {
	[STEP_BUS] = { "bus", N_("System bus"), .check = check_bus },
	[STEP_SERVICE] = { "service", N_("Service jpkid"), 1 << STEP_BUS, .check = check_service },
	[STEP_VERSION] = { "version", N_("Version"), 1 << STEP_SERVICE, .check = check_version },
	[STEP_PERMISSION] = { "permission", N_("Permission"), 1 << STEP_BUS,
			      .check = check_permission },
	[STEP_PCSCD] = { "pcscd", N_("pcscd"), 1 << STEP_SERVICE, .check = check_pcscd },
	[STEP_READER] = { "reader", N_("Card reader"), 1 << STEP_PCSCD, .check = check_reader },
	[STEP_CARD] = { "card", N_("Card"), 1 << STEP_READER, .check = check_card },
	[STEP_APPLICATION] = { "application", N_("Kind of card"), 1 << STEP_CARD,
			       .check = check_card },
	[STEP_AUTH_PIN] = { "auth-pin", N_("PIN of auth"), READ, "auth", check_pin },
	[STEP_SIGN_PIN] = { "sign-pin", N_("PIN of sign"), READ, "sign", check_pin },
	[STEP_AUTH_CERTIFICATE] = { "auth-certificate", N_("Certificate of auth"), READ, "auth",
				    check_certificate },
	[STEP_SIGN_CERTIFICATE] = { "sign-certificate", N_("Certificate of sign"), READ, "sign",
				    check_certificate },
};

static bool step_can_be_checked(const struct diagnosis *diagnosis, const struct step *step)
{
	for (size_t i = 0; i < STEP_COUNT; i++)
		if (step->needs >> i & 1 && diagnosis->findings[i].verdict != VERDICT_ALL_RIGHT)
			return false;
	return true;
}

bool diagnosis_make(struct diagnosis *diagnosis, const struct arguments *arguments)
{
	diagnosis->session.arguments = arguments;
	for (size_t i = 0; i < STEP_COUNT; i++) {
		struct finding *finding = &diagnosis->findings[i];

		if (!step_can_be_checked(diagnosis, &steps[i]))
			continue;
		steps[i].check(diagnosis, &steps[i], finding);
		if (!finding->detail)
			return false;
	}
	return true;
}

void diagnosis_clear(struct diagnosis *diagnosis)
{
	for (size_t i = 0; i < STEP_COUNT; i++) {
		free(diagnosis->findings[i].detail);
		free(diagnosis->findings[i].advice);
	}
	session_close(&diagnosis->session);
}

size_t diagnosis_first_wrong(const struct diagnosis *diagnosis)
{
	size_t i = 0;

	while (i < STEP_COUNT && diagnosis->findings[i].verdict != VERDICT_WRONG)
		i++;
	return i;
}
