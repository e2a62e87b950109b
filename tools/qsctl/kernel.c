// SPDX-License-Identifier: GPL-2.0-only
/* The connection to the module, shared by all commands of one run. */
#include <string.h>

#include "qsctl.h"

int kernel_open(struct qsctl *ctl)
{
	int err;

	if (ctl->sk)
		return QSCTL_OK;
	err = qsc_open(&ctl->sk);
	if (!err)
		return QSCTL_OK;
	complain("%s", ctl->sk ? qsc_last_error(ctl->sk)->text : "out of memory");
	kernel_close(ctl);
	return QSCTL_REFUSED;
}

void kernel_close(struct qsctl *ctl)
{
	qsc_close(ctl->sk);
	ctl->sk = NULL;
}

/* "qsctl: call del alice: no call with this id" */
int kernel_refused(struct qsctl *ctl, const char *what, const char *id)
{
	const struct qsc_error *err = qsc_last_error(ctl->sk);
	const char *text = err->text[0] ? err->text : "failed";
	char printable[PRINTABLE_ID_MAX];

	if (!id) {
		complain("%s: %s", what, text);
		return QSCTL_REFUSED;
	}
	/* The call-id is on the line already. */
	if (!strcmp(err->attr, "id") && err->kernel[0])
		text = err->kernel;
	format_printable(id, printable, sizeof(printable));
	complain("%s %s: %s", what, printable, text);
	return QSCTL_REFUSED;
}
