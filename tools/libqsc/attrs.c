// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Names and shapes of the attributes a request can hold, so that an error can
 * name what the kernel complained about together with what was sent. Names are
 * those of the YAML specification.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const struct qsc_attr_desc roc_descs[] = {
	[QSC_A_ROC_SSRC] = { "ssrc", QSC_KIND_U32, NULL },
	[QSC_A_ROC_VALUE] = { "value", QSC_KIND_U32, NULL },
};

static const struct qsc_attr_set roc_attrs = { ARRAY_SIZE(roc_descs), roc_descs };

static const struct qsc_attr_desc seal_descs[] = {
	[QSC_A_SEAL_ID] = { "id", QSC_KIND_U32, NULL },
	[QSC_A_SEAL_PUBLIC] = { "public", QSC_KIND_HEX, NULL },
	[QSC_A_SEAL_BOX] = { "box", QSC_KIND_SECRET, NULL },
};

static const struct qsc_attr_set seal_attrs = { ARRAY_SIZE(seal_descs), seal_descs };

static const struct qsc_attr_desc key_descs[] = {
	[QSC_A_KEY_LEG] = { "leg", QSC_KIND_U8, NULL },
	[QSC_A_KEY_DIR] = { "dir", QSC_KIND_DIR, NULL },
	[QSC_A_KEY_SUITE] = { "suite", QSC_KIND_SUITE, NULL },
	[QSC_A_KEY_MKI] = { "mki", QSC_KIND_HEX, NULL },
	[QSC_A_KEY_SEALED] = { "sealed", QSC_KIND_NEST, &seal_attrs },
	[QSC_A_KEY_ROC] = { "roc", QSC_KIND_NEST, &roc_attrs },
	[QSC_A_KEY_OVERLAP] = { "overlap", QSC_KIND_U32, NULL },
};

static const struct qsc_attr_set key_attrs = { ARRAY_SIZE(key_descs), key_descs };

static const struct qsc_attr_desc session_descs[] = {
	[QSC_A_SESSION_LEG] = { "leg", QSC_KIND_U8, NULL },
	[QSC_A_SESSION_ROLE] = { "role", QSC_KIND_U32, NULL },
	[QSC_A_SESSION_CALLER] = { "caller", QSC_KIND_STRING, NULL },
	[QSC_A_SESSION_CALLEE] = { "callee", QSC_KIND_STRING, NULL },
	[QSC_A_SESSION_SUITE] = { "suite", QSC_KIND_SUITE, NULL },
	[QSC_A_SESSION_EPOCH] = { "epoch", QSC_KIND_U32, NULL },
	[QSC_A_SESSION_WRAPPED] = { "wrapped", QSC_KIND_SECRET, NULL },
	[QSC_A_SESSION_HOLD] = { "hold", QSC_KIND_FLAG, NULL },
	[QSC_A_SESSION_OVERLAP] = { "overlap", QSC_KIND_U32, NULL },
	[QSC_A_SESSION_SEALED] = { "sealed", QSC_KIND_NEST, &seal_attrs },
};

static const struct qsc_attr_set session_attrs = { ARRAY_SIZE(session_descs), session_descs };

static const struct qsc_attr_desc leg_descs[] = {
	[QSC_A_LEG_INDEX] = { "index", QSC_KIND_U8, NULL },
	[QSC_A_LEG_SUITE] = { "suite", QSC_KIND_SUITE, NULL },
	[QSC_A_LEG_LOCAL_ADDR] = { "local-addr", QSC_KIND_ADDR, NULL },
	[QSC_A_LEG_LOCAL_PORT] = { "local-port", QSC_KIND_PORT, NULL },
	[QSC_A_LEG_REMOTE_ADDR] = { "remote-addr", QSC_KIND_ADDR, NULL },
	[QSC_A_LEG_REMOTE_PORT] = { "remote-port", QSC_KIND_PORT, NULL },
	[QSC_A_LEG_LOCAL_RTCP_PORT] = { "local-rtcp-port", QSC_KIND_PORT, NULL },
	[QSC_A_LEG_REMOTE_RTCP_PORT] = { "remote-rtcp-port", QSC_KIND_PORT, NULL },
	[QSC_A_LEG_FLAGS] = { "flags", QSC_KIND_U32, NULL },
	[QSC_A_LEG_DSCP] = { "dscp", QSC_KIND_U8, NULL },
	[QSC_A_LEG_TTL] = { "ttl", QSC_KIND_U8, NULL },
	[QSC_A_LEG_LEARN_ADDR] = { "learn-addr", QSC_KIND_ADDR, NULL },
	[QSC_A_LEG_LEARN_PREFIX] = { "learn-prefix", QSC_KIND_U8, NULL },
	[QSC_A_LEG_LEARN_WINDOW] = { "learn-window", QSC_KIND_U32, NULL },
	[QSC_A_LEG_CLOCK] = { "clock", QSC_KIND_U32, NULL },
};

static const struct qsc_attr_set leg_attrs = { ARRAY_SIZE(leg_descs), leg_descs };

