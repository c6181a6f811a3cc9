/* signals - those that end or reload a process of ours, taken by its main thread with sigwait(). */
#ifndef CMD_SIGNALS_H
#define CMD_SIGNALS_H

#include <signal.h>

/* Blocks SIGTERM, SIGINT and SIGHUP, and puts them into *set.  Before any thread is made: all inherit it. */
void signals_block(sigset_t *set);

#endif
