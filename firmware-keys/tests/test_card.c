// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The card in a file: its life, and what damage to the file does. */
#include "file_test.h"

#include <errno.h>

#include <sys/stat.h>

/* Instead of the C library's: these tests need no real disk. */
int fdatasync(int fildes)
{
	(void)fildes;
	return 0;
}

/* ---------------------------------------------------------------- drawing */

static void every_key_is_given_once_and_then_the_card_is_empty(void **state)
{
	struct qsc_card *card = make_card(100, QSC_PROFILE_ONE_DRAW);
	bool seen[100] = { false };
	struct qsc_draw draw;

	(void)state;
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(qsc_card_draw(card, QSC_PURPOSE_BOTH, &draw, &why), 0);
		assert_test_key(&draw);
		assert_int_equal(draw.remaining, 99 - i);
		assert_false(seen[draw.index]);
		seen[draw.index] = true;
		if (i % 10 == 0)
			card = open_again(card);
	}
	assert_int_equal(qsc_card_draw(card, QSC_PURPOSE_BOTH, &draw, &why), -ENODATA);
	assert_says("no unused keys left");
	assert_zero(&draw, sizeof(draw));
	qsc_card_close(card);
}

/* 5 slots, drawn first 4000 times: within 6 sigma of 800 each. */
static void any_free_slot_is_as_likely_as_any_other(void **state)
{
	unsigned int first[5] = { 0 };
	struct qsc_card card = { .total = 7, .map_sectors = 1 };
	uint32_t index;

	(void)state;
	assert_int_equal(map_new(&card), 0);
	map_mark(&card, 0, true);
	map_mark(&card, 4, true);
	for (int i = 0; i < 4000; i++) {
		assert_int_equal(map_random_free(&card, &index), 0);
		assert_true(index < 7 && index != 0 && index != 4);
		first[index - 1 - (index > 4)]++;
	}
	for (int i = 0; i < 5; i++)
		assert_in_range(first[i], 648, 952);
	free(card.map);
}

static void many_keys_come_under_one_burn_all_or_none(void **state)
{
	struct qsc_card *card = make_card(MAP_SLOTS + 300, QSC_PROFILE_ONE_DRAW);
	struct qsc_draw draws[QSC_CARD_BATCH];
	uint32_t left = MAP_SLOTS + 300;
	struct qsc_card_health health;

	(void)state;
	assert_int_equal(qsc_card_draw_many(card, 0, draws, 0, &why), -EINVAL);
	assert_int_equal(qsc_card_draw_many(card, 0, draws, QSC_CARD_BATCH + 1, &why), -EINVAL);
	for (; left >= QSC_CARD_BATCH; left -= QSC_CARD_BATCH) {
		assert_int_equal(qsc_card_draw_many(card, 0, draws, QSC_CARD_BATCH, &why), 0);
		for (unsigned int i = 0; i < QSC_CARD_BATCH; i++) {
			assert_test_key(&draws[i]);
			assert_true(map_is_used(card, draws[i].index));
			for (unsigned int k = 0; k < i; k++)
				assert_int_not_equal(draws[i].index, draws[k].index);
		}
		assert_int_equal(remaining(card), left - QSC_CARD_BATCH);
		assert_int_equal(qsc_card_examine(card, &health, &why), 0);
		assert_int_equal(health.unwiped, 0);
	}
	assert_int_equal(qsc_card_draw_many(card, 0, draws, left + 1, &why), -ENODATA);
	assert_zero(draws, sizeof(draws[0]) * (left + 1));
	assert_int_equal(remaining(card), left);
	card = open_again(card);
	assert_int_equal(remaining(card), left);
	assert_int_equal(qsc_card_draw_many(card, 0, draws, left, &why), 0);
	qsc_card_close(card);
}

static void a_given_index_is_given_once(void **state)
{
	struct qsc_card *card = make_card(10, QSC_PROFILE_ONE_DRAW);
	struct qsc_draw draw;

	(void)state;
	assert_int_equal(qsc_card_draw_index(card, 0, 7, &draw, &why), 0);
	assert_int_equal(draw.index, 7);
	assert_test_key(&draw);
	assert_int_equal(slurp(), slot_offset(card, 10));
	assert_zero(file + slot_offset(card, 7), SLOT_LEN);
	assert_int_equal(qsc_card_draw_index(card, 0, 7, &draw, &why), -EKEYEXPIRED);
	assert_says("slot 7");
	assert_int_equal(qsc_card_draw_index(card, 0, 10, &draw, &why), -ERANGE);
	assert_says("from 0 to 9");
	assert_int_equal(qsc_card_draw_index(card, 0, UINT32_MAX, &draw, &why), -ERANGE);
	card = open_again(card);
	assert_int_equal(qsc_card_draw_index(card, 0, 7, &draw, &why), -EKEYEXPIRED);
	assert_int_equal(remaining(card), 9);
	qsc_card_close(card);
}

