/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Threads that wait for disks, cards and names so that the event loop does not. */
#ifndef _QSC_THREAD_H
#define _QSC_THREAD_H

#include <sys/queue.h>

#include <event2/event.h>

/* Embedded in what is to be done; @done runs in the event loop and may free it. */
struct job {
	STAILQ_ENTRY(job) link;
	void (*done)(struct job *job);
};

STAILQ_HEAD(job_list, job);

struct thread;

/**
 * thread_start() - start a thread that runs jobs in order
 * @base: the event loop
 * @name: of the thread
 * @batch: how many jobs @run may get at a time
 * @run: in the thread, with the jobs to do; all of them are done when it returns
 * @arg: for @run
 *
 * Return: the thread or NULL
 */
struct thread *thread_start(struct event_base *base, const char *name, unsigned int batch,
			    void (*run)(void *arg, struct job_list *jobs), void *arg);

/* From the event loop only */
void thread_submit(struct thread *thread, struct job *job);

/* Runs the jobs that are left, and their done(), then ends the thread. */
void thread_stop(struct thread *thread);

#endif /* _QSC_THREAD_H */
