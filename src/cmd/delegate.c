/*
 * certmill delegate: OCSP delegates of a signer that has no CA keys, as files that are carried between two zones:
 * its requests, their certificates from a signer with the keys, and back.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/own.h"
#include "base/str.h"
#include "cmd/command.h"
#include "signlink/signlink.h"

#define ARENA_MAX ((size_t)16 << 20)
#define OBJECT_MAX 65536

OWN_TYPE(json_t, json_decref)

struct delegate_call {
	struct signlink	*signer;
	struct arena	*arena;
	const char	*in, *out;
};

static bool
list_write(const char *path, const char *name, const struct der *list, size_t n, struct err *e)
{
	OWN(json_decref) json_t *o = json_object();
	json_t *items = json_array();

	for (size_t i = 0; i < n; i++) {
		OWN_STR struct str text = { 0 };

		b64_encode(list[i].p, list[i].len, &text);
		json_array_append_new(items, json_string(text.p));
	}
	json_object_set_new(o, name, items);
	return json_dump_file(o, path, JSON_INDENT(1)) == 0 || err_sys(e, "%s", path);
}

static bool
list_read(struct delegate_call *c, const char *name, struct der **list, size_t *n, struct err *e)
{
	OWN(json_decref) json_t *o = json_load_file(c->in, JSON_REJECT_DUPLICATES, NULL);
	json_t *items = json_object_get(o, name), *item;
	size_t i;

	if (!json_is_array(items))
		return err_set(e, ERR_INVALID, "delegate_file", "%.100s is no file with %s", c->in, name);
	*n = json_array_size(items);
	*list = arena_array(c->arena, *n + 1, sizeof(**list));
	if (*list == NULL)
		return err_set(e, ERR_TOO_LARGE, "delegate_file", "%.100s is too large", c->in);
	json_array_foreach(items, i, item) {
		uint8_t *p = arena_alloc(c->arena, OBJECT_MAX);
		const char *text = json_string_value(item);

		if (p == NULL || text == NULL || !b64_decode(text, strlen(text), p, OBJECT_MAX, &(*list)[i].len))
			return err_set(e, ERR_INVALID, "delegate_file", "%.100s: entry %zu is not base64", c->in, i + 1);
		(*list)[i].p = p;
	}
	return true;
}

static bool
request(struct delegate_call *c, struct err *e)
{
	struct der *list;
	size_t n;

	if (!signlink_ocsp_requests(c->signer, c->arena, &list, &n, e) || !list_write(c->out, "requests", list, n, e))
		return false;
	(void)printf("%zu requests\n", n);
	return true;
}

static bool
certify(struct delegate_call *c, struct err *e)
{
	struct der *list, *certs;
	size_t n;

	if (!list_read(c, "requests", &list, &n, e))
		return false;
	certs = arena_array(c->arena, n + 1, sizeof(*certs));
	if (certs == NULL)
		return err_set(e, ERR_TOO_LARGE, "delegate_file", "%.100s is too large", c->in);
	for (size_t i = 0; i < n; i++)
		if (!signlink_ocsp_certify(c->signer, list[i], c->arena, &certs[i], e))
			return err_in(e, "request %zu", i + 1);
	if (!list_write(c->out, "certificates", certs, n, e))
		return false;
	(void)printf("%zu certificates\n", n);
	return true;
}

static bool
install(struct delegate_call *c, struct err *e)
{
	struct der *list;
	size_t n;

	if (!list_read(c, "certificates", &list, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!signlink_ocsp_install(c->signer, list[i], e))
			return err_in(e, "certificate %zu", i + 1);
	(void)printf("%zu delegates\n", n);
	return true;
}

static const struct {
	const char	*name;
	bool		(*run)(struct delegate_call *, struct err *);
	bool		 in, out;
} actions[] = {
	{ "request", request, false, true },
	{ "certify", certify, true, true },
	{ "install", install, true, false },
};

static int
usage(void)
{
	(void)puts("usage: certmill delegate request --signer SOCKET --out FILE\n"
	    "       certmill delegate certify --signer SOCKET --in FILE --out FILE\n"
	    "       certmill delegate install --signer SOCKET --in FILE\n\n"
	    "OCSP delegates for a signer without CA keys, in three steps: `request` at that signer (its status or ops\n"
	    "socket), `certify` at the signer with the keys (its ops socket; its signer.conf names the other's\n"
	    "responder.pem), `install` at the first again.  Repeat it when half of delegate_s is over.");
	return EXIT_DONE;
}

int
cmd_delegate(int argc, char **argv)
{
	static const struct option options[] = { { "signer", required_argument, NULL, 's' }, { "in", required_argument, NULL, 'i' },
		{ "out", required_argument, NULL, 'o' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	OWN(signlink_free) struct signlink *signer = NULL;
	OWN(arena_free) struct arena *arena = arena_new(ARENA_MAX);
	struct delegate_call c = { .arena = arena };
	const char *socket = NULL;
	struct err e = { 0 };
	int opt;

	while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (opt == 'h')
			return usage();
		if (opt == '?')
			return command_usage("delegate", "unknown option");
		*(opt == 's' ? &socket : opt == 'i' ? &c.in : &c.out) = optarg;
	}
	for (size_t i = 0; i < COUNT(actions) && optind + 1 == argc; i++) {
		if (strcmp(argv[optind], actions[i].name) != 0)
			continue;
		if (socket == NULL || actions[i].in != (c.in != NULL) || actions[i].out != (c.out != NULL))
			break;
		signer = c.signer = signlink_new(socket);
		return actions[i].run(&c, &e) ? EXIT_DONE : command_failed("delegate", &e);
	}
	return command_usage("delegate", "request, certify or install, each with its files");
}
