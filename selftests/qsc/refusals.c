// SPDX-License-Identifier: GPL-2.0
/*
 * A request that makes no sense is refused, is told what is wrong with it, and
 * changes nothing. Each is a good one with something in it replaced.
 */
#include <string.h>

#include "refusals.h"

#define SSRC 0x51534301

struct qsc_sock *refusals_sk;
struct nlr_sock refusals_nl;
struct seal refusals_seal;

void refusals_start_unnamed(struct nlr_msg *m, uint8_t cmd)
{
	static uint16_t family;

	if (!family)
		family = nlr_family(SIDE_A, NULL);
	nlr_start(m, family, cmd, NLM_F_ACK);
}

void refusals_start(struct nlr_msg *m, uint8_t cmd)
{
	refusals_start_unnamed(m, cmd);
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, CALL);
}

int refusals_find(const struct nlr_msg *m, int parent, uint16_t type)
{
	int i;

	for (i = 0; i < m->nodes; i++)
		if (m->node[i].parent == parent && !m->node[i].gone &&
		    (m->node[i].type & NLA_TYPE_MASK) == type)
			return i;
	return -1;
}

/* ------------------------------------------------------------ good requests */

static int leg(struct nlr_msg *m)
{
	int nest;

	refusals_start(m, QSC_CMD_CALL_NEW);
	nest = nlr_nest(m, NL_ROOT, QSC_A_CALL_LEG);
	nlr_put(m, nest, QSC_A_LEG_LOCAL_ADDR, ADDR_1, 4);
	nlr_put(m, nest, QSC_A_LEG_LOCAL_PORT, PORT, 2);
	nlr_put(m, nest, QSC_A_LEG_REMOTE_ADDR, ADDR_2, 4);
	nlr_put(m, nest, QSC_A_LEG_REMOTE_PORT, PORT, 2);
	return nest;
}

static int call(struct nlr_msg *m)
{
	leg(m);
	return NL_ROOT;
}

static int key(struct nlr_msg *m)
{
	struct qsc_key key = {
		.dir = QSC_DIR_TX,
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.master_len = 32,
		.salt_len = 12,
	};
	int nest;

	refusals_start(m, QSC_CMD_KEY_SET);
	nest = nlr_nest(m, NL_ROOT, QSC_A_CALL_KEY);
	nlr_put_u32(m, nest, QSC_A_KEY_DIR, key.dir);
	nlr_put_u32(m, nest, QSC_A_KEY_SUITE, key.suite);
	seal_put_key(&refusals_seal, m, nest, CALL, &key);
	return nest;
}

static int put_roc(struct nlr_msg *m, int key_nest, uint32_t ssrc)
{
	int nest = nlr_nest(m, key_nest, QSC_A_KEY_ROC);

	nlr_put_u32(m, nest, QSC_A_ROC_SSRC, ssrc);
	nlr_put_u32(m, nest, QSC_A_ROC_VALUE, 1);
	return nest;
}

static int key_and_rocs(struct nlr_msg *m, int n)
{
	int nest = key(m), i;

	for (i = 0; i < n; i++)
		put_roc(m, nest, SSRC + i);
	return nest;
}

static int as_many_rocs_as_may_be(struct nlr_msg *m)
{
	return key_and_rocs(m, QSC_KEY_ROC_MAX);
}

static int one_roc_more(struct nlr_msg *m)
{
	return key_and_rocs(m, QSC_KEY_ROC_MAX + 1);
}

static int roc(struct nlr_msg *m)
{
	return put_roc(m, key(m), SSRC);
}

static int same_ssrc_twice(struct nlr_msg *m)
{
	int nest = key(m);

	put_roc(m, nest, SSRC);
	return put_roc(m, nest, SSRC);
}

static int sealed(struct nlr_msg *m)
{
	return refusals_find(m, key(m), QSC_A_KEY_SEALED);
}

