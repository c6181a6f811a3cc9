/* Inputs: every spelling of an address, what a spreadsheet does to it, blocks, generators, patterns. */
#include <string.h>

#include "base/own.h"
#include "check.h"
#include "x509/profile/generator.h"
#include "x509/profile/input.h"
#include "x509/profile/pattern.h"

static struct profile_input
input(enum input_type t)
{
	return (struct profile_input){ .name = "x",
		.title = "X",
		.type = t,
		.required = true,
		.max_length = 64,
		.generators = GENERATOR_NONE | GENERATOR_MAC | GENERATOR_EUI64 | GENERATOR_DECIMAL };
}

static void
taken(const struct profile_input *in, const char *raw, const char *want)
{
	char out[INPUT_VALUE_MAX], why[INPUT_WHY_MAX];

	if (!CHECK(input_normalize(in, raw, strlen(raw), out, why), "'%s': %s", raw, why))
		return;
	CHECK(strcmp(out, want) == 0, "'%s' becomes '%s' instead of '%s'", raw, out, want);
	CHECK(*want == '\0' || input_is_normal(in, out, why), "'%s' is not its own normal form: %s", out,
	    why);
}

static void
refused(const struct profile_input *in, const char *raw, const char *because)
{
	char out[INPUT_VALUE_MAX], why[INPUT_WHY_MAX];

	CHECK(!input_normalize(in, raw, strlen(raw), out, why), "'%s' is taken as '%s'", raw, out);
	CHECK(strstr(why, because) != NULL, "'%s': '%s' does not say '%s'", raw, why, because);
}

static void
addresses(void)
{
	struct profile_input in = input(INPUT_MAC_ADDRESS), eui = input(INPUT_EUI64);
	static const char *const spellings[] = { "00:1A:2B:3C:4D:5E", "00-1a-2b-3c-4d-5e", "001a.2b3c.4d5e",
		"001A2B3C4D5E", "  00:1a:2b:3C:4d:5e\t",
		"\xc2\xa0"
		"001a2b3c4d5e\xe2\x80\x8b",
		"\xef\xbb\xbf"
		"00:1A:2B:3C:4D:5E",
		"00.1A.2B.3C.4D.5E" };

	for (size_t i = 0; i < COUNT(spellings); i++)
		taken(&in, spellings[i], "00:1A:2B:3C:4D:5E");
	taken(&in, "00E012345678", "00:E0:12:34:56:78");	/* not scientific: twelve digits */
	taken(&in, "0012E3456789", "00:12:E3:45:67:89");
	taken(&eui, "001a2bfffe3c4d5e", "00:1A:2B:FF:FE:3C:4D:5E");
	refused(&in, "1.23E+11",
	    "1.23E+11 is scientific notation: a spreadsheet has rounded the address; format the column as "
	    "text");
	refused(&in, "1,23E+11", "scientific notation");
	refused(&in, "1E+11", "scientific notation");
	refused(&in, "12E10", "scientific notation");
	refused(&in, "1A2B3C4D5E", "5 octets");
	refused(&in, "1234567890", "leading zeros");
	refused(&in, "00:1A:2B:3C:4D", "5 octets");
	refused(&in, "00:1A:2B:3C:4D:5E:6F:70", "8 octets");
	refused(&in, "00:1A:2B:3C:4D:5", "hexadecimal digits");
	refused(&in, "00:1A:2B:3C:4D:5G", "'G'");
	refused(&in, "00:1A-2B:3C:4D:5E", "same separator");
	refused(&in, "001:A2:B3:C4:D5:E", "unusual places");
	refused(&in, "0:1A:2B:3C:4D:5E0", "unusual places");
	refused(&in, "01:00:5E:00:00:01", "multicast");
	refused(&in, "FF:FF:FF:FF:FF:FF", "broadcast");
	refused(&in, "00:00:00:00:00:00", "no device's");
	refused(&in, "", "needed");
	refused(&in, " \t", "needed");
	refused(&in, "00:1A:2B:3C:4D:5E:00:00:00:00:00:00:00:00:00:00:00", "too many");
	refused(&in, "caf\xc3\xa9", "not a hexadecimal digit");
	refused(&eui, "00:1A:2B:3C:4D:5E", "6 octets");
	in.required = false;
	taken(&in, " ", "");
	CHECK(mac_is_local("02:00:00:00:00:01") && !mac_is_local("00:1A:2B:3C:4D:5E"), "the local bit");
}

