/* OCSP answers, their delegates here and elsewhere, and revocation lists held against the last one. */
#include <openssl/evp.h>
#include <sys/mman.h>

#include "signer/signkey.h"
#include "quiet.h"
#include "signer_box.h"
#include "x509/revocation/crl.h"
#include "x509/revocation/ocsp.h"

static struct box box;

static const struct issuer *
ca(void)
{
	return &ca_by_id(box.cas, "idevid-ca1")->issuer;
}

/* ---- OCSP ---- */

static void
sha1(struct der d, uint8_t out[20])
{
	CHECK(EVP_Digest(d.p, d.len, out, NULL, EVP_sha1(), NULL) == 1, "sha1");
}

static struct der
answer_of(const struct signlink_delegate *d, const struct issuer *issuer, int64_t produced_s, int64_t life_s)
{
	static const uint8_t serial[16] = { 0x41, 1, 2, 3 };
	struct ocsp_answer a = { .produced_at_s = produced_s, .n = 1 };
	OWN_STR struct str id = { 0 }, tbs = { 0 };
	uint8_t name[20], key[20];

	sha1(issuer->subject, name);
	CHECK(ocsp_key_hash(issuer->spki, key), "key hash");
	ocsp_certid_make(OCSP_SHA1, name, key, (struct der){ serial, 16 }, &id);
	memcpy(a.responder, d->responder, sizeof(a.responder));
	a.singles[0] = (struct ocsp_single){ .certid = { (const uint8_t *)id.p, id.len }, .status = OCSP_GOOD,
		.this_update_s = produced_s, .next_update_s = life_s == 0 ? OCSP_NO_TIME : produced_s + life_s };
	ocsp_tbs_make(&a, &tbs);
	return (struct der){ arena_memdup(box.arena, tbs.p, tbs.len), tbs.len };
}

/* "" when signed, else why not. */
static const char *
ocsp_sign(struct signlink *l, struct der tbs, struct signlink_result *r)
{
	static char why[256];
	struct err e = { 0 };

	if (!signlink_sign_ocsp(l, ca()->id, &tbs, 1, box.arena, r, &e))
		snprintf(why, sizeof(why), "%s: %s", e.code, e.msg);
	else
		snprintf(why, sizeof(why), "%s%s", r->ok ? "" : r->code, r->ok ? "" : r->why);
	return why;
}

