/*
 * signer_box - a signer in a folder of its own, for tests: real CAs, real documents, a real process.
 */
#ifndef TESTS_SIGNER_BOX_H
#define TESTS_SIGNER_BOX_H

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/secret.h"
#include "check.h"
#include "signer/cas.h"
#include "signer/command/commands.h"
#include "signer/files.h"
#include "signlink/signlink.h"
#include "x509/cert.h"
#include "x509/keypair.h"
#include "x509/seal.h"
#include "x509/tbs.h"

#define PROFILE		801		/* profiles/idevid/idevid.json */
#define TLS_PROFILE	901		/* profiles/internal/tls-server.json */
#define ORGANIZATION	5

struct box {
	char			 dir[64];
	char			 worker[96], status[96], ops[96];	/* sockets */
	struct secret		*op_key;
	struct str		 op_cert;
	struct conf		*conf;
	struct cas		*cas;		/* certificates only */
	struct profile		*profile, *tls;
	struct tbs_template	*template, *tls_template;
	struct keymaker		*keys;
	struct arena		*arena;
	const char		*constants[PROFILE_INPUTS_MAX];
	pid_t			 pid;
};

__attribute__((format(printf, 2, 3), unused))
static const char *
box_path(const struct box *b, const char *fmt, ...)
{
	static char paths[8][512];
	static unsigned at;
	char *p = paths[at++ % 8];
	int n = snprintf(p, 512, "%s/", b->dir);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p + n, 512 - (size_t)n, fmt, ap);
	va_end(ap);
	return p;
}

__attribute__((unused))
static void
box_document(const struct box *b, const char *path, const char *text, size_t len)
{
	OWN_STR struct str cms = { 0 };
	struct err e = { 0 };

	CHECK(signed_doc_make(b->op_key, (struct der){ (const uint8_t *)b->op_cert.p, b->op_cert.len }, text,
	    len, &cms, &e)
	    && file_write(path, 0600, cms.p, cms.len, &e), "%s %s", e.msg, e.trail);
}

__attribute__((unused))
static void
box_organization(const struct box *b, int version, const char *name)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "{\"document\":\"organization\",\"id\":%d,\"version\":%d,"
	    "\"parameters\":{\"organization_name\":\"%s\"}}", ORGANIZATION, version, name);

	box_document(b, box_path(b, "organizations/%d-%d.cms", ORGANIZATION, version), text, (size_t)n);
}

__attribute__((unused))
static struct profile *
box_profile(const struct box *b, const char *file, int64_t id)
{
	const char *source = getenv("CERTMILL_SOURCE");
	struct faults faults = { .arena = b->arena };
	OWN_STR struct str text = { 0 };
	struct profile *p = NULL;
	struct err e = { 0 };
	char path[512];

	snprintf(path, sizeof(path), "%s/profiles/%s", source != NULL ? source : ".", file);
	if (CHECK(file_read(path, 1 << 20, &text, &e) && profile_parse(text.p, text.len, &p, &faults, &e),
	    "%s: %s", path,
	    e.msg))
		box_document(b, box_path(b, "profiles/%" PRId64 "-1.cms", id), text.p, text.len);
	return p;
}

__attribute__((unused))
static int
box_command(command_fn *fn, char **argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	return fn(argc, argv);
}

__attribute__((unused))
static void
box_cas(struct box *b)
{
	const char *source = getenv("CERTMILL_SOURCE");
	char idevid[512], internal[512];
	char *argv[] = { (char *)"ca", (char *)"create", (char *)"--dir", b->dir, (char *)"--hierarchy", idevid,
		(char *)"--hierarchy", internal, NULL };

	snprintf(idevid, sizeof(idevid), "%s/profiles/idevid/hierarchy.json", source != NULL ? source : ".");
	snprintf(internal, sizeof(internal), "%s/profiles/internal/hierarchy.json", source != NULL ? source : ".");
	if (!CHECK(box_command(cmd_ca, argv) == 0, "ca create"))
		exit(check_done());
}

/* Everything but the running process. */
__attribute__((unused))
static void
box_make(struct box *b)
{
	struct tbs_site site = { .public_url = "http://pki.example" };
	char *argv[] = { (char *)"init", (char *)"--dir", b->dir, (char *)"--run", (char *)"run",
	    (char *)"--public-url",
		(char *)"http://pki.example", (char *)"--operator", NULL, NULL };
	OWN_STR struct str pem = { 0 };
	char op[96];
	struct err e = { 0 };

	memset(b, 0, sizeof(*b));
	b->pid = -1;
	b->arena = arena_new((size_t)256 << 20);
	b->keys = keymaker_new(RSAGEN_FAST);
	snprintf(b->dir, sizeof(b->dir), "/tmp/test-signer-XXXXXX");
	if (!CHECK(mkdtemp(b->dir) != NULL, "mkdtemp"))
		exit(1);
	CHECK(signed_doc_key_make("test operator", TIME_NEVER_S, &b->op_key, &b->op_cert, &e), "%s", e.msg);
	pem_encode("CERTIFICATE", b->op_cert.p, b->op_cert.len, &pem);
	snprintf(op, sizeof(op), "%s/op.pem", b->dir);
	CHECK(file_write(op, 0600, pem.p, pem.len, &e), "%s", e.msg);
	argv[8] = op;
	CHECK(box_command(cmd_init, argv) == 0, "init");
	CHECK(mkdir(box_path(b, "run"), 0700) == 0, "run");
	box_cas(b);
	if (!CHECK(conf_load(box_path(b, "signer.conf"), &b->conf, &e) && cas_load(b->conf, NULL, false,
	    &b->cas, &e), "%s",
	    e.msg))
		exit(check_done());
	b->profile = box_profile(b, "idevid/idevid.json", PROFILE);
	b->tls = box_profile(b, "internal/tls-server.json", TLS_PROFILE);
	box_organization(b, 1, "Acme");
	b->constants[0] = "Acme";
	if (!CHECK(tbs_template_new(b->profile, &ca_by_id(b->cas, "idevid-ca1")->issuer, &site, &b->template, &e)
	    && tbs_template_new(b->tls, &ca_by_id(b->cas, "internal-tls")->issuer, &site, &b->tls_template, &e),
	    "%s", e.msg))
		exit(check_done());
	snprintf(b->worker, sizeof(b->worker), "%s/run/signer-worker.sock", b->dir);
	snprintf(b->status, sizeof(b->status), "%s/run/signer-status.sock", b->dir);
	snprintf(b->ops, sizeof(b->ops), "%s/run/signer-ops.sock", b->dir);
}

