/*
 * own - locals that free themselves at the end of their scope.
 *
 *	OWN_TYPE(struct batch_rows, batch_rows_free)
 *	OWN(batch_rows_free) struct batch_rows *rows = NULL;
 *	...
 *	*out = give(rows);	// ours until here, the caller's from here
 */
#ifndef BASE_OWN_H
#define BASE_OWN_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OWN_TYPE(T, f)							\
	static inline void own_##f(T **own_p) { if (*own_p != NULL) f(*own_p); }
#define OWN(f) __attribute__((cleanup(own_##f)))
#define give(p) __extension__ ({ __typeof__(p) own_given = (p); (p) = NULL; own_given; })

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static inline void own_free(void *own_p) { free(*(void **)own_p); }
static inline void own_fd(int *own_p) { if (*own_p >= 0) (void)close(*own_p); }
OWN_TYPE(FILE, fclose)

/* OWN_FD int fd = -1;  give_fd(fd) hands it on. */
#define OWN_FD __attribute__((cleanup(own_fd)))
#define give_fd(fd) __extension__ ({ int own_given = (fd); (fd) = -1; own_given; })

#endif
