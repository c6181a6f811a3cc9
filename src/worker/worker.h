/*
 * worker - leases slices and issues them, on as many threads as it is told.
 *
 * Any number of workers on any number of hosts share the work; nothing coordinates them but the leases.
 * A worker may be killed at any instruction: what it had planned is asked of the signer's journal by the
 * next one, and what was signed but not stored becomes a revoked orphan.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "domain/app.h"
#include "worker/keypool.h"
#include "worker/mailer.h"
#include "x509/rsa/rsagen.h"

struct worker_conf {
	int			 threads;		/* 0: one more than there are CPUs */
	const char		*keys_dir;		/* sealing keys of this host */
	const char		*host;			/* its name; NULL: keys_dir/host, made from the machine's name */
	const char		*signer_socket;		/* the signer's worker role */
	enum rsagen_setting	 rsa_keygen;
	int			 pool[KEYPOOL_KINDS];	/* pairs made in advance, of each of keypool_kinds */
	struct mailer_conf	 mail;
	int64_t			 lease_s;		/* 0: 60 */
};

/* Works until *stop becomes true; slices in hand are finished.  ERR when it cannot even begin. */
must_check bool worker_run(const struct app *, const struct worker_conf *, const volatile bool *stop, struct err *);

#endif
