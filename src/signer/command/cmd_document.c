#include <stdio.h>
#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "signer/command/commands.h"
#include "signer/files.h"
#include "x509/cert.h"
#include "x509/profile/profile.h"
#include "x509/seal.h"

static const char help[] =
"certmill-signer document sign --key FILE --cert FILE IN.json OUT.cms\n"
"certmill-signer document show --cert FILE IN.cms\n"
"\n"
"sign: signs a profile, or an organization's constants, with an operator's key, on any machine.  The\n"
"result goes to the signer's folder as profiles/ID-VERSION.cms or organizations/ID-VERSION.cms, or to its\n"
"ops socket (`certmill profile activate`).\n"
"show: prints the document inside when this certificate's key signed it.\n";

static bool
key_read(const char *path, struct secret **out, struct err *e)
{
	OWN(secret_free) struct secret *pem = NULL, *der = NULL;
	size_t len;

	if (!file_read_secret(path, 16384, &pem, e))
		return false;
	der = secret_new(pem->len);
	if (!pem_decode((const char *)pem->p, pem->len, "PRIVATE KEY", der->p, der->len, &len, e))
		return err_set(e, ERR_INVALID, "key_form",
		    "%.120s is no private key (PEM, PKCS#8, not encrypted)", path);
	der->len = len;
	*out = give(der);
	return true;
}

/* A profile that the signer would refuse is not worth a signature. */
static bool
document_ok(const char *path, const struct str *text, struct err *e)
{
	OWN(arena_free) struct arena *arena = arena_new(1 << 20);
	OWN(profile_free) struct profile *p = NULL;
	struct faults faults = { .arena = arena };
	struct err why = { 0 };

	if (strstr(text->p, "\"document\"") != NULL || profile_parse(text->p, text->len, &p, &faults, &why))
		return true;
	return err_set(e, ERR_INVALID, "doc_invalid", "%.80s: %.40s %.60s", path,
	    faults.n != 0 && faults.list[0].field != NULL ? faults.list[0].field : "",
	    faults.n != 0 ? faults.list[0].message : why.msg);
}

static bool
sign(const char *key_path, const char *cert_path, const char *in, const char *out, struct err *e)
{
	OWN(secret_free) struct secret *key = NULL;
	OWN_STR struct str cert = { 0 }, text = { 0 }, cms = { 0 };
	size_t ends[1], n;

	return key_read(key_path, &key, e) && pem_file_certs(cert_path, &cert, ends, 1, &n, e)
	    && file_read(in, SIGNED_DOC_MAX, &text, e) && document_ok(in, &text, e)
	    && signed_doc_make(key, (struct der){ (const uint8_t *)cert.p, cert.len }, text.p, text.len, &cms, e)
	    && file_write(out, 0644, cms.p, cms.len, e);
}

static bool
show(const char *cert_path, const char *in, struct err *e)
{
	OWN_STR struct str cert = { 0 }, text = { 0 }, cms = { 0 };
	size_t ends[1], n, by;
	struct der trusted;

	if (!pem_file_certs(cert_path, &cert, ends, 1, &n, e) || !file_read(in, SIGNED_DOC_MAX, &cms, e))
		return false;
	trusted = (struct der){ (const uint8_t *)cert.p, cert.len };
	if (!signed_doc_open((struct der){ (const uint8_t *)cms.p, cms.len }, &trusted, 1, &text, &by, e))
		return false;
	fwrite(text.p, 1, text.len, stdout);
	return true;
}

int
cmd_document(int argc, char **argv)
{
	const char *key = NULL, *cert = NULL;
	const struct command_option own[] = { { "key", &key, NULL, NULL, 0 }, { "cert", &cert, NULL, NULL, 0 } };
	struct common c;
	struct err e = { 0 };
	int rest, status;
	bool signing = argc > 1 && strcmp(argv[1], "sign") == 0, showing = argc > 1 && strcmp(argv[1], "show") == 0;

	if (signing || showing) {
		argc--;
		argv++;
	} else if (argc < 2 || strcmp(argv[1], "--help") != 0)
		return command_usage("document", "say sign or show");
	status = command_options("document", help, argc, argv, &c, own, COUNT(own), &rest);
	if (status != -1)
		return status;
	if (signing && (key == NULL || cert == NULL || argc - rest != 2))
		return command_usage("document", "give --key, --cert, the document and where to write");
	if (showing && (cert == NULL || argc - rest != 1))
		return command_usage("document", "give --cert and the signed document");
	if (!(signing ? sign(key, cert, argv[rest], argv[rest + 1], &e) : show(cert, argv[rest], &e)))
		return command_failed("document", &e);
	return EXIT_DONE;
}
