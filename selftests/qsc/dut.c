// SPDX-License-Identifier: GPL-2.0
/* The module under test, through libqsc. */
#include <errno.h>
#include <string.h>

#include "../lib/ksft.h"
#include "dut.h"

struct qsc_sock *dut_open(enum side side)
{
	struct qsc_sock *sk = NULL;
	int err;

	net_enter(side);
	err = qsc_open(&sk);
	if (err == -ENOPROTOOPT)
		ksft_exit_skip("the module is not loaded\n");
	if (err)
		ksft_exit_fail_msg("qsc_open: %s\n", sk ? qsc_last_error(sk)->text :
				   strerror(-err));
	return sk;
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

void dut_call(struct qsc_sock *sk, const struct dut_call *call)
{
	int family = call->family ? call->family : AF_INET;
	uint16_t port = call->port ? call->port : APP_PORT;
	struct qsc_call_params params = {
		.id = call->id,
		.flags = call->flags,
		.window = call->window,
		.n_legs = 1,
	};
	struct qsc_leg_params *leg = &params.legs[0];

	leg->suite = call->suite;
	leg->local = qsc_addr_of(family, 1, port);
	leg->remote = qsc_addr_of(family, 2, port + PEER_PORT - APP_PORT);
	if (call->rtcp_port) {
		leg->local_rtcp = port + 1;
		leg->remote_rtcp = port + PEER_PORT - APP_PORT + 1;
	}
	if (qsc_call_new(sk, &params))
		ksft_exit_fail_msg("call new: %s\n", qsc_last_error(sk)->text);
}

void dut_del(struct qsc_sock *sk, const char *id)
{
	if (qsc_call_del(sk, id))
		ksft_exit_fail_msg("call del: %s\n", qsc_last_error(sk)->text);
}

int dut_key(struct qsc_sock *sk, const char *id, int dir, const struct srtp_keys *keys,
	    int gen, uint32_t overlap_ms)
{
	const struct srtp_master *m = &keys->gen[gen];
	struct qsc_key key = {
		.dir = dir,
		.suite = m->suite,
		.mki_len = m->mki_len,
		.master_len = m->key_len,
		.salt_len = m->salt_len,
		.has_overlap = overlap_ms,
		.overlap_ms = overlap_ms,
	};
	int err;
	int i;

	memcpy(key.mki, m->mki, m->mki_len);
	memcpy(key.master, m->key, m->key_len);
	memcpy(key.salt, m->salt, m->salt_len);
	/* an SSRC's ROC is initial only once */
	for (i = 0; !gen && i < keys->rocs; i++)
		key.rocs[key.n_rocs++] = (struct qsc_roc){ keys->roc[i].ssrc,
							   keys->roc[i].roc };
	err = qsc_key_set(sk, id, &key);
	if (err)
		ksft_print_msg("key set: %s\n", qsc_last_error(sk)->text);
	return err;
}

void dut_key_ok(struct qsc_sock *sk, const char *id, int dir,
		const struct srtp_keys *keys)
{
	if (dut_key(sk, id, dir, keys, 0, 0))
		ksft_exit_fail_msg("a key that must be accepted was refused\n");
}

static int copy_stats(const struct qsc_call *call, void *arg)
{
	if (call->n_legs && call->legs[0].stats)
		*(struct qsc_stats *)arg = *call->legs[0].stats;
	return 0;
}

void dut_stats(struct qsc_sock *sk, const char *id, struct qsc_stats *st)
{
	memset(st, 0, sizeof(*st));
	if (qsc_call_stats(sk, id, copy_stats, st))
		ksft_exit_fail_msg("stats: %s\n", qsc_last_error(sk)->text);
}

/* How a packet is carried is not what becomes of it. */
static bool is_detail(int i)
{
	switch (i) {
	case QSC_A_STATS_TX_OCTETS:
	case QSC_A_STATS_TX_COPIES:
	case QSC_A_STATS_TX_NOSIMD:
	case QSC_A_STATS_RX_OCTETS:
	case QSC_A_STATS_RX_COPIES:
	case QSC_A_STATS_RX_NOSIMD:
		return true;
	}
	return false;
}

static int64_t wanted(const uint64_t *want, int i)
{
	for (; *want; want += 2)
		if (want[0] == (uint64_t)i)
			return want[1];
	return is_detail(i) ? -1 : 0;
}

bool dut_stats_moved(const struct qsc_stats *before, const struct qsc_stats *after,
		     const uint64_t *want)
{
	bool good = true;
	int64_t expect;
	uint64_t moved;
	int i;

	for (i = 1; i < QSC_A_STATS_PAD; i++) {
		moved = after->count[i] - before->count[i];
		expect = wanted(want, i);
		if (expect >= 0 && moved != (uint64_t)expect) {
			ksft_print_msg("%s moved by %llu, not by %lld\n",
				       qsc_stat_name(i), (unsigned long long)moved,
				       (long long)expect);
			good = false;
		}
	}
	return good;
}

bool dut_stats_any(const struct qsc_stats *before, const struct qsc_stats *after)
{
	int i;

	for (i = 1; i < QSC_A_STATS_PAD; i++)
		if (!is_detail(i) && after->count[i] != before->count[i])
			return true;
	return false;
}
