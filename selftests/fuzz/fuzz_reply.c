// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to every request of libqsc: whatever comes, what a caller gets is in
 * bounds, and written as a kernel would write it it reads the same again.
 *
 * Input: which request, answers (answers.c).
 */
#include <errno.h>
#include <string.h>

#include "answers.h"

static void put_addr(struct nl_msg *msg, int addr_type, int port_type, const union qsc_addr *a)
{
	if (a->sa.sa_family == AF_INET) {
		nla_put(msg, addr_type, 4, &a->in4.sin_addr);
		nla_put_u16(msg, port_type, a->in4.sin_port);
	} else if (a->sa.sa_family == AF_INET6) {
		nla_put(msg, addr_type, 16, &a->in6.sin6_addr);
		nla_put_u16(msg, port_type, a->in6.sin6_port);
	}
}

static void put_key(struct nl_msg *msg, const struct qsc_key_info *key)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_LEG_KEY);

	nla_put_u8(msg, QSC_A_KEY_LEG, key->leg);
	nla_put_u32(msg, QSC_A_KEY_DIR, key->dir);
	nla_put_u32(msg, QSC_A_KEY_SUITE, key->suite);
	nla_put_u32(msg, QSC_A_KEY_STATE, key->state);
	nla_put_u32(msg, QSC_A_KEY_GENERATION, key->generation);
	nla_put_u64(msg, QSC_A_KEY_AGE, key->age_ms);
	nla_put_u32(msg, QSC_A_KEY_SSRCS, key->ssrcs);
	nla_put_u64(msg, QSC_A_KEY_RTP_PACKETS, key->rtp_packets);
	nla_put_u64(msg, QSC_A_KEY_RTCP_PACKETS, key->rtcp_packets);
	nla_put(msg, QSC_A_KEY_MKI, key->mki_len, key->mki);
	nla_nest_end(msg, nest);
}

static void put_leg(struct nl_msg *msg, const struct qsc_leg *leg)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_LEG), *stats;

	nla_put_u8(msg, QSC_A_LEG_INDEX, leg->index);
	nla_put_u32(msg, QSC_A_LEG_SUITE, leg->suite);
	put_addr(msg, QSC_A_LEG_LOCAL_ADDR, QSC_A_LEG_LOCAL_PORT, &leg->local);
	put_addr(msg, QSC_A_LEG_REMOTE_ADDR, QSC_A_LEG_REMOTE_PORT, &leg->remote);
	nla_put_u16(msg, QSC_A_LEG_LOCAL_RTCP_PORT, htons(leg->local_rtcp));
	nla_put_u16(msg, QSC_A_LEG_REMOTE_RTCP_PORT, htons(leg->remote_rtcp));
	for (unsigned int i = 0; i < leg->n_keys; i++)
		put_key(msg, &leg->keys[i]);
	if (leg->stats) {
		stats = nla_nest_start(msg, QSC_A_LEG_STATS);
		for (int i = 0; i <= QSC_A_STATS_MAX; i++)
			nla_put_u64(msg, i, leg->stats->count[i]);
		nla_nest_end(msg, stats);
	}
	nla_nest_end(msg, nest);
}

/* More than a call takes with so many keys, counters included. */
static size_t room_for(const struct qsc_call *call)
{
	size_t keys = 0;

	for (unsigned int i = 0; i < call->n_legs; i++)
		keys += call->legs[i].n_keys;
	return 2048 + keys * 256;
}

static struct nl_msg *write_call(struct qsc_sock *sk, const struct qsc_call *call)
{
	struct nl_msg *msg = nlmsg_alloc_size(room_for(call));

	genlmsg_put(msg, 0, 0, sk->family, 0, 0, QSC_CMD_CALL_NEW, 1);
	nla_put_string(msg, QSC_A_CALL_ID, call->id);
	nla_put_u32(msg, QSC_A_CALL_STATE, call->state);
	nla_put_u32(msg, QSC_A_CALL_REASON, call->reason);
	nla_put_u32(msg, QSC_A_CALL_FLAGS, call->flags);
	nla_put_u32(msg, QSC_A_CALL_ROLE, call->role);
	nla_put_u32(msg, QSC_A_CALL_TIMEOUT, call->timeout_s);
	nla_put_u32(msg, QSC_A_CALL_LIFETIME, call->lifetime_s);
	nla_put_u32(msg, QSC_A_CALL_WINDOW, call->window);
	nla_put_u64(msg, QSC_A_CALL_AGE, call->age_ms);
	if (call->has_idle)
		nla_put_u64(msg, QSC_A_CALL_IDLE, call->idle_ms);
	nla_put_u32(msg, QSC_A_CALL_OWNER, call->owner);
	for (unsigned int i = 0; i < call->n_legs; i++)
		put_leg(msg, &call->legs[i]);
	return msg;
}

