#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/log.h"
#include "base/str.h"
#include "domain/audit/audit_chain.h"
#include "domain/certificate/crl.h"
#include "domain/account/enrolment.h"
#include "domain/order/room.h"
#include "domain/account/session.h"
#include "domain/issue/work.h"
#include "signlink/signlink.h"
#include "worker/enrol.h"
#include "worker/issue.h"
#include "worker/worker.h"

#define LEASE_S 60
#define SLICE_ARENA_MAX ((size_t)64 * 1024 * 1024)
#define IDLE_MS 30		/* a small order waits no longer than this for a free worker */
#define CHORES_MS 500
#define THREADS_MAX 256
#define GIVE_UP_AFTER 20	/* leases of one slice that end in an error of ours */

struct crew {
	const struct app		*app;
	const struct worker_conf	*conf;
	const volatile bool		*stop;
	struct issue_shared		*shared;
	struct hostkeys			*keys;
	struct keypool			*pool;
	char				 host[40];
};

struct hand {
	struct crew	*crew;
	int		 number;
	pthread_t	 thread;
};

static void
pause_ms(const struct crew *crew, int ms)
{
	struct timespec t = { 0, 10 * 1000 * 1000 };

	for (; ms > 0 && !*crew->stop; ms -= 10)
		(void)nanosleep(&t, NULL);
}

/* ---- issuing ---- */

static int64_t
lease_s(const struct crew *crew)
{
	return crew->conf->lease_s == 0 ? LEASE_S : crew->conf->lease_s;
}

/*
 * An error of ours must not stall a batch for ever: after many tries its items fail, with the reason.  What
 * was signed in the last try is settled first, or the journal would know certificates that the store does not.
 */
static bool
give_up(const struct crew *crew, struct issuer_thread *t, struct work_slice *slice, struct arena *a,
    const struct err *why, struct err *e)
{
	struct work_result *results = arena_array(a, (size_t)slice->size, sizeof(*results));

	if (results == NULL)
		return err_sys(e, "no room to give a slice up");
	if (!issue_settle(t, slice, a, e) || (slice->items == NULL && !work_items(crew->app, slice, a, e)))
		return false;
	for (int64_t i = 0; i < slice->size; i++)
		results[i] = (struct work_result){ .index = slice->items[i].index, .code = why->code,
		    .message = why->kind == ERR_INTERNAL ? "could not be made; the operator's log says why" : why->msg };
	return work_store(crew->app, slice, results, (size_t)slice->size, e);
}

/* False: it could not be given back, and the store may still have it as ours. */
static bool
slice_failed(const struct crew *crew, struct issuer_thread *t, struct work_slice *slice, struct arena *a,
    const struct err *why)
{
	struct err e = { 0 };
	int64_t wait_s = slice->attempts < 6 ? slice->attempts : 30;
	bool away = why->kind == ERR_UNAVAILABLE || why->kind == ERR_RETRY;
	bool hopeless = why->kind == ERR_NOT_FOUND && strcmp(why->code, "secret_gone") == 0;
	bool clock = away && strcmp(why->code, "clock") == 0;

	if (why->kind == ERR_CONFLICT && strcmp(why->code, "slice_lost") == 0) {
		log_warn("slice.lost", "batch=%lld slice=%lld", (long long)slice->batch_id, (long long)slice->slice_no);
		return true;
	}
	log_err("slice.failed", why);
	if (!away && (slice->attempts >= GIVE_UP_AFTER || hopeless)) {
		if (give_up(crew, t, slice, a, why, &e))
			return true;
		log_err("slice.give_up", &e);
		err_clear(&e);
	}
	if (!work_release(crew->app, slice, away && !clock ? 1 : wait_s, &e)) {
		log_err("slice.release", &e);
		return false;
	}
	return !away || strcmp(why->code, "db_commit_unknown") != 0;
}

/* Owners are "host pid thread"; one that bears our own number lived before us. */
static bool
owner_lives(const char *owner)
{
	const char *p = strrchr(owner, ' ');
	long pid;

	while (p != NULL && p > owner && p[-1] != ' ')
		p--;
	pid = p == NULL ? 0 : strtol(p, NULL, 10);
	return pid <= 0 || (pid != getpid() && (kill((pid_t)pid, 0) == 0 || errno != ESRCH));
}

static bool
owner_is_dead(const char *owner)
{
	(void)owner;
	return false;
}

/*
 * What killed workers of this host had leased goes on at once.  The workers of a key directory hold its lock
 * together: who gets it alone knows that no other lives, and needs no process numbers, which a zombie keeps.
 * The lock is held as long as the process lives.
 */
