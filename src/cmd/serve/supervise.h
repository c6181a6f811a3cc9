/*
 * supervise - keeps child processes alive: started in order, restarted when they die, ended together.
 *
 * The supervisor is a child subreaper, so that workers of an nginx that was killed come to it and are ended
 * before the next nginx starts; they would hold its ports.  Every child dies with the supervisor.
 */
#ifndef CMD_SUPERVISE_H
#define CMD_SUPERVISE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define STOP_MS 9000		/* after SIGTERM everything is gone by then */

struct child {			/* zeroed, then these: */
	const char		*name;
	const char *const	*argv;		/* NULL-terminated; argv[0] a path or a name to be found */
	const char		*program;	/* executed instead of argv[0]; NULL: argv[0] */
	const char		*socket;	/* the next child starts when this takes connections; NULL: at once */
	int			 stop_signal;	/* asks it to end */
	bool			 stop_late;	/* asked only when all others are gone */
	bool			 leaves_orphans; /* what it leaves behind is killed before it starts again */
	bool			 (*reload)(const void *conf, struct err *); /* asked before SIGHUP is handed on; may be NULL */

	pid_t			 pid;		/* 0: not running */
	int64_t			 started_ms;	/* monotonic */
	int64_t			 due_ms;	/* restart then; 0: not due */
	int			 pause_ms;	/* grows while it keeps dying */
	bool			 failed;	/* ended by itself before all was ready */
};

struct supervise {
	struct child	*children;
	size_t		 n;
	const void	*conf;			/* for reload */
	/* Whether everything answers; asked until it says yes, must not block above a second. */
	bool		 (*ready)(const void *conf);
	void		 (*announce)(const void *conf);	/* once, when it does */
};

/* Until SIGTERM or SIGINT.  False when the children did not come up: all of them are gone then, too. */
must_check bool supervise(struct supervise *, struct err *);

#endif
