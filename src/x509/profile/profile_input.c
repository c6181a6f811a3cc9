#include <stdio.h>
#include <string.h>

#include "base/own.h"
#include "base/str.h"
#include "x509/profile/pattern.h"
#include "x509/profile/profile_private.h"

static const char *const type_words[] = {
	"mac_address", "eui64", "text", "decimal", "hex", "choice", "dns_name", "ip_address",
};
static const char *const generator_words[] = { "none", "mac", "eui64", "decimal" };
static const char *const source_words[] = { "form", "csv", "csr" };

const struct pattern *
parse_pattern(struct parse *c, const json_t *object, const char **text, struct pattern **slot)
{
	char why[128];

	*text = doc_text(&c->d, object, "pattern", false, PATTERN_MAX);
	if (*text == NULL)
		return NULL;
	if (*slot != NULL || !pattern_new(*text, slot, why)) {
		doc_fault(&c->d, "pattern", "%s", why);
		return NULL;
	}
	return *slot;
}

static bool
name_ok(const char *s)
{
	size_t n = 0;

	if (*s < 'a' || *s > 'z')
		return false;
	for (; s[n] != '\0'; n++)
		if (!((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= '0' && s[n] <= '9') || s[n] == '_'))
			return false;
	return n <= 40;
}

static void
parse_choices(struct parse *c, const json_t *object, struct profile_input *in)
{
	const json_t *list = doc_array(&c->d, object, "choices", in->type == INPUT_CHOICE, 1, 200), *one;
	const char **texts;
	size_t i;

	if (list == NULL)
		return;
	if (in->type != INPUT_CHOICE) {
		doc_fault(&c->d, "choices", "is for inputs of type choice");
		return;
	}
	texts = doc_alloc(&c->d, json_array_size(list), sizeof(*texts));
	if (texts == NULL)
		return;
	json_array_foreach((json_t *)list, i, one) {
		const char *s = json_string_value(one);

		if (s == NULL || *s == '\0' || !text_name_ok(s, 64) || strchr(s, ',') != NULL) {
			doc_fault(&c->d, "choices",
			    "element %zu must be a text of 1 to 64 characters without commas", i);
			return;
		}
		if (in->n_choices == 0 || strlen(s) > in->max_length)
			in->max_length = strlen(s);
		texts[in->n_choices++] = doc_copy(&c->d, s);
	}
	in->choices = texts;
}

static void
parse_generators(struct parse *c, const json_t *object, struct profile_input *in)
{
	unsigned fits = GENERATOR_NONE;

	in->generators =
	    doc_words(&c->d, object, "generators", false, generator_words, COUNT(generator_words));
	if (in->generators == 0)
		in->generators = GENERATOR_NONE;
	if (in->type == INPUT_MAC_ADDRESS)
		fits |= GENERATOR_MAC;
	if (in->type == INPUT_EUI64)
		fits |= GENERATOR_EUI64;
	if (in->type == INPUT_DECIMAL)
		fits |= GENERATOR_DECIMAL;
	if (in->generators & ~fits)
		doc_fault(&c->d, "generators", "holds one that does not make values of type %s",
		    input_type_name(in->type));
}

/* Longest normal form when the document does not say. */
static size_t
usual_length(enum input_type t)
{
	switch (t) {
	case INPUT_MAC_ADDRESS:
		return 17;
	case INPUT_EUI64:
		return 23;
	case INPUT_DNS_NAME:
		return 253;
	case INPUT_IP_ADDRESS:
		return 45;
	default:
		return 64;
	}
}

static void
parse_default(struct parse *c, const json_t *object, struct profile_input *in)
{
	char why[INPUT_WHY_MAX], out[INPUT_VALUE_MAX];
	struct profile_input plain = *in;

	in->default_value = doc_text(&c->d, object, "default", false, INPUT_VALUE_MAX - 1);
	plain.match = NULL;
	if (in->default_value == NULL || (in->type == INPUT_CHOICE && in->choices == NULL))
		return;
	if (!input_normalize(
		in->match == NULL ? &plain : in, in->default_value, strlen(in->default_value), out, why))
		doc_fault(&c->d, "default", "%s", why);
	else
		in->default_value = doc_copy(&c->d, out);
}

static void
parse_lengths(struct parse *c, const json_t *object, struct profile_input *in)
{
	bool fixed = in->type == INPUT_MAC_ADDRESS || in->type == INPUT_EUI64;

	in->max_length =
	    (size_t)doc_int(&c->d, object, "max_length", 1, 500, (int64_t)usual_length(in->type));
	in->min_length = (size_t)doc_int(&c->d, object, "min_length", 0, 500, 0);
	if (in->min_length > in->max_length)
		doc_fault(&c->d, "min_length", "is above max_length");
	if (fixed && (in->max_length != usual_length(in->type) || in->min_length != 0))
		doc_fault(&c->d, "max_length", "an address has its own length");
}

