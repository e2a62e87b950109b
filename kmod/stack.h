/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_STACK_H
#define _QSC_STACK_H

/**
 * qsc_stack_wipe() - zero the stack below the caller
 *
 * Ciphers and hashes of the kernel's spill key material into their frames, which
 * are dead when they return and stay in memory until something is called that
 * is as deep. An interrupt saves there what registers have.
 *
 * Context: any.
 */
void qsc_stack_wipe(void);

/* The same, as deep as the cipher of a packet goes. */
void qsc_stack_wipe_packet(void);

#endif /* _QSC_STACK_H */
