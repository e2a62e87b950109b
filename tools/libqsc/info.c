// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/* The module, its suites and its limits. */
#include <errno.h>
#include <string.h>

#include "internal.h"

static void copy_string(char *out, size_t size, struct nlattr *attr)
{
	if (attr)
		nla_strlcpy(out, attr, size);
}

static int parse_suite(struct nlattr *nest, struct qsc_suite_info *suite)
{
	struct nlattr *tb[QSC_A_SUITE_MAX + 1];

	if (nla_parse_nested(tb, QSC_A_SUITE_MAX, nest, NULL) < 0)
		return -EBADMSG;
	suite->id = qsc_get_u32(tb[QSC_A_SUITE_ID]);
	copy_string(suite->name, sizeof(suite->name), tb[QSC_A_SUITE_NAME]);
	copy_string(suite->driver, sizeof(suite->driver), tb[QSC_A_SUITE_DRIVER]);
	suite->fast = qsc_get_u32(tb[QSC_A_SUITE_FAST]);
	suite->key_len = qsc_get_u32(tb[QSC_A_SUITE_KEY_LEN]);
	suite->salt_len = qsc_get_u32(tb[QSC_A_SUITE_SALT_LEN]);
	suite->tag_len = qsc_get_u32(tb[QSC_A_SUITE_TAG_LEN]);
	return 0;
}

static int parse_suites(struct nlattr *nest, struct qsc_info *info)
{
	struct nlattr *attr;
	int err, rem;

	nla_for_each_nested(attr, nest, rem) {
		if (nla_type(attr) != QSC_A_INFO_SUITE)
			continue;
		if (info->n_suites == QSC_INFO_SUITES_MAX)
			break;
		err = parse_suite(attr, &info->suites[info->n_suites++]);
		if (err)
			return err;
	}
	return 0;
}

static int take_info(struct qsc_reply *reply, void *arg)
{
	struct nlattr *nest = reply->attrs[QSC_A_CALL_INFO];
	struct nlattr *tb[QSC_A_INFO_MAX + 1];
	struct qsc_info *info = arg;

	if (!nest || nla_parse_nested(tb, QSC_A_INFO_MAX, nest, NULL) < 0)
		return -EBADMSG;
	copy_string(info->version, sizeof(info->version), tb[QSC_A_INFO_VERSION]);
	info->calls = qsc_get_u32(tb[QSC_A_INFO_CALLS]);
	info->max_calls = qsc_get_u32(tb[QSC_A_INFO_MAX_CALLS]);
	info->max_ssrcs = qsc_get_u32(tb[QSC_A_INFO_MAX_SSRCS]);
	info->hooked = qsc_get_u32(tb[QSC_A_INFO_HOOKED]);
	return parse_suites(nest, info);
}

int qsc_info(struct qsc_sock *sk, struct qsc_info *info)
{
	memset(info, 0, sizeof(*info));
	return qsc_msg_send_id(sk, QSC_CMD_INFO_GET, NULL, take_info, info);
}
