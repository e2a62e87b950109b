/* SPDX-License-Identifier: GPL-2.0-only */
/* What qsctl top knows of the calls. */
#ifndef _QSCTL_TOP_H
#define _QSCTL_TOP_H

#include <stddef.h>

#include "qsctl.h"

/* One leg of a call, between two looks. */
struct top_row {
	char id[QSC_CALL_ID_MAX + 1];
	uint8_t leg;
	uint32_t state;
	uint64_t packets[QSC_DIR_RX + 1]; /* RTP and RTCP so far, by QSC_DIR_* */
	uint64_t drops[QSC_DIR_RX + 1];
	double pps; /* both ways, since the last look */
	double dps;
	double loss; /* percent of what should have come in */
	double jitter_ms; /* the worst stream */
	bool has_quality; /* there was a stream to tell both of */
	uint32_t rtt_us; /* 0 = unknown */
	uint64_t key_age_ms;
	bool has_key;
};

enum top_order {
	TOP_BY_CALL,
	TOP_BY_PACKETS,
	TOP_BY_DROPS,
	TOP_BY_LOSS,
	TOP_BY_JITTER,
};

struct top_table {
	struct top_row *rows;
	size_t n, room;
	uint64_t time_ns; /* of the look, CLOCK_MONOTONIC */
};

static inline uint64_t top_packets(const struct top_row *row)
{
	return row->packets[QSC_DIR_TX] + row->packets[QSC_DIR_RX];
}

static inline uint64_t top_drops(const struct top_row *row)
{
	return row->drops[QSC_DIR_TX] + row->drops[QSC_DIR_RX];
}

/*
 * Look at the calls; then the rows are in the order of the calls. Their rates are since
 * @before, which may be empty, and is else in that order, too.
 */
int top_look(struct qsc_sock *sk, struct top_table *table, const struct top_table *before);
void top_sort(struct top_table *table, enum top_order order);
void top_free(struct top_table *table);

/* The heading for @row NULL. */
void top_format(const struct top_row *row, char *line, size_t size);

/* prometheus.c: each row with its call and leg as labels */
void print_prometheus_legs(const struct top_table *table);

#endif /* _QSCTL_TOP_H */
