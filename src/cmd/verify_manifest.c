#include "cmd/verify_manifest.h"

#include <string.h>

#include "base/str.h"
#include "domain/order/csv.h"

#define TEXTS_MAX ((size_t)4 * 1024 * 1024 * 1024)

struct manifest {
	struct arena		*texts;
	struct csv		*csv;
	struct manifest_line	*lines;
	size_t			 n, cap;
	int			 file, serial, subject, sha256, others;	/* columns; -1: not there */
};

static int
column_find(const struct csv_row *row, const char *name)
{
	for (size_t i = 0; i < row->n; i++)
		if (strcmp(row->fields[i].p, name) == 0)
			return (int)i;
	return -1;
}

static bool
header_read(struct manifest *m, const struct csv_row *row, struct err *e)
{
	m->file = column_find(row, "file");
	m->serial = column_find(row, "serial_number");
	m->subject = column_find(row, "subject");
	m->sha256 = column_find(row, "sha256");
	m->others = column_find(row, "other_files");
	if (m->file < 0 || m->serial < 0 || m->subject < 0 || m->sha256 < 0)
		return err_set(e, ERR_INVALID, "manifest", "manifest.csv lacks one of file, serial_number, subject, sha256");
	return true;
}

/* A cell that began like a formula was given an apostrophe. */
static const char *
cell(struct manifest *m, const struct csv_row *row, int column)
{
	const char *text = column < (int)row->n ? row->fields[column].p : "";

	if (text[0] == '\'' && text[1] != '\0' && strchr("=+-@\t\r", text[1]) != NULL)
		text++;
	return arena_strdup(m->texts, text);
}

static struct manifest_line *
line_new(struct manifest *m)
{
	if (m->n == m->cap) {
		m->cap = m->cap == 0 ? 1024 : m->cap * 2;
		m->lines = reallocarray(m->lines, m->cap, sizeof(*m->lines));
		if (m->lines == NULL)
			abort();
	}
	return &m->lines[m->n];
}

/* Names with blanks between them. */
static bool
others_read(struct manifest *m, const struct csv_row *row, struct manifest_line of, struct err *e)
{
	const char *names = cell(m, row, m->others), *end;

	for (; names != NULL && *names != '\0'; names = end + strspn(end, " ")) {
		struct manifest_line *line = line_new(m);

		end = names + strcspn(names, " ");
		*line = of;
		line->beside = of.file;
		line->file = arena_strndup(m->texts, names, (size_t)(end - names));
		if (line->file == NULL)
			return err_set(e, ERR_TOO_LARGE, "manifest", "manifest.csv is too large");
		m->n++;
	}
	return true;
}

static bool
row_read(void *arg, const struct csv_row *row, struct err *e)
{
	struct manifest *m = arg;
	struct manifest_line *line;
	const char *hash;

	if (row->number == 0)
		return header_read(m, row, e);
	line = line_new(m);
	*line = (struct manifest_line){ .file = cell(m, row, m->file), .serial_number = cell(m, row, m->serial),
	    .subject = cell(m, row, m->subject) };
	hash = cell(m, row, m->sha256);
	if (line->file == NULL || hash == NULL || !hex_decode(hash, strlen(hash), line->sha256, SHA256_LEN))
		return err_set(e, ERR_INVALID, "manifest", "manifest.csv line %lld: sha256 is not 64 hex digits",
		    (long long)row->line);
	m->n++;
	return m->others < 0 || others_read(m, row, *line, e);
}

struct manifest *
manifest_new(void)
{
	struct manifest *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	m->texts = arena_new(TEXTS_MAX);
	m->csv = csv_new(row_read, m);
	return m;
}

void
manifest_free(struct manifest *m)
{
	csv_free(m->csv);
	arena_free(m->texts);
	free(m->lines);
	free(m);
}

bool
manifest_feed(struct manifest *m, const void *p, size_t len, struct err *e)
{
	return csv_feed(m->csv, p, len, e);
}

static int
by_file(const void *a, const void *b)
{
	return strcmp(((const struct manifest_line *)a)->file, ((const struct manifest_line *)b)->file);
}

bool
manifest_end(struct manifest *m, struct err *e)
{
	if (!csv_end(m->csv, e))
		return false;
	qsort(m->lines, m->n, sizeof(*m->lines), by_file);
	for (size_t i = 1; i < m->n; i++)
		if (strcmp(m->lines[i - 1].file, m->lines[i].file) == 0)
			return err_set(e, ERR_INVALID, "manifest", "manifest.csv names %.100s twice", m->lines[i].file);
	return true;
}

size_t
manifest_count(const struct manifest *m)
{
	return m->n;
}

struct manifest_line *
manifest_find(struct manifest *m, const char *file)
{
	const struct manifest_line key = { .file = file };

	return m->n == 0 ? NULL : bsearch(&key, m->lines, m->n, sizeof(*m->lines), by_file);
}

const struct manifest_line *
manifest_missing(const struct manifest *m, size_t *at)
{
	while (*at < m->n)
		if (!m->lines[(*at)++].seen)
			return &m->lines[*at - 1];
	return NULL;
}
