/* What a slice brings to the download: directory, lines of the manifest, files. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/hash.h"
#include "domain/order/csv.h"
#include "domain/delivery/delivery.h"
#include "domain/delivery/delivery_run.h"
#include "domain/delivery/manifest.h"
#include "domain/delivery/zip.h"
#include "x509/cert.h"
#include "x509/profile/profile.h"

void
delivery_piece_clear(struct delivery_piece *p)
{
	str_free(&p->directory);
	str_free(&p->manifest);
	str_free(&p->body);
	str_free(&p->json);
	*p = (struct delivery_piece){ 0 };
}

int
manifest_name_input(const struct profile *doc)
{
	size_t n;
	const struct profile_input *in = profile_inputs(doc, &n);

	/* Only what can't occur twice in a batch makes a file name. */
	for (size_t i = 0; i < n; i++)
		if (in[i].unique && in[i].required &&
		    (in[i].type == INPUT_MAC_ADDRESS || in[i].type == INPUT_EUI64))
			return (int)i;
	return -1;
}

static void
file_stem(const struct profile *doc, int by, const json_t *inputs, int64_t index, int64_t batch_size,
    char out[PACKAGING_STEM_MAX + 1])
{
	size_t n;
	const struct profile_input *in = profile_inputs(doc, &n);
	const char *value = by < 0 ? NULL : json_string_value(json_object_get(inputs, in[by].name));
	int digits = snprintf(NULL, 0, "%" PRId64, batch_size - 1);

	if (value == NULL || strlen(value) > PACKAGING_STEM_MAX) {
		(void)snprintf(out, PACKAGING_STEM_MAX + 1, "%0*" PRId64, digits, index);
		return;
	}
	(void)snprintf(out, PACKAGING_STEM_MAX + 1, "%s", value);
	for (char *p = out; *p != '\0'; p++)
		if (*p == ':')
			*p = '-';
}

/* ---- manifest.csv ---- */

void
manifest_header(const struct profile *doc, enum packaging packaging, struct str *out)
{
	size_t n;
	const struct profile_input *in = profile_inputs(doc, &n);

	str_adds(out, "index,name,serial_number,subject");
	for (size_t i = 0; i < n; i++) {
		str_addc(out, ',');
		csv_cell(out, in[i].name);
	}
	str_adds(out, ",not_before,not_after,sha256,file");
	str_adds(out, packaging_files_each(packaging) > 1 ? ",other_files\r\n" : "\r\n");
}

struct line {			/* a device in hand */
	const struct delivery_form	*form;
	const struct work_slice		*s;
	const struct work_result	*r;
	json_t				*inputs;
	char				 stem[PACKAGING_STEM_MAX + 1];
	struct packaged_file		 files[PACKAGING_FILES_MAX];
	char				 sha[PACKAGING_FILES_MAX][2 * SHA256_LEN + 1];
	size_t				 n;
};

static void
manifest_line(const struct line *l, struct str *out)
{
	char hex[2 * WORK_SERIAL_LEN + 1], from[TIME_TEXT_LEN], to[TIME_TEXT_LEN];
	OWN_STR struct str name = { 0 };
	size_t n;
	const struct profile_input *in = profile_inputs(l->form->doc, &n);

	str_addf(&name, "%s-%" PRId64, l->s->batch_name, l->r->index);
	hex_upper(l->r->serial, sizeof(l->r->serial), hex);
	str_addf(out, "%" PRId64 ",", l->r->index);
	csv_cell(out, name.p);
	str_addf(out, ",%s,", hex);
	csv_cell(out, l->r->subject);
	for (size_t i = 0; i < n; i++) {
		const char *value = json_string_value(json_object_get(l->inputs, in[i].name));

		str_addc(out, ',');
		csv_cell(out, value == NULL ? "" : value);
	}
	time_text(l->r->not_before, from);
	time_text(l->r->not_after, to);
	str_addf(out, ",%s,%s,%s,", from, to, l->sha[0]);
	csv_cell(out, l->files[0].name);
	for (size_t i = 1; i < l->n; i++)
		str_addf(out, "%c%s", i == 1 ? ',' : ' ', l->files[i].name);
	str_adds(out, "\r\n");
}

