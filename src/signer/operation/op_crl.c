/* Revocation lists: the file comes as a descriptor, the signature goes back. */
#include "base/own.h"
#include "signer/fdpass.h"
#include "signer/list/lists.h"
#include "signer/signer.h"

#define FD_TIMEOUT_MS 10000

bool
op_sign_crl(struct call *c, struct err *e)
{
	struct list_request q = { .fd = -1, .evidence_fd = -1 };
	OWN_FD int fd = -1, evidence_fd = -1;
	struct list_signed out;
	struct der ski, algorithm;
	bool evidence;

	ski.p = unpack_octets(&c->in, &ski.len);
	q.shard = unpack_u32(&c->in);
	q.delta = unpack_u8(&c->in) == 1;
	q.at = unpack_u64(&c->in);
	q.len = unpack_u64(&c->in);
	evidence = unpack_u8(&c->in) == 1;
	if (!call_complete(c, e) || !fd_receive(c->fd, FD_TIMEOUT_MS, &fd, e)
	    || (evidence && !fd_receive(c->fd, FD_TIMEOUT_MS, &evidence_fd, e)))
		return false;
	q.fd = fd;
	q.evidence_fd = evidence_fd;
	if (!call_ca(c, ski, &q.ca, e) || !lists_sign(c->signer->lists, &q, &out, e))
		return false;
	algorithm = signature_algorithm_der(out.algorithm);
	pack_octets(&c->out, algorithm.p, algorithm.len);
	pack_octets(&c->out, out.sig, out.sig_len);
	pack_u64(&c->out, out.entries);
	return true;
}
