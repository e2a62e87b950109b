// SPDX-License-Identifier: GPL-2.0
/*
 * Many calls with their keys in one request. All master keys are in one box, in the
 * order in which the calls name their keys, so that one X25519 serves them all; it is
 * bound to every byte of what the calls are.
 */

#include "nlbatch.h"

#include <linux/slab.h>

#include "call.h"
#include "erase.h"
#include "nlkey.h"
#include "nlparse.h"
#include "open.h"
#include "seal.h"

static const char batch_label[] = "calls-new";

/* Not const: the policy of 6.1 points to them without. */
static struct netlink_range_validation qsc_op_seconds_range = { .max = QSC_SECONDS_MAX };
static struct netlink_range_validation qsc_op_window_range = {
	.min = QSC_WINDOW_MIN,
	.max = QSC_WINDOW_MAX,
};

const struct nla_policy qsc_op_policy[QSC_A_CALL_MAX + 1] = {
	[QSC_A_CALL_ID] = { .type = NLA_NUL_STRING, .len = QSC_CALL_ID_MAX },
	[QSC_A_CALL_FLAGS] = NLA_POLICY_MASK(NLA_U32, QSC_CALL_FLAGS_BOUND | QSC_CALL_FLAGS_DTLS),
	[QSC_A_CALL_ROLE] = NLA_POLICY_RANGE(NLA_U32, QSC_ROLE_CALLER, QSC_ROLE_CALLEE),
	[QSC_A_CALL_TIMEOUT] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_op_seconds_range),
	[QSC_A_CALL_LIFETIME] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_op_seconds_range),
	[QSC_A_CALL_WINDOW] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_op_window_range),
	[QSC_A_CALL_LEG] = NLA_POLICY_NESTED(qsc_leg_policy),
	[QSC_A_CALL_KEY] = NLA_POLICY_NESTED(qsc_key_policy),
};

const struct nla_policy qsc_batch_seal_policy[QSC_A_SEAL_MAX + 1] = {
	[QSC_A_SEAL_ID] = { .type = NLA_U32 },
	[QSC_A_SEAL_PUBLIC] = NLA_POLICY_EXACT_LEN(QSC_SEAL_PUBLIC_LEN),
	[QSC_A_SEAL_BOX] = { .type = NLA_BINARY, .len = QSC_SEAL_BATCH_MAX },
};

/**
 * struct batch - a request on its way
 * @info: request
 * @qn: call table
 * @first: first call in the message; the others follow
 * @len: bytes of all calls there
 * @plain: opened box, @size bytes
 * @size: bytes of @plain
 * @at: bytes of it that were used
 * @made: numbers of the calls that were made, for others may be at work meanwhile:
 *	what has the name of one of these may be theirs
 * @nr_made: how many
 */
struct batch {
	struct genl_info *info;
	struct qsc_net *qn;
	const struct nlattr *first;
	int len;
	u8 *plain;
	u32 size;
	u32 at;
	u32 *made;
	u32 nr_made;
};

/* The calls come first and without a gap, for the box is bound to them as they stand. */
static int find_calls(struct batch *b)
{
	const struct nlattr *sealed = b->info->attrs[QSC_A_CALL_SEALED];
	int all = genlmsg_len(b->info->genlhdr);

	b->first = genlmsg_data(b->info->genlhdr);
	b->len = sealed ? (const u8 *)sealed - (const u8 *)b->first : all;
	if (sealed && b->len + NLA_ALIGN(sealed->nla_len) < all) {
		NL_SET_ERR_MSG_ATTR(b->info->extack, sealed, "what is sealed comes last");
		return -EINVAL;
	}
	if (b->len <= 0) {
		NL_SET_ERR_MSG(b->info->extack, "a call is missing");
		return -EINVAL;
	}
	return 0;
}

static int open_box(struct batch *b)
{
	struct nlattr *tb[QSC_A_SEAL_MAX + 1], *attr = b->info->attrs[QSC_A_CALL_SEALED];
	struct netlink_ext_ack *extack = b->info->extack;
	u32 label = sizeof(batch_label) - 1;
	struct qsc_sealed sealed;
	int err;
	u8 *aad;

	if (!attr)
		return 0;
	qsc_nl_pick(tb, QSC_A_SEAL_MAX, attr);
	if (!tb[QSC_A_SEAL_ID] || !tb[QSC_A_SEAL_PUBLIC] || !tb[QSC_A_SEAL_BOX] ||
	    nla_len(tb[QSC_A_SEAL_BOX]) <= QSC_SEAL_TAG_LEN) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "what is sealed needs id, public key and box");
		return -EINVAL;
	}
	sealed.id = nla_get_u32(tb[QSC_A_SEAL_ID]);
	sealed.public = nla_data(tb[QSC_A_SEAL_PUBLIC]);
	sealed.box = nla_data(tb[QSC_A_SEAL_BOX]);
	sealed.len = nla_len(tb[QSC_A_SEAL_BOX]) - QSC_SEAL_TAG_LEN;
	if (label + b->len > QSC_BOX_LEN_MAX) {
		NL_SET_ERR_MSG(extack, "more bytes of calls than one box can be bound to");
		return -EINVAL;
	}

	aad = kmalloc(label + b->len, GFP_KERNEL);
	b->plain = kmalloc(sealed.len, GFP_KERNEL);
	b->size = sealed.len;
	err = -ENOMEM;
	if (aad && b->plain) {
		memcpy(aad, batch_label, label);
		memcpy(aad + label, b->first, b->len);
		err = qsc_nl_open(b->info, &sealed, aad, label + b->len, b->plain);
	}
	kfree(aad);
	return err;
}

