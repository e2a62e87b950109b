// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Calls: make, look at, change, end. */
#include <errno.h>

#include "internal.h"

/* Less than a socket takes unless told otherwise. */
#define DEL_REQUEST_MAX 32768

struct listing {
	qsc_call_cb cb;
	void *arg;
};

static int put_ip(struct nl_msg *msg, int type, const union qsc_addr *addr)
{
	if (addr->sa.sa_family == AF_INET6)
		return nla_put(msg, type, sizeof(addr->in6.sin6_addr), &addr->in6.sin6_addr);
	return nla_put(msg, type, sizeof(addr->in4.sin_addr), &addr->in4.sin_addr);
}

static int put_addr(struct nl_msg *msg, int addr_type, int port_type, const union qsc_addr *addr)
{
	/* sin_port and sin6_port are at the same place */
	return put_ip(msg, addr_type, addr) || nla_put_u16(msg, port_type, addr->in4.sin_port);
}

static int put_rtcp(struct nl_msg *msg, int type, uint16_t port)
{
	return port ? nla_put_u16(msg, type, htons(port)) : 0;
}

static int put_optional(struct nl_msg *msg, int type, uint32_t value)
{
	return value ? nla_put_u32(msg, type, value) : 0;
}

/* What only the legs of relay calls have. */
static int put_manner(struct nl_msg *msg, const struct qsc_leg_params *leg)
{
	return put_optional(msg, QSC_A_LEG_FLAGS, leg->flags) ||
	       (leg->has_dscp && nla_put_u8(msg, QSC_A_LEG_DSCP, leg->dscp)) ||
	       (leg->ttl && nla_put_u8(msg, QSC_A_LEG_TTL, leg->ttl)) ||
	       put_optional(msg, QSC_A_LEG_CLOCK, leg->clock);
}

/* What does not go together the kernel refuses: nothing is left out here. */
static int put_learn_from(struct nl_msg *msg, const struct qsc_leg_params *leg)
{
	if (leg->learn_from.sa.sa_family &&
	    (put_ip(msg, QSC_A_LEG_LEARN_ADDR, &leg->learn_from) ||
	     nla_put_u8(msg, QSC_A_LEG_LEARN_PREFIX, leg->learn_prefix)))
		return -EMSGSIZE;
	return put_optional(msg, QSC_A_LEG_LEARN_WINDOW, leg->learn_window_s);
}

static int put_remote(struct nl_msg *msg, const struct qsc_leg_params *leg)
{
	if (leg->flags & QSC_LEG_FLAGS_LEARN)
		return put_learn_from(msg, leg);
	return put_addr(msg, QSC_A_LEG_REMOTE_ADDR, QSC_A_LEG_REMOTE_PORT, &leg->remote) ||
	       put_rtcp(msg, QSC_A_LEG_REMOTE_RTCP_PORT, leg->remote_rtcp);
}

static int put_leg(struct nl_msg *msg, unsigned int index, const struct qsc_leg_params *leg)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_LEG);

	if (!nest || nla_put_u8(msg, QSC_A_LEG_INDEX, index) ||
	    put_optional(msg, QSC_A_LEG_SUITE, leg->suite) ||
	    put_addr(msg, QSC_A_LEG_LOCAL_ADDR, QSC_A_LEG_LOCAL_PORT, &leg->local) ||
	    put_rtcp(msg, QSC_A_LEG_LOCAL_RTCP_PORT, leg->local_rtcp) || put_remote(msg, leg) ||
	    put_manner(msg, leg))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int check_leg(struct qsc_sock *sk, const struct qsc_leg_params *leg)
{
	sa_family_t family = leg->local.sa.sa_family;

	if (family != AF_INET && family != AF_INET6)
		return qsc_fail(sk, -EINVAL, "the local address is neither IPv4 nor IPv6");
	if (!(leg->flags & QSC_LEG_FLAGS_LEARN) && family != leg->remote.sa.sa_family)
		return qsc_fail(sk, -EINVAL, "local and remote address are of different families");
	return 0;
}

