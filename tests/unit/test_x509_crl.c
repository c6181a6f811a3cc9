#include <dirent.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/str.h"
#include "check.h"
#include "make_cert.h"
#include "x509/revocation/crl.h"

#define URI "http://crl.example/device-ca/3.crl"

static struct made_cert ca;
static struct der name, key_id, spki;

/* What a list is made of. */
struct plan {
	uint64_t	 n, expected;
	bool		 shard, delta, varied;
	const char	*number;		/* hex */
};

static void
entry_make(uint64_t i, bool varied, int64_t now, struct crl_entry *out)
{
	static const enum crl_reason reasons[] = {
		CRL_UNSPECIFIED, CRL_KEY_COMPROMISE, CRL_SUPERSEDED, CRL_CESSATION, CRL_HOLD, CRL_PRIVILEGE_WITHDRAWN
	};

	*out = (struct crl_entry){ .serial_len = 16, .revoked_at_s = now - 1000, .reason = CRL_SUPERSEDED,
	    .invalid_since_s = CRL_NO_TIME };
	out->serial[0] = varied ? 0x80 : 0x40;	/* a top bit takes one octet more */
	for (int b = 0; b < 8; b++)
		out->serial[15 - b] = (uint8_t)(i >> (8 * b));
	if (!varied)
		return;
	out->reason = reasons[i % COUNT(reasons)];
	if (i % 3 == 0)
		out->invalid_since_s = now - 86400 * 365 * (int64_t)(i % 30);
	if (i % 5 == 0)
		out->revoked_at_s = INT64_C(2524608000) + (int64_t)i;	/* 2050 and later */
	if (i == 0)
		out->serial_len = 1;
}

static bool
sign(void *arg, enum signature_algorithm algorithm, const uint8_t *digest, size_t len, uint8_t *sig, size_t *sig_len,
    struct err *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new((EVP_PKEY *)arg, NULL);
	bool ok = algorithm == SIGNATURE_ECDSA_SHA256 && EVP_PKEY_sign_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 && EVP_PKEY_sign(ctx, sig, sig_len, digest, len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok || err_set(e, ERR_INTERNAL, "internal", "test signature");
}

static bool
build(const struct plan *p, int64_t now, int fd, struct crl_file *file)
{
	OWN(crl_writer_free) struct crl_writer *w = NULL;
	uint8_t number[20];
	struct err e = { 0 };
	size_t digits = strlen(p->number);
	struct crl_head h = {
		.signature = SIGNATURE_ECDSA_SHA256, .issuer = name, .this_update_s = now,
		.next_update_s = now + 86400, .key_id = key_id, .number = { number, digits / 2 },
		.idp_uri = { p->shard ? (const uint8_t *)URI : NULL, strlen(URI) }, .idp_only_user = p->shard,
		.base_number = { p->delta ? number : NULL, 1 },
	};
	struct crl_entry entry;

	if (!p->shard)
		h.idp_uri.len = 0;
	if (!CHECK(hex_decode(p->number, digits, number, digits / 2), "number") ||
	    !CHECK(crl_writer_new(fd, &h, p->expected, &w, &e), "%s %s", e.msg, e.trail))
		return false;
	for (uint64_t i = 0; i < p->n; i++) {
		entry_make(i, p->varied, now, &entry);
		if (!CHECK(crl_writer_add(w, &entry, &e), "%s %s", e.msg, e.trail))
			return false;
	}
	return CHECK(crl_writer_end(w, file, &e), "%s %s", e.msg, e.trail) &&
	    CHECK(file->entries == p->n, "%llu entries", (unsigned long long)file->entries);
}

static void
slurp(int fd, struct str *out)
{
	struct stat st;

	str_clear(out);
	if (!CHECK(fstat(fd, &st) == 0 && st.st_size > 0, "no file"))
		return;
	for (off_t at = 0; at < st.st_size;) {
		char buf[4096];
		ssize_t n = pread(fd, buf, sizeof(buf), at);

		if (n <= 0)
			break;
		str_add(out, buf, (size_t)n);
		at += n;
	}
}

static void
entry_by_libcrypto(X509_CRL *crl, uint64_t i, const struct crl_entry *want)
{
	X509_REVOKED *got = sk_X509_REVOKED_value(X509_CRL_get_REVOKED(crl), (int)i);
	ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(got, NID_crl_reason, NULL, NULL);
	ASN1_GENERALIZEDTIME *since = X509_REVOKED_get_ext_d2i(got, NID_invalidity_date, NULL, NULL);
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_REVOKED_get0_serialNumber(got), NULL);
	uint8_t octets[32];

	CHECK(BN_num_bytes(serial) == (int)want->serial_len && BN_bn2bin(serial, octets) > 0 &&
	    memcmp(octets, want->serial, want->serial_len) == 0, "serial of entry %llu", (unsigned long long)i);
	CHECK(ASN1_TIME_cmp_time_t(X509_REVOKED_get0_revocationDate(got), want->revoked_at_s) == 0, "date");
	CHECK(want->reason == CRL_UNSPECIFIED ? reason == NULL :
	    reason != NULL && ASN1_ENUMERATED_get(reason) == (long)want->reason, "reason");
	CHECK(want->invalid_since_s == CRL_NO_TIME ? since == NULL :
	    since != NULL && ASN1_TIME_cmp_time_t(since, want->invalid_since_s) == 0, "invalidityDate");
	BN_free(serial);
	ASN1_ENUMERATED_free(reason);
	ASN1_GENERALIZEDTIME_free(since);
}

