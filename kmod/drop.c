// SPDX-License-Identifier: GPL-2.0
/* Every packet that is dropped is counted once, under its reason. */

#include "drop.h"

#include "call.h"
#include "event.h"
#include "trace.h"

void qsc_drop_count(struct qsc_leg *leg, struct qsc_stream *s, unsigned int stat)
{
	u32 step;
	u64 n;

	/* A call whose keys were erased has none: tell the two apart. */
	if (stat == QSC_STAT(DROP_NO_KEY) && READ_ONCE(leg->call->state) == QSC_CALL_STATE_ERASED)
		stat = QSC_STAT(DROP_ERASED);
	trace_qsc_drop(leg, s->dir,
		       stat + (s->dir == QSC_DIR_TX ? QSC_A_STATS_TX_RTP : QSC_A_STATS_RX_RTP));
	n = atomic64_inc_return(&s->stats.n[stat]);
	if (s->dir == QSC_DIR_RX && stat == QSC_RX_STAT(DROP_AUTH)) {
		step = qsc_event_auth_step();
		if (step && n % step == 0)
			set_bit(QSC_TELL_AUTH, &s->tell);
	}
	if (unlikely(READ_ONCE(s->tell)))
		qsc_event_tell(leg, s);
}
