#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/demo/demo.h"

#define FILE_MAX ((size_t)8 * 1024 * 1024)

static bool
parents_make(const char *path, struct err *e)
{
	char part[DEMO_PATH];

	(void)snprintf(part, sizeof(part), "%s", path);
	for (char *p = part + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return err_sys(e, "%s", part);
		*p = '/';
	}
	return true;
}

bool
demo_write(const struct demo *d, const char *path, const void *p, size_t len, struct err *e)
{
	char full[DEMO_PATH];
	OWN_FD int fd = -1;

	if (snprintf(full, sizeof(full), "%s/%s", d->making, path) >= (int)sizeof(full))
		return err_set(e, ERR_INVALID, "demo_dir", "the directory's name is too long");
	if (!parents_make(full, e))
		return false;
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, p, len) != (ssize_t)len || fsync(fd) != 0)
		return err_sys(e, "%s", full);
	return true;
}

bool
demo_read(const char *path, struct str *out, struct err *e)
{
	OWN_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buf[8192];
	ssize_t n;

	if (fd < 0)
		return err_sys(e, "%s", path);
	while ((n = read(fd, buf, sizeof(buf))) > 0 && out->len < FILE_MAX)
		str_add(out, buf, (size_t)n);
	return n >= 0 || err_sys(e, "%s", path);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool
demo_names(const char *dir, struct arena *a, char **names, size_t cap, size_t *n, struct err *e)
{
	DIR *folder = opendir(dir);
	struct dirent *entry;

	*n = 0;
	if (folder == NULL)
		return err_sys(e, "%s", dir);
	while ((entry = readdir(folder)) != NULL && *n < cap)
		if (entry->d_name[0] != '.')
			names[(*n)++] = arena_strdup(a, entry->d_name);
	(void)closedir(folder);
	qsort(names, *n, sizeof(*names), by_name);
	return true;
}
