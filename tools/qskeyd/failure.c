// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The table of failures; qskeyd(8) and qsctl(8) have it for people. */
#include <stdarg.h>
#include <stdio.h>

#include "failure.h"

/* clang-format off */
static const struct {
	const char *name;
	int exit;
} failures[FAILURES] = {
	[FAIL_NONE] = { "none", 0 },
	[FAIL_BAD_REQUEST] = { "bad-request", 1 },
	[FAIL_NOT_ALLOWED] = { "not-allowed", 3 },
	[FAIL_KERNEL] = { "kernel", 2 },
	[FAIL_NO_PCSCD] = { "no-pcscd", 10 },
	[FAIL_NO_READER] = { "no-reader", 11 },
	[FAIL_NO_CARD] = { "no-card", 12 },
	[FAIL_FOREIGN_CARD] = { "foreign-card", 13 },
	[FAIL_OTHER_CARD] = { "other-card", 14 },
	[FAIL_CARD_LOADING] = { "card-loading", 15 },
	[FAIL_CARD_GONE] = { "card-gone", 16 },
	[FAIL_CARD_BROKEN] = { "card-broken", 17 },
	[FAIL_REVOKED_CARD] = { "revoked-card", 18 },
	[FAIL_EMPTY_CARD] = { "empty-card", 19 },
	[FAIL_UNSEALED] = { "unsealed-card", 24 },
	[FAIL_BLOCKED_PIN] = { "blocked-pin", 20 },
	[FAIL_LAST_TRY] = { "last-try", 21 },
	[FAIL_WRONG_PIN] = { "wrong-pin", 22 },
	[FAIL_PIN_NEEDED] = { "pin-needed", 23 },
	[FAIL_UNREACHABLE] = { "unreachable", 30 },
	[FAIL_NOT_THE_SERVICE] = { "not-the-service", 31 },
	[FAIL_LOGIN_REFUSED] = { "login-refused", 32 },
	[FAIL_SERVICE] = { "service-failed", 33 },
	[FAIL_REFUSED] = { "refused", 34 },
	[FAIL_NO_SUCH_PEER] = { "no-such-peer", 35 },
	[FAIL_NOT_CALLED] = { "not-called", 36 },
	[FAIL_REVOKED] = { "revoked", 37 },
	[FAIL_TIMEOUT] = { "timeout", 40 },
	[FAIL_ENDED] = { "ended", 41 },
	[FAIL_INTERNAL] = { "internal", 42 },
};
/* clang-format on */

int failure(struct failure *why, enum failure_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	/* cppcheck-suppress ctuuninitvar; it is written, not read */
	vsnprintf(why->text, sizeof(why->text), fmt, ap);
	va_end(ap);
	why->code = code;
	return -1;
}

const char *failure_name(enum failure_code code)
{
	return (unsigned int)code < FAILURES ? failures[code].name : "internal";
}

int failure_exit(enum failure_code code)
{
	return (unsigned int)code < FAILURES ? failures[code].exit : 2;
}
