#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "x509/ossl.h"
#include "x509/p12/p12_keys.h"

#define FRAME_MAX	2048	/* octets of everything but certificates and key */
#define ATTRS_MAX	640	/* localKeyID and a friendlyName of 256 characters */
#define NAME_MAX_OCTETS	1024	/* a friendlyName in UTF-8 */
#define CERT_MAX	(1u << 20)
#define SHA1_LEN	20

#define PKCS7	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07
#define PKCS5	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05
#define PKCS9	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09
#define PKCS12_	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c

static const uint8_t oid_data[] = { PKCS7, 1 };
static const uint8_t oid_encrypted_data[] = { PKCS7, 6 };
static const uint8_t oid_pbkdf2[] = { PKCS5, 12 };
static const uint8_t oid_pbes2[] = { PKCS5, 13 };
static const uint8_t oid_x509_certificate[] = { PKCS9, 22, 1 };
static const uint8_t oid_friendly_name[] = { PKCS9, 20 };
static const uint8_t oid_local_key_id[] = { PKCS9, 21 };
static const uint8_t oid_pbe_sha1_3des[] = { PKCS12_, 1, 3 };
static const uint8_t oid_shrouded_key_bag[] = { PKCS12_, 10, 1, 2 };
static const uint8_t oid_cert_bag[] = { PKCS12_, 10, 1, 3 };
static const uint8_t oid_aes256_cbc[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a };
static const uint8_t hmac_sha256_alg[] = {
	0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09, 0x05, 0x00
};

#define PUT_OID(w, oid) der_put((w), DER_OID, (oid), sizeof(oid))

/* Contexts of one mode. */
struct engine {
	struct p12_kdf	 kdf;
	EVP_CIPHER	*cipher;
	EVP_MAC_CTX	*hmac;
};

struct buffer {
	uint8_t	*p;
	size_t	 cap;
};

struct p12_writer {
	struct engine	 engine[2];		/* by enum p12_mode */
	EVP_CIPHER_CTX	*encrypt;
	EVP_MD		*sha1;
	EVP_MD_CTX	*digest;
	struct buffer	 plain, certs, key, file;
};

struct p12_writer *
p12_writer_new(void)
{
	struct p12_writer *w = calloc(1, sizeof(*w));

	if (w == NULL || (w->encrypt = EVP_CIPHER_CTX_new()) == NULL || (w->digest = EVP_MD_CTX_new()) == NULL ||
	    (w->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL)) == NULL)
		abort();
	return w;
}

void
p12_writer_free(struct p12_writer *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < COUNT(w->engine); i++) {
		p12_kdf_clear(&w->engine[i].kdf);
		EVP_CIPHER_free(w->engine[i].cipher);
		EVP_MAC_CTX_free(w->engine[i].hmac);
	}
	EVP_CIPHER_CTX_free(w->encrypt);
	EVP_MD_CTX_free(w->digest);
	EVP_MD_free(w->sha1);
	free(w->plain.p);		/* certificates and ciphertext: nothing secret */
	free(w->certs.p);
	free(w->key.p);
	free(w->file.p);
	free(w);
}

/* Contents are not kept. */
static void
buffer_need(struct buffer *b, size_t cap)
{
	if (b->cap >= cap)
		return;
	free(b->p);
	b->p = malloc(cap);
	if (b->p == NULL)
		abort();
	b->cap = cap;
}

static struct der_writer
buffer_writer(struct buffer *b)
{
	return der_writer(b->p, b->cap);
}

