/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Messages on stderr, with levels that systemd's journal understands. */
#ifndef _QSC_LOG_H
#define _QSC_LOG_H

enum log_level {
	LOG_ERROR = 3,
	LOG_WARN = 4,
	LOG_INFO = 6,
	LOG_DEBUG = 7,
};

/* @name goes in front of each line where there is no journal to do that. */
void log_init(const char *name, enum log_level most);
void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

#endif /* _QSC_LOG_H */
