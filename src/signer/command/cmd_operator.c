#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "signer/command/commands.h"
#include "signer/files.h"
#include "x509/cert.h"
#include "x509/seal.h"

static const char help[] =
"certmill-signer operator create --name NAME --out PREFIX [--days N]\n"
"\n"
"Makes an operator's key (PREFIX.key, PKCS#8, not encrypted: keep it off the signer's machine) and its\n"
"certificate (PREFIX.pem).  Name the certificate in signer.conf, [operators] certificate; from then on the\n"
"signer believes what `certmill-signer document sign` signs with the key.\n";

static bool
create(const char *name, const char *out, int64_t days, struct err *e)
{
	OWN(secret_free) struct secret *pkcs8 = NULL;
	OWN_STR struct str cert = { 0 }, key_pem = { 0 }, cert_pem = { 0 };
	char path[PATH_MAX];
	bool ok;

	if (!signed_doc_key_make(name, days == 0 ? TIME_NEVER_S : clock_now_s() + days * 86400, &pkcs8, &cert, e))
		return false;
	pem_encode("PRIVATE KEY", pkcs8->p, pkcs8->len, &key_pem);
	pem_encode("CERTIFICATE", cert.p, cert.len, &cert_pem);
	snprintf(path, sizeof(path), "%.4000s.key", out);
	ok = file_write_new(path, 0600, key_pem.p, key_pem.len, e);
	wipe(key_pem.p, key_pem.len);
	if (!ok)
		return false;
	snprintf(path, sizeof(path), "%.4000s.pem", out);
	return file_write_new(path, 0644, cert_pem.p, cert_pem.len, e);
}

int
cmd_operator(int argc, char **argv)
{
	const char *name = NULL, *out = NULL, *days = NULL;
	const struct command_option own[] = { { "name", &name, NULL, NULL, 0 }, { "out", &out, NULL, NULL, 0 },
		{ "days", &days, NULL, NULL, 0 } };
	struct common c;
	struct err e = { 0 };
	uint64_t n = 0;
	int rest, status;

	if (argc < 2 || (strcmp(argv[1], "create") != 0 && strcmp(argv[1], "--help") != 0))
		return command_usage("operator", "say create");
	if (strcmp(argv[1], "create") == 0) {
		argc--;
		argv++;
	}
	status = command_options("operator", help, argc, argv, &c, own, COUNT(own), &rest);
	if (status != -1)
		return status;
	if (rest != argc || name == NULL || out == NULL || (days != NULL && !parse_u64(days, 40000, &n)))
		return command_usage("operator", "give --name, --out, and --days as a number if at all");
	if (!create(name, out, (int64_t)n, &e))
		return command_failed("operator", &e);
	printf("made %s.key and %s.pem\n", out, out);
	return EXIT_DONE;
}
