/* What lies on the signer's disk: configuration, sealed keys, documents, the last list. */
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/rand.h"
#include "base/secret.h"
#include "check.h"
#include "signer/command/commands.h"
#include "signer/conf.h"
#include "signer/files.h"
#include "signer/keyfile.h"
#include "signer/list/liststate.h"
#include "signer/pool.h"
#include "signer/signkey.h"
#include "x509/keypair.h"

static char dir[64];

static const char *
path(const char *name)
{
	static char paths[4][128];
	static unsigned at;
	char *p = paths[at++ % 4];

	snprintf(p, 128, "%s/%s", dir, name);
	return p;
}

/* "" when the text is a configuration, else the error. */
static const char *
conf_of(const char *text, struct conf **out)
{
	static char msg[256];
	struct err e = { 0 };

	CHECK(file_write(path("x.conf"), 0600, text, strlen(text), &e), "%s", e.msg);
	snprintf(msg, sizeof(msg), "%s", conf_load(path("x.conf"), out, &e) ? "" : e.msg);
	return msg;
}

static void
configuration(void)
{
	static const char *const wrong[] = {
		"[signer]\nunknown = 1\n", "[signer]\nthreads = many\n", "[signer]\npublic_url = pki.example\n",
		"[signer]\npublic_url = http://pki.example/\n", "[sockets]\nworker_mode = 0666\n",
		    "[sockets]\nweb = x\n",
		"[ca Upper]\nshards = 2\n", "[ca a]\nshards = 0\n", "[ca a]\nshards = 10000\n", "[ca a]\nshards = 4 x\n", "[ca a]\nshards =\n", "[ca a]\nshards = 1 2 3 4 5 6 7 8 9\n", "[ocsp]\nkey = dsa\n",
		"[nothing]\na = b\n", "[signer]\nkey_encryption_key =\n", "[crl]\nnext_update_max_s = -1\n",
		    "just words\n",
	};
	OWN(conf_free) struct conf *c = NULL;
	const struct conf_ca *ca;
	struct conf *none = NULL;
	const char *why;

	why = conf_of("; comment\n[signer]\npublic_url = https://a.example:1\nkey_encryption_key = /etc/kek\nthreads = 3\n"
	    "[sockets]\nworker = ../run/w.sock\nworker_mode = 0660\n[operators]\ncertificate = a.pem\ncertificate = b.pem\n"
	    "[ca device-ca]\nshards = 1 4  16\n", &c);
	if (!CHECK(why[0] == '\0', "%s", why))
		return;
	CHECK(strcmp(c->kek, "/etc/kek") == 0 && c->threads == 3 && c->n_operators == 2 && c->sockets[0].mode == 0660
	    && c->sockets[1].path == NULL && c->sockets[1].mode == 0600, "values");
	CHECK(strncmp(c->journal, "/", 1) == 0 && strstr(c->journal, dir) != NULL, "%s", c->journal);
	ca = conf_ca(c, "device-ca");
	CHECK(ca != NULL && ca->n == 3 && ca->shards[0] == 1 && ca->shards[1] == 4 && ca->shards[2] == 16, "shards");
	CHECK(conf_ca(c, "other") == NULL, "no shards");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why = conf_of(wrong[i], &none);
		CHECK(strstr(why, "x.conf line ") != NULL && none == NULL, "\"%s\" gave \"%s\"", wrong[i], why);
	}
}

static void
sealed_keys(void)
{
	OWN(keymaker_free) struct keymaker *maker = keymaker_new(RSAGEN_FAST);
	OWN(secret_free) struct secret *kek = NULL, *other = NULL, *back = NULL, *none = NULL;
	OWN(signkey_free) struct signkey *key = NULL;
	OWN_KEYPAIR struct keypair pair = { 0 }, stranger = { 0 };
	OWN_STR struct str pem = { 0 };
	struct signkey *no_key = NULL;
	struct err e = { 0 };

	CHECK(kek_make(path("kek"), &e) && kek_load(path("kek"), &kek, &e) && kek->len == 64, "%s", e.msg);
	CHECK(!kek_make(path("kek"), &e) && e.kind == ERR_CONFLICT, "a key-encryption key was overwritten");
	CHECK(kek_make(path("kek2"), &e) && kek_load(path("kek2"), &other, &e) && !secret_equal(other, kek->p,
	    kek->len),
	    "two are equal");
	CHECK(chmod(path("kek2"), 0640) == 0 && !kek_load(path("kek2"), &none, &e) && strcmp(e.code, "file_mode") == 0,
	    "one that others can read was taken");
	CHECK(file_write(path("kek3"), 0600, "short", 5, &e) && !kek_load(path("kek3"), &none, &e)
	    && strcmp(e.code, "kek_short") == 0, "a short one was taken");
	CHECK(keypair_make(maker, (struct key_type){ KEY_EC, 256 }, &pair, &e)
	    && keypair_make(maker, (struct key_type){ KEY_EC, 256 }, &stranger, &e), "%s", e.msg);
	CHECK(key_seal(kek, pair.pkcs8, &pem, &e), "%s", e.msg);
	CHECK(strstr(pem.p, "BEGIN ENCRYPTED PRIVATE KEY") != NULL, "%s", pem.p);
	if (!CHECK(key_open(kek, pem.p, pem.len, &back, &e), "%s", e.msg))
		return;
	CHECK(!key_open(other, pem.p, pem.len, &none, &e) && strcmp(e.code, "key_sealed") == 0,
	    "another key opened it");
	CHECK(signkey_from_pkcs8(back, (struct der){ pair.spki, pair.spki_len }, &key, &e), "%s", e.msg);
	CHECK(!signkey_from_pkcs8(back, (struct der){ stranger.spki, stranger.spki_len }, &no_key, &e)
	    && strcmp(e.code, "key_mismatch") == 0, "a key that is not the certificate's was taken");
	pem.p[pem.len / 2] = pem.p[pem.len / 2] == 'A' ? 'B' : 'A';
	CHECK(!key_open(kek, pem.p, pem.len, &none, &e), "an altered one opened");
}

