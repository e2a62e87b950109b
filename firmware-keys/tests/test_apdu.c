// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Commands and status words, and a fuzzer that holds the card against a model
 * of it. QSC_SEED=N in the environment replays a run, QSC_ROUNDS=N lengthens it.
 */
#include "applet_test.h"

#include <time.h>

const char *tool_name = "test_apdu";

/* ---------------------------------------------------------------- parsing */

static void commands_are_parsed_as_iso_7816_4_says(void **state)
{
	static const struct {
		size_t len;
		uint8_t bytes[16];
		size_t lc, ne;
	} good[] = {
		{ 4, { 0, 1, 2, 3 }, 0, 0 },
		{ 5, { 0, 1, 2, 3, 7 }, 0, 7 },
		{ 5, { 0, 1, 2, 3, 0 }, 0, 256 },
		{ 7, { 0, 1, 2, 3, 2, 9, 9 }, 2, 0 },
		{ 8, { 0, 1, 2, 3, 2, 9, 9, 5 }, 2, 5 },
		{ 8, { 0, 1, 2, 3, 2, 9, 9, 0 }, 2, 256 },
		{ 7, { 0, 1, 2, 3, 0, 1, 2 }, 0, 258 },
		{ 7, { 0, 1, 2, 3, 0, 0, 0 }, 0, 65536 },
		{ 9, { 0, 1, 2, 3, 0, 0, 2, 9, 9 }, 2, 0 },
		{ 11, { 0, 1, 2, 3, 0, 0, 2, 9, 9, 1, 0 }, 2, 256 },
		{ 11, { 0, 1, 2, 3, 0, 0, 2, 9, 9, 0, 0 }, 2, 65536 },
	};
	static const struct {
		size_t len;
		uint8_t bytes[16];
	} bad[] = {
		{ 0, { 0 } },
		{ 3, { 0, 1, 2 } },
		{ 6, { 0, 1, 2, 3, 2, 9 } },
		{ 9, { 0, 1, 2, 3, 2, 9, 9, 5, 5 } },
		{ 6, { 0, 1, 2, 3, 0, 0 } },
		{ 8, { 0, 1, 2, 3, 0, 0, 2, 9 } },
		{ 9, { 0, 1, 2, 3, 0, 0, 0, 9, 9 } },
		{ 10, { 0, 1, 2, 3, 0, 0, 2, 9, 9, 1 } },
	};
	struct apdu apdu;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(apdu_parse(&apdu, good[i].bytes, good[i].len));
		assert_int_equal(apdu.p2, 3);
		assert_int_equal(apdu.lc, good[i].lc);
		assert_int_equal(apdu.ne, good[i].ne);
		if (apdu.lc)
			assert_int_equal(apdu.data[0], 9);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(apdu_parse(&apdu, bad[i].bytes, bad[i].len));
}

/* ----------------------------------------------------------- status words */

static void nothing_works_before_select(void **state)
{
	(void)state;
	start(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run(INFO), 0x6d00);
	assert_int_equal(run(VERIFY), 0x6d00);
	assert_int_equal(run(DRAW_AUTH), 0x6d00);
	assert_int_equal(run("00a40400 05 f051534302"), 0x6a82);
	assert_int_equal(run("00a40400 04 f0515343"), 0x6a82);
	assert_int_equal(run("00a40400"), 0x6a82);
	assert_int_equal(run("00a40000 05 f051534301"), 0x6a86);
	assert_int_equal(run("00a40401 05 f051534301"), 0x6a86);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run(SELECT " 00"), 0x9000);
	assert_int_equal(run("00a4040c 05 f051534301"), 0x9000);
	assert_int_equal(run("00a40400 05 f051534302"), 0x6a82);
	assert_int_equal(run(INFO), 0x9000);
	applet_reset(&applet);
	assert_int_equal(run(INFO), 0x6d00);
}

