/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_FIND_H
#define _QSC_FIND_H

#include <net/ipv6.h>

#include "call.h"
#include "skb.h"

/* Reads the start of a payload that may be in pages. */
enum qsc_packet_kind qsc_classify_paged(const struct sk_buff *skb, u32 off, u32 len,
					enum qsc_port_use use);

/**
 * qsc_classify() - what kind of packet is it
 * @u: packet with its payload found
 * @use: what its port is for
 *
 * Return: its kind, by the first bytes of the payload.
 */
static __always_inline enum qsc_packet_kind qsc_classify(const struct qsc_udp *u,
							 enum qsc_port_use use)
{
	if (likely(!skb_is_nonlinear(u->skb)))
		return qsc_packet_classify(qsc_udp_payload(u), u->len, use);
	return qsc_classify_paged(u->skb, u->off + sizeof(struct udphdr), u->len, use);
}

/* The slow half of qsc_wanted_v6(). Return: offset of the UDP header, or -ENOENT. */
int qsc_find_udp_v6(struct sk_buff *skb, bool *fragment);

static __always_inline struct hlist_head *qsc_list_of(const struct qsc_net *qn,
						      const struct udphdr *uh, enum qsc_way way)
{
	return qsc_tuple_list(&qn->tuples, way == QSC_WAY_OUT ? uh->source : uh->dest);
}

/*
 * All that a packet of no call goes through. Return: the tuples of its local
 * port, in which case the UDP header is in the linear part; or NULL.
 */
static __always_inline struct hlist_head *qsc_wanted_v4(const struct qsc_net *qn,
							struct sk_buff *skb, enum qsc_way way)
{
	const struct iphdr *ip = (struct iphdr *)skb->data;
	u32 off;

	if (ip->protocol != IPPROTO_UDP || unlikely(ip->frag_off & htons(IP_OFFSET)))
		return NULL;
	off = ip->ihl * 4;
	if (unlikely(off + sizeof(struct udphdr) > skb_headlen(skb)) &&
	    !pskb_may_pull(skb, off + sizeof(struct udphdr)))
		return NULL;
	return qsc_list_of(qn, (struct udphdr *)(skb->data + off), way);
}

static __always_inline struct hlist_head *qsc_wanted_v6(const struct qsc_net *qn,
							struct sk_buff *skb, u32 *off,
							bool *fragment, enum qsc_way way)
{
	u8 next = ((struct ipv6hdr *)skb->data)->nexthdr;
	int found;

	if (next == IPPROTO_TCP)
		return NULL;
	*off = sizeof(struct ipv6hdr);
	if (unlikely(next != IPPROTO_UDP || *off + sizeof(struct udphdr) > skb_headlen(skb))) {
		found = qsc_find_udp_v6(skb, fragment);
		if (found < 0)
			return NULL;
		*off = found;
	}
	return qsc_list_of(qn, (struct udphdr *)(skb->data + *off), way);
}

#endif /* _QSC_FIND_H */
