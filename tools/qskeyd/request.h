/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Requests of qsctl, see Documentation/qskeyd.rst. */
#ifndef _QSKEYD_REQUEST_H
#define _QSKEYD_REQUEST_H

#include <qsc/qsc.h>

#include "failure.h"
#include "keys/keys.h"

#define REQUEST_MAX 4096 /* a line, its end included */

enum request_op {
	OP_CALL_START,
	OP_CALL_END,
	OP_CALL_REKEY,
	OP_CARD_LIST,
	OP_CARD_INFO,
	OP_CARD_UNLOCK, /* the PIN is the next line */
	OP_STATUS,
};

struct request {
	enum request_op op;
	char id[QSC_KEYS_CALL_ID_MAX + 1];
	char peer[QSC_KEYS_ID_MAX + 1];
	uint64_t card; /* 0: any */
	struct qsc_call_params params; /* with the id above */
};

/**
 * request_parse() - read one line
 * @line: without its end; any bytes
 * @len: of @line
 * @req: out; must not move: it points to itself
 * @why: out, on errors
 *
 * Return: 0 or -1
 */
int request_parse(const char *line, size_t len, struct request *req, struct failure *why);

#endif /* _QSKEYD_REQUEST_H */
