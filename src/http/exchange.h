/*
 * exchange - one request and its answer on their way through the router; private to src/http.
 *
 * The engine fills in what came over the wire and calls the router step by step; the router knows
 * nothing of sockets, so tests drive it without any.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "base/str.h"
#include "http/http.h"

#define REQUEST_ARENA_MAX	(16 * MIB)
#define TARGET_MAX		8192
#define HEADERS_MAX		(48 * KIB)
#define HEADERS_COUNT_MAX	128
#define HEADERS_FEW		16		/* so many are reckoned with at first */

struct body;
struct router;

enum res_kind { RES_NONE, RES_BYTES, RES_STREAM, RES_EVENTS, RES_LATER };

struct res_header {
	const char		*name;
	const char		*value;
	struct res_header	*next;
};

struct http_ready {
	const void	*bytes;
	size_t		 n;
	void		*response;	/* the engine's */
};

struct http_res {
	const struct http_req	*q;
	struct arena		*arena;
	struct faults		 faults;
	int			 status;
	enum res_kind		 kind;
	struct res_header	*headers, **headers_end;
	const void		*bytes;		/* RES_BYTES */
	size_t			 bytes_n;
	void			(*done)(void *);
	void			*done_arg;
	struct http_ready	*ready;		/* ... made before: the headers are in it */
	void			(*later)(void *, struct http_turn *);	/* RES_LATER */
	void			*later_arg;
	struct http_stream	 stream;	/* RES_STREAM */
	uint64_t		 stream_from, stream_n;	/* the range that is sent */
	struct http_events	*events;	/* RES_EVENTS */
	struct events_set	*events_set;
};

struct exchange {
	struct http_req		 q;
	struct http_res		 s;
	struct router		*router;
	const struct http_mount	*mount;
	const char		*method;	/* as sent */
	const char		*target;	/* raw, with the query */
	const char		*content_type;
	int64_t			 content_length;	/* -1: not said (chunked) */
	bool			 has_body;
	bool			 is_head;
	struct body		*body;
	struct http_upload	 upload;
	char			 request_id[33];
	struct http_pair	*header_v;
	size_t			 header_n, header_cap, header_octets;
	int64_t			 begun_us;
};

struct exchange *exchange_new(struct router *, enum http_listener);
void exchange_free(struct exchange *);
OWN_TYPE(struct exchange, exchange_free)

/* Take copies.  Limits are noted, and answered by router_open. */
void exchange_target(struct exchange *, const char *target);
void exchange_method(struct exchange *, const char *method);
void exchange_header(struct exchange *, const char *name, const char *value);

/* ---- req.c: the parts of a request ---- */

/* Percent-decodes n octets; NULL for a bad escape, NUL, control characters or wrong UTF-8. */
char *pct_decode(struct arena *, const char *, size_t n, bool plus_is_blank);
must_check bool req_query(struct exchange *, const char *query, struct err *);
void req_cookies(struct exchange *, const char *header);
/* The DER behind nginx's $ssl_client_escaped_cert. */
must_check bool req_client_cert(struct exchange *, const char *escaped_pem, struct err *);

/* ---- res.c ---- */

void res_init(struct http_res *, const struct http_req *, struct events_set *);
/* Gives up what a handler had begun to answer; faults stay. */
void res_drop(struct http_res *);
void res_clear(struct http_res *);
const char *http_status_text(int status);
/* The last touch before an answer leaves: request id, caching. */
void res_seal(struct exchange *);
/* Headers that every answer of a listener bears. */
const struct http_pair *res_fixed_headers(enum http_listener, size_t *n);
/* An answer of octets as they go over the wire (HTTP/1.1), for a connection that ends with it.  Seals it. */
void res_text(struct exchange *, struct str *out);
/*
 * The next octets of a stream from *offset on, which moves: as many as fit or are left; fewer when it breaks, which
 * is logged.
 */
size_t res_fill(struct exchange *, uint64_t *offset, char *buf, size_t cap, bool *broken);
/* Applies Range to a stream: sets status, Content-Range, the octets to send.  False: 416 is set instead. */
bool res_range(struct http_res *, const struct http_req *);

/* ---- problem.c ---- */

int problem_status(enum err_kind);
/* Makes the answer a problem document of this error, with the faults found. */
void problem_from_err(struct http_res *, const struct http_req *, const struct err *);
/* The same for a status that no error kind has (405, 414, 415, 416, 431). */
void problem_set(struct http_res *, const struct http_req *, int status, const char *code, const char *detail);

/* ---- events.c ---- */

struct events_set;
struct events_set *events_set_new(int max);
void events_set_free(struct events_set *);
size_t events_set_count(struct events_set *);
/* Heartbeats for streams that were silent; `end`: all of them end. */
void events_set_tick(struct events_set *, int64_t now_ms);
void events_set_end(struct events_set *);
/* The engine's side: wake is called, with the stream locked, when there is something to send. */
void events_attach(struct http_events *, void (*wake)(void *), void *arg);
/* Octets copied; 0: nothing now, and the next push wakes (`sleep` was called under the lock); -1: over. */
ssize_t events_take(struct http_events *, char *buf, size_t cap, void (*sleep)(void *), void *arg);
void events_gone(struct http_events *);		/* the engine's last call: drops its reference */

#endif