static void
judged_by_libcrypto(const struct str *der, const struct plan *p, int64_t now)
{
	const uint8_t *q = (const uint8_t *)der->p;
	X509_CRL *crl = d2i_X509_CRL(NULL, &q, (long)der->len);
	ASN1_INTEGER *number = NULL;
	AUTHORITY_KEYID *aki = NULL;
	ISSUING_DIST_POINT *idp = NULL;
	int critical = -1;
	struct crl_entry want;

	if (!CHECK(crl != NULL && q == (const uint8_t *)der->p + der->len, "not read"))
		return;
	CHECK(X509_CRL_verify(crl, ca.key) == 1, "signature");
	CHECK(X509_CRL_get_version(crl) == 1, "version");
	CHECK(X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(ca.x509)) == 0, "issuer");
	CHECK(ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(crl), now) == 0 &&
	    ASN1_TIME_cmp_time_t(X509_CRL_get0_nextUpdate(crl), now + 86400) == 0, "dates");
	number = X509_CRL_get_ext_d2i(crl, NID_crl_number, &critical, NULL);
	CHECK(number != NULL && critical == 0, "cRLNumber");
	aki = X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, &critical, NULL);
	CHECK(aki != NULL && critical == 0 && aki->keyid != NULL && ASN1_STRING_length(aki->keyid) == 20, "key id");
	idp = X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &critical, NULL);
	CHECK((idp != NULL) == p->shard && (!p->shard || critical == 1), "issuingDistributionPoint");
	if (idp != NULL)
		CHECK(idp->onlyuser > 0 && idp->onlyCA == 0 && idp->distpoint != NULL && idp->distpoint->type == 0,
		    "form of issuingDistributionPoint");
	ASN1_INTEGER_free(number);
	number = X509_CRL_get_ext_d2i(crl, NID_delta_crl, &critical, NULL);
	CHECK((number != NULL) == p->delta && (!p->delta || critical == 1), "deltaCRLIndicator");
	if (p->n == 0)
		CHECK(X509_CRL_get_REVOKED(crl) == NULL, "an empty list must be absent");
	for (uint64_t i = 0; i < p->n; i += p->n > 1000 ? 97 : 1) {
		entry_make(i, p->varied, now, &want);
		entry_by_libcrypto(crl, i, &want);
	}
	ASN1_INTEGER_free(number);
	AUTHORITY_KEYID_free(aki);
	ISSUING_DIST_POINT_free(idp);
	X509_CRL_free(crl);
}

/* Our reader finds what was written, however little it is given at a time. */
struct drip {
	struct der	in;
	size_t		step;
};

static bool
drip_read(void *arg, uint8_t *out, size_t cap, size_t *got, struct err *e)
{
	struct drip *d = arg;

	(void)e;
	*got = d->in.len < d->step ? d->in.len : d->step;
	if (*got > cap)
		*got = cap;
	memcpy(out, d->in.p, *got);
	d->in.p += *got;
	d->in.len -= *got;
	return true;
}

