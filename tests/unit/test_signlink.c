/* Our end of the signer's socket, against signers that behave badly. */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/log.h"
#include "base/str.h"
#include "check.h"
#include "signer/proto.h"
#include "signlink/signlink.h"

static char dir[64], path[96];

/* Answers each request of one connection with the same frame, `times` times; 0: never. */
struct fake {
	int		 listener, times;
	uint8_t		 type;
	struct str	 reply;
	pthread_t	 thread;
};

static void *
fake_run(void *arg)
{
	struct fake *f = arg;
	OWN_STR struct str in = { 0 };
	struct err e = { 0 };
	struct pollfd p = { .fd = f->listener, .events = POLLIN };
	uint8_t op;
	int fd = poll(&p, 1, -1) > 0 ? accept(f->listener, NULL, NULL) : -1;

	for (int i = 0; fd >= 0 && i < f->times; i++)
		if (!frame_recv(fd, &op, &in, 1 << 20, 2000, &e)
		    || !frame_send(fd, f->type, f->reply.p != NULL ? f->reply.p : "", f->reply.len, 2000, &e))
			break;
	/* one that never answers reads on, until the other side gives up */
	while (fd >= 0 && f->times == 0 && frame_recv(fd, &op, &in, 1 << 20, 2000, &e))
		;
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void
fake_begin(struct fake *f)
{
	struct err e = { 0 };

	if (!CHECK(unix_listen(path, 0600, 4, &f->listener, &e), "%s", e.msg))
		exit(check_done());
	pthread_create(&f->thread, NULL, fake_run, f);
}

static void
fake_end(struct fake *f)
{
	shutdown(f->listener, SHUT_RDWR);	/* wakes an accept that nobody came for */
	pthread_join(f->thread, NULL);
	close(f->listener);
	str_free(&f->reply);
	(void)unlink(path);
}

/* One slice of two; the code of what came of it. */
static const char *
ask(struct signlink *l, struct signlink_result r[2], struct err *e)
{
	static const struct der tbs[2] = { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"b", 1 } };
	static char code[64];
	const struct signlink_request q = { .ca = "00112233", .profile_id = 1, .profile_version = 1, .tbs = tbs,
	    .n = 2 };
	OWN(arena_free) struct arena *a = arena_new(1 << 20);

	*e = (struct err){ 0 };
	snprintf(code, sizeof(code), "%s", signlink_sign_certs(l, &q, a, r, e) ? "" : e->code);
	for (int i = 0; i < 2; i++)	/* they live in the arena */
		r[i].code = r[i].why = NULL;
	return code;
}

static void
nobody(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new("/nowhere/signer.sock");
	struct signlink_result r[2];
	struct err e;

	CHECK(strcmp(ask(l, r, &e), "signer_down") == 0 && e.kind == ERR_UNAVAILABLE && e.retry_after_s > 0,
	    "%s", e.code);
}

static void
silent(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(path);
	struct fake f = { .times = 0 };
	struct signlink_result r[2];
	const int64_t from_ms = clock_mono_ms();
	struct err e;

	fake_begin(&f);
	signlink_timeout(l, 150);
	CHECK(strcmp(ask(l, r, &e), "signer_down") == 0 && e.kind == ERR_UNAVAILABLE, "%s", e.code);
	CHECK(clock_mono_ms() - from_ms < 1500, "it waited for %lld ms", (long long)(clock_mono_ms() - from_ms));
	fake_end(&f);
}

static void
unreadable(void)
{
	static const struct { const char *what; uint8_t type; size_t len; const char *octets; } bad[] = {
		{ "nothing", PROTO_OK, 0, "" },
		{ "another count", PROTO_OK, 4, "\0\0\0\3" },
		{ "a signature cut short", PROTO_OK, 9, "\0\0\0\2\0\0\0\0\x50" },
		{ "something behind it", PROTO_OK, 15, "\0\0\0\2\0\0\0\0\0\0\0\0\0\0x" },
		{ "another type", 77, 4, "\0\0\0\2" },
		{ "an error without a kind", PROTO_ERROR, 13, "\0\0\0\0\0\0\0\0\0\0\0\0\0" },
		{ "an error cut short", PROTO_ERROR, 3, "\1\0\0" },
	};

	for (size_t i = 0; i < COUNT(bad); i++) {
		OWN(signlink_free) struct signlink *l = signlink_new(path);
		struct fake f = { .times = 1, .type = bad[i].type };
		struct signlink_result r[2];
		struct err e;

		str_add(&f.reply, bad[i].octets, bad[i].len);
		fake_begin(&f);
		CHECK(strcmp(ask(l, r, &e), "signer_reply") == 0 && e.kind == ERR_UNAVAILABLE, "%s: %s",
		    bad[i].what, e.code);
		fake_end(&f);
	}
}

