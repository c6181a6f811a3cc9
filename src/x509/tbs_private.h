/* tbs_private - a template from the inside: what tbs.c makes and tbs_check.c reads. */
#ifndef X509_TBS_PRIVATE_H
#define X509_TBS_PRIVATE_H

#include "x509/profile/node.h"
#include "x509/profile/profile_private.h"
#include "x509/tbs.h"

struct tbs_extension {
	const char	*label;
	bool		 constant;
	struct der	 whole;		/* constant: the Extension */
	struct der	 head;
	struct node	 value;
};

struct tbs_template {
	struct arena		*arena;
	const struct profile	*profile;
	struct issuer		 issuer;	/* its slices point into the arena */
	const char		*public_url;
	unsigned		 shards;
	struct der		 algorithm;
	struct node		*rdns;		/* profile->n_rdns */
	struct tbs_extension	*extensions;	/* profile->n_extensions */
};

/* What of a template a node reads. */
struct node_source tbs_source(const struct tbs_template *);

#endif
