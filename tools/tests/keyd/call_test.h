/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Calls between a service and a kernel that note what they are told. Include first. */
#ifndef _KEYD_CALL_TEST_H
#define _KEYD_CALL_TEST_H

#include "keyd_test.h"

#include "call.h"

/* An exchange is what the test makes of it. */
struct exchange {
	const struct exchange_ops *ops;
	void *arg;
	uint32_t epoch;
	bool freed;
};

static struct exchange exchanges[16];
static unsigned int n_exchanges;
static char said[512]; /* to the service */
static char told[512]; /* to the kernel */
static bool kernel_refuses, peer_uses, call_is_gone, other_call;
static struct calls calls;
static enum failure_code answer; /* to whoever waits; FAILURES: none yet */
static struct call_waiter waiter;

struct exchange *__wrap_exchange_start(const struct exchange_env *env,
				       const struct exchange_want *want,
				       const struct exchange_ops *ops, void *arg);
void __wrap_exchange_free(struct exchange *ex);
void __wrap_exchange_rebind(struct exchange *ex, const struct exchange_ops *ops, void *arg);
void __wrap_exchange_say(struct exchange *ex, const char *op, const uint32_t *epoch);
void __wrap_exchange_say_last(struct exchange *ex, const char *op);
int __wrap_feed_call_new(struct feed *feed, const struct qsc_call_params *params,
			 struct failure *why);
int __wrap_feed_call_del(struct feed *feed, const char *id, struct failure *why);
int __wrap_feed_revoke(struct feed *feed, const char *id, struct failure *why);
int __wrap_feed_lifetime(struct feed *feed, const char *id, uint32_t seconds, struct failure *why);
bool __wrap_feed_has_call(struct feed *feed, const char *id);
bool __wrap_feed_waits(struct feed *feed, const struct qsc_call_params *params, int64_t *age_ms);
bool __wrap_feed_peer_uses(struct feed *feed, const char *id, uint32_t epoch);
int __wrap_feed_session(struct feed *feed, const struct exchange_want *want,
			const struct exchange_key *key, bool hold, struct failure *why);
int __wrap_feed_activate(struct feed *feed, const char *id, struct failure *why);

static void note(char *book, const char *word, uint32_t number)
{
	size_t len = strlen(book);

	snprintf(book + len, 512 - len, "%s%s%u", len ? " " : "", word, number);
}

struct exchange *__wrap_exchange_start(const struct exchange_env *env,
				       const struct exchange_want *want,
				       const struct exchange_ops *ops, void *arg)
{
	struct exchange *ex = &exchanges[n_exchanges++];

	(void)env;
	*ex = (struct exchange){ .ops = ops, .arg = arg, .epoch = want->epoch };
	return ex;
}

void __wrap_exchange_free(struct exchange *ex)
{
	if (!ex)
		return;
	assert_false(ex->freed);
	ex->freed = true;
}

void __wrap_exchange_rebind(struct exchange *ex, const struct exchange_ops *ops, void *arg)
{
	assert_false(ex->freed);
	ex->ops = ops;
	ex->arg = arg;
}

void __wrap_exchange_say(struct exchange *ex, const char *op, const uint32_t *epoch)
{
	assert_false(ex->freed);
	note(said, op, *epoch);
}

void __wrap_exchange_say_last(struct exchange *ex, const char *op)
{
	if (!ex)
		return;
	note(said, op, ex->epoch);
	__wrap_exchange_free(ex);
}

static int kernel(const char *word, uint32_t number, struct failure *why)
{
	if (kernel_refuses)
		return failure(why, FAIL_KERNEL, "no");
	note(told, word, number);
	return 0;
}

int __wrap_feed_call_new(struct feed *feed, const struct qsc_call_params *params,
			 struct failure *why)
{
	(void)feed;
	(void)params;
	return kernel("new", 0, why);
}

int __wrap_feed_call_del(struct feed *feed, const char *id, struct failure *why)
{
	(void)feed;
	(void)id;
	return kernel("del", 0, why);
}

int __wrap_feed_revoke(struct feed *feed, const char *id, struct failure *why)
{
	(void)feed;
	(void)id;
	return kernel("erase", 0, why);
}

int __wrap_feed_lifetime(struct feed *feed, const char *id, uint32_t seconds, struct failure *why)
{
	(void)feed;
	(void)id;
	return kernel("life", seconds, why);
}

bool __wrap_feed_has_call(struct feed *feed, const char *id)
{
	(void)feed;
	(void)id;
	return !call_is_gone;
}

bool __wrap_feed_waits(struct feed *feed, const struct qsc_call_params *params, int64_t *age_ms)
{
	(void)feed;
	(void)params;
	*age_ms = 60000;
	return !other_call && strstr(told, "new0");
}

bool __wrap_feed_peer_uses(struct feed *feed, const char *id, uint32_t epoch)
{
	(void)feed;
	(void)id;
	(void)epoch;
	return peer_uses;
}

int __wrap_feed_session(struct feed *feed, const struct exchange_want *want,
			const struct exchange_key *key, bool hold, struct failure *why)
{
	(void)feed;
	(void)key;
	return kernel(hold ? "hold" : "use", want->epoch, why);
}

int __wrap_feed_activate(struct feed *feed, const char *id, struct failure *why)
{
	(void)feed;
	(void)id;
	return kernel("activate", 0, why);
}

#endif /* _KEYD_CALL_TEST_H */
