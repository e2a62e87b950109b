// SPDX-License-Identifier: GPL-2.0-only
/* The rows of qsctl top: two looks at the calls make rates. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "top.h"

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static struct top_row *add_row(struct top_table *table)
{
	size_t room = table->room ? 2 * table->room : 64;
	struct top_row *rows;

	if (table->n == table->room) {
		rows = realloc(table->rows, room * sizeof(*rows));
		if (!rows)
			return NULL;
		table->rows = rows;
		table->room = room;
	}
	memset(&table->rows[table->n], 0, sizeof(*table->rows));
	return &table->rows[table->n++];
}

static void sum_stats(struct top_row *row, const struct qsc_stats *stats)
{
	const uint64_t *n = stats->count;
	const char *name;

	row->packets[QSC_DIR_TX] = n[QSC_A_STATS_TX_RTP] + n[QSC_A_STATS_TX_RTCP];
	row->packets[QSC_DIR_RX] = n[QSC_A_STATS_RX_RTP] + n[QSC_A_STATS_RX_RTCP];
	for (unsigned int i = 1; i <= QSC_A_STATS_MAX; i++) {
		name = qsc_stat_name(i);
		if (name && strstr(name, "_drop_"))
			row->drops[name[0] == 't' ? QSC_DIR_TX : QSC_DIR_RX] += n[i];
	}
}

static void sum_quality(struct top_row *row, const struct qsc_leg *leg)
{
	uint64_t came = 0, lost = 0;

	for (unsigned int i = 0; i < leg->n_quality; i++) {
		came += leg->quality[i].packets;
		lost += leg->quality[i].lost;
		if (leg->quality[i].jitter_us > row->jitter_ms * 1000)
			row->jitter_ms = leg->quality[i].jitter_us / 1000.0;
	}
	row->has_quality = came;
	row->rtt_us = leg->rtt_us;
	if (came + lost)
		row->loss = 100.0 * lost / (came + lost);
}

static int take_stats(const struct qsc_call *call, void *arg)
{
	struct top_table *table = arg;
	struct top_row *row;

	for (unsigned int i = 0; i < call->n_legs; i++) {
		row = add_row(table);
		if (!row)
			return -ENOMEM;
		snprintf(row->id, sizeof(row->id), "%s", call->id);
		row->leg = call->legs[i].index;
		row->state = call->state;
		if (call->legs[i].stats)
			sum_stats(row, call->legs[i].stats);
		sum_quality(row, &call->legs[i]);
	}
	return 0;
}

static int compare_call(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	int diff = strcmp(x->id, y->id);

	return diff ? diff : x->leg - y->leg;
}

static struct top_row *find_row(const struct top_table *table, const char *id, uint8_t leg)
{
	struct top_row key = { .leg = leg };

	snprintf(key.id, sizeof(key.id), "%s", id);
	if (!table->n)
		return NULL;
	return bsearch(&key, table->rows, table->n, sizeof(key), compare_call);
}

static void take_leg_keys(struct top_row *row, const struct qsc_leg *leg)
{
	for (unsigned int i = 0; i < leg->n_keys; i++) {
		if (leg->keys[i].state != QSC_KEY_STATE_ACTIVE)
			continue;
		if (!row->has_key || leg->keys[i].age_ms > row->key_age_ms)
			row->key_age_ms = leg->keys[i].age_ms;
		row->has_key = true;
	}
}

static int take_keys(const struct qsc_call *call, void *arg)
{
	struct top_table *table = arg;
	struct top_row *row;

	for (unsigned int i = 0; i < call->n_legs; i++) {
		row = find_row(table, call->id, call->legs[i].index);
		if (row)
			take_leg_keys(row, &call->legs[i]);
	}
	return 0;
}

static void make_rates(struct top_table *table, const struct top_table *before)
{
	double seconds = (table->time_ns - before->time_ns) / 1e9;
	const struct top_row *old;
	struct top_row *row;

	if (table->time_ns <= before->time_ns)
		return;
	for (size_t i = 0; i < table->n; i++) {
		row = &table->rows[i];
		old = find_row(before, row->id, row->leg);
		/* A call of the same name may be another one. */
		if (!old || top_packets(row) < top_packets(old) || top_drops(row) < top_drops(old))
			continue;
		row->pps = (top_packets(row) - top_packets(old)) / seconds;
		row->dps = (top_drops(row) - top_drops(old)) / seconds;
	}
}

/* A call that was made anew during the look comes twice. */
static void drop_doubles(struct top_table *table)
{
	size_t n = 0;

	for (size_t i = 0; i < table->n; i++)
		if (!n || compare_call(&table->rows[n - 1], &table->rows[i]))
			table->rows[n++] = table->rows[i];
	table->n = n;
}

/* Calls that come and go meanwhile are a matter of course here. */
static int ignore_changes(int err)
{
	return err == -EAGAIN ? 0 : err;
}

int top_look(struct qsc_sock *sk, struct top_table *table, const struct top_table *before)
{
	int err;

	table->n = 0;
	table->time_ns = now_ns();
	err = ignore_changes(qsc_stats_dump(sk, take_stats, table));
	if (err)
		return err;
	top_sort(table, TOP_BY_CALL);
	drop_doubles(table);
	err = ignore_changes(qsc_call_dump(sk, take_keys, table));
	if (!err && before->time_ns)
		make_rates(table, before);
	return err;
}

/* The greatest first. */
static int compare_number(double a, double b)
{
	return (a < b) - (a > b);
}

static int compare_packets(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	int diff = compare_number(x->pps, y->pps);

	return diff ? diff : compare_call(a, b);
}

static int compare_drops(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	int diff = compare_number(x->dps, y->dps);

	if (!diff)
		diff = compare_number(top_drops(x), top_drops(y));
	return diff ? diff : compare_call(a, b);
}

static int compare_loss(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	int diff = compare_number(x->loss, y->loss);

	return diff ? diff : compare_call(a, b);
}

static int compare_jitter(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	int diff = compare_number(x->jitter_ms, y->jitter_ms);

	return diff ? diff : compare_call(a, b);
}

void top_sort(struct top_table *table, enum top_order order)
{
	static int (*const compare[])(const void *, const void *) = {
		[TOP_BY_CALL] = compare_call,	  [TOP_BY_PACKETS] = compare_packets,
		[TOP_BY_DROPS] = compare_drops,	  [TOP_BY_LOSS] = compare_loss,
		[TOP_BY_JITTER] = compare_jitter,
	};

	if (table->n)
		qsort(table->rows, table->n, sizeof(*table->rows), compare[order]);
}

void top_free(struct top_table *table)
{
	free(table->rows);
	memset(table, 0, sizeof(*table));
}

void top_format(const struct top_row *row, char *line, size_t size)
{
	char id[PRINTABLE_ID_MAX], age[32] = "-";

	if (!row) {
		snprintf(line, size, "%-24s %3s %-7s %9s %9s %9s %6s %9s %8s", "CALL", "LEG",
			 "STATE", "PPS", "DROPS/S", "DROPS", "LOSS%", "JITTER ms", "KEY AGE");
		return;
	}
	format_printable(row->id, id, sizeof(id));
	if (row->has_key)
		format_duration(row->key_age_ms, age, sizeof(age));
	snprintf(line, size, "%-24.24s %3u %-7s %9.1f %9.1f %9llu %6.2f %9.1f %8s", id, row->leg,
		 name_or_number(qsc_state_name(row->state), row->state), row->pps, row->dps,
		 (unsigned long long)top_drops(row), row->loss, row->jitter_ms, age);
}
