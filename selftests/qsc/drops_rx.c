// SPDX-License-Identifier: GPL-2.0
/* Why a packet from the network is dropped. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "drops.h"

static void one(struct fix *f)
{
	fix_peer_sends(f, SSRC, 2000, false);
}

/* Genuine, but from elsewhere. */
static void from_other_port(struct fix *f)
{
	union addr to = net_addr(f->family, 1, APP_PORT);
	struct packet pkt;

	fix_protect(f, &pkt, SSRC, 100);
	sendto(f->stranger, pkt.data, pkt.len, 0, &to.sa, net_addr_len(&to));
}

static void from_other_host(struct fix *f)
{
	struct packet pkt;
	struct craft c;

	fix_protect(f, &pkt, SSRC, 100);
	c = fix_craft(f, SIDE_B, &pkt);
	c.from = 3;
	craft_send(&c);
}

static void listen_everywhere(struct fix *f)
{
	close(f->app);
	f->app = net_udp(SIDE_A, f->family, 0, APP_PORT);
}

/* From the call's remote, but to another address of the machine. */
static void to_other_address(struct fix *f)
{
	union addr to = net_addr(f->family, 4, APP_PORT);
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER MARKER, 2 * MARKER_LEN);
	sendto(f->peer, pkt.data, pkt.len, 0, &to.sa, net_addr_len(&to));
}

static void send_text(struct fix *f)
{
	fix_send(f->peer, "hello " MARKER, 6 + MARKER_LEN);
}

static void dtls(struct fix *f)
{
	uint8_t record[13 + MARKER_LEN] = { 22, 0xfe, 0xff, [12] = MARKER_LEN };

	fix_send(f->peer, record, sizeof(record));
}

static void stun(struct fix *f)
{
	static const uint8_t binding_request[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

	fix_send(f->peer, binding_request, sizeof(binding_request));
}

static void stun_without_cookie(struct fix *f)
{
	uint8_t fake[20] = { 0, 1, 0, 0 };

	fix_send(f->peer, fake, sizeof(fake));
}

static void stun_from_stranger(struct fix *f)
{
	static const uint8_t binding_request[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };
	union addr to = net_addr(f->family, 1, APP_PORT);

	sendto(f->stranger, binding_request, sizeof(binding_request), 0, &to.sa,
	       net_addr_len(&to));
}

/* Media on the port of RTCP, where it has a port of its own. */
static void rtp_on_rtcp_port(struct fix *f)
{
	int peer = net_udp(SIDE_B, f->family, 2, PEER_PORT + 1);
	struct packet pkt;

	net_connect(peer, f->family, 1, APP_PORT + 1);
	fix_protect(f, &pkt, SSRC, 100);
	fix_send(peer, pkt.data, pkt.len);
	close(peer);
}

/* No room for a tag behind the header. */
static void short_rtp(struct fix *f)
{
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER, MARKER_LEN - 1);
	fix_send(f->peer, pkt.data, pkt.len);
}

static void short_rtcp(struct fix *f)
{
	uint8_t pkt[8 + 16 + 3] = { 0x80, 201, 0, 1 };

	pkt[sizeof(pkt) - 4] = 0x80;
	fix_send(f->peer, pkt, sizeof(pkt));
}

static void csrcs_beyond_end(struct fix *f)
{
	struct packet pkt;

	fix_protect(f, &pkt, SSRC, 100);
	pkt.data[0] |= 15;
	fix_send(f->peer, pkt.data, pkt.len);
}

static void extension_beyond_end(struct fix *f)
{
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, "\xbe\xde\xff\xff" MARKER MARKER,
		      4 + 2 * MARKER_LEN);
	pkt.data[0] |= 0x10;
	fix_send(f->peer, pkt.data, pkt.len);
}

/* The IP stack would drop it too, but not before the hook has seen it. */
static void udp_length_beyond_end(struct fix *f)
{
	struct packet pkt;
	struct craft c;

	fix_protect(f, &pkt, SSRC, 100);
	c = fix_craft(f, SIDE_B, &pkt);
	c.udp_len_lie = 8;
	craft_send(&c);
}

static void other_mki(struct fix *f)
{
	struct packet pkt;

	fix_protect(f, &pkt, SSRC, 100);
	pkt.data[pkt.len - 1] ^= 1;
	fix_send(f->peer, pkt.data, pkt.len);
}

static void replaced_key(struct fix *f)
{
	struct srtp_keys next = f->rx;

	fix_peer_sends(f, SSRC, 100, false);
	next.gen[0].mki[0] ^= 1;
	next.rocs = 0;
	if (dut_key(f->sk, CALL, QSC_DIR_RX, &next, 0, 1))
		ksft_exit_fail_msg("rekey was refused\n");
	usleep(500000);
}

