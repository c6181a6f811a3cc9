/* The signer of a demo: its directory, the operator's key, every CA, and the instance's own certificates. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/config.h"
#include "cmd/demo/demo.h"
#include "cmd/program.h"
#include "domain/actor.h"
#include "domain/account/user.h"
#include "signlink/signlink.h"
#include "x509/cert.h"
#include "x509/keypair.h"
#include "x509/p12/p12.h"
#include "x509/seal.h"
#include "x509/tbs.h"

#define OPERATOR_DAYS 3650
#define CHAIN_PEM_MAX 2

static bool
pem_write(const struct demo *d, const char *path, const char *label, const void *der, size_t len, struct err *e)
{
	OWN_STR struct str pem = { 0 };
	bool ok;

	pem_encode(label, der, len, &pem);
	ok = demo_write(d, path, pem.p, pem.len, e);
	wipe(pem.p, pem.len);
	return ok;
}

static bool
operator_make(struct demo *d, struct err *e)
{
	return signed_doc_key_make("demo operator", clock_now_s() + (int64_t)OPERATOR_DAYS * 86400, &d->operator_key,
	    &d->operator_cert, e) &&
	    pem_write(d, "operator/operator.key", "PRIVATE KEY", d->operator_key->p, d->operator_key->len, e) &&
	    pem_write(d, "operator/operator.pem", "CERTIFICATE", d->operator_cert.p, d->operator_cert.len, e);
}

/* The listeners' own list of CAs whose certificates a log-in takes. */
static bool
admin_ca_copy(const struct demo *d, const char *dir, struct err *e)
{
	OWN_STR struct str pem = { 0 };
	char path[DEMO_PATH];

	(void)snprintf(path, sizeof(path), "%.4000s/ca/internal-admin.pem", dir);
	return demo_read(path, &pem, e) && demo_write(d, "tls/admin-ca.pem", pem.p, pem.len, e);
}

