// SPDX-License-Identifier: GPL-2.0
/* From nested netlink attributes to what the module makes of them. */

#include "nlparse.h"

#include <linux/ctype.h>

#include "aead.h"
#include "seal.h"
#include "session.h"

/* Not const: the policy of 6.1 points to them without. */
static struct netlink_range_validation qsc_overlap_range = { .max = QSC_OVERLAP_MAX_MS };
static struct netlink_range_validation qsc_clock_range = { .min = 1, .max = QSC_CLOCK_MAX };
static struct netlink_range_validation qsc_learn_window_range = {
	.min = 1,
	.max = QSC_LEARN_WINDOW_MAX,
};

const struct nla_policy qsc_leg_policy[QSC_A_LEG_MAX + 1] = {
	[QSC_A_LEG_INDEX] = NLA_POLICY_MAX(NLA_U8, QSC_LEGS_MAX - 1),
	[QSC_A_LEG_SUITE] = NLA_POLICY_RANGE(NLA_U32, 1, QSC_SUITE_MAX),
	[QSC_A_LEG_LOCAL_ADDR] = { .type = NLA_BINARY, .len = 16 },
	[QSC_A_LEG_LOCAL_PORT] = { .type = NLA_U16 },
	[QSC_A_LEG_REMOTE_ADDR] = { .type = NLA_BINARY, .len = 16 },
	[QSC_A_LEG_REMOTE_PORT] = { .type = NLA_U16 },
	[QSC_A_LEG_LOCAL_RTCP_PORT] = { .type = NLA_U16 },
	[QSC_A_LEG_REMOTE_RTCP_PORT] = { .type = NLA_U16 },
	[QSC_A_LEG_FLAGS] = NLA_POLICY_MASK(NLA_U32, QSC_LEG_FLAGS_LEARN),
	[QSC_A_LEG_DSCP] = NLA_POLICY_MAX(NLA_U8, QSC_DSCP_MAX),
	[QSC_A_LEG_TTL] = NLA_POLICY_MIN(NLA_U8, 1),
	[QSC_A_LEG_LEARN_ADDR] = { .type = NLA_BINARY, .len = 16 },
	[QSC_A_LEG_LEARN_PREFIX] = NLA_POLICY_MAX(NLA_U8, 128),
	[QSC_A_LEG_LEARN_WINDOW] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_learn_window_range),
	[QSC_A_LEG_CLOCK] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_clock_range),
};

static const struct nla_policy qsc_roc_policy[] = {
	[QSC_A_ROC_SSRC] = { .type = NLA_U32 },
	[QSC_A_ROC_VALUE] = { .type = NLA_U32 },
};

static const struct nla_policy qsc_seal_policy[] = {
	[QSC_A_SEAL_ID] = { .type = NLA_U32 },
	[QSC_A_SEAL_PUBLIC] = NLA_POLICY_EXACT_LEN(QSC_SEAL_PUBLIC_LEN),
	[QSC_A_SEAL_BOX] = { .type = NLA_BINARY, .len = QSC_SEAL_BOX_MAX },
};

const struct nla_policy qsc_session_policy[QSC_A_SESSION_MAX + 1] = {
	[QSC_A_SESSION_LEG] = { .type = NLA_U8 },
	[QSC_A_SESSION_ROLE] = NLA_POLICY_RANGE(NLA_U32, QSC_ROLE_CALLER, QSC_ROLE_CALLEE),
	[QSC_A_SESSION_CALLER] = { .type = NLA_NUL_STRING, .len = QSC_PARTY_ID_MAX },
	[QSC_A_SESSION_CALLEE] = { .type = NLA_NUL_STRING, .len = QSC_PARTY_ID_MAX },
	[QSC_A_SESSION_SUITE] = NLA_POLICY_RANGE(NLA_U32, 1, QSC_SUITE_MAX),
	[QSC_A_SESSION_EPOCH] = { .type = NLA_U32 },
	[QSC_A_SESSION_WRAPPED] = NLA_POLICY_EXACT_LEN(QSC_WRAPPED_LEN),
	[QSC_A_SESSION_HOLD] = { .type = NLA_FLAG },
	[QSC_A_SESSION_OVERLAP] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_overlap_range),
	[QSC_A_SESSION_SEALED] = NLA_POLICY_NESTED(qsc_seal_policy),
};

