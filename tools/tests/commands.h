/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands as they are typed, above a scripted kernel, and what they print. */
#ifndef _QSC_TESTS_COMMANDS_H
#define _QSC_TESTS_COMMANDS_H

#include "script.h"

/* Of the last command: both are the caller's to give back with forget_output(). */
extern struct capture out, err;
extern struct qsctl ctl;

/* Before and after each test; @state is not used. */
int commands_start(void **state);
int commands_end(void **state);

/* A line as in a batch file or after "qsctl"; its exit code. */
int run(const char *line);
void forget_output(void);

/* These forget the output themselves. */
void assert_runs(const char *line, const char *prints);
void assert_fails(const char *line, int ret, const char *says);

#endif /* _QSC_TESTS_COMMANDS_H */
