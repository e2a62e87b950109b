// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Many burns, one sync; and every burn gets its own, true answer. */
#include "kms/kms_test.h"

#include "qskmsd/burner.h"
#include "log.h"
#include "qskmsd/reserve.h"
#include "qskmsd/stats.h"

#define CARD 9
#define SLOTS 600U

struct answer {
	struct burn_request req;
	int result; /* -1 before it */
};

static struct event_base *base;
static struct worker *writer;
static struct burner *burner;
static struct stats stats;
static struct answer answers[SLOTS + 1];
static unsigned int answered;
static bool more;

static bool may_come(void *arg, unsigned int waiting)
{
	(void)arg;
	assert_true(waiting > 0);
	return more;
}

static void note(struct burn_request *req, enum burn_result result)
{
	((struct answer *)req)->result = (int)result;
	answered++;
}

static void add_card(void)
{
	struct card card = { .number = CARD, .subscriber = "user", .profile = 1, .slots = SLOTS };
	struct store st;

	unlink(test_path("db"));
	unlink(test_path("db-wal"));
	unlink(test_path("db-shm"));
	assert_int_equal(store_open(&st, test_path("db"), true), 0);
	assert_int_equal(st.ops->begin(&st)		      ?:
				 st.ops->add_card(&st, &card) ?:
								st.ops->commit(&st),
			 0);
	store_close(&st);
}

static void start(unsigned int enough, unsigned int wait_ms)
{
	const struct burner_params params = { enough, wait_ms, may_come, NULL };

	burner = burner_new(base, writer, &params, &stats);
	assert_non_null(burner);
}

static int set_up(void **state)
{
	(void)state;
	add_card();
	memset(&stats, 0, sizeof(stats));
	memset(answers, 0, sizeof(answers));
	answered = 0;
	more = false;
	base = event_base_new();
	return worker_start(&writer, base, test_path("db"), "writer", 1);
}

static int tear_down(void **state)
{
	(void)state;
	burner_stop(burner);
	worker_stop(writer);
	burner_free(burner);
	event_base_free(base);
	return 0;
}

static void submit(unsigned int n, uint32_t slot)
{
	answers[n].result = -1;
	answers[n].req.card = CARD;
	answers[n].req.slot = slot;
	answers[n].req.done = note;
	burner_submit(burner, &answers[n].req);
}

static void wait_for(unsigned int n)
{
	while (answered < n)
		event_base_loop(base, EVLOOP_ONCE);
}

static void a_burn_alone_does_not_wait(void **state)
{
	(void)state;
	start(64, 10000000);
	submit(0, 0);
	wait_for(1);
	assert_int_equal(answers[0].result, BURN_DONE);
	assert_int_equal(stats.syncs, 1);
	assert_int_equal(stats.burns, 1);
}

static void burns_wait_for_each_other_until_there_are_enough(void **state)
{
	(void)state;
	start(64, 10000000);
	more = true;
	for (unsigned int i = 0; i < 64; i++)
		submit(i, i);
	wait_for(64);
	assert_int_equal(stats.syncs, 1);
	assert_int_equal(stats.burns, 64);
}

static void nobody_waits_for_those_who_have_left(void **state)
{
	(void)state;
	start(64, 10000000);
	more = true;
	submit(0, 0);
	submit(1, 1);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(answered, 0);
	more = false;
	burner_poke(burner);
	wait_for(2);
	assert_int_equal(stats.syncs, 1);
}

static void those_who_leave_without_a_word_are_missed(void **state)
{
	(void)state;
	start(64, 10000000);
	more = true;
	submit(0, 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(answered, 0);
	more = false;
	wait_for(1);
}

static void nobody_waits_for_longer_than_the_deadline(void **state)
{
	(void)state;
	start(64, 5);
	more = true;
	submit(0, 0);
	wait_for(1);
	submit(1, 1);
	wait_for(2);
	assert_int_equal(stats.syncs, 2);
}

static void burns_of_one_round_share_a_sync(void **state)
{
	(void)state;
	start(64, 10000000);
	for (unsigned int i = 0; i < 40; i++)
		submit(i, i);
	wait_for(40);
	assert_int_equal(stats.syncs, 1);
	assert_int_equal(stats.burns, 40);
}

/* What comes while the disk is busy, shares the next sync. */
static void burns_gather_while_the_disk_is_busy(void **state)
{
	(void)state;
	start(64, 10000000);
	submit(0, 0);
	event_base_loop(base, EVLOOP_NONBLOCK);
	for (unsigned int i = 1; i < SLOTS; i++)
		submit(i, i);
	wait_for(SLOTS);
	assert_int_equal(stats.syncs, 2);
	for (unsigned int i = 0; i < SLOTS; i++)
		assert_int_equal(answers[i].result, BURN_DONE);
}

static void a_key_twice_in_one_batch_is_burnt_once(void **state)
{
	(void)state;
	start(3, 10000000);
	more = true;
	submit(0, 5);
	submit(1, 6);
	submit(2, 5);
	wait_for(3);
	assert_int_equal(stats.syncs, 1);
	assert_int_equal(answers[1].result, BURN_DONE);
	assert_int_equal((answers[0].result == BURN_DONE) + (answers[2].result == BURN_DONE), 1);
	assert_int_equal((answers[0].result == BURN_GONE) + (answers[2].result == BURN_GONE), 1);
}

static void a_burnt_key_is_gone(void **state)
{
	(void)state;
	start(1, 0);
	submit(0, 7);
	wait_for(1);
	submit(1, 7);
	wait_for(2);
	assert_int_equal(answers[0].result, BURN_DONE);
	assert_int_equal(answers[1].result, BURN_GONE);
	assert_int_equal(stats.burns, 1);
}

static void what_waits_at_the_end_fails(void **state)
{
	(void)state;
	start(64, 10000000);
	more = true;
	submit(0, 0);
	burner_stop(burner);
	burner_poke(burner);
	worker_stop(writer);
	burner_free(burner);
	assert_int_equal(answers[0].result, BURN_FAILED);
	writer = NULL;
	burner = NULL;
}

static void a_reservation_is_held_by_one(void **state)
{
	struct reservations *all = reservations_new();
	struct reservation a = { 0 }, b = { 0 }, c = { 0 };

	(void)state;
	start(1, 0);
	assert_true(reserve(all, &a, CARD, 1));
	assert_false(reserve(all, &b, CARD, 1));
	assert_true(reserve(all, &b, CARD, 2));
	assert_true(reserve(all, &c, CARD + 1, 1));
	release(&a);
	release(&a);
	assert_true(reserve(all, &a, CARD, 1));
	release(&a);
	release(&b);
	release(&c);
	reservations_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_burn_alone_does_not_wait, set_up, tear_down),
		cmocka_unit_test_setup_teardown(burns_wait_for_each_other_until_there_are_enough,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(nobody_waits_for_those_who_have_left, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(those_who_leave_without_a_word_are_missed, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(nobody_waits_for_longer_than_the_deadline, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(burns_of_one_round_share_a_sync, set_up, tear_down),
		cmocka_unit_test_setup_teardown(burns_gather_while_the_disk_is_busy, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_key_twice_in_one_batch_is_burnt_once, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_burnt_key_is_gone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_waits_at_the_end_fails, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_reservation_is_held_by_one, set_up, tear_down),
	};

	log_init("test", 0);
	return cmocka_run_group_tests_name("kms_burner", tests, make_test_folder,
					   remove_test_folder);
}
