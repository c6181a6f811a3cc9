/*
 * log - key=value lines on stderr, for operators; may be lost (audit may not).
 *
 *	log_info("batch.ready", "batch=%lld items=%d", id, n);
 * Values with blanks are the caller's to quote: log_quote().  Never a secret.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

void log_init(const char *program, enum log_level least);
void log_line(enum log_level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define log_debug(...) log_line(LOG_DEBUG_, __VA_ARGS__)
#define log_info(...)  log_line(LOG_INFO_, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_WARN_, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR_, __VA_ARGS__)
/* One failure, once, with its trail. */
void log_err(const char *event, const struct err *);
/* `s` as a double-quoted value, control characters escaped, cut at the buffer. */
const char *log_quote(const char *s, char *buf, int cap);

#endif
