/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cleanup.h"
#include "client/failure.h"
#include "client/jpkictl/command.h"
#include "client/jpkictl/diagnosis.h"
#include "client/jpkictl/json.h"
#include "client/jpkictl/reader.h"
#include "client/jpkictl/style.h"
#include "client/language.h"
#include "client/output.h"
#include "client/text.h"

enum {
	GAP = 2, /* columns */
};

static const struct {
	const char *word;
	enum style style;
} verdicts[] = {
	[VERDICT_NOT_CHECKED] = { N_("not checked"), STYLE_DIM },
	[VERDICT_ALL_RIGHT] = { N_("ok"), STYLE_GOOD },
	[VERDICT_WRONG] = { N_("problem"), STYLE_BAD },
};

static void print_verdict(FILE *stream, bool coloured, enum verdict verdict, size_t width)
{
	const char *word = _(verdicts[verdict].word);

	style_print(stream, coloured, verdicts[verdict].style, word);
	text_pad(stream, "", width + GAP - text_width(word));
}

static void print_steps(const struct diagnosis *diagnosis, FILE *stream)
{
	const bool coloured = style_is_wanted();
	size_t verdict_width = 0, title_width = 0;

	for (size_t i = 0; i < LENGTH_OF(verdicts); i++)
		verdict_width = text_wider(verdict_width, _(verdicts[i].word));
	for (size_t i = 0; i < STEP_COUNT; i++)
		title_width = text_wider(title_width, _(steps[i].title));
	for (size_t i = 0; i < STEP_COUNT; i++) {
		const struct finding *finding = &diagnosis->findings[i];

		print_verdict(stream, coloured, finding->verdict, verdict_width);
		text_pad(stream, _(steps[i].title), finding->detail ? title_width + GAP : 0);
		fprintf(stream, "%s\n", finding->detail ? finding->detail : "");
	}
}

static void print_other_readers(const struct diagnosis *diagnosis, FILE *stream)
{
	const struct inventory *inventory = &diagnosis->session.inventory;

	for (size_t i = 0; diagnosis->reader && i < inventory->reader_count; i++)
		if (&inventory->readers[i] != diagnosis->reader)
			fprintf(stream, _("Other reader: %s: %s\n"), inventory->readers[i].name,
				reader_words(inventory, &inventory->readers[i]));
}

static void print_first_wrong(const struct diagnosis *diagnosis, FILE *stream)
{
	const size_t first = diagnosis_first_wrong(diagnosis);
	const struct finding *finding;

	if (first == STEP_COUNT) {
		fputs(_("No problem was found.\n"), stream);
		return;
	}
	finding = &diagnosis->findings[first];
	fprintf(stream, "%s: %s\n", _(steps[first].title), finding->detail);
	if (finding->advice)
		fprintf(stream, "%s\n", finding->advice);
}

static void print_diagnosis(const struct diagnosis *diagnosis, FILE *stream)
{
	print_steps(diagnosis, stream);
	print_other_readers(diagnosis, stream);
	fputc('\n', stream);
	print_first_wrong(diagnosis, stream);
}

int command_diagnose(const struct arguments *arguments)
{
	CLEANUP(diagnosis_clear) struct diagnosis diagnosis = { 0 };
	CLEANUP(output_clear) struct output output = OUTPUT_INIT;
	int failure = output_open(&output);

	if (failure != 0)
		return failure;
	if (!diagnosis_make(&diagnosis, arguments))
		return failure_no_memory();
	if (!arguments->json)
		print_diagnosis(&diagnosis, output.stream);
	else if (!json_print_diagnosis(&diagnosis, output.stream))
		return failure_no_memory();
	failure = output_write(&output, NULL);
	if (failure != 0)
		return failure;
	return diagnosis_first_wrong(&diagnosis) < STEP_COUNT ? FAILURE_DIAGNOSED : 0;
}
