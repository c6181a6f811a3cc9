/* OCSP: requests by GET and POST, answers from memory or made anew. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "domain/certificate/status_feed.h"
#include "status/inside.h"
#include "store/certificate.h"
#include "x509/revocation/crl.h"

#define TYPE		OCSP_RESPONSE_TYPE
#define UNKNOWN_S	300		/* nextUpdate of what we never issued: it may be issued any moment */
#define TEXT_MAX	8192		/* the longest path there is */
#define TOGETHER	128		/* renewals signed at once */

static void
count(atomic_uint_fast64_t *n)
{
	atomic_fetch_add_explicit(n, 1, memory_order_relaxed);
}

static bool
say(struct status *st, struct http_res *s, enum ocsp_error what)
{
	atomic_uint_fast64_t *of = what == OCSP_MALFORMED ? &st->counts.malformed : what == OCSP_UNAUTHORIZED ?
	    &st->counts.unauthorized : what == OCSP_TRY_LATER ? &st->counts.try_later : &st->counts.internal;

	count(of);
	http_set(s, "Cache-Control", "no-store");
	return http_bytes_from(s, 200, TYPE, ocsp_error_response(what), OCSP_ERROR_LEN, NULL, NULL);
}

static void
done(void *arg)
{
	answer_release(arg);
}

static bool
has_etag(const struct http_req *q, const char *etag)
{
	const char *match = http_header(q, "If-None-Match");

	return match != NULL && strcmp(match, etag) == 0;
}

/* Takes the reference over. */
static bool
send_answer(const struct status *st, const struct http_req *q, struct http_res *s, struct answer *a)
{
	int64_t left = a->next_update_s - clock_now_s();
	int64_t age = left < st->conf.max_age_s ? left : st->conf.max_age_s;
	bool same = q->method != POST && has_etag(q, a->etag);
	char cache[96];

	if (!same && age == st->conf.max_age_s)
		return http_ready(s, answer_ready(a, age), done, a);
	cache_control(cache, sizeof(cache), age);
	http_set(s, "Cache-Control", cache);
	http_set(s, "ETag", a->etag);
	http_set(s, "Last-Modified", a->modified);
	http_set(s, "Expires", a->expires);
	if (same) {
		answer_release(a);
		return http_empty(s, 304);
	}
	return http_bytes_from(s, 200, TYPE, a->der, a->der_len, done, a);
}

/* ---- what is asked ---- */

