#include "signer/audit.h"

#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/str.h"
#include "signer/files.h"
#include "signer/keyfile.h"
#include "x509/seal.h"

struct audit {
	const struct conf	*conf;
	struct journal		*journal;
	struct secret		*key;
	struct str		 cert;
	pthread_mutex_t		 lock;
	uint64_t		 sequence;	/* of the last head */
	uint8_t			 hash[SHA256_LEN];
	bool			 any;
};

static void
state_path(const struct conf *c, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s/audit.state", c->journal);
}

/* "SEQUENCE HASH\n" */
static bool
state_read(struct audit *a, struct err *e)
{
	OWN_STR struct str text = { 0 };
	char path[PATH_MAX], hex[65];

	state_path(a->conf, path, sizeof(path));
	if (!file_read(path, 256, &text, e)) {
		if (e->kind != ERR_NOT_FOUND)
			return false;
		err_clear(e);
		return true;
	}
	if (sscanf(text.p, "%" SCNu64 " %64[0-9a-f]", &a->sequence, hex) != 2
	    || !hex_decode(hex, strlen(hex), a->hash, sizeof(a->hash)))
		return err_set(e, ERR_INTERNAL, "audit_state", "%.120s is damaged; restore it from a copy", path);
	a->any = true;
	return true;
}

bool
audit_open(const struct conf *c, const struct secret *kek, struct audit **out, struct err *e)
{
	OWN(audit_free) struct audit *a = NULL;
	size_t ends[1], n;

	*out = NULL;
	if (access(c->audit_key, F_OK) != 0)
		return true;
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		abort();
	a->conf = c;
	pthread_mutex_init(&a->lock, NULL);
	if (kek == NULL)
		return err_set(e, ERR_INVALID, "kek_missing",
		    "%.120s is missing: the audit key cannot be opened", c->kek);
	if (!key_open_file(kek, c->audit_key, &a->key, e) || !pem_file_certs(c->audit_cert, &a->cert, ends, 1, &n, e))
		return false;
	*out = give(a);
	return true;
}

bool
audit_start(struct audit *a, struct journal *journal, struct err *e)
{
	a->journal = journal;
	return state_read(a, e);
}

void
audit_free(struct audit *a)
{
	secret_free(a->key);
	str_free(&a->cert);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

struct der
audit_cert(const struct audit *a)
{
	return (struct der){ (const uint8_t *)a->cert.p, a->cert.len };
}

static bool
keep(struct audit *a, uint64_t sequence, const char *hex, const uint8_t hash[SHA256_LEN], struct err *e)
{
	struct journal_record r = { .kind = JOURNAL_AUDIT, .version = (int64_t)sequence, .data = { hash, SHA256_LEN } };
	OWN_STR struct str text = { 0 };
	char path[PATH_MAX];

	state_path(a->conf, path, sizeof(path));
	str_addf(&text, "%" PRIu64 " %s\n", sequence, hex);
	if (!journal_append(a->journal, &r, 1, e) || !file_write(path, 0600, text.p, text.len, e))
		return false;
	a->sequence = sequence;
	memcpy(a->hash, hash, SHA256_LEN);
	a->any = true;
	return true;
}

bool
audit_sign(struct audit *a, uint64_t sequence, const uint8_t hash[SHA256_LEN], struct str *out, struct err *e)
{
	OWN_STR struct str doc = { 0 };
	char hex[2 * SHA256_LEN + 1];
	bool again, ok;

	hex_lower(hash, SHA256_LEN, hex);
	str_addf(&doc, "certmill audit head\nsequence: %" PRIu64 "\nsha256: %s\n", sequence, hex);
	pthread_mutex_lock(&a->lock);
	again = a->any && sequence == a->sequence && memcmp(hash, a->hash, SHA256_LEN) == 0;
	if (a->any && !again && sequence <= a->sequence)
		ok = err_set(e, ERR_CONFLICT, "audit_sequence", "audit head %" PRIu64 " was signed already, %" PRIu64
		    " does not come after it", a->sequence, sequence);
	else
		ok = again || keep(a, sequence, hex, hash, e);
	pthread_mutex_unlock(&a->lock);
	return ok && signed_doc_make(a->key, audit_cert(a), doc.p, doc.len, out, e);
}
