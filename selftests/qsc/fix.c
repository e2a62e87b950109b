// SPDX-License-Identifier: GPL-2.0
/* One call of A with B and everyone who has to do with it. */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "fix.h"

void fix_send(int fd, const void *data, int len)
{
	/* an error of an earlier packet, reported by ICMP, comes first */
	if (send(fd, data, len, 0) < 0)
		send(fd, data, len, 0);
}

void fix_erase(struct fix *f)
{
	if (qsc_key_erase(f->sk, CALL))
		ksft_exit_fail_msg("key erase: %s\n", qsc_last_error(f->sk)->text);
}

void fix_app_sends(struct fix *f, uint32_t ssrc, uint16_t seq)
{
	struct packet pkt;

	gen_rtp_plain(&pkt, ssrc, seq, MARKER, MARKER_LEN);
	fix_send(f->app, pkt.data, pkt.len);
}

void fix_protect(struct fix *f, struct packet *pkt, uint32_t ssrc, uint16_t seq)
{
	gen_rtp_plain(pkt, ssrc, seq, MARKER, MARKER_LEN);
	if (ref_protect(f->sender, &f->rx, 0, pkt))
		ksft_exit_fail_msg("libsrtp refused to protect\n");
}

void fix_peer_sends(struct fix *f, uint32_t ssrc, uint16_t seq, bool damage)
{
	struct packet pkt;

	fix_protect(f, &pkt, ssrc, seq);
	if (damage)
		pkt.data[pkt.len - 1] ^= 1;
	fix_send(f->peer, pkt.data, pkt.len);
}

struct craft fix_craft(struct fix *f, enum side side, const struct packet *pkt)
{
	return (struct craft){
		.side = side,
		.family = f->family,
		.from = side == SIDE_A ? 1 : 2,
		.to = side == SIDE_A ? 2 : 1,
		.sport = side == SIDE_A ? APP_PORT : PEER_PORT,
		.dport = side == SIDE_A ? PEER_PORT : APP_PORT,
		.data = pkt->data,
		.len = pkt->len,
	};
}

static void keys_init(struct srtp_keys *keys, const struct fix_opts *opts)
{
	struct rng rng;

	rng_seed(&rng, time(NULL) ^ (uintptr_t)keys);
	memset(keys, 0, sizeof(*keys));
	keys->gens = 1;
	keys->window = QSC_WINDOW_DEFAULT;
	master_random(&keys->gen[0], &rng, QSC_SUITE_AEAD_AES_256_GCM,
		      opts->mki_len);
	if (opts->roc)
		keys->roc[keys->rocs++] = (struct srtp_roc){ SSRC, opts->roc };
}

void fix_open(struct fix *f, int family, const struct fix_opts *opts)
{
	memset(f, 0, offsetof(struct fix, kept));
	f->sk = dut_open(SIDE_A);
	f->family = family;
	f->app = net_udp(SIDE_A, family, 1, APP_PORT);
	f->peer = net_udp(SIDE_B, family, 2, PEER_PORT);
	f->stranger = net_udp(SIDE_B, family, 2, OTHER_PORT);
	if (!opts->unconnected)
		net_connect(f->app, family, 2, PEER_PORT);
	net_connect(f->peer, family, 1, APP_PORT);
	f->tap = net_tap(SIDE_B);
	keys_init(&f->tx, opts);
	keys_init(&f->rx, opts);
	f->sender = ref_open(&f->rx, true);
	f->receiver = ref_open(&f->tx, false);
	dut_call(f->sk, &(struct dut_call){ .id = CALL, .family = family, .flags = opts->flags,
					    .rtcp_port = opts->rtcp_port });
	if (!opts->no_tx_key)
		dut_key_ok(f->sk, CALL, QSC_DIR_TX, &f->tx);
	if (!opts->no_rx_key)
		dut_key_ok(f->sk, CALL, QSC_DIR_RX, &f->rx);
}

void fix_close(struct fix *f)
{
	dut_del(f->sk, CALL);
	qsc_close(f->sk);
	srtp_dealloc(f->sender);
	srtp_dealloc(f->receiver);
	close(f->tap);
	close(f->stranger);
	close(f->peer);
	close(f->app);
}

void fix_counters(struct fix *f, struct qsc_stats st[2])
{
	dut_stats(f->sk, CALL, &st[0]);
	if (qsc_stats_total(f->sk, &st[1], NULL))
		ksft_exit_fail_msg("stats: %s\n", qsc_last_error(f->sk)->text);
}

unsigned int fix_frames(struct fix *f, bool *clear)
{
	uint8_t buf[4096];
	unsigned int n = 0;
	ssize_t len;
	int proto;

	*clear = false;
	while ((len = recv(f->tap, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		if (memmem(buf, len, MARKER, MARKER_LEN))
			*clear = true;
		proto = buf[12] == 0x08 && buf[13] == 0 ? buf[14 + 9] :
			buf[12] == 0x86 ? buf[14 + 6] : -1;
		if (proto == IPPROTO_UDP || proto == IPPROTO_FRAGMENT)
			n++;
	}
	return n;
}
