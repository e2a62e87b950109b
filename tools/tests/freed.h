/* SPDX-License-Identifier: GPL-2.0-only */
/* What is in memory as it is freed. For programs that are linked with --wrap=free. */
#ifndef _QSC_TESTS_FREED_H
#define _QSC_TESTS_FREED_H

#include <stddef.h>

extern unsigned int freed; /* blocks, since freed_watch() */
extern unsigned int freed_dirty; /* those with a piece of the secret in them */

/* From now on, look for it in blocks that are freed; NULL ends that. */
void freed_watch(const void *secret, size_t len);

#endif /* _QSC_TESTS_FREED_H */
