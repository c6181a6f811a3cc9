#include "cmd/serve/nginx_conf.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netinet/in.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/str.h"
#include "cmd/program.h"

/* ---- who its workers are ---- */

/* Whether this user may pass through every directory above the path, and read what it names. */
static bool
reachable(const char *path, uid_t uid, gid_t gid)
{
	char part[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(part))
		return false;
	for (size_t i = 1; i <= n; i++) {
		struct stat st;
		mode_t bit;

		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (stat(part, &st) != 0)
			return errno == ENOENT && path[i] == '\0';
		if (!S_ISDIR(st.st_mode))
			continue;
		bit = st.st_uid == uid ? S_IXUSR : st.st_gid == gid ? S_IXGRP : S_IXOTH;
		if ((st.st_mode & bit) == 0)
			return false;
	}
	return true;
}

/* The unprivileged user of nginx's workers, or NULL: ourselves. */
static const struct passwd *
worker_user(const struct config *c)
{
	const struct passwd *pw;

	if (geteuid() != 0 || (pw = getpwnam(c->nginx.user)) == NULL)
		return NULL;
	/* An instance below /root, say: better served by root than not at all.  docs/nginx.md warns. */
	if (!reachable(c->instance.run_dir, pw->pw_uid, pw->pw_gid) ||
	    !reachable(c->web.static_dir, pw->pw_uid, pw->pw_gid))
		return NULL;
	return pw;
}

const char *
nginx_socket_group(const struct config *c)
{
	const struct passwd *pw = worker_user(c);
	const struct group *g = pw == NULL ? NULL : getgrgid(pw->pw_gid);

	return g == NULL ? NULL : arena_strdup(c->arena, g->gr_name);
}

/* ---- the pieces ---- */

static void
add_listen(struct str *o, const struct config_listen *l, const char *options)
{
	if (l->address != NULL) {
		str_addf(o, "\t\tlisten %s:%d%s;\n", l->address, l->port, options);
		return;
	}
	str_addf(o, "\t\tlisten %d%s;\n", l->port, options);
	/* A container without IPv6 cannot even make the socket. */
	{
		int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct sockaddr_in6 any = { .sin6_family = AF_INET6 };

		if (fd >= 0 && bind(fd, (const struct sockaddr *)&any, sizeof(any)) == 0)
			str_addf(o, "\t\tlisten [::]:%d%s ipv6only=on;\n", l->port, options);
		if (fd >= 0)
			(void)close(fd);
	}
}

static void
add_types(struct str *o)
{
	str_adds(o,
	    "\ttypes {\n"
	    "\t\ttext/html html;\n"
	    "\t\ttext/css css;\n"
	    "\t\ttext/javascript js mjs;\n"
	    "\t\ttext/plain txt;\n"
	    "\t\ttext/csv csv;\n"
	    "\t\tapplication/json json map;\n"
	    "\t\tapplication/manifest+json webmanifest;\n"
	    "\t\timage/svg+xml svg;\n"
	    "\t\timage/png png;\n"
	    "\t\timage/x-icon ico;\n"
	    "\t\tfont/woff2 woff2;\n"
	    "\t}\n"
	    "\tdefault_type application/octet-stream;\n");
}

