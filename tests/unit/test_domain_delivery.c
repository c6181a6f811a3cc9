/* The download: length known beforehand, the same octets from any offset, read by other people's readers. */
#include <sys/wait.h>

#include "check_orders.h"
#include "domain/delivery.h"
#include "domain/zip.h"

static bool
whole(struct orders_world *w, const struct batch *b, size_t piece, struct str *out)
{
	OWN(delivery_free) struct delivery *d = NULL;
	struct err e = { 0 };
	uint8_t buf[70000];

	str_clear(out);
	if (!CHECK(delivery_open(&w->app, b, &d, &e), "%s: %s %s", check_on, e.msg, e.trail))
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

	CHECK(!delivery_open(&w->app, &b, &d, &e) && e.kind == ERR_CONFLICT, "%s: fetched too early", check_on);
	while (orders_work_one(w, 333))
		;
	b = orders_batch(w, b.id);
	CHECK(strcmp(b.state, "issued_partly") == 0, "%s: %s", check_on, b.state);
	if (!whole(w, &b, 65536, &once) || !whole(w, &b, 997, &again))
		return;
	CHECK(once.len == again.len && memcmp(once.p, again.p, once.len) == 0, "%s: not the same octets", check_on);
	readers(&once, 599, "00-1A-2B-00-00-00.p12");
	/* Revoking one changes nothing of it, nor does the time. */
	clock_shift(1000);
	MUST(batch_mark_downloaded(&w->app, &w->ann, b.id, "bytes=5-", me));
	b = orders_batch(w, b.id);
	CHECK(whole(w, &b, 4096, &again) && again.len == once.len && memcmp(once.p, again.p, once.len) == 0,
	    "%s: another octet the second time", check_on);
	clock_shift(0);
	/* From any offset. */
	MUST(delivery_open(&w->app, &b, &d, me));
	for (uint64_t at = 0; at < once.len; at += once.len / 53 + 1) {
		uint8_t buf[300];
		ssize_t n = delivery_read(d, once.len - 1 - at, buf, sizeof(buf), &e);

		CHECK(n > 0 && memcmp(buf, once.p + once.len - 1 - at, (size_t)n) == 0, "%s: at %d", check_on,
		    (int)(once.len - 1 - at));
	}
	delivery_free(d);
	MUST(delivery_open(&w->app, &b, &d, me));
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
	CHECK(!delivery_open(&w->app, &b, &d, &e) && e.kind == ERR_CONFLICT, "%s: a revoked batch", check_on);
}

/* ZIP64 in the directory, where an offset needs it. */
static void
far(void)
{
	OWN_STR struct str s = { 0 };
	struct zip_entry z = { "a.p12", 5, 0x12345678, 9 };

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
