#include "cmd/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
command_failed(const char *command, const struct err *e)
{
	/* "internal error" says nothing that the trail does not. */
	const char *msg = e->code != NULL && strcmp(e->code, "internal") == 0 ? "" : e->msg;

	(void)fprintf(stderr, "certmill %s: %s%s%s\n", command, msg, msg[0] != '\0' && e->trail[0] != '\0' ? " -- " : "",
	    e->trail);
	return EXIT_FAILED;
}

int
command_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	(void)fprintf(stderr, "certmill %s: ", command);
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "; see certmill %s --help\n", command);
	return EXIT_USAGE;
}
