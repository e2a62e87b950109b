// SPDX-License-Identifier: GPL-2.0
/* What has to come of netlink messages: the handlers' part, and the table. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "../lib/ksft.h"
#include "nlmodel.h"
#include "nlpolicy.h"

static uint32_t u32(const struct nlattr *a, uint32_t otherwise)
{
	uint32_t v;

	if (!a)
		return otherwise;
	memcpy(&v, a + 1, sizeof(v));
	return v;
}

/* Ports are in network byte order. */
static uint16_t port(const struct nlattr *a)
{
	uint16_t v;

	if (!a)
		return 0;
	memcpy(&v, a + 1, sizeof(v));
	return ntohs(v);
}

static int bytes(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}

struct nm_call *nm_find(const struct nm_model *m, const char *id)
{
	int i;

	for (i = 0; i < NM_CALLS; i++)
		if (m->call[i].used && !strcmp(m->call[i].id, id))
			return (struct nm_call *)&m->call[i];
	return NULL;
}

/* 0 or the error. */
static int get_id(const struct nlattr *a, char *id)
{
	const char *c;

	if (!a)
		return -EINVAL;
	/* the policy has seen the end of it */
	snprintf(id, NM_NAME, "%s", (const char *)(a + 1));
	for (c = id; *c; c++)
		if (!isascii(*c) || !isgraph(*c))
			return -EINVAL;
	return *id ? 0 : -EINVAL;
}

static bool is_host(const uint8_t *p, int n)
{
	static const uint8_t zero[16], mapped[12] = { [10] = 0xff, 0xff };

	if (n == 4)
		return memcmp(p, zero, 4) && (p[0] & 0xf0) != 0xe0 &&
		       memcmp(p, "\xff\xff\xff\xff", 4);
	return memcmp(p, zero, 16) && p[0] != 0xff && memcmp(p, mapped, 12);
}

static bool get_end(uint8_t *addr, int *n, uint16_t *p, const struct nlattr *a,
		    const struct nlattr *port_attr)
{
	if (!a || !port_attr)
		return false;
	*p = port(port_attr);
	*n = bytes(a);
	if (!*p || (*n != 4 && *n != 16))
		return false;
	memcpy(addr, a + 1, *n);
	return is_host(addr, *n);
}

static int get_leg(const struct nm_model *m, const struct nlattr *nest, struct nm_call *c)
{
	struct nm_tuple *rtp = &c->tuple[0], *rtcp = &c->tuple[1];
	const struct nlattr *tb[QSC_A_LEG_MAX + 1];
	const struct nlattr *local, *remote;
	int n;

	nlp_parse(tb, QSC_A_LEG_MAX, nest + 1, bytes(nest));
	if (!get_end(rtp->local, &rtp->addr_len, &rtp->local_port, tb[QSC_A_LEG_LOCAL_ADDR],
		     tb[QSC_A_LEG_LOCAL_PORT]) ||
	    !get_end(rtp->remote, &n, &rtp->remote_port, tb[QSC_A_LEG_REMOTE_ADDR],
		     tb[QSC_A_LEG_REMOTE_PORT]) ||
	    n != rtp->addr_len)
		return -EINVAL;
	if (rtp->local_port == rtp->remote_port && !memcmp(rtp->local, rtp->remote, n))
		return -EINVAL;
	c->tuples = 1;
	local = tb[QSC_A_LEG_LOCAL_RTCP_PORT];
	remote = tb[QSC_A_LEG_REMOTE_RTCP_PORT];
	if (!local != !remote)
		return -EINVAL;
	if (local) {
		*rtcp = *rtp;
		rtcp->local_port = port(local);
		rtcp->remote_port = port(remote);
		if (!rtcp->local_port || !rtcp->remote_port ||
		    rtcp->local_port == rtp->local_port)
			return -EINVAL;
		c->tuples = 2;
	}
	c->suite = u32(tb[QSC_A_LEG_SUITE], QSC_SUITE_AEAD_AES_256_GCM);
	return m->suite[c->suite] ? 0 : -EOPNOTSUPP;
}

static bool same_tuple(const struct nm_tuple *a, const struct nm_tuple *b)
{
	return a->addr_len == b->addr_len && a->local_port == b->local_port &&
	       a->remote_port == b->remote_port && !memcmp(a->local, b->local, a->addr_len) &&
	       !memcmp(a->remote, b->remote, a->addr_len);
}

