/*
 * command - a subcommand of certmill: one row in certmill.c, one function in a file of its own.
 *
 * argv[0] is the subcommand's name.  Exit status: 0 done, 1 failed, 2 wrong usage.  Every command knows --help;
 * an error is one line on stderr that says what to do.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "base/err.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef int command_fn(int argc, char **argv);

struct command {
	const char	*name;
	command_fn	*run;
	const char	*summary;	/* one line for `certmill --help` */
};

command_fn cmd_check, cmd_serve, cmd_verify, cmd_demo;
command_fn cmd_org, cmd_user, cmd_profile, cmd_quota, cmd_token, cmd_audit, cmd_ca, cmd_crl, cmd_delegate, cmd_keys;
command_fn cmd_worker, cmd_routes, cmd_store;

/* "certmill serve: what is wrong" on stderr; EXIT_FAILED. */
int command_failed(const char *command, const struct err *);
/* The same with EXIT_USAGE and a pointer to --help. */
int command_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
