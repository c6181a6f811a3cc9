/* crl_files - revocation lists as files, open and ready to be sent; those of other hosts are fetched from the store. */
#ifndef STATUS_CRL_FILES_H
#define STATUS_CRL_FILES_H

#include <stdatomic.h>

#include "domain/certificate/crl.h"
#include "status/authorities.h"

struct list_file {
	atomic_int		 refs;
	const struct authority	*ca;
	struct crl_row		 row;
	int			 fd;
	char			 etag[36];
};
void list_release(struct list_file *);

struct crl_files;
struct crl_files *crl_files_new(const char *dir);
void crl_files_free(struct crl_files *);
/* Opens what is new.  A list that cannot be had leaves the one before in place. */
must_check bool crl_files_refresh(struct crl_files *, const struct app *, const struct authorities *, struct err *);
/* With a reference; NULL: there is none. */
struct list_file *crl_files_get(struct crl_files *, int64_t ca_id, int64_t shard, bool delta);

#define PUBLISHER_FILE ".publisher"	/* in the folder: who publishes from it */

/* DIR/CA-whole-full-NUMBER.crl, DIR/CA-3-full-NUMBER.crl. */
#define LIST_PATH_MAX 4096
must_check bool list_path(const char *dir, const struct authority *, const struct crl_row *, char out[LIST_PATH_MAX],
    struct err *);

#endif
