/*
 * The CSV reader: the first octet cuts the rest into pieces; the rows must be the same in one piece and
 * in these, and every field sound.
 */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "domain/order/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
each(void *arg, const struct csv_row *row, struct err *e)
{
	struct str *out = arg;

	(void)e;
	if (row->n == 0 || row->n > CSV_COLUMNS_MAX || row->line < 1)
		abort();
	str_addf(out, "%lld", (long long)row->line);
	for (size_t i = 0; i < row->n; i++) {
		const struct csv_field *f = &row->fields[i];

		if (strlen(f->p) != f->len || f->len > CSV_FIELD_MAX || f->column < 1)
			abort();
		if (f->len > 0 && !utf8_valid(f->p, f->len))
			abort();
		str_addc(out, '|');
		str_add(out, f->p, f->len);
	}
	str_addc(out, '\n');
	return true;
}

static bool
read_in(const uint8_t *p, size_t n, size_t piece, struct str *out, struct csv_place *where)
{
	OWN(csv_free) struct csv *c = csv_new(each, out);
	struct err e = { 0 };
	bool ok = true;

	for (size_t i = 0; ok && i < n; i += piece)
		ok = csv_feed(c, p + i, n - i < piece ? n - i : piece, &e);
	ok = ok && csv_end(c, &e);
	if (!ok && e.kind != ERR_INVALID)
		abort();
	*where = csv_where(c);
	return ok;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	OWN_STR struct str once = { 0 }, pieces = { 0 };
	struct csv_place at_once, at_pieces;
	bool ok;

	if (size < 2)
		return 0;
	str_adds(&once, "");
	str_adds(&pieces, "");
	ok = read_in(data + 1, size - 1, size, &once, &at_once);
	if (ok != read_in(data + 1, size - 1, (size_t)data[0] % 64 + 1, &pieces, &at_pieces))
		abort();
	if (once.len != pieces.len || memcmp(once.p, pieces.p, once.len) != 0)
		abort();
	if (!ok && (at_once.line != at_pieces.line || at_once.column != at_pieces.column))
		abort();
	return 0;
}
