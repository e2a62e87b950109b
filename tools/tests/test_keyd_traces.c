// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * What qskeyd leaves of a PIN that it shows to a card, and of keys that cards give:
 * those in a reader, with a PC/SC that the test plays, and those in a file.
 */
#include "keyd/keyd_test.h"

#include <unistd.h>

#include "cards.h"
#include "keyd/reader.h"
#include "leftover.h"
#include "log.h"
#include "secmem.h"

#define PIN "83729150"

/* ------------------------------------------------------------ cards in readers */

/* What the card says next; of nothing, not even the length is set. */
static const uint8_t *answer;
static size_t answer_len;

LONG __wrap_SCardTransmit(SCARDHANDLE handle, const SCARD_IO_REQUEST *pci, LPCBYTE in, DWORD in_len,
			  SCARD_IO_REQUEST *back, LPBYTE out, LPDWORD out_len)
{
	(void)handle;
	(void)pci;
	(void)in;
	(void)in_len;
	(void)back;
	if (answer) {
		memcpy(out, answer, answer_len);
		*out_len = answer_len;
	}
	answer = NULL;
	return SCARD_S_SUCCESS;
}

static struct visit visit;
static struct card_view view;
static struct failure why;
static int result;

static int begin_visit(void **state)
{
	(void)state;
	view = (struct card_view){ .info = { .card = 7, .tries = 3, .profile = 1 } };
	visit = (struct visit){
		.reader = "reader",
		.pins = pins_new(NULL),
		.seals = seals_new(false),
	};
	return visit_begin(&visit, &why);
}

static int end_visit(void **state)
{
	(void)state;
	visit_end(&visit);
	seals_free(visit.seals);
	pins_free(visit.pins);
	assert_int_equal(secmem_used(), 0);
	return 0;
}

static void will_say(const void *bytes, size_t len)
{
	answer = bytes;
	answer_len = len;
}

static void verify(void *pin)
{
	result = visit_verify(&visit, &view, pin, &why);
}

static void a_pin_leaves_no_trace_on_the_stack(void **state)
{
	/* Alone it could be a word of anybody's. */
	static const char command[] = "\x20\x00\x81\x08" PIN;
	static char pin[] = PIN;

	(void)state;
	will_say("\x90\x00", 2);
	leftover_run(verify, pin);
	assert_int_equal(result, 0);
	assert_false(leftover_holds(command, sizeof(command) - 1));
}

static void a_key_does_not_stay_in_the_answer(void **state)
{
	static const uint8_t zeros[APDU_ANSWER_MAX];
	uint8_t bytes[66] = { 0x90, 4, 0, 0, 0, 3, 0x91, 16 };
	struct drawn drawn = { 0 };
	unsigned int lost = 0;

	(void)state;
	bytes[24] = 0x92;
	bytes[25] = QSC_KEYS_LEN;
	memset(bytes + 26, 0x55, QSC_KEYS_LEN);
	memcpy(bytes + 58, "\x93\x04\x00\x00\x00\x04\x90", 7);
	will_say(bytes, sizeof(bytes));
	assert_int_equal(visit_draw(&visit, &view, &drawn, &lost, &why), 0);
	assert_int_equal(drawn.key[0][0], 0x55);
	assert_memory_equal(visit.answer, zeros, sizeof(zeros));
}

/* As long as answers can be, for of a card that dies the length is not set either */
static void an_answer_is_not_taken_for_the_next_one(void **state)
{
	static const uint8_t info[] = { 0x80, 1, 1,    0x81, 5, 0, 0,	 0, 0,	  7, 0x82,
					1,    1, 0x83, 4,    0, 0, 0,	 9, 0x84, 4, 0,
					0,    0, 5,    0x85, 1, 2, 0x86, 1, 3 };
	uint8_t bytes[APDU_ANSWER_MAX] = { 0 };

	(void)state;
	memcpy(bytes, info, sizeof(info));
	bytes[APDU_ANSWER_MAX - 2] = 0x90;
	will_say(bytes, sizeof(bytes));
	assert_int_equal(visit_identify(&visit, &view), -1);
	assert_int_equal(view.why.code, FAIL_FOREIGN_CARD);
}

/* --------------------------------------------------------------- cards in files */

static char folder[] = "/tmp/qskeyd.XXXXXX";
static char image[64], image_key[64];
static const struct qsc_draw *draws; /* what the last keys came in */
static unsigned int n_draws;
static bool drawn_at_all;

int __real_qsc_card_draw_many(struct qsc_card *card, unsigned int purpose, struct qsc_draw *out,
			      unsigned int n, struct qsc_why *text);
int __wrap_qsc_card_draw_many(struct qsc_card *card, unsigned int purpose, struct qsc_draw *out,
			      unsigned int n, struct qsc_why *text);

int __wrap_qsc_card_draw_many(struct qsc_card *card, unsigned int purpose, struct qsc_draw *out,
			      unsigned int n, struct qsc_why *text)
{
	int err = __real_qsc_card_draw_many(card, purpose, out, n, text);

	draws = out;
	n_draws = n;
	return err;
}

static void make_card(void)
{
	static const uint8_t key[QSC_KEYS_LEN] = "an image key of thirty-two bytes";
	const struct qsc_card_identity id = { .card = 7,
					      .profile = QSC_PROFILE_ONE_DRAW,
					      .pin = PIN };
	struct qsc_slot slot = { .core = { 0 } };
	struct qsc_card *card;

	memset(slot.key, 0x55, sizeof(slot.key));
	assert_int_equal(qsc_keyfile_write(image_key, QSC_KEYFILE_IMAGE, key, NULL), 0);
	assert_int_equal(qsc_card_create(&card, image, key, 1, NULL, NULL), 0);
	assert_int_equal(qsc_card_load_begin(card, &id, NULL), 0);
	assert_int_equal(qsc_card_load_slots(card, &slot, 1, NULL), 0);
	assert_int_equal(qsc_card_load_finish(card, NULL), 0);
	qsc_card_close(card);
}

static void done(struct card_request *request)
{
	assert_int_equal(request->job.why.code, FAIL_NONE);
	drawn_at_all = true;
}

static void a_key_does_not_stay_between_file_and_call(void **state)
{
	struct event_base *base = event_base_new();
	struct cards *cards = cards_new(base);
	struct drawn drawn = { 0 };
	struct card_request request = { .job = { .op = CARD_DRAW, .drawn = &drawn }, .done = done };
	struct qsc_draw zeros;

	(void)state;
	make_card();
	memset(&zeros, 0, sizeof(zeros));
	assert_int_equal(provider_pool_file(cards_add(cards), base, image, image_key), 0);
	cards_submit(cards, &request);
	while (!drawn_at_all)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(drawn.key[0][0], 0x55);
	assert_int_equal(n_draws, 1);
	assert_memory_equal(draws, &zeros, sizeof(zeros));
	cards_free(cards);
	event_base_free(base);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(image, sizeof(image), "%s/image", folder);
	snprintf(image_key, sizeof(image_key), "%s/key", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(image);
	unlink(image_key);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pin_leaves_no_trace_on_the_stack, begin_visit,
						end_visit),
		cmocka_unit_test_setup_teardown(a_key_does_not_stay_in_the_answer, begin_visit,
						end_visit),
		cmocka_unit_test_setup_teardown(an_answer_is_not_taken_for_the_next_one,
						begin_visit, end_visit),
		cmocka_unit_test(a_key_does_not_stay_between_file_and_call),
	};

	log_init("test", 0);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
