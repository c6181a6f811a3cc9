#include <errno.h>
#include <string.h>
#include <time.h>

#include "signer/journal/journal_impl.h"

#define WAIT_S	30			/* for requests that are signing what somebody asks about */

static int
by_serial(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct journal_serial));
}

static struct journal_claim *
claim_new(struct journal *j, const struct journal_serial *serials, size_t n)
{
	struct journal_claim *c = calloc(1, sizeof(*c));

	if (c == NULL || (c->serials = calloc(n + 1, sizeof(*c->serials))) == NULL)
		abort();
	c->journal = j;
	c->n = n;
	if (n != 0)
		memcpy(c->serials, serials, n * sizeof(*serials));
	qsort(c->serials, n, sizeof(*c->serials), by_serial);
	return c;
}

static bool
claim_has(const struct journal_claim *c, const struct journal_serial *s)
{
	return bsearch(s, c->serials, c->n, sizeof(*s), by_serial) != NULL;
}

/* With the journal's lock held. */
static bool
claimed(const struct journal *j, const struct journal_serial *s)
{
	for (const struct journal_claim *c = j->claims; c != NULL; c = c->next)
		if (claim_has(c, s))
			return true;
	return false;
}

static void
claim_link(struct journal_claim *c)
{
	struct journal *j = c->journal;

	c->next = j->claims;
	if (c->next != NULL)
		c->next->prev = c;
	j->claims = c;
}

void
journal_claim_free(struct journal_claim *c)
{
	struct journal *j = c->journal;

	pthread_mutex_lock(&j->lock);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		j->claims = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	pthread_cond_broadcast(&j->changed);
	pthread_mutex_unlock(&j->lock);
	free(c->serials);
	free(c);
}

static bool
in_index(struct journal *j, const struct journal_serial *s, uint64_t *place, bool *found, struct err *e)
{
	struct match m = { .journal = j, .serial = s };

	*found = serials_find(j->index, s->b, s->len, journal_match, &m, place);
	if (!*found && m.failed)
		return err_sys(e, "read the journal");
	return true;
}

/* taken[i] for every serial that stands earlier in the list; sorted neighbors tell. */
static void
mark_repeats(const struct journal_claim *c, const struct journal_serial *serials, size_t n, bool *taken)
{
	bool any = false;

	for (size_t i = 1; i < c->n && !any; i++)
		any = by_serial(&c->serials[i - 1], &c->serials[i]) == 0;
	if (!any)
		return;
	for (size_t i = 1; i < n; i++)
		for (size_t k = 0; k < i && !taken[i]; k++)
			taken[i] = by_serial(&serials[i], &serials[k]) == 0;
}

/*
 * First claimed, then looked up: whoever signed a serial before had it in the index before giving up
 * its own claim, so one of the two looks finds it.
 */
bool
journal_claim(struct journal *j, const struct journal_serial *serials, size_t n, bool *taken,
    struct journal_claim **out, struct err *e)
{
	OWN(journal_claim_free) struct journal_claim *c = NULL;
	struct journal_claim *made = claim_new(j, serials, n);

	memset(taken, 0, n * sizeof(*taken));
	mark_repeats(made, serials, n, taken);
	pthread_mutex_lock(&j->lock);
	if (j->claims != NULL)
		for (size_t i = 0; i < n; i++)
			if (claimed(j, &serials[i]))
				taken[i] = true;
	claim_link(made);
	pthread_mutex_unlock(&j->lock);
	c = made;
	for (size_t i = 0; i < n; i++) {
		uint64_t place;
		bool found;

		if (!in_index(j, &serials[i], &place, &found, e))
			return false;
		taken[i] = taken[i] || found;
	}
	*out = give(c);
	return true;
}

/* A claim on all of them, once nobody else is signing any; without `claim` only the waiting. */
static bool
claim_when_free(struct journal *j, const struct journal_serial *serials, size_t n, struct journal_claim *claim,
    struct err *e)
{
	struct timespec until;
	bool busy = true, late = false;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&j->lock);
	while (busy && !late) {
		busy = false;
		for (size_t i = 0; i < n && !busy && j->claims != NULL; i++)
			busy = claimed(j, &serials[i]);
		if (busy)
			late = pthread_cond_timedwait(&j->changed, &j->lock, &until) == ETIMEDOUT;
	}
	if (!busy && claim != NULL)
		claim_link(claim);
	pthread_mutex_unlock(&j->lock);
	return !busy || err_set(e, ERR_RETRY, "journal_busy", "a certificate with this serial is being signed");
}