/* Starts the signer of a folder in a process of its own, and waits until it answers. */
__attribute__((unused))
static pid_t
box_serve(char *dir, const char *any_socket)
{
	char *argv[] = { (char *)"serve", (char *)"--dir", dir, NULL };
	pid_t pid = fork();

	if (pid == 0)
		exit(box_command(cmd_serve, argv));	/* not _exit: a sanitizer has its say */
	for (int i = 0; i < 400; i++) {
		OWN(signlink_free) struct signlink *l = signlink_new(any_socket);
		OWN_STR struct str json = { 0 };
		struct err e = { 0 };
		int status;

		if (signlink_info(l, &json, &e))
			return pid;
		if (waitpid(pid, &status, WNOHANG) == pid) {
			CHECK(false, "the signer ended with %d", WEXITSTATUS(status));
			return -1;
		}
		usleep(10000);
	}
	CHECK(false, "the signer does not answer");
	return pid;
}

__attribute__((unused))
static void
box_start(struct box *b)
{
	b->pid = box_serve(b->dir, b->ops);
}

/* Its exit status, or -1 when a signal ended it. */
__attribute__((unused))
static int
box_stop(struct box *b, int sig)
{
	int status = 0;

	if (b->pid > 0) {
		kill(b->pid, sig);
		waitpid(b->pid, &status, 0);
	}
	b->pid = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

__attribute__((unused))
static void
box_free(struct box *b)
{
	char cmd[128];

	if (b->pid > 0)
		(void)box_stop(b, SIGKILL);
	tbs_template_free(b->template);
	tbs_template_free(b->tls_template);
	profile_free(b->profile);
	profile_free(b->tls);
	cas_free(b->cas);
	conf_free(b->conf);
	keymaker_free(b->keys);
	secret_free(b->op_key);
	str_free(&b->op_cert);
	arena_free(b->arena);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", b->dir);
	CHECK(system(cmd) == 0, "%s", cmd);
}

__attribute__((unused))
static const char *
box_ski(const struct box *b, const char *ca)
{
	return ca_by_id(b->cas, ca)->issuer.id;
}

/* A device's TBSCertificate as a worker builds it; lives in the arena. */
__attribute__((unused))
static struct der
box_tbs_with(struct box *b, const char *mac, const uint8_t serial[16], struct der spki)
{
	struct tbs_in in = { .spki = spki };
	const struct issuer *issuer = &ca_by_id(b->cas, "idevid-ca1")->issuer;
	uint8_t buf[TBS_MAX];
	struct der tbs = { NULL, 0 };
	struct err e = { 0 };

	in.inputs[0] = mac;
	memcpy(in.organization, b->constants, sizeof(in.organization));
	memcpy(in.serial, serial, sizeof(in.serial));
	if (!CHECK(profile_dates(b->profile, clock_now_s(), issuer->not_before_s, issuer->not_after_s, &in.not_before_s,
	    &in.not_after_s, &e) && tbs_build(b->template, &in, buf, sizeof(buf), &tbs, &e), "%s", e.msg))
		exit(check_done());
	return (struct der){ arena_memdup(b->arena, tbs.p, tbs.len), tbs.len };
}

__attribute__((unused))
static struct der
box_spki(struct box *b, struct key_type type)
{
	OWN_KEYPAIR struct keypair pair = { 0 };
	struct err e = { 0 };

	if (!CHECK(keypair_make(b->keys, type, &pair, &e), "%s", e.msg))
		exit(check_done());
	return (struct der){ arena_memdup(b->arena, pair.spki, pair.spki_len), pair.spki_len };
}

__attribute__((unused))
static struct der
box_tbs(struct box *b, uint8_t serial[16])
{
	cert_serial_make(serial);
	return box_tbs_with(b, "00:1A:2B:00:00:01", serial, box_spki(b, (struct key_type){ KEY_EC, 256 }));
}

__attribute__((unused))
static struct signlink_request
box_request(const struct box *b, const struct der *tbs, size_t n)
{
	return (struct signlink_request){ .ca = box_ski(b, "idevid-ca1"), .profile_id = PROFILE, .profile_version = 1,
		.organization_id = ORGANIZATION, .organization_version = 1, .tbs = tbs, .n = n };
}

#endif
