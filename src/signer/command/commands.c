#include "signer/command/commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/own.h"

int
command_failed(const char *command, const struct err *e)
{
	const char *msg = e->msg, *trail = e->trail;

	if (e->kind == ERR_INTERNAL && e->code != NULL && strcmp(e->code, "internal") == 0) {
		msg = trail;
		trail = "";
	}
	fprintf(stderr, "certmill-signer %s: %s%s%s%s\n", command, msg, trail[0] != '\0' ? " (" : "", trail,
	    trail[0] != '\0' ? ")" : "");
	return EXIT_FAILED;
}

int
command_usage(const char *command, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "certmill-signer %s: ", command);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "; see certmill-signer %s --help\n", command);
	return EXIT_USAGE;
}

static bool
too_long(char *to, const char *fmt, const char *value)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	return (size_t)snprintf(to, PATH_MAX, fmt, value) >= PATH_MAX;
#pragma GCC diagnostic pop
}

/* "--name VALUE" or "--name=VALUE"; false when it is another option. */
static bool
value_of(const char *name, int argc, char **argv, int *i, const char **value)
{
	const char *arg = argv[*i] + 2;
	const size_t n = strlen(name);

	if (strncmp(arg, name, n) != 0 || (arg[n] != '\0' && arg[n] != '='))
		return false;
	if (arg[n] == '=')
		*value = arg + n + 1;
	else
		*value = *i + 1 < argc ? argv[++*i] : NULL;
	return true;
}

static int
one_option(const char *command, int argc, char **argv, int *i, struct common *c, const struct command_option *own,
    size_t n)
{
	const char *arg = argv[*i], *value = NULL;

	if (value_of("config", argc, argv, i, &value)) {
		if (value == NULL || too_long(c->conf, "%s", value))
			return command_usage(command, "%s needs a file", arg);
		return -1;
	}
	if (value_of("dir", argc, argv, i, &value)) {
		if (value == NULL || too_long(c->dir, "%s", value) || too_long(c->conf, "%s/signer.conf", value))
			return command_usage(command, "%s needs a directory", arg);
		return -1;
	}
	for (size_t k = 0; k < n; k++) {
		if (!value_of(own[k].name, argc, argv, i, &value))
			continue;
		if (value == NULL)
			return command_usage(command, "%s needs a value", arg);
		if (own[k].value != NULL)
			*own[k].value = value;
		else if (*own[k].n < own[k].max)
			own[k].list[(*own[k].n)++] = value;
		else
			return command_usage(command, "too many of %s", arg);
		return -1;
	}
	return command_usage(command, "unknown option %s", arg);
}

int
command_options(const char *command, const char *help, int argc, char **argv, struct common *c,
    const struct command_option *own, size_t n, int *rest)
{
	int i;

	memset(c, 0, sizeof(*c));
	for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		int status = -1;

		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "--help") == 0) {
			fputs(help, stdout);
			return EXIT_DONE;
		}
		if (strcmp(argv[i], "--json") == 0)
			c->json = true;
		else
			status = one_option(command, argc, argv, &i, c, own, n);
		if (status != -1)
			return status;
	}
	*rest = i;
	return -1;
}

int
command_needs_conf(const char *command, const struct common *c)
{
	return c->conf[0] != '\0' ? -1 : command_usage(command, "which signer? Give --dir DIR or --config FILE");
}
