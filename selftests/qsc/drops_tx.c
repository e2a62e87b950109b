// SPDX-License-Identifier: GPL-2.0
/* Why a packet of the application is dropped. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/ip.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "drops.h"

static void one(struct fix *f)
{
	fix_app_sends(f, SSRC, 100);
}

static void send_to(struct fix *f, int host, uint16_t port)
{
	union addr to = net_addr(f->family, host, port);
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER, MARKER_LEN);
	sendto(f->app, pkt.data, pkt.len, 0, &to.sa, net_addr_len(&to));
}

static void other_port(struct fix *f)
{
	send_to(f, 2, OTHER_PORT);
}

static void other_host(struct fix *f)
{
	send_to(f, 3, PEER_PORT);
}

/* The application leaves by another address of the machine. */
static void move_away(struct fix *f)
{
	close(f->app);
	f->app = net_udp(SIDE_A, f->family, 4, APP_PORT);
	net_connect(f->app, f->family, 2, PEER_PORT);
}

static void send_text(struct fix *f)
{
	static const char hello[] = "hello " MARKER;

	fix_send(f->app, hello, sizeof(hello));
}

static void one_byte(struct fix *f)
{
	fix_send(f->app, "\x80", 1);
}

static void nothing(struct fix *f)
{
	fix_send(f->app, "", 0);
}

/* An application data record of DTLS 1.2, with the marker as its content. */
static void dtls(struct fix *f)
{
	uint8_t record[13 + MARKER_LEN] = { 23, 0xfe, 0xfd, [12] = MARKER_LEN };

	memcpy(record + 13, MARKER, MARKER_LEN);
	fix_send(f->app, record, sizeof(record));
}

static void stun(struct fix *f)
{
	static const uint8_t binding_request[20] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

	fix_send(f->app, binding_request, sizeof(binding_request));
}

/* STUN's first byte does not make it STUN. */
static void stun_without_cookie(struct fix *f)
{
	uint8_t fake[4 + MARKER_LEN] = { 0, 1, 0, 0 };

	memcpy(fake + 4, MARKER, MARKER_LEN);
	fix_send(f->app, fake, sizeof(fake));
}

/* A cookie does not make it STUN either if the length is another. */
static void stun_with_tail(struct fix *f)
{
	uint8_t fake[20 + MARKER_LEN] = { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 };

	memcpy(fake + 20, MARKER, MARKER_LEN);
	fix_send(f->app, fake, sizeof(fake));
}

/* Media on the port of RTCP, where it has a port of its own. */
static void rtp_on_rtcp_port(struct fix *f)
{
	int app = net_udp(SIDE_A, f->family, 1, APP_PORT + 1);
	struct packet pkt;

	net_connect(app, f->family, 2, PEER_PORT + 1);
	gen_rtp_plain(&pkt, SSRC, 100, MARKER, MARKER_LEN);
	fix_send(app, pkt.data, pkt.len);
	close(app);
}

/* Port 4000 talks to 6000 and 4001 to 6001, not crosswise. */
static void rtp_to_rtcp_port(struct fix *f)
{
	send_to(f, 2, PEER_PORT + 1);
}

static void short_rtp(struct fix *f)
{
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER, MARKER_LEN);
	fix_send(f->app, pkt.data, 11);
}

static void csrcs_beyond_end(struct fix *f)
{
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER, MARKER_LEN);
	pkt.data[0] |= 15;
	fix_send(f->app, pkt.data, pkt.len);
}

static void extension_beyond_end(struct fix *f)
{
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, "\xbe\xde\0\7" MARKER, 4 + MARKER_LEN);
	pkt.data[0] |= 0x10;
	fix_send(f->app, pkt.data, pkt.len);
}

static void short_rtcp(struct fix *f)
{
	fix_send(f->app, "\x80\xc9\0\1\0\0\0", 7);
}

static void fragment(struct fix *f)
{
	struct packet pkt;
	struct craft c;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER MARKER, 2 * MARKER_LEN);
	c = fix_craft(f, SIDE_A, &pkt);
	c.part = CRAFT_FIRST;
	c.split = 32;
	craft_send(&c);
}

static void udp_length_beyond_end(struct fix *f)
{
	struct packet pkt;
	struct craft c;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER, MARKER_LEN);
	c = fix_craft(f, SIDE_A, &pkt);
	c.udp_len_lie = 4;
	craft_send(&c);
}

/* Only a raw socket can: what is beyond belongs to no datagram. */
static void bytes_beyond(struct fix *f, struct packet *pkt)
{
	struct craft c;
	int i;

	for (i = 0; i < 4; i++, pkt->len += MARKER_LEN)
		memcpy(pkt->data + pkt->len, MARKER, MARKER_LEN);
	c = fix_craft(f, SIDE_A, pkt);
	c.udp_len_lie = -4 * MARKER_LEN;
	craft_send(&c);
}

static void rtp_and_more(struct fix *f)
{
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, MARKER, MARKER_LEN);
	bytes_beyond(f, &pkt);
}

static void stun_and_more(struct fix *f)
{
	struct packet pkt = { { 0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42 }, .len = 20 };

	bytes_beyond(f, &pkt);
}

static void seq_2000(struct fix *f)
{
	fix_app_sends(f, SSRC, 2000);
}

static void far_back(struct fix *f)
{
	fix_app_sends(f, SSRC, 2000 - QSC_WINDOW_DEFAULT);
}

static void all_ssrcs(struct fix *f)
{
	struct qsc_info info;
	uint32_t i;

	if (qsc_info(f->sk, &info))
		ksft_exit_fail_msg("info: %s\n", qsc_last_error(f->sk)->text);
	for (i = 1; i <= info.max_ssrcs; i++)
		fix_app_sends(f, SSRC + i, 100);
}

