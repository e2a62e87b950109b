/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the failure test share.
 *
 *   fail_nl.c      netlink commands, and the end of an owner
 *   fail_msg.c     the messages of these
 *   fail_packet.c  packets, both ways
 *   fail_system.c  namespaces and the module itself
 *   fail_leaks.c   what all of that has left behind
 */
#ifndef _QSC_FAIL_H
#define _QSC_FAIL_H

#include "inj.h"

/* No operation here makes more allocations than that. */
#define FAIL_MOST	4000

int fail_nl_plan(void);
void fail_nl(void);

int fail_packet_plan(void);
void fail_packet(void);

int fail_system_plan(void);
void fail_system(void);

void fail_leaks(void); /* one result */

#endif /* _QSC_FAIL_H */