static void unknown_commands_are_told_from_unknown_classes(void **state)
{
	(void)state;
	start(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run("80330100 00"), 0x6d00);
	assert_int_equal(run("00b00000 00"), 0x6d00);
	assert_int_equal(run("00320100 00"), 0x6e00);
	assert_int_equal(run("80a40400 05 f051534301"), 0x6e00);
	assert_int_equal(run("81320100 00"), 0x6e00);
	assert_int_equal(run("84320100 00"), 0x6e00);
	assert_int_equal(run("ff320100 00"), 0x6e00);
	assert_int_equal(run("8032"), 0x6700);
}

static void get_info_tells_what_there_is(void **state)
{
	static const uint8_t want[] = { 0x80, 1,    1, 0x81, 5,	   0, 0,  0,	0x23,
					0x1a, 0x82, 1, 2,    0x83, 4, 0,  0,	0,
					20,   0x84, 4, 0,    0,	   0, 19, 0x85, 1,
					2,    0x86, 1, 3,    0x87, 1, 1,  0x90, 0x00 };

	(void)state;
	start_verified(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run(DRAW_AUTH), 0x9000);
	assert_int_equal(run(INFO), 0x9000);
	assert_int_equal(applet.len, sizeof(want));
	assert_memory_equal(applet.answer, want, sizeof(want));
	assert_int_equal(run("80ca00fd 00"), 0x6a88);
	assert_int_equal(run("80ca01fe 00"), 0x6a88);
	assert_int_equal(run("80ca00fe 21"), 0x6c22);
	assert_int_equal(run("80ca00fe 22"), 0x9000);
	assert_int_equal(run("80ca00fe"), 0x6700);
	assert_int_equal(run("80ca00fe 01 00 00"), 0x6700);
}

static void verify_counts(void **state)
{
	(void)state;
	start(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run("00200081"), 0x63c3);
	assert_int_equal(run(WRONG), 0x63c2);
	assert_int_equal(run("00200081"), 0x63c2);
	assert_int_equal(run(VERIFY), 0x9000);
	assert_int_equal(run("00200081"), 0x9000);
	assert_int_equal(run("00200081 08 313233343536ffff"), 0x9000);
	assert_int_equal(run(WRONG), 0x63c2);
	assert_int_equal(run(DRAW_AUTH), 0x6982); /* a wrong PIN logs out */
	assert_int_equal(run("00200080"), 0x6a86);
	assert_int_equal(run("00200181"), 0x6a86);
	assert_int_equal(run("00200081 03 313233"), 0x6700);
	assert_int_equal(run("00200081 09 313233343536373839"), 0x6700);
	assert_int_equal(run("00200081 06 31323334353a"), 0x6a80);
	assert_int_equal(run("00200081 08 31ffffffffffffff"), 0x6a80);
	assert_int_equal(run("00200081"), 0x63c2);
	assert_int_equal(run(WRONG), 0x63c1);
	assert_int_equal(run(WRONG), 0x6983);
	assert_int_equal(run(VERIFY), 0x6983);
	assert_int_equal(run("00200081"), 0x6983);
	assert_int_equal(run(DRAW_AUTH), 0x6982);
	assert_int_equal(left(), CARD_SLOTS);
}

static void verified_ends_with_select_and_with_power(void **state)
{
	(void)state;
	start_verified(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run(DRAW_AUTH), 0x6982);
	assert_int_equal(run(VERIFY), 0x9000);
	applet_reset(&applet);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run(DRAW_AUTH), 0x6982);
	assert_int_equal(left(), CARD_SLOTS);
}

