#include "cmd/confine.h"

#include "base/str.h"

enum { PATHS_MAX = 8 };

static void
add(const char *list[PATHS_MAX + 1], size_t n, const char *const *more, size_t more_n)
{
	for (size_t i = 0; i < more_n; i++)
		if (more[i] != NULL)
			list[n++] = more[i];
}

bool
confine(const struct config *c, const struct confine *want, struct err *e)
{
	const char *read[PATHS_MAX + 1] = { "/etc", "/usr/share", c->instance.dir, config_store_dir(c) };
	const char *write[PATHS_MAX + 1] = { c->instance.run_dir, want->reads ? NULL : config_store_dir(c) };
	const struct sandbox box = { .kind = want->kind, .read = read, .write = write,
	    .inet = want->inet || !str_starts(c->store.uri, "sqlite:"), .listen = want->listen };

	add(read, 4, want->read, COUNT(want->read));
	add(write, want->reads ? 1 : 2, want->write, COUNT(want->write));
	return sandbox_enter(&box, e);
}
