#include "status/answers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PARTS	 16
#define READY_OCTETS 1024		/* the HTTP library's, for five headers */
#define BUCKETS_MIN 256

/* Locks are held for a few pointer moves. */
struct part {
	pthread_mutex_t	 lock;
	struct answer	**buckets;
	size_t		 n_buckets, n;
	size_t		 octets;
	struct answer	*newest, *oldest;
};

struct answers {
	struct part		 parts[PARTS];
	size_t			 part_max;
	atomic_int_least64_t	 mark;
};

/* ---- one ---- */

static void
http_date(int64_t s, char out[32])
{
	time_t t = (time_t)s;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(out, 32, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

void
cache_control(char *out, size_t cap, int64_t age_s)
{
	(void)snprintf(out, cap, "max-age=%lld, public, no-transform, must-revalidate", (long long)(age_s < 0 ? 0 : age_s));
}

/* Serials are random, but for the first octets of those that others ask about: all of them count. */
static uint64_t
serial_hash(struct der serial)
{
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < serial.len; i++)
		h = (h ^ serial.p[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

struct answer *
answer_new(const struct authority *ca, struct der certid, struct der serial, struct der response, int64_t this_update_s,
    int64_t next_update_s)
{
	struct answer *a = malloc(sizeof(*a) + certid.len + serial.len + response.len);
	uint8_t *p, digest[SHA256_LEN];
	char hex[33];

	if (a == NULL)
		abort();
	p = (uint8_t *)(a + 1);
	*a = (struct answer){ .refs = 1, .ca = ca, .certid = p, .certid_len = certid.len, .serial = p + certid.len,
		.serial_len = serial.len, .der = p + certid.len + serial.len, .der_len = response.len,
		.this_update_s = this_update_s, .next_update_s = next_update_s, .hash = serial_hash(serial) };
	memcpy(p, certid.p, certid.len);
	memcpy(p + certid.len, serial.p, serial.len);
	memcpy(p + certid.len + serial.len, response.p, response.len);
	sha256(response.p, response.len, digest);
	hex_lower(digest, 16, hex);
	(void)snprintf(a->etag, sizeof(a->etag), "\"%s\"", hex);
	http_date(this_update_s, a->modified);
	http_date(next_update_s, a->expires);
	return a;
}

void
answer_release(struct answer *a)
{
	if (atomic_fetch_sub(&a->refs, 1) != 1)
		return;
	if (a->ready != NULL)
		http_ready_free(a->ready);
	free(a);
}

struct http_ready *
answer_ready(struct answer *a, int64_t max_age_s)
{
	struct http_ready *ready = atomic_load(&a->ready), *made;
	char cache[96];
	const struct http_pair headers[] = { { "Content-Type", OCSP_RESPONSE_TYPE }, { "Cache-Control", cache },
		{ "ETag", a->etag }, { "Last-Modified", a->modified }, { "Expires", a->expires } };

	if (ready != NULL)
		return ready;
	cache_control(cache, sizeof(cache), max_age_s);
	made = http_ready_new(HTTP_STATUS, headers, COUNT(headers), a->der, a->der_len);
	if (atomic_compare_exchange_strong(&a->ready, &ready, made))
		return made;
	http_ready_free(made);		/* another thread was faster */
	return ready;
}

static size_t
weight(const struct answer *a)
{
	return sizeof(*a) + a->certid_len + a->serial_len + a->der_len + 32 + READY_OCTETS;
}

/* ---- a part ---- */

static void
used_unlink(struct part *p, struct answer *a)
{
	*(a->newer == NULL ? &p->newest : &a->newer->older) = a->older;
	*(a->older == NULL ? &p->oldest : &a->older->newer) = a->newer;
}

static void
used_first(struct part *p, struct answer *a)
{
	a->newer = NULL;
	a->older = p->newest;
	*(p->newest == NULL ? &p->oldest : &p->newest->newer) = a;
	p->newest = a;
}

static struct answer **
bucket(struct part *p, uint64_t hash)
{
	return &p->buckets[(hash >> 8) & (p->n_buckets - 1)];
}

static void
grow(struct part *p)
{
	size_t n = p->n_buckets == 0 ? BUCKETS_MIN : p->n_buckets * 2, was_n = p->n_buckets;
	struct answer **was = p->buckets;

	p->buckets = calloc(n, sizeof(*p->buckets));
	if (p->buckets == NULL)
		abort();
	p->n_buckets = n;
	for (size_t i = 0; i < was_n; i++)
		while (was[i] != NULL) {
			struct answer *a = was[i], **at = bucket(p, a->hash);

			was[i] = a->next;
			a->next = *at;
			*at = a;
		}
	free(was);
}

static struct answer **
find(struct part *p, uint64_t hash, struct der certid)
{
	struct answer **at = bucket(p, hash);

	while (*at != NULL && ((*at)->hash != hash || (*at)->certid_len != certid.len ||
	    memcmp((*at)->certid, certid.p, certid.len) != 0))
		at = &(*at)->next;
	return at;
}

static void
take_out(struct part *p, struct answer **at)
{
	struct answer *a = *at;

	*at = a->next;
	used_unlink(p, a);
	p->n--;
	p->octets -= weight(a);
	answer_release(a);
}

/* ---- all ---- */

struct answers *
answers_new(size_t octets_max)
{
	struct answers *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->part_max = octets_max / PARTS;
	for (size_t i = 0; i < PARTS; i++) {
		(void)pthread_mutex_init(&s->parts[i].lock, NULL);
		grow(&s->parts[i]);
	}
	return s;
}

void
answers_free(struct answers *s)
{
	for (size_t i = 0; i < PARTS; i++) {
		struct part *p = &s->parts[i];

		while (p->newest != NULL)
			take_out(p, find(p, p->newest->hash, (struct der){ p->newest->certid, p->newest->certid_len }));
		free(p->buckets);
		(void)pthread_mutex_destroy(&p->lock);
	}
	free(s);
}

static struct part *
part_of(struct answers *s, uint64_t hash)
{
	return &s->parts[hash & (PARTS - 1)];
}

struct answer *
answers_get(struct answers *s, struct der certid, struct der serial, int64_t now_s)
{
	uint64_t hash = serial_hash(serial);
	struct part *p = part_of(s, hash);
	struct answer *a;

	(void)pthread_mutex_lock(&p->lock);
	a = *find(p, hash, certid);
	if (a != NULL && a->next_update_s > now_s) {
		atomic_fetch_add(&a->refs, 1);
		if (p->newest != a) {
			used_unlink(p, a);
			used_first(p, a);
		}
	} else
		a = NULL;
	(void)pthread_mutex_unlock(&p->lock);
	if (a != NULL)
		atomic_store_explicit(&a->asked_s, now_s, memory_order_relaxed);
	return a;
}

int64_t
answers_mark(const struct answers *s)
{
	return atomic_load(&s->mark);
}

void
answers_moved(struct answers *s, int64_t seq)
{
	atomic_store(&s->mark, seq);
}

bool
answers_put(struct answers *s, struct answer *a, int64_t mark)
{
	struct part *p = part_of(s, a->hash);
	struct answer **at;
	bool taken = false;

	(void)pthread_mutex_lock(&p->lock);
	/* Under the lock: a change that is announced after this finds the answer when it drops the serial. */
	if (atomic_load(&s->mark) == mark && weight(a) <= s->part_max) {
		at = find(p, a->hash, (struct der){ a->certid, a->certid_len });
		if (*at != NULL)
			take_out(p, at);
		if (p->n >= p->n_buckets)
			grow(p);
		at = bucket(p, a->hash);
		a->next = *at;
		*at = a;
		atomic_fetch_add(&a->refs, 1);
		used_first(p, a);
		p->n++;
		p->octets += weight(a);
		while (p->octets > s->part_max)
			take_out(p, find(p, p->oldest->hash, (struct der){ p->oldest->certid, p->oldest->certid_len }));
		taken = true;
	}
	(void)pthread_mutex_unlock(&p->lock);
	return taken;
}

void
answers_drop(struct answers *s, struct der serial, void (*each)(void *, const struct answer *), void *arg)
{
	uint64_t hash = serial_hash(serial);
	struct part *p = part_of(s, hash);

	(void)pthread_mutex_lock(&p->lock);
	for (struct answer **at = bucket(p, hash); *at != NULL;) {
		struct answer *a = *at;

		if (a->hash == hash && der_equal(serial, a->serial, a->serial_len)) {
			if (each != NULL)
				each(arg, a);
			take_out(p, at);
		} else
			at = &a->next;
	}
	(void)pthread_mutex_unlock(&p->lock);
}

void
answers_due(struct answers *s, int64_t now_s, void (*each)(void *, const struct answer *), void *arg)
{
	for (size_t i = 0; i < PARTS; i++) {
		struct part *p = &s->parts[i];

		(void)pthread_mutex_lock(&p->lock);
		for (struct answer *a = p->oldest, *newer; a != NULL; a = newer) {
			int64_t half = (a->next_update_s - a->this_update_s) / 2;

			newer = a->newer;
			if (a->next_update_s <= now_s)
				take_out(p, find(p, a->hash, (struct der){ a->certid, a->certid_len }));
			else if (a->next_update_s - now_s <= half && atomic_load(&a->asked_s) >= now_s - half)
				each(arg, a);
		}
		(void)pthread_mutex_unlock(&p->lock);
	}
}

size_t
answers_octets(struct answers *s)
{
	size_t sum = 0;

	for (size_t i = 0; i < PARTS; i++) {
		(void)pthread_mutex_lock(&s->parts[i].lock);
		sum += s->parts[i].octets;
		(void)pthread_mutex_unlock(&s->parts[i].lock);
	}
	return sum;
}

size_t
answers_count(struct answers *s)
{
	size_t sum = 0;

	for (size_t i = 0; i < PARTS; i++) {
		(void)pthread_mutex_lock(&s->parts[i].lock);
		sum += s->parts[i].n;
		(void)pthread_mutex_unlock(&s->parts[i].lock);
	}
	return sum;
}
