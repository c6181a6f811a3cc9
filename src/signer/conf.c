#include "signer/conf.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

static const char *const role_names[ROLES] = { "worker", "status", "ops" };

const char *
socket_role_name(enum role r)
{
	return role_names[r];
}

bool
ca_id_ok(const char *id)
{
	size_t n = strlen(id);

	return n >= 1 && n < CA_ID_MAX && id[0] != '-'
	    && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static char *
copy(const char *s)
{
	char *p = strdup(s);

	if (p == NULL)
		abort();
	return p;
}

/* Relative to the file's folder. */
static char *
path_of(const struct conf *c, const char *value)
{
	char *p;

	if (value[0] == '/')
		return copy(value);
	if (asprintf(&p, "%s/%s", c->dir, value) < 0)
		abort();
	return p;
}

static void
put(char **slot, char *value)
{
	free(*slot);
	*slot = value;
}

static bool
put_seconds(const char *value, int64_t least, int64_t most, int64_t *out)
{
	uint64_t n;

	if (!parse_u64(value, (uint64_t)most, &n) || (int64_t)n < least)
		return false;
	*out = (int64_t)n;
	return true;
}

static bool
put_path(const struct conf *c, char **list, size_t max, size_t *n, const char *value)
{
	if (*n == max || value[0] == '\0')
		return false;
	list[(*n)++] = path_of(c, value);
	return true;
}

/* Names that are a path and nothing else. */
static char **
path_slot(struct conf *c, const char *section, const char *name)
{
	const struct { const char *section, *name; char **slot; } table[] = {
		{ "signer", "key_encryption_key", &c->kek },
		{ "signer", "journal", &c->journal },
		{ "signer", "ca", &c->ca },
		{ "signer", "profiles", &c->profiles },
		{ "signer", "organizations", &c->organizations },
		{ "signer", "audit_key", &c->audit_key },
		{ "signer", "audit_certificate", &c->audit_cert },
		{ "ocsp", "folder", &c->ocsp },
		{ "ocsp", "request_key", &c->ocsp_request_key },
		{ "ocsp", "request_certificate", &c->ocsp_request_cert },
		{ "crl", "folder", &c->crl },
		{ "sockets", "worker", &c->sockets[ROLE_WORKER].path },
		{ "sockets", "status", &c->sockets[ROLE_STATUS].path },
		{ "sockets", "ops", &c->sockets[ROLE_OPS].path },
		{ "pkcs11", "module", &c->pkcs11_module },
		{ "pkcs11", "pin_file", &c->pkcs11_pin_file },
	};

	for (size_t i = 0; i < COUNT(table); i++)
		if (strcmp(table[i].section, section) == 0 && strcmp(table[i].name, name) == 0)
			return table[i].slot;
	return NULL;
}

static bool
put_mode(const char *value, unsigned *out)
{
	char *end;
	unsigned long m = strtoul(value, &end, 8);

	if (value[0] < '0' || value[0] > '7' || *end != '\0' || m > 0777 || (m & 0007) != 0)
		return false;
	*out = (unsigned)m;
	return true;
}

/* "worker_mode", "status_group", ... */
static bool
socket_value(struct conf *c, const char *name, const char *value)
{
	for (unsigned r = 0; r < ROLES; r++) {
		size_t n = strlen(role_names[r]);

		if (strncmp(name, role_names[r], n) != 0)
			continue;
		if (strcmp(name + n, "_mode") == 0)
			return put_mode(value, &c->sockets[r].mode);
		if (strcmp(name + n, "_group") == 0) {
			put(&c->sockets[r].group, copy(value));
			return true;
		}
	}
	return false;
}

static bool
signer_value(struct conf *c, const char *name, const char *value)
{
	if (strcmp(name, "public_url") == 0) {
		size_t n = strlen(value);

		if ((!str_starts(value, "http://") && !str_starts(value, "https://")) || value[n - 1] == '/')
			return false;
		put(&c->public_url, copy(value));
		return true;
	}
	if (strcmp(name, "threads") == 0) {
		uint64_t n;

		if (!parse_u64(value, 256, &n))
			return false;
		c->threads = (unsigned)n;
		return true;
	}
	if (strcmp(name, "clock_skew_s") == 0)
		return put_seconds(value, 0, 30 * 86400, &c->clock_skew_s);
	return false;
}

static bool
ocsp_value(struct conf *c, const char *name, const char *value)
{
	if (strcmp(name, "answer_max_s") == 0)
		return put_seconds(value, 60, 90 * 86400, &c->ocsp_answer_max_s);
	if (strcmp(name, "delegate_s") == 0)
		return put_seconds(value, 3600, 400 * 86400, &c->ocsp_delegate_s);
	if (strcmp(name, "responder") == 0)
		return put_path(c, c->responders, COUNT(c->responders), &c->n_responders, value);
	if (strcmp(name, "key") == 0) {
		if (strcmp(value, "issuer") != 0 && strcmp(value, "p256") != 0 && strcmp(value, "rsa2048") != 0)
			return false;
		put(&c->ocsp_key, copy(value));
		return true;
	}
	return false;
}

static bool
pkcs11_value(struct conf *c, const char *name, const char *value)
{
	if (strcmp(name, "read") == 0)
		return put_path(c, c->pkcs11_read, COUNT(c->pkcs11_read) - 1, &c->n_pkcs11_read, value);
	if (strcmp(name, "write") == 0)
		return put_path(c, c->pkcs11_write, COUNT(c->pkcs11_write) - 1, &c->n_pkcs11_write, value);
	return false;
}

/* "[ca cablelabs-device-ca]", "shards = 1 4 16" */
static bool
ca_value(struct conf *c, const char *id, const char *name, const char *value)
{
	struct conf_ca *ca = &c->cas[c->n_cas];

	if (!ca_id_ok(id) || strcmp(name, "shards") != 0 || c->n_cas == COUNT(c->cas) || conf_ca(c, id) != NULL)
		return false;
	*ca = (struct conf_ca){ .n = 0 };
	memcpy(ca->id, id, strlen(id) + 1);
	for (const char *p = value; *p != '\0'; p += strspn(p, " ")) {
		char number[8];
		size_t len = strcspn(p, " ");
		uint64_t shards;

		if (len >= sizeof(number) || ca->n == COUNT(ca->shards))
			return false;
		memcpy(number, p, len);
		number[len] = '\0';
		if (!parse_u64(number, CONF_SHARDS_MAX, &shards) || shards == 0)
			return false;
		ca->shards[ca->n++] = (unsigned)shards;
		p += len;
	}
	c->n_cas++;
	return ca->n > 0;
}

struct parsing {
	struct conf	*conf;
	char		 what[128];	/* the first that was wrong */
};

static int
one_value(void *arg, const char *section, const char *name, const char *value)
{
	struct parsing *p = arg;
	struct conf *c = p->conf;
	char **slot = path_slot(c, section, name);
	bool ok = false;

	if (value[0] == '\0')
		ok = false;
	else if (slot != NULL) {
		put(slot, path_of(c, value));
		ok = true;
	} else if (strcmp(section, "signer") == 0)
		ok = signer_value(c, name, value);
	else if (strcmp(section, "sockets") == 0)
		ok = socket_value(c, name, value);
	else if (strcmp(section, "operators") == 0)
		ok = strcmp(name, "certificate") == 0
		    && put_path(c, c->operators, COUNT(c->operators), &c->n_operators, value);
	else if (strcmp(section, "ocsp") == 0)
		ok = ocsp_value(c, name, value);
	else if (strcmp(section, "crl") == 0)
		ok = strcmp(name, "next_update_max_s") == 0
		    && put_seconds(value, 3600, 400 * 86400, &c->crl_next_update_max_s);
	else if (strcmp(section, "pkcs11") == 0)
		ok = pkcs11_value(c, name, value);
	else if (str_starts(section, "ca "))
		ok = ca_value(c, section + 3, name, value);
	if (!ok && p->what[0] == '\0')
		snprintf(p->what, sizeof(p->what), "[%.40s] %.40s", section, name);
	return ok;
}

static void
defaults(struct conf *c)
{
	static const struct { size_t at; const char *name; } paths[] = {
		{ offsetof(struct conf, kek), "kek" },
		{ offsetof(struct conf, journal), "journal" },
		{ offsetof(struct conf, ca), "ca" },
		{ offsetof(struct conf, profiles), "profiles" },
		{ offsetof(struct conf, organizations), "organizations" },
		{ offsetof(struct conf, ocsp), "ocsp" },
		{ offsetof(struct conf, crl), "crl" },
		{ offsetof(struct conf, audit_key), "audit.key" },
		{ offsetof(struct conf, audit_cert), "audit.pem" },
	};

	for (size_t i = 0; i < COUNT(paths); i++)
		*(char **)(void *)((char *)c + paths[i].at) = path_of(c, paths[i].name);
	for (unsigned r = 0; r < ROLES; r++)
		c->sockets[r].mode = 0600;
	c->ocsp_key = copy("issuer");
	c->clock_skew_s = 2 * 86400;
	c->ocsp_answer_max_s = 7 * 86400;
	c->ocsp_delegate_s = 14 * 86400;
	c->crl_next_update_max_s = 35 * 86400;
}

bool
conf_load(const char *path, struct conf **out, struct err *e)
{
	OWN(conf_free) struct conf *c = calloc(1, sizeof(*c));
	struct parsing p = { .conf = c };
	char *slash;
	int rc;

	if (c == NULL)
		abort();
	c->file = realpath(path, NULL);
	if (c->file == NULL)
		return err_set(e, ERR_INVALID, "conf_missing",
		    "cannot open %.120s: %s; make one with `certmill-signer init`", path, strerror(errno));
	c->dir = copy(c->file);
	slash = strrchr(c->dir, '/');
	*(slash == c->dir ? slash + 1 : slash) = '\0';
	defaults(c);
	rc = ini_parse(c->file, one_value, &p);
	if (rc == -1)
		return err_set(e, ERR_INVALID, "conf_missing", "cannot read %.120s: %s", path, strerror(errno));
	if (rc != 0)
		return err_set(e, ERR_INVALID, "conf_invalid",
		    "%.80s line %d: %s is not a setting or has a wrong value",
		    path, rc, p.what[0] != '\0' ? p.what : "this");
	*out = give(c);
	return true;
}

void
conf_free(struct conf *c)
{
	char **const single[] = { &c->file, &c->dir, &c->public_url, &c->kek, &c->journal, &c->ca, &c->profiles,
		&c->organizations, &c->ocsp, &c->crl, &c->audit_key, &c->audit_cert, &c->ocsp_key,
		&c->ocsp_request_key, &c->ocsp_request_cert, &c->pkcs11_module, &c->pkcs11_pin_file };

	for (size_t i = 0; i < COUNT(single); i++)
		free(*single[i]);
	for (unsigned r = 0; r < ROLES; r++) {
		free(c->sockets[r].path);
		free(c->sockets[r].group);
	}
	for (size_t i = 0; i < c->n_operators; i++)
		free(c->operators[i]);
	for (size_t i = 0; i < c->n_responders; i++)
		free(c->responders[i]);
	for (size_t i = 0; i < c->n_pkcs11_read; i++)
		free(c->pkcs11_read[i]);
	for (size_t i = 0; i < c->n_pkcs11_write; i++)
		free(c->pkcs11_write[i]);
	free(c);
}

const struct conf_ca *
conf_ca(const struct conf *c, const char *ca_id)
{
	for (size_t i = 0; i < c->n_cas; i++)
		if (strcmp(c->cas[i].id, ca_id) == 0)
			return &c->cas[i];
	return NULL;
}
