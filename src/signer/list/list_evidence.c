#include "signer/list/list_evidence.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

#define EVIDENCE_MAX ((size_t)64 << 20)		/* octets of certificates */

struct shown {
	struct journal_serial	serial;
	int64_t			not_after_s;
};

struct evidence {
	const struct ca		*ca;
	struct journal		*journal;
	struct shown		*list;		/* sorted */
	size_t			 n, cap;
};

void
evidence_free(struct evidence *v)
{
	free(v->list);
	free(v);
}

static int
by_serial(const void *a, const void *b)
{
	return memcmp(&((const struct shown *)a)->serial, &((const struct shown *)b)->serial,
	    sizeof(struct journal_serial));
}

static bool
read_all(int fd, struct str *out, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "crl_evidence", "the certificates come in a regular file");
	if ((uint64_t)st.st_size > EVIDENCE_MAX)
		return err_set(e, ERR_TOO_LARGE, "crl_evidence", "at most %zu octets of certificates at once",
		    EVIDENCE_MAX);
	while (out->len < (size_t)st.st_size) {
		char chunk[16 * 1024];
		ssize_t r = pread(fd, chunk, sizeof(chunk), (off_t)out->len);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		str_add(out, chunk, (size_t)r);
	}
	return true;
}

static bool
serial_from(struct der d, struct journal_serial *s)
{
	while (d.len > 1 && d.p[0] == 0) {
		d.p++;
		d.len--;
	}
	memset(s, 0, sizeof(*s));
	if (d.len == 0 || d.len > JOURNAL_SERIAL_MAX)
		return false;
	s->len = (uint8_t)d.len;
	memcpy(s->b, d.p, d.len);
	return true;
}

static bool
show(struct evidence *v, struct der der, struct err *e)
{
	struct cert c;
	struct shown *s;

	if (v->n == v->cap) {
		v->cap = v->cap * 2 + 64;
		v->list = realloc(v->list, v->cap * sizeof(*v->list));
		if (v->list == NULL)
			abort();
	}
	s = &v->list[v->n];
	if (!cert_decode(der.p, der.len, &c, e) || !serial_from(c.serial, &s->serial)
	    || !der_equal(c.issuer, v->ca->issuer.subject.p, v->ca->issuer.subject.len)
	    || !signature_verify(v->ca->issuer.spki, c.signature_algorithm, c.tbs.p, c.tbs.len, c.signature.p,
		c.signature.len, e))
		return err_set(e, ERR_INVALID, "crl_evidence", "certificate %zu was not issued by CA %s", v->n + 1,
		    v->ca->id);
	s->not_after_s = c.not_after_s;
	v->n++;
	return true;
}

bool
evidence_open(const struct ca *ca, struct journal *journal, int fd, struct evidence **out, struct err *e)
{
	OWN(evidence_free) struct evidence *v = calloc(1, sizeof(*v));
	OWN_STR struct str text = { 0 };
	struct der_reader r;
	struct der der;

	if (v == NULL)
		abort();
	v->ca = ca;
	v->journal = journal;
	if (fd >= 0 && !read_all(fd, &text, e))
		return false;
	r = der_reader(text.p, text.len);
	while (der_get_whole(&r, DER_SEQUENCE, &der))
		if (!show(v, der, e))
			return false;
	if (!der_at_end(&r))
		return err_set(e, ERR_MALFORMED, "crl_evidence", "the certificates are not DER one behind the other");
	if (v->n != 0)
		qsort(v->list, v->n, sizeof(*v->list), by_serial);
	*out = give(v);
	return true;
}

static bool
from_journal(struct evidence *v, const struct journal_serial *s, bool *known, int64_t *not_after_s, struct err *e)
{
	OWN_STR struct str buf = { 0 };
	struct journal_record r;
	struct cert c;

	*known = false;
	if (!journal_find(v->journal, s, 1, false, &r, &buf, e))
		return false;
	if ((r.kind != JOURNAL_CERT && r.kind != JOURNAL_OWN)
	    || !der_equal(r.ca, v->ca->issuer.ski.p, v->ca->issuer.ski.len))
		return true;
	if (!cert_decode(r.data.p, r.data.len, &c, e))
		return false;
	*known = true;
	*not_after_s = c.not_after_s;
	return true;
}

bool
evidence_ends(struct evidence *v, const uint8_t *serial, size_t len, bool *known, int64_t *not_after_s, struct err *e)
{
	struct shown key = { .not_after_s = 0 };
	const struct shown *s;

	*known = false;
	if (!serial_from((struct der){ serial, len }, &key.serial))
		return true;
	s = v->n == 0 ? NULL : bsearch(&key, v->list, v->n, sizeof(*v->list), by_serial);
	if (s == NULL)
		return from_journal(v, &key.serial, known, not_after_s, e);
	*known = true;
	*not_after_s = s->not_after_s;
	return true;
}
