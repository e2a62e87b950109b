// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* One request and its answer. */
#include <errno.h>
#include <string.h>

#include "internal.h"

/* Fits the largest request but one: a key with an MKI and all initial ROCs. */
#define REQUEST_MAX 2048

/* The kernel's MAX_ERRNO */
#define ERRNO_MAX 4095

struct exchange {
	struct nlmsghdr *request;
	qsc_msg_cb cb;
	void *arg;
	int cb_err;
	bool interrupted;
	bool done;
};

struct nl_msg *qsc_msg_new(struct qsc_sock *sk, int cmd, int flags)
{
	return qsc_msg_new_size(sk, cmd, flags, REQUEST_MAX);
}

struct nl_msg *qsc_msg_new_size(struct qsc_sock *sk, int cmd, int flags, size_t size)
{
	struct nl_msg *msg = nlmsg_alloc_size(size);

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, sk->family, 0, flags, cmd,
				 QSC_FAMILY_VERSION)) {
		qsc_fail(sk, -ENOMEM, "out of memory");
		qsc_msg_free(msg);
		return NULL;
	}
	return msg;
}

/* Wipes all of the memory, also what a failed put left behind the message. */
void qsc_msg_free(struct nl_msg *msg)
{
	if (!msg)
		return;
	qsc_wipe(nlmsg_hdr(msg), nlmsg_get_max_size(msg));
	nlmsg_free(msg);
}

int qsc_msg_check_id(struct qsc_sock *sk, const char *id)
{
	size_t len = id ? strlen(id) : 0;

	if (!len)
		return qsc_fail(sk, -EINVAL, "the call-id is empty");
	if (len > QSC_CALL_ID_MAX)
		return qsc_fail(sk, -EINVAL,
				"the call-id is %zu bytes long, at most %d are allowed", len,
				QSC_CALL_ID_MAX);
	return 0;
}

int qsc_msg_put_id(struct qsc_sock *sk, struct nl_msg *msg, const char *id)
{
	int err = qsc_msg_check_id(sk, id);

	if (err)
		return err;
	if (nla_put_string(msg, QSC_A_CALL_ID, id))
		return qsc_fail(sk, -EMSGSIZE, "the request is too long");
	return 0;
}

int qsc_msg_parse(struct nlmsghdr *nlh, struct qsc_reply *reply)
{
	reply->nlh = nlh;
	if (!genlmsg_valid_hdr(nlh, 0))
		return -EBADMSG;
	return genlmsg_parse(nlh, 0, reply->attrs, QSC_A_CALL_MAX, NULL) < 0 ? -EBADMSG : 0;
}

static int take_reply(struct exchange *x, struct nlmsghdr *nlh)
{
	struct qsc_reply reply;
	int err;

	/* After a failure the rest is only drained: a half-read dump would
	 * block the next one on this socket. */
	if (!x->cb || x->cb_err)
		return 0;
	err = qsc_msg_parse(nlh, &reply);
	x->cb_err = err ? err : x->cb(&reply, x->arg);
	return 0;
}

static int malformed(struct qsc_sock *sk)
{
	return qsc_fail(sk, -EBADMSG, "the kernel's answer is malformed");
}

/* An ack or the end of a dump; both begin with an errno. */
static int take_end(struct qsc_sock *sk, struct exchange *x, struct nlmsghdr *nlh)
{
	bool ack = nlh->nlmsg_type == NLMSG_ERROR;
	size_t payload = ack ? sizeof(struct nlmsgerr) : sizeof(int);
	int code = 0;

	x->done = true;
	if (nlh->nlmsg_len < NLMSG_LENGTH(payload)) {
		/* A dump of nothing may end without an errno. */
		return ack ? malformed(sk) : 0;
	}
	memcpy(&code, NLMSG_DATA(nlh), sizeof(code));
	if (code < -ERRNO_MAX)
		return malformed(sk);
	return code < 0 ? qsc_error_from_ack(sk, code, x->request, nlh, payload) : 0;
}

static int take_message(struct qsc_sock *sk, struct exchange *x, struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq != x->request->nlmsg_seq)
		return 0; /* an answer to a request that failed half-way */
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		x->interrupted = true;
	if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE)
		return take_end(sk, x, nlh);
	if (nlh->nlmsg_type == sk->family)
		return take_reply(x, nlh);
	return 0;
}

static int take_datagram(struct qsc_sock *sk, struct exchange *x, int len)
{
	struct nlmsghdr *nlh;
	int err = 0;

	for (nlh = (struct nlmsghdr *)sk->buf; !x->done && nlmsg_ok(nlh, len);
	     nlh = nlmsg_next(nlh, &len))
		err = take_message(sk, x, nlh);
	return err;
}

static int receive(struct qsc_sock *sk, struct exchange *x)
{
	int err = 0;
	ssize_t n;

	while (!x->done) {
		n = qsc_nl_recv(nl_socket_get_fd(sk->req), sk->buf, QSC_RECV_MAX, 0);
		if (n == -EINTR)
			continue;
		if (n < 0)
			return qsc_fail(sk, n, "cannot read the kernel's answer: %s", strerror(-n));
		err = take_datagram(sk, x, n);
		qsc_wipe(sk->buf, n);
	}
	return err;
}

/*
 * Send @msg and read until it has been answered; @cb gets the attributes of
 * each reply. Does not free @msg.
 */
int qsc_msg_run(struct qsc_sock *sk, struct nl_msg *msg, qsc_msg_cb cb, void *arg)
{
	struct exchange x = { .request = nlmsg_hdr(msg), .cb = cb, .arg = arg };
	int err;

	qsc_error_clear(sk);
	if (nl_send_auto(sk->req, msg) < 0) {
		err = errno ? -errno : -EIO;
		return qsc_fail(sk, err, "cannot send to the kernel: %s", strerror(-err));
	}

	err = receive(sk, &x);
	if (err)
		return err;
	if (x.cb_err == -EBADMSG)
		return malformed(sk);
	if (x.cb_err)
		return x.cb_err;
	if (x.interrupted)
		return qsc_fail(sk, -EAGAIN, "the calls changed while they were listed");
	return 0;
}

/* A request with only a call-id, or with nothing if @id is NULL. */
int qsc_msg_send_id(struct qsc_sock *sk, int cmd, const char *id, qsc_msg_cb cb, void *arg)
{
	struct nl_msg *msg = qsc_msg_new(sk, cmd, 0);
	int err;

	if (!msg)
		return -ENOMEM;
	err = id ? qsc_msg_put_id(sk, msg, id) : 0;
	if (!err)
		err = qsc_msg_run(sk, msg, cb, arg);
	qsc_msg_free(msg);
	return err;
}
