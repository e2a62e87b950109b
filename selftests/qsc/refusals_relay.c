// SPDX-License-Identifier: GPL-2.0
/* Refusals of relay calls: of their legs, of what only these can do, of their keys. */
#include <arpa/inet.h>
#include <string.h>

#include "refusals.h"

#define TUPLES_PER_PORT 64
#define SHARED_PORT 7000

/* In network byte order: ports of the second leg */
#define PORT_3 "\x13\x8e"
#define PORT_4 "\x13\x8f"
#define SUITE_CM "\4\0\0\0"
#define SUITE_PLAIN "\5\0\0\0"
#define LEARN "\1\0\0\0"

/* ------------------------------------------------------------ good requests */

static int put_leg(struct nlr_msg *m, const char *port, uint32_t suite)
{
	int nest = nlr_nest(m, NL_ROOT, QSC_A_CALL_LEG);

	nlr_put_u32(m, nest, QSC_A_LEG_SUITE, suite);
	nlr_put(m, nest, QSC_A_LEG_LOCAL_ADDR, ADDR_1, 4);
	nlr_put(m, nest, QSC_A_LEG_LOCAL_PORT, port, 2);
	return nest;
}

static void put_remote(struct nlr_msg *m, int nest)
{
	nlr_put(m, nest, QSC_A_LEG_REMOTE_ADDR, ADDR_2, 4);
	nlr_put(m, nest, QSC_A_LEG_REMOTE_PORT, PORT, 2);
}

static int secure_leg(struct nlr_msg *m)
{
	int nest;

	refusals_start(m, QSC_CMD_CALL_NEW);
	nest = put_leg(m, PORT, QSC_SUITE_AES_CM_128_HMAC_SHA1_80);
	put_remote(m, nest);
	put_remote(m, put_leg(m, PORT_3, QSC_SUITE_PLAIN));
	return nest;
}

static int learning_leg(struct nlr_msg *m)
{
	int nest;

	refusals_start(m, QSC_CMD_CALL_NEW);
	put_remote(m, put_leg(m, PORT_3, QSC_SUITE_PLAIN));
	nest = put_leg(m, PORT, QSC_SUITE_AES_CM_128_HMAC_SHA1_80);
	nlr_put_u32(m, nest, QSC_A_LEG_FLAGS, QSC_LEG_FLAGS_LEARN);
	return nest;
}

static int plain_leg(struct nlr_msg *m)
{
	int nest;

	refusals_start(m, QSC_CMD_CALL_NEW);
	put_remote(m, put_leg(m, PORT, QSC_SUITE_AES_CM_128_HMAC_SHA1_80));
	nest = put_leg(m, PORT_3, QSC_SUITE_PLAIN);
	nlr_put_u32(m, nest, QSC_A_LEG_FLAGS, QSC_LEG_FLAGS_LEARN);
	nlr_put(m, nest, QSC_A_LEG_LEARN_ADDR, ADDR_2, 4);
	nlr_put_u8(m, nest, QSC_A_LEG_LEARN_PREFIX, 32);
	return nest;
}

static int third_leg(struct nlr_msg *m)
{
	int nest;

	secure_leg(m);
	nest = put_leg(m, PORT_4, QSC_SUITE_PLAIN);
	put_remote(m, nest);
	return nest;
}

static int same_leg_twice(struct nlr_msg *m)
{
	int i;

	refusals_start(m, QSC_CMD_CALL_NEW);
	for (i = 0; i < QSC_LEGS_MAX; i++)
		put_remote(m, put_leg(m, PORT, QSC_SUITE_PLAIN));
	return NL_ROOT;
}

static int endpoint(struct nlr_msg *m)
{
	int nest;

	refusals_start(m, QSC_CMD_CALL_NEW);
	nest = put_leg(m, PORT, QSC_SUITE_AEAD_AES_256_GCM);
	put_remote(m, nest);
	return nest;
}

static int another(struct nlr_msg *m)
{
	int nest = endpoint(m);

	m->node[refusals_find(m, NL_ROOT, QSC_A_CALL_ID)].gone = true;
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, CALL "-2");
	return nest;
}

