/* Orders from certificate requests: PEM, DER and ZIP, what is refused and what is only said; on both engines. */
#include <openssl/pem.h>
#include <zlib.h>

#include "check_orders.h"
#include "domain/delivery/delivery.h"
#include "domain/delivery/zip.h"

static EVP_PKEY *
key_new(void)
{
	return EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
}

/* A request for CN=mac (and an O that the profile ignores); `signer` NULL: by its own key. */
static X509_REQ *
request(EVP_PKEY *key, const char *mac, EVP_PKEY *signer)
{
	X509_REQ *r = X509_REQ_new();
	X509_NAME *n = X509_NAME_new();

	if (mac != NULL)
		(void)X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const uint8_t *)mac, -1, -1, 0);
	(void)X509_NAME_add_entry_by_txt(n, "O", MBSTRING_ASC, (const uint8_t *)"Somebody", -1, -1, 0);
	(void)X509_REQ_set_subject_name(r, n);
	(void)X509_REQ_set_pubkey(r, key);
	(void)X509_REQ_sign(r, signer == NULL ? key : signer, EVP_sha256());
	X509_NAME_free(n);
	return r;
}

static void
add_pem(struct str *out, X509_REQ *r)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *p;
	long n;

	(void)PEM_write_bio_X509_REQ(b, r);
	n = BIO_get_mem_data(b, &p);
	str_add(out, p, (size_t)n);
	BIO_free(b);
	X509_REQ_free(r);
}

static void
add_new(struct str *out, const char *mac)
{
	EVP_PKEY *k = key_new();

	add_pem(out, request(k, mac, NULL));
	EVP_PKEY_free(k);
}

static struct order
order_of(struct orders_world *w, const char *name, const struct str *s)
{
	(void)w;
	return (struct order){ .method = "csr", .profile_id = PROFILE_ID, .name = name, .fd = orders_file(s->p, s->len),
	    .file_size = s->len };
}

static void
refused(struct orders_world *w, const char *what, const struct str *s, int64_t line, const char *says)
{
	struct order o = order_of(w, what, s);
	struct faults f = { 0 };
	struct batch b;
	struct err e;
	bool said = false, taken = orders_place(w, &w->ann, &o, &b, &f, &e);

	CHECK(!taken && e.kind == ERR_INVALID, "%s: %s was taken, or %s", check_on, what, e.msg);
	for (size_t i = 0; i < f.n; i++)
		said = said || (f.list[i].line == line && strstr(f.list[i].message, says) != NULL);
	CHECK(said, "%s: %s: no \"%s\" in line %d, but %s in line %d", check_on, what, says, (int)line,
	    f.n > 0 ? f.list[0].message : "nothing", f.n > 0 ? (int)f.list[0].line : 0);
	(void)close(o.fd);
	CHECK(orders_count(w, "SELECT count(*) FROM key_use WHERE batch_id NOT IN (SELECT id FROM batch)") == 0,
	    "%s: keys left after %s", check_on, what);
}

