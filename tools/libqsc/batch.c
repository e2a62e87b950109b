// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Many calls with their keys in a request. */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* Less than a socket takes unless told otherwise, and than what one box may hold. */
#define REQUEST_MAX 32768
#define SECRETS_MAX 16384
#define SEAL_ROOM (SECRETS_MAX + 128)

static const char label[] = "calls-new";

/* A request that is being built. */
struct request {
	struct nl_msg *msg;
	uint8_t secrets[SECRETS_MAX]; /* master keys and salts, in the order of the keys */
	size_t secrets_len;
};

/* Where the attributes end: what is behind @from is to go. */
static void cut(struct nl_msg *msg, void *from)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	nlh->nlmsg_len = (char *)from - (char *)nlh;
}

static int put_secret(struct request *r, const struct qsc_key *key)
{
	if (sizeof(r->secrets) - r->secrets_len < key->master_len + key->salt_len)
		return -EMSGSIZE;
	memcpy(r->secrets + r->secrets_len, key->master, key->master_len);
	r->secrets_len += key->master_len;
	memcpy(r->secrets + r->secrets_len, key->salt, key->salt_len);
	r->secrets_len += key->salt_len;
	return 0;
}

static int put_keys(struct request *r, const struct qsc_call_setup *call)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < call->n_keys; i++) {
		err = qsc_key_put(r->msg, NULL, &call->keys[i], NULL);
		if (!err)
			err = put_secret(r, &call->keys[i]);
	}
	return err;
}

static int check_keys(struct qsc_sock *sk, const struct qsc_call_setup *call)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < call->n_keys; i++)
		err = qsc_key_check(sk, &call->keys[i]);
	return err;
}

/* -EMSGSIZE if it does not fit any more: then the request is as it was. */
static int put_call(struct qsc_sock *sk, struct request *r, const struct qsc_call_setup *call)
{
	void *end = nlmsg_tail(nlmsg_hdr(r->msg));
	size_t secrets_len = r->secrets_len;
	struct nlattr *nest;
	int err;

	err = check_keys(sk, call);
	if (err)
		return err;
	nest = nla_nest_start(r->msg, QSC_A_CALL_OP);
	err = nest ? qsc_call_build(sk, r->msg, &call->params) : -EMSGSIZE;
	if (!err)
		err = put_keys(r, call);
	if (!err) {
		nla_nest_end(r->msg, nest);
		return 0;
	}
	cut(r->msg, end);
	r->secrets_len = secrets_len;
	return err;
}

/* Bound to every byte of the calls as they stand in the message. */
static int seal(struct qsc_sock *sk, struct request *r)
{
	struct nlmsghdr *nlh = nlmsg_hdr(r->msg);
	struct genlmsghdr *genl = nlmsg_data(nlh);
	const void *calls = genlmsg_attrdata(genl, 0);
	size_t len = genlmsg_attrlen(genl, 0);
	uint8_t aad[sizeof(label) - 1 + REQUEST_MAX];

	if (!r->secrets_len)
		return 0;
	if (len > REQUEST_MAX)
		return -EMSGSIZE;
	memcpy(aad, label, sizeof(label) - 1);
	memcpy(aad + sizeof(label) - 1, calls, len);
	return qsc_seal_put(r->msg, QSC_A_CALL_SEALED, &sk->seal, aad, sizeof(label) - 1 + len,
			    r->secrets, r->secrets_len);
}

/* As many as fit; how many those were. */
static int build(struct qsc_sock *sk, struct request *r, const struct qsc_call_setup *calls,
		 unsigned int n, unsigned int *count)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++) {
		if (nlmsg_hdr(r->msg)->nlmsg_len + SEAL_ROOM > REQUEST_MAX && i)
			break;
		err = put_call(sk, r, &calls[i]);
		if (err)
			break;
	}
	if (err == -EMSGSIZE && i)
		err = 0;
	*count = i;
	if (err == -EMSGSIZE)
		return qsc_fail(sk, err, "the request is too long");
	return err ? err : qsc_seal_error(sk, seal(sk, r));
}

static int make_once(struct qsc_sock *sk, const struct qsc_call_setup *calls, unsigned int n,
		     unsigned int *count)
{
	struct request r = { .msg = NULL };
	int err;

	err = qsc_seal_get(sk);
	if (err)
		return err;
	r.msg = qsc_msg_new_size(sk, QSC_CMD_CALLS_NEW, 0, REQUEST_MAX + SEAL_ROOM);
	if (!r.msg)
		return -ENOMEM;
	err = build(sk, &r, calls, n, count);
	if (!err)
		err = qsc_msg_run(sk, r.msg, NULL, NULL);
	qsc_wipe(r.secrets, sizeof(r.secrets));
	qsc_msg_free(r.msg);
	return err;
}

/* Once more if the key that was sealed to is gone. */
static int make_some(struct qsc_sock *sk, const struct qsc_call_setup *calls, unsigned int n,
		     unsigned int *count)
{
	int err = make_once(sk, calls, n, count);

	if (err != -EKEYEXPIRED)
		return err;
	sk->seal.id = 0;
	return make_once(sk, calls, n, count);
}

int qsc_calls_new(struct qsc_sock *sk, const struct qsc_call_setup *calls, unsigned int n,
		  unsigned int *done)
{
	unsigned int made = 0, count = 0;
	int err = 0;

	while (made < n) {
		err = make_some(sk, calls + made, n - made, &count);
		if (err)
			break;
		made += count;
	}
	if (done)
		*done = made;
	return err;
}
