#include "domain/order/csv.h"

#include <string.h>

#include "base/str.h"

enum encoding { UNKNOWN, UTF8, UTF16_LE, UTF16_BE };
enum state {
	FIELD,			/* at the first octet of a field */
	PLAIN,			/* in a field without quotes */
	QUOTED,			/* between quotes */
	QUOTE			/* behind a quote that closes the field, or is the first of a doubled one */
};

struct csv {
	csv_each	*each;
	void		*arg;
	enum encoding	 encoding;
	uint8_t		 held[4];	/* octets not decided on: mark, half a UTF-16 unit or a high surrogate */
	size_t		 held_n;
	/* UTF-8 (RFC 3629): continuation octets still due, and the range of the next one. */
	unsigned	 due;
	uint8_t		 low, high;

	char		 separator;	/* 0: the first line is still being collected */
	struct str	 first;		/* that line, as it came */
	bool		 first_quoted;	/* inside quotes there */

	enum state	 state;
	bool		 after_cr;	/* a LF now belongs to the line end before it */
	bool		 closed;	/* blanks behind a closing quote: nothing else may follow */
	int64_t		 line, column;	/* of the next character */
	int64_t		 row_line, rows;
	int64_t		 field_column, quote_line, quote_column;
	size_t		 field_begin;	/* offset in row */
	char		 row[CSV_ROW_MAX + CSV_COLUMNS_MAX + 1];
	size_t		 row_n;
	struct csv_field fields[CSV_COLUMNS_MAX];
	size_t		 offsets[CSV_COLUMNS_MAX];
	size_t		 n;
	bool		 something;	/* the row has an octet that is no blank */
	bool		 failed;
};

struct csv *
csv_new(csv_each *each, void *arg)
{
	struct csv *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	c->each = each;
	c->arg = arg;
	c->line = c->column = c->row_line = c->field_column = 1;
	return c;
}

void
csv_free(struct csv *c)
{
	str_free(&c->first);
	free(c);
}

struct csv_place
csv_where(const struct csv *c)
{
	return (struct csv_place){ .line = c->line, .column = c->column };
}

char
csv_separator(const struct csv *c)
{
	return c->separator == 0 ? ',' : c->separator;
}

static bool
refuse(struct csv *c, const char *code, struct err *e, const char *text)
{
	c->failed = true;
	return err_set(e, ERR_INVALID, code, "line %lld, column %lld: %s", (long long)c->line,
	    (long long)c->column, text);
}

/* ---- rows ---- */

static bool
field_end(struct csv *c, struct err *e)
{
	if (c->n == CSV_COLUMNS_MAX)
		return refuse(c, "csv_columns", e, "more than 256 columns");
	c->fields[c->n].len = c->row_n - c->field_begin;
	c->fields[c->n].column = c->field_column;
	c->offsets[c->n++] = c->field_begin;
	c->row[c->row_n++] = '\0';
	c->field_begin = c->row_n;
	c->state = FIELD;
	c->closed = false;
	return true;
}

static bool
row_end(struct csv *c, struct err *e)
{
	struct csv_row row = { .line = c->row_line, .number = c->rows, .fields = c->fields };
	bool ok = true;

	if (!field_end(c, e))
		return false;
	if (c->something) {
		for (size_t i = 0; i < c->n; i++)
			c->fields[i].p = c->row + c->offsets[i];
		row.n = c->n;
		c->rows++;
		ok = c->each(c->arg, &row, e);
		c->failed = !ok;
	}
	c->n = 0;
	c->row_n = 0;
	c->field_begin = 0;
	c->something = false;
	return ok;
}

static void
line_next(struct csv *c)
{
	c->line++;
	c->column = 1;
}

static bool
put(struct csv *c, char ch, struct err *e)
{
	if (c->row_n - c->field_begin >= CSV_FIELD_MAX)
		return refuse(
		    c, "csv_field_size", e, "a field longer than 4096 octets (is a quote never closed?)");
	if (c->row_n - c->n >= CSV_ROW_MAX)
		return refuse(c, "csv_row_size", e, "a row longer than 64 KiB");
	c->row[c->row_n++] = ch;
	return true;
}

