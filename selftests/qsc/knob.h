/* SPDX-License-Identifier: GPL-2.0 */
/* Settings of the kernel, put back as they were when the test ends. */
#ifndef _QSC_KNOB_H
#define _QSC_KNOB_H

#include <stdbool.h>
#include <stddef.h>

/* Write @value to @path; false if there is no such setting. */
bool knob_set(const char *path, const char *value);

/* The same, for what is no setting: it is not put back. */
bool knob_put(const char *path, const char *value);

/* The first line of a file, without its end; false if it cannot be read. */
bool knob_get(const char *path, char *buf, size_t size);

#endif /* _QSC_KNOB_H */
