// SPDX-License-Identifier: GPL-2.0
/* The commands through which keys come; seal.c says why they come sealed. */

#include "nlkey.h"

#include "bind.h"
#include "call.h"
#include "erase.h"
#include "netlink.h"
#include "nlattr.h"
#include "nlparse.h"
#include "seal.h"
#include "session.h"

int qsc_nl_seal_get(struct sk_buff *skb, struct genl_info *info)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	struct qsc_seal_offer offer;
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = qsc_nl_new_reply(info, &hdr);
	if (!msg)
		return -ENOMEM;
	err = qsc_seal_get(&qn->seal, &offer);
	if (err == -EBUSY)
		NL_SET_ERR_MSG(info->extack, QSC_ERASE_SHUT_TEXT);
	if (!err)
		err = qsc_nl_put_seal(msg, &offer);
	return qsc_nl_send_reply(info, msg, hdr, err);
}

int qsc_nl_open(struct genl_info *info, const struct qsc_sealed *sealed, const u8 *aad, u32 aad_len,
		u8 *plain)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	int err = qsc_seal_open(&qn->seal, sealed, aad, aad_len, plain);

	if (err == -EKEYEXPIRED)
		NL_SET_ERR_MSG(info->extack, "the sealing key is gone: ask for a new sealing key");
	else if (err == -EKEYREJECTED)
		NL_SET_ERR_MSG(info->extack, "the client's public key is a point of small order");
	else if (err == -EBADMSG)
		NL_SET_ERR_MSG(info->extack,
			       "cannot be opened: not sealed to this key, or not for this request");
	return err;
}

static int install_key(struct genl_info *info, const char *id, struct nlattr *attr)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	struct qsc_roc rocs[QSC_KEY_ROC_MAX];
	struct qsc_key_params p = {};
	struct qsc_binding binding;
	struct qsc_sealed sealed;
	u8 plain[QSC_MASTER_MAX];
	int err;

	err = qsc_nl_get_key(&p, rocs, &sealed, attr, info->extack);
	if (err)
		return err;
	qsc_bind_key(&binding, id, &p);
	err = qsc_nl_open(info, &sealed, binding.bytes, binding.len, plain);
	if (!err) {
		p.master = plain;
		p.salt = plain + p.suite->key_len;
		err = qsc_call_install(qn, id, &p, info->extack);
	}
	memzero_explicit(plain, sizeof(plain));
	return err;
}

static int open_session(struct genl_info *info, const struct qsc_session_params *p,
			const struct qsc_sealed *sealed, struct qsc_session_keys *keys)
{
	u8 secret[QSC_SESSION_SECRET_LEN];
	struct qsc_binding binding;
	int err;

	qsc_bind_session(&binding, &p->context);
	err = qsc_nl_open(info, sealed, binding.bytes, binding.len, secret);
	if (!err) {
		err = qsc_session_open(p, secret, keys);
		if (err == -EBADMSG)
			NL_SET_ERR_MSG(info->extack,
				       "not wrapped for this call, role, parties, suite, epoch");
	}
	memzero_explicit(secret, sizeof(secret));
	return err;
}

static int install_session(struct genl_info *info, const char *id, struct nlattr *attr)
{
	struct qsc_net *qn = qsc_net_of(genl_info_net(info));
	struct qsc_session_params p = { .context.call_id = id };
	struct qsc_session_keys keys;
	struct qsc_sealed sealed;
	int err;

	err = qsc_nl_get_session(&p, &sealed, attr, info->extack);
	if (err)
		return err;
	err = open_session(info, &p, &sealed, &keys);
	if (!err)
		err = qsc_call_install_session(qn, &p, &keys, info->extack);
	memzero_explicit(&keys, sizeof(keys));
	return err;
}

/*
 * Runs @install, then wipes all of the request: who learns the sealing key while
 * it lives shall find nothing that was sealed to it.
 */
static int take_key(struct genl_info *info, int type,
		    int (*install)(struct genl_info *info, const char *id, struct nlattr *attr))
{
	const char *id = qsc_nl_get_id(info);
	int err;

	if (IS_ERR(id)) {
		err = PTR_ERR(id);
	} else if (GENL_REQ_ATTR_CHECK(info, type)) {
		NL_SET_ERR_MSG(info->extack, "the key is missing");
		err = -EINVAL;
	} else {
		err = install(info, id, info->attrs[type]);
	}
	memzero_explicit(genlmsg_data(info->genlhdr), genlmsg_len(info->genlhdr));
	return err;
}

int qsc_nl_key_set(struct sk_buff *skb, struct genl_info *info)
{
	return take_key(info, QSC_A_CALL_KEY, install_key);
}

int qsc_nl_session_set(struct sk_buff *skb, struct genl_info *info)
{
	return take_key(info, QSC_A_CALL_SESSION, install_session);
}

int qsc_nl_session_activate(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[QSC_A_CALL_SESSION];
	const char *id = qsc_nl_get_id(info);
	u8 leg = 0;
	int err;

	if (IS_ERR(id))
		return PTR_ERR(id);
	err = attr ? qsc_nl_get_session_leg(&leg, attr, info->extack) : 0;
	if (err)
		return err;
	return qsc_call_activate(qsc_net_of(genl_info_net(info)), id, leg, info->extack);
}
