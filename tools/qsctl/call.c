// SPDX-License-Identifier: GPL-2.0-only
/* qsctl call del, erase, flush, set: what has little to say. */
#include <string.h>

#include "qsctl.h"

static int one_call(struct qsctl *ctl, struct words *words, const char *what,
		    int (*request)(struct qsc_sock *sk, const char *id))
{
	const char *id;

	if (need_id(words, &id) || no_more_words(words))
		return QSCTL_USAGE;
	if (kernel_open(ctl))
		return QSCTL_REFUSED;
	if (ctl->verbose && receipt_begin(ctl))
		return kernel_refused(ctl, what, NULL);
	if (request(ctl->sk, id))
		return kernel_refused(ctl, what, id);
	return ctl->verbose ? receipt_print(ctl, id) : QSCTL_OK;
}

int cmd_call_del(struct qsctl *ctl, struct words *words)
{
	return one_call(ctl, words, "call del", qsc_call_del);
}

int cmd_call_erase(struct qsctl *ctl, struct words *words)
{
	return one_call(ctl, words, "call erase", qsc_key_erase);
}

int cmd_call_flush(struct qsctl *ctl, struct words *words)
{
	struct json_object *obj;
	uint64_t count;

	if (no_more_words(words))
		return QSCTL_USAGE;
	if (kernel_open(ctl))
		return QSCTL_REFUSED;
	if (qsc_call_flush(ctl->sk, &count))
		return kernel_refused(ctl, "call flush", NULL);
	if (ctl->json) {
		obj = json_object_new_object();
		json_put(obj, "flushed", json_object_new_uint64(count));
		return json_print(ctl, obj);
	}
	printf("%llu call%s flushed\n", (unsigned long long)count, count == 1 ? "" : "s");
	return QSCTL_OK;
}

struct deadlines {
	uint32_t value[2];
	bool given[2];
};

/* timeout SEC | lifetime SEC, in any order */
static int read_deadlines(struct words *words, struct deadlines *d)
{
	static const char *const keywords[] = { "timeout", "lifetime" };
	const char *word, *value;
	int kw;

	while ((word = next_word(words))) {
		kw = find_keyword(word, keywords, ARRAY_SIZE(keywords));
		if (kw < 0)
			return QSCTL_USAGE;
		if (d->given[kw])
			return complain("%s is given twice", keywords[kw]);
		d->given[kw] = true;
		if (need_word(words, keywords[kw], &value) ||
		    read_u32(keywords[kw], value, 0, UINT32_MAX, "seconds", &d->value[kw]))
			return QSCTL_USAGE;
	}
	if (!d->given[0] && !d->given[1])
		return complain("nothing to set: give timeout SEC or lifetime SEC");
	return QSCTL_OK;
}

int cmd_call_set(struct qsctl *ctl, struct words *words)
{
	struct deadlines d = { 0 };
	const char *id;

	if (need_id(words, &id) || read_deadlines(words, &d))
		return QSCTL_USAGE;
	if (kernel_open(ctl))
		return QSCTL_REFUSED;
	if (qsc_call_set(ctl->sk, id, d.given[0] ? &d.value[0] : NULL,
			 d.given[1] ? &d.value[1] : NULL))
		return kernel_refused(ctl, "call set", id);
	return QSCTL_OK;
}
