// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The embedded store: one SQLite file in WAL mode. Every commit is one fsync
 * of the WAL; readers are never kept waiting by it.
 */
#include <errno.h>
#include <string.h>

#include "store_sqlite.h"

#define CARD_COLUMNS \
	"card.number, subscriber, profile, slots, state, added, revoked, key, revoke_key, token"

const char *const lite_texts[ST_STATEMENTS] = {
	[ST_GET_META] = "SELECT value FROM meta WHERE name = ?1",
	[ST_PUT_META] = "INSERT INTO meta VALUES(?1, ?2) ON CONFLICT DO NOTHING",
	[ST_ADD_CARD] = "INSERT INTO card VALUES(?1, ?2, ?3, ?4, 1, ?5, 0, ?6, ?7, NULL)",
	[ST_ADD_CHUNK] = "INSERT INTO pool VALUES(?1, ?2)",
	[ST_GET_CARD] = "SELECT " CARD_COLUMNS " FROM card WHERE number = ?1",
	[ST_FIND_CARD] = "SELECT " CARD_COLUMNS " FROM card WHERE subscriber = ?1"
			 " ORDER BY state, revoked DESC LIMIT 1",
	[ST_LIST_CARDS] = "SELECT " CARD_COLUMNS " FROM card WHERE number > ?1"
			  " ORDER BY number LIMIT ?2",
	[ST_GET_SLOT] = "SELECT " CARD_COLUMNS ", keys, coalesce(bits, 0) FROM card"
			" JOIN pool ON pool.id = ?2 LEFT JOIN burn ON burn.id = ?2"
			" WHERE card.number = ?1 AND state = 1",
	[ST_BURN] = "INSERT INTO burn SELECT ?2, ?3 WHERE EXISTS"
		    "(SELECT 1 FROM card WHERE number = ?1 AND state = 1)"
		    " ON CONFLICT(id) DO UPDATE SET bits = bits | excluded.bits"
		    " WHERE bits & excluded.bits = 0",
	[ST_USED] = "SELECT bits FROM burn WHERE id BETWEEN ?1 AND ?2",
	[ST_CHECK] = "SELECT EXISTS(SELECT 1 FROM card WHERE number = ?1 AND state = 1),"
		     " EXISTS(SELECT 1 FROM card WHERE subscriber = ?2 AND state = 1)",
	[ST_REVOKE] = "UPDATE card SET state = 2, revoked = ?2, token = ?3, key = NULL,"
		      " revoke_key = NULL WHERE number = ?1 AND state = 1",
	[ST_DROP_POOL] = "DELETE FROM pool WHERE id BETWEEN ?1 AND ?2",
	/* Not GROUP BY, which would sort a million cards. */
	[ST_COUNT] = "SELECT count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2)"
		     " FROM card",
};

static int get_meta(struct store *st, const char *name, uint8_t *data, size_t *len)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_GET_META);
	int ret;

	lite_bind_text(stmt, 1, name);
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		ret = lite_bytes(stmt, 0, data, STORE_META_MAX, len) ? 0 : -EMSGSIZE;
		break;
	case SQLITE_DONE:
		ret = -ENOENT;
		break;
	default:
		ret = lite_fail(st, "read");
	}
	lite_done(stmt);
	return ret;
}

static int put_meta(struct store *st, const char *name, const uint8_t *data, size_t len)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_PUT_META);
	struct lite *s = st->priv;
	int ret;

	lite_bind_text(stmt, 1, name);
	lite_bind_blob(stmt, 2, data, len);
	ret = lite_finish(st, stmt, "write");
	if (ret)
		return ret;
	return sqlite3_changes(s->db) ? 0 : -EEXIST;
}

static int begin(struct store *st)
{
	return lite_run(st, "BEGIN IMMEDIATE", "write");
}

static void rollback(struct store *st)
{
	struct lite *s = st->priv;

	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static int commit(struct store *st)
{
	int ret = lite_run(st, "COMMIT", "write");

	if (ret)
		rollback(st);
	return ret;
}

static int add_card(struct store *st, const struct card *card)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_ADD_CARD);
	struct lite *s = st->priv;
	int ret;

	sqlite3_bind_int64(stmt, 1, (int64_t)card->number);
	lite_bind_text(stmt, 2, card->subscriber);
	sqlite3_bind_int(stmt, 3, (int)card->profile);
	sqlite3_bind_int64(stmt, 4, card->slots);
	sqlite3_bind_int64(stmt, 5, card->added);
	lite_bind_blob(stmt, 6, card->key, sizeof(card->key));
	lite_bind_blob(stmt, 7, card->revoke_key, sizeof(card->revoke_key));
	sqlite3_step(stmt);
	switch (sqlite3_extended_errcode(s->db)) {
	case SQLITE_DONE:
	case SQLITE_OK:
		ret = 0;
		break;
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		ret = -EEXIST;
		break;
	case SQLITE_CONSTRAINT_UNIQUE:
		ret = -EBUSY;
		break;
	default:
		ret = lite_fail(st, "add a card");
	}
	lite_done(stmt);
	return ret;
}

