/* SPDX-License-Identifier: GPL-2.0 */
/*
 * TAP output for the C tests, with the names of the kernel's own kselftest.h
 * so that a test moves into a kernel tree by changing one include.
 */
#ifndef _QSC_KSFT_H
#define _QSC_KSFT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KSFT_PASS	0
#define KSFT_FAIL	1
#define KSFT_SKIP	4

struct ksft_count {
	unsigned int plan;
	unsigned int pass;
	unsigned int fail;
	unsigned int skip;
};

/* One for all files of a program, without a file of its own. */
__attribute__((weak)) struct ksft_count ksft_count;

static inline void ksft_print_header(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!getenv("KSFT_TAP_LEVEL"))
		printf("TAP version 13\n");
}

/* Whether a variable like QUICK is set, and not to 0. */
static inline bool ksft_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0");
}

static inline void ksft_set_plan(unsigned int plan)
{
	ksft_count.plan = plan;
	printf("1..%u\n", plan);
}

/*
 * QSC_ONLY=TEXT[|TEXT...] in the environment: of the tests that ask here, only
 * those with one of these in their name. The others are neither planned nor run.
 */
__attribute__((format(printf, 1, 2)))
static inline bool ksft_wanted(const char *fmt, ...)
{
	const char *only = getenv("QSC_ONLY");
	char name[256], text[256];
	va_list ap;
	size_t len;

	if (!only || !*only)
		return true;
	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	for (; *only; only += len + (only[len] == '|')) {
		len = strcspn(only, "|");
		snprintf(text, sizeof(text), "%.*s", (int)len, only);
		if (strstr(name, text))
			return true;
	}
	return false;
}

static inline unsigned int ksft_done(void)
{
	return ksft_count.pass + ksft_count.fail + ksft_count.skip;
}

__attribute__((format(printf, 1, 2)))
static inline void ksft_print_msg(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3)))
static inline void ksft_test_result(bool good, const char *fmt, ...)
{
	va_list ap;

	if (good)
		ksft_count.pass++;
	else
		ksft_count.fail++;
	va_start(ap, fmt);
	printf("%sok %u ", good ? "" : "not ", ksft_done());
	vprintf(fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 1, 2)))
static inline void ksft_test_result_skip(const char *fmt, ...)
{
	va_list ap;

	ksft_count.skip++;
	va_start(ap, fmt);
	printf("ok %u ", ksft_done());
	vprintf(fmt, ap);
	va_end(ap);
}

/* The exit status the kselftest runner expects; a short plan is a failure. */
__attribute__((noreturn))
static inline void ksft_finished(void)
{
	printf("# Totals: pass:%u fail:%u xfail:0 xpass:0 skip:%u error:0\n",
	       ksft_count.pass, ksft_count.fail, ksft_count.skip);
	exit(ksft_count.fail || ksft_done() != ksft_count.plan ?
	     KSFT_FAIL : KSFT_PASS);
}

__attribute__((noreturn, format(printf, 1, 2)))
static inline void ksft_exit_fail_msg(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("Bail out! ");
	vprintf(fmt, ap);
	va_end(ap);
	exit(KSFT_FAIL);
}

__attribute__((noreturn, format(printf, 1, 2)))
static inline void ksft_exit_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("1..0 # SKIP ");
	vprintf(fmt, ap);
	va_end(ap);
	exit(KSFT_SKIP);
}

#endif /* _QSC_KSFT_H */
