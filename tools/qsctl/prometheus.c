// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of the namespace in the text format that Prometheus reads. Calls are
 * no labels: they come and go by the thousands.
 */
#include <inttypes.h>
#include <string.h>

#include "qsctl.h"

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
