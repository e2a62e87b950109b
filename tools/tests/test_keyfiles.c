// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Files with keys: kit, registration, secrets. What is damaged is refused. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "test.h"
#include "vectors.h"

#include "keys.h"

static char folder[] = "/tmp/qsc-keyfiles.XXXXXX";
static char path[64];
static struct qsc_why why;

static size_t slurp(uint8_t *out, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, out, size);

	close(fd);
	assert_true(n >= 0 && (size_t)n < size);
	return (size_t)n;
}

static void spill(const void *data, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_says(const char *part)
{
	if (!strstr(why.text, part))
		fail_msg("\"%s\" does not say \"%s\"", why.text, part);
}

static void assert_zero(const void *p, size_t len)
{
	const uint8_t *bytes = p;

	for (size_t i = 0; i < len; i++)
		assert_int_equal(bytes[i], 0);
}

static void fill(uint8_t *p, size_t len, uint8_t first)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(first + i * 7);
}

/* -------------------------------------------------------------------- kit */

static void make_kit(struct qsc_kit *kit)
{
	fill(kit->kid_master, sizeof(kit->kid_master), 1);
	fill(kit->registration_key, sizeof(kit->registration_key), 99);
}

static void kit_survives_a_file(void **state)
{
	struct qsc_kit kit, again;
	uint8_t text[256] = { 0 };
	struct stat st;

	(void)state;
	make_kit(&kit);
	assert_int_equal(qsc_kit_write(path, &kit, &why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(qsc_kit_read(path, &again, &why), 0);
	assert_memory_equal(&kit, &again, sizeof(kit));
	slurp(text, sizeof(text));
	assert_string_equal(text, "qsc-kms-kit 1\n"
				  "kid-master: "
				  "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=\n"
				  "registration-key: "
				  "Y2pxeH+GjZSboqmwt77FzNPa4ejv9v0ECxIZICcuNTw=\n");
}

static void kit_is_not_overwritten(void **state)
{
	struct qsc_kit kit;

	(void)state;
	make_kit(&kit);
	assert_int_equal(qsc_kit_write(path, &kit, &why), 0);
	assert_int_equal(qsc_kit_write(path, &kit, &why), -EEXIST);
	assert_says("exists already");
	assert_says(path);
}

static void kit_of_another_length_is_refused(void **state)
{
	struct qsc_kit kit;
	uint8_t text[256] = { 0 };
	size_t len;

	(void)state;
	make_kit(&kit);
	assert_int_equal(qsc_kit_write(path, &kit, &why), 0);
	len = slurp(text, sizeof(text));
	for (size_t n = 0; n <= len + 2; n++) {
		if (n == len)
			continue;
		spill(text, n, 0600);
		assert_int_equal(qsc_kit_read(path, &kit, &why), -EINVAL);
		assert_says("qskms kit");
		assert_zero(&kit, sizeof(kit));
	}
}

/* A flipped bit may make another good key of it, but never another kit. */
static void kit_with_other_words_is_refused(void **state)
{
	struct qsc_kit kit, again;
	uint8_t text[256] = { 0 };
	size_t len;

	(void)state;
	make_kit(&kit);
	assert_int_equal(qsc_kit_write(path, &kit, &why), 0);
	len = slurp(text, sizeof(text));
	for (size_t at = 0; at < len; at++) {
		text[at] ^= 0x80;
		spill(text, len, 0600);
		assert_int_equal(qsc_kit_read(path, &again, &why), -EINVAL);
		text[at] ^= 0x80;
	}
	/* 'o=' has bits behind the last byte, which must be zero. */
	text[len - 3]++;
	spill(text, len, 0600);
	assert_int_equal(qsc_kit_read(path, &again, &why), -EINVAL);
}

static void key_file_says_what_it_is_for(void **state)
{
	uint8_t key[QSC_KEYS_LEN], again[QSC_KEYS_LEN], text[256] = { 0 };
	size_t len;

	(void)state;
	fill(key, sizeof(key), 9);
	assert_int_equal(qsc_keyfile_write(path, QSC_KEYFILE_POOL, key, &why), 0);
	assert_int_equal(qsc_keyfile_read(path, QSC_KEYFILE_POOL, again, &why), 0);
	assert_memory_equal(key, again, sizeof(key));
	assert_int_equal(qsc_keyfile_read(path, QSC_KEYFILE_IMAGE, again, &why), -EINVAL);
	assert_says("qsc-image-key");
	assert_zero(again, sizeof(again));
	assert_int_equal(qsc_keyfile_write(path, QSC_KEYFILE_POOL, key, &why), -EEXIST);
	len = slurp(text, sizeof(text));
	for (size_t n = 0; n <= len + 2; n++) {
		if (n == len)
			continue;
		spill(text, n, 0600);
		assert_int_equal(qsc_keyfile_read(path, QSC_KEYFILE_POOL, again, &why), -EINVAL);
	}
}

static void secret_that_others_can_read_is_refused(void **state)
{
	uint8_t out[16] = { 1 };

	(void)state;
	spill("secret", 6, 0640);
	assert_int_equal(qsc_secret_read(path, out, sizeof(out), &why), -EPERM);
	assert_says("mode 0640");
	assert_says("chmod 600");
	assert_zero(out, sizeof(out));
}

static void secret_in_something_else_than_a_file_is_refused(void **state)
{
	uint8_t out[16];

	(void)state;
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(qsc_secret_read(path, out, sizeof(out), &why), -EINVAL);
	assert_says("regular file");
	assert_int_equal(qsc_secret_read("/nowhere/at/all", out, sizeof(out), &why), -ENOENT);
	assert_says("/nowhere/at/all");
}

static void secret_of_another_size_is_told_from_one_that_fits(void **state)
{
	uint8_t out[4];

	(void)state;
	spill("1234", 4, 0600);
	assert_int_equal(qsc_secret_read(path, out, sizeof(out), &why), 4);
	spill("12345", 5, 0600);
	assert_int_equal(qsc_secret_read(path, out, sizeof(out), &why), -EFBIG);
	assert_zero(out, sizeof(out));
	spill("1", 1, 0600);
	assert_int_equal(qsc_secret_read(path, out, sizeof(out), &why), 1);
}

/* ----------------------------------------------------------- registration */

static uint8_t reg_key[QSC_KEYS_LEN], revoke_key[QSC_KEYS_LEN];

static void write_registration(uint32_t count, uint32_t step)
{
	struct qsc_qreg_head head = { .card = 8986,
				      .profile = QSC_PROFILE_TWO_DRAW,
				      .count = count };
	uint8_t *keys = malloc((size_t)count * QSC_KEYS_LEN);
	struct qsc_qreg_writer *w;

	strcpy(head.subscriber, "+8613800000001");
	fill(keys, (size_t)count * QSC_KEYS_LEN, 3);
	unlink(path);
	assert_int_equal(qsc_qreg_create(&w, path, reg_key, &head, revoke_key, &why), 0);
	for (uint32_t at = 0; at < count; at += step)
		assert_int_equal(qsc_qreg_put(w, keys + (size_t)at * QSC_KEYS_LEN,
					      count - at < step ? count - at : step, &why),
				 0);
	assert_int_equal(qsc_qreg_finish(w, &why), 0);
	qsc_qreg_abandon(w);
	free(keys);
}

/* 0 if the whole registration reads, else the first error. */
static int read_registration(uint32_t *count)
{
	uint8_t keys[QSC_QREG_CHUNK * QSC_KEYS_LEN], want[QSC_KEYS_LEN], revoke[QSC_KEYS_LEN];
	struct qsc_qreg_reader *r;
	struct qsc_qreg_head head;
	int n;

	*count = 0;
	n = qsc_qreg_open(&r, path, reg_key, &head, revoke, &why);
	if (n) {
		assert_null(r);
		assert_zero(&head, sizeof(head));
		assert_zero(revoke, sizeof(revoke));
		return n;
	}
	assert_memory_equal(revoke, revoke_key, sizeof(revoke));
	assert_string_equal(head.subscriber, "+8613800000001");
	assert_int_equal(head.card, 8986);
	assert_int_equal(head.profile, QSC_PROFILE_TWO_DRAW);
	while ((n = qsc_qreg_next(r, keys, &why)) > 0) {
		for (int i = 0; i < n; i++) {
			fill(want, sizeof(want),
			     (uint8_t)(3 + ((size_t)*count + (size_t)i) * QSC_KEYS_LEN * 7));
			assert_memory_equal(keys + i * QSC_KEYS_LEN, want, sizeof(want));
		}
		*count += (uint32_t)n;
	}
	if (!n)
		assert_int_equal(*count, head.count);
	qsc_qreg_close(r);
	return n;
}

static void registration_survives_whatever_its_size(void **state)
{
	static const uint32_t sizes[] = { 1, 2, 1023, 1024, 1025, 2048, 3000 };
	uint32_t count;
	struct stat st;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		write_registration(sizes[i], 700);
		assert_int_equal(read_registration(&count), 0);
		assert_int_equal(count, sizes[i]);
	}
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void registration_is_the_one_of_the_known_answers(void **state)
{
	struct json_object *v, *list;
	uint8_t file[1024], key[QSC_KEYS_LEN], revoke[QSC_KEYS_LEN], want[QSC_KEYS_LEN];
	uint8_t keys[QSC_QREG_CHUNK * QSC_KEYS_LEN];
	struct qsc_qreg_reader *r;
	struct qsc_qreg_head head;
	int n;

	(void)state;
	all = json_object_from_file(QSC_VECTORS);
	assert_non_null(all);
	v = member(all, "registration");
	list = member(v, "keys");
	hex(v, "registration_key", key, sizeof(key));
	hex(v, "revoke_key", want, sizeof(want));
	spill(file, hex(v, "qreg", file, sizeof(file)), 0600);
	assert_int_equal(qsc_qreg_open(&r, path, key, &head, revoke, &why), 0);
	assert_memory_equal(revoke, want, sizeof(want));
	n = qsc_qreg_next(r, keys, &why);
	assert_int_equal(n, json_object_array_length(list));
	assert_int_equal(head.count, n);
	for (int i = 0; i < n; i++) {
		hex_bytes(json_object_get_string(json_object_array_get_idx(list, i)), want,
			  sizeof(want));
		assert_memory_equal(keys + i * QSC_KEYS_LEN, want, sizeof(want));
	}
	assert_int_equal(qsc_qreg_next(r, keys, &why), 0);
	qsc_qreg_close(r);
	json_object_put(all);
}

static void registration_with_any_byte_changed_is_refused(void **state)
{
	static uint8_t file[2048];
	uint32_t count;
	size_t len;

	(void)state;
	write_registration(3, 3);
	len = slurp(file, sizeof(file));
	for (size_t at = 0; at < len; at++) {
		file[at] ^= 0x01;
		spill(file, len, 0600);
		assert_true(read_registration(&count) < 0);
		assert_says(path);
		file[at] ^= 0x01;
	}
	for (size_t n = 0; n < len; n++) {
		spill(file, n, 0600);
		assert_int_equal(read_registration(&count), -EBADMSG);
	}
	spill(file, len + 1, 0600);
	assert_int_equal(read_registration(&count), -EBADMSG);
	assert_says("behind its end");
}

static void registration_with_records_swapped_is_refused(void **state)
{
	static uint8_t file[3 * 40000], other[sizeof(file)];
	size_t record = 12 + 1024 * 32 + 16, first, len;
	uint32_t count;

	(void)state;
	write_registration(2048, 2048);
	len = slurp(file, sizeof(file));
	first = len - 2 * record;
	memcpy(other, file, len);
	memcpy(other + first, file + first + record, record);
	memcpy(other + first + record, file + first, record);
	spill(other, len, 0600);
	assert_int_equal(read_registration(&count), -EBADMSG);
	assert_int_equal(count, 0);
	assert_says("slots 0 to 1023");

	memcpy(other, file, len);
	other[len - 1] ^= 1;
	spill(other, len, 0600);
	assert_int_equal(read_registration(&count), -EBADMSG);
	assert_int_equal(count, 1024);
	assert_says("slots 1024 to 2047");
}

static void registration_under_another_key_is_refused(void **state)
{
	uint32_t count;

	(void)state;
	write_registration(5, 5);
	reg_key[0] ^= 1;
	assert_int_equal(read_registration(&count), -EBADMSG);
	reg_key[0] ^= 1;
	assert_says("another kit");
}

static void registration_with_another_count_is_never_finished(void **state)
{
	struct qsc_qreg_head head = { .card = 1, .profile = QSC_PROFILE_ONE_DRAW, .count = 3 };
	uint8_t keys[4 * QSC_KEYS_LEN] = { 0 };
	struct qsc_qreg_writer *w;

	(void)state;
	strcpy(head.subscriber, "a");
	assert_int_equal(qsc_qreg_create(&w, path, reg_key, &head, revoke_key, &why), 0);
	assert_int_equal(qsc_qreg_put(w, keys, 4, &why), -EINVAL);
	assert_int_equal(qsc_qreg_put(w, keys, 2, &why), 0);
	assert_int_equal(qsc_qreg_finish(w, &why), -EINVAL);
	assert_says("1 keys less");
	qsc_qreg_abandon(w);
	assert_int_equal(access(path, F_OK), -1);
	qsc_qreg_abandon(NULL);
}

static void registration_of_nobody_is_not_begun(void **state)
{
	const struct qsc_qreg_head good = { 1, "a", QSC_PROFILE_ONE_DRAW, 3 };
	struct qsc_qreg_head bad[5];
	struct qsc_qreg_writer *w;

	(void)state;
	for (int i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].card = QSC_KEYS_CARD_MAX + 1;
	bad[1].subscriber[0] = '/';
	bad[2].profile = 3;
	bad[3].count = 0;
	bad[4].count = QSC_KEYS_SLOT_MAX + 2;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(qsc_qreg_create(&w, path, reg_key, &bad[i], revoke_key, &why),
				 -EINVAL);
		assert_null(w);
		assert_int_equal(access(path, F_OK), -1);
	}
}

static void profiles_have_names(void **state)
{
	(void)state;
	assert_string_equal(qsc_profile_name(QSC_PROFILE_ONE_DRAW), "one-draw");
	assert_string_equal(qsc_profile_name(QSC_PROFILE_TWO_DRAW), "two-draw");
	assert_null(qsc_profile_name(0));
	assert_null(qsc_profile_name(3));
	assert_int_equal(qsc_profile_by_name("two-draw"), QSC_PROFILE_TWO_DRAW);
	assert_int_equal(qsc_profile_by_name("three-draw"), 0);
}

static int make_folder(void **state)
{
	(void)state;
	fill(reg_key, sizeof(reg_key), 55);
	fill(revoke_key, sizeof(revoke_key), 77);
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

static int remove_file(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(kit_survives_a_file, remove_file),
		cmocka_unit_test_teardown(kit_is_not_overwritten, remove_file),
		cmocka_unit_test_teardown(kit_of_another_length_is_refused, remove_file),
		cmocka_unit_test_teardown(kit_with_other_words_is_refused, remove_file),
		cmocka_unit_test_teardown(key_file_says_what_it_is_for, remove_file),
		cmocka_unit_test_teardown(secret_that_others_can_read_is_refused, remove_file),
		cmocka_unit_test_teardown(secret_in_something_else_than_a_file_is_refused,
					  remove_file),
		cmocka_unit_test_teardown(secret_of_another_size_is_told_from_one_that_fits,
					  remove_file),
		cmocka_unit_test_teardown(registration_survives_whatever_its_size, remove_file),
		cmocka_unit_test_teardown(registration_is_the_one_of_the_known_answers,
					  remove_file),
		cmocka_unit_test_teardown(registration_with_any_byte_changed_is_refused,
					  remove_file),
		cmocka_unit_test_teardown(registration_with_records_swapped_is_refused,
					  remove_file),
		cmocka_unit_test_teardown(registration_under_another_key_is_refused, remove_file),
		cmocka_unit_test_teardown(registration_with_another_count_is_never_finished,
					  remove_file),
		cmocka_unit_test_teardown(registration_of_nobody_is_not_begun, remove_file),
		cmocka_unit_test_teardown(profiles_have_names, remove_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
