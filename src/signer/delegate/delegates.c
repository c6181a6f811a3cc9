#include "signer/delegate/delegates.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "signer/delegate/delegate_cert.h"
#include "signer/delegate/delegates_impl.h"
#include "signer/files.h"
#include "signer/keyfile.h"
#include "x509/keypair.h"
#include "x509/ossl.h"

#define SKEW_S 300

void
delegate_free(struct delegate *d)
{
	if (d->key != NULL)
		signkey_free(d->key);
	str_free(&d->cert);
	str_free(&d->spki_buf);
	free(d);
}

void
delegate_path(const struct delegates *s, const struct delegate *d, const char *kind, char *buf, size_t cap)
{
	char hash[2 * 8 + 1];

	hex_lower(d->responder, 8, hash);
	snprintf(buf, cap, "%s/%s-%s.%s", s->conf->ocsp, d->ca->id, hash, kind);
}

/* Hashes of the CA's name and key, by which requests name it. */
static bool
rule_make(struct delegate *d, struct err *e)
{
	const struct issuer *ca = &d->ca->issuer;
	struct ocsp_rule *r = &d->rule;
	struct der_reader spki = der_reader_of(ca->spki), in;
	struct der algorithm, bits;

	memcpy(r->responder, d->responder, sizeof(r->responder));
	if (!ocsp_key_hash(ca->spki, r->key_sha1) || !der_enter(&spki, DER_SEQUENCE, &in)
	    || !der_get(&in, DER_SEQUENCE, &algorithm) || !der_get_octet_bits(&in, &bits)
	    || EVP_Digest(ca->subject.p, ca->subject.len, r->name_sha1, NULL, EVP_sha1(), NULL) != 1)
		return err_set(e, ERR_INTERNAL, "internal", "hashes of CA %s", d->ca->id);
	sha256(ca->subject.p, ca->subject.len, r->name_sha256);
	sha256(bits.p, bits.len, r->key_sha256);
	return true;
}

static bool
delegate_new(const struct ca *ca, struct der spki, struct delegate **out, struct err *e)
{
	OWN(delegate_free) struct delegate *d = calloc(1, sizeof(*d));
	struct key_info info;

	if (d == NULL)
		abort();
	d->ca = ca;
	str_add(&d->spki_buf, spki.p, spki.len);
	d->spki = (struct der){ (const uint8_t *)d->spki_buf.p, d->spki_buf.len };
	if (!key_decode(d->spki, &info, e) || !ocsp_key_hash(d->spki, d->responder) || !rule_make(d, e))
		return false;
	d->algorithm = signature_natural(info.type);
	*out = give(d);
	return true;
}

bool
delegate_take_cert(struct delegate *d, struct der der, struct err *e)
{
	struct cert c;

	if (!delegate_cert_check(d->ca, der, &c, e))
		return false;
	if (!der_equal(c.spki, d->spki.p, d->spki.len))
		return err_set(e, ERR_INVALID, "ocsp_certificate", "the certificate is of another key");
	str_clear(&d->cert);
	str_add(&d->cert, der.p, der.len);
	d->not_before_s = c.not_before_s;
	d->not_after_s = c.not_after_s;
	return true;
}

static struct key_type
delegate_key_type(const struct conf *c, const struct ca *ca)
{
	bool rsa = strcmp(c->ocsp_key, "rsa2048") == 0
	    || (strcmp(c->ocsp_key, "issuer") == 0 && ca->issuer.key.algorithm == KEY_RSA);

	return rsa ? (struct key_type){ KEY_RSA, 2048 } : (struct key_type){ KEY_EC, 256 };
}

bool
delegate_make(struct delegates *s, const struct ca *ca, struct delegate **out, struct err *e)
{
	OWN(keymaker_free) struct keymaker *maker = keymaker_new(RSAGEN_LIBRARY);
	OWN_KEYPAIR struct keypair pair = { 0 };
	OWN(delegate_free) struct delegate *d = NULL;
	OWN_STR struct str pem = { 0 };
	char path[PATH_MAX];

	if (s->kek == NULL)
		return err_set(e, ERR_INVALID, "kek_missing", "%.120s is missing: no OCSP key can be sealed",
		    s->conf->kek);
	if (!keypair_make(maker, delegate_key_type(s->conf, ca), &pair, e)
	    || !delegate_new(ca, (struct der){ pair.spki, pair.spki_len }, &d, e)
	    || !signkey_from_pkcs8(pair.pkcs8, d->spki, &d->key, e) || !key_seal(s->kek, pair.pkcs8, &pem, e))
		return false;
	delegate_path(s, d, "key", path, sizeof(path));
	if (!file_write(path, 0600, pem.p, pem.len, e))
		return false;
	*out = give(d);
	return true;
}

