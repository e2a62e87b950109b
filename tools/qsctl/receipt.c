// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receipts: which keys a command has ended. The module tells it in events, sent
 * after it has overwritten the keys and before it acknowledges the command: so
 * they are there when the command returns.
 */
#include <errno.h>
#include <string.h>

#include "qsctl.h"

struct receipt {
	const char *id;
	bool erased; /* by this command */
	bool removed;
	bool lost;
	uint32_t reason;
	uint64_t time_ns;
	struct qsc_key_info keys[QSC_EVENT_KEYS_MAX];
	unsigned int n_keys;
};

int receipt_begin(struct qsctl *ctl)
{
	return qsc_subscribe(ctl->sk);
}

static int take_event(const struct qsc_event *event, void *arg)
{
	struct receipt *r = arg;

	if (strcmp(event->call_id, r->id))
		return 0;
	if (event->type == QSC_CMD_CALL_DEL_NTF)
		r->removed = true;
	if (event->type != QSC_CMD_ERASED_NTF || event->key)
		return 0;
	r->erased = true;
	r->reason = event->reason;
	r->time_ns = event->time_ns;
	r->n_keys = event->n_keys;
	if (r->n_keys)
		memcpy(r->keys, event->keys, r->n_keys * sizeof(*r->keys));
	return 0;
}

static int read_events(struct qsctl *ctl, struct receipt *r)
{
	int n;

	do {
		n = qsc_event_wait(ctl->sk, 0, take_event, r);
		if (n == -ENOBUFS)
			r->lost = true;
	} while (n > 0 || n == -ENOBUFS || n == -EINTR);
	return n;
}

static int print_json(struct qsctl *ctl, const struct receipt *r)
{
	struct json_object *obj = json_object_new_object();

	json_put_text(obj, "call", r->id);
	json_put(obj, "removed", json_object_new_boolean(r->removed));
	json_put(obj, "acknowledged", json_object_new_boolean(true));
	json_put(obj, "keys_erased", json_keys(r->keys, r->n_keys));
	if (r->erased) {
		json_put_text(obj, "reason",
			      name_or_number(qsc_erase_reason_name(r->reason), r->reason));
		json_put_time(obj, r->time_ns);
	}
	return json_print(ctl, obj);
}

static void print_keys(const struct receipt *r)
{
	char text[KEY_TEXT_MAX];

	if (!r->erased)
		print_field(2, "keys erased", "none, they had been erased before");
	else if (!r->n_keys)
		print_field(2, "keys erased", "none, it had none");
	for (unsigned int i = 0; i < r->n_keys; i++) {
		format_key(&r->keys[i], text, sizeof(text));
		print_field(2, "key erased", "%s", text);
	}
}

static void print_text(const struct receipt *r)
{
	char id[PRINTABLE_ID_MAX], when[TIME_TEXT_MAX];

	format_printable(r->id, id, sizeof(id));
	printf("%scall%s: %s%s%s%s\n", paint(PAINT_LABEL), paint(PAINT_NONE), paint(PAINT_NAME), id,
	       paint(PAINT_NONE), r->removed ? ", removed" : "");
	print_keys(r);
	if (r->erased) {
		format_time(r->time_ns, when, sizeof(when));
		print_field(2, "reason", "%s",
			    name_or_number(qsc_erase_reason_name(r->reason), r->reason));
		print_field(2, "time", "%s", when);
	}
	print_field(2, "acknowledged", "after they were overwritten");
}

/* After the command on @id was acknowledged. */
int receipt_print(struct qsctl *ctl, const char *id)
{
	struct receipt r = { .id = id };

	if (read_events(ctl, &r) < 0)
		return kernel_refused(ctl, "the receipt of", id);
	if (r.lost && !r.erased) {
		complain("%s: done, but there is no receipt: events were lost", id);
		return QSCTL_REFUSED;
	}
	if (ctl->json)
		return print_json(ctl, &r);
	print_text(&r);
	return QSCTL_OK;
}
