// SPDX-License-Identifier: GPL-2.0
/*
 * A sender, a wire that loses, repeats, reorders and changes packets, and a
 * receiver, through rekeys. Promises held:
 *
 * - no two packets are ever encrypted under one key and nonce;
 * - what the receiver does with a packet as it was sent is what a plain list
 *   of accepted ones says, and what it accepts is what was sent;
 * - a packet that was changed is refused, and refusing changes nothing.
 *
 * Input: setup (window, MKI length, room for SSRCs, initial ROCs), then operations,
 * see step().
 */
#include "kernel/crypto.h"
#include "stream.h"

#define WIRE_MAX 16
#define SSRCS_MAX 8 /* with room for fewer in the tables */
#define SENT_MAX 600
#define PACKET_MAX 64
#define MKI_MAX 4

struct sent {
	enum qsc_packet_kind kind;
	u32 generation;
	u32 ssrc;
	u64 index;
	u32 plain_len;
	u32 len;
	u8 plain[PACKET_MAX];
	u8 data[PACKET_MAX + QSC_TAG_LEN + QSC_RTCP_INDEX_LEN + MKI_MAX];
};

/* What a receiver has to know of one SSRC. */
struct model {
	bool known;
	u32 ssrc;
	u32 roc;
	u32 generation;
	u64 top[2];
	unsigned int n[2];
	u64 seen[2][SENT_MAX];
};

extern unsigned int *const shim_param_max_ssrcs;

static struct sent wire[WIRE_MAX];
static unsigned int n_sent;
static struct model models[SSRCS_MAX];
static struct qsc_stream tx, rx;
static struct qsc_key *tx_key;
static u32 window;
static u8 mki_len;
static u8 room;

/* How many SSRCs the sender has room for, or the receiver. */
static void limit_ssrcs(const struct qsc_stream *s)
{
	*shim_param_max_ssrcs = 1 + (s == &tx ? room >> 4 : room) % SSRCS_MAX;
}

static struct qsc_key *new_key(u32 generation)
{
	u8 mki[MKI_MAX] = { generation, 1, 2, 3 };
	struct qsc_key_params p = {
		.suite = qsc_suite_by_id(generation & 1 ? QSC_SUITE_AEAD_AES_256_GCM :
							  QSC_SUITE_AEAD_AES_128_GCM),
		.mki = mki,
		.mki_len = mki_len,
	};
	struct qsc_key *key = make_key(&p, generation);

	key->generation = generation;
	return key;
}

static void end_overlap(void)
{
	if (rx.old)
		qsc_key_destroy(rx.old);
	rx.old = NULL;
}

/* As call.c does it: a receiving key with an MKI stays for a while. */
static void rekey(void)
{
	end_overlap();
	if (tx_key)
		qsc_key_destroy(tx_key);
	if (mki_len)
		rx.old = rx.cur;
	else if (rx.cur)
		qsc_key_destroy(rx.cur);
	tx_key = new_key(++tx.generations);
	rx.cur = new_key(++rx.generations);
}

static u32 fill_packet(struct sent *s, u8 ssrc, u16 seq, u8 extra)
{
	memset(s->plain, extra, sizeof(s->plain));
	s->ssrc = ssrc % SSRCS_MAX;
	s->plain[0] = 0x80;
	if (s->kind == QSC_PACKET_RTP) {
		s->plain[0] |= extra & 0x13; /* CSRCs, extension */
		s->plain[14] = s->plain[18] = s->plain[22] = s->plain[26] = 0;
		put_unaligned_be16(seq, s->plain + 2);
		put_unaligned_be32(s->ssrc, s->plain + 8);
		return QSC_RTP_HEADER_LEN + extra % (PACKET_MAX - QSC_RTP_HEADER_LEN);
	}
	put_unaligned_be32(s->ssrc, s->plain + 4);
	return QSC_RTCP_HEADER_LEN + extra % (PACKET_MAX - QSC_RTCP_HEADER_LEN);
}

/* Two indices a packet can have: the SRTP one and the SRTCP one. */
static u64 index_before(const struct sent *s)
{
	const struct qsc_ssrc *entry = qsc_ssrc_find(&tx.ssrcs, s->ssrc);

	if (s->kind == QSC_PACKET_RTCP)
		return entry ? entry->rtcp.top : 0;
	return qsc_rtp_estimate(entry ? entry->rtp.top : 0, entry ? entry->roc : 0,
				get_unaligned_be16(s->plain + 2));
}

