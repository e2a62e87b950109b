// SPDX-License-Identifier: GPL-2.0
/* Has everything had its fate, and has nothing else happened? */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "fuzz.h"

#define HEX_MAX	400
#define ETH_IP	14	/* where the IP header is in a frame */

static void print_item(const struct fuzz_item *it)
{
	static const char * const places[] = { "", ", another port", ", another host",
					       ", another own address", ", no call" };
	static const char * const shapes[] = { "sendmmsg", "UDP_SEGMENT", "zerocopy", "corked",
					       "not to be fragmented", "raw", "in fragments" };
	int i;

	ksft_print_msg("%s of channel %d%s; changed: %s, %s; lie %d of %d; split %d; fate: %s\n",
		       shapes[it->shape], it->ch, places[it->place],
		       it->how[0] ? it->how[0] : "no", it->how[1] ? it->how[1] : "no",
		       it->lie, it->lie_bytes, it->split,
		       it->fate ? qsc_stat_name(it->fate) : "none");
	printf("# %d bytes:", it->pkt.len);
	for (i = 0; i < it->pkt.len && i < HEX_MAX; i++)
		printf("%s%02x", i % 4 ? "" : " ", it->pkt.data[i]);
	printf("%s\n", i < it->pkt.len ? " ..." : "");
}

void fuzz_fail(struct fuzz *f, const struct fuzz_item *it, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (f->failed)
		return;
	f->failed = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ksft_print_msg("%s", text);
	ksft_print_msg("in batch %u of \"%s\"; QSC_REPLAY=%u with the same QSC_SEED checks each packet of it\n",
		       f->batch, f->cfg->name, f->batch);
	if (it)
		print_item(it);
}

/* Turns what the peer got into what the application sent. */
static bool open_wire(struct fuzz *f, const struct fuzz_item *it, struct packet *got)
{
	struct fuzz_dir *d = &f->dir[FUZZ_TX];
	enum ref_verdict v;

	if (it->fate != QSC_A_STATS_TX_RTP && it->fate != QSC_A_STATS_TX_RTCP)
		return true;
	got->rtcp = it->kind == KIND_RTCP;
	v = ref_unprotect(d->ref, &d->keys, got);
	if (v == REF_OK)
		return true;
	fuzz_fail(f, it, "the peer takes it for %s\n", ref_verdict_name(v));
	return false;
}

static void arrived(struct fuzz *f, const struct fuzz_item *it, struct packet *got)
{
	bool decrypted = it->fate == QSC_A_STATS_RX_RTP || it->fate == QSC_A_STATS_RX_RTCP;
	const struct packet *want = decrypted ? &it->clear : &it->pkt;

	f->received++;
	if (!open_wire(f, it, got))
		return;
	if (got->len != want->len || memcmp(got->data, want->data, got->len))
		fuzz_fail(f, it, "%d bytes arrived, which are not the %d sent\n", got->len,
			  want->len);
}

