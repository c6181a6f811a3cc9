/*
 * demo - a whole working instance made from nothing: `certmill demo`.
 *
 * It is made in DIR/.making and moved into place piece by piece, demo.json last: a demo that was killed
 * half-way begins anew, one that has its demo.json is never touched again.
 */
#ifndef CMD_DEMO_H
#define CMD_DEMO_H

#include "base/arena.h"
#include "base/secret.h"
#include "base/str.h"
#include "domain/app.h"
#include "store/organization.h"
#include "store/user.h"

#define DEMO_PATH 4096
#define DEMO_USERS_MAX 16
#define DEMO_PACKS_MAX 32

struct demo_user {
	const char	*username, *role, *organization;
	int64_t		 id, organization_id;
	char		 token[64];
	struct secret	*key;			/* of the admin certificate, PKCS#8 */
	struct str	 certificate;		/* DER */
};

struct demo {
	char			 dir[DEMO_PATH];	/* where it will stand */
	char			 making[DEMO_PATH];	/* where it is made */
	char			 share[DEMO_PATH];	/* profile packs */
	char			 signer_program[DEMO_PATH];
	const char		*store;			/* URI, or NULL: SQLite in the directory */
	int			 port_base;
	struct arena		*arena;
	const struct app	*app;			/* once the store is there */
	char			 password[32];		/* of all users of the demo, and of their PKCS#12 files */
	struct secret		*operator_key;		/* activates profiles and constants in the signer */
	struct str		 operator_cert;
	struct demo_user	 users[DEMO_USERS_MAX];
	size_t			 users_n;
};

/* Files: "signer/kek" below d->making, mode 0600, parents made. */
must_check bool demo_write(const struct demo *, const char *path, const void *, size_t, struct err *);
must_check bool demo_read(const char *path, struct str *out, struct err *);
/* Names in a folder, sorted, so that every demo is made in the same order; at most cap. */
must_check bool demo_names(const char *dir, struct arena *, char **names, size_t cap, size_t *n, struct err *);

/* Where sockets go: "../run" as the signer sees it, or an absolute path where DIR's name is too long for them. */
const char *demo_run_dir(const struct demo *);
/* A socket while the demo is being made. */
must_check bool demo_socket(const struct demo *, const char *name, char out[DEMO_PATH], struct err *);

/* The signer's directory, the operator's key, and every CA of the packs. */
must_check bool demo_signer(struct demo *, struct err *);
/* Ecosystems, CAs, profiles, organizations, users, grants, quotas and tokens in the store; documents signed. */
must_check bool demo_data(struct demo *, struct err *);
/* The server's certificate and everybody's admin certificate, by a signer that runs meanwhile. */
must_check bool demo_certificates(struct demo *, struct err *);
/* certmill.conf and demo.json. */
must_check bool demo_config(const struct demo *, struct err *);
must_check bool demo_json(const struct demo *, struct err *);

#endif
