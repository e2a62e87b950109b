/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_NETLINK_H
#define _QSC_NETLINK_H

#include <net/genetlink.h>

extern struct genl_family qsc_genl_family;

/**
 * qsc_nl_get_id() - the call-id of a request
 * @info: request; its extack is told what was wrong
 *
 * Return: the call-id, or ERR_PTR.
 */
const char *qsc_nl_get_id(struct genl_info *info);

/**
 * qsc_nl_new_reply() - begin to answer a request
 * @info: request
 * @hdr: set, for qsc_nl_send_reply()
 *
 * Return: message to put attributes into, or NULL.
 */
struct sk_buff *qsc_nl_new_reply(struct genl_info *info, void **hdr);

/**
 * qsc_nl_send_reply() - send an answer, or drop it
 * @info: request
 * @msg: from qsc_nl_new_reply()
 * @hdr: likewise
 * @err: what came of making it; positive if it did not fit
 *
 * Return: 0 or a negative errno.
 */
int qsc_nl_send_reply(struct genl_info *info, struct sk_buff *msg, void *hdr, int err);

int qsc_netlink_module_init(void);
void qsc_netlink_module_exit(void);

#endif /* _QSC_NETLINK_H */
