/*
 * check - what a unit test needs: CHECK reports a failure and goes on, so that OWN still runs.
 *
 *	if (!CHECK(batch_create(..., &e), "%s", e.msg))
 *		return;
 *	...
 *	return check_done();
 * Threads may check at the same time.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

static atomic_int check_passed, check_failed;

/*
 * The condition must hold; the message says what it means when it does not.  Gives the condition.  The message's
 * arguments are looked at after it, and only when it failed: they may be what the condition filled.
 */
#define CHECK(cond, ...) check_told((cond) ? check_held() : check_broke(__FILE__, __LINE__, #cond, __VA_ARGS__))

/* A call, so that nobody has to use what it gives. */
__attribute__((unused))
static inline bool
check_told(bool ok)
{
	return ok;
}

__attribute__((unused))
static bool
check_held(void)
{
	check_passed++;
	return true;
}

__attribute__((format(printf, 4, 5), unused))
static bool
check_broke(const char *file, int line, const char *cond, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	check_failed++;
	(void)fprintf(stderr, "%s:%d: failed: %s: %s\n", file, line, cond, msg);
	return false;
}

/* The exit status; a test that checked nothing has failed. */
__attribute__((unused))
static int
check_done(void)
{
	if (check_passed + check_failed == 0)
		check_failed++;
	(void)printf("%d passed, %d failed\n", check_passed, check_failed);
	return check_failed == 0 ? 0 : 1;
}

#endif
