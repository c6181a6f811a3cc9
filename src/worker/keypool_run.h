/* keypool_run - shared by keypool*.c. */
#ifndef WORKER_KEYPOOL_RUN_H
#define WORKER_KEYPOOL_RUN_H

#include <pthread.h>
#include <stdatomic.h>

#include "worker/keypool.h"

#define SEAL_ID_LEN 64

/* A pair that was made and waits to be stored. */
struct made {
	struct pool_key	 key;		/* points into the two below */
	char		 seal[SEAL_ID_LEN + 1];
	struct str	 spki, box;
	size_t		 kind;
	struct made	*next;
};

struct seal {
	char		 id[SEAL_ID_LEN + 1];
	struct secret	*key;
	struct seal	*next;
};

struct keypool {
	const struct app	*app;
	struct keypool_conf	 conf;
	const char		*host;
	struct hostkeys		*hostkeys;
	int			 mark_fd;		/* its lock is for other processes, */
	pthread_mutex_t		 mark_lock;		/*   this one for threads */
	atomic_bool		 go;			/* pairs may be made now */
	pthread_mutex_t		 lock;			/* of all below */
	struct seal		*seals;			/* opened ones */
	char			 current[SEAL_ID_LEN + 1];	/* that new pairs go under; "": none yet */
	int64_t			 level[KEYPOOL_KINDS];	/* in the store, as far as is known */
	int64_t			 coming[KEYPOOL_KINDS];	/* being made, or waiting to be stored */
	struct made		*made;
	size_t			 made_n;
};

/* The key under which a seal's pairs are; a copy.  ERR_NOT_FOUND: no such seal, or its host key is gone. */
must_check bool keypool_seal_open(struct keypool *, const char *id, struct secret **, struct err *);
/* What a box of the pool is about. */
void keypool_about(const struct pool_key *, struct str *out);

#endif
