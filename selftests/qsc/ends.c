// SPDX-License-Identifier: GPL-2.0
/* A relay call and the two handsets that talk through it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "ends.h"
#include "env.h"

#define TIMEOUT_MS	2000
#define QUIET_MS	20
#define SECOND		"second"	/* of two in a row */
#define BETWEEN		8000		/* port of the first one's leg to the second one */

void ends_start(struct ends *e)
{
	ksft_print_header();
	net_up();
	net_pin();
	if (srtp_init())
		ksft_exit_fail_msg("srtp_init failed\n");
	rng_seed(&e->rng, env_seed());
}

bool end_is_plain(const struct end *end)
{
	return end->opts.suite == QSC_SUITE_PLAIN;
}

int end_host(int i)
{
	return i ? 3 : 2;
}

uint16_t end_port(int i)
{
	return i ? 7000 : 6000;
}

int end_leg_host(int i)
{
	return i ? 4 : 1;
}

uint16_t end_leg_port(int i)
{
	return i ? 5000 : 4000;
}

static union qsc_addr qsc_addr_of(int family, int host, uint16_t port)
{
	union addr from = net_addr(family, host, port);
	union qsc_addr to = {};

	if (family == AF_INET)
		to.in4 = from.in4;
	else
		to.in6 = from.in6;
	return to;
}

static int host_of(const struct end *end, int i)
{
	return end_host(end->opts.hairpin ? 0 : i);
}

static int leg_host_of(const struct end *end, int i)
{
	return end_leg_host(end->opts.hairpin ? 0 : i);
}

static struct qsc_leg_params leg_params(const struct end *end, int i)
{
	const struct end_opts *o = &end->opts;
	struct qsc_leg_params leg = {
		.suite = o->suite,
		.flags = o->flags,
		.local = qsc_addr_of(o->family, leg_host_of(end, i), end_leg_port(i)),
		.local_rtcp = o->rtcp_port ? end_leg_port(i) + 1 : 0,
		.ttl = o->ttl,
		.has_dscp = o->dscp > 0,
		.dscp = o->dscp,
	};

	if (!(o->flags & QSC_LEG_FLAGS_LEARN)) {
		leg.remote = qsc_addr_of(o->family, host_of(end, i), end_port(i));
		leg.remote_rtcp = o->rtcp_port ? end_port(i) + 1 : 0;
	} else if (end_is_plain(end)) {
		leg.learn_from = qsc_addr_of(o->family, host_of(end, i), 0);
		leg.learn_prefix = o->learn_bits;
		leg.learn_window_s = o->learn_window_s;
	}
	return leg;
}

static int handset(const struct end *end, int i, int above)
{
	int fd = net_udp(SIDE_B, end->opts.family, host_of(end, i), end_port(i) + above);

	net_connect(fd, end->opts.family, leg_host_of(end, i), end_leg_port(i) + above);
	return fd;
}

static void init_keys(struct ends *e, struct srtp_keys *keys, const struct end_opts *o)
{
	int i;

	memset(keys, 0, sizeof(*keys));
	keys->gens = 1 + o->rekeys;
	keys->window = QSC_WINDOW_DEFAULT;
	for (i = 0; i < keys->gens; i++)
		master_random(&keys->gen[i], &e->rng, o->suite, o->mki_len);
}

/* @roc: of handset 0's stream */
static void set_key(struct ends *e, const char *call, int leg, int dir,
		    const struct srtp_master *m, uint32_t roc)
{
	struct qsc_key key = {
		.leg = leg,
		.dir = dir,
		.suite = m->suite,
		.mki_len = m->mki_len,
		.master_len = m->key_len,
		.salt_len = m->salt_len,
		.n_rocs = !!roc,
		.rocs = { { ENDS_SSRC, roc } },
	};

	memcpy(key.mki, m->mki, m->mki_len);
	memcpy(key.master, m->key, m->key_len);
	memcpy(key.salt, m->salt, m->salt_len);
	if (qsc_key_set(e->sk, call, &key))
		ksft_exit_fail_msg("key set: %s\n", qsc_last_error(e->sk)->text);
}

static void set_keys(struct ends *e, int i)
{
	struct end *end = &e->end[i];

	if (end_is_plain(end))
		return;
	init_keys(e, &end->tx, &end->opts);
	init_keys(e, &end->rx, &end->opts);
	end->sender = ref_open(&end->rx, true);
	end->receiver = ref_open(&end->tx, false);
	set_key(e, end->call, i, QSC_DIR_TX, &end->tx.gen[0], 0);
	set_key(e, end->call, i, QSC_DIR_RX, &end->rx.gen[0], 0);
}

