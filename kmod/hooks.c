// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of calls, between an application and the wire or, for relay calls,
 * between one leg and the other.
 *
 * LOCAL_OUT runs right after defragmentation and before everything else, on
 * the application's own tuple: whatever else looks at the packet there, such
 * as a log or a queue, sees SRTP. LOCAL_IN runs last: a firewall has had its
 * say before a packet costs any cryptography, and NAT is undone.
 *
 * Fail closed: on a tuple of a call a packet is protected, passed as STUN (or
 * DTLS), or dropped and counted once. A drop on the way out looks to the
 * application like a loss on the wire, since many applications give up on an
 * error from send(); only a packet that is too big is reported, as EMSGSIZE.
 */

#include "hooks.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>

#include "call.h"
#include "drop.h"
#include "event.h"
#include "find.h"
#include "relay.h"
#include "skb.h"
#include "stream.h"

/* What may pass in clear: RFC 7983. */
static bool passes(const struct qsc_leg *leg, enum qsc_packet_kind kind)
{
	return kind == QSC_PACKET_STUN ||
	       (kind == QSC_PACKET_DTLS && leg->call->flags & QSC_CALL_FLAGS_DTLS);
}

/*
 * What both directions ask first.
 * Return: QSC_VERDICT_OK to go on with @kind, or a QSC_STAT() of the stream;
 * QSC_STAT(PASSED) means accept as it is.
 */
static __always_inline unsigned int admit(struct qsc_udp *u, const struct qsc_leg *leg,
					  enum qsc_port_use use, bool exact, enum qsc_way way,
					  enum qsc_packet_kind *kind)
{
	/* What a raw socket puts behind the datagram would leave in clear. */
	if (unlikely(!qsc_skb_check_udp(u, way == QSC_WAY_OUT)))
		return QSC_STAT(DROP_MALFORMED);
	*kind = qsc_classify(u, use);
	if (unlikely(*kind != QSC_PACKET_RTP && *kind != QSC_PACKET_RTCP) && passes(leg, *kind))
		return QSC_STAT(PASSED);
	if (unlikely(!exact))
		return QSC_STAT(DROP_PEER);
	if (unlikely(*kind != QSC_PACKET_RTP && *kind != QSC_PACKET_RTCP))
		return QSC_STAT(DROP_NOT_RTP);
	return QSC_VERDICT_OK;
}

static noinline unsigned int refuse(struct qsc_leg *leg, struct qsc_stream *s, unsigned int stat)
{
	if (stat != QSC_STAT(PASSED)) {
		qsc_drop_count(leg, s, stat);
		return NF_DROP;
	}
	qsc_stat_inc(&s->stats, stat);
	return NF_ACCEPT;
}

static __always_inline unsigned int protect(struct qsc_udp *u, struct qsc_stream *s,
					    enum qsc_packet_kind kind)
{
	struct qsc_key *key = rcu_dereference(s->cur);
	unsigned int verdict;
	u32 grow;
	int err;

	if (unlikely(!key))
		return QSC_STAT(DROP_NO_KEY);
	grow = qsc_stream_overhead(key, kind);
	if (unlikely(qsc_skb_too_big(u->skb, grow, u->v6)))
		return QSC_TX_STAT(DROP_TOO_BIG);
	err = qsc_skb_make_writable(u->skb, grow);
	if (unlikely(err)) {
		if (err < 0)
			return QSC_TX_STAT(DROP_NO_MEMORY);
		qsc_stat_inc(&s->stats, QSC_STAT(COPIES));
	}
	verdict = qsc_stream_protect(s, key, kind, qsc_udp_payload(u), u->len);
	if (likely(verdict == QSC_VERDICT_OK))
		qsc_skb_grown(u, grow);
	return verdict;
}

static __always_inline unsigned int egress(struct qsc_udp u, struct qsc_leg *leg,
					   enum qsc_port_use use, bool exact)
{
	struct qsc_stream *s = &leg->tx;
	enum qsc_packet_kind kind;
	unsigned int stat;

	stat = admit(&u, leg, use, exact, QSC_WAY_OUT, &kind);
	if (unlikely(stat != QSC_VERDICT_OK))
		return refuse(leg, s, stat);

