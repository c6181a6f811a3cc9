#include "status/signing.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "signlink/signlink.h"

#define THREADS		2
#define AT_ONCE		512
#define DELEGATES_MAX	256
#define DELEGATE_MS	60000		/* asked again so often */
#define TIMEOUT_MS	10000
#define ARENA_MAX	((size_t)64 << 20)
#define WAITING_MAX	20000

struct delegate {
	const struct authority	*ca;
	uint8_t			 responder[OCSP_KEY_HASH_LEN];
	enum signature_algorithm algorithm;
	struct str		 cert;
	int64_t			 not_after_s, asked_ms;
};

struct hand {
	struct signing	*s;
	pthread_t	 thread;
	bool		 runs;
	struct signlink	*link;
	struct arena	*arena;
	struct delegate	 delegates[DELEGATES_MAX];	/* by the CA's place; 0: none */
	size_t		 n;
	struct str	 tbs;
};

struct signing {
	char		*socket;
	pthread_mutex_t	 lock;
	pthread_cond_t	 work, done;
	signing_look	*look;
	void		*look_arg;
	struct sign_job	*first, **last;
	size_t		 waiting;
	uint64_t	 signed_, failed, messages;
	bool		 stop, signer_answers;
	struct hand	 hands[THREADS];
};

struct signing *
signing_new(const char *socket, signing_look *look, void *arg)
{
	struct signing *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->socket = strdup(socket)) == NULL)
		abort();
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->work, NULL);
	(void)pthread_cond_init(&s->done, NULL);
	s->last = &s->first;
	s->look = look;
	s->look_arg = arg;
	s->signer_answers = true;
	return s;
}

void
signing_free(struct signing *s)
{
	signing_stop(s);
	(void)pthread_cond_destroy(&s->done);
	(void)pthread_cond_destroy(&s->work);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->socket);
	free(s);
}

/* ---- delegates ---- */

static struct delegate *
delegate_place(struct hand *h, const struct authority *ca)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->delegates[i].ca == ca)
			return &h->delegates[i];
	if (h->n == DELEGATES_MAX) {	/* more CAs than that: one has to be asked for again */
		str_free(&h->delegates[0].cert);
		h->delegates[0] = (struct delegate){ .ca = ca };
		return &h->delegates[0];
	}
	h->delegates[h->n] = (struct delegate){ .ca = ca };
	return &h->delegates[h->n++];
}

static bool
delegate_get(struct hand *h, const struct authority *ca, bool anew, struct delegate **out, struct err *e)
{
	struct delegate *d = delegate_place(h, ca);
	struct signlink_delegate got;

	*out = d;
	if (!anew && d->cert.len != 0 && clock_mono_ms() - d->asked_ms < DELEGATE_MS && d->not_after_s > clock_now_s())
		return true;
	if (!signlink_ocsp_delegate(h->link, ca->issuer.id, h->arena, &got, e))
		return false;
	d->algorithm = signature_algorithm_of(got.algorithm);
	memcpy(d->responder, got.responder, sizeof(d->responder));
	str_clear(&d->cert);
	str_add(&d->cert, got.cert.p, got.cert.len);
	d->not_after_s = got.not_after_s;
	d->asked_ms = clock_mono_ms();
	return d->algorithm != SIGNATURE_NONE || err_sys(e, "the delegate's signature algorithm is unknown");
}

/* ---- a portion ---- */

static void
answer_finish(const struct delegate *d, struct sign_job *job)
{
	memcpy(job->answer.responder, d->responder, sizeof(d->responder));
	job->answer.produced_at_s = clock_now_s();
	for (size_t i = 0; i < job->answer.n; i++)
		if (job->answer.singles[i].next_update_s > d->not_after_s)
			job->answer.singles[i].next_update_s = d->not_after_s;
}

static void
all_failed(struct sign_job **jobs, size_t n, const struct err *why)
{
	for (size_t i = 0; i < n; i++)
		jobs[i]->err = *why;
}

static void
result_take(const struct delegate *d, struct sign_job *job, struct der tbs, const struct signlink_result *r)
{
	if (!r->ok) {
		(void)err_set(&job->err, ERR_INTERNAL, r->code, "%s", r->why);
		return;
	}
	str_clear(&job->response);
	ocsp_response_make(tbs, d->algorithm, r->signature.p, r->signature.len,
	    (struct der){ (const uint8_t *)d->cert.p, d->cert.len }, &job->response);
}

