/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_NLKEY_H
#define _QSC_NLKEY_H

#include <net/genetlink.h>

/* Handlers of the commands through which keys come. */
int qsc_nl_seal_get(struct sk_buff *skb, struct genl_info *info);
int qsc_nl_key_set(struct sk_buff *skb, struct genl_info *info);
int qsc_nl_session_set(struct sk_buff *skb, struct genl_info *info);
int qsc_nl_session_activate(struct sk_buff *skb, struct genl_info *info);

#endif /* _QSC_NLKEY_H */
