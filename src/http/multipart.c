#include "http/multipart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

enum state { PREAMBLE, DELIMITED, HEADERS, DATA, EPILOGUE };

struct multipart {
	const struct multipart_sink *sink;
	void		*arg;
	enum state	 state;
	char		 delimiter[80];		/* CRLF, two hyphens, boundary */
	size_t		 delimiter_n;
	size_t		 matched;		/* octets of the delimiter seen so far */
	char		 tail[3];		/* what followed a delimiter */
	size_t		 tail_n;
	char		 headers[MULTIPART_HEADERS_MAX + 1];
	size_t		 headers_n;
};

static bool
wrong(struct err *e, const char *what)
{
	return err_set(e, ERR_MALFORMED, "multipart", "the multipart/form-data body is not well-formed: %s", what);
}

/* One value, quoted or a token, at p; where it ends, or NULL when it does not fit or is not closed. */
static const char *
param_value(const char *p, char *out, size_t cap)
{
	size_t n = 0;

	if (*p != '"') {
		size_t len = strcspn(p, "; \t");

		if (len >= cap)
			return NULL;
		memcpy(out, p, len);
		out[len] = '\0';
		return p + len;
	}
	for (p++; *p != '"'; p++) {
		/* curl escapes by backslash, browsers write %22; a lone backslash is a path's. */
		if (*p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		if (*p == '\0' || n + 1 >= cap)
			return NULL;
		out[n++] = *p;
	}
	out[n] = '\0';
	return p + 1;
}

bool
header_param(const char *value, const char *name, char *out, size_t cap)
{
	const char *p = value + strcspn(value, ";");
	char other[1024];

	while (*p == ';') {
		size_t n;

		p += 1 + strspn(p + 1, " \t");
		n = strcspn(p, "=;");
		if (p[n] == '=') {
			bool this_one = n == strlen(name) && strncasecmp(p, name, n) == 0;

			p = param_value(p + n + 1, this_one ? out : other, this_one ? cap : sizeof(other));
			if (p == NULL)
				return false;
			if (this_one)
				return true;
		} else
			p += n;
		p += strcspn(p, ";");
	}
	return false;
}

struct multipart *
multipart_new(const char *content_type, const struct multipart_sink *sink, void *arg)
{
	struct multipart *m;
	char boundary[72];
	size_t n;

	if (!header_param(content_type, "boundary", boundary, sizeof(boundary)))
		return NULL;
	n = strlen(boundary);
	if (n == 0 || n > 70 || boundary[n - 1] == ' ' ||
	    strspn(boundary, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=? ") != n)
		return NULL;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		abort();
	m->sink = sink;
	m->arg = arg;
	m->delimiter_n = (size_t)snprintf(m->delimiter, sizeof(m->delimiter), "\r\n--%s", boundary);
	m->matched = 2;		/* the first delimiter need not stand behind a line end */
	return m;
}

void
multipart_free(struct multipart *m)
{
	free(m);
}

/* What may be shown and stored: the last segment of a path, UTF-8 without control characters. */
static void
file_name_clean(char *name)
{
	char *base = name, *p;

	for (p = name; *p != '\0'; p++)
		if (*p == '/' || *p == '\\')
			base = p + 1;
	memmove(name, base, strlen(base) + 1);
	if (name[0] != '\0' && !text_name_ok(name, MULTIPART_NAME_MAX))
		name[0] = '\0';
}

static bool
part_header(struct multipart_part *part, char *line, bool *named, struct err *e)
{
	char *value = strchr(line, ':');

	if (value == NULL)
		return wrong(e, "a part has a header line without a colon");
	*value++ = '\0';
	value += strspn(value, " \t");
	if (strcasecmp(line, "Content-Disposition") == 0) {
		if (strncasecmp(value, "form-data", 9) != 0 || (value[9] != ';' && value[9] != ' ') ||
		    !header_param(value, "name", part->name, sizeof(part->name)))
			return wrong(e, "a part has no name");
		*named = true;
		(void)header_param(value, "filename", part->file_name, sizeof(part->file_name));
		file_name_clean(part->file_name);
	} else if (strcasecmp(line, "Content-Type") == 0) {
		(void)snprintf(part->type, sizeof(part->type), "%s", value);
	} else if (strcasecmp(line, "Content-Transfer-Encoding") == 0) {
		if (strcasecmp(value, "binary") != 0 && strcasecmp(value, "8bit") != 0 && strcasecmp(value, "7bit") != 0)
			return wrong(e, "a part has a transfer encoding");
	}
	return true;
}

static bool
part_headers(struct multipart *m, struct err *e)
{
	struct multipart_part part = { 0 };
	bool named = false;
	char *p = m->headers;

	if (memchr(p, '\0', m->headers_n) != NULL)
		return wrong(e, "a NUL in a part's headers");
	while (*p != '\0' && !(p[0] == '\r' && p[1] == '\n')) {
		char *end = strstr(p, "\r\n");

		*end = '\0';
		if (!part_header(&part, p, &named, e))
			return false;
		p = end + 2;
	}
	if (!named)
		return wrong(e, "a part has no Content-Disposition");
	return m->sink->begin(m->arg, &part, e);
}

/* Behind a delimiter: "--" closes, blanks and a line end begin the headers of a part. */
static bool
delimited(struct multipart *m, char c, struct err *e)
{
	if (m->tail_n == 0 && (c == ' ' || c == '\t'))
		return true;
	m->tail[m->tail_n++] = c;
	if (m->tail_n < 2)
		return true;
	m->tail_n = 0;
	if (memcmp(m->tail, "--", 2) == 0)
		m->state = EPILOGUE;
	else if (memcmp(m->tail, "\r\n", 2) == 0) {
		m->state = HEADERS;
		m->headers_n = 0;
	} else
		return wrong(e, "a boundary line goes on");
	return true;
}

static bool
header_octet(struct multipart *m, char c, struct err *e)
{
	if (m->headers_n == MULTIPART_HEADERS_MAX)
		return wrong(e, "the headers of a part are too long");
	m->headers[m->headers_n++] = c;
	m->headers[m->headers_n] = '\0';
	if (c != '\n' || !(m->headers_n == 2 ? memcmp(m->headers, "\r\n", 2) == 0 :
	    m->headers_n >= 4 && memcmp(m->headers + m->headers_n - 4, "\r\n\r\n", 4) == 0))
		return true;
	if (!part_headers(m, e))
		return false;
	m->state = DATA;
	m->matched = 0;
	return true;
}

/*
 * Searches n octets for the delimiter; *used of them are dealt with.  A CR stands only at its start, so after
 * a mismatch nothing of what matched can begin another match: it was data.
 */
static bool
data_run(struct multipart *m, const char *p, size_t n, size_t *used, struct err *e)
{
	bool keep = m->state == DATA;
	size_t i = 0;

	while (i < n) {
		if (m->matched == 0) {
			const char *cr = memchr(p + i, '\r', n - i);
			size_t run = cr == NULL ? n - i : (size_t)(cr - p) - i;

			if (keep && run > 0 && !m->sink->data(m->arg, p + i, run, e))
				return false;
			i += run;
			if (cr != NULL) {
				m->matched = 1;
				i++;
			}
			continue;
		}
		if (p[i] == m->delimiter[m->matched]) {
			i++;
			if (++m->matched < m->delimiter_n)
				continue;
			m->matched = 0;
			m->state = DELIMITED;
			*used = i;
			return !keep || m->sink->end(m->arg, e);
		}
		if (keep && !m->sink->data(m->arg, m->delimiter, m->matched, e))
			return false;
		m->matched = 0;
	}
	*used = n;
	return true;
}

bool
multipart_feed(struct multipart *m, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	while (n > 0) {
		size_t used = 1;
		bool ok = true;

		switch (m->state) {
		case PREAMBLE:
		case DATA:
			ok = data_run(m, p, n, &used, e);
			break;
		case DELIMITED:
			ok = delimited(m, *p, e);
			break;
		case HEADERS:
			ok = header_octet(m, *p, e);
			break;
		case EPILOGUE:
			return true;
		}
		if (!ok)
			return false;
		p += used;
		n -= used;
	}
	return true;
}

bool
multipart_finish(const struct multipart *m, struct err *e)
{
	return m->state == EPILOGUE || wrong(e, "it ends before its closing boundary");
}
