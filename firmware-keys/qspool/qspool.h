/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* qspool: pools of keys, and the cards that are made of them. */
#ifndef _QSPOOL_H
#define _QSPOOL_H

#include "tool.h"

/* The options. Every command takes some of them; all but JSON have a value. */
enum opt {
	OPT_COUNT,
	OPT_SOURCE,
	OPT_MIN_ENTROPY,
	OPT_POOL,
	OPT_POOL_KEY,
	OPT_KIT,
	OPT_CARD,
	OPT_SUBSCRIBER,
	OPT_PIN_FILE,
	OPT_PROFILE,
	OPT_IMAGE,
	OPT_IMAGE_KEY,
	OPT_REGISTRATION,
	OPT_LOAD_SCRIPT,
	OPT_TRANSPORT_KEY,
	OPT_BATCH,
	OPT_JSON,

	OPTS,
};

struct args {
	const char *value[OPTS]; /* NULL: not given */
	const char *file; /* of inspect */
};

/* options.c */
const char *opt_name(enum opt opt);
/* Reads options into @args; those given before stay unless given again. */
int opt_parse(struct args *args, int argc, char **argv, unsigned long allowed);
int opt_require(const struct args *args, unsigned long required);
int opt_number(const struct args *args, enum opt opt, uint64_t min, uint64_t max, uint64_t *out);

/* Commands: enum tool_exit */
int command_make(const struct args *args);
int command_inspect(const struct args *args);
int command_personalise(const struct args *args);
int command_blank(const struct args *args);
int command_set_pin(const struct args *args);

/* What personalising takes, also per line of a batch. */
#define PERSONALISE_ALLOWED                                                                    \
	(1UL << OPT_POOL | 1UL << OPT_POOL_KEY | 1UL << OPT_KIT | 1UL << OPT_CARD |            \
	 1UL << OPT_SUBSCRIBER | 1UL << OPT_PIN_FILE | 1UL << OPT_PROFILE | 1UL << OPT_IMAGE | \
	 1UL << OPT_IMAGE_KEY | 1UL << OPT_REGISTRATION | 1UL << OPT_LOAD_SCRIPT |             \
	 1UL << OPT_TRANSPORT_KEY)

/* personalise.c, batch.c */
int personalise_one(const struct args *args);
int personalise_batch(const struct args *args);

/* secrets.c */

/**
 * struct key_file - a key that may have been made for this
 * @key: the key
 * @made: there was no such file, now there is
 */
struct key_file {
	uint8_t key[QSC_KEYS_LEN];
	const char *path;
	bool made;
};

int key_file_get(struct key_file *file, const char *path, const char *kind, struct qsc_why *why);
/* The work failed: no key file is left for nothing. */
void key_file_take_back(struct key_file *file);
void key_file_wipe(struct key_file *file);
int pin_read(const char *path, char pin[QSC_CARD_PIN_MAX + 1], struct qsc_why *why);

/* progress.c: a bar on stderr, if that is a terminal */
struct progress {
	const char *what;
	uint32_t total;
	int shown; /* per cent */
};

void progress_begin(struct progress *p, const char *what, uint32_t total);
void progress_at(struct progress *p, uint32_t done);
void progress_end(struct progress *p);

#endif /* _QSPOOL_H */