static void draw_gives_index_kid_key_and_what_is_left(void **state)
{
	const uint8_t *a = applet.answer;
	struct qsc_slot slot;

	(void)state;
	start_verified(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run("80320201 04 00000007 00"), 0x9000);
	assert_int_equal(applet.len, 64 + 2);
	assert_memory_equal(a, "\x90\x04\0\0\0\x07\x91\x10", 8);
	assert_memory_equal(a + 24, "\x92\x20", 2);
	assert_memory_equal(a + 58, "\x93\x04\0\0\0\x13", 6);
	test_slot(7, &slot);
	assert_memory_equal(a + 8, slot.core, 8);
	assert_memory_equal(a + 26, slot.key, 32);
	assert_int_equal(run("80320201 04 00000007 00"), 0x6985);
	assert_int_equal(run("80320201 04 00000014 00"), 0x6a83);
	assert_int_equal(run("80320201 04 ffffffff 00"), 0x6a83);
	assert_int_equal(left(), CARD_SLOTS - 1);
}

/* Whatever is wrong with the command, no key is burnt for it. */
static void a_draw_that_is_refused_burns_nothing(void **state)
{
	(void)state;
	start(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run(DRAW_AUTH), 0x6982);
	assert_int_equal(run(VERIFY), 0x9000);
	assert_int_equal(run("80320100"), 0x6700);
	assert_int_equal(run("80320100 3f"), 0x6c40);
	assert_int_equal(run("80320100 01"), 0x6c40);
	assert_int_equal(run("80320000 00"), 0x6a86);
	assert_int_equal(run("80320300 00"), 0x6a86);
	assert_int_equal(run("80320104 00"), 0x6a86);
	assert_int_equal(run("803201ff 00"), 0x6a86);
	assert_int_equal(run("80320102 00"), 0x6700);
	assert_int_equal(run("80320103 00"), 0x6700);
	assert_int_equal(run("80320101 00"), 0x6700);
	assert_int_equal(run("80320101 03 000001 00"), 0x6700);
	assert_int_equal(run("80320100 04 00000001 00"), 0x6700);
	assert_int_equal(run("80320101 04 00000001"), 0x6700);
	assert_int_equal(left(), CARD_SLOTS);
	assert_int_equal(run("80320100 40"), 0x9000);
	assert_int_equal(run("80320100 000040"), 0x9000);
	assert_int_equal(run("80320100 000000"), 0x9000);
	assert_int_equal(left(), CARD_SLOTS - 3);
}

static void one_draw_cards_have_one_purpose(void **state)
{
	(void)state;
	start_verified(CARD_SLOTS, QSC_PROFILE_ONE_DRAW);
	assert_int_equal(run("80320100 00"), 0x6a86);
	assert_int_equal(run("80320200 00"), 0x6a86);
	assert_int_equal(left(), CARD_SLOTS);
	assert_int_equal(run("80320000 00"), 0x9000);
}

static void an_empty_card_says_so(void **state)
{
	(void)state;
	start_verified(2, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run(DRAW_AUTH), 0x9000);
	assert_int_equal(run(DRAW_AUTH), 0x9000);
	assert_int_equal(run(DRAW_AUTH), 0x6a84);
	assert_int_equal(applet.len, 2);
}

static void the_bitmap_comes_in_blocks(void **state)
{
	(void)state;
	start_verified(1034, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run("80320201 04 00000001 00"), 0x9000);
	assert_int_equal(run("80320201 04 00000400 00"), 0x9000);
	assert_int_equal(run("80360000 00"), 0x9000);
	assert_int_equal(applet.len, 128 + 2 + 2);
	assert_int_equal(applet.answer[0], 0x40);
	assert_int_equal(applet.answer[128], 0x80);
	assert_int_equal(run("80360000 01"), 0x9000);
	assert_int_equal(applet.len, 1 + 2);
	assert_int_equal(run("80360001 000000"), 0x9000);
	assert_int_equal(applet.len, 2 + 2);
	assert_int_equal(applet.answer[1], 0x3f);
	assert_int_equal(run("80360002 00"), 0x6a86);
	assert_int_equal(run("8036ffff 00"), 0x6a86);
	assert_int_equal(run("80360000"), 0x6700);
	assert_int_equal(run("80360000 01 00 00"), 0x6700);
}

