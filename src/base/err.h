/*
 * err - what went wrong, filled where it broke and answered in one place.
 *
 * `bool` says whether, `struct err` says what: a value on the caller's stack
 * that needs no allocation and no thread state.  Start with `struct err e = { 0 };`.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define must_check __attribute__((warn_unused_result))

enum err_kind {			/* HTTP status in brackets */
	ERR_NONE = 0,
	ERR_MALFORMED,		/* not parsable at all (400) */
	ERR_INVALID,		/* understood, but wrong (422) */
	ERR_UNAUTHENTICATED,	/* (401) */
	ERR_FORBIDDEN,		/* (403) */
	ERR_NOT_FOUND,		/* (404); also another tenant's object */
	ERR_CONFLICT,		/* the state does not allow it (409) */
	ERR_TOO_LARGE,		/* over a stated limit of size (413) */
	ERR_LIMIT,		/* too often (429); retry_after_s is set */
	ERR_RETRY,		/* lost a race; the transaction may be run again (503 when it leaves) */
	ERR_UNAVAILABLE,	/* store or signer is down (503); retry_after_s may be set */
	ERR_INTERNAL		/* our fault (500); only the request id is shown */
};

struct err {
	enum err_kind	 kind;
	const char	*code;		/* stable and documented: "batch_state"; a string literal */
	int		 retry_after_s;	/* 0: not said */
	char		 msg[192];	/* one line the caller may read */
	char		 trail[256];	/* operators only: "issue 01J..: sign: EPIPE" */
};

/* Sets kind, code and message, clears the trail.  Always false, for `return err_set(...)`. */
bool err_set(struct err *, enum err_kind, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Prepends "text: " to the trail.  Always false. */
bool err_in(struct err *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* As err_set with ERR_INTERNAL/"internal"; the message goes to the trail, with strerror(errno) when errno != 0. */
bool err_sys(struct err *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void err_clear(struct err *);
const char *err_kind_name(enum err_kind);

#endif
