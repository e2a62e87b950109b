/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The connection of the PostgreSQL store, apart from its statements. */
#ifndef _QSKMSD_STORE_POSTGRES_H
#define _QSKMSD_STORE_POSTGRES_H

#include <libpq-fe.h>

#include "store.h"

enum pg_statement {
	PG_GET_META,
	PG_PUT_META,
	PG_ADD_CARD,
	PG_ADD_CHUNK,
	PG_GET_CARD,
	PG_FIND_CARD,
	PG_LIST_CARDS,
	PG_GET_SLOT,
	PG_BURN,
	PG_USED,
	PG_CHECK,
	PG_REVOKE,
	PG_DROP_POOL,
	PG_COUNT,
	PG_STATEMENTS,
};

extern const char *const pg_texts[PG_STATEMENTS];

#define PG_ARGS_MAX 8

/* Arguments of a statement, in order. They are kept by reference. */
struct pg_args {
	int n;
	const char *values[PG_ARGS_MAX];
	int lengths[PG_ARGS_MAX];
	int formats[PG_ARGS_MAX];
	uint64_t ints[PG_ARGS_MAX];
};

void pg_add_int(struct pg_args *args, int64_t value);
void pg_add_text(struct pg_args *args, const char *text);
void pg_add_bytes(struct pg_args *args, const void *data, size_t len);

struct pg {
	PGconn *conn;
	char *conninfo;
	bool in_transaction; /* a lost connection cannot be replaced now */
	int64_t quiet_until; /* milliseconds of CLOCK_MONOTONIC, see pg_connect() */
};

int pg_open(struct store *st, const char *conninfo);
void pg_close(struct store *st);

/*
 * Set st->error from the server's words on @res, or on the connection. Clears
 * @res, and drops a connection that is of no more use.
 */
int pg_fail(struct store *st, const char *what, PGresult *res);

/*
 * Run a statement; a connection that was lost since the last one is replaced
 * once. NULL after an error, which is in st->error.
 */
PGresult *pg_run(struct store *st, enum pg_statement which, const struct pg_args *args,
		 const char *what);
int pg_command(struct store *st, const char *sql, const char *what);

/*
 * Between PQenterPipelineMode() and pg_end_pipeline(): send a statement; the
 * answer to the next one that was sent.
 */
bool pg_send(struct pg *pg, enum pg_statement which, const struct pg_args *args);
PGresult *pg_next(struct pg *pg);

/* Answers that nobody wants any more are read; a connection that is out of step is lost. */
void pg_end_pipeline(struct pg *pg);

int pg_connect(struct store *st);
static inline bool pg_lost(const struct pg *pg)
{
	return PQstatus(pg->conn) != CONNECTION_OK;
}

/* Columns of a result in binary */
int64_t pg_int(const PGresult *res, int row, int column);
bool pg_bytes(const PGresult *res, int row, int column, void *buf, size_t size, size_t *len);
bool pg_changed(PGresult *res);

#endif /* _QSKMSD_STORE_POSTGRES_H */