static const struct qsc_attr_desc op_descs[] = {
	[QSC_A_CALL_ID] = { "id", QSC_KIND_STRING, NULL },
	[QSC_A_CALL_FLAGS] = { "flags", QSC_KIND_U32, NULL },
	[QSC_A_CALL_ROLE] = { "role", QSC_KIND_U32, NULL },
	[QSC_A_CALL_TIMEOUT] = { "timeout", QSC_KIND_U32, NULL },
	[QSC_A_CALL_LIFETIME] = { "lifetime", QSC_KIND_U32, NULL },
	[QSC_A_CALL_WINDOW] = { "window", QSC_KIND_U32, NULL },
	[QSC_A_CALL_LEG] = { "leg", QSC_KIND_NEST, &leg_attrs },
	[QSC_A_CALL_KEY] = { "key", QSC_KIND_NEST, &key_attrs },
};

static const struct qsc_attr_set op_attrs = { ARRAY_SIZE(op_descs), op_descs };

static const struct qsc_attr_desc call_descs[] = {
	[QSC_A_CALL_ID] = { "id", QSC_KIND_STRING, NULL },
	[QSC_A_CALL_FLAGS] = { "flags", QSC_KIND_U32, NULL },
	[QSC_A_CALL_ROLE] = { "role", QSC_KIND_U32, NULL },
	[QSC_A_CALL_TIMEOUT] = { "timeout", QSC_KIND_U32, NULL },
	[QSC_A_CALL_LIFETIME] = { "lifetime", QSC_KIND_U32, NULL },
	[QSC_A_CALL_WINDOW] = { "window", QSC_KIND_U32, NULL },
	[QSC_A_CALL_LEG] = { "leg", QSC_KIND_NEST, &leg_attrs },
	[QSC_A_CALL_KEY] = { "key", QSC_KIND_NEST, &key_attrs },
	[QSC_A_CALL_REASON] = { "reason", QSC_KIND_U32, NULL },
	[QSC_A_CALL_SESSION] = { "session", QSC_KIND_NEST, &session_attrs },
	[QSC_A_CALL_MORE] = { "more", QSC_KIND_STRING, NULL },
	[QSC_A_CALL_OP] = { "op", QSC_KIND_NEST, &op_attrs },
	[QSC_A_CALL_SEALED] = { "sealed", QSC_KIND_NEST, &seal_attrs },
};

const struct qsc_attr_set qsc_call_attrs = { ARRAY_SIZE(call_descs), call_descs };

const struct qsc_attr_desc *qsc_attr_desc(const struct qsc_attr_set *set, unsigned int type)
{
	if (!set || type >= set->max || !set->attrs[type].name)
		return NULL;
	return &set->attrs[type];
}

static void print_number(const struct nlattr *attr, char *out, size_t size)
{
	uint64_t n = 0;

	switch (nla_len(attr)) {
	case 1:
		n = nla_get_u8(attr);
		break;
	case 4:
		n = nla_get_u32(attr);
		break;
	case 8:
		n = nla_get_u64(attr);
		break;
	default:
		return;
	}
	snprintf(out, size, "%" PRIu64, n);
}

static void print_named(const char *name, const struct nlattr *attr, char *out, size_t size)
{
	if (name)
		snprintf(out, size, "%s", name);
	else
		print_number(attr, out, size);
}

static void print_addr(const struct nlattr *attr, char *out, size_t size)
{
	int family = nla_len(attr) == 4 ? AF_INET : AF_INET6;

	if (nla_len(attr) != 4 && nla_len(attr) != 16)
		return;
	if (!inet_ntop(family, nla_data(attr), out, size))
		out[0] = '\0';
}

static void print_string(const struct nlattr *attr, char *out, size_t size)
{
	size_t len = strnlen(nla_data(attr), nla_len(attr));
	const unsigned char *s = nla_data(attr);
	size_t used = 0;

	/* Other people's call-ids end up on terminals: no control characters. */
	for (size_t i = 0; i < len && used + 1 < size; i++)
		out[used++] = iscntrl(s[i]) ? '?' : s[i];
	out[used] = '\0';
}

static void print_hex(const struct nlattr *attr, char *out, size_t size)
{
	const uint8_t *bytes = nla_data(attr);

	for (int i = 0; i < nla_len(attr) && size > 2; i++, out += 2, size -= 2)
		snprintf(out, size, "%02x", bytes[i]);
}

/* Leaves @out empty for secrets and for what has no printable form. */
void qsc_attr_print(const struct qsc_attr_desc *desc, const struct nlattr *attr, char *out,
		    size_t size)
{
	out[0] = '\0';
	switch (desc->kind) {
	case QSC_KIND_U8:
	case QSC_KIND_U32:
	case QSC_KIND_U64:
		print_number(attr, out, size);
		break;
	case QSC_KIND_PORT:
		if (nla_len(attr) == 2)
			snprintf(out, size, "%u", ntohs(nla_get_u16(attr)));
		break;
	case QSC_KIND_ADDR:
		print_addr(attr, out, size);
		break;
	case QSC_KIND_STRING:
		print_string(attr, out, size);
		break;
	case QSC_KIND_HEX:
		print_hex(attr, out, size);
		break;
	case QSC_KIND_SUITE:
		print_named(qsc_suite_name(qsc_get_u32((struct nlattr *)attr)), attr, out, size);
		break;
	case QSC_KIND_DIR:
		print_named(qsc_dir_name(qsc_get_u32((struct nlattr *)attr)), attr, out, size);
		break;
	case QSC_KIND_FLAG:
	case QSC_KIND_SECRET:
	case QSC_KIND_NEST:
		break;
	}
}
