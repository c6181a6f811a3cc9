/* multipart/form-data cut at every place, and what is refused. */
#include "check.h"

#include <string.h>

#include "base/str.h"
#include "http/multipart.h"

static struct str seen;		/* what the sink was told, as text */

static bool
begin(void *arg, const struct multipart_part *p, struct err *e)
{
	(void)arg;
	if (strcmp(p->name, "refuse") == 0)
		return err_set(e, ERR_INVALID, "refused", "no");
	str_addf(&seen, "<%s|%s|%s>", p->name, p->file_name, p->type);
	return true;
}

static bool
data(void *arg, const void *p, size_t n, struct err *e)
{
	(void)arg;
	(void)e;
	str_add(&seen, p, n);
	return true;
}

static bool
end(void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	str_adds(&seen, "$");
	return true;
}

static const struct multipart_sink sink = { begin, data, end };

/* In pieces of `piece` octets; whether all went well. */
static bool
parse(const char *type, const char *text, size_t n, size_t piece)
{
	OWN(multipart_free) struct multipart *m = multipart_new(type, &sink, NULL);
	struct err e = { 0 };

	str_clear(&seen);
	str_adds(&seen, "");
	if (m == NULL)
		return false;
	for (size_t off = 0; off < n; off += piece)
		if (!multipart_feed(m, text + off, n - off < piece ? n - off : piece, &e))
			return false;
	return multipart_finish(m, &e);
}

static void
test_good(void)
{
	static const struct { const char *text, *seen; } cases[] = {
		{ "--b\r\nContent-Disposition: form-data; name=\"order\"\r\n\r\n{}\r\n--b\r\n"
		  "content-disposition: form-data; name=file; filename=\"a b.csv\"\r\ncontent-type: text/csv\r\n\r\nx\r\n\r\n--b--\r\n",
		  "<order||>{}$<file|a b.csv|text/csv>x\r\n$" },
		{ "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--b--", "<a||>$" },
		{ "preamble\r\n--b \t\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--\r\n--bb\r\r\n-\r\n--b--epilogue",
		  NULL },
		{ "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\r\n--\r\r\n--b--epilogue", "<a||>\r\r\n--\r$" },
		{ "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"C:\\dir\\x.csv\"\r\n\r\n--b\r\n--b--", "<a|x.csv|>--b$" },
		{ "--b\r\nContent-Disposition: form-data; filename=\"q\\\"q\"; name=\"a\"\r\n\r\n\r\n--b--", "<a|q\"q|>$" },
		{ "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"../../etc/x\"\r\n\r\n\r\n--b--", "<a|x|>$" },
		{ "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\xff\"\r\n\r\n\r\n--b--", "<a||>$" },
		{ "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"; name=x\"\r\n\r\n\r\n--b--", "<a|; name=x|>$" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece <= strlen(cases[i].text); piece++) {
			bool ok = parse("multipart/form-data; boundary=b", cases[i].text, strlen(cases[i].text), piece);

			/* "--bb" begins like the boundary and goes on: refused, as RFC 2046 forbids it in a body. */
			CHECK(ok == (cases[i].seen != NULL), "case %zu by %zu", i, piece);
			if (ok)
				CHECK(strcmp(seen.p, cases[i].seen) == 0, "case %zu by %zu: %s", i, piece, seen.p);
		}
}

static void
test_wrong(void)
{
	static const char *const texts[] = {
		"", "--b", "--b\r\n", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx",
		"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--b\r\n",
		"--b\r\n\r\nx\r\n--b--",					/* no disposition */
		"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",	/* no name */
		"--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--",
		"--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b--",
		"--b\r\nno colon\r\n\r\nx\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--",
		"--b\r\nContent-Disposition: form-data; name=\"refuse\"\r\n\r\nx\r\n--b--",
		"--b\nContent-Disposition: form-data; name=\"a\"\n\nx\n--b--",
	};
	static const char *const types[] = { "multipart/form-data", "multipart/form-data; boundary=",
		"multipart/form-data; boundary=\"a\nb\"", "multipart/form-data; boundary=\"b ",
		"multipart/form-data; boundary=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	static char long_text[6000];
	int n;

	for (size_t i = 0; i < COUNT(texts); i++)
		CHECK(!parse("multipart/form-data; boundary=b", texts[i], strlen(texts[i]), 7), "case %zu: %s", i, seen.p);
	for (size_t i = 0; i < COUNT(types); i++)
		CHECK(!parse(types[i], texts[1], strlen(texts[1]), 7), "type %zu", i);
	n = snprintf(long_text, sizeof(long_text), "--b\r\nX: ");
	memset(long_text + n, 'x', 5000);
	CHECK(!parse("multipart/form-data; boundary=b", long_text, strlen(long_text), 100), "headers without end");
	CHECK(!parse("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\0\r\n\r\n\r\n--b--", 63, 5),
	    "a NUL");
}

int
main(void)
{
	test_good();
	test_wrong();
	str_free(&seen);
	return check_done();
}
