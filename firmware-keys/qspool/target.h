/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Where the keys of a card go: an image, or LOAD commands for a chip. */
#ifndef _QSPOOL_TARGET_H
#define _QSPOOL_TARGET_H

#include "qspool.h"

struct target;

struct target_ops {
	int (*begin)(struct target *target, const struct qsc_card_identity *identity,
		     struct qsc_why *why);
	/* In order, at most 1024 at a time. */
	int (*slots)(struct target *target, const struct qsc_slot *slots, uint32_t n,
		     struct qsc_why *why);
	int (*finish)(struct target *target, struct qsc_why *why);
	/* Free; what was not finished is removed. */
	void (*abandon)(struct target *target);
};

struct target {
	const struct target_ops *ops;
};

/* Both return 0 or a negative errno; *@target is NULL then. */
int target_image(struct target **target, const char *path, const uint8_t key[QSC_KEYS_LEN],
		 uint32_t count, struct qsc_why *why);
int target_script(struct target **target, const char *path, const uint8_t key[QSC_KEYS_LEN],
		  uint32_t count, struct qsc_why *why);

#endif /* _QSPOOL_TARGET_H */
