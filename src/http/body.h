/*
 * body - reads a request's body: JSON into secure memory, an upload into an unlinked file.
 *
 * Fed from the network thread.  An error found on the way is kept, the rest of the body is thrown away
 * (no answer can be given before its end), and body_finish reports it.
 */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include "http/exchange.h"

struct body;
/*
 * Looks at Content-Type and Content-Length.  False: the answer is set (400, 413, 415).  True with
 * x->body == NULL: there is none to read.
 */
must_check bool body_begin(struct exchange *, const struct http_conf *);
/*
 * Wipes what it was given, for it may hold a password.  False: it goes on and on past its limit, cut the
 * connection.
 */
must_check bool body_feed(struct exchange *, void *, size_t);
/* Sets q->body and q->upload.  False: the answer is set. */
must_check bool body_finish(struct exchange *);
uint64_t body_octets(const struct body *);
void body_free(struct body *);

#endif
