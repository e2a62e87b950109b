/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Counters since the start, by the names that "qskms stats" prints. */
#ifndef _QSKMSD_STATS_H
#define _QSKMSD_STATS_H

#include <stdint.h>

/* clang-format off */
#define STATS(X) \
	X(connections)		/* accepted */ \
	X(logins)		/* handshakes that ended well */ \
	X(refused_hello)	/* no ALPN of ours, no PSK */ \
	X(refused_unknown)	/* a key identity that is none of ours, or revoked */ \
	X(refused_burnt)	/* a key that was used before, or is being used */ \
	X(refused_key)		/* our identity, but not its key */ \
	X(refused_other)	/* anything else that is wrong with TLS */ \
	X(refused_store)	/* the store failed */ \
	X(timeouts)		/* too slow, or idle for too long */ \
	X(burns)		/* keys burnt */ \
	X(syncs)		/* commits that burnt them */ \
	X(burns_failed)		/* keys not burnt because the store failed */ \
	X(keys_made)		/* session keys made */ \
	X(keys_fetched)		/* session keys given to callees */ \
	X(keys_expired)		/* session keys one party did not come for */ \
	X(not_called)		/* callees that no caller has named */ \
	X(rekeys)		/* of those made: with an epoch above 0 */ \
	X(repeats)		/* answers given again */ \
	X(events)		/* told to connections unasked */ \
	X(hangups)		/* calls ended by a party */ \
	X(errors)		/* requests answered with an error */ \
	X(revocations)
/* clang-format on */

struct stats {
#define X(name) uint64_t name;
	STATS(X)
#undef X
};

#endif /* _QSKMSD_STATS_H */
