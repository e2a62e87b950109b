// SPDX-License-Identifier: GPL-2.0
/* Packets of relay calls before they are routed: most of them need not be. */

#include "hooks.h"

#include <linux/inetdevice.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#include "call.h"
#include "find.h"
#include "relay.h"
#include "skb.h"

/*
 * A relay's packet need not be routed to this machine first, if nobody but us
 * looks at what comes for it: a firewall or connection tracking would. Nor is
 * there anything else about the packet that the way to LOCAL_IN deals with.
 */
static __always_inline bool may_take_early(const struct sk_buff *skb,
					   const struct nf_hook_state *state,
					   const struct nf_hook_entries *e)
{
	return e && e->num_hook_entries == 1 && skb->pkt_type == PACKET_HOST && !skb_is_gso(skb) &&
	       !netif_is_l3_slave(state->in) && !secpath_exists(skb) &&
	       !nf_bridge_in_prerouting(skb);
}

/* Whatever is not plainly good comes by again at LOCAL_IN, and is judged and counted there. */
static __always_inline unsigned int take_early(struct qsc_udp u, struct qsc_tuple *tuple,
					       const struct nf_hook_state *state)
{
	enum qsc_packet_kind kind;

	if (!tuple || !tuple->leg->peer || !qsc_skb_check_udp(&u, false))
		return NF_ACCEPT;
	kind = qsc_classify(&u, tuple->use);
	if (kind != QSC_PACKET_RTP && kind != QSC_PACKET_RTCP)
		return NF_ACCEPT;
	return qsc_relay(state->net, &u, tuple, kind);
}

/*
 * Routing drops what cannot have come this way: where the source has to be reachable
 * through the device it came by, and addresses of the loopback.
 */
static __always_inline bool must_be_validated(const struct iphdr *ip, const struct net_device *in)
{
	struct in_device *in_dev = __in_dev_get_rcu(in);

	return !in_dev || IN_DEV_RPFILTER(in_dev) == 1 || ipv4_is_loopback(ip->daddr);
}

static noinline unsigned int early_in_v4(const struct hlist_head *list, struct sk_buff *skb,
					 const struct nf_hook_state *state)
{
	const struct iphdr *ip = (struct iphdr *)skb->data;
	struct qsc_udp u = { .skb = skb, .off = sizeof(*ip) };
	const struct nf_hook_entries *e;

	e = rcu_dereference(state->net->nf.hooks_ipv4[NF_INET_LOCAL_IN]);
	if (ip->ihl * 4 != sizeof(*ip) || ip->frag_off & htons(IP_MF) ||
	    !may_take_early(skb, state, e) || must_be_validated(ip, state->in))
		return NF_ACCEPT;
	return take_early(u, qsc_tuple_find_v4(list, ip, qsc_udp_hdr(&u), QSC_WAY_IN), state);
}

static noinline unsigned int early_in_v6(const struct hlist_head *list, struct sk_buff *skb,
					 const struct nf_hook_state *state)
{
	const struct ipv6hdr *ip6 = (struct ipv6hdr *)skb->data;
	struct qsc_udp u = { .skb = skb, .off = sizeof(*ip6), .v6 = true };
	const struct nf_hook_entries *e;

	e = rcu_dereference(state->net->nf.hooks_ipv6[NF_INET_LOCAL_IN]);
	if (ip6->nexthdr != IPPROTO_UDP || !may_take_early(skb, state, e))
		return NF_ACCEPT;
	return take_early(u, qsc_tuple_find_v6(list, ip6, qsc_udp_hdr(&u), QSC_WAY_IN), state);
}

static unsigned int early_v4(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct hlist_head *list = qsc_wanted_v4(priv, skb, QSC_WAY_IN);

	return likely(!list) ? NF_ACCEPT : early_in_v4(list, skb, state);
}

static unsigned int early_v6(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct hlist_head *list;
	bool fragment = false;
	u32 off;

	list = qsc_wanted_v6(priv, skb, &off, &fragment, QSC_WAY_IN);
	return likely(!list) ? NF_ACCEPT : early_in_v6(list, skb, state);
}

/* After address translation, and after a firewall that looks this early. */
static const struct nf_hook_ops early_hooks[QSC_EARLY_HOOKS] = {
	{
		.hook = early_v4,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP_PRI_LAST,
	},
	{
		.hook = early_v6,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_PRE_ROUTING,
		.priority = NF_IP6_PRI_LAST,
	},
};

int qsc_hooks_register_early(struct qsc_net *qn)
{
	int i;

	memcpy(qn->early_hooks, early_hooks, sizeof(early_hooks));
	for (i = 0; i < QSC_EARLY_HOOKS; i++)
		qn->early_hooks[i].priv = qn;
	return nf_register_net_hooks(qn->net, qn->early_hooks, QSC_EARLY_HOOKS);
}

void qsc_hooks_unregister_early(struct qsc_net *qn)
{
	nf_unregister_net_hooks(qn->net, qn->early_hooks, QSC_EARLY_HOOKS);
}
