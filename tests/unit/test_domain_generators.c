/* Generators other than MAC, from an order to its last device; the ends of blocks and of numbers by name. */
#include "check_orders.h"

#define COUNTED_ID 804

static void
counted_profile(struct orders_world *w)
{
	static const char inputs[] = "\"inputs\":["
	    "{\"name\":\"eui64\",\"title\":\"EUI-64\",\"type\":\"eui64\",\"required\":true,"
	    "\"generators\":[\"none\",\"eui64\"],\"sources\":[\"form\",\"csv\"]},"
	    "{\"name\":\"serial\",\"title\":\"Serial\",\"type\":\"decimal\",\"required\":true,\"min_length\":1,\"max_length\":6,"
	    "\"pattern\":\"[0-57-9][0-9]*\",\"message\":\"must not begin with 6\","
	    "\"generators\":[\"none\",\"decimal\"],\"sources\":[\"form\",\"csv\"]}],"
	    "\"unique\":[\"eui64\"],\"mac_prefixes\":true,\"download\"";
	static const char subject[] = "{\"type\":\"CN\",\"from\":\"template\",\"template\":\"{eui64} {serial}\"}],\"validity\"";
	OWN_STR struct str doc = { 0 };
	struct catalog_version version;
	struct faults f = { .arena = w->arena };
	const char *id = strstr(orders_profile, "\"id\":802"), *name = strstr(orders_profile, "\"Trial\""), *cn = strstr(orders_profile, "{\"type\":\"CN\"");
	const char *validity = strstr(orders_profile, "\"validity\""), *in = strstr(orders_profile, "\"inputs\"");
	const char *rest = strstr(orders_profile, "\"download\"");
	struct err e = { 0 };
	struct quota q;

	str_add(&doc, orders_profile, (size_t)(id - orders_profile));
	str_adds(&doc, "\"id\":804");
	str_add(&doc, id + 8, (size_t)(name - id - 8));
	str_adds(&doc, "\"Counted\"");
	str_add(&doc, name + 7, (size_t)(cn - name - 7));
	str_adds(&doc, subject);
	str_add(&doc, validity + 10, (size_t)(in - validity - 10));
	str_adds(&doc, inputs);
	str_adds(&doc, rest + 10);
	CHECK(catalog_profile(&w->app, &w->operator, doc.p, doc.len, w->arena, &version, &f, &e), "%s: %s %s %s", check_on,
	    e.msg, f.n > 0 ? f.list[0].field : "", f.n > 0 ? f.list[0].message : "");
	MUST(catalog_activate(&w->app, &w->operator, COUNTED_ID, 1, me));
	MUST(grant_put(&w->app, &w->operator, w->acme.id, COUNTED_ID, me));
	MUST(quota_top_up(&w->app, &w->operator, w->acme.id, COUNTED_ID, 100, "test", &q, me));
}

static struct order
counted(struct orders_world *w, const char *eui64, const char *serial, const char *by, uint64_t increment, int64_t size)
{
	struct order_input *in = arena_array(w->arena, 2, sizeof(*in));

	in[0] = (struct order_input){ "eui64", eui64 };
	in[1] = (struct order_input){ "serial", serial };
	return (struct order){ .method = "form", .profile_id = COUNTED_ID, .name = "counted", .size = size,
	    .password = w->password, .inputs = in, .inputs_n = 2, .generator_input = by, .increment = increment, .fd = -1 };
}

static void
last_is(struct orders_world *w, const struct order *o, const char *subject)
{
	struct faults errors = { .arena = w->arena }, warnings = { .arena = w->arena };
	struct order_preview p;

	MUST(order_preview(&w->app, &w->ann, o, w->arena, &p, &errors, &warnings, me));
	CHECK(errors.total == 0 && p.samples > 0 && strstr(p.sample[p.samples - 1].subject, subject) != NULL,
	    "%s: the last is %s, not %s: %s", check_on, p.samples > 0 ? p.sample[p.samples - 1].subject : "none", subject,
	    errors.n > 0 ? errors.list[0].message : "");
	order_preview_clear(&p);
}