static EVP_MAC_CTX *
hmac_ctx(const char *digest)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	char md[16];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, md, 0),
		OSSL_PARAM_construct_end()
	};

	(void)snprintf(md, sizeof(md), "%s", digest);
	EVP_MAC_free(mac);
	if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) != 1) {
		EVP_MAC_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

static bool
engine_init(struct engine *g, const struct p12_form *form, struct err *e)
{
	if (g->cipher == NULL)
		g->cipher = EVP_CIPHER_fetch(NULL, form->cipher, NULL);
	if (g->hmac == NULL)
		g->hmac = hmac_ctx(form->digest);
	if (g->cipher == NULL || g->hmac == NULL)
		return ossl_fail(e, "PKCS#12 algorithms");
	return p12_kdf_init(&g->kdf, form, e);
}

/* Into `to`, which grows; CBC with PKCS#5 padding. */
static bool
encrypt(struct p12_writer *w, const EVP_CIPHER *cipher, const struct p12_bag_key *key, struct der plain,
    struct buffer *to, struct der *out, struct err *e)
{
	int n = 0, last = 0;

	buffer_need(to, plain.len + P12_IV_MAX);
	if (EVP_EncryptInit_ex2(w->encrypt, cipher, key->key, key->iv, NULL) != 1 ||
	    EVP_EncryptUpdate(w->encrypt, to->p, &n, plain.p, (int)plain.len) != 1 ||
	    EVP_EncryptFinal_ex(w->encrypt, to->p + n, &last) != 1)
		return ossl_fail(e, "PKCS#12 encryption");
	*out = (struct der){ to->p, (size_t)(n + last) };
	return true;
}

/* AlgorithmIdentifier of a bag's encryption. */
static void
put_encryption(struct der_writer *w, const struct p12_form *form, uint32_t iterations, const struct p12_bag_key *k)
{
	size_t all = der_mark(w), kdf;

	if (!form->pbes2) {
		der_put_u64(w, DER_INTEGER, iterations);
		der_put(w, DER_OCTETS, k->salt, form->salt_len);
		der_wrap(w, DER_SEQUENCE, all);
		PUT_OID(w, oid_pbe_sha1_3des);
		der_wrap(w, DER_SEQUENCE, all);
		return;
	}
	der_put(w, DER_OCTETS, k->iv, form->iv_len);
	PUT_OID(w, oid_aes256_cbc);
	der_wrap(w, DER_SEQUENCE, all);
	kdf = der_mark(w);
	der_put_raw(w, hmac_sha256_alg, sizeof(hmac_sha256_alg));
	der_put_u64(w, DER_INTEGER, iterations);
	der_put(w, DER_OCTETS, k->salt, form->salt_len);
	der_wrap(w, DER_SEQUENCE, kdf);
	PUT_OID(w, oid_pbkdf2);
	der_wrap(w, DER_SEQUENCE, kdf);
	der_wrap(w, DER_SEQUENCE, all);
	PUT_OID(w, oid_pbes2);
	der_wrap(w, DER_SEQUENCE, all);
}

/* Attribute { oid, SET { value } }, written over the value. */
static void
wrap_attribute(struct der_writer *w, const uint8_t *oid, size_t oid_len)
{
	der_wrap(w, DER_SET, 0);
	der_put(w, DER_OID, oid, oid_len);
	der_wrap(w, DER_SEQUENCE, 0);
}

static bool
name_attribute(struct der_writer *w, const char *name, struct err *e)
{
	unsigned char *uni = NULL;
	int len = 0;
	size_t octets = strlen(name);

	if (octets > NAME_MAX_OCTETS || !utf8_valid(name, octets) ||
	    OPENSSL_utf82uni(name, (int)octets, &uni, &len) == NULL) {
		ossl_forget();
		return err_set(e, ERR_INVALID, "friendly_name", "a name in a PKCS#12 file is too long or not UTF-8");
	}
	der_put(w, DER_BMP, uni, (size_t)len - 2);	/* without the zero octets that end it */
	OPENSSL_free(uni);
	wrap_attribute(w, oid_friendly_name, sizeof(oid_friendly_name));
	return true;
}

/* SET OF: by rising octets, the shorter first. */
static int
der_order(struct der a, struct der b)
{
	int c = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return c != 0 ? c : a.len < b.len ? -1 : a.len > b.len;
}

/* bagAttributes of the device's certificate and key. */
static bool
attributes(struct p12_writer *w, const struct p12_content *c, uint8_t buf[ATTRS_MAX], struct der *out, struct err *e)
{
	uint8_t sha1[SHA1_LEN], id_buf[64], name_buf[ATTRS_MAX - 96];
	struct der_writer all = der_writer(buf, ATTRS_MAX), id = der_writer(id_buf, sizeof(id_buf));
	struct der_writer name = der_writer(name_buf, sizeof(name_buf));
	struct der first = { NULL, 0 }, second;

	if (EVP_DigestInit_ex2(w->digest, w->sha1, NULL) != 1 ||
	    EVP_DigestUpdate(w->digest, c->cert.p, c->cert.len) != 1 ||
	    EVP_DigestFinal_ex(w->digest, sha1, NULL) != 1)
		return ossl_fail(e, "PKCS#12 localKeyID");
	der_put(&id, DER_OCTETS, sha1, sizeof(sha1));
	wrap_attribute(&id, oid_local_key_id, sizeof(oid_local_key_id));
	if (c->friendly_name != NULL && !name_attribute(&name, c->friendly_name, e))
		return false;
	if (!der_written(&id, &second) || !der_written(&name, &first))
		return err_set(e, ERR_INVALID, "friendly_name", "a name in a PKCS#12 file is too long");
	if (der_order(first, second) > 0) {
		struct der swap = first;

		first = second;
		second = swap;
	}
	der_put_raw(&all, second.p, second.len);
	der_put_raw(&all, first.p, first.len);
	der_wrap(&all, DER_SET, 0);
	return der_written(&all, out) || err_set(e, ERR_INTERNAL, "internal", "PKCS#12 attributes");
}

static void
put_cert_bag(struct der_writer *w, struct der cert, struct der attrs)
{
	size_t all = der_mark(w), bag;

	der_put_raw(w, attrs.p, attrs.len);
	bag = der_mark(w);
	der_put(w, DER_OCTETS, cert.p, cert.len);
	der_wrap(w, DER_CONTEXT_CONS(0), bag);
	PUT_OID(w, oid_x509_certificate);
	der_wrap(w, DER_SEQUENCE, bag);
	der_wrap(w, DER_CONTEXT_CONS(0), bag);
	PUT_OID(w, oid_cert_bag);
	der_wrap(w, DER_SEQUENCE, all);
}

/* SafeContents: the device's certificate, then the chain. */
static bool
cert_contents(struct p12_writer *w, const struct p12_content *c, struct der attrs, struct der *out)
{
	size_t cap = FRAME_MAX + c->cert.len;
	struct der_writer d;

	for (size_t i = 0; i < c->chain_n; i++)
		cap += c->chain[i].len;
	buffer_need(&w->plain, cap);
	d = buffer_writer(&w->plain);
	for (size_t i = c->chain_n; i-- > 0;)
		put_cert_bag(&d, c->chain[i], (struct der){ NULL, 0 });
	put_cert_bag(&d, c->cert, attrs);
	der_wrap(&d, DER_SEQUENCE, 0);
	return der_written(&d, out);
}

/* ContentInfo of encryptedData: the certificates. */
static void
put_certs(struct der_writer *w, const struct p12_form *form, uint32_t iterations, const struct p12_bag_key *k,
    struct der sealed)
{
	size_t all = der_mark(w);

	der_put(w, DER_CONTEXT(0), sealed.p, sealed.len);
	put_encryption(w, form, iterations, k);
	PUT_OID(w, oid_data);
	der_wrap(w, DER_SEQUENCE, all);
	der_put_u64(w, DER_INTEGER, 0);
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_CONTEXT_CONS(0), all);
	PUT_OID(w, oid_encrypted_data);
	der_wrap(w, DER_SEQUENCE, all);
}