static int session(struct nlr_msg *m)
{
	struct qsc_session s = {
		.role = QSC_ROLE_CALLER,
		.caller = "alice",
		.callee = "bob",
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
	};

	seal_wrap(&s, CALL, 1);
	refusals_start(m, QSC_CMD_SESSION_SET);
	return seal_put_session(&refusals_seal, m, CALL, &s);
}

static int activate(struct nlr_msg *m)
{
	int nest;

	refusals_start(m, QSC_CMD_SESSION_ACTIVATE);
	nest = nlr_nest(m, NL_ROOT, QSC_A_CALL_SESSION);
	nlr_put(m, nest, QSC_A_SESSION_LEG, "\0", 1);
	return nest;
}

/* -------------------------------------------------------------- the table */

#define OF_CALL(what, replaced, err, says)                       \
	{                                                        \
		"call new: " what, call, { replaced }, err, says \
	}
#define OF_LEG(what, err, says, ...)                          \
	{                                                     \
		"leg: " what, leg, { __VA_ARGS__ }, err, says \
	}
#define OF_KEY(what, make, err, says, ...)                         \
	{                                                          \
		"key set: " what, make, { __VA_ARGS__ }, err, says \
	}
#define OF_SESSION(what, err, says, ...)                                  \
	{                                                                 \
		"session set: " what, session, { __VA_ARGS__ }, err, says \
	}

#define OF_ACTIVATE(what, err, says, ...)                                       \
	{                                                                       \
		"session activate: " what, activate, { __VA_ARGS__ }, err, says \
	}

#define NEEDS_ADDRESSES "a leg needs local and remote address and port"
#define NOT_ONE_HOST "not the address of one host"
#define NOT_A_PORT "port 0 is not a port"
#define NOT_A_PARTY "a party is named by letters, digits"

