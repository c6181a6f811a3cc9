#include "cmd/admin/admin.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/command.h"
#include "domain/account/organization.h"
#include "domain/profile/profile.h"
#include "domain/account/user.h"
#include "x509/cert.h"

#define ARENA_MAX ((size_t)256 * 1024 * 1024)

static const struct admin_option common[] = {
	{ "dir", "DIR", "the instance's folder" },
	{ "config", "FILE", "or its configuration file" },
	{ "json", NULL, "output as JSON" },
	{ "help", NULL, "this text" },
	{ 0 },
};

/* ---- help ---- */

static void
help_option(const struct admin_option *o)
{
	char left[60];

	(void)snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value == NULL ? "" : " ", o->value == NULL ? "" : o->value);
	(void)printf("      %-28s %s\n", left, o->help);
}

static void
help(const struct admin_command *c)
{
	(void)printf("usage: certmill %s ACTION [ARGUMENT]... [OPTION]...\n\n%s\n\n", c->name, c->summary);
	for (size_t i = 0; i < c->n; i++) {
		const struct admin_action *a = &c->actions[i];

		(void)printf("  %s%s%s\n      %s\n", a->name, a->arguments[0] == '\0' ? "" : " ", a->arguments, a->summary);
		for (const struct admin_option *o = a->options; o != NULL && o->name != NULL; o++)
			help_option(o);
	}
	(void)printf("\n  everywhere\n");
	for (const struct admin_option *o = common; o->name != NULL; o++)
		if (!c->offline || strcmp(o->name, "json") == 0 || strcmp(o->name, "help") == 0)
			help_option(o);
}

/* ---- arguments ---- */

bool
admin_usage(struct admin *a, struct err *e, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	a->wrong_usage = true;
	return err_set(e, ERR_INVALID, "usage", "%s", text);
}

static const struct admin_option *
option_find(const struct admin_option *list, const char *name, size_t len)
{
	for (; list != NULL && list->name != NULL; list++)
		if (strlen(list->name) == len && memcmp(list->name, name, len) == 0)
			return list;
	return NULL;
}

/* "--name value", "--name=value", "--flag"; *i stands on it. */
static bool
option_take(struct admin *a, int argc, char **argv, int *i, struct err *e)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
	const struct admin_option *o = option_find(common, name, len);

	if (o == NULL && a->action != NULL)
		o = option_find(a->action->options, name, len);
	if (o == NULL)
		return admin_usage(a, e, "there is no option \"%.40s\" here", argv[*i]);
	if (o->value == NULL && equals != NULL)
		return admin_usage(a, e, "--%s takes no value", o->name);
	if (o->value != NULL && equals == NULL && ++*i >= argc)
		return admin_usage(a, e, "--%s needs a value: %s", o->name, o->value);
	if (a->given_n == ADMIN_GIVEN_MAX)
		return admin_usage(a, e, "too many options");
	a->given[a->given_n].name = o->name;
	a->given[a->given_n++].value = o->value == NULL ? "" : equals != NULL ? equals + 1 : argv[*i];
	return true;
}

static bool
arguments_read(struct admin *a, int argc, char **argv, struct err *e)
{
	bool only_arguments = false;

	for (int i = 1; i < argc; i++) {
		if (!only_arguments && strcmp(argv[i], "--") == 0) {
			only_arguments = true;
		} else if (!only_arguments && str_starts(argv[i], "--")) {
			if (!option_take(a, argc, argv, &i, e))
				return false;
		} else if (a->action == NULL) {
			for (size_t k = 0; k < a->command->n; k++)
				if (strcmp(a->command->actions[k].name, argv[i]) == 0)
					a->action = &a->command->actions[k];
			if (a->action == NULL)
				return admin_usage(a, e, "there is no action \"%.40s\"", argv[i]);
		} else if (a->argc < (int)COUNT(a->argv)) {
			a->argv[a->argc++] = argv[i];
		} else
			return admin_usage(a, e, "too many arguments");
	}
	return true;
}

