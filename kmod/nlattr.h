/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_NLATTR_H
#define _QSC_NLATTR_H

#include "call.h"

struct sk_buff;

/*
 * What replies are made of. None of these ever puts key bytes.
 *
 * Context: process, the call table's lock is held where a call is read.
 * Return: 0 or -EMSGSIZE.
 */

int qsc_nl_put_call(struct sk_buff *msg, const struct qsc_call *call);
int qsc_nl_put_call_stats(struct sk_buff *msg, const struct qsc_call *call);
int qsc_nl_put_stats(struct sk_buff *msg, int attr, const u64 *sum);
int qsc_nl_put_erased(struct sk_buff *msg, const struct qsc_net *qn);
int qsc_nl_put_info(struct sk_buff *msg, struct qsc_net *qn);
int qsc_nl_put_seal(struct sk_buff *msg, const struct qsc_seal_offer *offer);

/* Also in softirq context, under RCU. */
int qsc_nl_put_key_packets(struct sk_buff *msg, const struct qsc_key *key);

/**
 * qsc_nl_put_remote() - where the packets of a leg go
 * @msg: message, a leg nested in it
 * @leg: leg
 *
 * Return: 0 or -EMSGSIZE.
 */
int qsc_nl_put_remote(struct sk_buff *msg, const struct qsc_leg *leg);

#endif /* _QSC_NLATTR_H */
