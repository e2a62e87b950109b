/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Two handles of one store, and cards to put into it. Include first. */
#ifndef _KMS_STORE_TEST_H
#define _KMS_STORE_TEST_H

#include "kms_test.h"

#include <libpq-fe.h>

#define SLOTS 130 /* two whole chunks and a short one */
#define CHUNKS 3

static const char *spec;
static struct store st, other;

static inline bool on_postgres(void)
{
	return getenv("QSC_TEST_PG");
}

static inline void drop_tables(const char *conninfo)
{
	PGconn *conn = PQconnectdb(conninfo);

	assert_int_equal(PQstatus(conn), CONNECTION_OK);
	PQclear(PQexec(conn, "SET client_min_messages = error; DROP TABLE IF EXISTS"
			     " qskms_meta, qskms_card, qskms_pool, qskms_burn"));
	PQfinish(conn);
}

static inline void open_store(struct store *s, bool create)
{
	if (store_open(s, spec, create))
		fail_msg("%s", s->error);
}

static inline int new_store(void **state)
{
	static char text[512];

	(void)state;
	if (on_postgres()) {
		drop_tables(getenv("QSC_TEST_PG"));
		snprintf(text, sizeof(text), "postgresql:%s", getenv("QSC_TEST_PG"));
	} else {
		unlink(test_path("db"));
		unlink(test_path("db-wal"));
		unlink(test_path("db-shm"));
		snprintf(text, sizeof(text), "sqlite:%s", test_path("db"));
	}
	spec = text;
	open_store(&st, true);
	open_store(&other, false);
	return 0;
}

static inline int end_store(void **state)
{
	(void)state;
	store_close(&st);
	store_close(&other);
	return 0;
}

static inline void fill_card(struct card *card, uint64_t number, const char *subscriber)
{
	memset(card, 0, sizeof(*card));
	card->number = number;
	snprintf(card->subscriber, sizeof(card->subscriber), "%s", subscriber);
	card->profile = 1 + number % 2;
	card->slots = SLOTS;
	card->state = CARD_ACTIVE;
	card->added = 1000 + (int64_t)number;
	card->has_key = true;
	memset(card->key, 'k', sizeof(card->key));
	card->key[0] = 0; /* not a C string */
	memset(card->revoke_key, 'r', sizeof(card->revoke_key));
}

static inline void fill_chunk(uint64_t card, uint32_t chunk, uint8_t *data, size_t *len)
{
	size_t keys = chunk == CHUNKS - 1 ? SLOTS % STORE_CHUNK_KEYS : STORE_CHUNK_KEYS;

	*len = keys * VAULT_KEY + VAULT_TAG;
	for (size_t i = 0; i < *len; i++)
		data[i] = (uint8_t)(card * 31 + chunk * 7 + i);
}

static inline int add_card(struct store *s, uint64_t number, const char *subscriber)
{
	uint8_t data[STORE_CHUNK_MAX];
	struct card card;
	size_t len;
	int ret;

	fill_card(&card, number, subscriber);
	assert_int_equal(s->ops->begin(s), 0);
	ret = s->ops->add_card(s, &card);
	for (uint32_t chunk = 0; !ret && chunk < CHUNKS; chunk++) {
		fill_chunk(number, chunk, data, &len);
		ret = s->ops->add_chunk(s, number, chunk, data, len);
	}
	if (ret) {
		s->ops->rollback(s);
		return ret;
	}
	return s->ops->commit(s);
}

static inline int check(struct store *s, uint64_t card, const char *peer, bool *card_ok,
			bool *peer_ok)
{
	struct question q = { .kind = ASK_PARTIES, .card = card, .peer = peer };

	s->ops->ask(s, &q, 1);
	*card_ok = q.card_ok;
	*peer_ok = q.peer_ok;
	return q.err;
}

static inline int burn_one(struct store *s, uint64_t card, uint32_t slot, bool *done)
{
	struct burn burn = { .card = card, .slot = slot };
	int ret = s->ops->burn(s, &burn, 1);

	*done = burn.done;
	return ret;
}

static inline void assert_burns(struct store *s, uint64_t card, uint32_t slot, bool want)
{
	bool done;

	assert_int_equal(burn_one(s, card, slot, &done), 0);
	assert_int_equal(done, want);
}

#endif /* _KMS_STORE_TEST_H */
