// SPDX-License-Identifier: GPL-2.0
/*
 * Keys cross netlink sealed, and sessions open only for the call, the party and
 * the epoch that they were wrapped for; two parties of one call rekey without
 * losing a packet.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "fix.h"
#include "seal.h"

#define KEY_MARK	"QSC-KEY!"	/* all key bytes are made of it */
#define KEY_MARK_LEN	8
#define SEEN		"this-is-seen"	/* a call-id, to see that taps see */
#define BURST		10		/* packets at a time, each way */
#define EPOCHS		4

/* One side of the call: its handle and its application. */
struct party {
	enum side side;
	struct qsc_sock *sk;
	int app;
	int received;
};

static struct seal seal;

static void fill(uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		p[i] = KEY_MARK[i % KEY_MARK_LEN];
}

static struct qsc_key a_key(uint32_t dir)
{
	struct qsc_key key = {
		.dir = dir,
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.master_len = 32,
		.salt_len = 12,
	};

	fill(key.master, sizeof(key.master));
	fill(key.salt, sizeof(key.salt));
	return key;
}

static struct qsc_session a_session(uint32_t role, uint32_t epoch)
{
	struct qsc_session s = {
		.role = role,
		.caller = "alice",
		.callee = "bob",
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.epoch = epoch,
	};

	fill(s.dist, sizeof(s.dist));
	fill(s.exporter, sizeof(s.exporter));
	s.exporter[0] = role; /* each party has its own */
	seal_wrap(&s, CALL, 1 + epoch);
	return s;
}

static bool expect(const char *what, int err, int want)
{
	if (err == want)
		return true;
	ksft_print_msg("%s: %s, not %s\n", what, strerror(-err), strerror(-want));
	return false;
}

static int count_keys(const struct qsc_call *call, void *arg)
{
	*(unsigned int *)arg = call->legs[0].n_keys;
	return 0;
}

static unsigned int keys_of(struct qsc_sock *sk)
{
	unsigned int n = 0;

	if (qsc_call_get(sk, CALL, count_keys, &n))
		ksft_exit_fail_msg("call get: %s\n", qsc_last_error(sk)->text);
	return n;
}

static int ignore(const struct qsc_call *call, void *arg)
{
	(void)call;
	(void)arg;
	return 0;
}

/* ------------------------------------------------------------ on netlink */

static void taps(void)
{
	const char *name = "a tap on netlink sees requests, and no key in them\n";
	struct qsc_session s = a_session(QSC_ROLE_CALLER, 0);
	struct qsc_key tx = a_key(QSC_DIR_TX);
	struct qsc_sock *sk = dut_open(SIDE_A);
	unsigned int frames = 0;
	bool good, seen;
	int tap, control;

	if (net_sh(SIDE_A, "ip link add nlmon0 type nlmon && ip link set nlmon0 up")) {
		ksft_test_result_skip("there is no nlmon: %s", name);
		qsc_close(sk);
		return;
	}
	tap = net_tap_on(SIDE_A, "nlmon0");
	control = net_tap_on(SIDE_A, "nlmon0");
	dut_call(sk, &(struct dut_call){ .id = CALL });
	good = expect("key", qsc_key_set(sk, CALL, &tx), 0);
	good = expect("key for nobody", qsc_key_set(sk, "nobody", &tx), -ENOENT) && good;
	dut_del(sk, CALL);
	dut_call(sk, &(struct dut_call){ .id = CALL });
	good = expect("session", qsc_session_set(sk, CALL, &s), 0) && good;
	good = expect("session again", qsc_session_set(sk, CALL, &s), -EEXIST) && good;
	qsc_call_get(sk, SEEN, ignore, NULL);

	seen = net_tap_saw(control, SEEN, strlen(SEEN), &frames);
	if (!seen)
		ksft_print_msg("the tap did not even see a call-id in %u frames\n", frames);
	if (net_tap_saw(tap, KEY_MARK, KEY_MARK_LEN, &frames)) {
		ksft_print_msg("there is a key on the tap\n");
		good = false;
	}
	close(tap);
	close(control);
	dut_del(sk, CALL);
	qsc_close(sk);
	net_sh(SIDE_A, "ip link del nlmon0");
	ksft_test_result(good && seen, "%s", name);
}

