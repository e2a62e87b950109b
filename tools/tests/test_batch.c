// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many calls with their keys in a request: how they are divided, that the box is
 * bound to all of them, and that nothing of the keys is left. The test has the
 * module's half of the sealing key, and opens the boxes as the module does.
 */
#include <arpa/inet.h>
#include <errno.h>

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "leftover.h"
#include "script.h"

#define CALLS 200
#define KEYS_MAX 4
#define KEY_LEN 32
#define MASTER_LEN 44 /* with the salt */
#define REQUEST_MAX 32768
#define LABEL "calls-new"

/* What a request was made of. */
struct seen {
	unsigned int ops;
	unsigned int keys;
	size_t calls_len;
	size_t len;
	uint8_t *aad; /* with the label; NULL if nothing was sealed */
	size_t aad_len;
	uint32_t seal_id;
	uint8_t public[QSC_SEAL_PUBLIC_LEN];
	uint8_t *box;
	size_t box_len;
	bool has_secret; /* in clear */
};

static struct qsc_call_setup calls[CALLS];
static struct qsc_key keys[CALLS][KEYS_MAX];
static char ids[CALLS][16];

static struct seen seen[8];
static unsigned int n_seen;
static EVP_PKEY *module_key;
static struct qsc_sock *sk;
static unsigned int done;

/* Different for each key, and from byte to byte. */
static void fill(uint8_t *bytes, size_t len, unsigned int number)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (number * 131 + i * 7 + 5) * 2654435761U >> 17;
}

static struct qsc_key a_key(unsigned int number)
{
	uint8_t secret[MASTER_LEN];
	struct qsc_key key = {
		.leg = number % KEYS_MAX / 2,
		.dir = number % 2 ? QSC_DIR_RX : QSC_DIR_TX,
		.suite = QSC_SUITE_AEAD_AES_256_GCM,
		.mki_len = 4,
		.master_len = 32,
		.salt_len = 12,
	};

	fill(secret, sizeof(secret), number);
	memcpy(key.master, secret, 32);
	memcpy(key.salt, secret + 32, 12);
	return key;
}

static void an_addr(union qsc_addr *addr, unsigned int port)
{
	addr->in4.sin_family = AF_INET;
	addr->in4.sin_port = htons(port);
	inet_pton(AF_INET, "192.0.2.1", &addr->in4.sin_addr);
}

static void make_call(unsigned int i, unsigned int n_keys)
{
	struct qsc_call_params *p = &calls[i].params;

	snprintf(ids[i], sizeof(ids[i]), "call-%u", i);
	memset(p, 0, sizeof(*p));
	p->id = ids[i];
	p->n_legs = QSC_LEGS_MAX;
	for (unsigned int leg = 0; leg < QSC_LEGS_MAX; leg++) {
		an_addr(&p->legs[leg].local, 10000 + 2 * i + leg);
		an_addr(&p->legs[leg].remote, 20000 + 2 * i + leg);
	}
	for (unsigned int k = 0; k < KEYS_MAX; k++)
		keys[i][k] = a_key(i * KEYS_MAX + k);
	calls[i].keys = keys[i];
	calls[i].n_keys = n_keys;
}

static struct nlattr *first_attr(struct nlmsghdr *nlh)
{
	return genlmsg_attrdata(nlmsg_data(nlh), 0);
}

static void look_at_op(struct seen *s, struct nlattr *op)
{
	struct nlattr *attr;
	int rem;

	s->ops++;
	nla_for_each_nested(attr, op, rem) {
		if (nla_type(attr) == QSC_A_CALL_KEY)
			s->keys++;
	}
}

static void look_at_sealed(struct seen *s, struct nlattr *nest, const void *calls_at)
{
	struct nlattr *tb[QSC_A_SEAL_MAX + 1];

	assert_int_equal(nla_parse_nested(tb, QSC_A_SEAL_MAX, nest, NULL), 0);
	s->seal_id = nla_get_u32(tb[QSC_A_SEAL_ID]);
	memcpy(s->public, nla_data(tb[QSC_A_SEAL_PUBLIC]), sizeof(s->public));
	s->box_len = nla_len(tb[QSC_A_SEAL_BOX]);
	s->box = malloc(s->box_len);
	memcpy(s->box, nla_data(tb[QSC_A_SEAL_BOX]), s->box_len);
	s->calls_len = (char *)nest - (char *)calls_at;
	s->aad_len = strlen(LABEL) + s->calls_len;
	s->aad = malloc(s->aad_len);
	memcpy(s->aad, LABEL, strlen(LABEL));
	memcpy(s->aad + strlen(LABEL), calls_at, s->calls_len);
}

