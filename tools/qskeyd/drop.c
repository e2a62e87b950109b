// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* CAP_NET_ADMIN is what the module wants to see; nothing else is needed. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "drop.h"
#include "log.h"

static int become(const char *user)
{
	const struct passwd *pw;

	errno = 0;
	pw = getpwnam(user);
	if (!pw) {
		log_error("user: there is no user \"%s\"", user);
		return errno ? -errno : -ENOENT;
	}
	if (prctl(PR_SET_KEEPCAPS, 1) || initgroups(user, pw->pw_gid) ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid)) {
		log_error("cannot become %s: %s", user, strerror(errno));
		return -errno;
	}
	return 0;
}

/* What is not in the bounding set does not come back. */
static void shrink_bounds(void)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		if (cap != CAP_NET_ADMIN && prctl(PR_CAPBSET_DROP, cap)) {
			/* No right to: then there is nothing to be had from it, either. */
		}
}

static int keep_one(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };
	const unsigned int mask = 1U << CAP_NET_ADMIN;

	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[0].effective = data[0].permitted &= mask;
	data[0].inheritable = 0;
	data[1] = (struct __user_cap_data_struct){ 0 };
	if (syscall(SYS_capset, &head, data))
		return -errno;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (!data[0].permitted)
		log_warn("there is no CAP_NET_ADMIN: the kernel will refuse calls");
	return 0;
}

int drop_privileges(const char *user)
{
	int err;

	shrink_bounds();
	err = user ? become(user) : 0;
	if (err)
		return err;
	err = keep_one();
	if (err)
		log_error("cannot drop privileges: %s", strerror(-err));
	return err;
}
