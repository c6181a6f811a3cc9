#include "cmd/command.h"

#include <stdarg.h>
#include <stdio.h>

int
command_failed(const char *command, const struct err *e)
{
	(void)fprintf(stderr, "certmill %s: %s%s%s\n", command, e->kind == ERR_INTERNAL ? e->trail : e->msg,
	    e->kind != ERR_INTERNAL && e->trail[0] != '\0' ? " -- " : "",
	    e->kind == ERR_INTERNAL ? "" : e->trail);
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