/* A request that the module never sees, so that it cannot wipe it. */
static void echo_of_what_policy_refuses(void)
{
	struct qsc_key key = a_key(QSC_DIR_TX);
	struct qsc_sock *sk = dut_open(SIDE_A);
	static uint8_t buf[NL_BYTES];
	struct nlr_seen key_seen = {}, seen = {};
	struct nlr_answer a = {};
	static struct nlr_msg m;
	struct nlr_sock nl;
	int nest, len;
	bool good;

	nlr_open(&nl, SIDE_A, false, true, false);
	seal_refresh(&seal, sk);
	nlr_start(&m, nlr_family(SIDE_A, NULL), QSC_CMD_KEY_SET, NLM_F_ACK);
	nlr_put_str(&m, NL_ROOT, QSC_A_CALL_ID, SEEN);
	nest = nlr_nest(&m, NL_ROOT, QSC_A_CALL_KEY);
	nlr_put_u32(&m, nest, QSC_A_KEY_DIR, 99);
	nlr_put_u32(&m, nest, QSC_A_KEY_SUITE, key.suite);
	seal_put_key(&seal, &m, nest, SEEN, &key);
	len = nlr_flatten(&m, 1, buf, sizeof(buf));
	good = !memmem(buf, len, KEY_MARK, KEY_MARK_LEN);

	/* once for the key, once for something that has to be in it */
	if (nlr_send(&nl, buf, len) || nlr_read(&nl, 1, &a, 1, KEY_MARK, &key_seen) ||
	    nlr_send(&nl, buf, len) || nlr_read(&nl, 1, &a, 1, SEEN, &seen))
		ksft_exit_fail_msg("netlink: %s\n", strerror(errno));
	good = (a.err == -EINVAL || a.err == -ERANGE) && good;
	if (!seen.echoed)
		ksft_print_msg("the request was not echoed: %s\n", strerror(-a.err));
	nlr_close(&nl);
	qsc_close(sk);
	ksft_test_result(good && seen.echoed && !key_seen.echoed && !key_seen.marker,
			 "what netlink refuses by itself is echoed without a key\n");
}

/* Sealed for one thing, sent as another. */
static bool refused_as(struct nlr_sock *nl, struct qsc_sock *sk, const char *what,
		       const char *sealed_id, const struct qsc_key *sealed,
		       const char *sent_id, const struct qsc_key *sent, int want)
{
	static struct nlr_msg m;
	int nest;

	seal_refresh(&seal, sk);
	nlr_start(&m, nlr_family(SIDE_A, NULL), QSC_CMD_KEY_SET, NLM_F_ACK);
	nlr_put_str(&m, NL_ROOT, QSC_A_CALL_ID, sent_id);
	nest = nlr_nest(&m, NL_ROOT, QSC_A_CALL_KEY);
	nlr_put_u8(&m, nest, QSC_A_KEY_LEG, sent->leg);
	nlr_put_u32(&m, nest, QSC_A_KEY_DIR, sent->dir);
	nlr_put_u32(&m, nest, QSC_A_KEY_SUITE, sent->suite);
	if (sent->mki_len)
		nlr_put(&m, nest, QSC_A_KEY_MKI, sent->mki, sent->mki_len);
	seal_put_key(&seal, &m, nest, sealed_id, sealed);
	return expect(what, nlr_request(nl, &m), want);
}

static void key_for_something_else(void)
{
	struct qsc_sock *sk = dut_open(SIDE_A);
	const struct qsc_key key = a_key(QSC_DIR_TX);
	struct qsc_key other;
	struct nlr_sock nl;
	bool good;

	nlr_open(&nl, SIDE_A, true, true, false);
	dut_call(sk, &(struct dut_call){ .id = CALL });
	good = refused_as(&nl, sk, "another call-id", "other", &key, CALL, &key, -EBADMSG);
	other = key;
	other.dir = QSC_DIR_RX;
	good = refused_as(&nl, sk, "other direction", CALL, &other, CALL, &key, -EBADMSG) && good;
	other = key;
	other.leg = 1;
	good = refused_as(&nl, sk, "another leg", CALL, &other, CALL, &key, -EBADMSG) && good;
	other = key;
	other.mki_len = 1;
	good = refused_as(&nl, sk, "an MKI", CALL, &other, CALL, &key, -EBADMSG) && good;
	other = key;
	other.suite = QSC_SUITE_AEAD_AES_128_GCM;
	good = refused_as(&nl, sk, "another suite", CALL, &other, CALL, &key, -EBADMSG) && good;
	good = keys_of(sk) == 0 && good;
	good = refused_as(&nl, sk, "what it is for", CALL, &key, CALL, &key, 0) && good;
	good = keys_of(sk) == 1 && good;
	dut_del(sk, CALL);
	nlr_close(&nl);
	qsc_close(sk);
	ksft_test_result(good, "a key that is sealed for something else is refused\n");
}

