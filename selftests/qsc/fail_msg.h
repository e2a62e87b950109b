/* SPDX-License-Identifier: GPL-2.0 */
/* The netlink messages of the failure test. */
#ifndef _QSC_FAIL_MSG_H
#define _QSC_FAIL_MSG_H

#include <qsc/qsc.h>

#include "nlraw.h"

/* For messages to @family; @sk asks for what they are sealed to. */
void msg_init(uint16_t to, struct qsc_sock *sk);

/* A call at local port @port and, if it has one, the RTCP port above. */
void msg_new(struct nlr_msg *m, const char *id, bool v6, bool rtcp_port, uint16_t port,
	     uint32_t flags);
/*
 * From AES-256-GCM to AES-CM, with RTCP ports of their own, the remote of the other
 * leg learnt; at @port and 10 more.
 */
void msg_relay(struct nlr_msg *m, const char *id, uint16_t port);
/* That relay call and another call with all their keys. */
void msg_batch(struct nlr_msg *m, const char *id, const char *other);

/* @mki 0: without. Rolled-over counters for @rocs SSRCs. */
void msg_key(struct nlr_msg *m, const char *id, uint8_t leg, uint32_t dir, uint32_t suite,
	     uint8_t mki, int rocs);
void msg_session(struct nlr_msg *m, const char *id, uint32_t epoch, bool hold);
/* Nothing but the call-id, or not even that. */
void msg_named(struct nlr_msg *m, uint8_t cmd, const char *id);
void msg_dump(struct nlr_msg *m, uint8_t cmd);

#endif /* _QSC_FAIL_MSG_H */
