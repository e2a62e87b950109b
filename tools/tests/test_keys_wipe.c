// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * What libqsckeys leaves of secrets: nothing on its stack, nothing in memory that
 * it frees, and nothing in an output when something goes wrong.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "chunks.h"
#include "ff1.h"
#include "freed.h"
#include "keytext.h"
#include "leftover.h"

static char folder[] = "/tmp/qsc-wipe.XXXXXX";
static char path[64];
static struct qsc_why why;
static uint8_t key[QSC_KEYS_LEN], other_key[QSC_KEYS_LEN], out[2 * QSC_KEYS_LEN];
static int result;

/* ----------------------------------------------- what is called in between */

/* The crypto library fails there */
static enum { NOWHERE, AT_KDF, AT_HMAC, AT_INIT, AT_UPDATE, AT_TAG } fails;

static uint8_t derived[2 * QSC_KEYS_LEN]; /* the last that was */
static size_t derived_len;
static void *one_byte; /* the last that was read alone */

int __real_EVP_KDF_derive(EVP_KDF_CTX *ctx, unsigned char *bytes, size_t len,
			  const OSSL_PARAM params[]);
int __wrap_EVP_KDF_derive(EVP_KDF_CTX *ctx, unsigned char *bytes, size_t len,
			  const OSSL_PARAM params[]);
unsigned char *__real_HMAC(const EVP_MD *md, const void *k, int k_len, const unsigned char *data,
			   size_t len, unsigned char *mac, unsigned int *mac_len);
unsigned char *__wrap_HMAC(const EVP_MD *md, const void *k, int k_len, const unsigned char *data,
			   size_t len, unsigned char *mac, unsigned int *mac_len);
int __real_EVP_CipherInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
			     const unsigned char *k, const unsigned char *iv, int encrypt);
int __wrap_EVP_CipherInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
			     const unsigned char *k, const unsigned char *iv, int encrypt);
int __real_EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *bytes, int *n,
			    const unsigned char *in, int len);
int __wrap_EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *bytes, int *n,
			    const unsigned char *in, int len);
int __real_EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *ctx, int type, int n, void *p);
int __wrap_EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *ctx, int type, int n, void *p);
int __real_qsc_keys_hkdf(const void *ikm, size_t ikm_len, const void *salt, size_t salt_len,
			 const void *info, size_t info_len, uint8_t *bytes, size_t len);
int __wrap_qsc_keys_hkdf(const void *ikm, size_t ikm_len, const void *salt, size_t salt_len,
			 const void *info, size_t info_len, uint8_t *bytes, size_t len);
ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);

/* What fails has written something before. */
int __wrap_EVP_KDF_derive(EVP_KDF_CTX *ctx, unsigned char *bytes, size_t len,
			  const OSSL_PARAM params[])
{
	int ret = __real_EVP_KDF_derive(ctx, bytes, len, params);

	return fails == AT_KDF ? 0 : ret;
}

unsigned char *__wrap_HMAC(const EVP_MD *md, const void *k, int k_len, const unsigned char *data,
			   size_t len, unsigned char *mac, unsigned int *mac_len)
{
	unsigned char *ret = __real_HMAC(md, k, k_len, data, len, mac, mac_len);

	return fails == AT_HMAC ? NULL : ret;
}

int __wrap_EVP_CipherInit_ex(EVP_CIPHER_CTX *ctx, const EVP_CIPHER *cipher, ENGINE *engine,
			     const unsigned char *k, const unsigned char *iv, int encrypt)
{
	int ret = __real_EVP_CipherInit_ex(ctx, cipher, engine, k, iv, encrypt);

	return fails == AT_INIT ? 0 : ret;
}

int __wrap_EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *bytes, int *n,
			    const unsigned char *in, int len)
{
	int ret = __real_EVP_CipherUpdate(ctx, bytes, n, in, len);

	return fails == AT_UPDATE && bytes ? 0 : ret;
}

