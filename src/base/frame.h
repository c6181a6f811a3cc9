/*
 * frame - length-prefixed messages over a stream socket, and the bytes inside them.
 *
 * On the wire: 4 octets length (big-endian, of what follows), 1 octet type, payload.
 */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* Whole frame or ERR_UNAVAILABLE; `timeout_ms` for the whole of it, -1 for none. */
must_check bool frame_send(int fd, uint8_t type, const void *, size_t len, int timeout_ms, struct err *);
/*
 * Reads one frame into *payload (replaced).  ERR_TOO_LARGE over max octets, ERR_UNAVAILABLE on
 * a closed peer (code "peer_closed") or time-out.
 */
must_check bool frame_recv(int fd, uint8_t *type, struct str *payload, size_t max, int timeout_ms, struct err *);

/* Writing a payload: integers big-endian, octet strings with a 4-octet length. */
void pack_u8(struct str *, uint8_t);
void pack_u32(struct str *, uint32_t);
void pack_u64(struct str *, uint64_t);
void pack_octets(struct str *, const void *, size_t);

/* Reading one: `bad` sticks, so a reader checks once at the end; pointers stay inside the payload. */
struct unpack {
	const uint8_t	*p;
	size_t		 left;
	bool		 bad;
};
uint8_t unpack_u8(struct unpack *);
uint32_t unpack_u32(struct unpack *);
uint64_t unpack_u64(struct unpack *);
const uint8_t *unpack_octets(struct unpack *, size_t *len);
/* Everything read and nothing wrong. */
bool unpack_done(const struct unpack *);

/*
 * Stream sockets in the file system.  Listening: a stale path is connect-tested, then replaced; mode as
 * given; ERR_CONFLICT "socket_in_use" when someone listens there; the socket is non-blocking.  Connecting:
 * ERR_UNAVAILABLE "peer_unreachable"; the socket is blocking.  Both close on exec.
 */
must_check bool unix_listen(const char *path, unsigned mode, int backlog, int *fd, struct err *);
must_check bool unix_connect(const char *path, int timeout_ms, int *fd, struct err *);

#endif
