// SPDX-License-Identifier: GPL-2.0-only
/* qsctl monitor */
#include <errno.h>
#include <inttypes.h>
#include <time.h>

#include "qsctl.h"

struct monitor {
	struct qsctl *ctl;
	uint32_t count; /* events still wanted, 0 = no limit */
	uint32_t timeout_s; /* 0 = none */
};

static enum paint event_paint(uint32_t type)
{
	switch (type) {
	case QSC_CMD_KEY_NTF:
		return PAINT_GOOD;
	case QSC_CMD_REKEY_NTF:
		return PAINT_WARN;
	case QSC_CMD_ERASED_NTF:
	case QSC_CMD_AUTH_FAIL_NTF:
		return PAINT_BAD;
	default:
		return PAINT_LABEL;
	}
}

static void print_key(const struct qsc_event *event)
{
	const struct qsc_key_info *key = event->key;
	char text[KEY_TEXT_MAX], mki[MKI_TEXT_MAX];

	format_key(key, text, sizeof(text));
	printf("  %s", text);
	if (key->suite)
		printf(", %s", name_or_number(qsc_suite_name(key->suite), key->suite));
	if (key->mki_len) {
		format_hex(key->mki, key->mki_len, mki, sizeof(mki));
		printf(", MKI %s", mki);
	}
	if (event->type == QSC_CMD_REKEY_NTF)
		printf(": %" PRIu64 " RTP and %" PRIu64 " RTCP packets, install a new key",
		       key->rtp_packets, key->rtcp_packets);
}

static void print_all_keys(const struct qsc_event *event)
{
	char text[KEY_TEXT_MAX];

	printf("  all keys");
	for (unsigned int i = 0; i < event->n_keys; i++) {
		format_key(&event->keys[i], text, sizeof(text));
		printf("%s%s", i ? "; " : ": ", text);
	}
}

static void print_flags(uint32_t flags)
{
	for (uint32_t bit = 1; bit; bit <<= 1)
		if (flags & bit && qsc_flag_name(bit))
			printf("  %s", qsc_flag_name(bit));
}

static void print_latch(const struct qsc_event *event)
{
	char remote[ADDR_TEXT_MAX];

	format_addr(&event->remote, remote, sizeof(remote));
	printf("  leg %d: the remote is %s", event->leg, remote);
	if (event->remote_rtcp)
		printf(", its RTCP port %u", event->remote_rtcp);
}

static void print_event(const struct qsc_event *event)
{
	char id[PRINTABLE_ID_MAX], when[TIME_TEXT_MAX];

	format_printable(event->call_id, id, sizeof(id));
	format_time(event->time_ns, when, sizeof(when));
	printf("%s  %s%-9s%s  %s%s%s", when, paint(event_paint(event->type)),
	       name_or_number(qsc_event_name(event->type), event->type), paint(PAINT_NONE),
	       paint(PAINT_NAME), id, paint(PAINT_NONE));
	if (event->reason)
		printf("  %s", name_or_number(qsc_erase_reason_name(event->reason), event->reason));
	if (event->key)
		print_key(event);
	else if (event->type == QSC_CMD_ERASED_NTF)
		print_all_keys(event);
	if (event->type == QSC_CMD_AUTH_FAIL_NTF)
		printf("  leg %d: %" PRIu64 " packets failed authentication", event->leg,
		       event->count);
	if (event->type == QSC_CMD_LATCH_NTF)
		print_latch(event);
	print_flags(event->flags);
	putchar('\n');
}

static int take_event(const struct qsc_event *event, void *arg)
{
	struct monitor *mon = arg;

	if (mon->ctl->json)
		json_print(mon->ctl, json_event(event));
	else
		print_event(event);
	if (fflush(stdout))
		return -EPIPE;
	/* An errno that nothing else on this path returns. */
	return mon->count && !--mon->count ? -ECANCELED : 0;
}

static void print_lost(struct monitor *mon)
{
	struct json_object *obj;

	if (mon->ctl->json) {
		obj = json_object_new_object();
		json_put_text(obj, "event", "lost");
		json_print(mon->ctl, obj);
		fflush(stdout);
	}
	note("events were lost: they came faster than they were printed");
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Milliseconds until @deadline for poll(), which takes an int. */
static int time_left(int64_t deadline)
{
	int64_t left;

	if (!deadline)
		return -1;
	left = deadline - now_ms();
	return left < 0 ? 0 : left > 1000000 ? 1000000 : left;
}

static int watch(struct monitor *mon, struct waiter *waiter)
{
	int64_t deadline = mon->timeout_s ? now_ms() + 1000LL * mon->timeout_s : 0;
	int n;

	for (;;) {
		switch (waiter_wait(waiter, time_left(deadline))) {
		case WAIT_TIMEOUT:
			if (time_left(deadline))
				continue;
			return QSCTL_OK;
		case WAIT_SIGNAL:
			return QSCTL_OK;
		case WAIT_FAILED:
			return QSCTL_REFUSED;
		case WAIT_EVENT:
			break;
		}
		n = qsc_event_wait(mon->ctl->sk, 0, take_event, mon);
		if (n == -ECANCELED)
			return QSCTL_OK;
		if (n == -ENOBUFS)
			print_lost(mon);
		else if (n < 0)
			return kernel_refused(mon->ctl, "monitor", NULL);
	}
}

/* [count N] [timeout SEC] */
static int read_words(struct words *words, struct monitor *mon)
{
	static const char *const keywords[] = { "count", "timeout" };
	const char *word, *value;
	int kw, ret;

	while ((word = next_word(words))) {
		kw = find_keyword(word, keywords, ARRAY_SIZE(keywords));
		if (kw < 0 || need_word(words, keywords[kw], &value))
			return QSCTL_USAGE;
		if (kw == 0)
			ret = read_u32("count", value, 1, UINT32_MAX, "events", &mon->count);
		else
			ret = read_u32("timeout", value, 1, UINT32_MAX, "seconds", &mon->timeout_s);
		if (ret)
			return ret;
	}
	return QSCTL_OK;
}

int cmd_monitor(struct qsctl *ctl, struct words *words)
{
	struct monitor mon = { .ctl = ctl };
	struct waiter waiter;
	int ret;

	if (read_words(words, &mon))
		return QSCTL_USAGE;
	if (kernel_open(ctl))
		return QSCTL_REFUSED;
	if (qsc_subscribe(ctl->sk))
		return kernel_refused(ctl, "monitor", NULL);
	if (waiter_init(&waiter, qsc_event_fd(ctl->sk)))
		return QSCTL_REFUSED;
	ret = watch(&mon, &waiter);
	waiter_end(&waiter);
	return ret;
}
