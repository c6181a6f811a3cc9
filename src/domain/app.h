/*
 * app - what every domain call of a process stands on: the store, limits, and the world outside.
 *
 * Made once in a program's main; then read-only and shared by all threads.
 */
#ifndef DOMAIN_APP_H
#define DOMAIN_APP_H

#include <stddef.h>
#include <stdint.h>

#include "db/db.h"

struct profile_cache;		/* domain/profile/profile.h */
struct trust;			/* x509/verify.h */

struct app {
	struct db_pool		*store;
	struct profile_cache	*profiles;	/* parsed versions, shared; thread-safe */
	const struct trust	*client_trust;	/* CAs of admin certificates; NULL: none is accepted */
	const char		*signer_ops;	/* socket of the signer's ops role, or NULL */
	const char		*instance_dir;	/* absolute */
	const char		*portal_origin;	/* "https://localhost:8443" */
	const char		*mtls_origin;	/* "https://localhost:8444" */
	const char		*public_url;	/* "http://localhost:8080" */
	const char		*store_dir;	/* of an SQLite store's file; NULL: its disk is not ours to watch */
	const char		*journal_dir;	/* of the signer's journal, or NULL */
	int64_t			 free_min;	/* octets that stay free on both */
	int64_t			 csv_rows_max;	/* 1,000,000 */
	int64_t			 upload_max;	/* octets, 256 MiB */
	int64_t			 slice_size;	/* items a slice, 500 */
};

/* A body run in one transaction on this thread's connection (db_tx). */
must_check bool app_tx(const struct app *, enum db_mode, bool (*body)(struct db *, void *, struct err *),
    void *, struct err *);

#endif
