// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The embedded store: one SQLite file in WAL mode. Every commit is one fsync
 * of the WAL; readers are never kept waiting by it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store.h"

#define APPLICATION_ID 0x51534b4d /* "QSKM" */
#define SCHEMA_VERSION 1
#define BUSY_MS 10000

enum statement {
	GET_META,
	PUT_META,
	ADD_CARD,
	ADD_CHUNK,
	GET_CARD,
	FIND_CARD,
	LIST_CARDS,
	GET_SLOT,
	BURN,
	USED,
	CHECK,
	REVOKE,
	DROP_POOL,
	COUNT,
	STATEMENTS,
};

struct sqlite {
	sqlite3 *db;
	sqlite3_stmt *stmts[STATEMENTS];
	char *path;
};

/*
 * An id of pool and burn is store_row(). Rows of burn appear with the first
 * burn in their chunk and are apart from the pool, so that a burn writes one
 * small page.
 */
static const char schema[] =
	"CREATE TABLE meta(name TEXT PRIMARY KEY, value BLOB NOT NULL);"
	"CREATE TABLE card(number INTEGER PRIMARY KEY, subscriber TEXT NOT NULL,"
	" profile INTEGER NOT NULL, slots INTEGER NOT NULL, state INTEGER NOT NULL,"
	" added INTEGER NOT NULL, revoked INTEGER NOT NULL, key BLOB, revoke_key BLOB, token BLOB);"
	"CREATE UNIQUE INDEX card_active ON card(subscriber) WHERE state = 1;"
	"CREATE INDEX card_subscriber ON card(subscriber, state, revoked DESC);"
	"CREATE TABLE pool(id INTEGER PRIMARY KEY, keys BLOB NOT NULL);"
	"CREATE TABLE burn(id INTEGER PRIMARY KEY, bits INTEGER NOT NULL);";

#define CARD_COLUMNS \
	"card.number, subscriber, profile, slots, state, added, revoked, key, revoke_key, token"

static const char *const texts[STATEMENTS] = {
	[GET_META] = "SELECT value FROM meta WHERE name = ?1",
	[PUT_META] = "INSERT INTO meta VALUES(?1, ?2) ON CONFLICT DO NOTHING",
	[ADD_CARD] = "INSERT INTO card VALUES(?1, ?2, ?3, ?4, 1, ?5, 0, ?6, ?7, NULL)",
	[ADD_CHUNK] = "INSERT INTO pool VALUES(?1, ?2)",
	[GET_CARD] = "SELECT " CARD_COLUMNS " FROM card WHERE number = ?1",
	[FIND_CARD] = "SELECT " CARD_COLUMNS " FROM card WHERE subscriber = ?1"
		      " ORDER BY state, revoked DESC LIMIT 1",
	[LIST_CARDS] = "SELECT " CARD_COLUMNS " FROM card WHERE number > ?1"
		       " ORDER BY number LIMIT ?2",
	[GET_SLOT] = "SELECT " CARD_COLUMNS ", keys, coalesce(bits, 0) FROM card"
		     " JOIN pool ON pool.id = ?2 LEFT JOIN burn ON burn.id = ?2"
		     " WHERE card.number = ?1 AND state = 1",
	[BURN] = "INSERT INTO burn SELECT ?2, ?3 WHERE EXISTS"
		 "(SELECT 1 FROM card WHERE number = ?1 AND state = 1)"
		 " ON CONFLICT(id) DO UPDATE SET bits = bits | excluded.bits"
		 " WHERE bits & excluded.bits = 0",
	[USED] = "SELECT bits FROM burn WHERE id BETWEEN ?1 AND ?2",
	[CHECK] = "SELECT EXISTS(SELECT 1 FROM card WHERE number = ?1 AND state = 1),"
		  " EXISTS(SELECT 1 FROM card WHERE subscriber = ?2 AND state = 1)",
	[REVOKE] = "UPDATE card SET state = 2, revoked = ?2, token = ?3, key = NULL,"
		   " revoke_key = NULL WHERE number = ?1 AND state = 1",
	[DROP_POOL] = "DELETE FROM pool WHERE id BETWEEN ?1 AND ?2",
	[COUNT] = "SELECT state, count(*) FROM card GROUP BY state",
};

static const char *advice(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return ": make room on its disk";
	case SQLITE_READONLY:
		return ": the service must be able to write the file and its folder";
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ": the file is damaged or none of ours; put the right one back";
	case SQLITE_CANTOPEN:
		return ": is the folder there, and may the service write in it?";
	default:
		return "";
	}
}

