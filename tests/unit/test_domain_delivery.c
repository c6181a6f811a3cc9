/* The download: length known beforehand, the same octets from any offset, read by other people's readers. */
#include <sys/wait.h>

#include "check_orders.h"
#include "domain/delivery/delivery.h"
#include "domain/delivery/zip.h"

static bool
whole(struct orders_world *w, const struct batch *b, const char *format, size_t piece, struct str *out)
{
	OWN(delivery_free) struct delivery *d = NULL;
	struct err e = { 0 };
	uint8_t buf[70000];

	str_clear(out);
	if (!CHECK(delivery_open(&w->app, b, format, &d, &e), "%s: %s %s", check_on, e.msg, e.trail))
		return false;
	while (out->len < delivery_length(d)) {
		ssize_t n = delivery_read(d, out->len, buf, piece, &e);

		if (!CHECK(n > 0, "%s: at %zu: %s %s", check_on, out->len, e.msg, e.trail))
			return false;
		str_add(out, buf, (size_t)n);
	}
	return CHECK(out->len == delivery_length(d), "%s: %zu octets, not %d", check_on, out->len,
	    (int)delivery_length(d));
}

static int
shell(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static void
readers(const struct str *zip, int files, const char *first)
{
	/* Those that every machine with the tests has; others are tried by hand and in the interop suite. */
	static const char script[] =
	    "import sys, zipfile, csv, io, hashlib\n"
	    "z = zipfile.ZipFile(sys.argv[1])\n"
	    "assert z.testzip() is None\n"
	    "names = z.namelist()\n"
	    "assert len(names) == len(set(names)) == int(sys.argv[2]) + 2, len(names)\n"
	    "rows = list(csv.DictReader(io.TextIOWrapper(z.open('manifest.csv'), 'utf-8', newline='')))\n"
	    "assert len(rows) == int(sys.argv[2]), len(rows)\n"
	    "assert rows[0]['file'] == sys.argv[3] == names[0], rows[0]\n"
	    "for r in rows:\n"
	    "    assert hashlib.sha256(z.read(r['file'])).hexdigest() == r['sha256'], r\n"
	    "    assert r['serial_number'].isalnum() and len(r['serial_number']) == 32, r\n"
	    "assert rows[0]['name'].startswith(\"'=cmd\"), rows[0]['name']\n"
	    "assert z.read('chain.pem').startswith(b'-----BEGIN CERTIFICATE-----')\n";
	char dir[] = "/tmp/certmill-zip.XXXXXX", command[400];
	FILE *f;

	if (mkdtemp(dir) == NULL)
		exit(1);
	(void)snprintf(command, sizeof(command), "%s/a.zip", dir);
	f = fopen(command, "w");
	CHECK(f != NULL && fwrite(zip->p, 1, zip->len, f) == zip->len, "writing %s", command);
	(void)fclose(f);
	(void)snprintf(command, sizeof(command), "%s/t.py", dir);
	f = fopen(command, "w");
	(void)fputs(script, f);
	(void)fclose(f);
	(void)snprintf(command, sizeof(command), "python3 %s/t.py %s/a.zip %d %s", dir, dir, files, first);
	CHECK(shell(command) == 0, "%s: Python does not read it", check_on);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	(void)shell(command);
}

static void
downloads(struct orders_world *w)
{
	struct order o = orders_form(w, "=cmd|' /C calc'!A0", "00:1A:2B:00:00:00", 600);
	struct batch b = orders_placed(w, &w->ann, &o);
	OWN_STR struct str once = { 0 }, again = { 0 };
	struct delivery *d = NULL;
	struct err e = { 0 };
	char etag[64] = "";

	CHECK(!delivery_open(&w->app, &b, NULL, &d, &e) && e.kind == ERR_CONFLICT, "%s: fetched too early", check_on);
	while (orders_work_one(w, 333))
		;
	b = orders_batch(w, b.id);
	CHECK(strcmp(b.state, "issued_partly") == 0, "%s: %s", check_on, b.state);
	if (!whole(w, &b, NULL, 65536, &once) || !whole(w, &b, NULL, 997, &again))
		return;
	CHECK(once.len == again.len && memcmp(once.p, again.p, once.len) == 0, "%s: not the same octets", check_on);
	readers(&once, 599, "00-1A-2B-00-00-00.p12");
	/* Revoking one changes nothing of it, nor does the time. */
	clock_shift(1000);
	MUST(batch_mark_downloaded(&w->app, &w->ann, b.id, "bytes=5-", me));
	b = orders_batch(w, b.id);
	CHECK(whole(w, &b, NULL, 4096, &again) && again.len == once.len && memcmp(once.p, again.p, once.len) == 0,
	    "%s: another octet the second time", check_on);
	clock_shift(0);
	/* From any offset. */
	MUST(delivery_open(&w->app, &b, NULL, &d, me));
	for (uint64_t at = 0; at < once.len; at += once.len / 53 + 1) {
		uint8_t buf[300];
		ssize_t n = delivery_read(d, once.len - 1 - at, buf, sizeof(buf), &e);

		CHECK(n > 0 && memcmp(buf, once.p + once.len - 1 - at, (size_t)n) == 0, "%s: at %d", check_on,
		    (int)(once.len - 1 - at));
	}
	delivery_free(d);
	MUST(delivery_open(&w->app, &b, NULL, &d, me));
	(void)snprintf(etag, sizeof(etag), "%s", delivery_etag(d));
	CHECK(etag[0] == '"' && etag[strlen(etag) - 1] == '"', "%s: etag %s", check_on, etag);
	/* Purged in the middle: an error, not silence. */
	MUST(batch_revoke(&w->app, &w->ann, b.id, REASON_SUPERSEDED, w->arena, &b, me));
	{
		uint8_t buf[16];

		CHECK(delivery_read(d, 5, buf, sizeof(buf), &e) < 0 && e.kind == ERR_NOT_FOUND, "%s: read after a purge", check_on);
	}
	delivery_free(d);
	e = (struct err){ 0 };
	CHECK(!delivery_open(&w->app, &b, NULL, &d, &e) && e.kind == ERR_CONFLICT, "%s: a revoked batch", check_on);
}

/* ---- other packagings ---- */

/* Certificates of the trial CA, and keys as the packaging wants them; item `fail` fails. */
static void
really_made(struct orders_world *w, struct work_slice *s, int64_t fail)
{
	struct work_result *r = orders_results(w, s, fail);
	bool factory = strstr(s->packaging, "factory") != NULL;

	for (int64_t i = 0; i < s->size; i++) {
		OWN_CERT struct made_cert m = make_leaf("device", &w->ca, NULL);
		OWN_STR struct str sealed = { 0 };
		BIGNUM *serial = BN_bin2bn(r[i].serial, sizeof(r[i].serial), NULL);
		uint8_t *der = NULL;
		int len;

		BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(m.x509));
		BN_free(serial);
		X509_sign(m.x509, w->ca.key, EVP_sha256());
		len = i2d_X509(m.x509, &der);
		r[i].der = arena_memdup(w->arena, der, (size_t)len);
		r[i].der_len = (size_t)len;
		OPENSSL_free(der);
		r[i].subject = "CN=device";
		if (!factory)
			continue;
		MUST(zip_seal(w->password, m.pkcs8->p, m.pkcs8->len, &sealed, me));
		r[i].file = arena_memdup(w->arena, sealed.p, sealed.len);
		r[i].file_len = sealed.len;
	}
	MUST(work_store(&w->app, s, r, (size_t)s->size, me));
}