static void
ocsp(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.status);
	struct signlink_delegate d, again;
	struct signlink_result r;
	struct cert cert;
	struct der tbs;
	const char *why;
	const int64_t now_s = clock_now_s();
	struct err e = { 0 };

	if (!CHECK(signlink_ocsp_delegate(l, ca()->id, box.arena, &d, &e), "%s", e.msg)
	    || !CHECK(cert_decode(d.cert.p, d.cert.len, &cert, &e), "%s", e.msg))
		return;
	CHECK(signature_verify(ca()->spki, cert.signature_algorithm, cert.tbs.p, cert.tbs.len, cert.signature.p,
	    cert.signature.len, &e), "the delegate is not the CA's");
	CHECK(d.not_before_s <= now_s && d.not_after_s > now_s + 86400 && d.not_after_s < now_s + 30 * 86400,
	    "its life");
	tbs = answer_of(&d, ca(), now_s, 3600);
	why = ocsp_sign(l, tbs, &r);
	CHECK(why[0] == '\0' && signature_verify(cert.spki, SIGNATURE_ECDSA_SHA256, tbs.p, tbs.len, r.signature.p,
	    r.signature.len, &e), "%s %s", why, e.msg);
	CHECK(ocsp_sign(l, answer_of(&d, ca(), now_s - 86400, 2 * 86400), &r)[0] != '\0', "produced yesterday");
	CHECK(ocsp_sign(l, answer_of(&d, ca(), now_s, 90 * 86400), &r)[0] != '\0', "good for ninety days");
	CHECK(ocsp_sign(l, answer_of(&d, ca(), now_s, 0), &r)[0] != '\0', "good for ever");
	CHECK(ocsp_sign(l, answer_of(&d, &ca_by_id(box.cas, "internal-tls")->issuer, now_s, 3600), &r)[0] != '\0',
	    "about another CA's certificate");
	CHECK(ocsp_sign(l, (struct der){ tbs.p, tbs.len - 1 }, &r)[0] != '\0', "half an answer");
	again = d;
	again.responder[0] ^= 1;
	CHECK(strstr(ocsp_sign(l, answer_of(&again, ca(), now_s, 3600), &r), "ocsp_delegate_changed") != NULL,
	    "by somebody else");
	(void)box_stop(&box, SIGTERM);
	box_start(&box);
	CHECK(signlink_ocsp_delegate(l, ca()->id, box.arena, &again, &e)
	    && memcmp(again.responder, d.responder, sizeof(d.responder)) == 0, "a restart made another delegate");
	/* past half of its life */
	(void)box_stop(&box, SIGTERM);
	clock_shift(8 * 86400);
	box_start(&box);
	CHECK(signlink_ocsp_delegate(l, ca()->id, box.arena, &again, &e)
	    && memcmp(again.responder, d.responder, sizeof(d.responder)) != 0, "it was not renewed");
	why = ocsp_sign(l, answer_of(&d, ca(), clock_now_s(), 3600), &r);
	CHECK(why[0] == '\0', "the delegate before it ended too soon: %s", why);
	(void)box_stop(&box, SIGTERM);
	clock_shift(0);
	box_start(&box);
}

/* A signer without CA keys: the pair is made there, certified here. */
static void
elsewhere(void)
{
	char dir[96], conf[2048], ops[200], *argv[] = { (char *)"init", (char *)"--dir", dir, (char *)"--run",
		(char *)"run", (char *)"--public-url", (char *)"http://pki.example", NULL };
	OWN(signlink_free) struct signlink *there = NULL, *here = signlink_new(box.worker);
	OWN_STR struct str pem = { 0 }, text = { 0 };
	struct signlink_delegate d;
	struct der *requests, cert;
	size_t n;
	pid_t pid;
	struct err e = { 0 };

	snprintf(dir, sizeof(dir), "%s/elsewhere", box.dir);
	snprintf(ops, sizeof(ops), "%s/run/signer-status.sock", dir);
	CHECK(box_command(cmd_init, argv) == 0, "init");
	CHECK(mkdir(box_path(&box, "elsewhere/run"), 0700) == 0, "run");
	CHECK(file_read(box_path(&box, "ca/idevid-ca1.pem"), 1 << 16, &pem, &e)
	    && file_write(box_path(&box, "elsewhere/ca/idevid-ca1.pem"), 0600, pem.p, pem.len, &e), "%s", e.msg);
	pid = box_serve(dir, ops);
	there = signlink_new(ops);
	CHECK(!signlink_ocsp_delegate(there, ca()->id, box.arena, &d, &e) && e.kind == ERR_UNAVAILABLE
	    && strcmp(e.code, "ocsp_no_delegate") == 0, "a delegate from nowhere");
	if (!CHECK(signlink_ocsp_requests(there, box.arena, &requests, &n, &e) && n == 1, "%zu requests: %s", n, e.msg))
		return;
	CHECK(!signlink_ocsp_certify(here, requests[0], box.arena, &cert, &e) && e.kind == ERR_FORBIDDEN,
	    "a responder that nobody named was certified");
	(void)box_stop(&box, SIGTERM);
	CHECK(file_read(box_path(&box, "signer.conf"), 1 << 16, &text, &e), "%s", e.msg);
	snprintf(conf, sizeof(conf), "%s\n[ocsp]\nresponder = elsewhere/responder.pem\n", text.p);
	CHECK(file_write(box_path(&box, "signer.conf"), 0600, conf, strlen(conf), &e), "%s", e.msg);
	box_start(&box);
	CHECK(signlink_ocsp_certify(here, requests[0], box.arena, &cert, &e), "%s", e.msg);
	CHECK(!signlink_ocsp_install(there, box.cas != NULL ? ca()->cert : cert, &e),
	    "a CA's certificate was installed");
	CHECK(signlink_ocsp_install(there, cert, &e), "%s", e.msg);
	CHECK(signlink_ocsp_delegate(there, ca()->id, box.arena, &d, &e) && der_equal(d.cert, cert.p, cert.len),
	    "%s", e.msg);
	CHECK(signlink_ocsp_requests(there, box.arena, &requests, &n, &e) && n == 0, "asked again at once");
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	pid = box_serve(dir, ops);
	CHECK(signlink_ocsp_delegate(there, ca()->id, box.arena, &d, &e) && der_equal(d.cert, cert.p, cert.len),
	    "lost by a restart: %s", e.msg);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
}

