// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * What both stores promise: one suite, run on SQLite, and on PostgreSQL as well
 * if QSC_TEST_PG says how to connect to a server. Its qskms_ tables are dropped.
 */
#include "kms/store_test.h"

#include <pthread.h>

static void what_is_added_is_read_back(void **state)
{
	uint8_t data[STORE_CHUNK_MAX];
	struct card want, card;
	struct slot slot;
	size_t len;

	(void)state;
	fill_card(&want, STORE_CARD_MAX, "alice");
	assert_int_equal(add_card(&st, STORE_CARD_MAX, "alice"), 0);
	assert_int_equal(other.ops->get_card(&other, STORE_CARD_MAX, &card), 0);
	assert_memory_equal(&card, &want, sizeof(card));
	assert_int_equal(other.ops->find_card(&other, "alice", &card), 0);
	assert_memory_equal(&card, &want, sizeof(card));
	for (uint32_t i = 0; i < SLOTS; i++) {
		assert_int_equal(get_slot(&other, STORE_CARD_MAX, i, &slot), 0);
		fill_chunk(STORE_CARD_MAX, i / STORE_CHUNK_KEYS, data, &len);
		assert_memory_equal(&slot.card, &want, sizeof(want));
		assert_int_equal(slot.chunk_len, len);
		assert_memory_equal(slot.chunk, data, len);
		assert_false(slot.burnt);
	}
}

static void what_is_not_there_is_not_found(void **state)
{
	struct slot slot;
	struct card card;
	bool a, b;

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	assert_int_equal(st.ops->get_card(&st, 2, &card), -ENOENT);
	assert_int_equal(st.ops->find_card(&st, "bob", &card), -ENOENT);
	assert_int_equal(get_slot(&st, 2, 0, &slot), -ENOENT);
	assert_int_equal(get_slot(&st, 1, SLOTS, &slot), -ENOENT);
	assert_int_equal(get_slot(&st, 1, STORE_SLOT_MAX, &slot), -ENOENT);
	assert_int_equal(st.ops->revoke(&st, 2, 1, NULL, 0), -ENOENT);
	assert_int_equal(check(&st, 2, "bob", &a, &b), 0);
	assert_false(a);
	assert_false(b);
	assert_burns(&st, 2, 0, false);
}

static void a_number_is_given_once(void **state)
{
	struct slot slot;

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	assert_int_equal(add_card(&st, 1, "bob"), -EEXIST);
	assert_int_equal(add_card(&other, 1, "bob"), -EEXIST);
	assert_int_equal(get_slot(&st, 1, 0, &slot), 0);
	assert_string_equal(slot.card.subscriber, "alice");
	assert_int_equal(add_card(&st, 2, "bob"), 0);
}

static void a_subscriber_has_one_active_card(void **state)
{
	struct card card;

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	assert_int_equal(add_card(&st, 2, "alice"), -EBUSY);
	assert_int_equal(st.ops->get_card(&st, 2, &card), -ENOENT);
	assert_int_equal(st.ops->revoke(&st, 1, 5, NULL, 0), 0);
	assert_int_equal(add_card(&st, 2, "alice"), 0);
	assert_int_equal(st.ops->find_card(&st, "alice", &card), 0);
	assert_int_equal(card.number, 2);
}

static void a_half_added_card_leaves_no_trace(void **state)
{
	uint8_t data[STORE_CHUNK_MAX];
	struct slot slot;
	struct card card;
	size_t len;

	(void)state;
	fill_card(&card, 1, "alice");
	fill_chunk(1, 0, data, &len);
	assert_int_equal(st.ops->begin(&st), 0);
	assert_int_equal(st.ops->add_card(&st, &card), 0);
	assert_int_equal(st.ops->add_chunk(&st, 1, 0, data, len), 0);
	st.ops->rollback(&st);
	assert_int_equal(st.ops->get_card(&st, 1, &card), -ENOENT);
	assert_int_equal(get_slot(&st, 1, 0, &slot), -ENOENT);
	assert_int_equal(add_card(&st, 1, "alice"), 0);
}

