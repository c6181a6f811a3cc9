/*
 * lock - one supervisor an instance, and nothing left over from the one before.
 *
 * The lock file in run_dir is locked through a descriptor that every child inherits: as long as one of them lives
 * it stays taken, and whoever holds it is known.
 */
#ifndef CMD_LOCK_H
#define CMD_LOCK_H

#include "base/err.h"

/*
 * ERR_CONFLICT "running" while another supervisor lives.  Processes of a dead one are ended (SIGTERM, then
 * SIGKILL).  The descriptor stays open until the process ends.
 */
must_check bool lock_take(const char *run_dir, struct err *);

#endif
