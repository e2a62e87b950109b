// SPDX-License-Identifier: GPL-2.0
/* Calls: the table, and its deadlines. */

#include "call.h"

#include <linux/jhash.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <net/netns/generic.h>

#include "callmem.h"
#include "event.h"
#include "erase.h"
#include "hooks.h"
#include "path.h"

#define MAX_CALLS_LIMIT 1048576

static unsigned int max_calls = 65536;
module_param(max_calls, uint, 0644);
MODULE_PARM_DESC(max_calls, "Calls per network namespace (default 65536, 1 to 1048576)");

u32 qsc_call_max(void)
{
	return clamp_t(u32, READ_ONCE(max_calls), 1, MAX_CALLS_LIMIT);
}

static u32 hash_id(const void *data, u32 len, u32 seed)
{
	return jhash(data, strlen(data), seed);
}

static u32 hash_call(const void *data, u32 len, u32 seed)
{
	const struct qsc_call *call = data;

	return hash_id(call->id, 0, seed);
}

static int compare_id(struct rhashtable_compare_arg *arg, const void *obj)
{
	const struct qsc_call *call = obj;

	return strcmp(arg->key, call->id);
}

static const struct rhashtable_params by_id_params = {
	.head_offset = offsetof(struct qsc_call, node),
	.key_offset = offsetof(struct qsc_call, id),
	.key_len = QSC_CALL_ID_MAX + 1,
	.hashfn = hash_id,
	.obj_hashfn = hash_call,
	.obj_cmpfn = compare_id,
	.automatic_shrinking = true,
};

struct qsc_call *qsc_call_find(struct qsc_net *qn, const char *id)
{
	lockdep_assert_held(&qn->lock);
	return rhashtable_lookup_fast(&qn->by_id, id, by_id_params);
}

/* Calls that nobody sees any more. Thousands at a time are not for a softirq to free. */
static LLIST_HEAD(unseen);

static void free_call(struct qsc_call *call)
{
	int i;

	for (i = 0; i < call->nr_legs; i++) {
		qsc_ssrc_free_all(&call->legs[i].tx.ssrcs);
		qsc_ssrc_free_all(&call->legs[i].rx.ssrcs);
	}
	qsc_callmem_put(call);
}

static void free_unseen(struct work_struct *work)
{
	struct qsc_call *call, *next;

	llist_for_each_entry_safe(call, next, llist_del_all(&unseen), expired) {
		free_call(call);
		cond_resched();
	}
}

static DECLARE_WORK(free_work, free_unseen);

/* It has no deadline any more that could be on a list. */
static void unseen_rcu_cb(struct rcu_head *rcu)
{
	struct qsc_call *call = container_of(rcu, struct qsc_call, rcu);

	if (llist_add(&call->expired, &unseen))
		schedule_work(&free_work);
}

void qsc_call_put(struct qsc_call *call)
{
	if (!refcount_dec_and_test(&call->ref))
		return;
	if (call->unseen)
		free_call(call);
	else
		call_rcu(&call->rcu, unseen_rcu_cb);
}

/* The call table's reaper does the work; a timer may not sleep. */
static void deadline(struct timer_list *t)
{
	struct qsc_call *call = container_of(t, struct qsc_call, timer);

	if (test_and_set_bit(0, &call->queued))
		return;
	refcount_inc(&call->ref);
	llist_add(&call->expired, &call->net->expired);
	schedule_work(&call->net->reaper);
}

static void init_leg(struct qsc_call *call, u8 index, const struct qsc_leg_params *p)
{
	struct qsc_leg *leg = &call->legs[index];
	struct qsc_tuple *rtp = &leg->tuples[0], *rtcp = &leg->tuples[1];

	leg->call = call;
	leg->index = index;
	leg->peer = call->nr_legs > 1 ? &call->legs[!index] : NULL;
	leg->suite = p->suite;
	leg->has_dscp = p->has_dscp;
	leg->dscp = p->dscp;
	leg->ttl = p->ttl;
	leg->learn = p->learn;
	qsc_stream_init(&leg->tx, QSC_DIR_TX, call->window);
	qsc_stream_init(&leg->rx, QSC_DIR_RX, call->window);
	if (leg->peer) {
		leg->rx.clock = p->clock;
		leg->rx.scale = qsc_quality_scale(p->clock);
	}

	rtp->local = p->local;
	rtp->remote = p->remote;
	rtp->leg = leg;
	rtp->use = QSC_PORT_MUX;
	leg->nr_tuples = 1;
	if (!p->local_rtcp)
		return;
	*rtcp = *rtp;
	rtcp->local.port = p->local_rtcp;
	rtcp->remote.port = p->remote_rtcp;
	rtcp->use = QSC_PORT_RTCP;
	rtp->use = QSC_PORT_RTP;
	leg->nr_tuples = 2;
}