/* *changed: the signer has another delegate by now. */
static bool
sign_once(struct hand *h, struct sign_job **jobs, size_t n, bool anew, bool *changed, struct err *e)
{
	const struct authority *ca = jobs[0]->ca;
	struct delegate *d;
	size_t ends[AT_ONCE];
	struct der tbs[AT_ONCE];
	struct signlink_result results[AT_ONCE];

	*changed = false;
	if (!delegate_get(h, ca, anew, &d, e))
		return false;
	str_clear(&h->tbs);
	for (size_t i = 0; i < n; i++) {
		answer_finish(d, jobs[i]);
		ocsp_tbs_make(&jobs[i]->answer, &h->tbs);
		ends[i] = h->tbs.len;
	}
	for (size_t i = 0, at = 0; i < n; at = ends[i++])
		tbs[i] = (struct der){ (const uint8_t *)h->tbs.p + at, ends[i] - at };
	if (!signlink_sign_ocsp(h->link, ca->issuer.id, tbs, n, h->arena, results, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		*changed = *changed || (!results[i].ok && strcmp(results[i].code, "ocsp_delegate_changed") == 0);
		jobs[i]->err = (struct err){ 0 };
		result_take(d, jobs[i], tbs[i], &results[i]);
	}
	return true;
}

/* False: nothing could be said to the signer. */
static bool
sign_portion(struct hand *h, struct sign_job **jobs, size_t n)
{
	struct err e = { 0 };
	bool changed;

	arena_reset(h->arena);
	if (!h->s->look(h->s->look_arg, jobs, n, &e)) {
		all_failed(jobs, n, &e);
		return true;
	}
	if (!sign_once(h, jobs, n, false, &changed, &e)) {
		all_failed(jobs, n, &e);
		return false;
	}
	if (!changed || sign_once(h, jobs, n, true, &changed, &e))
		return true;
	all_failed(jobs, n, &e);
	return false;
}

/* ---- queue ---- */

/* The first that waits, and all behind it of the same CA. */
static size_t
portion_take(struct signing *s, struct sign_job **jobs)
{
	const struct authority *ca = s->first->ca;
	size_t n = 0;

	for (struct sign_job **at = &s->first; *at != NULL && n < AT_ONCE;) {
		struct sign_job *job = *at;

		if (job->ca != ca) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		if (job->next == NULL)
			s->last = at;
		jobs[n++] = job;
	}
	s->waiting -= n;
	return n;
}

static void *
sign_main(void *arg)
{
	struct hand *h = arg;
	struct signing *s = h->s;
	struct sign_job *jobs[AT_ONCE];

	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		size_t n, failed;
		bool answers;

		while (s->first == NULL && !s->stop)
			(void)pthread_cond_wait(&s->work, &s->lock);
		if (s->first == NULL)
			break;
		n = portion_take(s, jobs);
		(void)pthread_mutex_unlock(&s->lock);
		answers = sign_portion(h, jobs, n);
		failed = 0;
		for (size_t i = 0; i < n; i++) {
			failed += jobs[i]->err.kind != ERR_NONE;
			jobs[i]->over(jobs[i]->arg, jobs[i]);
		}
		(void)pthread_mutex_lock(&s->lock);
		s->signer_answers = answers;
		s->messages++;
		s->failed += failed;
		s->signed_ += n - failed;
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

bool
signing_start(struct signing *s, struct err *e)
{
	for (size_t i = 0; i < THREADS; i++) {
		struct hand *h = &s->hands[i];

		h->s = s;
		h->link = signlink_new(s->socket);
		h->arena = arena_new(ARENA_MAX);
		signlink_timeout(h->link, TIMEOUT_MS);
		if (pthread_create(&h->thread, NULL, sign_main, h) != 0)
			return err_sys(e, "threads cannot be started");
		h->runs = true;
	}
	return true;
}

void
signing_stop(struct signing *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->stop = true;
	(void)pthread_cond_broadcast(&s->work);
	(void)pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < THREADS; i++) {
		struct hand *h = &s->hands[i];

		if (h->runs)
			(void)pthread_join(h->thread, NULL);
		h->runs = false;
		if (h->link != NULL)
			signlink_free(give(h->link));
		if (h->arena != NULL)
			arena_free(give(h->arena));
		for (size_t k = 0; k < h->n; k++)
			str_free(&h->delegates[k].cert);
		h->n = 0;
		str_free(&h->tbs);
	}
}

void
signing_add(struct signing *s, struct sign_job *job)
{
	bool busy;

	job->next = NULL;
	(void)pthread_mutex_lock(&s->lock);
	busy = s->stop || s->waiting >= WAITING_MAX;
	if (!busy) {
		*s->last = job;
		s->last = &job->next;
		s->waiting++;
		(void)pthread_cond_signal(&s->work);
	}
	(void)pthread_mutex_unlock(&s->lock);
	if (!busy)
		return;
	(void)err_set(&job->err, ERR_UNAVAILABLE, "signing_busy", "too many answers wait to be signed");
	job->over(job->arg, job);
}

struct run {
	struct signing	*s;
	size_t		 left;
};

static void
run_over(void *arg, struct sign_job *job)
{
	struct run *run = arg;

	(void)job;
	(void)pthread_mutex_lock(&run->s->lock);
	if (--run->left == 0)
		(void)pthread_cond_broadcast(&run->s->done);
	(void)pthread_mutex_unlock(&run->s->lock);
}

void
signing_run(struct signing *s, struct sign_job *const *jobs, size_t n)
{
	struct run run = { .s = s, .left = n };

	for (size_t i = 0; i < n; i++) {
		jobs[i]->over = run_over;
		jobs[i]->arg = &run;
		signing_add(s, jobs[i]);
	}
	(void)pthread_mutex_lock(&s->lock);
	while (run.left > 0)
		(void)pthread_cond_wait(&s->done, &s->lock);
	(void)pthread_mutex_unlock(&s->lock);
}

void
signing_stats(struct signing *s, struct signing_stats *out)
{
	(void)pthread_mutex_lock(&s->lock);
	*out = (struct signing_stats){ .signed_ = s->signed_, .failed = s->failed, .messages = s->messages,
		.waiting = s->waiting, .signer_answers = s->signer_answers };
	(void)pthread_mutex_unlock(&s->lock);
}
