// SPDX-License-Identifier: GPL-2.0
/*
 * A call that is bound to its owner loses its keys when the owner ends, however
 * it ends, before anybody can see that it has ended; and goes on blocking.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "fix.h"

struct seen {
	bool erased;
	uint32_t reason;
};

/* Make a bound call in a child, which then waits for its end. */
static pid_t start_owner(int *said, bool bound, int *hold)
{
	struct srtp_keys keys = { .gens = 1 };
	struct qsc_sock *sk;
	int pipe_fd[2];
	struct rng rng;
	pid_t pid;
	char c;

	if (pipe(pipe_fd))
		ksft_exit_fail_msg("pipe failed\n");
	pid = fork();
	if (pid) {
		close(pipe_fd[1]);
		*said = pipe_fd[0];
		return pid;
	}
	if (hold)
		close(hold[1]);
	rng_seed(&rng, getpid());
	master_random(&keys.gen[0], &rng, QSC_SUITE_AEAD_AES_256_GCM, 0);
	sk = dut_open(SIDE_A);
	dut_call(sk, &(struct dut_call){ .id = CALL,
					 .flags = bound ? QSC_CALL_FLAGS_BOUND : 0 });
	dut_key_ok(sk, CALL, QSC_DIR_TX, &keys);
	dut_key_ok(sk, CALL, QSC_DIR_RX, &keys);
	/* a second holder of the socket, if there is one to be */
	if (hold && !fork()) {
		if (read(hold[0], &c, 1) < 0)
			_exit(1);
		_exit(0);
	}
	if (write(pipe_fd[1], "k", 1) != 1)
		_exit(1);
	pause();
	qsc_close(sk);
	_exit(0);
}

static void wait_for_keys(int said)
{
	char c;

	if (!net_readable(said, 10000) || read(said, &c, 1) != 1)
		ksft_exit_fail_msg("the owner made no call\n");
	close(said);
}

static int state_cb(const struct qsc_call *call, void *arg)
{
	*(uint32_t *)arg = call->state;
	return 0;
}

static uint32_t state(struct qsc_sock *sk)
{
	uint32_t s = 0;

	qsc_call_get(sk, CALL, state_cb, &s);
	return s;
}

static int event_cb(const struct qsc_event *event, void *arg)
{
	struct seen *seen = arg;

	if (event->type == QSC_CMD_ERASED_NTF && !event->key) {
		seen->erased = true;
		seen->reason = event->reason;
	}
	return 0;
}

static bool event_owner(struct qsc_sock *sk)
{
	struct seen seen = {};

	while (!seen.erased && qsc_event_wait(sk, 2000, event_cb, &seen) > 0)
		;
	return seen.erased && seen.reason == QSC_ERASE_REASON_OWNER;
}

/* What the application sends now is dropped, not sent in clear. */
static bool blocks(struct qsc_sock *sk)
{
	int app = net_udp(SIDE_A, AF_INET, 1, APP_PORT);
	const uint64_t want[] = { QSC_A_STATS_TX_DROP_ERASED, 1, 0 };
	struct qsc_stats before, after;
	unsigned int frames = 0;
	int tap = net_tap(SIDE_B);
	struct packet pkt;
	bool good;

	net_connect(app, AF_INET, 2, PEER_PORT);
	dut_stats(sk, CALL, &before);
	gen_rtp_plain(&pkt, SSRC, 1, MARKER, MARKER_LEN);
	fix_send(app, pkt.data, pkt.len);
	usleep(10000);
	dut_stats(sk, CALL, &after);
	good = dut_stats_moved(&before, &after, want) &&
	       !net_tap_saw(tap, MARKER, MARKER_LEN, &frames);
	close(tap);
	close(app);
	return good;
}

static void run(struct qsc_sock *sk, int sig, const char *how)
{
	bool was_secure, erased, told, blocking;
	pid_t pid;
	int said;

	pid = start_owner(&said, true, NULL);
	wait_for_keys(said);
	was_secure = state(sk) == QSC_CALL_STATE_SECURE;
	kill(pid, sig);
	waitpid(pid, NULL, 0);
	/* no waiting: the keys go before the process does */
	erased = state(sk) == QSC_CALL_STATE_ERASED;
	told = event_owner(sk);
	blocking = blocks(sk);
	dut_del(sk, CALL);
	if (!was_secure || !erased || !told || !blocking)
		ksft_print_msg("secure before: %d, erased after: %d, event: %d, blocks: %d\n",
			       was_secure, erased, told, blocking);
	ksft_test_result(was_secure && erased && told && blocking,
			 "%s: keys gone, an event says so, the call blocks\n", how);
}

