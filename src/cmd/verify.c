/* certmill verify BATCH.zip: what a factory checks before it flashes, without a network. */
#include <archive.h>
#include <archive_entry.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "cmd/command.h"
#include "cmd/prompt.h"
#include "cmd/verify_manifest.h"
#include "x509/cert.h"
#include "x509/name.h"
#include "x509/p12/p12.h"
#include "x509/verify.h"

#define FILE_OCTETS_MAX ((size_t)1024 * 1024)
#define CHAIN_MAX 16
#define SHOWN_MAX 100

struct check {
	const char		*zip, *root_file, *password_file;
	bool			 json;
	struct secret		*password;
	struct manifest		*manifest;
	struct str		 chain_pem;
	uint8_t			 chain[CHAIN_MAX][CERT_DER_MAX];	/* of chain.pem, issuing CA first */
	struct der		 chain_der[CHAIN_MAX];
	size_t			 chain_n;
	struct trust		*trust;
	struct err		 password_why;
	uint8_t			 last[CERT_DER_MAX];		/* the main file of a device seen last, */
	struct der		 last_der;			/* where it is a certificate */
	const char		*last_file;
	size_t			 files, failures;
	json_t			*problems;
};

static void
help(void)
{
	(void)printf(
	    "usage: certmill verify BATCH.zip [--password-file FILE|-] [--root PEM] [--json]\n\n"
	    "Checks a downloaded batch offline: every file opens, its key matches its certificate, the\n"
	    "certificate chains to the root, and hash, serial number and subject are those of the manifest.\n\n"
	    "  --password-file FILE  holds the PKCS 12 password (- for standard input); asked for when needed\n"
	    "  --root PEM            the root you trust; without it the batch is only held against itself\n"
	    "  --json                the result as JSON\n");
}

__attribute__((format(printf, 3, 4)))
static void
problem(struct check *c, const char *file, const char *fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (c->failures++ >= SHOWN_MAX)
		return;
	json_array_append_new(c->problems, json_pack("{s:s, s:s}", "file", file, "message", text));
	if (!c->json)
		(void)fprintf(stderr, "%s: %s\n", file, text);
}

/* ---- the password ---- */

static bool
password_get(struct check *c, struct err *e)
{
	return c->password != NULL || prompt_secret("PKCS 12 password", c->password_file,
	    "the files are encrypted: name --password-file FILE, or - for standard input", &c->password, e);
}

/* ---- the archive ---- */

/* For encrypted entries; libarchive keeps a copy until the archive is closed. */
static const char *
passphrase(struct archive *z, void *arg)
{
	struct check *c = arg;

	(void)z;
	return password_get(c, &c->password_why) ? (const char *)c->password->p : NULL;
}

typedef bool entry_fn(struct check *, const char *name, struct archive *, struct err *);

static bool
each_entry(struct check *c, entry_fn *fn, struct err *e)
{
	struct archive *z = archive_read_new();
	struct archive_entry *entry;
	bool ok = true;
	int rc = ARCHIVE_OK;

	if (z == NULL || archive_read_support_format_zip(z) != ARCHIVE_OK ||
	    archive_read_set_passphrase_callback(z, c, passphrase) != ARCHIVE_OK ||
	    archive_read_open_filename(z, c->zip, 1 << 20) != ARCHIVE_OK) {
		(void)err_set(e, ERR_INVALID, "zip", "%s: cannot be read as a ZIP file", c->zip);
		archive_read_free(z);
		return false;
	}
	while (ok && (rc = archive_read_next_header(z, &entry)) == ARCHIVE_OK)
		ok = fn(c, archive_entry_pathname(entry), z, e);
	if (ok && rc != ARCHIVE_EOF)
		ok = err_set(e, ERR_INVALID, "zip", "%s: broken off or damaged: %s", c->zip, archive_error_string(z));
	archive_read_free(z);
	return ok;
}

static bool
entry_read(const char *name, struct archive *z, size_t max, struct str *out, struct err *e)
{
	char buf[65536];
	la_ssize_t n;

	while ((n = archive_read_data(z, buf, sizeof(buf))) > 0) {
		if (out->len + (size_t)n > max)
			return err_set(e, ERR_TOO_LARGE, "zip", "%s is larger than any file of a batch", name);
		str_add(out, buf, (size_t)n);
	}
	return n == 0 || err_set(e, ERR_INVALID, "zip", "%s: %s", name, archive_error_string(z));
}

/* ---- first pass: manifest and chain ---- */

static bool
first_pass(struct check *c, const char *name, struct archive *z, struct err *e)
{
	char buf[65536];
	la_ssize_t n;

	if (strcmp(name, "chain.pem") == 0)
		return entry_read(name, z, FILE_OCTETS_MAX, &c->chain_pem, e);
	if (strcmp(name, "manifest.csv") != 0)
		return true;
	c->manifest = manifest_new();
	while ((n = archive_read_data(z, buf, sizeof(buf))) > 0)
		if (!manifest_feed(c->manifest, buf, (size_t)n, e))
			return false;
	return (n == 0 || err_set(e, ERR_INVALID, "zip", "manifest.csv: %s", archive_error_string(z))) &&
	    manifest_end(c->manifest, e);
}