/* The next master key and salt of the box. */
static int take_secret(struct batch *b, struct qsc_key_params *p)
{
	u32 len = p->suite->key_len + p->suite->salt_len;

	if (b->size - b->at < len) {
		NL_SET_ERR_MSG(b->info->extack, "the box holds fewer keys than the calls name");
		return -EINVAL;
	}
	p->master = b->plain + b->at;
	p->salt = p->master + p->suite->key_len;
	b->at += len;
	return 0;
}

static int install_keys(struct batch *b, const char *id, u32 number, const struct nlattr *op)
{
	struct netlink_ext_ack *extack = b->info->extack;
	struct qsc_roc rocs[QSC_KEY_ROC_MAX];
	struct nlattr *attr;
	int rem, err;

	nla_for_each_nested(attr, op, rem) {
		struct qsc_key_params p = { .call_number = number };

		if (nla_type(attr) != QSC_A_CALL_KEY)
			continue;
		err = qsc_nl_get_key(&p, rocs, NULL, attr, extack);
		if (!err)
			err = take_secret(b, &p);
		if (!err)
			err = qsc_call_install(b->qn, id, &p, extack);
		if (err)
			return err;
	}
	return 0;
}

/* Whether it fails or not, the call is in @b->made if it was made. */
static int make_call(struct batch *b, const struct nlattr *op)
{
	u32 *number = &b->made[b->nr_made];
	struct qsc_call_params p = { .owner = b->info->snd_portid, .number = number };
	struct netlink_ext_ack *extack = b->info->extack;
	struct nlattr *tb[QSC_A_CALL_MAX + 1];
	int err;

	qsc_nl_pick(tb, QSC_A_CALL_MAX, op);
	err = qsc_nl_get_call(&p, tb, nla_data(op), nla_len(op), extack);
	if (!err)
		err = qsc_call_new(b->qn, &p, extack);
	if (err)
		return err;
	b->nr_made++;
	return install_keys(b, p.id, *number, op);
}

static void unmake_calls(struct batch *b)
{
	while (b->nr_made)
		qsc_forget_numbered(b->qn, b->made[--b->nr_made]);
}

/* Only two kinds of attributes come here: the other one is an earlier box. */
static int make_one(struct batch *b, const struct nlattr *op)
{
	if (nla_type(op) == QSC_A_CALL_OP)
		return make_call(b, op);
	NL_SET_ERR_MSG_ATTR(b->info->extack, op, "what is sealed comes once");
	return -EINVAL;
}

/* All or none. */
static int make_calls(struct batch *b)
{
	const struct nlattr *op;
	int rem, err;

	/* As many as there could be of the smallest attribute. */
	b->made = kmalloc_array(b->len / NLA_HDRLEN, sizeof(*b->made), GFP_KERNEL);
	if (!b->made)
		return -ENOMEM;
	nla_for_each_attr(op, b->first, b->len, rem) {
		err = make_one(b, op);
		if (!err) {
			cond_resched();
			continue;
		}
		if (b->info->extack && !b->info->extack->bad_attr)
			b->info->extack->bad_attr = op;
		unmake_calls(b);
		return err;
	}
	if (b->at == b->size)
		return 0;
	NL_SET_ERR_MSG(b->info->extack, "the box holds more keys than the calls name");
	unmake_calls(b);
	return -EINVAL;
}

int qsc_nl_calls_new(struct sk_buff *skb, struct genl_info *info)
{
	struct batch b = { .info = info, .qn = qsc_net_of(genl_info_net(info)) };
	int err;

	err = find_calls(&b);
	if (!err)
		err = open_box(&b);
	if (!err)
		err = make_calls(&b);
	kfree(b.made);
	kfree_sensitive(b.plain);
	qsc_bury(b.qn);
	/* As qsc_nl_key_set() does. */
	memzero_explicit(genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr));
	return err;
}
