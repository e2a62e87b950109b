// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever is sent to the module's netlink family: each request is answered
 * once, with success where it makes sense and with a clean error and a text
 * where it does not; the table is what the requests that succeeded made it; no
 * answer, event or echo has key bytes in it; and at the end nothing is left.
 *
 *   QSC_SEED=n      repeats a run
 *   QSC_FULL=1      200,000 messages
 *   QSC_MESSAGES=n  how many messages
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "dut.h"
#include "knob.h"
#include "nlfuzz.h"

#define REFCOUNT "/sys/module/qsc/refcnt"

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

static const struct env_count count = {
	"QSC_MESSAGES", .full = NF_FULL, .stock = NF_STOCK, .debug = NF_DEBUG, .quick = NF_QUICK,
};

static uint8_t datagram[NF_BURST * NL_BYTES] __attribute__((aligned(4)));
static int datagram_len;

static void print_datagram(void)
{
	int i;

	printf("# %d bytes:", datagram_len);
	for (i = 0; i < datagram_len; i++)
		printf("%s%02x", i % 4 ? "" : " ", datagram[i]);
	printf("\n");
}

__attribute__((format(printf, 2, 3)))
static void fail(struct nf *f, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (f->failed)
		return;
	f->failed = true;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ksft_print_msg("step %u: %s", f->step, text);
	print_datagram();
}

/* ---------------------------------------------------- what was answered */

static bool is_policy_error(int err)
{
	return err == -EINVAL || err == -ERANGE;
}

static bool is_expected(const struct nm_verdict *v, int err)
{
	if (err && err == v->or_err)
		return true;
	return v->by == NM_BY_POLICY ? is_policy_error(err) : err == v->err;
}

static void check_success(struct nf *f, const struct nf_expect *e, const struct nlr_answer *a)
{
	int acks = !!(e->flags & NLM_F_ACK);

	if (e->v.dump) {
		if (a->dones != 1 || a->acks || a->replies != e->calls)
			fail(f, "a dump of %d calls: %d answers, %d ends, %d acks\n", e->calls,
			     a->replies, a->dones, a->acks);
	} else if (a->acks != acks || a->replies != e->v.replies || a->dones) {
		fail(f, "command %u: %d acks, %d replies, %d ends\n", e->v.cmd, a->acks,
		     a->replies, a->dones);
	}
}

/* Those who are refused by the module or its policy are told why. */
static void check_refusal(struct nf *f, const struct nf_expect *e, const struct nlr_answer *a,
			  const struct nlr_sock *s)
{
	if (a->acks != 1 || a->replies || a->dones)
		fail(f, "command %u refused: %d acks, %d replies, %d ends\n", e->v.cmd, a->acks,
		     a->replies, a->dones);
	else if (s->ext_ack && e->v.by != NM_BY_CORE && !a->text[0])
		fail(f, "command %u: %s, without a text\n", e->v.cmd, strerror(-a->err));
}

static void check_answer(struct nf *f, const struct nf_expect *e, const struct nlr_answer *a,
			 const struct nlr_sock *s)
{
	if (e->v.silent) {
		f->answered[2]++;
		if (a->acks || a->replies || a->dones)
			fail(f, "an answer to what is no message\n");
		return;
	}
	if (!is_expected(&e->v, a->err))
		fail(f, "command %u: %s%s%s, not %s\n", e->v.cmd,
		     a->err ? strerror(-a->err) : "success", *a->text ? ": " : "", a->text,
		     e->v.err ? strerror(-e->v.err) : "success");
	else if (a->err)
		check_refusal(f, e, a, s);
	else
		check_success(f, e, a);
	f->answered[a->err != 0]++;
	if (e->v.or_err && !a->err && !e->v.err)
		nm_commit(&f->model, &e->v);
}

/* ------------------------------------------------------------ one datagram */

/*
 * A message that claims to be shorter than it is leaves bytes that netlink takes
 * for further messages. Returns the answers to these; -1 if they do something.
 */
static int judge_rest(struct nf *f, const struct nlr_sock *s, int off)
{
	struct nm_verdict v;
	struct nlmsghdr nh;
	int answers = 0;

	while (datagram_len - off >= NLMSG_HDRLEN) {
		nm_judge(&f->model, s, datagram + off, datagram_len - off, &v);
		if (v.silent)
			break;
		if (!v.ack_only && !v.err)
			return -1;
		memcpy(&nh, datagram + off, sizeof(nh));
		answers += v.err || nh.nlmsg_flags & NLM_F_ACK;
		off += NLMSG_ALIGN(nh.nlmsg_len);
	}
	return answers;
}