static void sealing_key_that_is_gone(void)
{
	const struct qsc_key key = a_key(QSC_DIR_TX), rx = a_key(QSC_DIR_RX);
	struct qsc_sock *sk = dut_open(SIDE_A);
	static struct nlr_msg m;
	struct nlr_sock nl;
	bool good;
	int nest;

	nlr_open(&nl, SIDE_A, true, true, false);
	seal.id = 0;
	seal_refresh(&seal, sk);
	nlr_start(&m, nlr_family(SIDE_A, NULL), QSC_CMD_KEY_SET, NLM_F_ACK);
	nlr_put_str(&m, NL_ROOT, QSC_A_CALL_ID, CALL);
	nest = nlr_nest(&m, NL_ROOT, QSC_A_CALL_KEY);
	nlr_put_u32(&m, nest, QSC_A_KEY_DIR, key.dir);
	nlr_put_u32(&m, nest, QSC_A_KEY_SUITE, key.suite);
	seal_put_key(&seal, &m, nest, CALL, &key);

	/* sk has used that sealing key too, so it has to ask again by itself */
	qsc_call_flush(sk, NULL);
	seal.id = 0;
	dut_call(sk, &(struct dut_call){ .id = CALL });
	good = expect("a key sealed before the flush", nlr_request(&nl, &m), -EKEYEXPIRED);
	good = expect("libqsc", qsc_key_set(sk, CALL, &rx), 0) && good;
	dut_del(sk, CALL);
	nlr_close(&nl);
	qsc_close(sk);
	ksft_test_result(good, "after a flush nothing opens that was sealed before it\n");
}

/* -------------------------------------------------------------- sessions */

static bool refused(struct qsc_sock *sk, const char *what, const struct qsc_session *s)
{
	return expect(what, qsc_session_set(sk, CALL, s), -EBADMSG);
}

static void session_for_something_else(void)
{
	const struct qsc_session good_one = a_session(QSC_ROLE_CALLER, 3);
	struct qsc_sock *sk = dut_open(SIDE_A);
	struct qsc_session s = good_one;
	bool good;

	dut_call(sk, &(struct dut_call){ .id = CALL });
	s.role = QSC_ROLE_CALLEE;
	good = refused(sk, "the other's role", &s);
	s = good_one;
	s.caller = "bob";
	s.callee = "alice";
	good = refused(sk, "caller and callee swapped", &s) && good;
	s = good_one;
	s.callee = "mallory";
	good = refused(sk, "another callee", &s) && good;
	s = good_one;
	s.epoch++;
	good = refused(sk, "another epoch", &s) && good;
	s = good_one;
	s.suite = QSC_SUITE_AEAD_AES_128_GCM;
	good = refused(sk, "another suite", &s) && good;
	s = good_one;
	s.dist[31] ^= 1;
	good = refused(sk, "another distribution key", &s) && good;
	s = good_one;
	s.exporter[31] ^= 1;
	good = refused(sk, "another connection", &s) && good;
	s = good_one;
	s.wrapped[0] ^= 1;
	good = refused(sk, "another wrapped key", &s) && good;
	s = good_one;
	seal_wrap(&s, "another", 4);
	good = refused(sk, "another call-id", &s) && good;
	good = keys_of(sk) == 0 && good;
	good = expect("what it is for", qsc_session_set(sk, CALL, &good_one), 0) && good;
	good = keys_of(sk) == 2 && good;
	dut_del(sk, CALL);
	qsc_close(sk);
	ksft_test_result(good, "a session that is wrapped for something else is refused\n");
}

static void parked_key_is_erased(void)
{
	struct qsc_session s = a_session(QSC_ROLE_CALLEE, 0);
	struct qsc_sock *sk = dut_open(SIDE_A);
	bool good;

	dut_call(sk, &(struct dut_call){ .id = CALL });
	good = expect("nothing parked", qsc_session_activate(sk, CALL, 0), -ENOKEY);
	s.hold = true;
	good = expect("hold", qsc_session_set(sk, CALL, &s), 0) && good;
	good = keys_of(sk) == 2 && good;
	good = expect("erase", qsc_key_erase(sk, CALL), 0) && good;
	good = keys_of(sk) == 0 && good;
	good = expect("activate", qsc_session_activate(sk, CALL, 0), -EINVAL) && good;
	dut_del(sk, CALL);
	qsc_close(sk);
	ksft_test_result(good, "a key that is held back is erased with the others\n");
}

/* ------------------------------------------------------------ two parties */

static union qsc_addr addr_of(int family, int host, uint16_t port)
{
	union addr from = net_addr(family, host, port);
	union qsc_addr to = {};

	if (family == AF_INET)
		to.in4 = from.in4;
	else
		to.in6 = from.in6;
	return to;
}

