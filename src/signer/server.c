/* The sockets: one a role, a thread a connection, requests answered in turn. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/sandbox.h"
#include "signer/signer.h"

#define BACKLOG		64
#define CONNECTIONS_MAX	512		/* of one role */
#define REQUEST_MS	60000		/* from a request's first octet to its last */
#define REPLY_MS	60000
#define REFUSALS_LOGGED	100		/* a minute */
#define LEAVE_MS	5000		/* for requests under way when the signer ends */

struct connection {
	struct server		*server;
	enum role		 role;
	int			 fd;
	struct connection	*next, *prev;
};

struct server {
	struct signer		*signer;
	int			 listeners[ROLES];
	bool			 inherited[ROLES];
	pthread_mutex_t		 lock;
	pthread_cond_t		 gone;
	struct connection	*first;
	unsigned		 n[ROLES];
	int			 wake[2];	/* a connection's thread ends the server */
};

static void
reply_error(struct str *out, const struct err *e)
{
	const char *code = e->code != NULL ? e->code : "internal";
	const char *msg = e->kind == ERR_INTERNAL && e->msg[0] == '\0' ? "the signer failed; see its log" : e->msg;

	str_clear(out);
	pack_u8(out, (uint8_t)e->kind);
	pack_u32(out, (uint32_t)e->retry_after_s);
	pack_octets(out, code, strlen(code));
	pack_octets(out, msg, strlen(msg));
}

/* A peer that is refused without end fills no disk: so many lines a minute, and how many were left out. */
static void
log_refused(const struct err *e)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static int64_t since_ms;
	static unsigned lines, more;
	const int64_t now_ms = clock_mono_ms();
	bool say;

	pthread_mutex_lock(&lock);
	if (now_ms - since_ms > 60000) {
		if (more != 0)
			log_warn("signer.refused", "more=%u", more);
		since_ms = now_ms;
		lines = more = 0;
	}
	say = lines < REFUSALS_LOGGED;
	*(say ? &lines : &more) += 1;
	pthread_mutex_unlock(&lock);
	if (say)
		log_err("signer.refused", e);
}

/*
 * One request.  False ends the connection: also behind a request that was not understood, for
 * what follows it cannot be told from octets that belonged to it.
 */
static bool
serve_one(struct connection *c, struct str *payload)
{
	struct signer *s = c->server->signer;
	struct call call = { .signer = s, .role = c->role, .fd = c->fd };
	struct err e = { 0 }, send = { 0 };
	uint8_t op;
	bool ok, sent;

	if (!frame_recv(c->fd, &op, payload, PROTO_REQUEST_MAX, REQUEST_MS, &e)) {
		if (e.kind != ERR_UNAVAILABLE)
			log_warn("signer.frame", "role=%s code=%s", socket_role_name(c->role), e.code);
		return false;
	}
	call.in = (struct unpack){ (const uint8_t *)payload->p, payload->len, false };
	ok = ops_run(&call, op, &e);
	if (!ok) {
		if (e.kind == ERR_INTERNAL || e.kind == ERR_MALFORMED || e.kind == ERR_FORBIDDEN) {
			err_in(&e, "%s op %u", socket_role_name(c->role), op);
			log_refused(&e);
		}
		reply_error(&call.out, &e);
	}
	sent = frame_send(c->fd, ok ? PROTO_OK : PROTO_ERROR, call.out.p != NULL ? call.out.p : "", call.out.len,
	    REPLY_MS, &send);
	str_free(&call.out);
	if (journal_broken(s->journal)) {
		(void)!write(c->server->wake[1], "x", 1);
		return false;
	}
	return sent && (ok || (e.kind != ERR_MALFORMED && e.kind != ERR_FORBIDDEN && op != OP_SIGN_CRL));
}

static void
connection_end(struct connection *c)
{
	struct server *s = c->server;

	pthread_mutex_lock(&s->lock);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	s->n[c->role]--;
	close(c->fd);
	pthread_cond_signal(&s->gone);
	pthread_mutex_unlock(&s->lock);
	free(c);
}

static void *
connection_run(void *arg)
{
	struct connection *c = arg;
	OWN_STR struct str payload = { 0 };
	bool go = true;

	while (go) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };

		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			break;
		if (p.revents == 0)
			continue;
		go = serve_one(c, &payload);
		if (payload.cap > (1u << 20))
			str_free(&payload);
	}
	connection_end(c);
	return NULL;
}

static void
connection_begin(struct server *s, enum role role)
{
	int fd = accept4(s->listeners[role], NULL, NULL, SOCK_CLOEXEC);
	struct connection *c;
	pthread_attr_t attr;
	pthread_t thread;
	bool room;

	if (fd < 0)
		return;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort();
	*c = (struct connection){ .server = s, .role = role, .fd = fd };
	pthread_mutex_lock(&s->lock);
	room = s->n[role] < CONNECTIONS_MAX;
	if (room) {
		c->next = s->first;
		if (s->first != NULL)
			s->first->prev = c;
		s->first = c;
		s->n[role]++;
	}
	pthread_mutex_unlock(&s->lock);
	if (!room) {
		log_warn("signer.full", "role=%s connections=%d", socket_role_name(role), CONNECTIONS_MAX);
		close(fd);
		free(c);
		return;
	}
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 1 << 20);
	if (pthread_create(&thread, &attr, connection_run, c) != 0)
		connection_end(c);
	pthread_attr_destroy(&attr);
}