/* Another call whose RTCP has the port of the relay's leg. */
static int another_with_rtcp(struct nlr_msg *m)
{
	int nest = another(m);

	nlr_put(m, nest, QSC_A_LEG_LOCAL_RTCP_PORT, PORT, 2);
	nlr_put(m, nest, QSC_A_LEG_REMOTE_RTCP_PORT, PORT, 2);
	return nest;
}

static int key_of(struct nlr_msg *m, uint8_t leg, uint32_t suite)
{
	struct qsc_key key = { .leg = leg, .dir = QSC_DIR_TX, .suite = suite };
	int nest;

	refusals_start(m, QSC_CMD_KEY_SET);
	nest = nlr_nest(m, NL_ROOT, QSC_A_CALL_KEY);
	nlr_put_u8(m, nest, QSC_A_KEY_LEG, leg);
	nlr_put_u32(m, nest, QSC_A_KEY_DIR, key.dir);
	nlr_put_u32(m, nest, QSC_A_KEY_SUITE, suite);
	qsc_suite_lengths(suite, &key.master_len, &key.salt_len);
	seal_put_key(&refusals_seal, m, nest, CALL, &key);
	return nest;
}

static int key_of_first_leg(struct nlr_msg *m)
{
	return key_of(m, 0, QSC_SUITE_AES_CM_128_HMAC_SHA1_80);
}

static int key_of_plain_leg(struct nlr_msg *m)
{
	return key_of(m, 1, QSC_SUITE_AES_CM_128_HMAC_SHA1_80);
}

static int key_of_third_leg(struct nlr_msg *m)
{
	return key_of(m, 2, QSC_SUITE_AES_CM_128_HMAC_SHA1_80);
}

static int key_of_no_suite(struct nlr_msg *m)
{
	return key_of(m, 1, QSC_SUITE_PLAIN);
}

static int key_of_another_suite(struct nlr_msg *m)
{
	return key_of(m, 0, QSC_SUITE_AEAD_AES_256_GCM);
}

static int session_of(struct nlr_msg *m, uint8_t leg, uint32_t suite)
{
	struct qsc_session s = {
		.leg = leg,
		.role = QSC_ROLE_CALLER,
		.caller = "alice",
		.callee = "bob",
		.suite = suite,
	};

	seal_wrap(&s, CALL, 1);
	refusals_start(m, QSC_CMD_SESSION_SET);
	return seal_put_session(&refusals_seal, m, CALL, &s);
}

static int session_of_plain_leg(struct nlr_msg *m)
{
	return session_of(m, 1, QSC_SUITE_AES_CM_128_HMAC_SHA1_80);
}

static int session_of_no_suite(struct nlr_msg *m)
{
	return session_of(m, 1, QSC_SUITE_PLAIN);
}

static int session_of_third_leg(struct nlr_msg *m)
{
	return session_of(m, 2, QSC_SUITE_AES_CM_128_HMAC_SHA1_80);
}

static int activate_plain_leg(struct nlr_msg *m)
{
	int nest;

	refusals_start(m, QSC_CMD_SESSION_ACTIVATE);
	nest = nlr_nest(m, NL_ROOT, QSC_A_CALL_SESSION);
	nlr_put_u8(m, nest, QSC_A_SESSION_LEG, 1);
	return nest;
}

/* ------------------------------------------------------------- the tables */

#define OF(make, what, err, says, ...)                             \
	{                                                          \
		#make ": " what, make, { __VA_ARGS__ }, err, says \
	}

#define FROM_WHERE "from where to learn is for plain legs that learn the remote"
#define FROM_PREFIX "a plain leg learns from a prefix"
#define NO_PREFIX "not a prefix of the local address's IP version"
#define NO_REMOTE_YET "a remote that is learnt has no address yet"
#define RELAY_SUITE "this suite is for the legs of relay calls only"
#define THE_APPLICATIONS "DSCP and TTL of an endpoint are its application's"
#define IN_USE "local and remote address are in use by another call or leg"
#define RTCP_IN_USE "the RTCP addresses are in use by another call or leg"
#define TAKES_NO_KEYS "a plain leg takes no keys"
#define NO_LINK "a link-local address needs a link, which a relay's leg has not"
#define LINK_LOCAL "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"

