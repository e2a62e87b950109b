/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Files that tests damage. Include first. */
#ifndef _QSC_FILE_TEST_H
#define _QSC_FILE_TEST_H

#include "card_test.h"

#include <fcntl.h>

static uint8_t file[80000];

/* The file of the test, into @file and back */
static inline size_t slurp(void)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, file, sizeof(file));

	close(fd);
	assert_true(n > 0 && (size_t)n < sizeof(file));
	return (size_t)n;
}

static inline void spill(size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_int_equal(write(fd, file, len), len);
	close(fd);
}

#endif /* _QSC_FILE_TEST_H */
