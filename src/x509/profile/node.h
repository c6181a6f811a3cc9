/*
 * node - ASN.1 templates: a small tree that can be written for one certificate, and held against one.
 *
 * The subject's RDNs and the extensions of a profile compile to nodes.  node_put writes DER from inputs;
 * node_match takes DER apart along the same tree, finds the inputs in it, and refuses what node_put would
 * not have written.  Known extensions and those of the JSON mini-language are the same nodes.
 */
#ifndef X509_NODE_H
#define X509_NODE_H

#include "base/arena.h"
#include "x509/der.h"
#include "x509/profile/profile.h"

/* A text out of parts. */
enum part_kind {
	PART_LITERAL,
	PART_INPUT,
	PART_PARAMETER,		/* the organization's constant */
	PART_PUBLIC_URL,	/* these three: of the instance and the issuer */
	PART_CA,
	PART_SHARD		/* by the serial number */
};
enum rendering {		/* of an address or hexadecimal input */
	RENDER_TEXT,		/* as it is */
	RENDER_HEX,		/* without separators */
	RENDER_HEX_LOWER,
	RENDER_HYPHENS
};
struct part {
	enum part_kind	 kind;
	enum rendering	 rendering;
	unsigned	 index;		/* input or parameter */
	const char	*text;		/* literal */
	size_t		 len;
};
struct value {
	const struct part	*parts;
	size_t			 n;
};

enum node_kind {
	NODE_RAW,		/* octets as they are */
	NODE_CONS,		/* tag over the children, also OCTET STRING over an encoding */
	NODE_CONS_BITS,		/* BIT STRING over an encoding */
	NODE_VALUE,
	NODE_ISSUER_KEY_ID,	/* tag over the issuer's SKI */
	NODE_SUBJECT_KEY_ID	/* tag over a hash of the subject's key */
};
enum encoding {
	ENCODE_TEXT,		/* the characters */
	ENCODE_OCTETS,		/* hexadecimal digits as octets */
	ENCODE_BITS,		/* the same as a BIT STRING */
	ENCODE_INTEGER,		/* decimal digits */
	ENCODE_OID,
	ENCODE_IP		/* 4 or 16 octets */
};
enum key_id_method {
	KEY_ID_SHA1,		/* RFC 5280 section 4.2.1.2 method 1 */
	KEY_ID_SHA1_60,		/* method 2: 0100 and 60 bits */
	KEY_ID_SHA256_160	/* RFC 7093 method 1 */
};

struct node {
	enum node_kind		 kind;
	uint8_t			 tag;
	bool			 optional;	/* left out when one of its inputs or parameters is empty */
	bool			 each;		/* VALUE: once for every piece of a list */
	bool			 may_be_empty;	/* CONS: written without any child; otherwise left out then */
	enum encoding		 encoding;
	enum key_id_method	 method;
	enum input_charset	 charset;	/* TEXT */
	size_t			 max_length;	/* TEXT: characters; 0: no limit */
	struct der		 raw;
	struct node		*children;
	size_t			 n;
	struct value		 value;
	const struct pattern	*match;		/* TEXT: beside the input's own rules */
	uint32_t		 inputs, parameters;	/* bits: what it and its children depend on */
	bool			 dynamic;	/* differs between certificates beyond those: key id, shard */
	bool			 site;		/* needs what only a template knows */
	bool			 vanishes;	/* CONS: left out when all its children are */
};

/* Fills the members from `inputs` on from value and children. */
void node_sum(struct node *);

/* What is known when writing. */
struct node_source {
	const char *const	*inputs, *const *parameters;
	const struct issuer	*issuer;
	const char		*public_url;
	const uint8_t		*serial;
	unsigned		 shards;
	struct der		 key_bits;	/* contents of the SPKI's BIT STRING */
};
must_check bool node_put(struct der_writer *, const struct node *, const struct node_source *, struct err *);
/* A copy with the issuer's and the site's parts filled in, and all that is constant encoded. */
must_check bool node_bind(struct arena *, const struct node *, const struct node_source *, struct node *out,
    struct err *);

/* Matching: what is expected, and the inputs found on the way. */
struct node_found {
	const struct profile	*profile;
	const struct node_source *known;	/* parameters, issuer, serial, key_bits */
	const char		*inputs[PROFILE_INPUTS_MAX];
	uint32_t		 bound;		/* bits: found */
	const struct node	*left_out[PROFILE_INPUTS_MAX];	/* optional parts that were missing */
	size_t			 n_left_out;
	char			*text;		/* where found inputs are kept */
	size_t			 used, cap;
	char			 why[160];	/* after a refusal */
};
must_check bool node_match(struct node_found *, const struct node *, struct der_reader *);
/* An optional part may be missing as far as parameters tell; inputs are judged by node_left_out_ok. */
must_check bool node_leave_out(struct node_found *, const struct node *);
/* At the end: every part left out lacks one of its inputs or parameters. */
must_check bool node_left_out_ok(struct node_found *);

/* value.c */
/* The text in buf (or elsewhere, when it is one whole part); NULL with err set. */
const char *value_render(const struct value *, const struct node_source *, char *buf, size_t cap, size_t *len,
    struct err *);
/* Finds the inputs in a text of that form; false with why. */
must_check bool value_unify(struct node_found *, const struct value *, const char *text, size_t len);
/* Input `index` stands for this text (normal form): the same as before, or new and well-formed. */
must_check bool input_bind(struct node_found *, unsigned index, const char *text);
/* The normal form of an input behind a rendering; false when it cannot be. */
must_check bool rendering_undo(enum rendering, const struct profile_input *, const char *text, size_t len,
    char out[INPUT_VALUE_MAX]);
const char *rendering_apply(enum rendering, const char *normal, char out[INPUT_VALUE_MAX]);

#endif
