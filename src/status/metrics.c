/* What operators' tools ask the status process: /metrics/status (OpenMetrics), on the inside only. */
#include "base/str.h"
#include "status/inside.h"

static const struct http_server *_Atomic server;

void
status_ops_serve(const struct http_server *s)
{
	atomic_store(&server, s);
}

static void
family(struct str *o, const char *name, const char *type, const char *help)
{
	str_addf(o, "# TYPE certmill_%s %s\n# HELP certmill_%s %s\n", name, type, name, help);
}

static void
counter(struct str *o, const char *name, const char *help, uint64_t value)
{
	family(o, name, "counter", help);
	str_addf(o, "certmill_%s_total %llu\n", name, (unsigned long long)value);
}

static void
gauge(struct str *o, const char *name, const char *help, uint64_t value)
{
	family(o, name, "gauge", help);
	str_addf(o, "certmill_%s %llu\n", name, (unsigned long long)value);
}

static void
outcomes(struct str *o, struct status_counts *c)
{
	const struct { const char *name; atomic_uint_fast64_t *n; } list[] = {
		{ "ready", &c->ready }, { "signed", &c->fresh }, { "malformed", &c->malformed },
		{ "unauthorized", &c->unauthorized }, { "try_later", &c->try_later }, { "internal", &c->internal },
	};

	family(o, "ocsp_requests", "counter", "OCSP requests by what became of them; ready: answered from memory.");
	for (size_t i = 0; i < COUNT(list); i++)
		str_addf(o, "certmill_ocsp_requests_total{outcome=\"%s\"} %llu\n", list[i].name,
		    (unsigned long long)atomic_load(list[i].n));
}

static bool
metrics(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct status *st = (struct status *)(void *)app;
	const struct http_server *of = atomic_load(&server);
	OWN_STR struct str o = { 0 };
	struct signing_stats signing;
	struct http_stats http = { 0 };

	(void)q;
	(void)e;
	signing_stats(st->signing, &signing);
	if (of != NULL)
		http_server_stats(of, &http);
	outcomes(&o, &st->counts);
	counter(&o, "ocsp_renewed", "Answers made anew ahead of their end, or after a change.", atomic_load(&st->counts.renewed));
	counter(&o, "ocsp_signatures", "Answers that the signer signed.", signing.signed_);
	counter(&o, "ocsp_signatures_failed", "Answers that were to be signed, and were not.", signing.failed);
	counter(&o, "ocsp_signer_messages", "Messages to the signer.", signing.messages);
	gauge(&o, "ocsp_waiting", "Answers that wait to be looked up and signed.", signing.waiting);
	gauge(&o, "ocsp_cache_octets", "Memory that kept answers take.", answers_octets(st->answers));
	gauge(&o, "ocsp_cache_answers", "Answers that are kept.", answers_count(st->answers));
	gauge(&o, "status_store_up", "Whether the store answered when it was asked last.", atomic_load(&st->store_answers));
	gauge(&o, "status_signer_up", "Whether the signer answered when it was asked last.", signing.signer_answers);
	gauge(&o, "status_change", "Number of the last change that is known.", (uint64_t)answers_mark(st->answers));
	counter(&o, "status_http_requests", "Requests since the start of the status process.", http.requests);
	gauge(&o, "status_http_active", "Requests that are worked on or answered now.", http.active);
	str_adds(&o, "# EOF\n");
	return http_bytes(s, 200, "application/openmetrics-text; version=1.0.0; charset=utf-8", o.p, o.len);
}

const struct route status_ops_routes[] = {
	{ GET, "/metrics/status", 0, 0, 0, metrics },
};
const size_t status_ops_routes_n = COUNT(status_ops_routes);