static bool in_use(const struct nm_model *m, const struct nm_call *c)
{
	int i, j, k;

	for (i = 0; i < NM_CALLS; i++)
		for (j = 0; m->call[i].used && j < m->call[i].tuples; j++)
			for (k = 0; k < c->tuples; k++)
				if (same_tuple(&m->call[i].tuple[j], &c->tuple[k]))
					return true;
	return false;
}

static bool soon(uint32_t seconds)
{
	return seconds && seconds < NM_FAR;
}

static int judge_new(const struct nm_model *m, const struct nlr_sock *s,
		     const struct nlattr * const *tb, int legs, struct nm_verdict *v)
{
	struct nm_call *c = &v->fresh;
	int err;

	memset(c, 0, sizeof(*c));
	c->used = true;
	c->state = QSC_CALL_STATE_NEW;
	c->flags = u32(tb[QSC_A_CALL_FLAGS], 0);
	c->role = u32(tb[QSC_A_CALL_ROLE], 0);
	c->timeout = u32(tb[QSC_A_CALL_TIMEOUT], 0);
	c->lifetime = u32(tb[QSC_A_CALL_LIFETIME], 0);
	c->window = u32(tb[QSC_A_CALL_WINDOW], QSC_WINDOW_DEFAULT);
	c->owner = c->flags & QSC_CALL_FLAGS_BOUND ? s->portid : 0;
	err = get_id(tb[QSC_A_CALL_ID], c->id);
	if (err)
		return err;
	if (!legs)
		return -EINVAL;
	if (legs > 1)
		return -EOPNOTSUPP;
	err = get_leg(m, tb[QSC_A_CALL_LEG], c);
	if (err)
		return err;
	if (nm_find(m, c->id))
		return -EEXIST;
	if (in_use(m, c))
		return -EADDRINUSE;
	v->too_soon = soon(c->timeout) || soon(c->lifetime);
	v->full = m->calls == NM_CALLS;
	return 0;
}

/* Is there all of it, and has it the length? */
static bool is_sealed(const struct nlattr *nest, uint32_t suite)
{
	static const int lens[QSC_SUITE_MAX + 1] = {
		[QSC_SUITE_AEAD_AES_256_GCM] = 32 + 12,
		[QSC_SUITE_AEAD_AES_128_GCM] = 16 + 12,
		[QSC_SUITE_AEAD_SM4_GCM] = 16 + 12,
		[QSC_SUITE_AES_CM_128_HMAC_SHA1_80] = 16 + 14,
	};
	const struct nlattr *tb[QSC_A_SEAL_MAX + 1];

	nlp_parse(tb, QSC_A_SEAL_MAX, nest + 1, bytes(nest));
	return tb[QSC_A_SEAL_ID] && tb[QSC_A_SEAL_PUBLIC] && tb[QSC_A_SEAL_BOX] &&
	       bytes(tb[QSC_A_SEAL_BOX]) == lens[suite] + QSC_SEAL_TAG_LEN;
}

/* What can be wrong with a key whatever the call is. */
static int get_key(const struct nlattr *nest, const struct nlattr **tb, struct nm_key *k)
{
	const struct nlattr *roc[QSC_A_ROC_MAX + 1], *a;
	uint32_t suite;
	int left, i;

	nlp_parse(tb, QSC_A_KEY_MAX, nest + 1, bytes(nest));
	if (!tb[QSC_A_KEY_DIR] || !tb[QSC_A_KEY_SUITE] || !tb[QSC_A_KEY_SEALED])
		return -EINVAL;
	suite = u32(tb[QSC_A_KEY_SUITE], 0);
	k->dir = u32(tb[QSC_A_KEY_DIR], 0);
	k->overlap_ms = u32(tb[QSC_A_KEY_OVERLAP], QSC_OVERLAP_DEFAULT_MS);
	k->mki_len = tb[QSC_A_KEY_MKI] ? bytes(tb[QSC_A_KEY_MKI]) : 0;
	if (k->mki_len)
		memcpy(k->mki, tb[QSC_A_KEY_MKI] + 1, k->mki_len);
	if (!is_sealed(tb[QSC_A_KEY_SEALED], suite))
		return -EINVAL;
	k->ssrcs = 0;
	for (a = nest + 1, left = bytes(nest); nlp_ok(a, left); a = nlp_next(a, &left)) {
		if ((a->nla_type & NLA_TYPE_MASK) != QSC_A_KEY_ROC)
			continue;
		if (k->ssrcs == QSC_KEY_ROC_MAX)
			return -EINVAL;
		nlp_parse(roc, QSC_A_ROC_MAX, a + 1, bytes(a));
		if (!roc[QSC_A_ROC_SSRC] || !roc[QSC_A_ROC_VALUE])
			return -EINVAL;
		k->ssrc[k->ssrcs] = u32(roc[QSC_A_ROC_SSRC], 0);
		for (i = 0; i < k->ssrcs; i++)
			if (k->ssrc[i] == k->ssrc[k->ssrcs])
				return -EINVAL;
		k->ssrcs++;
	}
	return 0;
}

