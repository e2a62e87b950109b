// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * A kernel for qskeyd where there is none: linked in place of libqsc. It unwraps
 * and derives as the module does, and writes down what it was told; of keys it
 * writes a hash, so that both sides of a call can be compared.
 *
 * QSC_FEED_LOG	is appended to, a line for each request
 * QSC_FEED_EVENTS is a FIFO from which events are read, a line each:
 *	"rekey ID", "erased ID", "del ID", "uses ID EPOCH" (packets under it came
 *	in), "lost" (events)
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <qsc/qsc.h>

#include "keys/keys.h"

#define CALLS_MAX 64

struct call {
	char id[QSC_CALL_ID_MAX + 1];
	struct qsc_call_params params;
	int64_t epoch; /* -1: none yet */
	int64_t parked;
	int64_t used_by_peer;
};

struct qsc_sock {
	struct call calls[CALLS_MAX];
	struct qsc_error error;
	FILE *log;
	int events;
	char line[512];
	size_t len;
};

/* The names that the linker gives to what replaces libqsc */
int __wrap_qsc_open(struct qsc_sock **sk);
void __wrap_qsc_close(struct qsc_sock *sk);
const struct qsc_error *__wrap_qsc_last_error(const struct qsc_sock *sk);
int __wrap_qsc_subscribe(struct qsc_sock *sk);
int __wrap_qsc_event_fd(const struct qsc_sock *sk);
int __wrap_qsc_event_wait(struct qsc_sock *sk, int timeout_ms, qsc_event_cb cb, void *arg);
int __wrap_qsc_call_new(struct qsc_sock *sk, const struct qsc_call_params *params);
int __wrap_qsc_call_del(struct qsc_sock *sk, const char *id);
int __wrap_qsc_call_get(struct qsc_sock *sk, const char *id, qsc_call_cb cb, void *arg);
int __wrap_qsc_call_set(struct qsc_sock *sk, const char *id, const uint32_t *timeout_s,
			const uint32_t *lifetime_s);
int __wrap_qsc_key_revoke(struct qsc_sock *sk, const char *id);
int __wrap_qsc_session_set(struct qsc_sock *sk, const char *id, const struct qsc_session *session);
int __wrap_qsc_session_activate(struct qsc_sock *sk, const char *id, uint8_t leg);

static int no(struct qsc_sock *sk, int err, const char *text)
{
	snprintf(sk->error.text, sizeof(sk->error.text), "%s", text);
	return err;
}

static void note(struct qsc_sock *sk, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(sk->log, fmt, ap);
	va_end(ap);
	fputc('\n', sk->log);
	fflush(sk->log);
}

static struct call *find(struct qsc_sock *sk, const char *id)
{
	for (int i = 0; i < CALLS_MAX; i++)
		if (!strcmp(sk->calls[i].id, id))
			return &sk->calls[i];
	return NULL;
}

static const char *need_env(const char *name)
{
	const char *value = getenv(name);

	if (value)
		return value;
	fprintf(stderr, "standin: %s is not set\n", name);
	abort();
}

