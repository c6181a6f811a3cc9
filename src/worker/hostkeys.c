#include "worker/hostkeys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/str.h"
#include "domain/issue/work.h"
#include "x509/seal.h"

#define FILE_MAX 8192
#define DAY_S 86400
#define CERTIFICATE_DAYS 3650

OWN_TYPE(DIR, closedir)

struct hostkeys {
	const char	*dir, *host;
	pthread_mutex_t	 lock;		/* of the last opened key */
	char		 open_id[2 * SHA256_LEN + 1];
	struct secret	*open_key;
	struct str	 open_cert;
};

static bool
path_of(const struct hostkeys *k, const char *id, const char *suffix, char *out, size_t cap, struct err *e)
{
	if (snprintf(out, cap, "%s/%s%s", k->dir, id, suffix) >= (int)cap)
		return err_sys(e, "key directory: name too long");
	return true;
}

static bool
file_write(const struct hostkeys *k, const char *id, const char *suffix, const void *p, size_t len, struct err *e)
{
	char path[4096], part[4200];
	OWN_FD int fd = -1;

	if (!path_of(k, id, suffix, path, sizeof(path), e))
		return false;
	(void)snprintf(part, sizeof(part), "%s.part", path);
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, p, len) != (ssize_t)len || fsync(fd) != 0 || rename(part, path) != 0)
		return err_sys(e, "%s", path);
	return true;
}

/* The directory's own entries must be on disk before anything is sealed to a key in it. */
static bool
dir_sync(const struct hostkeys *k, struct err *e)
{
	OWN_FD int fd = open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return (fd >= 0 && fsync(fd) == 0) || err_sys(e, "%s", k->dir);
}

static bool
file_read(const struct hostkeys *k, const char *id, const char *suffix, struct secret **out, struct err *e)
{
	char path[4096];
	uint8_t buf[FILE_MAX];
	OWN_FD int fd = -1;
	ssize_t n;

	if (!path_of(k, id, suffix, path, sizeof(path), e))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf));
	if (n < 0)
		return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "host_key", "sealing key %.16s is not on this host", id)
		    : err_sys(e, "%s", path);
	*out = secret_from(buf, (size_t)n);
	wipe(buf, sizeof(buf));
	return true;
}

static bool
key_make(const struct app *app, const struct hostkeys *k, struct err *e)
{
	OWN(secret_free) struct secret *pkcs8 = NULL;
	OWN_STR struct str cert = { 0 };
	char id[2 * SHA256_LEN + 1];

	if (!seal_host_make(k->host, clock_now_s() + (int64_t)CERTIFICATE_DAYS * DAY_S, &pkcs8, &cert, e))
		return false;
	sha256_hex(cert.p, cert.len, id);
	if (!file_write(k, id, ".key", pkcs8->p, pkcs8->len, e) || !file_write(k, id, ".cer", cert.p, cert.len, e) ||
	    !dir_sync(k, e))
		return false;
	log_info("hostkey.made", "key=%.16s", id);
	return work_key_add(app, id, k->host, (const uint8_t *)cert.p, cert.len, e);
}

static bool
key_delete(const struct app *app, const struct hostkeys *k, const char *id, struct err *e)
{
	char path[4096];

	if (!work_key_drop(app, id, e))
		return e->kind == ERR_CONFLICT;		/* an order still waits for it */
	for (int i = 0; i < 2; i++) {
		if (!path_of(k, id, i == 0 ? ".key" : ".cer", path, sizeof(path), e))
			return false;
		if (unlink(path) != 0 && errno != ENOENT)
			return err_sys(e, "%s", path);
	}
	log_info("hostkey.deleted", "key=%.16s", id);
	return true;
}

/* Whether the private half is really here: a key directory can be lost, its rows are then useless. */
static bool
key_here(const struct hostkeys *k, const char *id)
{
	char path[4096];
	struct err e = { 0 };

	return path_of(k, id, ".key", path, sizeof(path), &e) && access(path, R_OK) == 0;
}

/*
 * Files of keys that no row knows: made or let go of by a process that was killed in between.  Only old ones,
 * for another process of this directory may be about to name its new key.
 */
