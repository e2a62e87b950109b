// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Names of everything the contract numbers, each in one place. The unit tests
 * look for holes; selftests/host/netlink_spec.py compares them with the header
 * and the YAML specification.
 */
#include <errno.h>
#include <strings.h>

#include "internal.h"

struct suite {
	const char *name;
	unsigned int key_len;
	unsigned int salt_len;
};

static const struct suite suites[] = {
	[QSC_SUITE_AEAD_AES_256_GCM] = { "AEAD_AES_256_GCM", 32, 12 },
	[QSC_SUITE_AEAD_AES_128_GCM] = { "AEAD_AES_128_GCM", 16, 12 },
	[QSC_SUITE_AEAD_SM4_GCM] = { "AEAD_SM4_GCM", 16, 12 },
	[QSC_SUITE_AES_CM_128_HMAC_SHA1_80] = { "AES_CM_128_HMAC_SHA1_80", 16, 14 },
	[QSC_SUITE_PLAIN] = { "plain", 0, 0 },
};

/* One a line. */
/* clang-format off */
static const char *const states[] = {
	[QSC_CALL_STATE_NEW] = "new",
	[QSC_CALL_STATE_SECURE] = "secure",
	[QSC_CALL_STATE_ERASED] = "erased",
	[QSC_CALL_STATE_PLAIN] = "plain",
};

static const char *const flags[] = {
	[QSC_CALL_FLAGS_BOUND] = "bound",
	[QSC_CALL_FLAGS_DTLS] = "dtls",
};

static const char *const roles[] = {
	[QSC_ROLE_CALLER] = "caller",
	[QSC_ROLE_CALLEE] = "callee",
};

static const char *const dirs[] = {
	[QSC_DIR_TX] = "tx",
	[QSC_DIR_RX] = "rx",
};

static const char *const key_states[] = {
	[QSC_KEY_STATE_ACTIVE] = "active",
	[QSC_KEY_STATE_OVERLAP] = "overlap",
	[QSC_KEY_STATE_PARKED] = "parked",
};

static const char *const reasons[] = {
	[QSC_ERASE_REASON_DEL] = "del",
	[QSC_ERASE_REASON_FLUSH] = "flush",
	[QSC_ERASE_REASON_REQUEST] = "request",
	[QSC_ERASE_REASON_REKEY] = "rekey",
	[QSC_ERASE_REASON_TIMEOUT] = "timeout",
	[QSC_ERASE_REASON_LIFETIME] = "lifetime",
	[QSC_ERASE_REASON_OWNER] = "owner",
	[QSC_ERASE_REASON_NETNS] = "netns",
	[QSC_ERASE_REASON_REBOOT] = "reboot",
	[QSC_ERASE_REASON_HIBERNATE] = "hibernate",
	[QSC_ERASE_REASON_SUSPEND] = "suspend",
	[QSC_ERASE_REASON_REVOKED] = "revoked",
};

static const char *const events[] = {
	[QSC_CMD_CALL_ADD_NTF] = "call_add",
	[QSC_CMD_CALL_DEL_NTF] = "call_del",
	[QSC_CMD_KEY_NTF] = "key",
	[QSC_CMD_REKEY_NTF] = "rekey",
	[QSC_CMD_ERASED_NTF] = "erased",
	[QSC_CMD_AUTH_FAIL_NTF] = "auth_fail",
	[QSC_CMD_LATCH_NTF] = "latch",
};

