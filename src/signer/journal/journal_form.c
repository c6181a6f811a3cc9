#include "signer/journal/journal_form.h"

#include <stdio.h>
#include <string.h>

#include "base/frame.h"

#define MAGIC	"certmill journal"		/* 16 octets */
#define FORMAT	1
#define BLOCK_MAGIC UINT32_C(0x434d4a42)	/* "CMJB" */

const char *
journal_kind_name(enum journal_kind kind)
{
	switch (kind) {
	case JOURNAL_CERT:
		return "certificate";
	case JOURNAL_BARRED:
		return "barred";
	case JOURNAL_CRL:
		return "crl";
	case JOURNAL_AUDIT:
		return "audit";
	case JOURNAL_DOCUMENT:
		return "document";
	case JOURNAL_OWN:
		return "own";
	}
	return "unknown";
}

void
segment_name(uint32_t segment, char out[SEGMENT_NAME_LEN])
{
	snprintf(out, SEGMENT_NAME_LEN, "%06u.segment", segment % 1000000);
}

bool
segment_number(const char *name, uint32_t *out)
{
	uint32_t n = 0;

	if (strlen(name) != 14 || strcmp(name + 6, ".segment") != 0)
		return false;
	for (int i = 0; i < 6; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		n = n * 10 + (uint32_t)(name[i] - '0');
	}
	*out = n;
	return n != 0;
}

static void
put_u32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void
put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (56 - 8 * i));
}

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t
get_u64(const uint8_t *p)
{
	return (uint64_t)get_u32(p) << 32 | get_u32(p + 4);
}

void
segment_head_put(const struct segment_head *h, uint8_t out[SEGMENT_HEAD_LEN])
{
	uint8_t check[SHA256_LEN];

	memset(out, 0, SEGMENT_HEAD_LEN);
	memcpy(out, MAGIC, 16);
	put_u32(out + 16, FORMAT);
	put_u32(out + 20, h->segment);
	put_u64(out + 24, h->block);
	put_u64(out + 32, h->records);
	put_u64(out + 40, (uint64_t)h->created_s);
	memcpy(out + 48, h->chain, SHA256_LEN);
	sha256(out, 80, check);
	memcpy(out + 80, check, SHA256_LEN);
}

bool
segment_head_get(const uint8_t in[SEGMENT_HEAD_LEN], struct segment_head *h)
{
	uint8_t check[SHA256_LEN];

	sha256(in, 80, check);
	if (memcmp(in, MAGIC, 16) != 0 || get_u32(in + 16) != FORMAT || memcmp(in + 80, check, SHA256_LEN) != 0)
		return false;
	h->segment = get_u32(in + 20);
	h->block = get_u64(in + 24);
	h->records = get_u64(in + 32);
	h->created_s = (int64_t)get_u64(in + 40);
	memcpy(h->chain, in + 48, SHA256_LEN);
	return true;
}

static void
chain_of(const uint8_t before[SHA256_LEN], const uint8_t head[BLOCK_HEAD_LEN], uint8_t out[SHA256_LEN])
{
	uint8_t both[SHA256_LEN + 64];

	memcpy(both, before, SHA256_LEN);
	memcpy(both + SHA256_LEN, head, 64);
	sha256(both, sizeof(both), out);
}

void
block_head_put(struct block_head *h, const uint8_t before[SHA256_LEN], uint8_t out[BLOCK_HEAD_LEN])
{
	memset(out, 0, BLOCK_HEAD_LEN);
	put_u32(out, BLOCK_MAGIC);
	put_u32(out + 4, h->length);
	put_u64(out + 8, h->number);
	put_u32(out + 16, h->count);
	put_u64(out + 24, (uint64_t)h->time_s);
	memcpy(out + 32, h->payload, SHA256_LEN);
	chain_of(before, out, h->chain);
	memcpy(out + 64, h->chain, SHA256_LEN);
}

bool
block_head_get(const uint8_t in[BLOCK_HEAD_LEN], struct block_head *h)
{
	if (get_u32(in) != BLOCK_MAGIC)
		return false;
	h->length = get_u32(in + 4);
	h->number = get_u64(in + 8);
	h->count = get_u32(in + 16);
	h->time_s = (int64_t)get_u64(in + 24);
	memcpy(h->payload, in + 32, SHA256_LEN);
	memcpy(h->chain, in + 64, SHA256_LEN);
	return h->length <= JOURNAL_BLOCK_MAX && h->count > 0 && get_u32(in + 20) == 0;
}

bool
block_head_follows(const uint8_t in[BLOCK_HEAD_LEN], const struct block_head *h, const uint8_t before[SHA256_LEN])
{
	uint8_t chain[SHA256_LEN];

	chain_of(before, in, chain);
	return memcmp(chain, h->chain, SHA256_LEN) == 0;
}

void
record_put(struct str *out, const struct journal_record *r)
{
	const size_t len = 29u + r->serial.len + r->ca.len + r->data.len;

	pack_u32(out, (uint32_t)len);
	pack_u8(out, (uint8_t)r->kind);
	pack_u64(out, (uint64_t)r->profile);
	pack_u64(out, (uint64_t)r->version);
	pack_octets(out, r->serial.b, r->serial.len);
	pack_octets(out, r->ca.p, r->ca.len);
	pack_octets(out, r->data.p, r->data.len);
}

bool
record_get(const uint8_t *p, size_t len, struct journal_record *r, size_t *used)
{
	struct unpack u = { .p = p, .left = len };
	const uint8_t *serial;
	size_t serial_len;
	uint32_t body = unpack_u32(&u);

	if (u.bad || body > u.left || body > JOURNAL_RECORD_MAX)
		return false;
	u.left = body;
	r->kind = (enum journal_kind)unpack_u8(&u);
	r->profile = (int64_t)unpack_u64(&u);
	r->version = (int64_t)unpack_u64(&u);
	serial = unpack_octets(&u, &serial_len);
	r->ca.p = unpack_octets(&u, &r->ca.len);
	r->data.p = unpack_octets(&u, &r->data.len);
	if (!unpack_done(&u) || serial_len > JOURNAL_SERIAL_MAX)
		return false;
	memset(&r->serial, 0, sizeof(r->serial));
	r->serial.len = (uint8_t)serial_len;
	if (serial_len != 0)
		memcpy(r->serial.b, serial, serial_len);
	r->time_s = 0;
	*used = 4 + (size_t)body;
	return true;
}

bool
serial_equal(const struct journal_serial *a, const struct journal_serial *b)
{
	return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}
