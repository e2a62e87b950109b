// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text format that Prometheus reads: the counters of the namespace, and only if
 * asked for, each leg. Calls as labels come and go by the thousands.
 */
#include <inttypes.h>
#include <string.h>

#include "top.h"

/* A figure of a leg; @get returns whether the leg has it. */
struct leg_gauge {
	const char *name;
	const char *help;
	bool (*get)(const struct top_row *row, double *value);
};

static void print_head(const char *name, const char *type, const char *help)
{
	printf("# HELP qsc_%s %s\n# TYPE qsc_%s %s\n", name, help, name, type);
}

/* What a counter's name says after tx_ or rx_; NULL if it has no name. */
static const char *part_of(unsigned int stat, const char **direction)
{
	const char *name = qsc_stat_name(stat);

	if (!name)
		return NULL;
	*direction = name[0] == 't' ? "tx" : "rx";
	return name + 3;
}

static void print_packets(const struct qsc_stats *stats)
{
	const char *direction, *kind;

	print_head("packets_total", "counter", "Packets by direction and what became of them.");
	for (unsigned int i = 1; i <= QSC_A_STATS_MAX; i++) {
		kind = part_of(i, &direction);
		if (kind && strncmp(kind, "drop_", 5) && strcmp(kind, "octets"))
			printf("qsc_packets_total{direction=\"%s\",kind=\"%s\"} %" PRIu64 "\n",
			       direction, kind, stats->count[i]);
	}
}

static void print_drops(const struct qsc_stats *stats)
{
	const char *direction, *reason;

	print_head("drops_total", "counter", "Packets dropped, by reason.");
	for (unsigned int i = 1; i <= QSC_A_STATS_MAX; i++) {
		reason = part_of(i, &direction);
		if (reason && !strncmp(reason, "drop_", 5))
			printf("qsc_drops_total{direction=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
			       direction, reason + 5, stats->count[i]);
	}
}

void print_prometheus(uint64_t calls, const struct qsc_stats *stats,
		      const struct qsc_erased *erased)
{
	print_head("calls", "gauge", "Calls that there are.");
	printf("qsc_calls %" PRIu64 "\n", calls);
	print_packets(stats);
	print_head("octets_total", "counter", "Octets of RTP and RTCP in clear, headers included.");
	printf("qsc_octets_total{direction=\"tx\"} %" PRIu64 "\n",
	       stats->count[QSC_A_STATS_TX_OCTETS]);
	printf("qsc_octets_total{direction=\"rx\"} %" PRIu64 "\n",
	       stats->count[QSC_A_STATS_RX_OCTETS]);
	print_drops(stats);
	print_head("keys_erased_total", "counter", "Keys erased, by reason.");
	for (unsigned int i = 1; i <= QSC_ERASE_REASON_MAX; i++)
		printf("qsc_keys_erased_total{reason=\"%s\"} %" PRIu64 "\n",
		       qsc_erase_reason_name(i), erased->keys[i]);
}

/* A call-id may have quotes and backslashes in it. */
static void print_escaped(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n') {
			fputs("\\n", stdout);
			continue;
		}
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar(*text);
	}
}

static void print_leg(const char *name, const struct top_row *row)
{
	printf("qsc_%s{call=\"", name);
	print_escaped(row->id);
	printf("\",leg=\"%u\"", row->leg);
}

static void print_leg_packets(const struct top_table *table)
{
	print_head("leg_packets_total", "counter", "RTP and RTCP packets of a leg, by direction.");
	for (size_t i = 0; i < table->n; i++)
		for (uint32_t dir = QSC_DIR_TX; dir <= QSC_DIR_RX; dir++) {
			print_leg("leg_packets_total", &table->rows[i]);
			printf(",direction=\"%s\"} %" PRIu64 "\n", qsc_dir_name(dir),
			       table->rows[i].packets[dir]);
		}
}

static void print_leg_drops(const struct top_table *table)
{
	print_head("leg_drops_total", "counter", "Packets of a leg dropped, by direction.");
	for (size_t i = 0; i < table->n; i++)
		for (uint32_t dir = QSC_DIR_TX; dir <= QSC_DIR_RX; dir++) {
			print_leg("leg_drops_total", &table->rows[i]);
			printf(",direction=\"%s\"} %" PRIu64 "\n", qsc_dir_name(dir),
			       table->rows[i].drops[dir]);
		}
}

static bool get_loss(const struct top_row *row, double *value)
{
	*value = row->loss / 100;
	return row->has_quality;
}

static bool get_jitter(const struct top_row *row, double *value)
{
	*value = row->jitter_ms / 1e3;
	return row->has_quality;
}

static bool get_round_trip(const struct top_row *row, double *value)
{
	*value = row->rtt_us / 1e6;
	return row->rtt_us;
}

static bool get_key_age(const struct top_row *row, double *value)
{
	*value = row->key_age_ms / 1e3;
	return row->has_key;
}

static const struct leg_gauge leg_gauges[] = {
	{ "leg_loss_ratio", "Lost of the RTP packets that a leg should have received.", get_loss },
	{ "leg_jitter_seconds", "Interarrival jitter of a leg's worst stream.", get_jitter },
	{ "leg_round_trip_seconds", "To the peer of a leg and back, by RTCP.", get_round_trip },
	{ "leg_key_age_seconds", "Age of the oldest key in use on a leg.", get_key_age },
};

static void print_leg_gauge(const struct leg_gauge *gauge, const struct top_table *table)
{
	double value;

	print_head(gauge->name, "gauge", gauge->help);
	for (size_t i = 0; i < table->n; i++) {
		if (!gauge->get(&table->rows[i], &value))
			continue;
		print_leg(gauge->name, &table->rows[i]);
		printf("} %.6f\n", value);
	}
}

void print_prometheus_legs(const struct top_table *table)
{
	print_leg_packets(table);
	print_leg_drops(table);
	for (size_t i = 0; i < ARRAY_SIZE(leg_gauges); i++)
		print_leg_gauge(&leg_gauges[i], table);
}
