/* ops - what operators' tools ask: /healthz, /readyz, /metrics (OpenMetrics), on the inside only. */
#ifndef CMD_OPS_H
#define CMD_OPS_H

#include "http/http.h"

extern const struct route ops_routes[];
extern const size_t ops_routes_n;

/* /healthz is answered even while all workers are busy. */
bool ops_quick(struct app *, const struct http_req *, struct http_res *);
/* Appends gauges of the revocation lists: ops_crl.c. */
struct str;
void ops_crl_metrics(struct app *, struct str *);
/* And of key pairs that were made in advance: ops_pool.c. */
void ops_pool_metrics(struct app *, struct str *);
/* Whose figures /metrics shows; once, before the first request. */
void ops_serve(const struct http_server *);

#endif
