// SPDX-License-Identifier: GPL-2.0
/* Refusals of many calls in a request: then none of them is made. */
#include <string.h>

#include "knob.h"
#include "refusals.h"

#define MAX_CALLS "/sys/module/qsc/parameters/max_calls"
#define OTHER "refusals-other"
#define SECRET_LEN 44 /* AEAD_AES_256_GCM, the suite unless told otherwise */
#define TOO_LONG 66000 /* bytes of calls */

static const uint8_t secrets[4 * SECRET_LEN];

/* ------------------------------------------------------------ good requests */

static void put_call(struct nlr_msg *m, int op, const char *id, const char *port)
{
	int nest;

	nlr_put_str(m, op, QSC_A_CALL_ID, id);
	nest = nlr_nest(m, op, QSC_A_CALL_LEG);
	nlr_put(m, nest, QSC_A_LEG_LOCAL_ADDR, ADDR_1, 4);
	nlr_put(m, nest, QSC_A_LEG_LOCAL_PORT, port, 2);
	nlr_put(m, nest, QSC_A_LEG_REMOTE_ADDR, ADDR_2, 4);
	nlr_put(m, nest, QSC_A_LEG_REMOTE_PORT, PORT, 2);
}

static int put_key(struct nlr_msg *m, int op, uint32_t dir, uint8_t leg)
{
	int nest = nlr_nest(m, op, QSC_A_CALL_KEY);

	nlr_put_u8(m, nest, QSC_A_KEY_LEG, leg);
	nlr_put_u32(m, nest, QSC_A_KEY_DIR, dir);
	nlr_put_u32(m, nest, QSC_A_KEY_SUITE, QSC_SUITE_AEAD_AES_256_GCM);
	return nest;
}

static int put_op(struct nlr_msg *m, const char *id, const char *port)
{
	int op = nlr_nest(m, NL_ROOT, QSC_A_CALL_OP);

	put_call(m, op, id, port);
	put_key(m, op, QSC_DIR_TX, 0);
	put_key(m, op, QSC_DIR_RX, 0);
	return op;
}

/* Two calls with two keys each, and what @len bytes of secrets are sealed in. */
static int two_calls(struct nlr_msg *m, int len)
{
	int op;

	refusals_start_unnamed(m, QSC_CMD_CALLS_NEW);
	put_op(m, CALL, PORT);
	op = put_op(m, CALL "-2", PORT_2);
	if (len)
		seal_put_batch(&refusals_seal, m, secrets, len);
	return op;
}

static int batch(struct nlr_msg *m)
{
	two_calls(m, sizeof(secrets));
	return NL_ROOT;
}

static int second_call(struct nlr_msg *m)
{
	return two_calls(m, sizeof(secrets));
}

static int box(struct nlr_msg *m)
{
	two_calls(m, sizeof(secrets));
	return refusals_find(m, NL_ROOT, QSC_A_CALL_SEALED);
}

static int keys_without_box(struct nlr_msg *m)
{
	two_calls(m, 0);
	return NL_ROOT;
}

static int box_of_three_keys(struct nlr_msg *m)
{
	two_calls(m, 3 * SECRET_LEN);
	return NL_ROOT;
}

static int box_of_half_a_key_more(struct nlr_msg *m)
{
	static const uint8_t more[sizeof(secrets) + SECRET_LEN / 2];

	two_calls(m, 0);
	seal_put_batch(&refusals_seal, m, more, sizeof(more));
	return NL_ROOT;
}

static int nothing(struct nlr_msg *m)
{
	refusals_start_unnamed(m, QSC_CMD_CALLS_NEW);
	return NL_ROOT;
}

static int box_alone(struct nlr_msg *m)
{
	nothing(m);
	seal_put_batch(&refusals_seal, m, secrets, sizeof(secrets));
	return NL_ROOT;
}

static int box_first(struct nlr_msg *m)
{
	box_alone(m);
	put_op(m, CALL, PORT);
	return NL_ROOT;
}

static int box_twice(struct nlr_msg *m)
{
	batch(m);
	seal_put_batch(&refusals_seal, m, secrets, sizeof(secrets));
	return NL_ROOT;
}

