/* worker - which worker hosts are alive. */
#ifndef STORE_WORKER_H
#define STORE_WORKER_H

#include "db/db.h"

must_check bool store_worker_beat(struct db *tx, const char *host, int64_t at, struct err *);
/* Whether any host's last sign of life is between the two times. */
must_check bool store_worker_alive(struct db *, int64_t from, int64_t to, bool *alive, struct err *);

#endif
