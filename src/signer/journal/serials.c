#include "signer/journal/serials.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/rand.h"

#define HEADER_LEN	4096
#define MAGIC		"certmill serials"	/* 16 octets, no NUL kept */
#define FORMAT		1
#define SLOTS_LEAST	(UINT64_C(1) << 16)
#define SLOTS_MOST	(UINT64_C(1) << 40)
#define COPY_CHUNK	4096			/* slots copied under the lock at a time */
#define SERIAL_MAX	20

struct slot {
	uint64_t	 print;			/* 0: free */
	uint64_t	 place;
};

struct sealed_mark {
	struct serials_mark mark;
	uint64_t	 generation;
	uint8_t		 check[SHA256_LEN];	/* over mark and generation: a torn one is not believed */
};

/* In the byte order of the machine: the file is rebuilt elsewhere. */
struct header {
	char		 magic[16];
	uint32_t	 format;
	uint32_t	 bits;			/* 2^bits slots */
	uint8_t		 seed[32];
	uint64_t	 used;
	struct sealed_mark marks[2];		/* written in turn */
};
_Static_assert(sizeof(struct header) <= HEADER_LEN, "the header is one page");

struct table {
	int		 fd;
	struct header	*head;			/* the whole mapping */
	size_t		 map_len;
	struct slot	*slot;
	unsigned	 bits;
};

struct serials {
	int		 dir_fd;
	bool		 read_only;
	pthread_rwlock_t lock;			/* tables and slots */
	struct table	*now;
	struct table	*next;			/* while a copy runs, and until the checkpoint behind it */
	bool		 copied;		/* next holds everything */
	bool		 grow_refused;		/* logged once */
	pthread_mutex_t	 checkpointing;
	pthread_t	 copier;
	bool		 copier_made;
	atomic_bool	 stop;
};

static void
table_free(struct table *t)
{
	if (t->head != NULL)
		munmap(t->head, t->map_len);
	if (t->fd >= 0)
		close(t->fd);
	free(t);
}
OWN_TYPE(struct table, table_free)

static uint64_t
slots_of(const struct table *t)
{
	return UINT64_C(1) << t->bits;
}

static size_t
file_len(unsigned bits)
{
	return HEADER_LEN + ((size_t)1 << bits) * sizeof(struct slot);
}

static bool
table_map(struct table *t, unsigned bits, int prot, struct err *e)
{
	t->bits = bits;
	t->map_len = file_len(bits);
	t->head = mmap(NULL, t->map_len, prot, MAP_SHARED, t->fd, 0);
	if (t->head == MAP_FAILED) {
		t->head = NULL;
		return err_sys(e, "map the serial index");
	}
	t->slot = (struct slot *)(void *)((uint8_t *)t->head + HEADER_LEN);
	(void)madvise(t->head, t->map_len, MADV_RANDOM);
	return true;
}

