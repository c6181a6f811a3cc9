/*
 * flight - what the engine and its watch share: the server, its listening sockets, a request on a connection.
 * Private to those two.
 */
#ifndef HTTP_FLIGHT_H
#define HTTP_FLIGHT_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "http/listen.h"
#include "http/router.h"
#include "http/workers.h"

#define LISTENERS_MAX 8

struct MHD_Connection;
struct MHD_Daemon;

struct front {				/* one listening socket */
	struct http_server	*server;
	enum http_listener	 listener;
	struct listen_socket	 socket;
	struct MHD_Daemon	*daemon;
};

struct http_server {
	struct http_conf	 conf;
	struct router		*router;
	struct workers		*workers;
	struct front		 fronts[LISTENERS_MAX];
	size_t			 fronts_n;
	pthread_t		 timer;
	bool			 timer_runs, stopped;
	atomic_bool		 stopping;
	pthread_mutex_t		 lock;		/* the rest */
	pthread_cond_t		 changed;
	TAILQ_HEAD(, flight)	 flights;
	size_t			 active, lingering;
	bool			 timer_stop;
};

/* HEADED: the head is there and nothing follows it; an answer given any earlier would end the connection. */
enum flight_state { FLIGHT_NEW, FLIGHT_HEADED, FLIGHT_WORKING, FLIGHT_BODY, FLIGHT_ANSWERED };

struct flight {				/* one request on one connection */
	TAILQ_ENTRY(flight)	 link;
	struct front		*front;
	struct exchange		*x;
	struct MHD_Connection	*conn;
	int			 fd;
	enum flight_state	 state;
	enum step		 step;		/* what a job found out */
	struct job		 job;
	bool			 expects_body, body_over;
	int64_t			 linger_ms;	/* until then an early answer's connection stays; -1: over */
	/* upload: watched by the timer */
	atomic_bool		 reading, slow;
	atomic_uint_fast64_t	 octets;
	uint64_t		 window_octets;
	int64_t			 window_ms;
	/* stream */
	char			*chunk;
	size_t			 chunk_n, chunk_off;
	uint64_t		 stream_off;
	bool			 broken;
};

/* Lets a connection that was suspended go on: engine.c. */
void flight_resume(struct flight *);

/* ---- watch.c ---- */

void watch_start(struct http_server *);
void watch_end(struct http_server *);
/* Until nothing is active, or the time is up. */
bool watch_idle(struct http_server *, int ms);
/* Cuts the connections of all that is active. */
void watch_cut(struct http_server *);

#define LINGER_MS 150

#endif