static void
others(void)
{
	struct profile_input text = input(INPUT_TEXT), number = input(INPUT_DECIMAL), hex = input(INPUT_HEX),
	    dns = input(INPUT_DNS_NAME), ip = input(INPUT_IP_ADDRESS), choice = input(INPUT_CHOICE);
	static const char *const choices[] = { "Indoor", "Outdoor" };
	OWN(pattern_free) struct pattern *p = NULL;
	char why[128];

	text.max_length = 5;
	taken(&text, "  a b ", "a b");
	taken(&text, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
	refused(&text, "123456", "at most 5");
	refused(&text, "a\nb", "control");
	refused(&text, "a\xff", "UTF-8");
	refused(&text, "a\xe2\x80\xae" "b", "direction");
	text.charset = CHARSET_PRINTABLE;
	refused(&text, "a@b", "PrintableString");
	text.charset = CHARSET_UTF8;
	CHECK(pattern_new("[A-Z]{2}[0-9]+", &p, why), "%s", why);
	text.match = p;
	text.pattern = "[A-Z]{2}[0-9]+";
	taken(&text, "AB1", "AB1");
	refused(&text, "xAB1", "does not have the form");
	text.message = "two letters, then digits";
	refused(&text, "AB", "two letters, then digits");
	taken(&number, "000123", "000123");
	refused(&number, "12E+3", "scientific");
	refused(&number, "-1", "digits only");
	taken(&hex, "0a:ff 1", "0AFF1");
	refused(&hex, "0x", "hexadecimal");
	choice.choices = choices;
	choice.n_choices = COUNT(choices);
	taken(&choice, "outDOOR", "Outdoor");
	refused(&choice, "Roof", "none of the choices");
	dns.max_length = 253;
	taken(&dns, "Portal.Example.", "portal.example");
	refused(&dns, "a..b", "host name");
	refused(&dns, "-a.b", "host name");
	refused(&dns, "*.example", "host name");
	dns.multiple = true;
	taken(&dns, " B.example, a.example ,,b.example", "b.example,a.example");
	refused(&dns, "a.example, b_c", "host name");
	refused(&dns, " , ", "needed");
	taken(&ip, "2001:DB8::0001", "2001:db8::1");
	taken(&ip, "192.0.2.1", "192.0.2.1");
	refused(&ip, "192.0.2.256", "not an IP");
}

static void
blocks(void)
{
	static const struct { const char *text, *normal; unsigned len;
	} good[] = {
		{ "00:1A:2B", "00:1A:2B", 24 },
		{ "001a2b", "00:1A:2B", 24 },
		{ "00-1A-2B-C", "00:1A:2B:C", 28 },
		{ "00:1A:2B:3C:D", "00:1A:2B:3C:D", 36 },
		{ "001A2B3CD", "00:1A:2B:3C:D", 36 },
	};
	static const char *const bad[] = { "", "00:1A", "00:1A:2B:3C:4D:5E", "01:1A:2B",
		"00:1A:2B:", "zz:1A:2B", "00:1A-2B" };
	struct mac_prefix p, list[2];
	char text[18];

	for (size_t i = 0; i < COUNT(good); i++) {
		if (!CHECK(mac_prefix_parse(good[i].text, &p), "%s", good[i].text))
			continue;
		mac_prefix_text(&p, text);
		CHECK(p.len == good[i].len && strcmp(text, good[i].normal) == 0, "%s is %s", good[i].text,
		    text);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		CHECK(!mac_prefix_parse(bad[i], &p), "'%s' is taken", bad[i]);
	if (!CHECK(
		mac_prefix_parse("00:1A:2B", &list[0]) && mac_prefix_parse("00:1D:D1:C", &list[1]), "blocks"))
		return;
	CHECK(mac_prefix_find(list, 2, "00:1A:2B:FF:00:01") == &list[0], "inside a block of 24 bits");
	CHECK(mac_prefix_find(list, 2, "00:1D:D1:C0:00:01") == &list[1], "inside a block of 28 bits");
	CHECK(mac_prefix_find(list, 2, "00:1D:D1:D0:00:01") == NULL, "just outside");
	CHECK(mac_prefix_find(list, 2, "00:1A:2B:FF:FE:00:01:02") == &list[0], "an EUI-64");
}

static void
run(enum input_generator kind, const char *start, uint64_t by, uint64_t size, const char *last,
    const char *code)
{
	struct profile_input in = input(kind == GENERATOR_MAC	  ? INPUT_MAC_ADDRESS
					: kind == GENERATOR_EUI64 ? INPUT_EUI64
								  : INPUT_DECIMAL);
	struct mac_prefix p[2];
	struct generator g;
	struct err e = { 0 };
	char out[INPUT_VALUE_MAX];
	bool ok;

	if (!mac_prefix_parse("00:1A:2B", &p[0]) || !mac_prefix_parse("FE:FF:FF:FF:F", &p[1]))
		return;
	ok = generator_start(&in, kind, start, by, size, p, kind == GENERATOR_DECIMAL ? 0 : 2, &g, &e);
	if (code != NULL) {
		CHECK(!ok && strcmp(e.code, code) == 0, "%s by %llu: %s %s", start, (unsigned long long)by,
		    ok ? "taken" : e.code, e.msg);
		return;
	}
	if (!CHECK(ok, "%s: %s", start, e.msg))
		return;
	generator_value(&g, 0, out);
	CHECK(strcmp(out, start) == 0, "%s begins with %s", start, out);
	generator_value(&g, size - 1, out);
	CHECK(strcmp(out, last) == 0, "%s ends with %s instead of %s", start, out, last);
}

static void
generators(void)
{
	struct profile_input in = input(INPUT_MAC_ADDRESS);
	struct generator g;
	struct err e = { 0 };

	run(GENERATOR_MAC, "00:1A:2B:00:00:FE", 1, 3, "00:1A:2B:00:01:00", NULL);
	run(GENERATOR_MAC, "00:1A:2B:00:00:00", 2, 1000, "00:1A:2B:00:07:CE", NULL);
	run(GENERATOR_MAC, "00:1A:2B:FF:FF:00", 1, 256, "00:1A:2B:FF:FF:FF", NULL);
	run(GENERATOR_MAC, "00:1A:2B:FF:FF:00", 1, 257, NULL, "generator_block");
	run(GENERATOR_MAC, "00:1A:2C:00:00:00", 1, 2, NULL, "generator_block");
	run(GENERATOR_MAC, "00:1A:2B:00:00:00", UINT64_C(1) << 60, 100, NULL, "generator_overflow");
	run(GENERATOR_MAC, "FE:FF:FF:FF:FF:FE", 1, 3, NULL, "generator_block");
	run(GENERATOR_MAC, "00:1A:2B:00:00:00", UINT64_C(0xFFE5D4FFFFFF), 2, NULL, "generator_overflow");
	run(GENERATOR_MAC, "00:1A:2B:00:00:00", 0, 2, NULL, "generator_increment");
	run(GENERATOR_MAC, "00:1A:2B:00:00:00", 1, 0, NULL, "generator_size");
	run(GENERATOR_EUI64, "00:1A:2B:FF:FE:00:00:FF", 1, 2, "00:1A:2B:FF:FE:00:01:00", NULL);
	run(GENERATOR_DECIMAL, "0099", 1, 3, "0101", NULL);
	run(GENERATOR_DECIMAL, "9998", 1, 2, "9999", NULL);
	run(GENERATOR_DECIMAL, "9998", 1, 3, NULL, "generator_overflow");
	run(GENERATOR_DECIMAL, "9999999999999999999", 1, 2, NULL, "generator_overflow");
	in.generators = GENERATOR_NONE;
	CHECK(!generator_start(&in, GENERATOR_MAC, "00:1A:2B:00:00:00", 1, 2, NULL, 0, &g, &e) &&
	    strcmp(e.code, "generator_kind") == 0, "an input without generators");
}

static void
patterns(void)
{
	static const struct { const char *pattern, *yes, *no;
	} good[] = {
		{ "[A-Z]{2}", "US", "USA" },
		{ "a|b", "b", "ab" },
		{ "(ab)+c?", "ababc", "abac" },
		{ "a\\.b", "a.b", "axb" },
		{ "[^a-c]x", "dx", "ax" },
		{ "[\\]\\-a]+", "a-]", "b" },
		{ "[\\^\\-]", "^", "a" },
		{ "[\\^]", "^", "x" },
		{ "[.]", ".", "a" },
		{ ".{3}", "a:b", "ab" },
		{ "[\\[\\.]+", "[.", "a" },
		{ "[a\\^]", "^", "b" },
		{ "x{2,}", "xxx", "x" },
		{ "x{0,2}", "", "xxx" },
		{ "[A-Za-z0-9 .,'+=:?\\-\\/\\(\\)]+", "A-b/(c)", "a@b" },
	};
	static const char *const bad[] = { "", "^a$", "a**", "a*?", "(?:a)", "(a", "a)", "[a", "[]", "a{",
		"a{2,1}", "a{999}", "\\d", "\\", "*a", "a]", "a}", "[[:alpha:]]", "[z-a]", "[\xc3\xa9]",
		"((((a{99}){99}){99}){99})" };

	for (size_t i = 0; i < COUNT(good); i++) {
		OWN(pattern_free) struct pattern *p = NULL;
		char why[128];

		if (CHECK(pattern_new(good[i].pattern, &p, why), "%s: %s", good[i].pattern, why)) {
			CHECK(pattern_match(p, good[i].yes), "%s takes %s", good[i].pattern, good[i].yes);
			CHECK(!pattern_match(p, good[i].no), "%s refuses %s", good[i].pattern, good[i].no);
		}
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		OWN(pattern_free) struct pattern *p = NULL;
		char why[128];

		CHECK(!pattern_new(bad[i], &p, why), "%s is taken", bad[i]);
	}
}

int
main(void)
{
	addresses();
	others();
	blocks();
	generators();
	patterns();
	return check_done();
}