static bool
read_all(struct der in, size_t step, uint64_t *n, struct crl_reader **r, struct err *e)
{
	struct drip d = { in, step };
	struct crl_entry entry;
	bool more = true;

	*n = 0;
	if (!crl_reader_new(CRL_WHOLE, drip_read, &d, r, e))
		return false;
	for (;;) {
		if (!crl_reader_next(*r, &entry, &more, e))
			return false;
		if (!more)
			return true;
		++*n;
	}
}

static bool
same_entry(const struct crl_entry *a, const struct crl_entry *b)
{
	return crl_serial_cmp(a->serial, a->serial_len, b->serial, b->serial_len) == 0 &&
	    a->revoked_at_s == b->revoked_at_s && a->reason == b->reason && a->invalid_since_s == b->invalid_since_s;
}

static void
read_back(const struct str *der, const struct plan *p, int64_t now)
{
	OWN(crl_reader_free) struct crl_reader *r = NULL;
	struct drip d = { { (const uint8_t *)der->p, der->len }, p->n > 1000 ? 5000 : 7 };
	struct crl_entry got, want;
	struct err e = { 0 };
	const struct crl_head *h;
	uint64_t n = 0, wrong = 0;
	bool more;

	if (!CHECK(crl_reader_new(CRL_WHOLE, drip_read, &d, &r, &e), "%s %s", e.msg, e.trail))
		return;
	for (;;) {
		if (!CHECK(crl_reader_next(r, &got, &more, &e), "%s %s", e.msg, e.trail) || !more)
			break;
		entry_make(n++, p->varied, now, &want);
		wrong += !same_entry(&got, &want);
	}
	h = crl_reader_head(r);
	CHECK(n == p->n && wrong == 0, "%llu entries, %llu wrong", (unsigned long long)n, (unsigned long long)wrong);
	CHECK(crl_reader_sorted(r), "not sorted");
	CHECK(der_equal(h->issuer, name.p, name.len) && der_equal(h->key_id, key_id.p, key_id.len), "issuer or key id");
	CHECK(h->this_update_s == now && h->next_update_s == now + 86400, "dates");
	CHECK(h->number.len == strlen(p->number) / 2, "number of %zu octets", h->number.len);
	CHECK((h->idp_uri.p != NULL) == p->shard && h->idp_only_user == p->shard &&
	    (!p->shard || der_equal(h->idp_uri, URI, strlen(URI))), "idp");
	CHECK((h->base_number.p != NULL) == p->delta, "delta");
	CHECK(crl_reader_verify(r, spki, &e), "%s", e.msg);
}

static void
lists(void)
{
	static const struct plan plans[] = {
		{ 0, 0, false, false, false, "01" },
		{ 0, 1000, false, false, false, "01" },		/* expected, but none came */
		{ 1, 0, false, false, false, "80" },		/* came, but not expected */
		{ 1, 1, true, false, true, "0102030405060708090a0b0c0d0e0f1011121314" },
		{ 3, 3, false, true, true, "05" },
		{ 7, 7, true, true, true, "ff" },
		{ 300, 1, false, false, true, "0100" },
		{ 1333, 1333, false, false, false, "0100" },	/* near 65536 octets */
		{ 1336, 1340, false, false, false, "0100" },
		{ 5000, 4, true, false, true, "0100" },
		{ 4, 500000, true, false, true, "0100" },
	};
	int64_t now = time(NULL);

	for (size_t i = 0; i < COUNT(plans); i++) {
		OWN_FD int fd = memfd_create("crl", MFD_CLOEXEC);
		OWN_STR struct str der = { 0 };
		struct crl_file file;
		struct err e = { 0 };

		if (!build(&plans[i], now, fd, &file))
			continue;
		if (!CHECK(crl_file_make(&file, sign, ca.key, &e), "list %zu: %s %s", i, e.msg, e.trail))
			continue;
		slurp(fd, &der);
		judged_by_libcrypto(&der, &plans[i], now);
		read_back(&der, &plans[i], now);
	}
}