static void keep_and_send(struct fix *f)
{
	fix_protect(f, &f->kept, SSRC, 2000);
	fix_send(f->peer, f->kept.data, f->kept.len);
}

static void keep_and_send_rtcp(struct fix *f)
{
	f->kept = (struct packet){ .len = 8, .rtcp = true };
	memcpy(f->kept.data, "\x80\xc9\0\1QSC\1", 8);
	if (ref_protect(f->sender, &f->rx, 0, &f->kept))
		ksft_exit_fail_msg("libsrtp refused an RR\n");
	fix_send(f->peer, f->kept.data, f->kept.len);
}

static void keep_and_pass(struct fix *f)
{
	fix_protect(f, &f->kept, SSRC, 2000 - QSC_WINDOW_DEFAULT);
	fix_peer_sends(f, SSRC, 2000, false);
}

/* What the application sent comes back to it. */
static void keep_own(struct fix *f)
{
	fix_app_sends(f, SSRC + 7, 100);
	f->kept.len = recv(f->peer, f->kept.data, RTP_WIRE_MAX, 0);
}

static void send_kept(struct fix *f)
{
	fix_send(f->peer, f->kept.data, f->kept.len);
}

static void damaged(struct fix *f)
{
	fix_peer_sends(f, SSRC, 100, true);
}

static void in_clear(struct fix *f)
{
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER MARKER, 2 * MARKER_LEN);
	fix_send(f->peer, pkt.data, pkt.len);
}

/* Authentic SRTCP with E = 0: libsrtp would accept it. */
static void rtcp_in_clear(struct fix *f)
{
	struct packet pkt;
	uint8_t blob[64];
	srtp_policy_t policy = { .window_size = 128 };
	srtp_t srtp;

	memcpy(blob, f->rx.gen[0].key, f->rx.gen[0].key_len);
	memcpy(blob + f->rx.gen[0].key_len, f->rx.gen[0].salt, f->rx.gen[0].salt_len);
	srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
	srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
	policy.rtcp.sec_serv = sec_serv_auth;
	policy.ssrc.type = ssrc_any_outbound;
	policy.key = blob;
	if (srtp_create(&srtp, &policy))
		ksft_exit_fail_msg("libsrtp refused SRTCP without encryption\n");
	pkt.len = 8 + MARKER_LEN;
	memcpy(pkt.data, "\x80\xcc\0\5QSC\1" MARKER, pkt.len);
	if (srtp_protect_rtcp(srtp, pkt.data, &pkt.len))
		ksft_exit_fail_msg("libsrtp refused an APP\n");
	fix_send(f->peer, pkt.data, pkt.len);
	srtp_dealloc(srtp);
}

static void all_ssrcs(struct fix *f)
{
	struct qsc_info info;
	uint32_t i;

	if (qsc_info(f->sk, &info))
		ksft_exit_fail_msg("info: %s\n", qsc_last_error(f->sk)->text);
	for (i = 1; i <= info.max_ssrcs; i++)
		fix_peer_sends(f, SSRC + i, 100, false);
}

static void last_index(struct fix *f)
{
	fix_peer_sends(f, SSRC, 65535, false);
}

static void beyond_last_index(struct fix *f)
{
	fix_peer_sends(f, SSRC, 0, false);
}

/* The kernel takes no IPv6 fragment below 1280 bytes but the last. */
#define SPLIT 1304

/* Clear RTP cut into fragments: no part of it may reach the application. */
static void clear_in_fragments(struct fix *f, bool options)
{
	char payload[SPLIT + 200] = MARKER;
	struct packet pkt;
	struct craft c;

	gen_rtp_plain(&pkt, SSRC, 100, payload, sizeof(payload));
	c = fix_craft(f, SIDE_B, &pkt);
	c.options = options;
	craft_send_fragments(&c, SPLIT);
}

static void clear_fragments(struct fix *f)
{
	clear_in_fragments(f, false);
}

static void clear_fragments_with_options(struct fix *f)
{
	clear_in_fragments(f, true);
}

static void clear_with_options(struct fix *f)
{
	struct packet pkt;
	struct craft c;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER MARKER, 2 * MARKER_LEN);
	c = fix_craft(f, SIDE_B, &pkt);
	c.options = true;
	craft_send(&c);
}