/* Entries that only keys used that are gone make room: RFC 3711 lets them. */
static int evictable(const struct nm_dir *d)
{
	int i, n = 0;

	for (i = 0; i < d->ssrcs; i++)
		n += d->ssrc[i].generation + 1 < d->generation;
	return n;
}

static int judge_rocs(const struct nm_dir *d, const struct nm_key *k)
{
	int i, j;

	for (i = 0; i < k->ssrcs; i++)
		for (j = 0; j < d->ssrcs; j++)
			if (d->ssrc[j].ssrc == k->ssrc[i])
				return -EEXIST;
	return d->ssrcs + k->ssrcs - evictable(d) > NM_SSRCS ? -ENOSPC : 0;
}

static int judge_seal(const struct nm_model *m, const struct nlattr * const *key, const char *id,
		      struct nm_verdict *v)
{
	struct qsc_key k = {
		.leg = key[QSC_A_KEY_LEG] ? *(const uint8_t *)(key[QSC_A_KEY_LEG] + 1) : 0,
		.dir = v->key.dir,
		.suite = u32(key[QSC_A_KEY_SUITE], 0),
		.mki_len = v->key.mki_len,
	};

	memcpy(k.mki, v->key.mki, v->key.mki_len);
	return seal_judge_key(&m->seal, key[QSC_A_KEY_SEALED], id, &k, &v->or_err);
}

static int judge_key(const struct nm_model *m, const struct nlattr * const *tb,
		     struct nm_verdict *v)
{
	const struct nlattr *key[QSC_A_KEY_MAX + 1];
	struct nm_key *k = &v->key;
	const struct nm_dir *d;
	char id[NM_NAME];
	int err;

	err = get_id(tb[QSC_A_CALL_ID], id);
	if (!err)
		err = tb[QSC_A_CALL_KEY] ? get_key(tb[QSC_A_CALL_KEY], key, k) : -EINVAL;
	if (!err)
		err = judge_seal(m, key, id, v);
	if (err)
		return err;
	v->call = nm_find(m, id);
	if (!v->call || (key[QSC_A_KEY_LEG] && *(const uint8_t *)(key[QSC_A_KEY_LEG] + 1)))
		return -ENOENT;
	if (v->call->suite != u32(key[QSC_A_KEY_SUITE], 0) ||
	    v->call->state == QSC_CALL_STATE_ERASED)
		return -EINVAL;
	d = &v->call->dir[k->dir - 1];
	if (d->generation && d->mki_len != k->mki_len)
		return -EINVAL;
	if (d->keyed && k->mki_len && !memcmp(d->mki, k->mki, k->mki_len))
		return -EEXIST;
	if (k->dir == QSC_DIR_TX && v->call->parked &&
	    k->mki_len == v->call->parked_key.mki_len &&
	    !memcmp(v->call->parked_key.mki, k->mki, k->mki_len))
		return -EEXIST;
	if (d->has_old && !memcmp(d->old_mki, k->mki, k->mki_len))
		v->or_err = -EEXIST;
	return judge_rocs(d, k);
}

static int judge_set(const struct nm_model *m, const struct nlattr * const *tb,
		     struct nm_verdict *v)
{
	char id[NM_NAME];
	int err;

	err = get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	v->call = nm_find(m, id);
	if (!v->call)
		return -ENOENT;
	v->timeout = u32(tb[QSC_A_CALL_TIMEOUT], v->call->timeout);
	v->lifetime = u32(tb[QSC_A_CALL_LIFETIME], v->call->lifetime);
	v->too_soon = soon(v->timeout) || soon(v->lifetime);
	return 0;
}

/* Some more calls that go with the first one, or stay if one of them is not there. */
static int judge_del(const struct nm_model *m, const struct nlattr * const *tb, const void *attrs,
		     int left, struct nm_verdict *v)
{
	const struct nlattr *a;
	char id[NM_NAME];
	int err;

	err = get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	v->call = nm_find(m, id);
	for (a = attrs; nlp_ok(a, left); a = nlp_next(a, &left)) {
		if ((a->nla_type & NLA_TYPE_MASK) != QSC_A_CALL_MORE)
			continue;
		if (get_id(a, id))
			return -EINVAL;
		if (!nm_find(m, id))
			v->call = NULL;
		else if (v->mores < NM_CALLS)
			v->more[v->mores++] = nm_find(m, id);
		else
			v->full = true;
	}
	return v->call ? 0 : -ENOENT;
}

