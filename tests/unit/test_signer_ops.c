/* What the signer signs, and what it refuses: each refusal by itself, over its real sockets. */
#include <jansson.h>
#include <pthread.h>
#include <sys/socket.h>

#include "base/frame.h"
#include "signer/proto.h"
#include "signer/signkey.h"
#include "quiet.h"
#include "signer_box.h"
#include "x509/revocation/ocsp.h"

static struct box box;

/* Signs one; the reason of the refusal, or "" when it was signed. */
static const char *
sign_at(const char *socket, struct signlink_request q, struct signlink_result *r)
{
	static char why[256];
	OWN(signlink_free) struct signlink *l = signlink_new(socket);
	struct err e = { 0 };

	if (!signlink_sign_certs(l, &q, box.arena, r, &e))
		snprintf(why, sizeof(why), "%s: %s", e.code, e.msg);
	else if (!r->ok)
		snprintf(why, sizeof(why), "%s: %s", r->code, r->why);
	else
		why[0] = '\0';
	return why;
}

static const char *
sign(struct der tbs)
{
	struct signlink_result r;

	return sign_at(box.worker, box_request(&box, &tbs, 1), &r);
}

/* It is signed. */
static void
signs(struct der tbs, const char *what)
{
	const char *why = sign(tbs);

	CHECK(why[0] == '\0', "%s: %s", what, why);
}

/* The same TBSCertificate with its n-th element replaced (0 version, 1 serial ... 7 extensions). */
static struct der
edit(struct der tbs, size_t n, struct der with)
{
	struct der_item items[16], body;
	struct der_reader r = der_reader_of(tbs), in;
	size_t count = 0;
	uint8_t *buf = arena_alloc(box.arena, tbs.len + with.len + 16);
	struct der_writer w = der_writer(buf, tbs.len + with.len + 16);
	struct der out = { NULL, 0 };

	CHECK(der_enter(&r, DER_SEQUENCE, &in), "TBS");
	while (count < COUNT(items) && der_next(&in, &items[count]))
		count++;
	for (size_t i = count; i-- > 0;) {
		body = items[i];
		if (i == n)
			der_put_raw(&w, with.p, with.len);
		else
			der_put_raw(&w, body.whole.p, body.whole.len);
	}
	der_wrap(&w, DER_SEQUENCE, 0);
	CHECK(count == 8 && der_written(&w, &out), "TBS of %zu elements", count);
	return out;
}

/* Its extensions with one more at the end. */
static struct der
extended(struct der tbs, const uint8_t *extension, size_t len)
{
	struct der_reader r = der_reader_of(tbs), in, wrapped, list;
	struct der_item item;
	uint8_t *buf = arena_alloc(box.arena, 2048);
	struct der_writer w = der_writer(buf, 2048);
	struct der out = { NULL, 0 };

	CHECK(der_enter(&r, DER_SEQUENCE, &in), "TBS");
	while (der_peek(&in) != DER_CONTEXT_CONS(3))
		if (!der_next(&in, &item))
			break;
	CHECK(der_enter(&in, DER_CONTEXT_CONS(3), &wrapped) && der_enter(&wrapped, DER_SEQUENCE, &list), "extensions");
	der_put_raw(&w, extension, len);
	der_put_raw(&w, list.p, (size_t)(list.end - list.p));
	der_wrap(&w, DER_SEQUENCE, 0);
	der_wrap(&w, DER_CONTEXT_CONS(3), 0);
	CHECK(der_written(&w, &out), "extensions");
	return edit(tbs, 7, out);
}

static void
good_one(void)
{
	uint8_t serial[16], buf[8192];
	struct der tbs = box_tbs(&box, serial), der, found;
	struct signlink_result r;
	OWN(signlink_free) struct signlink *l = signlink_new(box.worker);
	const struct issuer *ca = &ca_by_id(box.cas, "idevid-ca1")->issuer;
	struct err e = { 0 };
	const char *why = sign_at(box.worker, box_request(&box, &tbs, 1), &r);

	if (!CHECK(why[0] == '\0', "%s", why))
		return;
	CHECK(signature_verify(ca->spki, SIGNATURE_ECDSA_SHA256, tbs.p, tbs.len, r.signature.p, r.signature.len, &e),
	    "the signature is not the CA's");
	CHECK(cert_assemble(tbs, SIGNATURE_ECDSA_SHA256, r.signature.p, r.signature.len, buf, sizeof(buf), &der,
	    &e), "%s",
	    e.msg);
	CHECK(signlink_journal_look(l, (const uint8_t (*)[16])&serial, 1, box.arena, &found, &e)
	    && der_equal(found, der.p, der.len), "the journal has another certificate: %s", e.msg);
	CHECK(strstr(sign(tbs), "serial_used") != NULL, "a serial was signed twice");
}

