// SPDX-License-Identifier: GPL-2.0
/* Settings of the kernel, put back as they were when the test ends. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "knob.h"

#define KNOBS_MAX	16
#define VALUE_MAX	64

static struct {
	char path[128];
	char value[VALUE_MAX];
} knobs[KNOBS_MAX];
static int n_knobs;
static pid_t owner;

bool knob_put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good;

	if (fd < 0)
		return false;
	good = write(fd, value, strlen(value)) == (ssize_t)strlen(value);
	close(fd);
	return good;
}

bool knob_get(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, buf, size - 1);
	close(fd);
	if (len < 0)
		return false;
	buf[len] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return true;
}

static void put_back(void)
{
	/* children end too */
	if (getpid() != owner)
		return;
	while (n_knobs--)
		knob_put(knobs[n_knobs].path, knobs[n_knobs].value);
}

bool knob_set(const char *path, const char *value)
{
	char was[VALUE_MAX];

	if (!knob_get(path, was, sizeof(was)) || !knob_put(path, value))
		return false;
	if (!owner) {
		owner = getpid();
		atexit(put_back);
	}
	if (n_knobs == KNOBS_MAX)
		ksft_exit_fail_msg("too many knobs\n");
	snprintf(knobs[n_knobs].path, sizeof(knobs[n_knobs].path), "%s", path);
	memcpy(knobs[n_knobs].value, was, sizeof(was));
	n_knobs++;
	return true;
}
