/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a function left on the stack, which the next one would write over. To be
 * included after test.h.
 */
#ifndef _QSC_TESTS_LEFTOVER_H
#define _QSC_TESTS_LEFTOVER_H

#define LEFTOVER_LEN (128U << 10)

/* A piece of so many bytes is as bad as all. */
#define LEFTOVER_PIECE 8

extern uint8_t leftover[LEFTOVER_LEN];

/* So many bytes further down than else: where the page ends matters to some. */
extern size_t leftover_lower;

/* Run it on a clean stack, and keep in @leftover what the stack then holds. */
void leftover_run(void (*run)(void *arg), void *arg);

/* Whether a piece of @secret is in @leftover. */
bool leftover_holds(const void *secret, size_t len);

#endif /* _QSC_TESTS_LEFTOVER_H */
