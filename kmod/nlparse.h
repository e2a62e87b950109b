/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_NLPARSE_H
#define _QSC_NLPARSE_H

#include <net/genetlink.h>

#include "call.h"

extern const struct nla_policy qsc_leg_policy[QSC_A_LEG_MAX + 1];
extern const struct nla_policy qsc_key_policy[QSC_A_KEY_MAX + 1];
extern const struct nla_policy qsc_session_policy[QSC_A_SESSION_MAX + 1];

/**
 * qsc_nl_pick() - find the attributes of a nest
 * @tb: set to them, by type
 * @max: last type that the nest's policy knows
 * @nest: of a request that was validated, which goes through all nests
 */
void qsc_nl_pick(struct nlattr **tb, int max, const struct nlattr *nest);

/**
 * qsc_nl_read_id() - read a call-id
 * @attr: QSC_A_CALL_ID or QSC_A_CALL_MORE; may be NULL
 * @extack: told what was wrong
 *
 * Return: call-id, which lives as long as @attr; or ERR_PTR.
 */
const char *qsc_nl_read_id(const struct nlattr *attr, struct netlink_ext_ack *extack);

/**
 * qsc_nl_get_call() - read a call that is to be made
 * @p: filled in, but for the owner
 * @tb: its attributes, of which QSC_A_CALL_LEG may be there twice
 * @head: the first of them as they stand in the message
 * @len: bytes from there
 * @extack: told what was wrong
 *
 * Return: 0 or a negative errno.
 */
int qsc_nl_get_call(struct qsc_call_params *p, struct nlattr **tb, const struct nlattr *head,
		    int len, struct netlink_ext_ack *extack);

/**
 * qsc_nl_get_key() - read a key, but for what is sealed
 * @p: zeroed; filled in with pointers into @attr and to @rocs
 * @rocs: room for QSC_KEY_ROC_MAX entries
 * @sealed: filled in: master key || master salt; NULL if they are elsewhere
 * @attr: QSC_A_CALL_KEY
 * @extack: told what was wrong
 *
 * Return: 0 or a negative errno.
 */
int qsc_nl_get_key(struct qsc_key_params *p, struct qsc_roc *rocs, struct qsc_sealed *sealed,
		   struct nlattr *attr, struct netlink_ext_ack *extack);

/**
 * qsc_nl_get_session() - read a session, but for what is sealed
 * @p: zeroed; all but the call-id is filled in, with pointers into @attr
 * @sealed: filled in: distribution key || exporter
 * @attr: QSC_A_CALL_SESSION
 * @extack: told what was wrong
 *
 * Return: 0 or a negative errno.
 */
int qsc_nl_get_session(struct qsc_session_params *p, struct qsc_sealed *sealed, struct nlattr *attr,
		       struct netlink_ext_ack *extack);

/**
 * qsc_nl_get_session_leg() - read which leg's session is meant
 * @leg: set to its index
 * @attr: QSC_A_CALL_SESSION that was validated; may hold QSC_A_SESSION_LEG only
 * @extack: told what was wrong
 *
 * Return: 0 or a negative errno.
 */
int qsc_nl_get_session_leg(u8 *leg, struct nlattr *attr, struct netlink_ext_ack *extack);

#endif /* _QSC_NLPARSE_H */
