// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Pool files behind qskeyd's queue of draws, and keys that wait for a second try. */
#include "keyd/keyd_test.h"

#include <time.h>
#include <unistd.h>

#include "cards.h"
#include "log.h"
#include "secmem.h"

#define SLOTS 6000U
#define AT_ONCE 512U /* calls that start at the same time */

static char folder[] = "/tmp/qskeyd.XXXXXX";
static char image[64], image_key[64];
static struct event_base *base;
static struct cards *cards;

/* One caller after the other, many at a time */
struct caller {
	struct card_request req;
	struct card_view view;
	struct drawn *drawn;
	bool checked;
};

static struct caller callers[AT_ONCE];
static bool seen[SLOTS];
static unsigned int wanted, drawn_keys, refused;
static enum failure_code last_code;

static void make_card(unsigned int profile, uint32_t slots)
{
	static const uint8_t key[QSC_KEYS_LEN] = "an image key of thirty-two bytes";
	struct qsc_card_identity id = { .card = 77, .profile = (uint8_t)profile, .pin = "1234" };
	struct qsc_slot slot = { .core = { 0 } };
	struct qsc_card *card;

	unlink(image);
	unlink(image_key);
	assert_int_equal(qsc_keyfile_write(image_key, QSC_KEYFILE_IMAGE, key, NULL), 0);
	assert_int_equal(qsc_card_create(&card, image, key, slots, NULL, NULL), 0);
	assert_int_equal(qsc_card_load_begin(card, &id, NULL), 0);
	for (uint32_t i = 0; i < slots; i++) {
		memcpy(slot.key, &i, sizeof(i));
		assert_int_equal(qsc_card_load_slots(card, &slot, 1, NULL), 0);
	}
	assert_int_equal(qsc_card_load_finish(card, NULL), 0);
	qsc_card_close(card);
}

static void take(const struct drawn *drawn)
{
	for (unsigned int i = 0; i < drawn->n; i++) {
		assert_true(drawn->index[i] < SLOTS);
		assert_false(seen[drawn->index[i]]);
		seen[drawn->index[i]] = true;
		assert_memory_equal(drawn->key[i], &drawn->index[i], sizeof(drawn->index[i]));
	}
	drawn_keys += drawn->n;
}

static void next(struct caller *c);

static void done(struct card_request *req)
{
	struct caller *c = req->owner;

	last_code = req->job.why.code;
	if (last_code) {
		refused++;
	} else if (!c->checked) {
		c->checked = true;
		req->job.op = CARD_DRAW;
		cards_submit(cards, req);
		return;
	} else {
		assert_int_equal(c->drawn->n, c->drawn->wanted);
		take(c->drawn);
	}
	next(c);
}

static void next(struct caller *c)
{
	secmem_put(c->drawn);
	c->drawn = NULL;
	if (!wanted)
		return;
	wanted--;
	c->drawn = secmem_get(sizeof(*c->drawn));
	assert_non_null(c->drawn);
	c->checked = false;
	c->req.job = (struct card_job){ .op = CARD_CHECK, .drawn = c->drawn, .views = &c->view };
	c->req.done = done;
	c->req.owner = c;
	cards_submit(cards, &c->req);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* @calls of them, and how many succeeded in a second */
static double many_calls(unsigned int calls)
{
	double since = now();

	wanted = calls;
	refused = drawn_keys = 0;
	for (unsigned int i = 0; i < AT_ONCE; i++)
		next(&callers[i]);
	/* The events of the threads stay: count what is to come. */
	while (drawn_keys + refused < calls)
		event_base_loop(base, EVLOOP_ONCE);
	return (calls - refused) / (now() - since);
}

static int begin(unsigned int profile, uint32_t slots)
{
	memset(seen, 0, sizeof(seen));
	make_card(profile, slots);
	base = event_base_new();
	cards = cards_new(base);
	return provider_pool_file(cards_add(cards), base, image, image_key);
}

static void finish(void)
{
	cards_free(cards);
	event_base_free(base);
	assert_int_equal(secmem_used(), 0);
}

static void many_calls_get_keys_of_their_own(void **state)
{
	double rate;

	(void)state;
	assert_int_equal(begin(QSC_PROFILE_ONE_DRAW, SLOTS), 0);
	rate = many_calls(5000);
	print_message("# %.0f calls a second get a key from a pool file\n", rate);
	assert_int_equal(drawn_keys, 5000);
	finish();
}

/* The last ones are given, too, and not more. */
static void a_pool_file_is_used_up(void **state)
{
	(void)state;
	assert_int_equal(begin(QSC_PROFILE_ONE_DRAW, 1000), 0);
	many_calls(1300);
	assert_int_equal(drawn_keys, 1000);
	assert_int_equal(refused, 300);
	assert_int_equal(last_code, FAIL_EMPTY_CARD);
	finish();
	begin(QSC_PROFILE_ONE_DRAW, 1);
	finish();
}

static void a_pool_file_belongs_to_one(void **state)
{
	struct provider other = { 0 };

	(void)state;
	assert_int_equal(begin(QSC_PROFILE_ONE_DRAW, 10), 0);
	assert_int_not_equal(provider_pool_file(&other, base, image, image_key), 0);
	other.stop(&other);
	finish();
}

static void spare_keys_are_given_once(void **state)
{
	struct drawn key = { .card = 77, .n = 1, .wanted = 1, .index = { 5 } }, got;

	(void)state;
	assert_int_equal(begin(QSC_PROFILE_ONE_DRAW, 10), 0);
	assert_false(cards_take_spare(cards, 77, &got));
	cards_keep_spare(cards, &key);
	assert_false(cards_take_spare(cards, 78, &got));
	assert_true(cards_take_spare(cards, 77, &got));
	assert_int_equal(got.index[0], 5);
	assert_false(cards_take_spare(cards, 77, &got));
	for (int i = 0; i < 100; i++)
		cards_keep_spare(cards, &key);
	assert_int_equal(cards_spares(cards), 64);
	finish();
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
		cmocka_unit_test(many_calls_get_keys_of_their_own),
		cmocka_unit_test(a_pool_file_is_used_up),
		cmocka_unit_test(a_pool_file_belongs_to_one),
		cmocka_unit_test(spare_keys_are_given_once),
	};

	log_init("test", 0);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
