/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the table of steps and what each of them looks at. */
#pragma once

#include "client/jpkictl/diagnosis.h"

/* With no memory the finding has no detail. */
__attribute__((format(printf, 5, 6))) void finding_set(struct finding *finding,
						       enum verdict verdict, const char *situation,
						       const char *advice, const char *format, ...);
/* The sentence of a refusal says itself what mends it. */
void finding_set_refused(struct finding *finding, const struct refusal *refusal);

typedef void step_check(struct diagnosis *diagnosis, const struct step *step,
			struct finding *finding);

step_check check_bus, check_service, check_version, check_permission, check_pcscd; /* -machine.c */
step_check check_reader, check_card, check_pin, check_certificate;                 /* -card.c */
