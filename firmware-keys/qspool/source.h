/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Keys from a source of random bytes that is watched while it is used. */
#ifndef _QSPOOL_SOURCE_H
#define _QSPOOL_SOURCE_H

#include "health.h"

#define SOURCE_STARTUP 1024U /* samples that are tested and thrown away */

struct source;

/**
 * source_open() - begin to use a source
 * @out: NULL on errors, else the source
 * @name: "getrandom", or the path of a device or a file
 * @min_entropy: bits a byte it is said to have, more than 0, at most 8
 * @why: out; -EDOM if the source fails its start-up test
 */
int source_open(struct source **out, const char *name, double min_entropy, struct qsc_why *why);

/* One key. -EDOM if the source fails a test: nothing of it may be used then. */
int source_key(struct source *source, uint8_t key[QSC_KEYS_LEN], struct qsc_why *why);

/* The tests of the whole run. -EDOM as above. */
int source_end(struct source *source, struct qsc_why *why);

void source_close(struct source *source);

bool source_is_getrandom(const char *name);

#endif /* _QSPOOL_SOURCE_H */
