/*
 * The engine: libmicrohttpd in suspend/resume mode, the only file that knows it.
 *
 * Its few threads do nothing but network; whatever may block is a job for the workers, with the connection
 * suspended meanwhile.  A suspended connection cannot go away, so a job may always resume it; after that
 * call the flight belongs to the network thread again and is not touched.
 */
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/body.h"
#include "http/flight.h"
#include "http/json.h"

#define CHUNK_OCTETS	  (256 * KIB)
#define BLOCK_OCTETS	  (64 * KIB)
#define EARLY_OCTETS	  (2 * KIB)	/* a problem document; many may linger */
#define QUEUE_MAX	  1000		/* requests that wait for a worker; more are told to come again */
#define CONNECTION_IDLE_S 75		/* above nginx's keepalive_timeout to us */
/* Above what nginx lets through (4 buffers of 64k), so that too long a head gets our answer. */
#define CONNECTION_OCTETS (320 * KIB)
/* The library wipes it between requests: where these are small and many, little is to be wiped. */
#define CONNECTION_STATUS_OCTETS (32 * KIB)

/* ---- life of a flight ---- */

static void *
on_target(void *cls, const char *uri, struct MHD_Connection *conn)
{
	struct front *front = cls;
	struct http_server *server = front->server;
	struct flight *f = calloc(1, sizeof(*f));

	if (f == NULL)
		abort();
	f->front = front;
	f->conn = conn;
	f->fd = -1;
	f->x = exchange_new(server->router, front->listener);
	exchange_target(f->x, uri);
	(void)pthread_mutex_lock(&server->lock);
	TAILQ_INSERT_TAIL(&server->flights, f, link);
	server->active++;
	(void)pthread_mutex_unlock(&server->lock);
	return f;
}

static void
flight_free(struct flight *f)
{
	struct http_server *server = f->front->server;

	router_done(f->x);
	exchange_free(f->x);
	free(f->chunk);
	free(f);
	(void)pthread_mutex_lock(&server->lock);
	server->active--;
	if (atomic_load(&server->stopping))
		(void)pthread_cond_broadcast(&server->changed);
	(void)pthread_mutex_unlock(&server->lock);
}

static void
job_free(void *arg)
{
	flight_free(arg);
}

static void
on_completed(void *cls, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode code)
{
	struct flight *f = *con_cls;
	struct http_server *server;

	(void)cls;
	(void)conn;
	(void)code;
	if (f == NULL)
		return;
	*con_cls = NULL;
	server = f->front->server;
	(void)pthread_mutex_lock(&server->lock);
	TAILQ_REMOVE(&server->flights, f, link);
	(void)pthread_mutex_unlock(&server->lock);
	if (f->x->s.kind != RES_STREAM || f->x->s.stream.close == NULL) {
		flight_free(f);
		return;
	}
	f->job = (struct job){ .run = job_free, .arg = f };	/* close() may block */
	workers_add(server->workers, &f->job);
}

/* ---- answering ---- */

static void
job_fill(void *arg)
{
	struct flight *f = arg;

	f->chunk_off = 0;
	f->chunk_n = res_fill(f->x, &f->stream_off, f->chunk, CHUNK_OCTETS, &f->broken);
	MHD_resume_connection(f->conn);
}

static ssize_t
read_stream(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct flight *f = cls;
	size_t n = f->chunk_n - f->chunk_off;

	(void)pos;
	if (n > 0) {
		if (n > max)
			n = max;
		memcpy(buf, f->chunk + f->chunk_off, n);
		f->chunk_off += n;
		return (ssize_t)n;
	}
	if (f->broken)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (f->chunk == NULL && (f->chunk = malloc(CHUNK_OCTETS)) == NULL)
		abort();
	MHD_suspend_connection(f->conn);
	f->job = (struct job){ .run = job_fill, .arg = f };
	workers_add(f->front->server->workers, &f->job);
	return 0;
}

static void
conn_suspend(void *conn)
{
	MHD_suspend_connection(conn);
}

static void
conn_resume(void *conn)
{
	MHD_resume_connection(conn);
}

