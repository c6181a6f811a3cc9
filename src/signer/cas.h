/*
 * cas - the CAs this signer knows: certificate, key (file or token) if it holds it, settings.
 *
 * A folder: ID.pem is the certificate; ID.key its sealed key or ID.uri a PKCS#11 URI, neither where
 * the key is elsewhere (an offline root, a signer of another zone).  Read once, then immutable.
 */
#ifndef SIGNER_CAS_H
#define SIGNER_CAS_H

#include "signer/conf.h"
#include "signer/signkey.h"
#include "x509/cert.h"

#define CAS_MAX 1024
#define CHAIN_MAX 8

struct secret;
struct cas;

struct ca {
	char		 id[CA_ID_MAX];
	struct issuer	 issuer;		/* slices live as long as the set */
	struct signkey	*key;			/* NULL: not here */
	const struct conf_ca *conf;		/* NULL: no shards */
	const struct ca	*parent;		/* its issuer, when known; NULL: self-signed or unknown */
};

/* Without `keys` certificates only.  kek may be NULL where no ID.key is. */
must_check bool cas_load(const struct conf *, const struct secret *kek, bool keys, struct cas **, struct err *);
void cas_free(struct cas *);
OWN_TYPE(struct cas, cas_free)

const struct ca *cas_all(const struct cas *, size_t *n);	/* by id */
/* NULL: none. */
const struct ca *ca_by_id(const struct cas *, const char *id);
const struct ca *ca_by_ski(const struct cas *, struct der ski);

/* The number of shards for new certificates; 1 without any. */
unsigned ca_shards(const struct ca *);
/* How many shards have a list; 0: only the whole one is made. */
unsigned ca_shard_lists(const struct ca *);
/* May a certificate of this serial number point at that shard, by any number of shards that the CA has had? */
bool ca_shard_holds(const struct ca *, const uint8_t serial[16], unsigned shard);

/* Path of one of a CA's files: "pem", "key", "uri". */
void ca_path(const struct conf *, const char *id, const char *kind, char *buf, size_t cap);

#endif
