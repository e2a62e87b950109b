// SPDX-License-Identifier: GPL-2.0
/* Keys of calls: installed, parked, activated, taken out. */

#include "call.h"

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/netlink.h>

#include "compat.h"
#include "erase.h"
#include "event.h"
#include "trace.h"

/* Nobody finds @key any more; qsc_bury() wipes it. */
static void to_grave(struct qsc_call *call, struct qsc_key *key, u8 reason)
{
	lockdep_assert_held(&call->net->lock);
	key->reason = reason;
	key->call = call;
	refcount_inc(&call->ref);
	list_add_tail(&key->grave, &call->net->dead_keys);
}

/* Packets find one key or the other, never none. */
static void replace_key(struct qsc_call *call, struct qsc_key __rcu **slot, struct qsc_key *next,
			u8 reason)
{
	struct qsc_key *key = qsc_call_key(call, slot);

	rcu_assign_pointer(*slot, next);
	if (key)
		to_grave(call, key, reason);
}

void qsc_call_take_key(struct qsc_call *call, struct qsc_key __rcu **slot, u8 reason)
{
	replace_key(call, slot, NULL, reason);
}

static void take_parked(struct qsc_call *call, struct qsc_leg *leg, u8 reason)
{
	struct qsc_key *key = leg->parked;

	leg->parked = NULL;
	if (key)
		to_grave(call, key, reason);
}

void qsc_call_take_keys(struct qsc_call *call, u8 reason)
{
	int i;

	WRITE_ONCE(call->state, QSC_CALL_STATE_ERASED);
	call->reason = reason;
	for (i = 0; i < call->nr_legs; i++) {
		qsc_call_take_key(call, &call->legs[i].tx.cur, reason);
		qsc_call_take_key(call, &call->legs[i].rx.cur, reason);
		qsc_call_take_key(call, &call->legs[i].rx.old, reason);
		take_parked(call, &call->legs[i], reason);
	}
	qsc_call_rearm(call);
}

static bool has_keys(const struct qsc_call *call)
{
	int i;

	for (i = 0; i < call->nr_legs; i++)
		if (call->legs[i].suite->key_len && (!rcu_access_pointer(call->legs[i].tx.cur) ||
						     !rcu_access_pointer(call->legs[i].rx.cur)))
			return false;
	return true;
}

/* RFC 3711 section 8.1: during a rekey the MKI tells the generations apart. */
static int check_mki(const struct qsc_call *call, struct qsc_stream *s,
		     const struct qsc_key *parked, const u8 *mki, u8 mki_len,
		     struct netlink_ext_ack *extack)
{
	const struct qsc_key *keys[] = {
		qsc_call_key(call, &s->cur),
		qsc_call_key(call, &s->old),
		parked,
	};
	int i;

	if (s->generations && s->mki_len != mki_len) {
		NL_SET_ERR_MSG(extack,
			       "MKI length differs from that of the direction's earlier keys");
		return -EINVAL;
	}
	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!mki_len || !keys[i] || keys[i]->mki_len != mki_len ||
		    memcmp(keys[i]->mki, mki, mki_len))
			continue;
		NL_SET_ERR_MSG(extack,
			       "this direction has a key with this MKI: choose another MKI");
		return -EEXIST;
	}
	return 0;
}

static struct qsc_leg *find_leg(struct qsc_net *qn, const char *id, u8 index,
				struct netlink_ext_ack *extack)
{
	struct qsc_call *call = qsc_call_find(qn, id);

	if (!call) {
		NL_SET_ERR_MSG(extack, "no call with this id");
		return ERR_PTR(-ENOENT);
	}
	if (index >= call->nr_legs) {
		NL_SET_ERR_MSG(extack, "the call has no such leg");
		return ERR_PTR(-ENOENT);
	}
	return &call->legs[index];
}

/* Does the call take keys? */
static int check_open(const struct qsc_call *call, struct netlink_ext_ack *extack)
{
	if (call->state == QSC_CALL_STATE_ERASED) {
		NL_SET_ERR_MSG(extack, "the call's keys were erased: delete it and add a new call");
		return -EINVAL;
	}
	if (qsc_erase_is_shut()) {
		NL_SET_ERR_MSG(extack, QSC_ERASE_SHUT_TEXT);
		return -EBUSY;
	}
	return 0;
}

static int check_leg(const struct qsc_leg *leg, const struct qsc_suite_desc *suite,
		     struct netlink_ext_ack *extack)
{
	if (!leg->suite->key_len) {
		NL_SET_ERR_MSG(extack, "a plain leg takes no keys");
		return -EINVAL;
	}
	if (leg->suite != suite) {
		NL_SET_ERR_MSG(extack, "the key is for another suite than the leg's");
		return -EINVAL;
	}
	return check_open(leg->call, extack);
}

/* Nobody has sent under @cur, and its own sending key was never used either. */
static bool is_given_up(const struct qsc_key *cur, const struct qsc_key *old)
{
	return old && old->held && !READ_ONCE(cur->rtp_packets) && !READ_ONCE(cur->rtcp_packets);
}

