/* A slice's piece made again from the rows: in another format, or with manifest.json. */
#include <inttypes.h>
#include <string.h>

#include "domain/delivery/delivery_run.h"
#include "store/certificate.h"
#include "store/item.h"
#include "store/slice.h"
#include "x509/cert.h"
#include "x509/name.h"

#define DEVICE_OCTETS ((size_t)4096)		/* certificate, inputs and texts of a device, generously */
#define SCRATCH ((size_t)1024 * 1024)

struct making {
	const struct part	*part;
	struct arena		*arena;
	struct work_result	*results;	/* by item */
	size_t			*issued;	/* items with a certificate, in order */
	size_t			 issued_n, at;
};

bool
directory_next(struct unpack *u, uint32_t *index, struct zip_entry *z)
{
	uint8_t len;

	if (u->left == 0 || u->bad)
		return false;
	*index = unpack_u32(u);
	z->crc32 = unpack_u32(u);
	z->size = unpack_u32(u);
	len = unpack_u8(u);
	z->sealed = (len & DIRECTORY_SEALED) != 0;
	len &= (uint8_t)~DIRECTORY_SEALED;
	if (u->bad || u->left < len) {
		u->bad = true;
		return false;
	}
	z->name = (const char *)u->p;
	z->name_len = len;
	u->p += len;
	u->left -= len;
	return true;
}

static bool
broken(const struct part *p, struct err *e)
{
	return err_sys(e, "slice %" PRId64 " is not what its directory says", p->slice_no);
}

/* Which items have certificates, and what was stored of keys. */
static bool
directory_read(struct making *m, const struct str *directory, const struct str *body, bool keys, struct err *e)
{
	struct unpack u = { .p = (const uint8_t *)directory->p, .left = directory->len };
	struct zip_entry z = { 0 };
	size_t at = 0;
	uint32_t index;

	while (directory_next(&u, &index, &z)) {
		size_t item = (size_t)((int64_t)index - m->part->first_index), end = at + (size_t)zip_entry_octets(&z);

		if (item >= (size_t)m->part->size || (keys && end > body->len))
			return broken(m->part, e);
		if (!m->results[item].ok) {
			m->results[item].ok = true;
			if (m->issued_n == m->part->devices)
				return broken(m->part, e);
			m->issued[m->issued_n++] = item;
		}
		/* The last of a device's files is the one with its key. */
		if (keys) {
			m->results[item].file = (const uint8_t *)body->p + end - zip_stored_octets(&z);
			m->results[item].file_len = (size_t)zip_stored_octets(&z);
		}
		at = end;
	}
	return (!u.bad && m->issued_n == m->part->devices) || broken(m->part, e);
}

static bool
certificate(void *arg, int64_t id, const uint8_t *der, size_t len, struct err *e)
{
	struct making *m = arg;
	struct work_result *r = m->at < m->issued_n ? &m->results[m->issued[m->at++]] : NULL;
	OWN_STR struct str subject = { 0 };
	struct cert c;

	if (r == NULL)
		return broken(m->part, e);
	r->der = arena_memdup(m->arena, der, len);
	r->der_len = len;
	if (r->der == NULL)
		return err_sys(e, "no room for the certificates of a slice");
	if (!cert_decode(r->der, len, &c, e) || !name_text(c.subject, &subject, e))
		return err_in(e, "certificate %" PRId64, id);
	if (c.serial.len != WORK_SERIAL_LEN)
		return err_sys(e, "certificate %" PRId64 ": a serial number that is not ours", id);
	memcpy(r->serial, c.serial.p, WORK_SERIAL_LEN);
	r->subject = arena_strdup(m->arena, subject.len == 0 ? "" : subject.p);
	r->not_before = c.not_before_s;
	r->not_after = c.not_after_s;
	return r->subject != NULL || err_sys(e, "no room for the certificates of a slice");
}

static bool
items_read(struct db *db, const struct part *p, struct arena *a, struct work_slice *s, struct err *e)
{
	struct item *list;
	size_t n;

	if (!store_item_read(db, s->batch_id, p->first_index, p->size, a, &list, &n, e))
		return false;
	s->items = arena_array(a, (size_t)p->size, sizeof(*s->items));
	if (s->items == NULL || n != (size_t)p->size)
		return err_sys(e, "items of slice %" PRId64, p->slice_no);
	for (size_t i = 0; i < n; i++)
		s->items[i] = (struct work_item){ .index = list[i].index, .inputs = list[i].inputs };
	return true;
}

bool
delivery_remake(struct db *db, const struct remake *r, const struct part *p, bool first, struct delivery_piece *out,
    struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)p->size * DEVICE_OCTETS + SCRATCH);
	bool keys = packaging_has_keys(r->form.packaging);
	OWN_STR struct str directory = { 0 }, body = { 0 };
	struct work_slice s = r->slice;
	struct making m = { .part = p, .arena = a };

	m.results = arena_array(a, (size_t)p->size, sizeof(*m.results));
	m.issued = arena_array(a, p->devices, sizeof(*m.issued));
	if (m.results == NULL || m.issued == NULL)
		return err_sys(e, "no room for a slice");
	if (!items_read(db, p, a, &s, e) ||
	    !store_slice_file_get(db, s.batch_id, p->slice_no, SLICE_DIRECTORY, &directory, e) ||
	    (keys && !store_slice_file_get(db, s.batch_id, p->slice_no, SLICE_BODY, &body, e)))
		return false;
	for (size_t i = 0; i < (size_t)p->size; i++)
		m.results[i].index = s.items[i].index;
	if (!directory_read(&m, &directory, &body, keys, e) ||
	    !store_certificate_ders(db, p->certificate_base, p->devices, certificate, &m, e))
		return false;
	if (m.at != m.issued_n)
		return broken(p, e);
	if (!delivery_piece_make(&r->form, &s, m.results, (size_t)p->size, out, e))
		return false;
	if (first && out->json.len > 0)
		out->json.p[0] = ' ';
	return true;
}
