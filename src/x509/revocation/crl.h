/*
 * crl - certificate revocation lists, v2 (RFC 5280 section 5), as streams in constant memory.
 *
 * Writing takes three steps, so that whoever builds a list and whoever signs it may be two
 * processes:
 *
 *	1. crl_writer_new, crl_writer_add for each entry by rising serial, crl_writer_end:
 *	   the file holds a TBSCertList (and room for what comes around it);
 *	2. the signer reads exactly that through crl_reader_new, which checks the form, hands out
 *	   head and entries and hashes what it reads; it signs crl_reader_digest;
 *	3. crl_file_seal puts the signature around the TBSCertList: the file is the list.
 *
 * crl_file_make does 2 and 3 in one process, with a signing function of the caller's.
 */
#ifndef X509_CRL_H
#define X509_CRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/own.h"
#include "x509/key.h"

struct crl_writer;
struct crl_reader;

#define CRL_SERIAL_MAX	20		/* octets */
#define CRL_NAME_MAX	4096		/* octets of an issuer name, DER */
#define CRL_URI_MAX	1024		/* octets of a distribution point */
#define CRL_SIG_MAX	1024		/* octets of a signature */
#define CRL_DIGEST_MAX	64
#define CRL_NO_TIME	INT64_MIN

enum crl_reason {			/* RFC 5280 section 5.3.1; 0 is left out of the list */
	CRL_UNSPECIFIED = 0,
	CRL_KEY_COMPROMISE = 1,
	CRL_CA_COMPROMISE = 2,
	CRL_AFFILIATION_CHANGED = 3,
	CRL_SUPERSEDED = 4,
	CRL_CESSATION = 5,
	CRL_HOLD = 6,
	CRL_REMOVE = 8,			/* delta lists only */
	CRL_PRIVILEGE_WITHDRAWN = 9,
	CRL_AA_COMPROMISE = 10
};

/* What stands before and behind the entries. */
struct crl_head {
	enum signature_algorithm signature;
	struct der	 issuer;	/* Name, whole: the CA's subject octets */
	int64_t		 this_update_s;
	int64_t		 next_update_s;
	struct der	 key_id;	/* the CA's subjectKeyIdentifier: authorityKeyIdentifier here */
	struct der	 number;	/* CRLNumber, big-endian without leading zero octets, up to 20 */
	struct der	 idp_uri;	/* critical issuingDistributionPoint: the full name's URI; p NULL for none */
	bool		 idp_only_user;	/* ... with onlyContainsUserCerts */
	struct der	 base_number;	/* critical deltaCRLIndicator; p NULL for a full list */
};

struct crl_entry {
	uint8_t		 serial[CRL_SERIAL_MAX];	/* big-endian, no leading zero octets */
	size_t		 serial_len;
	int64_t		 revoked_at_s;
	enum crl_reason	 reason;
	int64_t		 invalid_since_s;		/* invalidityDate; CRL_NO_TIME for none */
};

/* By number: shorter is less, else by octets. */
int crl_serial_cmp(const uint8_t *, size_t, const uint8_t *, size_t);

/*
 * Writes to an empty file open for reading and writing; the caller keeps it.  `expected` is how
 * many entries will come; being wrong costs one more pass over the file, nothing else.
 */
must_check bool crl_writer_new(int fd, const struct crl_head *, uint64_t expected, struct crl_writer **,
    struct err *);
void crl_writer_free(struct crl_writer *);
OWN_TYPE(struct crl_writer, crl_writer_free)
/* ERR_INTERNAL when serials do not rise, a serial or reason is out of range, or the file cannot be written. */
must_check bool crl_writer_add(struct crl_writer *, const struct crl_entry *, struct err *);

/* Where the TBSCertList stands in the file. */
struct crl_file {
	int		 fd;
	enum signature_algorithm signature;
	uint64_t	 tbs_at;
	uint64_t	 tbs_len;
	uint64_t	 entries;
};
must_check bool crl_writer_end(struct crl_writer *, struct crl_file *, struct err *);

/* Up to `cap` octets; *got = 0 at the end. */
typedef bool crl_source(void *arg, uint8_t *, size_t cap, size_t *got, struct err *);

enum crl_form {
	CRL_TBS,			/* TBSCertList alone */
	CRL_WHOLE			/* CertificateList */
};

/*
 * Reads the head.  Everything the reader hands out and hashes was read once, through `source`, so a
 * file that changes under it cannot be signed as something else.  ERR_MALFORMED on anything that is
 * not DER or not RFC 5280's; ERR_INVALID on a critical extension or a signature algorithm it does not know.
 */
must_check bool crl_reader_new(enum crl_form, crl_source *, void *arg, struct crl_reader **, struct err *);
/* The same over a file, from where it stands in it. */
must_check bool crl_reader_file(enum crl_form, int fd, uint64_t at, uint64_t len, struct crl_reader **,
    struct err *);
void crl_reader_free(struct crl_reader *);
OWN_TYPE(struct crl_reader, crl_reader_free)
/*
 * *more is false at the end of the entries; by then extensions and signature were read and the whole
 * is known to be well-formed.
 */
must_check bool crl_reader_next(struct crl_reader *, struct crl_entry *, bool *more, struct err *);

/* Complete after the last entry; before it extensions (number, key id, idp, base) are missing.  Lives in the reader. */
const struct crl_head *crl_reader_head(const struct crl_reader *);
/* Serials rose strictly so far. */
bool crl_reader_sorted(const struct crl_reader *);
/* Of the TBSCertList, after the last entry, by the hash of the list's signature algorithm; returns its length. */
size_t crl_reader_digest(const struct crl_reader *, uint8_t out[CRL_DIGEST_MAX]);
/* CRL_WHOLE, after the last entry: is the signature that of this SubjectPublicKeyInfo?  ERR_INVALID ("crl_signature"). */
must_check bool crl_reader_verify(const struct crl_reader *, struct der spki, struct err *);

/*
 * Puts outer header, the inner algorithm once more and the signature around the TBSCertList.  *tbs_at (may be NULL):
 * where that stands now; it moves by a few octets where the signature has an unusual length.
 */
must_check bool crl_file_seal(const struct crl_file *, const uint8_t *sig, size_t sig_len, uint64_t *tbs_at, struct err *);

/* Signs a digest; *sig_len is the room on entry, CRL_SIG_MAX. */
typedef bool crl_sign(void *arg, enum signature_algorithm, const uint8_t *digest, size_t, uint8_t *sig,
    size_t *sig_len, struct err *);
must_check bool crl_file_make(const struct crl_file *, crl_sign *, void *arg, struct err *);

#endif
