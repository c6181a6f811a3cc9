/*
 *	limit csr N FILE.pem p256|rsa2048 THREADS STORE.db
 *	limit p12 N ROUNDS p256|rsa2048 THREADS STORE.db
 *
 * The third word is the kind of the CA's key.  Says as JSON what it took.
 */
#include "limit.h"

#include <fcntl.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

static const uint8_t alg_ec[] = { 0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2 };
static const uint8_t alg_rsa[] = { 0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b, 5, 0 };
static const uint8_t validity[] = "\x30\x1e\x17\x0d" "231114221320Z" "\x17\x0d" "330518033320Z";
/* basicConstraints, keyUsage, extKeyUsage, authorityKeyIdentifier, CRL distribution point, OCSP; the subject's is last. */
static const uint8_t extensions[] = "\x30\x0c\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00"
    "\x30\x0e\x06\x03\x55\x1d\x0f\x01\x01\xff\x04\x04\x03\x02\x07\x80"
    "\x30\x13\x06\x03\x55\x1d\x25\x04\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"
    "\x30\x1f\x06\x03\x55\x1d\x23\x04\x18\x30\x16\x80\x14" "01234567890123456789"
    "\x30\x29\x06\x03\x55\x1d\x1f\x04\x22\x30\x20\x30\x1e\xa0\x1c\xa0\x1a\x86\x18" "http://ca.example/ca.crl"
    "\x30\x32\x06\x08\x2b\x06\x01\x05\x05\x07\x01\x01\x04\x26\x30\x24\x30\x22\x06\x08\x2b\x06\x01\x05\x05\x07\x30\x01\x86\x16"
    "http://ca.example/ocsp";
static const uint8_t ski_head[] = { 0x30, 0x1d, 6, 3, 0x55, 0x1d, 0x0e, 4, 0x16, 4, 0x14 };

static struct {
	bool		 p12;
	size_t		 n;
	unsigned	 rounds;
	struct limit_ca	 ca;
	const char	*text;			/* requests */
	const char	**at;			/* where each begins */
	atomic_size_t	 next;
	size_t		 chunk;
	sqlite3		*db;
	sqlite3_stmt	*insert;
	pthread_mutex_t	 lock;
} job = { .lock = PTHREAD_MUTEX_INITIALIZER };

void
limit_fail(const char *what)
{
	(void)fprintf(stderr, "limit: %s\n", what);
	exit(1);
}

void
limit_certificate(const struct limit_ca *ca, struct der subject, struct der spki, struct der point, struct limit_row *r)
{
	const struct der alg = ca->ec != NULL ? (struct der){ alg_ec, sizeof(alg_ec) } :
	    (struct der){ alg_rsa, sizeof(alg_rsa) };
	uint8_t buf[LIMIT_CERT_MAX], hash[32], id[20], sig[512];
	struct der_writer w = der_writer(buf, sizeof(buf)), o = der_writer(r->der, sizeof(r->der));
	size_t all = der_mark(&w), ext = all;
	unsigned sig_len = 0;
	struct der tbs, cert;

	if (RAND_bytes(r->serial, 16) != 1)
		limit_fail("random");
	r->serial[0] = (r->serial[0] & 0x3f) | 0x40;
	(void)SHA1(point.p, point.len, id);
	der_put_raw(&w, id, sizeof(id));
	der_put_raw(&w, ski_head, sizeof(ski_head));
	der_put_raw(&w, extensions, sizeof(extensions) - 1);
	der_wrap(&w, DER_SEQUENCE, ext);
	der_wrap(&w, DER_CONTEXT_CONS(3), ext);
	der_put_raw(&w, spki.p, spki.len);
	der_put_raw(&w, subject.p, subject.len);
	der_put_raw(&w, validity, sizeof(validity) - 1);
	der_put_raw(&w, ca->name, ca->name_len);
	der_put_raw(&w, alg.p, alg.len);
	der_put(&w, DER_INTEGER, r->serial, 16);
	der_put_raw(&w, "\xa0\x03\x02\x01\x02", 5);
	der_wrap(&w, DER_SEQUENCE, all);
	if (!der_written(&w, &tbs))
		limit_fail("too long");
	(void)SHA256(tbs.p, tbs.len, hash);
	if (ca->ec != NULL ? ECDSA_sign(0, hash, 32, sig, &sig_len, ca->ec) != 1 :
	    RSA_sign(NID_sha256, hash, 32, sig, &sig_len, ca->rsa) != 1)
		limit_fail("signature");
	all = der_mark(&o);
	der_put_octet_bits(&o, sig, sig_len);
	der_put_raw(&o, alg.p, alg.len);
	der_put_raw(&o, tbs.p, tbs.len);
	der_wrap(&o, DER_SEQUENCE, all);
	if (!der_written(&o, &cert))
		limit_fail("too long");
	r->der_len = cert.len;
	memmove(r->der, cert.p, cert.len);
}

/* ---- requests ---- */

