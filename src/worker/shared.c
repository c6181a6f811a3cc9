#include "worker/shared.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "worker/issue.h"

#define KEPT 8			/* batches whose derived keys stay */
#define KEPT_MS (60 * 1000)	/* unused for that long: wiped */

struct template {
	int64_t			 profile_id, version, ca_id;
	struct tbs_template	*tbs;
	const struct ca		*ca;
	struct template		*next;
};

struct p12_hold {
	int64_t			 batch_id;
	struct key_wrap		 wrap;
	struct p12_batch	*p12;		/* one of the two, */
	struct secret		*password;	/* as the packaging has it */
	int			 users;
	bool			 over;
	int64_t			 used_ms;
	struct p12_hold		*next;
};

struct issue_shared {
	const struct app	*app;
	struct hostkeys		*keys;
	struct keypool		*pool;
	const char		*host;
	pthread_mutex_t		 lock;
	struct template		*templates;
	struct p12_hold		*holds;
};

struct issue_shared *
issue_shared_new(const struct app *app, struct hostkeys *keys, struct keypool *pool, const char *host)
{
	struct issue_shared *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->app = app;
	s->keys = keys;
	s->pool = pool;
	s->host = host;
	(void)pthread_mutex_init(&s->lock, NULL);
	return s;
}

static void
hold_free(struct p12_hold *h)
{
	if (h->p12 != NULL)
		p12_batch_free(h->p12);
	secret_free(h->password);
	free(h);
}

