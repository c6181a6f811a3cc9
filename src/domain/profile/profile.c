#include "domain/profile/profile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_MAX ((size_t)1024 * 1024)
#define CHAIN_MAX 8

struct document {
	int64_t		 id, version;
	struct profile	*profile;
	struct document	*next;
};
struct authority {
	struct ca	 row;		/* its strings live in the arena */
	struct issuer	 issuer;
	struct arena	*arena;
	struct authority *next;
};
/* Lists are short and only grow; a reader that misses takes the lock for a look and an insert. */
struct profile_cache {
	pthread_mutex_t	  lock;
	struct document	 *documents;
	struct authority *authorities;
};

struct profile_cache *
profile_cache_new(void)
{
	struct profile_cache *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	(void)pthread_mutex_init(&c->lock, NULL);
	return c;
}

void
profile_cache_free(struct profile_cache *c)
{
	while (c->documents != NULL) {
		struct document *d = c->documents;

		c->documents = d->next;
		profile_free(d->profile);
		free(d);
	}
	while (c->authorities != NULL) {
		struct authority *a = c->authorities;

		c->authorities = a->next;
		arena_free(a->arena);
	}
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

static const struct profile *
document_seen(struct profile_cache *c, int64_t id, int64_t version)
{
	const struct profile *found = NULL;

	(void)pthread_mutex_lock(&c->lock);
	for (const struct document *d = c->documents; d != NULL && found == NULL; d = d->next)
		if (d->id == id && d->version == version)
			found = d->profile;
	(void)pthread_mutex_unlock(&c->lock);
	return found;
}

bool
profile_document(const struct app *app, struct db *db, int64_t profile_id, int64_t version,
    const struct profile **out, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct faults faults = { .arena = a };
	struct profile *parsed;
	struct document *d;
	const char *text;
	bool found;

	*out = document_seen(app->profiles, profile_id, version);
	if (*out != NULL)
		return true;
	if (!store_profile_version_get(db, profile_id, version, a, &text, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "profile", "no such profile");
	if (!profile_parse(text, strlen(text), &parsed, &faults, e))
		return err_in(e, "profile %lld version %lld", (long long)profile_id, (long long)version);
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		abort();
	*d = (struct document){ .id = profile_id, .version = version, .profile = parsed };
	(void)pthread_mutex_lock(&app->profiles->lock);
	d->next = app->profiles->documents;	/* a twin made by another thread is harmless */
	app->profiles->documents = d;
	(void)pthread_mutex_unlock(&app->profiles->lock);
	*out = parsed;
	return true;
}

static const struct authority *
authority_seen(struct profile_cache *c, int64_t id)
{
	const struct authority *found = NULL;

	(void)pthread_mutex_lock(&c->lock);
	for (const struct authority *a = c->authorities; a != NULL && found == NULL; a = a->next)
		if (a->row.id == id)
			found = a;
	(void)pthread_mutex_unlock(&c->lock);
	return found;
}

bool
profile_issuer(const struct app *app, struct db *db, int64_t ca_id, const struct issuer **issuer,
    const struct ca **row, struct err *e)
{
	const struct authority *seen = authority_seen(app->profiles, ca_id);

	if (seen == NULL) {
		OWN(arena_free) struct arena *arena = arena_new(SCRATCH_MAX);
		struct authority *a = ARENA_NEW(arena, struct authority);

		if (!store_ca_get(db, ca_id, arena, &a->row, e) ||
		    !issuer_load(a->row.der, a->row.der_len, &a->issuer, e))
			return err_in(e, "CA %lld", (long long)ca_id);
		a->arena = give(arena);
		(void)pthread_mutex_lock(&app->profiles->lock);
		a->next = app->profiles->authorities;
		app->profiles->authorities = a;
		(void)pthread_mutex_unlock(&app->profiles->lock);
		seen = a;
	}
	if (issuer != NULL)
		*issuer = &seen->issuer;
	if (row != NULL)
		*row = &seen->row;
	return true;
}

bool
profile_chain(const struct app *app, struct db *db, int64_t ca_id, const struct ca **chain, size_t cap, size_t *n,
    struct err *e)
{
	*n = 0;
	while (ca_id != 0 && *n < cap && *n < CHAIN_MAX) {
		if (!profile_issuer(app, db, ca_id, NULL, &chain[*n], e))
			return false;
		ca_id = chain[(*n)++]->parent_id;
	}
	return true;
}

/* Operators and auditors see every profile and have no quota of their own. */
static bool
sees_all(const struct actor *who)
{
	return who->role == ROLE_OPERATOR || who->role == ROLE_AUDITOR || who->role == ROLE_NONE;
}

static bool
fill(const struct app *app, struct db *db, const struct actor *who, const struct profile_row *row,
    const struct ecosystem *ecosystems, size_t n, struct profile_ref *out, struct err *e)
{
	out->row = *row;
	out->ecosystem_name = row->ecosystem_id;
	for (size_t i = 0; i < n; i++)
		if (strcmp(ecosystems[i].id, row->ecosystem_id) == 0)
			out->ecosystem_name = ecosystems[i].name;
	out->quota = (struct quota){ 0 };
	return profile_document(app, db, row->id, row->version, &out->document, e) &&
	    profile_issuer(app, db, row->ca_id, NULL, &out->ca, e) &&
	    (sees_all(who) || quota_get(db, who->organization_id, row->id, &out->quota, e));
}

struct listing {
	const struct app	*app;
	const struct actor	*who;
	const char		*ecosystem_id;
	struct arena		*arena;
	struct profile_ref	*list;
	size_t			 n;
};

static bool
list_tx(struct db *db, void *arg, struct err *e)
{
	struct listing *q = arg;
	struct profile_row *rows;
	struct ecosystem *ecosystems;
	size_t n, n_ecosystems;
	bool granted;

	q->n = 0;
	if (!store_profile_list(db, sees_all(q->who) ? -1 : q->who->organization_id, q->ecosystem_id, q->arena, &rows,
	    &n, e) || !store_ecosystem_list(db, -1, q->arena, &ecosystems, &n_ecosystems, e))
		return false;
	q->list = arena_array(q->arena, n + 1, sizeof(*q->list));
	if (q->list == NULL)
		return err_set(e, ERR_TOO_LARGE, "profile_list", "too many profiles");
	for (size_t i = 0; i < n; i++) {
		if (!sees_all(q->who)) {
			if (!store_profile_granted(db, q->who->organization_id, q->who->user_id, rows[i].id, &granted, e))
				return false;
			if (!granted)
				continue;
		}
		if (!fill(q->app, db, q->who, &rows[i], ecosystems, n_ecosystems, &q->list[q->n], e))
			return false;
		q->n++;
	}
	return true;
}

bool
profile_list(const struct app *app, const struct actor *who, const char *ecosystem_id, struct arena *a,
    struct profile_ref **out, size_t *n, struct err *e)
{
	struct listing q = { .app = app, .who = who, .ecosystem_id = ecosystem_id, .arena = a };

	if (!app_tx(app, DB_READ, list_tx, &q, e))
		return false;
	*out = q.list;
	*n = q.n;
	return true;
}

bool
profile_find_in(const struct app *app, struct db *db, const struct actor *who, int64_t id, struct arena *a,
    struct profile_ref *out, struct err *e)
{
	struct profile_row row;
	struct ecosystem *ecosystems;
	size_t n;
	bool found, granted = true;

	if (!store_profile_get(db, id, a, &row, &found, e))
		return false;
	if (found && !sees_all(who) &&
	    !store_profile_granted(db, who->organization_id, who->user_id, id, &granted, e))
		return false;
	if (!found || !granted)
		return err_set(e, ERR_NOT_FOUND, "profile", "no such profile, or it is not open to you");
	return store_ecosystem_list(db, -1, a, &ecosystems, &n, e) &&
	    fill(app, db, who, &row, ecosystems, n, out, e);
}

struct finding {
	const struct app	*app;
	const struct actor	*who;
	int64_t			 id;
	struct arena		*arena;
	struct profile_ref	*out;
};

static bool
find_tx(struct db *db, void *arg, struct err *e)
{
	struct finding *q = arg;

	return profile_find_in(q->app, db, q->who, q->id, q->arena, q->out, e);
}

bool
profile_find(const struct app *app, const struct actor *who, int64_t id, struct arena *a, struct profile_ref *out,
    struct err *e)
{
	struct finding q = { .app = app, .who = who, .id = id, .arena = a, .out = out };

	return app_tx(app, DB_READ, find_tx, &q, e);
}

struct ecosystems {
	const struct actor	*who;
	struct arena		*arena;
	struct ecosystem	*list;
	size_t			 n;
};

static bool
ecosystems_tx(struct db *db, void *arg, struct err *e)
{
	struct ecosystems *q = arg;

	return store_ecosystem_list(db, sees_all(q->who) ? -1 : q->who->organization_id, q->arena, &q->list, &q->n, e);
}

bool
ecosystem_list(const struct app *app, const struct actor *who, struct arena *a, struct ecosystem **out, size_t *n,
    struct err *e)
{
	struct ecosystems q = { .who = who, .arena = a };

	if (!app_tx(app, DB_READ, ecosystems_tx, &q, e))
		return false;
	*out = q.list;
	*n = q.n;
	return true;
}
