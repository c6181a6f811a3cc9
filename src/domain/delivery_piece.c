/* What a slice brings to the download: directory, lines of the manifest, files. */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/hash.h"
#include "domain/csv.h"
#include "domain/delivery.h"
#include "domain/manifest.h"
#include "domain/zip.h"
#include "x509/cert.h"
#include "x509/profile.h"

void
delivery_piece_clear(struct delivery_piece *p)
{
	str_free(&p->directory);
	str_free(&p->manifest);
	str_free(&p->body);
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
file_name(const struct profile *doc, int by, const json_t *inputs, int64_t index, int64_t batch_size, bool pem,
    char out[64])
{
	size_t n;
	const struct profile_input *in = profile_inputs(doc, &n);
	const char *value = by < 0 ? NULL : json_string_value(json_object_get(inputs, in[by].name));
	int digits = snprintf(NULL, 0, "%" PRId64, batch_size - 1);

	if (value == NULL || strlen(value) > 40) {
		(void)snprintf(out, 64, "%0*" PRId64 "%s", digits, index, pem ? ".pem" : ".p12");
		return;
	}
	(void)snprintf(out, 64, "%s%s", value, pem ? ".pem" : ".p12");
	for (char *p = out; *p != '\0'; p++)
		if (*p == ':')
			*p = '-';
}

void
manifest_header(const struct profile *doc, struct str *out)
{
	size_t n;
	const struct profile_input *in = profile_inputs(doc, &n);

	str_adds(out, "index,name,serial_number,subject");
	for (size_t i = 0; i < n; i++) {
		str_addc(out, ',');
		csv_cell(out, in[i].name);
	}
	str_adds(out, ",not_before,not_after,sha256,file\r\n");
}

static void
manifest_line(const struct profile *doc, const char *batch_name, const struct work_result *r,
    const json_t *inputs, const uint8_t sha[SHA256_LEN], const char *file, struct str *out)
{
	char hex[2 * SHA256_LEN + 1], from[TIME_TEXT_LEN], to[TIME_TEXT_LEN];
	OWN_STR struct str name = { 0 };
	size_t n;
	const struct profile_input *in = profile_inputs(doc, &n);

	str_addf(&name, "%s-%" PRId64, batch_name, r->index);
	hex_upper(r->serial, sizeof(r->serial), hex);
	str_addf(out, "%" PRId64 ",", r->index);
	csv_cell(out, name.p);
	str_addf(out, ",%s,", hex);
	csv_cell(out, r->subject);
	for (size_t i = 0; i < n; i++) {
		const char *value = json_string_value(json_object_get(inputs, in[i].name));

		str_addc(out, ',');
		csv_cell(out, value == NULL ? "" : value);
	}
	time_text(r->not_before, from);
	time_text(r->not_after, to);
	hex_lower(sha, SHA256_LEN, hex);
	str_addf(out, ",%s,%s,%s,", from, to, hex);
	csv_cell(out, file);
	str_adds(out, "\r\n");
}

static bool
one(const struct profile *doc, int by, const struct work_slice *s, int64_t batch_size,
    const struct work_item *item, const struct work_result *r, struct str *pem, struct delivery_piece *p,
    struct err *e)
{
	bool from_csr = r->file == NULL;
	json_error_t why;
	json_t *inputs = json_loads(item->inputs, 0, &why);
	uint8_t sha[SHA256_LEN];
	char name[64];
	const void *file = r->file;
	size_t len = r->file_len;
	struct zip_entry z;

	if (inputs == NULL)
		return err_sys(e, "inputs of item %" PRId64 ": %s", item->index, why.text);
	if (from_csr) {
		str_clear(pem);
		pem_encode("CERTIFICATE", r->der, r->der_len, pem);
		file = pem->p;
		len = pem->len;
	}
	file_name(doc, by, inputs, r->index, batch_size, from_csr, name);
	sha256(file, len, sha);
	z = (struct zip_entry){ name, strlen(name), (uint32_t)crc32(0, file, (uInt)len), (uint32_t)len };
	if (!from_csr) {
		zip_local(&p->body, &z, s->batch_created_at);
		str_add(&p->body, file, len);
	}
	pack_u32(&p->directory, (uint32_t)r->index);
	pack_u32(&p->directory, z.crc32);
	pack_u32(&p->directory, z.size);
	pack_u8(&p->directory, (uint8_t)z.name_len);
	str_add(&p->directory, name, z.name_len);
	manifest_line(doc, s->batch_name, r, inputs, sha, name, &p->manifest);
	p->entry_octets += (int64_t)(ZIP_LOCAL_OCTETS(strlen(name)) + len);
	p->directory_octets += (int64_t)ZIP_CENTRAL_OCTETS(strlen(name));
	json_decref(inputs);
	return true;
}

bool
delivery_piece_make(const struct profile *doc, const struct work_slice *s, int64_t batch_size,
    const struct work_result *results, size_t n, struct delivery_piece *p, struct err *e)
{
	int by = manifest_name_input(doc);
	OWN_STR struct str pem = { 0 };

	*p = (struct delivery_piece){ 0 };
	for (size_t i = 0; i < n; i++) {
		if (results[i].ok && !one(doc, by, s, batch_size, &s->items[i], &results[i], &pem, p, e)) {
			delivery_piece_clear(p);
			return false;
		}
	}
	p->manifest_octets = (int64_t)p->manifest.len;
	p->manifest_crc32 = (int64_t)crc32(0, (const Bytef *)p->manifest.p, (uInt)p->manifest.len);
	return true;
}
