#include "signer/token/token.h"

#include <pthread.h>
#include <string.h>

#include "base/secret.h"
#include "signer/token/token_module.h"
#include "x509/der.h"

struct token_key {
	struct token_place	 place;
	struct key_type		 type;
	pthread_mutex_t		 lock;
	CK_SLOT_ID		 slot;
	CK_SESSION_HANDLE	 anchor;	/* keeps the log-in */
	bool			 anchored;
	unsigned		 generation;	/* of the log-in: sessions of an older one are gone */
};

struct token_ctx {
	struct token_key	*key;
	enum signature_algorithm algorithm;
	CK_SESSION_HANDLE	 session;
	CK_OBJECT_HANDLE	 object;
	unsigned		 generation;	/* 0: no session */
};

static void
token_key_free(struct token_key *k)
{
	if (k->anchored)
		k->place.fn->C_CloseSession(k->anchor);
	token_place_clear(&k->place);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
OWN_TYPE(struct token_key, token_key_free)

/* With the lock held, or before there are threads. */
static bool
connect_token(struct token_key *k, struct err *e)
{
	if (k->anchored)
		k->place.fn->C_CloseSession(k->anchor);
	k->anchored = false;
	if (!token_slot(&k->place, &k->slot, e) || !token_session(&k->place, k->slot, false, &k->anchor, e))
		return false;
	k->anchored = true;
	if (!token_login(&k->place, k->anchor, e))
		return false;
	k->generation++;
	return true;
}

static void
ctx_close(struct token_ctx *c)
{
	if (c->generation != 0)
		c->key->place.fn->C_CloseSession(c->session);
	c->generation = 0;
}

static bool
ctx_open(struct token_ctx *c, struct err *e)
{
	struct token_key *k = c->key;
	bool found = false, ok;

	pthread_mutex_lock(&k->lock);
	ok = (k->anchored || connect_token(k, e)) && token_session(&k->place, k->slot, false, &c->session, e);
	c->generation = ok ? k->generation : 0;
	pthread_mutex_unlock(&k->lock);
	if (!ok)
		return false;
	if (!token_object(&k->place, c->session, CKO_PRIVATE_KEY, &c->object, &found, e)) {
		ctx_close(c);
		return false;
	}
	if (!found) {
		ctx_close(c);
		return err_set(e, ERR_NOT_FOUND, "token_key", "the PKCS#11 URI names no private key on token \"%s\"",
		    k->place.token);
	}
	return true;
}

static bool
token_begin(void *key, enum signature_algorithm a, void **out, struct err *e)
{
	struct token_ctx *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	c->key = key;
	c->algorithm = a;
	if (!ctx_open(c, e)) {
		free(c);
		return false;
	}
	*out = c;
	return true;
}

static void
token_end(void *ctx)
{
	struct token_ctx *c = ctx;

	ctx_close(c);
	free(c);
}

/* DigestInfo of RFC 8017 section 9.2: the token pads, the hash is ours to name. */
static bool
digest_info(enum signature_algorithm a, const uint8_t *digest, size_t n, uint8_t *buf, size_t cap, struct der *out)
{
	static const uint8_t sha1[] = { 0x2b, 0x0e, 0x03, 0x02, 0x1a };
	uint8_t sha2[] = { 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01 };
	struct der_writer w = der_writer(buf, cap);
	size_t all = der_mark(&w), algorithm;

	sha2[8] = a == SIGNATURE_RSA_SHA512 ? 3 : a == SIGNATURE_RSA_SHA384 ? 2 : 1;
	der_put(&w, DER_OCTETS, digest, n);
	algorithm = der_mark(&w);
	der_put(&w, DER_NULL, NULL, 0);
	if (a == SIGNATURE_RSA_SHA1)
		der_put(&w, DER_OID, sha1, sizeof(sha1));
	else
		der_put(&w, DER_OID, sha2, sizeof(sha2));
	der_wrap(&w, DER_SEQUENCE, algorithm);
	der_wrap(&w, DER_SEQUENCE, all);
	return der_written(&w, out);
}

/* r and s side by side into ECDSA-Sig-Value (RFC 3279 section 2.2.3). */
static bool
ecdsa_value(const uint8_t *raw, size_t n, uint8_t *sig, size_t *len)
{
	uint8_t buf[256];
	struct der_writer w = der_writer(buf, sizeof(buf));
	size_t all = der_mark(&w);
	struct der out;

	der_put_unsigned(&w, raw + n / 2, n / 2);
	der_put_unsigned(&w, raw, n / 2);
	der_wrap(&w, DER_SEQUENCE, all);
	if (n == 0 || n % 2 != 0 || !der_written(&w, &out) || out.len > *len)
		return false;
	memcpy(sig, out.p, out.len);
	*len = out.len;
	return true;
}

static CK_RV
sign_once(struct token_ctx *c, const struct der *in, uint8_t *raw, CK_ULONG *n)
{
	CK_MECHANISM how = { .mechanism = c->key->type.algorithm == KEY_RSA ? CKM_RSA_PKCS : CKM_ECDSA };
	CK_FUNCTION_LIST_PTR fn = c->key->place.fn;
	CK_RV rv = fn->C_SignInit(c->session, &how, c->object);

	if (rv == CKR_OK)
		rv = fn->C_Sign(c->session, (CK_BYTE_PTR)(uintptr_t)in->p, in->len, raw, n);
	return rv;
}

/* A new log-in, unless another thread made one since this session. */
static bool
again(struct token_ctx *c, struct err *e)
{
	struct token_key *k = c->key;
	const unsigned was = c->generation;
	bool ok = true;

	ctx_close(c);
	pthread_mutex_lock(&k->lock);
	if (k->generation == was)
		ok = connect_token(k, e);
	pthread_mutex_unlock(&k->lock);
	return ok && ctx_open(c, e);
}

static bool
token_sign(void *ctx, const uint8_t *digest, size_t n, uint8_t *sig, size_t *len, struct err *e)
{
	struct token_ctx *c = ctx;
	const bool rsa = c->key->type.algorithm == KEY_RSA;
	const size_t field = (c->key->type.bits + 7) / 8;
	struct der in = { digest, n < field ? n : field };	/* FIPS 186-5: the leftmost bits of the hash */
	uint8_t info[128], raw[SIGNATURE_LEN_MAX];
	CK_ULONG got = sizeof(raw);
	CK_RV rv;

	if (rsa && !digest_info(c->algorithm, digest, n, info, sizeof(info), &in))
		return err_set(e, ERR_INTERNAL, "internal", "digest does not fit");
	if (c->generation == 0 && !ctx_open(c, e))
		return false;
	rv = sign_once(c, &in, raw, &got);
	if (rv != CKR_OK) {
		if (!again(c, e))
			return false;
		got = sizeof(raw);
		rv = sign_once(c, &in, raw, &got);
	}
	if (rv != CKR_OK)
		return token_fail(e, "C_Sign", rv);
	if (!rsa)
		return ecdsa_value(raw, got, sig, len) || token_fail(e, "a signature of this form", CKR_OK);
	if (got > *len)
		return err_set(e, ERR_INTERNAL, "internal", "signature does not fit");
	memcpy(sig, raw, got);
	*len = got;
	return true;
}

static void
token_free(void *key)
{
	token_key_free(key);
}

static const struct signkey_store token_store = { "pkcs11", token_begin, token_sign, token_end, token_free };

bool
signkey_from_token(const char *uri, const struct token_conf *conf, struct der spki, struct signkey **out,
    struct err *e)
{
	OWN(token_key_free) struct token_key *k = calloc(1, sizeof(*k));
	struct key_info info;

	if (k == NULL)
		abort();
	pthread_mutex_init(&k->lock, NULL);
	if (!key_decode(spki, &info, e))
		return false;
	k->type = info.type;
	if (!token_place_init(&k->place, uri, conf, e) || !connect_token(k, e))
		return false;
	return signkey_new(&token_store, give(k), spki, out, e);
}