/* The blocks are reserved at once: a full disk is an error here, never a SIGBUS later. */
static bool
table_make(int dir_fd, const char *name, unsigned bits, const uint8_t seed[32], struct table **out, struct err *e)
{
	OWN(table_free) struct table *t = calloc(1, sizeof(*t));
	int rc;

	if (t == NULL)
		abort();
	(void)unlinkat(dir_fd, name, 0);
	t->fd = openat(dir_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (t->fd < 0)
		return err_sys(e, "make %s", name);
	rc = posix_fallocate(t->fd, 0, (off_t)file_len(bits));
	if (rc != 0) {
		(void)unlinkat(dir_fd, name, 0);
		return err_set(e, ERR_UNAVAILABLE, "disk_full", "no room for the serial index (%zu octets): %s",
		    file_len(bits), strerror(rc));
	}
	if (!table_map(t, bits, PROT_READ | PROT_WRITE, e))
		return false;
	memcpy(t->head->magic, MAGIC, sizeof(t->head->magic));
	t->head->format = FORMAT;
	t->head->bits = bits;
	memcpy(t->head->seed, seed, sizeof(t->head->seed));
	*out = give(t);
	return true;
}

/* A file that is not ours, or cut short, is reported as absent: it is only an index. */
static bool
table_open(int dir_fd, const char *name, bool read_only, struct table **out, struct err *e)
{
	OWN(table_free) struct table *t = calloc(1, sizeof(*t));
	struct header h;
	struct stat st;

	if (t == NULL)
		abort();
	t->fd = openat(dir_fd, name, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW);
	if (t->fd < 0) {
		if (errno == ENOENT)
			return err_set(e, ERR_NOT_FOUND, "no_index", "there is no serial index");
		return err_sys(e, "open %s", name);
	}
	if (pread(t->fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) || fstat(t->fd, &st) != 0
	    || memcmp(h.magic, MAGIC, sizeof(h.magic)) != 0 || h.format != FORMAT
	    || h.bits < 10 || h.bits > 40 || st.st_size != (off_t)file_len(h.bits))
		return err_set(e, ERR_NOT_FOUND, "no_index", "the serial index is of another format or cut short");
	if (!table_map(t, h.bits, read_only ? PROT_READ : PROT_READ | PROT_WRITE, e))
		return false;
	*out = give(t);
	return true;
}

/*
 * Keyed, so that whoever chooses serials cannot choose where they fall; the top bits are the slot,
 * so that doubling the table keeps the order and the copy runs through both files once.
 */
static uint64_t
print_of(const struct header *h, const uint8_t *serial, size_t len)
{
	uint8_t in[32 + SERIAL_MAX], out[SHA256_LEN];
	uint64_t print;

	if (len > SERIAL_MAX)
		len = SERIAL_MAX;
	memcpy(in, h->seed, 32);
	memcpy(in + 32, serial, len);
	sha256(in, 32 + len, out);
	memcpy(&print, out, sizeof(print));
	return print != 0 ? print : 1;
}

static bool
table_find(const struct table *t, uint64_t print, serials_match_fn *match, void *arg, uint64_t *place)
{
	const uint64_t mask = slots_of(t) - 1;
	uint64_t i = print >> (64 - t->bits);

	for (uint64_t tried = 0; tried <= mask; tried++, i = (i + 1) & mask) {
		const struct slot *s = &t->slot[i];

		if (s->print == 0)
			return false;
		if (s->print == print && match(arg, s->place)) {
			*place = s->place;
			return true;
		}
	}
	return false;
}

/* The number of slots looked at; the caller holds the lock and knows that one is free. */
static uint64_t
table_put(struct table *t, uint64_t print, uint64_t place)
{
	const uint64_t mask = slots_of(t) - 1;
	uint64_t i = print >> (64 - t->bits), tried = 1;

	while (t->slot[i].print != 0) {
		i = (i + 1) & mask;
		tried++;
	}
	t->slot[i].place = place;
	atomic_signal_fence(memory_order_seq_cst);	/* killed between the two: the slot is still free */
	*(volatile uint64_t *)&t->slot[i].print = print;
	t->head->used++;
	return tried;
}

static void
mark_check(const struct sealed_mark *m, uint8_t out[SHA256_LEN])
{
	sha256(m, offsetof(struct sealed_mark, check), out);
}

static const struct sealed_mark *
newest_mark(const struct header *h)
{
	const struct sealed_mark *best = NULL;

	for (size_t i = 0; i < COUNT(h->marks); i++) {
		const struct sealed_mark *m = &h->marks[i];
		uint8_t check[SHA256_LEN];

		mark_check(m, check);
		if (m->generation == 0 || memcmp(check, m->check, sizeof(check)) != 0)
			continue;
		if (best == NULL || m->generation > best->generation)
			best = m;
	}
	return best;
}

static bool
table_mark(struct table *t, const struct serials_mark *mark, struct err *e)
{
	const struct sealed_mark *last = newest_mark(t->head);
	struct sealed_mark *m = last == &t->head->marks[0] ? &t->head->marks[1] : &t->head->marks[0];

	if (msync(t->head, t->map_len, MS_SYNC) != 0)
		return err_sys(e, "write the serial index");
	m->mark = *mark;
	m->generation = last != NULL ? last->generation + 1 : 1;
	mark_check(m, m->check);
	if (msync(t->head, HEADER_LEN, MS_SYNC) != 0)
		return err_sys(e, "write the serial index");
	return true;
}

static struct serials *
serials_new(int dir_fd, bool read_only)
{
	struct serials *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->dir_fd = dir_fd;
	s->read_only = read_only;
	pthread_rwlock_init(&s->lock, NULL);
	pthread_mutex_init(&s->checkpointing, NULL);
	return s;
}

bool
serials_open(const char *dir, uint64_t expected, struct serials **out, bool *fresh, struct err *e)
{
	OWN(serials_free) struct serials *s = NULL;
	OWN_FD int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint8_t seed[32];
	unsigned bits = 16;

	if (dir_fd < 0)
		return err_sys(e, "open %s", dir);
	s = serials_new(give_fd(dir_fd), false);
	(void)unlinkat(s->dir_fd, "serials.grow", 0);	/* a copy that was not finished */
	if (table_open(s->dir_fd, "serials.idx", false, &s->now, e)) {
		*fresh = false;
		*out = give(s);
		return true;
	}
	if (e->kind != ERR_NOT_FOUND)
		return false;
	err_clear(e);
	while ((UINT64_C(1) << bits) / 2 < expected && bits < 40)
		bits++;
	rand_octets(seed, sizeof(seed));
	if (!table_make(s->dir_fd, "serials.idx", bits, seed, &s->now, e))
		return false;
	*fresh = true;
	*out = give(s);
	return true;
}

bool
serials_open_read(const char *dir, struct serials **out, struct err *e)
{
	OWN(serials_free) struct serials *s = NULL;
	OWN_FD int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir_fd < 0)
		return err_sys(e, "open %s", dir);
	s = serials_new(give_fd(dir_fd), true);
	if (!table_open(s->dir_fd, "serials.idx", true, &s->now, e))
		return false;
	*out = give(s);
	return true;
}