/* Sockets handed down by systemd, by name: LISTEN_FDS, LISTEN_FDNAMES=worker:status:ops. */
static void
inherit(struct server *s)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	uint64_t n, of;

	if (count == NULL || names == NULL || !parse_u64(count, 16, &n)
	    || (pid != NULL && (!parse_u64(pid, UINT32_MAX, &of) || of != (uint64_t)getpid())))
		return;
	for (int fd = 3; fd < 3 + (int)n; fd++) {
		const size_t len = strcspn(names, ":");

		for (unsigned r = 0; r < ROLES; r++)
			if (strlen(socket_role_name(r)) == len && strncmp(socket_role_name(r), names, len) == 0) {
				s->listeners[r] = fd;
				s->inherited[r] = true;
			}
		names += len + (names[len] == ':');
	}
}

static bool
listen_all(struct server *s, struct err *e)
{
	const struct conf *c = s->signer->conf;
	bool any = false;

	inherit(s);
	for (unsigned r = 0; r < ROLES; r++) {
		const struct conf_socket *k = &c->sockets[r];
		struct group *g = NULL;

		any = any || s->inherited[r] || k->path != NULL;
		if (s->inherited[r] || k->path == NULL)
			continue;
		if (k->group != NULL && (g = getgrnam(k->group)) == NULL)
			return err_set(e, ERR_INVALID, "conf_invalid",
			    "there is no group %.60s for the %s socket", k->group,
			    socket_role_name(r));
		if (!unix_listen(k->path, k->mode, BACKLOG, &s->listeners[r], e))
			return err_in(e, "%s socket", socket_role_name(r));
		if (g != NULL && chown(k->path, (uid_t)-1, g->gr_gid) != 0)
			return err_set(e, ERR_INVALID, "conf_invalid", "cannot give %.80s to group %.40s: %s", k->path,
			    k->group, strerror(errno));
	}
	return any || err_set(e, ERR_INVALID, "conf_invalid",
	    "%.100s names no socket: set one of worker, status, ops in [sockets]", c->file);
}

/* Configuration, keys and the key-encryption key were read: from here on they cannot be. */
static bool
confine(const struct conf *c, struct err *e)
{
	const char *read[1 + CONF_PATHS_MAX] = { NULL };
	const char *write[6 + CONF_PATHS_MAX] = { c->journal, c->profiles, c->organizations, c->ocsp, c->crl };
	const struct sandbox box = { .kind = SANDBOX_SIGNER, .read = read, .write = write };

	for (size_t i = 0; i < c->n_pkcs11_read; i++)
		read[i] = c->pkcs11_read[i];
	for (size_t i = 0; i < c->n_pkcs11_write; i++)
		write[5 + i] = c->pkcs11_write[i];
	return sandbox_enter(&box, e);
}

/* False: a request is still under way. */
static bool
leave(struct server *s)
{
	struct timespec until;
	bool empty;

	/* the paths stay, and are replaced by the next signer */
	for (unsigned r = 0; r < ROLES; r++)
		if (s->listeners[r] >= 0)
			close(s->listeners[r]);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LEAVE_MS / 1000;
	pthread_mutex_lock(&s->lock);
	for (struct connection *k = s->first; k != NULL; k = k->next)
		shutdown(k->fd, SHUT_RD);	/* what was asked is still answered */
	while (s->first != NULL)
		if (pthread_cond_timedwait(&s->gone, &s->lock, &until) != 0)
			break;
	empty = s->first == NULL;
	pthread_mutex_unlock(&s->lock);
	return empty;
}

/* Until a signal ends it, or the journal's disk fails. */
static int
loop(struct server *s, int signals)
{
	struct pollfd p[ROLES + 2];

	for (unsigned r = 0; r < ROLES; r++)
		p[r] = (struct pollfd){ .fd = s->listeners[r], .events = POLLIN };
	p[ROLES] = (struct pollfd){ .fd = signals, .events = POLLIN };
	p[ROLES + 1] = (struct pollfd){ .fd = s->wake[0], .events = POLLIN };
	for (;;) {
		struct signalfd_siginfo info;

		if (poll(p, COUNT(p), -1) < 0)
			continue;
		if (p[ROLES + 1].revents != 0)
			return 1;
		if (p[ROLES].revents != 0 && read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			if (info.ssi_signo != SIGHUP)
				return 0;
			docs_reload(s->signer->docs);
			log_info("signer.reloaded", "pid=%d", (int)getpid());
		}
		for (unsigned r = 0; r < ROLES; r++)
			if (p[r].revents != 0)
				connection_begin(s, r);
	}
}

bool
server_run(struct signer *signer, int *status, struct err *e)
{
	struct server s = { .signer = signer, .listeners = { -1, -1, -1 }, .lock = PTHREAD_MUTEX_INITIALIZER,
		.gone = PTHREAD_COND_INITIALIZER, .wake = { -1, -1 } };
	struct journal_head head;
	sigset_t set;
	int signals;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0 || pipe2(s.wake, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_sys(e, "prepare the server");
	if (!listen_all(&s, e) || !confine(signer->conf, e) || !signer_start(signer, e))
		return false;
	journal_head(signer->journal, &head);
	log_info("signer.ready", "pid=%d records=%llu", (int)getpid(), (unsigned long long)head.records);
	*status = loop(&s, signals);
	if (!leave(&s)) {
		/* what its thread stands on may not be taken away; the journal bears any end */
		log_warn("signer.ended", "status=%d unfinished=1", *status);
		_exit(*status);
	}
	log_info("signer.ended", "status=%d", *status);
	return true;
}