static void
refusals(void)
{
	static const uint8_t ca_true[] = { 0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x13, 0x01, 0x01, 0xff, 0x04, 0x05, 0x30,
		0x03, 0x01, 0x01, 0xff };
	static const uint8_t foreign[] = { 0x30, 0x0b, 0x06, 0x05, 0x2a, 0x03, 0x04, 0x05, 0x06, 0x04, 0x02,
	    0x05, 0x00 };
	static const uint8_t any_purpose[] = { 0x30, 0x0f, 0x06, 0x03, 0x55, 0x1d, 0x25, 0x04, 0x08, 0x30, 0x06, 0x06,
		0x04, 0x55, 0x1d, 0x25, 0x00 };
	const struct issuer *ca = &ca_by_id(box.cas, "idevid-ca1")->issuer;
	uint8_t serial[16], *issuer = arena_memdup(box.arena, ca->subject.p, ca->subject.len), times[64];
	struct der tbs, validity;
	struct der_writer w;

	tbs = box_tbs(&box, serial);
	issuer[ca->subject.len - 1] ^= 1;
	CHECK(strstr(sign(edit(tbs, 3, (struct der){ issuer, ca->subject.len })), "tbs_refused") != NULL,
	    "an issuer with a wrong octet was signed");
	CHECK(strstr(sign(extended(tbs, ca_true, sizeof(ca_true))), "tbs_refused") != NULL, "CA:TRUE was signed");
	CHECK(strstr(sign(extended(tbs, foreign, sizeof(foreign))), "tbs_refused") != NULL,
	    "a foreign extension was signed");
	CHECK(strstr(sign(extended(tbs, any_purpose, sizeof(any_purpose))), "tbs_refused") != NULL,
	    "a foreign purpose was signed");
	CHECK(strstr(sign(edit(tbs, 6, box_spki(&box, (struct key_type){ KEY_RSA, 1024 }))), "tbs_refused") != NULL,
	    "a small RSA key was signed");
	CHECK(strstr(sign(edit(tbs, 6, box_spki(&box, (struct key_type){ KEY_EC, 384 }))), "tbs_refused") != NULL,
	    "a key of another curve was signed");
	w = der_writer(times, sizeof(times));
	der_put_time(&w, TIME_NEVER_S);
	der_put_time(&w, clock_now_s() - 10 * 86400);
	der_wrap(&w, DER_SEQUENCE, 0);
	CHECK(der_written(&w, &validity), "validity");
	CHECK(strstr(sign(edit(tbs, 4, validity)), "clock") != NULL, "a notBefore ten days ago was signed");
	w = der_writer(times, sizeof(times));
	der_put_time(&w, clock_now_s() + 86400);
	der_put_time(&w, clock_now_s());
	der_wrap(&w, DER_SEQUENCE, 0);
	CHECK(der_written(&w, &validity), "validity");
	CHECK(strstr(sign(edit(tbs, 4, validity)), "tbs_refused") != NULL, "another validity was signed");
	CHECK(strstr(sign(edit(tbs, 1, (struct der){ (const uint8_t *)"\x02\x01\x05", 3 })), "tbs_refused") != NULL,
	    "a short serial was signed");
	CHECK(strstr(sign((struct der){ tbs.p, tbs.len - 1 }), "tbs_refused") != NULL, "half a structure was signed");
	CHECK(strstr(sign((struct der){ (const uint8_t *)"\x30\x00", 2 }), "tbs_refused") != NULL,
	    "nothing was signed");
	signs(tbs, "what was refused in other forms is good");
}

