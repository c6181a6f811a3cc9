/* Revocation lists in /metrics: when each ends, so that an alarm can be set before. */
#include "base/arena.h"
#include "base/str.h"
#include "cmd/ops.h"
#include "domain/certificate/crl.h"
#include "domain/certificate/status_feed.h"
#include "store/profile.h"

static const char *
ski_of(const struct ca *cas, size_t n, int64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (cas[i].id == id)
			return cas[i].ski;
	return "unknown";
}

static void
family(struct str *o, const char *name, const char *help, const struct crl_row *rows, size_t n, const struct ca *cas,
    size_t cas_n, int64_t (*value)(const struct crl_row *))
{
	str_addf(o, "# TYPE certmill_%s gauge\n# HELP certmill_%s %s\n", name, name, help);
	for (size_t i = 0; i < n; i++) {
		const struct crl_row *r = &rows[i];

		str_addf(o, "certmill_%s{ca=\"%s\",kind=\"%s\",shard=\"", name, ski_of(cas, cas_n, r->ca_id),
		    r->delta ? "delta" : "full");
		if (r->shard >= 0)
			str_addf(o, "%lld", (long long)r->shard);
		str_addf(o, "\"} %lld\n", (long long)value(r));
	}
}

static int64_t
next_update(const struct crl_row *r)
{
	return r->next_update;
}

static int64_t
entries(const struct crl_row *r)
{
	return r->entries;
}

static void
alarms(struct app *app, struct arena *a, struct str *o)
{
	struct err e = { 0 };
	struct crl_alarm *list;
	size_t n;

	if (!crl_alarms(app, a, &list, &n, &e))
		return;
	str_adds(o, "# TYPE certmill_crl_alarms gauge\n# HELP certmill_crl_alarms Revocation lists that are missing, past their end"
	    " or cannot be made.\n");
	str_addf(o, "certmill_crl_alarms %zu\n", n);
	str_adds(o, "# TYPE certmill_crl_alarm gauge\n# HELP certmill_crl_alarm One of them, and what is wrong.\n");
	for (size_t i = 0; i < n; i++) {
		str_addf(o, "certmill_crl_alarm{ca=\"%s\",trouble=\"%s\",shard=\"", list[i].ski,
		    crl_trouble_names[crl_trouble(&list[i])]);
		if (list[i].shard >= 0)
			str_addf(o, "%lld", (long long)list[i].shard);
		str_adds(o, "\"} 1\n");
	}
}

void
ops_crl_metrics(struct app *app, struct str *o)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)64 << 20);
	struct err e = { 0 };
	struct crl_row *rows;
	size_t n, cas_n;
	struct ca *cas;

	/* While the store is down the figures are missing, which is an alarm of its own. */
	if (!crl_rows(app, a, &rows, &n, &e) || !status_cas(app, a, &cas, &cas_n, &e))
		return;
	family(o, "crl_next_update_seconds", "When the revocation list ends, Unix time.", rows, n, cas, cas_n, next_update);
	family(o, "crl_entries", "Entries of the revocation list.", rows, n, cas, cas_n, entries);
	alarms(app, a, o);
}
