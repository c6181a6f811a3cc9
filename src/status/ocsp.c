/* OCSP: requests by GET and POST, answers from memory or made anew. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "domain/status_feed.h"
#include "status/inside.h"
#include "store/certificate.h"
#include "x509/crl.h"

#define TYPE		OCSP_RESPONSE_TYPE
#define UNKNOWN_S	300		/* nextUpdate of what we never issued: it may be issued any moment */
#define TOGETHER	128		/* renewals signed at once */

static bool
say(struct http_res *s, enum ocsp_error what)
{
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
	char text[2 * OCSP_REQUEST_MAX];
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

/* The request lives in `buf`, or in the body. */
static bool
request_read(const struct http_req *q, uint8_t buf[OCSP_REQUEST_MAX], struct ocsp_request *r)
{
	struct err e = { 0 };
	struct der d = { buf, 0 };

	if (q->method == POST) {
		if (q->body == NULL || q->body->len == 0)
			return false;
		d = (struct der){ q->body->p, q->body->len };
	} else if (!path_decode(http_param(q, "request"), buf, OCSP_REQUEST_MAX, &d.len))
		return false;
	return ocsp_request_parse(d, r, &e);
}

/* Whether an answer that is kept may serve. */
static bool
plain(const struct status *st, const struct ocsp_request *r)
{
	return r->n == 1 && (r->nonce.p == NULL || !st->conf.nonce);
}

bool
status_ocsp_quick(struct status *st, const struct http_req *q, struct http_res *s)
{
	uint8_t buf[OCSP_REQUEST_MAX];
	struct ocsp_request r;
	struct answer *a;

	if (!request_read(q, buf, &r))
		return say(s, OCSP_MALFORMED);
	if (!plain(st, &r))
		return false;
	a = answers_get(st->answers, r.ids[0].whole, r.ids[0].serial, clock_now_s());
	return a != NULL && send_answer(st, q, s, a);
}

/* ---- what is true ---- */

static void
single_revoked(struct ocsp_single *x, const struct status_row *row)
{
	x->status = OCSP_REVOKED;
	x->revoked_at_s = row->revoked_at;
	x->reason = row->state == CERTIFICATE_ON_HOLD ? CRL_HOLD : row->reason > 0 ? (int)row->reason : 0;
}

static bool
single_make(const struct status *st, const struct authority *ca, const struct ocsp_certid *id, int64_t now_s,
    struct ocsp_single *x, struct err *e)
{
	struct status_row row;
	bool found = false;

	*x = (struct ocsp_single){ .certid = id->whole, .status = OCSP_UNKNOWN, .this_update_s = now_s };
	if (id->serial.len == sizeof(row.serial) && !status_find(&st->app, id->serial.p, &row, &found, e))
		return false;
	if (found && row.ca_id == ca->id) {
		if (row.state == CERTIFICATE_ISSUED)
			x->status = OCSP_GOOD;
		else
			single_revoked(x, &row);
	} else if (authorities_issued(st->cas, ca, id->serial))
		x->status = OCSP_GOOD;
	x->next_update_s = now_s + (x->status == OCSP_UNKNOWN && st->conf.ocsp_validity_s > UNKNOWN_S ? UNKNOWN_S :
	    st->conf.ocsp_validity_s);
	return true;
}

/* ---- making answers ---- */

static struct sign_job *
job_new(const struct authority *ca)
{
	struct sign_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		abort();
	job->ca = ca;
	return job;
}

static void
job_free(struct sign_job *job)
{
	str_free(&job->response);
	free(job);
}
OWN_TYPE(struct sign_job, job_free)

static struct answer *
job_answer(const struct sign_job *job, const struct ocsp_certid *id)
{
	const struct ocsp_single *x = &job->answer.singles[0];

	return answer_new(job->ca, id->whole, id->serial,
	    (struct der){ (const uint8_t *)job->response.p, job->response.len }, x->this_update_s, x->next_update_s);
}

/* All of one issuer: an answer has one signer.  NULL: foreign, or of several. */
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
fail(struct http_res *s, const struct err *e)
{
	status_log_err("ocsp.failed", e);
	return say(s, e->kind == ERR_UNAVAILABLE || e->kind == ERR_RETRY || e->kind == ERR_CONFLICT ? OCSP_TRY_LATER :
	    OCSP_INTERNAL);
}

static bool
send_fresh(struct http_res *s, const struct sign_job *job)
{

	http_set(s, "Cache-Control", "no-store");
	return http_bytes(s, 200, TYPE, job->response.p, job->response.len);
}

static bool
answer(struct status *st, const struct http_req *q, struct http_res *s)
{
	uint8_t buf[OCSP_REQUEST_MAX];
	struct ocsp_request r;
	OWN(job_free) struct sign_job *job = NULL;
	int64_t mark = answers_mark(st->answers), now_s = clock_now_s();
	const struct authority *ca;
	struct answer *a;
	struct err e = { 0 };

	if (!request_read(q, buf, &r))
		return say(s, OCSP_MALFORMED);
	ca = issuer_of(st, &r);
	if (ca == NULL)
		return say(s, OCSP_UNAUTHORIZED);
	if (plain(st, &r) && (a = answers_get(st->answers, r.ids[0].whole, r.ids[0].serial, now_s)) != NULL)
		return send_answer(st, q, s, a);
	job = job_new(ca);
	job->answer.n = r.n;
	if (st->conf.nonce)
		job->answer.nonce = r.nonce;
	for (size_t i = 0; i < r.n; i++)
		if (!single_make(st, ca, &r.ids[i], now_s, &job->answer.singles[i], &e))
			return fail(s, &e);
	signing_run(st->signing, &job, 1);
	if (job->err.kind != ERR_NONE)
		return fail(s, &job->err);
	if (!plain(st, &r))
		return send_fresh(s, job);
	a = job_answer(job, &r.ids[0]);
	atomic_store(&a->asked_s, now_s);
	/* What was never issued is not kept: anybody can make such requests, and it may be issued now. */
	if (job->answer.singles[0].status != OCSP_UNKNOWN)
		(void)answers_put(st->answers, a, mark);
	return send_answer(st, q, s, a);
}

bool
status_ocsp_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	(void)e;
	return answer((struct status *)(void *)app, q, s);
}

