/*
 * config - certmill.conf, read once at the start of a process.
 *
 * An INI file (sections, key = value, comments from ";").  Every key stands in the table of config.c with its
 * default and one line of explanation; `certmill serve --help` prints that table and
 * docs/configuration.md repeats it.  An unknown key, a key given twice or a wrong value is refused with
 * file and line.  Relative paths are taken below [instance] dir, dir itself below the file's directory.
 */
#ifndef CMD_CONFIG_H
#define CMD_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/log.h"
#include "base/own.h"
#include "x509/rsa/rsagen.h"

/* "8443", "127.0.0.1:8443", "[::1]:8443"; port 0 where a listener is off. */
struct config_listen {
	const char	*address;	/* NULL: every address, IPv4 and IPv6 */
	int		 port;
};

struct config {
	struct arena	*arena;		/* all texts */
	const char	*file;		/* absolute */

	struct {
		const char	*dir;		/* absolute, as are all paths below */
		const char	*host_name;
		const char	*origin;	/* "https://localhost:8443", no slash at the end */
		const char	*mtls_url;	/* "https://localhost:8444" */
		const char	*public_url;	/* "http://localhost:8080": in certificates of the demo */
		const char	*run_dir;	/* sockets */
		enum log_level	 log_level;
	} instance;
	struct {
		struct config_listen	 portal, mtls, public_, ops;
	} listen;
	struct {
		const char	*uri;		/* sqlite:/abs/path or postgresql://… */
		int64_t		 free_min;	/* octets; with less on a disk no order is taken */
	} store;
	struct {
		const char	*certificate;	/* PEM, chain behind the leaf */
		const char	*key;		/* PEM */
		const char	*ca_bundle;	/* PEM the listeners' certificate chains to; NULL: the system's */
		const char	*client_ca;	/* PEM of CAs whose names browsers are told; NULL: none */
	} tls;
	struct {
		bool		 run;		/* started by `certmill serve` */
		int		 threads;
		int		 events_max;
		int		 body_rate_min;	/* octets a second */
		int64_t		 upload_max;	/* octets; nginx's limit for uploads */
		const char	*spool_dir;
		const char	*static_dir;	/* the built page */
		const char	*socket;	/* run/web.sock */
		const char	*mtls_socket;	/* run/web-mtls.sock */
		const char	*ops_socket;	/* run/web-ops.sock */
	} web;
	struct {
		const char	*host;		/* name of this host; NULL: keys_dir/host, made from the machine's name */
		int		 processes;
		int		 threads;	/* 0: as many as there are cores */
		enum rsagen_setting rsa_keygen;
		int		 pool[4];	/* pairs made in advance: RSA 1024, 2048, 3072, 4096 */
		const char	*keys_dir;	/* sealing keys of this host */
		int		 lease_s;
	} worker;
	struct {
		const char	*program;	/* certmill-signer; beside this program by default */
		const char	*config;	/* signer/signer.conf; NULL: no signer is run here */
		const char	*worker_socket, *status_socket, *ops_socket;
	} signer;
	struct {
		const char	*server;	/* "smtp://host:25", "smtps://…"; NULL: files below dir */
		const char	*user;
		const char	*password_file;
		const char	*ca;		/* PEM; NULL: the system's */
		bool		 tls_required;
		const char	*from;
		const char	*dir;
	} mail;
	struct {
		bool		 run;
		int		 threads;
		const char	*socket;	/* run/status.sock */
		const char	*ops_socket;	/* run/status-ops.sock */
		struct config_listen listen;	/* TCP besides the socket, behind a balancer; port 0: none */
		bool		 publish;	/* makes revocation lists */
		const char	*crl_dir;
		int		 crl_interval_s, crl_delay_s, crl_validity_s, crl_delta_above;
		int		 ocsp_validity_s, max_age_s;
		bool		 nonce;
		int64_t		 cache_max;	/* octets of answers */
	} status;
	struct {
		bool		 managed;	/* false: the operator runs an nginx of his own */
		const char	*program;
		const char	*dir;		/* prefix */
		const char	*user;		/* of its workers when started as root */
		int		 workers;	/* 0: as many as there are cores */
		int		 connections;	/* a worker */
	} nginx;
};

/* Reads, checks, fills in defaults.  ERR_INVALID "config" with "FILE:LINE: what is wrong". */
must_check bool config_read(const char *file, struct config **, struct err *);
void config_free(struct config *);
OWN_TYPE(struct config, config_free)

/*
 * The folder of an SQLite store (the file, its WAL and shared memory), for sandboxes; run_dir when the store is
 * elsewhere.
 */
const char *config_store_dir(const struct config *);

/* Every key with its default and explanation, as text. */
void config_help(FILE *);

/* ---- entry points of the kinds (`certmill serve --only KIND`); each returns the exit status ---- */

int web_main(const struct config *);		/* src/cmd/web.c */
int worker_main(const struct config *);		/* src/cmd/worker.c */
int status_main(const struct config *);		/* src/cmd/status.c */

#endif