/*
 * Judge what is in the datagram from @off on, as netlink would take it apart.
 * What cannot be modelled is taken out again. Returns false if nothing may
 * come behind it.
 */
static bool judge(struct nf *f, const struct nlr_sock *s, int off, struct nf_expect *e)
{
	struct nlmsghdr nh;
	int strange = 0;

	memcpy(&nh, datagram + off, sizeof(nh));
	nm_judge(&f->model, s, datagram + off, datagram_len - off, &e->v);
	if (!e->v.silent)
		strange = judge_rest(f, s, off + NLMSG_ALIGN(nh.nlmsg_len));
	if (e->v.too_soon || e->v.full || strange < 0) {
		datagram_len = off;
		return false;
	}
	f->strange += strange;
	e->seq = nh.nlmsg_seq;
	e->flags = nh.nlmsg_flags;
	e->calls = f->model.calls;
	if (!e->v.silent && !e->v.err && !e->v.or_err)
		nm_commit(&f->model, &e->v);
	return !e->v.silent && !e->v.or_err && !e->v.dump && nh.nlmsg_len % 4 == 0 &&
	       off + (int)nh.nlmsg_len == datagram_len;
}

/* Put @m into the datagram; what comes behind it is no message any more if false. */
static bool add(struct nf *f, const struct nlr_sock *s, const struct nlr_msg *m,
		struct nf_expect *e, int *n)
{
	int off = datagram_len;
	bool more;

	datagram_len += nlr_flatten(m, f->seq + *n, datagram + off, NL_BYTES);
	more = judge(f, s, off, &e[*n]);
	*n += datagram_len > off;
	return more;
}

static int build(struct nf *f, const struct nlr_sock *s, struct nf_expect *e)
{
	int want = rng_below(&f->rng, 8) ? 1 : rng_range(&f->rng, 2, NF_BURST);
	static struct nlr_msg m;
	bool more = true;
	int n = 0;

	while (n < want && more) {
		nf_gen(f, &m);
		if (rng_below(&f->rng, 2))
			nf_break(f, &m);
		more = add(f, s, &m, e, &n);
	}
	return n;
}

/* May the echo of a request have its keys in it? Only if no handler saw it. */
static bool may_echo(const struct nlr_sock *s, const struct nf_expect *e, int n)
{
	while (!s->cap_ack && n--)
		if (e[n].v.ack_only || (e[n].v.err && e[n].v.by != NM_BY_HANDLER))
			return true;
	return false;
}

/* Send the datagram, with @n messages in it, and look at what comes back. */
static void exchange(struct nf *f, const struct nlr_sock *s, const struct nf_expect *e, int n)
{
	struct nlr_answer a[NF_BURST] = {};
	struct nlr_seen seen = {};
	int i, err;

	err = nlr_send(s, datagram, datagram_len);
	if (!err)
		err = -nlr_read(s, f->seq, a, n, NF_MARKER, &seen);
	if (err)
		fail(f, "the socket: %s\n", strerror(-err));
	for (i = 0; i < n; i++)
		check_answer(f, &e[i], &a[i], s);
	if (seen.marker || (seen.echoed && !may_echo(s, e, n)))
		fail(f, "there is a key in the answer\n");
	if (seen.strange != f->strange)
		fail(f, "%d messages answer nothing, not %d\n", seen.strange, f->strange);
	f->seq += n;
	f->messages += n;
	/* not in between: what is flushed takes the key with it */
	seal_refresh(&f->model.seal, f->sk);
}

static struct nlr_sock *any_socket(struct nf *f)
{
	datagram_len = 0;
	f->strange = 0;
	f->step++;
	return &f->sock[rng_below(&f->rng, NF_SOCKETS)];
}

static void send_any(struct nf *f)
{
	struct nlr_sock *s = any_socket(f);
	struct nf_expect e[NF_BURST];
	int n = build(f, s, e);

	if (n)
		exchange(f, s, e, n);
}

static void send_one(struct nf *f, const struct nlr_msg *m)
{
	struct nlr_sock *s = any_socket(f);
	struct nf_expect e[1];
	int n = 0;

	add(f, s, m, e, &n);
	if (n && !f->failed)
		exchange(f, s, e, n);
}

/* ------------------------------------------------------------- the table */

static bool same_addr(const union qsc_addr *have, const uint8_t *want, int n, uint16_t port)
{
	if (!port) /* nobody has sent anything to learn from */
		return !have->sa.sa_family;
	if (n == 4)
		return have->sa.sa_family == AF_INET && !memcmp(&have->in4.sin_addr, want, 4) &&
		       ntohs(have->in4.sin_port) == port;
	return have->sa.sa_family == AF_INET6 && !memcmp(&have->in6.sin6_addr, want, 16) &&
	       ntohs(have->in6.sin6_port) == port;
}

