// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Power cuts and disks that fail. pwrite(), pread() and fdatasync() are ours:
 * what was not synced may be on the disk after a cut, or not, sector by sector
 * and in any combination. After every write and every sync all combinations are
 * made into an image, opened, and drawn empty: no key that was given before the
 * cut may come again, and none but those in flight may be missing.
 */
#include "card_test.h"

#include <errno.h>
#include <fcntl.h>

#define IMAGE_MAX 8192
#define PIECES_MAX 12 /* unsynced pieces of sectors at a time */

ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __real_pread(int fd, void *data, size_t len, off_t at);
int __real_fdatasync(int fd);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t __wrap_pread(int fd, void *data, size_t len, off_t at);
int __wrap_fdatasync(int fd);

/* What the card of the test has done to its disk. */
static struct {
	int fd; /* -1: nobody watches */
	uint8_t disk[IMAGE_MAX]; /* what is certain */
	size_t len;
	struct piece {
		off_t at;
		size_t len;
		uint8_t data[SECTOR];
	} pieces[PIECES_MAX]; /* what is not */
	unsigned int n;
	unsigned int cuts;
	void (*check)(struct qsc_card *card); /* after each possible cut */
} power = { .fd = -1 };

/* How the disk fails. Counted down at every call, 0: it works. */
static struct {
	unsigned int write_in;
	unsigned int sync_in;
	unsigned int read_in;
	int err;
	bool torn; /* some bytes get written */
} fault;

static bool due(unsigned int *in)
{
	return *in && !--*in;
}

static void apply(uint8_t *disk, const struct piece *piece)
{
	memcpy(disk + piece->at, piece->data, piece->len);
}

/* The image after a cut in which the pieces of @survivors made it. */
static void cut(unsigned int survivors)
{
	static uint8_t disk[IMAGE_MAX];
	char after[80];
	struct qsc_card *card;
	int fd;

	memcpy(disk, power.disk, power.len);
	for (unsigned int i = 0; i < power.n; i++)
		if (survivors & 1U << i)
			apply(disk, &power.pieces[i]);
	snprintf(after, sizeof(after), "%s.after", path);
	fd = open(after, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(__real_pwrite(fd, disk, power.len, 0), power.len);
	close(fd);
	power.cuts++;
	if (qsc_card_open(&card, after, image_key, &why))
		fail_msg("after cut %u (survivors %x of %u): %s", power.cuts, survivors, power.n,
			 why.text);
	/* What opening has wiped is wiped on the disk. */
	assert_false(card->dirty);
	power.check(card);
	qsc_card_close(card);
	unlink(after);
}

static void all_cuts(void)
{
	int fd = power.fd;

	if (!power.check)
		return;
	power.fd = -1;
	for (unsigned int survivors = 0; survivors < 1U << power.n; survivors++)
		cut(survivors);
	power.fd = fd;
}

static void remember(const uint8_t *data, size_t len, off_t at)
{
	while (len) {
		size_t room = SECTOR - (size_t)at % SECTOR;
		struct piece *piece = &power.pieces[power.n++];

		assert_true(power.n <= PIECES_MAX && (size_t)at + len <= power.len);
		piece->at = at;
		piece->len = len < room ? len : room;
		memcpy(piece->data, data, piece->len);
		data += piece->len;
		at += (off_t)piece->len;
		len -= piece->len;
	}
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t at)
{
	if (fd != power.fd)
		return __real_pwrite(fd, data, len, at);
	if (due(&fault.write_in)) {
		if (fault.torn) {
			fault.write_in = 1;
			fault.torn = false;
			return __real_pwrite(fd, data, 5, at);
		}
		errno = fault.err;
		return -1;
	}
	remember(data, len, at);
	all_cuts();
	return __real_pwrite(fd, data, len, at);
}

ssize_t __wrap_pread(int fd, void *data, size_t len, off_t at)
{
	ssize_t n = __real_pread(fd, data, len, at);

	if (fd == power.fd && due(&fault.read_in))
		((uint8_t *)data)[0] ^= 1;
	return n;
}

/* Tests need no real disk, and are quicker without. */
int __wrap_fdatasync(int fd)
{
	if (fd != power.fd)
		return 0;
	if (due(&fault.sync_in)) {
		errno = fault.err;
		return -1;
	}
	for (unsigned int i = 0; i < power.n; i++)
		apply(power.disk, &power.pieces[i]);
	power.n = 0;
	all_cuts();
	return 0;
}

/* From now on @card is on a disk that may lose power. */
static void watch(struct qsc_card *card, void (*check)(struct qsc_card *card))
{
	memset(&fault, 0, sizeof(fault));
	power.n = 0;
	power.cuts = 0;
	power.check = check;
	power.len = slot_offset(card, card->total);
	assert_true(power.len <= IMAGE_MAX);
	assert_int_equal(__real_pread(card->fd, power.disk, power.len, 0), power.len);
	power.fd = card->fd;
}

static void stop_watching(void)
{
	power.fd = -1;
}

/* ------------------------------------------------------------------- draws */

static bool given[64];
static uint32_t total, in_flight;

static void no_key_comes_again(struct qsc_card *card)
{
	uint32_t gone = 0, more = 0;
	struct qsc_card_health health;
	struct qsc_draw draw;
	int err;

	assert_int_equal(qsc_card_examine(card, &health, &why), 0);
	assert_int_equal(health.unwiped, 0);
	assert_int_equal(health.damaged, 0);
	for (uint32_t i = 0; i < total; i++)
		gone += given[i];
	while (!(err = qsc_card_draw(card, 0, &draw, &why))) {
		assert_test_key(&draw);
		if (given[draw.index])
			fail_msg("slot %u was given before the cut and after it", draw.index);
		more++;
	}
	assert_int_equal(err, -ENODATA);
	assert_in_range(gone + more, total - in_flight, total);
}

static void a_cut_during_a_draw_repeats_no_key(void **state)
{
	struct qsc_card *card;
	struct qsc_draw draw;

	(void)state;
	total = 6;
	in_flight = 1;
	memset(given, 0, sizeof(given));
	card = make_card(total, QSC_PROFILE_ONE_DRAW);
	watch(card, no_key_comes_again);
	for (uint32_t i = 0; i < total; i++) {
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), 0);
		given[draw.index] = true;
		/* The moment after the answer: nothing more reaches the disk. */
		all_cuts();
	}
	assert_true(power.cuts > 50);
	print_message("%u cuts\n", power.cuts);
	stop_watching();
	qsc_card_close(card);
}