static ssize_t
read_events(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct flight *f = cls;
	ssize_t n = events_take(f->x->s.events, buf, max, conn_suspend, f->conn);

	(void)pos;
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

/*
 * An answer before the end of the body ends the connection, and nginx, still sending, would meet the closed
 * end before it reads the answer, and make a 503 of it.  It stops sending once it has the head: so all of the
 * answer goes out under its Content-Length, and the end of the connection waits a little.
 */
static ssize_t
read_early(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct flight *f = cls;
	struct http_res *s = &f->x->s;
	struct http_server *server = f->front->server;
	size_t n = s->bytes_n - pos;

	if (n > 0) {
		n = n < max ? n : max;
		memcpy(buf, (const char *)s->bytes + pos, n);
		return (ssize_t)n;
	}
	if (f->linger_ms != 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	(void)pthread_mutex_lock(&server->lock);
	MHD_suspend_connection(f->conn);
	f->linger_ms = clock_mono_ms() + LINGER_MS;
	if (server->lingering++ == 0)
		(void)pthread_cond_broadcast(&server->changed);
	(void)pthread_mutex_unlock(&server->lock);
	return 0;
}

static struct MHD_Response *
make_early(struct flight *f)
{
	struct MHD_Response *r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, EARLY_OCTETS, read_early, f, NULL);
	char n[24];

	if (r == NULL)
		return NULL;
	(void)snprintf(n, sizeof(n), "%zu", f->x->s.bytes_n);
	(void)MHD_set_response_options(r, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT | MHD_RF_INSANITY_HEADER_CONTENT_LENGTH,
	    MHD_RO_END);
	(void)MHD_add_response_header(r, "Content-Length", n);
	return r;
}

static struct MHD_Response *
make_response(struct flight *f)
{
	struct http_res *s = &f->x->s;

	if (s->kind == RES_BYTES && s->bytes_n > 0 && f->expects_body && !f->body_over && !f->x->is_head)
		return make_early(f);
	switch (s->kind) {
	case RES_STREAM:
		if (s->stream_n == 0)
			break;
		f->stream_off = s->stream_from;
		return MHD_create_response_from_callback(s->stream_n, BLOCK_OCTETS, read_stream, f, NULL);
	case RES_EVENTS:
		events_attach(s->events, conn_resume, f->conn);
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 * KIB, read_events, f, NULL);
	case RES_BYTES:
		return MHD_create_response_from_buffer(s->bytes_n, (void *)(uintptr_t)s->bytes, MHD_RESPMEM_PERSISTENT);
	case RES_LATER:
	case RES_NONE:
		break;
	}
	return MHD_create_response_from_buffer(0, (void *)(uintptr_t)"", MHD_RESPMEM_PERSISTENT);
}

struct http_ready *
http_ready_new(enum http_listener listener, const struct http_pair *headers, size_t headers_n, const void *p, size_t n)
{
	struct http_ready *ready = calloc(1, sizeof(*ready));
	size_t fixed_n;
	const struct http_pair *fixed = res_fixed_headers(listener, &fixed_n);

	if (ready == NULL)
		abort();
	ready->bytes = p;
	ready->n = n;
	ready->response = MHD_create_response_from_buffer(n, (void *)(uintptr_t)p, MHD_RESPMEM_PERSISTENT);
	if (ready->response == NULL)
		abort();
	for (size_t i = 0; i < fixed_n; i++)
		(void)MHD_add_response_header(ready->response, fixed[i].name, fixed[i].value);
	for (size_t i = 0; i < headers_n; i++)
		(void)MHD_add_response_header(ready->response, headers[i].name, headers[i].value);
	return ready;
}

void
http_ready_free(struct http_ready *ready)
{
	MHD_destroy_response(ready->response);
	free(ready);
}

static enum MHD_Result
answer(struct flight *f)
{
	struct http_server *server = f->front->server;
	const struct http_pair *fixed;
	struct MHD_Response *r;
	enum MHD_Result ok;
	size_t n;

	f->state = FLIGHT_ANSWERED;
	if (f->x->s.ready != NULL)
		return MHD_queue_response(f->conn, (unsigned)f->x->s.status, f->x->s.ready->response);
	r = make_response(f);
	if (r == NULL)
		abort();
	res_seal(f->x);
	fixed = res_fixed_headers(f->front->listener, &n);
	for (size_t i = 0; i < n; i++)
		(void)MHD_add_response_header(r, fixed[i].name, fixed[i].value);
	for (struct res_header *h = f->x->s.headers; h != NULL; h = h->next)
		(void)MHD_add_response_header(r, h->name, h->value);
	if (atomic_load(&server->stopping))
		(void)MHD_add_response_header(r, "Connection", "close");
	ok = MHD_queue_response(f->conn, (unsigned)f->x->s.status, r);
	MHD_destroy_response(r);
	return ok;
}

/* ---- the way of a request ---- */

static void
job_request(void *arg)
{
	struct flight *f = arg;

	if (f->step == STEP_ADMIT)
		f->step = router_admit(f->x);
	if (f->step == STEP_HANDLE) {
		router_handle(f->x);
		f->step = f->x->s.kind == RES_LATER ? STEP_LATER : STEP_ANSWER;
	}
	MHD_resume_connection(f->conn);
}

