#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>
#include <unistd.h>

#include "x509/revocation/crl_der.h"
#include "x509/gentime.h"
#include "x509/ossl.h"

#define WINDOW_OCTETS	65536
#define FRONT_MAX	(CRL_NAME_MAX + 128)
#define ENTRY_MAX	4096	/* octets; other makers add extensions */
#define BACK_MAX	16384
#define KEPT_MAX	64
#define LENGTH_OCTETS_MAX 6

enum phase { AT_ENTRIES, AT_END };

struct file_source {
	int		fd;
	uint64_t	at, left;
};

struct crl_reader {
	enum crl_form	 form;
	crl_source	*source;
	void		*arg;
	struct file_source file;	/* crl_reader_file's */
	bool		 eof;

	uint64_t	 offset;	/* of window[pos] in the input */
	uint64_t	 outer_end, tbs_end, list_end;
	enum phase	 phase;

	bool		 pinned;	/* the window keeps everything until the hash is known */
	EVP_MD_CTX	*hash;		/* NULL before that, and behind the TBSCertList */
	size_t		 hash_from;	/* window[hash_from..pos) is to be hashed still */
	uint8_t		 digest[CRL_DIGEST_MAX];
	size_t		 digest_len;

	struct crl_head	 head;
	uint8_t		 issuer[CRL_NAME_MAX], key_id[CRL_SERIAL_MAX], number[CRL_SERIAL_MAX], base[CRL_SERIAL_MAX];
	uint8_t		 uri[CRL_URI_MAX];
	uint8_t		 sig[CRL_SIG_MAX];
	size_t		 sig_len;

	uint8_t		 last[CRL_SERIAL_MAX];
	size_t		 last_len;
	bool		 unsorted;

	/* The extensions of the last entry that was read in full, and what they said: most entries repeat them. */
	uint8_t		 kept[KEPT_MAX];
	size_t		 kept_len;
	enum crl_reason	 kept_reason;
	int64_t		 kept_since_s;

	size_t		 pos, end;
	uint8_t		 window[WINDOW_OCTETS];
};

static bool
malformed(struct err *e, const char *what)
{
	return err_set(e, ERR_MALFORMED, "crl_der", "CRL: %s", what);
}

static bool
hash_window(struct crl_reader *r, struct err *e)
{
	if (r->hash != NULL && EVP_DigestUpdate(r->hash, r->window + r->hash_from, r->pos - r->hash_from) != 1)
		return ossl_fail(e, "crl: digest");
	r->hash_from = r->pos;
	return true;
}

/*
 * At least `want` octets from pos on, or as many as there are.  Octets that were read are hashed before
 * they leave the window; until the hash is known (within the first few) nothing leaves it.
 */
static bool
fill(struct crl_reader *r, size_t want, struct err *e)
{
	if (r->end - r->pos >= want || r->eof)
		return true;
	if (!r->pinned) {
		if (!hash_window(r, e))
			return false;
		memmove(r->window, r->window + r->pos, r->end - r->pos);
		r->end -= r->pos;
		r->pos = r->hash_from = 0;
	}
	while (r->end - r->pos < want && !r->eof) {
		size_t got = 0;

		if (r->end == sizeof(r->window))
			return malformed(e, "an element is too long");
		if (!r->source(r->arg, r->window + r->end, sizeof(r->window) - r->end, &got, e))
			return false;
		r->eof = got == 0;
		r->end += got;
	}
	return true;
}

static void
advance(struct crl_reader *r, size_t n)
{
	r->pos += n;
	r->offset += n;
}

/* Tag and length at the window's position, not consumed; *n is their size. */
static bool
peek_header(struct crl_reader *r, uint8_t *tag, uint64_t *len, size_t *n, struct err *e)
{
	const uint8_t *p;
	size_t octets;

	if (!fill(r, CRL_HEADER_MAX, e))
		return false;
	p = r->window + r->pos;
	if (r->end - r->pos < 2)
		return malformed(e, "ends early");
	*tag = p[0];
	*len = p[1];
	*n = 2;
	if (p[1] < 0x80)
		return true;
	octets = p[1] & 0x7f;
	if (octets == 0 || octets > LENGTH_OCTETS_MAX || r->end - r->pos < 2 + octets || p[2] == 0)
		return malformed(e, "length");
	*len = 0;
	for (size_t i = 0; i < octets; i++)
		*len = *len << 8 | p[2 + i];
	*n = 2 + octets;
	return *len >= 0x80 || malformed(e, "length");
}

