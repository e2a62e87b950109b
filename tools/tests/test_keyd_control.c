// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The socket for qsctl: what is left of a PIN that came in. */
#include "keyd/keyd_test.h"

#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "control.h"
#include "freed.h"
#include "leftover.h"
#include "log.h"

#define UNLOCK "{\"op\":\"card-unlock\"}\n"
#define PIN "83729150"

static char folder[] = "/tmp/qskeyd.XXXXXX";
static char path[64];
static struct control_env env;
static struct control *control;
static unsigned int pins_came, clients_left;
static bool still_in_buffer;

void __wrap_control_pin(struct client *client, const char *line, size_t len);
void __wrap_call_abandon(struct calls *calls, struct call_waiter *waiter);

void __wrap_control_pin(struct client *client, const char *line, size_t len)
{
	struct failure why;

	assert_int_equal(len, strlen(PIN));
	assert_memory_equal(line, PIN, len);
	pins_came++;
	still_in_buffer = leftover_at(client->in, REQUEST_MAX, PIN, strlen(PIN));
	client->pin_follows = false;
	failure(&why, FAIL_WRONG_PIN, "so");
	client_refuse(client, &why);
}

/* For every client that goes away */
void __wrap_call_abandon(struct calls *calls, struct call_waiter *waiter)
{
	(void)calls;
	(void)waiter;
	clients_left++;
}

static int say(const char *text)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(addr.sun_path, path, strlen(path));
	assert_int_equal(connect(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void wait_for(const unsigned int *count)
{
	while (!*count)
		event_base_loop(env.base, EVLOOP_ONCE);
}

static int begin(void **state)
{
	(void)state;
	env.base = event_base_new();
	control = control_start(&env, path, NULL);
	pins_came = clients_left = 0;
	freed_watch(PIN, strlen(PIN));
	return control ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	freed_watch(NULL, 0);
	control_stop(control);
	event_base_free(env.base);
	return 0;
}

static void a_pin_is_gone_with_its_line(void **state)
{
	int fd = say(UNLOCK PIN "\n");

	(void)state;
	wait_for(&pins_came);
	assert_false(still_in_buffer);
	assert_int_equal(freed_dirty, 0);
	close(fd);
	wait_for(&clients_left);
	assert_int_equal(freed_dirty, 0);
}

static void a_pin_whose_line_does_not_end_is_gone_with_its_client(void **state)
{
	int fd = say(UNLOCK PIN);

	(void)state;
	close(fd);
	wait_for(&clients_left);
	assert_int_equal(pins_came, 0);
	assert_int_equal(freed_dirty, 0);
}

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/socket", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_pin_is_gone_with_its_line, begin, end),
		cmocka_unit_test_setup_teardown(
			a_pin_whose_line_does_not_end_is_gone_with_its_client, begin, end),
	};

	log_init("test", 0);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
