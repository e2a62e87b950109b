// SPDX-License-Identifier: GPL-2.0
/* Netlink commands whose allocations fail. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "dut.h"
#include "fail.h"
#include "fail_msg.h"
#include "nlraw.h"
#include "ramscan.h"

#define TABLE_MAX	4096

#ifndef SOL_NETLINK
#define SOL_NETLINK	270
#endif

static struct {
	struct qsc_sock *sk;	/* asks what is there */
	struct nlr_sock nl;	/* does what fails */
	uint32_t group;
	int events;
	bool ramscan;		/* memory can be looked at */
	bool dirty;		/* there was a key in it that should be gone */
} ctl;

struct nl_case {
	const char *name;
	void (*prepare)(void);
	void (*build)(struct nlr_msg *m);
	bool close_owner;	/* instead of a message */
	bool keys;		/* derives some */
};

/* ------------------------------------------------------------- the table */

struct table {
	char text[TABLE_MAX];
	int len;
};

__attribute__((format(printf, 2, 3)))
static void print(struct table *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (t->len < TABLE_MAX)
		t->len += vsnprintf(t->text + t->len, TABLE_MAX - t->len, fmt, ap);
	va_end(ap);
}

static void print_keys(struct table *t, const struct qsc_leg *l)
{
	unsigned int i;

	print(t, " %u/%x", l->suite, l->flags);
	for (i = 0; i < l->n_keys; i++)
		print(t, " %u.%u.%u.%u", l->keys[i].dir, l->keys[i].state, l->keys[i].generation,
		      l->keys[i].ssrcs);
}

static int print_call(const struct qsc_call *c, void *arg)
{
	struct table *t = arg;
	unsigned int i;

	print(t, "%s %u/%u/%u/%u/%u:", c->id, c->state, c->reason, c->timeout_s, c->lifetime_s,
	      c->flags);
	for (i = 0; i < c->n_legs; i++)
		print_keys(t, &c->legs[i]);
	print(t, "; ");
	return t->len < TABLE_MAX ? 0 : -E2BIG;
}

static void look(struct table *t)
{
	t->len = 0;
	t->text[0] = 0;
	if (qsc_call_dump(ctl.sk, print_call, t))
		ksft_exit_fail_msg("dump: %s\n", qsc_last_error(ctl.sk)->text);
}

static bool same(const struct table *a, const struct table *b)
{
	return !strcmp(a->text, b->text);
}

/* -------------------------------------------------- the states it starts in */

static void must(struct nlr_msg *m)
{
	int err = nlr_request(&ctl.nl, m);

	if (err)
		ksft_exit_fail_msg("a request that must succeed: %s\n", strerror(-err));
}

static void nothing(void)
{
}

static void other_call(void)
{
	struct nlr_msg m;

	msg_new(&m, "other", false, false, 4100, 0);
	must(&m);
}

static void new_call(void)
{
	struct nlr_msg m;

	msg_new(&m, RAMSCAN_CALL, false, true, 4000, 0);
	must(&m);
}

static void keyed_call(void)
{
	struct nlr_msg m;

	new_call();
	msg_key(&m, RAMSCAN_CALL, 0, QSC_DIR_TX, QSC_SUITE_AEAD_AES_256_GCM, 1, 2);
	must(&m);
	msg_key(&m, RAMSCAN_CALL, 0, QSC_DIR_RX, QSC_SUITE_AEAD_AES_256_GCM, 1, 2);
	must(&m);
}

static void held_call(void)
{
	struct nlr_msg m;

	new_call();
	msg_session(&m, RAMSCAN_CALL, 0, false);
	must(&m);
	msg_session(&m, RAMSCAN_CALL, 1, true);
	must(&m);
}

static void newer_call(void)
{
	struct nlr_msg m;

	new_call();
	msg_session(&m, RAMSCAN_CALL, 2, false);
	must(&m);
}

static void bound_call(void)
{
	struct nlr_msg m;

	msg_new(&m, RAMSCAN_CALL, false, false, 4000, QSC_CALL_FLAGS_BOUND);
	must(&m);
	msg_key(&m, RAMSCAN_CALL, 0, QSC_DIR_TX, QSC_SUITE_AEAD_AES_256_GCM, 0, 0);
	must(&m);
}

