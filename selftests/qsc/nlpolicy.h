/* SPDX-License-Identifier: GPL-2.0 */
/* Which attributes a command takes, as Documentation/netlink/specs/qsc.yaml has it. */
#ifndef _QSC_NLPOLICY_H
#define _QSC_NLPOLICY_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

bool nlp_known(uint8_t cmd);

/* Does netlink let these attributes through to the handler of @cmd? */
bool nlp_valid(uint8_t cmd, const void *attrs, int len);

/* The last attribute of each type. */
void nlp_parse(const struct nlattr **tb, int max, const void *attrs, int len);

static inline bool nlp_ok(const struct nlattr *a, int left)
{
	return left >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= left;
}

static inline const struct nlattr *nlp_next(const struct nlattr *a, int *left)
{
	*left -= NLA_ALIGN(a->nla_len);
	return (const struct nlattr *)((const char *)a + NLA_ALIGN(a->nla_len));
}

static inline int nlp_type(const struct nlattr *a)
{
	return a->nla_type & NLA_TYPE_MASK;
}

static inline int nlp_len(const struct nlattr *a)
{
	return a->nla_len - NLA_HDRLEN;
}

static inline uint32_t nlp_u32(const struct nlattr *a, uint32_t otherwise)
{
	uint32_t v;

	if (!a)
		return otherwise;
	memcpy(&v, a + 1, sizeof(v));
	return v;
}

static inline uint8_t nlp_u8(const struct nlattr *a, uint8_t otherwise)
{
	return a ? *(const uint8_t *)(a + 1) : otherwise;
}

#endif /* _QSC_NLPOLICY_H */