/* Lengths around those where a header grows by an octet, with signatures of several lengths. */
static void
header_edges(void)
{
	int64_t now = time(NULL);

	for (uint64_t n = 0; n < 9; n++) {
		struct plan p = { n, n ^ 5, false, false, false, "01" };

		for (size_t sig_len = 1; sig_len < 200; sig_len += 3) {
			OWN_FD int fd = memfd_create("crl", MFD_CLOEXEC);
			OWN(crl_reader_free) struct crl_reader *r = NULL;
			OWN_STR struct str der = { 0 };
			static const uint8_t sig[200];
			struct crl_file file;
			struct err e = { 0 };
			uint64_t found;

			if (!build(&p, now, fd, &file) || !CHECK(crl_file_seal(&file, sig, sig_len, NULL, &e), "%s", e.msg))
				return;
			slurp(fd, &der);
			CHECK(read_all((struct der){ (const uint8_t *)der.p, der.len }, 100, &found, &r, &e) && found == n,
			    "%llu entries, signature of %zu: %s", (unsigned long long)n, sig_len, e.msg);
		}
	}
}

static void
writer_refuses(void)
{
	int64_t now = time(NULL);

	for (int i = 0; i < 8; i++) {
		OWN_FD int fd = memfd_create("crl", MFD_CLOEXEC);
		OWN(crl_writer_free) struct crl_writer *w = NULL;
		struct crl_head h = { SIGNATURE_ECDSA_SHA256, name, now, now + 60, key_id, { (const uint8_t *)"\1", 1 },
		    { NULL, 0 }, false, { NULL, 0 } };
		struct crl_entry entry;
		struct err e = { 0 };

		if (!CHECK(crl_writer_new(fd, &h, 1, &w, &e), "%s", e.msg))
			return;
		entry_make(5, false, now, &entry);
		CHECK(crl_writer_add(w, &entry, &e), "%s", e.msg);
		if (i > 0)
			entry.serial[15]++;
		switch (i) {
		case 0: break;					/* the same again */
		case 1: entry.serial[14] = 0; entry.serial[15] = 4; break;
		case 2: entry.serial_len = 0; break;
		case 3: entry.serial_len = 21; break;
		case 4: entry.serial[0] = 0; break;
		case 5: entry.reason = (enum crl_reason)7; break;
		case 6: entry.reason = CRL_REMOVE; break;	/* not in a full list */
		case 7: entry.revoked_at_s = INT64_MAX; break;
		}
		CHECK(!crl_writer_add(w, &entry, &e) && e.kind == ERR_INTERNAL, "case %d passes", i);
	}
	CHECK(crl_serial_cmp((const uint8_t *)"\2", 1, (const uint8_t *)"\1\1", 2) < 0 &&
	    crl_serial_cmp((const uint8_t *)"\2", 1, (const uint8_t *)"\1", 1) > 0, "order of serials");
}

/* Every prefix is refused; a changed octet is refused or breaks the signature. */
static void
damage(void)
{
	struct plan p = { 4, 4, true, true, true, "0102" };
	OWN_FD int fd = memfd_create("crl", MFD_CLOEXEC);
	OWN(crl_reader_free) struct crl_reader *more = NULL;
	OWN_STR struct str der = { 0 };
	struct crl_file file;
	struct err e = { 0 };
	uint64_t n;

	if (!build(&p, time(NULL), fd, &file) || !CHECK(crl_file_make(&file, sign, ca.key, &e), "%s", e.msg))
		return;
	slurp(fd, &der);
	for (size_t i = 0; i < der.len; i++) {
		OWN(crl_reader_free) struct crl_reader *cut = NULL, *changed = NULL;

		CHECK(!read_all((struct der){ (const uint8_t *)der.p, i }, 64, &n, &cut, &e) && e.kind == ERR_MALFORMED,
		    "%zu octets pass: %s", i, e.msg);
		der.p[i] ^= 0x04;
		if (read_all((struct der){ (const uint8_t *)der.p, der.len }, 64, &n, &changed, &e))
			CHECK(!crl_reader_verify(changed, spki, &e), "octet %zu may be changed", i);
		der.p[i] ^= 0x04;
	}
	str_addc(&der, 0);
	CHECK(!read_all((struct der){ (const uint8_t *)der.p, der.len }, 64, &n, &more, &e), "a trailing octet passes");
}