static void
good(struct orders_world *w)
{
	OWN_STR struct str s = { 0 }, once = { 0 };
	struct faults errors = { .arena = w->arena }, warnings = { .arena = w->arena };
	struct order_preview p;
	struct delivery *d;
	struct order o;
	struct batch b;
	uint8_t buf[65536];
	ssize_t n;

	str_adds(&s, "requests of line 4\n");
	for (int i = 0; i < 5; i++)
		add_new(&s, arena_printf(w->arena, "00-1a-2b-00-00-%02x", i));
	o = order_of(w, "pem", &s);
	MUST(order_preview(&w->app, &w->ann, &o, w->arena, &p, &errors, &warnings, me));
	CHECK(p.size == 5 && errors.total == 0 && warnings.total == 1 &&
	    strstr(warnings.list[0].message, "Somebody") != NULL, "%s: %d errors, %d warnings: %s", check_on,
	    (int)errors.total, (int)warnings.total, errors.n > 0 ? errors.list[0].message : "");
	CHECK(p.samples == 5 && strcmp(p.sample[4].subject, "O=Acme, CN=00:1A:2B:00:00:04") == 0, "%s: subject %s", check_on,
	    p.samples == 5 ? p.sample[4].subject : "");
	order_preview_clear(&p);
	b = orders_placed(w, &w->ann, &o);
	CHECK(b.size == 5 && orders_count(w, "SELECT count(*) FROM key_use") == 5, "%s: keys in use", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM item WHERE spki IS NOT NULL") == 5, "%s: public keys", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM batch_secret") == 0, "%s: a password for requests", check_on);
	(void)close(o.fd);
	/* A worker of any host may make them; the download has PEM files. */
	{
		struct work_slice slice;
		struct work_result *r;
		bool found;

		MUST(work_lease(&w->app, "w", "some-host", 60, w->arena, &slice, &found, me));
		CHECK(found && !slice.sealed && strstr(slice.packaging, "pem") != NULL, "%s: lease", check_on);
		MUST(work_items(&w->app, &slice, w->arena, me));
		CHECK(slice.items[4].spki_len == 91, "%s: key of %zu octets", check_on, slice.items[4].spki_len);
		r = orders_results(w, &slice, 2);
		MUST(work_store(&w->app, &slice, r, 5, me));
	}
	b = orders_batch(w, b.id);
	MUST(delivery_open(&w->app, &b, NULL, &d, me));
	while (once.len < delivery_length(d)) {
		struct err e = { 0 };

		n = delivery_read(d, once.len, buf, sizeof(buf), &e);
		if (!CHECK(n > 0, "%s: %s %s", check_on, e.msg, e.trail))
			break;
		str_add(&once, buf, (size_t)n);
	}
	CHECK(memmem(once.p, once.len, "00-1A-2B-00-00-03.pem", 21) != NULL &&
	    memmem(once.p, once.len, "00-1A-2B-00-00-02.pem", 21) == NULL, "%s: file names", check_on);
	delivery_free(d);
	/* A failed item's key is free, a certified one's never. */
	CHECK(orders_count(w, "SELECT count(*) FROM key_use") == 4, "%s: keys after a failure", check_on);
}

/* What is not taken stays with the item: cut, countable, and text whatever the request had there. */
static void
ignored(struct orders_world *w)
{
	static const char dirty[] = "O\303\226 \t\302\205\342\200\256name";
	OWN_STR struct str s = { 0 }, want = { 0 };
	struct item_event *list;
	EVP_PKEY *k = key_new();
	X509_REQ *r = request(k, "00:1A:2B:0A:00:01", NULL);
	X509_NAME *n = X509_NAME_dup(X509_REQ_get_subject_name(r));
	char longest[201];
	struct order o;
	struct batch b;
	size_t got;
	int64_t total;

	memset(longest, 'x', 200);
	memcpy(longest + 79, "\303\266", 2);	/* the cut falls inside a character */
	longest[200] = '\0';
	(void)X509_NAME_add_entry_by_NID(n, NID_description, V_ASN1_UTF8STRING, (const uint8_t *)dirty, -1, -1, 0);
	for (int i = 0; i < 9; i++)
		(void)X509_NAME_add_entry_by_NID(n, NID_description, V_ASN1_UTF8STRING, (const uint8_t *)longest, -1, -1, 0);
	(void)X509_REQ_set_subject_name(r, n);
	(void)X509_REQ_sign(r, k, EVP_sha256());
	X509_NAME_free(n);
	add_pem(&s, r);
	EVP_PKEY_free(k);
	add_new(&s, "00:1A:2B:0A:00:02");
	o = order_of(w, "ignored", &s);
	b = orders_placed(w, &w->ann, &o);
	(void)close(o.fd);
	MUST(batch_items(&w->app, &w->ann, b.id, ITEM_ANY, -1, 0, 10, w->arena, &list, &got, &total, me));
	str_adds(&want, "Created from CSR line 0; ignored: subject attribute O=Somebody, subject attribute "
	    "2.5.4.13=O\303\226 ??????name");
	for (int i = 0; i < 4; i++)
		str_addf(&want, ", subject attribute 2.5.4.13=%.79s...", longest);
	CHECK(got >= 2 && str_starts(list[0].message, want.p) && str_ends(list[0].message, " and 5 more") &&
	    utf8_valid(list[0].message, strlen(list[0].message)), "%s: %s\n%s", check_on, list[0].message, want.p);
	CHECK(strcmp(list[1].message, "Created from CSR line 1; ignored: subject attribute O=Somebody") == 0, "%s: %s", check_on,
	    list[1].message);
	MUST(batch_reject(&w->app, &w->ann, b.id, w->arena, &b, me));
}

