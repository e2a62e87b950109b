// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The call context: which copy of which key for whom, as bytes. */
#include <errno.h>

#include "keys_internal.h"

#define VERSION 1

bool qsc_keys_call_id_ok(const char *call_id)
{
	size_t len = strnlen(call_id, QSC_KEYS_CALL_ID_MAX + 1);

	if (!len || len > QSC_KEYS_CALL_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (call_id[i] < 0x21 || call_id[i] > 0x7e)
			return false;
	return true;
}

bool qsc_keys_subscriber_ok(const char *id)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789+._@:-";
	size_t len = strnlen(id, QSC_KEYS_ID_MAX + 1);

	return len && len <= QSC_KEYS_ID_MAX && strspn(id, allowed) == len;
}

static bool call_ok(const struct qsc_keys_call *call)
{
	size_t key_len, salt_len;

	return qsc_keys_call_id_ok(call->call_id) && qsc_keys_subscriber_ok(call->caller) &&
	       qsc_keys_subscriber_ok(call->callee) &&
	       (call->role == QSC_KEYS_CALLER || call->role == QSC_KEYS_CALLEE) &&
	       !qsc_keys_suite_lengths(call->suite, &key_len, &salt_len);
}

static uint8_t *put_text(uint8_t *p, const char *text)
{
	size_t len = strlen(text);

	return put_bytes(put_be16(p, (uint16_t)len), text, len);
}

int qsc_keys_call_encode(const struct qsc_keys_call *call, uint8_t out[QSC_KEYS_CONTEXT_MAX])
{
	uint8_t *p = out;

	memset(out, 0, QSC_KEYS_CONTEXT_MAX);
	if (!call_ok(call))
		return -EINVAL;
	*p++ = VERSION;
	p = put_text(p, call->call_id);
	*p++ = call->role;
	p = put_text(p, call->caller);
	p = put_text(p, call->callee);
	p = put_be32(p, call->suite);
	p = put_be32(p, call->epoch);
	return (int)(p - out);
}

struct cursor {
	const uint8_t *p;
	size_t left;
	bool bad;
};

/* @n bytes, or zeros once the input has been too short. */
static const uint8_t *take(struct cursor *c, size_t n)
{
	static const uint8_t zeros[4] = { 0 };
	const uint8_t *p = c->p;

	if (c->bad || n > c->left) {
		c->bad = true;
		return zeros;
	}
	c->p += n;
	c->left -= n;
	return p;
}

static void take_text(struct cursor *c, char *out, size_t max)
{
	size_t len = get_be16(take(c, 2));
	const uint8_t *p;

	if (len > max) {
		c->bad = true;
		return;
	}
	p = take(c, len);
	/* A NUL inside would make two contexts read the same. */
	if (c->bad || memchr(p, 0, len))
		c->bad = true;
	else
		memcpy(out, p, len);
}

int qsc_keys_call_decode(const uint8_t *context, size_t len, struct qsc_keys_call *call)
{
	struct cursor c = { .p = context, .left = len };

	memset(call, 0, sizeof(*call));
	c.bad = *take(&c, 1) != VERSION;
	take_text(&c, call->call_id, QSC_KEYS_CALL_ID_MAX);
	call->role = *take(&c, 1);
	take_text(&c, call->caller, QSC_KEYS_ID_MAX);
	take_text(&c, call->callee, QSC_KEYS_ID_MAX);
	call->suite = get_be32(take(&c, 4));
	call->epoch = get_be32(take(&c, 4));
	if (!c.bad && !c.left && call_ok(call))
		return 0;
	memset(call, 0, sizeof(*call));
	return -EINVAL;
}
