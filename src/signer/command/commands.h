/*
 * commands - the subcommands of certmill-signer; main.c has the table.
 *
 * argv[0] is the subcommand's name.  Exit status: 0 done, 1 failed, 2 wrong usage.  Every one knows
 * --help; an error is one line on stderr that says what to do.
 */
#ifndef SIGNER_COMMANDS_H
#define SIGNER_COMMANDS_H

#include <limits.h>
#include <stddef.h>

#include "base/err.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef int command_fn(int argc, char **argv);
command_fn cmd_serve, cmd_init, cmd_ca, cmd_profile, cmd_check, cmd_journal, cmd_operator, cmd_document;

int command_failed(const char *command, const struct err *);
int command_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Options that most commands share. */
struct common {
	char	conf[PATH_MAX];		/* --config FILE, or --dir DIR: DIR/signer.conf; "" for neither */
	char	dir[PATH_MAX];		/* --dir, or "" */
	bool	json;			/* --json */
	bool	help;
};
struct command_option {
	const char	*name;		/* "public-url": takes a value */
	const char	**value;	/* the last one given */
	const char	**list;		/* or all of them, */
	size_t		*n;		/* ... so many, */
	size_t		 max;		/* ... at most */
};
/*
 * Parses the options; *rest is the index of the first argument.  -1: go on; else the exit status (help
 * was printed, or the usage was wrong).
 */
int command_options(const char *command, const char *help, int argc, char **argv, struct common *,
    const struct command_option *, size_t n, int *rest);
/* ERR_INVALID usage unless --config or --dir was given. */
int command_needs_conf(const char *command, const struct common *);

#endif
