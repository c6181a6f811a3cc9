#include <string.h>

#include "base/own.h"
#include "x509/ca.h"
#include "x509/name.h"
#include "x509/profile/profile_private.h"

#define HIERARCHY_MEMORY_MAX (2u << 20)
#define CAS_MAX 32
#define NAME_MAX_OCTETS 1024

struct hierarchy {
	struct arena	*arena;
	const char	*ecosystem, *name, *title;
	int64_t		 position;
	struct ca_plan	*cas;
	size_t		 n;
};

static bool
id_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '-' || *s == '.'))
			return false;
	return true;
}

static void
parse_key(struct parse *c, const json_t *o, struct ca_plan *ca)
{
	static const char *const members[] = { "algorithm", "size", "curve", NULL };
	static const char *const algorithms[] = { "RSA", "EC" }, *const curves[] = { "P-256", "P-384" };
	const json_t *key = doc_object(&c->d, o, "key", true);
	size_t at = c->d.path_len;
	int a, k;

	doc_into(&c->d, "key");
	if (key != NULL && doc_members(&c->d, key, members)) {
		a = doc_word(&c->d, key, "algorithm", true, algorithms, 2);
		ca->key.algorithm = a == 1 ? KEY_EC : KEY_RSA;
		if (a == 1) {
			k = doc_word(&c->d, key, "curve", true, curves, 2);
			ca->key.bits = k == 1 ? 384 : 256;
		} else {
			ca->key.bits = (unsigned)doc_int(&c->d, key, "size", 2048, 4096, DOC_NEEDED);
			if (ca->key.bits != 2048 && ca->key.bits != 3072 && ca->key.bits != 4096)
				doc_fault(&c->d, "size", "must be 2048, 3072 or 4096");
		}
	}
	doc_back(&c->d, at);
}

static void
parse_ca_subject(struct parse *c, const json_t *o, struct ca_plan *ca)
{
	const json_t *list = doc_array(&c->d, o, "subject", true, 1, PROFILE_RDNS_MAX);
	uint8_t buf[NAME_MAX_OCTETS];
	struct der_writer w = der_writer(buf, sizeof(buf));
	struct node_source none = { 0 };
	struct err e = { 0 };
	OWN_STR struct str text = { 0 };
	size_t at = c->d.path_len;
	struct node name;
	struct der whole;

	doc_into(&c->d, "subject");
	if (list == NULL || !parse_directory(c, list, &name)) {
		doc_back(&c->d, at);
		return;
	}
	doc_back(&c->d, at);
	if (name.parameters != 0 || !node_put(&w, &name, &none, &e) || !der_written(&w, &whole) ||
	    !name_text(whole, &text, &e)) {
		doc_fault(&c->d, "subject", "%s",
		    e.msg[0] != '\0' ? e.msg : "must be of constants, and not too long");
		return;
	}
	ca->subject = (struct der){ arena_memdup(c->d.arena, whole.p, whole.len), whole.len };
	ca->subject_text = doc_copy(&c->d, text.p);
}

static void
parse_parent(struct parse *c, const json_t *o, const struct hierarchy *h, struct ca_plan *ca)
{
	static const char *const purposes[] = { "root", "intermediate", "issuing" };
	int purpose = doc_word(&c->d, o, "purpose", true, purposes, COUNT(purposes));
	const struct ca_plan *parent;

	ca->purpose = purpose < 0 ? CA_ISSUING : (enum ca_purpose)purpose;
	ca->parent = doc_text(&c->d, o, "parent", false, 80);
	if (ca->parent == NULL && ca->purpose == CA_INTERMEDIATE)
		doc_fault(&c->d, "parent", "is missing");
	if (ca->parent != NULL && ca->purpose == CA_ROOT)
		doc_fault(&c->d, "parent", "a root has none");
	if (ca->parent == NULL) {
		if (signature_algorithm_key(ca->signature) != ca->key.algorithm)
			doc_fault(&c->d, "signature", "cannot be made with this CA's own key");
		return;
	}
	parent = hierarchy_find(h, ca->parent);
	if (parent != NULL && signature_algorithm_key(ca->signature) != parent->key.algorithm)
		doc_fault(&c->d, "signature", "cannot be made with the parent's key");
}