/* A socket ends with the last who holds it. */
static void run_shared(struct qsc_sock *sk)
{
	bool kept, erased = false;
	int tries = 100;
	int hold[2];
	pid_t pid;
	int said;

	if (pipe(hold))
		ksft_exit_fail_msg("pipe failed\n");
	pid = start_owner(&said, true, hold);
	wait_for_keys(said);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	kept = state(sk) == QSC_CALL_STATE_SECURE;
	close(hold[0]);
	close(hold[1]);
	/* the second holder is nobody's child to wait for */
	while (!erased && --tries) {
		usleep(20000);
		erased = state(sk) == QSC_CALL_STATE_ERASED;
	}
	event_owner(sk);
	dut_del(sk, CALL);
	ksft_test_result(kept && erased, "a shared socket ends with its last holder\n");
}

static void run_unbound(struct qsc_sock *sk)
{
	bool kept;
	pid_t pid;
	int said;

	pid = start_owner(&said, false, NULL);
	wait_for_keys(said);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	kept = state(sk) == QSC_CALL_STATE_SECURE;
	dut_del(sk, CALL);
	ksft_test_result(kept, "a call that is not bound survives its maker\n");
}

static int revoked_cb(const struct qsc_event *event, void *arg)
{
	bool *good = arg;

	if (event->type != QSC_CMD_ERASED_NTF || event->key)
		return 0;
	*good = event->reason == QSC_ERASE_REASON_REVOKED && event->n_keys == 2 &&
		event->keys[0].dir == QSC_DIR_TX && event->keys[0].generation == 1 &&
		event->keys[1].dir == QSC_DIR_RX && event->keys[1].generation == 1;
	return 0;
}

/* Neither the owner's death nor a request of just anybody: the card was revoked. */
static void run_revoked(struct qsc_sock *sk)
{
	struct qsc_erased before, after;
	bool erased, counted, told = false;
	pid_t pid;
	int said;

	pid = start_owner(&said, false, NULL);
	wait_for_keys(said);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	qsc_stats_erased(sk, &before);
	erased = !qsc_key_revoke(sk, CALL) && state(sk) == QSC_CALL_STATE_ERASED;
	qsc_stats_erased(sk, &after);
	counted = after.keys[QSC_ERASE_REASON_REVOKED] ==
		  before.keys[QSC_ERASE_REASON_REVOKED] + 2;
	while (!told && qsc_event_wait(sk, 2000, revoked_cb, &told) > 0)
		;
	dut_del(sk, CALL);
	if (!erased || !counted || !told)
		ksft_print_msg("erased: %d, counted: %d, event: %d\n", erased, counted, told);
	ksft_test_result(erased && counted && told,
			 "revoked: an event says so, and which keys are gone\n");
}

static int owner_cb(const struct qsc_call *call, void *arg)
{
	*(uint32_t *)arg = call->owner;
	return 0;
}

/* A generic netlink socket of @side with a port of its own, or with @port. */
static void open_and_close(enum side side, uint32_t port)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_pid = port };
	int fd;

	net_enter(side);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		ksft_exit_fail_msg("netlink socket: %s\n", strerror(errno));
	close(fd);
}

/* Whose socket it is tells the port number, in its own namespace. */
static void run_others(struct qsc_sock *sk)
{
	uint32_t port = 0;
	bool kept;
	pid_t pid;
	int said;

	pid = start_owner(&said, true, NULL);
	wait_for_keys(said);
	qsc_call_get(sk, CALL, owner_cb, &port);
	open_and_close(SIDE_A, 0);
	kept = port && state(sk) == QSC_CALL_STATE_SECURE;
	ksft_test_result(kept, "a socket of another process ends nothing\n");
	open_and_close(SIDE_B, port);
	kept = kept && state(sk) == QSC_CALL_STATE_SECURE;
	ksft_test_result(kept, "nor does one with this number in another namespace\n");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	dut_del(sk, CALL);
}

int main(void)
{
	struct qsc_sock *sk;

	ksft_print_header();
	net_up();
	sk = dut_open(SIDE_A);
	if (qsc_subscribe(sk))
		ksft_exit_fail_msg("subscribe: %s\n", qsc_last_error(sk)->text);
	ksft_set_plan(8);
	run(sk, SIGKILL, "killed");
	run(sk, SIGSEGV, "crashed");
	run(sk, SIGTERM, "terminated");
	run_shared(sk);
	run_unbound(sk);
	run_revoked(sk);
	run_others(sk);
	qsc_close(sk);
	ksft_finished();
}