void
serials_free(struct serials *s)
{
	if (s->copier_made) {
		atomic_store(&s->stop, true);
		pthread_join(s->copier, NULL);
	}
	if (s->now != NULL)
		table_free(s->now);
	if (s->next != NULL)
		table_free(s->next);
	pthread_mutex_destroy(&s->checkpointing);
	pthread_rwlock_destroy(&s->lock);
	close(s->dir_fd);
	free(s);
}

void
serials_mark_get(struct serials *s, struct serials_mark *out)
{
	const struct sealed_mark *m = newest_mark(s->now->head);

	memset(out, 0, sizeof(*out));
	if (m != NULL)
		*out = m->mark;
}

bool
serials_find(struct serials *s, const uint8_t *serial, size_t len, serials_match_fn *match, void *arg,
    uint64_t *place)
{
	uint64_t print;
	bool found;

	pthread_rwlock_rdlock(&s->lock);
	print = print_of(s->now->head, serial, len);
	found = s->next != NULL && table_find(s->next, print, match, arg, place);
	if (!found && !s->copied)
		found = table_find(s->now, print, match, arg, place);
	pthread_rwlock_unlock(&s->lock);
	return found;
}

/* Copies in chunks, between which others get the lock; the order of both tables is the same. */
static void *
copy_run(void *arg)
{
	struct serials *s = arg;
	const uint64_t n = slots_of(s->now);

	for (uint64_t at = 0; at < n && !atomic_load(&s->stop); at += COPY_CHUNK) {
		const uint64_t end = at + COPY_CHUNK < n ? at + COPY_CHUNK : n;

		pthread_rwlock_wrlock(&s->lock);
		for (uint64_t i = at; i < end; i++)
			if (s->now->slot[i].print != 0)
				table_put(s->next, s->now->slot[i].print, s->now->slot[i].place);
		if (end == n)
			s->copied = true;
		pthread_rwlock_unlock(&s->lock);
	}
	return NULL;
}

