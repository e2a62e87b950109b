// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What the configuration file has as "key = value" is "--key value", too. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"

enum kind { TEXT, TEXTS, NUMBER, YES_NO };

struct row {
	const char *name;
	const char *arg;
	enum kind kind;
	size_t offset;
	const char *value; /* the default */
	unsigned int min; /* of numbers */
	unsigned int max;
	const char *help;
};

#define AT(field) offsetof(struct config, field)

static const struct row rows[] = {
	{ "service", "HOST:PORT", TEXT, AT(service), NULL, 0, 0, "the key service" },
	{ "socket", "PATH", TEXT, AT(socket), "/run/qsc/qskeyd.sock", 0, 0, "socket for qsctl" },
	{ "group", "GROUP", TEXT, AT(group), NULL, 0, 0, "group that may use it, too" },
	{ "user", "USER", TEXT, AT(user), NULL, 0, 0, "who to become after the start" },
	{ "pcsc", "yes|no", YES_NO, AT(pcsc), "yes", 0, 0, "use cards in readers" },
	{ "reader", "TEXT", TEXT, AT(reader), NULL, 0, 0, "only readers with TEXT in their name" },
	{ "require-sealed-draw", "yes|no", YES_NO, AT(must_seal), "no", 0, 0,
	  "take no key that pcscd could read" },
	{ "pin-file", "FILE", TEXT, AT(pin_file), NULL, 0, 0,
	  "PIN of the card; without, qsctl card unlock" },
	{ "pool-file", "FILE", TEXTS, AT(pool_files), NULL, 0, 0,
	  "card image to draw from; may be repeated" },
	{ "pool-key", "FILE", TEXTS, AT(pool_keys), NULL, 0, 0,
	  "its key; one for each pool-file, in their order" },
	{ "card-wait", "SEC", NUMBER, AT(card_wait), "5", 0, 60,
	  "for a card that goes away in the middle of a call's start" },
	{ "card-timeout", "SEC", NUMBER, AT(card_timeout), "20", 1, 600, "for the card" },
	{ "connect-timeout", "SEC", NUMBER, AT(connect_timeout), "5", 1, 600,
	  "for each address of the service" },
	{ "login-timeout", "SEC", NUMBER, AT(login_timeout), "15", 1, 600, "for the login" },
	{ "answer-timeout", "SEC", NUMBER, AT(answer_timeout), "40", 1, 600,
	  "for a session key; a callee waits for his caller" },
	{ "rekey-after", "SEC", NUMBER, AT(rekey_after), "3600", 0, 86400,
	  "how long keys are used; 0: three quarters of their lifetime" },
	{ "ready-timeout", "SEC", NUMBER, AT(ready_timeout), "10", 1, 600,
	  "for the peer to take part in a rekey" },
	{ "debug", "yes|no", YES_NO, AT(debug), "no", 0, 0, "say more" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

enum { OPT_CONFIG = ROWS, OPT_HELP, OPT_VERSION, OPT_END };

/* In front of each complaint: the line of a file, or nothing */
struct place {
	const char *file;
	unsigned int line;
};

static bool wrong(const struct place *at, const char *name, const char *value, const char *expected)
{
	if (at->file)
		fprintf(stderr, "qskeyd: %s:%u: %s: \"%s\" is not %s\n", at->file, at->line, name,
			value, expected);
	else
		fprintf(stderr, "qskeyd: --%s: \"%s\" is not %s\n", name, value, expected);
	return false;
}

static bool set_text(char **field, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return false;
	free(*field);
	*field = copy;
	return true;
}

static bool add_text(const struct place *at, const struct row *row, struct texts *field,
		     const char *value)
{
	char expected[48];

	snprintf(expected, sizeof(expected), "possible: there may be %d of them", POOL_FILES_MAX);
	if (field->n == POOL_FILES_MAX)
		return wrong(at, row->name, value, expected);
	return set_text(&field->text[field->n++], value);
}

static bool set_number(const struct place *at, const struct row *row, unsigned int *field,
		       const char *value)
{
	char expected[48], *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 10);
	snprintf(expected, sizeof(expected), "a number from %u to %u", row->min, row->max);
	if (*value < '0' || *value > '9' || *end || errno || n < row->min || n > row->max)
		return wrong(at, row->name, value, expected);
	*field = (unsigned int)n;
	return true;
}

static bool set(struct config *config, const struct place *at, const struct row *row,
		const char *value)
{
	void *field = (char *)config + row->offset;

	if (!*value)
		return wrong(at, row->name, value, row->arg);
	switch (row->kind) {
	case TEXT:
		return set_text(field, value);
	case TEXTS:
		return add_text(at, row, field, value);
	case NUMBER:
		return set_number(at, row, field, value);
	case YES_NO:
		*(unsigned int *)field = !strcmp(value, "yes");
		return *(unsigned int *)field || !strcmp(value, "no") ||
		       wrong(at, row->name, value, row->arg);
	}
	return false;
}

void config_defaults(struct config *config)
{
	const struct place nowhere = { NULL, 0 };

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].value)
			set(config, &nowhere, &rows[i], rows[i].value);
}

