// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The key derivations against firmware-keys/vectors/qsc1.json. */
#include <errno.h>

#include "test.h"
#include "vectors.h"

#include "keys.h"

static void assert_hex(struct json_object *obj, const char *name, const uint8_t *have, size_t len)
{
	uint8_t want[512];

	assert_int_equal(hex(obj, name, want, sizeof(want)), len);
	assert_memory_equal(have, want, len);
}

static unsigned int digits_of(struct json_object *list, uint16_t *out, unsigned int size)
{
	unsigned int n = (unsigned int)json_object_array_length(list);

	assert_true(n <= size);
	for (unsigned int i = 0; i < n; i++)
		out[i] = (uint16_t)json_object_get_int(json_object_array_get_idx(list, i));
	return n;
}

static void check_ff1(struct json_object *v)
{
	uint16_t plain[32], sealed[32], have[32];
	uint8_t key[QSC_KEYS_LEN], tweak[32];
	unsigned int n = digits_of(member(v, "plaintext"), plain, 32);
	size_t tweak_len = hex(v, "tweak", tweak, sizeof(tweak));
	uint32_t radix = (uint32_t)num(v, "radix");

	assert_int_equal(digits_of(member(v, "ciphertext"), sealed, 32), n);
	hex(v, "key", key, sizeof(key));
	memcpy(have, plain, sizeof(have));
	assert_int_equal(qsc_ff1(key, radix, tweak, tweak_len, have, n, true), 0);
	assert_memory_equal(have, sealed, n * sizeof(*have));
	assert_int_equal(qsc_ff1(key, radix, tweak, tweak_len, have, n, false), 0);
	assert_memory_equal(have, plain, n * sizeof(*have));
}

static void ff1_computes_what_nist_says(void **state)
{
	(void)state;
	each("ff1", check_ff1);
}

static void ff1_refuses_what_it_cannot_do(void **state)
{
	uint8_t key[QSC_KEYS_LEN] = { 0 }, tweak[64] = { 0 };
	uint16_t digits[64] = { 9, 9, 9, 9 };

	(void)state;
	assert_int_equal(qsc_ff1(key, 1, NULL, 0, digits, 4, true), -EINVAL);
	assert_int_equal(qsc_ff1(key, 65537, NULL, 0, digits, 4, true), -EINVAL);
	assert_int_equal(qsc_ff1(key, 10, NULL, 0, digits, 1, true), -EINVAL);
	assert_int_equal(qsc_ff1(key, 10, tweak, 33, digits, 4, true), -EINVAL);
	assert_int_equal(qsc_ff1(key, 65536, NULL, 0, digits, 8, true), -EINVAL);
	digits[3] = 10;
	assert_int_equal(qsc_ff1(key, 10, NULL, 0, digits, 4, true), -EINVAL);
	assert_int_equal(digits[0], 0);
}

static void check_kid(struct json_object *v)
{
	uint8_t master[QSC_KEYS_LEN], card_key[QSC_KEYS_LEN];
	uint8_t core[QSC_KEYS_CORE], id[QSC_KEYS_KID];
	struct qsc_kid *kid;
	uint64_t card;
	uint32_t slot;

	hex(v, "kid_master", master, sizeof(master));
	assert_int_equal(qsc_kid_new(&kid, master), 0);
	assert_int_equal(qsc_kid_card_key(kid, num(v, "card"), card_key), 0);
	assert_hex(v, "card_key", card_key, sizeof(card_key));
	assert_int_equal(qsc_kid_core(kid, num(v, "card"), (uint32_t)num(v, "slot"), core), 0);
	assert_hex(v, "core", core, sizeof(core));
	assert_int_equal(qsc_kid_complete(card_key, core, id), 0);
	assert_hex(v, "kid", id, sizeof(id));
	assert_int_equal(qsc_kid_open(kid, id, &card, &slot), 0);
	assert_int_equal(card, num(v, "card"));
	assert_int_equal(slot, num(v, "slot"));
	qsc_kid_free(kid);
}

static void kids_are_known(void **state)
{
	(void)state;
	each("kids", check_kid);
}

