// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Commands of a card and its answers, with a PC/SC that the test plays. */
#include "keyd/keyd_test.h"

#include "keyd/reader.h"
#include "log.h"
#include "secmem.h"

#include "pair.h"
#include "vectors.h"

#define ROUNDS 200000

/* What the card answers, in order, and what it was asked */
static struct {
	LONG error;
	uint8_t bytes[160];
	size_t len;
	uint8_t seal; /* the key that is sealed for whoever asks, instead of all that */
} answers[16];
static unsigned int n_answers, n_asked;
static uint8_t asked[16][80];

/* As a card does it. @fill: of kid and key, and the index */
static size_t seal(const uint8_t *command, uint8_t fill, uint8_t *out)
{
	struct qsc_draw_names names = { .card = 7, .purpose = command[2], .index = fill };
	uint8_t key[QSC_KEYS_LEN], shared[QSC_KEYS_LEN], *p = out;
	struct qsc_ephemeral *pair;

	names.remaining = 4;
	memset(names.kid, fill, sizeof(names.kid));
	memset(key, fill, sizeof(key));
	memcpy(names.reader, command + 5, QSC_KEYS_POINT);
	assert_int_equal(qsc_ephemeral_new(&pair), 0);
	memcpy(names.chip, qsc_ephemeral_public(pair), QSC_KEYS_POINT);
	assert_int_equal(qsc_ephemeral_agree(pair, names.reader, shared), 0);
	qsc_ephemeral_free(pair);
	p = put_be32(put_bytes(p, "\x90\x04", 2), names.index);
	p = put_bytes(put_bytes(p, "\x91\x10", 2), names.kid, QSC_KEYS_KID);
	p = put_bytes(put_bytes(p, "\x94\x71", 2), names.chip, QSC_KEYS_POINT);
	assert_int_equal(qsc_keys_seal_draw(shared, &names, key, p), 0);
	p = put_bytes(p + QSC_KEYS_SEALED_DRAW, "\x93\x04", 2);
	p = put_be16(put_be32(p, names.remaining), SW_OK);
	return (size_t)(p - out);
}

LONG __wrap_SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *pci, LPCBYTE in, DWORD in_len,
			  SCARD_IO_REQUEST *back, LPBYTE out, LPDWORD out_len)
{
	(void)handle;
	(void)pci;
	(void)back;
	assert_true(n_asked < n_answers);
	assert_true(in_len <= sizeof(asked[0]));
	memcpy(asked[n_asked], in, in_len);
	if (answers[n_asked].seal) {
		uint8_t sealed[160];
		size_t len = seal(in, answers[n_asked].seal, sealed);

		answers[n_asked].len = len;
		/* What the test has put there is what somebody changes on the way. */
		for (size_t i = 0; i < len; i++)
			answers[n_asked].bytes[i] ^= sealed[i];
	}
	memcpy(out, answers[n_asked].bytes, answers[n_asked].len);
	*out_len = answers[n_asked].len;
	return answers[n_asked++].error;
}

static void will_say(LONG error, const void *bytes, size_t len)
{
	answers[n_answers].error = error;
	answers[n_answers].len = len;
	answers[n_answers].seal = 0;
	memcpy(answers[n_answers++].bytes, bytes, len);
}

static void will_say_sw(unsigned int sw)
{
	const uint8_t bytes[] = { (uint8_t)(sw >> 8), (uint8_t)sw };

	will_say(SCARD_S_SUCCESS, bytes, sizeof(bytes));
}

static uint8_t info[] = { 0x80, 1,    1, 0x81, 5, 0, 0, 0,    0, 7, 0x82, 1, 1, 0x83, 4,   0, 0, 0,
			  9,	0x84, 4, 0,    0, 0, 5, 0x85, 1, 2, 0x86, 1, 3, 0x90, 0x00 };

static void will_say_key(uint8_t fill)
{
	uint8_t bytes[66] = { 0x90, 4, 0, 0, 0, fill };

	bytes[6] = 0x91;
	bytes[7] = 16;
	memset(bytes + 8, fill, 16);
	bytes[24] = 0x92;
	bytes[25] = 32;
	memset(bytes + 26, fill, 32);
	bytes[58] = 0x93;
	bytes[59] = 4;
	bytes[63] = 4;
	bytes[64] = 0x90;
	will_say(SCARD_S_SUCCESS, bytes, sizeof(bytes));
}

