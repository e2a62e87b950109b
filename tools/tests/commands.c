// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"

struct capture out, err;
struct qsctl ctl;

int commands_start(void **state)
{
	(void)state;
	script_reset();
	memset(&ctl, 0, sizeof(ctl));
	set_color("never");
	return 0;
}

int commands_end(void **state)
{
	(void)state;
	kernel_close(&ctl);
	if (script.freed_dirty)
		fail_msg("%u messages were not wiped", script.freed_dirty);
	return 0;
}

int run(const char *line)
{
	int ret;

	capture_begin(&out, &stdout);
	capture_begin(&err, &stderr);
	ret = run_command(&ctl, qsctl_commands, "the command", words_of(line));
	capture_end(&err);
	capture_end(&out);
	return ret;
}

void forget_output(void)
{
	free(out.text);
	free(err.text);
}

void assert_runs(const char *line, const char *prints)
{
	int ret = run(line);

	assert_string_equal(err.text, "");
	assert_string_equal(out.text, prints);
	assert_int_equal(ret, QSCTL_OK);
	forget_output();
}

void assert_fails(const char *line, int ret, const char *says)
{
	assert_int_equal(run(line), ret);
	assert_string_equal(err.text, says);
	forget_output();
}
