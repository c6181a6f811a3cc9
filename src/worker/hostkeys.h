/*
 * hostkeys - the sealing keys of this worker host: what passwords of waiting orders are sealed to.
 *
 * The private halves live in the key directory, outside the store: ID.key (PKCS#8 DER, mode 0600) and
 * ID.cer (DER), ID being the SHA-256 of the certificate.  A new key is made every day; an old one is
 * retired, and deleted when no batch needs it any more, so that write-ahead logs, replicas and backups of
 * the store hold nothing that can still be opened.
 */
#ifndef WORKER_HOSTKEYS_H
#define WORKER_HOSTKEYS_H

#include "base/secret.h"
#include "domain/app.h"
#include "x509/der.h"

#define HOSTKEY_DAYS 1

struct hostkeys;

/* Opens the directory (made if missing, mode 0700), makes and registers a key when there is none. */
must_check bool hostkeys_open(const struct app *, const char *dir, const char *host, struct hostkeys **, struct err *);
void hostkeys_free(struct hostkeys *);
OWN_TYPE(struct hostkeys, hostkeys_free)
/* Opens what was sealed to one of them; thread-safe. */
must_check bool hostkeys_unseal(struct hostkeys *, const char *id, struct der sealed, struct secret **, struct err *);
/* Rotation: to be called now and then; cheap when nothing is due. */
must_check bool hostkeys_turn(const struct app *, struct hostkeys *, struct err *);

#endif
