/*
 * catalog_sample - what a profile document would make, before it is prepared: a certificate of the CA
 * that it names, for a sample device.
 *
 * It is built as workers build it and taken apart as every certificate is; only its signature is
 * missing (all zero), so it is of no use to anybody else.  Also how two versions of a document differ.
 */
#ifndef DOMAIN_CATALOG_SAMPLE_H
#define DOMAIN_CATALOG_SAMPLE_H

#include <jansson.h>

#include "base/arena.h"
#include "base/fault.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "x509/cert.h"

struct catalog_sample {
	struct cert_view	 view;
	struct key_type		 key;
	const char		*pem;
	json_t			*inputs;	/* that it was made with; the caller's */
};
/*
 * `inputs`: object of strings, or NULL; what it lacks is taken from the document's examples and defaults.
 * organization_id 0: constants are made up.  Operators only.  ERR_INVALID with faults by JSON path of the
 * document, or "inputs.NAME".
 */
must_check bool catalog_sample(const struct app *, const struct actor *, const char *json, size_t len,
    int64_t organization_id, const json_t *inputs, struct arena *, struct catalog_sample *, struct faults *,
    struct err *);

/* List of {"path", "before", "after"}: members that came, went or changed; null where there is none. */
must_check bool catalog_changes(const char *before, const char *after, json_t **out, struct err *);

#endif