static void
names(void)
{
	uint8_t serial[16];
	struct der tbs, spki = box_spki(&box, (struct key_type){ KEY_EC, 256 });

	cert_serial_make(serial);
	box.constants[0] = "Another Company";
	tbs = box_tbs_with(&box, "00:1A:2B:00:00:02", serial, spki);
	box.constants[0] = "Acme";
	CHECK(strstr(sign(tbs), "tbs_refused") != NULL, "another organization's name was signed");
	tbs = box_tbs_with(&box, "00:1A:2B:00:00:02", serial, spki);
	for (size_t i = 0; i + 17 < tbs.len; i++)
		if (memcmp(tbs.p + i, "00:1A:2B:00:00:02", 17) == 0) {
			((uint8_t *)(uintptr_t)tbs.p)[i] = 'x';
			break;
		}
	CHECK(strstr(sign(tbs), "tbs_refused") != NULL, "a name off the pattern was signed");
}

static void
wholes(void)
{
	uint8_t serial[16];
	struct der tbs = box_tbs(&box, serial);
	struct signlink_request q;
	struct signlink_result r;
	OWN(signlink_free) struct signlink *worker = signlink_new(box.worker), *status = signlink_new(box.status);
	struct signlink_record *records;
	struct signlink_place at = { 0 };
	struct signlink_delegate d;
	struct der found;
	size_t n;
	struct err e = { 0 };

	q = box_request(&box, &tbs, 1);
	q.profile_version = 2;
	CHECK(strstr(sign_at(box.worker, q, &r), "doc_unknown") != NULL, "an unknown version was signed");
	q = box_request(&box, &tbs, 1);
	q.organization_version = 9;
	CHECK(strstr(sign_at(box.worker, q, &r), "doc_unknown") != NULL, "unknown constants were used");
	q = box_request(&box, &tbs, 1);
	q.organization_id = 0;
	CHECK(strstr(sign_at(box.worker, q, &r), "tbs_refused") != NULL, "constants from nowhere were signed");
	q = box_request(&box, &tbs, 1);
	q.ca = box_ski(&box, "internal-tls");
	CHECK(strstr(sign_at(box.worker, q, &r), "profile_ca") != NULL, "another CA signed");
	q.ca = box_ski(&box, "idevid-root");
	CHECK(strstr(sign_at(box.worker, q, &r), "profile_ca") != NULL, "the root signed a device");
	q.ca = "00112233445566778899aabbccddeeff00112233";
	CHECK(strstr(sign_at(box.worker, q, &r), "ca_unknown") != NULL, "an unknown CA signed");

	CHECK(strstr(sign_at(box.status, box_request(&box, &tbs, 1), &r), "signer_role") != NULL,
	    "status had a certificate");
	CHECK(strstr(sign_at(box.ops, box_request(&box, &tbs, 1), &r), "signer_role") != NULL, "ops had a certificate");
	CHECK(!signlink_ocsp_delegate(worker, q.ca, box.arena, &d, &e) && strcmp(e.code, "signer_role") == 0,
	    "a worker asked for OCSP");
	CHECK(!signlink_journal_scan(worker, &at, box.arena, &records, &n, &e) && strcmp(e.code, "signer_role") == 0,
	    "a worker read the journal");
	CHECK(!signlink_journal_find(status, (const uint8_t (*)[16])&serial, 1, box.arena, &found, &e)
	    && strcmp(e.code, "signer_role") == 0, "status barred a serial");
	CHECK(!signlink_reload(status, &e) && strcmp(e.code, "signer_role") == 0, "status reloaded");
	signs(tbs, "the good request after all");
}

