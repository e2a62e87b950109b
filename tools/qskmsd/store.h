/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Where the cards and their pools are kept. Two implementations, one table of
 * functions each; what they have in common is in store.c. A handle belongs to
 * one thread. Nothing here knows a key: pools and keys come and go sealed by
 * vault.c.
 *
 * Functions return 0 or a negative errno. -EIO is any failure of the store
 * itself; st->error then says what happened and, where there is one, what to
 * do. The handle stays usable: later calls work again once the cause is gone.
 */
#ifndef _QSKMSD_STORE_H
#define _QSKMSD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vault.h"

#define STORE_ERROR_MAX 512
#define STORE_META_MAX 256
#define STORE_TOKEN_MAX 64

/* Card numbers are u40 and slots u24: both fit one signed 64-bit row number. */
#define STORE_CARD_MAX ((1ULL << 40) - 1)
#define STORE_SLOT_MAX ((1UL << 24) - 1)

/*
 * Keys in one chunk of a pool. 60 of them, sealed, stay below what PostgreSQL
 * moves out of line, two chunks fill one page of SQLite, and their burn bits
 * fit one positive SQL integer.
 */
#define STORE_CHUNK_KEYS 60
#define STORE_CHUNK_MAX (STORE_CHUNK_KEYS * VAULT_KEY + VAULT_TAG)
/* Chunks of the largest card, as a power of two */
#define STORE_CHUNK_BITS 19

enum card_state {
	CARD_ACTIVE = 1,
	CARD_REVOKED = 2,
};

/**
 * struct card - one card as the store knows it
 * @number: unique, given at personalisation
 * @subscriber: whose card it is; one active card per subscriber
 * @profile: 1 one-draw, 2 two-draw
 * @slots: keys on the card
 * @state: enum card_state
 * @added: seconds since 1970
 * @revoked: seconds since 1970, 0 if it is not
 * @has_key: false once shredded
 * @key: the card's pool key, sealed under the master key
 * @revoke_key: the card's REVOKE_KEY, sealed under the card's pool key
 * @token: what tells a revoked card to destroy itself
 * @token_len: 0 while the card is active
 */
struct card {
	uint64_t number;
	char subscriber[QSC_KEYS_ID_MAX + 1];
	unsigned int profile;
	uint32_t slots;
	unsigned int state;
	int64_t added;
	int64_t revoked;
	bool has_key;
	uint8_t key[VAULT_SEALED_KEY];
	uint8_t revoke_key[VAULT_SEALED_KEY];
	uint8_t token[STORE_TOKEN_MAX];
	size_t token_len;
};

/**
 * struct slot - all that a login needs, read at once
 * @card: whose slot
 * @burnt: the key was used
 * @chunk: sealed keys of the chunk the slot is in
 * @chunk_len: bytes of @chunk
 */
struct slot {
	struct card card;
	bool burnt;
	uint8_t chunk[STORE_CHUNK_MAX];
	size_t chunk_len;
};

enum question_kind {
	ASK_SLOT,
	ASK_PARTIES,
};

/**
 * struct question - what a login or a call has to know
 * @kind: enum question_kind
 * @card: card number
 * @index: of the slot; ASK_SLOT
 * @peer: subscriber; ASK_PARTIES
 * @err: out: 0, -EIO, or -ENOENT if there is no such slot, or it is shredded
 * @slot: out, ASK_SLOT
 * @card_ok: out, ASK_PARTIES: the card is active
 * @peer_ok: out, ASK_PARTIES: @peer has an active card
 */
struct question {
	enum question_kind kind;
	uint64_t card;
	uint32_t index;
	const char *peer;
	int err;
	bool card_ok;
	bool peer_ok;
	struct slot slot;
};

/**
 * struct burn - one key to be burnt
 * @card: card number
 * @slot: index on the card
 * @done: out: this call burnt it. False: burnt before, or the card is revoked
 * @owner: the caller's; stores may sort burns, but leave it alone
 */
struct burn {
	uint64_t card;
	uint32_t slot;
	bool done;
	void *owner;
};