bool
delegate_keep_cert(struct delegates *s, struct delegate *d, struct der der, struct err *e)
{
	OWN_STR struct str pem = { 0 };
	char path[PATH_MAX];

	if (!delegate_take_cert(d, der, e))
		return false;
	delegate_path(s, d, "pem", path, sizeof(path));
	pem_encode("CERTIFICATE", der.p, der.len, &pem);
	return file_write(path, 0600, pem.p, pem.len, e);
}

/* Its public key, for a key file that has no certificate yet. */
static bool
spki_of(const struct secret *pkcs8, struct str *out, struct err *e)
{
	OWN(EVP_PKEY_free) EVP_PKEY *pkey = NULL;
	unsigned char *der = NULL;
	int n;

	if (!pkey_from_pkcs8(pkcs8, &pkey, e))
		return false;
	n = i2d_PUBKEY(pkey, &der);
	if (n <= 0)
		return ossl_fail(e, "encode a public key");
	str_add(out, der, (size_t)n);
	OPENSSL_free(der);
	return true;
}

/* A key of the folder, with its certificate if there is one that has not ended. */
static bool
load_one(struct delegates *s, const struct ca *ca, const char *name, struct err *e)
{
	OWN(secret_free) struct secret *pkcs8 = NULL;
	OWN(delegate_free) struct delegate *d = NULL;
	OWN_STR struct str spki = { 0 }, der = { 0 };
	char key[PATH_MAX], pem[PATH_MAX];
	size_t ends[1], n;

	snprintf(key, sizeof(key), "%s/%s", s->conf->ocsp, name);
	if (!key_open_file(s->kek, key, &pkcs8, e) || !spki_of(pkcs8, &spki, e)
	    || !delegate_new(ca, (struct der){ (const uint8_t *)spki.p, spki.len }, &d, e)
	    || !signkey_from_pkcs8(pkcs8, d->spki, &d->key, e))
		return false;
	delegate_path(s, d, "pem", pem, sizeof(pem));
	if (access(pem, F_OK) == 0) {
		if (!pem_file_certs(pem, &der, ends, 1, &n, e)
		    || !delegate_take_cert(d, (struct der){ (const uint8_t *)der.p, der.len }, e))
			return false;
		if (d->not_after_s < clock_now_s()) {
			(void)unlink(pem);
			(void)unlink(key);
			return true;
		}
	}
	d->next = s->first;
	s->first = give(d);
	return true;
}

static void
load_folder(struct delegates *s)
{
	DIR *dir = opendir(s->conf->ocsp);
	struct dirent *f;

	if (dir == NULL)
		return;
	while ((f = readdir(dir)) != NULL) {
		size_t n = strlen(f->d_name);
		char id[NAME_MAX + 1];
		const struct ca *ca;
		struct err e = { 0 };

		/* ID-0123456789abcdef.key */
		if (n < 22 || strcmp(f->d_name + n - 4, ".key") != 0 || f->d_name[n - 21] != '-')
			continue;
		memcpy(id, f->d_name, n - 21);
		id[n - 21] = '\0';
		ca = ca_by_id(s->cas, id);
		if (ca != NULL && s->kek != NULL && !load_one(s, ca, f->d_name, &e)) {
			err_in(&e, "%s/%s", s->conf->ocsp, f->d_name);
			log_err("ocsp.delegate", &e);
		}
	}
	closedir(dir);
}

/* With which this signer asks for certificates, where no CA key is. */
static bool
request_key_read(struct delegates *s, struct err *e)
{
	size_t ends[1], n;

	if (s->conf->ocsp_request_key == NULL || s->conf->ocsp_request_cert == NULL || s->kek == NULL)
		return true;
	return key_open_file(s->kek, s->conf->ocsp_request_key, &s->request_key, e)
	    && pem_file_certs(s->conf->ocsp_request_cert, &s->request_cert, ends, 1, &n, e);
}

bool
delegates_open(const struct conf *conf, const struct secret *kek, const struct cas *cas, struct delegates **out,
    struct err *e)
{
	OWN(delegates_free) struct delegates *s = calloc(1, sizeof(*s));
	size_t ends[CONF_OPERATORS_MAX], at = 0;

