/* The signer's journal: nothing signed twice, nothing lost, nothing changed unseen. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/secret.h"
#include "signer/journal/journal.h"
#include "signer/journal/serials.h"
#include "check.h"

static char top[64];

static const char *
dir_named(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	return path;
}

static struct journal_serial
serial_of(uint64_t n)
{
	struct journal_serial s = { .len = 16 };

	s.b[0] = 0x40;
	for (int i = 0; i < 8; i++)
		s.b[15 - i] = (uint8_t)(n >> 8 * i);
	return s;
}

/* Claims and appends certificates with these serials; false when one was taken. */
static bool
sign(struct journal *j, const uint64_t *numbers, size_t n, struct err *e)
{
	OWN(journal_claim_free) struct journal_claim *claim = NULL;
	struct journal_serial serials[64];
	struct journal_record records[64];
	char text[64][32];
	bool taken[64];

	for (size_t i = 0; i < n; i++) {
		serials[i] = serial_of(numbers[i]);
		snprintf(text[i], sizeof(text[i]), "certificate %" PRIu64, numbers[i]);
		records[i] = (struct journal_record){ .kind = JOURNAL_CERT, .serial = serials[i], .profile = 7,
			.version = 3, .ca = { (const uint8_t *)"ca", 2 },
			.data = { (const uint8_t *)text[i], strlen(text[i]) } };
	}
	if (!journal_claim(j, serials, n, taken, &claim, e))
		return false;
	for (size_t i = 0; i < n; i++)
		if (taken[i])
			return err_set(e, ERR_CONFLICT, "taken", "serial %" PRIu64, numbers[i]);
	return journal_append(j, records, n, e);
}

static bool
sign_one(struct journal *j, uint64_t n, struct err *e)
{
	return sign(j, &n, 1, e);
}

/* The certificate of a serial, or "" for absent, "barred". */
static const char *
found(struct journal *j, uint64_t n, bool bar)
{
	static char text[64];
	OWN_STR struct str buf = { 0 };
	struct journal_serial s = serial_of(n);
	struct journal_record r;
	struct err e = { 0 };

	if (!journal_find(j, &s, 1, bar, &r, &buf, &e))
		return e.msg[0] != '\0' ? "error" : "?";
	if (r.kind == JOURNAL_BARRED)
		return "barred";
	snprintf(text, sizeof(text), "%.*s", (int)r.data.len, r.data.p != NULL ? (const char *)r.data.p : "");
	return text;
}

static struct journal *
open_at(const char *dir, const struct journal_options *o)
{
	struct journal *j = NULL;
	struct err e = { 0 };

	if (!CHECK(journal_open(dir, o, &j, &e), "%s %s", e.msg, e.trail))
		exit(check_done());
	return j;
}

static uint64_t
records(struct journal *j)
{
	struct journal_head h;

	journal_head(j, &h);
	return h.records;
}

static size_t
files_like(const char *dir, const char *prefix)
{
	DIR *d = opendir(dir);
	struct dirent *f;
	size_t n = 0;

	while (d != NULL && (f = readdir(d)) != NULL)
		n += strncmp(f->d_name, prefix, strlen(prefix)) == 0;
	if (d != NULL)
		closedir(d);
	return n;
}