static void the_profile_says_which_purposes_there_are(void **state)
{
	struct qsc_card *card = make_card(10, QSC_PROFILE_ONE_DRAW);
	struct qsc_draw draw;

	(void)state;
	assert_int_equal(qsc_card_draw(card, QSC_PURPOSE_AUTH, &draw, &why), -EINVAL);
	assert_says("one-draw");
	assert_int_equal(qsc_card_draw(card, QSC_PURPOSE_BOTH, &draw, &why), 0);
	qsc_card_close(card);

	card = make_card(10, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(qsc_card_draw(card, QSC_PURPOSE_BOTH, &draw, &why), -EINVAL);
	assert_int_equal(qsc_card_draw(card, 3, &draw, &why), -EINVAL);
	assert_int_equal(qsc_card_draw(card, QSC_PURPOSE_AUTH, &draw, &why), 0);
	assert_int_equal(qsc_card_draw(card, QSC_PURPOSE_DIST, &draw, &why), 0);
	assert_int_equal(remaining(card), 8);
	qsc_card_close(card);
}

static void the_bitmap_tells_what_was_drawn(void **state)
{
	struct qsc_card *card = make_card(20, QSC_PROFILE_ONE_DRAW);
	struct qsc_draw draw;
	uint8_t bits[8];

	(void)state;
	assert_int_equal(qsc_card_draw_index(card, 0, 0, &draw, &why), 0);
	assert_int_equal(qsc_card_draw_index(card, 0, 15, &draw, &why), 0);
	assert_int_equal(qsc_card_bitmap(card, 0, bits, sizeof(bits)), 3);
	assert_int_equal(bits[0], 0x80);
	assert_int_equal(bits[1], 0x01);
	assert_int_equal(bits[2], 0x0f); /* behind the last slot */
	assert_int_equal(qsc_card_bitmap(card, 1, bits, 1), 1);
	assert_int_equal(bits[0], 0x01);
	assert_int_equal(qsc_card_bitmap(card, 3, bits, sizeof(bits)), 0);
	qsc_card_close(card);
}

/* -------------------------------------------------------------------- PIN */

static unsigned int tries(const struct qsc_card *card)
{
	struct qsc_card_info info;

	qsc_card_info(card, &info);
	return info.tries;
}

static void wrong_pins_block_and_a_right_one_forgives(void **state)
{
	struct qsc_card *card = make_card(1, QSC_PROFILE_ONE_DRAW);

	(void)state;
	assert_int_equal(qsc_card_check_pin(card, "000000", 6, &why), -EKEYREJECTED);
	assert_says("2 tries left");
	assert_int_equal(qsc_card_check_pin(card, "12345", 5, &why), -EKEYREJECTED);
	assert_int_equal(tries(card), 1);
	card = open_again(card);
	assert_int_equal(tries(card), 1);
	assert_int_equal(qsc_card_check_pin(card, TEST_PIN, 6, &why), 0);
	assert_int_equal(tries(card), 3);
	for (int i = 0; i < 2; i++)
		assert_int_equal(qsc_card_check_pin(card, "000000", 6, &why), -EKEYREJECTED);
	assert_int_equal(qsc_card_check_pin(card, "000000", 6, &why), -EPERM);
	assert_says("qspool set-pin");
	card = open_again(card);
	assert_int_equal(qsc_card_check_pin(card, TEST_PIN, 6, &why), -EPERM);
	assert_int_equal(qsc_card_set_pin(card, "9876", 4, &why), 0);
	card = open_again(card);
	assert_int_equal(tries(card), 3);
	assert_int_equal(qsc_card_check_pin(card, TEST_PIN, 6, &why), -EKEYREJECTED);
	assert_int_equal(qsc_card_check_pin(card, "9876", 4, &why), 0);
	qsc_card_close(card);
}

static void what_is_no_pin_costs_no_try(void **state)
{
	struct qsc_card *card = make_card(1, QSC_PROFILE_ONE_DRAW);

	(void)state;
	assert_int_equal(qsc_card_check_pin(card, "", 0, &why), -EINVAL);
	assert_int_equal(qsc_card_check_pin(card, "123", 3, &why), -EINVAL);
	assert_int_equal(qsc_card_check_pin(card, "123456789", 9, &why), -EINVAL);
	assert_int_equal(qsc_card_check_pin(card, "12345a", 6, &why), -EINVAL);
	assert_int_equal(qsc_card_set_pin(card, "12", 2, &why), -EINVAL);
	assert_int_equal(tries(card), 3);
	qsc_card_close(card);
}

/* ------------------------------------------------------------- revocation */

static void revocation_ends_the_card_for_good(void **state)
{
	struct qsc_card *card = make_card(200, QSC_PROFILE_ONE_DRAW);
	uint8_t token[QSC_KEYS_REVOKE_TOKEN];
	struct qsc_draw draw;
	size_t len, at;

	(void)state;
	assert_int_equal(qsc_card_draw(card, 0, &draw, &why), 0);
	assert_int_equal(qsc_keys_revoke_token(revoke_key, TEST_CARD, token), 0);
	at = slot_offset(card, 0);

	token[7] ^= 1;
	assert_int_equal(qsc_card_revoke(card, token, &why), -EINVAL);
	token[7] ^= 1;
	token[39] ^= 1;
	assert_int_equal(qsc_card_revoke(card, token, &why), -EKEYREJECTED);
	token[39] ^= 1;
	assert_int_equal(remaining(card), 199);

	for (int again = 0; again < 2; again++) {
		assert_int_equal(qsc_card_revoke(card, token, &why), again ? -EKEYREVOKED : 0);
		assert_int_equal(remaining(card), 0);
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -EKEYREVOKED);
		assert_zero(&draw, sizeof(draw));
		assert_int_equal(qsc_card_check_pin(card, TEST_PIN, 6, &why), -EKEYREVOKED);
		assert_int_equal(qsc_card_set_pin(card, TEST_PIN, 6, &why), -EKEYREVOKED);
		assert_int_equal(tries(card), 0);
		assert_zero(&card->identity.pool_key, QSC_KEYS_LEN);
		card = open_again(card);
	}
	qsc_card_close(card);
	len = slurp() - at;
	assert_int_equal(len, 200 * SLOT_LEN);
	assert_zero(file + at, len);
}

