// SPDX-License-Identifier: GPL-2.0-only
/* qsctl call add; the words of call start are the same, and two more. */
#include <string.h>

#include "qsctl.h"

enum keyword {
	KW_LOCAL,
	KW_REMOTE,
	KW_SUITE,
	KW_RTCP,
	KW_DSCP,
	KW_TTL,
	KW_CLOCK,
	KW_FROM,
	KW_WITHIN,
	KW_ROLE,
	KW_TIMEOUT,
	KW_LIFETIME,
	KW_WINDOW,
	KW_BOUND,
	KW_DTLS,
	KW_LEG,
	KW_PEER,
	KW_CARD,
};

/* clang-format off */
static const char *const keywords[] = {
	[KW_LOCAL] = "local",
	[KW_REMOTE] = "remote",
	[KW_SUITE] = "suite",
	[KW_RTCP] = "rtcp",
	[KW_DSCP] = "dscp",
	[KW_TTL] = "ttl",
	[KW_CLOCK] = "clock",
	[KW_FROM] = "from",
	[KW_WITHIN] = "within",
	[KW_ROLE] = "role",
	[KW_TIMEOUT] = "timeout",
	[KW_LIFETIME] = "lifetime",
	[KW_WINDOW] = "window",
	[KW_BOUND] = "bound",
	[KW_DTLS] = "dtls",
	[KW_LEG] = "leg",
	[KW_PEER] = "peer",
	[KW_CARD] = "card",
};
/* clang-format on */

/* Those before this one are of a leg, and may be given for each. */
#define KW_OF_CALL KW_ROLE
#define OF_LEG ((1U << KW_OF_CALL) - 1)

struct add {
	struct qsc_call_params *params;
	bool start; /* call start: peer and card are known, too */
	const char *peer;
	uint64_t card;
	const char *rtcp; /* of the leg that is being read */
	bool legs; /* the word leg was there */
	unsigned int seen; /* bit per keyword */
};

static struct qsc_leg_params *leg_of(const struct add *add)
{
	return &add->params->legs[add->params->n_legs - 1];
}

static uint16_t port_of(const union qsc_addr *addr)
{
	/* sin_port and sin6_port are at the same place */
	return ntohs(addr->in4.sin_port);
}

static int next_port(const char *side, uint16_t port, uint16_t *next)
{
	if (port == UINT16_MAX)
		return complain("rtcp: there is no port after the %s port 65535", side);
	*next = port + 1;
	return QSCTL_OK;
}

/* mux | +1 | PORT | LOCAL,REMOTE; after the addresses are known */
static int read_rtcp(const char *text, struct qsc_leg_params *leg)
{
	bool learns = leg->flags & QSC_LEG_FLAGS_LEARN;
	const char *comma = strchr(text, ',');
	char local[8];

	if (!strcmp(text, "mux"))
		return QSCTL_OK;
	if (!strcmp(text, "+1"))
		return next_port("local", port_of(&leg->local), &leg->local_rtcp) ||
		       (!learns && next_port("remote", port_of(&leg->remote), &leg->remote_rtcp));
	if (!comma) {
		if (read_port("rtcp", text, &leg->local_rtcp))
			return QSCTL_USAGE;
		leg->remote_rtcp = learns ? 0 : leg->local_rtcp;
		return QSCTL_OK;
	}
	if (learns)
		return complain("rtcp: the remote port is learnt: write the local one alone");
	if ((size_t)(comma - text) >= sizeof(local))
		return complain("rtcp: \"%s\" is not mux, +1, PORT or LOCAL,REMOTE", text);
	memcpy(local, text, comma - text);
	local[comma - text] = '\0';
	return read_port("rtcp", local, &leg->local_rtcp) ||
	       read_port("rtcp", comma + 1, &leg->remote_rtcp);
}

static int read_role(const char *text, uint32_t *role)
{
	const char *names[] = { qsc_role_name(QSC_ROLE_CALLER), qsc_role_name(QSC_ROLE_CALLEE) };
	int i = find_word(text, names, ARRAY_SIZE(names));

	if (i < 0)
		return complain("role: \"%s\" is neither caller nor callee", text);
	*role = qsc_role_by_name(names[i]);
	return QSCTL_OK;
}

/* ADDR:PORT | learn */
static int read_remote(const char *text, struct qsc_leg_params *leg)
{
	if (strcmp(text, "learn"))
		return read_addr("remote", text, &leg->remote);
	leg->flags |= QSC_LEG_FLAGS_LEARN;
	return QSCTL_OK;
}

