/* enrol - admin certificates for people who were invited: one at a time, between other chores. */
#ifndef WORKER_ENROL_H
#define WORKER_ENROL_H

#include "domain/app.h"

struct signlink;

/* Takes the oldest that waits to its end.  *did false: none waits.  A failure is tried again in a minute. */
must_check bool enrol_step(const struct app *, struct signlink *, bool *did, struct err *);

#endif
