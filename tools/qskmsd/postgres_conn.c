// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * The connection to a PostgreSQL server: made, checked, made again when the
 * server was restarted, and spoken over in prepared statements.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_postgres.h"

/* "qskms" in ASCII: two services may make the tables of a new database at once. */
#define SCHEMA_LOCK "487385984371"
#define SCHEMA_VERSION "1"

/*
 * An id of pool and burn is store_row(). Burn rows are small and apart from
 * the pool because each update writes a new version of the row.
 */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS qskms_meta(name text PRIMARY KEY, value bytea NOT NULL);"
	"CREATE TABLE IF NOT EXISTS qskms_card(number bigint PRIMARY KEY,"
	" subscriber text NOT NULL, profile bigint NOT NULL, slots bigint NOT NULL,"
	" state bigint NOT NULL, added bigint NOT NULL, revoked bigint NOT NULL,"
	" key bytea, revoke_key bytea, token bytea);"
	"CREATE UNIQUE INDEX IF NOT EXISTS qskms_card_active ON qskms_card(subscriber)"
	" WHERE state = 1;"
	"CREATE INDEX IF NOT EXISTS qskms_card_subscriber"
	" ON qskms_card(subscriber, state, revoked DESC);"
	"CREATE TABLE IF NOT EXISTS qskms_pool(id bigint PRIMARY KEY, keys bytea NOT NULL);"
	"ALTER TABLE qskms_pool ALTER keys SET STORAGE EXTERNAL;"
	"CREATE TABLE IF NOT EXISTS qskms_burn(id bigint PRIMARY KEY, bits bigint NOT NULL)"
	" WITH (fillfactor = 75);"
	"INSERT INTO qskms_meta VALUES('format', '" SCHEMA_VERSION "') ON CONFLICT DO NOTHING;";

/*
 * An error that is not the server's answer to a statement, or its farewell. Then
 * the connection is of no more use, whatever PQstatus() says: after a failed
 * write it goes on saying that all is well.
 */
static bool ends_connection(const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return !state || !strncmp(state, "57P", 3) || !strncmp(state, "08", 2);
}

int pg_fail(struct store *st, const char *what, PGresult *res)
{
	struct pg *pg = st->priv;
	const char *said = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	int len;

	/* libpq ends its messages with a newline and some have several lines. */
	if (!said)
		said = pg->conn ? PQerrorMessage(pg->conn) : "the connection was lost";
	len = (int)strcspn(said, "\n");
	store_fail(st, "store postgresql: cannot %s: %.*s", what, len, said);
	if (ends_connection(res)) {
		PQfinish(pg->conn);
		pg->conn = NULL;
	}
	PQclear(res);
	return -EIO;
}

static int simple(struct store *st, const char *sql, const char *what)
{
	struct pg *pg = st->priv;
	PGresult *res = PQexec(pg->conn, sql);
	ExecStatusType status = PQresultStatus(res);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return pg_fail(st, what, res);
	PQclear(res);
	return 0;
}

/* What a burn relies on. */
static int check_server(struct store *st)
{
	static const char sql[] =
		"SELECT current_setting('fsync', true), current_setting('synchronous_commit', true),"
		" pg_is_in_recovery()";
	struct pg *pg = st->priv;
	PGresult *res = PQexec(pg->conn, sql);
	int ret = 0;

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return pg_fail(st, "look at its settings", res);
	if (!strcmp(PQgetvalue(res, 0, 0), "off"))
		ret = store_fail(st, "store postgresql: fsync is off there: after a crash burnt "
				     "keys could be used again");
	else if (*PQgetvalue(res, 0, 2) == 't')
		ret = store_fail(st, "store postgresql: this server is a standby");
	else if (!strcmp(PQgetvalue(res, 0, 1), "off"))
		ret = simple(st, "SET synchronous_commit = on", "make commits durable");
	PQclear(res);
	return ret;
}

/* Whether a table was */
static bool is_missing(const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return state && !strcmp(state, "42P01");
}

static int check_format(struct store *st)
{
	struct pg *pg = st->priv;
	PGresult *res = PQexec(pg->conn, "SELECT convert_from(value, 'UTF8') FROM qskms_meta"
					 " WHERE name = 'format'");
	const char *found;
	int ret = 0;

	if (is_missing(res)) {
		PQclear(res);
		return store_fail(st, "store postgresql: there is nothing in it; qskmsd --init "
				      "makes a new one");
	}
	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return pg_fail(st, "read its format", res);
	found = PQntuples(res) ? PQgetvalue(res, 0, 0) : "none";
	if (strcmp(found, SCHEMA_VERSION))
		ret = store_fail(st,
				 "store postgresql: it has format %s, this program knows "
				 "format " SCHEMA_VERSION,
				 found);
	PQclear(res);
	return ret;
}

static int make_tables(struct store *st)
{
	int ret;

	if (!st->create)
		return check_format(st);
	ret = simple(st, "SET client_min_messages = error; BEGIN;"
			 "SELECT pg_advisory_xact_lock(" SCHEMA_LOCK ")",
		     "make its tables") ?:
	      simple(st, schema, "make its tables") ?: simple(st, "COMMIT", "make its tables");
	return ret ?: check_format(st);
}

static int prepare(struct store *st)
{
	struct pg *pg = st->priv;
	char name[8];

	for (int i = 0; i < PG_STATEMENTS; i++) {
		PGresult *res;

		snprintf(name, sizeof(name), "s%d", i);
		res = PQprepare(pg->conn, name, pg_texts[i], 0, NULL);
		if (PQresultStatus(res) != PGRES_COMMAND_OK)
			return pg_fail(st, "use its tables", res);
		PQclear(res);
	}
	return 0;
}