static void send_packet(struct input *in, enum qsc_packet_kind kind)
{
	struct sent *s = &wire[n_sent % WIRE_MAX], fresh = { .kind = kind };
	u32 grown = QSC_TAG_LEN + mki_len + (kind == QSC_PACKET_RTCP ? QSC_RTCP_INDEX_LEN : 0);
	u8 ssrc = take_u8(in), extra = take_u8(in);
	unsigned int verdict;
	u8 *p;

	if (n_sent == SENT_MAX)
		return;
	fresh.plain_len = fill_packet(&fresh, ssrc, take_u16(in), extra);
	fresh.len = fresh.plain_len + grown;
	fresh.generation = tx.generations;
	fresh.index = index_before(&fresh);
	CHECK(qsc_stream_overhead(tx_key, kind) == grown);
	limit_ssrcs(&tx);
	p = exact_copy(fresh.plain, fresh.plain_len, grown);
	verdict = qsc_stream_protect(&tx, tx_key, kind, p, fresh.plain_len);
	if (verdict == QSC_VERDICT_OK) {
		memcpy(fresh.data, p, fresh.len);
		*s = fresh;
		n_sent++;
	}
	free(p);
}

static bool model_is_new(const struct model *m, bool rtcp, u64 index)
{
	if (index >= m->top[rtcp])
		return true;
	if (m->top[rtcp] - index > (rtcp ? QSC_RTCP_WINDOW : window))
		return false;
	for (unsigned int i = 0; i < m->n[rtcp]; i++)
		if (m->seen[rtcp][i] == index)
			return false;
	return true;
}

/* A table that is full makes room from what only dead generations used. */
static bool model_has_room(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < SSRCS_MAX; i++)
		n += models[i].known;
	CHECK(n == rx.ssrcs.count);
	return n < qsc_ssrc_max();
}

static void model_accept(struct model *m, const struct sent *s, bool rtcp)
{
	m->known = true;
	if (m->generation < s->generation)
		m->generation = s->generation;
	m->seen[rtcp][m->n[rtcp]++] = s->index;
	if (s->index >= m->top[rtcp])
		m->top[rtcp] = s->index + 1;
}

/* Entries that the receiver evicted are unknown to it. */
static void model_forget(void)
{
	for (unsigned int i = 0; i < SSRCS_MAX; i++) {
		struct model *m = &models[i];

		if (!m->known || qsc_ssrc_find(&rx.ssrcs, i))
			continue;
		CHECK(m->generation + 1 < rx.generations);
		m->known = false;
		m->generation = 0;
		m->roc = 0;
		memset(m->top, 0, sizeof(m->top));
		memset(m->n, 0, sizeof(m->n));
	}
}

static bool receiver_has_key(u32 generation)
{
	return rx.cur->generation == generation || (rx.old && rx.old->generation == generation);
}

static void deliver(u8 which)
{
	const struct sent *s = &wire[which % WIRE_MAX];
	bool rtcp = s->kind == QSC_PACKET_RTCP;
	struct model *m = &models[s->ssrc];
	bool fresh, had_room;
	unsigned int verdict;
	u64 index;
	u32 len;
	u8 *p;

	if (!s->len)
		return;
	limit_ssrcs(&rx);
	had_room = model_has_room() || m->known;
	fresh = receiver_has_key(s->generation) && model_is_new(m, rtcp, s->index);
	index = rtcp ? s->index :
		       qsc_rtp_estimate(m->top[0], m->roc, get_unaligned_be16(s->plain + 2));
	len = s->len;
	p = exact_copy(s->data, len, 0);
	verdict = qsc_stream_unprotect(&rx, s->kind, p, &len);
	if (verdict == QSC_VERDICT_OK) {
		CHECK(fresh && index == s->index);
		CHECK(len == s->plain_len && !memcmp(p, s->plain, len));
		model_forget();
		model_accept(m, s, rtcp);
	} else if (fresh && index == s->index && had_room) {
		CHECK(verdict == QSC_RX_STAT(DROP_LIMIT));
	}
	model_forget();
	free(p);
}

