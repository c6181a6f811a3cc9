/*
 * fault - what is wrong with an input, place by place.
 *
 * Checks collect faults and go on, so that every bad row is named at once; the API answers them
 * as the `errors` of a problem document.  The first FAULTS_MAX are kept, the rest are counted.
 */
#ifndef BASE_FAULT_H
#define BASE_FAULT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define FAULTS_MAX 10000

struct fault {
	const char	*file;		/* member of an uploaded archive, or NULL */
	int64_t		 line;		/* physical line from 1 where the record begins; 0: none */
	const char	*field;		/* JSON path or column, or NULL */
	const char	*value;		/* what stood there, shortened and safe to show, or NULL */
	const char	*message;
};

struct faults {
	struct arena	*arena;		/* where texts live; set by the caller */
	struct fault	*list;
	size_t		 n, cap;
	uint64_t	 total;		/* with those not kept */
};

void fault_add(struct faults *, const char *file, int64_t line, const char *field, const char *value,
    const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/*
 * Foreign text as it may be shown and kept: shortened to 80 octets and "...", what is not UTF-8 or a control
 * character as '?'.  NULL when the arena is full.
 */
const char *fault_shown(struct arena *, const char *);

#endif
