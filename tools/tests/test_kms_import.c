// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Cards come into the store whole, or not at all; and leave it for good. */
#include "kms/kms_test.h"

#include <fcntl.h>

#include "qskmsd/import.h"
#include "qskmsd/kit.h"

#define KEYS 1500U /* two chunks of a registration, 25 of the store */

static struct vault *vault;
static struct qsc_kit *kit;
static struct cards cards;
static struct store st;
static struct qsc_why why;

static int set_up(void **state)
{
	make_test_folder(state);
	vault = test_vault("master");
	if (store_open(&st, test_path("db"), true) || kit_make(&st, vault, &why) ||
	    kit_load(&kit, &st, vault, &why))
		return -1;
	cards_use_kit(&cards, kit, "seed");
	return 0;
}

static int tear_down(void **state)
{
	cards_close(&cards);
	kit_free(kit);
	store_close(&st);
	vault_close(vault);
	return remove_test_folder(state);
}

static const char *registration(uint64_t card, const char *subscriber, uint32_t keys)
{
	const char *path = test_path("qreg");

	unlink(path);
	cards_register(&cards, path, card, subscriber, 1, keys);
	return path;
}

static int import(const char *path, struct card *card)
{
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	return import_card(&st, vault, kit, fd, path, 1234, card, &why);
}

static void assert_pool(uint64_t number, uint32_t index)
{
	uint8_t key[VAULT_KEY], want[VAULT_KEY], pool[STORE_CHUNK_KEYS][VAULT_KEY];
	struct slot slot;
	size_t n;

	assert_int_equal(get_slot(&st, number, index, &slot), 0);
	n = (slot.chunk_len - VAULT_TAG) / VAULT_KEY;
	assert_int_equal(vault_open_card_key(vault, &slot.card, key), 0);
	assert_int_equal(vault_open_chunk(key, store_chunk_of(index), slot.chunk, n, pool[0]), 0);
	cards_pool_key(&cards, number, index, want);
	assert_memory_equal(pool[index % STORE_CHUNK_KEYS], want, VAULT_KEY);
}

static void every_key_arrives(void **state)
{
	struct card card;

	(void)state;
	if (import(registration(1, "alice", KEYS), &card))
		fail_msg("%s", why.text);
	assert_int_equal(card.number, 1);
	assert_string_equal(card.subscriber, "alice");
	assert_int_equal(card.slots, KEYS);
	assert_int_equal(card.added, 1234);
	for (uint32_t i = 0; i < KEYS; i++)
		assert_pool(1, i);
}

static void odd_sizes_arrive(void **state)
{
	static const uint32_t sizes[] = { 1, 59, 60, 61, 120, 1023, 1024, 1025 };
	struct card card;
	char name[16];

	(void)state;
	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(name, sizeof(name), "odd-%u", i);
		assert_int_equal(import(registration(100 + i, name, sizes[i]), &card), 0);
		assert_pool(100 + i, 0);
		assert_pool(100 + i, sizes[i] - 1);
	}
}

static void a_card_is_added_once(void **state)
{
	struct card card;

	(void)state;
	assert_int_equal(import(registration(2, "bob", 10), &card), 0);
	assert_int_equal(import(test_path("qreg"), &card), -EEXIST);
	assert_non_null(strstr(why.text, "card 2"));
	assert_int_equal(import(registration(3, "bob", 10), &card), -EBUSY);
	assert_non_null(strstr(why.text, "bob"));
}

static void damage(const char *path, long at, int xor)
{
	FILE *f = fopen(path, "r+b");
	int c;

	fseek(f, at, SEEK_SET);
	c = fgetc(f);
	fseek(f, at, SEEK_SET);
	fputc(c ^ xor, f);
	fclose(f);
}

static long size_of(const char *path)
{
	FILE *f = fopen(path, "rb");
	long size;

	fseek(f, 0, SEEK_END);
	size = ftell(f);
	fclose(f);
	return size;
}

/* Also where it shows late only, when most of the pool has been read. */
static void a_damaged_registration_leaves_no_trace(void **state)
{
	const char *path = registration(4, "carol", KEYS);
	long size = size_of(path);
	struct card card;
	struct slot slot;

	(void)state;
	for (long at = size - 1; at >= 0; at -= at > 200 ? 4999 : 7) {
		damage(path, at, 0x20);
		assert_int_not_equal(import(path, &card), 0);
		assert_true(why.text[0]);
		assert_int_equal(st.ops->get_card(&st, 4, &card), -ENOENT);
		assert_int_equal(get_slot(&st, 4, 0, &slot), -ENOENT);
		damage(path, at, 0x20);
	}
	assert_int_equal(truncate(path, size - 1), 0);
	assert_int_not_equal(import(path, &card), 0);
	assert_int_equal(st.ops->get_card(&st, 4, &card), -ENOENT);
}

static void a_registration_of_another_service_is_refused(void **state)
{
	struct cards others;
	struct qsc_kit other = *kit;
	struct card card;

	(void)state;
	other.registration_key[0] ^= 1;
	cards_use_kit(&others, &other, "seed");
	unlink(test_path("qreg"));
	cards_register(&others, test_path("qreg"), 5, "dave", 1, 10);
	assert_int_equal(import(test_path("qreg"), &card), -EBADMSG);
	cards_close(&others);
}

static void a_revoked_card_has_its_token_and_nothing_else(void **state)
{
	uint8_t revoke_key[VAULT_KEY], token[QSC_KEYS_REVOKE_TOKEN];
	struct card card;
	struct slot slot;

	(void)state;
	assert_int_equal(import(registration(6, "erin", 100), &card), 0);
	assert_int_equal(st.ops->get_card(&st, 6, &card), 0);
	assert_int_equal(revoke_card(&st, vault, &card, 99, &why), 0);
	cards_revoke_key(&cards, 6, revoke_key);
	assert_int_equal(qsc_keys_revoke_token(revoke_key, 6, token), 0);
	assert_int_equal(st.ops->get_card(&st, 6, &card), 0);
	assert_int_equal(card.token_len, sizeof(token));
	assert_memory_equal(card.token, token, sizeof(token));
	assert_int_equal(get_slot(&st, 6, 0, &slot), -ENOENT);
	assert_int_equal(revoke_card(&st, vault, &card, 99, &why), -ENOENT);
	assert_int_equal(import(registration(6, "erin", 100), &card), -EEXIST);
	assert_int_equal(import(registration(7, "erin", 100), &card), 0);
}

static void the_kit_belongs_to_the_store_and_its_master_key(void **state)
{
	struct vault *other = test_vault("other");
	struct qsc_kit *again;

	(void)state;
	assert_int_equal(kit_load(&again, &st, vault, &why), 0);
	assert_memory_equal(again, kit, sizeof(*kit));
	kit_free(again);
	assert_int_equal(kit_load(&again, &st, other, &why), -EBADMSG);
	assert_non_null(strstr(why.text, "does not fit this store"));
	vault_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_arrives),
		cmocka_unit_test(odd_sizes_arrive),
		cmocka_unit_test(a_card_is_added_once),
		cmocka_unit_test(a_damaged_registration_leaves_no_trace),
		cmocka_unit_test(a_registration_of_another_service_is_refused),
		cmocka_unit_test(a_revoked_card_has_its_token_and_nothing_else),
		cmocka_unit_test(the_kit_belongs_to_the_store_and_its_master_key),
	};

	return cmocka_run_group_tests_name("kms_import", tests, set_up, tear_down);
}