/* ContentInfo of data over what was written since the mark. */
static void
wrap_data(struct der_writer *w, size_t mark)
{
	der_wrap(w, DER_OCTETS, mark);
	der_wrap(w, DER_CONTEXT_CONS(0), mark);
	PUT_OID(w, oid_data);
	der_wrap(w, DER_SEQUENCE, mark);
}

/* ContentInfo of data that holds a pkcs8ShroudedKeyBag. */
static void
put_key(struct der_writer *w, const struct p12_form *form, uint32_t iterations, const struct p12_bag_key *k,
    struct der sealed, struct der attrs)
{
	size_t all = der_mark(w), bag;

	der_put_raw(w, attrs.p, attrs.len);
	bag = der_mark(w);
	der_put(w, DER_OCTETS, sealed.p, sealed.len);
	put_encryption(w, form, iterations, k);
	der_wrap(w, DER_SEQUENCE, bag);
	der_wrap(w, DER_CONTEXT_CONS(0), bag);
	PUT_OID(w, oid_shrouded_key_bag);
	der_wrap(w, DER_SEQUENCE, all);
	der_wrap(w, DER_SEQUENCE, all);
	wrap_data(w, all);
}

/* MacData with room for the code; returns where that goes. */
static uint8_t *
put_mac(struct der_writer *w, const struct p12_form *form, uint32_t iterations, const struct p12_mac_key *k)
{
	static const uint8_t zeros[P12_MAC_MAX];
	size_t info;
	uint8_t *code;

	der_put_u64(w, DER_INTEGER, iterations);
	der_put(w, DER_OCTETS, k->salt, form->salt_len);
	info = der_mark(w);
	der_put_raw(w, zeros, form->mac_len);
	code = w->p;
	der_wrap(w, DER_OCTETS, info);
	der_put_raw(w, form->digest_alg.p, form->digest_alg.len);
	der_wrap(w, DER_SEQUENCE, info);
	der_wrap(w, DER_SEQUENCE, 0);
	return code;
}

