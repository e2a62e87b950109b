// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * What operators can ask for. The store's part is done in a worker's thread,
 * which fills conn->result or conn->why; the answer is made in the event loop.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "admin.h"
#include "conn.h"
#include "import.h"
#include "kit.h"
#include "log.h"

#define PAGE 500 /* cards in one answer */

static struct admin_conn *conn_of(void *job)
{
	return (struct admin_conn *)((char *)job - offsetof(struct admin_conn, job));
}

static void put_text(struct json_object *obj, const char *name, const char *text)
{
	json_object_object_add(obj, name, json_object_new_string(text));
}

static void put_int(struct json_object *obj, const char *name, uint64_t value)
{
	json_object_object_add(obj, name, json_object_new_uint64(value));
}

static void put_hex(struct json_object *obj, const char *name, const uint8_t *data, size_t len)
{
	char text[2 * STORE_TOKEN_MAX + 1] = "";

	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", data[i]);
	put_text(obj, name, text);
}

static struct json_object *json_card(const struct card *card)
{
	struct json_object *obj = json_object_new_object();

	put_int(obj, "card", card->number);
	put_text(obj, "subscriber", card->subscriber);
	put_text(obj, "state", card->state == CARD_ACTIVE ? "active" : "revoked");
	put_text(obj, "profile", qsc_profile_name(card->profile) ?: "?");
	put_int(obj, "keys", card->slots);
	put_int(obj, "added", (uint64_t)card->added);
	if (card->revoked)
		put_int(obj, "revoked", (uint64_t)card->revoked);
	if (card->token_len)
		put_hex(obj, "revoke_token", card->token, card->token_len);
	return obj;
}

/* "card:NUMBER", or a subscriber: the active card, else the one revoked last */
static int find_card(struct admin_conn *conn, struct store *st)
{
	unsigned long long number;
	char *end;
	int err;

	if (!strncmp(conn->name, "card:", 5) && conn->name[5]) {
		number = strtoull(conn->name + 5, &end, 10);
		if (*end || number > STORE_CARD_MAX)
			return qsc_why(&conn->why, -EINVAL, "\"%s\" is not card:NUMBER",
				       conn->name);
		err = st->ops->get_card(st, number, &conn->card);
	} else {
		err = st->ops->find_card(st, conn->name, &conn->card);
	}
	if (err == -ENOENT)
		return qsc_why(&conn->why, err, "there is no %s here", conn->name);
	return err ? qsc_why(&conn->why, err, "%s", st->error) : 0;
}

static int do_add(struct admin_conn *conn, struct store *st)
{
	int fd = conn->passed, err;

	conn->passed = -1;
	err = import_card(st, conn->svc->vault, conn->svc->kit, fd, conn->name, time(NULL),
			  &conn->card, &conn->why);
	if (!err)
		conn->result = json_card(&conn->card);
	return err;
}

static int add_to_list(const struct card *card, void *arg)
{
	return json_object_array_add(arg, json_card(card));
}

static int do_list(struct admin_conn *conn, struct store *st)
{
	struct json_object *list = json_object_new_array();
	int err = st->ops->list_cards(st, conn->after, PAGE, add_to_list, list);

	if (err) {
		json_object_put(list);
		return qsc_why(&conn->why, err, "%s", st->error);
	}
	conn->result = json_object_new_object();
	json_object_object_add(conn->result, "cards", list);
	json_object_object_add(conn->result, "more",
			       json_object_new_boolean(json_object_array_length(list) == PAGE));
	return 0;
}

static int do_status(struct admin_conn *conn, struct store *st)
{
	uint64_t used;
	int err = find_card(conn, st);

	if (err)
		return err;
	err = st->ops->used(st, conn->card.number, &used);
	if (err)
		return qsc_why(&conn->why, err, "%s", st->error);
	conn->result = json_card(&conn->card);
	put_int(conn->result, "used", used);
	put_int(conn->result, "left",
		conn->card.state == CARD_ACTIVE ? conn->card.slots - used : 0);
	return 0;
}

static int do_revoke(struct admin_conn *conn, struct store *st)
{
	int err = find_card(conn, st);

	if (!err && conn->card.state != CARD_ACTIVE)
		err = qsc_why(&conn->why, -EALREADY, "card %llu of %s was revoked before",
			      (unsigned long long)conn->card.number, conn->card.subscriber);
	if (!err)
		err = revoke_card(st, conn->svc->vault, &conn->card, time(NULL), &conn->why);
	if (!err)
		conn->result = json_card(&conn->card);
	return err;
}

static int do_stats(struct admin_conn *conn, struct store *st)
{
	if (st->ops->count(st, &conn->counts))
		return qsc_why(&conn->why, -EIO, "%s", st->error);
	conn->result = json_object_new_object();
	put_text(conn->result, "store", st->ops->name);
	return 0;
}

static void run(struct store_job *job, struct store *st, const struct question *answer)
{
	static int (*const ops[])(struct admin_conn * conn, struct store * st) = {
		[ADMIN_ADD] = do_add,	    [ADMIN_LIST] = do_list,   [ADMIN_STATUS] = do_status,
		[ADMIN_REVOKE] = do_revoke, [ADMIN_STATS] = do_stats,
	};
	struct admin_conn *conn = conn_of(job);

	(void)answer;
	conn->err = ops[conn->op](conn, st);
}