static void a_cut_during_many_draws_repeats_no_key(void **state)
{
	struct qsc_draw draws[4];
	struct qsc_card *card;

	(void)state;
	total = 12;
	in_flight = 4;
	memset(given, 0, sizeof(given));
	card = make_card(total, QSC_PROFILE_ONE_DRAW);
	watch(card, no_key_comes_again);
	for (uint32_t i = 0; i < total; i += 4) {
		assert_int_equal(qsc_card_draw_many(card, 0, draws, 4, &why), 0);
		for (int k = 0; k < 4; k++)
			given[draws[k].index] = true;
		all_cuts();
	}
	assert_true(power.cuts > 50);
	print_message("%u cuts\n", power.cuts);
	stop_watching();
	qsc_card_close(card);
}

/* The keys that were given last are gone from the disk, whatever comes then. */
static void closing_stores_what_was_zeroised(void **state)
{
	struct qsc_card *card = make_card(6, QSC_PROFILE_ONE_DRAW);
	struct qsc_draw draw;
	uint64_t at;

	(void)state;
	watch(card, NULL);
	assert_int_equal(qsc_card_draw(card, 0, &draw, &why), 0);
	at = slot_offset(card, draw.index);
	assert_true(power.n > 0);
	qsc_card_close(card);
	assert_int_equal(power.n, 0);
	assert_zero(power.disk + at, SLOT_LEN);
	stop_watching();
}

/* --------------------------------------------------------------------- PIN */

static unsigned int tries_told; /* how many are left, as far as anybody knows */

static void no_try_comes_back(struct qsc_card *card)
{
	struct qsc_card_info info;

	qsc_card_info(card, &info);
	assert_true(info.tries <= tries_told);
}

static void a_cut_during_a_wrong_pin_gives_no_try_back(void **state)
{
	struct qsc_card *card = make_card(3, QSC_PROFILE_ONE_DRAW);

	(void)state;
	tries_told = 3;
	watch(card, no_try_comes_back);
	for (int i = 0; i < 3; i++) {
		assert_true(qsc_card_check_pin(card, "0000", 4, &why) < 0);
		tries_told--;
		all_cuts();
	}
	assert_true(power.cuts >= 9);
	stop_watching();
	qsc_card_close(card);
}

/* -------------------------------------------------------------- revocation */

static bool revocation_told;

