// SPDX-License-Identifier: GPL-2.0
/* Breaks netlink requests: what is in them, how it is laid out, what they claim. */
#include <string.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "nlfuzz.h"

#define COPIES	20	/* of one attribute */
#define DEPTH	14	/* of a nest; netlink goes to ten */

static struct nlr_node *any_node(struct nf *f, struct nlr_msg *m)
{
	return m->nodes ? &m->node[rng_below(&f->rng, m->nodes)] : NULL;
}

void nf_scrub(struct nf *f, struct nlr_msg *m)
{
	int i;

	for (i = 0; i < m->nodes; i++)
		if (memmem(m->node[i].data, m->node[i].len, NF_MARKER, NF_MARKER_LEN))
			rng_fill(&f->rng, m->node[i].data, m->node[i].len);
}

static void drop(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);

	if (n)
		n->gone = true;
}

void nf_copy_node(struct nlr_msg *m, int i, int parent)
{
	int last = m->nodes, to = last;
	int j;

	if (m->nodes == NL_NODES)
		return;
	m->node[m->nodes++] = m->node[i];
	m->node[to].parent = parent;
	for (j = 0; m->node[i].nest && j < last; j++)
		if (m->node[j].parent == i)
			nf_copy_node(m, j, to);
}

static void twice(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);

	if (n)
		nf_copy_node(m, n - m->node, n->parent);
}

static void many(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);
	int i;

	for (i = 0; n && i < COPIES; i++)
		nf_copy_node(m, n - m->node, n->parent);
}

static void resize(struct nf *f, struct nlr_msg *m)
{
	static const int lens[] = { 0, 1, 2, 3, 4, 5, 8, 11, 12, 13, 14, 15, 16, 17, 31, 32, 33,
				    127, 128, 129, 130, NL_DATA };
	struct nlr_node *n = any_node(f, m);
	int len = lens[rng_below(&f->rng, sizeof(lens) / sizeof(*lens))];

	if (!n)
		return;
	if (ONE_IN(f, 2))
		len = max(0, min(n->len + (int)rng_below(&f->rng, 5) - 2, NL_DATA));
	if (len > n->len)
		rng_fill(&f->rng, n->data + n->len, len - n->len);
	n->len = len;
}

static void retype(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);
	uint16_t flags;

	if (!n)
		return;
	nf_scrub(f, m);
	flags = n->type & NLA_F_NESTED;
	n->type = flags | (ONE_IN(f, 8) ? rng_u64(&f->rng) & NLA_TYPE_MASK :
			   rng_below(&f->rng, QSC_A_CALL_MAX + 4));
}

static void type_flags(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);

	if (n)
		n->type ^= ONE_IN(f, 2) ? NLA_F_NESTED : NLA_F_NET_BYTEORDER;
}

static void set_value(struct nf *f, struct nlr_msg *m)
{
	static const uint32_t edges[] = { 0, 1, 2, 3, 4, 5, 63, 64, 32768, 32769, 60000, 60001,
					  31536000, 31536001, 0x7fffffff, 0x80000000,
					  0xffffffff };
	struct nlr_node *n = any_node(f, m);
	uint32_t v = edges[rng_below(&f->rng, sizeof(edges) / sizeof(*edges))];

	if (!n || n->nest)
		return;
	if (ONE_IN(f, 3))
		rng_fill(&f->rng, n->data, n->len);
	else
		memcpy(n->data, &v, min(n->len, sizeof(v)));
}

/* One byte of a string or an address. */
static void one_byte(struct nf *f, struct nlr_msg *m)
{
	static const uint8_t bytes[] = { 0, ' ', 0x7f, 0x80, 0xff, '\n', 224, 239 };
	struct nlr_node *n = any_node(f, m);

	if (n && n->len && !n->nest)
		n->data[rng_below(&f->rng, ONE_IN(f, 2) ? 1 : n->len)] =
			bytes[rng_below(&f->rng, sizeof(bytes))];
}

static void lie(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);

	if (!n)
		return;
	nf_scrub(f, m);
	switch (rng_below(&f->rng, 4)) {
	case 0:
		n->lie = -NLA_HDRLEN - n->len + rng_below(&f->rng, 5);
		break;
	case 1:
		n->lie = rng_range(&f->rng, 0x4000, 0xfff0);
		break;
	default:
		n->lie = (int)rng_below(&f->rng, 41) - 20;
	}
}

