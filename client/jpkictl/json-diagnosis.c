/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client/jpkictl/json-value.h"
#include "client/jpkictl/json.h"
#include "client/language.h"

static const char *const verdicts[] = {
	[VERDICT_NOT_CHECKED] = "not-checked",
	[VERDICT_ALL_RIGHT] = "ok",
	[VERDICT_WRONG] = "wrong",
};

static json_t *step_value(const struct step *step, const struct finding *finding)
{
	return json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?}",
			 "name", step->name,
			 "result", verdicts[finding->verdict],
			 "situation", finding->situation,
			 "title", _(step->title),
			 "detail", finding->detail,
			 "advice", finding->advice);
}

static json_t *steps_value(const struct diagnosis *diagnosis)
{
	json_t *value = json_array();

	for (size_t i = 0; i < STEP_COUNT; i++)
		value = value_append(value, step_value(&steps[i], &diagnosis->findings[i]));
	return value;
}

static json_t *reader_value(const struct diagnosis *diagnosis, const struct reader *reader)
{
	const struct card *card = inventory_card(&diagnosis->session.inventory, reader);

	return value_update(value_of_reader(reader),
			    json_pack("{s:s?, s:b}",
				      "card-type", card ? card->type : NULL,
				      "chosen", reader == diagnosis->reader));
}

static json_t *readers_value(const struct diagnosis *diagnosis)
{
	const struct inventory *inventory = &diagnosis->session.inventory;
	json_t *value = json_array();

	for (size_t i = 0; i < inventory->reader_count; i++)
		value = value_append(value, reader_value(diagnosis, &inventory->readers[i]));
	return value;
}

bool json_print_diagnosis(const struct diagnosis *diagnosis, FILE *stream)
{
	const size_t first = diagnosis_first_wrong(diagnosis);

	return value_print(json_pack("{s:s?, s:o, s:o}",
				     "first-wrong", first < STEP_COUNT ? steps[first].name : NULL,
				     "steps", steps_value(diagnosis),
				     "readers", readers_value(diagnosis)),
			   JSON_INDENT(2), stream);
}