/* With the lock held for writing.  A failure leaves the table as it is, to fill up further. */
static void
grow_begin(struct serials *s)
{
	struct err e = { 0 };
	pthread_attr_t attr;

	if (s->next != NULL || s->now->bits >= 40)
		return;
	if (!table_make(s->dir_fd, "serials.grow", s->now->bits + 1, s->now->head->seed, &s->next, &e)) {
		if (!s->grow_refused)
			log_err("serials.grow", &e);
		s->grow_refused = true;
		return;
	}
	s->grow_refused = false;
	s->copied = false;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * 1024);
	if (pthread_create(&s->copier, &attr, copy_run, s) != 0) {
		table_free(s->next);
		s->next = NULL;
	} else
		s->copier_made = true;
	pthread_attr_destroy(&attr);
}

/* Full beyond 3/4: the run of taken slots grows quickly from there. */
static bool
is_full(const struct table *t)
{
	return t->head->used >= slots_of(t) / 4 * 3;
}

bool
serials_add(struct serials *s, const uint8_t *serial, size_t len, uint64_t place, struct err *e)
{
	struct table *t;
	uint64_t print;
	bool ok = true;

	pthread_rwlock_wrlock(&s->lock);
	print = print_of(s->now->head, serial, len);
	if (s->next == NULL && is_full(s->now))
		grow_begin(s);
	t = s->next != NULL ? s->next : s->now;
	if (t->head->used >= slots_of(t) / 20 * 19)
		ok = err_set(e, ERR_UNAVAILABLE, "disk_full", "the serial index is full and cannot grow");
	else
		table_put(t, print, place);
	pthread_rwlock_unlock(&s->lock);
	return ok;
}

/* The doubled table takes the place of the old one once it is whole on disk. */
static bool
swap_in(struct serials *s, const struct serials_mark *mark, struct err *e)
{
	struct table *old;

	pthread_join(s->copier, NULL);
	s->copier_made = false;
	if (!table_mark(s->next, mark, e))
		return false;
	if (renameat(s->dir_fd, "serials.grow", s->dir_fd, "serials.idx") != 0 || fsync(s->dir_fd) != 0)
		return err_sys(e, "put the larger serial index in place");
	pthread_rwlock_wrlock(&s->lock);
	old = s->now;
	s->now = s->next;
	s->next = NULL;
	s->copied = false;
	pthread_rwlock_unlock(&s->lock);
	table_free(old);
	return true;
}

bool
serials_checkpoint(struct serials *s, const struct serials_mark *mark, struct err *e)
{
	bool growing, copied, ok = true;

	pthread_mutex_lock(&s->checkpointing);
	pthread_rwlock_rdlock(&s->lock);
	growing = s->next != NULL;
	copied = s->copied;
	pthread_rwlock_unlock(&s->lock);
	if (growing && copied)
		ok = swap_in(s, mark, e);
	else if (!growing)
		ok = table_mark(s->now, mark, e);
	pthread_mutex_unlock(&s->checkpointing);
	return ok;
}

bool
serials_due(struct serials *s)
{
	bool due;

	pthread_rwlock_rdlock(&s->lock);
	due = s->copied;
	pthread_rwlock_unlock(&s->lock);
	return due;
}

uint64_t
serials_count(struct serials *s)
{
	uint64_t n;

	pthread_rwlock_rdlock(&s->lock);
	n = s->copied ? s->next->head->used : s->now->head->used;
	pthread_rwlock_unlock(&s->lock);
	return n;
}

uint64_t
serials_slots(struct serials *s)
{
	uint64_t n;

	pthread_rwlock_rdlock(&s->lock);
	n = slots_of(s->next != NULL ? s->next : s->now);
	pthread_rwlock_unlock(&s->lock);
	return n;
}

void
serials_settle(struct serials *s)
{
	for (;;) {
		bool busy;

		pthread_rwlock_rdlock(&s->lock);
		busy = s->next != NULL && !s->copied;
		pthread_rwlock_unlock(&s->lock);
		if (!busy)
			return;
		usleep(1000);
	}
}