/* @at: the byte that somebody changes on the way, or -1 */
static void will_seal(uint8_t fill, int at)
{
	memset(answers[n_answers].bytes, 0, sizeof(answers[0].bytes));
	if (at >= 0)
		answers[n_answers].bytes[at] = 0x40;
	answers[n_answers].error = SCARD_S_SUCCESS;
	answers[n_answers++].seal = fill;
}

static struct pins *pins;
static struct visit visit;
static struct card_view view;
static struct failure why;

static int begin(void **state)
{
	(void)state;
	n_answers = n_asked = 0;
	memset(&view, 0, sizeof(view));
	memset(&why, 0, sizeof(why));
	strcpy(view.where, "reader");
	pins = pins_new(NULL);
	visit = (struct visit){ .reader = "reader", .pins = pins, .seals = seals_new(false) };
	assert_int_equal(visit_begin(&visit, &why), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	visit_end(&visit);
	seals_free(visit.seals);
	pins_free(pins);
	assert_int_equal(secmem_used(), 0);
	return 0;
}

static void identify(uint8_t profile)
{
	info[12] = profile;
	will_say_sw(SW_OK);
	will_say(SCARD_S_SUCCESS, info, sizeof(info));
	assert_int_equal(visit_identify(&visit, &view), 0);
}

static const uint8_t can_seal[] = { 0x87, 1, 1, 0x90, 0x00 };

/* What is known of one that can */
static void will_announce(uint8_t profile)
{
	uint8_t bytes[sizeof(info) + 3];

	info[12] = profile;
	will_say_sw(SW_OK);
	put_bytes(put_bytes(bytes, info, sizeof(info) - 2), can_seal, sizeof(can_seal));
	will_say(SCARD_S_SUCCESS, bytes, sizeof(bytes));
}

static void identify_sealing(uint8_t profile)
{
	will_announce(profile);
	assert_int_equal(visit_identify(&visit, &view), 0);
	assert_true(view.seals);
}

static void a_card_is_recognised(void **state)
{
	(void)state;
	identify(1);
	assert_int_equal(view.info.card, 7);
	assert_int_equal(view.info.total, 9);
	assert_int_equal(view.info.remaining, 5);
	assert_int_equal(view.info.tries, 3);
	assert_memory_equal(asked[0], "\x00\xa4\x04\x00\x05\xf0\x51\x53\x43\x01", 10);
	assert_memory_equal(asked[1], "\x80\xca\x00\xfe\x00", 5);
}

static void other_cards_are_foreign(void **state)
{
	(void)state;
	will_say_sw(SW_NO_APPLET);
	assert_int_equal(visit_identify(&visit, &view), -1);
	assert_int_equal(view.why.code, FAIL_FOREIGN_CARD);
	/* One that takes every AID */
	will_say_sw(SW_OK);
	will_say_sw(SW_OK);
	assert_int_equal(visit_identify(&visit, &view), -1);
	assert_int_equal(view.why.code, FAIL_FOREIGN_CARD);
	assert_false(view.has_info);
}

static void a_pin_is_shown_once(void **state)
{
	(void)state;
	identify(1);
	will_say_sw(SW_WRONG_PIN | 2);
	assert_int_equal(visit_verify(&visit, &view, "1234", &why), -1);
	assert_int_equal(why.code, FAIL_WRONG_PIN);
	assert_non_null(strstr(why.text, "2 tries left"));
	assert_null(strstr(why.text, "1234"));
	assert_memory_equal(asked[2],
			    "\x00\x20\x00\x81\x04"
			    "1234",
			    9);
	assert_int_equal(visit_verify(&visit, &view, NULL, &why), -1);
	assert_int_equal(why.code, FAIL_WRONG_PIN);
	assert_int_equal(n_asked, 3);
	will_say_sw(SW_OK);
	assert_int_equal(visit_verify(&visit, &view, "123456", &why), 0);
	assert_true(pins_known_good(pins, 7));
	will_say_sw(SW_OK);
	assert_int_equal(visit_verify(&visit, &view, NULL, &why), 0);
	assert_memory_equal(asked[4],
			    "\x00\x20\x00\x81\x06"
			    "123456",
			    11);
}

static void the_last_try_is_for_people(void **state)
{
	(void)state;
	identify(1);
	assert_int_equal(pins_tried(pins, 7, "1234\0\0\0\0", true), 0);
	view.info.tries = 1;
	assert_int_equal(visit_verify(&visit, &view, NULL, &why), -1);
	assert_int_equal(why.code, FAIL_LAST_TRY);
	view.info.tries = 0;
	assert_int_equal(visit_verify(&visit, &view, "1234", &why), -1);
	assert_int_equal(why.code, FAIL_BLOCKED_PIN);
	assert_int_equal(n_asked, 2);
}

static void keys_are_drawn_as_the_profile_says(void **state)
{
	struct drawn drawn = { 0 };
	unsigned int lost = 0;

	(void)state;
	identify(2);
	will_say_key(0x11);
	will_say_key(0x22);
	assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), 0);
	assert_memory_equal(asked[2], "\x80\x32\x01\x00\x00", 5);
	assert_memory_equal(asked[3], "\x80\x32\x02\x00\x00", 5);
	assert_int_equal(drawn.n, 2);
	assert_int_equal(drawn.index[1], 0x22);
	assert_int_equal(drawn.key[0][31], 0x11);
	assert_int_equal(drawn.remaining, 4);
	assert_int_equal(lost, 0);
}

