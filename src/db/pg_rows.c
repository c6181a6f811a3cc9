/*
 * Rows of PostgreSQL.  They come one by one, so a million of them take no memory; when another
 * statement needs the connection before the last was read, the rest is taken in first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "db/pg.h"

/* Types by number: they are part of PostgreSQL's protocol and never change (catalog/pg_type.dat). */
#define T_BOOL	16
#define T_BYTEA	17
#define T_INT8	20
#define T_INT2	21
#define T_INT4	23
#define T_TEXT	25
#define T_VARCHAR 1043

/* Rows not read that are worth reading to the end rather than connecting anew. */
#define DRAIN_MOST 1000

struct cell {			/* a column of the present row, converted */
	uint8_t	*bytes;		/* PQunescapeBytea's */
	size_t	 len;
	char	 digits[24];
};

struct pg_rows {
	struct db_rows	 rows;
	struct pg	*d;		/* while on the wire, else NULL */
	const char	*sql;
	PGresult	*now;		/* the present row */
	PGresult	**taken;	/* those taken in, from `at` */
	size_t		 n, cap, at;
	struct cell	*cells;
	int		 columns;
	bool		 broken;	/* the connection went while rows were to come */
	struct err	 why;		/* how it ended, when not well */
};

bool
pg_binary_type(Oid t)
{
	return t == T_BOOL || t == T_BYTEA || t == T_INT8 || t == T_INT2 || t == T_INT4 || t == T_TEXT ||
	    t == T_VARCHAR;
}

struct db_rows *
pg_rows_new(struct pg *d, const char *sql)
{
	struct pg_rows *r = calloc(1, sizeof(*r));

	if (r == NULL)
		abort();
	r->rows.drv = &postgres_driver;
	r->rows.db = &d->db;
	r->d = d;
	r->sql = sql;
	d->open = r;
	return &r->rows;
}

static void
off_wire(struct pg_rows *r)
{
	r->d->open = NULL;
	r->d = NULL;
}

/* Reads to the end of the statement, so that the connection is free. */
static void
finish(struct pg *d)
{
	PGresult *res;

	while (d->c != NULL && (res = pg_result(d)) != NULL)
		PQclear(res);
}

/* The next row on the wire; NULL at the end or on an error, which then stands in why. */
static PGresult *
receive(struct pg_rows *r)
{
	struct pg *d = r->d;
	PGresult *res = pg_result(d);

	if (res != NULL && PQresultStatus(res) == PGRES_SINGLE_TUPLE)
		return res;
	if (res == NULL || (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK))
		pg_failed(d, res, r->sql, &r->why);
	PQclear(res);
	if (r->d != NULL) {		/* else the failure cut us off */
		finish(d);
		off_wire(r);
	}
	return NULL;
}

bool
pg_rows_take_in(struct pg *d, struct err *e)
{
	struct pg_rows *r = d->open;
	PGresult *res;

	if (r == NULL)
		return true;
	while (r->d != NULL && (res = receive(r)) != NULL) {
		if (r->n == r->cap) {
			r->cap = r->cap == 0 ? 64 : 2 * r->cap;
			r->taken = realloc(r->taken, r->cap * sizeof(PGresult *));
			if (r->taken == NULL)
				abort();
		}
		r->taken[r->n++] = res;
	}
	if (r->why.kind == ERR_NONE)
		return true;
	*e = r->why;
	return false;
}

void
pg_rows_cut(struct pg *d)
{
	if (d->open == NULL)
		return;
	d->open->broken = true;
	off_wire(d->open);
}

static void
cells_clear(struct pg_rows *r)
{
	int i;

	for (i = 0; i < r->columns; i++) {
		PQfreemem(r->cells[i].bytes);
		r->cells[i] = (struct cell){ 0 };
	}
}