const char *
admin_option(const struct admin *a, const char *name, size_t n)
{
	for (size_t i = 0; i < a->given_n; i++)
		if (strcmp(a->given[i].name, name) == 0 && n-- == 0)
			return a->given[i].value;
	return NULL;
}

bool
admin_flag(const struct admin *a, const char *name)
{
	return admin_option(a, name, 0) != NULL;
}

bool
admin_int(struct admin *a, const char *what, const char *text, int64_t lo, int64_t hi, int64_t *out, struct err *e)
{
	bool negative = text[0] == '-';
	uint64_t v;

	if (!parse_u64(text + (negative || text[0] == '+'), INT64_MAX, &v))
		return admin_usage(a, e, "%s is a whole number, not \"%.40s\"", what, text);
	*out = negative ? -(int64_t)v : (int64_t)v;
	if (*out < lo || *out > hi)
		return admin_usage(a, e, "%s is from %" PRId64 " to %" PRId64, what, lo, hi);
	return true;
}

bool
admin_time(struct admin *a, const char *option, bool end, int64_t *out, struct err *e)
{
	const char *text = admin_option(a, option, 0);

	*out = 0;
	if (text == NULL)
		return true;
	if (!time_parse(text, out))
		return admin_usage(a, e, "--%s is a date or a time such as 2026-11-24 or 2026-11-24T10:37:02Z", option);
	if (end && strlen(text) == 10)
		*out += 86399;
	return true;
}

/* ---- running ---- */

static int
finish(struct admin *a, bool ok, const struct err *e)
{
	char name[40];

	if (ok)
		return a->status;
	(void)snprintf(name, sizeof(name), "%s%s%s", a->command->name, a->action == NULL ? "" : " ",
	    a->action == NULL ? "" : a->action->name);
	if (a->wrong_usage) {
		(void)fprintf(stderr, "certmill %s: %s; see certmill %s --help\n", name, e->msg, a->command->name);
		return EXIT_USAGE;
	}
	if (a->faults.n > 0) {
		const struct fault *f = &a->faults.list[0];

		(void)fprintf(stderr, "certmill %s: %s%s%s%s\n", name, f->field == NULL ? "" : f->field,
		    f->field == NULL ? "" : ": ", f->message, a->faults.n > 1 ? " (and more)" : "");
		return EXIT_FAILED;
	}
	return command_failed(name, e);
}

static bool
run(struct admin *a, int argc, char **argv, struct err *e)
{
	if (!arguments_read(a, argc, argv, e))
		return false;
	if (a->action == NULL && a->command->n == 1)
		a->action = &a->command->actions[0];
	if (a->action == NULL)
		return admin_usage(a, e, "say what to do");
	if (a->argc < a->action->min || a->argc > a->action->max)
		return admin_usage(a, e, "%s takes %s", a->action->name,
		    a->action->arguments[0] == '\0' ? "no argument" : a->action->arguments);
	a->json = admin_flag(a, "json");
	if (!a->command->offline) {
		const char *dir = admin_option(a, "dir", 0), *file = admin_option(a, "config", 0);

		if ((dir == NULL) == (file == NULL))
			return admin_usage(a, e, "say which instance: --dir DIR, or --config FILE");
		if (!app_open(dir, file, &a->in, e))
			return false;
		a->app = a->in.app;
	}
	actor_console(&a->who);
	return a->action->run(a, e);
}

int
admin_main(const struct admin_command *c, int argc, char **argv)
{
	OWN(arena_free) struct arena *arena = arena_new(ARENA_MAX);
	struct admin *a = arena_alloc(arena, sizeof(*a));
	struct err e = { 0 };
	int status;

	a->command = c;
	a->arena = arena;
	a->faults.arena = arena;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0) {
			help(c);
			return EXIT_DONE;
		}
	status = finish(a, run(a, argc, argv, &e), &e);
	app_close(&a->in);
	if (fflush(stdout) != 0) {
		(void)fprintf(stderr, "certmill %s: standard output: %s\n", c->name, strerror(errno));
		return EXIT_FAILED;
	}
	return status;
}

