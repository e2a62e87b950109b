// SPDX-License-Identifier: GPL-2.0
/* The events that end keys. */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "erase.h"

#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "event.h"
#include "keymem.h"
#include "trace.h"

static bool suspend_erase = true;
module_param(suspend_erase, bool, 0644);
MODULE_PARM_DESC(suspend_erase,
		 "Erase the keys of all calls when the machine suspends (default Y)");

/* Why no key may come: bits of @shut. */
enum {
	SHUT_SLEEP,
	SHUT_DOWN,
};

static unsigned long shut;

bool qsc_erase_is_shut(void)
{
	return READ_ONCE(shut);
}

/* A key that was replaced is news by itself; the others are told with their call. */
static void note_wiped(struct qsc_call *call, u8 reason, const struct qsc_key_news *news)
{
	atomic64_inc(&call->net->erased[reason]);
	trace_qsc_erased(call, news->leg, news->dir, news->generation, reason);
	if (reason != QSC_ERASE_REASON_REKEY) {
		if (!WARN_ON_ONCE(call->nr_wiped == QSC_CALL_KEYS_MAX))
			call->wiped[call->nr_wiped++] = *news;
	} else if (news->generation) {
		/* Nobody was told of one that was parked: it has no generation. */
		qsc_event_erased(call, reason, news, 1);
	}
}

static void bury_keys(struct list_head *keys)
{
	struct qsc_key *key, *next;

	list_for_each_entry_safe(key, next, keys, grave) {
		struct qsc_key_news news = qsc_event_news(key);
		struct qsc_call *call = key->call;
		u8 reason = key->reason;

		qsc_key_destroy(key);
		note_wiped(call, reason, &news);
		qsc_call_put(call);
		cond_resched();
	}
}

static void tell(struct qsc_call *call, u8 pending)
{
	if (pending & QSC_PENDING_ERASED) {
		qsc_event_erased(call, call->reason, call->wiped, call->nr_wiped);
		call->nr_wiped = 0;
	}
	if (pending & QSC_PENDING_DELETED) {
		qsc_event_call_deleted(call);
		qsc_call_put(call);
	}
}

/* Another thread may put a call back on the graveyard as soon as it is off. */
static void bury_calls(struct qsc_net *qn, struct list_head *calls)
{
	struct qsc_call *call;
	u8 pending;

	mutex_lock(&qn->lock);
	while (!list_empty(calls)) {
		call = list_first_entry(calls, struct qsc_call, grave);
		list_del_init(&call->grave);
		pending = call->pending;
		call->pending = 0;
		mutex_unlock(&qn->lock);
		tell(call, pending);
		cond_resched();
		mutex_lock(&qn->lock);
	}
	mutex_unlock(&qn->lock);
}

/*
 * After the grace period that keys wait for, calls that are deleted now need none of
 * their own each: thousands of those would keep a softirq busy. Until then the table's
 * reference, which bury_calls() drops, keeps them.
 */
static void note_unseen(const struct list_head *calls)
{
	struct qsc_call *call;

	list_for_each_entry(call, calls, grave)
		call->unseen = call->gone;
}

void qsc_bury(struct qsc_net *qn)
{
	LIST_HEAD(calls);
	LIST_HEAD(keys);

	mutex_lock(&qn->bury_lock);
	mutex_lock(&qn->lock);
	list_splice_init(&qn->dead_keys, &keys);
	list_splice_init(&qn->dead_calls, &calls);
	if (!list_empty(&keys))
		note_unseen(&calls);
	mutex_unlock(&qn->lock);

	/* Somebody waits for it; who cannot bear the interrupts sets rcu_normal. */
	if (!list_empty(&keys))
		synchronize_rcu_expedited();
	bury_keys(&keys);
	bury_calls(qn, &calls);
	mutex_unlock(&qn->bury_lock);
}

static void mark(struct qsc_call *call, u8 pending)
{
	call->pending |= pending;
	if (list_empty(&call->grave))
		list_add_tail(&call->grave, &call->net->dead_calls);
}

static void erase(struct qsc_call *call, u8 reason)
{
	lockdep_assert_held(&call->net->lock);
	if (call->state == QSC_CALL_STATE_ERASED)
		return;
	qsc_call_take_keys(call, reason);
	mark(call, QSC_PENDING_ERASED);
}

void qsc_forget_call(struct qsc_call *call, u8 reason)
{
	erase(call, reason);
	qsc_call_unhash(call);
	mark(call, QSC_PENDING_DELETED);
}

void qsc_forget_numbered(struct qsc_net *qn, u32 number)
{
	struct qsc_call *call;

	mutex_lock(&qn->lock);
	call = xa_load(&qn->by_number, number);
	if (call)
		qsc_forget_call(call, QSC_ERASE_REASON_DEL);
	mutex_unlock(&qn->lock);
}

int qsc_erase_call(struct qsc_net *qn, const char *id, u8 reason)
{
	struct qsc_call *call;

	mutex_lock(&qn->lock);
	call = qsc_call_find(qn, id);
	if (call)
		erase(call, reason);
	mutex_unlock(&qn->lock);
	if (!call)
		return -ENOENT;
	qsc_bury(qn);
	return 0;
}

u32 qsc_flush_calls(struct qsc_net *qn, u8 reason)
{
	struct qsc_call *call;
	unsigned long number;
	u32 n = 0;

	mutex_lock(&qn->lock);
	xa_for_each(&qn->by_number, number, call) {
		qsc_forget_call(call, reason);
		n++;
		cond_resched();
	}
	mutex_unlock(&qn->lock);
	qsc_seal_wipe(&qn->seal);
	qsc_bury(qn);
	return n;
}

