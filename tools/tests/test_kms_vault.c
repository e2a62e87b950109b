// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What the store keeps cannot be read, changed, moved or relabelled without the master key. */
#include "kms/kms_test.h"

static struct vault *vault;

static int set_up(void **state)
{
	make_test_folder(state);
	vault = test_vault("master");
	return 0;
}

static int tear_down(void **state)
{
	vault_close(vault);
	return remove_test_folder(state);
}

static void named_keys_come_back_under_their_name_only(void **state)
{
	uint8_t key[VAULT_KEY] = "a key", sealed[VAULT_SEALED_KEY], back[VAULT_KEY];

	(void)state;
	assert_int_equal(vault_seal_named(vault, "one", key, sealed), 0);
	assert_int_equal(vault_open_named(vault, "one", sealed, back), 0);
	assert_memory_equal(back, key, sizeof(key));
	assert_int_equal(vault_open_named(vault, "two", sealed, back), -EBADMSG);
}

static void every_sealed_byte_counts(void **state)
{
	uint8_t key[VAULT_KEY] = "a key", sealed[VAULT_SEALED_KEY], back[VAULT_KEY];
	static const uint8_t zeros[VAULT_KEY];

	(void)state;
	assert_int_equal(vault_seal_named(vault, "one", key, sealed), 0);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 0x40;
		assert_int_equal(vault_open_named(vault, "one", sealed, back), -EBADMSG);
		assert_memory_equal(back, zeros, sizeof(back));
		sealed[i] ^= 0x40;
	}
}

static void another_master_key_opens_nothing(void **state)
{
	uint8_t key[VAULT_KEY] = "a key", sealed[VAULT_SEALED_KEY], back[VAULT_KEY];
	struct vault *other = test_vault("other");

	(void)state;
	assert_int_equal(vault_seal_named(vault, "one", key, sealed), 0);
	assert_int_equal(vault_open_named(other, "one", sealed, back), -EBADMSG);
	vault_close(other);
}

static void a_card_key_fits_its_card_only(void **state)
{
	struct card card = { .number = 7, .subscriber = "alice", .profile = 1, .slots = 60 };
	uint8_t key[VAULT_KEY] = "card key", back[VAULT_KEY];
	struct card changed;

	(void)state;
	assert_int_equal(vault_seal_card_key(vault, &card, key, card.key), 0);
	assert_int_equal(vault_open_card_key(vault, &card, back), 0);
	assert_memory_equal(back, key, sizeof(key));

	changed = card;
	changed.number = 8;
	assert_int_equal(vault_open_card_key(vault, &changed, back), -EBADMSG);
	changed = card;
	memcpy(changed.subscriber, "alicf", 6);
	assert_int_equal(vault_open_card_key(vault, &changed, back), -EBADMSG);
	changed = card;
	changed.profile = 2;
	assert_int_equal(vault_open_card_key(vault, &changed, back), -EBADMSG);
	changed = card;
	changed.slots = 61;
	assert_int_equal(vault_open_card_key(vault, &changed, back), -EBADMSG);
}

static void a_chunk_opens_in_its_place_only(void **state)
{
	uint8_t card_key[VAULT_KEY] = "card key", keys[3][VAULT_KEY] = { "a", "b", "c" };
	uint8_t sealed[3 * VAULT_KEY + VAULT_TAG], back[3][VAULT_KEY];

	(void)state;
	assert_int_equal(vault_seal_chunk(card_key, 5, keys[0], 3, sealed), 0);
	assert_int_equal(vault_open_chunk(card_key, 5, sealed, 3, back[0]), 0);
	assert_memory_equal(back, keys, sizeof(keys));
	assert_int_equal(vault_open_chunk(card_key, 4, sealed, 3, back[0]), -EBADMSG);
	card_key[0] ^= 1;
	assert_int_equal(vault_open_chunk(card_key, 5, sealed, 3, back[0]), -EBADMSG);
}

/* The nonces under one card key: chunks count, the revoke key has none of theirs. */
static void no_nonce_is_used_twice_under_a_card_key(void **state)
{
	uint8_t card_key[VAULT_KEY] = "card key", zeros[VAULT_KEY] = { 0 };
	uint8_t one[VAULT_KEY + VAULT_TAG], two[VAULT_KEY + VAULT_TAG];
	uint8_t revoke[VAULT_SEALED_KEY];

	(void)state;
	assert_int_equal(vault_seal_chunk(card_key, 0, zeros, 1, one), 0);
	assert_int_equal(vault_seal_chunk(card_key, 1, zeros, 1, two), 0);
	assert_int_equal(vault_seal_revoke_key(card_key, zeros, revoke), 0);
	assert_memory_not_equal(one, two, VAULT_KEY);
	assert_memory_not_equal(one, revoke + VAULT_NONCE, VAULT_KEY);
	for (uint32_t chunk = 0; chunk < 1U << STORE_CHUNK_BITS; chunk += 0x7fff) {
		assert_int_equal(vault_seal_chunk(card_key, chunk, zeros, 1, one), 0);
		assert_memory_not_equal(one, revoke + VAULT_NONCE, VAULT_KEY);
	}
}

static void sealing_twice_gives_other_bytes(void **state)
{
	uint8_t key[VAULT_KEY] = "a key", one[VAULT_SEALED_KEY], two[VAULT_SEALED_KEY];

	(void)state;
	assert_int_equal(vault_seal_named(vault, "one", key, one), 0);
	assert_int_equal(vault_seal_named(vault, "one", key, two), 0);
	assert_memory_not_equal(one, two, sizeof(one));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_keys_come_back_under_their_name_only),
		cmocka_unit_test(every_sealed_byte_counts),
		cmocka_unit_test(another_master_key_opens_nothing),
		cmocka_unit_test(a_card_key_fits_its_card_only),
		cmocka_unit_test(a_chunk_opens_in_its_place_only),
		cmocka_unit_test(no_nonce_is_used_twice_under_a_card_key),
		cmocka_unit_test(sealing_twice_gives_other_bytes),
	};

	return cmocka_run_group_tests_name("kms_vault", tests, set_up, tear_down);
}
