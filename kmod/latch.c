// SPDX-License-Identifier: GPL-2.0
/* Where the peer of a leg is, learnt from its packets. */

#include "latch.h"

#include <linux/jiffies.h>

#include "path.h"
#include "stream.h"
#include "trace.h"

static bool is_from(const struct qsc_path *path, const struct qsc_addr *from)
{
	return path && qsc_addr_equal(&path->remote, from);
}

/* The stream's lock serialises those who latch. */
static bool set_path(struct qsc_tuple *tuple, const struct qsc_addr *from)
{
	struct qsc_stream *s = &tuple->leg->rx;
	struct qsc_path *path;

	lockdep_assert_held(&s->lock);
	if (READ_ONCE(tuple->leg->call->gone))
		return false;
	path = qsc_path_create(&tuple->local, from, GFP_ATOMIC);
	if (!path)
		return false;
	path = unrcu_pointer(xchg(&tuple->path, RCU_INITIALIZER(path)));
	qsc_tuple_expect(tuple, from);
	trace_qsc_latch(tuple->leg, from);
	qsc_path_drop(path);
	qsc_stat_inc(&s->stats, QSC_RX_STAT(LATCHED));
	set_bit(QSC_TELL_LATCH, &s->tell);
	return true;
}

static bool in_prefix(const struct qsc_leg *leg, const struct qsc_addr *from)
{
	return ipv6_prefix_equal(&leg->learn.ip, &from->ip, leg->learn.prefix);
}

static bool in_window(const struct qsc_leg *leg)
{
	return time_before(jiffies, leg->call->created + (unsigned long)leg->learn.window * HZ);
}

bool qsc_latch_plain(struct qsc_tuple *tuple, const struct qsc_addr *from)
{
	const struct qsc_path *path = rcu_dereference(tuple->path);
	struct qsc_leg *leg = tuple->leg;
	bool good;

	if (likely(path))
		return is_from(path, from);
	if (!in_prefix(leg, from) || !in_window(leg))
		return false;
	spin_lock(&leg->rx.lock);
	path = rcu_dereference(tuple->path);
	good = path ? is_from(path, from) : set_path(tuple, from);
	spin_unlock(&leg->rx.lock);
	return good;
}

static bool may_latch(const struct qsc_tuple *tuple, enum qsc_packet_kind kind)
{
	return kind == QSC_PACKET_RTP || tuple->use == QSC_PORT_RTCP ||
	       !atomic64_read(&tuple->leg->rx.stats.n[QSC_RX_STAT(RTP)]);
}

void qsc_latch_secure(struct qsc_tuple *tuple, enum qsc_packet_kind kind, u32 ssrc, u32 index,
		      const struct qsc_addr *from)
{
	struct qsc_stream *s = &tuple->leg->rx;

	if (likely(is_from(rcu_dereference(tuple->path), from)) || !may_latch(tuple, kind))
		return;
	spin_lock(&s->lock);
	if (!is_from(rcu_dereference(tuple->path), from) &&
	    qsc_stream_is_newest(s, kind, ssrc, index))
		set_path(tuple, from);
	spin_unlock(&s->lock);
}
