// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* Calls from state to state, with a service and a kernel that the test plays. */
#include "keyd/call_test.h"

#include "log.h"

/* -------------------------------------------------------------------- helpers */

static void done(struct call_waiter *w, const struct call *call, const struct failure *why)
{
	(void)call;
	assert_ptr_equal(w, &waiter);
	answer = why ? why->code : FAIL_NONE;
}

static void start(void)
{
	struct call_want want = { .peer = "bob" };

	want.params.id = "c1";
	want.params.role = QSC_ROLE_CALLER;
	want.params.legs[0].suite = QSC_SUITE_AEAD_AES_256_GCM;
	call_start(&calls, &want, &waiter);
}

static struct exchange *newest(void)
{
	return &exchanges[n_exchanges - 1];
}

static void key_comes(struct exchange *ex)
{
	struct kms_line line = { .kind = KMS_KEY, .epoch = ex->epoch, .lifetime = 1000 };
	struct exchange_key key = { .line = &line, .card = 7, .index = 3, .remaining = 9 };

	ex->ops->keyed(ex->arg, &key);
}

static void fails(struct exchange *ex, enum failure_code code)
{
	struct failure why;

	failure(&why, code, "so");
	ex->ops->failed(ex->arg, &why);
}

static void line_comes(struct exchange *ex, enum kms_kind kind, uint32_t epoch, bool ready)
{
	struct kms_line line = { .kind = kind, .epoch = epoch, .peer_ready = ready };

	ex->ops->line(ex->arg, &line);
}

static void is_lost(struct exchange *ex)
{
	struct failure why;

	failure(&why, FAIL_SERVICE, "cut");
	ex->ops->lost(ex->arg, &why);
}

static struct call *call(void)
{
	return call_find(&calls, "c1");
}

static void time_passes(unsigned int times)
{
	while (times--)
		rekey_timer(-1, 0, call());
}

static void kernel_says(uint32_t type, uint32_t reason)
{
	struct qsc_event event = { .type = type, .call_id = "c1", .reason = reason, .leg = -1 };

	calls_kernel_event(&calls, &event);
}

static int begin(void **state)
{
	(void)state;
	memset(exchanges, 0, sizeof(exchanges));
	n_exchanges = 0;
	said[0] = told[0] = '\0';
	kernel_refuses = peer_uses = call_is_gone = false;
	other_call = false;
	answer = FAILURES;
	waiter.done = done;
	memset(&calls, 0, sizeof(calls));
	calls.env.base = event_base_new();
	calls.ready_seconds = 3;
	calls.rekey_seconds = 600;
	return 0;
}

static int end(void **state)
{
	(void)state;
	calls_end_all(&calls);
	assert_int_equal(calls.n, 0);
	for (unsigned int i = 0; i < n_exchanges; i++)
		assert_true(exchanges[i].freed);
	event_base_free(calls.env.base);
	return 0;
}

static void begin_secure(void)
{
	start();
	key_comes(newest());
	assert_int_equal(answer, FAIL_NONE);
	said[0] = told[0] = '\0';
	answer = FAILURES;
}

static void begin_waiting(void)
{
	struct failure why;

	begin_secure();
	assert_int_equal(rekey_begin(call(), "test", &why), 0);
	call()->waiter = &waiter;
	key_comes(newest());
	assert_string_equal(told, "hold1");
	assert_string_equal(said, "ready1");
}

/* ---------------------------------------------------------------------- tests */

static void a_call_starts_and_ends(void **state)
{
	struct failure why;

	(void)state;
	start();
	assert_string_equal(told, "new0");
	assert_int_equal(answer, FAILURES);
	key_comes(&exchanges[0]);
	assert_int_equal(answer, FAIL_NONE);
	assert_string_equal(told, "new0 use0 life1000");
	assert_int_equal(call()->state, CALL_SECURE);
	assert_int_equal(call_end(&calls, "c1", &why), 0);
	assert_string_equal(said, "hangup0");
	assert_null(call());
}