/* CR, LF or CRLF outside quotes. */
static bool
line_end(struct csv *c, char ch, struct err *e)
{
	bool ok = row_end(c, e);

	c->after_cr = ch == '\r';
	if (ok) {
		line_next(c);
		c->row_line = c->line;
		c->field_column = 1;
	}
	return ok;
}

static bool
octet(struct csv *c, char ch, struct err *e)
{
	bool starts = ((unsigned char)ch & 0xc0) != 0x80;	/* of a character */
	bool ok;

	if (c->after_cr) {
		c->after_cr = false;
		if (ch == '\n')
			return c->state != QUOTED || put(c, ch, e);
	}
	if (c->state == QUOTED) {
		if (ch == '"') {
			c->state = QUOTE;
			c->column++;
			return true;
		}
		if (!put(c, ch, e))
			return false;
		if (ch == '\r' || ch == '\n') {
			c->after_cr = ch == '\r';
			line_next(c);
		} else {
			c->something = c->something || (ch != ' ' && ch != '\t');
			c->column += starts;
		}
		return true;
	}
	if (ch == '\r' || ch == '\n')
		return line_end(c, ch, e);
	if (ch == c->separator) {
		ok = field_end(c, e);
		c->column++;
		c->field_column = c->column;
		return ok;
	}
	if (c->state == FIELD && ch == '"') {
		c->state = QUOTED;
		c->quote_line = c->line;
		c->quote_column = c->column++;
		return true;
	}
	if (c->state == QUOTE) {
		if (ch == '"' && !c->closed) {
			c->state = QUOTED;
			c->something = true;
			c->column++;
			return put(c, ch, e);
		}
		if (ch != ' ' && ch != '\t')
			return refuse(c, "csv_quote", e,
			    "text behind a closing quote (a quote inside quotes is doubled)");
		c->closed = true;
		c->column++;
		return true;
	}
	c->state = PLAIN;
	c->something = c->something || (ch != ' ' && ch != '\t');
	if (!put(c, ch, e))
		return false;
	c->column += starts;
	return true;
}

/* The run of plain ASCII that a field usually is, without going through the states. */
static size_t
plain_run(struct csv *c, const char *p, size_t n)
{
	size_t room = CSV_FIELD_MAX - (c->row_n - c->field_begin), i = 0;

	if (c->state != PLAIN || c->after_cr)
		return 0;
	if (room > CSV_ROW_MAX - (c->row_n - c->n))
		room = CSV_ROW_MAX - (c->row_n - c->n);
	if (n > room)
		n = room;
	while (i < n && (unsigned char)p[i] > ' ' && (unsigned char)p[i] < 0x7f && p[i] != c->separator)
		i++;
	memcpy(c->row + c->row_n, p, i);
	c->row_n += i;
	c->column += (int64_t)i;
	c->something = c->something || i > 0;
	return i;
}

static bool
run(struct csv *c, const char *p, size_t n, struct err *e)
{
	for (size_t i = 0; i < n;) {
		size_t some = plain_run(c, p + i, n - i);

		i += some;
		if (i < n && !octet(c, p[i++], e))
			return false;
	}
	return true;
}

/* ---- the first line tells the separator ---- */

static char
most(const char *p, size_t n)
{
	size_t commas = 0, semicolons = 0, tabs = 0;
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		commas += p[i] == ',';
		semicolons += p[i] == ';';
		tabs += p[i] == '\t';
	}
	if (semicolons > commas && semicolons >= tabs)
		return ';';
	return tabs > commas ? '\t' : ',';
}

static bool
decided(struct csv *c, struct err *e)
{
	c->separator = most(c->first.p, c->first.len);
	return c->first.len == 0 || run(c, c->first.p, c->first.len, e);
}

