// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of a relay on their way out: new headers, nothing left of how they
 * came, the hooks of what this machine sends, and the route.
 */

#include "emit.h"

#include <linux/netfilter.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/route.h>

#include "call.h"

/* Sum of the addresses and ports that the checksum of the packet as it came covers. */
static __wsum sum_of_addresses(const struct qsc_udp *u)
{
	const struct udphdr *uh = qsc_udp_hdr(u);
	const void *ip = u->skb->data;
	__wsum ports = (__force __wsum)((__force u32)uh->source + (__force u32)uh->dest);

	if (u->v6)
		return csum_add(ports, csum_partial(&((const struct ipv6hdr *)ip)->saddr,
						    2 * sizeof(struct in6_addr), 0));
	return csum_add(ports, csum_tcpudp_nofold(((const struct iphdr *)ip)->saddr,
						  ((const struct iphdr *)ip)->daddr, 0, 0, 0));
}

/*
 * What the checksum was, if it can be carried over: then an error on the first
 * part of the way is still found at the end of the second.
 */
static bool has_checksum(const struct qsc_udp *u, const struct qsc_manner *how)
{
	return !how->touched && u->skb->ip_summed != CHECKSUM_PARTIAL;
}

static void carry_checksum(struct sk_buff *skb, struct udphdr *uh, __sum16 old, __wsum from,
			   const struct qsc_path *path)
{
	__wsum ports = (__force __wsum)((__force u32)uh->source + (__force u32)uh->dest);
	__wsum to, sum;

	/* The protocol is part of @path->pseudo only. */
	to = csum_sub(path->pseudo, (__force __wsum)htonl(IPPROTO_UDP));
	to = csum_add(to, ports);
	sum = csum_add(csum_sub(csum_unfold(~old), from), to);
	uh->check = csum_fold(sum);
	if (!uh->check)
		uh->check = CSUM_MANGLED_0;
	skb->ip_summed = CHECKSUM_NONE;
}

/* The device does it, or the stack right before the device. */
static void request_checksum(struct sk_buff *skb, struct udphdr *uh, const struct qsc_path *path)
{
	uh->check = ~csum_fold(csum_add(path->pseudo, (__force __wsum)htonl(ntohs(uh->len))));
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_offset(skb) + skb_headroom(skb);
	skb->csum_offset = offsetof(struct udphdr, check);
}

/* As a socket does: what is too big for the path is fragmented, and needs an id. */
static bool write_v4(struct net *net, struct sk_buff *skb, const struct qsc_path *path,
		     const struct dst_entry *dst, const struct qsc_manner *how)
{
	struct iphdr *ip = skb_push(skb, sizeof(*ip));
	bool fragment = skb->len > dst_mtu(dst);

	skb_reset_network_header(skb);
	*ip = path->v4;
	ip->tos = how->tos;
	ip->ttl = how->ttl;
	ip->tot_len = htons(skb->len);
	if (unlikely(fragment)) {
		ip->frag_off = 0;
		__ip_select_ident(net, ip, 1);
		ip_send_check(ip);
	} else {
		/* What differs from @path->v4: the words with @tos and length, and @ttl. */
		__wsum sum = csum_add(path->sum, (__force __wsum)htonl(how->tos << 16 | skb->len));

		ip->check = csum_fold(csum_add(sum, (__force __wsum)htonl((u32)how->ttl << 24)));
	}
	skb->protocol = htons(ETH_P_IP);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	return fragment;
}

static bool write_v6(struct sk_buff *skb, const struct qsc_path *path, const struct dst_entry *dst,
		     const struct qsc_manner *how)
{
	u32 payload = skb->len;
	struct ipv6hdr *ip6 = skb_push(skb, sizeof(*ip6));
	bool fragment = skb->len > dst_mtu(dst);

	skb_reset_network_header(skb);
	*ip6 = path->v6;
	ip6_flow_hdr(ip6, how->tos, 0);
	ip6->hop_limit = how->ttl;
	ip6->payload_len = htons(payload);
	skb->protocol = htons(ETH_P_IPV6);
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	if (unlikely(fragment))
		skb->ignore_df = 1;
	return fragment;
}

static void write_udp(struct qsc_udp *u, u32 len, const struct qsc_path *path, __be16 sport,
		      const struct qsc_manner *how)
{
	bool carried = has_checksum(u, how);
	struct udphdr *uh = qsc_udp_hdr(u);
	struct sk_buff *skb = u->skb;
	__sum16 old = uh->check;
	__wsum from = 0;

	if (carried && old)
		from = sum_of_addresses(u);
	uh->source = sport;
	uh->dest = path->remote.port;
	uh->len = htons(len + sizeof(*uh));
	skb_pull(skb, u->off);
	skb_reset_transport_header(skb);
	if (carried && old)
		carry_checksum(skb, uh, old, from, path);
	else if (carried && path->remote.family == AF_INET)
		skb->ip_summed = CHECKSUM_NONE; /* RFC 768: the sender made none */
	else
		request_checksum(skb, uh, path);
}

/* Nothing of the way in goes along on the way out. */
static void scrub(struct sk_buff *skb, u8 tos)
{
	skb_orphan(skb);
	skb_scrub_packet(skb, true);
	skb_set_queue_mapping(skb, 0);
	skb_clear_hash(skb);
	skb->priority = rt_tos2priority(tos);
}

static int send_on(struct net *net, struct sock *sk, struct sk_buff *skb)
{
	return dst_output(net, sk, skb);
}

/* All hooks of what is sent but ours, which would take it for an application's. */
static void pass_hooks(struct net *net, struct sk_buff *skb, const struct nf_hook_entries *e, u8 pf)
{
	struct nf_hook_state state;
	unsigned int i;

	for (i = 0; i < e->num_hook_entries; i++)
		if (e->hooks[i].priv == qsc_net_of(net))
			break;
	nf_hook_state_init(&state, NF_INET_LOCAL_OUT, pf, NULL, skb_dst(skb)->dev, NULL, net,
			   send_on);
	if (nf_hook_slow(skb, &state, e, i + 1) == 1)
		dst_output(net, NULL, skb);
}

bool qsc_emit(struct net *net, struct qsc_udp *u, u32 len, const struct qsc_path *path,
	      __be16 sport, struct dst_entry *dst, const struct qsc_manner *how)
{
	bool v6 = path->remote.family == AF_INET6;
	const struct nf_hook_entries *e;
	struct sk_buff *skb = u->skb;
	bool fragment;

	write_udp(u, len, path, sport, how);
	scrub(skb, how->tos);
	skb_dst_set_noref(skb, dst);
	if (v6) {
		fragment = write_v6(skb, path, dst, how);
		e = rcu_dereference(net->nf.hooks_ipv6[NF_INET_LOCAL_OUT]);
	} else {
		fragment = write_v4(net, skb, path, dst, how);
		e = rcu_dereference(net->nf.hooks_ipv4[NF_INET_LOCAL_OUT]);
	}
	if (likely(e && e->num_hook_entries == 1))
		dst_output(net, NULL, skb);
	else if (e)
		pass_hooks(net, skb, e, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	else
		kfree_skb(skb); /* the call is being deleted */
	return fragment;
}
