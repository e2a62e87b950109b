/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_PATH_H
#define _QSC_PATH_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/dst.h>

#include "tuple.h"

struct net;

/**
 * struct qsc_path - where the packets of a relay leg's port go
 * @remote: address and port; constant
 * @dst: cached route, or NULL; replaced by whoever finds it stale, read under RCU
 * @cookie: goes with @dst; a wrong one costs another look-up at most
 * @dead: no new route may be cached any more
 * @pseudo: sum of the pseudo header without the length; constant
 * @sum: IPv4: sum of the words of @v4; constant
 * @v4: header that is the same in all packets; constant
 * @v6: likewise, the one or the other
 * @rcu: for release
 *
 * A leg that learns its remote gets another path when that changes. Packets
 * find it through the tuple under RCU and take no reference, to it or the route.
 */
struct qsc_path {
	struct qsc_addr remote;
	struct dst_entry __rcu *dst;
	u32 cookie;
	bool dead;
	__wsum pseudo;
	__wsum sum;
	union {
		struct iphdr v4;
		struct ipv6hdr v6;
	};
	struct rcu_head rcu;
};

/**
 * qsc_path_create() - make the way from one address to another
 * @local: address and port
 * @remote: of the same family
 * @gfp: allocation flags
 *
 * Return: path, or NULL if there is no memory.
 */
struct qsc_path *qsc_path_create(const struct qsc_addr *local, const struct qsc_addr *remote,
				 gfp_t gfp);

/**
 * qsc_path_drop() - let go of the route at once, free after a grace period
 * @path: no new reader can find it; may be NULL
 *
 * Context: any.
 */
void qsc_path_drop(struct qsc_path *path);

/* The slow half of qsc_path_route(). */
struct dst_entry *qsc_path_look_up(struct net *net, struct qsc_path *path);

/**
 * qsc_path_route() - the route of a path
 * @net: namespace
 * @path: path
 *
 * Context: RCU read lock, for as long as the route is used; BH disabled.
 * Return: route without a reference, or NULL if there is none.
 */
static __always_inline struct dst_entry *qsc_path_route(struct net *net, struct qsc_path *path)
{
	struct dst_entry *dst = rcu_dereference(path->dst);

	if (likely(dst && dst_check(dst, READ_ONCE(path->cookie))))
		return dst;
	return qsc_path_look_up(net, path);
}

#endif /* _QSC_PATH_H */
