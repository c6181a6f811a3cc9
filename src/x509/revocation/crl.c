#include "x509/revocation/crl.h"

#include <string.h>
#include <unistd.h>

#include "base/own.h"
#include "x509/revocation/crl_der.h"
#include "x509/gentime.h"

#define BLOCK_OCTETS	65536
#define FRONT_MAX	(CRL_NAME_MAX + 128)	/* version to nextUpdate */
#define BACK_MAX	(CRL_URI_MAX + 256)	/* crlExtensions */
#define ENTRY_MAX	128
#define TIME_MAX	17			/* GeneralizedTime */
#define EXTENSIONS_MAX	(2 + 12 + 26)		/* reason, invalidityDate */
#define ENTRY_LONGEST	(2 + 2 + 1 + CRL_SERIAL_MAX + TIME_MAX + EXTENSIONS_MAX)
#define ENTRY_USUAL	49			/* serial of 16 octets, UTCTime, reason */
#define SIG_USUAL	72
#define TAIL_MAX	(CRL_SIG_MAX + 64)

_Static_assert(ENTRY_LONGEST < 128, "an entry's length takes one octet");

const uint8_t crl_oid_number[3] = { 0x55, 0x1d, 0x14 };
const uint8_t crl_oid_reason[3] = { 0x55, 0x1d, 0x15 };
const uint8_t crl_oid_invalidity[3] = { 0x55, 0x1d, 0x18 };
const uint8_t crl_oid_delta[3] = { 0x55, 0x1d, 0x1b };
const uint8_t crl_oid_idp[3] = { 0x55, 0x1d, 0x1c };
const uint8_t crl_oid_key_id[3] = { 0x55, 0x1d, 0x23 };

/*
 * What stands behind a serial number, as it was encoded last: the time, and the extensions, which differ less
 * often.
 */
struct tail {
	int64_t		at_s, invalid_since_s;
	enum crl_reason	reason;
	uint8_t		time[TIME_MAX], extensions[EXTENSIONS_MAX];
	size_t		time_len, extensions_len;
	bool		made;
};

struct crl_writer {
	int		 fd;
	enum signature_algorithm signature;
	bool		 delta;
	uint8_t		 front[FRONT_MAX];
	size_t		 front_len;
	uint8_t		 back[BACK_MAX];
	size_t		 back_len;
	uint64_t	 entries_at;		/* where the first entry stands in the file */
	uint64_t	 entries_len;
	uint64_t	 n;
	uint8_t		 last[CRL_SERIAL_MAX];
	size_t		 last_len;
	struct tail	 tail;
	uint8_t		 block[BLOCK_OCTETS];	/* entries not yet in the file */
	size_t		 block_len;
};

