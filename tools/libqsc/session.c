// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Session keys: wrapped by the key service, unwrapped by the kernel only. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static int check_party(struct qsc_sock *sk, const char *which, const char *id)
{
	size_t len = id ? strlen(id) : 0;

	if (!len)
		return qsc_fail(sk, -EINVAL, "the %s's name is empty", which);
	if (len > QSC_PARTY_ID_MAX)
		return qsc_fail(sk, -EINVAL,
				"the %s's name is %zu bytes long, at most %d are allowed", which,
				len, QSC_PARTY_ID_MAX);
	return 0;
}

static int check_session(struct qsc_sock *sk, const struct qsc_session *s)
{
	int err = check_party(sk, "caller", s->caller);

	return err ? err : check_party(sk, "callee", s->callee);
}

static int put_secrets(struct nl_msg *msg, const char *id, const struct qsc_session *s,
		       const struct qsc_seal_key *to)
{
	uint8_t plain[sizeof(s->dist) + sizeof(s->exporter)];
	struct qsc_binding binding;
	int err;

	memcpy(plain, s->dist, sizeof(s->dist));
	memcpy(plain + sizeof(s->dist), s->exporter, sizeof(s->exporter));
	qsc_bind_session(&binding, id, s);
	err = qsc_seal_put(msg, QSC_A_SESSION_SEALED, to, binding.bytes, binding.len, plain,
			   sizeof(plain));
	qsc_wipe(plain, sizeof(plain));
	return err;
}

static int put_session(struct nl_msg *msg, const char *id, const struct qsc_session *s,
		       const struct qsc_seal_key *to)
{
	struct nlattr *nest = nla_nest_start(msg, QSC_A_CALL_SESSION);
	int err;

	if (!nest || nla_put_u8(msg, QSC_A_SESSION_LEG, s->leg) ||
	    nla_put_u32(msg, QSC_A_SESSION_ROLE, s->role) ||
	    nla_put_string(msg, QSC_A_SESSION_CALLER, s->caller) ||
	    nla_put_string(msg, QSC_A_SESSION_CALLEE, s->callee) ||
	    nla_put_u32(msg, QSC_A_SESSION_SUITE, s->suite) ||
	    nla_put_u32(msg, QSC_A_SESSION_EPOCH, s->epoch) ||
	    nla_put(msg, QSC_A_SESSION_WRAPPED, sizeof(s->wrapped), s->wrapped) ||
	    (s->hold && nla_put_flag(msg, QSC_A_SESSION_HOLD)) ||
	    (s->has_overlap && nla_put_u32(msg, QSC_A_SESSION_OVERLAP, s->overlap_ms)))
		return -EMSGSIZE;
	err = put_secrets(msg, id, s, to);
	if (!err)
		nla_nest_end(msg, nest);
	return err;
}

int qsc_session_build(struct qsc_sock *sk, struct nl_msg *msg, const char *id, const void *session,
		      const struct qsc_seal_key *to)
{
	int err = qsc_msg_put_id(sk, msg, id);

	return err ? err : qsc_seal_error(sk, put_session(msg, id, session, to));
}

int qsc_session_set(struct qsc_sock *sk, const char *id, const struct qsc_session *session)
{
	int err = qsc_msg_check_id(sk, id);

	if (!err)
		err = check_session(sk, session);
	return err ? err : qsc_seal_run(sk, QSC_CMD_SESSION_SET, qsc_session_build, id, session);
}

int qsc_session_activate(struct qsc_sock *sk, const char *id, uint8_t leg)
{
	struct nl_msg *msg = qsc_msg_new(sk, QSC_CMD_SESSION_ACTIVATE, 0);
	struct nlattr *nest;
	int err;

	if (!msg)
		return -ENOMEM;
	err = qsc_msg_put_id(sk, msg, id);
	if (!err) {
		nest = nla_nest_start(msg, QSC_A_CALL_SESSION);
		if (!nest || nla_put_u8(msg, QSC_A_SESSION_LEG, leg))
			err = qsc_fail(sk, -EMSGSIZE, "the request is too long");
		else
			nla_nest_end(msg, nest);
	}
	if (!err)
		err = qsc_msg_run(sk, msg, NULL, NULL);
	qsc_msg_free(msg);
	return err;
}

void qsc_session_wipe(struct qsc_session *session)
{
	qsc_wipe(session, sizeof(*session));
}
