/*
 * http - requests, answers and routes, without a word about the library below.
 *
 * A route is a row: method, pattern, right, limits, handler.  The router finds it, asks who calls
 * (hooks of the api layer), bounds and reads the body, runs the handler on a worker thread and turns
 * `struct err` into application/problem+json (RFC 9457).  Handlers may block.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fault.h"
#include "base/secret.h"

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)

struct app;			/* the api layer's own; passed through, never looked into */
struct actor;			/* who asks: domain/actor.h */

enum http_method { GET = 1, HEAD, POST, PUT, PATCH, DELETE };

enum http_listener {		/* which socket a request came by; a bit each */
	HTTP_PORTAL = 1,	/* browsers, tokens */
	HTTP_MTLS   = 2,	/* asks for client certificates */
	HTTP_OPS    = 4,	/* health and metrics, loopback */
	HTTP_STATUS = 8		/* relying parties, plain HTTP */
};

struct http_pair {
	const char	*name;
	const char	*value;
};
struct http_pairs {
	const struct http_pair	*v;
	size_t			 n;
};

/* The part `file` of a multipart/form-data body, spooled to an unlinked file. */
struct http_upload {
	const char	*file_name;	/* as sent, valid UTF-8 without control characters; "" when none */
	const char	*content_type;	/* as sent, or NULL */
	int		 fd;		/* the request's: at offset 0, closed with it; dup() to keep */
	uint64_t	 size;		/* octets */
};

/* ---- request: alive until the answer, with its stream, is over ---- */

struct http_req {
	enum http_method	 method;	/* HEAD runs the GET row of its path */
	enum http_listener	 listener;
	const char		*path;		/* percent-decoded; never with "..", "//" or an encoded slash */
	const char		*raw_path;	/* as it came, without the query */
	struct http_pairs	 params;	/* {name} segments of the pattern, decoded */
	struct http_pairs	 query;		/* decoded; a name given twice was refused (400) */
	struct http_pairs	 headers;
	struct http_pairs	 cookies;
	const char		*remote;	/* client address as text, from nginx; "" when unknown */
	const char		*request_id;	/* 32 hex digits */
	const uint8_t		*client_cert;	/* DER, on HTTP_MTLS when one was presented; else NULL.  The peer
						 * proved possession of the key; nothing else was checked. */
	size_t			 client_cert_len;
	bool			 has_body;	/* one is announced; whether it is taken is found out later */
	const struct secret	*body;		/* JSON body, or the part `order`; NULL when there is none */
	const struct http_upload *upload;	/* NULL when there is none */
	const struct actor	*actor;		/* set by the authenticate hook; NULL: nobody */
	struct arena		*arena;		/* everything of this request; limit 16 MiB */
	const struct route	*route;
};

/* NULL when absent.  Header names match in any case. */
const char *http_param(const struct http_req *, const char *name);
const char *http_query(const struct http_req *, const char *name);
const char *http_header(const struct http_req *, const char *name);
const char *http_cookie(const struct http_req *, const char *name);
/* The token behind "Authorization: Bearer ", or NULL. */
const char *http_bearer(const struct http_req *);
/* A path parameter that is an integer id; anything else is ERR_NOT_FOUND, as an unknown id is. */
must_check bool http_param_int(const struct http_req *, const char *name, int64_t *, struct err *);
/* A query parameter true/false (absent: `otherwise`); ERR_INVALID with a fault on anything else. */
must_check bool http_query_bool(const struct http_req *, const char *name, bool otherwise, bool *, struct faults *,
    struct err *);
/* ERR_INVALID with a fault for each query parameter that is not in the NULL-terminated list. */
must_check bool http_query_only(const struct http_req *, const char *const *names, struct faults *, struct err *);

/* ---- answer ---- */

/*
 * A body of known length, made piece by piece: Range (206, 416), If-Range and HEAD are dealt with here.
 * Calls come from worker threads, one at a time but not always the same one: keep no cursor and no
 * transaction open between two calls.
 */
