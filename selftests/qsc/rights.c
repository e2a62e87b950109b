// SPDX-License-Identifier: GPL-2.0
/*
 * Who may do what to which call: another namespace nothing, a process without
 * CAP_NET_ADMIN nothing either, and a request that is refused leaves nothing
 * behind, neither in the kernel nor in its answer.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "fix.h"
#include "internal.h"

#define ANSWER_MS 10000

/* Capabilities of this thread: with CAP_NET_ADMIN in effect, or without. */
static void net_admin(bool on)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	const uint32_t bit = 1 << CAP_NET_ADMIN;

	if (syscall(SYS_capget, &head, data))
		ksft_exit_fail_msg("capget: %s\n", strerror(errno));
	data[0].effective = on ? data[0].effective | bit : data[0].effective & ~bit;
	if (syscall(SYS_capset, &head, data))
		ksft_exit_fail_msg("capset: %s\n", strerror(errno));
}

static void secure_keys(struct qsc_sock *sk, const char *id)
{
	struct srtp_keys keys = { .gens = 1 };
	struct rng rng;

	rng_seed(&rng, getpid());
	master_random(&keys.gen[0], &rng, QSC_SUITE_AEAD_AES_256_GCM, 0);
	dut_key_ok(sk, id, QSC_DIR_TX, &keys);
	dut_key_ok(sk, id, QSC_DIR_RX, &keys);
}

static int state_cb(const struct qsc_call *call, void *arg)
{
	*(uint32_t *)arg = call->state;
	return 0;
}

static int count_cb(const struct qsc_call *call, void *arg)
{
	(void)call;
	++*(unsigned int *)arg;
	return 0;
}

static bool is_secure(struct qsc_sock *sk, const char *id)
{
	uint32_t state = 0;

	return !qsc_call_get(sk, id, state_cb, &state) && state == QSC_CALL_STATE_SECURE;
}

static bool expect(const char *what, int got, int want)
{
	if (got == want)
		return true;
	ksft_print_msg("%s: %s, expected %s\n", what, strerror(-got), strerror(-want));
	return false;
}

static void own_namespace(struct qsc_sock *a, struct qsc_sock *b)
{
	uint32_t state;
	bool good;

	/* Where the process is now does not matter. */
	net_enter(SIDE_B);
	dut_call(a, &(struct dut_call){ .id = CALL });
	good = expect("get in A", qsc_call_get(a, CALL, state_cb, &state), 0);
	good = expect("get in B", qsc_call_get(b, CALL, state_cb, &state), -ENOENT) && good;
	net_enter(SIDE_A);
	good = expect("get in B", qsc_call_get(b, CALL, state_cb, &state), -ENOENT) && good;
	ksft_test_result(good, "a socket works in the namespace that it was opened in\n");
}

static void other_namespace_sees(struct qsc_sock *b)
{
	struct qsc_stats stats;
	unsigned int n = 0;
	uint64_t calls = 0;
	struct qsc_info info;
	bool good;

	good = expect("stats", qsc_call_stats(b, CALL, count_cb, &n), -ENOENT);
	good = expect("dump", qsc_call_dump(b, count_cb, &n), 0) && good;
	good = expect("totals", qsc_stats_total(b, &stats, &calls), 0) && good;
	good = expect("info", qsc_info(b, &info), 0) && good;
	if (n || calls || info.calls)
		ksft_print_msg("%u calls listed, %llu and %u counted\n", n,
			       (unsigned long long)calls, info.calls);
	ksft_test_result(good && !n && !calls && !info.calls && !info.hooked,
			 "another namespace sees no call\n");
}

static void other_namespace_changes(struct qsc_sock *a, struct qsc_sock *b)
{
	struct qsc_key key = { .dir = QSC_DIR_TX, .suite = QSC_SUITE_AEAD_AES_256_GCM,
			       .master_len = 32, .salt_len = 12 };
	const uint32_t second = 1;
	uint64_t count = 1;
	bool good;

	secure_keys(a, CALL);
	good = expect("erase", qsc_key_erase(b, CALL), -ENOENT);
	good = expect("key", qsc_key_set(b, CALL, &key), -ENOENT) && good;
	good = expect("set", qsc_call_set(b, CALL, &second, &second), -ENOENT) && good;
	good = expect("del", qsc_call_del(b, CALL), -ENOENT) && good;
	good = expect("flush", qsc_call_flush(b, &count), 0) && good;
	if (count)
		ksft_print_msg("%llu calls flushed\n", (unsigned long long)count);
	ksft_test_result(good && !count && is_secure(a, CALL), "nor can it change one\n");
}