/* @old stays beside its successor for a while, which with @hold has not begun yet. */
static void begin_overlap(struct qsc_key *old, u32 overlap_ms, bool hold)
{
	old->held = hold;
	old->expires = jiffies + msecs_to_jiffies(overlap_ms);
}

static void add_generation(struct qsc_stream *s, struct qsc_key *key)
{
	key->generation = ++s->generations;
	key->installed = jiffies;
	s->mki_len = key->mki_len;
}

/* From here on packets use @key. Old keys go to the graveyard. */
static void publish(struct qsc_call *call, struct qsc_stream *s, struct qsc_key *key)
{
	add_generation(s, key);
	replace_key(call, &s->cur, key, QSC_ERASE_REASON_REKEY);
}

/* The same, but the key that peers send under now goes on being accepted. */
static void publish_beside(struct qsc_call *call, struct qsc_stream *s, struct qsc_key *key,
			   u32 overlap_ms, bool hold)
{
	struct qsc_key *prev = qsc_call_key(call, &s->cur), *old = qsc_call_key(call, &s->old);

	add_generation(s, key);
	if (is_given_up(prev, old)) {
		begin_overlap(old, overlap_ms, hold);
		replace_key(call, &s->cur, key, QSC_ERASE_REASON_REKEY);
		return;
	}
	begin_overlap(prev, overlap_ms, hold);
	/* Before @cur: a reader of the new key must find the old one. */
	replace_key(call, &s->old, prev, QSC_ERASE_REASON_REKEY);
	rcu_assign_pointer(s->cur, key);
}

static void publish_rx(struct qsc_call *call, struct qsc_stream *s, struct qsc_key *key,
		       u32 overlap_ms, bool hold)
{
	if (rcu_access_pointer(s->cur) && key->mki_len && (overlap_ms || hold))
		publish_beside(call, s, key, overlap_ms, hold);
	else
		publish(call, s, key);
}

/* After a key was published: what depends on the call's keys. */
static void rekeyed(struct qsc_call *call, struct qsc_key *key)
{
	call->keyed = jiffies;
	if (has_keys(call))
		WRITE_ONCE(call->state, QSC_CALL_STATE_SECURE);
	qsc_call_rearm(call);
	trace_qsc_keyed(call, key->leg, key->dir, key->generation, 0);
	qsc_event_key(call, key);
}

static int add_rocs(struct qsc_stream *s, const struct qsc_roc *rocs, u32 n,
		    struct netlink_ext_ack *extack)
{
	int err = qsc_stream_add_rocs(s, rocs, n);

	if (err == -EEXIST)
		NL_SET_ERR_MSG(extack, "the ROC of this SSRC is known: it goes on over a rekey");
	else if (err == -ENOSPC)
		NL_SET_ERR_MSG(extack, "no room for these SSRCs: raise module parameter max_ssrcs");
	return err;
}

static struct qsc_key *create(const struct qsc_key_params *p, struct netlink_ext_ack *extack)
{
	struct qsc_key *key = qsc_key_create(p);

	if (IS_ERR(key))
		NL_SET_ERR_MSG(extack, "cannot set the key up in the crypto API");
	return key;
}

static int install(struct qsc_leg *leg, const struct qsc_key_params *p,
		   struct netlink_ext_ack *extack)
{
	struct qsc_stream *s = p->dir == QSC_DIR_TX ? &leg->tx : &leg->rx;
	const struct qsc_key *parked = p->dir == QSC_DIR_TX ? leg->parked : NULL;
	struct qsc_key *key;
	int err;

	err = check_leg(leg, p->suite, extack);
	if (err)
		return err;
	err = check_mki(leg->call, s, parked, p->mki, p->mki_len, extack);
	if (err)
		return err;
	key = create(p, extack);
	if (IS_ERR(key))
		return PTR_ERR(key);
	err = add_rocs(s, p->rocs, p->nr_rocs, extack);
	if (err) {
		qsc_key_destroy(key);
		return err;
	}
	if (p->dir == QSC_DIR_RX)
		publish_rx(leg->call, s, key, p->overlap_ms, false);
	else
		publish(leg->call, s, key);
	rekeyed(leg->call, key);
	return 0;
}

int qsc_call_install(struct qsc_net *qn, const char *id, const struct qsc_key_params *p,
		     struct netlink_ext_ack *extack)
{
	struct qsc_leg *leg;
	int err;

	mutex_lock(&qn->lock);
	leg = find_leg(qn, id, p->leg, extack);
	if (!IS_ERR(leg) && p->call_number && leg->call->number != p->call_number) {
		NL_SET_ERR_MSG(extack, "somebody has put another call in the place of this one");
		leg = ERR_PTR(-ENOENT);
	}
	err = IS_ERR(leg) ? PTR_ERR(leg) : install(leg, p, extack);
	mutex_unlock(&qn->lock);
	if (!err)
		qsc_bury(qn);
	return err;
}