static bool same_leg(const struct qsc_leg *a, const struct qsc_leg *b)
{
	return a->index == b->index && a->suite == b->suite &&
	       same_bytes(&a->local, &b->local, sizeof(a->local)) &&
	       same_bytes(&a->remote, &b->remote, sizeof(a->remote)) &&
	       a->local_rtcp == b->local_rtcp && a->remote_rtcp == b->remote_rtcp &&
	       a->n_keys == b->n_keys &&
	       (!a->n_keys || same_bytes(a->keys, b->keys, a->n_keys * sizeof(*a->keys))) &&
	       !a->stats == !b->stats &&
	       (!a->stats || !memcmp(a->stats, b->stats, sizeof(*a->stats)));
}

static int compare_call(const struct qsc_call *call, void *arg)
{
	const struct qsc_call *want = arg;

	CHECK(!strcmp(call->id, want->id));
	CHECK(call->state == want->state && call->reason == want->reason &&
	      call->flags == want->flags && call->role == want->role);
	CHECK(call->timeout_s == want->timeout_s && call->lifetime_s == want->lifetime_s &&
	      call->window == want->window && call->age_ms == want->age_ms);
	CHECK(call->has_idle == want->has_idle && call->idle_ms == want->idle_ms &&
	      call->owner == want->owner);
	CHECK(call->n_legs == want->n_legs);
	for (unsigned int i = 0; i < call->n_legs; i++)
		CHECK(same_leg(&call->legs[i], &want->legs[i]));
	return 0;
}

static void check_leg(const struct qsc_leg *leg)
{
	sa_family_t local = leg->local.sa.sa_family, remote = leg->remote.sa.sa_family;

	CHECK(local == 0 || local == AF_INET || local == AF_INET6);
	CHECK(remote == 0 || remote == AF_INET || remote == AF_INET6);
	for (unsigned int i = 0; i < leg->n_keys; i++)
		CHECK(leg->keys[i].mki_len <= QSC_MKI_MAX);
}

static int take_call(const struct qsc_call *call, void *arg)
{
	struct qsc_reply reply;
	struct nl_msg *msg;

	CHECK(strlen(call->id) <= QSC_CALL_ID_MAX);
	CHECK(call->n_legs <= QSC_LEGS_MAX);
	for (unsigned int i = 0; i < call->n_legs; i++)
		check_leg(&call->legs[i]);
	/* A key takes more room than an empty one did, and a nest has 64 KiB. */
	if (room_for(call) > 60000)
		return 0;
	msg = write_call(arg, call);
	CHECK(!qsc_msg_parse(nlmsg_hdr(msg), &reply));
	CHECK(!qsc_parse_call(&reply, compare_call, (void *)call));
	qsc_msg_free(msg);
	return 0;
}

static bool terminated(const char *text, size_t size)
{
	return strnlen(text, size) < size;
}

static void check_info(const struct qsc_info *info)
{
	CHECK(info->n_suites <= QSC_INFO_SUITES_MAX);
	CHECK(terminated(info->version, sizeof(info->version)));
	for (unsigned int i = 0; i < info->n_suites; i++) {
		CHECK(terminated(info->suites[i].name, sizeof(info->suites[i].name)));
		CHECK(terminated(info->suites[i].driver, sizeof(info->suites[i].driver)));
	}
}

/* Whose sealing key the input has. */
static int set_session(struct qsc_sock *sk)
{
	static const struct qsc_session session = {
		.role = QSC_ROLE_CALLER,
		.caller = "alice",
		.callee = "bob",
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
	};
	struct qsc_seal_key *key = &sk->seal;
	int err;

	memset(key, 0, sizeof(*key));
	err = qsc_session_set(sk, "alice", &session);
	CHECK(err || key->id);
	return err;
}

static int ask(struct qsc_sock *sk, uint8_t what)
{
	struct qsc_stats stats;
	struct qsc_info info;
	uint64_t n;
	int err;

	switch (what % 7) {
	case 0:
		return qsc_call_get(sk, "alice", take_call, sk);
	case 1:
		return qsc_call_dump(sk, take_call, sk);
	case 2:
		err = qsc_info(sk, &info);
		check_info(&info);
		return err;
	case 3:
		return qsc_stats_total(sk, &stats, &n);
	case 4:
		return qsc_call_stats(sk, "alice", take_call, sk);
	case 5:
		return qsc_call_flush(sk, &n);
	default:
		return set_session(sk);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t what = take_u8(&in);
	struct qsc_sock *sk = answers_open(&in);
	const struct qsc_error *e = qsc_last_error(sk);
	int err = ask(sk, what);

	CHECK(err <= 0 && e->code == err && !!err == !!e->text[0]);
	CHECK(terminated(e->text, sizeof(e->text)) && terminated(e->kernel, sizeof(e->kernel)));
	CHECK(terminated(e->attr, sizeof(e->attr)) && terminated(e->value, sizeof(e->value)));
	answers_close(sk);
	return 0;
}
