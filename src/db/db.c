/* What both engines have in common: state of the transaction, its repetition, columns, the pool. */
#include "db/db.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/rand.h"
#include "db/driver.h"

#define REPEAT_FOR_MS 5000
#define PAUSE_FIRST_MS 8
#define PAUSE_MOST_MS 800

static bool read_only;

void
db_read_only(void)
{
	read_only = true;
}

bool
db_is_read_only(void)
{
	return read_only;
}

bool
db_open(const char *uri, enum db_mode mode, struct db **out, struct err *e)
{
	static const char file[] = "sqlite:";

	if (read_only && mode == DB_WRITE)
		return err_set(e, ERR_FORBIDDEN, "db_read_only", "this process only reads the store");

	if (str_starts(uri, file))
		return sqlite_open(uri + sizeof(file) - 1, mode, out, e);
	if (str_starts(uri, "postgresql://") || str_starts(uri, "postgres://"))
		return postgres_open(uri, mode, out, e);
	/* The URI may hold a password. */
	return err_set(e, ERR_INVALID, "db_uri", "a store is sqlite:/path/to/file or postgresql://...");
}

void
db_close(struct db *db)
{
	if (db != NULL)
		db->drv->close(db);
}

enum db_engine
db_engine(const struct db *db)
{
	return db->drv->engine;
}

struct db_arg
arg_text(const char *s)
{
	if (s == NULL)
		return arg_null();
	return (struct db_arg){ .type = DB_TEXT, .p = s, .len = strlen(s) };
}

/* Engines disagree whether a transaction goes on after an error: here it never does. */
static bool
usable(struct db *db, struct err *e)
{
	if (!db->tx_failed)
		return true;
	err_set(e, ERR_INTERNAL, "internal", "internal error");
	return err_in(e, "db: the transaction has failed before");
}

static bool
noted(struct db *db, bool ok)
{
	if (!ok && db->in_tx)
		db->tx_failed = true;
	return ok;
}

bool
db_run(struct db *db, const char *sql, struct db_args args, int64_t *changed, struct err *e)
{
	return usable(db, e) && noted(db, db->drv->run(db, sql, args, changed, e));
}

/* Many at once are all or none. */
static bool
in_tx(struct db *db, struct err *e)
{
	if (!usable(db, e))
		return false;
	if (db->in_tx)
		return true;
	err_set(e, ERR_INTERNAL, "internal", "internal error");
	return err_in(e, "db: many at once outside a transaction");
}

bool
db_put_many(struct db *db, const char *sql, const struct db_arg *args, size_t k, size_t n, struct err *e)
{
	return in_tx(db, e) && (n == 0 || noted(db, db->drv->put_many(db, sql, args, k, n, e)));
}

bool
db_run_many(struct db *db, const char *sql, const struct db_arg *args, size_t k, size_t n, int64_t *changed,
    struct err *e)
{
	if (changed != NULL)
		*changed = 0;
	if (!in_tx(db, e))
		return false;
	return n == 0 || noted(db, db->drv->run_many(db, sql, args, k, n, changed, e));
}

bool
db_query(struct db *db, const char *sql, struct db_args args, struct db_rows **out, struct err *e)
{
	return usable(db, e) && noted(db, db->drv->query(db, sql, args, out, e));
}

bool
db_next(struct db_rows *r, struct err *e)
{
	err_clear(e);
	if (r->drv->next(r, e))
		return true;
	noted(r->db, e->kind == ERR_NONE);
	return false;
}

void
db_rows_free(struct db_rows *r)
{
	if (r != NULL)
		r->drv->rows_free(r);
}

int64_t
db_int(const struct db_rows *r, int column)
{
	return r->drv->col_int(r, column);
}

const char *
db_text(const struct db_rows *r, int column)
{
	return r->drv->col_text(r, column);
}

const uint8_t *
db_blob(const struct db_rows *r, int column, size_t *len)
{
	return r->drv->col_blob(r, column, len);
}

bool
db_null(const struct db_rows *r, int column)
{
	return r->drv->col_null(r, column);
}

char *
db_text_in(const struct db_rows *r, int column, struct arena *a)
{
	const char *s = db_text(r, column);

	return s == NULL ? NULL : arena_strdup(a, s);
}

bool
db_get_int(struct db *db, const char *sql, struct db_args args, int64_t *value, bool *found, struct err *e)
{
	OWN(db_rows_free) struct db_rows *r = NULL;
	bool any;

	if (!db_query(db, sql, args, &r, e))
		return false;
	any = db_next(r, e);
	if (!any && e->kind != ERR_NONE)
		return false;
	if (any)
		*value = db_int(r, 0);
	*found = any;
	return true;
}

/* ---- transactions ---- */

bool
db_begin(struct db *db, enum db_mode mode, struct err *e)
{
	if (db->in_tx || (mode == DB_WRITE && db->mode == DB_READ)) {
		err_set(e, ERR_INTERNAL, "internal", "internal error");
		return err_in(e, db->in_tx ? "db: a transaction is open" : "db: the connection is for reading");
	}
	if (!db->drv->begin(db, mode, e))
		return false;
	db->in_tx = true;
	db->tx_mode = mode;
	db->tx_failed = false;
	return true;
}