	local_bh_disable();
	stat = protect(&u, s, kind);
	if (unlikely(READ_ONCE(s->tell)))
		qsc_event_tell(leg, s);
	local_bh_enable();
	if (likely(stat == QSC_VERDICT_OK))
		return NF_ACCEPT;
	qsc_drop_count(leg, s, stat);
	return stat == QSC_TX_STAT(DROP_TOO_BIG) ? NF_DROP_ERR(-EMSGSIZE) : NF_DROP;
}

static __always_inline unsigned int unprotect(struct qsc_udp *u, struct qsc_stream *s,
					      enum qsc_packet_kind kind)
{
	unsigned int verdict;
	u32 len = u->len;
	int err;

	err = qsc_skb_make_writable(u->skb, 0);
	if (unlikely(err)) {
		if (err < 0)
			return QSC_RX_STAT(DROP_NO_MEMORY);
		qsc_stat_inc(&s->stats, QSC_STAT(COPIES));
	}
	verdict = qsc_stream_unprotect(s, kind, qsc_udp_payload(u), &len);
	if (likely(verdict == QSC_VERDICT_OK))
		qsc_skb_shrunk(u, len);
	return verdict;
}

static __always_inline unsigned int ingress(struct qsc_udp u, struct qsc_leg *leg,
					    enum qsc_port_use use, bool exact)
{
	struct qsc_stream *s = &leg->rx;
	enum qsc_packet_kind kind;
	unsigned int stat;

	stat = admit(&u, leg, use, exact, QSC_WAY_IN, &kind);
	if (unlikely(stat != QSC_VERDICT_OK))
		return refuse(leg, s, stat);
	/* No key: no need to copy anything. */
	if (unlikely(!rcu_access_pointer(s->cur)))
		return refuse(leg, s, QSC_STAT(DROP_NO_KEY));

	local_bh_disable();
	stat = unprotect(&u, s, kind);
	if (unlikely(stat != QSC_VERDICT_OK))
		qsc_drop_count(leg, s, stat);
	else if (unlikely(READ_ONCE(s->tell)))
		qsc_event_tell(leg, s);
	local_bh_enable();
	return stat == QSC_VERDICT_OK ? NF_ACCEPT : NF_DROP;
}

/* Goes on with the hooks that come after ours, then with the stack. */
static void resume(struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct net *net = state->net;
	struct nf_hook_state st = *state;
	struct nf_hook_entries *e;
	unsigned int i;

	if (state->pf == NFPROTO_IPV4)
		e = rcu_dereference(net->nf.hooks_ipv4[state->hook]);
	else
		e = rcu_dereference(net->nf.hooks_ipv6[state->hook]);
	for (i = 0; e && i < e->num_hook_entries; i++)
		if (e->hooks[i].priv == qsc_net_of(net))
			break;
	if (!e || nf_hook_slow(skb, &st, e, i + 1) == 1)
		state->okfn(state->net, state->sk, skb);
}

/* Of a relay's leg: what came in goes on to the other one. */
static noinline unsigned int ingress_relay(struct qsc_udp u, struct qsc_tuple *tuple, bool exact,
					   struct net *net)
{
	struct qsc_leg *leg = tuple->leg;
	enum qsc_packet_kind kind;
	unsigned int stat;

	stat = admit(&u, leg, tuple->use, exact || leg->learn.on, QSC_WAY_IN, &kind);
	if (unlikely(stat != QSC_VERDICT_OK))
		return refuse(leg, &leg->rx, stat);
	return qsc_relay(net, &u, tuple, kind);
}

/* What an application of this machine sends from a relay's port is no media. */
static noinline unsigned int egress_relay(struct qsc_udp u, const struct qsc_tuple *tuple)
{
	struct qsc_leg *leg = tuple->leg;
	enum qsc_packet_kind kind;
	unsigned int stat;

	stat = admit(&u, leg, tuple->use, true, QSC_WAY_OUT, &kind);
	if (stat == QSC_VERDICT_OK)
		stat = QSC_STAT(DROP_PEER);
	return refuse(leg, &leg->tx, stat);
}

static __always_inline unsigned int process(struct qsc_udp u, struct qsc_tuple *tuple, bool exact,
					    struct net *net, enum qsc_way way)
{
	struct qsc_leg *leg = tuple->leg;

	if (unlikely(leg->peer))
		return way == QSC_WAY_OUT ? egress_relay(u, tuple) :
					    ingress_relay(u, tuple, exact, net);
	if (way == QSC_WAY_OUT)
		return egress(u, leg, tuple->use, exact);
	return ingress(u, leg, tuple->use, exact);
}

