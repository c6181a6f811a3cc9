/*
 * audit_view - reading the audit log: a page of it, or all that matches as a table.
 *
 * Administrators of an organization see their own; operators and auditors all.
 */
#ifndef DOMAIN_AUDIT_VIEW_H
#define DOMAIN_AUDIT_VIEW_H

#include "base/arena.h"
#include "base/own.h"
#include "base/str.h"
#include "domain/actor.h"
#include "domain/app.h"
#include "store/audit.h"

#define AUDIT_COUNT_MAX 1000000

/* Newest first; *total -1: more than AUDIT_COUNT_MAX match. */
must_check bool audit_list(const struct app *, const struct actor *, struct audit_filter *, struct arena *,
    struct audit_row **, size_t *n, int64_t *total, struct err *);

/*
 * What matches when the export begins, as CSV with cells that no spreadsheet takes for a formula, oldest
 * first: records with a place in the chain never change, the few without one are kept in memory.  So the
 * length is known beforehand, and every reading of it gives the same octets, page by page.
 */
struct audit_export;
must_check bool audit_export_new(const struct app *, const struct actor *, const struct audit_filter *,
    struct audit_export **, struct err *);
void audit_export_free(struct audit_export *);
OWN_TYPE(struct audit_export, audit_export_free)
uint64_t audit_export_length(const struct audit_export *);
/* Up to cap octets from offset on; how many, or -1. */
ssize_t audit_export_read(struct audit_export *, uint64_t offset, void *buf, size_t cap, struct err *);

#endif