/* Warnings of the server, which would go to stderr otherwise */
static void ignore(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* What stands before dbname, the operator's string may change. */
static int try_connect(struct store *st)
{
	struct pg *pg = st->priv;
	const char *const names[] = { "connect_timeout", "tcp_user_timeout", "application_name",
				      "options",	 "dbname",	     NULL };
	const char *const values[] = { "5",	     "10000", "qskmsd", "-c statement_timeout=30s",
				       pg->conninfo, NULL };
	int ret;

	pg->conn = PQconnectdbParams(names, values, 1);
	if (pg_lost(pg))
		return pg_fail(st, "connect", NULL);
	PQsetNoticeProcessor(pg->conn, ignore, NULL);
	ret = check_server(st) ?: make_tables(st) ?: prepare(st);
	if (ret) {
		PQfinish(pg->conn);
		pg->conn = NULL;
	}
	return ret;
}

/*
 * A server that does not answer is left alone for as long as it has kept us
 * waiting: whoever queues up behind is told at once.
 */
int pg_connect(struct store *st)
{
	struct pg *pg = st->priv;
	int64_t begin = now_ms(), end;
	int ret;

	PQfinish(pg->conn);
	pg->conn = NULL;
	if (begin < pg->quiet_until)
		return store_fail(st, "store postgresql: cannot connect: no answer a moment ago");
	ret = try_connect(st);
	end = now_ms();
	if (ret)
		pg->quiet_until = end + (end - begin);
	return ret;
}

int pg_open(struct store *st, const char *conninfo)
{
	struct pg *pg = calloc(1, sizeof(*pg));

	st->priv = pg;
	if (pg)
		pg->conninfo = strdup(conninfo);
	if (!pg || !pg->conninfo)
		return store_fail(st, "not enough memory");
	return pg_connect(st);
}

void pg_close(struct store *st)
{
	struct pg *pg = st->priv;

	if (!pg)
		return;
	PQfinish(pg->conn);
	free(pg->conninfo);
	free(pg);
	st->priv = NULL;
}

void pg_add_int(struct pg_args *args, int64_t value)
{
	args->ints[args->n] = htobe64((uint64_t)value);
	args->values[args->n] = (const char *)&args->ints[args->n];
	args->lengths[args->n] = sizeof(uint64_t);
	args->formats[args->n++] = 1;
}

void pg_add_text(struct pg_args *args, const char *text)
{
	args->values[args->n] = text;
	args->formats[args->n++] = 0;
}

void pg_add_bytes(struct pg_args *args, const void *data, size_t len)
{
	args->values[args->n] = data;
	args->lengths[args->n] = (int)len;
	args->formats[args->n++] = 1;
}

static PGresult *run_once(struct pg *pg, enum pg_statement which, const struct pg_args *args)
{
	char name[8];

	snprintf(name, sizeof(name), "s%d", (int)which);
	return PQexecPrepared(pg->conn, name, args->n, args->values, args->lengths, args->formats,
			      1);
}

PGresult *pg_run(struct store *st, enum pg_statement which, const struct pg_args *args,
		 const char *what)
{
	struct pg *pg = st->priv;

	for (int tries = 0; tries < 2; tries++) {
		ExecStatusType status;
		PGresult *res;

		if (pg_lost(pg) && pg->in_transaction) {
			pg_fail(st, what, NULL);
			break;
		}
		if (pg_lost(pg) && pg_connect(st))
			break;
		res = run_once(pg, which, args);
		status = PQresultStatus(res);
		if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
			return res;
		pg_fail(st, what, res);
		if (!pg_lost(pg))
			break;
	}
	return NULL;
}

bool pg_send(struct pg *pg, enum pg_statement which, const struct pg_args *args)
{
	char name[8];

	snprintf(name, sizeof(name), "s%d", (int)which);
	return PQsendQueryPrepared(pg->conn, name, args->n, args->values, args->lengths,
				   args->formats, 1);
}

/* A NULL ends the answer to each statement. */
PGresult *pg_next(struct pg *pg)
{
	PGresult *res = PQgetResult(pg->conn), *end = res ? PQgetResult(pg->conn) : NULL;

	if (!end)
		return res;
	PQclear(res);
	PQclear(end);
	return NULL;
}

void pg_end_pipeline(struct pg *pg)
{
	unsigned int ends = 0;

	while (!pg_lost(pg) && ends < 2) {
		PGresult *res = PQgetResult(pg->conn);
		bool over = PQresultStatus(res) == PGRES_PIPELINE_SYNC;

		ends = res ? 0 : ends + 1;
		PQclear(res);
		if (over && PQexitPipelineMode(pg->conn))
			return;
	}
	PQfinish(pg->conn);
	pg->conn = NULL;
}

int pg_command(struct store *st, const char *sql, const char *what)
{
	struct pg *pg = st->priv;

	if (pg_lost(pg)) {
		if (pg->in_transaction)
			return pg_fail(st, what, NULL);
		if (pg_connect(st))
			return -EIO;
	}
	return simple(st, sql, what);
}

int64_t pg_int(const PGresult *res, int row, int column)
{
	uint64_t value;

	if (PQgetisnull(res, row, column) || PQgetlength(res, row, column) != sizeof(value))
		return 0;
	memcpy(&value, PQgetvalue(res, row, column), sizeof(value));
	return (int64_t)be64toh(value);
}

bool pg_bytes(const PGresult *res, int row, int column, void *buf, size_t size, size_t *len)
{
	*len = (size_t)PQgetlength(res, row, column);
	if (*len > size)
		return false;
	memcpy(buf, PQgetvalue(res, row, column), *len);
	return true;
}

/* Exactly one row was; clears @res. */
bool pg_changed(PGresult *res)
{
	bool changed = !strcmp(PQcmdTuples(res), "1");

	PQclear(res);
	return changed;
}