/* They cannot be told apart: each of them counts. */
static void drop_segments(struct qsc_leg *leg, const struct sk_buff *skb, enum qsc_way way)
{
	unsigned int n = max_t(unsigned int, skb_shinfo(skb)->gso_segs, 1);

	if (way == QSC_WAY_OUT)
		atomic64_add(n, &leg->tx.stats.n[QSC_TX_STAT(DROP_NO_MEMORY)]);
	else
		atomic64_add(n, &leg->rx.stats.n[QSC_RX_STAT(DROP_NO_MEMORY)]);
}

/*
 * A packet that stands for many (UDP_SEGMENT going out, GRO coming in) is
 * taken apart, and each part goes its own way.
 */
static noinline unsigned int each_segment(struct qsc_udp u, const struct nf_hook_state *state,
					  struct qsc_tuple *tuple, bool exact, enum qsc_way way)
{
	struct sk_buff *segs, *seg, *next, *skb = u.skb;
	unsigned int verdict;

	segs = skb_gso_segment(skb, 0);
	if (IS_ERR_OR_NULL(segs)) {
		drop_segments(tuple->leg, skb, way);
		return NF_DROP;
	}
	consume_skb(skb);
	skb_list_walk_safe(segs, seg, next) {
		skb_mark_not_on_list(seg);
		u.skb = seg;
		verdict = process(u, tuple, exact, state->net, way);
		if (verdict == NF_ACCEPT)
			resume(seg, state);
		else if (verdict != NF_STOLEN)
			kfree_skb_reason(seg, SKB_DROP_REASON_NETFILTER_DROP);
	}
	return NF_STOLEN;
}

/* No tuple has both addresses: does one have half of them? */
static noinline struct qsc_tuple *find_half(const struct hlist_head *list,
					    const struct sk_buff *skb, const struct udphdr *uh,
					    bool v6, enum qsc_way way)
{
	struct qsc_addr src, dst;

	if (v6) {
		qsc_addr_set_v6(&src, &ipv6_hdr(skb)->saddr, uh->source);
		qsc_addr_set_v6(&dst, &ipv6_hdr(skb)->daddr, uh->dest);
	} else {
		qsc_addr_set_v4(&src, ip_hdr(skb)->saddr, uh->source);
		qsc_addr_set_v4(&dst, ip_hdr(skb)->daddr, uh->dest);
	}
	return way == QSC_WAY_OUT ? qsc_tuple_find_half(list, &src, &dst) :
				    qsc_tuple_find_half(list, &dst, &src);
}

/*
 * A packet of a port that has tuples. Inlined for each way and IP version, so
 * that the fast path is one function that knows both.
 */
static __always_inline unsigned int handle(const struct hlist_head *list, struct qsc_udp u,
					   const struct nf_hook_state *state, bool fragment,
					   enum qsc_way way)
{
	const struct udphdr *uh = qsc_udp_hdr(&u);
	struct qsc_tuple *tuple;
	struct qsc_leg *leg;
	bool exact = true;

	tuple = u.v6 ? qsc_tuple_find_v6(list, ipv6_hdr(u.skb), uh, way) :
		       qsc_tuple_find_v4(list, ip_hdr(u.skb), uh, way);
	if (unlikely(!tuple)) {
		tuple = find_half(list, u.skb, uh, u.v6, way);
		if (!tuple)
			return NF_ACCEPT;
		exact = false;
	}
	leg = tuple->leg;
	if (unlikely(fragment))
		return refuse(leg, way == QSC_WAY_OUT ? &leg->tx : &leg->rx,
			      QSC_STAT(DROP_FRAGMENT));
	if (unlikely(skb_is_gso(u.skb)))
		return each_segment(u, state, tuple, exact, way);
	return process(u, tuple, exact, state->net, way);
}

/*
 * The application does not learn of a drop, but for a packet that is too big.
 * The verdict says who frees: after NF_STOLEN it is us.
 */
static __always_inline unsigned int conceal(struct sk_buff *skb, unsigned int verdict)
{
	if (likely(verdict != NF_DROP))
		return verdict;
	kfree_skb_reason(skb, SKB_DROP_REASON_NETFILTER_DROP);
	return NF_STOLEN;
}