static bool same_leg(const struct qsc_leg *have, const struct nm_leg *want)
{
	const struct nm_tuple *rtp = &want->tuple[0], *rtcp = &want->tuple[1];
	bool mux = want->tuples == 1;

	return have->suite == want->suite && have->flags == want->flags &&
	       have->has_dscp == want->has_dscp && have->dscp == want->dscp &&
	       have->ttl == want->ttl &&
	       same_addr(&have->local, rtp->local, rtp->addr_len, rtp->local_port) &&
	       same_addr(&have->remote, rtp->remote, rtp->addr_len, rtp->remote_port) &&
	       have->local_rtcp == (mux ? 0 : rtcp->local_port) &&
	       have->remote_rtcp == (mux ? 0 : rtcp->remote_port);
}

static bool is_parked(const struct qsc_key_info *have, const struct nm_leg *want)
{
	return want->parked && !have->generation &&
	       (int)have->mki_len == want->parked_key.mki_len &&
	       !memcmp(have->mki, want->parked_key.mki, have->mki_len);
}

static bool is_active(const struct qsc_key_info *have, const struct nm_leg *want)
{
	const struct nm_dir *d = &want->dir[have->dir - 1];

	return d->keyed && have->generation == d->generation &&
	       have->ssrcs == (uint32_t)d->ssrcs && (int)have->mki_len == d->mki_len &&
	       !memcmp(have->mki, d->mki, d->mki_len);
}

static bool same_keys(const struct qsc_leg *have, const struct nm_leg *want)
{
	const struct qsc_key_info *k;
	int active = 0, parked = 0;
	unsigned int i;

	for (i = 0; i < have->n_keys; i++) {
		k = &have->keys[i];
		parked += k->state == QSC_KEY_STATE_PARKED;
		active += k->state == QSC_KEY_STATE_ACTIVE;
		if (k->leg != have->index || k->suite != want->suite ||
		    (k->state == QSC_KEY_STATE_PARKED && !is_parked(k, want)) ||
		    (k->state == QSC_KEY_STATE_ACTIVE && !is_active(k, want)))
			return false;
	}
	return active == want->dir[0].keyed + want->dir[1].keyed && parked == want->parked;
}

static bool same_legs(const struct qsc_call *have, const struct nm_call *want)
{
	int i;

	for (i = 0; i < want->legs; i++)
		if (have->legs[i].index != i || !same_leg(&have->legs[i], &want->leg[i]) ||
		    !same_keys(&have->legs[i], &want->leg[i]))
			return false;
	return true;
}

struct compared {
	struct nf *f;
	int calls;
};

static int compare_call(const struct qsc_call *have, void *arg)
{
	struct compared *c = arg;
	const struct nm_call *want = nm_find(&c->f->model, have->id);

	c->calls++;
	if (!want)
		fail(c->f, "call %s is there\n", have->id);
	else if (have->state != want->state || have->flags != want->flags ||
		 have->role != want->role || have->timeout_s != want->timeout ||
		 have->lifetime_s != want->lifetime || have->window != want->window ||
		 have->owner != want->owner || have->reason != want->reason ||
		 (int)have->n_legs != want->legs)
		fail(c->f, "call %s is not as it has to be: state %u, not %u\n", have->id,
		     have->state, want->state);
	else if (!same_legs(have, want))
		fail(c->f, "call %s has other legs or other keys\n", have->id);
	return 0;
}

static void compare(struct nf *f)
{
	struct compared c = { f };

	if (qsc_call_dump(f->sk, compare_call, &c))
		fail(f, "dump: %s\n", qsc_last_error(f->sk)->text);
	if (c.calls != f->model.calls)
		fail(f, "%d calls are there, not %d\n", c.calls, f->model.calls);
}

/* --------------------------------------------------------------- the run */

static void open_one(struct nf *f, struct nlr_sock *s)
{
	bool echo = !rng_below(&f->rng, 3);

	nlr_open(s, SIDE_A, !echo, rng_below(&f->rng, 4), !rng_below(&f->rng, 10));
}

/* Calls that are bound to it lose their keys before close() returns. */
static void reopen(struct nf *f)
{
	struct nlr_sock *s = &f->sock[rng_below(&f->rng, NF_SOCKETS)];

	nlr_close(s);
	nm_close(&f->model, s->portid);
	if (!rng_below(&f->rng, 4))
		compare(f);
	open_one(f, s);
}

