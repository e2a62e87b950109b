// SPDX-License-Identifier: GPL-2.0
/* Requests for the netlink fuzzer: those that make calls, one or many. */
#include <arpa/inet.h>
#include <string.h>

#include "bytes.h"
#include "nlfuzz.h"

#define FEW_PORTS	6	/* so that calls meet each other */
#define RELAY_PORTS	20	/* who learns has one for itself */
#define MANY_PORTS	200
#define BATCH		3	/* calls in a request */
#define ROOM		64	/* nodes of a call without keys, or of a key */

/* A call that is to be made. */
struct plan {
	char id[NM_NAME];
	int legs;
	int ports;
	uint32_t suite[QSC_LEGS_MAX + 1];
};

/* Master keys and salts of calls-new, in the order of the keys. */
struct secrets {
	uint8_t bytes[SEAL_SECRETS_MAX];
	int len;
};

static void put_addr(struct nlr_msg *m, int leg, uint16_t type, bool v6, int host)
{
	uint8_t v4[4] = { 10, 77, 0, host };
	uint8_t six[16] = { 0xfd, 0x77, [15] = host };

	nlr_put(m, leg, type, v6 ? six : v4, v6 ? 16 : 4);
}

static void put_remote(struct nf *f, struct nlr_msg *m, int leg, bool v6, bool rtcp)
{
	uint16_t port = 6000 + 2 * rng_below(&f->rng, FEW_PORTS);

	put_addr(m, leg, QSC_A_LEG_REMOTE_ADDR, v6, 2);
	nlr_put_u16(m, leg, QSC_A_LEG_REMOTE_PORT, htons(port));
	if (rtcp)
		nlr_put_u16(m, leg, QSC_A_LEG_REMOTE_RTCP_PORT, htons(port + 1));
}

/* From where a plain leg learns. */
static void put_learn(struct nf *f, struct nlr_msg *m, int leg, bool v6)
{
	bool odd = RARELY(f, 20);

	nlr_put_u32(m, leg, QSC_A_LEG_FLAGS, QSC_LEG_FLAGS_LEARN);
	if (!RARELY(f, 15))
		put_addr(m, leg, QSC_A_LEG_LEARN_ADDR, odd ? !v6 : v6, 0);
	if (!RARELY(f, 15))
		nlr_put_u8(m, leg, QSC_A_LEG_LEARN_PREFIX,
			   rng_below(&f->rng, v6 || RARELY(f, 20) ? 129 : 33));
	if (MAYBE(f, 2))
		nlr_put_u32(m, leg, QSC_A_LEG_LEARN_WINDOW,
			    rng_range(&f->rng, 1, QSC_LEARN_WINDOW_MAX));
}

/* Legs of relay calls may; @n: one of so many of this call's does. */
static void put_manner(struct nf *f, struct nlr_msg *m, int leg, int n)
{
	if (MAYBE(f, n))
		nlr_put_u8(m, leg, QSC_A_LEG_DSCP, rng_below(&f->rng, QSC_DSCP_MAX + 1));
	if (MAYBE(f, n))
		nlr_put_u8(m, leg, QSC_A_LEG_TTL, rng_range(&f->rng, 1, 255));
	if (MAYBE(f, 3))
		nlr_put_u32(m, leg, QSC_A_LEG_CLOCK, rng_range(&f->rng, 1, QSC_CLOCK_MAX));
}

static void put_leg(struct nf *f, struct nlr_msg *m, int parent, const struct plan *p, int i)
{
	uint16_t local = 4000 + 2 * rng_below(&f->rng, p->ports);
	int leg = nlr_nest(m, parent, QSC_A_CALL_LEG);
	bool v6 = rng_below(&f->rng, 2), rtcp = MAYBE(f, 3), relay = p->legs > 1;
	bool learn = f->full ? i : ONE_IN(f, relay ? 3 : 40);

	if (p->suite[i] != QSC_SUITE_AEAD_AES_256_GCM || MAYBE(f, 2))
		nlr_put_u32(m, leg, QSC_A_LEG_SUITE, p->suite[i]);
	put_addr(m, leg, QSC_A_LEG_LOCAL_ADDR, v6, 1);
	nlr_put_u16(m, leg, QSC_A_LEG_LOCAL_PORT, htons(local));
	if (rtcp)
		nlr_put_u16(m, leg, QSC_A_LEG_LOCAL_RTCP_PORT,
			    htons(local + (RARELY(f, 6) ? 2 : 1)));
	if (!learn || RARELY(f, 40))
		put_remote(f, m, leg, v6, rtcp);
	if (learn && p->suite[i] != QSC_SUITE_PLAIN)
		nlr_put_u32(m, leg, QSC_A_LEG_FLAGS, QSC_LEG_FLAGS_LEARN);
	else if (learn || RARELY(f, 60))
		put_learn(f, m, leg, v6);
	put_manner(f, m, leg, relay ? 3 : 40);
	if (MAYBE(f, 8))
		nlr_put_u8(m, leg, QSC_A_LEG_INDEX, (i + RARELY(f, 10)) % QSC_LEGS_MAX);
}

