#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {
	[ERR_NONE] = "none",
	[ERR_MALFORMED] = "malformed",
	[ERR_INVALID] = "invalid",
	[ERR_UNAUTHENTICATED] = "unauthenticated",
	[ERR_FORBIDDEN] = "forbidden",
	[ERR_NOT_FOUND] = "not_found",
	[ERR_CONFLICT] = "conflict",
	[ERR_TOO_LARGE] = "too_large",
	[ERR_LIMIT] = "limit",
	[ERR_RETRY] = "retry",
	[ERR_UNAVAILABLE] = "unavailable",
	[ERR_INTERNAL] = "internal",
};

/* Takes back a UTF-8 sequence that the end of the buffer cut in two, for messages become JSON. */
static void
cut_whole(char *s, size_t cap, int wanted)
{
	size_t n, lead;

	if (wanted < 0) {
		s[0] = '\0';
		return;
	}
	if ((size_t)wanted < cap)
		return;
	n = cap - 1;
	lead = n;
	while (lead > 0 && n - lead < 3 && ((unsigned char)s[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead > 0 && (unsigned char)s[lead - 1] >= 0xc0) {
		unsigned char c = (unsigned char)s[lead - 1];
		size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

		if (n - (lead - 1) < need)
			s[lead - 1] = '\0';
	}
}

bool
err_set(struct err *e, enum err_kind kind, const char *code, const char *fmt, ...)
{
	char msg[sizeof(e->msg)];	/* the arguments may lie in *e */
	va_list ap;

	va_start(ap, fmt);
	cut_whole(msg, sizeof(msg), vsnprintf(msg, sizeof(msg), fmt, ap));
	va_end(ap);
	e->kind = kind;
	e->code = code;
	e->retry_after_s = 0;
	memcpy(e->msg, msg, sizeof(e->msg));
	e->trail[0] = '\0';
	return false;
}

bool
err_in(struct err *e, const char *fmt, ...)
{
	char trail[sizeof(e->trail)];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(trail, sizeof(trail), fmt, ap);
	va_end(ap);
	cut_whole(trail, sizeof(trail), n);
	if (n >= 0 && (size_t)n < sizeof(trail) - 1) {
		size_t at = (size_t)n, room = sizeof(trail) - at;
		const char *sep = e->trail[0] != '\0' ? ": " : "";

		cut_whole(trail, sizeof(trail), n + snprintf(trail + at, room, "%s%s", sep, e->trail));
	}
	memcpy(e->trail, trail, sizeof(e->trail));
	return false;
}

bool
err_sys(struct err *e, const char *fmt, ...)
{
	int was = errno;
	char trail[sizeof(e->trail)];
	const char *why = was != 0 ? strerrordesc_np(was) : NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(trail, sizeof(trail), fmt, ap);
	va_end(ap);
	cut_whole(trail, sizeof(trail), n);
	if (was != 0 && n >= 0 && (size_t)n < sizeof(trail) - 1) {
		if (why != NULL)
			(void)snprintf(trail + n, sizeof(trail) - (size_t)n, ": %s", why);
		else
			(void)snprintf(trail + n, sizeof(trail) - (size_t)n, ": errno %d", was);
	}
	err_set(e, ERR_INTERNAL, "internal", "internal error");
	memcpy(e->trail, trail, sizeof(e->trail));
	errno = was;
	return false;
}

void
err_clear(struct err *e)
{
	/* Not all of it: this runs once a row of a query. */
	e->kind = ERR_NONE;
	e->code = NULL;
	e->retry_after_s = 0;
	e->msg[0] = e->trail[0] = '\0';
}

const char *
err_kind_name(enum err_kind kind)
{
	if ((size_t)kind >= sizeof(kind_names) / sizeof(kind_names[0]) || kind_names[kind] == NULL)
		return "unknown";
	return kind_names[kind];
}