static void
zip_add(struct str *zip, struct str *directory, const char *name, const struct str *body)
{
	struct zip_entry z = { name, strlen(name), (uint32_t)crc32(0, (const Bytef *)body->p, (uInt)body->len),
	    (uint32_t)body->len, false };

	zip_central(directory, &z, 1700000000, zip->len);
	zip_local(zip, &z, 1700000000);
	str_add(zip, body->p, body->len);
}

static void
archives(struct orders_world *w)
{
	OWN_STR struct str a = { 0 }, b = { 0 }, zip = { 0 }, dir = { 0 }, text = { 0 };
	struct faults errors = { .arena = w->arena }, warnings = { .arena = w->arena };
	EVP_PKEY *k = key_new();
	X509_REQ *r = request(k, "00:1A:2B:01:00:09", NULL);
	uint8_t *der = NULL;
	int len = i2d_X509_REQ(r, &der);
	struct order_preview p;
	struct order o;
	struct err e = { 0 };

	add_new(&a, "00:1A:2B:01:00:00");
	add_new(&a, "00:1A:2B:01:00:01");
	str_add(&b, der, (size_t)len);
	str_adds(&text, "nothing here\n");
	zip_add(&zip, &dir, "line4/a.pem", &a);
	zip_add(&zip, &dir, "line4/b.csr", &b);
	zip_add(&zip, &dir, "README.txt", &text);
	zip_add(&zip, &dir, "__MACOSX/._a.pem", &text);
	{
		size_t at = zip.len;

		str_add(&zip, dir.p, dir.len);
		zip_end(&zip, 4, at, dir.len);
	}
	o = order_of(w, "zip", &zip);
	MUST(order_preview(&w->app, &w->ann, &o, w->arena, &p, &errors, &warnings, me));
	CHECK(p.size == 3 && errors.total == 0 && warnings.total == 2, "%s: %d of 3, %d errors, %d warnings", check_on,
	    (int)p.size, (int)errors.total, (int)warnings.total);
	order_preview_clear(&p);
	CHECK(orders_placed(w, &w->ann, &o).size == 3, "%s: a ZIP", check_on);
	(void)close(o.fd);
	/* The same again, each by the name of its file. */
	o = order_of(w, "zip again", &zip);
	{
		struct faults f;
		struct batch x;

		CHECK(!orders_place(w, &w->ann, &o, &x, &f, &e) && f.n >= 3 && f.list[0].file != NULL, "%s: known keys", check_on);
	}
	(void)close(o.fd);
	zip.len -= 40;
	o = order_of(w, "cut", &zip);
	{
		struct faults f;
		struct batch x;

		CHECK(!orders_place(w, &w->ann, &o, &x, &f, &e) && e.kind == ERR_INVALID && f.n >= 1, "%s: a cut ZIP: %s", check_on, e.msg);
	}
	(void)close(o.fd);
	OPENSSL_free(der);
	X509_REQ_free(r);
	EVP_PKEY_free(k);
}

