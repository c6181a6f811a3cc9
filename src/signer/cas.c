#include "signer/cas.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "signer/files.h"
#include "signer/keyfile.h"
#include "signer/token/token.h"

struct cas {
	struct ca	*list;
	struct str	*certs;		/* DER of each */
	size_t		 n;
};

void
ca_path(const struct conf *c, const char *id, const char *kind, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s/%s.%s", c->ca, id, kind);
}

void
cas_free(struct cas *s)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->list[i].key != NULL)
			signkey_free(s->list[i].key);
		str_free(&s->certs[i]);
	}
	free(s->list);
	free(s->certs);
	free(s);
}

static int
by_id(const void *a, const void *b)
{
	return strcmp(((const struct ca *)a)->id, ((const struct ca *)b)->id);
}

/* Every ID.pem of the folder. */
static bool
ids_read(const struct conf *c, struct cas *s, struct err *e)
{
	DIR *d = opendir(c->ca);
	struct dirent *f;
	bool ok = true;

	if (d == NULL)
		return err_set(e, ERR_INVALID, "ca_folder", "cannot read %.120s: %s", c->ca, strerror(errno));
	while (ok && (f = readdir(d)) != NULL) {
		size_t n = strlen(f->d_name);
		char id[CA_ID_MAX];

		if (n < 5 || strcmp(f->d_name + n - 4, ".pem") != 0)
			continue;
		if (n - 4 >= sizeof(id)) {
			ok = err_set(e, ERR_INVALID, "ca_id", "%.120s in %.40s has no name for a CA", f->d_name, c->ca);
			break;
		}
		memcpy(id, f->d_name, n - 4);
		id[n - 4] = '\0';
		if (!ca_id_ok(id) || s->n == CAS_MAX) {
			ok = err_set(e, ERR_INVALID, "ca_id", "%.120s in %.40s has no name for a CA", f->d_name, c->ca);
			break;
		}
		memcpy(s->list[s->n++].id, id, sizeof(id));
	}
	closedir(d);
	qsort(s->list, s->n, sizeof(*s->list), by_id);
	return ok;
}

static bool
cert_read(const struct conf *c, struct ca *ca, struct str *der, struct err *e)
{
	char path[PATH_MAX];
	size_t ends[1], n;

	ca_path(c, ca->id, "pem", path, sizeof(path));
	if (!pem_file_certs(path, der, ends, 1, &n, e))
		return false;
	if (!issuer_load(der->p, der->len, &ca->issuer, e))
		return err_in(e, "%s", path);
	return true;
}

static bool
uri_read(const char *path, struct secret **out, struct err *e)
{
	OWN(secret_free) struct secret *s = NULL;

	if (!file_read_secret(path, 4096, &s, e))
		return false;
	while (s->len > 0 && (s->p[s->len - 1] == '\n' || s->p[s->len - 1] == '\r'))
		s->p[--s->len] = '\0';
	*out = give(s);
	return true;
}

/* The key, if it is here: sealed in a file, or named by a URI. */
static bool
key_read(const struct conf *c, const struct secret *kek, struct ca *ca, struct err *e)
{
	const struct token_conf token = { c->pkcs11_module, c->pkcs11_pin_file };
	OWN(secret_free) struct secret *s = NULL;
	char path[PATH_MAX];

	ca_path(c, ca->id, "uri", path, sizeof(path));
	if (access(path, F_OK) == 0)
		return uri_read(path, &s, e)
		    && signkey_from_token((const char *)s->p, &token, ca->issuer.spki, &ca->key, e);
	ca_path(c, ca->id, "key", path, sizeof(path));
	if (access(path, F_OK) != 0)
		return true;
	if (kek == NULL)
		return err_set(e, ERR_INVALID, "kek_missing", "CA %s has a sealed key, but %.100s is missing",
		    ca->id, c->kek);
	return key_open_file(kek, path, &s, e) && signkey_from_pkcs8(s, ca->issuer.spki, &ca->key, e);
}

static void
parents_find(struct cas *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct ca *ca = &s->list[i];
		struct cert cert;
		struct err e = { 0 };

		if (ca->issuer.self_signed || !cert_decode(s->certs[i].p, s->certs[i].len, &cert, &e))
			continue;
		for (size_t k = 0; k < s->n && ca->parent == NULL; k++) {
			const struct der name = s->list[k].issuer.subject;

			if (k != i && der_equal(cert.issuer, name.p, name.len)
			    && signature_verify(s->list[k].issuer.spki, cert.signature_algorithm, cert.tbs.p,
				cert.tbs.len, cert.signature.p, cert.signature.len, &e))
				ca->parent = &s->list[k];
		}
	}
}

static bool
unique_skis(const struct cas *s, struct err *e)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < i; k++)
			if (der_equal(s->list[i].issuer.ski, s->list[k].issuer.ski.p, s->list[k].issuer.ski.len))
				return err_set(e, ERR_INVALID, "ca_twice", "CAs %s and %s have the same key identifier",
				    s->list[k].id, s->list[i].id);
	return true;
}

bool
cas_load(const struct conf *c, const struct secret *kek, bool keys, struct cas **out, struct err *e)
{
	OWN(cas_free) struct cas *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->list = calloc(CAS_MAX, sizeof(*s->list))) == NULL
	    || (s->certs = calloc(CAS_MAX, sizeof(*s->certs))) == NULL)
		abort();
	if (!ids_read(c, s, e))
		return false;
	for (size_t i = 0; i < s->n; i++) {
		struct ca *ca = &s->list[i];

		ca->conf = conf_ca(c, ca->id);
		if (!cert_read(c, ca, &s->certs[i], e) || (keys && !key_read(c, kek, ca, e))) {
			err_in(e, "CA %s", ca->id);
			return false;
		}
	}
	if (!unique_skis(s, e))
		return false;
	parents_find(s);
	*out = give(s);
	return true;
}

const struct ca *
cas_all(const struct cas *s, size_t *n)
{
	*n = s->n;
	return s->list;
}

const struct ca *
ca_by_id(const struct cas *s, const char *id)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->list[i].id, id) == 0)
			return &s->list[i];
	return NULL;
}

const struct ca *
ca_by_ski(const struct cas *s, struct der ski)
{
	for (size_t i = 0; i < s->n; i++)
		if (der_equal(ski, s->list[i].issuer.ski.p, s->list[i].issuer.ski.len))
			return &s->list[i];
	return NULL;
}

unsigned
ca_shards(const struct ca *ca)
{
	return ca->conf == NULL ? 1 : ca->conf->shards[ca->conf->n - 1];
}

unsigned
ca_shard_lists(const struct ca *ca)
{
	unsigned most = 0;

	for (size_t i = 0; ca->conf != NULL && i < ca->conf->n; i++)
		if (ca->conf->shards[i] > most)
			most = ca->conf->shards[i];
	return most;
}

bool
ca_shard_holds(const struct ca *ca, const uint8_t serial[16], unsigned shard)
{
	for (size_t i = 0; ca->conf != NULL && i < ca->conf->n; i++)
		if (cert_shard(serial, ca->conf->shards[i]) == shard)
			return true;
	return false;
}
