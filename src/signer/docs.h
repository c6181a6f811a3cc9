/*
 * docs - the documents this signer believes: profiles, and organizations' constants for subjects.
 *
 * A document is active when one of the operator keys named in signer.conf signed it (x509/seal.h).
 * It lies in its folder as ID-VERSION.cms, is read at the start, on a reload, or when a version is
 * asked for that is not known yet; a bad one is refused with a log line.  A version never changes:
 * what is active stays so, and stays in memory.  Safe for any number of threads.
 *
 * A profile is the JSON of profiles/profile.schema.json.  An organization's constants are
 *	{"document": "organization", "id": 12, "version": 3, "parameters": {"country": "US", ...}}
 */
#ifndef SIGNER_DOCS_H
#define SIGNER_DOCS_H

#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/own.h"
#include "signer/cas.h"
#include "signer/conf.h"
#include "x509/profile/profile.h"
#include "x509/tbs.h"

struct docs;

enum doc_kind { DOC_PROFILE, DOC_ORGANIZATION };

struct doc {
	enum doc_kind		 kind;
	int64_t			 id, version;
	uint8_t			 sha256[SHA256_LEN];	/* of the document, without its signature */
	/* profiles */
	struct profile		*profile;
	const struct ca		*ca;			/* NULL: not known here */
	struct tbs_template	*template;		/* NULL: why_not says why nothing can be signed by it */
	struct tbs_template	*older[CONF_SHARDS_KEPT];	/* by numbers of shards that the CA had before; NULL behind the last */
	char			 why_not[192];
	/* organizations */
	struct json_t		*parameters;		/* an object of strings */
	struct doc		*next;
};

/* ERR_INVALID docs_operators when no operator certificate can be read. */
must_check bool docs_open(const struct conf *, const struct cas *, struct docs **, struct err *);
void docs_free(struct docs *);
OWN_TYPE(struct docs, docs_free)

/* ERR_FORBIDDEN doc_unknown: no such version is active here. */
must_check bool docs_get(struct docs *, enum doc_kind, int64_t id, int64_t version, const struct doc **, struct err *);
/* Reads both folders again. */
void docs_reload(struct docs *);
/*
 * Verifies and keeps a signed document; the same again is no error.  ERR_FORBIDDEN signed_doc_signer;
 * ERR_INVALID doc_invalid; ERR_CONFLICT doc_differs: that version is active with other content.
 */
must_check bool docs_activate(struct docs *, struct der signed_doc, const struct doc **, bool *anew, struct err *);
/* All of them, newest first, while nothing is freed. */
const struct doc *docs_first(struct docs *);

/* How many files were refused so far. */
size_t docs_refused(struct docs *);

/* Constants of an organization in the order that the profile wants; NULL where it has none. */
void doc_constants(const struct doc *organization, const struct profile *, const char *out[PROFILE_INPUTS_MAX]);

#endif
