// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* From a pool key to SRTP keys. */
#include <errno.h>

#include "keys_internal.h"

static const struct {
	uint8_t key_len;
	uint8_t salt_len;
} suites[] = {
	/* Numbers of enum qsc_suite; the tests compare this with libqsc. */
	[1] = { 32, 12 },
	[2] = { 16, 12 },
	[3] = { 16, 12 },
	[4] = { 16, 14 },
};

static int from_pool(const uint8_t *pool_key, const char *label, const uint8_t *kid, uint8_t *out)
{
	static const char salt[] = "qsc/1 pool";
	uint8_t info[4 + QSC_KEYS_KID];

	put_bytes(put_bytes(info, label, 4), kid, QSC_KEYS_KID);
	return qsc_keys_hkdf(pool_key, QSC_KEYS_LEN, salt, sizeof(salt) - 1, info, sizeof(info),
			     out, QSC_KEYS_LEN);
}

int qsc_keys_auth(const uint8_t pool_key[QSC_KEYS_LEN], const uint8_t kid[QSC_KEYS_KID],
		  uint8_t out[QSC_KEYS_LEN])
{
	return from_pool(pool_key, "auth", kid, out);
}

int qsc_keys_dist(const uint8_t pool_key[QSC_KEYS_LEN], const uint8_t kid[QSC_KEYS_KID],
		  uint8_t out[QSC_KEYS_LEN])
{
	return from_pool(pool_key, "dist", kid, out);
}

int qsc_keys_wrap(const uint8_t dist[QSC_KEYS_LEN], const uint8_t exporter[QSC_KEYS_LEN],
		  uint8_t out[QSC_KEYS_LEN])
{
	return qsc_keys_hkdf(dist, QSC_KEYS_LEN, exporter, QSC_KEYS_LEN, "wrap", 4, out,
			     QSC_KEYS_LEN);
}

int qsc_keys_suite_lengths(uint32_t suite, size_t *key_len, size_t *salt_len)
{
	*key_len = 0;
	*salt_len = 0;
	if (suite >= sizeof(suites) / sizeof(suites[0]) || !suites[suite].key_len)
		return -EINVAL;
	*key_len = suites[suite].key_len;
	*salt_len = suites[suite].salt_len;
	return 0;
}

int qsc_keys_srtp(const uint8_t session[QSC_KEYS_LEN], const char *call_id, uint32_t suite,
		  uint8_t direction, uint32_t epoch, uint8_t out[QSC_KEYS_SRTP_MAX])
{
	uint8_t info[4 + 4 + 1 + 4], *p = info;
	size_t key_len, salt_len;

	memset(out, 0, QSC_KEYS_SRTP_MAX);
	if (qsc_keys_suite_lengths(suite, &key_len, &salt_len) || !qsc_keys_call_id_ok(call_id) ||
	    (direction != 1 && direction != 2))
		return -EINVAL;
	p = put_bytes(p, "srtp", 4);
	p = put_be32(p, suite);
	*p++ = direction;
	put_be32(p, epoch);
	return qsc_keys_hkdf(session, QSC_KEYS_LEN, call_id, strlen(call_id), info, sizeof(info),
			     out, key_len + salt_len);
}
