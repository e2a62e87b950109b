/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* FF1 with a key that stays. */
#ifndef _QSC_KEYS_FF1_H
#define _QSC_KEYS_FF1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

/* AES-256 of single blocks; NULL on errors. EVP_CIPHER_CTX_free() wipes it. */
EVP_CIPHER_CTX *qsc_ff1_key(const uint8_t key[32]);

/* qsc_ff1() with such a key */
int qsc_ff1_run(EVP_CIPHER_CTX *aes, uint32_t radix, const uint8_t *tweak, size_t tweak_len,
		uint16_t *digits, unsigned int n, bool encrypt);

#endif /* _QSC_KEYS_FF1_H */
