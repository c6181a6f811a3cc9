/*
 * partition - certificates' DER in pieces by range of id, on PostgreSQL: a billion rows stay manageable, and
 * pieces whose certificates are of no interest any more can be detached (docs/scale.md).
 */
#ifndef STORE_PARTITION_H
#define STORE_PARTITION_H

#include "db/db.h"

#define PARTITION_IDS INT64_C(50000000)

/*
 * Makes certificate_der partitioned while the store is young, then the pieces up to two ahead of id `top`
 * (negative: the last that was handed out).  A store of more than a million certificates whose table is whole
 * keeps it so.  Nothing to do on SQLite.
 */
must_check bool store_partition_ensure(struct db *tx, int64_t top, struct err *);

#endif
