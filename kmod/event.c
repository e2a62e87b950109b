// SPDX-License-Identifier: GPL-2.0
/* Events: what listeners are told. */

#include "event.h"

#include <linux/moduleparam.h>
#include <net/genetlink.h>

#include "netlink.h"
#include "nlattr.h"

static unsigned int auth_fail_event = 100;
module_param(auth_fail_event, uint, 0644);
MODULE_PARM_DESC(auth_fail_event,
		 "Failed authentications of a leg between two events (default 100, 0 none)");

u32 qsc_event_auth_step(void)
{
	return READ_ONCE(auth_fail_event);
}

/* Every event starts alike: when, and which call. */
static struct sk_buff *start(const struct qsc_call *call, u8 cmd, void **hdr, gfp_t gfp)
{
	struct sk_buff *msg;

	if (!genl_has_listeners(&qsc_genl_family, call->net->net, 0))
		return NULL;
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, gfp);
	if (!msg)
		return NULL;
	*hdr = genlmsg_put(msg, 0, 0, &qsc_genl_family, 0, cmd);
	if (!*hdr || nla_put_u64_64bit(msg, QSC_A_CALL_TIME, ktime_get_real_ns(), QSC_A_CALL_PAD) ||
	    nla_put_string(msg, QSC_A_CALL_ID, call->id)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static void finish(const struct qsc_call *call, struct sk_buff *msg, void *hdr, int err, gfp_t gfp)
{
	if (err) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast_netns(&qsc_genl_family, call->net->net, msg, 0, 0, gfp);
}

void qsc_event_call_added(const struct qsc_call *call)
{
	struct sk_buff *msg;
	void *hdr;
	int err;

	msg = start(call, QSC_CMD_CALL_ADD_NTF, &hdr, GFP_KERNEL);
	if (!msg)
		return;
	err = nla_put_u32(msg, QSC_A_CALL_STATE, call->state) ||
	      nla_put_u32(msg, QSC_A_CALL_FLAGS, call->flags);
	finish(call, msg, hdr, err, GFP_KERNEL);
}

void qsc_event_call_deleted(const struct qsc_call *call)
{
	struct sk_buff *msg;
	void *hdr;

	msg = start(call, QSC_CMD_CALL_DEL_NTF, &hdr, GFP_KERNEL);
	if (msg)
		finish(call, msg, hdr, 0, GFP_KERNEL);
}

static int put_news(struct sk_buff *msg, const struct qsc_key_news *news)
{
	return nla_put_u8(msg, QSC_A_KEY_LEG, news->leg) ||
	       nla_put_u32(msg, QSC_A_KEY_DIR, news->dir) ||
	       nla_put_u32(msg, QSC_A_KEY_GENERATION, news->generation);
}

void qsc_event_key(const struct qsc_call *call, const struct qsc_key *key)
{
	struct qsc_key_news news = qsc_event_news(key);
	struct sk_buff *msg;
	struct nlattr *nest;
	void *hdr;
	int err;

	msg = start(call, QSC_CMD_KEY_NTF, &hdr, GFP_KERNEL);
	if (!msg)
		return;
	nest = nla_nest_start(msg, QSC_A_CALL_KEY);
	err = !nest || put_news(msg, &news) || nla_put_u32(msg, QSC_A_KEY_SUITE, key->suite->id) ||
	      (key->mki_len && nla_put(msg, QSC_A_KEY_MKI, key->mki_len, key->mki));
	if (!err)
		nla_nest_end(msg, nest);
	finish(call, msg, hdr, err, GFP_KERNEL);
}

static int put_erased(struct sk_buff *msg, const struct qsc_key_news *news)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_KEY);

	if (!nest || put_news(msg, news))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

void qsc_event_erased(const struct qsc_call *call, u8 reason, const struct qsc_key_news *news,
		      unsigned int n)
{
	struct sk_buff *msg;
	unsigned int i;
	void *hdr;
	int err;

	msg = start(call, QSC_CMD_ERASED_NTF, &hdr, GFP_KERNEL);
	if (!msg)
		return;
	err = nla_put_u32(msg, QSC_A_CALL_REASON, reason);
	for (i = 0; i < n && !err; i++)
		err = put_erased(msg, &news[i]);
	finish(call, msg, hdr, err, GFP_KERNEL);
}

static void tell_rekey(const struct qsc_call *call, struct qsc_stream *s)
{
	struct qsc_key *key = rcu_dereference(s->cur);
	struct qsc_key_news news;
	struct sk_buff *msg;
	struct nlattr *nest;
	void *hdr;
	int err;

	if (!key)
		return;
	msg = start(call, QSC_CMD_REKEY_NTF, &hdr, GFP_ATOMIC);
	if (!msg)
		return;
	news = qsc_event_news(key);
	nest = nla_nest_start(msg, QSC_A_CALL_KEY);
	err = !nest || put_news(msg, &news) || qsc_nl_put_key_packets(msg, key);
	if (!err)
		nla_nest_end(msg, nest);
	finish(call, msg, hdr, err, GFP_ATOMIC);
}

static void tell_auth_fail(const struct qsc_leg *leg)
{
	u64 n = atomic64_read(&leg->rx.stats.n[QSC_RX_STAT(DROP_AUTH)]);
	struct sk_buff *msg;
	struct nlattr *nest;
	void *hdr;
	int err;

	msg = start(leg->call, QSC_CMD_AUTH_FAIL_NTF, &hdr, GFP_ATOMIC);
	if (!msg)
		return;
	nest = nla_nest_start(msg, QSC_A_CALL_LEG);
	err = !nest || nla_put_u8(msg, QSC_A_LEG_INDEX, leg->index);
	if (!err) {
		nla_nest_end(msg, nest);
		err = nla_put_u64_64bit(msg, QSC_A_CALL_COUNT, n, QSC_A_CALL_PAD);
	}
	finish(leg->call, msg, hdr, err, GFP_ATOMIC);
}

static void tell_latch(const struct qsc_leg *leg)
{
	struct sk_buff *msg;
	struct nlattr *nest;
	void *hdr;
	int err;

	msg = start(leg->call, QSC_CMD_LATCH_NTF, &hdr, GFP_ATOMIC);
	if (!msg)
		return;
	nest = nla_nest_start(msg, QSC_A_CALL_LEG);
	err = !nest || nla_put_u8(msg, QSC_A_LEG_INDEX, leg->index) || qsc_nl_put_remote(msg, leg);
	if (!err)
		nla_nest_end(msg, nest);
	finish(leg->call, msg, hdr, err, GFP_ATOMIC);
}

void qsc_event_tell(const struct qsc_leg *leg, struct qsc_stream *s)
{
	if (test_and_clear_bit(QSC_TELL_REKEY, &s->tell))
		tell_rekey(leg->call, s);
	if (test_and_clear_bit(QSC_TELL_AUTH, &s->tell))
		tell_auth_fail(leg);
	if (test_and_clear_bit(QSC_TELL_LATCH, &s->tell))
		tell_latch(leg);
}
