// SPDX-License-Identifier: GPL-2.0
/* What has to come of netlink messages: those that make calls, one or many. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "nlmodel.h"
#include "nlpolicy.h"

/* Ports are in network byte order. */
static uint16_t port(const struct nlattr *a)
{
	uint16_t v;

	if (!a)
		return 0;
	memcpy(&v, a + 1, sizeof(v));
	return ntohs(v);
}

static bool is_mapped(const uint8_t *p, int n)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	return n == 16 && !memcmp(p, mapped, sizeof(mapped));
}

static bool is_host(const uint8_t *p, int n)
{
	static const uint8_t zero[16];

	if (n == 4)
		return memcmp(p, zero, 4) && (p[0] & 0xf0) != 0xe0 &&
		       memcmp(p, "\xff\xff\xff\xff", 4);
	return memcmp(p, zero, 16) && p[0] != 0xff && !is_mapped(p, n);
}

static bool get_end(uint8_t *addr, int *n, uint16_t *p, const struct nlattr *a,
		    const struct nlattr *port_attr)
{
	if (!a || !port_attr)
		return false;
	*p = port(port_attr);
	*n = nlp_len(a);
	if (!*p || (*n != 4 && *n != 16))
		return false;
	memcpy(addr, a + 1, *n);
	return is_host(addr, *n);
}

static bool learns(const struct nm_leg *l)
{
	return l->flags & QSC_LEG_FLAGS_LEARN;
}

static int get_remote(const struct nlattr * const *tb, struct nm_leg *l)
{
	struct nm_tuple *t = &l->tuple[0];
	int n;

	if (learns(l))
		return tb[QSC_A_LEG_REMOTE_ADDR] || tb[QSC_A_LEG_REMOTE_PORT] ? -EINVAL : 0;
	if (!get_end(t->remote, &n, &t->remote_port, tb[QSC_A_LEG_REMOTE_ADDR],
		     tb[QSC_A_LEG_REMOTE_PORT]) ||
	    n != t->addr_len)
		return -EINVAL;
	return t->local_port == t->remote_port && !memcmp(t->local, t->remote, n) ? -EINVAL : 0;
}

static int get_rtcp(const struct nlattr * const *tb, struct nm_leg *l)
{
	const struct nlattr *local = tb[QSC_A_LEG_LOCAL_RTCP_PORT];
	const struct nlattr *remote = tb[QSC_A_LEG_REMOTE_RTCP_PORT];
	struct nm_tuple *rtp = &l->tuple[0], *rtcp = &l->tuple[1];

	l->tuples = 1;
	if (!local && !remote)
		return 0;
	if (!local || !remote != learns(l))
		return -EINVAL;
	*rtcp = *rtp;
	rtcp->local_port = port(local);
	rtcp->remote_port = port(remote);
	if (!rtcp->local_port || (remote && !rtcp->remote_port) ||
	    rtcp->local_port == rtp->local_port)
		return -EINVAL;
	l->tuples = 2;
	return 0;
}

static int get_learn(const struct nlattr * const *tb, const struct nm_leg *l)
{
	const struct nlattr *addr = tb[QSC_A_LEG_LEARN_ADDR], *prefix = tb[QSC_A_LEG_LEARN_PREFIX];
	int n;

	if (!learns(l) || l->suite != QSC_SUITE_PLAIN)
		return addr || prefix || tb[QSC_A_LEG_LEARN_WINDOW] ? -EINVAL : 0;
	if (!addr || !prefix)
		return -EINVAL;
	n = nlp_len(addr);
	if (n != l->tuple[0].addr_len || is_mapped((const uint8_t *)(addr + 1), n))
		return -EINVAL;
	return n == 4 && nlp_u8(prefix, 0) > 32 ? -EINVAL : 0;
}

static int get_leg(const struct nm_model *m, const struct nlattr *nest, int index,
		   struct nm_leg *l)
{
	const struct nlattr *tb[QSC_A_LEG_MAX + 1];
	struct nm_tuple *rtp = &l->tuple[0];
	int err;

