// SPDX-License-Identifier: GPL-2.0
/* Sockets of the differential test, and the stand-in for the module. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "diff.h"

#define OVERLAP_MS	60000
#define TIMEOUT_MS	3000

static void open_channel(struct run *run, struct channel *ch, int offset)
{
	int family = run->sc->family ? run->sc->family : AF_INET;
	int dont = IP_PMTUDISC_DONT;

	ch->app = net_udp(SIDE_A, family, 1, APP_PORT + offset);
	ch->peer = net_udp(SIDE_B, family, 2, PEER_PORT + offset);
	net_connect(ch->app, family, 2, PEER_PORT + offset);
	net_connect(ch->peer, family, 1, APP_PORT + offset);
	/* some packets are larger than the wire's MTU */
	if (family == AF_INET) {
		setsockopt(ch->app, IPPROTO_IP, IP_MTU_DISCOVER, &dont, sizeof(dont));
		setsockopt(ch->peer, IPPROTO_IP, IP_MTU_DISCOVER, &dont, sizeof(dont));
	}
	ch->want = calloc(WIRE_BATCH, sizeof(*ch->want));
	if (!ch->want)
		ksft_exit_fail_msg("out of memory\n");
	ch->wants = 0;
}

void diff_open(struct run *run)
{
	open_channel(run, &run->ch[CH_RTP], 0);
	if (run->sc->rtcp_port)
		open_channel(run, &run->ch[CH_RTCP], 1);
}

void diff_close(struct run *run)
{
	int i;

	for (i = 0; i <= run->sc->rtcp_port; i++) {
		close(run->ch[i].app);
		close(run->ch[i].peer);
		free(run->ch[i].want);
	}
	if (run->standin.tx)
		srtp_dealloc(run->standin.tx);
	if (run->standin.rx)
		srtp_dealloc(run->standin.rx);
}

struct channel *diff_channel(struct run *run, const struct packet *pkt)
{
	return &run->ch[pkt->rtcp && run->sc->rtcp_port ? CH_RTCP : CH_RTP];
}

void diff_want(struct run *run, const struct packet *pkt)
{
	struct channel *ch = diff_channel(run, pkt);

	if (ch->wants == WIRE_BATCH)
		ksft_exit_fail_msg("too many packets in one batch\n");
	ch->want[ch->wants++] = *pkt;
}

void diff_fail(struct run *run, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!run->failed)
		ksft_print_msg("%s", text);
	run->failed = true;
}

static void print_hex(const char *what, const struct packet *pkt)
{
	int i;

	printf("# %s (%d bytes)", what, pkt->len);
	for (i = 0; i < pkt->len && i < 96; i++)
		printf("%s%02x", i % 4 ? "" : " ", pkt->data[i]);
	printf("\n");
}

bool diff_same(struct run *run, const struct packet *want, const struct packet *got)
{
	if (got->len == want->len && !memcmp(got->data, want->data, got->len))
		return true;
	if (!run->failed) {
		print_hex("want", want);
		print_hex("got ", got);
	}
	diff_fail(run, "%s packet of SSRC %08x differs\n", want->rtcp ? "RTCP" : "RTP",
		  want->ssrc);
	return false;
}

/* sendmmsg() of those packets that belong to @ch, in their order. */
static void send_channel(struct run *run, struct channel *ch, bool app,
			 struct packet *pkt, int n)
{
	static struct mmsghdr msg[WIRE_BATCH];
	static struct iovec iov[WIRE_BATCH];
	int fd = app ? ch->app : ch->peer;
	int count = 0;
	int done = 0;
	int ret;
	int i;

	for (i = 0; i < n; i++) {
		if (diff_channel(run, &pkt[i]) != ch || pkt[i].len < 0)
			continue;
		iov[count] = (struct iovec){ pkt[i].data, pkt[i].len };
		msg[count].msg_hdr = (struct msghdr){ .msg_iov = &iov[count],
						      .msg_iovlen = 1 };
		count++;
	}
	while (done < count) {
		ret = sendmmsg(fd, msg + done, count - done, 0);
		if (ret > 0) {
			done += ret;
			continue;
		}
		diff_fail(run, "send of %zu bytes: %s\n", iov[done].iov_len,
			  strerror(errno));
		done++;
	}
}

static void send_all(struct run *run, bool app, struct packet *pkt, int n)
{
	int i;

	for (i = 0; i <= run->sc->rtcp_port; i++)
		send_channel(run, &run->ch[i], app, pkt, n);
}

static bool has_defect(struct run *run, const char *name)
{
	/* now and then, as real defects are */
	return run->standin.defect && !strcmp(run->standin.defect, name) &&
	       ++run->standin.count % 97 == 0;
}

