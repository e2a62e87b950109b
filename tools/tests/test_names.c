// SPDX-License-Identifier: GPL-2.0-only
/* Every number of the contract has one name, and names come back as numbers. */
#include "test.h"

static void every_suite_has_a_name_and_lengths(void **state)
{
	unsigned int key, salt;

	(void)state;
	for (uint32_t i = 1; i <= QSC_SUITE_MAX; i++) {
		assert_non_null(qsc_suite_name(i));
		assert_int_equal(qsc_suite_by_name(qsc_suite_name(i)), i);
		assert_int_equal(qsc_suite_lengths(i, &key, &salt), 0);
		if (i == QSC_SUITE_PLAIN) {
			assert_int_equal(key + salt, 0);
			continue;
		}
		assert_in_range(key, 16, QSC_MASTER_KEY_MAX);
		assert_in_range(salt, 12, QSC_MASTER_SALT_MAX);
	}
}

static void every_counter_has_a_name_and_padding_has_none(void **state)
{
	(void)state;
	for (unsigned int i = 1; i <= QSC_A_STATS_MAX; i++) {
		if (i == QSC_A_STATS_PAD)
			assert_null(qsc_stat_name(i));
		else
			assert_non_null(qsc_stat_name(i));
	}
}

static void counters_of_a_direction_begin_with_its_name(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < QSC_A_STATS_PAD; i++)
		assert_memory_equal(qsc_stat_name(i), i < QSC_A_STATS_RX_RTP ? "tx_" : "rx_", 3);
}

static void every_erase_reason_has_a_name(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= QSC_ERASE_REASON_MAX; i++)
		assert_non_null(qsc_erase_reason_name(i));
}

static void every_event_has_a_name_and_requests_have_none(void **state)
{
	(void)state;
	for (uint32_t i = 1; i <= QSC_CMD_MAX; i++) {
		if ((i >= QSC_CMD_CALL_ADD_NTF && i <= QSC_CMD_AUTH_FAIL_NTF) ||
		    i == QSC_CMD_LATCH_NTF)
			assert_non_null(qsc_event_name(i));
		else
			assert_null(qsc_event_name(i));
	}
}

static void unknown_numbers_have_no_name(void **state)
{
	(void)state;
	assert_null(qsc_suite_name(0));
	assert_null(qsc_suite_name(QSC_SUITE_MAX + 1));
	assert_null(qsc_suite_name(UINT32_MAX));
	assert_null(qsc_state_name(0));
	assert_null(qsc_state_name(99));
	assert_null(qsc_stat_name(0));
	assert_null(qsc_stat_name(QSC_A_STATS_MAX + 1));
	assert_null(qsc_erase_reason_name(0));
	assert_null(qsc_dir_name(3));
}

static void unknown_names_are_zero_and_case_does_not_matter(void **state)
{
	(void)state;
	assert_int_equal(qsc_suite_by_name("AES_CM_128_HMAC_SHA1_32"), 0);
	assert_int_equal(qsc_suite_by_name(""), 0);
	assert_int_equal(qsc_suite_by_name("aead_aes_256_gcm"), QSC_SUITE_AEAD_AES_256_GCM);
	assert_int_equal(qsc_role_by_name("Caller"), QSC_ROLE_CALLER);
	assert_int_equal(qsc_dir_by_name("rx"), QSC_DIR_RX);
	assert_int_equal(qsc_dir_by_name("both"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_has_a_name_and_lengths),
		cmocka_unit_test(every_counter_has_a_name_and_padding_has_none),
		cmocka_unit_test(counters_of_a_direction_begin_with_its_name),
		cmocka_unit_test(every_erase_reason_has_a_name),
		cmocka_unit_test(every_event_has_a_name_and_requests_have_none),
		cmocka_unit_test(unknown_numbers_have_no_name),
		cmocka_unit_test(unknown_names_are_zero_and_case_does_not_matter),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
