// SPDX-License-Identifier: GPL-2.0
/* From objects to netlink attributes. */

#include "nlattr.h"

#include <linux/jiffies.h>
#include <net/netlink.h>

#include "path.h"
#include "version.h"

#define STREAMS_MAX 8 /* of a leg, told in one message */

static int put_u64(struct sk_buff *msg, int attr, u64 value, int pad)
{
	return nla_put_u64_64bit(msg, attr, value, pad);
}

static int put_addr(struct sk_buff *msg, int attr, const struct qsc_addr *a)
{
	if (a->family == AF_INET)
		return nla_put_in_addr(msg, attr, a->ip.s6_addr32[3]);
	return nla_put_in6_addr(msg, attr, &a->ip);
}

int qsc_nl_put_key_packets(struct sk_buff *msg, const struct qsc_key *key)
{
	return put_u64(msg, QSC_A_KEY_RTP_PACKETS, READ_ONCE(key->rtp_packets), QSC_A_KEY_PAD) ||
	       put_u64(msg, QSC_A_KEY_RTCP_PACKETS, READ_ONCE(key->rtcp_packets), QSC_A_KEY_PAD);
}

static int put_key(struct sk_buff *msg, const struct qsc_key *key, const struct qsc_stream *s,
		   u32 state)
{
	u64 age = jiffies_to_msecs(jiffies - key->installed);
	struct nlattr *nest;

	nest = nla_nest_start(msg, QSC_A_LEG_KEY);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u8(msg, QSC_A_KEY_LEG, key->leg) || nla_put_u32(msg, QSC_A_KEY_DIR, key->dir) ||
	    nla_put_u32(msg, QSC_A_KEY_SUITE, key->suite->id) ||
	    (key->mki_len && nla_put(msg, QSC_A_KEY_MKI, key->mki_len, key->mki)) ||
	    nla_put_u32(msg, QSC_A_KEY_STATE, state) ||
	    nla_put_u32(msg, QSC_A_KEY_GENERATION, key->generation) ||
	    put_u64(msg, QSC_A_KEY_AGE, age, QSC_A_KEY_PAD) ||
	    nla_put_u32(msg, QSC_A_KEY_SSRCS, READ_ONCE(s->ssrcs.count)) ||
	    qsc_nl_put_key_packets(msg, key))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_slot(struct sk_buff *msg, const struct qsc_call *call, struct qsc_stream *s,
		    struct qsc_key __rcu **slot, u32 state)
{
	const struct qsc_key *key = qsc_call_key(call, slot);

	return key ? put_key(msg, key, s, state) : 0;
}

/* Where packets go now; nothing if that is not known yet. */
static int put_path(struct sk_buff *msg, const struct qsc_tuple *tuple, int addr, int port)
{
	const struct qsc_path *path;
	struct qsc_addr to;

	rcu_read_lock();
	path = rcu_dereference(tuple->path);
	to = path ? path->remote : tuple->remote;
	rcu_read_unlock();
	if (!to.port)
		return 0;
	return (addr && put_addr(msg, addr, &to)) || nla_put_be16(msg, port, to.port);
}

int qsc_nl_put_remote(struct sk_buff *msg, const struct qsc_leg *leg)
{
	if (put_path(msg, &leg->tuples[0], QSC_A_LEG_REMOTE_ADDR, QSC_A_LEG_REMOTE_PORT))
		return -EMSGSIZE;
	if (leg->nr_tuples < 2)
		return 0;
	return put_path(msg, &leg->tuples[1], 0, QSC_A_LEG_REMOTE_RTCP_PORT);
}

static int put_leg_addrs(struct sk_buff *msg, const struct qsc_leg *leg)
{
	const struct qsc_tuple *rtp = &leg->tuples[0], *rtcp = &leg->tuples[1];

	if (put_addr(msg, QSC_A_LEG_LOCAL_ADDR, &rtp->local) ||
	    nla_put_be16(msg, QSC_A_LEG_LOCAL_PORT, rtp->local.port) || qsc_nl_put_remote(msg, leg))
		return -EMSGSIZE;
	if (leg->nr_tuples < 2)
		return 0;
	return nla_put_be16(msg, QSC_A_LEG_LOCAL_RTCP_PORT, rtcp->local.port);
}

static int put_relay(struct sk_buff *msg, const struct qsc_leg *leg)
{
	if ((leg->has_dscp && nla_put_u8(msg, QSC_A_LEG_DSCP, leg->dscp)) ||
	    (leg->ttl && nla_put_u8(msg, QSC_A_LEG_TTL, leg->ttl)))
		return -EMSGSIZE;
	return leg->learn.on ? nla_put_u32(msg, QSC_A_LEG_FLAGS, QSC_LEG_FLAGS_LEARN) : 0;
}