int __wrap_qsc_open(struct qsc_sock **sk)
{
	*sk = calloc(1, sizeof(**sk));
	if (!*sk)
		return -ENOMEM;
	(*sk)->log = fopen(need_env("QSC_FEED_LOG"), "ae");
	(*sk)->events = open(need_env("QSC_FEED_EVENTS"), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (!(*sk)->log || (*sk)->events < 0)
		abort();
	return 0;
}

void __wrap_qsc_close(struct qsc_sock *sk)
{
	if (!sk)
		return;
	fclose(sk->log);
	close(sk->events);
	free(sk);
}

const struct qsc_error *__wrap_qsc_last_error(const struct qsc_sock *sk)
{
	return &sk->error;
}

int __wrap_qsc_subscribe(struct qsc_sock *sk)
{
	(void)sk;
	return 0;
}

int __wrap_qsc_event_fd(const struct qsc_sock *sk)
{
	return sk->events;
}

static int say_event(struct qsc_sock *sk, const char *line, qsc_event_cb cb, void *arg)
{
	struct qsc_event event = { .leg = -1 };
	char word[16] = "", id[QSC_CALL_ID_MAX + 1] = "", epoch[16] = "";
	struct call *call;

	if (sscanf(line, "%15s %127s %15s", word, id, epoch) < 1)
		return 0;
	call = find(sk, id);
	event.call_id = id;
	if (!strcmp(word, "lost"))
		return -ENOBUFS;
	if (!strcmp(word, "uses") && call)
		call->used_by_peer = strtol(epoch, NULL, 10);
	if (!strcmp(word, "rekey"))
		event.type = QSC_CMD_REKEY_NTF;
	if (!strcmp(word, "erased")) {
		event.type = QSC_CMD_ERASED_NTF;
		event.reason = QSC_ERASE_REASON_TIMEOUT;
	}
	if (!strcmp(word, "del") && call) {
		event.type = QSC_CMD_CALL_DEL_NTF;
		memset(call, 0, sizeof(*call));
	}
	return event.type ? cb(&event, arg) : 0;
}

int __wrap_qsc_event_wait(struct qsc_sock *sk, int timeout_ms, qsc_event_cb cb, void *arg)
{
	ssize_t n;
	char *end;
	int ret = 0;

	(void)timeout_ms;
	n = read(sk->events, sk->line + sk->len, sizeof(sk->line) - 1 - sk->len);
	if (n <= 0)
		return 0;
	sk->len += (size_t)n;
	sk->line[sk->len] = '\0';
	while (!ret && (end = strchr(sk->line, '\n'))) {
		*end = '\0';
		ret = say_event(sk, sk->line, cb, arg);
		sk->len -= (size_t)(end + 1 - sk->line);
		memmove(sk->line, end + 1, sk->len + 1);
	}
	return ret;
}

int __wrap_qsc_call_new(struct qsc_sock *sk, const struct qsc_call_params *params)
{
	struct call *call = find(sk, "");

	if (find(sk, params->id))
		return no(sk, -EEXIST, "a call with this id exists");
	if (!call)
		return no(sk, -ENOSPC, "table full");
	snprintf(call->id, sizeof(call->id), "%s", params->id);
	call->params = *params;
	call->epoch = call->parked = call->used_by_peer = -1;
	note(sk, "new %s role %s", call->id, qsc_role_name(params->role));
	return 0;
}

int __wrap_qsc_call_del(struct qsc_sock *sk, const char *id)
{
	struct call *call = find(sk, id);

	if (!call)
		return no(sk, -ENOENT, "no call with this id");
	note(sk, "del %s", id);
	memset(call, 0, sizeof(*call));
	return 0;
}

int __wrap_qsc_call_get(struct qsc_sock *sk, const char *id, qsc_call_cb cb, void *arg)
{
	const struct call *call = find(sk, id);
	struct qsc_key_info key = { .dir = QSC_DIR_RX, .mki_len = 4 };
	const struct qsc_call_params *p;
	struct qsc_call reply = { .id = id };

	if (!call)
		return no(sk, -ENOENT, "no call with this id");
	p = &call->params;
	reply.state = call->epoch < 0 ? QSC_CALL_STATE_NEW : QSC_CALL_STATE_SECURE;
	reply.flags = p->flags;
	reply.role = p->role;
	reply.timeout_s = p->timeout_s;
	reply.lifetime_s = p->lifetime_s;
	reply.window = p->window ? p->window : QSC_WINDOW_DEFAULT;
	reply.n_legs = p->n_legs;
	reply.legs[0] = (struct qsc_leg){
		.suite = p->legs[0].suite,
		.local = p->legs[0].local,
		.remote = p->legs[0].remote,
		.local_rtcp = p->legs[0].local_rtcp,
		.remote_rtcp = p->legs[0].remote_rtcp,
	};
	for (int i = 0; i < 4; i++)
		key.mki[i] = (uint8_t)((uint32_t)call->used_by_peer >> (24 - 8 * i));
	key.rtp_packets = call->used_by_peer >= 0;
	reply.legs[0].n_keys = 1;
	reply.legs[0].keys = &key;
	return cb(&reply, arg);
}

int __wrap_qsc_call_set(struct qsc_sock *sk, const char *id, const uint32_t *timeout_s,
			const uint32_t *lifetime_s)
{
	if (!find(sk, id))
		return no(sk, -ENOENT, "no call with this id");
	if (timeout_s || !lifetime_s)
		return no(sk, -EINVAL, "nobody should set that");
	note(sk, "lifetime %s %s", id, *lifetime_s ? "some" : "none");
	return 0;
}

int __wrap_qsc_key_revoke(struct qsc_sock *sk, const char *id)
{
	struct call *call = find(sk, id);

	if (!call)
		return no(sk, -ENOENT, "no call with this id");
	note(sk, "erase %s", id);
	return 0;
}

/* Both directions of both parties, as one word */
static void hash_keys(const uint8_t *session, const char *id, uint32_t suite, uint32_t epoch,
		      char *out)
{
	uint8_t keys[2 * QSC_KEYS_SRTP_MAX], hash[EVP_MAX_MD_SIZE];
	size_t len = sizeof(hash);

	for (uint8_t direction = 1; direction <= 2; direction++)
		if (qsc_keys_srtp(session, id, suite, direction, epoch,
				  keys + (direction - 1) * QSC_KEYS_SRTP_MAX))
			abort();
	if (EVP_Q_digest(NULL, "SHA256", NULL, keys, sizeof(keys), hash, &len) != 1)
		abort();
	for (int i = 0; i < 8; i++)
		sprintf(out + 2 * i, "%02x", hash[i]);
}

static int unwrap(const char *id, const struct qsc_session *s, char *hash)
{
	struct qsc_keys_call call = { .role = (uint8_t)s->role,
				      .suite = s->suite,
				      .epoch = s->epoch };
	uint8_t wrap[QSC_KEYS_LEN], session[QSC_KEYS_LEN];
	int err;

	snprintf(call.call_id, sizeof(call.call_id), "%s", id);
	snprintf(call.caller, sizeof(call.caller), "%s", s->caller);
	snprintf(call.callee, sizeof(call.callee), "%s", s->callee);
	err = qsc_keys_wrap(s->dist, s->exporter, wrap) ?:
		      qsc_keys_open_session(wrap, &call, s->wrapped, session);
	if (!err)
		hash_keys(session, id, s->suite, s->epoch, hash);
	return err;
}

int __wrap_qsc_session_set(struct qsc_sock *sk, const char *id, const struct qsc_session *session)
{
	struct call *call = find(sk, id);
	char hash[17];

	if (!call)
		return no(sk, -ENOENT, "no call with this id");
	if (session->suite != call->params.legs[0].suite)
		return no(sk, -EINVAL, "another suite than the call's");
	if (session->epoch <= call->epoch || session->epoch <= call->parked)
		return no(sk, -EEXIST, "this epoch was set before");
	if (unwrap(id, session, hash))
		return no(sk, -EBADMSG, "not wrapped for this call");
	if (session->hold)
		call->parked = session->epoch;
	else
		call->epoch = session->epoch;
	note(sk, "session %s epoch %u %s %s", id, session->epoch, session->hold ? "hold" : "use",
	     hash);
	return 0;
}

int __wrap_qsc_session_activate(struct qsc_sock *sk, const char *id, uint8_t leg)
{
	struct call *call = find(sk, id);

	if (!call || leg)
		return no(sk, -ENOENT, "no call with this id");
	if (call->parked < 0)
		return no(sk, -ENOKEY, "no key was held back");
	call->epoch = call->parked;
	call->parked = -1;
	note(sk, "activate %s epoch %lld", id, (long long)call->epoch);
	return 0;
}