static void last_index(struct fix *f)
{
	fix_app_sends(f, SSRC, 65535);
}

static void beyond_last_index(struct fix *f)
{
	fix_app_sends(f, SSRC, 0);
}

/* It fits into the MTU now, but not with what protection appends. */
static void too_big(struct fix *f)
{
	int mtu_payload = f->family == AF_INET ? 1472 : 1452;
	int level = f->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	int option = f->family == AF_INET ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER;
	int on = IP_PMTUDISC_DO, off = IP_PMTUDISC_WANT;
	char payload[1500] = MARKER;
	struct packet pkt;

	gen_rtp_plain(&pkt, SSRC, 100, payload, mtu_payload - RTP_HDR_LEN - 8);
	setsockopt(f->app, level, option, &on, sizeof(on));
	if (send(f->app, pkt.data, pkt.len, 0) >= 0 || errno != EMSGSIZE) {
		ksft_print_msg("the application is not told EMSGSIZE\n");
		f->wrong = true;
	}
	setsockopt(f->app, level, option, &off, sizeof(off));
}

const struct drop_case drop_tx_cases[] = {
	{ "without a key", QSC_A_STATS_TX_DROP_NO_KEY, NULL, one, .opts.no_tx_key = true },
	{ "after erasure", QSC_A_STATS_TX_DROP_ERASED, fix_erase, one },
	{ "to another port", QSC_A_STATS_TX_DROP_PEER, NULL, other_port,
	  .opts.unconnected = true },
	{ "to another host", QSC_A_STATS_TX_DROP_PEER, NULL, other_host,
	  .opts.unconnected = true },
	{ "from another address of the machine", QSC_A_STATS_TX_DROP_PEER, move_away, one },
	{ "plain text", QSC_A_STATS_TX_DROP_NOT_RTP, NULL, send_text },
	{ "one byte", QSC_A_STATS_TX_DROP_NOT_RTP, NULL, one_byte },
	{ "an empty datagram", QSC_A_STATS_TX_DROP_NOT_RTP, NULL, nothing },
	{ "DTLS without the flag", QSC_A_STATS_TX_DROP_NOT_RTP, NULL, dtls },
	{ "a STUN byte without the cookie", QSC_A_STATS_TX_DROP_NOT_RTP, NULL,
	  stun_without_cookie },
	{ "STUN with a tail", QSC_A_STATS_TX_DROP_NOT_RTP, NULL, stun_with_tail },
	{ "RTP on the port of RTCP", QSC_A_STATS_TX_DROP_NOT_RTP, NULL, rtp_on_rtcp_port,
	  .opts.rtcp_port = true },
	{ "RTP to the port of RTCP", QSC_A_STATS_TX_DROP_PEER, NULL, rtp_to_rtcp_port,
	  .opts.unconnected = true, .opts.rtcp_port = true },
	{ "RTP of 11 bytes", QSC_A_STATS_TX_DROP_MALFORMED, NULL, short_rtp },
	{ "CSRCs beyond the end", QSC_A_STATS_TX_DROP_MALFORMED, NULL, csrcs_beyond_end },
	{ "a header extension beyond the end", QSC_A_STATS_TX_DROP_MALFORMED, NULL,
	  extension_beyond_end },
	{ "RTCP of 7 bytes", QSC_A_STATS_TX_DROP_NOT_RTP, NULL, short_rtcp },
	{ "a UDP length beyond the end", QSC_A_STATS_TX_DROP_MALFORMED, NULL,
	  udp_length_beyond_end },
	{ "RTP with bytes beyond the UDP length", QSC_A_STATS_TX_DROP_MALFORMED, NULL,
	  rtp_and_more },
	{ "STUN with bytes beyond the UDP length", QSC_A_STATS_TX_DROP_MALFORMED, NULL,
	  stun_and_more },
	{ "a fragment from a raw socket", QSC_A_STATS_TX_DROP_FRAGMENT, NULL, fragment,
	  .why_not_v6 = "the kernel puts them together before the hook" },
	{ "a sequence number again", QSC_A_STATS_TX_DROP_TX_REUSE, seq_2000, seq_2000 },
	{ "a sequence number left of the window", QSC_A_STATS_TX_DROP_TX_REUSE, seq_2000,
	  far_back },
	{ "one SSRC too many", QSC_A_STATS_TX_DROP_SSRC_FULL, all_ssrcs, one },
	{ "beyond index 2^48 - 1", QSC_A_STATS_TX_DROP_LIMIT, last_index,
	  beyond_last_index, .opts.roc = 0xffffffff },
	{ "too big for the MTU", QSC_A_STATS_TX_DROP_TOO_BIG, NULL, too_big },
	{ "no memory", QSC_A_STATS_TX_DROP_NO_MEMORY,
	  .why_not = "needs fault injection, which stock kernels lack" },
	{ "the cipher fails", QSC_A_STATS_TX_DROP_CRYPTO,
	  .why_not = "needs fault injection, which stock kernels lack" },
	{ "STUN passes", QSC_A_STATS_TX_PASSED, NULL, stun, .delivers = true },
	{ "STUN passes without a key", QSC_A_STATS_TX_PASSED, NULL, stun,
	  .opts.no_tx_key = true, .opts.no_rx_key = true, .delivers = true },
	{ "STUN passes after erasure", QSC_A_STATS_TX_PASSED, fix_erase, stun,
	  .delivers = true },
	{ "DTLS passes with the flag", QSC_A_STATS_TX_PASSED, NULL, dtls,
	  .opts.flags = QSC_CALL_FLAGS_DTLS, .delivers = true },
};

const int drop_tx_count = sizeof(drop_tx_cases) / sizeof(*drop_tx_cases);
