/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_NETLINK_H
#define _QSC_NETLINK_H

#include <net/genetlink.h>

extern struct genl_family qsc_genl_family;

int qsc_netlink_module_init(void);
void qsc_netlink_module_exit(void);

#endif /* _QSC_NETLINK_H */