static void
never_twice(void)
{
	const char *dir = dir_named("twice");
	struct journal *j = open_at(dir, NULL);
	const uint64_t two[] = { 1, 2 }, repeated[] = { 5, 6, 5 };
	struct err e = { 0 };
	char path[200];

	CHECK(sign(j, two, 2, &e), "%s", e.msg);
	CHECK(!sign_one(j, 2, &e) && e.kind == ERR_CONFLICT, "a serial was signed twice");
	CHECK(!sign(j, repeated, 3, &e) && e.kind == ERR_CONFLICT, "a serial twice in one request was let pass");
	CHECK(strcmp(found(j, 1, false), "certificate 1") == 0, "%s", found(j, 1, false));
	CHECK(strcmp(found(j, 6, false), "") == 0, "an unknown serial was found");
	journal_free(j);

	j = open_at(dir, NULL);
	CHECK(!sign_one(j, 1, &e) && e.kind == ERR_CONFLICT, "a serial was signed twice after a restart");
	CHECK(records(j) == 2, "%" PRIu64 " records", records(j));
	journal_free(j);

	snprintf(path, sizeof(path), "%s/serials.idx", dir);
	CHECK(unlink(path) == 0, "no index");
	j = open_at(dir, NULL);
	CHECK(!sign_one(j, 1, &e) && e.kind == ERR_CONFLICT, "a serial was signed twice without the index");
	CHECK(sign_one(j, 3, &e), "%s", e.msg);
	CHECK(strcmp(found(j, 3, false), "certificate 3") == 0, "%s", found(j, 3, false));
	journal_free(j);

	CHECK(truncate(path, 5000) == 0, "no index");
	j = open_at(dir, NULL);
	CHECK(!sign_one(j, 3, &e) && e.kind == ERR_CONFLICT, "a serial was signed twice with half an index");
	journal_free(j);
}

static bool
yes(void)
{
	return true;
}

static void
interrupted(void)
{
	const char *dir = dir_named("interrupted");
	struct journal *j = open_at(dir, NULL), *none = NULL;
	struct err e = { 0 };
	char path[200];

	CHECK(sign_one(j, 1, &e), "%s", e.msg);
	journal_free(j);
	snprintf(path, sizeof(path), "%s/serials.idx", dir);
	CHECK(unlink(path) == 0, "no index");
	CHECK(!journal_open(dir, &(struct journal_options){ .interrupted = yes }, &none, &e)
	    && strcmp(e.code, "journal_interrupted") == 0, "it went on");
	j = open_at(dir, NULL);
	CHECK(!sign_one(j, 1, &e) && e.kind == ERR_CONFLICT, "half an index was believed");
	journal_free(j);
}

static void
one_writer(void)
{
	const char *dir = dir_named("one");
	struct journal *j = open_at(dir, NULL), *other = NULL;
	struct err e = { 0 };

	CHECK(!journal_open(dir, NULL, &other, &e) && e.kind == ERR_CONFLICT, "two writers");
	journal_free(j);
}

static void
claims(void)
{
	struct journal *j = open_at(dir_named("claims"), NULL);
	struct journal_claim *claim = NULL;
	struct journal_serial s[2] = { serial_of(1), serial_of(2) };
	struct err e = { 0 };
	bool taken[2];

	CHECK(journal_claim(j, s, 2, taken, &claim, &e) && !taken[0] && !taken[1], "%s", e.msg);
	CHECK(!sign_one(j, 2, &e) && e.kind == ERR_CONFLICT, "a claimed serial was given to another");
	journal_claim_free(claim);
	CHECK(sign_one(j, 2, &e), "a claim outlived its end: %s", e.msg);
	journal_free(j);
}

static void
barred(void)
{
	const char *dir = dir_named("barred");
	struct journal *j = open_at(dir, NULL);
	struct err e = { 0 };

	CHECK(sign_one(j, 1, &e), "%s", e.msg);
	CHECK(strcmp(found(j, 1, true), "certificate 1") == 0, "%s", found(j, 1, true));
	CHECK(strcmp(found(j, 2, true), "") == 0, "absent was not absent");
	CHECK(strcmp(found(j, 2, true), "barred") == 0, "barred was forgotten");
	CHECK(!sign_one(j, 2, &e) && e.kind == ERR_CONFLICT, "a barred serial was signed");
	journal_free(j);
	j = open_at(dir, NULL);
	CHECK(!sign_one(j, 2, &e) && e.kind == ERR_CONFLICT, "a barred serial was signed after a restart");
	CHECK(records(j) == 2, "%" PRIu64 " records", records(j));
	journal_free(j);
}