/* ---------------------------------------------------------------- loading */

static void a_card_is_ready_only_when_all_of_it_is_there(void **state)
{
	struct qsc_card_identity id;
	struct qsc_slot slot;
	struct qsc_card *card;
	struct qsc_draw draw;

	(void)state;
	unlink(path);
	test_identity(&id, QSC_PROFILE_ONE_DRAW);
	assert_int_equal(qsc_card_create(&card, path, image_key, 3, NULL, &why), 0);
	test_slot(0, &slot);
	assert_int_equal(qsc_card_load_slots(card, &slot, 1, &why), -EINVAL);
	assert_int_equal(qsc_card_load_finish(card, &why), -EINVAL);
	assert_int_equal(qsc_card_load_begin(card, &id, &why), 0);
	load_slots(card, 2);
	assert_int_equal(qsc_card_load_finish(card, &why), -EINVAL);
	assert_says("2 of 3");
	assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -ENOKEY);
	assert_int_equal(qsc_card_check_pin(card, TEST_PIN, 6, &why), -ENOKEY);

	/* Interrupted: from the beginning. */
	card = open_again(card);
	assert_int_equal(qsc_card_load_slots(card, &slot, 1, &why), -EINVAL);
	assert_int_equal(qsc_card_load_begin(card, &id, &why), 0);
	load_slots(card, 3);
	assert_int_equal(qsc_card_load_slots(card, &slot, 1, &why), -EINVAL);
	assert_int_equal(qsc_card_load_finish(card, &why), 0);
	assert_int_equal(qsc_card_load_begin(card, &id, &why), -EEXIST);
	assert_int_equal(qsc_card_load_finish(card, &why), -EEXIST);
	card = open_again(card);
	assert_int_equal(qsc_card_draw(card, 0, &draw, &why), 0);
	assert_test_key(&draw);
	qsc_card_close(card);
}

