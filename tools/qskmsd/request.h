/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Requests of subscribers: one JSON object a line. */
#ifndef _QSKMSD_REQUEST_H
#define _QSKMSD_REQUEST_H

#include <stdbool.h>

#include "keys/keys.h"

/* A line, its end included */
#define REQUEST_MAX 2048

enum request_op {
	OP_CALL_KEY = 1,
	OP_READY,
	OP_HANGUP,
	OP_STATUS,
};

struct request {
	enum request_op op;
	char call[QSC_KEYS_CALL_ID_MAX + 1];
	unsigned int role; /* QSC_KEYS_CALLER, QSC_KEYS_CALLEE */
	char peer[QSC_KEYS_ID_MAX + 1];
	uint32_t suite;
	uint32_t epoch;
	bool has_dist;
	uint8_t dist[QSC_KEYS_KID];
};

/**
 * struct refusal - what a request is refused with
 * @code: a word for programs, listed in Documentation/key-service.rst
 * @detail: a sentence for people
 */
struct refusal {
	const char *code;
	const char *detail;
};

/**
 * request_parse() - read one line
 * @line: without its end; any bytes
 * @len: of @line
 * @req: out, zeroed first
 * @no: out, on errors
 *
 * Return: 0, or -EINVAL
 */
int request_parse(const char *line, size_t len, struct request *req, struct refusal *no);

#endif /* _QSKMSD_REQUEST_H */
