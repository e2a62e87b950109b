/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_SKB_H
#define _QSC_SKB_H

#include <linux/skbuff.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/dst.h>
#include <net/ip.h>

/**
 * struct qsc_udp - where things are in a UDP packet
 * @skb: packet; its data starts at the IP header
 * @off: offset of the UDP header
 * @len: bytes of UDP payload, checked against the packet
 * @v6: IPv6
 */
struct qsc_udp {
	struct sk_buff *skb;
	u32 off;
	u32 len;
	bool v6;
};

static inline struct udphdr *qsc_udp_hdr(const struct qsc_udp *u)
{
	return (struct udphdr *)(u->skb->data + u->off);
}

static inline u8 *qsc_udp_payload(const struct qsc_udp *u)
{
	return u->skb->data + u->off + sizeof(struct udphdr);
}

/**
 * qsc_skb_check_udp() - check lengths and find the payload
 * @u: @skb, @off and @v6 set; the UDP header can be read
 * @whole: the packet has to end where its datagram ends
 *
 * Return: false if the UDP length contradicts the packet's.
 */
static __always_inline bool qsc_skb_check_udp(struct qsc_udp *u, bool whole)
{
	u32 room = u->skb->len - u->off;
	u32 ulen = ntohs(qsc_udp_hdr(u)->len);

	/* The header was read, so the packet has room for it. */
	if (unlikely(whole ? ulen != room : ulen < sizeof(struct udphdr) || ulen > room))
		return false;
	u->len = ulen - sizeof(struct udphdr);
	return true;
}

/* The part of qsc_skb_make_writable() that costs something. */
int qsc_skb_copy(struct sk_buff *skb, u32 grow);

/**
 * qsc_skb_make_writable() - make a packet linear and private, with room
 * @skb: packet, not GSO, not shared
 * @grow: bytes of tailroom wanted
 *
 * Pointers into the packet are stale afterwards.
 *
 * Context: any.
 * Return: 0 if nothing had to be done, 1 if the packet was copied, -ENOMEM.
 */
static __always_inline int qsc_skb_make_writable(struct sk_buff *skb, u32 grow)
{
	/* skb_tailroom() is 0 for a paged packet. */
	if (likely(!skb_cloned(skb) && !skb_is_nonlinear(skb) && skb_tailroom(skb) >= grow))
		return 0;
	return qsc_skb_copy(skb, grow);
}

/* Sets the lengths to what the packet has now: @len bytes of payload. */
static __always_inline void qsc_skb_set_lengths(struct qsc_udp *u, u32 len)
{
	struct iphdr *ip = (struct iphdr *)u->skb->data;
	__be16 tot_len;

	qsc_udp_hdr(u)->len = htons(len + sizeof(struct udphdr));
	if (u->v6) {
		((struct ipv6hdr *)ip)->payload_len = htons(u->skb->len - sizeof(struct ipv6hdr));
		return;
	}
	tot_len = htons(u->skb->len);
	csum_replace2(&ip->check, ip->tot_len, tot_len);
	ip->tot_len = tot_len;
}

/* Has the checksum made anew, from the lengths that are set. */
void qsc_skb_start_checksum(struct qsc_udp *u);

/**
 * qsc_skb_grown() - the payload of an outgoing packet has grown
 * @u: packet
 * @grow: bytes, within the tailroom
 *
 * Sets lengths and has the checksum made by who comes later; a packet without
 * a checksum stays without.
 */
static __always_inline void qsc_skb_grown(struct qsc_udp *u, u32 grow)
{
	struct udphdr *uh = qsc_udp_hdr(u);
	struct sk_buff *skb = u->skb;

	__skb_put(skb, grow);
	qsc_skb_set_lengths(u, u->len + grow);
	if (likely(skb->ip_summed == CHECKSUM_PARTIAL &&
		   skb->csum_start == skb_headroom(skb) + u->off))
		/* It holds the sum of the pseudo header, thus of the length. */
		uh->check = (__force __sum16)csum16_add(uh->check, htons(grow));
	else
		qsc_skb_start_checksum(u);
}

/**
 * qsc_skb_shrunk() - the payload of an incoming packet was decrypted
 * @u: packet, linear and private
 * @len: bytes of payload now
 *
 * Sets lengths; the checksum is marked as verified, for the AEAD has done more.
 */
static __always_inline void qsc_skb_shrunk(struct qsc_udp *u, u32 len)
{
	struct sk_buff *skb = u->skb;

	__skb_trim(skb, u->off + sizeof(struct udphdr) + len);
	qsc_skb_set_lengths(u, len);
	/* IPv6 wants a checksum that is not zero. */
	qsc_udp_hdr(u)->check = u->v6 ? CSUM_MANGLED_0 : 0;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = 0;
	skb->csum_valid = 0;
	/*
	 * Where no socket listens, the stack would answer with an ICMP error
	 * that quotes what was decrypted. It answers only what came for this
	 * host, and nothing from here to the socket looks at the type.
	 */
	skb->pkt_type = PACKET_OTHERHOST;
}

/**
 * qsc_skb_too_big() - would a packet not get through its route when it grows
 * @skb: outgoing packet
 * @grow: bytes
 * @v6: IPv6
 *
 * Packets that may be fragmented get through.
 */
static __always_inline bool qsc_skb_too_big(const struct sk_buff *skb, u32 grow, bool v6)
{
	u32 len = skb->len + grow;

	if (unlikely(len > (v6 ? IPV6_MAXPLEN + sizeof(struct ipv6hdr) : IP_MAX_MTU)))
		return true;
	if (skb->ignore_df || (!v6 && !(((struct iphdr *)skb->data)->frag_off & htons(IP_DF))))
		return false;
	return len > dst_mtu(skb_dst(skb));
}

#endif /* _QSC_SKB_H */