static void revoke_takes_the_token_of_this_card(void **state)
{
	uint8_t command[5 + QSC_KEYS_REVOKE_TOKEN] = { 0x80, 0x38, 0, 0, QSC_KEYS_REVOKE_TOKEN };
	uint8_t *token = command + 5;

	(void)state;
	start_verified(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(qsc_keys_revoke_token(revoke_key, TEST_CARD, token), 0);
	token[7]++;
	assert_int_equal(run_bytes(command, sizeof(command)), 0x6984);
	token[7]--;
	token[20] ^= 1;
	assert_int_equal(run_bytes(command, sizeof(command)), 0x6982);
	token[20] ^= 1;
	assert_int_equal(run_bytes(command, sizeof(command) - 1), 0x6700);
	command[3] = 1;
	assert_int_equal(run_bytes(command, sizeof(command)), 0x6a86);
	command[3] = 0;
	assert_int_equal(run(DRAW_AUTH), 0x9000);

	assert_int_equal(run_bytes(command, sizeof(command)), 0x9000);
	assert_int_equal(run(DRAW_AUTH), 0x6283);
	assert_int_equal(applet.len, 2);
	assert_int_equal(run(VERIFY), 0x6983);
	assert_int_equal(run("00200081"), 0x6983);
	assert_int_equal(run("80320201 04 00000007 00"), 0x6283);
	assert_int_equal(run_bytes(command, sizeof(command)), 0x6283);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run(DRAW_AUTH), 0x6283);
	assert_int_equal(run(INFO), 0x9000);
	assert_int_equal(applet.answer[27], QSC_CARD_REVOKED);
	assert_int_equal(run("80360000 00"), 0x9000);
	assert_int_equal(run("80e20200 14 00000014 00000000000000000000000000000000"), 0x6985);
}

static void a_blank_card_takes_load_only(void **state)
{
	uint8_t key[QSC_KEYS_LEN] = "transport";
	struct qsc_card *card;

	(void)state;
	assert_int_equal(qsc_card_create(&card, path, image_key, 3, key, &why), 0);
	applet_init(&applet, card);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run(INFO), 0x9000);
	assert_int_equal(applet.answer[27], QSC_CARD_LOADING);
	assert_int_equal(run(VERIFY), 0x6985);
	assert_int_equal(run("00200081"), 0x6985);
	assert_int_equal(run(DRAW_AUTH), 0x6985);
	assert_int_equal(run("80360000 00"), 0x6985);
	assert_int_equal(run("80e20300 00"), 0x6a86);
	assert_int_equal(run("80e20001 00"), 0x6a86);
	assert_int_equal(run("80e20000 00"), 0x6700);
	assert_int_equal(run("80e20200 14 00000003 00000000000000000000000000000000"), 0x6985);
}

