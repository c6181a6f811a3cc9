#include "x509/keypair.h"

#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "base/secret.h"
#include "x509/ossl.h"

#define PKCS8_MAX	2560		/* octets; RSA-4096 takes 2375 */
#define EC_SCALAR_MAX	48
#define EC_POINT_MAX	(1 + 2 * EC_SCALAR_MAX)
#define RSA_OCTETS_MAX	512

static const struct curve {
	unsigned	 bits;
	const char	*group;		/* libcrypto's name */
} curves[] = {
	{ 256, "P-256" },
	{ 384, "P-384" },
};

struct keymaker {
	EVP_PKEY_CTX	*ec[COUNT(curves)];	/* made when first asked for */
	enum rsagen_setting setting;
	struct rsagen	*rsa;
	bool		(*stop)(void *);
	void		*stop_arg;
	uint8_t		 scratch[PKCS8_MAX];	/* the private key while it is written */
};

struct keymaker *
keymaker_new(enum rsagen_setting setting)
{
	struct keymaker *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	m->setting = setting;
	return m;
}

void
keymaker_stop(struct keymaker *m, bool (*stop)(void *), void *arg)
{
	m->stop = stop;
	m->stop_arg = arg;
	if (m->rsa != NULL)
		rsagen_stop(m->rsa, stop, arg);
}

void
keymaker_free(struct keymaker *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < COUNT(curves); i++)
		EVP_PKEY_CTX_free(m->ec[i]);
	rsagen_free(m->rsa);
	wipe(m->scratch, sizeof(m->scratch));
	free(m);
}

void
keypair_clear(struct keypair *k)
{
	secret_free(k->pkcs8);
	memset(k, 0, sizeof(*k));
}

bool
keypair_possible(struct key_type type)
{
	if (type.algorithm == KEY_EC)
		return type.bits == 256 || type.bits == 384;
	return type.algorithm == KEY_RSA &&
	    (type.bits == 1024 || type.bits == 2048 || type.bits == 3072 || type.bits == 4096);
}

static bool
spki_take(const struct der_writer *w, struct keypair *out)
{
	struct der spki;

	if (!der_written(w, &spki) || spki.len > sizeof(out->spki))
		return false;
	memmove(out->spki, spki.p, spki.len);
	out->spki_len = spki.len;
	return true;
}

/* The AlgorithmIdentifier of a public key is its private key's as well. */
static bool
algorithm_of(const struct keypair *k, struct der *out)
{
	struct der_reader r = der_reader(k->spki, k->spki_len), spki;

	return der_enter(&r, DER_SEQUENCE, &spki) && der_get_whole(&spki, DER_SEQUENCE, out);
}

/* PrivateKeyInfo over what the writer holds: the octets of privateKey. */
static bool
pkcs8_take(struct der_writer *w, struct keypair *k)
{
	struct der algorithm, whole;

	if (!algorithm_of(k, &algorithm))
		return false;
	der_wrap(w, DER_OCTETS, 0);
	der_put_raw(w, algorithm.p, algorithm.len);
	der_put_u64(w, DER_INTEGER, 0);
	der_wrap(w, DER_SEQUENCE, 0);
	if (!der_written(w, &whole))
		return false;
	k->pkcs8 = secret_from(whole.p, whole.len);
	return true;
}

static EVP_PKEY_CTX *
curve_ctx(struct keymaker *m, size_t i)
{
	OWN(EVP_PKEY_CTX_free) EVP_PKEY_CTX *ctx = NULL;

	if (m->ec[i] != NULL)
		return m->ec[i];
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_CTX_set_group_name(ctx, curves[i].group) != 1)
		return NULL;
	return m->ec[i] = give(ctx);
}

/* ECPrivateKey (RFC 5915) with the public key, without the curve that PrivateKeyInfo names already. */
static bool
ec_encode(struct keymaker *m, unsigned bits, const uint8_t *scalar, const uint8_t *point, struct keypair *k)
{
	size_t octets = bits / 8;
	uint8_t public[KEYPAIR_SPKI_MAX];
	struct der_writer w = der_writer(public, sizeof(public));

	key_put_ec(&w, bits, point, 1 + 2 * octets);
	if (!spki_take(&w, k))
		return false;
	w = der_writer(m->scratch, sizeof(m->scratch));
	der_put_octet_bits(&w, point, 1 + 2 * octets);
	der_wrap(&w, DER_CONTEXT_CONS(1), 0);
	der_put(&w, DER_OCTETS, scalar, octets);
	der_put_u64(&w, DER_INTEGER, 1);
	der_wrap(&w, DER_SEQUENCE, 0);
	return pkcs8_take(&w, k);
}