static void check_events(struct nf *f)
{
	static uint8_t buf[65536];
	int len;

	/* those that were too many are lost, which listeners are told */
	while ((len = recv(f->events, buf, sizeof(buf), MSG_DONTWAIT)) >= 0 || errno == ENOBUFS)
		if (len > 0 && memmem(buf, len, NF_MARKER, NF_MARKER_LEN))
			fail(f, "there is a key in an event\n");
}

static void listen_to_events(struct nf *f, uint32_t group)
{
	struct nlr_sock s;

	nlr_open(&s, SIDE_A, true, true, false);
	f->events = s.fd;
	if (setsockopt(f->events, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		ksft_exit_fail_msg("events: %s\n", strerror(errno));
}

static void init(struct nf *f, uint64_t seed)
{
	struct qsc_info info;
	uint32_t group;
	unsigned int i;

	rng_seed(&f->rng, seed);
	f->seq = 0x51530000;
	f->ssrc = rng_u64(&f->rng);
	f->model.family = nlr_family(SIDE_A, &group);
	f->sk = dut_open(SIDE_A);
	if (qsc_info(f->sk, &info))
		ksft_exit_fail_msg("info: %s\n", qsc_last_error(f->sk)->text);
	for (i = 0; i < info.n_suites; i++)
		f->model.suite[info.suites[i].id] = info.suites[i].driver[0];
	f->model.suite[QSC_SUITE_PLAIN] = true;
	listen_to_events(f, group);
	for (i = 0; i < NF_SOCKETS; i++)
		open_one(f, &f->sock[i]);
	seal_refresh(&f->model.seal, f->sk);
}

/* After a flush there is nothing: no call, no hook, nobody who holds the module. */
static void check_end(struct nf *f, const char *refs)
{
	struct qsc_info info;
	uint64_t flushed = 0;
	char now[32] = "";

	if (qsc_call_flush(f->sk, &flushed) || flushed != (uint64_t)f->model.calls)
		fail(f, "flush: %llu calls\n", (unsigned long long)flushed);
	memset(&f->model.call, 0, sizeof(f->model.call));
	f->model.calls = 0;
	compare(f);
	if (qsc_info(f->sk, &info) || info.calls || info.hooked)
		fail(f, "%u calls, hooked: %d\n", info.calls, info.hooked);
	if (knob_get(REFCOUNT, now, sizeof(now)) && strcmp(now, refs))
		fail(f, "the module has %s users, not %s\n", now, refs);
}

static void walk(struct nf *f, uint64_t messages)
{
	while (f->messages < messages && !f->failed) {
		send_any(f);
		if (!rng_below(&f->rng, 100))
			reopen(f);
		if (f->step % NF_COMPARE == 0)
			compare(f);
		if (f->step % NF_EVENTS == 0)
			check_events(f);
	}
}

/* Each wrong thing, in some of the states that the walk leads to. */
static void sweeps(struct nf *f)
{
	unsigned int i, n = 0;

	for (i = 0; i < NF_SWEEPS && !f->failed; i++) {
		walk(f, f->messages + NF_BETWEEN);
		n += nf_sweep(f, send_one);
		compare(f);
		check_events(f);
	}
	ksft_print_msg("%u messages with one thing wrong, %u of each kind\n", n, i);
	ksft_test_result(!f->failed, "each attribute of each command may be wrong in each way\n");
}

int main(void)
{
	char refs[32] = "";
	static struct nf f;
	unsigned int messages;
	int i;

	ksft_print_header();
	net_up();
	qsc_close(dut_open(SIDE_A));
	ksft_set_plan(3);
	/* each key's end waits for a grace period */
	knob_set("/sys/kernel/rcu_expedited", "1");
	knob_get(REFCOUNT, refs, sizeof(refs));
	messages = env_count(&count);
	init(&f, env_seed());

	sweeps(&f);
	walk(&f, messages);
	compare(&f);
	check_events(&f);
	ksft_print_msg("%llu messages: %llu succeeded, %llu were refused, %llu are none\n",
		       (unsigned long long)f.messages, (unsigned long long)f.answered[0],
		       (unsigned long long)f.answered[1], (unsigned long long)f.answered[2]);
	ksft_test_result(!f.failed && f.messages >= messages,
			 "each request has its one answer, and the table follows\n");
	f.failed = false;
	check_end(&f, refs);
	ksft_test_result(!f.failed, "a flush leaves nothing\n");
	for (i = 0; i < NF_SOCKETS; i++)
		nlr_close(&f.sock[i]);
	close(f.events);
	qsc_close(f.sk);
	ksft_finished();
}