static void an_impossible_card_is_not_begun(void **state)
{
	struct qsc_card_identity good, bad;
	struct qsc_card *card;

	(void)state;
	assert_int_equal(qsc_card_create(&card, path, image_key, 0, NULL, &why), -EINVAL);
	assert_int_equal(qsc_card_create(&card, path, image_key, QSC_CARD_SLOTS_MAX + 1, NULL,
					 &why),
			 -EINVAL);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(qsc_card_create(&card, path, image_key, 3, NULL, &why), 0);
	test_identity(&good, QSC_PROFILE_ONE_DRAW);
	bad = good;
	bad.card = QSC_KEYS_CARD_MAX + 1;
	assert_int_equal(qsc_card_load_begin(card, &bad, &why), -EINVAL);
	bad = good;
	bad.profile = 3;
	assert_int_equal(qsc_card_load_begin(card, &bad, &why), -EINVAL);
	bad = good;
	strcpy(bad.pin, "123");
	assert_int_equal(qsc_card_load_begin(card, &bad, &why), -EINVAL);
	qsc_card_close(card);
	assert_int_equal(qsc_card_create(&card, path, image_key, 3, NULL, &why), -EEXIST);
}

static void a_transport_key_lives_until_the_card_is_loaded(void **state)
{
	uint8_t key[QSC_KEYS_LEN] = "transport", out[QSC_KEYS_LEN];
	struct qsc_card_identity id;
	struct qsc_card *card;

	(void)state;
	unlink(path);
	test_identity(&id, QSC_PROFILE_ONE_DRAW);
	assert_int_equal(qsc_card_create(&card, path, image_key, 1, key, &why), 0);
	card = open_again(card);
	assert_int_equal(qsc_card_transport_key(card, out), 0);
	assert_memory_equal(key, out, sizeof(key));
	assert_int_equal(qsc_card_load_begin(card, &id, &why), 0);
	load_slots(card, 1);
	assert_int_equal(qsc_card_load_finish(card, &why), 0);
	assert_int_equal(qsc_card_transport_key(card, out), -ENOKEY);
	assert_zero(out, sizeof(out));
	card = open_again(card);
	assert_int_equal(qsc_card_transport_key(card, out), -ENOKEY);
	assert_zero(card->identity.transport_key, QSC_KEYS_LEN);
	qsc_card_close(card);
}

/* ----------------------------------------------------------------- damage */

static int open_damaged(void)
{
	struct qsc_card *card;
	int err = qsc_card_open(&card, path, image_key, &why);

	if (err)
		assert_null(card);
	qsc_card_close(card);
	return err;
}

static void damage_to_any_byte_is_seen_before_a_key_is_used(void **state)
{
	struct qsc_card *card = make_card(3, QSC_PROFILE_ONE_DRAW);
	struct qsc_card_health health;
	struct qsc_draw draw;
	size_t len, slots;

	(void)state;
	slots = slot_offset(card, 0);
	assert_int_equal(qsc_card_draw_index(card, 0, 1, &draw, &why), 0);
	qsc_card_close(card);
	len = slurp();
	assert_int_equal(len, slots + 3 * SLOT_LEN);
	for (size_t at = 0; at < slots; at++) {
		file[at] ^= 0x10;
		spill(len);
		assert_int_equal(open_damaged(), -EBADMSG);
		assert_says(path);
		file[at] ^= 0x10;
	}
	for (size_t at = slots; at < len; at++) {
		uint32_t slot = (uint32_t)(at - slots) / SLOT_LEN;

		if (slot == 1) /* zeroised */
			continue;
		file[at] ^= 0x10;
		spill(len);
		assert_int_equal(qsc_card_open(&card, path, image_key, &why), 0);
		assert_int_equal(qsc_card_examine(card, &health, &why), 0);
		assert_int_equal(health.good, 1);
		assert_int_equal(health.damaged, 1);
		assert_int_equal(health.first_damaged, slot);
		assert_int_equal(qsc_card_draw_index(card, 0, slot, &draw, &why), -EIO);
		assert_says("is damaged");
		assert_zero(&draw, sizeof(draw));
		/* At random the good one comes, and then none. */
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), 0);
		assert_int_equal(draw.index, 2 - slot);
		assert_test_key(&draw);
		assert_int_equal(qsc_card_draw(card, 0, &draw, &why), -ENODATA);
		qsc_card_close(card);
		file[at] ^= 0x10;
	}
}

