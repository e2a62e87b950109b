/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_SSRC_H
#define _QSC_SSRC_H

#include <linux/list.h>
#include <linux/rculist.h>
#include <linux/types.h>

#include "quality.h"
#include "replay.h"

#define QSC_SSRC_BUCKETS 8
#define QSC_RTCP_WINDOW 128

/**
 * struct qsc_ssrc - index state of one SSRC in one direction
 * @node: in its table; readers under RCU, writers under the stream's lock
 * @rcu: for release
 * @ssrc: constant
 * @roc: roll-over counter of the first packet; constant
 * @generation: newest key generation that it was used with; stream's lock
 * @rtp: window of SRTP indices, see struct qsc_replay
 * @rtcp: window of SRTCP indices; when sending, @rtcp.top is the next index
 * @quality: of what comes in; relay calls only; stream's lock
 * @map: memory of both windows
 *
 * It outlives the keys: a rekey does not reset the ROC (RFC 3711 section 3.3.1).
 * Holds no secret.
 */
struct qsc_ssrc {
	struct hlist_node node;
	struct rcu_head rcu;
	u32 ssrc;
	u32 roc;
	u32 generation;
	struct qsc_replay rtp;
	struct qsc_replay rtcp;
	struct qsc_quality quality;
	unsigned long map[];
};

/**
 * struct qsc_ssrc_table - the SSRCs of one direction
 * @bucket: by low bits of the SSRC
 * @count: entries; stream's lock
 */
struct qsc_ssrc_table {
	struct hlist_head bucket[QSC_SSRC_BUCKETS];
	u32 count;
};

/**
 * qsc_ssrc_find() - look an SSRC up
 * @t: table
 * @ssrc: host byte order
 *
 * Context: RCU read lock or the stream's lock.
 * Return: entry or NULL.
 */
static __always_inline struct qsc_ssrc *qsc_ssrc_find(const struct qsc_ssrc_table *t, u32 ssrc)
{
	struct qsc_ssrc *s;

	hlist_for_each_entry_rcu(s, &t->bucket[ssrc % QSC_SSRC_BUCKETS], node, true)
		if (s->ssrc == ssrc)
			return s;
	return NULL;
}

/**
 * qsc_ssrc_alloc() - make an entry that no table knows yet
 * @ssrc: host byte order
 * @roc: of the first packet
 * @window: packets
 * @gfp: allocation flags
 *
 * Return: entry, to link or to kfree(); NULL if there is no memory.
 */
struct qsc_ssrc *qsc_ssrc_alloc(u32 ssrc, u32 roc, u32 window, gfp_t gfp);

/**
 * qsc_ssrc_room() - make room for new entries
 * @t: table
 * @n: entries wanted
 * @generation: current key generation
 *
 * Entries that only dead generations used are evicted; one whose key lives
 * never is, for that would forget which indices were used or seen.
 *
 * Context: the stream's lock is held.
 * Return: whether @n more entries fit.
 */
bool qsc_ssrc_room(struct qsc_ssrc_table *t, u32 n, u32 generation);

/**
 * qsc_ssrc_link() - put an entry into a table
 * @t: table with room, in which the SSRC is not yet
 * @s: entry
 * @generation: current key generation
 *
 * Context: the stream's lock is held.
 */
void qsc_ssrc_link(struct qsc_ssrc_table *t, struct qsc_ssrc *s, u32 generation);

/**
 * qsc_ssrc_free_all() - release every entry
 * @t: table that nobody uses any more
 */
void qsc_ssrc_free_all(struct qsc_ssrc_table *t);

/**
 * qsc_ssrc_max() - entries allowed in one table, from the module parameter
 */
u32 qsc_ssrc_max(void);

#endif /* _QSC_SSRC_H */
