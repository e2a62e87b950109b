/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * Why something did not work: a code that decides what happens next, and a text
 * for people that says what was wrong and what to do. Never a secret.
 */
#ifndef _QSKEYD_FAILURE_H
#define _QSKEYD_FAILURE_H

/* In the order of how close it came: of several cards the closest one counts. */
enum failure_code {
	FAIL_NONE,
	FAIL_BAD_REQUEST,
	FAIL_NOT_ALLOWED,
	FAIL_KERNEL,
	FAIL_NO_PCSCD,
	FAIL_NO_READER,
	FAIL_NO_CARD,
	FAIL_FOREIGN_CARD,
	FAIL_OTHER_CARD,
	FAIL_CARD_LOADING,
	FAIL_CARD_GONE,
	FAIL_CARD_BROKEN,
	FAIL_REVOKED_CARD,
	FAIL_EMPTY_CARD,
	FAIL_UNSEALED,
	FAIL_BLOCKED_PIN,
	FAIL_LAST_TRY,
	FAIL_WRONG_PIN,
	FAIL_PIN_NEEDED,
	FAIL_UNREACHABLE,
	FAIL_NOT_THE_SERVICE,
	FAIL_LOGIN_REFUSED,
	FAIL_SERVICE,
	FAIL_REFUSED,
	FAIL_NO_SUCH_PEER,
	FAIL_NOT_CALLED,
	FAIL_REVOKED,
	FAIL_TIMEOUT,
	FAIL_ENDED,
	FAIL_INTERNAL,

	FAILURES,
};

struct failure {
	enum failure_code code;
	char text[640];
};

/* Sets @why and returns -1. */
int failure(struct failure *why, enum failure_code code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A word for programs, and the exit status of qsctl */
const char *failure_name(enum failure_code code);
int failure_exit(enum failure_code code);

#endif /* _QSKEYD_FAILURE_H */
