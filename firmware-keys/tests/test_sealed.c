// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Sealed draws: known answers, what is refused, and who can open them. */
#include "applet_test.h"

#include "pair.h"
#include "vectors.h"

const char *tool_name = "test_sealed";

/* Known answers with a pair of the card's own that is known, too */
static struct qsc_ephemeral *pair_of(struct json_object *v, const char *secret, const char *public)
{
	uint8_t number[QSC_KEYS_LEN], point[QSC_KEYS_POINT];

	hex(v, secret, number, sizeof(number));
	hex(v, public, point, sizeof(point));
	return test_pair(number, point);
}

static void check_draw(struct json_object *v)
{
	uint8_t command[128], want[256];
	size_t len = hex(v, "command", command, sizeof(command));
	size_t want_len = hex(v, "answer", want, sizeof(want));

	qsc_ephemeral_free(applet.ephemeral);
	applet.ephemeral = pair_of(v, "chip_secret", "chip_public");
	assert_int_equal(run_bytes(command, len), 0x9000);
	assert_int_equal(applet.len, want_len);
	assert_memory_equal(applet.answer, want, want_len);
	assert_true(applet.drawn);
	assert_null(applet.ephemeral);
	assert_int_equal(run_bytes(command, len), 0x6985);
}

static void sealed_draws_are_the_known_ones(void **state)
{
	struct json_object *card = member(all, "card"), *load = member(card, "load");
	static uint8_t key[QSC_KEYS_LEN], command[1024];

	(void)state;
	hex(card, "transport_key", key, sizeof(key));
	assert_int_equal(qsc_card_create(&applet.card, path, image_key, 4, key, &why), 0);
	applet_init(&applet, applet.card);
	assert_int_equal(run(SELECT), 0x9000);
	for (size_t i = 0; i < json_object_array_length(load); i++) {
		const char *digits = json_object_get_string(json_object_array_get_idx(load, i));
		size_t len = hex_bytes(digits, command, sizeof(command));

		assert_int_equal(run_bytes(command, len), 0x9000);
	}
	assert_int_equal(run(VERIFY), 0x9000);
	each("draws", check_draw);
	assert_int_equal(left(), 0);
}

#define SEALED_MAX (5 + 4 + QSC_KEYS_POINT + 1)

/* A sealed draw for @purpose, at random; how many bytes */
static size_t put_sealed_draw(uint8_t out[SEALED_MAX], uint8_t purpose, const uint8_t *point)
{
	uint8_t head[] = { 0x80, 0x32, purpose, 0x02, QSC_KEYS_POINT }, *p;

	p = put_bytes(put_bytes(out, head, sizeof(head)), point, QSC_KEYS_POINT);
	*p++ = 0;
	return (size_t)(p - out);
}

/* Asks with a pair that exists, and opens what comes. */
static void open_sealed_draw(uint8_t purpose, struct qsc_draw *draw)
{
	uint8_t command[SEALED_MAX], shared[QSC_KEYS_LEN];
	struct qsc_draw_names names = { .card = TEST_CARD, .purpose = purpose };
	const uint8_t *a = applet.answer;
	struct qsc_ephemeral *pair;

	assert_int_equal(qsc_ephemeral_new(&pair), 0);
	memcpy(names.reader, qsc_ephemeral_public(pair), QSC_KEYS_POINT);
	assert_int_equal(run_bytes(command, put_sealed_draw(command, purpose, names.reader)),
			 0x9000);
	assert_int_equal(applet.len, 145 + 2);
	assert_memory_equal(a + 24, "\x94\x71\x04", 3);
	assert_memory_equal(a + 139, "\x93\x04", 2);
	draw->index = names.index = get_be32(a + 2);
	draw->remaining = names.remaining = get_be32(a + 141);
	memcpy(draw->kid, a + 8, QSC_KEYS_KID);
	memcpy(names.kid, a + 8, QSC_KEYS_KID);
	memcpy(names.chip, a + 26, QSC_KEYS_POINT);
	assert_int_equal(qsc_ephemeral_agree(pair, names.chip, shared), 0);
	qsc_ephemeral_free(pair);
	assert_int_equal(qsc_keys_open_draw(shared, &names, a + 26 + QSC_KEYS_POINT, draw->key), 0);
}