/* What comes before a key is looked for in the box needs no box. */
static int call_without_box(struct nlr_msg *m)
{
	int op;

	nothing(m);
	op = nlr_nest(m, NL_ROOT, QSC_A_CALL_OP);
	put_call(m, op, CALL, PORT);
	return op;
}

static int key_without_box(struct nlr_msg *m)
{
	return put_key(m, call_without_box(m), QSC_DIR_TX, 0);
}

static int key_of_second_leg(struct nlr_msg *m)
{
	int key = put_key(m, call_without_box(m), QSC_DIR_TX, 1);

	seal_put_batch(&refusals_seal, m, secrets, SECRET_LEN);
	return key;
}

static int same_call_twice(struct nlr_msg *m)
{
	nothing(m);
	put_call(m, nlr_nest(m, NL_ROOT, QSC_A_CALL_OP), CALL, PORT);
	put_call(m, nlr_nest(m, NL_ROOT, QSC_A_CALL_OP), CALL, PORT_2);
	return NL_ROOT;
}

static int same_address_twice(struct nlr_msg *m)
{
	nothing(m);
	put_call(m, nlr_nest(m, NL_ROOT, QSC_A_CALL_OP), CALL, PORT);
	put_call(m, nlr_nest(m, NL_ROOT, QSC_A_CALL_OP), CALL "-2", PORT);
	return NL_ROOT;
}

/* Of the ids of a call the last one counts; OTHER is somebody else's. */
static int two_ids(struct nlr_msg *m)
{
	int op;

	nothing(m);
	op = nlr_nest(m, NL_ROOT, QSC_A_CALL_OP);
	nlr_put_str(m, op, QSC_A_CALL_ID, OTHER);
	put_call(m, op, CALL, PORT);
	put_call(m, nlr_nest(m, NL_ROOT, QSC_A_CALL_OP), CALL, PORT_2);
	return NL_ROOT;
}

/* -------------------------------------------------------------- the table */

#define OF(make, what, err, says, ...)                                         \
	{                                                                      \
		"calls new: " #make what, make, { __VA_ARGS__ }, err, says \
	}

#define A_CALL_IS_MISSING "a call is missing"
#define NOT_SEALED_TO "cannot be opened: not sealed to this key, or not for this request"
#define SEALED_WITH_OTHERS "a key needs direction and suite; one box holds all keys"