static void what_the_kernel_refuses_costs_no_key(void **state)
{
	(void)state;
	kernel_refuses = true;
	start();
	assert_int_equal(answer, FAIL_KERNEL);
	assert_int_equal(n_exchanges, 0);
	assert_null(call());
}

/* Somebody wanted it secure: then it is not clear by accident. */
static void a_call_that_cannot_start_blocks(void **state)
{
	struct failure why;

	(void)state;
	start();
	fails(&exchanges[0], FAIL_NO_CARD);
	assert_int_equal(answer, FAIL_NO_CARD);
	assert_true(exchanges[0].freed);
	assert_string_equal(told, "new0");
	assert_int_equal(call()->state, CALL_BLOCKED);
	assert_int_equal(rekey_begin(call(), "test", &why), -1);
	assert_int_equal(call_end(&calls, "c1", &why), 0);
	assert_string_equal(told, "new0 del0");
	assert_null(call());
}

/* Without a gap in which something could pass */
static void a_blocked_call_may_be_tried_again(void **state)
{
	(void)state;
	start();
	fails(&exchanges[0], FAIL_NO_CARD);
	start();
	key_comes(&exchanges[1]);
	assert_int_equal(answer, FAIL_NONE);
	assert_string_equal(told, "new0 use0 life1000");
	start();
	assert_int_equal(answer, FAIL_BAD_REQUEST); /* there is one */
}

static void other_addresses_are_another_call(void **state)
{
	(void)state;
	start();
	fails(&exchanges[0], FAIL_NO_CARD);
	other_call = true;
	start();
	assert_int_equal(answer, FAIL_BAD_REQUEST);
	assert_int_equal(n_exchanges, 1);
	assert_int_equal(call()->state, CALL_BLOCKED);
	other_call = false;
	start();
	assert_int_equal(call()->state, CALL_STARTING);
}

static void a_key_that_the_kernel_refuses_blocks(void **state)
{
	(void)state;
	start();
	kernel_refuses = true;
	key_comes(&exchanges[0]);
	assert_int_equal(answer, FAIL_KERNEL);
	assert_int_equal(call()->state, CALL_BLOCKED);
}

static void a_start_that_nobody_waits_for_blocks(void **state)
{
	(void)state;
	start();
	call_abandon(&calls, &waiter);
	assert_string_equal(told, "new0");
	assert_int_equal(answer, FAILURES);
	assert_true(exchanges[0].freed);
	assert_int_equal(call()->state, CALL_BLOCKED);
}

static void the_end_of_qskeyd_lets_nothing_pass(void **state)
{
	(void)state;
	start();
	calls_end_all(&calls);
	assert_int_equal(answer, FAIL_ENDED);
	assert_string_equal(told, "new0");
	kernel_refuses = true; /* it has that call; the next qskeyd takes it over */
	start();
	assert_int_equal(call()->state, CALL_STARTING);
	kernel_refuses = false;
	key_comes(newest());
	assert_int_equal(answer, FAIL_NONE);
	assert_true(call_now_ms() - call()->started_ms >= 60000);
	told[0] = '\0';
	calls_end_all(&calls);
	assert_string_equal(told, "");
}

/* The responder: the peer was ready before. */
static void a_ready_peer_gets_the_new_key_at_once(void **state)
{
	(void)state;
	begin_secure();
	line_comes(&exchanges[0], KMS_REKEY, 1, false);
	assert_int_equal(call()->state, CALL_REKEYING);
	assert_int_equal(newest()->epoch, 1);
	key_comes(newest());
	line_comes(newest(), KMS_DONE, 0, true);
	assert_string_equal(told, "hold1 activate0 life1000");
	assert_int_equal(call()->epoch, 1);
	assert_true(exchanges[0].freed);
	assert_int_equal(call()->state, CALL_SECURE);
}

