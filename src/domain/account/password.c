#include "domain/account/password.h"

#include <argon2.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <strings.h>

#include "base/rand.h"
#include "base/str.h"

#define COST_T 2
#define COST_M_KIB (19 * 1024)
#define COST_P 1
#define HASH_LEN 32
#define SALT_LEN 16
#define AT_ONCE 2		/* a hash takes 19 MiB and a core */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sem_t turn;
static char dummy[PASSWORD_HASH_MAX];

static bool
hash_into(const void *password, size_t len, char *out)
{
	uint8_t salt[SALT_LEN];

	rand_octets(salt, sizeof(salt));
	return argon2id_hash_encoded(COST_T, COST_M_KIB, COST_P, password, len, salt, sizeof(salt), HASH_LEN, out,
	    PASSWORD_HASH_MAX) == ARGON2_OK;
}

static void
start(void)
{
	(void)sem_init(&turn, 0, AT_ONCE);
	(void)hash_into("no such user has this", 21, dummy);
}

bool
password_ok(const struct secret *password, const char *username, int min_chars, struct err *e)
{
	const char *text = (const char *)password->p;
	size_t chars = 0;
	bool varied = false;

	if (!utf8_valid(text, password->len))
		return err_set(e, ERR_INVALID, "password_weak", "the password is not valid UTF-8");
	for (size_t i = 0; i < password->len; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			chars++;
		if (text[i] != text[0])
			varied = true;
	}
	if (chars < (size_t)min_chars)
		return err_set(e, ERR_INVALID, "password_weak", "a password has at least %d characters", min_chars);
	if (chars > PASSWORD_MAX)
		return err_set(e, ERR_INVALID, "password_weak", "a password has at most %d characters", PASSWORD_MAX);
	if (!varied)
		return err_set(e, ERR_INVALID, "password_weak", "the password repeats one character");
	if (strlen(username) >= 4 && strcasestr(text, username) != NULL)
		return err_set(e, ERR_INVALID, "password_weak", "the password contains the username");
	return true;
}

bool
password_hash(const struct secret *password, char out[PASSWORD_HASH_MAX], struct err *e)
{
	bool ok;

	(void)pthread_once(&once, start);
	while (sem_wait(&turn) != 0)
		continue;
	ok = hash_into(password->p, password->len, out);
	(void)sem_post(&turn);
	return ok || err_set(e, ERR_UNAVAILABLE, "password_hash", "no memory to hash a password");
}

bool
password_verify(const char *encoded, const struct secret *password)
{
	bool ok;

	(void)pthread_once(&once, start);
	while (sem_wait(&turn) != 0)
		continue;
	ok = argon2id_verify(encoded != NULL ? encoded : dummy, password->p, password->len) == ARGON2_OK;
	(void)sem_post(&turn);
	return ok && encoded != NULL;
}
