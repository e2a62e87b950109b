// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink family: requests in, objects out. With the other nl*.c files the
 * only part that knows attributes. Documentation/netlink/specs/qsc.yaml is the contract.
 */

#include "netlink.h"

#include <linux/module.h>

#include "call.h"
#include "compat.h"
#include "erase.h"
#include "nlattr.h"
#include "nlbatch.h"
#include "nlkey.h"
#include "nlparse.h"
#include "stack.h"

/* Not const: the policy of 6.1 points to them without. */
static struct netlink_range_validation qsc_seconds_range = { .max = QSC_SECONDS_MAX };
static struct netlink_range_validation qsc_window_range = {
	.min = QSC_WINDOW_MIN,
	.max = QSC_WINDOW_MAX,
};

/* One policy a command: what a command does not know, it refuses. */
static const struct nla_policy qsc_call_new_policy[] = {
	[QSC_A_CALL_ID] = { .type = NLA_NUL_STRING, .len = QSC_CALL_ID_MAX },
	[QSC_A_CALL_FLAGS] = NLA_POLICY_MASK(NLA_U32, QSC_CALL_FLAGS_BOUND | QSC_CALL_FLAGS_DTLS),
	[QSC_A_CALL_ROLE] = NLA_POLICY_RANGE(NLA_U32, QSC_ROLE_CALLER, QSC_ROLE_CALLEE),
	[QSC_A_CALL_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_seconds_range),
	[QSC_A_CALL_LIFETIME] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_seconds_range),
	[QSC_A_CALL_WINDOW] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_window_range),
	[QSC_A_CALL_LEG] = NLA_POLICY_NESTED(qsc_leg_policy),
};

static const struct nla_policy qsc_calls_new_policy[] = {
	[QSC_A_CALL_OP] = NLA_POLICY_NESTED(qsc_op_policy),
	[QSC_A_CALL_SEALED] = NLA_POLICY_NESTED(qsc_batch_seal_policy),
};

static const struct nla_policy qsc_call_id_policy[] = {
	[QSC_A_CALL_ID] = { .type = NLA_NUL_STRING, .len = QSC_CALL_ID_MAX },
};

static const struct nla_policy qsc_call_del_policy[] = {
	[QSC_A_CALL_ID] = { .type = NLA_NUL_STRING, .len = QSC_CALL_ID_MAX },
	[QSC_A_CALL_MORE] = { .type = NLA_NUL_STRING, .len = QSC_CALL_ID_MAX },
};

static const struct nla_policy qsc_key_erase_policy[] = {
	[QSC_A_CALL_ID] = { .type = NLA_NUL_STRING, .len = QSC_CALL_ID_MAX },
	[QSC_A_CALL_REASON] = NLA_POLICY_RANGE(NLA_U32, 1, QSC_ERASE_REASON_MAX),
};

static const struct nla_policy qsc_call_set_policy[] = {
	[QSC_A_CALL_ID] = { .type = NLA_NUL_STRING, .len = QSC_CALL_ID_MAX },
	[QSC_A_CALL_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_seconds_range),
	[QSC_A_CALL_LIFETIME] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_seconds_range),
};

static const struct nla_policy qsc_key_set_policy[] = {
	[QSC_A_CALL_ID] = { .type = NLA_NUL_STRING, .len = QSC_CALL_ID_MAX },
	[QSC_A_CALL_KEY] = NLA_POLICY_NESTED(qsc_key_policy),
};

static const struct nla_policy qsc_session_set_policy[] = {
	[QSC_A_CALL_ID] = { .type = NLA_NUL_STRING, .len = QSC_CALL_ID_MAX },
	[QSC_A_CALL_SESSION] = NLA_POLICY_NESTED(qsc_session_policy),
};

static const struct nla_policy qsc_none_policy[] = {
	[QSC_A_CALL_ID] = { .type = NLA_REJECT },
};