const struct nla_policy qsc_key_policy[QSC_A_KEY_MAX + 1] = {
	[QSC_A_KEY_LEG] = { .type = NLA_U8 },
	[QSC_A_KEY_DIR] = NLA_POLICY_RANGE(NLA_U32, QSC_DIR_TX, QSC_DIR_RX),
	[QSC_A_KEY_SUITE] = NLA_POLICY_RANGE(NLA_U32, 1, QSC_SUITE_MAX),
	[QSC_A_KEY_MKI] = { .type = NLA_BINARY, .len = QSC_MKI_MAX },
	[QSC_A_KEY_SEALED] = NLA_POLICY_NESTED(qsc_seal_policy),
	[QSC_A_KEY_ROC] = NLA_POLICY_NESTED(qsc_roc_policy),
	[QSC_A_KEY_OVERLAP] = NLA_POLICY_FULL_RANGE(NLA_U32, &qsc_overlap_range),
};

void qsc_nl_pick(struct nlattr **tb, int max, const struct nlattr *nest)
{
	struct nlattr *attr;
	int rem;

	memset(tb, 0, (max + 1) * sizeof(*tb));
	nla_for_each_nested(attr, nest, rem)
		if (!WARN_ON_ONCE(nla_type(attr) > max))
			tb[nla_type(attr)] = attr;
}

static int get_ip(struct qsc_addr *a, const struct nlattr *ip, __be16 port,
		  struct netlink_ext_ack *extack)
{
	struct in6_addr v6;

	if (nla_len(ip) == sizeof(struct in_addr)) {
		qsc_addr_set_v4(a, nla_get_in_addr(ip), port);
		return 0;
	}
	if (nla_len(ip) != sizeof(v6)) {
		NL_SET_ERR_MSG_ATTR(extack, ip, "an address has 4 or 16 bytes");
		return -EINVAL;
	}
	v6 = nla_get_in6_addr(ip);
	if (ipv6_addr_v4mapped(&v6)) {
		NL_SET_ERR_MSG_ATTR(extack, ip, "an IPv4-mapped address: give the IPv4 address");
		return -EINVAL;
	}
	qsc_addr_set_v6(a, &v6, port);
	return 0;
}

static bool is_of_one_host(const struct qsc_addr *a)
{
	__be32 v4 = a->ip.s6_addr32[3];

	if (a->family == AF_INET)
		return !ipv4_is_zeronet(v4) && !ipv4_is_multicast(v4) && !ipv4_is_lbcast(v4);
	return !ipv6_addr_any(&a->ip) && !ipv6_addr_is_multicast(&a->ip);
}

static int get_addr(struct qsc_addr *a, const struct nlattr *ip, const struct nlattr *port,
		    struct netlink_ext_ack *extack)
{
	int err;

	if (!ip || !port) {
		NL_SET_ERR_MSG(extack, "a leg needs local and remote address and port");
		return -EINVAL;
	}
	if (!nla_get_be16(port)) {
		NL_SET_ERR_MSG_ATTR(extack, port, "port 0 is not a port");
		return -EINVAL;
	}
	err = get_ip(a, ip, nla_get_be16(port), extack);
	if (err)
		return err;
	if (is_of_one_host(a))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, ip, "not the address of one host");
	return -EINVAL;
}

static int get_rtcp_ports(struct qsc_leg_params *p, struct nlattr **tb,
			  struct netlink_ext_ack *extack)
{
	struct nlattr *local = tb[QSC_A_LEG_LOCAL_RTCP_PORT];
	struct nlattr *remote = tb[QSC_A_LEG_REMOTE_RTCP_PORT];

	if (!local && !remote)
		return 0;
	if (p->learn.on && remote) {
		NL_SET_ERR_MSG_ATTR(extack, remote, "the remote RTCP port is learnt: leave it out");
		return -EINVAL;
	}
	if (!local || (!remote && !p->learn.on)) {
		NL_SET_ERR_MSG(extack, "give both RTCP ports, or none for RTCP mux");
		return -EINVAL;
	}
	p->local_rtcp = nla_get_be16(local);
	p->remote_rtcp = remote ? nla_get_be16(remote) : 0;
	if (!p->local_rtcp || (remote && !p->remote_rtcp)) {
		NL_SET_ERR_MSG_ATTR(extack, p->local_rtcp ? remote : local, "port 0 is not a port");
		return -EINVAL;
	}
	if (p->local_rtcp == p->local.port) {
		NL_SET_ERR_MSG_ATTR(extack, local,
				    "the RTCP port is the RTP port: leave it out for RTCP mux");
		return -EINVAL;
	}
	return 0;
}