static size_t
unpem(const char *s, uint8_t *out)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static int8_t value[256];
	static atomic_bool known;
	uint8_t *o = out;
	uint32_t v = 0;
	int k = 0;

	if (!known) {
		memset(value, -1, sizeof(value));
		for (int i = 0; i < 64; i++)
			value[(uint8_t)digits[i]] = (int8_t)i;
		known = true;
	}
	for (s = strchr(s, '\n'); *s != '-' && *s != '='; s++) {
		if (value[(uint8_t)*s] < 0)
			continue;
		v = v << 6 | (uint8_t)value[(uint8_t)*s];
		if (++k == 4) {
			*o++ = (uint8_t)(v >> 16);
			*o++ = (uint8_t)(v >> 8);
			*o++ = (uint8_t)v;
			k = 0;
		}
	}
	if (k > 1)
		*o++ = (uint8_t)(k == 3 ? v >> 10 : v >> 4);
	if (k > 2)
		*o++ = (uint8_t)(v >> 2);
	return (size_t)(o - out);
}

static bool
verify_ec(struct der point, const uint8_t hash[32], struct der sig)
{
	static __thread EC_KEY *key;
	static __thread EC_POINT *p;
	const EC_GROUP *g;

	if (key == NULL) {
		key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
		p = EC_POINT_new(EC_KEY_get0_group(key));
	}
	g = EC_KEY_get0_group(key);
	return EC_POINT_oct2point(g, p, point.p, point.len, NULL) == 1 && EC_KEY_set_public_key(key, p) == 1 &&
	    ECDSA_verify(0, hash, 32, sig.p, (int)sig.len, key) == 1;
}

static bool
verify_rsa(struct der bits, const uint8_t hash[32], struct der sig)
{
	struct der_reader r = der_reader_of(bits);
	struct der n, e;
	RSA *rsa = RSA_new();
	bool ok = der_enter(&r, DER_SEQUENCE, &r) && der_get_unsigned(&r, &n) && der_get_unsigned(&r, &e) &&
	    RSA_set0_key(rsa, BN_bin2bn(n.p, (int)n.len, NULL), BN_bin2bn(e.p, (int)e.len, NULL), NULL) == 1 &&
	    RSA_verify(NID_sha256, hash, 32, sig.p, (unsigned)sig.len, rsa) == 1;

	RSA_free(rsa);
	return ok;
}

static void
from_request(const char *text, int64_t index, struct limit_row *row)
{
	uint8_t der[4096], hash[32];
	struct der_reader r = der_reader(der, unpem(text, der)), info, key;
	struct der whole, subject, spki, alg, bits, sig, version;

	if (!der_enter(&r, DER_SEQUENCE, &r) || !der_get_whole(&r, DER_SEQUENCE, &whole) ||
	    !der_get(&r, DER_SEQUENCE, &alg) || !der_get_octet_bits(&r, &sig))
		limit_fail("not a request");
	info = der_reader_of(whole);
	if (!der_enter(&info, DER_SEQUENCE, &info) || !der_get(&info, DER_INTEGER, &version) ||
	    !der_get_whole(&info, DER_SEQUENCE, &subject) || !der_get_whole(&info, DER_SEQUENCE, &spki))
		limit_fail("not a request");
	key = der_reader_of(spki);
	if (!der_enter(&key, DER_SEQUENCE, &key) || !der_get(&key, DER_SEQUENCE, &alg) || !der_get_octet_bits(&key, &bits))
		limit_fail("not a key");
	(void)SHA256(whole.p, whole.len, hash);
	if (!(bits.len == 65 ? verify_ec(bits, hash, sig) : verify_rsa(bits, hash, sig)))
		limit_fail("a request is not signed by its key");
	(void)snprintf(row->cn, sizeof(row->cn), "device-%08lld", (long long)index);
	row->p12_len = 0;
	limit_certificate(&job.ca, subject, spki, bits, row);
}

/* ---- the store ---- */

static void
sql(const char *text)
{
	if (sqlite3_exec(job.db, text, NULL, NULL, NULL) != SQLITE_OK)
		limit_fail(sqlite3_errmsg(job.db));
}

static void
store_open(const char *path)
{
	if (sqlite3_open(path, &job.db) != SQLITE_OK)
		limit_fail("store");
	sql("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536;"
	    "CREATE TABLE cert (id INTEGER PRIMARY KEY, serial BLOB NOT NULL, cn TEXT, not_after INT, status INT DEFAULT 0,"
	    " der BLOB NOT NULL, p12 BLOB); CREATE UNIQUE INDEX cert_serial ON cert (serial);");
	if (sqlite3_prepare_v2(job.db, "INSERT INTO cert (serial, cn, not_after, der, p12) VALUES (?, ?, 2000000000, ?, ?)",
	    -1, &job.insert, NULL) != SQLITE_OK)
		limit_fail("store");
}

