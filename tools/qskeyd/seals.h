/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Which cards seal the keys that they give. One that could and denies it is not
 * believed: whoever sits between may want to read. One thread.
 */
#ifndef _QSKEYD_SEALS_H
#define _QSKEYD_SEALS_H

#include <stdbool.h>
#include <stdint.h>

struct seals;

/* @required: no card may do without */
struct seals *seals_new(bool required);
void seals_free(struct seals *seals); /* NULL is allowed */

enum seals_verdict {
	SEALS_OK,
	SEALS_REQUIRED, /* it cannot, and it has to */
	SEALS_DENIED, /* it could before */
	SEALS_NO_MEMORY,
};

/* What to think of a card that announces that it can, or does not */
enum seals_verdict seals_judge(struct seals *seals, uint64_t card, bool announced);

#endif /* _QSKEYD_SEALS_H */
