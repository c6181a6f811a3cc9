/* auth - how a request becomes an actor's, and the cookies of the log-in. */
#ifndef API_AUTH_H
#define API_AUTH_H

#include "domain/app.h"
#include "domain/account/session.h"
#include "http/http.h"

#define COOKIE_SESSION "__Host-certmill"
#define COOKIE_PENDING "__Host-certmill-login"
#define COOKIE_BROWSER "__Host-certmill-browser"

/* The session's cookie and the browser's, in place of the pending one. */
void auth_cookies(struct http_res *, const struct login_done *);
/* Where the request comes from, for the domain; texts are the request's. */
struct origin auth_origin(const struct http_req *);

bool auth_authenticate(struct app *, struct http_req *, struct err *);
bool auth_check(struct app *, const struct http_req *, unsigned needs, struct err *);
/*
 * What the path of a request that has, or may have, a body names, before the body is read: ERR_NOT_FOUND when it is not the
 * actor's to see.
 */
bool auth_admit(struct app *, const struct http_req *, struct err *);

#endif