static bool
strays_delete(const struct app *app, const struct hostkeys *k, struct arena *a, struct err *e)
{
	OWN(closedir) DIR *dir = opendir(k->dir);
	const size_t id_len = 2 * SHA256_LEN;
	struct work_key *keys;
	struct stat st;
	size_t n;

	/* Of all hosts: this one may have had another name. */
	if (dir == NULL || !work_key_list(app, NULL, a, &keys, &n, e))
		return dir != NULL || err_sys(e, "%s", k->dir);
	for (const struct dirent *f; (f = readdir(dir)) != NULL; ) {
		bool known = strlen(f->d_name) <= id_len || f->d_name[id_len] != '.' || strspn(f->d_name, "0123456789abcdef") != id_len;

		for (size_t i = 0; i < n && !known; i++)
			known = strncmp(f->d_name, keys[i].id, id_len) == 0;
		if (known || fstatat(dirfd(dir), f->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_mtime + 2 * DAY_S > clock_now_s())
			continue;
		if (unlinkat(dirfd(dir), f->d_name, 0) != 0)
			return err_sys(e, "%s/%s", k->dir, f->d_name);
		log_info("hostkey.stray", "file=%.24s", f->d_name);
	}
	return true;
}

bool
hostkeys_turn(const struct app *app, struct hostkeys *k, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new((size_t)16 * 1024 * 1024);
	struct work_key *keys;
	size_t n;
	int64_t now = clock_now_s();
	bool fresh = false;
	struct err stray = { 0 };

	if (!work_key_list(app, k->host, a, &keys, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (keys[i].retired_at == 0 && key_here(k, keys[i].id) && keys[i].created_at + HOSTKEY_DAYS * DAY_S > now)
			fresh = true;
	if (!fresh && !key_make(app, k, e))
		return false;
	for (size_t i = 0; i < n; i++) {
		bool old = keys[i].created_at + HOSTKEY_DAYS * DAY_S <= now || !key_here(k, keys[i].id);
		struct err why = { 0 };

		if (old && keys[i].retired_at == 0 && !work_key_retire(app, keys[i].id, e))
			return false;
		/* An order accepted just now may have read the list before: wait a little before forgetting. */
		if (keys[i].retired_at != 0 && keys[i].retired_at + 600 < now && !keys[i].needed &&
		    !key_delete(app, k, keys[i].id, &why))
			log_err("hostkey.delete", &why);
	}
	if (!strays_delete(app, k, a, &stray))
		log_err("hostkey.stray", &stray);
	return true;
}

bool
hostkeys_open(const struct app *app, const char *dir, const char *host, struct hostkeys **out, struct err *e)
{
	OWN(hostkeys_free) struct hostkeys *k = calloc(1, sizeof(*k));

	if (k == NULL)
		abort();
	(void)pthread_mutex_init(&k->lock, NULL);
	k->dir = dir;
	k->host = host;
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return err_sys(e, "%s", dir);
	if (!hostkeys_turn(app, k, e))
		return false;
	*out = give(k);
	return true;
}

void
hostkeys_free(struct hostkeys *k)
{
	if (k == NULL)
		return;
	secret_free(k->open_key);
	str_free(&k->open_cert);
	(void)pthread_mutex_destroy(&k->lock);
	free(k);
}

static bool
unseal_locked(struct hostkeys *k, const char *id, struct der sealed, struct secret **out, struct err *e)
{
	if (strcmp(k->open_id, id) != 0) {
		OWN(secret_free) struct secret *key = NULL, *cert = NULL;

		if (!file_read(k, id, ".key", &key, e) || !file_read(k, id, ".cer", &cert, e))
			return false;
		secret_free(k->open_key);
		k->open_key = give(key);
		str_clear(&k->open_cert);
		str_add(&k->open_cert, cert->p, cert->len);
		(void)snprintf(k->open_id, sizeof(k->open_id), "%s", id);
	}
	return seal_open(sealed, k->open_key, (struct der){ (const uint8_t *)k->open_cert.p, k->open_cert.len }, out, e);
}

bool
hostkeys_unseal(struct hostkeys *k, const char *id, struct der sealed, struct secret **out, struct err *e)
{
	bool ok;

	(void)pthread_mutex_lock(&k->lock);
	ok = unseal_locked(k, id, sealed, out, e);
	(void)pthread_mutex_unlock(&k->lock);
	return ok;
}