static void three_calls(void)
{
	struct nlr_msg m;

	keyed_call();
	other_call();
	msg_new(&m, "third", true, false, 4200, 0);
	must(&m);
	msg_key(&m, "third", 0, QSC_DIR_TX, QSC_SUITE_AEAD_AES_256_GCM, 0, 0);
	must(&m);
}

static void relay_call(void)
{
	struct nlr_msg m;

	msg_relay(&m, RAMSCAN_CALL, 4000);
	must(&m);
	msg_key(&m, RAMSCAN_CALL, 0, QSC_DIR_TX, QSC_SUITE_AEAD_AES_256_GCM, 1, 2);
	must(&m);
	msg_key(&m, RAMSCAN_CALL, 1, QSC_DIR_RX, QSC_SUITE_AES_CM_128_HMAC_SHA1_80, 1, 2);
	must(&m);
}

static void many_calls(void)
{
	struct nlr_msg m;

	msg_batch(&m, RAMSCAN_CALL, "other");
	must(&m);
}

/* -------------------------------------------------------- what is done */

static void do_info(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_INFO_GET, NULL);
}

static void do_new(struct nlr_msg *m)
{
	msg_new(m, RAMSCAN_CALL, false, false, 4000, 0);
}

static void do_new_bound(struct nlr_msg *m)
{
	msg_new(m, RAMSCAN_CALL, true, true, 4000, QSC_CALL_FLAGS_BOUND);
}

static void do_relay(struct nlr_msg *m)
{
	msg_relay(m, RAMSCAN_CALL, 4000);
}

static void do_batch(struct nlr_msg *m)
{
	msg_batch(m, RAMSCAN_CALL, "other");
}

static void do_del(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_CALL_DEL, RAMSCAN_CALL);
}

static void do_get(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_CALL_GET, RAMSCAN_CALL);
}

static void do_dump(struct nlr_msg *m)
{
	msg_dump(m, QSC_CMD_CALL_GET);
}

static void do_set(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_CALL_SET, RAMSCAN_CALL);
	nlr_put_u32(m, NL_ROOT, QSC_A_CALL_TIMEOUT, 2000000);
}

static void do_flush(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_CALL_FLUSH, NULL);
}

static void do_key(struct nlr_msg *m)
{
	msg_key(m, RAMSCAN_CALL, 0, QSC_DIR_TX, QSC_SUITE_AEAD_AES_256_GCM, 0, 0);
}

static void do_key_rocs(struct nlr_msg *m)
{
	msg_key(m, RAMSCAN_CALL, 0, QSC_DIR_RX, QSC_SUITE_AEAD_AES_256_GCM, 2, QSC_KEY_ROC_MAX);
}

static void do_rekey_tx(struct nlr_msg *m)
{
	msg_key(m, RAMSCAN_CALL, 0, QSC_DIR_TX, QSC_SUITE_AEAD_AES_256_GCM, 2, 0);
}

static void do_rekey_rx(struct nlr_msg *m)
{
	msg_key(m, RAMSCAN_CALL, 0, QSC_DIR_RX, QSC_SUITE_AEAD_AES_256_GCM, 2, 0);
}

static void do_seal(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_SEAL_GET, NULL);
}

static void do_session(struct nlr_msg *m)
{
	msg_session(m, RAMSCAN_CALL, 2, false);
}

static void do_hold(struct nlr_msg *m)
{
	msg_session(m, RAMSCAN_CALL, 2, true);
}

static void do_activate(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_SESSION_ACTIVATE, RAMSCAN_CALL);
}

static void do_erase(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_KEY_ERASE, RAMSCAN_CALL);
}

static void do_stats(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_STATS_GET, RAMSCAN_CALL);
}

static void do_totals(struct nlr_msg *m)
{
	msg_named(m, QSC_CMD_STATS_GET, NULL);
}

static void do_all_stats(struct nlr_msg *m)
{
	msg_dump(m, QSC_CMD_STATS_GET);
}

