// SPDX-License-Identifier: GPL-2.0
/* One packet through one direction: index state and keys meet here. */

#include "stream.h"

#include <crypto/algapi.h>
#include <linux/jiffies.h>

static void count(struct qsc_stream *s, unsigned int stat, u32 octets)
{
	lockdep_assert_held(&s->lock);
	qsc_stat_add_locked(&s->stats, stat, 1);
	qsc_stat_add_locked(&s->stats, QSC_STAT(OCTETS), octets);
	WRITE_ONCE(s->last, jiffies);
	WRITE_ONCE(s->active, true);
}

/* Half of the packets are used up: has to be told, or has to end. */
static noinline bool is_used_up(struct qsc_stream *s, struct qsc_key *key, u64 used, u64 max)
{
	if (used > max)
		return true;
	if (!key->soft_limit_told) {
		key->soft_limit_told = true;
		set_bit(QSC_TELL_REKEY, &s->tell);
	}
	return false;
}

/* RFC 3711 section 9.2. @used: packets so far, or the index if that is more. */
static __always_inline bool exceeds_limit(struct qsc_stream *s, struct qsc_key *key, u64 used,
					  u64 max)
{
	return unlikely(used > max / 2) && is_used_up(s, key, used, max);
}

static noinline struct qsc_ssrc *add(struct qsc_stream *s, u32 ssrc, u32 generation,
				     unsigned int full, unsigned int no_memory,
				     unsigned int *verdict)
{
	struct qsc_ssrc *entry;

	if (!qsc_ssrc_room(&s->ssrcs, 1, generation)) {
		*verdict = full;
		return NULL;
	}
	entry = qsc_ssrc_alloc(ssrc, 0, s->window, GFP_ATOMIC);
	if (!entry) {
		*verdict = no_memory;
		return NULL;
	}
	qsc_ssrc_link(&s->ssrcs, entry, generation);
	return entry;
}

static __always_inline struct qsc_ssrc *find_or_add(struct qsc_stream *s, u32 ssrc, u32 generation,
						    unsigned int full, unsigned int no_memory,
						    unsigned int *verdict)
{
	struct qsc_ssrc *entry = qsc_ssrc_find(&s->ssrcs, ssrc);

	if (unlikely(!entry))
		return add(s, ssrc, generation, full, no_memory, verdict);
	/* Not back to the old one by a late packet: the new one still lives. */
	if (entry->generation < generation)
		entry->generation = generation;
	return entry;
}

static __always_inline unsigned int reserve_rtp(struct qsc_stream *s, struct qsc_key *key,
						const u8 *p, u32 len, u64 *index)
{
	unsigned int verdict;
	struct qsc_ssrc *entry;

	entry = find_or_add(s, qsc_rtp_ssrc(p), key->generation, QSC_TX_STAT(DROP_SSRC_FULL),
			    QSC_TX_STAT(DROP_NO_MEMORY), &verdict);
	if (unlikely(!entry))
		return verdict;
	*index = qsc_rtp_estimate(entry->rtp.top, entry->roc, qsc_rtp_seq(p));
	if (exceeds_limit(s, key, max(key->rtp_packets, *index), QSC_RTP_INDEX_MAX))
		return QSC_TX_STAT(DROP_LIMIT);
	if (unlikely(qsc_replay_commit(&entry->rtp, *index) != QSC_REPLAY_NEW))
		return QSC_TX_STAT(DROP_TX_REUSE);
	key->rtp_packets++;
	count(s, QSC_TX_STAT(RTP), len);
	return QSC_VERDICT_OK;
}

static unsigned int reserve_rtcp(struct qsc_stream *s, struct qsc_key *key, const u8 *p, u32 len,
				 u32 *index)
{
	unsigned int verdict;
	struct qsc_ssrc *entry;

	entry = find_or_add(s, qsc_rtcp_ssrc(p), key->generation, QSC_TX_STAT(DROP_SSRC_FULL),
			    QSC_TX_STAT(DROP_NO_MEMORY), &verdict);
	if (unlikely(!entry))
		return verdict;
	if (exceeds_limit(s, key, max(key->rtcp_packets, entry->rtcp.top), QSC_RTCP_INDEX_MAX))
		return QSC_TX_STAT(DROP_LIMIT);
	*index = entry->rtcp.top;
	qsc_replay_commit(&entry->rtcp, *index);
	key->rtcp_packets++;
	count(s, QSC_TX_STAT(RTCP), len);
	return QSC_VERDICT_OK;
}

/* The index stays used; only the counters are put right. */
static unsigned int encrypt_failed(struct qsc_stream *s, unsigned int stat, u32 octets)
{
	spin_lock(&s->lock);
	qsc_stat_add_locked(&s->stats, stat, -1);
	qsc_stat_add_locked(&s->stats, QSC_STAT(OCTETS), -(u64)octets);
	spin_unlock(&s->lock);
	return QSC_TX_STAT(DROP_CRYPTO);
}