/* Enters a SEQUENCE that ends inside `limit`; *end is where. */
static bool
enter(struct crl_reader *r, uint64_t limit, uint64_t *end, struct err *e)
{
	uint8_t tag = 0;
	uint64_t len = 0;
	size_t n = 0;

	if (!peek_header(r, &tag, &len, &n, e))
		return false;
	if (tag != DER_SEQUENCE || r->offset + n > limit || len > limit - r->offset - n)
		return malformed(e, "a SEQUENCE is missing or too long");
	advance(r, n);
	*end = r->offset + len;
	return true;
}

/* A whole element of at most `max` octets that ends inside `limit`: looked at, not consumed. */
static bool
element(struct crl_reader *r, uint64_t limit, size_t max, struct der *out, struct err *e)
{
	uint8_t tag = 0;
	uint64_t len = 0;
	size_t n = 0;

	if (!peek_header(r, &tag, &len, &n, e))
		return false;
	if (len > max || r->offset + n > limit || len > limit - r->offset - n)
		return malformed(e, "an element is too long");
	if (!fill(r, n + (size_t)len, e))
		return false;
	if (r->end - r->pos < n + len)
		return malformed(e, "ends early");
	*out = (struct der){ r->window + r->pos, n + (size_t)len };
	return true;
}

static bool
keep(struct der in, uint8_t *room, size_t cap, struct der *out)
{
	if (in.len > cap)
		return false;
	memcpy(room, in.p, in.len);
	*out = (struct der){ room, in.len };
	return true;
}

static bool
hash_begin(struct crl_reader *r, struct err *e)
{
	EVP_MD *md = EVP_MD_fetch(NULL, signature_algorithm_digest(r->head.signature), NULL);
	bool ok;

	r->hash = EVP_MD_CTX_new();
	ok = md != NULL && r->hash != NULL && EVP_DigestInit_ex2(r->hash, md, NULL) == 1;
	EVP_MD_free(md);
	r->pinned = false;
	return ok || ossl_fail(e, "crl: digest");
}

/* version to nextUpdate. */
static bool
front_read(struct crl_reader *r, struct err *e)
{
	struct der_reader d;
	struct der alg, issuer;
	const uint8_t *from;
	uint64_t version;

	if (!fill(r, FRONT_MAX, e))
		return false;
	from = r->window + r->pos;
	d = der_reader(from, r->end - r->pos);
	if (!der_get_u64(&d, &version) || version != 1)
		return malformed(e, "not version 2 (RFC 5280 section 5.1.2.1)");
	if (!der_get_whole(&d, DER_SEQUENCE, &alg) || !der_get_whole(&d, DER_SEQUENCE, &issuer) ||
	    !keep(issuer, r->issuer, sizeof(r->issuer), &r->head.issuer))
		return malformed(e, "signature algorithm or issuer");
	if (!der_get_time(&d, &r->head.this_update_s) || !der_get_time(&d, &r->head.next_update_s))
		return malformed(e, "thisUpdate or nextUpdate (RFC 5280 section 5.1.2.5)");
	r->head.signature = signature_algorithm_of(alg);
	if (r->head.signature == SIGNATURE_NONE)
		return err_set(e, ERR_INVALID, "crl_algorithm", "CRL: a signature algorithm that is not supported");
	if (r->offset + (uint64_t)(d.p - from) > r->tbs_end)
		return malformed(e, "ends early");
	if (!hash_begin(r, e))
		return false;
	advance(r, (size_t)(d.p - from));
	return true;
}

/* revokedCertificates begins, or is not there. */
static bool
list_begin(struct crl_reader *r, struct err *e)
{
	uint8_t tag = 0;
	uint64_t len = 0;
	size_t n = 0;

	r->list_end = r->offset;
	if (r->offset == r->tbs_end)
		return true;
	if (!peek_header(r, &tag, &len, &n, e))
		return false;
	if (tag != DER_SEQUENCE)
		return true;
	if (!enter(r, r->tbs_end, &r->list_end, e))
		return false;
	return r->list_end != r->offset || malformed(e, "an empty list of entries (RFC 5280 section 5.1.2.6)");
}