static void a_dying_card_burns_the_key(void **state)
{
	struct drawn drawn = { 0 };
	unsigned int lost = 0;

	(void)state;
	identify(2);
	will_say_key(0x11);
	will_say(SCARD_S_SUCCESS, "\x90", 1); /* it happens: success, and no status word */
	assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), -1);
	assert_int_equal(why.code, FAIL_CARD_GONE);
	assert_int_equal(lost, 1);
	assert_int_equal(drawn.n, 1);
	will_say(SCARD_S_SUCCESS, "", 0);
	assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), -1);
	will_say(SCARD_W_REMOVED_CARD, "", 0);
	assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), -1);
	assert_int_equal(why.code, FAIL_NO_CARD);
	/* Its status is good, its key is not one. */
	will_say_sw(SW_OK);
	assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), -1);
	assert_int_equal(lost, 4);
	/* The first one is still good, and is not drawn again. */
	will_say_key(0x22);
	assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), 0);
	assert_int_equal(drawn.index[0], 0x11);
	assert_int_equal(drawn.index[1], 0x22);
}

static void refused_draws_are_told_apart(void **state)
{
	static const struct {
		unsigned int sw;
		enum failure_code code;
	} refusals[] = {
		{ SW_REVOKED, FAIL_REVOKED_CARD }, { SW_EMPTY, FAIL_EMPTY_CARD },
		{ SW_NO_PIN, FAIL_CARD_GONE },	   { SW_MEMORY, FAIL_CARD_BROKEN },
		{ 0x6f00, FAIL_CARD_BROKEN },
	};
	struct drawn drawn = { 0 };
	unsigned int lost = 0;

	(void)state;
	identify(1);
	for (size_t i = 0; i < COUNT(refusals); i++) {
		will_say_sw(refusals[i].sw);
		assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), -1);
		assert_int_equal(why.code, refusals[i].code);
	}
	assert_int_equal(lost, 0);
	assert_int_equal(drawn.n, 0);
}

static void a_card_that_can_is_asked_for_sealed_keys(void **state)
{
	struct drawn drawn = { 0 };
	unsigned int lost = 0;

	(void)state;
	identify_sealing(2);
	will_seal(0x11, -1);
	will_seal(0x22, -1);
	assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), 0);
	assert_memory_equal(asked[2], "\x80\x32\x01\x02\x41\x04", 6);
	assert_memory_equal(asked[3], "\x80\x32\x02\x02\x41\x04", 6);
	assert_int_equal(asked[3][5 + QSC_KEYS_POINT], 0x00);
	assert_memory_not_equal(asked[2] + 5, asked[3] + 5, QSC_KEYS_POINT);
	assert_int_equal(drawn.n, 2);
	assert_int_equal(drawn.index[1], 0x22);
	assert_int_equal(drawn.kid[1][15], 0x22);
	assert_int_equal(drawn.key[0][0], 0x11);
	assert_int_equal(drawn.key[1][31], 0x22);
	assert_int_equal(drawn.remaining, 4);
	assert_int_equal(lost, 0);
}

