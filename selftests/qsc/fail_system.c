// SPDX-License-Identifier: GPL-2.0
/* Network namespaces, and the module itself, that there is no memory for. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/ksft.h"
#include "bytes.h"
#include "dut.h"
#include "env.h"
#include "fail.h"
#include "net.h"

#define MODULE		"qsc"
#define MODULE_DIR	"/sys/module/" MODULE

/* How many of the allocations of an operation fail in a run; all, if fewer. */
static const struct env_count namespace_count = {
	"QSC_NAMESPACES", .full = 1000, .stock = 200, .debug = 50, .quick = 40,
};

static const struct env_count load_count = {
	"QSC_LOADS", .full = 1000, .stock = 200, .debug = 30, .quick = 30,
};

/* The @i-th of @all allocations to fail, if only @some do: the last ones, and some before. */
static unsigned int nth(unsigned int i, unsigned int all, unsigned int some)
{
	unsigned int last = some / 2;

	if (all <= some)
		return i + 1;
	if (i < some - last)
		return 1 + (uint64_t)i * (all - last) / (some - last);
	return all - (some - 1 - i);
}

static unsigned int how_many(unsigned int all, const struct env_count *c)
{
	return min(all, env_count(c));
}

/* ---------------------------------------------------------- namespaces */

/* A namespace is made, with a call in it, and is left. 0 or an errno. */
static int make_namespace(unsigned int n, bool *failed, bool *good)
{
	struct qsc_sock *sk = NULL;
	struct qsc_info info;
	int err = 0;

	inj_start(n);
	if (unshare(CLONE_NEWNET))
		err = errno;
	*failed = inj_stop();
	if (err)
		return err;
	if (qsc_open(&sk) || qsc_info(sk, &info) || info.calls) {
		ksft_print_msg("allocation %u: the namespace is there, but not the module\n", n);
		*good = false;
	}
	qsc_close(sk);
	net_enter(SIDE_A);
	return 0;
}

static void namespaces(void)
{
	unsigned int all, some, i, errors = 0;
	bool failed, good = true;
	int err;

	net_enter(SIDE_A);
	inj_start(INJ_FAR);
	if (unshare(CLONE_NEWNET))
		ksft_exit_fail_msg("unshare: %s\n", strerror(errno));
	all = inj_count();
	net_enter(SIDE_A);
	some = how_many(all, &namespace_count);
	for (i = 0; good && i < some; i++) {
		/* what error it is, is up to who made the allocation */
		err = make_namespace(nth(i, all, some), &failed, &good);
		errors += !!err;
	}
	ksft_print_msg("%u of %u allocations failed, %u times there was no namespace\n", some, all,
		       errors);
	ksft_test_result(good && errors, "without memory, no namespace, or a whole one\n");
}

/* -------------------------------------------------------------- module */

/* The file that modprobe would load if it were not loaded. */
static int open_module(void)
{
	char line[1024], *word;
	int fd = -1;
	FILE *p;

	/* NOLINTNEXTLINE(cert-env33-c): sh is what is wanted */
	p = popen("modprobe --show-depends " MODULE " 2>/dev/null", "r");

	while (p && fd < 0 && fgets(line, sizeof(line), p))
		for (word = strtok(line, " \n"); word && fd < 0; word = strtok(NULL, " \n"))
			if (strstr(word, "/" MODULE ".ko"))
				fd = open(word, O_RDONLY | O_CLOEXEC);
	if (p)
		pclose(p);
	return fd;
}

static bool is_loaded(void)
{
	return !access(MODULE_DIR "/initstate", F_OK);
}

static bool unload(void)
{
	return !syscall(SYS_delete_module, MODULE, O_NONBLOCK);
}

static bool same_suites(const struct qsc_info *a, const struct qsc_info *b)
{
	unsigned int i;

	if (a->n_suites != b->n_suites)
		return false;
	for (i = 0; i < a->n_suites; i++)
		if (strcmp(a->suites[i].driver, b->suites[i].driver)) {
			ksft_print_msg("%s: the driver is \"%s\", not \"%s\"\n",
				       a->suites[i].name, a->suites[i].driver,
				       b->suites[i].driver);
			return false;
		}
	return true;
}

static void ask(struct qsc_info *info)
{
	struct qsc_sock *sk = dut_open(SIDE_A);

	if (qsc_info(sk, info))
		ksft_exit_fail_msg("info: %s\n", qsc_last_error(sk)->text);
	qsc_close(sk);
}

static bool load_one(int fd, unsigned int n, const struct qsc_info *want, unsigned int *errors)
{
	struct qsc_info have;
	int err = 0;

	inj_start(n);
	if (syscall(SYS_finit_module, fd, "", 0))
		err = errno;
	inj_stop();
	if (err) {
		++*errors;
		if (err == ENOMEM && !is_loaded())
			return true;
		ksft_print_msg("allocation %u: %s, and the module is %s\n", n, strerror(err),
			       is_loaded() ? "there" : "not there");
		return false;
	}
	ask(&have);
	if (!same_suites(&have, want)) {
		ksft_print_msg("allocation %u: loaded, but not as usual\n", n);
		return false;
	}
	return unload();
}

/*
 * How many allocations are made before the module is. They are the loader's own, and those
 * of the kernel's tracing, which does not survive it: it warns of trace events that it has
 * no memory for, and again when their module goes. A parameter is refused after all that.
 */
static unsigned int count_before(int fd)
{
	inj_start(INJ_FAR);
	if (!syscall(SYS_finit_module, fd, "max_calls=none", 0))
		ksft_exit_fail_msg("the module was loaded with a parameter that is wrong\n");
	return inj_count();
}

static void loads(int fd)
{
	unsigned int before, all, some, i, errors = 0;
	struct qsc_info want;
	bool good = true;

	ask(&want);
	good = unload();
	if (!good)
		ksft_exit_fail_msg("the module cannot be removed: %s\n", strerror(errno));
	before = count_before(fd);
	inj_start(INJ_FAR);
	if (syscall(SYS_finit_module, fd, "", 0))
		ksft_exit_fail_msg("the module cannot be loaded: %s\n", strerror(errno));
	all = inj_count() - before;
	good = unload();
	some = how_many(all, &load_count);
	for (i = 0; good && i < some; i++)
		good = load_one(fd, before + nth(i, all, some), &want, &errors);
	if (!is_loaded() && syscall(SYS_finit_module, fd, "", 0))
		ksft_exit_fail_msg("the module cannot be loaded again: %s\n", strerror(errno));
	ksft_print_msg("%u of %u allocations failed, %u times there was no module\n", some, all,
		       errors);
	ksft_test_result(good && errors, "without memory, no module, or a whole one\n");
}

int fail_system_plan(void)
{
	return 2;
}

void fail_system(void)
{
	int fd = open_module();

	namespaces();
	if (fd < 0) {
		ksft_test_result_skip("module # SKIP modprobe does not say where it is\n");
		return;
	}
	loads(fd);
	close(fd);
}
