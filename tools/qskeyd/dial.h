/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* A TCP connection to the key service, before any key is touched. */
#ifndef _QSKEYD_DIAL_H
#define _QSKEYD_DIAL_H

#include <event2/event.h>

#include "failure.h"

struct dialer;
struct dial;

/**
 * dialer_new() - prepare for connections to one service
 * @dialer: out
 * @base: the event loop
 * @service: HOST:PORT or [ADDR]:PORT, kept
 * @seconds: for each address of HOST
 * @why: out
 */
int dialer_new(struct dialer **dialer, struct event_base *base, const char *service,
	       unsigned int seconds, struct failure *why);
void dialer_free(struct dialer *dialer); /* when all dials have ended */
const char *dialer_service(const struct dialer *dialer);

/*
 * Connect. @done gets the descriptor or, with -1, the reason; not before this
 * has returned.
 */
struct dial *dial_start(struct dialer *dialer,
			void (*done)(void *arg, int fd, const struct failure *why), void *arg);

/* Before it is done only */
void dial_cancel(struct dial *dial);

#endif /* _QSKEYD_DIAL_H */