bool
status_ocsp_post(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	(void)e;
	return answer((struct status *)(void *)app, q, s);
}

/* ---- renewal ---- */

static void
renew_some(struct status *st, const struct renewal *list, size_t n)
{
	struct sign_job *jobs[TOGETHER];
	struct ocsp_certid ids[TOGETHER];
	int64_t mark = answers_mark(st->answers), now_s = clock_now_s();
	struct err e = { 0 };
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		struct sign_job *job = job_new(list[i].ca);

		job->answer.n = 1;
		if (!ocsp_certid_parse((struct der){ list[i].certid, list[i].certid_len }, &ids[k]) ||
		    !single_make(st, job->ca, &ids[k], now_s, &job->answer.singles[0], &e)) {
			job_free(job);
			continue;
		}
		jobs[k++] = job;
	}
	if (k > 0)
		signing_run(st->signing, jobs, k);
	for (size_t i = 0; i < k; i++) {
		if (jobs[i]->err.kind == ERR_NONE && jobs[i]->answer.singles[0].status != OCSP_UNKNOWN) {
			struct answer *a = job_answer(jobs[i], &ids[i]);

			/* It was asked for: that is why it is renewed, and again only when it is asked for again. */
			(void)answers_put(st->answers, a, mark);
			answer_release(a);
		} else if (jobs[i]->err.kind != ERR_NONE)
			e = jobs[i]->err;
		job_free(jobs[i]);
	}
	if (e.kind != ERR_NONE)
		status_log_err("ocsp.renewal", &e);
}

void
ocsp_renew(struct status *st, const struct renewal *list, size_t n)
{
	for (size_t at = 0; at < n; at += TOGETHER)
		renew_some(st, list + at, n - at < TOGETHER ? n - at : TOGETHER);
}