static void a_sealed_draw_opens_for_who_asked(void **state)
{
	uint8_t points[3][QSC_KEYS_POINT];
	struct qsc_draw draw;

	(void)state;
	start_verified(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	for (unsigned int i = 0; i < 3; i++) {
		if (i) /* made before the draw, or by it */
			applet_prepare(&applet);
		open_sealed_draw(1 + i % 2, &draw);
		assert_test_key(&draw);
		assert_int_equal(draw.remaining, CARD_SLOTS - 1 - i);
		memcpy(points[i], applet.answer + 26, QSC_KEYS_POINT);
		for (size_t at = 0; at + QSC_KEYS_LEN <= applet.len; at++)
			assert_memory_not_equal(applet.answer + at, draw.key, QSC_KEYS_LEN);
	}
	assert_memory_not_equal(points[0], points[1], QSC_KEYS_POINT);
	assert_memory_not_equal(points[1], points[2], QSC_KEYS_POINT);
}

static void the_pair_of_the_card_ends_with_the_pin(void **state)
{
	(void)state;
	start(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run(SELECT), 0x9000);
	applet_prepare(&applet);
	assert_null(applet.ephemeral); /* nobody will draw */
	assert_int_equal(run(VERIFY), 0x9000);
	applet_prepare(&applet);
	assert_non_null(applet.ephemeral);
	assert_int_equal(run(SELECT), 0x9000);
	assert_null(applet.ephemeral);
}

static void check_bad_point(struct json_object *v)
{
	uint8_t command[SEALED_MAX], point[QSC_KEYS_POINT];
	size_t len;

	assert_int_equal(hex(v, "point", point, sizeof(point)), sizeof(point));
	len = put_sealed_draw(command, 1, point);
	if (run_bytes(command, len) != 0x6a80)
		fail_msg("%s: taken", string(v, "why"));
	assert_int_equal(applet.len, 2);
}

/* As with draws in clear, and a point that is none comes before the burn, too. */
static void a_sealed_draw_that_is_refused_burns_nothing(void **state)
{
	uint8_t command[SEALED_MAX + 4] = { 0 };
	struct qsc_ephemeral *pair;
	struct qsc_draw draw;
	size_t len;

	(void)state;
	assert_int_equal(qsc_ephemeral_new(&pair), 0);
	len = put_sealed_draw(command, 1, qsc_ephemeral_public(pair));
	start(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	assert_int_equal(run(SELECT), 0x9000);
	assert_int_equal(run_bytes(command, len), 0x6982);
	assert_int_equal(run(VERIFY), 0x9000);
	each("bad_points", check_bad_point);
	assert_int_equal(run_bytes(command, len - 1), 0x6700); /* no Le */
	command[len - 1] = 144;
	assert_int_equal(run_bytes(command, len), 0x6c91);
	command[len - 1] = 64; /* enough for a draw in clear */
	assert_int_equal(run_bytes(command, len), 0x6c91);
	command[len - 1] = 145;
	command[3] = 0x00;
	assert_int_equal(run_bytes(command, len), 0x6700);
	command[3] = 0x01;
	assert_int_equal(run_bytes(command, len), 0x6700);
	command[3] = 0x03; /* the index is missing */
	assert_int_equal(run_bytes(command, len), 0x6700);
	command[3] = 0x06;
	assert_int_equal(run_bytes(command, len), 0x6a86);
	command[3] = 0x02;
	command[2] = 0x00; /* of a one-draw card: told before the point is looked at */
	assert_int_equal(run_bytes(command, len), 0x6a86);
	command[5] = 0x05;
	assert_int_equal(run_bytes(command, len), 0x6a86);
	command[5] = 0x04;
	command[2] = 0x01;
	/* By index: one that is not there, and one that is used */
	command[3] = 0x03;
	command[4] = 4 + QSC_KEYS_POINT;
	memmove(command + 9, command + 5, len - 5);
	put_be32(command + 5, CARD_SLOTS);
	assert_int_equal(run_bytes(command, len + 4), 0x6a83);
	assert_int_equal(left(), CARD_SLOTS);
	put_be32(command + 5, 7);
	assert_int_equal(run_bytes(command, len + 4), 0x9000);
	assert_int_equal(run_bytes(command, len + 4), 0x6985);
	assert_int_equal(left(), CARD_SLOTS - 1);
	qsc_ephemeral_free(pair);
	open_sealed_draw(1, &draw); /* after all of that */
	assert_test_key(&draw);
}

static void a_disk_that_fails_gives_6581_and_no_sealed_key(void **state)
{
	uint8_t command[SEALED_MAX];
	struct qsc_ephemeral *pair;

	(void)state;
	assert_int_equal(qsc_ephemeral_new(&pair), 0);
	start_verified(CARD_SLOTS, QSC_PROFILE_TWO_DRAW);
	close(applet.card->fd);
	applet.card->fd = -1;
	assert_int_equal(run_bytes(command,
				   put_sealed_draw(command, 1, qsc_ephemeral_public(pair))),
			 0x6581);
	assert_int_equal(applet.len, 2);
	qsc_ephemeral_free(pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(sealed_draws_are_the_known_ones, end),
		cmocka_unit_test_teardown(a_sealed_draw_opens_for_who_asked, end),
		cmocka_unit_test_teardown(the_pair_of_the_card_ends_with_the_pin, end),
		cmocka_unit_test_teardown(a_sealed_draw_that_is_refused_burns_nothing, end),
		cmocka_unit_test_teardown(a_disk_that_fails_gives_6581_and_no_sealed_key, end),
	};
	int failed;

	all = json_object_from_file(QSC_VECTORS);
	if (!all) {
		fprintf(stderr, "test_sealed: cannot read %s\n", QSC_VECTORS);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, make_folder, remove_folder);
	json_object_put(all);
	return failed;
}
