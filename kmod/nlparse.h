/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_NLPARSE_H
#define _QSC_NLPARSE_H

#include <net/netlink.h>

#include "call.h"

extern const struct nla_policy qsc_leg_policy[QSC_A_LEG_MAX + 1];
extern const struct nla_policy qsc_key_policy[QSC_A_KEY_MAX + 1];

/**
 * qsc_nl_get_leg() - read a leg
 * @p: filled in
 * @attr: QSC_A_CALL_LEG
 * @extack: told what was wrong
 *
 * Return: 0 or a negative errno.
 */
int qsc_nl_get_leg(struct qsc_leg_params *p, struct nlattr *attr, struct netlink_ext_ack *extack);

/**
 * qsc_nl_get_key() - read a key
 * @p: zeroed; filled in with pointers into @attr and to @rocs
 * @rocs: room for QSC_KEY_ROC_MAX entries
 * @attr: QSC_A_CALL_KEY; the caller wipes it
 * @extack: told what was wrong
 *
 * Return: 0 or a negative errno.
 */
int qsc_nl_get_key(struct qsc_key_params *p, struct qsc_roc *rocs, struct nlattr *attr,
		   struct netlink_ext_ack *extack);

#endif /* _QSC_NLPARSE_H */
