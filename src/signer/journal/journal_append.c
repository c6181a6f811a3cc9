#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "signer/journal/journal_impl.h"

static bool
broken(struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, "journal_broken", "the signer's journal cannot be written");
}

/* With the lock held.  The segment so far is made durable first: only the last one may have a torn end. */
static bool
roll(struct journal *j, struct err *e)
{
	const struct serials_mark was = j->pos;

	if (fdatasync(j->fd) != 0) {
		j->broken = true;
		return broken(e);
	}
	j->synced = j->pos.block;
	j->pos.segment++;
	if (journal_segment_make(j, e))
		return true;
	j->pos = was;
	return false;
}

/* With the lock held.  All or nothing: a short write is taken back.  *at is where the block begins. */
static bool
write_block(struct journal *j, struct block_head *h, const struct str *payload, struct serials_mark *at,
    struct err *e)
{
	uint8_t raw[BLOCK_HEAD_LEN];
	struct iovec io[2] = { { raw, sizeof(raw) }, { payload->p, payload->len } };
	const uint64_t len = sizeof(raw) + payload->len;
	ssize_t r;

	if (j->broken)
		return broken(e);
	if (j->pos.offset > SEGMENT_HEAD_LEN && j->pos.offset + len > j->segment_max && !roll(j, e))
		return false;
	*at = j->pos;
	h->number = j->pos.block;
	block_head_put(h, j->pos.chain, raw);
	do
		r = pwritev(j->fd, io, 2, (off_t)j->pos.offset);
	while (r < 0 && errno == EINTR);
	if (r != (ssize_t)len) {
		int why = r < 0 ? errno : ENOSPC;

		if (ftruncate(j->fd, (off_t)j->pos.offset) != 0) {
			j->broken = true;
			return broken(e);
		}
		return err_set(e, ERR_UNAVAILABLE, "journal_full", "the signer's journal cannot grow: %s",
		    strerror(why));
	}
	j->pos.offset += len;
	j->pos.block++;
	j->pos.records += h->count;
	memcpy(j->pos.chain, h->chain, SHA256_LEN);
	return true;
}

/* With the lock held, which is given up meanwhile.  One thread syncs for all that wrote before it began. */
static bool
sync_block(struct journal *j, uint64_t number, struct err *e)
{
	while (j->synced <= number) {
		const uint64_t target = j->pos.block;
		const int fd = j->fd;
		bool ok;

		if (j->broken)
			return broken(e);
		if (j->syncing) {
			pthread_cond_wait(&j->changed, &j->lock);
			continue;
		}
		j->syncing = true;
		pthread_mutex_unlock(&j->lock);
		ok = fdatasync(fd) == 0;
		pthread_mutex_lock(&j->lock);
		j->syncing = false;
		if (!ok)
			j->broken = true;	/* the kernel may have dropped the pages: only a new start can tell */
		else if (j->synced < target)
			j->synced = target;
		pthread_cond_broadcast(&j->changed);
	}
	return true;
}

static void
pending_add(struct journal *j, struct pending *p)
{
	p->next = NULL;
	if (j->last != NULL)
		j->last->next = p;
	else
		j->first = p;
	j->last = p;
}

static void
pending_remove(struct journal *j, struct pending *p)
{
	struct pending **at = &j->first, *before = NULL;

	while (*at != p) {
		before = *at;
		at = &(*at)->next;
	}
	*at = p->next;
	if (j->last == p)
		j->last = before;
}

static bool
index_records(struct journal *j, const struct serials_mark *at, const struct journal_record *r, size_t n,
    const uint32_t *offsets, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const uint64_t place = place_of(at->segment, at->offset + BLOCK_HEAD_LEN + offsets[i]);

		if (kind_indexed(r[i].kind) && !serials_add(j->index, r[i].serial.b, r[i].serial.len, place, e))
			return false;
	}
	return true;
}

bool
journal_append(struct journal *j, const struct journal_record *r, size_t n, struct err *e)
{
	struct block_head h = { .count = (uint32_t)n, .time_s = clock_now_s() };
	uint32_t *offsets = calloc(n, sizeof(*offsets));
	OWN_STR struct str payload = { 0 };
	struct pending p;
	bool ok;

	if (offsets == NULL)
		abort();
	for (size_t i = 0; i < n && payload.len <= JOURNAL_BLOCK_MAX; i++) {
		offsets[i] = (uint32_t)payload.len;
		record_put(&payload, &r[i]);
	}
	if (n == 0 || payload.len > JOURNAL_BLOCK_MAX) {
		free(offsets);
		return n == 0 || err_set(e, ERR_TOO_LARGE, "journal_block",
		    "more certificates at once than a journal block holds");
	}
	h.length = (uint32_t)payload.len;
	sha256(payload.p, payload.len, h.payload);

	pthread_mutex_lock(&j->lock);
	ok = write_block(j, &h, &payload, &p.at, e);
	if (ok) {
		pending_add(j, &p);
		ok = sync_block(j, h.number, e);
		pthread_mutex_unlock(&j->lock);
		ok = ok && index_records(j, &p.at, r, n, offsets, e);
		pthread_mutex_lock(&j->lock);
		if (!ok)
			j->broken = true;	/* on the disk, but not in the index: the next start mends it */
		pending_remove(j, &p);
		pthread_cond_broadcast(&j->changed);
	}
	pthread_mutex_unlock(&j->lock);
	free(offsets);
	return ok;
}

void
journal_head(struct journal *j, struct journal_head *out)
{
	pthread_mutex_lock(&j->lock);
	out->records = j->pos.records;
	out->blocks = j->pos.block - 1;
	out->segments = j->pos.segment;
	memcpy(out->chain, j->pos.chain, SHA256_LEN);
	pthread_mutex_unlock(&j->lock);
}

bool
journal_broken(struct journal *j)
{
	bool is;

	pthread_mutex_lock(&j->lock);
	is = j->broken;
	pthread_mutex_unlock(&j->lock);
	return is;
}
