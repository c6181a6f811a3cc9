/* link - one request and its reply; for the files of this folder. */
#ifndef SIGNLINK_LINK_H
#define SIGNLINK_LINK_H

#include "base/frame.h"
#include "base/str.h"
#include "signer/proto.h"
#include "signlink/signlink.h"

struct signlink {
	char		*path;
	int		 fd;		/* -1: not connected */
	int		 timeout_ms;
	struct str	 request, reply;
	struct unpack	 in;		/* the reply's payload */
};

/* An empty request to be packed. */
struct str *link_request(struct signlink *);
/* Sends it with up to two descriptors behind it (-1: none); link->in is the reply's payload. */
must_check bool link_call_fds(struct signlink *, enum proto_op, int fd, int second_fd, struct err *);
must_check bool link_call(struct signlink *, enum proto_op, struct err *);
/* The reply was read to its end; else the connection is dropped. */
must_check bool link_done(struct signlink *, struct err *);

/* Packs the key identifier.  ERR_INVALID ca_unknown when it is no hex. */
must_check bool link_pack_ca(struct signlink *, const char *hex, struct err *);
/* Octets of the reply, copied to the arena. */
must_check bool link_take(struct signlink *, struct arena *, struct der *, struct err *);
/* "count x { ok, signature | refusal }" */
must_check bool link_results(struct signlink *, size_t n, struct arena *, struct signlink_result *, struct err *);

#endif
