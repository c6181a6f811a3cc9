/* Upload CSRs: PEM with many, one DER, or a ZIP of them; keys stay with the orderer. */
#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "domain/order/order_queue.h"

#define WINDOW ((size_t)1024 * 1024)	/* of text at a time; one request is far smaller */
#define MEMBERS_MAX ORDER_SIZE_MAX
#define WARNINGS_MAX 200

OWN_TYPE(struct archive, archive_read_free)

/* A text on its way through: one file, or one member of an archive. */
struct source {
	struct order_run	*r;
	struct order_queue	*queue;
	const char		*file;		/* member, or NULL */
	char			*buf;		/* WINDOW octets */
	size_t			 n;
	int64_t			 lines;		/* before buf */
	uint64_t		 total;		/* octets, of all members */
	size_t			 found, skipped;
};

static bool
private_key(const struct source *s, int64_t line, struct err *e)
{
	static const char text[] = "a private key is in the upload: it was refused and not kept; consider "
				   "that key disclosed and make a new one";

	if (!order_queue_settle(s->queue, e))
		return false;
	fault_add(s->r->errors, s->file, line, "file", NULL, "%s", text);
	return err_set(e, ERR_INVALID, "private_key_in_upload", "%s", text);
}

/* All requests of one piece of text. */
static bool
piece(struct source *s, size_t len, struct err *e)
{
	struct csr_upload u = { .text = s->buf, .len = len };
	uint8_t der[CSR_DER_MAX];
	struct err why = { 0 };
	size_t n;

	for (;;) {
		switch (csr_upload_next(&u, der, &n, &why)) {
		case CSR_UPLOAD_END:
			s->skipped += u.skipped;
			return true;
		case CSR_UPLOAD_REQUEST:
			s->found++;
			if (!order_queue_request(s->queue, s->file, s->lines + u.line, der, n, e))
				return false;
			break;
		case CSR_UPLOAD_BAD:
			if (strcmp(why.code, "private_key_in_upload") == 0)
				return private_key(s, s->lines + u.line, e);
			s->found++;
			if (!order_queue_bad(s->queue, s->file, s->lines + u.line, why.msg, e))
				return false;
			err_clear(&why);
			break;
		}
	}
}

