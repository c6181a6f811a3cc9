/* node_private - shared by node.c, node_match.c, value.c and ca_tbs.c. */
#ifndef X509_NODE_PRIVATE_H
#define X509_NODE_PRIVATE_H

#include "x509/profile/node.h"

/* A subject key identifier from the contents of the SPKI's BIT STRING; 20 or 8 octets. */
must_check bool key_id(enum key_id_method, struct der bits, uint8_t out[20], size_t *len, struct err *);

/* Says why a value does not fit; always false. */
bool node_refuse(struct node_found *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
