/* SPDX-License-Identifier: GPL-2.0 */
/* The module under test, in namespace A, through libqsc. */
#ifndef _QSC_DUT_H
#define _QSC_DUT_H

#include <qsc/qsc.h>
#include <stdbool.h>
#include <stdint.h>

#include "net.h"
#include "srtp_ref.h"

#define APP_PORT	4000	/* A */
#define PEER_PORT	6000	/* B */
#define OTHER_PORT	6666	/* B, but not the peer */

struct dut_call {
	const char *id;
	int family;		/* 0: AF_INET */
	bool rtcp_port;		/* RTCP on the port above, not multiplexed */
	uint32_t flags;
	uint32_t window;
	uint32_t suite;
	uint16_t port;		/* in A, and + 2000 in B; 0: APP_PORT */
};

/* Open libqsc in @side; ends the test if the module is not loaded. */
struct qsc_sock *dut_open(enum side side);

/* Register a call of A with B; ends the test with the kernel's reason. */
void dut_call(struct qsc_sock *sk, const struct dut_call *call);
void dut_del(struct qsc_sock *sk, const char *id);

/* Returns 0 or a negative errno, and prints libqsc's reason. */
int dut_key(struct qsc_sock *sk, const char *id, int dir, const struct srtp_keys *keys,
	    int gen, uint32_t overlap_ms);
void dut_key_ok(struct qsc_sock *sk, const char *id, int dir,
		const struct srtp_keys *keys);

/* Counters of the call's leg. */
void dut_stats(struct qsc_sock *sk, const char *id, struct qsc_stats *st);

/*
 * Compare counters with what they were: exactly the pairs (counter, increase)
 * in the list, ended by 0, may have changed. Octets, copies and SIMD counters
 * are not compared unless listed. Prints every difference.
 */
bool dut_stats_moved(const struct qsc_stats *before, const struct qsc_stats *after,
		     const uint64_t *want);

/* Has any packet counter of @after moved since @before? */
bool dut_stats_any(const struct qsc_stats *before, const struct qsc_stats *after);

#endif /* _QSC_DUT_H */
