/*
 * conf - signer.conf: where this signer keeps things, whom it listens to, whose word it takes.
 *
 * INI.  Paths are relative to the file's own folder.  An unknown section, name or value is an error
 * with its line.  Times are seconds.
 */
#ifndef SIGNER_CONF_H
#define SIGNER_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"

#define CONF_OPERATORS_MAX	32
#define CONF_PATHS_MAX		16
#define CONF_SHARDS_MAX		256
#define CONF_SHARDS_KEPT	8
#define CONF_CAS_MAX		256
#define CA_ID_MAX		64		/* with the NUL */

enum role { ROLE_WORKER, ROLE_STATUS, ROLE_OPS };
#define ROLES 3
const char *socket_role_name(enum role);		/* "worker" */

struct conf_socket {
	char		*path;			/* NULL: this role is not served */
	unsigned	 mode;			/* 0600 */
	char		*group;			/* owner's group of the socket, or NULL */
};

/*
 * How many CRL shards a CA has had, in that order; the last number counts for new certificates.  A certificate keeps
 * the shard that it points at, so a shard holds those that belong there by any of the numbers.
 */
struct conf_ca {
	char		 id[CA_ID_MAX];
	unsigned	 shards[CONF_SHARDS_KEPT];
	size_t		 n;
};

struct conf {
	char		*file;			/* itself */
	char		*dir;			/* absolute, where relative paths begin */
	char		*public_url;		/* "http://pki.example:8080", no slash at the end */
	char		*kek;			/* key-encryption key */
	char		*journal, *ca, *profiles, *organizations, *ocsp, *crl;	/* folders */
	char		*audit_key, *audit_cert;
	unsigned	 threads;		/* helpers for large requests; 0: one a core */
	int64_t		 clock_skew_s;
	struct conf_socket sockets[ROLES];
	char		*operators[CONF_OPERATORS_MAX];		/* certificates, PEM */
	size_t		 n_operators;
	struct conf_ca	 cas[CONF_CAS_MAX];
	size_t		 n_cas;
	/* [ocsp] */
	int64_t		 ocsp_answer_max_s;	/* nextUpdate - thisUpdate */
	int64_t		 ocsp_delegate_s;	/* life of a delegate's certificate */
	char		*ocsp_key;		/* "issuer", "p256", "rsa2048" */
	char		*responders[CONF_OPERATORS_MAX];	/* signers elsewhere that may get delegates */
	size_t		 n_responders;
	char		*ocsp_request_key, *ocsp_request_cert;	/* with which this signer asks for them */
	/* [crl] */
	int64_t		 crl_next_update_max_s;
	/* [pkcs11] */
	char		*pkcs11_module, *pkcs11_pin_file;
	char		*pkcs11_read[CONF_PATHS_MAX], *pkcs11_write[CONF_PATHS_MAX];	/* for the module's own files */
	size_t		 n_pkcs11_read, n_pkcs11_write;
};

/* ERR_INVALID conf_invalid: one line with file, line and what to do. */
must_check bool conf_load(const char *path, struct conf **, struct err *);
void conf_free(struct conf *);
OWN_TYPE(struct conf, conf_free)

/* NULL: nothing is said about the CA, and it has no shards. */
const struct conf_ca *conf_ca(const struct conf *, const char *ca_id);
/* Lower-case letters, digits and hyphens, 1 to 63, no hyphen in front: safe in a file name. */
bool ca_id_ok(const char *);

#endif
