/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* What kms_fault tells preload_faults.so, in a file that both map. */
#ifndef _KMS_TEST_FAULTS_H
#define _KMS_TEST_FAULTS_H

#include <stdint.h>

enum {
	FAULT_READ = 1,
	FAULT_WRITE = 2,
	FAULT_SYNC = 4,
};

struct faults {
	int32_t ops; /* which calls */
	int32_t skip; /* let so many pass */
	int32_t count; /* then fail so many */
	int32_t error; /* with this errno */
	int32_t hits; /* out */
	int32_t unused;
	int64_t clock; /* seconds that the wall clock is fast */
};

#endif /* _KMS_TEST_FAULTS_H */
