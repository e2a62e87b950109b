/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Cards for the tests: their keys are a function of a seed, so that a client
 * needs no more than that and the service's kit.
 */
#ifndef _KMS_TEST_CARDS_H
#define _KMS_TEST_CARDS_H

#include <openssl/evp.h>

#include "keys/keys.h"

struct cards {
	struct qsc_kit kit;
	struct qsc_kid *kid;
	EVP_CIPHER_CTX *random; /* AES under the seed */
};

/* What a card would answer to DRAW, and what follows from it */
struct drawn {
	uint8_t kid[QSC_KEYS_KID];
	uint8_t key[QSC_KEYS_LEN];
	uint8_t auth[QSC_KEYS_LEN];
	uint8_t dist[QSC_KEYS_LEN];
};

/* All of these end the program on errors. Not for several threads at a time. */
void cards_open(struct cards *cards, const char *kit, const char *seed);
void cards_use_kit(struct cards *cards, const struct qsc_kit *kit, const char *seed);
void cards_close(struct cards *cards);
void cards_draw(const struct cards *cards, uint64_t card, uint32_t slot, struct drawn *out);
void cards_pool_key(const struct cards *cards, uint64_t card, uint32_t slot, uint8_t *key);
void cards_revoke_key(const struct cards *cards, uint64_t card, uint8_t *key);
void cards_register(const struct cards *cards, const char *path, uint64_t card,
		    const char *subscriber, unsigned int profile, uint32_t count);

void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* _KMS_TEST_CARDS_H */