int __wrap_EVP_CIPHER_CTX_ctrl(EVP_CIPHER_CTX *ctx, int type, int n, void *p)
{
	int ret = __real_EVP_CIPHER_CTX_ctrl(ctx, type, n, p);

	return fails == AT_TAG ? 0 : ret;
}

int __wrap_qsc_keys_hkdf(const void *ikm, size_t ikm_len, const void *salt, size_t salt_len,
			 const void *info, size_t info_len, uint8_t *bytes, size_t len)
{
	int err = __real_qsc_keys_hkdf(ikm, ikm_len, salt, salt_len, info, info_len, bytes, len);

	derived_len = len < sizeof(derived) ? len : sizeof(derived);
	memcpy(derived, bytes, derived_len);
	return err;
}

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
	if (len == 1)
		one_byte = bytes;
	return __real_read(fd, bytes, len);
}

/* -------------------------------------------------------------------- helpers */

static void fill(uint8_t *p, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(first + i * 59);
}

static void assert_zero(const void *p, size_t len)
{
	const uint8_t *bytes = p;

	for (size_t i = 0; i < len; i++)
		assert_int_equal(bytes[i], 0);
}

/* As it is, and as Base64 */
static void assert_not_on_stack(const uint8_t *secret)
{
	uint8_t text[QSC_KEYTEXT_KEY + 1];

	EVP_EncodeBlock(text, secret, QSC_KEYS_LEN);
	assert_false(leftover_holds(secret, QSC_KEYS_LEN));
	assert_false(leftover_holds(text, QSC_KEYTEXT_KEY));
}

static int begin(void **state)
{
	(void)state;
	fill(key, sizeof(key), 0x91);
	fill(other_key, sizeof(other_key), 0x17);
	fill(out, sizeof(out), 0x44);
	fails = NOWHERE;
	result = -1;
	unlink(path);
	return 0;
}

static int end(void **state)
{
	(void)state;
	freed_watch(NULL, 0);
	unlink(path);
	return 0;
}

/* ----------------------------------------------------------------- the search */

static void forget_to_wipe(void *secret)
{
	const uint8_t *bytes = secret;
	volatile uint8_t copy[QSC_KEYS_LEN];

	for (size_t i = 0; i < sizeof(copy); i++)
		copy[i] = bytes[i];
}

static void what_is_not_wiped_is_found(void **state)
{
	uint8_t *block = malloc(100);

	(void)state;
	leftover_run(forget_to_wipe, key);
	assert_true(leftover_holds(key, sizeof(key)));
	assert_false(leftover_holds(other_key, sizeof(other_key)));
	freed_watch(key, sizeof(key));
	memcpy(block + 1, key, sizeof(key));
	__asm__ volatile("" ::"r"(block) : "memory"); /* or nothing is written */
	free(block);
	assert_int_equal(freed_dirty, 1);
}

/* ---------------------------------------------------------------------- files */

static void write_key_file(void *secret)
{
	result = qsc_keyfile_write(path, QSC_KEYFILE_POOL, secret, &why);
}

static void read_key_file(void *bytes)
{
	result = qsc_keyfile_read(path, QSC_KEYFILE_POOL, bytes, &why);
}

static void a_key_file_leaves_no_trace(void **state)
{
	(void)state;
	leftover_run(write_key_file, key);
	assert_int_equal(result, 0);
	assert_not_on_stack(key);
	leftover_run(read_key_file, out);
	assert_int_equal(result, 0);
	assert_memory_equal(out, key, sizeof(key));
	assert_not_on_stack(key);
}

static void write_kit(void *kit)
{
	result = qsc_kit_write(path, kit, &why);
}

static void read_kit(void *kit)
{
	result = qsc_kit_read(path, kit, &why);
}

static void a_kit_leaves_no_trace(void **state)
{
	struct qsc_kit kit = { 0 };

	(void)state;
	memcpy(kit.kid_master, key, sizeof(key));
	memcpy(kit.registration_key, other_key, sizeof(other_key));
	leftover_run(write_kit, &kit);
	assert_int_equal(result, 0);
	assert_not_on_stack(key);
	assert_not_on_stack(other_key);
	memset(&kit, 0, sizeof(kit));
	leftover_run(read_kit, &kit);
	assert_int_equal(result, 0);
	assert_memory_equal(kit.kid_master, key, sizeof(key));
	assert_not_on_stack(key);
	assert_not_on_stack(other_key);
}

