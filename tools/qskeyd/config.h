/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The configuration file and the command line: one table, qskeyd.conf(5). */
#ifndef _QSKEYD_CONFIG_H
#define _QSKEYD_CONFIG_H

#include <stdbool.h>

#define POOL_FILES_MAX 16
#define CONFIG_FILE "/etc/qsc/qskeyd.conf"

enum {
	EXIT_USAGE = 1,
	EXIT_FAILED = 2,
};

struct texts {
	char *text[POOL_FILES_MAX];
	unsigned int n;
};

struct config {
	char *service;
	char *socket;
	char *group;
	char *user;
	char *pin_file;
	char *reader;
	struct texts pool_files;
	struct texts pool_keys;
	unsigned int pcsc;
	unsigned int must_seal;
	unsigned int card_wait; /* seconds, as all that follow */
	unsigned int card_timeout;
	unsigned int connect_timeout;
	unsigned int login_timeout;
	unsigned int answer_timeout;
	unsigned int rekey_after;
	unsigned int ready_timeout;
	unsigned int debug;
};

/**
 * config_read() - the file, then the command line
 * @config: out
 * @argc: of main()
 * @argv: of main()
 * @status: out, the exit status if there is nothing more to do
 *
 * Says itself what is wrong. Return: whether to go on
 */
bool config_read(struct config *config, int argc, char **argv, int *status);
void config_free(struct config *config);

/* One file; @missing_ok: it need not be there. Exported for the tests. */
bool config_read_file(struct config *config, const char *path, bool missing_ok);
void config_defaults(struct config *config);

#endif /* _QSKEYD_CONFIG_H */
