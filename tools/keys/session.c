// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* A session key on its way to one party of a call. */
#include <errno.h>

#include "keys_internal.h"

/* One key seals one message, so the nonce may be constant. */
static const uint8_t zero_nonce[QSC_GCM_NONCE];

int qsc_keys_seal_session(const uint8_t wrap[QSC_KEYS_LEN], const struct qsc_keys_call *call,
			  const uint8_t session[QSC_KEYS_LEN], uint8_t out[QSC_KEYS_SEALED])
{
	uint8_t context[QSC_KEYS_CONTEXT_MAX];
	int len = qsc_keys_call_encode(call, context);

	if (len < 0) {
		memset(out, 0, QSC_KEYS_SEALED);
		return len;
	}
	return qsc_gcm_seal(wrap, zero_nonce, context, (size_t)len, session, QSC_KEYS_LEN, out);
}

int qsc_keys_open_session(const uint8_t wrap[QSC_KEYS_LEN], const struct qsc_keys_call *call,
			  const uint8_t sealed[QSC_KEYS_SEALED], uint8_t session[QSC_KEYS_LEN])
{
	uint8_t context[QSC_KEYS_CONTEXT_MAX];
	int len = qsc_keys_call_encode(call, context);

	if (len < 0) {
		memset(session, 0, QSC_KEYS_LEN);
		return len;
	}
	return qsc_gcm_open(wrap, zero_nonce, context, (size_t)len, sealed, QSC_KEYS_LEN, session);
}