static bool
work_really(struct orders_world *w, int64_t fail)
{
	struct work_slice s;
	struct err e = { 0 };
	bool found;

	if (!CHECK(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, &e), "%s: %s", check_on, e.msg) || !found)
		return false;
	MUST(work_items(&w->app, &s, w->arena, me));
	really_made(w, &s, fail);
	return true;
}

/* What strangers' programs find in it.  `names`: of device 1. */
static void
contents(struct orders_world *w, const struct batch *b, const char *format, const char *names)
{
	static const char script[] =
	    "import sys, zipfile, csv, io, hashlib, json, subprocess\n"
	    "z = zipfile.ZipFile(sys.argv[1])\n"
	    "names = z.namelist()\n"
	    "want = sys.argv[2].split()\n"
	    "assert len(names) == len(set(names)) == 11 * len(want) + 3, names\n"
	    "assert all(n in names for n in want), (want, names[:4])\n"
	    "rows = list(csv.DictReader(io.TextIOWrapper(z.open('manifest.csv'), 'utf-8', newline='')))\n"
	    "m = json.loads(z.read('manifest.json'))\n"
	    "assert m['packaging'] == sys.argv[3], m\n"
	    "assert len(rows) == len(m['devices']) == 11\n"
	    "for r, d in zip(rows, m['devices']):\n"
	    "    assert str(d['index']) == r['index'] and d['serial_number'] == r['serial_number'], (r, d)\n"
	    "    assert d['inputs']['mac_address'] == r['mac_address'] and d['not_after'] == r['not_after'], (r, d)\n"
	    "    files = [r['file']] + r.get('other_files', '').split()\n"
	    "    assert [f['name'] for f in d['files']] == files, (r, d)\n"
	    "    assert d['files'][0]['sha256'] == r['sha256'], (r, d)\n"
	    "    for f in d['files']:\n"
	    "        i = z.getinfo(f['name'])\n"
	    "        assert (i.flag_bits & 1) == f.get('encrypted', False), (i, f)\n"
	    "        if not f.get('encrypted'):\n"
	    "            assert hashlib.sha256(z.read(i)).hexdigest() == f['sha256'], f\n"
	    "keys = [f['name'] for d in m['devices'] for f in d['files'] if f.get('encrypted')]\n"
	    "tar = ['bsdtar', '--passphrase', 'correct horse', '-xOf', sys.argv[1]]\n"
	    "for k in keys:\n"
	    "    der = subprocess.run(tar + [k], check=True, capture_output=True).stdout\n"
	    "    assert der[0] == 0x30 and len(der) == z.getinfo(k).file_size, k\n"
	    "if keys:\n"
	    "    tar[2] = 'another one'\n"
	    "    assert subprocess.run(tar + keys[:1], capture_output=True).returncode != 0\n";
	char dir[] = "/tmp/certmill-zip.XXXXXX", command[700];
	OWN_STR struct str once = { 0 }, again = { 0 };
	FILE *f;

	if (!whole(w, b, format, 65536, &once) || !whole(w, b, format, 911, &again))
		return;
	CHECK(once.len == again.len && memcmp(once.p, again.p, once.len) == 0, "%s: %s: not the same octets", check_on,
	    format);
	if (mkdtemp(dir) == NULL)
		exit(1);
	(void)snprintf(command, sizeof(command), "%s/a.zip", dir);
	f = fopen(command, "w");
	CHECK(f != NULL && fwrite(once.p, 1, once.len, f) == once.len, "writing %s", command);
	(void)fclose(f);
	(void)snprintf(command, sizeof(command), "%s/t.py", dir);
	f = fopen(command, "w");
	(void)fputs(script, f);
	(void)fclose(f);
	(void)snprintf(command, sizeof(command), "python3 %s/t.py %s/a.zip '%s' %s", dir, dir, names, format);
	CHECK(shell(command) == 0, "%s: %s: not what it should hold", check_on, format);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	(void)shell(command);
}

