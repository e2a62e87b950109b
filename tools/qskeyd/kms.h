/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What is said to the key service, and what it says: JSON, a line each. */
#ifndef _QSKEYD_KMS_H
#define _QSKEYD_KMS_H

#include <stdbool.h>

#include "failure.h"
#include "keys/keys.h"

#define KMS_LINE_MAX 1024

/**
 * struct kms_ask - a request for a session key
 * @call_id: of the call
 * @role: enum qsc_keys_role, ours
 * @peer: subscriber
 * @suite: number in the uapi header
 * @epoch: of the key
 * @dist_kid: the second key of a two-draw card, or NULL
 */
struct kms_ask {
	const char *call_id;
	unsigned int role;
	const char *peer;
	uint32_t suite;
	uint32_t epoch;
	const uint8_t *dist_kid;
};

enum kms_kind {
	KMS_KEY, /* answer: a session key */
	KMS_DONE, /* answer to something else */
	KMS_NO, /* answer: @why */
	KMS_REKEY, /* event: the peer asks for that epoch */
	KMS_READY, /* event: the peer can read that epoch */
	KMS_OTHER, /* event of a newer service */
};

struct kms_line {
	enum kms_kind kind;
	char call_id[QSC_KEYS_CALL_ID_MAX + 1]; /* of events */
	uint32_t epoch;
	bool peer_ready;
	uint8_t wrapped[QSC_KEYS_SEALED];
	uint32_t lifetime;
	char caller[QSC_KEYS_ID_MAX + 1];
	char callee[QSC_KEYS_ID_MAX + 1];
	struct failure why;
};

/* @out: at least %KMS_LINE_MAX bytes; with a newline */
void kms_ask(const struct kms_ask *ask, char *out);
void kms_say(const char *op, const char *call_id, const uint32_t *epoch, char *out);

/**
 * kms_read() - read a line
 * @line: from anybody, without its end
 * @len: of @line
 * @out: out
 *
 * Return: 0, or -EBADMSG for what a key service would not say
 */
int kms_read(const char *line, size_t len, struct kms_line *out);

#endif /* _QSKEYD_KMS_H */
