/* Every profile and hierarchy that is shipped: parsed, a sample made, checked and read by others. */
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/own.h"
#include "check.h"
#include "x509/name.h"
#include "x509_make.h"

extern char **environ;

#define PACKS_MAX 32
#define CAS_MAX 64

static char dir[] = "/tmp/certmill-packs-XXXXXX";
static int64_t now_s;

/* One CA of all hierarchies. */
static struct pack_ca {
	const struct ca_plan	*plan;
	const struct pack_ca	*parent;
	struct made_ca		 made;
} cas[CAS_MAX];
static size_t n_cas;
static struct hierarchy *hierarchies[PACKS_MAX];
static size_t n_hierarchies;
static struct { char path[300]; struct profile *profile; } profiles[PACKS_MAX];
static size_t n_profiles;

static const char *const people_values[] = { "US", "Acme Devices, Inc.", "Taipei 2" };

static bool
run(char *const argv[])
{
	posix_spawn_file_actions_t quiet;
	char out[600];
	int status = -1;
	pid_t pid;
	bool ok;

	(void)snprintf(out, sizeof(out), "%s/out", dir);
	(void)posix_spawn_file_actions_init(&quiet);
	(void)posix_spawn_file_actions_addopen(&quiet, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	(void)posix_spawn_file_actions_adddup2(&quiet, 1, 2);
	ok = posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ) == 0 &&
	     waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	(void)posix_spawn_file_actions_destroy(&quiet);
	return ok;
}

/* What the last command wrote. */
static const char *
output(void)
{
	static char text[65536];
	char name[600];
	FILE *f;
	size_t n = 0;

	(void)snprintf(name, sizeof(name), "%s/out", dir);
	f = fopen(name, "rb");
	if (f != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		(void)fclose(f);
	}
	text[n] = '\0';
	return text;
}

static void
write_pem(const char *name, const char *mode, const void *der, size_t len)
{
	OWN_STR struct str pem = { 0 };
	char path[600];
	FILE *f;

	pem_encode("CERTIFICATE", der, len, &pem);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, mode);
	if (f == NULL)
		return;
	(void)fwrite(pem.p, 1, pem.len, f);
	(void)fclose(f);
}

static void
show_faults(const char *path, const struct faults *f, const struct err *e)
{
	for (size_t i = 0; i < f->n; i++)
		CHECK(false, "%s: %s: %s", path, f->list[i].field, f->list[i].message);
	CHECK(f->n > 0, "%s: %s", path, e->msg);
}

static void
load_file(const char *path, struct arena *a)
{
	struct faults f = { .arena = a };
	struct err e = { 0 };
	size_t len = 0, kept;
	char *text = read_source(path, &len);
	bool hierarchy = strstr(path, "/hierarchy.json") != NULL;

	if (!CHECK(text != NULL, "%s cannot be read", path))
		return;
	if (!(hierarchy ? hierarchy_parse(text, len, &hierarchies[n_hierarchies], &f, &e) :
	    profile_parse(text, len, &profiles[n_profiles].profile, &f, &e))) {
		show_faults(path, &f, &e);
	} else if (hierarchy) {
		n_hierarchies++;
	} else {
		const char *back = profile_json(profiles[n_profiles].profile, &kept);

		CHECK(kept == len && memcmp(back, text, len) == 0, "%s is not kept as it is", path);
		(void)snprintf(profiles[n_profiles].path, sizeof(profiles[0].path), "%.299s", path);
		n_profiles++;
	}
	free(text);
}

static void
load_all(struct arena *a)
{
	const char *root = getenv("CERTMILL_SOURCE");
	char path[600];
	struct dirent *pack, *file;
	DIR *top, *sub;

	(void)snprintf(path, sizeof(path), "%s/profiles", root == NULL ? "." : root);
	top = opendir(path);
	if (!CHECK(top != NULL, "no profiles/"))
		return;
	while ((pack = readdir(top)) != NULL) {
		if (strchr(pack->d_name, '.') != NULL && strncmp(pack->d_name, "docsis-", 7) != 0)
			continue;
		(void)snprintf(path, sizeof(path), "%s/profiles/%.100s", root == NULL ? "." : root,
		    pack->d_name);
		sub = opendir(path);
		while (sub != NULL && (file = readdir(sub)) != NULL) {
			size_t n = strlen(file->d_name);

			if (n < 5 || strcmp(file->d_name + n - 5, ".json") != 0)
				continue;
			(void)snprintf(path, sizeof(path), "profiles/%.100s/%.200s", pack->d_name,
			    file->d_name);
			load_file(path, a);
		}
		if (sub != NULL)
			(void)closedir(sub);
	}
	(void)closedir(top);
}

static struct pack_ca *
ca_find(const char *id)
{
	for (size_t i = 0; i < n_cas; i++)
		if (strcmp(cas[i].plan->id, id) == 0)
			return &cas[i];
	return NULL;
}