#define M1 "00-1A-2B-01-00-01"

static void
packagings(struct orders_world *w)
{
	static const struct { const char *packaging, *names, *mac; } ordered[] = {
		{ "factory_flat", M1 ".cer " M1 ".prv", "00:1A:2B:01:00:00" },
		{ "factory_folder", "00-1A-2B-02-00-01/00-1A-2B-02-00-01_Cert.der 00-1A-2B-02-00-01/00-1A-2B-02-00-01_privkey.der",
		    "00:1A:2B:02:00:00" },
	};
	struct order o;
	struct batch b = { 0 };
	struct faults f;
	struct err e = { 0 };
	struct delivery *d;

	for (size_t i = 0; i < COUNT(ordered); i++) {
		OWN_STR struct str plain = { 0 }, named = { 0 };

		o = orders_form(w, ordered[i].packaging, ordered[i].mac, 12);
		o.packaging = ordered[i].packaging;
		b = orders_placed(w, &w->ann, &o);
		while (work_really(w, 4))
			;
		b = orders_batch(w, b.id);
		CHECK(strcmp(b.state, "issued_partly") == 0, "%s: %s", check_on, b.state);
		contents(w, &b, ordered[i].packaging, ordered[i].names);
		CHECK(whole(w, &b, NULL, 5000, &plain) && whole(w, &b, ordered[i].packaging, 5000, &named) &&
		    plain.len == named.len && memcmp(plain.p, named.p, plain.len) == 0, "%s: as ordered and named", check_on);
		if (i == 0) {
			contents(w, &b, "pem", M1 ".pem");
			contents(w, &b, "der", M1 ".cer");
			contents(w, &b, "p7b", M1 ".p7b");
			contents(w, &b, "folder", M1 "/" M1 ".pem " M1 "/" M1 ".cer " M1 "/" M1 ".p7b");
		}
		CHECK(!delivery_open(&w->app, &b, "p12", &d, &e) && e.kind == ERR_INVALID, "%s: keys in another packaging",
		    check_on);
		CHECK(!delivery_open(&w->app, &b, "rar", &d, &e) && e.kind == ERR_INVALID, "%s: no such format", check_on);
	}
	o = orders_form(w, "cer", "00:1A:2B:03:00:00", 2);
	o.packaging = "der";
	CHECK(!orders_place(w, &w->ann, &o, &b, &f, &e) && f.n == 1 && strcmp(f.list[0].field, "packaging") == 0,
	    "%s: keys thrown away", check_on);
}

/* ZIP64 in the directory, where an offset needs it. */
static void
far(void)
{
	OWN_STR struct str s = { 0 };
	struct zip_entry z = { "a.p12", 5, 0x12345678, 9, false };

	zip_local(&s, &z, 1700000000);
	CHECK(s.len == ZIP_LOCAL_OCTETS(5), "local header of %zu", s.len);
	str_clear(&s);
	zip_central(&s, &z, 1700000000, ZIP_FAR - 1);
	CHECK(s.len == ZIP_CENTRAL_OCTETS(5), "directory entry of %zu", s.len);
	str_clear(&s);
	zip_central(&s, &z, 1700000000, ZIP_FAR);
	CHECK(s.len == ZIP_CENTRAL_OCTETS(5) + ZIP_CENTRAL_FAR, "far directory entry of %zu", s.len);
	str_clear(&s);
	zip_end(&s, 2, 100, 50);
	CHECK(s.len == 22, "end of %zu", s.len);
	str_clear(&s);
	zip_end(&s, 70000, 100, 50);
	CHECK(s.len == 22 + 20 + 56, "far end of %zu", s.len);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct orders_world w;

	(void)engine;
	orders_world_make(&w, uri, 5000);
	downloads(&w);
	packagings(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	far();
	check_db_on_both(all);
	return check_done();
}