/* In one batch, and in any order */
static void each_question_has_its_own_answer(void **state)
{
	static struct question questions[70];
	const size_t n = sizeof(questions) / sizeof(questions[0]);

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	assert_int_equal(add_card(&st, 2, "bob"), 0);
	assert_burns(&st, 1, 30, true);
	assert_int_equal(st.ops->revoke(&st, 2, 1, NULL, 0), 0);
	for (uint32_t i = 0; i < n; i++)
		questions[i] = (struct question){ .kind = i % 3 ? ASK_SLOT : ASK_PARTIES,
						  .card = 1 + i % 2,
						  .index = 2 * i,
						  .peer = i % 4 ? "alice" : "bob" };
	other.ops->ask(&other, questions, n);
	for (uint32_t i = 0; i < n; i++) {
		const struct question *q = &questions[i];

		if (q->kind == ASK_PARTIES) {
			assert_int_equal(q->err, 0);
			assert_int_equal(q->card_ok, q->card == 1);
			assert_int_equal(q->peer_ok, i % 4 != 0);
			continue;
		}
		assert_int_equal(q->err, q->card == 1 && q->index < SLOTS ? 0 : -ENOENT);
		if (q->err)
			continue;
		assert_string_equal(q->slot.card.subscriber, "alice");
		assert_int_equal(q->slot.burnt, q->index == 30);
		assert_int_equal(q->slot.chunk[0], (uint8_t)(31 + q->index / STORE_CHUNK_KEYS * 7));
	}
}

static void a_key_burns_once(void **state)
{
	struct slot slot;

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	for (uint32_t i = 0; i < SLOTS; i++) {
		assert_burns(i % 2 ? &st : &other, 1, i, true);
		assert_burns(&st, 1, i, false);
		assert_burns(&other, 1, i, false);
		for (uint32_t n = 0; n < SLOTS; n++) {
			assert_int_equal(get_slot(&other, 1, n, &slot), 0);
			assert_int_equal(slot.burnt, n <= i);
		}
	}
}

