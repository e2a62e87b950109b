// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The bitmap of burnt slots: in memory, and in sectors with a MAC each. */
#include <errno.h>
#include <stdlib.h>

#include <openssl/rand.h>

#include "internal.h"

static uint8_t bit_of(uint32_t index)
{
	return (uint8_t)(0x80 >> index % 8);
}

bool map_is_used(const struct qsc_card *card, uint32_t index)
{
	return card->map[index / 8] & bit_of(index);
}

void map_mark(struct qsc_card *card, uint32_t index, bool used)
{
	if (used == map_is_used(card, index))
		return;
	card->map[index / 8] ^= bit_of(index);
	card->used += used ? 1 : -1U;
}

/* A number below @limit, each as likely as any other. */
static int random_below(uint32_t limit, uint32_t *out)
{
	uint32_t r, top = UINT32_MAX - UINT32_MAX % limit;

	do {
		if (RAND_bytes((uint8_t *)&r, sizeof(r)) != 1)
			return -EIO;
	} while (r >= top);
	*out = r % limit;
	return 0;
}

/* There must be one. */
int map_random_free(const struct qsc_card *card, uint32_t *index)
{
	uint32_t skip, at = 0;
	int err = random_below(card->total - card->used, &skip);

	for (; !err; at += 8) {
		uint64_t free_bits = ~get_be64(card->map + at);
		uint32_t n = (uint32_t)__builtin_popcountll(free_bits);

		if (skip >= n) {
			skip -= n;
			continue;
		}
		while (skip--)
			free_bits &= ~(1ULL << (63 - __builtin_clzll(free_bits)));
		*index = at * 8 + (uint32_t)__builtin_clzll(free_bits);
		break;
	}
	return err;
}

/* No slot is used; the bits behind the last one are set. */
int map_new(struct qsc_card *card)
{
	uint32_t bits = card->map_sectors * MAP_SLOTS;

	free(card->map);
	card->map = calloc(card->map_sectors, MAP_BYTES);
	if (!card->map)
		return -ENOMEM;
	for (uint32_t i = card->total; i < bits; i++)
		card->map[i / 8] |= bit_of(i);
	card->used = 0;
	return 0;
}

/* The number of the sector is part of the MAC: one cannot stand for another. */
static int tag_of(struct qsc_card *card, uint32_t number, const uint8_t *bits, uint8_t tag[MAP_TAG])
{
	uint8_t text[4 + MAP_BYTES], mac[32];
	int err;

	put_bytes(put_be32(text, number), bits, MAP_BYTES);
	err = qsc_hmac(card->map_key, text, sizeof(text), mac);
	memcpy(tag, mac, MAP_TAG);
	return err;
}

static int make_sector(struct qsc_card *card, uint32_t number, uint8_t sector[SECTOR],
		       struct qsc_why *why)
{
	memcpy(sector, card->map + (size_t)number * MAP_BYTES, MAP_BYTES);
	if (tag_of(card, number, sector, sector + MAP_BYTES))
		return qsc_why(why, -EIO, "cannot authenticate %s: the crypto library failed",
			       card->path);
	return 0;
}

int map_write(struct qsc_card *card, uint32_t number, struct qsc_why *why)
{
	uint8_t sector[SECTOR];
	int err = make_sector(card, number, sector, why);

	return err ? err : card_write(card, map_offset(number), sector, SECTOR, why);
}

int map_read_back(struct qsc_card *card, uint32_t number, struct qsc_why *why)
{
	uint8_t want[SECTOR], have[SECTOR];
	int err = make_sector(card, number, want, why);

	if (!err)
		err = card_read(card, map_offset(number), have, SECTOR, why);
	if (!err && memcmp(want, have, SECTOR))
		err = qsc_why(why, -EIO,
			      "%s: the disk does not give back what was written at byte %llu: "
			      "replace it",
			      card->path, (unsigned long long)map_offset(number));
	if (err)
		card->failed = true;
	return err;
}

static int read_one(struct qsc_card *card, uint32_t number, struct qsc_why *why)
{
	unsigned long long at = map_offset(number);
	uint8_t sector[SECTOR], tag[MAP_TAG];
	int err = card_read(card, at, sector, SECTOR, why);

	if (err)
		return err;
	if (tag_of(card, number, sector, tag))
		return qsc_why(why, -EIO, "cannot authenticate %s: the crypto library failed",
			       card->path);
	if (CRYPTO_memcmp(tag, sector + MAP_BYTES, MAP_TAG))
		return qsc_why(why, -EBADMSG,
			       "%s: bytes %llu to %llu (which of the slots from %u are used) are "
			       "damaged: the card has to be replaced: revoke it at the key service "
			       "and personalise another; never bring back an old copy, which would "
			       "give keys twice",
			       card->path, at, at + SECTOR - 1, number * MAP_SLOTS);
	memcpy(card->map + (size_t)number * MAP_BYTES, sector, MAP_BYTES);
	return 0;
}

int map_read_all(struct qsc_card *card, struct qsc_why *why)
{
	if (map_new(card))
		return qsc_why(why, -ENOMEM, "not enough memory for %s", card->path);
	for (uint32_t i = 0; i < card->map_sectors; i++) {
		int err = read_one(card, i, why);

		if (err)
			return err;
	}
	for (uint32_t i = 0; i < card->total; i++)
		card->used += map_is_used(card, i);
	return 0;
}

size_t qsc_card_bitmap(const struct qsc_card *card, size_t first, uint8_t *out, size_t len)
{
	size_t bytes = (card->total + 7) / 8;

	if (first >= bytes)
		return 0;
	if (len > bytes - first)
		len = bytes - first;
	memcpy(out, card->map + first, len);
	return len;
}