static int get_suite(struct qsc_leg_params *p, struct nlattr *attr, struct netlink_ext_ack *extack)
{
	p->suite = qsc_suite_by_id(attr ? nla_get_u32(attr) : QSC_SUITE_AEAD_AES_256_GCM);
	if (p->suite->key_len && !qsc_suite_driver(p->suite, NULL)) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "this kernel lacks the cipher of this suite");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int get_remote(struct qsc_leg_params *p, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct nlattr *addr = tb[QSC_A_LEG_REMOTE_ADDR];
	int err;

	if (p->learn.on) {
		p->remote.family = p->local.family;
		if (!addr && !tb[QSC_A_LEG_REMOTE_PORT])
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, addr, "a remote that is learnt has no address yet");
		return -EINVAL;
	}
	err = get_addr(&p->remote, addr, tb[QSC_A_LEG_REMOTE_PORT], extack);
	if (err)
		return err;
	if (p->local.family != p->remote.family) {
		NL_SET_ERR_MSG_ATTR(extack, addr,
				    "local and remote address are of different IP versions");
		return -EINVAL;
	}
	if (qsc_addr_equal(&p->local, &p->remote)) {
		NL_SET_ERR_MSG_ATTR(extack, addr, "local and remote address and port are the same");
		return -EINVAL;
	}
	return 0;
}

/* Anybody can send plain packets, so a plain leg has to say whom to believe. */
static int get_learn(struct qsc_leg_params *p, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	struct nlattr *addr = tb[QSC_A_LEG_LEARN_ADDR], *prefix = tb[QSC_A_LEG_LEARN_PREFIX];
	struct nlattr *window = tb[QSC_A_LEG_LEARN_WINDOW];
	bool v4 = p->local.family == AF_INET;
	struct qsc_addr from;
	int err;

	if (!p->learn.on || p->suite->key_len) {
		if (!addr && !prefix && !window)
			return 0;
		NL_SET_ERR_MSG_ATTR(extack, addr,
				    "from where to learn is for plain legs that learn the remote");
		return -EINVAL;
	}
	if (!addr || !prefix) {
		NL_SET_ERR_MSG(extack,
			       "a plain leg learns from a prefix: anybody can send plain packets");
		return -EINVAL;
	}
	err = get_ip(&from, addr, 0, extack);
	if (err)
		return err;
	if (from.family != p->local.family || (v4 && nla_get_u8(prefix) > 32)) {
		NL_SET_ERR_MSG_ATTR(extack, prefix,
				    "not a prefix of the local address's IP version");
		return -EINVAL;
	}
	p->learn.ip = from.ip;
	p->learn.prefix = nla_get_u8(prefix) + (v4 ? 96 : 0);
	p->learn.window = window ? nla_get_u32(window) : QSC_LEARN_WINDOW_DEFAULT;
	return 0;
}

static void get_manner(struct qsc_leg_params *p, struct nlattr **tb)
{
	p->has_dscp = tb[QSC_A_LEG_DSCP];
	if (p->has_dscp)
		p->dscp = nla_get_u8(tb[QSC_A_LEG_DSCP]);
	if (tb[QSC_A_LEG_TTL])
		p->ttl = nla_get_u8(tb[QSC_A_LEG_TTL]);
	p->clock = tb[QSC_A_LEG_CLOCK] ? nla_get_u32(tb[QSC_A_LEG_CLOCK]) : QSC_CLOCK_DEFAULT;
	p->learn.on = tb[QSC_A_LEG_FLAGS] && nla_get_u32(tb[QSC_A_LEG_FLAGS]) & QSC_LEG_FLAGS_LEARN;
}

/* Keys name their leg by its number, so there may be no doubt about that. */
static int check_index(u8 index, const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	if (!attr || nla_get_u8(attr) == index)
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr, "the legs of a call come in the order of their index");
	return -EINVAL;
}