struct http_stream {
	uint64_t	 length;		/* octets */
	const char	*etag;			/* strong, with its quotes, or NULL (then If-Range never matches) */
	/*
	 * Once, just before the first octet leaves, and never for HEAD or a range that cannot be satisfied:
	 * the place for "this was downloaded".  May be NULL.
	 */
	bool		(*start)(void *arg, struct err *);
	/* Up to cap octets from offset on into buf: how many (at least 1), or -1 with err: the connection is cut. */
	ssize_t		(*read)(void *arg, uint64_t offset, void *buf, size_t cap, struct err *);
	void		(*close)(void *arg);	/* exactly once, however it ended; may be NULL */
	void		*arg;
};

struct http_res;

/* What is wrong with the input, place by place; answered as `errors` when the handler returns false. */
struct faults *http_faults(struct http_res *);

/*
 * One of these ends a handler: each returns true, so that `return http_json(s, 200, v)` reads well; the
 * last one called counts.  Texts are copied.
 */
bool http_json(struct http_res *, int status, json_t *);		/* takes the reference; NULL is a 500 */
bool http_empty(struct http_res *, int status);
bool http_redirect(struct http_res *, int status, const char *location);
bool http_bytes(struct http_res *, int status, const char *type, const void *, size_t);	/* copied */
/* Not copied: `done(arg)` (may be NULL) when the octets are not needed any more. */
bool http_bytes_from(struct http_res *, int status, const char *type, const void *, size_t,
    void (*done)(void *), void *arg);
bool http_stream(struct http_res *, const char *type, const struct http_stream *);	/* 200 or 206 */

/*
 * An answer of status 200 that is made once and given many times: its headers, those that every answer of the
 * listener bears, no X-Request-Id.  The octets are not copied.  It and they must be there until each request that
 * gives it is over: `done(arg)` says so.
 */
struct http_ready;
struct http_ready *http_ready_new(enum http_listener, const struct http_pair *headers, size_t headers_n, const void *,
    size_t);
void http_ready_free(struct http_ready *);
bool http_ready(struct http_res *, struct http_ready *, void (*done)(void *), void *arg);

/*
 * The answer comes from another thread, while the connection waits and no thread of the server
 * does.  `begin` is called once it waits; whoever gets the turn answers with http_bytes or http_bytes_from on
 * http_turn_res(), and gives it back, once.  The request is alive until then.
 */
struct http_turn;
bool http_later(struct http_res *, void (*begin)(void *arg, struct http_turn *), void *arg);
struct http_res *http_turn_res(struct http_turn *);
void http_turn_over(struct http_turn *);

/*
 * Whether the client's copy is good (If-None-Match, else If-Modified-Since): then 304 is set.  Always sets ETag
 * (with its quotes; NULL: none) and Last-Modified (0: none).
 */
bool http_not_modified(const struct http_req *, struct http_res *, const char *etag, int64_t modified_s);

