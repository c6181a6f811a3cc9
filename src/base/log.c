#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_ 2048

static char program[32] = "certmill";
static atomic_int least = LOG_INFO_;

void
log_init(const char *name, enum log_level from)
{
	(void)snprintf(program, sizeof(program), "%s", name);
	least = (int)from;
}

/* One write a line, so that lines of several processes on one pipe do not mix. */
static void
put(const char *line, size_t n)
{
	while (n > 0) {
		ssize_t k = write(STDERR_FILENO, line, n);

		if (k <= 0)
			return;		/* a log may be lost */
		line += k;
		n -= (size_t)k;
	}
}

void
log_line(enum log_level level, const char *event, const char *fmt, ...)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	char line[LINE_MAX_], now[TIME_TEXT_LEN];
	size_t n, i;
	va_list ap;
	int k;

	if ((int)level < least)
		return;
	time_text(clock_now_s(), now);
	k = snprintf(line, sizeof(line), "%s level=%s program=%s pid=%d event=%s ", now, names[level], program,
	    (int)getpid(), event);
	n = k < 0 ? 0 : (size_t)k < sizeof(line) ? (size_t)k : sizeof(line) - 1;
	va_start(ap, fmt);
	k = vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (k > 0)
		n = n + (size_t)k < sizeof(line) ? n + (size_t)k : sizeof(line) - 1;
	/* Whatever an unquoted value held, a record stays one line and a terminal is left alone. */
	for (i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n++] = '\n';
	put(line, n);
}

void
log_err(const char *event, const struct err *e)
{
	char msg[2 * sizeof(e->msg)], trail[2 * sizeof(e->trail)];

	log_line(LOG_ERROR_, event, "kind=%s code=%s msg=%s trail=%s", err_kind_name(e->kind),
	    e->code != NULL ? e->code : "none", log_quote(e->msg, msg, (int)sizeof(msg)),
	    log_quote(e->trail, trail, (int)sizeof(trail)));
}

const char *
log_quote(const char *s, char *buf, int cap)
{
	char *to = buf, *end = buf + cap;

	if (cap < 3)
		return "\"\"";
	*to++ = '"';
	for (; *s != '\0'; s++) {
		char esc[5] = { *s, '\0' };
		unsigned char c = (unsigned char)*s;
		size_t n;

		if (c == '"' || c == '\\')
			(void)snprintf(esc, sizeof(esc), "\\%c", c);
		else if (c == '\n')
			(void)snprintf(esc, sizeof(esc), "\\n");
		else if (c < ' ' || c == 0x7f)
			(void)snprintf(esc, sizeof(esc), "\\x%02x", c);
		n = strlen(esc);
		if (to + n + 2 > end)
			break;
		memcpy(to, esc, n);
		to += n;
	}
	*to++ = '"';
	*to = '\0';
	return buf;
}