static int get_leg(struct qsc_leg_params *p, u8 index, const struct nlattr *attr,
		   struct netlink_ext_ack *extack)
{
	struct nlattr *tb[QSC_A_LEG_MAX + 1];
	int err;

	qsc_nl_pick(tb, QSC_A_LEG_MAX, attr);
	err = check_index(index, tb[QSC_A_LEG_INDEX], extack);
	if (err)
		return err;
	get_manner(p, tb);
	err = get_addr(&p->local, tb[QSC_A_LEG_LOCAL_ADDR], tb[QSC_A_LEG_LOCAL_PORT], extack);
	if (err)
		return err;
	err = get_remote(p, tb, extack);
	if (err)
		return err;
	err = get_rtcp_ports(p, tb, extack);
	if (err)
		return err;
	err = get_suite(p, tb[QSC_A_LEG_SUITE], extack);
	if (err)
		return err;
	return get_learn(p, tb, extack);
}

/* What only the legs of relay calls can do. */
static int check_endpoint(const struct qsc_leg_params *p, struct netlink_ext_ack *extack)
{
	if (p->suite->relay_only)
		NL_SET_ERR_MSG(extack, "this suite is for the legs of relay calls only");
	else if (p->learn.on)
		NL_SET_ERR_MSG(extack, "only the legs of relay calls learn their remote");
	else if (p->has_dscp || p->ttl)
		NL_SET_ERR_MSG(extack, "DSCP and TTL of an endpoint are its application's");
	else
		return 0;
	return -EOPNOTSUPP;
}

static bool is_link_local(const struct qsc_addr *a)
{
	return a->family == AF_INET6 && ipv6_addr_type(&a->ip) & IPV6_ADDR_LINKLOCAL;
}

/* The routing table chooses the way, and all links have the same link-local prefix. */
static int check_relay(const struct qsc_call_params *p, struct netlink_ext_ack *extack)
{
	u8 i;

	for (i = 0; i < p->nr_legs; i++) {
		if (!is_link_local(&p->legs[i].local) && !is_link_local(&p->legs[i].remote))
			continue;
		NL_SET_ERR_MSG(extack,
			       "a link-local address needs a link, which a relay's leg has not");
		return -EOPNOTSUPP;
	}
	return 0;
}

static int get_legs(struct qsc_call_params *p, const struct nlattr *head, int len,
		    struct netlink_ext_ack *extack)
{
	const struct nlattr *attr;
	int rem, err;

	nla_for_each_attr(attr, head, len, rem) {
		if (nla_type(attr) != QSC_A_CALL_LEG)
			continue;
		if (p->nr_legs == QSC_LEGS_MAX) {
			NL_SET_ERR_MSG_ATTR(extack, attr, "a call has one leg, or two");
			return -EINVAL;
		}
		err = get_leg(&p->legs[p->nr_legs], p->nr_legs, attr, extack);
		if (err)
			return err;
		p->nr_legs++;
	}
	if (!p->nr_legs) {
		NL_SET_ERR_MSG(extack, "a call needs a leg");
		return -EINVAL;
	}
	return p->nr_legs > 1 ? check_relay(p, extack) : check_endpoint(&p->legs[0], extack);
}

static u32 get_u32(const struct nlattr *attr, u32 otherwise)
{
	return attr ? nla_get_u32(attr) : otherwise;
}

/* Printable, so that nothing in a log or on a terminal needs escaping. */
const char *qsc_nl_read_id(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const char *id, *c;

	if (!attr) {
		NL_SET_ERR_MSG(extack, "the call id is missing");
		return ERR_PTR(-EINVAL);
	}
	id = nla_data(attr);
	if (!*id) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "the call id is empty");
		return ERR_PTR(-EINVAL);
	}
	for (c = id; *c; c++) {
		if (isascii(*c) && isgraph(*c))
			continue;
		NL_SET_ERR_MSG_ATTR(extack, attr, "a call id is printable ASCII without spaces");
		return ERR_PTR(-EINVAL);
	}
	return id;
}

