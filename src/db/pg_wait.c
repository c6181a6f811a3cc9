/*
 * Waiting for PostgreSQL, but not for ever.
 *
 * libpq waits as long as the other side's kernel takes part, and that of a server which is frozen, or hangs on its
 * disk, does.  So connections do not block: here is where they wait, and a server that is silent for too long has
 * its line cut.  libpq then finds it closed, and all goes as with any connection that ended.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "db/pg.h"

static atomic_int patience_ms;		/* 0: any time */

void
db_patience(int ms)
{
	atomic_store(&patience_ms, ms);
}

static _Atomic int64_t full_at_ms;	/* 0: never */

void
pg_note_full(void)
{
	atomic_store(&full_at_ms, clock_mono_ms());
}

bool
db_full_lately(int64_t within_ms)
{
	int64_t at = atomic_load(&full_at_ms);

	return at != 0 && clock_mono_ms() - at < within_ms;
}

static void
cut(struct pg *d)
{
	d->silent = true;
	(void)shutdown(PQsocket(d->c), SHUT_RDWR);
}

/* Until something can be read, or written when that is asked for; takes in what came.  False: nothing more will. */
static bool
await(struct pg *d, bool write)
{
	int patience = atomic_load(&patience_ms), n;
	int64_t until = clock_mono_ms() + patience;
	struct pollfd p = { .fd = PQsocket(d->c), .events = (short)(POLLIN | (write ? POLLOUT : 0)) };

	do {
		int64_t left = until - clock_mono_ms();

		n = poll(&p, 1, patience == 0 ? -1 : left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		cut(d);
	if (n <= 0)
		return false;
	return (p.revents & ~POLLOUT) == 0 || PQconsumeInput(d->c) == 1;
}

bool
pg_flush(struct pg *d)
{
	int more;

	while ((more = PQflush(d->c)) > 0)
		if (!await(d, true))
			return false;
	return more == 0;
}

PGresult *
pg_result(struct pg *d)
{
	if (pg_flush(d))
		while (PQisBusy(d->c) != 0 && await(d, false))
			continue;
	return PQgetResult(d->c);
}

PGresult *
pg_last(struct pg *d)
{
	PGresult *last = NULL, *res;

	while ((res = pg_result(d)) != NULL) {
		PQclear(last);
		last = res;
		if (PQresultStatus(res) == PGRES_COPY_IN)
			break;
	}
	return last;
}

PGresult *
pg_exec(struct pg *d, const char *sql)
{
	return PQsendQuery(d->c, sql) == 1 ? pg_last(d) : NULL;
}
