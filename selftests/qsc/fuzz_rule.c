// SPDX-License-Identifier: GPL-2.0
/*
 * What has to become of a packet, from Documentation/networking/qsc.rst and the
 * RFCs that it names. The order of the checks is the documented order of trust.
 */
#include <string.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "fuzz.h"

#define RTP_VERSION	2

enum window_verdict {
	WINDOW_NEW,
	WINDOW_SEEN,
	WINDOW_OLD,
};

static enum window_verdict window_check(const struct fuzz_window *w, uint64_t index)
{
	if (index >= w->top)
		return WINDOW_NEW;
	if (w->top - index > w->size)
		return WINDOW_OLD;
	return w->map[index % w->size] ? WINDOW_SEEN : WINDOW_NEW;
}

static void window_note(struct fuzz_window *w, uint64_t index)
{
	uint64_t i;

	if (index >= w->top) {
		i = index - w->top < w->size ? w->top : index - w->size;
		for (; i < index; i++)
			w->map[i % w->size] = false;
		w->top = index + 1;
	}
	w->map[index % w->size] = true;
}

static struct fuzz_ssrc *find(struct fuzz_dir *d, uint32_t ssrc)
{
	int i;

	for (i = 0; i < d->n_known; i++)
		if (d->known[i].ssrc == ssrc)
			return &d->known[i];
	return NULL;
}

static struct fuzz_ssrc *add(struct fuzz *f, struct fuzz_dir *d, uint32_t ssrc, uint32_t roc)
{
	struct fuzz_ssrc *s;

	if (d->n_known == FUZZ_SSRCS)
		return NULL;
	s = &d->known[d->n_known++];
	memset(s, 0, sizeof(*s));
	s->ssrc = ssrc;
	s->roc = roc;
	s->rtp.size = f->cfg->window;
	s->rtcp.size = FUZZ_RTCP_WINDOW;
	return s;
}

void fuzz_rule_roc(struct fuzz *f, enum fuzz_way way, uint32_t ssrc, uint32_t roc)
{
	add(f, &f->dir[way], ssrc, roc);
}

bool fuzz_rule_top(const struct fuzz_dir *d, uint32_t ssrc, uint64_t *top)
{
	struct fuzz_ssrc *s = find((struct fuzz_dir *)d, ssrc);

	if (!s || !s->rtp.top)
		return false;
	*top = s->rtp.top - 1;
	return true;
}

/* RFC 3711 section 3.3.1; before the first wrap there is nothing below. */
static uint64_t estimate(const struct fuzz_ssrc *s, uint16_t seq)
{
	int64_t index;

	if (!s)
		return seq;
	if (!s->rtp.top)
		return (uint64_t)s->roc << 16 | seq;
	index = rtp_estimate(s->rtp.top - 1, seq);
	return index < 0 ? seq : index;
}

static bool is_stun(const uint8_t *p, int len)
{
	return len >= 20 && p[0] < 4 && get16(p + 2) % 4 == 0 && get16(p + 2) + 20 == len &&
	       get32(p + 4) == 0x2112a442;
}

static bool is_dtls(const uint8_t *p, int len)
{
	return len >= 13 && p[0] >= 20 && p[0] <= 63 && p[1] == 0xfe &&
	       (p[2] == 0xff || p[2] == 0xfd);
}

static enum fuzz_kind classify(const struct fuzz *f, const struct fuzz_item *it)
{
	const uint8_t *p = it->pkt.data;
	int len = it->pkt.len;
	bool rtcp;

	if (len < RTCP_HDR_LEN || p[0] >> 6 != RTP_VERSION) {
		if (is_stun(p, len))
			return KIND_STUN;
		return is_dtls(p, len) ? KIND_DTLS : KIND_OTHER;
	}
	rtcp = p[1] >= 192 && p[1] <= 223;
	if (!f->cfg->rtcp_port)
		return rtcp ? KIND_RTCP : KIND_RTP;
	if (!it->ch)
		return KIND_RTP;
	return rtcp ? KIND_RTCP : KIND_OTHER;
}

