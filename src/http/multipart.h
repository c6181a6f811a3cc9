/*
 * multipart - multipart/form-data (RFC 7578) read as a stream, in constant memory.
 */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/own.h"

#define MULTIPART_HEADERS_MAX	4096	/* octets of one part's header block */
#define MULTIPART_NAME_MAX	255	/* octets of a name, file name or type */

struct multipart_part {
	char	name[MULTIPART_NAME_MAX + 1];
	char	file_name[MULTIPART_NAME_MAX + 1];	/* last path segment, safe to show; "" when none */
	char	type[MULTIPART_NAME_MAX + 1];		/* "" when none */
};

struct multipart_sink {			/* false ends the parsing with that error */
	bool	(*begin)(void *arg, const struct multipart_part *, struct err *);
	bool	(*data)(void *arg, const void *, size_t, struct err *);
	bool	(*end)(void *arg, struct err *);
};

struct multipart;
/* The boundary parameter of a Content-Type value; NULL when it has none, or one that RFC 2046 forbids. */
struct multipart *multipart_new(const char *content_type, const struct multipart_sink *, void *arg);
void multipart_free(struct multipart *);
OWN_TYPE(struct multipart, multipart_free)

must_check bool multipart_feed(struct multipart *, const void *, size_t, struct err *);
/* ERR_MALFORMED unless the closing boundary was seen. */
must_check bool multipart_finish(const struct multipart *, struct err *);

/*
 * A parameter of a header value ('form-data; name="order"') into out; false when it is not there or longer
 * than cap - 1 octets.
 */
bool header_param(const char *value, const char *name, char *out, size_t cap);

#endif
