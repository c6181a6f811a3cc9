#include "signer/docs.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "signer/files.h"
#include "x509/seal.h"

#define SIGNED_MAX (256 * 1024)		/* octets of a document with its signature */

struct docs {
	const struct conf	*conf;
	const struct cas	*cas;
	struct str		 certs;
	struct der		 operators[CONF_OPERATORS_MAX];
	size_t			 n_operators;
	pthread_rwlock_t	 lock;
	struct doc		*first;
	atomic_size_t		 refused;
};

static void
doc_free(struct doc *d)
{
	for (size_t i = 0; i < COUNT(d->older); i++)
		tbs_template_free(d->older[i]);
	tbs_template_free(d->template);
	if (d->profile != NULL)
		profile_free(d->profile);
	json_decref(d->parameters);
	free(d);
}
OWN_TYPE(struct doc, doc_free)
OWN_TYPE(json_t, json_decref)

void
docs_free(struct docs *s)
{
	while (s->first != NULL) {
		struct doc *d = s->first;

		s->first = d->next;
		doc_free(d);
	}
	str_free(&s->certs);
	pthread_rwlock_destroy(&s->lock);
	free(s);
}

static bool
operators_read(struct docs *s, struct err *e)
{
	size_t ends[CONF_OPERATORS_MAX], at = 0;

	for (size_t i = 0; i < s->conf->n_operators; i++) {
		size_t n;

		if (!pem_file_certs(s->conf->operators[i], &s->certs, ends + i, 1, &n, e))
			return false;
	}
	s->n_operators = s->conf->n_operators;
	for (size_t i = 0; i < s->n_operators; i++) {
		s->operators[i] = (struct der){ (const uint8_t *)s->certs.p + at, ends[i] - at };
		at = ends[i];
	}
	return true;
}

static const char *
folder_of(const struct docs *s, enum doc_kind kind)
{
	return kind == DOC_PROFILE ? s->conf->profiles : s->conf->organizations;
}

static const char *
kind_name(enum doc_kind kind)
{
	return kind == DOC_PROFILE ? "profile" : "organization";
}

static void
path_of(const struct docs *s, enum doc_kind kind, int64_t id, int64_t version, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s/%" PRId64 "-%" PRId64 ".cms", folder_of(s, kind), id, version);
}

/* With the lock held. */
static struct doc *
known(const struct docs *s, enum doc_kind kind, int64_t id, int64_t version)
{
	for (struct doc *d = s->first; d != NULL; d = d->next)
		if (d->kind == kind && d->id == id && d->version == version)
			return d;
	return NULL;
}

static bool
organization_parse(json_t *root, struct doc *d, struct err *e)
{
	const char *key;
	json_t *value;
	json_int_t id, version;

	if (json_unpack(root, "{s:s, s:I, s:I, s:o !}", "document", &key, "id", &id, "version", &version,
	    "parameters", &value) != 0 || id < 0 || version < 0 || !json_is_object(value))
		return err_set(e, ERR_INVALID, "doc_invalid",
		    "an organization's constants are {\"document\", \"id\", \"version\", \"parameters\"}");
	d->kind = DOC_ORGANIZATION;
	d->id = id;
	d->version = version;
	d->parameters = json_incref(value);
	json_object_foreach(d->parameters, key, value)
		if (!json_is_string(value))
			return err_set(e, ERR_INVALID, "doc_invalid", "constant %.60s is not a string", key);
	return true;
}

/*
 * Worker hosts change over to another number of shards one after the other, so certificates by the numbers before are
 * signed too: their lists are made all the same.
 */
static bool
templates_make(struct doc *d, const char *public_url, struct err *e)
{
	struct tbs_site site = { .public_url = public_url, .shards = ca_shards(d->ca) };
	const struct conf_ca *c = d->ca->conf;

	if (!tbs_template_new(d->profile, &d->ca->issuer, &site, &d->template, e))
		return false;
	if (!tbs_template_sharded(d->template))
		return true;
	if (c == NULL)
		return err_set(e, ERR_INVALID, "ca_shards", "its certificates would point at CRL shards, and CA %.60s has none: "
		    "[ca %.60s] shards in signer.conf", d->ca->id, d->ca->id);
	for (size_t i = 0; i + 1 < c->n; i++) {
		site.shards = c->shards[i];
		if (!tbs_template_new(d->profile, &d->ca->issuer, &site, &d->older[i], e))
			return false;
	}
	return true;
}

