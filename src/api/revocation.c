/* Revocation of certificates: by serial number, by an uploaded list; holds and their release. */
#include <inttypes.h>
#include <string.h>

#include "api/batch.h"
#include "domain/batch/batch.h"
#include "domain/certificate/certificate.h"
#include "domain/certificate/revoke_filter.h"
#include "domain/certificate/revoke_list.h"
#include "http/json.h"

struct filter_body {
	int64_t		 batch_id, profile_id, organization_id, from, to;
	const char	*name, *subject, *serial_number;
	const char	*status_name;
};
static const struct field filter_fields[] = {
	INT(struct filter_body, batch_id, 1, INT64_MAX, OPTIONAL),
	INT(struct filter_body, profile_id, 1, INT64_MAX, OPTIONAL),
	INT(struct filter_body, organization_id, 1, INT64_MAX, OPTIONAL),
	TEXT(struct filter_body, name, 1, 200, OPTIONAL),
	TEXT(struct filter_body, subject, 1, 200, OPTIONAL),
	TEXT(struct filter_body, serial_number, 1, 64, OPTIONAL),
	TEXT(struct filter_body, status_name, 1, 20, OPTIONAL, AS("status")),
	TIME(struct filter_body, from, OPTIONAL),
	TIME_END(struct filter_body, to, OPTIONAL),
};

struct revoke_body {
	struct text_list	 serial_numbers;
	struct filter_body	*filter;
	int64_t			 expected;		/* -1: not said */
	const char		*reason;
	int64_t			 invalid_since;
};
static const struct field revoke_fields[] = {
	TEXT_LIST(struct revoke_body, serial_numbers, 1, 10000, 64, OPTIONAL),
	OBJECT(struct revoke_body, filter, struct filter_body, filter_fields, OPTIONAL),
	INT(struct revoke_body, expected, 0, INT64_MAX, OPTIONAL),
	TEXT(struct revoke_body, reason, 1, 64),
	TIME(struct revoke_body, invalid_since, OPTIONAL),
};
static const struct field list_fields[] = {
	TEXT(struct revoke_body, reason, 1, 64),
	TIME(struct revoke_body, invalid_since, OPTIONAL),
};
static const struct field release_fields[] = {
	TEXT_LIST(struct revoke_body, serial_numbers, 1, 10000, 64),
};

/* The member that is to blame is named. */
static bool
blame(const struct revoke_body *in, struct http_res *s, const struct err *e)
{
	if (e->kind == ERR_INVALID && strcmp(e->code, "reason") == 0)
		fault_add(http_faults(s), NULL, 0, "reason", in->reason, "%s", e->msg);
	else if (e->kind == ERR_INVALID && strcmp(e->code, "invalid_since") == 0)
		fault_add(http_faults(s), NULL, 0, "invalid_since", NULL, "%s", e->msg);
	return false;
}

/* -1: any.  Unknown ones are a fault. */
static bool
status_find(const char *name, int *out, struct http_res *s, struct err *e)
{
	*out = -1;
	if (name == NULL)
		return true;
	for (int i = 0; i < CERTIFICATE_STATUSES; i++)
		if (strcmp(certificate_status_names[i], name) == 0)
			*out = i;
	if (*out >= 0)
		return true;
	fault_add(http_faults(s), NULL, 0, "filter.status", name, "there is no such status");
	return err_set(e, ERR_INVALID, "filter", "there is no such status");
}

static bool
revoke_matching(struct app *app, const struct http_req *q, struct http_res *s, const struct revoke_body *in,
    bool dry_run, struct err *e)
{
	const struct revocation how = { .reason = revocation_reason(in->reason), .invalid_since = in->invalid_since };
	const struct filter_body *f = in->filter;
	struct certificate_search want = { .organization_id = f->organization_id, .batch_id = f->batch_id,
	    .profile_id = f->profile_id, .name = f->name, .subject = f->subject, .serial_number = f->serial_number,
	    .from = f->from, .to = f->to };
	struct revoke_filter_result out;

	if (!status_find(f->status_name, &want.status, s, e))
		return false;
	if (!dry_run && in->expected < 0) {
		fault_add(http_faults(s), NULL, 0, "expected", NULL, "is missing: how many are to be revoked");
		return err_set(e, ERR_INVALID, "expected", "a filter needs the number that it is expected to revoke");
	}
	if (!revoke_filter(app, q->actor, &want, dry_run ? -1 : in->expected, &how, &out, e)) {
		if (e->kind == ERR_INVALID && strcmp(e->code, "filter") == 0)
			fault_add(http_faults(s), NULL, 0, "filter", NULL, "%s", e->msg);
		return blame(in, s, e);
	}
	return http_json(s, 200, json_pack("{s:I, s:I, s:b, s:I, s:I}", "revoked", (json_int_t)out.revoked,
	    "already_revoked", (json_int_t)out.already, "dry_run", dry_run, "certificates",
	    (json_int_t)out.certificates, "remaining", (json_int_t)out.remaining));
}

