#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/hash.h"
#include "base/own.h"
#include "base/str.h"
#include "x509/cert.h"
#include "x509/profile/node.h"
#include "x509/profile/node_private.h"
#include "x509/oid.h"

#define NODE_DER_MAX 8192

static void
sum_value(struct node *n)
{
	for (size_t i = 0; i < n->value.n; i++) {
		const struct part *p = &n->value.parts[i];

		switch (p->kind) {
		case PART_INPUT:
			n->inputs |= UINT32_C(1) << p->index;
			break;
		case PART_PARAMETER:
			n->parameters |= UINT32_C(1) << p->index;
			break;
		case PART_PUBLIC_URL:
		case PART_CA:
			n->site = true;
			break;
		case PART_SHARD:
			n->dynamic = true;
			break;
		default:
			break;
		}
	}
}

void
node_sum(struct node *n)
{
	n->inputs = n->parameters = 0;
	n->site = n->kind == NODE_ISSUER_KEY_ID;
	n->dynamic = n->kind == NODE_SUBJECT_KEY_ID;
	n->vanishes = n->kind == NODE_CONS && n->n > 0 && !n->may_be_empty;
	sum_value(n);
	for (size_t i = 0; i < n->n; i++) {
		n->inputs |= n->children[i].inputs;
		n->parameters |= n->children[i].parameters;
		n->site = n->site || n->children[i].site;
		n->vanishes = n->vanishes && (n->children[i].optional || n->children[i].vanishes);
		n->dynamic = n->dynamic || n->children[i].dynamic;
	}
}

static bool
any_empty(uint32_t bits, const char *const *values)
{
	for (unsigned i = 0; bits != 0; i++, bits >>= 1)
		if ((bits & 1) && (values == NULL || values[i] == NULL || *values[i] == '\0'))
			return true;
	return false;
}

static EVP_MD *key_id_sha1;
static pthread_once_t key_id_once = PTHREAD_ONCE_INIT;

static void
fetch_sha1(void)
{
	key_id_sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
}

bool
key_id(enum key_id_method m, struct der bits, uint8_t out[20], size_t *len, struct err *e)
{
	uint8_t h[SHA256_LEN];

	if (m == KEY_ID_SHA256_160) {
		sha256(bits.p, bits.len, h);
		memcpy(out, h, 20);
		*len = 20;
		return true;
	}
	(void)pthread_once(&key_id_once, fetch_sha1);
	if (key_id_sha1 == NULL || EVP_Digest(bits.p, bits.len, out, NULL, key_id_sha1, NULL) != 1)
		return err_sys(e, "SHA-1 of a key");
	*len = 20;
	if (m == KEY_ID_SHA1_60) {
		memmove(out, out + 12, 8);
		out[0] = (uint8_t)(0x40 | (out[0] & 0x0f));
		*len = 8;
	}
	return true;
}

/* Digits with or without separators; *len octets. */
static bool
octets_of(const char *text, size_t n, uint8_t *out, size_t cap, size_t *len)
{
	char digits[2 * INPUT_VALUE_MAX];
	size_t k = 0;

	for (size_t i = 0; i < n; i++)
		if (text[i] != ':' && text[i] != '-')
			digits[k++] = text[i];
	if (k == 0 || k % 2 != 0 || k / 2 > cap || !hex_decode(digits, k, out, k / 2))
		return false;
	*len = k / 2;
	return true;
}

static bool
put_text(struct der_writer *w, const struct node *n, const char *text, size_t len, struct err *e)
{
	if (!charset_ok(n->charset, text, len))
		return err_set(e, ERR_INVALID, "input_value", "%.60s holds a character that a %s cannot hold",
		    text, charset_name(n->charset));
	if (n->max_length != 0 && utf8_length(text, len) > n->max_length)
		return err_set(e, ERR_INVALID, "input_value", "%.60s is longer than %zu characters", text,
		    n->max_length);
	der_put(w, n->tag, text, len);
	return true;
}

static bool
put_encoded(struct der_writer *w, const struct node *n, const char *text, size_t len, struct err *e)
{
	uint8_t b[INPUT_VALUE_MAX];
	char s[INPUT_VALUE_MAX];
	struct oid oid;
	uint64_t v;
	size_t k;

	if (n->encoding == ENCODE_TEXT)
		return put_text(w, n, text, len, e);
	if (n->encoding == ENCODE_OCTETS || n->encoding == ENCODE_BITS) {
		if (!octets_of(text, len, b, sizeof(b), &k))
			return err_set(e, ERR_INVALID, "input_value",
			    "%.60s is not whole octets in hexadecimal", text);
		if (n->encoding == ENCODE_BITS)
			der_put_octet_bits(w, b, k);
		else
			der_put(w, n->tag, b, k);
		return true;
	}
	if (len >= sizeof(s))
		return err_set(e, ERR_INVALID, "input_value", "%.60s is too long", text);
	memcpy(s, text, len);
	s[len] = '\0';
	if (n->encoding == ENCODE_INTEGER) {
		if (!parse_u64(s, UINT64_MAX, &v))
			return err_set(e, ERR_INVALID, "input_value",
			    "%.60s does not fit an INTEGER of 64 bits", s);
		der_put_u64(w, n->tag, v);
	} else if (n->encoding == ENCODE_OID) {
		if (!oid_parse(s, &oid))
			return err_set(e, ERR_INVALID, "input_value", "%.60s is not an object identifier", s);
		der_put(w, n->tag, oid.b, oid.len);
	} else {
		if (inet_pton(AF_INET, s, b) == 1)
			k = 4;
		else if (inet_pton(AF_INET6, s, b) == 1)
			k = 16;
		else
			return err_set(e, ERR_INVALID, "input_value", "%.60s is not an IP address", s);
		der_put(w, n->tag, b, k);
	}
	return true;
}

