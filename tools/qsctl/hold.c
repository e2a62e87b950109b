// SPDX-License-Identifier: GPL-2.0-only
/* Waiting: for signals, for events, and for the end of a bound call. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <sys/signalfd.h>

#include "qsctl.h"

/* SIGINT and SIGTERM end the waiting in an orderly way. */
int waiter_init(struct waiter *waiter, int events)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	waiter->signals = signalfd(-1, &set, SFD_CLOEXEC);
	waiter->events = events;
	if (waiter->signals < 0) {
		complain("cannot wait for signals: %s", strerror(errno));
		return QSCTL_REFUSED;
	}
	return QSCTL_OK;
}

void waiter_end(struct waiter *waiter)
{
	close(waiter->signals);
}

enum wait_result waiter_wait(struct waiter *waiter, int timeout_ms)
{
	struct pollfd pfd[] = {
		{ .fd = waiter->signals, .events = POLLIN },
		{ .fd = waiter->events, .events = POLLIN },
	};
	int n;

	do {
		n = poll(pfd, ARRAY_SIZE(pfd), timeout_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return WAIT_FAILED;
	if (!n)
		return WAIT_TIMEOUT;
	return pfd[0].revents ? WAIT_SIGNAL : WAIT_EVENT;
}

static int is_end_of(const struct qsc_event *event, void *arg)
{
	const char *id = arg;

	/* An errno that nothing else on this path returns. */
	if (event->type == QSC_CMD_CALL_DEL_NTF && !strcmp(event->call_id, id))
		return -ESTALE;
	return 0;
}

static int ignore_call(const struct qsc_call *call, void *arg)
{
	(void)call;
	(void)arg;
	return 0;
}

static bool call_ended(struct qsctl *ctl, const char *id)
{
	int n = qsc_event_wait(ctl->sk, 0, is_end_of, (void *)id);

	if (n == -ENOBUFS) /* the event may have been among the lost ones */
		return qsc_call_get(ctl->sk, id, ignore_call, NULL) == -ENOENT;
	return n == -ESTALE;
}

static void announce(struct qsctl *ctl, const char *id)
{
	struct json_object *obj;
	char printable[PRINTABLE_ID_MAX];

	if (ctl->json) {
		obj = json_object_new_object();
		json_put_text(obj, "call", id);
		json_put(obj, "bound", json_object_new_boolean(true));
		json_put(obj, "pid", json_object_new_int(getpid()));
		json_print(ctl, obj);
	} else {
		format_printable(id, printable, sizeof(printable));
		printf("call %s is bound to this process: its keys are erased when it ends\n",
		       printable);
	}
	fflush(stdout);
}

/*
 * Keep the socket that owns the call until a signal comes or the call is
 * deleted by someone else.
 */
int hold_call(struct qsctl *ctl, const char *id)
{
	enum wait_result result;
	struct waiter waiter;

	if (waiter_init(&waiter, qsc_event_fd(ctl->sk)))
		return QSCTL_REFUSED;
	announce(ctl, id);
	do {
		result = waiter_wait(&waiter, -1);
	} while (result == WAIT_EVENT && !call_ended(ctl, id));
	waiter_end(&waiter);

	kernel_close(ctl); /* here the keys die */
	return result == WAIT_FAILED ? QSCTL_REFUSED : QSCTL_OK;
}
