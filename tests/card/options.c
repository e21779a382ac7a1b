/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/card/options.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_PORT = 35963,	/* libifdvpcd's own, 8C7B */
	DEFAULT_FILLER = 64,
	FILLER_MAX = 0x4000,
	HELP_INDENT = 22,
	DELAY_MS_MAX = 600 * 1000,
};

/* What an option does with its argument. */
enum kind {
	FLAG,		/* bool */
	TEXT,		/* const char *, borrowed from argv */
	NUMBER,		/* unsigned, at most max */
	TYPE,
	STATUS_WORD,
	CERTIFICATE,
	HELP,
};

#define FLAG_AT(member) .kind = FLAG, .at = offsetof(struct options, member)
#define TEXT_AT(member) .kind = TEXT, .at = offsetof(struct options, member)
#define NUMBER_AT(member, most) .kind = NUMBER, .at = offsetof(struct options, member), .max = most

static const struct option_row {
	const char *name;
	const char *argument;	/* NULL = takes none */
	const char *help;
	enum kind kind;
	size_t at;
	unsigned max;	/* of a NUMBER */
} rows[] = {
	{"port", "N", "TCP port of the reader on 127.0.0.1 (35963)", NUMBER_AT(port, 0xffff)},
	{"pki", "DIR", "keys and certificates; made when missing", TEXT_AT(pki)},
	{"make-pki", NULL, "only make the PKI", FLAG_AT(make_pki)},
	{"not-after", "YYYY-MM-DD", "last day, in Japan, of certificates that are made",
	 TEXT_AT(not_after)},
	{"state", "FILE", "PINs and retry counters; made when missing", TEXT_AT(pins.state)},
	{"auth-pin-file", "FILE", "auth PIN of a new state (1234)", TEXT_AT(pins.auth_pin)},
	{"sign-pin-file", "FILE", "sign PIN of a new state (ABC123)", TEXT_AT(pins.sign_pin)},
	{"reset-code-file", "FILE", "a card of the next kind, with this reset code (INS 2C)",
	 TEXT_AT(pins.reset_code)},
	{"type", "TYPE", "mynumber-card, android-phone, iphone or juki-card", .kind = TYPE},
	{"child", NULL, "no sign certificate", FLAG_AT(traits.child)},
	{"not-jpki", NULL, "no JPKI application", FLAG_AT(traits.not_jpki)},
	{"no-short-ef", NULL, "refuse short EF identifiers (6A86)", FLAG_AT(traits.no_short_ef)},
	{"query-9000", NULL, "the empty VERIFY answers 9000 while verified",
	 FLAG_AT(traits.query_9000)},
	{"blocked-sw", "XXXX", "status word of a blocked PIN: 6984, 6983 or 63C0 (6984)",
	 .kind = STATUS_WORD},
	{"first-6f00", NULL, "the first command after power-up answers 6F00",
	 FLAG_AT(traits.first_6f00)},
	{"le-6cxx", NULL, "a wrong Le answers 6Cxx", FLAG_AT(traits.le_6cxx)},
	{"get-response", NULL, "data goes by 61xx and GET RESPONSE", FLAG_AT(traits.get_response)},
	{"end-6282", NULL, "a read cut short by the file's end answers 6282",
	 FLAG_AT(traits.end_6282)},
	{"short-answers", "N", "READ BINARY gives N bytes at most, 0 = none, with 9000",
	 NUMBER_AT(traits.read_max, ANSWER_DATA_MAX)},
	{"filler", "N", "bytes of FF after each certificate (64)",
	 NUMBER_AT(traits.filler, FILLER_MAX)},
	{"certificate", "EF=FILE", "content of a data EF, such as 000A=FILE; without filler",
	 .kind = CERTIFICATE},
	{"corrupt-signature", NULL, "one bit of each signature is wrong",
	 FLAG_AT(traits.corrupt_signature)},
	{"wrong-key", NULL, "sign with the other key", FLAG_AT(traits.wrong_key)},
	{"delay", "MS", "wait before each APDU is run", NUMBER_AT(delay_ms, DELAY_MS_MAX)},
	{"record", "FILE", "append a line for each APDU and event (tests/card/record.h)",
	 TEXT_AT(record)},
	{"control", "PATH", "Unix socket for faults and questions (tests/card/control.h)",
	 TEXT_AT(control)},
	{"help", NULL, "print this", .kind = HELP},
};

