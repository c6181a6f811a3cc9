#include "x509/p12/p12.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "base/rand.h"
#include "base/secret.h"
#include "base/str.h"
#include "x509/ossl.h"
#include "x509/p12/p12_keys.h"

#define PASSWORD_OCTETS_MAX (4 * P12_PASSWORD_MAX)	/* UTF-8 of that many characters */

static const uint8_t sha1_alg[] = { 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00 };
static const uint8_t sha256_alg[] = {
	0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00
};

static const struct p12_form forms[] = {
	[P12_MODERN] = {
		"AES-256-CBC", "SHA256", 32, 16, P12_SALT_MODERN, 32, true, { sha256_alg, sizeof(sha256_alg) }
	},
	[P12_COMPATIBLE] = {
		"DES-EDE3-CBC", "SHA1", 24, 8, P12_SALT_COMPATIBLE, 20, false, { sha1_alg, sizeof(sha1_alg) }
	},
};

struct p12_batch {
	struct p12_setting	 setting;
	struct secret		*password;	/* UTF-8 */
	struct secret		*bmp;		/* the same as BMPString, two zero octets behind */
	struct secret		*shared;	/* P12_SALT_BATCH: struct p12_keys; else NULL */
};

bool
p12_mode_parse(const char *s, enum p12_mode *out)
{
	if (strcmp(s, "modern") == 0)
		*out = P12_MODERN;
	else if (strcmp(s, "compatible") == 0)
		*out = P12_COMPATIBLE;
	else
		return false;
	return true;
}

bool
p12_salt_parse(const char *s, enum p12_salt *out)
{
	if (strcmp(s, "batch") == 0)
		*out = P12_SALT_BATCH;
	else if (strcmp(s, "device") == 0)
		*out = P12_SALT_DEVICE;
	else
		return false;
	return true;
}

bool
p12_password_check(const char *s, size_t len, struct err *e)
{
	if (len == 0)
		return err_set(e, ERR_INVALID, "pkcs12_password", "the password is empty");
	if (len > P12_PASSWORD_MAX)
		return err_set(e, ERR_INVALID, "pkcs12_password", "the password is longer than %d characters",
		    P12_PASSWORD_MAX);
	for (size_t i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return err_set(e, ERR_INVALID, "pkcs12_password",
			    "the password has a character that is not printable ASCII: other systems would read it "
			    "in different ways");
	return true;
}

const struct p12_form *
p12_form(enum p12_mode mode)
{
	return &forms[mode];
}

const struct p12_setting *
p12_batch_setting(const struct p12_batch *b)
{
	return &b->setting;
}

static EVP_KDF_CTX *
kdf_ctx(const char *name, const char *digest)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	char md[16];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, md, 0),
		OSSL_PARAM_construct_end()
	};

	(void)snprintf(md, sizeof(md), "%s", digest);
	EVP_KDF_free(kdf);
	if (ctx != NULL && EVP_KDF_CTX_set_params(ctx, params) != 1) {
		EVP_KDF_CTX_free(ctx);
		ctx = NULL;
	}
	return ctx;
}

bool
p12_kdf_init(struct p12_kdf *k, const struct p12_form *form, struct err *e)
{
	if (k->pkcs12 != NULL)
		return true;
	if (form->pbes2 && k->pbkdf2 == NULL)
		k->pbkdf2 = kdf_ctx(OSSL_KDF_NAME_PBKDF2, form->digest);
	k->pkcs12 = kdf_ctx("PKCS12KDF", form->digest);
	if (k->pkcs12 == NULL || (form->pbes2 && k->pbkdf2 == NULL))
		return ossl_fail(e, "PKCS#12 key derivation");
	return true;
}

void
p12_kdf_clear(struct p12_kdf *k)
{
	EVP_KDF_CTX_free(k->pbkdf2);		/* wipes the password in it */
	EVP_KDF_CTX_free(k->pkcs12);
	memset(k, 0, sizeof(*k));
}

/* `id` is RFC 7292 appendix B.3's (1 key, 2 IV, 3 MAC), 0 for PBKDF2. */
static bool
derive(EVP_KDF_CTX *ctx, const struct secret *password, int id, const uint8_t *salt, size_t salt_len,
    uint32_t iterations, uint8_t *out, size_t len)
{
	unsigned rounds = iterations;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, password->p, password->len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, salt_len),
		OSSL_PARAM_construct_uint(OSSL_KDF_PARAM_ITER, &rounds),
		id != 0 ? OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS12_ID, &id) : OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end()
	};

	return EVP_KDF_derive(ctx, out, len, params) == 1;
}

static bool
mac_key_make(const struct p12_batch *b, struct p12_kdf *kdf, struct p12_mac_key *out)
{
	const struct p12_form *form = &forms[b->setting.mode];

	rand_octets(out->salt, form->salt_len);
	return derive(kdf->pkcs12, b->bmp, PKCS12_MAC_ID, out->salt, form->salt_len, b->setting.iterations,
	    out->key, form->mac_len);
}

