// SPDX-License-Identifier: GPL-2.0
/*
 * The table that finds a packet's leg, against a plain list.
 *
 * Input: moves: op, two endpoints (3 bytes each).
 */
#include "fuzz.h"
#include "tuple.h"

#define TUPLES_MAX 256

static struct qsc_tuple_table *table;
static struct qsc_tuple *all[TUPLES_MAX];
static unsigned int n_all;

struct pair {
	struct qsc_addr local;
	struct qsc_addr remote;
};

/* Few addresses and ports, so that they meet; 0.0.0.0 and :: among them. */
static void take_endpoint(struct input *in, bool v6, struct qsc_addr *a)
{
	struct in6_addr ip = { 0 };
	u8 host = take_u8(in);
	u16 port = take_u16(in);

	if (!(port & 0x8000))
		port &= 0x0101;
	if (v6) {
		ip.s6_addr[0] = host >> 4;
		ip.s6_addr[15] = host & 15;
		qsc_addr_set_v6(a, &ip, htons(port));
	} else {
		qsc_addr_set_v4(a, htonl((host >> 4) << 24 | (host & 15)), htons(port));
	}
}

static struct qsc_tuple *model_find(const struct pair *p)
{
	for (unsigned int i = 0; i < n_all; i++)
		if (qsc_addr_equal(&all[i]->local, &p->local) &&
		    qsc_addr_equal(&all[i]->remote, &p->remote))
			return all[i];
	return NULL;
}

/* Whose remote is learnt, which port 0 says, has its local address for itself. */
static bool model_collides(const struct pair *p)
{
	for (unsigned int i = 0; i < n_all; i++)
		if (qsc_addr_equal(&all[i]->local, &p->local) &&
		    (!all[i]->remote.port || !p->remote.port ||
		     qsc_addr_equal(&all[i]->remote, &p->remote)))
			return true;
	return false;
}

static unsigned int model_count(__be16 port)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < n_all; i++)
		n += all[i]->local.port == port;
	return n;
}

static void add(const struct pair *p)
{
	int want = model_collides(p)				     ? -EADDRINUSE :
		   model_count(p->local.port) == QSC_TUPLES_PER_PORT ? -ENOSPC :
								       0;
	struct qsc_tuple *tuple;
	int err;

	if (n_all == TUPLES_MAX)
		return;
	tuple = calloc(1, sizeof(*tuple));
	tuple->local = p->local;
	tuple->remote = p->remote;
	err = qsc_tuple_add(table, tuple);
	CHECK(err == want);
	if (err)
		free(tuple);
	else
		all[n_all++] = tuple;
}

static void del(u8 which)
{
	if (!n_all)
		return;
	which %= n_all;
	qsc_tuple_del(all[which]);
	free(all[which]);
	all[which] = all[--n_all];
}

static struct qsc_tuple *find_packet(const struct hlist_head *list, const struct pair *p,
				     enum qsc_way way)
{
	const struct qsc_addr *src = way == QSC_WAY_OUT ? &p->local : &p->remote;
	const struct qsc_addr *dst = way == QSC_WAY_OUT ? &p->remote : &p->local;
	struct udphdr uh = { .source = src->port, .dest = dst->port };
	struct ipv6hdr ip6 = { .version = 6 };
	struct iphdr ip = { .version = 4 };

	if (src->family == AF_INET) {
		ip.saddr = src->ip.s6_addr32[3];
		ip.daddr = dst->ip.s6_addr32[3];
		return qsc_tuple_find_v4(list, &ip, &uh, way);
	}
	ip6.saddr = src->ip;
	ip6.daddr = dst->ip;
	return qsc_tuple_find_v6(list, &ip6, &uh, way);
}

static void check_half(const struct hlist_head *list, const struct pair *p)
{
	struct qsc_tuple *half = qsc_tuple_find_half(list, &p->local, &p->remote);
	bool local = false, remote = false;

	for (unsigned int i = 0; i < n_all; i++) {
		if (all[i]->local.port != p->local.port)
			continue;
		local |= qsc_addr_equal(&all[i]->local, &p->local);
		remote |= qsc_addr_equal(&all[i]->remote, &p->remote);
	}
	CHECK(!!half == (local || remote));
	if (local)
		CHECK(qsc_addr_equal(&half->local, &p->local));
	else if (remote)
		CHECK(qsc_addr_equal(&half->remote, &p->remote));
}

static void find(const struct pair *p)
{
	struct hlist_head *list = qsc_tuple_list(table, p->local.port);
	struct qsc_tuple *want = model_find(p);

	CHECK(!!list == !!model_count(p->local.port));
	if (!list)
		return;
	CHECK(find_packet(list, p, QSC_WAY_IN) == want);
	CHECK(find_packet(list, p, QSC_WAY_OUT) == want);
	check_half(list, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct pair p;
	u8 op;

	table = calloc(1, sizeof(*table));
	while (in.left) {
		op = take_u8(&in);
		take_endpoint(&in, op & 4, &p.local);
		take_endpoint(&in, op & 4, &p.remote);
		if (op & 1)
			find(&p);
		else if (op & 2)
			del(op >> 3);
		else
			add(&p);
	}
	while (n_all)
		del(0);
	qsc_tuple_table_destroy(table);
	free(table);
	return 0;
}