/* Bytes where attributes should be. */
static void garbage(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);

	if (!n)
		return;
	nf_scrub(f, m);
	n->nest = false;
	n->len = rng_below(&f->rng, NL_DATA);
	rng_fill(&f->rng, n->data, n->len);
}

/* Somewhere else: in a nest that it does not belong to, or in none. */
static void move(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);
	int to;

	if (!n)
		return;
	nf_scrub(f, m);
	to = (int)rng_below(&f->rng, n - m->node + 1) - 1;
	n->parent = to;
	if (to >= 0)
		m->node[to].nest = true;
}

static void deep(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);
	int parent = n ? n->parent : NL_ROOT;
	uint16_t type = n ? n->type & NLA_TYPE_MASK : 1;
	int i;

	for (i = 0; i < DEPTH; i++) {
		parent = nlr_nest(m, parent, type);
		if (parent < 0)
			return;
	}
}

static void unknown(struct nf *f, struct nlr_msg *m)
{
	struct nlr_node *n = any_node(f, m);
	uint8_t data[NL_DATA];
	int len = rng_below(&f->rng, 40);

	rng_fill(&f->rng, data, len);
	nlr_put(m, n && ONE_IN(f, 2) ? n->parent : NL_ROOT,
	       rng_below(&f->rng, 4) ? rng_below(&f->rng, 32) : rng_u64(&f->rng), data, len);
}

static void tail(struct nf *f, struct nlr_msg *m)
{
	m->tail = rng_range(&f->rng, 1, 12);
}

static void cut(struct nf *f, struct nlr_msg *m)
{
	m->cut = ONE_IN(f, 2) ? rng_range(&f->rng, 1, 8) : rng_below(&f->rng, 200);
}

static void message_len(struct nf *f, struct nlr_msg *m)
{
	static const int lies[] = { -10000, -100, -20, -8, -4, -3, -2, -1, 1, 2, 3, 4, 16, 100,
				    0x10000, 0x7fff0000 };

	nf_scrub(f, m);
	m->len_lie = lies[rng_below(&f->rng, sizeof(lies) / sizeof(*lies))];
}

static void command(struct nf *f, struct nlr_msg *m)
{
	m->cmd = ONE_IN(f, 3) ? rng_u64(&f->rng) : rng_below(&f->rng, QSC_CMD_MAX + 3);
	/* a flush now and then is enough */
	if (m->cmd == QSC_CMD_CALL_FLUSH)
		m->cmd = QSC_CMD_INFO_GET;
}

static void header(struct nf *f, struct nlr_msg *m)
{
	m->version = rng_u64(&f->rng);
	m->reserved = rng_u64(&f->rng);
}

static void message_flags(struct nf *f, struct nlr_msg *m)
{
	switch (rng_below(&f->rng, 4)) {
	case 0:
		m->flags = rng_u64(&f->rng);
		break;
	case 1:
		m->flags &= ~NLM_F_REQUEST;
		break;
	case 2:
		m->flags ^= NLM_F_DUMP;
		break;
	default:
		m->flags ^= 1 << rng_below(&f->rng, 16);
	}
}

/* No other family's number: what they make of it is their affair. */
static void family(struct nf *f, struct nlr_msg *m)
{
	m->type = ONE_IN(f, 2) ? rng_below(&f->rng, NLMSG_MIN_TYPE) : 0xfff0;
}

void nf_break(struct nf *f, struct nlr_msg *m)
{
	static void (*const ways[])(struct nf *f, struct nlr_msg *m) = {
		drop, drop, twice, many, resize, resize, retype, type_flags, set_value, set_value,
		one_byte, one_byte, lie, garbage, move, deep, unknown, tail, cut, message_len,
		command, header, message_flags, family,
	};
	int n = ONE_IN(f, 4) ? rng_range(&f->rng, 2, 3) : 1;

	while (n--)
		ways[rng_below(&f->rng, sizeof(ways) / sizeof(*ways))](f, m);
}
