/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_BIND_H
#define _QSC_BIND_H

#include <linux/types.h>

#include "suite.h"

/* The longest is that of a key with the longest call-id and MKI. */
#define QSC_BINDING_MAX 288

/**
 * struct qsc_binding - what key material was made for, as associated data
 * @len: bytes in @bytes
 * @bytes: numbers big-endian, strings behind two bytes of length
 *
 * Not secret.
 */
struct qsc_binding {
	u32 len;
	u8 bytes[QSC_BINDING_MAX];
};

/**
 * struct qsc_context - a session key's call context
 * @call_id: 1 to QSC_CALL_ID_MAX bytes
 * @caller: 1 to QSC_PARTY_ID_MAX bytes
 * @callee: likewise
 * @suite: suite
 * @role: QSC_ROLE_*, of this machine
 * @epoch: counts the call's session keys, from 0
 */
struct qsc_context {
	const char *call_id;
	const char *caller;
	const char *callee;
	const struct qsc_suite_desc *suite;
	u8 role;
	u32 epoch;
};

struct qsc_key_params;

/* What the key service binds a wrapped session key to. */
void qsc_bind_context(struct qsc_binding *b, const struct qsc_context *c);

/* What a client binds the secrets of a session-set request to. */
void qsc_bind_session(struct qsc_binding *b, const struct qsc_context *c);

/* What a client binds the master key of a key-set request to. */
void qsc_bind_key(struct qsc_binding *b, const char *call_id, const struct qsc_key_params *p);

#endif /* _QSC_BIND_H */
