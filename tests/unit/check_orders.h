/*
 * check_orders - a store with two organizations, a profile that takes MAC addresses, and a worker that
 * makes certificates of nonsense: all that orders and batches need of the world.
 */
#ifndef TESTS_CHECK_ORDERS_H
#define TESTS_CHECK_ORDERS_H

#include <fcntl.h>
#include <inttypes.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "check_db.h"
#include "domain/batch/batch.h"
#include "domain/profile/catalog.h"
#include "domain/order/order.h"
#include "domain/account/organization.h"
#include "domain/profile/profile.h"
#include "domain/quota/quota.h"
#include "domain/issue/work.h"
#include "make_cert.h"
#include "x509/seal.h"

#define HOST "host-1"
#define PROFILE_ID 802

struct orders_world {
	struct app		 app;
	struct arena		*arena;
	struct actor		 operator, ann, bea, carl;	/* two orderers of Acme; carl of Other */
	struct organization	 acme, other;
	struct secret		*password;
	struct made_cert	 ca;
};

static const char orders_profile[] =
    "{\"$schema\":\"../profile.schema.json\",\"id\":802,\"version\":1,\"name\":\"Trial\",\"ecosystem\":\"trial\","
    "\"ca\":\"trial-ca\",\"methods\":[\"form\",\"single\",\"csr\",\"csv\"],"
    "\"keys\":{\"server\":[{\"algorithm\":\"EC\",\"curve\":\"P-256\"}],\"csr\":[{\"algorithm\":\"EC\",\"curve\":\"P-256\"}]},"
    "\"signature\":\"ecdsa-with-SHA256\","
    "\"subject\":[{\"type\":\"O\",\"from\":\"organization\",\"name\":\"organization_name\"},"
    "{\"type\":\"CN\",\"from\":\"input\",\"name\":\"mac_address\"}],"
    "\"validity\":{\"days\":365,\"backdate_seconds\":300,\"nest_in_issuer\":true},"
    "\"extensions\":[{\"type\":\"keyUsage\",\"critical\":true,\"usages\":[\"digitalSignature\"]},"
    "{\"type\":\"authorityKeyIdentifier\"}],"
    "\"inputs\":[{\"name\":\"mac_address\",\"title\":\"MAC address\",\"type\":\"mac_address\",\"required\":true,"
    "\"generators\":[\"none\",\"mac\"],\"sources\":[\"form\",\"csv\",\"csr\"]}],"
    "\"unique\":[\"mac_address\"],\"mac_prefixes\":true,"
    "\"download\":{\"formats\":[\"p12\",\"factory_flat\",\"factory_folder\"],\"p12_mode\":\"modern\",\"p12_iterations\":2048,\"p12_salt\":\"batch\","
    "\"password_min_length\":8,\"days_to_live\":90},"
    "\"revocation\":{\"reasons\":[\"unspecified\",\"key_compromise\",\"superseded\"],\"hold\":false}}";

#define MUST(x) do { struct err must_e = { 0 }; struct err *me = &must_e; \
	CHECK((x), "%s: %s %s", check_on, must_e.msg, must_e.trail); } while (0)

__attribute__((unused))
static struct actor
orders_actor(const char *name, int64_t id, enum role role, int64_t organization_id)
{
	struct actor who = { .user_id = id, .organization_id = organization_id, .role = role,
	    .rights = role_rights(role), .address = "192.0.2.1", .request_id = "r" };

	(void)snprintf(who.username, sizeof(who.username), "%s", name);
	return who;
}

__attribute__((unused))
static struct organization
orders_organization(struct orders_world *w, const char *name)
{
	static const char *prefixes[] = { "00:1A:2B", "00:1D:D1" };
	struct organization_change c = { .name = name, .mac_prefixes = prefixes, .mac_prefixes_n = 2,
	    .set_mac_prefixes = true, .parameters = json_pack("{s:s}", "organization_name", name) };
	struct faults f = { .arena = w->arena };
	struct organization o = { 0 };

	MUST(organization_create(&w->app, &w->operator, &c, w->arena, &o, &f, me));
	json_decref(c.parameters);
	return o;
}

