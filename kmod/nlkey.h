/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_NLKEY_H
#define _QSC_NLKEY_H

#include <net/genetlink.h>

/* Handlers of the commands through which keys come. */
int qsc_nl_seal_get(struct sk_buff *skb, struct genl_info *info);
int qsc_nl_key_set(struct sk_buff *skb, struct genl_info *info);
int qsc_nl_session_set(struct sk_buff *skb, struct genl_info *info);
int qsc_nl_session_activate(struct sk_buff *skb, struct genl_info *info);

struct qsc_sealed;

/**
 * qsc_nl_open() - open what a request has sealed
 * @info: request, whose extack is told what was wrong
 * @sealed: where it is
 * @aad: what it is bound to
 * @aad_len: bytes of @aad
 * @plain: written on success only; the caller wipes it
 *
 * Return: 0 or a negative errno.
 */
int qsc_nl_open(struct genl_info *info, const struct qsc_sealed *sealed, const u8 *aad, u32 aad_len,
		u8 *plain);

#endif /* _QSC_NLKEY_H */
