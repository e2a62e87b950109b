// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The carrier's store: PostgreSQL, or any engine that speaks its protocol and
 * dialect. A batch of burns goes out as one pipeline: one round trip and one
 * sync of the server's log, however many there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store_postgres.h"

#define CARD_COLUMNS \
	"number, subscriber, profile, slots, state, added, revoked, key, revoke_key, token"

const char *const pg_texts[PG_STATEMENTS] = {
	[PG_GET_META] = "SELECT value FROM qskms_meta WHERE name = $1",
	[PG_PUT_META] = "INSERT INTO qskms_meta VALUES($1, $2) ON CONFLICT DO NOTHING",
	[PG_ADD_CARD] = "INSERT INTO qskms_card VALUES($1, $2, $3, $4, 1, $5, 0, $6, $7, NULL)",
	[PG_ADD_CHUNK] = "INSERT INTO qskms_pool VALUES($1, $2)",
	[PG_GET_CARD] = "SELECT " CARD_COLUMNS " FROM qskms_card WHERE number = $1",
	[PG_FIND_CARD] = "SELECT " CARD_COLUMNS " FROM qskms_card WHERE subscriber = $1"
			 " ORDER BY state, revoked DESC LIMIT 1",
	[PG_LIST_CARDS] = "SELECT " CARD_COLUMNS " FROM qskms_card WHERE number > $1"
			  " ORDER BY number LIMIT $2",
	[PG_GET_SLOT] = "SELECT " CARD_COLUMNS ", keys, coalesce(bits, 0) FROM qskms_card"
			" JOIN qskms_pool p ON p.id = $2 LEFT JOIN qskms_burn b ON b.id = $2"
			" WHERE number = $1 AND state = 1",
	[PG_BURN] = "INSERT INTO qskms_burn SELECT $2::bigint, $3::bigint WHERE EXISTS"
		    "(SELECT 1 FROM qskms_card WHERE number = $1 AND state = 1)"
		    " ON CONFLICT(id) DO UPDATE SET bits = qskms_burn.bits | excluded.bits"
		    " WHERE qskms_burn.bits & excluded.bits = 0",
	[PG_USED] = "SELECT bits FROM qskms_burn WHERE id BETWEEN $1 AND $2",
	[PG_CHECK] = "SELECT EXISTS(SELECT 1 FROM qskms_card WHERE number = $1 AND state = 1)"
		     "::int::bigint, EXISTS(SELECT 1 FROM qskms_card WHERE subscriber = $2"
		     " AND state = 1)::int::bigint",
	[PG_REVOKE] = "UPDATE qskms_card SET state = 2, revoked = $2, token = $3, key = NULL,"
		      " revoke_key = NULL WHERE number = $1 AND state = 1",
	[PG_DROP_POOL] = "DELETE FROM qskms_pool WHERE id BETWEEN $1 AND $2",
	[PG_COUNT] = "SELECT count(*) FILTER (WHERE state = 1), count(*) FILTER (WHERE state = 2)"
		     " FROM qskms_card",
};

/* A statement that returns no rows; -ENOENT if it changed none. */
static int change(struct store *st, enum pg_statement which, const struct pg_args *args,
		  const char *what)
{
	PGresult *res = pg_run(st, which, args, what);

	if (!res)
		return -EIO;
	return pg_changed(res) ? 0 : -ENOENT;
}

static int get_meta(struct store *st, const char *name, uint8_t *data, size_t *len)
{
	struct pg_args args = { 0 };
	PGresult *res;
	int ret = 0;

	pg_add_text(&args, name);
	res = pg_run(st, PG_GET_META, &args, "read");
	if (!res)
		return -EIO;
	if (!PQntuples(res))
		ret = -ENOENT;
	else if (!pg_bytes(res, 0, 0, data, STORE_META_MAX, len))
		ret = -EMSGSIZE;
	PQclear(res);
	return ret;
}

static int put_meta(struct store *st, const char *name, const uint8_t *data, size_t len)
{
	struct pg_args args = { 0 };
	int ret;

	pg_add_text(&args, name);
	pg_add_bytes(&args, data, len);
	ret = change(st, PG_PUT_META, &args, "write");
	return ret == -ENOENT ? -EEXIST : ret;
}

