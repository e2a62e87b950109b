// SPDX-License-Identifier: GPL-2.0
/* Requests for the netlink fuzzer: a walk through the states of calls. */
#include <stdio.h>
#include <string.h>

#include "nlfuzz.h"

/* Those of one length are more likely to be met again. */
void nf_any_id(struct nf *f, char *id)
{
	int n = rng_below(&f->rng, NF_IDS);

	if (n == 0)
		snprintf(id, NM_NAME, "%0*d", QSC_CALL_ID_MAX, 7);
	else
		snprintf(id, NM_NAME, "%c%d@fuzz", "!azAZ~"[n % 6], n);
}

static struct nm_call *any_call(struct nf *f)
{
	int i = rng_below(&f->rng, NM_CALLS);
	int n;

	for (n = 0; n < NM_CALLS; n++, i = (i + 1) % NM_CALLS)
		if (f->model.call[i].used)
			return &f->model.call[i];
	return NULL;
}

/* Mostly of a call that is there. */
static void some_id(struct nf *f, char *id)
{
	const struct nm_call *c = any_call(f);

	if (c && !ONE_IN(f, 6))
		memcpy(id, c->id, NM_NAME);
	else
		nf_any_id(f, id);
}

/* What may not come out again has the marker in it, all over. */
static void fill_secret(struct nf *f, uint8_t *secret, int len)
{
	int i;

	rng_fill(&f->rng, secret, len);
	for (i = 0; i + NF_MARKER_LEN <= len; i += NF_MARKER_LEN)
		memcpy(secret + i, NF_MARKER, NF_MARKER_LEN);
}

static void put_rocs(struct nf *f, struct nlr_msg *m, int key, const struct nm_dir *d)
{
	int n = f->full ? 2 : rng_range(&f->rng, 1, ONE_IN(f, 4) ? QSC_KEY_ROC_MAX : 3);
	uint32_t ssrc;
	int nest;

	while (n--) {
		ssrc = f->ssrc++;
		/* one that is known, and that no key's end has made room of */
		if (d && d->ssrcs && ONE_IN(f, 20) &&
		    d->ssrc[d->ssrcs - 1].generation + 1 >= d->generation)
			ssrc = d->ssrc[d->ssrcs - 1].ssrc;
		nest = nlr_nest(m, key, QSC_A_KEY_ROC);
		if (nest < 0)
			return;
		nlr_put_u32(m, nest, QSC_A_ROC_SSRC, ssrc);
		nlr_put_u32(m, nest, QSC_A_ROC_VALUE, rng_u64(&f->rng));
	}
}

static void put_mki(struct nf *f, struct nlr_msg *m, int nest, const struct nm_dir *d,
		    struct qsc_key *key)
{
	static const int lens[] = { 0, 0, 4, 4, 8, 128 };
	uint8_t mki[QSC_MKI_MAX];
	int len = lens[rng_below(&f->rng, sizeof(lens) / sizeof(*lens))];

	if (d && d->generation && !ONE_IN(f, 10))
		len = d->mki_len;
	rng_fill(&f->rng, mki, len);
	if (d && d->keyed && len == d->mki_len && ONE_IN(f, 10))
		memcpy(mki, d->mki, len);
	if (len || MAYBE(f, 10))
		nlr_put(m, nest, QSC_A_KEY_MKI, mki, len);
	key->mki_len = len;
	memcpy(key->mki, mki, len);
}

int nf_put_key(struct nf *f, struct nlr_msg *m, int parent, const struct nm_dir *d,
	       struct qsc_key *key)
{
	int nest = nlr_nest(m, parent, QSC_A_CALL_KEY);

	nlr_put_u32(m, nest, QSC_A_KEY_DIR, key->dir);
	nlr_put_u32(m, nest, QSC_A_KEY_SUITE, key->suite);
	if (key->leg || MAYBE(f, 4))
		nlr_put_u8(m, nest, QSC_A_KEY_LEG, key->leg);
	put_mki(f, m, nest, d, key);
	qsc_suite_lengths(key->suite, &key->master_len, &key->salt_len);
	fill_secret(f, key->master, sizeof(key->master));
	fill_secret(f, key->salt, sizeof(key->salt));
	if (MAYBE(f, 4))
		put_rocs(f, m, nest, d);
	if (MAYBE(f, 3))
		nlr_put_u32(m, nest, QSC_A_KEY_OVERLAP,
			    rng_below(&f->rng, QSC_OVERLAP_MAX_MS + 1));
	return nest;
}

