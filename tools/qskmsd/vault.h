/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The keys that seal what the store keeps: a master key in a file of its own
 * seals one random key per card, and that one seals the card's pool. Whoever
 * has the store alone has nothing; dropping a card's key shreds its pool.
 */
#ifndef _QSKMSD_VAULT_H
#define _QSKMSD_VAULT_H

#include <stddef.h>
#include <stdint.h>

#include "keys/keys.h"

#define VAULT_KEY QSC_KEYS_LEN
#define VAULT_TAG 16
#define VAULT_NONCE 12
#define VAULT_SEALED_KEY (VAULT_NONCE + VAULT_KEY + VAULT_TAG)

/* First words of the master key's file */
#define VAULT_KEYFILE "qsc-kms-master"

struct vault;

/**
 * vault_open() - read the master key
 * @vault: out; vault_close() wipes it
 * @path: a file that nobody but its owner may read
 * @why: out, on errors
 *
 * Return: 0 or a negative errno
 */
int vault_open(struct vault **vault, const char *path, struct qsc_why *why);
void vault_close(struct vault *vault);

/*
 * Sealing and opening. All return 0, or -EBADMSG for what this master key did
 * not seal, or that was changed, moved or relabelled; outputs are wiped then.
 * Any thread.
 */

/* Keys of the service as a whole. @name keeps one from standing for another. */
int vault_seal_named(const struct vault *vault, const char *name, const uint8_t key[VAULT_KEY],
		     uint8_t out[VAULT_SEALED_KEY]);
int vault_open_named(const struct vault *vault, const char *name,
		     const uint8_t sealed[VAULT_SEALED_KEY], uint8_t key[VAULT_KEY]);

struct card;

/* The key of a card: fits that number, subscriber, profile and size only. */
int vault_seal_card_key(const struct vault *vault, const struct card *card,
			const uint8_t key[VAULT_KEY], uint8_t out[VAULT_SEALED_KEY]);
int vault_open_card_key(const struct vault *vault, const struct card *card, uint8_t key[VAULT_KEY]);

int vault_seal_revoke_key(const uint8_t card_key[VAULT_KEY], const uint8_t revoke_key[VAULT_KEY],
			  uint8_t out[VAULT_SEALED_KEY]);
int vault_open_revoke_key(const uint8_t card_key[VAULT_KEY], const uint8_t sealed[VAULT_SEALED_KEY],
			  uint8_t revoke_key[VAULT_KEY]);

/*
 * A chunk of @n pool keys; @out has n * VAULT_KEY + VAULT_TAG bytes. A card key
 * seals each of its chunks once: the nonce is the chunk's number.
 */
int vault_seal_chunk(const uint8_t card_key[VAULT_KEY], uint32_t chunk, const uint8_t *keys,
		     size_t n, uint8_t *out);
int vault_open_chunk(const uint8_t card_key[VAULT_KEY], uint32_t chunk, const uint8_t *sealed,
		     size_t n, uint8_t *keys);

#endif /* _QSKMSD_VAULT_H */
