// SPDX-License-Identifier: GPL-2.0
/*
 * What qskeyd reads of others: the key service's lines, qsctl's requests, and a
 * card's answers. What is taken is in bounds and means what it says.
 *
 * Input: one byte that says which of them, then a line without its end, or an
 * answer of a card.
 */
#include "fuzz.h"
#include "apdu.h"
#include "kms.h"
#include "qskeyd/request.h"

static void service_line(const char *text, size_t size)
{
	struct kms_line line;
	int ret = kms_read(text, size, &line);

	if (ret)
		return;
	CHECK(memchr(line.call_id, '\0', sizeof(line.call_id)));
	switch (line.kind) {
	case KMS_KEY:
		CHECK(qsc_keys_subscriber_ok(line.caller) && qsc_keys_subscriber_ok(line.callee));
		break;
	case KMS_NO:
		CHECK(line.why.code && *line.why.text);
		break;
	case KMS_REKEY:
	case KMS_READY:
		CHECK(qsc_keys_call_id_ok(line.call_id));
		break;
	default:
		break;
	}
}

static void request_line(const char *text, size_t size)
{
	struct failure why = { FAIL_NONE, "" };
	struct request req;

	if (request_parse(text, size, &req, &why)) {
		CHECK(why.code == FAIL_BAD_REQUEST && *why.text);
		return;
	}
	CHECK(req.card <= QSC_KEYS_CARD_MAX);
	if (req.op != OP_CALL_START)
		return;
	CHECK(req.params.id == req.id && qsc_keys_call_id_ok(req.id));
	CHECK(qsc_keys_subscriber_ok(req.peer));
	CHECK(req.params.role && req.params.legs[0].suite);
	CHECK(req.params.legs[0].local.sa.sa_family == req.params.legs[0].remote.sa.sa_family);
	CHECK(!req.params.legs[0].local_rtcp == !req.params.legs[0].remote_rtcp);
}

static void card_answer(const uint8_t *bytes, size_t size)
{
	uint8_t chip[QSC_KEYS_POINT], sealed[QSC_KEYS_SEALED_DRAW], shared[QSC_KEYS_LEN];
	struct qsc_card_info info;
	struct qsc_ephemeral *pair;
	struct qsc_draw draw;
	bool seals;

	if (apdu_read_info(bytes, size, &info, &seals))
		CHECK(info.remaining <= info.total);
	else
		CHECK(!seals);
	if (apdu_read_draw(bytes, size, &draw))
		CHECK(size == 66 && apdu_status(bytes, size) == SW_OK);
	if (apdu_read_sealed(bytes, size, &draw, chip, sealed)) {
		CHECK(size == 147 && apdu_status(bytes, size) == SW_OK);
		CHECK(!memcmp(bytes + 26, chip, sizeof(chip)));
		CHECK(!qsc_ephemeral_new(&pair));
		if (qsc_ephemeral_agree(pair, chip, shared))
			CHECK(!memcmp(shared, (uint8_t[QSC_KEYS_LEN]){ 0 }, sizeof(shared)));
		qsc_ephemeral_free(pair);
	}
	CHECK((apdu_status(bytes, size) < 0) == (size < 2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (!size)
		return 0;
	text = exact_copy(data + 1, size - 1, 0);
	switch (*data % 3) {
	case 0:
		service_line(text, size - 1);
		break;
	case 1:
		request_line(text, size - 1);
		break;
	case 2:
		card_answer((const uint8_t *)text, size - 1);
		break;
	}
	free(text);
	return 0;
}