static const struct refusal calls[] = {
	OF(third_leg, "is one too many", -EINVAL, "a call has one leg, or two", {}),
	OF(same_leg_twice, "with one address", -EADDRINUSE, IN_USE, {}),
	OF(secure_leg, "index 2", -ERANGE, "", ATTR(QSC_A_LEG_INDEX, "\2")),
	OF(secure_leg, "comes first with index 1", -EINVAL, "in the order of their index",
	   ATTR(QSC_A_LEG_INDEX, "\1")),
	OF(plain_leg, "comes second with index 0", -EINVAL, "in the order of their index",
	   ATTR(QSC_A_LEG_INDEX, "\0")),
	OF(endpoint, "with index 1", -EINVAL, "in the order of their index",
	   ATTR(QSC_A_LEG_INDEX, "\1")),
	OF(secure_leg, "a suite that there is not", -ERANGE, "",
	   ATTR(QSC_A_LEG_SUITE, "\6\0\0\0")),
	OF(secure_leg, "a flag that there is not", -EINVAL, "",
	   ATTR(QSC_A_LEG_FLAGS, "\2\0\0\0")),
	OF(secure_leg, "DSCP 64", -ERANGE, "", ATTR(QSC_A_LEG_DSCP, "\x40")),
	OF(secure_leg, "TTL 0", -ERANGE, "", ATTR(QSC_A_LEG_TTL, "\0")),
	OF(secure_leg, "a clock that stands", -ERANGE, "", ATTR(QSC_A_LEG_CLOCK, "\0\0\0\0")),
	OF(secure_leg, "a clock of 192001 Hz", -ERANGE, "",
	   ATTR(QSC_A_LEG_CLOCK, "\x01\xee\x02\x00")),
	OF(secure_leg, "an address to learn from", -EINVAL, FROM_WHERE,
	   ATTR(QSC_A_LEG_LEARN_ADDR, ADDR_2)),
	OF(secure_leg, "a prefix to learn from", -EINVAL, FROM_WHERE,
	   ATTR(QSC_A_LEG_LEARN_PREFIX, "\x20")),
	OF(secure_leg, "a time to learn in", -EINVAL, FROM_WHERE,
	   ATTR(QSC_A_LEG_LEARN_WINDOW, "\1\0\0\0")),
	OF(learning_leg, "an address to learn from", -EINVAL, FROM_WHERE,
	   ATTR(QSC_A_LEG_LEARN_ADDR, ADDR_2), ATTR(QSC_A_LEG_LEARN_PREFIX, "\x20")),
	OF(learning_leg, "a remote address", -EINVAL, NO_REMOTE_YET,
	   ATTR(QSC_A_LEG_REMOTE_ADDR, ADDR_2)),
	OF(learning_leg, "a remote port", -EINVAL, NO_REMOTE_YET,
	   ATTR(QSC_A_LEG_REMOTE_PORT, PORT)),
	OF(learning_leg, "a remote RTCP port", -EINVAL, "the remote RTCP port is learnt",
	   ATTR(QSC_A_LEG_LOCAL_RTCP_PORT, PORT_2), ATTR(QSC_A_LEG_REMOTE_RTCP_PORT, PORT_2)),
	OF(learning_leg, "local RTCP port 0", -EINVAL, "port 0 is not a port",
	   ATTR(QSC_A_LEG_LOCAL_RTCP_PORT, PORT_0)),
	OF(learning_leg, "RTCP on the port of RTP", -EINVAL, "leave it out for RTCP mux",
	   ATTR(QSC_A_LEG_LOCAL_RTCP_PORT, PORT)),
	OF(plain_leg, "no address to learn from", -EINVAL, FROM_PREFIX, NO(QSC_A_LEG_LEARN_ADDR)),
	OF(plain_leg, "no prefix to learn from", -EINVAL, FROM_PREFIX,
	   NO(QSC_A_LEG_LEARN_PREFIX)),
	OF(plain_leg, "an IPv6 address to learn from", -EINVAL, NO_PREFIX,
	   ATTR(QSC_A_LEG_LEARN_ADDR, ADDR6_2)),
	OF(plain_leg, "33 bits of an IPv4 address", -EINVAL, NO_PREFIX,
	   ATTR(QSC_A_LEG_LEARN_PREFIX, "\x21")),
	OF(plain_leg, "129 bits", -ERANGE, "", ATTR(QSC_A_LEG_LEARN_PREFIX, "\x81")),
	OF(plain_leg, "to learn from an address of 5 bytes", -EINVAL,
	   "an address has 4 or 16 bytes", ATTR(QSC_A_LEG_LEARN_ADDR, ADDR_2 "\0")),
	OF(plain_leg, "to learn from an IPv4-mapped address", -EINVAL, "give the IPv4 address",
	   ATTR(QSC_A_LEG_LEARN_ADDR, MAPPED_1)),
	OF(plain_leg, "to learn in no time", -ERANGE, "",
	   ATTR(QSC_A_LEG_LEARN_WINDOW, "\0\0\0\0")),
	OF(plain_leg, "to learn for more than an hour", -ERANGE, "",
	   ATTR(QSC_A_LEG_LEARN_WINDOW, "\x11\x0e\0\0")),
	OF(secure_leg, "a link-local address", -EOPNOTSUPP, NO_LINK,
	   ATTR(QSC_A_LEG_LOCAL_ADDR, LINK_LOCAL), ATTR(QSC_A_LEG_REMOTE_ADDR, ADDR6_2)),
	OF(secure_leg, "a link-local remote", -EOPNOTSUPP, NO_LINK,
	   ATTR(QSC_A_LEG_LOCAL_ADDR, ADDR6_1), ATTR(QSC_A_LEG_REMOTE_ADDR, LINK_LOCAL)),
	OF(learning_leg, "a link-local address", -EOPNOTSUPP, NO_LINK,
	   ATTR(QSC_A_LEG_LOCAL_ADDR, LINK_LOCAL)),
	OF(endpoint, "AES-CM", -EOPNOTSUPP, RELAY_SUITE, ATTR(QSC_A_LEG_SUITE, SUITE_CM)),
	OF(endpoint, "plain", -EOPNOTSUPP, RELAY_SUITE, ATTR(QSC_A_LEG_SUITE, SUITE_PLAIN)),
	OF(endpoint, "that learns its remote", -EOPNOTSUPP, "only the legs of relay calls learn",
	   NO(QSC_A_LEG_REMOTE_ADDR), NO(QSC_A_LEG_REMOTE_PORT), ATTR(QSC_A_LEG_FLAGS, LEARN)),
	OF(endpoint, "DSCP", -EOPNOTSUPP, THE_APPLICATIONS, ATTR(QSC_A_LEG_DSCP, "\x2e")),
	OF(endpoint, "TTL", -EOPNOTSUPP, THE_APPLICATIONS, ATTR(QSC_A_LEG_TTL, "\x40")),
};