/* Calls without a gap, then what is sealed, then nothing. */
static void look(struct nlmsghdr *nlh)
{
	struct genlmsghdr *genl = nlmsg_data(nlh);
	struct nlattr *attr, *first = first_attr(nlh);
	uint8_t secret[MASTER_LEN];
	struct seen *s;
	int rem;

	if (genl->cmd != QSC_CMD_CALLS_NEW)
		return;
	assert_true(n_seen < 8);
	s = &seen[n_seen++];
	s->len = nlh->nlmsg_len;
	nla_for_each_attr(attr, first, genlmsg_attrlen(genl, 0), rem) {
		assert_null(s->aad);
		if (nla_type(attr) == QSC_A_CALL_OP) {
			look_at_op(s, attr);
			continue;
		}
		assert_int_equal(nla_type(attr), QSC_A_CALL_SEALED);
		look_at_sealed(s, attr, first);
	}
	assert_int_equal(rem, 0);
	for (unsigned int i = 0; i < CALLS * KEYS_MAX; i++) {
		fill(secret, sizeof(secret), i);
		s->has_secret = s->has_secret || memmem(nlh, nlh->nlmsg_len, secret, 8);
	}
}

static void agree(const struct seen *s, uint8_t shared[KEY_LEN])
{
	EVP_PKEY *theirs =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, s->public, QSC_SEAL_PUBLIC_LEN);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(module_key, NULL);
	size_t len = KEY_LEN;

	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, theirs), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, shared, &len), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(theirs);
}

static void derive(const struct seen *s, uint8_t key[KEY_LEN])
{
	uint8_t shared[KEY_LEN], salt[2 * QSC_SEAL_PUBLIC_LEN];
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, (void *)"SHA256", 6),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_KEY, shared, sizeof(shared)),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof(salt)),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_INFO, (void *)"qsc/1 seal", 10),
		OSSL_PARAM_END,
	};

	agree(s, shared);
	memcpy(salt, s->public, QSC_SEAL_PUBLIC_LEN);
	memcpy(salt + QSC_SEAL_PUBLIC_LEN, sk->seal.public, QSC_SEAL_PUBLIC_LEN);
	assert_int_equal(EVP_KDF_derive(ctx, key, KEY_LEN, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

/* Whether the box opens; @plain has room for it. */
static bool opens(const struct seen *s, uint8_t *plain)
{
	static const uint8_t nonce[12];
	size_t len = s->box_len - QSC_SEAL_TAG_LEN;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t key[KEY_LEN];
	bool good;
	int n;

	derive(s, key);
	good = EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) > 0 &&
	       EVP_DecryptUpdate(ctx, NULL, &n, s->aad, (int)s->aad_len) > 0 &&
	       EVP_DecryptUpdate(ctx, plain, &n, s->box, (int)len) > 0 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, QSC_SEAL_TAG_LEN, s->box + len) >
		       0 &&
	       EVP_DecryptFinal_ex(ctx, plain + n, &n) > 0;
	EVP_CIPHER_CTX_free(ctx);
	return good;
}

/* The box holds the secrets of so many keys, from that number on, in their order. */
static void assert_holds(const struct seen *s, unsigned int number, unsigned int n)
{
	static uint8_t plain[REQUEST_MAX];
	uint8_t want[MASTER_LEN];

	assert_int_equal(s->box_len, n * MASTER_LEN + QSC_SEAL_TAG_LEN);
	assert_true(opens(s, plain));
	for (unsigned int i = 0; i < n; i++) {
		fill(want, sizeof(want), number + i);
		assert_memory_equal(plain + (size_t)i * MASTER_LEN, want, MASTER_LEN);
	}
}

static int start(void **state)
{
	size_t len = QSC_SEAL_PUBLIC_LEN;

	(void)state;
	script_reset();
	script.on_send = look;
	sk = script_sock();
	module_key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	assert_int_equal(EVP_PKEY_get_raw_public_key(module_key, sk->seal.public, &len), 1);
	sk->seal.id = 77;
	for (unsigned int i = 0; i < CALLS; i++)
		make_call(i, KEYS_MAX);
	done = 99;
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < n_seen; i++) {
		free(seen[i].aad);
		free(seen[i].box);
	}
	memset(seen, 0, sizeof(seen));
	n_seen = 0;
	qsc_close(sk);
	EVP_PKEY_free(module_key);
	if (script.freed_dirty)
		fail_msg("%u messages were not wiped", script.freed_dirty);
	return 0;
}

static void a_few_calls_are_one_request(void **state)
{
	(void)state;
	script_ack();
	assert_int_equal(qsc_calls_new(sk, calls, 3, &done), 0);
	assert_int_equal(done, 3);
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].ops, 3);
	assert_int_equal(seen[0].keys, 3 * KEYS_MAX);
	assert_int_equal(seen[0].seal_id, 77);
	assert_holds(&seen[0], 0, 3 * KEYS_MAX);
}