static void check_forged_kid(struct json_object *v)
{
	uint8_t master[QSC_KEYS_LEN], id[QSC_KEYS_KID];
	struct qsc_kid *kid;
	uint64_t card;
	uint32_t slot;

	hex(v, "kid_master", master, sizeof(master));
	hex(v, "kid", id, sizeof(id));
	assert_int_equal(qsc_kid_new(&kid, master), 0);
	for (unsigned int bit = 0; bit < 8 * sizeof(id); bit++) {
		id[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(qsc_kid_open(kid, id, &card, &slot), -EBADMSG);
		assert_int_equal(card, 0);
		assert_int_equal(slot, 0);
		id[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	qsc_kid_free(kid);
}

static void forged_kids_are_refused_whichever_bit_is_wrong(void **state)
{
	(void)state;
	each("kids", check_forged_kid);
}

static void kids_have_room_for_40_and_24_bits_only(void **state)
{
	uint8_t master[QSC_KEYS_LEN] = { 1 }, key[QSC_KEYS_LEN], core[QSC_KEYS_CORE];
	struct qsc_kid *kid;

	(void)state;
	assert_int_equal(qsc_kid_new(&kid, master), 0);
	assert_int_equal(qsc_kid_card_key(kid, QSC_KEYS_CARD_MAX + 1, key), -EINVAL);
	assert_int_equal(qsc_kid_core(kid, QSC_KEYS_CARD_MAX + 1, 0, core), -EINVAL);
	assert_int_equal(qsc_kid_core(kid, 0, QSC_KEYS_SLOT_MAX + 1, core), -EINVAL);
	qsc_kid_free(kid);
	qsc_kid_free(NULL);
}

static void check_pool_key(struct json_object *v)
{
	uint8_t key[QSC_KEYS_LEN], kid[QSC_KEYS_KID], out[QSC_KEYS_LEN];

	hex(v, "pool_key", key, sizeof(key));
	hex(v, "kid", kid, sizeof(kid));
	assert_int_equal(qsc_keys_auth(key, kid, out), 0);
	assert_hex(v, "auth", out, sizeof(out));
	assert_int_equal(qsc_keys_dist(key, kid, out), 0);
	assert_hex(v, "dist", out, sizeof(out));
}

static void pool_keys_become_auth_and_dist_keys(void **state)
{
	(void)state;
	each("pool_keys", check_pool_key);
}

static void call_of(struct json_object *v, struct qsc_keys_call *call)
{
	memset(call, 0, sizeof(*call));
	snprintf(call->call_id, sizeof(call->call_id), "%s", string(v, "call_id"));
	snprintf(call->caller, sizeof(call->caller), "%s", string(v, "caller"));
	snprintf(call->callee, sizeof(call->callee), "%s", string(v, "callee"));
	call->role = (uint8_t)num(v, "role");
	call->suite = (uint32_t)num(v, "suite");
	call->epoch = (uint32_t)num(v, "epoch");
}

static void check_context(struct json_object *v)
{
	uint8_t context[QSC_KEYS_CONTEXT_MAX];
	struct qsc_keys_call call, again;
	int len;

	call_of(v, &call);
	len = qsc_keys_call_encode(&call, context);
	assert_true(len > 0);
	assert_hex(v, "context", context, (size_t)len);
	assert_int_equal(qsc_keys_call_decode(context, (size_t)len, &again), 0);
	assert_memory_equal(&call, &again, sizeof(call));
	/* Every shorter prefix is refused. */
	for (int i = 0; i < len; i++)
		assert_int_equal(qsc_keys_call_decode(context, (size_t)i, &again), -EINVAL);
}

static void call_contexts_are_known(void **state)
{
	(void)state;
	each("sessions", check_context);
}

static void check_bad_context(struct json_object *v)
{
	uint8_t context[512], zeros[sizeof(struct qsc_keys_call)] = { 0 };
	size_t len = hex(v, "context", context, sizeof(context));
	struct qsc_keys_call call;

	if (qsc_keys_call_decode(context, len, &call) != -EINVAL)
		fail_msg("accepted: %s", string(v, "why"));
	assert_memory_equal(&call, zeros, sizeof(zeros));
}

static void malformed_call_contexts_are_refused(void **state)
{
	(void)state;
	each("bad_contexts", check_bad_context);
}

static void contexts_that_break_a_rule_are_not_made(void **state)
{
	const struct qsc_keys_call good = { "c", QSC_KEYS_CALLER, "a", "b", 1, 0 };
	uint8_t out[QSC_KEYS_CONTEXT_MAX];
	struct qsc_keys_call bad;

	(void)state;
	assert_true(qsc_keys_call_encode(&good, out) > 0);
	bad = good;
	bad.call_id[0] = ' ';
	assert_int_equal(qsc_keys_call_encode(&bad, out), -EINVAL);
	bad = good;
	memset(bad.call_id, 'x', sizeof(bad.call_id)); /* no NUL */
	assert_int_equal(qsc_keys_call_encode(&bad, out), -EINVAL);
	bad = good;
	memset(bad.caller, 'x', sizeof(bad.caller));
	assert_int_equal(qsc_keys_call_encode(&bad, out), -EINVAL);
	bad = good;
	bad.callee[0] = '\0';
	assert_int_equal(qsc_keys_call_encode(&bad, out), -EINVAL);
	bad = good;
	bad.role = 3;
	assert_int_equal(qsc_keys_call_encode(&bad, out), -EINVAL);
	bad = good;
	bad.suite = 99;
	assert_int_equal(qsc_keys_call_encode(&bad, out), -EINVAL);
}

static void check_session(struct json_object *v)
{
	uint8_t dist[QSC_KEYS_LEN], x[QSC_KEYS_LEN], wrap[QSC_KEYS_LEN];
	uint8_t session[QSC_KEYS_LEN], opened[QSC_KEYS_LEN], sealed[QSC_KEYS_SEALED];
	uint8_t zeros[QSC_KEYS_LEN] = { 0 };
	struct qsc_keys_call call;

	call_of(v, &call);
	hex(v, "dist", dist, sizeof(dist));
	hex(v, "exporter", x, sizeof(x));
	hex(v, "session", session, sizeof(session));
	assert_int_equal(qsc_keys_wrap(dist, x, wrap), 0);
	assert_hex(v, "wrap", wrap, sizeof(wrap));
	assert_int_equal(qsc_keys_seal_session(wrap, &call, session, sealed), 0);
	assert_hex(v, "wrapped", sealed, sizeof(sealed));
	assert_int_equal(qsc_keys_open_session(wrap, &call, sealed, opened), 0);
	assert_memory_equal(opened, session, sizeof(session));

	/* Somebody else's copy, another epoch, a changed byte: nothing. */
	call.epoch ^= 1;
	assert_int_equal(qsc_keys_open_session(wrap, &call, sealed, opened), -EBADMSG);
	assert_memory_equal(opened, zeros, sizeof(zeros));
	call.epoch ^= 1;
	call.role ^= 3;
	assert_int_equal(qsc_keys_open_session(wrap, &call, sealed, opened), -EBADMSG);
	call.role ^= 3;
	sealed[QSC_KEYS_SEALED - 1] ^= 1;
	assert_int_equal(qsc_keys_open_session(wrap, &call, sealed, opened), -EBADMSG);
}

static void session_keys_are_wrapped_for_one_party(void **state)
{
	(void)state;
	each("sessions", check_session);
}

static void check_srtp(struct json_object *v)
{
	uint8_t session[QSC_KEYS_LEN], out[QSC_KEYS_SRTP_MAX], zeros[QSC_KEYS_SRTP_MAX] = { 0 };
	uint32_t suite = (uint32_t)num(v, "suite"), epoch = (uint32_t)num(v, "epoch");
	unsigned int libqsc_key_len, libqsc_salt_len;
	const char *call_id = string(v, "call_id");
	size_t key_len, salt_len, len;

	hex(v, "session", session, sizeof(session));
	assert_int_equal(qsc_keys_suite_lengths(suite, &key_len, &salt_len), 0);
	assert_int_equal(key_len, num(v, "key_len"));
	assert_int_equal(salt_len, num(v, "salt_len"));
	assert_int_equal(qsc_suite_lengths(suite, &libqsc_key_len, &libqsc_salt_len), 0);
	assert_int_equal(key_len, libqsc_key_len);
	assert_int_equal(salt_len, libqsc_salt_len);
	assert_string_equal(qsc_suite_name(suite), string(v, "suite_name"));

	len = key_len + salt_len;
	assert_int_equal(qsc_keys_srtp(session, call_id, suite, 1, epoch, out), 0);
	assert_hex(v, "caller_to_callee", out, len);
	assert_memory_equal(out + len, zeros, sizeof(out) - len);
	assert_int_equal(qsc_keys_srtp(session, call_id, suite, 2, epoch, out), 0);
	assert_hex(v, "callee_to_caller", out, len);
	assert_int_equal(qsc_keys_srtp(session, call_id, suite, 3, epoch, out), -EINVAL);
	assert_memory_equal(out, zeros, sizeof(out));
	assert_int_equal(qsc_keys_srtp(session, "", suite, 1, epoch, out), -EINVAL);
	assert_int_equal(qsc_keys_srtp(session, call_id, 0, 1, epoch, out), -EINVAL);
	assert_int_equal(qsc_keys_srtp(session, call_id, QSC_SUITE_MAX + 1, 1, epoch, out),
			 -EINVAL);
}

static void srtp_keys_are_known_for_every_suite(void **state)
{
	(void)state;
	each("sessions", check_srtp);
}

static void check_revocation(struct json_object *v)
{
	uint8_t key[QSC_KEYS_LEN], token[QSC_KEYS_REVOKE_TOKEN];

	hex(v, "revoke_key", key, sizeof(key));
	assert_int_equal(qsc_keys_revoke_token(key, num(v, "card"), token), 0);
	assert_hex(v, "token", token, sizeof(token));
	assert_int_equal(qsc_keys_revoke_token(key, QSC_KEYS_CARD_MAX + 1, token), -EINVAL);
}

static void revocation_tokens_are_known(void **state)
{
	(void)state;
	each("revocations", check_revocation);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ff1_computes_what_nist_says),
		cmocka_unit_test(ff1_refuses_what_it_cannot_do),
		cmocka_unit_test(kids_are_known),
		cmocka_unit_test(forged_kids_are_refused_whichever_bit_is_wrong),
		cmocka_unit_test(kids_have_room_for_40_and_24_bits_only),
		cmocka_unit_test(pool_keys_become_auth_and_dist_keys),
		cmocka_unit_test(call_contexts_are_known),
		cmocka_unit_test(malformed_call_contexts_are_refused),
		cmocka_unit_test(contexts_that_break_a_rule_are_not_made),
		cmocka_unit_test(session_keys_are_wrapped_for_one_party),
		cmocka_unit_test(srtp_keys_are_known_for_every_suite),
		cmocka_unit_test(revocation_tokens_are_known),
	};

	return cmocka_run_group_tests(tests, vectors_load, vectors_unload);
}
