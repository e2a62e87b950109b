// SPDX-License-Identifier: GPL-2.0
/* Calls in the table of the first network namespace. */

#include "calls.h"

#include "../erase.h"

int qsc_test_calls_init(struct kunit *test)
{
	return qsc_test_table()->count ? -EBUSY : 0;
}

void qsc_test_calls_exit(struct kunit *test)
{
	qsc_test_fail_nth(0);
	qsc_test_set_param(test, "max_calls", "65536");
	qsc_test_set_param(test, "max_ssrcs", "32");
	qsc_flush_calls(qsc_test_table(), QSC_ERASE_REASON_FLUSH);
}

struct qsc_call_params qsc_test_call_params(const char *id, u16 port)
{
	struct qsc_call_params p = { .id = id, .window = QSC_WINDOW_DEFAULT, .nr_legs = 1 };

	p.legs[0].suite = qsc_suite_by_id(QSC_TEST_SUITE);
	qsc_addr_set_v4(&p.legs[0].local, htonl(0xc0000201), htons(port));
	qsc_addr_set_v4(&p.legs[0].remote, htonl(0xc0000202), htons(port));
	return p;
}

int qsc_test_new_call(const char *id, u16 port)
{
	struct qsc_call_params p = qsc_test_call_params(id, port);

	return qsc_call_new(qsc_test_table(), &p, NULL);
}

int qsc_test_delete_call(const char *id)
{
	struct qsc_net *qn = qsc_test_table();
	struct qsc_call *call;

	mutex_lock(&qn->lock);
	call = qsc_call_find(qn, id);
	if (call)
		qsc_forget_call(call, QSC_ERASE_REASON_DEL);
	mutex_unlock(&qn->lock);
	if (!call)
		return -ENOENT;
	qsc_bury(qn);
	return 0;
}

struct qsc_call *qsc_test_find_call(const char *id)
{
	struct qsc_net *qn = qsc_test_table();
	struct qsc_call *call;

	mutex_lock(&qn->lock);
	call = qsc_call_find(qn, id);
	mutex_unlock(&qn->lock);
	return call;
}

void qsc_test_make_master(struct qsc_test_master *m, u8 dir, u8 seed, const char *mki,
			  u32 overlap_ms)
{
	memset(m->key, seed, sizeof(m->key));
	memset(m->salt, ~seed, sizeof(m->salt));
	m->p = (struct qsc_key_params){
		.suite = qsc_suite_by_id(QSC_TEST_SUITE),
		.master = m->key,
		.salt = m->salt,
		.mki = mki,
		.mki_len = mki ? strlen(mki) : 0,
		.dir = dir,
		.overlap_ms = overlap_ms,
	};
}

int qsc_test_install(const char *id, u8 dir, u8 seed, const char *mki, u32 overlap_ms)
{
	struct qsc_test_master m;

	qsc_test_make_master(&m, dir, seed, mki, overlap_ms);
	return qsc_call_install(qsc_test_table(), id, &m.p, NULL);
}

bool qsc_test_table_is_empty(void)
{
	struct qsc_net *qn = qsc_test_table();
	bool empty;

	mutex_lock(&qn->lock);
	empty = !qn->count && !qn->hooked && xa_empty(&qn->by_number) &&
		list_empty(&qn->dead_keys) && list_empty(&qn->dead_calls) &&
		list_empty(&qn->bound) && !atomic_read(&qn->by_id.nelems);
	mutex_unlock(&qn->lock);
	return empty;
}