static bool
chain_load(struct check *c, struct err *e)
{
	struct pem_block block;
	size_t at = 0, len;

	while (c->chain_n < CHAIN_MAX && pem_next(c->chain_pem.p, c->chain_pem.len, &at, &block)) {
		if (!pem_body(&block, c->chain[c->chain_n], CERT_DER_MAX, &len))
			return err_set(e, ERR_INVALID, "chain", "chain.pem is not PEM");
		c->chain_der[c->chain_n] = (struct der){ c->chain[c->chain_n], len };
		c->chain_n++;
	}
	if (c->chain_n == 0)
		return err_set(e, ERR_INVALID, "chain", "the batch has no chain.pem with certificates");
	if (c->root_file == NULL)
		return trust_new(&c->chain_der[c->chain_n - 1], 1, &c->trust, e);
	{
		OWN(fclose) FILE *f = fopen(c->root_file, "re");
		OWN_STR struct str pem = { 0 };
		char buf[4096];
		size_t n;

		if (f == NULL)
			return err_sys(e, "%s", c->root_file);
		while ((n = fread(buf, 1, sizeof(buf), f)) > 0 && pem.len < FILE_OCTETS_MAX)
			str_add(&pem, buf, n);
		return trust_new_pem(pem.p == NULL ? "" : pem.p, pem.len, &c->trust, e);
	}
}

/* ---- second pass: the devices' files ---- */

static void
certificate_check(struct check *c, const char *file, const struct manifest_line *line, struct der der)
{
	OWN_STR struct str serial = { 0 };
	OWN_STR struct str subject = { 0 };
	struct err e = { 0 };
	struct cert cert;

	if (!cert_decode(der.p, der.len, &cert, &e) || !name_text(cert.subject, &subject, &e)) {
		problem(c, file, "the certificate cannot be read: %s", e.msg);
		return;
	}
	cert_serial_text(cert.serial, &serial);
	if (strcmp(serial.p, line->serial_number) != 0)
		problem(c, file, "serial number %s, but the manifest says %s", serial.p, line->serial_number);
	if (strcmp(subject.len == 0 ? "" : subject.p, line->subject) != 0)
		problem(c, file, "subject %s, but the manifest says %s", subject.len == 0 ? "" : subject.p, line->subject);
	if (!verify_chain(c->trust, der, c->chain_der, c->chain_n, VERIFY_ANY, clock_now_s(), &e))
		problem(c, file, "%s", e.msg);
}

static bool
p12_check(struct check *c, const char *file, const struct manifest_line *line, const struct str *body, struct err *e)
{
	struct p12_opened opened = { 0 };
	struct err why = { 0 };

	if (!password_get(c, e))
		return false;
	if (!p12_open((struct der){ (const uint8_t *)body->p, body->len }, c->password, &opened, &why)) {
		problem(c, file, "%s", why.msg);
		return true;
	}
	if (opened.pkcs8 == NULL || opened.cert == NULL)
		problem(c, file, "holds no key with its certificate");
	else if (!verify_key((struct der){ opened.cert, opened.cert_len }, opened.pkcs8, &why))
		problem(c, file, "%s", why.msg);
	else
		certificate_check(c, file, line, (struct der){ opened.cert, opened.cert_len });
	if (opened.chain_n == 0)
		problem(c, file, "does not hold the issuing CA's certificate");
	p12_opened_clear(&opened);
	return true;
}

static void
pem_check(struct check *c, const char *file, const struct manifest_line *line, const struct str *body)
{
	uint8_t der[CERT_DER_MAX];
	struct err e = { 0 };
	size_t len;

	if (!pem_decode(body->p, body->len, "CERTIFICATE", der, sizeof(der), &len, &e))
		problem(c, file, "%s", e.msg);
	else
		certificate_check(c, file, line, (struct der){ der, len });
}

/* A key beside its certificate, decrypted on the way out of the archive. */
static void
key_check(struct check *c, const char *file, const struct manifest_line *line, struct str *body)
{
	OWN(secret_free) struct secret *key = secret_from(body->p, body->len);
	struct err why = { 0 };

	wipe(body->p, body->len);
	if (c->last_file == NULL || strcmp(c->last_file, line->beside) != 0)
		problem(c, file, "does not stand behind its certificate %s", line->beside);
	else if (!verify_key(c->last_der, key, &why))
		problem(c, file, "%s", why.msg);
}

static void
main_is(struct check *c, const struct manifest_line *line, const void *der, size_t len)
{
	if (len > sizeof(c->last))
		return;
	memcpy(c->last, der, len);
	c->last_der = (struct der){ c->last, len };
	c->last_file = line->file;
}

