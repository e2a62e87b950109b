/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* A subscriber, as the tests need one: also one that does everything wrong. */
#ifndef _KMS_TEST_CLIENT_H
#define _KMS_TEST_CLIENT_H

#include <stdbool.h>

#include <openssl/ssl.h>

#include "cards.h"

/* How to log in. All zero but @id, @psk: the right way. */
struct login {
	const uint8_t *id;
	size_t id_len;
	const uint8_t *psk; /* QSC_KEYS_LEN bytes; NULL: none, as a client with certificates */
	const char *alpn; /* NULL: ours; "": none */
	const char *groups; /* NULL: X25519 */
	const char *suites; /* NULL: TLS_AES_256_GCM_SHA384 */
	bool tls12;
	bool no_dhe; /* offers to do without Diffie-Hellman, too */
	bool early_data;
	bool then_asks; /* its last message and the first request go together, as qskeyd's do */
};

struct client {
	SSL *ssl;
	int fd;
	const struct login *how;
	bool corked;
	char line[4096];
	size_t len;
	bool strict; /* a key that opens with another call context ends the program */
	void (*event)(const char *line); /* for those that come before an answer; may be NULL */
};

/* Results beside 0 */
enum {
	CLIENT_NO_SERVICE = 1000, /* nobody listens */
	CLIENT_CUT, /* the connection ended without a word */
	CLIENT_ODD, /* something else of TLS */
};

/* One for all; from any thread afterwards */
void client_init(void);

/* Where to connect to, "127.0.0.1:PORT"; of several, each in turn. */
void client_add_address(const char *address);

/* 0, the number of the alert we got, or one of the above. client_close() in any case. */
int client_login(struct client *c, const struct login *how);
void client_close(struct client *c);
int client_connect(struct client *c); /* TCP only */

/* Raw bytes; false if the connection is over. */
bool client_send(struct client *c, const void *data, size_t len);
/* One line without its end; NULL if the connection is over. */
const char *client_receive(struct client *c);
/* The answer: events that come before it are passed on, or over. */
const char *client_ask(struct client *c, const char *line);

/**
 * client_call_key() - ask for a session key and unwrap it
 * @c: logged in
 * @dist: K_dist
 * @dist_kid: of a two-draw card, else NULL
 * @call: what to ask for
 * @session: out
 * @error: out: the code of the refusal, at least 64 bytes
 *
 * Return: 0, -1 refused, -2 the connection is over
 */
int client_call_key(struct client *c, const uint8_t *dist, const uint8_t *dist_kid,
		    const struct qsc_keys_call *call, uint8_t *session, char *error);

/* Unwrap an answer. -1 if it is a refusal, -3 if the key does not open. */
int client_unwrap(struct client *c, const uint8_t *dist, const struct qsc_keys_call *call,
		  const char *answer, uint8_t *session, char *error);

#endif /* _KMS_TEST_CLIENT_H */
