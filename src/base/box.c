#include "base/box.h"

#include <limits.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/rand.h"
#include "base/secret.h"
#include "base/str.h"

#define NONCE_LEN 12
#define TAG_LEN 16

OWN_TYPE(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_CIPHER *gcm;

static void
fetch(void)
{
	gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	if (gcm == NULL)
		abort();
}

struct secret *
box_key_make(void)
{
	struct secret *key = secret_new(BOX_KEY_LEN);

	rand_octets(key->p, key->len);
	return key;
}

static bool
lengths_ok(const struct secret *key, size_t about_len, size_t len)
{
	return key->len == BOX_KEY_LEN && about_len <= INT_MAX && len <= INT_MAX - NONCE_LEN - TAG_LEN;
}

bool
box_seal(const struct secret *key, const void *about, size_t about_len, const struct secret *plain, struct str *out,
    struct err *e)
{
	OWN(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	size_t whole = NONCE_LEN + plain->len + TAG_LEN;
	uint8_t *to = (uint8_t *)str_room(out, whole);
	int n, end;

	(void)pthread_once(&once, fetch);
	if (c == NULL || !lengths_ok(key, about_len, plain->len))
		return err_sys(e, "nothing that can be sealed");
	rand_octets(to, NONCE_LEN);
	if (EVP_EncryptInit_ex2(c, gcm, key->p, to, NULL) != 1 ||
	    EVP_EncryptUpdate(c, NULL, &n, about, (int)about_len) != 1 ||
	    EVP_EncryptUpdate(c, to + NONCE_LEN, &n, plain->p, (int)plain->len) != 1 ||
	    EVP_EncryptFinal_ex(c, to + NONCE_LEN + n, &end) != 1 || (size_t)(n + end) != plain->len ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, to + NONCE_LEN + plain->len) != 1)
		return err_sys(e, "AES-256-GCM failed");
	out->len += whole;
	out->p[out->len] = '\0';
	return true;
}

bool
box_open(const struct secret *key, const void *about, size_t about_len, const uint8_t *box, size_t len,
    struct secret **out, struct err *e)
{
	OWN(EVP_CIPHER_CTX_free) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	OWN(secret_free) struct secret *plain = NULL;
	uint8_t tag[TAG_LEN];
	int n, end;

	(void)pthread_once(&once, fetch);
	if (c == NULL || !lengths_ok(key, about_len, 0))
		return err_sys(e, "nothing that can be opened");
	if (len < NONCE_LEN + TAG_LEN || len > INT_MAX)
		return err_set(e, ERR_INVALID, "box_altered", "a sealed record is too short");
	plain = secret_new(len - NONCE_LEN - TAG_LEN);
	for (size_t i = 0; i < TAG_LEN; i++)
		tag[i] = box[len - TAG_LEN + i];
	if (EVP_DecryptInit_ex2(c, gcm, key->p, box, NULL) != 1 ||
	    EVP_DecryptUpdate(c, NULL, &n, about, (int)about_len) != 1 ||
	    EVP_DecryptUpdate(c, plain->p, &n, box + NONCE_LEN, (int)plain->len) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) != 1 ||
	    EVP_DecryptFinal_ex(c, plain->p + n, &end) != 1)
		return err_set(e, ERR_INVALID, "box_altered", "a sealed record was altered, or is under another key");
	*out = give(plain);
	return true;
}