/* Modern: one derived key for both bags. */
static bool
pbes2_key_make(const struct p12_batch *b, struct p12_kdf *kdf, struct p12_keys *out)
{
	rand_octets(out->certs.salt, P12_SALT_MODERN);
	if (!derive(kdf->pbkdf2, b->password, 0, out->certs.salt, P12_SALT_MODERN, b->setting.iterations,
	    out->certs.key, forms[P12_MODERN].key_len))
		return false;
	out->key = out->certs;
	return true;
}

/* Compatible: the salt makes the IV as well, so each bag has its own. */
static bool
pbe1_key_make(const struct p12_batch *b, struct p12_kdf *kdf, struct p12_bag_key *out)
{
	const struct p12_form *form = &forms[P12_COMPATIBLE];
	uint32_t rounds = b->setting.iterations;

	rand_octets(out->salt, form->salt_len);
	return derive(kdf->pkcs12, b->bmp, PKCS12_KEY_ID, out->salt, form->salt_len, rounds, out->key, form->key_len) &&
	    derive(kdf->pkcs12, b->bmp, PKCS12_IV_ID, out->salt, form->salt_len, rounds, out->iv, form->iv_len);
}

bool
p12_keys_make(const struct p12_batch *b, struct p12_kdf *kdf, struct p12_keys *out, struct err *e)
{
	bool ok;

	if (b->shared != NULL)
		memcpy(out, b->shared->p, sizeof(*out));
	else if (!mac_key_make(b, kdf, &out->mac))
		return ossl_fail(e, "PKCS#12 MAC key");
	if (b->setting.mode == P12_MODERN) {
		ok = b->shared != NULL || pbes2_key_make(b, kdf, out);
		rand_octets(out->certs.iv, sizeof(out->certs.iv));
		rand_octets(out->key.iv, sizeof(out->key.iv));
	} else {
		ok = pbe1_key_make(b, kdf, &out->certs) && pbe1_key_make(b, kdf, &out->key);
	}
	return ok || ossl_fail(e, "PKCS#12 encryption key");
}

/* The password as RFC 7292 appendix B.1 wants it: UTF-16 as libcrypto makes it, ended by two zero octets. */
static struct secret *
bmp_password(const struct secret *utf8)
{
	unsigned char *uni = NULL;
	int len = 0;
	struct secret *s = NULL;

	if (OPENSSL_utf82uni((const char *)utf8->p, (int)utf8->len, &uni, &len) != NULL) {
		s = secret_from(uni, (size_t)len);
		OPENSSL_clear_free(uni, (size_t)len);
	}
	return s;
}

static bool
share(struct p12_batch *b, struct err *e)
{
	struct p12_kdf kdf = { 0 };
	struct p12_keys keys = { 0 };
	bool ok = p12_kdf_init(&kdf, &forms[b->setting.mode], e);

	if (ok && !(mac_key_make(b, &kdf, &keys.mac) &&
	    (b->setting.mode == P12_COMPATIBLE || pbes2_key_make(b, &kdf, &keys))))
		ok = ossl_fail(e, "PKCS#12 keys of a batch");
	if (ok)
		b->shared = secret_from(&keys, sizeof(keys));
	wipe(&keys, sizeof(keys));
	p12_kdf_clear(&kdf);
	return ok;
}

bool
p12_batch_new(const struct p12_setting *setting, const struct secret *password, struct p12_batch **out,
    struct err *e)
{
	OWN(p12_batch_free) struct p12_batch *b = NULL;

	if (setting->iterations < P12_ITERATIONS_MIN || setting->iterations > P12_ITERATIONS_MAX)
		return err_set(e, ERR_INVALID, "pkcs12_iterations", "PKCS#12 iterations must be %u to %u",
		    P12_ITERATIONS_MIN, P12_ITERATIONS_MAX);
	if (password->len == 0 || password->len > PASSWORD_OCTETS_MAX ||
	    !utf8_valid((const char *)password->p, password->len))
		return err_set(e, ERR_INVALID, "pkcs12_password", "the password is empty, too long or not UTF-8");
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		abort();
	b->setting = *setting;
	b->password = secret_from(password->p, password->len);
	b->bmp = bmp_password(password);
	if (b->bmp == NULL)
		return ossl_fail(e, "PKCS#12 password");
	if (setting->salt == P12_SALT_BATCH && !share(b, e))
		return false;
	*out = give(b);
	return true;
}

void
p12_batch_free(struct p12_batch *b)
{
	if (b == NULL)
		return;
	secret_free(b->password);
	secret_free(b->bmp);
	secret_free(b->shared);
	free(b);
}
