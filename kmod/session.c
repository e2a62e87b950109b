// SPDX-License-Identifier: GPL-2.0
/* From what the key service wrapped to the master keys of SRTP. */

#include "session.h"

#include <linux/string.h>

#include "compat.h"
#include "hkdf.h"
#include "open.h"

#define SESSION_LEN (QSC_WRAPPED_LEN - QSC_BOX_TAG_LEN)

enum direction {
	CALLER_TO_CALLEE = 1,
	CALLEE_TO_CALLER = 2,
};

static int unwrap(const struct qsc_session_params *p, const u8 *secret, u8 session[SESSION_LEN])
{
	const u8 *dist = secret, *exporter = secret + QSC_DIST_LEN;
	struct qsc_binding binding;
	u8 wrap[QSC_BOX_KEY_LEN];
	int err;

	qsc_hkdf(exporter, QSC_EXPORTER_LEN, dist, QSC_DIST_LEN, (const u8 *)"wrap", 4, wrap,
		 sizeof(wrap));
	qsc_bind_context(&binding, &p->context);
	err = qsc_box_open(wrap, binding.bytes, binding.len, p->wrapped, session, SESSION_LEN);
	memzero_explicit(wrap, sizeof(wrap));
	return err;
}

static void derive(const struct qsc_context *c, const u8 session[SESSION_LEN], enum direction dir,
		   u8 master[QSC_MASTER_MAX])
{
	u8 info[4 + 4 + 1 + 4] = "srtp";

	put_unaligned_be32(c->suite->id, info + 4);
	info[8] = dir;
	put_unaligned_be32(c->epoch, info + 9);
	qsc_hkdf((const u8 *)c->call_id, strlen(c->call_id), session, SESSION_LEN, info,
		 sizeof(info), master, c->suite->key_len + c->suite->salt_len);
}

int qsc_session_open(const struct qsc_session_params *p, const u8 secret[QSC_SESSION_SECRET_LEN],
		     struct qsc_session_keys *keys)
{
	u8 session[SESSION_LEN];
	int err;

	err = unwrap(p, secret, session);
	if (!err) {
		derive(&p->context, session, CALLER_TO_CALLEE, keys->forth);
		derive(&p->context, session, CALLEE_TO_CALLER, keys->back);
	}
	memzero_explicit(session, sizeof(session));
	return err;
}
