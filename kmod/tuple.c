// SPDX-License-Identifier: GPL-2.0
/* From a packet's addresses to a leg. */

#include "tuple.h"

#include <linux/slab.h>

#include "compat.h"

void qsc_tuple_table_destroy(struct qsc_tuple_table *t)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(t->page); i++)
		kfree(rcu_dereference_protected(t->page[i], true));
}

static struct hlist_head *make_list(struct qsc_tuple_table *t, __be16 port)
{
	struct qsc_tuple_page __rcu **slot = &t->page[(__force u16)port / QSC_PORTS_PER_PAGE];
	struct qsc_tuple_page *page = rcu_dereference_protected(*slot, true);

	if (!page) {
		page = kzalloc(sizeof(*page), GFP_KERNEL);
		if (!page)
			return NULL;
		rcu_assign_pointer(*slot, page);
	}
	return &page->port[(__force u16)port % QSC_PORTS_PER_PAGE];
}

/* Addresses and ports in the order in which packets of each way have them. */
static void set_keys(struct qsc_tuple *tuple, enum qsc_way way, const struct qsc_addr *src,
		     const struct qsc_addr *dst)
{
	__be32 v4[] = { src->ip.s6_addr32[3], dst->ip.s6_addr32[3] };
	__be16 ports[] = { src->port, dst->port };

	/* Not zeros: packets from 0.0.0.0 to 0.0.0.0 do arrive. */
	WRITE_ONCE(tuple->v4[way], src->family == AF_INET ? get_unaligned((u64 *)v4) : U64_MAX);
	WRITE_ONCE(tuple->ports[way], get_unaligned((u32 *)ports));
}

void qsc_tuple_expect(struct qsc_tuple *tuple, const struct qsc_addr *remote)
{
	set_keys(tuple, QSC_WAY_IN, remote, &tuple->local);
	set_keys(tuple, QSC_WAY_OUT, &tuple->local, remote);
}

/* Whose remote is learnt has its local address for itself. */
static bool collide(const struct qsc_tuple *a, const struct qsc_tuple *b)
{
	if (!qsc_addr_equal(&a->local, &b->local))
		return false;
	return !a->remote.port || !b->remote.port || qsc_addr_equal(&a->remote, &b->remote);
}

int qsc_tuple_add(struct qsc_tuple_table *t, struct qsc_tuple *tuple)
{
	struct qsc_tuple *other;
	struct hlist_head *list;
	int n = 0;

	list = make_list(t, tuple->local.port);
	if (!list)
		return -ENOMEM;
	hlist_for_each_entry(other, list, node) {
		if (collide(other, tuple))
			return -EADDRINUSE;
		if (++n == QSC_TUPLES_PER_PORT)
			return -ENOSPC;
	}
	qsc_tuple_expect(tuple, &tuple->remote);
	hlist_add_head_rcu(&tuple->node, list);
	return 0;
}

void qsc_tuple_del(struct qsc_tuple *tuple)
{
	hlist_del_rcu(&tuple->node);
}

struct qsc_tuple *qsc_tuple_find_v6(const struct hlist_head *list, const struct ipv6hdr *ip6,
				    const struct udphdr *uh, enum qsc_way way)
{
	const struct in6_addr *local = way == QSC_WAY_OUT ? &ip6->saddr : &ip6->daddr;
	const struct in6_addr *remote = way == QSC_WAY_OUT ? &ip6->daddr : &ip6->saddr;
	u32 ports = get_unaligned((const u32 *)uh);
	struct qsc_tuple *tuple;

	hlist_for_each_entry_rcu(tuple, list, node)
		if (tuple->ports[way] == ports && ipv6_addr_equal(&tuple->local.ip, local) &&
		    ipv6_addr_equal(&tuple->remote.ip, remote))
			return tuple;
	return NULL;
}

struct qsc_tuple *qsc_tuple_find_half(const struct hlist_head *list, const struct qsc_addr *local,
				      const struct qsc_addr *remote)
{
	struct qsc_tuple *tuple, *half = NULL;

	hlist_for_each_entry_rcu(tuple, list, node) {
		if (qsc_addr_equal(&tuple->local, local))
			return tuple;
		if (qsc_addr_equal(&tuple->remote, remote))
			half = tuple;
	}
	return half;
}