static bool hooked(struct qsc_sock *sk)
{
	struct qsc_info info = {};

	if (qsc_info(sk, &info))
		ksft_exit_fail_msg("info: %s\n", qsc_last_error(sk)->text);
	return info.hooked;
}

static void hooks_come_and_go(struct qsc_sock *a)
{
	bool with_first, with_one, without;

	dut_del(a, CALL);
	dut_call(a, &(struct dut_call){ .id = CALL });
	with_first = hooked(a);
	dut_call(a, &(struct dut_call){ .id = "second", .port = APP_PORT + 10 });
	dut_del(a, CALL);
	with_one = hooked(a);
	dut_del(a, "second");
	without = hooked(a);
	ksft_test_result(with_first && with_one && !without,
			 "the first call brings the hooks, the last one takes them along\n");
}

static int raw_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (fd < 0)
		ksft_exit_fail_msg("netlink socket: %s\n", strerror(errno));
	return fd;
}

static int family_number(void)
{
	struct nl_sock *nl = nl_socket_alloc();
	int family;

	if (!nl || genl_connect(nl))
		ksft_exit_fail_msg("cannot open a generic netlink socket\n");
	family = genl_ctrl_resolve(nl, QSC_FAMILY_NAME);
	nl_socket_free(nl);
	return family;
}

/* The errno that a request ends with; the error is left in @buf. */
static int answer(int fd, void *buf, int size)
{
	struct nlmsghdr *nlh;
	int len;

	while (net_readable(fd, ANSWER_MS)) {
		len = recv(fd, buf, size, 0);
		for (nlh = buf; NLMSG_OK(nlh, (unsigned int)len); nlh = NLMSG_NEXT(nlh, len)) {
			if (nlh->nlmsg_type == NLMSG_ERROR) {
				memmove(buf, nlh, nlh->nlmsg_len);
				return ((struct nlmsgerr *)NLMSG_DATA(buf))->error;
			}
			if (nlh->nlmsg_type == NLMSG_DONE)
				return 0;
		}
	}
	ksft_exit_fail_msg("no answer to a request\n");
}

/* A request without attributes. */
static int ask(int fd, int family, int cmd, int flags)
{
	static char buf[1 << 16];
	struct {
		struct nlmsghdr nlh;
		struct genlmsghdr genl;
	} req = {
		.nlh = { .nlmsg_len = sizeof(req), .nlmsg_type = family,
			 .nlmsg_flags = NLM_F_REQUEST | flags },
		.genl = { .cmd = cmd, .version = QSC_FAMILY_VERSION },
	};

	if (send(fd, &req, sizeof(req), 0) != sizeof(req))
		ksft_exit_fail_msg("netlink send: %s\n", strerror(errno));
	return answer(fd, buf, sizeof(buf));
}

/* Whatever commands there are: numbers that are none tell so. */
static void commands_without_net_admin(void)
{
	static const int kinds[] = { NLM_F_ACK, NLM_F_DUMP };
	int family = family_number();
	int fd = raw_socket();
	bool good = true;
	int tried = 0;
	int with, without;
	int cmd;
	size_t i;

	for (cmd = 1; cmd <= QSC_CMD_MAX; cmd++) {
		for (i = 0; i < 2; i++) {
			with = ask(fd, family, cmd, kinds[i]);
			if (with == -EOPNOTSUPP)
				continue;
			tried++;
			net_admin(false);
			without = ask(fd, family, cmd, kinds[i]);
			net_admin(true);
			if (with != -EPERM && without == -EPERM)
				continue;
			ksft_print_msg("command %d%s: %s, without CAP_NET_ADMIN %s\n", cmd,
				       i ? ", dump" : "", strerror(-with), strerror(-without));
			good = false;
		}
	}
	close(fd);
	ksft_print_msg("%d commands\n", tried);
	ksft_test_result(good && tried >= 10, "without CAP_NET_ADMIN no command works\n");
}

static void events_without_net_admin(void)
{
	struct qsc_sock *sk = dut_open(SIDE_A);
	bool good;

	net_admin(false);
	good = expect("subscribe", qsc_subscribe(sk), -EPERM);
	net_admin(true);
	good = expect("with the capability", qsc_subscribe(sk), 0) && good;
	qsc_close(sk);
	ksft_test_result(good, "without CAP_NET_ADMIN nobody hears events\n");
}