static int
hex_value(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Base64, its characters percent-encoded or not (RFC 6960 appendix A.1); from the raw path. */
static bool
path_decode(const char *raw, uint8_t *out, size_t cap, size_t *len)
{
	char text[TEXT_MAX];
	size_t n = 0;

	for (; *raw != '\0' && n < sizeof(text); raw++) {
		if (*raw != '%') {
			text[n++] = *raw;
			continue;
		}
		if (hex_value(raw[1]) < 0 || hex_value(raw[2]) < 0)
			return false;
		text[n++] = (char)(hex_value(raw[1]) << 4 | hex_value(raw[2]));
		raw += 2;
	}
	return n < sizeof(text) && n > 0 && b64_decode(text, n, out, cap, len);
}

/* The request lives in the body, or in the arena. */
static bool
request_read(const struct http_req *q, struct ocsp_request *r)
{
	struct err e = { 0 };
	struct der d = { NULL, 0 };
	uint8_t *buf;

	if (q->method == POST) {
		if (q->body == NULL || q->body->len == 0)
			return false;
		d = (struct der){ q->body->p, q->body->len };
	} else {
		buf = arena_alloc(q->arena, TEXT_MAX);
		if (buf == NULL || !path_decode(http_param(q, "request"), buf, TEXT_MAX, &d.len))
			return false;
		d.p = buf;
	}
	return ocsp_request_parse(d, r, &e);
}

/* Whether an answer that is kept may serve. */
static bool
plain(const struct status *st, const struct ocsp_request *r)
{
	return r->n == 1 && (r->nonce.p == NULL || !st->conf.nonce);
}

/* ---- what is true ---- */

static void
single_make(const struct status *st, const struct authority *ca, const struct ocsp_certid *id,
    const struct status_lookup *found, int64_t now_s, struct ocsp_single *x)
{
	const struct status_row *row = &found->row;

	*x = (struct ocsp_single){ .certid = id->whole, .status = OCSP_UNKNOWN, .this_update_s = now_s };
	if (found->found && row->ca_id == ca->id) {
		x->status = row->state == CERTIFICATE_ISSUED ? OCSP_GOOD : OCSP_REVOKED;
		x->revoked_at_s = row->revoked_at;
		x->reason = row->state == CERTIFICATE_ON_HOLD ? CRL_HOLD : row->reason > 0 ? (int)row->reason : 0;
	} else if (authorities_issued(st->cas, ca, id->serial))
		x->status = OCSP_GOOD;
	x->next_update_s = now_s + (x->status == OCSP_UNKNOWN && st->conf.ocsp_validity_s > UNKNOWN_S ? UNKNOWN_S :
	    st->conf.ocsp_validity_s);
}

/* Serial numbers of another length were never given here: they are not looked for. */
static bool
is_ours(const struct ocsp_certid *id)
{
	return id->serial.len == sizeof(((struct status_row *)NULL)->serial);
}

bool
ocsp_look(void *arg, struct sign_job *const *jobs, size_t n, struct err *e)
{
	struct status *st = arg;
	int64_t mark = answers_mark(st->answers), now_s = clock_now_s();
	const struct status_lookup none = { .found = false };
	struct status_lookup *lookups;
	size_t most = 0, k = 0;
	bool ok;

	for (size_t i = 0; i < n; i++)
		most += jobs[i]->answer.n;
	lookups = calloc(most, sizeof(*lookups));
	if (lookups == NULL)
		abort();
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < jobs[i]->answer.n; j++)
			if (is_ours(&jobs[i]->ids[j]))
				lookups[k++].serial = jobs[i]->ids[j].serial.p;
	ok = k == 0 || status_find_all(&st->app, lookups, k, e);
	atomic_store(&st->store_answers, ok);
	k = 0;
	for (size_t i = 0; ok && i < n; i++) {
		jobs[i]->mark = mark;
		for (size_t j = 0; j < jobs[i]->answer.n; j++) {
			const struct ocsp_certid *id = &jobs[i]->ids[j];

			single_make(st, jobs[i]->ca, id, is_ours(id) ? &lookups[k++] : &none, now_s, &jobs[i]->answer.singles[j]);
		}
	}
	free(lookups);
	return ok;
}

/* ---- making answers ---- */

/* Takes what the job signed. */
static struct answer *
job_answer(const struct sign_job *job)
{
	const struct ocsp_single *x = &job->answer.singles[0];

	return answer_new(job->ca, job->ids[0].whole, job->ids[0].serial,
	    (struct der){ (const uint8_t *)job->response.p, job->response.len }, x->this_update_s, x->next_update_s);
}

/* All of one issuer: an answer has one signer, and no client takes it from another CA's.  NULL: foreign, or of several. */
static const struct authority *
issuer_of(const struct status *st, const struct ocsp_request *r)
{
	const struct authority *ca = authorities_by_certid(st->cas, &r->ids[0]);

	for (size_t i = 1; i < r->n && ca != NULL; i++)
		if (authorities_by_certid(st->cas, &r->ids[i]) != ca)
			ca = NULL;
	return ca;
}

static bool
fail(struct status *st, struct http_res *s, const struct err *e)
{
	status_log_err("ocsp.failed", e);
	return say(st, s, e->kind == ERR_UNAVAILABLE || e->kind == ERR_RETRY || e->kind == ERR_CONFLICT ? OCSP_TRY_LATER :
	    OCSP_INTERNAL);
}

/* A request whose answer is not in memory; it lies in the request's arena. */
struct ask {
	struct status		*st;
	const struct http_req	*q;
	struct http_turn	*turn;
	struct sign_job		 job;
	bool			 plain;
	struct ocsp_certid	 ids[];
};