static void
bad(struct orders_world *w)
{
	OWN_STR struct str s = { 0 }, fine = { 0 };
	EVP_PKEY *k = key_new(), *other = key_new(), *rsa = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	struct order o;
	struct batch b;
	struct faults f;
	struct err e;
	BIO *bio;
	char *p;
	long n;

	str_adds(&s, "no request\n");
	refused(w, "text", &s, 0, "no certificate request");
	str_clear(&s);
	refused(w, "nothing", &s, 0, "empty");
	add_new(&fine, "00:1A:2B:02:00:00");
	str_add(&s, fine.p, fine.len);
	add_pem(&s, request(k, "00:1A:2B:02:00:01", other));
	refused(w, "another's signature", &s, 8, "RFC 2986");
	str_clear(&s);
	str_add(&s, fine.p, fine.len);
	add_pem(&s, request(rsa, "00:1A:2B:02:00:02", NULL));
	refused(w, "RSA where P-256 is asked", &s, 8, "RSA");
	str_clear(&s);
	add_pem(&s, request(k, "00:1A:2B:02:00:03", NULL));
	add_pem(&s, request(k, "00:1A:2B:02:00:04", NULL));
	refused(w, "one key twice", &s, 8, "as in line 1");
	str_clear(&s);
	str_add(&s, fine.p, fine.len);
	add_new(&s, "00:1a:2b:02:00:00");
	refused(w, "one name twice", &s, 8, "same as in line 1");
	str_clear(&s);
	add_new(&s, NULL);
	refused(w, "no name", &s, 1, "missing");
	/* ... but it may be typed beside. */
	o = order_of(w, "typed", &s);
	o.inputs = &(struct order_input){ "mac_address", "001A2B020005" };
	o.inputs_n = 1;
	CHECK(orders_placed(w, &w->ann, &o).size == 1, "%s: a typed name", check_on);
	(void)close(o.fd);
	str_clear(&s);
	add_new(&s, "not a MAC");
	refused(w, "no address", &s, 1, "");
	str_clear(&s);
	str_add(&s, fine.p, fine.len - 60);
	refused(w, "a cut request", &s, 1, "");
	str_clear(&s);
	/* Private keys, however well hidden. */
	str_add(&s, fine.p, fine.len);
	bio = BIO_new(BIO_s_mem());
	(void)PEM_write_bio_PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL);
	n = BIO_get_mem_data(bio, &p);
	str_add(&s, p, (size_t)n);
	o = order_of(w, "key", &s);
	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && strcmp(e.code, "private_key_in_upload") == 0, "%s: a private key: %s",
	    check_on, e.msg);
	CHECK(orders_count(w, "SELECT count(*) FROM key_use WHERE batch_id NOT IN (SELECT id FROM batch)") == 0,
	    "%s: keys left", check_on);
	(void)close(o.fd);
	BIO_free(bio);
	/* A password makes no sense here. */
	o = order_of(w, "password", &fine);
	o.password = w->password;
	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && f.n == 1 && strcmp(f.list[0].field, "pkcs12_password") == 0,
	    "%s: a password beside requests", check_on);
	o.password = NULL;
	CHECK(orders_placed(w, &w->ann, &o).size == 1, "%s: what was refused with others is fine alone", check_on);
	(void)close(o.fd);
	/* Reject gives the keys back. */
	{
		int64_t id = orders_count(w, "SELECT max(id) FROM batch"), before = orders_count(w, "SELECT count(*) FROM key_use");

		MUST(batch_reject(&w->app, &w->ann, id, w->arena, &b, me));
		CHECK(orders_count(w, "SELECT count(*) FROM key_use") == before - 1, "%s: a rejected key is free", check_on);
	}
	EVP_PKEY_free(k);
	EVP_PKEY_free(other);
	EVP_PKEY_free(rsa);
}

/* More text than one window of the reader. */
static void
long_upload(struct orders_world *w)
{
	OWN_STR struct str s = { 0 };
	struct order o;

	for (int i = 0; i < 40; i++) {
		for (int k = 0; k < 1000; k++)
			str_adds(&s, "a line of something else between requests\n");
		add_new(&s, arena_printf(w->arena, "00:1A:2B:03:00:%02X", i));
	}
	CHECK(s.len > (size_t)1536 * 1024, "long enough: %zu", s.len);
	o = order_of(w, "long", &s);
	CHECK(orders_placed(w, &w->ann, &o).size == 40, "%s: long upload", check_on);
	/* Forty times a thousand lines and thirty-nine requests of seven before the last one's BEGIN. */
	CHECK(orders_count(w, "SELECT max(line) FROM item") == 40 * 1000 + 39 * 7 + 1, "%s: line %d", check_on,
	    (int)orders_count(w, "SELECT max(line) FROM item"));
	(void)close(o.fd);
}

