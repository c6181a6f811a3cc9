#include "signer/hierarchy_make.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "signer/cas.h"
#include "signer/files.h"
#include "signer/keyfile.h"
#include "signer/pool.h"
#include "signer/token/token.h"
#include "x509/keypair.h"

/* One CA to be made. */
struct birth {
	const struct ca_plan	*plan;
	const char		*uri;		/* of its key, or NULL */
	struct str		 spki, cert;
	struct signkey		*key;
	struct issuer		 issuer;	/* once signed */
	struct err		 failed;
};

struct births {
	const struct conf	*conf;
	const struct secret	*kek;
	struct journal		*journal;
	const struct hierarchy_wish *wish;
	struct cas		*present;
	struct birth		*list;
	size_t			 n;
};

/* Only what takes noticeable time is told. */
static void
tell(const struct births *b, const char *id, const char *what)
{
	if (!b->wish->quiet)
		fprintf(stderr, "%s: %s\n", id, what);
}

static bool
key_file_make(struct births *b, struct birth *x, struct err *e)
{
	OWN(keymaker_free) struct keymaker *maker = keymaker_new(RSAGEN_LIBRARY);
	OWN_KEYPAIR struct keypair pair = { 0 };
	OWN_STR struct str pem = { 0 };
	char path[PATH_MAX];

	if (!keypair_make(maker, x->plan->key, &pair, e))
		return false;
	str_add(&x->spki, pair.spki, pair.spki_len);
	if (!signkey_from_pkcs8(pair.pkcs8, (struct der){ pair.spki, pair.spki_len }, &x->key, e)
	    || !key_seal(b->kek, pair.pkcs8, &pem, e))
		return false;
	ca_path(b->conf, x->plan->id, "key", path, sizeof(path));
	return file_write(path, 0600, pem.p, pem.len, e);
}

static bool
key_token_make(struct births *b, struct birth *x, struct err *e)
{
	const struct token_conf token = { b->conf->pkcs11_module, b->conf->pkcs11_pin_file };
	char path[PATH_MAX];
	bool made;

	if (!token_keypair(x->uri, &token, x->plan->key, &x->spki, &made, e)
	    || !signkey_from_token(x->uri, &token, (struct der){ (const uint8_t *)x->spki.p, x->spki.len }, &x->key, e))
		return false;
	tell(b, x->plan->id, made ? "key made in the token" : "key found in the token");
	ca_path(b->conf, x->plan->id, "uri", path, sizeof(path));
	return file_write(path, 0600, x->uri, strlen(x->uri), e);
}

static void
keys_part(void *arg, size_t from, size_t to)
{
	struct births *b = arg;

	for (size_t i = from; i < to; i++) {
		struct birth *x = &b->list[i];
		const bool slow = x->plan->key.algorithm == KEY_RSA && x->plan->key.bits >= 3072;
		const int64_t since_ms = clock_mono_ms();
		char kind[24], line[96];

		key_type_text(x->plan->key, kind);
		if (slow && x->uri == NULL) {
			snprintf(line, sizeof(line), "making an %s key; this may take a minute", kind);
			tell(b, x->plan->id, line);
		}
		if (x->uri != NULL ? !key_token_make(b, x, &x->failed) : !key_file_make(b, x, &x->failed)) {
			err_in(&x->failed, "CA %s", x->plan->id);
			continue;
		}
		if (slow && x->uri == NULL) {
			snprintf(line, sizeof(line), "%s key made in %.1f s", kind,
			    (double)(clock_mono_ms() - since_ms) / 1000);
			tell(b, x->plan->id, line);
		}
	}
}

/* The issuer of a CA: itself, one made just before, or one that was here. */
static bool
parent_of(struct births *b, struct birth *x, const struct issuer **issuer, struct signkey **key, struct err *e)
{
	const struct ca *ca;

	*issuer = NULL;
	*key = x->key;
	if (x->plan->parent == NULL)
		return true;
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->list[i].plan->id, x->plan->parent) == 0 && b->list[i].cert.len != 0) {
			*issuer = &b->list[i].issuer;
			*key = b->list[i].key;
			return true;
		}
	ca = ca_by_id(b->present, x->plan->parent);
	if (ca == NULL)
		return err_set(e, ERR_INVALID, "ca_parent", "CA %s: its parent %s is neither here nor in the documents",
		    x->plan->id, x->plan->parent);
	if (ca->key == NULL)
		return err_set(e, ERR_INVALID, "ca_parent", "CA %s: the key of its parent %s is not here", x->plan->id,
		    x->plan->parent);
	*issuer = &ca->issuer;
	*key = ca->key;
	return true;
}