	if (s == NULL)
		abort();
	s->conf = conf;
	s->kek = kek;
	s->cas = cas;
	pthread_rwlock_init(&s->lock, NULL);
	pthread_mutex_init(&s->making, NULL);
	for (size_t i = 0; i < conf->n_responders; i++) {
		size_t n;

		if (!pem_file_certs(conf->responders[i], &s->certs, &ends[i], 1, &n, e))
			return false;
	}
	for (size_t i = 0; i < conf->n_responders; i++) {
		s->responders[i] = (struct der){ (const uint8_t *)s->certs.p + at, ends[i] - at };
		at = ends[i];
	}
	if (!request_key_read(s, e))
		return false;
	load_folder(s);
	*out = give(s);
	return true;
}

void
delegates_start(struct delegates *s, struct journal *journal)
{
	s->journal = journal;
}

void
delegates_free(struct delegates *s)
{
	while (s->first != NULL) {
		struct delegate *d = s->first;

		s->first = d->next;
		delegate_free(d);
	}
	str_free(&s->certs);
	secret_free(s->request_key);
	str_free(&s->request_cert);
	pthread_rwlock_destroy(&s->lock);
	pthread_mutex_destroy(&s->making);
	free(s);
}

void
delegates_add(struct delegates *s, struct delegate *d)
{
	pthread_rwlock_wrlock(&s->lock);
	d->next = s->first;
	s->first = d;
	pthread_rwlock_unlock(&s->lock);
}

/* The one that lasts longest. */
struct delegate *
delegates_best(struct delegates *s, const struct ca *ca, int64_t now_s)
{
	struct delegate *best = NULL;

	pthread_rwlock_rdlock(&s->lock);
	for (struct delegate *d = s->first; d != NULL; d = d->next)
		if (d->ca == ca && d->cert.len != 0 && d->not_before_s <= now_s + SKEW_S && d->not_after_s > now_s
		    && (best == NULL || d->not_after_s > best->not_after_s))
			best = d;
	pthread_rwlock_unlock(&s->lock);
	return best;
}

bool
delegate_is_due(const struct delegate *d, int64_t now_s)
{
	return d == NULL || now_s - d->not_before_s > (d->not_after_s - d->not_before_s) / 2;
}

/* With `making` held: a fresh pair, certified by the CA whose key is here. */
static bool
renew(struct delegates *s, const struct ca *ca, const struct delegate **out, struct err *e)
{
	OWN(delegate_free) struct delegate *d = NULL;
	OWN_STR struct str cert = { 0 };

	if (!delegate_make(s, ca, &d, e)
	    || !delegate_cert_make(ca, d->spki, clock_now_s(), s->conf->ocsp_delegate_s, s->journal, &cert, e)
	    || !delegate_keep_cert(s, d, (struct der){ (const uint8_t *)cert.p, cert.len }, e))
		return false;
	log_info("ocsp.delegate", "ca=%s not_after=%lld", ca->id, (long long)d->not_after_s);
	*out = d;
	delegates_add(s, give(d));
	return true;
}

bool
delegates_current(struct delegates *s, const struct ca *ca, const struct delegate **out, struct err *e)
{
	const int64_t now_s = clock_now_s();
	struct err why = { 0 };
	bool ok = true;

	*out = delegates_best(s, ca, now_s);
	if (ca->key != NULL && delegate_is_due(*out, now_s)) {
		pthread_mutex_lock(&s->making);
		*out = delegates_best(s, ca, now_s);	/* another thread may have been first */
		if (delegate_is_due(*out, now_s))
			ok = renew(s, ca, out, &why);
		pthread_mutex_unlock(&s->making);
	}
	if (!ok)
		log_err("ocsp.delegate", &why);
	if (*out != NULL)
		return true;
	if (!ok) {
		*e = why;
		return false;
	}
	return err_set(e, ERR_UNAVAILABLE, "ocsp_no_delegate", "no OCSP delegate of CA %s is here yet", ca->id);
}

const struct delegate *
delegates_find(struct delegates *s, const struct ca *ca, const uint8_t responder[OCSP_KEY_HASH_LEN])
{
	const int64_t now_s = clock_now_s();
	struct delegate *found = NULL;

	pthread_rwlock_rdlock(&s->lock);
	for (struct delegate *d = s->first; d != NULL && found == NULL; d = d->next)
		if (d->ca == ca && d->cert.len != 0 && d->not_after_s > now_s
		    && memcmp(d->responder, responder, OCSP_KEY_HASH_LEN) == 0)
			found = d;
	pthread_rwlock_unlock(&s->lock);
	return found;
}
