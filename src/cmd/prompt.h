/* prompt - a password from a file, standard input or the terminal. */
#ifndef CMD_PROMPT_H
#define CMD_PROMPT_H

#include "base/err.h"
#include "base/secret.h"

/*
 * The first line of `file` ("-": of standard input); file NULL: asked for on the terminal, without echo,
 * ("what: ").  ERR_INVALID "password" when there is neither file nor terminal: `otherwise` says what to do.
 */
must_check bool prompt_secret(const char *what, const char *file, const char *otherwise, struct secret **, struct err *);

#endif
