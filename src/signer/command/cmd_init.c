#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "signer/command/commands.h"
#include "signer/conf.h"
#include "signer/files.h"
#include "signer/keyfile.h"
#include "x509/cert.h"
#include "x509/seal.h"

static const char help[] =
"certmill-signer init --dir DIR [--public-url URL] [--run DIR] [--operator CERT.pem]... [--kek FILE]\n"
"\n"
"Makes a signer's folder: signer.conf, a key-encryption key (DIR/kek, unless --kek names one that stands\n"
"elsewhere), the audit key, the key with which it asks for OCSP certificates, and empty folders.\n"
"\n"
"  --public-url URL     where relying parties fetch, as in profiles' {public_url}: http://pki.example:8080\n"
"  --run DIR            where the sockets go (../run, beside DIR)\n"
"  --operator CERT.pem  whose signed profiles are believed; may be given several times\n";

struct init {
	struct common	 common;
	const char	*public_url, *run, *kek;
	const char	*operators[CONF_OPERATORS_MAX];
	size_t		 n_operators;
};

static void
path_in(const struct init *in, const char *name, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%.3800s/%.200s", in->common.dir, name);
}

static bool
folders_make(const struct init *in, struct err *e)
{
	static const char *const names[] = { "ca", "profiles", "organizations", "journal", "ocsp", "crl", "operators" };
	char path[PATH_MAX];

	if (!dir_make(in->common.dir, 0700, e))
		return false;
	for (size_t i = 0; i < COUNT(names); i++) {
		path_in(in, names[i], path);
		if (!dir_make(path, 0700, e))
			return false;
	}
	return true;
}

/* Copies the certificates and names them in the configuration. */
static bool
operators_copy(const struct init *in, struct str *conf, struct err *e)
{
	for (size_t i = 0; i < in->n_operators; i++) {
		OWN_STR struct str der = { 0 }, pem = { 0 };
		char name[48], path[PATH_MAX];
		size_t ends[1], n;

		if (!pem_file_certs(in->operators[i], &der, ends, 1, &n, e))
			return false;
		snprintf(name, sizeof(name), "operators/%zu.pem", i + 1);
		path_in(in, name, path);
		pem_encode("CERTIFICATE", der.p, der.len, &pem);
		if (!file_write(path, 0600, pem.p, pem.len, e))
			return false;
		str_addf(conf, "certificate = %s\n", name);
	}
	return true;
}

/* A sealed signing key and its self-signed certificate. */
static bool
identity_make(const struct init *in, const struct secret *kek, const char *name, const char *key_file,
    const char *cert_file, struct err *e)
{
	OWN(secret_free) struct secret *pkcs8 = NULL;
	OWN_STR struct str cert = { 0 }, key_pem = { 0 }, cert_pem = { 0 };
	char path[PATH_MAX];

	if (!signed_doc_key_make(name, TIME_NEVER_S, &pkcs8, &cert, e) || !key_seal(kek, pkcs8, &key_pem, e))
		return false;
	pem_encode("CERTIFICATE", cert.p, cert.len, &cert_pem);
	path_in(in, key_file, path);
	if (!file_write(path, 0600, key_pem.p, key_pem.len, e))
		return false;
	path_in(in, cert_file, path);
	return file_write(path, 0644, cert_pem.p, cert_pem.len, e);
}

static bool
kek_get(const struct init *in, struct secret **out, struct err *e)
{
	char path[PATH_MAX];

	if (in->kek != NULL)
		return kek_load(in->kek, out, e);
	path_in(in, "kek", path);
	return kek_make(path, e) && kek_load(path, out, e);
}

static bool
conf_text(const struct init *in, struct str *s, struct err *e)
{
	const char *run = in->run != NULL ? in->run : "../run";
	char kek[PATH_MAX];

	str_adds(s,
	    "; certmill-signer: docs/signer.md says what each setting means.  Paths begin in this file's folder.\n"
	    "[signer]\n");
	if (in->public_url != NULL)
		str_addf(s, "public_url = %s\n", in->public_url);
	if (in->kek == NULL)
		str_adds(s, "key_encryption_key = kek\n");
	else if (realpath(in->kek, kek) != NULL)
		str_addf(s, "key_encryption_key = %s\n", kek);
	str_addf(s, "\n[sockets]\nworker = %s/signer-worker.sock\nstatus = %s/signer-status.sock\n"
	    "ops = %s/signer-ops.sock\n\n[operators]\n", run, run, run);
	if (!operators_copy(in, s, e))
		return false;
	str_adds(s, "\n[ocsp]\nrequest_key = responder.key\nrequest_certificate = responder.pem\n");
	return true;
}

static bool
init(const struct init *in, struct err *e)
{
	OWN(secret_free) struct secret *kek = NULL;
	OWN(conf_free) struct conf *check = NULL;
	OWN_STR struct str conf = { 0 };
	char path[PATH_MAX];

	path_in(in, "signer.conf", path);
	if (access(path, F_OK) == 0)
		return err_set(e, ERR_CONFLICT, "file_exists", "%.120s is a signer's folder already", in->common.dir);
	/* the configuration comes last: a folder without it was not finished, and is begun anew */
	if (!folders_make(in, e))
		return false;
	path_in(in, "kek", path);
	if (in->kek == NULL)
		(void)unlink(path);
	if (!kek_get(in, &kek, e) || !identity_make(in, kek, "certmill audit", "audit.key", "audit.pem", e)
	    || !identity_make(in, kek, "certmill responder", "responder.key", "responder.pem", e)
	    || !conf_text(in, &conf, e))
		return false;
	path_in(in, "signer.conf", path);
	if (!file_write_new(path, 0600, conf.p, conf.len, e))
		return false;
	if (!conf_load(path, &check, e)) {
		(void)unlink(path);	/* a value given on the command line was wrong */
		return false;
	}
	return true;
}

int
cmd_init(int argc, char **argv)
{
	struct init in = { .public_url = NULL };
	const struct command_option own[] = {
		{ "public-url", &in.public_url, NULL, NULL, 0 },
		{ "run", &in.run, NULL, NULL, 0 },
		{ "kek", &in.kek, NULL, NULL, 0 },
		{ "operator", NULL, in.operators, &in.n_operators, CONF_OPERATORS_MAX },
	};
	struct err e = { 0 };
	int rest, status = command_options("init", help, argc, argv, &in.common, own, COUNT(own), &rest);

	if (status != -1)
		return status;
	if (rest != argc || in.common.dir[0] == '\0')
		return command_usage("init", "which folder? Give --dir DIR");
	if (!init(&in, &e))
		return command_failed("init", &e);
	if (in.common.json)
		printf("{\"config\":\"%s\"}\n", in.common.conf);
	else
		printf("made %s\n", in.common.conf);
	return EXIT_DONE;
}
