#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "signer/journal/journal_impl.h"

/* False on an error of the disk; *got is less than len at the end of the file. */
bool
pread_full(int fd, void *p, size_t len, uint64_t at, size_t *got)
{
	*got = 0;
	while (*got < len) {
		ssize_t r = pread(fd, (uint8_t *)p + *got, len - *got, (off_t)(at + *got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return false;
		if (r == 0)
			break;
		*got += (size_t)r;
	}
	return true;
}

bool
segments_last(int dir_fd, uint32_t *last, struct err *e)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *d;
	DIR *dir;

	if (fd < 0 || (dir = fdopendir(fd)) == NULL) {
		if (fd >= 0)
			close(fd);
		return err_sys(e, "read the journal's directory");
	}
	*last = 0;
	while ((d = readdir(dir)) != NULL) {
		uint32_t n;

		if (segment_number(d->d_name, &n) && n > *last)
			*last = n;
	}
	closedir(dir);
	return true;
}

static bool
damaged(const struct reader *r, const char *what, struct err *e)
{
	return err_set(e, ERR_INTERNAL, "journal_damaged",
	    "journal segment %06" PRIu32 " at octet %" PRIu64 ": %s; restore it from a copy",
	    r->pos.segment, r->pos.offset, what);
}

/* Opens the segment that pos names; at its beginning, the header has to go on from where we are. */
static bool
enter_segment(struct reader *r, struct err *e)
{
	uint8_t raw[SEGMENT_HEAD_LEN];
	struct segment_head h;
	char name[SEGMENT_NAME_LEN];
	size_t got;

	if (r->fd >= 0)
		close(r->fd);
	segment_name(r->pos.segment, name);
	r->fd = openat(r->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->fd < 0)
		return errno == ENOENT ? damaged(r, "the segment is missing", e) : err_sys(e, "open %s", name);
	if (!pread_full(r->fd, raw, sizeof(raw), 0, &got))
		return err_sys(e, "read %s", name);
	if (got != sizeof(raw) || !segment_head_get(raw, &h) || h.segment != r->pos.segment)
		return damaged(r, "the header is not the journal's", e);
	if (r->pos.offset == SEGMENT_HEAD_LEN && (h.block != r->pos.block || h.records != r->pos.records
	    || memcmp(h.chain, r->pos.chain, SHA256_LEN) != 0))
		return damaged(r, "the segment does not go on from the one before it", e);
	(void)posix_fadvise(r->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return true;
}

bool
reader_open(struct reader *r, int dir_fd, uint32_t last, const struct serials_mark *from, struct err *e)
{
	struct stat st;

	memset(r, 0, sizeof(*r));
	r->dir_fd = dir_fd;
	r->fd = -1;
	r->last = last;
	if (from != NULL && from->segment != 0)
		r->pos = *from;
	else
		r->pos = (struct serials_mark){ .segment = 1, .offset = SEGMENT_HEAD_LEN, .block = 1 };
	if (r->pos.segment > last)
		return damaged(r, "the journal ends before this place, which was once written", e);
	if (!enter_segment(r, e))
		return false;
	if (fstat(r->fd, &st) != 0)
		return err_sys(e, "look at a segment");
	if ((uint64_t)st.st_size < r->pos.offset)
		return damaged(r, "the journal ends before this place, which was once written", e);
	return true;
}

/* READER_TORN in the last segment, an error in any other. */
static bool
not_a_block(struct reader *r, enum reader_step *step, const char *what, struct err *e)
{
	if (r->pos.segment != r->last)
		return damaged(r, what, e);
	*step = READER_TORN;
	return true;
}

bool
reader_next(struct reader *r, enum reader_step *step, struct block *b, struct err *e)
{
	uint8_t raw[BLOCK_HEAD_LEN], digest[SHA256_LEN];
	size_t got;

	for (;;) {
		if (!pread_full(r->fd, raw, sizeof(raw), r->pos.offset, &got))
			return err_sys(e, "read the journal");
		if (got != 0)
			break;
		if (r->pos.segment == r->last) {
			*step = READER_END;
			return true;
		}
		r->pos.segment++;
		r->pos.offset = SEGMENT_HEAD_LEN;
		if (!enter_segment(r, e))
			return false;
	}
	if (got != sizeof(raw) || !block_head_get(raw, &b->head) || b->head.number != r->pos.block)
		return not_a_block(r, step, "no block begins here", e);
	str_clear(&r->payload);
	while (r->payload.len < b->head.length) {
		uint8_t chunk[32 * 1024];
		size_t want = b->head.length - r->payload.len;

		want = want < sizeof(chunk) ? want : sizeof(chunk);
		if (!pread_full(r->fd, chunk, want, r->pos.offset + BLOCK_HEAD_LEN + r->payload.len, &got))
			return err_sys(e, "read the journal");
		if (got != want)
			return not_a_block(r, step, "the block is cut short", e);
		str_add(&r->payload, chunk, want);
	}
	sha256(r->payload.p, b->head.length, digest);
	if (memcmp(digest, b->head.payload, SHA256_LEN) != 0)
		return not_a_block(r, step, "the records are not those that were written", e);
	if (!block_head_follows(raw, &b->head, r->pos.chain))
		return not_a_block(r, step, "the block does not follow the one before it", e);
	b->at = r->pos;
	b->records = (const uint8_t *)r->payload.p;
	r->pos.offset += BLOCK_HEAD_LEN + b->head.length;
	r->pos.block++;
	r->pos.records += b->head.count;
	memcpy(r->pos.chain, b->head.chain, SHA256_LEN);
	*step = READER_BLOCK;
	return true;
}

void
reader_close(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	str_free(&r->payload);
}

/* All records of a block; *go turns false when the caller has enough. */
static bool
walk_block(const struct block *b, journal_walk_fn *fn, void *arg, bool *go, struct err *e)
{
	size_t at = 0, used;

	for (uint32_t i = 0; i < b->head.count; i++, at += used) {
		struct journal_record rec;

		if (!record_get(b->records + at, b->head.length - at, &rec, &used))
			return err_set(e, ERR_INTERNAL, "journal_damaged",
			    "journal block %" PRIu64 " holds no %" PRIu32 " records; restore it from a copy",
			    b->head.number, b->head.count);
		rec.time_s = b->head.time_s;
		if (fn != NULL && !fn(arg, &rec, e)) {
			*go = false;
			return e->kind == ERR_NONE;
		}
	}
	if (at != b->head.length)
		return err_set(e, ERR_INTERNAL, "journal_damaged",
		    "journal block %" PRIu64 " is longer than its records; restore it from a copy", b->head.number);
	return true;
}

static bool
walk(struct reader *r, journal_walk_fn *fn, void *arg, struct journal_report *out, struct err *e)
{
	enum reader_step step;
	struct block b;
	struct stat st;
	bool go = true;

	while (go) {
		if (!reader_next(r, &step, &b, e))
			return false;
		if (step != READER_BLOCK)
			break;
		if (!walk_block(&b, fn, arg, &go, e))
			return false;
	}
	out->head.records = r->pos.records;
	out->head.blocks = r->pos.block - 1;
	out->head.segments = r->last;
	memcpy(out->head.chain, r->pos.chain, SHA256_LEN);
	if (go && step == READER_TORN && fstat(r->fd, &st) == 0)
		out->torn = (uint64_t)st.st_size - r->pos.offset;
	return true;
}

bool
journal_walk(const char *dir, journal_walk_fn *fn, void *arg, struct journal_report *out, struct err *e)
{
	OWN_FD int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct reader r = { .fd = -1 };
	uint32_t last;
	bool ok;

	memset(out, 0, sizeof(*out));
	if (dir_fd < 0)
		return err_sys(e, "open %s", dir);
	if (!segments_last(dir_fd, &last, e))
		return false;
	if (last == 0)
		return true;
	ok = reader_open(&r, dir_fd, last, NULL, e) && walk(&r, fn, arg, out, e);
	reader_close(&r);
	return ok;
}

int
journal_segment_fd(struct journal *j, uint32_t segment)
{
	char name[SEGMENT_NAME_LEN];
	int fd;

	pthread_mutex_lock(&j->fds_lock);
	fd = segment < j->n_fds ? j->fds[segment] : -1;
	pthread_mutex_unlock(&j->fds_lock);
	if (fd >= 0 || segment == 0)
		return fd;
	segment_name(segment, name);
	fd = openat(j->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || journal_fd_put(j, segment, fd))
		return fd;
	close(fd);			/* another thread was first */
	return journal_segment_fd(j, segment);
}

/* Remembers a descriptor, to be closed with the journal; false when there is one already. */
bool
journal_fd_put(struct journal *j, uint32_t segment, int fd)
{
	bool put;

	pthread_mutex_lock(&j->fds_lock);
	if (segment >= j->n_fds) {
		size_t n = (size_t)segment + 64;

		j->fds = realloc(j->fds, n * sizeof(*j->fds));
		if (j->fds == NULL)
			abort();
		for (size_t i = j->n_fds; i < n; i++)
			j->fds[i] = -1;
		j->n_fds = n;
	}
	put = j->fds[segment] < 0;
	if (put)
		j->fds[segment] = fd;
	pthread_mutex_unlock(&j->fds_lock);
	return put;
}

bool
journal_match(void *arg, uint64_t place)
{
	struct match *m = arg;
	uint8_t raw[4 + 1 + 8 + 8 + 4 + JOURNAL_SERIAL_MAX];
	const size_t head = 4 + 1 + 8 + 8 + 4;
	int fd = journal_segment_fd(m->journal, place_segment(place));
	size_t got;

	if (fd < 0)
		return false;
	if (!pread_full(fd, raw, sizeof(raw), place_offset(place), &got)) {
		m->failed = true;
		return false;
	}
	return got >= head + m->serial->len
	    && raw[head - 4] == 0 && raw[head - 3] == 0 && raw[head - 2] == 0 && raw[head - 1] == m->serial->len
	    && memcmp(raw + head, m->serial->b, m->serial->len) == 0;
}

/* Splits a block's records; pointers go into buf. */
static bool
split(const struct str *buf, const struct block_head *h, struct journal_record **out, size_t *n, struct err *e)
{
	struct journal_record *records = calloc(h->count, sizeof(*records));
	size_t at = 0, used;

	if (records == NULL)
		abort();
	for (uint32_t i = 0; i < h->count; i++, at += used) {
		if (!record_get((const uint8_t *)buf->p + at, buf->len - at, &records[i], &used)) {
			free(records);
			return err_set(e, ERR_INTERNAL, "journal_damaged", "journal block %" PRIu64 " is damaged",
			    h->number);
		}
		records[i].time_s = h->time_s;
	}
	*out = records;
	*n = h->count;
	return true;
}

bool
journal_page(struct journal *j, struct journal_cursor *c, struct str *buf, struct journal_record **records,
    size_t *n, struct err *e)
{
	uint8_t raw[BLOCK_HEAD_LEN], digest[SHA256_LEN];
	struct block_head h;
	uint32_t last;
	uint64_t synced;
	size_t got;
	int fd;

	*records = NULL;
	*n = 0;
	if (c->segment == 0)
		*c = (struct journal_cursor){ 1, SEGMENT_HEAD_LEN };
	if (c->offset < SEGMENT_HEAD_LEN || c->offset > INT64_MAX)
		return err_set(e, ERR_INVALID, "journal_cursor", "this is no place in the journal");
	pthread_mutex_lock(&j->lock);
	last = j->pos.segment;
	synced = j->synced;
	pthread_mutex_unlock(&j->lock);
	for (;;) {
		fd = journal_segment_fd(j, c->segment);
		if (c->segment > last || fd < 0)
			return err_set(e, ERR_INVALID, "journal_cursor", "this is no place in the journal");
		if (!pread_full(fd, raw, sizeof(raw), c->offset, &got))
			return err_sys(e, "read the journal");
		if (got == sizeof(raw))
			break;
		if (c->segment == last)
			return true;
		c->segment++;
		c->offset = SEGMENT_HEAD_LEN;
	}
	if (!block_head_get(raw, &h))
		return err_set(e, ERR_INVALID, "journal_cursor", "this is no place in the journal");
	if (h.number >= synced)
		return true;
	str_clear(buf);
	for (size_t done = 0; done < h.length; done += got) {
		uint8_t chunk[32 * 1024];
		size_t want = h.length - done < sizeof(chunk) ? h.length - done : sizeof(chunk);

		if (!pread_full(fd, chunk, want, c->offset + BLOCK_HEAD_LEN + done, &got) || got != want)
			return err_sys(e, "read the journal");
		str_add(buf, chunk, want);
	}
	sha256(buf->p, buf->len, digest);
	if (memcmp(digest, h.payload, SHA256_LEN) != 0)
		return err_set(e, ERR_INTERNAL, "journal_damaged", "journal block %" PRIu64 " is damaged", h.number);
	c->offset += BLOCK_HEAD_LEN + h.length;
	return split(buf, &h, records, n, e);
}
