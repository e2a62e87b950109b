// SPDX-License-Identifier: GPL-2.0-only
/* A kernel whose answers a test writes down beforehand. */
#include <errno.h>
#include <poll.h>

#include <linux/netlink.h>

#include "script.h"

#define ANSWERS_MAX 32

struct answer {
	struct nl_msg *msg;
	int err; /* of receiving, if there is no message */
};

struct script script;
static struct answer answers[ANSWERS_MAX];
static unsigned int n_answers, next_answer;

/* The linker sees the library's own references to them. */
#pragma GCC visibility push(default)
int __wrap_nl_send_auto(struct nl_sock *nl, struct nl_msg *msg);
ssize_t __wrap_qsc_nl_recv(int fd, void *buf, size_t size, int flags);
int __wrap_qsc_open(struct qsc_sock **sk);
int __wrap_qsc_subscribe(struct qsc_sock *sk);
void __wrap_nlmsg_free(struct nl_msg *msg);
void __real_nlmsg_free(struct nl_msg *msg);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
void __wrap_protect_process(void);
#pragma GCC visibility pop

void script_reset(void)
{
	for (unsigned int i = 0; i < n_answers; i++)
		if (answers[i].msg)
			__real_nlmsg_free(answers[i].msg);
	memset(&script, 0, sizeof(script));
	n_answers = next_answer = 0;
}

static struct nl_msg *add(int type, size_t header, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(8192);

	assert_true(n_answers < ANSWERS_MAX);
	assert_non_null(msg);
	assert_non_null(nlmsg_put(msg, 0, 0, type, (int)header, flags));
	answers[n_answers++] = (struct answer){ .msg = msg };
	return msg;
}

struct nl_msg *script_reply(int cmd)
{
	struct nl_msg *msg = add(SCRIPT_FAMILY, GENL_HDRLEN, 0);
	struct genlmsghdr *genl = nlmsg_data(nlmsg_hdr(msg));

	genl->cmd = cmd;
	genl->version = QSC_FAMILY_VERSION;
	return msg;
}

void script_refuse(int err, const char *text, int offset)
{
	struct nl_msg *msg =
		add(NLMSG_ERROR, sizeof(struct nlmsgerr), NLM_F_CAPPED | NLM_F_ACK_TLVS);
	struct nlmsgerr *e = nlmsg_data(nlmsg_hdr(msg));

	e->error = -err;
	if (text)
		nla_put_string(msg, NLMSGERR_ATTR_MSG, text);
	if (offset >= 0)
		nla_put_u32(msg, NLMSGERR_ATTR_OFFS, offset);
}

void script_ack(void)
{
	script_refuse(0, NULL, -1);
}

void script_done(void)
{
	add(NLMSG_DONE, sizeof(int), 0);
}

void script_seal(uint32_t id)
{
	static const uint8_t public[QSC_SEAL_PUBLIC_LEN] = { 9 }; /* any point is good */
	struct nl_msg *msg = script_reply(QSC_CMD_SEAL_GET);
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_SEAL);

	assert_non_null(nest);
	nla_put_u32(msg, QSC_A_SEAL_ID, id);
	nla_put(msg, QSC_A_SEAL_PUBLIC, sizeof(public), public);
	nla_put_u32(msg, QSC_A_SEAL_EXPIRES, 60);
	nla_nest_end(msg, nest);
	script_ack();
}

void script_receive_error(int err)
{
	assert_true(n_answers < ANSWERS_MAX);
	answers[n_answers++] = (struct answer){ .err = err };
}

unsigned int script_left(void)
{
	return n_answers - next_answer;
}

struct qsc_sock *script_sock(void)
{
	struct qsc_sock *sk = calloc(1, sizeof(*sk));

	assert_non_null(sk);
	sk->buf = calloc(1, QSC_RECV_MAX);
	sk->req = qsc_nl_socket();
	sk->family = SCRIPT_FAMILY;
	assert_true(sk->buf && sk->req);
	return sk;
}

int __wrap_qsc_open(struct qsc_sock **sk)
{
	*sk = script_sock();
	return script.open_error ? qsc_fail(*sk, -script.open_error, "no module") : 0;
}

int __wrap_qsc_subscribe(struct qsc_sock *sk)
{
	if (!sk->events)
		sk->events = qsc_nl_socket();
	return 0;
}

int __wrap_nl_send_auto(struct nl_sock *nl, struct nl_msg *msg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	(void)nl;
	if (script.send_error) {
		errno = script.send_error;
		return -1;
	}
	nlh->nlmsg_seq = ++script.sent;
	script.last_cmd = genlmsg_hdr(nlh)->cmd;
	if (script.on_send)
		script.on_send(nlh);
	return 0;
}

ssize_t __wrap_qsc_nl_recv(int fd, void *buf, size_t size, int flags)
{
	struct answer *answer;
	struct nlmsghdr *nlh;

	(void)fd;
	if (next_answer == n_answers)
		return (flags & MSG_DONTWAIT) ? -EAGAIN : -ECONNRESET;
	answer = &answers[next_answer++];
	if (!answer->msg)
		return -answer->err;
	nlh = nlmsg_hdr(answer->msg);
	nlh->nlmsg_seq = script.sent;
	assert_true(nlh->nlmsg_len <= size);
	memcpy(buf, nlh, nlh->nlmsg_len);
	return nlh->nlmsg_len;
}

void __wrap_nlmsg_free(struct nl_msg *msg)
{
	const unsigned char *mem = (const unsigned char *)nlmsg_hdr(msg);

	for (size_t i = 0; i < nlmsg_get_max_size(msg); i++) {
		if (mem[i]) {
			script.freed_dirty++;
			break;
		}
	}
	__real_nlmsg_free(msg);
}

/* Events are there as long as there are answers; then a signal comes. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)timeout;
	for (nfds_t i = 0; i < n; i++)
		fds[i].revents = 0;
	fds[script_left() ? n - 1 : 0].revents = POLLIN;
	return 1;
}

/* Locking all memory is not for a sanitizer's. */
void __wrap_protect_process(void)
{
}
