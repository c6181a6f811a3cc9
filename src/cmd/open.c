#include "cmd/open.h"

#include <limits.h>
#include <string.h>

bool
app_open(const char *dir, const char *file, struct opened *out, struct err *e)
{
	char path[PATH_MAX];

	if ((dir == NULL) == (file == NULL))
		return err_set(e, ERR_INVALID, "instance", "say which instance: --dir DIR, or --config FILE");
	if (dir != NULL) {
		if (snprintf(path, sizeof(path), "%s/certmill.conf", dir) >= (int)sizeof(path))
			return err_set(e, ERR_INVALID, "instance", "the name of the directory is too long");
		file = path;
	}
	if (!config_read(file, &out->config, e) || !instance_open(out->config, false, &out->instance, e))
		return false;
	out->app = instance_app(out->instance);
	return true;
}

void
app_close(struct opened *o)
{
	if (o->instance != NULL)
		instance_close(o->instance);
	if (o->config != NULL)
		config_free(o->config);
	*o = (struct opened){ 0 };
}