const struct drop_case drop_rx_cases[] = {
	{ "without a key", QSC_A_STATS_RX_DROP_NO_KEY, NULL, one, .opts.no_rx_key = true },
	{ "after erasure", QSC_A_STATS_RX_DROP_ERASED, fix_erase, one },
	{ "from another port", QSC_A_STATS_RX_DROP_PEER, NULL, from_other_port },
	{ "from another host", QSC_A_STATS_RX_DROP_PEER, NULL, from_other_host },
	{ "to another address of the machine", QSC_A_STATS_RX_DROP_PEER, listen_everywhere,
	  to_other_address },
	{ "plain text", QSC_A_STATS_RX_DROP_NOT_RTP, NULL, send_text },
	{ "DTLS without the flag", QSC_A_STATS_RX_DROP_NOT_RTP, NULL, dtls },
	{ "a STUN byte without the cookie", QSC_A_STATS_RX_DROP_NOT_RTP, NULL,
	  stun_without_cookie },
	{ "RTP on the port of RTCP", QSC_A_STATS_RX_DROP_NOT_RTP, NULL, rtp_on_rtcp_port,
	  .opts.rtcp_port = true },
	{ "RTP without room for a tag", QSC_A_STATS_RX_DROP_MALFORMED, NULL, short_rtp },
	{ "RTCP without room for tag and index", QSC_A_STATS_RX_DROP_MALFORMED, NULL,
	  short_rtcp },
	{ "CSRCs beyond the end", QSC_A_STATS_RX_DROP_MALFORMED, NULL, csrcs_beyond_end },
	{ "a header extension beyond the end", QSC_A_STATS_RX_DROP_MALFORMED, NULL,
	  extension_beyond_end },
	{ "a UDP length beyond the end", QSC_A_STATS_RX_DROP_MALFORMED, NULL,
	  udp_length_beyond_end },
	{ "a fragment", QSC_A_STATS_RX_DROP_FRAGMENT,
	  .why_not = "fragments are put together before the hook" },
	{ "another MKI", QSC_A_STATS_RX_DROP_MKI, NULL, other_mki, .opts.mki_len = 4 },
	{ "the old key after the overlap", QSC_A_STATS_RX_DROP_MKI, replaced_key, one,
	  .opts.mki_len = 4 },
	{ "a packet again", QSC_A_STATS_RX_DROP_REPLAY, keep_and_send, send_kept },
	{ "an RTCP packet again", QSC_A_STATS_RX_DROP_REPLAY, keep_and_send_rtcp, send_kept },
	{ "left of the window", QSC_A_STATS_RX_DROP_OLD, keep_and_pass, send_kept },
	{ "a damaged tag", QSC_A_STATS_RX_DROP_AUTH, NULL, damaged },
	{ "its own packet reflected", QSC_A_STATS_RX_DROP_AUTH, keep_own, send_kept },
	{ "RTP in clear", QSC_A_STATS_RX_DROP_AUTH, NULL, in_clear },
	{ "RTP in clear, in fragments", QSC_A_STATS_RX_DROP_AUTH, NULL, clear_fragments },
	{ "RTP in clear, behind IP options", QSC_A_STATS_RX_DROP_AUTH, NULL,
	  clear_with_options },
	{ "RTP in clear, behind options in fragments", QSC_A_STATS_RX_DROP_AUTH, NULL,
	  clear_fragments_with_options },
	{ "authentic RTCP in clear", QSC_A_STATS_RX_DROP_RTCP_CLEAR, NULL, rtcp_in_clear },
	{ "one SSRC too many", QSC_A_STATS_RX_DROP_SSRC_FULL, all_ssrcs, one },
	{ "beyond index 2^48 - 1", QSC_A_STATS_RX_DROP_LIMIT, last_index,
	  beyond_last_index, .opts.roc = 0xffffffff },
	{ "no memory", QSC_A_STATS_RX_DROP_NO_MEMORY,
	  .why_not = "needs fault injection, which stock kernels lack" },
	{ "the cipher fails", QSC_A_STATS_RX_DROP_CRYPTO,
	  .why_not = "needs fault injection, which stock kernels lack" },
	{ "STUN passes", QSC_A_STATS_RX_PASSED, NULL, stun, .delivers = true },
	{ "STUN from anywhere passes", QSC_A_STATS_RX_PASSED, NULL, stun_from_stranger,
	  .opts.unconnected = true, .delivers = true },
	{ "STUN passes without a key", QSC_A_STATS_RX_PASSED, NULL, stun,
	  .opts.no_tx_key = true, .opts.no_rx_key = true, .delivers = true },
	{ "DTLS passes with the flag", QSC_A_STATS_RX_PASSED, NULL, dtls,
	  .opts.flags = QSC_CALL_FLAGS_DTLS, .delivers = true },
};

const int drop_rx_count = sizeof(drop_rx_cases) / sizeof(*drop_rx_cases);