/* Results by item: the good ones are signed, whatever stands beside them. */
static void
mixed_slice(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.worker);
	struct der tbs[100];
	struct signlink_result r[100];
	uint8_t serial[16], twice[16];
	struct signlink_request q = box_request(&box, tbs, COUNT(tbs));
	struct err e = { 0 };
	size_t good = 0;

	for (size_t i = 0; i < COUNT(tbs); i++) {
		tbs[i] = box_tbs(&box, serial);
		if (i == 10)
			memcpy(twice, serial, 16);
		if (i == 60)
			tbs[i] = box_tbs_with(&box, "00:1A:2B:00:00:01", twice, box_spki(&box,
			    (struct key_type){ KEY_EC, 256 }));
		if (i % 25 == 3)
			tbs[i].len--;
	}
	if (!CHECK(signlink_sign_certs(l, &q, box.arena, r, &e), "%s", e.msg))
		return;
	for (size_t i = 0; i < COUNT(tbs); i++) {
		good += r[i].ok;
		CHECK(r[i].ok == (i % 25 != 3 && i != 60), "item %zu: %s", i, r[i].ok ? "signed" : r[i].why);
	}
	CHECK(good == 95 && strcmp(r[60].code, "serial_used") == 0, "%zu signed", good);
}

static void
barring(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.worker);
	uint8_t serials[3][16];
	struct der tbs[3], found[3];
	struct err e = { 0 };

	for (size_t i = 0; i < 3; i++)
		tbs[i] = box_tbs(&box, serials[i]);
	signs(tbs[1], "a fresh serial");
	CHECK(signlink_journal_look(l, (const uint8_t (*)[16])serials, 3, box.arena, found, &e) && found[0].p == NULL
	    && found[1].p != NULL && found[2].p == NULL, "%s", e.msg);
	CHECK(signlink_journal_find(l, (const uint8_t (*)[16])serials, 2, box.arena, found, &e) && found[0].p == NULL
	    && found[1].p != NULL, "%s", e.msg);
	CHECK(strstr(sign(tbs[0]), "serial_used") != NULL, "a barred serial was signed");
	signs(tbs[2], "after a look");
}

static void
restarts(void)
{
	uint8_t serial[16];
	struct der tbs = box_tbs(&box, serial);

	signs(tbs, "before the restart");
	CHECK(box_stop(&box, SIGTERM) == 0, "it did not end by itself");
	box_start(&box);
	CHECK(strstr(sign(tbs), "serial_used") != NULL, "a serial was signed twice after a restart");
	CHECK(box_stop(&box, SIGKILL) == -1, "kill");
	CHECK(unlink(box_path(&box, "journal/serials.idx")) == 0, "there is no index");
	box_start(&box);
	CHECK(strstr(sign(tbs), "serial_used") != NULL, "a serial was signed twice without the index");
}

static void
reconnects(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.worker);
	struct signlink_result r;
	uint8_t serial[16];
	struct der tbs = box_tbs(&box, serial);
	struct signlink_request q = box_request(&box, &tbs, 1);
	struct err e = { 0 };

	CHECK(signlink_sign_certs(l, &q, box.arena, &r, &e) && r.ok, "%s", e.msg);
	(void)box_stop(&box, SIGKILL);
	CHECK(!signlink_sign_certs(l, &q, box.arena, &r, &e) && e.kind == ERR_UNAVAILABLE && e.retry_after_s > 0,
	    "a signer that is down is %s", err_kind_name(e.kind));
	box_start(&box);
	tbs = box_tbs(&box, serial);
	CHECK(signlink_sign_certs(l, &q, box.arena, &r, &e) && r.ok, "the link did not come back: %s", e.msg);
}

