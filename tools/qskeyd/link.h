/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * A connection to the key service: TLS 1.3 with a key of the card as external
 * PSK and nothing else, and lines of text in it.
 */
#ifndef _QSKEYD_LINK_H
#define _QSKEYD_LINK_H

#include <event2/event.h>
#include <openssl/ssl.h>

#include "failure.h"
#include "keys/keys.h"

struct link;

/* What the end of a connection tells of the key */
enum link_end {
	LINK_CUT, /* nothing: it may be good still, or burnt */
	LINK_REFUSED, /* it is burnt, unknown or revoked */
	LINK_USED, /* it had logged in */
};

struct link_ops {
	void (*up)(void *arg); /* logged in; both sides have proved who they are */
	void (*line)(void *arg, const char *line, size_t len);
	void (*down)(void *arg, enum link_end end, const struct failure *why);
};

SSL_CTX *link_context(void);

/**
 * link_new() - log in
 * @base: the event loop
 * @tls: from link_context()
 * @fd: connected; taken over, also on errors
 * @service: its name, for messages; kept
 * @kid: identity
 * @auth: K_auth, wiped when it is not needed any more
 * @seconds: for the login
 * @ops: called from the event loop; link_free() may be called by all of them,
 *	and has to be after @ops->down
 * @arg: for @ops
 */
struct link *link_new(struct event_base *base, SSL_CTX *tls, int fd, const char *service,
		      const uint8_t kid[QSC_KEYS_KID], const uint8_t auth[QSC_KEYS_LEN],
		      unsigned int seconds, const struct link_ops *ops, void *arg);
void link_free(struct link *link);
void link_send(struct link *link, const char *line); /* with its newline */

/* X of the call with this context; 0 or -EIO */
int link_export(struct link *link, const uint8_t *context, size_t len, uint8_t out[QSC_KEYS_LEN]);

#endif /* _QSKEYD_LINK_H */