static void put_call(struct nf *f, struct nlr_msg *m, int parent, const struct plan *p)
{
	int i;

	nlr_put_str(m, parent, QSC_A_CALL_ID, p->id);
	if (MAYBE(f, 2))
		nlr_put_u32(m, parent, QSC_A_CALL_FLAGS, rng_below(&f->rng, 4));
	if (MAYBE(f, 4))
		nlr_put_u32(m, parent, QSC_A_CALL_ROLE, rng_range(&f->rng, 1, 2));
	if (MAYBE(f, 4))
		nlr_put_u32(m, parent, QSC_A_CALL_TIMEOUT, NM_FAR + rng_below(&f->rng, 9999));
	if (MAYBE(f, 4))
		nlr_put_u32(m, parent, QSC_A_CALL_LIFETIME, NM_FAR + rng_below(&f->rng, 9999));
	if (MAYBE(f, 4))
		nlr_put_u32(m, parent, QSC_A_CALL_WINDOW,
			    rng_range(&f->rng, QSC_WINDOW_MIN, QSC_WINDOW_MAX));
	for (i = 0; i < p->legs; i++)
		put_leg(f, m, parent, p, i);
}

static uint32_t any_suite(struct nf *f, bool relay, int i)
{
	static const uint32_t usual[] = {
		QSC_SUITE_AEAD_AES_256_GCM, QSC_SUITE_AEAD_AES_128_GCM,
		QSC_SUITE_AES_CM_128_HMAC_SHA1_80, QSC_SUITE_PLAIN, QSC_SUITE_PLAIN,
	};

	if (f->full)
		return i ? QSC_SUITE_PLAIN : QSC_SUITE_AEAD_AES_256_GCM;
	if (ONE_IN(f, relay ? 20 : 8))
		return rng_range(&f->rng, 1, QSC_SUITE_MAX);
	return usual[rng_below(&f->rng, relay ? sizeof(usual) / sizeof(*usual) : 2)];
}

static void make_plan(struct nf *f, struct plan *p)
{
	bool relay = MAYBE(f, 2);
	int i;

	nf_any_id(f, p->id);
	p->legs = relay ? QSC_LEGS_MAX + RARELY(f, 40) : 1;
	p->ports = relay ? RELAY_PORTS : FEW_PORTS;
	for (i = 0; i < p->legs; i++)
		p->suite[i] = any_suite(f, relay, i);
}

void nf_gen_new(struct nf *f, struct nlr_msg *m)
{
	struct plan p;

	make_plan(f, &p);
	put_call(f, m, NL_ROOT, &p);
}

/* ------------------------------------------------------------- calls-new */

/* Whichever of many calls is refused, none is made. */
static void make_good_plan(struct nf *f, struct plan *p)
{
	int tries = 10;

	make_plan(f, p);
	while (tries-- && nm_find(&f->model, p->id))
		nf_any_id(f, p->id);
	if (!RARELY(f, 6))
		p->ports = MANY_PORTS;
}

static void put_key(struct nf *f, struct nlr_msg *m, int op, const struct plan *p, int leg,
		    uint32_t dir, struct secrets *s)
{
	struct qsc_key key = {
		.leg = RARELY(f, 50) ? p->legs : leg,
		.dir = dir,
		.suite = RARELY(f, 50) ? rng_range(&f->rng, 1, QSC_SUITE_MAX) : p->suite[leg],
	};

	if (m->nodes + ROOM > NL_NODES ||
	    s->len + QSC_MASTER_KEY_MAX + QSC_MASTER_SALT_MAX > SEAL_SECRETS_MAX)
		return;
	nf_put_key(f, m, op, NULL, &key);
	memcpy(s->bytes + s->len, key.master, key.master_len);
	s->len += key.master_len;
	memcpy(s->bytes + s->len, key.salt, key.salt_len);
	s->len += key.salt_len;
}

static void put_op(struct nf *f, struct nlr_msg *m, struct secrets *s)
{
	int op = nlr_nest(m, NL_ROOT, QSC_A_CALL_OP);
	uint32_t dir;
	struct plan p;
	int i;

	make_good_plan(f, &p);
	/* the last one counts, and who is named by this one may not be harmed */
	if (RARELY(f, 12))
		nlr_put_str(m, op, QSC_A_CALL_ID, f->model.call[0].id);
	put_call(f, m, op, &p);
	for (i = 0; i < p.legs; i++) {
		if (p.suite[i] == QSC_SUITE_PLAIN && !RARELY(f, 40))
			continue;
		for (dir = QSC_DIR_TX; dir <= QSC_DIR_RX; dir++) {
			if (!RARELY(f, 6))
				put_key(f, m, op, &p, i, dir, s);
			if (RARELY(f, 15))
				put_key(f, m, op, &p, i, dir, s);
		}
	}
}

/* Not as many as the calls name. */
static void miscount(struct nf *f, struct secrets *s)
{
	int len = s->len + (int)rng_below(&f->rng, 61) - 30;

	len = max(0, min(len, SEAL_SECRETS_MAX));
	if (len > s->len)
		rng_fill(&f->rng, s->bytes + s->len, len - s->len);
	s->len = len;
}

void nf_gen_batch(struct nf *f, struct nlr_msg *m)
{
	int n = f->full ? 1 : rng_range(&f->rng, 1, BATCH);
	struct secrets s = {};

	while (n-- && m->nodes + ROOM <= NL_NODES)
		put_op(f, m, &s);
	if (RARELY(f, 15))
		miscount(f, &s);
	do {
		if (s.len || RARELY(f, 8))
			seal_put_batch(&f->model.seal, m, s.bytes, s.len);
	} while (RARELY(f, 30));
}