/* Names, numbers, point, ciphertext, tag, status word: each is a key lost. */
static void a_sealed_key_that_was_changed_is_none(void **state)
{
	struct drawn drawn = { 0 };
	unsigned int lost = 0;

	(void)state;
	identify_sealing(1);
	for (int at = 0; at < 145; at++) {
		n_answers = n_asked = 2;
		will_seal(0x11, at);
		assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), -1);
		assert_int_equal(why.code, FAIL_CARD_BROKEN);
		assert_int_equal(lost, at + 1);
	}
	assert_int_equal(drawn.n, 0);
	assert_non_null(strstr(why.text, "not a key, or was changed"));
	assert_null(strstr(why.text, "11111111"));
}

/* By whoever is in between */
static void a_card_that_seals_is_not_talked_out_of_it(void **state)
{
	struct drawn drawn = { 0 };
	unsigned int lost = 0;

	(void)state;
	identify_sealing(1);
	will_say_key(0x11);
	assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), -1);
	assert_int_equal(why.code, FAIL_CARD_BROKEN);
	assert_int_equal(drawn.n, 0);
	assert_int_equal(lost, 1);
	/* Nor the next time; and it is asked for nothing more then. */
	will_say_sw(SW_OK);
	will_say(SCARD_S_SUCCESS, info, sizeof(info));
	assert_int_equal(visit_identify(&visit, &view), -1);
	assert_int_equal(view.why.code, FAIL_UNSEALED);
	assert_non_null(strstr(view.why.text, "sealed its keys before"));
	/* Another card is another matter. */
	info[9]++;
	will_say_sw(SW_OK);
	will_say(SCARD_S_SUCCESS, info, sizeof(info));
	assert_int_equal(visit_identify(&visit, &view), 0);
	info[9]--;
	assert_false(view.seals);
	will_announce(1);
	assert_int_equal(visit_identify(&visit, &view), 0);
}

static void where_seals_are_required_no_other_card_is_used(void **state)
{
	(void)state;
	seals_free(visit.seals);
	visit.seals = seals_new(true);
	will_say_sw(SW_OK);
	will_say(SCARD_S_SUCCESS, info, sizeof(info));
	assert_int_equal(visit_identify(&visit, &view), -1);
	assert_int_equal(view.why.code, FAIL_UNSEALED);
	assert_true(view.has_info);
	assert_non_null(strstr(view.why.text, "require-sealed-draw"));
	will_announce(1);
	memset(&view.why, 0, sizeof(view.why));
	assert_int_equal(visit_identify(&visit, &view), 0);
}

static void other_features_are_not_mistaken_for_it(void **state)
{
	static const struct {
		uint8_t bytes[8];
		size_t len;
		bool seals;
	} tails[] = {
		{ { 0x87, 1, 0 }, 3, false },	{ { 0x87, 1, 0xfe }, 3, false },
		{ { 0x87, 1, 0xff }, 3, true }, { { 0x87, 1, 1, 0x88, 0 }, 5, true },
		{ { 0x88, 1, 1 }, 3, false },	{ { 0x87, 2, 1, 1 }, 4, false },
		{ { 0x87, 1 }, 2, false },	{ { 0x87 }, 1, false },
	};
	uint8_t bytes[64], *p;
	struct qsc_card_info card;
	bool seals;

	(void)state;
	for (size_t i = 0; i < COUNT(tails); i++) {
		p = put_bytes(bytes, info, sizeof(info) - 2);
		p = put_be16(put_bytes(p, tails[i].bytes, tails[i].len), SW_OK);
		assert_true(apdu_read_info(bytes, (size_t)(p - bytes), &card, &seals));
		assert_int_equal(seals, tails[i].seals);
	}
}