	nlp_parse(tb, QSC_A_LEG_MAX, nest + 1, nlp_len(nest));
	if (nlp_u8(tb[QSC_A_LEG_INDEX], index) != index)
		return -EINVAL;
	l->flags = nlp_u32(tb[QSC_A_LEG_FLAGS], 0);
	l->has_dscp = tb[QSC_A_LEG_DSCP];
	l->dscp = nlp_u8(tb[QSC_A_LEG_DSCP], 0);
	l->ttl = nlp_u8(tb[QSC_A_LEG_TTL], 0);
	if (!get_end(rtp->local, &rtp->addr_len, &rtp->local_port, tb[QSC_A_LEG_LOCAL_ADDR],
		     tb[QSC_A_LEG_LOCAL_PORT]))
		return -EINVAL;
	err = get_remote(tb, l);
	if (!err)
		err = get_rtcp(tb, l);
	if (err)
		return err;
	l->suite = nlp_u32(tb[QSC_A_LEG_SUITE], QSC_SUITE_AEAD_AES_256_GCM);
	return m->suite[l->suite] ? get_learn(tb, l) : -EOPNOTSUPP;
}

/* What only the legs of relay calls can do. */
static bool is_endpoint(const struct nm_leg *l)
{
	return l->suite < QSC_SUITE_AES_CM_128_HMAC_SHA1_80 && !learns(l) && !l->has_dscp &&
	       !l->ttl;
}

static int get_legs(const struct nm_model *m, const void *attrs, int left, struct nm_call *c)
{
	const struct nlattr *a = attrs;
	int err;

	for (; nlp_ok(a, left); a = nlp_next(a, &left)) {
		if (nlp_type(a) != QSC_A_CALL_LEG)
			continue;
		if (c->legs == QSC_LEGS_MAX)
			return -EINVAL;
		err = get_leg(m, a, c->legs, &c->leg[c->legs]);
		if (err)
			return err;
		c->legs++;
	}
	if (!c->legs)
		return -EINVAL;
	return c->legs > 1 || is_endpoint(&c->leg[0]) ? 0 : -EOPNOTSUPP;
}

/* Whose remote is learnt has its local address for itself. */
static bool collide(const struct nm_tuple *a, const struct nm_tuple *b)
{
	if (a->addr_len != b->addr_len || a->local_port != b->local_port ||
	    memcmp(a->local, b->local, a->addr_len))
		return false;
	if (!a->remote_port || !b->remote_port)
		return true;
	return a->remote_port == b->remote_port && !memcmp(a->remote, b->remote, a->addr_len);
}

static bool legs_collide(const struct nm_leg *a, const struct nm_leg *b)
{
	int i, j;

	for (i = 0; i < a->tuples; i++)
		for (j = 0; j < b->tuples; j++)
			if (collide(&a->tuple[i], &b->tuple[j]))
				return true;
	return false;
}

static bool calls_collide(const struct nm_call *a, const struct nm_call *b)
{
	int i, j;

	for (i = 0; i < a->legs; i++)
		for (j = 0; j < b->legs; j++)
			if (legs_collide(&a->leg[i], &b->leg[j]))
				return true;
	return false;
}

/* Those of the table, and then those that the same message has made. */
static const struct nm_call *nth(const struct nm_model *m, const struct nm_verdict *v, int i)
{
	return i < NM_CALLS ? &m->call[i] : &v->fresh[i - NM_CALLS];
}

static int judge_place(const struct nm_model *m, const struct nm_verdict *v,
		       const struct nm_call *c)
{
	const struct nm_call *other;
	int i, err = 0;

	for (i = 0; i < NM_CALLS + v->made; i++) {
		other = nth(m, v, i);
		if (!other->used)
			continue;
		if (!strcmp(other->id, c->id))
			return -EEXIST;
		if (calls_collide(other, c))
			err = -EADDRINUSE;
	}
	if (c->legs > 1 && legs_collide(&c->leg[0], &c->leg[1]))
		err = -EADDRINUSE;
	return err;
}

static uint32_t first_state(const struct nm_call *c)
{
	int i;

	for (i = 0; i < c->legs; i++)
		if (c->leg[i].suite != QSC_SUITE_PLAIN)
			return QSC_CALL_STATE_NEW;
	return QSC_CALL_STATE_PLAIN;
}

static void get_call(const struct nlr_sock *s, const struct nlattr * const *tb, struct nm_call *c)
{
	memset(c, 0, sizeof(*c));
	c->used = true;
	c->flags = nlp_u32(tb[QSC_A_CALL_FLAGS], 0);
	c->role = nlp_u32(tb[QSC_A_CALL_ROLE], 0);
	c->timeout = nlp_u32(tb[QSC_A_CALL_TIMEOUT], 0);
	c->lifetime = nlp_u32(tb[QSC_A_CALL_LIFETIME], 0);
	c->window = nlp_u32(tb[QSC_A_CALL_WINDOW], QSC_WINDOW_DEFAULT);
	c->owner = c->flags & QSC_CALL_FLAGS_BOUND ? s->portid : 0;
}

