/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Is a key anywhere in this machine's memory? Asks kmod/tests/ramscan.c, which
 * is built for kernels with KUnit.
 */
#ifndef _QSC_RAMSCAN_H
#define _QSC_RAMSCAN_H

#include <stdbool.h>

/*
 * What is looked for: session keys of RTP and RTCP that are derived, for
 * AES-256, from a master key and salt that RAMSCAN_MASTER fills; and for those
 * of RAMSCAN_CALL, whose caller this is, in the epochs 1 and 2: the master keys
 * and session keys that are derived from session keys of the service of bytes
 * that all are RAMSCAN_SEED(epoch).
 */
#define RAMSCAN_MASTER	"QSC-KEY!"
#define RAMSCAN_CALL	"it"
#define RAMSCAN_SEED(epoch) (1 + (epoch))

/* False if this kernel has no such module. */
bool ramscan_open(void);
void ramscan_close(void);

/* How often one of them is there, in use or not; -1 if it cannot be said. */
int ramscan_hits(void);

#endif /* _QSC_RAMSCAN_H */
