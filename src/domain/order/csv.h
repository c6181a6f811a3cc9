/*
 * csv - a reader for the tables people really upload, fed in pieces of any size.
 *
 * Byte order mark, UTF-8 (checked) or UTF-16 with a mark, line ends CR, LF or CRLF, separated by comma,
 * semicolon or tab as the first line tells, fields in quotes with doubled quotes and line breaks
 * inside.  Blank lines are passed over.  One row is in memory at a time, of bounded size.
 */
#ifndef DOMAIN_CSV_H
#define DOMAIN_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"

#define CSV_FIELD_MAX	4096		/* octets of a field, decoded */
#define CSV_ROW_MAX	(64 * 1024)	/* octets of a row, decoded */
#define CSV_COLUMNS_MAX	256

struct csv_field {
	const char	*p;		/* UTF-8, NUL-terminated, never with a NUL inside; good until the next call */
	size_t		 len;
	int64_t		 column;	/* character in its physical line, from 1, where it begins */
};

struct csv_row {
	int64_t			 line;		/* physical line from 1 where the record begins */
	int64_t			 number;	/* from 0: the header; blank lines don't count */
	const struct csv_field	*fields;
	size_t			 n;
};

/* Where the reader was when it gave up. */
struct csv_place {
	int64_t	line, column;
};

/* Called for each row; false (with err) ends the reading. */
typedef bool csv_each(void *arg, const struct csv_row *, struct err *);

struct csv;
struct csv *csv_new(csv_each *, void *arg);
void csv_free(struct csv *);
OWN_TYPE(struct csv, csv_free)

/*
 * False: what `each` refused, or ERR_INVALID with code csv_encoding, csv_nul, csv_quote, csv_field_size,
 * csv_row_size, csv_columns; the message says what is wrong, csv_where() where.
 */
must_check bool csv_feed(struct csv *, const void *, size_t, struct err *);
must_check bool csv_end(struct csv *, struct err *);
struct csv_place csv_where(const struct csv *);
/* What separates the fields: ',', ';' or '\t'; ',' until the first line is known. */
char csv_separator(const struct csv *);

/* A cell that no spreadsheet takes for a formula, quoted where needed; appended to *out. */
struct str;
void csv_cell(struct str *out, const char *text);

#endif