/* Headers of the answer; dropped when it becomes a problem document.  Repeating a name adds a line. */
void http_set(struct http_res *, const char *name, const char *value);
void http_setf(struct http_res *, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Content-Disposition: attachment, with a safe ASCII name and, where needed, filename* (RFC 6266). */
void http_attachment(struct http_res *, const char *file_name);
/* Set-Cookie with Secure, HttpOnly, SameSite=Strict, Path=/; max_age_s < 0: until the browser ends, 0: now. */
void http_cookie_set(struct http_res *, const char *name, const char *value, int64_t max_age_s);

/* ---- server-sent events ---- */

/*
 * A text/event-stream that producers on any thread write to.  The server keeps it alive by a comment
 * every 15 s and ends it when the client went, reads too slowly or the server stops; then, once,
 * `closed(arg)` (may be NULL; it must not call back into http).
 * The handle is the caller's until http_events_release, also after the stream has ended.
 */
struct http_events;
must_check bool http_events(struct http_res *, void (*closed)(void *arg), void *arg, struct http_events **,
    struct err *);		/* ERR_UNAVAILABLE over the number of streams allowed */
/* id and event may be NULL; data may have lines.  False: the stream is over (release the handle). */
bool http_events_push(struct http_events *, const char *id, const char *event, const char *data);
void http_events_end(struct http_events *);		/* what was pushed is still sent */
void http_events_release(struct http_events *);		/* does not end the stream */

/* ---- routes ---- */

typedef bool http_handler(struct app *, const struct http_req *, struct http_res *, struct err *);

#define HTTP_UPLOAD SIZE_MAX			/* upload_max of a route: what is configured, and a mebibyte for the rest */
struct route {
	enum http_method	 method;
	const char		*pattern;	/* "/api/v1/batches/{id}/reject"; a literal segment beats a {name};
						 * {name} may end in a literal: "/crl/{ca}.crl"; "{name...}" last
						 * takes the rest, raw and with its slashes */
	unsigned		 needs;		/* the api layer's rights; 0: public */
	size_t			 json_max;	/* octets of an application/json body (or part `order`); 0: none taken */
	size_t			 upload_max;	/* octets of a multipart/form-data body; 0: none taken; or HTTP_UPLOAD */
	http_handler		*handler;
};

/* Run on a worker thread before any octet of the body is read; any may be NULL. */
struct http_hooks {
	/* Sets q->actor, or leaves NULL where there are no credentials; false for wrong ones. */
	bool (*authenticate)(struct app *, struct http_req *, struct err *);
	/* ERR_UNAUTHENTICATED for nobody, ERR_FORBIDDEN for a missing right.  Asked even when needs is 0. */
	bool (*check)(struct app *, const struct http_req *, unsigned needs, struct err *);
	/* Objects named in the path: ERR_NOT_FOUND when they are not the actor's to see. */
	bool (*admit)(struct app *, const struct http_req *, struct err *);
	/* After every answer, for audit or metrics; from any thread, must not block. */
	void (*done)(struct app *, const struct http_req *, int status, int64_t duration_us);
};

/* Routes with what they have in common.  Several mounts may share a listener; the first match counts. */
struct http_mount {
	const struct route	*routes;
	size_t			 n;
	unsigned		 listeners;	/* HTTP_PORTAL | HTTP_MTLS … */
	struct http_hooks	 hooks;
	const char		*body_type;	/* media type taken where json_max > 0; NULL: application/json */
	/*
	 * Tried in the network thread before the hop to a worker (12 to 20 µs): true when it answered.  It must
	 * neither block nor fail.  For answers that are ready, such as a cached OCSP response.  May be NULL.
	 */
	bool			(*quick)(struct app *, const struct http_req *, struct http_res *);
};

/* ---- server ---- */

struct http_listen {
	enum http_listener	 listener;
	const char		*unix_path;	/* or NULL and: */
	const char		*address;	/* "127.0.0.1:8080", "[::1]:8080"; for HTTP_STATUS and HTTP_OPS only */
	const char		*group;		/* group that may connect to the socket, or NULL: mode 0600 */
};

struct http_conf {
	struct app		*app;
	const struct http_mount	*mounts;
	size_t			 mounts_n;
	const struct http_listen *listen;
	size_t			 listen_n;
	const char		*origin;	/* "https://localhost:8443": the only Origin of unsafe requests */
	const char		*spool_dir;	/* for uploads; NULL: no route has upload_max */
	size_t			 upload_max;	/* octets of an upload where the route says HTTP_UPLOAD */
	int			 threads;	/* workers; at least 1 */
	int			 events_max;	/* event streams at once */
	int			 connections_max; /* 0: 2000 */
	int			 body_rate_min;	/* octets a second a body must bring, averaged over 10 s; 0: 1024 */
	bool			(*thread_start)(struct app *, struct err *);	/* on each worker; may be NULL */
	void			(*thread_end)(struct app *);			/* may be NULL */
};

struct http_server;
must_check bool http_server_start(const struct http_conf *, struct http_server **, struct err *);
/*
 * Takes nothing new, ends event streams, waits up to grace_ms for running answers, then cuts them.  False:
 * a handler still runs, and the process can only _exit.
 */
bool http_server_stop(struct http_server *, int grace_ms);
void http_server_free(struct http_server *);	/* stops with a grace of 5 s, if not done, and releases */
OWN_TYPE(struct http_server, http_server_free)

/* For /metrics: running figures since the start. */
struct http_stats {
	uint64_t	requests, answers_2xx, answers_3xx, answers_4xx, answers_5xx;
	uint64_t	active, events, queue;		/* now */
};
void http_server_stats(const struct http_server *, struct http_stats *);

#endif