int qsc_nl_get_call(struct qsc_call_params *p, struct nlattr **tb, const struct nlattr *head,
		    int len, struct netlink_ext_ack *extack)
{
	p->id = qsc_nl_read_id(tb[QSC_A_CALL_ID], extack);
	if (IS_ERR(p->id))
		return PTR_ERR(p->id);
	p->flags = get_u32(tb[QSC_A_CALL_FLAGS], 0);
	p->role = get_u32(tb[QSC_A_CALL_ROLE], 0);
	p->timeout = get_u32(tb[QSC_A_CALL_TIMEOUT], 0);
	p->lifetime = get_u32(tb[QSC_A_CALL_LIFETIME], 0);
	p->window = get_u32(tb[QSC_A_CALL_WINDOW], QSC_WINDOW_DEFAULT);
	return get_legs(p, head, len, extack);
}

static int get_rocs(struct qsc_roc *rocs, u32 *n, struct nlattr *nest,
		    struct netlink_ext_ack *extack)
{
	struct nlattr *attr, *tb[QSC_A_ROC_MAX + 1];
	int rem;
	u32 i;

	*n = 0;
	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != QSC_A_KEY_ROC)
			continue;
		if (*n == QSC_KEY_ROC_MAX) {
			NL_SET_ERR_MSG(extack, "too many initial ROCs in one request");
			return -EINVAL;
		}
		qsc_nl_pick(tb, QSC_A_ROC_MAX, attr);
		if (!tb[QSC_A_ROC_SSRC] || !tb[QSC_A_ROC_VALUE]) {
			NL_SET_ERR_MSG_ATTR(extack, attr, "an initial ROC needs SSRC and value");
			return -EINVAL;
		}
		rocs[*n].ssrc = nla_get_u32(tb[QSC_A_ROC_SSRC]);
		rocs[*n].roc = nla_get_u32(tb[QSC_A_ROC_VALUE]);
		for (i = 0; i < *n; i++) {
			if (rocs[i].ssrc != rocs[*n].ssrc)
				continue;
			NL_SET_ERR_MSG_ATTR(extack, attr, "this SSRC is given twice");
			return -EINVAL;
		}
		(*n)++;
	}
	return 0;
}

static u32 get_overlap(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : QSC_OVERLAP_DEFAULT_MS;
}

/* @len: bytes that have to be in the box. */
static int get_sealed(struct qsc_sealed *sealed, struct nlattr *attr, u32 len,
		      struct netlink_ext_ack *extack)
{
	struct nlattr *tb[QSC_A_SEAL_MAX + 1];

	qsc_nl_pick(tb, QSC_A_SEAL_MAX, attr);
	if (!tb[QSC_A_SEAL_ID] || !tb[QSC_A_SEAL_PUBLIC] || !tb[QSC_A_SEAL_BOX]) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "what is sealed needs id, public key and box");
		return -EINVAL;
	}
	if (nla_len(tb[QSC_A_SEAL_BOX]) != len + QSC_SEAL_TAG_LEN) {
		NL_SET_ERR_MSG_ATTR(extack, tb[QSC_A_SEAL_BOX],
				    "wrong length of what is sealed for this suite");
		return -EINVAL;
	}
	sealed->id = nla_get_u32(tb[QSC_A_SEAL_ID]);
	sealed->public = nla_data(tb[QSC_A_SEAL_PUBLIC]);
	sealed->box = nla_data(tb[QSC_A_SEAL_BOX]);
	sealed->len = len;
	return 0;
}

int qsc_nl_get_key(struct qsc_key_params *p, struct qsc_roc *rocs, struct qsc_sealed *sealed,
		   struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[QSC_A_KEY_MAX + 1];
	int err = 0;

	qsc_nl_pick(tb, QSC_A_KEY_MAX, attr);
	if (!tb[QSC_A_KEY_DIR] || !tb[QSC_A_KEY_SUITE] || !sealed != !tb[QSC_A_KEY_SEALED]) {
		if (sealed)
			NL_SET_ERR_MSG(extack, "a key needs direction, suite and the sealed key");
		else
			NL_SET_ERR_MSG(extack,
				       "a key needs direction and suite; one box holds all keys");
		return -EINVAL;
	}
	p->dir = nla_get_u32(tb[QSC_A_KEY_DIR]);
	p->suite = qsc_suite_by_id(nla_get_u32(tb[QSC_A_KEY_SUITE]));
	if (!p->suite->key_len) {
		NL_SET_ERR_MSG_ATTR(extack, tb[QSC_A_KEY_SUITE], "a plain leg takes no keys");
		return -EINVAL;
	}
	if (tb[QSC_A_KEY_LEG])
		p->leg = nla_get_u8(tb[QSC_A_KEY_LEG]);
	if (tb[QSC_A_KEY_MKI]) {
		p->mki = nla_data(tb[QSC_A_KEY_MKI]);
		p->mki_len = nla_len(tb[QSC_A_KEY_MKI]);
	}
	p->overlap_ms = get_overlap(tb[QSC_A_KEY_OVERLAP]);
	p->rocs = rocs;
	if (sealed)
		err = get_sealed(sealed, tb[QSC_A_KEY_SEALED],
				 p->suite->key_len + p->suite->salt_len, extack);
	if (err)
		return err;
	return get_rocs(rocs, &p->nr_rocs, attr, extack);
}

