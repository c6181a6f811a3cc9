/* fdpass - a descriptor that follows a request, with one octet to carry it (unix(7), SCM_RIGHTS). */
#ifndef SIGNER_FDPASS_H
#define SIGNER_FDPASS_H

#include "base/err.h"

/* ERR_MALFORMED when what comes is no descriptor; ERR_UNAVAILABLE after timeout_ms. */
must_check bool fd_receive(int socket, int timeout_ms, int *fd, struct err *);

#endif
