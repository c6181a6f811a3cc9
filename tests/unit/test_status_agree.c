/*
 * After any sequence of issue, revoke, hold, release, expiry and restart the full list, its delta, OCSP and
 * the store say the same about every certificate.  A real signer, both engines, chance with a fixed seed.
 */
#include <openssl/ocsp.h>
#include <openssl/x509.h>

#include "base/frame.h"
#include "check_db.h"
#include "domain/certificate/crl.h"
#include "domain/certificate/status_feed.h"
#include "quiet.h"
#include "signer_box.h"
#include "status/build.h"
#include "status/feed.h"
#include "store/certificate.h"
#include "x509/revocation/crl.h"

#define DEVICES_MAX 80
#define STEPS 48
#define MUST(x) do { struct err must_e = { 0 }; struct err *me = &must_e; \
	CHECK((x), "%s: %s %s", check_on, must_e.msg, must_e.trail); } while (0)

struct device {
	uint8_t	serial[16];
	int64_t	not_after;
	int	state;			/* what must be true: enum certificate_state */
	int	reason;
	bool	listed;			/* in full list and delta together */
	int	listed_reason;
};

static struct box box;
static struct app app;
static struct status *st;
static struct signlink *signer;
static struct http_server *server;
static struct device devices[DEVICES_MAX];
static size_t n_devices;
static int64_t ca_id;
static char socket_path[128], crl_dir[96];
static unsigned seed;

