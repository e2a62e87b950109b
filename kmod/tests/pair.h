/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_TESTS_PAIR_H
#define _QSC_TESTS_PAIR_H

#include "../stream.h"
#include "test.h"

#define QSC_TEST_SUITE QSC_SUITE_AEAD_AES_256_GCM
#define QSC_TEST_SSRC 0x12345678
#define QSC_TEST_PACKET_MAX 1024
#define QSC_TEST_RTP_LEN 172
#define QSC_TEST_RTCP_LEN 28

/**
 * struct qsc_test_pair - the two ends of a direction
 * @tx: sends
 * @rx: receives, with the same keys
 * @p: the packet that was sent last, as it was sent
 * @q: room for another
 *
 * It is @priv of each test of a suite with these functions.
 */
struct qsc_test_pair {
	struct qsc_stream tx;
	struct qsc_stream rx;
	u8 *p;
	u8 *q;
};

int qsc_test_pair_init(struct kunit *test);
void qsc_test_pair_exit(struct kunit *test);

/**
 * qsc_test_rekey() - the next generation on both ends, without an overlap
 * @test: test
 * @seed: as for qsc_test_key()
 * @mki: likewise
 *
 * Return: the pair.
 */
struct qsc_test_pair *qsc_test_rekey(struct kunit *test, u8 seed, const char *mki);

/**
 * qsc_test_put_key() - make a key the current one of a stream of no call
 * @s: stream
 * @key: next generation
 *
 * Return: the key that was current before, now nobody's; or NULL.
 */
struct qsc_key *qsc_test_put_key(struct qsc_stream *s, struct qsc_key *key);

static inline struct qsc_key *qsc_test_cur(struct qsc_stream *s)
{
	return rcu_dereference_protected(s->cur, true);
}

static inline u64 qsc_test_stat(const struct qsc_stream *s, unsigned int i)
{
	return atomic64_read(&s->stats.n[i]);
}

/**
 * qsc_test_make_rtp() - an RTP packet whose payload tells its number
 * @p: @len bytes
 * @ssrc: host byte order
 * @seq: sequence number
 * @len: bytes, at least QSC_RTP_HEADER_LEN
 */
void qsc_test_make_rtp(u8 *p, u32 ssrc, u16 seq, u32 len);

/**
 * qsc_test_make_rtcp() - a sender report, more or less
 * @p: @len bytes
 * @ssrc: host byte order
 * @len: bytes, at least QSC_RTCP_HEADER_LEN
 */
void qsc_test_make_rtcp(u8 *p, u32 ssrc, u32 len);

/* qsc_stream_protect() with the current key, in the context that it wants. */
unsigned int qsc_test_protect(struct qsc_stream *s, enum qsc_packet_kind kind, u8 *p, u32 len);

/* qsc_stream_unprotect() likewise. */
unsigned int qsc_test_unprotect(struct qsc_stream *s, enum qsc_packet_kind kind, u8 *p, u32 *len);

/* Make @f->p a packet and send it: a verdict. */
unsigned int qsc_test_send_rtp(struct qsc_test_pair *f, u32 ssrc, u16 seq);
unsigned int qsc_test_send_rtcp(struct qsc_test_pair *f, u32 ssrc);

/* Receive a copy of @f->p: a verdict. */
unsigned int qsc_test_arrive(struct qsc_test_pair *f, enum qsc_packet_kind kind);

#endif /* _QSC_TESTS_PAIR_H */