/* RSA CAs share one key a size: their making is not what is tested. */
static void
make_cas(void)
{
	for (size_t h = 0; h < n_hierarchies; h++) {
		size_t n;
		const struct ca_plan *plans = hierarchy_cas(hierarchies[h], &n);

		for (size_t i = 0; i < n && n_cas < CAS_MAX; i++) {
			struct pack_ca *c = &cas[n_cas];
			struct err e = { 0 };

			CHECK(ca_find(plans[i].id) == NULL, "CA %s is there twice", plans[i].id);
			c->plan = &plans[i];
			c->parent = plans[i].parent == NULL ? NULL : ca_find(plans[i].parent);
			CHECK(plans[i].parent == NULL || c->parent != NULL, "CA %s: no parent %s",
			    plans[i].id, plans[i].parent);
			if (CHECK(make_ca(c->plan, c->parent == NULL ? NULL : &c->parent->made, now_s,
				      &c->made, &e),
				"CA %s: %s %s", plans[i].id, e.msg, e.trail))
				n_cas++;
		}
	}
}

/* Plausible values for whatever a profile asks for. */
static const char *
sample_of(const struct profile_input *in)
{
	switch (in->type) {
	case INPUT_MAC_ADDRESS:
		return "00:1A:2B:3C:4D:5E";
	case INPUT_EUI64:
		return "00:1A:2B:3C:4D:5E:6F:70";
	case INPUT_DECIMAL:
		return "0000000000017";
	case INPUT_HEX:
		return "0123ABCD";
	case INPUT_CHOICE:
		return in->choices[0];
	case INPUT_DNS_NAME:
		return in->multiple ? "portal.example,localhost" : "portal.example";
	case INPUT_IP_ADDRESS:
		return in->multiple ? "127.0.0.1,2001:db8::1" : "192.0.2.1";
	default:
		return "Sample Value 7";
	}
}

static const char *
parameter_of(const char *name)
{
	return strcmp(name, "country") == 0 ? people_values[0] : strcmp(name, "organization_name") == 0 ?
	    people_values[1] : people_values[2];
}

/* The chain above a CA; roots go to one file, the others to another. */
static void
write_chain(const struct pack_ca *c)
{
	write_pem("between.pem", "w", c->made.der, c->made.len);
	for (; c->parent != NULL; c = c->parent)
		write_pem("between.pem", "a", c->made.der, c->made.len);
	write_pem("root.pem", "w", c->made.der, c->made.len);
}

static void
read_by_others(const char *path, const struct pack_ca *c, bool legacy)
{
	char leaf[600], root[600], between[600], chain[600];

	(void)snprintf(leaf, sizeof(leaf), "%s/leaf.pem", dir);
	(void)snprintf(root, sizeof(root), "%s/root.pem", dir);
	(void)snprintf(between, sizeof(between), "%s/between.pem", dir);
	(void)snprintf(chain, sizeof(chain), "%s/chain.pem", dir);
	(void)c;
	CHECK(run((char *[]){
		  "openssl", "x509", "-in", leaf, "-noout", "-text", "-certopt", "ext_error", NULL }),
	    "%s: openssl x509: %s", path, output());
	CHECK(strstr(output(), "Version: 3") != NULL, "%s: openssl x509 shows no version", path);
	CHECK(run((char *[]){ "openssl", "verify", "-x509_strict", "-check_ss_sig", "-auth_level",
		  legacy ? "0" : "1", "-CAfile", root, "-untrusted", between, leaf, NULL }),
	    "%s: openssl verify: %s", path, output());
	CHECK(run((char *[]){ "certtool", "-i", "--infile", leaf, NULL }), "%s: certtool: %s", path,
	    output());
	CHECK(strstr(output(), "Public Key") != NULL, "%s: certtool shows no key", path);
}