/* ---- lists ---- */

struct list {
	const char	*issuer_of;	/* whose name it bears: CA id */
	const char	*ca;		/* who is asked; NULL: the same */
	uint8_t		 number;
	uint8_t		 base;		/* 0: a whole list */
	int64_t		 life_s;
	const char	*uri;
	const char	*serials;	/* one entry a character; a capital is on hold, '-' removes the next */
	const uint8_t	(*real)[16];	/* of these too */
	size_t		 n_real;
};

static int
by_serial(const void *a, const void *b)
{
	const struct crl_entry *x = a, *y = b;

	return crl_serial_cmp(x->serial, x->serial_len, y->serial, y->serial_len);
}

static struct crl_file
list_write(const struct list *q, int fd)
{
	const struct issuer *issuer = &ca_by_id(box.cas, q->issuer_of)->issuer;
	struct crl_head h = { .signature = SIGNATURE_ECDSA_SHA256, .issuer = issuer->subject,
	    .this_update_s = clock_now_s(),
		.next_update_s = clock_now_s() + q->life_s, .key_id = issuer->ski, .number = { &q->number, 1 } };
	OWN(crl_writer_free) struct crl_writer *w = NULL;
	struct crl_file file = { .fd = fd };
	struct crl_entry entries[64];
	size_t n = 0;
	struct err e = { 0 };

	if (q->base != 0)
		h.base_number = (struct der){ &q->base, 1 };
	if (q->uri != NULL)
		h.idp_uri = (struct der){ (const uint8_t *)q->uri, strlen(q->uri) };
	for (const char *p = q->serials; *p != '\0'; p++) {
		const bool removes = *p == '-', holds = *p >= 'A' && *p <= 'Z';

		if (removes)
			p++;
		entries[n++] = (struct crl_entry){ .serial = { 0x40, (uint8_t)(*p | 0x20) }, .serial_len = 2,
			.revoked_at_s = clock_now_s() - 100, .invalid_since_s = CRL_NO_TIME,
			.reason = removes ? CRL_REMOVE : holds ? CRL_HOLD : CRL_UNSPECIFIED };
	}
	for (size_t i = 0; i < q->n_real; i++) {
		entries[n] = (struct crl_entry){ .serial_len = 16, .revoked_at_s = clock_now_s() - 100,
			.invalid_since_s = CRL_NO_TIME };
		memcpy(entries[n++].serial, q->real[i], 16);
	}
	qsort(entries, n, sizeof(entries[0]), by_serial);
	if (!CHECK(crl_writer_new(fd, &h, n, &w, &e), "%s", e.msg))
		exit(check_done());
	for (size_t i = 0; i < n; i++)
		CHECK(crl_writer_add(w, &entries[i], &e), "%s", e.msg);
	if (!CHECK(crl_writer_end(w, &file, &e), "%s %s", e.msg, e.trail))
		exit(check_done());
	return file;
}

