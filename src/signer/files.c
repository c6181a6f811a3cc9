#include "signer/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/own.h"
#include "base/rand.h"
#include "base/secret.h"
#include "x509/cert.h"

static bool
missing(const char *path, struct err *e)
{
	if (errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "file_missing", "%.150s is missing", path);
	return err_set(e, ERR_INTERNAL, "file_read", "cannot read %.120s: %s", path, strerror(errno));
}

static bool
open_whole(const char *path, size_t max, int *fd, size_t *len, mode_t *mode, struct err *e)
{
	struct stat st;
	OWN_FD int f = open(path, O_RDONLY | O_CLOEXEC);

	if (f < 0 || fstat(f, &st) != 0)
		return missing(path, e);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "file_kind", "%.150s is not a file", path);
	if ((uint64_t)st.st_size > max)
		return err_set(e, ERR_TOO_LARGE, "file_large", "%.120s is over %zu octets", path, max);
	*len = (size_t)st.st_size;
	*mode = st.st_mode & 0777;
	*fd = give_fd(f);
	return true;
}

static bool
read_full(int fd, uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t r = read(fd, p, len);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		p += r;
		len -= (size_t)r;
	}
	return true;
}

bool
file_read(const char *path, size_t max, struct str *out, struct err *e)
{
	OWN_FD int fd = -1;
	uint8_t *buf;
	size_t len;
	mode_t mode;
	bool ok;

	if (!open_whole(path, max, &fd, &len, &mode, e))
		return false;
	buf = malloc(len + 1);
	if (buf == NULL)
		abort();
	ok = read_full(fd, buf, len);
	if (ok)
		str_add(out, buf, len);
	free(buf);
	return ok || missing(path, e);
}

bool
file_read_secret(const char *path, size_t max, struct secret **out, struct err *e)
{
	OWN(secret_free) struct secret *s = NULL;
	OWN_FD int fd = -1;
	size_t len;
	mode_t mode;

	if (!open_whole(path, max, &fd, &len, &mode, e))
		return false;
	if ((mode & 0077) != 0)
		return err_set(e, ERR_INVALID, "file_mode",
		    "%.120s can be read by others; chmod 600 it", path);
	s = secret_new(len);
	if (!read_full(fd, s->p, len))
		return missing(path, e);
	*out = give(s);
	return true;
}

static bool
sync_folder(const char *path)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	OWN_FD int fd = -1;

	snprintf(folder, sizeof(folder), "%.*s", slash == NULL ? 1 : (int)(slash - path + 1),
	    slash == NULL ? "." : path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && fsync(fd) == 0;
}

static bool
write_full(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t r = write(fd, p, len);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		p += r;
		len -= (size_t)r;
	}
	return true;
}

static bool
write_as(const char *path, unsigned mode, const void *p, size_t len, bool anew, struct err *e)
{
	char beside[PATH_MAX], tag[33];
	OWN_FD int fd = -1;
	bool ok;

	rand_id(tag);
	if ((size_t)snprintf(beside, sizeof(beside), "%s.%.8s.new", path, tag) >= sizeof(beside))
		return err_set(e, ERR_INVALID, "file_name", "%.100s... is too long a path", path);
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return err_set(e, ERR_INTERNAL, "file_write", "cannot write %.120s: %s", path, strerror(errno));
	ok = write_full(fd, p, len) && fsync(fd) == 0
	    && (anew ? link(beside, path) == 0 && unlink(beside) == 0 : rename(beside, path) == 0)
	    && sync_folder(path);
	if (!ok) {
		int why = errno;

		(void)unlink(beside);
		if (anew && why == EEXIST)
			return err_set(e, ERR_CONFLICT, "file_exists", "%.120s exists already", path);
		return err_set(e, ERR_INTERNAL, "file_write", "cannot write %.120s: %s", path, strerror(why));
	}
	return true;
}

bool
file_write(const char *path, unsigned mode, const void *p, size_t len, struct err *e)
{
	return write_as(path, mode, p, len, false, e);
}

bool
file_write_new(const char *path, unsigned mode, const void *p, size_t len, struct err *e)
{
	return write_as(path, mode, p, len, true, e);
}

bool
dir_make(const char *path, unsigned mode, struct err *e)
{
	if (mkdir(path, mode) != 0 && errno != EEXIST)
		return err_set(e, ERR_INTERNAL, "dir_make", "cannot make %.120s: %s", path, strerror(errno));
	return true;
}

bool
pem_file_certs(const char *path, struct str *der, size_t *ends, size_t max, size_t *n, struct err *e)
{
	OWN_STR struct str text = { 0 };
	struct pem_block b;
	size_t at = 0;

	*n = 0;
	if (!file_read(path, 1 << 20, &text, e))
		return false;
	while (pem_next(text.p, text.len, &at, &b)) {
		uint8_t buf[CERT_DER_MAX];
		struct cert c;
		size_t len;

		if (b.label_len != 11 || memcmp(b.label, "CERTIFICATE", 11) != 0)
			continue;
		if (*n == max || !pem_body(&b, buf, sizeof(buf), &len) || !cert_decode(buf, len, &c, e))
			return err_set(e, ERR_INVALID, "file_certificate",
			    "%.120s holds something that is no certificate", path);
		str_add(der, buf, len);
		ends[(*n)++] = der->len;
	}
	if (*n == 0)
		return err_set(e, ERR_INVALID, "file_certificate", "%.120s holds no certificate (PEM)", path);
	return true;
}