static void
refused(struct orders_world *w, const struct order *o, const char *field, const char *says)
{
	struct faults f = { 0 };
	struct batch b;
	struct err e = { 0 };

	bool said = false, taken = orders_place(w, &w->ann, o, &b, &f, &e);

	for (size_t i = 0; i < f.n; i++)
		said = said || (strcmp(f.list[i].field, field) == 0 && strstr(f.list[i].message, says) != NULL);
	CHECK(!taken && said, "%s: not \"%s\" at %s, but %s: %s", check_on, says, field, f.n > 0 ? f.list[0].field : "",
	    f.n > 0 ? f.list[0].message : e.msg);
}

/* Nothing of a refused order is there afterwards. */
static int64_t
all_rows(struct orders_world *w)
{
	return orders_count(w, "SELECT (SELECT count(*) FROM batch) + (SELECT count(*) FROM item) + "
	    "(SELECT count(*) FROM device_name) + (SELECT count(*) FROM slice)");
}

static void
eui64(struct orders_world *w)
{
	struct order o = counted(w, "00:1A:2B:00:00:00:00:FE", "7", "eui64", 2, 12);
	int64_t rows;

	last_is(w, &o, "CN=00:1A:2B:00:00:00:01:14 7");
	(void)orders_placed(w, &w->ann, &o);
	orders_work_all(w);
	CHECK(orders_count(w, "SELECT count(*) FROM certificate") == 12, "%s: made", check_on);
	CHECK(orders_count(w, "SELECT count(*) FROM device_name WHERE value = '00:1A:2B:00:00:00:01:14'") == 1,
	    "%s: the last address is in the ledger", check_on);
	rows = all_rows(w);
	refused(w, &o, "eui64", "has a certificate of this profile already");
	/* The last address of the block, and one more. */
	o = counted(w, "00:1A:2B:FF:FF:FF:FF:FE", "7", "eui64", 1, 2);
	last_is(w, &o, "CN=00:1A:2B:FF:FF:FF:FF:FF 7");
	o.size = 3;
	refused(w, &o, "eui64", "leave the block");
	o = counted(w, "00:1A:2B:00:00:00:01:00", "7", "eui64", INT64_MAX, 3);
	refused(w, &o, "eui64", "pass the end");
	o = counted(w, "00:25:00:00:00:00:01:00", "7", "eui64", 1, 3);
	refused(w, &o, "eui64", "address blocks");
	o = counted(w, "00:1A:2B:00:01:00", "7", "eui64", 1, 3);
	refused(w, &o, "eui64", "6 octets");
	o = counted(w, "00:1A:2B:00:00:00:01:00", "7", "eui64", 0, 3);
	refused(w, &o, "generator.increment", "1 at least");
	CHECK(all_rows(w) == rows, "%s: refused orders left rows", check_on);
}

static void
decimal(struct orders_world *w)
{
	int64_t rows = all_rows(w);
	struct order o;

	/* One EUI-64 for all can't be: it is unique.  The number alone counts where one device is made. */
	o = counted(w, "00:1A:2B:01:00:00:00:00", "000998", "serial", 5, 1);
	last_is(w, &o, " 000998");
	o = counted(w, "00:1A:2B:01:00:00:00:00", "000998", "serial", 5, 2);
	refused(w, &o, "eui64", "the same as");
	o = counted(w, "00:1A:2B:01:00:00:00:00", "999998", "serial", 1, 5);
	refused(w, &o, "serial", "more than its 6 digits");
	o = counted(w, "00:1A:2B:01:00:00:00:00", "1E5", "serial", 1, 5);
	refused(w, &o, "serial", "scientific");
	/* The profile's pattern holds for each number, not for the first alone. */
	o = counted(w, "00:1A:2B:01:00:00:00:00", "598", "serial", 1, 4);
	refused(w, &o, "serial", "must not begin with 6");
	CHECK(all_rows(w) == rows, "%s: refused orders left rows", check_on);
}

static void
all(enum db_engine engine, const char *uri)
{
	struct orders_world w;

	(void)engine;
	orders_world_make(&w, uri, 1000);
	counted_profile(&w);
	eui64(&w);
	decimal(&w);
	orders_world_free(&w);
}

int
main(void)
{
	secret_init();
	check_db_on_both(all);
	return check_done();
}
