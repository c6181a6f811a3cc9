/*
 * admin - what the commands of an operator share: a table of actions with their options, an open
 * instance, the way things are named, and output as a table or as JSON.
 *
 * Whoever may run them on the host acts as an operator (actor_console); the rules are the domain's, the
 * audit log has each change.
 */
#ifndef CMD_ADMIN_H
#define CMD_ADMIN_H

#include <jansson.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/str.h"
#include "cmd/open.h"
#include "domain/actor.h"
#include "store/organization.h"
#include "store/user.h"

#define ADMIN_GIVEN_MAX 128

struct admin_option {
	const char	*name;		/* "parameter": --parameter */
	const char	*value;		/* "NAME=VALUE" in the help; NULL: a flag */
	const char	*help;
};

struct admin;
/* False with err, or after admin_usage(). */
typedef bool admin_fn(struct admin *, struct err *);

struct admin_action {
	const char	*name;		/* "create" */
	const char	*arguments;	/* "NAME", "" */
	int		 min, max;	/* how many */
	admin_fn	*run;
	const char	*summary;
	const struct admin_option *options;	/* ends with a name NULL; NULL: none */
};

struct admin_command {
	const char		  *name;	/* "org" */
	const char		  *summary;
	const struct admin_action *actions;
	size_t			   n;
	bool			   offline;	/* needs no instance */
};

struct admin {
	const struct admin_command *command;
	const struct admin_action *action;
	const char	*argv[16];	/* the action's arguments */
	int		 argc;
	bool		 json;
	struct {
		const char	*name, *value;
	}		 given[ADMIN_GIVEN_MAX];
	size_t		 given_n;
	struct opened	 in;
	struct app	*app;		/* in.app */
	struct actor	 who;
	struct arena	*arena;
	struct faults	 faults;
	bool		 wrong_usage;
	int		 status;	/* exit status when the action is true; 0 */
};

/* The whole of a command: options, instance, action, errors; the exit status. */
int admin_main(const struct admin_command *, int argc, char **argv);

/* The n-th value given for an option, NULL when there is none; "" for a flag that is given. */
const char *admin_option(const struct admin *, const char *name, size_t n);
bool admin_flag(const struct admin *, const char *name);
/* Wrong usage: the line for stderr; always false. */
bool admin_usage(struct admin *, struct err *, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A whole number in lo..hi; wrong usage else. */
must_check bool admin_int(struct admin *, const char *what, const char *text, int64_t lo, int64_t hi, int64_t *,
    struct err *);
/* A time of an option (RFC 3339 or a date); absent: 0.  `end`: a date means its last second. */
must_check bool admin_time(struct admin *, const char *option, bool end, int64_t *, struct err *);

/* An organization by its number or its name; "0" and "instance" are the instance itself (id 0, no name). */
must_check bool admin_organization(struct admin *, const char *text, struct organization *, struct err *);
/* A user by number or username. */
must_check bool admin_user(struct admin *, const char *text, struct user *, struct err *);
/* A profile by number or name. */
must_check bool admin_profile(struct admin *, const char *text, int64_t *id, struct err *);

/* A file whole, at most `max` octets. */
must_check bool admin_file(const char *path, size_t max, struct str *, struct err *);
/* A certificate in a PEM or DER file, as DER. */
must_check bool admin_certificate(const char *path, struct str *der, struct err *);

/* Takes the reference and prints it: with --json as it is, else as lines "key  value". */
bool admin_print(const struct admin *, json_t *object);
/* columns: "id:ID name:NAME", key and heading each; with --json {"items":[...]}. */
bool admin_print_list(const struct admin *, json_t *items, const char *columns);
/* A line for people; nothing with --json. */
void admin_say(const struct admin *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- documents that operators sign: admin_document.c ---- */

extern const struct admin_option admin_document_options[];	/* --key, --certificate, --out */
/*
 * Signs a document with the operator's key of --key and hands it to the signer of this instance, or writes
 * it to --out.
 */
must_check bool admin_document_hand(struct admin *, const void *doc, size_t len, struct err *);

#endif