static void
each_profile(const char *path, const struct profile *p)
{
	const struct profile_about *about = profile_about(p);
	struct pack_ca *c = ca_find(about->ca);
	struct tbs_site site = { "http://pki.example:8080", 1 };
	OWN(tbs_template_free) struct tbs_template *t = NULL;
	const struct profile_parameter *params;
	struct tbs_in in = { 0 };
	struct tbs_found found;
	uint8_t buf[TBS_MAX], der[CERT_DER_MAX];
	struct made_key key = { 0 };
	struct err e = { 0 };
	struct cert cert;
	size_t n, len;
	struct der tbs;

	if (!CHECK(c != NULL, "%s: no CA %s", path, about->ca))
		return;
	if (!CHECK(tbs_template_new(p, &c->made.issuer, &site, &t, &e), "%s: %s", path, e.msg))
		return;
	(void)profile_inputs(p, &n);
	for (size_t i = 0; i < n; i++)
		in.inputs[i] = sample_of(&profile_inputs(p, &n)[i]);
	params = profile_parameters(p, &n);
	for (size_t i = 0; i < n; i++) {
		char why[INPUT_WHY_MAX];

		in.organization[i] = parameter_of(params[i].name);
		CHECK(profile_parameter_ok(p, i, in.organization[i], why), "%s: %s: %s", path, params[i].name,
		    why);
	}
	if (!CHECK(make_key(profile_server_keys(p, &n)[0], &key), "%s: no key", path))
		return;
	in.spki = made_spki(&key);
	cert_serial_make(in.serial);
	CHECK(profile_dates(p, now_s, c->made.issuer.not_before_s, c->made.issuer.not_after_s,
		  &in.not_before_s, &in.not_after_s, &e),
	    "%s: %s", path, e.msg);
	if (CHECK(tbs_build(t, &in, buf, sizeof(buf), &tbs, &e), "%s: %s (%s)", path, e.msg, e.trail)) {
		struct tbs_expect want = { in.organization, now_s, 10 };

		CHECK(tbs_check(t, &want, tbs, &found, &e), "%s: its own check refuses it: %s", path, e.msg);
		len = make_signed(c->made.key.pkey, profile_signature(p), tbs, der);
		CHECK(cert_decode(der, len, &cert, &e), "%s: %s", path, e.msg);
		CHECK(cert.not_after_s <= c->made.issuer.not_after_s, "%s: outlives its CA", path);
		write_pem("leaf.pem", "w", der, len);
		write_chain(c);
		read_by_others(path, c, about->legacy);
	}
	EVP_PKEY_free(key.pkey);
}

/* Ids and names of figure 19 of the user guide. */
static void
the_guides_list(void)
{
	static const struct { int64_t id; const char *name, *ca;
	} figure[] = {
		{ 47, "DOCSIS 3.0", "Kyrio:DOCSIS Cable Modem Root Certificate Authority" },
		{ 51, "DOCSIS 3.1", "Kyrio:CableLabs Device Certificate Authority SHA512" },
		{ 233, "DOCSIS_3.0-Flexible_Profile_RSA1024_SHA1",
		    "Kyrio:DOCSIS Cable Modem Root Certificate Authority" },
		{ 234, "DOCSIS_3.1-Flexible_Profile_RSA2048_SH256",
		    "Kyrio:CableLabs Device Certificate Authority SHA512" },
		{ 301, "DOCSIS_4.0-Flexible_Profile_RSA2048_SHA256",
		    "Kyrio:CableLabs Device Certification Authority" },
		{ 57, "DPoE_ONU_Device_CableLabs_RSA2048_SHA256",
		    "Kyrio:CableLabs Device Certificate Authority SHA512" },
		{ 58, "DPoE_ONU_Device_CableLabs_RSA2048_SHA512",
		    "Kyrio:CableLabs Device Certificate Authority SHA512" },
		{ 52, "OpenCable CableCard Device CA1-G5", "Kyrio:CableLabs Mfg CA1-G5" },
		{ 53, "OpenCable Host Device Certificate", "Kyrio:CableLabs Mfg CA6-G5" },
	};

	for (size_t i = 0; i < COUNT(figure); i++) {
		const struct profile_about *a = NULL;

		for (size_t k = 0; k < n_profiles; k++)
			if (profile_about(profiles[k].profile)->id == figure[i].id)
				a = profile_about(profiles[k].profile);
		if (!CHECK(a != NULL, "profile %lld is not shipped", (long long)figure[i].id))
			continue;
		CHECK(strcmp(a->name, figure[i].name) == 0, "profile %lld is called %s", (long long)a->id,
		    a->name);
		CHECK(ca_find(a->ca) != NULL && strcmp(ca_find(a->ca)->plan->label, figure[i].ca) == 0,
		    "profile %lld has another CA", (long long)a->id);
	}
	for (size_t i = 0; i < n_profiles; i++)
		for (size_t k = i + 1; k < n_profiles; k++)
			CHECK(profile_about(profiles[i].profile)->id !=
				      profile_about(profiles[k].profile)->id &&
				  strcmp(profile_about(profiles[i].profile)->name,
				      profile_about(profiles[k].profile)->name) != 0,
			    "%s and %s share an id or a name", profiles[i].path, profiles[k].path);
}

int
main(void)
{
	OWN(arena_free) struct arena *a = arena_new(1 << 20);
	char clean[64];

	now_s = clock_now_s();
	if (mkdtemp(dir) == NULL)
		return 1;
	load_all(a);
	CHECK(n_profiles >= 13, "%zu profiles are shipped", n_profiles);
	make_cas();
	the_guides_list();
	for (size_t i = 0; i < n_profiles; i++)
		each_profile(profiles[i].path, profiles[i].profile);
	for (size_t i = 0; i < n_cas; i++)
		unmake_ca(&cas[i].made);
	for (size_t i = 0; i < n_hierarchies; i++)
		hierarchy_free(hierarchies[i]);
	for (size_t i = 0; i < n_profiles; i++)
		profile_free(profiles[i].profile);
	(void)snprintf(clean, sizeof(clean), "rm -rf %s", dir);
	if (system(clean) != 0)
		return 1;
	return check_done();
}