void
flight_resume(struct flight *f)
{
	MHD_resume_connection(f->conn);
}

struct http_res *
http_turn_res(struct http_turn *turn)
{
	return &((struct flight *)turn)->x->s;
}

void
http_turn_over(struct http_turn *turn)
{
	struct flight *f = (struct flight *)turn;

	router_late(f->x);
	f->step = STEP_ANSWER;
	MHD_resume_connection(f->conn);
}

static enum MHD_Result
go(struct flight *f, enum step step)
{
	struct http_server *server = f->front->server;
	struct err e = { 0 };

	f->step = step;
	if (step == STEP_ANSWER)
		return answer(f);
	if (step == STEP_LATER) {
		f->state = FLIGHT_WORKING;
		MHD_suspend_connection(f->conn);
		f->x->s.later(f->x->s.later_arg, (struct http_turn *)f);
		return MHD_YES;
	}
	if (step == STEP_BODY) {
		f->window_ms = clock_mono_ms();
		f->state = FLIGHT_BODY;
		atomic_store(&f->reading, true);
		return MHD_YES;
	}
	if (workers_waiting(server->workers) >= QUEUE_MAX) {
		(void)err_set(&e, ERR_UNAVAILABLE, "busy", "too many requests are waiting; try again later");
		e.retry_after_s = 2;
		router_refuse(f->x, &e);
		return answer(f);
	}
	f->state = FLIGHT_WORKING;
	f->job = (struct job){ .run = job_request, .arg = f };
	MHD_suspend_connection(f->conn);
	workers_add(server->workers, &f->job);
	return MHD_YES;
}