static const struct nl_case cases[] = {
	{ "info", nothing, do_info },
	{ "the first call", nothing, do_new },
	{ "another call", other_call, do_new_bound },
	{ "the first relay call", nothing, do_relay },
	{ "calls-new with keys", nothing, do_batch, .keys = true },
	{ "call del", keyed_call, do_del },
	{ "a relay call is deleted", relay_call, do_del },
	{ "call get", keyed_call, do_get },
	{ "a dump", three_calls, do_dump },
	{ "call set", keyed_call, do_set },
	{ "call flush", three_calls, do_flush },
	{ "the first key", new_call, do_key, .keys = true },
	{ "a key with an MKI and ROCs", new_call, do_key_rocs, .keys = true },
	{ "another sending key", keyed_call, do_rekey_tx },
	{ "another receiving key", keyed_call, do_rekey_rx, .keys = true },
	{ "a sealing key", nothing, do_seal },
	{ "the first session", new_call, do_session, .keys = true },
	{ "a newer session than the one that is held back", held_call, do_session, .keys = true },
	{ "another session that is held back", held_call, do_hold, .keys = true },
	{ "the use of a key that was held back", held_call, do_activate, .keys = true },
	{ "key erase", held_call, do_erase },
	{ "counters of a call", keyed_call, do_stats },
	{ "counters of all", three_calls, do_totals },
	{ "counters of all calls in a dump", three_calls, do_all_stats },
	{ "the end of an owner", bound_call, .close_owner = true },
};

#define N_CASES ((int)(sizeof(cases) / sizeof(*cases)))

/* ------------------------------------------------------------ one of them */

struct outcome {
	bool injected;
	bool answered;
	int err;
	bool leaked;
};

static void drain_events(void)
{
	char buf[8192];
	ssize_t len;

	while ((len = recv(ctl.events, buf, sizeof(buf), MSG_DONTWAIT)) >= 0 || errno == ENOBUFS)
		if (len > 0 && memmem(buf, len, RAMSCAN_MASTER, strlen(RAMSCAN_MASTER)))
			ksft_exit_fail_msg("there is a key in an event\n");
}

static void start_over(const struct nl_case *c)
{
	if (qsc_call_flush(ctl.sk, NULL))
		ksft_exit_fail_msg("flush: %s\n", qsc_last_error(ctl.sk)->text);
	c->prepare();
	drain_events();
}

/* As libqsc has it: what netlink refuses by itself it must not echo. */
static void open_nl(void)
{
	nlr_open(&ctl.nl, SIDE_A, true, true, false);
}

/* Ciphers that are put together of two: several times slower than the others. */
static int slow_ciphers(void)
{
	FILE *f = fopen("/proc/crypto", "r");
	char line[256];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += !strncmp(line, "driver", 6) && strstr(line, "gcm_base(");
	if (f)
		fclose(f);
	return n;
}

/* The @n-th allocation fails; 0: none. */
static struct outcome act(const struct nl_case *c, unsigned int n)
{
	static uint8_t buf[NL_BYTES];
	struct nlr_seen seen = {};
	struct outcome o = {};
	struct nlr_answer a = {};
	static struct nlr_msg m;
	int len = 0, err;

	if (!c->close_owner) {
		c->build(&m);
		len = nlr_flatten(&m, 1, buf, sizeof(buf));
	}
	inj_start(n);
	if (c->close_owner)
		close(ctl.nl.fd);
	else
		o.err = nlr_send(&ctl.nl, buf, len);
	o.injected = n && inj_stop();
	if (c->close_owner) {
		open_nl();
		o.answered = true;
		return o;
	}
	if (o.err) {
		o.answered = true;
		return o;
	}
	/* the answer itself may be what there was no memory for */
	do {
		err = nlr_read(&ctl.nl, 1, &a, 1, RAMSCAN_MASTER, &seen);
		o.answered = o.answered || a.acks || a.dones;
		o.err = a.err ? a.err : o.err;
	} while (err == ENOBUFS || err == ENOMEM);
	o.leaked = seen.marker || seen.echoed;
	return o;
}

static bool judge(const struct nl_case *c, unsigned int n, const struct outcome *o,
		  const struct table *before, const struct table *after)
{
	struct table now;
	bool good;

	look(&now);
	good = same(&now, after);
	if (o->err || !o->answered)
		good = same(&now, before) || (!o->answered && good);
	/* whoever closes is not asked */
	if (c->close_owner)
		good = same(&now, after);
	if (o->leaked || (o->err && o->err != -ENOMEM && o->err != -ENOBUFS))
		good = false;
	if (!good)
		ksft_print_msg("%s, allocation %u: %s, %s, now \"%s\", before \"%s\", after \"%s\"\n",
			       c->name, n, o->answered ? strerror(-o->err) : "no answer",
			       o->leaked ? "a key in the answer" : "no key in the answer",
			       now.text, before->text, after->text);
	return good;
}

