/* SPDX-License-Identifier: GPL-2.0 */
/* Which attributes a command takes, as Documentation/netlink/specs/qsc.yaml has it. */
#ifndef _QSC_NLPOLICY_H
#define _QSC_NLPOLICY_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

bool nlp_known(uint8_t cmd);

/* Does netlink let these attributes through to the handler of @cmd? */
bool nlp_valid(uint8_t cmd, const void *attrs, int len);

/* The last attribute of each type. */
void nlp_parse(const struct nlattr **tb, int max, const void *attrs, int len);
int nlp_count(const void *attrs, int len, int type);

static inline bool nlp_ok(const struct nlattr *a, int left)
{
	return left >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= left;
}

static inline const struct nlattr *nlp_next(const struct nlattr *a, int *left)
{
	*left -= NLA_ALIGN(a->nla_len);
	return (const struct nlattr *)((const char *)a + NLA_ALIGN(a->nla_len));
}

#endif /* _QSC_NLPOLICY_H */