/* The library takes no answer in the midst of a body: it is written beside it, and nginx ends the connection. */
static enum MHD_Result
slow_body(struct flight *f, size_t *n)
{
	OWN_STR struct str text = { 0 };
	enum MHD_Result more = *n == 0 ? MHD_NO : MHD_YES;

	*n = 0;
	if (f->x->s.kind == RES_NONE) {
		problem_set(&f->x->s, &f->x->q, 408, "timeout", "the body took too long to arrive");
		res_text(f->x, &text);
		(void)send(f->fd, text.p, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	return more;
}

static enum MHD_Result
each_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	exchange_header(cls, name, value == NULL ? "" : value);
	return MHD_YES;
}

static void
peer_address(struct flight *f)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(f->conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (info != NULL && info->client_addr != NULL)
		f->x->q.remote = listen_peer(info->client_addr, f->x->q.arena);
}

static enum MHD_Result
begin(struct flight *f)
{
	struct err e = { 0 };

	if (atomic_load(&f->front->server->stopping)) {
		(void)err_set(&e, ERR_UNAVAILABLE, "stopping", "this server stops; try again");
		router_refuse(f->x, &e);
		return answer(f);
	}
	return go(f, router_open(f->x));
}

static enum MHD_Result
first_call(struct flight *f, const char *method)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(f->conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	const char *length;

	f->fd = info == NULL ? -1 : info->connect_fd;
	exchange_method(f->x, method);
	if (f->front->socket.path == NULL)
		peer_address(f);
	(void)MHD_get_connection_values(f->conn, MHD_HEADER_KIND, each_header, f->x);
	length = http_header(&f->x->q, "Content-Length");
	f->expects_body = http_header(&f->x->q, "Transfer-Encoding") != NULL || (length != NULL && strcmp(length, "0") != 0);
	if (f->expects_body)
		return begin(f);	/* before its body, so that it can be refused */
	f->state = FLIGHT_HEADED;
	return MHD_YES;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
    const char *data, size_t *n, void **con_cls)
{
	struct flight *f = *con_cls;

	(void)cls;
	(void)conn;
	(void)url;
	(void)version;
	switch (f->state) {
	case FLIGHT_NEW:
		return first_call(f, method);
	case FLIGHT_HEADED:
		return begin(f);
	case FLIGHT_WORKING:		/* resumed: the job said what comes next */
		return go(f, f->step);
	case FLIGHT_BODY:
		if (atomic_load(&f->slow))
			return slow_body(f, n);
		if (*n > 0) {
			bool ok = body_feed(f->x, (void *)(uintptr_t)data, *n);

			atomic_fetch_add(&f->octets, *n);
			*n = 0;
			return ok ? MHD_YES : MHD_NO;
		}
		atomic_store(&f->reading, false);
		f->body_over = true;
		return go(f, router_ready(f->x));
	case FLIGHT_ANSWERED:
		break;
	}
	*n = 0;
	return MHD_YES;
}

/* ---- start and stop ---- */

static void __attribute__((format(printf, 2, 0)))
on_log(void *cls, const char *fmt, va_list ap)
{
	char text[256], quoted[300];

	(void)cls;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	log_debug("http.library", "msg=%s", log_quote(text, quoted, sizeof(quoted)));
}

static bool
front_start(struct http_server *server, const struct http_listen *l, struct err *e)
{
	struct front *front = &server->fronts[server->fronts_n];
	int max = server->conf.connections_max > 0 ? server->conf.connections_max : 2000;
	unsigned threads = l->listener == HTTP_OPS ? 1 : 2;
	struct MHD_OptionItem pool[] = {
		{ threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	if (!listen_open(l, &front->socket, e))
		return false;
	front->server = server;
	front->listener = l->listener;
	server->fronts_n++;
	front->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
	    NULL, NULL, on_request, front,
	    MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
	    MHD_OPTION_LISTEN_SOCKET, front->socket.fd,
	    MHD_OPTION_URI_LOG_CALLBACK, on_target, front,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)max,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CONNECTION_IDLE_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, l->listener == HTTP_STATUS ? (size_t)CONNECTION_STATUS_OCTETS :
	    (size_t)CONNECTION_OCTETS,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
	    MHD_OPTION_ARRAY, pool,
	    MHD_OPTION_END);
	return front->daemon != NULL || err_sys(e, "%s: the HTTP library does not start",
	    l->unix_path != NULL ? l->unix_path : l->address);
}

static void
close_fronts(struct http_server *server)
{
	for (size_t i = 0; i < server->fronts_n; i++) {
		struct front *front = &server->fronts[i];

		if (front->daemon != NULL)
			MHD_stop_daemon(front->daemon);
		front->daemon = NULL;
		listen_unlink(&front->socket);
		(void)close(front->socket.fd);
	}
	server->fronts_n = 0;
}

bool
http_server_start(const struct http_conf *conf, struct http_server **out, struct err *e)
{
	OWN(http_server_free) struct http_server *server = calloc(1, sizeof(*server));
	pthread_condattr_t monotonic;

	if (server == NULL)
		abort();
	server->conf = *conf;
	(void)signal(SIGPIPE, SIG_IGN);
	json_init();
	(void)pthread_mutex_init(&server->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&server->changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	TAILQ_INIT(&server->flights);
	server->router = router_new(conf);
	if (!workers_new(conf->threads, conf->thread_start, conf->thread_end, conf->app, &server->workers, e))
		return false;
	if (conf->listen_n > LISTENERS_MAX)
		return err_set(e, ERR_INVALID, "listen", "more than %d listeners", LISTENERS_MAX);
	for (size_t i = 0; i < conf->listen_n; i++)
		if (!front_start(server, &conf->listen[i], e))
			return false;
	watch_start(server);
	*out = give(server);
	return true;
}

/*
 * The library aborts when it is stopped with a connection suspended: so first no new ones, then the event
 * streams end, then all answers, and only then the stop.
 */
bool
http_server_stop(struct http_server *server, int grace_ms)
{
	if (server->stopped)
		return server->active == 0;
	server->stopped = true;
	atomic_store(&server->stopping, true);
	for (size_t i = 0; i < server->fronts_n; i++)
		if (server->fronts[i].daemon != NULL) {
			(void)MHD_quiesce_daemon(server->fronts[i].daemon);
			listen_unlink(&server->fronts[i].socket);
		}
	events_set_end(router_events(server->router));
	if (!watch_idle(server, grace_ms)) {
		watch_cut(server);
		if (!watch_idle(server, 1000)) {
			log_warn("http.stop", "active=%zu why=\"handlers still run\"", server->active);
			return false;
		}
	}
	watch_end(server);
	close_fronts(server);
	return true;
}

void
http_server_free(struct http_server *server)
{
	if (server == NULL || !http_server_stop(server, 5000))
		return;			/* its threads still use it */
	watch_end(server);
	close_fronts(server);
	workers_free(server->workers);
	router_free(server->router);
	(void)pthread_mutex_destroy(&server->lock);
	(void)pthread_cond_destroy(&server->changed);
	free(server);
}

void
http_server_stats(const struct http_server *server, struct http_stats *out)
{
	struct http_server *s = (struct http_server *)(uintptr_t)server;	/* locks are no change */

	router_stats(server->router, out);
	(void)pthread_mutex_lock(&s->lock);
	out->active = server->active;
	(void)pthread_mutex_unlock(&s->lock);
	out->queue = workers_waiting(s->workers);
}
