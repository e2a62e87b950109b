/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_KEYRING_H
#define _QSC_KEYRING_H

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "rtt.h"
#include "srtp.h"
#include "ssrc.h"
#include "stats.h"
#include "suite.h"

struct qsc_call;

/* Bits of struct qsc_stream.tell */
#define QSC_TELL_REKEY 0 /* a packet limit is near */
#define QSC_TELL_AUTH 1 /* many packets failed authentication */
#define QSC_TELL_LATCH 2 /* the remote was learnt */

/**
 * struct qsc_key - one generation of keys of one direction
 * @rtp: SRTP context; constant
 * @rtcp: SRTCP context; constant
 * @suite: constant
 * @generation: counts up from 1 in its direction, 0 while it is parked; set when
 *	it is published, then constant
 * @mki_len: bytes in @mki, 0 to QSC_MKI_MAX; constant
 * @overhead: bytes that a packet of RTP grows by: tag and MKI; constant
 * @cm: as the suite's; constant
 * @rtp_packets: packets protected or authenticated; stream's lock
 * @rtcp_packets: the same for RTCP; stream's lock
 * @installed: jiffies when it was made or published; likewise
 * @expires: jiffies when its overlap ends, unless @held; call table's lock
 * @dir: QSC_DIR_*; constant
 * @leg: index of its leg; constant
 * @reason: why it was taken out, QSC_ERASE_REASON_*; set once, call table's lock
 * @held: its overlap has not begun, for a sending key is parked; call table's lock
 * @soft_limit_told: a rekey event was sent; stream's lock
 * @call: its call, a reference held only from the time it was taken out
 * @grave: on the graveyard once taken out; call table's lock
 * @all: in the list of all keys that there are; that list's lock
 * @mki: master key identifier
 *
 * Packets reach it through the stream's RCU pointers and hold no reference:
 * every use ends inside one RCU read section. Who takes it out of the stream
 * puts it on the graveyard, and erase.c destroys it after a grace period.
 */
struct qsc_key {
	struct qsc_srtp rtp;
	struct qsc_srtp rtcp;
	const struct qsc_suite_desc *suite;
	u64 rtp_packets;
	u64 rtcp_packets;
	unsigned long installed;
	unsigned long expires;
	u32 generation;
	u8 mki_len;
	u8 overhead;
	bool cm;
	u8 dir;
	u8 leg;
	u8 reason;
	bool held;
	bool soft_limit_told;
	struct qsc_call *call;
	struct list_head grave;
	struct list_head all;
	u8 mki[QSC_MKI_MAX];
};

/**
 * struct qsc_key_news - what an event tells of a key generation
 * @leg: index of the leg
 * @dir: QSC_DIR_*
 * @generation: number in its direction, 0 if it was parked
 */
struct qsc_key_news {
	u8 leg;
	u8 dir;
	u32 generation;
};

/**
 * struct qsc_stream - keyring and index state of one direction of a leg
 * @lock: taken with BH off, for a few instructions, once per packet; protects
 *	@ssrcs against writers, replay windows and packet counters
 * @cur: current generation; set under the call table's lock, read under RCU
 * @old: receiving only: previous generation during its overlap; likewise
 * @window: replay window in packets; constant
 * @clock: receiving, relay calls: RTP clock rate in Hz, else 0; constant
 * @scale: see qsc_quality_scale(); constant
 * @rtt: sending, relay calls: to the peer and back
 * @dir: QSC_DIR_*; constant
 * @last: jiffies of the last good packet; @lock
 * @active: @last is set; @lock
 * @tell: QSC_TELL_*, events to send; set under @lock, cleared by who sends
 * @ssrcs: index state
 * @generations: generations installed so far; call table's lock
 * @mki_len: MKI length of this direction, valid if @generations; call table's lock
 * @stats: counters
 *
 * Each direction starts on its own cache line: two CPUs that carry the two
 * directions of a call write no common line.
 */
struct qsc_stream {
	spinlock_t lock; /* index state, a few instructions per packet */
	u32 window;
	struct qsc_key __rcu *cur;
	struct qsc_key __rcu *old;
	u32 clock;
	u32 scale;
	unsigned long last;
	u8 dir;
	bool active;
	u8 mki_len;
	u32 generations;
	unsigned long tell;
	struct qsc_ssrc_table ssrcs;
	struct qsc_rtt rtt;
	struct qsc_stats stats;
} ____cacheline_aligned_in_smp;

/**
 * struct qsc_roc - ROC that the first packet of an SSRC has
 * @ssrc: host byte order
 * @roc: roll-over counter
 */
struct qsc_roc {
	u32 ssrc;
	u32 roc;
};

/**
 * struct qsc_key_params - a master key to install
 * @suite: an AEAD suite
 * @master: @suite->key_len bytes
 * @salt: @suite->salt_len bytes
 * @mki: @mki_len bytes
 * @mki_len: 0 to QSC_MKI_MAX
 * @call_number: of the call that it is for, or 0 for whichever has the name
 * @leg: index of the leg
 * @dir: QSC_DIR_*
 * @overlap_ms: how long the old receiving key stays valid (with an MKI only)
 * @rocs: initial roll-over counters, @nr_rocs of them
 * @nr_rocs: 0 to QSC_KEY_ROC_MAX
 *
 * All pointers are the caller's, who wipes them.
 */
struct qsc_key_params {
	const struct qsc_suite_desc *suite;
	const u8 *master;
	const u8 *salt;
	const u8 *mki;
	u32 call_number;
	u8 mki_len;
	u8 leg;
	u8 dir;
	u32 overlap_ms;
	const struct qsc_roc *rocs;
	u32 nr_rocs;
};

/**
 * qsc_key_create() - derive the session keys of a master key (RFC 3711 section 4.3)
 * @p: master key
 *
 * Context: process, may sleep.
 * Return: key that no stream knows yet, or ERR_PTR; on error nothing is left.
 */
struct qsc_key *qsc_key_create(const struct qsc_key_params *p);

/**
 * qsc_key_destroy() - wipe and free
 * @key: nobody can reach it any more: never installed, or taken out and a
 *	grace period has passed
 *
 * Context: process, may sleep. The key bytes are zero when it returns.
 */
void qsc_key_destroy(struct qsc_key *key);

/**
 * qsc_stream_init() - start without keys
 * @s: zeroed
 * @dir: QSC_DIR_*
 * @window: replay window in packets
 */
void qsc_stream_init(struct qsc_stream *s, u8 dir, u32 window);

/**
 * qsc_stream_add_rocs() - tell a stream where its SSRCs start
 * @s: stream
 * @rocs: @n entries
 * @n: 0 to QSC_KEY_ROC_MAX
 *
 * All or nothing: packets may flow meanwhile, so an entry that was added could
 * not be taken back.
 *
 * Context: process, may sleep; the call table's lock is held.
 * Return: 0, -EEXIST if an SSRC is already known, -ENOSPC, -ENOMEM.
 */
int qsc_stream_add_rocs(struct qsc_stream *s, const struct qsc_roc *rocs, u32 n);

#endif /* _QSC_KEYRING_H */
