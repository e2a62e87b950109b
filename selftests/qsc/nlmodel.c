// SPDX-License-Identifier: GPL-2.0
/* What has to come of netlink messages: the handlers' part, and the table. */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "../lib/ksft.h"
#include "nlmodel.h"
#include "nlpolicy.h"

struct nm_call *nm_find(const struct nm_model *m, const char *id)
{
	int i;

	for (i = 0; i < NM_CALLS; i++)
		if (m->call[i].used && !strcmp(m->call[i].id, id))
			return (struct nm_call *)&m->call[i];
	return NULL;
}

int nm_get_id(const struct nlattr *a, char *id)
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

bool nm_is_soon(uint32_t seconds)
{
	return seconds && seconds < NM_FAR;
}

static int judge_set(const struct nm_model *m, const struct nlattr * const *tb,
		     struct nm_verdict *v)
{
	char id[NM_NAME];
	int err;

	err = nm_get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	v->call = nm_find(m, id);
	if (!v->call)
		return -ENOENT;
	v->timeout = nlp_u32(tb[QSC_A_CALL_TIMEOUT], v->call->timeout);
	v->lifetime = nlp_u32(tb[QSC_A_CALL_LIFETIME], v->call->lifetime);
	v->too_soon = nm_is_soon(v->timeout) || nm_is_soon(v->lifetime);
	return 0;
}

/* Some more calls that go with the first one, or stay if one of them is not there. */
static int judge_del(const struct nm_model *m, const struct nlattr * const *tb, const void *attrs,
		     int left, struct nm_verdict *v)
{
	const struct nlattr *a;
	char id[NM_NAME];
	int err;

	err = nm_get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	v->call = nm_find(m, id);
	for (a = attrs; nlp_ok(a, left); a = nlp_next(a, &left)) {
		if (nlp_type(a) != QSC_A_CALL_MORE)
			continue;
		if (nm_get_id(a, id))
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

	err = nm_get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	v->reason = nlp_u32(tb[QSC_A_CALL_REASON], QSC_ERASE_REASON_REQUEST);
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
	err = nm_get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	v->call = nm_find(m, id);
	return v->call ? 0 : -ENOENT;
}

/* Requests that name a call and have a nest about its keys. */
static int judge_keys(const struct nm_model *m, const struct nlattr * const *tb,
		      struct nm_verdict *v)
{
	const struct nlattr *nest = tb[QSC_A_CALL_SESSION];
	char id[NM_NAME];
	int err;

	err = nm_get_id(tb[QSC_A_CALL_ID], id);
	if (err)
		return err;
	if (v->cmd == QSC_CMD_KEY_SET)
		return nm_judge_key(m, tb[QSC_A_CALL_KEY], id, v);
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
		return nm_judge_new(m, s, attrs, len, v);
	case QSC_CMD_CALLS_NEW:
		return nm_judge_batch(m, s, attrs, len, v);
	case QSC_CMD_CALL_DEL:
		return judge_del(m, tb, attrs, len, v);
	case QSC_CMD_KEY_ERASE:
		return judge_erase(m, tb, v);
	case QSC_CMD_CALL_SET:
		return judge_set(m, tb, v);
	case QSC_CMD_KEY_SET:
	case QSC_CMD_SESSION_SET:
	case QSC_CMD_SESSION_ACTIVATE:
		return judge_keys(m, tb, v);
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
	if (v->dump && v->cmd != QSC_CMD_CALL_GET && v->cmd != QSC_CMD_STATS_GET) {
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

static void erase(struct nm_call *c, uint32_t reason)
{
	int i;

	if (c->state == QSC_CALL_STATE_ERASED)
		return;
	c->state = QSC_CALL_STATE_ERASED;
	c->reason = reason;
	for (i = 0; i < c->legs; i++) {
		c->leg[i].dir[0].keyed = false;
		c->leg[i].dir[1].keyed = false;
		c->leg[i].parked = false;
	}
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
	case QSC_CMD_CALLS_NEW:
		for (i = 0; i < v->made; i++)
			add(m, &v->fresh[i]);
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