/* Header, CSRCs and extension; 0 if they do not fit into @len bytes. */
static int header_len(const uint8_t *p, int len)
{
	int hdr = RTP_HDR_LEN + (p[0] & 15) * 4;

	if (p[0] & 0x10) {
		hdr += 4;
		if (hdr > len)
			return 0;
		hdr += get16(p + hdr - 2) * 4;
	}
	return hdr > len ? 0 : hdr;
}

/* Would it leave by a route of FUZZ_MTU without being cut? */
static bool outgrows(const struct fuzz *f, const struct fuzz_item *it)
{
	bool v6 = f->cfg->family == AF_INET6;
	int len = (v6 ? 40 : 20) + 8 + it->pkt.len + fuzz_overhead(f, it->kind);

	if (it->shape == SHAPE_RAW && it->options)
		len += 8;
	return (it->shape == SHAPE_DF || (it->shape == SHAPE_RAW && v6)) && len > FUZZ_MTU;
}

static int tx_protect(struct fuzz *f, const struct fuzz_item *it)
{
	struct fuzz_dir *d = &f->dir[FUZZ_TX];
	const uint8_t *p = it->pkt.data;
	struct fuzz_ssrc *s;
	uint64_t index;
	uint32_t ssrc;

	if (outgrows(f, it))
		return QSC_A_STATS_TX_DROP_TOO_BIG;
	if (it->kind == KIND_RTP && !header_len(p, it->pkt.len))
		return QSC_A_STATS_TX_DROP_MALFORMED;
	ssrc = get32(p + (it->kind == KIND_RTP ? 8 : 4));
	s = find(d, ssrc);
	if (!s)
		s = add(f, d, ssrc, 0);
	if (!s)
		return QSC_A_STATS_TX_DROP_SSRC_FULL;
	if (it->kind == KIND_RTCP)
		return QSC_A_STATS_TX_RTCP;
	index = estimate(s, get16(p + 2));
	if (window_check(&s->rtp, index) != WINDOW_NEW)
		return QSC_A_STATS_TX_DROP_TX_REUSE;
	window_note(&s->rtp, index);
	return QSC_A_STATS_TX_RTP;
}

/* Genuine or not, this is what comes of a look at the window and the tag. */
static int rx_open(struct fuzz *f, const struct fuzz_item *it, uint32_t ssrc, uint64_t index)
{
	struct fuzz_dir *d = &f->dir[FUZZ_RX];
	bool rtp = it->kind == KIND_RTP;
	struct fuzz_ssrc *s = find(d, ssrc);
	struct fuzz_window *w = NULL;

	if (s) {
		w = rtp ? &s->rtp : &s->rtcp;
		switch (window_check(w, index)) {
		case WINDOW_SEEN:
			return QSC_A_STATS_RX_DROP_REPLAY;
		case WINDOW_OLD:
			return QSC_A_STATS_RX_DROP_OLD;
		default:
			break;
		}
	}
	if (it->made != it->kind || it->index != index)
		return QSC_A_STATS_RX_DROP_AUTH;
	if (!s)
		s = add(f, d, ssrc, 0);
	if (!s)
		return QSC_A_STATS_RX_DROP_SSRC_FULL;
	window_note(rtp ? &s->rtp : &s->rtcp, index);
	return rtp ? QSC_A_STATS_RX_RTP : QSC_A_STATS_RX_RTCP;
}

