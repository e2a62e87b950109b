// SPDX-License-Identifier: GPL-2.0
/*
 * Many relay calls at a time, some packets each, every one of which is the one that
 * was sent; and what comes for one call never comes out of another. All calls are
 * made in a few requests, with their keys.
 */
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "dut.h"
#include "env.h"

#define SSRC		0x51534300
#define PACKETS		20
#define PAYLOAD		80
#define FIRST_PORT	10000
#define PEER_PORT_0	5000
#define PEER_PORT_1	5002
#define KEYS		2	/* of a call: leg 0 is secure, both ways */

static const struct env_count n_calls = { "QSC_CALLS", 10000, 1000, 300, 200 };

struct many {
	struct qsc_sock *sk;
	struct rng rng;
	unsigned int n;
	struct qsc_call_setup *calls;
	struct qsc_key *keys;
	struct srtp_keys *rx;
	char (*ids)[16];
	int fd[2];		/* the peers: one socket for all calls of a leg */
};

static union qsc_addr addr_of(int host, uint16_t port)
{
	union addr from = net_addr(AF_INET, host, port);
	union qsc_addr to = {};

	to.in4 = from.in4;
	return to;
}

static uint16_t port_of(unsigned int i)
{
	return FIRST_PORT + i;
}

static void fill_key(struct qsc_key *key, uint32_t dir, const struct srtp_master *m)
{
	memset(key, 0, sizeof(*key));
	key->dir = dir;
	key->suite = m->suite;
	key->master_len = m->key_len;
	key->salt_len = m->salt_len;
	memcpy(key->master, m->key, m->key_len);
	memcpy(key->salt, m->salt, m->salt_len);
}

/* Secure from host 2, plain to host 3; what tells the calls apart is our port. */
static void fill_call(struct many *m, unsigned int i)
{
	struct qsc_call_setup *call = &m->calls[i];
	struct srtp_keys *rx = &m->rx[i];
	struct srtp_master tx;

	snprintf(m->ids[i], sizeof(m->ids[i]), "many-%u", i);
	call->params.id = m->ids[i];
	call->params.n_legs = 2;
	call->params.legs[0].suite = QSC_SUITE_AEAD_AES_256_GCM;
	call->params.legs[0].local = addr_of(1, port_of(i));
	call->params.legs[0].remote = addr_of(2, PEER_PORT_0);
	call->params.legs[1].suite = QSC_SUITE_PLAIN;
	call->params.legs[1].local = addr_of(4, port_of(i));
	call->params.legs[1].remote = addr_of(3, PEER_PORT_1);
	rx->gens = 1;
	rx->window = QSC_WINDOW_DEFAULT;
	master_random(&rx->gen[0], &m->rng, QSC_SUITE_AEAD_AES_256_GCM, 0);
	master_random(&tx, &m->rng, QSC_SUITE_AEAD_AES_256_GCM, 0);
	call->keys = &m->keys[KEYS * i];
	call->n_keys = KEYS;
	fill_key(&m->keys[KEYS * i], QSC_DIR_RX, &rx->gen[0]);
	fill_key(&m->keys[KEYS * i + 1], QSC_DIR_TX, &tx);
}

static void make_calls(struct many *m)
{
	unsigned int i, done;

	m->calls = calloc(m->n, sizeof(*m->calls));
	m->keys = calloc(m->n * KEYS, sizeof(*m->keys));
	m->rx = calloc(m->n, sizeof(*m->rx));
	m->ids = calloc(m->n, sizeof(*m->ids));
	if (!m->calls || !m->keys || !m->rx || !m->ids)
		ksft_exit_fail_msg("out of memory\n");
	for (i = 0; i < m->n; i++)
		fill_call(m, i);
	if (qsc_calls_new(m->sk, m->calls, m->n, &done))
		ksft_exit_fail_msg("call %u: %s\n", done, qsc_last_error(m->sk)->text);
}

