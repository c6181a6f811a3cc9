/* Revocation of certificates: by serial number, by an uploaded list; holds and their release. */
#include <inttypes.h>
#include <string.h>

#include "api/batch.h"
#include "domain/batch.h"
#include "domain/certificate.h"
#include "domain/revoke_list.h"
#include "http/json.h"

struct revoke_body {
	struct text_list	 serial_numbers;
	const char		*reason;
	int64_t			 invalid_since;
};
static const struct field revoke_fields[] = {
	TEXT_LIST(struct revoke_body, serial_numbers, 1, 10000, 64),
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

bool
api_certificates_revoke(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	struct revoke_body in = { 0 };
	struct revocation how;
	int64_t revoked, already;

	if (!json_decode(q->body, revoke_fields, COUNT(revoke_fields), q->arena, &in, e, http_faults(s)))
		return false;
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