/* The key service knows its subscribers by such names. */
static const char *get_party(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	const char *id = nla_data(attr), *c;

	for (c = id; isascii(*c) && (isalnum(*c) || strchr("+._@:-", *c)) && *c; c++)
		;
	if (*id && !*c)
		return id;
	NL_SET_ERR_MSG_ATTR(extack, attr, "a party is named by letters, digits and + . _ @ : -");
	return NULL;
}

static int get_context(struct qsc_context *c, struct nlattr **tb, struct netlink_ext_ack *extack)
{
	if (!tb[QSC_A_SESSION_ROLE] || !tb[QSC_A_SESSION_CALLER] || !tb[QSC_A_SESSION_CALLEE] ||
	    !tb[QSC_A_SESSION_SUITE] || !tb[QSC_A_SESSION_EPOCH]) {
		NL_SET_ERR_MSG(extack, "a session needs role, caller, callee, suite and epoch");
		return -EINVAL;
	}
	c->role = nla_get_u32(tb[QSC_A_SESSION_ROLE]);
	c->suite = qsc_suite_by_id(nla_get_u32(tb[QSC_A_SESSION_SUITE]));
	c->epoch = nla_get_u32(tb[QSC_A_SESSION_EPOCH]);
	if (!c->suite->key_len) {
		NL_SET_ERR_MSG_ATTR(extack, tb[QSC_A_SESSION_SUITE], "a plain leg takes no keys");
		return -EINVAL;
	}
	c->caller = get_party(tb[QSC_A_SESSION_CALLER], extack);
	if (!c->caller)
		return -EINVAL;
	c->callee = get_party(tb[QSC_A_SESSION_CALLEE], extack);
	return c->callee ? 0 : -EINVAL;
}

int qsc_nl_get_session(struct qsc_session_params *p, struct qsc_sealed *sealed, struct nlattr *attr,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *tb[QSC_A_SESSION_MAX + 1];
	int err;

	qsc_nl_pick(tb, QSC_A_SESSION_MAX, attr);
	err = get_context(&p->context, tb, extack);
	if (err)
		return err;
	if (!tb[QSC_A_SESSION_WRAPPED] || !tb[QSC_A_SESSION_SEALED]) {
		NL_SET_ERR_MSG(extack,
			       "a session needs the wrapped session key and the sealed secrets");
		return -EINVAL;
	}
	p->wrapped = nla_data(tb[QSC_A_SESSION_WRAPPED]);
	if (tb[QSC_A_SESSION_LEG])
		p->leg = nla_get_u8(tb[QSC_A_SESSION_LEG]);
	p->hold = nla_get_flag(tb[QSC_A_SESSION_HOLD]);
	p->overlap_ms = get_overlap(tb[QSC_A_SESSION_OVERLAP]);
	return get_sealed(sealed, tb[QSC_A_SESSION_SEALED], QSC_SESSION_SECRET_LEN, extack);
}

int qsc_nl_get_session_leg(u8 *leg, struct nlattr *attr, struct netlink_ext_ack *extack)
{
	struct nlattr *a;
	int rem;

	*leg = 0;
	nla_for_each_nested(a, attr, rem) {
		if (nla_type(a) != QSC_A_SESSION_LEG) {
			NL_SET_ERR_MSG_ATTR(extack, a, "to activate takes nothing but the leg");
			return -EINVAL;
		}
		*leg = nla_get_u8(a);
	}
	return 0;
}