static unsigned
chance(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

static const struct issuer *
tls(void)
{
	return &ca_by_id(box.cas, "internal-tls")->issuer;
}

/* ---- the instance ---- */

static void
ca_add(void)
{
	static const char sql[] =
	    "INSERT INTO ca (id, ski, name, label, subject, serial_number, der, purpose, not_before, not_after, created_at)"
	    " VALUES (1, $1, 'internal-tls', 'TLS', 'CN=TLS', '01', $2, 'issuing', $3, $4, 1)";
	struct db *db;

	ca_id = 1;
	MUST(db_pool_get(app.store, DB_WRITE, &db, me));
	MUST(db_migrate(db, db_migrations, db_migrations_n, me));
	MUST(db_run(db, sql, ARGS(arg_text(tls()->id), arg_blob(tls()->cert.p, tls()->cert.len), arg_int(tls()->not_before_s),
	    arg_int(tls()->not_after_s)), NULL, me));
}

static void
up(void)
{
	static struct http_mount mount;
	static struct http_listen at;
	const struct status_conf conf = { .signer_socket = box.status, .crl_dir = crl_dir, .crl_interval_s = 3600,
		.crl_validity_s = 86400, .ocsp_validity_s = 3600, .max_age_s = 60, .nonce = true, .cache_max = (size_t)1 << 20 };
	struct http_conf http = { .mounts = &mount, .mounts_n = 1, .listen = &at, .listen_n = 1, .origin = "http://pki.example",
		.threads = 2 };

	box_start(&box);
	MUST(status_new(&app, &conf, &st, me));
	MUST(signing_start(st->signing, me));
	mount = (struct http_mount){ .routes = status_routes, .n = status_routes_n, .listeners = HTTP_STATUS,
		.body_type = "application/ocsp-request", .quick = status_quick };
	at = (struct http_listen){ .listener = HTTP_STATUS, .unix_path = socket_path };
	http.app = status_app(st);
	MUST(http_server_start(&http, &server, me));
	signer = signlink_new(box.status);
}

static void
down(void)
{
	signlink_free(give(signer));
	http_server_free(give(server));
	status_free(give(st));
	(void)box_stop(&box, SIGTERM);
}

/* ---- what happens ---- */

static void
issue(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(box.worker);
	struct tbs_in in = { .inputs = { "host.example" } };
	struct signlink_result r;
	struct der tbs, cert;
	struct signlink_request q = { .ca = tls()->id, .profile_id = TLS_PROFILE, .profile_version = 1, .tbs = &tbs, .n = 1 };
	struct device *d = &devices[n_devices];
	uint8_t raw[TBS_MAX], buf[TBS_MAX + 256];
	struct certificate c;
	struct db *db;

	if (n_devices == DEVICES_MAX)
		return;
	cert_serial_make(d->serial);
	memcpy(in.serial, d->serial, 16);
	in.spki = box_spki(&box, (struct key_type){ KEY_EC, 256 });
	MUST(profile_dates(box.tls, clock_now_s(), tls()->not_before_s, tls()->not_after_s, &in.not_before_s, &in.not_after_s, me));
	MUST(tbs_build(box.tls_template, &in, raw, sizeof(raw), &tbs, me));
	MUST(signlink_sign_certs(l, &q, box.arena, &r, me) && r.ok);
	MUST(cert_assemble(tbs, SIGNATURE_ECDSA_SHA256, r.signature.p, r.signature.len, buf, sizeof(buf), &cert, me));
	d->not_after = in.not_after_s;
	d->state = CERTIFICATE_ISSUED;
	c = (struct certificate){ .id = (int64_t)n_devices + 1, .batch_id = 1, .item_index = (int64_t)n_devices,
		.organization_id = 1, .profile_id = TLS_PROFILE, .ca_id = ca_id, .created_at = clock_now_s(),
		.not_before = in.not_before_s, .not_after = in.not_after_s, .subject = "CN=host.example", .der = cert.p,
		.der_len = cert.len };
	memcpy(c.serial, d->serial, 16);
	MUST(db_pool_get(app.store, DB_WRITE, &db, me));
	MUST(db_begin(db, DB_WRITE, me) && store_certificate_add(db, &c, 1, me) && db_commit(db, me));
	n_devices++;
}

enum { REVOKE, HOLD, RELEASE };

static void
change(unsigned what)
{
	static const int reasons[] = { 0, 1, 3, 4, 5, 9 };
	size_t i = n_devices == 0 ? 0 : chance((unsigned)n_devices);
	struct device *d = &devices[i];
	int64_t id = (int64_t)i + 1;
	int reason = reasons[chance(6)];
	bool changed = false, may;
	struct db *db;

	if (n_devices == 0)
		return;
	MUST(db_pool_get(app.store, DB_WRITE, &db, me));
	MUST(db_begin(db, DB_WRITE, me));
	may = what == REVOKE ? d->state != CERTIFICATE_REVOKED : what == HOLD ? d->state == CERTIFICATE_ISSUED :
	    d->state == CERTIFICATE_ON_HOLD;
	if (what == REVOKE)
		MUST(store_certificate_revoke(db, id, CERTIFICATE_REVOKED, clock_now_s(), reason, &changed, me));
	else if (what == HOLD)
		MUST(store_certificate_hold(db, id, clock_now_s(), &changed, me));
	else
		MUST(store_certificate_release(db, id, &changed, me));
	MUST(db_commit(db, me));
	CHECK(changed == may, "%s: change %u of one in state %d", check_on, what, d->state);
	if (!changed)
		return;
	d->state = what == REVOKE ? CERTIFICATE_REVOKED : what == HOLD ? CERTIFICATE_ON_HOLD : CERTIFICATE_ISSUED;
	d->reason = what == REVOKE ? reason : what == HOLD ? CRL_HOLD : 0;
}

/* ---- lists ---- */

static void
listed(const struct crl_entry *x)
{
	for (size_t i = 0; i < n_devices; i++)
		if (x->serial_len == 16 && memcmp(devices[i].serial, x->serial, 16) == 0) {
			devices[i].listed = x->reason != CRL_REMOVE;
			devices[i].listed_reason = (int)x->reason;
			return;
		}
	CHECK(false, "%s: a stranger on the list", check_on);
}

static void
list_read(const struct crl_row *row)
{
	OWN(crl_reader_free) struct crl_reader *r = NULL;
	char path[LIST_PATH_MAX];
	OWN_FD int fd = -1;
	struct crl_entry x;
	bool more = true;

	MUST(list_path(crl_dir, authorities_by_id(st->cas, ca_id), row, path, me));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	MUST(crl_reader_file(CRL_WHOLE, fd, 0, (uint64_t)row->octets, &r, me));
	for (struct err e = { 0 }; more;) {
		if (!CHECK(crl_reader_next(r, &x, &more, &e), "%s: %s", check_on, e.msg))
			return;
		if (more)
			listed(&x);
	}
	MUST(crl_reader_verify(r, tls()->spki, me));
	CHECK((crl_reader_head(r)->base_number.p != NULL) == row->delta, "%s: delta or not", check_on);
}

static void
publish(bool delta)
{
	struct build b = { .st = st, .signer = signer, .ca = authorities_by_id(st->cas, ca_id),
		.row = { .ca_id = ca_id, .shard = CRL_WHOLE_CA } };
	struct crl_row full;
	bool found, held;

	MUST(crl_row(&app, ca_id, CRL_WHOLE_CA, false, &full, &found, me));
	b.base = found ? &full : NULL;
	b.row.delta = delta = delta && found;
	MUST(crl_lease(&app, ca_id, CRL_WHOLE_CA, "test", 60, &held, me) && held);
	MUST(build_list(&b, me));
	for (size_t i = 0; i < n_devices; i++)
		devices[i].listed = false;
	list_read(delta ? &full : &b.row);
	if (delta)
		list_read(&b.row);
}

/* ---- OCSP ---- */

static X509_STORE *
trusted(void)
{
	X509_STORE *store = X509_STORE_new();
	X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
	const uint8_t *p = tls()->cert.p;
	X509 *x = d2i_X509(NULL, &p, (long)tls()->cert.len);

	X509_STORE_add_cert(store, x);
	X509_free(x);
	X509_VERIFY_PARAM_set_time(param, (time_t)clock_now_s());
	return store;
}

static OCSP_CERTID *
certid_of(const struct device *d, const EVP_MD *md)
{
	const uint8_t *p = tls()->cert.p;
	X509 *issuer = d2i_X509(NULL, &p, (long)tls()->cert.len);
	BIGNUM *n = BN_bin2bn(d->serial, 16, NULL);
	ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(n, NULL);
	OCSP_CERTID *id = OCSP_cert_id_new(md, X509_get_subject_name(issuer), X509_get0_pubkey_bitstr(issuer), serial);

	ASN1_INTEGER_free(serial);
	BN_free(n);
	X509_free(issuer);
	return id;
}

/* The whole answer of the status process to a POST. */
static void
post(const uint8_t *body, size_t len, struct str *out)
{
	OWN_STR struct str q = { 0 };
	struct err e = { 0 };
	OWN_FD int fd = -1;
	char buf[8192];
	ssize_t n;

	str_addf(&q, "POST /ocsp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/ocsp-request\r\n"
	    "Content-Length: %zu\r\n\r\n", len);
	str_add(&q, body, len);
	if (!CHECK(unix_connect(socket_path, 1000, &fd, &e) && write(fd, q.p, q.len) == (ssize_t)q.len, "%s: %s", check_on, e.msg))
		return;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		str_add(out, buf, (size_t)n);
}

static void
ask(const struct device *d, bool nonce, const EVP_MD *md)
{
	OCSP_REQUEST *req = OCSP_REQUEST_new();
	OCSP_CERTID *id = certid_of(d, md);
	X509_STORE *store = trusted();
	OWN_STR struct str text = { 0 };
	uint8_t *der = NULL;
	int len, status = -1, reason = -1;
	OCSP_RESPONSE *rsp = NULL;
	OCSP_BASICRESP *basic = NULL;
	const char *body;

	(void)OCSP_request_add0_id(req, OCSP_CERTID_dup(id));
	if (nonce)
		(void)OCSP_request_add1_nonce(req, NULL, 32);
	len = i2d_OCSP_REQUEST(req, &der);
	post(der, (size_t)len, &text);
	body = text.p == NULL ? NULL : strstr(text.p, "\r\n\r\n");
	if (CHECK(body != NULL && str_starts(text.p, "HTTP/1.1 200"), "%s: %.60s", check_on, text.p)) {
		const uint8_t *p = (const uint8_t *)body + 4;

		rsp = d2i_OCSP_RESPONSE(NULL, &p, (long)(text.len - (size_t)(body + 4 - text.p)));
		basic = rsp == NULL ? NULL : OCSP_response_get1_basic(rsp);
	}
	if (CHECK(basic != NULL, "%s: a whole answer", check_on)) {
		CHECK(OCSP_basic_verify(basic, NULL, store, 0) == 1, "%s: its signature", check_on);
		CHECK(OCSP_resp_find_status(basic, id, &status, &reason, NULL, NULL, NULL) == 1, "%s: its CertID", check_on);
		CHECK(OCSP_check_nonce(req, basic) == (nonce ? 1 : 2), "%s: its nonce", check_on);
		CHECK(status == (d->state == CERTIFICATE_ISSUED ? V_OCSP_CERTSTATUS_GOOD : V_OCSP_CERTSTATUS_REVOKED),
		    "%s: OCSP says %d of one in state %d", check_on, status, d->state);
		CHECK(d->state == CERTIFICATE_ISSUED || (reason < 0 ? 0 : reason) == d->reason, "%s: reason %d, not %d", check_on,
		    reason, d->reason);
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(rsp);
	OPENSSL_free(der);
	X509_STORE_free(store);
	OCSP_CERTID_free(id);
	OCSP_REQUEST_free(req);
}

/* ---- they agree ---- */

static void
agree(void)
{
	MUST(feed_look(st, me));
	publish(chance(2) == 0);
	for (size_t i = 0; i < n_devices; i++) {
		const struct device *d = &devices[i];
		bool ended = d->not_after <= clock_now_s(), found;
		struct status_row row;

		MUST(status_find(&app, d->serial, &row, &found, me));
		CHECK(found && row.state == d->state, "%s: the store", check_on);
		if (d->state == CERTIFICATE_ISSUED)
			CHECK(!d->listed, "%s: one that stands is listed", check_on);
		else
			CHECK(d->listed ? d->listed_reason == d->reason : ended, "%s: one in state %d is %s, reason %d, not %d", check_on,
			    d->state, d->listed ? "listed" : "not listed", d->listed_reason, d->reason);
		ask(d, chance(4) == 0, chance(2) == 0 ? EVP_sha1() : EVP_sha256());
		ask(d, false, EVP_sha256());	/* from memory, most of the time */
	}
}

static void
restart(int64_t later_s)
{
	down();
	if (later_s != 0)
		clock_shift(later_s);
	up();
}

static void
run(enum db_engine engine, const char *uri)
{
	(void)engine;
	n_devices = 0;
	seed = 20260101;
	memset(&app, 0, sizeof(app));
	MUST(db_pool_new(uri, &app.store, me));
	app.public_url = "http://pki.example";
	box_make(&box);
	snprintf(socket_path, sizeof(socket_path), "%s/run/status.sock", box.dir);
	snprintf(crl_dir, sizeof(crl_dir), "%s/lists", box.dir);
	CHECK(mkdir(crl_dir, 0700) == 0, "%s", crl_dir);
	ca_add();
	up();
	for (int i = 0; i < STEPS; i++) {
		unsigned what = chance(10);

		if (what < 4 || i < 6)
			issue();
		else
			change(what < 7 ? REVOKE : what < 9 ? HOLD : RELEASE);
		if (i % 4 == 3)
			agree();
		if (i == STEPS / 3)
			restart(0);
		if (i == STEPS / 2)
			restart((int64_t)400 * 86400);	/* those issued so far end */
	}
	/* What ended leaves with the second full list after that. */
	publish(false);
	publish(false);
	for (size_t i = 0; i < n_devices; i++)
		CHECK(devices[i].not_after > clock_now_s() || !devices[i].listed, "%s: one that ended is still listed", check_on);
	down();
	db_pool_free(app.store);
	box_free(&box);
	clock_shift(0);
}

int
main(void)
{
	quiet_begin();
	check_db_on_both(run);
	quiet_end();
	return check_done();
}
