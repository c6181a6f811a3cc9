/* certmill crl: revocation lists as they were published last, and a new one at once. */
#include <string.h>

#include "base/clock.h"
#include "cmd/admin/admin.h"
#include "cmd/command.h"
#include "domain/certificate/authority.h"
#include "domain/certificate/crl.h"
#include "http/json.h"

struct lists {
	struct authority_view	*cas;
	size_t			 cas_n;
	struct crl_row		*rows;
	size_t			 n;
};

static bool
lists_read(struct admin *a, struct lists *l, struct err *e)
{
	return authority_list(a->app, &a->who, true, a->arena, &l->cas, &l->cas_n, e) &&
	    crl_rows(a->app, a->arena, &l->rows, &l->n, e);
}

static json_t *
row_json(const struct admin *a, const struct ca *ca, const struct crl_row *r)
{
	const char *url = r->delta ? arena_printf(a->arena, "%s/crl/%s.delta.crl", a->app->public_url, ca->ski) :
	    r->shard >= 0 ? arena_printf(a->arena, "%s/crl/%s/%lld.crl", a->app->public_url, ca->ski, (long long)r->shard) :
	    arena_printf(a->arena, "%s/crl/%s.crl", a->app->public_url, ca->ski);

	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:o, s:o, s:o, s:I, s:I, s:s, s:s}", "ca", ca->name, "ca_id", ca->ski, "kind",
	    r->delta ? "delta" : "full", "shard", r->shard >= 0 ? json_integer((json_int_t)r->shard) : json_null(),
	    "number", (json_int_t)r->number, "base_number",
	    r->base_number == 0 ? json_null() : json_integer((json_int_t)r->base_number), "this_update",
	    json_time(r->this_update), "next_update", json_time(r->next_update), "entries", (json_int_t)r->entries, "octets",
	    (json_int_t)r->octets, "status", r->next_update > clock_now_s() ? "current" : "expired", "url", url);
}

static bool
named(const struct ca *ca, const char *name)
{
	return strcmp(ca->name, name) == 0 || strcmp(ca->ski, name) == 0;
}

/* The lists of the CA of that name, or (NULL) of all; NULL with *e when the name is nobody's. */
static json_t *
items_of(const struct admin *a, const struct lists *l, const char *name, struct err *e)
{
	json_t *items = json_array();
	bool known = name == NULL;

	for (size_t i = 0; i < l->cas_n; i++) {
		const struct ca *ca = &l->cas[i].ca;

		if (name != NULL && !named(ca, name))
			continue;
		known = true;
		for (size_t k = 0; k < l->n; k++)
			if (l->rows[k].ca_id == ca->id)
				json_array_append_new(items, row_json(a, ca, &l->rows[k]));
	}
	if (known)
		return items;
	json_decref(items);
	(void)err_set(e, ERR_NOT_FOUND, "ca", "there is no CA \"%.100s\"; see certmill ca list", name);
	return NULL;
}

static bool
list(struct admin *a, struct err *e)
{
	struct lists l = { 0 };
	json_t *items;

	if (!lists_read(a, &l, e) || (items = items_of(a, &l, a->argc > 0 ? a->argv[0] : NULL, e)) == NULL)
		return false;
	return admin_print_list(a, items, "ca:CA kind:Kind shard:Shard number:Number this_update:Made next_update:Next_update "
	    "entries:Entries octets:Octets status:Status");
}

static bool
renew(struct admin *a, struct err *e)
{
	struct lists l = { 0 };

	if (!lists_read(a, &l, e))
		return false;
	for (size_t i = 0; i < l.cas_n; i++) {
		if (!named(&l.cas[i].ca, a->argv[0]))
			continue;
		if (!crl_ask(a->app, &a->who, l.cas[i].ca.id, l.cas[i].ca.ski, e))
			return false;
		admin_say(a, "asked for; certmill crl list %s shows it when it is there", l.cas[i].ca.name);
		return true;
	}
	return err_set(e, ERR_NOT_FOUND, "ca", "there is no CA \"%.100s\"; see certmill ca list", a->argv[0]);
}

static const struct admin_action actions[] = {
	{ "list", "[CA]", 0, 1, list, "shows the lists that were published last, of one CA or of all", NULL },
	{ "renew", "CA", 1, 1, renew, "has new whole lists of a CA made at once, changed or not", NULL },
};
static const struct admin_command command = { "crl", "Certificate revocation lists.", actions, COUNT(actions), false };

int
cmd_crl(int argc, char **argv)
{
	return admin_main(&command, argc, argv);
}