static void read_too_little(void *bytes)
{
	result = qsc_secret_read(path, bytes, 4, &why);
}

static void a_file_that_is_too_long_leaves_no_trace(void **state)
{
	(void)state;
	assert_int_equal(qsc_secret_write(path, "1234x", 5, &why), 0);
	leftover_run(read_too_little, out);
	assert_int_equal(result, -EFBIG);
	assert_zero(out, 4);
	/* A byte is too little to search for; but where it was, there is 0. */
	assert_true(leftover_at(one_byte, 1, "", 1));
}

/* --------------------------------------------------------------- registrations */

static void a_registration_leaves_no_trace(void **state)
{
	const struct qsc_qreg_head head = { 1, "a", QSC_PROFILE_ONE_DRAW, 3 };
	struct qsc_qreg_reader *reader;
	struct qsc_qreg_writer *writer;
	struct qsc_qreg_head again;
	uint8_t keys[3 * QSC_KEYS_LEN];

	(void)state;
	fill(keys, sizeof(keys), 0x63);
	assert_int_equal(qsc_qreg_create(&writer, path, key, &head, other_key, &why), 0);
	assert_int_equal(qsc_qreg_put(writer, keys, 2, &why), 0);
	freed_watch(keys, sizeof(keys));
	qsc_qreg_abandon(writer);
	assert_int_equal(freed_dirty, 0);

	assert_int_equal(qsc_qreg_create(&writer, path, key, &head, other_key, &why), 0);
	assert_int_equal(qsc_qreg_put(writer, keys, 3, &why), 0);
	assert_int_equal(qsc_qreg_finish(writer, &why), 0);
	freed_watch(derived, QSC_KEYS_LEN);
	qsc_qreg_abandon(writer);
	assert_int_equal(freed_dirty, 0);

	assert_int_equal(qsc_qreg_open(&reader, path, key, &again, out, &why), 0);
	assert_memory_equal(out, other_key, sizeof(other_key));
	freed_watch(derived, QSC_KEYS_LEN);
	qsc_qreg_close(reader);
	assert_int_equal(freed_dirty, 0);
}

/* Cut the file there, or change the byte. */
static void spoil(size_t at, bool cut)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	if (cut) {
		assert_int_equal(ftruncate(fd, (off_t)at), 0);
	} else {
		assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
		byte ^= 1;
		assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	}
	close(fd);
}

/* The keys of the chunk before are gone from there, too. */
static void a_damaged_registration_gives_no_keys(void **state)
{
	const struct qsc_qreg_head head = { 1, "a", QSC_PROFILE_ONE_DRAW, QSC_QREG_CHUNK + 1 };
	static uint8_t keys[QSC_QREG_CHUNK * QSC_KEYS_LEN];
	const size_t last = 12 + QSC_KEYS_LEN + 16;
	struct qsc_qreg_reader *reader;
	struct qsc_qreg_writer *writer;
	struct qsc_qreg_head again;
	struct stat st;

	(void)state;
	for (unsigned int cut = 0; cut < 2; cut++) {
		unlink(path);
		fill(keys, sizeof(keys), 0x63);
		assert_int_equal(qsc_qreg_create(&writer, path, key, &head, other_key, &why), 0);
		assert_int_equal(qsc_qreg_put(writer, keys, QSC_QREG_CHUNK, &why), 0);
		assert_int_equal(qsc_qreg_put(writer, keys, 1, &why), 0);
		assert_int_equal(qsc_qreg_finish(writer, &why), 0);
		qsc_qreg_abandon(writer);

		assert_int_equal(stat(path, &st), 0);
		spoil((size_t)st.st_size - last, cut);
		assert_int_equal(qsc_qreg_open(&reader, path, key, &again, out, &why), 0);
		assert_int_equal(qsc_qreg_next(reader, keys, &why), QSC_QREG_CHUNK);
		assert_int_equal(qsc_qreg_next(reader, keys, &why), -EBADMSG);
		assert_zero(keys, sizeof(keys));
		qsc_qreg_close(reader);
	}
}

