#include "signer/signer.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/secret.h"
#include "signer/audit.h"
#include "signer/delegate/delegates.h"
#include "signer/keyfile.h"
#include "signer/list/lists.h"
#include "signer/token/token.h"

/* A segment of the journal is a descriptor. */
static void
descriptors_raise(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
	}
}

/* Absent is no error here: whoever needs it says so. */
static bool
kek_open(struct signer *s, struct err *e)
{
	if (kek_load(s->conf->kek, &s->kek, e))
		return true;
	if (e->kind != ERR_NOT_FOUND)
		return false;
	err_clear(e);
	return true;
}

bool
signer_open(const char *conf_path, struct signer **out, struct err *e)
{
	OWN(signer_free) struct signer *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->started_s = clock_now_s();
	descriptors_raise();
	if (!conf_load(conf_path, &s->conf, e) || !kek_open(s, e) || !cas_load(s->conf, s->kek, true, &s->cas, e)
	    || !docs_open(s->conf, s->cas, &s->docs, e)
	    || !delegates_open(s->conf, s->kek, s->cas, &s->delegates, e)
	    || !audit_open(s->conf, s->kek, &s->audit, e))
		return false;
	*out = give(s);
	return true;
}

/* The server's signals are blocked and not yet read. */
static bool
told_to_end(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && (sigismember(&set, SIGTERM) == 1 || sigismember(&set, SIGINT) == 1);
}

bool
signer_start(struct signer *s, struct err *e)
{
	const struct journal_options options = { .interrupted = told_to_end };

	if (!journal_open(s->conf->journal, &options, &s->journal, e) || !pool_new(s->conf->threads, &s->pool, e)
	    || !lists_open(s->conf, s->journal, &s->lists, e))
		return false;
	delegates_start(s->delegates, s->journal);
	return s->audit == NULL || audit_start(s->audit, s->journal, e);
}

void
signer_free(struct signer *s)
{
	if (s->pool != NULL)
		pool_free(s->pool);
	if (s->audit != NULL)
		audit_free(s->audit);
	if (s->lists != NULL)
		lists_free(s->lists);
	if (s->delegates != NULL)
		delegates_free(s->delegates);
	if (s->docs != NULL)
		docs_free(s->docs);
	if (s->cas != NULL)
		cas_free(s->cas);
	if (s->journal != NULL)
		journal_free(s->journal);
	secret_free(s->kek);
	if (s->conf != NULL)
		conf_free(s->conf);
	token_close_all();
	free(s);
}