static void print_help(void)
{
	puts("usage: virtual-card --pki DIR [OPTION...]\n"
	     "A JPKI card for tests, in the reader of vsmartcard's libifdvpcd.\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *argument = rows[i].argument ? rows[i].argument : "";

		int width = HELP_INDENT - (int)strlen(rows[i].name);

		printf("  --%s %-*s %s\n", rows[i].name, width, argument, rows[i].help);
	}
}

static unsigned parse_number(const struct option_row *row, const char *text, int base, unsigned max)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, base);
	if (errno || end == text || *end || *text == '-' || number > max)
		errx(EXIT_FAILURE, "--%s: %s is out of range", row->name, text);
	return (unsigned)number;
}

static unsigned parse_blocked_sw(const struct option_row *row, const char *text)
{
	unsigned sw = parse_number(row, text, 16, USHRT_MAX);

	if (sw != 0x6984 && sw != 0x6983 && sw != 0x63c0)
		errx(EXIT_FAILURE, "--%s: 6984, 6983 or 63C0", row->name);
	return sw;
}

static void parse_certificate(struct card_traits *traits, const struct option_row *row, char *text)
{
	char *path = strchr(text, '=');
	const struct ef *ef;

	if (!path || traits->replaced_count == CARD_REPLACED_MAX)
		errx(EXIT_FAILURE, "--%s: %s", row->name, path ? "too many" : "EF=FILE");
	*path++ = '\0';
	ef = ef_find((uint16_t)parse_number(row, text, 16, USHRT_MAX));
	if (!ef || ef->kind != EF_DATA)
		errx(EXIT_FAILURE, "--%s: %s is no data EF", row->name, text);
	traits->replaced[traits->replaced_count++] = (struct card_replaced){ef->id, path};
}

static void take_option(struct options *options, const struct option_row *row, char *argument)
{
	void *at = (char *)options + row->at;

	switch (row->kind) {
	case FLAG:
		*(bool *)at = true;
		break;
	case TEXT:
		*(const char **)at = argument;
		break;
	case NUMBER:
		*(unsigned *)at = parse_number(row, argument, 10, row->max);
		break;
	case TYPE:
		options->traits.type = card_type_find(argument);
		if (!options->traits.type)
			errx(EXIT_FAILURE, "--%s: there is no %s", row->name, argument);
		break;
	case STATUS_WORD:
		options->traits.blocked_sw = parse_blocked_sw(row, argument);
		break;
	case CERTIFICATE:
		parse_certificate(&options->traits, row, argument);
		break;
	case HELP:
		print_help();
		exit(EXIT_SUCCESS);
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	struct option long_options[ARRAY_LEN(rows) + 1] = {0};
	int c, i;

	*options = (struct options){
		.port = DEFAULT_PORT,
		.traits = {
			.type = card_type_find("mynumber-card"),
			.blocked_sw = SW_BLOCKED,
			.filler = DEFAULT_FILLER,
			.read_max = ANSWER_DATA_MAX,
		},
	};
	for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
		long_options[row].name = rows[row].name;
		long_options[row].has_arg = rows[row].argument ? required_argument : no_argument;
	}
	while ((c = getopt_long(argc, argv, "", long_options, &i)) == 0)
		take_option(options, &rows[i], optarg);
	if (c != -1 || optind != argc)
		errx(EXIT_FAILURE, "see --help");
	if (!options->pki)
		errx(EXIT_FAILURE, "--pki DIR is needed");
}
