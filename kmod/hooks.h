/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_HOOKS_H
#define _QSC_HOOKS_H

struct qsc_net;

/**
 * qsc_hooks_register() - start to see the packets of a namespace
 * @qn: call table
 *
 * Context: process, may sleep; @qn->lock is held.
 * Return: 0 or a negative errno.
 */
int qsc_hooks_register(struct qsc_net *qn);

/**
 * qsc_hooks_unregister() - stop it; free what packets use after a grace period
 * @qn: call table
 *
 * Context: process, may sleep; @qn->lock is held.
 */
void qsc_hooks_unregister(struct qsc_net *qn);

/**
 * qsc_hooks_register_early() - see the packets of relay calls before they are routed
 * @qn: call table
 *
 * Context: as qsc_hooks_register().
 * Return: 0 or a negative errno.
 */
int qsc_hooks_register_early(struct qsc_net *qn);

/**
 * qsc_hooks_unregister_early() - undo qsc_hooks_register_early()
 * @qn: call table
 *
 * Context: as qsc_hooks_unregister().
 */
void qsc_hooks_unregister_early(struct qsc_net *qn);

#endif /* _QSC_HOOKS_H */