/* The same for programs: nothing is escaped for spreadsheets, and each file has its hash. */
static bool
json_line(const struct line *l, struct str *out, struct err *e)
{
	char hex[2 * WORK_SERIAL_LEN + 1], from[TIME_TEXT_LEN], to[TIME_TEXT_LEN];
	json_t *files = json_array(), *o;
	char *text;

	for (size_t i = 0; i < l->n; i++) {
		json_t *f = json_pack("{s:s}", "name", l->files[i].name);

		if (l->files[i].sealed)
			json_object_set_new(f, "encrypted", json_true());
		else
			json_object_set_new(f, "sha256", json_string(l->sha[i]));
		json_array_append_new(files, f);
	}
	hex_upper(l->r->serial, sizeof(l->r->serial), hex);
	time_text(l->r->not_before, from);
	time_text(l->r->not_after, to);
	o = json_pack("{s:I, s:o, s:s, s:s, s:O, s:s, s:s, s:o}", "index", (json_int_t)l->r->index, "name",
	    json_sprintf("%s-%" PRId64, l->s->batch_name, l->r->index), "serial_number", hex, "subject", l->r->subject,
	    "inputs", l->inputs, "not_before", from, "not_after", to, "files", files);
	text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);
	json_decref(o);
	if (text == NULL)
		return err_sys(e, "manifest of item %" PRId64, l->r->index);
	str_adds(out, ",\n");
	str_adds(out, text);
	free(text);
	return true;
}

/* ---- a device ---- */

static void
entry_add(const struct line *l, const struct packaged_file *f, struct delivery_piece *p)
{
	struct zip_entry z = { .name = f->name, .name_len = strlen(f->name), .sealed = f->sealed };

	z.size = (uint32_t)(f->sealed ? f->len - ZIP_SEAL_OCTETS : f->len);
	z.crc32 = f->sealed ? 0 : (uint32_t)crc32(0, f->p, (uInt)f->len);
	zip_local(&p->body, &z, l->s->batch_created_at);
	str_add(&p->body, f->p, f->len);
	pack_u32(&p->directory, (uint32_t)l->r->index);
	pack_u32(&p->directory, z.crc32);
	pack_u32(&p->directory, z.size);
	pack_u8(&p->directory, (uint8_t)(z.name_len | (z.sealed ? DIRECTORY_SEALED : 0)));
	str_add(&p->directory, z.name, z.name_len);
	p->entries++;
	p->entry_octets += (int64_t)zip_entry_octets(&z);
	p->directory_octets += (int64_t)zip_central_octets(&z);
}

static bool
one(struct line *l, const struct work_item *item, struct str room[PACKAGING_FILES_MAX], struct delivery_piece *p,
    struct err *e)
{
	const struct packaged_from from = { .cert = { l->r->der, l->r->der_len },
	    .file = { l->r->file, l->r->file_len }, .chain = l->form->chain, .chain_n = l->form->chain_n };
	json_error_t why;
	uint8_t sha[SHA256_LEN];
	bool ok;

	l->inputs = json_loads(item->inputs, 0, &why);
	if (l->inputs == NULL)
		return err_sys(e, "inputs of item %" PRId64 ": %s", item->index, why.text);
	file_stem(l->form->doc, manifest_name_input(l->form->doc), l->inputs, l->r->index, l->form->batch_size, l->stem);
	ok = packaging_files(l->form->packaging, l->stem, &from, room, l->files, e);
	for (size_t i = 0; ok && i < l->n; i++) {
		sha256(l->files[i].p, l->files[i].len, sha);
		hex_lower(sha, sizeof(sha), l->sha[i]);
		entry_add(l, &l->files[i], p);
	}
	if (ok)
		manifest_line(l, &p->manifest);
	ok = ok && (!l->form->with_json || json_line(l, &p->json, e));
	json_decref(l->inputs);
	return ok;
}

bool
delivery_piece_make(const struct delivery_form *form, const struct work_slice *s, const struct work_result *results,
    size_t n, struct delivery_piece *p, struct err *e)
{
	struct str room[PACKAGING_FILES_MAX] = { { 0 } };
	struct line l = { .form = form, .s = s, .n = packaging_files_each(form->packaging) };
	bool ok = true;

	*p = (struct delivery_piece){ 0 };
	for (size_t i = 0; ok && i < n; i++) {
		l.r = &results[i];
		ok = !results[i].ok || one(&l, &s->items[i], room, p, e);
	}
	for (size_t i = 0; i < COUNT(room); i++)
		str_free(&room[i]);
	if (!ok) {
		delivery_piece_clear(p);
		return false;
	}
	p->manifest_octets = (int64_t)p->manifest.len;
	p->manifest_crc32 = (int64_t)crc32(0, (const Bytef *)p->manifest.p, (uInt)p->manifest.len);
	return true;
}
