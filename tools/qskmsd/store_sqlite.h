/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The file of the SQLite store, apart from its statements. */
#ifndef _QSKMSD_STORE_SQLITE_H
#define _QSKMSD_STORE_SQLITE_H

#include <sqlite3.h>

#include "store.h"

enum lite_statement {
	ST_GET_META,
	ST_PUT_META,
	ST_ADD_CARD,
	ST_ADD_CHUNK,
	ST_GET_CARD,
	ST_FIND_CARD,
	ST_LIST_CARDS,
	ST_GET_SLOT,
	ST_BURN,
	ST_USED,
	ST_CHECK,
	ST_REVOKE,
	ST_DROP_POOL,
	ST_COUNT,
	ST_STATEMENTS,
};

extern const char *const lite_texts[ST_STATEMENTS];

struct lite {
	sqlite3 *db;
	sqlite3_stmt *stmts[ST_STATEMENTS];
	char *path;
};

int lite_open(struct store *st, const char *path);
void lite_close(struct store *st);

/* Set st->error from SQLite's words. */
int lite_fail(struct store *st, const char *what);

/* SQL without results */
int lite_run(struct store *st, const char *sql, const char *what);

sqlite3_stmt *lite_statement(struct store *st, enum lite_statement which);

/* After the last step, whatever it said. */
void lite_done(sqlite3_stmt *stmt);

/* Run a statement that returns no rows. */
int lite_finish(struct store *st, sqlite3_stmt *stmt, const char *what);

/* Kept by reference until lite_done() */
void lite_bind_blob(sqlite3_stmt *stmt, int i, const void *data, size_t len);
void lite_bind_text(sqlite3_stmt *stmt, int i, const char *text);

/* Bytes of a column of at most @size; false if there are more. */
bool lite_bytes(sqlite3_stmt *stmt, int i, void *buf, size_t size, size_t *len);

#endif /* _QSKMSD_STORE_SQLITE_H */