static void revoked_or_whole(struct qsc_card *card)
{
	struct qsc_card_info info;
	struct qsc_draw draw;

	qsc_card_info(card, &info);
	if (info.state == QSC_CARD_READY) {
		assert_false(revocation_told);
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), 0);
		assert_test_key(&draw);
	} else {
		assert_int_equal(info.state, QSC_CARD_REVOKED);
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -EKEYREVOKED);
		assert_zero(card->identity.pool_key, QSC_KEYS_LEN);
	}
}

static void a_cut_during_revocation_leaves_it_whole_or_revoked(void **state)
{
	struct qsc_card *card = make_card(3, QSC_PROFILE_ONE_DRAW);
	uint8_t token[QSC_KEYS_REVOKE_TOKEN];

	(void)state;
	revocation_told = false;
	assert_int_equal(qsc_keys_revoke_token(revoke_key, TEST_CARD, token), 0);
	watch(card, revoked_or_whole);
	assert_int_equal(qsc_card_revoke(card, token, &why), 0);
	revocation_told = true;
	all_cuts();
	assert_true(power.cuts >= 8);
	stop_watching();
	qsc_card_close(card);
}

/* ----------------------------------------------------------------- loading */

static void loading_or_ready(struct qsc_card *card)
{
	struct qsc_card_info info;

	qsc_card_info(card, &info);
	if (info.state == QSC_CARD_LOADING)
		return;
	assert_int_equal(info.state, QSC_CARD_READY);
	no_key_comes_again(card);
}

static void a_cut_during_loading_never_makes_half_a_card(void **state)
{
	struct qsc_card_identity id;
	struct qsc_card *card;

	(void)state;
	total = 3;
	in_flight = 0;
	memset(given, 0, sizeof(given));
	unlink(path);
	test_identity(&id, QSC_PROFILE_ONE_DRAW);
	assert_int_equal(qsc_card_create(&card, path, image_key, 3, NULL, &why), 0);
	watch(card, loading_or_ready);
	assert_int_equal(qsc_card_load_begin(card, &id, &why), 0);
	load_slots(card, 3);
	assert_int_equal(qsc_card_load_finish(card, &why), 0);
	assert_true(power.cuts >= 16);
	stop_watching();
	qsc_card_close(card);
}

/* ---------------------------------------------------------- disks that fail */

static void assert_wiped(const struct qsc_draw *draw)
{
	assert_zero(draw, sizeof(*draw));
}

/* Refused at once, so nothing was written: the key is not lost. */
static void a_full_or_read_only_disk_burns_nothing(void **state)
{
	static const int errors[] = { ENOSPC, EDQUOT, EROFS, EFBIG };
	struct qsc_card *card = make_card(10, QSC_PROFILE_ONE_DRAW);
	struct qsc_draw draw, draws[4];

	(void)state;
	watch(card, NULL);
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fault.err = errors[i];
		fault.write_in = 1;
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -EIO);
		assert_says(path);
		assert_says(strerror(errors[i]));
		assert_wiped(&draw);
		fault.write_in = 1;
		assert_int_equal(qsc_card_draw_many(card, 0, draws, 4, &why), -EIO);
		assert_int_equal(remaining(card), 10);
	}
	/* It works again, and so does the card. */
	assert_int_equal(qsc_card_draw(card, 0, &draw, &why), 0);
	assert_int_equal(draw.remaining, 9);
	stop_watching();
	card = open_again(card);
	assert_int_equal(remaining(card), 9);
	qsc_card_close(card);
}

static void expect_no_key_until_restart(struct qsc_card *card, const char *says)
{
	struct qsc_draw draw;

	assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -EIO);
	assert_says(says);
	assert_says(path);
	assert_wiped(&draw);
	memset(&fault, 0, sizeof(fault));
	assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -EIO);
	assert_says("started again");
	assert_wiped(&draw);
	stop_watching();
	card = open_again(card);
	assert_in_range(remaining(card), 9, 10);
	assert_int_equal(qsc_card_draw(card, 0, &draw, &why), 0);
	assert_test_key(&draw);
	qsc_card_close(card);
}

static void after_a_sync_that_failed_no_key_is_given(void **state)
{
	struct qsc_card *card = make_card(10, QSC_PROFILE_ONE_DRAW);

	(void)state;
	watch(card, NULL);
	fault.err = EIO;
	fault.sync_in = 1;
	expect_no_key_until_restart(card, "cannot store");
}

static void after_a_write_that_may_be_torn_no_key_is_given(void **state)
{
	struct qsc_card *card = make_card(10, QSC_PROFILE_ONE_DRAW);

	(void)state;
	watch(card, NULL);
	fault.err = EIO;
	fault.write_in = 1;
	expect_no_key_until_restart(card, "cannot write");
}