static bool
profile_read(struct docs *s, const char *json, size_t len, struct doc *d, struct err *e)
{
	OWN(arena_free) struct arena *arena = arena_new(1 << 20);
	struct faults faults = { .arena = arena };
	const struct profile_about *about;
	struct err why = { 0 };

	if (!profile_parse(json, len, &d->profile, &faults, e)) {
		if (faults.n != 0)
			return err_set(e, ERR_INVALID, "doc_invalid", "the profile's %.60s: %.100s",
			    faults.list[0].field != NULL ? faults.list[0].field : "text", faults.list[0].message);
		return false;
	}
	about = profile_about(d->profile);
	d->kind = DOC_PROFILE;
	d->id = about->id;
	d->version = about->version;
	d->ca = ca_by_id(s->cas, about->ca);
	if (d->ca == NULL) {
		snprintf(d->why_not, sizeof(d->why_not), "CA %.80s of profile %" PRId64 " is not here",
		    about->ca, d->id);
		return true;
	}
	if (!templates_make(d, s->conf->public_url, &why)) {
		snprintf(d->why_not, sizeof(d->why_not), "%s", why.msg);
		tbs_template_free(give(d->template));
	}
	return true;
}

/* From a signed message to a document that is not yet in the list. */
static bool
doc_open(struct docs *s, struct der cms, struct doc **out, struct err *e)
{
	OWN(doc_free) struct doc *d = calloc(1, sizeof(*d));
	OWN(json_decref) json_t *root = NULL;
	OWN_STR struct str text = { 0 };
	size_t by;
	bool ok;

	if (d == NULL)
		abort();
	if (s->n_operators == 0)
		return err_set(e, ERR_FORBIDDEN, "signed_doc_signer", "signer.conf names no operator certificate");
	if (!signed_doc_open(cms, s->operators, s->n_operators, &text, &by, e))
		return false;
	if (text.len > PROFILE_JSON_MAX)
		return err_set(e, ERR_TOO_LARGE, "doc_large", "a document has at most %d octets", PROFILE_JSON_MAX);
	sha256(text.p, text.len, d->sha256);
	root = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
	if (root == NULL || !json_is_object(root))
		return err_set(e, ERR_INVALID, "doc_invalid", "the document is no JSON object");
	ok = json_object_get(root, "document") != NULL ? organization_parse(root, d, e)
	    : profile_read(s, text.p, text.len, d, e);
	if (!ok)
		return false;
	*out = give(d);
	return true;
}

size_t
docs_refused(struct docs *s)
{
	return atomic_load(&s->refused);
}

/* Puts it in the list; where that version is there already, the one there stays. */
static const struct doc *
doc_keep(struct docs *s, struct doc *d)
{
	struct doc *was;

	pthread_rwlock_wrlock(&s->lock);
	was = known(s, d->kind, d->id, d->version);
	if (was == NULL) {
		d->next = s->first;
		s->first = d;
	}
	pthread_rwlock_unlock(&s->lock);
	if (was == NULL)
		return d;
	doc_free(d);
	return was;
}

/* The file has to hold what its name says. */
static bool
load_file(struct docs *s, enum doc_kind kind, int64_t id, int64_t version, const struct doc **out, struct err *e)
{
	OWN(doc_free) struct doc *d = NULL;
	OWN_STR struct str cms = { 0 };
	char path[PATH_MAX];

	path_of(s, kind, id, version, path, sizeof(path));
	if (!file_read(path, SIGNED_MAX, &cms, e)
	    || !doc_open(s, (struct der){ (const uint8_t *)cms.p, cms.len }, &d, e))
		return false;
	if (d->kind != kind || d->id != id || d->version != version)
		return err_set(e, ERR_INVALID, "doc_name", "%.100s holds %s %" PRId64 " version %" PRId64, path,
		    kind_name(d->kind), d->id, d->version);
	*out = doc_keep(s, give(d));
	return true;
}

static void
refused(struct docs *s, enum doc_kind kind, const char *name, const struct err *e)
{
	char path[PATH_MAX];
	struct err said = *e;

	snprintf(path, sizeof(path), "%s/%s", folder_of(s, kind), name);
	err_in(&said, "%s", path);
	log_err("document.refused", &said);
	atomic_fetch_add(&s->refused, 1);
}