/* A window of the reader that ends inside the END line of a request. */
static void
split_end(struct orders_world *w)
{
	const size_t window = (size_t)1024 * 1024;
	OWN_STR struct str s = { 0 }, second = { 0 };
	struct order o;

	add_new(&s, "00:1A:2B:04:00:00");
	add_new(&second, "00:1A:2B:04:00:01");
	while (s.len + second.len - 12 < window)
		str_adds(&s, window - (s.len + second.len - 12) > 128 ? "a line of something else between requests\n" : "\n");
	str_add(&s, second.p, second.len);
	add_new(&s, "00:1A:2B:04:00:02");
	CHECK(memcmp(s.p + window - 22, "-----END CERTIFICATE R", 22) == 0, "the window ends elsewhere");
	o = order_of(w, "split", &s);
	CHECK(orders_placed(w, &w->ann, &o).size == 3, "%s: an END line in two windows", check_on);
	(void)close(o.fd);
}

/* More requests than are judged at a time: what is wrong is said in the order of the upload, once each. */
static void
many(struct orders_world *w)
{
	enum { N = 2500 };
	static const struct { int at; const char *says; } wrong[] = {
		{ 0, "RFC 2986" }, { 700, "base64" }, { 1023, "RFC 2986" }, { 1024, "in line" }, { 2048, "RFC 2986" }, { N - 1, "RFC 2986" },
	};
	OWN_STR struct str s = { 0 }, fine = { 0 }, second = { 0 };
	EVP_PKEY *other = key_new();
	size_t next = 0, at = 0;
	struct order o;
	struct batch b;
	struct faults f;
	struct err e;

	for (int i = 0; i < N; i++) {
		const char *mac = arena_printf(w->arena, "00:1A:2B:05:%02X:%02X", i / 256, i % 256);
		EVP_PKEY *k = key_new();
		size_t begins = s.len;

		add_pem(&s, request(k, mac, NULL));
		str_add(&fine, s.p + begins, s.len - begins);
		if (i == 1)
			str_add(&second, s.p + begins, s.len - begins);
		if (next < COUNT(wrong) && wrong[next].at == i) {
			s.len = begins;
			if (strcmp(wrong[next].says, "base64") == 0)
				str_adds(&s, "-----BEGIN CERTIFICATE REQUEST-----\n\n\n!\n\n\n-----END CERTIFICATE REQUEST-----\n");
			else if (strcmp(wrong[next].says, "in line") == 0)
				str_add(&s, second.p, second.len);
			else
				add_pem(&s, request(k, mac, other));
			next++;
		}
		EVP_PKEY_free(k);
	}
	o = order_of(w, "many", &s);
	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && f.total >= COUNT(wrong), "%s: many with some wrong: %s, %d faults", check_on,
	    e.msg, (int)f.total);
	/* The double one has two: its key and its address. */
	for (next = 0; at < f.n && next < COUNT(wrong); at++)
		next += f.list[at].line == 1 + 7 * wrong[next].at && strstr(f.list[at].message, wrong[next].says) != NULL;
	CHECK(next == COUNT(wrong) && f.n == COUNT(wrong) + 1, "%s: %d faults, the %zu. of %zu is not in its place", check_on,
	    (int)f.n, next + 1, COUNT(wrong));
	(void)close(o.fd);
	o = order_of(w, "many", &fine);
	CHECK(orders_placed(w, &w->ann, &o).size == N, "%s: many", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM item i JOIN batch b ON b.id = i.batch_id WHERE b.name = 'many'"
	    " AND i.line = 1 + 7 * i.item_index") == N, "%s: places of many", check_on);
	(void)close(o.fd);
	EVP_PKEY_free(other);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct orders_world w;

	(void)engine;
	orders_world_make(&w, uri, 5000);
	good(&w);
	archives(&w);
	ignored(&w);
	bad(&w);
	long_upload(&w);
	split_end(&w);
	many(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