static void open_peers(struct many *m)
{
	m->fd[0] = net_udp(SIDE_B, AF_INET, 2, PEER_PORT_0);
	m->fd[1] = net_udp(SIDE_B, AF_INET, 3, PEER_PORT_1);
}

static void make_packet(struct many *m, struct packet *pkt, unsigned int i, uint16_t seq)
{
	uint8_t payload[PAYLOAD];

	rng_fill(&m->rng, payload, sizeof(payload));
	memcpy(payload, &i, sizeof(i));
	gen_rtp_plain(pkt, SSRC + i, seq, payload, sizeof(payload));
}

/* From the port of the call, in clear, as it was. */
static bool arrives(struct many *m, unsigned int i, const struct packet *want)
{
	union addr from = {}, leg = net_addr(AF_INET, 4, port_of(i));
	socklen_t len = sizeof(from);
	static struct packet got;

	if (!net_readable(m->fd[1], 2000)) {
		ksft_print_msg("call %u: nothing comes\n", i);
		return false;
	}
	got.len = recvfrom(m->fd[1], got.data, sizeof(got.data), 0, &from.sa, &len);
	if (got.len == want->len && !memcmp(got.data, want->data, got.len) &&
	    from.in4.sin_port == leg.in4.sin_port &&
	    from.in4.sin_addr.s_addr == leg.in4.sin_addr.s_addr)
		return true;
	ksft_print_msg("call %u: %d bytes come from port %u\n", i, got.len,
		       ntohs(from.in4.sin_port));
	return false;
}

static bool one_call(struct many *m, unsigned int i)
{
	union addr to = net_addr(AF_INET, 1, port_of(i));
	srtp_t srtp = ref_open(&m->rx[i], true);
	static struct packet pkt, wire;
	bool good = true;
	uint16_t seq;

	for (seq = 1; good && seq <= PACKETS; seq++) {
		make_packet(m, &pkt, i, seq);
		wire = pkt;
		if (ref_protect(srtp, &m->rx[i], 0, &wire))
			ksft_exit_fail_msg("libsrtp refused to protect\n");
		sendto(m->fd[0], wire.data, wire.len, 0, &to.sa, net_addr_len(&to));
		good = arrives(m, i, &pkt);
	}
	srtp_dealloc(srtp);
	return good;
}

static bool all_calls(struct many *m)
{
	unsigned int i;

	for (i = 0; i < m->n; i++)
		if (!one_call(m, i))
			return false;
	return !net_stray(m->fd[0]) && !net_stray(m->fd[1]);
}

static int look(const struct qsc_call *call, void *arg)
{
	unsigned int *whole = arg;
	const struct qsc_stats *st = call->legs[0].stats;

	*whole += st && st->count[QSC_A_STATS_RX_RTP] == PACKETS;
	return 0;
}

static bool counted(struct many *m)
{
	unsigned int whole = 0;

	if (qsc_stats_dump(m->sk, look, &whole))
		ksft_exit_fail_msg("stats: %s\n", qsc_last_error(m->sk)->text);
	ksft_print_msg("%u calls, %u of them with all packets\n", m->n, whole);
	return whole == m->n;
}

int main(void)
{
	static struct many m;
	uint64_t gone;

	ksft_print_header();
	net_up();
	net_pin();
	if (srtp_init())
		ksft_exit_fail_msg("srtp_init failed\n");
	rng_seed(&m.rng, env_seed());
	m.n = env_count(&n_calls);
	m.sk = dut_open(SIDE_A);
	ksft_set_plan(3);
	open_peers(&m);
	make_calls(&m);
	ksft_test_result(all_calls(&m), "each packet of each call is the one that was sent\n");
	ksft_test_result(counted(&m), "each call has counted its own\n");
	ksft_test_result(!qsc_call_flush(m.sk, &gone) && gone == m.n, "all calls are removed\n");
	qsc_close(m.sk);
	ksft_finished();
}