/* The absent ones get a record that says never. */
static bool
bar(struct journal *j, const struct journal_serial *serials, size_t n, const uint64_t *places, struct err *e)
{
	struct journal_record *r = calloc(n + 1, sizeof(*r));
	size_t k = 0;
	bool ok;

	if (r == NULL)
		abort();
	for (size_t i = 0; i < n; i++) {
		bool again = places[i] != 0;

		for (size_t m = 0; m < k && !again; m++)
			again = serial_equal(&r[m].serial, &serials[i]);
		if (!again)
			r[k++] = (struct journal_record){ .kind = JOURNAL_BARRED, .serial = serials[i] };
	}
	ok = k == 0 || journal_append(j, r, k, e);
	free(r);
	return ok;
}

/* Appends the record at a place to buf. */
static bool
fetch(struct journal *j, uint64_t place, struct str *buf, struct err *e)
{
	int fd = journal_segment_fd(j, place_segment(place));
	uint8_t raw[4096];
	size_t got, len;

	if (fd < 0 || !pread_full(fd, raw, sizeof(raw), place_offset(place), &got) || got < 4)
		return err_sys(e, "read the journal");
	len = 4 + ((size_t)raw[0] << 24 | (size_t)raw[1] << 16 | (size_t)raw[2] << 8 | raw[3]);
	if (len > 4 + JOURNAL_RECORD_MAX)
		return err_set(e, ERR_INTERNAL, "journal_damaged", "a record of the journal is damaged");
	str_add(buf, raw, len < got ? len : got);
	for (size_t done = got; done < len; done += got) {
		size_t want = len - done < sizeof(raw) ? len - done : sizeof(raw);

		if (!pread_full(fd, raw, want, place_offset(place) + done, &got) || got != want)
			return err_sys(e, "read the journal");
		str_add(buf, raw, want);
	}
	return true;
}

static bool
fetch_all(struct journal *j, const uint64_t *places, size_t n, struct journal_record *records, struct str *buf,
    struct err *e)
{
	size_t at = 0, used;

	str_clear(buf);
	for (size_t i = 0; i < n; i++)
		if (places[i] != 0 && !fetch(j, places[i], buf, e))
			return false;
	for (size_t i = 0; i < n; i++) {
		memset(&records[i], 0, sizeof(records[i]));
		if (places[i] == 0)
			continue;
		if (!record_get((const uint8_t *)buf->p + at, buf->len - at, &records[i], &used))
			return err_set(e, ERR_INTERNAL, "journal_damaged", "a record of the journal is damaged");
		at += used;
	}
	return true;
}

static bool
find_with(struct journal *j, const struct journal_serial *serials, size_t n, bool barring, uint64_t *places,
    struct err *e)
{
	OWN(journal_claim_free) struct journal_claim *claim = NULL;
	struct journal_claim *made = barring ? claim_new(j, serials, n) : NULL;

	if (!claim_when_free(j, serials, n, made, e)) {
		if (made != NULL) {
			free(made->serials);
			free(made);
		}
		return false;
	}
	claim = made;
	for (size_t i = 0; i < n; i++) {
		bool found;

		if (!in_index(j, &serials[i], &places[i], &found, e))
			return false;
		if (!found)
			places[i] = 0;
	}
	return !barring || bar(j, serials, n, places, e);
}

bool
journal_find(struct journal *j, const struct journal_serial *serials, size_t n, bool barring,
    struct journal_record *records, struct str *buf, struct err *e)
{
	uint64_t *places = calloc(n + 1, sizeof(*places));
	bool ok;

	if (places == NULL)
		abort();
	ok = find_with(j, serials, n, barring, places, e) && fetch_all(j, places, n, records, buf, e);
	free(places);
	return ok;
}
