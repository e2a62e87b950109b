// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * What key material is bound to: the associated data of what is sealed. The
 * module puts the same bytes together (kmod/bind.c), or cannot open it.
 */
#include <string.h>

#include <arpa/inet.h>

#include "internal.h"

#define CONTEXT_VERSION 1

/* Callers have checked all lengths against QSC_BINDING_MAX. */
static void put(struct qsc_binding *b, const void *data, size_t len)
{
	if (len)
		memcpy(b->bytes + b->len, data, len);
	b->len += len;
}

static void put_u8(struct qsc_binding *b, uint8_t v)
{
	put(b, &v, sizeof(v));
}

static void put_u32(struct qsc_binding *b, uint32_t v)
{
	v = htonl(v);
	put(b, &v, sizeof(v));
}

static void put_counted(struct qsc_binding *b, const void *data, uint16_t len)
{
	uint16_t be = htons(len);

	put(b, &be, sizeof(be));
	put(b, data, len);
}

static void put_string(struct qsc_binding *b, const char *s)
{
	put_counted(b, s, strlen(s));
}

void qsc_bind_key(struct qsc_binding *b, const char *id, const struct qsc_key *key)
{
	b->len = 0;
	put(b, "key-set", 7);
	put_string(b, id);
	put_u8(b, key->leg);
	put_u8(b, key->dir);
	put_u32(b, key->suite);
	put_counted(b, key->mki, key->mki_len);
}

void qsc_bind_session(struct qsc_binding *b, const char *id, const struct qsc_session *s)
{
	b->len = 0;
	put(b, "session-set", 11);
	put_u8(b, CONTEXT_VERSION);
	put_string(b, id);
	put_u8(b, s->role);
	put_string(b, s->caller);
	put_string(b, s->callee);
	put_u32(b, s->suite);
	put_u32(b, s->epoch);
}
