/* Decoding by tables, list queries, and what goes out again. */
#include "check.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "http/http.h"
#include "http/json.h"
#include "http/list.h"

struct generator {
	const char	*input;
	int64_t		 increment;
};
struct login {
	struct secret	*password;
};
struct order {
	int64_t			 profile_id;
	int			 size;
	const char		*name, *note;
	bool			 urgent;
	struct secret		*password;
	struct text_map		 inputs;
	struct generator	*generator;
	struct text_list	 serials;
	struct int_list		 numbers;
	struct login		*logins;
	size_t			 logins_n;
	int			 reason;
	int64_t			 from_s, to_s;
	json_t			*document;
};

static const char *const reasons[] = { "unspecified", "key_compromise", NULL };
static const struct field generator_fields[] = {
	TEXT(struct generator, input, 1, 50),
	INT (struct generator, increment, 1, 1000),
};
static const struct field login_fields[] = {
	SECRET(struct login, password, 1, 10),
};
static const struct field fields[] = {
	INT        (struct order, profile_id, 1, INT32_MAX),
	INT        (struct order, size, 1, 1000000, OPTIONAL),
	NAME       (struct order, name, 5),
	TEXT       (struct order, note, 0, 10, OPTIONAL, AS("remark")),
	BOOL       (struct order, urgent, OPTIONAL),
	SECRET     (struct order, password, 8, 100, OPTIONAL),
	TEXT_MAP   (struct order, inputs, 3, 20, OPTIONAL),
	OBJECT     (struct order, generator, struct generator, generator_fields, OPTIONAL),
	TEXT_LIST  (struct order, serials, 1, 3, 32, OPTIONAL),
	INT_LIST   (struct order, numbers, 0, 3, OPTIONAL),
	OBJECT_LIST(struct order, logins, logins_n, struct login, login_fields, 0, 2, OPTIONAL),
	ENUM       (struct order, reason, reasons, OPTIONAL),
	TIME       (struct order, from_s, OPTIONAL),
	TIME_END   (struct order, to_s, OPTIONAL),
	JSON       (struct order, document, OPTIONAL),
};

static struct arena *arena;
static struct faults faults;
static struct err err;

static bool
decode(const char *text, struct order *out)
{
	*out = (struct order){ .size = 7 };
	faults = (struct faults){ .arena = arena };
	err_clear(&err);
	return json_decode_text(text, strlen(text), fields, COUNT(fields), arena, out, &err, &faults);
}

static void
test_good(void)
{
	struct order o;
	bool ok = decode("{\"profile_id\":3,\"size\":1000000,\"name\":\"\xc3\xa4\xc3\xb6\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\","
	    "\"remark\":\"\",\"urgent\":true,\"password\":\"12345678\",\"inputs\":{\"mac_address\":\"00:1A\",\"n\":5,\"b\":false},"
	    "\"generator\":{\"input\":\"mac_address\",\"increment\":2},\"serials\":[\"A\",\"B\"],\"numbers\":[1,-2],"
	    "\"logins\":[{\"password\":\"a\"},{\"password\":\"b\"}],\"reason\":\"key_compromise\",\"from_s\":\"2026-01-01\","
	    "\"to_s\":\"2026-01-01\",\"document\":{\"x\":[1]}}", &o);

	if (!CHECK(ok, "%s", err.msg))
		return;
	CHECK(o.profile_id == 3 && o.size == 1000000 && o.urgent && strcmp(o.note, "") == 0, "scalars");
	CHECK(strlen(o.name) == 13, "five characters, more octets");
	CHECK(o.password->len == 8 && memcmp(o.password->p, "12345678", 8) == 0, "secret");
	CHECK(o.inputs.n == 3 && strcmp(o.inputs.v[1].name, "n") == 0 && strcmp(o.inputs.v[1].value, "5") == 0 &&
	    strcmp(o.inputs.v[2].value, "false") == 0, "map in order, numbers as text");
	CHECK(o.generator != NULL && o.generator->increment == 2, "object");
	CHECK(o.serials.n == 2 && strcmp(o.serials.v[1], "B") == 0 && o.numbers.n == 2 && o.numbers.v[1] == -2, "lists");
	CHECK(o.logins_n == 2 && o.logins[1].password->p[0] == 'b', "objects");
	CHECK(o.reason == 1, "enum");
	CHECK(o.to_s - o.from_s == 86399, "a date as an end is its last second");
	CHECK(json_is_object(o.document), "document");
	secret_free(o.password);
	secret_free(o.logins[0].password);
	secret_free(o.logins[1].password);
	json_decref(o.document);
	CHECK(decode("{\"profile_id\":3,\"name\":\"a\",\"generator\":null}", &o) && o.size == 7 && o.generator == NULL &&
	    o.password == NULL, "defaults stay");
}

static bool
faulty(const char *field, const char *part)
{
	for (size_t i = 0; i < faults.n; i++)
		if (strcmp(faults.list[i].field, field) == 0 && strstr(faults.list[i].message, part) != NULL)
			return true;
	return false;
}