static void receive_end(struct fuzz *f, struct fuzz_end *e)
{
	static struct packet got[FUZZ_BATCH];
	static struct mmsghdr msg[FUZZ_BATCH];
	static struct iovec iov[FUZZ_BATCH];
	int done = 0;
	int i, n;

	while (done < e->wants && !f->failed) {
		n = e->wants - done;
		for (i = 0; i < n; i++) {
			iov[i] = (struct iovec){ got[i].data, RTP_RECV_MAX };
			msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		n = recvmmsg(e->fd, msg, n, MSG_DONTWAIT, NULL);
		if (n < 0 && errno == EAGAIN && net_readable(e->fd, FUZZ_TIMEOUT_MS))
			continue;
		if (n <= 0) {
			fuzz_fail(f, e->want[done], "it did not arrive\n");
			break;
		}
		for (i = 0; i < n; i++) {
			got[i].len = msg[i].msg_len;
			arrived(f, e->want[done++], &got[i]);
		}
	}
	e->wants = 0;
}

static bool is_detail(int i)
{
	return i == QSC_A_STATS_TX_COPIES || i == QSC_A_STATS_TX_NOSIMD ||
	       i == QSC_A_STATS_RX_COPIES || i == QSC_A_STATS_RX_NOSIMD;
}

static bool is_octets(int i)
{
	return i == QSC_A_STATS_TX_OCTETS || i == QSC_A_STATS_RX_OCTETS;
}

static uint64_t packets(const struct qsc_stats *st)
{
	uint64_t sum = 0;
	int i;

	for (i = 1; i < QSC_A_STATS_PAD; i++)
		if (!is_detail(i) && !is_octets(i))
			sum += st->count[i];
	return sum;
}

/* Each counter has to move by exactly what the rules say. */
static void check_counters(struct fuzz *f, const struct qsc_stats *due, const struct fuzz_item *it,
			   int n)
{
	uint64_t want[2 * QSC_A_STATS_PAD + 2] = {};
	int tries = FUZZ_TIMEOUT_MS;
	struct qsc_stats now;
	int i, w = 0;

	for (;;) {
		dut_stats(f->sk, FUZZ_ID, &now);
		if (packets(&now) - packets(&f->before) >= packets(due) || !tries--)
			break;
		usleep(1000);
	}
	for (i = 1; i < QSC_A_STATS_PAD; i++) {
		if (is_detail(i))
			continue;
		want[w++] = i;
		want[w++] = due->count[i];
	}
	if (!dut_stats_moved(&f->before, &now, want))
		fuzz_fail(f, n == 1 ? it : NULL, "the counters of %d packets are not right\n", n);
	f->before = now;
}

static unsigned int markers(const uint8_t *p, int len)
{
	const uint8_t *end = p + len;
	unsigned int n = 0;

	for (; (p = memmem(p, end - p, MARKER, MARKER_LEN)); p += MARKER_LEN)
		n++;
	return n;
}

/* Markers in what left A. */
static unsigned int clear_markers(struct fuzz *f)
{
	static uint8_t buf[FUZZ_BATCH][2048];
	static struct mmsghdr msg[FUZZ_BATCH];
	static struct iovec iov[FUZZ_BATCH];
	unsigned int clear = 0;
	int i, n;

	do {
		for (i = 0; i < FUZZ_BATCH; i++) {
			iov[i] = (struct iovec){ buf[i], sizeof(buf[i]) };
			msg[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		n = recvmmsg(f->tap, msg, FUZZ_BATCH, MSG_DONTWAIT, NULL);
		for (i = 0; i < n; i++)
			clear += markers(buf[i] + ETH_IP, msg[i].msg_len - ETH_IP);
	} while (n == FUZZ_BATCH);
	return clear;
}

/* Where the header was broken, some of the markers may have become part of it. */
static void check_wire(struct fuzz *f, enum fuzz_way way, const struct fuzz_item *it, int n)
{
	unsigned int may = 0, clear = clear_markers(f);
	int i;

	for (i = 0; i < n && way == FUZZ_TX; i++)
		may += markers(it[i].pkt.data, it[i].in_clear);
	if (clear > may)
		fuzz_fail(f, n == 1 ? it : NULL, "%u markers left in clear, not %u\n", clear,
			  may);
}

static void count_gro(struct fuzz *f)
{
	char frame[64];

	while (f->gro_tap >= 0 && recv(f->gro_tap, frame, sizeof(frame), MSG_DONTWAIT) >= 0)
		f->frames++;
}

void fuzz_check(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it, int n)
{
	struct qsc_stats due = {};
	struct fuzz_end *e;
	int i;

	for (i = 0; i < n; i++) {
		f->fates[it[i].fate]++;
		if (it[i].fate)
			due.count[it[i].fate]++;
		if (it[i].fate == QSC_A_STATS_TX_RTP || it[i].fate == QSC_A_STATS_TX_RTCP)
			due.count[QSC_A_STATS_TX_OCTETS] += it[i].pkt.len;
		if (it[i].fate == QSC_A_STATS_RX_RTP || it[i].fate == QSC_A_STATS_RX_RTCP)
			due.count[QSC_A_STATS_RX_OCTETS] += it[i].clear.len;
		e = fuzz_to(f, way, &it[i]);
		if (it[i].delivered)
			e->want[e->wants++] = &it[i];
	}
	for (i = 0; i < FUZZ_ENDS; i++)
		receive_end(f, &f->end[i]);
	check_counters(f, &due, it, n);
	check_wire(f, way, it, n);
	count_gro(f);
	fuzz_settle(f, it, n);
	for (i = 0; i < FUZZ_ENDS; i++)
		if (f->end[i].fd >= 0 && net_stray(f->end[i].fd))
			fuzz_fail(f, n == 1 ? it : NULL, "port %u got a packet too many\n",
				  f->end[i].port);
	f->sent += n;
}