static void
parse_ca(struct parse *c, const json_t *o, const struct hierarchy *h, struct ca_plan *ca)
{
	static const char *const members[] = { "id", "label", "parent", "purpose", "key", "signature",
		"years", "path_len", "subject", "unverified", "legacy", NULL };
	const char *signature;

	if (!doc_members(&c->d, o, members))
		return;
	ca->id = doc_text(&c->d, o, "id", true, 80);
	if (ca->id != NULL && !id_ok(ca->id))
		doc_fault(&c->d, "id", "must be lower-case letters, digits, - and .");
	if (ca->id != NULL && hierarchy_find(h, ca->id) != NULL)
		doc_fault(&c->d, "id", "%s is there twice", ca->id);
	ca->label = doc_text(&c->d, o, "label", true, 120);
	parse_key(c, o, ca);
	signature = doc_text(&c->d, o, "signature", true, 40);
	ca->signature = signature == NULL ? SIGNATURE_NONE : signature_algorithm_find(signature);
	if (signature != NULL && ca->signature == SIGNATURE_NONE)
		doc_fault(&c->d, "signature", "unknown algorithm %.40s", signature);
	ca->years = doc_int(&c->d, o, "years", 0, 100, DOC_NEEDED);
	ca->path_len = doc_int(&c->d, o, "path_len", 0, 8, -1);
	ca->unverified = doc_text(&c->d, o, "unverified", false, 1000);
	ca->legacy = doc_bool(&c->d, o, "legacy", false);
	if (ca->signature == SIGNATURE_RSA_SHA1 && !ca->legacy)
		doc_fault(&c->d, "legacy", "must be true: SHA-1");
	parse_parent(c, o, h, ca);
	parse_ca_subject(c, o, ca);
}

static void
parse_hierarchy(struct parse *c, const json_t *root, struct hierarchy *h)
{
	static const char *const members[] = { "$schema", "ecosystem", "name", "title", "position", "cas",
		NULL };
	const json_t *list, *one;
	size_t i;

	if (!doc_members(&c->d, root, members))
		return;
	h->ecosystem = doc_text(&c->d, root, "ecosystem", true, 40);
	h->name = doc_text(&c->d, root, "name", true, 40);
	h->title = doc_text(&c->d, root, "title", true, 120);
	h->position = doc_int(&c->d, root, "position", 0, 100000, DOC_NEEDED);
	list = doc_array(&c->d, root, "cas", true, 0, CAS_MAX);
	h->cas = doc_alloc(&c->d, json_array_size(list), sizeof(*h->cas));
	if (h->cas == NULL)
		return;
	json_array_foreach((json_t *)list, i, one) {
		doc_into(&c->d, "cas");
		doc_into_index(&c->d, i);
		parse_ca(c, one, h, &h->cas[h->n]);
		doc_back(&c->d, 0);
		h->n++;
	}
	for (i = 0; i < h->n; i++)		/* a parent in the document comes first */
		for (size_t k = i; k < h->n; k++)
			if (h->cas[i].parent != NULL && h->cas[k].id != NULL &&
			    strcmp(h->cas[k].id, h->cas[i].parent) == 0)
				doc_fault(&c->d, "cas", "element %zu comes before its parent", i);
}

bool
hierarchy_parse(const char *json, size_t len, struct hierarchy **out, struct faults *faults, struct err *e)
{
	OWN(hierarchy_free) struct hierarchy *h = NULL;
	struct profile nothing = { 0 };		/* names of CAs hold constants only */
	struct parse c = { .d = { .faults = faults }, .p = &nothing };
	json_t *root;

	if (!doc_load(json, len, HIERARCHY_JSON_MAX, &root, e))
		return false;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		abort();
	h->arena = arena_new(HIERARCHY_MEMORY_MAX);
	c.d.arena = h->arena;
	nothing.parameters = doc_alloc(&c.d, PROFILE_INPUTS_MAX, sizeof(*nothing.parameters));
	parse_hierarchy(&c, root, h);
	json_decref(root);
	if (c.d.bad != 0)
		return err_set(e, ERR_INVALID, "hierarchy_invalid", "the hierarchy has %zu fault%s", c.d.bad,
		    c.d.bad == 1 ? "" : "s");
	*out = give(h);
	return true;
}

void
hierarchy_free(struct hierarchy *h)
{
	if (h == NULL)
		return;
	arena_free(h->arena);
	free(h);
}

const char *
hierarchy_ecosystem(const struct hierarchy *h)
{
	return h->ecosystem;
}

const char *
hierarchy_name(const struct hierarchy *h)
{
	return h->name;
}

const char *
hierarchy_title(const struct hierarchy *h)
{
	return h->title;
}

int64_t
hierarchy_position(const struct hierarchy *h)
{
	return h->position;
}

const struct ca_plan *
hierarchy_cas(const struct hierarchy *h, size_t *n)
{
	*n = h->n;
	return h->cas;
}

const struct ca_plan *
hierarchy_find(const struct hierarchy *h, const char *id)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->cas[i].id != NULL && strcmp(h->cas[i].id, id) == 0)
			return &h->cas[i];
	return NULL;
}