/* A key for a call that does not exist: refused by the module, not before it. */
static struct nl_msg *key_for_nobody(struct qsc_sock *sk, const struct qsc_key *key)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (!msg || !genlmsg_put(msg, 0, 1, family_number(), 0, NLM_F_REQUEST | NLM_F_ACK,
				 QSC_CMD_KEY_SET, QSC_FAMILY_VERSION))
		ksft_exit_fail_msg("out of memory\n");
	if (qsc_seal_get(sk) || qsc_key_build(sk, msg, "nobody", key, &sk->seal))
		ksft_exit_fail_msg("a sealed key: %s\n", qsc_last_error(sk)->text);
	return msg;
}

/* The kernel quotes a request that was refused: all of it has to be gone. */
static void refused_key(void)
{
	struct qsc_key key = {
		.dir = QSC_DIR_TX,
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.master_len = 32,
		.salt_len = 12,
	};
	struct qsc_sock *sk = dut_open(SIDE_A);
	static char buf[1 << 16];
	struct nlmsghdr *quote, *req;
	struct nl_msg *msg;
	int fd = raw_socket();
	bool quoted, good;
	size_t i, left = 0;

	memset(key.master, 0xa5, sizeof(key.master));
	msg = key_for_nobody(sk, &key);
	req = nlmsg_hdr(msg);
	if (send(fd, req, req->nlmsg_len, 0) != (ssize_t)req->nlmsg_len)
		ksft_exit_fail_msg("netlink send: %s\n", strerror(errno));
	good = expect("key for nobody", answer(fd, buf, sizeof(buf)), -ENOENT);
	quote = &((struct nlmsgerr *)NLMSG_DATA(buf))->msg;
	quoted = quote->nlmsg_len == req->nlmsg_len &&
		 ((struct nlmsghdr *)buf)->nlmsg_len >=
			 NLMSG_LENGTH(sizeof(struct nlmsgerr)) + req->nlmsg_len - NLMSG_HDRLEN;
	if (!quoted)
		ksft_print_msg("the request was not quoted\n");
	for (i = NLMSG_HDRLEN + GENL_HDRLEN; i < req->nlmsg_len; i++)
		left += ((char *)quote)[i] != 0;
	if (left) {
		ksft_print_msg("%zu bytes of the attributes are quoted\n", left);
		good = false;
	}
	nlmsg_free(msg);
	close(fd);
	qsc_close(sk);
	ksft_test_result(good && quoted, "a key that is refused is not quoted back\n");
}

static int module_refs(void)
{
	FILE *f = fopen("/sys/module/qsc/refcnt", "r");
	char line[16] = "";

	if (!f)
		return -1;
	if (!fgets(line, sizeof(line), f))
		line[0] = 0;
	fclose(f);
	return *line ? (int)strtol(line, NULL, 10) : -1;
}

/* An address or an id that is taken: refused, and nothing is left of the attempt. */
static void refused_call(struct qsc_sock *a)
{
	struct qsc_call_params taken = { .id = CALL, .n_legs = 1 };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a4d0001) };
	bool good;
	int refs;
	int i;

	at.sin_port = htons(APP_PORT);
	taken.legs[0].local.in4 = at;
	at.sin_addr.s_addr = htonl(0x0a4d0002);
	at.sin_port = htons(PEER_PORT);
	taken.legs[0].remote.in4 = at;
	dut_call(a, &(struct dut_call){ .id = CALL });
	refs = module_refs();
	good = refs > 0;
	for (i = 0; i < 3; i++) {
		taken.id = CALL;
		good = expect("id taken", qsc_call_new(a, &taken), -EEXIST) && good;
		taken.id = "another";
		good = expect("address taken", qsc_call_new(a, &taken), -EADDRINUSE) && good;
	}
	if (module_refs() != refs) {
		ksft_print_msg("%d references to the module, %d before\n", module_refs(), refs);
		good = false;
	}
	dut_del(a, CALL);
	ksft_test_result(good && module_refs() == refs - 1,
			 "a call that is refused leaves nothing behind\n");
}

int main(void)
{
	struct qsc_sock *a, *b;

	ksft_print_header();
	net_up();
	a = dut_open(SIDE_A);
	b = dut_open(SIDE_B);
	ksft_set_plan(8);
	own_namespace(a, b);
	other_namespace_sees(b);
	other_namespace_changes(a, b);
	hooks_come_and_go(a);
	refused_call(a);
	net_enter(SIDE_A);
	commands_without_net_admin();
	events_without_net_admin();
	refused_key();
	qsc_close(a);
	qsc_close(b);
	ksft_finished();
}
