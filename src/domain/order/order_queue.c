#include "domain/order/order_queue.h"

#include <string.h>

#include "base/str.h"

#define LOAD_MAX 1024
#define LOAD_OCTETS ((size_t)512 * 1024)
#define WARNINGS_MAX 200
#define IGNORED_OCTETS 600

struct waiting_request {
	const char	*file;
	int64_t		 line;
	bool		 bad;		/* not a request: why stands where its octets would */
};

struct load {
	struct waiting_request	 list[LOAD_MAX];
	struct csr_proof	 proofs[LOAD_MAX];
	size_t			 n, used;
	uint8_t			*der;	/* LOAD_OCTETS */
};

/* While one load is filled, the other one waits for its judge: its proofs are there. */
struct order_queue {
	struct order_run	*r;
	struct arena		*scratch;	/* of one request */
	struct csr_crew		*crew;		/* NULL: possession was proved before */
	struct load		 loads[2];
	struct load		*filled, *proved;
};

struct order_queue *
order_queue_new(struct order_run *r)
{
	struct order_queue *q = calloc(1, sizeof(*q));

	if (q == NULL)
		abort();
	q->r = r;
	q->scratch = arena_new((size_t)1024 * 1024);
	/* The file can't change between the passes: possession is proved once. */
	q->crew = r->pass == PASS_CHECK ? csr_crew_new(-1) : NULL;
	for (size_t i = 0; i < COUNT(q->loads); i++)
		if ((q->loads[i].der = malloc(LOAD_OCTETS)) == NULL)
			abort();
	q->filled = &q->loads[0];
	q->proved = &q->loads[1];
	return q;
}

void
order_queue_free(struct order_queue *q)
{
	/* First, for it may still be reading the loads. */
	csr_crew_free(q->crew);
	for (size_t i = 0; i < COUNT(q->loads); i++)
		free(q->loads[i].der);
	arena_free(q->scratch);
	free(q);
}

/* ---- judging ---- */

static void
warn_once(struct order_run *r, const struct waiting_request *w, const char *sentence)
{
	uint32_t first;

	if (r->warnings == NULL || r->pass != PASS_CHECK || r->warnings->n >= WARNINGS_MAX)
		return;
	if (r->seen_warnings == NULL)
		r->seen_warnings = names_new();
	if (names_add(r->seen_warnings, sentence, strlen(sentence), 0, &first))
		fault_add(r->warnings, w->file, w->line, NULL, NULL,
		    "%s: not taken from the request (here and in others)", sentence);
}

static void
copy_faults(struct order_run *r, const struct waiting_request *w, const struct faults *from)
{
	for (size_t i = 0; i < from->n; i++)
		fault_add(r->errors, w->file, from->list[i].line, from->list[i].field, from->list[i].value,
		    "%s", from->list[i].message);
}

/* What a request asked for in vain, as the item's history will say it. */
static const char *
ignored(struct arena *a, const struct csr_taken *t)
{
	OWN_STR struct str out = { 0 };

	for (size_t i = 0; i < t->n_ignored; i++) {
		if (out.len + strlen(t->ignored[i]) > IGNORED_OCTETS) {
			str_addf(&out, " and %zu more", t->n_ignored - i);
			break;
		}
		str_addf(&out, "%s%s", i > 0 ? ", " : "", t->ignored[i]);
	}
	return out.len == 0 ? NULL : arena_strdup(a, out.p);
}

static bool
request(struct order_queue *q, const struct waiting_request *w, const struct csr_proof *p, struct err *e)
{
	struct order_run *r = q->r;
	struct faults faults = { .arena = q->scratch };
	struct order_item it = { .line = w->line, .file = w->file };
	struct csr_taken taken = { 0 };
	struct err why = { 0 };
	struct csr csr;
	bool ok;

	arena_reset(q->scratch);
	ok = csr_decode(p->der, p->len, &csr, &why);
	/* Once more, to hear why. */
	if (ok && q->crew != NULL && !p->proved)
		ok = csr_verify(csr_crew_verifier(q->crew), &csr, &why);
	if (!ok) {
		if (why.kind == ERR_INTERNAL) {
			*e = why;
			return false;
		}
		fault_add(r->errors, w->file, w->line, "csr", NULL, "%s", why.msg);
		it.bad = true;
	} else if (!csr_judge(r->doc, &csr, w->file, w->line, &taken, &faults)) {
		if (r->pass == PASS_CHECK)
			copy_faults(r, w, &faults);
		it.bad = true;
	}
	for (size_t i = 0; i < taken.n_ignored; i++)
		warn_once(r, w, taken.ignored[i]);
	if (!it.bad) {
		memcpy(it.spki_sha256, taken.spki_sha256, sizeof(it.spki_sha256));
		it.spki = csr.key.spki;
		it.ignored = ignored(q->scratch, &taken);
		for (size_t i = 0; i < r->inputs_n && !it.bad; i++) {
			char *room;

			if (taken.inputs[i] == NULL || taken.inputs[i][0] == '\0')
				continue;
			room = arena_alloc(q->scratch, INPUT_VALUE_MAX);
			(void)order_value(r, &it, i, taken.inputs[i], strlen(taken.inputs[i]), room);
		}
	}
	return order_item_done(r, &it, e);
}

static bool
judge(struct order_queue *q, struct load *l, struct err *e)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct waiting_request *w = &l->list[i];

		if (!w->bad && !request(q, w, &l->proofs[i], e))
			return false;
		if (w->bad && q->r->pass == PASS_CHECK)
			fault_add(q->r->errors, w->file, w->line, "csr", NULL, "%s", (const char *)l->proofs[i].der);
	}
	l->n = l->used = 0;
	return true;
}

/* The load that was filled is proved while the one before is judged. */
static bool
turn(struct order_queue *q, struct err *e)
{
	struct load *l = q->filled;

	if (q->crew != NULL)
		csr_crew_begin(q->crew, l->proofs, l->n);
	if (!judge(q, q->proved, e))
		return false;
	if (q->crew != NULL)
		csr_crew_finish(q->crew);
	q->filled = q->proved;
	q->proved = l;
	return true;
}

bool
order_queue_settle(struct order_queue *q, struct err *e)
{
	return turn(q, e) && judge(q, q->proved, e);
}

/* ---- filling ---- */

static bool
add(struct order_queue *q, const struct waiting_request *w, const uint8_t *der, size_t len, struct err *e)
{
	struct load *l = q->filled;

	if (l->n == LOAD_MAX || LOAD_OCTETS - l->used < len) {
		if (!turn(q, e))
			return false;
		l = q->filled;
	}
	memcpy(l->der + l->used, der, len);
	l->list[l->n] = *w;
	l->proofs[l->n++] = (struct csr_proof){ .der = l->der + l->used, .len = len };
	l->used += len;
	return true;
}

bool
order_queue_request(struct order_queue *q, const char *file, int64_t line, const uint8_t *der, size_t len, struct err *e)
{
	return add(q, &(struct waiting_request){ .file = file, .line = line }, der, len, e);
}

bool
order_queue_bad(struct order_queue *q, const char *file, int64_t line, const char *why, struct err *e)
{
	return add(q, &(struct waiting_request){ .file = file, .line = line, .bad = true }, (const uint8_t *)why,
	    strlen(why) + 1, e);
}
