/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_DROP_H
#define _QSC_DROP_H

struct qsc_leg;
struct qsc_stream;

/**
 * qsc_drop_count() - count a packet that goes no further, and tell if it is time
 * @leg: its leg
 * @s: its direction
 * @stat: QSC_TX_STAT() or QSC_RX_STAT() of the reason
 *
 * A missing key counts as an erased one where the call's keys were erased.
 *
 * Context: RCU read lock.
 */
void qsc_drop_count(struct qsc_leg *leg, struct qsc_stream *s, unsigned int stat);

#endif /* _QSC_DROP_H */
