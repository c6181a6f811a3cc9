/* profile_private - the inside of a profile, for the files that parse it and those that build from it. */
#ifndef X509_PROFILE_PRIVATE_H
#define X509_PROFILE_PRIVATE_H

#include "base/str.h"
#include "x509/profile/doc.h"
#include "x509/profile/node.h"
#include "x509/oid.h"
#include "x509/profile/profile.h"

#define PROFILE_RDNS_MAX 24
#define PROFILE_EXTENSIONS_MAX 24

enum rdn_from { FROM_CONSTANT, FROM_ORGANIZATION, FROM_INPUT, FROM_CSR, FROM_TEMPLATE };

struct rdn {
	const char	*label;		/* "subject CN" */
	struct oid	 type;
	enum rdn_from	 from;
	struct node	 node;		/* SET { SEQUENCE { type, value } } */
	struct node	*value;		/* the NODE_VALUE in it */
};

struct extension {
	const char	*label;		/* "extension keyUsage" */
	struct oid	 oid;
	bool		 critical;
	bool		 optional;
	struct der	 head;		/* OID and, when critical, TRUE */
	struct node	 value;		/* inside the OCTET STRING */
};

struct profile {
	struct arena			*arena;
	const char			*json;
	size_t				 json_len;
	struct profile_about		 about;
	struct profile_input		*inputs;	/* PROFILE_INPUTS_MAX */
	struct pattern			**patterns;	/* the same, owned */
	size_t				 n_inputs;
	struct profile_parameter	*parameters;	/* PROFILE_INPUTS_MAX */
	size_t				 n_parameters;
	struct key_type			 server_keys[8];
	size_t				 n_server_keys;
	struct profile_key_rule		 csr_keys[8];
	size_t				 n_csr_keys;
	bool				 csr_sha1;
	enum signature_algorithm	 signature;
	struct profile_validity		 validity;
	struct profile_download		 download;
	struct rdn			*rdns;
	struct profile_rdn_view		*rdn_views;
	struct pattern			**rdn_patterns;	/* owned, by RDN */
	size_t				 n_rdns;
	struct extension		*extensions;
	struct profile_extension_view	*extension_views;
	size_t				 n_extensions;
	bool				 site;		/* some address needs a public URL */
	bool				 sharded;	/* some address names a CRL shard */
	const char			*validity_text;
};

/* What a text may be made of. */
enum { ALLOW_INPUTS = 1, ALLOW_PARAMETERS = 2, ALLOW_SITE = 4, ALLOW_ALL = 7 };

/* While parsing. */
struct parse {
	struct doc	 d;
	struct profile	*p;
	unsigned	 nodes;		/* made so far: bounded */
};

/* "{mac_address:hex}", "{organization.country}", "{public_url}/crl/{ca}.crl" into parts. */
bool parse_value(struct parse *, const char *member, const char *text, unsigned allow, struct value *out);
/* A string node; inputs in it are held to its character set and length. */
bool parse_string(struct parse *, const char *member, const char *text, unsigned allow, uint8_t tag,
    enum input_charset, size_t max_length, struct node *out);
/* Any other encoding: one whole input, or a constant. */
bool parse_encoded(struct parse *, const char *member, const char *text, uint8_t tag, enum encoding,
    struct node *out);
/* Index of an organization's constant, noted when new; -1: no room or a bad name. */
int parse_parameter(struct parse *, const char *member, const char *name, bool required);

struct node *node_list(struct parse *, size_t n);
bool node_cons(struct node *, uint8_t tag, struct node *children, size_t n);
bool node_raw(struct parse *, struct node *, const void *, size_t);
bool node_oid(struct parse *, struct node *, const struct oid *);

bool parse_inputs(struct parse *, const json_t *root);
void parse_unique(struct parse *, const json_t *root);
/* An input that only CSRs fill, for an RDN copied from them. */
int parse_csr_input(struct parse *, const char *attribute, bool required);
const struct pattern *parse_pattern(struct parse *, const json_t *object, const char **text,
    struct pattern **slot);
bool parse_subject(struct parse *, const json_t *root);
/* RDNs of a constant name (directoryName): SEQUENCE of them. */
bool parse_directory(struct parse *, const json_t *array, struct node *out);
bool parse_extensions(struct parse *, const json_t *root);
/* The JSON mini-language. */
bool parse_asn1(struct parse *, const json_t *object, unsigned depth, struct node *out);
/* GeneralNames with their words. */
bool parse_names(struct parse *, const json_t *object, struct node *out, struct str *words);
/* The end that belongs to a beginning. */
int64_t profile_not_after(const struct profile *, int64_t not_before_s, int64_t issuer_not_after_s);
/* Texts for people, at the end. */
void profile_describe(struct parse *);
/* String type by ASN.1 name; false: unknown. */
bool string_type(const char *name, uint8_t *tag, enum input_charset *);
extern const char *const string_types[4];

#endif
