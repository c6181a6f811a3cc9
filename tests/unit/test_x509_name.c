/* Names as text: encoded order, RFC 4514 escapes, string types, what is no name. */
#include <string.h>

#include "base/own.h"
#include "check.h"
#include "x509/name.h"

struct attribute {
	const char	*type;
	uint8_t		 tag;
	const char	*value;
	size_t		 len;		/* 0: strlen */
	bool		 same_set;	/* with the one before */
};

/* A Name out of attributes, backwards. */
static struct der
name_of(const struct attribute *a, size_t n, uint8_t *buf, size_t cap)
{
	struct der_writer w = der_writer(buf, cap);
	struct der whole = { NULL, 0 };
	size_t set = 0;
	struct oid o;

	for (size_t i = n; i-- > 0;) {
		size_t mark = der_mark(&w);

		if (!oid_lookup(OID_ATTRIBUTE, a[i].type, &o))
			return whole;
		der_put(&w, a[i].tag, a[i].value, a[i].len != 0 ? a[i].len : strlen(a[i].value));
		der_put(&w, DER_OID, o.b, o.len);
		der_wrap(&w, DER_SEQUENCE, mark);
		if (a[i].same_set)
			continue;
		der_wrap(&w, DER_SET, set);
		set = der_mark(&w);
	}
	der_wrap(&w, DER_SEQUENCE, 0);
	(void)!der_written(&w, &whole);
	return whole;
}

static void
shown(const struct attribute *a, size_t n, const char *want)
{
	OWN_STR struct str text = { 0 };
	uint8_t buf[1024];
	struct err e = { 0 };
	struct der name = name_of(a, n, buf, sizeof(buf));

	CHECK(name_text(name, &text, &e), "%s: %s", want, e.msg);
	str_addc(&text, '\0');
	CHECK(strcmp(text.p, want) == 0, "%s instead of %s", text.p, want);
	CHECK(name_valid(name, n) && !name_valid(name, n + 1), "%s is not valid with %zu attributes", want,
	    n);
}

#define NAME(want, ...)								\
	shown((const struct attribute[]){ __VA_ARGS__ },			\
	    sizeof((const struct attribute[]){ __VA_ARGS__ }) / sizeof(struct attribute), want)

int
main(void)
{
	OWN_STR struct str text = { 0 };
	struct err e = { 0 };
	uint8_t bad[] = { 0x30, 4, 0x31, 2, 0x30, 0 }, empty[] = { 0x30, 0 },
		empty_set[] = { 0x30, 2, 0x31, 0 };

	NAME("C=US, O=Acme\\, Inc., CN=00:1A:2B:00:00:01", { "C", DER_PRINTABLE, "US", 0, false },
	    { "O", DER_UTF8, "Acme, Inc.", 0, false },
	    { "CN", DER_PRINTABLE, "00:1A:2B:00:00:01", 0, false });
	NAME("O=\\#a\\+b\\\"c\\\\d\\<e\\>f\\;g", { "O", DER_UTF8, "#a+b\"c\\d<e>f;g", 0, false });
	NAME("O=\\ a #b\\ ", { "O", DER_UTF8, " a #b ", 0, false });
	NAME("O=a\\0Ab", { "O", DER_T61, "a\nb", 0, false });
	NAME("O=Gr\xc3\xbc\xc3\x9f", { "O", DER_UTF8, "Gr\xc3\xbc\xc3\x9f", 0, false });
	NAME("O=Gr\xc3\xbc", { "O", DER_T61, "Gr\xfc", 0, false });
	NAME("O=\xe4\xbd\xa0", { "O", DER_BMP, "\x4f\x60", 2, false });
	NAME("O=#FF41", { "O", DER_UTF8, "\xff\x41", 0, false });
	NAME("O=#0102", { "O", DER_OCTETS, "\1\2", 0, false });
	NAME("OU=a+CN=b", { "OU", DER_UTF8, "a", 0, false }, { "CN", DER_UTF8, "b", 0, true });
	NAME("1.2.3.4=x", { "1.2.3.4", DER_UTF8, "x", 0, false });
	CHECK(!name_text((struct der){ bad, sizeof(bad) }, &text, &e), "an empty attribute is refused");
	CHECK(!name_valid((struct der){ empty_set, sizeof(empty_set) }, 0), "an empty set is refused");
	CHECK(name_valid((struct der){ empty, sizeof(empty) }, 0), "an empty name is a name");
	return check_done();
}
