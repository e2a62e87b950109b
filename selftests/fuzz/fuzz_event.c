// SPDX-License-Identifier: GPL-2.0
/*
 * Events: what a watcher gets is in bounds, and its JSON is JSON.
 *
 * Input: command, attributes.
 */
#include <errno.h>

#include "answers.h"
#include "qsctl.h"

static int take_event(const struct qsc_event *event, void *arg)
{
	struct json_object *obj = json_event(event);
	const char *text = json_object_to_json_string(obj);
	struct json_object *again = json_tokener_parse(text);

	*(bool *)arg = true;
	CHECK(strlen(event->call_id) <= QSC_CALL_ID_MAX);
	CHECK(event->leg >= -1);
	CHECK(!event->key || event->key->mki_len <= QSC_MKI_MAX);
	CHECK(is_clean_text(text, strlen(text)));
	CHECK(again && json_object_equal(obj, again));
	json_object_put(again);
	json_object_put(obj);
	return -ESTALE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = NLMSG_LENGTH(GENL_HDRLEN) + (size ? size - 1 : 0);
	struct nlmsghdr *nlh = calloc(1, len);
	struct input in = { data, size };
	bool taken = false;
	int err;

	nlh->nlmsg_len = len;
	((struct genlmsghdr *)nlmsg_data(nlh))->cmd = take_u8(&in);
	memcpy((char *)nlmsg_data(nlh) + GENL_HDRLEN, in.p, in.left);
	err = qsc_parse_event(nlh, take_event, &taken);
	CHECK(err == (taken ? -ESTALE : -EBADMSG));
	free(nlh);
	return 0;
}
