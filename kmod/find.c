// SPDX-License-Identifier: GPL-2.0
/* The rare cases of finding out whether a packet is of a call, and what it is. */

#include "find.h"

enum qsc_packet_kind qsc_classify_paged(const struct sk_buff *skb, u32 off, u32 len,
					enum qsc_port_use use)
{
	u8 buf[20]; /* a STUN header */
	u32 n = min_t(u32, len, sizeof(buf));
	const u8 *p;

	p = skb_header_pointer(skb, off, n, buf);
	return p ? qsc_packet_classify(p, len, use) : QSC_PACKET_OTHER;
}

/* A packet with extension headers, or with few linear bytes. */
int qsc_find_udp_v6(struct sk_buff *skb, bool *fragment)
{
	unsigned short frag_off = 0;
	unsigned int off = 0;
	int flags = 0;

	if (ipv6_find_hdr(skb, &off, IPPROTO_UDP, &frag_off, &flags) < 0 || frag_off ||
	    !pskb_may_pull(skb, off + sizeof(struct udphdr)))
		return -ENOENT;
	*fragment = flags & IP6_FH_F_FRAG;
	return off;
}