static int rx_unprotect(struct fuzz *f, const struct fuzz_item *it)
{
	const struct srtp_master *m = &f->dir[FUZZ_RX].keys.gen[0];
	int len = it->pkt.len - m->mki_len;
	const uint8_t *p = it->pkt.data;
	uint32_t word;
	int hdr;

	if (len < RTCP_HDR_LEN + FUZZ_TAG + (it->kind == KIND_RTP ? 0 : FUZZ_WORD))
		return QSC_A_STATS_RX_DROP_MALFORMED;
	if (memcmp(p + len, m->mki, m->mki_len))
		return QSC_A_STATS_RX_DROP_MKI;
	if (it->kind == KIND_RTP) {
		hdr = len < RTP_HDR_LEN ? 0 : header_len(p, len);
		if (!hdr || hdr + FUZZ_TAG > len)
			return QSC_A_STATS_RX_DROP_MALFORMED;
		return rx_open(f, it, get32(p + 8),
			       estimate(find(&f->dir[FUZZ_RX], get32(p + 8)), get16(p + 2)));
	}
	word = get32(p + len - FUZZ_WORD);
	if (!(word >> 31))
		return QSC_A_STATS_RX_DROP_RTCP_CLEAR;
	return rx_open(f, it, get32(p + 4), word & 0x7fffffff);
}

/* What both ways ask first: 0 if the packet goes on. */
static int admit(const struct fuzz *f, enum fuzz_way way, const struct fuzz_item *it)
{
	bool tx = way == FUZZ_TX;
	bool media = it->kind == KIND_RTP || it->kind == KIND_RTCP;

	if (it->lie == LIE_BEYOND || it->lie == LIE_STUB || (it->lie == LIE_TAIL && tx))
		return tx ? QSC_A_STATS_TX_DROP_MALFORMED : QSC_A_STATS_RX_DROP_MALFORMED;
	if (it->kind == KIND_STUN ||
	    (it->kind == KIND_DTLS && f->cfg->flags & QSC_CALL_FLAGS_DTLS))
		return tx ? QSC_A_STATS_TX_PASSED : QSC_A_STATS_RX_PASSED;
	if (it->place != AT_PEER)
		return tx ? QSC_A_STATS_TX_DROP_PEER : QSC_A_STATS_RX_DROP_PEER;
	if (!media)
		return tx ? QSC_A_STATS_TX_DROP_NOT_RTP : QSC_A_STATS_RX_DROP_NOT_RTP;
	return 0;
}

static bool is_good(int fate)
{
	switch (fate) {
	case QSC_A_STATS_TX_RTP:
	case QSC_A_STATS_TX_RTCP:
	case QSC_A_STATS_TX_PASSED:
	case QSC_A_STATS_RX_RTP:
	case QSC_A_STATS_RX_RTCP:
	case QSC_A_STATS_RX_PASSED:
		return true;
	}
	return false;
}

/* SRTP encrypts neither header nor CSRCs nor extension. */
static int clear_bytes(const struct fuzz_item *it)
{
	switch (it->fate) {
	case QSC_A_STATS_TX_PASSED:
		return it->pkt.len;
	case QSC_A_STATS_TX_RTP:
		return header_len(it->pkt.data, it->pkt.len);
	case QSC_A_STATS_TX_RTCP:
		return RTCP_HDR_LEN;
	}
	return 0;
}

void fuzz_rule(struct fuzz *f, enum fuzz_way way, struct fuzz_item *it)
{
	it->kind = classify(f, it);
	it->fate = 0;
	it->delivered = true;
	it->in_clear = it->pkt.len;
	if (it->place == AT_NOBODY)
		return;
	/* fragments of IPv4 are whole before LOCAL_IN, not before LOCAL_OUT */
	if (it->shape == SHAPE_FRAGMENTS && way == FUZZ_TX && f->cfg->family == AF_INET)
		it->fate = QSC_A_STATS_TX_DROP_FRAGMENT;
	if (!it->fate)
		it->fate = admit(f, way, it);
	if (!it->fate)
		it->fate = way == FUZZ_TX ? tx_protect(f, it) : rx_unprotect(f, it);
	it->delivered = is_good(it->fate);
	it->in_clear = clear_bytes(it);
}