static bool
put_value(struct der_writer *w, const struct node *n, const struct node_source *src, struct err *e)
{
	char buf[INPUT_VALUE_MAX];
	size_t len, end;
	const char *text = value_render(&n->value, src, buf, sizeof(buf), &len, e);

	if (text == NULL)
		return false;
	if (!n->each)
		return put_encoded(w, n, text, len, e);
	for (end = len;; end--) {		/* backwards, as the writer does */
		size_t from = end;

		while (from > 0 && text[from - 1] != ',')
			from--;
		if (!put_encoded(w, n, text + from, end - from, e))
			return false;
		if (from == 0)
			return true;
		end = from;			/* less one: the comma */
	}
}

static bool
put_children(struct der_writer *w, const struct node *n, const struct node_source *src, struct err *e)
{
	for (size_t i = n->n; i-- > 0;)
		if (!node_put(w, &n->children[i], src, e))
			return false;
	return true;
}

bool
node_put(struct der_writer *w, const struct node *n, const struct node_source *src, struct err *e)
{
	size_t mark = der_mark(w), len;
	uint8_t id[20];

	if (n->optional && (any_empty(n->inputs, src->inputs) || any_empty(n->parameters, src->parameters)))
		return true;
	switch (n->kind) {
	case NODE_RAW:
		der_put_raw(w, n->raw.p, n->raw.len);
		return true;
	case NODE_CONS:
	case NODE_CONS_BITS:
		if (!put_children(w, n, src, e))
			return false;
		if (der_mark(w) == mark && !n->may_be_empty)
			return true;
		if (n->kind == NODE_CONS)
			der_wrap(w, n->tag, mark);
		else
			der_wrap_bits(w, mark);
		return true;
	case NODE_VALUE:
		return put_value(w, n, src, e);
	case NODE_ISSUER_KEY_ID:
		der_put(w, n->tag, src->issuer->ski.p, src->issuer->ski.len);
		return true;
	case NODE_SUBJECT_KEY_ID:
		if (!key_id(n->method, src->key_bits, id, &len, e))
			return false;
		der_put(w, n->tag, id, len);
		return true;
	default:
		return err_set(e, ERR_INTERNAL, "internal", "a node of unknown kind");
	}
}

static bool
out_of_room(struct err *e)
{
	return err_set(e, ERR_INVALID, "profile_size", "the profile is too large");
}

static bool
fold(struct arena *a, struct node *n, const struct node_source *src, struct err *e)
{
	uint8_t buf[NODE_DER_MAX];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct der whole;

	if (!node_put(&w, n, src, e))
		return false;
	if (!der_written(&w, &whole))
		return out_of_room(e);
	if (whole.len > 0 && (whole.p = arena_memdup(a, whole.p, whole.len)) == NULL)
		return out_of_room(e);
	*n = (struct node){ .kind = NODE_RAW, .raw = whole };
	return true;
}

/* What only the template knows becomes literal. */
static bool
bind_parts(struct arena *a, struct node *n, const struct node_source *src, struct err *e)
{
	struct part *parts = arena_array(a, n->value.n, sizeof(*parts));
	char buf[INPUT_VALUE_MAX];

	if (parts == NULL)
		return out_of_room(e);
	for (size_t i = 0; i < n->value.n; i++) {
		const struct value one = { &n->value.parts[i], 1 };
		const char *s;

		parts[i] = *one.parts;
		if (parts[i].kind != PART_PUBLIC_URL && parts[i].kind != PART_CA)
			continue;
		s = value_render(&one, src, buf, sizeof(buf), &parts[i].len, e);
		if (s == NULL)
			return false;
		parts[i].kind = PART_LITERAL;
		if ((parts[i].text = arena_strdup(a, s)) == NULL)
			return out_of_room(e);
	}
	n->value.parts = parts;
	return true;
}

bool
node_bind(struct arena *a, const struct node *from, const struct node_source *src, struct node *out,
    struct err *e)
{
	*out = *from;
	if (from->n > 0) {
		out->children = arena_array(a, from->n, sizeof(*out->children));
		if (out->children == NULL)
			return out_of_room(e);
		for (size_t i = 0; i < from->n; i++)
			if (!node_bind(a, &from->children[i], src, &out->children[i], e))
				return false;
	}
	if (from->kind == NODE_VALUE && from->site && !bind_parts(a, out, src, e))
		return false;
	if (from->inputs == 0 && from->parameters == 0 && !from->dynamic && from->kind != NODE_RAW)
		return fold(a, out, src, e);
	return true;
}
