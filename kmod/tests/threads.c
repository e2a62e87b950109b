// SPDX-License-Identifier: GPL-2.0
/* Things that happen at the same time. */

#include "threads.h"

#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched.h>

struct crew;

struct member {
	struct crew *crew;
	struct task_struct *task;
	struct completion done;
	int number;
};

struct crew {
	void (*work)(void *shared, int number);
	void *shared;
	atomic_t missing; /* members that are not ready */
	struct member members[QSC_TEST_THREADS_MAX];
};

static int run(void *data)
{
	struct member *m = data;
	struct crew *c = m->crew;

	atomic_dec(&c->missing);
	while (atomic_read(&c->missing))
		cond_resched();
	c->work(c->shared, m->number);
	/* The crew may be gone, and this module too, before the thread is. */
	kthread_complete_and_exit(&m->done, 0);
}

static int make(struct member *m, struct crew *c, int number, unsigned int cpu)
{
	m->crew = c;
	m->number = number;
	init_completion(&m->done);
	m->task = kthread_create(run, m, "qsc_test/%d", number);
	if (IS_ERR(m->task))
		return PTR_ERR(m->task);
	kthread_bind(m->task, cpu);
	return 0;
}

void qsc_test_together(struct kunit *test, void (*work)(void *shared, int number), void *shared,
		       int n)
{
	struct crew *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	unsigned int cpus[2];
	int i, made;

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_LE(test, n, QSC_TEST_THREADS_MAX);
	cpus[0] = cpumask_first(cpu_online_mask);
	cpus[1] = cpumask_next(cpus[0], cpu_online_mask);
	if (cpus[1] >= nr_cpu_ids)
		kunit_skip(test, "there is only one CPU");

	c->work = work;
	c->shared = shared;
	atomic_set(&c->missing, n);
	for (made = 0; made < n; made++)
		if (make(&c->members[made], c, made, cpus[made % 2]))
			break;
	for (i = 0; i < made; i++) {
		/* A thread that never ran ends without its function. */
		if (made < n)
			kthread_stop(c->members[i].task);
		else
			wake_up_process(c->members[i].task);
	}
	KUNIT_ASSERT_EQ(test, made, n);
	for (i = 0; i < n; i++)
		wait_for_completion(&c->members[i].done);
}
