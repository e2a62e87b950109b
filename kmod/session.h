/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _QSC_SESSION_H
#define _QSC_SESSION_H

#include "bind.h"

#define QSC_MASTER_MAX (QSC_MASTER_KEY_MAX + QSC_MASTER_SALT_MAX)
#define QSC_SESSION_SECRET_LEN (QSC_DIST_LEN + QSC_EXPORTER_LEN)

/**
 * struct qsc_session_keys - what a session key becomes
 * @forth: master key || master salt of packets from caller to callee
 * @back: the same from callee to caller
 */
struct qsc_session_keys {
	u8 forth[QSC_MASTER_MAX];
	u8 back[QSC_MASTER_MAX];
};

/**
 * struct qsc_session_params - a session key to install
 * @context: what it is bound to
 * @wrapped: QSC_WRAPPED_LEN bytes, from the key service
 * @leg: index of the leg
 * @hold: keep the sending key back until qsc_call_activate()
 * @overlap_ms: how long the old receiving key stays valid
 */
struct qsc_session_params {
	struct qsc_context context;
	const u8 *wrapped;
	u8 leg;
	bool hold;
	u32 overlap_ms;
};

/**
 * qsc_session_open() - unwrap a session key and derive the masters of SRTP
 * @p: what was wrapped, and for what
 * @secret: distribution key || exporter; the caller wipes it
 * @keys: written on success only; the caller wipes it
 *
 * The session key exists inside of this function only.
 *
 * Context: process, may sleep. All intermediates are wiped.
 * Return: 0, -EBADMSG if it was not wrapped under @secret for this context, or
 * another errno.
 */
int qsc_session_open(const struct qsc_session_params *p, const u8 secret[QSC_SESSION_SECRET_LEN],
		     struct qsc_session_keys *keys);

#endif /* _QSC_SESSION_H */
