/*
 * signer_rate - how fast the signer signs, a core: the bare signature as reference, then with assembly
 * and journal (claim, append, sync) in slices, then the whole signer over its socket with its checks.
 *
 *	signer_rate [slices [slice]]
 *
 * Also: how long a look-up and an entry take in an index of many serials (signer_rate index N), and a
 * revocation list of N entries, new and held against the last one (signer_rate list N).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "quiet.h"
#include "signer/journal/journal.h"
#include "signer/journal/serials.h"
#include "signer/signkey.h"
#include "signer_box.h"
#include "x509/revocation/crl.h"

static double
wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
cpu_of(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec)
	    + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

/* CPU seconds of another process so far. */
static double
cpu_of_pid(pid_t pid)
{
	char path[64], line[1024];
	unsigned long user = 0, sys = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f != NULL && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		    &user, &sys);
	if (f != NULL)
		fclose(f);
	return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

static void
print_rate(const char *what, size_t n, double seconds, double cpu)
{
	printf("%-44s %8.0f/s wall  %8.0f per CPU second\n", what, (double)n / seconds, (double)n / cpu);
	fflush(stdout);
}

/* The signature alone, and the signature with everything behind the checks. */
static void
inside(struct box *b, size_t slices, size_t slice)
{
	OWN(signkey_free) struct signkey *key = NULL;
	OWN(signing_end) struct signing *s = NULL;
	OWN(journal_free) struct journal *j = NULL;
	OWN_KEYPAIR struct keypair pair = { 0 };
	struct journal_record *r = calloc(slice, sizeof(*r));
	struct journal_serial *serials = calloc(slice, sizeof(*serials));
	bool *taken = calloc(slice, sizeof(*taken));
	uint8_t serial[16], (*buf)[4096] = calloc(slice, sizeof(*buf));
	struct der tbs = box_tbs(b, serial);
	struct err e = { 0 };
	double from, cpu;

	if (!CHECK(keypair_make(b->keys, (struct key_type){ KEY_EC, 256 }, &pair, &e)
	    && signkey_from_pkcs8(pair.pkcs8, (struct der){ pair.spki, pair.spki_len }, &key, &e)
	    && signing_begin(key, SIGNATURE_ECDSA_SHA256, &s, &e)
	    && journal_open(box_path(b, "bench"), NULL, &j, &e), "%s", e.msg))
		return;
	from = wall();
	cpu = cpu_of(RUSAGE_SELF);
	for (size_t i = 0; i < slices * slice; i++) {
		uint8_t sig[SIGNATURE_LEN_MAX];
		size_t len = sizeof(sig);

		if (!signing_octets(s, tbs.p, tbs.len, sig, &len, &e))
			return;
	}
	print_rate("P-256 signature alone, 1 thread", slices * slice, wall() - from, cpu_of(RUSAGE_SELF) - cpu);
	from = wall();
	cpu = cpu_of(RUSAGE_SELF);
	for (size_t k = 0; k < slices; k++) {
		OWN(journal_claim_free) struct journal_claim *claim = NULL;

		for (size_t i = 0; i < slice; i++) {
			serials[i].len = 16;
			cert_serial_make(serials[i].b);
		}
		if (!journal_claim(j, serials, slice, taken, &claim, &e))
			return;
		for (size_t i = 0; i < slice; i++) {
			uint8_t sig[SIGNATURE_LEN_MAX];
			size_t len = sizeof(sig);
			struct der cert;

			if (!signing_octets(s, tbs.p, tbs.len, sig, &len, &e)
			    || !cert_assemble(tbs, SIGNATURE_ECDSA_SHA256, sig, len, buf[i], sizeof(buf[i]), &cert, &e))
				return;
			r[i] = (struct journal_record){ .kind = JOURNAL_CERT, .serial = serials[i], .profile = 1,
				.version = 1, .data = cert };
		}
		if (!CHECK(journal_append(j, r, slice, &e), "%s", e.msg))
			return;
	}
	print_rate("... assembled, journaled and synced, 1 thread", slices * slice, wall() - from,
	    cpu_of(RUSAGE_SELF) - cpu);
	free(r);
	free(serials);
	free(taken);
	free(buf);
}

/* The whole signer: a slice a message, its checks of every TBSCertificate included. */
static void
whole(struct box *b, size_t slices, size_t slice)
{
	OWN(signlink_free) struct signlink *l = signlink_new(b->worker);
	struct der *tbs = calloc(slice, sizeof(*tbs));
	struct signlink_result *r = calloc(slice, sizeof(*r));
	double busy = 0, cpu;
	size_t good = 0;

	box_start(b);
	cpu = cpu_of_pid(b->pid);
	for (size_t k = 0; k < slices; k++) {
		struct signlink_request q = box_request(b, tbs, slice);
		struct err e = { 0 };
		uint8_t serial[16];
		double from;

		for (size_t i = 0; i < slice; i++)
			tbs[i] = box_tbs(b, serial);
		from = wall();
		if (!CHECK(signlink_sign_certs(l, &q, b->arena, r, &e), "%s", e.msg))
			break;
		busy += wall() - from;
		for (size_t i = 0; i < slice; i++)
			good += r[i].ok;
		arena_reset(b->arena);
	}
	print_rate("the signer over its socket, checks included", good, busy, cpu_of_pid(b->pid) - cpu);
	(void)box_stop(b, SIGTERM);
	free(tbs);
	free(r);
}

