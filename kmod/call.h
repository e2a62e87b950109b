/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_CALL_H
#define _QSC_CALL_H

#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/refcount.h>
#include <linux/rhashtable.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/net_namespace.h>

#include "keyring.h"
#include "seal.h"
#include "session.h"
#include "tuple.h"

struct netlink_ext_ack;

#define QSC_HOOKS 4
#define QSC_EARLY_HOOKS 2
#define QSC_CALL_KEYS_MAX (QSC_LEGS_MAX * QSC_LEG_KEYS_MAX)
#define QSC_LEG_KEYS_MAX 4 /* sending and its next, receiving and its last */

/* Bits of struct qsc_call.pending */
#define QSC_PENDING_ERASED 1
#define QSC_PENDING_DELETED 2

/**
 * struct qsc_learn - how a relay leg gets to know its remote
 * @ip: plain legs: packets from this prefix only
 * @window: plain legs: seconds from the call's start in which it may be learnt
 * @prefix: bits of @ip that count
 * @on: it does
 */
struct qsc_learn {
	struct in6_addr ip;
	u32 window;
	u8 prefix;
	bool on;
};

/**
 * struct qsc_leg - one side of a call: an address pair and its keys
 * @call: the call; constant
 * @peer: the other leg of a relay call, NULL for an endpoint; constant
 * @suite: constant
 * @tuples: RTP (or both), then RTCP if it has a port of its own; constant
 * @nr_tuples: 1 or 2; constant
 * @index: place in the call; constant
 * @has_dscp: relay: @dscp is set; constant
 * @dscp: relay: of packets sent, else it goes along from leg to leg; constant
 * @ttl: relay: of packets sent, 0 for one less than they came with; constant
 * @learn: relay: constant
 * @has_epoch: session-set has given it keys; call table's lock
 * @epoch: of the newest of these; call table's lock
 * @parked: next sending key, which no packet can reach; call table's lock
 * @overlap_ms: that begins when @parked is activated; call table's lock
 * @tx: sending direction
 * @rx: receiving direction
 */
struct qsc_leg {
	struct qsc_call *call;
	struct qsc_leg *peer;
	const struct qsc_suite_desc *suite;
	struct qsc_tuple tuples[2];
	u8 nr_tuples;
	u8 index;
	bool has_dscp;
	u8 dscp;
	u8 ttl;
	struct qsc_learn learn;
	bool has_epoch;
	u32 epoch;
	struct qsc_key *parked;
	u32 overlap_ms;
	struct qsc_stream tx;
	struct qsc_stream rx;
};

/**
 * struct qsc_call - a call
 * @net: its namespace's table
 * @node: in the table by @id; call table's lock, RCU for readers
 * @number: in the table by age
 * @bound_node: in the list of calls that die with a socket; call table's lock
 * @grave: on the graveyard; call table's lock
 * @expired: on the list of calls whose timer fired, if @queued is set
 * @queued: bit 0, atomic
 * @timer: next moment to look at deadlines; rearmed under the call table's lock
 * @ref: one for the table, one for each taker-out of a key; who drops the last
 *	one frees after a grace period
 * @rcu: for release
 * @created: jiffies; constant
 * @keyed: jiffies when the last key came; call table's lock
 * @state: QSC_CALL_STATE_*; written under the call table's lock, read without
 * @flags: QSC_CALL_FLAGS_*; constant
 * @role: QSC_ROLE_* or 0; constant
 * @timeout: seconds without a packet until the keys are erased, 0 for never;
 *	call table's lock
 * @lifetime: seconds from @created likewise; call table's lock
 * @window: replay window; constant
 * @owner: netlink port of the maker; constant
 * @reason: why the keys were erased; call table's lock
 * @pending: QSC_PENDING_*, what to tell once its keys are gone; call table's lock
 * @nr_wiped: entries in @wiped; burial lock
 * @wiped: keys that are gone since @pending was set, for the event; burial lock
 * @gone: not in the table any more; call table's lock, read without by who latches
 * @unseen: a grace period has passed since when the last reference is dropped; call
 *	table's lock
 * @nr_legs: constant
 * @id: call-id, NUL-terminated; constant
 * @legs: @nr_legs of them
 *
 * Packets find it through its tuples under RCU and take no reference.
 */