static bool
ec_make(struct keymaker *m, unsigned bits, struct keypair *k, struct err *e)
{
	size_t i = bits == curves[0].bits ? 0 : 1, octets = bits / 8;
	EVP_PKEY_CTX *ctx = curve_ctx(m, i);
	OWN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	uint8_t native[EC_SCALAR_MAX], scalar[EC_SCALAR_MAX], point[EC_POINT_MAX];
	OSSL_PARAM wanted[] = {
		OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, octets),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end()
	};
	bool ok;

	if (ctx == NULL || EVP_PKEY_generate(ctx, &key) != 1 || EVP_PKEY_get_params(key, wanted) != 1)
		return ossl_fail(e, "EC key");
	ok = wanted[1].return_size == 1 + 2 * octets && point[0] == 0x04;
	for (size_t o = 0; o < octets; o++)		/* OSSL_PARAM integers are the machine's */
		scalar[o] = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? native[octets - 1 - o] : native[o];
	ok = ok && ec_encode(m, bits, scalar, point, k);
	wipe(native, sizeof(native));
	wipe(scalar, sizeof(scalar));
	return ok || err_set(e, ERR_INTERNAL, "internal", "EC key could not be encoded");
}

static void
put_bn(struct der_writer *w, const BIGNUM *n)
{
	uint8_t b[RSA_OCTETS_MAX];
	int len = BN_bn2binpad(n, b, BN_num_bytes(n));

	der_put_unsigned(w, b, len > 0 ? (size_t)len : 0);
	wipe(b, sizeof(b));
}

/* RSAPrivateKey (RFC 8017 appendix A.1.2), two primes. */
static bool
rsa_encode(struct keymaker *m, const struct rsa_key *r, struct keypair *k)
{
	static const uint8_t exponent[] = { RSAGEN_EXPONENT >> 16, RSAGEN_EXPONENT >> 8 & 0xff, RSAGEN_EXPONENT & 0xff };
	uint8_t public[KEYPAIR_SPKI_MAX], n[RSA_OCTETS_MAX];
	struct der_writer w = der_writer(public, sizeof(public));
	int n_len = BN_bn2binpad(r->n, n, BN_num_bytes(r->n));

	if (n_len <= 0)
		return false;
	key_put_rsa(&w, n, (size_t)n_len, exponent, sizeof(exponent));
	if (!spki_take(&w, k))
		return false;
	w = der_writer(m->scratch, sizeof(m->scratch));
	put_bn(&w, r->qinv);
	put_bn(&w, r->dq);
	put_bn(&w, r->dp);
	put_bn(&w, r->q);
	put_bn(&w, r->p);
	put_bn(&w, r->d);
	der_put_unsigned(&w, exponent, sizeof(exponent));
	der_put_unsigned(&w, n, (size_t)n_len);
	der_put_u64(&w, DER_INTEGER, 0);
	der_wrap(&w, DER_SEQUENCE, 0);
	return pkcs8_take(&w, k);
}

static bool
rsa_make(struct keymaker *m, unsigned bits, struct keypair *k, struct err *e)
{
	OWN_RSA_KEY struct rsa_key r = { 0 };

	if (m->rsa == NULL) {
		m->rsa = rsagen_new(m->setting);
		rsagen_stop(m->rsa, m->stop, m->stop_arg);
	}
	if (!rsagen_make(m->rsa, (int)bits, &r, e))
		return false;
	return rsa_encode(m, &r, k) || err_set(e, ERR_INTERNAL, "internal", "RSA key could not be encoded");
}

bool
keypair_make(struct keymaker *m, struct key_type type, struct keypair *out, struct err *e)
{
	OWN_KEYPAIR struct keypair k = { 0 };
	char text[24];
	bool ok;

	if (!keypair_possible(type))
		return err_set(e, ERR_INVALID, "key_type", "no keys of type %s are made here", key_type_text(type, text));
	ok = type.algorithm == KEY_EC ? ec_make(m, type.bits, &k, e) : rsa_make(m, type.bits, &k, e);
	wipe(m->scratch, sizeof(m->scratch));
	if (!ok)
		return err_in(e, "keypair");
	*out = k;
	memset(&k, 0, sizeof(k));
	return true;
}
