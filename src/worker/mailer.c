#include "worker/mailer.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "domain/mail.h"

#define AT_ONCE 100
#define TIMEOUT_S 45		/* below the time after which another worker tries */

/* The message as RFC 5322 wants it; our subjects are ASCII, bodies UTF-8 in lines below 998 octets. */
static void
message_text(const struct mail *m, const char *from, struct str *out)
{
	char date[64];
	const char *at = strchr(from, '@');
	time_t when = (time_t)m->created_at;
	struct tm tm;

	(void)gmtime_r(&when, &tm);
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &tm);
	str_addf(out,
	    "Date: %s\r\nFrom: <%s>\r\nTo: <%s>\r\nSubject: %s\r\nMessage-ID: <%s%s>\r\n"
	    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
	    "Auto-Submitted: auto-generated\r\n\r\n",
	    date, from, m->recipient, m->subject, m->id, at == NULL ? "@localhost" : at);
	for (const char *p = m->body; *p != '\0'; p++) {
		if (*p == '\n')
			str_addc(out, '\r');
		str_addc(out, *p);
	}
}

static bool
to_file(const struct mailer_conf *conf, const struct mail *m, const struct str *text, struct err *e)
{
	char path[4096], part[4096], when[TIME_TEXT_LEN];
	OWN_FD int fd = -1;

	time_text(m->created_at, when);
	if (snprintf(path, sizeof(path), "%s/%s-%.8s.eml", conf->dir, when, m->id) >= (int)sizeof(path) ||
	    snprintf(part, sizeof(part), "%s/.%s", conf->dir, m->id) >= (int)sizeof(part))
		return err_sys(e, "mail directory: name too long");
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text->p, text->len) != (ssize_t)text->len || fsync(fd) != 0 || rename(part, path) != 0)
		return err_sys(e, "mail file %s", path);
	return true;
}

struct feed {
	const char	*p;
	size_t		 left;
};

static size_t
feed_read(char *buf, size_t size, size_t n, void *arg)
{
	struct feed *f = arg;
	size_t take = size * n < f->left ? size * n : f->left;

	memcpy(buf, f->p, take);
	f->p += take;
	f->left -= take;
	return take;
}

static struct secret *
password_read(const char *path)
{
	OWN(fclose) FILE *f = fopen(path, "re");
	char line[512];
	struct secret *s = NULL;

	if (f != NULL && setvbuf(f, NULL, _IONBF, 0) == 0 && fgets(line, sizeof(line), f) != NULL)
		s = secret_from(line, strcspn(line, "\r\n"));
	wipe(line, sizeof(line));
	return s;
}

/* Who talks to us, and as whom; false: the password cannot be read. */
static bool
transport_set(CURL *curl, const struct mailer_conf *conf, const struct secret *password)
{
	bool required = conf->tls_required || conf->user != NULL;

	curl_easy_setopt(curl, CURLOPT_URL, conf->server);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	/* A password, or a link that opens an account, for nobody on the way: a server that stops offering TLS is refused. */
	curl_easy_setopt(curl, CURLOPT_USE_SSL, required ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	if (conf->ca != NULL) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (conf->user == NULL)
		return true;
	if (password == NULL)
		return false;
	curl_easy_setopt(curl, CURLOPT_USERNAME, conf->user);
	curl_easy_setopt(curl, CURLOPT_PASSWORD, (const char *)password->p);
	return true;
}

static bool
by_smtp(const struct mailer_conf *conf, const struct mail *m, const struct str *text, char *why, size_t why_cap)
{
	CURL *curl = curl_easy_init();
	struct curl_slist *to = NULL;
	struct feed feed = { text->p, text->len };
	OWN(secret_free) struct secret *password = conf->user == NULL ? NULL : password_read(conf->password_file);
	char address[300], detail[CURL_ERROR_SIZE] = "";
	CURLcode rc;

	if (curl == NULL) {
		(void)snprintf(why, why_cap, "no memory");
		return false;
	}
	(void)snprintf(address, sizeof(address), "<%s>", m->recipient);
	to = curl_slist_append(NULL, address);
	(void)snprintf(address, sizeof(address), "<%s>", conf->from);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, address);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, feed_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, &feed);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)TIMEOUT_S);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	if (!transport_set(curl, conf, password)) {
		rc = CURLE_LOGIN_DENIED;
		(void)snprintf(why, why_cap, "cannot read the password in %.200s", conf->password_file);
	} else if ((rc = curl_easy_perform(curl)) != CURLE_OK)
		(void)snprintf(why, why_cap, "%s", detail[0] != '\0' ? detail : curl_easy_strerror(rc));
	curl_slist_free_all(to);
	curl_easy_cleanup(curl);
	return rc == CURLE_OK;
}

/* The last one that was taken, until the store knows. */
static char taken[33];

static bool
taken_note(const struct app *app, struct err *e)
{
	const struct mail m = { .id = taken };

	if (taken[0] == '\0')
		return true;
	if (!mail_delivered(app, &m, e))
		return false;
	taken[0] = '\0';
	return true;
}

static bool
deliver(const struct app *app, const struct mailer_conf *conf, const struct mail *m, struct err *e)
{
	OWN_STR struct str text = { 0 };
	char why[300] = "", quoted[400];

	message_text(m, conf->from, &text);
	if (conf->server == NULL ? !to_file(conf, m, &text, e) : !by_smtp(conf, m, &text, why, sizeof(why))) {
		if (conf->server == NULL)
			return false;
		log_warn("mail.refused", "mail=%s try=%lld why=%s", m->id, (long long)m->attempts,
		    log_quote(why, quoted, sizeof(quoted)));
		return mail_refused(app, m, why, e);
	}
	(void)snprintf(taken, sizeof(taken), "%s", m->id);
	return taken_note(app, e);
}

bool
mailer_step(const struct app *app, const struct mailer_conf *conf, bool *did, struct err *e)
{
	*did = false;
	if (!taken_note(app, e))
		return err_in(e, "mail %s", taken);
	for (int i = 0; i < AT_ONCE; i++) {
		OWN(arena_free) struct arena *a = arena_new((size_t)256 * 1024);
		struct mail m;
		bool found;

		if (!mail_next(app, a, &m, &found, e))
			return false;
		if (!found)
			return true;
		*did = true;
		if (!deliver(app, conf, &m, e))
			return err_in(e, "mail %s", m.id);
	}
	return true;
}