static void a_disk_that_fails_gives_6581_and_no_key(void **state)
{
	(void)state;
	start_verified(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	close(applet.card->fd);
	applet.card->fd = -1;
	assert_int_equal(run(DRAW_AUTH), 0x6581);
	assert_int_equal(applet.len, 2);
	assert_int_equal(run(WRONG), 0x6581);
	assert_int_equal(applet.len, 2);
}

/* ---------------------------------------------------------------- loading */

struct loader {
	struct transport transport;
	uint8_t command[5 + 2 + 40 * TRANSPORT_SLOT + 100];
};

static void put_header(struct loader *l, enum transport_record record, size_t body)
{
	uint8_t *p = l->command;

	*p++ = 0x80;
	*p++ = 0xe2;
	*p++ = (uint8_t)record;
	*p++ = 0;
	*p++ = 0;
	put_be16(p, (uint16_t)(body + TRANSPORT_MAC));
}

static unsigned int send_record(struct loader *l, enum transport_record record, size_t body)
{
	uint8_t *data = l->command + 7;

	put_header(l, record, body);
	assert_int_equal(transport_tag(&l->transport, record, data, body, data + body), 0);
	return run_bytes(l->command, 7 + body + TRANSPORT_MAC);
}

static unsigned int load_begin(struct loader *l, uint32_t count)
{
	static const uint8_t key[QSC_KEYS_LEN] = "transport", salt[TRANSPORT_SALT] = "salt";
	struct qsc_card_identity id;
	uint8_t *record = put_bytes(l->command + 7, salt, sizeof(salt));

	test_identity(&id, QSC_PROFILE_ONE_DRAW);
	assert_int_equal(transport_derive(&l->transport, key, salt), 0);
	transport_put_identity(&id, count, record);
	assert_int_equal(transport_crypt(&l->transport, TRANSPORT_BEGIN, 0, record,
					 TRANSPORT_IDENTITY, true),
			 0);
	return send_record(l, TRANSPORT_BEGIN, sizeof(salt) + TRANSPORT_IDENTITY);
}

static unsigned int load_some(struct loader *l, uint32_t first, uint32_t n)
{
	uint8_t *begin = put_be32(l->command + 7, first), *p = begin;
	struct qsc_slot slot;

	for (uint32_t i = first; i < first + n; i++) {
		test_slot(i, &slot);
		p = put_bytes(put_bytes(p, slot.core, 8), slot.key, 32);
	}
	if (n % 2)
		p = put_bytes(p, "\0\0\0\0\0\0\0", 8);
	assert_int_equal(transport_crypt(&l->transport, TRANSPORT_SLOTS, first, begin,
					 (size_t)(p - begin), true),
			 0);
	return send_record(l, TRANSPORT_SLOTS, 4 + (size_t)(p - begin));
}

static unsigned int load_end(struct loader *l, uint32_t count)
{
	put_be32(l->command + 7, count);
	return send_record(l, TRANSPORT_FINISH, 4);
}

static void a_card_is_loaded_over_the_wire(void **state)
{
	static const uint8_t key[QSC_KEYS_LEN] = "transport";
	struct qsc_card *card;
	struct loader l;

	(void)state;
	assert_int_equal(qsc_card_create(&card, path, image_key, 21, key, &why), 0);
	applet_init(&applet, card);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(load_begin(&l, 20), 0x6a80); /* it has 21 slots */
	assert_int_equal(load_some(&l, 0, 2), 0x6985);
	assert_int_equal(load_begin(&l, 21), 0x9000);
	assert_int_equal(load_some(&l, 0, 10), 0x9000);
	assert_int_equal(load_some(&l, 0, 10), 0x6985); /* again */
	assert_int_equal(load_some(&l, 11, 2), 0x6985); /* a gap */
	l.transport.mac[0] ^= 1;
	assert_int_equal(load_some(&l, 10, 2), 0x6982);
	l.transport.mac[0] ^= 1;
	assert_int_equal(load_end(&l, 10), 0x6985); /* not all */

	assert_int_equal(load_begin(&l, 21), 0x9000); /* from the beginning */
	assert_int_equal(load_some(&l, 0, 20), 0x9000);
	assert_int_equal(load_some(&l, 20, 2), 0x6985); /* too many */
	assert_int_equal(load_some(&l, 20, 1), 0x9000);
	assert_int_equal(load_end(&l, 21), 0x9000);
	assert_int_equal(load_begin(&l, 21), 0x6985); /* for good */
	assert_int_equal(load_end(&l, 21), 0x6985);

	assert_int_equal(run(VERIFY), 0x9000);
	for (int i = 0; i < 21; i++) {
		struct qsc_draw draw;

		assert_int_equal(run("80320000 00"), 0x9000);
		draw.index = get_be32(applet.answer + 2);
		memcpy(draw.kid, applet.answer + 8, 16);
		memcpy(draw.key, applet.answer + 26, 32);
		assert_test_key(&draw);
	}
}

static void loading_ends_with_power(void **state)
{
	static const uint8_t key[QSC_KEYS_LEN] = "transport";
	struct qsc_card *card;
	struct loader l;

	(void)state;
	assert_int_equal(qsc_card_create(&card, path, image_key, 2, key, &why), 0);
	applet_init(&applet, card);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(load_begin(&l, 2), 0x9000);
	applet_reset(&applet);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(load_some(&l, 0, 2), 0x6985);
	assert_int_equal(load_begin(&l, 2), 0x9000);
	assert_int_equal(load_some(&l, 0, 2), 0x9000);
	assert_int_equal(load_end(&l, 2), 0x9000);
}

/* Every bit of a LOAD command counts. */
static void a_load_that_was_changed_is_refused(void **state)
{
	static const uint8_t key[QSC_KEYS_LEN] = "transport";
	struct qsc_card *card;
	size_t len = 7 + 4 + 2 * TRANSPORT_SLOT + TRANSPORT_MAC;
	struct loader l, changed;

	(void)state;
	assert_int_equal(qsc_card_create(&card, path, image_key, 2, key, &why), 0);
	applet_init(&applet, card);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(load_begin(&l, 2), 0x9000);
	assert_int_equal(load_some(&l, 0, 2), 0x9000);
	assert_int_equal(load_begin(&changed, 2), 0x9000);
	for (size_t at = 2; at < len; at++) {
		uint8_t command[sizeof(l.command)];

		memcpy(command, l.command, len);
		command[at] ^= 0x01;
		assert_int_not_equal(run_bytes(command, len), 0x9000);
		assert_int_equal(qsc_card_loaded(applet.card), 0);
	}
	assert_int_equal(run_bytes(l.command, len), 0x9000);
}

/* ------------------------------------------------------------------ fuzzing */

static uint64_t seed;

static uint32_t rnd(uint32_t limit)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)(seed * 0x2545f4914f6cdd1dULL >> 32) % limit;
}