static void a_region_that_is_damaged_is_named(void **state)
{
	static const struct {
		size_t at;
		const char *says;
	} regions[] = {
		{ 3, "no card image" },
		{ 9, "image key" },
		{ 24, "24 to 27" },
		{ 100, "0 to 511 (identity)" },
		{ SECTOR + 100, "512 to 1023 (state)" },
		{ 2 * SECTOR + 7, "1024 to 1535" },
		{ 3 * SECTOR - 1, "1024 to 1535" },
	};
	struct qsc_card *card = make_card(3, QSC_PROFILE_ONE_DRAW);
	size_t len;

	(void)state;
	qsc_card_close(card);
	len = slurp();
	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		file[regions[i].at] ^= 0x80;
		spill(len);
		assert_int_equal(open_damaged(), -EBADMSG);
		assert_says(regions[i].says);
		file[regions[i].at] ^= 0x80;
	}
	spill(len);
	assert_int_equal(open_damaged(), 0);
}

static void an_image_of_another_length_is_refused(void **state)
{
	struct qsc_card *card = make_card(3, QSC_PROFILE_ONE_DRAW);
	size_t len;

	(void)state;
	qsc_card_close(card);
	len = slurp();
	for (size_t n = 0; n < len; n++) {
		spill(n);
		assert_int_equal(open_damaged(), -EBADMSG);
	}
	spill(len + 1);
	assert_int_equal(open_damaged(), -EBADMSG);
	assert_says("appended to");
}

/* One sector of the bitmap in the place of another. */
static void sectors_cannot_stand_for_each_other(void **state)
{
	struct qsc_card *card = make_card(MAP_SLOTS + 1, QSC_PROFILE_ONE_DRAW);
	uint8_t sector[SECTOR];
	int fd;

	(void)state;
	fd = card->fd;
	assert_int_equal(pread(fd, sector, SECTOR, (off_t)map_offset(1)), SECTOR);
	assert_int_equal(pwrite(fd, sector, SECTOR, (off_t)map_offset(0)), SECTOR);
	qsc_card_close(card);
	assert_int_equal(open_damaged(), -EBADMSG);
	assert_says("slots from 0");
}

static void slots_cannot_stand_for_each_other(void **state)
{
	struct qsc_card *card = make_card(2, QSC_PROFILE_ONE_DRAW);
	uint8_t sealed[SLOT_LEN];
	struct qsc_draw draw;

	(void)state;
	assert_int_equal(pread(card->fd, sealed, SLOT_LEN, (off_t)slot_offset(card, 0)), SLOT_LEN);
	assert_int_equal(pwrite(card->fd, sealed, SLOT_LEN, (off_t)slot_offset(card, 1)), SLOT_LEN);
	assert_int_equal(qsc_card_draw_index(card, 0, 1, &draw, &why), -EIO);
	assert_int_equal(qsc_card_draw_index(card, 0, 0, &draw, &why), 0);
	qsc_card_close(card);
}

static void another_image_key_opens_nothing(void **state)
{
	struct qsc_card *card = make_card(3, QSC_PROFILE_ONE_DRAW);
	uint8_t key[QSC_KEYS_LEN];

	(void)state;
	qsc_card_close(card);
	memcpy(key, image_key, sizeof(key));
	key[31] ^= 1;
	assert_int_equal(qsc_card_open(&card, path, key, &why), -EBADMSG);
	assert_says("image key");
}

static void keys_are_not_in_the_file_in_clear(void **state)
{
	struct qsc_card *card = make_card(50, QSC_PROFILE_ONE_DRAW);
	struct qsc_slot slot;
	size_t len;

	(void)state;
	qsc_card_close(card);
	len = slurp();
	for (uint32_t i = 0; i < 50; i++) {
		test_slot(i, &slot);
		assert_null(memmem(file, len, slot.key, 8));
		assert_null(memmem(file, len, slot.core, 8));
	}
	assert_null(memmem(file, len, revoke_key, 8));
	assert_null(memmem(file, len, TEST_PIN, 6));
}

/* --------------------------------------------------------------- one owner */

static void a_card_can_be_in_one_reader_only(void **state)
{
	struct qsc_card *card = make_card(3, QSC_PROFILE_ONE_DRAW), *other;
	struct qsc_card_info info;
	struct qsc_draw draw;

	(void)state;
	assert_int_equal(qsc_card_open(&other, path, image_key, &why), -EBUSY);
	assert_says("in use");
	assert_int_equal(qsc_card_open_to_look(&other, path, image_key, &why), 0);
	qsc_card_info(other, &info);
	assert_int_equal(info.card, TEST_CARD);
	assert_int_equal(qsc_card_draw(other, 0, &draw, &why), -EIO);
	qsc_card_close(other);
	qsc_card_close(card);
	assert_int_equal(qsc_card_open(&card, path, image_key, &why), 0);
	qsc_card_close(card);
}