static u32 first_state(const struct qsc_call_params *p)
{
	int i;

	for (i = 0; i < p->nr_legs; i++)
		if (p->legs[i].suite->key_len)
			return QSC_CALL_STATE_NEW;
	return QSC_CALL_STATE_PLAIN;
}

static struct qsc_call *create(struct qsc_net *qn, const struct qsc_call_params *p)
{
	struct qsc_call *call;
	u8 i;

	call = qsc_callmem_get(p->nr_legs);
	if (!call)
		return NULL;
	call->net = qn;
	call->created = jiffies;
	call->state = first_state(p);
	if (call->state == QSC_CALL_STATE_PLAIN)
		call->keyed = call->created;
	call->flags = p->flags;
	call->role = p->role;
	call->timeout = p->timeout;
	call->lifetime = p->lifetime;
	call->window = p->window;
	call->owner = p->owner;
	call->nr_legs = p->nr_legs;
	strscpy(call->id, p->id, sizeof(call->id));
	refcount_set(&call->ref, 1);
	INIT_LIST_HEAD(&call->bound_node);
	INIT_LIST_HEAD(&call->grave);
	timer_setup(&call->timer, deadline, 0);
	for (i = 0; i < call->nr_legs; i++)
		init_leg(call, i, &p->legs[i]);
	return call;
}

/* @call->gone is set: nobody latches after this. */
static void del_tuple(struct qsc_tuple *tuple)
{
	struct qsc_stream *s = &tuple->leg->rx;
	struct qsc_path *path;

	if (!hlist_unhashed(&tuple->node))
		qsc_tuple_del(tuple);
	spin_lock_bh(&s->lock);
	path = unrcu_pointer(xchg(&tuple->path, NULL));
	spin_unlock_bh(&s->lock);
	qsc_path_drop(path);
}

static void del_tuples(struct qsc_call *call)
{
	struct qsc_leg *leg;
	int i, n;

	WRITE_ONCE(call->gone, true);
	for (i = 0; i < call->nr_legs; i++) {
		leg = &call->legs[i];
		for (n = 0; n < leg->nr_tuples; n++)
			del_tuple(&leg->tuples[n]);
	}
}