static void
test_wrong(void)
{
	static const struct { const char *member, *field, *part; } cases[] = {
		{ "\"profile_id\":0",				"profile_id",		"at least 1" },
		{ "\"profile_id\":2147483648",			"profile_id",		"at most" },
		{ "\"profile_id\":1.0",				"profile_id",		"not a fraction" },
		{ "\"profile_id\":\"1\"",			"profile_id",		"must be an integer" },
		{ "\"profile_id\":null",			"profile_id",		"not null" },
		{ "\"name\":\"\"",				"name",			"empty" },
		{ "\"name\":\"abcdef\"",			"name",			"1 to 5" },
		{ "\"name\":\"a\\u202eb\"",			"name",			"direction" },
		{ "\"name\":\"a\\nb\"",				"name",			"control" },
		{ "\"urgent\":1",				"urgent",		"true or false" },
		{ "\"password\":\"short\"",			"password",		"8 to 100" },
		{ "\"inputs\":{\"a\":[]}",			"inputs.a",		"text" },
		{ "\"inputs\":{\"a\":1.5}",			"inputs.a",		"text" },
		{ "\"inputs\":{\"a\":1,\"b\":2,\"c\":3,\"d\":4}", "inputs",		"0 to 3" },
		{ "\"inputs\":{\"a\":\"123456789012345678901\"}", "inputs.a",		"0 to 20" },
		{ "\"generator\":{\"input\":\"x\"}",		"generator.increment",	"is missing" },
		{ "\"generator\":{\"input\":\"x\",\"increment\":0}", "generator.increment", "at least 1" },
		{ "\"generator\":{\"input\":\"x\",\"increment\":1,\"more\":1}", "generator.more", "known" },
		{ "\"serials\":[]",				"serials",		"empty" },
		{ "\"serials\":[\"a\",5]",			"serials[1]",		"text" },
		{ "\"numbers\":[1,true]",			"numbers[1]",		"integer" },
		{ "\"logins\":[{\"password\":\"a\"},{}]",	"logins[1].password",	"is missing" },
		{ "\"logins\":[{\"password\":\"a\"},3]",	"logins[1]",		"object" },
		{ "\"reason\":\"because\"",			"reason",		"allowed" },
		{ "\"from_s\":\"yesterday\"",			"from_s",		"date" },
		{ "\"document\":[]",				"document",		"object" },
		{ "\"note\":\"x\"",				"note",			"known" },	/* its name is another */
		{ "\"Size\":1",					"Size",			"known" },
	};
	struct order o;

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		bool own_id = strstr(cases[i].member, "profile_id") != NULL, own_name = strstr(cases[i].member, "\"name\"") != NULL;

		(void)snprintf(text, sizeof(text), "{%s%s%s,\"password\":\"12345678\"}", own_id ? "" : "\"profile_id\":1,",
		    own_name ? "" : "\"name\":\"a\",", cases[i].member);
		if (strstr(cases[i].member, "password\":\"short") != NULL)
			(void)snprintf(text, sizeof(text), "{\"profile_id\":1,\"name\":\"a\",%s}", cases[i].member);
		CHECK(!decode(text, &o), "%s", text);
		CHECK(err.kind == ERR_INVALID && faults.n == 1, "%s: %zu faults, %s", text, faults.n, err.msg);
		CHECK(faulty(cases[i].field, cases[i].part), "%s: %s: %s", text, faults.n > 0 ? faults.list[0].field : "",
		    faults.n > 0 ? faults.list[0].message : "");
		CHECK(o.password == NULL && o.document == NULL, "%s: nothing is left to free", text);
	}
	CHECK(!decode("{\"profile_id\":\"x\",\"size\":0,\"extra\":1}", &o) && faults.n == 4, "all at once: %zu", faults.n);
	CHECK(strstr(err.msg, "4 fields") != NULL, "%s", err.msg);
}

static void
test_malformed(void)
{
	static const char *const texts[] = { "", "[]", "null", "{", "{\"a\":1,\"a\":2}", "{\"a\":1}x", "{\"a\":NaN}", "{'a':1}",
		"{\"a\":\"\\ud800\"}", "{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}", "\xef\xbb\xbf{}", "{\"a\":01}", "{\"a\":1,}" };
	struct order o;
	char deep[300];

	for (size_t i = 0; i < COUNT(texts); i++)
		CHECK(!decode(texts[i], &o) && err.kind == ERR_MALFORMED, "%s: %s", texts[i], err_kind_name(err.kind));
	CHECK(!decode("{\"password\":\"hunter2\"", &o) && strstr(err.msg, "hunter2") == NULL, "no secret in a message: %s", err.msg);
	CHECK(!decode("{\"password\":\"hunter2\",\"password\":\"hunter2\"}", &o) && strstr(err.msg, "hunter2") == NULL, "%s", err.msg);
	memset(deep, '[', 200);
	memset(deep + 200, ']', 99);
	deep[299] = '\0';
	CHECK(!decode(deep, &o) && err.kind == ERR_MALFORMED && strstr(err.msg, "deeper") != NULL, "%s", err.msg);
	CHECK(!json_decode(NULL, fields, COUNT(fields), arena, &o, &err, &faults) && err.kind == ERR_MALFORMED, "no body");
}