/* By serial numbers, or by a filter. */
static bool
one_way(const struct revoke_body *in, bool dry_run, struct http_res *s, struct err *e)
{
	const char *why = NULL;

	if ((in->serial_numbers.n > 0) == (in->filter != NULL))
		why = in->filter != NULL ? "beside a filter there are none" : "are missing";
	else if (in->filter == NULL && (dry_run || in->expected >= 0))
		why = "named one by one: dry_run and expected go with a filter";
	if (why == NULL)
		return true;
	fault_add(http_faults(s), NULL, 0, "serial_numbers", NULL, "%s", why);
	return err_set(e, ERR_INVALID, "serial_numbers", "name either serial_numbers or a filter");
}

bool
api_certificates_revoke(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	static const char *const names[] = { "dry_run", NULL };
	struct revoke_body in = { .expected = -1 };
	struct revocation how;
	int64_t revoked, already;
	bool dry_run;

	if (!http_query_only(q, names, http_faults(s), e) ||
	    !http_query_bool(q, "dry_run", false, &dry_run, http_faults(s), e) ||
	    !json_decode(q->body, revoke_fields, COUNT(revoke_fields), q->arena, &in, e, http_faults(s)) ||
	    !one_way(&in, dry_run, s, e))
		return false;
	if (in.filter != NULL)
		return revoke_matching(app, q, s, &in, dry_run, e);
	how = (struct revocation){ .reason = revocation_reason(in.reason), .invalid_since = in.invalid_since };
	if (!certificate_revoke(app, q->actor, in.serial_numbers.v, in.serial_numbers.n, &how, &revoked, &already,
	    http_faults(s), e))
		return blame(&in, s, e);
	return http_json(s, 200, json_pack("{s:I, s:I}", "revoked", (json_int_t)revoked, "already_revoked",
	    (json_int_t)already));
}

bool
api_certificates_revoke_list(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	static const char *const names[] = { "dry_run", NULL };
	struct revoke_body in = { 0 };
	struct revoke_list_result out;
	struct revocation how;
	bool dry_run;

	if (!http_query_only(q, names, http_faults(s), e) ||
	    !http_query_bool(q, "dry_run", false, &dry_run, http_faults(s), e) ||
	    !json_decode(q->body, list_fields, COUNT(list_fields), q->arena, &in, e, http_faults(s)))
		return false;
	if (q->upload == NULL) {
		fault_add(http_faults(s), NULL, 0, "file", NULL, "is missing");
		return err_set(e, ERR_INVALID, "list", "the list is missing: multipart/form-data with a part \"file\"");
	}
	how = (struct revocation){ .reason = revocation_reason(in.reason), .invalid_since = in.invalid_since };
	if (!revoke_list(app, q->actor, q->upload->fd, &how, dry_run, &out, http_faults(s), e))
		return blame(&in, s, e);
	return http_json(s, 200, json_pack("{s:b, s:I, s:I, s:I, s:I}", "dry_run", dry_run, "lines", (json_int_t)out.lines,
	    "certificates", (json_int_t)out.certificates, "revoked", (json_int_t)out.revoked, "already_revoked",
	    (json_int_t)out.already));
}

bool
api_certificates_release(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct revoke_body in = { 0 };
	int64_t released;

	if (!json_decode(q->body, release_fields, COUNT(release_fields), q->arena, &in, e, http_faults(s)) ||
	    !certificate_release(app, q->actor, in.serial_numbers.v, in.serial_numbers.n, &released, http_faults(s), e))
		return false;
	return http_json(s, 200, json_pack("{s:I}", "released", (json_int_t)released));
}
