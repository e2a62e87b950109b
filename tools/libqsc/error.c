// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Why a request failed, in words: the kernel's own text (extack), the name of
 * the attribute it points at, what was sent in it, and the allowed range.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/netlink.h>

#include "internal.h"

struct extack {
	struct nlattr *tlv[NLMSGERR_ATTR_MAX + 1];
};

const struct qsc_error *qsc_last_error(const struct qsc_sock *sk)
{
	return &sk->err;
}

void qsc_error_clear(struct qsc_sock *sk)
{
	memset(&sk->err, 0, sizeof(sk->err));
}

/* Record an error of our own; returns @code. */
int qsc_fail(struct qsc_sock *sk, int code, const char *fmt, ...)
{
	va_list ap;

	qsc_error_clear(sk);
	sk->err.code = code;
	va_start(ap, fmt);
	vsnprintf(sk->err.text, sizeof(sk->err.text), fmt, ap);
	va_end(ap);
	return code;
}

/* What to say when the kernel gave no text. */
static const char *plain_text(int code)
{
	switch (code) {
	case -EPERM:
		return "permission denied: this needs CAP_NET_ADMIN in the network namespace";
	case -ENOENT:
		return "no such call or leg";
	case -EEXIST:
		return "it exists already";
	case -EADDRINUSE:
		return "another call has these addresses";
	case -EOPNOTSUPP:
		return "this kernel or this version of the module cannot do that";
	case -ENOSPC:
		return "the table of calls is full (module parameter max_calls)";
	default:
		return strerror(-code);
	}
}