/* "" when signed and whole, else why not. */
static const char *
list_sign(const struct list *q, uint32_t shard, int evidence_fd)
{
	static char why[300];
	OWN(signlink_free) struct signlink *l = signlink_new(box.status);
	OWN(crl_reader_free) struct crl_reader *r = NULL;
	OWN_FD int fd = memfd_create("list", MFD_CLOEXEC);
	struct crl_file file = list_write(q, fd);
	const struct issuer *issuer = &ca_by_id(box.cas, q->ca != NULL ? q->ca : q->issuer_of)->issuer;
	struct signlink_list in = { .ca = issuer->id, .shard = shard, .delta = q->base != 0, .fd = fd,
		.tbs_at = file.tbs_at, .tbs_len = file.tbs_len, .evidence_fd = evidence_fd };
	struct signlink_list_signed out;
	struct crl_entry x;
	bool more = true;
	struct stat st;
	struct err e = { 0 };

	if (!signlink_sign_list(l, &in, box.arena, &out, &e)) {
		snprintf(why, sizeof(why), "%s: %s", e.code, e.msg);
		return why;
	}
	CHECK(out.entries == file.entries, "%" PRIu64 " entries", out.entries);
	if (!CHECK(crl_file_seal(&file, out.signature.p, out.signature.len, NULL, &e) && fstat(fd, &st) == 0
	    && crl_reader_file(CRL_WHOLE, fd, 0, (uint64_t)st.st_size, &r, &e), "%s", e.msg))
		return "unreadable";
	while (more)
		if (!CHECK(crl_reader_next(r, &x, &more, &e), "%s", e.msg))
			return "unreadable";
	CHECK(crl_reader_verify(r, issuer->spki, &e), "%s", e.msg);
	return "";
}

static struct list
list_of(uint8_t number, const char *serials)
{
	return (struct list){ .issuer_of = "idevid-ca1", .number = number, .life_s = 86400, .serials = serials };
}

static void
list_passes(struct list q)
{
	const char *why = list_sign(&q, SIGNLINK_WHOLE_LIST, -1);

	CHECK(why[0] == '\0', "list %u \"%s\": %s", q.number, q.serials, why);
}

static void
list_fails(struct list q, const char *what)
{
	const char *why = list_sign(&q, SIGNLINK_WHOLE_LIST, -1);

	CHECK(strstr(why, "crl_refused") != NULL, "%s: list %u \"%s\" %s", what, q.number, q.serials, why);
}

static void
whole_lists(void)
{
	struct list q;

	list_passes(list_of(1, "adX"));
	list_fails(list_of(1, "adX"), "the same number");
	list_fails(list_of(2, "aX"), "an entry vanished");
	list_fails(list_of(2, "dX"), "the first entry vanished");
	list_fails(list_of(2, ""), "all entries vanished");
	list_fails(list_of(2, "AdX"), "revoked for good became a hold");
	list_passes(list_of(2, "abcd"));	/* X was released */
	list_passes(list_of(7, "abcdez"));
	list_fails(list_of(5, "abcdez"), "an earlier number");
	q = list_of(8, "abcdez");
	q.issuer_of = "internal-tls";
	q.ca = "idevid-ca1";
	list_fails(q, "another issuer's name");
	q = list_of(8, "abcdez");
	q.life_s = 400 * 86400;
	list_fails(q, "good for longer than a year");
	q = list_of(8, "abcdez");
	q.uri = "http://elsewhere.example/x.crl";
	list_fails(q, "a foreign distribution point");
	CHECK(box_stop(&box, SIGKILL) == -1, "kill");
	box_start(&box);
	list_fails(list_of(7, "abcdez"), "the same number after a restart");
	list_fails(list_of(8, "abcde"), "an entry vanished after a restart");
	list_passes(list_of(8, "abcdeHz"));
}

