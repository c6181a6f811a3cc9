/*
 * proto - what is said on the signer's sockets.  Included by both ends; nothing but numbers.
 *
 * One request, one reply, in frames (base/frame.h); integers big-endian, "octets" with a 4-octet
 * length.  The type of a request is its operation; that of a reply PROTO_OK with the payload below,
 * or PROTO_ERROR: kind u8, retry_after_s u32, code octets, message octets.
 *
 * Key identifiers name CAs; serials are big-endian without sign octet; times are Unix seconds (u64).
 */
#ifndef SIGNER_PROTO_H
#define SIGNER_PROTO_H

#define PROTO_REQUEST_MAX	(32u << 20)	/* octets of a request */
#define PROTO_REPLY_MAX		(64u << 20)
#define PROTO_ITEMS_MAX		10000		/* certificates, serials or OCSP answers in one request */

#define PROTO_WHOLE_LIST 0xffffffffu

enum proto_reply { PROTO_OK = 0, PROTO_ERROR = 1 };

enum proto_op {
	/*
	 * Who the signer is.  -> JSON text.
	 */
	OP_INFO = 1,

	/*
	 * ski octets, profile u64, version u64, organization u64, constants version u64 (0, 0: none),
	 * count u32, count x TBSCertificate octets
	 * -> count u32, count x { 0 u8, signature octets | error kind u8, code octets, message octets }
	 * What is signed is in the journal when the reply leaves.
	 */
	OP_SIGN_CERTS = 2,

	/*
	 * bar u8, count u32, count x serial octets
	 * -> count u32, count x { 0 u8 | 1 u8, ski octets, profile u64, version u64, certificate octets | 2 u8 }
	 * 0 absent, 1 signed, 2 barred.  With bar = 1 the absent ones are barred: never signed from now on.
	 */
	OP_JOURNAL_FIND = 3,

	/*
	 * segment u32, offset u64 (0, 0: the beginning)
	 * -> segment u32, offset u64, count u32, count x { kind u8, serial octets, ski octets, profile u64,
	 *    version u64, time u64, data octets: SHA-256 of the certificate for kinds 1 and 6, else as kept }
	 * count = 0 at the end.
	 */
	OP_JOURNAL_SCAN = 4,

	/*
	 * ski octets
	 * -> responder octets (20), algorithm octets, certificate octets, not_before u64, not_after u64
	 * The delegate that answers for this CA now.
	 */
	OP_OCSP_DELEGATE = 5,

	/*
	 * ski octets, count u32, count x ResponseData octets
	 * -> count u32, count x { 0 u8, signature octets | error kind u8, code octets, message octets }
	 * Each is signed by the delegate whose responder id it bears.
	 */
	OP_SIGN_OCSP = 6,

	/*
	 * ski octets, shard u32 (0xffffffff: the whole list), delta u8, at u64, length u64, evidence u8; then
	 * one octet with the file's descriptor, and with evidence = 1 a second octet with another's:
	 * certificates, DER one behind the other, of entries that leave the list because they expired and
	 * that are not in this signer's journal.  The TBSCertList stands at..at + length.
	 * -> algorithm octets, signature octets, entries u64
	 */
	OP_SIGN_CRL = 7,

	/*
	 * sequence u64, hash octets (32) -> signed document octets (CMS): see audit.h
	 */
	OP_AUDIT_SIGN = 8,

	/*
	 * signed document octets -> kind u8 (0 profile, 1 organization), id u64, version u64, anew u8
	 */
	OP_ACTIVATE = 9,

	/* -> nothing.  Reads the documents' folders again. */
	OP_RELOAD = 10,

	/*
	 * A status signer elsewhere gets its delegate in three steps; the private key stays where it is made.
	 * OP_OCSP_REQUEST: -> count u32, count x signed request octets, for every CA that needs one.
	 * OP_OCSP_CERTIFY, at the signer with the CA's key: signed request octets -> certificate octets.
	 * OP_OCSP_INSTALL: certificate octets -> nothing.
	 */
	OP_OCSP_REQUEST = 11,
	OP_OCSP_CERTIFY = 12,
	OP_OCSP_INSTALL = 13
};

#endif