static int
dead_leases_free(const struct crew *crew)
{
	OWN_STR struct str path = { 0 };
	struct err e = { 0 };
	bool alone;
	int fd;

	str_addf(&path, "%s/crew.lock", crew->conf->keys_dir);
	fd = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	alone = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (!work_free_dead(crew->app, crew->host, alone ? owner_is_dead : owner_lives, &e))
		log_err("slice.free", &e);
	if (fd >= 0)
		(void)flock(fd, LOCK_SH);
	return fd;
}

/*
 * A thread's hands: the slice it works at, and the next one, which it leases in the transaction that ends the
 * first; so a slice costs one transaction.
 */
struct desk {
	struct arena		*arenas[2];
	struct work_slice	 slices[2];
	int			 now;		/* which of them is worked at */
	bool			 have;		/* there is one */
	char			 owner[WORK_OWNER_MAX + 1];
};

/* What was leased ahead and will not be worked at. */
static void
desk_clear(const struct crew *crew, struct desk *d)
{
	struct err e = { 0 };

	if (d->have && !work_release(crew->app, &d->slices[d->now], 0, &e))
		log_err("slice.release", &e);
	d->have = false;
}

/* A slice, or none; false when the store does not answer. */
static bool
desk_fill(const struct crew *crew, struct desk *d)
{
	struct err e = { 0 };

	if (d->have)
		return true;
	arena_reset(d->arenas[d->now]);
	d->slices[d->now] = (struct work_slice){ 0 };
	if (work_lease(crew->app, d->owner, crew->host, lease_s(crew), d->arenas[d->now], &d->slices[d->now], &d->have, &e))
		return true;
	log_err("slice.lease", &e);
	return false;
}

/* One slice to its end.  False: the store may still have something as ours. */
static bool
desk_work(const struct crew *crew, struct desk *d, struct issuer_thread *t)
{
	struct work_slice *slice = &d->slices[d->now], *next = &d->slices[!d->now];
	struct work_taker taker = { .owner = d->owner, .host = crew->host, .lease_s = lease_s(crew),
	    .arena = d->arenas[!d->now] };
	struct err e = { 0 };
	bool sure = true;

	arena_reset(taker.arena);
	*next = (struct work_slice){ 0 };
	if (issue_slice(t, slice, d->arenas[d->now], *crew->stop ? NULL : &taker, next, &d->have, &e)) {
		d->now = !d->now;
		return true;
	}
	sure = slice_failed(crew, t, slice, d->arenas[d->now], &e);
	if (e.kind == ERR_UNAVAILABLE)
		pause_ms(crew, 1000);
	return sure;
}

static void *
issue_main(void *arg)
{
	const struct hand *hand = arg;
	struct crew *crew = hand->crew;
	OWN(arena_free) struct arena *a = arena_new(SLICE_ARENA_MAX), *other = arena_new(SLICE_ARENA_MAX);
	OWN(issuer_thread_free) struct issuer_thread *t = issuer_thread_new(crew->shared, crew->conf->signer_socket,
	    crew->conf->rsa_keygen, lease_s(crew));
	struct desk d = { .arenas = { a, other } };
	bool sure = true;		/* the store has nothing as ours but what is on the desk */

	(void)snprintf(d.owner, sizeof(d.owner), "%s %d %d", crew->host, (int)getpid(), hand->number);
	while (!*crew->stop) {
		struct err e = { 0 };

		if (!sure && !d.have)
			sure = work_free(crew->app, d.owner, &e);
		if (!desk_fill(crew, &d)) {
			sure = false;
			pause_ms(crew, 1000);
			continue;
		}
		if (!d.have) {
			pause_ms(crew, IDLE_MS);
			continue;
		}
		sure = desk_work(crew, &d, t) && sure;
	}
	desk_clear(crew, &d);
	return NULL;
}

/* ---- chores ---- */

static bool
head_sign(void *arg, int64_t seq, const uint8_t hash[32], struct str *out, struct err *e)
{
	return signlink_audit_sign(arg, seq, hash, out, e);
}

/* Each chore fails by itself; a failure is logged once a minute. */
static void
chore_failed(const char *name, const struct err *e)
{
	static int64_t last_ms;

	if (last_ms == 0 || clock_mono_ms() - last_ms > 60 * 1000) {
		log_err(name, e);
		last_ms = clock_mono_ms();
	}
}

