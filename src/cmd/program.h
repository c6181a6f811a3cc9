/* program - runs another program of ours and waits for it. */
#ifndef CMD_PROGRAM_H
#define CMD_PROGRAM_H

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Runs argv (NULL-terminated; argv[0] a path), appends its standard output to *out (NULL: goes to ours),
 * waits.  ERR_INTERNAL with its exit status when that is not 0; what it said on stderr has been seen.
 */
must_check bool program_run(const char *const *argv, struct str *out, struct err *);
/* Starts it and goes on; program_stop ends it (SIGTERM, then SIGKILL after 5 s). */
must_check bool program_start(const char *const *argv, pid_t *pid, struct err *);
void program_stop(pid_t pid);
/*
 * Where the program `name` is: itself when it holds a slash; else the first that PATH has; else one of the
 * folders of system programs, which an ordinary user's PATH leaves out on Debian.  `name` when nothing has it.
 */
const char *program_path(struct arena *, const char *name);

#endif