bool
crl_reader_new(enum crl_form form, crl_source *source, void *arg, struct crl_reader **out, struct err *e)
{
	OWN(crl_reader_free) struct crl_reader *r = NULL;

	r = malloc(sizeof(*r));
	if (r == NULL)
		abort();
	memset(r, 0, offsetof(struct crl_reader, window));
	r->form = form;
	r->source = source;
	r->arg = arg;
	r->outer_end = UINT64_MAX;
	r->pinned = true;
	if (form == CRL_WHOLE && !enter(r, UINT64_MAX, &r->outer_end, e))
		return false;
	r->hash_from = r->pos;
	if (!enter(r, r->outer_end, &r->tbs_end, e) || !front_read(r, e) || !list_begin(r, e))
		return false;
	*out = give(r);
	return true;
}

static bool
file_read(void *arg, uint8_t *out, size_t cap, size_t *got, struct err *e)
{
	struct file_source *f = arg;
	ssize_t n = pread(f->fd, out, f->left < cap ? (size_t)f->left : cap, (off_t)f->at);

	if (n < 0)
		return err_sys(e, "crl: read");
	f->at += (uint64_t)n;
	f->left -= (uint64_t)n;
	*got = (size_t)n;
	return true;
}

bool
crl_reader_file(enum crl_form form, int fd, uint64_t at, uint64_t len, struct crl_reader **out, struct err *e)
{
	struct file_source f = { fd, at, len };
	struct crl_reader *r;

	if (!crl_reader_new(form, file_read, &f, &r, e))
		return false;
	r->file = f;
	r->arg = &r->file;
	*out = r;
	return true;
}

void
crl_reader_free(struct crl_reader *r)
{
	if (r == NULL)
		return;
	EVP_MD_CTX_free(r->hash);
	free(r);
}

/* One Extension: *critical defaults to false. */
static bool
extension_read(struct der_reader *list, struct der *oid, bool *critical, struct der *value)
{
	struct der_reader ext;

	*critical = false;
	return der_enter(list, DER_SEQUENCE, &ext) && der_get_oid(&ext, oid) &&
	    (der_peek(&ext) != DER_BOOLEAN || (der_get_bool(&ext, critical) && *critical)) &&
	    der_get(&ext, DER_OCTETS, value) && der_at_end(&ext);
}

static bool
critical_refused(struct err *e)
{
	return err_set(e, ERR_INVALID, "crl_critical", "CRL: a critical extension that is not known");
}

static bool
is(struct der oid, const uint8_t known[3])
{
	return der_equal(oid, known, 3);
}

static bool
entry_extensions(struct der_reader *r, struct crl_entry *out, struct err *e)
{
	struct der_reader list;

	if (!der_enter(r, DER_SEQUENCE, &list) || der_at_end(&list))
		return malformed(e, "extensions of an entry");
	while (!der_at_end(&list)) {
		struct der oid, value;
		struct der_reader v;
		bool critical;

		if (!extension_read(&list, &oid, &critical, &value))
			return malformed(e, "extension of an entry");
		v = der_reader_of(value);
		if (is(oid, crl_oid_reason)) {
			struct der code;

			if (!der_get(&v, DER_ENUMERATED, &code) || !der_at_end(&v) || code.len != 1 ||
			    !crl_reason_valid(code.p[0]))
				return malformed(e, "reasonCode");
			out->reason = (enum crl_reason)code.p[0];
		} else if (is(oid, crl_oid_invalidity)) {
			if (!gentime_get(&v, &out->invalid_since_s) || !der_at_end(&v))
				return malformed(e, "invalidityDate");
		} else if (critical) {
			return critical_refused(e);
		}
	}
	return true;
}

/* The extensions of an entry, up to its end. */
static bool
entry_rest(struct crl_reader *r, struct der_reader *d, struct crl_entry *out, struct err *e)
{
	const uint8_t *from = d->p;
	size_t n = (size_t)(d->end - from);

	if (n == 0)
		return true;
	if (n == r->kept_len && memcmp(from, r->kept, n) == 0) {
		out->reason = r->kept_reason;
		out->invalid_since_s = r->kept_since_s;
		return true;
	}
	if (!entry_extensions(d, out, e))
		return false;
	if (!der_at_end(d))
		return malformed(e, "octets behind an entry");
	if (n <= sizeof(r->kept)) {
		memcpy(r->kept, from, n);
		r->kept_len = n;
		r->kept_reason = out->reason;
		r->kept_since_s = out->invalid_since_s;
	}
	return true;
}