/* Lists of another maker, with what we do not write ourselves. */
static void
foreign(void)
{
	for (int i = 0; i < 3; i++) {
		OWN(crl_reader_free) struct crl_reader *r = NULL;
		X509_CRL *crl = X509_CRL_new();
		ASN1_TIME *t = ASN1_TIME_set(NULL, time(NULL));
		ASN1_TIME *next = ASN1_TIME_set(NULL, time(NULL) + 60);
		CERTIFICATEPOLICIES *policies = CERTIFICATEPOLICIES_new();
		uint8_t *der = NULL;
		struct err e = { 0 };
		uint64_t n;
		int len;

		(void)X509_CRL_set_version(crl, i == 1 ? 0 : 1);
		(void)X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca.x509));
		(void)X509_CRL_set1_lastUpdate(crl, t);
		(void)X509_CRL_set1_nextUpdate(crl, next);
		for (long s = 3; s > 0; s--) {
			X509_REVOKED *rev = X509_REVOKED_new();
			ASN1_INTEGER *serial = ASN1_INTEGER_new();

			(void)ASN1_INTEGER_set(serial, s * 1000);
			(void)X509_REVOKED_set_serialNumber(rev, serial);
			(void)X509_REVOKED_set_revocationDate(rev, t);
			(void)X509_CRL_add0_revoked(crl, rev);
			ASN1_INTEGER_free(serial);
		}
		if (i == 2)		/* critical, and unheard of in a list */
			(void)X509_CRL_add1_ext_i2d(crl, NID_certificate_policies, policies, 1, 0);
		(void)X509_CRL_sign(crl, ca.key, EVP_sha384());
		len = i2d_X509_CRL(crl, &der);
		if (i == 0)
			CHECK(read_all((struct der){ der, (size_t)len }, 10, &n, &r, &e) && n == 3 && !crl_reader_sorted(r) &&
			    crl_reader_verify(r, spki, &e), "%s", e.msg);
		else
			CHECK(!read_all((struct der){ der, (size_t)len }, 10, &n, &r, &e), "foreign list %d passes", i);
		OPENSSL_free(der);
		ASN1_TIME_free(t);
		ASN1_TIME_free(next);
		CERTIFICATEPOLICIES_free(policies);
		X509_CRL_free(crl);
	}
}

/* What the fuzzer kept: read to the end or refused, never more. */
static void
corpus(void)
{
	const char *source = getenv("CERTMILL_SOURCE");
	char dir[512], path[1024];
	struct dirent *entry;
	DIR *d;
	int files = 0;

	(void)snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/crl", source != NULL ? source : ".");
	d = opendir(dir);
	if (!CHECK(d != NULL, "no corpus in %s", dir))
		return;
	while ((entry = readdir(d)) != NULL) {
		OWN(fclose) FILE *f = NULL;
		OWN(crl_reader_free) struct crl_reader *r = NULL;
		uint8_t buf[8192];
		struct err e = { 0 };
		uint64_t found;
		size_t n;

		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] == '.' || (f = fopen(path, "r")) == NULL)
			continue;
		n = fread(buf, 1, sizeof(buf), f);
		if (n == 0 || !read_all((struct der){ buf + 1, n - 1 }, buf[0] + 1u, &found, &r, &e))
			CHECK(n == 0 || e.kind == ERR_MALFORMED || e.kind == ERR_INVALID, "%s: %s", entry->d_name, e.trail);
		files++;
	}
	(void)closedir(d);
	CHECK(files > 10, "%d files in the corpus", files);
}

int
main(void)
{
	const ASN1_OCTET_STRING *id;
	uint8_t *der = NULL, *pub = NULL;

	secret_init();
	ca = make_ca("Device CA", NULL);
	name.len = (size_t)i2d_X509_NAME(X509_get_subject_name(ca.x509), &der);
	name.p = der;
	id = X509_get0_subject_key_id(ca.x509);
	key_id = (struct der){ ASN1_STRING_get0_data(id), (size_t)ASN1_STRING_length(id) };
	spki.len = (size_t)i2d_PUBKEY(ca.key, &pub);
	spki.p = pub;
	lists();
	header_edges();
	writer_refuses();
	damage();
	foreign();
	corpus();
	OPENSSL_free(der);
	OPENSSL_free(pub);
	made_cert_clear(&ca);
	return check_done();
}
