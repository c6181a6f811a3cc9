#include "domain/app.h"

bool
app_tx(const struct app *app, enum db_mode mode, bool (*body)(struct db *, void *, struct err *),
    void *arg, struct err *e)
{
	struct db *db;

	if (!db_pool_get(app->store, mode, &db, e))
		return false;
	return db_tx(db, mode, body, arg, e);
}
