/*
 * signer - what the operations of one signer process share.
 *
 * Made in main's start-up, then shared by all threads.
 */
#ifndef SIGNER_SIGNER_H
#define SIGNER_SIGNER_H

#include <stdint.h>

#include "base/frame.h"
#include "base/str.h"
#include "signer/cas.h"
#include "signer/conf.h"
#include "signer/docs.h"
#include "signer/journal/journal.h"
#include "signer/pool.h"
#include "signer/proto.h"

struct audit;
struct delegates;
struct lists;
struct secret;

struct signer {
	struct conf		*conf;
	struct secret		*kek;		/* NULL: nothing sealed is here */
	struct cas		*cas;
	struct docs		*docs;
	struct journal		*journal;
	struct pool		*pool;
	struct delegates	*delegates;
	struct lists		*lists;
	struct audit		*audit;		/* NULL: no audit key here */
	int64_t			 started_s;
};

/* Configuration, keys, documents; a failure says what to do.  No threads yet: the program is confined next. */
must_check bool signer_open(const char *conf_path, struct signer **, struct err *);
/* The journal, and what works by it. */
must_check bool signer_start(struct signer *, struct err *);
void signer_free(struct signer *);
OWN_TYPE(struct signer, signer_free)

/* One request being served. */
struct call {
	struct signer	*signer;
	enum role	 role;
	int		 fd;		/* the connection, for descriptors that follow a request */
	struct unpack	 in;		/* the payload */
	struct str	 out;		/* the reply's payload */
};

/* ERR_NOT_FOUND ca_unknown. */
must_check bool call_ca(struct call *, struct der ski, const struct ca **, struct err *);
/* The request was read to its end and is well-formed; ERR_MALFORMED signer_request. */
must_check bool call_complete(const struct call *, struct err *);
/* One item's refusal, as in a list of results. */
void pack_refusal(struct str *, const struct err *);

/* Runs an operation for a role: a row of the table, or ERR_FORBIDDEN signer_role. */
must_check bool ops_run(struct call *, uint8_t op, struct err *);

bool op_info(struct call *, struct err *);
bool op_sign_certs(struct call *, struct err *);
bool op_journal_find(struct call *, struct err *);
bool op_journal_scan(struct call *, struct err *);
bool op_ocsp_delegate(struct call *, struct err *);
bool op_sign_ocsp(struct call *, struct err *);
bool op_ocsp_request(struct call *, struct err *);
bool op_ocsp_certify(struct call *, struct err *);
bool op_ocsp_install(struct call *, struct err *);
bool op_sign_crl(struct call *, struct err *);
bool op_audit_sign(struct call *, struct err *);
bool op_activate(struct call *, struct err *);
bool op_reload(struct call *, struct err *);

/*
 * Listens, confines the program, starts the signer, and serves until SIGTERM or SIGINT: status 0, or 1
 * when the journal's disk failed.
 */
must_check bool server_run(struct signer *, int *status, struct err *);

#endif
