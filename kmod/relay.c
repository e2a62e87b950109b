// SPDX-License-Identifier: GPL-2.0
/*
 * Relay calls: from receive to send without a socket. What came for one leg is
 * decrypted in place, encrypted in place with the key of the other, and sent.
 */

#include "relay.h"

#include <net/inet_ecn.h>

#include "drop.h"
#include "emit.h"
#include "event.h"
#include "latch.h"
#include "stream.h"

/* One packet on its way from leg to leg. */
struct passage {
	struct net *net;
	struct qsc_udp *u;
	struct qsc_tuple *in;
	enum qsc_packet_kind kind;
	struct qsc_leg *to;
	struct qsc_key *key; /* of @to; NULL if plain, or if there is none */
	u32 len; /* of the payload */
};

static __always_inline bool is_plain(const struct qsc_leg *leg)
{
	return leg->suite->id == QSC_SUITE_PLAIN;
}

static struct qsc_addr source_of(const struct qsc_udp *u)
{
	__be16 port = qsc_udp_hdr(u)->source;
	struct qsc_addr from;

	if (u->v6)
		qsc_addr_set_v6(&from, &ipv6_hdr(u->skb)->saddr, port);
	else
		qsc_addr_set_v4(&from, ip_hdr(u->skb)->saddr, port);
	return from;
}

static u8 hops_of(const struct qsc_udp *u)
{
	return u->v6 ? ((struct ipv6hdr *)u->skb->data)->hop_limit :
		       ((struct iphdr *)u->skb->data)->ttl;
}

/* Bytes of room behind the packet that it takes, so that it is copied once if at all. */
static __always_inline u32 growth(const struct passage *p, u32 shrink)
{
	u32 grow = p->key ? qsc_stream_overhead(p->key, p->kind) : 0;

	return grow > shrink ? grow - shrink : 0;
}

static __always_inline int make_writable(struct passage *p, struct qsc_stream *s, u32 grow)
{
	int err = qsc_skb_make_writable(p->u->skb, grow);

	if (unlikely(err > 0))
		qsc_stat_inc(&s->stats, QSC_STAT(COPIES));
	return err < 0 ? err : 0;
}

/* @index: as it was received, for SRTCP has it at the end. */
static noinline void learn(const struct passage *p, u32 index)
{
	const struct qsc_addr from = source_of(p->u);
	const u8 *payload = qsc_udp_payload(p->u);

	if (p->kind == QSC_PACKET_RTP)
		qsc_latch_secure(p->in, p->kind, qsc_rtp_ssrc(payload), qsc_rtp_seq(payload),
				 &from);
	else
		qsc_latch_secure(p->in, p->kind, qsc_rtcp_ssrc(payload), index, &from);
}

static __always_inline unsigned int unprotect(struct passage *p, struct qsc_leg *leg)
{
	struct qsc_key *key = rcu_dereference(leg->rx.cur);
	unsigned int verdict;
	u32 index = 0;

	if (unlikely(!key))
		return QSC_STAT(DROP_NO_KEY);
	if (unlikely(make_writable(p, &leg->rx, growth(p, qsc_stream_overhead(key, p->kind)))))
		return QSC_RX_STAT(DROP_NO_MEMORY);
	if (unlikely(leg->learn.on))
		index = qsc_stream_rtcp_index(key, qsc_udp_payload(p->u), p->len);
	verdict = qsc_stream_unprotect(&leg->rx, p->kind, qsc_udp_payload(p->u), &p->len);
	if (unlikely(leg->learn.on) && verdict == QSC_VERDICT_OK)
		learn(p, index);
	return verdict;
}

/* What is encrypted next has to be what was sent; between plain legs that is carried. */
static bool checksum_is_wrong(const struct passage *p)
{
	const struct qsc_udp *u = p->u;

	/* RFC 768: the sender made none. */
	if (!u->v6 && !qsc_udp_hdr(u)->check)
		return false;
	return nf_checksum(u->skb, NF_INET_LOCAL_IN, u->off, IPPROTO_UDP,
			   u->v6 ? AF_INET6 : AF_INET);
}

static __always_inline bool is_rtp_or_rtcp(const struct passage *p, const u8 *payload)
{
	if (p->kind == QSC_PACKET_RTCP)
		return true;
	return p->len >= QSC_RTP_HEADER_LEN && qsc_rtp_header_len(payload, p->len) >= 0;
}

static __always_inline unsigned int take_plain(struct passage *p, struct qsc_leg *leg)
{
	if (unlikely(READ_ONCE(leg->call->state) == QSC_CALL_STATE_ERASED))
		return QSC_STAT(DROP_ERASED);
	if (unlikely(leg->learn.on)) {
		const struct qsc_addr from = source_of(p->u);

		if (!qsc_latch_plain(p->in, &from))
			return QSC_STAT(DROP_PEER);
	}
	if (!is_plain(p->to) && unlikely(checksum_is_wrong(p)))
		return QSC_RX_STAT(DROP_CHECKSUM);
	if (unlikely(make_writable(p, &leg->rx, growth(p, 0))))
		return QSC_RX_STAT(DROP_NO_MEMORY);
	if (unlikely(!is_rtp_or_rtcp(p, qsc_udp_payload(p->u))))
		return QSC_STAT(DROP_MALFORMED);
	qsc_stream_take_plain(&leg->rx, p->kind, qsc_udp_payload(p->u), p->len);
	return QSC_VERDICT_OK;
}