static void extack_parse(struct extack *ext, struct nlmsghdr *ack, size_t payload)
{
	size_t hdr = NLMSG_LENGTH(payload);
	const struct nlmsgerr *e;

	memset(ext, 0, sizeof(*ext));
	if (!(ack->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (ack->nlmsg_type == NLMSG_ERROR && !(ack->nlmsg_flags & NLM_F_CAPPED)) {
		e = NLMSG_DATA(ack);
		hdr += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(struct nlmsghdr);
	}
	if (ack->nlmsg_len <= hdr)
		return;
	nla_parse(ext->tlv, NLMSGERR_ATTR_MAX, (struct nlattr *)((char *)ack + hdr),
		  ack->nlmsg_len - hdr, NULL);
}

static void append_name(char *path, size_t size, const char *name)
{
	size_t len = strlen(path);

	snprintf(path + len, size - len, "%s%s", len ? " " : "", name);
}

/*
 * Find the attribute that starts at @target. @path collects the names on the
 * way. Returns its description, or NULL if there is none.
 */
static const struct qsc_attr_desc *locate(const struct qsc_attr_set *set, struct nlattr *head,
					  int len, const char *target, char *path, size_t size,
					  const struct nlattr **found)
{
	const struct qsc_attr_desc *desc;
	struct nlattr *attr;
	int rem;

	nla_for_each_attr(attr, head, len, rem) {
		const char *start = (const char *)attr;

		if (target < start || target >= start + nla_total_size(nla_len(attr)))
			continue;
		desc = qsc_attr_desc(set, nla_type(attr));
		if (!desc)
			return NULL;
		append_name(path, size, desc->name);
		*found = attr;
		if (target == start)
			return desc;
		return locate(desc->nested, nla_data(attr), nla_len(attr), target, path, size,
			      found);
	}
	return NULL;
}

static const struct qsc_attr_desc *locate_in_request(struct nlmsghdr *request, uint32_t offset,
						     char *path, size_t size,
						     const struct nlattr **found)
{
	struct genlmsghdr *genl = nlmsg_data(request);
	const struct qsc_attr_desc *desc;

	if (offset >= request->nlmsg_len)
		return NULL;
	desc = locate(&qsc_call_attrs, genlmsg_attrdata(genl, 0), genlmsg_attrlen(genl, 0),
		      (const char *)request + offset, path, size, found);
	if (!desc)
		path[0] = '\0'; /* the nests around it are not what was meant */
	return desc;
}

/* "64..32768" from the policy the kernel sent along, or nothing. */
static void print_range(struct nlattr *policy, char *out, size_t size)
{
	struct nlattr *tb[NL_POLICY_TYPE_ATTR_MAX + 1];
	struct nlattr *min, *max;

	out[0] = '\0';
	if (!policy || nla_parse_nested(tb, NL_POLICY_TYPE_ATTR_MAX, policy, NULL) < 0)
		return;
	min = tb[NL_POLICY_TYPE_ATTR_MIN_VALUE_U];
	max = tb[NL_POLICY_TYPE_ATTR_MAX_VALUE_U];
	if (min && max) {
		snprintf(out, size, "%" PRIu64 "..%" PRIu64, qsc_get_u64(min), qsc_get_u64(max));
		return;
	}
	min = tb[NL_POLICY_TYPE_ATTR_MIN_LENGTH];
	max = tb[NL_POLICY_TYPE_ATTR_MAX_LENGTH];
	if (min && max)
		snprintf(out, size, "%u..%u bytes", qsc_get_u32(min), qsc_get_u32(max));
	else if (max)
		snprintf(out, size, "at most %u bytes", qsc_get_u32(max));
}

static void append_text(struct qsc_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void append_text(struct qsc_error *err, const char *fmt, ...)
{
	size_t len = strlen(err->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text + len, sizeof(err->text) - len, fmt, ap);
	va_end(ap);
}

static void describe_attr(struct qsc_error *err, struct extack *ext, struct nlmsghdr *request)
{
	const struct nlattr *attr = NULL;
	const struct qsc_attr_desc *desc;
	char range[64];

	if (!ext->tlv[NLMSGERR_ATTR_OFFS])
		return;
	desc = locate_in_request(request, qsc_get_u32(ext->tlv[NLMSGERR_ATTR_OFFS]), err->attr,
				 sizeof(err->attr), &attr);
	if (!desc)
		return;
	qsc_attr_print(desc, attr, err->value, sizeof(err->value));
	print_range(ext->tlv[NLMSGERR_ATTR_POLICY], range, sizeof(range));

	append_text(err, " (%s", err->attr);
	if (err->value[0])
		append_text(err, " %s", err->value);
	if (range[0])
		append_text(err, ", allowed: %s", range);
	append_text(err, ")");
}

static void describe_missing(struct qsc_error *err, struct extack *ext, struct nlmsghdr *request)
{
	const struct qsc_attr_set *set = &qsc_call_attrs;
	const struct qsc_attr_desc *desc;
	const struct nlattr *nest;

	if (!ext->tlv[NLMSGERR_ATTR_MISS_TYPE])
		return;
	if (ext->tlv[NLMSGERR_ATTR_MISS_NEST]) {
		desc = locate_in_request(request, qsc_get_u32(ext->tlv[NLMSGERR_ATTR_MISS_NEST]),
					 err->attr, sizeof(err->attr), &nest);
		set = desc ? desc->nested : NULL;
	}
	desc = qsc_attr_desc(set, qsc_get_u32(ext->tlv[NLMSGERR_ATTR_MISS_TYPE]));
	if (!desc) {
		err->attr[0] = '\0';
		return;
	}
	append_name(err->attr, sizeof(err->attr), desc->name);
	append_text(err, " (missing: %s)", err->attr);
}

/*
 * Turn a refusal into words. @request is what was sent, still with its keys;
 * qsc_attr_print() never prints those. Returns @code.
 */
int qsc_error_from_ack(struct qsc_sock *sk, int code, struct nlmsghdr *request,
		       struct nlmsghdr *ack, size_t payload)
{
	struct qsc_error *err = &sk->err;
	struct nlattr *msg;
	struct extack ext;

	qsc_error_clear(sk);
	extack_parse(&ext, ack, payload);
	msg = ext.tlv[NLMSGERR_ATTR_MSG];
	if (msg)
		snprintf(err->kernel, sizeof(err->kernel), "%.*s", nla_len(msg),
			 (char *)nla_data(msg));

	err->code = code;
	append_text(err, "%s", err->kernel[0] ? err->kernel : plain_text(code));
	describe_attr(err, &ext, request);
	if (!err->attr[0])
		describe_missing(err, &ext, request);
	return code;
}