static bool
ask_answer(struct ask *ask, struct http_res *s)
{
	struct status *st = ask->st;
	struct answer *a;

	if (ask->job.err.kind != ERR_NONE)
		return fail(st, s, &ask->job.err);
	count(&st->counts.fresh);
	if (!ask->plain) {
		http_set(s, "Cache-Control", "no-store");
		return http_bytes(s, 200, TYPE, ask->job.response.p, ask->job.response.len);
	}
	a = job_answer(&ask->job);
	atomic_store(&a->asked_s, clock_now_s());
	/* What was never issued is not kept: anybody can make such requests, and it may be issued now. */
	if (ask->job.answer.singles[0].status != OCSP_UNKNOWN)
		(void)answers_put(st->answers, a, ask->job.mark);
	return send_answer(st, ask->q, s, a);
}

static void
ask_over(void *arg, struct sign_job *job)
{
	struct ask *ask = arg;

	(void)ask_answer(ask, http_turn_res(ask->turn));
	str_free(&job->response);
	http_turn_over(ask->turn);
}

static void
ask_begin(void *arg, struct http_turn *turn)
{
	struct ask *ask = arg;

	ask->turn = turn;
	signing_add(ask->st->signing, &ask->job);
}

bool
status_ocsp(struct status *st, const struct http_req *q, struct http_res *s)
{
	const struct authority *ca;
	struct ocsp_request r;
	struct answer *a;
	struct ask *ask;

	if (!request_read(q, &r))
		return say(st, s, OCSP_MALFORMED);
	if (plain(st, &r) && (a = answers_get(st->answers, r.ids[0].whole, r.ids[0].serial, clock_now_s())) != NULL) {
		count(&st->counts.ready);
		return send_answer(st, q, s, a);
	}
	ca = issuer_of(st, &r);
	if (ca == NULL)
		return say(st, s, OCSP_UNAUTHORIZED);
	ask = arena_alloc(q->arena, sizeof(*ask) + r.n * sizeof(*ask->ids));
	if (ask == NULL)
		return say(st, s, OCSP_INTERNAL);
	memcpy(ask->ids, r.ids, r.n * sizeof(*ask->ids));
	ask->st = st;
	ask->q = q;
	ask->plain = plain(st, &r);
	ask->job.ca = ca;
	ask->job.ids = ask->ids;
	ask->job.answer.n = r.n;
	if (st->conf.nonce)
		ask->job.answer.nonce = r.nonce;
	ask->job.over = ask_over;
	ask->job.arg = ask;
	return http_later(s, ask_begin, ask);
}

bool
status_ocsp_route(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	(void)e;
	return status_ocsp((struct status *)(void *)app, q, s);
}

/* ---- renewal ---- */

static void
renew_some(struct status *st, const struct renewal *list, size_t n)
{
	struct sign_job *jobs = calloc(n, sizeof(*jobs)), *of[TOGETHER];
	struct ocsp_certid ids[TOGETHER];
	struct err e = { 0 };
	size_t k = 0;

	if (jobs == NULL)
		abort();
	for (size_t i = 0; i < n; i++) {
		if (!ocsp_certid_parse((struct der){ list[i].certid, list[i].certid_len }, &ids[k]))
			continue;
		jobs[k].ca = list[i].ca;
		jobs[k].ids = &ids[k];
		jobs[k].answer.n = 1;
		of[k] = &jobs[k];
		k++;
	}
	if (k > 0)
		signing_run(st->signing, of, k);
	for (size_t i = 0; i < k; i++) {
		if (jobs[i].err.kind != ERR_NONE)
			e = jobs[i].err;
		else if (jobs[i].answer.singles[0].status != OCSP_UNKNOWN) {
			struct answer *a = job_answer(&jobs[i]);

			/* It was asked for: that is why it is renewed, and again only when it is asked for again. */
			(void)answers_put(st->answers, a, jobs[i].mark);
			answer_release(a);
			count(&st->counts.renewed);
		}
		str_free(&jobs[i].response);
	}
	free(jobs);
	if (e.kind != ERR_NONE)
		status_log_err("ocsp.renewal", &e);
}

void
ocsp_renew(struct status *st, const struct renewal *list, size_t n)
{
	for (size_t at = 0; at < n; at += TOGETHER)
		renew_some(st, list + at, n - at < TOGETHER ? n - at : TOGETHER);
}