static void many_are_divided_and_stay_in_their_order(void **state)
{
	unsigned int made = 0;

	(void)state;
	for (int i = 0; i < 8; i++)
		script_ack();
	assert_int_equal(qsc_calls_new(sk, calls, CALLS, &done), 0);
	assert_int_equal(done, CALLS);
	assert_in_range(n_seen, 2, 8);
	for (unsigned int i = 0; i < n_seen; i++) {
		assert_true(seen[i].ops > 0);
		assert_in_range(seen[i].len, 1, REQUEST_MAX);
		assert_int_equal(seen[i].keys, seen[i].ops * KEYS_MAX);
		assert_holds(&seen[i], made * KEYS_MAX, seen[i].keys);
		made += seen[i].ops;
	}
	assert_int_equal(made, CALLS);
	/* A point is used for one box. */
	assert_memory_not_equal(seen[0].public, seen[1].public, QSC_SEAL_PUBLIC_LEN);
}

static void the_box_is_bound_to_every_byte_of_the_calls(void **state)
{
	uint8_t plain[1024];

	(void)state;
	script_ack();
	assert_int_equal(qsc_calls_new(sk, calls, 2, NULL), 0);
	assert_true(opens(&seen[0], plain));
	for (size_t i = 0; i < seen[0].aad_len; i++) {
		seen[0].aad[i] ^= 1;
		if (opens(&seen[0], plain))
			fail_msg("byte %zu of %zu is not bound", i, seen[0].aad_len);
		seen[0].aad[i] ^= 1;
	}
	seen[0].aad_len--;
	assert_false(opens(&seen[0], plain));
}

static void calls_without_keys_have_nothing_sealed(void **state)
{
	(void)state;
	make_call(0, 0);
	make_call(1, 0);
	script_ack();
	assert_int_equal(qsc_calls_new(sk, calls, 2, &done), 0);
	assert_int_equal(done, 2);
	assert_int_equal(seen[0].ops, 2);
	assert_null(seen[0].aad);
	assert_int_equal(qsc_calls_new(sk, calls, 0, &done), 0);
	assert_int_equal(done, 0);
	assert_int_equal(script.sent, 1);
}

/* More secrets than a box has room for. */
static struct qsc_call_setup too_many_keys(unsigned int i)
{
	static struct qsc_key many[KEYS_MAX * 100];
	struct qsc_call_setup call = calls[i];

	for (unsigned int k = 0; k < KEYS_MAX * 100; k++)
		many[k] = a_key(k);
	call.keys = many;
	call.n_keys = KEYS_MAX * 100;
	return call;
}

static void a_call_that_fits_no_request_is_refused(void **state)
{
	struct qsc_call_setup call = too_many_keys(0);

	(void)state;
	assert_int_equal(qsc_calls_new(sk, &call, 1, &done), -EMSGSIZE);
	assert_int_equal(done, 0);
	assert_int_equal(script.sent, 0);
	assert_string_equal(qsc_last_error(sk)->text, "the request is too long");
}

/* Those before it are made, and it leaves nothing of itself in their request. */
static void a_call_that_does_not_fit_begins_another_request(void **state)
{
	(void)state;
	calls[2] = too_many_keys(2);
	script_ack();
	assert_int_equal(qsc_calls_new(sk, calls, 4, &done), -EMSGSIZE);
	assert_int_equal(done, 2);
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].ops, 2);
	assert_holds(&seen[0], 0, 2 * KEYS_MAX);
}

static void lengths_have_to_be_those_of_the_suite(void **state)
{
	(void)state;
	keys[1][2].salt_len = 14;
	assert_int_equal(qsc_calls_new(sk, calls, 3, &done), -EINVAL);
	assert_string_equal(qsc_last_error(sk)->text,
			    "master key and salt have 32 and 14 bytes, AEAD_AES_256_GCM needs 32 "
			    "and 12");
	make_call(1, KEYS_MAX);
	keys[1][2].suite = QSC_SUITE_AEAD_AES_128_GCM;
	assert_int_equal(qsc_calls_new(sk, calls, 3, &done), -EINVAL);
	keys[1][2].suite = QSC_SUITE_PLAIN;
	keys[1][2].master_len = keys[1][2].salt_len = 0;
	assert_int_equal(qsc_calls_new(sk, calls, 3, &done), -EINVAL);
	assert_string_equal(qsc_last_error(sk)->text, "a plain leg takes no keys");
	make_call(1, KEYS_MAX);
	calls[1].params.id = "";
	assert_int_equal(qsc_calls_new(sk, calls, 3, &done), -EINVAL);
	assert_string_equal(qsc_last_error(sk)->text, "the call-id is empty");
	assert_int_equal(done, 0);
	assert_int_equal(script.sent, 0);
}