static void
files(void)
{
	OWN_STR struct str text = { 0 };
	struct err e = { 0 };

	CHECK(file_write(path("f"), 0600, "one", 3, &e) && file_write(path("f"), 0600, "two", 3, &e)
	    && file_read(path("f"), 10, &text, &e) && strcmp(text.p, "two") == 0, "%s", e.msg);
	CHECK(!file_write_new(path("f"), 0600, "three", 5, &e) && e.kind == ERR_CONFLICT, "it was overwritten");
	CHECK(!file_read(path("f"), 2, &text, &e) && e.kind == ERR_TOO_LARGE, "over the limit");
	CHECK(!file_read(path("absent"), 2, &text, &e) && e.kind == ERR_NOT_FOUND, "absent");
	CHECK(!file_read(dir, 2, &text, &e) && e.kind == ERR_INVALID, "a folder");
}

/* Writes serials from..to by threes; returns how many are read back. */
static void
last_list(void)
{
	struct list_head head = { .number = { 1, { 9 } }, .this_update_s = 1234 };
	OWN(list_writer_free) struct list_writer *w = NULL;
	OWN(list_reader_free) struct list_reader *r = NULL;
	struct list_reader *broken = NULL;
	struct list_entry x = { .len = 2 };
	struct err e = { 0 };
	uint64_t n = 0;
	bool more = true;
	FILE *f;

	if (!CHECK(list_reader_open(path("l"), &r, &e) && list_reader_next(r, &x, &more, &e) && !more,
	    "an empty list: %s",
	    e.msg))
		return;
	list_reader_free(give(r));
	CHECK(list_writer_new(path("l"), &w, &e), "%s", e.msg);
	x.len = 2;
	for (unsigned i = 0; i < 300; i++) {
		x.serial[0] = (uint8_t)(1 + i / 256);
		x.serial[1] = (uint8_t)i;
		x.flags = i % 7 == 0 ? LIST_HOLD : 0;
		CHECK(list_writer_add(w, &x, &e), "%s", e.msg);
	}
	CHECK(list_writer_end(w, &head, &e) && list_writer_commit(w, &e), "%s %s", e.msg, e.trail);
	CHECK(list_reader_open(path("l"), &r, &e), "%s", e.msg);
	more = true;
	while (more && CHECK(list_reader_next(r, &x, &more, &e), "%s", e.msg))
		if (more) {
			CHECK(x.len == 2 && x.serial[1] == (uint8_t)n && (x.flags != 0) == (n % 7 == 0),
			    "entry %d", (int)n);
			n++;
		}
	CHECK(n == 300 && list_reader_head(r)->this_update_s == 1234 && list_reader_head(r)->number.b[0] == 9,
	    "%d", (int)n);

	f = fopen(path("l"), "r+");
	if (!CHECK(f != NULL, "open"))
		return;
	fseek(f, 500, SEEK_SET);
	fputc(0x77, f);
	fclose(f);
	more = true;
	CHECK(list_reader_open(path("l"), &broken, &e), "%s", e.msg);
	for (n = 0; more; n++)
		if (!list_reader_next(broken, &x, &more, &e))
			break;
	CHECK(strcmp(e.code, "crl_state") == 0, "an altered list was read to its end");
	list_reader_free(broken);
}

struct sum { _Atomic unsigned long total; _Atomic unsigned parts; };

static void
add(void *arg, size_t from, size_t to)
{
	struct sum *s = arg;

	for (size_t i = from; i < to; i++)
		s->total += i;
	s->parts++;
}

static void
helpers(void)
{
	OWN(pool_free) struct pool *p = NULL;
	struct err e = { 0 };

	CHECK(pool_new(3, &p, &e), "%s", e.msg);
	for (size_t n = 0; n < 300; n += 7) {
		struct sum s = { 0 };

		pool_run(p, n, 16, add, &s);
		CHECK(s.total == n * (n > 0 ? n - 1 : 0) / 2, "%zu items: %lu", n, s.total);
	}
}

int
main(void)
{
	char cmd[96];

	log_init("test", LOG_ERROR_);
	secret_init();
	snprintf(dir, sizeof(dir), "/tmp/test-store-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	configuration();
	sealed_keys();
	files();
	last_list();
	helpers();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	CHECK(system(cmd) == 0, "%s", cmd);
	return check_done();
}
