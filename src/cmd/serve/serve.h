/* serve - an instance from its configuration: the supervisor, or one kind alone. */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

/* Runs the whole instance in the foreground until SIGTERM; the exit status.  Errors are told on stderr. */
int serve_run(const char *config_file);

#endif