/*
 * What a packet of RTP goes through is there twice, with @cm as a constant: the key's,
 * so that the suites of AEADs do not pay for the other one.
 */

/* RFC 3711 has the MKI before the tag, RFC 7714 behind it. */
static __always_inline u32 tag_before_mki(bool cm)
{
	return cm ? 0 : QSC_TAG_LEN;
}

static __always_inline unsigned int protect_rtp(struct qsc_stream *s, struct qsc_key *key, u8 *p,
						u32 len, bool cm)
{
	unsigned int verdict;
	u64 index = 0;
	int hdr, err;

	hdr = qsc_rtp_header_len(p, len);
	if (unlikely(hdr < 0))
		return QSC_STAT(DROP_MALFORMED);
	spin_lock(&s->lock);
	verdict = reserve_rtp(s, key, p, len, &index);
	spin_unlock(&s->lock);
	if (unlikely(verdict != QSC_VERDICT_OK))
		return verdict;

	if (cm)
		err = qsc_rtp_protect_cm(&key->rtp, index, p, hdr, len, key->mki_len);
	else
		err = qsc_rtp_protect(&key->rtp, index, p, hdr, len);
	if (unlikely(err)) {
		if (err < 0)
			return encrypt_failed(s, QSC_TX_STAT(RTP), len);
		qsc_stat_inc(&s->stats, QSC_STAT(NOSIMD));
	}
	if (key->mki_len)
		memcpy(p + len + tag_before_mki(cm), key->mki, key->mki_len);
	return QSC_VERDICT_OK;
}

static noinline unsigned int protect_rtp_cm(struct qsc_stream *s, struct qsc_key *key, u8 *p,
					    u32 len)
{
	return protect_rtp(s, key, p, len, true);
}

static noinline unsigned int protect_rtcp(struct qsc_stream *s, struct qsc_key *key, u8 *p, u32 len)
{
	unsigned int verdict;
	u32 index = 0;
	int err;

	if (unlikely(len < QSC_RTCP_HEADER_LEN))
		return QSC_STAT(DROP_MALFORMED);
	spin_lock(&s->lock);
	verdict = reserve_rtcp(s, key, p, len, &index);
	spin_unlock(&s->lock);
	if (unlikely(verdict != QSC_VERDICT_OK))
		return verdict;

	if (key->cm)
		err = qsc_rtcp_protect_cm(&key->rtcp, index, p, len, key->mki_len);
	else
		err = qsc_rtcp_protect(&key->rtcp, index, p, len);
	if (unlikely(err)) {
		if (err < 0)
			return encrypt_failed(s, QSC_TX_STAT(RTCP), len);
		qsc_stat_inc(&s->stats, QSC_STAT(NOSIMD));
	}
	if (key->mki_len)
		memcpy(p + len + tag_before_mki(key->cm) + QSC_RTCP_INDEX_LEN, key->mki,
		       key->mki_len);
	return QSC_VERDICT_OK;
}

unsigned int qsc_stream_protect(struct qsc_stream *s, struct qsc_key *key,
				enum qsc_packet_kind kind, u8 *p, u32 len)
{
	if (unlikely(kind != QSC_PACKET_RTP))
		return protect_rtcp(s, key, p, len);
	return likely(!key->cm) ? protect_rtp(s, key, p, len, false) :
				  protect_rtp_cm(s, key, p, len);
}

static bool mki_is(const struct qsc_key *key, const u8 *mki)
{
	return !memcmp(key->mki, mki, key->mki_len);
}

/* An MKI is on the wire in clear: comparing it need not take constant time. */
static struct qsc_key *select_key(struct qsc_stream *s, struct qsc_key *cur, const u8 *mki)
{
	struct qsc_key *old;

	if (likely(!cur->mki_len || mki_is(cur, mki)))
		return cur;
	/* Pairs with publish(), which sets @old first: who has seen the new @cur sees it. */
	smp_rmb();
	old = rcu_dereference(s->old);
	return old && mki_is(old, mki) ? old : NULL;
}

static unsigned int replay_verdict(enum qsc_replay_verdict verdict)
{
	switch (verdict) {
	case QSC_REPLAY_SEEN:
		return QSC_RX_STAT(DROP_REPLAY);
	case QSC_REPLAY_OLD:
		return QSC_RX_STAT(DROP_OLD);
	default:
		return QSC_VERDICT_OK;
	}
}

static unsigned int decrypt_verdict(struct qsc_stream *s, int err)
{
	if (likely(!err))
		return QSC_VERDICT_OK;
	if (err == -EBADMSG)
		return QSC_RX_STAT(DROP_AUTH);
	if (err < 0)
		return QSC_RX_STAT(DROP_CRYPTO);
	qsc_stat_inc(&s->stats, QSC_STAT(NOSIMD));
	return QSC_VERDICT_OK;
}