bool
db_commit(struct db *db, struct err *e)
{
	bool ok;

	if (!db->in_tx) {
		err_set(e, ERR_INTERNAL, "internal", "internal error");
		return err_in(e, "db: no transaction is open");
	}
	ok = usable(db, e) && db->drv->commit(db, e);
	if (!ok)
		db->drv->rollback(db);
	db->in_tx = db->tx_failed = false;
	return ok;
}

void
db_rollback(struct db *db)
{
	if (!db->in_tx)
		return;
	db->drv->rollback(db);
	db->in_tx = db->tx_failed = false;
}

bool
db_in_tx(const struct db *db)
{
	return db->in_tx;
}

/* May the whole be run again after this error? */
static bool
passing(const struct err *e)
{
	if (e->kind == ERR_UNAVAILABLE)
		return e->code != NULL && strcmp(e->code, "db_unavailable") == 0;
	return e->kind == ERR_RETRY;
}

/* Between half and all of `ms`, so that two which collided do not collide again. */
static void
pause_ms(unsigned ms)
{
	uint16_t r;
	struct timespec t;

	rand_octets(&r, sizeof(r));
	ms = ms / 2 + r % (ms / 2 + 1);
	t.tv_sec = ms / 1000;
	t.tv_nsec = (long)(ms % 1000) * 1000000;
	(void)nanosleep(&t, NULL);
}

bool
db_tx(struct db *db, enum db_mode mode, bool (*body)(struct db *, void *, struct err *), void *arg,
    struct err *e)
{
	int64_t until = clock_mono_ms() + REPEAT_FOR_MS;
	unsigned pause = PAUSE_FIRST_MS;

	for (;;) {
		err_clear(e);
		if (db_begin(db, mode, e)) {
			if (body(db, arg, e)) {
				if (db_commit(db, e))
					return true;
			} else {
				db_rollback(db);
			}
		}
		if (!passing(e) || clock_mono_ms() + pause > until)
			return false;
		pause_ms(pause);
		if (pause < PAUSE_MOST_MS)
			pause *= 2;
	}
}

void
db_checkpoint(struct db *db, int64_t over)
{
	if (!db->in_tx)
		db->drv->checkpoint(db, over);
}

/* ---- pool ---- */

struct seat {			/* a thread's connections */
	struct db_pool	*pool;
	struct seat	*next, *prev;
	struct db	*db[2];
};

struct db_pool {
	char		*uri;
	pthread_key_t	 key;
	pthread_mutex_t	 lock;		/* of the list */
	struct seat	*seats;
};

static void
seat_free(struct seat *s)
{
	db_close(s->db[DB_READ]);
	db_close(s->db[DB_WRITE]);
	free(s);
}

/* A thread ends before its pool. */
static void
seat_leave(void *arg)
{
	struct seat *s = arg;

	(void)pthread_mutex_lock(&s->pool->lock);
	*(s->prev != NULL ? &s->prev->next : &s->pool->seats) = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	(void)pthread_mutex_unlock(&s->pool->lock);
	seat_free(s);
}

bool
db_pool_new(const char *uri, struct db_pool **out, struct err *e)
{
	struct db_pool *p;

	if (!str_starts(uri, "sqlite:") && !str_starts(uri, "postgresql://") && !str_starts(uri, "postgres://"))
		return err_set(e, ERR_INVALID, "db_uri", "a store is sqlite:/path/to/file or postgresql://...");
	p = calloc(1, sizeof(*p));
	if (p == NULL || (p->uri = strdup(uri)) == NULL)
		abort();
	if (pthread_key_create(&p->key, seat_leave) != 0 || pthread_mutex_init(&p->lock, NULL) != 0)
		abort();
	*out = p;
	return true;
}

void
db_pool_free(struct db_pool *p)
{
	struct seat *s, *next;

	if (p == NULL)
		return;
	(void)pthread_key_delete(p->key);
	for (s = p->seats; s != NULL; s = next) {
		next = s->next;
		seat_free(s);
	}
	(void)pthread_mutex_destroy(&p->lock);
	free(p->uri);
	free(p);
}

bool
db_pool_get(struct db_pool *p, enum db_mode mode, struct db **out, struct err *e)
{
	struct seat *s = pthread_getspecific(p->key);

	if (s == NULL) {
		s = calloc(1, sizeof(*s));
		if (s == NULL || pthread_setspecific(p->key, s) != 0)
			abort();
		s->pool = p;
		(void)pthread_mutex_lock(&p->lock);
		s->next = p->seats;
		if (s->next != NULL)
			s->next->prev = s;
		p->seats = s;
		(void)pthread_mutex_unlock(&p->lock);
	}
	if (s->db[mode] == NULL && !db_open(p->uri, mode, &s->db[mode], e))
		return false;
	*out = s->db[mode];
	return true;
}
