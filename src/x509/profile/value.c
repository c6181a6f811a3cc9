#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "x509/cert.h"
#include "x509/profile/node.h"
#include "x509/profile/node_private.h"

const char *
rendering_apply(enum rendering r, const char *normal, char out[INPUT_VALUE_MAX])
{
	size_t n = 0;

	if (r == RENDER_TEXT)
		return normal;
	for (const char *p = normal; *p != '\0' && n + 1 < INPUT_VALUE_MAX; p++) {
		char c = *p;

		if (c == ':' && r != RENDER_HYPHENS)
			continue;
		if (c == ':')
			c = '-';
		else if (r == RENDER_HEX_LOWER && c >= 'A' && c <= 'F')
			c = (char)(c + 32);
		out[n++] = c;
	}
	out[n] = '\0';
	return out;
}

bool
rendering_undo(enum rendering r, const struct profile_input *in, const char *text, size_t len,
    char out[INPUT_VALUE_MAX])
{
	char why[INPUT_WHY_MAX], again[INPUT_VALUE_MAX];
	const char *rendered;

	if (len >= INPUT_VALUE_MAX)
		return false;
	if (r == RENDER_TEXT) {
		memcpy(out, text, len);
		out[len] = '\0';
		return strlen(out) == len;
	}
	/* Addresses and hexadecimal numbers only: any spelling has one normal form, which renders one way. */
	if (!input_normalize(in, text, len, out, why))
		return false;
	rendered = rendering_apply(r, out, again);
	return strlen(rendered) == len && memcmp(rendered, text, len) == 0;
}

static const char *
part_text(const struct part *p, const struct node_source *src, char out[INPUT_VALUE_MAX], struct err *e)
{
	const char *s;

	switch (p->kind) {
	case PART_LITERAL:
		return p->text;
	case PART_INPUT:
		s = src->inputs == NULL ? NULL : src->inputs[p->index];
		if (s == NULL || *s == '\0') {
			(void)err_set(e, ERR_INVALID, "input_missing",
			    "an input of the profile has no value");
			return NULL;
		}
		return rendering_apply(p->rendering, s, out);
	case PART_PARAMETER:
		s = src->parameters == NULL ? NULL : src->parameters[p->index];
		if (s == NULL || *s == '\0') {
			(void)err_set(e, ERR_INVALID, "parameter_missing",
			    "a constant of the organization that the profile needs has no value");
			return NULL;
		}
		return s;
	case PART_PUBLIC_URL:
		if (src->public_url == NULL || *src->public_url == '\0') {
			(void)err_set(e, ERR_INVALID, "profile_site",
			    "the profile's addresses need a public URL");
			return NULL;
		}
		return src->public_url;
	case PART_CA:
		return src->issuer->id;
	case PART_SHARD:
		(void)snprintf(out, INPUT_VALUE_MAX, "%u", cert_shard(src->serial, src->shards));
		return out;
	default:
		return NULL;
	}
}

const char *
value_render(const struct value *v, const struct node_source *src, char *buf, size_t cap, size_t *len,
    struct err *e)
{
	size_t n = 0;

	if (v->n == 1 && cap >= INPUT_VALUE_MAX) {
		const char *s = part_text(&v->parts[0], src, buf, e);

		if (s != NULL)
			*len = strlen(s);
		return s;
	}
	for (size_t i = 0; i < v->n; i++) {
		char one[INPUT_VALUE_MAX];
		const char *s = part_text(&v->parts[i], src, one, e);
		size_t k;

		if (s == NULL)
			return NULL;
		k = strlen(s);
		if (n + k >= cap) {
			(void)err_set(e, ERR_INVALID, "input_value",
			    "a value of the profile becomes longer than %zu octets", cap - 1);
			return NULL;
		}
		memcpy(buf + n, s, k);
		n += k;
	}
	buf[n] = '\0';
	*len = n;
	return buf;
}

bool
input_bind(struct node_found *f, unsigned index, const char *text)
{
	size_t n, len = strlen(text);
	const struct profile_input *in = &profile_inputs(f->profile, &n)[index];
	char why[INPUT_WHY_MAX];

	if (f->bound & UINT32_C(1) << index) {
		if (strcmp(f->inputs[index], text) == 0)
			return true;
		return node_refuse(f, "%.40s contradicts %s = %.40s elsewhere", text, in->name, f->inputs[index]);
	}
	if (!input_is_normal(in, text, why))
		return node_refuse(f, "%.150s", why);
	if (len == 0)
		return node_refuse(f, "%s is empty", in->name);
	if (f->cap - f->used <= len)
		return node_refuse(f, "the values are too long");
	memcpy(f->text + f->used, text, len + 1);
	f->inputs[index] = f->text + f->used;
	f->used += len + 1;
	f->bound |= UINT32_C(1) << index;
	return true;
}

static bool
part_unify(struct node_found *f, const struct part *p, const char *text, size_t len)
{
	char buf[INPUT_VALUE_MAX];
	struct err e = { 0 };
	const char *s;
	size_t n;

	if (p->kind == PART_INPUT) {
		if (!rendering_undo(p->rendering, &profile_inputs(f->profile, &n)[p->index], text, len, buf))
			return node_refuse(f, "%.*s is not what the profile makes of its input",
			    len > 40 ? 40 : (int)len, text);
		return input_bind(f, p->index, buf);
	}
	s = part_text(p, f->known, buf, &e);
	if (s == NULL)
		return node_refuse(f, "%.150s", e.msg);
	if (strlen(s) != len || memcmp(s, text, len) != 0)
		return node_refuse(f, "%.*s is not %.60s", len > 40 ? 40 : (int)len, text, s);
	return true;
}

/* Where a part of fixed text stands next, every split before it is tried: profiles have few parts. */
static bool
parts_unify(struct node_found *f, const struct part *p, size_t n, const char *text, size_t len)
{
	struct node_found before;
	struct err e = { 0 };
	char buf[INPUT_VALUE_MAX];
	const char *s;
	size_t k;

	if (n == 0)
		return len == 0 ? true : node_refuse(f, "the value has superfluous text");
	if (n == 1)
		return part_unify(f, p, text, len);
	if (p->kind != PART_INPUT) {
		s = part_text(p, f->known, buf, &e);
		k = s == NULL ? 0 : strlen(s);
		if (s == NULL || k > len || memcmp(s, text, k) != 0)
			return node_refuse(f, "%.*s is not of the profile's form", len > 40 ? 40 : (int)len, text);
		return parts_unify(f, p + 1, n - 1, text + k, len - k);
	}
	before = *f;
	for (k = 1; k <= len; k++) {
		if (part_unify(f, p, text, k) && parts_unify(f, p + 1, n - 1, text + k, len - k))
			return true;
		*f = before;
	}
	return node_refuse(f, "%.*s is not of the profile's form", len > 40 ? 40 : (int)len, text);
}

bool
value_unify(struct node_found *f, const struct value *v, const char *text, size_t len)
{
	if (memchr(text, '\0', len) != NULL)
		return node_refuse(f, "a value holds a NUL character");
	return parts_unify(f, v->parts, v->n, text, len);
}
