// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* qskeyd, the helper: what starts and ends, and in which order. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <sys/prctl.h>

#include "config.h"
#include "control.h"
#include "drop.h"
#include "keys/keys.h"
#include "link.h"
#include "log.h"
#include "loop.h"
#include "protect.h"

/* Ephemeral keys of TLS, requests with PINs, keys of a batch of draws */
#define ARENA (4UL << 20)
#define LAST_WORDS_MS 2000

struct helper {
	struct config config;
	struct event_base *base;
	struct pins *pins;
	struct cards *cards;
	struct calls calls;
	struct control_env env;
	struct control *control;
	unsigned int closing;
};

static int start_pool_files(struct helper *h)
{
	const struct config *c = &h->config;
	int err = 0;

	for (unsigned int i = 0; !err && i < c->pool_files.n; i++)
		err = provider_pool_file(cards_add(h->cards), h->base, c->pool_files.text[i],
					 c->pool_keys.text[i]);
	return err;
}

static int start_cards(struct helper *h)
{
	const struct config *c = &h->config;
	int err = 0;

	h->pins = pins_new(c->pin_file);
	h->cards = cards_new(h->base);
	h->env.cards = h->cards;
	if (!h->pins || !h->cards)
		return -ENOMEM;
	if (c->pcsc)
		err = provider_pcsc(cards_add(h->cards), h->base, h->pins, c->reader, c->card_wait,
				    c->must_seal);
	return err ? err : start_pool_files(h);
}

static int start_calls(struct helper *h)
{
	const struct config *c = &h->config;
	struct calls *calls = &h->calls;
	struct failure why;

	LIST_INIT(&calls->list);
	calls->rekey_seconds = c->rekey_after;
	calls->ready_seconds = c->ready_timeout;
	calls->env = (struct exchange_env){
		.base = h->base,
		.cards = h->cards,
		.tls = link_context(),
		.card_seconds = c->card_timeout + c->card_wait,
		.login_seconds = c->login_timeout,
		.answer_seconds = c->answer_timeout,
		.closing = &h->closing,
	};
	if (!calls->env.tls)
		return -ENOMEM;
	if (!dialer_new(&calls->env.dialer, h->base, c->service, c->connect_timeout, &why) &&
	    !feed_open(&calls->feed, h->base, calls_kernel_event, calls, &why))
		return 0;
	log_error("%s", why.text);
	return -EIO;
}

/*
 * What needs rights comes before they are dropped, and no thread before that:
 * rights are a thread's.
 */
static int start(struct helper *h)
{
	int err = protect_process(ARENA);

	if (err)
		return err;
	h->base = event_base_new();
	if (!h->base)
		return -ENOMEM;
	h->env = (struct control_env){ .base = h->base, .calls = &h->calls };
	h->control = control_start(&h->env, h->config.socket, h->config.group);
	if (!h->control)
		return -EIO;
	err = drop_privileges(h->config.user);
	/* Another user than root is dumpable again. */
	if (!err && prctl(PR_SET_DUMPABLE, 0))
		err = -errno;
	return err ?: start_cards(h) ?: start_calls(h);
}

static void loop_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(arg);
}

/* The service hears that calls have ended, if it listens. */
static void say_last_words(struct helper *h)
{
	const struct timeval limit = { .tv_usec = LAST_WORDS_MS * 1000 % 1000000,
				       .tv_sec = LAST_WORDS_MS / 1000 };
	struct event *timer = evtimer_new(h->base, loop_over, h->base);

	if (timer && !event_add(timer, &limit))
		while (h->closing && !event_base_got_break(h->base) &&
		       event_base_loop(h->base, EVLOOP_ONCE) == 0)
			;
	if (timer)
		event_free(timer);
}

static void stop(struct helper *h)
{
	control_stop(h->control);
	if (h->calls.feed)
		calls_end_all(&h->calls);
	if (h->closing)
		say_last_words(h);
	feed_close(h->calls.feed);
	cards_free(h->cards);
	dialer_free(h->calls.env.dialer);
	SSL_CTX_free(h->calls.env.tls);
	pins_free(h->pins);
	if (h->base)
		event_base_free(h->base);
	config_free(&h->config);
}

static int serve(struct helper *h)
{
	log_info("ready at %s, for the key service at %s", h->config.socket, h->config.service);
	return loop_until_signal(h->base);
}

int main(int argc, char **argv)
{
	static struct helper helper;
	int status, err;

	if (!config_read(&helper.config, argc, argv, &status))
		return status;
	log_init("qskeyd", helper.config.debug ? LOG_DEBUG : LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	if (qsc_keys_wipe_freed()) {
		log_error("cannot start: something has used OpenSSL before");
		return EXIT_FAILED;
	}
	err = start(&helper);
	if (err)
		log_error("cannot start%s%s", err == -ENOMEM ? ": " : "",
			  err == -ENOMEM ? strerror(ENOMEM) : "");
	else
		err = serve(&helper);
	stop(&helper);
	return err ? EXIT_FAILED : 0;
}