static void
load_folder(struct docs *s, enum doc_kind kind)
{
	DIR *dir = opendir(folder_of(s, kind));
	struct dirent *f;

	if (dir == NULL)
		return;
	while ((f = readdir(dir)) != NULL) {
		const struct doc *d;
		struct err e = { 0 };
		int64_t id, version;
		char again[NAME_MAX + 1];
		bool have;

		if (!str_ends(f->d_name, ".cms"))
			continue;
		if (sscanf(f->d_name, "%" SCNd64 "-%" SCNd64, &id, &version) != 2 || id < 0 || version < 0
		    || snprintf(again, sizeof(again), "%" PRId64 "-%" PRId64 ".cms", id, version) <= 0
		    || strcmp(again, f->d_name) != 0) {
			err_set(&e, ERR_INVALID, "doc_name", "a document's file is named ID-VERSION.cms");
			refused(s, kind, f->d_name, &e);
			continue;
		}
		pthread_rwlock_rdlock(&s->lock);
		have = known(s, kind, id, version) != NULL;
		pthread_rwlock_unlock(&s->lock);
		if (!have && !load_file(s, kind, id, version, &d, &e))
			refused(s, kind, f->d_name, &e);
	}
	closedir(dir);
}

void
docs_reload(struct docs *s)
{
	load_folder(s, DOC_PROFILE);
	load_folder(s, DOC_ORGANIZATION);
}

bool
docs_open(const struct conf *conf, const struct cas *cas, struct docs **out, struct err *e)
{
	OWN(docs_free) struct docs *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->conf = conf;
	s->cas = cas;
	pthread_rwlock_init(&s->lock, NULL);
	if (!operators_read(s, e))
		return false;
	docs_reload(s);
	*out = give(s);
	return true;
}

bool
docs_get(struct docs *s, enum doc_kind kind, int64_t id, int64_t version, const struct doc **out, struct err *e)
{
	char name[64];

	pthread_rwlock_rdlock(&s->lock);
	*out = known(s, kind, id, version);
	pthread_rwlock_unlock(&s->lock);
	if (*out != NULL)
		return true;
	if (load_file(s, kind, id, version, out, e))
		return true;
	if (e->kind != ERR_NOT_FOUND) {
		snprintf(name, sizeof(name), "%" PRId64 "-%" PRId64 ".cms", id, version);
		refused(s, kind, name, e);
	}
	err_clear(e);
	return err_set(e, ERR_FORBIDDEN, "doc_unknown", "%s %" PRId64 " version %" PRId64
	    " is not active in the signer: activate it with an operator's key", kind_name(kind), id, version);
}

bool
docs_activate(struct docs *s, struct der cms, const struct doc **out, bool *anew, struct err *e)
{
	OWN(doc_free) struct doc *d = NULL;
	const struct doc *was;
	char path[PATH_MAX];
	struct err ignored = { 0 };

	if (cms.len > SIGNED_MAX)
		return err_set(e, ERR_TOO_LARGE, "doc_large", "a signed document has at most %d octets", SIGNED_MAX);
	if (!doc_open(s, cms, &d, e))
		return false;
	*anew = !docs_get(s, d->kind, d->id, d->version, &was, &ignored);
	if (!*anew) {
		if (memcmp(was->sha256, d->sha256, SHA256_LEN) != 0)
			return err_set(e, ERR_CONFLICT, "doc_differs", "%s %" PRId64 " version %" PRId64
			    " is active with other content: give the change a new version", kind_name(d->kind), d->id,
			    d->version);
		*out = was;
		return true;
	}
	path_of(s, d->kind, d->id, d->version, path, sizeof(path));
	if (!file_write(path, 0600, cms.p, cms.len, e))
		return false;
	*out = doc_keep(s, give(d));
	return true;
}

const struct doc *
docs_first(struct docs *s)
{
	const struct doc *d;

	pthread_rwlock_rdlock(&s->lock);
	d = s->first;
	pthread_rwlock_unlock(&s->lock);
	return d;
}

void
doc_constants(const struct doc *organization, const struct profile *profile, const char *out[PROFILE_INPUTS_MAX])
{
	size_t n;
	const struct profile_parameter *p = profile_parameters(profile, &n);

	memset(out, 0, PROFILE_INPUTS_MAX * sizeof(*out));
	for (size_t i = 0; i < n && i < PROFILE_INPUTS_MAX && organization != NULL; i++)
		out[i] = json_string_value(json_object_get(organization->parameters, p[i].name));
}