static __always_inline unsigned int take(struct passage *p, struct qsc_leg *leg)
{
	unsigned int verdict;

	if (unlikely(hops_of(p->u) <= 1))
		return QSC_RX_STAT(DROP_HOPS);
	verdict = is_plain(leg) ? take_plain(p, leg) : unprotect(p, leg);
	if (unlikely(verdict != QSC_VERDICT_OK))
		return verdict;
	/* What a raw socket puts behind the datagram goes no further. */
	__skb_trim(p->u->skb, p->u->off + sizeof(struct udphdr) + p->len);
	if (unlikely(p->kind == QSC_PACKET_RTCP)) {
		qsc_rtt_received(&leg->tx.rtt, qsc_udp_payload(p->u), p->len);
		qsc_rtt_sent(&p->to->tx.rtt, qsc_udp_payload(p->u), p->len);
	}
	return QSC_VERDICT_OK;
}

static __always_inline unsigned int protect(struct passage *p)
{
	unsigned int verdict;
	u32 grow;

	if (is_plain(p->to)) {
		qsc_stream_send_plain(&p->to->tx, p->kind, p->len);
		return QSC_VERDICT_OK;
	}
	if (unlikely(!p->key))
		return QSC_STAT(DROP_NO_KEY);
	verdict = qsc_stream_protect(&p->to->tx, p->key, p->kind, qsc_udp_payload(p->u), p->len);
	if (unlikely(verdict != QSC_VERDICT_OK))
		return verdict;
	grow = qsc_stream_overhead(p->key, p->kind);
	__skb_put(p->u->skb, grow);
	p->len += grow;
	return QSC_VERDICT_OK;
}

/* DSCP goes along unless the leg says otherwise; congestion marks are between sockets. */
static __always_inline struct qsc_manner manner(const struct passage *p)
{
	const struct qsc_udp *u = p->u;
	u8 tos = u->v6 ? ipv6_get_dsfield((struct ipv6hdr *)u->skb->data) :
			 ((struct iphdr *)u->skb->data)->tos;

	return (struct qsc_manner){
		.tos = p->to->has_dscp ? p->to->dscp << 2 : tos & ~INET_ECN_MASK,
		.ttl = p->to->ttl ? p->to->ttl : hops_of(u) - 1,
		.touched = !is_plain(p->to) || !is_plain(p->in->leg),
	};
}

static __always_inline unsigned int send(struct passage *p)
{
	struct qsc_tuple *out = &p->to->tuples[p->kind == QSC_PACKET_RTCP && p->to->nr_tuples > 1];
	struct qsc_path *path = rcu_dereference(out->path);
	struct qsc_manner how;
	struct dst_entry *dst;
	unsigned int verdict;
	u32 room;
	bool v6;

	if (unlikely(!path))
		return QSC_TX_STAT(DROP_NO_REMOTE);
	dst = qsc_path_route(p->net, path);
	if (unlikely(!dst))
		return QSC_TX_STAT(DROP_NO_ROUTE);
	v6 = path->remote.family == AF_INET6;
	if (unlikely(qsc_emit_size(p->len, v6) + growth(p, 0) > IP_MAX_MTU))
		return QSC_TX_STAT(DROP_TOO_BIG);
	room = qsc_emit_headroom(v6, dst);
	if (unlikely(skb_headroom(p->u->skb) + p->u->off < room)) {
		if (skb_cow_head(p->u->skb, room - p->u->off))
			return QSC_TX_STAT(DROP_NO_MEMORY);
		qsc_stat_inc(&p->to->tx.stats, QSC_STAT(COPIES));
	}
	verdict = protect(p);
	if (unlikely(verdict != QSC_VERDICT_OK))
		return verdict;
	how = manner(p);
	if (unlikely(qsc_emit(p->net, p->u, p->len, path, out->local.port, dst, &how)))
		qsc_stat_inc(&p->to->tx.stats, QSC_TX_STAT(FRAGMENTED));
	return QSC_VERDICT_OK;
}

static __always_inline void tell(struct qsc_leg *leg, struct qsc_stream *s)
{
	if (unlikely(READ_ONCE(s->tell)))
		qsc_event_tell(leg, s);
}

unsigned int qsc_relay(struct net *net, struct qsc_udp *u, struct qsc_tuple *in,
		       enum qsc_packet_kind kind)
{
	struct qsc_leg *leg = in->leg, *to = leg->peer;
	struct passage p = {
		.net = net,
		.u = u,
		.in = in,
		.kind = kind,
		.to = to,
		.len = u->len,
	};
	unsigned int stat;

	local_bh_disable();
	p.key = rcu_dereference(to->tx.cur);
	stat = take(&p, leg);
	if (unlikely(stat != QSC_VERDICT_OK)) {
		qsc_drop_count(leg, &leg->rx, stat);
		goto drop;
	}
	stat = send(&p);
	if (unlikely(stat != QSC_VERDICT_OK)) {
		qsc_drop_count(to, &to->tx, stat);
		goto drop;
	}
	tell(leg, &leg->rx);
	tell(to, &to->tx);
	local_bh_enable();
	return NF_STOLEN;

drop:
	tell(leg, &leg->rx);
	local_bh_enable();
	return NF_DROP;
}
