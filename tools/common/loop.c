// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* An event loop until somebody wants it to end. */
#include <errno.h>
#include <signal.h>

#include "loop.h"
#include "systemd.h"

static void signalled(evutil_socket_t sig, short what, void *base)
{
	(void)sig;
	(void)what;
	event_base_loopbreak(base);
}

int loop_until_signal(struct event_base *base)
{
	struct event *term = evsignal_new(base, SIGTERM, signalled, base);
	struct event *intr = evsignal_new(base, SIGINT, signalled, base);
	int ret = -ENOMEM;

	if (term && intr && !event_add(term, NULL) && !event_add(intr, NULL)) {
		tell_systemd("READY=1");
		ret = event_base_dispatch(base) < 0 ? -EIO : 0;
		tell_systemd("STOPPING=1");
	}
	if (term)
		event_free(term);
	if (intr)
		event_free(intr);
	return ret;
}