/* A command that is right, or nearly so, or nothing of the kind. */
static size_t random_command(uint8_t *out, const uint8_t point[QSC_KEYS_POINT])
{
	static const uint8_t heads[][5] = {
		{ 0x00, 0xa4, 0x04, 0x00, 5 },	{ 0x80, 0xca, 0x00, 0xfe, 0 },
		{ 0x00, 0x20, 0x00, 0x81, 6 },	{ 0x80, 0x32, 0x01, 0x00, 0 },
		{ 0x80, 0x32, 0x02, 0x01, 4 },	{ 0x80, 0x36, 0x00, 0x00, 0 },
		{ 0x80, 0x38, 0x00, 0x00, 40 }, { 0x80, 0xe2, 0x01, 0x00, 100 },
		{ 0x80, 0x32, 0x01, 0x02, 65 }, { 0x80, 0x32, 0x02, 0x03, 69 },
	};
	static const uint8_t texts[][6] = { "\xf0\x51\x53\x43\x01", "123456", "000000" };
	const uint8_t *head = heads[rnd(10)];
	size_t len;

	if (!rnd(8)) {
		len = rnd(300);
		for (size_t i = 0; i < len; i++)
			out[i] = (uint8_t)rnd(256);
		return len;
	}
	memcpy(out, head, 5);
	len = 5 + head[4];
	for (size_t i = 5; i < len; i++)
		out[i] = (uint8_t)(rnd(4) ? rnd(40) : rnd(256));
	if (head[1] == 0xa4)
		memcpy(out + 5, texts[0], 5);
	if (head[1] == 0x20)
		memcpy(out + 5, texts[rnd(20) ? 1 : 2], 6);
	if (head[1] == 0x32 && head[3] & 1)
		memset(out + 5, 0, 3);
	if (head[1] == 0x32 && head[3] & 2)
		memcpy(out + len - QSC_KEYS_POINT, point, QSC_KEYS_POINT);
	if (head[1] == 0x32 && head[4])
		out[len++] = 0;
	for (uint32_t n = rnd(3) ? 0 : rnd(3); n; n--)
		out[rnd((uint32_t)len)] = (uint8_t)rnd(256);
	if (!rnd(6))
		len = rnd((uint32_t)len + 4);
	return len;
}

