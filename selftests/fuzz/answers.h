/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel that answers what the input says, under the real libqsc and qsctl.
 * Linked in place of what would reach out of the process: no socket, no file.
 */
#ifndef _QSC_FUZZ_ANSWERS_H
#define _QSC_FUZZ_ANSWERS_H

#include <qsc/qsc.h>

#include "fuzz.h"
#include "internal.h"

#define FAMILY 27

/* The only key there is: what a key file holds, and what must never be seen. */
#define KEY_BASE64 "yMTAvLi0sKyopKCcmJSQjIiEgHx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBw="
#define KEY_LINE "AEAD_AES_256_GCM inline:" KEY_BASE64 "\n"

/* What keys are sealed to, unless the input has a sealing key asked for. */
extern const struct qsc_seal_key fuzz_seal;

/* A handle like that of qsc_open(); there is one. @in stays the caller's. */
struct qsc_sock *answers_open(struct input *in);

/* Instead of qsc_close(). */
void answers_close(struct qsc_sock *sk);

/* Whether bytes of the key, or their base64, are in there. */
bool has_key_in_it(const void *p, size_t len);

#endif /* _QSC_FUZZ_ANSWERS_H */
