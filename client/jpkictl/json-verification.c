/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/json-value.h"
#include "client/jpkictl/json.h"

static json_t *signer_value(const struct signer *signer)
{
	return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:o, s:o, s:o}",
			 "subject", signer->subject,
			 "issuer", signer->issuer,
			 "serial", signer->serial,
			 "name", signer->name,
			 "purpose", signer->applet,
			 "digest", signer->digest,
			 "not-before", value_of_time(signer->not_before),
			 "not-after", value_of_time(signer->not_after),
			 "claimed-time", value_of_time(signer->claimed_time));
}

bool json_print_verification(const struct verification *verification, FILE *stream)
{
	json_t *signers = json_array();

	for (size_t i = 0; i < verification->count; i++)
		signers = value_append(signers, signer_value(&verification->signers[i]));
	return value_print(json_pack("{s:b, s:s, s:s, s:s, s:o}",
				     "good", true,
				     "form", verification->form,
				     "trust",
				     verification->anchors->directory ? "directory" : "card",
				     "revocation", "unknown",
				     "signers", signers),
			   JSON_INDENT(2), stream);
}
