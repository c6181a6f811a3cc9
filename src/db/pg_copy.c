/*
 * Rows into PostgreSQL by COPY, in binary.
 *
 * The server takes a row without the start and end of a statement for it, and writes whole pages to its log:
 * about half the work of an INSERT.  What goes wrong is told as for an INSERT.
 */
#include <arpa/inet.h>
#include <string.h>

#include "db/pg.h"

#define FLUSH_AT (64 * 1024)
#define COLUMNS_TEXT_MAX 1000

static void
add_u16(struct str *s, uint16_t v)
{
	v = htons(v);
	str_add(s, &v, sizeof(v));
}

static void
add_u32(struct str *s, uint32_t v)
{
	v = htonl(v);
	str_add(s, &v, sizeof(v));
}

static void
add_value(struct str *s, const struct db_arg *v)
{
	switch (v->type) {
	case DB_NULL:
		add_u32(s, UINT32_MAX);
		break;
	case DB_INT:
		add_u32(s, 8);
		add_u32(s, (uint32_t)((uint64_t)v->i >> 32));
		add_u32(s, (uint32_t)v->i);
		break;
	case DB_TEXT:
	case DB_BLOB:
		add_u32(s, (uint32_t)v->len);
		str_add(s, v->p, v->len);
		break;
	}
}

/* Sends what is gathered; false: the connection is of no use. */
static bool
flush(struct pg *d, struct str *s)
{
	int put;

	while ((put = PQputCopyData(d->c, s->p, (int)s->len)) == 0)
		if (!pg_flush(d))
			return false;
	str_clear(s);
	return put == 1 && pg_flush(d);
}

static bool
send_rows(struct pg *d, const struct db_arg *args, size_t k, size_t n)
{
	static const char head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
	OWN_STR struct str s = { 0 };

	str_add(&s, head, 19);
	for (size_t i = 0; i < n; i++) {
		add_u16(&s, (uint16_t)k);
		for (size_t c = 0; c < k; c++)
			add_value(&s, &args[i * k + c]);
		if (s.len >= FLUSH_AT && !flush(d, &s))
			return false;
	}
	add_u16(&s, UINT16_MAX);
	return flush(d, &s);
}

/* "INSERT INTO table (columns) VALUES ($1, ...)" says all that COPY has to know. */
static bool
copy_text(const char *sql, struct str *out, struct err *e)
{
	static const char insert[] = "INSERT INTO ", values[] = " VALUES ($1";
	const char *end = strstr(sql, values);

	if (!str_starts(sql, insert) || end == NULL || end - sql > COLUMNS_TEXT_MAX || strstr(end, "ON CONFLICT") != NULL) {
		err_set(e, ERR_INTERNAL, "internal", "internal error");
		return err_in(e, "postgresql: not rows alone: %.80s", sql);
	}
	str_adds(out, "COPY ");
	str_add(out, sql + sizeof(insert) - 1, (size_t)(end - sql) - (sizeof(insert) - 1));
	str_adds(out, " FROM STDIN (FORMAT binary)");
	return true;
}

static bool
too_long(const struct db_arg *args, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (args[i].len > INT32_MAX / 2)
			return true;
	return false;
}

bool
pg_put_rows(struct pg *d, const char *sql, const struct db_arg *args, size_t k, size_t n, struct err *e)
{
	OWN_STR struct str text = { 0 };
	PGresult *res;
	bool ok;

	if (!copy_text(sql, &text, e) || !pg_rows_take_in(d, e))
		return false;
	if (d->c == NULL)
		return pg_failed(d, NULL, sql, e);
	if (too_long(args, k * n)) {
		err_set(e, ERR_INTERNAL, "internal", "internal error");
		return err_in(e, "postgresql: too long a value: %.80s", sql);
	}
	res = pg_exec(d, text.p);
	ok = PQresultStatus(res) == PGRES_COPY_IN || pg_failed(d, res, text.p, e);
	PQclear(res);
	if (!ok)
		return false;
	if (!send_rows(d, args, k, n) || PQputCopyEnd(d->c, NULL) != 1) {
		(void)pg_failed(d, NULL, text.p, e);
		pg_drop(d);			/* in the middle of a COPY it takes nothing else */
		return false;
	}
	while (d->c != NULL && (res = pg_result(d)) != NULL) {
		if (ok && PQresultStatus(res) != PGRES_COMMAND_OK)
			ok = pg_failed(d, res, text.p, e);
		PQclear(res);
	}
	return ok;
}
