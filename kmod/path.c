// SPDX-License-Identifier: GPL-2.0
/* The way to a leg's peer: header and route. */

#include "path.h"

#include <linux/slab.h>
#include <net/checksum.h>
#include <net/flow.h>
#include <net/ip6_checksum.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/route.h>

/* As a socket does: no fragments below the path's MTU, and then no id. */
static void make_v4(struct qsc_path *path, const struct qsc_addr *local)
{
	struct iphdr *ip = &path->v4;

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->frag_off = htons(IP_DF);
	ip->protocol = IPPROTO_UDP;
	ip->saddr = local->ip.s6_addr32[3];
	ip->daddr = path->remote.ip.s6_addr32[3];
	path->sum = csum_partial(ip, sizeof(*ip), 0);
	path->pseudo = csum_tcpudp_nofold(ip->saddr, ip->daddr, 0, IPPROTO_UDP, 0);
}

static void make_v6(struct qsc_path *path, const struct qsc_addr *local)
{
	struct ipv6hdr *ip6 = &path->v6;

	ip6->version = 6;
	ip6->nexthdr = IPPROTO_UDP;
	ip6->saddr = local->ip;
	ip6->daddr = path->remote.ip;
	path->pseudo = csum_unfold(~csum_ipv6_magic(&ip6->saddr, &ip6->daddr, 0, IPPROTO_UDP, 0));
}

struct qsc_path *qsc_path_create(const struct qsc_addr *local, const struct qsc_addr *remote,
				 gfp_t gfp)
{
	struct qsc_path *path = kzalloc(sizeof(*path), gfp);

	if (!path)
		return NULL;
	path->remote = *remote;
	if (remote->family == AF_INET)
		make_v4(path, local);
	else
		make_v6(path, local);
	return path;
}

static void release_route(struct qsc_path *path)
{
	dst_release(unrcu_pointer(xchg(&path->dst, NULL)));
}

void qsc_path_drop(struct qsc_path *path)
{
	if (!path)
		return;
	/* Either look-up sees it, or its route is seen here: both exchange. */
	WRITE_ONCE(path->dead, true);
	release_route(path);
	kfree_rcu(path, rcu);
}

static struct dst_entry *route_v4(struct net *net, const struct qsc_path *path)
{
	struct flowi4 fl4 = {
		.daddr = path->v4.daddr,
		.saddr = path->v4.saddr,
		.flowi4_proto = IPPROTO_UDP,
		.fl4_dport = path->remote.port,
	};
	struct rtable *rt = ip_route_output_flow(net, &fl4, NULL);

	return IS_ERR(rt) ? NULL : &rt->dst;
}

static struct dst_entry *route_v6(struct net *net, const struct qsc_path *path, u32 *cookie)
{
	struct flowi6 fl6 = {
		.daddr = path->v6.daddr,
		.saddr = path->v6.saddr,
		.flowi6_proto = IPPROTO_UDP,
		.fl6_dport = path->remote.port,
	};
	struct dst_entry *dst = ip6_dst_lookup_flow(net, NULL, &fl6, NULL);

	if (IS_ERR(dst))
		return NULL;
	*cookie = rt6_get_cookie((struct rt6_info *)dst);
	return dst;
}

struct dst_entry *qsc_path_look_up(struct net *net, struct qsc_path *path)
{
	struct dst_entry *dst;
	u32 cookie = 0;

	if (path->remote.family == AF_INET)
		dst = route_v4(net, path);
	else
		dst = route_v6(net, path, &cookie);
	if (!dst) {
		release_route(path);
		return NULL;
	}
	WRITE_ONCE(path->cookie, cookie);
	/* The reference goes with it. Freed after a grace period, it can be used in this one. */
	dst_release(unrcu_pointer(xchg(&path->dst, RCU_INITIALIZER(dst))));
	if (READ_ONCE(path->dead))
		release_route(path);
	return dst;
}