int
crl_serial_cmp(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

size_t
crl_header(uint8_t out[CRL_HEADER_MAX], uint8_t tag, uint64_t len)
{
	size_t octets = 0, n = 0;

	out[n++] = tag;
	if (len < 0x80) {
		out[n++] = (uint8_t)len;
		return n;
	}
	for (uint64_t v = len; v != 0; v >>= 8)
		octets++;
	out[n++] = (uint8_t)(0x80 | octets);
	while (octets-- > 0)
		out[n++] = (uint8_t)(len >> (8 * octets));
	return n;
}

bool
crl_reason_valid(int reason)
{
	return reason >= CRL_UNSPECIFIED && reason <= CRL_AA_COMPROMISE && reason != 7;
}

static size_t
header_len(uint64_t len)
{
	uint8_t h[CRL_HEADER_MAX];

	return crl_header(h, DER_SEQUENCE, len);
}

static bool
write_at(int fd, const uint8_t *p, size_t len, uint64_t at, struct err *e)
{
	while (len > 0) {
		ssize_t n = pwrite(fd, p, len, (off_t)at);

		if (n <= 0)
			return err_sys(e, "crl: write");
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

static bool
read_at(int fd, uint8_t *p, size_t len, uint64_t at, struct err *e)
{
	while (len > 0) {
		ssize_t n = pread(fd, p, len, (off_t)at);

		if (n <= 0)
			return err_sys(e, "crl: read back");
		p += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

/* Moves a stretch of the file a few octets; what overlaps is read before it is written over. */
static bool
file_shift(int fd, uint64_t from, uint64_t len, uint64_t to, struct err *e)
{
	uint8_t block[BLOCK_OCTETS];

	for (uint64_t done = 0; done < len && from != to;) {
		uint64_t n = len - done < sizeof(block) ? len - done : sizeof(block);
		uint64_t at = to < from ? done : len - done - n;

		if (!read_at(fd, block, (size_t)n, from + at, e) || !write_at(fd, block, (size_t)n, to + at, e))
			return false;
		done += n;
	}
	return true;
}

static bool
encode_front(struct crl_writer *c, const struct crl_head *h)
{
	struct der_writer w = der_writer(c->front, sizeof(c->front));
	struct der alg = signature_algorithm_der(h->signature), out;

	der_put_time(&w, h->next_update_s);
	der_put_time(&w, h->this_update_s);
	der_put_raw(&w, h->issuer.p, h->issuer.len);
	der_put_raw(&w, alg.p, alg.len);
	der_put_u64(&w, DER_INTEGER, 1);
	if (!der_written(&w, &out))
		return false;
	c->front_len = out.len;
	memmove(c->front, out.p, out.len);
	return true;
}

/* crlExtensions: authorityKeyIdentifier, cRLNumber, issuingDistributionPoint, deltaCRLIndicator. */
static bool
encode_back(struct crl_writer *c, const struct crl_head *h)
{
	static const uint8_t yes = 0xff;
	struct der_writer w = der_writer(c->back, sizeof(c->back));
	struct der out;
	size_t mark, name;

	if (h->base_number.p != NULL) {
		der_put_unsigned(&w, h->base_number.p, h->base_number.len);
		der_wrap_extension(&w, crl_oid_delta, true, 0);
	}
	if (h->idp_uri.p != NULL) {
		mark = der_mark(&w);
		if (h->idp_only_user)
			der_put(&w, DER_CONTEXT(1), &yes, 1);
		name = der_mark(&w);
		der_put(&w, DER_CONTEXT(6), h->idp_uri.p, h->idp_uri.len);
		der_wrap(&w, DER_CONTEXT_CONS(0), name);
		der_wrap(&w, DER_CONTEXT_CONS(0), name);
		der_wrap(&w, DER_SEQUENCE, mark);
		der_wrap_extension(&w, crl_oid_idp, true, mark);
	}
	mark = der_mark(&w);
	der_put_unsigned(&w, h->number.p, h->number.len);
	der_wrap_extension(&w, crl_oid_number, false, mark);
	mark = der_mark(&w);
	der_put(&w, DER_CONTEXT(0), h->key_id.p, h->key_id.len);
	der_wrap(&w, DER_SEQUENCE, mark);
	der_wrap_extension(&w, crl_oid_key_id, false, mark);
	der_wrap(&w, DER_SEQUENCE, 0);
	der_wrap(&w, DER_CONTEXT_CONS(0), 0);
	if (!der_written(&w, &out))
		return false;
	c->back_len = out.len;
	memmove(c->back, out.p, out.len);
	return true;
}

static bool
head_sound(const struct crl_head *h)
{
	return h->signature != SIGNATURE_NONE && h->issuer.len > 2 && h->issuer.len <= CRL_NAME_MAX &&
	    h->next_update_s > h->this_update_s && h->key_id.len > 0 && h->key_id.len <= CRL_SERIAL_MAX &&
	    h->number.len > 0 && h->number.len <= CRL_SERIAL_MAX && h->base_number.len <= CRL_SERIAL_MAX &&
	    h->idp_uri.len <= CRL_URI_MAX && (h->idp_uri.p == NULL || h->idp_uri.len > 0);
}

/* Where entries stand when they take so many octets; *tbs_len is that of the whole TBSCertList. */
static uint64_t
layout(const struct crl_writer *c, uint64_t entries_len, uint64_t *tbs_at, uint64_t *tbs_len)
{
	size_t list = entries_len > 0 ? header_len(entries_len) : 0;
	uint64_t body = c->front_len + list + entries_len + c->back_len;
	uint64_t tail = signature_algorithm_der(c->signature).len + 3 + SIG_USUAL;

	*tbs_len = header_len(body) + body;
	*tbs_at = header_len(*tbs_len + tail);
	return *tbs_at + header_len(body) + c->front_len + list;
}

bool
crl_writer_new(int fd, const struct crl_head *h, uint64_t expected, struct crl_writer **out, struct err *e)
{
	OWN(crl_writer_free) struct crl_writer *c = NULL;
	uint64_t tbs_at, tbs_len;

	c = malloc(sizeof(*c));
	if (c == NULL)
		abort();
	memset(c, 0, offsetof(struct crl_writer, block));
	c->block_len = 0;
	c->fd = fd;
	c->signature = h->signature;
	c->delta = h->base_number.p != NULL;
	if (!head_sound(h) || !encode_front(c, h) || !encode_back(c, h))
		return err_set(e, ERR_INTERNAL, "internal", "head of a CRL out of range");
	c->entries_at = layout(c, expected * ENTRY_USUAL, &tbs_at, &tbs_len);
	*out = give(c);
	return true;
}

void
crl_writer_free(struct crl_writer *c)
{
	free(c);
}

static bool
block_flush(struct crl_writer *c, struct err *e)
{
	if (!write_at(c->fd, c->block, c->block_len, c->entries_at + c->entries_len - c->block_len, e))
		return false;
	c->block_len = 0;
	return true;
}

static bool
entry_sound(const struct crl_writer *c, const struct crl_entry *in)
{
	return in->serial_len > 0 && in->serial_len <= CRL_SERIAL_MAX && in->serial[0] != 0 &&
	    (c->n == 0 || crl_serial_cmp(c->last, c->last_len, in->serial, in->serial_len) < 0) &&
	    crl_reason_valid((int)in->reason) && (in->reason != CRL_REMOVE || c->delta);
}

static void
put_entry_extensions(struct der_writer *w, const struct crl_entry *in)
{
	size_t mark;

	if (in->reason == CRL_UNSPECIFIED && in->invalid_since_s == CRL_NO_TIME)
		return;
	if (in->invalid_since_s != CRL_NO_TIME) {
		gentime_put(w, in->invalid_since_s);
		der_wrap_extension(w, crl_oid_invalidity, false, 0);
	}
	if (in->reason != CRL_UNSPECIFIED) {
		mark = der_mark(w);
		der_put_u64(w, DER_ENUMERATED, (uint64_t)in->reason);
		der_wrap_extension(w, crl_oid_reason, false, mark);
	}
	der_wrap(w, DER_SEQUENCE, 0);
}

static bool
keep(const struct der_writer *w, uint8_t *out, size_t cap, size_t *len)
{
	struct der d;

	if (!der_written(w, &d) || d.len > cap)
		return false;
	memcpy(out, d.p, d.len);
	*len = d.len;
	return true;
}

static bool
tail_make(struct tail *t, const struct crl_entry *in)
{
	uint8_t buf[ENTRY_MAX];
	struct der_writer w = der_writer(buf, sizeof(buf));

	if (!t->made || t->at_s != in->revoked_at_s) {
		der_put_time(&w, in->revoked_at_s);
		if (!keep(&w, t->time, sizeof(t->time), &t->time_len))
			return false;
	}
	if (!t->made || t->reason != in->reason || t->invalid_since_s != in->invalid_since_s) {
		w = der_writer(buf, sizeof(buf));
		put_entry_extensions(&w, in);
		if (!keep(&w, t->extensions, sizeof(t->extensions), &t->extensions_len))
			return false;
	}
	t->made = true;
	t->at_s = in->revoked_at_s;
	t->reason = in->reason;
	t->invalid_since_s = in->invalid_since_s;
	return true;
}

bool
crl_writer_add(struct crl_writer *c, const struct crl_entry *in, struct err *e)
{
	size_t zero = in->serial[0] >> 7, serial = zero + in->serial_len, body;
	uint8_t *p;

	if (!entry_sound(c, in))
		return err_set(e, ERR_INTERNAL, "internal", "CRL entry %llu out of order or out of range",
		    (unsigned long long)c->n);
	if (!tail_make(&c->tail, in))
		return err_set(e, ERR_INTERNAL, "internal", "CRL entry with a time out of range");
	if (c->block_len + ENTRY_MAX > sizeof(c->block) && !block_flush(c, e))
		return false;
	p = c->block + c->block_len;
	body = 2 + serial + c->tail.time_len + c->tail.extensions_len;
	p[0] = DER_SEQUENCE;
	p[1] = (uint8_t)body;
	p[2] = DER_INTEGER;
	p[3] = (uint8_t)serial;
	p[4] = 0;
	memcpy(p + 4 + zero, in->serial, in->serial_len);
	memcpy(p + 4 + serial, c->tail.time, c->tail.time_len);
	memcpy(p + 4 + serial + c->tail.time_len, c->tail.extensions, c->tail.extensions_len);
	c->block_len += 2 + body;
	c->entries_len += 2 + body;
	memcpy(c->last, in->serial, in->serial_len);
	c->last_len = in->serial_len;
	c->n++;
	return true;
}

/* Everything of the TBSCertList that stands before the entries. */
static bool
write_front(const struct crl_writer *c, uint64_t tbs_at, struct err *e)
{
	uint8_t front[2 * CRL_HEADER_MAX + FRONT_MAX], list[CRL_HEADER_MAX];
	size_t list_len = c->entries_len > 0 ? crl_header(list, DER_SEQUENCE, c->entries_len) : 0;
	size_t n = crl_header(front, DER_SEQUENCE, c->front_len + list_len + c->entries_len + c->back_len);

	memcpy(front + n, c->front, c->front_len);
	n += c->front_len;
	memcpy(front + n, list, list_len);
	return write_at(c->fd, front, n + list_len, tbs_at, e);
}

bool
crl_writer_end(struct crl_writer *c, struct crl_file *out, struct err *e)
{
	uint64_t tbs_at, tbs_len, entries_at = layout(c, c->entries_len, &tbs_at, &tbs_len);

	if (!block_flush(c, e) || !file_shift(c->fd, c->entries_at, c->entries_len, entries_at, e) ||
	    !write_front(c, tbs_at, e) ||
	    !write_at(c->fd, c->back, c->back_len, entries_at + c->entries_len, e))
		return false;
	if (ftruncate(c->fd, (off_t)(tbs_at + tbs_len)) != 0)
		return err_sys(e, "crl: truncate");
	*out = (struct crl_file){ c->fd, c->signature, tbs_at, tbs_len, c->n };
	return true;
}

bool
crl_file_seal(const struct crl_file *f, const uint8_t *sig, size_t sig_len, uint64_t *tbs_at, struct err *e)
{
	uint8_t buf[TAIL_MAX], header[CRL_HEADER_MAX];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct der alg = signature_algorithm_der(f->signature), tail;
	size_t n;

	der_put_octet_bits(&w, sig, sig_len);
	der_put_raw(&w, alg.p, alg.len);
	if (sig_len == 0 || sig_len > CRL_SIG_MAX || !der_written(&w, &tail))
		return err_set(e, ERR_INTERNAL, "internal", "CRL signature of %zu octets", sig_len);
	n = crl_header(header, DER_SEQUENCE, f->tbs_len + tail.len);
	if (!file_shift(f->fd, f->tbs_at, f->tbs_len, n, e) || !write_at(f->fd, header, n, 0, e) ||
	    !write_at(f->fd, tail.p, tail.len, n + f->tbs_len, e))
		return false;
	if (ftruncate(f->fd, (off_t)(n + f->tbs_len + tail.len)) != 0)
		return err_sys(e, "crl: truncate");
	if (tbs_at != NULL)
		*tbs_at = n;
	return true;
}

bool
crl_file_make(const struct crl_file *f, crl_sign *sign, void *arg, struct err *e)
{
	OWN(crl_reader_free) struct crl_reader *r = NULL;
	uint8_t digest[CRL_DIGEST_MAX], sig[CRL_SIG_MAX];
	size_t digest_len, sig_len = sizeof(sig);
	struct crl_entry entry;
	bool more = true;

	if (!crl_reader_file(CRL_TBS, f->fd, f->tbs_at, f->tbs_len, &r, e))
		return err_in(e, "crl as built");
	while (more)
		if (!crl_reader_next(r, &entry, &more, e))
			return err_in(e, "crl as built");
	digest_len = crl_reader_digest(r, digest);
	return sign(arg, f->signature, digest, digest_len, sig, &sig_len, e) && crl_file_seal(f, sig, sig_len, NULL, e);
}