static int begin(struct store *st)
{
	struct pg *pg = st->priv;
	int ret = pg_command(st, "BEGIN", "write");

	/* The connection may have been lost long ago. */
	if (ret && pg_lost(pg))
		ret = pg_command(st, "BEGIN", "write");
	pg->in_transaction = !ret;
	return ret;
}

static void rollback(struct store *st)
{
	struct pg *pg = st->priv;
	char error[STORE_ERROR_MAX];

	/* What went wrong before is the better explanation. */
	memcpy(error, st->error, sizeof(error));
	if (pg->in_transaction && !pg_lost(pg))
		pg_command(st, "ROLLBACK", "write");
	memcpy(st->error, error, sizeof(error));
	pg->in_transaction = false;
}

static int commit(struct store *st)
{
	struct pg *pg = st->priv;
	PGresult *res = PQexec(pg->conn, "COMMIT");

	pg->in_transaction = false;
	/* A transaction that failed before answers COMMIT with ROLLBACK. */
	if (PQresultStatus(res) != PGRES_COMMAND_OK || strcmp(PQcmdStatus(res), "COMMIT"))
		return pg_fail(st, "write", res);
	PQclear(res);
	return 0;
}

/* Which constraint an insert broke */
static int broken(struct store *st, PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *name = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
	int ret = name && !strcmp(name, "qskms_card_active") ? -EBUSY : -EEXIST;

	if (!state || strcmp(state, "23505"))
		return pg_fail(st, "add a card", res);
	PQclear(res);
	return ret;
}

static int add_card(struct store *st, const struct card *card)
{
	struct pg *pg = st->priv;
	struct pg_args args = { 0 };
	PGresult *res;
	char name[8];

	pg_add_int(&args, (int64_t)card->number);
	pg_add_text(&args, card->subscriber);
	pg_add_int(&args, card->profile);
	pg_add_int(&args, card->slots);
	pg_add_int(&args, card->added);
	pg_add_bytes(&args, card->key, sizeof(card->key));
	pg_add_bytes(&args, card->revoke_key, sizeof(card->revoke_key));
	snprintf(name, sizeof(name), "s%d", PG_ADD_CARD);
	res = PQexecPrepared(pg->conn, name, args.n, args.values, args.lengths, args.formats, 1);
	if (PQresultStatus(res) != PGRES_COMMAND_OK)
		return broken(st, res);
	PQclear(res);
	return 0;
}

static int add_chunk(struct store *st, uint64_t card, uint32_t chunk, const uint8_t *data,
		     size_t len)
{
	struct pg_args args = { 0 };

	pg_add_int(&args, store_row(card, chunk));
	pg_add_bytes(&args, data, len);
	return change(st, PG_ADD_CHUNK, &args, "add keys");
}

/* The columns of CARD_COLUMNS */
static int read_card(struct store *st, const PGresult *res, int row, struct card *card)
{
	size_t name_len, key_len, revoke_len;
	bool ok;

	memset(card, 0, sizeof(*card));
	card->number = (uint64_t)pg_int(res, row, 0);
	ok = pg_bytes(res, row, 1, card->subscriber, sizeof(card->subscriber) - 1, &name_len);
	card->profile = (unsigned int)pg_int(res, row, 2);
	card->slots = (uint32_t)pg_int(res, row, 3);
	card->state = (unsigned int)pg_int(res, row, 4);
	card->added = pg_int(res, row, 5);
	card->revoked = pg_int(res, row, 6);
	ok = ok && pg_bytes(res, row, 7, card->key, sizeof(card->key), &key_len) &&
	     pg_bytes(res, row, 8, card->revoke_key, sizeof(card->revoke_key), &revoke_len) &&
	     pg_bytes(res, row, 9, card->token, sizeof(card->token), &card->token_len);
	if (!ok)
		return store_fail(st, "store postgresql: the row of card %llu is damaged",
				  (unsigned long long)card->number);
	card->has_key = key_len == sizeof(card->key) && revoke_len == sizeof(card->revoke_key);
	return 0;
}

static int one_card(struct store *st, PGresult *res, struct card *card)
{
	int ret;

	if (!res)
		return -EIO;
	ret = PQntuples(res) ? read_card(st, res, 0, card) : -ENOENT;
	PQclear(res);
	return ret;
}

static int get_card(struct store *st, uint64_t number, struct card *card)
{
	struct pg_args args = { 0 };

	pg_add_int(&args, (int64_t)number);
	return one_card(st, pg_run(st, PG_GET_CARD, &args, "read"), card);
}