static int add_chunk(struct store *st, uint64_t card, uint32_t chunk, const uint8_t *data,
		     size_t len)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_ADD_CHUNK);

	sqlite3_bind_int64(stmt, 1, store_row(card, chunk));
	lite_bind_blob(stmt, 2, data, len);
	return lite_finish(st, stmt, "add keys");
}

/* The columns of CARD_COLUMNS */
static int read_card(struct store *st, sqlite3_stmt *stmt, struct card *card)
{
	struct lite *s = st->priv;
	size_t key_len, revoke_len, name_len;
	bool ok;

	memset(card, 0, sizeof(*card));
	card->number = (uint64_t)sqlite3_column_int64(stmt, 0);
	ok = lite_bytes(stmt, 1, card->subscriber, sizeof(card->subscriber) - 1, &name_len);
	card->profile = (unsigned int)sqlite3_column_int(stmt, 2);
	card->slots = (uint32_t)sqlite3_column_int64(stmt, 3);
	card->state = (unsigned int)sqlite3_column_int(stmt, 4);
	card->added = sqlite3_column_int64(stmt, 5);
	card->revoked = sqlite3_column_int64(stmt, 6);
	ok = ok && lite_bytes(stmt, 7, card->key, sizeof(card->key), &key_len) &&
	     lite_bytes(stmt, 8, card->revoke_key, sizeof(card->revoke_key), &revoke_len) &&
	     lite_bytes(stmt, 9, card->token, sizeof(card->token), &card->token_len);
	if (!ok)
		return store_fail(st, "store %s: the row of card %llu is damaged", s->path,
				  (unsigned long long)card->number);
	card->has_key = key_len == sizeof(card->key) && revoke_len == sizeof(card->revoke_key);
	return 0;
}

static int one_card(struct store *st, sqlite3_stmt *stmt, struct card *card)
{
	int ret;

	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		ret = read_card(st, stmt, card);
		break;
	case SQLITE_DONE:
		ret = -ENOENT;
		break;
	default:
		ret = lite_fail(st, "read");
	}
	lite_done(stmt);
	return ret;
}

static int get_card(struct store *st, uint64_t number, struct card *card)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_GET_CARD);

	sqlite3_bind_int64(stmt, 1, (int64_t)number);
	return one_card(st, stmt, card);
}

static int find_card(struct store *st, const char *subscriber, struct card *card)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_FIND_CARD);

	lite_bind_text(stmt, 1, subscriber);
	return one_card(st, stmt, card);
}

static int list_cards(struct store *st, int64_t after, unsigned int limit, store_card_cb cb,
		      void *arg)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_LIST_CARDS);
	struct card card;
	int ret = 0, step;

	sqlite3_bind_int64(stmt, 1, after);
	sqlite3_bind_int64(stmt, 2, limit);
	while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
		ret = read_card(st, stmt, &card);
		if (ret || cb(&card, arg))
			break;
	}
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		ret = lite_fail(st, "read");
	lite_done(stmt);
	return ret;
}

static int read_slot(struct store *st, sqlite3_stmt *stmt, uint32_t index, struct slot *slot)
{
	struct lite *s = st->priv;
	int ret = read_card(st, stmt, &slot->card);

	if (ret)
		return ret;
	if (index >= slot->card.slots || !slot->card.has_key)
		return -ENOENT;
	if (!lite_bytes(stmt, 10, slot->chunk, sizeof(slot->chunk), &slot->chunk_len))
		return store_fail(st, "store %s: the pool of card %llu is damaged", s->path,
				  (unsigned long long)slot->card.number);
	slot->burnt = sqlite3_column_int64(stmt, 11) & store_bit_of(index);
	return 0;
}