static void suites_may_be_mixed(void **state)
{
	uint8_t plain[1024], want[MASTER_LEN];

	(void)state;
	keys[0][1].suite = QSC_SUITE_AEAD_AES_128_GCM;
	keys[0][1].master_len = 16;
	script_ack();
	assert_int_equal(qsc_calls_new(sk, calls, 1, NULL), 0);
	assert_true(opens(&seen[0], plain));
	assert_int_equal(seen[0].box_len, 3 * MASTER_LEN + 28 + QSC_SEAL_TAG_LEN);
	fill(want, sizeof(want), 1);
	assert_memory_equal(plain + MASTER_LEN, want, 16);
	assert_memory_equal(plain + MASTER_LEN + 16, want + 32, 12);
	fill(want, sizeof(want), 2);
	assert_memory_equal(plain + MASTER_LEN + 28, want, MASTER_LEN);
}

static void what_the_kernel_refuses_ends_it(void **state)
{
	(void)state;
	script_ack();
	script_refuse(ENOSPC, NULL, -1);
	assert_int_equal(qsc_calls_new(sk, calls, CALLS, &done), -ENOSPC);
	assert_int_equal(n_seen, 2);
	assert_int_equal(done, seen[0].ops);
}

static void a_sealing_key_that_is_gone_is_asked_for_once_more(void **state)
{
	(void)state;
	script_refuse(EKEYEXPIRED, NULL, -1);
	script_seal(78);
	script_ack();
	assert_int_equal(qsc_calls_new(sk, calls, 2, &done), 0);
	assert_int_equal(done, 2);
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[1].seal_id, 78);
	assert_int_equal(seen[1].ops, 2);

	script_refuse(EKEYEXPIRED, NULL, -1);
	script_seal(79);
	script_refuse(EKEYEXPIRED, NULL, -1);
	assert_int_equal(qsc_calls_new(sk, calls, 2, &done), -EKEYEXPIRED);
	assert_int_equal(done, 0);
	assert_int_equal(script_left(), 0);
}

static void no_key_crosses_in_clear(void **state)
{
	(void)state;
	script_ack();
	assert_int_equal(qsc_calls_new(sk, calls, 20, &done), 0);
	assert_int_equal(n_seen, 1);
	assert_false(seen[0].has_secret);
}

static void make_two(void *arg)
{
	*(int *)arg = qsc_calls_new(sk, calls, 2, &done);
}

/* Of the secrets, as they were together before they were sealed. */
static void assert_nothing_left(void)
{
	uint8_t secret[MASTER_LEN];

	for (unsigned int i = 0; i < 2 * KEYS_MAX; i++) {
		fill(secret, sizeof(secret), i);
		assert_false(leftover_holds(secret, 32));
		assert_false(leftover_holds(secret + 32, 12));
	}
}

static void secrets_are_wiped_however_it_ends(void **state)
{
	int ret = 1;

	(void)state;
	script.on_send = NULL; /* it has copies of its own */
	script_ack();
	leftover_run(make_two, &ret);
	assert_int_equal(ret, 0);
	assert_nothing_left();

	script_refuse(EEXIST, NULL, -1);
	leftover_run(make_two, &ret);
	assert_int_equal(ret, -EEXIST);
	assert_nothing_left();

	keys[1][3].master_len = 31;
	leftover_run(make_two, &ret);
	assert_int_equal(ret, -EINVAL);
	assert_nothing_left();
}

int main(void)
{
	struct CMUnitTest tests[] = {
		cmocka_unit_test(a_few_calls_are_one_request),
		cmocka_unit_test(many_are_divided_and_stay_in_their_order),
		cmocka_unit_test(the_box_is_bound_to_every_byte_of_the_calls),
		cmocka_unit_test(calls_without_keys_have_nothing_sealed),
		cmocka_unit_test(a_call_that_fits_no_request_is_refused),
		cmocka_unit_test(a_call_that_does_not_fit_begins_another_request),
		cmocka_unit_test(lengths_have_to_be_those_of_the_suite),
		cmocka_unit_test(suites_may_be_mixed),
		cmocka_unit_test(what_the_kernel_refuses_ends_it),
		cmocka_unit_test(a_sealing_key_that_is_gone_is_asked_for_once_more),
		cmocka_unit_test(no_key_crosses_in_clear),
		cmocka_unit_test(secrets_are_wiped_however_it_ends),
	};

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tests[i].setup_func = start;
		tests[i].teardown_func = end;
	}
	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