static void open_party(struct party *p, int family, enum side side)
{
	int here = side == SIDE_A ? 1 : 2, port = side == SIDE_A ? APP_PORT : PEER_PORT;
	int peer_port = APP_PORT + PEER_PORT - port;
	struct qsc_call_params params = { .id = CALL, .n_legs = 1 };

	params.role = side == SIDE_A ? QSC_ROLE_CALLER : QSC_ROLE_CALLEE;
	params.legs[0].local = addr_of(family, here, port);
	params.legs[0].remote = addr_of(family, 3 - here, peer_port);
	*p = (struct party){ .side = side, .sk = dut_open(side) };
	if (qsc_call_new(p->sk, &params))
		ksft_exit_fail_msg("call new: %s\n", qsc_last_error(p->sk)->text);
	p->app = net_udp(side, family, here, port);
	net_connect(p->app, family, 3 - here, peer_port);
}

static void close_party(struct party *p)
{
	dut_del(p->sk, CALL);
	qsc_close(p->sk);
	close(p->app);
}

static int set(struct party *p, uint32_t epoch, bool hold)
{
	struct qsc_session s = a_session(p->side == SIDE_A ? QSC_ROLE_CALLER : QSC_ROLE_CALLEE,
					 epoch);
	int err;

	s.hold = hold;
	err = qsc_session_set(p->sk, CALL, &s);
	if (err)
		ksft_print_msg("session set: %s\n", qsc_last_error(p->sk)->text);
	return err;
}

static void burst(struct party *a, struct party *b, uint16_t *seq)
{
	struct packet pkt;
	int i;

	for (i = 0; i < BURST; i++) {
		gen_rtp_plain(&pkt, SSRC, ++*seq, MARKER, MARKER_LEN);
		fix_send(a->app, pkt.data, pkt.len);
		fix_send(b->app, pkt.data, pkt.len);
	}
}

/* Wait for all that was sent so far. */
static bool receive(struct party *p, int sent)
{
	uint8_t buf[2048];
	int len;

	while (p->received < sent && net_readable(p->app, 20000)) {
		len = recv(p->app, buf, sizeof(buf), 0);
		p->received += len > 0 && memmem(buf, len, MARKER, MARKER_LEN);
	}
	if (p->received == sent)
		return true;
	ksft_print_msg("%d of %d packets came\n", p->received, sent);
	return false;
}

/* The steps of a rekey, by either party first, with packets all the time. */
static bool rekey(struct party *a, struct party *b, uint32_t epoch, uint16_t *seq)
{
	struct party *first = epoch % 2 ? a : b, *second = epoch % 2 ? b : a;
	int err;

	err = set(first, epoch, true);
	burst(a, b, seq);
	if (!err)
		err = set(second, epoch, true);
	burst(a, b, seq);
	if (!err)
		err = qsc_session_activate(second->sk, CALL, 0);
	burst(a, b, seq);
	if (!err)
		err = qsc_session_activate(first->sk, CALL, 0);
	burst(a, b, seq);
	return !err;
}

static void rekey_in_mid_call(int family)
{
	bool slow = !net_sh(SIDE_A, "tc qdisc add dev wa root netem delay 20ms");
	unsigned int frames = 0;
	struct party a, b;
	uint16_t seq = 0;
	uint32_t epoch;
	bool good;
	int tap;

	open_party(&a, family, SIDE_A);
	open_party(&b, family, SIDE_B);
	tap = net_tap(SIDE_B);
	good = !set(&a, 0, false) && !set(&b, 0, false);
	burst(&a, &b, &seq);
	/* the next one is not begun while packets of the one before are on their way */
	for (epoch = 1; epoch <= EPOCHS && good; epoch++)
		good = rekey(&a, &b, epoch, &seq) && receive(&a, seq) && receive(&b, seq);
	if (net_tap_saw(tap, MARKER, MARKER_LEN, &frames)) {
		ksft_print_msg("something went in clear\n");
		good = false;
	}
	ksft_print_msg("%u packets each way, %u frames%s\n", seq, frames,
		       slow ? ", 20 ms on the way" : "");
	close(tap);
	close_party(&a);
	close_party(&b);
	if (slow)
		net_sh(SIDE_A, "tc qdisc del dev wa root");
	ksft_test_result(good && frames >= seq, "%u rekeys in mid-call lose no packet, %s\n",
			 EPOCHS, family == AF_INET ? "IPv4" : "IPv6");
}

int main(void)
{
	ksft_print_header();
	net_up();
	net_pin();
	qsc_close(dut_open(SIDE_A));
	ksft_set_plan(8);
	taps();
	echo_of_what_policy_refuses();
	key_for_something_else();
	sealing_key_that_is_gone();
	session_for_something_else();
	parked_key_is_erased();
	rekey_in_mid_call(AF_INET);
	rekey_in_mid_call(AF_INET6);
	ksft_finished();
}