static int fail(struct store *st, const char *what)
{
	struct sqlite *s = st->priv;
	int code = sqlite3_extended_errcode(s->db);

	return store_fail(st, "store %s: cannot %s: %s%s", s->path, what, sqlite3_errmsg(s->db),
			  advice(code));
}

static int run(struct store *st, const char *sql, const char *what)
{
	struct sqlite *s = st->priv;

	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(st, what);
}

static int ask_int(struct store *st, const char *sql, int *value)
{
	struct sqlite *s = st->priv;
	sqlite3_stmt *stmt;
	int ret = -EIO;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		*value = sqlite3_column_int(stmt, 0);
		ret = 0;
	}
	if (ret)
		fail(st, "open it");
	sqlite3_finalize(stmt);
	return ret;
}

static int nothing_there(struct store *st)
{
	const struct sqlite *s = st->priv;

	return store_fail(st, "store %s: there is nothing in it; qskmsd --init makes a new one",
			  s->path);
}

static int make_schema(struct store *st)
{
	char pragma[96];

	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 APPLICATION_ID, SCHEMA_VERSION);
	return run(st, schema, "make its tables") ?: run(st, pragma, "make its tables");
}

/* In one transaction: two threads or processes may open a new file at once. */
static int check_schema(struct store *st)
{
	struct sqlite *s = st->priv;
	int ret, id, version, tables;

	ret = run(st, "BEGIN IMMEDIATE", "open it");
	if (ret)
		return ret;
	ret = ask_int(st, "PRAGMA application_id", &id)		   ?:
		      ask_int(st, "PRAGMA user_version", &version) ?:
		      ask_int(st, "SELECT count(*) FROM sqlite_master", &tables);
	if (!ret && !tables && !id)
		ret = st->create ? make_schema(st) : nothing_there(st);
	else if (!ret && id != APPLICATION_ID)
		ret = store_fail(st, "store %s: this is a database of something else", s->path);
	else if (!ret && version != SCHEMA_VERSION)
		ret = store_fail(st, "store %s: it has format %d, this program knows %d", s->path,
				 version, SCHEMA_VERSION);
	if (ret) {
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
		return ret;
	}
	return run(st, "COMMIT", "make its tables");
}

/* A new one: readable by the service alone, whatever the umask; its WAL follows suit. */
static int make_private(struct store *st, const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | (st->create ? O_CREAT : 0), 0600);

	if (fd < 0 && errno == ENOENT && !st->create)
		return store_fail(st, "store %s: it is not there; qskmsd --init makes a new one",
				  path);
	if (fd < 0)
		return store_fail(st, "store %s: cannot open it: %s", path, strerror(errno));
	close(fd);
	return 0;
}

static int open_sqlite(struct store *st, const char *path)
{
	struct sqlite *s = calloc(1, sizeof(*s));
	int ret;

	st->priv = s;
	s->path = s ? strdup(path) : NULL;
	if (!s || !s->path)
		return store_fail(st, "not enough memory");
	ret = make_private(st, path);
	if (ret)
		return ret;
	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return fail(st, "open it");
	sqlite3_busy_timeout(s->db, BUSY_MS);
	ret = run(st,
		  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		  "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
		  "PRAGMA cache_size = -8192",
		  "open it") ?:
	      check_schema(st);
	for (int i = 0; !ret && i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->stmts[i],
				       NULL) != SQLITE_OK)
			ret = fail(st, "use its tables");
	return ret;
}

