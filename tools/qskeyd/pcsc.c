// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * Cards in readers. Nothing is held between two jobs but the connection to
 * pcscd: whatever goes away and comes back in between, nobody notices.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "pcsc.h"

#define AGAIN_MS 200
#define LOST_MAX 2 /* keys, before a card is given up that dies when it draws */

struct pcsc {
	SCARDCONTEXT context;
	bool has_context;
	struct pins *pins;
	struct seals *seals;
	const char *reader;
	unsigned int wait_seconds;
	bool stop;
};

static void drop_context(struct pcsc *pcsc)
{
	if (pcsc->has_context)
		SCardReleaseContext(pcsc->context);
	pcsc->has_context = false;
}

static int no_pcscd(LONG error, struct failure *why)
{
	return failure(why, FAIL_NO_PCSCD,
		       "pcscd is not running (%s): start it (systemctl start pcscd.socket)",
		       pcsc_stringify_error(error));
}

static int get_context(struct pcsc *pcsc, struct failure *why)
{
	LONG error;

	/* One that pcscd's predecessor gave is of no use. */
	if (pcsc->has_context && SCardIsValidContext(pcsc->context) == SCARD_S_SUCCESS)
		return 0;
	drop_context(pcsc);
	error = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &pcsc->context);
	if (error != SCARD_S_SUCCESS)
		return no_pcscd(error, why);
	pcsc->has_context = true;
	return 0;
}

/* Their names one behind the other, then an empty one; to be freed */
static int list_readers(struct pcsc *pcsc, char **names, struct failure *why)
{
	DWORD len = 0;
	LONG error;

	*names = NULL;
	error = SCardListReaders(pcsc->context, NULL, NULL, &len);
	if (error == SCARD_S_SUCCESS) {
		*names = calloc(1, len + 2);
		if (!*names)
			return failure(why, FAIL_INTERNAL, "not enough memory");
		error = SCardListReaders(pcsc->context, NULL, *names, &len);
	}
	if (error == SCARD_S_SUCCESS)
		return 0;
	free(*names);
	*names = NULL;
	if (error == SCARD_E_NO_READERS_AVAILABLE)
		return failure(why, FAIL_NO_READER,
			       "pcscd knows no card reader: connect one, or install its driver");
	drop_context(pcsc);
	return no_pcscd(error, why);
}

static int use_card(struct pcsc *pcsc, struct visit *visit, struct card_job *job,
		    struct card_view *view)
{
	if (job->op == CARD_LOOK)
		return 0;
	if (job->op == CARD_CHECK && view->info.tries > 1 &&
	    pins_known_good(pcsc->pins, view->info.card))
		return 0;
	if (visit_verify(visit, view, job->op == CARD_UNLOCK ? job->pin : NULL, &view->why))
		return -1;
	if (job->op != CARD_DRAW)
		return 0;
	return visit_draw(visit, view, job->drawn, &job->lost, &view->why);
}

/* 0 if the job is done with this card */
static int visit_reader(struct pcsc *pcsc, const char *reader, struct card_job *job,
			struct card_view *view)
{
	struct visit visit = {
		.context = pcsc->context,
		.reader = reader,
		.pins = pcsc->pins,
		.seals = pcsc->seals,
	};
	int ret;

	memset(view, 0, sizeof(*view));
	snprintf(view->where, sizeof(view->where), "%s", reader);
	if (visit_begin(&visit, &view->why)) {
		if (pcscd_is_gone(visit.error))
			drop_context(pcsc);
		return -1;
	}
	ret = visit_identify(&visit, view);
	if (job->card && view->has_info && view->info.card != job->card)
		ret = failure(&view->why, FAIL_OTHER_CARD, "%s has card %llu, not card %llu",
			      reader, (unsigned long long)view->info.card,
			      (unsigned long long)job->card);
	if (!ret)
		ret = use_card(pcsc, &visit, job, view);
	visit_end(&visit);
	return ret;
}

