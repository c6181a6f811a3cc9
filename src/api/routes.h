/*
 * routes - the table of /api/v1: who may, how much, where.  A test holds it against api/openapi.yaml.
 */
#ifndef API_ROUTES_H
#define API_ROUTES_H

#include "domain/app.h"
#include "http/http.h"

extern const struct route api_routes[];
extern const size_t api_routes_n;

/* Who calls: bearer token, session cookie, or a service account's client certificate. */
extern const struct http_hooks api_hooks;

#endif
