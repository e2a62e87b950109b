/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Memory for secrets that are alive for a moment: out of reach of the kernel's
 * own direct map where it offers memfd_secret(2), else locked. Never in core
 * dumps, never inherited by children.
 */
#ifndef _QSC_SECMEM_H
#define _QSC_SECMEM_H

#include <stdbool.h>
#include <stddef.h>

#define SECMEM_PIECE 512 /* bytes */

/**
 * secmem_get() - a zeroed piece
 * @size: at most %SECMEM_PIECE
 *
 * Any thread. Return: the piece, or NULL if there is no memory that may be used
 * for secrets; the reason was logged
 */
void *secmem_get(size_t size);

/* Wipe it, and registers that it may have passed, and give it back; NULL is allowed. */
void secmem_put(void *ptr);

/* "memfd_secret", "mlock", or "none" before the first piece */
const char *secmem_kind(void);

/* How many pieces are in use: 0 at the end, or one was leaked. */
unsigned int secmem_used(void);

#endif /* _QSC_SECMEM_H */