/* @p: the packet. */
static __always_inline void judge(struct qsc_stream *s, struct qsc_ssrc *entry, const u8 *p,
				  u64 index)
{
	if (s->clock)
		qsc_quality_take(&entry->quality, s->scale, index, index + 1 == entry->rtp.top,
				 get_unaligned_be32(p + 4));
}

static __always_inline unsigned int commit_rtp(struct qsc_stream *s, struct qsc_key *key,
					       const u8 *p, u64 index, u32 len)
{
	unsigned int verdict;
	struct qsc_ssrc *entry;

	entry = find_or_add(s, qsc_rtp_ssrc(p), key->generation, QSC_RX_STAT(DROP_SSRC_FULL),
			    QSC_RX_STAT(DROP_NO_MEMORY), &verdict);
	if (unlikely(!entry))
		return verdict;
	if (exceeds_limit(s, key, max(key->rtp_packets, index), QSC_RTP_INDEX_MAX))
		return QSC_RX_STAT(DROP_LIMIT);
	verdict = replay_verdict(qsc_replay_commit(&entry->rtp, index));
	if (unlikely(verdict != QSC_VERDICT_OK))
		return verdict;
	key->rtp_packets++;
	count(s, QSC_RX_STAT(RTP), len);
	judge(s, entry, p, index);
	return QSC_VERDICT_OK;
}

/* @len: without tag and MKI. */
static __always_inline int decrypt_rtp(struct qsc_key *key, u64 index, u8 *p, u32 hdr, u32 len,
				       bool cm)
{
	if (cm)
		return qsc_rtp_unprotect_cm(&key->rtp, index, p, hdr, len, key->mki_len);
	return qsc_rtp_unprotect(&key->rtp, index, p, hdr, len + QSC_TAG_LEN);
}

/* @len: as above. */
static __always_inline unsigned int unprotect_rtp(struct qsc_stream *s, struct qsc_key *key, u8 *p,
						  u32 len, bool cm)
{
	struct qsc_ssrc *entry;
	unsigned int verdict;
	u64 index, top = 0;
	u32 roc = 0;
	int hdr;

	hdr = qsc_rtp_header_len(p, len);
	if (unlikely(hdr < 0))
		return QSC_STAT(DROP_MALFORMED);
	entry = qsc_ssrc_find(&s->ssrcs, qsc_rtp_ssrc(p));
	if (likely(entry)) {
		top = READ_ONCE(entry->rtp.top);
		roc = entry->roc;
	}
	index = qsc_rtp_estimate(top, roc, qsc_rtp_seq(p));
	/* An index past the end has no IV; the other limit is for the commit. */
	if (unlikely(index > QSC_RTP_INDEX_MAX))
		return QSC_RX_STAT(DROP_LIMIT);
	if (likely(entry)) {
		verdict = replay_verdict(qsc_replay_check(&entry->rtp, index));
		if (unlikely(verdict != QSC_VERDICT_OK))
			return verdict;
	}
	verdict = decrypt_verdict(s, decrypt_rtp(key, index, p, hdr, len, cm));
	if (unlikely(verdict != QSC_VERDICT_OK))
		return verdict;

	spin_lock(&s->lock);
	verdict = commit_rtp(s, key, p, index, len);
	spin_unlock(&s->lock);
	return verdict;
}

static unsigned int commit_rtcp(struct qsc_stream *s, struct qsc_key *key, u32 ssrc, u32 index,
				u32 len)
{
	unsigned int verdict;
	struct qsc_ssrc *entry;

	entry = find_or_add(s, ssrc, key->generation, QSC_RX_STAT(DROP_SSRC_FULL),
			    QSC_RX_STAT(DROP_NO_MEMORY), &verdict);
	if (unlikely(!entry))
		return verdict;
	if (exceeds_limit(s, key, max_t(u64, key->rtcp_packets, index), QSC_RTCP_INDEX_MAX))
		return QSC_RX_STAT(DROP_LIMIT);
	verdict = replay_verdict(qsc_replay_commit(&entry->rtcp, index));
	if (unlikely(verdict != QSC_VERDICT_OK))
		return verdict;
	key->rtcp_packets++;
	count(s, QSC_RX_STAT(RTCP), len);
	return QSC_VERDICT_OK;
}

static int decrypt_rtcp(struct qsc_key *key, u32 index, u8 *p, u32 len)
{
	if (key->cm)
		return qsc_rtcp_unprotect_cm(&key->rtcp, index, p, len, key->mki_len);
	return qsc_rtcp_unprotect(&key->rtcp, p, len + QSC_TAG_LEN + QSC_RTCP_INDEX_LEN);
}

