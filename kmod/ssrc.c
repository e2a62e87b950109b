// SPDX-License-Identifier: GPL-2.0
/* The bounded table of SSRCs of one direction. */

#include "ssrc.h"

#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#define MAX_SSRCS_LIMIT 1024

static unsigned int max_ssrcs = 32;
module_param(max_ssrcs, uint, 0644);
MODULE_PARM_DESC(max_ssrcs, "SSRCs per call, leg and direction (default 32, 1 to 1024)");

u32 qsc_ssrc_max(void)
{
	return clamp_t(u32, READ_ONCE(max_ssrcs), 1, MAX_SSRCS_LIMIT);
}

static bool evict_one(struct qsc_ssrc_table *t, u32 generation)
{
	struct qsc_ssrc *s;
	int i;

	for (i = 0; i < QSC_SSRC_BUCKETS; i++) {
		hlist_for_each_entry(s, &t->bucket[i], node) {
			/* One generation back may still be in its overlap. */
			if (s->generation + 1 >= generation)
				continue;
			hlist_del_rcu(&s->node);
			kfree_rcu(s, rcu);
			t->count--;
			return true;
		}
	}
	return false;
}

struct qsc_ssrc *qsc_ssrc_alloc(u32 ssrc, u32 roc, u32 window, gfp_t gfp)
{
	u32 rtp_words = qsc_replay_words(window);
	u32 rtcp_words = qsc_replay_words(QSC_RTCP_WINDOW);
	struct qsc_ssrc *s;

	s = kzalloc(struct_size(s, map, rtp_words + rtcp_words), gfp);
	if (!s)
		return NULL;
	s->ssrc = ssrc;
	s->roc = roc;
	qsc_replay_init(&s->rtp, window, s->map);
	qsc_replay_init(&s->rtcp, QSC_RTCP_WINDOW, s->map + rtp_words);
	return s;
}

bool qsc_ssrc_room(struct qsc_ssrc_table *t, u32 n, u32 generation)
{
	while (t->count + n > qsc_ssrc_max())
		if (!evict_one(t, generation))
			return false;
	return true;
}

void qsc_ssrc_link(struct qsc_ssrc_table *t, struct qsc_ssrc *s, u32 generation)
{
	s->generation = generation;
	hlist_add_head_rcu(&s->node, &t->bucket[s->ssrc % QSC_SSRC_BUCKETS]);
	t->count++;
}

void qsc_ssrc_free_all(struct qsc_ssrc_table *t)
{
	struct hlist_node *next;
	struct qsc_ssrc *s;
	int i;

	for (i = 0; i < QSC_SSRC_BUCKETS; i++) {
		hlist_for_each_entry_safe(s, next, &t->bucket[i], node) {
			hlist_del(&s->node);
			kfree(s);
		}
	}
	t->count = 0;
}
