// SPDX-License-Identifier: GPL-2.0
/* A thread of the highest priority that sleeps and looks at the clock. */
#include "lateness.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "../lib/ksft.h"

#define SECOND		1000000000LL
#define PERIOD		100000LL	/* ns */

static _Atomic uint64_t worst;

static int64_t nanoseconds(const struct timespec *ts)
{
	return ts->tv_sec * SECOND + ts->tv_nsec;
}

static void *watch(void *arg)
{
	struct timespec wanted, got;
	int64_t late;

	clock_gettime(CLOCK_MONOTONIC, &got);
	for (;;) {
		int64_t next = nanoseconds(&got) + PERIOD;

		wanted.tv_sec = next / SECOND;
		wanted.tv_nsec = next % SECOND;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &wanted, NULL);
		clock_gettime(CLOCK_MONOTONIC, &got);
		late = nanoseconds(&got) - next;
		if (late > (int64_t)worst)
			worst = late;
	}
	return arg;
}

void lateness_watch(void)
{
	const struct sched_param first = { .sched_priority = 99 };
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &first);
	err = pthread_create(&thread, &attr, watch, NULL);
	if (err)
		ksft_exit_fail_msg("no thread that comes first: %s\n", strerror(err));
}

uint64_t lateness_worst(void)
{
	return atomic_exchange(&worst, 0);
}