static void
store(const struct limit_row *r, size_t n)
{
	(void)pthread_mutex_lock(&job.lock);
	sql("BEGIN");
	for (size_t i = 0; i < n; i++) {
		(void)sqlite3_bind_blob(job.insert, 1, r[i].serial, 16, SQLITE_STATIC);
		(void)sqlite3_bind_text(job.insert, 2, r[i].cn, -1, SQLITE_STATIC);
		(void)sqlite3_bind_blob(job.insert, 3, r[i].der, (int)r[i].der_len, SQLITE_STATIC);
		if (r[i].p12_len > 0)
			(void)sqlite3_bind_blob(job.insert, 4, r[i].p12, (int)r[i].p12_len, SQLITE_STATIC);
		if (sqlite3_step(job.insert) != SQLITE_DONE)
			limit_fail(sqlite3_errmsg(job.db));
		(void)sqlite3_reset(job.insert);
	}
	sql("COMMIT");
	(void)pthread_mutex_unlock(&job.lock);
}

/* ---- the job ---- */

static void *
work(void *arg)
{
	struct limit_row *rows = calloc(LIMIT_CHUNK, sizeof(*rows));
	size_t from;

	(void)arg;
	if (rows == NULL)
		abort();
	while ((from = atomic_fetch_add(&job.next, job.chunk)) < job.n) {
		size_t n = job.n - from < job.chunk ? job.n - from : job.chunk;

		if (job.p12)
			limit_p12(&job.ca, (int64_t)from, rows, n, job.rounds);
		else
			for (size_t i = 0; i < n; i++)
				from_request(job.at[from + i], (int64_t)(from + i), &rows[i]);
		store(rows, n);
	}
	free(rows);
	return NULL;
}

static void
requests_map(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t n = 0;

	if (fd < 0 || fstat(fd, &st) != 0)
		limit_fail(path);
	job.text = mmap(NULL, (size_t)st.st_size + 1, PROT_READ, MAP_PRIVATE, fd, 0);
	job.at = calloc(job.n, sizeof(*job.at));
	if (job.text == MAP_FAILED || job.at == NULL)
		limit_fail(path);
	for (const char *p = job.text; n < job.n &&
	    (p = memmem(p, (size_t)(job.text + st.st_size - p), "-----BEGIN ", 11)) != NULL; p++)
		job.at[n++] = p;
	if (n < job.n)
		limit_fail("too few requests");
}

static void
ca_make(const char *kind)
{
	static const uint8_t name[] = "\x30\x14\x31\x12\x30\x10\x06\x03\x55\x04\x03\x0c\x09" "Device CA";
	struct limit_row row;
	BIGNUM *e = BN_new();
	uint8_t *spki = NULL;
	int len;

	memcpy(job.ca.name, name, job.ca.name_len = sizeof(name) - 1);
	if (strcmp(kind, "rsa2048") == 0) {
		job.ca.rsa = RSA_new();
		if (BN_set_word(e, 65537) != 1 || RSA_generate_key_ex(job.ca.rsa, 2048, e, NULL) != 1)
			limit_fail("CA key");
	} else {
		job.ca.ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
		if (EC_KEY_generate_key(job.ca.ec) != 1)
			limit_fail("CA key");
	}
	BN_free(e);
	len = job.ca.rsa != NULL ? i2d_RSA_PUBKEY(job.ca.rsa, &spki) : i2d_EC_PUBKEY(job.ca.ec, &spki);
	if (len <= 0)
		limit_fail("CA key");
	limit_certificate(&job.ca, (struct der){ name, sizeof(name) - 1 }, (struct der){ spki, (size_t)len },
	    (struct der){ spki, (size_t)len }, &row);
	OPENSSL_free(spki);
	memcpy(job.ca.der, row.der, job.ca.der_len = row.der_len);
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

int
main(int argc, char **argv)
{
	struct timespec from, to;
	struct rusage use, before;
	pthread_t threads[64];
	int n;

	if (argc != 7 || (n = atoi(argv[5])) < 1 || n > 64) {
		(void)fprintf(stderr, "usage: limit csr N FILE.pem CA THREADS STORE.db\n       limit p12 N ROUNDS CA THREADS STORE.db\n");
		return 2;
	}
	job.p12 = strcmp(argv[1], "p12") == 0;
	job.n = strtoul(argv[2], NULL, 10);
	job.rounds = (unsigned)atoi(argv[3]);
	job.chunk = job.n / (size_t)(4 * n) + 1 < LIMIT_CHUNK ? job.n / (size_t)(4 * n) + 1 : LIMIT_CHUNK;
	ca_make(argv[4]);
	store_open(argv[6]);
	if (!job.p12)
		requests_map(argv[3]);
	(void)getrusage(RUSAGE_SELF, &before);
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			limit_fail("thread");
	for (int i = 0; i < n; i++)
		(void)pthread_join(threads[i], NULL);
	(void)sqlite3_finalize(job.insert);
	(void)sqlite3_close(job.db);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	(void)getrusage(RUSAGE_SELF, &use);
	(void)printf("{\"n\": %zu, \"wall_s\": %.6f, \"cpu_s\": %.6f}\n", job.n,
	    (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9,
	    seconds(use.ru_utime) + seconds(use.ru_stime) - seconds(before.ru_utime) - seconds(before.ru_stime));
	return 0;
}
