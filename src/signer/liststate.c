#include "signer/liststate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define MAGIC	 "certmill crl list"	/* 17 octets */
#define FORMAT	 1
#define HEAD_LEN 128
#define CHUNK	 (64 * 1024)

struct list_reader {
	FILE			*file;		/* NULL: there is none */
	EVP_MD_CTX		*md;
	struct list_head	 head;
	uint64_t		 left;
	char			 path[PATH_MAX];
};

struct list_writer {
	FILE			*file;
	EVP_MD_CTX		*md;		/* of the entries */
	uint64_t		 count;
	char			 path[PATH_MAX], beside[PATH_MAX];
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

bool
list_reader_open(const char *path, struct list_reader **out, struct err *e)
{
	OWN(list_reader_free) struct list_reader *r = calloc(1, sizeof(*r));
	uint8_t head[HEAD_LEN];

	if (r == NULL)
		abort();
	snprintf(r->path, sizeof(r->path), "%s", path);
	r->file = fopen(path, "re");
	if (r->file == NULL) {
		if (errno != ENOENT)
			return err_sys(e, "open %s", path);
		*out = give(r);
		return true;
	}
	(void)setvbuf(r->file, NULL, _IOFBF, CHUNK);
	r->md = hash_new();
	if (fread(head, sizeof(head), 1, r->file) != 1 || !head_get(head, &r->head))
		return damaged(r, e);
	r->left = r->head.count;
	*out = give(r);
	return true;
}

void
list_reader_free(struct list_reader *r)
{
	if (r->file != NULL)
		fclose(r->file);
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
	uint8_t head[HEAD_LEN], kept[SHA256_LEN], is[SHA256_LEN];

	if (fread(kept, sizeof(kept), 1, r->file) != 1 || getc_unlocked(r->file) != EOF)
		return damaged(r, e);
	head_put(&r->head, head);
	hash_end(r->md, head, is);
	fclose(r->file);
	r->file = NULL;
	return memcmp(kept, is, sizeof(is)) == 0 || damaged(r, e);
}

bool
list_reader_next(struct list_reader *r, struct list_entry *out, bool *more, struct err *e)
{
	uint8_t raw[1 + CRL_SERIAL_MAX];
	int first;

	*more = r->left != 0;
	if (!*more)
		return r->file == NULL || reader_end(r, e);
	first = getc_unlocked(r->file);
	if (first == EOF)
		return damaged(r, e);
	raw[0] = (uint8_t)first;
	out->len = raw[0] & 0x1f;
	out->flags = raw[0] & 0xe0;
	if (out->len == 0 || out->len > CRL_SERIAL_MAX || (fread_unlocked)(raw + 1, (size_t)out->len, 1, r->file) != 1)
		return damaged(r, e);
	memcpy(out->serial, raw + 1, out->len);
	if (EVP_DigestUpdate(r->md, raw, 1 + (size_t)out->len) != 1)
		abort();
	r->left--;
	return true;
}

bool
list_writer_new(const char *path, struct list_writer **out, struct err *e)
{
	OWN(list_writer_free) struct list_writer *w = calloc(1, sizeof(*w));
	uint8_t head[HEAD_LEN] = { 0 };
	int fd;

	if (w == NULL)
		abort();
	snprintf(w->path, sizeof(w->path), "%s", path);
	if ((size_t)snprintf(w->beside, sizeof(w->beside), "%s.new", path) >= sizeof(w->beside))
		return err_set(e, ERR_INTERNAL, "internal", "path too long");
	fd = open(w->beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || (w->file = fdopen(fd, "w+")) == NULL) {
		if (fd >= 0)
			close(fd);
		return err_sys(e, "make %s", w->beside);
	}
	(void)setvbuf(w->file, NULL, _IOFBF, CHUNK);
	w->md = hash_new();
	if (fwrite(head, sizeof(head), 1, w->file) != 1)
		return err_sys(e, "write %s", w->beside);
	*out = give(w);
	return true;
}

void
list_writer_free(struct list_writer *w)
{
	if (w->file != NULL) {
		fclose(w->file);
		(void)unlink(w->beside);
	}
	EVP_MD_CTX_free(w->md);
	free(w);
}

bool
list_writer_add(struct list_writer *w, const struct list_entry *x, struct err *e)
{
	uint8_t raw[1 + CRL_SERIAL_MAX];

	raw[0] = (uint8_t)(x->len | x->flags);
	memcpy(raw + 1, x->serial, x->len);
	if (EVP_DigestUpdate(w->md, raw, 1 + (size_t)x->len) != 1)
		abort();
	w->count++;
	if ((fwrite_unlocked)(raw, 1 + (size_t)x->len, 1, w->file) != 1)
		return err_set(e, ERR_UNAVAILABLE, "disk_full", "cannot write %.120s: %s", w->beside, strerror(errno));
	return true;
}

bool
list_writer_end(struct list_writer *w, const struct list_head *head, struct err *e)
{
	struct list_head h = *head;
	uint8_t raw[HEAD_LEN], digest[SHA256_LEN];

	h.count = w->count;
	head_put(&h, raw);
	hash_end(w->md, raw, digest);
	if (fwrite(digest, sizeof(digest), 1, w->file) != 1 || fseek(w->file, 0, SEEK_SET) != 0
	    || fwrite(raw, sizeof(raw), 1, w->file) != 1 || fflush(w->file) != 0 || fsync(fileno(w->file)) != 0)
		return err_set(e, ERR_UNAVAILABLE, "disk_full", "cannot write %.120s: %s", w->beside, strerror(errno));
	return true;
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
	fclose(w->file);
	w->file = NULL;
	return true;
}