static void close_sqlite(struct store *st)
{
	struct sqlite *s = st->priv;

	if (!s)
		return;
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->stmts[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
	st->priv = NULL;
}

static sqlite3_stmt *statement(struct store *st, enum statement which)
{
	struct sqlite *s = st->priv;

	return s->stmts[which];
}

/* After the last step, whatever it said. */
static void done(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

/* Run a statement that returns no rows. */
static int finish(struct store *st, sqlite3_stmt *stmt, const char *what)
{
	int ret = sqlite3_step(stmt) == SQLITE_DONE ? 0 : fail(st, what);

	done(stmt);
	return ret;
}

static void bind_blob(sqlite3_stmt *stmt, int i, const void *data, size_t len)
{
	sqlite3_bind_blob(stmt, i, data, (int)len, SQLITE_STATIC);
}

static void bind_text(sqlite3_stmt *stmt, int i, const char *text)
{
	sqlite3_bind_text(stmt, i, text, -1, SQLITE_STATIC);
}

/* Bytes of a column of at most @size; false if there are more. */
static bool column_bytes(sqlite3_stmt *stmt, int i, void *buf, size_t size, size_t *len)
{
	const void *data = sqlite3_column_blob(stmt, i);

	*len = (size_t)sqlite3_column_bytes(stmt, i);
	if (*len > size)
		return false;
	if (*len)
		memcpy(buf, data, *len);
	return true;
}

static int get_meta(struct store *st, const char *name, uint8_t *data, size_t *len)
{
	sqlite3_stmt *stmt = statement(st, GET_META);
	int ret;

	bind_text(stmt, 1, name);
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		ret = column_bytes(stmt, 0, data, STORE_META_MAX, len) ? 0 : -EMSGSIZE;
		break;
	case SQLITE_DONE:
		ret = -ENOENT;
		break;
	default:
		ret = fail(st, "read");
	}
	done(stmt);
	return ret;
}

static int put_meta(struct store *st, const char *name, const uint8_t *data, size_t len)
{
	sqlite3_stmt *stmt = statement(st, PUT_META);
	struct sqlite *s = st->priv;
	int ret;

	bind_text(stmt, 1, name);
	bind_blob(stmt, 2, data, len);
	ret = finish(st, stmt, "write");
	return ret ?: sqlite3_changes(s->db) ? 0 : -EEXIST;
}

static int begin(struct store *st)
{
	return run(st, "BEGIN IMMEDIATE", "write");
}

static void rollback(struct store *st)
{
	struct sqlite *s = st->priv;

	if (!sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
}

static int commit(struct store *st)
{
	int ret = run(st, "COMMIT", "write");

	if (ret)
		rollback(st);
	return ret;
}

static int add_card(struct store *st, const struct card *card)
{
	sqlite3_stmt *stmt = statement(st, ADD_CARD);
	struct sqlite *s = st->priv;
	int ret;

	sqlite3_bind_int64(stmt, 1, (int64_t)card->number);
	bind_text(stmt, 2, card->subscriber);
	sqlite3_bind_int(stmt, 3, (int)card->profile);
	sqlite3_bind_int64(stmt, 4, card->slots);
	sqlite3_bind_int64(stmt, 5, card->added);
	bind_blob(stmt, 6, card->key, sizeof(card->key));
	bind_blob(stmt, 7, card->revoke_key, sizeof(card->revoke_key));
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
		ret = fail(st, "add a card");
	}
	done(stmt);
	return ret;
}

static int add_chunk(struct store *st, uint64_t card, uint32_t chunk, const uint8_t *data,
		     size_t len)
{
	sqlite3_stmt *stmt = statement(st, ADD_CHUNK);

	sqlite3_bind_int64(stmt, 1, store_row(card, chunk));
	bind_blob(stmt, 2, data, len);
	return finish(st, stmt, "add keys");
}

/* The columns of CARD_COLUMNS */
static int read_card(struct store *st, sqlite3_stmt *stmt, struct card *card)
{
	struct sqlite *s = st->priv;
	size_t key_len, revoke_len, name_len;
	bool ok;

	memset(card, 0, sizeof(*card));
	card->number = (uint64_t)sqlite3_column_int64(stmt, 0);
	ok = column_bytes(stmt, 1, card->subscriber, sizeof(card->subscriber) - 1, &name_len);
	card->profile = (unsigned int)sqlite3_column_int(stmt, 2);
	card->slots = (uint32_t)sqlite3_column_int64(stmt, 3);
	card->state = (unsigned int)sqlite3_column_int(stmt, 4);
	card->added = sqlite3_column_int64(stmt, 5);
	card->revoked = sqlite3_column_int64(stmt, 6);
	ok = ok && column_bytes(stmt, 7, card->key, sizeof(card->key), &key_len) &&
	     column_bytes(stmt, 8, card->revoke_key, sizeof(card->revoke_key), &revoke_len) &&
	     column_bytes(stmt, 9, card->token, sizeof(card->token), &card->token_len);
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
		ret = fail(st, "read");
	}
	done(stmt);
	return ret;
}

static int get_card(struct store *st, uint64_t number, struct card *card)
{
	sqlite3_stmt *stmt = statement(st, GET_CARD);

	sqlite3_bind_int64(stmt, 1, (int64_t)number);
	return one_card(st, stmt, card);
}

static int find_card(struct store *st, const char *subscriber, struct card *card)
{
	sqlite3_stmt *stmt = statement(st, FIND_CARD);

	bind_text(stmt, 1, subscriber);
	return one_card(st, stmt, card);
}

static int list_cards(struct store *st, int64_t after, unsigned int limit, store_card_cb cb,
		      void *arg)
{
	sqlite3_stmt *stmt = statement(st, LIST_CARDS);
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
		ret = fail(st, "read");
	done(stmt);
	return ret;
}

