/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
#ifndef _QSC_LOOP_H
#define _QSC_LOOP_H

#include <event2/event.h>

/**
 * loop_until_signal() - what a daemon does all day
 * @base: its event loop
 *
 * Tells systemd that it is ready, and that it stops. Return: 0 after SIGTERM or
 * SIGINT, else a negative errno
 */
int loop_until_signal(struct event_base *base);

#endif /* _QSC_LOOP_H */
