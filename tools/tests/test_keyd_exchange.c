// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* What an exchange does with its keys; cards and service are the test's. */
#include "keyd/keyd_test.h"

#include <unistd.h>

#include "exchange.h"
#include "link.h"
#include "log.h"
#include "secmem.h"

static struct event_base *base;
static struct exchange_env env;
static struct exchange *exchange;
static enum failure_code failed_with;

/* What it asked for last */
static struct card_request *asked;
static void (*dial_done)(void *arg, int fd, const struct failure *why);
static void *dial_arg;
static const struct link_ops *service_ops;
static void *link_arg;
static const uint8_t *login_key;

static bool has_spare; /* a key whose login failed before */
static unsigned int kept;

void __wrap_cards_submit(struct cards *cards, struct card_request *request);
void __wrap_cards_keep_spare(struct cards *cards, const struct drawn *drawn);
bool __wrap_cards_take_spare(struct cards *cards, uint64_t card, struct drawn *drawn);
const char *__wrap_dialer_service(const struct dialer *dialer);
struct dial *__wrap_dial_start(struct dialer *dialer,
			       void (*done)(void *arg, int fd, const struct failure *why),
			       void *arg);
void __wrap_dial_cancel(struct dial *dial);
struct link *__wrap_link_new(struct event_base *loop, SSL_CTX *tls, int fd, const char *service,
			     const uint8_t kid[QSC_KEYS_KID], const uint8_t auth[QSC_KEYS_LEN],
			     unsigned int seconds, const struct link_ops *ops, void *arg);
void __wrap_link_free(struct link *gone);
void __wrap_link_send(struct link *to, const char *line);

static void fill(struct drawn *drawn)
{
	*drawn = (struct drawn){ .card = 7, .n = 1, .wanted = 1 };
	memset(drawn->kid[0], 0x11, QSC_KEYS_KID);
	memset(drawn->key[0], 0x22, QSC_KEYS_LEN);
}

void __wrap_cards_submit(struct cards *cards, struct card_request *request)
{
	(void)cards;
	asked = request;
}

void __wrap_cards_keep_spare(struct cards *cards, const struct drawn *drawn)
{
	(void)cards;
	assert_int_equal(drawn->key[0][0], 0x22);
	kept++;
}

bool __wrap_cards_take_spare(struct cards *cards, uint64_t card, struct drawn *drawn)
{
	bool had = has_spare;

	(void)cards;
	(void)card;
	if (had)
		fill(drawn);
	has_spare = false;
	return had;
}

const char *__wrap_dialer_service(const struct dialer *dialer)
{
	(void)dialer;
	return "service";
}

struct dial *__wrap_dial_start(struct dialer *dialer,
			       void (*done)(void *arg, int fd, const struct failure *why),
			       void *arg)
{
	(void)dialer;
	dial_done = done;
	dial_arg = arg;
	return (struct dial *)&dial_done;
}

void __wrap_dial_cancel(struct dial *dial)
{
	assert_ptr_equal(dial, &dial_done);
}

struct link *__wrap_link_new(struct event_base *loop, SSL_CTX *tls, int fd, const char *service,
			     const uint8_t kid[QSC_KEYS_KID], const uint8_t auth[QSC_KEYS_LEN],
			     unsigned int seconds, const struct link_ops *ops, void *arg)
{
	(void)loop;
	(void)tls;
	(void)service;
	(void)kid;
	(void)seconds;
	close(fd);
	login_key = auth;
	service_ops = ops;
	link_arg = arg;
	return (struct link *)&service_ops;
}

void __wrap_link_free(struct link *gone)
{
	(void)gone;
}

void __wrap_link_send(struct link *to, const char *line)
{
	assert_ptr_equal(to, &service_ops);
	assert_non_null(strstr(line, "call-key"));
}

/* -------------------------------------------------------------------- helpers */

static void failed(void *arg, const struct failure *why)
{
	(void)arg;
	failed_with = why->code;
}

static const struct exchange_ops ops = { .failed = failed };

static bool is_zero(const void *p, size_t len)
{
	const uint8_t *bytes = p;

	while (len && !bytes[len - 1])
		len--;
	return !len;
}

static bool has_keys(void)
{
	return !is_zero(asked->job.drawn, sizeof(*asked->job.drawn));
}

/* Up to where the service answers the call */
static void begin_exchange(unsigned int card_seconds)
{
	const struct exchange_want want = { "c1", QSC_KEYS_CALLER, "bob", 1, 0, 0 };

	env = (struct exchange_env){ .base = base, .card_seconds = card_seconds };
	exchange = exchange_start(&env, &want, &ops, NULL);
	assert_non_null(exchange);
	assert_int_equal(asked->job.op, CARD_CHECK);
	asked->done(asked);
	dial_done(dial_arg, dup(STDERR_FILENO), NULL);
}

static void key_comes(void)
{
	assert_int_equal(asked->job.op, CARD_DRAW);
	fill(asked->job.drawn);
	asked->done(asked);
}

static int begin(void **state)
{
	(void)state;
	base = event_base_new();
	failed_with = FAIL_NONE;
	has_spare = false;
	login_key = NULL;
	kept = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	exchange_free(exchange);
	assert_int_equal(secmem_used(), 0);
	event_base_free(base);
	return 0;
}

/* ---------------------------------------------------------------------- tests */

static void a_login_leaves_no_login_key(void **state)
{
	(void)state;
	begin_exchange(5);
	key_comes();
	assert_false(is_zero(login_key, QSC_KEYS_LEN));
	service_ops->up(link_arg);
	assert_true(is_zero(login_key, QSC_KEYS_LEN));
	assert_true(has_keys()); /* for the answer */
}

/* Nobody waits for it any more, but the exchange may not be freed for a while. */
static void a_key_that_comes_too_late_is_kept_for_another_call(void **state)
{
	(void)state;
	begin_exchange(0);
	while (!failed_with)
		event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(failed_with, FAIL_TIMEOUT);
	key_comes();
	assert_int_equal(kept, 1);
	assert_false(has_keys());
}

static void a_key_that_is_refused_makes_room_for_another(void **state)
{
	struct failure why;

	(void)state;
	has_spare = true;
	begin_exchange(5);
	assert_true(has_keys());
	failure(&why, FAIL_REVOKED, "so");
	service_ops->down(link_arg, LINK_REFUSED, &why);
	assert_false(has_keys());
	dial_done(dial_arg, dup(STDERR_FILENO), NULL);
	key_comes();
	assert_int_equal(failed_with, FAIL_NONE);
	assert_int_equal(kept, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_login_leaves_no_login_key, begin, end),
		cmocka_unit_test_setup_teardown(a_key_that_comes_too_late_is_kept_for_another_call,
						begin, end),
		cmocka_unit_test_setup_teardown(a_key_that_is_refused_makes_room_for_another, begin,
						end),
	};

	log_init("test", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
