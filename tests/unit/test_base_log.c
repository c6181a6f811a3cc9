#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "check.h"

/* What one call writes to stderr. */
static char got[8192];

static void
catch(void (*f)(void))
{
	int p[2], keep = dup(STDERR_FILENO);
	ssize_t n;

	if (pipe(p) != 0 || dup2(p[1], STDERR_FILENO) < 0)
		exit(1);
	f();
	(void)dup2(keep, STDERR_FILENO);
	(void)close(p[1]);
	n = read(p[0], got, sizeof(got) - 1);
	got[n > 0 ? n : 0] = '\0';
	(void)close(p[0]);
	(void)close(keep);
}

static void
plain(void)
{
	log_debug("not.shown", "x=%d", 1);
	log_info("batch.ready", "batch=%d items=%d", 7, 20);
}

static void
hostile(void)
{
	log_warn("upload", "name=%s", "a\nlevel=error event=forged\x1b[31m");
}

static void
long_line(void)
{
	char x[6000];

	memset(x, 'x', sizeof(x));
	x[sizeof(x) - 1] = '\0';
	log_error("long", "%s", x);
}

static void
failure(void)
{
	struct err e = { 0 };

	err_set(&e, ERR_UNAVAILABLE, "db_unavailable", "the store says \"no\"");
	err_in(&e, "slice 3");
	log_err("worker.slice", &e);
}

int
main(void)
{
	char buf[16];

	log_init("web", LOG_INFO_);
	catch(plain);
	CHECK(strstr(got, "not.shown") == NULL, "below the level: %s", got);
	CHECK(strstr(got, " level=info program=web ") != NULL, "%s", got);
	CHECK(str_ends(got, " event=batch.ready batch=7 items=20\n"), "%s", got);
	catch(hostile);
	CHECK(strchr(got, '\n') == got + strlen(got) - 1 && strchr(got, 0x1b) == NULL, "one line: %s", got);
	catch(long_line);
	CHECK(strlen(got) > 1000 && strlen(got) <= 2048 && str_ends(got, "x\n"), "%zu", strlen(got));
	catch(failure);
	CHECK(str_ends(got, "event=worker.slice kind=unavailable code=db_unavailable"
	    " msg=\"the store says \\\"no\\\"\" trail=\"slice 3\"\n"), "%s", got);
	CHECK(strcmp(log_quote("a\"\\\n\x01", buf, sizeof(buf)), "\"a\\\"\\\\\\n\\x01\"") == 0, "%s", buf);
	CHECK(strcmp(log_quote("0123456789abcdef", buf, 8), "\"01234\"") == 0, "cut: %s", buf);
	CHECK(strcmp(log_quote("ab\n", buf, 5), "\"ab\"") == 0, "an escape is not cut in two: %s", buf);
	CHECK(strcmp(log_quote("x", buf, 1), "\"\"") == 0, "no room");
	return check_done();
}
