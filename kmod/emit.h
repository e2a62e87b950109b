/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_EMIT_H
#define _QSC_EMIT_H

#include "path.h"
#include "skb.h"

/**
 * struct qsc_manner - how a packet is to be sent on
 * @tos: DSCP in its place in the header, without ECN
 * @ttl: hops that are left
 * @touched: the payload is not the one that came in: its checksum is worth nothing
 */
struct qsc_manner {
	u8 tos;
	u8 ttl;
	bool touched;
};

/**
 * qsc_emit_headroom() - bytes before the UDP header that sending a packet on takes
 * @v6: it leaves as IPv6
 * @dst: route
 */
static inline u32 qsc_emit_headroom(bool v6, const struct dst_entry *dst)
{
	return (v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) + LL_RESERVED_SPACE(dst->dev);
}

/**
 * qsc_emit_size() - bytes that a packet will have on its way, IP header included
 * @len: bytes of UDP payload
 * @v6: it leaves as IPv6
 */
static inline u32 qsc_emit_size(u32 len, bool v6)
{
	return len + sizeof(struct udphdr) + (v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
}

/**
 * qsc_emit() - send a packet on with new headers
 * @net: namespace
 * @u: packet that came in: private up to its payload, with qsc_emit_headroom() bytes
 *	before the UDP header
 * @len: bytes of payload now; the packet ends with them
 * @path: where to
 * @sport: source port, network byte order
 * @dst: its route, without a reference
 * @how: the rest of the header
 *
 * It leaves as if a socket of this machine had sent it, with nothing of how it
 * came: the hooks that follow ours see it, connection tracking, and the routes'
 * transformations. The packet is not the caller's any more.
 *
 * Context: BH disabled, RCU read lock.
 * Return: whether it had to be told that it may be fragmented.
 */
bool qsc_emit(struct net *net, struct qsc_udp *u, u32 len, const struct qsc_path *path,
	      __be16 sport, struct dst_entry *dst, const struct qsc_manner *how);

#endif /* _QSC_EMIT_H */
