#include "worker/enrol.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "domain/account/enrolment.h"
#include "domain/profile/profile.h"
#include "signlink/signlink.h"
#include "x509/cert.h"
#include "x509/tbs.h"

#define SCRATCH_MAX ((size_t)4 * 1024 * 1024)
#define TRIES_MAX 5

struct job {
	const struct app		*app;
	struct signlink			*signer;
	struct arena			*arena;
	struct enrolment_work		 work;
	const struct profile		*profile;
	const struct issuer		*issuer;
	const struct ca			*ca;
};

static bool
open_tx(struct db *db, void *arg, struct err *e)
{
	struct job *j = arg;

	return profile_document(j->app, db, j->work.profile_id, j->work.profile_version, &j->profile, e) &&
	    profile_issuer(j->app, db, j->work.ca_id, &j->issuer, &j->ca, e);
}

static bool
tbs_of(struct job *j, uint8_t *buf, struct der *tbs, struct err *e)
{
	struct tbs_site site = { .public_url = j->app->public_url, .shards = (unsigned)j->ca->shards };
	OWN(tbs_template_free) struct tbs_template *template = NULL;
	const struct { const char *name, *value; } inputs[] = { { "username", j->work.username },
		{ "organization", j->work.organization } };
	struct tbs_in in = { .spki = { j->work.spki, j->work.spki_len } };

	for (size_t i = 0; i < COUNT(inputs); i++) {
		int at = profile_input_find(j->profile, inputs[i].name);

		if (at >= 0)
			in.inputs[at] = inputs[i].value;
	}
	cert_serial_make(in.serial);
	return tbs_template_new(j->profile, j->issuer, &site, &template, e) &&
	    profile_dates(j->profile, clock_now_s(), j->ca->not_before, j->ca->not_after, &in.not_before_s, &in.not_after_s,
	    e) && tbs_build(template, &in, buf, TBS_MAX, tbs, e);
}

static bool
certify(struct job *j, struct err *e)
{
	struct signlink_request request = { .ca = j->ca->ski, .profile_id = j->work.profile_id,
	    .profile_version = j->work.profile_version, .n = 1 };
	struct signlink_result result;
	uint8_t buf[TBS_MAX], der[CERT_DER_MAX];
	struct der tbs, whole;

	if (!tbs_of(j, buf, &tbs, e))
		return false;
	request.tbs = &tbs;
	if (!signlink_sign_certs(j->signer, &request, j->arena, &result, e))
		return false;
	if (!result.ok)
		return err_set(e, ERR_INVALID, "signer_refused", "the signer refused: %.120s", result.why);
	return cert_assemble(tbs, profile_signature(j->profile), result.signature.p, result.signature.len, der, sizeof(der),
	    &whole, e) && enrolment_store(j->app, &j->work, whole.p, whole.len, e);
}

bool
enrol_step(const struct app *app, struct signlink *signer, bool *did, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(SCRATCH_MAX);
	struct job j = { .app = app, .signer = signer, .arena = a };
	struct err why = { 0 };

	if (!enrolment_lease(app, a, &j.work, did, e))
		return false;
	if (!*did || (app_tx(app, DB_READ, open_tx, &j, &why) && certify(&j, &why)))
		return true;
	log_err("enrolment.failed", &why);
	if (why.kind == ERR_UNAVAILABLE && j.work.attempts < TRIES_MAX)
		return true;		/* its lease runs out, and another worker may do better */
	return enrolment_fail(app, &j.work, why.kind == ERR_INTERNAL ? "the operator's log says why" : why.msg, e);
}
