// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The command line: one table for parsing and for --help. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

struct option_row {
	const char *name;
	const char *arg;
	size_t offset;
	unsigned int min; /* of numbers; */
	unsigned int max; /* 0 for texts */
	const char *value; /* the default */
	const char *help;
};

#define TEXT(field) offsetof(struct options, field), 0, 0
#define NUMBER(field, min, max) offsetof(struct options, field), min, max

static const struct option_row rows[] = {
	{ "store", "STORE", TEXT(store), "/var/lib/qskmsd/store.db",
	  "sqlite:PATH, postgresql:CONNINFO, or a path" },
	{ "master-key", "FILE", TEXT(master_key), "/etc/qskmsd/master.key",
	  "file with the master key, made by qskms master-key" },
	{ "listen", "ADDR:PORT", TEXT(listen), "[::]:7780", "where subscribers log in" },
	{ "admin", "PATH", TEXT(admin), "/run/qskmsd/admin.sock", "socket for qskms" },
	{ "admin-group", "GROUP", TEXT(admin_group), NULL, "group that may use it, too" },
	{ "source", "SOURCE", TEXT(source), "getrandom",
	  "session keys from getrandom, file:PATH or kme:URL" },
	{ "kme-sae", "ID", TEXT(kme.sae), NULL, "slave SAE to ask the KME for keys for" },
	{ "kme-cert", "FILE", TEXT(kme.cert), NULL, "certificate to show to the KME" },
	{ "kme-key", "FILE", TEXT(kme.key), NULL, "its private key" },
	{ "kme-ca", "FILE", TEXT(kme.ca), NULL, "who has signed the KME's certificate" },
	{ "lifetime", "SEC", NUMBER(lifetime, 1, 86400), "7200",
	  "how long a session key may be used" },
	{ "fetch-timeout", "SEC", NUMBER(fetch_seconds, 1, 600), "30",
	  "how long it waits for the other party" },
	{ "callee-timeout", "SEC", NUMBER(callee_seconds, 1, 600), "30",
	  "how long a callee waits for the caller's request" },
	{ "login-timeout", "SEC", NUMBER(login_seconds, 1, 600), "10",
	  "for a login, and for each answer" },
	{ "idle-timeout", "SEC", NUMBER(idle_seconds, 1, 86400), "60",
	  "for connections without a request" },
	{ "max-connections", "N", NUMBER(max_connections, 1, 1000000), "10000",
	  "connections at a time" },
	{ "max-calls", "N", NUMBER(max_calls, 1, 1000000), "32768", "calls at a time" },
	{ "commit-keys", "N", NUMBER(commit_keys, 1, 1024), "96",
	  "burnt keys that are worth a sync of the disk" },
	{ "commit-wait", "MS", NUMBER(commit_wait_ms, 0, 10000), "30",
	  "how long to wait for so many" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

enum { OPT_HELP = ROWS, OPT_VERSION, OPT_INIT, OPT_DEBUG, OPT_END };

static void print_help(void)
{
	printf("Usage: qskmsd [OPTIONS]\n\nThe key service: logs cards in and hands out session "
	       "keys.\n\nOptions:\n");
	for (size_t i = 0; i < ROWS; i++) {
		char left[40];

		snprintf(left, sizeof(left), "--%s %s", rows[i].name, rows[i].arg);
		printf("  %-24s %s\n", left, rows[i].help);
		if (rows[i].value)
			printf("  %24s (%s)\n", "", rows[i].value);
	}
	printf("  %-24s make a new store, and end\n  %-24s say more\n", "--init", "--debug");
	printf("  %-24s this text\n  %-24s the version\n", "--help", "--version");
	printf("Exit status: 0 ended by a signal or --init, 1 wrong usage, 2 could not start.\n");
}

static bool set(struct options *opts, const struct option_row *row, const char *value)
{
	char *field = (char *)opts + row->offset, *end;
	unsigned int number;
	unsigned long n;

	if (!row->max) {
		memcpy(field, &value, sizeof(value));
		return true;
	}
	errno = 0;
	n = strtoul(value, &end, 10);
	if (*value < '0' || *value > '9' || *end || errno || n < row->min || n > row->max) {
		fprintf(stderr, "qskmsd: --%s: \"%s\" is not a number from %u to %u\n", row->name,
			value, row->min, row->max);
		return false;
	}
	number = (unsigned int)n;
	memcpy(field, &number, sizeof(number));
	return true;
}

static void fill_table(struct option *table)
{
	memset(table, 0, (OPT_END + 1) * sizeof(*table));
	for (size_t i = 0; i < ROWS; i++)
		table[i] = (struct option){ rows[i].name, required_argument, NULL, (int)i };
	table[OPT_HELP] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	table[OPT_VERSION] = (struct option){ "version", no_argument, NULL, OPT_VERSION };
	table[OPT_INIT] = (struct option){ "init", no_argument, NULL, OPT_INIT };
	table[OPT_DEBUG] = (struct option){ "debug", no_argument, NULL, OPT_DEBUG };
}

/* False if the program is over. */
static bool take(struct options *opts, int c, int *status)
{
	*status = 0;
	switch (c) {
	case OPT_HELP:
		print_help();
		return false;
	case OPT_VERSION:
		printf("qskmsd %s\n", QSC_TOOLS_VERSION);
		return false;
	case OPT_INIT:
		opts->init = true;
		return true;
	case OPT_DEBUG:
		opts->debug = true;
		return true;
	}
	*status = EXIT_USAGE;
	return c >= 0 && c < (int)ROWS && set(opts, &rows[c], optarg);
}

bool options_read(struct options *opts, int argc, char **argv, int *status)
{
	struct option table[OPT_END + 1];
	int c;

	memset(opts, 0, sizeof(*opts));
	for (size_t i = 0; i < ROWS; i++)
		if (rows[i].value)
			set(opts, &rows[i], rows[i].value);
	fill_table(table);
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
		if (!take(opts, c, status))
			return false;
	if (optind == argc)
		return true;
	fprintf(stderr, "qskmsd: \"%s\" is one word too many\n", argv[optind]);
	*status = EXIT_USAGE;
	return false;
}
