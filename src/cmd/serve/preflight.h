/* preflight - what is looked at before anything starts, so that what is wrong is told in one line. */
#ifndef CMD_PREFLIGHT_H
#define CMD_PREFLIGHT_H

#include "cmd/config.h"

/* Directories, made where they may be; files that must be there; the signer's program. */
must_check bool preflight_files(const struct config *, struct err *);
/* Every port of [listen] is free.  Not before the processes of an earlier start are gone. */
must_check bool preflight_ports(const struct config *, struct err *);

#endif