static void what_is_not_read_back_is_not_given(void **state)
{
	struct qsc_card *card = make_card(10, QSC_PROFILE_ONE_DRAW);

	(void)state;
	watch(card, NULL);
	fault.read_in = 2; /* the slot is read first */
	expect_no_key_until_restart(card, "does not give back");
}

static void a_slot_that_cannot_be_zeroised_is_not_given(void **state)
{
	struct qsc_card *card = make_card(10, QSC_PROFILE_ONE_DRAW);

	(void)state;
	watch(card, NULL);
	fault.err = EROFS;
	fault.write_in = 2;
	expect_no_key_until_restart(card, "cannot write");
}

/* A sector that was written in part: the tag tells, and the card is refused. */
static void a_torn_sector_is_never_taken_for_a_whole_one(void **state)
{
	static const int errors[] = { EIO, ENOSPC };
	struct qsc_card *card;
	struct qsc_draw draw;

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		card = make_card(10, QSC_PROFILE_ONE_DRAW);
		watch(card, NULL);
		fault.err = errors[i];
		fault.torn = true;
		fault.write_in = 1;
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -EIO);
		assert_wiped(&draw);
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -EIO);
		assert_says("started again");
		stop_watching();
		qsc_card_close(card);
		assert_int_equal(qsc_card_open(&card, path, image_key, &why), -EBADMSG);
		assert_says("bytes 1024 to 1535");
	}
}

static void a_disk_that_fails_during_a_pin_tells_nothing(void **state)
{
	struct qsc_card *card = make_card(10, QSC_PROFILE_ONE_DRAW);
	struct qsc_card_info info;

	(void)state;
	watch(card, NULL);
	fault.err = EROFS;
	fault.write_in = 1;
	assert_int_equal(qsc_card_check_pin(card, TEST_PIN, 6, &why), -EIO);
	fault.write_in = 1;
	assert_int_equal(qsc_card_check_pin(card, "0000", 4, &why), -EIO);
	qsc_card_info(card, &info);
	assert_true(info.tries <= 3);
	stop_watching();
	qsc_card_close(card);
}

static void a_disk_that_fails_during_revocation_still_ends_the_card(void **state)
{
	uint8_t token[QSC_KEYS_REVOKE_TOKEN];
	struct qsc_card *card;
	struct qsc_draw draw;

	(void)state;
	assert_int_equal(qsc_keys_revoke_token(revoke_key, TEST_CARD, token), 0);
	for (unsigned int write = 1; write <= 3; write++) {
		card = make_card(10, QSC_PROFILE_ONE_DRAW);
		watch(card, NULL);
		fault.err = ENOSPC;
		fault.write_in = write;
		assert_int_equal(qsc_card_revoke(card, token, &why), -EIO);
		assert_says("make room");
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -EKEYREVOKED);
		stop_watching();
		if (write == 1) { /* not even the mark: say it again */
			qsc_card_close(card);
			continue;
		}
		card = open_again(card);
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -EKEYREVOKED);
		assert_zero(card->identity.pool_key, QSC_KEYS_LEN);
		qsc_card_close(card);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_cut_during_a_draw_repeats_no_key, remove_file),
		cmocka_unit_test_teardown(a_cut_during_many_draws_repeats_no_key, remove_file),
		cmocka_unit_test_teardown(closing_stores_what_was_zeroised, remove_file),
		cmocka_unit_test_teardown(a_cut_during_a_wrong_pin_gives_no_try_back, remove_file),
		cmocka_unit_test_teardown(a_cut_during_revocation_leaves_it_whole_or_revoked,
					  remove_file),
		cmocka_unit_test_teardown(a_cut_during_loading_never_makes_half_a_card,
					  remove_file),
		cmocka_unit_test_teardown(a_full_or_read_only_disk_burns_nothing, remove_file),
		cmocka_unit_test_teardown(after_a_sync_that_failed_no_key_is_given, remove_file),
		cmocka_unit_test_teardown(after_a_write_that_may_be_torn_no_key_is_given,
					  remove_file),
		cmocka_unit_test_teardown(what_is_not_read_back_is_not_given, remove_file),
		cmocka_unit_test_teardown(a_slot_that_cannot_be_zeroised_is_not_given, remove_file),
		cmocka_unit_test_teardown(a_torn_sector_is_never_taken_for_a_whole_one,
					  remove_file),
		cmocka_unit_test_teardown(a_disk_that_fails_during_a_pin_tells_nothing,
					  remove_file),
		cmocka_unit_test_teardown(a_disk_that_fails_during_revocation_still_ends_the_card,
					  remove_file),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
