// SPDX-License-Identifier: GPL-2.0
/* What key material is bound to: the associated data of what comes encrypted. */

#include "bind.h"

#include <linux/bug.h>
#include <linux/string.h>

#include "compat.h"
#include "keyring.h"

#define CONTEXT_VERSION 1

static void put(struct qsc_binding *b, const void *data, u32 len)
{
	if (WARN_ON_ONCE(len > sizeof(b->bytes) - b->len))
		return;
	memcpy(b->bytes + b->len, data, len);
	b->len += len;
}

static void put_u8(struct qsc_binding *b, u8 v)
{
	put(b, &v, sizeof(v));
}

static void put_u32(struct qsc_binding *b, u32 v)
{
	__be32 be = cpu_to_be32(v);

	put(b, &be, sizeof(be));
}

static void put_counted(struct qsc_binding *b, const void *data, u16 len)
{
	__be16 be = cpu_to_be16(len);

	put(b, &be, sizeof(be));
	put(b, data, len);
}

static void put_string(struct qsc_binding *b, const char *s)
{
	put_counted(b, s, strlen(s));
}

static void put_label(struct qsc_binding *b, const char *label)
{
	b->len = 0;
	put(b, label, strlen(label));
}

static void put_context(struct qsc_binding *b, const struct qsc_context *c)
{
	put_u8(b, CONTEXT_VERSION);
	put_string(b, c->call_id);
	put_u8(b, c->role);
	put_string(b, c->caller);
	put_string(b, c->callee);
	put_u32(b, c->suite->id);
	put_u32(b, c->epoch);
}

void qsc_bind_context(struct qsc_binding *b, const struct qsc_context *c)
{
	b->len = 0;
	put_context(b, c);
}

void qsc_bind_session(struct qsc_binding *b, const struct qsc_context *c)
{
	put_label(b, "session-set");
	put_context(b, c);
}

void qsc_bind_key(struct qsc_binding *b, const char *call_id, const struct qsc_key_params *p)
{
	put_label(b, "key-set");
	put_string(b, call_id);
	put_u8(b, p->leg);
	put_u8(b, p->dir);
	put_u32(b, p->suite->id);
	put_counted(b, p->mki, p->mki_len);
}
