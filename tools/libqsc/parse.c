// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Reply attributes into the structures of <qsc/qsc.h>. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* An absent number is 0; one of another width is read as what it is. */
uint64_t qsc_get_u64(struct nlattr *attr)
{
	if (!attr)
		return 0;
	switch (nla_len(attr)) {
	case 1:
		return nla_get_u8(attr);
	case 2:
		return nla_get_u16(attr);
	case 4:
		return nla_get_u32(attr);
	case 8:
		return nla_get_u64(attr);
	default:
		return 0;
	}
}

uint32_t qsc_get_u32(struct nlattr *attr)
{
	return qsc_get_u64(attr);
}

uint16_t qsc_get_port(struct nlattr *attr)
{
	return attr && nla_len(attr) == 2 ? ntohs(nla_get_u16(attr)) : 0;
}

void qsc_get_addr(union qsc_addr *out, struct nlattr *addr, struct nlattr *port)
{
	if (!addr)
		return;
	if (nla_len(addr) == sizeof(out->in4.sin_addr)) {
		out->in4.sin_family = AF_INET;
		out->in4.sin_port = htons(qsc_get_port(port));
		memcpy(&out->in4.sin_addr, nla_data(addr), sizeof(out->in4.sin_addr));
	} else if (nla_len(addr) == sizeof(out->in6.sin6_addr)) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons(qsc_get_port(port));
		memcpy(&out->in6.sin6_addr, nla_data(addr), sizeof(out->in6.sin6_addr));
	}
}

int qsc_parse_key(struct nlattr *nest, struct qsc_key_info *key)
{
	struct nlattr *tb[QSC_A_KEY_MAX + 1];

	memset(key, 0, sizeof(*key));
	if (nla_parse_nested(tb, QSC_A_KEY_MAX, nest, NULL) < 0)
		return -EBADMSG;

	key->leg = qsc_get_u32(tb[QSC_A_KEY_LEG]);
	key->dir = qsc_get_u32(tb[QSC_A_KEY_DIR]);
	key->suite = qsc_get_u32(tb[QSC_A_KEY_SUITE]);
	key->state = qsc_get_u32(tb[QSC_A_KEY_STATE]);
	key->generation = qsc_get_u32(tb[QSC_A_KEY_GENERATION]);
	key->age_ms = qsc_get_u64(tb[QSC_A_KEY_AGE]);
	key->ssrcs = qsc_get_u32(tb[QSC_A_KEY_SSRCS]);
	key->rtp_packets = qsc_get_u64(tb[QSC_A_KEY_RTP_PACKETS]);
	key->rtcp_packets = qsc_get_u64(tb[QSC_A_KEY_RTCP_PACKETS]);
	if (tb[QSC_A_KEY_MKI] && nla_len(tb[QSC_A_KEY_MKI]) <= QSC_MKI_MAX) {
		key->mki_len = nla_len(tb[QSC_A_KEY_MKI]);
		memcpy(key->mki, nla_data(tb[QSC_A_KEY_MKI]), key->mki_len);
	}
	return 0;
}

/* Counters newer than this library are left out. */
void qsc_parse_stats(struct nlattr *nest, struct qsc_stats *stats)
{
	struct nlattr *attr;
	int rem;

	memset(stats, 0, sizeof(*stats));
	nla_for_each_nested(attr, nest, rem)
		if (nla_type(attr) <= QSC_A_STATS_MAX)
			stats->count[nla_type(attr)] = qsc_get_u64(attr);
}

static unsigned int count_nested(struct nlattr *nest, int type)
{
	unsigned int n = 0;
	struct nlattr *attr;
	int rem;

	nla_for_each_nested(attr, nest, rem)
		n += nla_type(attr) == type;
	return n;
}

static int parse_stream(struct nlattr *nest, struct qsc_quality *q)
{
	struct nlattr *tb[QSC_A_STREAM_MAX + 1];

	if (nla_parse_nested(tb, QSC_A_STREAM_MAX, nest, NULL) < 0)
		return -EBADMSG;
	q->ssrc = qsc_get_u32(tb[QSC_A_STREAM_SSRC]);
	q->packets = qsc_get_u64(tb[QSC_A_STREAM_PACKETS]);
	q->lost = qsc_get_u64(tb[QSC_A_STREAM_LOST]);
	q->late = qsc_get_u32(tb[QSC_A_STREAM_LATE]);
	q->jitter_us = qsc_get_u32(tb[QSC_A_STREAM_JITTER]);
	return 0;
}

static int parse_quality(struct nlattr *nest, struct qsc_leg *leg)
{
	unsigned int n = count_nested(nest, QSC_A_LEG_STREAM);
	struct qsc_quality *quality;
	struct nlattr *attr;
	int rem;

	if (!n)
		return 0;
	quality = calloc(n, sizeof(*quality));
	if (!quality)
		return -ENOMEM;
	leg->quality = quality;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != QSC_A_LEG_STREAM)
			continue;
		if (parse_stream(attr, &quality[leg->n_quality]))
			return -EBADMSG;
		leg->n_quality++;
	}
	return 0;
}

