/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_TUPLE_H
#define _QSC_TUPLE_H

#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/rculist.h>
#include <linux/udp.h>
#include <net/ipv6.h>

#include "srtp.h"

struct qsc_leg;
struct qsc_path;

#define QSC_TUPLES_PER_PORT 64
#define QSC_PORTS_PER_PAGE 256

/* Which way a packet goes; indexes what differs between the two. */
enum qsc_way {
	QSC_WAY_IN = 0,
	QSC_WAY_OUT = 1,
};

/**
 * struct qsc_addr - address and port
 * @ip: IPv4 in its IPv4-mapped form, so that one comparison serves both
 * @port: network byte order
 * @family: AF_INET or AF_INET6
 */
struct qsc_addr {
	struct in6_addr ip;
	__be16 port;
	u16 family;
};

static inline void qsc_addr_set_v4(struct qsc_addr *a, __be32 ip, __be16 port)
{
	ipv6_addr_set_v4mapped(ip, &a->ip);
	a->port = port;
	a->family = AF_INET;
}

static inline void qsc_addr_set_v6(struct qsc_addr *a, const struct in6_addr *ip, __be16 port)
{
	a->ip = *ip;
	a->port = port;
	a->family = AF_INET6;
}

static inline bool qsc_addr_equal(const struct qsc_addr *a, const struct qsc_addr *b)
{
	return a->port == b->port && ipv6_addr_equal(&a->ip, &b->ip);
}

/**
 * struct qsc_tuple - one local port of a leg and the remote it talks to
 * @node: among the tuples of the local port
 * @v4: source and destination address as they stand in an IPv4 packet, by
 *	enum qsc_way; all ones for IPv6
 * @ports: source and destination port as they stand in the UDP header
 * @leg: the leg that it is part of
 * @use: what the port carries
 * @local: address and port
 * @remote: address and port; port 0 if it is learnt
 * @path: where a relay's packets go; NULL for endpoints, and before it is learnt.
 *	Set under the stream's lock of @leg->rx, read under RCU
 *
 * Constant from qsc_tuple_add() on, but for @path and what qsc_tuple_expect() sets.
 */
struct qsc_tuple {
	struct hlist_node node;
	u64 v4[2];
	u32 ports[2];
	enum qsc_port_use use;
	struct qsc_leg *leg;
	struct qsc_addr local;
	struct qsc_addr remote;
	struct qsc_path __rcu *path;
};

struct qsc_tuple_page {
	struct hlist_head port[QSC_PORTS_PER_PAGE];
};

/**
 * struct qsc_tuple_table - the tuples of a network namespace by local port
 * @page: by the high byte of the port; made when first needed, kept until the
 *	namespace goes
 *
 * A packet of no call finds an empty list after two loads. Calls that share a
 * local port (and differ in local or remote address) are searched one by one,
 * so there may be QSC_TUPLES_PER_PORT of them; media servers give each leg a
 * port of its own.
 *
 * Written under the call table's lock, read under RCU.
 */
struct qsc_tuple_table {
	struct qsc_tuple_page __rcu *page[65536 / QSC_PORTS_PER_PAGE];
};

void qsc_tuple_table_destroy(struct qsc_tuple_table *t);

/**
 * qsc_tuple_add() - make packets of a tuple find its leg
 * @t: table
 * @tuple: @local, @remote, @leg and @use are set
 *
 * Context: process, may sleep; the call table's lock is held.
 * Return: 0, -EADDRINUSE if local and remote are both taken, or the local one if
 * the remote of either is learnt, -ENOSPC if too many calls share the port, or
 * -ENOMEM.
 */
int qsc_tuple_add(struct qsc_tuple_table *t, struct qsc_tuple *tuple);

/**
 * qsc_tuple_del() - undo qsc_tuple_add()
 * @tuple: free it after a grace period
 *
 * Context: the call table's lock is held.
 */
void qsc_tuple_del(struct qsc_tuple *tuple);

/**
 * qsc_tuple_expect() - make packets from a remote that was learnt be found at once
 * @tuple: added, with port 0 in @remote
 * @remote: address and port
 *
 * A hint: packets may find the tuple by an earlier one, or by half of each. Those
 * of IPv6 are found by the local address always.
 *
 * Context: the callers are serialised.
 */
void qsc_tuple_expect(struct qsc_tuple *tuple, const struct qsc_addr *remote);

/**
 * qsc_tuple_list() - the tuples of a local port
 * @t: table
 * @port: network byte order
 *
 * Context: RCU read lock.
 * Return: list, or NULL if the port has no tuple.
 */
static __always_inline struct hlist_head *qsc_tuple_list(const struct qsc_tuple_table *t,
							 __be16 port)
{
	struct qsc_tuple_page *page;
	struct hlist_head *list;

	/* Network byte order will do: it only has to be the same everywhere. */
	page = rcu_dereference(t->page[(__force u16)port / QSC_PORTS_PER_PAGE]);
	if (!page)
		return NULL;
	list = &page->port[(__force u16)port % QSC_PORTS_PER_PAGE];
	return hlist_empty(list) ? NULL : list;
}

/**
 * qsc_tuple_find_v4() - the tuple of an IPv4 packet
 * @list: of its local port
 * @ip: header
 * @uh: header
 * @way: of the packet
 *
 * Context: RCU read lock.
 * Return: the tuple that has both addresses, or NULL.
 */
static __always_inline struct qsc_tuple *qsc_tuple_find_v4(const struct hlist_head *list,
							   const struct iphdr *ip,
							   const struct udphdr *uh,
							   enum qsc_way way)
{
	u64 addrs = get_unaligned((const u64 *)&ip->saddr);
	u32 ports = get_unaligned((const u32 *)uh);
	struct qsc_tuple *tuple;

	hlist_for_each_entry_rcu(tuple, list, node)
		/* A hint: see qsc_tuple_expect(). */
		if (data_race(tuple->v4[way] == addrs && tuple->ports[way] == ports))
			return tuple;
	return NULL;
}

/**
 * qsc_tuple_find_v6() - the tuple of an IPv6 packet
 * @list: of its local port
 * @ip6: header
 * @uh: header
 * @way: of the packet
 *
 * Context: RCU read lock.
 * Return: the tuple that has both addresses, or NULL.
 */
struct qsc_tuple *qsc_tuple_find_v6(const struct hlist_head *list, const struct ipv6hdr *ip6,
				    const struct udphdr *uh, enum qsc_way way);

/**
 * qsc_tuple_find_half() - a tuple that a packet matches in half
 * @list: of its local port
 * @local: address and port
 * @remote: address and port
 *
 * A packet between a call's address and a stranger, or between the call's
 * remote and another address of this host, as after a change of routes, is
 * none of the call's; it must not pass in clear either.
 *
 * Context: RCU read lock.
 * Return: a tuple of @local, else one of @remote, else NULL.
 */
struct qsc_tuple *qsc_tuple_find_half(const struct hlist_head *list, const struct qsc_addr *local,
				      const struct qsc_addr *remote);

#endif /* _QSC_TUPLE_H */