/* Octets that are no request end their own connection, and nothing else. */
static void
garbage(void)
{
	for (int round = 0; round < 40; round++) {
		uint8_t junk[600];
		struct err e = { 0 };
		OWN_FD int fd = -1;
		uint8_t op;
		OWN_STR struct str s = { 0 };

		rand_octets(junk, sizeof(junk));
		if (!CHECK(unix_connect(round % 2 == 0 ? box.worker : box.ops, 1000, &fd, &e), "%s", e.msg))
			return;
		if (round < 10) {
			CHECK(send(fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0, "send");
			continue;
		}
		if (round < 13) {	/* a frame of 4 GB, announced */
			CHECK(send(fd, "\xff\xff\xff\xff\x02", 5, MSG_NOSIGNAL) == 5, "send");
			continue;
		}
		CHECK(frame_send(fd, (uint8_t)(round % 16), junk, (size_t)(round * 13), 1000, &e), "%s", e.msg);
		CHECK(!frame_recv(fd, &op, &s, 1 << 20, 2000, &e) || op == PROTO_ERROR,
		    "junk was answered with %u", op);
	}
	good_one();
}

struct client { unsigned signed_, asked; };

static void *
client_run(void *arg)
{
	struct client *c = arg;
	OWN(signlink_free) struct signlink *l = signlink_new(box.worker);
	OWN(arena_free) struct arena *arena = arena_new(64 << 20);
	OWN(keymaker_free) struct keymaker *keys = keymaker_new(RSAGEN_FAST);
	struct box mine = box;

	mine.arena = arena;
	mine.keys = keys;
	for (int round = 0; round < 5; round++) {
		struct der tbs[40];
		struct signlink_result r[40];
		struct signlink_request q = box_request(&mine, tbs, COUNT(tbs));
		uint8_t serial[16];
		struct err e = { 0 };

		for (size_t i = 0; i < COUNT(tbs); i++)
			tbs[i] = box_tbs(&mine, serial);
		c->asked += COUNT(tbs);
		if (!CHECK(signlink_sign_certs(l, &q, arena, r, &e), "%s", e.msg))
			return NULL;
		for (size_t i = 0; i < COUNT(tbs); i++)
			c->signed_ += r[i].ok;
	}
	return NULL;
}

static void
clients(void)
{
	struct client c[4] = { 0 };
	pthread_t t[4];

	for (size_t i = 0; i < COUNT(t); i++)
		pthread_create(&t[i], NULL, client_run, &c[i]);
	for (size_t i = 0; i < COUNT(t); i++) {
		pthread_join(t[i], NULL);
		CHECK(c[i].asked == 200 && c[i].signed_ == 200, "client %zu: %u of %u", i, c[i].signed_, c[i].asked);
	}
}

/* Killed while it signs: what was answered is there, what was not is either there or barred for good. */
static void
killed(void)
{
	for (int round = 0; round < 3; round++) {
		OWN(signlink_free) struct signlink *l = signlink_new(box.worker);
		uint8_t serials[400][16], dice;
		struct der tbs[400], found[400];
		struct signlink_result r[400];
		bool answered[400] = { false };
		struct err e = { 0 };
		pid_t killer;

		for (size_t i = 0; i < COUNT(tbs); i++)
			tbs[i] = box_tbs(&box, serials[i]);
		rand_octets(&dice, 1);
		killer = fork();
		if (killer == 0) {
			usleep(500u + dice * 40u);
			kill(box.pid, SIGKILL);
			_exit(0);
		}
		for (size_t i = 0; i < COUNT(tbs); i += 8) {
			struct signlink_request q = box_request(&box, tbs + i, 8);

			if (!signlink_sign_certs(l, &q, box.arena, r + i, &e)) {
				CHECK(e.kind == ERR_UNAVAILABLE, "%s", e.msg);
				break;
			}
			for (size_t k = i; k < i + 8; k++)
				answered[k] = r[k].ok;
		}
		waitpid(killer, NULL, 0);
		(void)box_stop(&box, SIGKILL);
		box_start(&box);
		CHECK(signlink_journal_find(l, (const uint8_t (*)[16])serials, COUNT(tbs), box.arena, found,
		    &e), "%s", e.msg);
		for (size_t i = 0; i < COUNT(tbs); i++) {
			CHECK(found[i].p != NULL || !answered[i], "an answered certificate is not in the journal");
			if (i % 16 == 0)
				CHECK(strstr(sign(tbs[i]), "serial_used") != NULL,
				    "a serial was signed after it was asked about");
		}
	}
}

static void
documents(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.ops);
	OWN(secret_free) struct secret *other_key = NULL;
	OWN_STR struct str other_cert = { 0 }, cms = { 0 }, bad = { 0 };
	static const char doc[] = "{\"document\":\"organization\",\"id\":5,\"version\":2,\"parameters\":"
	    "{\"organization_name\":\"Acme\"}}";
	static const char changed[] = "{\"document\":\"organization\",\"id\":5,\"version\":2,\"parameters\":"
	    "{\"organization_name\":\"Evil\"}}";
	const struct der cert = { (const uint8_t *)box.op_cert.p, box.op_cert.len };
	struct signlink_activated a;
	struct signlink_request q;
	struct signlink_result r;
	uint8_t serial[16];
	struct der tbs = box_tbs(&box, serial);
	const char *why;
	struct err e = { 0 };

	CHECK(signed_doc_key_make("stranger", TIME_NEVER_S, &other_key, &other_cert, &e), "%s", e.msg);
	CHECK(signed_doc_make(other_key, (struct der){ (const uint8_t *)other_cert.p, other_cert.len }, doc,
	    sizeof(doc) - 1,
	    &bad, &e), "%s", e.msg);
	CHECK(!signlink_activate(l, bad.p, bad.len, &a, &e) && e.kind == ERR_FORBIDDEN,
	    "a stranger's document was believed");
	CHECK(!signlink_activate(l, doc, sizeof(doc) - 1, &a, &e), "an unsigned document was believed");
	q = box_request(&box, &tbs, 1);
	q.organization_version = 2;
	CHECK(strstr(sign_at(box.worker, q, &r), "doc_unknown") != NULL, "a refused document was used");

	CHECK(signed_doc_make(box.op_key, cert, doc, sizeof(doc) - 1, &cms, &e), "%s", e.msg);
	CHECK(signlink_activate(l, cms.p, cms.len, &a, &e) && a.organization && a.id == 5 && a.version == 2 && a.anew,
	    "%s", e.msg);
	CHECK(signlink_activate(l, cms.p, cms.len, &a, &e) && !a.anew, "the same again: %s", e.msg);
	str_clear(&cms);
	CHECK(signed_doc_make(box.op_key, cert, changed, sizeof(changed) - 1, &cms, &e), "%s", e.msg);
	CHECK(!signlink_activate(l, cms.p, cms.len, &a, &e) && strcmp(e.code, "doc_differs") == 0,
	    "a version changed after it was active");
	why = sign_at(box.worker, q, &r);
	CHECK(why[0] == '\0', "the new constants are not used: %s", why);
	/* under another name than its own */
	CHECK(signed_doc_make(box.op_key, cert, doc, sizeof(doc) - 1, &bad, &e), "%s", e.msg);
	CHECK(file_write(box_path(&box, "organizations/5-7.cms"), 0600, cms.p, cms.len, &e), "%s", e.msg);
	tbs = box_tbs(&box, serial);
	q.organization_version = 7;
	CHECK(strstr(sign_at(box.worker, q, &r), "doc_unknown") != NULL,
	    "a document under another's name was believed");
}