/* Mostly one that the call has, and that takes keys. */
static int any_leg(struct nf *f, const struct nm_call *c)
{
	int i = rng_below(&f->rng, c && !ONE_IN(f, 20) ? c->legs : QSC_LEGS_MAX);

	if (c && c->legs > 1 && c->leg[i].suite == QSC_SUITE_PLAIN && !ONE_IN(f, 8))
		return !i;
	return i;
}

static void gen_key(struct nf *f, struct nlr_msg *m)
{
	const struct nm_call *c = any_call(f);
	struct qsc_key key = {
		.leg = any_leg(f, c),
		.dir = rng_range(&f->rng, QSC_DIR_TX, QSC_DIR_RX),
		.suite = rng_range(&f->rng, 1, QSC_SUITE_MAX),
	};
	const struct nm_dir *d = NULL;
	char id[NM_NAME];
	int nest;

	if (c && key.leg < c->legs) {
		d = &c->leg[key.leg].dir[key.dir - 1];
		if (!ONE_IN(f, 10))
			key.suite = c->leg[key.leg].suite;
	}
	nf_any_id(f, id);
	if (c && !ONE_IN(f, 10))
		memcpy(id, c->id, NM_NAME);
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, id);
	nest = nf_put_key(f, m, NL_ROOT, d, &key);
	seal_put_key(&f->model.seal, m, nest, id, &key);
}

static void gen_session(struct nf *f, struct nlr_msg *m)
{
	const struct nm_call *c = any_call(f);
	struct qsc_session s = {
		.leg = any_leg(f, c),
		.role = c && c->role && !ONE_IN(f, 10) ? c->role : rng_range(&f->rng, 1, 2),
		.caller = "alice@fuzz",
		.callee = ONE_IN(f, 4) ? "b" : "+8613800000002",
		.suite = rng_range(&f->rng, 1, QSC_SUITE_MAX),
		.epoch = rng_below(&f->rng, 3),
		.hold = MAYBE(f, 2),
		.has_overlap = MAYBE(f, 3),
		.overlap_ms = rng_below(&f->rng, QSC_OVERLAP_MAX_MS + 1),
	};
	const struct nm_leg *l = c && s.leg < c->legs ? &c->leg[s.leg] : NULL;
	char id[NM_NAME];
	int nest;

	if (l && !ONE_IN(f, 10))
		s.suite = l->suite;
	if (l && l->has_epoch)
		s.epoch = l->epoch + !ONE_IN(f, 10);
	nf_any_id(f, id);
	if (c && !ONE_IN(f, 10))
		memcpy(id, c->id, NM_NAME);
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, id);
	fill_secret(f, s.dist, sizeof(s.dist));
	fill_secret(f, s.exporter, sizeof(s.exporter));
	seal_wrap(&s, id, rng_u64(&f->rng));
	nest = seal_put_session(&f->model.seal, m, id, &s);
	if (!s.leg && MAYBE(f, 4))
		nlr_put_u8(m, nest, QSC_A_SESSION_LEG, 0);
}

/* A leg whose next key waits, if there is one. */
static const struct nm_call *any_parked(struct nf *f, int *leg)
{
	const struct nm_call *c;
	int n;

	for (n = 0; n < NM_CALLS; n++) {
		c = any_call(f);
		*leg = any_leg(f, c);
		if (c && c->leg[*leg].parked)
			return c;
	}
	return NULL;
}

static void gen_activate(struct nf *f, struct nlr_msg *m)
{
	const struct nm_call *c;
	char id[NM_NAME];
	int leg, nest;

	some_id(f, id);
	c = any_parked(f, &leg);
	if (c && !ONE_IN(f, 4))
		memcpy(id, c->id, NM_NAME);
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, id);
	if (!leg && RARELY(f, 3))
		return;
	nest = nlr_nest(m, NL_ROOT, QSC_A_CALL_SESSION);
	if (leg || MAYBE(f, 2))
		nlr_put_u8(m, nest, QSC_A_SESSION_LEG, leg);
}