const char *qsc_nl_get_id(struct genl_info *info)
{
	return qsc_nl_read_id(info->attrs[QSC_A_CALL_ID], info->extack);
}

static int no_call(struct genl_info *info, const struct nlattr *attr)
{
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "no call with this id");
	return -ENOENT;
}

static int no_such_call(struct genl_info *info)
{
	return no_call(info, info->attrs[QSC_A_CALL_ID]);
}

static u32 get_u32(struct genl_info *info, int type, u32 otherwise)
{
	return info->attrs[type] ? nla_get_u32(info->attrs[type]) : otherwise;
}

static int call_new(struct sk_buff *skb, struct genl_info *info)
{
	struct qsc_call_params p = { .owner = info->snd_portid };
	int err;

	err = qsc_nl_get_call(&p, info->attrs, genlmsg_data(info->genlhdr),
			      genlmsg_len(info->genlhdr), info->extack);
	if (err)
		return err;
	return qsc_call_new(qsc_net_of(genl_info_net(info)), &p, info->extack);
}

/* The other calls that a request names, besides its call-id. */
static int check_more(struct genl_info *info)
{
	struct nlattr *attr;
	const char *id;
	int rem;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != QSC_A_CALL_MORE)
			continue;
		id = qsc_nl_read_id(attr, info->extack);
		if (IS_ERR(id))
			return PTR_ERR(id);
	}
	return 0;
}

static int find_named(struct genl_info *info, struct qsc_net *qn, const struct nlattr *attr)
{
	return qsc_call_find(qn, nla_data(attr)) ? 0 : no_call(info, attr);
}

static int forget_named(struct genl_info *info, struct qsc_net *qn, const struct nlattr *attr)
{
	struct qsc_call *call = qsc_call_find(qn, nla_data(attr));

	/* Whoever is named twice is gone the second time. */
	if (call)
		qsc_forget_call(call, QSC_ERASE_REASON_DEL);
	return 0;
}

static int each_named(struct genl_info *info, struct qsc_net *qn,
		      int (*act)(struct genl_info *info, struct qsc_net *qn,
				 const struct nlattr *attr))
{
	struct nlattr *attr;
	int rem, err;

	err = act(info, qn, info->attrs[QSC_A_CALL_ID]);
	if (err)
		return err;
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != QSC_A_CALL_MORE)
			continue;
		err = act(info, qn, attr);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/* All or none; however many, they share one grace period. */
static int call_del(struct sk_buff *skb, struct genl_info *info)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	const char *id = qsc_nl_get_id(info);
	int err;

	if (IS_ERR(id))
		return PTR_ERR(id);
	err = check_more(info);
	if (err)
		return err;
	mutex_lock(&qn->lock);
	err = each_named(info, qn, find_named);
	if (!err)
		each_named(info, qn, forget_named);
	mutex_unlock(&qn->lock);
	if (!err)
		qsc_bury(qn);
	return err;
}

static int key_erase(struct sk_buff *skb, struct genl_info *info)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	const char *id = qsc_nl_get_id(info);
	u32 reason = get_u32(info, QSC_A_CALL_REASON, QSC_ERASE_REASON_REQUEST);

	if (IS_ERR(id))
		return PTR_ERR(id);
	/* The others are ours to tell. */
	if (reason != QSC_ERASE_REASON_REQUEST && reason != QSC_ERASE_REASON_REVOKED) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[QSC_A_CALL_REASON],
				    "the reason is request or revoked");
		return -EINVAL;
	}
	return qsc_erase_call(qn, id, reason) ? no_such_call(info) : 0;
}

static int call_set(struct sk_buff *skb, struct genl_info *info)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	const char *id = qsc_nl_get_id(info);
	struct qsc_call *call;

	if (IS_ERR(id))
		return PTR_ERR(id);
	mutex_lock(&qn->lock);
	call = qsc_call_find(qn, id);
	if (call) {
		call->timeout = get_u32(info, QSC_A_CALL_TIMEOUT, call->timeout);
		call->lifetime = get_u32(info, QSC_A_CALL_LIFETIME, call->lifetime);
		qsc_call_rearm(call);
	}
	mutex_unlock(&qn->lock);
	return call ? 0 : no_such_call(info);
}

