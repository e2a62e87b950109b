/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * A subscriber's connection. conn.c moves bytes and ends it, login.c is what
 * TLS asks while it is set up, callkey.c takes its requests, handout.c gives it
 * a session key, live.c tells it of rekeys.
 */
#ifndef _QSKMSD_CONN_H
#define _QSKMSD_CONN_H

#include "calls.h"
#include "lookup.h"
#include "request.h"
#include "service.h"
#include "wire.h"

#define ANSWER_MAX 1024

enum conn_state {
	CONN_HELLO, /* a ClientHello is on its way */
	CONN_LOOKUP, /* its key is looked up; TLS waits */
	CONN_BURN, /* its key is being burnt; our bytes are held back */
	CONN_FINISH, /* the client has ours and owes its Finished */
	CONN_OPEN, /* reading requests */
	CONN_BUSY, /* one is being answered */
	CONN_FLUSH, /* nothing more to do than to send what is left */
	CONN_DEAD, /* only jobs still point here */
};

/* Wiped with the connection. In the secure heap. */
struct conn_keys {
	uint8_t auth[QSC_KEYS_LEN]; /* wiped once logged in */
	uint8_t dist[QSC_KEYS_LEN];
};

/* A question to the store before a session key is handed out. */
struct party_check {
	struct store_job job;
	bool self_ok;
	bool peer_ok;
	int err;
};

struct conn {
	TAILQ_ENTRY(conn) link;
	TAILQ_ENTRY(conn) young_link;
	TAILQ_ENTRY(conn) parked_link;
	struct service *svc;
	struct wire *wire;
	struct event *timer;
	SSL *ssl;
	BIO *from_peer;
	BIO *to_peer;
	enum conn_state state;
	bool young;
	bool at_work;
	bool parked;
	unsigned int jobs; /* under way */
	int64_t accepted_ms;

	/* who it is; good from CONN_BURN on */
	struct lookup lookup;
	bool looked_up;
	bool logged_in; /* the key of the login is burnt, by us */
	struct reservation login_key;
	struct reservation dist_key;
	struct burn_request burn;
	struct conn_keys *keys;
	uint64_t card;
	unsigned int profile;
	char subscriber[QSC_KEYS_ID_MAX + 1];

	/* what it wants */
	struct request req;
	struct party_check check;
	struct qsc_keys_call call; /* of the call-key request */
	struct call_name name; /* the same, for the table of calls */
	bool bound; /* that was answered with @answer */
	bool held; /* until the caller names us */
	bool live; /* the call has us to push events to */
	char answer[ANSWER_MAX];
	bool has_dist; /* @keys->dist may be used */
	uint8_t dist_kid[QSC_KEYS_KID];
	char line[REQUEST_MAX];
	size_t line_len;
};

/* conn.c */
void conn_new(struct service *svc, evutil_socket_t fd);
void conn_close(struct conn *conn); /* at once; @conn itself is there a little longer */
void conn_finish(struct conn *conn); /* after what is to be sent */
void conn_send_line(struct conn *conn, const char *text);
void conn_go_on(struct conn *conn); /* what it waited for has come */
void conn_job_done(struct conn *conn); /* the last thing a job's done() does */
void conn_set_timer(struct conn *conn, unsigned int seconds);
void conn_not_young(struct conn *conn);
void conn_not_at_work(struct conn *conn); /* it has what it came for, or waits for another */
bool conns_more_burns(void *svc, unsigned int waiting);
void conns_reap(struct service *svc);
int64_t conn_now_ms(void);

/* login.c */
int login_hello(SSL *ssl, int *alert, void *arg);
int login_find_key(SSL *ssl, const unsigned char *id, size_t len, SSL_SESSION **session);
int login_select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		      const unsigned char *in, unsigned int in_len, void *arg);
void login_failed(struct conn *conn, unsigned long err);
void login_ended(struct conn *conn);

/* callkey.c */
void conn_request(struct conn *conn);
void conn_refuse(struct conn *conn, const char *code, const char *detail);
void conns_revoke(struct service *svc, uint64_t card, const char *subscriber);

/* handout.c */
void handout(struct conn *conn); /* answers, or makes it wait */
void handout_source_ready(void *arg);
void held_release(struct conn *conn);
void held_give_up(struct conn *conn, const char *why);

/* live.c */
void live_attach(struct conn *conn, struct call *call);
void live_retired(struct conn *conn);
void live_leave(struct conn *conn);
void live_push(struct conn *conn, const char *event, const char *call, uint32_t epoch);
void live_ready(struct conn *conn);
void live_hangup(struct conn *conn);

#endif /* _QSKMSD_CONN_H */
