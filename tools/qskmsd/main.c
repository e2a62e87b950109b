// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* qskmsd, the key service: what starts and ends, and in which order. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include <curl/curl.h>

#include "admin.h"
#include "conn.h"
#include "keys/keys.h"
#include "kit.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "protect.h"

/* Descriptors beside those of connections */
#define OTHER_FILES 64
/* Logins that are looked up together */
#define READER_BATCH 128
/* For source and kit, and keys that TLS has for a moment */
#define ARENA_BASE (1UL << 20)

/* Rather fewer connections than some that cannot open the store. */
static void raise_files(struct options *opts)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= opts->max_connections + OTHER_FILES)
		return;
	opts->max_connections =
		limit.rlim_cur > 2 * OTHER_FILES ? (unsigned int)limit.rlim_cur - OTHER_FILES : 1;
	log_warn("RLIMIT_NOFILE allows %u connections at a time", opts->max_connections);
}

static void reap(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	conns_reap(arg);
}

/* The secure heap wants a power of two. */
static size_t arena_size(const struct options *o)
{
	size_t want = ARENA_BASE + o->max_calls * (size_t)SESSION_KEY +
		      o->max_connections * (sizeof(struct conn_keys) + sizeof(struct lookup_keys));
	size_t size = ARENA_BASE;

	while (size < want)
		size *= 2;
	return size;
}

static int load_kit(struct service *svc, struct store *st, struct qsc_why *why)
{
	int err;

	err = store_open(st, svc->opts.store, svc->opts.init);
	if (err)
		return qsc_why(why, err, "%s", st->error);
	err = svc->opts.init ? kit_make(st, svc->vault, why) : 0;
	return err ? err : kit_load(&svc->kit, st, svc->vault, why);
}

static int load_secrets(struct service *svc)
{
	struct qsc_why why;
	struct store st;
	int err;

	err = vault_open(&svc->vault, svc->opts.master_key, &why);
	if (err) {
		log_error("master key: %s", why.text);
		return err;
	}
	err = load_kit(svc, &st, &why);
	if (err)
		log_error("%s", why.text);
	store_close(&st);
	return err ? err : qsc_kid_new(&svc->kid, svc->kit->kid_master);
}

static int start_workers(struct service *svc)
{
	const struct options *o = &svc->opts;
	const struct burner_params params = {
		.enough = o->commit_keys,
		.wait_ms = o->commit_wait_ms,
		.more = conns_more_burns,
		.arg = svc,
	};
	const struct calls_params calls = {
		.max = o->max_calls,
		.seconds = o->fetch_seconds,
		.retired = live_retired,
	};
	int err;

	err = worker_start(&svc->reader, svc->base, o->store, "qskmsd-reader", READER_BATCH);
	if (!err)
		err = worker_start(&svc->writer, svc->base, o->store, "qskmsd-writer", 1);
	if (!err)
		err = worker_start(&svc->browser, svc->base, o->store, "qskmsd-browser", 1);
	if (err)
		return err;
	svc->burner = burner_new(svc->base, svc->writer, &params, &svc->stats);
	svc->reserved = reservations_new();
	svc->calls = calls_new(svc->base, &calls, &svc->stats);
	svc->tls = tls_new();
	svc->reap = evtimer_new(svc->base, reap, svc);
	return svc->burner && svc->reserved && svc->calls && svc->tls && svc->reap ? 0 : -ENOMEM;
}

static int start(struct service *svc)
{
	int err;

	TAILQ_INIT(&svc->conns);
	TAILQ_INIT(&svc->young);
	TAILQ_INIT(&svc->dead);
	TAILQ_INIT(&svc->parked);
	raise_files(&svc->opts);
	err = protect_process(arena_size(&svc->opts));
	if (err)
		return err;
	svc->base = event_base_new();
	if (!svc->base)
		return -ENOMEM;
	err = load_secrets(svc);
	if (err || svc->opts.init)
		return err;
	err = start_workers(svc);
	if (!err)
		err = source_new(&svc->source, svc->base, svc->opts.source, &svc->opts.kme,
				 handout_source_ready, svc);
	return err ?: admin_start(svc) ?: listener_start(svc);
}

/* Keys that are being burnt now may be burnt, but nobody gets to use them. */
static void stop(struct service *svc)
{
	struct conn *conn;

	listener_stop(svc);
	admin_stop(svc);
	while ((conn = TAILQ_FIRST(&svc->conns)))
		conn_close(conn);
	burner_stop(svc->burner);
	worker_stop(svc->reader);
	worker_stop(svc->writer);
	worker_stop(svc->browser);
	burner_free(svc->burner);
	conns_reap(svc);
	if (svc->reap)
		event_free(svc->reap);
	reservations_free(svc->reserved);
	calls_free(svc->calls);
	source_free(svc->source);
	SSL_CTX_free(svc->tls);
	qsc_kid_free(svc->kid);
	kit_free(svc->kit);
	vault_close(svc->vault);
	if (svc->base)
		event_base_free(svc->base);
}

int main(int argc, char **argv)
{
	static struct service svc;
	int status, err;

	if (!options_read(&svc.opts, argc, argv, &status))
		return status;
	log_init("qskmsd", svc.opts.debug ? LOG_DEBUG : LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	if (qsc_keys_wipe_freed()) {
		log_error("cannot start: something has used OpenSSL before");
		return EXIT_FAILED;
	}
	/* Giving memory back, to take it again at once, would be a tenth of a login. */
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	err = start(&svc);
	if (err)
		log_error("cannot start%s%s", err == -ENOMEM ? ": " : "",
			  err == -ENOMEM ? strerror(ENOMEM) : "");
	else if (!svc.opts.init)
		err = loop_until_signal(svc.base);
	stop(&svc);
	curl_global_cleanup();
	return err ? EXIT_FAILED : 0;
}
