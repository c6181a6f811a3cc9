/* landlock - the part of sandbox that confines paths; for sandbox.c only. */
#ifndef BASE_LANDLOCK_H
#define BASE_LANDLOCK_H

#include "base/sandbox.h"

/* *abi is the version in force, 0 where the kernel has none: then nothing was confined. */
must_check bool landlock_enter(const struct sandbox *, int *abi, struct err *);

#endif