static const char *const stats[] = {
	[QSC_A_STATS_TX_RTP] = "tx_rtp",
	[QSC_A_STATS_TX_RTCP] = "tx_rtcp",
	[QSC_A_STATS_TX_OCTETS] = "tx_octets",
	[QSC_A_STATS_TX_PASSED] = "tx_passed",
	[QSC_A_STATS_TX_COPIES] = "tx_copies",
	[QSC_A_STATS_TX_NOSIMD] = "tx_nosimd",
	[QSC_A_STATS_TX_DROP_NO_KEY] = "tx_drop_no_key",
	[QSC_A_STATS_TX_DROP_ERASED] = "tx_drop_erased",
	[QSC_A_STATS_TX_DROP_PEER] = "tx_drop_peer",
	[QSC_A_STATS_TX_DROP_NOT_RTP] = "tx_drop_not_rtp",
	[QSC_A_STATS_TX_DROP_MALFORMED] = "tx_drop_malformed",
	[QSC_A_STATS_TX_DROP_FRAGMENT] = "tx_drop_fragment",
	[QSC_A_STATS_TX_DROP_TX_REUSE] = "tx_drop_tx_reuse",
	[QSC_A_STATS_TX_DROP_SSRC_FULL] = "tx_drop_ssrc_full",
	[QSC_A_STATS_TX_DROP_LIMIT] = "tx_drop_limit",
	[QSC_A_STATS_TX_DROP_TOO_BIG] = "tx_drop_too_big",
	[QSC_A_STATS_TX_DROP_NO_MEMORY] = "tx_drop_no_memory",
	[QSC_A_STATS_TX_DROP_CRYPTO] = "tx_drop_crypto",
	[QSC_A_STATS_TX_DROP_NO_REMOTE] = "tx_drop_no_remote",
	[QSC_A_STATS_TX_DROP_NO_ROUTE] = "tx_drop_no_route",
	[QSC_A_STATS_TX_FRAGMENTED] = "tx_fragmented",
	[QSC_A_STATS_RX_RTP] = "rx_rtp",
	[QSC_A_STATS_RX_RTCP] = "rx_rtcp",
	[QSC_A_STATS_RX_OCTETS] = "rx_octets",
	[QSC_A_STATS_RX_PASSED] = "rx_passed",
	[QSC_A_STATS_RX_COPIES] = "rx_copies",
	[QSC_A_STATS_RX_NOSIMD] = "rx_nosimd",
	[QSC_A_STATS_RX_DROP_NO_KEY] = "rx_drop_no_key",
	[QSC_A_STATS_RX_DROP_ERASED] = "rx_drop_erased",
	[QSC_A_STATS_RX_DROP_PEER] = "rx_drop_peer",
	[QSC_A_STATS_RX_DROP_NOT_RTP] = "rx_drop_not_rtp",
	[QSC_A_STATS_RX_DROP_MALFORMED] = "rx_drop_malformed",
	[QSC_A_STATS_RX_DROP_FRAGMENT] = "rx_drop_fragment",
	[QSC_A_STATS_RX_DROP_MKI] = "rx_drop_mki",
	[QSC_A_STATS_RX_DROP_REPLAY] = "rx_drop_replay",
	[QSC_A_STATS_RX_DROP_OLD] = "rx_drop_old",
	[QSC_A_STATS_RX_DROP_AUTH] = "rx_drop_auth",
	[QSC_A_STATS_RX_DROP_RTCP_CLEAR] = "rx_drop_rtcp_clear",
	[QSC_A_STATS_RX_DROP_SSRC_FULL] = "rx_drop_ssrc_full",
	[QSC_A_STATS_RX_DROP_LIMIT] = "rx_drop_limit",
	[QSC_A_STATS_RX_DROP_NO_MEMORY] = "rx_drop_no_memory",
	[QSC_A_STATS_RX_DROP_CRYPTO] = "rx_drop_crypto",
	[QSC_A_STATS_RX_DROP_CHECKSUM] = "rx_drop_checksum",
	[QSC_A_STATS_RX_DROP_HOPS] = "rx_drop_hops",
	[QSC_A_STATS_RX_LATCHED] = "rx_latched",
};
/* clang-format on */

static const char *name_of(const char *const *table, size_t size, uint32_t n)
{
	return n < size ? table[n] : NULL;
}

static uint32_t number_of(const char *const *table, size_t size, const char *name)
{
	for (uint32_t n = 0; n < size; n++)
		if (table[n] && !strcasecmp(table[n], name))
			return n;
	return 0;
}

const char *qsc_suite_name(uint32_t suite)
{
	return suite < ARRAY_SIZE(suites) ? suites[suite].name : NULL;
}

uint32_t qsc_suite_by_name(const char *name)
{
	for (uint32_t n = 0; n < ARRAY_SIZE(suites); n++)
		if (suites[n].name && !strcasecmp(suites[n].name, name))
			return n;
	return 0;
}

int qsc_suite_lengths(uint32_t suite, unsigned int *key_len, unsigned int *salt_len)
{
	if (!qsc_suite_name(suite))
		return -EINVAL;
	*key_len = suites[suite].key_len;
	*salt_len = suites[suite].salt_len;
	return 0;
}

const char *qsc_state_name(uint32_t state)
{
	return name_of(states, ARRAY_SIZE(states), state);
}

const char *qsc_flag_name(uint32_t flag)
{
	return name_of(flags, ARRAY_SIZE(flags), flag);
}

const char *qsc_role_name(uint32_t role)
{
	return name_of(roles, ARRAY_SIZE(roles), role);
}

uint32_t qsc_role_by_name(const char *name)
{
	return number_of(roles, ARRAY_SIZE(roles), name);
}

const char *qsc_dir_name(uint32_t dir)
{
	return name_of(dirs, ARRAY_SIZE(dirs), dir);
}

uint32_t qsc_dir_by_name(const char *name)
{
	return number_of(dirs, ARRAY_SIZE(dirs), name);
}

const char *qsc_key_state_name(uint32_t state)
{
	return name_of(key_states, ARRAY_SIZE(key_states), state);
}

const char *qsc_erase_reason_name(uint32_t reason)
{
	return name_of(reasons, ARRAY_SIZE(reasons), reason);
}

const char *qsc_event_name(uint32_t type)
{
	return name_of(events, ARRAY_SIZE(events), type);
}

const char *qsc_stat_name(unsigned int stat)
{
	return name_of(stats, ARRAY_SIZE(stats), stat);
}