static const struct refusal batches[] = {
	OF(nothing, "", -EINVAL, A_CALL_IS_MISSING, {}),
	OF(box_alone, "", -EINVAL, A_CALL_IS_MISSING, {}),
	OF(box_first, "", -EINVAL, "what is sealed comes last", {}),
	OF(box_twice, "", -EINVAL, "what is sealed comes once", {}),
	OF(box, " without id", -EINVAL, NEEDS_BOX, NO(QSC_A_SEAL_ID)),
	OF(box, " without public key", -EINVAL, NEEDS_BOX, NO(QSC_A_SEAL_PUBLIC)),
	OF(box, " that is none", -EINVAL, NEEDS_BOX, NO(QSC_A_SEAL_BOX)),
	OF(box, " that is empty", -EINVAL, NEEDS_BOX,
	   ATTR(QSC_A_SEAL_BOX, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
	OF(box, " of a sealing key that there never was", -EKEYEXPIRED,
	   "ask for a new sealing key", ATTR(QSC_A_SEAL_ID, "\0\0\0\0")),
	OF(box, " of something else", -EBADMSG, NOT_SEALED_TO,
	   ATTR(QSC_A_SEAL_BOX, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
	OF(box, " with a public key that makes a known secret", -EKEYREJECTED,
	   "the client's public key is a point of small order",
	   ATTR(QSC_A_SEAL_PUBLIC, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
				   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")),
	OF(second_call, ": not the one that its keys are for", -EBADMSG, NOT_SEALED_TO,
	   ATTR(QSC_A_CALL_ID, "another\0")),
	OF(keys_without_box, "", -EINVAL, "the box holds fewer keys than the calls name", {}),
	OF(box_of_three_keys, "", -EINVAL, "the box holds fewer keys than the calls name", {}),
	OF(box_of_half_a_key_more, "", -EINVAL, "the box holds more keys than the calls name", {}),
	OF(call_without_box, ", and without id", -EINVAL, "the call id is missing",
	   NO(QSC_A_CALL_ID)),
	OF(call_without_box, ", and without leg", -EINVAL, "a call needs a leg",
	   NO(QSC_A_CALL_LEG)),
	OF(call_without_box, " in a call", -EINVAL, "", ATTR(QSC_A_CALL_OP, "")),
	OF(key_without_box, ", and without direction", -EINVAL, SEALED_WITH_OTHERS,
	   NO(QSC_A_KEY_DIR)),
	OF(key_without_box, ", and without suite", -EINVAL, SEALED_WITH_OTHERS,
	   NO(QSC_A_KEY_SUITE)),
	OF(key_without_box, ", but sealed by itself", -EINVAL, SEALED_WITH_OTHERS,
	   ATTR(QSC_A_KEY_SEALED | NLA_F_NESTED, "")),
	OF(key_without_box, ", and plain", -EINVAL, "a plain leg takes no keys",
	   ATTR(QSC_A_KEY_SUITE, "\5\0\0\0")),
	OF(key_of_second_leg, "", -ENOENT, NO_SUCH_LEG, {}),
	OF(same_call_twice, "", -EEXIST, "a call with this id exists", {}),
	OF(same_address_twice, "", -EADDRINUSE, "are in use by another call or leg", {}),
};

static const struct refusal good_batches[] = {
	OF(batch, ", as it should be", 0, "", {}),
};

/* ------------------------------------------------------------------ results */

/* More calls than a box can be bound to; nobody comes to look at the box. */
static void too_many_calls(void)
{
	static uint8_t buf[TOO_LONG + 2 * NL_BYTES], one[NL_BYTES];
	static struct nlr_msg m;
	int calls, all, len;

	call_without_box(&m);
	calls = nlr_flatten(&m, 1, buf, NL_BYTES) - NL_HDR;
	seal_put_batch(&refusals_seal, &m, secrets, SECRET_LEN);
	all = nlr_flatten(&m, 1, one, sizeof(one));
	for (len = NL_HDR; len < TOO_LONG; len += calls)
		memcpy(buf + len, one + NL_HDR, calls);
	memcpy(buf + len, one + NL_HDR + calls, all - NL_HDR - calls);
	len += all - NL_HDR - calls;
	((struct nlmsghdr *)buf)->nlmsg_len = len;
	ksft_test_result(refusals_send(buf, len, -EINVAL, "more bytes of calls"),
			 "calls new: too many to be sealed\n");
}

static void no_room_for_all(void)
{
	static const struct refusal r = OF(batch, ", and room for one call", -ENOSPC,
					   "the call table is full", {});
	char was[32] = "";

	if (!knob_get(MAX_CALLS, was, sizeof(was)))
		ksft_exit_fail_msg("how many calls there may be cannot be read\n");
	knob_set(MAX_CALLS, "1");
	refusals_judge(&r);
	knob_set(MAX_CALLS, was);
}

static int note(const struct qsc_call *c, void *arg)
{
	(void)c;
	*(bool *)arg = true;
	return 0;
}

static void others_call_stays(void)
{
	static const struct refusal r = OF(two_ids, ", of which one is another's", -EEXIST,
					   "a call with this id exists", {});
	bool there = false;

	dut_call(refusals_sk, &(struct dut_call){ .id = OTHER });
	refusals_judge(&r);
	qsc_call_get(refusals_sk, OTHER, note, &there);
	ksft_test_result(there, "calls new: nobody else's call is gone\n");
	dut_del(refusals_sk, OTHER);
}

static int count(const struct qsc_call *c, void *arg)
{
	*(unsigned int *)arg += c->state == QSC_CALL_STATE_SECURE;
	return 0;
}

int refusals_batch_plan(void)
{
	return COUNT(batches) + COUNT(good_batches) + 7;
}

void refusals_batch(void)
{
	unsigned int secure = 0;
	size_t i;

	for (i = 0; i < COUNT(batches); i++)
		refusals_judge(&batches[i]);
	too_many_calls();
	no_room_for_all();
	refusals_expect_no_calls();
	others_call_stays();
	refusals_expect_no_calls();
	for (i = 0; i < COUNT(good_batches); i++)
		refusals_judge(&good_batches[i]);
	qsc_call_dump(refusals_sk, count, &secure);
	ksft_test_result(secure == 2, "calls new: both are secure\n");
	qsc_call_flush(refusals_sk, NULL);
}