static int64_t
lines_in(const char *p, size_t n)
{
	int64_t lines = 0;

	for (const char *end = p + n; p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		lines++;
	return lines;
}

/* Behind the last whole block: what follows waits for the next octets. */
static size_t
cut(const char *p, size_t n)
{
	static const char end[] = "-----END ", begin[] = "-----BEGIN ";
	const char *last = NULL, *open, *eol;

	/* The window may end inside an END line: then the block before it is the last whole one. */
	for (const char *q = p; (q = memmem(q, (size_t)(p + n - q), end, sizeof(end) - 1)) != NULL; q++) {
		eol = memchr(q, '\n', (size_t)(p + n - q));
		if (eol == NULL)
			break;
		last = eol;
	}
	if (last != NULL)
		return (size_t)(last + 1 - p);
	/* No block ends here: all but one that begins may go. */
	open = memmem(p, n, begin, sizeof(begin) - 1);
	if (open == p)
		return 0;
	eol = open != NULL ? open : memrchr(p, '\n', n);
	return eol == NULL ? 0 : open != NULL ? (size_t)(open - p) : (size_t)(eol + 1 - p);
}

/* Works off the window; at the end all of it. */
static bool
window(struct source *s, bool last, struct err *e)
{
	size_t len = last ? s->n : cut(s->buf, s->n);

	if (len == 0 && !last) {
		if (upload_has_private_key(s->buf, s->n))
			return private_key(s, s->lines + 1, e);
		if (!order_queue_settle(s->queue, e))
			return false;
		fault_add(s->r->errors, s->file, s->lines + 1, "csr", NULL,
		    "a block or line of more than a million octets is no certificate request");
		return err_set(e, ERR_INVALID, "order", "no certificate requests");
	}
	if (len > 0 && !piece(s, len, e))
		return false;
	s->lines += lines_in(s->buf, len);
	memmove(s->buf, s->buf + len, s->n - len);
	s->n -= len;
	return true;
}

static bool
source_end(struct source *s, struct err *e)
{
	if (s->r->pass == PASS_CHECK && s->found == 0 && s->file != NULL && s->r->warnings != NULL &&
	    s->r->warnings->n < WARNINGS_MAX) {
		if (!order_queue_settle(s->queue, e))
			return false;
		fault_add(s->r->warnings, s->file, 0, NULL, NULL, "holds no certificate request, ignored");
	}
	s->n = 0;
	s->lines = 0;
	s->found = s->skipped = 0;
	return true;
}

static bool
plain_read(struct source *s, struct err *e)
{
	uint64_t at = 0;
	size_t got;

	do {
		if (!order_file_read(s->r->order, at, s->buf + s->n, WINDOW - s->n, &got, e))
			return false;
		at += got;
		s->n += got;
		if (!window(s, at >= s->r->order->file_size || got == 0, e))
			return false;
	} while (at < s->r->order->file_size && got > 0);
	if (!order_queue_settle(s->queue, e))
		return false;
	if (s->found == 0 && !order_wrong(s->r))
		fault_add(s->r->errors, NULL, 0, "file", NULL, s->r->order->file_size == 0 ? "the file is empty" :
		    s->skipped > 0 ? "no certificate request in it (but other PEM blocks)" :
		    "no certificate request (PKCS#10) in it, neither PEM nor DER");
	return true;
}

/* ---- archives ---- */

static bool
hidden(const char *name)
{
	const char *base = strrchr(name, '/');

	base = base == NULL ? name : base + 1;
	return str_starts(name, "__MACOSX/") || base[0] == '.' || base[0] == '\0';
}

/* The member's name as text that may be shown. */
static const char *
member_name(struct order_run *r, struct archive_entry *entry)
{
	const char *name = archive_entry_pathname_utf8(entry);

	if (name == NULL || !text_name_ok(name, 255))
		return "a member whose name is no plain text";
	return arena_strdup(r->pass == PASS_CHECK ? r->errors->arena : r->arena, name);
}

static bool
member_read(struct source *s, struct archive *z, struct err *e)
{
	struct order_run *r = s->r;
	la_ssize_t got;
	bool first = true;

	do {
		got = archive_read_data(z, s->buf + s->n, WINDOW - s->n);
		if (got < 0) {
			if (!order_queue_settle(s->queue, e))
				return false;
			fault_add(r->errors, s->file, 0, "file", NULL, "can't be unpacked: %s",
			    archive_error_string(z) == NULL ? "damaged or encrypted" : archive_error_string(z));
			return err_set(e, ERR_INVALID, "order", "the archive can't be unpacked");
		}
		s->total += (uint64_t)got;
		if (s->total > (uint64_t)r->app->upload_max) {
			if (!order_queue_settle(s->queue, e))
				return false;
			fault_add(r->errors, s->file, 0, "file", NULL,
			    "the archive unpacks to more than %" PRId64 " MiB", r->app->upload_max >> 20);
			return err_set(e, ERR_INVALID, "order", "the archive unpacks to too much");
		}
		s->n += (size_t)got;
		if (first && s->n >= 4 && memcmp(s->buf, "PK\3\4", 4) == 0) {
			if (!order_queue_settle(s->queue, e))
				return false;
			fault_add(r->errors, s->file, 0, "file", NULL, "an archive inside the archive");
			s->n = 0;
			return true;
		}
		first = false;
		if ((s->n == WINDOW || got == 0) && !window(s, got == 0, e))
			return false;
	} while (got > 0);
	return true;
}

static bool
archive_read_all(struct source *s, struct archive *z, struct err *e)
{
	struct order_run *r = s->r;
	struct archive_entry *entry;
	size_t members = 0;
	int rc;

	while ((rc = archive_read_next_header(z, &entry)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
		const char *name = archive_entry_pathname(entry);

		if (++members > MEMBERS_MAX) {
			if (!order_queue_settle(s->queue, e))
				return false;
			fault_add(r->errors, NULL, 0, "file", NULL, "more than %d files in the archive",
			    MEMBERS_MAX);
			return err_set(e, ERR_INVALID, "order", "too many files in the archive");
		}
		if (archive_entry_filetype(entry) != AE_IFREG || name == NULL || hidden(name))
			continue;
		s->file = member_name(r, entry);
		if (s->file == NULL)
			return err_set(e, ERR_INVALID, "order", "too many files in the archive for one order");
		if (!member_read(s, z, e) || !source_end(s, e))
			return false;
	}
	if (!order_queue_settle(s->queue, e))
		return false;
	if (rc != ARCHIVE_EOF) {
		fault_add(r->errors, NULL, 0, "file", NULL, "the archive is damaged: %s",
		    archive_error_string(z) == NULL ? "it ends too early" : archive_error_string(z));
		return err_set(e, ERR_INVALID, "order", "the archive is damaged");
	}
	if (r->size == 0 && !order_wrong(r))
		fault_add(r->errors, NULL, 0, "file", NULL, "no certificate request in the archive");
	return true;
}

static bool
zip_read(struct source *s, struct err *e)
{
	OWN(archive_read_free) struct archive *z = archive_read_new();

	if (z == NULL)
		abort();
	if (lseek(s->r->order->fd, 0, SEEK_SET) < 0)
		return err_sys(e, "lseek");
	if (archive_read_support_format_zip(z) != ARCHIVE_OK ||
	    archive_read_open_fd(z, s->r->order->fd, FILE_PIECE) != ARCHIVE_OK) {
		fault_add(s->r->errors, NULL, 0, "file", NULL, "the archive can't be opened");
		return true;
	}
	return archive_read_all(s, z, e);
}

bool
order_csr_read(struct order_run *r, struct err *e)
{
	OWN(order_queue_free) struct order_queue *queue = order_queue_new(r);
	OWN(arena_free) struct arena *room = arena_new(WINDOW + 4096);
	struct source s = { .r = r, .queue = queue, .buf = arena_alloc(room, WINDOW + 1) };
	char magic[4];
	size_t got;
	bool ok;

	if (!order_file_read(r->order, 0, magic, sizeof(magic), &got, e))
		return false;
	ok = got == 4 && memcmp(magic, "PK\3\4", 4) == 0 ? zip_read(&s, e) : plain_read(&s, e);
	/* Said in the faults already, unless it is ours or a private key's. */
	if (!ok && e->kind == ERR_INVALID && strcmp(e->code, "private_key_in_upload") != 0) {
		err_clear(e);
		return true;
	}
	return ok;
}
