#include "http/exchange.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/str.h"

static const char *
pairs_get(const struct http_pairs *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].name, name) == 0)
			return list->v[i].value;
	return NULL;
}

const char *
http_param(const struct http_req *q, const char *name)
{
	return pairs_get(&q->params, name);
}

const char *
http_query(const struct http_req *q, const char *name)
{
	return pairs_get(&q->query, name);
}

const char *
http_cookie(const struct http_req *q, const char *name)
{
	return pairs_get(&q->cookies, name);
}

const char *
http_header(const struct http_req *q, const char *name)
{
	for (size_t i = 0; i < q->headers.n; i++)
		if (strcasecmp(q->headers.v[i].name, name) == 0)
			return q->headers.v[i].value;
	return NULL;
}

const char *
http_bearer(const struct http_req *q)
{
	const char *v = http_header(q, "Authorization");

	if (v == NULL || strncasecmp(v, "Bearer ", 7) != 0)
		return NULL;
	for (v += 7; *v == ' '; v++)
		continue;
	return v;
}

bool
http_param_int(const struct http_req *q, const char *name, int64_t *out, struct err *e)
{
	const char *text = http_param(q, name);
	uint64_t v;

	/* One spelling for one object: no sign, no leading zero. */
	if (text == NULL || (text[0] == '0' && text[1] != '\0') || !parse_u64(text, INT64_MAX, &v))
		return err_set(e, ERR_NOT_FOUND, "not_found", "no such %s", name);
	*out = (int64_t)v;
	return true;
}

bool
http_query_bool(const struct http_req *q, const char *name, bool otherwise, bool *out, struct faults *faults,
    struct err *e)
{
	const char *text = http_query(q, name);

	if (text == NULL)
		*out = otherwise;
	else if (strcmp(text, "true") == 0)
		*out = true;
	else if (strcmp(text, "false") == 0)
		*out = false;
	else {
		fault_add(faults, NULL, 0, name, text, "must be true or false");
		return err_set(e, ERR_INVALID, "query", "query parameter %.60s must be true or false", name);
	}
	return true;
}

bool
http_query_only(const struct http_req *q, const char *const *names, struct faults *faults, struct err *e)
{
	const char *wrong = NULL;

	for (size_t i = 0; i < q->query.n; i++) {
		const char *const *n = names;

		while (*n != NULL && strcmp(*n, q->query.v[i].name) != 0)
			n++;
		if (*n == NULL) {
			wrong = q->query.v[i].name;
			fault_add(faults, NULL, 0, wrong, NULL, "no such query parameter here");
		}
	}
	if (wrong != NULL)
		return err_set(e, ERR_INVALID, "query", "unknown query parameter: %.100s", wrong);
	return true;
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

char *
pct_decode(struct arena *a, const char *s, size_t n, bool plus_is_blank)
{
	char *out = arena_alloc(a, n + 1);
	size_t len = 0;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '%') {
			int hi, lo;

			if (i + 2 >= n || (hi = hex_value(s[i + 1])) < 0 || (lo = hex_value(s[i + 2])) < 0)
				return NULL;
			c = (unsigned char)(hi * 16 + lo);
			i += 2;
		} else if (c == '+' && plus_is_blank)
			c = ' ';
		if (c < 0x20 || c == 0x7f)
			return NULL;
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return utf8_valid(out, len) ? out : NULL;
}

static size_t
count_chr(const char *s, char c)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == c;
	return n;
}

bool
req_query(struct exchange *x, const char *query, struct err *e)
{
	struct arena *a = x->q.arena;
	size_t n = 0, max = count_chr(query, '&') + 1;
	struct http_pair *v = arena_array(a, max, sizeof(*v));

	if (v == NULL)
		return err_set(e, ERR_MALFORMED, "query", "too many query parameters");
	for (const char *p = query; *p != '\0'; ) {
		size_t len = strcspn(p, "&"), name_n = strcspn(p, "=&");

		if (len > 0) {
			v[n].name = pct_decode(a, p, name_n, true);
			v[n].value = name_n < len ? pct_decode(a, p + name_n + 1, len - name_n - 1, true) : "";
			if (v[n].name == NULL || v[n].value == NULL)
				return err_set(e, ERR_MALFORMED, "query", "the query is not percent-encoded UTF-8 text");
			for (size_t i = 0; i < n; i++)
				if (strcmp(v[i].name, v[n].name) == 0)
					return err_set(e, ERR_MALFORMED, "query", "query parameter given twice: %.100s",
					    v[n].name);
			n++;
		}
		p += len;
		p += *p == '&';
	}
	x->q.query = (struct http_pairs){ v, n };
	return true;
}

/* RFC 6265 section 4.2.1; what is not name=value is passed over, the first of a name counts. */
void
req_cookies(struct exchange *x, const char *header)
{
	struct arena *a = x->q.arena;
	size_t n = 0, max = count_chr(header, ';') + 1;
	struct http_pair *v = arena_array(a, max, sizeof(*v));

	if (v == NULL)
		return;
	for (const char *p = header; *p != '\0'; ) {
		size_t len = strcspn(p, ";"), name_n;

		while (len > 0 && (*p == ' ' || *p == '\t'))
			p++, len--;
		name_n = strcspn(p, "=;");
		if (name_n > 0 && name_n < len) {
			size_t value_n = len - name_n - 1;

			while (value_n > 0 && (p[name_n + value_n] == ' ' || p[name_n + value_n] == '\t'))
				value_n--;
			v[n].name = arena_strndup(a, p, name_n);
			v[n].value = arena_strndup(a, p + name_n + 1, value_n);
			if (v[n].name == NULL || v[n].value == NULL)
				break;
			n++;
		}
		p += len;
		p += *p == ';';
	}
	x->q.cookies = (struct http_pairs){ v, n };
}

static bool
cert_wrong(struct err *e)
{
	return err_set(e, ERR_MALFORMED, "client_cert", "the client certificate handed on by the front is not readable");
}

bool
req_client_cert(struct exchange *x, const char *escaped, struct err *e)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
	size_t n = strlen(escaped), len = 0, der_len = 0;
	char *pem = arena_alloc(x->q.arena, n + 1), *stop;
	uint8_t *der;

	if (pem == NULL)
		return cert_wrong(e);
	/* White space goes with the decoding: what is left is one base64 text between the marks. */
	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)escaped[i];

		if (c == '%') {
			int hi = i + 2 < n ? hex_value(escaped[i + 1]) : -1, lo = i + 2 < n ? hex_value(escaped[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return cert_wrong(e);
			c = hi * 16 + lo;
			i += 2;
		}
		if (c == '\n' || c == '\r' || c == '\t')
			continue;
		pem[len++] = (char)c;
	}
	pem[len] = '\0';
	if (!str_starts(pem, begin) || (stop = strstr(pem + sizeof(begin) - 1, end)) == NULL)
		return cert_wrong(e);
	der = arena_alloc(x->q.arena, len);
	if (der == NULL || !b64_decode(pem + sizeof(begin) - 1, (size_t)(stop - pem) - (sizeof(begin) - 1), der, len, &der_len))
		return cert_wrong(e);
	x->q.client_cert = der;
	x->q.client_cert_len = der_len;
	return true;
}