static int read_slot(struct store *st, sqlite3_stmt *stmt, uint32_t index, struct slot *slot)
{
	struct sqlite *s = st->priv;
	int ret = read_card(st, stmt, &slot->card);

	if (ret)
		return ret;
	if (index >= slot->card.slots || !slot->card.has_key)
		return -ENOENT;
	if (!column_bytes(stmt, 10, slot->chunk, sizeof(slot->chunk), &slot->chunk_len))
		return store_fail(st, "store %s: the pool of card %llu is damaged", s->path,
				  (unsigned long long)slot->card.number);
	slot->burnt = sqlite3_column_int64(stmt, 11) & store_bit_of(index);
	return 0;
}

static int get_slot(struct store *st, uint64_t number, uint32_t index, struct slot *slot)
{
	sqlite3_stmt *stmt = statement(st, GET_SLOT);
	int ret;

	sqlite3_bind_int64(stmt, 1, (int64_t)number);
	sqlite3_bind_int64(stmt, 2, store_row(number, store_chunk_of(index)));
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		ret = read_slot(st, stmt, index, slot);
		break;
	case SQLITE_DONE:
		ret = -ENOENT;
		break;
	default:
		ret = fail(st, "read");
	}
	done(stmt);
	return ret;
}

static int burn_one(struct store *st, struct burn *burn)
{
	sqlite3_stmt *stmt = statement(st, BURN);
	struct sqlite *s = st->priv;
	int ret;

	sqlite3_bind_int64(stmt, 1, (int64_t)burn->card);
	sqlite3_bind_int64(stmt, 2, store_row(burn->card, store_chunk_of(burn->slot)));
	sqlite3_bind_int64(stmt, 3, store_bit_of(burn->slot));
	ret = finish(st, stmt, "burn a key");
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
	sqlite3_stmt *stmt = statement(st, USED);
	int ret = 0, step;

	*count = 0;
	sqlite3_bind_int64(stmt, 1, store_first_row(number));
	sqlite3_bind_int64(stmt, 2, store_last_row(number));
	while ((step = sqlite3_step(stmt)) == SQLITE_ROW)
		*count += (uint64_t)__builtin_popcountll(
			(unsigned long long)sqlite3_column_int64(stmt, 0));
	if (step != SQLITE_DONE)
		ret = fail(st, "read");
	done(stmt);
	return ret;
}

static int check(struct store *st, uint64_t number, const char *peer, bool *card_ok, bool *peer_ok)
{
	sqlite3_stmt *stmt = statement(st, CHECK);
	int ret = 0;

	sqlite3_bind_int64(stmt, 1, (int64_t)number);
	bind_text(stmt, 2, peer);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		*card_ok = sqlite3_column_int(stmt, 0);
		*peer_ok = sqlite3_column_int(stmt, 1);
	} else {
		ret = fail(st, "read");
	}
	done(stmt);
	return ret;
}

static int revoke_card(struct store *st, uint64_t number, int64_t when, const uint8_t *token,
		       size_t token_len)
{
	sqlite3_stmt *stmt = statement(st, REVOKE);
	struct sqlite *s = st->priv;
	int ret;

	sqlite3_bind_int64(stmt, 1, (int64_t)number);
	sqlite3_bind_int64(stmt, 2, when);
	bind_blob(stmt, 3, token, token_len);
	ret = finish(st, stmt, "revoke");
	if (ret)
		return ret;
	if (!sqlite3_changes(s->db))
		return -ENOENT;
	stmt = statement(st, DROP_POOL);
	sqlite3_bind_int64(stmt, 1, store_first_row(number));
	sqlite3_bind_int64(stmt, 2, store_last_row(number));
	return finish(st, stmt, "drop a pool");
}

static int end_card(struct store *st, uint64_t number, int64_t when, const uint8_t *token,
		    size_t token_len)
{
	struct sqlite *s = st->priv;
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
	sqlite3_stmt *stmt = statement(st, COUNT);
	int ret = 0, step;

	memset(counts, 0, sizeof(*counts));
	while ((step = sqlite3_step(stmt)) == SQLITE_ROW) {
		uint64_t n = (uint64_t)sqlite3_column_int64(stmt, 1);

		if (sqlite3_column_int(stmt, 0) == CARD_ACTIVE)
			counts->active = n;
		else
			counts->revoked = n;
	}
	if (step != SQLITE_DONE)
		ret = fail(st, "read");
	done(stmt);
	return ret;
}

const struct store_ops store_sqlite = {
	.name = "sqlite",
	.open = open_sqlite,
	.close = close_sqlite,
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
	.get_slot = get_slot,
	.burn = burn,
	.used = used,
	.check = check,
	.revoke = end_card,
	.count = count,
};
