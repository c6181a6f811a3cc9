/* Upload CSV: the table's header finds the inputs, each row is a device. */
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "domain/order/csv.h"
#include "domain/order/order_run.h"

struct table {
	struct order_run	*r;
	int			 column_input[CSV_COLUMNS_MAX];	/* -1: not ours */
	size_t			 columns;
	bool			 header;		/* seen, and usable */
	char			*values[PROFILE_INPUTS_MAX];	/* room for normal forms */
};

/* "MAC Address", "mac-address" and " mac_address " are one name. */
static void
header_fold(const char *p, size_t len, char *out, size_t cap)
{
	size_t n = 0;

	while (len > 0 && (*p == ' ' || *p == '\t')) {
		p++;
		len--;
	}
	while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		len--;
	for (size_t i = 0; i < len && n + 1 < cap; i++) {
		char c = p[i];

		out[n++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c == ' ' || c == '-' ? '_' : c);
	}
	out[n] = '\0';
}

static int
input_of(const struct order_run *r, const struct csv_field *f)
{
	char given[256], name[256];

	header_fold(f->p, f->len, given, sizeof(given));
	for (size_t i = 0; i < r->inputs_n; i++) {
		if ((r->inputs[i].sources & SOURCE_CSV) == 0)
			continue;
		header_fold(r->inputs[i].name, strlen(r->inputs[i].name), name, sizeof(name));
		if (strcmp(given, name) == 0)
			return (int)i;
		header_fold(r->inputs[i].title, strlen(r->inputs[i].title), name, sizeof(name));
		if (strcmp(given, name) == 0)
			return (int)i;
	}
	return -1;
}

static const char *
columns_text(struct order_run *r)
{
	OWN_STR struct str s = { 0 };

	for (size_t i = 0; i < r->inputs_n; i++)
		if ((r->inputs[i].sources & SOURCE_CSV) != 0)
			str_addf(&s, "%s%s", s.len == 0 ? "" : ", ", r->inputs[i].name);
	return s.len == 0 ? "none" : arena_strdup(r->errors->arena, s.p);
}

static bool
header(struct table *t, const struct csv_row *row)
{
	struct order_run *r = t->r;
	int64_t column_of[PROFILE_INPUTS_MAX] = { 0 };
	size_t known = 0, faults = r->errors->n;

	t->columns = row->n;
	for (size_t c = 0; c < row->n; c++) {
		int i = t->column_input[c] = input_of(r, &row->fields[c]);

		known += i >= 0;
		if (i < 0) {
			if (r->warnings != NULL && r->pass == PASS_CHECK && row->fields[c].len > 0)
				fault_add(r->warnings, NULL, row->line, row->fields[c].p, NULL,
				    "unknown column %zu, ignored", c + 1);
			continue;
		}
		if (column_of[i] != 0)
			fault_add(r->errors, NULL, row->line, r->inputs[i].name, NULL,
			    "the column is there twice (%" PRId64 " and %zu)", column_of[i], c + 1);
		column_of[i] = (int64_t)c + 1;
	}
	if (known == 0) {
		fault_add(r->errors, NULL, row->line, NULL, row->fields[0].p,
		    "the first line must name the columns: %s", columns_text(r));
		return false;
	}
	for (size_t i = 0; i < r->inputs_n; i++)
		if (r->inputs[i].required && column_of[i] == 0 && r->fixed[i] == NULL)
			fault_add(r->errors, NULL, row->line, r->inputs[i].name, NULL, "the column is missing");
	t->header = r->errors->n == faults;
	return true;
}

static bool
table_row(void *arg, const struct csv_row *row, struct err *e)
{
	struct table *t = arg;
	struct order_run *r = t->r;
	struct order_item it = { .line = row->line };

	if (row->number == 0) {
		if (header(t, row))
			return true;
		return err_set(e, ERR_INVALID, "order", "the table has no header");
	}
	for (size_t c = 0; c < row->n; c++) {
		int i = c < t->columns ? t->column_input[c] : -1;

		if (c >= t->columns && row->fields[c].len > 0 && r->pass == PASS_CHECK) {
			fault_add(r->errors, NULL, row->line, NULL, row->fields[c].p,
			    "more cells (%zu) than the header has columns (%zu)", row->n, t->columns);
			it.bad = true;
			break;
		}
		if (i >= 0)
			(void)order_value(r, &it, (size_t)i, row->fields[c].p, row->fields[c].len, t->values[i]);
	}
	/* With a column missing every row would say so again. */
	it.bad = it.bad || !t->header;
	return order_item_done(r, &it, e);
}

/* What the reader refused becomes a fault with its line; what `each` refused has said it. */
static bool
reader_failed(struct order_run *r, const struct csv *csv, struct err *e)
{
	if (e->kind != ERR_INVALID)
		return false;
	if (strncmp(e->code, "csv_", 4) == 0) {
		const char *text = strstr(e->msg, ": ");

		fault_add(r->errors, NULL, csv_where(csv).line, NULL, NULL, "column %" PRId64 ": %s",
		    csv_where(csv).column, text == NULL ? e->msg : text + 2);
	}
	err_clear(e);
	return true;
}

static bool
feed(struct order_run *r, struct csv *csv, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(2 * FILE_PIECE);
	char *buf = arena_alloc(a, FILE_PIECE);
	uint64_t at = 0;
	size_t got;

	do {
		if (!order_file_read(r->order, at, buf, FILE_PIECE, &got, e))
			return false;
		at += got;
		if (!csv_feed(csv, buf, got, e))
			return reader_failed(r, csv, e);
	} while (got == FILE_PIECE);
	return csv_end(csv, e) || reader_failed(r, csv, e);
}

bool
order_csv_read(struct order_run *r, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)PROFILE_INPUTS_MAX * (INPUT_VALUE_MAX + 64));
	struct table t = { .r = r };
	OWN(csv_free) struct csv *csv = csv_new(table_row, &t);

	for (size_t i = 0; i < r->inputs_n; i++)
		t.values[i] = arena_alloc(a, INPUT_VALUE_MAX);
	if (!feed(r, csv, e))
		return false;
	if (r->size == 0 && !order_wrong(r))
		fault_add(r->errors, NULL, 0, "file", NULL, r->order->file_size == 0 ? "the file is empty" :
		    "the table has no rows");
	return true;
}
