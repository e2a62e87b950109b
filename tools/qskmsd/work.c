// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A thread, its queue of jobs, and the way back into the event loop. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/eventfd.h>

#include "log.h"
#include "work.h"

STAILQ_HEAD(jobs, job);

struct worker {
	struct store store;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct jobs todo;
	struct jobs finished;
	bool stop;
	bool started;
	int notify;
	struct event *event;
};

static struct job *next_job(struct worker *w)
{
	struct job *job;

	pthread_mutex_lock(&w->lock);
	while (STAILQ_EMPTY(&w->todo) && !w->stop)
		pthread_cond_wait(&w->wake, &w->lock);
	job = STAILQ_FIRST(&w->todo);
	if (job)
		STAILQ_REMOVE_HEAD(&w->todo, link);
	pthread_mutex_unlock(&w->lock);
	return job;
}

static void hand_back(struct worker *w, struct job *job)
{
	uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&w->lock);
	first = STAILQ_EMPTY(&w->finished);
	STAILQ_INSERT_TAIL(&w->finished, job, link);
	pthread_mutex_unlock(&w->lock);
	/* A counter: it cannot be full, and one mark is enough for many jobs. */
	if (first && write(w->notify, &one, sizeof(one)) < 0)
		log_error("cannot wake the event loop: %s", strerror(errno));
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct job *job;

	while ((job = next_job(w))) {
		job->run(job, &w->store);
		hand_back(w, job);
	}
	return NULL;
}

static void run_done(struct worker *w)
{
	struct jobs ready = STAILQ_HEAD_INITIALIZER(ready);
	struct job *job;

	pthread_mutex_lock(&w->lock);
	STAILQ_CONCAT(&ready, &w->finished);
	pthread_mutex_unlock(&w->lock);
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
static int start_thread(struct worker *w, const char *name)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		return -err;
	w->started = true;
	pthread_setname_np(w->thread, name);
	return 0;
}

int worker_start(struct worker **worker, struct event_base *base, const char *spec,
		 const char *name)
{
	struct worker *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	STAILQ_INIT(&w->todo);
	STAILQ_INIT(&w->finished);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->notify = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*worker = w;
	err = store_open(&w->store, spec, false);
	if (err) {
		log_error("%s", w->store.error);
		return err;
	}
	w->event = event_new(base, w->notify, EV_READ | EV_PERSIST, notified, w);
	if (!w->event || event_add(w->event, NULL))
		return -ENOMEM;
	return start_thread(w, name);
}

void worker_submit(struct worker *w, struct job *job)
{
	pthread_mutex_lock(&w->lock);
	STAILQ_INSERT_TAIL(&w->todo, job, link);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

void worker_stop(struct worker *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	if (w->started)
		pthread_join(w->thread, NULL);
	run_done(w);
	if (w->event)
		event_free(w->event);
	close(w->notify);
	store_close(&w->store);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}