static int parse_keys(struct nlattr *nest, struct qsc_leg *leg)
{
	unsigned int n = count_nested(nest, QSC_A_LEG_KEY);
	struct qsc_key_info *keys;
	struct nlattr *attr;
	int rem;

	if (!n)
		return 0;
	keys = calloc(n, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	leg->keys = keys;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != QSC_A_LEG_KEY)
			continue;
		if (qsc_parse_key(attr, &keys[leg->n_keys]))
			return -EBADMSG;
		leg->n_keys++;
	}
	return 0;
}

static int parse_leg(struct nlattr *nest, struct qsc_leg *leg)
{
	struct nlattr *tb[QSC_A_LEG_MAX + 1];
	struct qsc_stats *stats;
	int err;

	if (nla_parse_nested(tb, QSC_A_LEG_MAX, nest, NULL) < 0)
		return -EBADMSG;

	leg->index = qsc_get_u32(tb[QSC_A_LEG_INDEX]);
	leg->suite = qsc_get_u32(tb[QSC_A_LEG_SUITE]);
	qsc_get_addr(&leg->local, tb[QSC_A_LEG_LOCAL_ADDR], tb[QSC_A_LEG_LOCAL_PORT]);
	qsc_get_addr(&leg->remote, tb[QSC_A_LEG_REMOTE_ADDR], tb[QSC_A_LEG_REMOTE_PORT]);
	leg->local_rtcp = qsc_get_port(tb[QSC_A_LEG_LOCAL_RTCP_PORT]);
	leg->remote_rtcp = qsc_get_port(tb[QSC_A_LEG_REMOTE_RTCP_PORT]);
	leg->flags = qsc_get_u32(tb[QSC_A_LEG_FLAGS]);
	leg->has_dscp = tb[QSC_A_LEG_DSCP];
	leg->dscp = qsc_get_u32(tb[QSC_A_LEG_DSCP]);
	leg->ttl = qsc_get_u32(tb[QSC_A_LEG_TTL]);
	leg->rtt_us = qsc_get_u32(tb[QSC_A_LEG_RTT]);
	leg->has_last_seen = tb[QSC_A_LEG_LAST_SEEN];
	leg->last_seen_ms = qsc_get_u64(tb[QSC_A_LEG_LAST_SEEN]);
	if (tb[QSC_A_LEG_STATS]) {
		stats = malloc(sizeof(*stats));
		if (!stats)
			return -ENOMEM;
		qsc_parse_stats(tb[QSC_A_LEG_STATS], stats);
		leg->stats = stats;
	}
	err = parse_quality(nest, leg);
	return err ? err : parse_keys(nest, leg);
}

static void free_legs(struct qsc_call *call)
{
	for (unsigned int i = 0; i < call->n_legs; i++) {
		free((void *)call->legs[i].keys);
		free((void *)call->legs[i].stats);
		free((void *)call->legs[i].quality);
	}
}

static int parse_legs(struct nlmsghdr *nlh, struct qsc_call *call)
{
	struct genlmsghdr *genl = nlmsg_data(nlh);
	struct nlattr *attr;
	int err, rem;

	nla_for_each_attr(attr, genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0), rem) {
		if (nla_type(attr) != QSC_A_CALL_LEG)
			continue;
		if (call->n_legs == QSC_LEGS_MAX)
			return -EBADMSG;
		err = parse_leg(attr, &call->legs[call->n_legs++]);
		if (err)
			return err;
	}
	return 0;
}

/* Build a struct qsc_call on the stack, hand it to @cb, free what it holds. */
int qsc_parse_call(struct qsc_reply *reply, qsc_call_cb cb, void *arg)
{
	struct nlattr **attrs = reply->attrs;
	char id[QSC_CALL_ID_MAX + 1] = "";
	struct qsc_call call = { .id = id };
	int err;

	if (!attrs[QSC_A_CALL_ID])
		return -EBADMSG;
	nla_strlcpy(id, attrs[QSC_A_CALL_ID], sizeof(id));
	call.state = qsc_get_u32(attrs[QSC_A_CALL_STATE]);
	call.reason = qsc_get_u32(attrs[QSC_A_CALL_REASON]);
	call.flags = qsc_get_u32(attrs[QSC_A_CALL_FLAGS]);
	call.role = qsc_get_u32(attrs[QSC_A_CALL_ROLE]);
	call.timeout_s = qsc_get_u32(attrs[QSC_A_CALL_TIMEOUT]);
	call.lifetime_s = qsc_get_u32(attrs[QSC_A_CALL_LIFETIME]);
	call.window = qsc_get_u32(attrs[QSC_A_CALL_WINDOW]);
	call.age_ms = qsc_get_u64(attrs[QSC_A_CALL_AGE]);
	call.has_idle = attrs[QSC_A_CALL_IDLE];
	call.idle_ms = qsc_get_u64(attrs[QSC_A_CALL_IDLE]);
	call.owner = qsc_get_u32(attrs[QSC_A_CALL_OWNER]);

	err = parse_legs(reply->nlh, &call);
	if (!err)
		err = cb(&call, arg);
	free_legs(&call);
	return err;
}
