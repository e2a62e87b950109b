/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the system qsc. None tells a key, a salt or what a packet says. */
/* clang-format off */
#ifdef QSC_NO_TRACE

#ifndef _QSC_TRACE_H
#define _QSC_TRACE_H

#include "call.h"

/* A second copy of the module's code has no tracepoints of its own. */
static inline void trace_qsc_drop(const struct qsc_leg *leg, u8 dir, unsigned int stat)
{
}

static inline void trace_qsc_latch(const struct qsc_leg *leg, const struct qsc_addr *remote)
{
}

static inline void trace_qsc_keyed(const struct qsc_call *call, u8 leg, u8 dir, u32 generation,
				   u8 reason)
{
}

static inline void trace_qsc_erased(const struct qsc_call *call, u8 leg, u8 dir, u32 generation,
				    u8 reason)
{
}

#endif /* _QSC_TRACE_H */

#else

#undef TRACE_SYSTEM
#define TRACE_SYSTEM qsc

#if !defined(_QSC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _QSC_TRACE_H

#include <linux/tracepoint.h>

#include "call.h"

/* Since 6.10 the source is that which __string() named. */
#ifdef QSC_HAVE_ASSIGN_STR_ONE
#define qsc_assign_str(dst, src)   \
	do {                       \
		(void)(src);       \
		__assign_str(dst); \
	} while (0)
#else
#define qsc_assign_str(dst, src) __assign_str(dst, src)
#endif

#define qsc_show_reason(reason)                                                              \
	__print_symbolic(reason, { QSC_ERASE_REASON_DEL, "del" },                             \
			 { QSC_ERASE_REASON_FLUSH, "flush" },                                 \
			 { QSC_ERASE_REASON_REQUEST, "request" },                             \
			 { QSC_ERASE_REASON_REKEY, "rekey" },                                 \
			 { QSC_ERASE_REASON_TIMEOUT, "timeout" },                             \
			 { QSC_ERASE_REASON_LIFETIME, "lifetime" },                           \
			 { QSC_ERASE_REASON_OWNER, "owner" },                                 \
			 { QSC_ERASE_REASON_NETNS, "netns" },                                 \
			 { QSC_ERASE_REASON_REBOOT, "reboot" },                               \
			 { QSC_ERASE_REASON_HIBERNATE, "hibernate" },                         \
			 { QSC_ERASE_REASON_SUSPEND, "suspend" },                             \
			 { QSC_ERASE_REASON_REVOKED, "revoked" })

/* @stat: attribute number of the counter that counts it, QSC_A_STATS_*. */
TRACE_EVENT(qsc_drop,
	    TP_PROTO(const struct qsc_leg *leg, u8 dir, unsigned int stat),

	    TP_ARGS(leg, dir, stat),

	    TP_STRUCT__entry(__string(call, leg->call->id)
			     __field(u8, leg)
			     __field(u8, dir)
			     __field(unsigned int, stat)
	    ),

	    TP_fast_assign(qsc_assign_str(call, leg->call->id);
			   __entry->leg = leg->index;
			   __entry->dir = dir;
			   __entry->stat = stat;
	    ),

	    TP_printk("call=%s leg=%u dir=%s stat=%u", __get_str(call), __entry->leg,
		      __entry->dir == QSC_DIR_TX ? "tx" : "rx", __entry->stat)
);

TRACE_EVENT(qsc_latch,
	    TP_PROTO(const struct qsc_leg *leg, const struct qsc_addr *remote),

	    TP_ARGS(leg, remote),

	    TP_STRUCT__entry(__string(call, leg->call->id)
			     __field(u8, leg)
			     __array(u8, ip, 16)
			     __field(u16, port)
	    ),

	    TP_fast_assign(qsc_assign_str(call, leg->call->id);
			   __entry->leg = leg->index;
			   memcpy(__entry->ip, &remote->ip, 16);
			   __entry->port = ntohs(remote->port);
	    ),

	    TP_printk("call=%s leg=%u remote=[%pI6c]:%u", __get_str(call), __entry->leg,
		      __entry->ip, __entry->port)
);

DECLARE_EVENT_CLASS(qsc_key_class,
		    TP_PROTO(const struct qsc_call *call, u8 leg, u8 dir, u32 generation,
			     u8 reason),

		    TP_ARGS(call, leg, dir, generation, reason),

		    TP_STRUCT__entry(__string(call, call->id)
				     __field(u8, leg)
				     __field(u8, dir)
				     __field(u32, generation)
				     __field(u8, reason)
		    ),

		    TP_fast_assign(qsc_assign_str(call, call->id);
				   __entry->leg = leg;
				   __entry->dir = dir;
				   __entry->generation = generation;
				   __entry->reason = reason;
		    ),

		    TP_printk("call=%s leg=%u dir=%s generation=%u reason=%s",
			      __get_str(call), __entry->leg,
			      __entry->dir == QSC_DIR_TX ? "tx" : "rx", __entry->generation,
			      qsc_show_reason(__entry->reason))
);

/* A key was installed. */
DEFINE_EVENT(qsc_key_class, qsc_keyed,
	     TP_PROTO(const struct qsc_call *call, u8 leg, u8 dir, u32 generation, u8 reason),
	     TP_ARGS(call, leg, dir, generation, reason));

/* A key is gone. */
DEFINE_EVENT(qsc_key_class, qsc_erased,
	     TP_PROTO(const struct qsc_call *call, u8 leg, u8 dir, u32 generation, u8 reason),
	     TP_ARGS(call, leg, dir, generation, reason));

#endif /* _QSC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

#endif /* QSC_NO_TRACE */
