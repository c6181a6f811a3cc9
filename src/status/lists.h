/* lists - revocation lists as files, open and ready to be sent; those of other hosts are fetched from the store. */
#ifndef STATUS_LISTS_H
#define STATUS_LISTS_H

#include <stdatomic.h>

#include "domain/crl.h"
#include "status/authorities.h"

struct list_file {
	atomic_int		 refs;
	const struct authority	*ca;
	struct crl_row		 row;
	int			 fd;
	char			 etag[36];
};
void list_release(struct list_file *);

struct lists;
struct lists *lists_new(const char *dir);
void lists_free(struct lists *);
/* Opens what is new.  A list that cannot be had leaves the one before in place. */
must_check bool lists_refresh(struct lists *, const struct app *, const struct authorities *, struct err *);
/* With a reference; NULL: there is none. */
struct list_file *lists_get(struct lists *, int64_t ca_id, int64_t shard, bool delta);

/* DIR/CA-whole-full-NUMBER.crl, DIR/CA-3-full-NUMBER.crl. */
#define LIST_PATH_MAX 4096
must_check bool list_path(const char *dir, const struct authority *, const struct crl_row *, char out[LIST_PATH_MAX],
    struct err *);

#endif
