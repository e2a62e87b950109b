/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What the unit tests of qskeyd share. Include first: cmocka wants its order. */
#ifndef _KEYD_TEST_H
#define _KEYD_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif /* _KEYD_TEST_H */