static void
item(struct str *s, uint8_t kind, const char *code)
{
	pack_u8(s, kind);
	if (kind == ERR_NONE)
		pack_octets(s, "sig", 3);
	else {
		pack_octets(s, code, strlen(code));
		pack_octets(s, "why", 3);
	}
}

/* A refusal for good is a result; one that may pass fails the call, so that nothing is given up. */
static void
items(void)
{
	static const struct { uint8_t kind; const char *code, *want; } cases[] = {
		{ ERR_FORBIDDEN, "tbs_refused", "" },
		{ ERR_CONFLICT, "serial_used", "" },
		{ ERR_UNAVAILABLE, "token_failed", "token_failed" },
		{ ERR_INTERNAL, "internal", "internal" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		OWN(signlink_free) struct signlink *l = signlink_new(path);
		struct fake f = { .times = 2, .type = PROTO_OK };
		struct signlink_result r[2];
		struct err e;

		pack_u32(&f.reply, 2);
		item(&f.reply, ERR_NONE, NULL);
		item(&f.reply, cases[i].kind, cases[i].code);
		fake_begin(&f);
		for (int k = 0; k < 2; k++) {	/* the connection stays */
			const char *code = ask(l, r, &e);

			CHECK(strcmp(code, cases[i].want) == 0, "%s: %s", cases[i].code, code);
			CHECK(code[0] == '\0' || e.kind == ERR_UNAVAILABLE, "%s", err_kind_name(e.kind));
			CHECK(r[0].ok && r[0].signature.len == 3 && !r[1].ok, "results");
		}
		fake_end(&f);
	}
}

static void
whole(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(path);
	struct fake f = { .times = 1, .type = PROTO_ERROR };
	struct signlink_result r[2];
	struct err e;

	pack_u8(&f.reply, ERR_FORBIDDEN);
	pack_u32(&f.reply, 7);
	pack_octets(&f.reply, "doc_unknown", 11);
	pack_octets(&f.reply, "not active", 10);
	fake_begin(&f);
	CHECK(strcmp(ask(l, r, &e), "doc_unknown") == 0 && e.kind == ERR_FORBIDDEN && e.retry_after_s == 7
	    && strcmp(e.msg, "not active") == 0, "%s: %s", e.code, e.msg);
	fake_end(&f);
}

static void
wrong_use(void)
{
	OWN(signlink_free) struct signlink *l = signlink_new(path);
	OWN(arena_free) struct arena *a = arena_new(1 << 20);
	struct signlink_request q = { .ca = "xyz", .n = 1, .tbs = &(struct der){ (const uint8_t *)"a", 1 } };
	struct signlink_result r[1];
	struct err e = { 0 };

	CHECK(!signlink_sign_certs(l, &q, a, r, &e) && e.kind == ERR_INVALID, "a CA that is no hex");
	q.ca = "00";
	q.n = 0;
	CHECK(!signlink_sign_certs(l, &q, a, r, &e) && e.kind == ERR_TOO_LARGE, "no certificates");
	q.n = SIGNLINK_ITEMS_MAX + 1;
	CHECK(!signlink_sign_certs(l, &q, a, r, &e) && e.kind == ERR_TOO_LARGE, "too many certificates");
}

int
main(void)
{
	log_init("test", LOG_ERROR_);
	signal(SIGPIPE, SIG_IGN);
	snprintf(dir, sizeof(dir), "/tmp/test-signlink-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/s", dir);
	nobody();
	silent();
	unreadable();
	items();
	whole();
	wrong_use();
	CHECK(rmdir(dir) == 0, "%s", dir);
	return check_done();
}
