/* The CSV reader: what people upload, fed whole and octet by octet. */
#include <string.h>

#include "base/str.h"
#include "check.h"
#include "domain/order/csv.h"

struct seen {
	struct str	text;		/* "LINE:field|field\n" */
	int64_t		stop_at;
};

static bool
each(void *arg, const struct csv_row *row, struct err *e)
{
	struct seen *s = arg;

	if (row->number == s->stop_at)
		return err_set(e, ERR_INVALID, "enough", "enough");
	str_addf(&s->text, "%lld:", (long long)row->line);
	for (size_t i = 0; i < row->n; i++) {
		str_addf(&s->text, "%s%s", i == 0 ? "" : "|", row->fields[i].p);
		CHECK(strlen(row->fields[i].p) == row->fields[i].len, "length of a field");
	}
	str_addc(&s->text, '\n');
	return true;
}

static bool
read_in(const char *p, size_t n, size_t piece, struct seen *s, struct csv_place *where, struct err *e)
{
	OWN(csv_free) struct csv *c = csv_new(each, s);
	bool ok = true;

	*e = (struct err){ 0 };
	str_clear(&s->text);
	str_adds(&s->text, "");
	for (size_t i = 0; i < n && ok; i += piece)
		ok = csv_feed(c, p + i, n - i < piece ? n - i : piece, e);
	ok = ok && csv_end(c, e);
	*where = csv_where(c);
	return ok;
}

/* Whatever the pieces, the rows are these. */
static void
good(const char *name, const char *p, size_t n, const char *want)
{
	struct seen s = { .stop_at = -1 };
	struct csv_place where;
	struct err e;

	for (size_t piece = 1; piece <= n + 1; piece = piece < 8 ? piece + 1 : piece * 3) {
		CHECK(read_in(p, n, piece, &s, &where, &e), "%s in pieces of %zu: %s", name, piece, e.msg);
		CHECK(strcmp(s.text.p, want) == 0, "%s in pieces of %zu:\n%s", name, piece, s.text.p);
	}
	str_free(&s.text);
}
#define GOOD(name, text, want) good(name, text, sizeof(text) - 1, want)

static void
bad(const char *name, const char *p, size_t n, const char *code, int64_t line, int64_t column)
{
	struct seen s = { .stop_at = -1 };
	struct csv_place where;
	struct err e;

	for (size_t piece = 1; piece <= n + 1; piece = piece < 8 ? piece + 1 : piece * 3) {
		CHECK(!read_in(p, n, piece, &s, &where, &e), "%s in pieces of %zu was taken", name, piece);
		CHECK(e.code != NULL && strcmp(e.code, code) == 0, "%s: %s, not %s", name, e.code, code);
		CHECK(where.line == line && where.column == column, "%s: at line %lld, column %lld", name,
		    (long long)where.line, (long long)where.column);
	}
	str_free(&s.text);
}
#define BAD(name, text, code, line, column) bad(name, text, sizeof(text) - 1, code, line, column)

static void
shapes(void)
{
	GOOD("commas", "a,b\n1,2\n", "1:a|b\n2:1|2\n");
	GOOD("CRLF", "a,b\r\n1,2\r\n", "1:a|b\n2:1|2\n");
	GOOD("CR", "a,b\r1,2\r", "1:a|b\n2:1|2\n");
	GOOD("no last line end", "a\n1", "1:a\n2:1\n");
	GOOD("mark and semicolons", "\xef\xbb\xbf" "a;b;c,d\n1;2;3\n", "1:a|b|c,d\n2:1|2|3\n");
	GOOD("tabs", "a\tb\n1\t2,3\n", "1:a|b\n2:1|2,3\n");
	GOOD("quotes", "\"a\",\"b\"\"c\"\n\"x, y\",\"\"\n", "1:a|b\"c\n2:x, y|\n");
	GOOD("separator in quotes of the header", "\"a;b;c\",d\n1,2\n", "1:a;b;c|d\n2:1|2\n");
	GOOD("line break in quotes", "a,b\n\"1\r\n2\",3\n4,5\n", "1:a|b\n2:1\r\n2|3\n4:4|5\n");
	GOOD("blank lines", "\n\n a \n\n1\n\r\n2\n", "3: a \n5:1\n7:2\n");
	GOOD("rows of separators only", "a;b\n;\n1;2\n;;;\n", "1:a|b\n3:1|2\n");
	GOOD("a quote inside plain text", "a\n5\" pipe\n", "1:a\n2:5\" pipe\n");
	GOOD("blanks behind a closing quote", "\"a\" ,b\n1,2\n", "1:a|b\n2:1|2\n");
	GOOD("UTF-8", "a\n\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n", "1:a\n2:\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n");
	GOOD("UTF-16 little", "\xff\xfe" "a\0,\0b\0\n\0\xe4\0,\0\x3d\xd8\x00\xde\n\0",
	    "1:a|b\n2:\xc3\xa4|\xf0\x9f\x98\x80\n");
	GOOD("UTF-16 big", "\xfe\xff\0a\0\r\0\n\0" "1\0\n", "1:a\n2:1\n");
	GOOD("nothing", "", "");
	GOOD("a mark alone", "\xef\xbb\xbf", "");
	GOOD("line ends alone", "\r\n\n\r", "");
	GOOD("one field", "a", "1:a\n");
}