static const struct refusal good_calls[] = {
	OF(plain_leg, "as it should be", 0, "", {}),
	OF(plain_leg, "for an hour", 0, "", ATTR(QSC_A_LEG_LEARN_WINDOW, "\x10\x0e\0\0")),
	OF(plain_leg, "from anywhere", 0, "", ATTR(QSC_A_LEG_LEARN_PREFIX, "\0")),
	OF(learning_leg, "as it should be", 0, "", {}),
	OF(learning_leg, "with a local RTCP port", 0, "",
	   ATTR(QSC_A_LEG_LOCAL_RTCP_PORT, PORT_2)),
	OF(secure_leg, "as it should be", 0, "", {}),
	OF(endpoint, "link-local addresses", 0, "", ATTR(QSC_A_LEG_LOCAL_ADDR, LINK_LOCAL),
	   ATTR(QSC_A_LEG_REMOTE_ADDR, ADDR6_2)),
	OF(secure_leg, "DSCP, TTL and clock", 0, "", ATTR(QSC_A_LEG_DSCP, "\x3f"),
	   ATTR(QSC_A_LEG_TTL, "\xff"), ATTR(QSC_A_LEG_CLOCK, "\x00\xee\x02\x00")),
};

/* Beside learning_leg, which has its local address for itself. */
static const struct refusal places[] = {
	OF(another, "at an address whose remote is learnt", -EADDRINUSE, IN_USE, {}),
	OF(another, "at the address of the other leg", -EADDRINUSE, IN_USE,
	   ATTR(QSC_A_LEG_LOCAL_PORT, PORT_3)),
	OF(another_with_rtcp, "at such an address", -EADDRINUSE, RTCP_IN_USE,
	   ATTR(QSC_A_LEG_LOCAL_PORT, PORT_2)),
};