static void
deltas(void)
{
	struct list q = list_of(9, "f");

	q.base = 8;
	list_passes(q);
	q = list_of(10, "fg-h");
	q.base = 8;
	list_passes(q);			/* H was released */
	q = list_of(11, "g");
	q.base = 8;
	list_fails(q, "an entry of the delta before vanished");
	q = list_of(11, "fg-a");
	q.base = 8;
	list_fails(q, "a delta took back what was revoked for good");
	q = list_of(11, "fg");
	q.base = 7;
	list_fails(q, "a delta to another list");
	list_fails(list_of(11, "abcdez"), "what the deltas said vanished from the whole list");
	list_fails(list_of(10, "abcdefgz"), "a delta's number again");
	list_passes(list_of(11, "abcdefgz"));
}

/* Two server certificates; their DER. */
static bool
tls_certs(uint8_t serials[2][16], struct der cert[2])
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.worker);
	const struct issuer *tls = &ca_by_id(box.cas, "internal-tls")->issuer;
	struct tbs_in in = { .inputs = { "host.example" } };
	struct der tbs[2];
	struct signlink_result r[2];
	struct signlink_request q = { .ca = tls->id, .profile_id = TLS_PROFILE, .profile_version = 1,
	    .tbs = tbs, .n = 2 };
	struct err e = { 0 };

	for (size_t i = 0; i < 2; i++) {
		uint8_t raw[TBS_MAX];

		cert_serial_make(serials[i]);
		memcpy(in.serial, serials[i], 16);
		in.spki = box_spki(&box, (struct key_type){ KEY_EC, 256 });
		if (!CHECK(profile_dates(box.tls, clock_now_s(), tls->not_before_s, tls->not_after_s, &in.not_before_s,
		    &in.not_after_s, &e) && tbs_build(box.tls_template, &in, raw, sizeof(raw), &tbs[i], &e),
		    "%s", e.msg))
			return false;
		tbs[i].p = arena_memdup(box.arena, tbs[i].p, tbs[i].len);
	}
	if (!CHECK(signlink_sign_certs(l, &q, box.arena, r, &e) && r[0].ok && r[1].ok, "%s", e.msg))
		return false;
	for (size_t i = 0; i < 2; i++) {
		uint8_t *buf = arena_alloc(box.arena, tbs[i].len + 256);

		if (!CHECK(cert_assemble(tbs[i], SIGNATURE_ECDSA_SHA256, r[i].signature.p, r[i].signature.len, buf,
		    tbs[i].len + 256, &cert[i], &e), "%s", e.msg))
			return false;
	}
	return true;
}

static int
file_of(struct der d, bool altered)
{
	int fd = memfd_create("evidence", MFD_CLOEXEC);

	CHECK(write(fd, d.p, d.len) == (ssize_t)d.len, "write");
	if (altered)
		CHECK(pwrite(fd, "x", 1, (off_t)d.len / 2) == 1, "write");
	return fd;
}

/* Certificates that ended leave one list later: the journal knows when, or the certificate shows it. */
static void
expiry(void)
{
	uint8_t serials[2][16];
	struct der cert[2];
	struct list two = { .issuer_of = "internal-tls", .life_s = 86400, .serials = "",
	    .real = (const uint8_t (*)[16])serials,
		.n_real = 2 };
	struct list one = two, none = two;
	OWN_FD int shown = -1, forged = -1;
	const char *why;

	one.n_real = 1;
	none.n_real = 0;
	if (!tls_certs(serials, cert))
		return;
	two.number = 1;
	list_passes(two);
	(void)box_stop(&box, SIGTERM);
	clock_shift(400 * 86400);
	box_start(&box);
	one.number = 2;
	list_fails(one, "one left though no list was made since it ended");
	two.number = 2;
	list_passes(two);
	one.number = 3;
	list_passes(one);
	/* another signer's certificate, for this one's journal is empty */
	(void)box_stop(&box, SIGTERM);
	CHECK(rename(box_path(&box, "journal"), box_path(&box, "aside")) == 0
	    && mkdir(box_path(&box, "journal"), 0700) == 0, "rename");
	box_start(&box);
	none.number = 4;
	list_fails(none, "one left that the journal does not know");
	forged = file_of(cert[0], true);
	why = list_sign(&none, SIGNLINK_WHOLE_LIST, forged);
	CHECK(strstr(why, "crl_evidence") != NULL, "altered evidence: %s", why);
	shown = file_of(cert[0], false);
	why = list_sign(&none, SIGNLINK_WHOLE_LIST, shown);
	CHECK(why[0] == '\0', "with the certificate shown: %s", why);
	clock_shift(0);
}