/* All that a forged packet must leave as it was, as one number. */
static u64 state_of(const struct qsc_stream *s)
{
	u64 sum = s->ssrcs.count + s->cur->rtp_packets * 3 + s->cur->rtcp_packets * 5 + s->tell * 7;
	const struct qsc_ssrc *entry;

	for (int i = 0; i < QSC_SSRC_BUCKETS; i++)
		hlist_for_each_entry(entry, &s->ssrcs.bucket[i], node) {
			u32 words = entry->rtp.mask + 1 + entry->rtcp.mask + 1;

			sum = sum * 31 + entry->ssrc + entry->rtp.top * 11 + entry->rtcp.top * 13 +
			      entry->generation;
			for (u32 w = 0; w < words; w++)
				sum = sum * 31 + entry->map[w];
		}
	for (int stat = 0; stat < QSC_DIR_STATS; stat++)
		sum = sum * 31 + s->stats.n[stat].n;
	return sum;
}

static void deliver_changed(struct input *in, u8 which)
{
	const struct sent *s = &wire[which % WIRE_MAX];
	u16 bit = take_u16(in);
	u64 before;
	u32 len;
	u8 *p;

	if (!s->len)
		return;
	len = bit & 0x8000 ? 8 + bit % (s->len - 8) : s->len;
	p = exact_copy(s->data, len, 0);
	if (len == s->len)
		p[bit / 8 % len] ^= 1U << bit % 8;
	limit_ssrcs(&rx);
	before = state_of(&rx);
	CHECK(qsc_stream_unprotect(&rx, s->kind, p, &len) != QSC_VERDICT_OK);
	CHECK(state_of(&rx) == before);
	free(p);
}

/* Both sides are told, or neither is: what one takes, the other has to. */
static void add_roc(struct input *in)
{
	struct qsc_roc roc = { .ssrc = take_u8(in) % SSRCS_MAX, .roc = take_u32(in) };
	int err;

	limit_ssrcs(&rx);
	err = qsc_stream_add_rocs(&rx, &roc, 1);
	CHECK((err == -EEXIST) == models[roc.ssrc].known);
	if (!err) {
		models[roc.ssrc].known = true;
		models[roc.ssrc].roc = roc.roc;
		models[roc.ssrc].generation = rx.generations;
	}
	model_forget();
	limit_ssrcs(&tx);
	qsc_stream_add_rocs(&tx, &roc, 1);
}

static void setup(struct input *in)
{
	window = QSC_WINDOW_MIN + take_u8(in);
	mki_len = take_u8(in) % (MKI_MAX + 1);
	n_sent = 0;
	memset(wire, 0, sizeof(wire));
	for (unsigned int i = 0; i < SSRCS_MAX; i++) {
		models[i].known = false;
		models[i].generation = 0;
		memset(models[i].top, 0, sizeof(models[i].top));
		memset(models[i].n, 0, sizeof(models[i].n));
		models[i].roc = 0;
	}
	room = take_u8(in);
	memset(&tx, 0, sizeof(tx));
	memset(&rx, 0, sizeof(rx));
	qsc_stream_init(&tx, QSC_DIR_TX, window);
	qsc_stream_init(&rx, QSC_DIR_RX, window);
	tx_key = NULL;
	nonces_forget();
	for (u8 rocs = take_u8(in) % 3; rocs; rocs--)
		add_roc(in);
	rekey();
}

static void teardown(void)
{
	end_overlap();
	qsc_key_destroy(rx.cur);
	qsc_key_destroy(tx_key);
	qsc_ssrc_free_all(&rx.ssrcs);
	qsc_ssrc_free_all(&tx.ssrcs);
}

static void step(struct input *in)
{
	u8 op = take_u8(in);

	switch (op & 7) {
	case 0:
	case 1:
		send_packet(in, QSC_PACKET_RTP);
		break;
	case 2:
		send_packet(in, QSC_PACKET_RTCP);
		break;
	case 3:
	case 4:
		deliver(op >> 3);
		break;
	case 5:
		deliver_changed(in, op >> 3);
		break;
	case 6:
		if (op & 8)
			add_roc(in);
		else if (tx.generations < 200)
			rekey();
		break;
	default:
		if (op & 8)
			end_overlap();
		else
			deliver(n_sent - 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	setup(&in);
	while (in.left)
		step(&in);
	teardown();
	return 0;
}
