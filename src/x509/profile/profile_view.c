#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/own.h"
#include "base/str.h"
#include "x509/profile/pattern.h"
#include "x509/profile/profile_private.h"

const char *
profile_json(const struct profile *p, size_t *len)
{
	*len = p->json_len;
	return p->json;
}

const struct profile_about *
profile_about(const struct profile *p)
{
	return &p->about;
}

const struct profile_input *
profile_inputs(const struct profile *p, size_t *n)
{
	*n = p->n_inputs;
	return p->inputs;
}

int
profile_input_find(const struct profile *p, const char *name)
{
	for (size_t i = 0; i < p->n_inputs; i++)
		if (strcmp(p->inputs[i].name, name) == 0)
			return (int)i;
	return -1;
}

const struct profile_parameter *
profile_parameters(const struct profile *p, size_t *n)
{
	*n = p->n_parameters;
	return p->parameters;
}

const struct key_type *
profile_server_keys(const struct profile *p, size_t *n)
{
	*n = p->n_server_keys;
	return p->server_keys;
}

const struct profile_key_rule *
profile_csr_keys(const struct profile *p, size_t *n)
{
	*n = p->n_csr_keys;
	return p->csr_keys;
}

enum signature_algorithm
profile_signature(const struct profile *p)
{
	return p->signature;
}

bool
profile_csr_sha1_ok(const struct profile *p)
{
	return p->csr_sha1;
}

const struct profile_validity *
profile_validity(const struct profile *p)
{
	return &p->validity;
}

const struct profile_download *
profile_download(const struct profile *p)
{
	return &p->download;
}

const char *
download_format_name(enum download_format f)
{
	switch (f) {
	case FORMAT_P12:
		return "p12";
	case FORMAT_PEM:
		return "pem";
	case FORMAT_DER:
		return "der";
	case FORMAT_FACTORY_FLAT:
		return "factory_flat";
	case FORMAT_FACTORY_FOLDER:
		return "factory_folder";
	default:
		return NULL;
	}
}

const struct profile_rdn_view *
profile_subject_view(const struct profile *p, size_t *n)
{
	*n = p->n_rdns;
	return p->rdn_views;
}

const struct profile_extension_view *
profile_extensions_view(const struct profile *p, size_t *n)
{
	*n = p->n_extensions;
	return p->extension_views;
}

const char *
profile_validity_text(const struct profile *p)
{
	return p->validity_text;
}

/* One place where a constant of the organization stands, alone or in a longer text. */
static bool
parameter_fits(const struct node *value, size_t index, const char *text, char why[INPUT_WHY_MAX])
{
	bool alone = value->value.n == 1;

	if (!(value->parameters >> index & 1))
		return true;
	if (!charset_ok(value->charset, text, strlen(text))) {
		(void)snprintf(why, INPUT_WHY_MAX, "%.80s holds a character that a %s cannot hold", text,
		    charset_name(value->charset));
		return false;
	}
	if (value->max_length != 0 && utf8_length(text, strlen(text)) > value->max_length) {
		(void)snprintf(why, INPUT_WHY_MAX, "%.80s is longer than %zu characters", text,
		    value->max_length);
		return false;
	}
	if (alone && value->match != NULL && !pattern_match(value->match, text)) {
		(void)snprintf(why, INPUT_WHY_MAX, "%.80s does not have the form that the profile asks for",
		    text);
		return false;
	}
	return true;
}

bool
profile_parameter_ok(const struct profile *p, size_t index, const char *text, char why[INPUT_WHY_MAX])
{
	size_t len = strlen(text);

	why[0] = '\0';
	if (len == 0) {
		if (p->parameters[index].required)
			(void)snprintf(why, INPUT_WHY_MAX, "a value is needed");
		return !p->parameters[index].required;
	}
	if (len >= INPUT_VALUE_MAX / 2 || !text_name_ok(text, INPUT_VALUE_MAX) || text[0] == ' ' ||
	    text[len - 1] == ' ') {
		(void)snprintf(why, INPUT_WHY_MAX,
		    "must be a text without control characters or blanks at its ends");
		return false;
	}
	for (size_t i = 0; i < p->n_rdns; i++)
		if (!parameter_fits(p->rdns[i].value, index, text, why))
			return false;
	return true;
}

int64_t
profile_not_after(const struct profile *p, int64_t not_before_s, int64_t issuer_not_after_s)
{
	const struct profile_validity *v = &p->validity;
	/* The last second counts (RFC 5280 section 4.1.2.5), so a day ends at 23:59:59. */
	int64_t to = v->until_s != 0 ? v->until_s : not_before_s + v->days * 86400 - 1;

	if (v->nest && to > issuer_not_after_s)
		to = issuer_not_after_s;
	return to > TIME_NEVER_S ? TIME_NEVER_S : to;
}

bool
profile_dates(const struct profile *p, int64_t now_s, int64_t issuer_not_before_s, int64_t issuer_not_after_s,
    int64_t *not_before_s, int64_t *not_after_s, struct err *e)
{
	int64_t from = now_s - p->validity.backdate_s, to;

	if (p->validity.nest && from < issuer_not_before_s)
		from = issuer_not_before_s;
	to = profile_not_after(p, from, issuer_not_after_s);
	if (from > now_s)
		return err_set(e, ERR_CONFLICT, "issuer_not_yet_valid", "the issuing CA is not valid yet");
	if (to <= now_s)
		return err_set(e, ERR_CONFLICT, "issuer_expired", "%s", issuer_not_after_s <= now_s ?
		    "the issuing CA has expired" : "the profile's last day is over");
	*not_before_s = from;
	*not_after_s = to;
	return true;
}

void
profile_describe(struct parse *c)
{
	struct profile *p = c->p;
	const struct profile_validity *v = &p->validity;
	const char *nest = v->nest ? ", not past the issuing CA's end" : "";
	char until[TIME_TEXT_LEN];

	if (v->until_s != 0) {
		time_text(v->until_s, until);
		p->validity_text = doc_printf(&c->d, "until %s%s", until, nest);
	} else if (v->days >= 730) {
		p->validity_text = doc_printf(&c->d, "%lld days (about %lld years)%s", (long long)v->days,
		    (long long)(v->days * 4 / 1461), nest);
	} else {
		p->validity_text = doc_printf(&c->d, "%lld days%s", (long long)v->days, nest);
	}
}
