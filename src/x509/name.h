/*
 * name - distinguished names: from DER to the text people read, and their parts.
 */
#ifndef X509_NAME_H
#define X509_NAME_H

#include "base/str.h"
#include "x509/der.h"
#include "x509/oid.h"

/* One attribute of a name. */
struct name_attr {
	struct der	type;		/* OID contents */
	uint8_t		tag;		/* string type */
	struct der	value;
	bool		multi;		/* not the first of its RDN */
};

/*
 * Walks a Name (its contents, without the SEQUENCE header), attribute by attribute in encoded order.
 * False at the end; *ok turns false when the encoding is not DER.  Start with name_walk().
 */
struct name_walk {
	struct der_reader	rdns, set;
};
struct name_walk name_walk(struct der name_body);
bool name_walk_next(struct name_walk *, struct name_attr *, bool *ok);

/*
 * Appends "C=US, O=Acme\, Inc., CN=00:1A:2B:00:00:01": encoded order, RFC 4514 escapes, UTF-8 (from
 * whatever string type).  Unknown attribute types are dotted; values that are no text are #hex.
 * `name` is the whole Name.  ERR_INVALID when it is not DER.
 */
must_check bool name_text(struct der name, struct str *out, struct err *);

/* The value of an attribute as UTF-8 without escapes; false when its string type or octets are wrong. */
must_check bool name_attr_text(const struct name_attr *, struct str *out);

/* Well-formed: SEQUENCE OF SET OF SEQUENCE { OID, string }, at least `least` attributes, at most 64. */
must_check bool name_valid(struct der name, size_t least);

#endif