/* ----------------------------------------------------------------------- kids */

static struct qsc_kid *kid;

static void make_kid(void *master)
{
	result = qsc_kid_new(&kid, master);
}

static void open_kid(void *bytes)
{
	uint64_t card;
	uint32_t slot;

	result = qsc_kid_open(kid, bytes, &card, &slot);
}

/* Not even the mac that a forged kid would have needed */
static void kids_leave_no_trace(void **state)
{
	uint8_t forged[QSC_KEYS_KID] = { 0 }, good[QSC_KEYS_KID];

	(void)state;
	leftover_run(make_kid, key);
	assert_int_equal(result, 0);
	assert_false(leftover_holds(derived, QSC_KEYS_LEN));
	assert_false(leftover_holds(key, sizeof(key)));

	assert_int_equal(qsc_kid_core(kid, 7, 9, forged), 0);
	leftover_run(open_kid, forged);
	assert_int_equal(result, -EBADMSG);
	assert_false(leftover_holds(derived, QSC_KEYS_LEN));
	assert_int_equal(qsc_kid_complete(derived, forged, good), 0);
	assert_false(leftover_holds(good + QSC_KEYS_CORE, QSC_KEYS_KID - QSC_KEYS_CORE));

	freed_watch(key, sizeof(key));
	qsc_kid_free(kid);
	assert_int_equal(freed_dirty, 0);
}

#define BITS 126 /* the most that FF1 does here */

static uint16_t digits[BITS];

static void decrypt(void *aes)
{
	result = qsc_ff1_run(aes, 2, other_key, QSC_KEYS_LEN, digits, BITS, false);
}

/* Neither of its input nor of its output */
static void ff1_leaves_no_trace(void **state)
{
	EVP_CIPHER_CTX *aes = qsc_ff1_key(key);
	uint64_t halves[4] = { 0 };
	uint8_t half[8];

	(void)state;
	assert_non_null(aes);
	for (unsigned int i = 0; i < BITS; i++) {
		digits[i] = key[i / 8] >> i % 8 & 1;
		halves[i / (BITS / 2)] = halves[i / (BITS / 2)] << 1 | digits[i];
	}
	leftover_run(decrypt, aes);
	EVP_CIPHER_CTX_free(aes);
	assert_int_equal(result, 0);
	for (unsigned int i = 0; i < BITS; i++)
		halves[2 + i / (BITS / 2)] = halves[2 + i / (BITS / 2)] << 1 | digits[i];
	for (unsigned int i = 0; i < 4; i++) {
		put_be64(half, halves[i]);
		assert_false(leftover_holds(half, sizeof(half)));
	}
	assert_false(leftover_holds(other_key, sizeof(other_key)));
}

/* --------------------------------------------------------------- sealed draws */

static const struct qsc_draw_names names = { .card = 7, .purpose = 1, .remaining = 2 };
static uint8_t sealed[QSC_KEYS_SEALED_DRAW];

static void seal_draw(void *secret)
{
	result = qsc_keys_seal_draw(other_key, &names, secret, sealed);
}

static void open_draw(void *bytes)
{
	result = qsc_keys_open_draw(other_key, &names, sealed, bytes);
}

static void a_sealed_draw_leaves_no_trace(void **state)
{
	(void)state;
	leftover_run(seal_draw, key);
	assert_int_equal(result, 0);
	assert_int_equal(derived_len, sizeof(derived));
	assert_false(leftover_holds(derived, sizeof(derived)));
	assert_false(leftover_holds(key, sizeof(key)));
	leftover_run(open_draw, out);
	assert_int_equal(result, 0);
	assert_memory_equal(out, key, sizeof(key));
	assert_false(leftover_holds(derived, sizeof(derived)));
	assert_false(leftover_holds(key, sizeof(key)));
}