/* The answers of the card in the vectors, read here */
static void check_known_draw(struct json_object *v)
{
	uint8_t answer[160], sealed[QSC_KEYS_SEALED_DRAW], want[QSC_KEYS_LEN], command[80];
	uint8_t number[QSC_KEYS_LEN], shared[QSC_KEYS_LEN];
	size_t len = hex(v, "answer", answer, sizeof(answer));
	struct qsc_draw_names names = { .card = num(v, "card") };
	struct qsc_ephemeral *pair;
	struct qsc_draw draw;
	struct apdu apdu;

	names.purpose = (uint8_t)num(v, "purpose");
	hex(v, "reader_public", names.reader, QSC_KEYS_POINT);
	hex(v, "reader_secret", number, sizeof(number));
	pair = test_pair(number, names.reader);
	apdu_draw_sealed(&apdu, names.purpose, names.reader);
	/* The known command is by index. */
	assert_int_equal(hex(v, "command", command, sizeof(command)), apdu.len + 4);
	assert_memory_equal(apdu.bytes, command, 3);
	assert_memory_equal(apdu.bytes + 5, command + 9, apdu.len - 5);

	assert_true(apdu_read_sealed(answer, len, &draw, names.chip, sealed));
	assert_int_equal(draw.index, num(v, "index"));
	assert_int_equal(draw.remaining, num(v, "remaining"));
	names.index = draw.index;
	names.remaining = draw.remaining;
	memcpy(names.kid, draw.kid, QSC_KEYS_KID);
	assert_int_equal(qsc_ephemeral_agree(pair, names.chip, shared), 0);
	assert_int_equal(qsc_keys_open_draw(shared, &names, sealed, draw.key), 0);
	hex(v, "key", want, sizeof(want));
	assert_memory_equal(draw.key, want, sizeof(want));
	qsc_ephemeral_free(pair);
	for (size_t less = 1; less <= len; less++)
		assert_false(apdu_read_sealed(answer, len - less, &draw, names.chip, sealed));
}

static void the_known_sealed_draws_are_read(void **state)
{
	(void)state;
	each("draws", check_known_draw);
}

/* Sizes of the heap, so that a byte too many is seen. */
static void any_bytes_are_an_answer(void **state)
{
	uint8_t chip[QSC_KEYS_POINT], sealed[QSC_KEYS_SEALED_DRAW];
	struct qsc_card_info card;
	struct qsc_draw draw;
	bool seals;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = some_number() % (sizeof(info) + 3);
		uint8_t *bytes = malloc(len + !len);

		assert_non_null(bytes);
		for (size_t k = 0; k < len; k++)
			bytes[k] = some_number() % 8 || k >= sizeof(info) ? info[k % sizeof(info)] :
									    (uint8_t)some_number();
		apdu_status(bytes, len);
		if (apdu_read_info(bytes, len, &card, &seals))
			assert_true(card.remaining <= card.total);
		assert_false(apdu_read_draw(bytes, len, &draw));
		assert_false(apdu_read_sealed(bytes, len, &draw, chip, sealed));
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_card_is_recognised, begin, end),
		cmocka_unit_test_setup_teardown(other_cards_are_foreign, begin, end),
		cmocka_unit_test_setup_teardown(a_pin_is_shown_once, begin, end),
		cmocka_unit_test_setup_teardown(the_last_try_is_for_people, begin, end),
		cmocka_unit_test_setup_teardown(keys_are_drawn_as_the_profile_says, begin, end),
		cmocka_unit_test_setup_teardown(a_dying_card_burns_the_key, begin, end),
		cmocka_unit_test_setup_teardown(refused_draws_are_told_apart, begin, end),
		cmocka_unit_test_setup_teardown(a_card_that_can_is_asked_for_sealed_keys, begin,
						end),
		cmocka_unit_test_setup_teardown(a_sealed_key_that_was_changed_is_none, begin, end),
		cmocka_unit_test_setup_teardown(a_card_that_seals_is_not_talked_out_of_it, begin,
						end),
		cmocka_unit_test_setup_teardown(where_seals_are_required_no_other_card_is_used,
						begin, end),
		cmocka_unit_test(other_features_are_not_mistaken_for_it),
		cmocka_unit_test(the_known_sealed_draws_are_read),
		cmocka_unit_test(any_bytes_are_an_answer),
	};

	log_init("test", 0);
	return cmocka_run_group_tests(tests, vectors_load, vectors_unload);
}
