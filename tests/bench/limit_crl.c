/*
 * limit_crl - the least work that makes a revocation list: rows of one table, spliced into an entry that was
 * encoded once, hashed as they are written, signed.  No rules, no check, no second process, nothing synced: a
 * yardstick.
 *
 *	limit_crl N STORE.db LIST.crl
 *
 * The store is filled first where it does not hold N rows; that is not measured.  Says as JSON what it took.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <fcntl.h>
#include <openssl/ecdsa.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 65536
#define ENTRY 49			/* octets: serial number of 16, UTCTime, reason */
#define ROOM 16				/* for the outermost header, which is known last */

static const uint8_t algorithm[] = { 0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2 };
static const uint8_t front[] = "\x02\x01\x01\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"
    "\x30\x14\x31\x12\x30\x10\x06\x03\x55\x04\x03\x0c\x09" "Device CA"
    "\x17\x0d" "231114221320Z" "\x17\x0d" "231121221320Z";
static const uint8_t entry[] = "\x30\x2f\x02\x10" "0123456789abcdef" "\x17\x0d" "231114221320Z"
    "\x30\x0c\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01";

static struct {
	int		 fd;
	sqlite3		*db;
	SHA256_CTX	 hash;
	uint8_t		 block[BLOCK];
	size_t		 len;
} f;

static void
fail(const char *what)
{
	(void)fprintf(stderr, "limit_crl: %s\n", what);
	exit(1);
}

static void
run(const char *sql)
{
	if (sqlite3_exec(f.db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail(sqlite3_errmsg(f.db));
}

static sqlite3_stmt *
prepare(const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v2(f.db, sql, -1, &s, NULL) != SQLITE_OK)
		fail(sqlite3_errmsg(f.db));
	return s;
}

static void
store_fill(long n)
{
	sqlite3_stmt *s = prepare("SELECT COUNT(*) FROM cert");
	long there = sqlite3_step(s) == SQLITE_ROW ? (long)sqlite3_column_int64(s, 0) : 0;
	uint8_t serial[16];

	(void)sqlite3_finalize(s);
	if (there == n)
		return;
	run("DELETE FROM cert; BEGIN");
	s = prepare("INSERT INTO cert (serial, revoked, reason) VALUES (?, 1700000000, 1)");
	for (long i = 0; i < n; i++) {
		if (RAND_bytes(serial, sizeof(serial)) != 1)
			fail("random");
		serial[0] = (serial[0] & 0x3f) | 0x40;
		(void)sqlite3_bind_blob(s, 1, serial, sizeof(serial), SQLITE_STATIC);
		if (sqlite3_step(s) != SQLITE_DONE)
			fail(sqlite3_errmsg(f.db));
		(void)sqlite3_reset(s);
	}
	(void)sqlite3_finalize(s);
	run("COMMIT");
}

static size_t
header(uint8_t *out, size_t len)
{
	int octets = len < 0x80 ? 0 : len < 0x100 ? 1 : len < 0x10000 ? 2 : len < 0x1000000 ? 3 : 4;
	size_t n = 0;

	out[n++] = 0x30;
	out[n++] = (uint8_t)(octets == 0 ? len : 0x80 | (unsigned)octets);
	while (octets-- > 0)
		out[n++] = (uint8_t)(len >> 8 * octets);
	return n;
}

static void
flush(void)
{
	(void)SHA256_Update(&f.hash, f.block, f.len);
	if (write(f.fd, f.block, f.len) != (ssize_t)f.len)
		fail("write");
	f.len = 0;
}

static void
put(const void *p, size_t len)
{
	if (f.len + len > sizeof(f.block))
		flush();
	memcpy(f.block + f.len, p, len);
	f.len += len;
}

/* The octets of the TBSCertList. */
static size_t
list_write(size_t n)
{
	sqlite3_stmt *s = prepare("SELECT serial, revoked, reason FROM cert");
	uint8_t one[ENTRY], list[8], tbs[8];
	size_t list_len = header(list, n * ENTRY), len = sizeof(front) - 1 + list_len + n * ENTRY, tbs_len = header(tbs, len);

	memcpy(one, entry, ENTRY);
	put(tbs, tbs_len);
	put(front, sizeof(front) - 1);
	put(list, list_len);
	while (sqlite3_step(s) == SQLITE_ROW) {
		memcpy(one + 4, sqlite3_column_blob(s, 0), 16);
		one[ENTRY - 1] = (uint8_t)sqlite3_column_int(s, 2);
		put(one, ENTRY);
	}
	(void)sqlite3_finalize(s);
	flush();
	return tbs_len + len;
}

static void
list_seal(EC_KEY *key, size_t tbs_len)
{
	uint8_t hash[32], sig[80], tail[128], head[8];
	unsigned sig_len = 0;
	size_t n = sizeof(algorithm), head_len;

	(void)SHA256_Final(hash, &f.hash);
	if (ECDSA_sign(0, hash, sizeof(hash), sig, &sig_len, key) != 1)
		fail("signature");
	memcpy(tail, algorithm, n);
	tail[n++] = 3;
	tail[n++] = (uint8_t)(sig_len + 1);
	tail[n++] = 0;
	memcpy(tail + n, sig, sig_len);
	n += sig_len;
	head_len = header(head, tbs_len + n);
	if (write(f.fd, tail, n) != (ssize_t)n ||
	    pwrite(f.fd, head, head_len, (off_t)(ROOM - head_len)) != (ssize_t)head_len)
		fail("write");
}

static double
seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

int
main(int argc, char **argv)
{
	EC_KEY *key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
	struct rusage before, use;
	struct timespec from, to;
	long n;

	if (argc != 4 || (n = strtol(argv[1], NULL, 10)) < 1) {
		(void)fprintf(stderr, "usage: limit_crl N STORE.db LIST.crl\n");
		return 2;
	}
	if (EC_KEY_generate_key(key) != 1 || sqlite3_open(argv[2], &f.db) != SQLITE_OK)
		fail("start");
	run("PRAGMA synchronous = OFF; CREATE TABLE IF NOT EXISTS cert (id INTEGER PRIMARY KEY, serial BLOB, revoked INT, reason INT)");
	store_fill(n);
	(void)getrusage(RUSAGE_SELF, &before);
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	f.fd = open(argv[3], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (f.fd < 0 || lseek(f.fd, ROOM, SEEK_SET) < 0 || SHA256_Init(&f.hash) != 1)
		fail(argv[3]);
	list_seal(key, list_write((size_t)n));
	(void)close(f.fd);
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	(void)getrusage(RUSAGE_SELF, &use);
	(void)printf("{\"n\": %ld, \"wall_s\": %.6f, \"cpu_s\": %.6f, \"growth_kib\": %ld}\n", n,
	    (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) * 1e-9,
	    seconds(use.ru_utime) + seconds(use.ru_stime) - seconds(before.ru_utime) - seconds(before.ru_stime),
	    use.ru_maxrss - before.ru_maxrss);
	EC_KEY_free(key);
	return sqlite3_close(f.db) == SQLITE_OK ? 0 : 1;
}