/* --------------------------------------------------------------------- errors */

static void a_derivation_that_fails_gives_nothing(void **state)
{
	(void)state;
	fails = AT_KDF;
	assert_int_equal(qsc_keys_hkdf(key, sizeof(key), "s", 1, "i", 1, out, sizeof(out)), -EIO);
	assert_zero(out, sizeof(out));
	/* The pool key is there already, for it is encrypted in place. */
	fill(out, sizeof(out), 0x44);
	assert_int_equal(qsc_keys_seal_draw(other_key, &names, key, out), -EIO);
	assert_zero(out, QSC_KEYS_SEALED_DRAW);
}

static void a_mac_that_fails_gives_nothing(void **state)
{
	(void)state;
	fails = AT_HMAC;
	assert_int_equal(qsc_hmac(key, "data", 4, out), -EIO);
	assert_zero(out, QSC_KEYS_LEN);
	fill(out, sizeof(out), 0x44);
	assert_int_equal(qsc_kid_complete(key, other_key, out), -EIO);
	assert_zero(out, QSC_KEYS_KID);
}

/* In place: what is encrypted is there before. */
static void a_cipher_that_fails_gives_nothing(void **state)
{
	static const uint8_t nonce[QSC_GCM_NONCE], iv[QSC_AES_BLOCK];

	(void)state;
	for (fails = AT_INIT; fails <= AT_TAG; fails++) {
		fill(out, sizeof(out), 0x44);
		assert_int_equal(qsc_gcm_seal(key, nonce, "a", 1, out, QSC_KEYS_LEN, out), -EIO);
		assert_zero(out, QSC_KEYS_LEN + QSC_GCM_TAG);
		fill(out, sizeof(out), 0x44);
		assert_int_equal(qsc_gcm_open(key, nonce, "a", 1, out, QSC_KEYS_LEN, out), -EIO);
		assert_zero(out, QSC_KEYS_LEN);
	}
	fill(out, sizeof(out), 0x44);
	assert_int_equal(qsc_cbc(key, iv, out, QSC_KEYS_LEN - 1, true), -EIO);
	assert_zero(out, QSC_KEYS_LEN - 1);
}

static void values_out_of_range_give_nothing(void **state)
{
	(void)state;
	assert_int_equal(qsc_kid_new(&kid, key), 0);
	assert_int_equal(qsc_kid_card_key(kid, QSC_KEYS_CARD_MAX + 1, out), -EINVAL);
	assert_zero(out, QSC_KEYS_LEN);
	qsc_kid_free(kid);
	memset(digits, 1, sizeof(digits));
	assert_int_equal(qsc_ff1(key, 2, NULL, 0, digits, 4, true), -EINVAL);
	assert_zero(digits, 4 * sizeof(*digits));
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/file", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_not_wiped_is_found, begin, end),
		cmocka_unit_test_setup_teardown(a_key_file_leaves_no_trace, begin, end),
		cmocka_unit_test_setup_teardown(a_kit_leaves_no_trace, begin, end),
		cmocka_unit_test_setup_teardown(a_file_that_is_too_long_leaves_no_trace, begin,
						end),
		cmocka_unit_test_setup_teardown(a_registration_leaves_no_trace, begin, end),
		cmocka_unit_test_setup_teardown(a_damaged_registration_gives_no_keys, begin, end),
		cmocka_unit_test_setup_teardown(kids_leave_no_trace, begin, end),
		cmocka_unit_test_setup_teardown(ff1_leaves_no_trace, begin, end),
		cmocka_unit_test_setup_teardown(a_sealed_draw_leaves_no_trace, begin, end),
		cmocka_unit_test_setup_teardown(a_derivation_that_fails_gives_nothing, begin, end),
		cmocka_unit_test_setup_teardown(a_mac_that_fails_gives_nothing, begin, end),
		cmocka_unit_test_setup_teardown(a_cipher_that_fails_gives_nothing, begin, end),
		cmocka_unit_test_setup_teardown(values_out_of_range_give_nothing, begin, end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
