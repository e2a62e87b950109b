// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A thread, its queue of jobs, and the way back into the event loop. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "log.h"
#include "thread.h"

struct thread {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job_list submitted; /* in this round of the event loop, which has it for itself */
	struct job_list todo; /* @lock, as all below */
	struct job_list finished;
	bool stop;
	bool started;
	unsigned int batch;
	void (*run)(void *arg, struct job_list *jobs);
	void *arg;
	int notify;
	struct event *event;
	struct event *turn; /* when what happens in this round is over */
};

static void next_jobs(struct thread *t, struct job_list *jobs)
{
	struct job *job;

	pthread_mutex_lock(&t->lock);
	while (STAILQ_EMPTY(&t->todo) && !t->stop)
		pthread_cond_wait(&t->wake, &t->lock);
	for (unsigned int i = 0; i < t->batch && (job = STAILQ_FIRST(&t->todo)); i++) {
		STAILQ_REMOVE_HEAD(&t->todo, link);
		STAILQ_INSERT_TAIL(jobs, job, link);
	}
	pthread_mutex_unlock(&t->lock);
}

static void hand_back(struct thread *t, struct job_list *jobs)
{
	uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&t->lock);
	first = STAILQ_EMPTY(&t->finished);
	STAILQ_CONCAT(&t->finished, jobs);
	pthread_mutex_unlock(&t->lock);
	/* A counter: it cannot be full, and one mark is enough for many jobs. */
	if (first && write(t->notify, &one, sizeof(one)) < 0)
		log_error("cannot wake the event loop: %s", strerror(errno));
}

static void *work(void *arg)
{
	struct thread *t = arg;

	for (;;) {
		struct job_list jobs = STAILQ_HEAD_INITIALIZER(jobs);

		next_jobs(t, &jobs);
		if (STAILQ_EMPTY(&jobs))
			return NULL;
		t->run(t->arg, &jobs);
		hand_back(t, &jobs);
	}
}

static void run_done(struct thread *t)
{
	struct job_list ready = STAILQ_HEAD_INITIALIZER(ready);
	struct job *job;

	pthread_mutex_lock(&t->lock);
	STAILQ_CONCAT(&ready, &t->finished);
	pthread_mutex_unlock(&t->lock);
	while ((job = STAILQ_FIRST(&ready))) {
		STAILQ_REMOVE_HEAD(&ready, link);
		job->done(job);
	}
}

static void notified(evutil_socket_t fd, short what, void *arg)
{
	uint64_t count;

	(void)what;
	if (read((int)fd, &count, sizeof(count)) == sizeof(count))
		run_done(arg);
}

/* Signals are for the event loop. */
static bool start(struct thread *t, const char *name)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&t->thread, NULL, work, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return false;
	t->started = true;
	pthread_setname_np(t->thread, name);
	return true;
}

/* The thread is woken once for all jobs of a round, and has them together. */
static void hand_over(struct thread *t, bool stop)
{
	pthread_mutex_lock(&t->lock);
	STAILQ_CONCAT(&t->todo, &t->submitted);
	t->stop = stop;
	pthread_mutex_unlock(&t->lock);
	pthread_cond_signal(&t->wake);
}

static void turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	hand_over(arg, false);
}

struct thread *thread_start(struct event_base *base, const char *name, unsigned int batch,
			    void (*run)(void *arg, struct job_list *jobs), void *arg)
{
	struct thread *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	STAILQ_INIT(&t->submitted);
	STAILQ_INIT(&t->todo);
	STAILQ_INIT(&t->finished);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->wake, NULL);
	t->batch = batch;
	t->run = run;
	t->arg = arg;
	t->notify = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->notify >= 0)
		t->event = event_new(base, t->notify, EV_READ | EV_PERSIST, notified, t);
	t->turn = evtimer_new(base, turn, t);
	if (t->event && t->turn && !event_add(t->event, NULL) && start(t, name))
		return t;
	thread_stop(t);
	return NULL;
}

void thread_submit(struct thread *t, struct job *job)
{
	STAILQ_INSERT_TAIL(&t->submitted, job, link);
	event_active(t->turn, EV_TIMEOUT, 0);
}

void thread_stop(struct thread *t)
{
	if (!t)
		return;
	hand_over(t, true);
	if (t->started)
		pthread_join(t->thread, NULL);
	run_done(t);
	if (t->turn)
		event_free(t->turn);
	if (t->event)
		event_free(t->event);
	if (t->notify >= 0)
		close(t->notify);
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}
