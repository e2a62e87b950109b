// SPDX-License-Identifier: GPL-2.0
/* Which attributes a command takes; netlink is strict with new families. */
#include <linux/qsc.h>
#include <string.h>

#include "bytes.h"
#include "nlpolicy.h"

#define SECONDS_MAX	31536000

enum kind {
	UNKNOWN,
	NEVER,
	U8,
	U16,
	U32,
	FLAGS,			/* u32 with no bits but those of @max */
	STRING,			/* of @max bytes, with its NUL */
	BINARY,			/* of up to @max bytes */
	EXACT,			/* of @max bytes */
	FLAG,
	NEST,
};

struct policy {
	enum kind kind;
	uint32_t min, max;
	const struct policy *nest;
	int nest_max;
};

static const struct policy leg[QSC_A_LEG_MAX + 1] = {
	[QSC_A_LEG_INDEX] = { U8, 0, QSC_LEGS_MAX - 1 },
	[QSC_A_LEG_SUITE] = { U32, 1, QSC_SUITE_MAX },
	[QSC_A_LEG_LOCAL_ADDR] = { BINARY, 0, 16 },
	[QSC_A_LEG_LOCAL_PORT] = { U16, 0, 0xffff },
	[QSC_A_LEG_REMOTE_ADDR] = { BINARY, 0, 16 },
	[QSC_A_LEG_REMOTE_PORT] = { U16, 0, 0xffff },
	[QSC_A_LEG_LOCAL_RTCP_PORT] = { U16, 0, 0xffff },
	[QSC_A_LEG_REMOTE_RTCP_PORT] = { U16, 0, 0xffff },
	[QSC_A_LEG_FLAGS] = { FLAGS, 0, QSC_LEG_FLAGS_LEARN },
	[QSC_A_LEG_DSCP] = { U8, 0, QSC_DSCP_MAX },
	[QSC_A_LEG_TTL] = { U8, 1, 0xff },
	[QSC_A_LEG_LEARN_ADDR] = { BINARY, 0, 16 },
	[QSC_A_LEG_LEARN_PREFIX] = { U8, 0, 128 },
	[QSC_A_LEG_LEARN_WINDOW] = { U32, 1, QSC_LEARN_WINDOW_MAX },
	[QSC_A_LEG_CLOCK] = { U32, 1, QSC_CLOCK_MAX },
};

static const struct policy roc[QSC_A_ROC_MAX + 1] = {
	[QSC_A_ROC_SSRC] = { U32, 0, 0xffffffff },
	[QSC_A_ROC_VALUE] = { U32, 0, 0xffffffff },
};

static const struct policy seal[QSC_A_SEAL_MAX + 1] = {
	[QSC_A_SEAL_ID] = { U32, 0, 0xffffffff },
	[QSC_A_SEAL_PUBLIC] = { EXACT, 0, QSC_SEAL_PUBLIC_LEN },
	[QSC_A_SEAL_BOX] = { BINARY, 0, QSC_SEAL_BOX_MAX },
};

/* Of the keys of many calls. */
static const struct policy batch_seal[QSC_A_SEAL_MAX + 1] = {
	[QSC_A_SEAL_ID] = { U32, 0, 0xffffffff },
	[QSC_A_SEAL_PUBLIC] = { EXACT, 0, QSC_SEAL_PUBLIC_LEN },
	[QSC_A_SEAL_BOX] = { BINARY, 0, QSC_SEAL_BATCH_MAX },
};

static const struct policy session[QSC_A_SESSION_MAX + 1] = {
	[QSC_A_SESSION_LEG] = { U8, 0, 0xff },
	[QSC_A_SESSION_ROLE] = { U32, QSC_ROLE_CALLER, QSC_ROLE_CALLEE },
	[QSC_A_SESSION_CALLER] = { STRING, 0, QSC_PARTY_ID_MAX },
	[QSC_A_SESSION_CALLEE] = { STRING, 0, QSC_PARTY_ID_MAX },
	[QSC_A_SESSION_SUITE] = { U32, 1, QSC_SUITE_MAX },
	[QSC_A_SESSION_EPOCH] = { U32, 0, 0xffffffff },
	[QSC_A_SESSION_WRAPPED] = { EXACT, 0, QSC_WRAPPED_LEN },
	[QSC_A_SESSION_HOLD] = { FLAG },
	[QSC_A_SESSION_OVERLAP] = { U32, 0, QSC_OVERLAP_MAX_MS },
	[QSC_A_SESSION_SEALED] = { NEST, .nest = seal, .nest_max = QSC_A_SEAL_MAX },
};

static const struct policy key[QSC_A_KEY_MAX + 1] = {
	[QSC_A_KEY_LEG] = { U8, 0, 0xff },
	[QSC_A_KEY_DIR] = { U32, QSC_DIR_TX, QSC_DIR_RX },
	[QSC_A_KEY_SUITE] = { U32, 1, QSC_SUITE_MAX },
	[QSC_A_KEY_MKI] = { BINARY, 0, QSC_MKI_MAX },
	[QSC_A_KEY_SEALED] = { NEST, .nest = seal, .nest_max = QSC_A_SEAL_MAX },
	[QSC_A_KEY_ROC] = { NEST, .nest = roc, .nest_max = QSC_A_ROC_MAX },
	[QSC_A_KEY_OVERLAP] = { U32, 0, QSC_OVERLAP_MAX_MS },
};

#define ID [QSC_A_CALL_ID] = { STRING, 0, QSC_CALL_ID_MAX }
#define DEADLINES [QSC_A_CALL_TIMEOUT] = { U32, 0, SECONDS_MAX }, \
		  [QSC_A_CALL_LIFETIME] = { U32, 0, SECONDS_MAX }