struct store_counts {
	uint64_t active;
	uint64_t revoked;
};

struct store;

typedef int (*store_card_cb)(const struct card *card, void *arg);

/**
 * struct store_ops - what an implementation does
 * @open: open; if st->create, make the tables that are missing
 * @close: never fails
 * @get_meta: -ENOENT if there is none
 * @put_meta: durable; -EEXIST if there is one already: first writer wins
 * @begin, @commit, @rollback: around @add_card and @add_chunk
 * @add_card: -EEXIST if the number is taken, -EBUSY if the subscriber has an
 *	active card
 * @add_chunk: one chunk of its pool
 * @get_card: by number; -ENOENT
 * @find_card: the active card of a subscriber, else the one revoked last
 * @list_cards: up to @limit cards with numbers above @after, in order; ends
 *	early if the callback returns non-zero
 * @ask: answer questions, many at a time for the price of a few
 * @burn: all in one transaction that is on disk when 0 is returned. Each bit
 *	is set by a conditional update, so of several processes one wins
 * @used: how many keys of a card are burnt
 * @revoke: durable; drops the pool and the keys that open it
 * @count: cards by state
 */
struct store_ops {
	const char *name;
	int (*open)(struct store *st, const char *where);
	void (*close)(struct store *st);
	int (*get_meta)(struct store *st, const char *name, uint8_t *data, size_t *len);
	int (*put_meta)(struct store *st, const char *name, const uint8_t *data, size_t len);
	int (*begin)(struct store *st);
	int (*commit)(struct store *st);
	void (*rollback)(struct store *st);
	int (*add_card)(struct store *st, const struct card *card);
	int (*add_chunk)(struct store *st, uint64_t card, uint32_t chunk, const uint8_t *data,
			 size_t len);
	int (*get_card)(struct store *st, uint64_t number, struct card *card);
	int (*find_card)(struct store *st, const char *subscriber, struct card *card);
	int (*list_cards)(struct store *st, int64_t after, unsigned int limit, store_card_cb cb,
			  void *arg);
	void (*ask)(struct store *st, struct question *questions, size_t n);
	int (*burn)(struct store *st, struct burn *burns, size_t n);
	int (*used)(struct store *st, uint64_t number, uint64_t *used);
	int (*revoke)(struct store *st, uint64_t number, int64_t when, const uint8_t *token,
		      size_t token_len);
	int (*count)(struct store *st, struct store_counts *counts);
};

struct store {
	const struct store_ops *ops;
	bool create;
	char error[STORE_ERROR_MAX];
	void *priv;
};

extern const struct store_ops store_sqlite;
extern const struct store_ops store_postgres;

/**
 * store_open() - open a store by its name
 * @st: the handle, to be closed even after an error
 * @spec: "sqlite:PATH", "postgresql:CONNINFO", or a path alone
 * @create: make it if there is nothing there. Otherwise that is an error: an
 *	empty store in the place of a lost one would go unnoticed
 */
int store_open(struct store *st, const char *spec, bool create);
void store_close(struct store *st);

int store_fail(struct store *st, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline uint32_t store_chunk_of(uint32_t slot)
{
	return slot / STORE_CHUNK_KEYS;
}

static inline int64_t store_bit_of(uint32_t slot)
{
	return INT64_C(1) << slot % STORE_CHUNK_KEYS;
}

/* Row number of a chunk and of its burn bits */
static inline int64_t store_row(uint64_t card, uint32_t chunk)
{
	return (int64_t)(card << STORE_CHUNK_BITS | chunk);
}

static inline uint32_t store_chunks(uint32_t slots)
{
	return (slots + STORE_CHUNK_KEYS - 1) / STORE_CHUNK_KEYS;
}

static inline int64_t store_first_row(uint64_t card)
{
	return store_row(card, 0);
}

static inline int64_t store_last_row(uint64_t card)
{
	return store_row(card, (1U << STORE_CHUNK_BITS) - 1);
}

/* For qsort(): two processes that burn in this order never wait for each other in a circle. */
int burn_compare(const void *a, const void *b);

#endif /* _QSKMSD_STORE_H */
