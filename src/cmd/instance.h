/*
 * instance - a struct app from a configuration: what daemons and one-shot commands stand on.
 */
#ifndef CMD_INSTANCE_H
#define CMD_INSTANCE_H

#include "cmd/config.h"
#include "domain/app.h"

struct instance;

/*
 * Opens the store's pool and loads the CAs of admin certificates.  The configuration must outlive it.
 * With `migrate` the schema is brought up to date; else a schema of another version is refused
 * (ERR_CONFLICT, saying what to do).
 */
must_check bool instance_open(const struct config *, bool migrate, struct instance **, struct err *);
void instance_close(struct instance *);
OWN_TYPE(struct instance, instance_close)
struct app *instance_app(struct instance *);

/*
 * Where data files of the program stand ("profiles", "web/dist"): beside the build, or below
 * PREFIX/share/certmill when installed.  ERR_NOT_FOUND when neither is there.
 */
must_check bool instance_share(const char *what, char *out, size_t cap, struct err *);

#endif