/* A list in parts: each has its own place and its own serials. */
static void
shards(void)
{
	char uri[200];
	OWN_STR struct str text = { 0 };
	struct list q = { .issuer_of = "internal-admin", .life_s = 86400, .number = 1 };
	char conf[2048];
	const char *why;
	struct err e = { 0 };

	q.serials = "";
	why = list_sign(&q, 0, -1);
	CHECK(strstr(why, "crl_refused") != NULL, "a shard of a CA that has none: %s", why);
	(void)box_stop(&box, SIGTERM);
	CHECK(file_read(box_path(&box, "signer.conf"), 1 << 16, &text, &e), "%s", e.msg);
	snprintf(conf, sizeof(conf), "%s\n[ca internal-admin]\nshards = 1 4\n", text.p);
	CHECK(file_write(box_path(&box, "signer.conf"), 0600, conf, strlen(conf), &e), "%s", e.msg);
	box_start(&box);
	why = list_sign(&q, 1, -1);
	CHECK(strstr(why, "crl_refused") != NULL, "a shard without its distribution point: %s", why);
	snprintf(uri, sizeof(uri), "http://pki.example/crl/%s/1.crl", box_ski(&box, "internal-admin"));
	q.uri = uri;
	why = list_sign(&q, 2, -1);
	CHECK(strstr(why, "crl_refused") != NULL, "a shard with another's distribution point: %s", why);
	for (char c = 'a'; c <= 'd'; c++) {
		uint8_t serial[16] = { [14] = 0x40, [15] = (uint8_t)c };
		const char serials[2] = { c, '\0' };

		q.serials = serials;
		if (cert_shard(serial, 4) == 1)
			continue;
		why = list_sign(&q, 1, -1);
		CHECK(strstr(why, "another shard") != NULL, "a serial of another shard: %s", why);
	}
	for (char c = 'a'; c <= 'd'; c++) {
		uint8_t serial[16] = { [14] = 0x40, [15] = (uint8_t)c };
		const char serials[2] = { c, '\0' };

		q.serials = serials;
		if (cert_shard(serial, 4) != 1)
			continue;
		why = list_sign(&q, 1, -1);
		CHECK(why[0] == '\0', "%s", why);
	}
	snprintf(uri, sizeof(uri), "http://pki.example/crl/%s/0.crl", box_ski(&box, "internal-admin"));
	q.serials = "abcd";
	why = list_sign(&q, 0, -1);
	CHECK(why[0] == '\0', "shard 0 holds what was there when it was the only one: %s", why);
	why = list_sign(&q, 4, -1);
	CHECK(strstr(why, "has no shard 4") != NULL, "a shard above the largest number: %s", why);
}

int
main(void)
{
	log_init("test", LOG_ERROR_);
	secret_init();
	signal(SIGPIPE, SIG_IGN);
	quiet_begin();
	box_make(&box);
	box_start(&box);
	ocsp();
	elsewhere();
	whole_lists();
	deltas();
	expiry();
	shards();
	CHECK(box_stop(&box, SIGTERM) == 0, "it did not end by itself");
	box_free(&box);
	quiet_end();
	return check_done();
}
