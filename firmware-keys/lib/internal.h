/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The inside of a card, and where its parts are in the file. */
#ifndef _QSC_CARD_INTERNAL_H
#define _QSC_CARD_INTERNAL_H

#include <openssl/types.h>

#include "card.h"
#include "keys_internal.h"

/*
 * Everything that changes while a card is in use, but for zeroising, is one
 * sector: a disk writes it as a whole or not at all.
 */
#define SECTOR 512
#define SEALED_BODY 452 /* of the two sectors at the beginning */
#define MAP_BYTES 496 /* of a sector of the bitmap; a tag follows */
#define MAP_SLOTS (MAP_BYTES * 8)
#define MAP_TAG 16
#define SALT_LEN 16

#define SLOT_PLAIN (QSC_KEYS_CORE + QSC_KEYS_LEN)
#define SLOT_TAG 6
#define SLOT_LEN (SLOT_PLAIN + SLOT_TAG)

enum sealed_sector {
	SECTOR_IDENTITY,
	SECTOR_STATE,
	SECTOR_MAP, /* and the ones behind */
};

/* What the sealed sectors hold. */
struct identity {
	uint64_t card;
	uint8_t profile;
	bool has_transport;
	uint8_t kid_card[QSC_KEYS_LEN];
	uint8_t revoke_key[QSC_KEYS_LEN];
	uint8_t pool_key[QSC_KEYS_LEN]; /* encrypts the slots */
	uint8_t transport_key[QSC_KEYS_LEN];
};

struct state {
	uint8_t state;
	uint8_t tries;
	uint8_t pin[32]; /* HMAC of it */
};

struct qsc_card {
	int fd;
	char *path;
	bool look_only;
	bool dirty; /* something was written and not synced */
	bool failed; /* nobody knows what is on the disk */
	bool begun; /* qsc_card_load_begin() was called */
	uint32_t loaded;

	uint32_t total;
	uint32_t used;
	uint32_t map_sectors;
	uint8_t *map; /* MAP_BYTES a sector */

	uint8_t salt[SALT_LEN];
	uint8_t head_key[QSC_KEYS_LEN];
	uint8_t map_key[QSC_KEYS_LEN];
	uint8_t pin_key[QSC_KEYS_LEN];
	struct identity identity;
	struct state state;

	uint8_t slot_mac_key[QSC_KEYS_LEN];
	EVP_CIPHER_CTX *slot_cipher;

	void (*hook)(void *arg, enum qsc_card_step step);
	void *hook_arg;
};

static inline uint64_t map_offset(uint32_t sector)
{
	return (uint64_t)(SECTOR_MAP + sector) * SECTOR;
}

static inline uint64_t slot_offset(const struct qsc_card *card, uint32_t index)
{
	return map_offset(card->map_sectors) + (uint64_t)index * SLOT_LEN;
}

static inline uint32_t map_sectors_for(uint32_t slots)
{
	return (slots + MAP_SLOTS - 1) / MAP_SLOTS;
}

/* io.c: the only file that reads, writes and syncs an image */
int card_read(struct qsc_card *card, uint64_t at, void *data, size_t len, struct qsc_why *why);
/* -EIO; sets failed unless it is certain that nothing was written */
int card_write(struct qsc_card *card, uint64_t at, const void *data, size_t len,
	       struct qsc_why *why);
int card_sync(struct qsc_card *card, struct qsc_why *why);
/* Room for all of it: a card that works must not find the disk full. */
int card_reserve(struct qsc_card *card, struct qsc_why *why);
int card_lock(struct qsc_card *card, struct qsc_why *why);
/* -EIO and the words that go with a card that has failed before */
int card_check_failed(const struct qsc_card *card, struct qsc_why *why);

/* sector.c: what the first two sectors and those of the bitmap look like */
int card_derive_keys(struct qsc_card *card, const uint8_t *image_key);
int card_write_identity(struct qsc_card *card, struct qsc_why *why);
int card_write_state(struct qsc_card *card, struct qsc_why *why);
int card_parse_heads(struct qsc_card *card, const uint8_t heads[2 * SECTOR], struct qsc_why *why);
/* Magic, salt and number of slots, which are in the clear. */
int card_parse_clear(struct qsc_card *card, const uint8_t head[SECTOR], struct qsc_why *why);

/* map.c */
bool map_is_used(const struct qsc_card *card, uint32_t index);
void map_mark(struct qsc_card *card, uint32_t index, bool used);
int map_random_free(const struct qsc_card *card, uint32_t *index);
int map_new(struct qsc_card *card);
int map_write(struct qsc_card *card, uint32_t number, struct qsc_why *why);
int map_read_back(struct qsc_card *card, uint32_t number, struct qsc_why *why);
int map_read_all(struct qsc_card *card, struct qsc_why *why);

/* slot.c */
int slot_prepare(struct qsc_card *card);
int slot_seal(struct qsc_card *card, uint32_t index, const struct qsc_slot *slot,
	      uint8_t out[SLOT_LEN]);
/* 0 or -EBADMSG; the key stays encrypted */
int slot_check(struct qsc_card *card, uint32_t index, const uint8_t sealed[SLOT_LEN]);
int slot_open(struct qsc_card *card, uint32_t index, const uint8_t sealed[SLOT_LEN],
	      struct qsc_slot *slot);
bool slot_is_zero(const uint8_t sealed[SLOT_LEN]);
/* Call @visit for every slot, in order; it may change nothing. */
int slot_each(struct qsc_card *card, int (*visit)(void *arg, uint32_t index, const uint8_t *slot),
	      void *arg, struct qsc_why *why);
int slot_zeroise_all(struct qsc_card *card, struct qsc_why *why);

/* pin.c */
int pin_set(struct qsc_card *card, const char *pin, size_t len);

/* recover.c */
int card_recover(struct qsc_card *card, struct qsc_why *why);

/* revoke.c: everything after the mark */
int card_finish_revoke(struct qsc_card *card, struct qsc_why *why);

#endif /* _QSC_CARD_INTERNAL_H */