static int check_session(struct qsc_leg *leg, const struct qsc_session_params *p, const u8 *mki,
			 struct netlink_ext_ack *extack)
{
	const struct qsc_context *c = &p->context;
	int err;

	err = check_leg(leg, c->suite, extack);
	if (err)
		return err;
	if (leg->call->role && leg->call->role != c->role) {
		NL_SET_ERR_MSG(extack, "the role is not the one that the call was made with");
		return -EINVAL;
	}
	if (leg->has_epoch && c->epoch <= leg->epoch) {
		NL_SET_ERR_MSG(extack, "this epoch or a later one was installed before");
		return -EEXIST;
	}
	err = check_mki(leg->call, &leg->rx, NULL, mki, QSC_EPOCH_MKI_LEN, extack);
	if (err)
		return err;
	return check_mki(leg->call, &leg->tx, NULL, mki, QSC_EPOCH_MKI_LEN, extack);
}

static struct qsc_key *create_half(const struct qsc_session_params *p, u8 dir, const u8 *master,
				   const u8 *mki, struct netlink_ext_ack *extack)
{
	const struct qsc_suite_desc *suite = p->context.suite;
	const struct qsc_key_params half = {
		.suite = suite,
		.master = master,
		.salt = master + suite->key_len,
		.mki = mki,
		.mki_len = QSC_EPOCH_MKI_LEN,
		.leg = p->leg,
		.dir = dir,
	};

	return create(&half, extack);
}

static int install_session(struct qsc_leg *leg, const struct qsc_session_params *p,
			   const struct qsc_session_keys *keys, struct netlink_ext_ack *extack)
{
	bool caller = p->context.role == QSC_ROLE_CALLER;
	struct qsc_key *rx, *tx;
	u8 mki[QSC_EPOCH_MKI_LEN];
	int err;

	put_unaligned_be32(p->context.epoch, mki);
	err = check_session(leg, p, mki, extack);
	if (err)
		return err;
	rx = create_half(p, QSC_DIR_RX, caller ? keys->back : keys->forth, mki, extack);
	if (IS_ERR(rx))
		return PTR_ERR(rx);
	tx = create_half(p, QSC_DIR_TX, caller ? keys->forth : keys->back, mki, extack);
	if (IS_ERR(tx)) {
		qsc_key_destroy(rx);
		return PTR_ERR(tx);
	}

	leg->has_epoch = true;
	leg->epoch = p->context.epoch;
	take_parked(leg->call, leg, QSC_ERASE_REASON_REKEY);
	/* First, for what we send may be answered at once. */
	publish_rx(leg->call, &leg->rx, rx, p->overlap_ms, p->hold);
	rekeyed(leg->call, rx);
	if (p->hold) {
		leg->parked = tx;
		leg->overlap_ms = p->overlap_ms;
		return 0;
	}
	publish(leg->call, &leg->tx, tx);
	rekeyed(leg->call, tx);
	return 0;
}

int qsc_call_install_session(struct qsc_net *qn, const struct qsc_session_params *p,
			     const struct qsc_session_keys *keys, struct netlink_ext_ack *extack)
{
	struct qsc_leg *leg;
	int err;

	mutex_lock(&qn->lock);
	leg = find_leg(qn, p->context.call_id, p->leg, extack);
	err = IS_ERR(leg) ? PTR_ERR(leg) : install_session(leg, p, keys, extack);
	mutex_unlock(&qn->lock);
	if (!err)
		qsc_bury(qn);
	return err;
}

/* The key that the peer sent under until now may go, after the overlap. */
static void end_hold(struct qsc_leg *leg)
{
	struct qsc_key *old = qsc_call_key(leg->call, &leg->rx.old);

	if (!old || !old->held)
		return;
	begin_overlap(old, leg->overlap_ms, false);
	if (!leg->overlap_ms)
		qsc_call_take_key(leg->call, &leg->rx.old, QSC_ERASE_REASON_REKEY);
}

static int activate(struct qsc_leg *leg, struct netlink_ext_ack *extack)
{
	struct qsc_key *key = leg->parked;
	int err;

	err = check_open(leg->call, extack);
	if (err)
		return err;
	if (!key) {
		NL_SET_ERR_MSG(extack, "no sending key waits: set a session with hold first");
		return -ENOKEY;
	}
	/* Another key may have come since it was parked. */
	err = check_mki(leg->call, &leg->tx, NULL, key->mki, key->mki_len, extack);
	if (err)
		return err;
	leg->parked = NULL;
	publish(leg->call, &leg->tx, key);
	end_hold(leg);
	rekeyed(leg->call, key);
	return 0;
}

int qsc_call_activate(struct qsc_net *qn, const char *id, u8 index, struct netlink_ext_ack *extack)
{
	struct qsc_leg *leg;
	int err;

	mutex_lock(&qn->lock);
	leg = find_leg(qn, id, index, extack);
	err = IS_ERR(leg) ? PTR_ERR(leg) : activate(leg, extack);
	mutex_unlock(&qn->lock);
	if (!err)
		qsc_bury(qn);
	return err;
}