/* Other files of a device: its key, or its certificate in other forms. */
static bool
beside_check(struct check *c, const char *name, const struct manifest_line *line, struct str *body)
{
	if (str_ends(name, ".prv") || str_ends(name, "_privkey.der"))
		key_check(c, name, line, body);
	else if (str_ends(name, ".cer") || str_ends(name, "_Cert.der"))
		certificate_check(c, name, line, (struct der){ (const uint8_t *)body->p, body->len });
	return true;
}

static bool
second_pass(struct check *c, const char *name, struct archive *z, struct err *e)
{
	OWN_STR struct str body = { 0 };
	struct manifest_line *line;
	uint8_t hash[SHA256_LEN];

	if (strcmp(name, "manifest.csv") == 0 || strcmp(name, "chain.pem") == 0 || strcmp(name, "manifest.json") == 0)
		return true;
	line = manifest_find(c->manifest, name);
	if (line == NULL) {
		problem(c, name, "is not in the manifest");
		return true;
	}
	if (line->seen)
		problem(c, name, "stands in the archive twice");
	line->seen = true;
	c->files++;
	if (!entry_read(name, z, FILE_OCTETS_MAX, &body, e)) {
		if (c->password_why.kind != ERR_NONE)
			*e = c->password_why;
		return false;
	}
	if (line->beside != NULL)
		return beside_check(c, name, line, &body);
	sha256(body.p, body.len, hash);
	if (memcmp(hash, line->sha256, sizeof(hash)) != 0) {
		problem(c, name, "its SHA-256 is not the manifest's: the file was altered or damaged");
		return true;
	}
	if (str_ends(name, ".p12"))
		return p12_check(c, name, line, &body, e);
	if (str_ends(name, ".pem"))
		pem_check(c, name, line, &body);
	if (str_ends(name, ".cer") || str_ends(name, "_Cert.der")) {
		main_is(c, line, body.p, body.len);
		certificate_check(c, name, line, c->last_der);
	}
	return true;
}

/* ---- the result ---- */

static void
report(const struct check *c)
{
	if (c->json) {
		json_t *o = json_pack("{s:b, s:I, s:I, s:b, s:O}", "ok", c->failures == 0, "files", (json_int_t)c->files,
		    "failures", (json_int_t)c->failures, "root_given", c->root_file != NULL, "problems", c->problems);
		char *text = json_dumps(o, JSON_INDENT(2));

		(void)printf("%s\n", text);
		free(text);
		json_decref(o);
		return;
	}
	if (c->failures > SHOWN_MAX)
		(void)fprintf(stderr, "… and %zu more\n", c->failures - SHOWN_MAX);
	if (c->failures == 0)
		(void)printf("%zu of %zu files are as the manifest says: they open, keys match, certificates chain to %s\n",
		    c->files, manifest_count(c->manifest), c->root_file == NULL ? "the batch's own chain" : c->root_file);
	else
		(void)printf("%zu problems in %zu files\n", c->failures, c->files);
	if (c->root_file == NULL)
		(void)printf("Without --root this says only that the batch is self-consistent.\n");
}

static bool
verify(struct check *c, struct err *e)
{
	const struct manifest_line *line;
	size_t at = 0;

	if (!each_entry(c, first_pass, e))
		return false;
	if (c->manifest == NULL)
		return err_set(e, ERR_INVALID, "manifest", "%s holds no manifest.csv: it is no batch, or not all of one", c->zip);
	if (!chain_load(c, e) || !each_entry(c, second_pass, e))
		return false;
	while ((line = manifest_missing(c->manifest, &at)) != NULL)
		problem(c, line->file, "is in the manifest, but not in the archive");
	report(c);
	return true;
}

int
cmd_verify(int argc, char **argv)
{
	static const struct option options[] = {
		{ "password-file", required_argument, NULL, 'p' }, { "root", required_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 }
	};
	struct check *c = calloc(1, sizeof(*c));
	struct err e = { 0 };
	int o, status;

	if (c == NULL)
		abort();
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (o) {
		case 'p': c->password_file = optarg; break;
		case 'r': c->root_file = optarg; break;
		case 'j': c->json = true; break;
		case 'h': help(); free(c); return EXIT_DONE;
		default: free(c); return EXIT_USAGE;
		}
	if (optind + 1 != argc) {
		free(c);
		return command_usage("verify", "name one downloaded batch");
	}
	c->zip = argv[optind];
	c->problems = json_array();
	status = !verify(c, &e) ? command_failed("verify", &e) : c->failures == 0 ? EXIT_DONE : EXIT_FAILED;
	secret_free(c->password);
	if (c->manifest != NULL)
		manifest_free(c->manifest);
	if (c->trust != NULL)
		trust_free(c->trust);
	str_free(&c->chain_pem);
	json_decref(c->problems);
	free(c);
	return status;
}