static void
add_http_head(struct str *o, const struct config *c)
{
	add_types(o);
	str_adds(o,
	    "\tserver_tokens off;\n"
	    "\tsendfile on;\n"
	    "\ttcp_nopush on;\n"
	    "\tgzip off;\n"
	    "\tclient_body_temp_path body;\n"
	    "\tproxy_temp_path proxy;\n"
	    "\tfastcgi_temp_path fastcgi;\n"
	    "\tuwsgi_temp_path uwsgi;\n"
	    "\tscgi_temp_path scgi;\n"
	    "\n"
	    "\t# Slow clients.  A body that drips is the daemon's to end: it knows its rate.\n"
	    "\tclient_header_timeout 10s;\n"
	    "\tclient_body_timeout 20s;\n"
	    "\tsend_timeout 60s;\n"
	    "\tkeepalive_timeout 65s;\n"
	    "\tkeepalive_requests 10000;\n"
	    "\treset_timedout_connection on;\n"
	    "\thttp2_max_concurrent_streams 64;\n"
	    "\tclient_header_buffer_size 4k;\n"
	    "\tlarge_client_header_buffers 4 64k;\n"
	    "\tlimit_conn_zone $binary_remote_addr zone=address:10m;\n"
	    "\tlimit_conn_status 429;\n"
	    "\n"
	    "\t# No secret in the log: tokens of password resets and invitations stand in the path, tickets in the query.\n"
	    "\tmap $uri $logged_uri {\n"
	    "\t\t\"~^/api/v1/password-resets/\" /api/v1/password-resets/-;\n"
	    "\t\t\"~^/api/v1/enrolments/\" /api/v1/enrolments/-;\n"
	    "\t\t\"~^/enrol/\" /enrol/-;\n"
	    "\t\tdefault $uri;\n"
	    "\t}\n"
	    "\tlog_format plain '$time_iso8601 $remote_addr $request_method $logged_uri $server_protocol $status '\n"
	    "\t\t'$body_bytes_sent $request_time $request_id';\n"
	    "\taccess_log access.log plain buffer=32k flush=5s;\n"
	    "\n");
	str_addf(o,
	    "\tproxy_http_version 1.1;\n"
	    "\tproxy_buffering off;\n"
	    "\tproxy_request_buffering off;\n"
	    "\tproxy_max_temp_file_size 0;\n"
	    "\tproxy_next_upstream off;\n"
	    "\tproxy_connect_timeout 2s;\n"
	    "\tproxy_send_timeout 60s;\n"
	    "\t# Long enough to read a million rows; event streams live on their heartbeats.\n"
	    "\tproxy_read_timeout 600s;\n"
	    "\tproxy_redirect off;\n"
	    "\n"
	    "\tupstream web { server unix:%s; keepalive 32; keepalive_timeout 60s; }\n"
	    "\tupstream web_mtls { server unix:%s; keepalive 32; keepalive_timeout 60s; }\n"
	    "\tupstream web_ops { server unix:%s; keepalive 4; keepalive_timeout 60s; }\n"
	    "\tupstream status { server unix:%s; keepalive 64; keepalive_timeout 60s; }\n"
	    "\tupstream status_ops { server unix:%s; keepalive 4; keepalive_timeout 60s; }\n"
	    "\n",
	    c->web.socket, c->web.mtls_socket, c->web.ops_socket, c->status.socket, c->status.ops_socket);
}

static void
add_tls(struct str *o, const struct config *c)
{
	str_addf(o,
	    "\t\tssl_certificate %s;\n"
	    "\t\tssl_certificate_key %s;\n"
	    "\t\tssl_protocols TLSv1.2 TLSv1.3;\n"
	    "\t\tssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
	    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;\n"
	    "\t\tssl_prefer_server_ciphers off;\n"
	    "\t\tssl_session_tickets off;\n",
	    c->tls.certificate, c->tls.key);
}

/*
 * What nginx itself refuses reads as what the daemon refuses.  Each page stands alone: error_page drops the
 * headers of the location it came from.
 */
static const struct page {
	int		 from, to;	/* nginx's own code, the status that is answered */
	const char	*code, *title, *detail, *header;
} pages[] = {
	{ 400, 400, "malformed", "Bad Request", "the request is not well-formed", NULL },
	{ 497, 400, "https_port", "Bad Request", "this port speaks HTTPS", NULL },
	{ 403, 403, "forbidden", "Forbidden", "this is not to be read", NULL },
	{ 404, 404, "not_found", "Not Found", "there is nothing at this address", NULL },
	{ 405, 405, "method", "Method Not Allowed", "this address is only read", "Allow \"GET, HEAD\"" },
	{ 408, 408, "timeout", "Request Timeout", "the request took too long to arrive", NULL },
	{ 413, 413, "body_too_large", "Content Too Large", "the body is larger than this address takes", NULL },
	{ 414, 414, "target_too_long", "URI Too Long", "the request target is too long", NULL },
	{ 494, 431, "headers_too_large", "Request Header Fields Too Large", "the header fields are too many or too long",
	  NULL },
	{ 416, 416, "range", "Range Not Satisfiable", "the range lies behind the end", NULL },
	{ 501, 501, "transfer_coding", "Not Implemented", "this transfer coding is not known here", NULL },
	{ 505, 505, "version", "HTTP Version Not Supported", "HTTP/1.0, 1.1 and 2 are spoken here", NULL },
	{ 429, 429, "connections", "Too Many Requests", "too many connections from this address", "Retry-After 5" },
	{ 500, 500, "internal", "Internal Server Error", "something failed on our side", NULL },
	{ 502, 503, "unavailable", "Service Unavailable", "the service is not available; try again", "Retry-After 2" },
	{ 504, 503, "unavailable", "Service Unavailable", "the service is not available; try again", "Retry-After 2" },
};

