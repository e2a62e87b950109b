/* SPDX-License-Identifier: GPL-2.0 */
/* Ciphers for the module's files, and keys made with them. */
#ifndef _QSC_FUZZ_CRYPTO_H
#define _QSC_FUZZ_CRYPTO_H

#include "fuzz.h"
#include "keyring.h"

/* Encrypting checks that no nonce comes twice under a key since this. */
void nonces_forget(void);

/* A key whose master key and salt come from one byte. */
struct qsc_key *make_key(struct qsc_key_params *p, u8 secret);

#endif /* _QSC_FUZZ_CRYPTO_H */
