/*
 * mailer - delivers queued mail: by SMTP (libcurl), or as files where an instance has no mail server.
 */
#ifndef WORKER_MAILER_H
#define WORKER_MAILER_H

#include "domain/app.h"

struct mailer_conf {
	const char	*server;	/* "smtp://host:25" (STARTTLS when offered), "smtps://…"; NULL: files */
	const char	*ca;		/* PEM that its certificate chains to; NULL: the system's */
	bool		 tls_required;	/* as it is with `user` */
	const char	*user;		/* or NULL */
	const char	*password_file;	/* or NULL; read anew for each message */
	const char	*from;		/* "certmill@pki.example" */
	const char	*dir;		/* where files go: TIME-ID.eml, mode 0600 */
};

/*
 * Delivers what is due, at most a hundred messages.  A message that is refused waits for its next try; one that
 * was taken, but could not be noted as sent, is not sent again by this process.  One thread.
 */
must_check bool mailer_step(const struct app *, const struct mailer_conf *, bool *did, struct err *);

#endif
