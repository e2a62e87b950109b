/* SPDX-License-Identifier: GPL-2.0 */
/* What the two directions of the drop test share. */
#ifndef _QSC_DROPS_H
#define _QSC_DROPS_H

#include "fix.h"

struct drop_case {
	const char *name;
	int counter;		/* QSC_A_STATS_* that moves by one */
	void (*prepare)(struct fix *f);
	void (*provoke)(struct fix *f);
	struct fix_opts opts;
	bool delivers;		/* is passed, not dropped */
	const char *why_not;	/* why it cannot be provoked */
	const char *why_not_v6;	/* the same for IPv6 only */
};

extern const struct drop_case drop_tx_cases[], drop_rx_cases[];
extern const int drop_tx_count, drop_rx_count;

#endif /* _QSC_DROPS_H */