static bool
text(struct csv *c, const char *p, size_t n, struct err *e)
{
	size_t i = 0;

	if (c->separator != 0)
		return run(c, p, n, e);
	while (i < n) {
		bool end = (p[i] == '\n' || p[i] == '\r') && !c->first_quoted;

		if (p[i] == '"')
			c->first_quoted = !c->first_quoted;
		str_addc(&c->first, p[i++]);
		if (c->first.len > 2 * CSV_ROW_MAX)
			return refuse(c, "csv_row_size", e, "a row longer than 64 KiB");
		/* Blank lines before the header tell nothing. */
		if (end && strspn(c->first.p, " \t\r\n") < c->first.len) {
			if (!decided(c, e))
				return false;
			return run(c, p + i, n - i, e);
		}
	}
	return true;
}

/* ---- encodings ---- */

/* How many octets from p on are good UTF-8 without NUL, going on where the last call ended. */
static size_t
utf8_run(struct csv *c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t b = p[i];

		if (c->due > 0) {
			if (b < c->low || b > c->high)
				return i;
			c->due--;
			c->low = 0x80;
			c->high = 0xbf;
			continue;
		}
		if (b == 0)
			return i;
		if (b < 0x80)
			continue;
		if (b < 0xc2 || b > 0xf4)
			return i;
		c->due = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
		c->low = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
		c->high = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
	}
	return n;
}

static bool
feed_utf8(struct csv *c, const uint8_t *p, size_t n, struct err *e)
{
	size_t good = utf8_run(c, p, n);

	if (!text(c, (const char *)p, good, e))
		return false;
	if (good == n)
		return true;
	/* What was held back for the separator is counted before the place is named. */
	if (c->separator == 0 && !decided(c, e))
		return false;
	if (p[good] == 0 && c->due == 0)
		return refuse(c, "csv_nul", e,
		    "an octet of value zero: no text, or UTF-16 without its byte order mark");
	c->column -= c->due > 0;	/* back to where the character began */
	return refuse(c, "csv_encoding", e, "not UTF-8; save the table as \"CSV UTF-8\"");
}

static bool
put_utf16(struct csv *c, uint32_t ch, struct err *e)
{
	uint8_t u[4];
	size_t n;

	if (ch == 0)
		return refuse(c, "csv_nul", e, "a character of value zero");
	if (ch < 0x80) {
		u[0] = (uint8_t)ch;
		n = 1;
	} else if (ch < 0x800) {
		u[0] = (uint8_t)(0xc0 | (ch >> 6));
		u[1] = (uint8_t)(0x80 | (ch & 0x3f));
		n = 2;
	} else if (ch < 0x10000) {
		u[0] = (uint8_t)(0xe0 | (ch >> 12));
		u[1] = (uint8_t)(0x80 | ((ch >> 6) & 0x3f));
		u[2] = (uint8_t)(0x80 | (ch & 0x3f));
		n = 3;
	} else {
		u[0] = (uint8_t)(0xf0 | (ch >> 18));
		u[1] = (uint8_t)(0x80 | ((ch >> 12) & 0x3f));
		u[2] = (uint8_t)(0x80 | ((ch >> 6) & 0x3f));
		u[3] = (uint8_t)(0x80 | (ch & 0x3f));
		n = 4;
	}
	return text(c, (const char *)u, n, e);
}

