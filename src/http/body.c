#include "http/body.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "http/json.h"
#include "http/multipart.h"
#include "http/router.h"

#define TEXT_FIRST 1024
#define DISCARD_MAX (4 * MIB)	/* read past the limit for the sake of an answer */

#define EMPTY_MAX 256		/* of a body where none belongs */

enum part { PART_NONE, PART_ORDER, PART_FILE };

struct body {
	struct exchange		*x;
	const char		*spool_dir;
	struct multipart	*multipart;	/* NULL: all of it is one text */
	enum part		 part;
	bool			 order_seen, file_seen;
	bool			 is_public;	/* its text is no secret: it lies in the arena */
	struct secret		*text;		/* its len is what was allocated */
	size_t			 text_n, text_max;
	uint64_t		 octets, octets_max;
	struct err		 err;		/* the first one */
};

void
body_free(struct body *b)
{
	if (b == NULL)
		return;
	multipart_free(b->multipart);
	if (!b->is_public)
		secret_free(b->text);
	free(b);
}

uint64_t
body_octets(const struct body *b)
{
	return b == NULL ? 0 : b->octets;
}

/* "application/json; charset=utf-8" is application/json in UTF-8. */
static bool
type_is(const char *value, const char *type)
{
	size_t n = strlen(type);
	char charset[32];

	if (strncasecmp(value, type, n) != 0 || (value[n] != '\0' && value[n] != ';' && value[n] != ' '))
		return false;
	return !header_param(value, "charset", charset, sizeof(charset)) || strcasecmp(charset, "utf-8") == 0;
}

static bool
too_large(struct err *e, size_t max)
{
	return err_set(e, ERR_TOO_LARGE, "body_too_large", "the body is larger than %zu octets", max);
}

/* Room for n octets and a NUL; what is there already is kept. */
static void
text_room(struct body *b, size_t n)
{
	struct secret *more;

	if (b->is_public) {
		more = ARENA_NEW(b->x->q.arena, struct secret);
		if (more == NULL || (more->p = arena_alloc(b->x->q.arena, n + 1)) == NULL)
			abort();		/* the arena has room for many times the longest body */
		more->len = n;
	} else
		more = secret_new(n);
	if (b->text != NULL)
		memcpy(more->p, b->text->p, b->text_n);
	if (!b->is_public)
		secret_free(b->text);
	b->text = more;
}

static bool
text_add(struct body *b, const void *p, size_t n, struct err *e)
{
	if (n > b->text_max - b->text_n)
		return too_large(e, b->text_max);
	if (b->text == NULL || b->text_n + n > b->text->len) {
		size_t cap = b->text == NULL ? TEXT_FIRST : 2 * b->text->len;

		while (cap < b->text_n + n)
			cap *= 2;
		text_room(b, cap < b->text_max ? cap : b->text_max);
	}
	memcpy(b->text->p + b->text_n, p, n);
	b->text_n += n;
	return true;
}

static bool
spool_open(struct body *b, struct err *e)
{
	char path[PATH_MAX];
	int fd = open(b->spool_dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0) {			/* a file system without O_TMPFILE */
		(void)snprintf(path, sizeof(path), "%s/upload.XXXXXX", b->spool_dir);
		fd = mkostemp(path, O_CLOEXEC);
		if (fd >= 0)
			(void)unlink(path);
	}
	if (fd < 0) {
		(void)err_set(e, ERR_UNAVAILABLE, "spool", "the upload cannot be kept; try again later");
		return err_in(e, "%s: %s", b->spool_dir, strerror(errno));
	}
	b->x->upload.fd = fd;
	return true;
}

static bool
spool_add(struct body *b, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t k = write(b->x->upload.fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0) {
			(void)err_set(e, ERR_UNAVAILABLE, "spool", "the upload cannot be kept; try again later");
			return err_in(e, "%s: %s", b->spool_dir, strerror(errno));
		}
		p += k;
		n -= (size_t)k;
		b->x->upload.size += (uint64_t)k;
	}
	return true;
}

static bool
part_begin(void *arg, const struct multipart_part *part, struct err *e)
{
	struct body *b = arg;

	if (strcmp(part->name, "order") == 0) {
		if (b->order_seen || b->file_seen)
			return err_set(e, ERR_MALFORMED, "multipart", "the part \"order\" comes once, and first");
		b->order_seen = true;
		b->part = PART_ORDER;
		return true;
	}
	if (strcmp(part->name, "file") == 0) {
		if (!b->order_seen || b->file_seen)
			return err_set(e, ERR_MALFORMED, "multipart", "the part \"file\" comes once, behind \"order\"");
		b->file_seen = true;
		b->part = PART_FILE;
		b->x->upload.file_name = arena_strdup(b->x->q.arena, part->file_name);
		if (part->type[0] != '\0')
			b->x->upload.content_type = arena_strdup(b->x->q.arena, part->type);
		return spool_open(b, e);
	}
	return err_set(e, ERR_MALFORMED, "multipart", "a part is neither \"order\" nor \"file\"");
}