static void standin_protect(struct run *run, struct packet *pkt)
{
	struct packet plain = *pkt;

	if (ref_protect(run->standin.tx, &run->keys, run->standin.gen, pkt)) {
		pkt->len = -1;
		/* "leak": lets pass in clear what must be dropped */
		if (has_defect(run, "leak"))
			*pkt = plain;
	} else if (has_defect(run, "bit")) {
		pkt->data[pkt->len - 1] ^= 1;
	} else if (has_defect(run, "lose")) {
		pkt->len = -1;
	} else if (has_defect(run, "header")) {
		pkt->data[1] ^= 0x80;
	}
}

void diff_app_sends(struct run *run, struct packet *pkt, int n)
{
	int i;

	for (i = 0; run->standin.on && i < n; i++)
		standin_protect(run, &pkt[i]);
	send_all(run, true, pkt, n);
	run->tally.shown += n;
}

void diff_peer_sends(struct run *run, struct packet *pkt, int n)
{
	send_all(run, false, pkt, n);
	run->tally.shown += n;
}

/* The next packet that the module lets through; false after the timeout. */
static bool receive(struct run *run, int fd, bool app, bool rtcp, struct packet *pkt)
{
	struct packet raw;
	ssize_t len;

	for (;;) {
		if (!net_readable(fd, TIMEOUT_MS))
			return false;
		len = recv(fd, pkt->data, RTP_WIRE_MAX, 0);
		if (len < 0)
			return false;
		pkt->len = len;
		pkt->rtcp = rtcp;
		if (!app || !run->standin.on)
			return true;
		raw = *pkt;
		if (!ref_unprotect(run->standin.rx, &run->keys, pkt))
			return true;
		/* "accept": delivers what must be dropped */
		if (has_defect(run, "accept")) {
			*pkt = raw;
			return true;
		}
	}
}

static void receive_channel(struct run *run, struct channel *ch, bool app,
			    diff_check check, void *arg)
{
	struct packet got;
	int i;

	for (i = 0; i < ch->wants && !run->failed; i++) {
		if (!receive(run, app ? ch->app : ch->peer, app, ch->want[i].rtcp, &got)) {
			print_hex("want", &ch->want[i]);
			diff_fail(run, "%s packet of SSRC %08x did not arrive\n",
				  ch->want[i].rtcp ? "RTCP" : "RTP", ch->want[i].ssrc);
			break;
		}
		got.ssrc = ch->want[i].ssrc;
		check(run, &ch->want[i], &got, arg);
	}
	ch->wants = 0;
}

void diff_peer_receives(struct run *run, diff_check check, void *arg)
{
	int i;

	for (i = 0; i <= run->sc->rtcp_port; i++)
		receive_channel(run, &run->ch[i], false, check, arg);
}

void diff_app_receives(struct run *run, diff_check check, void *arg)
{
	int i;

	for (i = 0; i <= run->sc->rtcp_port; i++)
		receive_channel(run, &run->ch[i], true, check, arg);
}

/*
 * Whatever was sent has been through the module by now: softirqs of a veth
 * run before the send returns, or at the latest when its CPU is left.
 */
void diff_drained(struct run *run)
{
	struct packet extra;
	int i;

	usleep(20000);
	for (i = 0; i <= run->sc->rtcp_port; i++) {
		while (net_readable(run->ch[i].peer, 0)) {
			extra.len = recv(run->ch[i].peer, extra.data, RTP_WIRE_MAX, 0);
			diff_fail(run, "%d bytes more than wanted on the wire\n", extra.len);
		}
		if (run->standin.on)
			continue;
		while (net_readable(run->ch[i].app, 0)) {
			extra.len = recv(run->ch[i].app, extra.data, RTP_WIRE_MAX, 0);
			diff_fail(run, "%d bytes more than wanted by the application\n",
				  extra.len);
		}
	}
}

void diff_key(struct run *run, int dir, int gen)
{
	run->standin.gen = gen;
	if (run->standin.on)
		return;
	if (dut_key(run->sk, "diff", dir, &run->keys, gen, gen ? OVERLAP_MS : 0))
		diff_fail(run, "key generation %d was refused\n", gen);
}

void diff_plain(struct run *run, struct packet *pkt, const struct disorder *how)
{
	struct stream *st = &run->stream[rng_below(&run->rng, run->sc->streams)];

	if (rng_permille(&run->rng, run->sc->rtcp_permille))
		gen_rtcp(pkt, &run->rng, st->ssrc);
	else
		gen_rtp(pkt, &run->rng, st->ssrc,
			stream_next(st, &run->rng, how, run->sc->window));
}
