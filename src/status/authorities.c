#include "status/authorities.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "domain/certificate/status_feed.h"
#include "store/profile.h"

#define MOST 4096

struct authorities {
	pthread_mutex_t			 lock;		/* for those who add */
	struct authority *_Atomic	 list[MOST];
	atomic_size_t			 n;
};

struct authorities *
authorities_new(void)
{
	struct authorities *t = calloc(1, sizeof(*t));

	if (t == NULL)
		abort();
	(void)pthread_mutex_init(&t->lock, NULL);
	return t;
}

void
authorities_free(struct authorities *t)
{
	for (size_t i = 0; i < atomic_load(&t->n); i++) {
		struct authority *ca = atomic_load(&t->list[i]);

		str_free(&ca->der);
		free(ca);
	}
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

static bool
hashes(struct authority *ca)
{
	struct der subject = ca->issuer.subject, bits;
	struct der_reader r, in;
	struct der algorithm;

	r = der_reader_of(ca->issuer.spki);
	if (!ocsp_key_hash(ca->issuer.spki, ca->key_sha1) || !der_enter(&r, DER_SEQUENCE, &in) ||
	    !der_get_whole(&in, DER_SEQUENCE, &algorithm) || !der_get_octet_bits(&in, &bits) ||
	    EVP_Digest(subject.p, subject.len, ca->name_sha1, NULL, EVP_sha1(), NULL) != 1)
		return false;
	sha256(subject.p, subject.len, ca->name_sha256);
	sha256(bits.p, bits.len, ca->key_sha256);
	return true;
}

/*
 * RSA: as the CA's own certificate is signed, so that SHA-1 stays in the hierarchies that have it.  EC: by its own
 * curve; the hash in its certificate is that of its issuer's.
 */
static enum signature_algorithm
list_signature(const struct issuer *issuer, enum signature_algorithm own)
{
	if (issuer->key.algorithm == KEY_RSA && signature_algorithm_key(own) == KEY_RSA)
		return own;
	return signature_natural(issuer->key);
}

static struct authority *
authority_make(const struct ca *row)
{
	struct authority *ca = calloc(1, sizeof(*ca));
	struct err e = { 0 };
	struct cert cert;
	uint8_t hash[32];
	char hex[33];

	if (ca == NULL)
		abort();
	ca->id = row->id;
	ca->parent_id = row->parent_id;
	ca->shards = row->shards;
	ca->added_at = row->created_at;
	str_add(&ca->der, row->der, row->der_len);
	if (!issuer_load(ca->der.p, ca->der.len, &ca->issuer, &e) || !cert_decode(ca->der.p, ca->der.len, &cert, &e) ||
	    !hashes(ca)) {
		log_err("status.ca", &e);
		str_free(&ca->der);
		free(ca);
		return NULL;
	}
	ca->signature = list_signature(&ca->issuer, cert.signature_algorithm);
	ca->serial = cert.serial;
	if (ca->serial.len > 1 && ca->serial.p[0] == 0)
		ca->serial = (struct der){ ca->serial.p + 1, ca->serial.len - 1 };
	sha256(ca->der.p, ca->der.len, hash);
	hex_lower(hash, 16, hex);
	(void)snprintf(ca->etag, sizeof(ca->etag), "\"%s\"", hex);
	return ca;
}

bool
authorities_refresh(struct authorities *t, const struct app *app, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)64 << 20);
	struct ca *rows;
	size_t n;

	if (!status_cas(app, a, &rows, &n, e))
		return false;
	(void)pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < n && atomic_load(&t->n) < MOST; i++) {
		struct authority *ca;

		if (authorities_by_id(t, rows[i].id) != NULL || (ca = authority_make(&rows[i])) == NULL)
			continue;
		atomic_store(&t->list[atomic_load(&t->n)], ca);
		atomic_fetch_add(&t->n, 1);
	}
	(void)pthread_mutex_unlock(&t->lock);
	return true;
}

size_t
authorities_count(const struct authorities *t)
{
	return atomic_load(&t->n);
}

const struct authority *
authorities_at(const struct authorities *t, size_t i)
{
	return atomic_load(&t->list[i]);
}

const struct authority *
authorities_by_id(const struct authorities *t, int64_t id)
{
	for (size_t i = 0; i < authorities_count(t); i++)
		if (authorities_at(t, i)->id == id)
			return authorities_at(t, i);
	return NULL;
}

const struct authority *
authorities_by_ski(const struct authorities *t, const char *ski)
{
	for (size_t i = 0; i < authorities_count(t); i++)
		if (strcmp(authorities_at(t, i)->issuer.id, ski) == 0)
			return authorities_at(t, i);
	return NULL;
}

const struct authority *
authorities_by_certid(const struct authorities *t, const struct ocsp_certid *id)
{
	for (size_t i = 0; i < authorities_count(t); i++) {
		const struct authority *ca = authorities_at(t, i);

		if (id->hash == OCSP_SHA1 && der_equal(id->key_hash, ca->key_sha1, sizeof(ca->key_sha1)) &&
		    der_equal(id->name_hash, ca->name_sha1, sizeof(ca->name_sha1)))
			return ca;
		if (id->hash == OCSP_SHA256 && der_equal(id->key_hash, ca->key_sha256, sizeof(ca->key_sha256)) &&
		    der_equal(id->name_hash, ca->name_sha256, sizeof(ca->name_sha256)))
			return ca;
	}
	return NULL;
}

bool
authorities_issued(const struct authorities *t, const struct authority *issuer, struct der serial)
{
	for (size_t i = 0; i < authorities_count(t); i++) {
		const struct authority *ca = authorities_at(t, i);

		if ((ca->parent_id == issuer->id || (ca == issuer && ca->parent_id == 0)) &&
		    der_equal(serial, ca->serial.p, ca->serial.len))
			return true;
	}
	return false;
}