static int read_value(struct add *add, enum keyword kw, const char *value)
{
	struct qsc_leg_params *leg = leg_of(add);

	switch (kw) {
	case KW_LOCAL:
		return read_addr("local", value, &leg->local);
	case KW_REMOTE:
		return read_remote(value, leg);
	case KW_DSCP:
		leg->has_dscp = true;
		return read_u8("dscp", value, 0, QSC_DSCP_MAX, &leg->dscp);
	case KW_TTL:
		return read_u8("ttl", value, 1, UINT8_MAX, &leg->ttl);
	case KW_CLOCK:
		return read_u32("clock", value, 1, QSC_CLOCK_MAX, "Hz", &leg->clock);
	case KW_FROM:
		return read_prefix("from", value, &leg->learn_from, &leg->learn_prefix);
	case KW_WITHIN:
		return read_u32("within", value, 1, QSC_LEARN_WINDOW_MAX, "seconds",
				&leg->learn_window_s);
	case KW_SUITE:
		return read_suite(value, &leg->suite);
	case KW_ROLE:
		return read_role(value, &add->params->role);
	case KW_RTCP:
		add->rtcp = value;
		return QSCTL_OK;
	case KW_TIMEOUT:
		return read_u32("timeout", value, 0, UINT32_MAX, "seconds",
				&add->params->timeout_s);
	case KW_LIFETIME:
		return read_u32("lifetime", value, 0, UINT32_MAX, "seconds",
				&add->params->lifetime_s);
	case KW_WINDOW:
		return read_u32("window", value, QSC_WINDOW_MIN, QSC_WINDOW_MAX, "packets",
				&add->params->window);
	case KW_PEER:
		add->peer = value;
		return QSCTL_OK;
	case KW_CARD:
		return read_u64("card", value, 1, QSCTL_CARD_MAX, &add->card);
	default:
		return QSCTL_USAGE;
	}
}

static int check_leg(struct add *add)
{
	struct qsc_leg_params *leg = leg_of(add);
	bool learns = leg->flags & QSC_LEG_FLAGS_LEARN;

	if (!(add->seen & 1U << KW_LOCAL))
		return complain("local ADDR:PORT is missing");
	if (!(add->seen & 1U << KW_REMOTE))
		return complain("remote ADDR:PORT is missing");
	if (!learns && leg->local.sa.sa_family != leg->remote.sa.sa_family)
		return complain("local and remote must both be IPv4 or both be IPv6");
	if (!learns && add->seen & (1U << KW_FROM | 1U << KW_WITHIN))
		return complain("from and within say where a remote is learnt from: "
				"write remote learn");
	if (add->rtcp)
		return read_rtcp(add->rtcp, leg);
	return QSCTL_OK;
}

/* What comes before the first one is for the call; the second one ends the first. */
static int next_leg(struct add *add)
{
	if (!add->legs && add->seen & OF_LEG)
		return complain("leg comes before its local, remote and the rest of it");
	if (add->legs) {
		if (check_leg(add))
			return QSCTL_USAGE;
		if (add->params->n_legs == QSC_LEGS_MAX)
			return complain("a call has one leg, or two for a relay");
		add->params->n_legs++;
	}
	add->legs = true;
	add->seen &= ~OF_LEG;
	add->rtcp = NULL;
	return QSCTL_OK;
}

static int read_keyword(struct add *add, struct words *words, const char *word)
{
	/* The last two are for call start. */
	size_t n = add->start ? ARRAY_SIZE(keywords) : KW_PEER;
	int kw = find_keyword(word, keywords, n);
	const char *value;

	if (kw < 0)
		return QSCTL_USAGE;
	if (kw == KW_LEG)
		return next_leg(add);
	if (add->seen & 1U << kw)
		return complain("%s is given twice", keywords[kw]);
	add->seen |= 1U << kw;

	if (kw == KW_BOUND || kw == KW_DTLS) {
		add->params->flags |= kw == KW_BOUND ? QSC_CALL_FLAGS_BOUND : QSC_CALL_FLAGS_DTLS;
		return QSCTL_OK;
	}
	if (need_word(words, keywords[kw], &value))
		return QSCTL_USAGE;
	return read_value(add, kw, value);
}

/* qskeyd makes calls of one leg, whose remote is known. */
static int check_start(const struct add *add)
{
	const unsigned int of_relay = 1U << KW_DSCP | 1U << KW_TTL | 1U << KW_CLOCK;

	if (!(add->seen & 1U << KW_PEER))
		return complain("peer SUBSCRIBER is missing");
	if (add->legs || add->seen & of_relay || leg_of(add)->flags)
		return complain("leg, remote learn, dscp, ttl and clock are for relays, "
				"which call add makes");
	return QSCTL_OK;
}

static int check_call(struct add *add)
{
	if (add->start && check_start(add))
		return QSCTL_USAGE;
	return check_leg(add);
}

/*
 * ID local ADDR:PORT remote ADDR:PORT [...], or ID leg LEG leg LEG [...];
 * @start: and peer SUBSCRIBER [card N]
 */
int read_call(struct words *words, struct qsc_call_params *params, struct start_args *start)
{
	struct add add = { .params = params, .start = start };
	const char *word;
	int ret;

	memset(params, 0, sizeof(*params));
	params->n_legs = 1;
	if (need_id(words, &params->id))
		return QSCTL_USAGE;
	while ((word = next_word(words)))
		if (read_keyword(&add, words, word))
			return QSCTL_USAGE;
	ret = check_call(&add);
	if (start)
		*start = (struct start_args){ .peer = add.peer, .card = add.card };
	return ret;
}

int cmd_call_add(struct qsctl *ctl, struct words *words)
{
	struct qsc_call_params params;
	bool hold;

	if (read_call(words, &params, NULL))
		return QSCTL_USAGE;
	if (kernel_open(ctl))
		return QSCTL_REFUSED;

	/* Before the call is made, so that its end cannot be missed. */
	hold = params.flags & QSC_CALL_FLAGS_BOUND && !ctl->batch;
	if (hold && qsc_subscribe(ctl->sk))
		return kernel_refused(ctl, "call add", params.id);
	if (qsc_call_new(ctl->sk, &params))
		return kernel_refused(ctl, "call add", params.id);
	return hold ? hold_call(ctl, params.id) : QSCTL_OK;
}
