#include "status/build.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "store/certificate.h"
#include "x509/revocation/crl.h"

#define ARENA_MAX ((size_t)1 << 20)
#define ASIDE_OCTETS ((uint64_t)1 << 20)	/* shorter lists are not worth a thread */

struct writing {
	const struct build	*b;
	int			 fd;
	struct crl_head		 head;
	uint8_t			 number[8], base_number[8];
	char			 uri[CRL_URI_MAX];
	struct crl_writer	*writer;
};

/* Big-endian, no leading zeros. */
static struct der
number_der(int64_t number, uint8_t buf[8])
{
	size_t zeros = 0;

	for (size_t i = 0; i < 8; i++)
		buf[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
	while (zeros < 7 && buf[zeros] == 0)
		zeros++;
	return (struct der){ buf + zeros, 8 - zeros };
}

static bool
head_make(struct writing *w, struct err *e)
{
	const struct build *b = w->b;
	int n;

	w->head = (struct crl_head){ .signature = b->ca->signature, .issuer = b->ca->issuer.subject,
		.this_update_s = b->row.this_update, .next_update_s = b->row.next_update, .key_id = b->ca->issuer.ski,
		.number = number_der(b->row.number, w->number) };
	if (b->row.delta)
		w->head.base_number = number_der(b->base->number, w->base_number);
	if (b->row.shard < 0)
		return true;
	n = snprintf(w->uri, sizeof(w->uri), "%s/crl/%s/%lld.crl", b->st->app.public_url, b->ca->issuer.id,
	    (long long)b->row.shard);
	if (n < 0 || (size_t)n >= sizeof(w->uri))
		return err_sys(e, "the public URL is too long");
	w->head.idp_uri = (struct der){ (const uint8_t *)w->uri, (size_t)n };
	return true;
}

/* Also when the store has the read repeated: the file begins anew. */
static bool
begin(void *arg, struct err *e)
{
	struct writing *w = arg;

	if (w->writer != NULL)
		crl_writer_free(give(w->writer));
	if (ftruncate(w->fd, 0) != 0 || lseek(w->fd, 0, SEEK_SET) != 0)
		return err_sys(e, "a new revocation list");
	return crl_writer_new(w->fd, &w->head, w->b->base == NULL || w->b->row.delta ? 0 : (uint64_t)w->b->base->entries,
	    &w->writer, e);
}

static enum crl_reason
reason_of(const struct status_row *r)
{
	if (r->state == CERTIFICATE_ON_HOLD)
		return CRL_HOLD;
	return r->reason <= 0 || r->reason > 10 || r->reason == 7 || r->reason == CRL_REMOVE || r->reason == CRL_HOLD ?
	    CRL_UNSPECIFIED : (enum crl_reason)r->reason;
}

static bool
add(void *arg, const struct status_row *r, struct err *e)
{
	struct writing *w = arg;
	struct crl_entry x = { .serial_len = sizeof(r->serial), .revoked_at_s = r->revoked_at, .reason = reason_of(r),
		.invalid_since_s = r->invalid_since == 0 ? CRL_NO_TIME : r->invalid_since };

	memcpy(x.serial, r->serial, sizeof(r->serial));
	if (r->state == CERTIFICATE_ISSUED) {	/* in a delta: released */
		x.reason = CRL_REMOVE;
		x.revoked_at_s = w->b->row.this_update;
		x.invalid_since_s = CRL_NO_TIME;
	}
	return crl_writer_add(w->writer, &x, e);
}

static bool
entries_write(struct writing *w, struct crl_row *row, struct crl_file *file, struct err *e)
{
	const struct crl_row *base = w->b->base;
	const struct crl_query q = { .ca_id = row->ca_id, .shard = row->shard, .ends_after = base == NULL ? 0 :
		base->this_update, .base_seq = row->delta ? base->seq : -1, .begin = begin, .each = add, .arg = w };
	bool ok = crl_entries(&w->b->st->app, &q, &row->seq, e) && crl_writer_end(w->writer, file, e);

	if (w->writer != NULL)
		crl_writer_free(give(w->writer));
	return ok;
}

/*
 * What ended may leave; the signer's journal knows when, or else, where another signer issued it, the
 * certificate shows it.  It is shown only when it is asked for.
 */
static bool
sign_shown(struct build *b, struct signlink_list *list, struct arena *a, struct signlink_list_signed *out, struct err *e)
{
	OWN_FD int fd = -1;

	if (signlink_sign_list(b->signer, list, a, out, e))
		return true;
	if (e->kind != ERR_FORBIDDEN || b->row.delta || b->base == NULL)
		return false;
	err_clear(e);
	fd = memfd_create("evidence", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "memfd_create");
	list->evidence_fd = fd;
	return crl_evidence(&b->st->app, b->base, fd, e) && signlink_sign_list(b->signer, list, a, out, e);
}

/* *tbs_at: where the TBSCertList stands then. */
static bool
sign(struct build *b, const struct crl_file *file, uint64_t *tbs_at, struct err *e)
{
	OWN(arena_free) struct arena *a = arena_new(ARENA_MAX);
	struct signlink_list list = { .ca = b->ca->issuer.id, .delta = b->row.delta, .fd = file->fd,
		.shard = b->row.shard < 0 ? SIGNLINK_WHOLE_LIST : (uint32_t)b->row.shard, .tbs_at = file->tbs_at,
		.tbs_len = file->tbs_len, .evidence_fd = -1 };
	struct signlink_list_signed out;

	if (!sign_shown(b, &list, a, &out, e))
		return false;
	if (out.entries != file->entries || signature_algorithm_of(out.algorithm) != file->signature)
		return err_sys(e, "the signer signed another list");
	return crl_file_seal(file, out.signature.p, out.signature.len, tbs_at, e);
}

/* ---- beside the signer ---- */

/*
 * While the signer reads the list, another thread hashes what will not change any more and has it written to
 * the disk.
 */
struct beside {
	int		 fd;
	uint64_t	 upto;
	EVP_MD_CTX	*hash;
	pthread_t	 thread;
	bool		 failed;
};

/* From *at on, up to `upto`, or to the end of the file. */
static bool
hash_more(EVP_MD_CTX *hash, int fd, uint64_t *at, uint64_t upto)
{
	uint8_t buf[65536];
	ssize_t n = 1;

	while (*at < upto && n > 0) {
		n = pread(fd, buf, upto - *at < sizeof(buf) ? (size_t)(upto - *at) : sizeof(buf), (off_t)*at);
		if (n > 0 && EVP_DigestUpdate(hash, buf, (size_t)n) != 1)
			abort();
		*at += n > 0 ? (uint64_t)n : 0;
	}
	return n >= 0;
}

static void *
beside_main(void *arg)
{
	struct beside *b = arg;
	uint64_t at = CRL_HASH_LAST;

	(void)sync_file_range(b->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	b->failed = !hash_more(b->hash, b->fd, &at, b->upto) || fdatasync(b->fd) != 0;
	return NULL;
}

static EVP_MD_CTX *
hash_new(void)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	if (hash == NULL || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1)
		abort();
	return hash;
}

/* What came behind `at`, then the first octets: crl.h says why. */
static bool
hash_end(EVP_MD_CTX *hash, int fd, uint64_t at, struct crl_row *row, struct err *e)
{
	uint64_t first = 0;
	bool ok = hash_more(hash, fd, &at, UINT64_MAX) && hash_more(hash, fd, &first, CRL_HASH_LAST);

	row->octets = (int64_t)at;
	if (EVP_DigestFinal_ex(hash, row->sha256, NULL) != 1)
		abort();
	return ok || err_sys(e, "reading a revocation list");
}

static bool
sign_and_settle(struct build *b, const struct crl_file *file, struct err *e)
{
	struct beside s = { .fd = file->fd, .upto = file->tbs_at + file->tbs_len, .hash = hash_new() };
	bool aside = file->tbs_len >= ASIDE_OCTETS && pthread_create(&s.thread, NULL, beside_main, &s) == 0, ok, moved;
	uint64_t at = file->tbs_at;

	ok = sign(b, file, &at, e);
	if (aside)
		(void)pthread_join(s.thread, NULL);
	moved = at != file->tbs_at;
	if (aside && (s.failed || moved)) {
		EVP_MD_CTX_free(s.hash);
		s.hash = hash_new();
	}
	ok = ok && hash_end(s.hash, file->fd, aside && !s.failed && !moved ? s.upto : CRL_HASH_LAST, &b->row, e) &&
	    (fdatasync(file->fd) == 0 || err_sys(e, "syncing a revocation list"));
	EVP_MD_CTX_free(s.hash);
	return ok;
}

static bool
build_into(struct build *b, int fd, struct err *e)
{
	struct writing w = { .b = b, .fd = fd };
	struct crl_file file;

	if (!head_make(&w, e) || !entries_write(&w, &b->row, &file, e) || !sign_and_settle(b, &file, e))
		return false;
	b->row.entries = (int64_t)file.entries;
	return true;
}

bool
build_list(struct build *b, struct err *e)
{
	const struct status_conf *conf = &b->st->conf;
	char fresh[LIST_PATH_MAX + 64], path[LIST_PATH_MAX];
	OWN_FD int fd = -1;
	bool ok;

	b->row.this_update = clock_now_s();
	b->row.next_update = b->row.this_update + conf->crl_validity_s;
	b->row.base_number = b->row.delta ? b->base->number : 0;
	if (!crl_number(&b->st->app, b->row.ca_id, b->row.shard, &b->row.number, e) ||
	    !list_path(conf->crl_dir, b->ca, &b->row, path, e))
		return false;
	(void)snprintf(fresh, sizeof(fresh), "%s/.%s-%lld-%d.new", conf->crl_dir, b->ca->issuer.id, (long long)b->row.number,
	    (int)getpid());
	fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "%s", fresh);
	ok = build_into(b, fd, e) && (rename(fresh, path) == 0 || err_sys(e, "%s", path));
	if (!ok) {
		(void)unlink(fresh);
		return false;
	}
	if (crl_put(&b->st->app, &b->row, conf->shared_store ? fd : -1, e))
		return true;
	(void)unlink(path);
	return false;
}
