// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Commands of a card and its answers, with a PC/SC that the test plays. */
#include "keyd/keyd_test.h"

#include "log.h"
#include "pcsc.h"
#include "secmem.h"

#define ROUNDS 200000

/* What the card answers, in order, and what it was asked */
static struct {
	LONG error;
	uint8_t bytes[80];
	size_t len;
} answers[16];
static unsigned int n_answers, n_asked;
static uint8_t asked[16][32];

LONG __wrap_SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD mode, DWORD protocols,
			 LPSCARDHANDLE handle, LPDWORD protocol);
LONG __wrap_SCardBeginTransaction(SCARDHANDLE handle);
LONG __wrap_SCardEndTransaction(SCARDHANDLE handle, DWORD how);
LONG __wrap_SCardDisconnect(SCARDHANDLE handle, DWORD how);
LONG __wrap_SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *pci, LPCBYTE in, DWORD in_len,
			  SCARD_IO_REQUEST *back, LPBYTE out, LPDWORD out_len);

LONG __wrap_SCardConnect(SCARDCONTEXT context, LPCSTR reader, DWORD mode, DWORD protocols,
			 LPSCARDHANDLE handle, LPDWORD protocol)
{
	(void)context;
	(void)reader;
	(void)protocols;
	assert_int_equal(mode, SCARD_SHARE_SHARED);
	*handle = 1;
	*protocol = SCARD_PROTOCOL_T1;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardBeginTransaction(SCARDHANDLE handle)
{
	(void)handle;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardEndTransaction(SCARDHANDLE handle, DWORD how)
{
	(void)handle;
	(void)how;
	return SCARD_S_SUCCESS;
}

LONG __wrap_SCardDisconnect(SCARDHANDLE handle, DWORD how)
{
	(void)handle;
	(void)how;
	return SCARD_S_SUCCESS;
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
	memcpy(out, answers[n_asked].bytes, answers[n_asked].len);
	*out_len = answers[n_asked].len;
	return answers[n_asked++].error;
}

static void will_say(LONG error, const void *bytes, size_t len)
{
	answers[n_answers].error = error;
	answers[n_answers].len = len;
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
	visit = (struct visit){ .reader = "reader", .pins = pins };
	assert_int_equal(visit_begin(&visit, &why), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	visit_end(&visit);
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
	} all[] = {
		{ SW_REVOKED, FAIL_REVOKED_CARD }, { SW_EMPTY, FAIL_EMPTY_CARD },
		{ SW_NO_PIN, FAIL_CARD_GONE },	   { SW_MEMORY, FAIL_CARD_BROKEN },
		{ 0x6f00, FAIL_CARD_BROKEN },
	};
	struct drawn drawn = { 0 };
	unsigned int lost = 0;

	(void)state;
	identify(1);
	for (size_t i = 0; i < COUNT(all); i++) {
		will_say_sw(all[i].sw);
		assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), -1);
		assert_int_equal(why.code, all[i].code);
	}
	assert_int_equal(lost, 0);
	assert_int_equal(drawn.n, 0);
}

/* Sizes of the heap, so that a byte too many is seen. */
static void any_bytes_are_an_answer(void **state)
{
	struct qsc_card_info card;
	struct qsc_draw draw;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = some_number() % (sizeof(info) + 3);
		uint8_t *bytes = malloc(len + !len);

		assert_non_null(bytes);
		for (size_t k = 0; k < len; k++)
			bytes[k] = some_number() % 8 || k >= sizeof(info) ? info[k % sizeof(info)] :
									    (uint8_t)some_number();
		apdu_status(bytes, len);
		if (apdu_read_info(bytes, len, &card))
			assert_true(card.remaining <= card.total);
		assert_false(apdu_read_draw(bytes, len, &draw));
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
		cmocka_unit_test(any_bytes_are_an_answer),
	};

	log_init("test", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