struct sk_buff *qsc_nl_new_reply(struct genl_info *info, void **hdr)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!msg)
		return NULL;
	*hdr = genlmsg_put_reply(msg, info, &qsc_genl_family, 0, info->genlhdr->cmd);
	if (*hdr)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

int qsc_nl_send_reply(struct genl_info *info, struct sk_buff *msg, void *hdr, int err)
{
	if (err) {
		nlmsg_free(msg);
		return err < 0 ? err : -EMSGSIZE;
	}
	genlmsg_end(msg, hdr);
	return genlmsg_reply(msg, info);
}

static int call_flush(struct sk_buff *skb, struct genl_info *info)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	struct sk_buff *msg;
	void *hdr;
	u32 n;

	msg = qsc_nl_new_reply(info, &hdr);
	if (!msg)
		return -ENOMEM;
	n = qsc_flush_calls(qn, QSC_ERASE_REASON_FLUSH);
	return qsc_nl_send_reply(info, msg, hdr,
				 nla_put_u64_64bit(msg, QSC_A_CALL_COUNT, n, QSC_A_CALL_PAD));
}

static int info_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = qsc_nl_new_reply(info, &hdr);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&qn->lock);
	err = qsc_nl_put_info(msg, qn);
	mutex_unlock(&qn->lock);
	return qsc_nl_send_reply(info, msg, hdr, err);
}

typedef int (*put_call_fn)(struct sk_buff *msg, const struct qsc_call *call);

/* Answers a request about one call. */
static int reply_call(struct genl_info *info, put_call_fn put)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	const char *id = qsc_nl_get_id(info);
	struct qsc_call *call;
	struct sk_buff *msg;
	int err = 0;
	void *hdr;

	if (IS_ERR(id))
		return PTR_ERR(id);
	msg = qsc_nl_new_reply(info, &hdr);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&qn->lock);
	call = qsc_call_find(qn, id);
	if (call)
		err = put(msg, call);
	mutex_unlock(&qn->lock);
	if (!call)
		err = no_such_call(info);
	return qsc_nl_send_reply(info, msg, hdr, err);
}

static int call_get(struct sk_buff *skb, struct genl_info *info)
{
	return reply_call(info, qsc_nl_put_call);
}

static int put_totals(struct sk_buff *msg, struct qsc_net *qn)
{
	u64 sum[__QSC_A_STATS_MAX];
	struct qsc_call *call;
	unsigned long number;
	int i;

	memcpy(sum, qn->totals, sizeof(sum));
	xa_for_each(&qn->by_number, number, call)
		for (i = 0; i < call->nr_legs; i++)
			qsc_leg_add_stats(&call->legs[i], sum);
	if (nla_put_u64_64bit(msg, QSC_A_CALL_COUNT, qn->count, QSC_A_CALL_PAD) ||
	    qsc_nl_put_stats(msg, QSC_A_CALL_STATS, sum))
		return -EMSGSIZE;
	return qsc_nl_put_erased(msg, qn);
}

static int stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	struct sk_buff *msg;
	void *hdr;
	int err;

	if (info->attrs[QSC_A_CALL_ID])
		return reply_call(info, qsc_nl_put_call_stats);
	msg = qsc_nl_new_reply(info, &hdr);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&qn->lock);
	err = put_totals(msg, qn);
	mutex_unlock(&qn->lock);
	return qsc_nl_send_reply(info, msg, hdr, err);
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    const struct qsc_call *call, put_call_fn put)
{
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &qsc_genl_family,
			  NLM_F_MULTI, cmd);
	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	if (put(skb, call)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* cb->args[0] is the number to go on from. */
static int dump(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd, put_call_fn put)
{
	struct qsc_net *qn = qsc_net_of(sock_net(skb->sk));
	unsigned long number = 0;
	struct qsc_call *call;

	mutex_lock(&qn->lock);
	cb->seq = qn->generation + 1;
	xa_for_each_start(&qn->by_number, number, call, cb->args[0])
		if (dump_one(skb, cb, cmd, call, put))
			break;
	cb->args[0] = call ? number : ULONG_MAX;
	mutex_unlock(&qn->lock);
	return skb->len;
}

static int call_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, QSC_CMD_CALL_GET, qsc_nl_put_call);
}