/* All hierarchies of the packs in one call: a CA may have its parent in another document. */
static bool
cas_make(struct demo *d, const char *dir, struct err *e)
{
	char *packs[DEMO_PACKS_MAX];
	const char *argv[2 * DEMO_PACKS_MAX + 8] = { d->signer_program, "ca", "create", "--dir", dir };
	OWN_STR struct str quiet = { 0 };
	size_t n, k = 5;

	if (!demo_names(d->share, d->arena, packs, DEMO_PACKS_MAX, &n, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!str_ends(packs[i], ".json")) {
			argv[k++] = "--hierarchy";
			argv[k++] = arena_printf(d->arena, "%s/%s/hierarchy.json", d->share, packs[i]);
		}
	return program_run(argv, &quiet, e) && admin_ca_copy(d, dir, e);
}

bool
demo_signer(struct demo *d, struct err *e)
{
	char dir[DEMO_PATH], operator[DEMO_PATH], url[64];
	struct config *conf = NULL;
	char file[DEMO_PATH];

	if (!demo_config(d, e) || snprintf(file, sizeof(file), "%s/certmill.conf", d->making) >= (int)sizeof(file) ||
	    !config_read(file, &conf, e))
		return false;
	(void)snprintf(d->signer_program, sizeof(d->signer_program), "%s", conf->signer.program);
	config_free(conf);
	if (snprintf(dir, sizeof(dir), "%s/signer", d->making) >= (int)sizeof(dir) ||
	    snprintf(operator, sizeof(operator), "%s/operator/operator.pem", d->making) >= (int)sizeof(operator))
		return err_set(e, ERR_INVALID, "demo_dir", "the directory's name is too long");
	(void)snprintf(url, sizeof(url), "http://localhost:%d", d->port_base + 80);
	if (!operator_make(d, e))
		return false;
	{
		OWN_STR struct str quiet = { 0 };
		const char *const init[] = { d->signer_program, "init", "--dir", dir, "--public-url", url, "--run",
		    demo_run_dir(d), "--operator", operator, NULL };

		return program_run(init, &quiet, e) && cas_make(d, dir, e);
	}
}

/* ---- certificates of the instance itself ---- */

struct issuing {
	struct demo		*d;
	struct signlink		*signer;
	struct keymaker		*keys;
};

/* An internal profile with the CA that it names. */
struct internal {
	struct profile		*profile;
	struct str		 ca_pem;
	uint8_t			 ca[CERT_DER_MAX];
	size_t			 ca_len;
	struct issuer		 issuer;
	struct tbs_template	*tbs;
};

static void
internal_clear(struct internal *in)
{
	if (in->tbs != NULL)
		tbs_template_free(in->tbs);
	if (in->profile != NULL)
		profile_free(in->profile);
	str_free(&in->ca_pem);
}

static bool
internal_open(const struct demo *d, const char *name, struct internal *in, struct err *e)
{
	OWN_STR struct str json = { 0 };
	struct faults faults = { .arena = d->arena };
	struct tbs_site site = { .public_url = d->app->public_url };
	char path[DEMO_PATH];

	if (snprintf(path, sizeof(path), "%s/internal/%s.json", d->share, name) >= (int)sizeof(path) ||
	    !demo_read(path, &json, e) || !profile_parse(json.p, json.len, &in->profile, &faults, e))
		return false;
	if (snprintf(path, sizeof(path), "%s/signer/ca/%s.pem", d->making, profile_about(in->profile)->ca) >= (int)sizeof(path))
		return err_sys(e, "name too long");
	return demo_read(path, &in->ca_pem, e) &&
	    pem_decode(in->ca_pem.p, in->ca_pem.len, "CERTIFICATE", in->ca, sizeof(in->ca), &in->ca_len, e) &&
	    issuer_load(in->ca, in->ca_len, &in->issuer, e) && tbs_template_new(in->profile, &in->issuer, &site, &in->tbs, e);
}

struct input {
	const char	*name, *value;
};

static bool
certificate_make(struct issuing *q, const struct internal *in, const struct input *inputs, size_t n,
    struct secret **key, struct str *cert, struct err *e)
{
	OWN_KEYPAIR struct keypair pair = { 0 };
	struct tbs_in want = { 0 };
	struct signlink_request request = { .ca = in->issuer.id, .profile_id = profile_about(in->profile)->id,
	    .profile_version = profile_about(in->profile)->version, .n = 1 };
	struct signlink_result result;
	uint8_t buf[TBS_MAX], der[CERT_DER_MAX];
	struct der tbs, whole;
	size_t types;

	if (!keypair_make(q->keys, profile_server_keys(in->profile, &types)[0], &pair, e) ||
	    !profile_dates(in->profile, clock_now_s(), in->issuer.not_before_s, in->issuer.not_after_s,
	    &want.not_before_s, &want.not_after_s, e))
		return false;
	for (size_t i = 0; i < n; i++)
		want.inputs[profile_input_find(in->profile, inputs[i].name)] = inputs[i].value;
	want.spki = (struct der){ pair.spki, pair.spki_len };
	cert_serial_make(want.serial);
	if (!tbs_build(in->tbs, &want, buf, sizeof(buf), &tbs, e))
		return false;
	request.tbs = &tbs;
	if (!signlink_sign_certs(q->signer, &request, q->d->arena, &result, e))
		return false;
	if (!result.ok)
		return err_set(e, ERR_INTERNAL, "signer_refused", "the signer refused: %s", result.why);
	if (!cert_assemble(tbs, profile_signature(in->profile), result.signature.p, result.signature.len, der, sizeof(der),
	    &whole, e))
		return false;
	str_add(cert, whole.p, whole.len);
	*key = give(pair.pkcs8);
	return true;
}

static bool
server_make(struct issuing *q, struct err *e)
{
	static const struct input inputs[] = { { "common_name", "localhost" }, { "dns_names", "localhost" },
	    { "ip_addresses", "127.0.0.1,::1" } };
	struct internal in = { 0 };
	OWN(secret_free) struct secret *key = NULL;
	OWN_STR struct str cert = { 0 };
	bool ok;

	ok = internal_open(q->d, "tls-server", &in, e) &&
	    certificate_make(q, &in, inputs, COUNT(inputs), &key, &cert, e) &&
	    pem_write(q->d, "tls/server.pem", "CERTIFICATE", cert.p, cert.len, e) &&
	    pem_write(q->d, "tls/server.key", "PRIVATE KEY", key->p, key->len, e) &&
	    pem_write(q->d, "tls/ca.pem", "CERTIFICATE", in.ca, in.ca_len, e);
	internal_clear(&in);
	return ok;
}

static bool
user_files(const struct demo *d, const struct internal *in, struct demo_user *u, struct err *e)
{
	struct p12_setting setting = { .mode = P12_MODERN, .salt = P12_SALT_DEVICE, .iterations = 2048 };
	struct der ca = { in->ca, in->ca_len };
	struct p12_content content = { .cert = { (const uint8_t *)u->certificate.p, u->certificate.len },
	    .pkcs8 = u->key, .chain = &ca, .chain_n = 1, .friendly_name = u->username };
	OWN(secret_free) struct secret *password = secret_from(d->password, strlen(d->password));
	OWN(p12_batch_free) struct p12_batch *batch = NULL;
	OWN(p12_writer_free) struct p12_writer *writer = p12_writer_new();
	OWN_STR struct str file = { 0 };
	char path[160];

	if (!p12_batch_new(&setting, password, &batch, e) || !p12_make(writer, batch, &content, &file, e))
		return false;
	(void)snprintf(path, sizeof(path), "certificates/%s.p12", u->username);
	if (!demo_write(d, path, file.p, file.len, e))
		return false;
	(void)snprintf(path, sizeof(path), "certificates/%s.pem", u->username);
	if (!pem_write(d, path, "CERTIFICATE", u->certificate.p, u->certificate.len, e))
		return false;
	(void)snprintf(path, sizeof(path), "certificates/%s.key", u->username);
	return pem_write(d, path, "PRIVATE KEY", u->key->p, u->key->len, e);
}

static bool
users_make(struct issuing *q, struct err *e)
{
	struct demo *d = q->d;
	struct internal in = { 0 };
	struct actor console;
	bool ok = internal_open(d, "admin-certificate", &in, e);

	actor_console(&console);
	for (size_t i = 0; ok && i < d->users_n; i++) {
		struct demo_user *u = &d->users[i];
		const struct input inputs[] = { { "username", u->username },
		    { "organization", u->organization[0] == '\0' ? "PKI Operations" : u->organization } };

		ok = certificate_make(q, &in, inputs, COUNT(inputs), &u->key, &u->certificate, e) &&
		    user_certificate_register(d->app, &console, u->id, (const uint8_t *)u->certificate.p,
		    u->certificate.len, e) && user_files(d, &in, u, e);
	}
	internal_clear(&in);
	return ok;
}

bool
demo_certificates(struct demo *d, struct err *e)
{
	char file[DEMO_PATH], socket[DEMO_PATH];
	struct issuing q = { .d = d };
	pid_t pid;
	bool ok;

	if (snprintf(file, sizeof(file), "%s/signer/signer.conf", d->making) >= (int)sizeof(file) ||
	    !demo_socket(d, "signer-worker.sock", socket, e))
		return err_set(e, ERR_INVALID, "demo_dir", "the directory's name is too long");
	{
		const char *const argv[] = { d->signer_program, "serve", "--config", file, NULL };

		if (!program_start(argv, &pid, e))
			return false;
	}
	q.signer = signlink_new(socket);
	q.keys = keymaker_new(RSAGEN_FAST);
	ok = false;
	/* It loads its keys first: the socket comes some moments later. */
	for (int i = 0; i < 300 && !ok; i++) {
		OWN_STR struct str info = { 0 };
		struct timespec t = { 0, 20 * 1000 * 1000 };

		err_clear(e);
		ok = signlink_info(q.signer, &info, e);
		if (!ok)
			(void)nanosleep(&t, NULL);
	}
	ok = ok && server_make(&q, e) && users_make(&q, e);
	signlink_free(q.signer);
	keymaker_free(q.keys);
	program_stop(pid);
	return ok;
}
