#include "signer/list/lists.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "signer/list/list_evidence.h"
#include "signer/list/liststate.h"
#include "signer/proto.h"
#include "x509/cert.h"
#include "x509/revocation/crl.h"

#define SKEW_S 3600			/* thisUpdate may be off now */

struct lists {
	const struct conf	*conf;
	struct journal		*journal;
	pthread_mutex_t		 lock;	/* one list at a time: each is held against the one before */
};

/* One list on its way. */
struct merge {
	struct lists		*lists;
	const struct list_request *q;
	struct list_reader	*old;
	struct list_entry	 was;		/* the old list's next */
	bool			 was_more;
	struct list_writer	*new;
	struct evidence		*evidence;
};

bool
lists_open(const struct conf *conf, struct journal *journal, struct lists **out, struct err *e)
{
	struct lists *s = calloc(1, sizeof(*s));

	(void)e;
	if (s == NULL)
		abort();
	s->conf = conf;
	s->journal = journal;
	pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return true;
}

void
lists_free(struct lists *s)
{
	pthread_mutex_destroy(&s->lock);
	free(s);
}

__attribute__((format(printf, 2, 3)))
static bool
refuse(struct err *e, const char *fmt, ...)
{
	char why[160];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(e, ERR_FORBIDDEN, "crl_refused", "%s", why);
}

static bool
serial_refuse(struct err *e, const uint8_t *serial, size_t len, const char *why)
{
	char hex[2 * CRL_SERIAL_MAX + 1];

	hex_upper(serial, len, hex);
	return refuse(e, "serial %s %s", hex, why);
}

/* SHA-1 only where the CA itself is signed with it: old hierarchies stay what they are. */
static bool
algorithm_ok(const struct ca *ca, enum signature_algorithm a)
{
	struct cert c;
	struct err e = { 0 };

	if (a == SIGNATURE_NONE || signature_algorithm_key(a) != ca->issuer.key.algorithm)
		return false;
	return a != SIGNATURE_RSA_SHA1 || (cert_decode(ca->issuer.cert.p, ca->issuer.cert.len, &c, &e)
	    && c.signature_algorithm == SIGNATURE_RSA_SHA1);
}

/* What can be known before the entries. */
static bool
front_ok(const struct lists *s, const struct ca *ca, const struct crl_head *h, struct err *e)
{
	const int64_t now_s = clock_now_s();

	if (!algorithm_ok(ca, h->signature))
		return refuse(e, "the signature algorithm is not one of CA %s", ca->id);
	if (!der_equal(h->issuer, ca->issuer.subject.p, ca->issuer.subject.len))
		return refuse(e, "the issuer is not the subject of CA %s", ca->id);
	if (h->this_update_s > now_s + SKEW_S || h->this_update_s < now_s - SKEW_S)
		return refuse(e, "thisUpdate is not now");
	if (h->next_update_s == CRL_NO_TIME || h->next_update_s <= h->this_update_s)
		return refuse(e, "nextUpdate is missing or not after thisUpdate");
	if (h->next_update_s - h->this_update_s > s->conf->crl_next_update_max_s)
		return refuse(e, "nextUpdate is more than %lld s after thisUpdate",
		    (long long)s->conf->crl_next_update_max_s);
	return true;
}

static bool
distribution_ok(const struct lists *s, const struct list_request *q, const struct crl_head *h, struct err *e)
{
	char uri[CRL_URI_MAX];
	const char *site = s->conf->public_url != NULL ? s->conf->public_url : "";

	if (q->shard != PROTO_WHOLE_LIST)
		snprintf(uri, sizeof(uri), "%s/crl/%s/%u.crl", site, q->ca->issuer.id, q->shard);
	else
		snprintf(uri, sizeof(uri), "%s/crl/%s.crl", site, q->ca->issuer.id);
	if (h->idp_uri.p == NULL && (q->shard != PROTO_WHOLE_LIST || h->idp_only_user))
		return refuse(e, "a list in part needs the distribution point %.100s", uri);
	if (h->idp_uri.p != NULL && !der_equal(h->idp_uri, uri, strlen(uri)))
		return refuse(e, "the distribution point is not %.100s", uri);
	return true;
}

/* What stands behind the entries. */
static bool
back_ok(const struct lists *s, const struct list_request *q, const struct crl_head *h, const struct list_head *last,
    struct list_number *number, struct err *e)
{
	struct list_number base;