static void
add_pages(struct str *o, bool tls)
{
	for (size_t i = 0; i < COUNT(pages); i++)
		if (pages[i].from != 497 || tls)
			str_addf(o, "\t\terror_page %d =%d /_problem/%d;\n", pages[i].from, pages[i].to, pages[i].from);
	for (size_t i = 0; i < COUNT(pages); i++) {
		const struct page *p = &pages[i];

		if (p->from == 497 && !tls)
			continue;
		/* Without the 0 a large body would be refused once more, on the way to this page. */
		str_addf(o,
		    "\t\tlocation = /_problem/%d {\n"
		    "\t\t\tinternal;\n"
		    "\t\t\tclient_max_body_size 0;\n"
		    "\t\t\tdefault_type application/problem+json;\n"
		    "\t\t\tinclude %s;\n"
		    "\t\t\tadd_header Cache-Control no-store always;\n",
		    p->from, tls ? "headers.conf" : "headers-plain.conf");
		if (p->header != NULL)
			str_addf(o, "\t\t\tadd_header %s always;\n", p->header);
		str_addf(o,
		    "\t\t\treturn %d '{\"type\":\"urn:certmill:problem:%s\",\"title\":\"%s\",\"status\":%d,\"detail\":\"%s\","
		    "\"code\":\"%s\",\"request_id\":\"$request_id\"}';\n\t\t}\n",
		    p->to, p->code, p->title, p->to, p->detail, p->code);
	}
}

/*
 * Without buffering, nginx hands an answer on in pieces of proxy_buffer_size, which is a page: small for what is
 * pending, slow for an archive of gigabytes.  An upload likewise comes in pieces of client_body_buffer_size.
 */
static void
add_download(struct str *o, const char *upstream)
{
	str_addf(o,
	    "\t\t\tlocation ~ ^/api/v1/batches/[^/]+/download$ {\n"
	    "\t\t\t\tproxy_buffer_size 64k;\n"
	    "\t\t\t\tproxy_buffers 4 64k;\n"
	    "\t\t\t\tproxy_pass http://%s;\n"
	    "\t\t\t}\n",
	    upstream);
}

static void
add_api(struct str *o, const struct config *c, const char *upstream, const char *headers)
{
	static const char *const places[] = { "= /api", "^~ /api/", "= /api/v1/batches" };

	for (size_t i = 0; i < COUNT(places); i++) {
		str_addf(o,
		    "\t\tlocation %s {\n"
		    "\t\t\tclient_max_body_size %lld;\n"
		    "\t\t\tinclude %s;\n"
		    "\t\t\tproxy_pass http://%s;\n",
		    /* A mebibyte over, for the order and the boundaries beside the file. */
		    places[i], i == 2 ? (long long)c->web.upload_max + (1 << 20) : 8LL << 20, headers, upstream);
		if (i == 1)
			add_download(o, upstream);
		if (i == 2)
			str_adds(o, "\t\t\tclient_body_buffer_size 64k;\n");
		str_adds(o, "\t\t}\n");
	}
}

static void
add_portal(struct str *o, const struct config *c)
{
	str_adds(o, "\tserver {\n");
	add_listen(o, &c->listen.portal, " ssl http2");
	str_addf(o, "\t\tserver_name %s;\n", c->instance.host_name);
	add_tls(o, c);
	str_adds(o,
	    "\t\tssl_session_cache shared:portal:10m;\n"
	    "\t\tssl_session_timeout 1h;\n"
	    "\t\tlimit_conn address 256;\n");
	add_pages(o, true);
	add_api(o, c, "web", "proxy-portal.conf");
	str_addf(o,
	    "\t\troot %s;\n"
	    "\t\tgzip_static on;\n"
	    "\t\tgzip_vary on;\n"
	    "\t\t# Names of built files hold their hash: they never change.\n"
	    "\t\tlocation ^~ /assets/ {\n"
	    "\t\t\tinclude headers.conf;\n"
	    "\t\t\tadd_header Cache-Control \"public, max-age=31536000, immutable\";\n"
	    "\t\t\ttry_files $uri =404;\n"
	    "\t\t}\n"
	    "\t\t# Any other file: asked for again each time, which costs a 304.\n"
	    "\t\tlocation ~ \\.[A-Za-z0-9]+$ {\n"
	    "\t\t\tinclude headers.conf;\n"
	    "\t\t\tadd_header Cache-Control no-cache;\n"
	    "\t\t\ttry_files $uri =404;\n"
	    "\t\t}\n"
	    "\t\t# A deep link into the page.\n"
	    "\t\tlocation / {\n"
	    "\t\t\tinclude headers.conf;\n"
	    "\t\t\tadd_header Cache-Control no-cache;\n"
	    "\t\t\ttry_files /index.html =404;\n"
	    "\t\t}\n"
	    "\t}\n\n",
	    c->web.static_dir);
}

