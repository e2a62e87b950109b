// SPDX-License-Identifier: GPL-2.0
/*
 * Requests to the key service: whatever a subscriber sends, what comes out is in
 * bounds, or a refusal that can be answered with.
 *
 * Input: a line without its end.
 */
#include <errno.h>

#include "fuzz.h"
#include "qskmsd/request.h"

/* It is put between quotes in an answer. */
static void check_refusal(const struct refusal *no)
{
	CHECK(no->code && *no->code && !no->code[strspn(no->code, "abcdefghijklmnopqrstuvwxyz-")]);
	CHECK(no->detail && *no->detail && !strpbrk(no->detail, "\"\\\n"));
}

static void check_request(const struct request *req)
{
	CHECK(req->op >= OP_CALL_KEY && req->op <= OP_STATUS);
	CHECK(memchr(req->call, '\0', sizeof(req->call)));
	CHECK(memchr(req->peer, '\0', sizeof(req->peer)));
	CHECK(req->op == OP_STATUS || qsc_keys_call_id_ok(req->call));
	if (req->op != OP_CALL_KEY) {
		CHECK(!req->role && !req->suite && !req->has_dist && !*req->peer);
		return;
	}
	CHECK(qsc_keys_subscriber_ok(req->peer));
	CHECK(req->role == QSC_KEYS_CALLER || req->role == QSC_KEYS_CALLEE);
	CHECK(req->suite >= 1 && req->suite <= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct refusal no = { NULL, NULL };
	struct request req;
	char *line = exact_copy(data, size, 0);
	int ret = request_parse(line, size, &req, &no);

	CHECK(!ret || ret == -EINVAL);
	if (ret)
		check_refusal(&no);
	else
		check_request(&req);
	free(line);
	return 0;
}