	if (!der_equal(h->key_id, q->ca->issuer.ski.p, q->ca->issuer.ski.len))
		return refuse(e, "the authority key identifier is not that of CA %s", q->ca->id);
	if (!distribution_ok(s, q, h, e) || !list_number_set(number, h->number, e))
		return false;
	if (list_number_cmp(number, &last->number) <= 0 || list_number_cmp(number, &last->delta) <= 0)
		return refuse(e, "the CRL number does not rise over the last one");
	if ((h->base_number.p != NULL) != q->delta)
		return refuse(e, "%s", q->delta ? "a delta needs a deltaCRLIndicator"
		    : "a whole list has no deltaCRLIndicator");
	if (!q->delta)
		return true;
	if (!list_number_set(&base, h->base_number, e))
		return false;
	if (last->number.len == 0 || list_number_cmp(&base, &last->number) != 0)
		return refuse(e, "a delta's base is the last whole list");
	return true;
}

/* An entry of the last list that is not in this one: released from hold, or expired before that list. */
static bool
may_leave(struct merge *m, const struct list_entry *x, struct err *e)
{
	int64_t ends_s;
	bool known;

	if ((x->flags & LIST_HOLD) != 0)
		return true;
	if (!evidence_ends(m->evidence, x->serial, x->len, &known, &ends_s, e))
		return false;
	if (!known)
		return serial_refuse(e, x->serial, x->len,
		    "is missing, and its certificate is not in this signer's journal");
	if (ends_s > list_reader_head(m->old)->this_update_s)
		return serial_refuse(e, x->serial, x->len, "is missing, though its certificate had not expired");
	return true;
}

static bool
old_next(struct merge *m, struct err *e)
{
	return list_reader_next(m->old, &m->was, &m->was_more, e);
}

/* The old list's entry has no counterpart. */
static bool
only_old(struct merge *m, struct err *e)
{
	if (m->q->delta && (m->was.flags & LIST_DELTA) == 0) {
		if (!list_writer_add(m->new, &m->was, e))	/* of the base: the delta need not repeat it */
			return false;
	} else if (!may_leave(m, &m->was, e))
		return false;
	return old_next(m, e);
}

/* An entry of the new list; `was`: the old list's of the same serial, or NULL. */
static bool
take(struct merge *m, const struct crl_entry *x, const struct list_entry *was, struct err *e)
{
	struct list_entry out = { .len = (uint8_t)x->serial_len };

	memcpy(out.serial, x->serial, x->serial_len);
	if (x->reason == CRL_REMOVE) {
		if (!m->q->delta)
			return serial_refuse(e, x->serial, x->serial_len, "is removeFromCRL in a whole list");
		return was == NULL || may_leave(m, was, e);
	}
	if (x->reason == CRL_HOLD) {
		if (was != NULL && (was->flags & LIST_HOLD) == 0)
			return serial_refuse(e, x->serial, x->serial_len, "was revoked for good and would be on hold");
		out.flags |= LIST_HOLD;
	}
	if (m->q->delta && (was == NULL || (was->flags & LIST_DELTA) != 0))
		out.flags |= LIST_DELTA;
	return list_writer_add(m->new, &out, e);
}

static bool
in_shard(const struct list_request *q, const struct crl_entry *x)
{
	uint8_t serial[16] = { 0 };

	if (q->shard == PROTO_WHOLE_LIST)
		return true;
	if (x->serial_len > sizeof(serial))
		return false;
	memcpy(serial + sizeof(serial) - x->serial_len, x->serial, x->serial_len);
	return ca_shard_holds(q->ca, serial, q->shard);
}

static bool
entries_merge(struct merge *m, struct crl_reader *r, uint64_t *n, struct err *e)
{
	struct crl_entry x;
	bool more;

	*n = 0;
	if (!old_next(m, e))
		return false;
	for (;;) {
		if (!crl_reader_next(r, &x, &more, e))
			return false;
		if (!more)
			break;
		if (!crl_reader_sorted(r))
			return refuse(e, "the entries do not stand in the order of their serials");
		if (!in_shard(m->q, &x))
			return serial_refuse(e, x.serial, x.serial_len, "belongs to another shard");
		while (m->was_more && crl_serial_cmp(m->was.serial, m->was.len, x.serial, x.serial_len) < 0)
			if (!only_old(m, e))
				return false;
		if (m->was_more && crl_serial_cmp(m->was.serial, m->was.len, x.serial, x.serial_len) == 0) {
			if (!take(m, &x, &m->was, e) || !old_next(m, e))
				return false;
		} else if (!take(m, &x, NULL, e))
			return false;
		(*n)++;
	}
	while (m->was_more)
		if (!only_old(m, e))
			return false;
	return true;
}

