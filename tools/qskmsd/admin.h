/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * The operator's socket: JSON lines, as "qskms" speaks them. Who may open it
 * may do everything. admin.c moves bytes, admin_ops.c does what is asked.
 */
#ifndef _QSKMSD_ADMIN_H
#define _QSKMSD_ADMIN_H

#include <json-c/json.h>

#include "service.h"

#define ADMIN_LINE_MAX 4096
#define ADMIN_NAME_MAX 1024

enum admin_op {
	ADMIN_KIT = 1,
	ADMIN_ADD,
	ADMIN_LIST,
	ADMIN_STATUS,
	ADMIN_REVOKE,
	ADMIN_STATS,
};

struct admin_conn {
	LIST_ENTRY(admin_conn) link;
	struct service *svc;
	int fd;
	int passed; /* descriptor that came with the request, or -1 */
	struct event *readable;
	struct event *writable;
	bool busy; /* a job is under way */
	bool dead; /* closed meanwhile */
	char line[ADMIN_LINE_MAX];
	size_t line_len;
	char *out; /* wiped once sent */
	size_t out_len;
	size_t out_sent;

	struct store_job job;
	enum admin_op op;
	char name[ADMIN_NAME_MAX]; /* a subscriber, "card:NUMBER" or a file */
	int64_t after;
	struct card card;
	struct store_counts counts;
	struct json_object *result; /* what the job made */
	int err;
	struct qsc_why why;
};

int admin_start(struct service *svc);
void admin_stop(struct service *svc);

/* One answer: @text is taken and wiped; NULL stands for "not enough memory". */
void admin_answer(struct admin_conn *conn, char *text);

/* admin_ops.c: read @line and start on it */
void admin_request(struct admin_conn *conn, const char *line, size_t len);

/* The job of @conn is over: frees it if it was closed meanwhile, and says so. */
bool admin_gone(struct admin_conn *conn);

#endif /* _QSKMSD_ADMIN_H */