static bool
count_one(void *arg, const struct journal_record *r, struct err *e)
{
	(void)e;
	*(uint64_t *)arg += r->kind == JOURNAL_CERT;
	return true;
}

static void
torn_tail(void)
{
	const char *dir = dir_named("torn");
	struct journal *j = open_at(dir, NULL);
	struct journal_report report;
	struct err e = { 0 };
	struct stat st;
	uint64_t n = 0;
	char path[200];
	int fd;

	for (uint64_t i = 0; i < 10; i++)
		CHECK(sign_one(j, i, &e), "%s", e.msg);
	journal_free(j);
	/* the last octets of a block that did not all arrive */
	snprintf(path, sizeof(path), "%s/000001.segment", dir);
	fd = open(path, O_RDWR | O_APPEND);
	if (!CHECK(fd >= 0 && write(fd, "CMJB half a block", 17) == 17 && fstat(fd, &st) == 0, "%s", path))
		return;
	close(fd);
	CHECK(journal_walk(dir, count_one, &n, &report, &e) && n == 10 && report.torn == 17,
	    "%" PRIu64 " records, torn %" PRIu64 " %s", n, report.torn, e.msg);
	j = open_at(dir, NULL);
	CHECK(records(j) == 10, "%" PRIu64 " records", records(j));
	CHECK(sign_one(j, 10, &e), "%s", e.msg);
	CHECK(strcmp(found(j, 10, false), "certificate 10") == 0, "%s", found(j, 10, false));
	CHECK(files_like(dir, "torn-") == 1, "the torn end was not kept");
	journal_free(j);
	n = 0;
	CHECK(journal_walk(dir, count_one, &n, &report, &e) && n == 11 && report.torn == 0, "%s", e.msg);
}

static void
flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t b = 0;

	CHECK(fd >= 0 && pread(fd, &b, 1, at) == 1, "%s", path);
	b ^= 0x10;
	CHECK(pwrite(fd, &b, 1, at) == 1, "%s", path);
	close(fd);
}

static void
changes_show(void)
{
	const char *dir = dir_named("changed");
	const struct journal_options small = { .segment_max = 1000 };
	struct journal *j = open_at(dir, &small);
	struct journal_report report;
	struct err e = { 0 };
	struct stat st;
	char path[200], aside[200];

	for (uint64_t i = 0; i < 30; i++)
		CHECK(sign_one(j, i, &e), "%s", e.msg);
	journal_free(j);
	CHECK(journal_walk(dir, NULL, NULL, &report, &e) && report.head.segments > 3 && report.head.records == 30,
	    "%" PRIu64 " segments, %" PRIu64 " records: %s", report.head.segments, report.head.records, e.msg);

	snprintf(path, sizeof(path), "%s/000002.segment", dir);
	flip(path, 300);
	CHECK(!journal_walk(dir, NULL, NULL, &report, &e) && strcmp(e.code, "journal_damaged") == 0,
	    "a flip was unseen");
	flip(path, 300);
	CHECK(stat(path, &st) == 0, "stat");
	for (off_t at = 0; at < st.st_size; at += 37) {
		if (at >= 112 && at < 128)
			continue;	/* padding */
		flip(path, at);
		CHECK(!journal_walk(dir, NULL, NULL, &report, &e), "a flip at %ld was unseen", (long)at);
		flip(path, at);
	}
	snprintf(aside, sizeof(aside), "%s/aside", dir);
	CHECK(rename(path, aside) == 0, "rename");
	CHECK(!journal_walk(dir, NULL, NULL, &report, &e), "a missing segment was unseen");
	CHECK(rename(aside, path) == 0, "rename");
	CHECK(journal_walk(dir, NULL, NULL, &report, &e), "%s", e.msg);

	/* an end that was acknowledged and is gone: refuse to start */
	snprintf(path, sizeof(path), "%s/%06u.segment", dir, (unsigned)report.head.segments);
	CHECK(unlink(path) == 0, "unlink");
	e = (struct err){ 0 };
	j = NULL;
	CHECK(!journal_open(dir, &small, &j, &e) && strcmp(e.code, "journal_damaged") == 0, "a lost end was unseen");
}

