/* Documents that only an operator's key can make true: profiles and organizations' constants. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "cmd/admin/admin.h"
#include "signlink/signlink.h"
#include "x509/cert.h"
#include "x509/seal.h"
#include "x509/verify.h"

#define KEY_MAX ((size_t)64 * 1024)

const struct admin_option admin_document_options[] = {
	{ "key", "FILE", "the operator's private key (PKCS#8, PEM or DER); DIR/operator/operator.key by default" },
	{ "certificate", "FILE", "its certificate; by default the one of the signer's operators that fits" },
	{ "out", "FILE", "write the signed document there, for a signer on another host" },
	{ 0 },
};

static bool
key_read(struct admin *a, struct secret **out, struct err *e)
{
	const char *path = admin_option(a, "key", 0);
	char otherwise[PATH_MAX];
	OWN_STR struct str text = { 0 };
	uint8_t der[4096];
	size_t len;
	bool ok;

	if (path == NULL) {
		(void)snprintf(otherwise, sizeof(otherwise), "%s/operator/operator.key", a->in.config->instance.dir);
		path = otherwise;
		if (access(path, F_OK) != 0)
			return err_set(e, ERR_INVALID, "operator_key", "name the operator's key with --key FILE");
	}
	ok = admin_file(path, KEY_MAX, &text, e);
	if (ok && text.len > 0 && text.p[0] == 0x30)
		*out = secret_from(text.p, text.len);
	else if (ok && pem_decode(text.p == NULL ? "" : text.p, text.len, "PRIVATE KEY", der, sizeof(der), &len, e))
		*out = secret_from(der, len);
	else if (ok)
		ok = err_set(e, ERR_INVALID, "operator_key", "%.120s holds no unencrypted PKCS#8 key", path);
	wipe(der, sizeof(der));
	if (text.p != NULL)
		wipe(text.p, text.len);
	return ok;
}

/* Among the certificates that this instance's signer takes for operators': the key's own. */
static bool
certificate_find(struct admin *a, const struct secret *key, struct str *out, struct err *e)
{
	const char *conf = a->in.config->signer.config, *slash = conf == NULL ? NULL : strrchr(conf, '/');
	char dir[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];
	const struct dirent *entry;
	DIR *folder;

	if (slash == NULL)
		return err_set(e, ERR_INVALID, "operator_certificate", "name the operator's certificate with --certificate FILE");
	(void)snprintf(dir, sizeof(dir), "%.*s/operators", (int)(slash - conf), conf);
	folder = opendir(dir);
	while (folder != NULL && out->len == 0 && (entry = readdir(folder)) != NULL) {
		OWN_STR struct str der = { 0 };
		struct err no = { 0 };

		if (!str_ends(entry->d_name, ".pem"))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		if (admin_certificate(path, &der, &no) &&
		    verify_key((struct der){ (const uint8_t *)der.p, der.len }, key, &no))
			str_add(out, der.p, der.len);
	}
	if (folder != NULL)
		(void)closedir(folder);
	return out->len > 0 || err_set(e, ERR_INVALID, "operator_certificate",
	    "no certificate in %.100s fits the key; name it with --certificate FILE", dir);
}

static bool
document_sign(struct admin *a, const void *doc, size_t len, struct str *out, struct err *e)
{
	OWN(secret_free) struct secret *key = NULL;
	OWN_STR struct str certificate = { 0 };
	const char *path = admin_option(a, "certificate", 0);

	if (!key_read(a, &key, e))
		return false;
	if (path != NULL ? !admin_certificate(path, &certificate, e) : !certificate_find(a, key, &certificate, e))
		return false;
	return signed_doc_make(key, (struct der){ (const uint8_t *)certificate.p, certificate.len }, doc, len, out, e);
}

static bool
document_write(const char *path, const struct str *cms, struct err *e)
{
	OWN_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t done = 0;

	while (fd >= 0 && done < cms->len) {
		ssize_t n = write(fd, cms->p + done, cms->len - done);

		if (n < 0)
			break;
		done += (size_t)n;
	}
	if (fd < 0 || done < cms->len || fsync(fd) != 0)
		return err_set(e, ERR_INVALID, "file", "%.120s: %s", path, strerror(errno));
	return true;
}

bool
admin_document_hand(struct admin *a, const void *doc, size_t len, struct err *e)
{
	const char *out = admin_option(a, "out", 0);
	OWN(signlink_free) struct signlink *link = NULL;
	OWN_STR struct str cms = { 0 };
	struct signlink_activated done;

	if (!document_sign(a, doc, len, &cms, e))
		return false;
	if (out != NULL)
		return document_write(out, &cms, e);
	link = signlink_new(a->in.config->signer.ops_socket);
	if (signlink_activate(link, cms.p, cms.len, &done, e))
		return true;
	if (e->kind == ERR_UNAVAILABLE)
		return err_set(e, ERR_UNAVAILABLE, "signer",
		    "the signer does not answer at %.90s: start the instance, or write the document with --out FILE",
		    a->in.config->signer.ops_socket);
	return false;
}