/* Of secure_leg, whose other leg is plain. */
static const struct refusal keys[] = {
	OF(key_of_third_leg, "there is none", -ENOENT, NO_SUCH_LEG, {}),
	OF(key_of_plain_leg, "it has none", -EINVAL, TAKES_NO_KEYS, {}),
	OF(key_of_no_suite, "plain", -EINVAL, TAKES_NO_KEYS, {}),
	OF(key_of_another_suite, "not the leg's", -EINVAL,
	   "the key is for another suite than the leg's", {}),
	OF(session_of_third_leg, "there is none", -ENOENT, NO_SUCH_LEG, {}),
	OF(session_of_plain_leg, "it has none", -EINVAL, TAKES_NO_KEYS, {}),
	OF(session_of_no_suite, "plain", -EINVAL, TAKES_NO_KEYS, {}),
	OF(activate_plain_leg, "it has none", -ENOKEY, "no sending key waits", {}),
	OF(key_of_first_leg, "as it should be", 0, "", {}),
};

/* ------------------------------------------------------------------ results */

static void judge_all(const struct refusal *r, size_t n)
{
	while (n--)
		refusals_judge(r++);
}

/* For tests that need a call; not a result. */
static void must_make(int (*make)(struct nlr_msg *m))
{
	static struct nlr_msg m;
	int err;

	make(&m);
	err = nlr_request(&refusals_nl, &m);
	if (err)
		ksft_exit_fail_msg("call new: %s\n", strerror(-err));
}

static void relays_are_refused(void)
{
	size_t i;

	judge_all(calls, COUNT(calls));
	refusals_expect_no_calls();
	for (i = 0; i < COUNT(good_calls); i++) {
		refusals_judge(&good_calls[i]);
		qsc_call_flush(refusals_sk, NULL);
	}
}

static void a_call_more(struct nlr_msg *m, int i)
{
	char id[16];
	int nest;

	snprintf(id, sizeof(id), "shared-%d", i);
	refusals_start_unnamed(m, QSC_CMD_CALL_NEW);
	nlr_put_str(m, NL_ROOT, QSC_A_CALL_ID, id);
	nest = nlr_nest(m, NL_ROOT, QSC_A_CALL_LEG);
	nlr_put(m, nest, QSC_A_LEG_LOCAL_ADDR, ADDR_1, 4);
	nlr_put_u16(m, nest, QSC_A_LEG_LOCAL_PORT, htons(SHARED_PORT));
	nlr_put(m, nest, QSC_A_LEG_REMOTE_ADDR, ADDR_2, 4);
	nlr_put_u16(m, nest, QSC_A_LEG_REMOTE_PORT, htons(SHARED_PORT + i));
}

static void port_is_full(void)
{
	static uint8_t buf[NL_BYTES];
	static struct nlr_msg m;
	int i, err = 0;
	bool good;

	for (i = 0; !err && i < TUPLES_PER_PORT; i++) {
		a_call_more(&m, i);
		err = nlr_request(&refusals_nl, &m);
	}
	if (err)
		ksft_exit_fail_msg("call %d of one port: %s\n", i, strerror(-err));
	a_call_more(&m, i);
	good = refusals_send(buf, nlr_flatten(&m, 1, buf, sizeof(buf)), -ENOSPC,
			     "too many calls share this local port");
	ksft_test_result(good, "a port has %d calls and no more\n", TUPLES_PER_PORT);
	qsc_call_flush(refusals_sk, NULL);
}

int refusals_relay_plan(void)
{
	return COUNT(calls) + 1 + COUNT(good_calls) + COUNT(places) + COUNT(keys) + 1;
}

void refusals_relay(void)
{
	relays_are_refused();
	must_make(learning_leg);
	judge_all(places, COUNT(places));
	qsc_call_flush(refusals_sk, NULL);
	/* it has taken the key that was sealed to */
	refusals_seal.id = 0;
	must_make(secure_leg);
	judge_all(keys, COUNT(keys));
	qsc_call_flush(refusals_sk, NULL);
	refusals_seal.id = 0;
	port_is_full();
	refusals_seal.id = 0;
}
