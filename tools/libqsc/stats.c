// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Counters of the namespace and of one call. */
#include <errno.h>
#include <string.h>

#include "internal.h"

struct total {
	struct qsc_stats *stats;
	uint64_t calls;
};

struct listing {
	qsc_call_cb cb;
	void *arg;
};

static int take_total(struct qsc_reply *reply, void *arg)
{
	struct total *total = arg;

	if (!reply->attrs[QSC_A_CALL_STATS])
		return -EBADMSG;
	qsc_parse_stats(reply->attrs[QSC_A_CALL_STATS], total->stats);
	total->calls = qsc_get_u64(reply->attrs[QSC_A_CALL_COUNT]);
	return 0;
}

int qsc_stats_total(struct qsc_sock *sk, struct qsc_stats *stats, uint64_t *calls)
{
	struct total total = { .stats = stats };
	int err;

	memset(stats, 0, sizeof(*stats));
	err = qsc_msg_send_id(sk, QSC_CMD_STATS_GET, NULL, take_total, &total);
	if (calls)
		*calls = total.calls;
	return err;
}

static void parse_erased(struct nlattr *nest, struct qsc_erased *erased)
{
	struct nlattr *tb[QSC_A_ERASED_MAX + 1];
	uint32_t reason;

	if (nla_parse_nested(tb, QSC_A_ERASED_MAX, nest, NULL) < 0)
		return;
	reason = qsc_get_u32(tb[QSC_A_ERASED_REASON]);
	/* Reasons newer than this library are left out. */
	if (reason <= QSC_ERASE_REASON_MAX)
		erased->keys[reason] = qsc_get_u64(tb[QSC_A_ERASED_KEYS]);
}

static int take_erased(struct qsc_reply *reply, void *arg)
{
	struct genlmsghdr *genl = nlmsg_data(reply->nlh);
	struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0), rem)
		if (nla_type(attr) == QSC_A_CALL_ERASED)
			parse_erased(attr, arg);
	return 0;
}

int qsc_stats_erased(struct qsc_sock *sk, struct qsc_erased *erased)
{
	memset(erased, 0, sizeof(*erased));
	return qsc_msg_send_id(sk, QSC_CMD_STATS_GET, NULL, take_erased, erased);
}

static int take_call(struct qsc_reply *reply, void *arg)
{
	struct listing *listing = arg;

	return qsc_parse_call(reply, listing->cb, listing->arg);
}

int qsc_call_stats(struct qsc_sock *sk, const char *id, qsc_call_cb cb, void *arg)
{
	struct listing listing = { cb, arg };

	return qsc_msg_send_id(sk, QSC_CMD_STATS_GET, id ? id : "", take_call, &listing);
}

int qsc_stats_dump(struct qsc_sock *sk, qsc_call_cb cb, void *arg)
{
	struct nl_msg *msg = qsc_msg_new(sk, QSC_CMD_STATS_GET, NLM_F_DUMP);
	struct listing listing = { cb, arg };
	int err;

	if (!msg)
		return -ENOMEM;
	err = qsc_msg_run(sk, msg, take_call, &listing);
	qsc_msg_free(msg);
	return err;
}
