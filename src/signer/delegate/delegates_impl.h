/* delegates_impl - what the files of the delegates share; nobody else includes it. */
#ifndef SIGNER_DELEGATES_IMPL_H
#define SIGNER_DELEGATES_IMPL_H

#include <pthread.h>

#include "signer/delegate/delegates.h"

struct secret;

struct delegates {
	const struct conf	*conf;
	const struct secret	*kek;
	const struct cas	*cas;
	struct journal		*journal;
	struct str		 certs;
	struct der		 responders[CONF_OPERATORS_MAX];	/* signers elsewhere that may ask */
	struct secret		*request_key;	/* NULL: none */
	struct str		 request_cert;
	pthread_rwlock_t	 lock;		/* the list; a delegate never leaves it */
	struct delegate		*first;
	pthread_mutex_t		 making;	/* one new key at a time */
};

void delegate_free(struct delegate *);
OWN_TYPE(struct delegate, delegate_free)
void delegate_path(const struct delegates *, const struct delegate *, const char *kind, char *buf, size_t cap);
/* A new pair, its key on disk; no certificate yet. */
must_check bool delegate_make(struct delegates *, const struct ca *, struct delegate **, struct err *);
must_check bool delegate_take_cert(struct delegate *, struct der, struct err *);
/* The same, and on disk. */
must_check bool delegate_keep_cert(struct delegates *, struct delegate *, struct der, struct err *);
void delegates_add(struct delegates *, struct delegate *);
struct delegate *delegates_best(struct delegates *, const struct ca *, int64_t now_s);
/* None, or past half of its life. */
bool delegate_is_due(const struct delegate *, int64_t now_s);

#endif