static void
add_mtls(struct str *o, const struct config *c)
{
	str_adds(o, "\tserver {\n");
	add_listen(o, &c->listen.mtls, " ssl http2");
	str_addf(o, "\t\tserver_name %s;\n", c->instance.host_name);
	add_tls(o, c);
	str_adds(o,
	    "\t\tssl_session_cache off;\n"
	    "\t\t# Possession of the key is proved here; chain, dates, purpose and revocation are the daemon's to judge.\n"
	    "\t\tssl_verify_client optional_no_ca;\n"
	    "\t\tssl_verify_depth 5;\n");
	if (c->tls.client_ca != NULL)
		str_addf(o, "\t\tssl_client_certificate %s;\n", c->tls.client_ca);
	str_adds(o, "\t\tlimit_conn address 256;\n");
	add_pages(o, true);
	str_adds(o,
	    "\t\t# A certificate that nginx refuses (expired, wrong purpose, weak) goes to the daemon all the same:\n"
	    "\t\t# it gives the same answer as for every other wrong one.\n"
	    "\t\terror_page 495 496 = @badcert;\n"
	    "\t\tlocation @badcert {\n"
	    "\t\t\tclient_max_body_size 8m;\n"
	    "\t\t\tinclude proxy-mtls.conf;\n"
	    "\t\t\tproxy_pass http://web_mtls;\n"
	    "\t\t}\n");
	add_api(o, c, "web_mtls", "proxy-mtls.conf");
	str_adds(o, "\t\tlocation / { return 404; }\n\t}\n\n");
}

static void
add_public(struct str *o, const struct config *c)
{
	static const char *const places[] = { "= /ocsp", "^~ /ocsp/", "^~ /crl/", "^~ /ca/" };

	if (c->listen.public_.port == 0)
		return;
	str_adds(o, "\tserver {\n");
	add_listen(o, &c->listen.public_, "");
	str_adds(o,
	    "\t\taccess_log off;\n"
	    "\t\tmerge_slashes off;		# base64 of an OCSP request may have two in a row\n"
	    "\t\tlimit_conn address 512;\n"
	    "\t\tclient_max_body_size 64k;\n");
	add_pages(o, false);
	for (size_t i = 0; i < COUNT(places); i++)
		str_addf(o, "\t\tlocation %s {\n\t\t\tinclude proxy-public.conf;\n\t\t\tproxy_pass http://status;\n\t\t}\n",
		    places[i]);
	str_adds(o, "\t\tlocation / { return 404; }\n\t}\n\n");
}

static void
add_ops(struct str *o, const struct config *c)
{
	static const char *const places[] = { "/healthz", "/readyz", "/metrics" };

	str_adds(o, "\tserver {\n");
	add_listen(o, &c->listen.ops, "");
	str_adds(o, "\t\taccess_log off;\n");
	add_pages(o, false);
	for (size_t i = 0; i < COUNT(places); i++)
		str_addf(o,
		    "\t\tlocation = %s {\n\t\t\tinclude proxy-public.conf;\n\t\t\tproxy_pass http://web_ops;\n\t\t}\n",
		    places[i]);
	str_adds(o,
	    "\t\tlocation = /metrics/status {\n\t\t\tinclude proxy-public.conf;\n\t\t\tproxy_pass http://status_ops;\n\t\t}\n");
	str_adds(o, "\t\tlocation / { return 404; }\n\t}\n");
}

