#include "domain/certificate/authority.h"

#include <string.h>

#include "domain/profile/profile.h"
#include "x509/cert.h"

struct work {
	struct arena	*arena;
	struct ca	*cas;
	size_t		 n;
};

static bool
cas_tx(struct db *db, void *arg, struct err *e)
{
	struct work *q = arg;

	return store_ca_list(db, q->arena, &q->cas, &q->n, e);
}

static const struct ca *
by_id(const struct work *q, int64_t id)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->cas[i].id == id)
			return &q->cas[i];
	return NULL;
}

/* Whether it issues for one of the profiles, or stands above one that does. */
static bool
serves(const struct work *q, const struct ca *c, const struct profile_ref *profiles, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t steps = 0;

		for (const struct ca *up = by_id(q, profiles[i].row.ca_id); up != NULL && steps < q->n; steps++) {
			if (up == c)
				return true;
			up = up->parent_id == 0 ? NULL : by_id(q, up->parent_id);
		}
	}
	return false;
}

static bool
view(const struct work *q, const struct ca *c, const struct profile_ref *profiles, size_t n, struct arena *a,
    struct authority_view *v, struct err *e)
{
	const struct ca *parent = c->parent_id == 0 ? NULL : by_id(q, c->parent_id);
	struct cert_view text;
	struct cert cert;

	if (!cert_decode(c->der, c->der_len, &cert, e) || !cert_view(&cert, a, &text, e))
		return err_in(e, "CA %s", c->name);
	*v = (struct authority_view){ .ca = *c, .issuer = text.issuer, .key = cert.key.type,
	    .parent_ski = parent == NULL ? NULL : parent->ski };
	v->profiles = arena_array(a, n + 1, sizeof(const struct profile_row *));
	if (v->profiles == NULL)
		return err_set(e, ERR_TOO_LARGE, "authorities", "too many profiles");
	for (size_t i = 0; i < n; i++)
		if (profiles[i].row.ca_id == c->id)
			v->profiles[v->profiles_n++] = &profiles[i].row;
	return true;
}

bool
authority_list(const struct app *app, const struct actor *who, bool internal, struct arena *a,
    struct authority_view **out, size_t *n, struct err *e)
{
	struct work q = { .arena = a };
	struct profile_ref *profiles;
	struct authority_view *list;
	size_t profiles_n;
	bool all = who->role == ROLE_OPERATOR || who->role == ROLE_AUDITOR;

	*n = 0;
	if (!profile_list(app, who, NULL, a, &profiles, &profiles_n, e) || !app_tx(app, DB_READ, cas_tx, &q, e))
		return false;
	list = arena_array(a, q.n + 1, sizeof(*list));
	if (list == NULL)
		return err_set(e, ERR_TOO_LARGE, "authorities", "too many CAs");
	for (size_t i = 0; i < q.n; i++) {
		if (strcmp(q.cas[i].purpose, "internal") == 0 ? !internal : !all && !serves(&q, &q.cas[i], profiles, profiles_n))
			continue;
		if (!view(&q, &q.cas[i], profiles, profiles_n, a, &list[(*n)++], e))
			return false;
	}
	*out = list;
	return true;
}