/* The initiator: whichever connection the event comes over */
static void the_new_key_waits_for_the_peer(void **state)
{
	(void)state;
	for (int over = 0; over < 2; over++) {
		if (over) {
			end(NULL);
			begin(NULL);
		}
		begin_waiting();
		line_comes(newest(), KMS_DONE, 0, false);
		assert_int_equal(call()->state, CALL_WAITING);
		line_comes(&exchanges[over], KMS_READY, 7, false); /* another epoch */
		assert_int_equal(call()->state, CALL_WAITING);
		line_comes(&exchanges[over], KMS_READY, 1, false);
		assert_int_equal(call()->state, CALL_SECURE);
		assert_int_equal(answer, FAIL_NONE);
	}
}

static void both_may_begin_at_once(void **state)
{
	struct failure why;

	(void)state;
	begin_secure();
	assert_int_equal(rekey_begin(call(), "test", &why), 0);
	line_comes(&exchanges[0], KMS_REKEY, 1, false);
	assert_int_equal(n_exchanges, 2);
	assert_int_equal(rekey_begin(call(), "test", &why), -1);
	key_comes(newest());
	line_comes(newest(), KMS_REKEY, 1, false);
	line_comes(newest(), KMS_DONE, 0, true);
	assert_int_equal(call()->epoch, 1);
	assert_int_equal(n_exchanges, 2);
}

static void a_peer_that_is_not_ready_costs_nothing(void **state)
{
	(void)state;
	begin_waiting();
	time_passes(2);
	assert_int_equal(answer, FAILURES);
	time_passes(1);
	assert_int_equal(answer, FAIL_TIMEOUT);
	assert_string_equal(told, "hold1");
	line_comes(newest(), KMS_READY, 1, false); /* better late than never */
	assert_string_equal(told, "hold1 activate0 life1000");
	assert_int_equal(call()->epoch, 1);
}

static void packets_tell_when_the_service_cannot(void **state)
{
	(void)state;
	begin_waiting();
	is_lost(newest());
	time_passes(1);
	assert_int_equal(call()->state, CALL_WAITING);
	peer_uses = true;
	time_passes(1);
	assert_int_equal(call()->state, CALL_SECURE);
	assert_int_equal(call()->epoch, 1);
	assert_null(call()->now);
}

static void a_peer_that_never_comes_gets_another_chance(void **state)
{
	(void)state;
	begin_waiting();
	time_passes(70);
	assert_int_equal(call()->state, CALL_REKEYING);
	assert_int_equal(newest()->epoch, 2);
	key_comes(newest());
	line_comes(newest(), KMS_READY, 2, false);
	assert_int_equal(call()->epoch, 2);
}

static void a_rekey_that_fails_keeps_the_call(void **state)
{
	struct failure why;

	(void)state;
	begin_secure();
	assert_int_equal(rekey_begin(call(), "test", &why), 0);
	call()->waiter = &waiter;
	fails(newest(), FAIL_UNREACHABLE);
	assert_int_equal(answer, FAIL_UNREACHABLE);
	assert_int_equal(call()->state, CALL_SECURE);
	assert_string_equal(told, "");
	time_passes(1); /* it is tried again, with the same epoch */
	assert_int_equal(newest()->epoch, 1);
	fails(newest(), FAIL_NOT_CALLED);
	line_comes(&exchanges[0], KMS_REKEY, 1, false); /* now the caller comes */
	assert_int_equal(newest()->epoch, 1);
	assert_int_equal(call()->state, CALL_REKEYING);
}

/* The kernel would not take the same epoch twice. */
static void an_epoch_that_the_kernel_has_is_not_asked_for_again(void **state)
{
	struct kms_line line = { .kind = KMS_NO };

	(void)state;
	begin_waiting();
	failure(&line.why, FAIL_SERVICE, "so");
	newest()->ops->line(newest()->arg, &line);
	assert_int_equal(answer, FAIL_SERVICE);
	assert_int_equal(call()->state, CALL_SECURE);
	time_passes(1);
	assert_int_equal(newest()->epoch, 2);
}