/* Into a message, or into a nest of one. */
int qsc_call_build(struct qsc_sock *sk, struct nl_msg *msg, const struct qsc_call_params *p)
{
	int err = qsc_msg_put_id(sk, msg, p->id);

	if (err)
		return err;
	if (!p->n_legs || p->n_legs > QSC_LEGS_MAX)
		return qsc_fail(sk, -EINVAL, "a call has 1 to %d legs, not %u", QSC_LEGS_MAX,
				p->n_legs);
	if (put_optional(msg, QSC_A_CALL_FLAGS, p->flags) ||
	    put_optional(msg, QSC_A_CALL_ROLE, p->role) ||
	    put_optional(msg, QSC_A_CALL_TIMEOUT, p->timeout_s) ||
	    put_optional(msg, QSC_A_CALL_LIFETIME, p->lifetime_s) ||
	    put_optional(msg, QSC_A_CALL_WINDOW, p->window))
		return qsc_fail(sk, -EMSGSIZE, "the request is too long");

	for (unsigned int i = 0; i < p->n_legs; i++) {
		err = check_leg(sk, &p->legs[i]);
		if (err)
			return err;
		if (put_leg(msg, i, &p->legs[i]))
			return qsc_fail(sk, -EMSGSIZE, "the request is too long");
	}
	return 0;
}

int qsc_call_new(struct qsc_sock *sk, const struct qsc_call_params *params)
{
	struct nl_msg *msg = qsc_msg_new(sk, QSC_CMD_CALL_NEW, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	err = qsc_call_build(sk, msg, params);
	if (!err)
		err = qsc_msg_run(sk, msg, NULL, NULL);
	qsc_msg_free(msg);
	return err;
}

int qsc_call_del(struct qsc_sock *sk, const char *id)
{
	return qsc_msg_send_id(sk, QSC_CMD_CALL_DEL, id ? id : "", NULL, NULL);
}

/* As many calls as fit into one request; how many those were. */
static int del_some(struct qsc_sock *sk, const char *const *ids, unsigned int n, unsigned int *done)
{
	struct nl_msg *msg = qsc_msg_new_size(sk, QSC_CMD_CALL_DEL, 0, DEL_REQUEST_MAX);
	unsigned int i;
	int err;

	if (!msg)
		return -ENOMEM;
	err = qsc_msg_put_id(sk, msg, ids[0]);
	for (i = 1; !err && i < n; i++) {
		err = qsc_msg_check_id(sk, ids[i]);
		if (!err && nla_put_string(msg, QSC_A_CALL_MORE, ids[i]))
			break;
	}
	if (!err)
		err = qsc_msg_run(sk, msg, NULL, NULL);
	qsc_msg_free(msg);
	if (!err)
		*done += i;
	return err;
}

int qsc_call_del_many(struct qsc_sock *sk, const char *const *ids, unsigned int n,
		      unsigned int *done)
{
	unsigned int removed = 0;
	int err = 0;

	while (!err && removed < n)
		err = del_some(sk, ids + removed, n - removed, &removed);
	if (done)
		*done = removed;
	return err;
}

static int list_one(struct qsc_reply *reply, void *arg)
{
	struct listing *listing = arg;

	return qsc_parse_call(reply, listing->cb, listing->arg);
}

int qsc_call_get(struct qsc_sock *sk, const char *id, qsc_call_cb cb, void *arg)
{
	struct listing listing = { cb, arg };

	return qsc_msg_send_id(sk, QSC_CMD_CALL_GET, id ? id : "", list_one, &listing);
}

int qsc_call_dump(struct qsc_sock *sk, qsc_call_cb cb, void *arg)
{
	struct nl_msg *msg = qsc_msg_new(sk, QSC_CMD_CALL_GET, NLM_F_DUMP);
	struct listing listing = { cb, arg };
	int err;

	if (!msg)
		return -ENOMEM;
	err = qsc_msg_run(sk, msg, list_one, &listing);
	qsc_msg_free(msg);
	return err;
}

int qsc_call_set(struct qsc_sock *sk, const char *id, const uint32_t *timeout_s,
		 const uint32_t *lifetime_s)
{
	struct nl_msg *msg = qsc_msg_new(sk, QSC_CMD_CALL_SET, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	err = qsc_msg_put_id(sk, msg, id);
	if (!err && ((timeout_s && nla_put_u32(msg, QSC_A_CALL_TIMEOUT, *timeout_s)) ||
		     (lifetime_s && nla_put_u32(msg, QSC_A_CALL_LIFETIME, *lifetime_s))))
		err = qsc_fail(sk, -EMSGSIZE, "the request is too long");
	if (!err)
		err = qsc_msg_run(sk, msg, NULL, NULL);
	qsc_msg_free(msg);
	return err;
}

static int take_count(struct qsc_reply *reply, void *arg)
{
	uint64_t *count = arg;

	*count = qsc_get_u64(reply->attrs[QSC_A_CALL_COUNT]);
	return 0;
}

int qsc_call_flush(struct qsc_sock *sk, uint64_t *count)
{
	uint64_t n = 0;
	int err = qsc_msg_send_id(sk, QSC_CMD_CALL_FLUSH, NULL, take_count, &n);

	if (count)
		*count = n;
	return err;
}