static void an_image_that_others_can_read_is_refused(void **state)
{
	struct qsc_card *card = make_card(3, QSC_PROFILE_ONE_DRAW);
	struct stat st;

	(void)state;
	qsc_card_close(card);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(chmod(path, 0604), 0);
	assert_int_equal(qsc_card_open(&card, path, image_key, &why), -EPERM);
	assert_says("chmod 600");
}

static void the_image_of_130000_keys_fits_six_million_bytes(void **state)
{
	struct qsc_card card = { .total = 130000, .map_sectors = map_sectors_for(130000) };

	(void)state;
	assert_true(slot_offset(&card, card.total) <= 6000000);
}

static void steps_have_names_that_can_be_read(void **state)
{
	struct qsc_die_at die;
	char text[64];

	(void)state;
	for (unsigned int i = 0; i < QSC_STEPS; i++) {
		assert_non_null(qsc_card_step_name(i));
		assert_int_equal(qsc_die_at_parse(qsc_card_step_name(i), &die, &why), 0);
		assert_int_equal(die.step, i);
		assert_int_equal(die.count, 1);
		snprintf(text, sizeof(text), "%s:%u", qsc_card_step_name(i), i + 7);
		assert_int_equal(qsc_die_at_parse(text, &die, &why), 0);
		assert_int_equal(die.count, i + 7);
	}
	assert_null(qsc_card_step_name(QSC_STEPS));
	assert_int_equal(qsc_die_at_parse("", &die, &why), -EINVAL);
	assert_int_equal(qsc_die_at_parse("burn", &die, &why), -EINVAL);
	assert_says("burnt, synced");
	assert_int_equal(qsc_die_at_parse("burnt:", &die, &why), -EINVAL);
	assert_int_equal(qsc_die_at_parse("burnt:0", &die, &why), -EINVAL);
	assert_int_equal(qsc_die_at_parse("burnt:1x", &die, &why), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_key_is_given_once_and_then_the_card_is_empty,
					  remove_file),
		cmocka_unit_test(any_free_slot_is_as_likely_as_any_other),
		cmocka_unit_test_teardown(many_keys_come_under_one_burn_all_or_none, remove_file),
		cmocka_unit_test_teardown(a_given_index_is_given_once, remove_file),
		cmocka_unit_test_teardown(the_profile_says_which_purposes_there_are, remove_file),
		cmocka_unit_test_teardown(the_bitmap_tells_what_was_drawn, remove_file),
		cmocka_unit_test_teardown(wrong_pins_block_and_a_right_one_forgives, remove_file),
		cmocka_unit_test_teardown(what_is_no_pin_costs_no_try, remove_file),
		cmocka_unit_test_teardown(revocation_ends_the_card_for_good, remove_file),
		cmocka_unit_test_teardown(a_card_is_ready_only_when_all_of_it_is_there,
					  remove_file),
		cmocka_unit_test_teardown(an_impossible_card_is_not_begun, remove_file),
		cmocka_unit_test_teardown(a_transport_key_lives_until_the_card_is_loaded,
					  remove_file),
		cmocka_unit_test_teardown(damage_to_any_byte_is_seen_before_a_key_is_used,
					  remove_file),
		cmocka_unit_test_teardown(a_region_that_is_damaged_is_named, remove_file),
		cmocka_unit_test_teardown(an_image_of_another_length_is_refused, remove_file),
		cmocka_unit_test_teardown(sectors_cannot_stand_for_each_other, remove_file),
		cmocka_unit_test_teardown(slots_cannot_stand_for_each_other, remove_file),
		cmocka_unit_test_teardown(another_image_key_opens_nothing, remove_file),
		cmocka_unit_test_teardown(keys_are_not_in_the_file_in_clear, remove_file),
		cmocka_unit_test_teardown(a_card_can_be_in_one_reader_only, remove_file),
		cmocka_unit_test_teardown(an_image_that_others_can_read_is_refused, remove_file),
		cmocka_unit_test(the_image_of_130000_keys_fits_six_million_bytes),
		cmocka_unit_test(steps_have_names_that_can_be_read),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