static void open_handset(struct end *end, int i, const struct end_opts *opts)
{
	end->opts = *opts;
	end->call = RELAY;
	if (!end->opts.family)
		end->opts.family = AF_INET;
	if (!end->opts.suite)
		end->opts.suite = QSC_SUITE_AEAD_AES_256_GCM;
	end->fd = handset(end, i, 0);
	end->rtcp = opts->rtcp_port ? handset(end, i, 1) : end->fd;
}

static void open_handsets(struct ends *e, const struct end_opts opts[ENDS])
{
	int i;

	memset(e->end, 0, sizeof(e->end));
	e->sk = dut_open(SIDE_A);
	for (i = 0; i < ENDS; i++)
		open_handset(&e->end[i], i, &opts[i]);
}

static void new_call(struct ends *e, const struct qsc_call_params *params)
{
	if (qsc_call_new(e->sk, params))
		ksft_exit_fail_msg("call new: %s\n", qsc_last_error(e->sk)->text);
}

static void make_relay(struct ends *e)
{
	struct qsc_call_params params = {
		.id = RELAY,
		.flags = e->end[0].opts.call_flags,
		.n_legs = ENDS,
	};
	int i;

	for (i = 0; i < ENDS; i++)
		params.legs[i] = leg_params(&e->end[i], i);
	new_call(e, &params);
}

void ends_open(struct ends *e, const struct end_opts opts[ENDS])
{
	int i;

	open_handsets(e, opts);
	make_relay(e);
	for (i = 0; i < ENDS; i++)
		set_keys(e, i);
}

void ends_remake(struct ends *e, uint32_t roc)
{
	struct end *end;
	int i;

	dut_del(e->sk, RELAY);
	make_relay(e);
	for (i = 0; i < ENDS; i++) {
		end = &e->end[i];
		if (end_is_plain(end))
			continue;
		set_key(e, RELAY, i, QSC_DIR_TX, &end->tx.gen[end->gen], i ? roc : 0);
		set_key(e, RELAY, i, QSC_DIR_RX, &end->rx.gen[end->gen], i ? 0 : roc);
	}
}

/* Leg 1 of the first call and leg 0 of the second, which are each other's peers. */
static void set_keys_between(struct ends *e, uint32_t suite)
{
	const struct end_opts opts = { .suite = suite, .mki_len = e->end[0].opts.mki_len };
	struct srtp_keys keys;

	if (suite == QSC_SUITE_PLAIN)
		return;
	init_keys(e, &keys, &opts);
	set_key(e, RELAY, 1, QSC_DIR_TX, &keys.gen[0], 0);
	set_key(e, SECOND, 0, QSC_DIR_RX, &keys.gen[0], 0);
	init_keys(e, &keys, &opts);
	set_key(e, RELAY, 1, QSC_DIR_RX, &keys.gen[0], 0);
	set_key(e, SECOND, 0, QSC_DIR_TX, &keys.gen[0], 0);
}

void ends_open_row(struct ends *e, const struct end_opts opts[ENDS], uint32_t suite)
{
	struct qsc_call_params first = { .id = RELAY, .n_legs = ENDS };
	struct qsc_call_params second = { .id = SECOND, .n_legs = ENDS };
	int i;

	open_handsets(e, opts);
	e->end[1].call = SECOND;
	first.legs[0] = leg_params(&e->end[0], 0);
	second.legs[1] = leg_params(&e->end[1], 1);
	first.legs[1].suite = suite;
	first.legs[1].local = qsc_addr_of(AF_INET, end_leg_host(0), BETWEEN);
	first.legs[1].remote = qsc_addr_of(AF_INET, end_leg_host(1), BETWEEN);
	second.legs[0].suite = suite;
	second.legs[0].local = first.legs[1].remote;
	second.legs[0].remote = first.legs[1].local;
	new_call(e, &first);
	new_call(e, &second);
	for (i = 0; i < ENDS; i++)
		set_keys(e, i);
	set_keys_between(e, suite);
}

void ends_rekey(struct ends *e, int i)
{
	struct end *end = &e->end[i];

	end->gen++;
	set_key(e, end->call, i, QSC_DIR_TX, &end->tx.gen[end->gen], 0);
	set_key(e, end->call, i, QSC_DIR_RX, &end->rx.gen[end->gen], 0);
}

void ends_close(struct ends *e)
{
	struct end *end;
	int i;

	dut_del(e->sk, RELAY);
	if (strcmp(e->end[1].call, RELAY))
		dut_del(e->sk, SECOND);
	qsc_close(e->sk);
	for (i = 0; i < ENDS; i++) {
		end = &e->end[i];
		if (end->rtcp != end->fd)
			close(end->rtcp);
		close(end->fd);
		if (end->sender)
			srtp_dealloc(end->sender);
		if (end->receiver)
			srtp_dealloc(end->receiver);
	}
}