static void
add_main(struct str *o, const struct config *c)
{
	const struct passwd *pw = worker_user(c);

	str_addf(o, "# Written by certmill serve at each start from %s; changes here are lost.\n", c->file);
	if (geteuid() == 0)
		str_addf(o, "user %s %s;\n", pw == NULL ? "root" : pw->pw_name,
		    pw == NULL ? "root" : nginx_socket_group(c));
	str_adds(o, "daemon off;\npid nginx.pid;\nerror_log error.log warn;\nworker_processes ");
	if (c->nginx.workers > 0)
		str_addf(o, "%d;\n", c->nginx.workers);
	else
		str_adds(o, "auto;\n");
	str_addf(o,
	    "worker_shutdown_timeout 20s;		# after a reload: ends event streams, lets downloads go on a while\n"
	    "worker_rlimit_nofile %d;\n"
	    "events { worker_connections %d; }\n"
	    "http {\n",
	    2 * c->nginx.connections + 64, c->nginx.connections);
	add_http_head(o, c);
	add_portal(o, c);
	add_mtls(o, c);
	add_public(o, c);
	add_ops(o, c);
	str_adds(o, "}\n");
}

/*
 * What clients send under names that speak for a front is blanked.  One proxy_set_header in a location drops
 * all inherited ones, so each listener has its whole list in one file.
 */
static void
add_proxy_headers(struct str *o, const char *client_cert)
{
	static const char *const blank[] = {
		"Client-Cert-Chain", "Forwarded", "X-Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto",
		"X-Forwarded-Port", "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Forwarded-Scheme", "X-Forwarded-Ssl",
		"X-Forwarded-User", "X-Forwarded-Client-Cert", "X-Real-IP", "X-Client-Cert", "X-SSL-Cert",
		"X-SSL-Client-Cert", "X-SSL-Client-Verify", "X-SSL-Client-DN", "X-SSL-Client-S-DN", "X-SSL-Client-I-DN",
		"X-SSL-Client-Serial", "X-SSL-Client-Fingerprint", "X-SSL-Client-CN", "X-SSL-Issuer", "X-SSL-Subject",
		"X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "Proxy",
	};

	str_addf(o,
	    "proxy_set_header Host certmill;\n"
	    "proxy_set_header Connection \"\";\n"
	    "proxy_set_header X-Request-Id $request_id;\n"
	    "proxy_set_header X-Forwarded-For $remote_addr;\n"
	    "proxy_set_header Client-Cert %s;\n", client_cert);
	for (size_t i = 0; i < COUNT(blank); i++)
		str_addf(o, "proxy_set_header %s \"\";\n", blank[i]);
}

static void
add_headers(struct str *o)
{
	str_adds(o,
	    "add_header Strict-Transport-Security max-age=31536000 always;\n"
	    "add_header X-Content-Type-Options nosniff always;\n"
	    "add_header Referrer-Policy same-origin always;\n"
	    "add_header Cross-Origin-Opener-Policy same-origin always;\n"
	    "add_header Content-Security-Policy \"default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self'; "
	    "font-src 'self'; connect-src 'self'; worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
	    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dcp\" always;\n"
	    "add_header X-Request-Id $request_id always;\n");
}

/* ---- writing and testing ---- */

static bool
write_file(const char *dir, const char *name, const struct str *text, struct err *e)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	OWN_FD int fd = -1;

	if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path) ||
	    snprintf(fresh, sizeof(fresh), "%s/.%s.new", dir, name) >= (int)sizeof(fresh))
		return err_set(e, ERR_INVALID, "path", "the path %.100s is too long", dir);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	if (fd < 0 || write(fd, text->p, text->len) != (ssize_t)text->len || rename(fresh, path) != 0)
		return err_set(e, ERR_INVALID, "nginx_dir", "cannot write %.120s: %s", path, strerror(errno));
	return true;
}

static bool
make_dirs(const struct config *c, struct err *e)
{
	static const char *const below[] = { "", "/body", "/proxy", "/fastcgi", "/uwsgi", "/scgi" };
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(below); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", c->nginx.dir, below[i]);
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			return err_set(e, ERR_INVALID, "nginx_dir", "cannot make %.120s: %s", path, strerror(errno));
	}
	return true;
}

/* A path that nginx would read as something else is refused rather than quoted. */
static bool
check_paths(const struct config *c, struct err *e)
{
	const char *const paths[] = { c->nginx.dir, c->web.static_dir, c->tls.certificate, c->tls.key, c->web.socket,
		c->web.mtls_socket, c->web.ops_socket, c->status.socket, c->tls.client_ca };

	for (size_t i = 0; i < COUNT(paths); i++)
		if (paths[i] != NULL && strpbrk(paths[i], " \t\r\n;{}\"'$#\\") != NULL)
			return err_set(e, ERR_INVALID, "path", "nginx cannot take this path, choose one without blanks, quotes, "
			    "$, # and ;: %.80s", paths[i]);
	return true;
}