static bool
sign_digest(const struct ca *ca, enum signature_algorithm a, const struct crl_reader *r, struct list_signed *out,
    uint8_t digest[CRL_DIGEST_MAX], size_t *digest_len, struct err *e)
{
	OWN(signing_end) struct signing *signing = NULL;

	*digest_len = crl_reader_digest(r, digest);
	out->algorithm = a;
	out->sig_len = sizeof(out->sig);
	return signing_begin(ca->key, a, &signing, e)
	    && signing_digest(signing, digest, *digest_len, out->sig, &out->sig_len, e);
}

/* Signed, journaled, and the new state in place: only then may it leave. */
static bool
finish(struct merge *m, struct crl_reader *r, struct list_signed *out, struct err *e)
{
	const struct crl_head *h = crl_reader_head(r);
	struct list_head head = *list_reader_head(m->old);
	struct journal_record record = { .kind = JOURNAL_CRL, .ca = m->q->ca->issuer.ski };
	struct list_number number;
	uint8_t digest[CRL_DIGEST_MAX];
	size_t digest_len;

	if (!back_ok(m->lists, m->q, h, &head, &number, e))
		return false;
	if (m->q->delta)
		head.delta = number;
	else {
		head.number = number;
		head.delta = (struct list_number){ 0 };
		head.this_update_s = h->this_update_s;
	}
	if (!list_writer_end(m->new, &head, e)
	    || !sign_digest(m->q->ca, h->signature, r, out, digest, &digest_len, e))
		return false;
	record.serial.len = number.len;
	memcpy(record.serial.b, number.b, number.len);
	record.profile = m->q->shard == PROTO_WHOLE_LIST ? 0 : (int64_t)m->q->shard + 1;
	record.version = m->q->delta;
	record.data = (struct der){ digest, digest_len };
	return journal_append(m->lists->journal, &record, 1, e) && list_writer_commit(m->new, e);
}

static void
state_path(const struct lists *s, const struct list_request *q, char *buf, size_t cap)
{
	if (q->shard == PROTO_WHOLE_LIST)
		snprintf(buf, cap, "%s/%s.list", s->conf->crl, q->ca->id);
	else
		snprintf(buf, cap, "%s/%s.%u.list", s->conf->crl, q->ca->id, q->shard);
}

static bool
sign_locked(struct lists *s, const struct list_request *q, struct list_signed *out, struct err *e)
{
	OWN(crl_reader_free) struct crl_reader *r = NULL;
	OWN(list_reader_free) struct list_reader *old = NULL;
	OWN(list_writer_free) struct list_writer *new = NULL;
	OWN(evidence_free) struct evidence *evidence = NULL;
	struct merge m = { .lists = s, .q = q };
	char path[PATH_MAX];

	state_path(s, q, path, sizeof(path));
	if (!evidence_open(q->ca, s->journal, q->evidence_fd, &evidence, e)
	    || !crl_reader_file(CRL_TBS, q->fd, q->at, q->len, &r, e)
	    || !front_ok(s, q->ca, crl_reader_head(r), e)
	    || !list_reader_open(path, &old, e) || !list_writer_new(path, &new, e))
		return false;
	m.evidence = evidence;
	m.old = old;
	m.new = new;
	return entries_merge(&m, r, &out->entries, e) && finish(&m, r, out, e);
}

bool
lists_sign(struct lists *s, const struct list_request *q, struct list_signed *out, struct err *e)
{
	struct stat st;
	bool ok;

	if (q->ca->key == NULL)
		return err_set(e, ERR_FORBIDDEN, "ca_key", "the key of CA %s is not in this signer", q->ca->id);
	if (q->shard != PROTO_WHOLE_LIST && q->shard >= ca_shard_lists(q->ca))
		return refuse(e, "CA %s has no shard %u", q->ca->id, q->shard);
	if (fstat(q->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "crl_file", "a list comes in a regular file");
	pthread_mutex_lock(&s->lock);
	ok = sign_locked(s, q, out, e);
	pthread_mutex_unlock(&s->lock);
	if (ok)
		log_info("crl.signed", "ca=%s shard=%d delta=%d entries=%llu", q->ca->id, (int)q->shard, q->delta,
		    (unsigned long long)out->entries);
	return ok;
}
