#include "base/secret.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>

#include "base/log.h"

#define HEAP_OCTETS ((size_t)4 << 20)
#define HEAP_LEAST ((size_t)64 << 10)
#define PIECE_LEAST 32

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* What our secrets may take of the heap: libcrypto makes EC keys and seeds there, and fails without room. */
static size_t heap_share;

/*
 * The heap must fit under RLIMIT_MEMLOCK, which is small for an ordinary user: a smaller locked one is
 * better than a large one that may be swapped out.
 */
static void
heap_make(void)
{
	size_t size;

	if (CRYPTO_secure_malloc_initialized())
		return;
	for (size = HEAP_OCTETS; size >= HEAP_LEAST; size /= 2) {
		heap_share = size / 4 * 3;
		if (CRYPTO_secure_malloc_init(size, PIECE_LEAST) == 1)
			return;
		(void)CRYPTO_secure_malloc_done();
	}
	heap_share = HEAP_OCTETS / 4 * 3;
	(void)CRYPTO_secure_malloc_init(HEAP_OCTETS, PIECE_LEAST);
	log_warn("secret.unlocked", "reason=\"memory cannot be locked; raise RLIMIT_MEMLOCK\"");
}

void
secret_init(void)
{
	(void)pthread_once(&once, heap_make);
}

bool
secret_room(size_t octets)
{
	return octets < heap_share && CRYPTO_secure_used() < heap_share - octets;
}

struct secret *
secret_new(size_t len)
{
	struct secret *s = calloc(1, sizeof(*s));

	if (s == NULL || len == SIZE_MAX)
		abort();
	if (secret_room(len))
		s->p = OPENSSL_secure_zalloc(len + 1);
	if (s->p == NULL)		/* the locked heap is full; wiped all the same */
		s->p = OPENSSL_zalloc(len + 1);
	if (s->p == NULL)
		abort();
	s->len = len;
	return s;
}

struct secret *
secret_from(const void *p, size_t len)
{
	struct secret *s = secret_new(len);

	if (len > 0)
		memcpy(s->p, p, len);
	return s;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	OPENSSL_secure_clear_free(s->p, s->len + 1);	/* knows which heap it came from */
	free(s);
}

bool
secret_equal(const struct secret *s, const void *p, size_t len)
{
	return s->len == len && CRYPTO_memcmp(s->p, p, len) == 0;
}

void
wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
