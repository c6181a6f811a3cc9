#include "signer/list/liststate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define MAGIC	 "certmill crl list"	/* 17 octets */
#define FORMAT	 1
#define HEAD_LEN 128
#define CHUNK	 (64 * 1024)

struct list_reader {
	int			 fd;		/* -1: there is none, or all was read */
	EVP_MD_CTX		*md;
	struct list_head	 head;
	uint64_t		 left;
	char			 path[PATH_MAX];
	size_t			 hashed, pos, end;	/* of the window: what is behind `hashed` is to be hashed still */
	uint8_t			 window[CHUNK];
};

struct list_writer {
	int			 fd;
	EVP_MD_CTX		*md;		/* of the entries */
	uint64_t		 count;
	char			 path[PATH_MAX], beside[PATH_MAX];
	size_t			 n;
	uint8_t			 block[CHUNK];	/* entries not yet hashed, nor in the file */
};

int
list_number_cmp(const struct list_number *a, const struct list_number *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->b, b->b, a->len);
}

bool
list_number_set(struct list_number *n, struct der d, struct err *e)
{
	while (d.len > 1 && d.p[0] == 0) {
		d.p++;
		d.len--;
	}
	if (d.len == 0 || d.len > sizeof(n->b))
		return err_set(e, ERR_INVALID, "crl_number", "a CRL number has 1 to 20 octets");
	memset(n, 0, sizeof(*n));
	n->len = (uint8_t)d.len;
	memcpy(n->b, d.p, d.len);
	return true;
}

static void
put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint64_t
get_u64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void
head_put(const struct list_head *h, uint8_t out[HEAD_LEN])
{
	memset(out, 0, HEAD_LEN);
	memcpy(out, MAGIC, 17);
	out[17] = FORMAT;
	memcpy(out + 24, &h->number, sizeof(h->number));
	memcpy(out + 48, &h->delta, sizeof(h->delta));
	put_u64(out + 72, (uint64_t)h->this_update_s);
	put_u64(out + 80, h->count);
}

static bool
head_get(const uint8_t in[HEAD_LEN], struct list_head *h)
{
	if (memcmp(in, MAGIC, 17) != 0 || in[17] != FORMAT)
		return false;
	memcpy(&h->number, in + 24, sizeof(h->number));
	memcpy(&h->delta, in + 48, sizeof(h->delta));
	h->this_update_s = (int64_t)get_u64(in + 72);
	h->count = get_u64(in + 80);
	return h->number.len <= 20 && h->delta.len <= 20;
}

static EVP_MD_CTX *
hash_new(void)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	if (md == NULL || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1)
		abort();
	return md;
}

/* Entries first, then the head, for the writer knows it last. */
static void
hash_end(EVP_MD_CTX *md, const uint8_t head[HEAD_LEN], uint8_t out[SHA256_LEN])
{
	if (EVP_DigestUpdate(md, head, HEAD_LEN) != 1 || EVP_DigestFinal_ex(md, out, NULL) != 1)
		abort();
}

static bool
damaged(const struct list_reader *r, struct err *e)
{
	return err_set(e, ERR_INTERNAL, "crl_state", "%.120s is damaged; restore it from a copy", r->path);
}

static void
hash_add(EVP_MD_CTX *md, const uint8_t *p, size_t n)
{
	if (EVP_DigestUpdate(md, p, n) != 1)
		abort();
}

/* Up to `want` octets in the window, or as many as there are. */
static bool
reader_fill(struct list_reader *r, size_t want, struct err *e)
{
	ssize_t n;

	if (r->end - r->pos >= want)
		return true;
	hash_add(r->md, r->window + r->hashed, r->pos - r->hashed);
	memmove(r->window, r->window + r->pos, r->end - r->pos);
	r->end -= r->pos;
	r->pos = r->hashed = 0;
	do {
		n = read(r->fd, r->window + r->end, sizeof(r->window) - r->end);
		if (n < 0)
			return err_sys(e, "read %s", r->path);
		r->end += (size_t)n;
	} while (n > 0 && r->end < want);
	return true;
}

bool
list_reader_open(const char *path, struct list_reader **out, struct err *e)
{
	OWN(list_reader_free) struct list_reader *r = malloc(sizeof(*r));

	if (r == NULL)
		abort();
	memset(r, 0, offsetof(struct list_reader, window));
	snprintf(r->path, sizeof(r->path), "%s", path);
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0) {
		if (errno != ENOENT)
			return err_sys(e, "open %s", path);
		*out = give(r);
		return true;
	}
	r->md = hash_new();
	if (!reader_fill(r, HEAD_LEN, e))
		return false;
	if (r->end < HEAD_LEN || !head_get(r->window, &r->head))
		return damaged(r, e);
	r->pos = r->hashed = HEAD_LEN;
	r->left = r->head.count;
	*out = give(r);
	return true;
}

