// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Documentation/key-service.rst has the protocol. */
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <qsc/qsc.h>

#include "json_line.h"
#include "kms.h"

#define HEX_KID (2 * QSC_KEYS_KID + 1)
#define WRAPPED_TEXT 64 /* 48 bytes in base64, without padding */

static void put_text(struct json_object *obj, const char *name, const char *text)
{
	json_object_object_add(obj, name, json_object_new_string(text));
}

static void finish(struct json_object *obj, char *out)
{
	snprintf(out, KMS_LINE_MAX, "%s\n",
		 json_object_to_json_string_ext(obj, JSON_C_TO_STRING_PLAIN |
							     JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(obj);
}

static void put_kid(struct json_object *obj, const uint8_t *kid)
{
	char hex[HEX_KID];

	for (size_t i = 0; i < QSC_KEYS_KID; i++)
		sprintf(hex + 2 * i, "%02x", kid[i]);
	put_text(obj, "dist-kid", hex);
}

void kms_ask(const struct kms_ask *ask, char *out)
{
	struct json_object *obj = json_object_new_object();

	put_text(obj, "op", "call-key");
	put_text(obj, "call", ask->call_id);
	put_text(obj, "role", ask->role == QSC_KEYS_CALLER ? "caller" : "callee");
	put_text(obj, "peer", ask->peer);
	put_text(obj, "suite", qsc_suite_name(ask->suite));
	json_object_object_add(obj, "epoch", json_object_new_uint64(ask->epoch));
	if (ask->dist_kid)
		put_kid(obj, ask->dist_kid);
	finish(obj, out);
}

void kms_say(const char *op, const char *call_id, const uint32_t *epoch, char *out)
{
	struct json_object *obj = json_object_new_object();

	put_text(obj, "op", op);
	put_text(obj, "call", call_id);
	if (epoch)
		json_object_object_add(obj, "epoch", json_object_new_uint64(*epoch));
	finish(obj, out);
}

/* What users see of the words of Documentation/key-service.rst */
static void read_refusal(struct json_object *obj, struct failure *why)
{
	static const struct {
		const char *word;
		enum failure_code code;
		const char *text;
	} known[] = {
		{ "revoked", FAIL_REVOKED,
		  "your carrier has revoked this card: it will never work again, ask for a new "
		  "one" },
		{ "no-such-peer", FAIL_NO_SUCH_PEER,
		  "the key service does not know that subscriber, or may not connect him: check "
		  "\"peer\"" },
		{ "not-called", FAIL_NOT_CALLED,
		  "nobody has called you with this call-id: check call-id and \"peer\", or the "
		  "caller has not asked in time" },
		{ "suite", FAIL_REFUSED,
		  "the other party has chosen another suite: both must give the same \"suite\"" },
		{ "busy", FAIL_SERVICE, "the key service is busy: try again" },
		{ "unavailable", FAIL_SERVICE, "the key service is out of order: try again later" },
	};
	const char *word = json_line_text(obj, "error"), *detail = json_line_text(obj, "detail");

	for (size_t i = 0; word && i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(word, known[i].word))
			continue;
		failure(why, known[i].code, "%s", known[i].text);
		return;
	}
	failure(why, FAIL_REFUSED, "the key service says no: %.32s%s%.200s", word ? word : "?",
		detail ? ": " : "", detail ? detail : "");
}

static bool read_name(struct json_object *obj, const char *name, char *out)
{
	const char *text = json_line_text(obj, name);

	if (!text || !qsc_keys_subscriber_ok(text))
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool read_wrapped(struct json_object *obj, uint8_t *out)
{
	const char *text = json_line_text(obj, "wrapped");

	return text && strlen(text) == WRAPPED_TEXT && !strpbrk(text, "= \t\n\r-") &&
	       EVP_DecodeBlock(out, (const unsigned char *)text, WRAPPED_TEXT) == QSC_KEYS_SEALED;
}

static bool read_number(struct json_object *obj, const char *name, uint32_t *out)
{
	uint64_t n;

	if (!json_line_number(obj, name, UINT32_MAX, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static int read_key(struct json_object *obj, struct kms_line *out)
{
	out->kind = KMS_KEY;
	return read_wrapped(obj, out->wrapped) && read_number(obj, "epoch", &out->epoch) &&
			       read_number(obj, "lifetime", &out->lifetime) &&
			       read_name(obj, "caller", out->caller) &&
			       read_name(obj, "callee", out->callee) ?
		       0 :
		       -EBADMSG;
}

static int read_event(struct json_object *obj, const char *event, struct kms_line *out)
{
	const char *call = json_line_text(obj, "call");

	out->kind = KMS_OTHER;
	if (!strcmp(event, "rekey"))
		out->kind = KMS_REKEY;
	else if (!strcmp(event, "ready"))
		out->kind = KMS_READY;
	else
		return 0;
	if (!call || !qsc_keys_call_id_ok(call) || !read_number(obj, "epoch", &out->epoch))
		return -EBADMSG;
	memcpy(out->call_id, call, strlen(call) + 1);
	return 0;
}

static int read_object(struct json_object *obj, struct kms_line *out)
{
	const char *event = json_line_text(obj, "event");

	if (event)
		return read_event(obj, event, out);
	if (!json_object_object_get_ex(obj, "ok", NULL))
		return -EBADMSG;
	if (!json_line_true(obj, "ok")) {
		out->kind = KMS_NO;
		read_refusal(obj, &out->why);
		return 0;
	}
	if (json_object_object_get_ex(obj, "wrapped", NULL))
		return read_key(obj, out);
	out->kind = KMS_DONE;
	out->peer_ready = json_line_true(obj, "peer");
	return 0;
}

int kms_read(const char *line, size_t len, struct kms_line *out)
{
	struct json_object *obj = json_line_parse(line, len);
	int err;

	memset(out, 0, sizeof(*out));
	if (!obj)
		return -EBADMSG;
	err = read_object(obj, out);
	json_object_put(obj);
	return err;
}
