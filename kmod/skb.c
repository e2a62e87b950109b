// SPDX-License-Identifier: GPL-2.0
/* The only file that changes packets. */

#include "skb.h"

#include <net/ip6_checksum.h>
#include <net/udp.h>

int qsc_skb_copy(struct sk_buff *skb, u32 grow)
{
	if (skb_shared(skb))
		return -ENOMEM;
	/*
	 * Pages may be a user's (MSG_ZEROCOPY) or a file's (splice): they are
	 * read into the new head, never written.
	 */
	if (pskb_expand_head(skb, 0, skb->data_len + grow, GFP_ATOMIC) || skb_linearize(skb))
		return -ENOMEM;
	return 1;
}

void qsc_skb_start_checksum(struct qsc_udp *u)
{
	struct udphdr *uh = qsc_udp_hdr(u);
	struct sk_buff *skb = u->skb;
	u32 len = ntohs(uh->len);

	/* RFC 768: zero means that the sender made none. */
	if (skb->ip_summed != CHECKSUM_PARTIAL && !uh->check)
		return;
	if (u->v6)
		uh->check = ~udp_v6_check(len, &ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, 0);
	else
		uh->check = ~udp_v4_check(len, ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, 0);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + u->off;
	skb->csum_offset = offsetof(struct udphdr, check);
}
