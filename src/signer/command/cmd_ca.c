#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "signer/cas.h"
#include "signer/command/commands.h"
#include "signer/files.h"
#include "signer/hierarchy_make.h"
#include "signer/keyfile.h"
#include "x509/name.h"

#define DOCUMENTS_MAX 64

static const char help[] =
"certmill-signer ca create --dir DIR --hierarchy FILE... [--key-uri ID=pkcs11:...]... [--json]\n"
"certmill-signer ca list --dir DIR [--json]\n"
"\n"
"create: makes the CAs of hierarchy documents (profiles/ECOSYSTEM/hierarchy.json) that are not there yet:\n"
"keys, sealed under the key-encryption key or made in a PKCS#11 token, and certificates, roots first.\n"
"The signer must not be running; it reads its keys when it starts.\n"
"list: shows what is there and whether the key is.\n";

struct wish {
	struct common	 common;
	const char	*files[DOCUMENTS_MAX], *uris[DOCUMENTS_MAX];
	size_t		 n_files, n_uris;
	struct hierarchy *documents[DOCUMENTS_MAX];
	size_t		 n_documents;
};

static bool
document_read(struct wish *w, const char *path, struct err *e)
{
	OWN(arena_free) struct arena *arena = arena_new(1 << 20);
	struct faults faults = { .arena = arena };
	OWN_STR struct str text = { 0 };

	if (!file_read(path, HIERARCHY_JSON_MAX, &text, e))
		return false;
	if (!hierarchy_parse(text.p != NULL ? text.p : "", text.len, &w->documents[w->n_documents], &faults, e)) {
		if (faults.n != 0)
			return err_set(e, ERR_INVALID, "hierarchy_invalid", "%.80s: %.40s %.60s", path,
			    faults.list[0].field != NULL ? faults.list[0].field : "", faults.list[0].message);
		return err_in(e, "%s", path);
	}
	w->n_documents++;
	return true;
}

OWN_TYPE(json_t, json_decref)

static bool
print_list(const struct common *c, struct err *e)
{
	OWN(conf_free) struct conf *conf = NULL;
	OWN(cas_free) struct cas *cas = NULL;
	OWN(json_decref) json_t *list = json_array();
	size_t n;
	const struct ca *ca;

	if (!conf_load(c->conf, &conf, e) || !cas_load(conf, NULL, false, &cas, e))
		return false;
	ca = cas_all(cas, &n);
	for (size_t i = 0; i < n; i++) {
		OWN_STR struct str subject = { 0 };
		char path[PATH_MAX], until[TIME_TEXT_LEN], kind[24];
		const char *key;

		ca_path(conf, ca[i].id, "uri", path, sizeof(path));
		key = access(path, F_OK) == 0 ? "pkcs11" : NULL;
		ca_path(conf, ca[i].id, "key", path, sizeof(path));
		if (key == NULL && access(path, F_OK) == 0)
			key = "file";
		if (!name_text(ca[i].issuer.subject, &subject, e))
			return false;
		time_text(ca[i].issuer.not_after_s, until);
		key_type_text(ca[i].issuer.key, kind);
		if (!c->json)
			printf("%-40s %s  %-9s %-6s until %s  %s\n", ca[i].id, ca[i].issuer.id, kind,
			    key != NULL ? key : "-", until, subject.p);
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s, s:s?}", "id", ca[i].id, "ski",
		    ca[i].issuer.id, "subject", subject.p, "key_type", kind, "key", key, "not_after", until, "parent",
		    ca[i].parent != NULL ? ca[i].parent->id : NULL));
	}
	if (c->json) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		puts("");
	}
	return true;
}

static bool
create(struct wish *w, struct err *e)
{
	OWN(conf_free) struct conf *conf = NULL;
	OWN(secret_free) struct secret *kek = NULL;
	OWN(journal_free) struct journal *journal = NULL;
	struct hierarchy_wish wish = { .documents = (const struct hierarchy *const *)w->documents, .key_uris = w->uris,
		.n_key_uris = w->n_uris };
	size_t made;

	for (size_t i = 0; i < w->n_files; i++)
		if (!document_read(w, w->files[i], e))
			return false;
	wish.n_documents = w->n_documents;
	if (!conf_load(w->common.conf, &conf, e) || !kek_load(conf->kek, &kek, e)
	    || !journal_open(conf->journal, NULL, &journal, e))
		return false;
	wish.threads = conf->threads;
	if (!hierarchy_make(conf, kek, journal, &wish, &made, e))
		return false;
	fprintf(stderr, "%zu CAs made\n", made);
	return print_list(&w->common, e);
}

int
cmd_ca(int argc, char **argv)
{
	struct wish w = { .n_files = 0 };
	const struct command_option own[] = {
		{ "hierarchy", NULL, w.files, &w.n_files, DOCUMENTS_MAX },
		{ "key-uri", NULL, w.uris, &w.n_uris, DOCUMENTS_MAX },
	};
	const bool creating = argc > 1 && strcmp(argv[1], "create") == 0;
	const bool listing = argc > 1 && strcmp(argv[1], "list") == 0;
	struct err e = { 0 };
	int rest, status;
	bool ok;

	if (creating || listing) {
		argc--;
		argv++;
	} else if (argc < 2 || strcmp(argv[1], "--help") != 0)
		return command_usage("ca", "say create or list");
	status = command_options("ca", help, argc, argv, &w.common, own, COUNT(own), &rest);
	if (status == -1)
		status = command_needs_conf("ca", &w.common);
	if (status != -1)
		return status;
	if (rest != argc || (creating && w.n_files == 0))
		return command_usage("ca", "which CAs? Give --hierarchy FILE");
	ok = creating ? create(&w, &e) : print_list(&w.common, &e);
	for (size_t i = 0; i < w.n_documents; i++)
		hierarchy_free(w.documents[i]);
	return ok ? EXIT_DONE : command_failed("ca", &e);
}