static void
pages(void)
{
	const struct journal_options small = { .segment_max = 700 };
	struct journal *j = open_at(dir_named("pages"), &small);
	struct journal_cursor c = { 0 }, wrong = { 1, 131 };
	OWN_STR struct str buf = { 0 };
	struct journal_record *r;
	struct err e = { 0 };
	uint64_t seen = 0;
	size_t n;

	for (uint64_t i = 0; i < 40; i += 2)
		CHECK(sign(j, (uint64_t[]){ i, i + 1 }, 2, &e), "%s", e.msg);
	do {
		if (!CHECK(journal_page(j, &c, &buf, &r, &n, &e), "%s", e.msg))
			break;
		for (size_t i = 0; i < n; i++) {
			struct journal_serial want = serial_of(seen++);

			CHECK(memcmp(&r[i].serial, &want, sizeof(want)) == 0 && r[i].profile == 7 && r[i].version == 3,
			    "record %" PRIu64, seen);
		}
		free(r);
	} while (n != 0);
	CHECK(seen == 40, "%" PRIu64 " records", seen);
	CHECK(!journal_page(j, &wrong, &buf, &r, &n, &e) && e.kind == ERR_INVALID, "a wrong place was taken");
	journal_free(j);
}

struct many { struct journal *j; uint64_t from; unsigned signed_; };

/* Half of what each asks for, another asks for too. */
static void *
many_run(void *arg)
{
	struct many *m = arg;

	for (uint64_t i = 0; i < 200; i++) {
		struct err e = { 0 };

		if (sign_one(m->j, m->from + i, &e))
			m->signed_++;
		else
			CHECK(e.kind == ERR_CONFLICT, "%s", e.msg);
	}
	return NULL;
}

static void
threads(void)
{
	const char *dir = dir_named("threads");
	struct journal *j = open_at(dir, &(struct journal_options){ .segment_max = 20000, .mark_every = 50 });
	struct journal_report report;
	struct many m[4];
	pthread_t t[4];
	unsigned sum = 0;
	struct err e = { 0 };

	for (unsigned i = 0; i < 4; i++) {
		m[i] = (struct many){ j, i * 100, 0 };
		pthread_create(&t[i], NULL, many_run, &m[i]);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		sum += m[i].signed_;
	}
	CHECK(sum == 500 && records(j) == 500, "%u signed, %" PRIu64 " records, 500 serials", sum, records(j));
	journal_free(j);
	CHECK(journal_walk(dir, NULL, NULL, &report, &e) && report.head.records == 500, "%s", e.msg);
}

/* Signs without end, and tells what was acknowledged. */
static void
child(const char *dir, int out, uint64_t from)
{
	struct journal *j = open_at(dir, &(struct journal_options){ .segment_max = 30000, .mark_every = 20 });

	for (uint64_t n = from;; n += 3) {
		struct err e = { 0 };

		if (!sign(j, (uint64_t[]){ n, n + 1, n + 2 }, 3, &e))
			_exit(3);
		if (write(out, &n, sizeof(n)) != sizeof(n))
			_exit(4);
	}
}

