// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Keys: into the kernel, and out of existence. */
#include <errno.h>

#include "internal.h"

static int put_roc(struct nl_msg *msg, const struct qsc_roc *roc)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_KEY_ROC);

	if (!nest || nla_put_u32(msg, QSC_A_ROC_SSRC, roc->ssrc) ||
	    nla_put_u32(msg, QSC_A_ROC_VALUE, roc->roc))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_key(struct nl_msg *msg, const struct qsc_key *key)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_KEY);

	if (!nest || nla_put_u8(msg, QSC_A_KEY_LEG, key->leg) ||
	    nla_put_u32(msg, QSC_A_KEY_DIR, key->dir) ||
	    nla_put_u32(msg, QSC_A_KEY_SUITE, key->suite) ||
	    (key->mki_len && nla_put(msg, QSC_A_KEY_MKI, key->mki_len, key->mki)) ||
	    nla_put(msg, QSC_A_KEY_MASTER, key->master_len, key->master) ||
	    nla_put(msg, QSC_A_KEY_SALT, key->salt_len, key->salt) ||
	    (key->has_overlap && nla_put_u32(msg, QSC_A_KEY_OVERLAP, key->overlap_ms)))
		return -EMSGSIZE;

	for (unsigned int i = 0; i < key->n_rocs; i++)
		if (put_roc(msg, &key->rocs[i]))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* What would make us read beyond the arrays; the rest is for the kernel. */
static int check_key(struct qsc_sock *sk, const struct qsc_key *key)
{
	if (key->master_len > sizeof(key->master))
		return qsc_fail(sk, -EINVAL, "the master key is longer than %d bytes",
				QSC_MASTER_KEY_MAX);
	if (key->salt_len > sizeof(key->salt))
		return qsc_fail(sk, -EINVAL, "the master salt is longer than %d bytes",
				QSC_MASTER_SALT_MAX);
	if (key->mki_len > sizeof(key->mki))
		return qsc_fail(sk, -EINVAL, "the MKI is longer than %d bytes", QSC_MKI_MAX);
	if (key->n_rocs > QSC_KEY_ROC_MAX)
		return qsc_fail(sk, -EINVAL, "at most %d initial roll-over counters are allowed",
				QSC_KEY_ROC_MAX);
	return 0;
}

int qsc_key_build(struct qsc_sock *sk, struct nl_msg *msg, const char *id,
		  const struct qsc_key *key)
{
	int err = check_key(sk, key);

	if (!err)
		err = qsc_msg_put_id(sk, msg, id);
	if (!err && put_key(msg, key))
		err = qsc_fail(sk, -EMSGSIZE, "the request is too long");
	return err;
}

int qsc_key_set(struct qsc_sock *sk, const char *id, const struct qsc_key *key)
{
	struct nl_msg *msg = qsc_msg_new(sk, QSC_CMD_KEY_SET, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	err = qsc_key_build(sk, msg, id, key);
	if (!err)
		err = qsc_msg_run(sk, msg, NULL, NULL);
	qsc_msg_free(msg); /* wipes the key */
	return err;
}

int qsc_key_erase(struct qsc_sock *sk, const char *id)
{
	return qsc_msg_send_id(sk, QSC_CMD_KEY_ERASE, id ? id : "", NULL, NULL);
}