static void a_lost_connection_keeps_the_call(void **state)
{
	(void)state;
	begin_secure();
	is_lost(&exchanges[0]);
	assert_int_equal(call()->state, CALL_SECURE);
	kernel_says(QSC_CMD_REKEY_NTF, 0);
	assert_int_equal(newest()->epoch, 1);
	assert_int_equal(call()->state, CALL_REKEYING);
}

static void a_revoked_party_has_no_keys_any_more(void **state)
{
	struct kms_line line = { .kind = KMS_NO };

	(void)state;
	begin_secure();
	failure(&line.why, FAIL_REVOKED, "so");
	exchanges[0].ops->line(exchanges[0].arg, &line);
	assert_string_equal(told, "erase0");
	assert_null(call());
	told[0] = '\0';
	begin_waiting();
	fails(newest(), FAIL_REVOKED);
	assert_string_equal(told, "hold1 erase0");
	assert_null(call());
}

static void the_kernel_ends_calls(void **state)
{
	(void)state;
	begin_secure();
	kernel_says(QSC_CMD_CALL_DEL_NTF, 0); /* of an earlier one */
	assert_non_null(call());
	kernel_says(QSC_CMD_ERASED_NTF, QSC_ERASE_REASON_DEL);
	assert_non_null(call());
	call_is_gone = true;
	kernel_says(QSC_CMD_CALL_DEL_NTF, 0);
	assert_null(call());
	assert_string_equal(said, "hangup0");
	call_is_gone = false;
	begin_secure();
	kernel_says(QSC_CMD_ERASED_NTF, QSC_ERASE_REASON_TIMEOUT);
	assert_null(call());
	begin_secure();
	call_is_gone = true;
	calls_kernel_event(&calls, NULL); /* events were lost */
	assert_null(call());
	start();
	fails(newest(), FAIL_NO_CARD);
	kernel_says(QSC_CMD_CALL_DEL_NTF, 0);
	assert_null(call());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_call_starts_and_ends, begin, end),
		cmocka_unit_test_setup_teardown(what_the_kernel_refuses_costs_no_key, begin, end),
		cmocka_unit_test_setup_teardown(a_call_that_cannot_start_blocks, begin, end),
		cmocka_unit_test_setup_teardown(a_blocked_call_may_be_tried_again, begin, end),
		cmocka_unit_test_setup_teardown(other_addresses_are_another_call, begin, end),
		cmocka_unit_test_setup_teardown(a_key_that_the_kernel_refuses_blocks, begin, end),
		cmocka_unit_test_setup_teardown(a_start_that_nobody_waits_for_blocks, begin, end),
		cmocka_unit_test_setup_teardown(the_end_of_qskeyd_lets_nothing_pass, begin, end),
		cmocka_unit_test_setup_teardown(a_ready_peer_gets_the_new_key_at_once, begin, end),
		cmocka_unit_test_setup_teardown(the_new_key_waits_for_the_peer, begin, end),
		cmocka_unit_test_setup_teardown(both_may_begin_at_once, begin, end),
		cmocka_unit_test_setup_teardown(a_peer_that_is_not_ready_costs_nothing, begin, end),
		cmocka_unit_test_setup_teardown(packets_tell_when_the_service_cannot, begin, end),
		cmocka_unit_test_setup_teardown(a_peer_that_never_comes_gets_another_chance, begin,
						end),
		cmocka_unit_test_setup_teardown(a_rekey_that_fails_keeps_the_call, begin, end),
		cmocka_unit_test_setup_teardown(an_epoch_that_the_kernel_has_is_not_asked_for_again,
						begin, end),
		cmocka_unit_test_setup_teardown(a_lost_connection_keeps_the_call, begin, end),
		cmocka_unit_test_setup_teardown(a_revoked_party_has_no_keys_any_more, begin, end),
		cmocka_unit_test_setup_teardown(the_kernel_ends_calls, begin, end),
	};

	log_init("test", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