static void a_batch_burns_what_can_be_burnt(void **state)
{
	struct burn burns[] = {
		{ .card = 1, .slot = 0 },  { .card = 1, .slot = 1 },   { .card = 1, .slot = 1 },
		{ .card = 1, .slot = 59 }, { .card = 1, .slot = 60 },  { .card = 2, .slot = 0 },
		{ .card = 3, .slot = 0 },  { .card = 1, .slot = 129 },
	};
	static const bool want[] = { false, true, false, true, true, true, false, true };
	uint64_t used;

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	assert_int_equal(add_card(&st, 2, "bob"), 0);
	assert_burns(&st, 1, 0, true);
	assert_int_equal(st.ops->burn(&st, burns, 8), 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(burns[i].done, want[i]);
	assert_int_equal(st.ops->used(&st, 1, &used), 0);
	assert_int_equal(used, 5);
	assert_int_equal(st.ops->used(&st, 2, &used), 0);
	assert_int_equal(used, 1);
}

static void burns_outlive_the_handle(void **state)
{
	struct slot slot;

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	assert_burns(&st, 1, 17, true);
	store_close(&st);
	store_close(&other);
	open_store(&st, false);
	open_store(&other, false);
	assert_int_equal(get_slot(&st, 1, 17, &slot), 0);
	assert_true(slot.burnt);
	assert_burns(&st, 1, 17, false);
}

#define BATCH 16

struct racer {
	struct store *st;
	struct burn burns[SLOTS];
	pthread_barrier_t *start;
};

static void *race(void *arg)
{
	struct racer *r = arg;

	pthread_barrier_wait(r->start);
	for (uint32_t i = 0; i < SLOTS; i += BATCH) {
		size_t n = SLOTS - i < BATCH ? SLOTS - i : BATCH;

		if (r->st->ops->burn(r->st, r->burns + i, n))
			fprintf(stderr, "%s\n", r->st->error);
	}
	return NULL;
}

static void of_two_services_one_burns_a_key(void **state)
{
	struct racer racers[2] = { { .st = &st }, { .st = &other } };
	pthread_barrier_t start;
	pthread_t thread;

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	pthread_barrier_init(&start, NULL, 2);
	for (int r = 0; r < 2; r++) {
		racers[r].start = &start;
		for (uint32_t i = 0; i < SLOTS; i++)
			racers[r].burns[i] = (struct burn){ .card = 1, .slot = i };
	}
	assert_int_equal(pthread_create(&thread, NULL, race, &racers[1]), 0);
	race(&racers[0]);
	pthread_join(thread, NULL);
	for (uint32_t i = 0; i < SLOTS; i++)
		assert_int_equal(racers[0].burns[i].done + racers[1].burns[i].done, 1);
	pthread_barrier_destroy(&start);
}

static void a_revoked_card_is_shredded(void **state)
{
	static const uint8_t token[] = { 1, 0, 2 };
	struct store_counts counts;
	struct slot slot;
	struct card card;
	bool a, b;

	(void)state;
	assert_int_equal(add_card(&st, 1, "alice"), 0);
	assert_int_equal(add_card(&st, 2, "bob"), 0);
	assert_burns(&st, 1, 0, true);
	assert_int_equal(st.ops->revoke(&st, 1, 77, token, sizeof(token)), 0);
	assert_int_equal(st.ops->revoke(&st, 1, 78, token, sizeof(token)), -ENOENT);
	assert_int_equal(get_slot(&other, 1, 1, &slot), -ENOENT);
	assert_burns(&other, 1, 1, false);
	assert_int_equal(other.ops->get_card(&other, 1, &card), 0);
	assert_int_equal(card.state, CARD_REVOKED);
	assert_int_equal(card.revoked, 77);
	assert_false(card.has_key);
	assert_int_equal(card.token_len, sizeof(token));
	assert_memory_equal(card.token, token, sizeof(token));
	assert_int_equal(check(&other, 2, "alice", &a, &b), 0);
	assert_true(a);
	assert_false(b);
	assert_int_equal(check(&other, 1, "bob", &a, &b), 0);
	assert_false(a);
	assert_true(b);
	assert_int_equal(get_slot(&other, 2, 1, &slot), 0);
	assert_int_equal(st.ops->count(&st, &counts), 0);
	assert_int_equal(counts.active, 1);
	assert_int_equal(counts.revoked, 1);
}

static void of_several_revoked_cards_the_last_is_found(void **state)
{
	struct card card;

	(void)state;
	for (uint64_t i = 1; i <= 3; i++) {
		assert_int_equal(add_card(&st, i, "alice"), 0);
		assert_int_equal(st.ops->revoke(&st, i, i == 2 ? 300 : (int64_t)i, NULL, 0), 0);
	}
	assert_int_equal(st.ops->find_card(&st, "alice", &card), 0);
	assert_int_equal(card.number, 2);
}

struct listed {
	uint64_t numbers[64];
	unsigned int n;
	unsigned int stop;
};

static int note_card(const struct card *card, void *arg)
{
	struct listed *l = arg;

	l->numbers[l->n++] = card->number;
	return l->n == l->stop;
}

static void lists_come_in_pages(void **state)
{
	struct listed l = { .stop = 64 };
	char name[16];

	(void)state;
	for (uint64_t i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "user-%u", (unsigned int)i);
		assert_int_equal(add_card(&st, i * 3, name), 0);
	}
	assert_int_equal(st.ops->list_cards(&st, -1, 4, note_card, &l), 0);
	assert_int_equal(l.n, 4);
	assert_int_equal(l.numbers[0], 0);
	assert_int_equal(st.ops->list_cards(&st, (int64_t)l.numbers[3], 100, note_card, &l), 0);
	assert_int_equal(l.n, 10);
	for (uint64_t i = 0; i < 10; i++)
		assert_int_equal(l.numbers[i], i * 3);
	assert_int_equal(st.ops->list_cards(&st, 27, 100, note_card, &l), 0);
	assert_int_equal(l.n, 10);
	l = (struct listed){ .stop = 2 };
	assert_int_equal(st.ops->list_cards(&st, -1, 100, note_card, &l), 0);
	assert_int_equal(l.n, 2);
}