static bool
entry_read(struct crl_reader *r, struct crl_entry *out, struct err *e)
{
	struct der_reader all, d;
	struct der whole, serial;

	if (!element(r, r->list_end, ENTRY_MAX, &whole, e))
		return false;
	all = der_reader_of(whole);
	out->reason = CRL_UNSPECIFIED;
	out->invalid_since_s = CRL_NO_TIME;
	if (!der_enter(&all, DER_SEQUENCE, &d) || !der_get_unsigned(&d, &serial) || serial.len > CRL_SERIAL_MAX ||
	    !der_get_time(&d, &out->revoked_at_s))
		return malformed(e, "serial number or date of an entry");
	if (!entry_rest(r, &d, out, e))
		return false;
	memcpy(out->serial, serial.p, serial.len);
	out->serial_len = serial.len;
	if (r->last_len > 0 && crl_serial_cmp(r->last, r->last_len, out->serial, out->serial_len) >= 0)
		r->unsorted = true;
	memcpy(r->last, out->serial, out->serial_len);
	r->last_len = out->serial_len;
	advance(r, whole.len);
	return true;
}

/* IssuingDistributionPoint: a full name that is one URI, and onlyContainsUserCerts; the rest is not ours. */
static bool
idp_read(struct crl_reader *r, struct der_reader v)
{
	struct der_reader idp, point, names;
	struct der uri, flag;

	if (!der_enter(&v, DER_SEQUENCE, &idp) || !der_at_end(&v) ||
	    !der_enter(&idp, DER_CONTEXT_CONS(0), &point) || !der_enter(&point, DER_CONTEXT_CONS(0), &names) ||
	    !der_at_end(&point) || !der_get(&names, DER_CONTEXT(6), &uri) || !der_at_end(&names) ||
	    !keep(uri, r->uri, sizeof(r->uri), &r->head.idp_uri))
		return false;
	if (der_peek(&idp) == DER_CONTEXT(1)) {
		if (!der_get(&idp, DER_CONTEXT(1), &flag) || flag.len != 1 || flag.p[0] != 0xff)
			return false;
		r->head.idp_only_user = true;
	}
	return der_at_end(&idp);
}

static bool
key_id_read(struct crl_reader *r, struct der_reader v)
{
	struct der_reader aki;
	struct der id;

	if (!der_enter(&v, DER_SEQUENCE, &aki) || !der_at_end(&v))
		return false;
	return der_peek(&aki) != DER_CONTEXT(0) || (der_get(&aki, DER_CONTEXT(0), &id) &&
	    keep(id, r->key_id, sizeof(r->key_id), &r->head.key_id));
}

static bool
number_read(struct der_reader v, uint8_t room[CRL_SERIAL_MAX], struct der *out)
{
	struct der n;

	return der_get_unsigned(&v, &n) && der_at_end(&v) && keep(n, room, CRL_SERIAL_MAX, out);
}

static bool
list_extension(struct crl_reader *r, struct der oid, bool critical, struct der value, struct err *e)
{
	struct der_reader v = der_reader_of(value);

	if (is(oid, crl_oid_number))
		return (r->head.number.p == NULL && number_read(v, r->number, &r->head.number)) ||
		    malformed(e, "cRLNumber");
	if (is(oid, crl_oid_delta))
		return (r->head.base_number.p == NULL && number_read(v, r->base, &r->head.base_number)) ||
		    malformed(e, "deltaCRLIndicator");
	if (is(oid, crl_oid_key_id))
		return (r->head.key_id.p == NULL && key_id_read(r, v)) || malformed(e, "authorityKeyIdentifier");
	if (is(oid, crl_oid_idp))
		return (r->head.idp_uri.p == NULL && idp_read(r, v)) ||
		    err_set(e, ERR_INVALID, "crl_idp", "CRL: an issuingDistributionPoint of another form");
	return !critical || critical_refused(e);
}

