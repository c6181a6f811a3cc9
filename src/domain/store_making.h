/*
 * store_making - a store that is being furnished from nothing, by a making that may be cut and begun again.
 */
#ifndef DOMAIN_STORE_MAKING_H
#define DOMAIN_STORE_MAKING_H

#include "domain/app.h"

/*
 * Before the first row: notes in a new store who makes it.  What the same `who` began before and did not end is taken
 * out, all rows at once; a store that anybody else has put anything into is left as it is.
 */
must_check bool store_making_begin(const struct app *, const char *who, struct err *);
/* It is made: from now on no row is taken out. */
must_check bool store_making_end(const struct app *, struct err *);

#endif