static __always_inline unsigned int handle_v4(const struct hlist_head *list, struct sk_buff *skb,
					      const struct nf_hook_state *state, enum qsc_way way)
{
	const struct iphdr *ip = (struct iphdr *)skb->data;
	struct qsc_udp u = { .skb = skb, .off = ip->ihl * 4 };

	return handle(list, u, state, ip->frag_off & htons(IP_MF), way);
}

/*
 * A packet through a VRF comes by twice: with the VRF as its device, then with
 * the one that it leaves by.
 */
static __always_inline bool comes_again(const struct nf_hook_state *state)
{
	return unlikely(netif_is_l3_master(state->out));
}

static noinline unsigned int call_out_v4(const struct hlist_head *list, struct sk_buff *skb,
					 const struct nf_hook_state *state)
{
	if (comes_again(state))
		return NF_ACCEPT;
	return conceal(skb, handle_v4(list, skb, state, QSC_WAY_OUT));
}

static noinline unsigned int call_in_v4(const struct hlist_head *list, struct sk_buff *skb,
					const struct nf_hook_state *state)
{
	return handle_v4(list, skb, state, QSC_WAY_IN);
}

static noinline unsigned int call_out_v6(const struct hlist_head *list, struct sk_buff *skb,
					 const struct nf_hook_state *state, u32 off, bool fragment)
{
	struct qsc_udp u = { .skb = skb, .off = off, .v6 = true };

	if (comes_again(state))
		return NF_ACCEPT;
	return conceal(skb, handle(list, u, state, fragment, QSC_WAY_OUT));
}

static noinline unsigned int call_in_v6(const struct hlist_head *list, struct sk_buff *skb,
					const struct nf_hook_state *state, u32 off, bool fragment)
{
	struct qsc_udp u = { .skb = skb, .off = off, .v6 = true };

	return handle(list, u, state, fragment, QSC_WAY_IN);
}

static unsigned int out_v4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct hlist_head *list = qsc_wanted_v4(priv, skb, QSC_WAY_OUT);

	return likely(!list) ? NF_ACCEPT : call_out_v4(list, skb, state);
}

static unsigned int in_v4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct hlist_head *list = qsc_wanted_v4(priv, skb, QSC_WAY_IN);

	return likely(!list) ? NF_ACCEPT : call_in_v4(list, skb, state);
}

static unsigned int out_v6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct hlist_head *list;
	bool fragment = false;
	u32 off;

	list = qsc_wanted_v6(priv, skb, &off, &fragment, QSC_WAY_OUT);
	return likely(!list) ? NF_ACCEPT : call_out_v6(list, skb, state, off, fragment);
}

static unsigned int in_v6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct hlist_head *list;
	bool fragment = false;
	u32 off;

	list = qsc_wanted_v6(priv, skb, &off, &fragment, QSC_WAY_IN);
	return likely(!list) ? NF_ACCEPT : call_in_v6(list, skb, state, off, fragment);
}

static const struct nf_hook_ops hooks[QSC_HOOKS] = {
	{
		.hook = out_v4,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP_PRI_CONNTRACK_DEFRAG + 1,
	},
	{
		.hook = in_v4,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_LAST,
	},
	{
		.hook = out_v6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP6_PRI_CONNTRACK_DEFRAG + 1,
	},
	{
		.hook = in_v6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP6_PRI_LAST,
	},
};

int qsc_hooks_register(struct qsc_net *qn)
{
	int i, err;

	/*
	 * IPv6 puts fragments together after LOCAL_IN unless netfilter does
	 * so before; IPv4 always does before.
	 */
	err = nf_defrag_ipv6_enable(qn->net);
	if (err)
		return err;
	memcpy(qn->hooks, hooks, sizeof(hooks));
	for (i = 0; i < QSC_HOOKS; i++)
		qn->hooks[i].priv = qn;
	err = nf_register_net_hooks(qn->net, qn->hooks, QSC_HOOKS);
	if (err) {
		nf_defrag_ipv6_disable(qn->net);
		return err;
	}
	qn->hooked = true;
	return 0;
}

void qsc_hooks_unregister(struct qsc_net *qn)
{
	nf_unregister_net_hooks(qn->net, qn->hooks, QSC_HOOKS);
	nf_defrag_ipv6_disable(qn->net);
	qn->hooked = false;
}
