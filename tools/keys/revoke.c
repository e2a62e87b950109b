// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The token that ends a card. */
#include <errno.h>

#include "keys_internal.h"

int qsc_keys_revoke_token(const uint8_t revoke_key[QSC_KEYS_LEN], uint64_t card,
			  uint8_t out[QSC_KEYS_REVOKE_TOKEN])
{
	uint8_t text[12 + 8];

	memset(out, 0, QSC_KEYS_REVOKE_TOKEN);
	if (card > QSC_KEYS_CARD_MAX)
		return -EINVAL;
	put_be64(put_bytes(text, "qsc/1 revoke", 12), card);
	return qsc_hmac(revoke_key, text, sizeof(text), put_be64(out, card));
}
