// SPDX-License-Identifier: GPL-2.0-only
/*
 * "card unlock": a PIN gets from a file or from pinentry to qskeyd, and however
 * that ends, nothing of it is left on the stack.
 */
#include <fcntl.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "test.h"

#include "leftover.h"

#define PIN "31415926535897932384"
#define PIN_SIZE 64

static char folder[] = "/tmp/qsctl.XXXXXX";
static char socket_path[64], program[64];
static int result;

/* -------------------------------------------------------------------- qskeyd */

/* Takes two lines; the second one is the PIN, or the status is not 0. */
static void __attribute__((noreturn)) serve(int listener, const char *answer)
{
	int fd = accept(listener, NULL, NULL), lines = 0;
	char text[256] = "", *pin;
	size_t len = 0;

	while (lines < 2 && len < sizeof(text) - 1 && read(fd, text + len, 1) == 1)
		lines += text[len++] == '\n';
	pin = strchr(text, '\n');
	dprintf(fd, "%s\n", answer);
	_exit(pin && !strcmp(pin, "\n" PIN "\n") ? 0 : 1);
}

static pid_t start_qskeyd(const char *answer)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	memcpy(addr.sun_path, socket_path, sizeof(socket_path));
	assert_int_equal(bind(listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(listener, 1), 0);
	pid = fork();
	if (!pid)
		serve(listener, answer);
	assert_true(pid > 0);
	close(listener);
	return pid;
}

static void assert_got_the_pin(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	unlink(socket_path);
}

/* -------------------------------------------------------------------- unlock */

static void unlock(void *words)
{
	struct qsctl ctl = { .socket = socket_path };

	result = cmd_card_unlock(&ctl, words);
}

static int pin_file(const char *text)
{
	int fd = memfd_create("pin", MFD_CLOEXEC);

	assert_true(fd >= 0 && !fchmod(fd, 0600));
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void assert_unlock_leaves_nothing(const char *pin, int want, const char *said)
{
	struct capture out, err;
	int fd = pin_file(pin);
	char line[64];

	snprintf(line, sizeof(line), "file /proc/self/fd/%d", fd);
	capture_begin(&out, &stdout);
	capture_begin(&err, &stderr);
	leftover_run(unlock, words_of(line));
	capture_end(&err);
	capture_end(&out);
	close(fd);
	assert_int_equal(result, want);
	assert_non_null(strstr(want == QSCTL_OK ? out.text : err.text, said));
	assert_false(leftover_holds(PIN, strlen(PIN)));
	free(out.text);
	free(err.text);
}

static void a_good_pin_leaves_nothing(void **state)
{
	pid_t qskeyd = start_qskeyd("{\"ok\":true,\"card\":{\"card\":7,\"state\":\"ready\"}}");

	(void)state;
	assert_unlock_leaves_nothing(PIN "\n", QSCTL_OK, "card 7");
	assert_got_the_pin(qskeyd);
}

static void a_wrong_pin_leaves_nothing(void **state)
{
	pid_t qskeyd = start_qskeyd("{\"ok\":false,\"detail\":\"the PIN is wrong\"}");

	(void)state;
	assert_unlock_leaves_nothing(PIN "\n", QSCTL_REFUSED, "the PIN is wrong");
	assert_got_the_pin(qskeyd);
}

static void a_pin_that_nobody_takes_leaves_nothing(void **state)
{
	(void)state;
	assert_unlock_leaves_nothing(PIN "\n", QSCTL_NO_HELPER, "qskeyd does not run");
	assert_unlock_leaves_nothing(PIN "\n" PIN, QSCTL_USAGE, "more than one line");
	assert_unlock_leaves_nothing(PIN PIN PIN PIN, QSCTL_USAGE, "longer than 63 bytes");
}

/* ------------------------------------------------------------------ pinentry */

/* One that answers GETPIN with @answer and everything else with OK. */
static void make_program(const char *answer)
{
	FILE *f = fopen(program, "we");

	assert_non_null(f);
	fprintf(f,
		"#!/bin/sh\necho OK\nwhile read -r line; do\n"
		"[ \"$line\" != BYE ] || exit 0\n"
		"[ \"$line\" != GETPIN ] || printf '%s'\necho OK\ndone\n",
		answer);
	assert_int_equal(fchmod(fileno(f), 0700), 0);
	fclose(f);
}

static void ask(void *pin)
{
	size_t len = 0;

	result = ask_pinentry(program, "PIN", pin, PIN_SIZE, &len);
}

static void assert_pinentry_leaves_nothing(const char *answer, int want, const char *pin)
{
	char got[PIN_SIZE] = "";
	struct capture err;

	make_program(answer);
	capture_begin(&err, &stderr);
	leftover_run(ask, got);
	capture_end(&err);
	free(err.text);
	assert_int_equal(result, want);
	assert_string_equal(got, pin);
	assert_false(leftover_holds(PIN, strlen(PIN)));
}

static void a_pin_from_pinentry_leaves_nothing(void **state)
{
	(void)state;
	assert_pinentry_leaves_nothing("D " PIN "\\n", QSCTL_OK, PIN);
	assert_pinentry_leaves_nothing("D " PIN PIN PIN PIN "\\n", QSCTL_USAGE, "");
	assert_pinentry_leaves_nothing("S " PIN "\\nERR 1 cancelled\\n", QSCTL_USAGE, "");
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(socket_path, sizeof(socket_path), "%s/socket", folder);
	snprintf(program, sizeof(program), "%s/pinentry", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(socket_path);
	unlink(program);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_pin_leaves_nothing),
		cmocka_unit_test(a_wrong_pin_leaves_nothing),
		cmocka_unit_test(a_pin_that_nobody_takes_leaves_nothing),
		cmocka_unit_test(a_pin_from_pinentry_leaves_nothing),
	};

	return cmocka_run_group_tests_name("unlock", tests, make_folder, remove_folder);
}
