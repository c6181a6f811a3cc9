#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "signer/journal/journal_impl.h"

#define SEGMENT_MAX	(UINT64_C(256) << 20)
#define MARK_EVERY	200000
#define MARK_AFTER_MS	30000		/* records that wait get a mark after this */

static bool
lock_dir(struct journal *j, const char *dir, struct err *e)
{
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_sys(e, "make %s", dir);
	j->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->dir_fd < 0)
		return err_sys(e, "open %s", dir);
	j->lock_fd = openat(j->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (j->lock_fd < 0)
		return err_sys(e, "make %s/lock", dir);
	if (flock(j->lock_fd, LOCK_EX | LOCK_NB) != 0)
		return err_set(e, ERR_CONFLICT, "journal_locked",
		    "another signer has the journal %.100s open; stop it first", dir);
	return true;
}

/* Under a passing name until it is whole: a segment that exists has its header. */
bool
journal_segment_make(struct journal *j, struct err *e)
{
	struct segment_head head = { .segment = j->pos.segment, .block = j->pos.block, .records = j->pos.records,
		.created_s = clock_now_s() };
	uint8_t raw[SEGMENT_HEAD_LEN];
	char name[SEGMENT_NAME_LEN];
	OWN_FD int fd = -1;

	memcpy(head.chain, j->pos.chain, SHA256_LEN);
	segment_head_put(&head, raw);
	segment_name(j->pos.segment, name);
	(void)unlinkat(j->dir_fd, "segment.new", 0);
	fd = openat(j->dir_fd, "segment.new", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, raw, sizeof(raw), 0) != (ssize_t)sizeof(raw) || fsync(fd) != 0
	    || renameat(j->dir_fd, "segment.new", j->dir_fd, name) != 0 || fsync(j->dir_fd) != 0)
		return err_set(e, ERR_UNAVAILABLE, "journal_full", "cannot begin journal segment %s: %s", name,
		    strerror(errno));
	j->fd = fd;
	if (!journal_fd_put(j, j->pos.segment, fd))
		return err_set(e, ERR_INTERNAL, "journal_damaged", "journal segment %s exists twice", name);
	(void)give_fd(fd);
	j->pos.offset = SEGMENT_HEAD_LEN;
	return true;
}

/* What was not a whole block is kept in a file of its own, for whoever wants to look. */
static bool
cut_tail(struct journal *j, struct err *e)
{
	char name[64], chunk[16 * 1024];
	uint64_t at = j->pos.offset;
	OWN_FD int out = -1;
	size_t got;

	snprintf(name, sizeof(name), "torn-%06" PRIu32 "-%" PRIu64 "-%" PRId64, j->pos.segment, at, clock_now_s());
	out = openat(j->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return err_sys(e, "make %s", name);
	do {
		if (!pread_full(j->fd, chunk, sizeof(chunk), at, &got) || write(out, chunk, got) != (ssize_t)got)
			return err_sys(e, "copy the journal's torn end to %s", name);
		at += got;
	} while (got == sizeof(chunk));
	if (fsync(out) != 0 || ftruncate(j->fd, (off_t)j->pos.offset) != 0 || fsync(j->fd) != 0
	    || fsync(j->dir_fd) != 0)
		return err_sys(e, "cut the journal's torn end");
	log_warn("journal.cut", "segment=%06" PRIu32 " offset=%" PRIu64 " octets=%" PRIu64 " kept=%s",
	    j->pos.segment, j->pos.offset, at - j->pos.offset, name);
	return true;
}

struct same_place { uint64_t place; };

static bool
is_place(void *arg, uint64_t place)
{
	return ((const struct same_place *)arg)->place == place;
}

/* Brings one block into the index; `known`: some of it may be there already. */
static bool
index_block(struct serials *index, const struct block *b, bool known, struct err *e)
{
	size_t at = 0, used;

	for (uint32_t i = 0; i < b->head.count; i++, at += used) {
		struct same_place same = { place_of(b->at.segment, b->at.offset + BLOCK_HEAD_LEN + at) };
		struct journal_record r;
		uint64_t found;

		if (!record_get(b->records + at, b->head.length - at, &r, &used))
			return err_set(e, ERR_INTERNAL, "journal_damaged", "journal block %" PRIu64
			    " holds no %" PRIu32 " records", b->head.number, b->head.count);
		if (!kind_indexed(r.kind))
			continue;
		if (known && serials_find(index, r.serial.b, r.serial.len, is_place, &same, &found))
			continue;
		if (!serials_add(index, r.serial.b, r.serial.len, same.place, e))
			return false;
	}
	return true;
}

/* From the mark to the end: checks the chain, fills the index, finds where to go on. */
static bool
catch_up(struct journal *j, struct reader *r, bool fresh, enum reader_step *end, struct err *e)
{
	const uint64_t from = r->pos.records;
	int64_t told_ms = clock_mono_ms();
	struct block b;

	for (;;) {
		if (!reader_next(r, end, &b, e))
			return false;
		if (*end != READER_BLOCK)
			return true;
		if (!index_block(j->index, &b, !fresh, e))
			return false;
		if (j->interrupted != NULL && j->interrupted())
			return err_set(e, ERR_UNAVAILABLE, "journal_interrupted", "stopped while the index was built");
		if (clock_mono_ms() - told_ms > 2000) {
			struct err ignored = { 0 };

			told_ms = clock_mono_ms();
			log_info("journal.index", "records=%" PRIu64 " segment=%" PRIu32 "/%" PRIu32,
			    r->pos.records - from, r->pos.segment, r->last);
			/* lets a doubled table take over */
			if (!serials_checkpoint(j->index, &r->pos, &ignored))
				log_err("journal.mark", &ignored);
		}
	}
}

/* How many serials to make room for when the index has to be built: by the last segment's header. */
static uint64_t
expected_records(int dir_fd, uint32_t last)
{
	uint8_t raw[SEGMENT_HEAD_LEN];
	struct segment_head h;
	char name[SEGMENT_NAME_LEN];
	OWN_FD int fd = -1;

	segment_name(last, name);
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, raw, sizeof(raw), 0) != (ssize_t)sizeof(raw) || !segment_head_get(raw, &h))
		return 0;
	return h.records + 100000;
}

