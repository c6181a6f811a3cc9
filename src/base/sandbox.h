/*
 * sandbox - what a daemon gives up at the end of its start-up.
 *
 * no_new_privs, not dumpable, Landlock on the listed paths (where the kernel has it), a seccomp
 * list by kind.  Refusing to confine is refusing to start: an error here ends the program, except
 * that a kernel without Landlock is logged and goes on with seccomp alone.
 *
 * Afterwards: no exec, no fork (threads are fine), only the listed paths and what the C library itself
 * reads (libraries, host names, zones, /proc/self), new sockets only Unix ones and, with `inet`, outgoing
 * TCP (with `listen`, incoming too).  Sockets that are open already stay usable.  Call it before the first thread starts, for Landlock
 * binds the calling thread and its children only: ERR_INTERNAL otherwise.  Programs built with a memory
 * sanitizer go without seccomp and stay dumpable, for the leak check needs both; they log it.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stddef.h>

#include "base/err.h"

enum sandbox_kind {
	SANDBOX_WEB,		/* unix sockets, database, files below its paths */
	SANDBOX_WORKER,
	SANDBOX_STATUS,
	SANDBOX_SIGNER		/* no network sockets but unix, no exec */
};

struct sandbox {
	enum sandbox_kind	 kind;
	const char *const	*read;		/* NULL-terminated paths that exist, may be read below; or NULL */
	const char *const	*write;		/* may be read and written below; or NULL */
	bool			 inet;		/* may open TCP sockets (PostgreSQL, SMTP) */
	bool			 listen;	/* with inet: may take TCP connections, too */
};

must_check bool sandbox_enter(const struct sandbox *, struct err *);

#endif