static bool
nothing(void *arg, uint64_t place)
{
	(void)arg;
	(void)place;
	return false;
}

static void
index_of(struct box *b, uint64_t n)
{
	OWN(serials_free) struct serials *s = NULL;
	struct serials_mark mark = { .segment = 1, .offset = 128, .block = 1 };
	const uint64_t step = n / 10 == 0 ? 1 : n / 10;
	struct err e = { 0 };
	bool fresh;

	mkdir(box_path(b, "index"), 0700);
	if (!CHECK(serials_open(box_path(b, "index"), 0, &s, &fresh, &e), "%s", e.msg))
		return;
	for (uint64_t at = 0; at < n; at += step) {
		double from = wall(), slowest = 0, adding, looking;
		uint64_t place;

		for (uint64_t i = at; i < at + step && i < n; i++) {
			uint8_t serial[16] = { 0x40 };
			double one = i % 64 == 0 ? wall() : 0;

			memcpy(serial + 8, &i, 8);
			if (!CHECK(serials_add(s, serial, 16, i + 1, &e), "%s", e.msg))
				return;
			if (one != 0 && wall() - one > slowest)
				slowest = wall() - one;
			if (serials_due(s) || i % 1000000 == 999999)
				CHECK(serials_checkpoint(s, &mark, &e), "%s", e.msg);
		}
		adding = (wall() - from) / (double)step;
		from = wall();
		for (uint64_t i = 0; i < 100000; i++) {
			uint8_t serial[16] = { 0x41 };

			memcpy(serial + 8, &i, 8);
			(void)serials_find(s, serial, 16, nothing, NULL, &place);
		}
		looking = (wall() - from) / 100000;
		printf("%12" PRIu64 " serials, %12" PRIu64 " slots: entry %6.2f us (slowest %.2f ms), look-up %6.2f us\n",
		    at + step, serials_slots(s), adding * 1e6, slowest * 1e3, looking * 1e6);
		fflush(stdout);
	}
}

static void
list_of(struct box *b, uint64_t n)
{
	OWN(signlink_free) struct signlink *l = signlink_new(b->status);
	const struct issuer *ca = &ca_by_id(b->cas, "idevid-ca1")->issuer;

	box_start(b);
	for (uint8_t number = 1; number <= 3; number++) {
		struct crl_head h = { .signature = SIGNATURE_ECDSA_SHA256, .issuer = ca->subject,
			.this_update_s = clock_now_s(), .next_update_s = clock_now_s() + 86400, .key_id = ca->ski,
			.number = { &number, 1 } };
		OWN(crl_writer_free) struct crl_writer *w = NULL;
		OWN_FD int fd = memfd_create("list", MFD_CLOEXEC);
		struct signlink_list_signed out;
		struct signlink_list q = { .ca = ca->id, .shard = SIGNLINK_WHOLE_LIST, .fd = fd, .evidence_fd = -1 };
		struct crl_file file;
		struct err e = { 0 };
		double from = wall(), written, cpu = cpu_of_pid(b->pid);

		if (!CHECK(crl_writer_new(fd, &h, n, &w, &e), "%s", e.msg))
			return;
		for (uint64_t i = 0; i < n; i++) {
			struct crl_entry x = { .serial = { 0x40 }, .serial_len = 16,
			    .revoked_at_s = h.this_update_s - 100,
				.reason = CRL_SUPERSEDED, .invalid_since_s = CRL_NO_TIME };

			for (int k = 0; k < 8; k++)
				x.serial[15 - k] = (uint8_t)(i >> 8 * k);
			if (!crl_writer_add(w, &x, &e))
				return;
		}
		if (!CHECK(crl_writer_end(w, &file, &e), "%s", e.msg))
			return;
		written = wall() - from;
		q.tbs_at = file.tbs_at;
		q.tbs_len = file.tbs_len;
		from = wall();
		if (!CHECK(signlink_sign_list(l, &q, b->arena, &out, &e), "%s", e.msg))
			return;
		printf("list %u of %" PRIu64 " entries, %" PRIu64 " MB: written in %.2f s, checked and signed in %.2f s"
		    " (%.2f CPU s)\n", number, n, file.tbs_len >> 20, written, wall() - from, cpu_of_pid(b->pid) - cpu);
	}
	(void)box_stop(b, SIGTERM);
}

int
main(int argc, char **argv)
{
	static struct box b;
	const bool list_only = argc > 2 && strcmp(argv[1], "list") == 0;
	const bool index_only = argc > 2 && (list_only || strcmp(argv[1], "index") == 0);
	const size_t slices = argc > 1 && !index_only ? strtoul(argv[1], NULL, 10) : 100;
	const size_t slice = argc > 2 && !index_only ? strtoul(argv[2], NULL, 10) : 500;

	log_init("bench", LOG_ERROR_);
	secret_init();
	quiet_begin();
	box_make(&b);
	quiet_end();
	if (list_only)
		list_of(&b, strtoull(argv[2], NULL, 10));
	else if (index_only)
		index_of(&b, strtoull(argv[2], NULL, 10));
	else {
		inside(&b, slices, slice);
		whole(&b, slices, slice);
	}
	box_free(&b);
	return check_failed == 0 ? 0 : 1;
}