/* A key comes with 9000 after DRAW, once, with the PIN, and in no other way. */
static void whatever_comes_in_no_key_is_given_twice_or_without_pin(void **state)
{
	const char *given_seed = getenv("QSC_SEED"), *rounds = getenv("QSC_ROUNDS");
	unsigned long n = rounds ? strtoul(rounds, NULL, 0) : 200000;
	bool seen[4000] = { false };
	unsigned int draws = 0, sealed = 0;
	uint8_t command[400] = { 0 };
	struct qsc_ephemeral *pair;

	(void)state;
	seed = given_seed ? strtoull(given_seed, NULL, 0) : (uint64_t)time(NULL) << 16 | 1;
	print_message("QSC_SEED=%llu QSC_ROUNDS=%lu\n", (unsigned long long)seed, n);
	assert_int_equal(qsc_ephemeral_new(&pair), 0);
	start(4000, QSC_PROFILE_TWO_DRAW);
	while (n--) {
		uint32_t before = left(), now;
		bool verified = applet.verified;
		size_t len = random_command(command, qsc_ephemeral_public(pair));
		unsigned int sw = run_bytes(command, len);

		assert_true(applet.len >= 2 && applet.len <= APDU_MAX);
		if (sw != 0x9000)
			assert_int_equal(applet.len, 2);
		now = left();
		if (now != before) {
			uint32_t index = get_be32(applet.answer + 2);

			assert_int_equal(now, before - 1);
			assert_int_equal(sw, 0x9000);
			assert_int_equal(command[1], 0x32);
			assert_true(verified);
			assert_int_equal(applet.len, command[3] & 2 ? 147 : 66);
			sealed += command[3] >> 1;
			assert_true(index < 4000 && !seen[index]);
			seen[index] = true;
			draws++;
		} else if (sw == 0x9000) {
			assert_int_not_equal(command[1], 0x32);
			assert_int_not_equal(command[1], 0x38);
		}
		if (!(n % 1000)) {
			assert_int_equal(qsc_card_set_pin(applet.card, TEST_PIN, 6, &why), 0);
			applet.card = open_again(applet.card);
			applet_reset(&applet);
		}
	}
	qsc_ephemeral_free(pair);
	print_message("%u keys drawn, %u of them sealed\n", draws, sealed);
	assert_true(sealed && draws > sealed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_are_parsed_as_iso_7816_4_says),
		cmocka_unit_test_teardown(nothing_works_before_select, end),
		cmocka_unit_test_teardown(unknown_commands_are_told_from_unknown_classes, end),
		cmocka_unit_test_teardown(get_info_tells_what_there_is, end),
		cmocka_unit_test_teardown(verify_counts, end),
		cmocka_unit_test_teardown(verified_ends_with_select_and_with_power, end),
		cmocka_unit_test_teardown(draw_gives_index_kid_key_and_what_is_left, end),
		cmocka_unit_test_teardown(a_draw_that_is_refused_burns_nothing, end),
		cmocka_unit_test_teardown(one_draw_cards_have_one_purpose, end),
		cmocka_unit_test_teardown(an_empty_card_says_so, end),
		cmocka_unit_test_teardown(the_bitmap_comes_in_blocks, end),
		cmocka_unit_test_teardown(revoke_takes_the_token_of_this_card, end),
		cmocka_unit_test_teardown(a_blank_card_takes_load_only, end),
		cmocka_unit_test_teardown(a_disk_that_fails_gives_6581_and_no_key, end),
		cmocka_unit_test_teardown(a_card_is_loaded_over_the_wire, end),
		cmocka_unit_test_teardown(loading_ends_with_power, end),
		cmocka_unit_test_teardown(a_load_that_was_changed_is_refused, end),
		cmocka_unit_test_teardown(whatever_comes_in_no_key_is_given_twice_or_without_pin,
					  end),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