static void gen_set(struct nf *f, struct nlr_msg *m)
{
	char id[NM_NAME];

	some_id(f, id);
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, id);
	if (MAYBE(f, 2))
		nlr_put_u32(m, NL_ROOT, QSC_A_CALL_TIMEOUT, ONE_IN(f, 2) ? 0 :
			   NM_FAR + rng_below(&f->rng, 9999));
	if (MAYBE(f, 2))
		nlr_put_u32(m, NL_ROOT, QSC_A_CALL_LIFETIME, ONE_IN(f, 2) ? 0 :
			   NM_FAR + rng_below(&f->rng, 9999));
}

static void gen_named(struct nf *f, struct nlr_msg *m)
{
	char id[NM_NAME];

	some_id(f, id);
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, id);
}

static void gen_del(struct nf *f, struct nlr_msg *m)
{
	char id[NM_NAME];

	gen_named(f, m);
	while (MAYBE(f, 2)) {
		some_id(f, id);
		nlr_put_str(m, NL_ROOT, QSC_A_CALL_MORE, id);
		if (f->full)
			return;
	}
}

static void gen_erase(struct nf *f, struct nlr_msg *m)
{
	gen_named(f, m);
	if (MAYBE(f, 2))
		nlr_put_u32(m, NL_ROOT, QSC_A_CALL_REASON,
			    ONE_IN(f, 4) ? rng_range(&f->rng, 1, QSC_ERASE_REASON_MAX) :
					   QSC_ERASE_REASON_REVOKED);
}

/* Permille; what ends keys waits for a grace period, and is not for every day. */
static const struct {
	uint8_t cmd;
	int permille;
} walk[] = {
	{ QSC_CMD_CALL_NEW, 200 },
	{ QSC_CMD_CALLS_NEW, 45 },
	{ QSC_CMD_KEY_SET, 160 },
	{ QSC_CMD_SESSION_SET, 75 },
	{ QSC_CMD_SESSION_ACTIVATE, 35 },
	{ QSC_CMD_SEAL_GET, 20 },
	{ QSC_CMD_CALL_SET, 80 },
	{ QSC_CMD_CALL_GET, 115 },
	{ QSC_CMD_STATS_GET, 95 },
	{ QSC_CMD_INFO_GET, 75 },
	{ QSC_CMD_CALL_DEL, 70 },
	{ QSC_CMD_KEY_ERASE, 28 },
	{ QSC_CMD_CALL_FLUSH, 2 },
};

static uint8_t any_command(struct nf *f)
{
	int dice = rng_below(&f->rng, 1000);
	size_t i;

	for (i = 0; i < sizeof(walk) / sizeof(*walk) - 1; i++) {
		dice -= walk[i].permille;
		if (dice < 0)
			break;
	}
	return walk[i].cmd;
}

/* A dump takes a name too, and makes nothing of it; without one, counters are of all. */
static bool may_name(struct nf *f, struct nlr_msg *m)
{
	if (ONE_IN(f, m->cmd == QSC_CMD_CALL_GET ? 3 : 6)) {
		m->flags |= NLM_F_DUMP;
		return MAYBE(f, 4);
	}
	return m->cmd == QSC_CMD_CALL_GET || MAYBE(f, 2);
}

void nf_gen_command(struct nf *f, struct nlr_msg *m, uint8_t cmd)
{
	nlr_start(m, f->model.family, cmd, ONE_IN(f, 8) ? 0 : NLM_F_ACK);
	switch (cmd) {
	case QSC_CMD_CALL_NEW:
		nf_gen_new(f, m);
		return;
	case QSC_CMD_CALLS_NEW:
		nf_gen_batch(f, m);
		return;
	case QSC_CMD_KEY_SET:
		gen_key(f, m);
		return;
	case QSC_CMD_SESSION_SET:
		gen_session(f, m);
		return;
	case QSC_CMD_SESSION_ACTIVATE:
		gen_activate(f, m);
		return;
	case QSC_CMD_CALL_SET:
		gen_set(f, m);
		return;
	case QSC_CMD_CALL_DEL:
		gen_del(f, m);
		return;
	case QSC_CMD_KEY_ERASE:
		gen_erase(f, m);
		return;
	case QSC_CMD_INFO_GET:
	case QSC_CMD_SEAL_GET:
	case QSC_CMD_CALL_FLUSH:
		return;
	case QSC_CMD_CALL_GET:
	case QSC_CMD_STATS_GET:
		if (!may_name(f, m))
			return;
	}
	gen_named(f, m);
}

void nf_gen(struct nf *f, struct nlr_msg *m)
{
	nf_gen_command(f, m, any_command(f));
}