static const struct policy none[] = { [QSC_A_CALL_ID] = { NEVER } };
static const struct policy id[] = { ID };
static const struct policy call_del[] = {
	ID, [QSC_A_CALL_MORE] = { STRING, 0, QSC_CALL_ID_MAX },
};

static const struct policy key_erase[] = {
	ID, [QSC_A_CALL_REASON] = { U32, 1, QSC_ERASE_REASON_MAX },
};

static const struct policy call_set[] = { ID, DEADLINES };
static const struct policy key_set[] = {
	ID, [QSC_A_CALL_KEY] = { NEST, .nest = key, .nest_max = QSC_A_KEY_MAX },
};

static const struct policy session_set[] = {
	ID, [QSC_A_CALL_SESSION] = { NEST, .nest = session, .nest_max = QSC_A_SESSION_MAX },
};

#define CALL [QSC_A_CALL_FLAGS] = { FLAGS, 0, QSC_CALL_FLAGS_BOUND | QSC_CALL_FLAGS_DTLS }, \
	     [QSC_A_CALL_ROLE] = { U32, QSC_ROLE_CALLER, QSC_ROLE_CALLEE }, \
	     [QSC_A_CALL_WINDOW] = { U32, QSC_WINDOW_MIN, QSC_WINDOW_MAX }, \
	     [QSC_A_CALL_LEG] = { NEST, .nest = leg, .nest_max = QSC_A_LEG_MAX }

static const struct policy call_new[] = { ID, DEADLINES, CALL };
static const struct policy op[QSC_A_CALL_MAX + 1] = {
	ID, DEADLINES, CALL,
	[QSC_A_CALL_KEY] = { NEST, .nest = key, .nest_max = QSC_A_KEY_MAX },
};

static const struct policy calls_new[] = {
	[QSC_A_CALL_OP] = { NEST, .nest = op, .nest_max = QSC_A_CALL_MAX },
	[QSC_A_CALL_SEALED] = { NEST, .nest = batch_seal, .nest_max = QSC_A_SEAL_MAX },
};

#define POLICY(p) { p, sizeof(p) / sizeof(*(p)) - 1 }

static const struct {
	const struct policy *policy;
	int max;
} commands[] = {
	[QSC_CMD_INFO_GET] = POLICY(none),
	[QSC_CMD_CALL_NEW] = POLICY(call_new),
	[QSC_CMD_CALL_DEL] = POLICY(call_del),
	[QSC_CMD_CALL_GET] = POLICY(id),
	[QSC_CMD_CALL_SET] = POLICY(call_set),
	[QSC_CMD_CALL_FLUSH] = POLICY(none),
	[QSC_CMD_KEY_SET] = POLICY(key_set),
	[QSC_CMD_KEY_ERASE] = POLICY(key_erase),
	[QSC_CMD_STATS_GET] = POLICY(id),
	[QSC_CMD_SEAL_GET] = POLICY(none),
	[QSC_CMD_SESSION_SET] = POLICY(session_set),
	[QSC_CMD_SESSION_ACTIVATE] = POLICY(session_set),
	[QSC_CMD_CALLS_NEW] = POLICY(calls_new),
};

bool nlp_known(uint8_t cmd)
{
	return cmd < sizeof(commands) / sizeof(*commands) && commands[cmd].policy;
}

static bool is_number(const struct policy *p, const uint8_t *data, int len)
{
	uint64_t v = 0;

	if (len != (p->kind == U8 ? 1 : p->kind == U16 ? 2 : 4))
		return false;
	memcpy(&v, data, len);
	if (p->kind == FLAGS)
		return !(v & ~(uint64_t)p->max);
	return v >= p->min && v <= p->max;
}

/* A NUL has to come in time, and at most it may be one more than @max bytes. */
static bool is_string(const struct policy *p, const uint8_t *data, int len)
{
	int room = min(len, p->max + 1);

	if (!room || !memchr(data, 0, room))
		return false;
	return len - !data[len - 1] <= (int)p->max;
}

static bool valid_all(const struct policy *p, int max, const void *attrs, int left);

static bool valid(const struct policy *p, const struct nlattr *a)
{
	const uint8_t *data = (const uint8_t *)(a + 1);
	int len = a->nla_len - NLA_HDRLEN;

	if ((p->kind == NEST) != !!(a->nla_type & NLA_F_NESTED))
		return false;
	switch (p->kind) {
	case STRING:
		return is_string(p, data, len);
	case BINARY:
		return len <= (int)p->max;
	case EXACT:
		return len == (int)p->max;
	case FLAG:
		return !len;
	case NEST:
		return valid_all(p->nest, p->nest_max, data, len);
	case UNKNOWN:
	case NEVER:
		return false;
	default:
		return is_number(p, data, len);
	}
}

static bool valid_all(const struct policy *p, int max, const void *attrs, int left)
{
	const struct nlattr *a = attrs;
	int type;

	for (; nlp_ok(a, left); a = nlp_next(a, &left)) {
		type = a->nla_type & NLA_TYPE_MASK;
		if (!type || type > max || !valid(&p[type], a))
			return false;
	}
	return left <= 0;
}

bool nlp_valid(uint8_t cmd, const void *attrs, int len)
{
	return valid_all(commands[cmd].policy, commands[cmd].max, attrs, len);
}

void nlp_parse(const struct nlattr **tb, int max, const void *attrs, int len)
{
	const struct nlattr *a = attrs;
	int type;

	for (type = 0; type <= max; type++)
		tb[type] = NULL;
	for (; nlp_ok(a, len); a = nlp_next(a, &len)) {
		type = a->nla_type & NLA_TYPE_MASK;
		if (type && type <= max)
			tb[type] = a;
	}
}
