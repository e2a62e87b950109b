/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* The parts of the service, as they know each other. */
#ifndef _QSKMSD_SERVICE_H
#define _QSKMSD_SERVICE_H

#include <openssl/ssl.h>

#include "burner.h"
#include "calls.h"
#include "reserve.h"
#include "source.h"
#include "stats.h"

struct conn;
TAILQ_HEAD(conns, conn);

/* What the command line sets. */
struct options {
	const char *listen;
	const char *store;
	const char *master_key;
	const char *admin;
	const char *admin_group;
	const char *source;
	struct source_kme kme;
	unsigned int max_connections;
	unsigned int max_calls;
	unsigned int login_seconds; /* for the handshake and for each answer */
	unsigned int idle_seconds;
	unsigned int fetch_seconds; /* how long a session key waits for the other party */
	unsigned int callee_seconds; /* how long a callee waits for the caller */
	unsigned int lifetime; /* what answers say */
	unsigned int commit_keys; /* see struct burner_params */
	unsigned int commit_wait_ms;
	bool init; /* make a new store, and end */
	bool debug;
};

struct service {
	struct options opts;
	struct event_base *base;
	struct vault *vault;
	struct qsc_kit *kit;
	struct qsc_kid *kid; /* the reader's thread only */
	struct worker *reader;
	struct worker *writer;
	struct worker *browser; /* operators' lists and counts: logins do not wait for them */
	struct burner *burner;
	struct reservations *reserved;
	struct calls *calls;
	struct source *source;
	SSL_CTX *tls;
	struct listener *listener;
	struct admin *admin;
	struct conns conns;
	struct conns young; /* may soon have a key to burn; oldest first */
	struct conns dead; /* to be freed */
	struct event *reap; /* frees them */
	struct conns parked; /* wait for a session key from the source */
	int64_t accepted_ms; /* when the last one came */
	unsigned int n_conns;
	unsigned int n_at_work; /* neither closed, nor answered, nor held */
	unsigned int n_held; /* callees that wait for their caller */
	struct stats stats;
};

/* tls.c */
#define QSC_KMS_ALPN "qsc-kms/1"

SSL_CTX *tls_new(void);

/* listen.c */
int listener_start(struct service *svc);
void listener_stop(struct service *svc);

/* After a connection ended: there may be room for another. */
void listener_resume(struct service *svc);

#endif /* _QSKMSD_SERVICE_H */