/* Having failed is no reason to fail again. */
static bool again(const struct nl_case *c, unsigned int n, const struct table *after)
{
	struct outcome o = act(c, 0);
	struct table now;

	look(&now);
	if (!o.err && same(&now, after))
		return true;
	ksft_print_msg("%s, once more after allocation %u has failed: %s, \"%s\"\n", c->name, n,
		       strerror(-o.err), now.text);
	return false;
}

/* Without calls there is no key, however the one or the other came to its end. */
static void look_for_keys(const char *after)
{
	int hits;

	if (qsc_call_flush(ctl.sk, NULL))
		ksft_exit_fail_msg("flush: %s\n", qsc_last_error(ctl.sk)->text);
	hits = ramscan_hits();
	if (!hits)
		return;
	ksft_print_msg("after %s: session keys in %d places of memory\n", after, hits);
	ctl.dirty = true;
}

/* The control: what is looked for is what the module derives, and is found. */
static bool found(void (*prepare)(void), const char *what)
{
	int hits;

	prepare();
	hits = ramscan_hits();
	ksft_print_msg("keys of %s in %d places of memory\n", what, hits);
	if (qsc_call_flush(ctl.sk, NULL))
		ksft_exit_fail_msg("flush: %s\n", qsc_last_error(ctl.sk)->text);
	return hits > 0;
}

static void find_keys(void)
{
	bool all = found(keyed_call, "a call");

	all &= found(held_call, "a session that is held back");
	all &= found(newer_call, "a session");
	all &= found(many_calls, "calls that were made together");
	look_for_keys("them");
	ksft_test_result(all && !ctl.dirty,
			 "the keys of a call are in memory as long as it lives\n");
}

static void skip_keys(void)
{
	ksft_test_result_skip("keys of a call # SKIP there is no qsc_ramscan\n");
	ksft_test_result_skip("keys of failures # SKIP there is no qsc_ramscan\n");
}

static void run(const struct nl_case *c)
{
	unsigned int n, failures = 0;
	int slow = slow_ciphers();
	struct table before, after;
	struct outcome o;
	bool good;

	start_over(c);
	look(&before);
	o = act(c, 0);
	look(&after);
	good = !o.err && o.answered;

	for (n = 1; good && n < FAIL_MOST; n++) {
		start_over(c);
		o = act(c, n);
		good = judge(c, n, &o, &before, &after);
		if (!o.injected)
			break;
		failures += !!o.err;
		if (good && o.err)
			good = again(c, n, &after);
	}
	if (slow_ciphers() != slow) {
		ksft_print_msg("a slow cipher has taken the place of the usual one\n");
		good = false;
	}
	ksft_print_msg("%u allocations, %u of them needed\n", n - 1, failures);
	ksft_test_result(good && n > 1 && n < FAIL_MOST,
			 "without memory, nothing or all of it is done: %s\n", c->name);
	if (c->keys && ctl.ramscan)
		look_for_keys(c->name);
}

int fail_nl_plan(void)
{
	return N_CASES + 2;
}

void fail_nl(void)
{
	uint16_t family = nlr_family(SIDE_A, &ctl.group);
	struct nlr_sock s;
	int i;

	ctl.sk = dut_open(SIDE_A);
	msg_init(family, ctl.sk);
	/* with somebody who listens, there are events to be made */
	nlr_open(&s, SIDE_A, true, true, false);
	ctl.events = s.fd;
	if (setsockopt(s.fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &ctl.group, sizeof(ctl.group)))
		ksft_exit_fail_msg("events: %s\n", strerror(errno));
	open_nl();
	ctl.ramscan = ramscan_open();
	if (ctl.ramscan)
		find_keys();
	for (i = 0; i < N_CASES; i++)
		run(&cases[i]);
	if (ctl.ramscan) {
		look_for_keys("all of it");
		ksft_test_result(!ctl.dirty, "a failure leaves no session key in memory\n");
		ramscan_close();
	} else {
		skip_keys();
	}
	qsc_call_flush(ctl.sk, NULL);
	nlr_close(&ctl.nl);
	close(ctl.events);
	qsc_close(ctl.sk);
}
