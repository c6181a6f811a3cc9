#include "status/crl_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/log.h"

#define LISTS_MAX	8192
#define STRAY_S		600		/* a file that nothing points at is swept when it is older */

struct crl_files {
	char			*dir;
	pthread_mutex_t		 lock;
	struct list_file	*list[LISTS_MAX];
	size_t			 n;
	bool			 swept;
};

struct crl_files *
crl_files_new(const char *dir)
{
	struct crl_files *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->dir = strdup(dir)) == NULL)
		abort();
	(void)pthread_mutex_init(&l->lock, NULL);
	return l;
}

void
list_release(struct list_file *f)
{
	if (atomic_fetch_sub(&f->refs, 1) != 1)
		return;
	(void)close(f->fd);
	free(f);
}

void
crl_files_free(struct crl_files *l)
{
	for (size_t i = 0; i < l->n; i++)
		list_release(l->list[i]);
	(void)pthread_mutex_destroy(&l->lock);
	free(l->dir);
	free(l);
}

bool
list_path(const char *dir, const struct authority *ca, const struct crl_row *r, char out[LIST_PATH_MAX], struct err *e)
{
	char scope[24] = "whole";

	if (r->shard >= 0)
		(void)snprintf(scope, sizeof(scope), "%lld", (long long)r->shard);
	if (snprintf(out, LIST_PATH_MAX, "%s/%s-%s-%s-%lld.crl", dir, ca->issuer.id, scope, r->delta ? "delta" : "full",
	    (long long)r->number) >= LIST_PATH_MAX)
		return err_sys(e, "the folder of revocation lists has too long a name");
	return true;
}

/* From the store, under the name that it has on every host. */
static bool
fetch(const struct crl_files *l, const struct app *app, const struct crl_row *r, const char *path, struct err *e)
{
	char fresh[LIST_PATH_MAX + 32];
	OWN_FD int fd = -1;
	bool ok;

	(void)snprintf(fresh, sizeof(fresh), "%s/.fetch.%d", l->dir, (int)getpid());
	fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "%s", fresh);
	ok = crl_fetch(app, r, fd, e) && (rename(fresh, path) == 0 || err_sys(e, "%s", path));
	if (!ok)
		(void)unlink(fresh);
	return ok;
}

static bool
file_open(const struct crl_files *l, const struct app *app, const struct authority *ca, const struct crl_row *r,
    struct list_file **out, struct err *e)
{
	struct list_file *f;
	char path[LIST_PATH_MAX], hex[33];
	OWN_FD int fd = -1;
	struct stat st;

	if (!list_path(l->dir, ca, r, path, e))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		if (!fetch(l, app, r, path, e))
			return false;
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd < 0 || fstat(fd, &st) != 0)
		return err_sys(e, "%s", path);
	if (st.st_size != r->octets) {
		(void)unlink(path);
		return err_sys(e, "%s has another length than the list", path);
	}
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		abort();
	*f = (struct list_file){ .refs = 1, .ca = ca, .row = *r, .fd = give_fd(fd) };
	hex_lower(r->sha256, 16, hex);
	(void)snprintf(f->etag, sizeof(f->etag), "\"%s\"", hex);
	*out = f;
	return true;
}

static struct list_file **
place(struct crl_files *l, int64_t ca_id, int64_t shard, bool delta)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct crl_row *r = &l->list[i]->row;

		if (r->ca_id == ca_id && r->shard == shard && r->delta == delta)
			return &l->list[i];
	}
	return NULL;
}

/* The file of the list before goes; who still sends it has it open. */
static void
old_remove(const struct crl_files *l, const struct list_file *old)
{
	char path[LIST_PATH_MAX];
	struct err e = { 0 };

	if (list_path(l->dir, old->ca, &old->row, path, &e))
		(void)unlink(path);
}

static void
put(struct crl_files *l, struct list_file *f)
{
	struct list_file **at, *old = NULL;

	(void)pthread_mutex_lock(&l->lock);
	at = place(l, f->row.ca_id, f->row.shard, f->row.delta);
	if (at != NULL) {
		old = *at;
		*at = f;
	} else if (l->n < LISTS_MAX)
		l->list[l->n++] = f;
	else
		old = f;
	(void)pthread_mutex_unlock(&l->lock);
	if (old == NULL)
		return;
	old_remove(l, old);
	list_release(old);
}

static bool
named(struct crl_files *l, const char *name)
{
	char path[LIST_PATH_MAX];
	struct err e = { 0 };

	if (strcmp(name, PUBLISHER_FILE) == 0)
		return true;
	for (size_t i = 0; i < l->n; i++)
		if (list_path("", l->list[i]->ca, &l->list[i]->row, path, &e) && strcmp(path + 1, name) == 0)
			return true;
	return false;
}

/* What a process left behind that was killed. */
static void
strays_remove(struct crl_files *l)
{
	DIR *folder = opendir(l->dir);
	struct dirent *entry;
	struct stat st;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '\0' && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !named(l, entry->d_name) && fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_mtime < time(NULL) - STRAY_S)
			(void)unlinkat(dirfd(folder), entry->d_name, 0);
	if (folder != NULL)
		(void)closedir(folder);
}

bool
crl_files_refresh(struct crl_files *l, const struct app *app, const struct authorities *cas, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)16 << 20);
	struct err why = { 0 };
	struct crl_row *rows;
	size_t n;

	if (!crl_rows(app, a, &rows, &n, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		const struct authority *ca = authorities_by_id(cas, rows[i].ca_id);
		struct list_file **at = place(l, rows[i].ca_id, rows[i].shard, rows[i].delta), *f;

		if (ca == NULL || (at != NULL && (*at)->row.number == rows[i].number))
			continue;
		if (file_open(l, app, ca, &rows[i], &f, &why))
			put(l, f);
	}
	if (!l->swept)
		strays_remove(l);
	l->swept = true;
	if (why.kind == ERR_NONE)
		return true;
	*e = why;
	return false;
}

struct list_file *
crl_files_get(struct crl_files *l, int64_t ca_id, int64_t shard, bool delta)
{
	struct list_file **at, *f = NULL;

	(void)pthread_mutex_lock(&l->lock);
	at = place(l, ca_id, shard, delta);
	if (at != NULL) {
		f = *at;
		atomic_fetch_add(&f->refs, 1);
	}
	(void)pthread_mutex_unlock(&l->lock);
	return f;
}
