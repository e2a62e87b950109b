// SPDX-License-Identifier: GPL-2.0
/* A sender, a receiver, and packets between them. */

#include "pair.h"

#include <linux/slab.h>

int qsc_test_pair_init(struct kunit *test)
{
	struct qsc_test_pair *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	if (!f)
		return -ENOMEM;
	f->p = kunit_kzalloc(test, QSC_TEST_PACKET_MAX, GFP_KERNEL);
	f->q = kunit_kzalloc(test, QSC_TEST_PACKET_MAX, GFP_KERNEL);
	if (!f->p || !f->q)
		return -ENOMEM;
	qsc_stream_init(&f->tx, QSC_DIR_TX, QSC_WINDOW_DEFAULT);
	qsc_stream_init(&f->rx, QSC_DIR_RX, QSC_WINDOW_DEFAULT);
	test->priv = f;
	return 0;
}

static void destroy_key(struct qsc_key __rcu **slot)
{
	struct qsc_key *key = rcu_replace_pointer(*slot, NULL, true);

	if (key)
		qsc_key_destroy(key);
}

static void empty_stream(struct qsc_stream *s)
{
	destroy_key(&s->cur);
	destroy_key(&s->old);
	qsc_ssrc_free_all(&s->ssrcs);
}

void qsc_test_pair_exit(struct kunit *test)
{
	struct qsc_test_pair *f = test->priv;

	if (!f)
		return;
	empty_stream(&f->tx);
	empty_stream(&f->rx);
	qsc_test_fail_nth(0);
	qsc_test_set_param(test, "simd", "Y");
	qsc_test_set_param(test, "max_ssrcs", "32");
}

struct qsc_key *qsc_test_put_key(struct qsc_stream *s, struct qsc_key *key)
{
	key->generation = ++s->generations;
	return rcu_replace_pointer(s->cur, key, true);
}

static void replace_key(struct kunit *test, struct qsc_stream *s, u8 seed, const char *mki)
{
	struct qsc_key *key = qsc_test_key(test, QSC_TEST_SUITE, s->dir, seed, mki);

	key = qsc_test_put_key(s, key);
	if (key)
		qsc_key_destroy(key);
}

struct qsc_test_pair *qsc_test_rekey(struct kunit *test, u8 seed, const char *mki)
{
	struct qsc_test_pair *f = test->priv;

	replace_key(test, &f->tx, seed, mki);
	replace_key(test, &f->rx, seed, mki);
	return f;
}

void qsc_test_make_rtp(u8 *p, u32 ssrc, u16 seq, u32 len)
{
	u32 i;

	for (i = QSC_RTP_HEADER_LEN; i < len; i++)
		p[i] = i * 37 + seq;
	p[0] = 0x80;
	p[1] = 0;
	put_unaligned_be16(seq, p + 2);
	put_unaligned_be32(seq * 160, p + 4);
	put_unaligned_be32(ssrc, p + 8);
}

void qsc_test_make_rtcp(u8 *p, u32 ssrc, u32 len)
{
	u32 i;

	for (i = QSC_RTCP_HEADER_LEN; i < len; i++)
		p[i] = i * 41;
	p[0] = 0x80;
	p[1] = 200;
	put_unaligned_be16(len / 4 - 1, p + 2);
	put_unaligned_be32(ssrc, p + 4);
}

unsigned int qsc_test_protect(struct qsc_stream *s, enum qsc_packet_kind kind, u8 *p, u32 len)
{
	unsigned int verdict = QSC_STAT(DROP_NO_KEY);
	struct qsc_key *key;

	local_bh_disable();
	rcu_read_lock();
	key = rcu_dereference(s->cur);
	if (key)
		verdict = qsc_stream_protect(s, key, kind, p, len);
	rcu_read_unlock();
	local_bh_enable();
	return verdict;
}

unsigned int qsc_test_unprotect(struct qsc_stream *s, enum qsc_packet_kind kind, u8 *p, u32 *len)
{
	unsigned int verdict;

	local_bh_disable();
	rcu_read_lock();
	verdict = qsc_stream_unprotect(s, kind, p, len);
	rcu_read_unlock();
	local_bh_enable();
	return verdict;
}

unsigned int qsc_test_send_rtp(struct qsc_test_pair *f, u32 ssrc, u16 seq)
{
	qsc_test_make_rtp(f->p, ssrc, seq, QSC_TEST_RTP_LEN);
	return qsc_test_protect(&f->tx, QSC_PACKET_RTP, f->p, QSC_TEST_RTP_LEN);
}

unsigned int qsc_test_send_rtcp(struct qsc_test_pair *f, u32 ssrc)
{
	qsc_test_make_rtcp(f->p, ssrc, QSC_TEST_RTCP_LEN);
	return qsc_test_protect(&f->tx, QSC_PACKET_RTCP, f->p, QSC_TEST_RTCP_LEN);
}

unsigned int qsc_test_arrive(struct qsc_test_pair *f, enum qsc_packet_kind kind)
{
	u32 len = kind == QSC_PACKET_RTP ? QSC_TEST_RTP_LEN : QSC_TEST_RTCP_LEN;

	len += qsc_stream_overhead(qsc_test_cur(&f->tx), kind);
	memcpy(f->q, f->p, len);
	return qsc_test_unprotect(&f->rx, kind, f->q, &len);
}