static bool
back_read(struct crl_reader *r, struct err *e)
{
	struct der_reader all, outer, list;
	struct der whole;

	if (!element(r, r->tbs_end, BACK_MAX, &whole, e))
		return false;
	all = der_reader_of(whole);
	if (!der_enter(&all, DER_CONTEXT_CONS(0), &outer) || !der_enter(&outer, DER_SEQUENCE, &list) ||
	    !der_at_end(&outer) || der_at_end(&list))
		return malformed(e, "extensions");
	while (!der_at_end(&list)) {
		struct der oid, value;
		bool critical;

		if (!extension_read(&list, &oid, &critical, &value))
			return malformed(e, "extension");
		if (!list_extension(r, oid, critical, value, e))
			return false;
	}
	advance(r, whole.len);
	return true;
}

static bool
signature_read(struct crl_reader *r, struct err *e)
{
	struct der alg = signature_algorithm_der(r->head.signature), whole, bits;
	struct der_reader d;

	if (!element(r, r->outer_end, CRL_SIG_MAX, &whole, e))
		return false;
	if (!der_equal(whole, alg.p, alg.len))
		return malformed(e, "outer and inner signature algorithm differ (RFC 5280 section 5.1.1.2)");
	advance(r, whole.len);
	if (!element(r, r->outer_end, CRL_SIG_MAX + 16, &whole, e))
		return false;
	d = der_reader_of(whole);
	if (!der_get_octet_bits(&d, &bits) || bits.len == 0 || bits.len > sizeof(r->sig))
		return malformed(e, "signature");
	memcpy(r->sig, bits.p, bits.len);
	r->sig_len = bits.len;
	advance(r, whole.len);
	return r->offset == r->outer_end || malformed(e, "octets behind the signature");
}

/* What stands behind the entries; nothing may stand behind that. */
static bool
finish(struct crl_reader *r, struct err *e)
{
	unsigned len = 0;

	if (r->offset < r->tbs_end && !back_read(r, e))
		return false;
	if (r->offset != r->tbs_end)
		return malformed(e, "octets behind the extensions");
	if (!hash_window(r, e))
		return false;
	if (EVP_DigestFinal_ex(r->hash, r->digest, &len) != 1)
		return ossl_fail(e, "crl: digest");
	r->digest_len = len;
	EVP_MD_CTX_free(r->hash);
	r->hash = NULL;
	if (r->form == CRL_WHOLE && !signature_read(r, e))
		return false;
	if (!fill(r, 1, e))
		return false;
	if (r->end != r->pos)
		return malformed(e, "octets behind the list");
	r->phase = AT_END;
	return true;
}

bool
crl_reader_next(struct crl_reader *r, struct crl_entry *out, bool *more, struct err *e)
{
	*more = r->phase == AT_ENTRIES && r->offset < r->list_end;
	if (*more)
		return entry_read(r, out, e);
	return r->phase == AT_END || finish(r, e);
}

const struct crl_head *
crl_reader_head(const struct crl_reader *r)
{
	return &r->head;
}

bool
crl_reader_sorted(const struct crl_reader *r)
{
	return !r->unsorted;
}

size_t
crl_reader_digest(const struct crl_reader *r, uint8_t out[CRL_DIGEST_MAX])
{
	memcpy(out, r->digest, r->digest_len);
	return r->digest_len;
}

bool
crl_reader_verify(const struct crl_reader *r, struct der spki, struct err *e)
{
	OWN(EVP_PKEY_free) EVP_PKEY *key = NULL;
	OWN(EVP_PKEY_CTX_free) EVP_PKEY_CTX *ctx = NULL;
	EVP_MD *md;
	bool ok;

	if (r->form != CRL_WHOLE || r->phase != AT_END)
		return err_set(e, ERR_INTERNAL, "internal", "a CRL is verified before it is read");
	if (!pkey_from_spki(spki, &key, e))
		return false;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	md = EVP_MD_fetch(NULL, signature_algorithm_digest(r->head.signature), NULL);
	ok = ctx != NULL && md != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, md) == 1 &&
	    EVP_PKEY_verify(ctx, r->sig, r->sig_len, r->digest, r->digest_len) == 1;
	EVP_MD_free(md);
	ossl_forget();
	return ok || err_set(e, ERR_INVALID, "crl_signature", "the CRL is not signed by this key");
}