int nm_judge_new(const struct nm_model *m, const struct nlr_sock *s, const void *attrs, int len,
		 struct nm_verdict *v)
{
	const struct nlattr *tb[QSC_A_CALL_MAX + 1];
	struct nm_call *c = &v->fresh[v->made];
	int err;

	if (v->made == NM_FRESH) {
		v->full = true;
		return 0;
	}
	nlp_parse(tb, QSC_A_CALL_MAX, attrs, len);
	get_call(s, tb, c);
	err = nm_get_id(tb[QSC_A_CALL_ID], c->id);
	if (!err)
		err = get_legs(m, attrs, len, c);
	if (!err)
		err = judge_place(m, v, c);
	if (err)
		return err;
	c->state = first_state(c);
	v->made++;
	v->too_soon |= nm_is_soon(c->timeout) || nm_is_soon(c->lifetime);
	v->full = m->calls + v->made > NM_CALLS;
	return 0;
}

/* A call and its keys, of which there are @secrets bytes left. */
static int judge_op(const struct nm_model *m, const struct nlr_sock *s, const struct nlattr *op,
		    int *secrets, struct nm_verdict *v)
{
	const struct nlattr *a = op + 1;
	int left = nlp_len(op);
	struct nm_key k = {};
	struct nm_call *c;
	int err;

	err = nm_judge_new(m, s, a, left, v);
	if (err || v->full)
		return err;
	c = &v->fresh[v->made - 1];
	for (; nlp_ok(a, left); a = nlp_next(a, &left)) {
		if (nlp_type(a) != QSC_A_CALL_KEY)
			continue;
		err = nm_get_key(a, false, &k);
		if (err)
			return err;
		*secrets -= nm_secret_len(k.suite);
		if (*secrets < 0)
			return -EINVAL;
		err = nm_judge_install(c, &k, &v->or_err);
		if (err)
			return err;
		nm_commit_key(c, &k);
	}
	return 0;
}

/* The box is bound to the first @calls bytes of @attrs. */
static int judge_box(const struct nm_model *m, const struct nlattr *sealed, const void *attrs,
		     int calls, int *secrets, struct nm_verdict *v)
{
	const struct nlattr *tb[QSC_A_SEAL_MAX + 1];

	*secrets = 0;
	if (!sealed)
		return 0;
	nlp_parse(tb, QSC_A_SEAL_MAX, sealed + 1, nlp_len(sealed));
	if (!tb[QSC_A_SEAL_ID] || !tb[QSC_A_SEAL_PUBLIC] || !tb[QSC_A_SEAL_BOX])
		return -EINVAL;
	*secrets = nlp_len(tb[QSC_A_SEAL_BOX]) - QSC_SEAL_TAG_LEN;
	if (*secrets <= 0)
		return -EINVAL;
	return seal_judge_batch(&m->seal, sealed, attrs, calls, &v->or_err);
}

/* All of them or none; what is behind the last box, or in front of the first call, is wrong. */
int nm_judge_batch(const struct nm_model *m, const struct nlr_sock *s, const void *attrs, int len,
		   struct nm_verdict *v)
{
	const struct nlattr *tb[QSC_A_CALL_MAX + 1], *a = attrs, *sealed;
	int left, secrets, err;

	nlp_parse(tb, QSC_A_CALL_MAX, attrs, len);
	sealed = tb[QSC_A_CALL_SEALED];
	left = sealed ? (const char *)sealed - (const char *)attrs : len;
	if (left <= 0 || (sealed && left + (int)NLA_ALIGN(sealed->nla_len) < len))
		return -EINVAL;
	err = judge_box(m, sealed, attrs, left, &secrets, v);
	if (err)
		return err;
	for (; nlp_ok(a, left); a = nlp_next(a, &left)) {
		if (nlp_type(a) != QSC_A_CALL_OP)
			return -EINVAL;
		err = judge_op(m, s, a, &secrets, v);
		if (err || v->full)
			return err;
	}
	return secrets ? -EINVAL : 0;
}