static const struct refusal calls[] = {
	OF_CALL("no id", NO(QSC_A_CALL_ID), -EINVAL, "the call id is missing"),
	OF_CALL("an empty id", ATTR(QSC_A_CALL_ID, "\0"), -EINVAL, "the call id is empty"),
	OF_CALL("a space in the id", ATTR(QSC_A_CALL_ID, "a b\0"), -EINVAL,
		"printable ASCII without spaces"),
	OF_CALL("a letter beyond ASCII in the id", ATTR(QSC_A_CALL_ID, "\xc3\xa9\0"), -EINVAL,
		"printable ASCII without spaces"),
	OF_CALL("no leg", NO(QSC_A_CALL_LEG), -EINVAL, "a call needs a leg"),
	OF_LEG("no local address", -EINVAL, NEEDS_ADDRESSES, NO(QSC_A_LEG_LOCAL_ADDR)),
	OF_LEG("no local port", -EINVAL, NEEDS_ADDRESSES, NO(QSC_A_LEG_LOCAL_PORT)),
	OF_LEG("no remote address", -EINVAL, NEEDS_ADDRESSES, NO(QSC_A_LEG_REMOTE_ADDR)),
	OF_LEG("no remote port", -EINVAL, NEEDS_ADDRESSES, NO(QSC_A_LEG_REMOTE_PORT)),
	OF_LEG("local port 0", -EINVAL, NOT_A_PORT, ATTR(QSC_A_LEG_LOCAL_PORT, PORT_0)),
	OF_LEG("remote port 0", -EINVAL, NOT_A_PORT, ATTR(QSC_A_LEG_REMOTE_PORT, PORT_0)),
	OF_LEG("an address of 5 bytes", -EINVAL, "an address has 4 or 16 bytes",
	       ATTR(QSC_A_LEG_LOCAL_ADDR, ADDR_1 "\0")),
	OF_LEG("0.0.0.0", -EINVAL, NOT_ONE_HOST, ATTR(QSC_A_LEG_LOCAL_ADDR, "\0\0\0\0")),
	OF_LEG("224.0.0.1", -EINVAL, NOT_ONE_HOST, ATTR(QSC_A_LEG_REMOTE_ADDR, "\xe0\0\0\x01")),
	OF_LEG("255.255.255.255", -EINVAL, NOT_ONE_HOST,
	       ATTR(QSC_A_LEG_REMOTE_ADDR, "\xff\xff\xff\xff")),
	OF_LEG("::", -EINVAL, NOT_ONE_HOST,
	       ATTR(QSC_A_LEG_LOCAL_ADDR, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
	OF_LEG("ff02::1", -EINVAL, NOT_ONE_HOST,
	       ATTR(QSC_A_LEG_LOCAL_ADDR, "\xff\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\x01")),
	OF_LEG("::ffff:192.0.2.1", -EINVAL, "an IPv4-mapped address: give the IPv4 address",
	       ATTR(QSC_A_LEG_LOCAL_ADDR, MAPPED_1)),
	OF_LEG("from IPv6 to IPv4", -EINVAL, "of different IP versions",
	       ATTR(QSC_A_LEG_LOCAL_ADDR, ADDR6_1)),
	OF_LEG("with itself", -EINVAL, "local and remote address and port are the same",
	       ATTR(QSC_A_LEG_REMOTE_ADDR, ADDR_1)),
	OF_LEG("with itself, IPv6", -EINVAL, "local and remote address and port are the same",
	       ATTR(QSC_A_LEG_LOCAL_ADDR, ADDR6_1), ATTR(QSC_A_LEG_REMOTE_ADDR, ADDR6_1)),
	OF_LEG("a local RTCP port only", -EINVAL, "give both RTCP ports",
	       ATTR(QSC_A_LEG_LOCAL_RTCP_PORT, PORT_2)),
	OF_LEG("a remote RTCP port only", -EINVAL, "give both RTCP ports",
	       ATTR(QSC_A_LEG_REMOTE_RTCP_PORT, PORT_2)),
	OF_LEG("local RTCP port 0", -EINVAL, NOT_A_PORT, ATTR(QSC_A_LEG_LOCAL_RTCP_PORT, PORT_0),
	       ATTR(QSC_A_LEG_REMOTE_RTCP_PORT, PORT_2)),
	OF_LEG("remote RTCP port 0", -EINVAL, NOT_A_PORT, ATTR(QSC_A_LEG_LOCAL_RTCP_PORT, PORT_2),
	       ATTR(QSC_A_LEG_REMOTE_RTCP_PORT, PORT_0)),
	OF_LEG("RTCP on the port of RTP", -EINVAL, "leave it out for RTCP mux",
	       ATTR(QSC_A_LEG_LOCAL_RTCP_PORT, PORT), ATTR(QSC_A_LEG_REMOTE_RTCP_PORT, PORT_2)),
};

static const struct refusal good_calls[] = {
	OF_LEG("as it should be", 0, "", {}),
	OF_LEG("IPv6 as it should be", 0, "", ATTR(QSC_A_LEG_LOCAL_ADDR, ADDR6_1),
	       ATTR(QSC_A_LEG_REMOTE_ADDR, ADDR6_2)),
	OF_LEG("RTCP ports as they should be", 0, "", ATTR(QSC_A_LEG_LOCAL_RTCP_PORT, PORT_2),
	       ATTR(QSC_A_LEG_REMOTE_RTCP_PORT, PORT_2)),
};

static const struct refusal keys[] = {
	OF_KEY("no direction", key, -EINVAL, "a key needs direction", NO(QSC_A_KEY_DIR)),
	OF_KEY("no suite", key, -EINVAL, "a key needs direction", NO(QSC_A_KEY_SUITE)),
	OF_KEY("nothing sealed", key, -EINVAL, "a key needs direction", NO(QSC_A_KEY_SEALED)),
	OF_KEY("sealed without a public key", sealed, -EINVAL, NEEDS_BOX,
	       NO(QSC_A_SEAL_PUBLIC)),
	OF_KEY("a box that is empty", sealed, -EINVAL, "wrong length of what is sealed",
	       ATTR(QSC_A_SEAL_BOX, "")),
	OF_KEY("a public key that makes a known secret", sealed, -EKEYREJECTED,
	       "the client's public key is a point of small order",
	       ATTR(QSC_A_SEAL_PUBLIC, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				       "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
	OF_KEY("a sealing key that there never was", sealed, -EKEYEXPIRED,
	       "ask for a new sealing key", ATTR(QSC_A_SEAL_ID, "\0\0\0\0")),
	OF_KEY("a ROC without SSRC", roc, -EINVAL, "an initial ROC needs SSRC and value",
	       NO(QSC_A_ROC_SSRC)),
	OF_KEY("a ROC without value", roc, -EINVAL, "an initial ROC needs SSRC and value",
	       NO(QSC_A_ROC_VALUE)),
	OF_KEY("a ROC of 3 bytes", roc, -EINVAL, "", ATTR(QSC_A_ROC_VALUE, "\0\0\0")),
	OF_KEY("two ROCs of one SSRC", same_ssrc_twice, -EINVAL, "this SSRC is given twice", {}),
	OF_KEY("too many ROCs", one_roc_more, -EINVAL, "too many initial ROCs", {}),
};

static const struct refusal good_keys[] = {
	OF_KEY("as it should be", key, 0, "", {}),
	OF_KEY("as many ROCs as may be", as_many_rocs_as_may_be, 0, "", {}),
};

#define NEEDS_CONTEXT "a session needs role, caller, callee, suite and epoch"

static const struct refusal sessions[] = {
	OF_SESSION("no role", -EINVAL, NEEDS_CONTEXT, NO(QSC_A_SESSION_ROLE)),
	OF_SESSION("no epoch", -EINVAL, NEEDS_CONTEXT, NO(QSC_A_SESSION_EPOCH)),
	OF_SESSION("an empty caller", -EINVAL, NOT_A_PARTY, ATTR(QSC_A_SESSION_CALLER, "\0")),
	OF_SESSION("an empty callee", -EINVAL, NOT_A_PARTY, ATTR(QSC_A_SESSION_CALLEE, "\0")),
	OF_SESSION("a space in the callee", -EINVAL, NOT_A_PARTY,
		   ATTR(QSC_A_SESSION_CALLEE, "bob or\0")),
	OF_SESSION("another callee", -EBADMSG, "not sealed to this key, or not for this request",
		   ATTR(QSC_A_SESSION_CALLEE, "mallory\0")),
};

static const struct refusal good_sessions[] = {
	OF_SESSION("as it should be", 0, "", {}),
};

static const struct refusal activations[] = {
	OF_ACTIVATE("more than the leg", -EINVAL, "to activate takes nothing but the leg",
		    ATTR(QSC_A_SESSION_EPOCH, "\0\0\0\0")),
	OF_ACTIVATE("no such leg", -ENOENT, NO_SUCH_LEG,
		    ATTR(QSC_A_SESSION_LEG, "\1")),
	OF_ACTIVATE("nothing that waits", -ENOKEY, "no sending key waits", {}),
};

/* ------------------------------------------------------------------ results */

static void replace(struct nlr_msg *m, int parent, const struct attr *a)
{
	int old = refusals_find(m, parent, a->type);

	if (old >= 0)
		m->node[old].gone = true;
	else if (a->len == ABSENT)
		ksft_exit_fail_msg("there is no attribute %u to leave out\n", a->type);
	if (a->len != ABSENT && nlr_put(m, parent, a->type, a->data, a->len) < 0)
		ksft_exit_fail_msg("no room for attribute %u\n", a->type);
}

static bool is_answer(const struct nlr_answer *a, int err, const char *says)
{
	if (a->err == err && strstr(a->text, says))
		return true;
	ksft_print_msg("%s, \"%s\"; not %s, \"%s\"\n", strerror(-a->err), a->text,
		       strerror(-err), says);
	return false;
}

bool refusals_send(const void *buf, int len, int err, const char *says)
{
	struct nlr_seen seen = {};
	struct nlr_answer a;

	if (nlr_send(&refusals_nl, buf, len) ||
	    nlr_read(&refusals_nl, 1, &a, 1, NULL, &seen) || a.acks != 1)
		ksft_exit_fail_msg("no answer instead of \"%s\"\n", says);
	return is_answer(&a, err, says);
}

void refusals_judge(const struct refusal *r)
{
	static uint8_t buf[NL_BYTES];
	static struct nlr_msg m;
	int i, nest, len;

	seal_refresh(&refusals_seal, refusals_sk);
	nest = r->make(&m);
	for (i = 0; i < REPLACED && r->attr[i].type; i++)
		replace(&m, nest, &r->attr[i]);
	len = nlr_flatten(&m, 1, buf, sizeof(buf));
	ksft_test_result(refusals_send(buf, len, r->err, r->says), "%s\n", r->what);
}

static int count_keys(const struct qsc_call *c, void *arg)
{
	*(unsigned int *)arg = c->legs[0].n_keys;
	return 0;
}

static void expect_keys(unsigned int want, const char *name)
{
	unsigned int n = 0;

	if (qsc_call_get(refusals_sk, CALL, count_keys, &n))
		ksft_exit_fail_msg("call get: %s\n", qsc_last_error(refusals_sk)->text);
	if (n != want)
		ksft_print_msg("%u keys, not %u\n", n, want);
	ksft_test_result(n == want, "%s\n", name);
}

void refusals_expect_no_calls(void)
{
	struct qsc_info info;

	if (qsc_info(refusals_sk, &info))
		ksft_exit_fail_msg("info: %s\n", qsc_last_error(refusals_sk)->text);
	ksft_test_result(!info.calls, "none of that made a call\n");
}

static void calls_are_refused(void)
{
	size_t i;

	for (i = 0; i < COUNT(calls); i++)
		refusals_judge(&calls[i]);
	refusals_expect_no_calls();
	for (i = 0; i < COUNT(good_calls); i++) {
		refusals_judge(&good_calls[i]);
		dut_del(refusals_sk, CALL);
	}
}

static void keys_are_refused(void)
{
	size_t i;

	dut_call(refusals_sk, &(struct dut_call){ .id = CALL });
	for (i = 0; i < COUNT(keys); i++)
		refusals_judge(&keys[i]);
	expect_keys(0, "none of that was a key");
	for (i = 0; i < COUNT(good_keys); i++)
		refusals_judge(&good_keys[i]);
	expect_keys(1, "what is as it should be is a key");
	dut_del(refusals_sk, CALL);
}

static void sessions_are_refused(void)
{
	size_t i;

	dut_call(refusals_sk, &(struct dut_call){ .id = CALL });
	for (i = 0; i < COUNT(sessions); i++)
		refusals_judge(&sessions[i]);
	expect_keys(0, "none of that was a session");
	for (i = 0; i < COUNT(good_sessions); i++)
		refusals_judge(&good_sessions[i]);
	expect_keys(2, "what is as it should be is a session");
	for (i = 0; i < COUNT(activations); i++)
		refusals_judge(&activations[i]);
	dut_del(refusals_sk, CALL);
}

int main(void)
{
	ksft_print_header();
	net_up();
	net_pin();
	refusals_sk = dut_open(SIDE_A);
	nlr_open(&refusals_nl, SIDE_A, true, true, false);
	ksft_set_plan(COUNT(calls) + COUNT(good_calls) + COUNT(keys) + COUNT(good_keys) +
		      COUNT(sessions) + COUNT(good_sessions) + COUNT(activations) + 5 +
		      refusals_relay_plan() + refusals_batch_plan());
	calls_are_refused();
	keys_are_refused();
	sessions_are_refused();
	refusals_relay();
	refusals_batch();
	nlr_close(&refusals_nl);
	qsc_close(refusals_sk);
	ksft_finished();
}