bool
nginx_conf_write(const struct config *c, struct err *e)
{
	OWN_STR struct str main_text = { 0 }, portal = { 0 }, mtls = { 0 }, public_text = { 0 }, headers = { 0 }, plain = { 0 };

	if (geteuid() == 0 && getpwnam(c->nginx.user) == NULL)
		return err_set(e, ERR_INVALID, "nginx_user", "there is no user %.40s; name one by [nginx] user", c->nginx.user);
	if (geteuid() == 0 && worker_user(c) == NULL)
		log_warn("nginx.root", "why=\"%s cannot reach %s or %s: its workers run as root; see docs/nginx.md\"", c->nginx.user,
		    c->instance.run_dir, c->web.static_dir);
	if (!check_paths(c, e) || !make_dirs(c, e))
		return false;
	add_main(&main_text, c);
	add_proxy_headers(&portal, "\"\"");
	add_proxy_headers(&mtls, "$ssl_client_escaped_cert");
	add_proxy_headers(&public_text, "\"\"");
	str_adds(&public_text, "proxy_set_header Cookie \"\";\nproxy_set_header Authorization \"\";\n");
	add_headers(&headers);
	str_adds(&plain,
	    "add_header X-Content-Type-Options nosniff always;\nadd_header X-Request-Id $request_id always;\n");
	return write_file(c->nginx.dir, "proxy-portal.conf", &portal, e) &&
	    write_file(c->nginx.dir, "proxy-mtls.conf", &mtls, e) &&
	    write_file(c->nginx.dir, "proxy-public.conf", &public_text, e) &&
	    write_file(c->nginx.dir, "headers.conf", &headers, e) &&
	    write_file(c->nginx.dir, "headers-plain.conf", &plain, e) &&
	    write_file(c->nginx.dir, "nginx.conf", &main_text, e);
}

const char *const *
nginx_argv(const struct config *c)
{
	const char **argv = arena_array(c->arena, 10, sizeof(*argv));
	size_t n = 0;

	argv[n++] = program_path(c->arena, c->nginx.program);
	argv[n++] = "-p";
	argv[n++] = arena_printf(c->arena, "%s/", c->nginx.dir);
	argv[n++] = "-c";
	argv[n++] = arena_printf(c->arena, "%s/nginx.conf", c->nginx.dir);
	argv[n++] = "-e";
	argv[n++] = arena_printf(c->arena, "%s/error.log", c->nginx.dir);
	return argv;
}

/* Of what nginx said, the first complaint: "nginx: [emerg] …". */
static void
complaint(struct str *said, char *out, size_t cap)
{
	char *from = said->len == 0 ? NULL : strstr(said->p, "[emerg] ");

	(void)snprintf(out, cap, "%s", from != NULL ? from + 8 : said->len > 0 ? said->p : "it said nothing");
	out[strcspn(out, "\n")] = '\0';
}

bool
nginx_conf_test(const struct config *c, struct err *e)
{
	const char *const *argv = nginx_argv(c);
	OWN_STR struct str said = { 0 };
	char buf[1024], text[150];
	int fds[2], status = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return err_sys(e, "pipe");
	pid = fork();
	if (pid == 0) {
		const char *const test[] = { argv[0], "-t", "-q", argv[1], argv[2], argv[3], argv[4], argv[5], argv[6], NULL };

		(void)dup2(fds[1], STDERR_FILENO);
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)execvp(test[0], (char *const *)(uintptr_t)test);
		dprintf(STDERR_FILENO, "[emerg] cannot run %s (%s); install nginx-light or name it by [nginx] program\n", test[0],
		    strerror(errno));
		_exit(127);
	}
	(void)close(fds[1]);
	while (pid > 0 && (n = read(fds[0], buf, sizeof(buf))) > 0 && said.len < 16384)
		str_add(&said, buf, (size_t)n);
	(void)close(fds[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (pid > 0 && status == 0)
		return true;
	complaint(&said, text, sizeof(text));
	return err_set(e, ERR_INVALID, "nginx", "nginx refuses its configuration: %s", text);
}
