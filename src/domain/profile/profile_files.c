#include "domain/profile/profile_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#define CHAIN_MAX 8

struct chain {
	const struct app	*app;
	const struct actor	*who;
	int64_t			 id;
	struct arena		*arena;
	const struct ca		*list[CHAIN_MAX];
	size_t			 n;
};

static bool
chain_tx(struct db *db, void *arg, struct err *e)
{
	struct chain *q = arg;
	struct profile_ref ref;

	return profile_find_in(q->app, db, q->who, q->id, q->arena, &ref, e) &&
	    profile_chain(q->app, db, ref.row.ca_id, q->list, CHAIN_MAX, &q->n, e);
}

static la_ssize_t
collect(struct archive *z, void *arg, const void *data, size_t len)
{
	(void)z;
	str_add(arg, data, len);
	return (la_ssize_t)len;
}

static bool
entry_add(struct archive *z, const char *name, const void *data, size_t len, int64_t at)
{
	struct archive_entry *entry = archive_entry_new();
	bool ok;

	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, (la_int64_t)len);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, (time_t)at, 0);
	ok = archive_write_header(z, entry) == ARCHIVE_OK && archive_write_data(z, data, len) == (la_ssize_t)len;
	archive_entry_free(entry);
	return ok;
}

/* A label as a file name: letters, digits, dot and hyphen stay, all else becomes "_". */
static const char *
file_name(struct arena *a, const struct ca *ca, size_t place, const char *suffix)
{
	char *name = arena_printf(a, "%zu-%s-%.8s%s", place, ca->label, ca->ski, suffix);

	for (char *p = name; p != NULL && *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    *p == '.' || *p == '-'))
			*p = '_';
	return name;
}

static bool
chain_write(struct archive *z, const struct chain *q)
{
	OWN_STR struct str all = { 0 };

	for (size_t i = 0; i < q->n; i++) {
		const struct ca *ca = q->list[i];
		OWN_STR struct str pem = { 0 };

		pem_encode("CERTIFICATE", ca->der, ca->der_len, &pem);
		str_add(&all, pem.p, pem.len);
		if (!entry_add(z, file_name(q->arena, ca, q->n - i, ".pem"), pem.p, pem.len, ca->created_at) ||
		    !entry_add(z, file_name(q->arena, ca, q->n - i, ".der"), ca->der, ca->der_len, ca->created_at))
			return false;
	}
	return entry_add(z, "chain.pem", all.p, all.len, q->list[0]->created_at);
}

bool
profile_chain_zip(const struct app *app, const struct actor *who, int64_t profile_id, struct arena *a,
    struct str *out, struct err *e)
{
	struct chain q = { .app = app, .who = who, .id = profile_id, .arena = a };
	struct archive *z;
	bool ok;

	if (!app_tx(app, DB_READ, chain_tx, &q, e))
		return false;
	z = archive_write_new();
	ok = z != NULL && archive_write_set_format_zip(z) == ARCHIVE_OK &&
	    archive_write_set_bytes_in_last_block(z, 1) == ARCHIVE_OK &&
	    archive_write_open(z, out, NULL, collect, NULL) == ARCHIVE_OK && chain_write(z, &q) &&
	    archive_write_close(z) == ARCHIVE_OK;
	archive_write_free(z);
	return ok || err_sys(e, "chain of profile %lld", (long long)profile_id);
}

void
profile_csv_template(const struct profile *p, struct str *out)
{
	size_t n;
	const struct profile_input *inputs = profile_inputs(p, &n);
	const char *comma = "";

	for (int required = 1; required >= 0; required--)
		for (size_t i = 0; i < n; i++) {
			if (!(inputs[i].sources & SOURCE_CSV) || inputs[i].required != (required == 1))
				continue;
			str_addf(out, "%s%s", comma, inputs[i].name);
			comma = ",";
		}
	str_adds(out, "\r\n");
}