static bool
authenticate(EVP_MAC_CTX *hmac, const struct p12_form *form, const struct p12_mac_key *k, struct der safe,
    uint8_t *code)
{
	size_t len = 0;

	return EVP_MAC_init(hmac, k->key, form->mac_len, NULL) == 1 && EVP_MAC_update(hmac, safe.p, safe.len) == 1 &&
	    EVP_MAC_final(hmac, code, &len, form->mac_len) == 1 && len == form->mac_len;
}

struct sealed {
	struct der certs, key, attrs;
};

/* PFX: from the end, so MacData first, with its code filled in when what it covers is there. */
static bool
frame(struct p12_writer *w, const struct p12_setting *setting, const struct p12_keys *keys, const struct sealed *s,
    struct str *out, struct err *e)
{
	const struct p12_form *form = p12_form(setting->mode);
	struct der_writer d;
	struct der safe, file;
	size_t covered;
	uint8_t *code;

	buffer_need(&w->file, FRAME_MAX + s->certs.len + s->key.len);
	d = buffer_writer(&w->file);
	code = put_mac(&d, form, setting->iterations, &keys->mac);
	covered = der_mark(&d);
	put_key(&d, form, setting->iterations, &keys->key, s->key, s->attrs);
	put_certs(&d, form, setting->iterations, &keys->certs, s->certs);
	der_wrap(&d, DER_SEQUENCE, covered);
	safe = (struct der){ d.p, der_mark(&d) - covered };
	if (!authenticate(w->engine[setting->mode].hmac, form, &keys->mac, safe, code))
		return ossl_fail(e, "PKCS#12 MAC");
	wrap_data(&d, covered);
	der_put_u64(&d, DER_INTEGER, 3);
	der_wrap(&d, DER_SEQUENCE, 0);
	if (!der_written(&d, &file))
		return err_set(e, ERR_INTERNAL, "internal", "a PKCS#12 file is larger than it can be");
	str_add(out, file.p, file.len);
	return true;
}

static bool
content_check(const struct p12_content *c, struct err *e)
{
	bool ok = c->cert.len > 0 && c->cert.len <= CERT_MAX && c->pkcs8->len > 0 && c->pkcs8->len <= CERT_MAX &&
	    c->chain_n <= P12_CHAIN_MAX;

	for (size_t i = 0; ok && i < c->chain_n; i++)
		ok = c->chain[i].len > 0 && c->chain[i].len <= CERT_MAX;
	return ok || err_set(e, ERR_INTERNAL, "internal", "contents of a PKCS#12 file out of range");
}

bool
p12_make(struct p12_writer *w, const struct p12_batch *b, const struct p12_content *c, struct str *out,
    struct err *e)
{
	const struct p12_setting *setting = p12_batch_setting(b);
	struct engine *g = &w->engine[setting->mode];
	uint8_t attrs[ATTRS_MAX];
	struct p12_keys keys;
	struct sealed s;
	struct der plain;
	bool ok;

	if (!content_check(c, e) || !engine_init(g, p12_form(setting->mode), e) ||
	    !attributes(w, c, attrs, &s.attrs, e))
		return false;
	if (!cert_contents(w, c, s.attrs, &plain))
		return err_set(e, ERR_INTERNAL, "internal", "PKCS#12 certificates are larger than they can be");
	ok = p12_keys_make(b, &g->kdf, &keys, e) &&
	    encrypt(w, g->cipher, &keys.certs, plain, &w->certs, &s.certs, e) &&
	    encrypt(w, g->cipher, &keys.key, (struct der){ c->pkcs8->p, c->pkcs8->len }, &w->key, &s.key, e) &&
	    frame(w, setting, &keys, &s, out, e);
	wipe(&keys, sizeof(keys));
	return ok;
}