struct filter {
	const char	*name;
	int		 status;
	int64_t		 profile_id, from_s, to_s;
};
static const char *const statuses[] = { "ready", "downloaded", NULL };
static const struct field filters[] = {
	TEXT    (struct filter, name, 1, 20),
	ENUM    (struct filter, status, statuses),
	INT     (struct filter, profile_id, 1, INT32_MAX),
	TIME    (struct filter, from_s, AS("from")),
	TIME_END(struct filter, to_s, AS("to")),
};
static const char *const sorts[] = { "-created_at", "name", NULL };
static const struct list_spec spec = { sorts, filters, COUNT(filters) };

static bool
list(const char *name, const char *value, const char *name2, const char *value2, struct list *l, struct filter *f)
{
	const struct http_pair v[] = { { name, value }, { name2, value2 } };
	const struct http_req q = { .query = { v, name == NULL ? 0 : name2 == NULL ? 1 : 2 }, .arena = arena };

	faults = (struct faults){ .arena = arena };
	err_clear(&err);
	*f = (struct filter){ .status = -1 };
	return list_decode(&q, &spec, l, f, &faults, &err);
}

static void
test_list(void)
{
	static const struct { const char *name, *value; } wrong[] = {
		{ "limit", "0" }, { "limit", "1001" }, { "limit", "x" }, { "limit", "-1" }, { "limit", "" },
		{ "sort", "size" }, { "sort", "--name" }, { "sort", "" }, { "cursor", "abc" }, { "cursor", "!" }, { "cursor", "" },
		{ "status", "gone" }, { "from", "tomorrow" }, { "profile_id", "0" }, { "unknown", "1" }, { "from_s", "2026-01-01" },
		{ "name", "123456789012345678901" },
	};
	struct list l, next;
	struct filter f;
	char *cursor;

	CHECK(list(NULL, NULL, NULL, NULL, &l, &f), "%s", err.msg);
	CHECK(l.limit == 50 && l.sort == 0 && l.descending && strcmp(l.sort_key, "created_at") == 0 && l.after_key == NULL,
	    "defaults");
	CHECK(list("limit", "1000", "sort", "name", &l, &f) && l.limit == 1000 && l.sort == 1 && !l.descending, "given");
	CHECK(list("status", "downloaded", "to", "2026-01-31", &l, &f) && f.status == 1 && f.to_s % 86400 == 86399, "filters");
	CHECK(list("status", "", NULL, NULL, &l, &f) && f.status == -1, "an empty filter is none");
	for (size_t i = 0; i < COUNT(wrong); i++) {
		bool empty_filter = wrong[i].value[0] == '\0' && strcmp(wrong[i].name, "status") == 0;

		CHECK(empty_filter || (!list(wrong[i].name, wrong[i].value, NULL, NULL, &l, &f) && err.kind == ERR_INVALID &&
		    faults.n == 1 && strcmp(faults.list[0].field, wrong[i].name) == 0), "%s=%s: %s", wrong[i].name, wrong[i].value,
		    err.msg);
	}
	CHECK(list("sort", "-name", NULL, NULL, &l, &f), "%s", err.msg);
	cursor = list_cursor(arena, &l, "B\xc3\xa4tch 7", "42");
	CHECK(list("sort", "-name", "cursor", cursor, &next, &f), "%s", err.msg);
	CHECK(strcmp(next.after_key, "B\xc3\xa4tch 7") == 0 && strcmp(next.after_id, "42") == 0, "round trip");
	CHECK(!list("sort", "name", "cursor", cursor, &next, &f), "of another direction");
	CHECK(!list("cursor", cursor, NULL, NULL, &next, &f), "of another key");
}

static void
test_encode(void)
{
	const char *const texts[] = { "a", NULL };
	json_t *v = json_pack("{s:o,s:o,s:o,s:o,s:o}", "a", json_text("x\xffy"), "b", json_time_or_null(0), "c", json_time(0), "d",
	    json_texts(texts, 2), "e", json_list(json_array(), NULL, -1));
	char *text = json_dumps(v, JSON_COMPACT);

	CHECK(strcmp(text, "{\"a\":\"x\xef\xbf\xbdy\",\"b\":null,\"c\":\"1970-01-01T00:00:00Z\",\"d\":[\"a\",null],"
	    "\"e\":{\"items\":[],\"next_cursor\":null}}") == 0, "%s", text);
	free(text);
	json_decref(v);
}

int
main(void)
{
	secret_init();
	json_init();
	arena = arena_new((size_t)1 << 20);
	test_good();
	test_wrong();
	test_malformed();
	test_list();
	test_encode();
	arena_free(arena);
	return check_done();
}
