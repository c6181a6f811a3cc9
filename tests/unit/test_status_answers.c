/* Answers in memory: bounded, found by CertID, dropped by serial, never older than what was announced. */
#include <pthread.h>
#include <string.h>

#include "check.h"
#include "status/answers.h"

#define NOW 1000000

static struct answer *
made(const char *certid, const char *serial, int64_t life, const char *response)
{
	return answer_new(NULL, (struct der){ (const uint8_t *)certid, strlen(certid) },
	    (struct der){ (const uint8_t *)serial, strlen(serial) },
	    (struct der){ (const uint8_t *)response, strlen(response) }, NOW, NOW + life);
}

static bool
put(struct answers *s, const char *certid, const char *serial, int64_t life, const char *response, int64_t mark)
{
	struct answer *a = made(certid, serial, life, response);
	bool taken = answers_put(s, a, mark);

	answer_release(a);
	return taken;
}

static bool
has(struct answers *s, const char *certid, const char *serial, int64_t now, const char *response)
{
	struct answer *a = answers_get(s, (struct der){ (const uint8_t *)certid, strlen(certid) },
	    (struct der){ (const uint8_t *)serial, strlen(serial) }, now);
	bool same = a != NULL && a->der_len == strlen(response) && memcmp(a->der, response, a->der_len) == 0;

	if (a != NULL)
		answer_release(a);
	return same;
}

static void
count(void *arg, const struct answer *a)
{
	(void)a;
	(*(int *)arg)++;
}

static void
test_found(void)
{
	struct answers *s = answers_new((size_t)1 << 20);
	int n = 0;

	CHECK(put(s, "id-sha1", "S1", 100, "one", 0), "taken in");
	CHECK(put(s, "id-sha256", "S1", 100, "two", 0), "another CertID of the same serial");
	CHECK(has(s, "id-sha1", "S1", NOW, "one") && has(s, "id-sha256", "S1", NOW, "two"), "each by its own CertID");
	CHECK(!has(s, "id-sha1", "S2", NOW, "one"), "another serial");
	CHECK(!has(s, "id-sha1", "S1", NOW + 100, "one"), "not past its nextUpdate");
	CHECK(put(s, "id-sha1", "S1", 200, "newer", 0) && has(s, "id-sha1", "S1", NOW + 150, "newer"), "replaced");
	answers_drop(s, (struct der){ (const uint8_t *)"S1", 2 }, count, &n);
	CHECK(n == 2 && !has(s, "id-sha1", "S1", NOW, "newer") && !has(s, "id-sha256", "S1", NOW, "two"), "dropped by serial: %d", n);
	CHECK(answers_octets(s) == 0, "nothing is left");
	answers_free(s);
}

static void
test_moved(void)
{
	struct answers *s = answers_new((size_t)1 << 20);
	int64_t mark = answers_mark(s);

	answers_moved(s, 7);
	CHECK(!put(s, "id", "S", 100, "stale", mark), "read before the change was announced: not taken in");
	CHECK(answers_mark(s) == 7 && put(s, "id", "S", 100, "fresh", 7), "read after it");
	answers_free(s);
}

static void
test_bounded(void)
{
	struct answers *s = answers_new((size_t)256 << 10);
	static char big[40001];
	char id[32], serial[32], text[1001];
	int kept = 0;

	memset(big, 120, 40000);
	memset(text, 120, 1000);
	text[1000] = '\0';
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(id, sizeof(id), "id%d", i);
		(void)snprintf(serial, sizeof(serial), "serial%d", i);
		CHECK(put(s, id, serial, 100, text, 0), "taken in");
		CHECK(has(s, "id0", "serial0", NOW, text) || i > 100, "what is asked for often stays");
	}
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(id, sizeof(id), "id%d", i);
		(void)snprintf(serial, sizeof(serial), "serial%d", i);
		kept += has(s, id, serial, NOW, text);
	}
	CHECK(kept > 50 && kept < 256, "%d kept", kept);
	CHECK(has(s, "id0", "serial0", NOW, text), "the one that was asked for all the time");
	CHECK(answers_octets(s) <= (size_t)256 << 10, "%zu octets", answers_octets(s));
	CHECK(!put(s, "big", "big", 100, big, 0), "one larger than its share");
	answers_free(s);
}

static void
test_due(void)
{
	struct answers *s = answers_new((size_t)1 << 20);
	int n = 0;

	(void)put(s, "asked", "A", 100, "a", 0);
	(void)put(s, "quiet", "B", 100, "b", 0);
	(void)has(s, "asked", "A", NOW + 30, "a");
	answers_due(s, NOW + 40, count, &n);
	CHECK(n == 0, "before half of its life: %d", n);
	answers_due(s, NOW + 60, count, &n);
	CHECK(n == 1, "the one that was asked for: %d", n);
	answers_due(s, NOW + 100, count, &n);
	CHECK(n == 1 && answers_octets(s) == 0, "what ended leaves");
	answers_free(s);
}

/* Threads that make, ask and drop at once; a sanitizer build looks closer. */
static void *
busy(void *arg)
{
	struct answers *s = arg;
	char id[16];

	for (int i = 0; i < 20000; i++) {
		(void)snprintf(id, sizeof(id), "s%d", i % 97);
		if (i % 3 == 0)
			(void)put(s, id, id, 100, "answer", answers_mark(s));
		else if (i % 7 == 0)
			answers_drop(s, (struct der){ (const uint8_t *)id, strlen(id) }, NULL, NULL);
		else if (i % 501 == 0)
			answers_moved(s, i);
		else
			(void)has(s, id, id, NOW, "answer");
	}
	return NULL;
}

static void
test_threads(void)
{
	struct answers *s = answers_new((size_t)64 << 10);
	pthread_t t[4];

	for (size_t i = 0; i < COUNT(t); i++)
		CHECK(pthread_create(&t[i], NULL, busy, s) == 0, "thread");
	for (size_t i = 0; i < COUNT(t); i++)
		(void)pthread_join(t[i], NULL);
	CHECK(answers_octets(s) <= (size_t)64 << 10, "bounded");
	answers_free(s);
}

int
main(void)
{
	test_found();
	test_moved();
	test_bounded();
	test_due();
	test_threads();
	return check_done();
}