/* Of all cards that cannot be used, tell of the one that is closest to it. */
static void visit_all(struct pcsc *pcsc, const char *names, struct card_job *job)
{
	struct card_view *view;

	failure(&job->why, FAIL_NO_READER, "there is no reader \"%s\": connect it",
		pcsc->reader ? pcsc->reader : "");
	for (const char *reader = names; *reader; reader += strlen(reader) + 1) {
		if (pcsc->reader && !strstr(reader, pcsc->reader))
			continue;
		if (job->n_views == CARDS_MAX)
			return;
		view = &job->views[job->op == CARD_LOOK ? job->n_views : 0];
		if (!visit_reader(pcsc, reader, job, view) && job->op != CARD_LOOK) {
			job->why.code = FAIL_NONE;
			return;
		}
		if (view->why.code > job->why.code)
			job->why = view->why;
		if (job->op != CARD_LOOK)
			continue;
		job->why.code = FAIL_NONE;
		job->n_views++;
	}
}

static void attempt(struct pcsc *pcsc, struct card_job *job)
{
	char *names = NULL;

	if (get_context(pcsc, &job->why) || list_readers(pcsc, &names, &job->why))
		return;
	if (names)
		visit_all(pcsc, names, job);
	free(names);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* Might it work in a moment? */
static bool passing(const struct card_job *job)
{
	return job->why.code == FAIL_NO_PCSCD || job->why.code == FAIL_NO_READER ||
	       job->why.code == FAIL_NO_CARD || job->why.code == FAIL_CARD_GONE;
}

/*
 * A card that was there a moment ago is waited for: one that dies at work, and
 * at a draw one that the check before has seen. A key that got lost is made up
 * for.
 */
static void run_job(struct pcsc *pcsc, struct card_job *job)
{
	int64_t deadline = now_ms() + pcsc->wait_seconds * 1000LL;
	bool was_there = job->op == CARD_DRAW;
	unsigned int lost = job->lost;

	attempt(pcsc, job);
	/* A connection to a pcscd that was started again is worth a second look. */
	if (job->why.code == FAIL_NO_PCSCD)
		attempt(pcsc, job);
	was_there |= job->why.code == FAIL_CARD_GONE;
	while (was_there && passing(job) && job->lost <= LOST_MAX && now_ms() < deadline &&
	       !__atomic_load_n(&pcsc->stop, __ATOMIC_RELAXED)) {
		if (job->lost > lost)
			log_warn("a key of the card was lost: %s", job->why.text);
		lost = job->lost;
		usleep(AGAIN_MS * 1000);
		attempt(pcsc, job);
	}
}

static void run(void *arg, struct job_list *jobs)
{
	struct job *job;

	for (job = STAILQ_FIRST(jobs); job; job = STAILQ_NEXT(job, link))
		run_job(arg, (struct card_job *)job);
}

static void stop(struct provider *provider)
{
	struct pcsc *pcsc = provider->self;

	if (!pcsc)
		return;
	__atomic_store_n(&pcsc->stop, true, __ATOMIC_RELAXED);
	thread_stop(provider->thread);
	drop_context(pcsc);
	seals_free(pcsc->seals);
	free(pcsc);
}

int provider_pcsc(struct provider *provider, struct event_base *base, struct pins *pins,
		  const char *reader, unsigned int wait_seconds, bool must_seal)
{
	struct pcsc *pcsc = calloc(1, sizeof(*pcsc));

	if (!pcsc)
		return -ENOMEM;
	provider->name = "pcsc";
	provider->self = pcsc;
	provider->stop = stop;
	pcsc->pins = pins;
	pcsc->reader = reader;
	pcsc->wait_seconds = wait_seconds;
	pcsc->seals = seals_new(must_seal);
	if (!pcsc->seals)
		return -ENOMEM;
	provider->thread = thread_start(base, "pcsc", 1, run, pcsc);
	return provider->thread ? 0 : -ENOMEM;
}
