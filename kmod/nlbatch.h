/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_NLBATCH_H
#define _QSC_NLBATCH_H

#include <net/genetlink.h>

#include <linux/qsc.h>

extern const struct nla_policy qsc_op_policy[QSC_A_CALL_MAX + 1];
extern const struct nla_policy qsc_batch_seal_policy[QSC_A_SEAL_MAX + 1];

int qsc_nl_calls_new(struct sk_buff *skb, struct genl_info *info);

#endif /* _QSC_NLBATCH_H */