static size_t
active(struct signlink *l, const char *kind)
{
	OWN_STR struct str json = { 0 };
	struct err e = { 0 };
	json_t *root;
	size_t n;

	CHECK(signlink_info(l, &json, &e), "%s", e.msg);
	root = json_loadb(json.p, json.len, 0, NULL);
	n = json_array_size(json_object_get(root, kind));
	json_decref(root);
	return n;
}

/* A document put into the folder is read on SIGHUP and on a reload. */
static void
reloads(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.ops);
	const size_t before = active(l, "organizations");
	struct err e = { 0 };

	box_organization(&box, 11, "Acme");
	CHECK(active(l, "organizations") == before, "it was read unasked");
	CHECK(signlink_reload(l, &e) && active(l, "organizations") == before + 1, "%s", e.msg);
	box_organization(&box, 12, "Acme");
	kill(box.pid, SIGHUP);
	for (int i = 0; i < 200 && active(l, "organizations") != before + 2; i++)
		usleep(10000);
	CHECK(active(l, "organizations") == before + 2, "SIGHUP was not heard");
}

static void
audit_heads(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.worker);
	OWN_STR struct str doc = { 0 }, text = { 0 }, want = { 0 }, json = { 0 };
	uint8_t hash[32], der[4096];
	struct err e = { 0 };
	struct der cert;
	json_t *root;
	size_t by, len;

	rand_octets(hash, sizeof(hash));
	if (!CHECK(signlink_audit_sign(l, 100, hash, &doc, &e), "%s", e.msg) || !CHECK(signlink_info(l, &json,
	    &e), "%s", e.msg))
		return;
	root = json_loadb(json.p, json.len, 0, NULL);
	CHECK(b64_decode(json_string_value(json_object_get(root, "audit_certificate")),
	    json_string_length(json_object_get(root, "audit_certificate")), der, sizeof(der), &len),
	    "no audit certificate");
	CHECK(json_array_size(json_object_get(root, "cas")) == 4 && json_array_size(json_object_get(root,
	    "profiles")) == 2,
	    "%s", json.p);
	json_decref(root);
	cert = (struct der){ der, len };
	signlink_audit_text(100, hash, &want);
	CHECK(signed_doc_open((struct der){ (const uint8_t *)doc.p, doc.len }, &cert, 1, &text, &by, &e)
	    && strcmp(text.p, want.p) == 0, "%s", e.msg);
	CHECK(signlink_audit_sign(l, 100, hash, &doc, &e), "the same head again: %s", e.msg);
	CHECK(!signlink_audit_sign(l, 99, hash, &doc, &e) && strcmp(e.code, "audit_sequence") == 0, "an earlier head");
	hash[0] ^= 1;
	CHECK(!signlink_audit_sign(l, 100, hash, &doc, &e) && strcmp(e.code, "audit_sequence") == 0,
	    "another head 100");
	(void)box_stop(&box, SIGKILL);
	box_start(&box);
	CHECK(!signlink_audit_sign(l, 100, hash, &doc, &e) && strcmp(e.code, "audit_sequence") == 0,
	    "another head 100 after a restart");
	CHECK(signlink_audit_sign(l, 101, hash, &doc, &e), "%s", e.msg);
}

