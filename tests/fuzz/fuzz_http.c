/*
 * Any octets as a request: "METHOD TARGET", header lines, an empty line, the body (lines end in LF).  It goes the whole
 * way through the router, its body in growing pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "http/body.h"
#include "http/router.h"

#include "../unit/http_app.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static struct app app;

static struct router *
router(void)
{
	static struct router *r;
	static const struct http_conf conf = { .app = &app, .mounts = app_mounts, .mounts_n = COUNT(app_mounts),
		.origin = "https://localhost:8443", .spool_dir = "/tmp", .threads = 1, .events_max = 2 };

	if (r == NULL) {
		log_init("fuzz", LOG_ERROR_);
		secret_init();
		json_init();
		r = router_new(&conf);
	}
	return r;
}

/* The line at *p, cut off as a text; NULL when there is none. */
static char *
line(char **p, char *end)
{
	char *begin = *p, *nl = memchr(begin, '\n', (size_t)(end - begin));

	if (nl == NULL)
		return NULL;
	*nl = '\0';
	*p = nl + 1;
	return begin;
}

static bool
read_head(struct exchange *x, char **p, char *end)
{
	char *text = line(p, end), *second;

	if (text == NULL || (second = strchr(text, ' ')) == NULL)
		return false;
	*second++ = '\0';
	exchange_method(x, text);
	exchange_target(x, second);
	while ((text = line(p, end)) != NULL && text[0] != '\0')
		if ((second = strchr(text, ':')) != NULL) {
			*second++ = '\0';
			exchange_header(x, text, second + (*second == ' '));
		}
	return true;
}

static enum step
read_body(struct exchange *x, char *p, size_t left)
{
	for (size_t piece = 1; left > 0; piece = 3 * piece + 1) {
		size_t n = piece < left ? piece : left;

		if (!body_feed(x, p, n))
			return STEP_ANSWER;
		p += n;
		left -= n;
	}
	return router_ready(x);
}

static void
check_answer(struct exchange *x)
{
	res_seal(x);
	if (x->s.status < 200 || x->s.status > 503)
		abort();
	for (const struct res_header *h = x->s.headers; h != NULL; h = h->next)
		if (strpbrk(h->value, "\r\n") != NULL)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t len)
{
	static const enum http_listener listeners[] = { HTTP_PORTAL, HTTP_MTLS, HTTP_STATUS, HTTP_OPS };
	OWN(exchange_free) struct exchange *x = exchange_new(router(), listeners[len % 4]);
	char *text = malloc(len + 1), *p = text;
	enum step step;

	memcpy(text, in, len);
	text[len] = '\0';
	if (read_head(x, &p, text + len)) {
		step = router_open(x);
		if (step == STEP_ADMIT)
			step = router_admit(x);
		if (step == STEP_BODY)
			step = read_body(x, p, (size_t)(text + len - p));
		if (step == STEP_HANDLE)
			router_handle(x);
		if (x->s.status != 0)
			check_answer(x);
		router_done(x);
	}
	free(text);
	return 0;
}
