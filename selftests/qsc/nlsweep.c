// SPDX-License-Identifier: GPL-2.0
/*
 * Every command with every attribute: absent, of all wrong lengths, nested or
 * not nested, twice, of another type; and with those that it does not take.
 */
#include <string.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "nlfuzz.h"
#include "nlpolicy.h"

#define LONGER	33	/* than any number, address, key or salt may be */

/* With the size of what is in it out of proportion, a nest is no nest. */
static void resize(struct nf *f, struct nlr_node *n, int len)
{
	len = max(0, min(len, NL_DATA));
	if (n->nest)
		n->len = 0;
	n->nest = false;
	if (len > n->len)
		rng_fill(&f->rng, n->data + n->len, len - n->len);
	n->len = len;
}

static void absent(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	(void)f;
	(void)m;
	n->gone = true;
}

static void empty(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	(void)m;
	resize(f, n, 0);
}

static void one_byte(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	(void)m;
	resize(f, n, 1);
}

static void shorter(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	(void)m;
	resize(f, n, n->len - 1);
}

static void longer(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	(void)m;
	resize(f, n, n->len + 1);
}

static void much_longer(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	(void)m;
	resize(f, n, n->len + LONGER);
}

static void longest(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	(void)m;
	resize(f, n, NL_DATA);
}

static void nested(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	(void)f;
	(void)m;
	n->type ^= NLA_F_NESTED;
}

/* What was in it is in another one of its kind in it. */
static void in_itself(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	int i = n - m->node;

	(void)f;
	nf_copy_node(m, i, i);
	n->nest = true;
	n->type |= NLA_F_NESTED;
}

static void twice(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	(void)f;
	nf_copy_node(m, n - m->node, n->parent);
}

static void type_none(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	nf_scrub(f, m);
	n->type &= NLA_F_NESTED;
}

static void type_next(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	nf_scrub(f, m);
	n->type++;
}

static void type_unknown(struct nf *f, struct nlr_msg *m, struct nlr_node *n)
{
	nf_scrub(f, m);
	n->type = (n->type & NLA_F_NESTED) | (QSC_A_CALL_MAX + 1);
}

static void (*const wrongs[])(struct nf *f, struct nlr_msg *m, struct nlr_node *n) = {
	absent, empty, one_byte, shorter, longer, much_longer, longest, nested, in_itself,
	twice, type_none, type_next, type_unknown,
};

#define WRONGS (sizeof(wrongs) / sizeof(*wrongs))

static unsigned int sweep_command(struct nf *f, uint8_t cmd,
				  void (*send)(struct nf *f, const struct nlr_msg *m))
{
	static struct nlr_msg m;
	int node, nodes, type;
	unsigned int n = 0;
	size_t i;

	nf_gen_command(f, &m, cmd);
	nodes = m.nodes;
	for (node = 0; node < nodes; node++) {
		for (i = 0; i < WRONGS && !f->failed; i++) {
			nf_gen_command(f, &m, cmd);
			/* what it has is random in part */
			if (node >= m.nodes)
				continue;
			wrongs[i](f, &m, &m.node[node]);
			send(f, &m);
			n++;
		}
	}
	for (type = 0; type <= QSC_A_CALL_MAX + 1 && !f->failed; type++, n += 2) {
		nf_gen_command(f, &m, cmd);
		nlr_put_u32(&m, NL_ROOT, type, 1);
		send(f, &m);
		nf_gen_command(f, &m, cmd);
		nlr_nest(&m, NL_ROOT, type);
		send(f, &m);
	}
	return n;
}

unsigned int nf_sweep(struct nf *f, void (*send)(struct nf *f, const struct nlr_msg *m))
{
	unsigned int n = 0;
	int cmd;

	f->full = true;
	for (cmd = 0; cmd <= QSC_CMD_MAX; cmd++)
		if (nlp_known(cmd))
			n += sweep_command(f, cmd, send);
	f->full = false;
	return n;
}