static int put_leg(struct sk_buff *msg, const struct qsc_call *call, struct qsc_leg *leg)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, QSC_A_CALL_LEG);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u8(msg, QSC_A_LEG_INDEX, leg->index) ||
	    nla_put_u32(msg, QSC_A_LEG_SUITE, leg->suite->id) || put_leg_addrs(msg, leg) ||
	    put_relay(msg, leg) ||
	    put_slot(msg, call, &leg->tx, &leg->tx.cur, QSC_KEY_STATE_ACTIVE) ||
	    put_slot(msg, call, &leg->rx, &leg->rx.cur, QSC_KEY_STATE_ACTIVE) ||
	    put_slot(msg, call, &leg->rx, &leg->rx.old, QSC_KEY_STATE_OVERLAP) ||
	    (leg->parked && put_key(msg, leg->parked, &leg->tx, QSC_KEY_STATE_PARKED)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_call_times(struct sk_buff *msg, const struct qsc_call *call)
{
	unsigned long now = jiffies, last;

	if (put_u64(msg, QSC_A_CALL_AGE, jiffies_to_msecs(now - call->created), QSC_A_CALL_PAD))
		return -EMSGSIZE;
	if (!qsc_call_last_packet(call, &last))
		return 0;
	return put_u64(msg, QSC_A_CALL_IDLE,
		       time_after(now, last) ? jiffies_to_msecs(now - last) : 0, QSC_A_CALL_PAD);
}

int qsc_nl_put_call(struct sk_buff *msg, const struct qsc_call *call)
{
	int i;

	if (nla_put_string(msg, QSC_A_CALL_ID, call->id) ||
	    nla_put_u32(msg, QSC_A_CALL_STATE, call->state) ||
	    nla_put_u32(msg, QSC_A_CALL_FLAGS, call->flags) ||
	    (call->role && nla_put_u32(msg, QSC_A_CALL_ROLE, call->role)) ||
	    nla_put_u32(msg, QSC_A_CALL_TIMEOUT, call->timeout) ||
	    nla_put_u32(msg, QSC_A_CALL_LIFETIME, call->lifetime) ||
	    nla_put_u32(msg, QSC_A_CALL_WINDOW, call->window) || put_call_times(msg, call))
		return -EMSGSIZE;
	if (call->state == QSC_CALL_STATE_ERASED &&
	    nla_put_u32(msg, QSC_A_CALL_REASON, call->reason))
		return -EMSGSIZE;
	if (call->flags & QSC_CALL_FLAGS_BOUND && nla_put_u32(msg, QSC_A_CALL_OWNER, call->owner))
		return -EMSGSIZE;
	for (i = 0; i < call->nr_legs; i++)
		if (put_leg(msg, call, (struct qsc_leg *)&call->legs[i]))
			return -EMSGSIZE;
	return 0;
}

int qsc_nl_put_stats(struct sk_buff *msg, int attr, const u64 *sum)
{
	struct nlattr *nest;
	int i;

	nest = nla_nest_start(msg, attr);
	if (!nest)
		return -EMSGSIZE;
	for (i = QSC_A_STATS_TX_RTP; i < QSC_A_STATS_PAD; i++)
		if (put_u64(msg, i, sum[i], QSC_A_STATS_PAD))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int qsc_nl_put_erased(struct sk_buff *msg, const struct qsc_net *qn)
{
	struct nlattr *nest;
	u32 reason;
	u64 n;

	for (reason = 1; reason < __QSC_ERASE_REASON_MAX; reason++) {
		n = atomic64_read(&qn->erased[reason]);
		if (!n)
			continue;
		nest = nla_nest_start(msg, QSC_A_CALL_ERASED);
		if (!nest || nla_put_u32(msg, QSC_A_ERASED_REASON, reason) ||
		    put_u64(msg, QSC_A_ERASED_KEYS, n, QSC_A_ERASED_PAD))
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

static int put_stream(struct sk_buff *msg, const struct qsc_stream *s, const struct qsc_ssrc *e)
{
	u64 top = READ_ONCE(e->rtp.top);
	struct qsc_quality q = e->quality;
	struct nlattr *nest;

	nest = nla_nest_start(msg, QSC_A_LEG_STREAM);
	if (!nest || nla_put_u32(msg, QSC_A_STREAM_SSRC, e->ssrc) ||
	    put_u64(msg, QSC_A_STREAM_PACKETS, q.received, QSC_A_STREAM_PAD) ||
	    put_u64(msg, QSC_A_STREAM_LOST, qsc_quality_lost(&q, top), QSC_A_STREAM_PAD) ||
	    nla_put_u32(msg, QSC_A_STREAM_LATE, q.late) ||
	    nla_put_u32(msg, QSC_A_STREAM_JITTER, qsc_quality_jitter_us(&q, s->clock)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* The stream's lock is held, so that loss is not off by what comes in meanwhile. */
static int put_streams(struct sk_buff *msg, struct qsc_stream *s)
{
	const struct qsc_ssrc *e;
	int i, n = 0, err = 0;

	spin_lock_bh(&s->lock);
	for (i = 0; i < QSC_SSRC_BUCKETS; i++)
		hlist_for_each_entry(e, &s->ssrcs.bucket[i], node)
			if (!err && e->quality.received && n++ < STREAMS_MAX)
				err = put_stream(msg, s, e);
	spin_unlock_bh(&s->lock);
	return err;
}

static int put_quality(struct sk_buff *msg, struct qsc_leg *leg)
{
	struct qsc_stream *rx = &leg->rx;
	u32 rtt = READ_ONCE(leg->tx.rtt.us);

	if (!leg->peer)
		return 0;
	if (READ_ONCE(rx->active) &&
	    put_u64(msg, QSC_A_LEG_LAST_SEEN, jiffies_to_msecs(jiffies - READ_ONCE(rx->last)),
		    QSC_A_LEG_PAD))
		return -EMSGSIZE;
	if (rtt && nla_put_u32(msg, QSC_A_LEG_RTT, rtt))
		return -EMSGSIZE;
	return put_streams(msg, rx);
}

int qsc_nl_put_call_stats(struct sk_buff *msg, const struct qsc_call *call)
{
	u64 sum[__QSC_A_STATS_MAX];
	struct nlattr *nest;
	int i;

	if (nla_put_string(msg, QSC_A_CALL_ID, call->id) ||
	    nla_put_u32(msg, QSC_A_CALL_STATE, call->state))
		return -EMSGSIZE;
	for (i = 0; i < call->nr_legs; i++) {
		memset(sum, 0, sizeof(sum));
		qsc_leg_add_stats(&call->legs[i], sum);
		nest = nla_nest_start(msg, QSC_A_CALL_LEG);
		if (!nest || nla_put_u8(msg, QSC_A_LEG_INDEX, i) ||
		    qsc_nl_put_stats(msg, QSC_A_LEG_STATS, sum) ||
		    put_quality(msg, (struct qsc_leg *)&call->legs[i]))
			return -EMSGSIZE;
		nla_nest_end(msg, nest);
	}
	return 0;
}

static int put_suite(struct sk_buff *msg, const struct qsc_suite_desc *suite)
{
	const char *driver;
	struct nlattr *nest;
	bool fast = false;

	driver = qsc_suite_driver(suite, &fast);
	nest = nla_nest_start(msg, QSC_A_INFO_SUITE);
	if (!nest || nla_put_u32(msg, QSC_A_SUITE_ID, suite->id) ||
	    nla_put_string(msg, QSC_A_SUITE_NAME, suite->name) ||
	    (driver && nla_put_string(msg, QSC_A_SUITE_DRIVER, driver)) ||
	    nla_put_u8(msg, QSC_A_SUITE_FAST, fast) ||
	    nla_put_u32(msg, QSC_A_SUITE_KEY_LEN, suite->key_len) ||
	    nla_put_u32(msg, QSC_A_SUITE_SALT_LEN, suite->salt_len) ||
	    nla_put_u32(msg, QSC_A_SUITE_TAG_LEN, suite->tag_len))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int qsc_nl_put_info(struct sk_buff *msg, struct qsc_net *qn)
{
	struct nlattr *nest;
	u32 id;

	nest = nla_nest_start(msg, QSC_A_CALL_INFO);
	if (!nest || nla_put_string(msg, QSC_A_INFO_VERSION, QSC_VERSION) ||
	    nla_put_u32(msg, QSC_A_INFO_CALLS, qn->count) ||
	    nla_put_u32(msg, QSC_A_INFO_MAX_CALLS, qsc_call_max()) ||
	    nla_put_u32(msg, QSC_A_INFO_MAX_SSRCS, qsc_ssrc_max()) ||
	    nla_put_u8(msg, QSC_A_INFO_HOOKED, qn->hooked))
		return -EMSGSIZE;
	for (id = 1; id < __QSC_SUITE_MAX; id++)
		if (qsc_suite_by_id(id)->key_len && put_suite(msg, qsc_suite_by_id(id)))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int qsc_nl_put_seal(struct sk_buff *msg, const struct qsc_seal_offer *offer)
{
	struct nlattr *nest;

	nest = nla_nest_start(msg, QSC_A_CALL_SEAL);
	if (!nest || nla_put_u32(msg, QSC_A_SEAL_ID, offer->id) ||
	    nla_put(msg, QSC_A_SEAL_PUBLIC, sizeof(offer->public), offer->public) ||
	    nla_put_u32(msg, QSC_A_SEAL_EXPIRES, offer->seconds))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}