static bool lifetime_over(const struct qsc_call *call)
{
	return call->lifetime &&
	       time_after_eq(jiffies, call->created + (unsigned long)call->lifetime * HZ);
}

static bool timed_out(const struct qsc_call *call)
{
	unsigned long last = call->keyed;

	if (!call->timeout || !call->keyed)
		return false;
	if (qsc_call_last_packet(call, &last) && time_before(last, call->keyed))
		last = call->keyed;
	return time_after_eq(jiffies, last + (unsigned long)call->timeout * HZ);
}

static void end_overlaps(struct qsc_call *call)
{
	struct qsc_key *old;
	int i;

	for (i = 0; i < call->nr_legs; i++) {
		old = qsc_call_key(call, &call->legs[i].rx.old);
		if (old && !old->held && time_after_eq(jiffies, old->expires))
			qsc_call_take_key(call, &call->legs[i].rx.old, QSC_ERASE_REASON_REKEY);
	}
}

static void check_deadlines(struct qsc_call *call)
{
	if (call->gone)
		return;
	if (lifetime_over(call))
		erase(call, QSC_ERASE_REASON_LIFETIME);
	else if (timed_out(call))
		erase(call, QSC_ERASE_REASON_TIMEOUT);
	else
		end_overlaps(call);
	qsc_call_rearm(call);
}

void qsc_reap(struct work_struct *work)
{
	struct qsc_net *qn = container_of(work, struct qsc_net, reaper);
	struct llist_node *expired = llist_del_all(&qn->expired);
	struct qsc_call *call, *next;

	llist_for_each_entry_safe(call, next, expired, expired) {
		mutex_lock(&qn->lock);
		clear_bit(0, &call->queued);
		check_deadlines(call);
		mutex_unlock(&qn->lock);
		qsc_call_put(call);
	}
	qsc_bury(qn);
}

/* Runs before close() of the socket returns. */
static int owner_gone(struct notifier_block *nb, unsigned long event, void *data)
{
	struct netlink_notify *n = data;
	struct qsc_call *call, *next;
	struct qsc_net *qn;
	bool any = false;

	if (event != NETLINK_URELEASE || n->protocol != NETLINK_GENERIC || !n->portid)
		return NOTIFY_DONE;
	qn = qsc_net_of(n->net);
	mutex_lock(&qn->lock);
	list_for_each_entry_safe(call, next, &qn->bound, bound_node) {
		if (call->owner != n->portid)
			continue;
		/* The port number may soon be another process's. */
		list_del_init(&call->bound_node);
		erase(call, QSC_ERASE_REASON_OWNER);
		any = true;
	}
	mutex_unlock(&qn->lock);
	if (any)
		qsc_bury(qn);
	return NOTIFY_DONE;
}

static struct notifier_block netlink_notifier = {
	.notifier_call = owner_gone,
};

/* Nothing comes any more when it returns, and nothing is left. */
static void erase_everywhere(u8 reason, int why)
{
	struct qsc_call *call;
	unsigned long number;
	struct qsc_net *qn;
	struct net *net;

	set_bit(why, &shut);
	down_read(&net_rwsem);
	for_each_net(net) {
		qn = qsc_net_of(net);
		mutex_lock(&qn->lock);
		xa_for_each(&qn->by_number, number, call) {
			erase(call, reason);
			cond_resched();
		}
		mutex_unlock(&qn->lock);
		qsc_seal_wipe(&qn->seal);
		qsc_bury(qn);
	}
	up_read(&net_rwsem);
	if (!qsc_keymem_wait_gone())
		pr_err("a network namespace that is being removed still has keys\n");
}

/* Halt, power off, restart and kexec. */
static int rebooting(struct notifier_block *nb, unsigned long event, void *data)
{
	erase_everywhere(QSC_ERASE_REASON_REBOOT, SHUT_DOWN);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = rebooting,
	.priority = INT_MAX,
};

static int sleeping(struct notifier_block *nb, unsigned long event, void *data)
{
	switch (event) {
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE: /* the image takes this kernel's place */
		erase_everywhere(QSC_ERASE_REASON_HIBERNATE, SHUT_SLEEP);
		break;
	case PM_SUSPEND_PREPARE:
		if (READ_ONCE(suspend_erase))
			erase_everywhere(QSC_ERASE_REASON_SUSPEND, SHUT_SLEEP);
		break;
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
	case PM_POST_SUSPEND:
		clear_bit(SHUT_SLEEP, &shut);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block pm_notifier = {
	.notifier_call = sleeping,
};

int qsc_erase_module_init(void)
{
	int err;

	err = netlink_register_notifier(&netlink_notifier);
	if (err)
		return err;
	err = register_reboot_notifier(&reboot_notifier);
	if (err)
		goto err_netlink;
	err = register_pm_notifier(&pm_notifier);
	if (err)
		goto err_reboot;
	return 0;

err_reboot:
	unregister_reboot_notifier(&reboot_notifier);
err_netlink:
	netlink_unregister_notifier(&netlink_notifier);
	return err;
}

void qsc_erase_module_exit(void)
{
	unregister_pm_notifier(&pm_notifier);
	unregister_reboot_notifier(&reboot_notifier);
	netlink_unregister_notifier(&netlink_notifier);
}