/* Where an endpoint's packets go is its application's business. */
static int make_path(struct qsc_tuple *tuple)
{
	struct qsc_path *path;

	if (!tuple->leg->peer || !tuple->remote.port)
		return 0;
	path = qsc_path_create(&tuple->local, &tuple->remote, GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	rcu_assign_pointer(tuple->path, path);
	return 0;
}

static int add_tuple(struct qsc_tuple *tuple, bool rtcp, struct netlink_ext_ack *extack)
{
	int err;

	err = make_path(tuple);
	if (err)
		return err;
	err = qsc_tuple_add(&tuple->leg->call->net->tuples, tuple);
	if (err == -EADDRINUSE && rtcp)
		NL_SET_ERR_MSG(extack, "the RTCP addresses are in use by another call or leg");
	else if (err == -EADDRINUSE)
		NL_SET_ERR_MSG(extack,
			       "local and remote address are in use by another call or leg");
	else if (err == -ENOSPC)
		NL_SET_ERR_MSG(extack, "too many calls share this local port");
	return err;
}

static int add_tuples(struct qsc_call *call, struct netlink_ext_ack *extack)
{
	struct qsc_leg *leg;
	int i, n, err;

	for (i = 0; i < call->nr_legs; i++) {
		leg = &call->legs[i];
		for (n = 0; n < leg->nr_tuples; n++) {
			err = add_tuple(&leg->tuples[n], n > 0, extack);
			if (err)
				return err;
		}
	}
	return 0;
}

static int add_hooks(struct qsc_net *qn, const struct qsc_call *call)
{
	int err = 0;

	if (!qn->hooked)
		err = qsc_hooks_register(qn);
	if (!err && call->nr_legs > 1 && !qn->relays)
		err = qsc_hooks_register_early(qn);
	if (err && !qn->count && qn->hooked)
		qsc_hooks_unregister(qn);
	return err;
}

/* @call is not counted any more. */
static void del_hooks(struct qsc_net *qn, const struct qsc_call *call)
{
	if (call->nr_legs > 1 && !qn->relays)
		qsc_hooks_unregister_early(qn);
	if (!qn->count)
		qsc_hooks_unregister(qn);
}

static int hash_call_in(struct qsc_net *qn, struct qsc_call *call, struct netlink_ext_ack *extack)
{
	int err;

	err = xa_alloc_cyclic(&qn->by_number, &call->number, call, xa_limit_31b, &qn->next_number,
			      GFP_KERNEL);
	if (err < 0)
		return err;
	err = rhashtable_insert_fast(&qn->by_id, &call->node, by_id_params);
	if (err)
		goto err_number;
	err = add_tuples(call, extack);
	if (!err)
		err = add_hooks(qn, call);
	if (err)
		goto err_tuples;
	return 0;

err_tuples:
	del_tuples(call);
	rhashtable_remove_fast(&qn->by_id, &call->node, by_id_params);
err_number:
	xa_erase(&qn->by_number, call->number);
	return err;
}

static int check_room(struct qsc_net *qn, const char *id, struct netlink_ext_ack *extack)
{
	if (qn->closing) {
		NL_SET_ERR_MSG(extack, "the network namespace is being removed");
		return -ENODEV;
	}
	if (qsc_call_find(qn, id)) {
		NL_SET_ERR_MSG(extack,
			       "a call with this id exists: delete it first, or choose another id");
		return -EEXIST;
	}
	if (qn->count >= qsc_call_max()) {
		NL_SET_ERR_MSG(extack, "the call table is full: delete calls or raise max_calls");
		return -ENOSPC;
	}
	return 0;
}

int qsc_call_new(struct qsc_net *qn, const struct qsc_call_params *p,
		 struct netlink_ext_ack *extack)
{
	struct qsc_call *call;
	int err;

	mutex_lock(&qn->lock);
	err = check_room(qn, p->id, extack);
	if (err)
		goto out;
	err = -ENODEV;
	if (!try_module_get(THIS_MODULE))
		goto out;
	err = -ENOMEM;
	call = create(qn, p);
	if (!call)
		goto err_module;
	err = hash_call_in(qn, call, extack);
	if (err)
		goto err_call;

	if (call->flags & QSC_CALL_FLAGS_BOUND)
		list_add_tail(&call->bound_node, &qn->bound);
	qn->count++;
	if (call->nr_legs > 1) {
		qn->relays++;
		qn->routed = true;
	}
	qn->generation++;
	if (p->number)
		*p->number = call->number;
	qsc_call_rearm(call);
	qsc_event_call_added(call);
	mutex_unlock(&qn->lock);
	return 0;

err_call:
	/* Packets may have seen its tuples for a moment. */
	qsc_call_put(call);
err_module:
	module_put(THIS_MODULE);
out:
	mutex_unlock(&qn->lock);
	return err;
}

static void fold_stats(struct qsc_call *call)
{
	int i;

	for (i = 0; i < call->nr_legs; i++)
		qsc_leg_add_stats(&call->legs[i], call->net->totals);
}

void qsc_call_unhash(struct qsc_call *call)
{
	struct qsc_net *qn = call->net;

	lockdep_assert_held(&qn->lock);
	del_tuples(call);
	timer_delete_sync(&call->timer);
	list_del_init(&call->bound_node);
	rhashtable_remove_fast(&qn->by_id, &call->node, by_id_params);
	xa_erase(&qn->by_number, call->number);
	fold_stats(call);
	qn->generation++;
	qn->count--;
	if (call->nr_legs > 1)
		qn->relays--;
	del_hooks(qn, call);
	module_put(THIS_MODULE);
}

bool qsc_call_last_packet(const struct qsc_call *call, unsigned long *last)
{
	bool any = false;
	int i, dir;

	for (i = 0; i < call->nr_legs; i++) {
		for (dir = 0; dir < 2; dir++) {
			const struct qsc_stream *s = dir ? &call->legs[i].rx : &call->legs[i].tx;
			unsigned long t = READ_ONCE(s->last);

			if (!READ_ONCE(s->active) || (any && time_before(t, *last)))
				continue;
			*last = t;
			any = true;
		}
	}
	return any;
}

static void sooner(unsigned long *next, bool *armed, unsigned long t)
{
	if (*armed && time_after_eq(t, *next))
		return;
	*next = t;
	*armed = true;
}

void qsc_call_rearm(struct qsc_call *call)
{
	unsigned long next = 0, last;
	struct qsc_key *old;
	bool armed = false;
	int i;

	lockdep_assert_held(&call->net->lock);
	if (call->gone)
		return;
	for (i = 0; i < call->nr_legs; i++) {
		old = qsc_call_key(call, &call->legs[i].rx.old);
		if (old && !old->held)
			sooner(&next, &armed, old->expires);
	}
	if (call->state != QSC_CALL_STATE_ERASED) {
		if (call->lifetime)
			sooner(&next, &armed, call->created + (unsigned long)call->lifetime * HZ);
		if (call->timeout && call->keyed) {
			last = call->keyed;
			qsc_call_last_packet(call, &last);
			if (time_before(last, call->keyed))
				last = call->keyed;
			sooner(&next, &armed, last + (unsigned long)call->timeout * HZ);
		}
	}
	if (armed)
		mod_timer(&call->timer, next);
	else
		timer_delete(&call->timer);
}

void qsc_leg_add_stats(const struct qsc_leg *leg, u64 *sum)
{
	int i;

	for (i = 0; i < QSC_TX_STATS; i++)
		sum[QSC_A_STATS_TX_RTP + i] += atomic64_read(&leg->tx.stats.n[i]);
	for (i = 0; i < QSC_RX_STATS; i++)
		sum[QSC_A_STATS_RX_RTP + i] += atomic64_read(&leg->rx.stats.n[i]);
}

static unsigned int net_id;

struct qsc_net *qsc_net_of(const struct net *net)
{
	return net_generic(net, net_id);
}

static int __net_init init_net_calls(struct net *net)
{
	struct qsc_net *qn = qsc_net_of(net);

	qn->net = net;
	qsc_seal_init(&qn->seal);
	mutex_init(&qn->lock);
	mutex_init(&qn->bury_lock);
	INIT_LIST_HEAD(&qn->bound);
	INIT_LIST_HEAD(&qn->dead_keys);
	INIT_LIST_HEAD(&qn->dead_calls);
	init_llist_head(&qn->expired);
	INIT_WORK(&qn->reaper, qsc_reap);
	xa_init_flags(&qn->by_number, XA_FLAGS_ALLOC1);
	return rhashtable_init(&qn->by_id, &by_id_params);
}

/* Before the namespace's devices go; a grace period follows before exit. */
static void __net_exit pre_exit_net_calls(struct net *net)
{
	struct qsc_net *qn = qsc_net_of(net);

	mutex_lock(&qn->lock);
	qn->closing = true;
	mutex_unlock(&qn->lock);
	qsc_flush_calls(qn, QSC_ERASE_REASON_NETNS);
}

static void __net_exit exit_net_calls(struct net *net)
{
	struct qsc_net *qn = qsc_net_of(net);

	/* No timer is left to queue it again; it drops the last references. */
	flush_work(&qn->reaper);
	qsc_seal_destroy(&qn->seal);
	/* Routes that paths held are to be gone before what they belong to. */
	if (qn->routed)
		rcu_barrier();
	qsc_tuple_table_destroy(&qn->tuples);
	rhashtable_destroy(&qn->by_id);
	xa_destroy(&qn->by_number);
}

static struct pernet_operations net_ops = {
	.init = init_net_calls,
	.pre_exit = pre_exit_net_calls,
	.exit = exit_net_calls,
	.id = &net_id,
	.size = sizeof(struct qsc_net),
};

int qsc_call_module_init(void)
{
	return register_pernet_subsys(&net_ops);
}

void qsc_call_module_exit(void)
{
	unregister_pernet_subsys(&net_ops);
	rcu_barrier();
	flush_work(&free_work);
}