static void of_two_writers_the_first_value_stays(void **state)
{
	uint8_t data[STORE_META_MAX];
	size_t len;

	(void)state;
	assert_int_equal(st.ops->get_meta(&st, "name", data, &len), -ENOENT);
	assert_int_equal(st.ops->put_meta(&st, "name", (const uint8_t *)"a\0b", 3), 0);
	assert_int_equal(other.ops->put_meta(&other, "name", (const uint8_t *)"c", 1), -EEXIST);
	assert_int_equal(other.ops->get_meta(&other, "name", data, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(data, "a\0b", 3);
}

/*
 * Random operations, against a model of a few lines. That both stores follow it
 * means that they give the same results.
 */
#define CARDS 6
#define STEPS 400

struct model {
	unsigned int state; /* 0: never added */
	bool burnt[SLOTS];
	char name[16];
};

static struct model model[CARDS];

static bool has_active(const char *name)
{
	for (int i = 0; i < CARDS; i++)
		if (model[i].state == CARD_ACTIVE && !strcmp(model[i].name, name))
			return true;
	return false;
}

static void step_add(unsigned int card)
{
	char name[16];
	int want = 0;

	snprintf(name, sizeof(name), "user-%ld", random() % 4);
	if (model[card].state)
		want = -EEXIST;
	else if (has_active(name))
		want = -EBUSY;
	/* Which of the two is told first, if both are true, is the store's business. */
	if (want == -EEXIST && has_active(name))
		assert_int_not_equal(add_card(&st, card, name), 0);
	else
		assert_int_equal(add_card(&st, card, name), want);
	if (want)
		return;
	model[card].state = CARD_ACTIVE;
	memcpy(model[card].name, name, sizeof(name));
}

static void step_burn(void)
{
	struct burn burns[8];
	int n = 1 + (int)(random() % 8);

	for (int i = 0; i < n; i++)
		burns[i] = (struct burn){ .card = (uint64_t)random() % CARDS,
					  .slot = (uint32_t)random() % SLOTS };
	assert_int_equal(st.ops->burn(&st, burns, (size_t)n), 0);
	for (int i = 0; i < n; i++) {
		struct model *m = &model[burns[i].card];
		bool want = m->state == CARD_ACTIVE && !m->burnt[burns[i].slot];

		assert_int_equal(burns[i].done, want);
		if (want)
			m->burnt[burns[i].slot] = true;
	}
}

static void step_look(unsigned int card)
{
	struct model *m = &model[card];
	uint32_t index = (uint32_t)random() % SLOTS;
	uint64_t used, want = 0;
	struct slot slot;
	bool self, peer;
	char name[16];

	assert_int_equal(get_slot(&other, card, index, &slot),
			 m->state == CARD_ACTIVE ? 0 : -ENOENT);
	if (m->state == CARD_ACTIVE)
		assert_int_equal(slot.burnt, m->burnt[index]);
	for (int i = 0; i < SLOTS; i++)
		want += m->burnt[i];
	assert_int_equal(other.ops->used(&other, card, &used), 0);
	assert_int_equal(used, want);
	snprintf(name, sizeof(name), "user-%ld", random() % 5);
	assert_int_equal(check(&other, card, name, &self, &peer), 0);
	assert_int_equal(self, m->state == CARD_ACTIVE);
	assert_int_equal(peer, has_active(name));
}

static void step_revoke(unsigned int card)
{
	int want = model[card].state == CARD_ACTIVE ? 0 : -ENOENT;

	if (random() % 8)
		return;
	assert_int_equal(st.ops->revoke(&st, card, random(), NULL, 0), want);
	if (!want)
		model[card].state = CARD_REVOKED;
}

static void random_operations_follow_the_model(void **state)
{
	const char *text = getenv("QSC_SEED");
	unsigned int seed = text ? (unsigned int)strtoul(text, NULL, 0) : 1;

	(void)state;
	print_message("# QSC_SEED=%u\n", seed);
	srandom(seed);
	memset(model, 0, sizeof(model));
	for (int i = 0; i < STEPS; i++) {
		unsigned int card = (unsigned int)random() % CARDS;

		switch (random() % 4) {
		case 0:
			step_add(card);
			break;
		case 1:
			step_burn();
			break;
		case 2:
			step_look(card);
			break;
		default:
			step_revoke(card);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_added_is_read_back, new_store, end_store),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_not_found, new_store,
						end_store),
		cmocka_unit_test_setup_teardown(a_number_is_given_once, new_store, end_store),
		cmocka_unit_test_setup_teardown(a_subscriber_has_one_active_card, new_store,
						end_store),
		cmocka_unit_test_setup_teardown(a_half_added_card_leaves_no_trace, new_store,
						end_store),
		cmocka_unit_test_setup_teardown(each_question_has_its_own_answer, new_store,
						end_store),
		cmocka_unit_test_setup_teardown(a_key_burns_once, new_store, end_store),
		cmocka_unit_test_setup_teardown(a_batch_burns_what_can_be_burnt, new_store,
						end_store),
		cmocka_unit_test_setup_teardown(burns_outlive_the_handle, new_store, end_store),
		cmocka_unit_test_setup_teardown(of_two_services_one_burns_a_key, new_store,
						end_store),
		cmocka_unit_test_setup_teardown(a_revoked_card_is_shredded, new_store, end_store),
		cmocka_unit_test_setup_teardown(of_several_revoked_cards_the_last_is_found,
						new_store, end_store),
		cmocka_unit_test_setup_teardown(lists_come_in_pages, new_store, end_store),
		cmocka_unit_test_setup_teardown(of_two_writers_the_first_value_stays, new_store,
						end_store),
		cmocka_unit_test_setup_teardown(random_operations_follow_the_model, new_store,
						end_store),
	};

	return cmocka_run_group_tests_name("kms_store", tests, make_test_folder,
					   remove_test_folder);
}