static int stats_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump(skb, cb, QSC_CMD_STATS_GET, qsc_nl_put_call_stats);
}

static const struct genl_ops ops[] = {
	{
		.cmd = QSC_CMD_INFO_GET,
		.doit = info_get,
		.policy = qsc_none_policy,
		.maxattr = ARRAY_SIZE(qsc_none_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_CALL_NEW,
		.doit = call_new,
		.policy = qsc_call_new_policy,
		.maxattr = ARRAY_SIZE(qsc_call_new_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_CALLS_NEW,
		.doit = qsc_nl_calls_new,
		.policy = qsc_calls_new_policy,
		.maxattr = ARRAY_SIZE(qsc_calls_new_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_CALL_DEL,
		.doit = call_del,
		.policy = qsc_call_del_policy,
		.maxattr = ARRAY_SIZE(qsc_call_del_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_CALL_GET,
		.doit = call_get,
		.dumpit = call_dump,
		.policy = qsc_call_id_policy,
		.maxattr = ARRAY_SIZE(qsc_call_id_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_CALL_SET,
		.doit = call_set,
		.policy = qsc_call_set_policy,
		.maxattr = ARRAY_SIZE(qsc_call_set_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_CALL_FLUSH,
		.doit = call_flush,
		.policy = qsc_none_policy,
		.maxattr = ARRAY_SIZE(qsc_none_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_KEY_SET,
		.doit = qsc_nl_key_set,
		.policy = qsc_key_set_policy,
		.maxattr = ARRAY_SIZE(qsc_key_set_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_KEY_ERASE,
		.doit = key_erase,
		.policy = qsc_key_erase_policy,
		.maxattr = ARRAY_SIZE(qsc_key_erase_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_STATS_GET,
		.doit = stats_get,
		.dumpit = stats_dump,
		.policy = qsc_call_id_policy,
		.maxattr = ARRAY_SIZE(qsc_call_id_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_SEAL_GET,
		.doit = qsc_nl_seal_get,
		.policy = qsc_none_policy,
		.maxattr = ARRAY_SIZE(qsc_none_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_SESSION_SET,
		.doit = qsc_nl_session_set,
		.policy = qsc_session_set_policy,
		.maxattr = ARRAY_SIZE(qsc_session_set_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd = QSC_CMD_SESSION_ACTIVATE,
		.doit = qsc_nl_session_activate,
		.policy = qsc_session_set_policy,
		.maxattr = ARRAY_SIZE(qsc_session_set_policy) - 1,
		.flags = GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = QSC_MCGRP_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

/*
 * At the end of each command: ciphers, hashes and X25519 have spilled there what
 * they worked with, and interrupts have saved what registers had of a key.
 */
static void wipe_stack(const struct genl_split_ops *op, struct sk_buff *skb, struct genl_info *info)
{
	qsc_stack_wipe();
}

struct genl_family qsc_genl_family __ro_after_init = {
	.name = QSC_FAMILY_NAME,
	.version = QSC_FAMILY_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.parallel_ops = true,
	.post_doit = wipe_stack,
	.maxattr = QSC_A_CALL_MAX,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

int qsc_netlink_module_init(void)
{
	return genl_register_family(&qsc_genl_family);
}

void qsc_netlink_module_exit(void)
{
	genl_unregister_family(&qsc_genl_family);
}