static bool
open_existing(struct journal *j, const char *dir, uint32_t last, struct err *e)
{
	struct serials_mark mark;
	struct reader r = { .fd = -1 };
	enum reader_step end = READER_END;
	char name[SEGMENT_NAME_LEN];
	bool fresh, ok;

	if (!serials_open(dir, expected_records(j->dir_fd, last), &j->index, &fresh, e))
		return false;
	serials_mark_get(j->index, &mark);
	ok = reader_open(&r, j->dir_fd, last, fresh ? NULL : &mark, e) && catch_up(j, &r, fresh, &end, e);
	j->pos = r.pos;
	reader_close(&r);
	if (!ok)
		return false;
	segment_name(j->pos.segment, name);
	j->fd = openat(j->dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (j->fd < 0 || !journal_fd_put(j, j->pos.segment, j->fd))
		return err_sys(e, "open %s", name);
	/* what was written and not synced by a process that was killed */
	if (fsync(j->fd) != 0)
		return err_sys(e, "sync %s", name);
	return end != READER_TORN || cut_tail(j, e);
}

static bool
open_new(struct journal *j, const char *dir, struct err *e)
{
	bool fresh;

	j->pos = (struct serials_mark){ .segment = 1, .block = 1 };
	return journal_segment_make(j, e) && serials_open(dir, 0, &j->index, &fresh, e);
}

/* Where everything in front is in the index: the oldest block still on its way there, or the end. */
static struct serials_mark
settled(const struct journal *j)
{
	return j->first != NULL ? j->first->at : j->pos;
}

static void *
marker_run(void *arg)
{
	struct journal *j = arg;
	int64_t last_ms = clock_mono_ms();

	pthread_mutex_lock(&j->lock);
	while (!j->stop) {
		struct serials_mark mark;
		struct timespec until;
		struct err e = { 0 };
		uint64_t waiting;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		(void)pthread_cond_timedwait(&j->changed, &j->lock, &until);
		mark = settled(j);
		waiting = mark.records - j->marked;
		if (j->broken || j->stop || waiting == 0 || (waiting < j->mark_every
		    && !serials_due(j->index) && clock_mono_ms() - last_ms < MARK_AFTER_MS))
			continue;
		pthread_mutex_unlock(&j->lock);
		if (!serials_checkpoint(j->index, &mark, &e))
			log_err("journal.mark", &e);
		last_ms = clock_mono_ms();
		pthread_mutex_lock(&j->lock);
		j->marked = mark.records;
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

bool
journal_open(const char *dir, const struct journal_options *options, struct journal **out, struct err *e)
{
	OWN(journal_free) struct journal *j = calloc(1, sizeof(*j));
	pthread_condattr_t attr;
	uint32_t last;

	if (j == NULL)
		abort();
	j->dir_fd = j->lock_fd = j->fd = -1;
	j->segment_max = options != NULL && options->segment_max != 0 ? options->segment_max : SEGMENT_MAX;
	j->interrupted = options != NULL ? options->interrupted : NULL;
	j->mark_every = options != NULL && options->mark_every != 0 ? options->mark_every : MARK_EVERY;
	pthread_mutex_init(&j->lock, NULL);
	pthread_mutex_init(&j->fds_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&j->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (!lock_dir(j, dir, e) || !segments_last(j->dir_fd, &last, e))
		return false;
	if (!(last == 0 ? open_new(j, dir, e) : open_existing(j, dir, last, e))) {
		j->broken = true;	/* no checkpoint on the way out */
		return false;
	}
	j->synced = j->pos.block;
	if (pthread_create(&j->marker, NULL, marker_run, j) != 0) {
		j->broken = true;
		return err_sys(e, "start a thread");
	}
	j->marker_made = true;
	*out = give(j);
	return true;
}

void
journal_free(struct journal *j)
{
	if (j->marker_made) {
		pthread_mutex_lock(&j->lock);
		j->stop = true;
		pthread_cond_broadcast(&j->changed);
		pthread_mutex_unlock(&j->lock);
		pthread_join(j->marker, NULL);
	}
	if (j->index != NULL) {
		struct err e = { 0 };

		serials_settle(j->index);
		if (!j->broken && !serials_checkpoint(j->index, &j->pos, &e))
			log_err("journal.mark", &e);
		serials_free(j->index);
	}
	for (size_t i = 0; i < j->n_fds; i++)
		if (j->fds[i] >= 0)
			close(j->fds[i]);
	free(j->fds);
	if (j->dir_fd >= 0)
		close(j->dir_fd);
	if (j->lock_fd >= 0)
		close(j->lock_fd);
	pthread_cond_destroy(&j->changed);
	pthread_mutex_destroy(&j->lock);
	pthread_mutex_destroy(&j->fds_lock);
	free(j);
}
