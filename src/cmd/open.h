/* open - an instance opened by a one-shot command, also beside running processes. */
#ifndef CMD_OPEN_H
#define CMD_OPEN_H

#include "cmd/config.h"
#include "cmd/instance.h"
#include "domain/app.h"

struct opened {
	struct config	*config;
	struct instance	*instance;
	struct app	*app;
};

/*
 * By its folder (DIR/certmill.conf) or its configuration file; just one of the two.  ERR_INVALID, ERR_CONFLICT
 * and ERR_UNAVAILABLE say what to do.
 */
must_check bool app_open(const char *dir, const char *file, struct opened *, struct err *);
void app_close(struct opened *);
#define OWN_OPENED __attribute__((cleanup(app_close)))

#endif