static void fill_stats(struct admin_conn *conn)
{
	const struct service *svc = conn->svc;
	struct json_object *obj = conn->result;

	put_int(obj, "cards_active", conn->counts.active);
	put_int(obj, "cards_revoked", conn->counts.revoked);
	put_int(obj, "connections_open", svc->n_conns);
	put_int(obj, "calls", calls_count(svc->calls));
	put_int(obj, "callees_waiting", svc->n_held);
	put_int(obj, "keys_waiting", calls_keys(svc->calls));
#define X(name) put_int(obj, #name, svc->stats.name);
	STATS(X)
#undef X
}

/* Takes @obj. */
static void answer(struct admin_conn *conn, struct json_object *obj, bool ok)
{
	char *text;

	json_object_object_add(obj, "ok", json_object_new_boolean(ok));
	if (asprintf(&text, "%s\n",
		     json_object_to_json_string_ext(
			     obj, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)) < 0)
		text = NULL;
	json_object_put(obj);
	admin_answer(conn, text);
}

static void answer_error(struct admin_conn *conn, const char *why)
{
	struct json_object *obj = json_object_new_object();

	put_text(obj, "error", why);
	answer(conn, obj, false);
}

static void log_change(const struct admin_conn *conn)
{
	const struct card *card = &conn->card;

	if (conn->op == ADMIN_ADD)
		log_info("added card %llu of %s, %u keys", (unsigned long long)card->number,
			 card->subscriber, card->slots);
	if (conn->op == ADMIN_REVOKE)
		log_info("revoked card %llu of %s", (unsigned long long)card->number,
			 card->subscriber);
}

/* Revocation takes effect before it is reported, even if nobody listens any more. */
static void done(struct job *job)
{
	struct admin_conn *conn = conn_of(job);
	struct json_object *result = conn->result;

	conn->result = NULL;
	if (!conn->err) {
		log_change(conn);
		if (conn->op == ADMIN_REVOKE) {
			conn->svc->stats.revocations++;
			conns_revoke(conn->svc, conn->card.number, conn->card.subscriber);
		}
		if (conn->op == ADMIN_STATS) {
			conn->result = result;
			fill_stats(conn);
		}
	}
	conn->result = NULL;
	if (conn->dead) {
		json_object_put(result);
		admin_gone(conn);
		return;
	}
	conn->busy = false;
	if (conn->err)
		answer_error(conn, conn->why.text);
	else
		answer(conn, result, true);
}

/* Not through json-c, which would leave copies of the keys in the heap. */
static void answer_kit(struct admin_conn *conn)
{
	static const char form[] =
		"{\"ok\":true,\"kid_master\":\"%s\",\"registration_key\":\"%s\"}\n";
	char master[48], registration[48];
	size_t size = sizeof(form) + sizeof(master) + sizeof(registration);
	char *text = malloc(size);

	EVP_EncodeBlock((unsigned char *)master, conn->svc->kit->kid_master, QSC_KEYS_LEN);
	EVP_EncodeBlock((unsigned char *)registration, conn->svc->kit->registration_key,
			QSC_KEYS_LEN);
	if (text)
		snprintf(text, size, form, master, registration);
	OPENSSL_cleanse(master, sizeof(master));
	OPENSSL_cleanse(registration, sizeof(registration));
	log_info("the kit was exported");
	admin_answer(conn, text);
}

static void start(struct admin_conn *conn)
{
	struct service *svc = conn->svc;

	if (conn->op == ADMIN_KIT) {
		answer_kit(conn);
		return;
	}
	if (conn->op == ADMIN_ADD && conn->passed < 0) {
		answer_error(conn, "no file came with the request");
		return;
	}
	conn->job.run = run;
	conn->job.job.done = done;
	conn->busy = true;
	worker_submit(conn->op == ADMIN_ADD || conn->op == ADMIN_REVOKE ? svc->writer :
									  svc->browser,
		      &conn->job);
}

static enum admin_op op_by_name(const char *name)
{
	static const char *const names[] = {
		[ADMIN_KIT] = "kit",	   [ADMIN_ADD] = "add",	      [ADMIN_LIST] = "list",
		[ADMIN_STATUS] = "status", [ADMIN_REVOKE] = "revoke", [ADMIN_STATS] = "stats",
	};

	for (int i = ADMIN_KIT; i <= ADMIN_STATS; i++)
		if (name && !strcmp(name, names[i]))
			return i;
	return 0;
}

static const char *text_of(struct json_object *obj, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(obj, name, &value) ? json_object_get_string(value) : NULL;
}

void admin_request(struct admin_conn *conn, const char *line, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(4);
	struct json_object *obj = tok ? json_tokener_parse_ex(tok, line, (int)len) : NULL;
	struct json_object *after;

	conn->op = json_object_is_type(obj, json_type_object) ? op_by_name(text_of(obj, "op")) : 0;
	if (conn->op) {
		snprintf(conn->name, sizeof(conn->name), "%s", text_of(obj, "name") ?: "");
		conn->after = json_object_object_get_ex(obj, "after", &after) ?
				      json_object_get_int64(after) :
				      -1;
		start(conn);
	} else {
		answer_error(conn, "the request is not understood: is qskms of another version?");
	}
	json_object_put(obj);
	if (tok)
		json_tokener_free(tok);
}