static void
parse_input(struct parse *c, const json_t *object, struct profile_input *in, struct pattern **slot)
{
	static const char *const members[] = { "name", "title", "type", "required", "multiple", "pattern",
		"message", "default", "placeholder", "help", "min_length", "max_length", "choices",
		"generators", "sources", NULL };
	const char *name;
	int type;

	if (!doc_members(&c->d, object, members))
		return;
	name = doc_text(&c->d, object, "name", true, 40);
	if (name != NULL && !name_ok(name))
		doc_fault(&c->d, "name", "must be lower-case letters, digits and _, beginning with a letter");
	else if (name != NULL && profile_input_find(c->p, name) >= 0)
		doc_fault(&c->d, "name", "%s is there twice", name);
	type = doc_word(&c->d, object, "type", true, type_words, COUNT(type_words));
	in->type = type < 0 ? INPUT_TEXT : (enum input_type)type;
	in->title = doc_text(&c->d, object, "title", true, 100);
	in->required = doc_bool(&c->d, object, "required", true);
	in->multiple = doc_bool(&c->d, object, "multiple", false);
	in->message = doc_text(&c->d, object, "message", false, 200);
	in->placeholder = doc_text(&c->d, object, "placeholder", false, 200);
	in->help = doc_text(&c->d, object, "help", false, 500);
	parse_lengths(c, object, in);
	in->match = parse_pattern(c, object, &in->pattern, slot);
	parse_choices(c, object, in);
	parse_generators(c, object, in);
	parse_default(c, object, in);
	in->sources = doc_words(&c->d, object, "sources", false, source_words, COUNT(source_words));
	if (in->sources == 0)
		in->sources = SOURCE_FORM | SOURCE_CSV;
	in->name = name == NULL ? "?" : name;
	if (in->multiple && in->generators != GENERATOR_NONE)
		doc_fault(&c->d, "multiple", "a list has no generator");
}

bool
parse_inputs(struct parse *c, const json_t *root)
{
	const json_t *list = doc_array(&c->d, root, "inputs", true, 0, PROFILE_INPUTS_MAX), *one;
	struct profile *p = c->p;
	size_t i, at = c->d.path_len;

	p->inputs = doc_alloc(&c->d, PROFILE_INPUTS_MAX, sizeof(*p->inputs));
	p->patterns = doc_alloc(&c->d, PROFILE_INPUTS_MAX, sizeof(struct pattern *));
	p->parameters = doc_alloc(&c->d, PROFILE_INPUTS_MAX, sizeof(*p->parameters));
	if (p->inputs == NULL || p->patterns == NULL || p->parameters == NULL)
		return false;
	json_array_foreach((json_t *)list, i, one) {
		doc_into(&c->d, "inputs");
		doc_into_index(&c->d, i);
		parse_input(c, one, &p->inputs[p->n_inputs], &p->patterns[p->n_inputs]);
		if (p->inputs[p->n_inputs].name != NULL)
			p->n_inputs++;
		doc_back(&c->d, at);
	}
	return true;
}

int
parse_csr_input(struct parse *c, const char *attribute, bool required)
{
	struct profile *p = c->p;
	struct profile_input *in = &p->inputs[p->n_inputs];
	char name[48] = "csr_";
	size_t n = 4;

	if (p->n_inputs == PROFILE_INPUTS_MAX) {
		doc_fault(&c->d, NULL, "more than %d inputs", PROFILE_INPUTS_MAX);
		return -1;
	}
	for (const char *s = attribute; *s != '\0' && n < 40; s++) {
		if (*s >= 'A' && *s <= 'Z')
			name[n++] = (char)(*s + 32);
		else
			name[n++] = *s == '.' ? '_' : *s;
	}
	if (profile_input_find(p, name) >= 0)
		(void)snprintf(name + n, sizeof(name) - n, "_%zu", p->n_inputs);
	*in = (struct profile_input){ .name = doc_copy(&c->d, name),
		.type = INPUT_TEXT,
		.required = required,
		.title = doc_printf(&c->d, "%s of the CSR", attribute),
		.generators = GENERATOR_NONE,
		.max_length = 500,
		.sources = SOURCE_CSR };
	return in->name == NULL ? -1 : (int)p->n_inputs++;
}

void
parse_unique(struct parse *c, const json_t *root)
{
	const json_t *list = doc_array(&c->d, root, "unique", false, 0, PROFILE_INPUTS_MAX), *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		int k = json_is_string(one) ? profile_input_find(c->p, json_string_value(one)) : -1;

		if (k < 0)
			doc_fault(&c->d, "unique", "element %zu is no input of this profile", i);
		else if (c->p->inputs[k].multiple || !c->p->inputs[k].required)
			doc_fault(&c->d, "unique", "%s must be required and no list", c->p->inputs[k].name);
		else
			c->p->inputs[k].unique = true;
	}
}