static int get_slot(struct store *st, struct question *q)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_GET_SLOT);
	int ret;

	sqlite3_bind_int64(stmt, 1, (int64_t)q->card);
	sqlite3_bind_int64(stmt, 2, store_row(q->card, store_chunk_of(q->index)));
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		ret = read_slot(st, stmt, q->index, &q->slot);
		break;
	case SQLITE_DONE:
		ret = -ENOENT;
		break;
	default:
		ret = lite_fail(st, "read");
	}
	lite_done(stmt);
	return ret;
}

static int get_parties(struct store *st, struct question *q)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_CHECK);
	int ret = 0;

	sqlite3_bind_int64(stmt, 1, (int64_t)q->card);
	lite_bind_text(stmt, 2, q->peer);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		q->card_ok = sqlite3_column_int(stmt, 0);
		q->peer_ok = sqlite3_column_int(stmt, 1);
	} else {
		ret = lite_fail(st, "read");
	}
	lite_done(stmt);
	return ret;
}

static void ask(struct store *st, struct question *questions, size_t n)
{
	for (struct question *q = questions; q < questions + n; q++)
		q->err = q->kind == ASK_SLOT ? get_slot(st, q) : get_parties(st, q);
}

static int burn_one(struct store *st, struct burn *burn)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_BURN);
	struct lite *s = st->priv;
	int ret;

	sqlite3_bind_int64(stmt, 1, (int64_t)burn->card);
	sqlite3_bind_int64(stmt, 2, store_row(burn->card, store_chunk_of(burn->slot)));
	sqlite3_bind_int64(stmt, 3, store_bit_of(burn->slot));
	ret = lite_finish(st, stmt, "burn a key");
	burn->done = !ret && sqlite3_changes(s->db) == 1;
	return ret;
}

static int burn(struct store *st, struct burn *burns, size_t n)
{
	int ret = begin(st);

	for (size_t i = 0; !ret && i < n; i++)
		ret = burn_one(st, &burns[i]);
	if (ret) {
		rollback(st);
		return ret;
	}
	return commit(st);
}

static int used(struct store *st, uint64_t number, uint64_t *count)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_USED);
	int ret = 0, step;

	*count = 0;
	sqlite3_bind_int64(stmt, 1, store_first_row(number));
	sqlite3_bind_int64(stmt, 2, store_last_row(number));
	while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
		*count += (uint64_t)__builtin_popcountll(
			(unsigned long long)sqlite3_column_int64(stmt, 0));
	if (step != SQLITE_DONE)
		ret = lite_fail(st, "read");
	lite_done(stmt);
	return ret;
}

static int revoke_card(struct store *st, uint64_t number, int64_t when, const uint8_t *token,
		       size_t token_len)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_REVOKE);
	struct lite *s = st->priv;
	int ret;

	sqlite3_bind_int64(stmt, 1, (int64_t)number);
	sqlite3_bind_int64(stmt, 2, when);
	lite_bind_blob(stmt, 3, token, token_len);
	ret = lite_finish(st, stmt, "revoke");
	if (ret)
		return ret;
	if (!sqlite3_changes(s->db))
		return -ENOENT;
	stmt = lite_statement(st, ST_DROP_POOL);
	sqlite3_bind_int64(stmt, 1, store_first_row(number));
	sqlite3_bind_int64(stmt, 2, store_last_row(number));
	return lite_finish(st, stmt, "drop a pool");
}

static int end_card(struct store *st, uint64_t number, int64_t when, const uint8_t *token,
		    size_t token_len)
{
	struct lite *s = st->priv;
	int ret;

	ret = begin(st) ?: revoke_card(st, number, when, token, token_len);
	if (ret) {
		rollback(st);
		return ret;
	}
	ret = commit(st);
	/* Older versions of the zeroed pages are in the WAL. */
	if (!ret)
		sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return ret;
}

static int count(struct store *st, struct store_counts *counts)
{
	sqlite3_stmt *stmt = lite_statement(st, ST_COUNT);
	int ret = 0;

	memset(counts, 0, sizeof(*counts));
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		counts->active = (uint64_t)sqlite3_column_int64(stmt, 0);
		counts->revoked = (uint64_t)sqlite3_column_int64(stmt, 1);
	} else {
		ret = lite_fail(st, "read");
	}
	lite_done(stmt);
	return ret;
}

const struct store_ops store_sqlite = {
	.name = "sqlite",
	.open = lite_open,
	.close = lite_close,
	.get_meta = get_meta,
	.put_meta = put_meta,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.add_card = add_card,
	.add_chunk = add_chunk,
	.get_card = get_card,
	.find_card = find_card,
	.list_cards = list_cards,
	.ask = ask,
	.burn = burn,
	.used = used,
	.revoke = end_card,
	.count = count,
};