/* A key of this host to seal passwords to. */
__attribute__((unused))
static void
orders_worker_key(struct orders_world *w, const char *host)
{
	OWN(secret_free) struct secret *key = NULL;
	OWN_STR struct str cert = { 0 };
	char id[65];

	MUST(seal_host_make(host, clock_now_s() + 86400, &key, &cert, me));
	sha256_hex(cert.p, cert.len, id);
	MUST(work_key_add(&w->app, arena_strdup(w->arena, id), host, (const uint8_t *)cert.p, cert.len, me));
}

__attribute__((unused))
static void
orders_world_make(struct orders_world *w, const char *uri, int64_t allocated)
{
	struct catalog_version version;
	struct faults f = { 0 };
	struct quota q;
	struct db *db;

	memset(w, 0, sizeof(*w));
	w->arena = arena_new((size_t)256 * 1024 * 1024);
	f.arena = w->arena;
	w->app = (struct app){ .profiles = profile_cache_new(), .public_url = "http://localhost:8080",
	    .csv_rows_max = 1000000, .upload_max = (int64_t)256 << 20, .slice_size = 250 };
	MUST(db_pool_new(uri, &w->app.store, me));
	MUST(db_pool_get(w->app.store, DB_WRITE, &db, me));
	MUST(db_migrate(db, db_migrations, db_migrations_n, me));
	w->operator = orders_actor("root", 1, ROLE_OPERATOR, 0);
	w->acme = orders_organization(w, "Acme");
	w->other = orders_organization(w, "Other");
	w->ann = orders_actor("ann", 11, ROLE_ORGANIZATION_ADMIN, w->acme.id);
	w->bea = orders_actor("bea", 12, ROLE_ORGANIZATION_ADMIN, w->acme.id);
	w->carl = orders_actor("carl", 13, ROLE_ORGANIZATION_ADMIN, w->other.id);
	w->ca = make_ca("Trial CA", NULL);
	MUST(catalog_ecosystem(&w->app, &w->operator, &(struct ecosystem){ "trial", "Trial", 1 }, &f, me));
	MUST(catalog_ca(&w->app, &w->operator, "trial-ca", "Trial CA", "root", w->ca.der.p, w->ca.der.len, me));
	MUST(catalog_profile(&w->app, &w->operator, orders_profile, strlen(orders_profile), w->arena, &version, &f, me));
	for (size_t i = 0; i < f.n; i++)
		CHECK(false, "%s: %s", f.list[i].field, f.list[i].message);
	MUST(catalog_activate(&w->app, &w->operator, PROFILE_ID, 1, me));
	MUST(grant_put(&w->app, &w->operator, w->acme.id, PROFILE_ID, me));
	MUST(grant_put(&w->app, &w->operator, w->other.id, PROFILE_ID, me));
	MUST(quota_top_up(&w->app, &w->operator, w->acme.id, PROFILE_ID, allocated, "test", &q, me));
	MUST(quota_top_up(&w->app, &w->operator, w->other.id, PROFILE_ID, allocated, "test", &q, me));
	orders_worker_key(w, HOST);
	w->password = secret_from("correct horse", 13);
}

__attribute__((unused))
static void
orders_world_free(struct orders_world *w)
{
	secret_free(w->password);
	made_cert_clear(&w->ca);
	profile_cache_free(w->app.profiles);
	db_pool_free(w->app.store);
	arena_free(w->arena);
}

