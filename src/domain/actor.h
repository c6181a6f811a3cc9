/*
 * actor - who asks: the user, the organization he acts for, and what the role and token allow.
 *
 * A user of several organizations acts for exactly one.  Every domain call takes the actor and checks
 * the tenant itself; another organization's object is ERR_NOT_FOUND.
 */
#ifndef DOMAIN_ACTOR_H
#define DOMAIN_ACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum role {
	ROLE_NONE, ROLE_VIEWER, ROLE_ORDERER, ROLE_REVOKER, ROLE_ORGANIZATION_ADMIN,
	ROLE_OPERATOR, ROLE_AUDITOR
};

/* Rights: a bit each; a route's row names the ones it needs. */
enum right {
	RIGHT_PUBLIC	= 0,		/* no log-in */
	RIGHT_VIEW	= 1 << 0,	/* see oneself and one's organization (auditor, operator: any) */
	RIGHT_ORDER	= 1 << 1,	/* order, download, reject */
	RIGHT_REVOKE	= 1 << 2,
	RIGHT_ADMIN	= 1 << 3,	/* users, tokens, settings of one's organization */
	RIGHT_OPERATE	= 1 << 4,	/* the instance: organizations, profiles, quotas, CAs */
	RIGHT_AUDIT	= 1 << 5	/* read the audit log */
};

struct actor {
	int64_t		 user_id;
	char		 username[65];
	int64_t		 organization_id;	/* 0: the instance (operator, auditor) */
	enum role	 role;
	unsigned	 rights;		/* the role's, narrowed by the token's scopes */
	bool		 by_token;
	char		 session_id[33];	/* id of session or token, "" for the command line */
	char		 address[46];
	char		 request_id[33];
};

const char *role_name(enum role);		/* "organization_admin" */
enum role role_parse(const char *);		/* ROLE_NONE when unknown */
unsigned role_rights(enum role);
const char *right_name(unsigned right);		/* "view", "order", …: scopes and x-needs */
/* Blank-separated right names to bits; false on an unknown one. */
must_check bool rights_parse(const char *scopes, unsigned *rights);

/* "skenny #286": how histories and the audit log name a person. */
void actor_label(const struct actor *, char *out, int cap);
/* Whether objects of this organization exist for the actor: its own, or any for operator and auditor. */
bool actor_sees(const struct actor *, int64_t organization_id);
/* ERR_FORBIDDEN naming the missing right. */
must_check bool actor_may(const struct actor *, unsigned right, struct err *);

/* The acting "system" (workers, sweepers) and the command line of an operator. */
extern const struct actor actor_system;
/* Who runs a subcommand on the host may all that an operator may; named "LOGIN@HOST" in the audit log. */
void actor_console(struct actor *out);

#endif