static void free_texts(struct texts *texts)
{
	for (unsigned int i = 0; i < texts->n; i++)
		free(texts->text[i]);
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].kind == TEXT)
			free(*(char **)((char *)config + rows[i].offset));
	free_texts(&config->pool_files);
	free_texts(&config->pool_keys);
	memset(config, 0, sizeof(*config));
}

static char *trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static bool read_line(struct config *config, const struct place *at, char *line)
{
	char *name = trim(line), *equals;

	if (!*name || *name == '#')
		return true;
	equals = strchr(name, '=');
	if (!equals) {
		fprintf(stderr, "qskeyd: %s:%u: \"%s\" is not KEY = VALUE\n", at->file, at->line,
			name);
		return false;
	}
	*equals = '\0';
	name = trim(name);
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(name, rows[i].name))
			return set(config, at, &rows[i], trim(equals + 1));
	fprintf(stderr, "qskeyd: %s:%u: \"%s\" is not known, see qskeyd.conf(5)\n", at->file,
		at->line, name);
	return false;
}

bool config_read_file(struct config *config, const char *path, bool missing_ok)
{
	struct place at = { path, 0 };
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool ok = true;

	if (!file) {
		if (missing_ok && errno == ENOENT)
			return true;
		fprintf(stderr, "qskeyd: cannot read %s: %s\n", path, strerror(errno));
		return false;
	}
	while (ok && getline(&line, &size, file) >= 0) {
		at.line++;
		ok = read_line(config, &at, line);
	}
	if (ok && ferror(file)) {
		fprintf(stderr, "qskeyd: cannot read %s: %s\n", path, strerror(errno));
		ok = false;
	}
	free(line);
	fclose(file);
	return ok;
}

static void print_help(void)
{
	printf("Usage: qskeyd [OPTIONS]\n\nGets keys for secure calls from the SIM and the key "
	       "service to the kernel.\n\nOptions:\n  %-24s configuration file\n  %24s (%s)\n",
	       "--config FILE", "", CONFIG_FILE);
	for (size_t i = 0; i < ROWS; i++) {
		char left[48];

		snprintf(left, sizeof(left), "--%s %s", rows[i].name, rows[i].arg);
		printf("  %-24s %s\n", left, rows[i].help);
		if (rows[i].value)
			printf("  %24s (%s)\n", "", rows[i].value);
	}
	printf("  %-24s this text\n  %-24s the version\n", "--help", "--version");
	printf("Exit status: 0 ended by a signal, 1 wrong usage, 2 could not start.\n");
}

static void fill_table(struct option *table)
{
	memset(table, 0, (OPT_END + 1) * sizeof(*table));
	for (size_t i = 0; i < ROWS; i++)
		table[i] = (struct option){ rows[i].name, required_argument, NULL, (int)i };
	table[OPT_CONFIG] = (struct option){ "config", required_argument, NULL, OPT_CONFIG };
	table[OPT_HELP] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	table[OPT_VERSION] = (struct option){ "version", no_argument, NULL, OPT_VERSION };
}

/* Twice: what the file says comes before what the command line says. */
static bool read_options(struct config *config, int argc, char **argv, const char **file,
			 int *status)
{
	const struct place nowhere = { NULL, 0 };
	struct option table[OPT_END + 1];
	int c;

	fill_table(table);
	optind = 1;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		*status = 0;
		if (c == OPT_HELP) {
			print_help();
			return false;
		}
		if (c == OPT_VERSION) {
			printf("qskeyd %s\n", QSC_TOOLS_VERSION);
			return false;
		}
		*status = EXIT_USAGE;
		if (c == OPT_CONFIG)
			*file = optarg;
		else if (c < 0 || c >= (int)ROWS ||
			 (config && !set(config, &nowhere, &rows[c], optarg)))
			return false;
	}
	*status = EXIT_USAGE;
	if (optind == argc)
		return true;
	fprintf(stderr, "qskeyd: \"%s\" is one word too many\n", argv[optind]);
	return false;
}

static bool check(const struct config *config)
{
	const char *what = NULL;

	if (!config->service)
		what = "service is missing: set it to HOST:PORT of the key service";
	else if (config->pool_files.n != config->pool_keys.n)
		what = "there has to be one pool-key for each pool-file";
	else if (!config->pcsc && !config->pool_files.n)
		what = "there are no cards: set pcsc = yes or pool-file";
	if (what)
		fprintf(stderr, "qskeyd: %s (qskeyd.conf(5))\n", what);
	return !what;
}

bool config_read(struct config *config, int argc, char **argv, int *status)
{
	const char *file = NULL;

	config_defaults(config);
	if (!read_options(NULL, argc, argv, &file, status) ||
	    !config_read_file(config, file ? file : CONFIG_FILE, !file) ||
	    !read_options(config, argc, argv, &file, status))
		return false;
	return check(config);
}