static bool
feed_utf16(struct csv *c, const uint8_t *p, size_t n, struct err *e)
{
	static const char wrong[] = "a broken UTF-16 character";
	bool big = c->encoding == UTF16_BE;

	for (size_t i = 0; i < n; i++) {
		uint32_t unit, first;

		c->held[c->held_n++] = p[i];
		if (c->held_n % 2 != 0)
			continue;
		unit = big ? (uint32_t)c->held[c->held_n - 2] << 8 | c->held[c->held_n - 1] :
		    (uint32_t)c->held[c->held_n - 1] << 8 | c->held[c->held_n - 2];
		if (c->held_n == 4) {
			first = big ? (uint32_t)c->held[0] << 8 | c->held[1]
				    : (uint32_t)c->held[1] << 8 | c->held[0];
			if (unit < 0xdc00 || unit > 0xdfff)
				return refuse(c, "csv_encoding", e, wrong);
			unit = 0x10000 + ((first - 0xd800) << 10) + (unit - 0xdc00);
		} else if (unit >= 0xd800 && unit <= 0xdbff) {
			continue;		/* its other half comes next */
		} else if (unit >= 0xdc00 && unit <= 0xdfff) {
			return refuse(c, "csv_encoding", e, wrong);
		}
		c->held_n = 0;
		if (!put_utf16(c, unit, e))
			return false;
	}
	return true;
}

/* The mark, once enough octets are there (or no more come). */
static bool
mark(struct csv *c, bool last, struct err *e)
{
	const uint8_t *h = c->held;
	size_t n = c->held_n;

	if (n >= 2 && ((h[0] == 0xff && h[1] == 0xfe) || (h[0] == 0xfe && h[1] == 0xff))) {
		c->encoding = h[0] == 0xff ? UTF16_LE : UTF16_BE;
		c->held_n = 0;
		return n == 2 || feed_utf16(c, (const uint8_t[]){ h[2] }, 1, e);
	}
	if (n == 3 || last || (n >= 1 && h[0] != 0xff && h[0] != 0xfe && h[0] != 0xef)) {
		uint8_t copy[3];

		c->encoding = UTF8;
		c->held_n = 0;
		if (n == 3 && h[0] == 0xef && h[1] == 0xbb && h[2] == 0xbf)
			return true;
		memcpy(copy, h, n);
		return feed_utf8(c, copy, n, e);
	}
	return true;
}

bool
csv_feed(struct csv *c, const void *data, size_t n, struct err *e)
{
	const uint8_t *p = data;

	if (c->failed)
		return refuse(c, "csv_failed", e, "the reading was ended before");
	while (c->encoding == UNKNOWN && n > 0) {
		c->held[c->held_n++] = *p++;
		n--;
		if (!mark(c, false, e))
			return false;
	}
	if (n == 0)
		return true;
	return c->encoding == UTF8 ? feed_utf8(c, p, n, e) : feed_utf16(c, p, n, e);
}

bool
csv_end(struct csv *c, struct err *e)
{
	if (c->failed)
		return refuse(c, "csv_failed", e, "the reading was ended before");
	if (c->encoding == UNKNOWN && !mark(c, true, e))
		return false;
	if (c->separator == 0 && !decided(c, e))
		return false;
	c->column -= c->due > 0;
	if (c->held_n > 0 || c->due > 0)
		return refuse(c, "csv_encoding", e, "the file ends inside a character");
	if (c->state == QUOTED) {
		c->line = c->quote_line;
		c->column = c->quote_column;
		return refuse(c, "csv_quote", e, "the quote that begins here is never closed");
	}
	/* A last line without its end. */
	return c->row_n == 0 && c->n == 0 && c->state == FIELD ? true : row_end(c, e);
}

void
csv_cell(struct str *out, const char *s)
{
	static const char *const wide[] = { "\uff1d", "\uff0b", "\uff0d", "\uff20" };	/* = + - @ of East Asian keyboards */
	bool formula = s[0] != '\0' && strchr("=+-@\t\r\n", s[0]) != NULL;

	for (size_t i = 0; i < COUNT(wide); i++)
		formula = formula || str_starts(s, wide[i]);

	if (!formula && strpbrk(s, ",;\"\r\n\t") == NULL) {
		str_adds(out, s);
		return;
	}
	str_addc(out, '"');
	if (formula)
		str_addc(out, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '"')
			str_addc(out, '"');
		str_addc(out, *s);
	}
	str_addc(out, '"');
}