static void
refusals(void)
{
	BAD("NUL", "a\n1\0002\n", "csv_nul", 2, 2);
	BAD("UTF-16 without mark", "a\0\n\0", "csv_nul", 1, 2);
	BAD("Latin-1", "a,b\n1,\xe4\n", "csv_encoding", 2, 3);
	BAD("overlong", "a\n\xc0\xaf\n", "csv_encoding", 2, 1);
	BAD("surrogate", "a\n\xed\xa0\x80\n", "csv_encoding", 2, 1);
	BAD("cut character", "a\nx\xe2\x82", "csv_encoding", 2, 2);
	BAD("half a surrogate pair", "\xff\xfe" "a\0\n\0\x00\xd8" "b\0", "csv_encoding", 2, 1);
	BAD("odd UTF-16", "\xff\xfe" "a\0\n", "csv_encoding", 1, 2);
	BAD("text behind a quote", "a,b\n\"1\"x,2\n", "csv_quote", 2, 4);
	BAD("open quote", "a,b\n1,\"2\n3,4\n", "csv_quote", 2, 3);
	BAD("doubled behind a blank", "a\n\"1\" \"2\"\n", "csv_quote", 2, 5);
}

static void
bounds(void)
{
	OWN_STR struct str s = { 0 };
	struct seen seen = { .stop_at = 2 };
	struct csv_place where;
	struct err e;

	str_adds(&s, "a\n");
	for (int i = 0; i < CSV_FIELD_MAX; i++)
		str_addc(&s, 'x');
	str_addc(&s, '\n');
	CHECK(read_in(s.p, s.len, 1000, &seen, &where, &e), "a field of %d octets: %s", CSV_FIELD_MAX, e.msg);
	s.p[s.len - 1] = 'x';
	CHECK(!read_in(s.p, s.len, 1000, &seen, &where, &e) && strcmp(e.code, "csv_field_size") == 0, "one more");
	str_clear(&s);
	for (int i = 0; i < CSV_COLUMNS_MAX; i++)
		str_adds(&s, "a,");
	CHECK(!read_in(s.p, s.len, 7, &seen, &where, &e) && strcmp(e.code, "csv_columns") == 0, "257 columns: %s", e.msg);
	str_clear(&s);
	for (int i = 0; i < 20; i++) {
		for (int k = 0; k < CSV_FIELD_MAX; k++)
			str_addc(&s, 'y');
		str_addc(&s, ',');
	}
	CHECK(!read_in(s.p, s.len, 4096, &seen, &where, &e) && strcmp(e.code, "csv_row_size") == 0, "a long row: %s", e.msg);
	CHECK(!read_in("a\n1\n2\n3\n", 8, 8, &seen, &where, &e) && strcmp(e.code, "enough") == 0, "the caller's end");
	str_free(&seen.text);
}

static void
cells(void)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "plain", "plain" }, { "", "" }, { "a,b", "\"a,b\"" }, { "say \"x\"", "\"say \"\"x\"\"\"" },
		{ "=1+1", "\"'=1+1\"" }, { "+1", "\"'+1\"" }, { "-1", "\"'-1\"" }, { "@x", "\"'@x\"" }, { "\tx", "\"'\tx\"" },
		{ "\n=1", "\"'\n=1\"" }, { "\uff1d1", "\"'\uff1d1\"" }, { "\uff211", "\uff211" },
		{ "a\r\nb", "\"a\r\nb\"" }, { "a;b", "\"a;b\"" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		OWN_STR struct str s = { 0 };

		str_adds(&s, "");
		csv_cell(&s, rows[i].in);
		CHECK(strcmp(s.p == NULL ? "" : s.p, rows[i].out) == 0, "cell %s became %s", rows[i].in, s.p);
	}
}

int
main(void)
{
	shapes();
	refusals();
	bounds();
	cells();
	return check_done();
}