static int find_card(struct store *st, const char *subscriber, struct card *card)
{
	struct pg_args args = { 0 };

	pg_add_text(&args, subscriber);
	return one_card(st, pg_run(st, PG_FIND_CARD, &args, "read"), card);
}

static int list_cards(struct store *st, int64_t after, unsigned int limit, store_card_cb cb,
		      void *arg)
{
	struct pg_args args = { 0 };
	struct card card;
	PGresult *res;
	int ret = 0;

	pg_add_int(&args, after);
	pg_add_int(&args, limit);
	res = pg_run(st, PG_LIST_CARDS, &args, "read");
	if (!res)
		return -EIO;
	for (int row = 0; row < PQntuples(res); row++) {
		ret = read_card(st, res, row, &card);
		if (ret || cb(&card, arg))
			break;
	}
	PQclear(res);
	return ret;
}

static int read_slot(struct store *st, const PGresult *res, uint32_t index, struct slot *slot)
{
	int ret = read_card(st, res, 0, &slot->card);

	if (ret)
		return ret;
	if (index >= slot->card.slots || !slot->card.has_key)
		return -ENOENT;
	if (!pg_bytes(res, 0, 10, slot->chunk, sizeof(slot->chunk), &slot->chunk_len))
		return store_fail(st, "store postgresql: the pool of card %llu is damaged",
				  (unsigned long long)slot->card.number);
	slot->burnt = pg_int(res, 0, 11) & store_bit_of(index);
	return 0;
}

static enum pg_statement question_args(const struct question *q, struct pg_args *args)
{
	pg_add_int(args, (int64_t)q->card);
	if (q->kind == ASK_PARTIES) {
		pg_add_text(args, q->peer);
		return PG_CHECK;
	}
	pg_add_int(args, store_row(q->card, store_chunk_of(q->index)));
	return PG_GET_SLOT;
}

static int read_answer(struct store *st, const PGresult *res, struct question *q)
{
	if (q->kind == ASK_SLOT)
		return PQntuples(res) ? read_slot(st, res, q->index, &q->slot) : -ENOENT;
	q->card_ok = pg_int(res, 0, 0);
	q->peer_ok = pg_int(res, 0, 1);
	return 0;
}

static int ask_one(struct store *st, struct question *q)
{
	struct pg_args args = { 0 };
	enum pg_statement which = question_args(q, &args);
	PGresult *res = pg_run(st, which, &args, "read");
	int ret = res ? read_answer(st, res, q) : -EIO;

	PQclear(res);
	return ret;
}

static bool send_questions(struct pg *pg, const struct question *questions, size_t n)
{
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++) {
		struct pg_args args = { 0 };
		enum pg_statement which = question_args(&questions[i], &args);

		ok = pg_send(pg, which, &args);
	}
	return PQpipelineSync(pg->conn) && ok;
}

/* How many were answered before something went wrong */
static size_t ask_pipeline(struct store *st, struct question *questions, size_t n)
{
	struct pg *pg = st->priv;
	bool ok;
	size_t done = 0;

	if (pg_lost(pg) || !PQenterPipelineMode(pg->conn))
		return 0;
	ok = send_questions(pg, questions, n);
	while (ok && done < n) {
		PGresult *res = pg_next(pg);

		ok = PQresultStatus(res) == PGRES_TUPLES_OK;
		if (ok)
			questions[done].err = read_answer(st, res, &questions[done]);
		done += ok;
		PQclear(res);
	}
	pg_end_pipeline(pg);
	return done;
}

/* What one of many questions breaks is no matter of the others: they are asked again. */
static void ask(struct store *st, struct question *questions, size_t n)
{
	size_t done = n > 1 ? ask_pipeline(st, questions, n) : 0;

	for (; done < n; done++)
		questions[done].err = ask_one(st, &questions[done]);
}

static bool send_burns(struct pg *pg, const struct burn *burns, size_t n)
{
	bool ok = PQsendQueryParams(pg->conn, "BEGIN", 0, NULL, NULL, NULL, NULL, 0);

	for (size_t i = 0; ok && i < n; i++) {
		struct pg_args args = { 0 };

		pg_add_int(&args, (int64_t)burns[i].card);
		pg_add_int(&args, store_row(burns[i].card, store_chunk_of(burns[i].slot)));
		pg_add_int(&args, store_bit_of(burns[i].slot));
		ok = pg_send(pg, PG_BURN, &args);
	}
	ok = ok && PQsendQueryParams(pg->conn, "COMMIT", 0, NULL, NULL, NULL, NULL, 0);
	/* Even after an error: what was sent has to be answered. */
	return PQpipelineSync(pg->conn) && ok;
}