static int judge_erase(const struct nm_model *m, const struct nlattr * const *tb,
		       struct nm_verdict *v)
{
	char id[NM_NAME];
	int err;

	err = get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	v->reason = u32(tb[QSC_A_CALL_REASON], QSC_ERASE_REASON_REQUEST);
	if (v->reason != QSC_ERASE_REASON_REQUEST && v->reason != QSC_ERASE_REASON_REVOKED)
		return -EINVAL;
	v->call = nm_find(m, id);
	return v->call ? 0 : -ENOENT;
}

/* Requests that name a call and say nothing more of it. */
static int judge_call(const struct nm_model *m, const struct nlattr * const *tb,
		      struct nm_verdict *v)
{
	char id[NM_NAME];
	int err;

	if (v->cmd == QSC_CMD_STATS_GET && !tb[QSC_A_CALL_ID])
		return 0;
	err = get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	v->call = nm_find(m, id);
	return v->call ? 0 : -ENOENT;
}

static int judge_session(const struct nm_model *m, const struct nlattr * const *tb,
			 struct nm_verdict *v)
{
	const struct nlattr *nest = tb[QSC_A_CALL_SESSION];
	char id[NM_NAME];
	int err;

	err = get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	if (v->cmd == QSC_CMD_SESSION_SET)
		return nm_judge_session(m, nest, id, v);
	return nm_judge_activate(m, nest, id, v);
}

static int judge_handler(const struct nm_model *m, const struct nlr_sock *s,
			 const struct nlattr * const *tb, const void *attrs, int len,
			 struct nm_verdict *v)
{
	switch (v->cmd) {
	case QSC_CMD_CALL_NEW:
		return judge_new(m, s, tb, nlp_count(attrs, len, QSC_A_CALL_LEG), v);
	case QSC_CMD_CALL_DEL:
		return judge_del(m, tb, attrs, len, v);
	case QSC_CMD_KEY_ERASE:
		return judge_erase(m, tb, v);
	case QSC_CMD_KEY_SET:
		return judge_key(m, tb, v);
	case QSC_CMD_CALL_SET:
		return judge_set(m, tb, v);
	case QSC_CMD_SESSION_SET:
	case QSC_CMD_SESSION_ACTIVATE:
		return judge_session(m, tb, v);
	case QSC_CMD_INFO_GET:
	case QSC_CMD_SEAL_GET:
	case QSC_CMD_CALL_FLUSH:
		return 0;
	default:
		return judge_call(m, tb, v);
	}
}

static bool has_reply(uint8_t cmd)
{
	return cmd == QSC_CMD_INFO_GET || cmd == QSC_CMD_CALL_GET || cmd == QSC_CMD_STATS_GET ||
	       cmd == QSC_CMD_CALL_FLUSH || cmd == QSC_CMD_SEAL_GET;
}

/* Netlink is strict with the headers of families that have always been so. */
static bool bad_header(const struct nlmsghdr *nh, const uint8_t *buf)
{
	uint16_t flags = nh->nlmsg_flags;
	struct genlmsghdr gh;

	memcpy(&gh, buf + NLMSG_HDRLEN, sizeof(gh));
	if ((flags & NLM_F_DUMP) == NLM_F_DUMP)
		flags &= ~NLM_F_DUMP;
	return gh.reserved || flags & ~(NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO);
}

static void refuse(struct nm_verdict *v, enum nm_by by, int err)
{
	v->by = by;
	v->err = err;
}

void nm_judge(const struct nm_model *m, const struct nlr_sock *s, const uint8_t *buf, int left,
	      struct nm_verdict *v)
{
	const struct nlattr *tb[QSC_A_CALL_MAX + 1];
	struct nlmsghdr nh;
	int attrs;