void
issue_shared_free(struct issue_shared *s)
{
	while (s->templates != NULL) {
		struct template *t = s->templates;

		s->templates = t->next;
		tbs_template_free(t->tbs);
		free(t);
	}
	while (s->holds != NULL) {
		struct p12_hold *h = s->holds;

		s->holds = h->next;
		hold_free(h);
	}
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

const struct app *
shared_app(const struct issue_shared *s)
{
	return s->app;
}

struct keypool *
shared_pool(const struct issue_shared *s)
{
	return s->pool;
}

/* ---- templates ---- */

static bool
template_seen(struct issue_shared *s, const struct work_slice *slice, struct template_ref *out)
{
	bool found = false;

	(void)pthread_mutex_lock(&s->lock);
	for (const struct template *t = s->templates; t != NULL && !found; t = t->next)
		if (t->profile_id == slice->profile_id && t->version == slice->profile_version && t->ca_id == slice->ca_id) {
			*out = (struct template_ref){ t->tbs, t->ca };
			found = true;
		}
	(void)pthread_mutex_unlock(&s->lock);
	return found;
}

bool
shared_template(struct issue_shared *s, struct db *db, const struct work_slice *slice, struct template_ref *out,
    struct err *e)
{
	struct tbs_site site = { .public_url = s->app->public_url };
	const struct profile *profile;
	const struct issuer *issuer;
	const struct ca *ca;
	struct tbs_template *tbs;
	struct template *t;

	if (template_seen(s, slice, out))
		return true;
	if (!profile_document(s->app, db, slice->profile_id, slice->profile_version, &profile, e) ||
	    !profile_issuer(s->app, db, slice->ca_id, &issuer, &ca, e))
		return false;
	site.shards = (unsigned)ca->shards;
	if (!tbs_template_new(profile, issuer, &site, &tbs, e))
		return err_in(e, "profile %lld", (long long)slice->profile_id);
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		abort();
	*t = (struct template){ .profile_id = slice->profile_id, .version = slice->profile_version,
	    .ca_id = slice->ca_id, .tbs = tbs, .ca = ca };
	(void)pthread_mutex_lock(&s->lock);
	t->next = s->templates;		/* a twin made by another thread is harmless */
	s->templates = t;
	(void)pthread_mutex_unlock(&s->lock);
	*out = (struct template_ref){ tbs, ca };
	return true;
}

/* ---- passwords ---- */

/* Takes what may go out of the list; the caller frees it outside the lock. */
static struct p12_hold *
holds_cut(struct issue_shared *s)
{
	struct p12_hold *gone = NULL;
	int64_t now = clock_mono_ms();
	int kept = 0;

	for (struct p12_hold **at = &s->holds; *at != NULL;) {
		struct p12_hold *h = *at;

		if (h->users == 0 && (h->over || kept >= KEPT || h->used_ms + KEPT_MS < now)) {
			*at = h->next;
			h->next = gone;
			gone = h;
			continue;
		}
		kept++;
		at = &h->next;
	}
	return gone;
}

static void
holds_free(struct p12_hold *list)
{
	while (list != NULL) {
		struct p12_hold *h = list;

		list = h->next;
		hold_free(h);
	}
}

static struct p12_hold *
hold_take(struct issue_shared *s, int64_t batch_id)
{
	struct p12_hold *found = NULL;

	(void)pthread_mutex_lock(&s->lock);
	for (struct p12_hold *h = s->holds; h != NULL && found == NULL; h = h->next)
		if (h->batch_id == batch_id && !h->over) {
			h->users++;
			h->used_ms = clock_mono_ms();
			found = h;
		}
	(void)pthread_mutex_unlock(&s->lock);
	return found;
}

static bool
setting_read(const char *packaging, struct p12_setting *out, struct err *e)
{
	json_t *o = json_loads(packaging, 0, NULL);
	const char *mode = json_string_value(json_object_get(o, "p12_mode"));
	const char *salt = json_string_value(json_object_get(o, "p12_salt"));
	json_int_t iterations = json_integer_value(json_object_get(o, "p12_iterations"));
	bool ok = mode != NULL && salt != NULL && p12_mode_parse(mode, &out->mode) && p12_salt_parse(salt, &out->salt) &&
	    iterations >= P12_ITERATIONS_MIN && iterations <= P12_ITERATIONS_MAX;

	out->iterations = ok ? (uint32_t)iterations : 0;
	json_decref(o);
	return ok || err_sys(e, "the batch's packaging cannot be read");
}

static bool
hold_make(struct issue_shared *s, const struct work_slice *slice, struct arena *a, struct p12_hold **out,
    struct err *e)
{
	OWN(secret_free) struct secret *password = NULL;
	struct p12_setting setting = { 0 };
	struct key_wrap wrap = { 0 };
	struct p12_batch *p12 = NULL;
	const uint8_t *sealed;
	const char *key_id;
	struct p12_hold *h;
	size_t len;

	if (!packaging_of(slice->packaging, &wrap.packaging, e) ||
	    (wrap.packaging == PACKAGING_P12 && !setting_read(slice->packaging, &setting, e)) ||
	    !work_secret(s->app, slice->batch_id, s->host, a, &key_id, &sealed, &len, e) ||
	    !hostkeys_unseal(s->keys, key_id, (struct der){ sealed, len }, &password, e) ||
	    (wrap.packaging == PACKAGING_P12 && !p12_batch_new(&setting, password, &p12, e)))
		return false;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		abort();
	*h = (struct p12_hold){ .batch_id = slice->batch_id, .p12 = p12, .users = 1, .used_ms = clock_mono_ms() };
	if (p12 == NULL)
		h->password = give(password);
	wrap.p12 = h->p12;
	wrap.password = h->password;
	h->wrap = wrap;
	*out = h;
	return true;
}

bool
shared_p12(struct issue_shared *s, const struct work_slice *slice, struct arena *a, struct p12_hold **hold,
    const struct key_wrap **wrap, struct err *e)
{
	struct p12_hold *h = hold_take(s, slice->batch_id), *gone;

	if (h == NULL) {
		if (!hold_make(s, slice, a, &h, e))
			return false;
		(void)pthread_mutex_lock(&s->lock);
		h->next = s->holds;
		s->holds = h;
		gone = holds_cut(s);
		(void)pthread_mutex_unlock(&s->lock);
		holds_free(gone);
	}
	*hold = h;
	*wrap = &h->wrap;
	return true;
}

void
shared_p12_done(struct issue_shared *s, struct p12_hold *h)
{
	struct p12_hold *gone;

	if (h == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	h->users--;
	gone = holds_cut(s);
	(void)pthread_mutex_unlock(&s->lock);
	holds_free(gone);
}

void
shared_p12_forget(struct issue_shared *s, int64_t batch_id)
{
	struct p12_hold *gone;

	(void)pthread_mutex_lock(&s->lock);
	for (struct p12_hold *h = s->holds; h != NULL; h = h->next)
		if (h->batch_id == batch_id)
			h->over = true;
	gone = holds_cut(s);
	(void)pthread_mutex_unlock(&s->lock);
	holds_free(gone);
}
