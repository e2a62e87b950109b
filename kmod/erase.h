/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_ERASE_H
#define _QSC_ERASE_H

#include "call.h"

/**
 * qsc_bury() - wipe every key that was taken out
 * @qn: call table
 *
 * Callers that come while another one waits for its grace period share the
 * next one. When it returns, every key that was on the graveyard when it was
 * called is zeroed and freed, and the events were sent.
 *
 * Context: process, may sleep; @qn->lock is not held.
 */
void qsc_bury(struct qsc_net *qn);

/**
 * qsc_forget_numbered() - qsc_forget_call() by the number of a call
 * @qn: table
 * @number: of a call that may be gone
 *
 * Context: process, may sleep; qsc_bury() is to follow.
 */
void qsc_forget_numbered(struct qsc_net *qn, u32 number);

/**
 * qsc_erase_call() - erase the keys of a call; it goes on blocking its packets
 * @qn: call table
 * @id: call-id
 * @reason: QSC_ERASE_REASON_*
 *
 * Context: process, may sleep. The keys are gone when it returns.
 * Return: 0 or -ENOENT.
 */
int qsc_erase_call(struct qsc_net *qn, const char *id, u8 reason);

/**
 * qsc_forget_call() - take a call out of the table, and its keys out of the call
 * @call: call
 * @reason: QSC_ERASE_REASON_*
 *
 * The keys are gone after the next qsc_bury().
 *
 * Context: @call->net->lock is held.
 */
void qsc_forget_call(struct qsc_call *call, u8 reason);

/**
 * qsc_flush_calls() - erase and forget every call, in one grace period
 * @qn: call table
 * @reason: QSC_ERASE_REASON_*
 *
 * Context: process, may sleep. The keys are gone when it returns.
 * Return: how many calls there were.
 */
u32 qsc_flush_calls(struct qsc_net *qn, u8 reason);

#define QSC_ERASE_SHUT_TEXT "the machine goes to sleep or down: try again when it is back"

/**
 * qsc_erase_is_shut() - is it too late for keys, as those that were there are gone?
 *
 * Keys that came between the erasure before the machine hibernates, suspends,
 * reboots or starts another kernel, and that moment itself, would be in the
 * image on the disk, or outlive this kernel. Who asks under the lock under which
 * he makes a key, and gets no, can be sure that the erasure will find it.
 */
bool qsc_erase_is_shut(void);

/**
 * qsc_reap() - work of @qn->reaper: act on deadlines that have passed
 * @work: it
 */
void qsc_reap(struct work_struct *work);

int qsc_erase_module_init(void);
void qsc_erase_module_exit(void);

#endif /* _QSC_ERASE_H */