static void
scanned(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.ops);
	struct signlink_place at = { 0 };
	struct signlink_record *r;
	size_t n = 1, certs = 0, own = 0, barred_n = 0;
	struct err e = { 0 };

	while (n != 0) {
		if (!CHECK(signlink_journal_scan(l, &at, box.arena, &r, &n, &e), "%s", e.msg))
			return;
		for (size_t i = 0; i < n; i++) {
			certs += r[i].kind == SIGNLINK_CERT;
			own += r[i].kind == SIGNLINK_OWN;
			barred_n += r[i].kind == SIGNLINK_BARRED;
			CHECK(r[i].kind != SIGNLINK_CERT || (r[i].profile_id == PROFILE && r[i].serial.len == 16
			    && r[i].data.len == 32), "record %zu", i);
		}
	}
	CHECK(certs > 900 && own >= 4 && barred_n >= 1, "%zu certificates, %zu own, %zu barred", certs, own, barred_n);
}

/* A socket that the parent bound, by name. */
static void
inherited(void)
{
	char path[128], pid_text[16], *argv[] = { (char *)"serve", (char *)"--dir", box.dir, NULL };
	OWN(signlink_free) struct signlink *l = NULL;
	OWN_STR struct str json = { 0 };
	struct err e = { 0 };
	pid_t pid;
	int fd;

	snprintf(path, sizeof(path), "%s/run/inherited.sock", box.dir);
	if (!CHECK(unix_listen(path, 0600, 8, &fd, &e), "%s", e.msg))
		return;
	pid = fork();
	if (pid == 0) {
		if (dup2(fd, 3) != 3)
			exit(9);
		snprintf(pid_text, sizeof(pid_text), "%d", (int)getpid());
		setenv("LISTEN_PID", pid_text, 1);
		setenv("LISTEN_FDS", "1", 1);
		setenv("LISTEN_FDNAMES", "ops", 1);
		exit(box_command(cmd_serve, argv));
	}
	close(fd);
	l = signlink_new(path);
	CHECK(signlink_info(l, &json, &e), "%s %s", e.msg, e.trail);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
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
	good_one();
	refusals();
	names();
	wholes();
	mixed_slice();
	barring();
	restarts();
	reconnects();
	garbage();
	clients();
	killed();
	documents();
	reloads();
	audit_heads();
	scanned();
	CHECK(box_stop(&box, SIGTERM) == 0, "it did not end by itself");
	inherited();
	{
		char *argv[] = { (char *)"check", (char *)"--dir", box.dir, NULL };

		CHECK(box_command(cmd_check, argv) == 1, "a document under another's name was not told");
		CHECK(unlink(box_path(&box, "organizations/5-7.cms")) == 0 && box_command(cmd_check, argv) == 0,
		    "check");
	}
	box_free(&box);
	quiet_end();
	return check_done();
}