void ends_protect(struct ends *e, int from, struct packet *pkt)
{
	struct end *end = &e->end[from];

	if (!end_is_plain(end) && ref_protect(end->sender, &end->rx, end->gen, pkt))
		ksft_exit_fail_msg("libsrtp refused to protect\n");
}

static int fd_of(const struct end *end, bool rtcp)
{
	return rtcp ? end->rtcp : end->fd;
}

void ends_send(struct ends *e, int from, const struct packet *pkt)
{
	struct packet wire = *pkt;
	int fd = fd_of(&e->end[from], pkt->rtcp);

	ends_protect(e, from, &wire);
	/* an error of an earlier packet, reported by ICMP, comes first */
	if (send(fd, wire.data, wire.len, 0) < 0)
		send(fd, wire.data, wire.len, 0);
}

struct leg_stats {
	int leg;
	struct qsc_stats *st;
};

static int copy_stats(const struct qsc_call *call, void *arg)
{
	const struct leg_stats *want = arg;

	if (call->n_legs > (unsigned int)want->leg && call->legs[want->leg].stats)
		*want->st = *call->legs[want->leg].stats;
	return 0;
}

void ends_stats(struct ends *e, int i, struct qsc_stats *st)
{
	struct leg_stats want = { i, st };

	memset(st, 0, sizeof(*st));
	if (qsc_call_stats(e->sk, e->end[i].call, copy_stats, &want))
		ksft_exit_fail_msg("stats: %s\n", qsc_last_error(e->sk)->text);
}

/* What became of a packet that did not arrive. */
static void tell_stats(struct ends *e)
{
	struct qsc_stats st;
	int i, n;

	for (i = 0; i < ENDS; i++) {
		ends_stats(e, i, &st);
		for (n = 1; n < QSC_A_STATS_PAD; n++)
			if (st.count[n])
				ksft_print_msg("  leg %d: %s %llu\n", i, qsc_stat_name(n),
					       (unsigned long long)st.count[n]);
	}
}

bool ends_gets(struct ends *e, int to, const struct packet *want)
{
	struct end *end = &e->end[to];
	int fd = fd_of(end, want->rtcp);
	static struct packet got;

	if (!net_readable(fd, TIMEOUT_MS)) {
		ksft_print_msg("handset %d gets nothing\n", to);
		tell_stats(e);
		return false;
	}
	got.len = recv(fd, got.data, RTP_WIRE_MAX, 0);
	got.rtcp = want->rtcp;
	if (got.len < 0) {
		ksft_print_msg("handset %d: %s\n", to, strerror(errno));
		return false;
	}
	if (!end_is_plain(end) && ref_unprotect(end->receiver, &end->tx, &got)) {
		ksft_print_msg("handset %d: libsrtp refuses %d bytes\n", to, got.len);
		return false;
	}
	if (got.len == want->len && !memcmp(got.data, want->data, got.len))
		return true;
	ksft_print_msg("handset %d gets %d bytes that are not the %d sent\n", to, got.len,
		       want->len);
	return false;
}

bool ends_quiet(struct ends *e)
{
	bool quiet = true;
	int i;

	for (i = 0; i < ENDS; i++) {
		if (net_readable(e->end[i].fd, QUIET_MS) || net_readable(e->end[i].rtcp, 0)) {
			ksft_print_msg("handset %d gets what it should not\n", i);
			quiet = false;
			while (net_stray(e->end[i].fd) || net_stray(e->end[i].rtcp))
				;
		}
	}
	return quiet;
}

void ends_rtp(struct packet *pkt, uint16_t seq, int len)
{
	static char payload[RTP_PAYLOAD_MAX];

	memset(payload, 'x', sizeof(payload));
	gen_rtp_plain(pkt, ENDS_SSRC, seq, payload, len);
}

bool ends_heard(struct ends *e, uint16_t seq)
{
	struct packet pkt;

	ends_rtp(&pkt, seq, 160);
	ends_send(e, 0, &pkt);
	return ends_gets(e, 1, &pkt);
}

bool ends_unheard(struct ends *e, uint16_t seq)
{
	struct packet pkt;

	ends_rtp(&pkt, seq, 160);
	ends_send(e, 0, &pkt);
	return ends_quiet(e);
}

bool ends_counted(struct ends *e, int i, int stat, uint64_t want)
{
	struct qsc_stats st;

	ends_stats(e, i, &st);
	if (st.count[stat] == want)
		return true;
	ksft_print_msg("leg %d: %s is %llu, not %llu\n", i, qsc_stat_name(stat),
		       (unsigned long long)st.count[stat], (unsigned long long)want);
	return false;
}