static void
chores_often(struct crew *crew, struct signlink *signer)
{
	struct err e = { 0 };
	struct db *db;
	bool did = true;

	for (int i = 0; did && i < 100 && !*crew->stop; i++)
		if (!work_housekeeping(crew->app, &did, &e)) {
			chore_failed("chore.housekeeping", &e);
			break;
		}
	err_clear(&e);
	did = true;
	for (int i = 0; did && i < 20 && !*crew->stop; i++)
		if (!audit_seal(crew->app, &did, &e)) {
			chore_failed("chore.audit_seal", &e);
			break;
		}
	err_clear(&e);
	did = true;
	for (int i = 0; did && i < 20 && !*crew->stop; i++)
		if (!enrol_step(crew->app, signer, &did, &e)) {
			chore_failed("chore.enrol", &e);
			break;
		}
	err_clear(&e);
	if (!mailer_step(crew->app, &crew->conf->mail, &did, &e))
		chore_failed("chore.mail", &e);
	err_clear(&e);
	if (db_pool_get(crew->app->store, DB_WRITE, &db, &e))
		db_checkpoint(db, (int64_t)256 * 1024 * 1024);
}

/* What was planned for batches that were rejected before it came back from the signer. */
static bool
settle_void(const struct crew *crew, struct issuer_thread *t, struct arena *a, struct err *e)
{
	for (int i = 0; i < 100 && !*crew->stop; i++) {
		struct work_slice slice = { 0 };
		bool found;

		arena_reset(a);
		if (!work_unsettled(crew->app, crew->host, a, &slice, &found, e))
			return false;
		if (!found)
			return true;
		if (!issue_settle(t, &slice, a, e) || !work_settled(crew->app, &slice, e))
			return false;
	}
	return true;
}

struct turns {
	struct issuer_thread	*thread;
	struct arena		*arena;
	struct work_watch	 watch;
	int64_t			 leases_ms;		/* when next */
};

/* What dead or stopped work has left. */
static void
chores_of_work(const struct crew *crew, struct turns *t)
{
	int64_t now_ms = clock_mono_ms();
	struct err e = { 0 };

	if (now_ms >= t->leases_ms) {
		t->leases_ms = now_ms + lease_s(crew) * 500;
		if (!work_mend_leases(crew->app, &t->watch, lease_s(crew), &e))
			chore_failed("chore.leases", &e);
		err_clear(&e);
	}
	if (!settle_void(crew, t->thread, t->arena, &e))
		chore_failed("chore.settle", &e);
}

static void
chores_now_and_then(struct crew *crew, struct signlink *signer)
{
	struct err e = { 0 };
	int64_t alarms;
	bool did;

	if (!hostkeys_turn(crew->app, crew->keys, &e))
		chore_failed("chore.hostkeys", &e);
	err_clear(&e);
	if (!keypool_turn(crew->pool, &e))
		chore_failed("chore.keypool", &e);
	err_clear(&e);
	if (!work_room(crew->app, &e))
		chore_failed("chore.room", &e);
	err_clear(&e);
	if (!session_sweep(crew->app, &e))
		chore_failed("chore.sessions", &e);
	err_clear(&e);
	if (!enrolment_sweep(crew->app, &e))
		chore_failed("chore.enrolments", &e);
	err_clear(&e);
	did = true;
	for (int i = 0; did && i < 1000 && !*crew->stop; i++)
		if (!enrolment_warn(crew->app, &did, &e)) {
			chore_failed("chore.certificates_ending", &e);
			break;
		}
	err_clear(&e);
	if (!audit_sign_head(crew->app, head_sign, signer, &did, &e))
		chore_failed("chore.audit_head", &e);
	err_clear(&e);
	if (!crl_alarm(crew->app, &alarms, &e))
		chore_failed("chore.crl_alarm", &e);
	err_clear(&e);
	if (!room_for(crew->app, 0, &e))
		log_err("disk.low", &e);
}

/* Signs of life have a thread of their own: the others may have to wait for the signer. */
static void *
life_main(void *arg)
{
	const struct hand *hand = arg;
	struct crew *crew = hand->crew;

	while (!*crew->stop) {
		struct err e = { 0 };

		if (!work_beat(crew->app, crew->host, &e))
			log_err("worker.beat", &e);
		pause_ms(crew, WORK_BEAT_S * 1000);
	}
	return NULL;
}

static void *
chores_main(void *arg)
{
	const struct hand *hand = arg;
	struct crew *crew = hand->crew;
	OWN(signlink_free) struct signlink *signer = signlink_new(crew->conf->signer_socket);
	OWN(arena_free) struct arena *a = arena_new(SLICE_ARENA_MAX);
	OWN(issuer_thread_free) struct issuer_thread *t = issuer_thread_new(crew->shared, crew->conf->signer_socket,
	    crew->conf->rsa_keygen, lease_s(crew));
	struct turns turns = { .thread = t, .arena = a };
	int64_t next_ms = 0;

	while (!*crew->stop) {
		chores_of_work(crew, &turns);
		chores_often(crew, signer);
		if (clock_mono_ms() >= next_ms) {
			chores_now_and_then(crew, signer);
			next_ms = clock_mono_ms() + 60 * 1000;
		}
		pause_ms(crew, CHORES_MS);
	}
	return NULL;
}