	memset(v, 0, offsetof(struct nm_verdict, fresh));
	memcpy(&nh, buf, sizeof(nh));
	if (nh.nlmsg_len < NLMSG_HDRLEN || nh.nlmsg_len > (uint32_t)left) {
		v->silent = true;
		return;
	}
	if (!(nh.nlmsg_flags & NLM_F_REQUEST) || nh.nlmsg_type < NLMSG_MIN_TYPE) {
		v->ack_only = true;
		return;
	}
	if (nh.nlmsg_type != m->family)
		return refuse(v, NM_BY_CORE, -ENOENT);
	if (nh.nlmsg_len < NL_HDR)
		return refuse(v, NM_BY_CORE, -EINVAL);
	v->cmd = buf[NLMSG_HDRLEN];
	v->dump = (nh.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	if (bad_header(&nh, buf))
		return refuse(v, NM_BY_CORE, -EINVAL);
	if (!nlp_known(v->cmd))
		return refuse(v, NM_BY_CORE, -EOPNOTSUPP);
	if (v->dump && v->cmd != QSC_CMD_CALL_GET) {
		/* newer kernels look for the operation first */
		v->or_err = s->nobody ? -EPERM : 0;
		return refuse(v, NM_BY_CORE, -EOPNOTSUPP);
	}
	if (s->nobody)
		return refuse(v, NM_BY_CORE, -EPERM);
	attrs = nh.nlmsg_len - NL_HDR;
	if (!nlp_valid(v->cmd, buf + NL_HDR, attrs))
		return refuse(v, NM_BY_POLICY, -EINVAL);
	v->by = NM_BY_HANDLER;
	if (v->dump)
		return;
	nlp_parse(tb, QSC_A_CALL_MAX, buf + NL_HDR, attrs);
	v->err = judge_handler(m, s, tb, buf + NL_HDR, attrs, v);
	v->replies = has_reply(v->cmd);
}

static void evict(struct nm_dir *d)
{
	int i;

	for (i = 0; i < d->ssrcs; i++) {
		if (d->ssrc[i].generation + 1 >= d->generation)
			continue;
		d->ssrc[i] = d->ssrc[--d->ssrcs];
		return;
	}
}

void nm_commit_key(struct nm_call *c, const struct nm_key *k)
{
	struct nm_dir *d = &c->dir[k->dir - 1];
	int i;

	while (d->ssrcs + k->ssrcs > NM_SSRCS)
		evict(d);
	for (i = 0; i < k->ssrcs; i++)
		d->ssrc[d->ssrcs++] = (struct nm_ssrc){ k->ssrc[i], d->generation };
	if (d->keyed && k->dir == QSC_DIR_RX && k->mki_len && k->overlap_ms) {
		d->has_old = true;
		memcpy(d->old_mki, d->mki, d->mki_len);
	}
	d->generation++;
	d->keyed = true;
	d->mki_len = k->mki_len;
	memcpy(d->mki, k->mki, k->mki_len);
	if (c->dir[0].keyed && c->dir[1].keyed)
		c->state = QSC_CALL_STATE_SECURE;
}

static void erase(struct nm_call *c, uint32_t reason)
{
	if (c->state == QSC_CALL_STATE_ERASED)
		return;
	c->state = QSC_CALL_STATE_ERASED;
	c->reason = reason;
	c->dir[0].keyed = false;
	c->dir[1].keyed = false;
	c->parked = false;
}

static void forget(struct nm_model *m, struct nm_call *c)
{
	m->calls -= c->used;
	c->used = false;
}

static void add(struct nm_model *m, const struct nm_call *fresh)
{
	int i;

	for (i = 0; m->call[i].used; i++)
		;
	m->call[i] = *fresh;
	m->calls++;
}

void nm_commit(struct nm_model *m, const struct nm_verdict *v)
{
	int i;

	if (v->dump || v->ack_only)
		return;
	switch (v->cmd) {
	case QSC_CMD_CALL_NEW:
		add(m, &v->fresh);
		return;
	case QSC_CMD_CALL_DEL:
		forget(m, v->call);
		for (i = 0; i < v->mores; i++)
			forget(m, v->more[i]);
		return;
	case QSC_CMD_CALL_SET:
		v->call->timeout = v->timeout;
		v->call->lifetime = v->lifetime;
		return;
	case QSC_CMD_CALL_FLUSH:
		memset(m->call, 0, sizeof(m->call));
		m->calls = 0;
		m->seal.id = 0;
		return;
	case QSC_CMD_KEY_SET:
		nm_commit_key(v->call, &v->key);
		return;
	case QSC_CMD_SESSION_SET:
		nm_commit_session(v);
		return;
	case QSC_CMD_SESSION_ACTIVATE:
		nm_commit_activate(v);
		return;
	case QSC_CMD_KEY_ERASE:
		erase(v->call, v->reason);
		return;
	}
}

void nm_close(struct nm_model *m, uint32_t portid)
{
	int i;

	for (i = 0; i < NM_CALLS; i++)
		if (m->call[i].used && m->call[i].flags & QSC_CALL_FLAGS_BOUND &&
		    m->call[i].owner == portid)
			erase(&m->call[i], QSC_ERASE_REASON_OWNER);
}