/* ---- names ---- */

bool
admin_organization(struct admin *a, const char *text, struct organization *out, struct err *e)
{
	struct organization_filter f = { .name_part = text, .limit = 1000 };
	struct organization *list;
	int64_t total;
	uint64_t id;
	size_t n;

	if (strcmp(text, "0") == 0 || strcmp(text, "instance") == 0) {
		*out = (struct organization){ .name = "" };
		return true;
	}
	if (parse_u64(text, INT64_MAX, &id) && organization_get(a->app, &a->who, (int64_t)id, a->arena, out, e))
		return true;
	err_clear(e);
	if (!organization_search(a->app, &a->who, &f, a->arena, &list, &n, &total, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, text) == 0) {
			*out = list[i];
			return true;
		}
	return err_set(e, ERR_NOT_FOUND, "organization", "there is no organization \"%.100s\"; see certmill org list", text);
}

bool
admin_user(struct admin *a, const char *text, struct user *out, struct err *e)
{
	struct user_filter f = { .organization_id = -1, .username_part = text, .limit = 1000 };
	struct user_row *rows;
	int64_t total;
	uint64_t id;
	size_t n;

	if (!user_search(a->app, &a->who, &f, a->arena, &rows, &n, &total, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].user.username, text) == 0) {
			*out = rows[i].user;
			return true;
		}
	if (parse_u64(text, INT64_MAX, &id) && user_get(a->app, &a->who, (int64_t)id, a->arena, out, e))
		return true;
	return err_set(e, ERR_NOT_FOUND, "user", "there is no user \"%.100s\"; see certmill user list", text);
}

bool
admin_profile(struct admin *a, const char *text, int64_t *id, struct err *e)
{
	struct profile_ref *list;
	uint64_t number = 0;
	size_t n;

	if (!profile_list(a->app, &a->who, NULL, a->arena, &list, &n, e))
		return false;
	(void)(parse_u64(text, INT64_MAX, &number) || (number = 0));
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].row.name, text) == 0 || list[i].row.id == (int64_t)number) {
			*id = list[i].row.id;
			return true;
		}
	return err_set(e, ERR_NOT_FOUND, "profile", "there is no profile \"%.100s\"; see certmill profile list", text);
}

/* ---- files ---- */

bool
admin_file(const char *path, size_t max, struct str *out, struct err *e)
{
	OWN(fclose) FILE *f = fopen(path, "re");
	char buf[16384];
	size_t n;

	if (f == NULL)
		return err_set(e, ERR_INVALID, "file", "%.120s: %s", path, strerror(errno));
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		if (out->len + n > max)
			return err_set(e, ERR_TOO_LARGE, "file", "%.120s is larger than %zu octets", path, max);
		str_add(out, buf, n);
	}
	if (ferror(f))
		return err_set(e, ERR_INVALID, "file", "%.120s: %s", path, strerror(errno));
	return true;
}

bool
admin_certificate(const char *path, struct str *der, struct err *e)
{
	OWN_STR struct str text = { 0 };
	uint8_t buf[CERT_DER_MAX];
	struct cert c;
	size_t len;

	if (!admin_file(path, 4 * (size_t)CERT_DER_MAX, &text, e))
		return false;
	if (text.len > 0 && text.p[0] == 0x30 && text.len <= sizeof(buf)) {
		memcpy(buf, text.p, text.len);
		len = text.len;
	} else if (!pem_decode(text.p == NULL ? "" : text.p, text.len, "CERTIFICATE", buf, sizeof(buf), &len, e))
		return err_set(e, ERR_INVALID, "certificate", "%.120s holds no certificate, PEM or DER", path);
	if (!cert_decode(buf, len, &c, e))
		return err_set(e, ERR_INVALID, "certificate", "%.120s: not a certificate (RFC 5280)", path);
	str_add(der, buf, len);
	return true;
}