static bool
part_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct body *b = arg;

	return b->part == PART_ORDER ? text_add(b, p, n, e) : spool_add(b, p, n, e);
}

static bool
part_end(void *arg, struct err *e)
{
	struct body *b = arg;

	(void)e;
	b->part = PART_NONE;
	return true;
}

static const struct multipart_sink sink = { part_begin, part_data, part_end };

static bool
unsupported(struct exchange *x)
{
	const struct route *r = x->q.route;
	const char *json = x->mount->body_type != NULL ? x->mount->body_type : "application/json";
	char detail[192];

	(void)snprintf(detail, sizeof(detail), "the body must be %s%s%s, said by Content-Type",
	    r->json_max > 0 ? json : "", r->json_max > 0 && r->upload_max > 0 ? " or " : "",
	    r->upload_max > 0 ? "multipart/form-data" : "");
	problem_set(&x->s, &x->q, 415, "media_type", detail);
	return false;
}

static bool
unexpected(struct exchange *x)
{
	problem_set(&x->s, &x->q, 400, "body_unexpected", "this request takes no body");
	return false;
}

bool
body_begin(struct exchange *x, const struct http_conf *conf)
{
	const struct route *r = x->q.route;
	const char *type = x->content_type;
	bool none = r->json_max == 0 && r->upload_max == 0;
	struct err e = { 0 };
	struct body *b;

	if (!x->has_body)
		return true;
	if (none && (x->q.method == GET || x->q.method == HEAD || x->mount->body_type != NULL))
		return unexpected(x);
	if (type == NULL && !none)
		return unsupported(x);
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		abort();
	x->body = b;
	b->x = x;
	b->is_public = x->q.listener == HTTP_STATUS;
	b->spool_dir = conf->spool_dir;
	b->text_max = none ? EMPTY_MAX : r->json_max;
	b->octets_max = b->text_max;
	if (none)
		type = NULL;			/* an empty object is one, whatever it is called */
	else if (r->upload_max > 0 && strncasecmp(type, "multipart/form-data", 19) == 0) {
		b->octets_max = r->upload_max == HTTP_UPLOAD ? conf->upload_max + MIB : r->upload_max;
		b->multipart = multipart_new(type, &sink, b);
		if (b->multipart == NULL)
			return unsupported(x);
	} else if (r->json_max == 0 || !type_is(type, x->mount->body_type != NULL ? x->mount->body_type :
	    "application/json"))
		return unsupported(x);
	if (x->content_length > 0 && (uint64_t)x->content_length > b->octets_max) {
		(void)too_large(&e, b->octets_max);
		problem_from_err(&x->s, &x->q, &e);
		return false;
	}
	return true;
}

bool
body_feed(struct exchange *x, void *p, size_t n)
{
	struct body *b = x->body;
	/* The file is no secret, and wiping 256 MiB would cost as much as writing it. */
	bool wiped = b->part != PART_FILE && !b->is_public;
	struct err e = { 0 };
	bool ok;

	b->octets += n;
	if (b->err.kind == ERR_NONE) {
		if (b->octets > b->octets_max)
			ok = too_large(&e, b->octets_max);
		else if (b->multipart != NULL)
			ok = multipart_feed(b->multipart, p, n, &e);
		else
			ok = text_add(b, p, n, &e);
		if (!ok)
			b->err = e;
	}
	if (wiped)
		wipe(p, n);
	return b->octets <= b->octets_max + DISCARD_MAX;
}

bool
body_finish(struct exchange *x)
{
	struct body *b = x->body;

	if (b == NULL)
		return true;
	if (b->err.kind == ERR_NONE && b->multipart != NULL && multipart_finish(b->multipart, &b->err) && !b->order_seen)
		(void)err_set(&b->err, ERR_MALFORMED, "multipart", "the part \"order\" is missing");
	if (b->err.kind != ERR_NONE) {
		router_log_err(x, &b->err);
		problem_from_err(&x->s, &x->q, &b->err);
		return false;
	}
	if (b->text == NULL)
		text_room(b, 0);
	b->text->len = b->text_n;
	b->text->p[b->text_n] = 0;
	/* Many clients can't send a POST without a body: an empty object says as little as none. */
	if (x->q.route->json_max == 0 && x->q.route->upload_max == 0)
		return b->text_n == 0 || json_decode(b->text, NULL, 0, x->q.arena, NULL, &b->err, NULL) || unexpected(x);
	x->q.body = b->text;
	if (b->file_seen) {
		(void)lseek(x->upload.fd, 0, SEEK_SET);
		x->q.upload = &x->upload;
	}
	return true;
}