static void
reader_close(struct list_reader *r)
{
	if (r->fd >= 0)
		(void)close(r->fd);
	r->fd = -1;
}

void
list_reader_free(struct list_reader *r)
{
	reader_close(r);
	EVP_MD_CTX_free(r->md);
	free(r);
}

const struct list_head *
list_reader_head(const struct list_reader *r)
{
	return &r->head;
}

static bool
reader_end(struct list_reader *r, struct err *e)
{
	uint8_t head[HEAD_LEN], is[SHA256_LEN];

	if (!reader_fill(r, SHA256_LEN + 1, e))
		return false;
	if (r->end - r->pos != SHA256_LEN)
		return damaged(r, e);
	hash_add(r->md, r->window + r->hashed, r->pos - r->hashed);
	head_put(&r->head, head);
	hash_end(r->md, head, is);
	reader_close(r);
	return memcmp(r->window + r->pos, is, sizeof(is)) == 0 || damaged(r, e);
}

bool
list_reader_next(struct list_reader *r, struct list_entry *out, bool *more, struct err *e)
{
	const uint8_t *p;

	*more = r->left != 0;
	if (!*more)
		return r->fd < 0 || reader_end(r, e);
	if (!reader_fill(r, 1 + CRL_SERIAL_MAX, e))
		return false;
	p = r->window + r->pos;
	if (r->pos == r->end)
		return damaged(r, e);
	out->len = p[0] & 0x1f;
	out->flags = p[0] & 0xe0;
	if (out->len == 0 || out->len > CRL_SERIAL_MAX || r->end - r->pos < 1 + (size_t)out->len)
		return damaged(r, e);
	memcpy(out->serial, p + 1, out->len);
	r->pos += 1 + (size_t)out->len;
	r->left--;
	return true;
}

static bool
unwritable(const struct list_writer *w, struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, "disk_full", "cannot write %.120s: %s", w->beside, strerror(errno));
}

static bool
write_all(const struct list_writer *w, const uint8_t *p, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t done = write(w->fd, p, n);

		if (done <= 0)
			return unwritable(w, e);
		p += done;
		n -= (size_t)done;
	}
	return true;
}

bool
list_writer_new(const char *path, struct list_writer **out, struct err *e)
{
	OWN(list_writer_free) struct list_writer *w = malloc(sizeof(*w));
	uint8_t head[HEAD_LEN] = { 0 };

	if (w == NULL)
		abort();
	memset(w, 0, offsetof(struct list_writer, block));
	w->fd = -1;
	snprintf(w->path, sizeof(w->path), "%s", path);
	if ((size_t)snprintf(w->beside, sizeof(w->beside), "%s.new", path) >= sizeof(w->beside))
		return err_set(e, ERR_INTERNAL, "internal", "path too long");
	w->fd = open(w->beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return err_sys(e, "make %s", w->beside);
	w->md = hash_new();
	if (!write_all(w, head, sizeof(head), e))
		return false;
	*out = give(w);
	return true;
}

void
list_writer_free(struct list_writer *w)
{
	if (w->fd >= 0) {
		(void)close(w->fd);
		(void)unlink(w->beside);
	}
	EVP_MD_CTX_free(w->md);
	free(w);
}

static bool
block_flush(struct list_writer *w, struct err *e)
{
	size_t n = w->n;

	hash_add(w->md, w->block, n);
	w->n = 0;
	return write_all(w, w->block, n, e);
}

bool
list_writer_add(struct list_writer *w, const struct list_entry *x, struct err *e)
{
	if (w->n + 1 + CRL_SERIAL_MAX > sizeof(w->block) && !block_flush(w, e))
		return false;
	w->block[w->n++] = (uint8_t)(x->len | x->flags);
	memcpy(w->block + w->n, x->serial, x->len);
	w->n += x->len;
	w->count++;
	return true;
}

bool
list_writer_end(struct list_writer *w, const struct list_head *head, struct err *e)
{
	struct list_head h = *head;
	uint8_t raw[HEAD_LEN], digest[SHA256_LEN];

	h.count = w->count;
	head_put(&h, raw);
	if (!block_flush(w, e))
		return false;
	hash_end(w->md, raw, digest);
	if (!write_all(w, digest, sizeof(digest), e))
		return false;
	return (pwrite(w->fd, raw, sizeof(raw), 0) == (ssize_t)sizeof(raw) && fsync(w->fd) == 0) || unwritable(w, e);
}

bool
list_writer_commit(struct list_writer *w, struct err *e)
{
	char folder[PATH_MAX];
	char *slash;
	OWN_FD int dir = -1;

	snprintf(folder, sizeof(folder), "%s", w->path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[1] = '\0';
	dir = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || rename(w->beside, w->path) != 0 || fsync(dir) != 0)
		return err_sys(e, "put %s in place", w->path);
	(void)close(w->fd);
	w->fd = -1;
	return true;
}
