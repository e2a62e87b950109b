// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The file of the SQLite store: opened, checked, and its statements run. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_sqlite.h"

#define APPLICATION_ID 0x51534b4d /* "QSKM" */
#define SCHEMA_VERSION 1
#define BUSY_MS 10000

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

int lite_fail(struct store *st, const char *what)
{
	struct lite *s = st->priv;
	int code = sqlite3_extended_errcode(s->db);

	return store_fail(st, "store %s: cannot %s: %s%s", s->path, what, sqlite3_errmsg(s->db),
			  advice(code));
}

int lite_run(struct store *st, const char *sql, const char *what)
{
	struct lite *s = st->priv;

	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : lite_fail(st, what);
}

static int ask_int(struct store *st, const char *sql, int *value)
{
	struct lite *s = st->priv;
	sqlite3_stmt *stmt;
	int ret = -EIO;

	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW) {
		*value = sqlite3_column_int(stmt, 0);
		ret = 0;
	}
	if (ret)
		lite_fail(st, "open it");
	sqlite3_finalize(stmt);
	return ret;
}

static int nothing_there(struct store *st)
{
	const struct lite *s = st->priv;

	return store_fail(st, "store %s: there is nothing in it; qskmsd --init makes a new one",
			  s->path);
}

static int make_schema(struct store *st)
{
	char pragma[96];

	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d; PRAGMA user_version = %d;",
		 APPLICATION_ID, SCHEMA_VERSION);
	return lite_run(st, schema, "make its tables") ?: lite_run(st, pragma, "make its tables");
}

/* In one transaction: two threads or processes may open a new file at once. */
static int check_schema(struct store *st)
{
	struct lite *s = st->priv;
	int ret, id, version, tables;

	ret = lite_run(st, "BEGIN IMMEDIATE", "open it");
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
	return lite_run(st, "COMMIT", "make its tables");
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

int lite_open(struct store *st, const char *path)
{
	struct lite *s = calloc(1, sizeof(*s));
	int ret;

	st->priv = s;
	if (s)
		s->path = strdup(path);
	if (!s || !s->path)
		return store_fail(st, "not enough memory");
	ret = make_private(st, path);
	if (ret)
		return ret;
	if (sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return lite_fail(st, "open it");
	sqlite3_busy_timeout(s->db, BUSY_MS);
	ret = lite_run(st,
		  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		  "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
		  "PRAGMA cache_size = -8192",
		  "open it") ?:
	      check_schema(st);
	for (int i = 0; !ret && i < ST_STATEMENTS; i++)
		if (sqlite3_prepare_v3(s->db, lite_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &s->stmts[i], NULL) != SQLITE_OK)
			ret = lite_fail(st, "use its tables");
	return ret;
}

void lite_close(struct store *st)
{
	struct lite *s = st->priv;

	if (!s)
		return;
	for (int i = 0; i < ST_STATEMENTS; i++)
		sqlite3_finalize(s->stmts[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
	st->priv = NULL;
}

sqlite3_stmt *lite_statement(struct store *st, enum lite_statement which)
{
	struct lite *s = st->priv;

	return s->stmts[which];
}

void lite_done(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
	sqlite3_clear_bindings(stmt);
}

int lite_finish(struct store *st, sqlite3_stmt *stmt, const char *what)
{
	int ret = sqlite3_step(stmt) == SQLITE_DONE ? 0 : lite_fail(st, what);

	lite_done(stmt);
	return ret;
}

void lite_bind_blob(sqlite3_stmt *stmt, int i, const void *data, size_t len)
{
	sqlite3_bind_blob(stmt, i, data, (int)len, SQLITE_STATIC);
}

void lite_bind_text(sqlite3_stmt *stmt, int i, const char *text)
{
	sqlite3_bind_text(stmt, i, text, -1, SQLITE_STATIC);
}

bool lite_bytes(sqlite3_stmt *stmt, int i, void *buf, size_t size, size_t *len)
{
	const void *data = sqlite3_column_blob(stmt, i);

	*len = (size_t)sqlite3_column_bytes(stmt, i);
	if (*len > size)
		return false;
	if (*len)
		memcpy(buf, data, *len);
	return true;
}
