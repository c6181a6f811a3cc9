/* Files: revocation lists, CA certificates, bundles. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "status/inside.h"
#include "x509/cert.h"

#define CERT_MAX_AGE_S 86400
#define CHAIN_MAX 8

static bool
none(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "not_found", "there is nothing here");
}

/* ---- lists ---- */

static ssize_t
list_read(void *arg, uint64_t offset, void *buf, size_t cap, struct err *e)
{
	struct list_file *f = arg;
	ssize_t n = pread(f->fd, buf, cap, (off_t)offset);

	if (n > 0)
		return n;
	(void)err_sys(e, "revocation list %lld ended early", (long long)f->row.number);
	return -1;
}

static void
list_close(void *arg)
{
	list_release(arg);
}

static bool
list_send(const struct status *st, const struct http_req *q, struct http_res *s, struct list_file *f)
{
	int64_t left = f->row.next_update - clock_now_s();
	int64_t age = left < st->conf.max_age_s ? left : st->conf.max_age_s;
	const struct http_stream stream = { .length = (uint64_t)f->row.octets, .etag = f->etag, .read = list_read,
		.close = list_close, .arg = f };

	http_setf(s, "Cache-Control", "max-age=%lld, public, no-transform, must-revalidate", (long long)(age < 0 ? 0 : age));
	if (http_not_modified(q, s, f->etag, f->row.this_update)) {
		list_release(f);
		return true;
	}
	return http_stream(s, "application/pkix-crl", &stream);
}

static bool
list_answer(struct status *st, const struct http_req *q, struct http_res *s, const char *ski, int64_t shard, bool delta,
    struct err *e)
{
	const struct authority *ca = authorities_by_ski(st->cas, ski);
	struct list_file *f = ca == NULL ? NULL : crl_files_get(st->lists, ca->id, shard, delta);

	if (ca == NULL)
		return none(e);
	if (f == NULL)
		return err_set(e, ERR_NOT_FOUND, "crl", "there is no such revocation list");
	return list_send(st, q, s, f);
}

/* CA.crl and CA.delta.crl. */
bool
status_crl_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	char ski[64];
	const char *name = http_param(q, "ca");
	bool delta = str_ends(name, ".delta");
	size_t n = strlen(name) - (delta ? strlen(".delta") : 0);

	if (n >= sizeof(ski))
		return none(e);
	memcpy(ski, name, n);
	ski[n] = '\0';
	return list_answer((struct status *)(void *)app, q, s, ski, CRL_WHOLE_CA, delta, e);
}

bool
status_crl_shard_get(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	uint64_t shard;

	if (!parse_u64(http_param(q, "shard"), UINT32_MAX - 1, &shard))
		return none(e);
	return list_answer((struct status *)(void *)app, q, s, http_param(q, "ca"), (int64_t)shard, false, e);
}

/* ---- certificates ---- */

static const struct authority *
asked(struct app *app, const struct http_req *q)
{
	return authorities_by_ski(((struct status *)(void *)app)->cas, http_param(q, "ca"));
}

bool
status_ca_cer(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	const struct authority *ca = asked(app, q);

	if (ca == NULL)
		return none(e);
	http_setf(s, "Cache-Control", "max-age=%d, public", CERT_MAX_AGE_S);
	if (http_not_modified(q, s, ca->etag, ca->added_at))
		return true;
	return http_bytes_from(s, 200, "application/pkix-cert", ca->der.p, ca->der.len, NULL, NULL);
}

/* The CA and those above it. */
bool
status_ca_p7c(struct app *app, const struct http_req *q, struct http_res *s, struct err *e)
{
	const struct status *st = (struct status *)(void *)app;
	const struct authority *ca = asked(app, q);
	struct der chain[CHAIN_MAX];
	OWN_STR struct str out = { 0 };
	size_t n = 0;

	if (ca == NULL)
		return none(e);
	http_setf(s, "Cache-Control", "max-age=%d, public", CERT_MAX_AGE_S);
	if (http_not_modified(q, s, ca->etag, ca->added_at))
		return true;
	for (const struct authority *at = ca; at != NULL && n < CHAIN_MAX; at = authorities_by_id(st->cas, at->parent_id))
		chain[n++] = (struct der){ (const uint8_t *)at->der.p, at->der.len };
	if (!cert_bundle(chain, n, &out, e))
		return false;
	return http_bytes(s, 200, "application/pkcs7-mime; smime-type=certs-only", out.p, out.len);
}