/* A file as uploads are: without a name. */
__attribute__((unused))
static int
orders_file(const void *p, size_t n)
{
	int fd = memfd_create("upload", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		exit(1);
	return fd;
}

__attribute__((unused))
static struct order
orders_csv(struct orders_world *w, const char *name, const char *text)
{
	return (struct order){ .method = "csv", .profile_id = PROFILE_ID, .name = name, .password = w->password,
	    .fd = orders_file(text, strlen(text)), .file_size = strlen(text) };
}

__attribute__((unused))
static struct order
orders_form(struct orders_world *w, const char *name, const char *mac, int64_t size)
{
	struct order_input *in = ARENA_NEW(w->arena, struct order_input);

	*in = (struct order_input){ "mac_address", mac };
	return (struct order){ .method = "form", .profile_id = PROFILE_ID, .name = name, .size = size,
	    .password = w->password, .inputs = in, .inputs_n = 1, .generator_input = size > 1 ? "mac_address" : NULL,
	    .increment = 1, .fd = -1 };
}

__attribute__((unused))
static bool
orders_place(struct orders_world *w, const struct actor *who, const struct order *o, struct batch *b, struct faults *f,
    struct err *e)
{
	bool replayed;

	*f = (struct faults){ .arena = w->arena };
	*e = (struct err){ 0 };
	return order_place(&w->app, who, o, w->arena, b, &replayed, f, e);
}

/* Places an order that must be taken. */
__attribute__((unused))
static struct batch
orders_placed(struct orders_world *w, const struct actor *who, const struct order *o)
{
	struct batch b = { 0 };
	struct faults f = { 0 };
	struct err e;
	bool ok = orders_place(w, who, o, &b, &f, &e);

	CHECK(ok, "%s: %s %s %s", check_on, e.msg, e.trail, f.n > 0 ? f.list[0].message : "");
	return b;
}

/* Results of a slice; item `fail` (by index; -1: none) fails. */
__attribute__((unused))
static struct work_result *
orders_results(struct orders_world *w, const struct work_slice *s, int64_t fail)
{
	struct work_result *r = arena_array(w->arena, (size_t)s->size, sizeof(*r));

	for (int64_t i = 0; i < s->size; i++) {
		size_t len = 900 + (size_t)(s->items[i].index % 97);
		uint8_t *octets = arena_alloc(w->arena, len);

		memset(octets, (int)('A' + s->items[i].index % 26), len);
		r[i] = (struct work_result){ .index = s->items[i].index, .ok = s->items[i].index != fail,
		    .der = octets, .der_len = 600, .file = s->sealed ? octets : NULL, .file_len = s->sealed ? len : 0,
		    .subject = "O=Acme, CN=00:1A:2B:00:00:00", .not_before = clock_now_s(),
		    .not_after = clock_now_s() + 86400, .code = "test", .message = "made to fail" };
		cert_serial_make(r[i].serial);
	}
	return r;
}

/* Does one slice; false: there was none. */
__attribute__((unused))
static bool
orders_work_one(struct orders_world *w, int64_t fail)
{
	struct work_slice s;
	struct err e = { 0 };
	bool found;

	if (!CHECK(work_lease(&w->app, "w1", HOST, 60, w->arena, &s, &found, &e), "%s: %s %s", check_on, e.msg, e.trail) ||
	    !found)
		return false;
	CHECK(work_items(&w->app, &s, w->arena, &e), "%s: %s %s", check_on, e.msg, e.trail);
	return CHECK(work_store(&w->app, &s, orders_results(w, &s, fail), (size_t)s.size, &e), "%s: %s %s", check_on,
	    e.msg, e.trail);
}

__attribute__((unused))
static void
orders_work_all(struct orders_world *w)
{
	while (orders_work_one(w, -1))
		;
}

__attribute__((unused))
static struct batch
orders_batch(struct orders_world *w, int64_t id)
{
	struct batch b = { 0 };

	MUST(batch_find(&w->app, &w->operator, id, w->arena, &b, me));
	return b;
}

__attribute__((unused))
static struct quota
orders_quota(struct orders_world *w, int64_t organization_id)
{
	struct quota q = { 0 };
	struct db *db;

	MUST(db_pool_get(w->app.store, DB_READ, &db, me));
	MUST(quota_get(db, organization_id, PROFILE_ID, &q, me));
	return q;
}

__attribute__((unused))
static int64_t
orders_count(struct orders_world *w, const char *sql)
{
	int64_t n = -1;
	struct db *db;
	bool found;

	MUST(db_pool_get(w->app.store, DB_READ, &db, me));
	MUST(db_get_int(db, sql, NO_ARGS, &n, &found, me));
	return n;
}

#endif
