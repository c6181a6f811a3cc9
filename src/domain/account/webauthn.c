#include "domain/account/webauthn.h"

#include <arpa/inet.h>
#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "base/hash.h"
#include "base/own.h"
#include "base/str.h"

#define RP_HASH_LEN 32
#define FLAG_PRESENT 0x01u
#define FLAG_CREDENTIAL 0x40u

static void
cred_free(fido_cred_t *c)
{
	fido_cred_free(&c);
}
OWN_TYPE(fido_cred_t, cred_free)

static void
assert_free(fido_assert_t *a)
{
	fido_assert_free(&a);
}
OWN_TYPE(fido_assert_t, assert_free)

const int webauthn_algorithms[] = { COSE_ES256, COSE_EDDSA, COSE_RS256 };
const size_t webauthn_algorithms_n = COUNT(webauthn_algorithms);

static void
init_once(void)
{
	fido_init(0);
}

static void
init(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, init_once);
}

static bool
wrong(struct err *e, const char *why)
{
	return err_set(e, ERR_INVALID, "passkey", "this passkey cannot be taken: %s", why);
}

bool
webauthn_party_of(const char *origin, struct arena *a, struct webauthn_party *out, struct err *e)
{
	const char *host = strstr(origin, "://");
	struct in_addr v4;
	char *id;

	host = host == NULL ? origin : host + 3;
	id = arena_strndup(a, host, strcspn(host, ":/"));
	if (host[0] == '[' || id == NULL || inet_pton(AF_INET, id, &v4) == 1)
		return err_set(e, ERR_CONFLICT, "passkey_host", "passkeys need a portal that is reached by a host name");
	*out = (struct webauthn_party){ .origin = origin, .id = id };
	return true;
}

/* clientDataJSON: what was asked for, by which page. */
static bool
client_data_read(const struct webauthn_party *party, struct webauthn_octets data, const char *type,
    uint8_t challenge[WEBAUTHN_CHALLENGE_LEN], struct err *e)
{
	json_t *o = json_loadb((const char *)data.p, data.len, JSON_REJECT_DUPLICATES, NULL);
	const char *text = json_string_value(json_object_get(o, "challenge"));
	const char *what = json_string_value(json_object_get(o, "type"));
	const char *origin = json_string_value(json_object_get(o, "origin"));
	const char *why = NULL;
	size_t len = 0;

	if (o == NULL || text == NULL || what == NULL || origin == NULL)
		why = "its client data cannot be read";
	else if (strcmp(what, type) != 0)
		why = "its client data is for something else";
	else if (strcmp(origin, party->origin) != 0 || json_is_true(json_object_get(o, "crossOrigin")))
		why = "it was made for another site";
	else if (!b64url_decode(text, strlen(text), challenge, WEBAUTHN_CHALLENGE_LEN, &len) ||
	    len != WEBAUTHN_CHALLENGE_LEN)
		why = "its challenge is not ours";
	json_decref(o);
	return why == NULL || wrong(e, why);
}

static bool
authenticator_data_check(const struct webauthn_party *party, struct webauthn_octets data, unsigned flags,
    struct err *e)
{
	uint8_t hash[SHA256_LEN];

	sha256(party->id, strlen(party->id), hash);
	if (data.len <= RP_HASH_LEN)
		return wrong(e, "its authenticator data is cut off");
	if (memcmp(data.p, hash, RP_HASH_LEN) != 0)
		return wrong(e, "it was made for another site");
	if ((data.p[RP_HASH_LEN] & flags) != flags)
		return wrong(e, "no person was there, or there is no key in it");
	return true;
}