/* Journal first, like every certificate; the .pem last: with it the CA exists. */
static bool
cert_make(struct births *b, struct birth *x, struct err *e)
{
	OWN(journal_claim_free) struct journal_claim *claim = NULL;
	OWN(signing_end) struct signing *signing = NULL;
	OWN_STR struct str pem = { 0 };
	struct journal_record r = { .kind = JOURNAL_OWN, .serial.len = 16 };
	uint8_t tbs_buf[8192], cert_buf[8192 + SIGNATURE_LEN_MAX], sig[SIGNATURE_LEN_MAX];
	const struct issuer *parent;
	struct signkey *key;
	size_t sig_len = sizeof(sig);
	struct der tbs, cert;
	char path[PATH_MAX];
	bool taken;

	if (!parent_of(b, x, &parent, &key, e))
		return false;
	cert_serial_make(r.serial.b);
	if (!ca_tbs_build(x->plan, parent, (struct der){ (const uint8_t *)x->spki.p, x->spki.len }, r.serial.b,
		clock_now_s(), tbs_buf, sizeof(tbs_buf), &tbs, e)
	    || !journal_claim(b->journal, &r.serial, 1, &taken, &claim, e))
		return false;
	if (taken)
		return err_set(e, ERR_RETRY, "serial_used", "the serial number was used before");
	if (!signing_begin(key, x->plan->signature, &signing, e)
	    || !signing_octets(signing, tbs.p, tbs.len, sig, &sig_len, e)
	    || !cert_assemble(tbs, x->plan->signature, sig, sig_len, cert_buf, sizeof(cert_buf), &cert, e))
		return false;
	str_add(&x->cert, cert.p, cert.len);
	if (!issuer_load(x->cert.p, x->cert.len, &x->issuer, e))
		return false;
	r.ca = parent != NULL ? parent->ski : x->issuer.ski;
	r.data = (struct der){ (const uint8_t *)x->cert.p, x->cert.len };
	if (!journal_append(b->journal, &r, 1, e))
		return false;
	pem_encode("CERTIFICATE", x->cert.p, x->cert.len, &pem);
	ca_path(b->conf, x->plan->id, "pem", path, sizeof(path));
	return file_write(path, 0644, pem.p, pem.len, e);
}

static const char *
uri_for(const struct hierarchy_wish *w, const char *id)
{
	const size_t n = strlen(id);

	for (size_t i = 0; i < w->n_key_uris; i++)
		if (strncmp(w->key_uris[i], id, n) == 0 && w->key_uris[i][n] == '=')
			return w->key_uris[i] + n + 1;
	return NULL;
}

/* Every CA of the documents that is not there, parents in front. */
static bool
births_list(struct births *b, struct err *e)
{
	size_t total = 0;

	for (size_t d = 0; d < b->wish->n_documents; d++) {
		size_t n;

		(void)hierarchy_cas(b->wish->documents[d], &n);
		total += n;
	}
	b->list = calloc(total + 1, sizeof(*b->list));
	if (b->list == NULL)
		abort();
	for (size_t d = 0; d < b->wish->n_documents; d++) {
		size_t n;
		const struct ca_plan *plans = hierarchy_cas(b->wish->documents[d], &n);

		for (size_t i = 0; i < n; i++) {
			if (!ca_id_ok(plans[i].id))
				return err_set(e, ERR_INVALID, "ca_id", "%.80s is no name for a CA", plans[i].id);
			if (ca_by_id(b->present, plans[i].id) != NULL)
				continue;
			b->list[b->n++] = (struct birth){ .plan = &plans[i], .uri = uri_for(b->wish, plans[i].id) };
		}
	}
	return true;
}

/* A parent may stand in a later document: those whose parent is there are signed first, until none is left. */
static bool
certs_make(struct births *b, struct err *e)
{
	size_t left = b->n, before = b->n + 1;

	while (left != 0 && left < before) {
		before = left;
		for (size_t i = 0; i < b->n; i++) {
			struct birth *x = &b->list[i];
			const struct issuer *parent;
			struct signkey *key;
			struct err not_yet = { 0 };

			if (x->cert.len != 0 || !parent_of(b, x, &parent, &key, &not_yet))
				continue;
			if (!cert_make(b, x, e))
				return err_in(e, "CA %s", x->plan->id);
			left--;
		}
	}
	for (size_t i = 0; i < b->n && left != 0; i++) {
		const struct issuer *parent;
		struct signkey *key;

		if (b->list[i].cert.len == 0 && !parent_of(b, &b->list[i], &parent, &key, e))
			return false;
	}
	return true;
}

static bool
births_run(struct births *b, struct err *e)
{
	OWN(pool_free) struct pool *pool = NULL;

	if (!births_list(b, e) || !pool_new(b->wish->threads, &pool, e))
		return false;
	pool_run(pool, b->n, 1, keys_part, b);
	for (size_t i = 0; i < b->n; i++)
		if (b->list[i].failed.kind != ERR_NONE) {
			*e = b->list[i].failed;
			return false;
		}
	return certs_make(b, e);
}

bool
hierarchy_make(const struct conf *conf, const struct secret *kek, struct journal *journal,
    const struct hierarchy_wish *wish, size_t *made, struct err *e)
{
	OWN(cas_free) struct cas *present = NULL;
	struct births b = { .conf = conf, .kek = kek, .journal = journal, .wish = wish };
	bool ok;

	if (!cas_load(conf, kek, true, &present, e))
		return false;
	b.present = present;
	ok = births_run(&b, e);
	*made = ok ? b.n : 0;
	for (size_t i = 0; i < b.n; i++) {
		str_free(&b.list[i].spki);
		str_free(&b.list[i].cert);
		if (b.list[i].key != NULL)
			signkey_free(b.list[i].key);
	}
	free(b.list);
	return ok;
}