/* BEGIN, the burns, COMMIT */
static int burn_answers(struct store *st, struct burn *burns, size_t n)
{
	struct pg *pg = st->priv;

	for (size_t i = 0; i < n + 2; i++) {
		PGresult *res = pg_next(pg);

		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			return pg_fail(st, "burn keys", res);
		if (i && i <= n)
			burns[i - 1].done = pg_changed(res);
		else
			PQclear(res);
	}
	return 0;
}

/* An error skips the rest of a pipeline, COMMIT too: the transaction is still open. */
static void leave_failed(struct pg *pg)
{
	if (pg_lost(pg))
		return;
	PQclear(PQexec(pg->conn, "ROLLBACK"));
	if (PQtransactionStatus(pg->conn) == PQTRANS_IDLE)
		return;
	PQfinish(pg->conn);
	pg->conn = NULL;
}

static int burn_pipeline(struct store *st, struct burn *burns, size_t n)
{
	struct pg *pg = st->priv;
	int ret;

	if (!PQenterPipelineMode(pg->conn))
		return pg_fail(st, "burn keys", NULL);
	if (send_burns(pg, burns, n))
		ret = burn_answers(st, burns, n);
	else
		ret = pg_fail(st, "burn keys", NULL);
	pg_end_pipeline(pg);
	if (ret)
		leave_failed(pg);
	return ret;
}

/*
 * Trying a second time is safe even if the first COMMIT got through and only
 * its answer was lost: then these keys are found burnt, and nobody gets them.
 */
static int burn(struct store *st, struct burn *burns, size_t n)
{
	struct pg *pg = st->priv;
	int ret = -EIO;

	for (int tries = 0; tries < 2; tries++) {
		if (pg_lost(pg) && pg_connect(st))
			return -EIO;
		ret = burn_pipeline(st, burns, n);
		if (!ret || !pg_lost(pg))
			break;
	}
	for (size_t i = 0; ret && i < n; i++)
		burns[i].done = false;
	return ret;
}

static int used(struct store *st, uint64_t number, uint64_t *count)
{
	struct pg_args args = { 0 };
	PGresult *res;

	*count = 0;
	pg_add_int(&args, store_first_row(number));
	pg_add_int(&args, store_last_row(number));
	res = pg_run(st, PG_USED, &args, "read");
	if (!res)
		return -EIO;
	for (int row = 0; row < PQntuples(res); row++)
		*count += (uint64_t)__builtin_popcountll((unsigned long long)pg_int(res, row, 0));
	PQclear(res);
	return 0;
}

static int revoke_card(struct store *st, uint64_t number, int64_t when, const uint8_t *token,
		       size_t token_len)
{
	struct pg_args card = { 0 }, pool = { 0 };
	int ret;

	pg_add_int(&card, (int64_t)number);
	pg_add_int(&card, when);
	pg_add_bytes(&card, token, token_len);
	ret = change(st, PG_REVOKE, &card, "revoke");
	if (ret)
		return ret;
	pg_add_int(&pool, store_first_row(number));
	pg_add_int(&pool, store_last_row(number));
	ret = change(st, PG_DROP_POOL, &pool, "drop a pool");
	return ret == -ENOENT ? 0 : ret;
}

static int end_card(struct store *st, uint64_t number, int64_t when, const uint8_t *token,
		    size_t token_len)
{
	int ret = begin(st);

	if (ret)
		return ret;
	ret = revoke_card(st, number, when, token, token_len);
	if (ret) {
		rollback(st);
		return ret;
	}
	return commit(st);
}

static int count(struct store *st, struct store_counts *counts)
{
	struct pg_args args = { 0 };
	PGresult *res = pg_run(st, PG_COUNT, &args, "read");

	memset(counts, 0, sizeof(*counts));
	if (!res)
		return -EIO;
	counts->active = (uint64_t)pg_int(res, 0, 0);
	counts->revoked = (uint64_t)pg_int(res, 0, 1);
	PQclear(res);
	return 0;
}

const struct store_ops store_postgres = {
	.name = "postgresql",
	.open = pg_open,
	.close = pg_close,
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