bool
webauthn_registration(const struct webauthn_party *party, struct webauthn_octets client_data,
    struct webauthn_octets authenticator_data, struct arena *a, uint8_t challenge[WEBAUTHN_CHALLENGE_LEN],
    struct webauthn_credential *out, struct err *e)
{
	init();
	if (!client_data_read(party, client_data, "webauthn.create", challenge, e) ||
	    !authenticator_data_check(party, authenticator_data, FLAG_PRESENT | FLAG_CREDENTIAL, e))
		return false;
	/* The library wants to know the algorithm before it reads the key. */
	for (size_t i = 0; i < webauthn_algorithms_n; i++) {
		OWN(cred_free) fido_cred_t *c = fido_cred_new();

		if (c == NULL)
			abort();
		if (fido_cred_set_type(c, webauthn_algorithms[i]) != FIDO_OK ||
		    fido_cred_set_authdata_raw(c, authenticator_data.p, authenticator_data.len) != FIDO_OK)
			continue;
		*out = (struct webauthn_credential){ .algorithm = webauthn_algorithms[i], .id_len = fido_cred_id_len(c),
		    .public_key_len = fido_cred_pubkey_len(c), .sign_count = fido_cred_sigcount(c) };
		out->id = arena_memdup(a, fido_cred_id_ptr(c), out->id_len);
		out->public_key = arena_memdup(a, fido_cred_pubkey_ptr(c), out->public_key_len);
		if (out->id_len == 0 || out->public_key_len == 0)
			return wrong(e, "there is no key in it");
		return out->id != NULL && out->public_key != NULL ? true :
		    err_set(e, ERR_TOO_LARGE, "request", "the request is too large");
	}
	return wrong(e, "its key cannot be read, or is of a kind that is not taken");
}

/* One verification with the key as the library keeps it for the algorithm. */
static int
verify(const fido_assert_t *x, const struct webauthn_credential *c)
{
	int rc = FIDO_ERR_INVALID_ARGUMENT;

	if (c->algorithm == COSE_ES256) {
		es256_pk_t *pk = es256_pk_new();

		if (pk != NULL && es256_pk_from_ptr(pk, c->public_key, c->public_key_len) == FIDO_OK)
			rc = fido_assert_verify(x, 0, COSE_ES256, pk);
		es256_pk_free(&pk);
	} else if (c->algorithm == COSE_EDDSA) {
		eddsa_pk_t *pk = eddsa_pk_new();

		if (pk != NULL && eddsa_pk_from_ptr(pk, c->public_key, c->public_key_len) == FIDO_OK)
			rc = fido_assert_verify(x, 0, COSE_EDDSA, pk);
		eddsa_pk_free(&pk);
	} else if (c->algorithm == COSE_RS256) {
		rs256_pk_t *pk = rs256_pk_new();

		if (pk != NULL && rs256_pk_from_ptr(pk, c->public_key, c->public_key_len) == FIDO_OK)
			rc = fido_assert_verify(x, 0, COSE_RS256, pk);
		rs256_pk_free(&pk);
	}
	return rc;
}

bool
webauthn_assertion(const struct webauthn_party *party, const struct webauthn_credential *c,
    struct webauthn_octets client_data, struct webauthn_octets authenticator_data, struct webauthn_octets signature,
    uint8_t challenge[WEBAUTHN_CHALLENGE_LEN], uint32_t *sign_count, struct err *e)
{
	OWN(assert_free) fido_assert_t *x = NULL;

	init();
	if (!client_data_read(party, client_data, "webauthn.get", challenge, e) ||
	    !authenticator_data_check(party, authenticator_data, FLAG_PRESENT, e))
		return false;
	x = fido_assert_new();
	if (x == NULL)
		abort();
	if (fido_assert_set_rp(x, party->id) != FIDO_OK || fido_assert_set_count(x, 1) != FIDO_OK ||
	    fido_assert_set_clientdata(x, client_data.p, client_data.len) != FIDO_OK ||
	    fido_assert_set_authdata_raw(x, 0, authenticator_data.p, authenticator_data.len) != FIDO_OK ||
	    fido_assert_set_sig(x, 0, signature.p, signature.len) != FIDO_OK)
		return wrong(e, "it cannot be read");
	if (fido_assert_set_up(x, FIDO_OPT_TRUE) != FIDO_OK || verify(x, c) != FIDO_OK)
		return wrong(e, "its signature does not fit");
	*sign_count = fido_assert_sigcount(x, 0);
	return true;
}
