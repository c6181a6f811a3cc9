/*
 * order_queue - requests of an upload between the reader and the judge; private to order_csr.c.
 *
 * They are judged in their order and one after the other, some hundreds behind the reader, so that threads can
 * prove possession meanwhile.  Whoever says something about the upload that has its place behind what was
 * read so far settles first.
 */
#ifndef DOMAIN_ORDER_QUEUE_H
#define DOMAIN_ORDER_QUEUE_H

#include "domain/order/order_run.h"

struct order_queue;
struct order_queue *order_queue_new(struct order_run *);
void order_queue_free(struct order_queue *);
OWN_TYPE(struct order_queue, order_queue_free)

/* A request, which is copied; `file` (or NULL) has to stay. */
must_check bool order_queue_request(struct order_queue *, const char *file, int64_t line, const uint8_t *der, size_t len,
    struct err *);
/* What stands in the place of one, and why it is none. */
must_check bool order_queue_bad(struct order_queue *, const char *file, int64_t line, const char *why, struct err *);
/* Judges all that waits. */
must_check bool order_queue_settle(struct order_queue *, struct err *);

#endif
