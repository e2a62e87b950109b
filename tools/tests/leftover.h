/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a function left on the stack, which the next one would write over, or in
 * other memory that is dead. That is read through the kernel, for sanitizers and
 * valgrind let nobody look at it.
 */
#ifndef _QSC_TESTS_LEFTOVER_H
#define _QSC_TESTS_LEFTOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LEFTOVER_LEN (128U << 10)

/*
 * A piece of so many bytes is as bad as all; of what is shorter, all of it. Of what
 * goes through a sanitizer's own functions, these leave a word.
 */
#ifdef __SANITIZE_ADDRESS__
#define LEFTOVER_PIECE 12U
#else
#define LEFTOVER_PIECE 8U
#endif

extern uint8_t leftover[LEFTOVER_LEN];

/* So many bytes further down than else: where the page ends matters to some. */
extern size_t leftover_lower;

/*
 * Run it on a clean stack, and keep in @leftover what the stack then holds. The
 * stack of who calls this is not looked at.
 */
void leftover_run(void (*run)(void *arg), void *arg);

/* Whether a piece of @secret is in @leftover. */
bool leftover_holds(const void *secret, size_t secret_len);

/* Whether it is there, in at most LEFTOVER_LEN bytes of memory that may be dead. */
bool leftover_at(const void *at, size_t len, const void *secret, size_t secret_len);

#endif /* _QSC_TESTS_LEFTOVER_H */