bool
pg_next(struct db_rows *rows, struct err *e)
{
	struct pg_rows *r = (struct pg_rows *)rows;

	cells_clear(r);
	PQclear(r->now);
	r->now = NULL;
	if (r->at < r->n)
		r->now = r->taken[r->at++];
	else if (r->d != NULL)
		r->now = receive(r);
	if (r->now != NULL) {
		if (r->cells == NULL) {
			r->columns = PQnfields(r->now);
			r->cells = calloc((size_t)r->columns + 1, sizeof(*r->cells));
			if (r->cells == NULL)
				abort();
		}
		return true;
	}
	if (r->why.kind != ERR_NONE)
		*e = r->why;
	else if (r->broken)
		err_set(e, ERR_UNAVAILABLE, "db_unavailable", "the store is not available");
	return false;
}

void
pg_rows_free(struct db_rows *rows)
{
	struct pg_rows *r = (struct pg_rows *)rows;
	bool keep = r->rows.db->in_tx ? r->rows.db->tx_mode == DB_WRITE : r->rows.db->mode == DB_WRITE;
	PGresult *res = NULL;
	size_t drained;

	for (drained = 0; r->d != NULL && (keep || drained < DRAIN_MOST) && (res = receive(r)) != NULL; drained++)
		PQclear(res);
	if (r->d != NULL) {
		struct pg *d = r->d;

		/* Many are left and nothing was changed: to connect anew costs less than to read them. */
		d->db.tx_failed = d->db.in_tx;
		pg_drop(d);
	} else if (r->why.kind != ERR_NONE && r->rows.db->in_tx) {
		r->rows.db->tx_failed = true;
	}
	while (r->at < r->n)
		PQclear(r->taken[r->at++]);
	cells_clear(r);
	PQclear(r->now);
	free(r->taken);
	free(r->cells);
	free(r);
}

/* ---- columns ---- */

static int64_t
big_endian(const char *p, int n)
{
	uint64_t v = (p[0] & 0x80) != 0 ? UINT64_MAX : 0;

	while (n-- > 0)
		v = v << 8 | (uint8_t)*p++;
	return (int64_t)v;
}

int64_t
pg_int(const struct db_rows *rows, int i)
{
	const PGresult *res = ((const struct pg_rows *)rows)->now;
	const char *p = PQgetvalue(res, 0, i);

	if (PQgetisnull(res, 0, i))
		return 0;
	if (PQfformat(res, i) == 1) {
		switch (PQftype(res, i)) {
		case T_BOOL:
			return *p != 0;
		case T_INT2:
		case T_INT4:
		case T_INT8:
			return big_endian(p, PQgetlength(res, 0, i));
		}
	} else if (PQftype(res, i) == T_BOOL) {
		return *p == 't';
	}
	return strtoll(p, NULL, 10);
}

const char *
pg_text(const struct db_rows *rows, int i)
{
	const struct pg_rows *r = (const struct pg_rows *)rows;

	if (PQgetisnull(r->now, 0, i))
		return NULL;
	switch (PQftype(r->now, i)) {
	case T_BOOL:
		return pg_int(rows, i) != 0 ? "1" : "0";
	case T_INT2:
	case T_INT4:
	case T_INT8:
		if (PQfformat(r->now, i) == 0)
			break;
		(void)snprintf(r->cells[i].digits, sizeof(r->cells[i].digits), "%" PRId64, pg_int(rows, i));
		return r->cells[i].digits;
	case T_BYTEA: {
		size_t len;

		return (const char *)pg_blob(rows, i, &len);
	}
	}
	return PQgetvalue(r->now, 0, i);
}

const uint8_t *
pg_blob(const struct db_rows *rows, int i, size_t *len)
{
	const struct pg_rows *r = (const struct pg_rows *)rows;
	const char *p = PQgetvalue(r->now, 0, i);
	struct cell *c = &r->cells[i];

	*len = 0;
	if (PQgetisnull(r->now, 0, i))
		return NULL;
	if (PQftype(r->now, i) == T_BYTEA && PQfformat(r->now, i) == 0) {
		if (c->bytes == NULL && (c->bytes = PQunescapeBytea((const unsigned char *)p, &c->len)) == NULL)
			abort();
		*len = c->len;
		return c->bytes;
	}
	*len = (size_t)PQgetlength(r->now, 0, i);
	return (const uint8_t *)p;
}

bool
pg_null(const struct db_rows *rows, int i)
{
	return PQgetisnull(((const struct pg_rows *)rows)->now, 0, i) != 0;
}