struct qsc_call {
	struct qsc_net *net;
	struct rhash_head node;
	u32 number;
	struct list_head bound_node;
	struct list_head grave;
	struct llist_node expired;
	unsigned long queued;
	struct timer_list timer;
	refcount_t ref;
	struct rcu_head rcu;
	unsigned long created;
	unsigned long keyed;
	u32 state;
	u32 flags;
	u32 role;
	u32 timeout;
	u32 lifetime;
	u32 window;
	u32 owner;
	u8 reason;
	u8 pending;
	u8 nr_wiped;
	struct qsc_key_news wiped[QSC_CALL_KEYS_MAX];
	bool gone;
	bool unseen;
	u8 nr_legs;
	char id[QSC_CALL_ID_MAX + 1];
	struct qsc_leg legs[];
};

/**
 * struct qsc_net - the call table of a network namespace
 * @net: the namespace
 * @lock: "the call table's lock": serialises everything but packets; may sleep
 * @by_id: calls by call-id
 * @by_number: calls in the order of their making, for dumps
 * @tuples: see struct qsc_tuple_table
 * @bound: calls with QSC_CALL_FLAGS_BOUND; @lock
 * @next_number: where the next number is looked for; @lock
 * @count: calls; @lock
 * @generation: changes with the table, tells dumps that they are inconsistent
 * @totals: counters of calls that are gone; @lock
 * @erased: keys that were wiped, by QSC_ERASE_REASON_*
 * @seal: key pairs that clients seal keys to; a lock of their own
 * @hooks: as registered; @lock
 * @early_hooks: those for relay calls; @lock
 * @relays: relay calls; @lock
 * @routed: there was one: its paths may wait for a grace period; @lock
 * @hooked: hooks are registered; @lock
 * @bury_lock: held over a grace period and the wiping after it; taken before @lock
 * @dead_keys: keys taken out of their streams, not yet wiped; @lock
 * @dead_calls: calls with news to tell after that; @lock
 * @expired: calls whose timer fired
 * @reaper: looks at them
 * @closing: the namespace is going: no new calls; @lock
 */
struct qsc_net {
	struct net *net;
	struct mutex lock; /* everything but packets */
	struct rhashtable by_id;
	struct xarray by_number;
	struct qsc_tuple_table tuples;
	struct list_head bound;
	u32 next_number;
	u32 count;
	u32 generation;
	u64 totals[__QSC_A_STATS_MAX];
	atomic64_t erased[__QSC_ERASE_REASON_MAX];
	struct qsc_seal seal;
	struct nf_hook_ops hooks[QSC_HOOKS];
	struct nf_hook_ops early_hooks[QSC_EARLY_HOOKS];
	u32 relays;
	bool routed;
	bool hooked;
	bool closing;
	struct mutex bury_lock; /* one burial at a time */
	struct list_head dead_keys;
	struct list_head dead_calls;
	struct llist_head expired;
	struct work_struct reaper;
};

/**
 * struct qsc_leg_params - a leg to make
 * @suite: QSC_SUITE_*
 * @local: RTP (and RTCP if muxed)
 * @remote: RTP; port 0 if it is to be learnt
 * @local_rtcp: RTCP port in network byte order, 0 for mux
 * @remote_rtcp: likewise; 0 if it is to be learnt
 * @has_dscp: @dscp is set
 * @dscp: 0 to QSC_DSCP_MAX
 * @ttl: 1 to 255, or 0
 * @clock: RTP clock rate of what comes in, 1 to QSC_CLOCK_MAX Hz
 * @learn: see there
 */
struct qsc_leg_params {
	const struct qsc_suite_desc *suite;
	struct qsc_addr local;
	struct qsc_addr remote;
	__be16 local_rtcp;
	__be16 remote_rtcp;
	bool has_dscp;
	u8 dscp;
	u8 ttl;
	u32 clock;
	struct qsc_learn learn;
};

/**
 * struct qsc_call_params - a call to make
 * @id: 1 to QSC_CALL_ID_MAX bytes
 * @flags: QSC_CALL_FLAGS_*
 * @role: QSC_ROLE_* or 0
 * @timeout: seconds or 0
 * @lifetime: seconds or 0
 * @window: packets
 * @owner: netlink port
 * @number: if not NULL, set to the call's number: another call of that name, made
 *	later, has another
 * @legs: @nr_legs of them
 * @nr_legs: 1 for an endpoint, 2 for a relay
 */
struct qsc_call_params {
	const char *id;
	u32 flags;
	u32 role;
	u32 timeout;
	u32 lifetime;
	u32 window;
	u32 owner;
	u32 *number;
	struct qsc_leg_params legs[QSC_LEGS_MAX];
	u8 nr_legs;
};

