// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Keys: into the kernel, and out of existence. */
#include <errno.h>
#include <string.h>

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

static int put_master(struct nl_msg *msg, const char *id, const struct qsc_key *key,
		      const struct qsc_seal_key *to)
{
	uint8_t plain[QSC_MASTER_KEY_MAX + QSC_MASTER_SALT_MAX];
	struct qsc_binding binding;
	int err;

	memcpy(plain, key->master, key->master_len);
	memcpy(plain + key->master_len, key->salt, key->salt_len);
	qsc_bind_key(&binding, id, key);
	err = qsc_seal_put(msg, QSC_A_KEY_SEALED, to, binding.bytes, binding.len, plain,
			   key->master_len + key->salt_len);
	qsc_wipe(plain, sizeof(plain));
	return err;
}

/* @to: NULL if the master key goes elsewhere. */
int qsc_key_put(struct nl_msg *msg, const char *id, const struct qsc_key *key,
		const struct qsc_seal_key *to)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_KEY);
	int err;

	if (!nest || nla_put_u8(msg, QSC_A_KEY_LEG, key->leg) ||
	    nla_put_u32(msg, QSC_A_KEY_DIR, key->dir) ||
	    nla_put_u32(msg, QSC_A_KEY_SUITE, key->suite) ||
	    (key->mki_len && nla_put(msg, QSC_A_KEY_MKI, key->mki_len, key->mki)) ||
	    (key->has_overlap && nla_put_u32(msg, QSC_A_KEY_OVERLAP, key->overlap_ms)))
		return -EMSGSIZE;
	err = to ? put_master(msg, id, key, to) : 0;
	if (err)
		return err;

	for (unsigned int i = 0; i < key->n_rocs; i++)
		if (put_roc(msg, &key->rocs[i]))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/*
 * What would make us read beyond the arrays. And the lengths: the kernel sees
 * only their sum, and would cut a key of wrong length in the wrong place.
 */
int qsc_key_check(struct qsc_sock *sk, const struct qsc_key *key)
{
	unsigned int master_len, salt_len;

	if (qsc_suite_lengths(key->suite, &master_len, &salt_len))
		return qsc_fail(sk, -EINVAL, "there is no suite number %u", key->suite);
	if (key->suite == QSC_SUITE_PLAIN)
		return qsc_fail(sk, -EINVAL, "a plain leg takes no keys");
	if (key->master_len != master_len || key->salt_len != salt_len)
		return qsc_fail(sk, -EINVAL,
				"master key and salt have %u and %u bytes, %s needs %u and %u",
				key->master_len, key->salt_len, qsc_suite_name(key->suite),
				master_len, salt_len);
	if (key->mki_len > sizeof(key->mki))
		return qsc_fail(sk, -EINVAL, "the MKI is longer than %d bytes", QSC_MKI_MAX);
	if (key->n_rocs > QSC_KEY_ROC_MAX)
		return qsc_fail(sk, -EINVAL, "at most %d initial roll-over counters are allowed",
				QSC_KEY_ROC_MAX);
	return 0;
}

int qsc_key_build(struct qsc_sock *sk, struct nl_msg *msg, const char *id, const void *key,
		  const struct qsc_seal_key *to)
{
	int err = qsc_key_check(sk, key);

	if (!err)
		err = qsc_msg_put_id(sk, msg, id);
	return err ? err : qsc_seal_error(sk, qsc_key_put(msg, id, key, to));
}

int qsc_key_set(struct qsc_sock *sk, const char *id, const struct qsc_key *key)
{
	int err = qsc_msg_check_id(sk, id);

	if (!err)
		err = qsc_key_check(sk, key);
	return err ? err : qsc_seal_run(sk, QSC_CMD_KEY_SET, qsc_key_build, id, key);
}

int qsc_key_erase(struct qsc_sock *sk, const char *id)
{
	return qsc_msg_send_id(sk, QSC_CMD_KEY_ERASE, id ? id : "", NULL, NULL);
}

int qsc_key_revoke(struct qsc_sock *sk, const char *id)
{
	struct nl_msg *msg = qsc_msg_new(sk, QSC_CMD_KEY_ERASE, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	err = qsc_msg_put_id(sk, msg, id);
	if (!err && nla_put_u32(msg, QSC_A_CALL_REASON, QSC_ERASE_REASON_REVOKED))
		err = qsc_fail(sk, -EMSGSIZE, "the request is too long");
	if (!err)
		err = qsc_msg_run(sk, msg, NULL, NULL);
	qsc_msg_free(msg);
	return err;
}
