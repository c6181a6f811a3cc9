/* confine - what a daemon of ours keeps once it runs: configuration, store and sockets, and what its kind needs. */
#ifndef CMD_CONFINE_H
#define CMD_CONFINE_H

#include "base/sandbox.h"
#include "cmd/config.h"

struct confine {
	enum sandbox_kind	 kind;
	const char		*read[3], *write[3];	/* paths besides; NULL: none */
	bool			 reads;			/* the store is not written */
	bool			 inet, listen;		/* besides the line to a store elsewhere */
};

must_check bool confine(const struct config *, const struct confine *, struct err *);

#endif