/**
 * qsc_net_of() - the call table of a namespace
 * @net: namespace
 */
struct qsc_net *qsc_net_of(const struct net *net);

/**
 * qsc_call_new() - make a call; packets of its tuples are blocked until keys come
 * @qn: table
 * @p: call
 * @extack: told what was wrong
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno; on error the table is as it was.
 */
int qsc_call_new(struct qsc_net *qn, const struct qsc_call_params *p,
		 struct netlink_ext_ack *extack);

/**
 * qsc_call_find() - look a call up
 * @qn: table
 * @id: call-id
 *
 * Context: @qn->lock is held.
 * Return: call or NULL.
 */
struct qsc_call *qsc_call_find(struct qsc_net *qn, const char *id);

/**
 * qsc_call_install() - give a leg a new key generation
 * @qn: table
 * @id: call-id
 * @p: master key
 * @extack: told what was wrong
 *
 * The old sending key is gone when this returns, and so is an old receiving
 * key that cannot be told from the new one for want of an MKI.
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno; on error nothing has changed.
 */
int qsc_call_install(struct qsc_net *qn, const char *id, const struct qsc_key_params *p,
		     struct netlink_ext_ack *extack);

/**
 * qsc_call_install_session() - give both directions of a leg the keys of a session
 * @qn: table
 * @p: session
 * @keys: its master keys; the caller wipes them
 * @extack: told what was wrong
 *
 * With @p->hold the sending key is parked: it takes the place of the one in use
 * when qsc_call_activate() says so, and only then the overlap of the old
 * receiving key begins. One that is parked already is erased.
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno; on error nothing has changed.
 */
int qsc_call_install_session(struct qsc_net *qn, const struct qsc_session_params *p,
			     const struct qsc_session_keys *keys, struct netlink_ext_ack *extack);

/**
 * qsc_call_activate() - use the parked sending key of a leg
 * @qn: table
 * @id: call-id
 * @index: of the leg
 * @extack: told what was wrong
 *
 * Context: process, may sleep. The old sending key is gone when this returns.
 * Return: 0, -ENOKEY if there is none, or another errno.
 */
int qsc_call_activate(struct qsc_net *qn, const char *id, u8 index, struct netlink_ext_ack *extack);

/**
 * qsc_call_take_keys() - take every key of a call out, also those parked
 * @call: call
 * @reason: QSC_ERASE_REASON_*
 *
 * Packets are blocked from here on; qsc_bury() then wipes.
 *
 * Context: @call->net->lock is held.
 */
void qsc_call_take_keys(struct qsc_call *call, u8 reason);

/**
 * qsc_call_unhash() - take a call out of the table
 * @call: call without keys
 *
 * Context: @call->net->lock is held. The table's reference goes to the caller.
 */
void qsc_call_unhash(struct qsc_call *call);

/**
 * qsc_call_take_key() - take one key out of its stream
 * @call: its call
 * @slot: where it is
 * @reason: QSC_ERASE_REASON_*
 *
 * Context: @call->net->lock is held.
 */
void qsc_call_take_key(struct qsc_call *call, struct qsc_key __rcu **slot, u8 reason);

/**
 * qsc_call_rearm() - set the timer to the next deadline
 * @call: call in the table
 *
 * Context: @call->net->lock is held.
 */
void qsc_call_rearm(struct qsc_call *call);

/**
 * qsc_call_last_packet() - when the last good packet came or went
 * @call: call
 * @last: set to jiffies
 *
 * Return: whether there was one.
 */
bool qsc_call_last_packet(const struct qsc_call *call, unsigned long *last);

/**
 * qsc_call_put() - drop a reference
 * @call: call
 */
void qsc_call_put(struct qsc_call *call);

/**
 * qsc_leg_add_stats() - add the counters of a leg
 * @leg: leg
 * @sum: by QSC_A_STATS_*
 */
void qsc_leg_add_stats(const struct qsc_leg *leg, u64 *sum);

static inline struct qsc_key *qsc_call_key(const struct qsc_call *call, struct qsc_key __rcu **slot)
{
	return rcu_dereference_protected(*slot, lockdep_is_held(&call->net->lock));
}

/**
 * qsc_call_max() - calls allowed per namespace, from the module parameter
 */
u32 qsc_call_max(void);

int qsc_call_module_init(void);
void qsc_call_module_exit(void);

#endif /* _QSC_CALL_H */
