/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_LATENESS_H
#define _QSC_LATENESS_H

#include <stdint.h>

/*
 * How late a thread is woken that comes before all others. With preempt=full on the
 * kernel's command line that is how long the kernel has kept the processor to itself:
 * with a spinlock, with interrupts or soft interrupts off.
 */
void lateness_watch(void);

/* Nanoseconds: the longest since it was asked for the last time. */
uint64_t lateness_worst(void);

#endif /* _QSC_LATENESS_H */