/* @len: without index, tag and MKI. */
static noinline unsigned int unprotect_rtcp(struct qsc_stream *s, struct qsc_key *key, u8 *p,
					    u32 len)
{
	u32 ssrc, index;
	struct qsc_ssrc *entry;
	unsigned int verdict;
	bool encrypted;

	index = qsc_rtcp_index(p, len + tag_before_mki(key->cm) + QSC_RTCP_INDEX_LEN, &encrypted);
	if (unlikely(!encrypted))
		return QSC_RX_STAT(DROP_RTCP_CLEAR);
	ssrc = qsc_rtcp_ssrc(p);
	entry = qsc_ssrc_find(&s->ssrcs, ssrc);
	if (likely(entry)) {
		verdict = replay_verdict(qsc_replay_check(&entry->rtcp, index));
		if (unlikely(verdict != QSC_VERDICT_OK))
			return verdict;
	}
	verdict = decrypt_verdict(s, decrypt_rtcp(key, index, p, len));
	if (unlikely(verdict != QSC_VERDICT_OK))
		return verdict;

	spin_lock(&s->lock);
	verdict = commit_rtcp(s, key, ssrc, index, len);
	spin_unlock(&s->lock);
	return verdict;
}

static __always_inline unsigned int unprotect(struct qsc_stream *s, struct qsc_key *cur,
					      enum qsc_packet_kind kind, u8 *p, u32 *len, bool cm)
{
	u32 n = *len, overhead = qsc_stream_overhead(cur, kind);
	struct qsc_key *key;

	if (unlikely(n < QSC_RTCP_HEADER_LEN + overhead))
		return QSC_STAT(DROP_MALFORMED);
	key = select_key(s, cur, p + n - (cm ? cur->overhead : cur->mki_len));
	if (unlikely(!key))
		return QSC_RX_STAT(DROP_MKI);

	n -= overhead;
	*len = n;
	if (unlikely(kind != QSC_PACKET_RTP))
		return unprotect_rtcp(s, key, p, n);
	if (unlikely(n < QSC_RTP_HEADER_LEN))
		return QSC_STAT(DROP_MALFORMED);
	return unprotect_rtp(s, key, p, n, cm);
}

static noinline unsigned int unprotect_cm(struct qsc_stream *s, struct qsc_key *cur,
					  enum qsc_packet_kind kind, u8 *p, u32 *len)
{
	return unprotect(s, cur, kind, p, len, true);
}

unsigned int qsc_stream_unprotect(struct qsc_stream *s, enum qsc_packet_kind kind, u8 *p, u32 *len)
{
	struct qsc_key *cur = rcu_dereference(s->cur);

	if (unlikely(!cur))
		return QSC_STAT(DROP_NO_KEY);
	return likely(!cur->cm) ? unprotect(s, cur, kind, p, len, false) :
				  unprotect_cm(s, cur, kind, p, len);
}

/* Nothing is refused for what it is: the entry only serves to tell how it comes in. */
static void judge_plain(struct qsc_stream *s, const u8 *p)
{
	unsigned int verdict;
	struct qsc_ssrc *entry;
	u64 index;

	entry = find_or_add(s, qsc_rtp_ssrc(p), 1, 1, 1, &verdict);
	if (unlikely(!entry))
		return;
	index = qsc_rtp_estimate(entry->rtp.top, 0, qsc_rtp_seq(p));
	if (likely(qsc_replay_commit(&entry->rtp, index) == QSC_REPLAY_NEW))
		judge(s, entry, p, index);
}

void qsc_stream_take_plain(struct qsc_stream *s, enum qsc_packet_kind kind, const u8 *p, u32 len)
{
	spin_lock(&s->lock);
	if (likely(kind == QSC_PACKET_RTP)) {
		count(s, QSC_RX_STAT(RTP), len);
		judge_plain(s, p);
	} else {
		count(s, QSC_RX_STAT(RTCP), len);
	}
	spin_unlock(&s->lock);
}

void qsc_stream_send_plain(struct qsc_stream *s, enum qsc_packet_kind kind, u32 len)
{
	spin_lock(&s->lock);
	count(s, kind == QSC_PACKET_RTP ? QSC_TX_STAT(RTP) : QSC_TX_STAT(RTCP), len);
	spin_unlock(&s->lock);
}

bool qsc_stream_is_newest(const struct qsc_stream *s, enum qsc_packet_kind kind, u32 ssrc,
			  u32 index)
{
	const struct qsc_ssrc *entry;

	lockdep_assert_held(&s->lock);
	entry = qsc_ssrc_find(&s->ssrcs, ssrc);
	if (!entry)
		return false;
	if (kind == QSC_PACKET_RTP)
		return entry->rtp.top && (u16)(entry->rtp.top - 1) == index;
	return entry->rtcp.top && entry->rtcp.top - 1 == index;
}