static void
killed(void)
{
	const char *dir = dir_named("killed");
	uint64_t next = 0, acked[20000];
	size_t n_acked = 0;
	struct journal_report report;
	struct err e = { 0 };
	uint8_t dice;

	for (int round = 0; round < 8; round++) {
		struct journal *j;
		uint64_t n, last = next;
		int p[2], status;
		pid_t pid;

		if (!CHECK(pipe(p) == 0, "pipe"))
			return;
		pid = fork();
		if (pid == 0)
			child(dir, p[1], next);
		close(p[1]);
		rand_octets(&dice, 1);
		usleep(10000u + dice * 100u);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		CHECK(WIFSIGNALED(status), "the child ended by itself: %d", WEXITSTATUS(status));
		while (read(p[0], &n, sizeof(n)) == sizeof(n) && n_acked < COUNT(acked))
			last = acked[n_acked++] = n;
		close(p[0]);
		next = last + 30;	/* behind what may have been signed unseen */
		j = open_at(dir, &(struct journal_options){ .segment_max = 30000 });
		for (size_t i = 0; i < n_acked; i++) {
			CHECK(found(j, acked[i], false)[0] == 'c', "serial %" PRIu64 " is lost", acked[i]);
			if (i % 16 == 0) {
				e = (struct err){ 0 };
				CHECK(!sign_one(j, acked[i] + 2, &e), "signed twice");
			}
		}
		journal_free(j);
	}
	CHECK(n_acked > 8, "only %zu blocks before the kills", n_acked);
	CHECK(journal_walk(dir, NULL, NULL, &report, &e) && report.torn == 0, "%s", e.msg);
}

struct only { uint64_t place; };

static bool
only_place(void *arg, uint64_t place)
{
	return ((struct only *)arg)->place == place;
}

static void
index_grows(void)
{
	const char *dir = dir_named("grows");
	struct serials *s = NULL;
	struct serials_mark mark = { .segment = 3, .offset = 99, .records = 7 }, back;
	const uint64_t n = 150000;
	struct err e = { 0 };
	uint64_t place, slots;
	bool fresh;

	mkdir(dir, 0700);
	if (!CHECK(serials_open(dir, 0, &s, &fresh, &e) && fresh, "%s", e.msg))
		return;
	slots = serials_slots(s);
	for (uint64_t i = 1; i <= n; i++) {
		struct journal_serial serial = serial_of(i);

		if (!CHECK(serials_add(s, serial.b, serial.len, i, &e), "%s", e.msg))
			break;
		if (serials_due(s))
			CHECK(serials_checkpoint(s, &mark, &e), "%s", e.msg);
		if (i % 997 == 0) {
			struct only only = { i / 2 + 1 };

			serial = serial_of(only.place);
			CHECK(serials_find(s, serial.b, serial.len, only_place, &only, &place), "lost while growing");
		}
	}
	serials_settle(s);
	CHECK(serials_checkpoint(s, &mark, &e), "%s", e.msg);
	CHECK(serials_slots(s) >= 2 * slots, "it did not grow");
	CHECK(serials_count(s) == n, "%" PRIu64 " entries", serials_count(s));
	serials_free(s);
	if (!CHECK(serials_open(dir, 0, &s, &fresh, &e) && !fresh, "%s", e.msg))
		return;
	serials_mark_get(s, &back);
	CHECK(memcmp(&mark, &back, sizeof(mark)) == 0, "the mark was lost");
	for (uint64_t i = 1; i <= n; i += 7) {
		struct journal_serial serial = serial_of(i);
		struct only only = { i };

		CHECK(serials_find(s, serial.b, serial.len, only_place, &only, &place) && place == i,
		    "lost %" PRIu64, i);
	}
	serials_free(s);
}

int
main(void)
{
	char cmd[128];

	log_init("test", LOG_ERROR_);
	snprintf(top, sizeof(top), "/tmp/test-journal-XXXXXX");
	if (mkdtemp(top) == NULL)
		return 1;
	never_twice();
	interrupted();
	one_writer();
	claims();
	barred();
	torn_tail();
	changes_show();
	pages();
	threads();
	killed();
	index_grows();
	snprintf(cmd, sizeof(cmd), "rm -rf %s", top);
	if (system(cmd) != 0)
		return 1;
	return check_done();
}