/* ---- the pool of keys ---- */

static void *
keep_main(void *arg)
{
	const struct hand *hand = arg;

	keypool_keep(hand->crew->pool, hand->crew->stop);
	return NULL;
}

static void *
make_main(void *arg)
{
	const struct hand *hand = arg;

	keypool_make(hand->crew->pool, hand->crew->stop);
	return NULL;
}

/* ---- the crew ---- */

static int
threads_wanted(const struct worker_conf *conf)
{
	int cpus = cpu_count();

	if (conf->threads > 0)
		return conf->threads;
	/* While one of them waits for the store or the signer, another one works. */
	return (cpus > THREADS_MAX ? THREADS_MAX : cpus) + 1;
}

/*
 * What is sealed to this host and planned on it bears its name, so the name is kept beside the keys: a machine
 * or a container may be called something else at its next start.
 */
static bool
host_name(const struct worker_conf *conf, char *out, size_t cap, struct err *e)
{
	OWN_STR struct str path = { 0 };
	OWN(fclose) FILE *f = NULL;

	if (conf->host != NULL) {
		(void)snprintf(out, cap, "%s", conf->host);
		return true;
	}
	str_addf(&path, "%s/host", conf->keys_dir);
	f = fopen(path.p, "re");
	if (f != NULL && fgets(out, (int)cap, f) != NULL && out[0] != '\n') {
		out[strcspn(out, " \t\n")] = '\0';
		return true;
	}
	(void)gethostname(out, cap);
	out[cap - 1] = '\0';
	if (f != NULL)
		(void)fclose(f);
	f = fopen(path.p, "we");
	return (f != NULL && fprintf(f, "%s\n", out) > 0 && fflush(f) == 0 && fsync(fileno(f)) == 0) ||
	    err_sys(e, "%s", path.p);
}

/* Threads that do `what`, until there are as many as asked for; false: one could not be started. */
static bool
hands_start(struct crew *crew, struct hand *hands, int *started, int n, void *(*what)(void *))
{
	for (; n > 0; n--, ++*started) {
		hands[*started] = (struct hand){ .crew = crew, .number = *started };
		if (pthread_create(&hands[*started].thread, NULL, what, &hands[*started]) != 0)
			return false;
	}
	return true;
}

static bool
crew_run(struct crew *crew, struct err *e)
{
	int n = threads_wanted(crew->conf), makers = keypool_off(crew->pool) ? 0 : n, started = 0;
	struct hand *hands = calloc((size_t)(n + makers) + 3, sizeof(*hands));
	bool ok;

	if (hands == NULL)
		abort();
	ok = hands_start(crew, hands, &started, 1, chores_main) && hands_start(crew, hands, &started, 1, life_main) &&
	    hands_start(crew, hands, &started, n, issue_main) &&
	    hands_start(crew, hands, &started, makers > 0, keep_main) && hands_start(crew, hands, &started, makers, make_main);
	for (int i = 0; i < started; i++)
		(void)pthread_join(hands[i].thread, NULL);
	free(hands);
	return ok || err_sys(e, "threads cannot be started");
}

bool
worker_run(const struct app *app, const struct worker_conf *conf, const volatile bool *stop, struct err *e)
{
	struct crew crew = { .app = app, .conf = conf, .stop = stop };
	struct keypool_conf pool_conf = { .rsa_keygen = conf->rsa_keygen };
	OWN(hostkeys_free) struct hostkeys *keys = NULL;
	OWN(keypool_free) struct keypool *pool = NULL;
	OWN(issue_shared_free) struct issue_shared *shared = NULL;
	OWN_FD int lock = -1;

	memcpy(pool_conf.size, conf->pool, sizeof(pool_conf.size));
	if (!host_name(conf, crew.host, sizeof(crew.host), e) || !hostkeys_open(app, conf->keys_dir, crew.host, &keys, e) ||
	    !keypool_open(app, &pool_conf, crew.host, conf->keys_dir, keys, &pool, e))
		return false;
	crew.keys = keys;
	crew.pool = pool;
	lock = dead_leases_free(&crew);
	crew.shared = shared = issue_shared_new(app, keys, pool, crew.host);
	return crew_run(&crew, e);
}
